"""The picture of a contest: per way its time and its memory, in the style of our figures."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis.figures import CONTRAST, INK, MAIN, draw_picture, label_rows, measure_rows, render, size_bars, wrap
from bench.contest import TIMES_OURS
from bench.measure import ALL_MEMORY, CPU, SECONDS

LABEL_WIDTH = 26  # letters of the name of a way on a line
ROOM = 1.45  # of the longest bar: what is written at its end stands on the picture
RESOLUTION = 200  # dots per inch
SPACE = 0.2  # inches between the labels of two rows


def draw(rows: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    """Return the picture of the rows of a contest by form: svg and png."""
    names = [wrap(str(row["way"]), LABEL_WIDTH) for row in rows]
    with draw_picture(0.75 + measure_rows(names, SPACE)) as picture:
        times, memory = picture.subplots(1, 2, sharey=True, width_ratios=(3, 2))
        _draw_bars(times, names, [row[SECONDS] for row in rows], [_say_time(row) for row in rows])
        _mark(times, [row[CPU] for row in rows])
        times.set_xlabel("seconds (times ours)\nline: processor seconds", loc="left")
        _draw_bars(memory, names, [row[ALL_MEMORY] or 0 for row in rows], [_say(row[ALL_MEMORY]) for row in rows])
        memory.set_xlabel("MiB of all processes\nat once", loc="left")
        return {
            "svg": render(picture, f"{rows[0]['case']}: time and memory of each way").encode(),
            "png": _png(picture),
        }


def _draw_bars(axes: Axes, names: Sequence[str], values: Sequence[float], texts: Sequence[str]) -> None:
    """Draw a bar per way; ours, the first and what is called after it, is darker, in grey as well."""
    colours = [MAIN if name.startswith(names[0]) else CONTRAST for name in names]
    bars = axes.barh(range(len(values)), values, height=size_bars(names), color=colours)
    axes.bar_label(bars, texts, padding=4)
    label_rows(axes, names)
    axes.set_xlim(0, ROOM * max(*values, 1e-9))
    axes.set_xticks([])
    for side in ("bottom", "left"):
        axes.spines[side].set_visible(False)


def _mark(axes: Axes, values: Sequence[float]) -> None:
    """Draw a line below each bar that is as long as its processor seconds."""
    for place, value in enumerate(values):
        axes.plot([0, value], [place + 0.34] * 2, color=INK, linewidth=1.2, solid_capstyle="butt")


def _say_time(row: Mapping[str, Any]) -> str:
    times = row[TIMES_OURS]
    return f"{_say(row[SECONDS])} ({_say(times)}×)"


def _say(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}" if value >= 1 else f"{value:.2g}"


def _png(picture: Figure) -> bytes:
    file = io.BytesIO()
    picture.savefig(file, format="png", dpi=RESOLUTION)
    return file.getvalue()
