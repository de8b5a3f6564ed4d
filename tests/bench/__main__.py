"""Measures the subjects named, or all: `python -m bench [SUBJECT]`. Exit code 1 where a bound is broken."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib import import_module

from bench.measure import TARGET, TESTS, keep, measure, show, write

SUBJECTS = ("run", "ranking", "choice", "groups", "page")


def main(names: Sequence[str]) -> int:
    """Measure one subject here, several each in a process of its own; return 0, 1 (bound broken) or 2 (no subject)."""
    unknown = [name for name in names if name not in SUBJECTS]
    if unknown:
        print(f"no subject {', '.join(unknown)}; expected one of {', '.join(SUBJECTS)}", file=sys.stderr)
        return 2
    if len(names) != 1:
        # Linux counts the memory of the process that starts another as the other's, so it must not grow on the way.
        each = [subprocess.call([sys.executable, "-m", "bench", name], cwd=TESTS) for name in names or SUBJECTS]
        return int(any(each))
    subject = import_module(f"bench.{names[0]}")
    rows = [row for case in subject.CASES for row in measure(case, subject.BOUNDS)]
    write(rows, TARGET / f"{names[0]}.csv")
    print(show(rows))
    return int(not keep(rows))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
