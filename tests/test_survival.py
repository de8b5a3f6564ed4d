"""Runs that are killed or starved: the last good report stays, nothing is left over, the next run succeeds.

These are runs of the command line, as a user or a timer starts them. What takes many runs is tried on a smaller call: see
`test_survival_moments` and `test_survival_faults`, and `test_survival_sheets` for the sheets.
"""

from __future__ import annotations

import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running import environment_without_colour

from analysis.files import file_hash
from analysis.forking import CAN_FORK
from analysis.pipeline import run
from analysis.plan import Plan
from analysis.store import Store

CALL = "green-streets-2024"
EDITION = "2024-04-01-public-en"
MARK = "OPROEP_TEST_OF_SURVIVAL"
OPROEP = Path(sys.executable).parent / "oproep"
pytestmark = pytest.mark.skipif(not CAN_FORK, reason="processes are found in /proc, which Linux only has")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, make_project: Callable[[Path], Path]) -> Path:
    root = make_project(tmp_path_factory.mktemp("finished"))
    store = Store(root, CALL)
    run(store, store.call.editions)
    return root


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copied", symlinks=True))


def start(root: Path, *options: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [OPROEP, "run", CALL, "--root", root, *options],
        env=environment_without_colour() | {MARK: str(root)} | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    _, errors = process.communicate(timeout=300)
    return process.returncode, errors


def running(root: Path) -> list[str]:
    """Return the processes that belong to runs below a root, as their environment tells."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"{MARK}={root}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_bytes().decode().replace("\0", " "))
        except OSError:
            continue  # it ended meanwhile, or is another user's
    return [command for command in found if command]


def await_end(root: Path) -> list[str]:
    """Return the processes that are still there after some seconds: one that makes imports looks up only then."""
    for _ in range(100):
        if not running(root):
            return []
        time.sleep(0.1)
    return running(root)


def report(root: Path) -> dict[str, str]:
    folder = root / "reports" / CALL / EDITION
    return {path.relative_to(folder).as_posix(): file_hash(path) for path in folder.rglob("*") if path.is_file()}


def leftovers(root: Path) -> list[Path]:
    """Return what a run must not leave: files written aside, an edition half rendered, its folder for sockets."""
    kept = {".lock", ".state"}
    found = [path for path in root.rglob(".*") if path.name not in kept]
    return found + [path for path in scratch_of(root) if path.exists()]


def scratch_of(root: Path) -> Iterator[Path]:
    from analysis import locking

    plan = Plan(root, CALL, "en", (), (), ())
    with locking.scratch(plan) as folder:
        pass
    yield folder


def change_answer(root: Path, code: str) -> None:
    path = root / "notebooks" / "08_answer.ipynb"
    text = path.read_text(encoding="utf-8")
    assert "display(*answer.question())" in text
    path.write_text(text.replace("display(*answer.question())", code), encoding="utf-8")


@pytest.fixture
def hanging(copied: Path) -> Path:
    """Return a project in which only the answer is to be made, whose notebook does not come to its end."""
    change_answer(copied, "import pathlib, time; pathlib.Path('../begun').touch(); time.sleep(600)")
    return copied


def await_begun(root: Path, process: subprocess.Popen[str]) -> None:
    for _ in range(1200):
        if (root / "begun").exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    assert (root / "begun").exists(), process.communicate()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_run_that_is_told_to_stop_ends_in_order(hanging: Path, number: int, code: int):
    before = report(hanging)
    process = start(hanging)
    await_begun(hanging, process)
    process.send_signal(number)
    ended, errors = finish(process)
    assert ended == code
    assert errors.splitlines()[-1].startswith(f"stopped by {signal.Signals(number).name}")
    assert "Traceback" not in errors
    assert running(hanging) == []
    assert leftovers(hanging) == []
    assert report(hanging) == before


def test_a_run_that_is_killed_leaves_no_process_and_the_next_cleans_up(hanging: Path, finished: Path):
    before = report(hanging)
    process = start(hanging)
    await_begun(hanging, process)
    process.kill()
    assert finish(process)[0] == -signal.SIGKILL
    assert await_end(hanging) == []
    assert report(hanging) == before
    (hanging / "begun").unlink()
    shutil.copy(finished / "notebooks" / "08_answer.ipynb", hanging / "notebooks")
    assert finish(start(hanging))[0] == 0
    assert leftovers(hanging) == []
    assert report(hanging) == before


def test_at_whatever_moment_a_run_is_killed_the_next_one_succeeds(copied: Path, tmp_path: Path):
    """As a user starts it; many more moments are tried in `test_survival_moments`, on a smaller call."""
    before, moments, scratch = report(copied), random.Random(16), tmp_path / "tmp"
    scratch.mkdir()
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGKILL):
        process, moment = start(copied, "--force", TMPDIR=str(scratch)), moments.uniform(0.2, 8)
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
        finish(process)
        assert await_end(copied) == [], (number, moment)
        assert report(copied) == before, (number, moment)
        assert (copied / "reports" / CALL / "latest").resolve().name == EDITION
    code, errors = finish(start(copied, TMPDIR=str(scratch)))
    assert code == 0, errors
    assert leftovers(copied) == list(scratch.iterdir()) == []
    assert report(copied) == before
