"""A whole run against the peer that a user has without us: papermill and nbconvert, a command per notebook.

Both execute the same notebooks of the same call in a project of their own.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from analysis.declarations import Edition
from analysis.pipeline import release_edition
from analysis.store import Store
from bench.measure import TESTS, Bound, Case, Run, Way, run_command

ROOT = TESTS.parent
CALL = "digitale-innovatie-2016"
EDITION = Edition.model_validate({"as_of": "2016-09-09", "audience": "public", "language": "nl"})
BIN = Path(sys.executable).parent


def run_ours(folder: Path) -> Run:
    """Run the command line: all steps, one edition in HTML and PDF."""
    root = make_project(folder)
    return run_command(str(BIN / "oproep"), "run", CALL, "--as-of", EDITION.as_of.isoformat(), "--root", str(root))


def run_peer(folder: Path) -> Run:
    """Run the same notebooks by command line, each then turned into HTML; the peer makes no PDF at all."""
    root = make_project(folder)
    store, runs = Store(root, CALL), []
    copies = root / "copies"
    copies.mkdir()
    for step in store.pipeline.steps:
        if step.per_edition:
            release_edition(store, step, EDITION)
        copy = copies / f"{step.name}.ipynb"
        notebook = root / "notebooks" / copy.name
        parameters = ["--cwd", str(notebook.parent), "-p", "call", CALL]
        runs.append(run_command(str(BIN / "papermill"), str(notebook), str(copy), *parameters))
        runs.append(run_command(str(BIN / "jupyter"), "nbconvert", "--to", "html", str(copy)))
    return join(runs)


def join(runs: Sequence[Run]) -> Run:
    """Return commands run one after the other as a single run."""
    return Run(sum(run.seconds for run in runs), sum(run.cpu for run in runs), max(run.peak for run in runs))


def make_project(folder: Path) -> Path:
    """Return a new folder with the notebooks and raw data, and nothing made from them."""
    root = Path(tempfile.mkdtemp(dir=folder))
    for name in ("notebooks", "data/raw"):
        shutil.copytree(ROOT / name, root / name)
    return root


CASES = [Case("a whole run", Way("oproep run", run_ours), Way("papermill and nbconvert", run_peer), runs=5)]
BOUNDS: list[Bound] = []
