"""What a command takes with all processes below it, looked at while it runs: processor time and memory.

The system tells a process what its children took only where it waits for them; kernels that are forked from a parent
which does not, or that are killed, would count for nothing.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

PROC = "/proc"
EVERY, SELDOM = 0.05, 0.5  # seconds between two looks at the times, and at the memory: watching takes time itself
FIRST_FIELD, OWN_TIMES = 3, slice(14, 16)  # fields of /proc/PID/stat that follow the name; utime and stime


class Watch:
    """The processes below one process: the time of each as it was last seen, and the most memory that all took."""

    def __init__(self, pid: int) -> None:
        """Begin with one process."""
        self.pids = {pid}
        self.times: dict[int, float] = {}
        self.peak = 0.0

    @property
    def cpu(self) -> float:
        """Return the processor seconds of all processes; of each, all but what followed the last look at it."""
        return sum(self.times.values())

    def look(self) -> None:
        """Note the times of all processes that are there, among them those that are new."""
        found = set(self.pids)
        while found:
            self.pids |= found
            found = {child for pid in found for child in list_children(pid)} - self.pids
        for pid in tuple(self.pids):
            taken = read_times(pid)
            if taken is None:
                self.pids.discard(pid)
            else:
                self.times[pid] = taken

    def weigh(self) -> None:
        """Note the memory of all processes in MiB, where what several share counts once."""
        self.peak = max(self.peak, sum(read_memory(pid) for pid in self.pids))


@contextmanager
def watching(pid: int) -> Iterator[Watch]:
    """Watch a process, and all below it, for as long as the context lasts; elsewhere than on Linux nothing is seen."""
    watch, ended = Watch(pid), threading.Event()

    def work() -> None:
        weighed = 0.0
        while not ended.wait(EVERY):
            watch.look()
            if time.monotonic() - weighed >= SELDOM:
                watch.weigh()
                weighed = time.monotonic()

    thread = threading.Thread(target=work, daemon=True)
    if read_times(pid) is not None:
        thread.start()
    try:
        yield watch
    finally:
        ended.set()
        if thread.ident:
            thread.join()


def list_children(pid: int) -> list[int]:
    """Return the processes that a process has started and that run; none where it has ended."""
    tasks = f"{PROC}/{pid}/task"
    try:
        with os.scandir(tasks) as found:
            return [int(child) for task in found for child in _read(f"{task.path}/children").split()]
    except OSError:
        return []


def read_times(pid: int) -> float | None:
    """Return the processor seconds of one process without its children, or None where it has ended."""
    try:
        fields = _read(f"{PROC}/{pid}/stat").rpartition(b")")[2].split()
    except OSError:
        return None
    own = slice(OWN_TIMES.start - FIRST_FIELD, OWN_TIMES.stop - FIRST_FIELD)
    return sum(map(int, fields[own])) / os.sysconf("SC_CLK_TCK")


def read_memory(pid: int) -> float:
    """Return the memory of one process in MiB, of what it shares with others its part; 0 where it has ended."""
    try:
        lines = _read(f"{PROC}/{pid}/smaps_rollup").splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith(b"Pss:")) / 1024


def _read(path: str) -> bytes:
    """Return what a file of the system says; a plain descriptor is many times cheaper than a stream."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 1 << 16)
    finally:
        os.close(descriptor)
