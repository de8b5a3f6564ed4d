"""What a plan of work may not say: executions, work and money outside their time, and staff beyond full time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd

from analysis.declarations import Period, Phase
from analysis.faults import Fault
from analysis.months import last_day, list_months

FIRST_ROW = 2  # of the records in a file with a line of headings
FULL_TIME = 1 + 1e-9  # sums of fractions are not exact


def executions_outside(proposals: pd.DataFrame, execution: Period, place: str) -> Iterator[Fault]:
    """Yield the proposals that would start outside the execution of the call or end after it.

    One that states no start is taken to start with the execution: longer than that it can never fit.
    """
    window = f"{execution.start} to {execution.end}"
    for row in proposals.itertuples():
        begin = row.start if pd.notna(row.start) else pd.Timestamp(execution.start)
        if not execution.start <= begin.date() <= execution.end:
            where = f"{place}, row {row.Index + FIRST_ROW}, column start"
            yield Fault(where, repr(str(begin.date())), f"a day within the execution ({window})")
        elif pd.notna(row.months) and _runs_beyond(begin, int(row.months), execution):
            where = f"{place}, row {row.Index + FIRST_ROW}, column months"
            found = f"{str(row.months)!r}, from {begin.date()}"
            yield Fault(where, found, f"a length that ends within the execution ({window})")


def _runs_beyond(begin: pd.Timestamp, months: int, execution: Period) -> bool:
    touched = len(list_months(begin, execution.end))  # so that no absurd length leads to a day that does not exist
    return months > touched or last_day(begin, months).date() > execution.end


def days_in_reverse(staffing: pd.DataFrame, place: str) -> Iterator[Fault]:
    """Yield the work that ends before it starts."""
    for row in staffing.index[staffing["to"] < staffing["from"]]:
        first = staffing.at[row, "from"].date()
        found = repr(str(staffing.at[row, "to"].date()))
        yield Fault(f"{place}, row {row + FIRST_ROW}, column to", found, f"a day not before the column from ({first})")


def work_outside(staffing: pd.DataFrame, phases: Sequence[Phase], place: str) -> Iterator[Fault]:
    """Yield the work that has no day in common with its phase; work that only begins sooner or ends later has."""
    periods = {phase.id: phase.period for phase in phases}
    for row in staffing[staffing["from"] <= staffing["to"]].rename(columns={"from": "begin"}).itertuples():
        period, first, last = periods[row.phase], row.begin.date(), row.to.date()
        if last < period.start or first > period.end:
            where = f"{place}, row {row.Index + FIRST_ROW}, column from"
            expected = f"work on at least one day of the phase {row.phase} ({period.start} to {period.end})"
            yield Fault(where, f"work from {first} to {last}", expected)


def beyond_full_time(staffing: pd.DataFrame, place: str) -> Iterator[Fault]:
    """Yield every first day on which one employee's fractions, over all phases, come to more than full time.

    They can only pass full time on a day on which some work starts, so no other day is looked at.
    """
    for employee, own in staffing.groupby("employee", sort=False):
        for day in sorted(own["from"].unique()):
            at_work = own[(own["from"] <= day) & (own["to"] >= day)]
            whole = at_work["fraction"].sum()
            if len(at_work) > 1 and whole > FULL_TIME:
                rows = [str(row + FIRST_ROW) for row in at_work.index]
                where = f"{place}, rows {', '.join(rows[:-1])} and {rows[-1]}, column fraction"
                found = f"{whole:.12g} of full time together for {employee!r} on {day.date()}"
                yield Fault(where, found, "at most 1 for one employee on any day")


def years_outside(budget: pd.DataFrame, phases: Sequence[Phase], place: str) -> Iterator[Fault]:
    """Yield the amounts of a year in which their phase has no day."""
    years = {phase.id: (phase.period.start.year, phase.period.end.year) for phase in phases}
    for row in budget.dropna(subset=["year"]).itertuples():
        first, last = years[row.phase]
        if not first <= row.year <= last:
            expected = f"a year of the phase {row.phase} ({first} to {last}), or nothing"
            yield Fault(f"{place}, row {row.Index + FIRST_ROW}, column year", repr(str(row.year)), expected)
