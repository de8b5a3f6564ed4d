"""JupyterLab and the app of a project as other processes, and what a browser does with a workbench in them."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from test_jupyter_scheduler import wait_for

OPROEP = Path(sys.executable).parent / "oproep"
WAIT = 60_000  # milliseconds; a machine may be busy
PANEL = ".oproep-workbench .oproep-status"
# Extensions of JupyterLab that are here for other tests, or built for its next version, complain of their own accord.
NOT_OURS = ("ploomber-extension", "Unsatisfied version", "No satisfying version")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def start(command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path) -> Iterator[Any]:
    """Run a server in a group of its own, its output in a file, and end all of the group."""
    with log.open("w") as output:
        server = subprocess.Popen(
            command,
            cwd=folder,
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
            start_new_session=True,
        )
        try:
            yield server
        finally:
            server.terminate()
            try:
                server.wait(20)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(server.pid, signal.SIGKILL)
                server.wait(20)


@contextmanager
def serve_app(root: Path, call: str, own: Path, *options: str) -> Iterator[str]:
    """Yield the address of the page that `oproep app` serves."""
    command = [str(OPROEP), "app", call, "--root", str(root), "--port", str(free_port()), *options]
    with start(command, root, {}, own / "app.log") as server:
        url = server.stdout.readline().strip()
        assert url.startswith("http://"), (own / "app.log").read_text()
        yield url


@contextmanager
def serve_lab(root: Path, own: Path) -> Iterator[str]:
    """Yield the address at which JupyterLab opens the notebook `explore`, started as `make lab` does."""
    token, port = secrets.token_hex(8), free_port()
    kinds = ("DATA", "CONFIG", "RUNTIME")
    folders = {f"JUPYTER_{kind}_DIR": str(own / kind.lower()) for kind in kinds}
    settings = {f"JUPYTERLAB_{kind}_DIR": str(own / kind.lower()) for kind in ("SETTINGS", "WORKSPACES")}
    environment = {**folders, **settings, "OPROEP_ROOT": str(root), "JUPYTER_TOKEN": token}
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
    quiet = ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
    command = [sys.executable, "-m", "jupyter", "lab", "explore.ipynb", *options, *quiet]
    address = f"http://127.0.0.1:{port}"

    def is_up() -> object:
        assert server.poll() is None, (own / "lab.log").read_text()
        try:
            with urlopen(f"{address}/api/status?token={token}", timeout=10) as answer:
                return answer.read()
        except (URLError, TimeoutError):
            return None

    with start(command, root / "notebooks", environment, own / "lab.log") as server:
        wait_for(is_up)
        yield f"{address}/lab/tree/explore.ipynb?token={token}"


@contextmanager
def open_page(browser: Any, url: str, width: int = 1400) -> Iterator[Any]:
    """Yield a page at an address, with what it reports (`reports`) and asks of other hosts (`strays`)."""
    context = browser.new_context(viewport={"width": width, "height": 900}, accept_downloads=True)
    shown = context.new_page()
    shown.set_default_timeout(WAIT)
    shown.reports, shown.strays = [], []
    shown.on("console", lambda said: shown.reports.append(said.text) if said.type == "error" else None)
    shown.on("pageerror", lambda error: shown.reports.append(str(error)))
    home = url.split("/")[2]
    shown.on("request", lambda asked: None if _is_home(asked.url, home) else shown.strays.append(asked.url))
    try:
        shown.goto(url)
        yield shown
    finally:
        context.close()


def _is_home(url: str, home: str) -> bool:
    return url.startswith(("data:", "blob:")) or url.split("/")[2] == home


def faults_of(shown: Any) -> list[str]:
    """Return what the page reported of its own faults."""
    return [text for text in shown.reports if not any(word in text for word in NOT_OURS)]


def run_all(shown: Any) -> None:
    """Run all cells of the notebook that JupyterLab has open."""
    shown.get_by_text("| Idle").wait_for()
    shown.get_by_role("menuitem", name="Run", exact=True).click()
    shown.get_by_text("Run All Cells", exact=True).click()
    shown.locator(PANEL).wait_for()


def slider(shown: Any, label: str) -> Any:
    """Return the handle of a slider, by the name that a screen reader says."""
    return shown.get_by_role("slider", name=label, exact=True)
