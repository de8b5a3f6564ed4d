"""What an audience may see on a day; everything after this module sees nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pandas as pd

from analysis.call import Call
from analysis.declarations import Audience, ReleaseRule

# An audience sees what is released to it and to every audience before it in this order.
AUDIENCES: tuple[Audience, ...] = ("public", "applicant", "internal")
ZONE = ZoneInfo("Europe/Brussels")


def today() -> date:
    """Return the current day where the calls are made public."""
    return datetime.now(ZONE).date()


def is_announced(call: Call, as_of: date) -> bool:
    """Return whether the chosen proposals are public on this day; the day of the announcement counts."""
    return as_of >= call.dates.announcement.date


def applies(rule: ReleaseRule, call: Call, audience: Audience, as_of: date) -> bool:
    """Return whether a rule lets this audience see something on this day."""
    if AUDIENCES.index(rule.audience) > AUDIENCES.index(audience):
        return False
    start = call.dates.announcement.date if rule.start == "announcement" else rule.start
    return start is None or as_of >= start


def release_tables(
    tables: Mapping[str, pd.DataFrame], call: Call, audience: Audience, as_of: date
) -> dict[str, pd.DataFrame]:
    """Return the tables that this audience may see on this day, with the columns that the call's rules allow.

    A table or column without a rule that applies is withheld.
    """
    released = {}
    for name, table in tables.items():
        rules = [rule for rule in call.release if rule.table == name and applies(rule, call, audience, as_of)]
        allowed = {column for rule in rules for column in (table if rule.columns == "all" else rule.columns)}
        columns = [column for column in table if column in allowed]
        if columns:
            released[name] = table[columns].copy()
    return released
