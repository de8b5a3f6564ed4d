"""A process for each task: the others go on where one fails, and none is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from analysis.children import Outcome, work_apart

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")


def double(number: int) -> int:
    return 2 * number


def fail_on_some(number: int) -> int:
    match number % 5:
        case 1:
            raise ValueError(f"{number} is odd")
        case 2:
            os.kill(os.getpid(), signal.SIGKILL)
        case 3:
            os._exit(7)
        case 4:
            time.sleep(60)
    return number


def remember(number: int) -> tuple[int, int]:
    seen.append(number)
    return len(seen), os.getpid()


seen: list[int] = []


def test_every_task_gives_its_value_once():
    outcomes = list(work_apart(double, range(20), jobs=3))
    assert sorted((outcome.task, outcome.value) for outcome in outcomes) == [(n, 2 * n) for n in range(20)]


def test_no_task_sees_what_another_left_in_memory():
    told = [outcome.value for outcome in work_apart(remember, range(6), jobs=2)]
    assert {count for count, _ in told} == {1}
    assert len({pid for _, pid in told} | {os.getpid()}) == 7
    assert seen == []


def test_a_task_that_raises_is_killed_exits_or_hangs_is_named_and_the_others_are_done():
    found = {outcome.task: outcome for outcome in work_apart(fail_on_some, range(10), jobs=4, limit=1.0)}
    assert [found[n].value for n in (0, 5)] == [0, 5]
    assert found[6].failure == "ValueError: 6 is odd"
    assert found[7].failure == "its process ended without an answer (killed by SIGKILL)"
    assert found[8].failure == "its process ended without an answer (status 7)"
    assert found[9] == Outcome(9, failure="took longer than its limit")


def test_an_answer_longer_than_a_pipe_holds_arrives_whole():
    (outcome,) = work_apart(lambda n: "x" * n, [3_000_000], jobs=1)
    assert len(outcome.value) == 3_000_000


def test_who_stops_listening_leaves_no_process():
    before = set(psutil.Process().children())
    running = work_apart(time.sleep, [0, 60, 60], jobs=3)
    next(running)
    running.close()
    assert set(psutil.Process().children()) <= before


def test_the_children_end_with_their_parent(tmp_path: Path):
    code = (
        "import os, time\nfrom pathlib import Path\nfrom analysis.children import work_apart\n"
        "def work(n):\n    Path(f'{n}.pid').write_text(str(os.getpid())); time.sleep(60)\n"
        "list(work_apart(work, range(2), jobs=2))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    files = [tmp_path / f"{n}.pid" for n in range(2)]
    _await(lambda: all(file.is_file() and file.read_text() for file in files))
    parent.kill()
    parent.wait()
    pids = [int(file.read_text()) for file in files]
    _await(lambda: not any(_is_alive(pid) for pid in pids))


def _is_alive(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def _await(met: object, patience: float = 30.0) -> None:
    ends = time.monotonic() + patience
    while not met():  # type: ignore[operator]
        assert time.monotonic() < ends, "it never came"
        time.sleep(0.02)
