"""The records of a sheet by its mapping: every cell read as its field asks, every fault with sheet, row and column."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from rapidfuzz import process

from analysis.adoption.layout import SEARCHED, Layout, lay_out
from analysis.adoption.mapping import MappedColumn, MappedSheet
from analysis.adoption.mapping import Mapping as Document
from analysis.adoption.places import Gazetteer, split_names
from analysis.adoption.sheets import Sheet, Trouble, Value, Workbook, shown, written
from analysis.adoption.values import is_nothing, read_day, read_flag, read_number, read_whole
from analysis.adoption.vocabulary import FIELDS, Field, plain
from analysis.faults import Fault

SHAPE, IDENTITY, PLACE, GROUP, CELL = range(5)  # what a fault is about, the weightiest first
SCORE_FIELD = Field("number", ())
TENTH_OF_A_CENT = 0.001
UNREAD = ""  # stands in a field whose cell is a fault already, so that it is not called empty too


@dataclass
class Report:
    """The faults of a delivery by weight, what there is to note, and the numbers of proposals written otherwise.

    `cents` has, for a sheet and a column, by how much each amount that is not in whole euros was rounded.
    """

    faults: list[tuple[int, Fault]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    loose: list[str] = field(default_factory=list)
    cents: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def add(self, weight: int, place: str, found: str, expected: str) -> None:
        """Keep a fault."""
        self.faults.append((weight, Fault(place, found, expected)))

    def ordered(self) -> list[Fault]:
        """Return the faults, the weightiest first; those of one weight in the order of the sheets."""
        return [fault for _, fault in sorted(self.faults, key=lambda one: one[0])]


@dataclass(frozen=True, slots=True)
class Entry:
    """What a record holds in a field: the value as it goes into a table, and the cell that it stands in.

    The name of the place is made when it is asked for: a delivery may have a million cells.
    """

    value: str
    layout: Layout
    row: int
    column: int

    @property
    def place(self) -> str:
        """Return how to name the cell."""
        return self.layout.place(self.row, self.column)


@dataclass(frozen=True, slots=True)
class Record:
    """One row of a sheet: its fields that hold something, and its scores by rater and criterion."""

    sheet: MappedSheet
    layout: Layout
    row: int
    entries: Mapping[str, tuple[Entry, ...]]
    scores: tuple[tuple[str | None, str | None, Entry], ...] = ()

    @property
    def place(self) -> str:
        """Return how to name the row."""
        return self.layout.sheet.place(self.row)

    def text(self, name: str) -> str:
        """Return the value of a field, an empty text where the record has none."""
        found = self.entries.get(name)
        return found[0].value if found else ""

    def lacks(self, name: str) -> bool:
        """Return whether a field is empty, other than by a fault that is said already."""
        return name not in self.entries

    def where(self, name: str) -> str:
        """Return the place of a field, or that of the record where it has none."""
        found = self.entries.get(name)
        return found[0].place if found else self.place


def read_records(book: Workbook, mapping: Document, gazetteer: Gazetteer, report: Report) -> list[Record]:
    """Return the records of every mapped sheet; what does not fit the mapping is added to the report."""
    found: list[Record] = []
    for mapped, sheet in _pair_sheets(book, mapping, report):
        layout = _find_table(sheet, mapped, report)
        if layout is None:
            continue
        columns = _columns(layout, mapped, report)
        report.notes += [f"{sheet.place(row)} is not read: {reason}" for row, reason in layout.dropped]
        found += [_read_record(layout, mapped, row, columns, mapping, gazetteer, report) for row in layout.rows]
    report.notes += list(_note_cents(report))
    return found


def _note_cents(report: Report) -> Iterator[str]:
    for (sheet, heading), rounded in report.cents.items():
        yield (
            f"{sheet}, column {heading!r}: amounts with cents are rounded to whole euros: {len(rounded)} of them, "
            f"which changes their sum by {sum(rounded):+.2f}"
        )


def _pair_sheets(book: Workbook, mapping: Document, report: Report) -> Iterator[tuple[MappedSheet, Sheet]]:
    sheets = {sheet.name: sheet for sheet in book.sheets}
    if len(book.sheets) == len(mapping.sheets) == 1 and book.sheets[0].is_text:
        sheets = {mapping.sheets[0].sheet: book.sheets[0]}  # the name of a lone CSV file tells nothing
    files = ", ".join(dict.fromkeys(sheet.file for sheet in book.sheets))
    for mapped in mapping.sheets:
        if mapped.sheet in sheets:
            yield mapped, sheets[mapped.sheet]
        else:
            names = ", ".join(repr(name) for name in sheets)
            report.add(SHAPE, files, f"no sheet {mapped.sheet!r}", f"this sheet, as in mapping.yml; there are {names}")
    known = {one.sheet for one in mapping.sheets} | {one.sheet for one in mapping.ignored}
    for name, sheet in sheets.items():
        if name not in known and sheet.cells:
            report.add(
                SHAPE, sheet.place(), "a sheet that mapping.yml does not know", "one of its sheets or of its ignored"
            )


def _find_table(sheet: Sheet, mapped: MappedSheet, report: Report) -> Layout | None:
    """Return the table below the row that holds most of the mapped headings; a missing one is a fault."""
    wanted = {plain(column.heading) for column in mapped.read}
    parts = {plain(part) for column in mapped.read for part in column.heading.split(" / ")}
    best: tuple[int, Layout] | None = None
    for top in sorted(sheet.cells)[:SEARCHED]:
        if not any(plain(written(value)) in parts for value in sheet.cells[top].values()):
            continue
        layout = lay_out(sheet, top, mapped.headings)
        count = sum(plain(heading) in wanted for heading in layout.headings.values())
        if count and (best is None or count > best[0]):
            best = (count, layout)
    if best is None:
        expected = "a row of headings: " + ", ".join(repr(column.heading) for column in mapped.read)
        report.add(SHAPE, sheet.place(), "no row with the headings of mapping.yml", expected)
        return None
    return best[1]


def _columns(layout: Layout, mapped: MappedSheet, report: Report) -> dict[int, MappedColumn]:
    """Return the mapped columns by their place; headings that are missing or new are faults."""
    places = {plain(heading): column for column, heading in reversed(layout.headings.items())}
    known = {plain(column.heading): column for column in mapped.columns}
    place = layout.sheet.place(layout.top)
    for name, column in known.items():
        if column.field and name not in places:
            near = [layout.headings[places[one[0]]] for one in process.extract(name, list(places), limit=3)]
            expected = f"a column {column.heading!r} (field {column.field}); nearest: {', '.join(map(repr, near))}"
            report.add(SHAPE, place, "no such heading", expected)
    for name, number in places.items():
        if name not in known and any(value is not None for value in layout.cells(number)):
            expected = "a heading that mapping.yml knows; add it there, without a field where it is not to be read"
            report.add(SHAPE, layout.place(layout.top, number), "a column that mapping.yml does not know", expected)
    return {places[name]: column for name, column in known.items() if column.field and name in places}


def _read_record(
    layout: Layout,
    mapped: MappedSheet,
    row: int,
    columns: Mapping[int, MappedColumn],
    mapping: Document,
    gazetteer: Gazetteer,
    report: Report,
) -> Record:
    entries: dict[str, tuple[Entry, ...]] = {}
    scores = []
    for number, column in columns.items():
        name = column.field or ""
        value = layout.sheet.get(row, number)
        kind = FIELDS[mapped.holds].get(name, SCORE_FIELD)
        where = Entry("", layout, row, number)
        texts = _read_cell(value, where, kind, column, mapping, gazetteer, report)
        found = tuple(Entry(text, layout, row, number) for text in texts)
        if name == "score":
            own = (column.rater or mapped.rater, column.criterion or mapped.criterion)
            scores += [(*own, one) for one in found if one.value]
        elif found:
            entries[name] = (*entries.get(name, ()), *found)
    return Record(mapped, layout, row, entries, tuple(scores))


def _read_cell(
    value: Value | None,
    where: Entry,
    kind: Field,
    column: MappedColumn,
    mapping: Document,
    gazetteer: Gazetteer,
    report: Report,
) -> list[str]:
    """Return the values of a cell as the tables hold them; a cell that cannot be read is a fault."""
    if isinstance(value, Trouble):
        report.add(CELL, where.place, value.what, "a value")
        return [UNREAD]
    if kind.reading in ("place", "places"):
        return _read_places(value, where, gazetteer, report)
    if kind.reading == "group":
        return _read_group(value, where, column.field or "", mapping, report)
    try:
        text = (
            _read_euros(value, where, column, report) if kind.reading == "euros" else _read_plain(value, kind, column)
        )
    except ValueError as error:
        report.add(CELL, where.place, shown(value), str(error))
        return [UNREAD]
    return [text] if text else []


def _read_euros(value: Value | None, where: Entry, column: MappedColumn, report: Report) -> str:
    """Return an amount in whole euros, a half rounded up; what that changes is noted of its column."""
    amount = read_number(value, column.decimal)
    if amount is None:
        return ""
    whole = math.floor(amount + 0.5)
    if abs(whole - amount) > TENTH_OF_A_CENT:
        report.cents.setdefault((where.layout.sheet.place(), column.heading), []).append(whole - amount)
    return str(whole)


def _read_plain(value: Value | None, kind: Field, column: MappedColumn) -> str:
    if kind.reading == "flag":
        return "true" if read_flag(value) else "false"
    if kind.reading == "day":
        day = read_day(value, column.order or (None if isinstance(value, str) else "dmy"))
        return day.isoformat() if day else ""
    if kind.reading == "whole":
        whole = read_whole(value, column.decimal)
        return "" if whole is None else str(whole)
    if kind.reading == "number":
        number = read_number(value, column.decimal)
        return "" if number is None else written(round(number, 9))
    if value is None or (kind.reading == "code" and is_nothing(value)):
        return ""
    return " ".join(written(value).split())


def _read_places(value: Value | None, where: Entry, gazetteer: Gazetteer, report: Report) -> list[str]:
    if value is None or is_nothing(value):
        return []
    found = []
    text = written(value)
    names = [text] if gazetteer.find(text).nis else split_names(text)
    for name in names:
        answer = gazetteer.find(name)
        if answer.nis is None:
            report.add(PLACE, where.place, repr(name), answer.expected())
        else:
            found.append(answer.nis)
            if answer.merged:
                report.notes.append(
                    f"{where.place}: {name!r} is taken for {answer.merged} of the reference year, by a merger"
                )
    return list(dict.fromkeys(found)) or [UNREAD]


def _read_group(value: Value | None, where: Entry, name: str, mapping: Document, report: Report) -> list[str]:
    if value is None or is_nothing(value):
        return []
    text = " ".join(written(value).split())
    known = mapping.groups.get(name, {})
    key = known.get(text) or mapping.folded.get(name, {}).get(plain(text))
    if key is None:
        report.add(
            GROUP, where.place, repr(text), f"a known {name}{_nearest(text, list(known))}; others go into mapping.yml"
        )
        return [UNREAD]
    return [key]


def _nearest(text: str, known: Sequence[str]) -> str:
    near = [one[0] for one in process.extract(text, known, limit=3)]
    return f", such as {', '.join(map(repr, near))}" if near else ""
