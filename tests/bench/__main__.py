"""Measures the subjects named, or all: `python -m bench [SUBJECT] [--rounds N]`. Exit code 1 where a bound is broken."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module

from bench import measure
from bench.measure import TARGET, TESTS

SUBJECTS = ("run", "sheets", "cluster", "ranking", "choice", "explore", "workbench", "groups", "page")


def main(arguments: Sequence[str]) -> int:
    """Measure one subject here, several each in a process of its own; return 0, 1 (bound broken) or 2 (no subject)."""
    asked = _parse(arguments)
    unknown = [name for name in asked.subjects if name not in SUBJECTS]
    if unknown:
        print(f"no subject {', '.join(unknown)}; expected one of {', '.join(SUBJECTS)}", file=sys.stderr)
        return 2
    if len(asked.subjects) != 1:
        # Linux counts the memory of the process that starts another as the other's, so it must not grow on the way.
        command = [sys.executable, "-m", "bench", "--rounds", str(asked.rounds)]
        each = [subprocess.call([*command, name], cwd=TESTS) for name in asked.subjects or SUBJECTS]
        return int(any(each))
    return _measure(asked.subjects[0], asked.rounds)


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT")
    parser.add_argument("--rounds", type=int, default=0, help="how often each way runs; the case's own number if 0")
    return parser.parse_args(arguments)


def _measure(name: str, rounds: int) -> int:
    subject = import_module(f"bench.{name}")
    form = getattr(subject, "FORM", measure)
    rows = []
    for case in subject.CASES:
        bounds = [bound for bound in subject.BOUNDS if bound.case == case.name]
        rows += form.tabulate(case, measure.measure(case, rounds, _tell), bounds)
    form.write(rows, TARGET / f"{name}.csv")
    print(form.show(rows))
    return int(not measure.keep(rows))


def _tell(progress: str) -> None:
    print(progress, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
