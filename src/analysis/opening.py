"""Opening a root on storage: one run of a call at a time, in a folder of this machine that has a copy of the call."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path, PurePosixPath

from analysis import remote
from analysis.files import SHARED_REFERENCE
from analysis.leases import LOCK, Lease
from analysis.storage import Needs, Share, folders_of, sheets_of

try:
    import fcntl
except ImportError:  # Windows: there runs are not kept apart
    fcntl = None  # type: ignore[assignment]

opened: dict[Path, Share] = {}  # the copies that are open in this process, by their folder


@contextmanager
def open_root(
    url: str, call: str, wait: bool = True, say: Callable[[str], None] = lambda _: None, sheets: bool = False
) -> Iterator[Share]:
    """Yield the copy of a call from storage, while no other run of it is going on; at the end send what was made.

    Its sheets are brought only if they are wanted. Where the run fails nothing is sent. Raises InputError where the
    storage cannot be reached, or another run goes on and `wait` is false.
    """
    with _copy_folder(url, call) as root:
        share = Share(url, call, root)
        with ExitStack() as held:
            with remote.named(url):
                lease = _lease(share)
                remote.make_folder(share.system, lease.path)
                share.refuse_lost = held.enter_context(lease.hold(wait, say))
            share.clean()
            _bring_call(share, sheets)
            opened[root] = share
            try:
                yield share
            finally:
                del opened[root]
            share.send()
            share.clean()  # a worker whose task was tried again may have left what it had sent aside


@contextmanager
def look_into(url: str, call: str, sheets: bool = False) -> Iterator[Share]:
    """Yield the copy of a call, with its sheets only if they are wanted, to be read only."""
    with _copy_folder(url, call) as root:
        share = Share(url, call, root)
        _bring_call(share, sheets)
        yield share


def is_running(share: Share) -> bool:
    """Return whether a run of the call is going on, here or elsewhere."""
    with remote.named(share.url):
        return _lease(share).find_living() is not None


@contextmanager
def open_copy(url: str, call: str, needs: Needs | None = None) -> Iterator[Share]:
    """Yield a copy of what a task needs of a call: of all but its sheets if that is not told.

    What the task made is sent at the end, unless it fails.
    """
    with _copy_folder(url, call) as root:
        share = Share(url, call, root)
        if needs:
            share.paths = needs.folders
            share.bring()
            share.bring_files(needs.files)
            for name in needs.makes:
                (root / name).unlink(missing_ok=True)
                share.ledger.pop(name, None)
            share.watch(folders_of(call))
        else:
            _bring_call(share, sheets=False)
        yield share
        share.send(settled=False, note=not needs)
        for name in needs.makes if needs else ():  # or they would pass for some that were never sent
            (root / name).unlink(missing_ok=True)


def _lease(share: Share) -> Lease:
    name = f"data/processed/{share.call}/{LOCK}"
    shown = share.name(share.root / name)
    return Lease(lambda: remote.connect(share.url)[0], f"{share.base}/{name}", shown, share.call)


def _bring_call(share: Share, sheets: bool) -> None:
    """Bring all of a call; which reference files it uses stands in its own folder, so that comes first."""
    share.paths = (f"data/raw/{share.call}",)
    share.bring()
    share.paths = folders_of(share.call, _reference_of(share.root / "data" / "raw" / share.call))
    share.without = () if sheets else sheets_of(share.call)
    share.bring()


def _reference_of(raw: Path) -> str:
    """Return the folder of reference files that a call names; what is wrong with call.yml is said by who reads it."""
    import yaml

    with suppress(OSError, ValueError, LookupError, TypeError, AttributeError, yaml.YAMLError):
        told = yaml.safe_load((raw / "call.yml").read_text(encoding="utf-8"))["reference"].get("folder")
        if isinstance(told, str) and PurePosixPath(told).name == told:
            return told
    return SHARED_REFERENCE


@contextmanager
def _copy_folder(url: str, call: str) -> Iterator[Path]:
    """Yield a folder for a copy that no other process uses meanwhile, and that only this user may enter.

    It stays, so that the next run brings only what has changed.
    """
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "oproep"
    base = home / hashlib.sha256(f"{remote.hide_secrets(url)}\n{call}".encode()).hexdigest()[:16]
    base.mkdir(parents=True, exist_ok=True, mode=0o700)
    base.chmod(0o700)
    for number in range(1 << 16):
        with (base / f"{number}.lock").open("ab") as file:
            if not _take(file.fileno()):
                continue
            root = base.resolve() / str(number)
            root.mkdir(exist_ok=True)
            yield root
            return


def _take(descriptor: int) -> bool:
    if fcntl is None:
        return True
    with suppress(BlockingIOError):
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False
