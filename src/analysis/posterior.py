"""Expected ranks by formula: the model of `gibbs`, solved for given variances and averaged over those.

Given the variances of proposals, panels and noise all effects are normal (a linear mixed model), so that the expected
rank of a proposal is one more than the sum, over the others, of the chance that each is better, a normal probability
(Laird and Louis 1989, Empirical Bayes ranking methods, Journal of Educational Statistics 14(1), 29-46). The variances
have few dimensions: their posterior is evaluated on a grid, with the priors of `gibbs`, and the expected ranks are
averaged over it. No draw is needed, so nothing is left to chance; what the grid leaves out is far below a place.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.gibbs import LEAST, SEVERITY, WIDEST, Design, keep_noise

Floats = NDArray[np.float64]
COARSE = {2: 40, 3: 14}  # points of the first grid per dimension, by the number of dimensions
FINE = {2: 15, 3: 7}  # points of the second grid, in the part that matters
DEEPEST = 12.0  # logarithm of how much less likely than the likeliest a point may be to matter
FAINTEST = 1e-5  # share of the weight; points with less are left out of the second grid
CROWD, FEWEST = 300, 5  # for more proposals, whose variances are known all the better, so many points will do
MOST_PROPOSALS, MOST_RATERS = 2_000, 60  # beyond them the formula is no quicker than the simulation


@dataclass(frozen=True)
class Posterior:
    """Points (deviations of proposals, noise and, where there are several, panels) with weights, which sum to 1."""

    model: _Model
    points: Floats
    weights: Floats

    def expect_ranks(self) -> Floats:
        """Return the expected rank of every proposal, 1 the best."""
        ranks = np.zeros(self.model.size)
        for point, weight in zip(self.points, self.weights, strict=True):
            mean, own, shared = self.model.solve(point)
            cross = shared @ shared.T
            total = own + np.diag(cross)
            spread = np.sqrt(np.maximum(total[:, np.newaxis] + total - 2 * cross, np.finfo(float).tiny))
            better = ndtr((mean - mean[:, np.newaxis]) / spread)  # [i, j]: the chance that j is better than i
            ranks += weight * (better.sum(axis=1) + 0.5)  # half a place too few: each against itself counts a half
        return ranks

    def draw_ranks(self, draws: int, seed: int) -> NDArray[np.int64]:
        """Return how often each proposal has each rank (proposals, ranks) in draws from the posterior, with mirrors."""
        rng = np.random.default_rng(seed)
        size = self.model.size
        counts = np.zeros(size * size, dtype=np.int64)
        for point, number in zip(self.points, _allot(self.weights, draws), strict=True):
            mean, own, shared = self.model.solve(point)
            noise = rng.standard_normal((number, size)) * np.sqrt(own)
            noise += rng.standard_normal((number, shared.shape[1])) @ shared.T
            effects = np.concatenate([mean + noise, mean - noise])
            order = np.argsort(-effects, axis=1)
            cells = order * size + np.arange(size)
            counts += np.bincount(cells.ravel(), minlength=size * size)
        return counts.reshape(size, size)


def is_quick(design: Design) -> bool:
    """Return whether the formula is quicker for a design than the simulation."""
    return design.proposals <= MOST_PROPOSALS and int(design.rater.max()) < MOST_RATERS


def find_posterior(design: Design) -> Posterior:
    """Return the posterior of the variances of a design on a grid."""
    model = _Model(design)
    dimensions = 3 if model.panels > 1 else 2
    ends = np.array([[np.sqrt(LEAST), np.sqrt(LEAST), np.sqrt(LEAST)], [WIDEST, np.sqrt(2) * WIDEST, WIDEST]])
    ends = ends[:, :dimensions]
    steps = (ends[1] - ends[0]) / COARSE[dimensions]
    coarse, _ = _cross([np.arange(low + step / 2, high, step) for low, high, step in zip(*ends, steps, strict=True)])
    density = model.weigh(coarse)
    near = coarse[density > density.max() - DEEPEST]
    box = np.clip([near.min(axis=0) - steps, near.max(axis=0) + steps], ends[0], ends[1])
    points, lengths = _cross_legendre(box, FINE[dimensions] if model.size <= CROWD else FEWEST)
    logs = model.weigh(points)
    weights = np.exp(logs - logs.max()) * lengths
    kept = weights > FAINTEST * weights.sum()
    return Posterior(model, points[kept], weights[kept] / weights[kept].sum())


def _cross(axes: list[Floats]) -> tuple[Floats, Floats]:
    """Return all combinations of the values of the axes (points, dimensions), and the size of each."""
    grids = np.meshgrid(*axes, indexing="ij")
    points = np.stack([grid.ravel() for grid in grids], axis=1)
    return points, np.ones(len(points))


def _cross_legendre(box: Floats, number: int) -> tuple[Floats, Floats]:
    """Return the points of Gauss-Legendre quadrature in a box (2, dimensions), with their weights."""
    nodes, lengths = np.polynomial.legendre.leggauss(number)
    half, middle = (box[1] - box[0]) / 2, (box[1] + box[0]) / 2
    points, _ = _cross([centre + size * nodes for centre, size in zip(middle, half, strict=True)])
    weights, _ = _cross([lengths] * len(half))
    return points, weights.prod(axis=1)


def _allot(weights: Floats, draws: int) -> NDArray[np.int64]:
    """Return how many of the draws each point has: whole numbers that add up, in proportion to the weights."""
    ends = np.round(np.cumsum(weights) * draws).astype(np.int64)
    return np.diff(ends, prepend=0)


class _Model:
    """The normal equations of a design: proposals are many and solved one by one, raters and panels few and together.

    A point is (tau, s, omega): standard deviations of proposals, noise and, where there are several, panels.
    """

    def __init__(self, design: Design) -> None:
        self.size, self.panels = design.proposals, int(design.panel.max()) + 1
        self.raters = int(design.rater.max()) + 1
        centred = design.score - design.mu
        self.number, self.square = len(centred), float(centred @ centred)
        blocks = [design.rater] + ([self.raters + design.panel[design.proposal]] if self.panels > 1 else [])
        width = self.raters + (self.panels if self.panels > 1 else 0)
        self.cross = np.zeros((self.size, width))
        self.inner, self.right = np.zeros((width, width)), np.zeros(width)
        incidence = np.zeros((self.number, width))
        for block in blocks:
            np.add.at(self.cross, (design.proposal, block), 1.0)
            incidence[np.arange(self.number), block] = 1.0
        self.inner, self.right = incidence.T @ incidence, incidence.T @ centred
        self.counts = np.bincount(design.proposal).astype(np.float64)
        self.sums = np.bincount(design.proposal, centred)

    @cached_property
    def alike(self) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """Return, over the proposals with as many scores: that number, how many there are, their sums of products."""
        levels, own = np.unique(self.counts, return_inverse=True)
        parts = [(self.cross[own == one], self.sums[own == one]) for one in range(len(levels))]
        return (
            levels,
            np.array([float(len(sums)) for _, sums in parts]),
            np.array([cross.T @ cross for cross, _ in parts]),
            np.array([cross.T @ sums for cross, sums in parts]),
            np.array([sums @ sums for _, sums in parts]),
        )

    def weigh(self, points: Floats) -> Floats:
        """Return the logarithm of the posterior density of each point, but for a constant."""
        tau, noise = points[:, :1] ** 2, points[:, 1] ** 2
        levels, times, crosses, mixed, squares = self.alike
        own = levels / noise[:, np.newaxis] + 1 / tau  # precision of a proposal's effect, given all else
        inner = self._inner(points) - np.tensordot(1 / own, crosses, 1) / noise[:, np.newaxis, np.newaxis] ** 2
        right = self.right / noise[:, np.newaxis] - (1 / own) @ mixed / noise[:, np.newaxis] ** 2
        explained = (1 / own) @ squares / noise**2 + (
            right * np.linalg.solve(inner, right[..., np.newaxis])[..., 0]
        ).sum(1)
        spread = self.number * np.log(noise) + self.size * np.log(tau[:, 0]) + np.log(own) @ times
        spread += np.linalg.slogdet(inner)[1]
        if self.panels > 1:
            spread += self.panels * np.log(points[:, 2] ** 2)
        with np.errstate(divide="ignore"):
            prior = np.log(points[:, 1]) + np.log(keep_noise(noise))
        return prior - (spread + self.square / noise - explained) / 2

    def solve(self, point: Floats) -> tuple[Floats, Floats, Floats]:
        """Return mean, own variance, and what varies together (proposals, raters and panels) of the effects.

        The covariance of the effects is the own variance on the diagonal plus the last times its transpose.
        """
        tau, noise = point[0] ** 2, point[1] ** 2
        own = 1 / (self.counts / noise + 1 / tau)
        pulled = self.cross * (own / noise)[:, np.newaxis]
        inner = self._inner(point[np.newaxis])[0] - pulled.T @ self.cross / noise
        small = np.linalg.solve(inner, self.right / noise - pulled.T @ self.sums / noise)
        root = np.linalg.inv(np.linalg.cholesky(inner)).T
        return own * self.sums / noise - pulled @ small, own, pulled @ root

    def _inner(self, points: Floats) -> Floats:
        """Return the precision of raters and panels at each point (points, width, width), before proposals are out."""
        noise = points[:, 1, np.newaxis] ** 2
        prior = np.full((len(points), len(self.right)), 1 / SEVERITY**2)
        if self.panels > 1:
            prior[:, self.raters :] = 1 / points[:, 2:] ** 2
        return self.inner / noise[..., np.newaxis] + prior[..., np.newaxis] * np.eye(len(self.right))
