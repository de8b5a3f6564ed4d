"""The executed copy of a notebook without what tells of the machine that ran it, its user, and the moment."""

from __future__ import annotations

import re
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nbformat import NotebookNode

OF_THE_RUN = ("input_path", "output_path", "start_time", "end_time", "duration", "environment_variables")
INJECTED = "injected-parameters"  # a tag of papermill, which gives the cell another id at every run
ELSEWHERE = "…"  # in the place of a folder that is not the project's


def strip(executed: NotebookNode, root: Path) -> NotebookNode:
    """Strip an executed notebook, in place, of paths and times, and return it; two runs then give equal copies.

    In what it printed and in tracebacks, paths below `root`, the folder of the project, are written from there; others
    lose the folder of the installation, the user or the system that they begin with. What it shows stays as it was.
    """
    shorten = _shortening(root)
    for metadata in (executed.metadata, *(cell.metadata for cell in executed.cells)):
        metadata.pop("execution", None)
        for key in OF_THE_RUN:
            metadata.get("papermill", {}).pop(key, None)
    for cell in executed.cells:
        if INJECTED in cell.metadata.get("tags", []):
            cell["id"] = INJECTED
        for output in cell.get("outputs", []):
            _shorten_output(output, shorten)
    return executed


def _shorten_output(output: NotebookNode, shorten: Callable[[str], str]) -> None:
    data = output.get("data", {})
    for holder, key in ((output, "text"), (output, "evalue"), (data, "text/plain")):
        if key in holder:
            holder[key] = shorten(holder[key])
    if "traceback" in output:
        output["traceback"] = [shorten(line) for line in output["traceback"]]


def _shortening(root: Path) -> Callable[[str], str]:
    """Return what shortens the paths in a text, those in inner folders before those in outer ones."""
    places = {str(folder): ELSEWHERE for own in _folders() for folder in (own, own.resolve())}
    places |= {str(folder): "" for folder in (root, root.resolve())}
    inner = sorted((folder for folder in places if Path(folder) != Path(folder).parent), key=len, reverse=True)
    # A path begins after what is no part of one, or after a colour of the traceback.
    found = [(re.compile(rf"(?:(?<![\w./-])|(?<=\dm)){re.escape(folder)}(/|\\|(?![\w-]))"), folder) for folder in inner]

    def shorten(text: str) -> str:
        for pattern, folder in found:
            short = places[folder]
            text = pattern.sub(rf"{short}\1" if short else "", text)
        return text

    return shorten


def _folders() -> Iterator[Path]:
    """Yield the folders of this installation, of its user and of the system that paths may begin with."""
    yield Path(__file__).parents[1]
    yield from (Path(sysconfig.get_path(name)) for name in ("purelib", "platlib", "stdlib"))
    yield from (Path(sys.prefix), Path(sys.base_prefix), Path(tempfile.gettempdir()))
    with suppress(RuntimeError):  # a user without a home
        yield Path.home()
