"""The kinds of columns that contracts are made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analysis.contracts import Column, Contract

DIMENSIONS = ("category", "actor_kind", "partnership", "reach", "focus", "province", "scale")
REASONS = ("score", "constraint", "decision")
ALL_REASONS = (*REASONS, "shortlist", "unscored")
TOTAL = "total"  # stands for a criterion in the rows about the individual scores
FINDING_KINDS = ("sum", "percentages", "part", "share", "twice", "value", "difference")
VERDICTS = ("match", "within", "explained", "open", "missing")


def text(description: str, allowed: Sequence[str] | None = None, *, optional: bool = False) -> Column:
    """Return a column of texts, of these where `allowed` is given."""
    return Column("text", description, allowed=allowed, optional=optional)


def number(
    description: str, unit: str, low: float | None = 0, high: float | None = None, *, optional: bool = False
) -> Column:
    """Return a column of numbers in this unit between these bounds."""
    return Column("number", description, unit, low=low, high=high, optional=optional)


def count(description: str, unit: str = "count", low: float = 0, *, optional: bool = False) -> Column:
    """Return a column of whole numbers of at least `low`."""
    return Column("integer", description, unit, low=low, optional=optional)


def private(column: Column) -> Column:
    """Return the column as one that no reader outside the house ever sees: it is about a person."""
    return replace(column, withheld_from=("public", "applicant"))


def spare(column: Column) -> Column:
    """Return the column as one that a delivered file may leave out."""
    return replace(column, omissible=True)


def identifying(column: Column) -> Column:
    """Return the column as one that tells what a row is about: outside the house a rule must name it."""
    return replace(column, identifying=True)


def embargo(contract: Contract, *names: str) -> Contract:
    """Return the contract with these columns, or all, as ones that tell of single chosen proposals.

    The public does not see them before the announcement.
    """
    columns = {name: replace(column, embargoed=name in names or not names) for name, column in contract.columns.items()}
    return replace(contract, columns=columns)


def indicator_contract(name: str, maker: str) -> Contract:
    """Return the contract of a step's indicators."""
    return Contract(
        name,
        maker,
        "Every number that this step computed for the answer",
        {
            "indicator": text("Id of the indicator"),
            "value": number("Value", "as the unit", None, optional=True),
            "day": Column("day", "Value, where it is a day", optional=True),
            "unit": text("Unit"),
            "step": text("Step that computed it"),
            "function": text("Function that computed it"),
            "tables": text("Tables that it came from, each with the start of its hash"),
        },
        key=("indicator",),
    )
