"""How everything here is measured: each way of doing a piece of work in a fresh process, ours and the peer's in turn.

Machines differ and are shared, so what counts is the ratio of the two. What is bounded must stay below its bound.
"""

from __future__ import annotations

import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
TARGET = TESTS.parent / "reports" / "bench"
SECONDS, CPU, MEMORY, TIMES = "seconds", "cpu seconds", "MiB", "times the peer's seconds"
COLUMNS = ("case", "peer", "unit", "ours", "theirs", "ratio", "bound", "kept")

Facts = Mapping[str, float]
Work = Callable[[], Facts]


@dataclass(frozen=True)
class Run:
    """One run: wall and processor time in seconds, peak memory in MiB, and what else the work tells, by unit."""

    seconds: float
    cpu: float
    peak: float
    facts: Facts = field(default_factory=dict)


@dataclass(frozen=True)
class Way:
    """A way to do a piece of work in a folder; it does one part in `parts` of it, and its times are scaled up."""

    name: str
    run: Callable[[Path], Run]
    parts: float = 1


@dataclass(frozen=True)
class Case:
    """A piece of work: how we do it, how the peer does, how often, and what is to be in their folder before."""

    name: str
    ours: Way
    peer: Way
    runs: int
    before: Callable[[Path], object] = lambda _: None


@dataclass(frozen=True)
class Bound:
    """What a measured number of ours must stay below."""

    case: str
    below: float
    unit: str


def measure(case: Case, bounds: Iterable[Bound]) -> list[dict[str, Any]]:
    """Return a row per measured number of the case, after running both ways in turn in a folder of its own."""
    runs: dict[str, list[Run]] = {"ours": [], "peer": []}
    with tempfile.TemporaryDirectory(prefix="oproep-bench-") as name:
        case.before(Path(name))
        for _ in range(case.runs):
            runs["ours"].append(case.ours.run(Path(name)))
            runs["peer"].append(case.peer.run(Path(name)))
    ours, theirs = summarise(runs["ours"], case.ours.parts), summarise(runs["peer"], case.peer.parts)
    return tabulate(case, ours, theirs, [bound for bound in bounds if bound.case == case.name])


def summarise(runs: Sequence[Run], parts: float) -> dict[str, float]:
    """Return medians of the times, scaled up to the whole work, and the highest of all else, by unit."""
    times = {SECONDS: [run.seconds for run in runs], CPU: [run.cpu for run in runs]}
    highest = {unit: max(run.facts[unit] for run in runs) for unit in runs[0].facts}
    return {
        **{unit: parts * statistics.median(values) for unit, values in times.items()},
        MEMORY: max(run.peak for run in runs),
        **highest,
    }


def tabulate(
    case: Case, ours: Mapping[str, float], theirs: Mapping[str, float], bounds: Sequence[Bound]
) -> list[dict[str, Any]]:
    """Return a row per unit with COLUMNS; ratio is how many times as much the peer takes.

    Raises ValueError where a bound is on a unit that was not measured.
    """
    ours, below = {**ours, TIMES: ours[SECONDS] / theirs[SECONDS]}, {bound.unit: bound.below for bound in bounds}
    if below.keys() - ours.keys():
        raise ValueError(f"{case.name}: no measured {', '.join(sorted(below.keys() - ours.keys()))}")
    rows = []
    for unit, value in ours.items():
        other, bound = theirs.get(unit), below.get(unit)
        if unit == TIMES and bound is None:
            continue
        ratio = other / value if unit in (SECONDS, CPU, MEMORY) and other is not None and value else None
        kept = None if bound is None else "yes" if value < bound else "no"
        values = (case.name, case.peer.name, unit, value, other, ratio, bound, kept)
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def keep(rows: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether no bound is broken."""
    return all(row["kept"] != "no" for row in rows)


def write(rows: Iterable[Mapping[str, Any]], path: Path) -> None:
    """Write the rows as a CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([COLUMNS, *([_word(row[name]) for name in COLUMNS] for row in rows)])


def show(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the rows as a table for the terminal."""
    lines = [COLUMNS, *(tuple(_word(row[name]) for name in COLUMNS) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(COLUMNS))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def _word(value: Any) -> str:
    return "" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)


def run_command(*command: str) -> Run:
    """Run a command and measure it from its start to its end; what it prints is lost."""
    return _wait(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), time.perf_counter())


def fresh(prepare: Callable[[Path], Work]) -> Callable[[Path], Run]:
    """Return what measures a function's work in a fresh process; `prepare`, of a module below tests, returns the work.

    Times are those of the work alone, without imports and preparation; the peak is that of the whole process.
    """
    name, command = prepare.__name__, [sys.executable, "-m", "bench.measure", prepare.__module__]

    def run(folder: Path) -> Run:
        process = subprocess.Popen([*command, name, str(folder)], cwd=TESTS, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        with process.stdout as stdout:
            told = stdout.read()
        peak = _wait(process, 0).peak
        return Run(peak=peak, **json.loads(told))

    return run


def _wait(process: subprocess.Popen[Any], started: float) -> Run:
    """Return the measures of a process, with all processes that it waited for, at its end.

    Raises RuntimeError where it fails.
    """
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if status:
        raise RuntimeError(f"{process.args!r} ended with exit code {process.returncode}")
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def perform(module: str, name: str, folder: str) -> None:
    """Prepare a work, do it, and print its times and facts."""
    work: Work = getattr(import_module(module), name)(Path(folder))
    started, worked = time.perf_counter(), time.process_time()
    facts = work()
    times = {"seconds": time.perf_counter() - started, "cpu": time.process_time() - worked}
    print(json.dumps({**times, "facts": dict(facts)}))


if __name__ == "__main__":
    perform(*sys.argv[1:])
