"""Plots of the raters beside one another: how severe each is, and how far they agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.figures import (
    INK,
    MAIN,
    PALE,
    QUIET,
    ROW_SPACE,
    RULE,
    Figure,
    draw_picture,
    find_extremes,
    finish,
    label_rows,
    measure_rows,
    number_axis,
    place_legend,
    quote,
    refuse_empty,
    say,
    wrap,
)
from analysis.intervals import LEVEL
from analysis.wording import Wording

MOST_ROWS = 40  # raters whose severity is shown
SCOPES: Mapping[str, tuple[float, Mapping[str, Any]]] = {  # how far below the middle of the row, and the marker
    "all": (-0.17, {"marker": "o", "color": MAIN}),
    "shortlist": (0.17, {"marker": "D", "color": INK, "markerfacecolor": "white"}),
}


def severity(rater_spread: pd.DataFrame, wording: Wording) -> Figure:
    """Return every rater's mean deviation from the others with its 95% interval, the most severe on top.

    Filled points have an interval without zero. Raters without a severity are left out, unless none has one. Of more
    than MOST_ROWS raters the most severe and the most lenient are shown, half each.
    """
    refuse_empty(rater_spread, "rater_spread")
    known = rater_spread.dropna(subset="severity").sort_values("severity", kind="stable")
    known = rater_spread if known.empty else known
    half = MOST_ROWS // 2
    shown = known if len(known) <= MOST_ROWS else pd.concat([known[:half], known[-half:]])
    names = [wording.label("raters", rater) for rater in shown["rater"]]
    labels = [wrap(name, 34) for name in names]
    with draw_picture(0.7 + measure_rows(labels, space=ROW_SPACE if len(labels) <= half else 0)) as picture:
        axes = picture.subplots()
        axes.grid(axis="y", color=PALE)
        axes.axvline(0, color=INK, linewidth=0.8)
        if len(shown) < len(known):
            axes.axhline(half - 0.5, color=QUIET, linewidth=0.8, linestyle="--")
        _draw_severity(axes, shown)
        label_rows(axes, labels)
        axes.spines["left"].set_visible(False)
        number_axis(axes.xaxis, wording, decimals=2)
        axes.set_xlabel(say(wording, "severity.axis"))
        facts = _severity_facts(known, names, shown)
        return finish(picture, "severity", wording, ["rater_spread"], level=LEVEL, half=half, **facts)


def _draw_severity(axes: Axes, shown: pd.DataFrame) -> None:
    rows = np.arange(len(shown))
    clear = _exclude_zero(shown).to_numpy()
    axes.hlines(rows, shown["severity_low"], shown["severity_high"], color=MAIN, linewidth=2)
    for these, fill in ((clear, MAIN), (~clear, "white")):
        axes.plot(shown["severity"][these], rows[these], "o", color=MAIN, markerfacecolor=fill, markersize=6.5)


def _exclude_zero(spread: pd.DataFrame) -> pd.Series:
    return (spread["severity_low"] > 0) | (spread["severity_high"] < 0)


def _severity_facts(known: pd.DataFrame, names: Sequence[str], shown: pd.DataFrame) -> dict[str, Any]:
    values = shown["severity"].astype("float64").round(9)
    return {
        "raters": len(known),
        "shown": len(shown),
        "comparable": bool(values.notna().any()),
        "lone": bool(shown["severity_low"].isna().any()),
        "clear": int(_exclude_zero(known).sum()),
        "lowest": values.min(),
        "highest": values.max(),
        "severest": [name for name, value in zip(names, values, strict=True) if value == values.min()],
        "mildest": [name for name, value in zip(names, values, strict=True) if value == values.max()],
    }


def agreement(agreement: pd.DataFrame, wording: Wording) -> Figure:
    """Return the intraclass correlation of one score per criterion and for the total, all proposals and shortlist.

    `agreement` follows the contract of that name; rows of other statistics than icc1 are not drawn. Criteria stand in
    the order of the call, the total below them.
    """
    single = agreement[agreement["statistic"] == "icc1"]
    refuse_empty(single, "agreement, statistic icc1")
    present = set(single["criterion"])
    criteria = [criterion.id for criterion in wording.call.scoring.criteria if criterion.id in present]
    names = {key: wording.label("criteria", key) for key in criteria}
    if "total" in present:
        names["total"] = say(wording, "agreement.total", groups=len(criteria))
    labels = [wrap(name, 34) for name in names.values()]
    with draw_picture(1.05 + measure_rows(labels, space=0.3)) as picture:
        axes = picture.subplots()
        axes.grid(axis="x")
        _draw_agreement(axes, single, list(names), wording)
        label_rows(axes, labels)
        axes.spines["left"].set_visible(False)
        axes.set_xlim(min(0.0, float(single[["estimate", "low"]].min(axis=None))) - 0.02, 1.02)
        number_axis(axes.xaxis, wording, decimals=1)
        axes.set_xlabel(say(wording, "agreement.axis"))
        place_legend(picture, "outside upper left", axes.get_legend_handles_labels()[0])
        return finish(picture, "agreement", wording, ["agreement"], level=LEVEL, **_agreement_facts(agreement, names))


def _draw_agreement(axes: Axes, single: pd.DataFrame, keys: Sequence[str], wording: Wording) -> None:
    """Draw both scopes in every row, one a little above the other; a rule parts the total from the criteria."""
    row = {key: place for place, key in enumerate(keys)}
    both = single["scope"].nunique() > 1
    for scope, (shift, marker) in SCOPES.items():
        rows = single[(single["scope"] == scope) & single["criterion"].isin(keys)]
        if rows.empty:
            continue
        rows = rows.sort_values("criterion")
        places = rows["criterion"].map(row) + (shift if both else 0)
        axes.hlines(places, rows["low"], rows["high"], color=marker["color"], linewidth=1.6)
        label = say(wording, f"agreement.{scope}")
        axes.plot(rows["estimate"], places, linestyle="", label=label, markersize=7, markeredgewidth=1.4, **marker)
    if "total" in row and len(row) > 1:
        axes.axhline(row["total"] - 0.5, color=RULE, linewidth=0.8)


def _agreement_facts(agreement: pd.DataFrame, names: Mapping[str, str]) -> dict[str, Any]:
    """Return the estimates that the texts tell; None for what the table does not hold."""
    found = {
        (row.statistic, row.scope, row.criterion): round(float(str(row.estimate)), 9) for row in agreement.itertuples()
    }
    criteria = {quote(name): found.get(("icc1", "all", key)) for key, name in names.items() if key != "total"}
    known = {name: value for name, value in criteria.items() if value is not None}
    return {
        **(find_extremes(known) if known else {"groups": 0}),
        "single": found.get(("icc1", "all", "total")),
        "mean": found.get(("icck", "all", "total")),
        "listed_single": found.get(("icc1", "shortlist", "total")),
        "shortlist": bool((agreement["scope"] == "shortlist").any()),
    }
