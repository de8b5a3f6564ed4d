"""The plot of the progress in the masterclasses: a flow from the maturity at the intake to that at the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch, PathPatch, Rectangle
from matplotlib.path import Path

from analysis.declarations import MATURITIES
from analysis.figures import (
    CONTRAST,
    INK,
    LINE_HEIGHT,
    MIDDLE,
    RULE,
    Figure,
    draw_picture,
    finish,
    keep_apart,
    place_legend,
    refuse_empty,
    say,
)
from analysis.wording import Wording

HEIGHT = 3.6  # inches
STAGES = MATURITIES[::-1]  # the ripest on top, so that progress goes up
SPACE = 0.07  # between stages, as a share of all proposals
LEFT, RIGHT, NODE = 0.0, 1.0, 0.02  # sides and width of the bars, with the flows between them
THIN = 0.02  # share of all proposals; a thinner band is drawn with an edge of its own colour, or it would vanish
KINDS: Mapping[str, Mapping[str, Any]] = {
    "up": {"facecolor": MIDDLE},
    "same": {"facecolor": RULE},
    "down": {"facecolor": CONTRAST, "hatch": "////"},
}


@dataclass(frozen=True)
class Flow:
    """The proposals that go from one stage to another, with the top of their band on either side, in proposals."""

    proposals: int
    kind: str
    left: float
    right: float


def progress(progress: pd.DataFrame, wording: Wording) -> Figure:
    """Return the flow of proposals between stages of maturity (see the contract `progress`), with the count of each."""
    refuse_empty(progress[progress["proposals"] > 0], "progress")
    counts = progress.pivot(index="maturity_intake", columns="maturity_end", values="proposals")
    counts = counts.reindex(index=STAGES, columns=STAGES).fillna(0).astype("int64")
    total = int(counts.to_numpy().sum())
    gap = total * LINE_HEIGHT / HEIGHT * 1.5
    flows = list(_list_flows(counts))
    with draw_picture(HEIGHT) as picture:
        axes = picture.subplots()
        axes.set_axis_off()
        axes.set_ylim(total * (1 + 2 * SPACE), -2 * gap)
        _draw_stages(axes, counts.sum(axis=1), LEFT, gap, wording)
        _draw_stages(axes, counts.sum(axis=0), RIGHT, gap, wording)
        _draw_flows(axes, flows, gap, wording)
        kinds = [kind for kind in KINDS if any(flow.kind == kind for flow in flows)]
        handles = [Patch(edgecolor="white", label=say(wording, f"progress.{kind}"), **KINDS[kind]) for kind in kinds]
        place_legend(picture, "outside lower center", handles)
        return finish(picture, "progress", wording, ["progress"], **_facts(flows, counts))


def _find_tops(sizes: pd.Series) -> dict[str, float]:
    """Return the top of every stage where the stages stand below each other with space between."""
    space = SPACE * sizes.sum()
    return {str(stage): sizes.iloc[:row].sum() + row * space for row, stage in enumerate(sizes.index)}


def _list_flows(counts: pd.DataFrame) -> Iterator[Flow]:
    left, right = _find_tops(counts.sum(axis=1)), _find_tops(counts.sum(axis=0))
    for row, intake in enumerate(STAGES):
        for column, end in enumerate(STAGES):
            proposals = int(counts.iloc[row, column])
            if proposals:
                kind = "up" if column < row else "down" if column > row else "same"
                yield Flow(proposals, kind, left[intake], right[end])
            left[intake] += proposals
            right[end] += proposals


def _draw_stages(axes: Axes, sizes: pd.Series, side: float, gap: float, wording: Wording) -> None:
    outward = -1 if side == LEFT else 1
    align = "right" if side == LEFT else "left"
    tops = {stage: top for stage, top in _find_tops(sizes).items() if sizes[stage]}
    for stage, top in tops.items():
        corner = side - NODE if side == LEFT else side
        axes.add_patch(Rectangle((corner, top), NODE, sizes[stage], facecolor=INK, edgecolor="none"))
    centres = keep_apart([top + sizes[stage] / 2 for stage, top in tops.items()], gap)
    for stage, centre in zip(tops, centres, strict=True):
        text = f"{wording.label('maturity', stage)}: {wording.format('number', sizes[stage])}"
        axes.text(side + outward * 1.7 * NODE, centre, text, ha=align, va="center")
    heading = say(wording, "progress.intake" if side == LEFT else "progress.end")
    inward = "left" if side == LEFT else "right"
    axes.text(side + outward * NODE, -1.5 * gap, heading, ha=inward, va="center", fontweight="bold")


def _draw_flows(axes: Axes, flows: list[Flow], gap: float, wording: Wording) -> None:
    """Draw every flow as a band, and its count where it leaves."""
    total = sum(flow.proposals for flow in flows)
    for flow in sorted(flows, key=lambda flow: -flow.proposals):
        style = KINDS[flow.kind]
        edge = style["facecolor"] if flow.proposals < THIN * total else "white"
        axes.add_patch(PathPatch(_shape_band(flow), edgecolor=edge, linewidth=0.8, **style))
    centres = keep_apart([flow.left + flow.proposals / 2 for flow in flows], gap)
    for flow, centre in zip(flows, centres, strict=True):
        boxed = {"facecolor": "white", "edgecolor": "none", "pad": 1.2}
        axes.text(0.05, centre, wording.format("number", flow.proposals), ha="center", va="center", bbox=boxed)


def _shape_band(flow: Flow) -> Path:
    """Return the outline of a band that leaves and arrives level."""
    middle = (LEFT + RIGHT) / 2
    left_end, right_end = flow.left + flow.proposals, flow.right + flow.proposals
    corners = [
        (LEFT, flow.left), (middle, flow.left), (middle, flow.right), (RIGHT, flow.right),
        (RIGHT, right_end), (middle, right_end), (middle, left_end), (LEFT, left_end), (LEFT, flow.left),
    ]  # fmt: skip
    curve = [Path.CURVE4] * 3
    return Path(corners, [Path.MOVETO, *curve, Path.LINETO, *curve, Path.CLOSEPOLY])


def _facts(flows: list[Flow], counts: pd.DataFrame) -> dict[str, Any]:
    moved = {kind: sum(flow.proposals for flow in flows if flow.kind == kind) for kind in KINDS}
    ripest = STAGES[0]
    return {
        **moved,
        "total": sum(moved.values()),
        "ripe_before": int(counts.loc[ripest].sum()),
        "ripe_after": int(counts[ripest].sum()),
        "ripest": ripest,
    }
