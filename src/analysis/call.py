"""What a call declares of itself in `call.yml`, as one frozen and fully checked object."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from analysis.documents import Checked, Finding, read_document
from analysis.faults import Fault, InputError

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


class Call(Checked):
    """A whole call, as `call.yml` declares it."""

    id: Identifier
    title: Text
    organiser: Organiser
    reference: Reference
    categories: tuple[Named, ...] = Field(min_length=1)
    actor_kinds: tuple[Named, ...] = Field(min_length=1)
    partnerships: tuple[Named, ...] = Field(min_length=1)
    focuses: tuple[Named, ...] = Field(min_length=1)
    umbrella_fields: tuple[Named, ...] = ()
    funds: tuple[Named, ...] = ()
    survey_questions: tuple[Named, ...] = ()
    scoring: Scoring
    selection: Selection
    dates: Dates
    phases: tuple[Phase, ...] = ()
    paths: tuple[FollowUp, ...] = ()
    letter: Letter
    questions: tuple[Question, ...] = Field(min_length=1)
    statements: tuple[Statement, ...] = ()
    smallest_group: int = Field(default=5, ge=1)
    release: tuple[ReleaseRule, ...] = ()
    editions: tuple[Edition, ...] = Field(min_length=1)

    def ids(self, section: str) -> tuple[str, ...]:
        """Return the ids of a section such as `categories`, in the order of the file."""
        return tuple(item.id for item in getattr(self, section))

    def labels(self, section: str, language: Language) -> dict[str, str]:
        """Return the label in this language per id of a section."""
        return {item.id: item.label.in_language(language) for item in getattr(self, section)}

    @property
    def jurors(self) -> tuple[Rater, ...]:
        """Return the raters that sit on the jury."""
        return tuple(rater for rater in self.scoring.raters if rater.role == "juror")

    @classmethod
    def cross_check(cls, sections: dict[str, Any]) -> Iterator[Finding]:
        """Yield what contradicts between the sections of a call."""
        yield from _repeated_ids(sections)
        yield from _unknown_criteria(sections)
        yield from _unknown_groups(sections)
        yield from _impossible_numbers(sections)
        yield from _dates_out_of_order(sections)
        yield from _paths_without_end(sections)


GROUPED_BY = {
    "category": "categories",
    "partnership": "partnerships",
    "actor_kind": "actor_kinds",
    "focus": "focuses",
}
FIXED_GROUPS = {"reach": ("local", "regional"), "scale": ("city", "municipality")}


def read_call(folder: Path) -> Call:
    """Read `call.yml` of a call's folder; raise InputError naming every fault with its line and key."""
    call = read_document(folder / "call.yml", Call)
    if call.id != folder.name:
        place = f"{folder / 'call.yml'}, id"
        raise InputError([Fault(place, repr(call.id), f"the name of its folder, {folder.name!r}")])
    return call


def _lists_of_named(sections: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Iterable[Named]]]:
    for name, section in sections.items():
        if isinstance(section, tuple) and section and isinstance(section[0], Named):
            yield (name,), section
    for parent, names in {"scoring": ("criteria", "raters"), "selection": ("caps", "quotas")}.items():
        if parent in sections:
            for name in names:
                yield (parent, name), getattr(sections[parent], name)


def _repeated_ids(sections: dict[str, Any]) -> Iterator[Finding]:
    for where, items in _lists_of_named(sections):
        seen: set[str] = set()
        for position, item in enumerate(items):
            if item.id in seen:
                yield Finding((*where, position, "id"), repr(item.id), "an id that no other item has")
            seen.add(item.id)


def _unknown_criteria(sections: dict[str, Any]) -> Iterator[Finding]:
    scoring: Scoring | None = sections.get("scoring")
    known = [criterion.id for criterion in scoring.criteria] if scoring else []
    for position, rater in enumerate(scoring.raters if scoring else ()):
        for place, criterion in enumerate(rater.criteria):
            where = ("scoring", "raters", position, "criteria", place)
            if criterion not in known:
                yield Finding(where, repr(criterion), _one_of(known))
            elif criterion in rater.criteria[:place]:
                yield Finding(where, f"{criterion!r} again", "each criterion once")
    selection: Selection | None = sections.get("selection")
    if scoring and selection and selection.tie_rule.startswith("criterion:"):
        criterion = selection.tie_rule.removeprefix("criterion:")
        if criterion not in known:
            yield Finding(("selection", "tie_rule"), repr(selection.tie_rule), _one_of(known))


def _unknown_groups(sections: dict[str, Any]) -> Iterator[Finding]:
    selection: Selection | None = sections.get("selection")
    for position, quota in enumerate(selection.quotas if selection else ()):
        if quota.column == "province" or GROUPED_BY.get(quota.column, quota.column) not in {*sections, *FIXED_GROUPS}:
            continue  # provinces are known only with the reference file: ingest checks them
        known = FIXED_GROUPS.get(quota.column) or [item.id for item in sections[GROUPED_BY[quota.column]]]
        for place, group in enumerate(quota.groups):
            if group not in known:
                where = ("selection", "quotas", position, "groups", place)
                yield Finding(where, repr(group), _one_of(known))


def _impossible_numbers(sections: dict[str, Any]) -> Iterator[Finding]:
    selection: Selection | None = sections.get("selection")
    if selection is None:
        return
    if selection.choose > selection.shortlist:
        expected = f"at most the size of the shortlist ({selection.shortlist})"
        yield Finding(("selection", "choose"), str(selection.choose), expected)
    for position, quota in enumerate(selection.quotas):
        if (quota.minimum or 0) > selection.choose:
            where = ("selection", "quotas", position, "minimum")
            yield Finding(where, str(quota.minimum), f"at most the number to choose ({selection.choose})")


def _dates_out_of_order(sections: dict[str, Any]) -> Iterator[Finding]:
    dates: Dates | None = sections.get("dates")
    if dates is None:
        return
    steps: list[tuple[str, date]] = [("submission", dates.submission.start)]
    if dates.masterclasses:
        steps.append(("masterclasses", dates.masterclasses.start))
    steps += [("scoring", dates.scoring.start), ("announcement", dates.announcement.date)]
    for (earlier, before), (later, after) in pairwise(steps):
        if after < before:
            yield Finding(("dates", later), str(after), f"a day not before {earlier} ({before})")
    if dates.execution.end < dates.announcement.date:
        expected = f"an end not before the announcement ({dates.announcement.date})"
        yield Finding(("dates", "execution"), str(dates.execution.end), expected)


def _paths_without_end(sections: dict[str, Any]) -> Iterator[Finding]:
    rules = [path.rule for path in sections.get("paths", ())]
    if rules and rules.count("other") != 1:
        yield Finding(
            ("paths",), f"{rules.count('other')} paths with the rule other", "exactly one, for what fits no other"
        )


def _one_of(known: Iterable[str]) -> str:
    return "one of " + ", ".join(known)
