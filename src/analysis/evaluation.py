"""How the call went: progress in the masterclasses, attendance and the survey."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from analysis.call import Call
from analysis.declarations import AGREEING, ANSWERS, MATURITIES
from analysis.indicators import Indicator, Recorder
from analysis.intervals import LEVEL, bound_difference, bound_rank_correlation, bound_share

FEWEST_PAIRS = 10  # for a rank correlation; below it the interval says next to nothing
DECIMALS = 9  # to which a computed correlation is the same on every machine
STEP_OF: dict[str, int] = {name: position for position, name in enumerate(MATURITIES)}


def cross_progress(proposals: pd.DataFrame) -> pd.DataFrame:
    """Return the number of proposals per maturity at the intake and at the end, zeros included.

    Proposals of which either is unknown are left out; where none is known the table is empty.
    """
    known = proposals.dropna(subset=["maturity_intake", "maturity_end"])
    if known.empty:
        return pd.DataFrame(columns=["maturity_intake", "maturity_end", "proposals"])
    pairs = pd.MultiIndex.from_product([MATURITIES, MATURITIES], names=["maturity_intake", "maturity_end"])
    counted = known.groupby(["maturity_intake", "maturity_end"]).size()
    return counted.reindex(pairs, fill_value=0).reset_index(name="proposals")


def summarise_attendance(masterclasses: pd.DataFrame) -> pd.DataFrame:
    """Return per session the proposals present, their share of those expected, and the means of the interim tests."""
    sessions = masterclasses.groupby("session")
    summary = sessions.agg(
        attended=("attended", "sum"), share=("attended", "mean"),
        feasibility=("feasibility", "mean"), desirability=("desirability", "mean"),
    )  # fmt: skip
    return summary.reset_index()


def measure_associations(proposals: pd.DataFrame, masterclasses: pd.DataFrame, totals: pd.DataFrame) -> pd.DataFrame:
    """Return how the share of sessions attended goes with the steps of maturity gained and with the total score.

    Spearman's rank correlation over the proposals of which both are known, ties at their mean rank, with its interval
    (see `intervals.bound_rank_correlation`). It is an association: it shows no cause. Of fewer than FEWEST_PAIRS pairs,
    and where one of the two is equal for all, there is an obstacle and no estimate. See the contract `associations`; no
    masterclasses give an empty table, and what is known of no proposal has no row.
    """
    attended = masterclasses.groupby("proposal")["attended"].mean()
    maturity = proposals.set_index("proposal")[["maturity_intake", "maturity_end"]]
    steps = maturity.apply(lambda stages: stages.map(STEP_OF)).astype("float64")
    outcomes = {
        "progress": steps["maturity_end"] - steps["maturity_intake"],
        "total": totals.set_index("proposal")["total"],
    }
    rows = [
        {"measure": "attendance", "with": name, **_associate(attended, outcome)}
        for name, outcome in outcomes.items()
        if len(attended) and outcome.notna().any()
    ]
    return pd.DataFrame(rows, columns=["measure", "with", "n", "estimate", "low", "high", "obstacle"])


def _associate(one: pd.Series, other: pd.Series) -> dict[str, float | str | None]:
    pairs = pd.concat({"one": one, "other": other}, axis=1).dropna().astype("float64")
    nothing = dict.fromkeys(("estimate", "low", "high"))
    if len(pairs) < FEWEST_PAIRS:
        return {"n": len(pairs), **nothing, "obstacle": "too_few"}
    if pairs.nunique().min() < 2:
        return {"n": len(pairs), **nothing, "obstacle": "all_equal"}
    estimate = round(float(pairs["one"].rank().corr(pairs["other"].rank())), DECIMALS)
    low, high = bound_rank_correlation(estimate, len(pairs)) or (None, None)
    return {"n": len(pairs), "estimate": estimate, "low": low, "high": high, "obstacle": None}


def summarise_survey(survey: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return the share that agrees per question with its interval, for all and for chosen beside not chosen.

    An answer is ordinal: a mean of it would take the steps between answers for equal. The interval is that of
    `intervals.bound_share`, which takes the respondents for a sample of many; where most of those invited answered it
    is rather too long. Groups with fewer respondents than the call's smallest group are left out, and so is the other
    of the two, which would give it away by subtraction from all.
    """
    groups = {"all": survey, "chosen": survey[survey["chosen"]], "not_chosen": survey[~survey["chosen"]]}
    rows = []
    for question in call.ids("survey_questions"):
        answers = {name: table.loc[table["question"] == question, "answer"] for name, table in groups.items()}
        shown = [name for name, given in answers.items() if len(given) >= call.smallest_group]
        if len(shown) < len(groups):
            shown = shown[:1] if "all" in shown else []
        for name in shown:
            agreeing, whole = int(answers[name].isin(AGREEING).sum()), len(answers[name])
            rows.append((question, name, whole, agreeing / whole, *bound_share(agreeing, whole)))
    return pd.DataFrame(rows, columns=["question", "group", "respondents", "agreeing", "low", "high"])


def count_answers(survey: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return how many respondents gave each of the five answers to each question, zeros included.

    Of all respondents together only: a part of a small group would come down to single persons. Questions with fewer
    respondents than the call's smallest group are left out.
    """
    rows = []
    for question in call.ids("survey_questions"):
        given = survey.loc[survey["question"] == question, "answer"]
        if len(given) >= call.smallest_group:
            counts = {answer: int((given == answer).sum()) for answer in ANSWERS}
            rows += [(question, answer, number, number / len(given)) for answer, number in counts.items()]
    return pd.DataFrame(rows, columns=["question", "answer", "respondents", "share"])


def compare_groups(results: pd.DataFrame) -> pd.DataFrame:
    """Return per question the share of chosen that agrees less that of not chosen, with its interval.

    `results` is the table `survey_results`; the interval is that of `intervals.bound_difference`. Questions of which
    the two groups are not shown are left out.
    """
    groups = {name: results[results["group"] == name].set_index("question") for name in ("chosen", "not_chosen")}
    rows = []
    for question, one in groups["chosen"].iterrows():
        other = groups["not_chosen"].loc[question]
        counts = [round(group["agreeing"] * group["respondents"]) for group in (one, other)]
        interval = bound_difference(counts[0], one["respondents"], counts[1], other["respondents"])
        rows.append((question, one["agreeing"] - other["agreeing"], *interval))
    return pd.DataFrame(rows, columns=["question", "difference", "low", "high"])


def indicators(proposals: pd.DataFrame, progress: pd.DataFrame, attendance: pd.DataFrame) -> Iterator[Indicator]:
    """Yield the indicators of the evaluation; what has no data has no indicator."""
    if len(progress):
        yield from _progress_indicators(progress)
    if len(attendance):
        record = Recorder(summarise_attendance, "masterclasses")
        yield record.one("evaluation.sessions", len(attendance), "count")
        yield record.one("evaluation.attendance", float(attendance["share"].mean()), "share")
        yield record.one("evaluation.attendance.lowest", float(attendance["share"].min()), "share")
        for test in ("feasibility", "desirability"):
            means = attendance.sort_values("session")[test].dropna()
            if len(means) > 1:
                yield record.one(f"evaluation.{test}.first", float(means.iloc[0]), "points")
                yield record.one(f"evaluation.{test}.last", float(means.iloc[-1]), "points")
    yield Recorder(cross_progress, "proposals").one("evaluation.presented", len(proposals), "count")


def association_indicators(associations: pd.DataFrame) -> Iterator[Indicator]:
    """Yield the rank correlations with attendance that could be computed, with their intervals and pairs."""
    record, known = (
        Recorder(measure_associations, "proposals", "masterclasses", "totals"),
        associations["obstacle"].isna(),
    )
    if known.any():
        yield Recorder(measure_associations).one("evaluation.association.level", LEVEL, "share")
    for row in associations[known].to_dict("records"):
        name = f"evaluation.association.{row['with']}"
        yield record.one(f"{name}.n", int(row["n"]), "count")
        for part in ("estimate", "low", "high"):
            if pd.notna(row[part]):
                yield record.one(f"{name}.{part}", float(row[part]), "ratio")


def survey_indicators(
    survey: pd.DataFrame, results: pd.DataFrame, differences: pd.DataFrame, call: Call
) -> Iterator[Indicator]:
    """Yield the respondents, their share of those invited where that is known, and how many agree with each statement.

    A statement parts the groups where the interval of their difference leaves out zero. A survey that nobody answered
    has no indicators.
    """
    if survey.empty:
        return
    scale = {"lowest": ANSWERS[0], "highest": ANSWERS[-1], "agreeing": AGREEING[0]}
    yield from Recorder(summarise_survey).each("evaluation.survey.answer", scale, "points")
    yield Recorder(summarise_survey).one("evaluation.survey.level", LEVEL, "share")
    record = Recorder(summarise_survey, "survey")
    respondents = int(survey["respondent"].nunique())
    yield record.one("evaluation.respondents", respondents, "persons")
    if call.survey_invited is not None:
        yield record.one("evaluation.invited", call.survey_invited, "persons")
        yield record.one("evaluation.response", respondents / call.survey_invited, "share")
    everyone = results[results["group"] == "all"].set_index("question")
    yield from record.each("evaluation.agreeing", everyone["agreeing"].to_dict(), "share")
    for part in ("low", "high"):
        ends = {f"{question}.{part}": end for question, end in everyone[part].items()}
        yield from record.each("evaluation.agreeing", ends, "share")
    record = Recorder(compare_groups, "survey_results")
    clear = (differences["low"] > 0) | (differences["high"] < 0)
    yield record.one("evaluation.statements", len(everyone), "count")
    yield record.one("evaluation.statements.compared", len(differences), "count")
    yield record.one("evaluation.statements.apart", int(clear.sum()), "count")


def _progress_indicators(progress: pd.DataFrame) -> Iterator[Indicator]:
    record = Recorder(cross_progress, "proposals")
    counted, whole = progress["proposals"], int(progress["proposals"].sum())
    at_end, at_intake = progress["maturity_end"].map(STEP_OF), progress["maturity_intake"].map(STEP_OF)
    prototypes = int(counted[at_end == STEP_OF["prototype"]].sum())
    grown = int(counted[(at_intake == STEP_OF["idea"]) & (at_end == STEP_OF["prototype"])].sum())
    yield record.one("evaluation.prototypes", prototypes, "count")
    yield record.one("evaluation.prototypes.share", prototypes / whole, "share")
    yield record.one("evaluation.idea_to_prototype", grown, "count")
    yield record.one("evaluation.idea_to_prototype.share", grown / whole, "share")
    yield record.one("evaluation.progressed", int(counted[at_end > at_intake].sum()), "count")
    yield record.one("evaluation.progressed.share", int(counted[at_end > at_intake].sum()) / whole, "share")
