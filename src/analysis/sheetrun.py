"""The runner of sheets: grants each what it may show, and makes those that are not fresh, a process for each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from analysis import locking
from analysis.dependencies import Package, code_of, find_lock, installed_versions, meaning_of, names_imported
from analysis.faults import Fault, refuse
from analysis.files import hash_if_there, remove_asides, write_bytes
from analysis.forking import CAN_FORK
from analysis.kernels import Processes, call_aside, keep_copy
from analysis.plan import Plan, read_package
from analysis.sheetpaths import common_path, granted_path, name_files

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

    root: str
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
    folder = plan.reports / edition / "sheets"
    return folder if kind == "proposal" else folder / f"by-{kind}"


def make_sheets(store: Store, wanted: Wanted, say: Callable[[str], None] = lambda _: None, wait: bool = True) -> Done:
    """Make the sheets that are wanted and not fresh, from the tables that are there, and the page that lists all.

    A sheet that fails is told of in what is returned, and the others are made. Raises InputError where the input is at
    fault or a subject is unknown, and OSError where the list cannot be written.
    """
    plan, processes = Plan.of(store), Processes()
    with locking.lock(plan, wait, say):
        try:
            common = _hash_common(plan, wanted.edition)
            subjects = _grant_if_stale(plan, wanted, common, processes)
            names = name_files(subjects)
            tasks = [_task(plan, wanted, subject, names[subject]) for subject in _choose(subjects, wanted)]
            tasks = [_with_origin(plan, task, common) for task in tasks]
            stale = [task for task in tasks if not _is_fresh(plan, task)]
            failed = call_aside("analysis.sheetrun:work_through", (stale, wanted.jobs), processes) if stale else {}
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


def _task(plan: Plan, wanted: Wanted, subject: str, name: str) -> Task:
    return Task(str(plan.root), plan.call, wanted.edition, wanted.kind, subject, name, "", wanted.keep)


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


def say_done(done: Done) -> Iterator[str]:
    """Yield how many sheets were made and were fresh, and each that failed, with the reason."""
    yield f"{len(done.made)} sheets made, {len(done.fresh)} were fresh, {len(done.failed)} failed"
    for subject, reason in done.failed.items():
        yield f"{subject}: {reason}"


def _hash_common(plan: Plan, edition: str) -> str:
    """Return a hash of all that the sheets of an edition are made from, but for what was granted to each."""
    package = read_package(plan.root, plan.call)
    text = (plan.root / "notebooks" / NOTEBOOK).read_text(encoding="utf-8")
    code = code_of(text)
    modules = package.closure([*names_imported(code), *MADE_WITH])
    language = edition.rpartition("-")[2]
    parts = {
        "notebook": meaning_of(text),
        "edition": edition,
        "modules": {name: source.hash for name, source in modules.items()},
        "texts": _texts(package, language, package.texts_of(modules.values(), code)),
        "templates": package.templates_of(modules),
        "versions": dict(installed_versions(find_lock(plan.root))),
        "delivered": {name: hash_if_there(plan.raw / name) for name in DELIVERED},
    }
    return _digest(json.dumps(parts, sort_keys=True).encode())


def _texts(package: Package, language: str, names: Iterable[str]) -> dict[str, str]:
    return {name: package.texts[language][name] for name in sorted(names) if name in package.texts.get(language, {})}


def _grant_if_stale(plan: Plan, wanted: Wanted, common: str, processes: Processes) -> list[str]:
    """Return the subjects of a kind, after what they may show was written anew where that is not as it was noted."""
    folder = plan.processed / "sheets" / wanted.edition
    note, tables = folder / f"{wanted.kind}.granted", sorted(plan.processed.glob("*.parquet"))
    origin = _digest(json.dumps([common, {path.stem: hash_if_there(path) for path in tables}]).encode())
    noted = _read_note(note) or {}
    kept: dict[str, str] = noted.get("files", {}) if noted.get("origin") == origin else {}
    if kept and all(hash_if_there(folder / name) == hash_ for name, hash_ in kept.items()):
        return list(noted["subjects"])
    given = (str(plan.root), plan.call, wanted.edition, wanted.kind)
    faults, subjects, files = call_aside("analysis.granting:grant", given, processes)
    refuse(faults)
    hashes = {name: hash_if_there(folder / name) for name in files}
    write_bytes(note, json.dumps({"origin": origin, "subjects": subjects, "files": hashes}).encode())
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
    folder = sheets_folder(plan, task.edition, task.kind)
    return all(hash_if_there(folder / f"{task.name}.{form}") == note.get(form) for form in FORMS)


def _read_note(path: Path) -> dict[str, Any] | None:
    try:
        read = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return read if isinstance(read, dict) else None


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


def work_through(tasks: Sequence[Task], jobs: int) -> dict[str, str]:
    """Make sheets, each in a process forked from this one, or in a kernel; return why some failed, by subject."""
    from analysis.children import work_apart

    if not CAN_FORK:
        return _without_fork(tasks)
    _warm_up(tasks[0])
    outcomes = work_apart(make_sheet, tasks, jobs, LIMIT)
    return {outcome.task.subject: outcome.failure for outcome in outcomes if outcome.failure}


def _without_fork(tasks: Sequence[Task]) -> dict[str, str]:
    failed = {}
    for task in tasks:
        try:
            make_sheet(task)
        except Exception as error:
            failed[task.subject] = f"{type(error).__name__}: {error}"
    return failed


def _warm_up(task: Task) -> None:
    """Do once what every sheet needs: imports, the call, the texts, the fonts, the templates; no thread may start."""
    import papermill  # noqa: F401

    from analysis import inprocess
    from analysis.declarations import Edition
    from analysis.figures import draw_picture, render
    from analysis.publish import html, pdf  # noqa: F401
    from analysis.sheets import all_contracts, compile_texts, open_store
    from analysis.wording import read_texts

    store = open_store(Path(task.root), task.call)
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


def make_sheet(task: Task) -> None:
    """Execute the notebook of one sheet with papermill; write its page, its PDF, and a note of what it was made from.

    Both are rendered before either is written. The executed copy is kept where that is asked for, also one that failed.
    """
    from analysis.sheets import open_store

    plan = Plan.of(open_store(Path(task.root), task.call))
    files = _render(task, _execute(plan, task))
    folder = sheets_folder(plan, task.edition, task.kind)
    for form, content in files.items():
        write_bytes(folder / f"{task.name}.{form}", content)
    note = {"made_from": task.made_from, **{form: _digest(content) for form, content in files.items()}}
    write_bytes(_note_path(plan, task), json.dumps(note).encode())


def _execute(plan: Plan, task: Task) -> NotebookNode:
    """Return the executed notebook; raise RuntimeError that names the cell where one fails."""
    import papermill
    from papermill.exceptions import PapermillExecutionError

    from analysis import inprocess

    notebook = plan.root / "notebooks" / NOTEBOOK
    parameters = {"call": task.call, "edition": task.edition, "kind": task.kind, "subject": task.subject}
    with TemporaryDirectory(prefix="sheet-") as folder:
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


def _render(task: Task, executed: NotebookNode) -> dict[str, bytes]:
    from analysis.publish.html import render_html
    from analysis.publish.pdf import render_pdf
    from analysis.sheets import open_sheet

    sheet = open_sheet(task.call, task.edition, task.kind, task.subject, Path(task.root))
    page = render_html(executed, **sheet.page)
    return {"html": page.encode(), "pdf": render_pdf(page, created=sheet.material.edition.as_of)}
