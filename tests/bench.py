"""Measures a whole run against the peer that a user has without us: papermill and nbconvert, a command per notebook.

Both execute the same notebooks of the same call in a project of their own, in turn; what counts is the ratio, for
machines differ. Writes `reports/bench/run.csv` and prints it.
"""

from __future__ import annotations

import csv
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from analysis.declarations import Edition
from analysis.pipeline import release_edition
from analysis.store import Store

ROOT = Path(__file__).parents[1]
CALL = "digitale-innovatie-2016"
EDITION = Edition.model_validate({"as_of": "2016-09-09", "audience": "public", "language": "nl"})
RUNS = 5
BIN = Path(sys.executable).parent


def timed(*command: str) -> tuple[float, float]:
    """Run a command; return its wall time in seconds and the peak memory of its processes in MiB."""
    started = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise RuntimeError(f"{' '.join(command)} ended with status {status}")
    return time.perf_counter() - started, usage.ru_maxrss / 1024


def run_ours(root: Path) -> tuple[float, float]:
    """Run the command line: all steps, one edition in HTML and PDF."""
    options = ["--as-of", EDITION.as_of.isoformat(), "--root", str(root)]
    return timed(str(BIN / "oproep"), "run", CALL, *options)


def run_peer(root: Path) -> tuple[float, float]:
    """Run the same notebooks by command line, each then turned into HTML; the peer makes no PDF at all."""
    store, wall, peak = Store(root, CALL), 0.0, 0.0
    copies = root / "copies"
    copies.mkdir(exist_ok=True)
    for step in store.pipeline.steps:
        if step.per_edition:
            release_edition(store, step, EDITION)
        copy = copies / f"{step.name}.ipynb"
        notebook = root / "notebooks" / copy.name
        for command in (
            [str(BIN / "papermill"), str(notebook), str(copy), "--cwd", str(notebook.parent), "-p", "call", CALL],
            [str(BIN / "jupyter"), "nbconvert", "--to", "html", str(copy)],
        ):
            seconds, memory = timed(*command)
            wall, peak = wall + seconds, max(peak, memory)
    return wall, peak


def make_project() -> Path:
    """Return a folder with the notebooks and raw data, and nothing made from them."""
    root = Path(tempfile.mkdtemp(prefix="oproep-bench-"))
    for name in ("notebooks", "data/raw"):
        shutil.copytree(ROOT / name, root / name)
    return root


def main() -> None:
    """Run both in turn, print medians and ratios, and write them to a file."""
    ways: dict[str, Callable[[Path], tuple[float, float]]] = {
        "oproep run": run_ours,
        "papermill and nbconvert": run_peer,
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(RUNS):
        for name, way in ways.items():
            root = make_project()
            found[name].append(way(root))
            shutil.rmtree(root)
    rows = [
        {"way": name, "wall_seconds": statistics.median(w for w, _ in runs), "peak_mib": max(p for _, p in runs)}
        for name, runs in found.items()
    ]
    for row in rows:
        row["ratio"] = row["wall_seconds"] / rows[0]["wall_seconds"]
    target = ROOT / "reports" / "bench" / "run.csv"
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows({key: f"{v:.2f}" if isinstance(v, float) else v for key, v in row.items()} for row in rows)
    print(target.read_text(encoding="utf-8"), end="")


if __name__ == "__main__":
    main()
