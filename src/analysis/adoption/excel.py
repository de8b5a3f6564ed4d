"""Workbooks in the format of Excel (.xlsx, .xlsm), read cell by cell, with what hides in them.

A library that gives values only (python-calamine) gives nothing for an error and for a formula that was never computed,
and takes memory for every cell between two far ones; one that gives all (openpyxl) holds a large object per cell.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

from analysis.adoption.sheets import (
    MOST_CELLS,
    MOST_COLUMNS,
    MOST_ROWS,
    Range,
    Sheet,
    Trouble,
    Value,
    Workbook,
    clean,
    too_large,
)
from analysis.adoption.zipped import Package

DAY_FORMATS = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}  # built in, ECMA-376 part 1, 18.8.30
QUOTED = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
ZEROS = re.compile(r"0{2,}")
ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")


def read_excel(path: Path) -> Workbook:
    """Read every sheet of a workbook; raise InputError where it is damaged, too large, or of another format."""
    package = Package(path)
    main = next((part for kind, part in package.relations("").values() if kind == "officeDocument"), "xl/workbook.xml")
    book = _Book()
    package.parse(main, book)
    relations = package.relations(main)
    parts = dict(relations.values())
    sheets = [
        (one, relations[one["id"]][1]) for one in book.sheets if relations.get(one["id"], ("",))[0] == "worksheet"
    ]
    package.claim([part for _, part in sheets] + [parts[kind] for kind in ("sharedStrings", "styles") if kind in parts])
    strings, styles = _Strings(), _Styles()
    for kind, handler in (("sharedStrings", strings), ("styles", styles)):
        if parts.get(kind) in package.sizes:
            package.parse(parts[kind], handler)
    found: list[Sheet] = []
    left = MOST_CELLS
    for one, part in sheets:
        sheet = Sheet(path.name, one["name"], hidden=one.get("state", "visible") != "visible")
        reader = _Cells(sheet, strings.all, styles.kinds(), book.epoch, left)
        package.parse(part, reader)
        left -= reader.count
        found.append(sheet)
        for kind, other in package.relations(part).values():
            if kind == "comments":
                package.parse(other, _Comments(sheet))
    return Workbook(found)


class _Handler:
    def start(self, name: str, attributes: dict[str, str]) -> None:
        pass

    def end(self, name: str) -> None:
        pass

    def text(self, characters: str) -> None:
        pass


class _Book(_Handler):
    """The list of sheets, and the day that the numbers of days count from."""

    def __init__(self) -> None:
        self.sheets: list[dict[str, str]] = []
        self.epoch = datetime(1899, 12, 30)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "sheet":
            self.sheets.append(attributes)
        elif name == "workbookPr" and attributes.get("date1904") in ("1", "true"):
            self.epoch = datetime(1904, 1, 1)


class _Strings(_Handler):
    """The texts that cells share; what tells how to pronounce them is no part of them."""

    def __init__(self) -> None:
        self.all: list[str] = []
        self.pieces: list[str] = []
        self.inside = self.phonetic = False

    def start(self, name: str, _: dict[str, str]) -> None:
        if name == "si":
            self.pieces = []
        elif name == "rPh":
            self.phonetic = True
        self.inside = name == "t" and not self.phonetic

    def end(self, name: str) -> None:
        self.inside = False
        if name == "si":
            self.all.append(_unescape("".join(self.pieces)))
        elif name == "rPh":
            self.phonetic = False

    def text(self, characters: str) -> None:
        if self.inside:
            self.pieces.append(characters)


class _Styles(_Handler):
    """The number format of every style of cells."""

    def __init__(self) -> None:
        self.formats: dict[int, str] = {}
        self.styles: list[int] = []
        self.inside = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "numFmt":
            self.formats[int(attributes["numFmtId"])] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self.inside = True
        elif name == "xf" and self.inside:
            self.styles.append(int(attributes.get("numFmtId", "0")))

    def end(self, name: str) -> None:
        if name == "cellXfs":
            self.inside = False

    def kinds(self) -> dict[int, int]:
        """Return by style the number of digits that are always shown; -1 for a day; nothing for another number."""
        found = {}
        for style, number in enumerate(self.styles):
            code = self.formats.get(number, "").split(";")[0]
            bare = QUOTED.sub("", code).lower()
            if (number in DAY_FORMATS and number not in self.formats) or re.search("[dmyj]", bare):
                found[style] = -1
            elif ZEROS.fullmatch(bare):
                found[style] = len(bare)
        return found


class _Cells(_Handler):
    """The cells of a sheet, its merged ones, and its hidden rows and columns."""

    def __init__(self, sheet: Sheet, strings: list[str], kinds: Mapping[int, int], epoch: datetime, left: int) -> None:
        self.sheet, self.strings, self.kinds, self.epoch, self.left = sheet, strings, kinds, epoch, left
        self.row = self.column = self.count = self.style = 0
        self.kind = "n"
        self.pieces: list[str] = []
        self.inside = self.phonetic = self.formula = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._open(attributes)
        elif name in ("v", "t"):
            self.inside = not self.phonetic
        elif name == "f":
            self.formula = True
        elif name == "row":
            self.row = int(attributes.get("r", self.row + 1))
            self.column = 0
            if attributes.get("hidden") in ("1", "true"):
                self.sheet.hidden_rows.add(self.row)
        elif name == "rPh":
            self.phonetic = True
        elif name == "col" and attributes.get("hidden") in ("1", "true"):
            last = min(int(attributes["max"]), MOST_COLUMNS)
            self.sheet.hidden_columns.update(range(int(attributes["min"]), last + 1))
        elif name == "mergeCell":
            self.sheet.merged.append(_range(attributes["ref"]))

    def _open(self, attributes: dict[str, str]) -> None:
        place = REFERENCE.fullmatch(attributes.get("r", ""))
        self.column = _column(place[1]) if place else self.column + 1
        self.row = int(place[2]) if place else self.row
        self.kind, self.style = attributes.get("t", "n"), int(attributes.get("s", "0"))
        self.pieces, self.formula = [], False

    def text(self, characters: str) -> None:
        if self.inside:
            self.pieces.append(characters)

    def end(self, name: str) -> None:
        if name in ("v", "t"):
            self.inside = False
        elif name == "rPh":
            self.phonetic = False
        elif name == "c" and (self.pieces or self.formula):
            self._close()

    def _close(self) -> None:
        self.count += 1
        if self.count > self.left:
            raise too_large(self.sheet.place(self.row), f"more than {MOST_CELLS:,} cells", "no more than these")
        if self.row > MOST_ROWS or self.column > MOST_COLUMNS:
            raise too_large(self.sheet.place(self.row), "a cell beyond the end of a sheet", "cells within it")
        text = "".join(self.pieces)
        if not text.strip():
            lost = self.formula and self.kind == "n"
            self.sheet.put(self.row, self.column, Trouble("a formula that was never computed") if lost else None)
        else:
            self.sheet.put(self.row, self.column, self._value(text))

    def _value(self, text: str) -> Value:
        if self.kind == "s":
            known = text.strip().isdigit() and int(text) < len(self.strings)
            return self.strings[int(text)] if known else Trouble("a text that the file does not hold")
        if self.kind in ("str", "inlineStr"):
            return _unescape(text)
        if self.kind == "b":
            return text.strip() == "1"
        if self.kind == "e":
            return Trouble(f"the error {clean(text)}")
        if self.kind == "d":
            return _iso_day(text)
        return self._number(text)

    def _number(self, text: str) -> Value:
        try:
            number = float(text)
        except ValueError:
            return Trouble(f"a number that is none ({text[:20]!r})")
        shape = self.kinds.get(self.style, 0)
        if not math.isfinite(number):
            return Trouble("a number without end")
        if shape < 0:
            return _day(number, self.epoch)
        return f"{number:0{shape}.0f}" if shape and number == int(number) >= 0 else number


class _Comments(_Handler):
    """The comments on cells."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet
        self.pieces: list[str] = []
        self.place: tuple[int, int] | None = None
        self.inside = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "comment":
            found = REFERENCE.fullmatch(attributes.get("ref", ""))
            self.place, self.pieces = (int(found[2]), _column(found[1])) if found else None, []
        self.inside = name == "t"

    def text(self, characters: str) -> None:
        if self.inside:
            self.pieces.append(characters)

    def end(self, name: str) -> None:
        self.inside = False
        if name == "comment" and self.place and self.pieces:
            self.sheet.comments[self.place] = clean("".join(self.pieces)).replace("\n", " ")


def _column(name: str) -> int:
    number = 0
    for letter in name:
        number = number * 26 + ord(letter) - 64
    return number


def _range(reference: str) -> Range:
    first, _, last = reference.partition(":")
    corners = [REFERENCE.fullmatch(part.replace("$", "")) for part in (first, last or first)]
    if not all(corners):
        return (1, 1, 1, 1)
    (top, left), (bottom, right) = [(int(one[2]), _column(one[1])) for one in corners if one]
    return (top, left, bottom, right)


def _unescape(text: str) -> str:
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


def _day(number: float, epoch: datetime) -> Value:
    """Return the day that a number stands for; a time without a day stays a number."""
    if number < 1:
        return number
    try:
        return (epoch + timedelta(days=number)).date()
    except OverflowError:
        return Trouble(f"a day that is none (number {number:.0f})")


def _iso_day(text: str) -> Value:
    try:
        return date.fromisoformat(text.strip()[:10])
    except ValueError:
        return text
