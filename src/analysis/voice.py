"""How the command line speaks: results to standard output, all else to standard error, in the user's language.

A command that was asked for JSON prints one document, in English whatever the language: its keys and sentences are for
machines, which must find the same everywhere.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from analysis import messages
from analysis.faults import Fault, InputError


@dataclass
class Manner:
    """How to speak: in which language, whether only of errors and results, and whether as JSON."""

    language: messages.Language = "en"
    quiet: bool = False
    as_json: bool = False

    def reset(self, as_json: bool = False, environment: Mapping[str, str] = os.environ) -> None:
        """Begin anew, in the language that the environment asks for."""
        self.language, self.quiet, self.as_json = messages.choose_language(environment), False, as_json

    def set(self, quiet: bool, as_json: bool) -> None:
        """Speak as a command was asked to."""
        self.quiet, self.as_json = quiet, as_json


manner = Manner()


@dataclass(eq=False)
class Speaker:
    """Prints on one of the two streams; what is a message, it says in the user's language."""

    console: Console
    hushed: bool = False  # whether --quiet keeps it from speaking
    manner: Manner = field(default_factory=lambda: manner)

    def print(self, text: str = "", markup: bool = False) -> None:
        """Print a message."""
        if not (self.hushed and self.manner.quiet):
            self.console.print(messages.say(text, self.manner.language), markup=markup)

    def show(self, text: object) -> None:
        """Print what must be read whatever was asked for, as it stands: the path of a file, or an error."""
        self.console.print(str(text), markup=False)

    def status(self, text: str) -> AbstractContextManager[object]:
        """Return what shows, on a terminal, that something goes on."""
        if self.manner.quiet or not self.console.is_terminal:
            return nullcontext()
        return self.console.status(messages.say(text, self.manner.language))


say = Speaker(Console(highlight=False, soft_wrap=True, emoji=False))
complain = Speaker(Console(stderr=True, highlight=False, soft_wrap=True, emoji=False), hushed=True)


def tell(lines: Iterable[str], document: Mapping[str, Any]) -> None:
    """Print what was found: line by line, or as one document where JSON was asked for."""
    if manner.as_json:
        tell_document(document)
    else:
        for line in lines:
            say.print(line)


def tell_document(document: Mapping[str, Any]) -> None:
    """Print one JSON document."""
    say.console.file.write(json.dumps(document, indent=1, default=str) + "\n")


def tell_error(error: BaseException, message: str) -> None:
    """Say what went wrong: to standard error, or as a document on standard output where JSON was asked for."""
    if manner.as_json:
        tell_document(describe_error(error, message))
    elif type(error) is InputError:
        complain.show("\n".join(messages.say_faults(error.faults, manner.language)))
    else:
        complain.show(messages.say(message, manner.language))


def describe_error(error: BaseException, message: str) -> dict[str, Any]:
    """Return an error as plain values: its faults where the input was at fault, or else what it says."""
    faults = error.faults if type(error) is InputError else messages.read_faults(message)
    at_fault = isinstance(error, InputError) or getattr(error, "error", "") == InputError.__name__
    if at_fault and faults:
        return {"faults": [fault_as_json(fault) for fault in faults]}
    if at_fault:
        return {"faults": [fault_as_json(Fault("", message, ""))]}
    return {"error": {"kind": type(error).__name__, "message": message}}


def fault_as_json(fault: Fault) -> dict[str, str]:
    """Return a fault as plain values."""
    return {"place": fault.place, "found": fault.found, "expected": fault.expected}
