"""The released tables of an edition as a workbook: a cover, notes on every column, and a sheet per table."""

from __future__ import annotations

import datetime
import io
import math
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from analysis.faults import Fault, refuse
from analysis.glossary import describe_column, describe_table
from analysis.publish.dictionary import (
    Cell,
    Dataset,
    ReleasedColumn,
    ReleasedTable,
    describe_values,
    say_description,
    say_edition,
    say_title,
)
from analysis.publish.strings import clean
from analysis.wording import LOCALES, Wording

# Without these, a text of somebody else's could become a formula, a link or a number.
OPTIONS: Mapping[str, Any] = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}
MOST_ROWS = 1_048_576  # of a sheet, its header included
LONGEST_TEXT = 32_767  # UTF-16 units of a cell
LARGEST_WHOLE = 10**15  # a sheet keeps fifteen digits of a number
FIRST_YEAR = 1900
SHEET_NAME, MESSAGE_TITLE, MESSAGE, FOOTER = 31, 32, 255, 255  # the most letters of each
ELLIPSIS = "…"
NARROWEST, WIDEST, ARROW = 9, 60, 4  # widths in letters; a filter's arrow covers some of the head
FIT_ROWS = 1_000  # rows whose widths tell how wide a column should be
COVER_WIDTHS, NOTES_WIDTHS = (30, 90, 16), (24, 24, 60, 22, 60, 30)
LINE, HIGHEST, ROOM = 15.0, 405.0, 1.0  # points of a line and of the highest row; how much of a width words fill
DAY_PATTERN = "yyyy-mm-dd"
FLAG_PATTERN = '"TRUE";"TRUE";"FALSE"'  # for programs that keep a flag as a number; Excel shows it by itself
COLOUR = "#1F3864"


def render_xlsx(dataset: Dataset) -> bytes:
    """Return the workbook of all released tables; the same edition gives the same bytes on any day.

    Sheets: a cover with the facts of the edition and a link to every sheet; notes with meaning, unit, allowed values
    and key of every column; then each table under its own name, with the names of its columns as the only head. Cells
    hold whole numbers, numbers, days and flags as such; texts are never read as formulas or links.

    Raises InputError naming every table with more rows than a sheet has.
    """
    refuse(_too_long(dataset))
    buffer = io.BytesIO()
    book = _Book(Workbook(buffer, OPTIONS))
    words = dataset.wording
    names = name_sheets([words.plain("tables.cover.sheet"), words.plain("tables.notes.sheet"), *dataset.released])
    sheets = [book.file.add_worksheet(name) for name in names]
    for sheet in sheets:
        _set_page(sheet, dataset)
    _write_cover(book, sheets[0], dataset, names[1:])
    _write_notes(book, sheets[1], dataset)
    for sheet, table in zip(sheets[2:], dataset.released.values(), strict=True):
        _write_table(book, sheet, table, words)
    _set_properties(book.file, dataset)
    book.file.close()
    return buffer.getvalue()


def name_sheets(names: Sequence[str]) -> list[str]:
    """Return a valid and unique sheet name for each of these, the name itself where it is one."""
    given: list[str] = []
    for name in names:
        valid = re.sub(r"[\[\]:*?/\\]", "_", clean(name)).strip("'") or "_"
        taken = {other.lower() for other in given} | {"history"}  # which Excel keeps for itself
        tails = ("", *(f"~{number}" for number in range(2, len(names) + 2)))
        fitting = (valid[: SHEET_NAME - len(tail)] + tail for tail in tails)
        given.append(next(name for name in fitting if name.lower() not in taken))
    return given


def shorten(text: str) -> str:
    """Return a text that fits a cell: a longer one is cut, and ends with an ellipsis."""
    if not _is_too_long(text):
        return text
    units = text.encode("utf-16-le")[: 2 * (LONGEST_TEXT - 1)]
    return units.decode("utf-16-le", errors="ignore") + ELLIPSIS


def _is_too_long(text: str) -> bool:
    return len(text.encode("utf-16-le")) > 2 * LONGEST_TEXT


def _too_long(dataset: Dataset) -> Iterator[Fault]:
    for name, table in dataset.tables.items():
        if len(table) >= MOST_ROWS:
            found = f"{len(table)} rows"
            expected = (
                f"at most {MOST_ROWS - 1} rows below the head of a sheet, or no rule in call.yml that releases it"
            )
            yield Fault(f"table {name} of the workbook", found, expected)


@dataclass(frozen=True)
class _Book:
    """A workbook in the making, with its formats."""

    file: Workbook
    formats: dict[tuple[tuple[str, Any], ...], Format] = field(default_factory=dict)

    def format(self, **properties: Any) -> Format:
        """Return the format of these properties; each is made once."""
        key = tuple(sorted(properties.items()))
        if key not in self.formats:
            self.formats[key] = self.file.add_format({"valign": "top", **properties})
        return self.formats[key]

    @property
    def head(self) -> Format:
        """Return the format of the head of a column."""
        return self.format(bold=True, font_color="white", bg_color=COLOUR)

    @property
    def link(self) -> Format:
        """Return the format of a link to another sheet."""
        return self.format(font_color="#0563C1", underline=1)


def _set_properties(file: Workbook, dataset: Dataset) -> None:
    words, day = dataset.wording, dataset.edition.as_of
    texts = {
        "title": say_title(dataset, words),
        "subject": words.plain("tables.cover.subtitle"),
        "author": dataset.call.organiser.name,
        "company": dataset.call.organiser.name,
        "comments": say_description(dataset, words),
    }
    created = datetime.datetime(day.year, day.month, day.day)
    file.set_properties({**{key: clean(text) for key, text in texts.items()}, "created": created})
    file.set_custom_property("Language", LOCALES[words.language].replace("_", "-"))


def _set_page(sheet: Worksheet, dataset: Dataset) -> None:
    """Set how a sheet prints: as wide as the page, and the notice on synthetic records at the foot of each."""
    notice = dataset.find_mark(dataset.wording.language, dataset.wording.plain("tables.synthetic"))
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.set_footer(f"&L{notice.replace('&', '&&')}&R{dataset.wording.plain('tables.footer')}"[:FOOTER])


# The cover.


def _write_cover(book: _Book, sheet: Worksheet, dataset: Dataset, names: Sequence[str]) -> None:
    """Write the facts of the edition, then a link to every other sheet, then where the data come from."""
    words = dataset.wording
    sheet.hide_gridlines(2)
    for column, width in enumerate(COVER_WIDTHS):
        sheet.set_column(column, column, width)
    title = dataset.call.title.in_language(words.language)
    sheet.set_row(0, 2 * LINE)
    _write_text(sheet, 0, 0, title, book.format(bold=True, font_size=18, font_color=COLOUR))
    _write_text(sheet, 1, 0, words.plain("tables.cover.subtitle"), book.format(font_size=12))
    row = 3
    for label, text in _facts(dataset):
        _write_text(sheet, row, 0, label, book.format(bold=True))
        _write_text(sheet, row, 1, text, book.format(text_wrap=True))
        _fit_height(sheet, row, ["", text], COVER_WIDTHS)
        row += 1
    row = _write_contents(book, sheet, row + 1, dataset, names)
    _write_sources(book, sheet, row + 1, dataset)


def _facts(dataset: Dataset) -> Iterator[tuple[str, str]]:
    words = dataset.wording
    notice = dataset.notice(words.language)
    if notice:
        yield words.plain("tables.cover.notice"), notice
    yield words.plain("tables.cover.edition"), say_edition(dataset, words)
    yield words.plain("tables.cover.organiser"), dataset.call.organiser.name
    yield words.plain("tables.cover.licence"), words.join(list(dataset.licences))
    reading = [words.plain(f"tables.cover.{key}") for key in ("released", "cells", "texts")]
    yield words.plain("tables.cover.reading"), "\n".join(reading)


def _write_contents(book: _Book, sheet: Worksheet, top: int, dataset: Dataset, names: Sequence[str]) -> int:
    """Write a row per sheet: a link to it, what it holds, and its number of rows; return the row below."""
    words, tables = dataset.wording, list(dataset.released.values())
    about = [words.plain("tables.notes.about"), *(describe_table(table.contract, words.language) for table in tables)]
    lengths = [None, *(table.length for table in tables)]
    heads = [words.plain(f"tables.cover.{key}") for key in ("table", "description", "rows")]
    _write_head(book, sheet, top, heads, "cover_sheets", len(names))
    for row, (name, text, length) in enumerate(zip(names, about, lengths, strict=True), start=top + 1):
        _write_link(book, sheet, row, name, name)
        _write_text(sheet, row, 1, text, book.format(text_wrap=True))
        _write_cell(sheet, row, 2, length, book.format(num_format="#,##0"))
        _fit_height(sheet, row, ["", text], COVER_WIDTHS)
    return top + 1 + len(names)


def _write_sources(book: _Book, sheet: Worksheet, top: int, dataset: Dataset) -> None:
    files = [(name, file) for source in dataset.sources for name, file in source.files.items()]
    if not files:
        return
    heads = [dataset.wording.plain(f"tables.cover.{key}") for key in ("source", "origin", "licence_head")]
    _write_head(book, sheet, top, heads, "cover_sources", len(files))
    for row, (name, file) in enumerate(files, start=top + 1):
        texts = (name, file.origin, file.licence)
        for column, text in enumerate(texts):
            _write_text(sheet, row, column, text, book.format(text_wrap=True))
        _fit_height(sheet, row, texts, COVER_WIDTHS)


# The notes.


def _write_notes(book: _Book, sheet: Worksheet, dataset: Dataset) -> None:
    """Write a row per table and a row per column, under one head that stays in sight."""
    words = dataset.wording
    keys = ("table", "column", "meaning", "unit", "values", "key")
    rows = [row for table in dataset.released.values() for row in _notes_on(table, dataset)]
    _write_head(book, sheet, 0, [words.plain(f"tables.notes.{key}") for key in keys], "notes_columns", len(rows))
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    for column, width in enumerate(NOTES_WIDTHS):
        sheet.set_column(column, column, width)
    for number, row in enumerate(rows, start=1):
        style = book.format(text_wrap=True, bold=row[1] == "")
        for column, text in enumerate(row):
            _write_text(sheet, number, column, text, style)
        _fit_height(sheet, number, row, NOTES_WIDTHS)


def _notes_on(table: ReleasedTable, dataset: Dataset) -> Iterator[tuple[str, ...]]:
    """Yield the notes on a table, then on each of its released columns."""
    words = dataset.wording
    yield table.name, "", describe_table(table.contract, words.language), "", "", " + ".join(table.key)
    refers = {item.column: (item.table, item.key) for item in dataset.references(table)}
    for column in table.columns:
        keys = [words.plain("tables.notes.is_key")] if column.name in table.key else []
        if column.name in refers:
            other, key = refers[column.name]
            keys.append(words.plain("tables.notes.refers", table=other, column=key))
        meaning = " ".join([describe_column(table.contract, column.name, words.language), *_cut_note(column, words)])
        values = _said_values(table, column, words)
        yield table.name, column.name, meaning, _said_unit(column, words), values, ", ".join(keys)


def _cut_note(column: ReleasedColumn, words: Wording) -> list[str]:
    cut = sum(isinstance(cell, str) and _is_too_long(clean(cell)) for cell in column.cells)
    return [words.plain("tables.notes.cut", number=cut)] if cut else []


def _said_unit(column: ReleasedColumn, words: Wording) -> str:
    unit = column.contract.unit
    return words.plain(f"tables.units.{unit}") if unit else ""


def _said_values(table: ReleasedTable, column: ReleasedColumn, words: Wording) -> str:
    """Return which values a column may hold: its codes with their labels, or its kind and bounds."""
    codes = describe_values(table.contract, column, words)
    said = ", ".join(
        code if label == code else words.plain("tables.values.labelled", code=code, label=label)
        for code, label in codes.items()
    )
    if column.contract.allowed is None:
        said = ", ".join(filter(None, [_said_bounds(column, words), said]))
    return words.plain("tables.values.empty", values=said) if column.contract.nullable else said


def _said_bounds(column: ReleasedColumn, words: Wording) -> str:
    low, high = column.contract.low, column.contract.high
    noun = words.plain(f"tables.values.{column.kind}")
    if low is not None and high is not None:
        return words.plain("tables.values.between", noun=noun, low=low, high=high)
    if low is not None:
        return words.plain("tables.values.from", noun=noun, low=low)
    return noun if high is None else words.plain("tables.values.to", noun=noun, high=high)


# A table.


def _write_table(book: _Book, sheet: Worksheet, table: ReleasedTable, words: Wording) -> None:
    _write_head(book, sheet, 0, table.names, f"table_{table.name}", table.length)
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    for place, column in enumerate(table.columns):
        units = _units(column, table)
        sheet.set_column(place, place, _width(column))
        _write_message(sheet, place, table, column, words)
        for row, (cell, unit) in enumerate(zip(column.cells, units, strict=True), start=1):
            pattern = _pattern(cell, unit)
            _write_cell(sheet, row, place, cell, book.format(num_format=pattern) if pattern else book.format())


def _write_head(book: _Book, sheet: Worksheet, top: int, heads: Sequence[str], name: str, length: int) -> None:
    """Write the head of a table; where rows follow, as one that Excel knows for the head of a table, with filters."""
    if length:
        columns = [{"header": head, "header_format": book.head} for head in heads]
        options = {"name": name, "columns": columns, "style": "Table Style Light 1"}
        sheet.add_table(top, 0, top + length, len(heads) - 1, options)
    else:
        for column, head in enumerate(heads):
            _write_text(sheet, top, column, head, book.head)
        sheet.autofilter(top, 0, top, len(heads) - 1)


def _write_message(sheet: Worksheet, place: int, table: ReleasedTable, column: ReleasedColumn, words: Wording) -> None:
    """Let the head of a column say what it means and in which unit, where the reader selects it."""
    unit = _said_unit(column, words)
    text = describe_column(table.contract, column.name, words.language)
    text += f" ({words.plain('tables.notes.unit').lower()}: {unit})" if unit else ""
    message = {"validate": "any", "input_title": column.name[:MESSAGE_TITLE], "input_message": text[:MESSAGE]}
    sheet.data_validation(0, place, 0, place, message)


def _units(column: ReleasedColumn, table: ReleasedTable) -> Sequence[str]:
    """Return the unit of every cell of a column: its own, or what the column `unit` says of the row."""
    said = table.find("unit")
    if column.contract.unit == "as the unit" and said is not None:
        return [str(unit or "") for unit in said.cells]
    return [column.contract.unit] * len(column.cells)


def _pattern(cell: Cell, unit: str) -> str:
    """Return the number format of a cell; empty for the general one. The cell keeps its value unrounded."""
    if isinstance(cell, datetime.date):
        return DAY_PATTERN
    if isinstance(cell, bool):
        return FLAG_PATTERN
    if not isinstance(cell, int | float):
        return ""
    if unit == "share":
        return "0.0%"
    if unit == "euro":
        return '"€" #,##0' if isinstance(cell, int) else '"€" #,##0.00'
    if isinstance(cell, int) or (unit in ("count", "persons") and cell.is_integer()):
        return "0" if unit in ("", "year") else "#,##0"
    if unit == "" or unit.startswith("as "):
        return ""
    return "0.0000" if unit == "degrees" else "#,##0.00"


def _width(column: ReleasedColumn) -> int:
    """Return the width of a column in letters, from its name and from its first cells."""
    shown = (len(str(cell).partition("\n")[0]) for cell in column.cells[:FIT_ROWS] if isinstance(cell, str | int))
    figures = 14 if column.contract.unit == "euro" else 12
    least = {"number": figures, "integer": NARROWEST, "day": 12}.get(column.kind, NARROWEST)
    return min(WIDEST, max(len(column.name) + ARROW, least, *(letters + 2 for letters in shown), 0))


# A cell.


def _write_cell(sheet: Worksheet, row: int, column: int, cell: Cell, style: Format) -> None:
    """Write a cell as what it is; where there is nothing, or a sheet cannot hold it so, nothing or its text."""
    if cell is None:
        return
    if isinstance(cell, bool):
        sheet.write_boolean(row, column, cell, style)
    elif isinstance(cell, datetime.date) and cell.year >= FIRST_YEAR:
        sheet.write_datetime(row, column, cell, style)
    elif _is_figure(cell):
        sheet.write_number(row, column, cell, style)
    else:
        _write_text(sheet, row, column, str(cell), style)


def _is_figure(cell: Cell) -> bool:
    """Return whether a cell is a number that a sheet keeps as it is."""
    if isinstance(cell, int):
        return abs(cell) < LARGEST_WHOLE
    return isinstance(cell, float) and math.isfinite(cell)


def _write_text(sheet: Worksheet, row: int, column: int, text: str, style: Format) -> None:
    """Write a text literally, as far as a cell can hold it."""
    shown = shorten(clean(text))
    if not shown:
        return
    if shown.startswith("<r>") and shown.endswith("</r>"):  # XlsxWriter takes such a text for markup of its own
        sheet.write_rich_string(row, column, shown[:1], shown[1:2], shown[2:], style)
    else:
        sheet.write_string(row, column, shown, style)


def _fit_height(sheet: Worksheet, row: int, texts: Sequence[str], widths: Sequence[int]) -> None:
    """Make a row as high as its wrapped texts need: not every program does so by itself."""
    room = [max(1, int(width * ROOM)) for width in widths]
    lines = (
        sum(len(textwrap.wrap(line, fit)) or 1 for line in text.split("\n"))
        for text, fit in zip(texts, room, strict=False)
    )
    sheet.set_row(row, min(HIGHEST, LINE * max(lines)))


def _write_link(book: _Book, sheet: Worksheet, row: int, target: str, text: str) -> None:
    quoted = target.replace("'", "''")
    sheet.write_url(row, 0, f"internal:'{quoted}'!A1", book.link, string=text)
