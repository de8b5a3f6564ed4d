"""Which steps a run executes, in which order and how many at once; kernels are pretended, so that this takes no time."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from analysis import pipeline
from analysis.faults import InputError
from analysis.files import write_bytes
from analysis.kernels import NotebookError
from analysis.pipeline import Options, run
from analysis.plan import Plan
from analysis.store import Store

CALL = "green-streets-2024"
EDITIONS = ["2024-03-01-public-en", "2024-04-01-public-en"]


class Pretence:
    """Stands for kernels and rendering: writes tables that depend on what they are made from, and keeps account."""

    def __init__(self, store: Store) -> None:
        self.plan = Plan.of(store)
        self.begun: list[str] = []
        self.ended: list[str] = []
        self.most = 0
        self.lock = threading.Lock()
        self.action: Callable[[str], None] = lambda _: None
        self.same = ""  # the step whose tables come out the same, whatever they are made from

    def execute(self, notebook: Path, copy: Path, _: Mapping[str, str], **__: Any) -> None:
        step = notebook.stem
        with self.lock:
            self.begun.append(copy.stem)
            self.most = max(self.most, len(self.begun) - len(self.ended))
        try:
            self.action(step)
        finally:
            with self.lock:
                self.ended.append(copy.stem)
        units = {unit.name: unit for unit in (*self.plan.shared, *self.plan.per_edition)}
        read = [self.plan.table(name).read_bytes() for name in units[step].needs]
        read += [path.read_bytes() for path in sorted(self.plan.raw.glob("*.csv"))] if not read else []
        content = b"" if step == self.same else b"".join(read)
        for path in [copy, *(self.plan.table(name) for name in units[step].makes)]:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(path, hashlib.sha256(path.name.encode() + content).hexdigest().encode())

    def call_aside(self, function: str, arguments: tuple[str, ...], _: object) -> tuple[()]:
        if function == "analysis.editions:make":
            (Path(arguments[-1]) / "answer.html").write_text(f"page of {arguments[3]}")
        return ()


@pytest.fixture
def pretence(store: Store, monkeypatch: pytest.MonkeyPatch) -> Pretence:
    kernels = Pretence(store)
    monkeypatch.setattr(pipeline, "execute", kernels.execute)
    monkeypatch.setattr(pipeline, "call_aside", kernels.call_aside)
    monkeypatch.setattr(pipeline, "prepare", lambda: None)
    return kernels


def go(store: Store, pretence: Pretence, editions: list[str] = EDITIONS, **options: Any) -> list[str]:
    """Run a call and return what was executed, in the order of its names."""
    from analysis.declarations import Edition

    pretence.begun, pretence.ended, pretence.most = [], [], 0
    only = options.pop("only", None)
    run(store, [Edition.parse(name) for name in editions], only, options=Options(**options))
    return sorted(pretence.begun)


STEPS = ["01_ingest", "02_distribution", "03_scoring", "04_selection", "05_resources", "06_evaluation"]
STEPS += ["07_reconciliation"]
ANSWERS = [f"08_answer-{name}" for name in EDITIONS]


def test_editions_share_their_steps_and_nothing_runs_twice(store: Store, pretence: Pretence):
    assert go(store, pretence) == [*STEPS, *ANSWERS]
    assert go(store, pretence) == []
    assert go(store, pretence, [*EDITIONS, "2024-05-01-internal-en"]) == ["08_answer-2024-05-01-internal-en"]
    assert go(store, pretence, force=True) == [*STEPS, *ANSWERS]


def test_a_changed_score_runs_what_depends_on_it(store: Store, pretence: Pretence):
    go(store, pretence)
    path = store.raw / "scores.csv"
    path.write_bytes(path.read_bytes().replace(b"4", b"5", 1))
    assert go(store, pretence) == [*STEPS, *ANSWERS]  # here every table of 01_ingest depends on all delivered files


def test_where_tables_come_out_the_same_what_depends_on_them_does_not_run(store: Store, pretence: Pretence):
    pretence.same = "01_ingest"
    go(store, pretence, EDITIONS[:1])
    path = store.raw / "scores.csv"
    path.write_bytes(path.read_bytes().replace(b"4", b"5", 1))
    assert go(store, pretence, EDITIONS[:1]) == ["01_ingest", ANSWERS[0]]  # the manifest tells the hash of the scores


def test_no_more_run_at_once_than_asked_and_as_many_as_there_can(store: Store, pretence: Pretence):
    both = threading.Barrier(2, timeout=20)
    pretence.action = lambda step: both.wait() and None if step in ("02_distribution", "03_scoring") else None
    go(store, pretence, jobs=2)
    assert pretence.most == 2
    pretence.action = lambda _: None
    go(store, pretence, jobs=1, force=True)
    assert pretence.most == 1


def test_the_first_failure_is_raised_and_what_depends_on_it_is_not_begun(store: Store, pretence: Pretence):
    def fail(step: str) -> None:
        if step == "03_scoring":
            raise NotebookError("03_scoring.ipynb", 4, "KeyError", "'total'", Path("copy.ipynb"))

    pretence.action = fail
    with pytest.raises(NotebookError, match=r"03_scoring\.ipynb, code cell 4"):
        go(store, pretence)
    assert not {"04_selection", *ANSWERS} & set(pretence.begun)
    pretence.action = lambda _: None
    repaired = go(store, pretence)
    assert "03_scoring" in repaired
    assert "01_ingest" not in repaired


def test_a_failure_ends_what_else_goes_on(store: Store, pretence: Pretence, monkeypatch):
    ended = threading.Event()
    monkeypatch.setattr("analysis.kernels.Processes.end", lambda _: ended.set())

    def act(step: str) -> None:
        if step == "02_distribution":
            assert ended.wait(20), "nobody ended this step"
        elif step == "03_scoring":
            raise NotebookError("03_scoring.ipynb", 1, "ValueError", "no", Path("copy.ipynb"))

    pretence.action = act
    with pytest.raises(NotebookError, match="03_scoring"):
        go(store, pretence, jobs=2)


def test_editions_that_were_made_stay_when_another_fails(store: Store, pretence: Pretence, monkeypatch):
    go(store, pretence)
    real = pretence.call_aside

    def fail_second(function: str, arguments: tuple[str, ...], processes: object) -> Any:
        if function.endswith("make") and arguments[3] == EDITIONS[1]:
            raise OSError(28, "No space left on device", "answer.html")
        return real(function, arguments, processes)

    monkeypatch.setattr(pipeline, "call_aside", fail_second)
    with pytest.raises(OSError, match="No space"):
        go(store, pretence, force=True)
    assert {path.name for path in store.reports.iterdir()} == {*EDITIONS, "latest"}
    assert (store.reports / "latest" / "answer.html").read_text() == f"page of {EDITIONS[1]}"


def test_only_a_whole_run_moves_latest(store: Store, pretence: Pretence):
    go(store, pretence)
    go(store, pretence, ["2024-05-01-internal-en"], only="08_answer")
    assert (store.reports / "latest").readlink() == Path(EDITIONS[1])
    go(store, pretence, EDITIONS[:1])
    assert (store.reports / "latest").readlink() == Path(EDITIONS[0])


def test_a_step_that_was_broken_off_is_noted_as_unfinished(store: Store, pretence: Pretence):
    def fail(step: str) -> None:
        if step == "05_resources":
            raise KeyboardInterrupt

    pretence.action = fail
    with pytest.raises(KeyboardInterrupt):
        go(store, pretence, jobs=1)
    assert json.loads((Plan.of(store).state / "05_resources.json").read_text())["finished"] is False
    assert not store.table_path("budget_lines").exists()
    pretence.action = lambda _: None
    assert "05_resources" in go(store, pretence)


def test_a_notebook_that_is_not_there_is_refused_before_anything_runs(store: Store, pretence: Pretence):
    (store.root / "notebooks" / "05_resources.ipynb").unlink()
    with pytest.raises(InputError, match=r"05_resources\.ipynb: found no such file"):
        go(store, pretence)
    assert pretence.begun == []


def test_the_steps_do_not_wait_for_one_another_without_need(store: Store, pretence: Pretence):
    """03 takes long: 02, which does not need it, has ended by then."""
    seen: list[str] = []

    def act(step: str) -> None:
        if step == "03_scoring":
            for _ in range(2000):
                if "02_distribution" in pretence.ended:
                    seen.append("02 had ended")
                    return
                time.sleep(0.01)

    pretence.action = act
    go(store, pretence, jobs=2)
    assert seen == ["02 had ended"]
