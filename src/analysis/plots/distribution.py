"""Plots of who applied, with what, and how that compares with the population."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from analysis.declarations import MERGED
from analysis.figures import (
    INK,
    MAIN,
    RULE,
    Figure,
    describe_groups,
    draw_bars,
    draw_picture,
    finish,
    label_group,
    label_rows,
    measure_rows,
    number_axis,
    order_groups,
    place_legend,
    quote,
    refuse_empty,
    say,
    wrap,
)
from analysis.intervals import LEVEL
from analysis.wording import Wording

CELL_SPACE = 0.2  # inches; above and below the number in a cell
SLANT = 30  # degrees
SPACE_BETWEEN = 0.08  # inches; at least between two headings


def group_counts(distribution: pd.DataFrame, dimension: str, wording: Wording) -> Figure:
    """Return the proposals per group of one dimension as bars (see the contract `distribution`).

    Ordered by size, as the largest and the smallest are what a reader looks for; ties keep the order of the call.
    """
    rows = distribution[distribution["dimension"] == dimension]
    refuse_empty(rows, f"distribution, dimension {dimension}")
    ordered = order_groups(rows, "group")
    names = [label_group(dimension, str(group), wording) for group in ordered["group"]]
    counts = dict(zip(names, ordered["proposals"].astype("int64"), strict=True))
    labels = [wrap(label, 34) for label in counts]
    with draw_picture(0.45 + measure_rows(labels)) as picture:
        axes = picture.subplots()
        draw_bars(axes, labels, list(counts.values()), [wording.format("number", n) for n in counts.values()])
        axes.set_xlabel(say(wording, "group_counts.axis"))
        facts = describe_groups(dimension, counts, wording.label(dimension, MERGED))
        return finish(
            picture,
            "group_counts",
            wording,
            ["distribution"],
            variant=dimension,
            **facts,
        )


def spread(spread: pd.DataFrame, wording: Wording) -> Figure:
    """Return the proposals per province and scale, with their interval, beside what its population leads one to expect.

    A row for each group (see the contract `spread`); at its end stands the ratio of the two.
    """
    refuse_empty(spread, "spread")
    ordered = spread.reset_index(drop=True)
    names = [label_group(row.dimension, row.group, wording) for row in ordered.itertuples()]
    labels = [wrap(name, 34) for name in names]
    with draw_picture(1.0 + measure_rows(labels, space=0.2)) as picture:
        axes = picture.subplots()
        axes.grid(axis="x")
        _draw_spread(axes, ordered, wording)
        label_rows(axes, labels)
        parts = ordered.index[ordered["dimension"] != ordered["dimension"].shift()][1:]
        axes.hlines([row - 0.5 for row in parts], 0, 1, transform=axes.get_yaxis_transform(), color=RULE, linewidth=0.8)
        axes.spines["left"].set_visible(False)
        axes.set_xlim(left=0)
        number_axis(axes.xaxis, wording)
        axes.set_xlabel(say(wording, "spread.axis"))
        place_legend(picture, "outside upper left", axes.get_legend_handles_labels()[0])
        return finish(picture, "spread", wording, ["spread"], **_spread_facts(ordered, names))


def _draw_spread(axes: Axes, ordered: pd.DataFrame, wording: Wording) -> None:
    rows, expected = ordered.index, ordered["expected"]
    axes.hlines(rows, ordered["low"] * expected, ordered["high"] * expected, color=MAIN, linewidth=1.8)
    found, hoped = say(wording, "spread.found"), say(wording, "spread.expected")
    axes.plot(ordered["proposals"], rows, "o", color=MAIN, markersize=7, label=found)
    diamond: dict[str, Any] = {"color": INK, "markersize": 7, "markeredgewidth": 1.5, "markerfacecolor": "none"}
    axes.plot(expected, rows, "D", label=hoped, **diamond)
    for row, ratio in enumerate(ordered["ratio"]):
        text = say(wording, "spread.ratio", ratio=ratio)
        end = axes.get_yaxis_transform()
        axes.annotate(text, (1, row), xycoords=end, xytext=(6, 0), textcoords="offset points", va="center")


def _spread_facts(ordered: pd.DataFrame, labels: list[str]) -> dict[str, Any]:
    places = ordered["dimension"] == "province"
    names = [label if place else quote(label) for label, place in zip(labels, places, strict=True)]
    above = [name for name, low in zip(names, ordered["low"], strict=True) if low > 1]
    below = [name for name, high in zip(names, ordered["high"], strict=True) if high < 1]
    compared = int(ordered["low"].notna().sum())  # merged groups have no interval
    return {"groups": compared, "above": above, "below": below, "level": LEVEL}


def category_by_kind(category_by_kind: pd.DataFrame, wording: Wording) -> Figure:
    """Return the proposals per category and kind of lead actor as a matrix of counts, in which zero stays blank.

    Rows and columns keep the order of the call, so that the matrix can be laid beside that of another edition.
    """
    refuse_empty(category_by_kind, "category_by_kind")
    table = category_by_kind.pivot(index="category", columns="actor_kind", values="proposals").astype("float64")
    categories = [key for key in wording.call.ids("categories") if key in table.index]
    kinds = [key for key in wording.call.ids("actor_kinds") if key in table.columns or MERGED in table.columns]
    coarse = MERGED in table.columns  # what is missing there was merged
    counts = (
        table.reindex(index=categories, columns=[*kinds, MERGED]) if coarse else table.loc[categories, kinds].fillna(0)
    )
    counts.index = pd.Index([wording.label("categories", key) for key in categories])
    counts.columns = pd.Index([wording.label("actor_kinds", key) for key in counts.columns])
    rows = [wrap(label, 34) for label in counts.index]
    with draw_picture(0.2 + measure_rows(rows, CELL_SPACE)) as picture:
        axes = picture.subplots()
        shown = counts.iloc[:, : len(kinds)]
        sns.heatmap(
            shown.where(shown > 0).reindex(columns=counts.columns), ax=axes, annot=True, fmt=".0f", cmap="Blues",
            vmin=0, vmax=shown.fillna(0).max(axis=None) or 1, cbar=False, linewidths=1.5, yticklabels=rows,
        )  # fmt: skip
        _write_merged(axes, counts, len(kinds), wording)
        axes.set(xlabel="", ylabel="")
        axes.tick_params(axis="y", rotation=0)
        _head_columns(picture, axes, list(counts.columns))
        return finish(
            picture, "category_by_kind", wording, ["category_by_kind"], **_matrix_facts(counts, shown, wording)
        )


def _write_merged(axes: Axes, counts: pd.DataFrame, kinds: int, wording: Wording) -> None:
    """Mark the cells that are not shown by themselves, and write their sums, which are no shade of the others."""
    hidden = say(wording, "category_by_kind.hidden")
    for row, column in np.argwhere(counts.isna().to_numpy()):
        if column < kinds:
            axes.text(column + 0.5, row + 0.5, hidden, ha="center", va="center")
    for row, total in enumerate(counts.iloc[:, kinds:].sum(axis=1)):
        if total:
            axes.text(kinds + 0.5, row + 0.5, wording.format("number", total), ha="center", va="center")


def _head_columns(picture: Picture, axes: Axes, labels: list[str]) -> None:
    """Write the headings above the columns, slanted where the widest does not fit, and make room for them."""
    axes.xaxis.tick_top()
    axes.tick_params(axis="x", length=0)
    places = [column + 0.5 for column in range(len(labels))]
    axes.set_xticks(places, [wrap(label, 20) for label in labels], rotation=0)
    picture.draw_without_rendering()
    room = axes.get_window_extent().width / len(labels) - SPACE_BETWEEN * picture.dpi
    if max(text.get_window_extent().width for text in axes.get_xticklabels()) > room:
        slanted = [wrap(label, 34) for label in labels]
        axes.set_xticks(places, slanted, rotation=SLANT, ha="left", rotation_mode="anchor")
    height = max(text.get_window_extent().height for text in axes.get_xticklabels())
    picture.set_figheight(picture.get_figheight() + height / picture.dpi)


def _matrix_facts(counts: pd.DataFrame, shown: pd.DataFrame, wording: Wording) -> dict[str, Any]:
    """Return what the texts tell of all counts, and of those shown by themselves; the others are missing."""
    most = int(shown.fillna(0).max(axis=None))
    pairs = [
        say(wording, "category_by_kind.pair", category=category, kind=kind)
        for category, row in shown.iterrows()
        for kind in row.index[row == most]
    ]
    numbers = {"blank": (shown == 0).sum(axis=None), "hidden": shown.isna().sum(axis=None), "cells": shown.size}
    whole = {name: int(number) for name, number in {**numbers, "total": counts.sum(axis=None)}.items()}
    return {"pairs": pairs, "most": most, **whole}
