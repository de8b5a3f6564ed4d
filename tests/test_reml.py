"""The share of proposals in the variance: published values, analysis of variance, another package, dense matrices."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from builders import QUICK
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.linalg import null_space
from scipy.stats import chi2, f

from analysis.reml import Share, estimate_share

Floats = NDArray[np.float64]
Cells = dict[tuple[int, int], float]  # a score by proposal and rater
PUBLISHED = ["9258", "6132", "8468", "7126", "10 5 6 9", "6247"]  # Shrout and Fleiss (1979), table 2


def cells_of(rows: Floats) -> Cells:
    """Return the scores of a table with a row per proposal; NaN is a missing one."""
    return {(i, j): float(score) for (i, j), score in np.ndenumerate(rows) if not np.isnan(score)}


def estimate(cells: Cells, *, by_rater: bool) -> Share:
    """Return the share with or without effects of raters, with positions that leave none out."""
    ordered = sorted(cells)
    proposal = pd.factorize(np.array([i for i, _ in ordered]))[0]
    rater = pd.factorize(np.array([j for _, j in ordered]))[0]
    return estimate_share(proposal, np.array([cells[key] for key in ordered]), rater if by_rater else None)


def make_sheet(seed: int, proposals: int, raters: int, missing: float = 0.0, spread: float = 1.0) -> Floats:
    """Return scores of proposals, as true as `spread` makes them, by raters of different severity."""
    rng = np.random.default_rng(seed)
    whole = rng.normal(0, spread, (proposals, 1)) + rng.normal(0, 0.7, raters) + rng.normal(0, 1, (proposals, raters))
    return np.where(rng.uniform(size=whole.shape) < missing, np.nan, whole)


def squares_of(rows: Floats) -> tuple[float, float, float]:
    """Return the mean squares between proposals, within them, and of the error, of a table without gaps."""
    proposals, raters = rows.shape
    of_proposals = rows.mean(axis=1, keepdims=True)
    error = rows - of_proposals - rows.mean(axis=0) + rows.mean()
    between = raters * ((of_proposals - rows.mean()) ** 2).sum() / (proposals - 1)
    within = ((rows - of_proposals) ** 2).sum() / (proposals * (raters - 1))
    return between, within, (error**2).sum() / ((proposals - 1) * (raters - 1))


def test_the_published_example_of_six_targets_and_four_judges_has_its_published_values() -> None:
    rows = np.array([[float(mark) for mark in (row.split() if " " in row else row)] for row in PUBLISHED])
    single, mixed = (estimate(cells_of(rows), by_rater=by).estimate for by in (False, True))
    assert round(single, 2) == 0.17
    assert round(mixed, 2) == 0.71
    assert round(4 * single / (1 + 3 * single), 2) == 0.44
    assert round(4 * mixed / (1 + 3 * mixed), 2) == 0.91


@pytest.mark.parametrize(("proposals", "raters"), [(12, 3), (60, 5), (4, 9)])
def test_without_gaps_the_share_is_that_of_the_analysis_of_variance(proposals: int, raters: int) -> None:
    rows = make_sheet(1, proposals, raters)
    between, within, error = squares_of(rows)
    for by_rater, rest in ((False, within), (True, error)):
        wanted = (between - rest) / (between + (raters - 1) * rest)
        assert estimate(cells_of(rows), by_rater=by_rater).estimate == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize(("proposals", "raters", "spread"), [(60, 4, 1.0), (40, 3, 2.0), (100, 5, 0.5)])
def test_without_gaps_the_interval_is_near_that_of_the_f_distribution(
    proposals: int, raters: int, spread: float
) -> None:
    rows = make_sheet(2, proposals, raters, spread=spread)
    between, within, error = squares_of(rows)
    freedom = {False: proposals * (raters - 1), True: (proposals - 1) * (raters - 1)}
    for by_rater, rest in ((False, within), (True, error)):
        found = estimate(cells_of(rows), by_rater=by_rater)
        ratio = between / rest / f.ppf([0.975, 0.025], proposals - 1, freedom[by_rater])
        assert [found.low, found.high] == pytest.approx((ratio - 1) / (ratio + raters - 1), abs=0.02)


@pytest.mark.parametrize("by_rater", [False, True])
@pytest.mark.parametrize("seed", [3, 4, 5])
def test_with_gaps_the_share_is_that_of_a_mixed_model_by_another_package(seed: int, by_rater: bool) -> None:
    models = pytest.importorskip("statsmodels.formula.api")
    cells = cells_of(make_sheet(seed, 40, 5, missing=0.3))
    table = pd.DataFrame([(*key, score) for key, score in cells.items()], columns=["proposal", "rater", "score"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = models.mixedlm("score ~ C(rater)" if by_rater else "score ~ 1", table, groups=table["proposal"])
        fitted = model.fit(reml=True)
    between = float(fitted.cov_re.iloc[0, 0])
    assert estimate(cells, by_rater=by_rater).estimate == pytest.approx(between / (between + fitted.scale), abs=5e-5)


def likelihood_of(cells: Cells, by_rater: bool, shares: Floats) -> Floats:
    """Return the restricted log-likelihood at shares, by dense matrices of what is orthogonal to the fixed effects."""
    who, by = np.array(sorted(cells)).T
    score = np.array([cells[key] for key in sorted(cells)])
    fixed = (by[:, np.newaxis] == np.unique(by)) * 1.0 if by_rater else np.ones((len(score), 1))
    free = null_space(fixed.T)
    together = free.T @ (who[:, np.newaxis] == who) @ free
    # In the directions of its own axes the dense matrix is a number each, whatever the share.
    sizes, axes = np.linalg.eigh(together)
    along = (axes.T @ free.T @ score) ** 2
    variance = (1 - shares)[:, np.newaxis] + shares[:, np.newaxis] * np.maximum(sizes, 0)
    return -0.5 * (len(along) * np.log((along / variance).sum(axis=1)) + np.log(variance).sum(axis=1))


def check_profile(cells: Cells, by_rater: bool) -> None:
    """Fail where the estimate is not the best share, or an end of the interval not where it is refused."""
    found = estimate(cells, by_rater=by_rater)
    scanned = likelihood_of(cells, by_rater, np.linspace(0, 1 - 1e-6, 4001))
    best, *ends, lowest, highest = likelihood_of(
        cells, by_rater, np.array([found.estimate, found.low, min(found.high, 1 - 1e-7), 0, 1 - 1e-7])
    )
    assert best == pytest.approx(max(best, scanned.max()), abs=1e-5)
    limit = best - chi2.ppf(0.95, 1) / 2
    for end, at_bound, value in ((found.low, 0, lowest), (found.high, 1, highest)):
        if end == at_bound:
            assert value >= limit - 1e-6
    inner = [value for end, value in zip((found.low, found.high), ends, strict=True) if 0 < end < 1]
    assert inner == pytest.approx([limit] * len(inner), abs=1e-3)
    assert found.low <= found.estimate <= found.high


@pytest.mark.parametrize("by_rater", [False, True])
@pytest.mark.parametrize(("proposals", "raters"), [(30, 4), (5, 12), (8, 8)])
def test_estimate_and_interval_are_those_of_dense_matrices_with_more_or_fewer_raters_than_proposals(
    proposals: int, raters: int, by_rater: bool
) -> None:
    check_profile(cells_of(make_sheet(6, proposals, raters, missing=0.25)), by_rater)


def test_of_two_peaks_of_the_likelihood_the_higher_is_found_even_where_it_is_narrow() -> None:
    two = {(0, 1): 3.0, (0, 2): 0, (0, 3): 0, (1, 0): 0, (2, 0): 7, (2, 1): 0, (3, 1): 3, (3, 2): 1}
    values = likelihood_of(two, True, np.array([0, 0.7, 0.988]))
    assert values[1] < values[0] < values[2]
    check_profile(two, True)
    assert estimate(two, by_rater=True).estimate > 0.9


SHEETS = st.dictionaries(
    st.tuples(st.integers(0, 4), st.integers(0, 6)), st.integers(0, 12).map(float), min_size=8, max_size=30
)


@settings(QUICK, max_examples=40)
@given(SHEETS, st.booleans())
def test_estimate_and_interval_are_those_of_dense_matrices_for_any_sheet(cells: Cells, by_rater: bool) -> None:
    found = estimate(cells, by_rater=by_rater)
    assume(not np.isnan(found.low))
    check_profile(cells, by_rater)


@settings(QUICK, max_examples=25)
@given(SHEETS, st.booleans(), st.randoms(use_true_random=False))
def test_length_and_origin_of_the_scale_and_names_of_raters_play_no_part(
    cells: Cells, by_rater: bool, random: st.DrawFn
) -> None:
    names = list(range(7))
    random.shuffle(names)
    moved = {(4 - i, names[j]): 3 * score - 20 for (i, j), score in cells.items()}
    once, again = estimate(cells, by_rater=by_rater), estimate(moved, by_rater=by_rater)
    assert [again.estimate, again.low, again.high] == pytest.approx(
        [once.estimate, once.low, once.high], abs=2e-4, nan_ok=True
    )


def test_effects_of_raters_are_no_part_of_the_share_that_allows_for_them() -> None:
    rows = make_sheet(7, 20, 4, missing=0.2)
    harsher = rows - np.array([0, 5, 0, 2])
    mixed = [estimate(cells_of(sheet), by_rater=True).estimate for sheet in (rows, harsher)]
    assert mixed[0] == pytest.approx(mixed[1], abs=1e-6)
    assert estimate(cells_of(harsher), by_rater=False).estimate < mixed[1] / 2


def test_a_pair_scored_twice_counts_twice() -> None:
    proposal, rater = np.array([0, 0, 1, 1, 2, 2, 0]), np.array([0, 1, 0, 1, 0, 1, 1])
    score = np.array([1.0, 2, 3, 4, 2, 5, 3])
    twice = estimate_share(proposal, score, rater)
    spread = {(i, j): s for i, j, s in zip(proposal[:6], rater[:6], score[:6], strict=True)}
    shares = np.linspace(0, 0.999, 1000)
    fixed = (rater[:, np.newaxis] == np.unique(rater)) * 1.0
    free = null_space(fixed.T)
    dense = []
    for share in shares:
        whole = free.T @ ((1 - share) * np.eye(7) + share * (proposal[:, np.newaxis] == proposal)) @ free
        rest = free.T @ score
        dense.append(-0.5 * (5 * np.log(rest @ np.linalg.solve(whole, rest)) + np.linalg.slogdet(whole)[1]))
    assert twice.estimate == pytest.approx(shares[np.argmax(dense)], abs=1e-3)
    assert twice.estimate != pytest.approx(estimate(spread, by_rater=True).estimate, abs=1e-3)


def test_scores_that_agree_exactly_have_share_1_without_an_interval() -> None:
    agreed = {(i, j): 1.1 * i for i in range(4) for j in range(3)}
    apart = {(i, j): 1.1 * i + j for i in range(4) for j in range(3)}  # the raters differ by a constant
    for cells, by_rater in ((agreed, False), (agreed, True), (apart, True)):
        found = estimate(cells, by_rater=by_rater)
        assert found.estimate == 1
        assert np.isnan([found.low, found.high]).all()
    assert 0 < estimate(apart, by_rater=False).estimate < 1


@pytest.mark.parametrize(
    ("cells", "by_rater"),
    [
        ({(i, j): 4.0 for i in range(3) for j in range(3)}, False),  # all scores are equal
        ({(i, j): 4.0 + j for i in range(3) for j in range(3)}, True),  # raters differ, proposals do not
        ({(i, i): float(i) for i in range(4)}, False),  # a score per proposal
        ({(i, 2 * i + j): float(i * j) for i in range(3) for j in range(2)}, True),  # a score per rater
        ({(0, 0): 1.0, (0, 1): 5, (1, 0): 3, (1, 2): 4, (2, 3): 1, (2, 4): 9}, True),  # pairs without a circle
    ],
)
def test_where_no_variance_or_no_residual_can_show_there_is_no_share(cells: Cells, by_rater: bool) -> None:
    found = estimate(cells, by_rater=by_rater)
    assert np.isnan([found.estimate, found.low, found.high]).all()


def test_a_wider_level_gives_a_wider_interval() -> None:
    rows = make_sheet(8, 15, 4)
    proposal, score = np.repeat(np.arange(15), 4), rows.ravel()
    narrow, wide = (estimate_share(proposal, score, level=level) for level in (0.5, 0.99))
    assert wide.low < narrow.low < narrow.estimate == wide.estimate < narrow.high < wide.high
