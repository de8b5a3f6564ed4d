"""Maps: where the municipalities lie that take part in the call."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Bbox

from analysis.figures import (
    MAIN,
    MIDDLE,
    PALE,
    QUIET,
    WIDTH,
    Figure,
    Point,
    draw_picture,
    find_extremes,
    finish,
    place_legend,
    refuse_empty,
    say,
)
from analysis.wording import Wording

LARGEST = 320.0  # square points; the circle of the municipality with the most proposals is no larger
EACH = 40.0  # square points per proposal, where that gives smaller circles
NAMED = 5  # municipalities named on the map at most: those with more proposals than any other

Outline = Mapping[str, Any]


def reach(municipality_reach: pd.DataFrame, outline: Outline | None, wording: Wording) -> Figure:
    """Return the proposals that involve each municipality as a circle at its centroid, its area in proportion.

    `outline` is the GeoJSON (WGS84) of the region, or None. The projection is equirectangular, true to scale along the
    middle latitude: over a region of this size it hardly distorts.
    """
    refuse_empty(municipality_reach, "municipality_reach")
    stretch = 1 / math.cos(math.radians(municipality_reach["latitude"].mean()))
    features = list(_list_features(outline)) if outline else []
    with draw_picture(_find_height(municipality_reach, stretch)) as picture:
        axes = picture.subplots()
        axes.set_axis_off()
        axes.set_aspect(stretch)
        for feature in features:
            for path in _list_polygons(feature["geometry"]):
                axes.add_patch(PathPatch(path, facecolor=PALE, edgecolor=QUIET, linewidth=0.7))
        _draw_circles(axes, municipality_reach, wording)
        handles = axes.get_legend_handles_labels()[0]
        place_legend(picture, "outside lower left", handles, title=say(wording, "reach.legend"), alignment="left")
        _name_largest(picture, axes, municipality_reach, wording)
        credits = sorted({str(f["properties"]["credit"]) for f in features if "credit" in (f.get("properties") or {})})
        figure = finish(
            picture, "reach", wording, ["municipality_reach"], credits=credits, **_facts(municipality_reach)
        )
        return replace(figure, points=tuple(_locate(axes, municipality_reach, wording)))


def _find_height(table: pd.DataFrame, stretch: float) -> float:
    width = max(table["longitude"].max() - table["longitude"].min(), 0.1)
    height = (table["latitude"].max() - table["latitude"].min()) * stretch
    return float(np.clip(WIDTH * height / width, 2, 8)) + 0.8


def _list_features(outline: Outline) -> Iterator[Outline]:
    if outline["type"] == "FeatureCollection":
        yield from outline["features"]
    else:
        yield outline if outline["type"] == "Feature" else {"geometry": outline}


def _list_polygons(geometry: Outline) -> Iterator[Path]:
    """Yield every polygon with its holes as one path; raise ValueError for a geometry that has no area."""
    if geometry["type"] not in ("Polygon", "MultiPolygon"):
        raise ValueError(f"outline: found a {geometry['type']}; expected a Polygon or MultiPolygon.")
    polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
    for rings in polygons:
        yield Path.make_compound_path(*(Path(np.asarray(ring)[:, :2], closed=True) for ring in rings))


def _draw_circles(axes: Axes, table: pd.DataFrame, wording: Wording) -> None:
    """Draw open circles for municipalities without proposals and filled ones for the others, small ones over large."""
    counts = table["proposals"].astype("float64")
    none, some, few = table[counts == 0], table[counts > 0], table[counts.isna()]
    circle: dict[str, Any] = {"marker": "o", "linestyle": ""}
    open_circle = {**circle, "color": QUIET, "markerfacecolor": "white", "markersize": 3.6, "markeredgewidth": 0.7}
    if len(none):
        axes.plot(none["longitude"], none["latitude"], label=say(wording, "reach.none"), **open_circle)
    most = int(counts.max()) if len(some) else 1
    scale = min(EACH, LARGEST / most)
    if len(few):
        light = {**circle, "color": MIDDLE, "markersize": math.sqrt(scale), "markeredgewidth": 0.6}
        text = say(wording, "reach.few", limit=_find_limit(table))
        axes.plot(few["longitude"], few["latitude"], label=text, markeredgecolor="white", **light)
    if some.empty:
        return
    loud = {**circle, "color": MAIN, "alpha": 0.75, "markeredgewidth": 0.6, "markeredgecolor": "white"}
    for size in sorted(some["proposals"].unique(), reverse=True):
        rows = some[some["proposals"] == size]
        axes.plot(rows["longitude"], rows["latitude"], markersize=math.sqrt(size * scale), **loud)
    least = int(some["proposals"].min()) if len(few) else 1
    for size in sorted({least, max(least, math.ceil(most / 2)), most}):
        axes.plot([], [], markersize=math.sqrt(size * scale), label=wording.format("number", size), **loud)


def _name_largest(picture: Picture, axes: Axes, table: pd.DataFrame, wording: Wording) -> None:
    """Name the municipalities with the most proposals, as far as the names leave each other free."""
    ordered = table.dropna(subset=["proposals"]).sort_values(["proposals", "name"], ascending=[False, True])
    next_most = ordered["proposals"].iloc[NAMED] if len(ordered) > NAMED else 0
    taken: list[Bbox] = []
    picture.draw_without_rendering()
    for row in ordered[ordered["proposals"] > next_most].itertuples():
        text = axes.annotate(
            _label(row, wording), (row.longitude, row.latitude), fontweight="bold",
            xytext=(math.sqrt(LARGEST) / 2, 0), textcoords="offset points", va="center",
            path_effects=[patheffects.withStroke(linewidth=2.5, foreground="white")],
        )  # fmt: skip
        box = text.get_window_extent()
        if any(box.overlaps(other) for other in taken):
            text.remove()
        else:
            taken.append(box)


def _locate(axes: Axes, table: pd.DataFrame, wording: Wording) -> Iterator[Point]:
    """Yield where each municipality lies in the picture as it was drawn last, in the order of their names."""
    ordered = table.sort_values("name")
    places = axes.transData.transform(ordered[["longitude", "latitude"]].to_numpy())
    shares = axes.figure.transFigure.inverted().transform(places)
    for (x, y), row in zip(shares, ordered.itertuples(), strict=True):
        yield Point(100 * float(x), 100 * (1 - float(y)), _label(row, wording))


def _label(row: Any, wording: Wording) -> str:
    few = pd.isna(row.proposals)
    number = say(wording, "reach.few", limit=row.fewer_than) if few else wording.format("number", row.proposals)
    return f"{row.name} ({number})"


def _find_limit(table: pd.DataFrame) -> int:
    """Return below what the numbers stay that release left out as too small to show; 0 where it left none out."""
    limits = table["fewer_than"].dropna() if "fewer_than" in table else ()
    return int(max(limits, default=0))


def _facts(table: pd.DataFrame) -> dict[str, Any]:
    """Return what the texts tell; a number left out as too small to show is at least one, but for a limit of two."""
    counts, limit = table["proposals"].astype("float64"), _find_limit(table)
    involved = (counts > 0) | counts.isna()
    shares = involved.groupby(table["province"]).mean()
    extremes = find_extremes({str(province): float(share) for province, share in shares.items()})
    most = int(counts.fillna(0).max())
    return {
        **{f"province_{key}": value for key, value in extremes.items()},
        "municipalities": len(table),
        "involved": int(involved.sum()),
        "most": most,
        "busiest": sorted(table.loc[counts == most, "name"]) if most else [],
        "few": int(counts.isna().sum()),
        "limit": limit,
    }
