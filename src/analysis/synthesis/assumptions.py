"""What is assumed about a call so that synthetic tables can be drawn for it: `reconstruction.yml` and the ideas."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cached_property
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from analysis.declarations import FIXED_GROUPS, Count, Identifier, PhaseId, Positive, Text
from analysis.documents import Checked

Reach = Literal["local", "regional"]
Place = Literal["city", "municipality"]
Lead = tuple[str, str, str]  # kind of actor, partnership, reach
IdPattern = Annotated[str, Field(pattern=r"^[^#]*#+[^#]*$")]
Share = Annotated[float, Field(ge=0, le=1)]
ASSUMPTIONS = "reconstruction.yml"


class Idea(Checked):
    """A title and summary, and the proposals that they suit; what is left out is free."""

    title: str
    summary: str
    umbrella: str
    partnerships: tuple[Identifier, ...] = Field(min_length=1)
    focuses: tuple[Identifier, ...] = Field(min_length=1)
    reach: Reach | None = None
    scale: Place | None = None
    leads: tuple[Identifier, ...] = ()


class Ideas(Checked):
    """The ideas of every category."""

    ideas: dict[Identifier, tuple[Idea, ...]] = Field(min_length=1)


class Targets(Checked):
    """How many proposals, lead actors and municipalities there are."""

    proposals: Count
    actors: Count
    municipalities: Count


class Composition(Checked):
    """What the chosen proposals are together, and how instructive the choice must be.

    `kept_out` is the number of proposals whose score would do and that a cap or quota keeps out; `priced` the least
    number of caps and quotas without which the choice would be another.
    """

    counts: dict[Literal["partnership", "reach", "focus"], dict[str, int]]
    cross_sector: int = Field(ge=0)
    euro: Count
    staff_months: Positive
    starts: Count
    kept_out: int = Field(ge=0)
    priced: int = Field(ge=0)
    attempts: Count


class Bounds(Checked):
    """The least and the most of an amount, and the step that it comes in."""

    low: Positive
    high: Positive
    step: Positive

    @model_validator(mode="after")
    def _is_in_order(self) -> Bounds:
        if self.high < self.low:
            raise ValueError(f"a high end of at least the low end ({self.low})")
        return self

    def keep(self, amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the amounts in whole steps and within the bounds."""
        return np.clip(self.count(np.round(amounts / self.step)), self.low, self.high)

    def count(self, steps: NDArray[Any]) -> NDArray[np.float64]:
        """Return the amounts of so many steps, without the noise of floating-point products."""
        return np.round(np.asarray(steps * self.step, dtype="float64"), 6)


class Amount(Bounds):
    """A positive amount, log-normal around its median."""

    median: Positive
    spread: Positive


class Between(Checked):
    """A whole number, each from low to high equally likely."""

    low: int = Field(ge=0)
    high: int = Field(ge=0)

    @model_validator(mode="after")
    def _is_in_order(self) -> Between:
        if self.high < self.low:
            raise ValueError(f"a high end of at least the low end ({self.low})")
        return self


class Maturities(Checked):
    """The shares of proposals that are a plan at the intake, and a prototype or a plan at the end.

    `noise`, in points, is what else than its quality decides how far a proposal gets.
    """

    plan_at_intake: Share
    prototype_at_end: Share
    plan_at_end: Share
    noise: float = Field(ge=0)


class Intake(Checked):
    """How proposals are distributed; weights need not sum to one."""

    proposal_id: IdPattern
    repeated_title: str
    categories: dict[Identifier, Positive]
    partnerships: dict[Identifier, Positive]
    leads: dict[Identifier, dict[Identifier, Positive]]
    regional: Share
    regional_neighbours: Between
    cross_sector: Share
    euro: Amount
    euro_per_staff_month: Amount
    staff_months: Bounds
    months: Between
    mean_delay: Positive
    maturity: Maturities


class ActorRule(Checked):
    """The names and places of the lead actors of one kind, for proposals of this partnership and reach if given."""

    kind: Identifier
    partnership: Identifier | None = None
    reach: Reach | None = None
    city: Share
    population_from: int = 0
    population_to: int | None = None
    names: tuple[str, ...] = Field(min_length=1)

    def suits(self, kind: str, partnership: str, reach: str) -> bool:
        """Say whether the rule holds for the lead actor of such a proposal."""
        return kind == self.kind and self.partnership in (None, partnership) and self.reach in (None, reach)


class Actors(Checked):
    """How lead actors are named and placed; the first rule that suits a proposal holds for it."""

    actor_id: IdPattern
    population_exponent: float
    rules: tuple[ActorRule, ...] = Field(min_length=1)


class Scores(Checked):
    """How scores arise, in points; `conflicts` is the share of proposals that one juror may not score."""

    mean: float
    criteria: dict[Identifier, float]
    quality: Positive
    proposal_by_criterion: Positive
    severity: Positive
    use_of_scale: Share
    taste: Positive
    noise: Positive
    conflicts: Share


class Masterclasses(Checked):
    """Attendance per session, and interim tests that rise from the first session to the last, in points."""

    attendance: tuple[Share, ...] = Field(min_length=1)
    test_mean: float
    gain: float
    quality: float
    noise: Positive


class Fund(Checked):
    """A fund's share of the cost of a phase, and its budget lines with their weights."""

    share: Share
    lines: dict[str, Positive] = Field(min_length=1)


class Effort(Checked):
    """The employees on a phase: how much of full time, and which shares start after the phase or stop before it."""

    persons: Count
    late: Share
    early: Share
    percent: Between
    percent_step: Count


class PhaseCost(Checked):
    """What a phase costs and who works on it; the totals are those of the call."""

    euro_step: Count
    funds: dict[Identifier, Fund] = Field(min_length=1)
    staff: Effort


class Survey(Checked):
    """The survey: respondents as a share of proposals, mean answers, and how much better the chosen answer."""

    respondents: Share
    respondent_id: IdPattern
    means: dict[Identifier, float]
    spread: Positive
    chosen: float
    chosen_weight: Positive
    unanswered: Share


class Notices(Checked):
    """What readers are told: of the tables that keep to all published figures, and of any other number of proposals."""

    published: Text
    other: Text


class Reconstruction(Checked):
    """All that is assumed about a call."""

    seed: int = Field(ge=0)
    date: date
    licence: str
    origin: str
    notices: Notices
    targets: Targets
    chosen: Composition
    intake: Intake
    actors: Actors
    scores: Scores
    masterclasses: Masterclasses
    employee_id: IdPattern
    phases: dict[PhaseId, PhaseCost]
    survey: Survey

    @cached_property
    def first_rules(self) -> dict[Lead, int | None]:
        """Return the first rule for each kind of lead actor, partnership and reach, by position; None without one."""
        rules, leads = self.actors.rules, self.intake.leads.items()
        wanted = [(kind, name, reach) for name, kinds in leads for kind in kinds for reach in FIXED_GROUPS["reach"]]
        return {lead: next((n for n, rule in enumerate(rules) if rule.suits(*lead)), None) for lead in wanted}

    def rules_of(self, leads: Iterable[Lead]) -> list[int]:
        """Return the position of the rule that names each of these lead actors; there is one, as was checked."""
        return [rule for rule in map(self.first_rules.get, leads) if rule is not None]


def suitable_leads(idea: Idea, partnership: str, assumed: Reconstruction) -> dict[str, float]:
    """Return the kinds of actor that can lead this idea in this partnership, with their weights."""
    weights = assumed.intake.leads.get(partnership, {}) if partnership in idea.partnerships else {}
    return {kind: weight for kind, weight in weights.items() if not idea.leads or kind in idea.leads}
