"""Plot of what municipalities pay for a service that a pilot became."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullLocator

from analysis.declarations import CostSharing
from analysis.figures import MAIN, QUIET, Figure, draw_picture, finish, number_axis, refuse_empty, say, wrap
from analysis.wording import Wording

HEIGHT = 3.2  # inches
TENFOLD = (
    10  # where the largest value is so many times the smallest, an axis is logarithmic: none then crowd at its foot
)


def cost_shares(cost_shares: pd.DataFrame, service: str, title: str, wording: Wording) -> Figure:
    """Return what each municipality pays a year for one service (euro), here with its title, by its population.

    Those that pay most and least are named. A dashed line shows what one pays at most, where the call declares that.
    """
    shares = cost_shares[cost_shares["proposal"] == service]
    refuse_empty(shares, f"cost_shares, service {service}")
    ordered = shares.sort_values(["euro", "population", "nis"], ignore_index=True)
    with draw_picture(HEIGHT) as picture:
        axes = picture.subplots()
        axes.grid()
        axes.plot(ordered["population"], ordered["euro"], "o", color=MAIN, markeredgecolor="white", markersize=6)
        most = _draw_most(axes, wording.call.cost_sharing, wording)
        scales = {
            "population": _scale_axis(axes, "x", ordered["population"].tolist(), wording),
            "euro": _scale_axis(axes, "y", [*ordered["euro"], *([most] if most else [])], wording),
        }
        axes.set_xlabel(say(wording, "cost_shares.population", scale=scales["population"]))
        axes.set_ylabel(wrap(say(wording, "cost_shares.euro", scale=scales["euro"]), 26))
        _name_ends(axes, ordered)
        return finish(
            picture, "cost_shares", wording, ["cost_shares"], variant=service, title=title, **_facts(ordered, most)
        )


def _scale_axis(axes: Axes, name: Literal["x", "y"], values: Sequence[float], wording: Wording) -> str:
    """Let an axis begin at zero, or be logarithmic where its values differ much; return which of the two it is."""
    axis = {"x": axes.xaxis, "y": axes.yaxis}[name]
    number_axis(axis, wording)
    if not 0 < TENFOLD * min(values) <= max(values):
        axes.set(**{f"{name}lim": (0, 1.15 * max(*values, 1))})
        return "linear"
    numbers = axis.get_major_formatter()
    axes.set(**{f"{name}scale": "log", f"{name}lim": (min(values) / 1.5, max(values) * 1.5)})
    axis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(numbers)
    return "log"


def _name_ends(axes: Axes, ordered: pd.DataFrame) -> None:
    """Write the names of the municipalities that pay least and most beside their points, within the picture."""
    ends = {0: ("left", 6, -3), len(ordered) - 1: ("right", -6, 3)} if len(ordered) > 1 else {0: ("right", -6, 3)}
    for place, (side, x, y) in ends.items():
        row = ordered.iloc[place]
        axes.annotate(
            row["municipality"], (row["population"], row["euro"]), xytext=(x, y), textcoords="offset points",
            ha=side, va="top" if y < 0 else "bottom",
        )  # fmt: skip


def _draw_most(axes: Axes, sharing: CostSharing | None, wording: Wording) -> int | None:
    """Draw the line of what a municipality pays at most and return that, or None where the call declares none."""
    most = sharing.most_per_municipality if sharing else None
    if most is not None:
        axes.axhline(most, color=QUIET, linestyle="--")
        axes.annotate(
            say(wording, "cost_shares.most"), (0, most), xycoords=("axes fraction", "data"), xytext=(4, 3),
            textcoords="offset points", va="bottom",
        )  # fmt: skip
    return most


def _facts(ordered: pd.DataFrame, most: int | None) -> dict[str, Any]:
    euro = ordered["euro"].astype(int)
    ends = {"lowest": ordered.iloc[0], "highest": ordered.iloc[-1]}
    return {
        "municipalities": len(ordered),
        "total": int(euro.sum()),
        **{name: {"name": row["municipality"], "euro": int(row["euro"])} for name, row in ends.items()},
        "most": most,
        "above": int((euro > most).sum()) if most is not None else 0,
    }
