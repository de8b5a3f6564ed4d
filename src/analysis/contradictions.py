"""Where published figures contradict themselves: sums, percentages, parts, shares, repetitions, impossible values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from itertools import combinations
from typing import Literal

from pydantic import Field, model_validator

from analysis.declarations import Identifier, Text
from analysis.documents import Checked, Finding, Location
from analysis.hedges import Figure, Span, span_of

Kind = Literal["sum", "percentages", "part", "share", "twice", "value"]
EXPLAINED_APART: tuple[Kind, ...] = ("part", "share", "twice", "value")  # the others are explained with their group
NEVER_NEGATIVE = ("count", "share", "fte", "persons", "person_months", "months")
WHOLE_NUMBERS = ("count", "persons")
WHOLE = Span(Fraction(1), Fraction(1))  # of shares that have no other total


class Group(Checked):
    """Published figures that should add up to another published one; shares without a total add up to the whole."""

    id: Identifier
    label: Text
    total: Identifier | None = None
    parts: tuple[Identifier, ...] = Field(min_length=2)
    explanation: Text | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Return the figures of the group, the total first where it has one."""
        return (*((self.total,) if self.total else ()), *self.parts)


class Part(Checked):
    """A published figure that is a part of another one, and where `share` is given, the published share that it is."""

    part: Identifier
    whole: Identifier
    share: Identifier | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """Return the figures of the relation."""
        return (self.part, self.whole, *((self.share,) if self.share else ()))


class Explanation(Checked):
    """Why published figures that contradict each other, or one that is impossible in itself, are right all the same."""

    kind: Literal["part", "share", "twice", "value"]
    figures: tuple[Identifier, ...] = Field(min_length=1)
    text: Text

    @model_validator(mode="after")
    def _names_each_once(self) -> Explanation:
        if len(set(self.figures)) < len(self.figures):
            raise ValueError("each figure once")
        return self


@dataclass(frozen=True)
class Claims:
    """Every figure by its id, with all that should hold among them."""

    figures: Mapping[str, Figure]
    groups: Sequence[Group] = ()
    parts: Sequence[Part] = ()
    explanations: Sequence[Explanation] = ()


@dataclass(frozen=True)
class Contradiction:
    """What cannot hold at once: the figures concerned, what is found (of the first), and what the others expect.

    `found` and `expected` are in `unit`; they are days where the unit is `date`, and None for a hedge without a number.
    """

    kind: Kind
    figures: tuple[Figure, ...]
    unit: str
    found: Fraction | date | None
    expected: Fraction | date | None
    group: str | None = None
    explanation: Text | None = None

    @property
    def id(self) -> str:
        """Return a name that no other contradiction has: the kind, then the group or the figures."""
        if self.kind in ("sum", "percentages"):
            return f"{self.kind}.{self.group}"
        return ".".join((self.kind, *(figure.id for figure in self.figures)))


@dataclass(frozen=True)
class Addition:
    """A group added up: its total, the sum of its parts as they are published, and whether hedges let both agree."""

    unit: str
    total: Fraction
    sum: Fraction
    agrees: bool


def add_up(group: Group, figures: Mapping[str, Figure]) -> Addition:
    """Return what the parts of a group add up to; n parts rounded to a step may miss the total by n half steps."""
    parts = [figures[name] for name in group.parts]
    added = sum((span_of(part) for part in parts), start=Span(Fraction(0), Fraction(0)))
    expected = span_of(figures[group.total]) if group.total else WHOLE
    total = _number(figures[group.total]) if group.total else Fraction(1)
    return Addition(parts[0].unit, total, sum((_number(part) for part in parts), Fraction(0)), added.meets(expected))


def find_contradictions(claims: Claims) -> Iterator[Contradiction]:
    """Yield every contradiction among published figures, each with its explanation where one is declared.

    Each figure counts for all values that its hedge allows, so that no finding can be due to rounding.
    """
    for found in (
        *_wrong_sums(claims), *_larger_parts(claims), *_wrong_shares(claims),
        *_said_otherwise(claims.figures.values()), *_impossible(claims.figures.values()),
    ):  # fmt: skip
        apart = _explanation_of(found, claims.explanations)
        yield replace(found, explanation=apart.text) if apart else found


def declaration_faults(claims: Claims) -> Iterator[Finding]:
    """Yield the relations that cannot be checked, and the explanations that explain nothing."""
    checkable = replace(
        claims,
        groups=[group for group in claims.groups if not any(_not_addable(group, claims.figures, ()))],
        parts=[part for part in claims.parts if not any(_not_comparable(part, claims.figures, ()))],
    )
    for position, group in enumerate(claims.groups):
        yield from _not_addable(group, claims.figures, ("groups", position))
    for position, part in enumerate(claims.parts):
        yield from _not_comparable(part, claims.figures, ("parts", position))
        if part in claims.parts[:position]:
            yield Finding(("parts", position), "a relation that stands here twice", "each relation once")
    found = list(find_contradictions(replace(checkable, explanations=())))
    for position, group in enumerate(claims.groups):
        if group in checkable.groups and group.explanation and group.id not in {one.group for one in found}:
            where: Location = ("groups", position, "explanation")
            yield Finding(where, "an explanation", "none, for the published figures of this group agree")
    for position, explanation in enumerate(claims.explanations):
        yield from _idle(explanation, claims, position, found)


def _wrong_sums(claims: Claims) -> Iterator[Contradiction]:
    for group in claims.groups:
        added = add_up(group, claims.figures)
        if not added.agrees:
            kind: Kind = "percentages" if added.unit == "share" else "sum"
            figures = tuple(claims.figures[name] for name in group.names)
            yield Contradiction(kind, figures, added.unit, added.sum, added.total, group.id, group.explanation)


def _larger_parts(claims: Claims) -> Iterator[Contradiction]:
    """Yield the declared parts, and those of every group without negative parts, that are larger than their whole."""
    owners: dict[tuple[str, str], Group] = {}
    for group in claims.groups:
        if group.total and all(_number(claims.figures[name]) >= 0 for name in group.parts):
            owners = {(name, group.total): group for name in group.parts} | owners
    declared = [(one.part, one.whole) for one in claims.parts]
    for name, whole in dict.fromkeys((*owners, *declared)):
        owner, part, total = owners.get((name, whole)), claims.figures[name], claims.figures[whole]
        if span_of(part).exceeds(span_of(total)):
            yield Contradiction(
                "part", (part, total), part.unit, part.number, total.number,
                owner.id if owner else None, owner.explanation if owner else None,
            )  # fmt: skip


def _wrong_shares(claims: Claims) -> Iterator[Contradiction]:
    for declared in claims.parts:
        if declared.share is None:
            continue
        part, whole, share = (claims.figures[name] for name in declared.names)
        if not span_of(part).meets(span_of(whole) * span_of(share)):
            expected = _number(whole) * _number(share)
            yield Contradiction("share", (part, whole, share), part.unit, part.number, expected)


def _said_otherwise(figures: Iterable[Figure]) -> Iterator[Contradiction]:
    """Yield every two figures that state the same quantity, yet leave no value that both may stand for."""
    same: dict[tuple[str, bool], list[Figure]] = {}
    for figure in figures:
        same.setdefault((f"{figure.indicator} {figure.unit}", isinstance(figure.value, date)), []).append(figure)
    for one, other in (pair for stated in same.values() for pair in combinations(stated, 2)):
        if not span_of(one).meets(span_of(other)):
            yield Contradiction("twice", (one, other), one.unit, _amount(one), _amount(other))


def _impossible(figures: Iterable[Figure]) -> Iterator[Contradiction]:
    """Yield the figures that no quantity of their unit can be: negative, a share above one, a broken count."""
    for figure in figures:
        bound = None if figure.number is None else _nearest_possible(figure, figure.number)
        if bound is not None:
            yield Contradiction("value", (figure,), figure.unit, figure.number, bound)


def _nearest_possible(figure: Figure, value: Fraction) -> Fraction | None:
    """Return the value nearest to the published one that its unit can have, or None where its hedge allows one."""
    span = span_of(figure)
    if figure.unit in NEVER_NEGATIVE and Span(Fraction(0), Fraction(0)).exceeds(span):
        return Fraction(0)
    if figure.unit == "share" and span.exceeds(WHOLE):
        return Fraction(1)
    if figure.unit in WHOLE_NUMBERS and math.ceil(span.low) > math.floor(span.high):
        return Fraction(math.floor(value + Fraction(1, 2)))
    return None


def _explanation_of(found: Contradiction, explanations: Sequence[Explanation]) -> Explanation | None:
    named = {figure.id for figure in found.figures}
    return next((one for one in explanations if one.kind == found.kind and set(one.figures) == named), None)


def _idle(explanation: Explanation, claims: Claims, position: int, found: Sequence[Contradiction]) -> Iterator[Finding]:
    """Yield what an explanation names that is not there to be explained, or was explained before."""
    where: Location = ("explanations", position)
    unknown = [name for name in explanation.figures if name not in claims.figures]
    for name in unknown:
        key: Location = (*where, "figures", explanation.figures.index(name))
        yield Finding(key, repr(name), "the id of a figure in this file")
    said = f"an explanation of the kind {explanation.kind} for {', '.join(explanation.figures)}"
    if not unknown and not any(_explanation_of(one, [explanation]) for one in found):
        yield Finding(where, said, "none, for no contradiction of this kind is found among these figures")
    for earlier in claims.explanations[:position]:
        if (earlier.kind, set(earlier.figures)) == (explanation.kind, set(explanation.figures)):
            yield Finding(where, f"{said} again", "each contradiction explained once")


def _not_addable(group: Group, figures: Mapping[str, Figure], where: Location) -> Iterator[Finding]:
    """Yield every figure of a group that is unknown, repeated, without a number, or in another unit than the total."""
    first = figures.get(group.names[0])
    if group.total is None and first is not None and first.unit != "share":
        yield Finding(where, "no total", "a total, for only shares add up to a whole that is not published")
    before = 1 if group.total else 0
    for place, name in enumerate(group.names):
        key: Location = (*where, "parts", place - before) if place >= before else (*where, "total")
        figure = figures.get(name)
        if figure is None:
            yield Finding(key, repr(name), "the id of a figure in this file")
        elif name in group.names[:place]:
            yield Finding(key, f"{name!r} again", "each figure once")
        elif figure.number is None:
            yield Finding(key, f"{name!r}, which has no number", "a figure with a number")
        elif first is not None and first.unit != figure.unit:
            beside = "the total" if group.total else "the first part"
            yield Finding(key, f"{name!r} in {figure.unit}", f"a figure in {first.unit}, as {beside}")


def _not_comparable(part: Part, figures: Mapping[str, Figure], where: Location) -> Iterator[Finding]:
    """Yield every figure of a relation that is unknown, repeated, or cannot be set beside the others."""
    whole = figures.get(part.whole)
    for key, name in zip(("part", "whole", "share"), part.names, strict=False):
        figure, place = figures.get(name), (*where, key)
        if figure is None:
            yield Finding(place, repr(name), "the id of a figure in this file")
        elif part.names.count(name) > 1 and key != "part":
            yield Finding(place, f"{name!r} again", "each figure once")
        elif figure.unit == "date" or (part.share and figure.number is None):
            yield Finding(place, f"{name!r}, which has no number", "a figure with a number")
        elif key == "share" and figure.unit != "share":
            yield Finding(place, f"{name!r} in {figure.unit}", "a figure in share")
        elif key == "part" and whole is not None and figure.unit != whole.unit:
            yield Finding(place, f"{name!r} in {figure.unit}", f"a figure in {whole.unit}, as the whole")


def _number(figure: Figure) -> Fraction:
    return figure.number or Fraction(0)


def _amount(figure: Figure) -> Fraction | date | None:
    return figure.value if isinstance(figure.value, date) else figure.number
