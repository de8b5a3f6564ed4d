"""What the documents offer for copying: it parses, it does what they say, and the options exist."""

import re
import runpy
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from conftest import ROOT

from analysis import cli
from analysis.steps import read_pipeline

DOCS = ROOT / "docs"
WORKFLOW, DAG = DOCS / "examples" / "github-actions.yml", DOCS / "examples" / "airflow_dag.py"
# As much of Airflow as a DAG needs to be read.
STUB = {
    "airflow/sdk.py": """
class DAG:
    open = None
    def __init__(self, **settings):
        self.settings, self.tasks = settings, {}
    def __enter__(self):
        DAG.open = self
        return self
    def __exit__(self, *_):
        DAG.open = None
""",
    "airflow/providers/standard/operators/bash.py": """
from airflow.sdk import DAG
class BashOperator:
    def __init__(self, *, task_id, bash_command):
        self.bash_command, self.upstream = bash_command, set()
        assert task_id not in DAG.open.tasks
        DAG.open.tasks[task_id] = self
        self.task_id = task_id
    def __rshift__(self, other):
        other.upstream.add(self.task_id)
        return other
""",
}


@pytest.fixture
def dag(project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the DAG of the example, read with a stub in the place of Airflow."""
    stub = tmp_path_factory.mktemp("stub")
    for name, text in STUB.items():
        path = stub / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(stub)
    monkeypatch.setenv("OPROEP_ROOT", str(project))
    monkeypatch.setenv("OPROEP_CALL", "green-streets-2024")
    yield runpy.run_path(str(DAG))["dag"]
    for name in [name for name in sys.modules if name.partition(".")[0] == "airflow"]:
        del sys.modules[name]


def options_of(command: str) -> set[str]:
    commands = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]
    return {option for parameter in commands[command].params for option in parameter.opts}


def test_the_dag_has_a_task_for_every_step_after_those_that_make_its_tables(dag: Any, project: Path) -> None:
    pipeline = read_pipeline(project / "notebooks")
    expected = {step.name: {pipeline.maker(table).name for table in step.needs} for step in pipeline.steps}
    expected["latest"] = {step.name for step in pipeline.steps if step.per_edition}
    assert {name: task.upstream for name, task in dag.tasks.items()} == expected
    assert expected["01_ingest"] == set()
    assert "06_evaluation" in expected["07_reconciliation"]


def test_a_task_runs_its_own_step_and_only_the_last_ones_make_editions(dag: Any, project: Path) -> None:
    for name, task in dag.tasks.items():
        program, command, call, *options = shlex.split(task.bash_command)
        assert (Path(program).name, command, call) == ("oproep", "run", "green-streets-2024")
        assert options[options.index("--step") + 1 :][:1] == [name] if name != "latest" else "--step" not in options
        assert options[options.index("--root") + 1] == str(project)
        assert ("--all-languages" in options) == (name in ("08_answer", "latest"))
        assert {option for option in options if option.startswith("--")} <= options_of("run")


def test_the_dag_compiles_without_airflow() -> None:
    compile(DAG.read_text(encoding="utf-8"), DAG.name, "exec")


def test_the_workflow_parses_and_pins_what_it_uses_by_major_version() -> None:
    workflow = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))
    (job,) = workflow["jobs"].values()
    used = [step["uses"] for step in job["steps"] if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"actions/[a-z-]+@v[0-9]+", name)] == []
    done = [step["run"] for step in job["steps"] if "run" in step]
    assert [shlex.split(line)[:2] for line in done] == [["make", "report"], [".venv/bin/oproep", "run"]]
    # YAML 1.1 reads the key `on` as a truth value.
    assert re.fullmatch(r"[0-9]+ [0-9]+ \S+ \S+ \S+", workflow[True]["schedule"][0]["cron"])


@pytest.mark.parametrize("path", [DOCS / "schedule.md", WORKFLOW, DAG], ids=lambda path: path.name)
def test_the_documents_name_options_that_exist_and_no_host(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    for command in ("run", "schedule"):
        for line in re.findall(rf"oproep\"? {command} [^\n`]*", text):
            named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", line))
            assert named <= options_of(command), line
    assert re.findall(r"https?://|\b[\w-]+\.(?:com|org|net|io|dev)\b", text) == []


def test_every_event_that_the_document_names_is_written_and_the_other_way_round() -> None:
    text = (DOCS / "schedule.md").read_text(encoding="utf-8").partition("## The log")[2]
    named = {name for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE) for name in re.findall(r"`([^`]+)`", row)}
    code = (ROOT / "src" / "analysis" / "journal.py").read_text(encoding="utf-8")
    written = set(re.findall(r"write\(\s*\"([^\"]+)\"", code)) | set(re.findall(r"\"(edition [a-z]+)\"", code))
    assert named == written
