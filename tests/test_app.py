"""The app: who reaches it, what its readers may ask of the server and of a kernel, and what reaches them."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import re
import socket
import uuid
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from conftest import SMALL_CALL
from running import run_steps
from serving import serve_app
from tornado.httpclient import HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

from analysis.app import NOTEBOOK, Address, copy_template, fill_folder, find_port, make_server, say_url, set_parameters
from analysis.faults import InputError
from analysis.store import Store
from analysis.workbench import PREPARED
from analysis.workbench.shelf import FolderShelf, PageShelf

AFTER = date(2024, 6, 1)
BINARY = "v1.kernel.websocket.jupyter.org"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, make_project: Callable[[Path], Path]) -> Store:
    return run_steps(make_project(tmp_path_factory.mktemp("app")), SMALL_CALL, "en")


@pytest.mark.parametrize(
    ("ip", "is_local"),
    [("127.0.0.1", True), ("127.3.2.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False),
     ("::", False), ("10.0.0.1", False), ("", False), ("example.org", False)],
)  # fmt: skip
def test_only_addresses_of_this_machine_are_local(ip: str, is_local: bool) -> None:
    assert Address(ip).is_local == is_local


def test_address_is_told_with_its_token_and_with_a_name_that_others_can_open() -> None:
    assert say_url(Address("127.0.0.1", 8866), "") == "http://127.0.0.1:8866/"
    assert say_url(Address("::1", 8866), "") == "http://[::1]:8866/"
    assert say_url(Address("0.0.0.0", 80), "abc") == f"http://{socket.gethostname()}:80/?token=abc"


def test_port_that_is_taken_is_refused_and_without_one_the_next_is_found() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(InputError, match=f"127.0.0.1:{port}"):
            find_port(Address(port=port))
    assert find_port(Address()) in range(8866, 8866 + 50)


def test_kernel_of_readers_outside_the_house_is_given_only_what_is_released(store: Store, tmp_path: Path) -> None:
    environment = fill_folder(tmp_path, store, "public", AFTER, "en")
    prepared = Path(environment[PREPARED])
    basis, shelf, _ = pickle.loads(prepared.read_bytes())
    held = prepared.read_bytes()
    released = {"chosen", "constraint_prices", "municipality_reach", "totals", "chosen_groups"}
    assert set(basis.tables) <= released
    assert isinstance(shelf, PageShelf)
    chosen = set(store.read_table("chosen")["proposal"])
    titles = store.read_table("proposals").set_index("proposal")["title"]
    assert [name for name, title in titles.items() if (title.encode() in held) != (name in chosen)] == []
    assert str(store.root).encode() not in held
    assert prepared.stat().st_mode & 0o077 == 0


def test_kernel_of_the_house_keeps_scenarios_in_the_folder_of_the_call(store: Store, tmp_path: Path) -> None:
    prepared = Path(fill_folder(tmp_path, store, "internal", AFTER, "nl")[PREPARED])
    basis, shelf, _ = pickle.loads(prepared.read_bytes())
    assert (basis.audience, basis.language, basis.as_of) == ("internal", "nl", AFTER)
    assert shelf == FolderShelf(store)


def test_page_folder_holds_the_notebook_alone_with_its_parameters_and_without_words(
    store: Store, tmp_path: Path
) -> None:
    fill_folder(tmp_path, store, "public", AFTER, "en")
    (served,) = (tmp_path / "page").iterdir()
    cells = json.loads(served.read_text(encoding="utf-8"))["cells"]
    assert {cell["cell_type"] for cell in cells} == {"code"}
    assert cells[0]["source"] == f"call = '{SMALL_CALL}'\nlanguage = 'en'\naudience = 'public'"


def test_parameters_are_set_in_no_other_cell() -> None:
    plain = {"cell_type": "code", "metadata": {}, "source": "call = 1"}
    tagged = {"cell_type": "code", "metadata": {"tags": ["parameters"]}, "source": "call = 1"}
    found = set_parameters({"cells": [tagged, plain], "nbformat": 4}, "a-call", "nl", "internal")
    assert [cell["source"].split("\n")[0] for cell in found["cells"]] == ["call = 'a-call'", "call = 1"]
    assert found["nbformat"] == 4


def test_template_of_the_page_has_no_link_to_another_host(tmp_path: Path) -> None:
    copy_template(tmp_path / "oproep")
    for path in (tmp_path / "oproep").glob("*.*"):
        assert re.findall(r'(?:href|src)="https?:', path.read_text(encoding="utf-8")) == []
    assert "rendered_cells" in (tmp_path / "oproep" / "index.html.j2").read_text(encoding="utf-8")


def test_server_takes_no_template_theme_trace_or_file_from_a_reader(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in fill_folder(tmp_path, store, "public", AFTER, "en").items():
        monkeypatch.setenv(name, value)
    server = make_server(tmp_path, Address("0.0.0.0", 1), "abc")
    chosen = server.voila_configuration
    assert (chosen.allow_template_override, chosen.allow_theme_override, chosen.show_tracebacks) == ("NO", "NO", False)
    assert (chosen.file_allowlist, chosen.file_denylist, chosen.strip_sources) == ([], [".*"], True)
    assert (server.ip, server.token, server.root_dir) == ("0.0.0.0", "abc", str(tmp_path / "page"))
    settings = server.init_settings()
    assert "execute_request" not in settings["kernel_manager"].allowed_message_types
    assert settings["kernel_manager"].allowed_message_types
    assert settings["identity_provider"].token == "abc"


@pytest.fixture(scope="module")
def local(store: Store, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Return the address of a page for the public on this machine, and the page itself."""
    with serve_app(
        store.root, SMALL_CALL, tmp_path_factory.mktemp("own"), "--audience", "public", "--as-of", "2024-06-01"
    ) as url:
        yield url, ask(url)[1]


def ask(url: str, host: str | None = None) -> tuple[int, str, str]:
    """Return status, text and last address of a request."""
    try:
        with urlopen(Request(url, headers={"Host": host} if host else {}), timeout=60) as answer:
            return answer.status, answer.read().decode("utf-8", "replace"), answer.url
    except HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace"), url


def find_kernel(page: str) -> str:
    found = re.search(r'"kernelId": ?"([\w-]+)"', page)
    assert found is not None
    return found[1]


def write_message(channel: str, kind: str, content: object, binary: bool) -> str | bytes:
    """Return a message to a kernel in one of the two forms that the server takes."""
    header = {
        "msg_id": uuid.uuid4().hex, "username": "", "session": "s", "msg_type": kind, "version": "5.3",
        "date": "2024-01-01T00:00:00Z",
    }  # fmt: skip
    if not binary:
        parts = {"parent_header": {}, "metadata": {}, "buffers": []}
        return json.dumps({"header": header, "content": content, "channel": channel, **parts})
    pieces = [channel.encode(), *(json.dumps(part).encode() for part in (header, {}, {}, content))]
    offsets = [8 * (len(pieces) + 2)]
    for piece in pieces:
        offsets.append(offsets[-1] + len(piece))
    numbers = [len(offsets), *offsets]
    return b"".join(number.to_bytes(8, "little") for number in numbers) + b"".join(pieces)


async def talk(url: str, kernel: str, messages: list[tuple[str, str, object]], form: str | None) -> list[str]:
    """Send messages to a kernel, a request for its info last, and return the kinds of what it answers until then."""
    base, _, query = url.partition("?")
    address = f"{base.replace('http', 'ws', 1)}api/kernels/{kernel}/channels" + (f"?{query}" if query else "")
    socket = await websocket_connect(HTTPRequest(address), subprotocols=[form] if form else None)
    heard: list[str] = []
    try:
        for channel, kind, content in [*messages, ("shell", "kernel_info_request", {})]:
            await socket.write_message(write_message(channel, kind, content, form is not None), binary=form is not None)
        while "kernel_info_reply" not in heard:
            said = await asyncio.wait_for(socket.read_message(), 60)
            text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
            heard += re.findall(r'"msg_type": ?"(\w+)"', text)[:1]
    finally:
        socket.close()
    return heard


def run_apart(talking: Coroutine[Any, Any, list[str]]) -> list[str]:
    """Return what a conversation heard; in a thread of its own, as a browser's driver may have a loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, talking).result()


@pytest.mark.parametrize("form", [None, BINARY])
def test_kernel_runs_no_code_of_a_reader(local: tuple[str, str], tmp_path: Path, form: str | None) -> None:
    url, page = local
    mark = tmp_path / "mark"
    code = {"code": f"open({str(mark)!r}, 'w')", "silent": False, "store_history": False, "allow_stdin": False}
    asked = [
        ("shell", "execute_request", code),
        ("control", "execute_request", code),
        ("control", "debug_request", {"command": "initialize"}),
        ("shell", "inspect_request", {"code": "open", "cursor_pos": 2}),
        ("shell", "complete_request", {"code": "op", "cursor_pos": 2}),
        ("shell", "history_request", {"hist_access_type": "tail", "n": 9}),
    ]
    heard = run_apart(talk(url, find_kernel(page), asked, form))
    assert set(heard) <= {"status", "kernel_info_reply"}
    assert not mark.exists()


@pytest.mark.parametrize(
    "path",
    [f"voila/files/{NOTEBOOK}.ipynb", "voila/files/../prepared", "voila/files/%2e%2e/prepared", f"{NOTEBOOK}.ipynb",
     "files/prepared", "voila/static/../../../../../../etc/passwd", "voila/api/contents", "api/contents/prepared",
     "voila/tree", "api/kernels", "api/sessions", "api/kernelspecs", "voila/render/explore.ipynb",
     "voila/templates/oproep/static/..%2f..%2fprepared", "voila/labextensions/%2e%2e/%2e%2e/etc/passwd"],
)  # fmt: skip
def test_no_file_and_no_list_of_any_can_be_fetched(local: tuple[str, str], path: str) -> None:
    assert ask(local[0] + path)[0] in (403, 404, 500)


def test_page_gives_away_no_code_and_no_place_and_asks_no_other_host(local: tuple[str, str], store: Store) -> None:
    page = local[1]
    assert "open_workbench" not in page
    assert str(store.root) not in page
    assert re.findall(r'(?:src|href)="https?:', page) == []


def test_another_name_for_this_machine_is_refused(local: tuple[str, str]) -> None:
    port = local[0].rsplit(":", 1)[1].strip("/")
    assert ask(local[0] + "api/kernels/x", f"attacker.example:{port}")[0] == 403


def test_elsewhere_only_who_has_the_token_opens_page_and_kernel(store: Store, tmp_path: Path) -> None:
    with serve_app(store.root, SMALL_CALL, tmp_path, "--ip", "0.0.0.0", "--audience", "public") as told:
        token = told.partition("?token=")[2]
        url = re.sub(r"//[^:]+:", "//127.0.0.1:", told)
        bare = url.partition("?")[0]
        assert len(token) > 30
        for query in ("", "?token=", "?token=wrong"):
            status, text, last = ask(bare + query)
            assert (status, "/login" in last, "kernelId" in text) == (200, True, False)
        status, page, _ = ask(url)
        assert status == 200
        kernel = find_kernel(page)
        with pytest.raises(HTTPClientError, match="403"):
            run_apart(talk(bare, kernel, [], None))
        assert "kernel_info_reply" in run_apart(talk(url, kernel, [], None))


def test_missing_tables_are_answered_with_the_command_that_makes_them(
    tmp_path: Path, make_project: Callable[[Path], Path]
) -> None:
    store = Store(make_project(tmp_path / "root"), SMALL_CALL)
    with pytest.raises(InputError, match=f"oproep run {SMALL_CALL}"):
        fill_folder(tmp_path, store, "internal", AFTER, "en")
    assert PREPARED not in os.environ
