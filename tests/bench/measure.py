"""How everything here is measured: each way of doing a piece of work in a fresh process, ours and the peers' in turn.

Machines differ and are shared, so what counts is the ratio of the two. What is bounded must keep to its bound.
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
from dataclasses import dataclass, field, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from bench.tree import watching

TESTS = Path(__file__).parents[1]
TARGET = TESTS.parent / "reports" / "bench"
SECONDS, CPU, MEMORY, TIMES = "seconds", "cpu seconds", "MiB", "times the peer's seconds"
ALL_MEMORY = "MiB of all processes"
COLUMNS = ("case", "peer", "unit", "ours", "theirs", "ratio", "bound", "kept")

Facts = Mapping[str, float]
Measured = Mapping[str, Mapping[str, float]]  # by the name of a way, a number by unit
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
    """A way to do a piece of work in a folder; it does one part in `parts` of it, and its times are scaled up.

    `makes` says what it makes where that is not the same as ours.
    """

    name: str
    run: Callable[[Path], Run]
    parts: float = 1
    makes: str = ""


@dataclass(frozen=True)
class Case:
    """A piece of work: the ways to do it, ours first, how often, and what is to be in their folder before."""

    name: str
    ways: Sequence[Way]
    runs: int
    before: Callable[[Path], object] = lambda _: None


@dataclass(frozen=True)
class Bound:
    """What a measured number of a way, of ours if none is named, must stay below, or with `least` must reach."""

    case: str
    limit: float
    unit: str
    way: str = ""
    least: bool = False

    def keeps(self, value: float) -> bool:
        """Return whether a number keeps to the bound."""
        return value >= self.limit if self.least else value < self.limit


def measure(case: Case, runs: int = 0, say: Callable[[str], object] = lambda _: None) -> Measured:
    """Return what was measured of every way, after running all in turn in one folder; `runs` other than the case's.

    `say` is told of each run before it begins and after it.
    """
    done: dict[str, list[Run]] = {way.name: [] for way in case.ways}
    with tempfile.TemporaryDirectory(prefix="oproep-bench-") as name:
        case.before(Path(name))
        for number in range(1, (runs or case.runs) + 1):
            for way in case.ways:
                say(f"{case.name}, round {number} of {runs or case.runs}: {way.name} ...")
                done[way.name].append(way.run(Path(name)))
                say(f"    {done[way.name][-1].seconds:.2f} s")
    return {way.name: summarise(done[way.name], way.parts) for way in case.ways}


def summarise(runs: Sequence[Run], parts: float) -> dict[str, float]:
    """Return medians of the times, scaled up to the whole work, and the highest of all else, by unit."""
    times = {SECONDS: [run.seconds for run in runs], CPU: [run.cpu for run in runs]}
    highest = {unit: max(run.facts[unit] for run in runs) for unit in runs[0].facts}
    return {
        **{unit: parts * statistics.median(values) for unit, values in times.items()},
        MEMORY: max(run.peak for run in runs),
        **highest,
    }


def tabulate(case: Case, measured: Measured, bounds: Iterable[Bound]) -> list[dict[str, Any]]:
    """Return a row per unit with COLUMNS for a case of two ways; ratio is how many times as much the peer takes.

    Raises ValueError where a bound is on a unit that was not measured.
    """
    ours, theirs = (measured[way.name] for way in case.ways)
    ours, kept_by = {**ours, TIMES: ours[SECONDS] / theirs[SECONDS]}, {bound.unit: bound for bound in bounds}
    refuse_unmeasured(case, kept_by.keys() - ours.keys())
    rows = []
    for unit, value in ours.items():
        other, bound = theirs.get(unit), kept_by.get(unit)
        if unit == TIMES and bound is None:
            continue
        ratio = other / value if unit in (SECONDS, CPU, MEMORY) and other is not None and value else None
        told = (bound.limit, say_whether(bound.keeps(value))) if bound else (None, None)
        values = (case.name, case.ways[1].name, unit, value, other, ratio, *told)
        rows.append(dict(zip(COLUMNS, values, strict=True)))
    return rows


def refuse_unmeasured(case: Case, units: Iterable[str]) -> None:
    """Raise ValueError where there are any."""
    if names := ", ".join(sorted(units)):
        raise ValueError(f"{case.name}: no measured {names}")


def say_whether(kept: bool) -> str:
    """Return how the tables say that a bound was kept."""
    return "yes" if kept else "no"


def keep(rows: Iterable[Mapping[str, Any]]) -> bool:
    """Return whether no bound is broken."""
    return all(row["kept"] != "no" for row in rows)


def write(rows: Iterable[Mapping[str, Any]], path: Path, columns: Sequence[str] = COLUMNS) -> None:
    """Write the rows as a CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([columns, *([word(row[name]) for name in columns] for row in rows)])


def show(rows: Iterable[Mapping[str, Any]], columns: Sequence[str] = COLUMNS) -> str:
    """Return the rows as a table for the terminal."""
    lines = [tuple(columns), *(tuple(word(row[name]) for name in columns) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(columns))]
    return "\n".join("  ".join(map(str.ljust, line, widths)).rstrip() for line in lines)


def word(value: Any) -> str:
    """Return a value as the tables show it."""
    return "" if value is None else f"{value:.5g}" if isinstance(value, float) else str(value)


def run_command(*command: str, environment: Mapping[str, str] | None = None) -> Run:
    """Run a command in the folder of the tests, and measure it with all that it starts, from its start to its end.

    What it prints is lost, but for the end of it where it fails.
    """
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(command, stdout=said, stderr=said, env=environment, cwd=TESTS)
        with watching(process.pid) as watch:
            try:
                run = _wait(process, started)
            except RuntimeError as error:
                said.seek(0)
                error.add_note(said.read()[-2000:].decode(errors="replace"))
                raise
    return replace(run, cpu=max(run.cpu, watch.cpu), facts={ALL_MEMORY: watch.peak})


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
