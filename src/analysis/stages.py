"""What a piece of work tells of how far it is: told to whoever listens, and to nobody otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Listener = Callable[[str, float], None]

_listeners: list[Listener] = []


def reach(what: str, done: float) -> None:
    """Tell that `what` begins now, with a share `done`, from 0 to 1, of all the work behind."""
    for listener in _listeners:
        listener(what, done)


@contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Have a listener be told meanwhile of what is reached, in any thread."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)
