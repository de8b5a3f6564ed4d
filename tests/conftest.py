"""Fixtures that many tests share: a project on disk that holds one small call."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from killing import Launcher
from running import SHARED

from analysis.faults import InputError
from analysis.store import Store

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
BROWSER_OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
ROOT = Path(__file__).parents[1]
os.environ["OPROEP_LANGUAGE"] = "en"  # what the tests expect, whatever the locale of who runs them
SMALL_CALL = "green-streets-2024"


def pytest_configure(config: pytest.Config) -> None:
    """Give all workers of a session one folder for what several tests would make otherwise (see running.run_steps)."""
    if not hasattr(config, "workerinput"):
        os.environ[SHARED] = tempfile.mkdtemp(prefix="oproep-tests-")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Remove that folder."""
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(SHARED), ignore_errors=True)


@pytest.fixture(scope="session")
def make_project() -> Callable[[Path], Path]:
    """Return what fills a folder with the notebooks, the reference tables, the shipped calls and the small call."""
    hidden = shutil.ignore_patterns(".*", "__pycache__")

    def fill(root: Path) -> Path:
        for origin, place in {
            ROOT / "notebooks": "notebooks",
            ROOT / "data" / "raw": "data/raw",
            ROOT / "tests" / "calls" / SMALL_CALL: f"data/raw/{SMALL_CALL}",
        }.items():
            # copyfile leaves permissions behind: the copies are writable even where the originals are not
            shutil.copytree(origin, root / place, ignore=hidden, copy_function=shutil.copyfile, dirs_exist_ok=True)
        return root

    return fill


@pytest.fixture
def project(tmp_path: Path, make_project: Callable[[Path], Path]) -> Path:
    """Return the root of a project of its own for one test."""
    return make_project(tmp_path)


@pytest.fixture
def store(project: Path) -> Store:
    """Return the store of the small call."""
    return Store(project, SMALL_CALL)


@pytest.fixture
def edit(project: Path) -> Callable[[str, str, str], None]:
    """Return what replaces the first occurrence of a text in a delivered file; the text must be there."""

    def replace(name: str, old: str, new: str) -> None:
        path = project / "data" / "raw" / SMALL_CALL / name
        text = path.read_bytes().decode("utf-8")
        assert old in text, f"{old!r} is not in {name}"
        path.write_bytes(text.replace(old, new, 1).encode("utf-8"))

    return replace


@pytest.fixture
def refusal(tmp_path: Path) -> Callable[[Callable[[], object]], list[str]]:
    """Return what runs an action that must raise InputError and gives its message, a line a fault, paths shortened."""

    def lines(action: Callable[[], object]) -> list[str]:
        with pytest.raises(InputError) as caught:
            action()
        message = str(caught.value)
        for folder in (tmp_path / "data" / "raw" / SMALL_CALL, tmp_path / "data" / "raw", tmp_path):
            message = message.replace(f"{folder}/", "")
        return message.split("\n")

    return lines


@pytest.fixture(scope="module")
def launcher() -> Iterator[Launcher]:
    """Return what starts runs that a test ends."""
    started = Launcher()
    yield started
    started.close()


@pytest.fixture(scope="session")
def ftp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Serve a folder by FTP to any number of processes; a second server here would share the loop of the first."""
    pytest.importorskip("pyftpdlib")
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import FTPHandler
    from pyftpdlib.servers import ThreadedFTPServer

    folder = tmp_path_factory.mktemp("ftp")
    users = DummyAuthorizer()
    users.add_user("user", "secret-word", str(folder), perm="elradfmwMT")
    handler = type("Handler", (FTPHandler,), {"authorizer": users})
    served = ThreadedFTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=served.serve_forever, kwargs={"timeout": 0.05}, daemon=True).start()
    yield f"ftp://user:secret-word@127.0.0.1:{served.address[1]}", folder
    served.close_all()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Serve buckets as S3 does, with keys that this process and those it starts have; return the server's address."""
    pytest.importorskip("obstore")
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    keys = {"ACCESS_KEY_ID": "key", "SECRET_ACCESS_KEY": "word", "REGION": "eu-west-1", "ALLOW_HTTP": "true"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**keys, "ENDPOINT": address}.items():
            patch.setenv(f"AWS_{name}", value)
        yield address
    server.stop()


@pytest.fixture
def bucket(s3_server: str, tmp_path: Path) -> str:
    """Return the URL of a new bucket."""
    name = hashlib.sha256(str(tmp_path).encode()).hexdigest()[:20]
    with urlopen(Request(f"{s3_server}/{name}", method="PUT")):
        return f"s3://{name}"


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="needs the package playwright")
    if not Path(CHROMIUM).exists():
        pytest.skip("needs Chromium: apt-get install chromium")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=BROWSER_OPTIONS)
        yield opened
        opened.close()


@pytest.fixture
def view(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Return a function that opens a page at a width and in a colour scheme; all requests it makes are kept."""
    contexts = []

    def open_page(markup: str, width: int, scheme: str = "light") -> Any:
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        contexts.append(context)
        shown = context.new_page()
        shown.requests = []
        shown.on("request", lambda request: shown.requests.append(request.url))
        file = tmp_path / "answer.html"
        file.write_text(markup, encoding="utf-8")
        shown.goto(file.as_uri())
        return shown

    yield open_page
    for context in contexts:
        context.close()
