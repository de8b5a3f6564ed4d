"""Wide tables of scores: whose column it is, on which criterion, where headings and names of sheets tell it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.adoption.layout import Layout
from analysis.adoption.matching import is_numeric, liken, named_like
from analysis.adoption.vocabulary import CRITERION_WORDS, FIELDS, RATER_WORDS, TOTALS, plain

PARTED = re.compile(r"\s+[-–:|]\s+|\s*[:|/]\s*|_")


@dataclass(frozen=True)
class ScoreColumn:
    """A column of scores: whose they are and on what, as it is written; None where the heading does not tell."""

    column: int
    rater: str | None = None
    criterion: str | None = None


def find_score_columns(layout: Layout, fields: Mapping[int, str], kind: str) -> list[ScoreColumn]:
    """Return the columns of a table that hold scores; none where nothing but their being numbers says so.

    `fields` are the columns already known to hold something else.
    """
    names = {
        column: heading
        for column, heading in layout.headings.items()
        if column not in fields and not is_total(heading) and is_numeric(layout.cells(column))
    }
    pairs = {column: _part(heading) for column, heading in names.items()}
    told = any(_is_rater(part) or _is_criterion(part) for pair in pairs.values() for part in pair)
    if kind == "ideas":
        names = {column: name for column, name in names.items() if any(_is_rater(part) for part in pairs[column])}
    elif not told and not named_like("scores", layout.sheet.name):
        return []
    if len(names) > 1 and all(len(pairs[column]) == 2 for column in names):
        return _crossed({column: (pairs[column][0], pairs[column][1]) for column in names})
    if any(_is_rater(name) for name in names.values()):
        return [ScoreColumn(column, rater=name) for column, name in names.items()]
    if "rater" in fields.values() or any(_is_criterion(name) for name in names.values()):
        return [ScoreColumn(column, criterion=name) for column, name in names.items()]
    if [liken(name, FIELDS["scores"]["score"].words) >= 100 for name in names.values()] == [True]:
        return [ScoreColumn(column) for column in names]
    return [ScoreColumn(column, rater=name) for column, name in names.items()]


def is_total(heading: str) -> bool:
    """Return whether a column holds totals, averages or places in an order."""
    return any(TOTALS.fullmatch(" ".join(plain(part).split())) is not None for part in heading.split(" / "))


def share_over_sheets(columns: Sequence[ScoreColumn], names: Sequence[str]) -> str | None:
    """Return what the name of each of several sheets with the same columns stands for: rater or criterion."""
    if len(names) < 2 or any(one.rater and one.criterion for one in columns):
        return None
    if all(one.rater for one in columns):
        return "rater" if not any(_is_criterion(name) for name in names) and _any_rater(names) else "criterion"
    return "rater"


def turn_around(columns: Sequence[ScoreColumn]) -> list[ScoreColumn]:
    """Return columns whose headings were taken for raters as ones of criteria."""
    return [ScoreColumn(one.column, criterion=one.rater) for one in columns]


def _any_rater(names: Sequence[str]) -> bool:
    return any(_is_rater(name) for name in names)


def _part(heading: str) -> list[str]:
    parts = heading.split(" / ")
    return parts if len(parts) == 2 else [part for part in PARTED.split(heading, maxsplit=1) if part]


def _crossed(pairs: Mapping[int, tuple[str, str]]) -> list[ScoreColumn]:
    firsts, seconds = {one for one, _ in pairs.values()}, {two for _, two in pairs.values()}
    rated = sum(_is_rater(name) for name in firsts) / len(firsts) - sum(_is_rater(name) for name in seconds) / len(
        seconds
    )
    judged = sum(_is_criterion(n) for n in seconds) / len(seconds) - sum(_is_criterion(n) for n in firsts) / len(firsts)
    forward = rated + judged >= 0
    return [ScoreColumn(column, *((a, b) if forward else (b, a))) for column, (a, b) in pairs.items()]


def _is_rater(name: str) -> bool:
    words = [word.rstrip("0123456789") for word in plain(name).split()]
    return any(word in RATER_WORDS for word in words)


def _is_criterion(name: str) -> bool:
    return any(word in CRITERION_WORDS for word in plain(name).split())
