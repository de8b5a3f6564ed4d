"""Variance components of scores by restricted maximum likelihood, for a random effect per proposal.

The model is score = fixed + proposal + residual. With the mean as the only fixed effect it is the one-way model of
ICC(1); with an effect per rater it is the two-way mixed model of ICC(3) (Shrout and Fleiss 1979, Psychological Bulletin
86(2), 420-428). The likelihood is profiled down to one parameter, the share of the proposals in the variance, as in
Searle, Casella and McCulloch (1992), Variance Components, chapter 6; missing scores cost no row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import brentq, minimize_scalar
from scipy.sparse.csgraph import connected_components
from scipy.stats import chi2

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
HIGHEST = 1 - 1e-7  # a share of 1 leaves no residual, and no likelihood
RATIOS = np.geomspace(0.05, 1e7, 20)  # of the variances; a likelihood with two peaks has one near a share of 1
GRID = np.array([0, *(RATIOS / (1 + RATIOS)).clip(max=HIGHEST)])
ACCURACY = {"xatol": 1e-9}
EXACT = 1e-6  # at the highest share, agreement leaves less than this part of the sum of squares
NOTHING = 1e-12  # a smaller part of a sum of squares is what rounding left


@dataclass(frozen=True)
class Share:
    """The share of the proposals in the variance of a score, with the ends of its interval; NaN where there is none."""

    estimate: float
    low: float
    high: float


def estimate_share(proposal: Integers, score: Floats, rater: Integers | None = None, level: float = 0.95) -> Share:
    """Return the variance between proposals as a share of itself and the residual, with a profile interval.

    `proposal`, `score` and `rater` hold a position or a score per score; with `rater` every rater has a fixed effect.
    The interval holds the shares whose restricted likelihood is not refused against the best at the level.
    Where the scores of each proposal agree exactly the share is 1, without an interval; where the fixed effects leave
    nothing to divide, or proposals and fixed effects together as many unknowns as scores, there is no share.
    """
    profile = _Profile(proposal, score, np.zeros_like(proposal) if rater is None else rater)
    if profile.is_undefined():
        return Share(np.nan, np.nan, np.nan)
    if profile.is_exact():
        return Share(1.0, np.nan, np.nan)
    best = _highest(profile)
    limit = profile(best) - chi2.ppf(level, 1) / 2
    low = 0.0 if profile(0.0) >= limit else brentq(lambda share: profile(share) - limit, 0.0, best)
    high = 1.0 if profile(HIGHEST) >= limit else brentq(lambda share: profile(share) - limit, best, HIGHEST)
    return Share(best, float(low), float(high))


def _highest(profile: _Profile) -> float:
    """Return the share with the highest likelihood: every peak on a grid is refined between its neighbours."""
    values = np.array([profile(share) for share in GRID])
    padded = np.pad(values, 1, constant_values=-np.inf)
    found = {0.0: float(values[0])}
    for at in np.flatnonzero((values >= padded[:-2]) & (values >= padded[2:])).tolist():
        bounds = (GRID[max(at - 1, 0)], GRID[min(at + 1, len(GRID) - 1)])
        refined = minimize_scalar(lambda share: -profile(share), bounds=bounds, method="bounded", options=ACCURACY)
        found[float(refined.x)] = -float(refined.fun)
    return max(found, key=found.__getitem__)


class _Profile:
    """The restricted log-likelihood as a function of the share alone, up to a constant."""

    def __init__(self, proposal: Integers, score: Floats, rater: Integers) -> None:
        shape = (int(proposal.max()) + 1, int(rater.max()) + 1)
        centred = score - score.mean()
        # Scores (rows) by proposal and rater; a pair that was scored twice counts twice.
        self.pairs = sparse.csr_array((np.ones(len(score)), (proposal, rater)), shape=shape)
        self.sizes = np.bincount(proposal, minlength=shape[0]).astype(np.float64)
        self.loads = np.bincount(rater, minlength=shape[1]).astype(np.float64)
        self.sums = np.bincount(proposal, centred, shape[0])
        self.tallies = np.bincount(rater, centred, shape[1])
        self.square = float(centred @ centred)
        self.number, self.freedom = len(score), len(score) - shape[1]

    def __call__(self, share: float) -> float:
        residual, log_determinant = self._fit(share)
        spread = np.log1p(self.sizes * share / (1 - share)).sum()
        return -0.5 * (self.freedom * np.log(residual) + spread + log_determinant)

    def _fit(self, share: float) -> tuple[float, float]:
        """Return the weighted sum of squares that the fixed effects leave, and the log-determinant of their matrix."""
        ratio = share / (1 - share)
        weights = ratio / (1 + self.sizes * ratio)
        right = self.tallies - self.pairs.T @ (weights * self.sums)
        log_determinant, explained = self._solve(weights, right)
        return self.square - float(weights @ self.sums**2) - explained, log_determinant

    def _solve(self, weights: Floats, right: Floats) -> tuple[float, float]:
        """Return log |M| and right' M^-1 right for M = diag(loads) - pairs' diag(weights) pairs.

        The smaller of the two sides is factored: with more raters than proposals by the identity of Woodbury.
        """
        if self.pairs.shape[1] <= self.pairs.shape[0]:
            crossed = (self.pairs.T @ self.pairs.multiply(weights[:, np.newaxis]).tocsr()).toarray()
            factor = cho_factor(np.diag(self.loads) - crossed)
            return 2 * float(np.log(np.diag(factor[0])).sum()), float(right @ cho_solve(factor, right))
        scaled = self.pairs.multiply(np.sqrt(weights)[:, np.newaxis]).tocsr()
        inner = np.eye(len(weights)) - scaled.multiply(1 / self.loads).tocsr().dot(scaled.T).toarray()
        factor = cho_factor(inner)
        passed = scaled @ (right / self.loads)
        log_determinant = float(np.log(self.loads).sum()) + 2 * float(np.log(np.diag(factor[0])).sum())
        return log_determinant, float(right @ (right / self.loads) + passed @ cho_solve(factor, passed))

    def is_undefined(self) -> bool:
        """Return whether the fixed effects leave nothing, or the proposals no residual whatever the scores are."""
        both = sparse.block_array([[None, self.pairs], [self.pairs.T, None]], format="csr")
        unknown = both.shape[0] - connected_components(both)[0]
        return self._fit(0.0)[0] <= self.square * NOTHING or self.number <= unknown

    def is_exact(self) -> bool:
        """Return whether the fixed effects and the proposals leave no residual at all."""
        return self._fit(HIGHEST)[0] <= self._fit(0.0)[0] * EXACT
