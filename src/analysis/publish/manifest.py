"""The manifest of a rendered edition: what went in, what came out, and every indicator behind it."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.declarations import Edition
from analysis.store import Store, file_hash

PACKAGES = ("oproep", "pandas", "numpy", "scipy", "matplotlib", "papermill", "nbconvert", "typst", "pikepdf")


def write_manifest(
    store: Store, edition: Edition, outputs: Mapping[str, bytes], indicators: pd.DataFrame, changed: Iterable[str]
) -> bytes:
    """Return the manifest as JSON: call, edition, versions, commit, hashes of inputs and outputs, indicators.

    It holds no time of making and no path outside the project, so that the same inputs give the same bytes.
    """
    content: dict[str, Any] = {
        "call": store.call_id,
        "edition": edition.model_dump(mode="json"),
        "synthetic": store.sources.synthetic,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "commit": _commit(store.root),
        "inputs": _hashes(store.root, [*store.raw.iterdir(), *store.reference.iterdir()]),
        "changed_since_delivery": sorted(changed),
        "notebooks": _hashes(store.root, (store.root / "notebooks").iterdir()),
        "tables": _hashes(store.root, store.processed.glob("*.parquet")),
        "outputs": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(outputs.items())},
        "indicators": json.loads(indicators.to_json(orient="records", date_format="iso")),
    }
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _hashes(root: Path, paths: Iterable[Path]) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): file_hash(path) for path in sorted(paths) if path.is_file()}


def _commit(root: Path) -> str | None:
    """Return the commit that the project stands at, or None outside a repository."""
    try:
        asked = subprocess.run(["git", "rev-parse", "HEAD"], cwd=root, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return asked.stdout.strip()
