"""A published figure, how it is hedged, and the values that it may therefore stand for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Annotated, Literal

from pydantic import Field, model_validator

from analysis.declarations import Date, Identifier, Text
from analysis.documents import LARGEST_INTEGER, Checked

Hedge = Literal["exact", "about", "almost", "rounded", "most", "several"]
Unit = Literal["count", "euro", "share", "fte", "persons", "person_months", "months", "points", "ratio", "date"]
NEEDS_TOLERANCE = ("about", "almost", "rounded")
Bound = Fraction | float  # a fraction, or without end


class Figure(Checked):
    """A published figure: its value and unit, where it stands, how it is hedged, and the indicator that computes it.

    `tolerance` is a share of the value for `about` and `almost`, and the rounding step in the unit for `rounded`.
    `derived` marks a figure that follows from published ones without being printed itself. `explanation` says why it
    differs from the computed value.
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

    @property
    def number(self) -> Fraction | None:
        """Return the value exactly as it was published, or None where it is a day or has none."""
        return None if self.value is None or isinstance(self.value, date) else exactly(self.value)

    @model_validator(mode="after")
    def _hedge_is_whole(self) -> Figure:
        if (self.hedge in NEEDS_TOLERANCE) != (self.tolerance is not None):
            raise ValueError(f"a tolerance for the hedges {', '.join(NEEDS_TOLERANCE)} and for no other")
        if (self.value is None) != (self.hedge in ("most", "several")):
            raise ValueError("a value for every hedge but most and several, which have none")
        if isinstance(self.value, date) != (self.unit == "date" and self.value is not None):
            raise ValueError("a date for the unit date, a number for any other")
        if isinstance(self.value, float) and abs(self.value) > LARGEST_INTEGER:
            raise ValueError(f"a value of at most {LARGEST_INTEGER}")
        return self


@dataclass(frozen=True)
class Span:
    """The values from `low` to `high`, both included but where marked otherwise."""

    low: Bound
    high: Bound
    low_excluded: bool = False
    high_excluded: bool = False

    def __add__(self, other: Span) -> Span:
        """Return what two values may be together."""
        return Span(
            self.low + other.low,
            self.high + other.high,
            self.low_excluded or other.low_excluded,
            self.high_excluded or other.high_excluded,
        )

    def __mul__(self, other: Span) -> Span:
        """Return what the product of two values may be; ends that are excluded come in, which is never too strict."""
        corners = [one * two for one in (self.low, self.high) for two in (other.low, other.high)]
        return Span(min(corners), max(corners))

    def exceeds(self, other: Span) -> bool:
        """Return whether every value of this span is larger than every value of the other."""
        return self.low > other.high or (
            self.low == other.high and (self.low_excluded or other.high_excluded)
        )  # fmt: skip

    def meets(self, other: Span) -> bool:
        """Return whether both spans hold a common value."""
        return not self.exceeds(other) and not other.exceeds(self)

    def holds(self, value: float, slack: float = 0.0) -> bool:
        """Return whether a value lies in the span; `slack` widens the ends that are included."""
        above = value > self.low if self.low_excluded else value >= self.low - slack
        return above and (value < self.high if self.high_excluded else value <= self.high + slack)


def exactly(value: float) -> Fraction:
    """Return a number exactly as it is written in decimals: 0.7 is seven tenths and not the nearest binary number."""
    return Fraction(str(value))


def span_of(figure: Figure) -> Span:
    """Return the values that a figure may stand for; those of a day are the days since the first of our era."""
    if isinstance(figure.value, date):
        day = Fraction(figure.value.toordinal())
        return Span(day, day)
    return SPANS[figure.hedge](figure.number or Fraction(0), exactly(figure.tolerance or 0))


SPANS: Mapping[Hedge, Callable[[Fraction, Fraction], Span]] = {
    "exact": lambda value, _: Span(value, value),
    "about": lambda value, share: Span(value - share * abs(value), value + share * abs(value)),
    "almost": lambda value, share: Span(value - share * abs(value), value, high_excluded=True),
    "rounded": lambda value, step: Span(value - step / 2, value + step / 2),
    "most": lambda _, __: Span(Fraction(1, 2), math.inf, low_excluded=True),
    "several": lambda _, __: Span(Fraction(2), math.inf),
}
