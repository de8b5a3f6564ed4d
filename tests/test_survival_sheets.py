"""Sheets that are being made when a run is ended, or that are damaged: those in place stay, and the next run makes the rest."""

from __future__ import annotations

import json
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from killing import Launcher, hashes_of, tree_of

from analysis.forking import CAN_FORK
from analysis.plan import Plan
from analysis.sheetrun import judge_sheets
from analysis.store import Store

CALL, EDITION, SHEETS = "green-streets-2024", "2024-04-01-applicant-en", "2024-04-01-applicant-en"
PLACE, NOTES = f"reports/{CALL}/sheets/{SHEETS}", f"data/processed/{CALL}/sheets/{SHEETS}"
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
pytestmark = pytest.mark.skipif(not CAN_FORK, reason="runs are forked, and found in /proc, which Linux only has")


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, make_project: Callable[[Path], Path], launcher: Launcher
) -> Path:
    """Return a project with an edition for applicants and sheets of the same name, both made."""
    root = make_project(tmp_path_factory.mktemp("sheets") / "root")
    launcher.start(root, ["sheets", CALL]).end(0)
    return root


def forget(root: Path) -> None:
    """Let no sheet be fresh, though each is as it was."""
    for note in (root / NOTES).rglob("*.note"):
        note.unlink()


def time_sheets(launcher: Launcher, root: Path) -> tuple[float, float]:
    """Return after how many seconds the first sheet of a run is there, and the run has ended."""
    forget(root)
    run, begun, first = launcher.start(root, ["sheets", CALL]), time.monotonic(), 0.0
    while not run.wait(0.02):
        if not first and any((root / NOTES).rglob("*.note")):
            first = time.monotonic() - begun
    run.end(0)
    return first, time.monotonic() - begun


def test_wherever_the_making_of_sheets_is_ended_those_in_place_stay_and_the_next_run_makes_the_rest(
    finished: Path, launcher: Launcher
):
    sheets, tree, scratch = hashes_of(finished / PLACE), tree_of(finished), finished.parent / "tmp"
    assert len(sheets) > 20
    first, seconds = time_sheets(launcher, finished)
    drawn, left = random.Random(9), list[int]()
    for count in range(8):
        forget(finished)
        # Every other one while sheets are made, which is a small part of the time.
        earliest = first if count % 2 else 0.0
        number, moment = SIGNALS[count % 3], earliest + (seconds - earliest) * (count + drawn.random()) / 8
        run = launcher.start(finished, ["sheets", CALL])
        if not run.wait(moment):
            run.send(number)
        said = run.end(0, -number, 128 + number)
        left.append(len(sheets) // 2 - len(list((finished / NOTES).rglob("*.note"))))
        context = (count, number, moment, left, said)
        assert hashes_of(finished / PLACE) | sheets == sheets, context
        assert {name: hashes_of(finished / PLACE)[name] for name in sheets} == sheets, context
        if run.code == 128 + number:
            assert f"stopped by {signal.Signals(number).name}" in said, context
            assert tree_of(finished) <= tree, context
            assert list(scratch.iterdir()) == [], context
        launcher.start(finished, ["sheets", CALL]).end(0)
        assert hashes_of(finished / PLACE) == sheets, context
        assert tree_of(finished) == tree, context
        assert list(scratch.iterdir()) == [], context
    assert len(set(left)) > 2, f"every run was ended at the same point: {left}"


def test_the_status_tells_which_sheets_are_there_and_which_are_not_as_they_should_be(finished: Path):
    plan = Plan.of(Store(finished, CALL))
    (standing,) = judge_sheets(plan)
    assert standing.count() == {"fresh": 12}
    page, notebook = finished / PLACE / "G01.pdf", finished / "notebooks" / "feedback.ipynb"
    assert page.is_file(), sorted(path.name for path in page.parent.iterdir())
    content, text = page.read_bytes(), notebook.read_text()
    page.unlink()
    (finished / PLACE / "G02.html").write_bytes((finished / PLACE / "G02.html").read_bytes() + b" ")
    (standing,) = judge_sheets(plan)
    assert standing.count() == {"fresh": 10, "stale": 1, "missing": 1}
    assert (standing.states["G01"], standing.states["G02"], standing.reasons) == ("missing", "stale", ())
    page.write_bytes(content)
    (finished / PLACE / "G02.html").write_bytes((finished / PLACE / "G02.html").read_bytes()[:-1])
    notebook.write_text(text.replace("One sheet of feedback", "A sheet of feedback"))
    (standing,) = judge_sheets(plan)
    assert standing.count() == {"stale": 12}
    assert [str(reason) for reason in standing.reasons] == ["its notebook changed"]
    notebook.write_text(text)


def wrong_types(path: Path) -> None:
    path.write_text(json.dumps(dict.fromkeys(json.loads(path.read_text()), 5)))


DAMAGES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a list that is no JSON": ("*.granted", lambda path: path.write_bytes(b"\xff{")),
    "a list of wrong types": ("*.granted", wrong_types),
    "what a sheet may show": ("proposal/*.json", lambda path: path.write_text("{")),
    "a note of wrong types": ("proposal/*.note", wrong_types),
    "a note that is a list": ("proposal/*.note", lambda path: path.write_text("[]")),
    "what was listed": ("*.listed", lambda path: path.write_text('"x"')),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_of_the_notes_on_sheets_is_made_again(finished: Path, launcher: Launcher, damage: str):
    pattern, harm = DAMAGES[damage]
    sheets, tree = hashes_of(finished / PLACE), tree_of(finished)
    harm(min((finished / NOTES).glob(pattern)))
    assert "Traceback" not in launcher.start(finished, ["status", CALL]).end(0)
    said = launcher.start(finished, ["sheets", CALL]).end(0)
    assert "Traceback" not in said
    assert hashes_of(finished / PLACE) == sheets
    assert tree_of(finished) == tree


def test_an_edition_of_the_same_name_leaves_the_sheets_in_place_and_the_other_way_round(
    finished: Path, launcher: Launcher
):
    sheets = hashes_of(finished / PLACE)
    edition = ["run", CALL, "--audience", "applicant", "--as-of", "2024-04-01", "--language", "en"]
    for arguments in (edition, [*edition, "--force", "--step", "08_answer"]):
        launcher.start(finished, arguments).end(0)
        assert hashes_of(finished / PLACE) == sheets
    answer = hashes_of(finished / "reports" / CALL / EDITION)
    shutil.rmtree(finished / PLACE)
    launcher.start(finished, ["sheets", CALL]).end(0)
    assert hashes_of(finished / PLACE) == sheets
    assert hashes_of(finished / "reports" / CALL / EDITION) == answer
