"""What other weights and raters would change: every count against brute force over the same draws."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builders import QUICK, call_choosing, keep_contract, named, shortlist_of, small_call, unchanged
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import dirichlet

from analysis import expectation, scoring, sensitivity
from analysis.call import Call
from analysis.sensitivity import (
    Sheet,
    change_choice,
    change_shortlist,
    choose_again,
    lay_out,
    leave_one_out,
    measure_stability,
    rank_draws,
    resample_raters,
    share_choices,
    vary_weights,
)

Floats = NDArray[np.float64]
Scores = dict[tuple[str, str, str], float]  # by proposal, rater and criterion
JUDGES = {"a": ["x", "y"], "b": ["y", "z"], "c": ["x", "y", "z"]}
CRITERIA = {"x": 1.0, "y": 2.0, "z": 0.5}
WEIGHTS = {"a": 1.0, "b": 3.0, "c": 2.0}


def call_with(
    judges: dict[str, list[str]] = JUDGES,
    weights: dict[str, float] = WEIGHTS,
    criteria: dict[str, float] = CRITERIA,
    panels: dict[str, str] | None = None,
    organisers: str = "",
    **sections: Any,
) -> Call:
    """Return a call in which every rater judges its criteria from 0 to 10."""
    raters = [
        named(name, name, name, role="organiser" if name in organisers else "juror", criteria=judged,
              weight=weights.get(name, 1.0), panel=(panels or {}).get(name))
        for name, judged in judges.items()
    ]  # fmt: skip
    declared = [named(name, name, name, weight=weight) for name, weight in criteria.items()]
    return small_call(scoring={"scale": {"low": 0, "high": 10}, "criteria": declared, "raters": raters}, **sections)


def table_of(scores: Scores) -> pd.DataFrame:
    rows = [(*key, score) for key, score in scores.items()]
    return pd.DataFrame(rows, columns=["proposal", "rater", "criterion", "score"]).astype({"score": "float64"})


def sheet_of(scores: Scores, call: Call) -> Sheet:
    return lay_out(table_of(scores), call.scoring)


def totals_by_table(scores: Scores, criteria: dict[str, float], raters: dict[str, float]) -> pd.Series:
    individual = scoring.score_individually(table_of(scores), criteria)
    return scoring.total(individual, raters).set_index("proposal")["total"]


KEYS = [
    (proposal, rater, criterion) for proposal in "PQRST" for rater, judged in JUDGES.items() for criterion in judged
]
SHEETS = st.dictionaries(st.sampled_from(KEYS), st.integers(0, 40).map(lambda quarters: quarters / 4), min_size=1)
POSITIVE = st.floats(0.01, 5)


@settings(QUICK, max_examples=30)
@given(SHEETS, st.lists(POSITIVE, min_size=6, max_size=6), st.randoms(use_true_random=False))
def test_totals_of_a_sheet_are_those_of_the_scoring_under_any_weights(
    scores: Scores, weights: list[float], random: Any
) -> None:
    shuffled = dict(random.sample(list(scores.items()), len(scores)))
    sheet = sheet_of(shuffled, call_with())
    present = {key[2] for key in scores}
    criteria = [name for name in CRITERIA if name in present]
    drawn = dict(zip("xyzabc", weights, strict=True))
    for of_criteria, of_raters in ((CRITERIA, WEIGHTS), (drawn, drawn)):
        found = sheet.total(
            np.array([[of_criteria[name] for name in criteria]]), np.array([[of_raters[name] for name in sheet.raters]])
        )
        wanted = totals_by_table(scores, of_criteria, of_raters)
        assert list(sheet.proposals) == list(wanted.index)
        assert found[0] == pytest.approx(wanted.to_numpy(), abs=2e-9)
    assert sheet.criterion_weights.tolist() == [CRITERIA[name] for name in criteria]
    assert sheet.rater_weights.tolist() == [WEIGHTS[name] for name in sheet.raters]


def test_a_criterion_or_rater_of_weight_nought_takes_no_part() -> None:
    scores = {("P", "a", "x"): 2.0, ("P", "a", "y"): 8.0, ("P", "b", "z"): 5.0, ("Q", "b", "y"): 4.0}
    sheet = sheet_of(scores, call_with())
    criteria = np.array([[1.0, 0, 1], [1, 1, 1], [0, 1, 0]])
    raters = np.array([[1.0, 1], [1, 0], [1, 1]])
    wanted = [[(2 + 5) / 2, np.nan], [5, np.nan], [8, 4]]
    np.testing.assert_allclose(sheet.total(criteria, raters), wanted)


def test_equal_totals_stay_equal_whatever_thirds_they_are_made_of() -> None:
    judges = {name: ["x", "y", "z"] for name in "abc"}
    keys = [(rater, criterion) for rater in "abc" for criterion in "xyz"]
    given_scores = {
        "P": (4, 4, 5, 4, 4, 5, 5, 5, 4),
        "Q": (4, 4, 4, 4, 4, 4, 5, 5, 6),
        "R": (4, 4, 4, 4, 4, 4, 4, 6, 6),
    }
    scores: Scores = {
        (proposal, *key): float(score)
        for proposal, row in given_scores.items()
        for key, score in zip(keys, row, strict=True)
    }
    sheet = sheet_of(scores, call_with(judges, {}, dict.fromkeys("xyz", 0.1)))
    totals = sheet.total(np.full((4, 3), [[0.1], [1], [1 / 3], [0.7]]), np.full((4, 3), [[0.1], [1], [0.3], [1 / 7]]))
    assert (rank_draws(totals)[1] == 3).all()


DRAWS = st.integers(1, 6).flatmap(
    lambda number: st.lists(
        st.lists(st.integers(0, 4).map(float) | st.just(float("nan")), min_size=number, max_size=number),
        min_size=1,
        max_size=5,
    )
)


@QUICK
@given(DRAWS)
def test_ranks_of_draws_are_those_of_a_table_and_ties_are_counted(draws: list[list[float]]) -> None:
    ranks, shared = rank_draws(np.array(draws))
    for row, rank, number in zip(draws, ranks, shared, strict=True):
        wanted = pd.Series(row).rank(method="min", ascending=False, na_option="bottom")
        assert rank.tolist() == wanted.tolist()
        assert number.tolist() == wanted.map(wanted.value_counts()).tolist()


def show_raters(weights: dict[str, float]) -> Sheet:
    """Return a sheet whose totals are the weights of the raters: each alone gives a proposal of its own a 1."""
    call = call_with({name: ["x"] for name in weights}, weights)
    return sheet_of({(f"P{one}", name, "x"): float(name == one) for one in weights for name in weights}, call)


def show_criteria(weights: dict[str, float]) -> Sheet:
    """Return a sheet whose totals are the weights of the criteria."""
    call = call_with({"a": list(weights)}, {}, weights)
    return sheet_of({(f"P{one}", "a", name): float(name == one) for one in weights for name in weights}, call)


@pytest.mark.parametrize("show", [show_raters, show_criteria])
@pytest.mark.parametrize("weights", [{"a": 1.0, "b": 1.0, "c": 1.0}, {"a": 1.0, "b": 2.0, "c": 5.0, "d": 2.0}])
def test_drawn_weights_have_the_declared_ones_as_mean_and_the_spread_of_their_distribution(
    show: Any, weights: dict[str, float]
) -> None:
    sheet = show(weights)
    drawn = np.concatenate(list(vary_weights(sheet, 20_000, 1)))
    alpha = np.array(list(weights.values())) / sum(weights.values()) * len(weights)
    assert drawn.sum(axis=1) == pytest.approx(np.ones(20_000), abs=1e-8)
    assert drawn.mean(axis=0) == pytest.approx(dirichlet.mean(alpha), abs=0.01)
    assert drawn.var(axis=0) == pytest.approx(dirichlet.var(alpha), abs=0.003)


def test_resampled_raters_count_as_often_as_they_were_drawn_and_weigh_as_declared() -> None:
    equal = np.concatenate(list(resample_raters(show_raters(dict.fromkeys("abcd", 1.0)), 4000, 1)))
    times = equal * 4
    assert times == pytest.approx(times.round(), abs=1e-7)
    assert times.sum(axis=1) == pytest.approx(np.full(4000, 4), abs=1e-7)
    assert (times.round() == 0).any(axis=1).mean() == pytest.approx(1 - 24 / 256, abs=0.02)
    heavy = np.concatenate(list(resample_raters(show_raters({"a": 1.0, "b": 3.0}), 400, 1)))
    assert set(heavy[:, 1].round(6)) == {0.0, 0.75, 1.0}


def test_draws_in_which_no_rater_scored_a_proposal_have_no_total_for_it() -> None:
    scores = {("P", "a", "x"): 5.0, ("P", "b", "y"): 5.0, ("Q", "b", "y"): 7.0}
    drawn = np.concatenate(list(resample_raters(sheet_of(scores, call_with(weights={})), 1000, 2)))
    assert not np.isnan(drawn[:, 0]).any()
    assert np.isnan(drawn[:, 1]).mean() == pytest.approx(0.25, abs=0.04)  # a was drawn twice
    assert set(drawn[~np.isnan(drawn[:, 1]), 1]) == {7}


@pytest.mark.parametrize("draw", [vary_weights, resample_raters])
def test_as_many_draws_are_made_as_asked_for_in_blocks_of_bounded_size(
    draw: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sheet = show_raters({"a": 1, "b": 1})
    assert [len(block) for block in draw(sheet, 50, 1)] == [50]
    monkeypatch.setattr(sensitivity, "CELLS", 4 * 20)
    assert [len(block) for block in draw(sheet, 50, 1)] == [20, 20, 10]
    monkeypatch.setattr(sensitivity, "CELLS", 1)
    assert [len(block) for block in draw(sheet, 3, 1)] == [1, 1, 1]


def count_plainly(draws: Floats, line: int) -> tuple[list[float], list[dict[int, float]], list[list[float]]]:
    """Return per proposal its part of the places, the share of every rank, and quantiles, one draw after another."""
    places: list[list[float]] = [[] for _ in draws[0]]
    ranks: list[list[int]] = [[] for _ in draws[0]]
    for row in draws:
        for proposal, value in enumerate(row):
            if np.isnan(value):
                continue
            better, equal = int((row > value).sum()), int((row == value).sum())
            ranks[proposal].append(better + 1)
            places[proposal].append(min(max(line - better, 0), equal) / equal)
    shares = [pd.Series(of).value_counts(normalize=True).sort_index().to_dict() for of in ranks]
    levels = list(expectation.QUANTILES.values())
    quantiles = [list(np.quantile(of, levels, method="inverted_cdf")) if of else [] for of in ranks]
    return [float(np.mean(of)) if of else np.nan for of in places], shares, quantiles


@settings(QUICK, max_examples=25)
@given(SHEETS, st.integers(1, 5))
def test_shares_of_places_and_ranks_are_those_counted_draw_by_draw(scores: Scores, line: int) -> None:
    call = call_with()
    sheet = sheet_of(scores, call)
    stability, shares = measure_stability(sheet, line, 40, 3)
    keep_contract("stability", stability, call)
    keep_contract("rank_shares", shares, call)
    for varied, draw in (("weights", vary_weights), ("raters", resample_raters)):
        places, of_rank, quantiles = count_plainly(np.concatenate(list(draw(sheet, 40, 3))), line)
        found = stability[stability["varied"] == varied].set_index("proposal")
        rows = shares[shares["varied"] == varied]
        for position, proposal in enumerate(sheet.proposals):
            if np.isnan(places[position]):
                assert proposal not in found.index
                continue
            assert found.loc[proposal, "shortlisted"] == pytest.approx(places[position], abs=1e-8)
            assert found.loc[proposal, list(expectation.QUANTILES)].tolist() == quantiles[position]
            own = rows[rows["proposal"] == proposal].set_index("rank")["share"].to_dict()
            assert own == pytest.approx(of_rank[position], abs=1e-8)


def test_a_proposal_that_no_drawn_rater_scored_has_no_row() -> None:
    raters = [f"r{i}" for i in range(6)]
    call = call_with({name: ["x"] for name in raters}, {})
    sheet = sheet_of({(f"P{name}", name, "x"): 5.0 for name in raters}, call)
    stability, shares = measure_stability(sheet, 2, 1, 0)
    drawn = np.concatenate(list(resample_raters(sheet, 1, 0)))[0]
    present = {f"P{name}" for name, value in zip(raters, drawn, strict=True) if not np.isnan(value)}
    assert 0 < len(present) < 6
    for table in (stability, shares):
        assert set(table.loc[table["varied"] == "raters", "proposal"]) == present


def test_a_tie_at_the_line_counts_for_as_much_as_a_lot_would_give() -> None:
    scores = {(proposal, "c", "x"): score for proposal, score in zip("PQRS", (9.0, 5, 5, 5), strict=True)}
    sheet = sheet_of(scores, call_with())
    for line, wanted in ((1, [1, 0, 0, 0]), (2, [1, 1 / 3, 1 / 3, 1 / 3]), (3, [1, 2 / 3, 2 / 3, 2 / 3])):
        stability, _ = measure_stability(sheet, line, 20, 0)
        for _, rows in stability.groupby("varied"):
            assert rows["shortlisted"].to_numpy() == pytest.approx(wanted, abs=1e-8)


def test_more_proposals_than_can_be_counted_give_empty_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensitivity, "MOST_PROPOSALS", 1)
    sheet = show_raters({"a": 1, "b": 1})
    stability, shares = measure_stability(sheet, 1, 10, 0)
    assert len(keep_contract("stability", stability)) == len(keep_contract("rank_shares", shares)) == 0


def individual_of(scores: Scores) -> pd.DataFrame:
    return scoring.score_individually(table_of(scores), CRITERIA)


@settings(QUICK, max_examples=20)
@given(SHEETS)
def test_without_a_rater_the_totals_are_those_of_the_scores_that_it_did_not_give(scores: Scores) -> None:
    found = leave_one_out(sheet_of(scores, call_with()), individual_of(scores), call_with())
    assert list(found.columns) == sorted({rater for _, rater, _ in scores})
    assert list(found.index) == sorted({proposal for proposal, _, _ in scores})
    for rater in found:
        rest = {key: score for key, score in scores.items() if key[1] != rater}
        wanted = totals_by_table(rest, CRITERIA, WEIGHTS).reindex(found.index) if rest else np.nan * found[rater]
        assert found[rater].to_numpy() == pytest.approx(wanted.to_numpy("float64"), abs=2e-9, nan_ok=True)


def ranked_call(**more: Any) -> Call:
    chosen = {"shortlist": 2, "choose": 1, "tie_rule": "report", "ranked_by": "expected_ranks", "seed": 4}
    return call_with(selection=chosen, **more)


FULL: Scores = {
    (proposal, rater, criterion): float((place * 7 + 3 * ord(rater) + 5 * ord(criterion)) % 4 + 5 - place)
    for place, proposal in enumerate("PQRST")
    for rater, judged in JUDGES.items()
    for criterion in judged
}


def test_where_expected_ranks_decide_it_is_these_that_are_computed_without_a_rater(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sensitivity, "LEAVE_ONE_OUT_DRAWS", 400)
    call, individual = ranked_call(), individual_of(FULL)
    found = leave_one_out(sheet_of(FULL, call), individual, call)
    assert list(found.columns) == ["a", "b", "c"]
    for rater in "abc":
        rest = individual[individual["rater"] != rater]
        ranks = expectation.expect_ranks(rest, call.scoring.scale, 2, 4, 400).ranks.set_index("proposal")
        assert list(found[rater]) == pytest.approx(list(5 - ranks["er"].reindex(found.index)))


def test_what_chance_alone_parts_at_the_line_of_the_expected_ranks_is_a_tie(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensitivity, "LEAVE_ONE_OUT_DRAWS", 400)
    twins = {key: FULL[("Q", *key[1:])] if key[0] == "R" else score for key, score in FULL.items()}
    call = ranked_call()
    found = leave_one_out(sheet_of(twins, call), individual_of(twins), call)
    assert (found.loc["Q"] == found.loc["R"]).all()
    assert (found.loc["P"] > found.loc["Q"]).all()
    assert (found.loc["S"] < found.loc["Q"]).all()
    for second in "QR":
        totals = pd.DataFrame({"proposal": list("PQRST"), "shortlisted": [one in ("P", second) for one in "PQRST"]})
        assert change_shortlist(totals, found).empty


def test_expected_ranks_without_a_rater_keep_the_panels_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sensitivity, "LEAVE_ONE_OUT_DRAWS", 200)
    judges = {name: ["x"] for name in "abcdef"}
    panels = {"a": "one", "b": "one", "c": "one", "d": "two", "e": "two"}  # f scores in both
    scores: Scores = {
        (proposal, rater, "x"): float(9 - place - (rater > "c") * 3 + (place * ord(rater)) % 3 / 2)
        for place, proposal in enumerate("PQRSTU")
        for rater in (["a", "b", "c", "f"] if proposal in "PRT" else ["d", "e", "f"])
    }
    call = ranked_call(judges=judges, weights={}, panels=panels)
    individual = individual_of(scores)
    found = leave_one_out(sheet_of(scores, call), individual, call)
    rest = individual[individual["rater"] != "a"]
    rest = rest.assign(panel=rest["proposal"].map(lambda proposal: "one" if proposal in "PRT" else "two"))
    ranks = expectation.expect_ranks(rest, call.scoring.scale, 2, 4, 200).ranks.set_index("proposal")
    assert found["a"].to_numpy() == pytest.approx(6 - ranks["er"].reindex(found.index).to_numpy())


def test_where_no_expected_ranks_can_be_computed_without_a_rater_no_choice_is_possible() -> None:
    scores = {key: score for key, score in FULL.items() if key[1] != "c"}
    call = ranked_call()
    found = leave_one_out(sheet_of(scores, call), individual_of(scores), call)
    assert list(found.columns) == ["a", "b"]
    assert found.isna().all(axis=None)
    candidates = shortlist_of(*({"proposal": name, "total": 5.0} for name in "PQ"))
    changes = change_choice(candidates.assign(computed=[True, False]), choose_again(candidates, found, call))
    assert changes.to_numpy().tolist() == [["a", "P", "leaves", False], ["b", "P", "leaves", False]]


def first_sets(merit: dict[str, float], size: int) -> list[set[str]]:
    """Return every way to take the best `size` proposals, whatever way ties are broken; all where there are fewer."""
    size = min(size, len(merit))
    sets = [set(some) for some in combinations(merit, size)]
    return [
        some
        for some in sets
        if min((merit[one] for one in some), default=0)
        >= max((merit[one] for one in merit if one not in some), default=-1)
    ]


MERITS = st.lists(st.none() | st.integers(0, 4), min_size=6, max_size=6)


@QUICK
@given(st.sets(st.sampled_from("PQRSTU"), min_size=1), MERITS)
def test_who_enters_and_leaves_the_shortlist_is_what_every_way_of_breaking_ties_agrees_on(
    listed: set[str], merits: list[int | None]
) -> None:
    totals = pd.DataFrame({"proposal": list("PQRSTU"), "shortlisted": [one in listed for one in "PQRSTU"]})
    without = pd.DataFrame({"a": merits}, index=list("PQRSTU"), dtype="float64")
    found = change_shortlist(totals, without)
    ways = first_sets(without["a"].dropna().to_dict(), len(listed))
    if without["a"].isna().all():
        ways = [listed]  # where nothing can be ranked, nothing is said
    wanted = {("enters", one) for one in set.intersection(*ways) - listed}
    wanted |= {("leaves", one) for one in listed - set.union(*ways)}
    assert set(zip(found["change"], found["proposal"], strict=True)) == wanted
    assert len(found) == len(wanted)


def test_changes_of_the_shortlist_are_told_per_rater_and_keep_their_contract() -> None:
    totals = pd.DataFrame({"proposal": list("PQRS"), "shortlisted": [True, True, False, False]})
    without = pd.DataFrame({"a": [4, 3, 2, 1.0], "b": [4, 1, 3, np.nan], "c": [2, 2, 2, 1.0]}, index=list("PQRS"))
    found = keep_contract("shortlist_changes", change_shortlist(totals, without), call_with())
    assert found.to_numpy().tolist() == [["b", "R", "enters"], ["b", "Q", "leaves"]]


KINDS = ["library", "centre"]
Asked = tuple[int | None, str]  # tens of thousands of euro, and kind of actor
CANDIDATES = st.lists(st.tuples(st.none() | st.integers(1, 9), st.sampled_from(KINDS)), min_size=1, max_size=7)


def candidates_of(rows: list[Asked]) -> pd.DataFrame:
    return shortlist_of(
        *(
            {
                "proposal": f"P{i}",
                "total": 5.0,
                "requested_euro": None if euro is None else 10_000 * euro,
                "actor_kind": kind,
            }
            for i, (euro, kind) in enumerate(rows)
        )
    )


def constrained(shortlist: int = 4, choose: int = 2, **more: Any) -> Call:
    money = {"id": "money", "column": "requested_euro", "maximum": 90_000}
    libraries = {"id": "libraries", "column": "actor_kind", "groups": ["library"], "minimum": 1}
    return call_choosing(shortlist=shortlist, choose=choose, caps=[money], quotas=[libraries], **more)


def choose_plainly(rows: list[Asked], merit: list[float], shortlist: int, choose: int) -> set[str]:
    """Return the best choice that keeps money and quota, of all that there are; nothing where there is none."""
    able = [i for i, (euro, _) in enumerate(rows) if euro is not None and not np.isnan(merit[i])]
    able = [i for i in able if sum(merit[other] > merit[i] for other in able) < shortlist]
    ways = [
        some
        for some in combinations(able, choose)
        if sum(rows[i][0] or 0 for i in some) <= 9 and any(rows[i][1] == "library" for i in some)
    ]
    return {f"P{i}" for i in max(ways, key=lambda some: sum(merit[i] for i in some), default=())}


@settings(QUICK, max_examples=40)
@given(CANDIDATES, st.integers(1, 3), st.integers(0, 3), st.sets(st.integers(0, 6), max_size=3))
def test_the_choice_is_the_best_of_all_that_caps_and_quotas_allow(
    rows: list[Asked], choose: int, more: int, absent: set[int]
) -> None:
    # No two sets of powers of two have the same sum, so that there is one best choice.
    merits = {
        name: [np.nan if i in absent else 2.0 ** (sign * i) for i in range(len(rows))]
        for name, sign in (("a", 1), ("b", -1))
    }
    call = constrained(choose + more, choose)
    table = pd.DataFrame(merits, index=[f"P{i}" for i in range(len(rows))])
    found = choose_again(candidates_of(rows), table, call)
    assert list(found.index) == list(table.index)
    for name, merit in merits.items():
        assert set(found.index[found[name]]) == choose_plainly(rows, merit, choose + more, choose)


def test_all_that_tie_at_the_line_of_the_shortlist_are_candidates() -> None:
    rows: list[Asked] = [(8, "centre"), (8, "centre"), (1, "library"), (1, "library")]
    merit = pd.DataFrame({"a": [9.0, 5, 5, 4]}, index=["P0", "P1", "P2", "P3"])
    found = choose_again(candidates_of(rows), merit, constrained(shortlist=2, choose=2))
    assert list(found.index[found["a"]]) == ["P0", "P2"]


def test_without_a_cap_a_proposal_need_not_state_what_it_asks() -> None:
    merit = pd.DataFrame({"a": [1.0, 3, 2]}, index=["P0", "P1", "P2"])
    found = choose_again(candidates_of([(None, "centre")] * 3), merit, call_choosing(shortlist=3, choose=2))
    assert found["a"].tolist() == [False, True, True]


SCORES: Scores = {
    ("P0", "a", "x"): 9, ("P0", "b", "x"): 4, ("P1", "b", "x"): 7.5, ("P1", "c", "x"): 3,
    ("P2", "b", "x"): 8, ("P2", "c", "x"): 5, ("P3", "c", "x"): 9.5,
}  # fmt: skip
ROWS: list[Asked] = [(5, "centre"), (4, "library"), (3, "library"), (6, "centre")]


@pytest.mark.parametrize("weights", [{}, {"a": 1.0, "b": 2.0, "c": 4.0}])
def test_shares_of_the_choice_are_those_counted_draw_by_draw(weights: dict[str, float]) -> None:
    constraints = constrained(3, 2, seed=5).selection.model_dump()
    call = call_with(
        {name: ["x"] for name in "abc"}, weights, {"x": 1.0}, selection=constraints, uncertainty={"choices": 60}
    )
    sheet = sheet_of(SCORES, call)
    found = keep_contract("choice_shares", share_choices(sheet, candidates_of(ROWS), call), call)
    for varied, draw in (("weights", vary_weights), ("raters", resample_raters)):
        choices = [choose_plainly(ROWS, list(row), 3, 2) for row in np.concatenate(list(draw(sheet, 60, 5)))]
        possible = [choice for choice in choices if choice]
        rows = found[found["varied"] == varied].set_index("proposal")
        assert rows["possible"].tolist() == pytest.approx([len(possible) / 60] * 4)
        wanted = [sum(name in choice for choice in possible) / len(possible) for name in rows.index]
        assert rows["chosen"].to_numpy() == pytest.approx(wanted, abs=1e-8)
        assert rows["chosen"].sum() == pytest.approx(2)
    assert (found.loc[found["varied"] == "raters", "possible"] < 1).all()  # in some draws too few have a total


def test_where_no_draw_allows_a_choice_nothing_is_chosen() -> None:
    selection = constrained(3, 2).selection.model_dump()
    selection["caps"][0]["maximum"] = 1
    call = call_with({name: ["x"] for name in "abc"}, {}, {"x": 1.0}, selection=selection, uncertainty={"choices": 5})
    found = share_choices(sheet_of(SCORES, call), candidates_of(ROWS), call)
    assert found[["chosen", "possible"]].eq(0).all(axis=None)


def test_changes_of_the_choice_tell_who_enters_who_leaves_and_where_none_is_possible() -> None:
    selection = pd.DataFrame({"proposal": list("PQRS"), "computed": [True, True, False, False]})
    again = pd.DataFrame(
        {"a": [True, True, False, False], "b": [True, False, False, True], "c": [False] * 4}, index=list("PQRS")
    )
    found = keep_contract("choice_changes", change_choice(selection, again), call_with())
    assert found.to_numpy().tolist() == [
        ["b", "S", "enters", True],
        ["b", "Q", "leaves", True],
        ["c", "P", "leaves", False],
        ["c", "Q", "leaves", False],
    ]
    assert len(keep_contract("choice_changes", change_choice(selection, again[["a"]]), call_with())) == 0


def test_indicators_count_what_is_sure_and_what_each_rater_moves() -> None:
    stability = pd.DataFrame({
        "proposal": [*"PQRSTU", "P"], "varied": ["weights"] * 6 + ["raters"],
        "shortlisted": [1, 0.95, 0.94, 0.06, 0.05, 0, 0.5],
    })  # fmt: skip
    changes = pd.DataFrame(
        [("a", "P", "leaves"), ("a", "Q", "leaves"), ("a", "S", "enters"), ("b", "R", "enters")],
        columns=["rater", "proposal", "change"],
    )
    call = call_with(organisers="b", uncertainty={"weights": 500, "choices": 70})
    found = {item.id: item.value for item in sensitivity.indicators(stability, changes, call)}
    assert found == {
        "sensitivity.weights.in": 2, "sensitivity.weights.out": 2, "sensitivity.weights.between": 2,
        "sensitivity.raters.in": 0, "sensitivity.raters.out": 0, "sensitivity.raters.between": 1,
        "sensitivity.sure": 0.95, "sensitivity.draws": 500, "sensitivity.raters_that_matter": 2, "sensitivity.most_changes": 2,
        "sensitivity.organiser_changes": 1,
    }  # fmt: skip
    shares = pd.DataFrame({"proposal": list("PQ"), "varied": "raters", "chosen": [0.95, 0.2], "possible": 0.9})
    chosen = {
        item.id: item.value
        for item in sensitivity.choice_indicators(shares, changes.iloc[:0].assign(possible=True), call)
    }
    assert chosen == {
        "choice.raters.in": 1, "choice.raters.possible": 0.9, "choice.draws": 70,
        "choice.raters_that_matter": 0, "choice.most_changes": 0, "choice.organiser_changes": 0,
    }  # fmt: skip


@pytest.mark.parametrize("organisers", ["", "ab"])
def test_without_one_organiser_nothing_is_said_of_its_score(organisers: str) -> None:
    changes = pd.DataFrame([("a", "P", "leaves")], columns=["rater", "proposal", "change"])
    stability = pd.DataFrame({"proposal": ["P"], "varied": ["weights"], "shortlisted": [1.0]})
    found = {item.id for item in sensitivity.indicators(stability, changes, call_with(organisers=organisers))}
    assert "sensitivity.most_changes" in found
    assert "sensitivity.organiser_changes" not in found


def test_the_same_seed_gives_the_same_shares_and_another_seed_others() -> None:
    sheet = sheet_of(FULL, call_with())
    one, again, other = (measure_stability(sheet, 2, 200, seed)[1] for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, again)
    assert not one.equals(other)


def test_nothing_given_is_changed() -> None:
    call = call_with({name: ["x"] for name in "abc"}, {}, {"x": 1.0}, selection=constrained(3, 2).selection.model_dump(),
                     uncertainty={"choices": 5})  # fmt: skip
    scores, candidates = table_of(SCORES), candidates_of(ROWS)
    individual = individual_of(SCORES)
    selection = candidates.assign(computed=[True, True, False, False], shortlisted=[True, True, True, False])
    with unchanged(scores, candidates, individual, selection):
        sheet = lay_out(scores, call.scoring)
        merits = leave_one_out(sheet, individual, call)
        with unchanged(merits):
            change_shortlist(selection, merits)
            change_choice(selection, choose_again(candidates, merits, call))
        share_choices(sheet, candidates, call)
        measure_stability(sheet, 2, 10, 0)
