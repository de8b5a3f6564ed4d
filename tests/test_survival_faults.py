"""What else may happen to a run: damaged notes and tables, no room, no right, lost processes, others at the same time.

In each case the last good report stays, the message names the cause, nothing is left over, and the next run succeeds. The
call is the small one of three tiny notebooks, see `killing`.
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from killing import Launcher, hashes_of, processes_of, reduce, tree_of

from analysis.forking import CAN_FORK

CALL, EDITION = "green-streets-2024", "2024-04-01-public-en"
PROCESSED, REPORT = f"data/processed/{CALL}", f"reports/{CALL}/{EDITION}"
OPROEP = Path(sys.executable).parent / "oproep"
SMALL = 20_000  # bytes: less than the PDF has
pytestmark = pytest.mark.skipif(not CAN_FORK, reason="runs are forked, and found in /proc, which Linux only has")


@pytest.fixture(scope="module")
def finished(
    tmp_path_factory: pytest.TempPathFactory, make_project: Callable[[Path], Path], launcher: Launcher
) -> Path:
    root = make_project(tmp_path_factory.mktemp("faults") / "root")
    reduce(root)
    launcher.start(root, ["run", CALL]).end(0)
    return root


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "root", symlinks=True))


def check_whole(root: Path, finished: Path) -> None:
    """Check that a project is as the finished one: its report, its tables, and no file beside them."""
    assert hashes_of(root / REPORT) == hashes_of(finished / REPORT)
    assert tables_of(root) == tables_of(finished)
    assert tree_of(root) == tree_of(finished)
    assert list((root.parent / "tmp").iterdir()) == []


def tables_of(root: Path) -> dict[str, str]:
    return {name: hash_ for name, hash_ in hashes_of(root / PROCESSED).items() if name.endswith(".parquet")}


def half(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)


STATE = f"{PROCESSED}/.state"
DAMAGES: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a note that is no JSON": (f"{STATE}/01_ingest.json", lambda path: path.write_bytes(b"\x00\xff{")),
    "a note that is cut off": (f"{STATE}/02_passing.json", half),
    "an empty note": (f"{STATE}/02_passing.json", lambda path: path.write_bytes(b"")),
    "a note that is a list": (f"{STATE}/01_ingest.json", lambda path: path.write_text("[1, 2]")),
    "a note of wrong types": (
        f"{STATE}/01_ingest.json",
        lambda path: path.write_text('{"parts": [], "outputs": 5, "seconds": "x", "finished": "no"}'),
    ),
    "a note of wrong types within": (
        f"{STATE}/08_answer-{EDITION}.json",
        lambda path: path.write_text('{"parts": {"call.yml": 1}, "outputs": {"x": null}}'),
    ),
    "a plan that is no JSON": (f"{STATE}/plan.json", lambda path: path.write_text("{")),
    "a plan of wrong types": (
        f"{STATE}/plan.json",
        lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | {"editions": [1], "shared": {"a": 1}})),
    ),
    "a plan of another edition": (
        f"{STATE}/plan.json",
        lambda path: path.write_text(json.dumps(json.loads(path.read_text()) | {"editions": 7})),
    ),
    "code that is a list": (f"{STATE}/code.json", lambda path: path.write_text("[]")),
    "code of wrong types": (
        f"{STATE}/code.json",
        lambda path: path.write_text(json.dumps(dict.fromkeys(json.loads(path.read_text()), 5))),
    ),
    "what was told of wrong types": (f"{STATE}/told.json", lambda path: path.write_text("5")),
    "a table whose bytes changed": (f"{PROCESSED}/proposals.parquet", flip),
    "a half-written table": (f"{PROCESSED}/indicators.parquet", half),
    "an empty table": (f"{PROCESSED}/ingest_indicators.parquet", lambda path: path.write_bytes(b"")),
    "a half-written released table": (f"{PROCESSED}/released/{EDITION}/indicators.parquet", half),
    "a half-written copy of a notebook": (f"{PROCESSED}/notebooks/01_ingest.ipynb", half),
    "a half-written report": (f"{REPORT}/answer.pdf", half),
    "a manifest that is gone": (f"{REPORT}/manifest.json", Path.unlink),
    "a lock of long ago": (f"{PROCESSED}/.lock", lambda path: path.write_text("4194303\n")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_damaged_is_made_again(copied: Path, finished: Path, launcher: Launcher, damage: str):
    name, harm = DAMAGES[damage]
    harm(copied / name)
    said = launcher.start(copied, ["run", CALL]).end(0)
    assert "Traceback" not in said
    check_whole(copied, finished)


def test_what_is_damaged_is_said_by_the_status(copied: Path, launcher: Launcher):
    for damage in ("a note of wrong types", "a half-written report", "a plan of wrong types"):
        name, harm = DAMAGES[damage]
        harm(copied / name)
    assert "Traceback" not in launcher.start(copied, ["status", CALL]).end(0)


def change(root: Path, notebook: str, code: str) -> None:
    """Add a cell to a notebook."""
    path = root / "notebooks" / f"{notebook}.ipynb"
    content = json.loads(path.read_text())
    cell = {"cell_type": "code", "id": "own", "metadata": {}, "execution_count": None, "outputs": [], "source": code}
    content["cells"].insert(1, cell)
    path.write_text(json.dumps(content))


FAILURES = {
    "a kernel that the system kills": (
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "DeadKernelError: the kernel ended: it was killed, or memory ran out",
    ),
    "memory that runs out": ("b'' * 1; bytearray(1 << 60)", "MemoryError"),
    "the parent of the kernels that is killed": (
        "import os, signal; os.kill(os.getppid(), signal.SIGKILL); import time; time.sleep(60)",
        "DeadKernelError: the kernel ended: it was killed, or memory ran out",
    ),
    "a cell that hangs": ("while True: pass", "CellTimeoutError: the kernel was still busy at the limit of 2 sec"),
    "a cell that hangs and ignores signals": (
        "import signal, time\nfor number in (signal.SIGINT, signal.SIGTERM): signal.signal(number, signal.SIG_IGN)\n"
        "while True: time.sleep(1)",
        "CellTimeoutError: the kernel was still busy at the limit of 2 sec",
    ),
    "a cell that leaves a process": (
        "import subprocess; subprocess.Popen(['sleep', '60']); 1 / 0",
        "ZeroDivisionError: division by zero",
    ),
}


@pytest.mark.parametrize(
    ("failure", "notebook"), [*((failure, "08_answer") for failure in FAILURES), (next(iter(FAILURES)), "01_ingest")]
)
def test_a_step_that_fails_is_named_with_the_cause(
    copied: Path, finished: Path, launcher: Launcher, failure: str, notebook: str
):
    code, cause = FAILURES[failure]
    change(copied, notebook, code)
    pipeline = copied / "notebooks" / "pipeline.yml"
    pipeline.write_text(pipeline.read_text().replace("per_edition: true", "per_edition: true, limit: 2"))
    said = launcher.start(copied, ["run", CALL]).end(1)
    assert f"{notebook}.ipynb, code cell 3: {cause}" in said
    assert "Traceback" not in said
    assert hashes_of(copied / REPORT) == hashes_of(finished / REPORT)
    assert list((copied.parent / "tmp").iterdir()) == []
    assert tree_of(copied) <= tree_of(finished)
    for name in ("pipeline.yml", f"{notebook}.ipynb"):
        shutil.copy(finished / "notebooks" / name, copied / "notebooks")
    launcher.start(copied, ["run", CALL]).end(0)
    check_whole(copied, finished)


def limited() -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (SMALL, SMALL))


def shell(root: Path, *arguments: str, **options: object) -> subprocess.Popen[str]:
    """Start a run as a user does, with a folder for temporary files beside the root."""
    (root.parent / "tmp").mkdir(exist_ok=True)
    return subprocess.Popen(
        [OPROEP, *arguments, "--root", root],
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "400", "TMPDIR": str(root.parent / "tmp")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        **options,  # type: ignore[arg-type]
    )


def test_a_file_that_is_too_large_for_this_user_is_named_and_the_last_report_stays(
    copied: Path, finished: Path, launcher: Launcher
):
    """A real limit that needs no right to mount a disk: it holds for every process of the run."""
    process = shell(copied, "run", CALL, "--force", preexec_fn=limited)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 1, said
    assert "larger than a file of this user may be" in said or "File too large" in said
    assert "Traceback" not in said
    assert hashes_of(copied / REPORT) == hashes_of(finished / REPORT)
    assert processes_of(process.pid) == []
    assert list((copied.parent / "tmp").iterdir()) == []
    launcher.start(copied, ["run", CALL]).end(0)
    check_whole(copied, finished)


PLACES = {"the reports": f"reports/{CALL}", "the tables": PROCESSED}


@pytest.fixture
def mounted() -> Generator[Callable[..., None]]:
    """Return what mounts another disk at a place of the project; it is taken away after the test, or before."""
    places: list[Path] = []

    def put(place: Path, *options: str) -> None:
        if not options:
            subprocess.run(["umount", str(place)], check=True)
            places.remove(place)
            return
        done = subprocess.run(["mount", *options, str(place)], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"a disk cannot be mounted here: {done.stderr.strip()}")
        places.append(place)

    yield put
    for place in places:
        subprocess.run(["umount", str(place)], check=True)


@pytest.mark.parametrize("name", PLACES)
def test_a_full_disk_is_named_and_the_last_report_stays(
    copied: Path, finished: Path, launcher: Launcher, mounted: Callable[..., None], name: str, tmp_path: Path
):
    place = (copied / PLACES[name]).resolve()
    place.mkdir(exist_ok=True)
    kept = shutil.copytree(place, tmp_path / "kept", symlinks=True)
    mounted(place, "-t", "tmpfs", "-o", "size=1m", "none")
    shutil.copytree(kept, place, symlinks=True, dirs_exist_ok=True)
    with (place / "filler").open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
        while True:
            file.write(b"x" * 4096)
    said = launcher.start(copied, ["run", CALL, "--force"]).end(1)
    assert "the disk is full" in said or "No space left on device" in said
    assert str(place) in said
    assert "Traceback" not in said
    (place / "filler").unlink()
    assert hashes_of(copied / REPORT) == hashes_of(finished / REPORT)
    launcher.start(copied, ["run", CALL]).end(0)
    check_whole(copied, finished)


@pytest.mark.parametrize("name", PLACES)
def test_a_folder_that_can_only_be_read_is_named_and_the_last_report_stays(
    copied: Path, finished: Path, launcher: Launcher, mounted: Callable[..., None], name: str
):
    place = (copied / PLACES[name]).resolve()
    place.mkdir(exist_ok=True)
    mounted(place, "--bind", str(place))
    subprocess.run(["mount", "-o", "remount,ro,bind", str(place)], check=True)
    said = launcher.start(copied, ["run", CALL, "--force"]).end(1)
    assert "can only be read" in said or "Read-only file system" in said
    assert str(place) in said
    assert "Traceback" not in said
    assert hashes_of(copied / REPORT) == hashes_of(finished / REPORT)
    mounted(place)
    launcher.start(copied, ["run", CALL]).end(0)
    check_whole(copied, finished)


def test_a_folder_for_what_is_temporary_that_runs_full_is_named_and_the_last_report_stays(
    copied: Path, finished: Path, launcher: Launcher, mounted: Callable[..., None]
):
    """One that is full from the start is passed over by Python, for another that is not."""
    place = copied.parent / "tmp"
    place.mkdir()
    mounted(place, "-t", "tmpfs", "-o", "size=16k", "none")
    said = launcher.start(copied, ["run", CALL, "--force"]).end(1)
    assert "the disk is full" in said or "No space left on device" in said
    assert str(place) in said
    assert hashes_of(copied / REPORT) == hashes_of(finished / REPORT)
    assert list(place.iterdir()) == []
    mounted(place)
    launcher.start(copied, ["run", CALL]).end(0)
    check_whole(copied, finished)


def test_a_killed_run_leaves_no_lock_and_the_next_one_does_not_wait(copied: Path, finished: Path, launcher: Launcher):
    change(copied, "08_answer", "import pathlib, time; pathlib.Path('../begun').touch(); time.sleep(60)")
    run = launcher.start(copied, ["run", CALL])
    for _ in range(600):
        if (copied / "begun").exists():
            break
        time.sleep(0.05)
    run.send(signal.SIGKILL)
    run.end(-signal.SIGKILL)
    assert (copied / PROCESSED / ".lock").exists()
    (copied / "begun").unlink()
    shutil.copy(finished / "notebooks" / "08_answer.ipynb", copied / "notebooks")
    assert "waiting" not in launcher.start(copied, ["run", CALL, "--no-wait"]).end(0)
    check_whole(copied, finished)


def test_what_a_run_that_was_killed_at_its_very_end_has_left_is_removed_though_nothing_changed(
    copied: Path, finished: Path, launcher: Launcher
):
    from analysis import locking
    from analysis.plan import Plan

    launcher.start(copied, ["run", CALL]).end(0)
    name = locking._scratch_folder(Plan(copied, CALL, "en", (), (), ())).name
    (copied.parent / "tmp" / name / "kernel-x").mkdir(parents=True)
    (copied / f"reports/{CALL}/.aside" / "tmpx").mkdir(parents=True)
    assert "nothing changed" in launcher.start(copied, ["run", CALL]).end(0)
    check_whole(copied, finished)


def test_two_runs_of_a_call_at_once_run_one_after_the_other(copied: Path, finished: Path):
    processes = [shell(copied, "run", CALL, "--force") for _ in range(2)]
    said = [process.communicate(timeout=240)[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    assert sum(f"waiting for another run of {CALL}" in words for words in said) == 1
    check_whole(copied, finished)


def test_eight_runs_of_eight_calls_at_once_give_eight_reports(copied: Path, finished: Path):
    """All in one root; none waits for another, and each gives what it gives alone but for the name of the call."""
    own, calls = copied / "data" / "raw" / CALL, [f"streets-{number}" for number in range(8)]
    for call in calls:
        folder = shutil.copytree(own, own.parent / call)
        text = (folder / "call.yml").read_text(encoding="utf-8")
        (folder / "call.yml").write_text(text.replace(f"id: {CALL}", f"id: {call}"), encoding="utf-8")
    processes = [shell(copied, "run", call, "--jobs", "1") for call in calls]
    said = [process.communicate(timeout=400)[1] for process in processes]
    assert [process.returncode for process in processes] == [0] * 8, said
    assert not [words for words in said if "waiting" in words or "Traceback" in words]
    for call, process in zip(calls, processes, strict=True):
        folder = copied / "reports" / call
        assert set(hashes_of(folder / EDITION)) == set(hashes_of(finished / REPORT))
        assert (folder / "latest").readlink().name == EDITION
        assert {path.name for path in folder.iterdir()} == {EDITION, "latest"}
        assert json.loads((folder / EDITION / "manifest.json").read_text())["call"] == call
        assert processes_of(process.pid) == []
    assert list((copied.parent / "tmp").iterdir()) == []
