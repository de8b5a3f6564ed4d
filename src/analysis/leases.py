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
from functools import partial
from typing import Any

from analysis.faults import Fault, InputError
from analysis.remote import remove

LOCK = ".lock.json"  # in the folder of the tables of the call
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

    def is_dead(self) -> bool:
        """Return whether it gave no sign of life for so long that it counts as dead."""
        return time.time() - self.alive > DEAD


@dataclass(frozen=True)
class Lease:
    """The lock of a call: its file on storage, that file's name for readers, and what opens another connection."""

    connect: Callable[[], Any]
    path: str
    shown: str
    call: str

    @contextmanager
    def hold(self, wait: bool, say: Callable[[str], None]) -> Iterator[Callable[[], None]]:
        """Keep other runs of the call from starting, as well as a store can.

        Where another is going on, say so and wait; raises InputError instead if `wait` is false. One that gave no sign
        of life for long is taken for dead. Yields what raises InputError where that has happened to us.
        """
        token = secrets.token_hex(8)
        self._acquire(self.connect(), token, wait, say)
        ended, writing = threading.Event(), threading.Lock()
        beating = threading.Thread(target=self._beat, args=(token, ended, writing), daemon=True)
        beating.start()
        try:
            yield partial(self._refuse_lost, token, writing)
        finally:
            ended.set()
            beating.join()
            with suppress(Exception):  # a lock that cannot be removed counts as dead later
                self._release(self.connect(), token)

    def find_living(self) -> Owner | None:
        """Return the run that holds the lock; None where there is none, or it counts as dead."""
        owner = read_owner(self.connect(), self.path, time.time())
        return None if owner is None or owner.is_dead() else owner

    def _acquire(self, system: Any, token: str, wait: bool, say: Callable[[str], None]) -> None:
        told, seen = False, time.time()
        while True:
            owner = read_owner(system, self.path, seen)
            if owner is None:
                write_owner(system, self.path, token)
                time.sleep(SETTLE)
                owner = read_owner(system, self.path, seen)
            if owner and owner.token:
                seen = time.time()
            if owner is None or owner.token == token:
                return
            if owner.is_dead():
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

    def _beat(self, token: str, ended: threading.Event, writing: threading.Lock) -> None:
        """Give a sign of life from time to time, over a connection of its own, as long as the lock is ours."""
        system = None
        while not ended.wait(BEAT):
            try:
                with writing:
                    system = system or self.connect()
                    if not self._is_ours(system, token):
                        return
                    write_owner(system, self.path, token)
            except Exception:  # storage that does not answer now may do so the next time
                system = None

    def _refuse_lost(self, token: str, writing: threading.Lock) -> None:
        with writing:
            if not self._is_ours(self.connect(), token):
                found = f"its lock taken over by another run, as it gave no sign of life for {DEAD / 60:g} minutes"
                raise InputError([Fault(self.call, found, "nothing sent over what that one made: run it again")])

    def _is_ours(self, system: Any, token: str) -> bool:
        """Return whether the lock is ours; one that nobody can read is what we were kept from writing whole."""
        owner = read_owner(system, self.path, time.time())
        return owner is not None and owner.token in (token, "")

    def _release(self, system: Any, token: str) -> None:
        owner = read_owner(system, self.path, 0.0)
        if owner and owner.token == token:
            remove(system, self.path)


def write_owner(system: Any, path: str, token: str) -> None:
    """Write the file of a lock: this user on this machine, now."""
    words = "a run"
    with suppress(Exception):
        words = f"{getpass.getuser()} on {socket.gethostname()}"
    told = {"owner": words, "token": token, "alive": time.time()}
    system.pipe_file(path, json.dumps(told).encode())


def read_owner(system: Any, path: str, seen: float) -> Owner | None:
    """Return who holds a lock.

    A file that cannot be read, as one that is half written, is that of an unknown run, last alive when first `seen`.
    """
    try:
        told: Mapping[str, Any] = json.loads(system.cat_file(path))
        return Owner(str(told["owner"]), str(told["token"]), float(told["alive"]))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        return Owner("an unknown run", "", seen)
