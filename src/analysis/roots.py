"""The root of a command as a folder, also where it is told as a URL: then a copy of the call is worked on, and sent."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from analysis.completion import complete_folder
from analysis.remote import URL, local_root
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


def at_place(writes: bool, sheets: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Return what lets a command take a URL as its root: it is given a folder that holds a copy of the call.

    What a command that `writes` has made is sent at its end, also where it ends with an exit code of its own.
    """

    def wrap(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(**given: Any) -> None:
            told = given["root"]
            if told is None or not URL.match(str(told)):
                command(**given | {"root": told and Path(told)})
            else:
                _run_on_copy(command, str(told), given, writes, sheets)

        return run

    return wrap


def _run_on_copy(command: Callable[..., None], url: str, given: dict[str, Any], writes: bool, sheets: bool) -> None:
    folder, leaving = local_root(url), None
    if folder:
        command(**given | {"root": folder})
        return
    with _open(url, given, writes, sheets) as share:
        try:
            command(**given | {"root": share.root})
        except typer.Exit as leave:  # what was made before it is sent all the same
            leaving = leave
    if writes:
        complain.print(f"sent to {share.name(share.root / 'reports' / share.call)}")
    if leaving:
        raise leaving


def _open(url: str, given: dict[str, Any], writes: bool, sheets: bool) -> AbstractContextManager[Share]:
    from analysis.storage import look_into, open_root

    if not writes:
        return look_into(url, given["call"])
    return open_root(url, given["call"], given["wait"], complain.print, sheets)
