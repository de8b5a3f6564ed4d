"""How wide the columns of a table are on paper, and how large its type, from the lengths of its texts."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from bs4.element import Tag

from analysis.publish.vocabulary import cells, classes, inside, line, pieces, tags

PAGE_WIDTH = 453.0  # points between the margins of document.typ
PADDING = 10.0  # points left and right of a cell together
LETTER = 0.58  # em; a generous mean, because bold headers and capitals are wider than running text
SIZES = (9.5, 8.5, 7.5)  # points, largest first
HEAD_LINES = 3  # a head over a narrow column of figures takes no more lines
LONGEST = 40  # letters; a piece that is longer still runs into the margin of its column
WORD = 16  # letters; a longer word is hyphenated in the narrowest text column
COMFORT = 26  # letters a text column should show on a line before the type gets smaller
WIDEST = 120  # letters beyond which a text column gets no wider share
SHORT_ROW = 25  # lines; a longer row may have to break across pages
SHORT_TABLE = 14  # lines; a table of no more stays on one page


@dataclass(frozen=True)
class ColumnLayout:
    """How a table is set: per column its relative width and whether it holds figures (set to the right).

    The size of type is in points; a table, or else its rows, is kept on one page if it is short enough.
    """

    widths: list[float]
    numeric: list[bool]
    size: float
    keeps_rows: bool
    keeps_together: bool


@dataclass(frozen=True)
class _Column:
    head: str
    body: tuple[str, ...]
    words: tuple[str, ...]
    numeric: bool

    @cached_property
    def natural(self) -> int:
        """Letters with which no text in the column is broken."""
        return max(map(len, (self.head, *self.body)))

    @cached_property
    def least(self) -> int:
        """Letters below which a figure, or a word of ordinary length, would be broken."""
        heads = self.head.split()
        if self.numeric:
            return max(math.ceil(len(self.head) / HEAD_LINES), *map(len, (*heads, *self.body)))
        # Only a word of letters can be hyphenated; an identifier or a code takes the width that it needs.
        whole = [min(len(word), WORD) if word.isalpha() else len(word) for word in self.words]
        return min(max([*whole, *map(len, heads)], default=1), LONGEST)

    @cached_property
    def comfortable(self) -> int:
        """Letters with which the column reads well."""
        return self.least if self.numeric else max(self.least, min(self.natural, COMFORT))

    @cached_property
    def appetite(self) -> float:
        """Letters above the least that the column can use, between its mean text and its longest."""
        if self.numeric:
            return 0.0
        lengths = [len(text) for text in self.body] or [len(self.head)]
        return max(0.0, min(WIDEST, (max(lengths) + sum(lengths) / len(lengths)) / 2) - self.least)


def column_layout(table: Tag) -> ColumnLayout:
    """Return the layout of a table whose rows all have as many cells; columns of class `num` hold figures."""
    columns = _columns(table)
    comfortable = [column.comfortable for column in columns]
    size = next((size for size in SIZES if sum(_points(comfortable, size)) <= PAGE_WIDTH), SIZES[-1])
    widths = _widths(columns, size)
    rows = _row_lines(columns, widths, size)
    return ColumnLayout(
        widths=widths,
        numeric=[column.numeric for column in columns],
        size=size,
        keeps_rows=max(rows, default=1) <= SHORT_ROW,
        keeps_together=sum(rows) + _caption_lines(table) <= SHORT_TABLE,
    )


def _caption_lines(table: Tag) -> int:
    return sum(math.floor(len(line(caption)) * LETTER * SIZES[0] / PAGE_WIDTH) for caption in tags(table, "caption"))


def _columns(table: Tag) -> list[_Column]:
    head = [line(cell) for cell in tags(table, "th") if inside(cell, "thead") and _in_first_row(cell)]
    rows = [cells(row) for row in tags(table, "tr") if inside(row, "tbody")]
    columns = list(zip(*rows, strict=True)) or [()] * len(head)
    return [
        _Column(
            head=name,
            body=tuple(line(cell) for cell in column),
            words=tuple(piece for cell in column for piece in pieces(cell)),
            numeric=bool(column) and all("num" in classes(cell) for cell in column),
        )
        for name, column in zip(head, columns, strict=True)
    ]


def _in_first_row(cell: Tag) -> bool:
    return any(cells(row.parent)[0] is row for row in cell.parents if row.name == "tr" and row.parent)


def _widths(columns: list[_Column], size: float) -> list[float]:
    """Return a width per column: what its texts need, else the least and a share of what is left."""
    natural = _points([column.natural for column in columns], size)
    if sum(natural) <= PAGE_WIDTH:
        return natural
    least = _points([column.least for column in columns], size)
    appetites = [column.appetite for column in columns]
    share = max(0.0, PAGE_WIDTH - sum(least)) / (sum(appetites) or 1)
    return [width + share * appetite for width, appetite in zip(least, appetites, strict=True)]


def _points(letters: list[int], size: float) -> list[float]:
    return [count * LETTER * size + PADDING for count in letters]


def _row_lines(columns: list[_Column], widths: list[float], size: float) -> list[int]:
    """Return how many lines each body row takes, as an estimate on the high side."""
    room = [max(1.0, (width - PADDING) / (LETTER * size)) for width in widths]
    rows = zip(*(column.body for column in columns), strict=True)
    return [max(math.ceil(len(text) / fit) for text, fit in zip(row, room, strict=True)) for row in rows]
