"""Plots of the shortlist, the choice from it, and what every condition costs that choice."""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from analysis.declarations import MERGED
from analysis.figures import (
    LINE_HEIGHT,
    MAIN,
    QUIET,
    Figure,
    describe_groups,
    draw_bars,
    draw_picture,
    finish,
    label_group,
    label_rows,
    measure_rows,
    number_axis,
    place_legend,
    quote,
    refuse_empty,
    say,
    wrap,
)
from analysis.wording import Wording

OUTLINE_DIMENSIONS = ("partnership", "focus", "reach")


def shortlist(selection: pd.DataFrame, wording: Wording) -> Figure:
    """Return the shortlisted proposals by total, the best on top, filled where chosen; they bear their ids."""
    refuse_empty(selection, "selection")
    ordered = selection.sort_values(["rank", "chosen"], ascending=[True, False], kind="stable").reset_index(drop=True)
    with draw_picture(0.95 + 0.24 * len(ordered)) as picture:
        axes = picture.subplots()
        axes.grid(axis="y")
        _draw_choice(axes, ordered, wording)
        label_rows(axes, ordered["proposal"].tolist())
        axes.spines["left"].set_visible(False)
        number_axis(axes.xaxis, wording, decimals=2)
        axes.set_xlabel(say(wording, "shortlist.axis"))
        place_legend(picture, "outside upper left", axes.get_legend_handles_labels()[0])
        return finish(picture, "shortlist", wording, ["selection"], **_choice_facts(ordered))


def _draw_choice(axes: Axes, ordered: pd.DataFrame, wording: Wording) -> None:
    markers: dict[str, dict[str, Any]] = {
        "chosen": {"color": MAIN},
        "not_chosen": {"color": QUIET, "markerfacecolor": "white"},
    }
    for group, marker in markers.items():
        rows = ordered[ordered["chosen"].astype(bool) == (group == "chosen")]
        if not rows.empty:
            label = wording.label("survey_group", group)
            axes.plot(rows["total"], rows.index, "o", markersize=6.5, markeredgewidth=1.4, label=label, **marker)


def _choice_facts(ordered: pd.DataFrame) -> dict[str, Any]:
    chosen = ordered["chosen"].astype(bool)
    lowest = ordered.loc[chosen, "total"].min()
    above = ordered.loc[~chosen, "total"] > lowest
    return {"shortlisted": len(ordered), "chosen": int(chosen.sum()), "lowest": lowest, "above": int(above.sum())}


def constraint_prices(constraint_prices: pd.DataFrame, wording: Wording) -> Figure:
    """Return what the sum of totals would gain without each cap or quota, the dearest on top; ties as declared."""
    refuse_empty(constraint_prices, "constraint_prices")
    ordered = constraint_prices.sort_values("gain", ascending=False, kind="stable")
    gains = [round(float(gain), 9) for gain in ordered["gain"]]
    names = [_label_constraint(key, wording) for key in ordered["constraint"]]
    labels = [wrap(name, 38) for name in names]
    dearest = [quote(name) for name, gain in zip(names, gains, strict=True) if gain == max(gains)]
    with draw_picture(0.45 + measure_rows(labels)) as picture:
        axes = picture.subplots()
        draw_bars(axes, labels, gains, [wording.format("number", gain, decimals=2) for gain in gains])
        axes.set_xlabel(say(wording, "constraint_prices.axis"))
        free = sum(gain == 0 for gain in gains)
        facts: dict[str, Any] = {"constraints": len(gains), "free": free, "most": max(gains), "dearest": dearest}
        return finish(picture, "constraint_prices", wording, ["constraint_prices"], **facts)


def _label_constraint(key: str, wording: Wording) -> str:
    caps = {cap.id for cap in wording.call.selection.caps}
    return wording.label("caps" if key in caps else "quotas", key)


def chosen_groups(chosen_groups: pd.DataFrame, wording: Wording) -> Figure:
    """Return the chosen proposals by partnership, focus and reach, one panel each, in the order of the call."""
    rows = chosen_groups[chosen_groups["dimension"].isin(OUTLINE_DIMENSIONS)]
    refuse_empty(rows, "chosen_groups")
    counts = {
        dimension: {
            label_group(dimension, str(row.group), wording): int(str(row.proposals))
            for row in rows[rows["dimension"] == dimension].itertuples()
        }
        for dimension in OUTLINE_DIMENSIONS
        if (rows["dimension"] == dimension).any()
    }
    titles = [wording.label("dimension", dimension) for dimension in counts]
    heights = [measure_rows([wrap(label, 38) for label in panel]) for panel in counts.values()]
    with draw_picture(0.3 + sum(heights) + len(heights) * 2.2 * LINE_HEIGHT) as picture:
        panels = picture.subplots(len(counts), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        for axes, title, panel in zip(panels, titles, counts.values(), strict=True):
            _draw_panel(axes, panel, title, wording)
        panels[-1].set_xlabel(say(wording, "chosen_groups.axis"))
        panels[-1].set_xlim(0, max(max(panel.values()) for panel in counts.values()) or 1)
        others = wording.label("dimension", MERGED)
        findings = [
            say(wording, "chosen_groups.finding", **describe_groups(dimension, panel, others))
            for dimension, panel in counts.items()
        ]
        return finish(picture, "chosen_groups", wording, ["chosen_groups"], findings=findings, dimensions=titles)


def _draw_panel(axes: Axes, panel: dict[str, int], title: str, wording: Wording) -> None:
    texts = [wording.format("number", n) for n in panel.values()]
    draw_bars(axes, [wrap(label, 38) for label in panel], list(panel.values()), texts)
    axes.set_title(title, fontweight="bold")
