"""Plots of how sure a ranking is: the ranks that each proposal can have, and what another ranking would change."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure as Picture
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter

from analysis.figures import (
    CONTRAST,
    INK,
    LINE_HEIGHT,
    MAIN,
    MIDDLE,
    PALE,
    QUIET,
    RULE,
    WIDTH,
    Figure,
    draw_picture,
    finish,
    label_rows,
    measure_rows,
    place_legend,
    refuse_empty,
    say,
)
from analysis.plots.labels import SMALL, cut_window, name_places, number_ranks
from analysis.wording import Wording

INNER, OUTER = 0.5, 0.9  # the parts of its possible ranks that the bar and the line of a proposal hold
MOST_DRAWN = 300  # proposals with an interval each
MOST_NAMED = 40  # proposals whose ids fit along the axis
MOST_ROWS, MOST_COLUMNS = 40, 60  # proposals, and ranks or pools of them, in the picture of shares
SHARES = (1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0)  # that the scale of shades may mark
LONG_SCALE = 3.0  # inches
GROUPS: Mapping[str, Mapping[str, Any]] = {  # per group the marker, and the colour of its bars
    "accepted": {"marker": "o", "color": MAIN, "fill": MAIN, "bar": MIDDLE},
    "lottery": {"marker": "D", "color": INK, "fill": INK, "bar": CONTRAST},
    "rejected": {"marker": "o", "color": QUIET, "fill": "white", "bar": RULE},
}
UNGROUPED: Mapping[str, Any] = {"marker": "o", "color": MAIN, "fill": MAIN, "bar": MIDDLE}  # where there is no line


def expected_ranks(expected_ranks: pd.DataFrame, wording: Wording, line: int | None) -> Figure:
    """Return the expected rank of every proposal from best to worst, with the intervals that hold it by 50% and 90%.

    `expected_ranks` follows the contract of that name. `line` is the number of places: a horizontal line stands at the
    expected rank of the last one. Of more than MOST_DRAWN proposals those around the line are shown, or the first.
    """
    refuse_empty(expected_ranks, "expected_ranks")
    ordered = expected_ranks.sort_values(["er", "proposal"]).reset_index(drop=True)
    ordered.index += 1
    line = line if line is not None and line < len(ordered) else None
    shown = ordered.iloc[cut_window(len(ordered), MOST_DRAWN, line)]
    with draw_picture(4.8) as picture:
        axes = picture.subplots()
        name_places(axes, shown["proposal"], MOST_NAMED, wording)
        _draw_intervals(axes, shown)
        if line is not None:
            axes.axhline(ordered["er"].loc[line], color=INK, linewidth=1, linestyle="--")
        number_ranks(axes.yaxis, int(shown["q95"].max()), wording)
        axes.invert_yaxis()
        axes.grid(axis="y", color=PALE)
        axes.set_xlabel(say(wording, "expected_ranks.place"))
        axes.set_ylabel(say(wording, "expected_ranks.rank"))
        place_legend(picture, "outside upper left", list(_explain(shown, line, wording)))
        return finish(
            picture, "expected_ranks", wording, ["expected_ranks"], shown=len(shown), **_rank_facts(ordered, line)
        )


def _draw_intervals(axes: Axes, shown: pd.DataFrame) -> None:
    """Draw the bars and the points of every group, as wide as the proposals leave room for."""
    room = 72 * (WIDTH - 1) / len(shown)  # points
    for group, style in {**GROUPS, "": UNGROUPED}.items():
        rows = shown[shown["group"].fillna("") == group]
        axes.vlines(rows.index, rows["q05"], rows["q95"], color=QUIET, linewidth=min(1, 0.3 * room))
        axes.vlines(rows.index, rows["q25"], rows["q75"], color=style["bar"], linewidth=min(8, 0.7 * room))
        marker = {name: style[name] for name in ("marker", "color")}
        axes.plot(rows.index, rows["er"], linestyle="", markerfacecolor=style["fill"], zorder=3,
                  markersize=min(6, room), markeredgewidth=min(1.2, 0.25 * room), **marker)  # fmt: skip


def _explain(shown: pd.DataFrame, line: int | None, wording: Wording) -> Iterator[Line2D]:
    """Yield what the legend shows: the groups present, the two intervals and the line."""
    for group, style in GROUPS.items():
        if (shown["group"] == group).any():
            label = say(wording, f"expected_ranks.{group}")
            yield Line2D([], [], linestyle="", marker=style["marker"], color=style["color"], markersize=6,
                         markerfacecolor=style["fill"], label=label)  # fmt: skip
    inner, outer = (say(wording, "expected_ranks.interval", share=share) for share in (INNER, OUTER))
    yield Line2D([], [], color=RULE, linewidth=7, solid_capstyle="butt", label=inner)
    yield Line2D([], [], color=QUIET, linewidth=1, label=outer)
    if line is not None:
        label = say(wording, "expected_ranks.line", line=line)
        yield Line2D([], [], color=INK, linewidth=1, linestyle="--", label=label)


def _rank_facts(ordered: pd.DataFrame, line: int | None) -> dict[str, Any]:
    """Return what the texts tell about all proposals."""
    best = ordered.iloc[0]
    at = float(ordered["er"].loc[line]) if line is not None else None
    held = 0 if at is None else int(((ordered["q05"] <= at) & (ordered["q95"] >= at)).sum())
    return {
        "proposals": len(ordered),
        **{group: int((ordered["group"] == group).sum()) for group in GROUPS},
        "best": best["proposal"],
        "er": float(best["er"]),
        "low": int(best["q05"]),
        "high": int(best["q95"]),
        "line": line,
        "held": held,
        "inner": INNER,
        "level": OUTER,
    }


def rank_shares(
    rank_shares: pd.DataFrame, order: Sequence[str], line: int | None, wording: Wording, varied: str = "weights"
) -> Figure:
    """Return how often each proposal has each rank when the weights, or the raters, are drawn anew.

    `rank_shares` follows the contract of that name, `varied` says which of its parts is drawn. `order` holds the ids of
    all proposals from best to worst; of more than MOST_ROWS those around the line below `line` places are shown, or
    the first. Many ranks are pooled, never across the line.
    """
    part = rank_shares[rank_shares["varied"] == varied]
    line = line if line is not None and line < len(order) else None
    shown = list(order)[cut_window(len(order), MOST_ROWS, line)]
    part = part[part["proposal"].isin(shown)]
    refuse_empty(part, f"rank_shares, varied {varied}, of the proposals in order")
    with draw_picture(1.0 + measure_rows(shown, space=-0.01)) as picture:
        axes = picture.subplots()
        drawn = _draw_shares(axes, part, shown, line)
        label_rows(axes, shown)
        axes.tick_params(axis="y", labelsize=SMALL)
        if line is not None:
            axes.axvline(line + 0.5, color=INK, linewidth=1.2)
            axes.axhline(list(order).index(shown[0]) * -1 + line - 0.5, color=INK, linewidth=0.8, linestyle="--")
        number_ranks(axes.xaxis, int(part["rank"].max()), wording)
        axes.set_xlabel(say(wording, "rank_shares.axis"))
        _scale_shares(picture, axes, drawn, wording)
        facts = _share_facts(part, shown, list(order), line)
        return finish(picture, "rank_shares", wording, ["rank_shares"], variant=varied, varied=varied, **facts)


def _draw_shares(axes: Axes, part: pd.DataFrame, shown: Sequence[str], line: int | None) -> PolyCollection:
    """Draw a cell per proposal and pool of ranks that it ever has; the darker, the more often."""
    most = int(part["rank"].max())
    size = _pool(part)
    spare = (line or 0) % size  # how many ranks the first pool has, so that the line is the end of one
    pool = (part["rank"] - 1 - spare) // size
    cells = part.assign(pool=pool).groupby(["proposal", "pool"], observed=True, as_index=False)["share"].sum()
    row = cells["proposal"].map({name: place for place, name in enumerate(shown)}).to_numpy("float64")
    left = (spare + size * cells["pool"]).clip(lower=0).to_numpy("float64") + 0.5
    right = (spare + size * (cells["pool"] + 1)).clip(upper=most).to_numpy("float64") + 0.5
    sides = [(left, row - 0.5), (right, row - 0.5), (right, row + 0.5), (left, row + 0.5)]
    corners = np.stack([np.column_stack(side) for side in sides], axis=1)
    drawn = PolyCollection(list(corners), cmap="Blues", edgecolor="white", linewidth=0.4)
    drawn.set(array=cells["share"].to_numpy("float64"), norm=PowerNorm(0.5, 0, float(cells["share"].max())))
    axes.add_collection(drawn)
    axes.set_xlim(0.5, most + 0.5)
    return drawn


def _scale_shares(picture: Picture, axes: Axes, drawn: PolyCollection, wording: Wording) -> None:
    """Put the scale of the shades beside the cells, in percent, with as many marks as have room."""
    height = abs(np.diff(axes.get_ylim()).item()) * LINE_HEIGHT  # inches
    part = min(1.0, max(0.5, LONG_SCALE / height))
    bar = picture.colorbar(drawn, ax=axes, shrink=part, aspect=25 * part * height / LONG_SCALE, pad=0.02)
    most = float(drawn.get_clim()[1] or 1)
    marks: list[float] = []
    for share in (share for share in SHARES if share <= most):
        if not marks or math.sqrt(marks[-1] / most) - math.sqrt(share / most) >= LINE_HEIGHT / (part * height):
            marks.append(share)
    bar.set_ticks(marks)
    bar.ax.yaxis.set_major_formatter(FuncFormatter(lambda value, _: wording.format("percent", value)))
    bar.outline.set_visible(False)


def _share_facts(part: pd.DataFrame, shown: Sequence[str], order: Sequence[str], line: int | None) -> dict[str, Any]:
    """Return which of those shown above the line has a place above it least often, and which below it most often.

    Without a line: which has the first place most often.
    """
    reached = part["share"].where(part["rank"] <= (line or 1), 0).groupby(part["proposal"].astype("str")).sum().round(9)
    above = reached[reached.index.isin(set(order[: line or 0]))]
    below = reached.drop(above.index)
    least, most = above.min(), below.max()
    return {
        "line": line,
        "shown": len(shown),
        "proposals": len(order),
        "pool": _pool(part),
        "above": [proposal for proposal in shown if above.get(proposal) == least],
        "above_share": least,
        "above_shown": len(above),
        "below": [proposal for proposal in shown if below.get(proposal) == most],
        "below_share": most,
        "below_shown": len(below),
    }


def _pool(part: pd.DataFrame) -> int:
    """Return how many ranks share a column."""
    return -(-int(part["rank"].max()) // MOST_COLUMNS)
