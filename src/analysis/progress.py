"""What shows how far a command is and how long it will still take: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

from analysis import messages, stages
from analysis.freshness import Inspection, Record
from analysis.plan import Plan, read_package
from analysis.voice import Speaker, complain, manner

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

    from analysis.store import Store

FILES = "files of "  # how the runner begins the name of the rendering of an edition
RENDERING = 8  # beyond so many pieces, off a terminal, a line stands for several of them
LINES = 10  # how many lines then tell of all
SOON = 1.0  # seconds: what takes less is not told off a terminal
GLANCE = 0.3  # seconds between two looks at which files were written
SURE = 0.02  # the share of the work that must be done before what is left can be told from it

Clock = Callable[[], float]


@dataclass
class Pace:
    """How far a run of steps is: the seconds that each took the last time, and those that they take now.

    `costs` has an entry for every step that is to run, None where nothing was noted of it; `jobs` run at once.
    """

    costs: Mapping[str, float | None]
    jobs: int = 1
    clock: Clock = time.monotonic
    begun: dict[str, float] = field(default_factory=dict)
    took: dict[str, float] = field(default_factory=dict)

    def begin(self, name: str) -> None:
        """Note that a step begins."""
        self.begun.setdefault(name, self.clock())

    def end(self, name: str) -> None:
        """Note that a step has ended."""
        self.took[name] = self.clock() - self.begun[name]

    @property
    def all(self) -> int:
        """Return how many steps there are."""
        return len(self.costs.keys() | self.begun.keys())

    def left(self) -> float | None:
        """Return the seconds left, or None where nothing tells them.

        What is left of each step is what it took the last time, times how much slower this run is so far; a step of
        which nothing was noted is taken for an ordinary one. All together take no less than the longest of them.
        """
        rest = [self._rest(name) for name in self.costs.keys() | self.begun.keys() if name not in self.took]
        known = [seconds for seconds in rest if seconds is not None]
        if len(known) < len(rest):
            return None
        return max(sum(known) / self.jobs, max(known)) if known else 0.0

    def _rest(self, name: str) -> float | None:
        cost = self._cost(name)
        if cost is None:
            return None
        passed = self.clock() - self.begun[name] if name in self.begun else 0.0
        return max(cost * self._slowness() - passed, 0.0)

    def _cost(self, name: str) -> float | None:
        noted = self.costs.get(name)
        if noted is not None:
            return noted
        others = [seconds for seconds in self.costs.values() if seconds is not None] or [*self.took.values()]
        return sum(others) / len(others) if others else None

    def _slowness(self) -> float:
        """Return how much longer the steps took than the last time; 1 until one has ended."""
        both = [(took, self.costs.get(name)) for name, took in self.took.items()]
        pairs = [(took, cost) for took, cost in both if cost]
        return sum(took for took, _ in pairs) / sum(cost for _, cost in pairs) if pairs else 1.0


def say_duration(seconds: float) -> str:
    """Return a time to wait in words, rounded up as it is an estimate: 8 s, 40 s, 3 min, 2 h."""
    if seconds < 10:
        return f"{max(math.ceil(seconds), 1)} s"
    if seconds < 55:
        return f"{math.ceil(seconds / 5) * 5} s"
    if seconds < 100 * 60:
        return f"{math.ceil(seconds / 60)} min"
    return f"{math.ceil(seconds / 3600)} h"


def expect(plan: Plan, editions: Sequence[str], only: str | None = None, force: bool = False, jobs: int = 1) -> Pace:
    """Return the pace of a run of these editions, or of the step `only`: what is not fresh, as long as it took last."""
    if manner.quiet:
        return Pace({}, jobs)
    inspection = Inspection(plan, read_package(plan.root, plan.call))
    units = plan.units(editions)
    states = {verdict.unit.name: verdict.state for verdict in (() if force else inspection.judge_all(units))}
    waiting = [unit for unit in units if only in (None, unit.step) and states.get(unit.name) != "fresh"]
    return Pace({unit.name: _seconds(inspection.record(unit)) for unit in waiting}, jobs)


def _seconds(record: Record | None) -> float | None:
    """Return how long a unit took; nothing is known of one that never came to its end."""
    return record.seconds if record and (record.finished or record.outputs) else None


def show_recomputing(store: Store, edition: str) -> Callable[[str], AbstractContextManager[object]]:
    """Return what shows the steps of an edition while all are run anew, aside: as long as they took in the project."""
    from analysis.pipeline import count_cores

    return show_steps(expect(Plan.of(store), [edition], force=True, jobs=count_cores()))


def show_steps(pace: Pace, speaker: Speaker = complain) -> Callable[[str], AbstractContextManager[object]]:
    """Return what the runner enters around each step: it tells which run, how many are done, and how long it lasts."""
    return _Steps(pace, speaker, Shown(speaker)).around


@dataclass
class _Steps:
    pace: Pace
    speaker: Speaker
    shown: Shown
    running: list[str] = field(default_factory=list)
    lock: Lock = field(default_factory=Lock)

    @contextmanager
    def around(self, name: str) -> Iterator[None]:
        started = time.perf_counter()
        unit, is_last = self._unit(name)
        with self.lock:
            self.running.append(name)
            self.pace.begin(unit)
            self._show()
        try:
            yield
            with self.lock:
                if is_last:
                    self.pace.end(unit)
                self._tell(name, time.perf_counter() - started)
        finally:
            with self.lock:
                self.running.remove(name)
                self._show()

    def _unit(self, name: str) -> tuple[str, bool]:
        """Return the step that a name belongs to, and whether nothing of it comes after: an edition has its files."""
        if name.startswith(FILES):
            edition = name.removeprefix(FILES)
            own = [unit for unit in self.pace.begun if unit.endswith(f" {edition}")]
            return (own[-1] if own else name), True
        return name, " " not in name

    def _tell(self, name: str, seconds: float) -> None:
        left = self.pace.left()
        counted = f"{len(self.pace.took)} of {self.pace.all}"
        rest = f"; about {say_duration(left)} left" if left else ""
        self.speaker.print(f"{name}  {seconds:.1f} s  ({counted}{rest})")

    def _show(self) -> None:
        if self.running:
            what = ", ".join(self.running)
            self.shown.update(what, len(self.pace.took), self.pace.all, self.pace.left)
        else:
            self.shown.stop()


@dataclass
class Counter:
    """Shows how many of a number of pieces are done, and how long the others will take from what these took."""

    what: str
    speaker: Speaker = complain
    clock: Clock = time.monotonic
    told: int = 0

    def __post_init__(self) -> None:
        """Begin to count the time."""
        self.shown = Shown(self.speaker)
        self.started = self.clock()

    def reach(self, done: int, of: int) -> None:
        """Tell that so many are done."""
        if self.speaker.manner.quiet or not of:
            return
        self.shown.update(self.what, done, of, lambda: self._left(done / of))
        if not self.speaker.console.is_terminal and done and done < of and self._is_due(done, of):
            self.told = done
            self.speaker.print(f"{self.what}: {done} of {of}{say_left(self._left(done / of))}")

    def _is_due(self, done: int, of: int) -> bool:
        return of <= RENDERING or done * LINES // of > self.told * LINES // of

    def _left(self, share: float) -> float | None:
        return (self.clock() - self.started) * (1 - share) / share if share else None

    def stop(self) -> None:
        """Show nothing any more."""
        self.shown.stop()


@contextmanager
def count_written(what: str, speaker: Speaker = complain) -> Iterator[Callable[[Sequence[Path]], None]]:
    """Show meanwhile how many files were written: give what is yielded those that will be, by whatever process."""
    counter, ended = Counter(what, speaker), Event()
    threads: list[Thread] = []

    def watch(paths: Sequence[Path]) -> None:
        before = {path: _seen(path) for path in paths}
        threads.append(Thread(target=follow, args=(before,), daemon=True))
        threads[-1].start()

    def follow(before: Mapping[Path, object]) -> None:
        while not ended.wait(GLANCE):
            counter.reach(sum(_seen(path) != seen for path, seen in before.items()), len(before))

    try:
        yield watch
    finally:
        ended.set()
        for thread in threads:
            thread.join()
        counter.stop()


def _seen(path: Path) -> object:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


@contextmanager
def following(speaker: Speaker = complain, clock: Clock = time.monotonic) -> Iterator[None]:
    """Show meanwhile what a piece of work tells of its stages (see `stages`), and how long it will still take."""
    if speaker.manner.quiet:
        yield
        return
    shown, started = Shown(speaker), clock()

    def hear(what: str, done: float) -> None:
        def left() -> float | None:
            reached = clock() - started
            return max(begun * (1 - done) / done - (reached - begun), 0.0) if done >= SURE else None

        begun = clock() - started
        shown.update(what, round(100 * done), 100, left, "%")
        if not speaker.console.is_terminal and begun > SOON:
            speaker.print(f"{what}{say_left(left())}")

    try:
        with stages.listening(hear):
            yield
    finally:
        shown.stop()


def say_left(seconds: float | None) -> str:
    """Return the end of a line that tells how long it will still take; nothing where that is not known."""
    return f"; about {say_duration(seconds)} left" if seconds else ""


@dataclass
class Shown:
    """A bar at the foot of a terminal, with what goes on; elsewhere nothing."""

    speaker: Speaker
    bar: Bar | None = None
    task: TaskID | None = None
    left: Callable[[], float | None] = lambda: None

    def update(self, what: str, done: int, of: int, left: Callable[[], float | None], unit: str = "") -> None:
        """Show what goes on, and how far it is; `left` is asked ever again how many seconds are left."""
        if self.speaker.manner.quiet or not self.speaker.console.is_terminal:
            return
        self.left = left
        said = messages.say(what, self.speaker.manner.language)
        counted = f"{done}{unit}" if unit else f"{done}/{of}"
        if self.bar is None:
            self._start(of)
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, description=said, completed=done, total=of, counted=counted)

    def stop(self) -> None:
        """Take the bar away."""
        if self.bar is not None:
            self.bar.stop()
            self.bar = self.task = None

    def _start(self, of: int) -> None:
        from rich.progress import BarColumn, Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
        from rich.text import Text

        shown = self

        class Left(ProgressColumn):
            """How long it will still take."""

            max_refresh = 0.5

            def render(self, task: Task) -> Text:
                del task
                seconds = shown.left()
                said = f"about {say_duration(seconds)} left" if seconds else ""
                return Text(messages.say(said, shown.speaker.manner.language) if said else "")

        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[counted]}", markup=False),
            Left(),
        )
        self.bar = Progress(*columns, console=self.speaker.console, transient=True)
        self.task = self.bar.add_task("", total=of, counted="")
        self.bar.start()
