"""The command line `oproep`: from a spreadsheet to a rendered answer, and what is worth knowing about either."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterable
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from analysis import messages
from analysis.completion import complete_call, complete_edition, complete_folder, complete_step
from analysis.conduct import Asked, conducting
from analysis.ending import Stopped, ending_in_order, explain
from analysis.faults import Fault, refuse
from analysis.files import find_root
from analysis.roots import Place, Scheduler, at_root, is_running_at, name_of, refuse_url
from analysis.usage import prepare_help, run_app
from analysis.voice import complain, fault_as_json, manner, say, tell, tell_document, tell_error

if TYPE_CHECKING:  # loaded where they are needed: a run that changes nothing ends before they would be
    from analysis.journal import Journal
    from analysis.pipeline import Progress
    from analysis.plan import Plan
    from analysis.store import Store

Language = Literal["nl", "en"]  # as in declarations, which takes longer to load
Audience = Literal["public", "applicant", "internal"]

app = typer.Typer(help=__doc__, no_args_is_help=True, pretty_exceptions_enable=False)

CallId = Annotated[
    str,
    typer.Argument(
        metavar="CALL", help="The call: the name of its folder below data/raw.", autocompletion=complete_call
    ),
]
Root = Annotated[
    Path | None,
    typer.Option(
        parser=refuse_url,
        metavar="DIR",
        help="The folder that holds data/, notebooks/ and reports/; found from here upward if not given.",
        is_eager=True,  # so that it is known where a name of a call is completed
        autocompletion=complete_folder,
    ),
]

Every = Annotated[bool, typer.Option("--all", help="Leave nothing out: all of a kind, and numbers that hold.")]
AsJson = Annotated[
    bool, typer.Option("--json", help="Print what was found as one JSON document, in English; faults too.")
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but errors and the result.")]


def _open(call: str, root: Path | None) -> Store:
    from analysis.store import Store

    return Store(_find(root), call)


def _find(root: Path | None) -> Path:
    return root.resolve() if root else find_root()


@app.command()
def check(call: CallId, as_json: AsJson = False, quiet: Quiet = False, root: Place = None) -> None:
    """Read everything a call delivered and name every fault; write nothing."""
    manner.set(quiet, as_json)
    from analysis.adoption.tracing import read_traced
    from analysis.ingest import changed_files
    from analysis.omissions import find_omissions
    from analysis.omitted import say_omissions
    from analysis.reconciliation import gather_findings, name_open

    with at_root(root, call) as folder:
        store = _open(call, folder)
        tables = read_traced(store)
        _ = store.pipeline
        counts, changed = {name: len(table) for name, table in tables.items()}, list(changed_files(store))
        findings = list(name_open(gather_findings(store.published)))
        lines = [f"{name}: {count} rows" if count else f"{name}: not delivered" for name, count in counts.items()]
        notes = [f"{name} differs from the delivery that SOURCES.yml records" for name in changed] + findings
        left = find_omissions(tables, store.call)
        lines += [f"left out of the answer: {line}" for line in say_omissions(left, manner.language)]
        lines += [] if quiet else [f"note: {note}" for note in notes]
        found = {"call": call, "valid": True, "rows": counts, "changed_files": changed, "open_findings": findings}
        found["left_out"] = left
    tell([*lines, f"{call} is valid."], found)


@app.command()
def run(
    call: CallId,
    as_of: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day of the edition; today where only others are given."),
    ] = None,
    language: Annotated[Language | None, typer.Option(help="The language of the edition: nl or en.")] = None,
    audience: Annotated[Audience | None, typer.Option(help="Who may read the edition.")] = None,
    step: Annotated[
        str | None,
        typer.Option(help="Run this step only, on the tables that are there.", autocompletion=complete_step),
    ] = None,
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
    scheduler: Scheduler = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    root: Place = None,
) -> None:
    """Run what is not fresh of a call and render its answer; without options, the editions that the call declares."""
    manner.set(quiet, as_json)
    journal = _open_journal(call) if log == "json" else None
    with journal.run(_explain_aloud) if journal else nullcontext():
        if all_languages and (language or audience):
            refuse([Fault("--all-languages", "--language or --audience too", "neither of these beside it")])
        asked = Asked(as_of.date() if as_of else None, language, audience, all_languages)
        with at_root(root, call, writes=True, sheets=bool(keep), wait=wait) as folder:
            progress, options = journal.progress if journal else None, (force, jobs or 0, wait)
            folders, notes, took = _run(call, asked, step, options, folder, progress, scheduler)
            if keep:
                _remove_old(_plan(call, folder), folders, keep)
        _tell_editions(call, folders, notes, took)
        if journal:
            journal.list_editions(folders, _find(folder))
        for line in notes:
            complain.print(f"note: {line}")


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
    scheduler: Scheduler = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    root: Place = None,
) -> None:
    """Make the sheets of feedback that are not fresh, one for the applicant of each proposal, and a list of them.

    A sheet that fails is named, and does not stop the others; the exit code is then 1.
    """
    manner.set(quiet, as_json)
    from analysis.kernels import start_parent

    start_parent()  # so that it makes its imports while we make ours
    from analysis.pipeline import Options, count_cores
    from analysis.progress import count_written
    from analysis.sheetrun import Wanted, describe_done, make_sheets, say_done

    if proposal and by:
        refuse([Fault("--by", "--proposal too", "one of the two")])
    with at_root(root, call, writes=True, sheets=True, wait=wait) as folder:
        store = _open(call, folder)
        edition = _edition_of_sheets(store, as_of, language)
        wanted = Wanted(edition, by or "proposal", tuple(proposal or ()), keep_notebooks, jobs or count_cores())
        options = Options(jobs=jobs or 0, wait=wait)
        with conducting(store, [], options, scheduler=scheduler) as steps, count_written("making the sheets") as watch:
            done = make_sheets(store, wanted, complain.print, wait, watch, steps.workers)
    if as_json:
        tell_document({"call": call, "edition": edition, "kind": wanted.kind, **describe_done(done, name_of)})
    else:
        say.show(name_of(done.folder / "index.html"))
    for line in say_done(done):
        complain.print(line)
    if done.failed:
        raise typer.Exit(1)


def _edition_of_sheets(store: Store, as_of: datetime | None, language: Language | None) -> str:
    """Return the name of the edition for applicants: as the last declared one, where no day or language is given."""
    from analysis.declarations import Edition

    last = store.call.editions[-1]
    day = as_of.date() if as_of else last.as_of
    return Edition(as_of=day, audience="applicant", language=language or last.language).name


@app.command()
def status(call: CallId, as_json: AsJson = False, quiet: Quiet = False, root: Place = None) -> None:
    """Say of every step, edition and sheet whether it is fresh, stale or was never made, and why."""
    manner.set(quiet, as_json)
    from analysis.freshness import Inspection, say_sheets, say_status, status_as_json
    from analysis.locking import is_locked
    from analysis.plan import read_package
    from analysis.sheetrun import judge_sheets

    with at_root(root, call, sheets=True) as folder:
        package = read_package(_find(folder), call)
        inspection = Inspection(_plan(call, folder), package)
        plan = inspection.plan
        running = is_locked(plan) or is_running_at(plan.root)
        verdicts = inspection.judge_all(plan.units(inspection.editions()))
        sheets = list(judge_sheets(plan))
        lines = [*say_status(plan, verdicts), *say_sheets(plan, sheets)]
    tell(lines, status_as_json(plan, verdicts, running, sheets))
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
    as_json: AsJson = False,
    quiet: Quiet = False,
    root: Root = None,
) -> None:
    """Let a call run by itself: write a timer of systemd and its service, and print the crontab that does the same.

    With --every it runs on the day of the announcement too, if that is still to come.
    """
    manner.set(quiet, as_json)
    from analysis.clock import today
    from analysis.schedule import Schedule, choose_moments, find_program, find_units

    store, day = _open(call, root), on.date() if on else None
    announcement = store.call.dates.announcement
    moments = choose_moments(every, day, announcement.date if announcement else None, today())
    planned = Schedule(call, store.root, find_program(), moments, day, keep)
    written = [str(path) for path in planned.write(into or find_units(os.environ))]
    found = {"call": call, "units": written, "enable": planned.enable(), "crontab": planned.crontab()}
    if announcement and announcement.date == today():
        complain.print(f"note: the announcement is today: `oproep run {call} --all-languages` makes its editions now")
    tell([*written, "", "To start it:", *planned.enable(), "", "Or as a crontab:", *planned.crontab()], found)


@app.command()
def verify(
    report: Annotated[
        Path,
        typer.Argument(
            metavar="REPORT_DIR",
            help="The folder of an edition, with manifest.json.",
            autocompletion=complete_edition,
        ),
    ],
    every: Every = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
    root: Root = None,
) -> None:
    """Recompute a report from the raw data of its call, and say number by number whether it still holds.

    Exit code 0: it holds; 1: it does not; 2: that cannot be told.
    """
    manner.set(quiet, as_json)
    from analysis.progress import show_recomputing
    from analysis.verification import say_verification, verify_report

    with complain.status("recomputing from the raw data"):
        found = verify_report(report, root, show_recomputing)
    tell(say_verification(found, every), found.as_json())
    raise typer.Exit(0 if found.holds else 1)


@app.command()
def diff(
    edition_a: Annotated[
        Path,
        typer.Argument(metavar="EDITION_A", help="The folder of an edition.", autocompletion=complete_edition),
    ],
    edition_b: Annotated[
        Path,
        typer.Argument(
            metavar="EDITION_B",
            help="The folder of the edition to compare it to.",
            autocompletion=complete_edition,
        ),
    ],
    every: Every = False,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Say in words what changed from one edition to another: numbers, tables, names released, text.

    Exit code 0: nothing; 1: something; 2: that cannot be told.
    """
    manner.set(quiet, as_json)
    from analysis.comparison import compare_editions, say_comparison

    found = compare_editions(edition_a, edition_b)
    tell(say_comparison(found, every), found.as_json())
    raise typer.Exit(0 if found.same else 1)


@app.command()
def reconstruct(
    call: CallId,
    proposals: Annotated[
        int | None, typer.Option(min=1, help="Make a call of this size for benchmarks, in a folder of its own.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    root: Root = None,
) -> None:
    """Make the synthetic tables of a call from its reconstruction.yml; run again it gives identical bytes."""
    manner.set(quiet, as_json)
    from analysis.progress import following
    from analysis.reconstruct import reconstruct as reconstruct_call

    with following():
        folder = reconstruct_call(_open(call, root), proposals)
    _tell_paths([folder], {"call": folder.name, "folder": str(folder)})


@app.command()
def dictionary(call: CallId, as_json: AsJson = False, quiet: Quiet = False, root: Root = None) -> None:
    """Print the data dictionary: every table with its columns, types, units and allowed values."""
    manner.set(quiet, as_json)
    from analysis.listing import describe, list_tables

    contracts = _open(call, root).contracts.values()
    if as_json:
        tell_document({"call": call, "tables": list_tables(contracts)})
    else:
        for contract in contracts:
            say.show("\n".join(describe(contract, manner.language)))


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
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Rank the proposals of a bare table of scores, and say how sure that order is."""
    manner.set(quiet, as_json)
    from analysis.progress import following
    from analysis.rankfile import Request, rank_file
    from analysis.scorefile import Columns

    columns = Columns(proposal, rater, score, criterion, panel)
    with following():
        done = rank_file(Request(scores, columns, scale, line, lower_is_better, out, language, seed))
    files, faults = [str(path) for path in done.paths], [fault_as_json(done.refusal)] if done.refusal else []
    # The points come in the language of the page, whatever that of the user is.
    _tell_paths(
        [*files, *(f"- {point}" for point in done.points)], {"files": files, "points": done.points, "faults": faults}
    )
    if as_json and done.refusal:
        raise typer.Exit(2)
    refuse(filter(None, [done.refusal]))


@app.command("app")
def serve_app(
    call: CallId,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="The port; a free one if not given.")] = None,
    ip: Annotated[str, typer.Option(help="The address to listen on; who opens another than this needs a token.")] = (
        "127.0.0.1"
    ),
    audience: Annotated[Audience, typer.Option(help="Who may open the page.")] = "internal",
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day to show it as on; today if not given.")
    ] = None,
    language: Annotated[Language, typer.Option(help="The language of the page: nl or en.")] = "nl",
    root: Root = None,
) -> None:
    """Serve the workbench of a call as a page for colleagues, until it is stopped; print its address."""
    from analysis.app import Address, serve

    def announce(url: str) -> None:
        tell([url], {"url": url})
        sys.stdout.flush()  # as it goes on for long, and who started it may wait for this line

    serve(_open(call, root), audience, as_of.date() if as_of else None, language, Address(ip, port), announce)


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
    as_json: AsJson = False,
    quiet: Quiet = False,
    root: Root = None,
) -> None:
    """Make the folder of a call from a spreadsheet, and say what it lacks; or read a new delivery of it."""
    manner.set(quiet, as_json)
    from analysis.adoption.adopting import Request, adopt, describe_adopted, say_adopted
    from analysis.progress import following

    answers = dict(part.rpartition("=")[::2] for part in place or ())
    ask = _ask_place if sys.stdin.isatty() else None
    request = Request(_find(root), call, tuple(files), language, update, mapping, reference, answers, ask)
    with following():
        adopted = adopt(request)
    tell(say_adopted(adopted), describe_adopted(adopted))


@app.command()
def doctor(as_json: AsJson = False, quiet: Quiet = False, root: Root = None) -> None:
    """Say what is wrong with this installation, and the command that mends it.

    Exit code 0: nothing; 1: something.
    """
    manner.set(quiet, as_json)
    from analysis.doctor import describe_checks, examine, find_project, say_checks

    with complain.status("looking at the installation"):
        checks = examine(find_project(root))
    tell(say_checks(checks, faults_only=quiet), describe_checks(checks))
    raise typer.Exit(0 if all(check.ok for check in checks) else 1)


def _ask_place(name: str, candidates: Iterable[str]) -> str | None:
    """Ask which municipality a name stands for; None where the answer is empty."""
    complain.print(f"{name!r} is no municipality of the reference list; nearest: {', '.join(candidates)}")
    asked = messages.say("its name or code (empty: none)", manner.language)
    answer: str = typer.prompt(asked, default="", show_default=False, err=True)
    return answer or None


def _tell_paths(lines: Iterable[object], document: dict[str, Any]) -> None:
    """Print what is the same in every language, such as paths, or a document where JSON was asked for."""
    if manner.as_json:
        tell_document(document)
    else:
        for line in lines:
            say.show(line)


def _tell_editions(call: str, folders: Iterable[Path], notes: Iterable[str], took: dict[str, float]) -> None:
    """Print the files of the editions; as JSON the notes too, and the seconds of each step that was run."""
    files = {folder: sorted(name_of(path) for path in folder.iterdir() if path.is_file()) for folder in folders}
    editions = [{"edition": one.name, "folder": name_of(one), "files": names} for one, names in files.items()]
    found = {"call": call, "editions": editions, "steps_run": took, "notes": list(notes)}
    _tell_paths([name for names in files.values() for name in names], found)


def _run(
    call: str,
    asked: Asked,
    step: str | None,
    options: tuple[bool, int, bool],
    root: Path | None,
    progress: Progress | None,
    scheduler: str | None,
) -> tuple[list[Path], list[str], dict[str, float]]:
    """Run what is not fresh of a call.

    Return the folders of its editions, what there is to note, and the seconds of each step, where these were counted.
    """
    from analysis.freshness import read_told

    settled = None if options[0] or step else asked.settle(_find(root), call)
    if settled:
        complain.print("nothing changed: all is fresh")
        return settled[1], read_told(settled[0]), {}
    from analysis.kernels import start_parent

    start_parent()  # so that it makes its imports while we make ours
    from analysis.pipeline import Options
    from analysis.plan import Plan

    store = _open(call, root)
    with conducting(store, asked.of(store), Options(*options), step, progress, scheduler) as done:
        took = {name: round(seconds, 3) for name, seconds in done.pace.took.items()}
    return done.folders, read_told(Plan.of(store)), took


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


def _explain_aloud(error: BaseException) -> tuple[str | None, int]:
    """Explain an error; where JSON was asked for, say it on standard output too."""
    message, code = explain(error)
    if manner.as_json:
        tell_error(error, message or str(error))
    return message, code


def main() -> None:
    """Run the command line; its exit code is 0 for done, 2 for input at fault, 1 for a fault of ours or a difference.

    It is 128 and the number of the signal where one ended it.
    """
    manner.reset("--json" in sys.argv)
    prepare_help()
    try:
        with ending_in_order():
            code = run_app(app)
    except (Exception, Stopped) as error:
        message, code = explain(error)
        if not message:
            raise
        tell_error(error, message)
    gc.freeze()  # or the end of Python would go once more through all that was imported
    sys.exit(code)


if __name__ == "__main__":
    main()
