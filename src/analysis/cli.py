"""The command line `oproep`: check, run, reconstruct, dictionary, rank."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.status import Status

from analysis.contracts import Contract
from analysis.declarations import Audience, Edition, Language
from analysis.faults import InputError, refuse
from analysis.store import Store, find_root

app = typer.Typer(help=__doc__, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
say, complain = Console(highlight=False, soft_wrap=True), Console(stderr=True, highlight=False, soft_wrap=True)

CallId = Annotated[str, typer.Argument(metavar="CALL", help="The call: the name of its folder below data/raw.")]
Root = Annotated[
    Path | None,
    typer.Option(help="The folder that holds data/, notebooks/ and reports/; found from here upward if not given."),
]


def _open(call: str, root: Path | None) -> Store:
    return Store(root.resolve() if root else find_root(), call)


@app.command()
def check(call: CallId, root: Root = None) -> None:
    """Read everything a call delivered and name every fault; write nothing."""
    from analysis.ingest import changed_files, read_tables

    store = _open(call, root)
    tables = read_tables(store)
    _ = store.pipeline
    for name, table in tables.items():
        say.print(f"{name}: {len(table)} rows" if len(table) else f"{name}: not delivered")
    for name in changed_files(store):
        say.print(f"note: {name} differs from the delivery that SOURCES.yml records")
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
    root: Root = None,
) -> None:
    """Run the notebooks of a call and render its answer; without options, the editions that the call declares."""
    from analysis.kernels import prepare

    store = _open(call, root)
    _ = store.call  # refused, if at all, before anything is started
    prepare()
    from analysis.pipeline import run as run_call
    from analysis.release import today

    editions = list(store.call.editions)
    if as_of or language or audience:
        day = as_of.date() if as_of else today()
        editions = [Edition(as_of=day, language=language or "nl", audience=audience or "public")]
    for folder in run_call(store, editions, step, _progress()):
        for name in ("answer.html", "answer.pdf", "manifest.json"):
            say.print(str(folder / name))


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
    """Return what shows a step while it runs and the time it took."""

    @contextmanager
    def show(name: str) -> Iterator[Status]:
        started = time.perf_counter()
        with complain.status(name) as status:
            yield status
        complain.print(f"{name}  {time.perf_counter() - started:.1f} s")

    return show


def main() -> None:
    """Run the command line: exit code 0 done, 2 the input is at fault, 1 a fault of ours."""
    from analysis.kernels import NotebookError

    try:
        app()
    except InputError as error:
        complain.print(error.message(), markup=False)
        sys.exit(2)
    except NotebookError as failure:
        at_fault = failure.error == InputError.__name__
        complain.print(failure.message if at_fault else str(failure), markup=False)
        sys.exit(2 if at_fault else 1)


if __name__ == "__main__":
    main()
