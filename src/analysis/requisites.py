"""What a delivered table needs beside itself: sections of `call.yml`, dates, and columns of the proposals."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import pandas as pd

from analysis.call import Call
from analysis.contracts import Contract
from analysis.declarations import GROUPED_BY
from analysis.faults import Fault

# Sections of call.yml without which no row of a table can be read, and what they have to say.
SECTIONS: Mapping[str, Mapping[str, str]] = {
    "actors": {"reference": "the municipalities that can take part", "actor_kinds": "the kinds of actors"},
    "involvement": {"reference": "the municipalities that can take part"},
    "joining": {"reference": "the municipalities that can take part"},
    "scores": {"scoring": "the scale, the criteria and the raters"},
    "budget": {"phases": "the phases", "funds": "the sources of funds"},
    "staffing": {"phases": "the phases"},
    "survey": {"survey_questions": "the questions"},
    "follow_up_choice": {"paths": "the paths"},
}
GROUPS: Mapping[str, str] = {**GROUPED_BY, "umbrella": "umbrella_fields"}  # section of call.yml by column of proposals


PLACED = ("actor_kind", "province", "scale")  # what a proposal can be grouped by through its lead actor


def is_readable(call: Call, table: str) -> bool:
    """Return whether the call declares all that the rows of a delivered table refer to."""
    return all(is_declared(call, section) for section in SECTIONS.get(table, ()))


def is_declared(call: Call, section: str) -> bool:
    """Return whether the call declares a section, such as `scoring` or `paths`."""
    found = getattr(call, section)
    return bool(getattr(found, "declared", found))


def find_undeclared(call: Call, tables: Iterable[str], place: str) -> Iterator[Fault]:
    """Yield the sections that these delivered tables need and the call does not declare; `place` is its file."""
    wanting: dict[str, list[str]] = {}
    for table in tables:
        for section in SECTIONS.get(table, ()):
            if not is_declared(call, section):
                wanting.setdefault(section, []).append(table)
    for section, files in wanting.items():
        names = " and ".join(f"{name}.csv" for name in files)
        yield Fault(
            f"{place}, {section}", "no such section", f"{SECTIONS[files[0]][section]}, for {names} was delivered"
        )


def find_dateless(call: Call, decided: bool, place: str) -> Iterator[Fault]:
    """Yield the dates that a choice needs and the call does not declare; `decided` is whether one was delivered."""
    chosen, dates = call.selection, call.dates
    if dates.announcement is None and (decided or chosen.declared):
        reason = "decision.csv was delivered" if decided else "a selection is declared"
        yield Fault(f"{place}, dates.announcement", "no such key", f"the day of the announcement, for {reason}")
    by_month = any(cap.per == "month" for cap in chosen.caps)
    if dates.execution is None and (chosen.starts or by_month):
        reason = "starts may be moved" if chosen.starts else "a cap holds for each month"
        yield Fault(f"{place}, dates.execution", "no such key", f"the period of the execution, for {reason}")


def find_unknown_groups(table: pd.DataFrame, contract: Contract, place: str) -> Iterator[Fault]:
    """Yield the columns of the proposals that hold groups of which the call declares none; cells are texts."""
    for name, column in contract.columns.items():
        if name in GROUPS and name in table and not set(column.allowed or ()) - {"none"}:
            used = sorted(set(table[name].dropna()) - {"none"})
            if used:
                expected = f"no such column, or the section {GROUPS[name]} in call.yml"
                yield Fault(f"{place}, column {name}", ", ".join(map(repr, used)), expected)


def find_groundless(call: Call, tables: Mapping[str, pd.DataFrame], place: str) -> Iterator[Fault]:
    """Yield the quotas on a column of which nothing is known; without scores no quota is applied."""
    proposals, scores, actors = (tables.get(name) for name in ("proposals", "scores", "actors"))
    if proposals is None or actors is None or scores is None or scores.empty:
        return  # a table at fault itself is not looked at
    for position, quota in enumerate(call.selection.quotas):
        if quota.column in PLACED and actors.empty:
            yield Fault(
                f"{place}, selection.quotas.{position}.column", repr(quota.column), "actors.csv, which tells it"
            )
        elif quota.column not in PLACED and proposals[quota.column].isna().all():
            expected = f"a column {quota.column} in proposals.csv, which tells it"
            yield Fault(f"{place}, selection.quotas.{position}.column", repr(quota.column), expected)


def find_leaderless(proposals: pd.DataFrame, place: str) -> Iterator[Fault]:
    """Yield that the proposals name no lead actor, where the table of actors was delivered."""
    if proposals["actor"].isna().any():
        yield Fault(place, "no column 'actor'", "the lead actor of each proposal, for actors.csv was delivered")
