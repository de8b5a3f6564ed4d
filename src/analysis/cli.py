"""The command line `oproep`: check, run, sheets, status, schedule, verify, diff, reconstruct, dictionary, rank."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console

from analysis.faults import Fault, InputError, refuse
from analysis.files import find_root, say_unwritable

if TYPE_CHECKING:  # loaded where they are needed: a run that changes nothing ends before they would be
    from analysis.contracts import Contract
    from analysis.declarations import Edition
    from analysis.journal import Journal
    from analysis.plan import Plan
    from analysis.store import Store

Language = Literal["nl", "en"]  # as in declarations, which takes longer to load
Audience = Literal["public", "applicant", "internal"]

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
say, complain = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)

CallId = Annotated[str, typer.Argument(metavar="CALL", help="The call: the name of its folder below data/raw.")]
Root = Annotated[
    Path | None,
    typer.Option(help="The folder that holds data/, notebooks/ and reports/; found from here upward if not given."),
]

Every = Annotated[bool, typer.Option("--all", help="Leave nothing out: all of a kind, and numbers that hold.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print what was found as JSON.")]


def _open(call: str, root: Path | None) -> Store:
    from analysis.store import Store

    return Store(_find(root), call)


def _find(root: Path | None) -> Path:
    return root.resolve() if root else find_root()


@app.command()
def check(call: CallId, root: Root = None) -> None:
    """Read everything a call delivered and name every fault; write nothing."""
    from analysis.adoption.tracing import read_traced
    from analysis.ingest import changed_files
    from analysis.reconciliation import gather_findings, name_open

    store = _open(call, root)
    tables = read_traced(store)
    _ = store.pipeline
    for name, table in tables.items():
        say.print(f"{name}: {len(table)} rows" if len(table) else f"{name}: not delivered")
    for name in changed_files(store):
        say.print(f"note: {name} differs from the delivery that SOURCES.yml records")
    for line in name_open(gather_findings(store.published)):
        say.print(f"note: {line}", markup=False)
    say.print(f"{call} is valid.")


@app.command()
def run(
    call: CallId,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day of the edition; today where only others are given."),
    ] = None,
    language: Annotated[Language | None, typer.Option(help="The language of the edition: nl or en.")] = None,
    audience: Annotated[Audience | None, typer.Option(help="Who may read the edition.")] = None,
    step: Annotated[str | None, typer.Option(help="Run this step only, on the tables that are there.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Run what is fresh too.")] = False,
    jobs: Annotated[int | None, typer.Option(min=1, help="How many run at once; one a core if not given.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait for another run of the call to end, or be refused.")] = True,
    all_languages: Annotated[
        bool, typer.Option("--all-languages", help="The editions of the day for every declared audience and language.")
    ] = False,
    keep: Annotated[
        int | None, typer.Option(min=1, help="Remove undeclared editions but those of this many newest days.")
    ] = None,
    log: Annotated[Literal["words", "json"], typer.Option(help="How to tell what goes on: json a line an event.")] = (
        "words"
    ),
    root: Root = None,
) -> None:
    """Run what is not fresh of a call and render its answer; without options, the editions that the call declares."""
    from analysis.freshness import find_settled, read_told

    journal = _open_journal(call) if log == "json" else None
    with journal.run(_explain) if journal else nullcontext():
        if all_languages and (language or audience):
            refuse([Fault("--all-languages", "--language or --audience too", "neither of these beside it")])
        named = [f"{as_of:%Y-%m-%d}-{audience or 'public'}-{language or 'nl'}"] if as_of else []
        untold = force or step or all_languages or ((language or audience) and not as_of)
        plan = None if untold else find_settled(_find(root), call, named)
        if plan:
            complain.print("nothing changed: all is fresh")
            folders, notes = [plan.reports / name for name in named or plan.editions], read_told(plan)
        else:
            progress = journal.progress if journal else _progress()
            which = (as_of, language, audience, all_languages)
            folders, notes = _run(call, which, step, (force, jobs or 0, wait), root, progress)
        _list_files(folders)
        if journal:
            journal.list_editions(folders, _find(root))
        if keep:
            _remove_old(_plan(call, root), folders, keep)
        for line in notes:
            complain.print(f"note: {line}", markup=False)


@app.command()
def sheets(
    call: CallId,
    proposal: Annotated[
        list[str] | None,
        typer.Option("--proposal", metavar="ID", help="The sheet of this proposal only; may be repeated."),
    ] = None,
    by: Annotated[
        Literal["category", "province", "municipality"] | None,
        typer.Option(help="A sheet for each group of proposals, instead of one for each applicant."),
    ] = None,
    as_of: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"], help="The day of the sheets; that of the last declared edition if not given."
        ),
    ] = None,
    language: Annotated[Language | None, typer.Option(help="The language of the sheets: nl or en.")] = None,
    keep_notebooks: Annotated[
        bool, typer.Option("--keep-notebooks", help="Keep the executed copy of the notebook of every sheet.")
    ] = False,
    jobs: Annotated[int | None, typer.Option(min=1, help="How many run at once; one a core if not given.")] = None,
    wait: Annotated[bool, typer.Option(help="Wait for another run of the call to end, or be refused.")] = True,
    root: Root = None,
) -> None:
    """Make the sheets of feedback that are not fresh, one for the applicant of each proposal, and a list of them.

    A sheet that fails is named, and does not stop the others; the exit code is then 1.
    """
    from analysis.kernels import start_parent

    start_parent()  # so that it makes its imports while we make ours
    from analysis.pipeline import Options, count_cores
    from analysis.pipeline import run as run_call
    from analysis.sheetrun import Wanted, make_sheets, say_done

    if proposal and by:
        refuse([Fault("--by", "--proposal too", "one of the two")])
    store = _open(call, root)
    edition = _edition_of_sheets(store, as_of, language)
    run_call(store, [], None, _progress(), complain.print, Options(jobs=jobs or 0, wait=wait))
    wanted = Wanted(edition, by or "proposal", tuple(proposal or ()), keep_notebooks, jobs or count_cores())
    with complain.status("making the sheets"):
        done = make_sheets(store, wanted, complain.print, wait)
    say.print(str(done.folder / "index.html"), markup=False)
    for line in say_done(done):
        complain.print(line, markup=False)
    if done.failed:
        raise typer.Exit(1)


def _edition_of_sheets(store: Store, as_of: datetime | None, language: Language | None) -> str:
    """Return the name of the edition for applicants: as the last declared one, where no day or language is given."""
    from analysis.declarations import Edition

    last = store.call.editions[-1]
    day = as_of.date() if as_of else last.as_of
    return Edition(as_of=day, audience="applicant", language=language or last.language).name


@app.command()
def status(call: CallId, as_json: AsJson = False, root: Root = None) -> None:
    """Say of every step and edition whether it is fresh, stale or was never run, and why."""
    from analysis.freshness import Inspection, say_status, status_as_json
    from analysis.locking import is_locked
    from analysis.plan import read_package

    package = read_package(_find(root), call)
    inspection = Inspection(_plan(call, root), package)
    plan, running = inspection.plan, is_locked(inspection.plan)
    verdicts = inspection.judge_all(plan.units(inspection.editions()))
    _tell(status_as_json(plan, verdicts, running) if as_json else say_status(plan, verdicts))
    if running and not as_json:
        complain.print(f"A run of {call} is going on; what it makes meanwhile may already show.")


@app.command()
def schedule(
    call: CallId,
    every: Annotated[str | None, typer.Option(metavar="MOMENT", help='Such as "06:00" or "Mon..Fri 06:00".')] = None,
    on: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Once, on this day: the edition as of it.")
    ] = None,
    keep: Annotated[int, typer.Option(min=1, help="How many days of undeclared editions stay.")] = 10,
    into: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the units go; the user's folder of systemd if not given.")
    ] = None,
    root: Root = None,
) -> None:
    """Let a call run by itself: write a timer of systemd and its service, and print the crontab that does the same.

    With --every it runs on the day of the announcement too, if that is still to come.
    """
    from analysis.release import today
    from analysis.schedule import Schedule, choose_moments, find_program, find_units

    store, day = _open(call, root), on.date() if on else None
    moments = choose_moments(every, day, store.call.dates.announcement.date, today())
    planned = Schedule(call, store.root, find_program(), moments, day, keep)
    written = planned.write(into or find_units(os.environ))
    _tell([*map(str, written), "", "To start it:", *planned.enable(), "", "Or as a crontab:", *planned.crontab()])


@app.command()
def verify(
    report: Annotated[Path, typer.Argument(metavar="REPORT_DIR", help="The folder of an edition, with manifest.json.")],
    every: Every = False,
    as_json: AsJson = False,
    root: Root = None,
) -> None:
    """Recompute a report from the raw data of its call, and say number by number whether it still holds.

    Exit code 0: it holds; 1: it does not; 2: that cannot be told.
    """
    from analysis.verification import say_verification, verify_report

    with complain.status("recomputing from the raw data"):
        found = verify_report(report, root)
    _tell(found.as_json() if as_json else say_verification(found, every))
    raise typer.Exit(0 if found.holds else 1)


@app.command()
def diff(
    edition_a: Annotated[Path, typer.Argument(metavar="EDITION_A", help="The folder of an edition.")],
    edition_b: Annotated[Path, typer.Argument(metavar="EDITION_B", help="The folder of the edition to compare it to.")],
    every: Every = False,
    as_json: AsJson = False,
) -> None:
    """Say in words what changed from one edition to another: numbers, tables, names released, text.

    Exit code 0: nothing; 1: something; 2: that cannot be told.
    """
    from analysis.comparison import compare_editions, say_comparison

    found = compare_editions(edition_a, edition_b)
    _tell(found.as_json() if as_json else say_comparison(found, every))
    raise typer.Exit(0 if found.same else 1)


@app.command()
def reconstruct(
    call: CallId,
    proposals: Annotated[
        int | None, typer.Option(min=1, help="Make a call of this size for benchmarks, in a folder of its own.")
    ] = None,
    root: Root = None,
) -> None:
    """Make the synthetic tables of a call from its reconstruction.yml; run again it gives identical bytes."""
    from analysis.reconstruct import reconstruct as reconstruct_call

    say.print(str(reconstruct_call(_open(call, root), proposals)))


@app.command()
def dictionary(call: CallId, root: Root = None) -> None:
    """Print the data dictionary: every table with its columns, types, units and allowed values."""
    for contract in _open(call, root).contracts.values():
        say.print("\n".join(_describe(contract)), markup=False)


@app.command()
def rank(
    scores: Annotated[Path, typer.Argument(metavar="SCORES.csv", help="A table with a row per score.")],
    proposal: Annotated[str, typer.Option(metavar="COL", help="The column of the proposals.")],
    rater: Annotated[str, typer.Option(metavar="COL", help="The column of the raters.")],
    score: Annotated[str, typer.Option(metavar="COL", help="The column of the scores.")],
    criterion: Annotated[str | None, typer.Option(metavar="COL", help="The column of the criteria, if any.")] = None,
    panel: Annotated[str | None, typer.Option(metavar="COL", help="The column of the panels, if any.")] = None,
    line: Annotated[int | None, typer.Option(min=1, metavar="K", help="How many places there are.")] = None,
    scale: Annotated[
        str | None, typer.Option(metavar="LOW:HIGH", help="The lowest and the highest score possible.")
    ] = None,
    lower_is_better: Annotated[bool, typer.Option("--lower-is-better", help="A lower score is a better one.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where the files go; <stem>-ranking here if not given.")
    ] = None,
    language: Annotated[Language, typer.Option(help="The language of the page: nl or en.")] = "nl",
    seed: Annotated[int, typer.Option(min=0, help="The seed of all draws.")] = 0,
) -> None:
    """Rank the proposals of a bare table of scores, and say how sure that order is."""
    from analysis.rankfile import Request, rank_file
    from analysis.scorefile import Columns

    columns = Columns(proposal, rater, score, criterion, panel)
    done = rank_file(Request(scores, columns, scale, line, lower_is_better, out, language, seed))
    for path in done.paths:
        say.print(str(path), markup=False)
    for point in done.points:
        say.print(f"- {point}", markup=False)
    refuse(filter(None, [done.refusal]))


@app.command()
def new(
    call: CallId,
    files: Annotated[
        list[Path], typer.Option("--from", metavar="FILE", help="A workbook (.xlsx, .xls, .ods) or a CSV file.")
    ],
    language: Annotated[Language | None, typer.Option(help="The language of the call; told from its headings.")] = None,
    update: Annotated[
        bool, typer.Option("--update", help="Read a new delivery by the mapping in the call's folder.")
    ] = False,
    mapping: Annotated[
        Path | None, typer.Option(metavar="MAPPING.yml", help="Read by this mapping, such as that of another call.")
    ] = None,
    place: Annotated[
        list[str] | None, typer.Option(metavar="WRITTEN=NAME", help="Which municipality a name in the file stands for.")
    ] = None,
    reference: Annotated[
        str | None, typer.Option(metavar="FILE", help="The municipalities: a file in data/raw/reference; the newest.")
    ] = None,
    root: Root = None,
) -> None:
    """Make the folder of a call from a spreadsheet, and say what it lacks; or read a new delivery of it."""
    from analysis.adoption.adopting import Request, adopt, say_adopted

    answers = dict(part.rpartition("=")[::2] for part in place or ())
    ask = _ask_place if sys.stdin.isatty() else None
    request = Request(_find(root), call, tuple(files), language, update, mapping, reference, answers, ask)
    _tell(say_adopted(adopt(request)))


def _ask_place(name: str, candidates: Iterable[str]) -> str | None:
    """Ask which municipality a name stands for; None where the answer is empty."""
    complain.print(f"{name!r} is no municipality of the reference list; nearest: {', '.join(candidates)}", markup=False)
    answer: str = typer.prompt("its name or code (empty: none)", default="", show_default=False, err=True)
    return answer or None


def _tell(found: Mapping[str, Any] | Iterable[str]) -> None:
    """Print what was found: as JSON, or line by line."""
    for line in [json.dumps(found, indent=1)] if isinstance(found, Mapping) else found:
        say.print(line, markup=False)


def _run(
    call: str,
    edition: tuple[datetime | None, Language | None, Audience | None, bool],
    step: str | None,
    options: tuple[bool, int, bool],
    root: Path | None,
    progress: Callable[[str], AbstractContextManager[object]],
) -> tuple[list[Path], list[str]]:
    """Run a call of which something is not fresh; return the folders of its editions and what there is to note."""
    from analysis.freshness import note_told
    from analysis.kernels import start_parent

    start_parent()  # so that it makes its imports while we make ours
    from analysis.pipeline import Options
    from analysis.pipeline import run as run_call
    from analysis.plan import Plan

    store = _open(call, root)
    folders = run_call(store, _editions(store, *edition), step, progress, complain.print, Options(*options))
    notes = _name_findings(store)
    note_told(Plan.of(store), notes)
    return folders, notes


def _editions(
    store: Store, as_of: datetime | None, language: Language | None, audience: Audience | None, all_languages: bool
) -> list[Edition]:
    from analysis.declarations import Edition
    from analysis.release import today
    from analysis.upkeep import name_editions

    if not (as_of or language or audience or all_languages):
        return list(store.call.editions)
    day = as_of.date() if as_of else today()
    if all_languages:
        return [Edition.parse(name) for name in name_editions((one.name for one in store.call.editions), day)]
    return [Edition(as_of=day, language=language or "nl", audience=audience or "public")]


def _plan(call: str, root: Path | None) -> Plan:
    """Return the plan of a call, as it was noted or else as `call.yml` declares it."""
    from analysis.plan import Plan, read_package, recall

    folder = _find(root)
    return recall(folder, call, read_package(folder, call)) or Plan.of(_open(call, root))


def _open_journal(call: str) -> Journal:
    from analysis.journal import Journal

    return Journal(call, sys.stderr)


def _remove_old(plan: Plan, made: Iterable[Path], keep: int) -> None:
    from analysis.upkeep import remove_old

    for name in remove_old(plan, [folder.name for folder in made], keep, complain.print):
        complain.print(f"removed {name}: newer editions have taken its place")


def _list_files(folders: Iterable[Path]) -> None:
    for folder in folders:
        for path in sorted(path for path in folder.iterdir() if path.is_file()):
            say.print(str(path), markup=False)


def _name_findings(store: Store) -> list[str]:
    """Return every open finding on the published figures; none where the step that looks for them has not run."""
    from analysis.reconciliation import name_open

    return list(name_open(store.read_table("findings"))) if store.table_path("findings").is_file() else []


def _describe(contract: Contract) -> Iterator[str]:
    """Yield the lines of a table's description, as Markdown."""
    yield f"## {contract.name}\n\n{contract.description}; made by {contract.maker}.\n"
    yield "| column | meaning | unit | values | key |\n| --- | --- | --- | --- | --- |"
    for name, column in contract.columns.items():
        values = column.expected() + (", or empty" if column.optional else "")
        key = ", ".join(filter(None, ["key" if name in contract.key else "", ".".join(contract.foreign.get(name, ()))]))
        yield f"| {name} | {column.description} | {column.unit} | {values} | {key} |"
    yield ""


def _progress() -> Callable[[str], AbstractContextManager[object]]:
    """Return what shows the steps while they run, several at once, and the time that each took."""
    running: list[str] = []
    status, lock = complain.status(""), threading.Lock()

    def update(change: Callable[[str], None], name: str) -> None:
        with lock:
            change(name)
            status.update(", ".join(running))
            (status.start if running else status.stop)()

    @contextmanager
    def show(name: str) -> Iterator[None]:
        started = time.perf_counter()
        update(running.append, name)
        try:
            yield
            complain.print(f"{name}  {time.perf_counter() - started:.1f} s")
        finally:
            update(running.remove, name)

    return show


class _Stopped(BaseException):
    """A signal asked us to end."""


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """Let a signal that ends us first end what runs and remove what is unfinished; a second one changes nothing."""

    def stop(number: int, _: object) -> None:
        for other in before:
            signal.signal(other, signal.SIG_IGN)
        raise _Stopped(number)

    names = ("SIGINT", "SIGTERM", "SIGHUP") if threading.current_thread() is threading.main_thread() else ()
    numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
    before = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def main() -> None:
    """Run the command line; its exit code is 0 for done, 2 for input at fault, 1 for a fault of ours or a difference.

    It is 128 and the number of the signal where one ended it.
    """
    try:
        with _ending_in_order():
            app()
    except (Exception, _Stopped) as error:
        message, code = _explain(error)
        if not message:
            raise
        complain.print(message, markup=False)
        sys.exit(code)


def _explain(error: BaseException) -> tuple[str | None, int]:
    """Return what an error means in words, if it is one that we foresee, and the exit code."""
    from analysis.forking import ForkingError
    from analysis.kernels import NotebookError

    if isinstance(error, InputError):
        return error.message(), 2
    if isinstance(error, NotebookError):
        at_fault = error.error == InputError.__name__
        return (error.message, 2) if at_fault else (str(error), 1)
    if isinstance(error, _Stopped):
        name = signal.Signals(error.args[0]).name
        return f"stopped by {name}; editions that were in place are as they were", 128 + error.args[0]
    if isinstance(error, OSError):
        return say_unwritable(error), 1
    return str(error) if isinstance(error, ForkingError) else None, 1


if __name__ == "__main__":
    main()
