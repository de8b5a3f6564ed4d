"""The choice against an enumeration of all choices: the optimum, every price, every reason, and every refusal."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from math import inf
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builders import call_choosing, keep_contract, make_table, shortlist_of, small_call, unchanged
from scipy.optimize import OptimizeResult

from analysis import selection
from analysis.call import Call
from analysis.faults import InputError
from analysis.selection import Choice, Constraint

NO_DECISION = make_table("decision")
SEEDS = range(200)


@dataclass(frozen=True)
class Case:
    """A small random shortlist under random caps and quotas, and all choices from it; totals in tenths."""

    tenths: dict[str, int]
    bounds: dict[str, tuple[dict[str, float], float, float]]  # per id: what each uses, the least, the most
    call: Call
    candidates: pd.DataFrame

    @property
    def number(self) -> int:
        return self.call.selection.choose

    def add_up(self, names: Iterable[str]) -> int:
        return sum(self.tenths[name] for name in names)

    def allowed(self, ids: Iterable[str]) -> list[frozenset[str]]:
        """Return every choice that keeps these bounds."""
        bounds = [self.bounds[one] for one in ids]
        choices = map(frozenset, combinations(sorted(self.tenths), self.number))
        return [c for c in choices if all(low <= sum(use[n] for n in c) <= high for use, low, high in bounds)]

    def best(self, dropped: str = "") -> set[frozenset[str]]:
        """Return every choice with the highest sum, without one of the bounds where it is named."""
        allowed = self.allowed(one for one in self.bounds if one != dropped)
        highest = max(map(self.add_up, allowed), default=0)
        return {choice for choice in allowed if self.add_up(choice) == highest}


@cache
def draw_case(seed: int) -> Case:
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
        caps=[one for one in kept if one in caps],
        quotas=[one for one in kept if one in quotas],
    )
    tenths = {name: round(trait["total"] * 10) for name, trait in traits.items()}
    return Case(tenths, bounds, call, shortlist_of(*({"proposal": n, **trait} for n, trait in traits.items())))


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
        assert choice.departures == 0
        check_prices(case, choice, expected)
        check_reasons(case, choice, set(expected), best)
        return
    with pytest.raises(InputError) as caught:
        selection.choose(case.candidates, NO_DECISION, case.call)
    if best:
        check_tie(str(caught.value), best)
    else:
        check_conflict(case, str(caught.value))


@pytest.mark.parametrize("seed", range(0, 200, 4))
def test_a_decision_is_the_choice_and_what_it_departs_from_is_told(seed: int) -> None:
    case = draw_case(seed)
    best = case.best()
    decided = set(np.random.default_rng(seed).permutation(sorted(case.tenths))[: case.number])
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
    assert choice.selection["decided"].notna().tolist() == choice.selection["chosen"].tolist()
    check_prices(case, choice, computed)
    check_reasons(case, choice, decided, best)


def check_prices(case: Case, choice: Choice, computed: frozenset[str]) -> None:
    assert choice.prices["constraint"].tolist() == list(case.bounds)
    chosen = names_of(choice.selection, "chosen")
    for row in choice.prices.itertuples():
        use, low, high = case.bounds[row.constraint]
        without = case.best(dropped=row.constraint)
        gain = case.add_up(next(iter(without))) - case.add_up(computed)
        assert row.gain == pytest.approx(gain / 10, abs=1e-9)
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


def check_reasons(case: Case, choice: Choice, chosen: set[str], best: set[frozenset[str]]) -> None:
    line = sorted(case.tenths.values(), reverse=True)[case.number - 1]
    for row in choice.selection.itertuples():
        opened = {one for one in case.bounds if any(row.proposal in c for c in case.best(dropped=one))}
        stated = set() if pd.isna(row.constraints) else set(row.constraints.split())
        if row.proposal in chosen:
            assert pd.isna(row.reason)
        elif any(row.proposal in other for other in best):
            assert row.reason == "decision"
        elif opened:
            assert (row.reason, stated) == ("constraint", opened)
        elif case.tenths[row.proposal] >= line:
            assert (row.reason, stated) == ("constraint", set(case.bounds))
        else:
            assert row.reason == "score"
            assert row.lacking == pytest.approx((line - case.tenths[row.proposal]) / 10)
            assert row.lacking > 0
        assert pd.notna(row.lacking) == (row.reason == "score")
        assert bool(stated) == (row.reason == "constraint")


def check_tie(message: str, best: set[frozenset[str]]) -> None:
    found = re.search(r"two equally good choices, with (.*) or (.*?); expected decision.csv", message)
    assert found
    one, other = (set(names.split(", ")) for names in found.groups())
    assert any(a - b == one and b - a == other for a in best for b in best)


def check_conflict(case: Case, message: str) -> None:
    said = set(re.findall(r"(\w+) \((?:at|[^)]*;)", message))
    impossible = [
        set(some)
        for size in range(1, len(case.bounds) + 1)
        for some in combinations(case.bounds, size)
        if not case.allowed(some)
    ]
    assert said in impossible
    assert len(said) == min(map(len, impossible))


QUOTA = {"id": "libraries", "column": "actor_kind", "groups": ["library"]}
FOUR = [
    {"proposal": "A", "total": 9.0, "actor_kind": "centre"},
    {"proposal": "B", "total": 8.0, "actor_kind": "centre"},
    {"proposal": "C", "total": 7.0, "actor_kind": "library"},
    {"proposal": "D", "total": 6.0, "actor_kind": "library"},
]


def choose(records: Sequence[dict[str, Any]], decision: pd.DataFrame = NO_DECISION, **declared: Any) -> Choice:
    return selection.choose(shortlist_of(*records), decision, call_choosing(**declared))


def test_the_order_of_rows_never_matters() -> None:
    case = next(case for case in map(draw_case, SEEDS) if len(case.best()) == 1 and len(case.bounds) >= 3)
    totals = case.candidates[["proposal", "total", "rank"]].assign(shortlisted=True)
    profiles = case.candidates.drop(columns=["total", "rank", "requested_euro", "requested_staff_months"])
    asked = case.candidates[["proposal", "requested_euro", "requested_staff_months"]]
    orders = [selection.list_candidates(totals[::step], profiles[::step], asked) for step in (1, -1)]
    pd.testing.assert_frame_equal(orders[0], orders[1])
    found = [selection.choose(candidates, NO_DECISION, case.call) for candidates in orders]
    pd.testing.assert_frame_equal(found[0].selection, found[1].selection)
    pd.testing.assert_frame_equal(found[0].prices, found[1].prices)


def test_selection_and_prices_keep_their_contracts() -> None:
    reasons = set()
    for case in [case for case in map(draw_case, SEEDS) if case.best() and case.bounds][:12]:
        choice = selection.choose(case.candidates, decide(sorted(case.tenths)[: case.number]), case.call)
        keep_contract("constraint_prices", choice.prices)
        reasons |= set(keep_contract("selection", choice.selection)["reason"].dropna())
    assert reasons == {"score", "constraint", "decision"}


def test_only_the_shortlist_is_listed_best_first() -> None:
    names = ["A", "B", "C"]
    totals = pd.DataFrame(
        {"proposal": names, "total": [5.0, 9, 7], "rank": [3, 1, 2], "shortlisted": [False, True, True]}
    )
    profiles = make_table("profiles", *({"proposal": name} for name in names))
    proposals = make_table("proposals", *({"proposal": name, "requested_euro": 7} for name in names))
    with unchanged(totals, profiles, proposals):
        listed = selection.list_candidates(totals, profiles, proposals)
    assert listed["proposal"].tolist() == ["B", "C"]
    assert listed["requested_euro"].tolist() == [7, 7]


@pytest.mark.parametrize("step", [1e-6, 3e-7])
def test_a_difference_that_counts_is_never_lost_in_the_solver(step: float) -> None:
    rng = np.random.default_rng(1)
    uses = np.array([15.0, 5, 25, 10, 20, 30, 15, 5])
    cap = Constraint("cap", uses, 0, 65)
    for _ in range(40):
        totals = 8 + rng.permutation(8) * step
        allowed = [c for c in combinations(range(8), 4) if uses[list(c)].sum() <= 65]
        found = selection.solve(totals, 4, [cap])
        assert found is not None
        assert totals[found].sum() == pytest.approx(max(totals[list(c)].sum() for c in allowed), rel=0, abs=step / 10)


def test_a_solver_that_stops_without_a_proof_is_an_error_and_never_a_choice(monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: Any, **__: Any) -> OptimizeResult:
        return OptimizeResult(status=1, success=False, message="time limit reached", x=np.array([1.0, 1, 0, 0]))

    monkeypatch.setattr(selection, "milp", stopped)
    with pytest.raises(RuntimeError, match="not solved to optimality: time limit reached"):
        choose(FOUR)


def test_a_tie_for_the_last_place_is_refused_and_a_decision_settles_it_without_a_reason() -> None:
    tied = [*FOUR[:1], {"proposal": "B", "total": 8.0}, {"proposal": "C", "total": 8.0}]
    with pytest.raises(InputError, match=r"two equally good choices, with (B or C|C or B)"):
        choose(tied)
    for decided in ("B", "C"):
        choice = choose(tied, decide(["A", decided], reason=None))
        assert names_of(choice.selection, "computed") == {"A", decided}
        assert choice.departures == 0
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


def test_a_decision_for_a_proposal_off_the_shortlist_is_refused() -> None:
    with pytest.raises(InputError, match=r"row 3, column proposal: found 'Z'; expected a proposal on the shortlist"):
        choose(FOUR, decide(["A", "Z"]))


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


def test_a_cap_without_what_it_limits_names_every_silent_candidate() -> None:
    records = [{**record, "requested_euro": euro} for record, euro in zip(FOUR, [1, None, None, 2], strict=True)]
    with pytest.raises(InputError) as caught:
        choose(records, caps=[{"id": "money", "column": "requested_euro", "maximum": 5}])
    assert [fault.place for fault in caught.value.faults] == [
        "proposals.csv, proposal B, column requested_euro",
        "proposals.csv, proposal C, column requested_euro",
    ]


def test_bounds_that_cannot_hold_together_are_named_with_whole_amounts() -> None:
    records = [{**record, "requested_euro": 700_000} for record in FOUR]
    cap = {"id": "money", "column": "requested_euro", "maximum": 1_250_000}
    with pytest.raises(InputError) as caught:
        choose(records, caps=[cap], quotas=[{**QUOTA, "minimum": 1}])
    message = str(caught.value)
    assert "money (at most 1250000; the shortlist has 2800000 in all)" in message
    assert "libraries" not in message


def test_the_smallest_conflict_is_named_not_just_any() -> None:
    quotas = [
        {**QUOTA, "minimum": 1},
        {"id": "centres", "column": "actor_kind", "groups": ["centre"], "minimum": 2},
        {"id": "regional", "column": "reach", "groups": ["regional"], "minimum": 1},
    ]
    with pytest.raises(InputError, match="when 2 are chosen: regional \\(at least 1; the shortlist has 0 in all\\); "):
        choose(FOUR, quotas=quotas)


def test_more_to_choose_than_candidates_is_refused() -> None:
    with pytest.raises(InputError, match="found 3; expected at most the 2 shortlisted proposals"):
        choose(FOUR[:2], choose=3)


def test_a_group_that_is_not_filled_in_meets_no_quota() -> None:
    quota = {"id": "role", "column": "focus", "groups": ["role"], "minimum": 1}
    choice = choose([{**FOUR[0], "focus": None}, FOUR[1], {**FOUR[2], "focus": "role"}], quotas=[quota])
    assert names_of(choice.selection, "chosen") == {"A", "C"}


def describe(proposals: pd.DataFrame, chosen: Sequence[str]) -> pd.DataFrame:
    flagged = pd.DataFrame({"proposal": proposals["proposal"], "chosen": proposals["proposal"].isin(chosen)})
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
    totals = pd.DataFrame({"proposal": ["A", "B", "C", "D", "E"], "total": [9.0, 8, 7, 6, 9.5]})
    with unchanged(choice.selection, chosen, groups, totals, proposals):
        found = selection.indicators(
            choice.selection, chosen, groups, totals, proposals, choice.departures, small_call()
        )
        return {item.id: item.value for item in found}


def test_indicators_tell_the_sum_the_price_of_balance_and_the_span() -> None:
    dated = {"start": pd.Timestamp("2030-03-01"), "months": 3, "requested_euro": 500, "requested_staff_months": 1.5}
    later = {**dated, "start": pd.Timestamp("2030-05-01"), "months": 8}
    proposals = make_table(
        "proposals", {"proposal": "A", **dated, "cross_sector": True}, *({"proposal": p, **later} for p in "BCDE")
    )
    found = indicators_of(proposals, choose(FOUR, quotas=[{**QUOTA, "minimum": 1}]))
    expected = {
        "selection.shortlisted": 4,
        "selection.chosen": 2,
        "selection.not_chosen": 3,
        "selection.departures": 0,
        "selection.lowest": 7,
        "selection.sum": 16,
        "selection.cost_of_balance": (9.5 + 9) - (9 + 7),
        "selection.province.west_side": 2,
        "selection.cross_sector": 1,
        "selection.euro": 1000,
        "selection.staff_months": 3,
        "selection.start": pd.Timestamp("2030-03-01").date(),
        "selection.end": pd.Timestamp("2030-12-31").date(),
        "selection.starts": 2,
    }
    assert {name: found[name] for name in expected} == expected


def test_what_the_chosen_do_not_all_state_has_no_indicator() -> None:
    proposals = make_table("proposals", {"proposal": "A", "requested_euro": 5}, *({"proposal": p} for p in "BCD"))
    found = indicators_of(proposals, choose(FOUR))
    assert not {"selection.euro", "selection.staff_months", "selection.start", "selection.end"} & set(found)


def test_nothing_given_is_changed() -> None:
    case = next(case for case in map(draw_case, SEEDS) if len(case.best()) == 1 and case.bounds)
    decision = decide(sorted(case.tenths)[: case.number])
    with unchanged(case.candidates, decision):
        constraints = selection.constrain(case.candidates, case.call)
        choice = selection.choose(case.candidates, decision, case.call)
        flags = choice.selection["computed"].to_numpy()
        selection.price(case.candidates, flags, flags, constraints, dict.fromkeys(case.bounds, flags))
        selection.solve(case.candidates["total"].to_numpy("float64"), case.number, constraints)
