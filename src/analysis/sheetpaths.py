"""Where sheets lie, and what each may show, and what their files are called; imports nothing that takes time."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

PLAIN_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_-]|\.(?=[A-Za-z0-9])){0,59}")
SHEETS = "sheets"  # below reports/<call>: beside the editions, for rendering one of these replaces its whole folder
RESERVED = re.compile(r"(?i)index|latest|con|prn|aux|nul|com\d|lpt\d|(?:index|con|prn|aux|nul|com\d|lpt\d)\..*")


def sheets_folder(reports: Path, edition: str, kind: str) -> Path:
    """Return the folder of the sheets of one kind in an edition; `reports` is that of the call's rendered editions."""
    folder = reports / SHEETS / edition
    return folder if kind == "proposal" else folder / f"by-{kind}"


def granted_path(processed: Path, edition: str, kind: str, subject: str) -> Path:
    """Return the file of what one sheet may show; a subject is other people's text, and no name for a file.

    `processed` is the folder of the tables of the call.
    """
    named = hashlib.sha256(subject.encode()).hexdigest()[:20]
    return notes_folder(processed, edition) / kind / f"{named}.json"


def notes_folder(processed: Path, edition: str) -> Path:
    """Return the folder of what the sheets of an edition may show, and of what was noted of them."""
    return processed / SHEETS / edition


def common_path(processed: Path, edition: str, kind: str) -> Path:
    """Return the file of what all sheets of a kind may show."""
    return notes_folder(processed, edition) / f"{kind}.json"


def name_files(subjects: Iterable[str]) -> dict[str, str]:
    """Return a name for the files of each subject: its id where that is plain and no other's but for capitals.

    Ids are other people's text: one that would lead elsewhere, or that some system takes for something else, gets a
    name of its own.
    """
    ids = list(subjects)
    folded = Counter(subject.casefold() for subject in ids)
    return {
        subject: subject
        if PLAIN_NAME.fullmatch(subject) and not RESERVED.fullmatch(subject) and folded[subject.casefold()] == 1
        else _safe(subject)
        for subject in ids
    }


def _safe(subject: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", subject.lower()).strip("-")[:30]
    return f"{plain or 'sheet'}-{hashlib.sha256(subject.encode()).hexdigest()[:10]}"
