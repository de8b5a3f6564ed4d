"""The root of a command as a folder, also where it is told as a URL: then a copy of the call is worked on, and sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.completion import complete_folder
from analysis.faults import Fault, InputError
from analysis.remote import hide_secrets, local_root
from analysis.voice import complain

if TYPE_CHECKING:
    from analysis.storage import Share

Place = Annotated[
    Any,
    typer.Option(
        "--root",
        parser=str,
        metavar="DIR|URL",
        help="The folder that holds data/, notebooks/ and reports/, or its URL on storage, such as s3://BUCKET/FOLDER;"
        " found from here upward if not given.",
        is_eager=True,
        autocompletion=complete_folder,
    ),
]
Scheduler = Annotated[
    str | None,
    typer.Option(metavar="tcp://HOST:PORT", help="The scheduler of a cluster of Dask, whose workers do the work."),
]
copies: dict[Path, Share] = {}  # by their folders, what this process has brought from URLs


def name_of(path: Path) -> str:
    """Return the name of a file or folder as who asked for it knows it: by its URL where the root is one."""
    return next((share.name(path) for root, share in copies.items() if path.is_relative_to(root)), str(path))


@contextmanager
def at_root(
    root: str | None, call: str, *, writes: bool = False, sheets: bool = False, wait: bool = True
) -> Iterator[Path | None]:
    """Yield the folder of a root, or where that is a URL one with a copy of the call; None where it must be found.

    What a command that `writes` has made in a copy is sent at the end, unless it failed. Faults name files of the copy
    by their URL.
    """
    folder = None if root is None else local_root(str(root))
    if root is None or folder:
        yield folder
        return
    with _open(str(root), call, writes, sheets, wait) as share:
        copies[share.root] = share
        try:
            yield share.root
        except InputError as error:
            told = [(fault.place, fault.found, fault.expected) for fault in error.faults]
            raise InputError([Fault(*map(share.rename, texts)) for texts in told]) from None
        except Exception as error:
            _rename_in(error, share)
            raise
    if writes:
        complain.print(f"sent to {name_of(share.root / 'reports' / call)}")


def _rename_in(error: Exception, share: Share) -> None:
    """Let what a notebook said of its input name files by their URL; its executed copy lies where it says, unsent."""
    from analysis.kernels import NotebookError

    if isinstance(error, NotebookError):
        error.message = share.rename(error.message)


def is_running_at(folder: Path) -> bool:
    """Return whether a run of the call in a copy is going on, on whatever machine; False for a folder that is none."""
    if folder not in copies:
        return False
    from analysis.opening import is_running

    return is_running(copies[folder])


def refuse_url(root: str) -> Path:
    """Return the folder of a command that works in one; raise InputError where it was given a URL."""
    folder = local_root(root)
    if folder is None:
        expected = "a folder: of all commands run, sheets, status and check take a URL"
        raise InputError([Fault("--root", hide_secrets(root), expected)])
    return folder


def _open(url: str, call: str, writes: bool, sheets: bool, wait: bool) -> AbstractContextManager[Share]:
    from analysis.opening import look_into, open_root

    return open_root(url, call, wait, complain.print, sheets) if writes else look_into(url, call, sheets)
