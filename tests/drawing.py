"""Where the texts of a picture stand, for tests that nothing is cut off or lies over something else."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import pytest
from matplotlib.figure import Figure as Picture
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from analysis import figures


@dataclass
class Drawn:
    """The texts of the picture that was rendered last, with their boxes, and the size of its canvas (points)."""

    width: float = 0
    height: float = 0
    boxes: dict[Text, Bbox] = field(default_factory=dict)

    def texts(self) -> set[str]:
        """Return all that is written."""
        return {text.get_text() for text in self.boxes}

    def outside(self) -> list[str]:
        """Return the texts that are not wholly on the canvas."""
        canvas = Bbox.from_bounds(0, 0, self.width, self.height)
        return [text.get_text() for text, box in self.boxes.items() if not _holds(canvas, box)]

    def overlapping(self) -> list[tuple[str, str]]:
        """Return the pairs of level texts that lie over each other; the boxes of slanted ones say nothing of that."""
        level = [(text.get_text(), box) for text, box in self.boxes.items() if text.get_rotation() in (0, 90)]
        return [(a, b) for (a, first), (b, second) in combinations(level, 2) if _overlap(first, second)]


def _holds(canvas: Bbox, box: Bbox) -> bool:
    return bool(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= canvas.x1 and box.y1 <= canvas.y1)


def _overlap(first: Bbox, second: Bbox) -> bool:
    shared = Bbox.intersection(first, second)
    return shared is not None and shared.width > 0.5 and shared.height > 0.5


def watch_drawing(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    """Return a record that every picture rendered from now on fills anew."""
    drawn = Drawn()
    draw, render = Text.draw, figures.render

    def draw_and_note(self: Text, renderer: Any) -> None:
        draw(self, renderer)
        if self.get_visible() and self.get_text():
            drawn.boxes[self] = self.get_window_extent(renderer)

    def render_anew(picture: Picture, title: str) -> str:
        drawn.boxes.clear()
        drawn.width, drawn.height = (float(side) * 72 for side in picture.get_size_inches())
        return render(picture, title)

    monkeypatch.setattr(Text, "draw", draw_and_note)
    monkeypatch.setattr(figures, "render", render_anew)
    return drawn
