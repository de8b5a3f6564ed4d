"""Ranks and shortlist: ties share a rank, the order of rows never matters, and no tie is broken silently."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import pytest
from builders import QUICK, call_choosing, keep_contract, make_table, unchanged
from hypothesis import given
from hypothesis import strategies as st

from analysis import ranking
from analysis.call import Call
from analysis.faults import InputError

NO_SCORES = make_table("scores")
TOTALS = st.dictionaries(st.text("ABCDEFGHIJ", min_size=1, max_size=3), st.integers(0, 6), min_size=2, max_size=12)


def shortlist(ranked: pd.DataFrame, scores: pd.DataFrame, call: Call) -> pd.DataFrame:
    weighed = ranking.weigh_merit(ranked, call.selection, pd.DataFrame())
    return ranking.shortlist(weighed, scores, call.selection)


def totals_of(totals: Mapping[str, float], medians: Mapping[str, float] | None = None) -> pd.DataFrame:
    rows = [(name, float(total), float((medians or totals)[name]), 2) for name, total in totals.items()]
    return pd.DataFrame(rows, columns=["proposal", "total", "median", "raters"])


def scores_of(criterion: str, scores: Mapping[str, list[float]]) -> pd.DataFrame:
    rows = [
        {"proposal": name, "rater": rater, "criterion": criterion, "score": float(score)}
        for name, given_scores in scores.items()
        for rater, score in zip(("j1", "own"), given_scores, strict=False)
    ]
    return make_table("scores", *rows)


def listed(totals: pd.DataFrame, scores: pd.DataFrame = NO_SCORES, **selection: Any) -> set[str]:
    call = call_choosing(choose=1, **selection)
    table = shortlist(ranking.rank_totals(totals), scores, call)
    return set(table.loc[table["shortlisted"], "proposal"])


@QUICK
@given(TOTALS)
def test_a_rank_is_one_more_than_the_number_of_better_totals(totals: dict[str, int]) -> None:
    ranked = ranking.rank_totals(totals_of(totals))
    for row in ranked.itertuples():
        assert row.rank == 1 + sum(other > totals[row.proposal] for other in totals.values())
    assert ranked["rank"].is_monotonic_increasing


@QUICK
@given(TOTALS, st.randoms(use_true_random=False), st.sampled_from(["median", "lottery", "criterion:power"]))
def test_the_order_of_rows_never_matters(totals: dict[str, int], random: Any, rule: str) -> None:
    order = random.sample(sorted(totals), len(totals))
    scores = scores_of("power", {name: [len(name)] for name in totals})
    medians = {name: len(name) for name in totals}
    size = 1 + len(totals) // 2

    def outcome(names: list[str]) -> set[str] | str:
        try:
            return listed(
                totals_of({name: totals[name] for name in names}, medians), scores, shortlist=size, tie_rule=rule
            )
        except InputError as error:
            return str(error)

    assert outcome(sorted(totals)) == outcome(order)


@QUICK
@given(TOTALS, st.sampled_from(["lottery", "report", "median"]))
def test_no_proposal_is_shortlisted_before_a_better_one(totals: dict[str, int], rule: str) -> None:
    try:
        found = listed(totals_of(totals), shortlist=len(totals) // 2 or 1, tie_rule=rule)
    except InputError:
        return
    assert len(found) == (len(totals) // 2 or 1)
    assert min(totals[name] for name in found) >= max(totals[name] for name in set(totals) - found)


@QUICK
@given(TOTALS)
def test_stretching_the_scale_changes_no_rank(totals: dict[str, int]) -> None:
    once, stretched = (ranking.rank_totals(totals_of({n: k * t + 3 for n, t in totals.items()})) for k in (1, 7))
    assert once[["proposal", "rank"]].equals(stretched[["proposal", "rank"]])


def test_a_tie_away_from_the_line_needs_no_rule() -> None:
    assert listed(totals_of({"A": 9, "B": 9, "C": 5, "D": 2, "E": 2}), shortlist=3) == {"A", "B", "C"}


def test_a_tie_that_just_fits_needs_no_rule() -> None:
    assert listed(totals_of({"A": 9, "B": 7, "C": 7, "D": 2}), shortlist=3) == {"A", "B", "C"}


def test_a_tie_at_the_line_is_reported_with_the_names() -> None:
    with pytest.raises(InputError) as caught:
        listed(totals_of({"C": 7, "A": 9, "B": 7, "D": 7}), shortlist=3)
    message = str(caught.value)
    assert "a tie of 3 proposals for 2 places on the shortlist (B, C, D), which 'report' leaves" in message
    assert "selection.tie_rule" in message


def test_the_median_settles_a_tie_for_the_higher_median() -> None:
    totals = totals_of({"A": 9, "B": 7, "C": 7, "D": 7}, {"A": 1, "B": 6, "C": 8, "D": 7})
    assert listed(totals, shortlist=3, tie_rule="median") == {"A", "C", "D"}


def test_a_median_that_ties_too_is_reported() -> None:
    totals = totals_of({"A": 9, "B": 7, "C": 7}, {"A": 1, "B": 6, "C": 6})
    with pytest.raises(InputError, match=r"\(B, C\), which 'median' leaves"):
        listed(totals, shortlist=2, tie_rule="median")


def test_a_tie_among_the_losers_of_the_median_needs_no_more() -> None:
    totals = totals_of({"A": 7, "B": 7, "C": 7}, {"A": 8, "B": 6, "C": 6})
    assert listed(totals, shortlist=1, tie_rule="median") == {"A"}


def test_a_criterion_settles_a_tie_by_the_mean_of_its_scores() -> None:
    scores = scores_of("feasibility", {"B": [4, 9], "C": [6], "D": [7, 5]})  # means 6.5, 6 and 6
    totals = totals_of({"A": 9, "B": 7, "C": 7, "D": 7})
    assert listed(totals, scores, shortlist=2, tie_rule="criterion:feasibility") == {"A", "B"}
    with pytest.raises(InputError, match="which 'criterion:feasibility' leaves"):
        listed(totals, scores, shortlist=3, tie_rule="criterion:feasibility")


def test_scores_on_another_criterion_settle_nothing() -> None:
    scores = scores_of("policy", {"A": [9], "B": [1]})
    with pytest.raises(InputError, match=r"tie of 2 proposals for 1 places"):
        listed(totals_of({"A": 7, "B": 7}), scores, shortlist=1, tie_rule="criterion:power")


def test_without_a_score_on_the_criterion_a_proposal_comes_last() -> None:
    scores = scores_of("power", {"B": [0]})
    assert listed(totals_of({"A": 7, "B": 7}), scores, shortlist=1, tie_rule="criterion:power") == {"B"}


def test_the_lottery_depends_on_the_seed_and_on_nothing_else() -> None:
    totals = totals_of(dict.fromkeys("ABCDEF", 7))
    drawn = {seed: listed(totals, shortlist=3, tie_rule="lottery", seed=seed) for seed in range(40)}
    again = {seed: listed(totals[::-1], shortlist=3, tie_rule="lottery", seed=seed) for seed in range(40)}
    assert drawn == again
    for name in "ABCDEF":  # each has one chance in two
        assert 8 < sum(name in names for names in drawn.values()) < 32


def test_the_lottery_goes_by_id_also_where_the_ranked_table_comes_in_another_order() -> None:
    ranked = ranking.rank_totals(totals_of(dict.fromkeys("ABCDE", 7)))
    for seed in range(10):
        call = call_choosing(shortlist=2, choose=1, tie_rule="lottery", seed=seed)
        drawn = [shortlist(table, NO_SCORES, call).set_index("proposal") for table in (ranked, ranked[::-1])]
        assert drawn[0]["shortlisted"].to_dict() == drawn[1]["shortlisted"].to_dict()


def test_the_lottery_draws_only_among_those_tied_at_the_line() -> None:
    totals = totals_of({"A": 9, "B": 7, "C": 7, "D": 7, "E": 1})
    for seed in range(20):
        found = listed(totals, shortlist=3, tie_rule="lottery", seed=seed)
        assert "A" in found
        assert "E" not in found


def in_order_of_tickets(proposals: Iterable[str], seed: int) -> list[str]:
    return sorted(proposals, key=lambda one: hashlib.sha256(f"{seed}:{one}".encode()).hexdigest())


def test_the_lottery_among_those_tied_is_won_by_the_lowest_tickets() -> None:
    totals = totals_of({"A": 9, "B": 7, "C": 7, "D": 7, "E": 7})
    for seed in range(20):
        first, second, *_ = in_order_of_tickets("BCDE", seed)
        assert listed(totals, shortlist=3, tie_rule="lottery", seed=seed) == {"A", first, second}


def expected_of(ranks: Mapping[str, tuple[float, float, str]]) -> pd.DataFrame:
    """Return what is used of the table `expected_ranks`: per proposal the expected rank, its error and the group."""
    rows = [(name, *found) for name, found in ranks.items()]
    return pd.DataFrame(rows, columns=["proposal", "er", "error", "group"])


BY_RANK = {"ranked_by": "expected_ranks", "choose": 1}


def test_where_expected_ranks_decide_merit_is_how_many_a_proposal_leaves_behind() -> None:
    ranked = ranking.rank_totals(totals_of({"A": 9, "B": 8, "C": 7}))
    expected = expected_of({"C": (1.25, 0.1, "accepted"), "A": (2, 0.2, "lottery"), "B": (2.75, 0.3, "rejected")})
    weighed = ranking.weigh_merit(ranked, call_choosing(**BY_RANK).selection, expected).set_index("proposal")
    assert weighed["merit"].to_dict() == {"A": 1, "B": 0.25, "C": 1.75}
    assert weighed["error"].to_dict() == {"A": 0.2, "B": 0.3, "C": 0.1}
    assert weighed["rank"].to_dict() == {"A": 1, "B": 2, "C": 3}


@pytest.mark.parametrize(("error", "above", "tied"), [(0.03, "A", "BC"), (0.01, "AB", "C"), (0.5, "", "ABCD")])
def test_merits_that_the_simulation_cannot_tell_apart_stand_on_the_line_together(
    error: float, above: str, tied: str
) -> None:
    weighed = pd.DataFrame({"proposal": list("ABCD"), "merit": [3.0, 2.1, 2.0, 1.0], "error": error})
    # 3 * sqrt(2) * 0.03 = 0.127 > 0.1 > 3 * sqrt(2) * 0.01 = 0.042
    parts = ranking.part_at_line(weighed, 3)
    assert ["".join(part["proposal"]) for part in parts] == [above, tied]


@QUICK
@given(
    st.dictionaries(st.text("ABCD", min_size=1, max_size=3), st.sampled_from(["accepted", "lottery", "rejected"])),
    st.data(),
    st.randoms(use_true_random=False),
)
def test_a_drawn_shortlist_holds_the_accepted_and_the_lowest_tickets_of_the_lottery(
    groups: dict[str, str], data: st.DataObject, random: Any
) -> None:
    accepted = {name for name, group in groups.items() if group == "accepted"}
    lottery = {name for name, group in groups.items() if group == "lottery"}
    size = len(accepted) + data.draw(st.integers(0, len(lottery)))
    if not size:
        return
    call = call_choosing(**BY_RANK, lottery=True, shortlist=size, seed=4)
    rows = random.sample(sorted(groups), len(groups))
    expected = expected_of({name: (1, 0, groups[name]) for name in rows})
    weighed = ranking.weigh_merit(ranking.rank_totals(totals_of(dict.fromkeys(groups, 5))), call.selection, expected)
    with unchanged(weighed, expected):
        table, draw = ranking.draw_shortlist(weighed, expected, call.selection)
    tickets = in_order_of_tickets(lottery, 4)
    drawn = set(tickets[: size - len(accepted)])
    assert set(table.loc[table["shortlisted"], "proposal"]) == accepted | drawn
    assert draw["proposal"].tolist() == tickets
    assert set(draw.loc[draw["drawn"], "proposal"]) == drawn
    assert len(table) == len(groups)


def test_the_places_are_drawn_only_where_the_call_declares_a_lottery() -> None:
    ranked = ranking.rank_totals(totals_of({"A": 9, "B": 8, "C": 7, "D": 6}))
    expected = expected_of(
        {"A": (1.5, 0, "accepted"), "B": (2, 0, "lottery"), "C": (2.5, 0, "lottery"), "D": (4, 0, "rejected")}
    )
    drawn = set()
    for lottery in (False, True):
        for seed in range(8):
            call = call_choosing(**BY_RANK, shortlist=2, lottery=lottery, seed=seed)
            weighed = ranking.weigh_merit(ranked, call.selection, expected)
            table, draw = ranking.fill_places(weighed, NO_SCORES, expected, call.selection)
            keep_contract("lottery", draw)
            keep_contract("totals", table)
            assert "error" not in table
            assert set(draw["proposal"]) == (set("BC") if lottery else set())
            drawn.add((lottery, "".join(table.loc[table["shortlisted"], "proposal"])))
    assert drawn == {(False, "AB"), (True, "AB"), (True, "AC")}


def test_fewer_scored_proposals_than_places_is_refused() -> None:
    with pytest.raises(InputError, match="found 2 scored proposals; expected at least the 3 of the shortlist"):
        listed(totals_of({"A": 9, "B": 7}), shortlist=3)


def test_nothing_given_is_changed() -> None:
    totals, scores = totals_of({"B": 7, "A": 7, "C": 5}), scores_of("power", {"A": [1], "B": [2]})
    call = call_choosing(shortlist=1, choose=1, tie_rule="criterion:power")
    with unchanged(totals, scores):
        ranked = ranking.rank_totals(totals)
    with unchanged(ranked, scores):
        shortlist(ranked, scores, call)
