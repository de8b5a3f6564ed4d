"""Intervals: against scipy and statsmodels, at their ends, and as often right as they say."""

from __future__ import annotations

import numpy as np
import pytest
from builders import QUICK
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, rankdata, spearmanr
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from analysis.intervals import DEVIATIONS, LEVEL, bound_difference, bound_rank_correlation, bound_share

PARTS = st.integers(1, 400).flatmap(lambda whole: st.tuples(st.integers(0, whole), st.just(whole)))


def test_the_level_is_that_of_the_normal_table() -> None:
    assert LEVEL == 0.95
    assert pytest.approx(1.959963984540054) == DEVIATIONS


@QUICK
@given(PARTS)
def test_a_share_has_the_interval_of_scipy_and_of_statsmodels(counted: tuple[int, int]) -> None:
    part, whole = counted
    found = bound_share(part, whole)
    theirs = binomtest(part, whole).proportion_ci(LEVEL, method="wilson")
    assert tuple(found) == pytest.approx((theirs.low, theirs.high), abs=1e-12)
    assert tuple(found) == pytest.approx(proportion_confint(part, whole, 1 - LEVEL, "wilson"), abs=1e-12)
    assert 0 <= found.low <= part / whole <= found.high <= 1


def test_a_share_of_none_or_of_all_has_an_interval_that_ends_there_exactly() -> None:
    assert bound_share(0, 7).low == 0
    assert bound_share(0, 7).high > 0.2
    assert bound_share(7, 7).high == 1
    assert bound_share(7, 7).low < 0.8


@QUICK
@given(PARTS, PARTS)
def test_a_difference_has_the_interval_of_statsmodels(one: tuple[int, int], other: tuple[int, int]) -> None:
    theirs = confint_proportions_2indep(*one, *other, compare="diff", method="newcomb", alpha=1 - LEVEL)
    found = bound_difference(*one, *other)
    assert tuple(found) == pytest.approx(theirs, abs=1e-9)
    back = bound_difference(*other, *one)
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))


def test_an_interval_holds_its_ends() -> None:
    found = bound_share(3, 9)
    assert found.holds(found.low)
    assert found.holds(found.high)
    assert not found.holds(found.high + 1e-9)
    assert not found.holds(found.low - 1e-9)


def test_a_rank_correlation_of_none_has_the_interval_that_is_reckoned_by_hand() -> None:
    found = bound_rank_correlation(0, 103)
    assert found is not None
    assert found.high == pytest.approx(np.tanh(0.1959963984540054))
    assert found.low == -found.high


def test_a_perfect_rank_correlation_has_no_interval() -> None:
    assert bound_rank_correlation(1.0, 20) is None
    assert bound_rank_correlation(-1.0, 20) is None


@pytest.mark.parametrize("tied", [False, True])
def test_a_rank_correlation_lies_in_its_interval_about_as_often_as_it_says(tied: bool) -> None:
    """A draw of 1,000 samples of fifteen pairs: of a share of 95% the standard error is then 0.7%."""
    rng = np.random.default_rng(2)

    def sample(*size: int) -> tuple[np.ndarray, np.ndarray]:
        first, noise = rng.normal(size=(2, *size))
        second = 0.5 * first + np.sqrt(0.75) * noise
        return (np.digitize(first, [-1, 0]), np.digitize(second, [-0.5, 0.8])) if tied else (first, second)

    truth = float(spearmanr(*sample(200_000)).statistic)
    ranks = [rankdata(values, axis=1) for values in sample(1_000, 15)]
    found = [np.corrcoef(one, other)[0, 1] for one, other in zip(*ranks, strict=True) if one.std() and other.std()]
    intervals = [bound_rank_correlation(value, 15) for value in found]
    held = np.mean([interval is not None and interval.holds(truth) for interval in intervals])
    assert 0.92 <= held <= 0.985
