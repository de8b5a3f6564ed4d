"""Where the names of proposals stand in a crowded plot."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.text import Text
from matplotlib.ticker import MaxNLocator
from scipy.optimize import isotonic_regression

from analysis.figures import QUIET, TEXT_SIZE, number_axis
from analysis.wording import Wording

SMALL = TEXT_SIZE - 2  # points; the size of a name
SPACE = 4  # points; between two names


def keep_within(centres: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return ascending positions between two ends, this gap apart and otherwise as near their centres as can be.

    Nearest by least squares: without the gaps the positions need only ascend, which isotonic regression gives. The
    positions must fit: (their number - 1) x gap <= high - low.
    """
    if not centres:
        return []
    steps = gap * np.arange(len(centres))
    ascending = isotonic_regression(np.asarray(centres, dtype="float64") - steps).x
    return [float(position) for position in np.clip(ascending, low, high - steps[-1]) + steps]


def cut_window(number: int, most: int, line: int | None) -> slice:
    """Return which places of a number to show where there is room for `most`: those around the line, or the first."""
    first = 0 if line is None else min(max(line - most // 2, 0), max(number - most, 0))
    return slice(first, first + most)


def name_places(axes: Axes, names: pd.Series, most: int, wording: Wording) -> None:
    """Write names, indexed by place, upright along the horizontal axis, or numbers where there are more than `most`."""
    axes.set_xlim(names.index[0] - 0.8, names.index[-1] + 0.8)
    if len(names) > most:
        number_axis(axes.xaxis, wording)
    else:
        axes.set_xticks(names.index, names.to_list(), rotation=90, fontsize=SMALL)


def number_ranks(axis: Axis, most: int, wording: Wording) -> None:
    """Write ranks along an axis, from 1: a rank of zero does not exist."""
    number_axis(axis, wording)
    round_ones = MaxNLocator(nbins=6, steps=[1, 2, 5, 10], integer=True).tick_values(0, most)
    axis.set_ticks([1, *(rank for rank in round_ones if 1 < rank <= most)])


def measure_names(axes: Axes, names: Iterable[str]) -> tuple[float, float]:
    """Return the width of the widest name and the height of the highest with the space around them, in pixels."""
    picture = axes.get_figure(root=True)
    if picture is None:
        raise ValueError("axes: found none of a picture; expected axes that are part of one.")
    boxes = []
    for name in names:
        text: Text = axes.text(0, 0, name, fontsize=SMALL)
        boxes.append(text.get_window_extent())
        text.remove()
    space = SPACE * picture.dpi / 72
    return max(box.width for box in boxes) + space, max(box.height for box in boxes) + space


def write_names(axes: Axes, rows: pd.DataFrame, ha: str, va: str) -> None:
    """Write every `proposal` at (`to_x`, `to_y`), with a line to its point at (`x`, `y`), all in data units."""
    away = {"left": (2, 0), "right": (-2, 0), "bottom": (0, 1), "top": (0, -1)}[va if ha == "center" else ha]
    for row in rows.to_dict("records"):
        end = (row["to_x"], row["to_y"])
        axes.plot([row["x"], end[0]], [row["y"], end[1]], color=QUIET, linewidth=0.5, zorder=1)
        axes.annotate(row["proposal"], end, xytext=away, textcoords="offset points", fontsize=SMALL, ha=ha, va=va,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.5})  # fmt: skip
