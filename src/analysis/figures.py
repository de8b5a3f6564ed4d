"""A picture with its alternative text and caption, the one style in which all are drawn, and helpers to draw them."""

from __future__ import annotations

import io
import math
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Literal

import matplotlib.style
import pandas as pd
import seaborn as sns
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure as Picture
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.legend import Legend
from matplotlib.ticker import FuncFormatter, MaxNLocator

from analysis.declarations import GROUPED_BY, MERGED
from analysis.wording import Wording, open_with_capital

WIDTH = 6.9  # inches; little more than the measure of an A4 page, so that text hardly shrinks there
TEXT_SIZE = 9.5  # points
LINE_HEIGHT = 0.165  # inches; one line of text of that size
ROW_SPACE = 0.14  # inches; between the labels of two rows
BAR_HEIGHT = 0.19  # inches
MARGIN = 0.07  # inches; around the picture
MONTH_WIDTH = 0.42  # inches; the label of a month and some space
INK, QUIET, RULE, PALE = "#1c2127", "#4c5661", "#c5ccd3", "#e6eaee"
# Neighbours differ clearly in lightness, and every second one is hatched, so that a grey print keeps them apart.
FILLS = ("#34608a", "#e0b45c", "#7ba3bf", "#f0e3c4", "#7a4a2b", "#c9d7cf")
HATCHES = ("", "////", "", "....", "", "\\\\\\\\")
MAIN, CONTRAST, MIDDLE = FILLS[:3]
Place = Literal["outside upper left", "outside lower left", "outside lower center"]
STYLE: Mapping[str, Any] = {
    **sns.axes_style("ticks"),
    **sns.plotting_context("paper"),
    "font.family": ["DejaVu Sans"],
    **dict.fromkeys(("font.size", "axes.labelsize", "axes.titlesize", "legend.fontsize"), TEXT_SIZE),
    **dict.fromkeys(("xtick.labelsize", "ytick.labelsize"), TEXT_SIZE - 0.5),
    **dict.fromkeys(("text.color", "axes.labelcolor", "xtick.labelcolor", "ytick.labelcolor"), INK),
    **dict.fromkeys(("axes.edgecolor", "xtick.color", "ytick.color", "grid.color"), RULE),
    **dict.fromkeys(("xtick.bottom", "ytick.left", "axes.spines.right", "axes.spines.top", "legend.frameon"), False),
    **dict.fromkeys(("axes.linewidth", "grid.linewidth", "hatch.linewidth"), 0.6),
    "axes.titlelocation": "left",
    "axes.axisbelow": True,
    "text.parse_math": False,  # an id with dollars is no formula
    "svg.fonttype": "path",
    "svg.hashsalt": "oproep",
}


@dataclass(frozen=True)
class Point:
    """A place in a picture, in percent of its width from the left and of its height from the top, and what is there."""

    x: float
    y: float
    label: str


@dataclass(frozen=True)
class Figure:
    """An SVG picture with the text that replaces it and the caption below it; notebooks show all three.

    `tables` are those whose rows it shows. Its points are labelled on a page that has scripts; they say no more than
    tables that the reader is given.
    """

    id: str
    svg: str
    alt: str
    caption: str
    points: tuple[Point, ...] = ()
    tables: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a figure that says nothing to who cannot see it."""
        for name in ("alt", "caption"):
            if not getattr(self, name).strip():
                raise ValueError(f"figure {self.id}: found no {name}; expected a text that states what it shows.")

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, str], dict[str, dict[str, Any]]]:
        description: dict[str, Any] = {"id": self.id, "alt": self.alt, "caption": self.caption}
        if self.points:
            description["points"] = [asdict(point) for point in self.points]
        return {"image/svg+xml": self.svg, "text/plain": f"{self.caption} {self.alt}"}, {"image/svg+xml": description}


@contextmanager
def draw_picture(height: float) -> Iterator[Picture]:
    """Give an empty picture of this height in inches; inside the context all is drawn and saved in the one style."""
    with matplotlib.style.context(["default", dict(STYLE)]):
        yield Picture(figsize=(WIDTH, height), layout=ConstrainedLayoutEngine(w_pad=MARGIN, h_pad=MARGIN))


def finish(
    picture: Picture, name: str, wording: Wording, tables: Sequence[str], *, variant: str = "", **facts: Any
) -> Figure:
    """Return the figure with the texts `figures.<name>.alt` and `.caption`, filled in with facts of what was drawn.

    `tables` are those that it was drawn from. `variant` tells figures apart that share a name; it becomes part of the
    id.
    """
    alt, caption = (say(wording, f"{name}.{text}", **facts) for text in ("alt", "caption"))
    figure_id = f"{name}-{variant}" if variant else name
    return Figure(figure_id.replace("_", "-"), render(picture, caption), alt, caption, tables=tuple(tables))


def render(picture: Picture, title: str) -> str:
    """Return a picture as SVG with a title; the same picture gives the same text, on any day."""
    file = io.StringIO()
    anonymous = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    picture.savefig(file, format="svg", metadata={"Title": title, **anonymous})
    svg = file.getvalue()
    return svg[svg.index("<svg ") :].replace("<svg ", '<svg role="img" ', 1)


def say(wording: Wording, key: str, **facts: Any) -> str:
    """Return the text at `figures.<key>` on one line.

    Templates may call `counted("proposals", n)` for a number with its noun, `capital(text)` for the start of a
    sentence, `quote(label)`, and `listed(names)` for a running list that becomes a number of groups where it would
    be long.
    """

    def counted(noun: str, number: float) -> str:
        return say(wording, f"nouns.{noun}", n=number)

    def listed(names: list[str], noun: str = "groups", most: int = 3) -> str:
        return wording.join(names) if len(names) <= most else counted(noun, len(names))

    helpers = {"counted": counted, "listed": listed, "capital": open_with_capital, "quote": quote}
    text = wording.plain(f"figures.{key}", **helpers, **facts)
    return " ".join(text.split())


def refuse_empty(table: pd.DataFrame, name: str) -> None:
    """Raise ValueError for a table without rows: there is nothing to draw."""
    if table.empty:
        raise ValueError(f"table {name}: found no rows; expected at least one to draw.")


def label_group(dimension: str, group: str, wording: Wording) -> str:
    """Return the label of a group of a dimension; provinces are their own label."""
    if dimension == "province" and group != MERGED:
        return group
    return wording.label(GROUPED_BY.get(dimension, dimension), group)


def quote(label: str) -> str:
    """Return a label in quotation marks, as part of a sentence that it does not fit grammatically."""
    return f"‘{label.rstrip('.')}’"


def find_extremes(values: Mapping[str, float]) -> dict[str, Any]:
    """Return which labels have the highest and the lowest value, ties included, for the templates."""
    most, least = max(values.values(), default=0), min(values.values(), default=0)
    return {
        "most": most,
        "least": least,
        "largest": [label for label, value in values.items() if value == most],
        "smallest": [label for label, value in values.items() if value == least],
        "groups": len(values),
        "total": sum(values.values()),
        "merged": 0,
    }


def describe_groups(dimension: str, counts: Mapping[str, int], others: str = "") -> dict[str, Any]:
    """Return the extremes of counts per label of a dimension, the labels in quotation marks but for provinces.

    Merged groups (see `coarsening`), which bear the label `others`, have no extreme; `merged` is what they count.
    """
    named = {label: number for label, number in counts.items() if label != others}
    mentioned = {label if dimension == "province" else quote(label): number for label, number in named.items()}
    total, merged = sum(counts.values()), counts.get(others, 0)
    return {"dimension": dimension, **find_extremes(mentioned), "total": total, "merged": merged}


def order_groups(table: pd.DataFrame, group: str) -> pd.DataFrame:
    """Return the rows of counts by size, the largest first and ties as they stand; merged groups come last."""
    last = table.assign(last=table[group] == MERGED)
    ordered = last.sort_values(["last", "proposals"], ascending=[True, False], kind="stable")
    return ordered.drop(columns="last")


def wrap(text: str, width: int, *, break_words: bool = False) -> str:
    """Return a text broken into lines of at most this many characters; a longer word stays whole or may break."""
    return "\n".join(textwrap.wrap(text, width, break_long_words=break_words, break_on_hyphens=False))


def measure_rows(labels: Sequence[str], space: float = ROW_SPACE) -> float:
    """Return the height in inches of rows with these wrapped labels, all as high as the highest."""
    lines = max(label.count("\n") + 1 for label in labels)
    return len(labels) * (lines * LINE_HEIGHT + space)


def label_rows(axes: Axes, labels: Sequence[str]) -> None:
    """Write a label left of every row, the first on top."""
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)


def size_bars(labels: Sequence[str]) -> float:
    """Return the height of a bar as a share of its row, so that bars are equally high in all pictures."""
    return BAR_HEIGHT * len(labels) / measure_rows(labels)


def draw_bars(axes: Axes, labels: Sequence[str], values: Sequence[float], texts: Sequence[str]) -> None:
    """Draw one bar per row with its value as text at the end, which makes a horizontal axis superfluous."""
    bars = axes.barh(range(len(values)), values, height=size_bars(labels), color=MAIN)
    axes.bar_label(bars, texts, padding=4)
    label_rows(axes, labels)
    axes.set_xlim(0, max(*values, 0) or 1)
    axes.set_xticks([])
    axes.spines["bottom"].set_visible(False)


def place_legend(picture: Picture, place: Place, handles: Sequence[Artist], **options: Any) -> None:
    """Put a legend outside the axes, in as many columns as fit the width of the picture."""
    for columns in range(len(handles), 0, -1):
        legend: Legend = picture.legend(handles=list(handles), loc=place, ncols=columns, **options)
        if legend.get_window_extent().width <= (WIDTH - 2 * MARGIN) * picture.dpi or columns == 1:
            return
        legend.remove()


def number_axis(axis: Axis, wording: Wording, decimals: int = 0) -> None:
    """Write numbers along an axis as the language does; without decimals only whole numbers."""
    axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10], integer=decimals == 0))
    axis.set_major_formatter(FuncFormatter(lambda value, _: wording.format("number", value, decimals=decimals)))


def fill_style(position: int) -> dict[str, Any]:
    """Return colour and hatch of one of several series; neighbours differ in grey too."""
    kind = position % len(FILLS)
    return {"facecolor": FILLS[kind], "hatch": HATCHES[kind], "edgecolor": "white"}


def name_months(months: Sequence[pd.Timestamp], wording: Wording) -> list[str]:
    """Return a short label per month, with the year below the first one of each year."""
    labels, year_before = [], ""
    for month in months:
        name, year = wording.format("month_short", month.date()).rsplit(" ", 1)
        labels.append(name if year == year_before else f"{name}\n{year}")
        year_before = year
    return labels


def label_months(axes: Axes, months: Sequence[pd.Timestamp], places: Sequence[float], wording: Wording) -> None:
    """Write the months at their places along the axis, leaving out so many that the others fit.

    What takes room beside the axis must be drawn before, as the layout is settled here.
    """
    picture = axes.get_figure(root=True)
    if picture is None:
        raise ValueError("axes: found none of a picture; expected axes that are part of one.")
    picture.draw_without_rendering()
    step = math.ceil(MONTH_WIDTH * len(months) * picture.dpi / axes.get_window_extent().width)
    axes.set_xticks(places[::step], name_months(months[::step], wording))


def keep_apart(centres: Sequence[float], gap: float) -> list[float]:
    """Return ascending positions moved as little as needed to leave this gap between neighbours."""
    placed: list[float] = []
    for centre in centres:
        placed.append(max(centre, placed[-1] + gap) if placed else centre)
    shift = (sum(placed) - sum(centres)) / len(centres)
    return [position - shift for position in placed]


def show(plot: Callable[..., Figure], table: pd.DataFrame, *arguments: Any) -> Figure | str:
    """Return the figure that a plot draws from its arguments, or, where the table has no rows, a sentence saying so."""
    wording = next(argument for argument in arguments if isinstance(argument, Wording))
    return wording.plain("steps.nothing") if table.empty else plot(*arguments)
