"""Roots on storage: what is brought and sent, that nothing half-written is seen there, and one run of a call at a time."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from analysis import leases, remote, storage
from analysis.faults import InputError
from analysis.opening import is_running, look_into, open_copy, open_root
from analysis.storage import Needs, Share

CALL, EDITION = "small-call", "2024-04-01-public-en"
REPORTS = f"reports/{CALL}"
FILES = {
    "notebooks/pipeline.yml": "steps: []",
    f"data/raw/{CALL}/call.yml": "id: small-call",
    "data/raw/reference/places.csv": "a,b",
    "data/raw/other-call/call.yml": "id: other-call",
    f"data/processed/{CALL}/scores.parquet": "table",
    f"data/processed/{CALL}/.state/03_scoring.json": "note",
    f"data/processed/{CALL}/sheets/x.json": "granted",
    f"{REPORTS}/sheets/G01.html": "sheet",
    f"{REPORTS}/{EDITION}/answer.html": "old answer",
    f"{REPORTS}/{EDITION}/manifest.json": "old manifest",
    f"{REPORTS}/{EDITION}/old.csv": "old table",
    f"{REPORTS}/latest.txt": f"{EDITION}\n",
}


@pytest.fixture(autouse=True)
def no_delays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(leases, "SETTLE", 0.0)
    monkeypatch.setattr(leases, "POLL", 0.02)


@pytest.fixture(params=["memory", "s3", "ftp"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return a root on storage: of fsspec alone, in a store of objects, and on a server that has folders."""
    if request.param == "memory":
        return f"memory://{tmp_path.name}"
    if request.param == "s3":
        return f"{request.getfixturevalue('bucket')}/calls"
    return f"{request.getfixturevalue('ftp_server')[0]}/{tmp_path.name}"


@pytest.fixture
def filled(url: str) -> str:
    put(url, FILES)
    return url


def put(url: str, files: dict[str, str]) -> None:
    system, base = remote.connect(url)
    for name, content in files.items():
        system.makedirs(f"{base}/{name}".rpartition("/")[0], exist_ok=True)
        system.pipe_file(f"{base}/{name}", content.encode())


def read(url: str) -> dict[str, str]:
    """Return all files below a URL, hidden ones too."""
    system, base = remote.connect(url)
    return {name[len(base) + 1 :]: system.cat_file(name).decode() for name in sorted(system.find(base))}


def write(share: Share, name: str, content: str) -> None:
    path = share.root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def here(share: Share) -> dict[str, str]:
    return {name: (share.root / name).read_text() for name in sorted(share._scan())}


def count_uploads(share: Share) -> list[str]:
    sent: list[str] = []
    usual = share.system.put

    def note(sources: list[str], targets: list[str]) -> None:
        sent.extend(Path(source).relative_to(share.root).as_posix() for source in sources)
        usual(sources, targets)

    share.system.put = note
    return sent


def test_a_run_finds_its_call_without_other_calls_and_without_sheets_it_does_not_need(filled: str):
    with look_into(filled, CALL) as share:
        wanted = {name for name in FILES if "other-call" not in name and "sheets/" not in name}
        assert here(share) == {name: FILES[name] for name in sorted(wanted)}
        assert (share.root / REPORTS / "latest").readlink() == Path(EDITION)
    with open_root(filled, CALL, sheets=True) as share:
        assert f"{REPORTS}/sheets/G01.html" in here(share)


def test_what_a_run_makes_is_put_back_and_what_it_removes_is_removed(filled: str):
    with open_root(filled, CALL) as share:
        write(share, f"{REPORTS}/{EDITION}/answer.html", "new answer")
        write(share, f"{REPORTS}/{EDITION}/data/a.csv", "new")
        write(share, f"{REPORTS}/{EDITION}/manifest.json", "new manifest")
        (share.root / f"data/processed/{CALL}/scores.parquet").unlink()
    changed = {
        f"{REPORTS}/{EDITION}/answer.html": "new answer",
        f"{REPORTS}/{EDITION}/data/a.csv": "new",
        f"{REPORTS}/{EDITION}/manifest.json": "new manifest",
    }
    expected = {**FILES, **changed}
    del expected[f"data/processed/{CALL}/scores.parquet"]
    assert read(filled) == expected


def test_a_run_that_fails_sends_nothing_and_leaves_no_lock(filled: str):
    with pytest.raises(RuntimeError), open_root(filled, CALL) as share:
        write(share, f"{REPORTS}/{EDITION}/answer.html", "new answer")
        raise RuntimeError
    assert read(filled) == FILES


def test_what_is_unchanged_is_neither_sent_nor_brought_again(filled: str, monkeypatch: pytest.MonkeyPatch):
    with open_root(filled, CALL) as share:
        write(share, f"data/processed/{CALL}/ranking.parquet", "ranks")
    with open_root(filled, CALL) as share:
        sent = count_uploads(share)
        write(share, f"data/processed/{CALL}/ranking.parquet", "ranks")  # anew, with the same content
    assert sent == []
    brought: list[str] = []
    monkeypatch.setattr(Share, "_fetch", lambda _, names, __: brought.extend(names))
    with open_root(filled, CALL):
        pass
    assert not [name for name in brought if not name.startswith(("notebooks/", "data/raw/"))]


def test_what_others_changed_or_damaged_is_brought_again(filled: str):
    with look_into(filled, CALL) as share:
        write(share, f"data/processed/{CALL}/scores.parquet", "damaged")
        write(share, f"data/processed/{CALL}/stray.parquet", "of nobody")
    put(filled, {f"data/raw/{CALL}/call.yml": "id: other-text"})
    with look_into(filled, CALL) as share:
        assert here(share)[f"data/processed/{CALL}/scores.parquet"] == "table"
        assert here(share)[f"data/raw/{CALL}/call.yml"] == "id: other-text"
        assert f"data/processed/{CALL}/stray.parquet" not in here(share)


def test_latest_and_the_list_of_sheets_come_last_and_the_manifest_last_of_an_edition(filled: str):
    other = "2024-05-01-public-en"
    with open_root(filled, CALL, sheets=True) as share:
        sent = count_uploads(share)
        for name in ("manifest.json", "answer.html", "tables.xlsx"):
            write(share, f"{REPORTS}/{other}/{name}", name)
        for name in ("index.html", "G02.html"):
            write(share, f"{REPORTS}/sheets/{name}", name)
        write(share, f"data/processed/{CALL}/.state/08_answer.json", "note")
        write(share, f"data/processed/{CALL}/ranking.parquet", "ranks")
        link = share.root / REPORTS / "latest"
        link.unlink()
        link.symlink_to(other)
    assert set(sent[-2:]) == {f"{REPORTS}/latest.txt", f"{REPORTS}/sheets/index.html"}
    order = [sent.index(name) for name in (
        f"data/processed/{CALL}/ranking.parquet",
        f"{REPORTS}/sheets/G02.html",
        f"{REPORTS}/{other}/answer.html",
        f"data/processed/{CALL}/.state/08_answer.json",
    )]  # fmt: skip
    assert order == sorted(order)
    assert read(filled)[f"{REPORTS}/latest.txt"] == f"{other}\n"


@pytest.mark.parametrize("after", [0, 1, 2, 3, 5, 8, 10, 12])
def test_whenever_sending_stops_an_edition_is_the_old_or_the_new_one_and_the_next_run_mends_it(filled: str, after: int):
    new = {name: f"new {name}" for name in ("answer.html", "answer.pdf", "manifest.json")}
    note = f"data/processed/{CALL}/.state/08_answer.json"
    with pytest.raises(InputError), open_root(filled, CALL) as share:
        _make_edition(share, new)
        write(share, note, "new note")
        _break_after(share, after)
        share.send()
        raise InputError([])
    there = read(filled)
    found = {name.rpartition("/")[2]: text for name, text in there.items() if f"{REPORTS}/{EDITION}/" in name}
    old = {"answer.html": "old answer", "manifest.json": "old manifest", "old.csv": "old table"}
    if "ftp" not in filled:  # a store of objects has no folder to rename: what tells that all is there comes last
        assert found.get("manifest.json") in ("old manifest", "new manifest.json")
        assert found in (new, {**new, "old.csv": "old table"}) or found["manifest.json"] == "old manifest"
        assert all(text in (*old.values(), *new.values()) for text in found.values())
    else:
        assert found in (old, new, {})
    assert found == new or note not in there  # or what was left out of the edition would pass for a part of it
    with open_root(filled, CALL) as share:
        assert here(share)[f"{REPORTS}/{EDITION}/answer.html"] in ("old answer", "new answer.html")
        _make_edition(share, new)
    there = read(filled)
    assert {name.rpartition("/")[2]: text for name, text in there.items() if f"{REPORTS}/{EDITION}/" in name} == new
    assert not [name for name in there if ".aside" in name or ".lock" in name]


def _make_edition(share: Share, files: dict[str, str]) -> None:
    shutil.rmtree(share.root / REPORTS / EDITION)
    for name, content in files.items():
        write(share, f"{REPORTS}/{EDITION}/{name}", content)


def _break_after(share: Share, times: int) -> None:
    """Let the storage refuse everything after so many changes to it."""
    left = [times]

    def limit(usual: Callable[..., Any]) -> Callable[..., Any]:
        def change(*arguments: Any, **options: Any) -> Any:
            left[0] -= 1
            if left[0] < 0:
                raise OSError("the line is dead")
            return usual(*arguments, **options)

        return change

    for name in ("put", "mv", "cp_file", "rm_file", "rm", "makedirs"):
        setattr(share.system, name, limit(getattr(share.system, name)))


def test_a_task_of_a_worker_brings_and_sends_only_what_it_is_about(filled: str):
    with open_copy(filled, CALL, Needs(("notebooks",), (f"data/raw/{CALL}/call.yml",))) as share:
        assert sorted(here(share)) == [f"data/raw/{CALL}/call.yml", "notebooks/pipeline.yml"]
        sent = count_uploads(share)
        write(share, f"{REPORTS}/sheets/G09.html", "a sheet")
    assert sent == [f"{REPORTS}/sheets/G09.html"]
    assert read(filled) == {**FILES, f"{REPORTS}/sheets/G09.html": "a sheet"}


def test_a_sheet_that_was_removed_from_the_storage_is_not_taken_for_made(filled: str):
    sheet = f"{REPORTS}/sheets/G01.html"
    with open_root(filled, CALL, sheets=True) as share:
        assert (share.root / sheet).is_file()
    system, base = remote.connect(filled)
    system.rm_file(f"{base}/{sheet}")
    with open_copy(filled, CALL, Needs(makes=(sheet,))) as share:
        assert not (share.root / sheet).exists()
        write(share, sheet, FILES[sheet])
    assert read(filled) == FILES
    system.rm_file(f"{base}/{sheet}")
    with open_root(filled, CALL, sheets=True):  # nor for one that was made and never sent
        pass
    assert sheet not in read(filled)


def test_what_goes_after_it_was_listed_does_not_end_those_who_look(filled: str, monkeypatch: pytest.MonkeyPatch):
    gone, usual = f"data/processed/{CALL}/scores.parquet", Share._fetch

    def fetch(share: Share, names: list[str], there: dict[str, str]) -> None:
        if gone in names:
            remote.remove(share.system, f"{share.base}/{gone}")
        usual(share, names, there)

    monkeypatch.setattr(Share, "_fetch", fetch)
    with look_into(filled, CALL) as share:
        assert gone not in here(share)


@pytest.mark.parametrize("url", ["s3", "ftp"], indirect=True)
def test_a_folder_that_is_there_and_cannot_be_listed_is_not_taken_for_empty(
    filled: str, monkeypatch: pytest.MonkeyPatch
):
    with look_into(filled, CALL) as share:
        before = here(share)
    usual = remote.find

    def fail(system: Any, path: str) -> Any:
        def ls(*_: object, **__: object) -> Any:
            raise OSError("the line is dead")

        name = "_ls" if hasattr(type(system), "_ls") else "ls"
        monkeypatch.setattr(system, name, ls, raising=False)
        return usual(system, path)

    monkeypatch.setattr(remote, "find", fail)
    with pytest.raises(InputError, match="storage that cannot be reached"), look_into(filled, CALL):
        pass
    assert {name: (share.root / name).read_text() for name in before} == before


def test_sheets_of_a_run_that_was_killed_before_it_sent_them_are_kept_and_sent_by_the_next(filled: str):
    made = {f"{REPORTS}/sheets/G05.html": "sheet", f"data/processed/{CALL}/sheets/G05.note": "note"}
    stray = f"data/processed/{CALL}/ranking.parquet"
    with pytest.raises(RuntimeError), open_root(filled, CALL, sheets=True) as share:
        for name, content in {**made, stray: "ranks"}.items():
            write(share, name, content)
        raise RuntimeError
    assert read(filled) == FILES
    with open_root(filled, CALL, sheets=True) as share:
        assert made.items() <= here(share).items()
        assert stray not in here(share)
    assert read(filled) == {**FILES, **made}


def test_what_others_send_while_a_run_goes_on_is_brought_and_what_was_written_here_stays(filled: str):
    table, note = f"data/processed/{CALL}/ranking.parquet", f"data/processed/{CALL}/.state/03_scoring.json"
    own = f"data/processed/{CALL}/.state/04_selection.json"
    gone = f"data/processed/{CALL}/scores.parquet"
    with open_root(filled, CALL) as share:
        write(share, note, "begun")
        share.send(settled=False)
        write(share, note, "finished")
        write(share, own, "begun too")
        put(filled, {table: "ranks"})
        system, base = remote.connect(filled)
        system.rm_file(f"{base}/{gone}")
        share.bring_news()
        assert here(share)[table] == "ranks" and gone not in here(share)
        assert (here(share)[note], here(share)[own]) == ("finished", "begun too")
    expected = {**FILES, table: "ranks", note: "finished", own: "begun too"}
    del expected[gone]
    assert read(filled) == expected


def test_a_line_that_was_closed_while_nothing_was_said_is_opened_again(
    ftp_server: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    url = f"{ftp_server[0]}/{tmp_path.name}"
    put(url, FILES)
    with open_root(url, CALL) as share:
        write(share, f"data/processed/{CALL}/ranking.parquet", "ranks")
        share.system.ftp.close()
        monkeypatch.setattr(storage, "IDLE", 0.0)
    assert read(url)[f"data/processed/{CALL}/ranking.parquet"] == "ranks"


def test_a_second_run_waits_for_the_first_or_is_refused(filled: str):
    said: list[str] = []
    with open_root(filled, CALL):
        words = r"another run of it going on \(.*last alive at .*remove .*\.lock\.json"
        with pytest.raises(InputError, match=words), open_root(filled, CALL, wait=False):
            pass
        second = threading.Thread(target=lambda: _hold_shortly(filled, said))
        second.start()
        while not said:
            time.sleep(0.01)
        assert second.is_alive()
    second.join(10)
    assert not second.is_alive()
    assert said[0].startswith(f"waiting for another run of {CALL} (")
    assert said[1:] == ["held"]


def _hold_shortly(url: str, said: list[str]) -> None:
    with open_root(url, CALL, say=said.append):
        said.append("held")


@pytest.mark.parametrize(("age", "taken"), [(leases.DEAD + 60, True), (0, False)])
def test_the_lock_of_a_run_that_died_is_taken_over_after_a_while(filled: str, age: float, taken: bool):
    owner = {"owner": "somebody on a machine", "token": "0", "alive": time.time() - age}
    put(filled, {f"data/processed/{CALL}/.lock.json": json.dumps(owner)})
    said: list[str] = []
    if taken:
        with open_root(filled, CALL, wait=False, say=said.append):
            pass
        assert "counts as dead" in said[0]
    else:
        with pytest.raises(InputError, match="somebody on a machine"), open_root(filled, CALL, wait=False):
            pass


LOCK = f"data/processed/{CALL}/.lock.json"


@pytest.mark.parametrize("url", ["memory"], indirect=True)
def test_a_lock_that_nobody_can_read_counts_as_dead_too(filled: str, monkeypatch: pytest.MonkeyPatch):
    put(filled, {LOCK: '{"owner": "some'})
    with pytest.raises(InputError, match="an unknown run"), open_root(filled, CALL, wait=False):
        pass
    monkeypatch.setattr(leases, "DEAD", 1.0)
    said: list[str] = []
    with open_root(filled, CALL, say=said.append):
        pass
    assert said[0].startswith("waiting for another run of small-call (an unknown run")
    assert "counts as dead" in said[1]


@pytest.mark.parametrize("url", ["memory"], indirect=True)
def test_a_lock_that_is_half_written_once_belongs_to_a_living_run(filled: str, monkeypatch: pytest.MonkeyPatch):
    looks = [
        *(leases.Owner("somebody", "0", time.time() + 1000) for _ in range(3)),
        leases.Owner("an unknown run", "", 0.0),
        None,
    ]
    usual = leases.read_owner

    def look(system: Any, path: str, seen: float) -> leases.Owner | None:
        if not looks:
            return usual(system, path, seen)
        time.sleep(0.2)
        owner = looks.pop(0)
        return replace(owner, alive=seen) if owner and not owner.token else owner

    monkeypatch.setattr(leases, "DEAD", 0.5)
    monkeypatch.setattr(leases, "read_owner", look)
    said: list[str] = []
    with open_root(filled, CALL, say=said.append):
        pass
    assert [line.partition(" (")[0] for line in said] == [f"waiting for another run of {CALL}"]


def test_a_run_gives_signs_of_life_also_where_a_line_was_closed(filled: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(leases, "BEAT", 0.05)
    usual, systems, written = leases.write_owner, [], threading.Event()

    def fail_once(system: Any, path: str, token: str) -> None:
        systems.append(system)
        if len(systems) == 3:
            raise OSError("the line is dead")
        usual(system, path, token)
        if len(systems) > 3:
            written.set()

    monkeypatch.setattr(leases, "write_owner", fail_once)
    with open_root(filled, CALL) as share:
        assert is_running(share)
        assert written.wait(20)
        assert systems[1] is systems[2] and systems[3] is not systems[2]
    assert not is_running(share)


@pytest.mark.parametrize("url", ["memory"], indirect=True)
def test_a_run_whose_lock_was_taken_over_sends_nothing_and_leaves_the_lock_to_the_other(
    filled: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(leases, "BEAT", 1.0)
    usual, written, other = leases.write_owner, threading.Event(), leases.Owner("somebody", "0", time.time())

    def note(system: Any, path: str, token: str) -> None:
        usual(system, path, token)
        written.set()

    monkeypatch.setattr(leases, "write_owner", note)
    content = {LOCK: json.dumps({"owner": other.words, "token": other.token, "alive": other.alive})}
    with pytest.raises(InputError, match="taken over by another run") as caught, open_root(filled, CALL) as share:
        write(share, f"data/processed/{CALL}/ranking.parquet", "ranks")
        written.clear()
        assert written.wait(20)  # so that there is a second until the next sign of life
        put(filled, content)
        time.sleep(1.5)
    assert len(caught.value.faults) == 1
    assert read(filled) == {**FILES, **content}


def test_two_copies_of_a_call_at_once_lie_in_folders_of_their_own(filled: str):
    with look_into(filled, CALL) as one, look_into(filled, CALL) as other:
        assert one.root != other.root
        assert here(one) == here(other)
        assert one.root.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("nothing://x/y", "no known protocol nothing"),
        ("ftp://user:secret-word@127.0.0.1:1/x", "storage that cannot be reached"),
    ],
)
def test_a_store_that_cannot_be_reached_is_refused_in_one_message_without_its_password(url: str, words: str):
    with pytest.raises(InputError, match=words) as caught, look_into(url, CALL):
        pass
    assert len(caught.value.faults) == 1
    assert "secret-word" not in str(caught.value)


def test_a_bucket_that_is_not_there_is_refused_in_one_message_before_anything_is_brought(bucket: str):
    with pytest.raises(InputError, match="storage that cannot be reached") as caught, open_root(f"{bucket}-no/x", CALL):
        pass
    assert len(caught.value.faults) == 1


KILLED = """
import os, signal, sys
from analysis.opening import open_root
from analysis.storage import Share
usual = Share._upload
def upload(self, places):
    usual(self, dict(list(places.items())[:1]))
    if any("answer" in name for name in places):
        os.kill(os.getpid(), signal.SIGKILL)
    usual(self, places)
Share._upload = upload
with open_root(sys.argv[1], "small-call") as share:
    for name in ("answer.html", "manifest.json"):
        (share.root / "reports/small-call/2024-04-01-public-en" / name).write_text("new " + name)
"""


def test_a_run_that_is_killed_while_it_sends_leaves_the_last_report(
    ftp_server: tuple[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    url = f"{ftp_server[0]}/old-{tmp_path.name}"  # with what marks a folder that was moved aside
    put(url, FILES)
    done = subprocess.run([sys.executable, "-c", KILLED, url], check=False)
    assert done.returncode == -9
    report = ftp_server[1] / f"old-{tmp_path.name}" / REPORTS / EDITION
    assert {path.name: path.read_text() for path in report.iterdir()} == {
        "answer.html": "old answer",
        "manifest.json": "old manifest",
        "old.csv": "old table",
    }
    assert list((report.parent / ".aside").rglob("*")) != []
    monkeypatch.setattr(leases, "DEAD", 0.0)
    said: list[str] = []
    with open_root(url, CALL, say=said.append) as share:
        assert here(share)[f"{REPORTS}/{EDITION}/answer.html"] == "old answer"
    assert "counts as dead" in said[0]
    assert read(url) == FILES
