"""One run of a call at a time; and what a run that was killed has left is cleaned up by the next one."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from analysis import forking
from analysis.faults import Fault, InputError
from analysis.files import is_aside, remove_asides
from analysis.plan import Plan
from analysis.sheetpaths import SHEETS

try:
    import fcntl
except ImportError:  # Windows: there runs are not kept apart
    fcntl = None  # type: ignore[assignment]

ASIDE = ".aside"  # the folder below reports/<call> in which editions are made


@contextmanager
def lock(plan: Plan, wait: bool, say: Callable[[str], None]) -> Iterator[None]:
    """Keep other runs of the call from starting; where one is going on, say so and wait for its end.

    Raises InputError where there is one and `wait` is false. The lock ends with all processes that this run started, so
    that the next run never meets a kernel of a run that was killed.
    """
    path = plan.processed / ".lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab") as file:
        if fcntl and not _try(file.fileno()):
            if not wait:
                raise InputError([Fault(plan.call, "another run of it going on", "none, as --no-wait asks")])
            say(f"waiting for another run of {plan.call}")
            fcntl.flock(file, fcntl.LOCK_EX)
        forking.held.add(file.fileno())
        try:
            yield
        finally:
            forking.held.discard(file.fileno())
            if fcntl:  # for all that have the file open, so that one which is about to end keeps nobody waiting
                fcntl.flock(file, fcntl.LOCK_UN)


def is_locked(plan: Plan) -> bool:
    """Return whether a run of the call is going on."""
    try:
        with (plan.processed / ".lock").open("rb") as file:
            return bool(fcntl) and not _try(file.fileno())
    except OSError:
        return False


@contextmanager
def scratch(plan: Plan) -> Iterator[Path]:
    """Return a folder for sockets and other things of this run, closed to other users; the lock must be held.

    Its name is always the same, so that what a run left that was killed is found and removed.
    """
    folder = _scratch_folder(plan)
    _clean(plan, folder)
    try:
        folder.mkdir(mode=0o700)
        yield folder
    finally:
        with _undisturbed():
            _clean(plan, folder)


def has_leftovers(plan: Plan) -> bool:
    """Return whether a run of the call that was killed has left something, or one is going on."""
    folders = (plan.reports, plan.processed, plan.state)
    return (
        _scratch_folder(plan).exists()
        or (plan.reports / ASIDE).exists()
        or any(is_aside(path) for folder in folders if folder.is_dir() for path in folder.iterdir())
    )


def find_scratch(plan: Plan) -> Path | None:
    """Return the folder of the run of a call that goes on; None where there is none, as on another machine."""
    folder = _scratch_folder(plan)
    return folder if folder.is_dir() else None


def _scratch_folder(plan: Plan) -> Path:
    name = hashlib.sha256(os.fsencode(plan.processed.resolve())).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"oproep-{getattr(os, 'getuid', int)()}-{name}"


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Put off the signals that end us: one that came meanwhile is heard after."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _clean(plan: Plan, folder: Path) -> None:
    for place in (folder, plan.reports / ASIDE):
        if place.exists():
            shutil.rmtree(place)
    sheets = [place for own in (plan.reports, plan.processed) for place in (own / SHEETS).glob("**/")]
    places = [plan.reports, plan.processed, plan.state, plan.processed / "notebooks", *sheets]
    for place in (*places, *(plan.processed / "released").glob("*")):
        remove_asides(place)


def _try(descriptor: int) -> bool:
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
