"""When a call is run by itself: as a systemd timer with its service, and as the lines of a crontab that do the same."""

from __future__ import annotations

import os
import re
import shlex
import sysconfig
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from pathlib import Path

from analysis.clock import ZONE
from analysis.faults import Fault, InputError, refuse
from analysis.files import write_bytes

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
EARLY = time(0, 5)  # on a given day: soon after it begins, so that the edition of that day is there in the morning
YEARLY = "# A crontab knows no year: remove the line of a date once that has passed."
EXPECTED = 'a time such as "06:00", "Mon 06:00", "Mon..Fri 06:00" or "Mon,Thu 06:00"'


@dataclass(frozen=True)
class Moment:
    """A moment that comes back: at a time of the day, on some days of the week (0 is Monday), or on one date."""

    at: time
    days: tuple[int, ...] = ()
    on: date | None = None

    def calendar(self) -> str:
        """Return the moment as a calendar event of systemd (systemd.time)."""
        days = ",".join(DAYS[day] for day in self.days)
        day = self.on.isoformat() if self.on else "*-*-*"
        return " ".join(filter(None, [days, day, self.at.strftime("%H:%M:%S"), ZONE]))

    def crontab(self) -> str:
        """Return the moment as five fields of a crontab, which knows no year: a date comes back every year."""
        days = ",".join(str((day + 1) % 7) for day in self.days) or "*"
        dates = f"{self.on.day} {self.on.month}" if self.on else "* *"
        return f"{self.at.minute} {self.at.hour} {dates} {days}"


def read_moment(text: str) -> Moment:
    """Return the moment of a text such as `Mon 06:00`, `Mon..Fri 06:00`, `Mon,Thu 06:00` or `06:00`.

    Raises InputError where it is none of these.
    """
    found = re.fullmatch(r"(?:(?P<days>[A-Za-z.,]+)\s+)?(?P<hour>\d{1,2}):(?P<minute>\d\d)", text.strip())
    days = _read_days(found["days"] or "") if found else None
    if found is None or days is None or int(found["hour"]) > 23 or int(found["minute"]) > 59:
        raise InputError([Fault("--every", repr(text), EXPECTED)])
    return Moment(time(int(found["hour"]), int(found["minute"])), days)


def choose_moments(every: str | None, on: date | None, announcement: date | None, today: date) -> tuple[Moment, ...]:
    """Return when a call is run: every so often and once more on the day of its announcement, or only on one day.

    Raises InputError unless one of the two is given, and where the one day is not in the future.
    """
    if (every is None) == (on is None):
        raise InputError([Fault("--every, --on", "both" if every else "neither", "one of the two")])
    if every is not None:
        last = (Moment(EARLY, on=announcement),) if announcement is not None and announcement > today else ()
        return (read_moment(every), *last)
    assert on is not None
    if on <= today:
        expected = f"a day after today, {today}; `oproep run CALL --as-of {on}` makes that edition now"
        raise InputError([Fault("--on", str(on), expected)])
    return (Moment(EARLY, on=on),)


def find_units(environment: Mapping[str, str]) -> Path:
    """Return the folder in which systemd looks for the units of this user."""
    own = Path(environment.get("XDG_CONFIG_HOME", ""))
    # A relative path is to be ignored, says the XDG Base Directory Specification.
    return (own if own.is_absolute() else Path.home() / ".config") / "systemd" / "user"


def find_program() -> Path:
    """Return the command `oproep` of the environment that this runs in; raise InputError if it has none."""
    program = Path(sysconfig.get_path("scripts")) / ("oproep.exe" if os.name == "nt" else "oproep")
    if not program.is_file():
        refuse([Fault(str(program), "no such file", "the command oproep, installed with the package")])
    return program


def _read_days(text: str) -> tuple[int, ...] | None:
    """Return the days of a list of days and ranges of days, in order; None where one is not a day."""
    places = {name.lower(): place for place, name in enumerate(DAYS)}
    chosen: set[int] = set()
    for part in filter(None, text.lower().split(",")):
        ends = [places.get(name) for name in part.split("..")]
        first, last = ends[0], ends[-1]
        if len(ends) > 2 or first is None or last is None:
            return None
        # A range may pass the end of the week: Sat..Mon.
        chosen |= {(first + step) % 7 for step in range((last - first) % 7 + 1)}
    return tuple(sorted(chosen)) if chosen or not text else None


@dataclass(frozen=True)
class Schedule:
    """What is run for a call and when; `program` is the command `oproep` of the environment that it runs in."""

    call: str
    root: Path
    program: Path
    moments: Sequence[Moment]
    as_of: date | None = None
    keep: int = 10

    @property
    def name(self) -> str:
        """Return the name of the units; letters that a unit's name may not hold become a hyphen."""
        return "oproep-" + re.sub(r"[^A-Za-z0-9_.-]", "-", self.call)

    def command(self) -> list[str]:
        """Return the command: the editions of its day, or of the date that was asked for."""
        day = ["--as-of", self.as_of.isoformat()] if self.as_of else []
        options = ["--all-languages", *day, "--keep", str(self.keep), "--log", "json", "--root", str(self.root)]
        return [str(self.program), "run", self.call, *options]

    def service(self) -> str:
        """Return the unit that runs the call once; it fails where the run does, which `systemctl --user` shows."""
        return "\n".join(
            [
                "[Unit]",
                f"Description=Answer of the call {_escape(self.call)}",
                "",
                "[Service]",
                "Type=oneshot",
                f"WorkingDirectory={_escape(str(self.root))}",
                f"ExecStart={' '.join(_quote(word) for word in self.command())}",
                "",
            ]
        )

    def timer(self) -> str:
        """Return the unit that starts the service; a moment that passed while the machine was off is made up for."""
        events = [f"OnCalendar={moment.calendar()}" for moment in self.moments]
        head = ["[Unit]", f"Description=When the answer of the call {_escape(self.call)} is made", "", "[Timer]"]
        return "\n".join([*head, *events, "Persistent=true", "", "[Install]", "WantedBy=timers.target", ""])

    def crontab(self) -> list[str]:
        """Return the lines of a crontab that do the same; a percent sign would end the command there."""
        command = shlex.join(self.command()).replace("%", "\\%")
        comments = [YEARLY] if any(moment.on for moment in self.moments) else []
        return [*comments, f"CRON_TZ={ZONE}", *(f"{moment.crontab()} {command}" for moment in self.moments)]

    def units(self) -> dict[str, str]:
        """Return the texts of the units by file name."""
        return {f"{self.name}.service": self.service(), f"{self.name}.timer": self.timer()}

    def write(self, folder: Path) -> list[Path]:
        """Write the units to a folder, each whole and over one that stood there; return their paths."""
        paths = {folder / name: text for name, text in self.units().items()}
        for path, text in paths.items():
            write_bytes(path, text.encode())
        return list(paths)

    def enable(self) -> list[str]:
        """Return the commands that make systemd read the units and start the timer, now and after every start."""
        return ["systemctl --user daemon-reload", f"systemctl --user enable --now {shlex.quote(self.name + '.timer')}"]


def _escape(text: str) -> str:
    """Return a text in which systemd expands nothing."""
    return text.replace("%", "%%")


def _quote(word: str) -> str:
    """Return a word of a command line as systemd reads it: as it stands, whatever it holds."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if re.search(r"[^\w./:=@%+,-]", word) else escaped
