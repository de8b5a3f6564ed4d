"""What a run tells a machine: every event as one line of JSON, and nothing else beside these lines."""

from __future__ import annotations

import io
import json
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import TextIO

from analysis.clock import now
from analysis.faults import InputError
from analysis.kernels import NotebookError

FILES = "files of "  # how the runner begins the name of the rendering of an edition


@dataclass
class Journal:
    """Writes events of one call to a stream, from any thread; `seconds` is a clock to measure with."""

    call: str
    stream: TextIO
    seconds: Callable[[], float] = time.monotonic
    placed: set[str] = field(default_factory=set)
    lock: Lock = field(default_factory=Lock)

    def write(self, event: str, **details: object) -> None:
        """Write one event with its details, at the present time of the zone of the release rules."""
        told = {"time": now().isoformat(timespec="milliseconds"), "call": self.call}
        line = json.dumps({**told, "event": event, **details}, ensure_ascii=True)
        with self.lock:
            self.stream.write(line + "\n")
            self.stream.flush()

    def note(self, text: str) -> None:
        """Write something that a reader should know and that keeps nothing from going on."""
        self.write("note", message=text)

    @contextmanager
    def progress(self, name: str) -> Iterator[None]:
        """Write when a step begins and when it ended or failed; the runner enters it with the name of the step."""
        where, started = _place(name), self.seconds()
        self.write("step started", **where)
        try:
            yield
        except BaseException as error:
            self.write("step failed", **where, seconds=self._since(started), error=type(error).__name__)
            raise
        self.write("step ended", **where, seconds=self._since(started))
        if name.startswith(FILES):
            self.placed.add(where["edition"])

    def list_editions(self, folders: Sequence[Path], root: Path) -> None:
        """Write where every edition of the run lies, and whether it was rendered by it or still fresh."""
        for folder in folders:
            event = "edition placed" if folder.name in self.placed else "edition fresh"
            self.write(event, edition=folder.name, folder=folder.relative_to(root).as_posix())

    @contextmanager
    def run(self, explain: Callable[[BaseException], tuple[str | None, int]]) -> Iterator[None]:
        """Write when a run begins and how it ends; what else goes to standard error meanwhile becomes events too.

        `explain` gives the meaning of an error, None where it was not foreseen, and the exit code. Raises SystemExit
        with that code where the run fails, for there is nothing left to say.
        """
        started, unasked = self.seconds(), _Lines(self)
        self.write("run started")
        try:
            with redirect_stderr(unasked):
                try:
                    yield
                finally:
                    unasked.end()
        except BaseException as error:
            message, code = explain(error)
            self._complain(error, message)
            self.write("run failed", seconds=self._since(started), exit=code)
            raise SystemExit(code) from None
        self.write("run ended", seconds=self._since(started), exit=0)

    def _since(self, started: float) -> float:
        return round(self.seconds() - started, 3)

    def _complain(self, error: BaseException, message: str | None) -> None:
        """Write what was wrong: fault by fault where the input is, and where it was not foreseen with its trace."""
        if isinstance(error, InputError):
            for fault in error.faults:
                self.write("fault", place=fault.place, found=fault.found, expected=fault.expected)
        elif isinstance(error, NotebookError) and error.error == InputError.__name__:
            for line in error.message.splitlines():
                self.write("fault", step=Path(error.notebook).stem, message=line)
        elif isinstance(error, NotebookError):
            where = {"step": Path(error.notebook).stem, "cell": error.cell}
            self.write("error", **where, error=error.error, message=error.message)
        else:
            trace = {} if message else {"trace": "".join(traceback.format_exception(error))}
            self.write("error", error=type(error).__name__, message=message or str(error), **trace)


def _place(name: str) -> dict[str, str]:
    """Return the step and the edition of which the runner gives the name."""
    if name.startswith(FILES):
        return {"step": "files", "edition": name.removeprefix(FILES)}
    step, _, edition = name.partition(" ")
    return {"step": step, "edition": edition} if edition else {"step": step}


class _Lines(io.TextIOBase):
    """A stream whose lines become events."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.begun = ""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        *lines, self.begun = (self.begun + text).split("\n")
        for line in filter(str.strip, lines):
            self.journal.note(line)
        return len(text)

    def fileno(self) -> int:
        return sys.__stderr__.fileno() if sys.__stderr__ else super().fileno()

    def end(self) -> None:
        """Give the last line, which nobody ended."""
        if self.begun.strip():
            self.journal.note(self.begun)
        self.begun = ""
