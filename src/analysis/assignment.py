"""Groups filled to the highest total worth: each row in one group at most, each group of a size within its bounds.

An assignment by linear and integer programmes (HiGHS in scipy.optimize). Once it is settled which groups exist, it is a
transportation problem, of which every basic solution is whole (Dantzig 1951). A group that may stay away makes it hard
in general; here few groups come out too small, and only these are settled by an integer programme. No programme looks
at all pairs of a row and a group: what the rows gain at most bounds every assignment (Geoffrion 1974, Lagrangean
relaxation for integer programming), and shows which pairs are in none that is better.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]

MILLION = 1e6  # worths are whole millionths, so that two totals are equal or at least one apart
NOT_ONE = 0.5  # less than the difference between two totals of whole millionths
NEAREST = 4  # groups per row to begin with; others come in where the programme asks for them
BAND = 20_000  # millionths; pairs that gain so much less than others are tried only where the proof asks for them
NEGLIGIBLE = 1e-6  # by which numbers of a solution may be off


@dataclass(frozen=True)
class Groups:
    """The least and the most rows of every group where it exists."""

    least: Whole
    most: Whole


@dataclass(frozen=True)
class _Programme:
    """The pairs of a row and a group with their worth, the groups that may stay away, and `matrix @ x <= sides`.

    Of x, the parts of the pairs come first, then one for each of these groups: 1 where it exists. The lines of the
    matrix: each row once; the most of each group; the least of each group (`ends` says where these end); no pair of a
    group that does not exist.
    """

    rows: Whole
    groups: Whole
    worth: Floats
    optional: Whole
    matrix: sparse.csr_array
    sides: Floats
    ends: tuple[int, int, int]


@dataclass(frozen=True)
class _Solution:
    """A solved programme: the parts x, and by how much a millionth of worth rises with a row and with a place."""

    parts: Floats
    row_gains: Floats
    place_gains: Floats


def fill_groups(worth: Floats, groups: Groups, seed: int) -> Whole:
    """Return the group of every row, -1 for none, with the highest total worth.

    `worth` (rows, groups) is at most 1, zero or less where a row may not be in a group, and counted in millionths. A
    group has from `least` to `most` rows, or none. The total is proven to be the highest. Of several assignments that
    reach it, draws with this seed settle which one is returned, whatever the solver does. Raises RuntimeError where the
    solver stops without a proof.
    """
    scaled = _settle_ties(np.round(np.maximum(worth, 0) * MILLION), seed)
    scaled[:, (groups.most == 0) | ((scaled > 0).sum(axis=0) < groups.least)] = 0
    if not scaled.any():
        return np.full(len(scaled), -1)
    offered, needed = _offer_nearest(scaled, groups), np.zeros(scaled.shape, dtype=bool)
    optional = np.zeros(scaled.shape[1], dtype=bool)
    while True:
        relaxed = _relax(scaled, offered, groups, optional)
        gains = relaxed.row_gains[:, None] + relaxed.place_gains
        offered = needed | ((scaled > 0) & (scaled >= gains - BAND))
        group = _settle(_lay_out(scaled, offered, groups, optional))
        sizes = np.bincount(group[group >= 0], minlength=len(groups.most))
        small = (sizes > 0) & (sizes < groups.least)
        if small.any():
            optional |= small
            continue
        reached = scaled[group >= 0, group[group >= 0]].sum()
        promising = _find_promising(scaled, groups, relaxed.row_gains, reached) & ~offered
        if not promising.any():
            return group
        needed |= promising


def _settle_ties(scaled: Floats, seed: int) -> Floats:
    """Add draws to what is worth something, so small that all of them together are less than a millionth."""
    draws = np.random.default_rng(seed).random(scaled.shape) * NOT_ONE / (len(scaled) + 1)
    return np.where(scaled > 0, scaled + draws, 0.0)


def _offer_nearest(scaled: Floats, groups: Groups) -> Flags:
    """Return the pairs to begin with: the best of every row and of every group."""
    offered = np.zeros(scaled.shape, dtype=bool)
    rows, columns = scaled.shape
    near = np.argpartition(-scaled, min(NEAREST, columns) - 1, axis=1)[:, :NEAREST]
    np.put_along_axis(offered, near, True, axis=1)
    wanted = int(min(rows, 1 + 2 * groups.most.max()))
    best = np.argpartition(-scaled, wanted - 1, axis=0)[:wanted]
    np.put_along_axis(offered, best, True, axis=0)
    return offered & (scaled > 0)


def _relax(scaled: Floats, offered: Flags, groups: Groups, optional: Flags) -> _Solution:
    """Solve the linear programme over all pairs: over those offered, and more until none left out would add to it."""
    while True:
        solution = _solve(_lay_out(scaled, offered, groups, optional))
        gains = solution.row_gains[:, None] + solution.place_gains
        missed = (scaled > 0) & ~offered & (scaled > gains + NEGLIGIBLE)
        if not missed.any():
            return solution
        offered = offered | missed


def _lay_out(scaled: Floats, offered: Flags, groups: Groups, optional: Flags) -> _Programme:
    """Return the programme over the offered pairs in which the optional groups have their least or stay away.

    The others are left free to be too small.
    """
    rows, columns = np.nonzero(offered)
    pairs, choices = np.arange(len(rows)), np.nonzero(optional)[0]
    ones = np.ones(len(pairs))
    once = sparse.csr_array((ones, (rows, pairs)), shape=(len(scaled), len(pairs)))
    members = sparse.csr_array((ones, (columns, pairs)), shape=(len(optional), len(pairs)))
    most, least = (
        sparse.diags_array(sizes.astype("float64"), format="csr")[:, choices] for sizes in (groups.most, groups.least)
    )
    linked = pairs[optional[columns]]
    ties = [sparse.eye_array(len(pairs), format="csr")[linked], -members.T.tocsr()[linked][:, choices]]
    lines = [[once, None], [members, -most], [-members, least], ties]
    sides = [np.ones(len(scaled)), np.where(optional, 0, groups.most), np.zeros(len(optional) + len(linked))]
    return _Programme(
        rows,
        columns,
        scaled[rows, columns],
        choices,
        sparse.block_array(lines, format="csr"),
        np.concatenate(sides),
        (len(scaled), len(scaled) + len(optional), len(scaled) + 2 * len(optional)),
    )


def _solve(programme: _Programme, exists: Floats | None = None) -> _Solution:
    """Return a basic solution of the linear programme; `exists` settles which of the optional groups exist."""
    pairs, choices = len(programme.rows), len(programme.optional)
    low, high = (np.zeros(choices), np.ones(choices)) if exists is None else (exists, exists)
    solved = linprog(
        np.append(-programme.worth, np.zeros(choices)),
        A_ub=programme.matrix,
        b_ub=programme.sides,
        bounds=np.column_stack([np.append(np.zeros(pairs), low), np.append(np.full(pairs, np.inf), high)]),
        method="highs-ds",  # the simplex method, for its solutions are basic
    )
    if not solved.success:
        raise RuntimeError(f"the linear programme was not solved to optimality: {solved.message}")
    of_rows, of_most, of_least = np.split(-solved.ineqlin.marginals[: programme.ends[-1]], programme.ends[:-1])
    return _Solution(solved.x, of_rows, of_most - of_least)


def _settle(programme: _Programme) -> Whole:
    """Return the group of every row (-1: none) by the programme, with each optional group either there or not."""
    solution = _solve(programme)
    if np.abs(solution.parts - np.round(solution.parts)).max() > NEGLIGIBLE:
        solution = _solve(programme, _choose_groups(programme))
    taken = np.nonzero(solution.parts[: len(programme.rows)] > NOT_ONE)[0]
    group = np.full(programme.ends[0], -1)
    group[programme.rows[taken]] = programme.groups[taken]
    return group


def _choose_groups(programme: _Programme) -> Floats:
    """Return 1 for each optional group that exists in the best whole solution and 0 for the others."""
    pairs, choices = len(programme.rows), len(programme.optional)
    solved = milp(
        np.append(-programme.worth, np.zeros(choices)),
        integrality=np.append(np.zeros(pairs), np.ones(choices)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(programme.matrix, -np.inf, programme.sides),
        options={"mip_rel_gap": 0},
    )
    if not solved.success:
        raise RuntimeError(f"the integer programme was not solved to optimality: {solved.message}")
    return np.round(solved.x[pairs:])


def _find_promising(scaled: Floats, groups: Groups, row_gains: Floats, reached: float) -> Flags:
    """Return the pairs that may be in an assignment worth at least what is reached, by a bound on what it is worth.

    Each row is paid its gain and each group, where that pays, chooses the rows that add most beyond their gains: no
    assignment is worth more than both together. To bound those with one pair, its group must choose its row.
    """
    margins = np.where(scaled > 0, scaled - row_gains[:, None], -np.inf)
    best = -np.sort(-margins, axis=0)[: groups.most.max()]
    sums = np.vstack([np.zeros(scaled.shape[1]), np.cumsum(best, axis=0)])
    sizes = np.arange(len(sums))[:, None]
    chosen = np.where((sizes >= groups.least) & (sizes <= groups.most), sums, -np.inf).max(axis=0)
    beside = np.where((sizes >= groups.least - 1) & (sizes < groups.most), sums, -np.inf).max(axis=0)
    worth = np.maximum(chosen, 0)
    bound = row_gains.sum() + worth.sum()
    return bound - worth + np.minimum(chosen, beside + margins) >= reached
