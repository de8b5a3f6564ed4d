"""Runs of the command line that are killed at a chosen moment, and what they leave.

A run that is started from the shell spends most of its time on imports. Here one process makes them and forks a run when
it is asked to, and that run forks the parent of its kernels: all else is as it is otherwise. Without this, a test could
kill a run at a few moments only, most of them before there was anything to lose.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from analysis.files import file_hash

# What Python tells an audit hook of when it changes something on disk; `ctypes.dlsym` comes before folders are exchanged.
CHANGES = ("os.rename", "os.remove", "os.rmdir", "os.mkdir", "os.symlink", "os.link", "shutil.rmtree", "ctypes.dlsym")


@dataclass
class Run:
    """A run that was started: its process, which leads a session of its own, and where what it says goes."""

    launcher: Launcher
    pid: int
    said: Path
    code: int | None = None

    def wait(self, seconds: float = 60.0) -> bool:
        """Return whether the run ends within so many seconds."""
        if self.code is None and select.select([self.launcher.process.stdout], [], [], seconds)[0]:
            self.code = int(self.launcher.answer())
        return self.code is not None

    def send(self, number: int) -> None:
        """Send a signal, if the run goes on."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def await_end(self) -> None:
        """Wait for the end of a run, and kill one that does not come to it."""
        ended = self.wait()
        if not ended:
            self.send(signal.SIGKILL)
        assert ended, f"the run did not end: {processes_of(self.pid)}"

    def left_over(self) -> list[str]:
        """Return the processes of a run that has ended which are still there after some seconds."""
        for _ in range(100):
            if not processes_of(self.pid):
                break
            time.sleep(0.05)
        return processes_of(self.pid)

    def end(self, *codes: int) -> str:
        """Return what a run said that must end with one of these exit codes, and with all its processes."""
        self.await_end()
        said = self.said.read_text()
        assert self.code in codes, said
        assert self.left_over() == []
        return said

    def events(self) -> list[dict[str, Any]]:
        """Return what a run with `--log json` has told."""
        lines = self.said.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]


class Launcher:
    """The process that has made the imports; it starts one run at a time."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, text=False
        )
        assert self.answer() == "ready"

    def answer(self) -> str:
        line = b""
        while not line.endswith(b"\n"):  # never more than the line: what is left must be seen by `select`
            piece = os.read(self.process.stdout.fileno(), 1)  # type: ignore[union-attr]
            assert piece, "the process that starts runs has ended"
            line += piece
        return line.decode().strip()

    def start(self, root: Path, arguments: Sequence[str], **request: Any) -> Run:
        """Start `oproep` with arguments and with a folder for temporary files beside the root."""
        scratch, said = root.parent / "tmp", root.parent / "said.txt"
        scratch.mkdir(exist_ok=True)
        environment = {**os.environ, "NO_COLOR": "1", "COLUMNS": "400", "TMPDIR": str(scratch)}
        told = {"arguments": [*arguments, "--root", str(root)], "environment": environment, "said": str(said)}
        content = json.dumps({**told, **request}).encode() + b"\n"
        self.process.stdin.write(content)  # type: ignore[union-attr]
        return Run(self, int(self.answer()), said)

    def close(self) -> None:
        self.process.stdin.close()  # type: ignore[union-attr]
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:  # it waits for a run that does not end
            self.process.kill()


def processes_of(session: int) -> list[str]:
    """Return the processes of a session that are still there, zombies left out."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (place / "stat").read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] not in "ZX":
                found.append(f"{place.name} {(place / 'cmdline').read_bytes().decode()}")
    return found


def tree_of(root: Path) -> set[str]:
    """Return all files, links and folders below a root."""
    return {path.relative_to(root).as_posix() for path in root.rglob("*")}


def hashes_of(folder: Path) -> dict[str, str]:
    """Return the hash of every file below a folder, by its path in it."""
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): file_hash(path) for path in paths}


CELLS = {
    "01_ingest": [
        "from analysis import declared, ingest\nfrom analysis.store import open_step",
        'step = open_step("01_ingest", call)\n'
        "read = ingest.read_tables(step.store)\n"
        "step.write(**{name: table for name, table in read.items() if name in step.step.makes})\n"
        "step.write_indicators(declared.declare(step.call))",
    ],
    "02_passing": [
        "from analysis.store import open_step",
        'step = open_step("02_passing", call)\nstep.write(indicators=step.read("ingest_indicators"))',
    ],
    "08_answer": [
        "from IPython.display import HTML\nfrom analysis.store import open_step",
        'step = open_step("08_answer", call, edition)\ntables = step.read_released()',
        "HTML(f\"<h1 id='title'>Small</h1><p>An answer of {len(tables)} table.</p>\")",
    ],
}
STEPS = """steps:
  - {name: 01_ingest, makes: [proposals, budget, ingest_indicators]}
  - {name: 02_passing, needs: [ingest_indicators], makes: [indicators]}
  - {name: 08_answer, per_edition: true, needs: [indicators, proposals]}
"""


def reduce(root: Path) -> None:
    """Leave in a project three notebooks of a few lines, two for tables and one for the answer."""
    import nbformat.v4 as v4

    for path in (root / "notebooks").glob("0*.ipynb"):
        path.unlink()
    for name, cells in CELLS.items():
        given = "edition" if name == "08_answer" else "language"
        parameters = v4.new_code_cell(f'call = "none"\n{given} = "none"', metadata={"tags": ["parameters"]}, id="0")
        others = [v4.new_code_cell(cell, id=str(number)) for number, cell in enumerate(cells, start=1)]
        kernel = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
        content = json.dumps(v4.new_notebook(cells=[parameters, *others], metadata=kernel))
        (root / "notebooks" / f"{name}.ipynb").write_text(content, encoding="utf-8")
    (root / "notebooks" / "pipeline.yml").write_text(STEPS, encoding="utf-8")


def serve() -> None:
    """Make the imports, then fork a run for each line that comes; tell its process, and how it ended."""
    _import_all()
    gc.freeze()  # or the end of each run would go through all that was imported
    out = os.fdopen(os.dup(1), "w")
    print("ready", file=out, flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            out.close()
            _become_run(json.loads(line))
        print(pid, file=out, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), file=out, flush=True)


def _import_all() -> None:
    from analysis import cli, forking, kernels, pipeline, reconciliation, sheetrun  # noqa: F401

    with kernels._absent(kernels.WITHOUT):
        list(forking._import_as_in_a_kernel([forking.KERNEL, *kernels.PRELOADED]))
        import nbclient  # noqa: F401
        import papermill  # noqa: F401
    forking.Parent.__init__ = _begin_parent  # type: ignore[method-assign]


def _become_run(request: Mapping[str, Any]) -> NoReturn:
    from analysis import cli

    os.setsid()
    nothing, said = os.open(os.devnull, os.O_RDWR), os.open(request["said"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    for number, descriptor in ((0, nothing), (1, nothing), (2, said)):
        os.dup2(descriptor, number)
    sys.stdin, sys.stdout, sys.stderr = open(0), open(1, "w"), open(2, "w", buffering=1)  # noqa: SIM115
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = ["oproep", *request["arguments"]]
    cli.say.file, cli.complain.file = sys.stdout, sys.stderr
    _watch(request)
    cli.main()
    sys.exit(0)


def _watch(request: Mapping[str, Any]) -> None:
    """End the run at one of its changes on disk, counted from 1, or fail it there; or note them all."""
    own, changes = os.getpid(), list[str]()

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event not in CHANGES or os.getpid() != own:
            return
        if event == "ctypes.dlsym" and arguments[1] != "renameat2":
            return
        changes.append(f"{event} {arguments[0]}" if event != "ctypes.dlsym" else "exchange")
        if len(changes) == request.get("change"):
            os.kill(own, request["signal"])
        if "note" in request:
            Path(request["note"]).write_text(json.dumps(changes))

    sys.addaudithook(hook)


def _begin_parent(self: Any, modules: Sequence[str], without: Sequence[str] = ()) -> None:
    """Begin the parent of kernels as a fork of this process, which has the imports; in all else as it is otherwise."""
    from threading import Lock

    from analysis import forking

    ours, theirs = socket.socketpair()
    ends = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # none is heard while it forks, for otherwise it does not
    pid = os.fork()
    if pid == 0:
        try:
            os.setpgid(0, 0)
            ours.close()
            for number in ends:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            forking.serve(theirs, [*modules, *(f"-{name}" for name in without)])
        finally:
            os._exit(0)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    theirs.close()
    self.process = forking.ForkedProcess(pid)
    self.socket, self.answers, self.lock = ours, ours.makefile("r"), Lock()


if __name__ == "__main__":
    serve()
