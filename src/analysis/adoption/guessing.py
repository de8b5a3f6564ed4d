"""A first mapping of a delivery: what each sheet and column seems to hold, and on what ground that is thought."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz

from analysis.adoption.fixed import FIXED
from analysis.adoption.judging import SCORE, Table, judge, share_scores
from analysis.adoption.layout import find_layout
from analysis.adoption.mapping import IgnoredSheet, MappedColumn, MappedSheet
from analysis.adoption.mapping import Mapping as Document
from analysis.adoption.places import Gazetteer
from analysis.adoption.scoresheets import ScoreColumn, is_total
from analysis.adoption.sheets import Sheet, Workbook, letters, written
from analysis.adoption.values import find_decimal, find_order
from analysis.adoption.vocabulary import COPIES, DUTCH, FIELDS, plain, slug
from analysis.declarations import Language
from analysis.faults import Fault, InputError

JURY = "jury"


@dataclass(frozen=True)
class Guess:
    """A mapping, the labels of what it gives ids to (by field and id), and what to look at in it."""

    mapping: Document
    labels: Mapping[str, Mapping[str, str]]
    reviews: Mapping[str, Sequence[str]]
    notes: Sequence[str]


def guess_mapping(book: Workbook, gazetteer: Gazetteer, reference: str, language: Language | None) -> Guess:
    """Return a mapping of every sheet; raise InputError where no sheet holds proposals.

    A hidden sheet, a copy of another, and one that holds nothing known is not read, and said so.
    """
    ignored: list[IgnoredSheet] = []
    tables: list[Table] = []
    for sheet, reason in _set_apart(book):
        table = None if reason else judge(sheet, gazetteer)
        if table is None:
            ignored.append(IgnoredSheet(sheet=sheet.name, reason=reason or "no table of a kind that a call has"))
        else:
            tables.append(table)
    _refuse_without_proposals(book, tables)
    share_scores(tables)
    spoken = language or _find_language(tables)
    labels = _labels(tables)
    ids = {name: {text: key for key, text in group.items()} for name, group in labels.items()}
    groups = {name: dict(known) for name, known in _groups(tables).items()}
    for name in ("rater", "criterion"):
        written_in_cells = groups.pop(name, {})
        groups |= {name: {text: ids[name][_fold(text)] for text in written_in_cells}} if written_in_cells else {}
    mapping = Document(
        language=spoken,
        reference=reference,
        sheets=tuple(_map_table(table, ids, spoken) for table in tables),
        ignored=tuple(ignored),
        groups=groups,
    )
    return Guess(mapping, _shown_labels(tables, labels), _reviews(tables), list(_notes(tables, ignored)))


def _set_apart(book: Workbook) -> Iterator[tuple[Sheet, str]]:
    """Yield every sheet with the reason not to read it, if there is one."""
    seen: list[Sheet] = []
    for sheet in book.sheets:
        same = next((other.name for other in seen if other.cells == sheet.cells), None)
        like = next((other.name for other in book.sheets if other is not sheet and _is_copy(sheet, other)), None)
        if not sheet.cells:
            reason = "empty"
        elif sheet.hidden:
            reason = "a hidden sheet"
        elif same is not None:
            reason = f"the same cells as {same}"
        else:
            reason = f"a copy of {like} by its name, with other cells" if like else ""
            seen.append(sheet)
        yield sheet, reason


def _is_copy(sheet: Sheet, other: Sheet) -> bool:
    """Return whether a sheet is called a copy, and the other has the name without that."""
    name = sheet.name.casefold()
    bare = plain(COPIES.sub(" ", name).replace(" van ", " ").replace(" of ", " "))
    return COPIES.search(name) is not None and not other.hidden and bare == plain(other.name)


def _refuse_without_proposals(book: Workbook, tables: Sequence[Table]) -> None:
    if any(table.kind == "ideas" for table in tables):
        return
    faults = []
    for sheet in (sheet for sheet in book.sheets if sheet.cells):
        layout = find_layout(sheet)
        names = ", ".join(repr(name) for name in layout.headings.values()) if layout else "no row of headings"
        place = sheet.place(layout.top if layout else min(sheet.cells))
        found = f"{names}{', in a hidden sheet' if sheet.hidden else ''}"
        faults.append(
            Fault(place, found, "a title (titel) of each proposal, beside a number, a category or an applicant")
        )
    raise InputError(faults)


def _find_language(tables: Sequence[Table]) -> Language:
    words = {word for table in tables for heading in table.layout.headings.values() for word in plain(heading).split()}
    english = {
        "title",
        "applicant",
        "amount",
        "category",
        "municipality",
        "score",
        "summary",
        "organisation",
        "criterion",
    }
    return "en" if len(words & english) > len(words & set(DUTCH["nl"])) else "nl"


def _whole_score(table: Table, one: ScoreColumn) -> tuple[str | None, str | None]:
    """Return rater and criterion of a column as written; None where a column of the sheet tells it row by row."""
    named = set(table.fields.values())
    rater = one.rater or table.rater or (None if "rater" in named else JURY)
    criterion = one.criterion or table.criterion or (None if "criterion" in named else SCORE)
    return rater, criterion


def _score_parts(tables: Sequence[Table], part: str) -> list[str]:
    """Return every rater (or criterion) as written, in the order in which they come."""
    found: dict[str, None] = {}
    for table in tables:
        for one in table.scores:
            name = _whole_score(table, one)[0 if part == "rater" else 1]
            found |= {name: None} if name else {}
        if table.kind == "scores":
            found |= dict.fromkeys(_values(table, part))
            named = set(table.fields.values())
            if SCORE in named and part not in named:
                found[JURY if part == "rater" else SCORE] = None
    return list(found)


def _values(table: Table, name: str) -> list[str]:
    columns = [column for column, known in table.fields.items() if known == name]
    cells = [value for column in columns for value in table.layout.cells(column)]
    return [" ".join(written(value).split()) for value in cells if isinstance(value, (str, float, bool))]


def _fold(text: str) -> str:
    return plain(text) or text.casefold()


def _labels(tables: Sequence[Table]) -> dict[str, dict[str, str]]:
    """Return by part (rater, criterion) the folded text of each by its id; ids of raters do not tell their names."""
    raters = dict.fromkeys(_fold(text) for text in _score_parts(tables, "rater"))
    criteria = dict.fromkeys(_fold(text) for text in _score_parts(tables, "criterion"))
    return {
        "rater": {f"rater-{number}": text for number, text in enumerate(raters, start=1)},
        "criterion": {key: text for text, key in _unique_slugs(criteria).items()},
    }


def _unique_slugs(texts: Mapping[str, None]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        base, number = slug(text), 1
        key = base
        while key in found.values():
            number += 1
            key = f"{base}-{number}"
        found[text] = key
    return found


def _shown_labels(tables: Sequence[Table], labels: Mapping[str, Mapping[str, str]]) -> dict[str, dict[str, str]]:
    """Return the labels as they were first written, by field and id."""
    shown: dict[str, dict[str, str]] = {}
    for part in ("rater", "criterion"):
        first: dict[str, str] = {}
        for text in _score_parts(tables, part):
            first.setdefault(_fold(text), text)
        shown[part] = {key: first[text] for key, text in labels[part].items()}
    for name, known in _groups(tables).items():
        if name not in shown:
            first = {}
            for text, key in known.items():
                first.setdefault(key, text)
            shown[name] = first
    return shown


def _groups(tables: Sequence[Table]) -> dict[str, dict[str, str]]:
    """Return by field the id of each value as it is written; values that differ in case or accents only share one."""
    found: dict[str, dict[str, str]] = {}
    for table in tables:
        for name in dict.fromkeys(table.fields.values()):
            if FIELDS[table.kind].get(name) is None or FIELDS[table.kind][name].reading != "group":
                continue
            known = found.setdefault(name, {})
            for text in _values(table, name):
                key = _fixed(name, text) if name in FIXED else _fold(text)
                if key is not None:
                    known.setdefault(text, key)
    for name, known in found.items():
        if name not in FIXED:
            ids = _unique_slugs(dict.fromkeys(known.values()))
            found[name] = {text: ids[folded] for text, folded in known.items()}
    return {name: known for name, known in found.items() if known}


def _fixed(name: str, text: str) -> str | None:
    for key, words in FIXED[name].items():
        if plain(text) in words or plain(text) == key:
            return key
    return None


def _map_table(table: Table, ids: Mapping[str, Mapping[str, str]], language: Language) -> MappedSheet:
    scored = {one.column: one for one in table.scores}
    columns = []
    for column, heading in sorted(table.layout.headings.items()):
        mapped = MappedColumn(heading=heading, field=table.fields.get(column))
        if column in scored:
            rater, criterion = _whole_score(table, scored[column])
            own_rater = ids["rater"].get(_fold(rater)) if rater and not table.rater else None
            own_criterion = ids["criterion"].get(_fold(criterion)) if criterion and not table.criterion else None
            mapped = MappedColumn(heading=heading, field=SCORE, rater=own_rater, criterion=own_criterion)
        columns.append(_with_signs(mapped, table, column, language))
    named = set(table.fields.values())
    lone = table.kind == "scores" and not table.scores
    rater = table.rater or (JURY if lone and "rater" not in named else None)
    criterion = table.criterion or (SCORE if lone and "criterion" not in named else None)
    return MappedSheet(
        sheet=table.name,
        holds=table.kind,
        headings=2 if table.layout.depth == 2 else 1,
        rater=ids["rater"][_fold(rater)] if rater else None,
        criterion=ids["criterion"][_fold(criterion)] if criterion else None,
        columns=tuple(columns),
    )


def _with_signs(mapped: MappedColumn, table: Table, column: int, language: Language) -> MappedColumn:
    """Add how numbers or days are written in a column of them."""
    reading = FIELDS["scores"][SCORE].reading if mapped.field == SCORE else None
    reading = (
        FIELDS[table.kind][mapped.field].reading if mapped.field and mapped.field in FIELDS[table.kind] else reading
    )
    cells = table.layout.cells(column)
    if reading in ("number", "whole", "euros") and any(isinstance(value, str) for value in cells):
        return mapped.model_copy(update={"decimal": find_decimal(cells, "comma" if language == "nl" else "point")[0]})
    if reading == "day" and any(isinstance(value, str) for value in cells):
        return mapped.model_copy(update={"order": find_order(cells)[0]})
    return mapped


def _reviews(tables: Sequence[Table]) -> dict[str, list[str]]:
    """Return by field from which sheet and column it was taken, and whether its heading was certain."""
    found: dict[str, list[str]] = defaultdict(list)
    for table in tables:
        for column, name in table.fields.items():
            place = table.layout.sheet.place(None, column, table.layout.headings[column])
            unsure = f", whose heading is {table.unsure[column]:.0f} % alike" if column in table.unsure else ""
            found[name].append(f"{place}{unsure}")
        if table.scores:
            first, last = table.scores[0].column, table.scores[-1].column
            place = table.layout.sheet.place(table.layout.top)
            found[SCORE].append(f"{place}, columns {letters(first)} to {letters(last)}")
    return dict(found)


def _notes(tables: Sequence[Table], ignored: Sequence[IgnoredSheet]) -> Iterator[str]:
    """Yield what was not read, and what looks alike but was kept apart."""
    for sheet in ignored:
        yield f"sheet {sheet.sheet!r} is not read: {sheet.reason}"
    for table in tables:
        scored = {one.column for one in table.scores}
        for column, heading in sorted(table.layout.headings.items()):
            if column not in table.fields and column not in scored:
                why = "totals are computed anew" if is_total(heading) else "no field is known by this heading"
                yield f"{table.layout.sheet.place(None, column, heading)} is not read: {why}"
    for name, known in _groups(tables).items():
        ids = list(dict.fromkeys(known.values())) if name not in FIXED else []
        for position, one in enumerate(ids):
            for other in ids[position + 1 :]:
                if fuzz.ratio(one, other) >= 85 and one.rstrip("0123456789") != other.rstrip("0123456789"):
                    yield f"{name}: {one!r} and {other!r} are kept apart, though they look like one; see mapping.yml"
