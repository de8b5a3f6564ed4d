"""Storage that fsspec reaches: connecting to it, what it tells of a file, and what one kind does unlike another."""

from __future__ import annotations

import atexit
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from analysis.faults import Fault, InputError

LOCAL = ("file", "local")  # protocols whose folders need no copy
URL = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]+)://")  # of more than one letter: C:// is a disk of Windows
OBSTORE = {"s3": "s3", "s3a": "s3", "gs": "gcs", "az": "azure", "abfs": "azure"}  # what the extra `s3` brings
SIGN = ".sign-"  # how the name of a file begins by which a worker tells that it sees the same root
GRACE = 0.1  # seconds
TAGS = ("ETag", "e_tag", "etag", "md5", "content_md5")
TIMES = ("modify", "mtime", "LastModified", "last_modified", "created")


class UnreachableError(InputError):
    """Storage does not answer as it should: perhaps as it was told wrongly, perhaps only now."""


def local_root(root: str) -> Path | None:
    """Return the folder of a root that needs no copy, of a path or a file:// URL; None for any other URL."""
    found = URL.match(root)
    if not found:
        return Path(root)
    return Path(urlsplit(root).path) if found[1].lower() in LOCAL else None


def hide_secrets(url: str) -> str:
    """Return a URL without user, password and options, as it may be shown."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def connect(url: str) -> tuple[Any, str]:
    """Return the file system of a URL and the path of the root in it; raise InputError where it cannot be reached."""
    import fsspec  # type: ignore[import-untyped]

    protocol = urlsplit(url).scheme.lower()
    try:
        options = {} if _register(protocol) else {"use_listings_cache": False}
        system, base = fsspec.url_to_fs(url, skip_instance_cache=True, **options)
    except ImportError as error:
        expected = "that package, installed"
        if protocol in OBSTORE:
            expected = "that package, installed; `pip install 'oproep[s3]'` brings it for s3"
        raise _refusal(url, f"a protocol that needs another package ({error})", expected) from None
    except ValueError:
        expected = "a folder, or a URL of a protocol that fsspec knows, such as s3"
        raise _refusal(url, f"no known protocol {protocol}", expected) from None
    except Exception as error:
        raise _unreachable(url, error) from None
    return system, str(base).rstrip("/")


def _register(protocol: str) -> bool:
    """Let fsspec reach the stores of clouds by obstore, where that is installed; return whether it does.

    It keeps no listings, and takes the option of others to keep none for a setting of the store.
    """
    if protocol not in OBSTORE:
        return False
    try:
        from obstore.fsspec import register
    except ImportError:
        return False
    register(protocol)
    _end_after_threads()
    return True


@cache
def _end_after_threads() -> None:
    """Let this process end a moment later: a thread of obstore lets go of an answer after that has come.

    Python that ends meanwhile aborts; it did so in 2 of 40 processes that ended right after they had sent something.
    """
    atexit.register(time.sleep, GRACE)


def _refusal(url: str, found: str, expected: str) -> InputError:
    return InputError([_fault(url, found, expected)])


def _fault(url: str, found: str, expected: str) -> Fault:
    return Fault(f"--root {hide_secrets(url)}", found, expected)


def _unreachable(url: str, error: Exception) -> UnreachableError:
    cause = str(error).strip().split("\n")[0] or type(error).__name__
    secret = urlsplit(url).password
    cause = cause.replace(secret, "***") if secret else cause
    found = f"storage that cannot be reached ({cause[:200]})"
    return UnreachableError([_fault(url, found, "storage that can be read and written")])


@contextmanager
def named(url: str) -> Iterator[None]:
    """Tell of every error of the storage as one of its URL."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        raise _unreachable(url, error) from error


def appears_whole(system: Any) -> bool:
    """Return whether a file that is sent to this storage appears whole or not at all, as in a store of objects."""
    from fsspec.asyn import AsyncFileSystem  # type: ignore[import-untyped]

    return isinstance(system, AsyncFileSystem) or "memory" in system.protocol


def make_folder(system: Any, path: str) -> None:
    """Make the folder of a file, where the storage has folders."""
    if not appears_whole(system):
        system.makedirs(path.rpartition("/")[0], exist_ok=True)


def renames(system: Any) -> bool:
    """Return whether this storage has folders, that it can rename at once."""
    from fsspec import AbstractFileSystem

    return type(system).mv is not AbstractFileSystem.mv


def rename_over(system: Any, old: str, new: str) -> None:
    """Rename a file to a name that another may have, which makes way."""
    try:
        system.mv(old, new)
    except Exception:  # some servers rename over no file that is there
        if not system.exists(new):
            raise
        system.rm_file(new)
        system.mv(old, new)


def remove(system: Any, path: str) -> None:
    """Remove a file, where it is there."""
    try:
        system.rm_file(path)
    except Exception:  # each kind says in its own way that there is none
        if system.exists(path):
            raise


def find(system: Any, path: str) -> dict[str, dict[str, Any]]:
    """Return what is told of each file at or below a path; nothing where there is none.

    Raises what the storage raises where it does not list a folder that is there: what lies in it is not gone.
    """
    try:
        if PurePosixPath(path).suffix and system.isfile(path):  # a server of FTP takes a file for a folder of itself
            return {path: system.info(path)}
        found = system.find(path, detail=True, on_error="raise")
    except FileNotFoundError:
        if system.exists(path):
            raise
        return {}
    return {name: told for name, told in found.items() if told.get("type", "file") == "file"}


def fingerprint(told: Mapping[str, Any]) -> str:
    """Return what tells one content of a file from another, as far as the storage knows."""
    for key in TAGS:
        if told.get(key):
            return f"tag {told[key]}"
    times = [str(told[key]) for key in TIMES if told.get(key)]
    return f"time {times[0]} {told.get('size')}" if times else ""


@contextmanager
def put_sign(url: str, call: str, token: str) -> Iterator[str]:
    """Put a small file on storage by which a worker tells that it is the same; yield its path below the root."""
    name = f"data/processed/{call}/{SIGN}{token}"
    system, base = connect(url)
    with named(url):
        make_folder(system, f"{base}/{name}")
        system.pipe_file(f"{base}/{name}", token.encode())
    try:
        yield name
    finally:
        with suppress(Exception):
            system.rm_file(f"{base}/{name}")


def find_sign(url: str, name: str) -> str:
    """Return what the sign holds, as seen from here, or an empty text where it is not there.

    Raises InputError where the storage cannot be reached.
    """
    system, base = connect(url)
    with named(url):
        try:
            return bytes(system.cat_file(f"{base}/{name}")).decode()
        except FileNotFoundError:
            return ""
