"""A table by itself as CSV and as a workbook: what a spreadsheet program reads back."""

from __future__ import annotations

import io

import openpyxl
import pandas as pd
import pytest

from analysis.publish.single import to_csv, to_xlsx

TABLE = pd.DataFrame(
    {
        "title": ["=1+1", 'Ünïcode; "quoted"', None],
        "share": [0.5, 1234.25, None],
        "rank": pd.array([1, None, 3], dtype="Int64"),
        "chosen": [True, False, True],
        "day": pd.to_datetime(["2016-09-09", None, "2016-01-31"]),
    }
)


@pytest.mark.parametrize(("language", "end", "point"), [("nl", ";", ","), ("en", ",", ".")])
def test_csv_is_read_back_as_the_language_writes_it(language: str, end: str, point: str) -> None:
    content = to_csv(TABLE, language)  # type: ignore[arg-type]
    assert content.startswith(b"\xef\xbb\xbf")
    back = pd.read_csv(io.BytesIO(content), sep=end, decimal=point, encoding="utf-8-sig")
    assert back["share"].tolist()[:2] == [0.5, 1234.25]
    assert back["title"].tolist()[:2] == ["'=1+1", 'Ünïcode; "quoted"']
    assert back["day"].tolist()[0] == "2016-09-09"


def test_mixed_numbers_of_a_comparison_have_the_decimal_mark_of_the_language() -> None:
    index = pd.MultiIndex.from_tuples([("number", "merit"), ("proposal", "V1")], names=["kind", "item"])
    mixed = pd.DataFrame({"a": [1.5, True]}, index=index, dtype="object")
    assert to_csv(mixed, "nl").decode("utf-8-sig").splitlines() == [
        "kind;item;a",
        "number;merit;1,5",
        "proposal;V1;True",
    ]


def test_a_workbook_has_a_sheet_a_table_with_typed_cells_and_no_formulas() -> None:
    book = openpyxl.load_workbook(io.BytesIO(to_xlsx({"Ranks": TABLE, "ranks": TABLE[["rank"]]})))
    assert len({name.lower() for name in book.sheetnames}) == 2
    rows = [[cell.value for cell in row] for row in book["Ranks"].iter_rows()]
    assert rows[0] == list(TABLE.columns)
    assert rows[1][:4] == ["=1+1", 0.5, 1, True]
    assert book["Ranks"]["A2"].data_type == "s"
    assert str(rows[1][4])[:10] == "2016-09-09"
    assert rows[2][2] is None
    assert to_xlsx({"a": TABLE}) == to_xlsx({"a": TABLE})
