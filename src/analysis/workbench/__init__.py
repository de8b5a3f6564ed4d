"""The workbench: what other weights, another shortlist or fewer constraints would have chosen, seen at once."""

from __future__ import annotations

import os
import pickle
from datetime import date
from pathlib import Path

from analysis.declarations import Audience, Language
from analysis.files import find_root
from analysis.store import Store
from analysis.whatif import prepare
from analysis.workbench.panel import Workbench
from analysis.workbench.shelf import FolderShelf

__all__ = ["Workbench", "open_workbench"]
PREPARED = "OPROEP_PREPARED"  # names the file with what a served notebook may know, and is set for its kernel only


def open_workbench(
    call: str, language: Language = "nl", audience: Audience = "internal", as_of: date | None = None
) -> Workbench:
    """Return the workbench of a call, wherever in the project this runs.

    In a notebook that `oproep app` serves it shows what was prepared for the readers, whatever is asked for here.
    Raises InputError with the command that makes it where a table is missing.
    """
    prepared = os.environ.get(PREPARED)
    if prepared:
        return Workbench(*pickle.loads(Path(prepared).read_bytes()))
    store = Store(find_root(), call)
    return Workbench(prepare(store, audience, as_of, language), FolderShelf(store), store.outline)
