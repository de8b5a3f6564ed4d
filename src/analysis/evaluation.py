"""How the call went: progress in the masterclasses, attendance, the survey, and a path for what was not chosen."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from analysis.call import Call
from analysis.declarations import MATURITIES
from analysis.indicators import Indicator, Recorder

AGREES_FROM = 4  # on the survey's scale of 1 to 5


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


def summarise_survey(survey: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return mean answer and share that agrees per question, for all and for chosen beside not chosen.

    Groups with fewer respondents than the call's smallest group are left out, and so is the other of the two, which
    would give it away by subtraction from all.
    """
    groups = {"all": survey, "chosen": survey[survey["chosen"]], "not_chosen": survey[~survey["chosen"]]}
    rows = []
    for question in call.ids("survey_questions"):
        answers = {name: table.loc[table["question"] == question, "answer"] for name, table in groups.items()}
        shown = [name for name, given in answers.items() if len(given) >= call.smallest_group]
        if len(shown) < len(groups):
            shown = shown[:1] if "all" in shown else []
        for name in shown:
            given = answers[name].astype("float64")
            rows.append((question, name, len(given), given.mean(), (given >= AGREES_FROM).mean()))
    return pd.DataFrame(rows, columns=["question", "group", "respondents", "mean", "agreeing"])


def propose_paths(proposals: pd.DataFrame, chosen: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return the path of every proposal that was not chosen, by the first rule of the call's paths that it meets.

    The order of the rules is that of `call.FollowUp`; a call without paths gives an empty table.
    """
    left = proposals[~proposals["proposal"].isin(chosen["proposal"])]
    path_of = {path.rule: path.id for path in call.paths}
    if not path_of:
        return pd.DataFrame(columns=["proposal", "title", "category", "path"])
    pairs = pd.MultiIndex.from_frame(chosen[["category", "focus"]])
    rules = {
        "other": pd.Series(True, index=left.index),
        "immature": left["maturity_end"].notna() & (left["maturity_end"] != "prototype"),
        "similar": left["focus"].notna() & pd.MultiIndex.from_frame(left[["category", "focus"]]).isin(pairs),
        "umbrella": left["umbrella"].notna() & (left["umbrella"] != "none"),
    }
    path = pd.Series(path_of["other"], index=left.index, dtype="str")
    for rule, meets in rules.items():  # the strongest rule comes last and overrides
        if rule in path_of:
            path = path.mask(meets, path_of[rule])
    return left[["proposal", "title", "category"]].assign(path=path)


def count_paths(follow_up: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return the number of proposals per path, in the order of the call."""
    paths = list(call.ids("paths"))
    counted = follow_up["path"].value_counts().reindex(paths, fill_value=0)
    return pd.DataFrame({"path": paths, "proposals": counted.to_numpy()})


def indicators(proposals: pd.DataFrame, progress: pd.DataFrame, attendance: pd.DataFrame, survey: pd.DataFrame,
               results: pd.DataFrame, paths: pd.DataFrame) -> Iterator[Indicator]:  # fmt: skip
    """Yield the indicators of the evaluation; what has no data has no indicator."""
    if len(progress):
        yield from _progress_indicators(progress)
    if len(attendance):
        record = Recorder(summarise_attendance, "masterclasses")
        yield record.one("evaluation.sessions", len(attendance), "count")
        yield record.one("evaluation.attendance", float(attendance["share"].mean()), "share")
        yield record.one("evaluation.attendance.lowest", float(attendance["share"].min()), "share")
    if len(survey):
        record = Recorder(summarise_survey, "survey")
        yield record.one("evaluation.respondents", int(survey["respondent"].nunique()), "persons")
        everyone = results[results["group"] == "all"]
        agreeing = dict(zip(everyone["question"], everyone["agreeing"], strict=True))
        yield from record.each("evaluation.agreeing", agreeing, "share")
    if len(paths):
        record = Recorder(propose_paths, "proposals", "chosen")
        yield record.one("evaluation.paths", len(paths), "count")
        yield from record.each("evaluation.path", dict(zip(paths["path"], paths["proposals"], strict=True)), "count")
    yield Recorder(cross_progress, "proposals").one("evaluation.presented", len(proposals), "count")


def _progress_indicators(progress: pd.DataFrame) -> Iterator[Indicator]:
    record = Recorder(cross_progress, "proposals")
    order = {name: position for position, name in enumerate(MATURITIES)}
    counted, whole = progress["proposals"], int(progress["proposals"].sum())
    at_end, at_intake = progress["maturity_end"].map(order), progress["maturity_intake"].map(order)
    prototypes = int(counted[at_end == order["prototype"]].sum())
    grown = int(counted[(at_intake == order["idea"]) & (at_end == order["prototype"])].sum())
    yield record.one("evaluation.prototypes", prototypes, "count")
    yield record.one("evaluation.prototypes.share", prototypes / whole, "share")
    yield record.one("evaluation.idea_to_prototype", grown, "count")
    yield record.one("evaluation.idea_to_prototype.share", grown / whole, "share")
    yield record.one("evaluation.progressed", int(counted[at_end > at_intake].sum()), "count")
    yield record.one("evaluation.progressed.share", int(counted[at_end > at_intake].sum()) / whole, "share")
