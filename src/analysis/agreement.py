"""How far the raters agree: intraclass correlations and Krippendorff's alpha, per criterion and for the total."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.declarations import SCOPES
from analysis.indicators import Indicator, Recorder
from analysis.intervals import LEVEL
from analysis.reml import estimate_share
from analysis.tables.cells import TOTAL

Floats = NDArray[np.float64]
RESAMPLES = 1000
MOST_CELLS = 50_000_000  # resamples times proposals; beyond it fewer resamples are drawn, down to FEWEST
FEWEST = 100
ROUNDING = 1e-12  # a smaller part of a sum of squares is what rounding left of nothing


def measure_agreement(scores: pd.DataFrame, individual: pd.DataFrame, shortlist: pd.Series, seed: int) -> pd.DataFrame:
    """Return the agreement per criterion and for the total, over all proposals and over the shortlist.

    See the contract `agreement`. `shortlist` holds the ids of the shortlisted proposals. What fewer than two raters
    scored, or fewer than two proposals have from two raters, gives no row; neither does a statistic that these scores
    leave undefined.
    """
    whole = individual.assign(criterion=TOTAL)
    columns = ["proposal", "rater", "criterion", "score"]
    rows = []
    for scope in SCOPES:
        for name, table in [*scores[columns].groupby("criterion", observed=True), (TOTAL, whole[columns])]:
            kept = table if scope == "all" else table[table["proposal"].isin(shortlist)]
            rows += [{"criterion": name, "scope": scope, **row} for row in _measure(kept, seed)]
    names = ["criterion", "scope", "statistic", "estimate", "low", "high", "proposals", "raters"]
    return pd.DataFrame(rows, columns=names)


def indicators(agreement: pd.DataFrame) -> Iterator[Indicator]:
    """Yield the agreement about the total: every statistic over all proposals and over the shortlist.

    With them go the level of the intervals, and the ends of the scale that a coefficient is read on.
    """
    yield from Recorder(measure_agreement).each("agreement", {"level": LEVEL}, "share")
    yield from Recorder(measure_agreement).each("agreement.scale", {"low": 0, "high": 1}, "ratio")
    record = Recorder(measure_agreement, "agreement")
    for row in agreement[agreement["criterion"] == TOTAL].itertuples():
        for part in ("estimate", "low", "high"):
            value = getattr(row, part)
            if pd.notna(value):
                yield record.one(f"agreement.{row.statistic}.{row.scope}.{part}", float(value), "ratio")


def _measure(scores: pd.DataFrame, seed: int) -> Iterator[dict[str, object]]:
    scores = scores.sort_values(["proposal", "rater"])
    proposal, ids = pd.factorize(scores["proposal"])
    rater, raters = pd.factorize(scores["rater"])
    sizes = np.bincount(proposal)
    if len(raters) < 2 or (sizes > 1).sum() < 2:
        return
    values = scores["score"].to_numpy("float64")
    for statistic, (estimate, low, high) in _statistics(proposal, rater, values, seed):
        if np.isnan(estimate):
            continue
        yield {
            "statistic": statistic,
            "estimate": estimate,
            "low": low,
            "high": high,
            "proposals": len(ids),
            "raters": len(raters),
        }


def _statistics(
    proposal: NDArray[np.int64], rater: NDArray[np.int64], values: Floats, seed: int
) -> Iterator[tuple[str, tuple[float, float, float]]]:
    """Yield every statistic with estimate and the ends of its interval.

    ICC(1) is the reliability of one score in the one-way model, ICC(k) that of the mean of as many scores as a proposal
    has on average (the formula of Spearman and Brown), ICC(3) that of one score where raters have effects of their own.
    """
    if np.ptp(values) == 0:
        return  # no variance to divide
    single, mixed = estimate_share(proposal, values), estimate_share(proposal, values, rater)
    number = len(values) / (proposal.max() + 1)
    one = (single.estimate, single.low, single.high)
    yield "icc1", one
    yield "icck", tuple(number * share / (1 + (number - 1) * share) for share in one)
    yield "icc3", (mixed.estimate, mixed.low, mixed.high)
    yield "alpha", _alpha_with_interval(proposal, values, seed)


def _alpha_with_interval(proposal: NDArray[np.int64], values: Floats, seed: int) -> tuple[float, float, float]:
    """Return Krippendorff's alpha for interval data, with an interval by a bootstrap over the proposals."""
    units = _Units(proposal, values)
    estimate = float(units.measure(np.ones((1, units.number)))[0])
    if np.isnan(estimate):
        return np.nan, np.nan, np.nan
    resamples = int(np.clip(MOST_CELLS // units.number, FEWEST, RESAMPLES))
    rng = np.random.default_rng(seed)
    chances = np.full(units.number, 1 / units.number)
    drawn = np.concatenate([units.measure(rng.multinomial(units.number, chances, 10)) for _ in range(resamples // 10)])
    tail = (1 - LEVEL) / 2
    low, high = np.nanquantile(drawn, [tail, 1 - tail])
    return estimate, float(low), float(high)


class _Units:
    """The proposals with two scores or more, as sums from which alpha follows for any number of times each counts.

    Alpha is 1 less the observed over the expected disagreement, here the squared differences within and across units
    (Krippendorff 2011, Computing Krippendorff's Alpha-Reliability).
    """

    def __init__(self, proposal: NDArray[np.int64], values: Floats) -> None:
        centred = values - values.mean()
        sizes = np.bincount(proposal)
        paired = sizes > 1
        self.sizes = sizes[paired].astype(np.float64)
        self.sums = np.bincount(proposal, centred)[paired]
        self.squares = np.bincount(proposal, centred**2)[paired]
        # The squared differences of all ordered pairs in a unit, over the number of the other scores in it.
        # Rounding may leave less than nothing of equal scores.
        self.within = 2 * np.maximum(self.sizes * self.squares - self.sums**2, 0) / (self.sizes - 1)
        self.number = len(self.sizes)

    def measure(self, times: NDArray[np.float64] | NDArray[np.int64]) -> Floats:
        """Return alpha per row of `times` (rows, units); NaN where all scores of a row are equal."""
        size, summed, square = times @ self.sizes, times @ self.sums, times @ self.squares
        observed = times @ self.within / size
        spread = size * square - summed**2
        spread = np.where(spread > ROUNDING * size * square, spread, np.nan)
        return 1 - observed / (2 * spread / (size * (size - 1)))
