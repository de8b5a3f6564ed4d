"""What a call may declare, section by section of `call.yml`: the format of each and the checks within it."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from analysis.documents import Checked
from analysis.files import SHARED_REFERENCE

Language = Literal["nl", "en"]
Audience = Literal["public", "applicant", "internal"]
Topic = Literal["scaling_up", "basis", "money", "staff", "not_selected", "evaluation"]
PhaseId = Literal["call", "pilots"]
Maturity = Literal["idea", "plan", "prototype"]
MATURITIES: tuple[Maturity, ...] = ("idea", "plan", "prototype")
ANSWERS = (1, 2, 3, 4, 5)  # to a survey question, from disagree to agree
AGREEING = (4, 5)
# An audience sees what is released to it and to every audience before it in this order.
AUDIENCES: tuple[Audience, ...] = ("public", "applicant", "internal")
MERGED = "_merged"  # the group that stands for several too small to show; no id of a call starts with this sign

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
    """The dates of a call in their order; the announcement ends the embargo on the chosen projects.

    Where nothing is scored, chosen or carried out yet, nothing needs to be said of when.
    """

    submission: Period
    masterclasses: Period | None = None
    scoring: Period | None = None
    announcement: Day | None = None
    execution: Period | None = None
    survey: Period | None = None
    next_call: Text | None = None


class Organiser(Checked):
    """Who runs the call, what it succeeded, and whom it paid to help."""

    name: str
    description: Text
    predecessors: tuple[str, ...] = ()
    partners: tuple[str, ...] = ()


class Reference(Checked):
    """The municipalities that can take part and the outline of the map: files of a folder below data/raw.

    Calls share the folder `reference`; a call about other places names the folder that it brings.
    """

    folder: Identifier = SHARED_REFERENCE
    municipalities: str
    outline: str | None = None
    region: Text
    city_from_population: Count


class Criterion(Named):
    """A criterion that proposals are scored on, with its weight in a rater's individual score."""

    weight: Positive = 1.0


class Rater(Named):
    """A rater: a juror or the organiser itself, the criteria that it judges, and its weight in the total.

    Where a jury sits in panels, `panel` is the rater's; one without a panel scores in all of them. `conflicts` are the
    proposals in which the rater declared an interest, and which it may not score.
    """

    role: Literal["juror", "organiser"]
    criteria: tuple[Identifier, ...] = Field(min_length=1)
    weight: Positive = 1.0
    panel: Identifier | None = None
    conflicts: tuple[str, ...] = ()


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
    panel_labels: dict[Identifier, Text] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_panels_that_sit(self) -> Scoring:
        if unknown := sorted(set(self.panel_labels) - {rater.panel for rater in self.raters if rater.panel}):
            raise ValueError(f"labels of panels that a rater sits in, not {', '.join(unknown)}")
        return self

    @property
    def declared(self) -> bool:
        """Return whether the call says how proposals are scored; see `NO_SCORING`."""
        return bool(self.raters)

    @property
    def criterion_weights(self) -> dict[str, float]:
        """Return the weight of each criterion in an individual score."""
        return {criterion.id: criterion.weight for criterion in self.criteria}

    @property
    def rater_weights(self) -> dict[str, float]:
        """Return the weight of each rater in the total."""
        return {rater.id: rater.weight for rater in self.raters}

    @property
    def organiser(self) -> Rater | None:
        """Return the organiser as a rater, or None where none or several score for it."""
        found = [rater for rater in self.raters if rater.role == "organiser"]
        return found[0] if len(found) == 1 else None

    @property
    def panels(self) -> dict[str, str | None]:
        """Return the panel of each rater."""
        return {rater.id: rater.panel for rater in self.raters}


NO_SCORING = Scoring.model_construct(scale=Scale.model_construct(low=0.0, high=0.0), criteria=(), raters=())


class Uncertainty(Checked):
    """How many draws the answer to "how sure is the order" rests on.

    `draws` are those of the expected ranks, per chain; `weights` those of other weights and of other raters; `choices`
    is for how many of these the choice is computed too.
    """

    draws: Annotated[int, Field(ge=400, le=1_000_000)] = 10_000
    weights: Annotated[int, Field(ge=100, le=1_000_000)] = 10_000
    choices: Annotated[int, Field(ge=1, le=100_000)] = 400


class Cap(Named):
    """The most that the chosen proposals may ask for together, in all or in any month of the execution.

    What a proposal asks for is spread evenly over the days of its execution.
    """

    column: Literal["requested_euro", "requested_staff_months"]
    maximum: Positive
    per: Literal["total", "month"] = "total"
    source: str

    @property
    def asked(self) -> tuple[str, ...]:
        """Return the columns that a proposal must state for the cap to be counted."""
        return (self.column, "start", "months") if self.per == "month" else (self.column,)


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


class Starts(Checked):
    """The window within which the choice may move the first day of an execution, to the first of a month."""

    earliest: Date
    latest: Date

    @model_validator(mode="after")
    def _is_a_window(self) -> Starts:
        if self.latest < self.earliest:
            raise ValueError(f"a latest start that is not before the earliest ({self.earliest})")
        return self


class Selection(Checked):
    """How many are shortlisted and chosen, by which ranking, under which caps and quotas, and how a tie is handled.

    `lottery` draws the places that the expected ranks leave open among the group at the line, with the seed.
    `starts` makes the first days movable; `alternatives` is how many of the best choices are listed.
    """

    shortlist: Count
    choose: Count
    ranked_by: Literal["totals", "expected_ranks"] = "totals"
    tie_rule: str = Field(pattern=r"^(report|median|lottery|criterion:[a-z0-9_-]+)$")
    seed: Annotated[int, Field(ge=0)] = 0
    lottery: bool = False
    starts: Starts | None = None
    alternatives: Annotated[int, Field(ge=1, le=100)] = 10
    caps: tuple[Cap, ...] = ()
    quotas: tuple[Quota, ...] = ()

    @property
    def declared(self) -> bool:
        """Return whether the call says how many are shortlisted and chosen; see `NO_SELECTION`."""
        return self.choose > 0


NO_SELECTION = Selection.model_construct(shortlist=0, choose=0, tie_rule="report")


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

    `umbrella`: another field's organisation suits the idea better; `similar`: it has a place in the group around a
    chosen proposal that it is like; `immature`: it did not become a prototype; `other`: none of these. A group has
    from `fewest` to `most` members, each at least `floor` like its pilot on a scale of 0 to 1.
    """

    description: Text
    rule: Literal["umbrella", "similar", "immature", "other"]
    floor: float | None = Field(default=None, ge=0, le=1)
    fewest: int | None = Field(default=None, ge=1)
    most: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _forms_groups_where_similar(self) -> FollowUp:
        given = [value is not None for value in (self.floor, self.fewest, self.most)]
        if self.rule == "similar" and not all(given):
            raise ValueError("a floor, fewest and most, for the rule similar forms groups")
        if self.rule != "similar" and any(given):
            raise ValueError("no floor, fewest or most, for only the rule similar forms groups")
        if self.fewest is not None and self.most is not None and self.most < self.fewest:
            raise ValueError(f"most of at least fewest ({self.fewest})")
        return self


PartModel = Literal["equal", "per_head", "banded"]
PART_MODELS: tuple[PartModel, ...] = ("equal", "per_head", "banded")


class Band(Checked):
    """The municipalities from a population on, up to the next band, and how many parts of the cost each pays."""

    from_population: int = Field(ge=0)
    parts: Positive


class CostSharing(Checked):
    """How the yearly cost of a service is split over the municipalities that join it.

    `equal`: the same for each; `per_head`: by population; `banded`: by the parts of the band of its population;
    `mixed`: a share of the cost by each model that `mix` names. From what a municipality would pay a year at most, or
    from a fixed price (euro), follows how many must join.
    """

    model: Literal[PartModel, "mixed"]
    bands: tuple[Band, ...] = ()
    mix: dict[PartModel, Annotated[float, Field(gt=0, lt=1)]] = Field(default_factory=dict)
    most_per_municipality: Count | None = None
    price: Count | None = None
    source: str

    @property
    def shares(self) -> dict[PartModel, float]:
        """Return the share of the cost that each model splits."""
        return dict(self.mix) if self.model == "mixed" else {self.model: 1.0}

    @model_validator(mode="after")
    def _is_whole(self) -> CostSharing:
        if (self.model == "mixed") != bool(self.mix):
            raise ValueError("a mix where the model is mixed, and nowhere else")
        if self.mix and sum(Decimal(str(share)) for share in self.mix.values()) != 1:
            raise ValueError("a mix of shares that are 1 together")
        if ("banded" in self.shares) != bool(self.bands):
            raise ValueError("bands where a part of the cost is banded, and nowhere else")
        limits = [band.from_population for band in self.bands]
        if limits and (limits[0] != 0 or limits != sorted(set(limits))):
            raise ValueError("bands from population 0 on, each from a larger population than the one before")
        if self.price is not None and self.most_per_municipality is not None:
            raise ValueError("a fixed price or the most per municipality, not both")
        return self


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


def _read_columns(value: object) -> object:
    """Refuse what names no column, in one sentence for both forms that are allowed."""
    listed = isinstance(value, list | tuple) and value and all(isinstance(name, str) for name in value)
    if listed or value == "all":
        return value
    raise ValueError("all, or a list of one or more columns")


def _read_start(value: object) -> object:
    """Return the day that is written, or what stands for it; raise ValueError in one sentence for both forms."""
    if value is None or value == "announcement":
        return value
    try:
        if not isinstance(value, datetime):  # a moment has a zone, said or not, and may fall on another day
            day = _is_written_as_day(value)
            return day if isinstance(day, date) else date.fromisoformat(str(day))
    except ValueError:
        pass
    raise ValueError("announcement, or a day as YYYY-MM-DD")


class ReleaseRule(Checked):
    """What an audience may see of a processed table: these columns, from this day on; what has no rule is withheld.

    Where the table holds counts of groups, no count below `smallest_cell` is shown (see `coarsening`). On the table
    `indicators` it holds for the counts of groups whose own table is not released to the audience.

    Where `own`, it holds for the rows of the reader's own proposal only, on the sheet for its applicant.
    """

    table: str
    audience: Audience
    columns: Annotated[tuple[str, ...] | Literal["all"], BeforeValidator(_read_columns)] = "all"
    start: Annotated[date | Literal["announcement"] | None, BeforeValidator(_read_start)] = None
    smallest_cell: Annotated[int, Field(ge=2)] | None = None
    own: bool = False


GROUPED_BY = {
    "category": "categories",
    "partnership": "partnerships",
    "actor_kind": "actor_kinds",
    "focus": "focuses",
}
LINE_GROUPS = ("accepted", "lottery", "rejected")
STATISTICS = ("icc1", "icck", "icc3", "alpha")
SCOPES = ("all", "shortlist")
VARIED = ("weights", "raters")
CONDITIONS = ("success", "support", "wider_need")  # for a pilot to be scaled up
SCALING = ("approved", "lacking", "open")
OBSTACLES = ("one_proposal", "one_rater", "no_overlap", "all_equal", "too_many", "not_converged")
FIXED_GROUPS = {"reach": ("local", "regional"), "scale": ("city", "municipality")}
