"""What a call declares of itself in `call.yml`, as one frozen and fully checked object."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from analysis.consistency import (
    dates_out_of_order,
    impossible_numbers,
    paths_without_end,
    repeated_ids,
    unknown_criteria,
    unknown_groups,
)
from analysis.declarations import (
    NO_SCORING,
    NO_SELECTION,
    CostSharing,
    Count,
    Dates,
    Edition,
    FollowUp,
    Identifier,
    Language,
    Letter,
    Named,
    Organiser,
    Phase,
    Question,
    Rater,
    Reference,
    ReleaseRule,
    Scoring,
    Selection,
    Statement,
    Text,
    Uncertainty,
)
from analysis.documents import Checked, Finding, read_document
from analysis.faults import Fault, InputError
from analysis.files import SHARED_REFERENCE


class Call(Checked):
    """A whole call, as `call.yml` declares it; of what was not delivered nothing needs to be declared."""

    id: Identifier
    title: Text
    organiser: Organiser
    reference: Reference | None = None
    categories: tuple[Named, ...] = Field(min_length=1)
    actor_kinds: tuple[Named, ...] = ()
    partnerships: tuple[Named, ...] = ()
    focuses: tuple[Named, ...] = ()
    umbrella_fields: tuple[Named, ...] = ()
    funds: tuple[Named, ...] = ()
    survey_questions: tuple[Named, ...] = ()
    survey_invited: Count | None = None
    scoring: Scoring = NO_SCORING
    selection: Selection = NO_SELECTION
    uncertainty: Uncertainty = Uncertainty()
    dates: Dates
    phases: tuple[Phase, ...] = ()
    paths: tuple[FollowUp, ...] = ()
    cost_sharing: CostSharing | None = None
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
    def reference_folder(self) -> str:
        """Return the name of the folder of the reference files, which calls may share."""
        return self.reference.folder if self.reference else SHARED_REFERENCE

    @property
    def jurors(self) -> tuple[Rater, ...]:
        """Return the raters that sit on the jury."""
        return tuple(rater for rater in self.scoring.raters if rater.role == "juror")

    @classmethod
    def cross_check(cls, sections: dict[str, Any]) -> Iterator[Finding]:
        """Yield what contradicts between the sections of a call."""
        yield from repeated_ids(sections)
        yield from unknown_criteria(sections)
        yield from unknown_groups(sections)
        yield from impossible_numbers(sections)
        yield from dates_out_of_order(sections)
        yield from paths_without_end(sections)


def read_call(folder: Path) -> Call:
    """Read `call.yml` of a call's folder; raise InputError naming every fault with its line and key."""
    call = read_document(folder / "call.yml", Call)
    if call.id != folder.name:
        place = f"{folder / 'call.yml'}, id"
        raise InputError([Fault(place, repr(call.id), f"the name of its folder, {folder.name!r}")])
    return call
