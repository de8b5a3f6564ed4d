"""Schedules: moments in words, as systemd and cron read them, units that systemd accepts, and a run that one starts."""

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date, time
from pathlib import Path

import pytest
from conftest import SMALL_CALL

from analysis import cli
from analysis.clock import today
from analysis.faults import InputError
from analysis.schedule import EARLY, Moment, Schedule, choose_moments, find_units, read_moment

DAY = date(2024, 3, 1)
ANALYZE = shutil.which("systemd-analyze")


EVERY_MONDAY = (Moment(time(6), (0,)),)


def make(moments=EVERY_MONDAY, **options) -> Schedule:
    settings = {"call": "green-streets-2024", "root": Path("/srv/calls"), "program": Path("/bin/true")} | options
    return Schedule(moments=moments, **settings)


@pytest.mark.parametrize(
    ("text", "calendar", "crontab"),
    [
        ("06:00", "*-*-* 06:00:00 Europe/Brussels", "0 6 * * *"),
        ("Mon 06:00", "Mon *-*-* 06:00:00 Europe/Brussels", "0 6 * * 1"),
        ("mon 6:05", "Mon *-*-* 06:05:00 Europe/Brussels", "5 6 * * 1"),
        ("Thu,Mon 23:59", "Mon,Thu *-*-* 23:59:00 Europe/Brussels", "59 23 * * 1,4"),
        ("Mon..Wed 06:00", "Mon,Tue,Wed *-*-* 06:00:00 Europe/Brussels", "0 6 * * 1,2,3"),
        ("Sat..Mon 06:00", "Mon,Sat,Sun *-*-* 06:00:00 Europe/Brussels", "0 6 * * 1,6,0"),
        ("Sun 00:00", "Sun *-*-* 00:00:00 Europe/Brussels", "0 0 * * 0"),
    ],
)
def test_a_moment_is_the_same_for_systemd_and_for_cron(text: str, calendar: str, crontab: str) -> None:
    moment = read_moment(text)
    assert moment.calendar() == calendar
    assert moment.crontab() == crontab


@pytest.mark.parametrize(
    "text", ["", "Mon", "24:00", "06:60", "Maandag 06:00", "Mon..Tue..Wed 06:00", ", 06:00", "6", "Mon 06:00:00"]
)
def test_a_text_that_is_no_moment_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_moment(text)
    assert str(caught.value).startswith(f"--every: found {text!r}; expected a time such as")


def test_a_single_date_is_a_moment_too() -> None:
    moment = Moment(time(0, 5), on=DAY)
    assert moment.calendar() == "2024-03-01 00:05:00 Europe/Brussels"
    assert moment.crontab() == "5 0 1 3 *"


def test_the_timer_starts_the_service_at_every_moment_and_makes_up_for_a_missed_one() -> None:
    units = make((Moment(time(6), (0,)), Moment(time(0, 5), on=DAY))).units()
    timer = units["oproep-green-streets-2024.timer"].splitlines()
    assert [line for line in timer if line.startswith("OnCalendar=")] == [
        "OnCalendar=Mon *-*-* 06:00:00 Europe/Brussels",
        "OnCalendar=2024-03-01 00:05:00 Europe/Brussels",
    ]
    assert {"Persistent=true", "WantedBy=timers.target"} <= set(timer)


def test_an_edition_of_a_date_says_that_date_and_any_other_is_of_its_own_day() -> None:
    assert "--as-of" not in make().command()
    command = make(as_of=DAY, keep=3).command()
    assert command[command.index("--as-of") + 1] == "2024-03-01"
    assert command[command.index("--keep") + 1] == "3"


def test_cron_gets_the_very_command_of_the_service() -> None:
    schedule = make(root=Path("/srv/my calls/100%"))
    zone, line = schedule.crontab()
    assert zone == "CRON_TZ=Europe/Brussels"
    words = shlex.split(line.replace("\\%", "%"))
    assert words[5:] == schedule.command()


def test_systemd_expands_nothing_in_a_path() -> None:
    service = make(root=Path('/srv/my "calls"/100%/$HOME')).service()
    assert 'WorkingDirectory=/srv/my "calls"/100%%/$HOME' in service
    assert r'"/srv/my \"calls\"/100%%/$$HOME"' in service


@pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze")
@pytest.mark.parametrize("folder", ["plain", "with space", "100%", "$HOME"])
def test_systemd_accepts_the_units(tmp_path: Path, folder: str) -> None:
    root = tmp_path / folder
    root.mkdir()
    for name, text in make((read_moment("Mon..Fri 06:00"), Moment(time(0, 5), on=DAY)), root=root).units().items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    timer = tmp_path / "oproep-green-streets-2024.timer"
    command, environment = [str(ANALYZE), "verify", "--user", str(timer)], {"XDG_RUNTIME_DIR": str(tmp_path)}
    verified = subprocess.run(command, capture_output=True, text=True, env=os.environ | environment)
    said = [line for line in verified.stderr.splitlines() if "oproep" in line]
    assert (verified.returncode, said) == (0, []), verified.stderr


@pytest.mark.skipif(ANALYZE is None, reason="needs systemd-analyze")
def test_systemd_refuses_a_unit_with_a_moment_that_is_none(tmp_path: Path) -> None:
    units = make().units()
    for name, text in units.items():
        (tmp_path / name).write_text(text.replace("Mon *-*-*", "Someday"), encoding="utf-8")
    command = [str(ANALYZE), "verify", "--user", str(tmp_path / "oproep-green-streets-2024.timer")]
    verified = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path)}
    )
    assert "Someday" in verified.stderr


ANNOUNCED, EVERY_DAY = date(2024, 4, 1), Moment(time(6))


def test_a_call_that_is_run_every_so_often_is_run_on_the_day_of_its_announcement_too() -> None:
    last = Moment(EARLY, on=ANNOUNCED)
    assert choose_moments("06:00", None, ANNOUNCED, date(2024, 3, 31)) == (EVERY_DAY, last)
    assert choose_moments("06:00", None, ANNOUNCED, ANNOUNCED) == (EVERY_DAY,)
    assert choose_moments("06:00", None, ANNOUNCED, date(2024, 4, 2)) == (EVERY_DAY,)


def test_a_call_that_is_run_once_is_run_on_that_day_only() -> None:
    assert choose_moments(None, DAY, ANNOUNCED, date(2024, 2, 29)) == (Moment(EARLY, on=DAY),)


@pytest.mark.parametrize(
    ("every", "on", "said"),
    [
        (None, None, "--every, --on: found neither; expected one of the two."),
        ("06:00", DAY, "--every, --on: found both; expected one of the two."),
        (None, DAY, "--on: found 2024-03-01; expected a day after today, 2024-03-01; `oproep run CALL --as-of "),
    ],
)
def test_what_tells_no_moment_or_two_or_one_that_has_passed_is_refused(
    every: str | None, on: date | None, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        choose_moments(every, on, ANNOUNCED, DAY)
    assert str(caught.value).startswith(said)


def test_the_units_of_a_user_lie_where_systemd_looks_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/clerk")
    assert find_units({"XDG_CONFIG_HOME": "/srv/config"}) == Path("/srv/config/systemd/user")
    for environment in ({}, {"XDG_CONFIG_HOME": ""}, {"XDG_CONFIG_HOME": "config"}):
        assert find_units(environment) == Path("/home/clerk/.config/systemd/user")


def test_a_crontab_with_a_date_says_that_the_date_comes_back() -> None:
    assert not make().crontab()[0].startswith("#")
    assert make((Moment(time(0, 5), on=DAY),)).crontab()[0].startswith("# A crontab knows no year")


Oproep = Callable[..., tuple[int, str, str]]


@pytest.fixture
def oproep(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, project: Path) -> Oproep:
    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["oproep", *arguments, "--root", str(project)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capfd.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return run


def test_the_command_writes_the_units_and_says_how_to_start_them(oproep: Oproep, tmp_path: Path) -> None:
    folder = tmp_path / "units"
    code, out, err = oproep("schedule", SMALL_CALL, "--every", "Mon 06:00", "--keep", "3", "--into", str(folder))
    assert (code, err) == (0, "")
    timer, service = folder / f"oproep-{SMALL_CALL}.timer", folder / f"oproep-{SMALL_CALL}.service"
    assert set(folder.iterdir()) == {timer, service}
    lines = out.splitlines()
    assert {str(timer), str(service), "systemctl --user daemon-reload"} < set(lines)
    assert f"systemctl --user enable --now {timer.name}" in lines
    (cron,) = (line for line in lines if line.startswith("0 6 * * 1 "))
    assert shlex.split(cron)[5:] == read_command(service)
    assert timer.read_text().count("OnCalendar=") == 1  # the call was announced long ago


def test_before_its_announcement_a_call_gets_a_second_moment(
    oproep: Oproep, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.clock.today", lambda: date(2024, 3, 20))
    code, _, _ = oproep("schedule", SMALL_CALL, "--every", "Mon 06:00", "--into", str(tmp_path))
    assert code == 0
    timer = (tmp_path / f"oproep-{SMALL_CALL}.timer").read_text()
    assert "OnCalendar=2024-04-01 00:05:00 Europe/Brussels" in timer.splitlines()
    assert "--as-of" not in (tmp_path / f"oproep-{SMALL_CALL}.service").read_text()


def test_a_schedule_that_is_made_again_takes_the_place_of_the_first(oproep: Oproep, tmp_path: Path) -> None:
    folder = tmp_path / "units"
    oproep("schedule", SMALL_CALL, "--every", "Mon..Fri 06:00", "--into", str(folder))
    oproep("schedule", SMALL_CALL, "--on", "2099-01-02", "--into", str(folder))
    assert len(list(folder.iterdir())) == 2
    timer = (folder / f"oproep-{SMALL_CALL}.timer").read_text()
    assert [line for line in timer.splitlines() if line.startswith("OnCalendar")] == [
        "OnCalendar=2099-01-02 00:05:00 Europe/Brussels"
    ]
    command = read_command(folder / f"oproep-{SMALL_CALL}.service")
    assert command[command.index("--as-of") + 1] == "2099-01-02"


def test_a_call_at_fault_and_a_moment_that_is_none_are_refused_and_nothing_is_written(
    oproep: Oproep, tmp_path: Path, edit: Callable[[str, str, str], None]
) -> None:
    folder = tmp_path / "units"
    for options in ([], ["--every", "06:00", "--on", "2099-01-02"], ["--every", "noon"]):
        code, out, err = oproep("schedule", SMALL_CALL, *options, "--into", str(folder))
        assert (code, out, err.count("\n")) == (2, "", 1)
    edit("call.yml", "choose: 4", "choose: 40")
    code, out, err = oproep("schedule", SMALL_CALL, "--every", "06:00", "--into", str(folder))
    assert (code, out) == (2, "")
    assert "call.yml" in err
    assert not folder.exists()


def test_a_refusal_of_a_run_that_logs_for_a_machine_is_json_too(oproep: Oproep) -> None:
    code, out, err = oproep("run", "no-such-call", "--log", "json")
    assert (code, out) == (2, "")
    events = [json.loads(line) for line in err.splitlines()]
    assert [event["event"] for event in events] == ["run started", "fault", "run failed"]
    assert events[1]["found"] == "no such folder"
    assert events[2]["exit"] == 2


def test_the_command_line_of_the_service_makes_the_edition_of_the_day_without_any_environment(
    oproep: Oproep, project: Path, tmp_path: Path
) -> None:
    assert oproep("schedule", SMALL_CALL, "--every", "06:00", "--keep", "1", "--into", str(tmp_path))[0] == 0
    old, older = (project / "reports" / SMALL_CALL / f"20{year}-01-01-public-en" for year in (11, 10))
    for folder in (old, older):
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text("{}")
    service = tmp_path / f"oproep-{SMALL_CALL}.service"
    (place,) = (line for line in service.read_text().splitlines() if line.startswith("WorkingDirectory="))
    before = today()

    done = subprocess.run(
        read_command(service), env={}, cwd=place.partition("=")[2], capture_output=True, text=True, timeout=300
    )

    assert done.returncode == 0, done.stderr
    names = {f"{day}-public-en" for day in (before, today())}  # midnight may have passed
    reports = {path.name for path in (project / "reports" / SMALL_CALL).iterdir() if not path.name.startswith(".")}
    assert (reports & names, reports - names) == (reports - {"latest"}, {"latest"})
    (edition,) = reports & names
    assert (project / "reports" / SMALL_CALL / edition / "answer.pdf").is_file()

    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert [event["event"] for event in events][:: len(events) - 1] == ["run started", "run ended"]
    assert events[-1]["exit"] == 0
    steps = {event["step"] for event in events if event["event"] == "step ended"}
    assert {"01_ingest", "07_reconciliation", "08_answer"} < steps
    (placed,) = (event for event in events if event["event"] == "edition placed")
    assert placed["folder"] == f"reports/{SMALL_CALL}/{edition}"
    assert all(event["call"] == SMALL_CALL for event in events)


def read_command(service: Path) -> list[str]:
    """Return the words of the command of a service as systemd reads them."""
    (line,) = (line for line in service.read_text().splitlines() if line.startswith("ExecStart="))
    return [word.replace("%%", "%").replace("$$", "$") for word in shlex.split(line.partition("=")[2])]
