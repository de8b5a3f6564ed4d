"""A lock of a call on storage, which has no locks: a file that tells who runs it, renewed as long as that one lives."""

from __future__ import annotations

import getpass
import json
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from analysis.faults import Fault, InputError

BEAT, DEAD = 30.0, 600.0  # seconds between two signs of life, and without one after which a run counts as dead
POLL = 5.0  # seconds between two looks at the lock of another
SETTLE = 0.5  # seconds after which of two that wrote at once the later one is seen by both


@dataclass(frozen=True)
class Owner:
    """Who holds a lock: in words, the mark of its run, and when it last gave a sign of life, in seconds since 1970."""

    words: str
    token: str
    alive: float

    def __str__(self) -> str:
        """Say who it is, and of when its last sign of life is."""
        return f"{self.words}, last alive at {datetime.fromtimestamp(self.alive, UTC):%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True)
class Lease:
    """The lock of a call: its file on storage, that file's name for readers, and what opens another connection."""

    connect: Callable[[], Any]
    path: str
    shown: str
    call: str

    @contextmanager
    def hold(self, wait: bool, say: Callable[[str], None]) -> Iterator[None]:
        """Keep other runs of the call from starting, as well as a store can.

        Where another is going on, say so and wait; raises InputError instead if `wait` is false. One that gave no sign
        of life for long is taken for dead.
        """
        system, token = self.connect(), secrets.token_hex(8)
        self._acquire(system, token, wait, say)
        ended = threading.Event()
        beating = threading.Thread(target=self._beat, args=(token, ended), daemon=True)
        beating.start()
        try:
            yield
        finally:
            ended.set()
            beating.join()
            with suppress(Exception):  # a lock that cannot be removed counts as dead later
                self._release(self.connect(), token)

    def _acquire(self, system: Any, token: str, wait: bool, say: Callable[[str], None]) -> None:
        told = False
        while True:
            owner = read_owner(system, self.path)
            if owner is None:
                write_owner(system, self.path, token)
                time.sleep(SETTLE)
                owner = read_owner(system, self.path)
            if owner is None or owner.token == token:
                return
            if time.time() - owner.alive > DEAD:
                say(f"{owner}, counts as dead after {DEAD / 60:g} minutes: its lock is taken over")
                self._release(system, owner.token)
                continue
            if not wait:
                advice = f"wait {DEAD / 60:g} minutes or remove {self.shown}"
                expected = f"none, as --no-wait asks; where it is dead, {advice}"
                raise InputError([Fault(self.call, f"another run of it going on ({owner})", expected)])
            if not told:
                say(f"waiting for another run of {self.call} ({owner})")
                told = True
            time.sleep(POLL)

    def _beat(self, token: str, ended: threading.Event) -> None:
        """Give a sign of life from time to time, over a connection of its own."""
        system = None
        while not ended.wait(BEAT):
            with suppress(Exception):  # storage that does not answer now may do so the next time
                system = system or self.connect()
                write_owner(system, self.path, token)

    def _release(self, system: Any, token: str) -> None:
        owner = read_owner(system, self.path)
        if owner and owner.token == token:
            with suppress(FileNotFoundError):
                system.rm_file(self.path)


def write_owner(system: Any, path: str, token: str) -> None:
    """Write the file of a lock: this user on this machine, now."""
    words = "a run"
    with suppress(Exception):
        words = f"{getpass.getuser()} on {socket.gethostname()}"
    told = {"owner": words, "token": token, "alive": time.time()}
    system.pipe_file(path, json.dumps(told).encode())


def read_owner(system: Any, path: str) -> Owner | None:
    """Return who holds a lock; a file that cannot be read, as one that is half written, is that of an unknown run."""
    try:
        told: Mapping[str, Any] = json.loads(system.cat_file(path))
        return Owner(str(told["owner"]), str(told["token"]), float(told["alive"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return Owner("an unknown run", "", time.time())
