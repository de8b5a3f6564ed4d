"""The evaluation: progress and attendance by counting, groups too small to show, the path of what was not chosen."""

from __future__ import annotations

from itertools import product

import pandas as pd
import pytest
from builders import QUICK, keep_contract, make_table, named, small_call, unchanged
from hypothesis import given
from hypothesis import strategies as st

from analysis import evaluation
from analysis.call import Call
from analysis.declarations import MATURITIES

RULES = ("umbrella", "similar", "immature", "other")


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


def call_with_paths(*rules: str) -> Call:
    return small_call(paths=[named(f"by-{rule}", rule, rule, rule=rule, description={"en": rule}) for rule in rules])


def progress_indicators(proposals: pd.DataFrame) -> dict[str, object]:
    tables = {name: make_table(name) for name in ("attendance", "survey", "survey_results", "path_sizes")}
    progress = evaluation.cross_progress(proposals)
    with unchanged(proposals, progress, *tables.values()):
        found = evaluation.indicators(proposals, progress, *tables.values())
        return {item.id: item.value for item in found}


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
    empty = make_table("proposals")
    found = evaluation.indicators(
        empty,
        make_table("progress"),
        attendance,
        make_table("survey"),
        make_table("survey_results"),
        make_table("path_sizes"),
    )
    assert {item.id: item.value for item in found} == {
        "evaluation.sessions": 2,
        "evaluation.attendance": pytest.approx((2 / 3 + 1) / 2),
        "evaluation.attendance.lowest": pytest.approx(2 / 3),
        "evaluation.presented": 0,
    }


def test_survey_means_and_agreement_are_told_for_all_and_for_both_groups() -> None:
    chosen, others = [5, 4, 3, 1, 4], [2, 2, 5, 3, 3, 4]
    survey = answers(chosen, others)
    with unchanged(survey):
        results = keep_contract("survey_results", evaluation.summarise_survey(survey, small_call()))
    expected = []
    for group, given_answers in (("all", chosen + others), ("chosen", chosen), ("not_chosen", others)):
        size = len(given_answers)
        agreeing = sum(answer in (4, 5) for answer in given_answers)
        expected.append(
            ["ripened", group, size, pytest.approx(sum(given_answers) / size), pytest.approx(agreeing / size)]
        )
    assert results.to_numpy().tolist() == expected


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
    results = evaluation.summarise_survey(survey, small_call())
    empty = [make_table(name) for name in ("proposals", "progress", "attendance")]
    found = {item.id: item.value for item in evaluation.indicators(*empty, survey, results, make_table("path_sizes"))}
    assert found["evaluation.respondents"] == 10
    assert found["evaluation.agreeing.ripened"] == 0.5


IDEAS = make_table(
    "proposals",
    {"proposal": "U", "category": "arts", "focus": "role", "maturity_end": "idea", "umbrella": "heritage"},
    {"proposal": "S", "category": "arts", "focus": "role", "maturity_end": "idea", "umbrella": "none"},
    {"proposal": "I", "category": "arts", "focus": "service", "maturity_end": "plan"},
    {"proposal": "O", "category": "media", "focus": "role", "maturity_end": "prototype"},
    {"proposal": "N", "category": "arts"},
    {"proposal": "C", "category": "arts", "focus": "role", "maturity_end": "prototype"},
    {"proposal": "D", "category": "arts", "maturity_end": "prototype"},
)
CHOSEN = make_table(
    "chosen",
    {"proposal": "C", "category": "arts", "focus": "role"},
    {"proposal": "D", "category": "arts"},
)


def paths_of(call: Call) -> dict[str, str]:
    with unchanged(IDEAS, CHOSEN):
        follow_up = keep_contract("follow_up", evaluation.propose_paths(IDEAS, CHOSEN, call), call)
    return dict(zip(follow_up["proposal"], follow_up["path"], strict=True))


@pytest.mark.parametrize("order", [RULES, RULES[::-1]])
def test_the_first_rule_that_is_met_decides_whatever_the_order_of_the_file(order: tuple[str, ...]) -> None:
    expected = {"U": "by-umbrella", "S": "by-similar", "I": "by-immature", "O": "by-other", "N": "by-other"}
    assert paths_of(call_with_paths(*order)) == expected


def test_a_rule_that_the_call_does_not_have_leads_on_to_the_next() -> None:
    assert paths_of(call_with_paths("other", "immature")) == {
        "U": "by-immature",
        "S": "by-immature",
        "I": "by-immature",
        "O": "by-other",
        "N": "by-other",
    }


def test_paths_are_counted_in_the_order_of_the_call_with_zeros() -> None:
    call = call_with_paths("other", "umbrella", "similar")
    follow_up = evaluation.propose_paths(IDEAS[3:], CHOSEN, call)
    with unchanged(follow_up):
        sizes = keep_contract("path_sizes", evaluation.count_paths(follow_up, call), call)
    assert sizes.to_numpy().tolist() == [["by-other", 2], ["by-umbrella", 0], ["by-similar", 0]]
    empty = [make_table(name) for name in ("progress", "attendance", "survey", "survey_results")]
    found = {item.id: item.value for item in evaluation.indicators(IDEAS, *empty, sizes)}
    assert found == {
        "evaluation.paths": 3,
        "evaluation.path.by-other": 2,
        "evaluation.path.by-umbrella": 0,
        "evaluation.path.by-similar": 0,
        "evaluation.presented": 7,
    }


def test_where_all_are_chosen_nobody_needs_a_path() -> None:
    assert len(evaluation.propose_paths(IDEAS[5:], CHOSEN, call_with_paths(*RULES))) == 0


def test_a_call_without_masterclasses_survey_and_paths_has_empty_tables() -> None:
    call = small_call(paths=[], survey_questions=[])
    follow_up = evaluation.propose_paths(IDEAS, CHOSEN, call)
    tables = {
        "attendance": evaluation.summarise_attendance(make_table("masterclasses")),
        "survey_results": evaluation.summarise_survey(make_table("survey"), call),
        "follow_up": follow_up,
        "path_sizes": evaluation.count_paths(follow_up, call),
    }
    kept = {name: keep_contract(name, table, call) for name, table in tables.items()}
    assert {name: len(table) for name, table in kept.items()} == dict.fromkeys(tables, 0)
