"""Faults in what a user delivered, collected so that one message names them all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

SHOWN_FAULTS = 50  # a file with a wrong column has a fault per row; the first ones tell the story


@dataclass(frozen=True)
class Fault:
    """One fault: the place (file, row, key), what was found there, and what was expected."""

    place: str
    found: str
    expected: str

    def __str__(self) -> str:
        """Give the fault as one sentence."""
        return f"{self.place}: found {self.found}; expected {self.expected}."


class InputError(Exception):
    """What was delivered is at fault; carries every fault that was found, in the order of the files."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        """Keep the faults; at least one is needed."""
        self.faults = tuple(faults)
        super().__init__(self.message())

    def message(self) -> str:
        """Say all faults, one a line; beyond the first fifty only their number."""
        lines = [str(fault) for fault in self.faults[:SHOWN_FAULTS]]
        hidden = len(self.faults) - len(lines)
        if hidden:
            lines.append(f"... and {hidden} more.")
        return "\n".join(lines)


def refuse(faults: Iterable[Fault]) -> None:
    """Raise InputError if there is any fault; otherwise do nothing."""
    found = tuple(faults)
    if found:
        raise InputError(found)
