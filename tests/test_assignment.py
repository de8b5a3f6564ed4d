"""Groups filled to the highest worth: against every assignment there is, and against one programme over all pairs."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from analysis import assignment
from analysis.assignment import Groups, fill_groups

Worth = NDArray[np.float64]


def groups_of(least: list[int], most: list[int]) -> Groups:
    return Groups(np.array(least, int), np.array(most, int))


def total_of(worth: Worth, group: NDArray[np.int64]) -> int:
    """Return what an assignment is worth, in millionths."""
    return sum(round(worth[row, one] * 1e6) for row, one in enumerate(group) if one >= 0)


def is_possible(worth: Worth, group: NDArray[np.int64], groups: Groups) -> bool:
    sizes = [int((group == one).sum()) for one in range(worth.shape[1])]
    return all(worth[row, one] > 0 for row, one in enumerate(group) if one >= 0) and all(
        size == 0 or least <= size <= most for size, least, most in zip(sizes, groups.least, groups.most, strict=True)
    )


def enumerate_best(worth: Worth, groups: Groups) -> int:
    """Return the highest total of all assignments that are possible, in millionths."""
    rows, columns = worth.shape
    every = (np.array(one) for one in product(range(-1, columns), repeat=rows))
    return max(total_of(worth, one) for one in every if is_possible(worth, one, groups))


def draw_case(rng: np.random.Generator) -> tuple[Worth, Groups]:
    """Return a small case: worths with many ties or none, groups of narrow or wide bounds."""
    rows, columns = rng.integers(1, 6), rng.integers(1, 4)
    tied = rng.choice([0, 0.1, 0.2, 0.200001, 0.9], (rows, columns))
    worth = tied if rng.random() < 0.5 else rng.random((rows, columns)).round(6) * (rng.random((rows, columns)) < 0.8)
    least = rng.integers(0, 4, columns)
    return worth, Groups(least, least + rng.integers(0, 3, columns))


@pytest.mark.parametrize("seed", range(120))
def test_no_assignment_is_worth_more(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    worth, groups = draw_case(np.random.default_rng(seed))
    if seed % 2:  # so that pairs are left out at first, and must be asked for
        monkeypatch.setattr(assignment, "NEAREST", 1)
        monkeypatch.setattr(assignment, "BAND", 1)
    best, group = enumerate_best(worth, groups), fill_groups(worth, groups, seed)
    assert is_possible(worth, group, groups)
    assert total_of(worth, group) == best


def solve_whole(worth: Worth, groups: Groups) -> float:
    """Return the highest total by one integer programme over all pairs, each of which is whole."""
    rows, columns = worth.shape
    pairs = rows * columns
    once = np.hstack([np.kron(np.eye(rows), np.ones(columns)), np.zeros((rows, columns))])
    sizes = np.kron(np.ones(rows), np.eye(columns))
    solved = milp(
        np.append(-worth.ravel() * 1e3, np.zeros(columns)),
        integrality=np.ones(pairs + columns),
        bounds=Bounds(0, np.append((worth > 0).ravel(), np.ones(columns))),
        constraints=[
            LinearConstraint(once, -np.inf, 1),
            LinearConstraint(np.hstack([sizes, -np.diag(groups.most)]), -np.inf, 0),
            LinearConstraint(np.hstack([sizes, -np.diag(groups.least)]), 0, np.inf),
        ],
        options={"mip_rel_gap": 0},
    )
    assert solved.success
    return float(-solved.fun / 1e3)


@pytest.mark.parametrize(("least", "most"), [(1, 3), (4, 6), (9, 11), (5, 40)])
def test_a_larger_case_agrees_with_one_programme_over_all_pairs(
    least: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assignment, "NEAREST", 2)
    monkeypatch.setattr(assignment, "BAND", 1000)
    rng = np.random.default_rng(least)
    worth = rng.random((40, 8)).round(6) * (rng.random((40, 8)) < 0.5)
    groups = groups_of([least] * 8, [most] * 8)
    group = fill_groups(worth, groups, 1)
    assert is_possible(worth, group, groups)
    assert total_of(worth, group) / 1e6 == pytest.approx(solve_whole(worth, groups), abs=2e-6)


@pytest.mark.parametrize("seed", range(60))
def test_pairs_left_out_at_first_come_in_where_the_proof_asks_for_them(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assignment, "NEAREST", 1)
    monkeypatch.setattr(assignment, "BAND", 1)
    rng = np.random.default_rng(seed)
    rows, columns = rng.integers(4, 8), rng.integers(2, 4)
    worth = rng.random((rows, columns)).round(6) * (rng.random((rows, columns)) < 0.8)
    least = rng.integers(1, 4, columns)
    groups = Groups(least, least + rng.integers(0, 3, columns))
    group = fill_groups(worth, groups, seed)
    assert total_of(worth, group) / 1e6 == pytest.approx(solve_whole(worth, groups), abs=2e-6)


def test_of_assignments_of_equal_worth_the_seed_settles_one() -> None:
    worth, groups = np.full((8, 4), 0.5), groups_of([2] * 4, [2] * 4)
    found = [fill_groups(worth, groups, seed) for seed in (1, 1, 2, 3, 4)]
    assert all(total_of(worth, group) == 4_000_000 for group in found)
    assert np.array_equal(found[0], found[1])
    assert len({tuple(group) for group in found}) > 1


def test_the_draws_between_equals_never_outweigh_a_millionth() -> None:
    worth = np.full((400, 1), 0.5)
    worth[137, 0] = 0.500001
    for seed in range(5):
        group = fill_groups(worth, groups_of([1], [1]), seed)
        assert np.nonzero(group == 0)[0].tolist() == [137]


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0), (3, 2)])
def test_where_nothing_fits_nobody_has_a_group(shape: tuple[int, int]) -> None:
    group = fill_groups(np.zeros(shape), groups_of([0] * shape[1], [2] * shape[1]), 1)
    assert group.tolist() == [-1] * shape[0]


def test_a_group_without_places_takes_nobody() -> None:
    group = fill_groups(np.array([[0.9, 0.1]]), groups_of([0, 0], [0, 1]), 1)
    assert group.tolist() == [1]
