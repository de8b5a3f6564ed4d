"""Money and staff: sums by hand, months by counting days one by one."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, timedelta
from itertools import pairwise

import pandas as pd
import pytest
from builders import QUICK, keep_contract, make_table, named, small_call, unchanged
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import resources
from analysis.call import Call

BUDGET = make_table(
    "budget",
    {"phase": "pilots", "line": "Pilots", "euro": 700, "fund": "reserves"},
    {"phase": "call", "line": "Films", "euro": 250, "fund": "grant"},
    {"phase": "pilots", "line": "Pilots", "euro": 300, "fund": "grant"},
    {"phase": "call", "line": "Design", "euro": 50, "fund": "grant"},
    {"phase": "pilots", "line": "Advice", "euro": 100, "fund": "grant"},
)
DAYS = st.dates(date(2030, 1, 1), date(2031, 12, 31))


def spans(*work: tuple[str, str, float, str, str]) -> pd.DataFrame:
    records = [
        {"phase": phase, "employee": who, "fraction": part, "from": pd.Timestamp(first), "to": pd.Timestamp(last)}
        for phase, who, part, first, last in work
    ]
    return make_table("staffing", *records)


def days_of(first: date, last: date) -> list[date]:
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


def months_by_days(first: date, last: date) -> dict[tuple[int, int], float]:
    """Return the share of every month's days that lie in a span, counted a day at a time."""
    shares: dict[tuple[int, int], float] = {}
    for day in days_of(first, last):
        month = (day.year, day.month)
        shares[month] = shares.get(month, 0.0) + 1 / monthrange(*month)[1]
    return shares


def call_of(first: str, last: str, capacity: float | None) -> Call:
    """Return the small call with one phase over this span."""
    period = {"start": first, "end": last, "source": "a test"}
    phase = named("call", "de oproep", "the call", period=period, euro=1, fte=1, capacity=capacity)
    return small_call(phases=[phase])


@QUICK
@given(DAYS, DAYS)
def test_a_share_of_a_month_is_the_share_of_its_days(one: date, other: date) -> None:
    first, last = sorted((one, other))
    months = resources.list_months(first, last)
    counted = months_by_days(first, last)
    assert [(month.year, month.month) for month in months] == list(counted)
    for month in months:
        found = resources.month_share(pd.Timestamp(first), pd.Timestamp(last), month)
        assert found == pytest.approx(counted[month.year, month.month])


def test_a_month_outside_the_span_has_no_share() -> None:
    first, last = pd.Timestamp("2030-03-10"), pd.Timestamp("2030-04-20")
    for month in ("2030-02-01", "2030-05-01"):
        assert resources.month_share(first, last, pd.Timestamp(month)) == 0


def test_the_length_of_a_phase_counts_days_as_their_share_of_a_month() -> None:
    (phase,) = call_of("2030-01-16", "2030-03-31", 1).phases
    assert resources.count_months(phase) == pytest.approx(16 / 31 + 2)


def test_lines_are_summed_over_funds_in_the_order_delivered() -> None:
    lines = keep_contract("budget_lines", resources.sum_lines(BUDGET))
    assert lines.to_numpy().tolist() == [
        ["pilots", "Pilots", 1000],
        ["call", "Films", 250],
        ["call", "Design", 50],
        ["pilots", "Advice", 100],
    ]


def test_funds_are_summed_over_lines_and_their_shares_of_a_phase_are_whole() -> None:
    funds = keep_contract("budget_funds", resources.sum_funds(BUDGET))
    assert funds.to_numpy().tolist() == [
        ["call", "grant", 300, 1.0],
        ["pilots", "reserves", 700, 700 / 1100],
        ["pilots", "grant", 400, 400 / 1100],
    ]


def test_a_phase_that_costs_nothing_has_shares_of_nothing() -> None:
    free = make_table("budget", {"phase": "call", "line": "Films", "euro": 0, "fund": "grant"})
    funds = keep_contract("budget_funds", resources.sum_funds(free))
    assert funds["share"].tolist() == [0]


PEOPLE = st.tuples(st.sampled_from("XYZ"), st.integers(1, 4).map(lambda n: n / 4), DAYS, st.integers(0, 300))


@settings(QUICK, max_examples=20)
@given(st.lists(PEOPLE, min_size=1, max_size=5, unique_by=lambda one: (one[0], one[2])))
def test_the_load_is_that_of_every_person_on_every_day(work: list[tuple[str, float, date, int]]) -> None:
    call = call_of("2030-03-10", "2030-11-20", 2)
    ends = [(who, part, first, first + timedelta(days=length)) for who, part, first, length in work]
    staffing = spans(*(("call", who, part, str(first), str(last)) for who, part, first, last in ends))
    load = keep_contract("monthly_load", resources.load_by_month(staffing, make_table("chosen"), call), call)
    expected: dict[tuple[int, int], float] = {}
    for _, part, first, last in ends:
        for month, share in months_by_days(first, last).items():
            expected[month] = expected.get(month, 0) + part * share
    found = {(m.year, m.month): fte for m, fte in zip(load["month"], load["fte"], strict=True) if fte}
    assert found == {month: pytest.approx(fte) for month, fte in expected.items()}
    available = months_by_days(date(2030, 3, 10), date(2030, 11, 20))
    for row in load.itertuples():
        assert row.available == pytest.approx(2 * available.get((row.month.year, row.month.month), 0))
    gaps = {(later.year - sooner.year) * 12 + later.month - sooner.month for sooner, later in pairwise(load["month"])}
    assert gaps <= {1}  # no month is skipped, also where nobody works


def test_spans_of_one_person_that_overlap_add_up_and_the_person_counts_once() -> None:
    call = call_of("2030-01-01", "2030-04-30", 1)
    staffing = spans(
        ("call", "X", 0.5, "2030-01-01", "2030-03-31"),
        ("call", "X", 0.25, "2030-02-01", "2030-04-30"),
        ("call", "Y", 1.0, "2030-04-01", "2030-04-15"),
    )
    load = resources.load_by_month(staffing, make_table("chosen"), call)
    assert load["fte"].tolist() == pytest.approx([0.5, 0.75, 0.75, 0.25 + 0.5])
    staff = keep_contract("phase_staff", resources.sum_staff(staffing, load, call), call)
    person_months = 3 * 0.5 + 3 * 0.25 + 0.5
    assert staff.to_numpy().tolist() == [["call", pytest.approx(person_months / 4), 2, pytest.approx(person_months)]]


def test_an_average_is_over_the_length_of_the_phase_and_not_over_the_months_that_it_touches() -> None:
    call = call_of("2030-04-16", "2030-05-31", 1)
    staffing = spans(("call", "X", 1, "2030-04-16", "2030-05-31"))
    load = resources.load_by_month(staffing, make_table("chosen"), call)
    (row,) = resources.sum_staff(staffing, load, call).itertuples()
    assert (row.person_months, row.fte) == (pytest.approx(1.5), pytest.approx(1))


def test_work_after_its_phase_counts_in_its_month_and_is_over_what_is_available() -> None:
    call = call_of("2030-01-01", "2030-01-31", 1)
    load = resources.load_by_month(spans(("call", "X", 1, "2030-01-01", "2030-02-28")), make_table("chosen"), call)
    assert load[["fte", "available"]].to_numpy().tolist() == [[1, 1], [1, 0]]
    found = {item.id: item.value for item in resources.indicators(BUDGET[:0], BUDGET[:0], load[:0], load, 1, 1, call)}
    assert found == {"resources.call.months": 1, "resources.call.months_over": 1, "resources.call.peak": 1}


def test_a_phase_without_a_known_capacity_is_never_said_to_be_over_it() -> None:
    call = call_of("2030-01-01", "2030-01-31", None)
    load = resources.load_by_month(spans(("call", "X", 1, "2030-01-01", "2030-02-28")), make_table("chosen"), call)
    assert keep_contract("monthly_load", load, call)["available"].isna().all()
    found = {item.id for item in resources.indicators(BUDGET[:0], BUDGET[:0], load[:0], load, 1, 1, call)}
    assert found == {"resources.call.months", "resources.call.peak"}


def test_pilots_under_way_are_counted_by_month_in_their_own_phase_only() -> None:
    chosen = make_table(
        "chosen",
        {"proposal": "A", "start": pd.Timestamp("2030-07-31"), "end": pd.Timestamp("2030-08-01")},
        {"proposal": "B", "start": pd.Timestamp("2030-08-15"), "end": pd.Timestamp("2030-10-31")},
        {"proposal": "C"},
    )
    staffing = spans(("pilots", "X", 1, "2030-07-01", "2030-11-30"), ("call", "X", 1, "2030-01-01", "2030-05-31"))
    load = resources.load_by_month(staffing, chosen, small_call())
    of = {phase: rows["pilots"].tolist() for phase, rows in load.groupby("phase")}
    assert of["pilots"][:6] == [1, 2, 1, 1, 0, 0]
    assert set(of["call"]) == {0}


def test_the_timeline_holds_who_states_both_ends_earliest_first() -> None:
    day = pd.Timestamp
    chosen = make_table(
        "chosen",
        {"proposal": "D", "start": day("2030-09-01"), "end": day("2030-12-31")},
        {"proposal": "C", "start": day("2030-08-01"), "end": day("2030-12-31")},
        {"proposal": "B", "start": day("2030-08-01")},
        {"proposal": "A", "start": day("2030-08-01"), "end": day("2030-12-31"), "euro": 5},
    )
    assert keep_contract("timeline", resources.draw_up_timeline(chosen))["proposal"].tolist() == ["A", "C", "D"]


def test_indicators_are_the_sums_by_hand() -> None:
    staffing = spans(("call", "X", 0.5, "2030-01-01", "2030-05-31"), ("call", "Y", 1, "2030-05-01", "2030-05-31"))
    call, funds = small_call(), resources.sum_funds(BUDGET)
    load = resources.load_by_month(staffing, make_table("chosen"), call)
    staff = resources.sum_staff(staffing, load, call)
    found = {item.id: item.value for item in resources.indicators(BUDGET, funds, staff, load, 10, 4, call)}
    expected = {
        "resources.call.euro": 300,
        "resources.call.lines": 2,
        "resources.call.euro_each": 30,
        "resources.pilots.euro": 1100,
        "resources.pilots.lines": 2,  # one of them from two funds
        "resources.pilots.euro_each": 275,
        "resources.pilots.reserves.euro": 700,
        "resources.pilots.reserves.share": 700 / 1100,
        "resources.call.fte": 0.7,
        "resources.call.persons": 2,
        "resources.call.person_months": 3.5,
        "resources.call.months": 5,
        "resources.call.peak": 1.5,
    }
    assert {name: found[name] for name in expected} == expected
    assert not any(name.startswith("resources.pilots.fte") for name in found)


def test_a_call_that_delivered_neither_budget_nor_staff_has_empty_tables_and_no_indicators() -> None:
    call, budget, staffing, chosen = small_call(), make_table("budget"), make_table("staffing"), make_table("chosen")
    funds, load = resources.sum_funds(budget), resources.load_by_month(staffing, chosen, call)
    staff = resources.sum_staff(staffing, load, call)
    tables = {
        "budget_lines": resources.sum_lines(budget),
        "budget_funds": funds,
        "monthly_load": load,
        "phase_staff": staff,
        "timeline": resources.draw_up_timeline(chosen),
    }
    assert {name: len(keep_contract(name, table)) for name, table in tables.items()} == dict.fromkeys(tables, 0)
    assert list(resources.indicators(budget, funds, staff, load, 5, 2, call)) == []


def test_nothing_given_is_changed() -> None:
    call, staffing = small_call(), spans(("pilots", "X", 1, "2030-07-01", "2030-11-30"))
    chosen = make_table("chosen", {"proposal": "A", "start": pd.Timestamp("2030-07-31")})
    with unchanged(BUDGET, staffing, chosen):
        resources.sum_lines(BUDGET)
        funds = resources.sum_funds(BUDGET)
        load = resources.load_by_month(staffing, chosen, call)
        resources.draw_up_timeline(chosen)
    with unchanged(staffing, load):
        staff = resources.sum_staff(staffing, load, call)
    with unchanged(BUDGET, funds, staff, load):
        list(resources.indicators(BUDGET, funds, staff, load, 1, 1, call))
