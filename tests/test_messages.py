"""What the command line says in Dutch: every message of the code has its sentence there, and what it names is unchanged."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import message_sources
import pytest
from message_sources import COMMAND, is_worded
from test_cli import BROKEN, edit
from typer.main import get_command

from analysis import cli, messages
from analysis.faults import Fault, InputError
from analysis.messages import OPEN, Catalogue, Section, catalogue, choose_language, say, say_fault, say_faults

CALL = "green-streets-2024"
SECTIONS: tuple[Section, ...] = ("place", "part", "line", "help")
# The words of other programs: those of YAML, of CSV and of the system are put in as they are.
SAME = {"true", "announcement", 'scope="col"', 'scope="row"', 'class="notice"', '<td class="shown-in">'}
OTHERS = re.compile(r"figure \{1\}: found no .*|table \{1\}: found no rows.*|axes: found none.*")


class Watched(Catalogue):
    """Notes what it was asked for in words and had no sentence for."""

    def __init__(self) -> None:
        known = catalogue("nl")
        super().__init__(known.whole)
        self.missed: list[str] = []

    def find(self, text: str, section: Section) -> str | None:
        found = super().find(text, section)
        if section != "place" and found is None and is_worded(text) and ", " not in text:
            self.missed.append(text)
        return found


def fill(template: str) -> str:
    """Return a message of this form, with something in quotation marks for all that is put in."""
    filled = re.sub(r"\{(\d+)\}", lambda found: f"'{'abc'[int(found[1]) % 3]}{found[1]}'", template)
    return filled.replace("{{", "{").replace("}}", "}")


def missing(watched: Watched, section: Section, template: str) -> list[str]:
    """Return what of a message stays English."""
    text = fill(template)
    if section == "place":
        return [piece for piece in text.split(", ") if " " in piece and watched.find(piece, section) is None]
    if section == "line" and "  " in text:
        watched.missed.clear()
        watched.say_columns(text)
        return watched.missed
    for own in (section, "part") if section == "line" else (section,):
        watched.missed.clear()
        if watched.find(text, own):  # type: ignore[arg-type]
            return watched.missed
    return [text]


def sources() -> Iterator[tuple[Section, str, str]]:
    for section, template, where in (
        *message_sources.faults(),
        *message_sources.refusals(),
        *message_sources.lines(),
    ):
        if is_worded(template) and not COMMAND.fullmatch(template) and template not in SAME:
            if OTHERS.fullmatch(template):
                continue
            yield section, template, where  # type: ignore[misc]


def test_every_message_of_the_code_has_its_sentence_in_dutch():
    found, watched = {(section, template): where for section, template, where in sources()}, Watched()
    assert len(found) > 500
    lacking = [
        f"{where}: {section}: {template!r} lacks {lost}"
        for (section, template), where in found.items()
        if (lost := missing(watched, section, template))
    ]
    assert lacking == [], "\n".join(["texts/nl/messages.yml lacks", *lacking])


def help_of(command: Any) -> Iterator[str]:
    """Yield every paragraph of the help of a command, of its options, and of the commands below it."""
    for text in (command.help, *(getattr(parameter, "help", None) for parameter in command.params)):
        yield from (" ".join(part.split()) for part in (text or "").split("\n\n") if part.strip())
    for other in getattr(command, "commands", {}).values():
        yield from help_of(other)


def test_every_help_text_has_its_sentence_in_dutch():
    texts = [*help_of(get_command(cli.app)), "Show this message and exit."]
    known = catalogue("nl").whole["help"]
    assert [text for text in texts if text not in known] == []


@pytest.mark.parametrize("section", SECTIONS)
def test_a_sentence_puts_in_what_the_english_one_does(section: Section):
    for source, target in catalogue("nl").whole[section].items():
        given, taken = ({number for number, _ in OPEN.findall(text)} for text in (source, target))
        assert given == taken, source
        assert not any(mark for _, mark in OPEN.findall(source)), source


def test_what_stands_between_backquotes_is_never_translated():
    for section in SECTIONS:
        for source, target in catalogue("nl").whole[section].items():
            quoted = [re.findall(r"`([^`]*)`", text) for text in (source, target)]
            bare = [[re.sub(r"\{\d\}", "", text) for text in texts] for texts in quoted]
            assert bare[0] == bare[1], source


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "nl_BE.UTF-8"}, "nl"),
        ({"LANG": "nl"}, "nl"),
        ({"LANG": "nld_NLD"}, "en"),
        ({"LANG": "nl_BE.UTF-8", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "en_GB.UTF-8", "LC_MESSAGES": "nl_NL.UTF-8"}, "nl"),
        ({"LANG": "nl_BE.UTF-8", "LC_ALL": ""}, "nl"),
        ({"LANG": "nl_BE.UTF-8", "OPROEP_LANGUAGE": "en"}, "en"),
        ({"LANG": "fr_BE.UTF-8", "OPROEP_LANGUAGE": "nl"}, "nl"),
    ],
)
def test_the_language_is_that_of_the_variable_or_of_the_locale(environment: dict[str, str], language: str):
    assert choose_language(environment) == language


def test_a_fault_in_dutch_names_the_same_place_values_and_numbers():
    fault = Fault("/srv/x/scores.csv, row 2, column score", "'9,5'", "a number from 0.0 to 5.0")
    assert (
        say_fault(fault, "nl")
        == "/srv/x/scores.csv, rij 2, kolom score: gevonden: '9,5'; verwacht: een getal van 0.0 tot 5.0."
    )
    assert say_fault(fault, "en") == str(fault)


@pytest.mark.parametrize(
    "value", ["'nothing'", "'no such file'", "'row 3, column x'", "'a; expected b'", '"it\'s a text"']
)
def test_what_was_delivered_is_never_translated(value: str):
    said = say_fault(Fault(f"a.xlsx, sheet {value}, row 3", value, "a text"), "nl")
    assert said == f"a.xlsx, blad {value}, rij 3: gevonden: {value}; verwacht: een tekst."
    again = say_fault(Fault("a.csv, row 3", f"{value} again, which stands in row 2", "each key once"), "nl")
    assert again == f"a.csv, rij 3: gevonden: {value} nog eens, dat al in rij 2 staat; verwacht: elke sleutel één keer."


def test_a_message_that_nobody_translated_stays_english():
    fault = Fault("somewhere", "a quite unforeseen thing", "another one")
    assert say_fault(fault, "nl") == "somewhere: gevonden: a quite unforeseen thing; verwacht: another one."
    assert say("Something else happened.", "nl") == "Something else happened."


def test_faults_that_come_as_text_are_said_in_dutch_too():
    faults = [Fault("a.csv, row 3", "nothing", "a day"), Fault("b.csv", "no such file", "a file of this name")]
    assert say(InputError(faults).message(), "nl").split("\n") == say_faults(faults, "nl")
    said = say(f"Whether the report holds cannot be told: {faults[0]}", "nl")
    assert said == "Of het rapport klopt, is niet te zeggen: a.csv, rij 3: gevonden: niets; verwacht: een dag."


def test_beyond_fifty_faults_only_their_number_is_said():
    faults = [Fault(f"a.csv, row {row}", "nothing", "a day") for row in range(60)]
    assert say_faults(faults, "en") == InputError(faults).message().split("\n")
    assert say_faults(faults, "nl")[50:] == ["... en nog 10."]


def test_of_two_templates_that_fit_the_wordier_one_speaks():
    known = Catalogue({"line": {"{1} is read": "{1} wordt gelezen", "{1} sheets of {2} is read": "{1} van {2}"}})
    assert known.say("two sheets of 'x' is read", "line") == "two van 'x'"


def test_columns_keep_their_places():
    lines = ["  01_ingest   stale      scores.csv changed", "  03_scoring  never run  nothing was made yet"]
    said = [say(line, "nl") for line in lines]
    assert said == [
        "  01_ingest   verouderd  scores.csv gewijzigd",
        "  03_scoring  nooit      er is nog niets gemaakt",
    ]


# The command line as a whole, in a process of its own.

PROGRAM = "import sys; from analysis import cli; sys.argv[0] = 'oproep'; cli.main()"


def run(root: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        capture_output=True,
        text=True,
        cwd=root,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "300", **environment},
    )


@pytest.fixture
def inside(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, project: Path) -> Callable[..., Any]:
    """Return what runs a command in this process, in a language: its exit code, and what it printed on either stream."""

    def run_inside(language: str, *arguments: str) -> tuple[object, str, str]:
        monkeypatch.setenv("OPROEP_LANGUAGE", language)
        monkeypatch.setattr(sys, "argv", ["oproep", *arguments, "--root", str(project)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capfd.readouterr()
        return ended.value.code, captured.out, captured.err

    return run_inside


def test_the_same_faults_are_told_in_either_language_and_as_json_in_english(inside: Callable[..., Any], project: Path):
    raw = project / "data" / "raw" / CALL
    BROKEN["unknown category"][0](raw)
    BROKEN["missing file"][0](raw)
    edit(raw / "involvement.csv", "31022", "99999")
    (code, _, english), (same, _, dutch) = (inside(language, "check", CALL) for language in ("en", "nl"))
    document = json.loads(inside("nl", "check", CALL, "--json")[1])
    assert (code, same) == (2, 2)
    faults = [Fault(**fault) for fault in document["faults"]]
    assert english.splitlines() == [str(fault) for fault in faults]
    assert "gevonden: 'fire'; verwacht: een van trees, water, play." in dutch
    for fault, line in zip(faults, dutch.splitlines(), strict=True):
        numbers = [re.findall(r"\d+|'[^']*'", text) for text in (str(fault), line)]
        assert numbers[0] == numbers[1]
        assert "gevonden: " in line
        assert ": found " not in line


def test_help_and_a_wrong_option_speak_the_language_of_the_user(project: Path):
    helped = run(project, "run", "--help", LANG="nl_BE.UTF-8", LC_ALL="", LC_MESSAGES="", OPROEP_LANGUAGE="")
    assert "Gebruik: oproep run" in helped.stdout
    assert "Voer ook uit wat actueel is." in helped.stdout
    assert "Toon deze hulp en stop." in helped.stdout
    wrong = run(project, "run", CALL, "--nonsense", OPROEP_LANGUAGE="nl")
    assert wrong.returncode == 2
    assert "Er is geen optie --nonsense" in wrong.stderr
    plain = run(project, "run", CALL, "--nonsense", OPROEP_LANGUAGE="en")
    assert "No such option: --nonsense" in plain.stderr


def test_results_speak_the_language_of_the_user(inside: Callable[..., Any]):
    code, out, _ = inside("nl", "check", CALL)
    assert code == 0
    assert "proposals: 12 rijen" in out
    assert out.endswith(f"{CALL} is geldig.\n")
    told = inside("nl", "dictionary", CALL)[1]
    assert "| kolom | betekenis | eenheid | waarden | sleutel |" in told
    assert "een van trees, water, play" in told


def test_nothing_is_loaded_where_nothing_is_translated():
    program = "import sys; from analysis import messages as m; m.say('nothing', 'en'); print('yaml' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
    assert messages.choose_language({"LANG": "C"}) == "en"
