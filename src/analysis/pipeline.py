"""The runner: executes what is not fresh of a call along its dependencies, and puts every edition in place whole."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from analysis import locking
from analysis.faults import Fault, InputError, refuse
from analysis.files import hash_if_there, place_folder, point
from analysis.forking import close_parents
from analysis.freshness import LATEST, Inspection, Record, note_told, read_record, write_record
from analysis.graph import Graph, Task
from analysis.kernels import NotebookError, Processes, call_aside, execute, prepare
from analysis.plan import Plan, Unit, read_package, remember
from analysis.workers import Workers

if TYPE_CHECKING:
    from analysis.declarations import Edition, Language
    from analysis.steps import Step
    from analysis.store import Store

Progress = Callable[[str], AbstractContextManager[object]]
GLANCE = 0.02  # seconds between two looks at the tables that running steps have written


@dataclass(frozen=True)
class Options:
    """How to run: `force` what is fresh too, `jobs` at once (one a core if 0), `wait` for another run of the call."""

    force: bool = False
    jobs: int = 0
    wait: bool = True


def _silent(_: str) -> AbstractContextManager[object]:
    return nullcontext()


def _mute(_: str) -> None:
    pass


def run(
    store: Store,
    editions: Sequence[Edition],
    only: str | None = None,
    progress: Progress = _silent,
    say: Callable[[str], None] = _mute,
    options: Options = Options(),
    tell: Callable[[Store], Sequence[str]] | None = None,
    workers: Workers | None = None,
) -> list[Path]:
    """Run the steps of a call and render the editions, as far as they are not fresh; return the editions' folders.

    `only` runs a single step, on the tables that are there. `progress` is entered around every step that runs, with its
    name, from several threads; `say` is given what else there is to tell; what `tell` returns at the end is noted. A
    whole run lets `latest` lead to the last of the editions. `workers` do the work, those of this machine if none are
    given. Raises InputError where the input is at fault, NotebookError where a notebook fails, LostError where a
    cluster lost what it was given, and OSError where something cannot be written; an edition that was rendered before
    then stays as it was.
    """
    plan = Plan.of(store)
    _refuse_unready(store, only)
    names = [edition.name for edition in editions]
    units = [unit for unit in plan.units(names) if only in (None, unit.step)]
    with locking.lock(plan, options.wait, say), locking.scratch(plan) as scratch:
        inspection = Inspection(plan, read_package(plan.root, plan.call))
        _drop_undeclared(inspection)
        workers = workers or Workers(options.jobs or count_cores())
        work = _Run(inspection, {unit.name: unit for unit in units}, scratch, progress, options, workers)
        work.work()
        if len(work.stale) < len(units):
            say(f"{len(units) - len(work.stale)} of {len(units)} steps and editions were fresh")
        remember(plan, inspection.package)
        if tell:
            note_told(plan, tell(store))
        folders = [plan.reports / name for name in names if any(unit.edition == name for unit in units)]
        if only is None and folders:
            point(plan.reports / LATEST, folders[-1].name)
    return folders


def run_step(store: Store, step: Step, language: Language) -> None:
    """Execute one step that is not per edition, whether fresh or not; see `run` for what is raised."""
    plan = Plan.of(store)
    unit = next(unit for unit in plan.shared if unit.name == step.name)
    execute_step(plan, unit, language, read_record(plan.state / f"{unit.key}.json"))


def release_edition(store: Store, step: Step, edition: Edition) -> None:
    """Write the tables that the edition's audience may see to the folder that its notebook reads, and no other."""
    from analysis.editions import release_edition as release

    release(store, step, edition)


@dataclass
class _Run:
    """One run: what is done, what is not fresh and with which parts, and what was started for it.

    A table is there for others once its step has written it, though the step itself goes on: `emptied` are the steps
    whose tables of the last run are removed, so that one that is there was made in this one; `early` has the hash that
    each of those tables had when it was handed on.
    """

    inspection: Inspection
    units: Mapping[str, Unit]
    scratch: Path
    progress: Progress
    options: Options
    workers: Workers
    processes: Processes = field(default_factory=Processes)
    done: set[str] = field(default_factory=set)
    stale: dict[str, dict[str, str]] = field(default_factory=dict)
    emptied: set[str] = field(default_factory=set)
    early: dict[str, str] = field(default_factory=dict)

    @property
    def plan(self) -> Plan:
        """Return what there is to run."""
        return self.inspection.plan

    def work(self) -> None:
        """Run every unit that is not fresh once what it needs is there; at the first failure, end what goes on."""
        graph, jobs = Graph(self._tasks()), self.workers.count
        running: dict[Future[None], str] = {}
        with ThreadPoolExecutor(jobs) as pool:
            try:
                while self.units.keys() - self.done:
                    ready = self._judge_ready(graph, running.values())
                    for name in ready[: jobs - len(running)]:
                        prepare()
                        running[pool.submit(self._make, self.units[name])] = name
                    ended, _ = wait(running, self._patience(graph), return_when=FIRST_COMPLETED)
                    for future in ended:
                        future.result()
                        self._finish(running.pop(future))
            except BaseException as error:
                self.workers.end()
                self.processes.end()
                if not isinstance(error, Exception):  # a signal: nothing may be left
                    close_parents()
                raise

    def _tasks(self) -> Iterator[Task]:
        """Yield a task per unit, and one per table that a unit waits for, which that being there ends.

        An edition waits for the steps themselves: nothing is placed while one of them may still fail.
        """
        for unit in self.units.values():
            record, makers = self.inspection.record(unit), self.plan.makers(unit) & self.units.keys()
            tables = {table for name in makers for table in self.units[name].makes}.intersection(unit.needs)
            waits = makers if unit.edition else map(_table_task, tables)
            yield Task(unit.name, frozenset(waits), record.seconds if record else 1.0)
            yield from (Task(_table_task(table), frozenset({unit.name}), 0.0) for table in unit.makes)

    def _judge_ready(self, graph: Graph, running: Iterable[str]) -> list[str]:
        """Return what is ready and not fresh, the most urgent first; what is fresh is done."""
        self._hand_on(running)
        while True:
            ready = [name for name in graph.ready(self.done, set(running)) if name in self.units]
            fresh = [name for name in ready if name not in self.stale and self._is_fresh(self.units[name])]
            if not fresh:
                return ready
            for name in fresh:
                self._finish(name)

    def _hand_on(self, running: Iterable[str]) -> None:
        """Note the tables that steps which still run have written: what needs no others of theirs may begin."""
        for name in self.emptied.intersection(running):
            for table in self.units[name].makes:
                hash_ = "" if table in self.early else hash_if_there(self.plan.table(table))
                if hash_:
                    self.early[table] = hash_
                    self.done.add(_table_task(table))

    def _finish(self, name: str) -> None:
        """Note that a unit is done, with its tables; refuse one that was written again after it was handed on."""
        tables = self.units[name].makes
        self.done.update((name, *map(_table_task, tables)))
        refuse(
            Fault(f"notebooks/{self.units[name].step}.ipynb", f"table {table} written twice", "each table once, whole")
            for table in tables
            if table in self.early and hash_if_there(self.plan.table(table)) != self.early[table]
        )

    def _patience(self, graph: Graph) -> float | None:
        """Return how long to wait before looking for tables again; None where nothing waits for one."""
        waiting = (graph.tasks[name] for name in self.units if name not in self.done)
        return GLANCE if any(task.needs - self.done for task in waiting) else None

    def _is_fresh(self, unit: Unit) -> bool:
        parts = self.inspection.parts(unit)
        if not self.options.force and self.inspection.judge(unit, parts).state == "fresh":
            return True
        self.stale[unit.name] = parts
        return False

    def _make(self, unit: Unit) -> None:
        """Make what a unit makes, and note from what; until then it is noted as unfinished."""
        parts, started = self.stale[unit.name], time.monotonic()
        note, last = self.inspection.record_path(unit), self.inspection.record(unit)
        write_record(note, Record(parts, {}, last.seconds if last else 1.0, finished=False))
        if unit.edition:
            self._make_edition(unit)
        else:
            with self.progress(unit.name):
                begun = partial(self.emptied.add, unit.name) if self.workers.near else _begin_unseen
                given = (unit, self.plan.language, last, self.scratch, self.processes, begun, self.stale)
                self._call(execute_step, *given)
        write_record(note, Record(parts, self.inspection.outputs(unit), time.monotonic() - started))

    def _make_edition(self, unit: Unit) -> None:
        with self.progress(unit.name):
            self._call(execute_edition, unit, self.scratch, self.processes)
        with self.progress(f"files of {unit.edition}"):
            self._call(place_edition, unit, self.processes)

    def _call(self, function: Callable[..., None], *arguments: object) -> None:
        self.workers.give()
        self.workers.call(function, self.plan, *arguments)
        self.workers.take()


def _begin_unseen() -> None:
    """Tell nobody that a step has begun: what it writes elsewhere is handed on when it has ended."""


def execute_edition(plan: Plan, unit: Unit, scratch: Path | None, processes: Processes) -> None:
    """Release the tables of an edition, and execute its notebook on them."""
    named = (str(plan.root), plan.call, unit.step, unit.edition)
    refuse(call_aside("analysis.editions:release", named, processes))
    execute_unit(plan, unit, {"call": plan.call, "edition": unit.edition}, scratch, processes)


def place_edition(plan: Plan, unit: Unit, processes: Processes) -> None:
    """Render the files of an edition aside from the executed copy of its notebook, and put them in place."""
    (plan.reports / locking.ASIDE).mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=plan.reports / locking.ASIDE))
    folder.chmod(0o755)
    named = (str(plan.root), plan.call, unit.step, unit.edition, str(plan.copy(unit)), str(folder))
    refuse(call_aside("analysis.editions:make", named, processes))
    place_folder(folder, plan.reports / unit.edition)


def execute_step(
    plan: Plan,
    unit: Unit,
    language: str,
    last: Record | None,
    scratch: Path | None = None,
    processes: Processes | None = None,
    begun: Callable[[], None] = lambda: None,
    spared: Container[str] = (),
) -> None:
    """Execute the notebook of a step that makes tables, and check that it made those and no others.

    Its tables of the last run are removed first, of which `begun` is told, and after it those that others made of a
    table which now came out otherwise: not otherwise than a file that was damaged since, but than what was noted of
    that run. `spared` are the units that see to their own tables.
    """
    noted = {plan.root / name: hash_ for name, hash_ in (last.outputs if last else {}).items()}
    before = {name: noted.get(plan.table(name)) or hash_if_there(plan.table(name)) for name in unit.makes}
    for name in unit.makes:
        plan.table(name).unlink(missing_ok=True)
    begun()
    try:
        execute_unit(plan, unit, {"call": plan.call, "language": language}, scratch, processes)
        _check_made(plan, unit)
    finally:
        changed = {name for name, hash_ in before.items() if hash_if_there(plan.table(name)) != hash_}
        for other in (unit for unit in plan.shared if unit.name not in spared):
            for name in other.makes if changed.intersection(other.needs) else ():
                plan.table(name).unlink(missing_ok=True)


def execute_unit(
    plan: Plan, unit: Unit, parameters: Mapping[str, str], scratch: Path | None, processes: Processes | None
) -> None:
    """Execute the notebook of a unit within its limit; a NotebookError for want of space says where that is wanting."""
    try:
        execute(
            plan.notebook(unit),
            plan.copy(unit),
            parameters,
            limit=unit.limit,
            scratch=scratch,
            processes=processes,
        )
    except NotebookError as error:
        if error.error in ("OSError", "PermissionError") and str(plan.processed) not in error.message:
            error.message += f" (its tables go to {plan.processed})"
        raise


def _table_task(name: str) -> str:
    return f"table {name}"


def count_cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check_made(plan: Plan, unit: Unit) -> None:
    place = f"notebooks/{unit.step}.ipynb"
    made = {path.stem for path in plan.processed.glob("*.parquet")}
    known = {name for other in (*plan.shared, *plan.per_edition) for name in other.makes}
    refuse(
        Fault(place, f"no table {name}", f"every table that {unit.step} makes")
        for name in unit.makes
        if name not in made
    )
    refuse(Fault(place, f"a table {name}", "a table declared in pipeline.yml") for name in sorted(made - known))


def _drop_undeclared(inspection: Inspection) -> None:
    """Remove the tables that an earlier run made and that are no longer declared: they would pass for strays."""
    plan = inspection.plan
    known = {name for unit in plan.shared for name in unit.makes}
    for note in plan.state.glob("*.json"):
        record = read_record(note)
        for name in record.outputs if record else ():
            path = plan.root / name
            if path == plan.table(path.stem) and path.stem not in known:
                path.unlink(missing_ok=True)


def _refuse_unready(store: Store, only: str | None) -> None:
    """Refuse what can be told before any kernel starts."""
    names = [step.name for step in store.pipeline.steps]
    if only is not None and only not in names:
        raise InputError([Fault("--step", repr(only), "one of " + ", ".join(names))])
    known = set(store.contracts)
    refuse(
        Fault(f"notebooks/pipeline.yml, {step.name}, makes", repr(name), "a table that has a contract")
        for step in store.pipeline.steps
        for name in step.makes
        if name not in known
    )
    paths = [store.root / "notebooks" / f"{name}.ipynb" for name in names]
    refuse(Fault(str(path), "no such file", "the notebook of a step") for path in paths if not path.is_file())
