"""Writes what the documents take from the code: the data dictionary, and the commands with their options.

`make reference` runs this; tests/test_docs.py holds the two documents to it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from analysis import cli

DOCS = Path(__file__).parent
CALL = "digitale-innovatie-2016"


def make_dictionary() -> str:
    """Return the data dictionary of the reference call as a document."""
    command = [sys.executable, "-m", "analysis.cli", "dictionary", CALL, "--root", str(DOCS.parent)]
    environment = {**os.environ, "OPROEP_LANGUAGE": "en", "NO_COLOR": "1", "COLUMNS": "200"}
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    head = """# Data dictionary

Every table, with its columns, units and allowed values, as the contracts in `src/analysis/tables/` declare them; where
the values are ids of a call's own list, those of the reference call. Tables made by 01_ingest are those that a call
delivers. `oproep dictionary CALL` prints the same for any call.

"""
    return head + "\n".join(line.rstrip() for line in printed.strip().splitlines()) + "\n"


def make_commands() -> str:
    """Return every command of `oproep` with its arguments and options as a document."""
    head = "# Commands\n\nWhat `oproep --help` and `oproep COMMAND --help` say. Made by `make reference`.\n"
    commands: dict[str, Any] = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    return "\n".join([head, *("\n".join(_describe(name, commands[name])) for name in sorted(commands))])


def _describe(name: str, command: Any) -> Iterator[str]:
    arguments = [parameter for parameter in command.params if parameter.param_type_name == "argument"]
    options = [parameter for parameter in command.params if parameter.param_type_name == "option"]
    yield f"## oproep {' '.join([name, *(_metavar(argument) for argument in arguments)])}\n"
    yield " ".join((command.help or "").split()) + "\n"
    yield "| option | does |\n| --- | --- |"
    for option in options:
        names = ", ".join(f"`{text}`" for text in (*option.opts, *option.secondary_opts))
        yield f"| {names} | {_cell(option.help or '')} |"
    yield ""


def _metavar(argument: Any) -> str:
    return str(argument.metavar or argument.name.upper())


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


MADE = {"dictionary.md": make_dictionary, "commands.md": make_commands}

if __name__ == "__main__":
    for name, make in MADE.items():
        (DOCS / name).write_text(make(), encoding="utf-8")
