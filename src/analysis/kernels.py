"""One notebook executed with papermill in a kernel of its own; its parameters are checked before any kernel starts."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from analysis.faults import Fault, refuse
from analysis.files import write_bytes
from analysis.forking import CAN_FORK, Parent, find_parent

if TYPE_CHECKING:
    from nbformat import NotebookNode
    from traitlets.config import Config

PARAMETERS = "parameters"
LONGEST_FOLDER = 90  # bytes; with the names of the sockets in it a path stays below the 108 of Linux
QUIET = ["--log-level=50"]  # a kernel that is told to stop says so as if it were an error
# What the parent of the kernels imports, in the order of the steps: one is forked as soon as its imports are there.
PRELOADED = (
    # What a kernel itself imports as it starts.
    *("ipykernel.debugger", "sqlite3", "psutil", "faulthandler", "tornado.platform.asyncio", "tornado.queues"),
    *("IPython.core.completerlib", "IPython.core.debugger", "IPython.core.oinspect", "IPython.extensions.storemagic"),
    # What pandas and pandera import when they first read and check a table.
    *("pandas", "pyarrow.dataset", "pyarrow.parquet", "pyarrow.fs", "pandas.core.arrays.arrow.extension_types"),
    *("pandas.io.formats.string", "pandera.backends.pandas.register", "pandera.backends.pandas.container"),
    *("pandera.backends.pandas.builtin_hypotheses", "pandera.accessors.pandas_accessor"),
    # What the notebooks import, and what their functions import when first called.
    *("IPython.display", "analysis.indicators", "analysis.store", "analysis.wording", "analysis.ingest"),
    *("analysis.figures", "analysis.maps", "analysis.plots", "analysis.distribution"),
    *("analysis.agreement", "analysis.expectation", "analysis.ranking", "analysis.scoring", "analysis.sensitivity"),
    *("analysis.selection", "analysis.whatif", "analysis.resources", "analysis.evaluation", "analysis.followup"),
    "analysis.sharing",
    *("analysis.similarity", "analysis.reconciliation", "analysis.answer", "analysis.editions"),
)
# Neither is of use here, and each takes as long to import as pandas: a debugger, and the grammar of web addresses.
WITHOUT = ("debugpy", "rfc3987_syntax")


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


class Process(Protocol):
    """A process of its own group, as subprocess.Popen and ForkedProcess give it."""

    pid: int

    def poll(self) -> int | None:
        """Return None while it runs."""

    def wait(self) -> int | None:
        """Wait for its end."""


class Processes:
    """The processes that a run has started; once they were ended, those that come later are ended at once."""

    def __init__(self) -> None:
        """Begin with none."""
        self.running: list[Process] = []
        self.ended = False
        self.lock = Lock()

    def __reduce__(self) -> tuple[type[Processes], tuple[()]]:
        """Become none elsewhere: what a task starts is ended where the task is done."""
        return Processes, ()

    def add(self, process: Process) -> None:
        """Note a process that was started."""
        with self.lock:
            self.running = [other for other in self.running if other.poll() is None] + [process]
            if self.ended:
                _kill(process)

    def end(self) -> None:
        """End all at once, and wait until they have."""
        with self.lock:
            self.ended = True
            for process in self.running:
                _kill(process)


def _kill(process: Process) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def start_parent() -> None:
    """Start the parent of the kernels, so that it makes its imports while the caller makes others."""
    if CAN_FORK:
        _parent()


def prepare() -> None:
    """Start the parent of the kernels, and import papermill meanwhile; done before, it takes no time."""
    start_parent()
    with _absent(WITHOUT):
        import papermill  # noqa: F401


def call_aside(function: str, arguments: Sequence[Any], processes: Processes) -> Any:
    """Return what `module:function` returns, from a forked process where there is fork, so that others go on meanwhile.

    Raises what the function raises, and ForkingError where its process was killed.
    """
    if CAN_FORK:
        return _parent().call(function, arguments, processes.add)
    module, _, name = function.partition(":")
    __import__(module)
    return getattr(sys.modules[module], name)(*arguments)


def execute(
    notebook: Path,
    copy: Path,
    parameters: Mapping[str, str],
    *,
    limit: float = 0,
    scratch: Path | None = None,
    processes: Processes | None = None,
) -> NotebookNode:
    """Execute a notebook with parameters, keep its executed copy, and return it; several threads may do so at once.

    `limit` is in seconds, for all cells together; none if 0. `scratch` is a folder for what is needed meanwhile.
    Raises InputError where the notebook has no cell tagged `parameters` or does not declare one of the parameters, and
    NotebookError where a cell raises, takes too long or loses its kernel; the copy then shows how far it came.
    """
    prepare()
    import papermill
    from nbclient.exceptions import DeadKernelError
    from papermill.exceptions import PapermillExecutionError

    _refuse_undeclared(notebook, parameters)
    folder = Path(mkdtemp(prefix="kernel-", dir=scratch if scratch and scratch.is_dir() else None))
    unfinished = folder / notebook.name
    try:
        with _shortened(folder) as short:
            return papermill.execute_notebook(
                notebook.resolve(),
                unfinished,
                parameters=dict(parameters),
                kernel_name="python3",
                engine_name="forked",
                progress_bar=False,
                config=_settings(short, _imported(notebook)),
                extra_arguments=QUIET,
                # Not papermill's own option for the working folder: that moves the whole process, with all its threads.
                resources={"metadata": {"path": str(notebook.resolve().parent)}},
                environment={"TMPDIR": str(folder)},
                limit=limit,
                started=(processes or Processes()).add,
            )
    except PapermillExecutionError as error:
        cell = _count_code(unfinished, error.cell_index)
        raise NotebookError(notebook.name, cell, error.ename, error.evalue, copy) from None
    except (DeadKernelError, TimeoutError) as error:
        message = str(error) or "the kernel was not ready in time"
        raise NotebookError(notebook.name, 0, type(error).__name__, message, copy) from None
    finally:
        keep_copy(unfinished, copy, notebook.resolve().parents[1])
        shutil.rmtree(folder, ignore_errors=True)


def _parent() -> Parent:
    return find_parent(PRELOADED, WITHOUT)


@contextmanager
def _absent(names: Sequence[str]) -> Iterator[None]:
    """Make modules seem absent to those that are imported meanwhile and could do with them."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            sys.modules.pop(name, None)


@contextmanager
def _shortened(folder: Path) -> Iterator[Path]:
    """Give a name of a folder under which sockets can lie: the path of one may have about a hundred bytes."""
    if len(os.fsencode(folder)) <= LONGEST_FOLDER or sys.platform != "linux":
        yield folder
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield Path(f"/proc/{os.getpid()}/fd/{handle}")
    finally:
        os.close(handle)


def _settings(folder: Path, imported: Sequence[str]) -> Config:
    """Return how kernels are started; `folder` is one that only this user may enter."""
    from traitlets.config import Config

    manager = {"connection_file": str(folder / "connection.json")}
    if os.name == "posix":
        # Others on the machine can listen in on a TCP port, but not on sockets in a folder that is closed to them.
        manager |= {"transport": "ipc", "ip": str(folder / "s")}
    forked = {"preload": list(PRELOADED), "without": list(WITHOUT), "after": list(imported)}
    return Config({"KernelManager": manager, "ForkedProvisioner": forked})


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


def _imported(notebook: Path) -> list[str]:
    """Return those of the preloaded modules that a notebook imports, and what every kernel imports."""
    from analysis.dependencies import code_of, names_imported

    names = names_imported(code_of(notebook.read_text(encoding="utf-8")))
    needed = [name for name in PRELOADED if name in names]
    last = PRELOADED.index(needed[-1]) if needed else PRELOADED.index("analysis.ingest")
    return list(PRELOADED[: last + 1])


def _count_code(copy: Path, index: int) -> int:
    """Return the number of a cell among the code cells, from its place among all cells before a failure was marked."""
    cells = [cell for cell in _read(copy).cells if "papermill-error-cell-tag" not in cell.metadata.get("tags", [])]
    return sum(cell.cell_type == "code" for cell in cells[: index + 1])


def keep_copy(unfinished: Path, copy: Path, root: Path) -> None:
    """Put the executed copy in its place, without what tells of the machine and the moment and not of the call."""
    import nbformat

    from analysis.copies import strip

    if not unfinished.is_file():
        return
    try:
        executed = strip(_read(unfinished), root)
    except ValueError:  # half-written, as where the disk is full: what ended it is told, and is not hidden by this
        return
    write_bytes(copy, (nbformat.writes(executed) + "\n").encode())  # type: ignore[no-untyped-call]


def _read(path: Path) -> NotebookNode:
    import nbformat

    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
