"""Files and folders that appear whole or not at all, and where a project lies; imports nothing that takes time."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from analysis.faults import Fault, InputError

PIPELINE = "notebooks/pipeline.yml"
ROOT = "OPROEP_ROOT"
ASIDE = re.compile(r"\..+\.[a-z0-9_]{8}")  # the names that tempfile gives to what is written aside
AT_FOLDER, EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of renameat2
CAUSES = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the quota of the disk is used up",
    errno.EROFS: "the folder is on a disk that can only be read",
    errno.EACCES: "this user has no right to",
    errno.EPERM: "this user has no right to",
    errno.EFBIG: "it is larger than a file of this user may be",
}
SHARED_REFERENCE = "reference"  # below data/raw: the folder of the reference files of every call that names no other


def find_root(start: Path | None = None) -> Path:
    """Return the nearest folder at or above `start` that holds the pipeline; raise InputError if there is none.

    Without `start` it is looked for from the current folder, and where that lies in no project the environment variable
    OPROEP_ROOT tells it: a scheduler of notebooks may run them in a folder of its own.
    """
    begin = (start or Path.cwd()).resolve()
    told = os.environ.get(ROOT, "") if start is None else ""
    for folder in (begin, *begin.parents, *([Path(told).resolve()] if told else [])):
        if (folder / PIPELINE).is_file():
            return folder
    found = f"no project here or above{f', nor in {ROOT}={told}' if told else ''}"
    raise InputError([Fault(str(begin), found, f"a folder that holds {PIPELINE}, data/ and reports/")])


def raw_folder(root: Path, call: str) -> Path:
    """Return the folder of what a call delivered."""
    return root / "data" / "raw" / call


def processed_folder(root: Path, call: str) -> Path:
    """Return the folder of the tables that the steps of a call make."""
    return root / "data" / "processed" / call


def reports_folder(root: Path, call: str) -> Path:
    """Return the folder of a call's rendered editions."""
    return root / "reports" / call


def file_hash(path: Path) -> str:
    """Return the sha256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_if_there(path: Path) -> str:
    """Return the sha256 of a file's bytes, or an empty text where there is no such file."""
    try:
        return file_hash(path)
    except FileNotFoundError:
        return ""


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file whole or not at all: aside first, then renamed over the old one; an OSError names the file."""
    with _named(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(aside).chmod(0o644)
            Path(aside).replace(path)
        except BaseException:
            Path(aside).unlink(missing_ok=True)
            raise


def place_folder(folder: Path, place: Path) -> None:
    """Move a folder to its place in one step; what stood there stays until then, and is removed after."""
    with _named(place):
        if not place.exists():
            folder.rename(place)
        elif _exchange(folder, place):
            shutil.rmtree(folder)
        else:
            old = Path(tempfile.mkdtemp(dir=folder.parent)) / place.name
            place.rename(old)
            folder.rename(place)
            shutil.rmtree(old.parent)


def point(link: Path, target: str) -> None:
    """Let a symbolic link lead to a neighbour of it, in one step; a system without such links gets none.

    A folder of its name is what a copy of the project made of the link, and is replaced.
    """
    if link.is_symlink() and link.readlink() == Path(target):
        return
    with _named(link), suppress(NotImplementedError):
        aside = link.with_name(f".{link.name}.new_link")
        aside.unlink(missing_ok=True)
        aside.symlink_to(target, target_is_directory=True)
        if link.is_dir() and not link.is_symlink():
            shutil.rmtree(link)
        aside.replace(link)


def is_aside(path: Path) -> bool:
    """Return whether a file or folder bears the name of what is written aside, to be renamed when it is whole."""
    return ASIDE.fullmatch(path.name) is not None


def remove_asides(folder: Path) -> None:
    """Remove from a folder what a run that was killed had written aside; no other run may be at work in it."""
    for path in folder.glob(".*"):
        if is_aside(path):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def say_unwritable(error: OSError) -> str | None:
    """Say in one sentence why something cannot be written; None where the error is another one."""
    if error.errno not in CAUSES:
        return None
    place = error.filename or f"a file, perhaps in {tempfile.gettempdir()}, where what is temporary goes"
    return f"Cannot write {place}: {CAUSES[error.errno]}."


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Give an error of writing the name of the file: the system tells it for some only."""
    try:
        yield
    except OSError as error:
        if error.errno is not None and (error.filename is None or is_aside(Path(str(error.filename)))):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; return False where the system cannot."""
    if sys.platform != "linux":
        return False
    with suppress(AttributeError):
        rename = ctypes.CDLL(None).renameat2
        return bool(rename(AT_FOLDER, os.fsencode(one), AT_FOLDER, os.fsencode(other), EXCHANGE) == 0)
    return False
