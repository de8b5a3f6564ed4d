"""The best choice of a fixed number of candidates under constraints: an exact integer programme and its explanation.

A candidate may be taken in one of several ways, its options (such as different starts); each constraint bounds what the
options taken use together. All is solved by HiGHS (scipy.optimize.milp) to proven optimality, never by a heuristic.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
OPTIMAL, INFEASIBLE = 0, 2  # statuses of scipy.optimize.milp
TOLERANCE = 1e-7  # two sums of merits closer than this are equal; merits are rounded to nine decimals
MAGNIFIED = 1e4  # HiGHS stops within 1e-6 of the best sum; magnified, that is far less than the tolerance
FINEST = 10_000  # the most parts of a point in which merits are counted as whole numbers
ROUNDED = 2e-9  # how far a merit of nine decimals may lie from the fraction that it was rounded from
MANY = 1_000  # candidates; for more, the programme is first solved over a core of them
CORE = 300  # options free in that first programme


@dataclass(frozen=True)
class Constraint:
    """A cap or quota: what each option uses of it (rows, options), and the least and most together (rows).

    A cap per month has a row per month; a row of uses may be given flat, with single bounds.
    """

    id: str
    uses: Floats
    least: Floats
    most: Floats

    def __post_init__(self) -> None:
        """Give everything its row."""
        object.__setattr__(self, "uses", np.atleast_2d(np.asarray(self.uses, dtype=np.float64)))
        for name in ("least", "most"):
            ends = np.broadcast_to(np.asarray(getattr(self, name), dtype=np.float64), len(self.uses))
            object.__setattr__(self, name, ends)

    def used(self, options: Flags) -> Floats:
        """Return what the options taken use of every row."""
        return self.uses[:, options].sum(axis=1)


@dataclass(frozen=True)
class Programme:
    """What is to be chosen: `number` of the candidates, with the highest sum of `merit` (candidates).

    `owner` (options) is the position of the candidate of each option, `delay` (options) what an option costs where the
    merit leaves several; both may be left out where every candidate has one option.
    """

    merit: Floats
    number: int
    constraints: tuple[Constraint, ...] = ()
    owner: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    delay: Floats = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        """Give every candidate one option where none are given."""
        if not len(self.owner):
            object.__setattr__(self, "owner", np.arange(len(self.merit)))
        if not len(self.delay):
            object.__setattr__(self, "delay", np.zeros(len(self.owner)))

    @property
    def has_choices_of_option(self) -> bool:
        """Return whether any candidate has more than one option."""
        return len(self.owner) > len(np.unique(self.owner))

    def without(self, name: str) -> Programme:
        """Return the programme without the constraint of this id."""
        return replace(self, constraints=tuple(one for one in self.constraints if one.id != name))

    def under(self, *more: Constraint) -> Programme:
        """Return the programme with these constraints added."""
        return replace(self, constraints=(*self.constraints, *more))

    def only(self, candidates: Flags) -> Programme:
        """Return the programme over some of the candidates."""
        kept = candidates[self.owner]
        position = np.cumsum(candidates) - 1
        parts = tuple(Constraint(one.id, one.uses[:, kept], one.least, one.most) for one in self.constraints)
        return Programme(self.merit[candidates], self.number, parts, position[self.owner[kept]], self.delay[kept])

    def take(self, options: Flags) -> Flags:
        """Return which candidates the options taken belong to."""
        taken = np.zeros(len(self.merit), dtype=bool)
        taken[self.owner[options]] = True
        return taken

    def count_over(self, candidates: Flags, name: str, least: float, most: float) -> Constraint:
        """Return the constraint that between `least` and `most` of these candidates are taken."""
        uses = candidates[self.owner].astype(np.float64)
        return Constraint(name, uses, np.array([least]), np.array([most]))

    def sum(self, candidates: Flags) -> float:
        """Return the sum of the merits of these candidates."""
        return float(self.merit[candidates].sum())


@dataclass(frozen=True)
class Solution:
    """The best choice: options and candidates taken (flags), its sum of merits, and the bound that proves it best."""

    options: Flags
    candidates: Flags
    value: float
    bound: float


def solve(programme: Programme) -> Solution | None:
    """Return the best choice, or None where no choice is possible.

    Where several options serve it equally, those with the least sum of delays are taken. Raises RuntimeError where the
    solver stops without a proof.
    """
    unit = find_unit(programme.merit)
    gain = programme.merit[programme.owner] * (unit or MAGNIFIED)
    gain = np.round(gain) if unit else gain
    rows = _rows(programme)
    found = _solve_in_parts(gain, rows) if len(programme.merit) > MANY else _solve_whole(gain, rows)
    if found is None:
        return None
    options, bound = found
    if programme.has_choices_of_option and programme.delay.any():
        slack = 0.5 if unit else TOLERANCE * MAGNIFIED
        options = _least_delay(programme, rows, gain, options, slack)
    candidates = programme.take(options)
    return Solution(options, candidates, programme.sum(candidates), bound / (unit or MAGNIFIED))


def find_unit(merit: Floats) -> int | None:
    """Return the least number of parts of a point in which all merits are whole numbers; None where there is none.

    Whole numbers let the solver prove a choice best as soon as no better whole sum is left.
    """
    unit = 1
    for value in np.unique(merit):
        part = Fraction(float(value)).limit_denominator(FINEST)
        unit = math.lcm(unit, part.denominator)
        if unit > FINEST or abs(float(part) - value) > ROUNDED:
            return None
    return unit


Rows = tuple[Floats, Floats, Floats]  # coefficients (rows, options), lower and upper ends (rows)


def _rows(programme: Programme) -> Rows:
    """Return all rows: the number chosen, one option a candidate, and the constraints."""
    number = np.array([float(programme.number)])
    parts: list[Rows] = [(np.ones((1, len(programme.owner))), number, number)]
    if programme.has_choices_of_option:
        own = (programme.owner == np.arange(len(programme.merit))[:, np.newaxis]).astype(np.float64)
        parts.append((own, np.zeros(len(own)), np.ones(len(own))))
    parts += [(one.uses, one.least, one.most) for one in programme.constraints]
    uses, least, most = zip(*parts, strict=True)
    return np.vstack(uses), np.concatenate(least), np.concatenate(most)


def _solve_whole(gain: Floats, rows: Rows) -> tuple[Flags, float] | None:
    result = milp(
        -gain,
        integrality=np.ones(len(gain)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(*rows),
        options={"mip_rel_gap": 0},
    )
    if result.status == INFEASIBLE:
        return None
    if result.status != OPTIMAL:
        raise RuntimeError(f"the integer programme was not solved to optimality: {result.message}")
    return np.asarray(result.x > 0.5), -float(result.mip_dual_bound)


def _solve_in_parts(gain: Floats, rows: Rows) -> tuple[Flags, float] | None:
    """Return the best choice among very many options, proven as exactly as in one part.

    The relaxed programme gives a bound and the cost of taking each option against it. A core of options at little cost
    gives a first choice; an option whose cost alone exceeds what that choice lacks to the bound cannot better it and
    keeps its relaxed value, so that only the others remain (reduced-cost fixing; Wolsey, Integer Programming, 2nd
    edition, section 7.5).
    """
    relaxed, cost, bound = _relax(gain, rows)
    split = (relaxed > TOLERANCE) & (relaxed < 1 - TOLERANCE)
    order = np.argsort(cost, kind="stable")
    size = CORE
    while size < len(gain):
        free = split.copy()
        free[order[:size]] = True
        first = _solve_free(gain, rows, free, relaxed > 0.5)
        if first is not None:
            rest = free | (cost <= bound - float(gain[first].sum()) + TOLERANCE)
            best = first if rest.sum() == free.sum() else _solve_free(gain, rows, rest, relaxed > 0.5)
            return (first, bound) if best is None else (best, min(bound, float(gain[best].sum())))
        size *= 4
    return _solve_whole(gain, rows)


def _relax(gain: Floats, rows: Rows) -> tuple[Floats, Floats, float]:
    """Return the relaxed choice, the cost of departing from it per option, and its sum."""
    uses, least, most = rows
    equal, capped = least == most, np.isfinite(most) & (least != most)
    floored = np.isfinite(least) & (least != most)
    found = linprog(
        -gain,
        A_ub=np.vstack([uses[capped], -uses[floored]]),
        b_ub=np.concatenate([most[capped], -least[floored]]),
        A_eq=uses[equal],
        b_eq=least[equal],
        bounds=(0, 1),
    )
    if found.status != OPTIMAL:
        return np.zeros(len(gain)), np.zeros(len(gain)), math.inf
    return found.x, np.abs(found.lower.marginals + found.upper.marginals), -float(found.fun)


def _solve_free(gain: Floats, rows: Rows, free: Flags, fixed: Flags) -> Flags | None:
    """Return the best choice in which only the free options move and the others stay as fixed."""
    uses, least, most = rows
    stays = uses[:, ~free & fixed].sum(axis=1)
    found = _solve_whole(gain[free], (uses[:, free], least - stays, most - stays))
    if found is None:
        return None
    options = fixed & ~free
    options[free] = found[0]
    return options


def _least_delay(programme: Programme, rows: Rows, gain: Floats, options: Flags, slack: float) -> Flags:
    """Return the options with the least sum of delays that give the sum of merits of those taken, but for `slack`."""
    uses, least, most = rows
    value = float(gain[options].sum())
    held = (np.vstack([uses, gain]), np.append(least, value - slack), np.append(most, np.inf))
    found = _solve_whole(-programme.delay, held)
    return options if found is None else found[0]


def list_alternatives(programme: Programme, number: int) -> Iterator[Solution]:
    """Yield the best choices in order, the best first, at most `number` of them; each has other candidates."""
    for _ in range(number):
        found = solve(programme)
        if found is None:
            return
        yield found
        barred = programme.count_over(found.candidates, "alternative", 0, programme.number - 1)
        programme = programme.under(barred)


def unite_best(programme: Programme, best: Solution) -> Flags:
    """Return which candidates stand in at least one of the choices as good as the best."""
    united = best.candidates
    while not united.all():
        other = solve(programme.under(programme.count_over(~united, "newcomer", 1, np.inf)))
        if other is None or best.value - other.value > TOLERANCE:
            break
        united = united | other.candidates
    return united


def find_conflict(programme: Programme) -> tuple[Constraint, ...]:
    """Return the smallest set of constraints that cannot hold together, of a programme without any choice.

    By hitting sets of corrections (Ignatiev, Previti, Liffiton and Marques-Silva 2015, Smallest MUS extraction with
    minimal hitting set dualization, CP 2015): what must be dropped from each largest possible set shows what the
    conflict must hold.
    """
    constraints = programme.constraints
    corrections: list[set[int]] = []
    while True:
        held = _hit(corrections, len(constraints))
        if not _is_possible(programme, held):
            return tuple(constraints[position] for position in sorted(held))
        for position in range(len(constraints)):
            if position not in held and _is_possible(programme, held | {position}):
                held = held | {position}
        corrections.append(set(range(len(constraints))) - held)


def _is_possible(programme: Programme, held: set[int]) -> bool:
    kept = tuple(one for position, one in enumerate(programme.constraints) if position in held)
    return _solve_whole(np.zeros(len(programme.owner)), _rows(replace(programme, constraints=kept))) is not None


def _hit(sets: Sequence[set[int]], size: int) -> set[int]:
    """Return the smallest set of positions below `size` that has one in common with each of these sets."""
    if not sets:
        return set()
    rows = np.array([[position in one for position in range(size)] for one in sets], dtype=np.float64)
    found = _solve_whole(-np.ones(size), (rows, np.ones(len(rows)), np.full(len(rows), np.inf)))
    assert found is not None, "a set that hits all others always exists"
    return set(np.flatnonzero(found[0]).tolist())


def relax_least(programme: Programme, whole: Mapping[str, bool]) -> dict[str, tuple[Floats, Floats]]:
    """Return new bounds (least, most) of the constraints to change so that a choice becomes possible.

    They are those with the smallest sum of changes, each as a share of its bound (of one, where the bound is zero); all
    rows of a constraint change alike. A constraint that `whole` marks changes by whole numbers. Empty where not even
    that gives a choice.
    """
    constraints, options = programme.constraints, len(programme.owner)
    costs = [MAGNIFIED / _size(one.least) for one in constraints] + [MAGNIFIED / _size(one.most) for one in constraints]
    integral = np.tile([whole.get(one.id, False) for one in constraints], 2)
    result = milp(
        np.concatenate([np.zeros(options), costs]),
        integrality=np.concatenate([np.ones(options), integral]),
        bounds=Bounds(0, np.concatenate([np.ones(options), np.full(len(costs), np.inf)])),
        constraints=LinearConstraint(*_eased_rows(programme)),
        options={"mip_rel_gap": 0},
    )
    if result.status != OPTIMAL:
        return {}
    moved = result.x[options:].reshape(2, -1).T
    return {
        one.id: (np.maximum(one.least - down, 0), one.most + up)
        for one, (down, up) in zip(constraints, moved, strict=True)
        if down > TOLERANCE or up > TOLERANCE
    }


def _eased_rows(programme: Programme) -> Rows:
    """Return all rows twice, at least and at most, with how far each constraint may be eased below and beyond."""
    uses, least, most = _rows(programme)
    sizes = [len(one.uses) for one in programme.constraints]
    own = np.repeat(np.eye(len(sizes)), np.array(sizes, np.int64), axis=0)  # to which constraint a row belongs
    own = np.vstack([np.zeros((len(uses) - len(own), len(sizes))), own])
    rows = np.block([[uses, own, 0 * own], [uses, 0 * own, -own]])
    open_ends = np.full(len(uses), np.inf)
    return rows, np.concatenate([least, -open_ends]), np.concatenate([open_ends, most])


def _size(ends: Floats) -> float:
    """Return the largest finite bound; one where that is zero, or where there is none."""
    return float(np.abs(ends[np.isfinite(ends)]).max(initial=0)) or 1.0
