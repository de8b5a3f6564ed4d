"""Contracts: a table keeps its columns, types, bounds and keys, or every fault is named with row and column."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest

from analysis.contracts import Column, Contract, Kind, check_table, conform, foreign_faults

Refusal = Callable[[Callable[[], object]], list[str]]
SHELVES = Contract(
    "shelves",
    "01_build",
    "Shelves",
    {
        "shelf": Column("text", "Id"),
        "wood": Column("text", "Wood", allowed=("oak", "pine"), optional=True),
        "boards": Column("integer", "Boards", "count", low=1, high=9),
        "width": Column("number", "Width", "cm", low=0),
        "lean": Column("number", "Lean", "degrees", optional=True),
        "painted": Column("flag", "Painted"),
        "built": Column("day", "Built", optional=True),
    },
    key=("shelf",),
)
ROWS = pd.DataFrame(
    {
        "shelf": ["A", "B", "C"],
        "wood": ["oak", None, "pine"],
        "boards": [1, 9, 5],
        "width": [0, 80.5, 120],
        "lean": [None, -1.5, 0],
        "painted": [True, False, True],
        "built": [date(2024, 2, 29), None, date(1, 1, 1)],
    }
)
GOOD = conform(ROWS, SHELVES)
KNOWN = "the columns shelf, wood, boards, width, lean, painted, built"


def check(**columns: object) -> pd.DataFrame:
    """Check the good table with these columns in place of its own."""
    return check_table(conform(ROWS.assign(**columns), SHELVES), SHELVES, "shelves.csv")


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (Column("text", ""), "a text"),
        (Column("text", "", allowed=("a", "b")), "one of a, b"),
        (Column("integer", "", low=1), "a whole number of at least 1"),
        (Column("number", "", high=2), "a number of at most 2"),
        (Column("number", "", low=0, high=1), "a number from 0 to 1"),
        (Column("flag", ""), "true or false"),
        (Column("day", ""), "a day as YYYY-MM-DD"),
    ],
)
def test_a_column_says_which_values_it_may_hold(column: Column, expected: str) -> None:
    assert column.expected() == expected


def test_a_table_on_its_contract_passes_unchanged() -> None:
    pd.testing.assert_frame_equal(check_table(GOOD, SHELVES, "shelves.csv"), GOOD)


def test_a_contract_passes_its_empty_table() -> None:
    empty = check_table(SHELVES.empty(), SHELVES, "shelves.csv")
    assert (len(empty), list(empty)) == (0, list(SHELVES.columns))
    pd.testing.assert_series_equal(empty.dtypes, GOOD.dtypes)


def test_the_schema_carries_the_meaning_and_unit_of_every_column() -> None:
    columns = SHELVES.schema().columns
    assert columns["width"].description == "Width"
    assert columns["width"].metadata == {"unit": "cm"}


def test_a_table_takes_the_order_and_types_of_its_contract_and_leaves_other_columns() -> None:
    mixed = ROWS.assign(other=1)[["other", *reversed(list(ROWS))]].astype({"boards": "float64"}).set_index("other")
    pd.testing.assert_frame_equal(conform(mixed, SHELVES), GOOD)
    assert {name: str(dtype) for name, dtype in GOOD.dtypes.items()} == {
        "shelf": "str", "wood": "str", "boards": "Int64", "width": "float64", "lean": "float64", "painted": "bool",
        "built": "datetime64[us]",
    }  # fmt: skip


def test_bounds_belong_to_the_allowed_values() -> None:
    assert list(check(boards=[1, 9, 1], width=[0.0, 0, 0])["boards"]) == [1, 9, 1]


@pytest.mark.parametrize(
    ("column", "values", "fault"),
    [
        ("shelf", ["A", None, "C"], "row 3, column shelf: found nothing; expected a text."),
        ("wood", ["oak", "ash", None], "row 3, column wood: found 'ash'; expected one of oak, pine."),
        ("boards", [1, 2, 10], "row 4, column boards: found '10'; expected a whole number from 1 to 9."),
        ("boards", [0, 2, 3], "row 2, column boards: found '0'; expected a whole number from 1 to 9."),
        ("boards", [1, None, 3], "row 3, column boards: found nothing; expected a whole number from 1 to 9."),
        ("width", [1, -0.5, 3], "row 3, column width: found '-0.5'; expected a number of at least 0."),
        ("width", [1, float("inf"), 3], "row 3, column width: found 'inf'; expected a number of at least 0."),
        ("width", [1, float("nan"), 3], "row 3, column width: found nothing; expected a number of at least 0."),
        ("lean", [1, float("-inf"), 3], "row 3, column lean: found '-inf'; expected a number."),
        (
            "shelf",
            ["A", "B", "A"],
            "row 4, column shelf: found 'A' again, which stands in row 2; expected each key once.",
        ),
    ],
)
def test_a_value_off_the_contract_is_named_with_row_and_column(
    refusal: Refusal, column: str, values: list[object], fault: str
) -> None:
    assert refusal(lambda: check(**{column: values})) == [f"shelves.csv, {fault}"]


@pytest.mark.parametrize(
    ("column", "values", "found", "expected"),
    [
        ("boards", [1, 2.5, 3], "'2.5'", "a whole number from 1 to 9"),
        ("boards", [1, "two", 3], "'two'", "a whole number from 1 to 9"),
        ("boards", [1, float("inf"), 3], "'inf'", "a whole number from 1 to 9"),
        ("boards", [1, 10**30, 3], f"'{10**30}'", "a whole number from 1 to 9"),
        ("width", [1, "wide", 3], "'wide'", "a number of at least 0"),
        ("painted", [True, None, False], "nothing", "true or false"),
        ("painted", [True, "false", False], "'false'", "true or false"),
        ("painted", [True, 2, False], "'2'", "true or false"),
        ("built", [None, "soon", None], "'soon'", "a day as YYYY-MM-DD"),
    ],
)
def test_a_value_that_does_not_fit_its_type_is_named_with_row_and_column(
    refusal: Refusal, column: str, values: list[object], found: str, expected: str
) -> None:
    table = ROWS.assign(**{column: pd.Series(values, dtype="object")})
    assert refusal(lambda: conform(table, SHELVES)) == [
        f"table shelves, row 1, column {column}: found {found}; expected {expected}."
    ]


def test_all_values_that_do_not_fit_are_named_at_once(refusal: Refusal) -> None:
    table = ROWS.assign(boards=["a", 1, "b"], painted=["yes", True, True])
    assert [line.split(":")[0] for line in refusal(lambda: conform(table, SHELVES))] == [
        "table shelves, row 0, column boards",
        "table shelves, row 2, column boards",
        "table shelves, row 0, column painted",
    ]


def test_every_missing_column_is_named(refusal: Refusal) -> None:
    assert refusal(lambda: conform(ROWS.drop(columns=["wood", "built"]), SHELVES)) == [
        f"table shelves: found no column 'wood'; expected {KNOWN}.",
        f"table shelves: found no column 'built'; expected {KNOWN}.",
    ]


def test_faults_of_several_rows_and_columns_come_row_by_row_and_repeated_keys_last(refusal: Refusal) -> None:
    lines = refusal(lambda: check(shelf=["A", "A", "A"], boards=[5, 5, 0], wood=["ash", "oak", "elm"]))
    assert [line.split(":")[0].removeprefix("shelves.csv, ") for line in lines] == [
        "row 2, column wood",
        "row 4, column wood",
        "row 4, column boards",
        "row 3, column shelf",
        "row 4, column shelf",
    ]


def test_the_first_row_has_the_number_that_a_reader_sees(refusal: Refusal) -> None:
    table = conform(ROWS.assign(shelf=["A", "A", "C"], boards=[0, 1, 1]), SHELVES)
    assert [line.split(":")[0] for line in refusal(lambda: check_table(table, SHELVES, "table", first_row=0))] == [
        "table, row 0, column boards",
        "table, row 1, column shelf",
    ]
    assert "which stands in row 0;" in refusal(lambda: check_table(table, SHELVES, "table", first_row=0))[1]


@pytest.mark.parametrize(
    ("table", "lines"),
    [
        (GOOD.drop(columns="lean"), [f"t: found no column lean; expected {KNOWN}."]),
        (GOOD.assign(extra=1), [f"t: found a column extra; expected {KNOWN}, in this order."]),
        (
            GOOD[["wood", "shelf", *list(GOOD)[2:]]],
            [f"t: found a column {name}; expected {KNOWN}, in this order." for name in ("wood", "shelf")],
        ),
        (
            GOOD.astype({"painted": "str"}),
            ["t, column painted: found 'str'; expected true or false."],
        ),
    ],
    ids=["missing", "unknown", "order", "type"],
)
def test_columns_off_the_contract_are_named(refusal: Refusal, table: pd.DataFrame, lines: list[str]) -> None:
    assert refusal(lambda: check_table(table, SHELVES, "t")) == lines


def test_a_key_of_several_columns_may_repeat_in_each_but_not_in_all(refusal: Refusal) -> None:
    pairs = Contract("pairs", "01", "", {"a": Column("text", ""), "b": Column("integer", "")}, key=("a", "b"))
    fine = conform(pd.DataFrame({"a": ["x", "x", "y"], "b": [1, 2, 1]}), pairs)
    assert len(check_table(fine, pairs, "pairs.csv")) == 3
    twice = conform(pd.DataFrame({"a": ["x", "y", "x"], "b": [1, 1, 1]}), pairs)
    assert refusal(lambda: check_table(twice, pairs, "pairs.csv")) == [
        "pairs.csv, row 4, column a+b: found 'x, 1' again, which stands in row 2; expected each key once."
    ]


def test_a_table_without_key_may_hold_equal_rows() -> None:
    loose = Contract("loose", "01", "", {"a": Column("text", "")})
    assert len(check_table(conform(pd.DataFrame({"a": ["x", "x"]}), loose), loose, "t")) == 2


def test_a_reference_to_a_record_that_is_not_there_is_named_and_an_empty_one_is_not() -> None:
    books = Contract(
        "books", "01", "", {"shelf": Column("text", "", optional=True)}, foreign={"shelf": ("shelves", "shelf")}
    )
    table = pd.DataFrame({"shelf": ["A", "Z", None, "a"]}, dtype="str")
    assert [str(fault) for fault in foreign_faults(table, books, {"shelves": GOOD}, "books.csv")] == [
        "books.csv, row 3, column shelf: found 'Z'; expected a value of the column shelf of shelves.",
        "books.csv, row 5, column shelf: found 'a'; expected a value of the column shelf of shelves.",
    ]


@pytest.mark.parametrize("kind", ["text", "integer", "number", "flag", "day"])
def test_every_kind_of_column_can_be_empty(kind: Kind) -> None:
    contract = Contract("t", "01", "", {"a": Column(kind, "")})
    assert len(check_table(contract.empty(), contract, "t")) == 0
