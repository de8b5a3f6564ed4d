"""What a run tells a machine: every line is an event, whoever wrote it, and the exit code is that of the command."""

import io
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest

from analysis.ending import explain
from analysis.faults import Fault, InputError
from analysis.journal import Journal
from analysis.kernels import NotebookError

FAULTS = [Fault("call.yml, dates", "nothing", "a day"), Fault("scores.csv, row 3", "'x'", "a number")]


@pytest.fixture
def journal() -> Journal:
    ticks = count()
    return Journal("small", io.StringIO(), seconds=lambda: float(next(ticks)))


def read(journal: Journal) -> list[dict[str, object]]:
    return [json.loads(line) for line in journal.stream.getvalue().splitlines()]


def fail(journal: Journal, error: BaseException) -> tuple[object, list[dict[str, object]]]:
    """Return the exit code of a run that raises, and what was written between its start and its end."""
    with pytest.raises(SystemExit) as ended, journal.run(explain):
        raise error
    first, *between, last = read(journal)
    assert (first["event"], last["event"], last["exit"]) == ("run started", "run failed", ended.value.code)
    assert {"seconds"} <= last.keys()
    return ended.value.code, between


def test_every_event_has_the_call_and_a_time_with_its_zone(journal: Journal):
    before = datetime.now().astimezone()
    with journal.run(explain), journal.progress("01_ingest"):
        pass
    for event in read(journal):
        assert event["call"] == "small"
        time = datetime.fromisoformat(str(event["time"]))
        assert time.utcoffset() is not None
        assert abs((time - before).total_seconds()) < 3600


def test_a_step_begins_and_ends_with_its_seconds_and_an_edition_is_named_apart(journal: Journal):
    with journal.progress("08_answer 2024-04-01-public-en"):
        pass
    started, ended = read(journal)
    assert started["event"] == "step started"
    assert ended["event"] == "step ended"
    assert {started["step"], ended["step"]} == {"08_answer"}
    assert {started["edition"], ended["edition"]} == {"2024-04-01-public-en"}
    assert ended["seconds"] == 1.0


def test_a_step_that_fails_says_so_and_the_error_goes_on(journal: Journal):
    with pytest.raises(KeyError), journal.progress("03_scoring"):
        raise KeyError("rater")
    assert [(event["event"], event.get("error")) for event in read(journal)] == [
        ("step started", None),
        ("step failed", "KeyError"),
    ]


def test_an_edition_that_was_rendered_is_told_from_one_that_was_fresh(journal: Journal, tmp_path: Path):
    with journal.progress("files of 2024-04-01-public-en"):
        pass
    with suppress(OSError), journal.progress("files of 2024-04-03-public-en"):
        raise OSError
    folders = [tmp_path / "reports" / "small" / f"2024-04-0{day}-public-en" for day in (1, 2, 3)]
    journal.list_editions(folders, tmp_path)
    placed, *fresh = read(journal)[-3:]
    assert (placed["event"], placed["folder"]) == ("edition placed", "reports/small/2024-04-01-public-en")
    assert [event["event"] for event in fresh] == ["edition fresh"] * 2


def test_a_refusal_is_an_event_for_each_fault(journal: Journal):
    code, between = fail(journal, InputError(FAULTS))
    assert code == 2
    assert [event["event"] for event in between] == ["fault", "fault"]
    told = [(event["place"], event["found"], event["expected"]) for event in between]
    assert told == [(fault.place, fault.found, fault.expected) for fault in FAULTS]


def test_a_refusal_within_a_notebook_is_one_too(journal: Journal):
    message = InputError(FAULTS).message()
    code, between = fail(journal, NotebookError("01_ingest.ipynb", 3, "InputError", message, Path("copy.ipynb")))
    assert code == 2
    assert [(event["event"], event["step"]) for event in between] == [("fault", "01_ingest")] * 2
    assert "\n".join(str(event["message"]) for event in between) == message


def test_a_notebook_that_fails_is_told_with_its_cell(journal: Journal):
    code, (error,) = fail(journal, NotebookError("03_scoring.ipynb", 4, "ValueError", "no\nscores", Path("copy.ipynb")))
    assert code == 1
    assert (error["event"], error["step"], error["cell"], error["error"]) == ("error", "03_scoring", 4, "ValueError")
    assert error["message"] == "no\nscores"


def test_what_was_foreseen_is_told_in_words_and_what_was_not_with_its_trace(journal: Journal):
    code, (full,) = fail(journal, OSError(28, "No space left on device", "/srv/x"))
    assert (code, full["message"]) == (1, "Cannot write /srv/x: the disk is full.")
    assert "trace" not in full
    other = Journal("small", io.StringIO())
    code, (odd,) = fail(other, ZeroDivisionError("no raters"))
    assert (code, odd["error"], odd["message"]) == (1, "ZeroDivisionError", "no raters")
    assert "ZeroDivisionError: no raters" in str(odd["trace"])


def test_what_others_write_to_standard_error_becomes_events(journal: Journal):
    with journal.run(explain):
        print("a line\n\nanother", file=sys.stderr)
        sys.stderr.write("not ended")
    texts = [str(event["message"]) for event in read(journal) if event["event"] == "note"]
    assert texts == ["a line", "another", "not ended"]
    assert read(journal)[-1]["event"] == "run ended"


def test_lines_of_several_threads_do_not_mix(journal: Journal):
    def work(number: int) -> None:
        with journal.progress(f"{number:02}_step"):
            journal.note("é\n" * 50)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(100)))
    events = read(journal)
    assert len(events) == 300
    assert {event["step"] for event in events if event["event"] == "step ended"} == {f"{n:02}_step" for n in range(100)}
