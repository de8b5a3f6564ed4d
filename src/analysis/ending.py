"""How a command ends: in order where a signal asks it to, and with a message and an exit code for what went wrong."""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from analysis.faults import InputError
from analysis.files import say_unwritable

AGAIN = 0.01  # seconds


class Stopped(BaseException):
    """A signal asked us to end."""


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Let a signal that ends us first end what runs and remove what is unfinished; a second one changes nothing."""

    def stop(number: int, _: object) -> None:
        for other in before:
            signal.signal(other, signal.SIG_IGN)
        raise Stopped(number)

    def say_unraisable(unheard: sys.UnraisableHookArgs) -> None:
        if isinstance(unheard.exc_value, Stopped):
            _raise_later(unheard.exc_value.args[0])
        else:
            unraisable(unheard)

    unraisable, sys.unraisablehook = sys.unraisablehook, say_unraisable
    names = ("SIGINT", "SIGTERM", "SIGHUP") if threading.current_thread() is threading.main_thread() else ()
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        sys.unraisablehook = unraisable


def _raise_later(number: int) -> None:
    """Raise again what was raised where Python lets nothing through: as an object was removed, or a process forked."""

    def stop(*_: object) -> None:
        raise Stopped(number)

    if hasattr(signal, "setitimer"):
        signal.signal(signal.SIGALRM, stop)
        signal.setitimer(signal.ITIMER_REAL, AGAIN)


def explain(error: BaseException) -> tuple[str | None, int]:
    """Return what an error means in words, if it is one that we foresee, and the exit code."""
    if isinstance(error, InputError):
        return error.message(), 2
    if isinstance(error, Stopped):
        name = signal.Signals(error.args[0]).name
        return f"stopped by {name}; editions that were in place are as they were", 128 + error.args[0]
    if isinstance(error, OSError):
        return say_unwritable(error), 1
    if isinstance(error, ImportError) and not (error.name or "").startswith("analysis"):
        return f"A package cannot be loaded ({error}); `oproep doctor` says how to mend that.", 1
    return _explain_run(error)


def _explain_run(error: BaseException) -> tuple[str | None, int]:
    """Return the same of an error of a run; what cannot be imported has raised nothing."""
    try:
        from analysis.forking import ForkingError
        from analysis.kernels import NotebookError
    except ImportError:
        return None, 1
    if isinstance(error, NotebookError):
        at_fault = error.error == InputError.__name__
        return (error.message, 2) if at_fault else (str(error), 1)
    return str(error) if isinstance(error, ForkingError) else None, 1
