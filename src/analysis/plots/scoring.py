"""Plots of how the raters scored, and of the ranking that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from analysis.figures import (
    CONTRAST,
    INK,
    MAIN,
    QUIET,
    Figure,
    draw_picture,
    find_extremes,
    finish,
    label_rows,
    measure_rows,
    number_axis,
    refuse_empty,
    say,
    wrap,
)
from analysis.wording import Wording

BINS = 60  # parts of the scale; the points of one rater that fall in the same part are stacked


def rater_spread(individual_scores: pd.DataFrame, wording: Wording) -> Figure:
    """Return the individual scores of every rater (see the contract `individual_scores`), the highest median first.

    Per rater a line over all scores, a bar over the middle half, a tick at the median, and a point per proposal.
    """
    refuse_empty(individual_scores, "individual_scores")
    by_rater = {str(rater): rows["score"] for rater, rows in individual_scores.groupby("rater")}
    declared = [rater.id for rater in wording.call.scoring.raters if rater.id in by_rater]
    ordered = sorted(declared, key=lambda rater: -by_rater[rater].median())
    scores = {wording.label("raters", rater): by_rater[rater] for rater in ordered}
    labels = [wrap(label, 26) for label in scores]
    with draw_picture(0.6 + measure_rows(labels, space=0.5)) as picture:
        axes = picture.subplots()
        for row, values in enumerate(scores.values()):
            _draw_spread(axes, row, values, wording)
        label_rows(axes, labels)
        axes.spines["left"].set_visible(False)
        number_axis(axes.xaxis, wording, decimals=1)
        axes.grid(axis="x")
        axes.set_xlabel(say(wording, "rater_spread.axis"))
        return finish(picture, "rater_spread", wording, ["individual_scores"], **_spread_facts(scores))


def _draw_spread(axes: Axes, row: int, values: pd.Series, wording: Wording) -> None:
    above = row - 0.16
    low, median, high = (values.quantile(share) for share in (0.25, 0.5, 0.75))
    axes.hlines(above, values.min(), values.max(), color=MAIN, linewidth=1)
    axes.hlines(above, low, high, color=CONTRAST, linewidth=8)
    axes.vlines(median, above - 0.15, above + 0.15, color=INK, linewidth=2)
    scale = wording.call.scoring.scale
    bins = ((values - scale.low) / (scale.high - scale.low) * BINS).round()
    depth = bins.groupby(bins).cumcount()
    step = min(0.06, 0.4 / max(depth.max(), 1))
    axes.plot(values, above + 0.2 + step * depth, "o", markersize=2.6, color=QUIET, markeredgewidth=0)


def _spread_facts(scores: Mapping[str, pd.Series]) -> dict[str, Any]:
    ranges = {label: round(float(values.max() - values.min()), 9) for label, values in scores.items()}
    widest = find_extremes(ranges)["largest"]
    medians = {label: round(float(values.median()), 9) for label, values in scores.items()}
    ends = scores[widest[0]]
    return {**find_extremes(medians), "widest": widest, "lowest": ends.min(), "highest": ends.max()}


def ranking(totals: pd.DataFrame, wording: Wording) -> Figure:
    """Return the total of every proposal from best to worst, with the line below the shortlist.

    Filled points are shortlisted. Of equal totals the shortlisted stand first; no proposal is named.
    """
    refuse_empty(totals, "totals")
    ordered = totals.sort_values(["total", "shortlisted"], ascending=False, kind="stable").reset_index(drop=True)
    places = pd.Series(ordered.index + 1, index=ordered.index)
    listed = ordered["shortlisted"].astype(bool)
    facts = _ranking_facts(ordered["total"], listed)
    with draw_picture(3.4) as picture:
        axes = picture.subplots()
        for rows, colour, fill in ((~listed, QUIET, "none"), (listed, MAIN, MAIN)):
            axes.plot(places[rows], ordered.loc[rows, "total"], "o", markersize=4, color=colour, markerfacecolor=fill)
        if facts["outside"] and facts["shortlisted"]:
            _draw_line(axes, facts, wording)
        axes.set_xlim(0.2, len(ordered) + 0.8)
        number_axis(axes.xaxis, wording)
        number_axis(axes.yaxis, wording, decimals=1)
        axes.grid(axis="y")
        axes.set_xlabel(say(wording, "ranking.place"))
        axes.set_ylabel(say(wording, "ranking.total"))
        return finish(picture, "ranking", wording, ["totals"], **facts)


def _ranking_facts(total: pd.Series, listed: pd.Series) -> dict[str, Any]:
    return {
        "proposals": len(total),
        "shortlisted": int(listed.sum()),
        "outside": int((~listed).sum()),
        "best": total.max(),
        "worst": total.min(),
        "line": total[listed].min(),
        "next": total[~listed].max(),
    }


def _draw_line(axes: Axes, facts: Mapping[str, Any], wording: Wording) -> None:
    """Draw the line below the shortlist, its text on the side that the falling totals leave empty."""
    place = facts["shortlisted"] + 0.5
    axes.axvline(place, color=INK, linewidth=1, linestyle="--")
    right = facts["shortlisted"] <= facts["proposals"] / 2
    axes.annotate(
        say(wording, "ranking.line", **facts), (place, 1 if right else 0), xycoords=("data", "axes fraction"),
        xytext=(6 if right else -6, -4 if right else 4), textcoords="offset points",
        ha="left" if right else "right", va="top" if right else "bottom",
    )  # fmt: skip
