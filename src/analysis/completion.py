"""What a shell may complete on the command line: names of calls, of editions and of steps, read from the folders."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from analysis.faults import InputError
from analysis.files import PIPELINE, find_root

REFERENCE = "reference"  # the folder below data/raw that holds no call
MANIFEST = "manifest.json"
NAME = re.compile(r"^ *- *(?:\{ *)?name: *[\"']?([\w.-]+)", re.MULTILINE)


def complete_call(ctx: Any, incomplete: str) -> list[str]:
    """Return the calls whose name begins as is written: the folders below data/raw that hold a call.yml."""
    return _find(ctx, lambda root: _calls(root), incomplete)


def complete_step(ctx: Any, incomplete: str) -> list[str]:
    """Return the steps of notebooks/pipeline.yml whose name begins as is written."""
    return _find(ctx, lambda root: NAME.findall((root / PIPELINE).read_text(encoding="utf-8")), incomplete)


def complete_edition(ctx: Any, incomplete: str) -> list[str]:
    """Return the folders of editions whose path from here begins as is written; another folder is left to the shell."""
    return _find(ctx, lambda root: _editions(root), incomplete)


def complete_folder(ctx: Any, incomplete: str) -> list[str]:
    """Return the folders below the one that is begun."""
    del ctx
    begun, start = Path(incomplete or "."), incomplete[: incomplete.rfind("/") + 1]
    parent = begun if incomplete.endswith("/") or not incomplete else begun.parent
    found = (path.name for path in parent.iterdir() if path.is_dir()) if parent.is_dir() else ()
    return sorted(f"{start}{name}" for name in found if f"{start}{name}".startswith(incomplete))


def _find(ctx: Any, names: Callable[[Path], Any], incomplete: str) -> list[str]:
    """Return the names that begin as is written; none where there is no project, for a completion never complains."""
    given: Mapping[str, Any] = getattr(ctx, "params", None) or {}
    try:
        root = Path(given["root"]).resolve() if given.get("root") else find_root()
        return sorted(name for name in names(root) if name.startswith(incomplete))
    except (InputError, OSError):
        return []


def _calls(root: Path) -> Iterator[str]:
    for path in (root / "data" / "raw").glob("*/call.yml"):
        if path.parent.name != REFERENCE and not path.parent.name.startswith("."):
            yield path.parent.name


def _editions(root: Path) -> Iterator[str]:
    here = Path.cwd().resolve()
    for path in (root / "reports").glob(f"*/*/{MANIFEST}"):
        folder = path.parent
        if not folder.is_symlink():
            yield str(folder.relative_to(here) if folder.is_relative_to(here) else folder)
