"""How the command line is used: its help, and what it says to who wrote a command otherwise, in the user's language."""

from __future__ import annotations

import sys
from typing import Any

import typer
from typer.main import get_command

from analysis import messages
from analysis.faults import Fault
from analysis.voice import fault_as_json, manner, tell_document

UsageError: type[Exception] = typer.BadParameter.__bases__[0]
# The headings in the help of typer, which it takes from these names.
PANELS = ("ARGUMENTS_PANEL_TITLE", "OPTIONS_PANEL_TITLE", "COMMANDS_PANEL_TITLE", "ERRORS_PANEL_TITLE")
STRINGS = (*PANELS, "DEFAULT_STRING", "REQUIRED_LONG_STRING", "ABORTED_TEXT", "RICH_HELP")


def run_app(app: typer.Typer) -> int:
    """Run the command that the arguments of the program name; return its exit code, 2 where they name none."""
    command = get_command(app)
    if manner.language != "en":
        translate(command, manner.language)
    try:
        return int(command(standalone_mode=False) or 0)
    except UsageError as error:
        return _refuse(error)
    except typer.Abort:
        _rich().rich_abort_error()
        return 1
    except ImportError:
        if sys.argv[1:2] != ["doctor"]:
            raise
        from analysis import doctor  # typer reads options with a package that may be what is broken

        return doctor.main(sys.argv[2:])


def translate(command: Any, language: messages.Language) -> None:
    """Put the help of a command, of its options and of the commands below it into a language."""
    show_usage, find_help = command.get_usage, command.get_help_option

    def get_usage(context: Any) -> str:
        return str(show_usage(context)).replace("Usage:", messages.say("Usage:", language, "help"), 1)

    def get_help_option(context: Any) -> Any:
        option = find_help(context)
        if option is not None:
            option.help = _say_help(option.help, language)
        return option

    command.get_usage, command.get_help_option = get_usage, get_help_option
    command.help = _say_help(command.help, language)
    for parameter in command.params:
        if getattr(parameter, "help", None):
            parameter.help = _say_help(parameter.help, language)
    for other in getattr(command, "commands", {}).values():
        translate(other, language)


def _say_help(text: str | None, language: messages.Language) -> str | None:
    """Return a help text in a language, paragraph by paragraph; a line break within one means nothing."""
    if text is None:
        return None
    return "\n\n".join(messages.say(" ".join(part.split()), language, "help") for part in text.split("\n\n"))


def _refuse(error: Any) -> int:
    """Say what is wrong with the arguments; return the exit code."""
    said = error.format_message() if error.args or getattr(error, "message", "") else ""
    if manner.as_json:
        expected = "a command as `oproep --help` tells it"
        tell_document({"faults": [fault_as_json(Fault("command line", said, expected))]})
    else:
        if manner.language != "en":
            translated = messages.say(said, manner.language, "help")
            error.format_message = lambda: translated
        _rich().rich_format_error(error)
    return int(error.exit_code)


def _rich() -> Any:
    """Return what typer shows with, its own words in the user's language."""
    from typer import rich_utils

    for name in STRINGS if manner.language != "en" else ():
        setattr(rich_utils, name, messages.say(getattr(rich_utils, name), manner.language, "help"))
    return rich_utils


def prepare_help() -> None:
    """Have the help of typer speak the user's language, where help is what was asked for."""
    if manner.language != "en" and ("--help" in sys.argv or len(sys.argv) == 1):
        _rich()
