"""The contracts of money and staff."""

from __future__ import annotations

from analysis.call import Call
from analysis.contracts import Column, Contract
from analysis.tables.cells import count, embargo, identifying, indicator_contract, number, text

DERIVED = "Whether a part of it was spread over years by days, for want of a year delivered"


def contracts(call: Call) -> list[Contract]:
    """Return these contracts, in the order of the steps that make them."""
    return [
        _budget_lines(call),
        _budget_funds(call),
        _budget_split(call),
        _budget_years(call),
        embargo(_pilot_months()),
        _pilots_by_month(),
        _phase_staff(call),
        _monthly_load(call),
        embargo(_timeline()),
        indicator_contract("resources_indicators", "05_resources"),
    ]


def _budget_lines(call: Call) -> Contract:
    phases = call.ids("phases")
    return Contract(
        "budget_lines",
        "05_resources",
        "Cost per phase and budget line",
        {
            "phase": text("Phase", phases),
            "line": text("Budget line"),
            "euro": count("Amount", "euro"),
        },
        key=("phase", "line"),
    )


def _budget_funds(call: Call) -> Contract:
    phases, funds = call.ids("phases"), call.ids("funds")
    return Contract(
        "budget_funds",
        "05_resources",
        "Cost per phase and source of funds",
        {
            "phase": text("Phase", phases),
            "fund": text("Source of funds", funds),
            "euro": count("Amount", "euro"),
            "share": number("Share of the phase's cost", "share", 0, 1),
        },
        key=("phase", "fund"),
    )


def _budget_split(call: Call) -> Contract:
    return Contract(
        "budget_split",
        "05_resources",
        "Cost per phase, budget line, source of funds and year",
        {
            "phase": text("Phase", call.ids("phases")),
            "line": text("Budget line"),
            "fund": text("Source of funds", call.ids("funds")),
            "year": count("Calendar year", "year"),
            "euro": count("Amount", "euro"),
            "derived": Column("flag", DERIVED),
        },
        key=("phase", "line", "fund", "year"),
    )


def _budget_years(call: Call) -> Contract:
    return Contract(
        "budget_years",
        "05_resources",
        "Cost per phase, source of funds and year",
        {
            "phase": text("Phase", call.ids("phases")),
            "fund": text("Source of funds", call.ids("funds")),
            "year": count("Calendar year", "year"),
            "euro": count("Amount", "euro"),
            "derived": Column("flag", DERIVED),
        },
        key=("phase", "fund", "year"),
    )


def _pilot_months() -> Contract:
    return Contract(
        "pilot_months",
        "05_resources",
        "What every chosen proposal asks for in each month of its execution, spread evenly over its days",
        {
            "proposal": identifying(text("Proposal")),
            "month": Column("day", "First day of the month"),
            "euro": count("Money", "euro", optional=True),
            "staff_months": number("Staff", "person-months", optional=True),
        },
        key=("proposal", "month"),
    )


def _pilots_by_month() -> Contract:
    return Contract(
        "pilots_by_month",
        "05_resources",
        "What the chosen proposals ask for together in each month, beside the budget",
        {
            "month": Column("day", "First day of the month"),
            "pilots": count("Pilots under way", "proposals"),
            "euro": count("Money asked for, of those that say how much", "euro"),
            "budget": count("Budget of the phase, spread evenly over its days", "euro", optional=True),
            "staff_months": number("Staff asked for, of those that say how much", "person-months"),
        },
        key=("month",),
    )


def _phase_staff(call: Call) -> Contract:
    phases = call.ids("phases")
    return Contract(
        "phase_staff",
        "05_resources",
        "Staff per phase",
        {
            "phase": text("Phase", phases),
            "fte": number("Average over the months of the phase", "fte"),
            "persons": count("Different employees", "persons"),
            "person_months": number("Sum over the months of the phase", "person-months"),
        },
        key=("phase",),
    )


def _monthly_load(call: Call) -> Contract:
    phases = call.ids("phases")
    return Contract(
        "monthly_load",
        "05_resources",
        "Staff at work in each month",
        {
            "month": Column("day", "First day of the month"),
            "phase": text("Phase", phases),
            "fte": number("Staff at work", "fte"),
            "available": number("Staff available, where the call declares a capacity", "fte", optional=True),
            "pilots": count("Pilots under way", "proposals"),
        },
        key=("month", "phase"),
    )


def _timeline() -> Contract:
    return Contract(
        "timeline",
        "05_resources",
        "The execution of every chosen proposal",
        {
            "proposal": identifying(text("Proposal")),
            "title": identifying(text("Title")),
            "start": Column("day", "First day"),
            "end": Column("day", "Last day"),
            "euro": count("Money", "euro", optional=True),
        },
        key=("proposal",),
    )
