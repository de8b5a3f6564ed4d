"""A notebook of the project as a job of JupyterLab's scheduler, asked for through its API as the dialogue does."""

import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import Request, urlopen

import nbformat
import pytest
from conftest import SMALL_CALL
from running import run_cells

pytest.importorskip("jupyter_scheduler", reason="needs the package jupyter-scheduler")

Ask = Callable[..., Any]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(answer: Callable[[], Any], seconds: float = 120) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if (found := answer()) is not None:
            return found
        time.sleep(0.2)
    raise AssertionError("no answer in time")


@pytest.fixture
def ask(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ask]:
    """Return what asks JupyterLab for something; it was started as `make lab` does, but with folders of its own.

    The scheduler copies what a job made to below the current folder and looks for it below the root of the server, so
    that both must be the same.
    """
    own, port, token = tmp_path_factory.mktemp("jupyter"), free_port(), secrets.token_hex(8)
    folders = {f"JUPYTER_{kind}_DIR": str(own / kind.lower()) for kind in ("DATA", "CONFIG", "RUNTIME")}
    environment = os.environ | folders | {"OPROEP_ROOT": str(project), "JUPYTER_TOKEN": token}
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root"]
    options = ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]

    def request(path: str, body: object = None, method: str | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Authorization": f"token {token}", "Content-Type": "application/json"}
        with urlopen(Request(f"http://127.0.0.1:{port}/{path}", data, headers, method=method), timeout=60) as answer:
            return json.loads(answer.read() or b"null")

    def is_up() -> object:
        assert server.poll() is None, (own / "log").read_text()
        try:
            return request("api/status")
        except URLError:
            return None

    with (own / "log").open("w") as log:
        server = subprocess.Popen(
            [*command, *options],
            cwd=project / "notebooks",
            env=environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            wait_for(is_up)
            yield request
        finally:
            os.killpg(server.pid, signal.SIGKILL)  # the server would wait for its jobs
            server.wait(30)


def run_job(ask: Ask, **job: object) -> dict[str, Any]:
    """Ask for a job, wait for its end, and return what the scheduler tells of it."""
    (environment,) = ask("scheduler/runtime_environments")
    job = {"runtime_environment_name": environment["name"], "output_formats": ["ipynb", "html"], "name": "job"} | job
    number = ask("scheduler/jobs", job)["job_id"]

    def ended() -> dict[str, Any] | None:
        told = ask(f"scheduler/jobs/{number}")
        return told if told["status"] in ("COMPLETED", "FAILED") else None  # one that has not begun is STOPPED

    return wait_for(ended)


def test_a_notebook_runs_as_a_job_with_its_parameters_on_the_tables_of_the_project(project: Path, ask: Ask) -> None:
    run_cells(project / "notebooks" / "01_ingest.ipynb", {"call": SMALL_CALL, "language": "en"})
    made = project / "data" / "processed" / SMALL_CALL / "distribution.parquet"
    assert not made.exists()

    told = run_job(
        ask,
        input_uri="02_distribution.ipynb",
        # A parameter is written down as Python, so a text has its quotation marks.
        parameters={"call": json.dumps(SMALL_CALL), "language": '"en"'},
    )

    assert (told["status"], told["status_message"]) == ("COMPLETED", None)
    assert made.is_file()
    ask(f"scheduler/jobs/{told['job_id']}/download_files")
    files = {file["file_format"]: project / "notebooks" / (file["file_path"] or "") for file in shown(ask, told)}
    executed = nbformat.read(files["ipynb"], as_version=4)
    assert [cell.source for cell in executed.cells if "injected-parameters" in cell.metadata.get("tags", [])] == [
        f'call = "{SMALL_CALL}"\nlanguage = "en"'
    ]
    outputs = [output for cell in executed.cells for output in cell.get("outputs", ())]
    assert any("image/png" in output.get("data", {}) or "image/svg+xml" in output.get("data", {}) for output in outputs)
    assert not [output for output in outputs if output.output_type == "error"]
    assert "02 Distribution" in files["html"].read_text(encoding="utf-8")


def shown(ask: Ask, told: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the files of a job once they were copied to the folder of the notebooks."""

    def copied() -> list[dict[str, Any]] | None:
        files = ask(f"scheduler/jobs/{told['job_id']}")["job_files"]
        return files if all(file["file_path"] for file in files) else None

    return wait_for(copied)
