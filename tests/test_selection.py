"""The choice against an enumeration of all choices: the optimum, every price, every reason, and every refusal."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cache, cached_property
from itertools import combinations, product
from math import comb, inf, lcm
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builders import call_choosing, keep_contract, make_table, score, shortlist_of, small_call, unchanged
from scipy.optimize import OptimizeResult

from analysis import distribution, programme, selection
from analysis.call import Call
from analysis.faults import InputError
from analysis.ingest import read_tables
from analysis.selection import Choice
from analysis.store import Store

ROOT = Path(__file__).parents[1]
NO_DECISION = make_table("decision")
SEEDS = range(200)
Bounds = dict[str, tuple[Mapping[str, float], float, float]]  # per id: what each uses, the least, the most


@dataclass(frozen=True)
class Case:
    """A shortlist under caps and quotas, and all choices from it; merits in whole parts of a point."""

    points: dict[str, int]
    parts: int
    bounds: Bounds
    call: Call
    candidates: pd.DataFrame
    known: dict[str, set[frozenset[str]]] = field(default_factory=dict)

    @property
    def number(self) -> int:
        return self.call.selection.choose

    def add_up(self, names: Iterable[str]) -> int:
        return sum(self.points[name] for name in names)

    def allowed(self, ids: Iterable[str], **changed: tuple[float, float]) -> list[frozenset[str]]:
        """Return every choice that keeps these bounds, some of them with other ends."""
        bounds = [(self.bounds[one][0], *changed.get(one, self.bounds[one][1:])) for one in ids]
        choices = map(frozenset, combinations(sorted(self.points), self.number))
        return [c for c in choices if all(low <= sum(use[n] for n in c) <= high for use, low, high in bounds)]

    def best(self, dropped: str = "") -> set[frozenset[str]]:
        """Return every choice with the highest sum, without one of the bounds where it is named."""
        if dropped not in self.known:
            allowed = self.allowed(one for one in self.bounds if one != dropped)
            highest = max(map(self.add_up, allowed), default=0)
            self.known[dropped] = {choice for choice in allowed if self.add_up(choice) == highest}
        return self.known[dropped]


@cache
def draw_case(seed: int) -> Case:
    """Return a small random shortlist under random caps and quotas."""
    rng = np.random.default_rng(seed)
    names = [f"P{i}" for i in range(rng.integers(4, 9))]
    traits: dict[str, dict[str, Any]] = {
        name: {
            "total": int(rng.integers(40, 100) if seed % 3 else 5 * rng.integers(8, 14)) / 10,
            "requested_euro": int(rng.integers(1, 60)) * 1000,
            "requested_staff_months": int(rng.integers(1, 40)) / 4,
            "reach": str(rng.choice(["local", "regional"])),
            "actor_kind": str(rng.choice(["library", "centre"])),
            "scale": str(rng.choice(["city", "municipality"])),
        }
        for name in names
    }
    number = int(rng.integers(1, len(names)))
    caps = [
        {"id": "money", "column": "requested_euro", "maximum": int(rng.integers(15, 40)) * 1000 * number},
        {"id": "staff", "column": "requested_staff_months", "maximum": int(rng.integers(4, 12)) * number},
    ]
    quotas: list[dict[str, Any]] = [
        {"id": "region", "column": "reach", "groups": ["regional"], "minimum": int(rng.integers(0, number + 1))},
        {"id": "library", "column": "actor_kind", "groups": ["library"], "maximum": int(rng.integers(0, number + 1))},
        {"id": "towns", "column": "scale", "groups": ["city"], "minimum": number // 3, "maximum": 1 + number // 2},
    ]
    kept = [one for one in [*caps, *quotas] if rng.random() < 0.45]
    bounds = {one["id"]: (_uses(traits, one), one.get("minimum", 0), one.get("maximum", inf)) for one in kept}
    call = call_choosing(
        shortlist=len(names),
        choose=number,
        alternatives=2 + seed % 3,
        caps=[one for one in kept if one in caps],
        quotas=[one for one in kept if one in quotas],
    )
    tenths = {name: round(trait["total"] * 10) for name, trait in traits.items()}
    return Case(tenths, 10, bounds, call, shortlist_of(*({"proposal": n, **trait} for n, trait in traits.items())))


def _uses(traits: dict[str, dict[str, Any]], bound: dict[str, Any]) -> dict[str, float]:
    column, groups = bound["column"], bound.get("groups")
    return {name: trait[column] if groups is None else trait[column] in groups for name, trait in traits.items()}


def names_of(table: pd.DataFrame, flag: str) -> frozenset[str]:
    return frozenset(table.loc[table[flag], "proposal"])


def decide(names: Iterable[str], reason: str | None = "It was decided so.") -> pd.DataFrame:
    return make_table("decision", *({"proposal": name, "reason": reason} for name in sorted(names)))


def test_the_random_cases_hold_enough_of_every_kind() -> None:
    sizes = [len(draw_case(seed).best()) for seed in SEEDS]
    assert sum(size == 0 for size in sizes) >= 40
    assert sum(size == 1 for size in sizes) >= 120
    assert sum(size > 1 for size in sizes) >= 10
    assert sum(len(draw_case(seed).bounds) == 0 for seed in SEEDS) >= 5


@pytest.mark.parametrize("seed", SEEDS)
def test_choice_prices_and_reasons_are_those_of_the_enumeration(seed: int) -> None:
    case = draw_case(seed)
    best = case.best()
    if len(best) == 1:
        choice = selection.choose(case.candidates, NO_DECISION, case.call)
        (expected,) = best
        assert names_of(choice.selection, "chosen") == names_of(choice.selection, "computed") == expected
        assert (choice.departures, choice.cost) == (0, 0)
        check_tables(case, choice)
        return
    with pytest.raises(InputError) as caught:
        selection.choose(case.candidates, NO_DECISION, case.call)
    if best:
        check_tie(str(caught.value), best)
    else:
        check_conflict(case, str(caught.value))


@pytest.mark.parametrize("seed", range(0, 200, 8))
def test_a_decision_is_the_choice_and_what_it_departs_from_is_told(seed: int) -> None:
    case = draw_case(seed)
    best = case.best()
    decided = set(np.random.default_rng(seed).permutation(sorted(case.points))[: case.number])
    if not best:
        with pytest.raises(InputError, match="cannot hold together"):
            selection.choose(case.candidates, decide(decided), case.call)
        return
    choice = selection.choose(case.candidates, decide(decided), case.call)
    computed = names_of(choice.selection, "computed")
    assert names_of(choice.selection, "chosen") == decided
    assert computed in best
    assert (computed == decided) == (decided in best)
    assert choice.departures == len(computed ^ decided)
    lost = Fraction(case.add_up(computed) - case.add_up(decided), case.parts)
    assert choice.cost == pytest.approx(float(max(lost, 0)), abs=1e-9)
    stated = set(choice.selection.loc[choice.selection["decided"].notna(), "proposal"])
    assert stated == decided | computed  # a reason for who came in is one for who was left out for it
    check_tables(case, choice)


def check_tables(case: Case, choice: Choice) -> None:
    """Check everything that follows from the computed choice and the chosen proposals."""
    computed = names_of(choice.selection, "computed")
    assert computed in case.best()
    assert choice.bound == pytest.approx(case.add_up(computed) / case.parts, abs=1e-7)
    check_prices(case, choice, computed)
    check_reasons(case, choice, names_of(choice.selection, "chosen"), case.best())
    check_alternatives(case, choice, computed)


def check_alternatives(case: Case, choice: Choice, computed: frozenset[str]) -> None:
    allowed = case.allowed(case.bounds)
    in_order = sorted(map(case.add_up, allowed), reverse=True)[: case.call.selection.alternatives]
    table = keep_contract("alternatives", choice.alternatives)
    assert table["place"].tolist() == list(range(1, len(in_order) + 1))
    assert table["sum"].tolist() == pytest.approx([total / case.parts for total in in_order], abs=1e-7)
    distances = [(in_order[0] - total) / case.parts for total in in_order]
    assert table["distance"].tolist() == pytest.approx(distances, abs=1e-7)
    moves = [
        [set() if pd.isna(names) else set(names.split()) for names in (row.enters, row.leaves)]
        for row in table.itertuples()
    ]
    assert all(not enters & computed and leaves <= computed for enters, leaves in moves)
    others = [(computed - leaves) | enters for enters, leaves in moves]
    assert [case.add_up(other) for other in others] == in_order
    assert set(others) <= set(allowed)
    assert len(set(others)) == len(others)
    counted = Counter(name for other in others for name in other)
    assert dict(zip(choice.selection["proposal"], choice.selection["alternatives"], strict=True)) == {
        name: counted[name] for name in case.points
    }


def check_prices(case: Case, choice: Choice, computed: frozenset[str]) -> None:
    assert choice.prices["constraint"].tolist() == list(case.bounds)
    chosen = names_of(choice.selection, "chosen")
    for row in choice.prices.itertuples():
        use, low, high = case.bounds[row.constraint]
        without = case.best(dropped=row.constraint)
        gain = case.add_up(next(iter(without))) - case.add_up(computed)
        assert row.gain == pytest.approx(gain / case.parts, abs=1e-7)
        assert row.used == pytest.approx(sum(use[name] for name in chosen))
        assert row.bound == (low if high == inf else high)
        if gain == 0:
            assert pd.isna(row.enters)
            assert pd.isna(row.leaves)
        else:
            enters, leaves = set(row.enters.split()), set(row.leaves.split())
            assert enters.isdisjoint(computed)
            assert leaves <= computed
            assert (computed | enters) - leaves in without


def check_reasons(case: Case, choice: Choice, chosen: frozenset[str], best: set[frozenset[str]]) -> None:
    line = sorted(case.points.values(), reverse=True)[case.number - 1]
    for row in choice.selection.itertuples():
        opened = {one for one in case.bounds if any(row.proposal in c for c in case.best(dropped=one))}
        stated = set() if pd.isna(row.constraints) else set(row.constraints.split())
        if row.proposal in chosen:
            assert pd.isna(row.reason)
        elif any(row.proposal in other for other in best):
            assert row.reason == "decision"
        elif opened:
            assert (row.reason, stated) == ("constraint", opened)
        elif case.points[row.proposal] >= line:
            assert (row.reason, stated) == ("constraint", set(case.bounds))
        else:
            assert row.reason == "score"
            assert row.lacking == pytest.approx((line - case.points[row.proposal]) / case.parts)
            assert row.lacking > 0
        assert pd.notna(row.lacking) == (row.reason == "score")
        assert bool(stated) == (row.reason == "constraint")


def check_tie(message: str, best: set[frozenset[str]]) -> None:
    found = re.search(r"two equally good choices, with (.*) or (.*?); expected decision.csv", message)
    assert found
    one, other = (set(names.split(", ")) for names in found.groups())
    assert any(a - b == one and b - a == other for a in best for b in best)


def check_conflict(case: Case, message: str) -> None:
    conflict, _, remedy = message.partition("the least change that allows a choice: ")
    said = set(re.findall(r"(\w+) \((?:at|[^)]*;)", conflict))
    impossible = [
        set(some)
        for size in range(1, len(case.bounds) + 1)
        for some in combinations(case.bounds, size)
        if not case.allowed(some)
    ]
    assert said in impossible
    assert len(said) == min(map(len, impossible))
    changed = {}
    for change in remedy.rstrip(".").split("; "):
        name, _, words = change.partition(" ")
        least, most = re.search(r"at least ([\d.]+)", words), re.search(r"at most ([\d.]+)", words)
        changed[name] = (float(least[1]) if least else 0, float(most[1]) if most else inf)
        assert changed[name] != case.bounds[name][1:]
    assert case.allowed(case.bounds, **changed)


QUOTA = {"id": "libraries", "column": "actor_kind", "groups": ["library"]}
FOUR = [
    {"proposal": "A", "total": 9.0, "actor_kind": "centre"},
    {"proposal": "B", "total": 8.0, "actor_kind": "centre"},
    {"proposal": "C", "total": 7.0, "actor_kind": "library"},
    {"proposal": "D", "total": 6.0, "actor_kind": "library"},
]


def choose(records: Sequence[dict[str, Any]], decision: pd.DataFrame = NO_DECISION, **declared: Any) -> Choice:
    return selection.choose(shortlist_of(*records), decision, call_choosing(**declared))


@pytest.fixture(scope="module")
def reference() -> dict[str, Any]:
    """Return the reference call with its delivered tables and what the steps before the choice make of them."""
    store = Store(ROOT, "digitale-innovatie-2016")
    tables = read_tables(store)
    profiles = distribution.profile(tables["proposals"], tables["actors"], tables["municipalities"])
    _, totals = score(tables["scores"], store.call)
    candidates = selection.list_candidates(totals, profiles, tables["proposals"], tables["decision"])
    return {**tables, "call": store.call, "profiles": profiles, "totals": totals, "candidates": candidates}


def case_of(candidates: pd.DataFrame, call: Call) -> Case:
    """Return the case of a call whose bounds are caps on totals and quotas; merits as exact fractions."""
    by_id = candidates.set_index("proposal")
    exact = {name: Fraction(merit).limit_denominator(1000) for name, merit in by_id["merit"].items()}
    parts = lcm(*(one.denominator for one in exact.values()))
    bounds: Bounds = {cap.id: (by_id[cap.column].to_dict(), 0, cap.maximum) for cap in call.selection.caps}
    for quota in call.selection.quotas:
        most = inf if quota.maximum is None else quota.maximum
        bounds[quota.id] = (by_id[quota.column].isin(quota.groups).to_dict(), quota.minimum or 0, most)
    return Case({str(name): int(one * parts) for name, one in exact.items()}, parts, bounds, call, candidates)


def test_the_choice_of_the_reference_call_is_the_best_of_all_there_are(reference: dict[str, Any]) -> None:
    case = case_of(reference["candidates"], reference["call"])
    assert comb(len(case.points), case.number) == 4845
    assert len(case.bounds) == 6
    assert max(abs(case.points[row.proposal] / case.parts - row.merit) for row in case.candidates.itertuples()) < 1e-9
    choice = selection.choose(case.candidates, reference["decision"], case.call)
    assert case.best() == {names_of(choice.selection, "computed")} == {names_of(choice.selection, "chosen")}
    assert len(choice.alternatives) == 10
    check_tables(case, choice)


def test_every_proposal_of_the_reference_call_that_is_not_chosen_has_a_reason(reference: dict[str, Any]) -> None:
    choice = selection.choose(reference["candidates"], reference["decision"], reference["call"])
    reasons = keep_contract("reasons", selection.give_reasons(choice, reference["totals"], reference["proposals"]))
    chosen = names_of(choice.selection, "chosen")
    assert sorted([*reasons["proposal"], *chosen]) == sorted(reference["proposals"]["proposal"])
    assert len(reasons) == 99 - 16
    on_shortlist = names_of(reference["totals"], "shortlisted")
    outside = reasons[reasons["reason"] == "shortlist"]
    assert set(outside["proposal"]) == set(reference["totals"]["proposal"]) - on_shortlist
    line = reference["totals"].set_index("proposal").loc[list(on_shortlist), "total"].min()
    assert (outside["total"] + outside["lacking"]).to_numpy() == pytest.approx(line)


def test_the_order_of_rows_never_matters() -> None:
    case = next(case for case in map(draw_case, SEEDS) if len(case.best()) == 1 and len(case.bounds) >= 3)
    asked = case.candidates[["proposal", "requested_euro", "requested_staff_months", "start", "months"]]
    totals = case.candidates[["proposal", "total", "merit", "rank", "shortlisted"]]
    profiles = case.candidates[["proposal", *sorted(set(case.candidates) - set(asked) - set(totals))]]
    orders = [selection.list_candidates(totals[::step], profiles[::step], asked[::step]) for step in (1, -1)]
    pd.testing.assert_frame_equal(orders[0], orders[1])
    found = [selection.choose(candidates, NO_DECISION, case.call) for candidates in orders]
    for name in ("selection", "prices", "alternatives"):
        pd.testing.assert_frame_equal(getattr(found[0], name), getattr(found[1], name))


def test_selection_and_prices_keep_their_contracts() -> None:
    reasons = set()
    for case in [case for case in map(draw_case, SEEDS) if case.best() and case.bounds][:12]:
        choice = selection.choose(case.candidates, decide(sorted(case.points)[: case.number]), case.call)
        keep_contract("constraint_prices", choice.prices)
        reasons |= set(keep_contract("selection", choice.selection)["reason"].dropna())
    assert reasons == {"score", "constraint", "decision"}


def test_only_the_shortlist_is_listed_best_first_and_what_a_decision_adds_to_it() -> None:
    names = ["A", "B", "C", "D"]
    totals = pd.DataFrame(
        {"proposal": names, "total": [5.0, 9, 7, 6], "rank": [4, 1, 2, 3], "shortlisted": [False, True, True, False]}
    )
    profiles = make_table("profiles", *({"proposal": name} for name in names))
    proposals = make_table("proposals", *({"proposal": name, "requested_euro": 7} for name in names))
    decision = make_table("decision", {"proposal": "A"}, {"proposal": "D", "chosen": "false"})
    with unchanged(totals, profiles, proposals, decision):
        listed = selection.list_candidates(totals, profiles, proposals)
        decided = selection.list_candidates(totals, profiles, proposals, decision)
        everyone = selection.describe_candidates(totals, profiles, proposals)
    assert listed["proposal"].tolist() == ["B", "C"]
    assert listed["requested_euro"].tolist() == [7, 7]
    assert decided["proposal"].tolist() == ["B", "C", "A"]
    assert everyone["proposal"].tolist() == ["B", "C", "D", "A"]


# The execution in months: uses counted day by day, choices and starts enumerated.

EXECUTION = [date(2030, 7, 1) + timedelta(day) for day in range(365)]
Timing = tuple[tuple[str, date], ...]  # the chosen, each with its first day


@dataclass(frozen=True)
class Timed:
    """Proposals with a first day and a length, under a cap on staff per month; starts may move within a window."""

    rows: dict[str, dict[str, Any]]
    number: int
    most: float
    window: tuple[date, date] | None

    @property
    def call(self) -> Call:
        cap = {"id": "staff", "column": "requested_staff_months", "maximum": self.most, "per": "month"}
        starts = dict(zip(("earliest", "latest"), self.window, strict=True)) if self.window else None
        return call_choosing(
            shortlist=len(self.rows), choose=self.number, caps=[cap], starts=starts, alternatives=2,
        )  # fmt: skip

    @property
    def candidates(self) -> pd.DataFrame:
        return shortlist_of(*({"proposal": name, **row} for name, row in self.rows.items()))

    def starts(self, name: str) -> list[date]:
        """Return the first days that a proposal may have."""
        own, months = self.rows[name]["start"], self.rows[name]["months"]
        if self.window is None:
            return [own]
        days = [self.window[0] + timedelta(i) for i in range((self.window[1] - self.window[0]).days + 1)]
        may = [day for day in days if day.day == 1 or day == own]
        return [day for day in may if span(day, months)[-1] <= EXECUTION[-1]] or [own]

    def use(self, timing: Timing) -> dict[tuple[int, int], float]:
        """Return the staff in each month of the execution that these use together, from the days of each."""
        used = dict.fromkeys(((day.year, day.month) for day in EXECUTION), 0.0)
        for name, start in timing:
            days = span(start, self.rows[name]["months"])
            for month, number in Counter((day.year, day.month) for day in days).items():
                if month in used:
                    used[month] += self.rows[name]["requested_staff_months"] * number / len(days)
        return used

    @cached_property
    def possible(self) -> dict[frozenset[str], int]:
        """Return the choices that keep the cap, each with the least sum of months by which its starts move."""
        found: dict[frozenset[str], int] = {}
        for names in combinations(self.rows, self.number):
            for starts in product(*map(self.starts, names)):
                timing = tuple(zip(names, starts, strict=True))
                if max(self.use(timing).values()) <= self.most + 1e-7:
                    key, moved = frozenset(names), self.moved(timing)
                    found[key] = min(moved, found.get(key, moved))
        return found

    def moved(self, timing: Timing) -> int:
        own = [(self.rows[name]["start"], start) for name, start in timing]
        apart = [
            (asked != start, abs(12 * (asked.year - start.year) + asked.month - start.month)) for asked, start in own
        ]
        return sum(max(months, moved) for moved, months in apart)

    def total(self, names: Iterable[str]) -> int:
        return round(sum(10 * self.rows[name]["total"] for name in names))


def span(start: date, months: int) -> list[date]:
    """Return the days of so many whole months from a day that every month has."""
    years, month = divmod(start.month - 1 + months, 12)
    stop = start.replace(year=start.year + years, month=month + 1)
    return [start + timedelta(day) for day in range((stop - start).days)]


@cache
def draw_timed(seed: int) -> Timed:
    rng = np.random.default_rng(seed)
    size, number = int(rng.integers(4, 7)), int(rng.integers(2, 4))
    moves = seed % 2 == 1
    rows = {
        f"P{i}": {
            "total": int(rng.integers(40, 100)) / 10,
            "requested_staff_months": int(rng.integers(4, 40)) / 4,
            "start": date(2030, int(rng.integers(7, 13)), int(rng.choice([1, 1, 15, 28]))),
            "months": int(rng.integers(2, 7 if moves else 6)),
        }
        for i in range(size)
    }
    window = (date(2030, int(rng.integers(7, 9)), int(rng.choice([1, 2]))), date(2030, 10, 31)) if moves else None
    return Timed(rows, number, int(rng.integers(10, 26)) / 8 * number / (2 if moves else 1.5), window)


TIMED = range(48)


def timing_of(table: pd.DataFrame) -> Timing:
    return tuple((row.proposal, row.start.date()) for row in table[table["chosen"]].itertuples())


def test_the_random_executions_hold_enough_of_every_kind() -> None:
    found = [(draw_timed(seed), draw_timed(seed).possible) for seed in TIMED]
    some = [(timed, possible) for timed, possible in found if possible]
    assert len(found) - len(some) >= 4
    assert sum(timed.window is None for timed, _ in some) >= 10
    assert sum(possible[max(possible, key=timed.total)] > 0 for timed, possible in some if timed.window) >= 8
    freely = [max(map(timed.total, combinations(timed.rows, timed.number))) for timed, _ in some]
    assert sum(max(map(t.total, p)) < best for (t, p), best in zip(some, freely, strict=True)) >= 15  # the cap binds


@pytest.mark.parametrize("seed", TIMED)
def test_a_cap_per_month_and_movable_starts_give_the_best_of_all_choices_and_starts(seed: int) -> None:
    timed = draw_timed(seed)
    possible = timed.possible
    highest = max(map(timed.total, possible), default=0)
    best = [names for names in possible if timed.total(names) == highest]
    if len(best) != 1:
        with pytest.raises(
            InputError, match="two equally good choices" if best else r"staff \(at most .* in a month\)"
        ):
            selection.choose(timed.candidates, NO_DECISION, timed.call)
        return
    choice = selection.choose(timed.candidates, NO_DECISION, timed.call)
    timing = timing_of(choice.selection)
    assert frozenset(dict(timing)) == best[0]
    assert choice.bound == pytest.approx(highest / 10, abs=1e-7)
    assert all(start in timed.starts(name) for name, start in timing)
    assert timed.moved(timing) == possible[best[0]]
    peak = max(timed.use(timing).values())
    assert peak <= timed.most + 1e-7
    (price,) = choice.prices.itertuples()
    assert (price.bound, price.used) == (timed.most, pytest.approx(peak))
    freely = max(map(timed.total, combinations(timed.rows, timed.number)))
    assert price.gain == pytest.approx((freely - highest) / 10, abs=1e-7)
    assert choice.selection.loc[~choice.selection["chosen"], "start"].isna().all()


def test_what_a_proposal_asks_for_is_spread_over_its_days_also_from_the_last_day_of_a_month() -> None:
    cap = {"id": "staff", "column": "requested_staff_months", "maximum": 50, "per": "month"}
    asked = {"requested_staff_months": 59.0, "months": 2, "start": pd.Timestamp("2030-12-31")}
    (price,) = choose([{**FOUR[0], **asked}, FOUR[1] | asked], choose=1, caps=[cap]).prices.itertuples()
    # From 31 December two months end on 28 February: 1 + 31 + 28 days, most of them in January.
    assert price.used == pytest.approx(59 * 31 / 60)


def test_a_decision_may_start_its_projects_otherwise_to_keep_a_cap_per_month() -> None:
    asked = {"requested_staff_months": 6.0, "months": 6, "start": pd.Timestamp("2030-07-01")}
    cap = {"id": "staff", "column": "requested_staff_months", "maximum": 1.1, "per": "month"}
    window = {"earliest": date(2030, 7, 1), "latest": date(2031, 1, 1)}
    names = decide("CD")
    choice = choose([{**record, **asked} for record in FOUR], names, caps=[cap], starts=window)
    assert sorted(start.month for _, start in timing_of(choice.selection)) == [1, 7]
    (price,) = choice.prices.itertuples()
    assert price.used < 1.1
    stuck = choose([{**record, **asked} for record in FOUR], names, caps=[{**cap, "maximum": 2.1}])
    assert stuck.prices["used"].item() == pytest.approx(12 * 31 / 184)


def test_a_decision_that_keeps_no_cap_whatever_the_starts_leaves_them_where_they_were_asked() -> None:
    asked = {"requested_staff_months": 6.0, "months": 6, "start": pd.Timestamp("2030-08-01")}
    records = [{**record, **asked} for record in FOUR[:3]]
    records[2]["requested_staff_months"] = 30.0
    cap = {"id": "staff", "column": "requested_staff_months", "maximum": 1.1, "per": "month"}
    window = {"earliest": date(2030, 7, 1), "latest": date(2031, 1, 1)}
    choice = choose(records, decide("AC"), caps=[cap], starts=window)
    assert choice.selection.set_index("proposal").loc["C", "start"] == pd.Timestamp("2030-08-01")
    assert choice.prices["used"].item() > 1.1


def test_a_window_moves_no_proposal_that_does_not_fit_it_or_has_no_dates() -> None:
    window = {"earliest": date(2031, 1, 1), "latest": date(2031, 3, 1)}
    long = {"start": pd.Timestamp("2030-07-15"), "months": 11}
    short = {"start": pd.Timestamp("2030-07-15"), "months": 4}
    _, options = selection.arrange(
        shortlist_of({**FOUR[0], **long}, {**FOUR[1], **short}, FOUR[2]), call_choosing(starts=window)
    )
    assert [(position, start, late) for position, start, late in options] == [
        (0, pd.Timestamp("2030-07-15"), 0),
        (1, pd.Timestamp("2031-01-01"), 6),
        (1, pd.Timestamp("2031-02-01"), 7),
        (1, pd.Timestamp("2031-03-01"), 8),
        (2, None, 0),
    ]


@pytest.mark.parametrize("missing", ["start", "months", "requested_staff_months"])
def test_a_cap_per_month_asks_for_amount_start_and_length(missing: str) -> None:
    asked = {"requested_staff_months": 6.0, "months": 6, "start": pd.Timestamp("2030-07-01")}
    cap = {"id": "staff", "column": "requested_staff_months", "maximum": 9, "per": "month"}
    with pytest.raises(InputError) as caught:
        choose([{**FOUR[0], **asked}, {**FOUR[1], **asked, missing: None}, {**FOUR[2], **asked}], caps=[cap])
    assert [fault.place for fault in caught.value.faults] == [f"proposals.csv, proposal B, column {missing}"]


# The decision.


def test_a_tie_for_the_last_place_is_refused_and_a_decision_settles_it_without_a_reason() -> None:
    tied = [*FOUR[:1], {"proposal": "B", "total": 8.0}, {"proposal": "C", "total": 8.0}]
    with pytest.raises(InputError, match=r"two equally good choices, with (B or C|C or B)"):
        choose(tied)
    for decided in ("B", "C"):
        choice = choose(tied, decide(["A", decided], reason=None))
        assert names_of(choice.selection, "computed") == {"A", decided}
        assert (choice.departures, choice.cost) == (0, 0)
        other = choice.selection.set_index("proposal").loc["C" if decided == "B" else "B"]
        assert other["reason"] == "decision"
        assert pd.isna(other["lacking"])


def test_a_decision_without_a_reason_is_refused_for_every_proposal_that_it_brings_in() -> None:
    with pytest.raises(InputError) as caught:
        choose(FOUR, decide(["C", "D"], reason=None))
    assert [fault.place for fault in caught.value.faults] == [
        "decision.csv, row 2, column reason",
        "decision.csv, row 3, column reason",
    ]


OUTSIDE = [*FOUR, {"proposal": "E", "total": 9.5, "shortlisted": False}]


def test_a_decision_for_a_proposal_off_the_shortlist_stands_only_with_its_reason() -> None:
    decision = make_table("decision", {"proposal": "A"}, {"proposal": "E"})
    with pytest.raises(InputError) as caught:
        choose(OUTSIDE, decision)
    assert str(caught.value) == (
        "decision.csv, row 3, column reason: found nothing; expected a reason, for E is not on the shortlist."
    )
    choice = choose(OUTSIDE, decide("AE", "It was overlooked."), quotas=[{**QUOTA, "maximum": 2}])
    table = choice.selection.set_index("proposal")
    assert table.index[table["chosen"]].tolist() == ["E", "A"]
    assert table.index[table["computed"]].tolist() == ["A", "B"]  # though E has the most points of all
    assert (choice.departures, choice.cost) == (2, 0)
    assert table["decided"].dropna().to_dict() == dict.fromkeys("EAB", "It was overlooked.")
    assert table["reason"].dropna().to_dict() == {"B": "decision", "C": "score", "D": "score"}
    assert table.loc["C", "lacking"] == 1  # to the second on the shortlist, which E is not on
    assert choice.prices["constraint"].tolist() == ["libraries"]
    assert (choice.bound, table.loc["E", "alternatives"]) == (17, 0)


def test_a_decision_for_a_proposal_that_was_not_scored_is_refused_even_with_a_reason() -> None:
    with pytest.raises(InputError) as caught:
        choose(FOUR, decide("AZ"))
    assert str(caught.value) == "decision.csv, row 3, column proposal: found 'Z'; expected a proposal that was scored."


@pytest.mark.parametrize(("names", "number"), [("A", 1), ("ABC", 3)])
def test_a_decision_for_another_number_than_the_call_declares_is_refused(names: str, number: int) -> None:
    with pytest.raises(InputError) as caught:
        choose(FOUR, decide(names))
    expected = f"found {number} chosen proposals; expected the 2 of call.yml (selection.choose)"
    assert expected in str(caught.value)


def test_rows_with_chosen_false_state_why_one_is_left_out() -> None:
    rows = [{"proposal": "A", "chosen": "true"}, {"proposal": "C", "reason": "It is ready.", "chosen": None}]
    left_out = {"proposal": "B", "reason": "It withdrew.", "chosen": "false"}
    choice = choose(FOUR, make_table("decision", *rows, left_out))
    table = choice.selection.set_index("proposal")
    assert names_of(choice.selection, "chosen") == {"A", "C"}
    assert table["decided"].dropna().to_dict() == {"B": "It withdrew.", "C": "It is ready."}
    assert (choice.departures, choice.cost) == (2, 1)
    without = choose(FOUR, make_table("decision", *rows)).selection.set_index("proposal")
    assert without.loc["B", "decided"] == "It is ready."  # else the reason for who came in instead


def test_a_row_with_chosen_false_needs_a_reason_only_where_it_departs() -> None:
    rows = [{"proposal": "A"}, {"proposal": "C", "reason": "It is ready."}]
    with pytest.raises(InputError) as caught:
        choose(FOUR, make_table("decision", *rows, {"proposal": "B", "chosen": "false"}))
    assert str(caught.value) == (
        "decision.csv, row 4, column reason: found nothing; expected a reason, for B is in the computed choice."
    )
    choice = choose(FOUR, make_table("decision", *rows, {"proposal": "D", "chosen": "false"}))
    assert names_of(choice.selection, "chosen") == {"A", "C"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "proposal,reason\nG01,\nG99,It is fine.\n",
            "row 3, column proposal: found 'G99'; expected a value of the column proposal of proposals.",
        ),
        ("proposal,reason,chosen\nG01,,no\n", "row 2, column chosen: found 'no'; expected one of true, false."),
        (
            "proposal,reason\nG01,\nG02,\nG01,\n",
            "row 4, column proposal: found 'G01' again, which stands in row 2; expected each key once.",
        ),
    ],
)
def test_a_decision_that_cannot_be_read_is_refused_at_the_ingest(
    store: Store, refusal: Callable[[Callable[[], object]], list[str]], text: str, fault: str
) -> None:
    (store.raw / "decision.csv").write_text(text, encoding="utf-8")
    assert refusal(lambda: read_tables(store)) == [f"decision.csv, {fault}"]


def test_a_row_without_its_reason_is_named_as_it_stands_in_the_delivered_file(store: Store) -> None:
    tables = read_tables(store)
    profiles = distribution.profile(tables["proposals"], tables["actors"], tables["municipalities"])
    _, totals = score(tables["scores"], store.call)
    best = selection.choose(selection.list_candidates(totals, profiles, tables["proposals"]), NO_DECISION, store.call)
    computed, last = sorted(names_of(best.selection, "chosen")), totals["proposal"].iloc[-1]
    assert last not in names_of(totals, "shortlisted")
    lines = ["proposal,reason,chosen", f"{computed[0]},It withdrew.,false"]
    lines += [f"{name},,true" for name in computed[1:]]
    (store.raw / "decision.csv").write_text("\n".join([*lines, f"{last},,"]) + "\n", encoding="utf-8")
    decision = read_tables(store)["decision"]
    candidates = selection.list_candidates(totals, profiles, tables["proposals"], decision)
    with pytest.raises(InputError) as caught:
        selection.choose(candidates, decision, store.call)
    assert [fault.place for fault in caught.value.faults] == [f"decision.csv, row {len(lines) + 1}, column reason"]
    (store.raw / "decision.csv").write_text("\n".join([*lines, f"{last},It replaces it.,"]) + "\n", encoding="utf-8")
    choice = selection.choose(candidates, read_tables(store)["decision"], store.call)
    assert names_of(choice.selection, "chosen") == {*computed[1:], last}


def test_a_decision_beyond_a_cap_shows_in_what_is_used() -> None:
    records = [{**record, "requested_euro": 10_000 * i} for i, record in enumerate(FOUR, start=1)]
    cap = {"id": "money", "column": "requested_euro", "maximum": 50_000}
    prices = choose(records, decide(["C", "D"]), caps=[cap]).prices
    assert prices[["bound", "used"]].to_numpy().tolist() == [[50_000, 70_000]]


def test_a_bound_that_another_choice_of_equal_worth_would_break_is_free_and_names_nobody() -> None:
    records = [
        {"proposal": "A", "total": 9.0},
        {"proposal": "B", "total": 8.0, "actor_kind": "centre"},
        {"proposal": "C", "total": 8.0},
    ]
    choice = choose(records, quotas=[{**QUOTA, "maximum": 1}])
    assert choice.prices[["gain", "enters", "leaves"]].isna().to_numpy().tolist() == [[False, True, True]]
    barred = choice.selection.set_index("proposal").loc["C"]
    assert (barred["reason"], barred["constraints"]) == ("constraint", "libraries")


# What cannot be.


def test_a_cap_without_what_it_limits_names_every_silent_candidate() -> None:
    records = [{**record, "requested_euro": euro} for record, euro in zip(FOUR, [1, None, None, 2], strict=True)]
    with pytest.raises(InputError) as caught:
        choose(records, caps=[{"id": "money", "column": "requested_euro", "maximum": 5}])
    assert [fault.place for fault in caught.value.faults] == [
        "proposals.csv, proposal B, column requested_euro",
        "proposals.csv, proposal C, column requested_euro",
    ]


def test_bounds_that_cannot_hold_together_are_named_with_whole_amounts_and_with_what_would_do() -> None:
    records = [{**record, "requested_euro": 700_001} for record in FOUR]
    cap = {"id": "money", "column": "requested_euro", "maximum": 1_250_000}
    with pytest.raises(InputError) as caught:
        choose(records, caps=[cap], quotas=[{**QUOTA, "minimum": 1}])
    assert str(caught.value) == (
        "call.yml, selection: found caps and quotas that cannot hold together when 2 are chosen: "
        "money (at most 1250000; the shortlist has 2800004 in all); expected bounds that at least one choice from the "
        "shortlist can meet; the least change that allows a choice: money at most 1400002."
    )


def test_a_quota_larger_than_its_group_is_named_with_the_size_of_the_group() -> None:
    with pytest.raises(InputError) as caught:
        choose(FOUR, choose=3, quotas=[{**QUOTA, "minimum": 3, "maximum": 3}])
    assert str(caught.value) == (
        "call.yml, selection: found caps and quotas that cannot hold together when 3 are chosen: libraries (at least 3 "
        "and at most 3; the shortlist has 2 in all); expected bounds that at least one choice from the shortlist can "
        "meet; the least change that allows a choice: libraries at least 2 and at most 3."
    )


def test_the_smallest_conflict_is_named_not_just_any() -> None:
    quotas = [
        {**QUOTA, "minimum": 1},
        {"id": "centres", "column": "actor_kind", "groups": ["centre"], "minimum": 2},
        {"id": "regional", "column": "reach", "groups": ["regional"], "minimum": 1},
    ]
    with pytest.raises(InputError, match="when 2 are chosen: regional \\(at least 1; the shortlist has 0 in all\\); "):
        choose(FOUR, quotas=quotas)


def test_a_proposal_that_a_decision_takes_from_outside_resolves_no_conflict_on_the_shortlist() -> None:
    quota = {"id": "regional", "column": "reach", "groups": ["regional"], "minimum": 1}
    records = [*FOUR, {"proposal": "E", "total": 5.0, "reach": "regional", "shortlisted": False}]
    with pytest.raises(InputError) as caught:
        choose(records, decide("AE"), quotas=[quota])
    message = str(caught.value)
    assert "regional (at least 1; the shortlist has 0 in all)" in message
    assert message.endswith("the least change that allows a choice: regional no bound.")


def test_with_movable_starts_a_conflict_still_counts_every_proposal_once() -> None:
    asked = {"requested_euro": 700, "months": 6, "start": pd.Timestamp("2030-07-01")}
    cap = {"id": "money", "column": "requested_euro", "maximum": 1000}
    window = {"earliest": date(2030, 7, 1), "latest": date(2031, 1, 1)}
    with pytest.raises(InputError, match=r"the shortlist has 2800 in all.*: money at most 1400\."):
        choose([{**record, **asked} for record in FOUR], caps=[cap], starts=window)


def test_a_cap_per_month_that_cannot_be_met_says_by_how_much() -> None:
    asked = {"requested_staff_months": 6.0, "months": 12, "start": pd.Timestamp("2030-07-01")}
    cap = {"id": "staff", "column": "requested_staff_months", "maximum": 1, "per": "month"}
    with pytest.raises(InputError) as caught:
        choose([{**record, **asked} for record in FOUR], caps=[cap])
    message = str(caught.value)
    assert "when 2 are chosen: staff (at most 1 in a month); expected" in message
    found = re.search(r"staff at most ([\d.]+)\.$", message)
    assert found
    assert float(found[1]) == pytest.approx(2 * 6 * 31 / 365)


def test_more_to_choose_than_candidates_is_refused() -> None:
    with pytest.raises(InputError, match="found 3; expected at most the 2 shortlisted proposals"):
        choose(FOUR[:2], choose=3)
    outside = {**FOUR[2], "shortlisted": False}
    with pytest.raises(InputError, match="found 3; expected at most the 2 shortlisted proposals"):
        choose([*FOUR[:2], outside], decide("ABC"), choose=3)


def test_a_group_that_is_not_filled_in_meets_no_quota() -> None:
    quota = {"id": "role", "column": "focus", "groups": ["role"], "minimum": 1}
    choice = choose([{**FOUR[0], "focus": None}, FOUR[1], {**FOUR[2], "focus": "role"}], quotas=[quota])
    assert names_of(choice.selection, "chosen") == {"A", "C"}


def test_a_solver_that_stops_without_a_proof_is_an_error_and_never_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: Any, **__: Any) -> OptimizeResult:
        return OptimizeResult(status=1, success=False, message="time limit reached", x=np.array([1.0, 1, 0, 0]))

    monkeypatch.setattr(programme, "milp", stopped)
    with pytest.raises(RuntimeError, match="not solved to optimality: time limit reached"):
        choose(FOUR)


# The reasons, for everyone.


def totals_of(*rows: tuple[str, float, bool]) -> pd.DataFrame:
    """Return the table `totals` of a call in which totals decide: proposal, total, on the shortlist or not."""
    table = pd.DataFrame(rows, columns=["proposal", "total", "shortlisted"])
    ranks = table["total"].rank(method="min", ascending=False).astype("int64")
    return keep_contract("totals", table.assign(median=table["total"], raters=2, rank=ranks, merit=table["total"]))


def test_everyone_who_is_not_chosen_has_one_reason_also_without_a_score() -> None:
    totals = totals_of(*((one["proposal"], one["total"], True) for one in FOUR), ("Y", 5.5, False), ("X", 4.0, False))
    proposals = make_table("proposals", *({"proposal": name} for name in "ZYXWDCBA"))
    choice = choose(FOUR, quotas=[{**QUOTA, "minimum": 1}])
    with unchanged(choice.selection, totals, proposals):
        reasons = keep_contract("reasons", selection.give_reasons(choice, totals, proposals))
    found = [(row.proposal, row.reason, row.lacking, row.constraints) for row in reasons.itertuples()]
    assert [tuple(None if pd.isna(value) else value for value in row) for row in found] == [
        ("B", "constraint", None, "libraries"),
        ("D", "score", 2.0, None),
        ("Y", "shortlist", 0.5, None),
        ("X", "shortlist", 2.0, None),
        ("W", "unscored", None, None),
        ("Z", "unscored", None, None),
    ]
    assert reasons["rank"].tolist()[:4] == [2, 4, 5, 6]
    assert reasons["total"].isna().tolist() == [False] * 4 + [True] * 2


def test_the_reason_stated_with_a_decision_stands_with_those_it_left_out() -> None:
    totals = totals_of(*((one["proposal"], one["total"], True) for one in FOUR))
    proposals = make_table("proposals", *({"proposal": name} for name in "ABCD"))
    reasons = selection.give_reasons(choose(FOUR, decide("AC", "It is ready.")), totals, proposals)
    assert reasons[["proposal", "reason", "decided"]].astype("object").fillna("").to_numpy().tolist() == [
        ["B", "decision", "It is ready."],
        ["D", "score", ""],
    ]


def test_one_that_lost_a_lottery_to_a_lower_merit_lacks_nothing() -> None:
    totals = totals_of(("A", 9, True), ("B", 8, False), ("C", 7, True), ("D", 6, False))
    choice = choose([FOUR[0], FOUR[2]], choose=2)
    proposals = make_table("proposals", *({"proposal": name} for name in "ABCD"))
    reasons = keep_contract("reasons", selection.give_reasons(choice, totals, proposals))
    assert dict(zip(reasons["proposal"], reasons["lacking"], strict=True)) == {"B": 0, "D": 1}


def test_where_all_are_chosen_nobody_needs_a_reason() -> None:
    totals = totals_of(("A", 9, True), ("B", 8, True))
    proposals = make_table("proposals", {"proposal": "A"}, {"proposal": "B"})
    reasons = selection.give_reasons(choose(FOUR[:2]), totals, proposals)
    assert len(keep_contract("reasons", reasons)) == 0


# The chosen, and the indicators.


def describe(proposals: pd.DataFrame, chosen: Sequence[str], moved: pd.Timestamp | None = None) -> pd.DataFrame:
    flags = proposals["proposal"].isin(chosen)
    flagged = pd.DataFrame({"proposal": proposals["proposal"], "chosen": flags, "start": pd.to_datetime(moved)})
    actors = make_table("actors", {"actor": "A1", "name": "The library", "nis": "7"})
    towns = make_table("municipalities", {"nis": "7", "name": "Seaside"})
    with unchanged(flagged, proposals, actors, towns):
        return keep_contract("chosen", selection.describe_chosen(flagged, proposals, actors, towns))


def test_the_chosen_are_described_by_name_and_place_in_order_of_id() -> None:
    proposals = make_table(
        "proposals", *({"proposal": p, "start": pd.Timestamp("2030-03-15"), "months": 6} for p in "CAB")
    )
    described = describe(proposals, ["C", "A"])
    assert described["proposal"].tolist() == ["A", "C"]
    assert set(described["actor"]) == {"The library"}
    assert set(described["municipality"]) == {"Seaside"}
    assert set(described["end"]) == {pd.Timestamp("2030-09-14")}


def test_a_start_that_the_choice_moved_moves_the_end_along() -> None:
    proposals = make_table("proposals", {"proposal": "A", "start": pd.Timestamp("2030-03-15"), "months": 6})
    described = describe(proposals, ["A"], pd.Timestamp("2030-05-01"))
    assert described["start"].tolist() == [pd.Timestamp("2030-05-01")]
    assert described["end"].tolist() == [pd.Timestamp("2030-10-31")]


@pytest.mark.parametrize(
    ("start", "months", "end"),
    [
        ("2030-01-01", 12, "2030-12-31"),
        ("2031-11-01", 4, "2032-02-29"),
        ("2030-01-01", None, None),
        (None, 3, None),
    ],
)
def test_the_last_day_is_the_one_before_the_same_day_months_later(
    start: str | None, months: int, end: str | None
) -> None:
    day = pd.Timestamp(start) if start else None
    described = describe(make_table("proposals", {"proposal": "A", "start": day, "months": months}), ["A"])
    assert described["end"].isna().tolist() == [end is None]
    if end:
        assert described["end"].tolist() == [pd.Timestamp(end)]


def indicators_of(proposals: pd.DataFrame, choice: Choice) -> dict[str, object]:
    chosen = describe(proposals, list(names_of(choice.selection, "chosen")))
    groups = pd.DataFrame({"dimension": ["province"], "group": ["West Side"], "proposals": [2]})
    totals = totals_of(("A", 9, True), ("B", 8, True), ("C", 7, True), ("D", 6, True), ("E", 9.5, False))
    with unchanged(choice.selection, choice.alternatives, chosen, groups, totals, proposals):
        found = selection.indicators(choice, chosen, groups, totals, proposals, small_call())
        return {item.id: item.value for item in found}


DATED = {"start": pd.Timestamp("2030-03-01"), "months": 3, "requested_euro": 500, "requested_staff_months": 1.5}


def dated_proposals() -> pd.DataFrame:
    later = {**DATED, "start": pd.Timestamp("2030-05-01"), "months": 8}
    return make_table(
        "proposals", {"proposal": "A", **DATED, "cross_sector": True}, *({"proposal": p, **later} for p in "BCDE")
    )


def test_indicators_tell_the_sum_the_price_of_balance_and_the_span() -> None:
    found = indicators_of(dated_proposals(), choose(FOUR, quotas=[{**QUOTA, "minimum": 1}], alternatives=3))
    expected = {
        "selection.shortlisted": 4,
        "selection.chosen": 2,
        "selection.not_chosen": 3,
        "selection.departures": 0,
        "selection.departure_cost": 0,
        "selection.lowest": 7,
        "selection.sum": 16,
        "selection.merit": 16,
        "selection.bound": 16,
        "selection.cost_of_balance": (9.5 + 9) - (9 + 7),
        "selection.alternatives": 3,  # A and C, then A and D or B and C with 15 points
        "selection.alternatives.nearest": 1,
        "selection.alternatives.farthest": 1,
        "selection.alternatives.always": 0,
        "selection.province.west_side": 2,
        "selection.cross_sector": 1,
        "selection.euro": 1000,
        "selection.staff_months": 3,
        "selection.start": pd.Timestamp("2030-03-01").date(),
        "selection.end": pd.Timestamp("2030-12-31").date(),
        "selection.starts": 2,
    }
    assert {name: found[name] for name in expected} == expected


def test_indicators_tell_what_a_decision_gave_up_and_how_far_the_alternatives_lie() -> None:
    found = indicators_of(dated_proposals(), choose(FOUR, decide("BD"), alternatives=2))
    expected = {
        "selection.departures": 4 - 2,  # A out, D in
        "selection.departure_cost": (9 + 8) - (8 + 6),
        "selection.sum": 14,
        "selection.bound": 17,
        "selection.alternatives": 2,
        "selection.alternatives.nearest": 1,
        "selection.alternatives.always": 1,  # A stands in both A, B and A, C
    }
    assert {name: found[name] for name in expected} == expected


def test_a_choice_without_another_has_no_distance_to_it() -> None:
    found = indicators_of(dated_proposals(), choose(FOUR[:2]))
    assert found["selection.alternatives"] == 1
    assert not [name for name in found if name.startswith("selection.alternatives.")]


def test_what_the_chosen_do_not_all_state_has_no_indicator() -> None:
    proposals = make_table("proposals", {"proposal": "A", "requested_euro": 5}, *({"proposal": p} for p in "BCD"))
    found = indicators_of(proposals, choose(FOUR))
    assert not {"selection.euro", "selection.staff_months", "selection.start", "selection.end"} & set(found)


def test_nothing_given_is_changed() -> None:
    case = next(case for case in map(draw_case, SEEDS) if len(case.best()) == 1 and case.bounds)
    decision = decide(sorted(case.points)[: case.number])
    with unchanged(case.candidates, decision):
        built, options = selection.arrange(case.candidates, case.call)
        assert len(options) == len(case.candidates)
        best = programme.solve(built)
        assert best is not None
        selection.price(case.candidates, best, best.options, built, dict.fromkeys(case.bounds, best))
        selection.choose(case.candidates, decision, case.call)


def test_of_two_projects_the_lower_ranked_moves_and_rather_earlier_than_later() -> None:
    asked = {"requested_staff_months": 2.0, "months": 2, "start": pd.Timestamp("2030-09-01")}
    cap = {"id": "staff", "column": "requested_staff_months", "maximum": 1.5, "per": "month"}
    window = {"earliest": date(2030, 7, 1), "latest": date(2031, 1, 1)}
    choice = choose([{**record, **asked} for record in FOUR], choose=2, caps=[cap], starts=window)
    assert timing_of(choice.selection) == (("A", date(2030, 9, 1)), ("B", date(2030, 7, 1)))


def test_a_start_within_a_month_stays_where_nothing_binds() -> None:
    asked = {"requested_staff_months": 2.0, "months": 2, "start": pd.Timestamp("2030-09-15")}
    window = {"earliest": date(2030, 7, 1), "latest": date(2031, 1, 1)}
    choice = choose([{**record, **asked} for record in FOUR], choose=2, starts=window)
    assert [start for _, start in timing_of(choice.selection)] == [date(2030, 9, 15)] * 2
