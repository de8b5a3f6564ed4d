"""Where tasks are done: here, in processes forked from this one, or by the workers of a cluster of Dask.

Both are asked in the same way, for the same functions of a module, each given the plan of the call first. On a cluster
a task whose worker is lost is done again by another, so what a function makes must appear whole, however often it is
made.
"""

from __future__ import annotations

import hashlib
import json
import logging
import secrets
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from analysis.dependencies import Package, find_lock, installed_versions
from analysis.faults import Fault, InputError, refuse
from analysis.files import write_bytes
from analysis.forking import ForkingError
from analysis.remote import SIGN, UnreachableError

if TYPE_CHECKING:
    from distributed import Client, Future

    from analysis.plan import Plan
    from analysis.storage import Needs, Share

T = TypeVar("T")
Said = tuple[str, str, str]  # place, found and expected of a fault, which passes from one process to another
PATIENCE = 10  # seconds to reach a scheduler, and for its first worker to come
RETRIES = 2  # of a task that fails by a fault of the system; one whose worker is lost is repeated in any case
ROUNDS = 4  # batches for each worker, so that a slow one holds up little
LEAST, MOST = 5, 50  # tasks of a batch: what a batch takes to start must count for little, and so must its loss
OPTION, SHARED = "--scheduler", "the same folder as here, shared under the same name"


class LostError(ForkingError):
    """A task ended without an answer, and not by a fault of its own: as often as it was tried its worker was lost."""


class Workers:
    """Does tasks here: each in the thread that asks for it, which may be one of `count`."""

    near = True  # whether what a task writes is seen here while it runs

    def __init__(self, jobs: int) -> None:
        """Take how many processes may be at work at once."""
        self.count = self.width = jobs

    def split(self, tasks: Sequence[T]) -> list[Sequence[T]]:
        """Return tasks in batches, each to be done in one call, by `width` processes."""
        return [tasks] if tasks else []

    def call(self, function: Callable[..., T], plan: Plan, *arguments: Any, needs: Needs | None = None) -> T:
        """Return what `function(plan, *arguments)` returns; several threads may ask.

        Raises what it raises, and LostError where it was lost. `needs` tells what it reads and makes below the root,
        where that is not all of the call.
        """
        del needs  # all is here
        return function(plan, *arguments)

    def give(self) -> None:
        """Let the workers see what was written here."""

    def take(self) -> None:
        """Bring here what the workers have written."""

    def end(self) -> None:
        """Give up what was asked for; who waits for it is told."""


@contextmanager
def open_workers(scheduler: str | None, jobs: int, plan: Plan) -> Iterator[Workers]:
    """Yield the workers of a scheduler's cluster, or where none is given those of this machine, `jobs` at once.

    Raises InputError where the scheduler cannot be reached, has no workers, or has some that see another folder or
    other storage, or have other code or versions.
    """
    if scheduler is None:
        yield Workers(jobs)
        return
    from analysis.opening import opened

    client = _connect(scheduler)
    try:
        yield Cluster(client, plan, opened.get(plan.root))
    finally:
        with suppress(Exception):  # a scheduler that has gone meanwhile
            client.close(timeout=PATIENCE)  # type: ignore[no-untyped-call]


class Cluster(Workers):
    """Has the workers of a cluster do tasks, one for each of their threads at once."""

    near = False

    def __init__(self, client: Client, plan: Plan, share: Share | None = None) -> None:
        """Take a cluster after a look at each of its workers; raises InputError where one will not do."""
        self.client, self.share = client, share
        threads: Mapping[str, int] = client.nthreads()  # type: ignore[no-untyped-call]
        self.count, self.width = sum(threads.values()), 1
        self.ticket = Ticket(hash_code(), versions(plan.root), share.url if share else "")
        self.waiting: set[Future[Answer]] = set()
        self.ended, self.lock, self.carrying = False, Lock(), Lock()
        _inspect(client, plan, self.ticket)

    def split(self, tasks: Sequence[T]) -> list[Sequence[T]]:
        """Return tasks in batches: few enough that starting one counts for little, enough of them to go round."""
        each = -(-len(tasks) // self.count)
        size = min(max(-(-each // ROUNDS), LEAST), MOST, max(each, 1))
        return [tasks[start : start + size] for start in range(0, len(tasks), size)]

    def call(self, function: Callable[..., T], plan: Plan, *arguments: Any, needs: Needs | None = None) -> T:
        """Return what the function returns on a worker; see `Workers.call`."""
        from distributed import CancelledError, KilledWorker

        given = (self.ticket, function, plan, arguments, needs)
        with self.lock:
            if self.ended:
                raise LostError("a task was not begun, for others had failed")
            future = self.client.submit(attempt, *given, pure=False, retries=RETRIES)
            self.waiting.add(future)
        try:
            answer: Answer = future.result()
        except KilledWorker as error:
            raise LostError(f"a task was lost: so were the {_count_losses(error)} workers that tried it") from None
        except (OSError, ForkingError) as error:
            times = f"{RETRIES + 1} times, at last with {type(error).__name__}: {error}"
            raise LostError(f"a task failed on its workers {times}") from None
        except CancelledError:
            raise LostError("a task was given up, or its scheduler was lost") from None
        finally:
            self.waiting.discard(future)
        return answer.give()

    def give(self) -> None:
        """Send what was written here to the storage that workers read; a folder that is shared needs no sending."""
        if self.share:
            with self.carrying:
                self.share.send(settled=False)

    def take(self) -> None:
        """Bring what workers have sent to the storage."""
        if self.share:
            with self.carrying:
                self.share.bring_news()

    def end(self) -> None:
        """Give up what was asked for; a task that has begun goes on to its end, which makes nothing worse."""
        with self.lock:
            self.ended = True
            for future in tuple(self.waiting):
                with suppress(Exception):
                    future.cancel()  # type: ignore[no-untyped-call]


@dataclass(frozen=True)
class Ticket:
    """What a worker must have to do our tasks: this code and these versions; and where the root is, if on storage."""

    code: str
    versions: Mapping[str, str]
    url: str = ""


@dataclass(frozen=True)
class Answer:
    """What became of a task: what its function gave, or the faults it found, or what else it raised."""

    value: Any = None
    faults: tuple[Said, ...] = ()
    error: Exception | None = None

    def give(self) -> Any:
        """Return the value, or raise what was raised; an InputError where there are faults."""
        refuse(Fault(*said) for said in self.faults)
        if self.error:
            raise self.error
        return self.value


def attempt(
    ticket: Ticket, function: Callable[..., Any], plan: Plan, arguments: Sequence[Any], needs: Needs | None
) -> Answer:
    """Do a task on a worker, on a copy of the root where that is on storage.

    An error of the system is raised, for another try may do better; any other is told in the answer.
    """
    faults = differences(ticket)
    if faults:
        return Answer(faults=tuple(faults))
    _use_folder_of_worker()
    try:
        with _at_root(ticket, plan, needs) as there:
            return Answer(function(there, *arguments))
    except UnreachableError as error:
        raise OSError(str(error)) from None
    except InputError as error:
        return Answer(faults=tuple((fault.place, fault.found, fault.expected) for fault in error.faults))
    except (OSError, ForkingError):
        raise
    except Exception as error:
        return Answer(error=error)


def _use_folder_of_worker() -> None:
    """Let temporary files lie in the folder of this worker, which Dask clears where one was killed."""
    from distributed import get_worker

    with suppress(ValueError):  # no worker, but who tries what one does
        tempfile.tempdir = get_worker().local_directory


@contextmanager
def _at_root(ticket: Ticket, plan: Plan, needs: Needs | None) -> Iterator[Plan]:
    if not ticket.url:
        yield plan
        return
    from analysis.opening import open_copy

    with open_copy(ticket.url, plan.call, needs) as share:
        yield replace(plan, root=share.root)


@cache
def hash_code() -> str:
    """Return a hash of the code of this package, its texts and its templates, as they were when first asked for."""
    package = Package()
    code = {name: source.hash for name, source in package.modules.items()}
    content = json.dumps([code, package.texts, package.templates], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


@cache
def versions(root: Path | None = None) -> dict[str, str]:
    """Return the installed versions that count for a project."""
    return installed_versions(find_lock(root) if root else None)


def differences(ticket: Ticket) -> list[Said]:
    """Return what this process has otherwise than it must, each as the place, what was found and what was expected."""
    found = [] if hash_code() == ticket.code else [("its code of oproep", "other files", "the same as here")]
    own = versions()
    return found + [
        (f"its version of {name}", own.get(name, "none"), version)
        for name, version in ticket.versions.items()
        if own.get(name) != version
    ]


def look(ticket: Ticket, sign: str, content: str) -> list[Said]:
    """Return what keeps this worker from our tasks: what it has otherwise, or that it does not see the `sign`."""
    found = differences(ticket)
    if ticket.url:
        from analysis.remote import find_sign

        try:
            seen = find_sign(ticket.url, sign)
        except InputError as error:
            return [*found, *(("its root", fault.found, fault.expected) for fault in error.faults)]
    else:
        with suppress(OSError):
            seen = Path(sign).read_text(encoding="utf-8")
            return found if seen == content else [*found, ("its root", "another folder of that name", SHARED)]
        return [*found, ("its root", "no folder of that name", SHARED)]
    return found if seen == content else [*found, ("its root", "other storage", "the same storage as here")]


def _connect(address: str) -> Client:
    try:
        from distributed import Client
    except ImportError:
        raise InputError([Fault(OPTION, "no package distributed", "what `pip install oproep` brings")]) from None
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # what matters of it we tell ourselves
    try:
        client = Client(address, timeout=PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError, TimeoutError, ImportError) as error:
        cause = str(error.__cause__ or error).split("\n")[0] or type(error).__name__
        found = f"{address}, which cannot be reached ({cause})"
        raise InputError([Fault(OPTION, found, "the address of a scheduler, such as tcp://HOST:8786")]) from None
    try:
        client.wait_for_workers(1, timeout=PATIENCE)
    except (OSError, TimeoutError):
        client.close()  # type: ignore[no-untyped-call]
        found = f"{address}, a scheduler without workers"
        raise InputError([Fault(OPTION, found, f"one that has some: `dask worker {address}` starts one")]) from None
    return client


def _inspect(client: Client, plan: Plan, ticket: Ticket) -> None:
    """Refuse workers that see another root, or have other code or versions."""
    token = secrets.token_hex(8)
    with _put_sign(plan, ticket, token) as sign:
        answers = client.run(look, ticket, sign, token, on_error="return")
    refuse(fault for worker, answer in sorted(answers.items()) for fault in _judge(worker, answer))


def _judge(worker: str, answer: list[Said] | Exception) -> Iterator[Fault]:
    if isinstance(answer, ModuleNotFoundError):
        yield Fault(f"worker {worker}", f"no module {answer.name}", "oproep, installed as here")
    elif isinstance(answer, Exception):
        yield Fault(f"worker {worker}", f"{type(answer).__name__}: {answer}", "a worker that answers")
    else:
        for place, found, expected in answer:
            yield Fault(f"worker {worker}, {place}", found, expected)


@contextmanager
def _put_sign(plan: Plan, ticket: Ticket, token: str) -> Iterator[str]:
    """Put a file below the root by which a worker knows it, and yield its path; below a URL that is relative to it."""
    if ticket.url:
        from analysis.remote import put_sign

        with put_sign(ticket.url, plan.call, token) as name:
            yield name
        return
    path = plan.processed / f"{SIGN}{token}"
    write_bytes(path, token.encode())
    try:
        yield str(path)
    finally:
        path.unlink(missing_ok=True)


def _count_losses(error: Any) -> int:
    return int(getattr(error, "allowed_failures", 0)) + 1
