"""A plot of how far each rater departs from the others, in which an outlier is seen at once."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.ticker import FuncFormatter

from analysis.figures import (
    INK,
    LINE_HEIGHT,
    MARGIN,
    MIDDLE,
    PALE,
    QUIET,
    Figure,
    draw_picture,
    finish,
    refuse_empty,
    say,
    wrap,
)
from analysis.plots.labels import keep_within, measure_names, name_places, write_names
from analysis.scoring import assign_panels, deviate, limit_deviations
from analysis.wording import Wording

MOST_STRIPS = 12  # raters
MOST_NAMED = 20  # proposals whose ids fit along the axis
MOST_MARKED = 300  # proposals; with more, missing scores have no mark
LOWEST_STRIP, HIGHEST_STRIP, STRIPS = 0.62, 1.1, 7.0  # inches; of one strip, and of all together
NAMES = 0.15  # inches; the room for names above and below the bars of a strip


def rater_deviations(individual_scores: pd.DataFrame, totals: pd.DataFrame, wording: Wording) -> Figure:
    """Return a strip per rater with how far its score on each proposal is from the mean of the other raters.

    `individual_scores` needs columns proposal, rater, score; `totals` proposal, total. Proposals stand from the highest
    total to the lowest. Outliers are dark and named. Of more than MOST_STRIPS raters those with the largest deviations
    are shown, largest first.
    """
    refuse_empty(individual_scores, "individual_scores")
    ordered = totals.sort_values("total", ascending=False, kind="stable", ignore_index=True)["proposal"]
    ordered.index += 1
    compared, limit = find_outliers(individual_scores, ordered)
    shown = choose_raters(compared, [rater.id for rater in wording.call.scoring.raters])
    labels = {rater: wording.label("raters", rater) for rater in shown}
    strips = {rater: compared[compared["rater"] == rater] for rater in shown}
    asked = find_asked(compared, shown, wording.call.scoring.panels)
    with draw_picture(0.75 + _measure_strip(list(labels.values())) * len(shown)) as picture:
        picture.set_layout_engine("constrained", w_pad=MARGIN, h_pad=MARGIN / 3)
        rows = picture.subplots(len(shown), 1, sharex=True, sharey=True, squeeze=False)[:, 0]
        panels: dict[str, Axes] = dict(zip(shown, rows, strict=True))
        for rater, axes in panels.items():
            _draw_strip(axes, strips[rater], limit, len(ordered), asked[rater])
            axes.set_ylabel(wrap(labels[rater], 22), rotation=0, ha="right", va="center")
        name_places(rows[-1], ordered, MOST_NAMED, wording)
        rows[-1].set_xlabel(say(wording, "rater_deviations.axis"))
        unnamed = _scale_strips(picture, panels, strips, wording)
        facts = _deviation_facts(compared, labels, limit, len(ordered), sum(map(len, asked.values())))
        return finish(picture, "rater_deviations", wording, ["individual_scores", "totals"], unnamed=unnamed, **facts)


def find_outliers(individual_scores: pd.DataFrame, ordered: pd.Series) -> tuple[pd.DataFrame, float]:
    """Return the scores with `deviation`, `outlier` and the place `x` of their proposal, and the largest common one.

    `ordered` holds the proposals, indexed by place. A deviation beyond the limit of `limit_deviations` is an outlier.
    """
    deviation = deviate(individual_scores)
    limit = limit_deviations(deviation)
    place = {proposal: number for number, proposal in ordered.items()}
    x = individual_scores["proposal"].map(place).astype("float64")
    return individual_scores.assign(deviation=deviation, outlier=deviation.abs() > limit, x=x), limit


def find_asked(
    compared: pd.DataFrame, raters: Sequence[str], panels: Mapping[str, str | None]
) -> dict[str, set[float]]:
    """Return per rater the places of the proposals that it was to score: those of its panel, or all without one."""
    of_place = assign_panels(compared, panels).dropna(subset="x").groupby("x")["panel"].first()
    own = {rater: panels.get(rater) for rater in raters}
    return {
        rater: set(of_place.index if own[rater] is None else of_place.index[of_place == own[rater]]) for rater in raters
    }


def choose_raters(compared: pd.DataFrame, declared: Sequence[str]) -> list[str]:
    """Return the raters to show: as declared, or of too many those with the largest deviations, the largest first."""
    size = compared["deviation"].abs().groupby(compared["rater"], observed=True).agg(["max", "mean"])
    present = size.reindex([rater for rater in declared if rater in size.index])
    if len(present) <= MOST_STRIPS:
        return list(present.index)
    return list(present.sort_values(["max", "mean"], ascending=False, kind="stable").index[:MOST_STRIPS])


def _measure_strip(labels: list[str]) -> float:
    lines = max(wrap(label, 22).count("\n") + 1 for label in labels)
    return max(min(HIGHEST_STRIP, STRIPS / len(labels)), LOWEST_STRIP, (lines + 1) * LINE_HEIGHT)


def _draw_strip(axes: Axes, scored: pd.DataFrame, limit: float, proposals: int, asked: set[float]) -> None:
    """Draw the bars of one rater over the band in which deviations are common, and a mark where it gave no score.

    `asked` are the places of the proposals that it was to score.
    """
    axes.axhspan(-limit, limit, color=PALE, linewidth=0, zorder=0)
    axes.axhline(0, color=QUIET, linewidth=0.6)
    known = scored.dropna(subset=["deviation", "x"]).sort_values("x")
    width = max(0.8, proposals / 400)  # wide enough to be seen however many there are
    for rows, colour in ((known[~known["outlier"]], MIDDLE), (known[known["outlier"]], INK)):
        axes.add_patch(_outline_bars(rows["x"], rows["deviation"], width, colour))
    if proposals <= MOST_MARKED:
        missing = sorted(asked - set(known["x"]))
        size = min(4.5, 400 / proposals)
        axes.plot(missing, [0] * len(missing), "x", color=INK, markersize=size, markeredgewidth=0.8, zorder=3)
    axes.spines[["left", "bottom"]].set_visible(False)
    axes.tick_params(axis="x", length=0)


def _outline_bars(places: pd.Series, heights: pd.Series, width: float, colour: str) -> PathPatch:
    """Return all bars as one outline: thousands of them then take little room in the file."""
    left, right = places.to_numpy("float64") - width / 2, places.to_numpy("float64") + width / 2
    end, zero = heights.to_numpy("float64"), np.zeros(len(heights))
    corners = [(left, zero), (left, end), (right, end), (right, zero), (left, zero)]
    points = np.stack([np.column_stack(corner) for corner in corners], axis=1).reshape(-1, 2)
    moves = np.array([Path.MOVETO, *[Path.LINETO] * 3, Path.CLOSEPOLY] * len(places), dtype=np.uint8)
    return PathPatch(Path(points, moves), facecolor=colour, linewidth=0)


def _scale_strips(
    picture: Picture, panels: Mapping[str, Axes], strips: Mapping[str, pd.DataFrame], wording: Wording
) -> int:
    """Scale all strips to the largest deviation, name the outliers, and return how many names do not fit."""
    shown = pd.concat(strips.values())
    reach = float(shown["deviation"].abs().max())
    reach = reach if reach > 0 else 1.0
    first = next(iter(panels.values()))
    _number_deviations(first, reach, wording)
    picture.draw_without_rendering()  # settles the layout, on which it depends what fits
    outliers = shown[shown["outlier"]].dropna(subset="x")
    sides = np.sign(outliers["deviation"])
    room = NAMES * picture.dpi / first.get_window_extent().height  # as a share of the strip
    below, above = (room if (sides == side).any() else 0 for side in (-1, 1))
    edge = 1.1 * reach  # where the names stand; what is beyond the bars is for the lines to them
    length = 2 * edge / (1 - below - above)
    first.set_ylim(-edge - below * length, edge + above * length)
    parts = outliers.groupby([outliers["rater"].astype("str"), sides])
    return sum(_name_side(panels[rater], part, side * edge) for (rater, side), part in parts)


def _number_deviations(axes: Axes, reach: float, wording: Wording) -> None:
    """Write a round number within reach on either side of zero, with its sign."""
    power = math.floor(math.log10(reach))
    mark = math.floor(reach / 10.0**power * 2) / 2 * 10.0**power
    signed = FuncFormatter(
        lambda v, _: ("+" if v > 0 else "") + wording.format("number", v, decimals=max(0, 1 - power))
    )
    axes.set_yticks([-mark, mark])
    axes.yaxis.set_major_formatter(signed)


def _name_side(axes: Axes, outliers: pd.DataFrame, edge: float) -> int:
    """Write the names of the outliers at the edge, the largest first, and return how many do not fit."""
    low, high = axes.get_xlim()
    gap = measure_names(axes, outliers["proposal"])[0] / axes.get_window_extent().width * (high - low)
    fitting = max(int((high - low) / gap), 1)
    largest = outliers.loc[outliers["deviation"].abs().nlargest(fitting).index].sort_values("x")
    places = keep_within(list(largest["x"]), gap, low + gap / 2, high - gap / 2)
    named = largest.assign(y=largest["deviation"], to_x=places, to_y=edge)
    write_names(axes, named, "center", "bottom" if edge > 0 else "top")
    return len(outliers) - len(largest)


def _deviation_facts(
    compared: pd.DataFrame, labels: Mapping[str, str], limit: float, proposals: int, asked: int
) -> dict[str, Any]:
    """Return what the texts tell: the largest deviation, the outliers, and how many raters and scores are not there.

    `asked` is how many scores the raters shown were to give.
    """
    known = compared.dropna(subset=["deviation", "x"])
    shown = known[known["rater"].isin(list(labels))]
    facts = {
        "raters": int(compared["rater"].nunique()),
        "shown": len(labels),
        "proposals": proposals,
        "compared": len(known),
        "outliers": int(known["outlier"].sum()),
        "limit": limit,
        "missing": asked - len(shown),
        "marked": proposals <= MOST_MARKED,
        "most": [],
    }
    if shown.empty:
        return facts
    furthest = shown.loc[shown["deviation"].abs().idxmax()]
    counts = shown.groupby("rater", observed=True)["outlier"].sum()
    return facts | {
        "furthest": labels[furthest["rater"]],
        "proposal": furthest["proposal"],
        "deviation": float(furthest["deviation"]),
        "most": [label for rater, label in labels.items() if counts.get(rater, 0) == counts.max()],
        "most_outliers": int(counts.max()),
    }
