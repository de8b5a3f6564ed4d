"""All sheets of feedback on a cluster of one and of two workers, and what ten thousand would take on more of them.

The workers are processes on this machine and share a folder. The forecast adds what one process does by itself (granting
to each sheet what it may show, looking what is fresh, the list) to the largest of what goes on beside it: the work of
the workers, the starting of batches by the scheduler, and the writing of files to the one folder.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from analysis.files import write_bytes
from analysis.pipeline import run
from analysis.plan import Plan
from analysis.sheetrun import Wanted, make_sheets
from analysis.store import Store
from analysis.workers import MOST, Cluster, open_workers
from bench import measure
from bench.measure import SECONDS, Bound, Case, Facts, Measured, Way, Work, fresh, refuse_unmeasured, say_whether
from bench.project import CALL, DAY, make_project

FORM = sys.modules[__name__]
EDITION, OWN = f"{DAY}-applicant-nl", "own"
SHEETS, ALONE, BUSY, START, WRITING = "sheets", "seconds alone", "worker seconds", "seconds a batch", "seconds to write"
MANY, TRIALS = 10_000, 200
FORECAST = (1, 2, 4, 8, 16, 32, 64, 128, 256)
RATE, GAIN = "sheets a second", "times one worker"
COLUMNS = ("case", "workers", "made", "sheets", SECONDS, RATE, GAIN, "limited by", "bound", "kept")
ONE, TWO = "1 worker", "2 workers"
LIMITS = {
    "workers": "the work itself: more workers make it faster",
    "alone": "what one process does by itself",
    "scheduler": "the scheduler, which starts a batch after the other",
    "storage": "writing to the one folder",
}


def make_ready(folder: Path) -> None:
    """Run the steps of the call in a project of ours, so that sheets can be made from its tables."""
    run(Store(make_project(folder / OWN), CALL), [])


def make_by(number: int) -> Callable[[Path], Work]:
    """Return what starts so many workers, has each make a first sheet, and returns the work: to make all sheets."""

    def prepare(folder: Path) -> Work:
        from distributed import LocalCluster

        store = Store(folder / OWN, CALL)
        started = LocalCluster(
            n_workers=number, threads_per_worker=1, dashboard_address=None, local_directory=str(folder / "dask")
        )
        context = open_workers(started.scheduler_address, 0, Plan.of(store))
        hired = context.__enter__()
        assert isinstance(hired, Cluster)
        names = store.read_table("proposals")["proposal"].tolist()
        make_sheets(store, Wanted(EDITION, subjects=tuple(names[: 10 * number])), workers=hired)

        def work() -> Facts:
            try:
                return make_all(store, hired, names)
            finally:
                context.__exit__(None, None, None)
                started.close()

        return work

    return prepare


def make_all(store: Store, hired: Cluster, names: Sequence[str]) -> Facts:
    """Make all sheets anew, and return their number and what each part took."""
    for path in store.processed.rglob("*.note"):
        path.unlink()
    clock, began = watch(hired), time.perf_counter()
    done = make_sheets(store, Wanted(EDITION), workers=hired)
    whole = time.perf_counter() - began
    if set(done.made) != set(names):
        raise RuntimeError(f"{len(done.made)} sheets of {len(names)}: {dict(done.failed)}")
    first, last = min(start for start, _ in clock), max(end for _, end in clock)
    return {
        SHEETS: len(names),
        ALONE: whole - (last - first),
        BUSY: (last - first) * hired.count,
        START: time_batches(hired, Plan.of(store)),
        WRITING: time_writing(done.folder),
    }


def watch(hired: Cluster) -> list[tuple[float, float]]:
    """Return a list that will hold when each call of the workers began and ended."""
    clock, usual, lock = list[tuple[float, float]](), hired.call, Lock()

    def call(*given: Any, **named: Any) -> Any:
        began = time.perf_counter()
        try:
            return usual(*given, **named)
        finally:
            with lock:
                clock.append((began, time.perf_counter()))

    hired.call = call  # type: ignore[method-assign]
    return clock


def time_batches(hired: Cluster, plan: Plan) -> float:
    """Return the seconds that the scheduler takes for a batch in which nothing is to be done, one after the other."""
    began = time.perf_counter()
    for _ in range(TRIALS):
        hired.call(do_nothing, plan)
    return (time.perf_counter() - began) / TRIALS


def do_nothing(_: Plan) -> None:
    """Do nothing, on a worker."""


def time_writing(folder: Path) -> float:
    """Return the seconds to write all files of a folder as sheets are written."""
    contents = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    began = time.perf_counter()
    for path, content in contents.items():
        write_bytes(path, content)
    return time.perf_counter() - began


def make_by_one(folder: Path) -> Work:
    return make_by(1)(folder)


def make_by_two(folder: Path) -> Work:
    return make_by(2)(folder)


def tabulate(case: Case, measured: Measured, bounds: Iterable[Bound]) -> list[dict[str, Any]]:
    """Return with COLUMNS what was measured, a row for each number of workers, and a forecast for many sheets on more.

    Raises ValueError where a bound is on what was not measured.
    """
    bound_of = {bound.way: bound for bound in bounds}
    refuse_unmeasured(case, bound_of.keys() - measured.keys())
    first = measured[ONE][SECONDS]
    rows = []
    for number, name in ((1, ONE), (2, TWO)):
        seconds, sheets = measured[name][SECONDS], measured[name][SHEETS]
        row = _row(case, number, "measured", sheets, seconds, first / seconds, say_limit(find_parts(number, measured)))
        rows.append(row | _kept(bound_of.get(name), row))
    alone = forecast(1, measured)
    for number in FORECAST:
        seconds, limit = forecast(number, measured), say_limit(find_parts(number, measured))
        rows.append(_row(case, number, "forecast", MANY, seconds, alone / seconds, limit))
    return rows


def find_parts(number: int, measured: Measured) -> dict[str, float]:
    """Return the seconds that each part of making MANY sheets takes on so many workers, by the keys of LIMITS.

    What one process does alone is taken to grow with the number of sheets. Of several workers each is taken to be as
    slow as the two were, though that may be for want of cores.
    """
    one, two = measured[ONE], measured[TWO]
    share = MANY / one[SHEETS]
    return {
        "workers": share * (one if number == 1 else two)[BUSY] / number,
        "alone": share * min(one[ALONE], two[ALONE]),
        "scheduler": MANY / MOST * min(one[START], two[START]),
        "storage": share * min(one[WRITING], two[WRITING]),
    }


def forecast(number: int, measured: Measured) -> float:
    """Return the seconds for MANY sheets: what is done alone, and then the longest of what goes on at once."""
    parts = find_parts(number, measured)
    return parts.pop("alone") + max(parts.values())


def say_limit(parts: Mapping[str, float]) -> str:
    """Return in words what takes longest."""
    return LIMITS[max(parts, key=lambda name: parts[name])]


def _row(case: Case, number: int, made: str, sheets: float, seconds: float, gain: float, limit: str) -> dict[str, Any]:
    values = (case.name, number, made, int(sheets), seconds, sheets / seconds, gain, limit, None, None)
    return dict(zip(COLUMNS, values, strict=True))


def _kept(bound: Bound | None, row: Mapping[str, Any]) -> dict[str, Any]:
    if bound is None:
        return {}
    return {"bound": bound.limit, "kept": say_whether(bound.keeps(row[bound.unit]))}


def write(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the rows as a CSV file."""
    measure.write(rows, path, COLUMNS)


def show(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the rows as a table for the terminal."""
    return measure.show(rows, COLUMNS[1:])


CASES = [
    Case(
        "the sheets of all proposals, in HTML and PDF, on a cluster",
        (Way(ONE, fresh(make_by_one)), Way(TWO, fresh(make_by_two))),
        runs=1,
        before=make_ready,
    )
]
BOUNDS: list[Bound] = []
