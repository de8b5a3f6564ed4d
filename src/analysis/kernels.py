"""One notebook executed with papermill in a kernel of its own; its parameters are checked before any kernel starts."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import nbformat

from analysis.faults import Fault, refuse
from analysis.forking import CAN_FORK, find_parent

if TYPE_CHECKING:
    from traitlets.config import Config

PARAMETERS = "parameters"
PRELOADED = ("pandas", "IPython.display", "analysis.plots", "analysis.answer")
QUIET = ["--log-level=50"]  # a kernel that is told to stop says so as if it were an error


@dataclass
class NotebookError(Exception):
    """A cell of a notebook raised: which notebook, which cell, what, and where the executed copy lies."""

    notebook: str
    cell: int
    error: str
    message: str
    copy: Path

    def __str__(self) -> str:
        """Name notebook, cell and error in one sentence."""
        return f"{self.notebook}, code cell {self.cell}: {self.error}: {self.message} (executed copy: {self.copy})"


def prepare() -> None:
    """Start the parent of the kernels, so that it makes its imports while the caller makes others."""
    if CAN_FORK:
        find_parent(PRELOADED)


def execute(notebook: Path, copy: Path, parameters: Mapping[str, str]) -> nbformat.NotebookNode:
    """Execute a notebook with parameters, keep its executed copy, and return it.

    Raises InputError where the notebook has no cell tagged `parameters` or does not declare one of the parameters, and
    NotebookError where a cell raises; the copy then shows how far it came.
    """
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    _refuse_undeclared(notebook, parameters)
    copy.parent.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryDirectory(prefix="kernel-") as sockets:
            executed = papermill.execute_notebook(
                notebook,
                copy,
                parameters=dict(parameters),
                kernel_name="python3",
                engine_name="forked",
                cwd=str(notebook.parent),
                progress_bar=False,
                config=_settings(sockets),
                extra_arguments=QUIET,
            )
    except PapermillExecutionError as error:
        raise NotebookError(notebook.name, error.exec_count or 0, error.ename, error.evalue, copy) from None
    except DeadKernelError as error:
        raise NotebookError(notebook.name, _last_cell(copy), "DeadKernelError", str(error), copy) from None
    finally:
        _forget_paths(copy)
    return executed


def _settings(sockets: str) -> Config:
    """Return how kernels are started; `sockets` is a folder that only this user may enter."""
    from traitlets.config import Config

    # Others on the machine can listen in on a TCP port, but not on sockets in a folder that is closed to them.
    local = {"transport": "ipc", "ip": str(Path(sockets) / "kernel")} if os.name == "posix" else {}
    return Config({"KernelManager": local, "ForkedProvisioner": {"preload": list(PRELOADED)}})


def _refuse_undeclared(notebook: Path, parameters: Mapping[str, str]) -> None:
    import papermill

    cells = _read(notebook).cells
    if not any(PARAMETERS in cell.metadata.get("tags", []) for cell in cells):
        refuse([Fault(str(notebook), "no cell tagged `parameters`", "one, which declares the notebook's parameters")])
    declared = papermill.inspect_notebook(notebook)
    known = ", ".join(declared) or "none"
    refuse(
        Fault(str(notebook), f"no parameter {name!r}", f"a parameter that its parameters cell declares: {known}")
        for name in parameters
        if name not in declared
    )


def _last_cell(copy: Path) -> int:
    """Return the number of the code cell that ran last, as far as the executed copy tells."""
    counts = [cell.get("execution_count") or 0 for cell in _read(copy).cells]
    return max(counts, default=0) + 1


def _forget_paths(copy: Path) -> None:
    """Take out of the executed copy the absolute paths that papermill notes: they tell of the machine, not the call."""
    if not copy.is_file():
        return
    executed = _read(copy)
    for key in ("input_path", "output_path"):
        executed.metadata.get("papermill", {}).pop(key, None)
    copy.write_text(nbformat.writes(executed) + "\n", encoding="utf-8")  # type: ignore[no-untyped-call]


def _read(path: Path) -> nbformat.NotebookNode:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
