"""A plot of two rankings side by side: by total, and by expected rank."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures import (
    CONTRAST,
    INK,
    MAIN,
    QUIET,
    RULE,
    Figure,
    draw_picture,
    finish,
    place_legend,
    refuse_empty,
    say,
)
from analysis.plots.labels import keep_within, measure_names, number_ranks, write_names
from analysis.wording import Wording

MOST_NAMES = 12  # on either side of the line
STEP = 0.02  # of the width of the picture; between a point and the names beside it, at least
PLACES: Mapping[str, Mapping[str, Any]] = {  # from the best places of both rankings to those of none
    "both": {"marker": "o", "color": MAIN, "markerfacecolor": MAIN},
    "total_only": {"marker": "v", "color": INK, "markerfacecolor": "white"},
    "expected_only": {"marker": "^", "color": INK, "markerfacecolor": CONTRAST},
    "neither": {"marker": "o", "color": QUIET, "markerfacecolor": "white"},
}


def ranks_compared(totals: pd.DataFrame, expected_ranks: pd.DataFrame, wording: Wording) -> Figure:
    """Return every proposal's rank by total (across) and expected rank (down), with a line below the shortlist in both.

    Proposals that only one of the two rankings would shortlist have a marker of their own and their name. The tables
    follow the contracts of these names. A tie at the line counts as no difference between the rankings.
    """
    points = totals.merge(expected_ranks[["proposal", "er"]], on="proposal").rename(columns={"rank": "x", "er": "y"})
    refuse_empty(points, "totals and expected_ranks")
    size = int(points["shortlisted"].sum())
    points = points.assign(place=_sort_places(points, size))
    with draw_picture(5.2) as picture:
        axes = picture.subplots()
        axes.plot([1, len(points)], [1, len(points)], color=RULE, linewidth=0.8, zorder=0)
        _draw_points(axes, points, wording)
        if 0 < size < len(points):
            axes.axvline(size + 0.5, color=INK, linewidth=0.8, linestyle="--", zorder=0)
            axes.axhline(
                points["y"].nsmallest(size + 1)[-2:].mean(), color=INK, linewidth=0.8, linestyle="--", zorder=0
            )
        axes.set(xlim=(0, len(points) + 1), ylim=(len(points) + 1, 0))
        number_ranks(axes.xaxis, len(points), wording)
        number_ranks(axes.yaxis, len(points), wording)
        axes.set_xlabel(say(wording, "ranks_compared.rank"))
        axes.set_ylabel(say(wording, "ranks_compared.expected"))
        place_legend(picture, "outside upper left", axes.get_legend_handles_labels()[0])
        picture.draw_without_rendering()  # settles the layout, on which it depends what fits
        unnamed = _name_moved(axes, points)
        return finish(
            picture,
            "ranks_compared",
            wording,
            ["totals", "expected_ranks"],
            unnamed=unnamed,
            **_comparison_facts(points, size),
        )


def _sort_places(points: pd.DataFrame, size: int) -> pd.Series:
    """Return per proposal which of the rankings gives it one of the best places, one of the keys of PLACES."""
    by_total = _find_best(points["total"], size, points["shortlisted"].astype(bool))
    by_expected = _find_best(-points["y"], size, by_total)
    place = pd.Series("neither", index=points.index)
    place = place.mask(by_total, "total_only").mask(by_expected, "expected_only")
    return place.mask(by_total & by_expected, "both")


def _find_best(merit: pd.Series, size: int, settled: pd.Series) -> pd.Series:
    """Return whether each is among the best by merit, as many as `size`; those tied at the line as in `settled`."""
    if not 0 < size < len(merit):
        return pd.Series(size > 0, index=merit.index)
    last, following = merit.nlargest(size + 1).iloc[-2:]
    return (merit > last) | (merit == last) & (settled | (last > following))


def _draw_points(axes: Axes, points: pd.DataFrame, wording: Wording) -> None:
    size = float(np.clip(50 / np.sqrt(len(points)), 1.8, 5))
    for place, marker in PLACES.items():
        rows = points[points["place"] == place]
        if not rows.empty:
            large = size if marker["marker"] == "o" else size + 2
            label = say(wording, f"ranks_compared.{place}")
            axes.plot(rows["x"], rows["y"], linestyle="", label=label, markersize=large, markeredgewidth=large / 6,
                      zorder=3 if large > size else 2, **marker)  # fmt: skip


def _name_moved(axes: Axes, points: pd.DataFrame) -> int:
    """Name what only one of the rankings places best, beside it and clear of the other points; return how many are not.

    The corner right above the crossing of the lines and the one left below it are empty but for these.
    """
    unnamed = 0
    for place, below in (("expected_only", False), ("total_only", True)):
        rows = points[points["place"] == place]
        if not rows.empty:
            width, height = _measure(axes, rows["proposal"])
            columns = list(_list_columns(points, rows, width, height, below))
            needed = height * min(len(rows), MOST_NAMES)
            roomy = [column for column in columns if column[2] - column[1] >= needed]
            best = roomy[0] if roomy else max(columns, key=lambda column: column[2] - column[1], default=None)
            unnamed += len(rows) if best is None else _write_column(axes, rows, width, height, best)
    return unnamed


def _list_columns(
    points: pd.DataFrame, rows: pd.DataFrame, width: float, height: float, below: bool
) -> Iterator[tuple[float, float, float]]:
    """Yield the left end of every column that names can stand in, the nearest first, and between what it is empty."""
    end = len(points) + 1
    step = STEP * end
    right = np.arange(rows["x"].max() + step, end - width, step)
    left = np.arange(rows["x"].min() - step - width, 0, -step)
    for start in (*left, *right) if below else (*right, *left):
        near = points.loc[points["x"].between(start - step, start + width + step), "y"]
        yield (
            (start, max(near, default=0) + height / 2, end)
            if below
            else (start, 0, min(near, default=end) - height / 2)
        )


def _measure(axes: Axes, names: Iterable[str]) -> tuple[float, float]:
    """Return the room that a name takes, in ranks."""
    width, height = measure_names(axes, names)
    box = axes.get_window_extent()
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    return width / box.width * abs(right - left), height / box.height * abs(high - low)


def _write_column(
    axes: Axes, rows: pd.DataFrame, width: float, height: float, column: tuple[float, float, float]
) -> int:
    """Write the names one below the other in a column; return how many do not fit, those that moved least."""
    start, top, bottom = column
    fitting = min(int((bottom - top) / height), MOST_NAMES)
    if fitting < 1:
        return len(rows)
    kept = rows.loc[(rows["x"] - rows["y"]).abs().nlargest(fitting).index].sort_values("y")
    places = keep_within(list(kept["y"]), height, top + height / 2, bottom - height / 2)
    ahead = start > rows["x"].min()
    named = kept.assign(to_x=start if ahead else start + width, to_y=places)
    write_names(axes, named, "left" if ahead else "right", "center")
    return len(rows) - len(kept)


def _comparison_facts(points: pd.DataFrame, size: int) -> dict[str, Any]:
    """Return what the texts tell; `alike` is Spearman's correlation, None where all of one ranking are equal.

    It is rounded down, so that rankings which differ are never said to be the same.
    """
    ordered = points.sort_values("y")
    named = {place: list(ordered.loc[ordered["place"] == place, "proposal"]) for place in PLACES}
    away = (points["x"] - points["y"]).abs()
    furthest = points.loc[away.idxmax()]
    varied = points["x"].nunique() > 1 and points["y"].nunique() > 1
    alike = points["x"].corr(points["y"], method="spearman") if varied else 0.0
    return {
        "proposals": len(points),
        "size": size,
        "many": MOST_NAMES,
        "both": len(named["both"]),
        "total_only": named["total_only"],
        "expected_only": named["expected_only"],
        "furthest": furthest["proposal"],
        "rank": int(furthest["x"]),
        "expected": float(furthest["y"]),
        "alike": math.floor(round(1000 * alike, 6)) / 1000 if varied else None,
    }
