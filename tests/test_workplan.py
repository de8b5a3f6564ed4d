"""The plan of work: who works beyond full time is found by counting every day, and ends by counting months."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
from builders import QUICK, make_table, small_call, unchanged
from hypothesis import given
from hypothesis import strategies as st

from analysis import workplan

FIRST = date(2030, 1, 1)
WORK = st.tuples(st.sampled_from("XY"), st.integers(1, 10), st.integers(0, 40), st.integers(0, 25))


def spans(work: list[tuple[str, int, int, int]]) -> pd.DataFrame:
    records = [
        {
            "employee": who, "fraction": tenths / 10,
            "from": pd.Timestamp(FIRST + timedelta(days=start)),
            "to": pd.Timestamp(FIRST + timedelta(days=start + length)),
        }
        for who, tenths, start, length in work
    ]  # fmt: skip
    return make_table("staffing", *records)


@QUICK
@given(st.lists(WORK, min_size=1, max_size=8, unique_by=lambda one: (one[0], one[2])))
def test_beyond_full_time_is_who_has_more_than_ten_tenths_on_some_day(work: list[tuple[str, int, int, int]]) -> None:
    expected: dict[str, int] = {}
    for who in "XY":
        loads = [
            sum(t for w, t, start, length in work if w == who and start <= day <= start + length) for day in range(70)
        ]
        if max(loads) > 10:
            expected[who] = next(day for day, load in enumerate(loads) if load > 10)
    found: dict[str, str] = {}
    for fault in workplan.beyond_full_time(spans(work), "staffing.csv"):
        who = fault.found.split("'")[1]
        found.setdefault(who, fault.found)
    assert found.keys() == expected.keys()
    for who, day in expected.items():
        assert found[who].endswith(f"on {FIRST + timedelta(days=day)}")


def test_nothing_given_is_changed() -> None:
    call = small_call()
    staffing = spans([("X", 10, 0, 5), ("X", 5, 2, 5)])
    proposals = make_table("proposals", {"proposal": "P", "start": pd.Timestamp(FIRST), "months": 3})
    budget = make_table("budget", {"phase": "call", "line": "Films", "euro": 1, "fund": "grant", "year": 2029})
    with unchanged(staffing, proposals, budget):
        found = [
            *workplan.executions_outside(proposals, call.dates.execution, "a"),
            *workplan.days_in_reverse(staffing, "b"),
            *workplan.work_outside(staffing, call.phases, "b"),
            *workplan.beyond_full_time(staffing, "b"),
            *workplan.years_outside(budget, call.phases, "c"),
        ]
    assert [fault.place.partition(",")[0] for fault in found] == ["a", "b", "c"]


def test_tables_without_rows_have_no_faults() -> None:
    call, staffing = small_call(), make_table("staffing")
    assert not list(workplan.executions_outside(make_table("proposals"), call.dates.execution, ""))
    assert not list(workplan.work_outside(staffing, call.phases, ""))
    assert not list(workplan.beyond_full_time(staffing, ""))
    assert not list(workplan.days_in_reverse(staffing, ""))
    assert not list(workplan.years_outside(make_table("budget"), call.phases, ""))
