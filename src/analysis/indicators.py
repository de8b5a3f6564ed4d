"""The numbers of the answer, each with its unit, the function that computed it, and the tables it came from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Indicator:
    """One number or day: id, value, unit, the function that computed it, and the names of the tables it came from."""

    id: str
    value: float | date
    unit: str
    function: str
    tables: tuple[str, ...]


class Recorder:
    """Gathers the indicators of one measure, so that function and tables are said once for all that it yields."""

    def __init__(self, function: Callable[..., Any], *tables: str) -> None:
        """Remember the function's qualified name and the tables that it reads."""
        self.function = f"{function.__module__.rpartition('.')[2]}.{function.__qualname__}"
        self.tables = tables

    def one(self, name: str, value: float | date, unit: str) -> Indicator:
        """Return a single indicator."""
        return Indicator(name, value, unit, self.function, self.tables)

    def each(self, prefix: str, values: Mapping[Any, float], unit: str) -> list[Indicator]:
        """Return an indicator per item of `values`, its key after the prefix."""
        return [self.one(f"{prefix}.{key}", float(value), unit) for key, value in values.items()]


def name_group(group: str) -> str:
    """Return a group's name as part of an indicator's id: a province such as West-Vlaanderen has capitals."""
    return group.lower().replace(" ", "_")


def start_of_hash(hashed: str) -> str:
    """Return as much of a hash as is shown beside the name of its table."""
    return hashed[:12]


def tabulate(indicators: Iterable[Indicator], step: str, hashes: Mapping[str, str]) -> pd.DataFrame:
    """Return the indicators as a table (see `contracts.indicator_contract`), each table with the start of its hash."""
    rows = [
        {
            "indicator": item.id,
            "value": None if isinstance(item.value, date) else float(item.value),
            "day": item.value if isinstance(item.value, date) else None,
            "unit": item.unit,
            "step": step,
            "function": item.function,
            "tables": " ".join(f"{name}@{start_of_hash(hashes[name])}" for name in item.tables),
        }
        for item in indicators
    ]
    columns = ["indicator", "value", "day", "unit", "step", "function", "tables"]
    return pd.DataFrame(rows, columns=columns).astype({"day": "datetime64[us]", "value": "float64"})


def values(table: pd.DataFrame) -> dict[str, float | date]:
    """Return the value of every indicator of a table by its id."""
    days = table["day"].dt.date
    return {row.indicator: days[row.Index] if pd.notna(row.day) else float(row.value) for row in table.itertuples()}
