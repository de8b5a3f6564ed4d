"""The sampler of ranks: against integrals on a dense grid, against brute force, and its measures of convergence."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from builders import QUICK
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import norm, rankdata

from analysis import gibbs

Floats = NDArray[np.float64]


def design(cells: dict[tuple[int, int], float], panel: list[int] | None = None) -> gibbs.Design:
    """Return a design from scores by proposal and rater."""
    proposal, rater = (np.array(part) for part in zip(*sorted(cells), strict=True))
    score = np.array([cells[key] for key in sorted(cells)], dtype=np.float64)
    of_panel = np.zeros(proposal.max() + 1, dtype=np.int64) if panel is None else np.array(panel)
    return gibbs.Design(proposal, rater, score, of_panel)


def sheet(*rows: str, raters: int = 0) -> dict[tuple[int, int], float]:
    """Return scores from a text per proposal, a digit per rater; a point is a missing score."""
    return {(i, j + raters): float(mark) for i, row in enumerate(rows) for j, mark in enumerate(row) if mark != "."}


ORDINARY = design(sheet("554", "4.3", "343", "22.", ".31"))
OPPOSED = design(sheet("16", "61", "26", "65", "51"))  # noise far above 2: the prior falls, and then ends
ENDS = design(sheet("665", "656", "666", "112", "111", "211"))  # spread of the effects at its bound
PANELLED = design({**sheet("65", "54", "56"), **{(i + 3, j + 2): s for (i, j), s in sheet("43", "2.", "12").items()}},
                  [0, 0, 0, 1, 1, 1])  # fmt: skip
THREE_PANELS = design(
    {**sheet("65.", "54.", "..."), (2, 2): 1, (2, 3): 2, (3, 2): 4, (4, 4): 3, (4, 5): 2, (5, 5): 4}, [0, 0, 1, 1, 2, 2]
)


def grid_of(steps: int) -> Floats:
    """Return the midpoints of equal steps from 0 to 2."""
    return (np.arange(steps) + 0.5) * 2 / steps


def prior_of_noise(steps: int) -> tuple[Floats, Floats]:
    """Return values of the noise's standard deviation and their chances, for a sum of two with uniform deviations."""
    one = grid_of(800)
    both = np.sqrt(one[:, np.newaxis] ** 2 + one**2).ravel()
    counts, edges = np.histogram(both, steps, (0, 2 * np.sqrt(2)))
    return (edges[1:] + edges[:-1]) / 2, counts / counts.sum()


def integrate(given_design: gibbs.Design, steps: int = 30) -> tuple[Floats, Floats, Floats]:
    """Return expected ranks, mean effects and mean severities by summing over a grid of the standard deviations.

    Given these, scores and effects are normal together: their likelihood and the chance that one effect lies above
    another have closed forms.
    """
    number = given_design.proposals
    of_proposal = np.eye(number)[given_design.proposal]
    of_rater = np.eye(given_design.rater.max() + 1)[given_design.rater]
    of_panel = np.eye(given_design.panel.max() + 1)[given_design.panel[given_design.proposal]]
    several = of_panel.shape[1] > 1
    noises, chances = prior_of_noise(2 * steps)
    omegas = grid_of(steps // 2) if several else np.zeros(1)
    tau, noise, omega = (part.ravel()[:, np.newaxis, np.newaxis] for part in
                         np.meshgrid(grid_of(steps), noises, omegas, indexing="ij"))  # fmt: skip
    prior = np.meshgrid(grid_of(steps), chances, omegas, indexing="ij")[1].ravel()
    means = [given_design.score[given_design.proposal == i].mean() for i in range(number)]
    centred = given_design.score - np.mean(means)

    whole = tau**2 * (of_proposal @ of_proposal.T) + 0.25 * (of_rater @ of_rater.T)
    whole = whole + omega**2 * (of_panel @ of_panel.T) + noise**2 * np.eye(len(centred))
    inverse = np.linalg.inv(whole)
    solved = inverse @ centred
    weight = -0.5 * (np.linalg.slogdet(whole)[1] + solved @ centred)
    weight = np.exp(weight - weight.max()) * prior
    weight /= weight.sum()
    effects = tau[:, :, 0] ** 2 * (solved @ of_proposal)
    spread = tau**2 * np.eye(number) - tau**4 * (of_proposal.T @ inverse @ of_proposal)
    own = np.diagonal(spread, axis1=1, axis2=2)
    apart = np.sqrt(own[:, :, np.newaxis] + own[:, np.newaxis, :] - 2 * spread + np.eye(number))
    above = norm.cdf((effects[:, np.newaxis, :] - effects[:, :, np.newaxis]) / apart)
    ranks = 1 + above.sum(axis=2) - 0.5  # every proposal stands above itself in half of the cases
    return weight @ ranks, weight @ effects, weight @ (0.25 * (solved @ of_rater))


@cache
def sample(name: str) -> gibbs.Tally:
    return gibbs.sample_ranks(globals()[name], 4000, 7, 1.01, 1)


def expected(tally: gibbs.Tally) -> Floats:
    return tally.counts @ np.arange(1, len(tally.counts) + 1) / tally.draws


@pytest.mark.parametrize("name", ["ORDINARY", "OPPOSED", "ENDS", "PANELLED", "THREE_PANELS"])
def test_ranks_effects_and_severities_equal_those_integrated_on_a_grid(name: str) -> None:
    tally = sample(name)
    ranks, effects, severities = integrate(globals()[name])
    assert expected(tally) == pytest.approx(ranks, abs=0.025)
    assert tally.effects / tally.draws == pytest.approx(effects, abs=0.02)
    assert tally.severities / (gibbs.CHAINS * tally.steps) == pytest.approx(severities, abs=0.012)


def draw_plainly(given_design: gibbs.Design, draws: int, seed: int) -> tuple[Floats, Floats]:
    """Return expected ranks and mean effects by the model as it is written: both noise terms, one number at a time.

    Normal terms are drawn given all others; a standard deviation moves by a random step that is accepted or refused
    (Metropolis).
    """
    rng = np.random.default_rng(seed)
    who = {"theta": given_design.proposal, "nu": given_design.rater, "lambda": np.arange(len(given_design.score))}
    means = [given_design.score[given_design.proposal == i].mean() for i in range(given_design.proposals)]
    centred = given_design.score - np.mean(means)
    terms = {name: np.zeros(items.max() + 1) for name, items in who.items()}
    deviations = {"theta": 1.0, "nu": 0.5, "lambda": 1.0, "noise": 1.0}
    ranks, effects = np.zeros(given_design.proposals), np.zeros(given_design.proposals)
    for _ in range(draws):
        for name, items in who.items():
            others = sum(terms[other][who[other]] for other in who if other != name)
            for item in range(len(terms[name])):
                rest = (centred - others)[items == item]
                precision = len(rest) / deviations["noise"] ** 2 + 1 / deviations[name] ** 2
                mean = rest.sum() / deviations["noise"] ** 2 / precision
                terms[name][item] = rng.normal(mean, precision**-0.5)
        residual = centred - sum(terms[name][items] for name, items in who.items())
        for name, normal in (("theta", terms["theta"]), ("lambda", terms["lambda"]), ("noise", residual)):
            old, new = deviations[name], deviations[name] + rng.normal(0, 0.5)
            if 0 < new < 2:
                gain = (normal**2).sum() / 2 * (old**-2 - new**-2) + len(normal) * np.log(old / new)
                deviations[name] = new if np.log(rng.uniform()) < gain else old
        ranks += rankdata(-terms["theta"])
        effects += terms["theta"]
    return ranks / draws, effects / draws


def test_ranks_and_effects_equal_those_of_the_model_with_both_its_noise_terms_drawn_one_by_one() -> None:
    ranks, effects = draw_plainly(ORDINARY, 4000, 3)
    tally = sample("ORDINARY")
    assert expected(tally) == pytest.approx(ranks, abs=0.15)
    assert tally.effects / tally.draws == pytest.approx(effects, abs=0.15)


def test_every_draw_gives_every_rank_once() -> None:
    tally = sample("THREE_PANELS")
    assert (tally.counts.sum(axis=0) == tally.draws).all()
    assert (tally.counts.sum(axis=1) == tally.draws).all()


@pytest.mark.parametrize("apart", [0, 1])
def test_raters_who_agree_exactly_or_differ_by_a_constant_make_the_ranks_sure(apart: int) -> None:
    cells = {(i, j): 1.0 + i + apart * j for i in range(5) for j in range(2)}
    tally = gibbs.sample_ranks(design(cells), 400, 0, 1.01, 1)
    assert (np.diag(np.rot90(tally.counts)) == tally.draws).all()
    assert tally.measure_convergence()[0].tolist() == [1] * 5


@pytest.mark.parametrize("effect", [2.5, 5.0, 90.0])
def test_a_variance_drawn_for_effects_beyond_the_bound_stays_below_it(effect: float) -> None:
    """Far out in the tail the chance of the bound is nought as a floating-point number."""
    chains = gibbs._Chains(ORDINARY, np.random.default_rng(0))
    variance = chains._draw_bounded(99.5, np.full((4, 200), effect))
    assert (variance <= 4).all()
    assert (variance > 3).all()


def test_the_same_seed_gives_the_same_counts_and_another_seed_others() -> None:
    first, again, other = (gibbs.sample_ranks(ORDINARY, 80, seed, 1.01, 1).counts for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


@pytest.mark.parametrize(("wanted", "rounds"), [(np.inf, 1), (0.0, 3)])
def test_more_is_drawn_only_as_long_as_the_ranks_have_not_converged(wanted: float, rounds: int) -> None:
    tally = gibbs.sample_ranks(ORDINARY, 80, 1, wanted, 3)
    assert tally.steps == rounds * 80
    assert tally.draws == tally.counts[0].sum() == 2 * 4 * rounds * 80


def test_at_least_as_many_draws_are_made_as_asked_for() -> None:
    assert gibbs.sample_ranks(ORDINARY, 81, 1, np.inf, 1).steps == 120  # 40 batches of 3


def tally_of(theta: Floats, batch: int) -> gibbs.Tally:
    """Return the tally of effects (draws, 2, chains, proposals), added batch by batch."""
    number = theta.shape[-1]
    tally = gibbs.Tally(np.zeros((number, number), np.int64), np.zeros(number), np.zeros(1), batch)
    for first in range(0, len(theta), batch):
        tally.add(theta[first : first + batch])
    return tally


def autocorrelate(rng: np.random.Generator, shape: tuple[int, ...], before: float) -> Floats:
    """Return normal draws along the first axis, each correlated with the one before."""
    drawn = rng.standard_normal(shape)
    for step in range(1, len(drawn)):
        drawn[step] = before * drawn[step - 1] + np.sqrt(1 - before**2) * drawn[step]
    return drawn


def test_counts_are_those_of_the_ranks_of_the_effects() -> None:
    theta = np.random.default_rng(0).standard_normal((60, 2, 4, 5))
    tally = tally_of(theta, 20)
    ranks = rankdata(-theta, axis=-1)
    for proposal in range(5):
        counted = [(ranks[..., proposal] == rank).sum() for rank in range(1, 6)]
        assert tally.counts[proposal].tolist() == counted
    assert tally.effects == pytest.approx(theta.sum(axis=(0, 1, 2)))


def split_r_hat(chains: Floats) -> float:
    """Return R-hat of values (draws, chains) as Bayesian Data Analysis, 3rd edition, 11.4 defines it."""
    half = len(chains) // 2
    halves = [*chains[:half].T, *chains[half:].T]
    within = np.mean([np.var(values, ddof=1) for values in halves])
    between = half * np.var([values.mean() for values in halves], ddof=1)
    return float(np.sqrt(((half - 1) / half * within + between / half) / within))


@pytest.mark.parametrize("apart", [0.0, 0.3, 2.0])
def test_r_hat_is_that_of_the_definition_for_the_chains_split_in_halves(apart: float) -> None:
    rng = np.random.default_rng(4)
    theta = rng.standard_normal((800, 2, 4, 3)) + apart * rng.standard_normal((1, 1, 4, 3))
    theta[400:, :, :, 0] += apart  # a chain that drifts
    ranks = rankdata(-theta, axis=-1)
    found, _ = tally_of(theta, 20).measure_convergence()
    wanted = [split_r_hat(ranks[:, 0, :, proposal]) for proposal in range(3)]
    assert found == pytest.approx(wanted, rel=1e-3)
    assert found.max() > 1.1 or apart < 2
    mirrored = theta.copy()
    mirrored[:, 1] = 2 * theta[:, 1].mean() - theta[:, 0]
    assert tally_of(mirrored, 20).measure_convergence()[0] == pytest.approx(found)  # images bring no chains together


def test_a_rank_that_never_varies_has_converged_unless_the_chains_disagree_on_it() -> None:
    steady = np.tile([3.0, 2.0, 1.0], (40, 2, 4, 1))
    r_hat, size = tally_of(steady, 1).measure_convergence()
    assert r_hat.tolist() == [1, 1, 1]
    assert size.tolist() == [320, 320, 320]
    steady[:, :, 0] = [2.0, 3.0, 1.0]
    r_hat, _ = tally_of(steady, 1).measure_convergence()
    assert r_hat.tolist() == [np.inf, np.inf, 1]


CHAINS_OF: dict[str, Callable[[np.random.Generator], Floats]] = {
    "independent": lambda rng: rng.standard_normal((400, 2, 4, 3)),
    "correlated": lambda rng: autocorrelate(rng, (400, 2, 4, 3), 0.8),
    "mirrored": lambda rng: (
        rng.standard_normal((400, 1, 4, 3)) * np.array([1, -1])[:, np.newaxis, np.newaxis] * 0.9
        + rng.standard_normal((400, 2, 4, 3)) * 0.4
    ),
}


@pytest.mark.parametrize("kind", CHAINS_OF)
def test_the_effective_size_foretells_how_far_the_mean_rank_varies_when_all_is_drawn_again(kind: str) -> None:
    rng = np.random.default_rng(5)
    means, foretold = [], []
    for _ in range(150):
        tally = tally_of(CHAINS_OF[kind](rng), 10)
        mean = expected(tally)
        variance = tally.counts @ np.arange(1, 4) ** 2 / tally.draws - mean**2
        means.append(mean)
        foretold.append(variance / tally.measure_convergence()[1])
    ratio = np.var(means, axis=0, ddof=1).mean() / np.mean(foretold)
    assert 0.75 < ratio < 1.35


def test_independent_draws_have_their_number_as_effective_size() -> None:
    tally = tally_of(CHAINS_OF["independent"](np.random.default_rng(6)), 10)
    _, size = tally.measure_convergence()
    assert size.mean() == pytest.approx(tally.draws, rel=0.35)


SHEETS = st.lists(st.lists(st.integers(1, 6), min_size=3, max_size=3), min_size=2, max_size=5)


@settings(QUICK, max_examples=15)
@given(SHEETS)
def test_every_sheet_on_the_scale_gives_finite_effects_within_reach_of_the_scale(rows: list[list[int]]) -> None:
    cells = {(i, j): float(score) for i, row in enumerate(rows) for j, score in enumerate(row)}
    tally = gibbs.sample_ranks(design(cells), 40, 0, np.inf, 1)
    assert np.abs(tally.effects / tally.draws).max() < 5
    assert expected(tally).sum() == pytest.approx(len(rows) * (len(rows) + 1) / 2)
