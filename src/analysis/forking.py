"""A parent process that has made the imports and forks a Jupyter kernel for each request: isolated, ready at once."""

from __future__ import annotations

import builtins
import gc
import importlib
import json
import os
import random
import select
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NoReturn

INLINE_BACKEND = "module://matplotlib_inline.backend_inline"  # what an ordinary kernel gives to matplotlib
CAN_FORK = sys.platform == "linux"  # a pidfd tells when a process ends that is not our own child


class ForkedProcess:
    """A kernel's process as far as a provisioner uses it: what subprocess.Popen offers, for a child of another."""

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
            raise subprocess.TimeoutExpired("kernel", timeout or 0)
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
        return bool(select.select([self.handle], [], [], timeout)[0])

    def __del__(self) -> None:
        """Let go of the process."""
        os.close(self.handle)


class Parent:
    """The process that has made the imports and forks a kernel for each request; it ends when we do."""

    def __init__(self, modules: Iterable[str]) -> None:
        """Start it; the imports go on while the first kernel is being asked for."""
        command = [sys.executable, "-m", "analysis.forking", *modules]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def fork(self, arguments: Sequence[str], environment: Mapping[str, str], folder: str) -> ForkedProcess:
        """Return a new kernel that was given these arguments, this environment, and this folder to work in."""
        assert self.process.stdin and self.process.stdout
        request = {"arguments": list(arguments), "environment": dict(environment), "folder": folder}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the parent of kernels ended with status {self.process.wait()}")
        return ForkedProcess(int(answer))


@cache
def find_parent(modules: tuple[str, ...]) -> Parent:
    """Return the one parent that has these modules, started when first asked for."""
    return Parent(modules)


def serve(modules: Sequence[str]) -> None:
    """Make the imports, then fork a kernel for each request on standard input until that is closed."""
    sys.path[:] = [path for path in sys.path if path not in ("", str(Path.cwd()))]
    requests, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # a print of a module that is imported must not be taken for an answer
    _import_as_in_a_kernel(modules)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # kernels that ended leave no zombie
    gc.collect()
    gc.freeze()
    for line in requests:
        pid = os.fork()
        if pid == 0:
            requests.close()
            answers.close()
            _become_kernel(**json.loads(line))
        # Set before we answer, and in the child as well: a signal to the kernel's group must never reach ours.
        os.setpgid(pid, pid)
        print(pid, file=answers, flush=True)


def _import_as_in_a_kernel(modules: Sequence[str]) -> None:
    """Import the modules in sight of a kernel: pandas chooses its display options by it, matplotlib its backend."""
    os.environ.setdefault("MPLBACKEND", INLINE_BACKEND)
    os.environ["JPY_PARENT_PID"] = str(os.getpid())  # read at the import: a kernel with a parent keeps quiet
    builtins.get_ipython = type("Kernel", (), {"kernel": True, "config": {}})  # type: ignore[attr-defined]
    for name in ("ipykernel.kernelapp", *modules):
        importlib.import_module(name)
    del builtins.get_ipython  # type: ignore[attr-defined]


def _become_kernel(arguments: list[str], environment: dict[str, str], folder: str) -> NoReturn:
    """Turn this forked process into a kernel with nothing left of its parent but the imports."""
    status = 1
    try:
        os.setpgid(0, 0)
        for number, handler in ((signal.SIGCHLD, signal.SIG_DFL), (signal.SIGINT, signal.default_int_handler)):
            signal.signal(number, handler)
        os.environ.clear()
        os.environ.update(environment | {"JPY_PARENT_PID": str(os.getppid())})
        os.chdir(folder)
        _reseed()
        sys.argv = ["ipykernel_launcher", *arguments]
        from ipykernel.kernelapp import launch_new_instance

        launch_new_instance(argv=arguments)
        status = 0
    finally:
        os._exit(status)


def _reseed() -> None:
    """Give the process random states of its own: a fork would repeat its parent's numbers."""
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()


if __name__ == "__main__":
    serve(sys.argv[1:])
