"""A plot of where one proposal stands: its mean scores beside how those of all proposals are spread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from analysis.figures import (
    CONTRAST,
    INK,
    MIDDLE,
    PALE,
    RULE,
    Figure,
    draw_picture,
    label_rows,
    measure_rows,
    number_axis,
    place_legend,
    refuse_empty,
    render,
    wrap,
)
from analysis.wording import Wording

LABEL_WIDTH = 30  # letters of a criterion on a line
BAND = 0.42  # of the height of a row


def standing(rows: pd.DataFrame, labels: Mapping[str, str], wording: Wording) -> Figure:
    """Return a band per criterion over all proposals, with the mean score of one proposal upon it.

    `rows` has the columns of `criterion_spread` and `score`, that of the proposal, which may be open; `labels` are the
    names of the criteria, in the order in which they are drawn. All are in points. The texts are those below
    `sheet.picture`.
    """
    refuse_empty(rows, "criterion_spread")
    shown = rows.set_index("criterion").loc[[name for name in labels if name in set(rows["criterion"])]]
    names = [wrap(labels[name], LABEL_WIDTH) for name in shown.index]
    with draw_picture(1.15 + measure_rows(names, space=0.2)) as picture:
        axes = picture.subplots()
        _draw_bands(axes, shown)
        label_rows(axes, names)
        axes.spines["left"].set_visible(False)
        axes.set_xlim(wording.call.scoring.scale.low, wording.call.scoring.scale.high)
        number_axis(axes.xaxis, wording, decimals=1)
        axes.grid(axis="x", color=PALE)
        axes.set_xlabel(wording.plain("sheet.picture.axis"))
        place_legend(picture, "outside upper left", list(_explain(wording)))
        told = [_tell(labels[str(name)], row, wording) for name, row in shown.iterrows()]
        alt = wording.plain("sheet.picture.alt", told=" ".join(told))
        caption = wording.plain("sheet.picture.caption")
        return Figure(
            "standing", render(picture, caption), alt, caption, tables=("criterion_scores", "criterion_spread")
        )


def _draw_bands(axes: Axes, shown: pd.DataFrame) -> None:
    places = range(len(shown))
    for left, right, colour, height in (("low", "high", RULE, BAND), ("q25", "q75", MIDDLE, BAND)):
        axes.barh(places, shown[right] - shown[left], left=shown[left], height=height, color=colour)
    half = BAND / 2 + 0.04
    axes.vlines(shown["median"], [y - half for y in places], [y + half for y in places], color=INK, linewidth=2)
    axes.plot(shown["score"], places, linestyle="", zorder=3, **_point())


def _point() -> dict[str, Any]:
    return {"marker": "D", "markersize": 8, "markerfacecolor": CONTRAST, "markeredgecolor": INK, "markeredgewidth": 1.2}


def _explain(wording: Wording) -> Iterator[Line2D]:
    """Yield what the legend shows: the proposal, the median and the two bands."""
    yield Line2D([], [], linestyle="", label=wording.plain("sheet.picture.own"), **_point())
    yield Line2D([], [], color=INK, linewidth=2, label=wording.plain("sheet.picture.median"))
    for name, colour in (("middle", MIDDLE), ("most", RULE)):
        yield Line2D(
            [], [], color=colour, linewidth=7, solid_capstyle="butt", label=wording.plain(f"sheet.picture.{name}")
        )


def _tell(label: str, row: pd.Series, wording: Wording) -> str:
    facts = {name: float(row[name]) for name in ("low", "q25", "median", "q75", "high")}
    score = None if pd.isna(row["score"]) else float(row["score"])
    return wording.plain("sheet.picture.row", label=label, score=score, **facts)
