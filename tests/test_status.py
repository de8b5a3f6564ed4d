"""`oproep status` and `oproep run` where nothing changed, as a user meets them on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from running import environment_without_colour

from analysis import cli, declarations
from analysis.dependencies import Package
from analysis.files import point
from analysis.freshness import LATEST, Inspection, Record, note_told, write_record
from analysis.plan import Plan, remember
from analysis.store import Store
from analysis.upkeep import name_asked

CALL = "green-streets-2024"
HEAVY = ["pandas", "numpy", "pandera", "papermill", "nbformat", "matplotlib", "zmq", "jupyter_client"]
HEAVY += ["analysis.store", "analysis.declarations", "analysis.pipeline"]
PROGRAM = f"""
import atexit, sys
from analysis import cli
atexit.register(lambda: print([name for name in {HEAVY} if name in sys.modules], file=sys.stderr))
sys.argv[0] = "oproep"
cli.main()
"""


@pytest.fixture
def made(project: Path) -> Path:
    """Return a project in which everything is fresh, though no notebook was run."""
    inspection = Inspection(Plan.of(Store(project, CALL)), Package())
    plan = inspection.plan
    for unit in plan.units(plan.editions):
        paths = [*(plan.table(name) for name in unit.makes), plan.copy(unit)]
        paths += [plan.reports / unit.edition / "answer.html"] if unit.edition else []
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(path.name)
        write_record(inspection.record_path(unit), Record(inspection.parts(unit), inspection.outputs(unit)))
    remember(plan, inspection.package)
    point(plan.reports / LATEST, plan.editions[-1])
    note_told(plan, ["one sum does not add up"])
    return project


def command(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments, "--root", str(root)],
        capture_output=True,
        text=True,
        env=environment_without_colour(),
    )


def test_a_run_in_which_nothing_changed_loads_nothing_that_takes_long(made: Path):
    done = command(made, "run", CALL)
    assert done.returncode == 0
    assert done.stdout == f"{made}/reports/{CALL}/2024-04-01-public-en/answer.html\n"
    assert done.stderr.splitlines() == ["nothing changed: all is fresh", "note: one sum does not add up", "[]"]
    asked = command(made, "run", CALL, "--as-of", "2024-04-01", "--language", "en")
    assert (asked.returncode, asked.stdout, asked.stderr.splitlines()[-1]) == (0, done.stdout, "[]")


def test_so_does_one_after_another_edition_was_run_and_latest_leads_to_its_own_again(made: Path):
    """As after `oproep run CALL --audience applicant`: the run of before had let `latest` lead elsewhere."""
    inspection = Inspection(Plan.of(Store(made, CALL)), Package())
    today = name_asked((), None, "applicant", "en", every=False)[0]
    for name in (today, today.replace("applicant", "public")):
        unit = inspection.plan.per_edition[0].of_edition(name)
        for path in (inspection.plan.copy(unit), inspection.plan.reports / name / "answer.html"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        write_record(inspection.record_path(unit), Record(inspection.parts(unit), inspection.outputs(unit)))
    link = made / "reports" / CALL / LATEST
    point(link, today)
    asked = [["--audience", "applicant", "--language", "en"], ["--all-languages", "--keep", "5"], []]
    expected = [today, today.replace("applicant", "public"), "2024-04-01-public-en"]
    for options, name in zip(asked, expected, strict=True):
        done = command(made, "run", CALL, *options)
        assert (done.returncode, done.stderr.splitlines()[-1]) == (0, "[]"), (options, done.stderr)
        assert done.stdout == f"{made}/reports/{CALL}/{name}/answer.html\n"
        assert link.readlink().name == name


def test_the_status_tells_a_newcomer_what_is_fresh_and_what_is_not_and_why(made: Path):
    fresh = command(made, "status", CALL)
    assert fresh.stdout.splitlines()[0] == f"{CALL}: all is fresh; `oproep run {CALL}` would change nothing."
    assert fresh.stdout.splitlines()[-1] == f"  sheets: none were made yet; `oproep sheets {CALL}` makes them."
    assert fresh.stderr == "[]\n"
    (made / "data" / "processed" / CALL / "totals.parquet").write_bytes(b"half")
    (made / "data" / "raw" / CALL / "published.yml").write_text("figures: []\n")
    stale = command(made, "status", CALL)
    assert stale.returncode == 0
    lines = {" ".join(line.split()) for line in stale.stdout.splitlines()}
    assert f"{CALL}: 2 of 8 are fresh; `oproep run {CALL}` makes the rest." in lines
    assert {"01_ingest fresh", "03_scoring stale table totals damaged"} <= lines
    assert "04_selection depends on 03_scoring, to be made first; it follows only if its tables change" in lines
    assert "08_answer 2024-04-01-public-en stale published.yml is new" in lines


def test_the_status_before_any_run_and_as_json(project: Path):
    done = command(project, "status", CALL, "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["call"], told["running"]) == (0, CALL, False)
    assert {unit["state"] for unit in told["units"]} == {"never run"}
    assert not (project / "data" / "processed").exists()


def test_the_status_of_an_unknown_call_is_refused(project: Path):
    done = command(project, "status", "no-such-call")
    assert done.returncode == 2
    assert CALL in done.stderr


def test_the_options_take_the_languages_and_audiences_that_a_call_may_declare():
    assert get_args(cli.Language) == get_args(declarations.Language)
    assert get_args(cli.Audience) == get_args(declarations.Audience)
