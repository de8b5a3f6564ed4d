"""The files of a delivery, whichever format they have, as sheets of cells."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.adoption.excel import read_excel
from analysis.adoption.opendocument import read_opendocument
from analysis.adoption.sheets import MOST_CELLS, Sheet, Value, Workbook, too_large
from analysis.adoption.zipped import Package
from analysis.faults import Fault, InputError, refuse

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook, SheetMetadata

MOST_BYTES = 100_000_000  # of a file that is no zip file
ZIPPED, COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
MARKUP = (b"<html", b"<!doc", b"<?xml", b"<tabl", b"<meta")
DELIMITERS = (";", ",", "\t", "|")
MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
BLIND = (
    "hidden columns and rows, comments, errors and leading zeros of an .xls file cannot be seen; an .xlsx shows them"
)


def read_delivery(paths: Sequence[Path]) -> Workbook:
    """Read all files, sheet after sheet; raise InputError naming every file that cannot be read.

    The format follows from the content, not from the name: .xlsx, .xlsm, .xls, .ods, or text with separated cells.
    """
    faults: list[Fault] = []
    whole = Workbook([])
    for path in paths:
        try:
            found = _reader(path)(path)
        except InputError as error:
            faults += error.faults
            continue
        whole.sheets += found.sheets
        whole.notes += found.notes
    refuse(faults)
    names = [sheet.name for sheet in whole.sheets]
    repeated = {name for name in names if names.count(name) > 1}
    refuse(
        Fault(", ".join(map(str, paths)), f"two sheets named {name!r}", "each name once") for name in sorted(repeated)
    )
    if not any(sheet.cells for sheet in whole.sheets):
        raise InputError([Fault(", ".join(map(str, paths)), "no cell that holds anything", "a table with headings")])
    return whole


def _reader(path: Path) -> Callable[[Path], Workbook]:
    try:
        with path.open("rb") as file:
            start = file.read(512)
    except OSError as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else f"no readable file ({error.strerror})"
        raise InputError([Fault(str(path), found, "a workbook (.xlsx, .xls, .ods) or a CSV file")]) from None
    if start.startswith(ZIPPED):
        return _read_zipped
    if path.stat().st_size > MOST_BYTES:
        raise too_large(str(path), f"{path.stat().st_size / 1e6:,.0f} MB", f"at most {MOST_BYTES / 1e6:,.0f} MB")
    if start.startswith(COMPOUND):
        return _read_compound
    if start.lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(MARKUP):
        found = "a web page or other markup under the name of a workbook"
        raise InputError(
            [Fault(str(path), found, "a workbook; open it in the spreadsheet program and save it as .xlsx")]
        )
    return _read_text


def _read_zipped(path: Path) -> Workbook:
    names = Package(path).sizes
    if "content.xml" in names:
        return read_opendocument(path)
    if any(name.endswith("workbook.bin") for name in names):
        raise InputError([Fault(str(path), "a binary workbook (.xlsb)", "the same saved as .xlsx")])
    if "[Content_Types].xml" not in names:
        raise InputError([Fault(str(path), "a zip file that is no workbook", "a workbook (.xlsx, .xls, .ods)")])
    return read_excel(path)


def _read_compound(path: Path) -> Workbook:
    """Read a workbook of the older Excel (.xls); one under a password has the same outer form."""
    import python_calamine as calamine

    try:
        with calamine.CalamineWorkbook.from_path(str(path)) as book:
            sheets = [
                _legacy_sheet(path.name, book, one) for one in book.sheets_metadata if "WorkSheet" in str(one.typ)
            ]
    except calamine.PasswordError:
        raise InputError([Fault(str(path), "a workbook under a password", "the same saved without password")]) from None
    except BaseException as error:
        if not isinstance(error, Exception) and type(error).__name__ != "PanicException":
            raise
        detail = str(error).splitlines()[0][:80] if str(error) else type(error).__name__
        expected = "a whole workbook without password; open it in the spreadsheet program and save it as .xlsx"
        raise InputError([Fault(str(path), f"what is no readable workbook ({detail})", expected)]) from None
    return Workbook(sheets, [f"{path.name}: {BLIND}"])


def _legacy_sheet(file: str, book: CalamineWorkbook, metadata: SheetMetadata) -> Sheet:
    grid = book.get_sheet_by_name(metadata.name)
    shown = str(metadata.visible).endswith(".Visible")
    sheet = Sheet(file, metadata.name, hidden=not shown, blind=BLIND)
    first = grid.start[0] + 1 if grid.start else 1
    for row, cells in enumerate(grid.iter_rows() if grid.start else (), start=first):
        for column, value in enumerate(cells, start=1):
            if value != "":
                sheet.put(row, column, _legacy_value(value))
    sheet.merged = [(a + 1, b + 1, c + 1, d + 1) for (a, b), (c, d) in grid.merged_cell_ranges or ()]
    return sheet


def _legacy_value(value: object) -> Value | None:
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, (int, float)):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else str(value)


def _read_text(path: Path) -> Workbook:
    """Read a text file with cells separated by semicolons, commas, tabs or bars, as one sheet of texts."""
    content = path.read_bytes()
    encoding = next((name for mark, name in MARKS.items() if content.startswith(mark)), "utf-8")
    notes = []
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
        notes = [f"{path.name}: not in UTF-8; read as Windows-1252, so look at the letters with accents"]
    if "\0" in text:
        raise InputError([Fault(str(path), "zero bytes, which no text holds", "a workbook or a CSV file")])
    sheet = Sheet(path.name, path.stem, is_text=True)
    for row, cells in enumerate(_split(path, text), start=1):
        for column, cell in enumerate(cells, start=1):
            sheet.put(row, column, cell)
        if row * max(len(cells), 1) > MOST_CELLS:
            raise too_large(sheet.place(row), f"more than {MOST_CELLS:,} cells", "no more than these")
    return Workbook([sheet], notes)


def _split(path: Path, text: str) -> list[list[str]]:
    first, _, rest = text.partition("\n")
    stated = first.strip().lower().startswith("sep=") and first.strip()[4:5]
    body = f"\n{rest}" if stated else text  # the line stays a row, so that the numbers of rows stay those of the file
    best: list[list[str]] = []
    for delimiter in [stated] if stated else DELIMITERS:
        try:
            rows = list(csv.reader(io.StringIO(body, newline=""), delimiter=delimiter, strict=True))
        except csv.Error as error:
            fault = Fault(str(path), f"text that is not CSV ({error})", "cells with every quotation mark closed")
            if stated:
                raise InputError([fault]) from None
            continue
        if not best or _regularity(rows) > _regularity(best):
            best = rows
    if not best:
        raise InputError([Fault(str(path), "quotation marks that do not pair", "every quotation mark closed")])
    return best


def _regularity(rows: list[list[str]]) -> tuple[int, int]:
    """Return in how many rows the most common number of cells, above one, stands, and that number."""
    widths = [len(row) for row in rows[:200] if len(row) > 1]
    if not widths:
        return (0, 0)
    common = max(set(widths), key=lambda width: (widths.count(width), width))
    return (widths.count(common), common)
