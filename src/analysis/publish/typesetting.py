"""Typst, with the fonts that every machine has."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from threading import Event
from typing import Any

import matplotlib
import typst

threaded = Event()  # set once Typst has started its threads: what is then forked from this process would wait for them


def typeset(source: str, **options: Any) -> bytes | list[bytes]:
    """Return what Typst makes of a source: a document, or a list of pictures if they are several.

    Raises:
        typst.TypstError: the source is at fault, or cannot be made to meet the standards among the options.
    """
    threaded.set()
    made: bytes | list[bytes] = typst.compile(source.encode(), font_paths=_fonts(), ignore_system_fonts=True, **options)
    return made


@cache
def _fonts() -> typst.Fonts:
    """Return the fonts of Typst and Matplotlib: of every machine the same, and a sign for every character."""
    directory = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return typst.Fonts(include_system_fonts=False, font_paths=[directory])
