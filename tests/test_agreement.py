"""The agreement of raters: alpha by another package and by its definition, intervals by another bootstrap."""

from __future__ import annotations

import warnings
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builders import QUICK, keep_contract, named, small_call, unchanged
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from analysis import agreement
from analysis.agreement import measure_agreement
from analysis.call import Call

Floats = NDArray[np.float64]
CRITERIA = ("power", "policy")


def call_with(raters: int) -> Call:
    """Return a call in which raters r0, r1 ... judge both criteria from 0 to 10."""
    criteria = [named(name, name, name) for name in CRITERIA]
    judges = [named(f"r{i}", f"r{i}", f"r{i}", role="juror", criteria=CRITERIA) for i in range(raters)]
    return small_call(scoring={"scale": {"low": 0, "high": 10}, "criteria": criteria, "raters": judges})


def table_of(rows: Floats, criterion: str = "power") -> pd.DataFrame:
    """Return the scores of an array with a row per proposal and a column per rater; NaN is a missing score."""
    cells = [(f"P{i:03}", f"r{j}", criterion, score) for (i, j), score in np.ndenumerate(rows) if not np.isnan(score)]
    return pd.DataFrame(cells, columns=["proposal", "rater", "criterion", "score"])


def make_rows(seed: int, proposals: int, raters: int, missing: float = 0.0) -> Floats:
    """Return whole scores from 0 to 10 of proposals that truly differ."""
    rng = np.random.default_rng(seed)
    whole = 5 + rng.normal(0, 2, (proposals, 1)) + rng.normal(0, 0.8, raters) + rng.normal(0, 1.5, (proposals, raters))
    return np.where(rng.uniform(size=whole.shape) < missing, np.nan, whole.round().clip(0, 10))


def measure(rows: Floats, listed: tuple[str, ...] = (), seed: int = 1) -> pd.DataFrame:
    """Return the agreement about scores on one criterion, as criterion and as total."""
    scores = table_of(rows)
    return measure_agreement(scores, scores.drop(columns="criterion"), pd.Series(listed, dtype="str"), seed)


def find(table: pd.DataFrame, statistic: str, criterion: str = "total", scope: str = "all") -> Any:
    rows = table[(table["criterion"] == criterion) & (table["scope"] == scope) & (table["statistic"] == statistic)]
    assert len(rows) == 1
    return rows.iloc[0]


def define_alpha(rows: Floats) -> float:
    """Return alpha from its definition: the mean squared difference of pairs within proposals over that of all."""
    units = [row[~np.isnan(row)] for row in rows]
    units = [unit for unit in units if len(unit) > 1]
    values = np.concatenate(units)
    observed = sum(sum((a - b) ** 2 for a, b in permutations(unit, 2)) / (len(unit) - 1) for unit in units)
    expected = sum((a - b) ** 2 for a, b in permutations(values, 2)) / (len(values) - 1)
    return float(1 - observed / expected)


@pytest.mark.parametrize("missing", [0.0, 0.3, 0.6])
def test_alpha_is_that_of_another_package(missing: float) -> None:
    krippendorff = pytest.importorskip("krippendorff")
    rows = make_rows(1, 25, 5, missing)
    wanted = krippendorff.alpha(reliability_data=rows.T, level_of_measurement="interval")
    assert find(measure(rows), "alpha")["estimate"] == pytest.approx(wanted, abs=1e-9)
    assert define_alpha(rows) == pytest.approx(wanted, abs=1e-9)


def test_the_interval_of_alpha_is_near_that_of_a_bootstrap_over_the_proposals() -> None:
    rows = make_rows(2, 40, 4, 0.2)
    rows = rows[(~np.isnan(rows)).sum(axis=1) > 1]
    rng = np.random.default_rng(0)
    drawn = [define_alpha(rows[rng.integers(0, len(rows), len(rows))]) for _ in range(150)]
    found = find(measure(rows), "alpha")
    assert [found["low"], found["high"]] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.05)
    assert found["low"] < found["estimate"] < found["high"]


def test_fewer_resamples_are_drawn_for_very_many_proposals(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = make_rows(3, 30, 3)
    many = find(measure(rows), "alpha")
    monkeypatch.setattr(agreement, "MOST_CELLS", 0)
    few = find(measure(rows), "alpha")
    assert few["estimate"] == many["estimate"]
    assert few["low"] != many["low"]
    assert few["low"] == pytest.approx(many["low"], abs=0.1)


def test_the_mean_of_several_scores_is_as_reliable_as_the_analysis_of_variance_says() -> None:
    rows = make_rows(4, 30, 4)
    between = 4 * rows.mean(axis=1).var(ddof=1)
    within = rows.var(axis=1, ddof=1).mean()
    error = (rows - rows.mean(axis=1, keepdims=True) - rows.mean(axis=0) + rows.mean()).var() * 120 / (29 * 3)
    found = measure(rows)
    assert find(found, "icc1")["estimate"] == pytest.approx((between - within) / (between + 3 * within), abs=1e-6)
    assert find(found, "icck")["estimate"] == pytest.approx((between - within) / between, abs=1e-6)
    assert find(found, "icc3")["estimate"] == pytest.approx((between - error) / (between + 3 * error), abs=1e-6)


def test_as_many_scores_as_a_proposal_has_on_average_make_the_mean_reliable() -> None:
    rows = make_rows(5, 20, 5, 0.3)
    found = measure(rows)
    number = np.isfinite(rows).sum() / np.isfinite(rows).any(axis=1).sum()
    single, mean = find(found, "icc1"), find(found, "icck")
    for part in ("estimate", "low", "high"):
        share = single[part]
        assert mean[part] == pytest.approx(number * share / (1 + (number - 1) * share))


def test_every_criterion_and_the_total_are_measured_over_all_and_over_the_shortlist() -> None:
    power, policy = make_rows(6, 12, 3), make_rows(7, 12, 3)[:, :2]
    scores = pd.concat([table_of(power), table_of(policy, "policy")], ignore_index=True)
    individual = scores.groupby(["proposal", "rater"], as_index=False)["score"].mean()
    listed = pd.Series([f"P{i:03}" for i in range(6)])
    found = keep_contract("agreement", measure_agreement(scores, individual, listed, 1), call_with(3))
    assert len(found) == 3 * 2 * 4
    for criterion, rows in (("power", power), ("policy", policy)):
        assert find(found, "alpha", criterion)["estimate"] == pytest.approx(define_alpha(rows))
        assert find(found, "alpha", criterion, "shortlist")["estimate"] == pytest.approx(define_alpha(rows[:6]))
        assert find(found, "icc1", criterion)["raters"] == rows.shape[1]
        assert find(found, "icc1", criterion, "shortlist")["proposals"] == 6
    means = individual.pivot(index="proposal", columns="rater", values="score").to_numpy()
    assert find(found, "alpha")["estimate"] == pytest.approx(define_alpha(means))


def test_over_the_best_alone_the_raters_agree_far_less_than_over_all() -> None:
    """The range is restricted there: what is left of the differences is mostly noise (Erosheva and others 2021)."""
    rows = make_rows(8, 120, 4)
    best = np.argsort(-rows.mean(axis=1))[:30]
    found = measure(rows, tuple(f"P{i:03}" for i in best))
    for statistic in ("icc1", "icck", "icc3", "alpha"):
        over_all, over_best = (find(found, statistic, scope=scope)["estimate"] for scope in ("all", "shortlist"))
        assert over_best < over_all - 0.2


ROWS = st.integers(2, 5).flatmap(
    lambda raters: st.lists(
        st.lists(st.none() | st.integers(0, 10), min_size=raters, max_size=raters), min_size=2, max_size=8
    )
)


@settings(QUICK, max_examples=15)
@given(ROWS)
def test_every_sheet_gives_a_table_that_keeps_its_contract_without_a_warning(sheet: list[list[int | None]]) -> None:
    rows = np.array(sheet, dtype=np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = keep_contract("agreement", measure(rows, ("P000", "P001", "P002")), call_with(5))
    assert (found["low"].isna() | (found["low"] <= found["estimate"] + 1e-9)).all()
    alphas = found[(found["statistic"] == "alpha") & (found["scope"] == "all")]["estimate"]
    for alpha in alphas:
        assert alpha == pytest.approx(define_alpha(rows))


@settings(QUICK, max_examples=5)
@given(ROWS, st.randoms(use_true_random=False))
def test_the_order_of_rows_never_matters(sheet: list[list[int | None]], random: Any) -> None:
    rows = np.array(sheet, dtype=np.float64)
    scores = pd.concat([table_of(rows), table_of(rows[::-1], "policy")], ignore_index=True)
    individual = scores.groupby(["proposal", "rater"], as_index=False)["score"].mean()
    listed = pd.Series(["P000", "P001"])
    shuffled = [table.iloc[random.sample(range(len(table)), len(table))] for table in (scores, individual)]
    again = measure_agreement(*shuffled, listed[::-1], 1)
    pd.testing.assert_frame_equal(measure_agreement(scores, individual, listed, 1), again)


def test_another_seed_changes_nothing_but_the_interval_of_alpha() -> None:
    rows = make_rows(9, 15, 3)
    one, other = measure(rows, seed=1), measure(rows, seed=2)
    differs = (one["low"] != other["low"]) | (one["estimate"] != other["estimate"])
    assert set(one.loc[differs, "statistic"]) == {"alpha"}
    assert (one["estimate"] == other["estimate"]).all()


@pytest.mark.parametrize("score", [3.1, 0.7, 59 / 7])
def test_exact_agreement_is_1_in_every_statistic_however_its_scores_are_rounded(score: float) -> None:
    rows = np.array([[score] * 3, [7.3] * 3])
    found = keep_contract("agreement", measure(rows), call_with(3))
    assert found[found["scope"] == "all"]["estimate"].to_numpy() == pytest.approx([1] * 8)
    assert found[found["statistic"] != "alpha"][["low", "high"]].isna().all(axis=None)
    assert find(found, "alpha")["low"] == pytest.approx(1)


def test_raters_that_differ_by_a_constant_agree_exactly_once_their_effects_are_allowed_for() -> None:
    found = measure(np.arange(5)[:, np.newaxis] + np.array([0, 1.0, 4]))
    assert find(found, "icc3")["estimate"] == 1
    assert find(found, "icc1")["estimate"] < 0.9


@pytest.mark.parametrize(
    "rows",
    [
        np.full((4, 3), 7.0),  # all scores are equal
        np.arange(5.0)[:, np.newaxis],  # one rater
        np.arange(3.0)[np.newaxis, :],  # one proposal
        np.array([[1.0, 2.0], [3.0, np.nan], [np.nan, 5.0]]),  # one proposal with two raters
    ],
)
def test_where_there_is_nothing_to_compare_there_is_no_row(rows: Floats) -> None:
    found = keep_contract("agreement", measure(rows, ("P000", "P001")), call_with(3))
    assert found.empty


def test_a_statistic_that_the_scores_leave_undefined_has_no_row() -> None:
    once = np.full((3, 6), np.nan)  # every rater scored once: its effect cannot be told from the rest
    once[[0, 0, 1, 1, 2, 2], range(6)] = [5, 3, 1, 5, 7, 6]
    assert set(measure(once)["statistic"]) == {"icc1", "icck", "alpha"}
    alone = np.array([[5, 5], [5, 5], [7, np.nan]])  # what more than one rater scored is all equal
    assert set(measure(alone)["statistic"]) == {"icc1", "icck", "icc3"}


def test_indicators_tell_every_statistic_about_the_total_with_the_interval_that_it_has() -> None:
    table = measure(make_rows(10, 12, 3), ("P000", "P001", "P002", "P003"))
    found = {item.id: item.value for item in agreement.indicators(table)}
    method = {name: found.pop(f"agreement.{name}") for name in ("level", "scale.low", "scale.high")}
    assert method == {"level": 0.95, "scale.low": 0, "scale.high": 1}
    assert len(found) == 4 * 2 * 3
    row = find(table, "icc3", scope="shortlist")
    assert found["agreement.icc3.shortlist.high"] == row["high"]
    exact = {item.id for item in agreement.indicators(measure(np.array([[1.0, 1], [4, 4]])))}
    assert "agreement.icc1.all.estimate" in exact
    assert "agreement.icc1.all.low" not in exact


def test_nothing_given_is_changed() -> None:
    scores = table_of(make_rows(11, 6, 3, 0.2))
    individual, listed = scores.drop(columns="criterion"), pd.Series(["P000", "P001"])
    with unchanged(scores, individual, listed.to_frame()):
        measure_agreement(scores, individual, listed, 1)
