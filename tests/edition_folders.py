"""Builds the folder of an edition by hand, so that a test says what it holds."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PAGE = '<!DOCTYPE html><html lang="en"><body><nav><p>Contents</p></nav><main>{}</main></body></html>'
EDITION = {"as_of": "2024-04-01", "audience": "public", "language": "en"}


def number(name: str, value: float | None, unit: str = "count", day: str | None = None) -> dict[str, Any]:
    """Return an indicator as a manifest records it."""
    origin = {"step": "03_scoring", "function": "scoring.total", "tables": "scores@0123456789ab"}
    return {"indicator": name, "value": value, "day": day, "unit": unit, **origin}


def released(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, Any]:
    """Return a released table as a manifest records it."""
    return {"rows": len(rows), "columns": list(columns), "sha256": hashlib.sha256(repr(rows).encode()).hexdigest()}


def build_edition(
    folder: Path,
    body: str = "<p>Text.</p>",
    numbers: Sequence[Mapping[str, Any]] = (),
    tables: Mapping[str, Sequence[Sequence[str]]] | None = None,
    with_data: bool = True,
    **changes: Any,
) -> Path:
    """Write page, manifest and data of an edition; `tables` are lists of rows, the first with the names of columns."""
    files = {"answer.html": PAGE.format(body)}
    for name, rows in (tables or {}).items() if with_data else ():
        files[f"data/{name}.csv"] = "".join(",".join(row) + "\n" for row in rows)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    manifest = {
        "format": 2,
        "call": "parks-2024",
        "edition": EDITION,
        "synthetic": False,
        "versions": {"python": "3.11.7"},
        "commit": None,
        "clean": None,
        "code": "c0de",
        "inputs": {},
        "changed_since_delivery": [],
        "notebooks": {},
        "tables": {},
        "released": {name: released(rows[0], rows[1:]) for name, rows in (tables or {}).items()},
        "outputs": {name: hashlib.sha256(text.encode()).hexdigest() for name, text in files.items()},
        "indicators": list(numbers),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest | changes), encoding="utf-8")
    return folder
