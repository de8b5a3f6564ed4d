"""A parent process that has made the imports and forks what is asked for: a Jupyter kernel, or a worker for one call.

What is forked is isolated, ready at once, and ends with its parent, which ends with the process that started it.
"""

from __future__ import annotations

import atexit
import builtins
import ctypes
import gc
import importlib
import json
import os
import pickle
import random
import select
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Any, NoReturn

INLINE_BACKEND = "module://matplotlib_inline.backend_inline"  # what an ordinary kernel gives to matplotlib
CAN_FORK = sys.platform == "linux"  # a pidfd tells when a process ends that is not our own child
END_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl
MOST_DESCRIPTORS = 16
KERNEL = "ipykernel.kernelapp"
held: set[int] = set()  # file descriptors that every forked process keeps open, such as that of a lock


class ForkingError(RuntimeError):
    """What was asked for could not be forked, or was ended before it gave an answer: killed, or out of memory."""


class ForkedProcess:
    """A forked process as far as a provisioner uses it: what subprocess.Popen offers, for a child of another."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        """Take hold of a running process."""
        self.pid = pid
        self.handle = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """Return None while the process runs, then 0: its parent alone knows how it ended."""
        return 0 if self._has_ended(0) else None

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end of the process; raise TimeoutExpired if it does not come in time."""
        if not self._has_ended(timeout):
            raise subprocess.TimeoutExpired("forked process", timeout or 0)
        return 0

    def send_signal(self, number: int) -> None:
        """Send a signal to the process."""
        signal.pidfd_send_signal(self.handle, number)

    def kill(self) -> None:
        """End the process at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the process to end."""
        self.send_signal(signal.SIGTERM)

    def _has_ended(self, timeout: float | None) -> bool:
        waiting = select.poll()  # select.select knows no descriptor above 1023
        waiting.register(self.handle, select.POLLIN)
        return bool(waiting.poll(None if timeout is None else timeout * 1000))

    def __del__(self) -> None:
        """Let go of the process."""
        if hasattr(self, "handle"):
            os.close(self.handle)


class Parent:
    """The process that makes the imports and forks on request; several threads may ask."""

    def __init__(self, modules: Iterable[str], without: Iterable[str] = ()) -> None:
        """Start it; requests are answered while the imports go on. `without` are modules that it does without."""
        ours, theirs = socket.socketpair()
        command = [sys.executable, "-m", "analysis.forking", str(theirs.fileno())]
        command += [*modules, *(f"-{name}" for name in without)]
        # A group of its own: a signal from the keyboard is for us alone, who end what runs in order.
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()], process_group=0)
        theirs.close()
        self.socket, self.answers, self.lock = ours, ours.makefile("r"), Lock()

    def fork(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: str, after: Iterable[str] = ()
    ) -> ForkedProcess:
        """Return a new kernel that was given these arguments, this environment, and this folder to work in.

        It is forked as soon as the modules in `after` are imported; those that are not among the parent's are ignored.
        """
        return self._ask(
            {
                "kind": "kernel",
                "after": list(after),
                "arguments": list(arguments),
                "environment": dict(environment),
                "folder": folder,
            }
        )

    def call(
        self, function: str, arguments: Sequence[Any], started: Callable[[ForkedProcess], None] = lambda _: None
    ) -> Any:
        """Return what `module:function` returns in a forked process, or raise what it raises.

        Arguments and answer are pickled. Raises ForkingError where the process ended without an answer.
        """
        module, _, name = function.partition(":")
        given, out = os.pipe()
        into, answer = os.pipe()
        request = {"kind": "worker", "after": [module], "module": module, "function": name}
        try:
            process = self._ask(request, (given, answer))
        finally:
            os.close(given)
            os.close(answer)
        started(process)
        with os.fdopen(out, "wb") as sent, os.fdopen(into, "rb") as received:
            try:
                pickle.dump(tuple(arguments), sent)
                sent.close()
                content = received.read()
            except BrokenPipeError:
                content = b""
        process.wait()
        if not content:
            raise ForkingError(f"the process for {function} ended without an answer: it was killed, or memory ran out")
        failed, value = pickle.loads(content)
        if failed:
            raise value
        return value

    def _ask(self, request: dict[str, Any], descriptors: Sequence[int] = ()) -> ForkedProcess:
        with self.lock:
            try:
                # A stream needs a byte to go with descriptors; the white space means nothing in JSON.
                socket.send_fds(self.socket, [b" "], [*descriptors, *held])
                self.socket.sendall(json.dumps(request).encode() + b"\n")
                answer = self.answers.readline()
            except (BrokenPipeError, ConnectionResetError):
                answer = ""
            if not answer:
                raise ForkingError(f"the parent of kernels ended with status {self.process.wait()}")
            return ForkedProcess(int(answer))

    def close(self) -> None:
        """End the parent, and with it all that it forked."""
        self.process.kill()
        self.process.wait()
        with self.lock:  # whoever waits for an answer has by now been told that there is none
            self.answers.close()
            self.socket.close()


_parents: dict[tuple[tuple[str, ...], tuple[str, ...]], Parent] = {}
_finding = Lock()


def find_parent(modules: tuple[str, ...], without: tuple[str, ...] = ()) -> Parent:
    """Return the one parent that has these modules, started when first asked for, or when the last one has ended."""
    with _finding:
        parent = _parents.get((modules, without))
        if parent is None or parent.process.poll() is not None:
            atexit.register(close_parents)
            parent = _parents[modules, without] = Parent(modules, without)
        return parent


def close_parents() -> None:
    """End every parent, and with it all that it forked."""
    with _finding:
        for parent in _parents.values():
            parent.close()
        _parents.clear()


def serve(channel: socket.socket, modules: Sequence[str]) -> None:
    """Make the imports, and fork for each request on the channel until that is closed.

    A module whose name begins with `-` is made to seem absent, in the parent alone, to those that could do with it.
    """
    sys.path[:] = [path for path in sys.path if path not in ("", str(Path.cwd()))]
    os.dup2(2, 1)  # a print of a module that is imported must not be taken for output
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # what ended leaves no zombie
    gc.disable()  # nothing that is imported becomes garbage
    absent = [name[1:] for name in modules if name.startswith("-")]
    sys.modules.update(dict.fromkeys(absent))  # type: ignore[arg-type]
    wanted = [KERNEL, *(name for name in modules if not name.startswith("-"))]
    importing = _import_as_in_a_kernel(wanted)
    while True:
        while not _has_request(channel) and wanted:
            wanted.remove(next(importing))
        gc.freeze()
        request, descriptors = _receive(channel)
        if request is None:
            return
        while {KERNEL, *request["after"]}.intersection(wanted):
            wanted.remove(next(importing))
        _answer(channel, request, descriptors, absent)


def _answer(channel: socket.socket, request: dict[str, Any], descriptors: list[int], absent: Iterable[str]) -> None:
    parent = os.getpid()  # asked here: by the time the child could ask, its parent may have been killed
    pid = os.fork()
    if pid == 0:
        channel.close()
        _become_child(parent, request, descriptors, absent)
    for descriptor in descriptors:
        os.close(descriptor)
    # Set before we answer, and in the child as well: a signal to the child's group must never reach ours.
    os.setpgid(pid, pid)
    channel.sendall(f"{pid}\n".encode())


def _has_request(channel: socket.socket) -> bool:
    return bool(select.select([channel], [], [], 0)[0])


def _receive(channel: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """Return the next request with the descriptors that came with it, or None where the channel was closed."""
    content, descriptors = b"", list[int]()
    while not content.endswith(b"\n"):
        piece, came, _, _ = socket.recv_fds(channel, 1 << 16, MOST_DESCRIPTORS)
        if not piece:
            return None, descriptors
        content += piece
        descriptors += came
    return json.loads(content), descriptors


def _import_as_in_a_kernel(modules: Iterable[str]) -> Iterator[str]:
    """Import one module at a time in sight of a kernel: pandas chooses its display by it, matplotlib its backend.

    A module that fails is left to the notebook that needs it, whose cell then says so.
    """
    os.environ.setdefault("MPLBACKEND", INLINE_BACKEND)
    os.environ["JPY_PARENT_PID"] = str(os.getpid())  # read at the import: a kernel with a parent keeps quiet
    for name in tuple(modules):
        builtins.get_ipython = type("Kernel", (), {"kernel": True, "config": {}})  # type: ignore[attr-defined]
        with suppress(Exception):
            importlib.import_module(name)
        del builtins.get_ipython  # type: ignore[attr-defined]
        yield name


def _become_child(parent: int, request: dict[str, Any], descriptors: list[int], absent: Iterable[str]) -> NoReturn:
    """Turn this forked process into what was asked for, with nothing left of its parent but the imports."""
    status = 1
    try:
        os.setpgid(0, 0)
        _end_with(parent)
        for number, handler in ((signal.SIGCHLD, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
            signal.signal(number, handler)
        for name in absent:
            sys.modules.pop(name, None)
        for descriptor in descriptors:
            os.set_inheritable(descriptor, False)
        gc.enable()
        _reseed()
        if request["kind"] == "kernel":
            _become_kernel(request["arguments"], request["environment"], request["folder"])
        else:
            _work(request["module"], request["function"], *descriptors[:2])
        status = 0
    except (EOFError, BrokenPipeError):
        pass  # who asked for it has gone
    except Exception:  # who asked for it learns only that it has ended
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(status)


def _end_with(parent: int) -> None:
    """Have the system kill this process when its parent ends, however that ends."""
    ctypes.CDLL(None).prctl(END_WITH_PARENT, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def _become_kernel(arguments: list[str], environment: dict[str, str], folder: str) -> None:
    os.environ.clear()
    os.environ.update(environment | {"JPY_PARENT_PID": str(os.getppid())})
    os.chdir(folder)
    sys.argv = ["ipykernel_launcher", *arguments]
    from ipykernel.kernelapp import launch_new_instance

    launch_new_instance(argv=arguments)


def _work(module: str, function: str, given: int, answer: int) -> None:
    """Call the function with the arguments that come on one descriptor, and send its answer to the other."""
    with os.fdopen(given, "rb") as source:
        arguments = pickle.load(source)
    try:
        result = (False, getattr(importlib.import_module(module), function)(*arguments))
        content = pickle.dumps(result)
    except Exception as error:
        content = pickle.dumps((True, _portable(error)))
    with os.fdopen(answer, "wb") as target:
        target.write(content)


def _portable(error: Exception) -> Exception:
    """Return the error, or its words where it does not survive pickling, with a note of where it was raised."""
    error.add_note("".join(traceback.format_tb(error.__traceback__)))
    try:
        copy = pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(repr(error))
    return error if (type(copy), str(copy)) == (type(error), str(error)) else RuntimeError(repr(error))


def _reseed() -> None:
    """Give the process random states of its own: a fork would repeat its parent's numbers."""
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


if __name__ == "__main__":
    serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2:])
