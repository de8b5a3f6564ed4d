"""The ranking: expected ranks, totals of a very large call, and the stability of ranks under other weights.

All data are simulated with a seed. What a peer does on a part of the draws is scaled up, as its name says; its memory
is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv
from scipy.stats import rankdata

from analysis import ranking, scoring, sensitivity
from analysis.declarations import Scale, Scoring, Uncertainty
from analysis.expectation import expect_ranks
from bench.measure import MEMORY, SECONDS, TIMES, Bound, Case, Facts, Way, Work, fresh

Floats = NDArray[np.float64]

SEED = 2016
DRAWS, CHAINS, WARM_UP = Uncertainty().draws, 4, 500
SCALE = Scale(low=1, high=6)
SEVERITY = 0.5  # standard deviation of a rater's severity in the model, and here in the data
R_HAT = "R-hat"
CALL, LARGE_CALL, HUGE_CALL = (99, 5, 5), (2_000, 4_500, 3), 1_000_000  # proposals, raters, scores per proposal
SHARE = 10  # on the large call the textbook sampler makes one draw in so many
RATERS, CRITERIA = [f"r{number}" for number in range(1, 6)], ["power", "feasibility", "scale", "policy", "reach"]
RATER_WEIGHTS, CRITERION_WEIGHTS = dict.fromkeys(RATERS, 1.0), {**dict.fromkeys(CRITERIA, 1.0), "scale": 2.0}
LISTED, WEIGHT_DRAWS, ORDINARY_DRAWS = 20, Uncertainty().weights, 20


def review(proposals: int, raters: int, each: int) -> pd.DataFrame:
    """Return simulated individual scores from 1 to 6: `each` per proposal, shared out evenly over the raters.

    `each` divides the number of raters, so that none scores a proposal twice.
    """
    rng = np.random.default_rng(SEED)
    rounds = -(-proposals * each // raters)
    rater = np.concatenate([rng.permutation(raters) for _ in range(rounds)])[: proposals * each]
    proposal = np.repeat(np.arange(proposals), each)
    effects = rng.normal(0, 0.8, proposals)[proposal] + rng.normal(0, SEVERITY, raters)[rater]
    score = (3.5 + effects + rng.normal(0, 0.8, len(rater))).clip(SCALE.low, SCALE.high).round(2)
    names = {"proposal": [f"P{one:05d}" for one in proposal], "rater": [f"R{one:05d}" for one in rater]}
    return pd.DataFrame({**names, "score": score})


def expect(individual: pd.DataFrame) -> Facts:
    """Return the highest R-hat of the expected ranks, converged or not."""
    found = expect_ranks(individual, SCALE, LISTED, SEED, DRAWS)
    return {R_HAT: float(found.sampling["r_hat"].iloc[0])}


def expect_small(_: Path) -> Work:
    individual = review(*CALL)
    return lambda: expect(individual)


def expect_large(_: Path) -> Work:
    individual = review(*LARGE_CALL)
    return lambda: expect(individual)


def sample_small(_: Path) -> Work:
    individual = review(*CALL)
    return lambda: {R_HAT: measure_r_hat(sample_plainly(individual, DRAWS))}


def sample_large(_: Path) -> Work:
    individual = review(*LARGE_CALL)
    return lambda: {R_HAT: measure_r_hat(sample_plainly(individual, DRAWS // SHARE))}


def sample_plainly(individual: pd.DataFrame, draws: int) -> Floats:
    """Return the ranks (chains, draws, proposals) by the Gibbs sampler of a textbook, for the model of `gibbs`.

    Every unknown is drawn given all others, a chain after the other, and all draws are kept to be ranked at the end.
    Its noise is one term with a uniform prior on the variance, as in `gibbs` where the standard deviation is below 2.
    """
    rng = np.random.default_rng(SEED)
    proposal, rater = pd.factorize(individual["proposal"])[0], pd.factorize(individual["rater"])[0]
    score = individual["score"].to_numpy("float64")
    centred = score - (np.bincount(proposal, score) / np.bincount(proposal)).mean()
    thetas = np.empty((CHAINS, draws, proposal.max() + 1))
    nus = np.empty((CHAINS, draws, rater.max() + 1))
    for chain in range(CHAINS):
        nu, noise, tau = rng.normal(0, SEVERITY, nus.shape[2]), *rng.uniform(0.1, 2, 2)
        for draw in range(-WARM_UP, draws):
            theta = draw_effects(rng, proposal, centred - nu[rater], noise, tau)
            nu = draw_effects(rng, rater, centred - theta[proposal], noise, SEVERITY**2)
            tau = draw_variance(rng, (len(theta) - 1) / 2, theta)
            noise = draw_variance(rng, len(score) / 2 - 1, centred - theta[proposal] - nu[rater])
            if draw >= 0:
                thetas[chain, draw], nus[chain, draw] = theta, nu
    ranks: Floats = rankdata(-thetas, axis=-1)
    return ranks


def draw_effects(
    rng: np.random.Generator, item: NDArray[np.int64], residual: Floats, noise: float, variance: float
) -> Floats:
    precision = np.bincount(item) / noise + 1 / variance
    return rng.normal(np.bincount(item, residual) / noise / precision, 1 / np.sqrt(precision))


def draw_variance(rng: np.random.Generator, shape: float, effects: Floats) -> float:
    """Return a variance below 4 given effects of that variance, by rejection."""
    while True:
        drawn = (effects @ effects) / 2 / rng.standard_gamma(shape)
        if drawn < 4:
            return float(drawn)


def measure_r_hat(ranks: Floats) -> float:
    """Return the highest R-hat over the proposals, each chain split in halves."""
    length = ranks.shape[1] // 2
    halves = ranks[:, : 2 * length].reshape(2 * len(ranks), length, -1)
    within, between = halves.var(axis=1, ddof=1).mean(axis=0), halves.mean(axis=1).var(axis=0, ddof=1)
    return float(np.sqrt((length - 1) / length + between / within).max())


def write_scores(folder: Path) -> Work:
    """Write the scores of a huge call, a row per proposal, rater and criterion, rater by rater as they come in."""
    names = [RATERS, [f"P{number:07d}" for number in range(HUGE_CALL)], CRITERIA]
    sizes = [len(one) for one in names]

    def write() -> Facts:
        columns = [
            pa.DictionaryArray.from_arrays(pa.array(where.ravel(), pa.int32()), one).cast(pa.string())
            for where, one in zip(np.indices(sizes, dtype=np.int32), names, strict=True)
        ]
        score = np.random.default_rng(SEED).integers(0, 21, len(columns[0])) / 2
        table = pa.table([*columns, score], names=["rater", "proposal", "criterion", "score"])
        csv.write_csv(table, folder / "scores.csv")
        return {}

    return write


def read_scores(folder: Path) -> pd.DataFrame:
    return pd.read_csv(folder / "scores.csv", dtype=dict.fromkeys(["proposal", "rater", "criterion"], "str"))


def read_only(folder: Path) -> Work:
    def read() -> Facts:
        read_scores(folder)
        return {}

    return read


def rank_huge(folder: Path) -> Work:
    def rank() -> Facts:
        individual = scoring.score_individually(read_scores(folder), CRITERION_WEIGHTS)
        ranking.rank_totals(scoring.total(individual, RATER_WEIGHTS))
        scoring.spread_by_rater(individual, RATERS)
        return {}

    return rank


def score_small() -> pd.DataFrame:
    """Return simulated scores from 0 to 10 of a call, a row per proposal, rater and criterion."""
    proposals = [f"P{number:02d}" for number in range(CALL[0])]
    keys = pd.MultiIndex.from_product([proposals, RATERS, CRITERIA], names=["proposal", "rater", "criterion"])
    rng = np.random.default_rng(SEED)
    effects = np.repeat(rng.normal(0, 1.5, len(proposals)), len(keys) // len(proposals))
    score = (5.5 + effects + rng.normal(0, 1.5, len(keys))).round().clip(0, 10)
    return keys.to_frame(index=False).assign(score=score)


def weigh_otherwise(_: Path) -> Work:
    scores, declared = score_small(), declare_scoring()

    def count() -> Facts:
        sheet = sensitivity.lay_out(scores, declared)
        size = len(sheet.proposals)
        counts, listed = np.zeros(size * size, np.int64), np.zeros(size)
        for totals in sensitivity.vary_weights(sheet, WEIGHT_DRAWS, SEED):
            ranks, shared = sensitivity.rank_draws(totals)
            counts += np.bincount((np.arange(size) * size + ranks - 1).ravel(), minlength=size * size)
            listed += np.clip((LISTED - ranks + 1) / shared, 0, 1).sum(axis=0)
        return {}

    return count


def weigh_ordinarily(_: Path) -> Work:
    """Compute totals and ranks anew for every draw of the weights, as for the call itself."""
    scores = score_small()

    def rank() -> Facts:
        for criteria, raters in draw_weights(ORDINARY_DRAWS):
            individual = scoring.score_individually(scores, criteria)
            ranking.rank_totals(scoring.total(individual, raters))
        return {}

    return rank


def draw_weights(draws: int) -> Iterator[tuple[dict[str, float], dict[str, float]]]:
    rng = np.random.default_rng(SEED)
    for _ in range(draws):
        criteria, raters = rng.dirichlet(np.ones(len(CRITERIA))), rng.dirichlet(np.ones(len(RATERS)))
        yield dict(zip(CRITERIA, criteria, strict=True)), dict(zip(RATERS, raters, strict=True))


def declare_scoring() -> Scoring:
    def name(key: str) -> dict[str, object]:
        return {"id": key, "label": {"nl": key, "en": key}}

    raters = [{**name(rater), "role": "juror", "criteria": CRITERIA} for rater in RATERS]
    criteria = [name(criterion) for criterion in CRITERIA]
    return Scoring.model_validate({"scale": {"low": 0, "high": 10}, "criteria": criteria, "raters": raters})


SMALL_NAME, LARGE_NAME = (
    f"expected ranks of {one:,} proposals by {raters:,} raters" for one, raters, _ in (CALL, LARGE_CALL)
)
HUGE_NAME = f"reading, totals, ranks and severity of {HUGE_CALL:,} proposals"
STABILITY_NAME = f"ranks of {CALL[0]} proposals under {WEIGHT_DRAWS:,} other weights"

CASES = [
    Case(SMALL_NAME, (Way("ours", fresh(expect_small)), Way("textbook sampler", fresh(sample_small))), runs=9),
    Case(
        LARGE_NAME,
        (
            Way("ours", fresh(expect_large)),
            Way(f"textbook sampler, one draw in {SHARE}", fresh(sample_large), parts=SHARE),
        ),
        runs=3,
    ),
    Case(
        HUGE_NAME,
        (Way("ours", fresh(rank_huge)), Way("reading alone", fresh(read_only))),
        runs=3,
        before=fresh(write_scores),
    ),
    Case(
        STABILITY_NAME,
        (
            Way("ours", fresh(weigh_otherwise)),
            Way(
                f"all over again, {ORDINARY_DRAWS} draws", fresh(weigh_ordinarily), parts=WEIGHT_DRAWS / ORDINARY_DRAWS
            ),
        ),
        runs=9,
    ),
]

BOUNDS = [
    Bound(SMALL_NAME, 3, SECONDS),
    Bound(SMALL_NAME, 1.01, R_HAT),
    Bound(SMALL_NAME, 1_024, MEMORY),
    Bound(LARGE_NAME, 60, SECONDS),
    Bound(LARGE_NAME, 1.01, R_HAT),
    Bound(LARGE_NAME, 2_048, MEMORY),
    Bound(HUGE_NAME, 3, TIMES),
    Bound(HUGE_NAME, 8_192, MEMORY),
    Bound(STABILITY_NAME, 1, SECONDS),
]
