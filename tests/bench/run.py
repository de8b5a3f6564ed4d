"""A whole run of the reference call, one edition from the raw tables, against the ways that others have for it.

All execute the same notebooks of the same call. What others do not make they need not: a way is told what ours makes
beside, and its release of tables for the edition, which ordinary users do without, is not counted as its time.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import mkdtemp

from bench import contest, plain
from bench.measure import ALL_MEMORY, SECONDS, Bound, Case, Run, Way
from bench.project import (
    CALL,
    EDITION,
    find_browser,
    make_project,
    place_browser,
    print_page,
    run_in,
    run_nbconvert,
    run_oproep,
)

FORM = contest
OWN = "own"  # the folder of our project of a round, in which the runs after the first one take place
SCORES = Path("data") / "raw" / CALL / "scores.csv"
TEXTS = Path("src/analysis/texts/nl/answer.yml")
SENTENCE = ("Elk berekend cijfer", "Ieder berekend cijfer")


def run_ours(folder: Path) -> Run:
    """Run our command line in a project that has nothing yet."""
    return run_oproep(make_project(folder / OWN), "run")


def run_again(folder: Path) -> Run:
    """Run our command line where nothing changed."""
    return run_oproep(folder / OWN, "run")


def run_rescored(folder: Path) -> Run:
    """Run our command line after one score was changed."""
    change_score(folder / OWN / SCORES)
    return run_oproep(folder / OWN, "run")


def run_reworded(folder: Path) -> Run:
    """Run our command line after one sentence of the answer was worded otherwise."""
    replace_once(folder / OWN / TEXTS, *SENTENCE)
    return run_oproep(folder / OWN, "run")


def change_score(path: Path) -> None:
    """Make the first score of a delivery one point lower, or higher where it is the lowest."""
    lines = path.read_text(encoding="utf-8").split("\n")
    start, _, score = lines[1].rpartition(",")
    lines[1] = f"{start},{float(score) + (1 if float(score) < 2 else -1):g}"
    path.write_text("\n".join(lines), encoding="utf-8")


def replace_once(path: Path, old: str, new: str) -> None:
    """Replace a text that is in a file."""
    text = path.read_text(encoding="utf-8")
    if old not in text:
        raise ValueError(f"{path.name}: no {old!r}")
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def run_commands(folder: Path) -> Run:
    """Run papermill and nbconvert for one notebook after the other, and print the last one."""
    root = _make_apart(folder)
    copies, runs = root / plain.COPIES, []
    copies.mkdir()
    for name, parameters in plain.list_steps(root, CALL, EDITION):
        if "edition" in parameters:
            run_in(root, "python", "-m", "bench.plain", "release", str(root), CALL, EDITION)
        notebook, copy = root / "notebooks" / f"{name}.ipynb", copies / f"{name}.ipynb"
        given = [word for key, value in parameters.items() for word in ("-p", key, value)]
        runs.append(run_in(root, "papermill", str(notebook), str(copy), "--cwd", str(notebook.parent), *given))
        runs.append(run_nbconvert(copy, root, "--to", "html"))
    runs.append(print_page(copy, root))
    return _leave(root, join(runs))


def run_libraries(folder: Path) -> Run:
    """Run papermill and nbconvert as libraries, without the time of what only our edition needs."""
    root = _make_apart(folder)
    run = _run_plain(root, "libraries")
    apart = json.loads((root / plain.APART).read_text(encoding="utf-8"))
    return _leave(root, Run(run.seconds - apart["seconds"], run.cpu - apart["cpu"], run.peak, run.facts))


def run_ploomber(folder: Path) -> Run:
    """Run ploomber-engine, and nbconvert as a library."""
    root = _make_apart(folder)
    return _leave(root, _run_plain(root, "ploomber"))


def run_floor(folder: Path) -> Run:
    """Run all in one plain process; raise RuntimeError unless its files are those of our run of the same round."""
    root = _make_apart(folder)
    run, reports = _run_plain(root, "floor"), Path("reports") / CALL / EDITION
    refuse_other(folder / OWN / reports, root / reports)
    return _leave(root, run)


def _run_plain(root: Path, way: str) -> Run:
    return run_in(root, "python", "-m", "bench.plain", way, str(root), CALL, EDITION)


def refuse_other(ours: Path, theirs: Path) -> None:
    """Raise RuntimeError unless two folders hold the same files, byte for byte."""
    ours_by_name, theirs_by_name = (
        {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        for folder in (ours, theirs)
    )
    names = sorted(ours_by_name.keys() | theirs_by_name.keys())
    if other := [name for name in names if ours_by_name.get(name) != theirs_by_name.get(name)]:
        raise RuntimeError(f"the plain process did other work than ours: {', '.join(other)}")


def join(runs: Sequence[Run]) -> Run:
    """Return commands run one after the other as a single run."""
    return Run(
        sum(run.seconds for run in runs),
        sum(run.cpu for run in runs),
        max(run.peak for run in runs),
        {ALL_MEMORY: max(run.facts.get(ALL_MEMORY, 0.0) for run in runs)},
    )


def _make_apart(folder: Path) -> Path:
    return make_project(Path(mkdtemp(dir=folder)))


def _leave(root: Path, run: Run) -> Run:
    shutil.rmtree(root)
    return run


NAME = "a whole run"
OURS = "oproep run"
COMMANDS, LIBRARIES = "papermill and nbconvert, a command each", "papermill and nbconvert as libraries"
PLOOMBER, FLOOR = "ploomber-engine, nbconvert as library", "one plain process, no kernels"
UNCHANGED, RESCORED, REWORDED = (f"oproep run, {what}" for what in ("nothing changed", "one score", "one sentence"))
ALL_FORMS, PAGES = "answer in HTML, PDF, Word, Excel, data package", "each notebook in HTML"
PRINTED = f"{PAGES}, answer in PDF" if find_browser() else f"{PAGES}; no PDF: no browser here"


def _way(name: str, run: Callable[[Path], Run], makes: str) -> Way:
    return Way(name, run, makes=makes)


CASES = [
    Case(
        NAME,
        (
            _way(OURS, run_ours, ALL_FORMS),
            _way(COMMANDS, run_commands, PRINTED),
            _way(LIBRARIES, run_libraries, PAGES),
            _way(PLOOMBER, run_ploomber, PAGES),
            _way(FLOOR, run_floor, ALL_FORMS),
            _way(UNCHANGED, run_again, "nothing"),
            _way(RESCORED, run_rescored, "what is stale, and the answer"),
            _way(REWORDED, run_reworded, "the answer"),
        ),
        runs=5,
        before=place_browser,
    )
]
BOUNDS = [
    Bound(NAME, 5, contest.TIMES_OURS, COMMANDS, least=True),
    Bound(NAME, 2, contest.TIMES_OURS, LIBRARIES, least=True),
    Bound(NAME, 1, contest.TIMES_OURS, PLOOMBER, least=True),
    Bound(NAME, 1 / 1.25, contest.TIMES_OURS, FLOOR, least=True),
    Bound(NAME, 0.6, SECONDS, UNCHANGED),
    Bound(NAME, 0.5, contest.TIMES_OURS, RESCORED),
]
