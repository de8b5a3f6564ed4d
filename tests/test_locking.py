"""One run of a call at a time, and nothing left of a run that was killed."""

from __future__ import annotations

import multiprocessing
import threading
from pathlib import Path

import pytest

from analysis import locking
from analysis.faults import InputError
from analysis.plan import Plan

CALL = "green-streets-2024"


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    return Plan(tmp_path, CALL, "en", (), (), ())


def hold(root: Path, taken: object, release: object) -> None:
    with locking.lock(Plan(root, CALL, "en", (), (), ()), wait=True, say=print):
        taken.set()  # type: ignore[attr-defined]
        release.wait(60)  # type: ignore[attr-defined]


@pytest.fixture
def other(tmp_path: Path):
    """Return what lets another process, which holds the lock, go on; at the end it is ended."""
    start = multiprocessing.get_context("spawn")
    taken, release = start.Event(), start.Event()
    process = start.Process(target=hold, args=(tmp_path, taken, release))
    process.start()
    assert taken.wait(60)
    yield release, process
    process.kill()
    process.join()


def test_a_second_run_says_that_it_waits_and_then_goes_on(plan: Plan, other):
    release, _ = other
    said: list[str] = []

    def note(text: str) -> None:
        said.append(text)
        threading.Timer(0.1, release.set).start()

    assert locking.is_locked(plan)
    with locking.lock(plan, wait=True, say=note):
        assert said == [f"waiting for another run of {CALL}"]
    assert not locking.is_locked(plan)


def test_a_second_run_that_may_not_wait_is_refused(plan: Plan, other):
    del other
    with (
        pytest.raises(InputError, match=f"{CALL}: found another run of it going on; expected none, as --no-wait asks"),
        locking.lock(plan, wait=False, say=pytest.fail),
    ):
        pytest.fail("two runs at once")


def test_the_lock_ends_with_a_run_that_is_killed(plan: Plan, other):
    _, process = other
    process.kill()
    process.join()
    with locking.lock(plan, wait=False, say=pytest.fail):
        pass


def test_runs_of_different_calls_do_not_wait_for_one_another(plan: Plan, other):
    del other
    with locking.lock(Plan(plan.root, "another-call", "en", (), (), ()), wait=False, say=pytest.fail):
        assert locking.is_locked(plan)


def test_before_any_run_nothing_is_locked(plan: Plan):
    assert not locking.is_locked(plan)
    assert not plan.processed.exists()


def test_a_run_finds_nothing_of_one_that_was_killed_and_leaves_nothing(plan: Plan):
    with locking.scratch(plan) as first:
        (first / "socket").write_text("x")
        assert first.stat().st_mode & 0o777 == 0o700
    assert not first.exists()
    # What a run leaves that is killed: its scratch, an edition half rendered, a table half written.
    first.mkdir()
    (first / "socket").write_text("x")
    left = [plan.reports / ".aside" / "tmp" / "answer.html", plan.processed / ".totals.parquet.abcd1234"]
    left += [plan.processed / "released" / "e" / ".totals.parquet.abcd1234", plan.state / ".x.json.abcd1234"]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("half")
    with locking.scratch(plan) as second:
        assert second == first
        assert list(second.iterdir()) == []
        assert not [path for path in left if path.exists()]
