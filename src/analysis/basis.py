"""What all explorations of a call share: its tables as an audience may know them, prepared once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

import pandas as pd

from analysis.call import Call
from analysis.clock import today
from analysis.declarations import Audience, Language, Text
from analysis.release import number_jurors, release_tables
from analysis.scenarios import Scenario, official
from analysis.store import Store
from analysis.wording import LOCALES, Wording, read_texts

# What is needed to rank and to choose again; the maker of a missing one is said by the store.
NEEDED = (
    "municipalities",
    "actors",
    "proposals",
    "involvement",
    "scores",
    "decision",
    "profiles",
    "individual_scores",
    "totals",
    "expected_ranks",
    "selection",
    "chosen",
    "constraint_prices",
)
SHOWN = ("chosen", "constraint_prices", "municipality_reach", "totals", "chosen_groups")  # to who may not rank again
DESCRIBED = ("proposal", "title", "actor", "municipality", "category", "kind", "province", "scale")
MOST_KNOWN = 512  # results that are kept: enough to go back and forth
Result = TypeVar("Result")


@dataclass(frozen=True)
class Basis:
    """Everything that explorations share: the call and its tables as the audience may know them.

    `described` has a row per proposal that may be known by name (columns DESCRIBED), `limits` says in words what cannot
    be explored, and `can_rank` whether there are scores to rank again with. For other audiences than the internal one
    nothing is held but released tables, and raters have numbers for ids.
    """

    call: Call
    audience: Audience
    as_of: date | None
    language: Language
    tables: Mapping[str, pd.DataFrame]
    described: pd.DataFrame
    can_rank: bool
    limits: tuple[str, ...] = ()
    known: dict[tuple[Any, ...], Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def official(self) -> Scenario:
        """Return the official scenario."""
        return official(self.call)

    @property
    def reference(self) -> str:
        """Return what choices are compared with: `published` where the call declares a decision, else `computed`."""
        decision = self.tables.get("decision")
        return "published" if decision is not None and len(decision) else "computed"

    @cached_property
    def official_chosen(self) -> tuple[str, ...]:
        """Return the proposals of the official choice that may be known, in order of id."""
        chosen = self.tables.get("chosen")
        return tuple(sorted(chosen["proposal"])) if chosen is not None and "proposal" in chosen else ()

    @property
    def words(self) -> Wording:
        """Return what renders sentences in the language of the basis."""
        return Wording(self.language, self.call)

    def say(self, key: str, **context: Any) -> str:
        """Return a sentence of `texts/<language>/whatif.yml`."""
        return self.words.plain(f"whatif.{key}", **context)

    def recall(self, key: tuple[Any, ...], make: Callable[[], Result]) -> Result:
        """Return what was made for a key before, or make it now."""
        if key not in self.known:
            if len(self.known) >= MOST_KNOWN:
                self.known.clear()
            self.known[key] = make()
        found: Result = self.known[key]
        return found


def prepare(
    store: Store, audience: Audience = "internal", as_of: date | None = None, language: Language = "nl"
) -> Basis:
    """Return the basis of all explorations of a call, as this audience may see it on this day (today where none).

    Raises InputError with the command that makes it where a table is missing.
    """
    day = as_of or today()
    if audience == "internal":
        return assemble(store.call, {name: store.read_table(name) for name in NEEDED}, day, language)
    return _assemble_released(store, audience, day, language)


def assemble(
    call: Call, tables: Mapping[str, pd.DataFrame], as_of: date | None = None, language: Language = "nl"
) -> Basis:
    """Return the basis for the house itself from the tables NEEDED; without `involvement` there is no map."""
    described = _describe(tables)
    limits = () if len(tables["scores"]) else ("no_scores",)
    basis = Basis(call, "internal", as_of, language, dict(tables), described, not limits)
    return _with_limits(basis, limits)


def _assemble_released(store: Store, audience: Audience, as_of: date, language: Language) -> Basis:
    """Return a basis of released tables alone; the counts of all tables decide which cells are too small to show."""
    present = [name for name in store.contracts if store.table_path(name).is_file()]
    for name in NEEDED:
        if name not in present:
            store.read_table(name)  # which says the command that makes it
    tables = {name: store.read_table(name) for name in present}
    released = release_tables(tables, store.call, audience, as_of)
    shown = {name: released[name] for name in SHOWN if name in released}
    described = _describe_released(shown.get("chosen"))
    basis = Basis(_hide_raters(store.call, audience), audience, as_of, language, shown, described, False)
    limits = ["released", "scores", *([] if len(described) else ["chosen"])]
    return _with_limits(basis, [*limits, *(["filters"] if "municipality_reach" in shown else [])])


def _with_limits(basis: Basis, keys: Iterable[str]) -> Basis:
    return replace(basis, limits=tuple(basis.say(f"limits.{key}") for key in keys))


def _hide_raters(call: Call, audience: Audience) -> Call:
    """Return the call with numbers for the ids of the raters, which may be names, and without their conflicts."""
    noun = Text(**{language: read_texts(language)["labels"]["juror"] for language in LOCALES})
    numbered = number_jurors(call, audience, noun)
    raters = [
        rater.model_copy(update={"id": f"rater-{number}", "conflicts": ()})
        for number, rater in enumerate(numbered.scoring.raters, start=1)
    ]
    return numbered.model_copy(update={"scoring": numbered.scoring.model_copy(update={"raters": tuple(raters)})})


def _describe(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return what is shown of every proposal beside its score, in order of id."""
    places = tables["municipalities"][["nis", "name"]].rename(columns={"name": "municipality"})
    leads = tables["actors"][["actor", "name", "nis"]].rename(columns={"actor": "lead", "name": "actor"})
    named = tables["proposals"][["proposal", "title", "actor"]].rename(columns={"actor": "lead"})
    groups = tables["profiles"][["proposal", "category", "actor_kind", "province", "scale"]]
    known = leads.merge(places, on="nis", how="left")
    merged = named.merge(known, on="lead", how="left").merge(groups.rename(columns={"actor_kind": "kind"}))
    return merged[list(DESCRIBED)].sort_values("proposal", ignore_index=True)


def _describe_released(chosen: pd.DataFrame | None) -> pd.DataFrame:
    """Return what is released of the chosen proposals, which alone are ever known by name outside the house."""
    if chosen is None or "proposal" not in chosen:
        return pd.DataFrame(columns=list(DESCRIBED), dtype="object")
    return chosen.reindex(columns=list(DESCRIBED)).sort_values("proposal", ignore_index=True)
