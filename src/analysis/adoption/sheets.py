"""A workbook as it was delivered: sheets of cells, with what a reader of the screen may not see."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import TypeAlias
from unicodedata import normalize

from analysis.faults import Fault, InputError

MOST_CELLS = 2_000_000  # 5000 proposals scored by 12 raters on 5 criteria, a row per score, are 1.2 million
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384  # of a sheet in any program
ERRORS = re.compile(
    r"#(N/A|N/B|REF!|VERW!|DIV/0!|DEEL/0!|VALUE!|WAARDE!|NAME\?|NAAM\?|NUM!|GETAL!|NULL!|LEEG!|SPILL!|OVERLOOP!|CALC!)"
    r"|Err:[0-9]+"
)
UNSEEN = re.compile("[\u00ad\u200b-\u200f\u2060\ufeff\u202a-\u202e\u2066-\u2069]")
BLANKS = re.compile(r"[^\S\n]+")
LONGEST_SHOWN = 60


@dataclass(frozen=True)
class Trouble:
    """What stands in a cell that has no value to read, such as an error; `what` says it in words."""

    what: str


Value: TypeAlias = str | float | bool | date | Trouble
Cells: TypeAlias = dict[int, dict[int, Value]]
Range: TypeAlias = tuple[int, int, int, int]  # first row, first column, last row, last column; from 1


@dataclass
class Sheet:
    """One sheet: `cells` holds by row and column, from 1, what is not empty; `file` is the name of its file.

    `blind` says what the format of the file does not let us see.
    """

    file: str
    name: str
    cells: Cells = field(default_factory=dict)
    hidden: bool = False
    hidden_columns: set[int] = field(default_factory=set)
    hidden_rows: set[int] = field(default_factory=set)
    merged: list[Range] = field(default_factory=list)
    comments: dict[tuple[int, int], str] = field(default_factory=dict)
    is_text: bool = False
    blind: str = ""

    def get(self, row: int, column: int) -> Value | None:
        """Return what a cell holds, None where it is empty."""
        return self.cells.get(row, {}).get(column)

    def put(self, row: int, column: int, value: Value | None) -> None:
        """Fill a cell; a text is cleaned, and one that stands for an error is told apart from other texts."""
        if isinstance(value, str):
            value = clean(value)
            if ERRORS.fullmatch(value):
                value = Trouble(f"the error {value}")
        if value is not None and value != "":
            self.cells.setdefault(row, {})[column] = value

    def place(self, row: int | None = None, column: int | None = None, heading: str = "") -> str:
        """Return how to name a place in the sheet: file, sheet, row, and column by letter and heading."""
        parts = [self.file] if self.is_text else [self.file, f"sheet {self.name!r}"]
        parts += [f"row {row}"] if row else []
        parts += [f"column {letters(column)}{f' {heading!r}' if heading else ''}"] if column else []
        return ", ".join(parts)


@dataclass
class Workbook:
    """The sheets of the files of one delivery, in their order, and what there is to say about reading them."""

    sheets: list[Sheet]
    notes: list[str] = field(default_factory=list)


@lru_cache(maxsize=4096)  # most texts of a sheet come again and again
def clean(text: str) -> str:
    """Return a text with its letters composed (NFC) and without unseen characters and spaces that say nothing."""
    lines = BLANKS.sub(" ", UNSEEN.sub("", normalize("NFC", text)).replace("\r\n", "\n").replace("\r", "\n"))
    return "\n".join(line.strip() for line in lines.split("\n")).strip()


def letters(column: int) -> str:
    """Return the letters of a column: 1 is A, 27 is AA."""
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def shown(value: Value | None) -> str:
    """Return a value as a message shows it."""
    if value is None:
        return "nothing"
    if isinstance(value, Trouble):
        return value.what
    text = written(value)
    quoted = repr(text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…")
    return f"the day {text}" if isinstance(value, date) else quoted


def written(value: Value) -> str:
    """Return a value as text: a whole number without decimals, a day as YYYY-MM-DD."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.0f}" if value == int(value) and abs(value) < 1e15 else repr(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def fill_merged(sheet: Sheet) -> None:
    """Give every row below in a merged cell the text of its first; a number there is nobody's, and said to be so."""
    for top, left, bottom, right in sheet.merged:
        value = sheet.get(top, left)
        if value is None or bottom == top or bottom - top > len(sheet.cells) + 1 or right > left:
            continue
        for row in range(top + 1, bottom + 1):
            shared = Trouble(f"a part of the merged cell {letters(left)}{top}:{letters(left)}{bottom}")
            sheet.cells.setdefault(row, {})[left] = value if isinstance(value, str) else shared


def unseen_parts(sheet: Sheet) -> Iterator[str]:
    """Yield what a reader of the screen may miss in a sheet: hidden columns and rows, comments."""
    columns = sorted(column for column in sheet.hidden_columns if any(column in row for row in sheet.cells.values()))
    rows = sorted(row for row in sheet.hidden_rows if row in sheet.cells)
    if columns:
        yield f"{sheet.place()}: read too, though hidden: column {', '.join(letters(column) for column in columns)}"
    if rows:
        some = ", ".join(str(row) for row in rows[:10]) + ("" if len(rows) <= 10 else f" and {len(rows) - 10} more")
        yield f"{sheet.place()}: read too, though hidden (by a filter, perhaps): row {some}"
    for (row, column), text in sorted(sheet.comments.items()):
        yield f"{sheet.place(row, column)}: a comment, which is not read: {text[:LONGEST_SHOWN]!r}"


def too_large(place: str, found: str, limit: str) -> InputError:
    """Return the refusal of a file with more than can be read."""
    return InputError([Fault(place, found, f"{limit}; leave out the sheets and rows that are not needed")])
