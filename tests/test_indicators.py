"""Indicators: each with its unit, the function that computed it, and the tables, by hash, that it came from."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from analysis.contracts import check_table
from analysis.indicators import Indicator, Recorder, tabulate, values
from analysis.tables import indicator_contract

HASHES = {"scores": "0123456789abcdef" * 4, "actors": "fedcba9876543210" * 4}
BOTH = [
    Indicator("money.total", 61_500, "euro", "resources.cost", ("actors", "scores")),
    Indicator("start.day", date(2016, 9, 9), "date", "resources.first", ()),
]


def measure() -> None:
    """Stand for a function of a measure."""


class Measure:
    def compute(self) -> None:
        """Stand for a method."""


def test_a_recorder_names_the_function_by_module_and_name() -> None:
    assert Recorder(measure).one("a", 1, "count").function == f"{__name__.rpartition('.')[2]}.measure"
    assert Recorder(Measure.compute).one("a", 1, "count").function.endswith(".Measure.compute")


def test_a_recorder_gives_its_tables_to_every_indicator() -> None:
    record = Recorder(measure, "scores", "actors")
    assert record.one("a", 2.5, "points").tables == ("scores", "actors")
    assert {item.tables for item in record.each("b", {"x": 1, "y": 2}, "count")} == {("scores", "actors")}


def test_each_item_becomes_an_indicator_with_its_key_behind_the_prefix() -> None:
    items = Recorder(measure).each("per_year", pd.Series({2016: 3, "later": 4}), "count")
    assert [(item.id, item.value, item.unit) for item in items] == [
        ("per_year.2016", 3.0, "count"),
        ("per_year.later", 4.0, "count"),
    ]


def test_the_table_holds_a_number_or_a_day_and_the_start_of_every_hash() -> None:
    rows = tabulate(BOTH, "05_resources", HASHES).astype(object).where(lambda table: table.notna(), None)
    assert rows.to_dict("records") == [
        {"indicator": "money.total", "value": 61_500.0, "day": None, "unit": "euro", "step": "05_resources",
         "function": "resources.cost", "tables": "actors@fedcba987654 scores@0123456789ab"},
        {"indicator": "start.day", "value": None, "day": pd.Timestamp(2016, 9, 9), "unit": "date",
         "step": "05_resources", "function": "resources.first", "tables": ""},
    ]  # fmt: skip


@pytest.mark.parametrize("items", [BOTH, []])
def test_the_table_keeps_the_contract_of_indicators(items: list[Indicator]) -> None:
    table = tabulate(items, "05_resources", HASHES).astype({"indicator": "str", "unit": "str", "step": "str"})
    table = table.astype({"function": "str", "tables": "str"})
    assert len(check_table(table, indicator_contract("x_indicators", "05_resources"), "table")) == len(items)


def test_a_table_without_known_hash_is_refused() -> None:
    with pytest.raises(KeyError, match="actors"):
        tabulate(BOTH, "05_resources", {"scores": HASHES["scores"]})


def test_the_values_come_back_as_they_were_recorded_whatever_the_order_of_the_rows() -> None:
    table = tabulate(BOTH, "05_resources", HASHES)
    assert values(table) == {"money.total": 61_500.0, "start.day": date(2016, 9, 9)}
    assert values(table.iloc[::-1]) == {"start.day": date(2016, 9, 9), "money.total": 61_500.0}
    assert isinstance(values(table)["start.day"], date)
