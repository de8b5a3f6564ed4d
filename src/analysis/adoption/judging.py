"""Which kind of table a sheet holds, judged by its headings, its cells and its name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import get_args

from analysis.adoption.layout import Layout, find_layout
from analysis.adoption.matching import judge_kind, liken, match_fields, named_like
from analysis.adoption.places import Gazetteer
from analysis.adoption.scoresheets import ScoreColumn, find_score_columns, share_over_sheets, turn_around
from analysis.adoption.sheets import Sheet, written
from analysis.adoption.vocabulary import FIELDS, Kind

SCORE = "score"


@dataclass
class Table:
    """A table in a sheet, the kind that it suits best, and the field that each of its columns fills.

    `unsure` holds how much a heading is like a known one, of 100, where it is none; `rater` or `criterion` is told by
    the name of the sheet.
    """

    layout: Layout
    kind: Kind
    fields: dict[int, str]
    scores: list[ScoreColumn] = field(default_factory=list)
    unsure: dict[int, float] = field(default_factory=dict)
    rater: str | None = None
    criterion: str | None = None

    @property
    def name(self) -> str:
        """Return the name of its sheet."""
        return self.layout.sheet.name


def judge(sheet: Sheet, gazetteer: Gazetteer) -> Table | None:
    """Return what a sheet seems to hold: the kind that its headings and its name suit best."""
    layout = find_layout(sheet)
    if layout is None or not layout.rows:
        return None
    best: tuple[float, Table] | None = None
    for kind in get_args(Kind):
        found = _with_titles(match_fields(kind, layout, gazetteer), kind, layout)
        weight = judge_kind(kind, found, sheet.name)
        fields = {column: name for column, (name, _) in found.items()}
        columns = find_score_columns(layout, fields, kind) if kind in ("scores", "ideas") else []
        if kind == "scores" and columns and "proposal" in fields.values() and "score" not in fields.values():
            weight = 2 + 0.5 * min(len(columns), 3) + named_like("scores", sheet.name)
        elif kind == "scores" and weight == 0 and _is_single_score(layout, fields):
            columns = [ScoreColumn(next(column for column, name in fields.items() if name == SCORE))]
            fields = {column: name for column, name in fields.items() if name != SCORE}
            weight = 2 + named_like("scores", sheet.name)
        if weight and (best is None or weight > best[0]):
            unsure = {column: score for column, (_, score) in found.items() if score < 100}
            best = (weight, Table(layout, kind, fields, columns, unsure))
    return best[1] if best else None


def _is_single_score(layout: Layout, fields: Mapping[int, str]) -> bool:
    return {"proposal", SCORE} <= set(fields.values()) and len(layout.headings) <= 4


def _with_titles(found: dict[int, tuple[str, float]], kind: Kind, layout: Layout) -> dict[int, tuple[str, float]]:
    """Take a title for the proposal that a row is about where no number stands, and a wordy number for a title."""
    names = {name for name, _ in found.values()}
    if kind == "ideas" and "proposal" in names and "title" not in names:
        (column,) = (column for column, (name, _) in found.items() if name == "proposal")
        wordy = [" " in written(value) for value in layout.cells(column) if value is not None]
        if sum(wordy) > 0.5 * len(wordy):
            return {**found, column: ("title", 70.0)}
    if kind not in ("ideas", "actors", "budget", "staffing", "survey") and "proposal" not in names:
        words = FIELDS["ideas"]["title"].words
        likened = [
            (liken(heading, words), column) for column, heading in layout.headings.items() if column not in found
        ]
        if likened and max(likened)[0]:
            return {**found, max(likened)[1]: ("proposal", 70.0)}
    return found


def share_scores(tables: Sequence[Table]) -> None:
    """Let the name of a sheet tell the rater or the criterion where several sheets have the same columns of scores."""
    alike: dict[tuple[str, ...], list[Table]] = defaultdict(list)
    for table in tables:
        if table.kind == "scores" and table.scores and "rater" not in table.fields.values():
            alike[tuple(sorted(table.layout.headings[one.column] for one in table.scores))].append(table)
    for group in alike.values():
        role = share_over_sheets(group[0].scores, [table.name for table in group])
        for table in group if role else ():
            if role == "criterion":
                table.criterion = table.name
            else:
                table.rater = table.name
                table.scores = turn_around(table.scores) if any(one.rater for one in table.scores) else table.scores
