"""The tables of a call as they are gathered from a delivery."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from analysis.adoption.records import Entry, Record

UNSTATED = "not-stated"
COLUMNS: Mapping[str, tuple[str, ...]] = {
    "actors": ("actor", "name", "kind", "nis", "contact"),
    "proposals": (
        *("proposal", "title", "summary", "category", "actor", "partnership", "reach", "focus", "cross_sector"),
        *("maturity_intake", "maturity_end", "requested_euro", "requested_staff_months", "start", "months", "umbrella"),
    ),
    "involvement": ("proposal", "nis"),
    "scores": ("proposal", "rater", "criterion", "score"),
    "decision": ("proposal", "reason"),
    "masterclasses": ("proposal", "session", "attended", "feasibility", "desirability"),
    "budget": ("phase", "line", "euro", "fund", "year"),
    "staffing": ("phase", "employee", "fraction", "from", "to"),
    "survey": ("respondent", "chosen", "question", "answer"),
}
# Columns that are left out where no row has a value; of these a file holds all values or none.
OMITTED = {"contact", "year", "actor", "reach", "cross_sector"}


@dataclass
class Tables:
    """Rows by table, the record or cell that each came from, and the fields that the delivery has a column for."""

    rows: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    origins: dict[str, list[Record | Entry]] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)

    def add(self, table: str, origin: Record | Entry, **values: str) -> None:
        """Add a row."""
        self.rows.setdefault(table, []).append(values)
        self.origins.setdefault(table, []).append(origin)


def iterate_columns(tables: Tables) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the tables that have rows, each with its columns; one that may be left out is, where it is empty."""
    for name, columns in COLUMNS.items():
        rows = tables.rows.get(name)
        if rows:
            spare = OMITTED - {column for row in rows for column, value in row.items() if value}
            yield name, tuple(column for column in columns if column not in spare)
