"""A papermill engine that executes a notebook in this very process, with the outputs that a kernel would give.

It is for a process that was forked for one notebook and ends with it: that is as isolated as a kernel, but needs no
sockets and no second process. The process is left with what the notebook did to it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from nbformat import from_dict
from papermill.engines import Engine, papermill_engines
from traitlets.config import Config

NAME = "in-process"


class _Stream:
    """A text stream that becomes outputs of the running cell; what follows on the same stream is added to it."""

    encoding, errors = "utf-8", "strict"

    def __init__(self, shell: NotebookShell, name: str) -> None:
        self.shell, self.name = shell, name

    def write(self, text: str) -> int:
        last = self.shell.outputs[-1] if self.shell.outputs else None
        if last and last["output_type"] == "stream" and last["name"] == self.name:
            last["text"] += text
        elif text:
            self.shell.add({"output_type": "stream", "name": self.name, "text": text})
        return len(text)

    def writelines(self, lines: list[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True


class _Publisher(DisplayPublisher):
    shell: NotebookShell

    def publish(  # type: ignore[override]
        self, data: dict[str, Any], metadata: dict[str, Any] | None = None, *, update: bool = False, **_: Any
    ) -> None:
        if not update:
            self.shell.add({"output_type": "display_data", "data": data, "metadata": metadata or {}})

    def clear_output(self, wait: bool = False) -> None:
        self.shell.clear(wait)


class _Hook(DisplayHook):
    shell: NotebookShell

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: dict[str, Any], md_dict: dict[str, Any] | None = None) -> None:
        self.shell.add(
            {
                "output_type": "execute_result",
                "execution_count": self.prompt_count,
                "data": format_dict,
                "metadata": md_dict or {},
            }
        )

    def finish_displayhook(self) -> None:
        pass


class NotebookShell(InteractiveShell):
    """IPython as a kernel runs it, whose outputs are gathered per cell in the form of a notebook."""

    outputs: list[dict[str, Any]]
    emptied = False

    def __init__(self, **options: Any) -> None:
        """Make a shell without history: what was typed before is of no use, and would be kept in a file."""
        self.outputs = []
        silent = Config({"HistoryManager": {"enabled": False}})
        super().__init__(  # type: ignore[no-untyped-call]
            config=silent, display_pub_class=_Publisher, displayhook_class=_Hook, colors="Linux", **options
        )

    def add(self, output: dict[str, Any]) -> None:
        """Take an output of the running cell."""
        if self.emptied:
            self.outputs.clear()
            self.emptied = False
        self.outputs.append(output)

    def clear(self, wait: bool) -> None:
        """Drop the outputs of the running cell: now, or when the next one comes."""
        self.emptied = wait
        if not wait:
            self.outputs.clear()

    def init_io(self) -> None:
        """Leave the streams of the process as they are."""

    def enable_gui(self, gui: Any = None) -> None:
        """Do nothing: there is no window here."""

    def _showtraceback(self, etype: Any, evalue: Any, stb: list[str]) -> None:
        self.add({"output_type": "error", "ename": etype.__name__, "evalue": str(evalue), "traceback": list(stb)})

    def run(self, code: str) -> tuple[int, list[dict[str, Any]], BaseException | None]:
        """Run a cell; return its number, its outputs, and what it raised, if it did."""
        self.outputs, self.emptied = [], False
        number = self.execution_count
        with self._streams():
            result = self.run_cell(code, store_history=True)  # type: ignore[no-untyped-call]
        return number, self.outputs, result.error_before_exec or result.error_in_exec

    @contextmanager
    def _streams(self) -> Iterator[None]:
        before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = _Stream(self, "stdout"), _Stream(self, "stderr")
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before


def describe_language() -> dict[str, Any]:
    """Return what a kernel tells of its language, which a notebook keeps."""
    version = sys.version.split()[0]
    return {
        "codemirror_mode": {"name": "ipython", "version": sys.version_info.major},
        "file_extension": ".py",
        "mimetype": "text/x-python",
        "name": "python",
        "nbconvert_exporter": "python",
        "pygments_lexer": f"ipython{sys.version_info.major}",
        "version": version,
    }


class InProcessEngine(Engine):
    """The papermill engine that executes a notebook in this process; a notebook in another language is refused."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> None:
        """Execute the cells up to one that raises; `resources` may tell the folder in which they run."""
        del kernel_name  # this process is the kernel
        notebook = nb_man.nb
        language = notebook.metadata.get("kernelspec", {}).get("language", "python")
        if language != "python":
            raise ValueError(f"a notebook in {language}: expected one in Python")
        folder = _folder_of(options)
        os.chdir(folder)
        sys.path.insert(0, "")
        shell = NotebookShell.instance()
        save, nb_man.save = nb_man.save, lambda **_: None  # each saving writes and checks all outputs so far
        for index, cell in enumerate(notebook.cells):
            nb_man.cell_start(cell, index)
            error = _execute(shell, cell) if cell.cell_type == "code" else None
            if error is not None:
                nb_man.cell_exception(cell, cell_index=index, exception=error)
            nb_man.cell_complete(cell, cell_index=index)
            if error is not None:
                break
        nb_man.save = save
        notebook.metadata["language_info"] = describe_language()


def _folder_of(options: Mapping[str, Any]) -> str:
    metadata = options.get("resources", {}).get("metadata", {})
    return str(metadata.get("path") or Path.cwd())


def _execute(shell: NotebookShell, cell: Any) -> BaseException | None:
    """Execute a cell and keep its outputs; a blank one is no cell to a kernel either."""
    if not cell.source.strip():
        return None
    number, outputs, error = shell.run(cell.source)
    cell["execution_count"] = number
    cell["outputs"] = [from_dict(output) for output in outputs]  # type: ignore[no-untyped-call]
    expected = "raises-exception" in cell.metadata.get("tags", [])
    return None if expected else error


def register() -> None:
    """Let papermill find the engine by its name."""
    papermill_engines.register(NAME, InProcessEngine)
