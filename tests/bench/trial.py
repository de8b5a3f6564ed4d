"""Works of known outcome, by which the measuring itself is tested; a module without imports that take time."""

from __future__ import annotations

from pathlib import Path

from bench.measure import Facts, Work


def allocate(folder: Path) -> Work:
    """Take as many bytes as the file `size` says, and leave the file `done`."""
    size = int((folder / "size").read_text(encoding="utf-8"))

    def work() -> Facts:
        taken = b"1" * size
        (folder / "done").touch()
        return {"bytes": len(taken)}

    return work


def fail(_: Path) -> Work:
    return lambda: {"none": 1 / 0}
