"""Expected ranks by formula: against integrals over a dense grid, the simulation, and ranks that are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from test_gibbs import ENDS, OPPOSED, ORDINARY, PANELLED, THREE_PANELS, design, integrate, sheet

from analysis import posterior
from analysis.declarations import Scale
from analysis.expectation import estimate_ranks, expect_ranks
from analysis.gibbs import Design

SCALE = Scale(low=1, high=6)


@pytest.mark.parametrize(
    ("given", "close"), [(ORDINARY, 0.01), (OPPOSED, 0.01), (ENDS, 0.01), (PANELLED, 0.02), (THREE_PANELS, 0.02)]
)
def test_the_formula_gives_the_expected_ranks_of_integrals_over_a_dense_grid(given: Design, close: float) -> None:
    found = posterior.find_posterior(given).expect_ranks()
    np.testing.assert_allclose(found, integrate(given)[0], atol=close)
    assert found.sum() == pytest.approx(given.proposals * (given.proposals + 1) / 2)


def test_drawn_ranks_have_the_expected_ranks_as_their_means() -> None:
    found = posterior.find_posterior(PANELLED)
    counts, number = found.draw_ranks(20_000, 7), PANELLED.proposals
    assert counts.sum(axis=0).tolist() == counts.sum(axis=1).tolist() == [40_000] * number
    means = counts @ np.arange(1, number + 1) / 40_000
    np.testing.assert_allclose(means, found.expect_ranks(), atol=0.03)


def test_the_same_seed_draws_the_same_ranks_and_another_seed_others() -> None:
    found = posterior.find_posterior(ORDINARY)
    first, again, other = (found.draw_ranks(500, seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_what_raters_agree_on_exactly_is_ranked_as_they_do() -> None:
    found = posterior.find_posterior(design(sheet("66", "44", "33", "11"))).expect_ranks()
    np.testing.assert_allclose(found, [1, 2, 3, 4], atol=0.01)


def review(seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    effects, strict = rng.normal(0, 1, 25), rng.normal(0, 0.5, 4)
    rows = [
        (f"P{i:02d}", f"R{j}", float(np.clip(3.5 + effects[i] + strict[j] + rng.normal(0, 0.7), 1, 6).round(2)))
        for i in range(25)
        for j in range(4)
        if rng.random() < 0.8
    ]
    return pd.DataFrame(rows, columns=["proposal", "rater", "score"])


@pytest.mark.parametrize("seed", [1, 2])
def test_estimates_lie_within_the_error_of_the_simulation(seed: int) -> None:
    scores = review(seed)
    found, drawn = estimate_ranks(scores, SCALE, 8, 1, 4000), expect_ranks(scores, SCALE, 8, 1, 2000)
    assert found is not None
    both = found.ranks.merge(drawn.ranks, on="proposal", suffixes=("", "_drawn"))
    assert len(both) == 25
    assert ((both["er"] - both["er_drawn"]).abs() <= 4.5 * both["error_drawn"]).all()
    assert (both["q50"] - both["q50_drawn"]).abs().max() <= 1
    assert (both["scores"] == both["scores_drawn"]).all()
    np.testing.assert_allclose(both["pcer"], 100 * (both["er"] - 0.5) / 25, atol=1e-6)


def test_estimates_have_the_same_obstacles_and_groups_only_with_draws() -> None:
    scores = review(1)
    lone = estimate_ranks(scores[scores["rater"] == "R1"], SCALE, 8, 1, 0)
    assert lone is not None
    assert lone.sampling["obstacle"].tolist() == ["one_rater"]
    plain = estimate_ranks(scores, SCALE, 8, 1, 0)
    assert plain is not None
    assert plain.ranks[["group", "q50"]].isna().all(axis=None)
    assert plain.ranks["error"].eq(0).all()


def test_a_panel_of_very_many_raters_is_left_to_the_simulation() -> None:
    scores = pd.DataFrame({"proposal": [f"P{i % 50}" for i in range(200)], "rater": [f"R{i}" for i in range(200)]})
    assert estimate_ranks(scores.assign(score=np.linspace(1, 6, 200)), SCALE, 5, 1, 0) is None
