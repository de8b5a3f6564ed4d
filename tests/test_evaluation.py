"""The evaluation: progress and attendance by counting, associations as scipy has them, groups too small to show."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from builders import QUICK, keep_contract, make_table, small_call, unchanged
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, spearmanr
from statsmodels.stats.proportion import confint_proportions_2indep

from analysis import evaluation
from analysis.call import Call
from analysis.declarations import AGREEING, ANSWERS, MATURITIES
from analysis.tables import contracts


def maturing(*pairs: tuple[str | None, str | None]) -> pd.DataFrame:
    records = [
        {"proposal": f"P{i}", "maturity_intake": intake, "maturity_end": end} for i, (intake, end) in enumerate(pairs)
    ]
    return make_table("proposals", *records)


def answers(chosen: list[int], others: list[int], question: str = "ripened") -> pd.DataFrame:
    """Return survey answers to one question by respondents of chosen proposals and by others."""
    flagged = [(True, answer) for answer in chosen] + [(False, answer) for answer in others]
    records = [
        {"respondent": f"R{i}", "chosen": flag, "question": question, "answer": answer}
        for i, (flag, answer) in enumerate(flagged)
    ]
    return make_table("survey", *records)


def progress_indicators(proposals: pd.DataFrame) -> dict[str, object]:
    attendance = make_table("attendance")
    progress = evaluation.cross_progress(proposals)
    with unchanged(proposals, progress, attendance):
        return {item.id: item.value for item in evaluation.indicators(proposals, progress, attendance)}


def survey_indicators(survey: pd.DataFrame, call: Call | None = None) -> dict[str, object]:
    call = call or small_call()
    results = evaluation.summarise_survey(survey, call)
    differences = evaluation.compare_groups(results)
    with unchanged(survey, results, differences):
        return {item.id: item.value for item in evaluation.survey_indicators(survey, results, differences, call)}


def test_progress_is_crossed_with_zeros_and_without_what_is_unknown() -> None:
    pairs = [
        ("idea", "prototype"),
        ("idea", "prototype"),
        ("idea", "plan"),
        ("plan", "idea"),
        (None, "plan"),
        ("idea", None),
    ]
    progress = keep_contract("progress", evaluation.cross_progress(maturing(*pairs)))
    found = {(row.maturity_intake, row.maturity_end): row.proposals for row in progress.itertuples()}
    assert list(found) == list(product(MATURITIES, MATURITIES))
    assert found == {pair: pairs.count(pair) for pair in product(MATURITIES, MATURITIES)}


def test_progress_indicators_count_who_rose() -> None:
    pairs = [("idea", "prototype"), ("idea", "plan"), ("plan", "prototype"), ("plan", "plan"), ("prototype", "idea")]
    assert progress_indicators(maturing(*pairs)) == {
        "evaluation.prototypes": 2,
        "evaluation.prototypes.share": 0.4,
        "evaluation.idea_to_prototype": 1,
        "evaluation.idea_to_prototype.share": 0.2,
        "evaluation.progressed": 3,
        "evaluation.progressed.share": 0.6,
        "evaluation.presented": 5,
    }


def test_where_no_maturity_is_known_only_the_number_presented_is_told() -> None:
    proposals = maturing((None, None), (None, "plan"))
    assert len(keep_contract("progress", evaluation.cross_progress(proposals))) == 0
    assert progress_indicators(proposals) == {"evaluation.presented": 2}


def test_attendance_is_the_share_of_those_expected_and_tests_are_means_of_those_taken() -> None:
    masterclasses = make_table(
        "masterclasses",
        {"proposal": "A", "session": 1, "attended": True, "feasibility": 4, "desirability": 8},
        {"proposal": "B", "session": 1, "attended": False},
        {"proposal": "C", "session": 1, "attended": True, "feasibility": 7},
        {"proposal": "A", "session": 2, "attended": True},
    )
    with unchanged(masterclasses):
        attendance = keep_contract("attendance", evaluation.summarise_attendance(masterclasses))
    assert attendance[["session", "attended", "share", "feasibility", "desirability"]].fillna(
        -1
    ).to_numpy().tolist() == [
        [1, 2, 2 / 3, 5.5, 8],
        [2, 1, 1, -1, -1],
    ]
    found = evaluation.indicators(make_table("proposals"), make_table("progress"), attendance)
    assert {item.id: item.value for item in found} == {
        "evaluation.sessions": 2,
        "evaluation.attendance": pytest.approx((2 / 3 + 1) / 2),
        "evaluation.attendance.lowest": pytest.approx(2 / 3),
        "evaluation.presented": 0,
    }


def test_interim_tests_are_told_from_the_first_session_with_one_to_the_last() -> None:
    attendance = make_table(
        "attendance",
        {"session": 3, "attended": 2, "share": 1.0, "feasibility": 6.5, "desirability": 4.0},
        {"session": 1, "attended": 2, "share": 1.0},
        {"session": 2, "attended": 2, "share": 1.0, "feasibility": 5.5},
    )
    empty = make_table("proposals"), make_table("progress")
    found = {item.id: item.value for item in evaluation.indicators(*empty, attendance)}
    assert (found["evaluation.feasibility.first"], found["evaluation.feasibility.last"]) == (5.5, 6.5)
    assert not any("desirability" in name for name in found)  # one session tells no course


def learn(
    attended: list[list[bool]], steps: list[int | None], totals: list[float]
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Return proposals that gain so many steps from the idea on, the sessions each attended, and the totals of each."""
    proposals = maturing(*(("idea", None if step is None else MATURITIES[step]) for step in steps))
    sessions = [
        {"proposal": f"P{i}", "session": session, "attended": present}
        for i, presence in enumerate(attended)
        for session, present in enumerate(presence, start=1)
    ]
    scored = pd.DataFrame({"proposal": [f"P{i}" for i in range(len(totals))], "total": totals})
    return proposals, make_table("masterclasses", *sessions), scored


def measure(*tables: pd.DataFrame) -> dict[str, dict[str, object]]:
    with unchanged(*tables):
        found = keep_contract("associations", evaluation.measure_associations(*tables))
    return {row["with"]: row for row in found.to_dict("records")}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_associations_are_the_rank_correlations_of_scipy_with_ties(seed: int) -> None:
    rng = np.random.default_rng(seed)
    attended = (rng.random((40, 4)) < 0.7).tolist()
    steps = [None if rng.random() < 0.2 else int(rng.integers(0, 3)) for _ in range(40)]
    totals = rng.normal(5, 2, 40).round(1).tolist()
    found = measure(*learn(attended, steps, totals))
    shares = np.array(attended).mean(axis=1)
    known = [i for i, step in enumerate(steps) if step is not None]
    theirs = {
        "progress": spearmanr(shares[known], [steps[i] for i in known]).statistic,
        "total": spearmanr(shares, totals).statistic,
    }
    for name, row in found.items():
        assert row["estimate"] == pytest.approx(theirs[name], abs=1e-9)
        middle = np.arctanh(theirs[name])
        half = 1.959963984540054 * np.sqrt((1 + theirs[name] ** 2 / 2) / (int(str(row["n"])) - 3))
        assert [row["low"], row["high"]] == pytest.approx(np.tanh([middle - half, middle + half]), abs=1e-8)
    assert (found["progress"]["n"], found["total"]["n"]) == (len(known), 40)


def test_an_association_counts_steps_and_not_the_stage_that_was_reached() -> None:
    proposals, sessions, totals = learn([[i % 2 == 0] for i in range(10)], [2] * 10, [1.0] * 10)
    risen = proposals.assign(maturity_intake=["idea" if i % 2 == 0 else "plan" for i in range(10)])
    found = measure(risen, sessions, totals)["progress"]
    assert found["estimate"] == 1
    assert pd.isna(found["low"])  # a perfect correlation has no interval


def test_attendance_is_the_share_of_the_sessions_that_a_proposal_was_expected_at() -> None:
    attended = [[True]] * 5 + [[True, True, False, False]] * 5
    found = measure(*learn(attended, [0] * 5 + [2] * 5, [float(i) for i in range(10)]))
    assert found["progress"]["estimate"] == -1  # five attended all of one session, five half of four


def test_too_few_pairs_and_values_that_are_all_equal_are_said_and_not_estimated() -> None:
    attended = [[i % 2 == 0, True] for i in range(12)]
    found = measure(*learn(attended, [1] * 9 + [None] * 3, [7.0] * 12))
    assert (found["progress"]["n"], found["progress"]["obstacle"]) == (9, "too_few")
    assert (found["total"]["n"], found["total"]["obstacle"]) == (12, "all_equal")
    assert all(pd.isna(row[part]) for row in found.values() for part in ("estimate", "low", "high"))
    table = evaluation.measure_associations(*learn(attended, [1] * 9 + [None] * 3, [7.0] * 12))
    assert list(evaluation.association_indicators(table)) == []


def test_an_association_is_told_with_its_pairs_and_its_interval() -> None:
    table = evaluation.measure_associations(
        *learn([[i > 5, i > 8] for i in range(12)], [i % 3 for i in range(12)], [float(i) for i in range(12)])
    )
    found = {item.id: item.value for item in evaluation.association_indicators(table)}
    assert set(found) == {
        f"evaluation.association.{name}.{part}"
        for name in ("progress", "total")
        for part in ("n", "estimate", "low", "high")
    } | {"evaluation.association.level"}
    assert found["evaluation.association.level"] == 0.95
    assert found["evaluation.association.total.n"] == 12
    assert found["evaluation.association.total.low"] > 0.5


def test_without_masterclasses_there_is_nothing_to_associate() -> None:
    proposals, _, totals = learn([[True]] * 12, [1] * 12, [1.0] * 12)
    assert measure(proposals, make_table("masterclasses"), totals) == {}


def test_agreement_is_told_with_its_interval_for_all_and_for_both_groups() -> None:
    chosen, others = [5, 4, 3, 1, 4], [2, 2, 5, 3, 3, 4]
    survey = answers(chosen, others)
    with unchanged(survey):
        results = keep_contract("survey_results", evaluation.summarise_survey(survey, small_call()))
    expected = []
    for group, given_answers in (("all", chosen + others), ("chosen", chosen), ("not_chosen", others)):
        size = len(given_answers)
        agreeing = sum(answer in (4, 5) for answer in given_answers)
        ends = binomtest(agreeing, size).proportion_ci(0.95, method="wilson")
        expected.append(["ripened", group, size, *map(pytest.approx, (agreeing / size, ends.low, ends.high))])
    assert results.to_numpy().tolist() == expected


def test_answers_are_counted_for_all_together_with_zeros() -> None:
    survey = answers([5, 4, 3, 1, 4], [2, 2, 5, 3, 3, 4])
    with unchanged(survey):
        found = keep_contract("survey_answers", evaluation.count_answers(survey, small_call()))
    assert found.to_numpy().tolist() == [
        ["ripened", answer, number, pytest.approx(number / 11)]
        for answer, number in zip(ANSWERS, (1, 2, 3, 3, 2), strict=True)
    ]
    none_of_a_kind = evaluation.count_answers(answers([4] * 3, [4] * 3), small_call())
    assert none_of_a_kind["respondents"].tolist() == [0, 0, 0, 6, 0]
    assert evaluation.count_answers(answers([4] * 2, [4] * 2), small_call()).empty


def test_the_declared_answers_are_those_that_the_delivered_survey_may_hold() -> None:
    answer = contracts(small_call())["survey"].columns["answer"]
    assert (answer.low, answer.high) == (min(ANSWERS), max(ANSWERS))
    assert set(AGREEING) < set(ANSWERS)


def test_groups_are_compared_with_the_interval_of_statsmodels_where_both_are_shown() -> None:
    survey = pd.concat([answers([5] * 9 + [1], [2] * 9 + [4] * 3), answers([5] * 10, [4] * 4, "again")])
    results = evaluation.summarise_survey(survey.reset_index(drop=True), small_call())
    with unchanged(results):
        found = keep_contract("survey_differences", evaluation.compare_groups(results))
    theirs = confint_proportions_2indep(9, 10, 3, 12, compare="diff", method="newcomb")
    assert found.to_numpy().tolist() == [["ripened", *map(pytest.approx, (0.65, *theirs))]]


def test_a_statement_parts_the_groups_only_where_their_difference_is_clear() -> None:
    clear, close = answers([5] * 10, [1] * 10), answers([5] * 5 + [1] * 5, [5] * 4 + [1] * 6, "again")
    found = survey_indicators(pd.concat([clear, close], ignore_index=True))
    names = ("statements", "statements.compared", "statements.apart")
    assert [found[f"evaluation.{name}"] for name in names] == [2, 2, 1]
    swapped = survey_indicators(pd.concat([answers([1] * 10, [5] * 10), close], ignore_index=True))
    assert swapped["evaluation.statements.apart"] == 1
    small = survey_indicators(answers([5] * 4, [1] * 10))
    assert [small[f"evaluation.{name}"] for name in names] == [1, 0, 0]


def test_a_response_rate_is_told_only_where_the_call_says_how_many_were_invited() -> None:
    survey = pd.concat([answers([5] * 6, [2] * 6), answers([5] * 6, [2] * 6, "again")], ignore_index=True)
    assert not {"evaluation.invited", "evaluation.response"} & set(survey_indicators(survey))
    found = survey_indicators(survey, small_call(survey_invited=16))
    assert (found["evaluation.invited"], found["evaluation.response"]) == (16, 0.75)
    assert survey_indicators(survey, small_call(survey_invited=12))["evaluation.response"] == 1


@QUICK
@given(st.integers(0, 9), st.integers(0, 9), st.integers(1, 7))
def test_no_group_below_the_smallest_size_is_shown_or_follows_by_subtraction(
    chosen: int, others: int, size: int
) -> None:
    results = evaluation.summarise_survey(answers([3] * chosen, [3] * others), small_call(smallest_group=size))
    shown = dict(zip(results["group"], results["respondents"], strict=True))
    assert all(number >= size for number in shown.values())
    if "all" in shown and len(shown) > 1:
        told = shown.get("chosen", shown.get("not_chosen", 0))
        assert shown["all"] - told >= size
    assert set(shown) in ({"all", "chosen", "not_chosen"}, {"all"}, set())
    assert ("all" in shown) == (chosen + others >= size)
    assert ("chosen" in shown) == (min(chosen, others) >= size)


def test_every_question_is_judged_by_its_own_respondents() -> None:
    survey = pd.concat([answers([5] * 5, [4] * 5), answers([5] * 5, [4] * 4, "again")], ignore_index=True)
    results = evaluation.summarise_survey(survey, small_call())
    groups = {question: list(rows["group"]) for question, rows in results.groupby("question")}
    assert groups == {"ripened": ["all", "chosen", "not_chosen"], "again": ["all"]}


def test_survey_indicators_count_each_respondent_once() -> None:
    survey = pd.concat([answers([5] * 5, [2] * 5), answers([5] * 5, [2] * 5, "again")], ignore_index=True)
    found = survey_indicators(survey)
    assert found["evaluation.respondents"] == 10
    assert found["evaluation.agreeing.ripened"] == 0.5
    ends = binomtest(5, 10).proportion_ci(0.95, method="wilson")
    shown = found["evaluation.agreeing.again.low"], found["evaluation.agreeing.again.high"]
    assert shown == pytest.approx((ends.low, ends.high))


def test_a_survey_that_nobody_answered_has_no_indicators() -> None:
    assert survey_indicators(make_table("survey"), small_call(survey_invited=9)) == {}


def test_a_call_without_masterclasses_and_survey_has_empty_tables() -> None:
    call = small_call(survey_questions=[])
    tables = {
        "attendance": evaluation.summarise_attendance(make_table("masterclasses")),
        "survey_results": evaluation.summarise_survey(make_table("survey"), call),
        "survey_answers": evaluation.count_answers(make_table("survey"), call),
        "survey_differences": evaluation.compare_groups(make_table("survey_results")),
    }
    kept = {name: keep_contract(name, table, call) for name, table in tables.items()}
    assert {name: len(table) for name, table in kept.items()} == dict.fromkeys(tables, 0)
