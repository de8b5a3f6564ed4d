"""The same tasks done by the workers of a cluster: all arrive whole though one is lost, and unfit workers are refused."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from running import environment_without_colour, run_steps

from analysis import leases, opening, remote, storage, workers
from analysis.faults import Fault, InputError
from analysis.forking import CAN_FORK, close_parents
from analysis.pipeline import run
from analysis.plan import Plan
from analysis.sheetrun import Done, Wanted, make_sheets, sheets_folder
from analysis.store import Store
from analysis.workers import Cluster, LostError, Ticket, Workers, attempt, open_workers

CALL, EDITION = "green-streets-2024", "2024-04-01-applicant-en"
pytestmark = pytest.mark.skipif(not CAN_FORK, reason="workers are killed as Linux does it")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Any]:
    """Start a scheduler and two workers, each a process of its own that comes back when it is killed."""
    distributed = pytest.importorskip("distributed")
    request.getfixturevalue("s3_server")  # so that the workers have its keys
    folder = str(tmp_path_factory.mktemp("dask"))
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "local_directory": folder}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        with distributed.LocalCluster(**options) as started:
            yield started


@pytest.fixture(scope="module")
def project_root(tmp_path_factory: pytest.TempPathFactory, make_project: Callable[[Path], Path]) -> Path:
    return make_project(tmp_path_factory.mktemp("project"))


@pytest.fixture(scope="module")
def finished(project_root: Path) -> Iterator[Store]:
    """Return a call whose steps have run."""
    yield run_steps(project_root, CALL)
    close_parents()


def read_tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def make_plan(root: Path) -> Plan:
    return Plan(root, CALL, "en", (), (), ())


def read_sheets(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def put_call(store: Store, folder: Path) -> None:
    """Put what was delivered for a call and its tables where a server has its root; no reports, and no sheets."""
    for name in ("notebooks", "data/raw/reference", f"data/raw/{CALL}", f"data/processed/{CALL}"):
        for path in sorted((store.root / name).rglob("*")):
            relative = path.relative_to(store.root)
            if path.is_file() and storage._is_ours(relative.as_posix()) and "sheets" not in path.parts:
                target = folder / relative
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(path.read_bytes())


def check_whole(store: Store, done: Done) -> None:
    """Check that each sheet is there once, whole, and as its note says; and that the list leads to each."""
    listed = BeautifulSoup((done.folder / "index.html").read_text(encoding="utf-8"), "html.parser")
    links = [str(link["href"]) for link in listed.select("main td a, main th a")]
    names = store.read_table("proposals")["proposal"].tolist()
    assert links == [f"{name}.{form}" for name in names for form in ("html", "pdf")]
    assert sorted(path.name for path in done.folder.iterdir()) == sorted([*links, "index.html"])
    notes = [json.loads(path.read_text()) for path in store.processed.rglob("*.note")]
    hashes = [
        {form: hashlib.sha256((done.folder / f"{name}.{form}").read_bytes()).hexdigest() for form in ("html", "pdf")}
        for name in names
    ]
    assert sorted((note["html"], note["pdf"]) for note in notes) == sorted((one["html"], one["pdf"]) for one in hashes)
    for name in names:
        page = (done.folder / f"{name}.html").read_text(encoding="utf-8")
        assert page.rstrip().endswith("</html>") and name in BeautifulSoup(page, "html.parser").get_text()
        printed = (done.folder / f"{name}.pdf").read_bytes()
        assert printed.startswith(b"%PDF-") and printed.rstrip().endswith(b"%%EOF")


def test_steps_and_editions_are_made_by_workers_and_are_then_fresh_here(finished: Store, cluster: Any):
    table = finished.table_path("monthly_load")
    before = table.read_bytes()
    table.unlink()
    with open_workers(cluster.scheduler_address, 0, Plan.of(finished)) as hired:
        run(finished, [], "05_resources", workers=hired)
        run(finished, finished.call.editions, "08_answer", workers=hired)
    assert table.read_bytes() == before
    folder = finished.reports / finished.call.editions[-1].name
    outputs = json.loads((folder / "manifest.json").read_text())["outputs"]
    assert {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in outputs} == outputs
    said: list[str] = []
    run(finished, [], "05_resources", say=said.append)
    assert said == ["1 of 1 steps and editions were fresh"]


def test_all_sheets_arrive_once_and_whole_though_a_worker_is_killed_half_way(
    finished: Store, cluster: Any, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(workers, "LEAST", 3)
    folder = sheets_folder(Plan.of(finished), EDITION, "proposal")
    killed: dict[str, int] = {}

    def kill() -> None:
        while not any(folder.glob("*.pdf")):
            time.sleep(0.02)
        os.kill(next(iter(cluster.workers.values())).pid, signal.SIGKILL)
        killed.update({path.name: path.stat().st_mtime_ns for path in folder.glob("*.pdf")})

    killer = threading.Thread(target=kill)
    with open_workers(cluster.scheduler_address, 0, Plan.of(finished)) as hired:
        killer.start()
        done = make_sheets(finished, Wanted(EDITION), workers=hired)
        killer.join(10)
        names = finished.read_table("proposals")["proposal"]
        assert 0 < len(killed) < len(names)
        assert (set(done.made), done.fresh, done.failed) == (set(names), (), {})
        check_whole(finished, done)
        again = {name: (folder / name).stat().st_mtime_ns for name in killed}
        assert sum(again[name] != killed[name] for name in killed) <= 1  # one may have been placed, and not yet noted
        assert make_sheets(finished, Wanted(EDITION), workers=hired).made == ()


def test_sheets_made_by_workers_are_those_made_here(finished: Store):
    folder = sheets_folder(Plan.of(finished), EDITION, "proposal")
    before = read_sheets(folder)
    for path in folder.glob("G0[12].*"):
        path.unlink()
    done = make_sheets(finished, Wanted(EDITION, jobs=2))
    assert done.made == ("G01", "G02")
    assert read_sheets(folder) == before


@pytest.fixture
def served(ftp_server: tuple[str, Path], tmp_path: Path) -> tuple[str, Path]:
    """Return the URL of a root on storage, and the folder that it is there."""
    url, folder = ftp_server
    return f"{url}/{tmp_path.name}", folder / tmp_path.name


def test_workers_on_storage_bring_what_they_need_and_send_what_they_make(
    finished: Store, cluster: Any, served: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(leases, "SETTLE", 0.0)
    url, folder = served
    put_call(finished, folder)
    with opening.open_root(url, CALL, sheets=True) as share:
        store = Store(share.root, CALL)
        with open_workers(cluster.scheduler_address, 0, Plan.of(store)) as hired:
            done = make_sheets(store, Wanted(EDITION, subjects=("G01", "G02")), workers=hired)
        assert (done.made, done.failed) == (("G01", "G02"), {})
    sent = folder / sheets_folder(Plan.of(finished), EDITION, "proposal").relative_to(finished.root)
    expected = read_sheets(sheets_folder(Plan.of(finished), EDITION, "proposal"))
    assert {name: content for name, content in read_sheets(sent).items() if name != "index.html"} == {
        name: expected[name] for name in ("G01.html", "G01.pdf", "G02.html", "G02.pdf")
    }
    assert (sent / "index.html").is_file()
    assert not [path for path in folder.rglob("*") if path.parent.name == ".aside" or path.name == ".lock.json"]


def test_a_run_on_storage_with_the_workers_of_a_cluster_leaves_there_what_a_run_here_makes(
    finished: Store, cluster: Any, bucket: str, tmp_path: Path
):
    edition, made = finished.call.editions[-1], Path("data", "processed", CALL) / "monthly_load.parquet"
    put_call(finished, tmp_path / "call")
    (tmp_path / "call" / made).unlink()
    url = f"{bucket}/calls"
    system, base = remote.connect(url)
    system.put(f"{tmp_path}/call/", base, recursive=True)
    copies = Path(os.environ["XDG_CACHE_HOME"], "oproep")
    before = {*copies.glob("*/*/data")}
    command = [
        sys.executable,
        "-m",
        "analysis.cli",
        "run",
        CALL,
        "--root",
        url,
        "--scheduler",
        cluster.scheduler_address,
    ]
    command += ["--as-of", str(edition.as_of), "--audience", edition.audience, "--language", edition.language]
    command += ["--log", "json"]
    ended = subprocess.run(command, env=environment_without_colour(), capture_output=True, text=True, timeout=200)
    assert ended.returncode == 0, ended.stderr
    events = [json.loads(line) for line in ended.stderr.splitlines()]
    (sent,) = (number for number, event in enumerate(events) if event.get("message", "").startswith("sent to s3://"))
    assert events[-1]["event"] == "run ended" and {event["event"] for event in events[sent:]} >= {"edition placed"}
    files = {line.rpartition("/") for line in ended.stdout.splitlines()}
    assert {folder for folder, _, _ in files} == {f"{url}/reports/{CALL}/{edition.name}"}
    assert {"answer.html", "answer.pdf"} <= {name for _, _, name in files}
    assert len({*copies.glob("*/*/data")} - before) > 1  # a worker had one of its own
    run(finished, [edition], "08_answer")
    back, expected = tmp_path / "back", finished.reports / edition.name
    names = [*remote.find(system, base)]
    system.get(names, [f"{back}{name.removeprefix(base)}" for name in names])
    found = back / expected.relative_to(finished.root)
    assert (back / made).read_bytes() == (finished.root / made).read_bytes()
    assert read_tree(found) == read_tree(expected)
    assert (found.parent / storage.POINTER).read_text().strip() == edition.name
    assert not [path for path in back.rglob("*") if path.parent.name == storage.ASIDES or path.name == leases.LOCK]


def test_a_scheduler_that_is_not_there_or_has_no_workers_is_refused_in_one_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    distributed = pytest.importorskip("distributed")
    monkeypatch.setattr(workers, "PATIENCE", 1)
    for address in ("tcp://127.0.0.1:1", "nowhere"):
        words, plan = r"--scheduler: .*cannot be reached", make_plan(tmp_path)
        with pytest.raises(InputError, match=words) as caught, open_workers(address, 0, plan):
            pass
        assert len(caught.value.faults) == 1
    with distributed.LocalCluster(n_workers=0, processes=False, dashboard_address=None) as empty:
        words, plan = "a scheduler without workers; expected one that has some: `dask worker", make_plan(tmp_path)
        with pytest.raises(InputError, match=words), open_workers(empty.scheduler_address, 0, plan):
            pass


def test_workers_with_other_code_versions_or_another_root_are_named(
    cluster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    @contextmanager
    def put_elsewhere(*_: object) -> Iterator[str]:
        yield str(tmp_path / "nowhere")

    monkeypatch.setattr(workers, "hash_code", lambda: "other")
    monkeypatch.setattr(workers, "versions", lambda _: {"python": "2.7.18"})
    monkeypatch.setattr(workers, "_put_sign", put_elsewhere)
    with pytest.raises(InputError) as caught, open_workers(cluster.scheduler_address, 0, make_plan(tmp_path)):
        pass
    lines = str(caught.value).split("\n")
    assert len(lines) == 2 * 3
    for words in (
        "its code of oproep: found other files",
        "its version of python: found 3.",
        "its root: found no folder",
    ):
        assert sum(words in line and line.startswith("worker tcp://") for line in lines) == 2


def fail(_: Plan, error: Exception) -> None:
    raise error


def look_for_nothing(_: Plan) -> None:
    with remote.named("memory://x"):
        raise ConnectionError("reset by peer")


def give_root(plan: Plan) -> Path:
    return plan.root


def ticket() -> Ticket:
    return Ticket(workers.hash_code(), {})


def test_what_is_wrong_with_the_input_is_told_and_not_tried_again_but_an_error_of_the_system_is(tmp_path: Path):
    fault = Fault("a", "b", "c")
    answer = attempt(ticket(), fail, make_plan(tmp_path), (InputError([fault]),), None)
    with pytest.raises(InputError) as caught:
        answer.give()
    assert caught.value.faults == (fault,)
    with pytest.raises(ZeroDivisionError, match="a cell"):
        attempt(ticket(), fail, make_plan(tmp_path), (ZeroDivisionError("a cell"),), None).give()
    with pytest.raises(OSError, match="the disk"):
        attempt(ticket(), fail, make_plan(tmp_path), (OSError("the disk"),), None)
    with pytest.raises(OSError, match="storage that cannot be reached"):  # which may be so only now
        attempt(ticket(), look_for_nothing, make_plan(tmp_path), (), None)
    assert attempt(ticket(), give_root, make_plan(tmp_path), (), None).give() == tmp_path


def name_temporary(_: Plan) -> str:
    return tempfile.gettempdir()


def test_temporary_files_of_a_task_lie_where_dask_clears_those_of_a_worker_that_was_killed(
    cluster: Any, tmp_path: Path
):
    with open_workers(cluster.scheduler_address, 0, make_plan(tmp_path)) as hired:
        folder = hired.call(name_temporary, make_plan(tmp_path))
        assert folder in hired.client.run(lambda dask_worker: dask_worker.local_directory).values()


def test_a_worker_that_joined_later_with_other_code_does_no_task(tmp_path: Path):
    answer = attempt(replace(ticket(), code="other"), give_root, make_plan(tmp_path), (), None)
    with pytest.raises(InputError, match="its code of oproep"):
        answer.give()


class FakeClient:
    """Gives futures that end as told."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def submit(self, *_: object, **__: object) -> Future[object]:
        future: Future[object] = Future()
        future.set_exception(self.error)
        return future


def test_a_task_whose_workers_are_lost_every_time_is_told_as_lost(tmp_path: Path):
    from distributed import CancelledError, KilledWorker

    for error in (KilledWorker("task", None, 3), CancelledError("task"), OSError("disk")):  # type: ignore[arg-type]
        hired = Cluster.__new__(Cluster)
        hired.client, hired.waiting, hired.ended = FakeClient(error), set(), False  # type: ignore[assignment]
        hired.lock, hired.ticket = threading.Lock(), ticket()
        with pytest.raises(LostError):
            hired.call(give_root, make_plan(tmp_path))
        assert hired.waiting == set()


@pytest.mark.parametrize(("count", "tasks"), [(1, 1), (2, 12), (2, 99), (8, 10_000), (300, 7)])
def test_batches_hold_every_task_once_and_leave_no_worker_idle(count: int, tasks: int):
    hired = Cluster.__new__(Cluster)
    hired.count = count
    batches = hired.split(range(tasks))
    assert [task for batch in batches for task in batch] == list(range(tasks))
    assert len(batches) >= min(count, tasks)
    assert max(map(len, batches)) <= workers.MOST


def test_here_all_is_one_batch():
    assert Workers(2).split([1, 2, 3]) == [[1, 2, 3]]
    assert Workers(2).split([]) == []
