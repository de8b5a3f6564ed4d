"""The documents: each command and option that they name exists, each that exists is named, and links lead somewhere."""

import re
import runpy
import shlex
from pathlib import Path
from typing import Any, get_args

import pytest
import typer
from conftest import ROOT

from analysis import cli
from analysis.call import Call

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS: dict[str, Any] = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
OF_THE_PROGRAM = {"COMMAND", "--install-completion", "--show-completion", "--help"}
PATHS = re.compile(r"`((?:src|data|notebooks|docs|tests|texts)/[^`\s]*)`")


def options_of(command: str) -> set[str]:
    return {option for parameter in COMMANDS[command].params for option in (*parameter.opts, *parameter.secondary_opts)}


def commands_in(text: str) -> list[list[str]]:
    """Return every `oproep ...` of a document, in a block or in a line, as its words."""
    lines = re.findall(r"^(?:\.venv/bin/)?oproep ([^\n#]+)", text, re.MULTILINE) + re.findall(r"`oproep ([^`]+)`", text)
    return [shlex.split(line.replace("\n", " ").replace("\\|", " ")) for line in lines]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_names_commands_and_options_that_exist(path: Path):
    for command, *words in commands_in(path.read_text(encoding="utf-8")):
        named = {word.strip("[]").partition("=")[0] for word in words if word.strip("[]").startswith("--")}
        assert command in {*COMMANDS, *OF_THE_PROGRAM}, command
        assert named <= (options_of(command) | OF_THE_PROGRAM if command in COMMANDS else OF_THE_PROGRAM), (
            command,
            words,
        )


def test_every_command_is_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert sorted(name for name in COMMANDS if f"| `oproep {name} " not in readme.replace("` |", " ` |")) == []


@pytest.mark.parametrize("name", ["dictionary.md", "commands.md"])
def test_what_the_documents_take_from_the_code_is_as_the_code_says_it_now(name: str):
    made = runpy.run_path(str(ROOT / "docs" / "make_reference.py"))["MADE"][name]()
    assert (ROOT / "docs" / name).read_text(encoding="utf-8") == made, "`make reference` writes it anew"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_links_of_a_document_lead_somewhere(path: Path):
    links = re.findall(r"\]\(([^)#]+)\)", path.read_text(encoding="utf-8"))
    assert [link for link in links if not (path.parent / link).exists()] == []
    assert not re.search(r"https?://(?!127\.0\.0\.1|localhost)", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_the_files_that_a_document_names_are_there(path: Path):
    named = PATHS.findall(path.read_text(encoding="utf-8"))
    real = [
        name for name in named if not re.search(r"CALL|<|\{|\*|my-call|outreach|scenarios|jobs/|data/processed", name)
    ]
    folders = (ROOT, ROOT / "src" / "analysis", ROOT / "data")
    assert [name for name in real if not any((folder / name).exists() for folder in folders)] == []


def test_the_keys_that_the_documents_offer_for_changing_exist():
    rows = re.findall(r"^\| (`[a-z_.]+`(?:, `[a-z_.]+`)*) \|", (ROOT / "docs" / "weights.md").read_text(), re.MULTILINE)
    keys = [key for row in rows for key in re.findall(r"`([a-z_.]+)`", row)]
    assert keys
    assert [key for key in keys if not is_declared(Call, key)] == []


def is_declared(model: Any, name: str) -> bool:
    """Return whether a document has a key of this name, given as keys with points between them, through lists too."""
    key, _, rest = name.partition(".")
    if key not in getattr(model, "model_fields", {}):
        return False
    annotation = model.model_fields[key].annotation
    return not rest or any(is_declared(kind, rest) for kind in (annotation, *get_args(annotation)))
