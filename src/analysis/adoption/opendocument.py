"""Workbooks in the OpenDocument format (.ods), read cell by cell, with what hides in them."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from analysis.adoption.sheets import (
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_ROWS,
    Sheet,
    Trouble,
    Value,
    Workbook,
    clean,
    too_large,
)
from analysis.adoption.zipped import Package

CELLS = ("table-cell", "covered-table-cell")
LEADING_ZERO = re.compile(r"0[0-9]+")


def read_opendocument(path: Path) -> Workbook:
    """Read every sheet of a workbook; raise InputError where it is damaged or too large."""
    package, reader = Package(path), _Content(path.name)
    package.parse("content.xml", reader)
    return Workbook(reader.sheets)


class _Content:
    """The sheets, their cells, and the styles that hide a sheet.

    A cell or row stands once for as many times as it is repeated; the empty ones at the end of a sheet, too.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.sheets: list[Sheet] = []
        self.unshown: set[str] = set()
        self.style = ""
        self.row = self.column = self.count = 0
        self.rows = self.columns = 1
        self.hidden = False
        self.pending: list[tuple[int, Value]] = []
        self.cell: dict[str, str] = {}
        self.lines: list[list[str]] = []
        self.note: list[str] | None = None
        self.depth = 0  # of paragraphs

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "style":
            self.style = attributes.get("name", "")
        elif name == "table-properties" and attributes.get("display") == "false":
            self.unshown.add(self.style)
        elif name == "table":
            hidden = attributes.get("style-name", "") in self.unshown
            self.sheets.append(Sheet(self.file, attributes.get("name", ""), hidden=hidden))
            self.row, self.column = 1, 1
        elif name == "table-column":
            self._hide_columns(attributes)
        elif name == "table-row":
            self.rows, self.column, self.pending = _times(attributes, "number-rows-repeated"), 1, []
            self.hidden = attributes.get("visibility", "visible") != "visible"
        elif name in CELLS:
            self.cell, self.lines, self.columns = attributes, [], _times(attributes, "number-columns-repeated")
        elif name == "annotation":
            self.note = []
        elif name == "p" and self.note is None:
            self.depth += 1
            self.lines.append([])
        elif name in ("s", "tab", "line-break"):
            self.text("\n" if name == "line-break" else " ")

    def text(self, characters: str) -> None:
        if self.note is not None:
            self.note.append(characters)
        elif self.depth and self.lines:
            self.lines[-1].append(characters)

    def end(self, name: str) -> None:
        if name == "p" and self.note is None:
            self.depth -= 1
        elif name == "annotation":
            self.sheets[-1].comments[(self.row, self.column)] = clean(" ".join(self.note or ()))
            self.note = None
        elif name in CELLS:
            self._close_cell()
        elif name == "table-row":
            self._close_row()

    def _hide_columns(self, attributes: dict[str, str]) -> None:
        times = min(_times(attributes, "number-columns-repeated"), MOST_COLUMNS)
        if attributes.get("visibility", "visible") != "visible":
            self.sheets[-1].hidden_columns.update(range(self.column, self.column + times))
        self.column += times

    def _close_cell(self) -> None:
        value = self._value()
        if value is not None and value != "":
            if self.columns > MOST_COLUMNS:
                raise too_large(self.sheets[-1].place(self.row), "more cells than a row has", "cells within the sheet")
            self.pending.extend((self.column + step, value) for step in range(self.columns))
        down, right = _times(self.cell, "number-rows-spanned"), _times(self.cell, "number-columns-spanned")
        if down > 1 or right > 1:
            box = (self.row, self.column, self.row + down - 1, self.column + right - 1)
            self.sheets[-1].merged.append(box)
        self.column += self.columns

    def _close_row(self) -> None:
        sheet = self.sheets[-1]
        if self.pending:
            self.count += len(self.pending) * self.rows
            if self.count > MOST_CELLS or self.row + self.rows > MOST_ROWS + 1:
                raise too_large(sheet.place(self.row), f"more than {MOST_CELLS:,} cells", "no more than these")
            for row in range(self.row, self.row + self.rows):
                for column, value in self.pending:
                    sheet.put(row, column, value)
                if self.hidden:
                    sheet.hidden_rows.add(row)
        self.row += self.rows

    def _value(self) -> Value | None:
        text = clean("\n".join("".join(line) for line in self.lines))
        kind = self.cell.get("value-type")
        if kind in ("float", "currency", "percentage"):
            return text if LEADING_ZERO.fullmatch(text) else _number(self.cell.get("value", text))
        if kind == "boolean":
            return self.cell.get("boolean-value") == "true"
        if kind == "date":
            return _day(self.cell.get("date-value", ""))
        if not text and "formula" in self.cell and kind is None:
            return Trouble("a formula that was never computed")
        return text or clean(self.cell.get("string-value", "")) or None


def _times(attributes: dict[str, str], name: str) -> int:
    given = attributes.get(name, "1")
    return max(int(given), 1) if given.isdigit() and len(given) < 10 else 1


def _number(text: str) -> Value:
    try:
        return float(text)
    except ValueError:
        return Trouble(f"a number that is none ({text[:20]!r})")


def _day(text: str) -> Value:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return Trouble(f"a day that is none ({text[:20]!r})")
