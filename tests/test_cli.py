"""The command line: what it prints and its exit code; bad input is one clear message, without a traceback."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from running import environment_without_colour
from typer.testing import CliRunner

from analysis import cli
from analysis.kernels import NotebookError

CALL = "green-streets-2024"


def oproep(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["oproep", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    captured = capfd.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


@pytest.fixture
def command(capfd, monkeypatch, project: Path):
    return lambda *arguments: oproep(capfd, monkeypatch, *arguments, "--root", str(project))


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_check_counts_the_rows_of_every_table_and_says_that_the_call_is_valid(command):
    code, out, err = command("check", CALL)
    assert (code, err) == (0, "")
    assert "proposals: 12 rows" in out
    assert "survey: not delivered" in out
    assert out.endswith(f"{CALL} is valid.\n")


def test_check_notes_a_file_that_differs_from_its_delivery(command, project: Path):
    edit(project / "data" / "raw" / CALL / "budget.csv", "30000", "30001")
    code, out, _ = command("check", CALL)
    assert code == 0
    assert "budget.csv differs from the delivery" in out


# What is broken, how, and what the message must name: file, row or key, what was found, what was expected.
BROKEN = {
    "missing file": (
        lambda raw: (raw / "scores.csv").unlink(),
        r"scores\.csv: found no such file; expected (a|the) file",
    ),
    "missing column": (lambda raw: edit(raw / "actors.csv", "kind", "kin"), r"actors\.csv: found no column 'kind'"),
    "unknown category": (
        lambda raw: edit(raw / "proposals.csv", ",water,", ",fire,"),
        r"proposals\.csv, row 3, column category: found 'fire'; expected one of trees, water, play",
    ),
    "duplicate id": (
        lambda raw: edit(raw / "proposals.csv", "G03,", "G02,"),
        r"proposals\.csv, row 4, column proposal: found 'G02' again, which stands in row 3",
    ),
    "score off the scale": (
        lambda raw: edit(raw / "scores.csv", "G01,rater-1,benefit,", "G01,rater-1,benefit,9"),
        r"scores\.csv, row 2, column score: found '9\d\.\d'; expected a number from 0(\.0)? to 5(\.0)?",
    ),
    "NIS that does not exist": (
        lambda raw: edit(raw / "involvement.csv", "31022", "99999"),
        r"involvement\.csv, row \d+, column nis: found '99999'; expected a value of the column nis of municipalities",
    ),
    "scores of an unknown rater": (
        lambda raw: edit(raw / "scores.csv", "G01,rater-1", "G01,rater-9"),
        r"scores\.csv, row 2, column rater: found 'rater-9'; expected one of rater-1, rater-2",
    ),
    "not UTF-8": (
        lambda raw: (raw / "actors.csv").write_bytes((raw / "actors.csv").read_bytes().replace(b"Oak", b"Ch\xeane")),
        r"actors\.csv, line 7: found the byte 0xea, which is not UTF-8; expected a file saved as UTF-8",
    ),
    "empty table": (
        lambda raw: (raw / "scores.csv").write_text("proposal,rater,criterion,score\n"),
        r"scores\.csv: found no records; expected a row of headings and at least one record",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_broken_input_is_one_clear_message_and_exit_code_2(command, project: Path, name: str):
    break_it, message = BROKEN[name]
    break_it(project / "data" / "raw" / CALL)
    code, out, err = command("check", CALL)
    assert code == 2
    assert re.search(message, err), err
    assert "Traceback" not in err
    assert out == ""


def test_a_quota_that_cannot_be_met_stops_the_run_with_its_name_and_exit_code_2(command, project: Path):
    edit(project / "data" / "raw" / CALL / "call.yml", "minimum: 2, source: rules", "minimum: 4, source: rules")
    code, _, err = command("run", CALL)
    assert code == 2
    assert re.search(
        r"cannot hold together when 4 are chosen: .*schools \(at least 4; the shortlist has \d in all\)", err
    )
    assert "Traceback" not in err
    assert not (project / "reports").exists()


def test_all_faults_of_all_files_are_said_at_once(command, project: Path):
    raw = project / "data" / "raw" / CALL
    edit(raw / "proposals.csv", ",water,", ",fire,")
    edit(raw / "scores.csv", "G01,rater-1", "G01,rater-9")
    (raw / "actors.csv").unlink()
    code, _, err = command("check", CALL)
    assert code == 2
    assert all(name in err for name in ("proposals.csv", "scores.csv", "actors.csv"))


def test_an_unknown_call_is_answered_with_the_calls_that_are_there(command):
    code, _, err = command("check", "no-such-call")
    assert code == 2
    assert CALL in err


def test_a_folder_without_a_project_is_named(capfd, monkeypatch, tmp_path: Path):
    monkeypatch.chdir(tmp_path)
    code, _, err = oproep(capfd, monkeypatch, "check", CALL)
    assert code == 2
    assert "notebooks/pipeline.yml" in err


def test_a_fault_of_ours_is_exit_code_1_and_names_notebook_and_cell(command, monkeypatch):
    def fail(*_):
        raise NotebookError("03_scoring.ipynb", 4, "KeyError", "'total'", Path("copy.ipynb"))

    monkeypatch.setattr("analysis.pipeline.run", fail)
    code, _, err = command("run", CALL)
    assert code == 1
    assert "03_scoring.ipynb, code cell 4: KeyError: 'total' (executed copy: copy.ipynb)" in err


def test_run_renders_the_declared_editions_or_the_one_asked_for(command, monkeypatch):
    asked: list[object] = []
    monkeypatch.setattr("analysis.pipeline.run", lambda _, editions, *__: asked.append(editions) or [])
    monkeypatch.setattr("analysis.upkeep.today", lambda: __import__("datetime").date(2024, 5, 6))
    assert command("run", CALL)[0] == 0
    assert command("run", CALL, "--audience", "internal")[0] == 0
    assert command("run", CALL, "--as-of", "2024-04-02", "--language", "en")[0] == 0
    names = [[edition.name for edition in editions] for editions in asked]
    assert names == [["2024-04-01-public-en"], ["2024-05-06-internal-nl"], ["2024-04-02-public-en"]]


@pytest.mark.parametrize("option", [["--language", "fr"], ["--audience", "press"], ["--as-of", "soon"]])
def test_an_option_off_its_values_is_exit_code_2(command, option):
    code, _, err = command("run", CALL, *option)
    assert code == 2
    assert option[1] in err


def test_dictionary_prints_every_table_and_column(command):
    code, out, _ = command("dictionary", CALL)
    assert code == 0
    for word in ("## proposals", "requested_euro", "one of trees, water, play", "actors.actor", "## indicators"):
        assert word in out


def test_every_command_of_the_readme_exists_and_the_other_way_round():
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `oproep (\w+)", readme, flags=re.MULTILINE))
    listed = CliRunner().invoke(cli.app, ["--help"]).output
    assert told == {command.name or command.callback.__name__ for command in cli.app.registered_commands}
    assert all(name in listed for name in told)


def test_the_entry_point_is_installed():
    found = shutil.which("oproep", path=str(Path(sys.executable).parent))
    assert found
    shown = subprocess.run(
        [found, "--help"], capture_output=True, text=True, env=environment_without_colour(), check=True
    )
    assert "reconstruct" in shown.stdout
