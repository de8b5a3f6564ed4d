"""A Gibbs sampler for the ranks of proposals that raters of different severity scored.

The model is that of Heyard, Ott, Salanti and Egger (2022), Statistics and Public Policy 9(1), 110-121, on a scale
from 1 to 6: a score is mu + theta (of the proposal) + alpha (of its panel) + nu (of the rater) + noise, with
theta ~ N(0, tau^2), alpha ~ N(0, omega^2), nu ~ N(0, 0.5^2), tau, omega ~ U(0, 2), and mu fixed at the mean of the
proposals' means. The noise is the sum of two normal terms whose standard deviations are U(0, 2) each; with at most one
score per pair only their sum shows in the data, so its variance s^2 is drawn with the prior that they imply.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc, gammainccinv

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SEVERITY = 0.5  # standard deviation of a rater's severity
WIDEST = 2.0  # the standard deviations of the model lie below this
LEAST = 1e-4  # variance of the noise; where raters agree exactly it would shrink to nothing without end
CHAINS = 4
WARM_UP = 500  # draws of each chain that are left out
BATCHES = 40  # per chain at first; ranks are counted batch by batch, so that no draw is kept
BLOCKS = 10  # per chain; neighbouring batches together outlast the correlation between draws


@dataclass(frozen=True)
class Design:
    """Scores on the scale from 1 to 6 with the positions of their proposals and raters, in order of proposal.

    `proposal`, `rater`, `score` have one item per score; `panel` has one per proposal. Every proposal, rater and panel
    from 0 to the highest occurs, and no pair of proposal and rater occurs twice.
    """

    proposal: Integers
    rater: Integers
    score: Floats
    panel: Integers

    @property
    def proposals(self) -> int:
        """Return the number of proposals."""
        return len(self.panel)

    @property
    def mu(self) -> float:
        """Return the mean of the proposals' mean scores."""
        sums, counts = np.bincount(self.proposal, self.score), np.bincount(self.proposal)
        return float((sums / counts).mean())


@dataclass
class Tally:
    """The ranks drawn so far: how often each proposal had each rank, and mean and mean square per chain and batch.

    `counts` is (proposals, ranks); `means` and `squares` hold an array (2, chains, proposals) per batch, for the draws
    and for their mirror images; `effects` is the sum of the drawn effects of the proposals and `severities` that of the
    raters, over all draws.
    """

    counts: Integers
    effects: Floats
    severities: Floats
    batch: int
    means: list[Floats] = field(default_factory=list)
    squares: list[Floats] = field(default_factory=list)

    @property
    def steps(self) -> int:
        """Return the number of draws of each chain."""
        return self.batch * len(self.means)

    @property
    def draws(self) -> int:
        """Return the number of draws of all chains together, each with its mirror image."""
        return 2 * CHAINS * self.steps

    def add(self, theta: Floats) -> None:
        """Count the ranks of a batch of effects (draws, 2, chains, proposals); the highest effect has rank 1."""
        number = theta.shape[-1]
        ranks = np.empty(theta.shape, dtype=np.int64)
        np.put_along_axis(ranks, np.argsort(-theta, axis=-1), np.arange(number), axis=-1)
        cells = (np.arange(number) * number + ranks).ravel()
        self.counts += np.bincount(cells, minlength=number * number).reshape(number, number)
        ranks += 1
        self.means.append(ranks.mean(axis=0))
        self.squares.append((ranks.astype(np.float64) ** 2).mean(axis=0))
        self.effects += theta.sum(axis=(0, 1, 2))

    def measure_convergence(self) -> tuple[Floats, Floats]:
        """Return R-hat and effective sample size of every proposal's rank.

        R-hat is that of the chains split in halves (Gelman and others, Bayesian Data Analysis, 3rd edition, 11.4),
        without the mirror images, which would bring the chains together before they have converged. The effective
        sample size follows from the variance of the means of BLOCKS blocks of batches per chain (11.5), with them, so
        that it may exceed the number of draws. A rank that never varies has R-hat 1 and the number of draws.
        """
        means, squares = np.array(self.means)[:, 0], np.array(self.squares)[:, 0]
        half = len(means) // 2
        parts = [slice(0, half), slice(len(means) - half, None)]
        centres = np.concatenate([means[part].mean(axis=0) for part in parts])
        spreads = np.concatenate([squares[part].mean(axis=0) for part in parts]) - centres**2
        length = half * self.batch
        within, between = spreads.mean(axis=0) * length / (length - 1), centres.var(axis=0, ddof=1)
        varies = within > 0
        safe = np.where(varies, within, 1.0)
        r_hat = np.where(varies, np.sqrt((length - 1) / length + between / safe), np.where(between > 0, np.inf, 1.0))
        return r_hat, self._size(within)

    def _size(self, within: Floats) -> Floats:
        """Return how many independent draws would tell the mean rank as closely, given the variance of the rank."""
        merged = max(len(self.means) // BLOCKS, 1)
        whole = np.array(self.means[: len(self.means) // merged * merged]).mean(axis=1)
        blocks = whole.reshape(-1, merged, *whole.shape[1:]).mean(axis=1)
        variance = blocks.var(axis=(0, 1), ddof=1) / (len(blocks) * CHAINS)
        return np.where(variance > 0, within / np.where(variance > 0, variance, 1), self.draws)


def sample_ranks(design: Design, draws: int, seed: int, r_hat: float, longest: int) -> Tally:
    """Return the ranks of `draws` draws per chain, and of more, up to `longest` times as many, until they converge.

    They have converged when every rank's R-hat lies below `r_hat`. The same seed and scores give the same ranks.
    """
    chains = _Chains(design, np.random.default_rng(seed))
    chains.advance(WARM_UP)
    number = design.proposals
    batch = -(-draws // BATCHES)
    tally = Tally(np.zeros((number, number), np.int64), np.zeros(number), np.zeros(chains.raters.size), batch)
    for _ in range(longest):
        for _ in range(BATCHES):
            theta, severities = chains.advance(batch)
            tally.add(theta)
            tally.severities += severities
        if tally.measure_convergence()[0].max() < r_hat:
            break
    return tally


class _Sums:
    """Adds up what belongs to the same item: positions of the items in order, so that each is a run of neighbours."""

    def __init__(self, items: Integers) -> None:
        self.order = np.argsort(items, kind="stable")
        self.starts = np.flatnonzero(np.diff(items[self.order], prepend=-1))
        self.size = len(self.starts)
        self.counts = np.bincount(items).astype(np.float64)

    def of(self, values: Floats) -> Floats:
        """Return the sums of values (chains, scores) per item (chains, items)."""
        return np.add.reduceat(values[:, self.order], self.starts, axis=1)


class _Chains:
    """The state of all chains at once: effects (chains, items) and variances (chains, 1)."""

    def __init__(self, design: Design, rng: np.random.Generator) -> None:
        self.design, self.rng = design, rng
        self.of_proposal = np.ascontiguousarray(design.proposal)
        self.of_rater = np.ascontiguousarray(design.rater)
        self.of_panel = design.panel[design.proposal]
        panel_of_rater = np.zeros(design.rater.max() + 1, dtype=np.int64)
        panel_of_rater[design.rater] = self.of_panel
        self.panel_of_rater = panel_of_rater
        self.proposals, self.raters = _Sums(design.proposal), _Sums(design.rater)
        self.panels = _Sums(self.of_panel)
        self.panel_proposals, self.panel_raters = _Sums(design.panel), _Sums(panel_of_rater)
        self.centred = (design.score - design.mu)[np.newaxis, :]
        self.theta = rng.normal(0, 1, (CHAINS, self.proposals.size))
        self.nu = rng.normal(0, SEVERITY, (CHAINS, self.raters.size))
        self.alpha = np.zeros((CHAINS, self.panels.size))
        self.noise, self.tau, self.omega = (rng.uniform(0.1, 2, (CHAINS, 1)) for _ in range(3))

    @property
    def several_panels(self) -> bool:
        return self.panels.size > 1

    def advance(self, steps: int) -> tuple[Floats, Floats]:
        """Return the effects of the proposals (steps, 2, chains, proposals), and the sum of the raters' severities.

        Each draw comes with its mirror image around the mean of its distribution, which is as good a draw: together
        they have a mean rank that varies far less than one alone.
        """
        drawn = np.empty((steps, 2, *self.theta.shape))
        severities = np.zeros(self.raters.size)
        for step in range(steps):
            drawn[step, 1] = self._draw_effects()
            drawn[step, 0] = self.theta
            self._shift()
            self._draw_variances()
            severities += self.nu.sum(axis=0)
        return drawn, severities

    def _draw_effects(self) -> Floats:
        """Draw the effects of proposals, raters and panels, each given the others; return the first ones' mirror."""
        panels = self.alpha[:, self.of_panel] if self.several_panels else 0.0
        rest = self.centred - panels
        self.theta, mirrored = self._draw(self.proposals, rest - self.nu[:, self.of_rater], self.tau)
        rest = self.centred - self.theta[:, self.of_proposal]
        self.nu, _ = self._draw(self.raters, rest - panels, SEVERITY**2)
        if self.several_panels:
            self.alpha, _ = self._draw(self.panels, rest - self.nu[:, self.of_rater], self.omega)
        return mirrored

    def _draw(self, sums: _Sums, residual: Floats, variance: Floats | float) -> tuple[Floats, Floats]:
        """Return effects drawn from their normal distribution given all else, and the mirror image of the draw."""
        precision = sums.counts / self.noise + 1 / variance
        mean = sums.of(residual) / self.noise / precision
        deviation = self.rng.standard_normal(mean.shape) / np.sqrt(precision)
        return mean + deviation, mean - deviation

    def _shift(self) -> None:
        """Draw a shift per panel between effects whose sum alone shows in the data, so that the chains do not crawl."""
        shift = self._draw_shift(
            (self.panel_proposals, self.theta, self.tau), (self.panel_raters, self.nu, SEVERITY**2)
        )
        self.theta = self.theta + shift[:, self.design.panel]
        self.nu = self.nu - shift[:, self.panel_of_rater]
        if self.several_panels:
            each = _Sums(np.arange(self.panels.size))
            shift = self._draw_shift((self.panel_proposals, self.theta, self.tau), (each, self.alpha, self.omega))
            self.theta = self.theta + shift[:, self.design.panel]
            self.alpha = self.alpha - shift

    def _draw_shift(
        self, up: tuple[_Sums, Floats, Floats | float], down: tuple[_Sums, Floats, Floats | float]
    ) -> Floats:
        precision = up[0].counts / up[2] + down[0].counts / down[2]
        mean = (down[0].of(down[1]) / down[2] - up[0].of(up[1]) / up[2]) / precision
        return mean + self.rng.standard_normal(mean.shape) / np.sqrt(precision)

    def _draw_variances(self) -> None:
        self.tau = self._draw_bounded((self.proposals.size - 1) / 2, self.theta)
        residual = self.centred - self.theta[:, self.of_proposal] - self.nu[:, self.of_rater]
        if self.several_panels:
            residual = residual - self.alpha[:, self.of_panel]
            self.omega = self._draw_bounded((self.panels.size - 1) / 2, self.alpha)
        self.noise = self._draw_noise(residual)

    def _draw_bounded(self, shape: float, effects: Floats) -> Floats:
        """Return a variance per chain given effects of that variance, with a uniform prior on its root below WIDEST."""
        rate = np.einsum("ci,ci->c", effects, effects)[:, np.newaxis] / 2
        precision = self.rng.standard_gamma(shape, rate.shape) / rate
        low = 1 / WIDEST**2
        if (precision < low).any():
            tail = gammaincc(shape, low * rate) * self.rng.uniform(size=rate.shape)
            # Where the tail is too thin for a floating-point number, the draw lies at the bound itself.
            inverse = np.where(tail > 0, gammainccinv(shape, np.maximum(tail, 1e-300)) / rate, low)
            precision = np.where(precision < low, np.maximum(inverse, low), precision)
        return np.maximum(1 / precision, LEAST)

    def _draw_noise(self, residual: Floats) -> Floats:
        """Return the variance of the noise per chain, drawn by rejection from the prior that two uniform roots give."""
        rate = np.einsum("ci,ci->c", residual, residual)[:, np.newaxis] / 2
        shape = residual.shape[1] / 2 - 1
        found = self.noise
        pending = np.ones(rate.shape, dtype=bool)
        while pending.any():
            drawn = np.maximum(rate / self.rng.standard_gamma(shape, rate.shape), LEAST)
            accepted = pending & (self.rng.uniform(size=rate.shape) < keep_noise(drawn))
            found = np.where(accepted, drawn, found)
            pending &= ~accepted
        return found


def keep_noise(variance: Floats) -> Floats:
    """Return the chance to keep a variance: 1 up to 4, then falling to 0 at 8, as the implied prior does."""
    root = np.sqrt(np.clip(variance, WIDEST**2, 2 * WIDEST**2))
    return np.where(variance < 2 * WIDEST**2, 1 - 4 / np.pi * np.arccos(WIDEST / root), 0.0)
