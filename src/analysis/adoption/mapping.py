"""How a spreadsheet is read: what each sheet and column holds (`mapping.yml`), guessed once and kept with the call."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any, Literal

import yaml
from pydantic import BeforeValidator, Field

from analysis.adoption.values import Decimal, Order
from analysis.adoption.vocabulary import FIELDS, Kind, plain
from analysis.declarations import Identifier, Language
from analysis.documents import Checked, Finding

Code = Annotated[str, BeforeValidator(lambda value: str(value) if isinstance(value, int) else value)]


class MappedColumn(Checked):
    """A column by its heading (under two rows of headings: both, parted by " / "), and the field that it fills.

    One without a field is not read. A column of scores may be that of one rater, of one criterion, or of both.
    `decimal` and `order` say how numbers and days are written in it.
    """

    heading: str = Field(min_length=1)
    field: str | None = None
    rater: Identifier | None = None
    criterion: Identifier | None = None
    decimal: Decimal | None = None
    order: Order | None = None


class MappedSheet(Checked):
    """A sheet, how many rows of headings it has, and whose scores on which criterion it holds, if of one only."""

    sheet: str
    holds: Kind
    headings: Literal[1, 2] = 1
    rater: Identifier | None = None
    criterion: Identifier | None = None
    columns: tuple[MappedColumn, ...] = Field(min_length=1)

    @property
    def read(self) -> tuple[MappedColumn, ...]:
        """Return the columns that fill a field."""
        return tuple(column for column in self.columns if column.field)


class IgnoredSheet(Checked):
    """A sheet that is not read, and why."""

    sheet: str
    reason: str


class Mapping(Checked):
    """How every sheet of a delivery is read.

    `groups` gives, by field, the id of each value as it is written; `places` the code (NIS) of each municipality that
    was asked about, as it is written.
    """

    language: Language
    reference: str
    sheets: tuple[MappedSheet, ...] = Field(min_length=1)
    ignored: tuple[IgnoredSheet, ...] = ()
    groups: dict[str, dict[str, Identifier]] = Field(default_factory=dict)
    places: dict[str, Annotated[Code, Field(pattern=r"^[0-9]{5}$")]] = Field(default_factory=dict)

    @cached_property
    def folded(self) -> dict[str, dict[str, str]]:
        """Return the groups by the values without accents, case and punctuation."""
        return {name: {plain(text): key for text, key in known.items()} for name, known in self.groups.items()}

    @classmethod
    def cross_check(cls, sections: dict[str, Any]) -> Iterator[Finding]:
        """Yield fields that a sheet of its kind cannot have, fields and headings that stand twice."""
        seen: set[str] = set()
        for position, sheet in enumerate(sections.get("sheets", ())):
            where = ("sheets", position)
            if sheet.sheet in seen:
                yield Finding((*where, "sheet"), repr(sheet.sheet), "each sheet once")
            seen.add(sheet.sheet)
            known = (*FIELDS[sheet.holds], "score") if sheet.holds == "ideas" else tuple(FIELDS[sheet.holds])
            yield from _column_findings(sheet, known, where)


def _column_findings(sheet: MappedSheet, known: tuple[str, ...], where: tuple[str | int, ...]) -> Iterator[Finding]:
    fields: set[tuple[str | None, ...]] = set()
    headings: set[str] = set()
    for position, column in enumerate(sheet.columns):
        place = (*where, "columns", position)
        key = (column.field, column.rater, column.criterion)
        if column.field and column.field not in known:
            yield Finding((*place, "field"), repr(column.field), f"one of {', '.join(known)}")
        elif column.field and key in fields and column.field not in ("municipality", "municipalities"):
            yield Finding((*place, "field"), f"{column.field!r} again", "each field once in a sheet")
        if column.heading in headings:
            yield Finding((*place, "heading"), f"{column.heading!r} again", "each heading once in a sheet")
        fields.add(key)
        headings.add(column.heading)


def write_mapping(mapping: Mapping, source: str) -> str:
    """Return the text of `mapping.yml`."""
    head = (
        f"# How the sheets of {source} were read. A new delivery is read by it: oproep new CALL --from FILE --update\n"
    )
    body = mapping.model_dump(mode="json", exclude_none=True, exclude_defaults=False)
    for sheet in body["sheets"]:
        sheet["columns"] = [_Flow(column) for column in sheet["columns"]]
    return head + yaml.dump(body, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=120)


class _Flow(dict[str, Any]):
    """A mapping that is written on one line."""


class _Dumper(yaml.SafeDumper):
    pass


_Dumper.add_representer(
    _Flow, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=True)
)
