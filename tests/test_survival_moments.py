"""Wherever a run is ended, the last good report stays or the new one is there whole, and the next run succeeds.

The call is a small one of three tiny notebooks, so that many moments can be tried: see `killing`. They are drawn from all of
the time that a run takes and from all of its changes on disk, with more towards its end: as it places the report and
lets `latest` lead to it.
"""

from __future__ import annotations

import json
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from killing import Launcher, Run, hashes_of, reduce, tree_of

from analysis.forking import CAN_FORK

CALL, EDITION, OLDER = "green-streets-2024", "2024-04-01-public-en", "2023-01-01-public-en"
SUBJECTS = ("The Green Streets call", "The Shady Streets call")  # what makes one report differ from the other
SEEDS, MOMENTS = 4, 10
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
PHASES = ("beginning", "steps", "files", "placed", "switched", "ended")
pytestmark = pytest.mark.skipif(not CAN_FORK, reason="runs are forked, and found in /proc, which Linux only has")


@dataclass(frozen=True)
class Project:
    """A project, the reports of both states of it, and how long a run takes: in seconds, and in changes on disk."""

    root: Path
    reports: tuple[dict[str, str], dict[str, str]]
    older: dict[str, str]
    tree: set[str]
    seconds: float
    changes: list[str]

    @property
    def folder(self) -> Path:
        return self.root / "reports" / CALL


@dataclass(frozen=True)
class Moment:
    """When a run is ended and how: after so many seconds, or at the change on disk of this number."""

    number: signal.Signals
    seconds: float = 0.0
    change: int = 0


def set_state(root: Path, state: int) -> None:
    path = root / "data" / "raw" / CALL / "call.yml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(SUBJECTS[1 - state], SUBJECTS[state]), encoding="utf-8")


def lead_to_older(root: Path) -> None:
    """Let `latest` lead to an edition of before, so that it shows whether a run has let it lead to its own."""
    link = root / "reports" / CALL / "latest"
    link.unlink(missing_ok=True)
    link.symlink_to(OLDER)


@pytest.fixture(scope="module")
def project(
    tmp_path_factory: pytest.TempPathFactory, make_project: Callable[[Path], Path], launcher: Launcher
) -> Project:
    root = make_project(tmp_path_factory.mktemp("moments") / "root")
    reduce(root)
    older = root / "reports" / CALL / OLDER
    older.mkdir(parents=True)
    (older / "answer.html").write_text("an answer of before")
    reports, note = [], root.parent / "changes.json"
    for state in (1, 0):
        set_state(root, state)
        lead_to_older(root)
        begun = time.monotonic()
        launcher.start(root, ["run", CALL, "--force", "--log", "json"], note=str(note)).end(0)
        reports.append(hashes_of(root / "reports" / CALL / EDITION))
    seconds, changes = time.monotonic() - begun, json.loads(note.read_text())
    return Project(root, (reports[1], reports[0]), hashes_of(older), tree_of(root), seconds, changes)


def draw_moments(seed: int, project: Project) -> list[Moment]:
    """Draw ten moments: over the whole time, over all changes on disk, and over those from the placing onwards."""
    drawn, count = random.Random(seed), len(project.changes)
    place = project.changes.index("exchange") + 1
    latest = next(n for n, change in enumerate(project.changes, start=1) if change.endswith(".latest.new_link"))
    changes = [drawn.randint(1, count), drawn.randint(1, count), drawn.randint(place - 2, place)]
    changes += [drawn.randint(place + 1, latest), drawn.randint(place + 1, latest), drawn.randint(latest + 2, count)]
    times = [drawn.uniform(0.0, project.seconds) for _ in range(4)]
    moments = [{"seconds": moment} for moment in times] + [{"change": change} for change in changes]
    drawn.shuffle(moments)
    return [Moment(SIGNALS[(seed + number) % 3], **moment) for number, moment in enumerate(moments)]  # type: ignore[arg-type]


def end_at(launcher: Launcher, root: Path, moment: Moment) -> Run:
    """Start a run that makes everything, and end it at the moment."""
    arguments = ["run", CALL, "--force", "--log", "json"]
    asked = {"change": moment.change, "signal": int(moment.number)} if moment.change else {}
    run = launcher.start(root, arguments, **asked)
    if not moment.change and not run.wait(moment.seconds):
        run.send(moment.number)
    run.await_end()
    return run


def find_phase(project: Project, run: Run, new: dict[str, str]) -> str:
    """Return how far a run had come, by what it told and by what is there."""
    told = [f"{event['event']} {event.get('step', '')}" for event in run.events()]
    if run.code == 0:
        return "ended"
    if (project.folder / "latest").readlink().name == EDITION:
        return "switched"
    if hashes_of(project.folder / EDITION) == new:
        return "placed"
    if "step started files" in told:
        return "files"
    return "steps" if any(event.startswith("step started") for event in told) else "beginning"


def check_reports(project: Project, old: dict[str, str], new: dict[str, str]) -> None:
    """Check that the report is the last one or the new one, byte for byte, and what `latest` leads to is whole."""
    present, latest = hashes_of(project.folder / EDITION), (project.folder / "latest").readlink().name
    assert present in (old, new)
    assert hashes_of(project.folder / OLDER) == project.older
    assert latest in (OLDER, EDITION)
    assert latest == OLDER or present == new


def check_end(project: Project, run: Run, number: int) -> None:
    """Check what a run says that is told to stop, and that it has cleaned up; of one that is killed no more than this:
    that its processes end with it.
    """
    assert run.left_over() == []
    if number == signal.SIGKILL or run.code == 0:
        return
    events, said = run.events(), run.said.read_text()
    begun, ended = (
        {"run started", "run ended"} & {event["event"] for event in events} >= {name}
        for name in ("run started", "run ended")
    )
    if begun and not ended:
        assert run.code == 128 + number, said
        assert f"stopped by {signal.Signals(number).name}; editions that were in place are as they were" in said
        assert "Traceback" not in said
    assert tree_of(project.root) <= project.tree
    assert list((project.root.parent / "tmp").iterdir()) == []


@pytest.fixture(scope="module")
def phases() -> list[str]:
    """Return the phases in which runs were ended, filled as they are."""
    return []


# A test for each moment, not for each seed: a file of many tests is begun early, and does not keep one core busy alone.
@pytest.mark.parametrize("number", range(SEEDS * MOMENTS))
def test_wherever_a_run_is_ended_no_report_is_lost_nothing_is_left_and_the_next_succeeds(
    project: Project, launcher: Launcher, phases: list[str], number: int
):
    seed, count = divmod(number, MOMENTS)
    moment, state = draw_moments(seed, project)[count], (number + 1) % 2
    old, new = project.reports[1 - state], project.reports[state]
    if hashes_of(project.folder / EDITION) != old:  # alone, or after a moment that failed
        set_state(project.root, 1 - state)
        launcher.start(project.root, ["run", CALL]).end(0)
    set_state(project.root, state)
    lead_to_older(project.root)
    assert hashes_of(project.folder / EDITION) == old
    run = end_at(launcher, project.root, moment)
    phases.append(find_phase(project, run, new))
    try:
        check_reports(project, old, new)
        check_end(project, run, moment.number)
        launcher.start(project.root, ["run", CALL]).end(0)
        assert hashes_of(project.folder / EDITION) == new
        assert (project.folder / "latest").readlink().name == EDITION
        assert tree_of(project.root) == project.tree
        assert list((project.root.parent / "tmp").iterdir()) == []
    except BaseException as error:
        error.add_note(f"seed {seed}, {moment}: ended in {phases[-1]}; said: {run.said.read_text()[-2000:]}")
        raise


def test_the_moments_lie_in_all_phases_of_a_run(phases: list[str]):
    if len(phases) < SEEDS * MOMENTS:
        pytest.skip("not all moments were tried")
    assert {"steps", "files", "placed"} < set(phases), phases
    assert phases.count("ended") <= SEEDS * 3, phases
