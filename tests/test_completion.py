"""What a shell may complete: commands, calls, steps and editions, through the variables that the shells set."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from analysis import cli, completion

CALL = "green-streets-2024"
HEAVY = ("pandas", "numpy", "yaml", "papermill")
PROGRAM = f"""
import atexit, json, sys
from analysis import cli
atexit.register(lambda: print(json.dumps([name for name in {HEAVY} if name in sys.modules]), file=sys.stderr))
sys.argv[0] = "oproep"
cli.main()
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project of two calls and two editions, which is the working folder; nothing in it has a content."""
    for name in (
        f"data/raw/{CALL}/call.yml",
        "data/raw/grey-roads-2025/call.yml",
        "data/raw/reference/mergers.csv",
        "data/raw/green-nothing/notes.txt",
        f"reports/{CALL}/2024-04-01-public-en/manifest.json",
        f"reports/{CALL}/2024-04-02-public-nl/manifest.json",
        f"reports/{CALL}/notes/notes.txt",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "pipeline.yml").write_text("steps:\n  - name: 01_ingest\n  - name: 02_distribution\n")
    (tmp_path / "reports" / CALL / "latest").symlink_to("2024-04-02-public-nl", target_is_directory=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def complete(shell: str, words: str, folder: Path) -> tuple[list[str], list[str]]:
    """Return what a shell is given for a begun line, and which heavy modules were loaded for it."""
    given = {
        "bash": {"COMP_WORDS": words, "COMP_CWORD": str(len(f"{words}|".split()) - 1)},
        "zsh": {"_TYPER_COMPLETE_ARGS": words},
        "fish": {"_TYPER_COMPLETE_ARGS": words, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
    }[shell]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **given, "_OPROEP_COMPLETE": f"complete_{shell}"},
        check=False,
    )
    lines = done.stdout.replace("_arguments '*: :((", "").replace("))'", "").splitlines()
    return [line.split("\t")[0].strip('"') for line in lines], json.loads(done.stderr.splitlines()[-1])


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_completes_a_call_and_nothing_heavy_is_loaded(shell: str, root: Path):
    found, loaded = complete(shell, "oproep check gre", root)
    assert found == [CALL, "grey-roads-2025"]
    assert loaded == []


def test_commands_options_and_steps_complete(root: Path):
    assert complete("bash", "oproep di", root)[0] == ["diff", "dictionary"]
    assert complete("bash", f"oproep run {CALL} --qu", root)[0] == ["--quiet"]
    assert complete("bash", f"oproep run {CALL} --step 02", root)[0] == ["02_distribution"]


def test_editions_complete_for_verify_and_diff(root: Path):
    editions = [f"reports/{CALL}/2024-04-0{day}-public-{language}" for day, language in ((1, "en"), (2, "nl"))]
    assert complete("bash", "oproep verify reports/", root)[0] == editions
    assert complete("bash", f"oproep diff {editions[0]} reports/{CALL}/2024-04-02", root)[0] == editions[1:]


def test_a_root_that_is_given_is_looked_in(root: Path, tmp_path_factory: pytest.TempPathFactory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert complete("bash", "oproep check gr", elsewhere)[0] == [""]
    assert complete("bash", f"oproep check --root {root} gr", elsewhere)[0] == [CALL, "grey-roads-2025"]


@pytest.mark.usefixtures("root")
def test_folders_complete_below_the_one_that_is_begun():
    assert completion.complete_folder(None, "data/r") == ["data/raw"]
    assert completion.complete_folder(None, "data/raw/gre") == [
        f"data/raw/{name}" for name in ("green-nothing", CALL, "grey-roads-2025")
    ]
    assert completion.complete_folder(None, "nowhere/x") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_a_shell_is_given(shell: str, tmp_path: Path):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "_OPROEP_COMPLETE": f"source_{shell}"},
        check=True,
    )
    assert f"_OPROEP_COMPLETE=complete_{shell}" in done.stdout


def test_completion_is_offered_to_be_installed_or_shown():
    names = [name for parameter in get_command(cli.app).params for name in parameter.opts]
    assert {"--install-completion", "--show-completion"} <= set(names)
