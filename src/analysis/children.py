"""One forked process for each of many tasks: what a task does to memory, or breaks, ends with its process."""

from __future__ import annotations

import ctypes
import gc
import os
import pickle
import random
import select
import signal
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, NoReturn

END_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl
CHUNK = 1 << 16


@dataclass(frozen=True)
class Outcome:
    """What became of a task: what it gave, or in words why it failed."""

    task: Any
    value: Any = None
    failure: str = ""


@dataclass
class _Child:
    task: Any
    pid: int
    ends: float
    content: bytes = b""
    late: bool = False


def work_apart(work: Callable[[Any], Any], tasks: Iterable[Any], jobs: int, limit: float = 0.0) -> Iterator[Outcome]:
    """Yield what `work` gives for each task, as they end, each in a process of its own and `jobs` of them at once.

    The first of them start at the call, so that the caller can work beside them before it asks for what they give.
    That is pickled. A task that raises, is killed, or takes longer than `limit` seconds (none if 0) has failed, and the
    others go on. The caller must have a single thread: a fork keeps no other.
    """
    waiting, children = iter(tasks), dict[int, _Child]()
    gc.freeze()  # so that the children's collector does not copy what they share with us
    begin = partial(_fill, children, waiting, work, jobs, limit)
    try:
        begin()
    except BaseException:
        _end_all(children)
        raise
    return _follow(children, begin)


def _fill(
    children: dict[int, _Child], waiting: Iterator[Any], work: Callable[[Any], Any], jobs: int, limit: float
) -> None:
    while len(children) < jobs:
        try:
            task = next(waiting)
        except StopIteration:
            return
        pipe, child = _start(work, task, limit, children)
        children[pipe] = child


def _follow(children: dict[int, _Child], begin: Callable[[], None]) -> Iterator[Outcome]:
    try:
        while children:
            yield from _gather(children)
            begin()
    finally:
        _end_all(children)


def _end_all(children: Mapping[int, _Child]) -> None:
    for pipe, child in children.items():
        with suppress(ProcessLookupError):
            os.kill(child.pid, signal.SIGKILL)
        os.close(pipe)
        os.waitpid(child.pid, 0)


def _start(work: Callable[[Any], Any], task: Any, limit: float, others: Iterable[int]) -> tuple[int, _Child]:
    received, sent = os.pipe()
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        for pipe in (received, *others):
            os.close(pipe)
        _become_worker(work, task, sent, parent)
    os.close(sent)
    return received, _Child(task, pid, time.monotonic() + limit if limit else float("inf"))


def _become_worker(work: Callable[[Any], Any], task: Any, sent: int, parent: int) -> NoReturn:
    status = 1
    try:
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(END_WITH_PARENT, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
        random.seed()
        if "numpy" in sys.modules:
            sys.modules["numpy"].random.seed()
        content = pickle.dumps(_outcome(work, task))
        with os.fdopen(sent, "wb") as answer:
            answer.write(content)
        status = 0
    finally:
        os._exit(status)


def _outcome(work: Callable[[Any], Any], task: Any) -> tuple[Any, str]:
    try:
        return work(task), ""
    except Exception as error:
        return None, f"{type(error).__name__}: {error}"


def _gather(children: dict[int, _Child]) -> Iterator[Outcome]:
    """Wait until a child has something to say or its time is over, and yield the outcomes of those that ended."""
    left = max(min(child.ends for child in children.values()) - time.monotonic(), 0.0)
    waiting = select.poll()
    for pipe in children:
        waiting.register(pipe, select.POLLIN)
    events = waiting.poll(None if left == float("inf") else left * 1000 + 1)
    for child in children.values():
        if child.ends <= time.monotonic() and not child.late:
            child.late = True
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)
    for pipe, _ in events:
        piece = os.read(pipe, CHUNK)
        children[pipe].content += piece
        if not piece:
            yield _end(pipe, children.pop(pipe))


def _end(pipe: int, child: _Child) -> Outcome:
    os.close(pipe)
    _, status = os.waitpid(child.pid, 0)
    if child.late:
        return Outcome(child.task, failure="took longer than its limit")
    if not child.content:
        number = os.waitstatus_to_exitcode(status)
        return Outcome(child.task, failure=f"its process ended without an answer ({_say_status(number)})")
    value, failure = pickle.loads(child.content)
    return Outcome(child.task, value, failure)


def _say_status(number: int) -> str:
    return f"killed by {signal.Signals(-number).name}" if number < 0 else f"status {number}"
