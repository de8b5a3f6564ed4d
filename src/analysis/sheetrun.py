"""The runner of sheets: grants each what it may show, and makes those that are not fresh, a process for each.

They are made in batches by the workers that it is given: those of this machine, or of a cluster.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from analysis import locking, sheetpaths
from analysis.dependencies import Package, code_of, find_lock, installed_versions, meaning_of, names_imported
from analysis.faults import Fault, refuse
from analysis.files import hash_if_there, remove_asides, write_bytes
from analysis.forking import CAN_FORK
from analysis.freshness import Standing, compare_parts
from analysis.kernels import Processes, call_aside, keep_copy
from analysis.plan import Plan, read_package
from analysis.sheetpaths import common_path, granted_path, name_files
from analysis.storage import Needs
from analysis.workers import LostError, Workers

if TYPE_CHECKING:
    from nbformat import NotebookNode

    from analysis.store import Store

NOTEBOOK = "feedback.ipynb"
MADE_WITH = ("analysis.sheets", "analysis.granting", "analysis.sheetrun")
FORMS = ("html", "pdf")
LIMIT = 300.0  # seconds for one sheet
DELIVERED = ("call.yml", "SOURCES.yml", "published.yml")


class SheetError(RuntimeError):
    """The notebook of a sheet failed."""


@dataclass(frozen=True)
class Wanted:
    """Which sheets to make: those of one kind in an edition, of some subjects or of all if none is named."""

    edition: str
    kind: str = "proposal"
    subjects: tuple[str, ...] = ()
    keep: bool = False
    jobs: int = 1


@dataclass(frozen=True)
class Task:
    """One sheet to make: of which subject, and the name of its files."""

    call: str
    edition: str
    kind: str
    subject: str
    name: str
    made_from: str
    keep: bool


@dataclass(frozen=True)
class Done:
    """What became of the sheets of a run: the folder, those made and those fresh, and why others failed, by subject."""

    folder: Path
    made: tuple[str, ...]
    fresh: tuple[str, ...]
    failed: Mapping[str, str]


def sheets_folder(plan: Plan, edition: str, kind: str) -> Path:
    """Return the folder of the sheets of one kind."""
    return sheetpaths.sheets_folder(plan.reports, edition, kind)


def make_sheets(
    store: Store,
    wanted: Wanted,
    say: Callable[[str], None] = lambda _: None,
    wait: bool = True,
    watch: Callable[[Sequence[Path]], object] = lambda _: None,
    workers: Workers | None = None,
) -> Done:
    """Make the sheets that are wanted and not fresh, from the tables that are there, and the page that lists all.

    `watch` is told before which files will be written, one as each sheet is done. `workers` make the sheets, those of
    this machine if none are given.

    A sheet that fails is told of in what is returned, and the others are made. Raises InputError where the input is at
    fault or a subject is unknown, and OSError where the list cannot be written.
    """
    refuse(_find_pointless(store, wanted))
    plan, processes, workers = Plan.of(store), Processes(), workers or Workers(wanted.jobs)
    with locking.lock(plan, wait, say), locking.scratch(plan):
        try:
            common = _hash_common(plan, wanted.edition)
            subjects = _grant_if_stale(plan, wanted, common, processes)
            names = name_files(subjects)
            tasks = [_task(plan, wanted, subject, names[subject]) for subject in _choose(subjects, wanted)]
            tasks = [_with_origin(plan, task, common) for task in tasks]
            stale = [task for task in tasks if not _is_fresh(plan, task)]
            watch([_note_path(plan, task) for task in stale])
            failed = _make_all(plan, stale, workers, processes)
            folder = sheets_folder(plan, wanted.edition, wanted.kind)
            if stale or not _is_listed(plan, wanted, names):
                _list(plan, wanted, names, processes)
            _remove_strays(folder, set(names.values()))
        except BaseException:
            processes.end()
            raise
    made = tuple(task.subject for task in stale if task.subject not in failed)
    fresh = tuple(task.subject for task in tasks if task not in stale)
    return Done(folder, made, fresh, failed)


def _make_all(plan: Plan, tasks: Sequence[Task], workers: Workers, processes: Processes) -> dict[str, str]:
    """Have the workers make sheets, in batches, and return why some failed, by subject."""
    if not tasks:
        return {}
    workers.give()
    batches, failed = workers.split(tasks), dict[str, str]()
    with ThreadPoolExecutor(min(workers.count, len(batches))) as pool:
        try:
            asked = {pool.submit(_ask, plan, batch, workers, processes): batch for batch in batches}
            for future in as_completed(asked):
                try:
                    failed |= future.result()
                except LostError as error:
                    failed |= {task.subject: str(error) for task in asked[future]}
        except BaseException:
            workers.end()
            processes.end()
            pool.shutdown(cancel_futures=True)
            raise
    workers.take()
    by_subject = {task.subject: task for task in tasks}
    return {name: reason for name, reason in failed.items() if not _is_fresh(plan, by_subject[name])}


def _ask(plan: Plan, tasks: Sequence[Task], workers: Workers, processes: Processes) -> dict[str, str]:
    return workers.call(make_batch, plan, tasks, workers.width, processes, needs=_needs(plan, tasks))


def _needs(plan: Plan, tasks: Sequence[Task]) -> Needs:
    """Return what the sheets of a batch are made from, and the files that are made."""

    def names(paths: Iterable[Path]) -> tuple[str, ...]:
        return tuple(sorted({path.relative_to(plan.root).as_posix() for path in paths}))

    made = (path for task in tasks for path in (*_files_of(plan, task), _note_path(plan, task)))
    folders = (plan.root / "notebooks", plan.raw, plan.raw.parent / plan.reference)
    return Needs(names(folders), names(path for task in tasks for path in _granted(plan, task)), names(made))


def make_batch(plan: Plan, tasks: Sequence[Task], width: int, processes: Processes) -> dict[str, str]:
    """Make those of these sheets that are not fresh, `width` at once; return why some failed, by subject.

    A batch whose worker was lost is given to another one, which finds some of it made.
    """
    left = [task for task in tasks if not _is_fresh(plan, task)]
    return call_aside("analysis.sheetrun:work_through", (str(plan.root), left, width), processes) if left else {}


def _find_pointless(store: Store, wanted: Wanted) -> Iterator[Fault]:
    """Yield why no sheet of this kind has anything to tell: no announcement, or nobody whose place is known."""
    if store.call.dates.announcement is None:
        place = f"{store.raw / 'call.yml'}, dates.announcement"
        yield Fault(place, "no such key", "the day from which an applicant may know what became of its idea")
    if wanted.kind in ("province", "municipality") and not (store.raw / "actors.csv").is_file():
        yield Fault(f"--by {wanted.kind}", "no actors.csv, which tells where each applicant is", "--by category, or it")


def _task(plan: Plan, wanted: Wanted, subject: str, name: str) -> Task:
    return Task(plan.call, wanted.edition, wanted.kind, subject, name, "", wanted.keep)


def _choose(subjects: Sequence[str], wanted: Wanted) -> list[str]:
    """Return the subjects that are wanted; raise InputError for one that is not there."""
    known = set(subjects)
    refuse(
        Fault(f"--{wanted.kind}", repr(subject), f"one of {', '.join(subjects) or 'none'}")
        for subject in wanted.subjects
        if subject not in known
    )
    return list(dict.fromkeys(wanted.subjects)) if wanted.subjects else list(subjects)


def _list(plan: Plan, wanted: Wanted, names: Mapping[str, str], processes: Processes) -> None:
    """Write the page that lists the sheets, and note which these are."""
    folder = sheets_folder(plan, wanted.edition, wanted.kind)
    listing = (str(plan.root), plan.call, wanted.edition, wanted.kind, dict(names), str(folder))
    refuse(call_aside("analysis.sheetlist:list_sheets", listing, processes))
    listed = {"names": dict(names), "page": hash_if_there(folder / "index.html")}
    write_bytes(_list_note(plan, wanted), json.dumps(listed).encode())


def _is_listed(plan: Plan, wanted: Wanted, names: Mapping[str, str]) -> bool:
    page = sheets_folder(plan, wanted.edition, wanted.kind) / "index.html"
    noted = _read_note(_list_note(plan, wanted)) or {}
    return noted == {"names": dict(names), "page": hash_if_there(page)} and page.is_file()


def _list_note(plan: Plan, wanted: Wanted) -> Path:
    return plan.processed / "sheets" / wanted.edition / f"{wanted.kind}.listed"


def describe_done(done: Done, name: Callable[[Path], str] = str) -> dict[str, object]:
    """Return what became of the sheets as plain values, their places by `name`."""
    made = {"made": list(done.made), "fresh": list(done.fresh), "failed": dict(done.failed)}
    return {"folder": name(done.folder), "list": name(done.folder / "index.html"), **made}


def say_done(done: Done) -> Iterator[str]:
    """Yield how many sheets were made and were fresh, and each that failed, with the reason."""
    yield f"{len(done.made)} sheets made, {len(done.fresh)} were fresh, {len(done.failed)} failed"
    for subject, reason in done.failed.items():
        yield f"{subject}: {reason}"


def _hash_common(plan: Plan, edition: str) -> str:
    """Return a hash of all that the sheets of an edition are made from, but for what was granted to each."""
    return _digest(json.dumps(_common_parts(plan, edition), sort_keys=True).encode())


def _common_parts(plan: Plan, edition: str) -> dict[str, str]:
    """Return the hash of each of these, by its kind and name as in a record of freshness."""
    package = read_package(plan.root, plan.call)
    text = (plan.root / "notebooks" / NOTEBOOK).read_text(encoding="utf-8")
    code = code_of(text)
    modules = package.closure([*names_imported(code), *MADE_WITH])
    language = edition.rpartition("-")[2]
    texts = _texts(package, language, package.texts_of(modules.values(), code))
    return {
        "its notebook": meaning_of(text),
        "parameter/edition": edition,
        **{f"module/{name}": source.hash for name, source in modules.items()},
        **{f"text/{language}/{name}.yml": hash_ for name, hash_ in texts.items()},
        **{f"template/{name}": hash_ for name, hash_ in package.templates_of(modules).items()},
        **{f"version/{name}": version for name, version in installed_versions(find_lock(plan.root)).items()},
        **{f"raw/{name}": hash_if_there(plan.raw / name) for name in DELIVERED},
    }


def _texts(package: Package, language: str, names: Iterable[str]) -> dict[str, str]:
    return {name: package.texts[language][name] for name in sorted(names) if name in package.texts.get(language, {})}


def _table_parts(plan: Plan) -> dict[str, str]:
    return {f"table/{path.stem}": hash_if_there(path) for path in sorted(plan.processed.glob("*.parquet"))}


def judge_sheets(plan: Plan) -> Iterator[Standing]:
    """Yield how the sheets of every edition and kind stand that were ever asked for; nothing is made."""
    for note in sorted((plan.processed / "sheets").glob("*/*.granted")):
        edition, kind, noted = note.parent.name, note.stem, _read_note(note) or {}
        common = _common_parts(plan, edition)
        before = noted.get("parts")
        changes = tuple(compare_parts(before, common | _table_parts(plan))) if isinstance(before, dict) else ()
        subjects = [str(subject) for subject in noted.get("subjects") or ()]
        names, digest = name_files(subjects), _digest(json.dumps(common, sort_keys=True).encode())
        tasks = [_task(plan, Wanted(edition, kind), subject, names[subject]) for subject in subjects]
        states = {task.subject: _find_state(plan, _with_origin(plan, task, digest), bool(changes)) for task in tasks}
        yield Standing(edition, kind, states, changes)


def _find_state(plan: Plan, task: Task, changed: bool) -> str:
    """Return what holds for a sheet: `depends` where it follows only if what it may show comes out otherwise."""
    folder, note = sheets_folder(plan, task.edition, task.kind), _read_note(_note_path(plan, task))
    if note is None or not all((folder / f"{task.name}.{form}").is_file() for form in FORMS):
        return "missing"
    if note.get("made_from") != task.made_from or not _is_fresh(plan, task):
        return "stale"
    return "depends" if changed else "fresh"


def _grant_if_stale(plan: Plan, wanted: Wanted, common: str, processes: Processes) -> list[str]:
    """Return the subjects of a kind, after what they may show was written anew where that is not as it was noted."""
    folder, tables = plan.processed / "sheets" / wanted.edition, _table_parts(plan)
    note = folder / f"{wanted.kind}.granted"
    origin = _digest(json.dumps([common, tables]).encode())
    noted = _read_note(note) or {}
    kept: dict[str, str] = noted.get("files", {}) if noted.get("origin") == origin else {}
    subjects: list[str] = noted["subjects"] if isinstance(noted.get("subjects"), list) else []
    if kept and subjects and all(hash_if_there(folder / name) == hash_ for name, hash_ in kept.items()):
        return subjects
    given = (str(plan.root), plan.call, wanted.edition, wanted.kind)
    faults, subjects, files = call_aside("analysis.granting:grant", given, processes)
    refuse(faults)
    hashes = {name: hash_if_there(folder / name) for name in files}
    parts = {"parts": _common_parts(plan, wanted.edition) | tables}
    write_bytes(note, json.dumps({"origin": origin, "subjects": subjects, "files": hashes, **parts}).encode())
    for path in (folder / wanted.kind).glob("*.*"):
        if path.with_suffix(".json").relative_to(folder).as_posix() not in hashes:
            path.unlink()
    return subjects


def _with_origin(plan: Plan, task: Task, common: str) -> Task:
    granted = [hash_if_there(path) for path in _granted(plan, task)]
    return replace(task, made_from=_digest(json.dumps([common, task.name, *granted]).encode()))


def _granted(plan: Plan, task: Task) -> tuple[Path, Path]:
    common = common_path(plan.processed, task.edition, task.kind)
    return common, granted_path(plan.processed, task.edition, task.kind, task.subject)


def _is_fresh(plan: Plan, task: Task) -> bool:
    """Return whether a sheet was made from what there is now, and its files are as they were made."""
    note = _read_note(_note_path(plan, task))
    if note is None or note.get("made_from") != task.made_from:
        return False
    if task.keep and not _copy_path(plan, task).is_file():
        return False
    return all(hash_if_there(path) == note.get(path.suffix[1:]) for path in _files_of(plan, task))


def _files_of(plan: Plan, task: Task) -> list[Path]:
    folder = sheets_folder(plan, task.edition, task.kind)
    return [folder / f"{task.name}.{form}" for form in FORMS]


def _read_note(path: Path) -> dict[str, Any] | None:
    try:
        read = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return read if isinstance(read, dict) and isinstance(read.get("files", {}), dict) else None


def _note_path(plan: Plan, task: Task) -> Path:
    return _granted(plan, task)[1].with_suffix(".note")


def _copy_path(plan: Plan, task: Task) -> Path:
    return plan.processed / "sheets" / task.edition / "notebooks" / task.kind / f"{task.name}.ipynb"


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _remove_strays(folder: Path, names: set[str]) -> None:
    """Remove the sheets of subjects that there are no longer, and what a run that was killed had written aside."""
    remove_asides(folder)
    for path in folder.glob("*.*"):
        if path.is_file() and path.suffix[1:] in FORMS and path.stem not in names and path.name != "index.html":
            path.unlink()


def work_through(root: str, tasks: Sequence[Task], jobs: int) -> dict[str, str]:
    """Make sheets, each in a process forked from this one, or in a kernel; return why some failed, by subject."""
    from analysis.children import work_apart

    if not CAN_FORK:
        return _without_fork(root, tasks)
    _warm_up(root, tasks[0])
    outcomes = work_apart(partial(make_sheet, root), tasks, jobs, LIMIT)
    return {outcome.task.subject: outcome.failure for outcome in outcomes if outcome.failure}


def _without_fork(root: str, tasks: Sequence[Task]) -> dict[str, str]:
    failed = {}
    for task in tasks:
        try:
            make_sheet(root, task)
        except Exception as error:
            failed[task.subject] = f"{type(error).__name__}: {error}"
    return failed


def _warm_up(root: str, task: Task) -> None:
    """Do once what every sheet needs: imports, the call, the texts, the fonts, the templates; no thread may start."""
    import papermill  # noqa: F401

    from analysis import inprocess
    from analysis.declarations import Edition
    from analysis.figures import draw_picture, render
    from analysis.publish import html, pdf  # noqa: F401
    from analysis.sheets import all_contracts, compile_texts, open_store
    from analysis.wording import read_texts

    store = open_store(Path(root), task.call)
    all_contracts(store)
    _ = store.sources, store.published, store.pipeline, read_texts("nl"), read_texts("en")
    compile_texts(store, Edition.parse(task.edition).language)
    html.render_html(_empty_page(), title="0", language="nl", description="0", labels=dict.fromkeys(html.LABELS, "0"))
    inprocess.register()
    inprocess.NotebookShell.instance()
    with draw_picture(1.0) as picture:
        axes = picture.subplots()
        axes.set_xlabel("0")
        render(picture, "0")


def _empty_page() -> NotebookNode:
    import nbformat.v4 as v4

    outputs = [v4.new_output("display_data", {"text/html": '<h1 id="title">0</h1>'})]  # type: ignore[no-untyped-call]
    return v4.new_notebook(cells=[v4.new_code_cell(outputs=outputs)])  # type: ignore[no-untyped-call]


def make_sheet(root: str, task: Task) -> None:
    """Execute the notebook of one sheet with papermill; write its page, its PDF, and a note of what it was made from.

    Both are rendered before either is written. The executed copy is kept where that is asked for, also one that failed.
    """
    from analysis.sheets import open_store

    plan = Plan.of(open_store(Path(root), task.call))
    files = _render(plan, task, _execute(plan, task))
    for path in _files_of(plan, task):
        write_bytes(path, files[path.suffix[1:]])
    note = {"made_from": task.made_from, **{form: _digest(content) for form, content in files.items()}}
    write_bytes(_note_path(plan, task), json.dumps(note).encode())


def _execute(plan: Plan, task: Task) -> NotebookNode:
    """Return the executed notebook; raise RuntimeError that names the cell where one fails."""
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from analysis import inprocess

    notebook = plan.root / "notebooks" / NOTEBOOK
    parameters = {"call": task.call, "edition": task.edition, "kind": task.kind, "subject": task.subject}
    with TemporaryDirectory(prefix="sheet-", dir=locking.find_scratch(plan)) as folder:
        output = Path(folder) / NOTEBOOK
        try:
            return papermill.execute_notebook(
                notebook,
                output if task.keep else None,
                parameters=parameters,
                engine_name=inprocess.NAME if CAN_FORK else None,
                kernel_name="python3",
                progress_bar=False,
                resources={"metadata": {"path": str(notebook.parent)}},
            )
        except PapermillExecutionError as error:
            raise SheetError(f"{NOTEBOOK}, {error.ename}: {error.evalue}") from None
        finally:
            keep_copy(output, _copy_path(plan, task), plan.root)


def _render(plan: Plan, task: Task, executed: NotebookNode) -> dict[str, bytes]:
    from analysis.publish.html import render_html
    from analysis.publish.pdf import render_pdf
    from analysis.sheets import open_sheet

    sheet = open_sheet(task.call, task.edition, task.kind, task.subject, plan.root)
    page = render_html(executed, **sheet.page)
    return {"html": page.encode(), "pdf": render_pdf(page, created=sheet.material.edition.as_of)}
