"""A DAG of Airflow 3 with one task for each step of notebooks/pipeline.yml, and the last ones for each edition.

Copy this file to the folder of the DAGs. Every task is one notebook that papermill executes with the call as its
parameter, as PapermillOperator would; but through `oproep run --step`, which also checks the tables that it makes,
keeps paths of the machine out of the executed copy, and waits for another run of the same call.
"""

import os
import shlex
from datetime import datetime, timedelta
from pathlib import Path

import yaml
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG

ROOT = Path(os.environ.get("OPROEP_ROOT", "/srv/calls"))  # the folder with notebooks/, data/ and .venv/
CALL = os.environ.get("OPROEP_CALL", "digitale-innovatie-2016")


def read_steps(root: Path) -> list[dict]:
    """Return the steps as pipeline.yml declares them, in their order."""
    return yaml.safe_load((root / "notebooks" / "pipeline.yml").read_text(encoding="utf-8"))["steps"]


def find_makers(steps: list[dict]) -> dict[str, set[str]]:
    """Return for each step which others make a table that it needs."""
    makers = {table: step["name"] for step in steps for table in step.get("makes", ())}
    return {step["name"]: {makers[table] for table in step.get("needs", ())} for step in steps}


def write_command(*options: str) -> str:
    """Return the command that runs the call, with these options."""
    command = [str(ROOT / ".venv" / "bin" / "oproep"), "run", CALL, *options]
    return shlex.join([*command, "--log", "json", "--root", str(ROOT)])


def write_step(step: dict) -> str:
    """Return the command of a step; that of a step per edition makes the editions of the day."""
    return write_command("--step", step["name"], *(["--all-languages"] if step.get("per_edition") else []))


with DAG(
    dag_id=f"oproep-{CALL}",
    schedule="0 6 * * 1",
    start_date=datetime(2024, 1, 1),
    catchup=False,  # a day that was missed has no edition of its own
    max_active_runs=1,
    default_args={"retries": 1, "retry_delay": timedelta(minutes=5), "execution_timeout": timedelta(hours=1)},
) as dag:
    steps = read_steps(ROOT)
    tasks = {step["name"]: BashOperator(task_id=step["name"], bash_command=write_step(step)) for step in steps}
    for name, makers in find_makers(steps).items():
        for maker in sorted(makers):
            tasks[maker] >> tasks[name]
    # By now all is fresh: what is left is to let `latest` lead to the new editions, and to remove old ones.
    tasks["latest"] = BashOperator(task_id="latest", bash_command=write_command("--all-languages", "--keep", "10"))
    for step in steps:
        if step.get("per_edition"):
            tasks[step["name"]] >> tasks["latest"]
