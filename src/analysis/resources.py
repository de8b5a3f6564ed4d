"""Money and staff: what each phase costs by line and source, who works on it, and the load of every month."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import date

import pandas as pd

from analysis.call import Call
from analysis.declarations import Phase
from analysis.indicators import Indicator, Recorder

CAPACITY_TOLERANCE = 1e-9  # in full-time equivalents: sums of fractions are not exact


def sum_lines(budget: pd.DataFrame) -> pd.DataFrame:
    """Return the cost in euro per phase and line, in the order in which they were delivered."""
    return budget.groupby(["phase", "line"], sort=False)["euro"].sum().reset_index()


def sum_funds(budget: pd.DataFrame) -> pd.DataFrame:
    """Return the cost in euro per phase and source of funds, with the source's share of the phase, largest first."""
    summed = budget.groupby(["phase", "fund"], sort=False)["euro"].sum().reset_index()
    whole = summed.groupby("phase")["euro"].transform("sum").astype("float64")
    shared = summed.assign(share=(summed["euro"] / whole).fillna(0.0))
    return shared.sort_values(["phase", "euro", "fund"], ascending=[True, False, True]).reset_index(drop=True)


def list_months(first: date, last: date) -> list[pd.Timestamp]:
    """Return the first day of every calendar month that the span touches."""
    return list(pd.date_range(pd.Timestamp(first).replace(day=1), last, freq="MS"))


def month_share(first: pd.Timestamp, last: pd.Timestamp, month: pd.Timestamp) -> float:
    """Return the share of a calendar month's days that lie within a span, both ends included."""
    end = month + pd.offsets.MonthEnd(0)
    days = (min(last, end) - max(first, month)).days + 1
    return max(days, 0) / month.days_in_month


def load_by_month(staffing: pd.DataFrame, chosen: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return the staff at work in full-time equivalents per month of every phase, its capacity, and the pilots.

    Work outside its phase counts in the month in which it is done. `pilots` counts the chosen proposals under way.
    """
    rows = []
    for phase in call.phases:
        at_work = staffing[staffing["phase"] == phase.id]
        if at_work.empty:
            continue
        span = [phase.period.start, phase.period.end, at_work["from"].min().date(), at_work["to"].max().date()]
        for month in list_months(min(span), max(span)):
            fte = sum(
                row.fraction * month_share(row.begin, row.to, month)
                for row in at_work.rename(columns={"from": "begin"}).itertuples()
            )
            rows.append((month, phase.id, fte, _available(phase, month), _under_way(chosen, phase, month)))
    return pd.DataFrame(rows, columns=["month", "phase", "fte", "available", "pilots"])


def sum_staff(staffing: pd.DataFrame, load: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return per phase the average full-time equivalents over its months, different persons, and person-months."""
    rows = []
    for phase in call.phases:
        at_work = staffing[staffing["phase"] == phase.id]
        if at_work.empty:
            continue
        person_months = float(load.loc[load["phase"] == phase.id, "fte"].sum())
        rows.append((phase.id, person_months / count_months(phase), at_work["employee"].nunique(), person_months))
    return pd.DataFrame(rows, columns=["phase", "fte", "persons", "person_months"])


def count_months(phase: Phase) -> float:
    """Return the length of a phase in months, days counting as their share of a calendar month."""
    first, last = pd.Timestamp(phase.period.start), pd.Timestamp(phase.period.end)
    return sum(month_share(first, last, month) for month in list_months(phase.period.start, phase.period.end))


def draw_up_timeline(chosen: pd.DataFrame) -> pd.DataFrame:
    """Return first and last day of every chosen proposal that states them, earliest first."""
    dated = chosen.dropna(subset=["start", "end"])
    return dated.sort_values(["start", "end", "proposal"])[["proposal", "title", "start", "end", "euro"]]


def indicators(budget: pd.DataFrame, funds: pd.DataFrame, staff: pd.DataFrame, load: pd.DataFrame,
               proposals: int, chosen: int, call: Call) -> Iterator[Indicator]:  # fmt: skip
    """Yield the indicators of money and staff; `proposals` and `chosen` are their numbers."""
    spent = Recorder(sum_lines, "budget")
    for phase_id, of_phase in budget.groupby("phase"):
        euro = of_phase["euro"].sum()
        yield spent.one(f"resources.{phase_id}.euro", int(euro), "euro")
        yield spent.one(f"resources.{phase_id}.lines", of_phase["line"].nunique(), "count")
        handled = {"call": proposals, "pilots": chosen}[str(phase_id)]
        yield Recorder(sum_lines, "budget", "proposals").one(
            f"resources.{phase_id}.euro_each", int(euro) / handled, "euro"
        )
    yield from _fund_indicators(funds)
    staffed = Recorder(sum_staff, "staffing")
    for row in staff.itertuples():
        yield staffed.one(f"resources.{row.phase}.fte", round(row.fte, 6), "fte")
        yield staffed.one(f"resources.{row.phase}.persons", int(row.persons), "persons")
        yield staffed.one(f"resources.{row.phase}.person_months", round(row.person_months, 6), "person_months")
    yield from _load_indicators(load, call)


def _fund_indicators(funds: pd.DataFrame) -> Iterator[Indicator]:
    record = Recorder(sum_funds, "budget")
    for row in funds.itertuples():
        yield record.one(f"resources.{row.phase}.{row.fund}.euro", int(row.euro), "euro")
        yield record.one(f"resources.{row.phase}.{row.fund}.share", float(row.share), "share")


def _load_indicators(load: pd.DataFrame, call: Call) -> Iterator[Indicator]:
    record = Recorder(load_by_month, "staffing")
    over = load["fte"] > load["available"] + CAPACITY_TOLERANCE
    for phase in call.phases:
        of_phase = load["phase"] == phase.id
        if of_phase.any():
            yield record.one(f"resources.{phase.id}.months", round(count_months(phase), 6), "months")
            if phase.capacity is not None:
                yield record.one(f"resources.{phase.id}.months_over", int((over & of_phase).sum()), "count")
            yield record.one(f"resources.{phase.id}.peak", round(float(load.loc[of_phase, "fte"].max()), 6), "fte")


def _available(phase: Phase, month: pd.Timestamp) -> float:
    if phase.capacity is None:
        return math.nan
    return phase.capacity * month_share(pd.Timestamp(phase.period.start), pd.Timestamp(phase.period.end), month)


def _under_way(chosen: pd.DataFrame, phase: Phase, month: pd.Timestamp) -> int:
    if phase.id != "pilots":
        return 0
    return int(((chosen["start"] <= month + pd.offsets.MonthEnd(0)) & (chosen["end"] >= month)).sum())
