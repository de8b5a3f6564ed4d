"""What an edition releases, table by table and column by column, in words of its reader: the ground of all re-use."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd

from analysis.call import Call
from analysis.contracts import Column, Contract, Kind
from analysis.declarations import MERGED, Edition, Language
from analysis.glossary import translate_codes
from analysis.published import Sources
from analysis.wording import Wording

Cell = str | int | float | date | None  # a flag is the int that Python takes it for
NAMESPACE = uuid.UUID("b7a57e08-0903-4844-9450-c281f5997684")  # of the identifiers of datasets; drawn once
# The labels of the call, or of labels.yml, that the codes of a column stand for. Raters have none here: where a code
# stands for a person, the label may be a name.
LABELS: Mapping[str, tuple[str, ...]] = {
    "category": ("categories",),
    "actor_kind": ("actor_kinds",),
    "kind": ("actor_kinds",),
    "partnership": ("partnerships",),
    "focus": ("focuses",),
    "umbrella": ("umbrella_fields",),
    "theme": ("categories", "umbrella_fields"),
    "fund": ("funds",),
    "phase": ("phases",),
    "path": ("paths",),
    "criterion": ("criteria",),
    "question": ("survey_questions",),
    "reach": ("reach",),
    "scale": ("scale",),
    "maturity_intake": ("maturity",),
    "maturity_end": ("maturity",),
    "dimension": ("dimension",),
}


@dataclass(frozen=True)
class ReleasedColumn:
    """A column as released: its name, its contract, the kind of its cells, and the cells; None where there is nothing.

    `kind` is the contract's, or text where release made the cells coarser than that.
    """

    name: str
    contract: Column
    kind: Kind
    cells: tuple[Cell, ...]

    @property
    def codes(self) -> tuple[str, ...] | None:
        """Return the codes that it may hold, or None where it is no column of codes.

        Of a column about persons only those that it holds: the others may name people of whom nothing is released.
        """
        allowed = self.contract.allowed
        if allowed is None:
            return None
        return tuple(code for code in allowed if code in self.cells or not self.contract.withheld_from)


@dataclass(frozen=True)
class Reference:
    """A released column whose cells are all among those of a released column of another table."""

    column: str
    table: str
    key: str


@dataclass(frozen=True)
class ReleasedTable:
    """A table as released: its contract, and its released columns in their order; a withheld column has no trace.

    Rows of which no released column holds anything are left out.
    """

    contract: Contract
    columns: tuple[ReleasedColumn, ...]

    @property
    def name(self) -> str:
        """Return the name of the table."""
        return self.contract.name

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of the columns."""
        return tuple(column.name for column in self.columns)

    @property
    def rows(self) -> list[tuple[Cell, ...]]:
        """Return the cells row by row."""
        return list(zip(*(column.cells for column in self.columns), strict=True))

    @property
    def length(self) -> int:
        """Return the number of rows."""
        return len(self.columns[0].cells)

    @cached_property
    def key(self) -> tuple[str, ...]:
        """Return the columns that identify a row; none where one is withheld, has a gap, or does so no longer."""
        found = [column for column in self.columns if column.name in self.contract.key]
        cells = list(zip(*(column.cells for column in found), strict=True))
        is_whole = len(found) == len(self.contract.key) and not any(None in row for row in cells)
        return self.contract.key if is_whole and len(set(cells)) == len(cells) else ()

    def find(self, name: str) -> ReleasedColumn | None:
        """Return a column by name, or None where it was not released."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True)
class Dataset:
    """All that an edition releases for re-use, and what there is to say about it.

    `tables` are those of `release_tables`, each with a contract in `contracts`. `sources` are the SOURCES.yml of the
    call's folder and of the reference files that its tables draw on.
    """

    call: Call
    edition: Edition
    tables: Mapping[str, pd.DataFrame]
    contracts: Mapping[str, Contract]
    sources: Sequence[Sources]

    @cached_property
    def released(self) -> dict[str, ReleasedTable]:
        """Return the released tables by name, in their order."""
        return {name: _read_table(table, self.contracts[name]) for name, table in self.tables.items()}

    @cached_property
    def wording(self) -> Wording:
        """Return the wording in the language of the edition."""
        return Wording(self.edition.language, self.call)

    @property
    def name(self) -> str:
        """Return the name of the dataset: that of the call and that of the edition."""
        return f"{self.call.id}-{self.edition.name}"

    @property
    def identifier(self) -> str:
        """Return the identifier: the same for an edition wherever and whenever it is made."""
        return uuid.uuid5(NAMESPACE, self.name).urn

    @property
    def version(self) -> str:
        """Return the day of the edition as a version number of three parts."""
        day = self.edition.as_of
        return f"{day.year}.{day.month}.{day.day}"

    @property
    def licences(self) -> tuple[str, ...]:
        """Return the licences of the files that the tables come from, each once."""
        return tuple(dict.fromkeys(file.licence for source in self.sources for file in source.files.values()))

    @property
    def synthetic(self) -> bool:
        """Return whether records are synthetic."""
        return any(source.synthetic for source in self.sources)

    def find_mark(self, language: Language, usual: str) -> str:
        """Return what every page says of synthetic records, as the first source that has some; or an empty text."""
        return next((source.find_mark(language, usual) for source in self.sources if source.synthetic), "")

    def notice(self, language: Language) -> str:
        """Return what the sources say to the reader; empty where they say nothing."""
        return " ".join(source.notice.in_language(language) for source in self.sources if source.notice)

    def references(self, table: ReleasedTable) -> list[Reference]:
        """Return what a table refers to, as far as both columns were released and every reference still holds."""
        found = []
        for name, (other, key) in self.contracts[table.name].foreign.items():
            column = table.find(name)
            target = self.released[other].find(key) if other in self.released else None
            if column and target and set(column.cells) - {None} <= set(target.cells):
                found.append(Reference(name, other, key))
        return found


def say_title(dataset: Dataset, wording: Wording) -> str:
    """Return the title of a dataset in the language of this wording."""
    return wording.plain("tables.title", title=dataset.call.title.in_language(wording.language))


def say_edition(dataset: Dataset, wording: Wording) -> str:
    """Return the day and the audience of the edition."""
    audience = wording.plain(f"tables.audiences.{dataset.edition.audience}")
    return wording.plain("tables.edition", as_of=dataset.edition.as_of, audience=audience)


def say_description(dataset: Dataset, wording: Wording) -> str:
    """Return what a dataset is, and what its reader must know of the records."""
    said = {"edition": say_edition(dataset, wording), "organiser": dataset.call.organiser.name}
    return " ".join(filter(None, [wording.plain("tables.description", **said), dataset.notice(wording.language)]))


def identify_licence(licence: str) -> str:
    """Return a licence as an identifier: CC BY 4.0 gives CC-BY-4.0."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", licence).strip("-")


def describe_values(contract: Contract, column: ReleasedColumn, wording: Wording) -> dict[str, str]:
    """Return the codes of a column, each with its label, or with itself where it has none.

    They are those that it may hold and, in a column of names, the one that stands for groups that were merged.
    """
    said = translate_codes(contract, column.name, wording.language)
    codes = column.codes or ((MERGED,) if MERGED in column.cells else ())
    return {code: said.get(code) or _label(column.name, code, wording) or code for code in codes}


def _label(column: str, code: str, wording: Wording) -> str | None:
    if code == MERGED:
        return wording.label(column, code)
    for section in LABELS.get(column, ()):
        try:
            return wording.label(section, code)
        except KeyError:
            continue
    return None


def _read_table(table: pd.DataFrame, contract: Contract) -> ReleasedTable:
    columns = [_read_column(table[name], contract.columns[name]) for name in table]
    rows = zip(*(column.cells for column in columns), strict=True)
    kept = [place for place, row in enumerate(rows) if any(cell is not None for cell in row)]
    return ReleasedTable(
        contract,
        tuple(
            ReleasedColumn(column.name, column.contract, column.kind, tuple(column.cells[place] for place in kept))
            for column in columns
        ),
    )


def _read_column(cells: pd.Series, contract: Column) -> ReleasedColumn:
    values = [None if pd.isna(value) or value == "" else value for value in cells]
    kind: Kind = contract.kind
    try:
        read = [None if value is None else READ[kind](value) for value in values]
    except (TypeError, ValueError):
        kind = "text"
        read = [None if value is None else str(value) for value in values]
    return ReleasedColumn(str(cells.name), contract, kind, tuple(read))


def _whole(value: Any) -> int:
    if isinstance(value, str) or int(value) != value:
        raise ValueError(value)
    return int(value)


def _number(value: Any) -> float:
    if isinstance(value, str):
        raise ValueError(value)
    return float(value)


def _flag(value: Any) -> bool:
    if isinstance(value, str):
        raise ValueError(value)
    return bool(value)


def _day(value: Any) -> date:
    if isinstance(value, str):
        raise ValueError(value)
    stamp = pd.Timestamp(value)
    return date(stamp.year, stamp.month, stamp.day)


READ: Mapping[Kind, Callable[[Any], Cell]] = {
    "text": str,
    "integer": _whole,
    "number": _number,
    "flag": _flag,
    "day": _day,
}
