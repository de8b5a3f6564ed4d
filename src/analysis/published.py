"""What was published about a call (`published.yml`) and where its files come from (`SOURCES.yml`)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from analysis.declarations import Date, Identifier, Text
from analysis.documents import Checked, Finding, Location

Hedge = Literal["exact", "about", "almost", "rounded", "most", "several"]
Unit = Literal["count", "euro", "share", "fte", "persons", "person_months", "months", "points", "date"]
NEEDS_TOLERANCE = ("about", "almost", "rounded")


class Figure(Checked):
    """A published figure: its value and unit, where it stands, how it is hedged, and the indicator that computes it.

    `tolerance` is a share of the value for `about` and `almost`, and the rounding step in the unit for `rounded`.
    `derived` marks a figure that follows from published ones without being printed itself.
    """

    id: Identifier
    label: Text
    value: Annotated[float, Field(strict=True)] | Date | None
    unit: Unit
    source: str
    hedge: Hedge = "exact"
    tolerance: float | None = Field(default=None, gt=0)
    indicator: str
    derived: bool = False
    explanation: Text | None = None

    @model_validator(mode="after")
    def _hedge_is_whole(self) -> Figure:
        if (self.hedge in NEEDS_TOLERANCE) != (self.tolerance is not None):
            raise ValueError(f"a tolerance for the hedges {', '.join(NEEDS_TOLERANCE)} and for no other")
        if (self.value is None) != (self.hedge in ("most", "several")):
            raise ValueError("a value for every hedge but most and several, which have none")
        if isinstance(self.value, date) != (self.unit == "date" and self.value is not None):
            raise ValueError("a date for the unit date, a number for any other")
        return self


class Group(Checked):
    """Published figures that should add up to another published one."""

    id: Identifier
    label: Text
    total: Identifier
    parts: tuple[Identifier, ...] = Field(min_length=2)
    explanation: Text | None = None


def _not_addable(group: Group, figures: Mapping[str, Figure], where: Location) -> Iterator[Finding]:
    """Yield every figure of a group that is unknown, repeated, without a number, or in another unit than the total."""
    unit = figures[group.total].unit if group.total in figures else None
    names = (group.total, *group.parts)
    for place, name in enumerate(names):
        key: Location = (*where, "parts", place - 1) if place else (*where, "total")
        figure = figures.get(name)
        if figure is None:
            yield Finding(key, repr(name), "the id of a figure in this file")
        elif name in names[:place]:
            yield Finding(key, f"{name!r} again", "each figure once")
        elif not isinstance(figure.value, float):
            yield Finding(key, f"{name!r}, which has no number", "a figure with a number")
        elif unit not in (None, figure.unit):
            yield Finding(key, f"{name!r} in {figure.unit}", f"a figure in {unit}, as the total")


class Published(Checked):
    """Every published figure of a call, and the groups among them."""

    figures: tuple[Figure, ...] = Field(min_length=1)
    groups: tuple[Group, ...] = ()

    @classmethod
    def cross_check(cls, sections: dict[str, Any]) -> Iterator[Finding]:
        """Yield repeated ids, and groups that name a figure that is not there or that cannot be added up."""
        for name in ("figures", "groups"):
            seen: set[str] = set()
            for position, item in enumerate(sections.get(name, ())):
                if item.id in seen:
                    yield Finding((name, position, "id"), repr(item.id), f"an id that no other of the {name} has")
                seen.add(item.id)
        figures = {figure.id: figure for figure in sections.get("figures", ())}
        for position, group in enumerate(sections.get("groups", ()) if figures else ()):
            yield from _not_addable(group, figures, ("groups", position))


class SourceFile(Checked):
    """One delivered file: what it is, where it comes from, under which licence, and the hash it was delivered with."""

    origin: str
    licence: str
    date: Date
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Sources(Checked):
    """The files of a folder by name, and whether their records are synthetic, with the reason said to readers."""

    synthetic: bool
    notice: Text | None = None
    files: dict[str, SourceFile]

    @model_validator(mode="after")
    def _says_that_it_is_synthetic(self) -> Sources:
        if self.synthetic and self.notice is None:
            raise ValueError("a notice to the reader, for the records are synthetic")
        return self
