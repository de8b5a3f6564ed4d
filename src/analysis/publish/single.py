"""One table, or several, by themselves as CSV or as a workbook: what an analyst saves from the workbench."""

from __future__ import annotations

import datetime
import io
from collections.abc import Mapping
from typing import Any

import pandas as pd
from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from analysis.declarations import Language
from analysis.publish.spreadsheet import DAY_PATTERN, NARROWEST, OPTIONS, WIDEST, name_sheets, shorten
from analysis.publish.strings import clean

# What a spreadsheet program set to a language takes for the ends of cells and of whole numbers.
MARKS: Mapping[Language, tuple[str, str]] = {"nl": (";", ","), "en": (",", ".")}
FORMULAS = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet program takes a text for that begins so
MADE_ON = datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC)  # the same table gives the same bytes on any day


def to_csv(table: pd.DataFrame, language: Language = "en") -> bytes:
    """Return a table as CSV in UTF-8 with a byte-order mark, as a spreadsheet program set to this language reads it.

    A text that would be taken for a formula gets an apostrophe before it.
    """
    end, point = MARKS[language]
    plain = flatten(table)
    texts = [name for name in plain if plain[name].dtype == "object" or isinstance(plain[name].dtype, pd.StringDtype)]
    safe = plain.assign(**{name: plain[name].map(lambda cell: _write_cell(cell, point), "ignore") for name in texts})
    return b"\xef\xbb\xbf" + safe.to_csv(index=False, sep=end, decimal=point, lineterminator="\r\n").encode("utf-8")


def _write_cell(cell: Any, point: str) -> Any:
    if isinstance(cell, float):
        return repr(float(cell)).replace(".", point)
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULAS) else cell


def to_xlsx(tables: Mapping[str, pd.DataFrame]) -> bytes:
    """Return tables as a workbook with a sheet for each, under its name; texts are never read as formulas or links."""
    buffer = io.BytesIO()
    book = Workbook(buffer, OPTIONS)
    book.set_properties({"created": MADE_ON})
    for name, table in zip(name_sheets(list(tables)), tables.values(), strict=True):
        _write(book, book.add_worksheet(name), flatten(table))
    book.close()
    return buffer.getvalue()


def flatten(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose named index levels are columns."""
    return table.reset_index() if any(table.index.names) else table


def _write(book: Workbook, sheet: Worksheet, table: pd.DataFrame) -> None:
    head, day = book.add_format({"bold": True}), book.add_format({"num_format": DAY_PATTERN})
    for column, name in enumerate(table):
        shown = [shorten(clean(str(name))), *(_read_cell(cell) for cell in table[name])]
        sheet.write(0, column, shown[0], head)
        for row, cell in enumerate(shown[1:], start=1):
            if cell is not None:
                sheet.write(row, column, cell, *([day] if isinstance(cell, datetime.date) else []))
        widest = max(len(str(cell)) for cell in shown)
        sheet.set_column(column, column, min(max(widest + 2, NARROWEST), WIDEST))
    sheet.freeze_panes(1, 0)
    if len(table.columns):
        sheet.autofilter(0, 0, len(table), len(table.columns) - 1)


def _read_cell(cell: Any) -> Any:
    """Return a cell as a workbook holds it; None where it holds nothing."""
    if pd.isna(cell):
        return None
    plain = cell.item() if hasattr(cell, "item") else cell
    if isinstance(plain, pd.Timestamp):
        return plain.to_pydatetime()
    return plain if isinstance(plain, bool | int | float | datetime.date) else shorten(clean(str(plain)))
