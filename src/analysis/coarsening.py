"""Counts so small that they give a project away, made coarser: merged with other groups, or shown as a class.

A reader is taken to know the table as released, the totals that its counts add up to, the smallest cell, and this code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.contracts import Cells
from analysis.declarations import MERGED

Counts = NDArray[np.int64]
Mask = NDArray[np.bool_]


def find_small(counts: Counts, smallest: int) -> Mask:
    """Return which counts are too small to show.

    No proposals at all give none away. A smallest cell of two hides only the count of one, which would be known from
    being hidden: there no proposals are hidden too.
    """
    return (counts < smallest) & ((counts > 0) | (smallest == 2))


def choose_merged(counts: Counts, smallest: int) -> Mask:
    """Return which groups of a partition are merged so that no small count can be worked out from the total.

    Where a group is small, all below `smallest` are merged, those without any included, for a reader who sees which
    those are knows that the others have some. The next larger groups, and all that tie with them, follow until the sum
    is at least `smallest` and leaves open how it is divided: not all with one each, nor all with the most that is
    small.
    """
    merged = (counts < smallest) & find_small(counts, smallest).any()
    while merged.any() and not _is_open(counts[merged], smallest) and not merged.all():
        merged |= counts == counts[~merged].min()
    return merged


def _is_open(counts: Counts, smallest: int) -> bool:
    """Return whether groups that are shown by their sum alone may be divided in more than one way."""
    alike = (counts == 1).all() or (counts == smallest - 1).all()
    return len(counts) > 1 and int(counts.sum()) >= smallest and not alike


def choose_crossed(counts: Counts, smallest: int) -> Mask:
    """Return which cells of a table of two dimensions (rows by columns) are merged, of which all margins are known.

    Where a cell is small, all below `smallest` are merged, in every row until the sum is at least that. As rows and
    columns together may still fix a cell, the smallest one beside it follows, until none is fixed.
    """
    merged = (counts < smallest) & find_small(counts, smallest).any()
    while True:
        for row in range(len(counts)):
            merged[row] = _fill_up(counts[row], merged[row], smallest)
        fixed = [cell for cell in _cells(merged & find_small(counts, smallest)) if is_fixed(counts, merged, *cell)]
        beside = [cell for row, column in fixed for cell in _beside(counts, merged, row, column)]
        if not beside:
            return merged
        merged[min(beside, key=lambda cell: counts[cell])] = True


def _fill_up(counts: Counts, merged: Mask, smallest: int) -> Mask:
    """Return the merged cells of a row with the next larger ones, until they are several and add up to enough."""
    filled = merged.copy()
    while filled.any() and not filled.all() and (filled.sum() < 2 or counts[filled].sum() < smallest):
        filled[np.argmin(np.where(filled, counts.max() + 1, counts))] = True
    return filled


def _cells(mask: Mask) -> Iterator[tuple[int, int]]:
    yield from ((int(row), int(column)) for row, column in np.argwhere(mask))


def _beside(counts: Counts, merged: Mask, row: int, column: int) -> Iterator[tuple[int, int]]:
    """Yield the cells with proposals in the same row or column that are not merged yet."""
    aligned = np.zeros(merged.shape, dtype=bool)
    aligned[row] = aligned[:, column] = True
    yield from _cells(aligned & ~merged & (counts > 0))


def is_fixed(counts: Counts, merged: Mask, row: int, column: int) -> bool:
    """Return whether the margins leave a merged cell no other count than its own.

    A cell can change by one only along a closed path of merged cells that gain and lose one in turn, row by column;
    one that loses must have something to lose.
    """
    loses = merged & (counts > 0)
    gain = _leads_back(loses, merged, row, column)
    loss = loses[row, column] and _leads_back(merged, loses, row, column)
    return not (gain or loss)


def _leads_back(along: Mask, across: Mask, row: int, column: int) -> bool:
    """Return whether a change of a cell can be made up for, along its row first and within its column last.

    `along` are the cells that may change against it, `across` those that may change as it does.
    """
    seen, waiting = {row}, [row]
    while waiting:
        own = waiting.pop()
        for other in np.flatnonzero(along[own]):
            if other != column:
                following = {int(place) for place in np.flatnonzero(across[:, other])} - seen
                seen |= following
                waiting += following
            elif own != row:
                return True
    return False


def find_merged(table: pd.DataFrame, cells: Cells, smallest: int) -> pd.Series:
    """Return which rows of a table of counts are merged; none where its groups overlap."""
    merged = pd.Series(False, index=table.index)
    if cells.overlapping or table.empty:
        return merged
    if cells.crossed:
        return _find_crossed(table, cells, smallest)
    for rows in _partitions(table, cells):
        merged[rows.index] = choose_merged(rows[cells.counted].to_numpy("int64"), smallest)
    return merged


def _partitions(table: pd.DataFrame, cells: Cells) -> Iterator[pd.DataFrame]:
    if not cells.within:
        yield table
        return
    yield from (rows for _, rows in table.groupby(list(cells.within), sort=False))


def _find_crossed(table: pd.DataFrame, cells: Cells, smallest: int) -> pd.Series:
    wide = table.pivot(index=list(cells.within), columns=cells.group, values=cells.counted).fillna(0).astype("int64")
    merged = pd.DataFrame(choose_crossed(wide.to_numpy("int64"), smallest), index=wide.index, columns=wide.columns)
    places = zip(table[cells.within[0]], table[cells.group], strict=True)
    return pd.Series([bool(merged.at[place]) for place in places], index=table.index)


def merge_rows(table: pd.DataFrame, cells: Cells, merged: pd.Series, smallest: int) -> pd.DataFrame:
    """Return the table with the merged rows of every partition as one, the last; too small a one is left out.

    `merged` is what `find_merged` returned. Sums are kept, what cannot be added up is missing.
    """
    parts = []
    for rows in _partitions(table, cells):
        small = rows[merged[rows.index]]
        parts.append(rows[~merged[rows.index]])
        if len(small) > 1 and small[cells.counted].sum() >= smallest:
            parts.append(_add_up(small, cells))
    return pd.concat(parts, ignore_index=True).astype(table.dtypes) if parts else table


def _add_up(rows: pd.DataFrame, cells: Cells) -> pd.DataFrame:
    kept: dict[str, Any] = {name: rows[name].iloc[0] for name in cells.within}
    kept |= {cells.group: MERGED, **{name: rows[name].sum(min_count=1) for name in (cells.counted, *cells.sums)}}
    kept |= {name: kept[over] / kept[under] for name, (over, under) in cells.quotients.items() if kept[under]}
    return pd.DataFrame([kept]).reindex(columns=rows.columns)


def leave_out(table: pd.DataFrame, cells: Cells, smallest: int) -> pd.DataFrame:
    """Return a table of overlapping groups with each small count left out, and below what it stays beside it."""
    small = find_small(table[cells.counted].to_numpy("int64"), smallest)
    told = {name: table[name].mask(small) for name in (cells.counted, *cells.sums)}
    limit = pd.Series(smallest, index=table.index, dtype="Int64").where(small)
    return table.assign(**told, **{cells.limit: limit}).drop(columns=list(cells.unsafe))
