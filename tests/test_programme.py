"""The integer programme against the enumeration of all that could be taken: optimum, order, conflict, relaxation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache, cached_property
from itertools import combinations, product
from math import inf, lcm
from typing import Any

import numpy as np
import pytest
from builders import QUICK
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import OptimizeResult

from analysis import programme
from analysis.programme import (
    Constraint,
    Programme,
    Solution,
    find_conflict,
    find_unit,
    list_alternatives,
    relax_least,
    solve,
    unite_best,
)

Taken = tuple[int, ...]  # positions of the options taken, one for each candidate that is
SEEDS = range(200)
NO_UNIT = 10**6  # parts of a point too fine for the solver to count in


@dataclass(frozen=True)
class Bound:
    """A constraint in whole numbers: per row what each option uses, the least and the most."""

    id: str
    uses: list[list[int]]
    least: list[int]
    most: list[float]

    def use(self, taken: Taken) -> list[int]:
        return [sum(row[option] for option in taken) for row in self.uses]

    def holds(self, taken: Taken) -> bool:
        return all(low <= use <= high for low, use, high in zip(self.least, self.use(taken), self.most, strict=True))

    def change(self, taken: Taken) -> Fraction:
        """Return the least change of its bounds that admits these options, as shares of the largest of them."""
        used = self.use(taken)
        below = max(0, *(low - use for low, use in zip(self.least, used, strict=True)))
        above = max(0, *(use - high for high, use in zip(self.most, used, strict=True)))
        return self.share(below, above)

    def share(self, below: float, above: float) -> Fraction:
        """Return whole changes below the least and beyond the most as shares of the largest of these, or of one."""
        most = max((high for high in self.most if high < inf), default=0)
        return Fraction(round(below), max(self.least) or 1) + Fraction(round(above), round(most) or 1)


@dataclass(frozen=True)
class Case:
    """A small programme in whole numbers; `parts` of a point is what a merit is counted in."""

    merit: list[int]
    parts: int
    number: int
    owner: list[int]
    delay: list[int]
    bounds: list[Bound]

    def build(self) -> Programme:
        constraints = tuple(
            Constraint(one.id, read_only(one.uses), read_only(one.least), read_only(one.most)) for one in self.bounds
        )
        merit = read_only([round(points / self.parts, 9) for points in self.merit])
        owner = np.array(self.owner)
        owner.flags.writeable = False
        return Programme(merit, self.number, constraints, owner, read_only(self.delay))

    @cached_property
    def everything(self) -> list[Taken]:
        """Return every way to take options of `number` different candidates."""
        options = [[i for i, owner in enumerate(self.owner) if owner == one] for one in range(len(self.merit))]
        return [taken for some in combinations(options, self.number) for taken in product(*some)]

    def allowed(self, bounds: Sequence[Bound] | None = None) -> Iterator[Taken]:
        kept = self.bounds if bounds is None else bounds
        return (taken for taken in self.everything if all(one.holds(taken) for one in kept))

    def candidates(self, taken: Taken) -> frozenset[int]:
        return frozenset(self.owner[option] for option in taken)

    @cached_property
    def sums(self) -> dict[frozenset[int], int]:
        """Return the sum of merits of every choice of candidates that is possible."""
        possible = {self.candidates(taken) for taken in self.allowed()}
        return {some: sum(self.merit[one] for one in some) for some in possible}

    @cached_property
    def best(self) -> set[frozenset[int]]:
        return {some for some, total in self.sums.items() if total == max(self.sums.values())}

    def least_delay(self) -> int:
        """Return the least sum of delays of options that give the best sum."""
        return min(sum(self.delay[i] for i in taken) for taken in self.allowed() if self.candidates(taken) in self.best)


def read_only(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    array = np.array(values, dtype=np.float64)
    array.flags.writeable = False
    return array


@cache
def draw_case(seed: int) -> Case:
    """Return a random case: every third has movable options, and merits in tenths, in thirds or in no common part."""
    rng = np.random.default_rng(seed)
    size = int(rng.integers(4, 8))
    number = int(rng.integers(1, min(size, 5)))
    owner = [one for one in range(size) for _ in range(rng.integers(1, 4) if seed % 3 == 0 else 1)]
    parts = (10, 3, NO_UNIT)[seed % 4 % 3]
    whole = rng.integers(4, 7, size) * parts  # gives more equal sums
    merit = [int(points) for points in (rng.integers(4 * parts, 10 * parts, size) if seed % 5 > 1 else whole)]
    everything = Case(merit, parts, number, owner, [0] * len(owner), [])
    bounds = [one for one in draw_bounds(rng, everything) if rng.random() < 0.6]
    delay = [0 if seed % 3 else int(late) for late in rng.integers(0, 5, len(owner))]
    return replace(everything, delay=delay, bounds=bounds)


def draw_bounds(rng: np.random.Generator, case: Case) -> Iterator[Bound]:
    """Yield random bounds; those on money and on months lie at or just below what some choice uses."""
    size, number = len(case.owner), case.number

    def some_use(uses: list[list[int]]) -> int:
        taken = case.everything[rng.integers(len(case.everything))]
        return max(Bound("", uses, [], []).use(taken)) - int(rng.random() < 0.3)

    money = [int(euro) for euro in rng.integers(10_000, 90_000, len(case.merit))]
    spent = [[money[owner] for owner in case.owner]]
    yield Bound("money", spent, [0], [max(some_use(spent), 1)])
    months = [[int(use) for use in rng.integers(0, 6, size)] for _ in range(3)]
    yield Bound("months", months, [0] * 3, [some_use(months)] * 3)
    for name in ("quota", "other"):
        member = [int(flag) for flag in rng.integers(0, 2, len(case.merit))]
        least = int(rng.integers(0, number + 1))
        most = inf if rng.random() < 0.5 else int(rng.integers(least, number + 1))
        yield Bound(name, [[member[owner] for owner in case.owner]], [least], [most])


POSSIBLE = [seed for seed in SEEDS if draw_case(seed).sums]
IMPOSSIBLE = [seed for seed in SEEDS if not draw_case(seed).sums]


def held(found: Solution) -> frozenset[int]:
    return frozenset(np.flatnonzero(found.candidates).tolist())


def check_solution(case: Case, found: Solution | None) -> None:
    """Check everything about the best choice of a case; where options may move, the least delay too."""
    if not case.sums:
        assert found is None
        return
    assert found is not None
    taken = tuple(np.flatnonzero(found.options).tolist())
    assert held(found) == case.candidates(taken)
    assert len(taken) == len(held(found)) == case.number
    assert held(found) in case.best
    assert taken in set(case.allowed())
    assert sum(case.delay[option] for option in taken) == case.least_delay()
    assert found.value == pytest.approx(max(case.sums.values()) / case.parts, abs=1e-8)
    assert found.bound == pytest.approx(found.value, abs=1e-7)


def test_the_random_cases_hold_enough_of_every_kind() -> None:
    cases = [draw_case(seed) for seed in POSSIBLE]
    assert len(IMPOSSIBLE) >= 40
    assert sum(len(case.best) > 1 for case in cases) >= 20
    assert sum(case.least_delay() > 0 for case in cases) >= 30
    assert sum(not case.bounds for case in cases) >= 3
    assert {one.id for case in cases for one in case.bounds} == {"money", "months", "quota", "other"}
    without_unit = sum(find_unit(case.build().merit) is None for case in cases)
    assert 10 <= without_unit <= len(cases) - 10


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_choice_is_that_of_the_enumeration(seed: int) -> None:
    case = draw_case(seed)
    check_solution(case, solve(case.build()))


@pytest.mark.parametrize("seed", SEEDS[::2])
def test_solving_in_parts_gives_the_choice_of_the_enumeration_too(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programme, "MANY", 2)
    monkeypatch.setattr(programme, "CORE", 2)
    case = draw_case(seed)
    check_solution(case, solve(case.build()))


@pytest.mark.parametrize("seed", range(8))
def test_solving_in_parts_is_as_good_as_solving_the_whole_and_leaves_options_out(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(seed)
    size, number = 120, 30
    merit = rng.integers(0, 100, size) / 10 if seed % 2 else rng.random(size).round(9) * 10
    owner = np.sort(rng.integers(0, size, size)) if seed in (2, 3) else np.arange(size)
    cap = Constraint("cap", rng.integers(5, 60, size), 0, 30 * number)
    quotas = [Constraint(f"q{i}", rng.random(size) < 0.3, 6, 9) for i in range(4)]
    worst = Constraint("worst", merit[owner] < 1, 2 * (seed // 6), np.inf)  # no first core of the best meets it
    built = Programme(merit, number, (cap, *quotas, worst), owner)
    whole = solve(built)
    sizes: list[int] = []
    original = programme._solve_whole

    def watched(gain: Any, rows: Any) -> Any:
        sizes.append(len(gain))
        return original(gain, rows)

    monkeypatch.setattr(programme, "_solve_whole", watched)
    monkeypatch.setattr(programme, "MANY", 50)
    monkeypatch.setattr(programme, "CORE", 20)
    parts = solve(built)
    assert whole is not None
    assert parts is not None
    assert parts.value == pytest.approx(whole.value, abs=1e-7)
    assert parts.bound == pytest.approx(whole.value, abs=1e-7)
    used = [(one.least, one.used(parts.options), one.most) for one in built.constraints]
    assert all(((least - 1e-7 <= sums) & (sums <= most + 1e-7)).all() for least, sums, most in used)
    assert parts.options.sum() == parts.candidates.sum() == number
    assert max(sizes) < size


def test_solving_in_parts_finds_too_that_nothing_is_possible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programme, "MANY", 5)
    monkeypatch.setattr(programme, "CORE", 3)
    few = Constraint("few", np.arange(40) < 2, 3, np.inf)
    assert solve(Programme(np.arange(40) / 10, 4, (few,))) is None


@pytest.mark.parametrize("step", [1e-6, 3e-7])
def test_a_difference_that_counts_is_never_lost_in_the_solver(step: float) -> None:
    rng = np.random.default_rng(1)
    uses = np.array([15.0, 5, 25, 10, 20, 30, 15, 5])
    for _ in range(40):
        merit = 8 + rng.permutation(8) * step
        allowed = [c for c in combinations(range(8), 4) if uses[list(c)].sum() <= 65]
        found = solve(Programme(merit, 4, (Constraint("cap", uses, 0, 65),)))
        assert found is not None
        best = max(merit[list(c)].sum() for c in allowed)
        assert merit[found.candidates].sum() == pytest.approx(best, rel=0, abs=step / 10)


def test_a_solver_that_stops_without_a_proof_is_an_error_and_never_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: Any, **__: Any) -> OptimizeResult:
        return OptimizeResult(status=1, success=False, message="time limit reached", x=np.array([1.0, 1, 0, 0]))

    monkeypatch.setattr(programme, "milp", stopped)
    with pytest.raises(RuntimeError, match="not solved to optimality: time limit reached"):
        solve(Programme(np.arange(4.0), 2))


def test_more_than_there_are_candidates_cannot_be_chosen() -> None:
    assert solve(Programme(np.arange(3.0), 4)) is None
    assert solve(Programme(np.zeros(2), 2, owner=np.array([0, 0, 1]))) is not None
    assert solve(Programme(np.zeros(2), 3, owner=np.array([0, 0, 1]))) is None  # two options are one candidate


@pytest.mark.parametrize(
    ("merit", "unit"),
    [
        ([1, 2, 30], 1),
        ([0.5, 0.25, 3], 4),
        ([7.1, 8.25], 20),
        ([round(1 / 3, 9), round(22 / 7, 9)], 21),
        ([round(2 / 3, 9), -0.5], 6),
        ([0.0001], 10_000),
        ([0.00001], None),
        ([round(1 / 101, 9), round(1 / 103, 9)], None),
        ([round(2**0.5, 9)], None),
        ([0.333_333_3], None),
    ],
)
def test_the_unit_is_the_least_part_of_a_point_that_all_merits_are_whole_in(
    merit: list[float], unit: int | None
) -> None:
    assert find_unit(np.array(merit, dtype=np.float64)) == unit


@QUICK
@given(st.lists(st.fractions(0, 10, max_denominator=12), min_size=1, max_size=6))
def test_the_unit_of_fractions_is_the_least_common_multiple_of_what_they_are_divided_by(parts: list[Fraction]) -> None:
    common = lcm(*(part.denominator for part in parts))
    assert find_unit(np.array([round(float(part), 9) for part in parts])) == (common if common <= 10_000 else None)


@pytest.mark.parametrize("seed", POSSIBLE[::3])
def test_alternatives_are_the_best_choices_in_order_each_once(seed: int) -> None:
    case = draw_case(seed)
    found = list(list_alternatives(case.build(), 6))
    in_order = sorted(case.sums.values(), reverse=True)
    assert len(found) == min(6, len(in_order))
    assert len({held(one) for one in found}) == len(found)
    for one, total in zip(found, in_order, strict=False):
        assert case.sums[held(one)] == total
        assert one.value == pytest.approx(total / case.parts, abs=1e-8)


def test_a_programme_without_any_choice_has_no_alternatives() -> None:
    assert list(list_alternatives(Programme(np.arange(3.0), 4), 2)) == []


@pytest.mark.parametrize("seed", POSSIBLE[1::3])
def test_those_in_any_of_the_best_choices_are_those_of_the_enumeration(seed: int) -> None:
    case = draw_case(seed)
    built = case.build()
    best = solve(built)
    assert best is not None
    united = frozenset(np.flatnonzero(unite_best(built, best)).tolist())
    assert united == frozenset().union(*case.best)


@pytest.mark.parametrize("seed", IMPOSSIBLE)
def test_a_conflict_is_the_smallest_set_that_cannot_hold_together(seed: int) -> None:
    case = draw_case(seed)
    impossible = [
        {one.id for one in some}
        for size in range(1, len(case.bounds) + 1)
        for some in combinations(case.bounds, size)
        if not any(case.allowed(some))
    ]
    found = [one.id for one in find_conflict(case.build())]
    assert set(found) in impossible
    assert len(found) == min(map(len, impossible))
    assert found == [one.id for one in case.bounds if one.id in found]


def test_a_conflict_of_two_is_found_beside_one_of_three() -> None:
    groups = np.array([[1, 1, 0, 0, 0, 0], [0, 0, 1, 1, 0, 0], [0, 0, 0, 0, 1, 1]], dtype=np.float64)
    three = [Constraint(f"group-{i}", row, 1, np.inf) for i, row in enumerate(groups)]
    built = Programme(np.arange(6.0), 2, tuple(three))
    assert [one.id for one in find_conflict(built)] == ["group-0", "group-1", "group-2"]
    odd = np.array([1.0, 0, 1, 0, 1, 0])
    pair = [Constraint("few", odd, 0, 0), Constraint("many", odd, 1, np.inf)]
    assert [one.id for one in find_conflict(built.under(*pair))] == ["few", "many"]
    dear = Constraint("dear", np.full(6, 10.0), 0, 15)  # on its own: two cannot be had for 15
    assert [one.id for one in find_conflict(built.under(*pair, dear))] == ["dear"]


@pytest.mark.parametrize("seed", IMPOSSIBLE)
def test_no_smaller_sum_of_relative_changes_makes_a_choice_possible(seed: int) -> None:
    case = draw_case(seed)
    eased = relax_least(case.build(), {"quota": True, "other": True})
    changes, relaxed = [], []
    for one in case.bounds:
        least, most = (ends.tolist() for ends in eased.get(one.id, (np.array(one.least), np.array(one.most))))
        above = [new - old for new, old in zip(most, one.most, strict=True) if old < inf]
        changes.append(one.share(one.least[0] - least[0], max(above, default=0)))
        relaxed.append(replace(one, least=[low - 1e-6 for low in least], most=[high + 1e-6 for high in most]))
    assert any(case.allowed(relaxed))
    assert [change > 0 for change in changes] == [one.id in eased for one in case.bounds]
    assert sum(changes) == min(sum(one.change(taken) for one in case.bounds) for taken in case.everything)


def test_a_cap_changes_to_the_last_euro_and_a_quota_by_whole_proposals() -> None:
    money = Constraint("money", [550_000, 550_001], 0, 1_100_000)
    eased = relax_least(Programme(np.ones(2), 2, (money,)), {})
    assert {name: (low.tolist(), high.tolist()) for name, (low, high) in eased.items()} == {
        "money": ([0], [pytest.approx(1_100_001, abs=1e-3)])
    }
    half = Constraint("half", np.ones(3), 0, 1.5)
    for whole, most in ((False, 3.0), (True, 3.5)):
        eased = relax_least(Programme(np.ones(3), 3, (half,)), {"half": whole})
        assert eased["half"][1].tolist() == [pytest.approx(most)]


def test_what_has_no_remedy_has_no_relaxation() -> None:
    for constraints in ((), (Constraint("cap", np.ones(2), 0, 1),)):
        assert relax_least(Programme(np.ones(2), 3, constraints), {}) == {}


def test_all_rows_of_a_constraint_are_eased_alike() -> None:
    months = Constraint("months", [[3, 3], [1, 5], [0, 0]], np.zeros(3), np.full(3, 4))
    (ends,) = relax_least(Programme(np.ones(2), 2, (months,)), {}).values()
    assert ends[1].tolist() == pytest.approx([6, 6, 6])


@pytest.mark.parametrize("seed", POSSIBLE[2::9])
def test_a_programme_over_some_candidates_is_that_of_these_alone(seed: int) -> None:
    case = draw_case(seed)
    kept = np.arange(len(case.merit)) > 0
    found = solve(case.build().only(kept))
    sums = [total for some, total in case.sums.items() if 0 not in some]
    assert (found is None) == (not sums)
    if found is not None:
        assert found.value == pytest.approx(max(sums) / case.parts, abs=1e-8)
        assert frozenset(np.flatnonzero(kept)[found.candidates].tolist()) in case.sums


@pytest.mark.parametrize("seed", POSSIBLE[::9])
def test_a_programme_without_a_constraint_is_that_of_the_others(seed: int) -> None:
    case = draw_case(seed)
    for dropped in case.bounds:
        found = solve(case.build().without(dropped.id))
        assert found is not None
        check_solution(replace(case, bounds=[one for one in case.bounds if one is not dropped]), found)
