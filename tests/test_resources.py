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


def two_years(first: str = "2030-10-01", last: str = "2031-03-31") -> Call:
    """Return the small call with the phase of the pilots over this span, which crosses a new year."""
    period = {"start": first, "end": last, "source": "a test"}
    return small_call(phases=[named("pilots", "de uitvoering", "the execution", period=period, euro=1, fte=1)])


SPLIT = ["phase", "line", "fund", "year", "euro", "derived"]


def test_an_amount_without_a_year_is_spread_over_the_years_of_its_phase_by_days_and_is_derived() -> None:
    budget = make_table("budget", {"phase": "pilots", "line": "All", "euro": 182_000, "fund": "grant"})
    split = keep_contract("budget_split", resources.split_budget(budget, two_years()))
    assert split[SPLIT].to_numpy().tolist() == [
        ["pilots", "All", "grant", 2030, 92_000, True],  # October to December: 31 + 30 + 31 days
        ["pilots", "All", "grant", 2031, 90_000, True],
    ]


def test_an_amount_of_a_year_stays_in_it_and_is_not_derived() -> None:
    budget = make_table(
        "budget",
        {"phase": "pilots", "line": "All", "euro": 7, "fund": "grant", "year": 2031},
        {"phase": "pilots", "line": "All", "euro": 182, "fund": "grant"},
        {"phase": "pilots", "line": "Advice", "euro": 5, "fund": "reserves", "year": 2030},
        {"phase": "pilots", "line": "Advice", "euro": 6, "fund": "grant", "year": 2030},
    )
    split = keep_contract("budget_split", resources.split_budget(budget, two_years()))
    assert sorted(split[SPLIT].to_numpy().tolist()) == [
        ["pilots", "Advice", "grant", 2030, 6, False],
        ["pilots", "Advice", "reserves", 2030, 5, False],
        ["pilots", "All", "grant", 2030, 92, True],
        ["pilots", "All", "grant", 2031, 97, True],  # partly derived
    ]
    years = keep_contract("budget_years", resources.sum_years(split)).sort_values(["fund", "year"])
    assert years[["fund", "year", "euro", "derived"]].to_numpy().tolist() == [
        ["grant", 2030, 98, True], ["grant", 2031, 97, True], ["reserves", 2030, 5, False],
    ]  # fmt: skip


def test_a_phase_within_one_year_has_nothing_derived() -> None:
    split = resources.split_budget(BUDGET[BUDGET["phase"] == "call"], small_call())
    assert split[["year", "derived"]].drop_duplicates().to_numpy().tolist() == [[2030, False]]


AMOUNTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=5)


@QUICK
@given(AMOUNTS, DAYS, st.integers(0, 900))
def test_no_euro_is_lost_over_years_or_months(amounts: list[int], first: date, length: int) -> None:
    call = two_years(str(first), str(first + timedelta(days=length)))
    lines = [{"phase": "pilots", "line": str(i), "euro": euro, "fund": "grant"} for i, euro in enumerate(amounts)]
    budget = make_table("budget", *lines)
    split = resources.split_budget(budget, call)
    assert split.groupby("line")["euro"].sum().to_dict() == {str(i): euro for i, euro in enumerate(amounts)}
    months = keep_contract(
        "pilots_by_month", resources.sum_pilot_months(resources.spread_pilots(make_table("chosen")), budget, call)
    )
    assert months["budget"].sum() == sum(amounts)
    assert months.groupby(months["month"].dt.year)["budget"].sum().sum() == split["euro"].sum()
    assert not months[["pilots", "euro", "staff_months"]].any(axis=None)


def test_a_pilot_is_spread_over_the_days_of_its_own_execution() -> None:
    chosen = make_table(
        "chosen",
        {"proposal": "A", "start": pd.Timestamp("2030-01-31"), "end": pd.Timestamp("2030-03-02"), "euro": 310,
         "staff_months": 3.1},
        {"proposal": "B", "start": pd.Timestamp("2030-02-01"), "end": pd.Timestamp("2030-02-28"), "euro": 50},
        {"proposal": "C", "start": pd.Timestamp("2030-02-01")},
    )  # fmt: skip
    months = keep_contract("pilot_months", resources.spread_pilots(chosen))
    assert months["proposal"].tolist() == ["A", "A", "A", "B"]
    assert [month.month for month in months["month"]] == [1, 2, 3, 2]
    assert months["euro"].tolist() == [10, 280, 20, 50]
    assert months["staff_months"].tolist()[:3] == pytest.approx([0.1, 2.8, 0.2])
    assert pd.isna(months["staff_months"].iloc[3])


def test_what_pilots_ask_for_stands_beside_the_budget_of_their_phase() -> None:
    chosen = make_table(
        "chosen",
        {"proposal": "A", "start": pd.Timestamp("2030-09-01"), "end": pd.Timestamp("2030-10-31"), "euro": 61},
        {"proposal": "B", "start": pd.Timestamp("2030-10-01"), "end": pd.Timestamp("2030-10-31"), "staff_months": 2.0},
    )
    budget = make_table(
        "budget",
        {"phase": "pilots", "line": "All", "euro": 182, "fund": "grant"},
        {"phase": "pilots", "line": "Late", "euro": 90, "fund": "grant", "year": 2031},
        {"phase": "pilots", "line": "All", "euro": 182, "fund": "reserves"},
    )
    asked = resources.spread_pilots(chosen)
    found = keep_contract("pilots_by_month", resources.sum_pilot_months(asked, budget, two_years()))
    assert [f"{month:%Y-%m}" for month in found["month"]] == [
        "2030-09", "2030-10", "2030-11", "2030-12", "2031-01", "2031-02", "2031-03",
    ]  # fmt: skip
    assert found["pilots"].tolist() == [1, 2, 0, 0, 0, 0, 0]
    assert found["euro"].tolist() == [30, 31, 0, 0, 0, 0, 0]
    assert found["staff_months"].tolist() == [0, 2, 0, 0, 0, 0, 0]
    days = [0, 31, 30, 31, 31, 28, 31]
    assert found["budget"].tolist() == [2 * d + (d if place > 3 else 0) for place, d in enumerate(days)]


def test_without_a_budget_of_the_phase_what_pilots_ask_for_stands_alone() -> None:
    chosen = make_table(
        "chosen", {"proposal": "A", "start": pd.Timestamp("2030-09-01"), "end": pd.Timestamp("2030-09-30"), "euro": 3}
    )
    asked = resources.spread_pilots(chosen)
    found = resources.sum_pilot_months(asked, BUDGET[BUDGET["phase"] == "call"], small_call())
    assert keep_contract("pilots_by_month", found)["budget"].isna().tolist() == [True]


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


def load_indicators(load: pd.DataFrame, call: Call) -> dict[str, float | date]:
    """Return the indicators of a call that delivered nothing but this load."""
    nothing = BUDGET[:0]
    years = resources.sum_years(resources.split_budget(nothing, call))
    return {item.id: item.value for item in resources.indicators(nothing, nothing, years, load[:0], load, 1, 1, call)}


def test_work_after_its_phase_counts_in_its_month_and_is_over_what_is_available() -> None:
    call = call_of("2030-01-01", "2030-01-31", 1)
    load = resources.load_by_month(spans(("call", "X", 1, "2030-01-01", "2030-02-28")), make_table("chosen"), call)
    assert load[["fte", "available"]].to_numpy().tolist() == [[1, 1], [1, 0]]
    assert load_indicators(load, call) == {
        "resources.call.months": 1,
        "resources.call.months_over": 1,
        "resources.call.excess.2030-02": 1,
        "resources.call.over.1.first": date(2030, 2, 1),
        "resources.call.over.1.last": date(2030, 2, 1),
        "resources.call.peak": 1,
        "resources.call.peak_month": date(2030, 1, 1),
    }


def loads(phase: str, *months: tuple[str, float, float | None]) -> pd.DataFrame:
    records = [
        {"month": pd.Timestamp(month), "phase": phase, "fte": fte, "available": available, "pilots": 0}
        for month, fte, available in months
    ]
    return make_table("monthly_load", *records)


def test_months_over_capacity_are_named_in_unbroken_runs() -> None:
    over = loads(
        "pilots", ("2030-11-01", 2, 1), ("2030-12-01", 2, 1), ("2031-01-01", 2, 1), ("2031-02-01", 1, 1),
        ("2031-03-01", 1.5, 1), ("2031-05-01", 1.5, 1),
    )  # fmt: skip
    days = [(date(2030, 11, 1), date(2031, 1, 1)), (date(2031, 3, 1),) * 2, (date(2031, 5, 1),) * 2]
    assert resources.list_overloads(over, "pilots") == days
    assert resources.list_overloads(over, "call") == []
    assert resources.list_overloads(over.iloc[::-1], "pilots") == days  # in whatever order the rows come


def test_a_sum_of_fractions_that_is_just_full_is_not_over_capacity() -> None:
    full = loads("call", ("2030-01-01", 0.1 + 0.2, 0.3), ("2030-02-01", 5, None))
    assert 0.1 + 0.2 > 0.3
    assert resources.find_overloads(full).empty


def test_a_phase_without_a_known_capacity_is_never_said_to_be_over_it() -> None:
    call = call_of("2030-01-01", "2030-01-31", None)
    load = resources.load_by_month(spans(("call", "X", 1, "2030-01-01", "2030-02-28")), make_table("chosen"), call)
    assert keep_contract("monthly_load", load, call)["available"].isna().all()
    assert set(load_indicators(load, call)) == {f"resources.call.{name}" for name in ("months", "peak", "peak_month")}


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
    years = resources.sum_years(resources.split_budget(BUDGET, call))
    found = {item.id: item.value for item in resources.indicators(BUDGET, funds, years, staff, load, 10, 4, call)}
    expected = {
        "resources.call.euro": 300,
        "resources.call.lines": 2,
        "resources.call.euro_each": 30,
        "resources.pilots.euro": 1100,
        "resources.pilots.lines": 2,  # one of them from two funds
        "resources.pilots.euro_each": 275,
        "resources.pilots.reserves.euro": 700,
        "resources.pilots.reserves.share": 700 / 1100,
        "resources.call.share": 1,
        "resources.pilots.share": 1,
        "resources.pilots.year.2031": 2031,
        "resources.call.year.2030.euro": 300,
        "resources.pilots.year.2030.euro": 554,  # from July to June: 184 of 365 days of 1000 and of 100 euro
        "resources.pilots.year.2031.euro": 546,
        "resources.call.fte": 0.7,
        "resources.call.persons": 2,
        "resources.call.person_months": 3.5,
        "resources.call.months": 5,
        "resources.call.peak": 1.5,
        "resources.call.peak_month": date(2030, 5, 1),
    }
    assert {name: found[name] for name in expected} == expected
    assert not any(name.startswith("resources.pilots.fte") for name in found)


def test_a_call_that_delivered_neither_budget_nor_staff_has_empty_tables_and_no_indicators() -> None:
    call, budget, staffing, chosen = small_call(), make_table("budget"), make_table("staffing"), make_table("chosen")
    funds, load = resources.sum_funds(budget), resources.load_by_month(staffing, chosen, call)
    staff, split = resources.sum_staff(staffing, load, call), resources.split_budget(budget, call)
    years, asked = resources.sum_years(split), resources.spread_pilots(chosen)
    tables = {
        "budget_split": split,
        "budget_years": years,
        "pilot_months": asked,
        "pilots_by_month": resources.sum_pilot_months(asked, budget, call),
        "budget_lines": resources.sum_lines(budget),
        "budget_funds": funds,
        "monthly_load": load,
        "phase_staff": staff,
        "timeline": resources.draw_up_timeline(chosen),
    }
    assert {name: len(keep_contract(name, table)) for name, table in tables.items()} == dict.fromkeys(tables, 0)
    assert list(resources.indicators(budget, funds, years, staff, load, 5, 2, call)) == []


def test_nothing_given_is_changed() -> None:
    call, staffing = small_call(), spans(("pilots", "X", 1, "2030-07-01", "2030-11-30"))
    days = {"start": pd.Timestamp("2030-07-31"), "end": pd.Timestamp("2030-09-30"), "euro": 5}
    chosen = make_table("chosen", {"proposal": "A", **days})
    with unchanged(BUDGET, staffing, chosen):
        resources.sum_lines(BUDGET)
        funds = resources.sum_funds(BUDGET)
        load = resources.load_by_month(staffing, chosen, call)
        resources.draw_up_timeline(chosen)
        split, asked = resources.split_budget(BUDGET, call), resources.spread_pilots(chosen)
    with unchanged(BUDGET, staffing, load, split, asked):
        staff, years = resources.sum_staff(staffing, load, call), resources.sum_years(split)
        resources.sum_pilot_months(asked, BUDGET, call)
        resources.list_overloads(load, "pilots")
    with unchanged(BUDGET, funds, years, staff, load):
        list(resources.indicators(BUDGET, funds, years, staff, load, 1, 1, call))
