"""The scoring: weighted means by plain arithmetic, totals that no order of rows can change, severity by hand."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction
from statistics import mean, median, stdev
from typing import Any

import pandas as pd
import pytest
from builders import QUICK, keep_contract, make_table, named, small_call, unchanged
from hypothesis import given
from hypothesis import strategies as st

from analysis import scoring
from analysis.call import Call

Score = tuple[str, str, str, float]  # proposal, rater, criterion, score
CALL = small_call()  # criteria power 1, feasibility 1, scale 2, policy 1; the raters j1 and own weigh the same
SCORES: list[Score] = [
    ("P1", "j1", "power", 6),
    ("P1", "j1", "feasibility", 8),
    ("P1", "j1", "scale", 9),
    ("P1", "own", "feasibility", 5),
    ("P1", "own", "policy", 6),
    ("P2", "j1", "power", 7),
    ("P2", "j1", "scale", 4),
]


def call_with(raters: dict[str, float], criteria: dict[str, float], high: float = 10) -> Call:
    """Return a call in which every rater judges every criterion; both with their weights."""
    given_criteria = [named(name, name, name, weight=weight) for name, weight in criteria.items()]
    judges = [
        named(name, name, name, role="juror", criteria=list(criteria), weight=weight) for name, weight in raters.items()
    ]
    return small_call(scoring={"scale": {"low": 0, "high": high}, "criteria": given_criteria, "raters": judges})


def table(scores: Sequence[Score]) -> pd.DataFrame:
    return pd.DataFrame(scores, columns=["proposal", "rater", "criterion", "score"]).astype({"score": "float64"})


def totals_of(scores: Sequence[Score], call: Call) -> pd.DataFrame:
    return scoring.total(
        scoring.score_individually(table(scores), call.scoring.criterion_weights), call.scoring.rater_weights
    )


def exact_totals(scores: Sequence[Score], call: Call) -> dict[str, Fraction]:
    """Return the totals in fractions, straight from the definition."""
    criterion = {one.id: Fraction(str(one.weight)) for one in call.scoring.criteria}
    rater = {one.id: Fraction(str(one.weight)) for one in call.scoring.raters}
    given_by: dict[str, dict[str, list[tuple[str, Fraction]]]] = defaultdict(lambda: defaultdict(list))
    for proposal, who, what, score in scores:
        given_by[proposal][who].append((what, Fraction(str(score))))

    def individual(judged: list[tuple[str, Fraction]]) -> Fraction:
        return sum((criterion[what] * score for what, score in judged), Fraction()) / sum(
            criterion[what] for what, _ in judged
        )

    return {
        proposal: sum((rater[who] * individual(judged) for who, judged in of.items()), Fraction())
        / sum(rater[who] for who in of)
        for proposal, of in given_by.items()
    }


def test_an_individual_score_is_the_weighted_mean_of_the_criteria_that_were_scored() -> None:
    individual = scoring.score_individually(table(SCORES), CALL.scoring.criterion_weights).set_index(
        ["proposal", "rater"]
    )
    assert individual.loc[("P1", "j1"), "score"] == (6 + 8 + 2 * 9) / 4
    assert individual.loc[("P1", "own"), "score"] == 5.5
    assert individual.loc[("P2", "j1"), "score"] == (7 + 2 * 4) / 3
    assert individual["criteria"].tolist() == [3, 2, 2]
    keep_contract("individual_scores", individual.reset_index())


def test_a_total_is_the_mean_of_the_individual_scores_and_says_over_how_many() -> None:
    totals = totals_of(SCORES, CALL).set_index("proposal")
    assert totals.loc["P1", "total"] == (8 + 5.5) / 2
    assert totals.loc["P2", "total"] == 5
    assert totals["raters"].tolist() == [2, 1]
    assert totals["median"].tolist() == [6.75, 5]


def test_raters_weigh_as_the_call_declares() -> None:
    call = call_with({"a": 1, "b": 3}, {"power": 1})
    assert totals_of([("P", "a", "power", 2), ("P", "b", "power", 10)], call)["total"].tolist() == [8]


NUMBERS = st.integers(0, 40).map(lambda quarters: quarters / 4)
SHEETS = st.dictionaries(
    st.tuples(st.sampled_from("PQRS"), st.sampled_from("abc"), st.sampled_from(["power", "policy"])),
    NUMBERS,
    min_size=1,
)
WEIGHED = call_with({"a": 1, "b": 0.5, "c": 2}, {"power": 3, "policy": 1.25})


@QUICK
@given(SHEETS)
def test_totals_equal_those_in_fractions(sheet: dict[tuple[str, str, str], float]) -> None:
    scores = [(*key, score) for key, score in sheet.items()]
    totals = totals_of(scores, WEIGHED)
    expected = exact_totals(scores, WEIGHED)
    found = dict(zip(totals["proposal"], totals["total"], strict=True))
    assert found == {name: pytest.approx(float(value), rel=0, abs=6e-10) for name, value in expected.items()}


@QUICK
@given(SHEETS, st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters(sheet: dict[tuple[str, str, str], float], random: Any) -> None:
    scores = [(*key, score) for key, score in sheet.items()]
    shuffled = random.sample(scores, len(scores))
    pd.testing.assert_frame_equal(totals_of(scores, WEIGHED), totals_of(shuffled, WEIGHED))


@QUICK
@given(SHEETS)
def test_a_scale_twice_as_long_doubles_every_total(sheet: dict[tuple[str, str, str], float]) -> None:
    scores = [(*key, score) for key, score in sheet.items()]
    doubled = [(*key, 2 * score) for key, score in sheet.items()]
    once, twice = totals_of(scores, WEIGHED), totals_of(doubled, WEIGHED)
    assert twice["total"].to_numpy() == pytest.approx(2 * once["total"].to_numpy(), abs=2e-9)


@QUICK
@given(SHEETS, st.integers(0, 39))
def test_better_on_every_score_is_never_a_lower_total(sheet: dict[tuple[str, str, str], float], lift: int) -> None:
    better = [("better", *key[1:], min(10, score + lift / 4)) for key, score in sheet.items() if key[0] == "P"]
    scores = [*better, *((*key, score) for key, score in sheet.items() if key[0] == "P")]
    if scores:
        found = totals_of(scores, WEIGHED).set_index("proposal")["total"]
        assert found["better"] >= found["P"]


def test_equal_totals_stay_equal_whatever_thirds_they_are_made_of() -> None:
    call = call_with({"a": 1, "b": 1, "c": 1}, {"x": 1, "y": 1, "z": 1})

    def row_of(proposal: str, *scores: float) -> list[Score]:
        keys = [(rater, criterion) for rater in "abc" for criterion in "xyz"]
        return [(proposal, *key, score) for key, score in zip(keys, scores, strict=True)]

    scores = [*row_of("P", 4, 4, 5, 4, 4, 5, 5, 5, 4), *row_of("Q", 4, 4, 4, 4, 4, 4, 5, 5, 6)]
    assert totals_of(scores, call)["total"].nunique() == 1


@pytest.mark.parametrize("weights", [{"x": 0.1, "y": 0.1}, {"x": 0.2, "y": 0.5}, {"x": 0.1, "y": 0.2, "z": 0.4}])
def test_the_highest_scores_never_come_out_above_the_scale(weights: dict[str, float]) -> None:
    call = call_with({"a": 1}, weights, high=6)
    individual = scoring.score_individually(
        table([("P", "a", name, 6) for name in weights]), call.scoring.criterion_weights
    )
    assert keep_contract("individual_scores", individual, call)["score"].tolist() == [6]


def test_spread_and_severity_are_those_by_hand() -> None:
    sheet = {"a": {"P": 9, "Q": 7, "R": 8}, "b": {"P": 5, "Q": 6}, "c": {"P": 7}}
    call = call_with({"c": 1, "a": 1, "b": 1}, {"x": 1})
    individual = pd.DataFrame(
        [(p, r, float(score)) for r, of in sheet.items() for p, score in of.items()],
        columns=["proposal", "rater", "score"],
    )
    spread = keep_contract("rater_spread", scoring.spread_by_rater(individual, list(call.scoring.rater_weights)), call)
    assert spread["rater"].tolist() == ["c", "a", "b"]  # in the order of the call
    found = spread.set_index("rater")
    for rater, of in sheet.items():
        others = {p: [sheet[r][p] for r in sheet if r != rater and p in sheet[r]] for p in of}
        shared = [of[p] - mean(others[p]) for p in of if others[p]]
        assert found.loc[rater, "severity"] == pytest.approx(mean(shared))
        assert found.loc[rater, "mean"] == pytest.approx(mean(of.values()))
        assert found.loc[rater, "lowest"] == min(of.values())
        assert found.loc[rater, "highest"] == max(of.values())
        assert found.loc[rater, "proposals"] == len(of)
    assert found.loc["a", "standard_deviation"] == pytest.approx(stdev(sheet["a"].values()))
    assert math.isnan(found.loc["c", "standard_deviation"])
    assert found.loc["b", "severity"] < 0 < found.loc["a", "severity"]


def test_a_single_rater_has_no_severity_and_its_scores_are_the_totals() -> None:
    call = call_with({"a": 1}, {"x": 1})
    individual = scoring.score_individually(
        table([("P", "a", "x", 3), ("Q", "a", "x", 8)]), call.scoring.criterion_weights
    )
    spread = keep_contract("rater_spread", scoring.spread_by_rater(individual, list(call.scoring.rater_weights)), call)
    assert spread["severity"].isna().all()
    assert scoring.total(individual, call.scoring.rater_weights)["total"].tolist() == [3, 8]


def test_indicators_count_raters_jurors_and_missing_scores() -> None:
    individual = scoring.score_individually(table(SCORES), CALL.scoring.criterion_weights)
    totals = scoring.total(individual, CALL.scoring.rater_weights).assign(shortlisted=[True, False])
    found = {item.id: item.value for item in scoring.indicators(individual, totals, CALL)}
    assert found == {
        "scoring.proposals": 2,
        "scoring.raters": 2,
        "scoring.jurors": 1,
        "scoring.criteria": 3,
        "scoring.weight_ratio": 1,
        "scoring.missing": 1,
        "scoring.highest": 6.75,
        "scoring.line": 6.75,
        "scoring.margin": 1.75,
        "scoring.deviations": 2,
        "scoring.deviations.largest": 2.5,
        "scoring.deviations.limit": pytest.approx(2.5 * 1.4826 * 2.5),  # both raters lie as far apart
        "scoring.deviations.outliers": 0,
    }


def test_the_median_is_that_of_the_individual_scores() -> None:
    call = call_with({"a": 1, "b": 1, "c": 5}, {"x": 1})
    given_scores = {"a": 1, "b": 9, "c": 4}
    found = totals_of([("P", rater, "x", score) for rater, score in given_scores.items()], call)
    assert found["median"].tolist() == [median(given_scores.values())]


def test_nothing_given_is_changed() -> None:
    scores = make_table("scores", *({"proposal": p, "rater": r, "criterion": c, "score": s} for p, r, c, s in SCORES))
    individual = scoring.score_individually(scores, CALL.scoring.criterion_weights)
    totals = scoring.total(individual, CALL.scoring.rater_weights).assign(shortlisted=True)
    with unchanged(scores, individual, totals):
        scoring.score_individually(scores, CALL.scoring.criterion_weights)
        scoring.total(individual, CALL.scoring.rater_weights)
        scoring.spread_by_rater(individual, list(CALL.scoring.rater_weights))
        list(scoring.indicators(individual, totals, CALL))
