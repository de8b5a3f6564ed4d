"""Money and staff: what each phase costs by line and source, who works on it, and the load of every month."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

import pandas as pd

from analysis.call import Call
from analysis.declarations import Phase
from analysis.indicators import Indicator, Recorder
from analysis.months import days_by_month, days_by_year, list_months, month_share, spread_whole

PILOTS = "pilots"
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


def split_budget(budget: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return the cost in whole euro per phase, line, source of funds and year, in the order delivered.

    An amount that was delivered without a year is spread over the years of its phase in proportion to its days in them;
    what comes of more than one year in that way is `derived`.
    """
    rows = []
    for row in budget.itertuples():
        days = days_by_year(*_span(row, call))
        for year, euro in zip(days, spread_whole(row.euro, list(days.values())), strict=True):
            rows.append((row.phase, row.line, row.fund, year, euro, len(days) > 1))
    split = pd.DataFrame(rows, columns=["phase", "line", "fund", "year", "euro", "derived"])
    return _add_up(split, ["phase", "line", "fund", "year"])


def sum_years(split: pd.DataFrame) -> pd.DataFrame:
    """Return the cost in euro per phase, source of funds and year; `derived` where a part of it is."""
    return _add_up(split.drop(columns="line"), ["phase", "fund", "year"])


def spread_pilots(chosen: pd.DataFrame) -> pd.DataFrame:
    """Return what every chosen proposal with a start and an end asks for per month, evenly over its days.

    Money in whole euro, which add up to what it asks for; staff in person-months; missing where it does not say.
    """
    rows = []
    for row in chosen.dropna(subset=["start", "end"]).itertuples():
        days = days_by_month(row.start, row.end)
        counts, whole = list(days.values()), sum(days.values())
        euro = [pd.NA] * len(days) if pd.isna(row.euro) else spread_whole(row.euro, counts)
        for month, amount, count in zip(days, euro, counts, strict=True):
            rows.append((row.proposal, month, amount, row.staff_months * count / whole))
    return pd.DataFrame(rows, columns=["proposal", "month", "euro", "staff_months"])


def sum_pilot_months(pilot_months: pd.DataFrame, budget: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return per month what the pilots under way ask for together, beside the budget of their phase in that month.

    The budget is spread evenly over the days of the phase, or of the year that was delivered, as `budget_split` is; it
    is missing where the phase has none. Money in whole euro, staff in person-months.
    """
    planned: Counter[pd.Timestamp] = Counter()
    for row in budget[budget["phase"] == PILOTS].itertuples():
        days = days_by_month(*_span(row, call))
        planned.update(dict(zip(days, spread_whole(row.euro, list(days.values())), strict=True)))
    asked = pilot_months.groupby("month")
    summed = asked[["euro", "staff_months"]].sum().assign(pilots=asked.size())
    summed = summed.reindex(sorted({*summed.index, *planned}), fill_value=0)
    known = (budget["phase"] == PILOTS).any()
    return summed.assign(budget=[planned[month] if known else pd.NA for month in summed.index]).reset_index(
        names="month"
    )


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


def find_overloads(load: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of `monthly_load` with more staff at work than are available; none where that is not known."""
    return load[load["fte"] > load["available"] + CAPACITY_TOLERANCE]


def list_overloads(load: pd.DataFrame, phase: str) -> list[tuple[date, date]]:
    """Return the first and the last month of every unbroken run of months in which a phase is over its capacity."""
    over = find_overloads(load)
    runs: list[list[pd.Timestamp]] = []
    for month in sorted(over.loc[over["phase"] == phase, "month"]):
        if runs and month == runs[-1][-1] + pd.offsets.MonthBegin(1):
            runs[-1].append(month)
        else:
            runs.append([month])
    return [(run[0].date(), run[-1].date()) for run in runs]


def indicators(budget: pd.DataFrame, funds: pd.DataFrame, years: pd.DataFrame, staff: pd.DataFrame, load: pd.DataFrame,
               proposals: int, chosen: int, call: Call) -> Iterator[Indicator]:  # fmt: skip
    """Yield the indicators of money and staff; `proposals` and `chosen` are their numbers."""
    spent = Recorder(sum_lines, "budget")
    for phase_id, of_phase in budget.groupby("phase"):
        euro = of_phase["euro"].sum()
        yield spent.one(f"resources.{phase_id}.euro", int(euro), "euro")
        yield spent.one(f"resources.{phase_id}.lines", of_phase["line"].nunique(), "count")
        handled = {"call": proposals, "pilots": chosen}[str(phase_id)]
        if handled:  # without a choice it is not known over how many pilots the money is divided
            yield Recorder(sum_lines, "budget", "proposals").one(
                f"resources.{phase_id}.euro_each", int(euro) / handled, "euro"
            )
    yield from _fund_indicators(funds)
    for (phase_id, year), euro in years.groupby(["phase", "year"])["euro"].sum().items():
        spread = Recorder(split_budget, "budget")
        yield spread.one(f"resources.{phase_id}.year.{year}", int(year), "year")
        yield spread.one(f"resources.{phase_id}.year.{year}.euro", int(euro), "euro")
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
    for phase, rows in funds.groupby("phase", sort=False) if len(funds) else ():
        yield record.one(f"resources.{phase}.share", float(rows["share"].sum()), "share")


def _load_indicators(load: pd.DataFrame, call: Call) -> Iterator[Indicator]:
    record = Recorder(load_by_month, "staffing")
    for phase in call.phases:
        of_phase = load[load["phase"] == phase.id]
        if of_phase.empty:
            continue
        yield record.one(f"resources.{phase.id}.months", round(count_months(phase), 6), "months")
        if phase.capacity is not None:
            yield from _overload_indicators(load, phase.id)
        peak = of_phase.loc[of_phase["fte"].idxmax()]
        yield record.one(f"resources.{phase.id}.peak", round(float(peak["fte"]), 6), "fte")
        yield record.one(f"resources.{phase.id}.peak_month", peak["month"].date(), "date")


def _overload_indicators(load: pd.DataFrame, phase: str) -> Iterator[Indicator]:
    record, runs = Recorder(list_overloads, "monthly_load"), list_overloads(load, phase)
    number = sum(len(list_months(first, last)) for first, last in runs)
    over = find_overloads(load[load["phase"] == phase])
    excess = {f"{row.month:%Y-%m}": row.fte - row.available for row in over.itertuples()}
    yield from Recorder(find_overloads, "monthly_load").each(f"resources.{phase}.excess", excess, "fte")
    yield record.one(f"resources.{phase}.months_over", number, "count")
    for position, (first, last) in enumerate(runs, start=1):
        yield record.one(f"resources.{phase}.over.{position}.first", first, "date")
        yield record.one(f"resources.{phase}.over.{position}.last", last, "date")


def _span(row: Any, call: Call) -> tuple[date, date]:
    """Return the days over which an amount of the budget is spread: its phase, or what of it lies in its year."""
    period = next(phase.period for phase in call.phases if phase.id == row.phase)
    if pd.isna(row.year):
        return period.start, period.end
    return max(period.start, date(row.year, 1, 1)), min(period.end, date(row.year, 12, 31))


def _add_up(amounts: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return amounts.groupby(keys, sort=False).agg({"euro": "sum", "derived": "any"}).reset_index()


def _available(phase: Phase, month: pd.Timestamp) -> float:
    if phase.capacity is None:
        return math.nan
    return phase.capacity * month_share(pd.Timestamp(phase.period.start), pd.Timestamp(phase.period.end), month)


def _under_way(chosen: pd.DataFrame, phase: Phase, month: pd.Timestamp) -> int:
    if phase.id != PILOTS:
        return 0
    return int(((chosen["start"] <= month + pd.offsets.MonthEnd(0)) & (chosen["end"] >= month)).sum())
