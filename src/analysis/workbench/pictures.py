"""The pictures of the workbench as SVG, drawn by hand: matplotlib takes longer to draw than a slider may wait."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from typing import Any

import pandas as pd

from analysis.figures import CONTRAST, INK, MAIN, MIDDLE, PALE, QUIET, RULE
from analysis.wording import Wording
from analysis.workbench.listing import format_short, say

WIDTH = 760  # units of the drawing; 96 to the inch
ROW = 19
HEAD = 40
TEXT = 12.5
LEFT, RIGHT = 118, 330  # where the two orders stand
BELOW = 4  # ideas below the shortlist that are drawn too
MOST = 60  # ideas drawn at most
LONGEST, BESIDE = 46, 30  # characters of a title, and of one in bold with a sign beside it
LARGEST, EACH = 13.0, 3.4  # radius of the place with the most ideas at most, and of one idea
GONE = "#7a4a2b"  # with MAIN the darkest of the house's fills
STYLES: Mapping[str, tuple[str, str, float]] = {  # fill and stroke of the mark, width of the line
    "chosen": (MAIN, MAIN, 1.6),
    "came_in": (CONTRAST, MAIN, 3.2),
    "went_out": ("#ffffff", GONE, 3.2),
    "shortlisted": ("#ffffff", MAIN, 1.0),
    "out": ("#ffffff", RULE, 1.0),
}


@dataclass(frozen=True)
class Picture:
    """A drawing as a whole SVG document, and the name of the file that it is saved as."""

    name: str
    svg: str


def draw_ranks(rows: pd.DataFrame, unit: str, wording: Wording) -> Picture:
    """Return the published order beside that of the scenario, with a line from place to place of each idea.

    `rows` has a row per idea shown: proposal, title, merit, rank, official_rank, shortlisted, official_shortlisted and
    state (a key of STYLES). Drawn are the ideas on either shortlist and a few below, MOST at most.
    """
    shown = _near_the_line(rows)
    height = HEAD + ROW * max(len(shown), 1) + 12
    before = _place(shown, "official_rank")
    after = _place(shown, "rank")
    title, text = say(wording, "ranks.title"), _describe_ranks(rows, wording)
    parts = [
        _text(LEFT, 18, say(wording, "ranks.before"), anchor="end", weight="bold"),
        _text(RIGHT, 18, say(wording, "ranks.after"), weight="bold"),
        _text(WIDTH - 6, 18, say(wording, f"column.merit.{unit}"), anchor="end", weight="bold"),
        *_cut(shown["official_shortlisted"].sum(), 6, LEFT + 22),
        *_cut(shown["shortlisted"].sum(), RIGHT - 22, WIDTH - 6),
        *_lines(shown, before, after),
        *(part for row in shown.itertuples() for part in _row(row, before, after, wording)),
    ]
    return Picture("ranks", _document(height, title, text, parts))


def _near_the_line(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows on a shortlist, then or now, and the next few, in the order of the scenario."""
    ordered = rows.sort_values(["rank", "official_rank", "proposal"])
    listed = ordered["shortlisted"] | ordered["official_shortlisted"] | (ordered["state"] != "out")
    near = ordered.index.isin(ordered.index[~listed][:BELOW])
    return ordered[listed | near].head(MOST)


def _place(rows: pd.DataFrame, column: str) -> dict[str, float]:
    """Return the height of each idea in the order of this column."""
    ordered = rows.sort_values([column, "proposal"])["proposal"]
    return {name: HEAD + ROW * (place + 0.5) for place, name in enumerate(ordered)}


def _cut(places: float, left: float, right: float) -> Iterator[str]:
    y = HEAD + ROW * float(places)
    yield f'<path d="M{left} {y:.1f}H{right}" stroke="{QUIET}" stroke-dasharray="4 3"/>'


def _lines(rows: pd.DataFrame, before: Mapping[str, float], after: Mapping[str, float]) -> Iterator[str]:
    """Yield a line per idea, those that changed over the others."""
    changed = rows["state"].isin(["came_in", "went_out"])
    for row in pd.concat([rows[~changed], rows[changed]]).itertuples():
        _, stroke, width = STYLES[row.state]
        one, other = before[row.proposal], after[row.proposal]
        yield (
            f'<path d="M{LEFT + 22} {one:.1f}C{LEFT + 100} {one:.1f}'
            f' {RIGHT - 100} {other:.1f} {RIGHT - 22} {other:.1f}" fill="none"'
            f' stroke="{stroke}" stroke-width="{width}"/>'
        )


def _row(row: Any, before: Mapping[str, float], after: Mapping[str, float], wording: Wording) -> Iterator[str]:
    fill, stroke, _ = STYLES[row.state]
    one, other = before[row.proposal], after[row.proposal]
    strong = "bold" if row.state in ("came_in", "went_out") else "normal"
    yield _text(LEFT, one + 4, f"{row.proposal}  {row.official_rank}", anchor="end")
    for x, y in ((LEFT + 15, one), (RIGHT - 15, other)):
        yield f'<circle cx="{x}" cy="{y:.1f}" r="5" fill="{fill}" stroke="{stroke}" stroke-width="1.6"/>'
    sign = say(wording, f"sign.{row.state}") if strong == "bold" else ""
    yield _text(
        RIGHT,
        other + 4,
        f"{row.rank}  {row.proposal}  {_shorten(str(row.title), BESIDE if sign else LONGEST)} {sign}".rstrip(),
        weight=strong,
    )
    yield _text(WIDTH - 6, other + 4, format_short(float(row.merit), wording.language), anchor="end")


def _describe_ranks(rows: pd.DataFrame, wording: Wording) -> str:
    counts = rows["state"].value_counts()
    facts = {name: int(counts.get(name, 0)) for name in STYLES}
    return say(wording, "ranks.described", **{**facts, "chosen": facts["chosen"] + facts["came_in"]})


def draw_map(places: pd.DataFrame, outline: str, frame: Frame, wording: Wording) -> Picture:
    """Return the municipalities as circles, their area in proportion to their ideas; each tells itself.

    `places` has a row per municipality: name, longitude, latitude, proposals, fewer_than, share, chosen. `outline` is
    the path of the region in the frame (`trace`).
    """
    ordered = places.sort_values(["proposals", "name"], ascending=[False, True])
    parts = [f'<path d="{outline}" fill="{PALE}" stroke="{QUIET}" stroke-width="0.7"/>'] if outline else []
    parts += [
        *(_circle(row, place == 0, frame, wording) for place, row in enumerate(ordered.itertuples())),
        *_legend(frame, wording),
    ]
    involved = ordered["proposals"].isna() | (ordered["proposals"] > 0)
    counted = {
        "municipalities": len(ordered),
        "involved": int(involved.sum()),
        "chosen": int((ordered["chosen"] > 0).sum()),
    }
    text = say(wording, "map.described", **counted)
    return Picture("map", _document(frame.height, say(wording, "map.title"), text, parts, role="group"))


@dataclass(frozen=True)
class Frame:
    """Where degrees lie in a drawing: equirectangular, true to scale along the middle latitude."""

    west: float
    north: float
    across: float  # units a degree of longitude
    down: float  # units a degree of latitude
    height: float

    @classmethod
    def around(cls, longitudes: Iterable[float], latitudes: Iterable[float]) -> Frame:
        """Return the frame that holds these places with a margin; raise ValueError for no place."""
        x, y = list(longitudes), list(latitudes)
        if not x:
            raise ValueError("frame: found no place; expected at least one to draw.")
        margin = 20.0
        across = (WIDTH - 2 * margin) / max(max(x) - min(x), 0.1)
        down = across / math.cos(math.radians((max(y) + min(y)) / 2))
        height = (max(y) - min(y)) * down + 2 * margin + 24
        return cls(min(x) - margin / across, max(y) + margin / down, across, down, round(height))

    def locate(self, longitude: float, latitude: float) -> tuple[float, float]:
        """Return where a place lies, in units from the left and from the top."""
        return (longitude - self.west) * self.across, (self.north - latitude) * self.down


def trace(rings: Iterable[Iterable[tuple[float, float]]], frame: Frame) -> str:
    """Return rings of longitudes and latitudes as the data of one path."""
    drawn = (" ".join("{:.1f} {:.1f}".format(*frame.locate(x, y)) for x, y, *_ in ring) for ring in rings)
    return "".join(f"M{ring}Z" for ring in drawn)


def _circle(row: Any, is_first: bool, frame: Frame, wording: Wording) -> str:
    x, y = frame.locate(row.longitude, row.latitude)
    few, number, chosen = (0 if pd.isna(value) else int(value) for value in (row.fewer_than, row.proposals, row.chosen))
    drawn = number or int(few > 0)
    radius = min(EACH * math.sqrt(drawn), LARGEST) if drawn else 2.0
    fill, stroke = (MAIN, INK) if chosen else (MIDDLE, "#ffffff") if drawn else ("#ffffff", QUIET)
    share = None if pd.isna(row.share) else float(row.share)
    told = escape(_tell(wording, row.name, number, few, share, chosen), quote=True)
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" fill="{fill}" stroke="{stroke}" stroke-width="0.8"'
        f' fill-opacity="0.85" role="img" tabindex="{0 if is_first else -1}" aria-label="{told}" data-tip="{told}"/>'
    )


@lru_cache(maxsize=20_000)
def _tell(wording: Wording, name: str, number: int, few: int, share: float | None, chosen: int) -> str:
    """Return what a place tells; remembered, as most places stay while a slider moves."""
    return say(wording, "map.place", name=name, proposals=number, few=few, share=share, chosen=chosen)


def _legend(frame: Frame, wording: Wording) -> Iterator[str]:
    x, y = 16.0, frame.height - 12
    for key, fill, stroke in (("chosen", MAIN, INK), ("some", MIDDLE, "#ffffff"), ("none", "#ffffff", QUIET)):
        label = say(wording, f"map.legend.{key}")
        yield f'<circle cx="{x}" cy="{y - 4}" r="5" fill="{fill}" stroke="{stroke}" stroke-width="0.8"/>'
        yield _text(x + 10, y, label)
        x += 30 + 6.6 * len(label)


def _document(height: float, title: str, text: str, parts: Iterable[str], role: str = "img") -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="{role}"'
        f' aria-label="{escape(f"{title}. {text}", quote=True)}" font-family="DejaVu Sans, Verdana, sans-serif"'
        f' font-size="{TEXT}"><desc>{escape(text)}</desc>{"".join(parts)}</svg>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start", weight: str = "normal") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" fill="{INK}"'
        f' xml:space="preserve">{escape(text)}</text>'
    )


def _shorten(title: str, longest: int) -> str:
    return title if len(title) <= longest else f"{title[: longest - 1].rstrip()}…"
