"""What a call may declare, section by section of `call.yml`: the format of each and the checks within it."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from analysis.documents import Checked

Language = Literal["nl", "en"]
Audience = Literal["public", "applicant", "internal"]
Topic = Literal["scaling_up", "basis", "money", "staff", "not_selected", "evaluation"]
PhaseId = Literal["call", "pilots"]
Maturity = Literal["idea", "plan", "prototype"]
MATURITIES: tuple[Maturity, ...] = ("idea", "plan", "prototype")

Identifier = Annotated[str, Field(pattern=r"^[a-z0-9]+(?:[-_][a-z0-9]+)*$")]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]


def _is_written_as_day(value: object) -> object:
    """Refuse what pydantic would take for seconds since 1970."""
    if isinstance(value, date) or (isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value)):
        return value
    raise ValueError("a day as YYYY-MM-DD")


Date = Annotated[date, BeforeValidator(_is_written_as_day)]


class Text(Checked):
    """A text in the languages of the call; at least one is given."""

    nl: str | None = Field(default=None, min_length=1)
    en: str | None = Field(default=None, min_length=1)

    def in_language(self, language: Language) -> str:
        """Return the text in this language, or in the other one where it was not translated."""
        return (self.nl or self.en if language == "nl" else self.en or self.nl) or ""

    @model_validator(mode="after")
    def _is_given(self) -> Text:
        if self.nl is None and self.en is None:
            raise ValueError("a text in at least one language (nl, en)")
        return self


class Named(Checked):
    """Something that the tables refer to by its id and that readers know by its label."""

    id: Identifier
    label: Text


class Period(Checked):
    """A span of days, both ends included, with where it is known from."""

    start: Date
    end: Date
    source: str

    @model_validator(mode="after")
    def _ends_after_start(self) -> Period:
        if self.end < self.start:
            raise ValueError(f"an end that is not before the start ({self.start})")
        return self


class Day(Checked):
    """One day, with where it is known from."""

    date: Date
    source: str


class Dates(Checked):
    """The dates of a call in their order; the announcement ends the embargo on the chosen projects."""

    submission: Period
    masterclasses: Period | None = None
    scoring: Period
    announcement: Day
    execution: Period
    next_call: Text | None = None


class Organiser(Checked):
    """Who runs the call, what it succeeded, and whom it paid to help."""

    name: str
    description: Text
    predecessors: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()


class Reference(Checked):
    """Files below data/raw/reference: the municipalities that can take part, and the outline of the map."""

    municipalities: str
    outline: str | None = None
    region: Text
    city_from_population: Count


class Criterion(Named):
    """A criterion that proposals are scored on, with its weight in a rater's individual score."""

    weight: Positive = 1.0


class Rater(Named):
    """A rater: a juror or the organiser itself, the criteria that it judges, and its weight in the total."""

    role: Literal["juror", "organiser"]
    criteria: tuple[Identifier, ...] = Field(min_length=1)
    weight: Positive = 1.0


class Scale(Checked):
    """The scale of a score, both ends included; higher is better."""

    low: float
    high: float

    @model_validator(mode="after")
    def _has_length(self) -> Scale:
        if self.high <= self.low:
            raise ValueError(f"a high end above the low end ({self.low})")
        return self


class Scoring(Checked):
    """How proposals are scored."""

    scale: Scale
    criteria: tuple[Criterion, ...] = Field(min_length=1)
    raters: tuple[Rater, ...] = Field(min_length=1)


class Cap(Named):
    """The most that the chosen proposals may ask for together."""

    column: Literal["requested_euro", "requested_staff_months"]
    maximum: Positive
    source: str


QuotaColumn = Literal["category", "partnership", "actor_kind", "reach", "focus", "province", "scale"]


class Quota(Named):
    """The least or the most proposals of some groups among the chosen."""

    column: QuotaColumn
    groups: tuple[str, ...] = Field(min_length=1)
    minimum: int | None = Field(default=None, ge=0)
    maximum: int | None = Field(default=None, ge=0)
    source: str

    @model_validator(mode="after")
    def _bounds(self) -> Quota:
        if self.minimum is None and self.maximum is None:
            raise ValueError("a minimum, a maximum or both")
        if self.minimum is not None and self.maximum is not None and self.maximum < self.minimum:
            raise ValueError(f"a maximum of at least the minimum ({self.minimum})")
        return self


class Selection(Checked):
    """How many are shortlisted and chosen, under which caps and quotas, and how a tie is handled."""

    shortlist: Count
    choose: Count
    tie_rule: str = Field(pattern=r"^(report|median|lottery|criterion:[a-z0-9_-]+)$")
    seed: int = 0
    caps: tuple[Cap, ...] = ()
    quotas: tuple[Quota, ...] = ()


class Phase(Named):
    """A phase that costs money and staff: its whole euro, its average full-time equivalents, and its capacity.

    `capacity` is the most staff, in full-time equivalents, that can be at work in any month; unknown where not given.
    """

    id: PhaseId
    period: Period
    euro: int = Field(ge=0)
    fte: float = Field(ge=0)
    capacity: float | None = Field(default=None, gt=0)


class FollowUp(Named):
    """A path for proposals that were not chosen, and the rule that leads to it.

    `umbrella`: another field's organisation suits the idea better; `similar`: a chosen proposal has the same category
    and focus; `immature`: it did not become a prototype; `other`: none of these.
    """

    description: Text
    rule: Literal["umbrella", "similar", "immature", "other"]


class Question(Checked):
    """One of the questions asked, and the topic of the answer to it."""

    topic: Topic
    text: Text


class Statement(Checked):
    """Something the organiser says that no table shows, with its source; numbers in it come from indicators."""

    topic: Topic
    source: str
    text: Text


class Letter(Checked):
    """The head of the document: who asks, who answers, and number and date where given."""

    number: str | None = None
    asked_on: Date | None = None
    asked_by: Text | None = None
    answered_by: Text | None = None
    subject: Text
    introduction: Text


class Edition(Checked):
    """One rendering of the answer: for whom, as of which day, in which language."""

    as_of: Date
    audience: Audience = "public"
    language: Language = "nl"

    @property
    def name(self) -> str:
        """Return the name of the edition's folder."""
        return f"{self.as_of.isoformat()}-{self.audience}-{self.language}"

    @classmethod
    def parse(cls, name: str) -> Edition:
        """Return the edition of a folder's name; raise ValueError where it names none."""
        as_of, audience, language = name.rsplit("-", 2)
        return cls.model_validate({"as_of": as_of, "audience": audience, "language": language})


class ReleaseRule(Checked):
    """What an audience may see of a processed table: these columns, from this day on; what has no rule is withheld."""

    table: str
    audience: Audience
    columns: tuple[str, ...] | Literal["all"] = "all"
    start: Date | Literal["announcement"] | None = None


GROUPED_BY = {
    "category": "categories",
    "partnership": "partnerships",
    "actor_kind": "actor_kinds",
    "focus": "focuses",
}
FIXED_GROUPS = {"reach": ("local", "regional"), "scale": ("city", "municipality")}
