"""Intervals of 95%: for a share, for the difference between two shares, and for a rank correlation."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import NamedTuple

LEVEL = 0.95
DEVIATIONS = NormalDist().inv_cdf((1 + LEVEL) / 2)  # standard deviations on either side of the mean


class Interval(NamedTuple):
    """The ends of an interval."""

    low: float
    high: float

    def holds(self, value: float) -> bool:
        """Return whether the value lies between the ends or on one of them."""
        return self.low <= value <= self.high


def bound_share(part: int, whole: int) -> Interval:
    """Return the interval of the share that `part` is of `whole`, which is at least one.

    Source: Wilson 1927, Journal of the American Statistical Association 22, 209-212 (the score interval, without
    correction for continuity). It stays between 0 and 1, and has a length where all or none are counted.
    """
    square, share = DEVIATIONS**2, part / whole
    centre = share + square / (2 * whole)
    half = DEVIATIONS * math.sqrt(share * (1 - share) / whole + square / (4 * whole**2))
    weight = 1 + square / whole
    low, high = (centre - half) / weight, (centre + half) / weight
    return Interval(low if part else 0.0, high if part < whole else 1.0)


def bound_difference(part: int, whole: int, other_part: int, other_whole: int) -> Interval:
    """Return the interval of the first share less the other one, of independent groups of at least one each.

    Source: Newcombe 1998, Statistics in Medicine 17, 873-890, method 10: from the Wilson intervals of both shares.
    """
    share, other = part / whole, other_part / other_whole
    one, two = bound_share(part, whole), bound_share(other_part, other_whole)
    low = math.hypot(share - one.low, two.high - other)
    high = math.hypot(one.high - share, other - two.low)
    return Interval(share - other - low, share - other + high)


def bound_rank_correlation(correlation: float, pairs: int) -> Interval | None:
    """Return the interval of Spearman's rank correlation over so many pairs, at least four.

    Source: Bonett and Wright 2000, Psychometrika 65, 23-28: that of Fisher, with the variance (1 + r^2 / 2) / (n - 3).
    None for a correlation of -1 or 1, which has none. It draws no chance numbers, and for few pairs with many ties it
    keeps to its level where resampling does not.
    """
    if abs(correlation) >= 1:
        return None
    middle = math.atanh(correlation)
    half = DEVIATIONS * math.sqrt((1 + correlation**2 / 2) / (pairs - 3))
    return Interval(math.tanh(middle - half), math.tanh(middle + half))
