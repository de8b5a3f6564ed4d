"""The sheets of feedback of all proposals, in HTML and PDF, against papermill and nbconvert commands on a sample.

The commands make each sheet of the sample by the same notebook from what was granted to it, which our way has written.
Ours also makes the list of all sheets, and looks whether the tables of the call are fresh.
"""

from __future__ import annotations

import csv
import shutil
from collections.abc import Sequence
from pathlib import Path

from analysis.sheetpaths import sheets_folder
from bench import contest
from bench.measure import Bound, Case, Run, Way
from bench.project import (
    CALL,
    DAY,
    ROOT,
    find_browser,
    make_project,
    place_browser,
    print_page,
    run_in,
    run_nbconvert,
    run_oproep,
)
from bench.run import join

FORM = contest
OWN, COPIES = "own", "copies"
EDITION = f"{DAY}-applicant-nl"
SAMPLE, SOME = 5, 25
TOLERANCE = 0.1  # of the memory that all sheets take, by which some of them may take less


def read_ids() -> list[str]:
    """Return the ids of the proposals of the call."""
    with (ROOT / "data" / "raw" / CALL / "proposals.csv").open(encoding="utf-8", newline="") as file:
        return [row["proposal"] for row in csv.DictReader(file)]


def pick(ids: Sequence[str], number: int) -> list[str]:
    """Return so many ids, evenly spread over all."""
    return [ids[place * len(ids) // number] for place in range(number)]


def make_ready(folder: Path) -> None:
    """Run the call once in our project, so that sheets can be made from its tables."""
    place_browser(folder)
    run_oproep(make_project(folder / OWN), "run")


def make_all(folder: Path) -> Run:
    """Make all sheets by our command line."""
    run = run_oproep(_clear(folder), "sheets")
    refuse_missing(folder, len(read_ids()))
    return run


def make_some(folder: Path) -> Run:
    """Make some of the sheets by our command line."""
    chosen = pick(read_ids(), SOME)
    run = run_oproep(_clear(folder), "sheets", *(word for name in chosen for word in ("--proposal", name)))
    refuse_missing(folder, SOME)
    return run


def make_sample(folder: Path) -> Run:
    """Make the sheets of the sample by commands: papermill, and nbconvert for each form."""
    root, runs = folder / OWN, []
    copies = root / COPIES
    shutil.rmtree(copies, ignore_errors=True)
    copies.mkdir()
    notebook = root / "notebooks" / "feedback.ipynb"
    for subject in pick(read_ids(), SAMPLE):
        copy = copies / f"{subject}.ipynb"
        given = {"call": CALL, "edition": EDITION, "kind": "proposal", "subject": subject}
        parameters = [word for key, value in given.items() for word in ("-p", key, value)]
        runs.append(run_in(root, "papermill", str(notebook), str(copy), "--cwd", str(notebook.parent), *parameters))
        runs += [run_nbconvert(copy, root, "--to", "html"), print_page(copy, root)]
    return join(runs)


def _clear(folder: Path) -> Path:
    """Return our project without sheets, and without what was granted to them."""
    root = folder / OWN
    shutil.rmtree(root / "data" / "processed" / CALL / "sheets", ignore_errors=True)
    shutil.rmtree(_sheets(folder), ignore_errors=True)
    return root


def _sheets(folder: Path) -> Path:
    return sheets_folder(folder / OWN / "reports" / CALL, EDITION, "proposal")


def refuse_missing(folder: Path, number: int) -> None:
    made = _sheets(folder)
    found = {form: len([*made.glob(f"*.{form}")]) for form in ("html", "pdf")}
    if found != {"html": number + 1, "pdf": number}:  # the list is a page as well
        raise RuntimeError(f"found {found} in {made}; expected {number} sheets and their list")


NUMBER = len(read_ids())
NAME = f"{NUMBER} sheets of feedback"
OURS, COMMANDS = "oproep sheets", f"papermill and nbconvert, a command each ({SAMPLE} of {NUMBER}, scaled up)"
PART = f"oproep sheets, {SOME} of {NUMBER}"
FORMS = "each sheet in HTML and PDF"
CASES = [
    Case(
        NAME,
        (
            Way(OURS, make_all, makes=f"{FORMS}, and a list"),
            Way(COMMANDS, make_sample, NUMBER / SAMPLE, FORMS if find_browser() else "each sheet in HTML; no PDF"),
            Way(PART, make_some, makes=f"{FORMS}, and a list"),
        ),
        runs=5,
        before=make_ready,
    )
]
BOUNDS = [
    Bound(NAME, 20, contest.TIMES_OURS, COMMANDS, least=True),
    Bound(NAME, 1 - TOLERANCE, contest.TIMES_MEMORY, PART, least=True),
]
