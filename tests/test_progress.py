"""How far a command is: the time left from the last run, a bar on a terminal, plain lines elsewhere, nothing if quiet."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from analysis import cli, progress, stages
from analysis.dependencies import Package
from analysis.freshness import Inspection, Record, write_record
from analysis.plan import Plan
from analysis.progress import Counter, Pace, count_written, expect, following, say_duration, show_steps
from analysis.store import Store
from analysis.voice import Manner, Speaker, manner

CALL = "green-streets-2024"
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")


class Clock:
    """A clock that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def speak(terminal: bool = False, **how: object) -> Speaker:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=100, highlight=False, soft_wrap=True)
    return Speaker(console, hushed=True, manner=Manner(**how))  # type: ignore[arg-type]


def told(speaker: Speaker) -> str:
    return speaker.console.file.getvalue()  # type: ignore[attr-defined,no-any-return]


# The time that is left.


def test_the_time_left_is_what_the_steps_took_the_last_time():
    clock = Clock()
    pace = Pace({"a": 10.0, "b": 4.0}, clock=clock)
    assert pace.left() == 14.0
    pace.begin("a")
    clock.now = 6.0
    assert pace.left() == 8.0
    clock.now = 30.0
    assert pace.left() == 4.0  # late, but never less than nothing


def test_a_run_that_is_slower_than_the_last_one_stays_so():
    clock = Clock()
    pace = Pace({"a": 10.0, "b": 4.0}, clock=clock)
    pace.begin("a")
    clock.now = 20.0
    pace.end("a")
    assert pace.left() == 8.0


def test_steps_at_once_take_no_less_than_the_longest():
    assert Pace({"a": 10.0, "b": 4.0, "c": 4.0}, jobs=2).left() == 10.0
    assert Pace({"a": 10.0, "b": 9.0, "c": 5.0}, jobs=2).left() == 12.0


def test_a_step_that_never_ran_is_taken_for_an_ordinary_one_and_nothing_is_told_from_nothing():
    assert Pace({"a": 10.0, "b": 2.0, "c": None}).left() == 18.0
    clock = Clock()
    pace = Pace({"a": None, "b": None}, clock=clock)
    assert pace.left() is None
    pace.begin("a")
    clock.now = 5.0
    pace.end("a")
    assert pace.left() == 5.0


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "1 s"), (8.1, "9 s"), (11.0, "15 s"), (56.0, "1 min"), (61.0, "2 min"), (7000.0, "2 h")],
)
def test_a_time_to_wait_is_rounded_up(seconds: float, said: str):
    assert say_duration(seconds) == said


def test_what_a_run_is_expected_to_take_is_read_from_the_records_of_what_is_not_fresh(store: Store):
    plan = Plan.of(store)
    inspection = Inspection(plan, Package())
    first, second, *_ = plan.shared
    write_record(inspection.record_path(first), Record({}, {"x": "y"}, seconds=7.5))
    pace = expect(plan, plan.editions, jobs=2)
    assert pace.costs[first.name] == 7.5
    assert pace.costs[second.name] is None
    assert pace.jobs == 2
    assert set(pace.costs) == {unit.name for unit in plan.units(plan.editions)}
    assert set(expect(plan, plan.editions, second.name).costs) == {second.name}
    for path in (*(plan.table(name) for name in first.makes), plan.copy(first)):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(path.name)
    write_record(inspection.record_path(first), Record(inspection.parts(first), inspection.outputs(first), 7.5))
    assert first.name not in expect(plan, plan.editions).costs
    assert first.name in expect(plan, plan.editions, force=True).costs


# What is shown.


def run_two(pace: Pace, speaker: Speaker, clock: Clock) -> None:
    show = show_steps(pace, speaker)
    with show("01_ingest"):
        clock.now += 10.0
    for name in ("08_answer 2024-04-01-public-en", "files of 2024-04-01-public-en"):
        with show(name):
            clock.now += 1.0


def two(clock: Clock) -> Pace:
    return Pace({"01_ingest": 10.0, "08_answer 2024-04-01-public-en": 30.0}, clock=clock)


def test_off_a_terminal_each_step_is_a_plain_line_with_how_many_are_done_and_the_time_left():
    clock, speaker = Clock(), speak()
    run_two(two(clock), speaker, clock)
    lines = told(speaker).splitlines()
    assert re.fullmatch(r"01_ingest  \d+\.\d s  \(1 of 2; about 30 s left\)", lines[0])
    assert re.fullmatch(r"08_answer 2024-04-01-public-en  \d+\.\d s  \(1 of 2; about 30 s left\)", lines[1])
    assert re.fullmatch(r"files of 2024-04-01-public-en  \d+\.\d s  \(2 of 2\)", lines[2])
    assert not CONTROL.search(told(speaker))


def test_the_lines_are_in_the_language_of_the_user():
    clock, speaker = Clock(), speak(language="nl")
    run_two(two(clock), speaker, clock)
    lines = told(speaker).splitlines()
    assert lines[0].endswith("(1 van 2; nog ongeveer 30 s)")
    assert re.fullmatch(r"bestanden van 2024-04-01-public-en  \d+\.\d s  \(2 van 2\)", lines[2])


def test_nothing_is_shown_where_quiet_was_asked_for():
    for terminal in (True, False):
        clock, speaker = Clock(), speak(terminal, quiet=True)
        run_two(two(clock), speaker, clock)
        with following(speaker, clock):
            stages.reach("reading", 0.5)
        with count_written("making", speaker) as watch:
            watch([])
        assert told(speaker) == ""


def test_on_a_terminal_a_bar_shows_the_step_the_count_and_the_time_left():
    clock, speaker = Clock(), speak(terminal=True)
    show = show_steps(two(clock), speaker)
    with show("01_ingest"):
        pass
    shown = told(speaker)
    assert "01_ingest" in shown
    assert "0/2" in shown
    assert "about 40 s left" in shown
    assert "\x1b[" in shown


def test_a_step_that_fails_is_not_told_as_done_and_the_bar_goes():
    clock, speaker = Clock(), speak()
    pace = two(clock)
    with pytest.raises(KeyError), show_steps(pace, speaker)("01_ingest"):
        raise KeyError
    assert told(speaker) == ""
    assert pace.took == {}


def test_sheets_are_counted_with_the_time_that_those_that_are_done_took():
    clock, speaker = Clock(), speak()
    counter = Counter("making the sheets", speaker, clock)
    for done in range(101):
        clock.now = float(done)
        counter.reach(done, 100)
    lines = told(speaker).splitlines()
    assert lines[0] == "making the sheets: 10 of 100; about 2 min left"
    assert lines[-1] == "making the sheets: 90 of 100; about 10 s left"
    assert len(lines) == 9


def test_files_that_are_written_meanwhile_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(progress, "GLANCE", 0.005)
    reached: list[tuple[int, int]] = []
    monkeypatch.setattr(Counter, "reach", lambda _, done, of: reached.append((done, of)))
    old, new = tmp_path / "old", tmp_path / "new"
    old.write_text("as it was")
    with count_written("making", speak()) as watch:
        watch([old, new])
        new.write_text("made")
        wait_for(lambda: (1, 2) in reached)
        old.unlink()
        old.write_text("made anew")
        wait_for(lambda: (2, 2) in reached)
    assert set(reached) <= {(0, 2), (1, 2), (2, 2)}


def wait_for(condition: Callable[[], bool]) -> None:
    from time import monotonic, sleep

    end = monotonic() + 30
    while not condition():
        assert monotonic() < end
        sleep(0.005)


def test_stages_are_told_with_the_time_left_once_they_take_long():
    clock, speaker = Clock(), speak()
    with following(speaker, clock):
        stages.reach("reading the files", 0.0)
        clock.now = 10.0
        stages.reach("reading the records", 0.5)
        clock.now = 18.0
        stages.reach("checking the call", 0.9)
    stages.reach("nobody listens", 0.5)
    assert told(speaker).splitlines() == [
        "reading the records; about 10 s left",
        "checking the call; about 2 s left",
    ]


def test_on_a_terminal_a_stage_is_shown_in_the_language_of_the_user():
    speaker, clock = speak(terminal=True, language="nl"), Clock()
    with following(speaker, clock):
        clock.now = 10.0
        stages.reach("reading the records", 0.5)
    assert "de gegevens lezen" in told(speaker)
    assert "nog ongeveer 10 s" in told(speaker)


# The command line: quiet, and one document of JSON.


@pytest.fixture
def command(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, project: Path
) -> Callable[..., tuple[int, str, str]]:
    def run(*arguments: str, rooted: bool = True) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["oproep", *arguments, *(["--root", str(project)] if rooted else [])])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capfd.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


@pytest.fixture
def shown_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a run be two steps that do nothing."""

    def run(_: object, editions: object, only: object, show: Callable[..., object], say: Callable[..., object], *__):
        del editions, only
        for name in ("01_ingest", "02_distribution"):
            with show(name):  # type: ignore[attr-defined]
                say("something to know")
        return []

    monkeypatch.setattr("analysis.pipeline.run", run)


@pytest.mark.usefixtures("shown_steps")
def test_a_run_tells_its_steps_on_standard_error_and_nothing_of_them_when_quiet(command):
    code, out, err = command("run", CALL)
    assert (code, out) == (0, "")
    assert re.search(r"01_ingest  \d\.\d s  \(1 of \d+", err)
    assert "something to know" in err
    assert not CONTROL.search(err)
    assert command("run", CALL, "--quiet") == (0, "", "")


@pytest.mark.usefixtures("shown_steps")
def test_a_run_as_json_is_one_document_with_the_seconds_of_its_steps(command):
    code, out, _ = command("run", CALL, "--json")
    document = json.loads(out)
    assert code == 0
    assert document.keys() == {"call", "editions", "steps_run", "notes"}
    assert document["steps_run"].keys() == {"01_ingest", "02_distribution"}


def test_errors_are_told_though_quiet(command):
    code, out, err = command("check", "no-such-call", "--quiet")
    assert (code, out) == (2, "")
    assert CALL in err


def test_what_was_found_comes_as_one_document(command, tmp_path: Path):
    keys = {
        ("check", CALL): {"call", "valid", "rows", "changed_files", "open_findings"},
        ("status", CALL): {"call", "running", "units"},
        ("dictionary", CALL): {"call", "tables"},
        ("schedule", CALL, "--every", "06:00", "--into", str(tmp_path / "units")): {
            "call",
            "units",
            "enable",
            "crontab",
        },
    }
    for arguments, expected in keys.items():
        code, out, err = command(*arguments, "--json")
        assert (code, err) == (0, ""), arguments
        assert expected <= json.loads(out).keys(), arguments
    assert json.loads(command("check", CALL, "--json")[1])["rows"]["proposals"] == 12


def test_faults_come_as_json_on_standard_output_with_exit_code_2(command, tmp_path: Path):
    for arguments in (
        ("check", "no-such-call"),
        ("run", "no-such-call"),
        ("run", CALL, "--all-languages", "--language", "nl"),
    ):
        code, out, err = command(*arguments, "--json")
        assert (code, err) == (2, "")
        (fault,) = json.loads(out)["faults"]
        assert fault.keys() == {"place", "found", "expected"}
    code, out, _ = command("diff", str(tmp_path / "a"), str(tmp_path / "b"), "--json", rooted=False)
    assert (code, "manifest" in json.loads(out)["faults"][0]["place"]) == (2, True)
    code, out, _ = command("run", "--json", "--nonsense")
    assert (code, json.loads(out)["faults"][0]["found"].startswith("No such option: --nonsense")) == (2, True)


def test_the_ranking_of_a_table_comes_as_a_document_and_its_refusal_in_it(command, tmp_path: Path):
    scores = tmp_path / "scores.csv"
    scores.write_text("p,r,s\n" + "".join(f"P{p},R1,{p + 1}\n" for p in range(4)))
    given = ("rank", str(scores), "--proposal", "p", "--rater", "r", "--score", "s", "--out", str(tmp_path / "out"))
    code, out, err = command(*given, "--json", rooted=False)
    document = json.loads(out)
    assert (code, document.keys()) == (2, {"files", "points", "faults"})
    assert document["faults"][0]["found"] == "one rater only, 'R1'"
    assert all(Path(name).is_file() for name in document["files"])
    assert err == ""


def test_log_as_json_and_a_document_go_together(command):
    code, out, err = command("run", "no-such-call", "--log", "json", "--json")
    assert code == 2
    events = [json.loads(line)["event"] for line in err.splitlines()]
    assert events == ["run started", "fault", "run failed"]
    assert json.loads(out)["faults"]


def test_every_command_that_tells_something_can_be_quiet_and_speak_json():
    for registered in cli.app.registered_commands:
        names = registered.callback.__annotations__ if registered.callback else {}
        if registered.name not in ("app",):
            assert {"as_json", "quiet"} <= names.keys(), registered.name or registered.callback


def test_manner_begins_anew_with_each_command(command):
    command("check", "no-such-call", "--quiet", "--json")
    assert (manner.quiet, manner.as_json) == (True, True)
    command("check", "no-such-call")
    assert (manner.quiet, manner.as_json) == (False, False)
    assert replace(manner, quiet=True).quiet
