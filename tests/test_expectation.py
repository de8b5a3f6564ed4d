"""Expected ranks: converged references, what must not matter, and what stands in their way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builders import QUICK, call_choosing, keep_contract, named, small_call, unchanged
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from analysis import expectation
from analysis.call import Call
from analysis.declarations import OBSTACLES, Scale
from analysis.expectation import Expectation, expect_ranks, find_obstacle, sort_at_line
from analysis.faults import InputError

REFERENCE = Path(__file__).parent / "reference"
SIX = Scale(low=1, high=6)
FEW = settings(QUICK, max_examples=12)


def reference_of(name: str) -> pd.DataFrame:
    return pd.read_csv(REFERENCE / f"{name}_expected.csv").set_index("proposal")


def scores_of(name: str, panel: str | None = None) -> pd.DataFrame:
    table = pd.read_csv(REFERENCE / f"{name}.csv").rename(columns={"assessor": "rater", "num_grade": "score"})
    return table[["proposal", "rater", "score"]][table["panel"].eq(panel) if panel else slice(None)]


def table_of(rows: dict[str, list[float | None]], **panels: str) -> pd.DataFrame:
    """Return individual scores from a list per proposal, with a score or none of each of the raters a, b ..."""
    cells = [
        (proposal, "abcdefgh"[place], float(score), panels.get(proposal))
        for proposal, row in rows.items()
        for place, score in enumerate(row)
        if score is not None
    ]
    table = pd.DataFrame(cells, columns=["proposal", "rater", "score", "panel"])
    return table if panels else table.drop(columns="panel")


def expect(table: pd.DataFrame, scale: Scale = SIX, line: int = 2, draws: int = 400) -> Expectation:
    return expect_ranks(table, scale, line, 1, draws)


def equal(one: Expectation, other: Expectation) -> None:
    """Fail where anything at all differs."""
    for name in ("ranks", "severity", "sampling"):
        pd.testing.assert_frame_equal(getattr(one, name), getattr(other, name))


def call_of(*raters: str) -> Call:
    """Return a call with these raters and a criterion from 1 to 6."""
    judges = [named(name, name, name, role="juror", criteria=["power"]) for name in raters]
    criteria = [named("power", "power", "power")]
    return small_call(scoring={"scale": {"low": 1, "high": 6}, "criteria": criteria, "raters": judges})


ROWS: dict[str, list[float | None]] = {
    "P": [5, 6, 5], "Q": [4, None, 5], "R": [4, 3, 4], "S": [3, 2, None], "T": [None, 1, 2],
}  # fmt: skip


def test_a_panel_of_15_is_ranked_as_its_converged_reference() -> None:
    found = expect_ranks(scores_of("er_mock", "p1"), SIX, 5, 1, 10_000).ranks.set_index("proposal")
    wanted = reference_of("er_mock_panel1").loc[found.index]
    assert found["er"].to_numpy() == pytest.approx(wanted["er"], abs=0.05)
    assert found["pcer"].to_numpy() == pytest.approx(wanted["pcer"], abs=0.35)
    assert found["sucra"].to_numpy() == pytest.approx(wanted["sucra"], abs=0.005)
    assert (found["scores"] == 5).all()
    for name in ("q05", "q25", "q75", "q95"):
        assert (found[name] - wanted[name]).abs().max() <= 1
        assert (found[name] == wanted[name]).mean() > 0.9
    assert found["group"].tolist() == wanted["group_k5"].replace("random", "lottery").tolist()
    assert found["group"].value_counts().to_dict() == {"lottery": 7, "rejected": 7, "accepted": 1}


def test_a_panel_of_99_is_ranked_as_its_converged_reference() -> None:
    found = expect_ranks(scores_of("er99"), SIX, 36, 1, 4_000).ranks.set_index("proposal")
    wanted = reference_of("er99").loc[found.index]
    assert found["er"].to_numpy() == pytest.approx(wanted["er"], abs=0.15)
    line = wanted["er"].nsmallest(36).iloc[-1]
    on_line = (wanted[["q25", "q75"]].sub(line).abs() <= 1).any(axis=1)
    same = found["group"] == wanted["group_k36"].replace("random", "lottery")
    assert (same | on_line).all()
    assert same.mean() > 0.95


def test_tables_keep_their_contracts_and_agree_among_themselves() -> None:
    found = expect(table_of(ROWS), draws=2000)
    ranks = keep_contract("expected_ranks", found.ranks).set_index("proposal")
    assert ranks["er"].is_monotonic_increasing
    assert ranks["er"].sum() == pytest.approx(1 + 2 + 3 + 4 + 5, abs=1e-5)
    assert ranks["pcer"].to_numpy() == pytest.approx(100 * (ranks["er"] - 0.5) / 5, abs=1e-4)
    assert ranks["sucra"].to_numpy() == pytest.approx((5 - ranks["er"]) / 4, abs=1e-5)
    assert ranks["scores"].to_dict() == {"P": 3, "Q": 2, "R": 3, "S": 2, "T": 2}
    assert (ranks[["q05", "q25", "q50", "q75", "q95"]].diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    assert ranks["error"].between(0, 0.2).all()
    severity = keep_contract("rater_effects", found.severity, call_of("a", "b", "c"))
    assert severity["rater"].tolist() == ["a", "b", "c"]
    assert severity["panel"].eq("").all()
    row = keep_contract("rank_sampling", found.sampling).iloc[0]
    assert (row["chains"], row["draws"], row["warm_up"], row["seed"]) == (4, 2000, 500, 1)
    assert pd.isna(row["obstacle"])
    assert row["r_hat"] == pytest.approx(ranks["r_hat"].max(), abs=1e-6)
    assert row["effective_draws"] > 1000


def test_the_rater_who_scores_lower_is_the_more_severe_in_points_of_the_scale() -> None:
    rows = {f"P{i}": [i, i - 1.0, i] for i in range(2, 7)}
    wide = {name: [20 * score for score in row] for name, row in rows.items()}
    points = expect(table_of(rows), draws=1000).severity.set_index("rater")["severity"]
    in_20 = expect(table_of(wide), Scale(low=20, high=120), draws=1000).severity.set_index("rater")["severity"]
    assert points["b"] < min(points["a"], points["c"]) - 0.8
    assert in_20.to_numpy() == pytest.approx(20 * points, abs=1e-4)


SHEETS = st.integers(2, 3).flatmap(
    lambda raters: st.dictionaries(
        st.sampled_from("PQRSTU"),
        st.lists(st.none() | st.integers(1, 6), min_size=raters, max_size=raters).filter(any),
        min_size=2,
    )
)


@FEW
@given(SHEETS, st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters(rows: dict[str, list[float | None]], random: Any) -> None:
    table = table_of(rows)
    shuffled = table.iloc[random.sample(range(len(table)), len(table))]
    equal(expect(table, draws=40), expect(shuffled, draws=40))


@FEW
@given(SHEETS)
def test_a_scale_twice_as_long_with_scores_twice_as_high_changes_nothing_but_severity(
    rows: dict[str, list[float | None]],
) -> None:
    table = table_of(rows)
    once = expect(table, draws=40)
    twice = expect(table.assign(score=2 * table["score"]), Scale(low=2, high=12), draws=40)
    equal(once, Expectation(twice.ranks, twice.severity.assign(severity=once.severity["severity"]), twice.sampling))
    assert twice.severity["severity"].to_numpy("float64") == pytest.approx(2 * once.severity["severity"], abs=1e-8)


def test_a_scale_on_which_lower_is_better_is_refused_and_turned_scores_turn_the_order() -> None:
    with pytest.raises(ValidationError, match="above the low end"):
        Scale(low=6, high=1)
    rows: dict[str, list[float | None]] = {"P": [6, 6, 5], "Q": [4, 3, 4], "R": [1, 2, 1]}
    turned: dict[str, list[float | None]] = {name: [7 - (s or 0) for s in row] for name, row in rows.items()}
    once, again = (expect(table_of(sheet), draws=2000).ranks for sheet in (rows, turned))
    assert once["proposal"].tolist() == ["P", "Q", "R"] == again["proposal"].tolist()[::-1]
    assert once["er"].to_numpy() == pytest.approx(4 - again["er"].to_numpy()[::-1], abs=0.05)


COMPLETE = st.lists(st.lists(st.integers(1, 5), min_size=3, max_size=3), min_size=3, max_size=5)


@FEW
@given(COMPLETE, st.integers(0, 2))
def test_with_all_scores_present_the_order_is_that_of_the_means_whatever_one_rater_adds(
    sheet: list[list[int]], rater: int
) -> None:
    for added in (0, 1):
        rows = {f"P{i}": [s + added * (j == rater) for j, s in enumerate(row)] for i, row in enumerate(sheet)}
        found = expect(table_of(rows), draws=400).ranks.set_index("proposal")
        for one in found.index:
            for other in found.index:
                if sum(rows[one]) > sum(rows[other]):
                    error = np.hypot(found.loc[one, "error"], found.loc[other, "error"])
                    assert found.loc[one, "er"] < found.loc[other, "er"] + 4 * error


@FEW
@given(SHEETS.filter(lambda rows: "P" in rows), st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_a_proposal_better_on_every_score_never_ranks_below(
    rows: dict[str, list[float | None]], lift: list[int]
) -> None:
    better = [None if score is None else min(6, score + up) for score, up in zip(rows["P"], lift, strict=False)]
    found = expect(table_of({**rows, "better": better}), draws=400).ranks.set_index("proposal")
    if len(found):
        error = np.hypot(found.loc["P", "error"], found.loc["better", "error"])
        assert found.loc["better", "er"] < found.loc["P", "er"] + 4 * error


PANELLED = table_of(
    {"P": [6, 5, 6], "Q": [4, 4, 5], "R": [2, 3, 2], "S": [5, 5, 4], "T": [3, 4, 3], "U": [1, 2, 2]},
    P="x", Q="x", R="x", S="y", T="y", U="y",
)  # fmt: skip


def test_a_rater_in_two_panels_counts_as_two_raters() -> None:
    renamed = PANELLED.assign(rater=PANELLED["panel"] + PANELLED["rater"])
    same, apart = expect(PANELLED), expect(renamed)
    pd.testing.assert_frame_equal(same.ranks, apart.ranks)
    pd.testing.assert_series_equal(same.severity["severity"], apart.severity["severity"])
    assert same.severity[["panel", "rater"]].to_numpy().tolist() == [
        ["x", "a"], ["x", "b"], ["x", "c"], ["y", "a"], ["y", "b"], ["y", "c"],
    ]  # fmt: skip


def test_a_panel_that_scores_lower_as_a_whole_loses_hardly_a_rank_by_it() -> None:
    """Its effect is no part of the rank: the order within panels stays, and between them nearly so."""
    lower = PANELLED.assign(score=PANELLED["score"] - 2.0 * (PANELLED["panel"] == "y"))
    wide = Scale(low=-1, high=6)
    once, again, blind = (
        expect(table, wide, draws=2000).ranks.set_index("proposal")["er"]
        for table in (PANELLED, lower, lower.drop(columns="panel"))
    )
    for er in (once, again):
        assert list(er.index[er.index.isin(list("PQR"))]) == ["P", "Q", "R"]
        assert list(er.index[er.index.isin(list("STU"))]) == ["S", "T", "U"]
    moved, moved_blindly = ((er[list("STU")] - once[list("STU")]).mean() for er in (again, blind))
    assert 0 < moved < moved_blindly / 2


def test_a_proposal_of_no_panel_stands_in_one_of_its_own() -> None:
    lone = PANELLED.assign(panel=PANELLED["panel"].mask(PANELLED["proposal"] == "U"))
    named_panel = lone.assign(panel=lone["panel"].fillna("!"))
    pd.testing.assert_frame_equal(expect(lone).ranks, expect(named_panel).ranks)
    severity = expect(lone).severity
    assert severity["panel"].eq("").sum() == 3


OBSTRUCTED: dict[str, pd.DataFrame] = {
    "one_proposal": table_of({"P": [1, 2, 3]}),
    "one_rater": table_of({"P": [1], "Q": [2], "R": [3]}),
    "no_overlap": table_of({"P": [1, 2, None], "Q": [None, None, 5], "R": [None, 3, None]}),
    "all_equal": table_of({"P": [4, 4], "Q": [4, 4]}),
}


@pytest.mark.parametrize("obstacle", OBSTRUCTED)
def test_where_scores_allow_no_ranks_the_obstacle_is_said(obstacle: str) -> None:
    found = expect(OBSTRUCTED[obstacle])
    assert find_obstacle(OBSTRUCTED[obstacle]) == obstacle
    row = keep_contract("rank_sampling", found.sampling).iloc[0]
    assert row["obstacle"] == obstacle
    assert pd.isna(row["r_hat"])
    assert len(keep_contract("expected_ranks", found.ranks)) == 0
    assert len(keep_contract("rater_effects", found.severity)) == 0


def test_more_proposals_than_can_be_counted_are_an_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_obstacle(table_of(ROWS)) is None
    monkeypatch.setattr(expectation, "MOST_PROPOSALS", 4)
    assert expect(table_of(ROWS)).sampling["obstacle"].tolist() == ["too_many"]


def test_a_ranking_that_has_not_converged_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(expectation, "CONVERGED", 0.5)
    found = expect(table_of(ROWS), draws=40)
    row = keep_contract("rank_sampling", found.sampling).iloc[0]
    assert row["obstacle"] == "not_converged"
    assert row["draws"] == expectation.LONGEST * 40
    assert row["r_hat"] > 0.5
    assert row["effective_draws"] > 0
    assert len(found.ranks) == len(found.severity) == 0


def test_every_obstacle_that_is_declared_can_be_met() -> None:
    assert {*OBSTRUCTED, "too_many", "not_converged"} == set(OBSTACLES)


def test_a_call_whose_expected_ranks_decide_is_refused_without_them() -> None:
    obstructed, clear = expect(OBSTRUCTED["one_rater"]), expect(table_of(ROWS))
    by_totals = call_choosing().selection
    by_ranks = call_choosing(ranked_by="expected_ranks").selection
    with pytest.raises(InputError, match=r"selection\.ranked_by.*one_rater"):
        expectation.require(obstructed, by_ranks)
    expectation.require(obstructed, by_totals)
    expectation.require(clear, by_ranks)


def ranks_of(*rows: tuple[float, int, int]) -> pd.DataFrame:
    """Return expected ranks with their quartiles."""
    return pd.DataFrame(rows, columns=["er", "q25", "q75"])


LINES = {
    "all sure": ([(1, 1, 1), (2, 2, 2), (3, 3, 3)], 2, "AAR"),
    "two at the line": ([(1, 1, 1), (2.4, 2, 3), (2.6, 2, 3), (4, 4, 4)], 2, "ALLR"),
    "lottery that fills the places": ([(1.2, 1, 2), (1.8, 1, 2), (3, 3, 3)], 2, "AAR"),
    "quartile on the line": ([(1, 1, 1), (2, 1, 3), (3.2, 2, 4), (3.8, 3, 4)], 2, "ALLR"),
    "everyone in": ([(1.4, 1, 2), (1.6, 1, 2)], 2, "AA"),
}
LETTERS = {"accepted": "A", "lottery": "L", "rejected": "R"}


@pytest.mark.parametrize("case", LINES)
def test_groups_at_the_line_follow_from_the_quartiles(case: str) -> None:
    rows, line, wanted = LINES[case]
    groups = sort_at_line(ranks_of(*rows), line)
    assert "".join(groups.map(LETTERS)) == wanted


def test_groups_are_told_in_the_order_of_the_rows_given() -> None:
    ranks = ranks_of(*LINES["two at the line"][0])
    mixed = ranks.iloc[[3, 1, 0, 2]]
    assert sort_at_line(mixed, 2).sort_index().tolist() == sort_at_line(ranks, 2).tolist()


def totals_of(totals: dict[str, float], *listed: str) -> pd.DataFrame:
    flags = [name in listed for name in totals]
    return pd.DataFrame({"proposal": list(totals), "total": list(totals.values()), "shortlisted": flags})


def test_the_rankings_differ_on_who_is_among_the_first_by_one_alone() -> None:
    ranks = pd.DataFrame({"proposal": list("PQRS"), "er": [1.0, 2.0, 3.0, 4.0]})
    differs = expectation.differ(ranks, totals_of({"P": 5, "Q": 3, "R": 4, "S": 2}, "P", "R"))
    assert differs == {"R"}
    tied = expectation.differ(ranks, totals_of({"P": 5, "Q": 3, "R": 3, "S": 3}, "P", "S"))
    assert tied == set()


def test_indicators_count_the_groups_and_tell_the_draws() -> None:
    found = expect(table_of(ROWS), draws=2000)
    totals = totals_of({"T": 5, "Q": 4, "R": 3, "S": 2, "P": 1}, "T", "Q")
    values = {item.id: item.value for item in expectation.indicators(found, totals)}
    groups = [values[f"expectation.{group}"] for group in ("accepted", "lottery", "rejected")]
    assert groups == [(found.ranks["group"] == group).sum() for group in ("accepted", "lottery", "rejected")]
    assert sum(groups) == 5
    assert values["expectation.differ"] == 1
    assert (values["expectation.chains"], values["expectation.draws"]) == (4, 2000)
    assert list(expectation.indicators(expect(OBSTRUCTED["all_equal"]), totals)) == []


def test_nothing_given_is_changed() -> None:
    table = table_of(ROWS)
    with unchanged(table, PANELLED):
        expect(table, draws=40)
        expect(PANELLED, draws=40)
