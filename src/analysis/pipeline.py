"""The runner: executes the steps of a call in order, releases, renders, and puts every edition in place whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import nbformat

from analysis.answer import compose
from analysis.declarations import Edition, Language
from analysis.faults import Fault, InputError, refuse
from analysis.kernels import execute
from analysis.publish.html import render_html
from analysis.publish.manifest import write_manifest
from analysis.publish.pdf import render_pdf
from analysis.release import release_tables
from analysis.steps import Step
from analysis.store import Store, Workspace, write_bytes

Progress = Callable[[str], AbstractContextManager[object]]


def _silent(_: str) -> AbstractContextManager[object]:
    return nullcontext()


def run(store: Store, editions: Sequence[Edition], only: str | None = None, progress: Progress = _silent) -> list[Path]:
    """Run the steps of a call and render the editions; return the folders of the editions.

    `only` runs a single step, on the tables that are there. `progress` is entered around every step with its name.
    Raises InputError where the input is at fault, and NotebookError where a notebook fails; an edition that was
    rendered before then stays as it was.
    """
    _refuse_unready(store, only)
    steps = [step for step in store.pipeline.steps if only in (None, step.name)]
    for step in steps:
        if not step.per_edition:
            with progress(step.name):
                run_step(store, step, editions[0].language)
    return [
        _render_edition(store, step, edition, progress) for step in steps if step.per_edition for edition in editions
    ]


def run_step(store: Store, step: Step, language: Language) -> None:
    """Execute one step; tables of it and of later steps from an earlier run are removed first, for they are stale."""
    later = [other for other in store.pipeline.steps if other.name >= step.name]
    for name in (name for other in later for name in other.makes):
        store.table_path(name).unlink(missing_ok=True)
    execute(_notebook(store, step), _copy(store, step.name), {"call": store.call_id, "language": language})
    made = {path.stem for path in store.processed.glob("*.parquet")}
    known = {name for other in store.pipeline.steps if other.name <= step.name for name in other.makes}
    place = f"notebooks/{step.name}.ipynb"
    refuse(
        Fault(place, f"no table {name}", f"every table that {step.name} makes")
        for name in step.makes
        if name not in made
    )
    refuse(Fault(place, f"a table {name}", "a table declared in pipeline.yml") for name in sorted(made - known))


def release_edition(store: Store, step: Step, edition: Edition) -> None:
    """Write the tables that the edition's audience may see to the folder that its notebook reads, and no other."""
    tables = {name: store.read_table(name) for name in step.needs}
    released = release_tables(tables, store.call, edition.audience, edition.as_of)
    shutil.rmtree(store.edition_folder(edition.name), ignore_errors=True)
    store.edition_folder(edition.name).mkdir(parents=True)
    for name, table in released.items():
        store.write_released(name, table, edition.name)


def _render_edition(store: Store, step: Step, edition: Edition, progress: Progress) -> Path:
    with progress(f"{step.name} {edition.name}"):
        release_edition(store, step, edition)
        parameters = {"call": store.call_id, "edition": edition.name}
        executed = execute(_notebook(store, step), _copy(store, f"{step.name}-{edition.name}"), parameters)
    with progress(f"HTML, PDF {edition.name}"):
        outputs = render(store, step, edition, executed)
        return _place_whole(store.reports / edition.name, outputs)


def render(store: Store, step: Step, edition: Edition, executed: nbformat.NotebookNode) -> dict[str, bytes]:
    """Return the files of an edition by name: answer.html, answer.pdf and manifest.json."""
    answer = compose(Workspace(store, step, edition.name))
    page = render_html(
        executed,
        title=answer.title,
        language=edition.language,
        description=answer.description,
        labels=answer.material.headings("document.labels"),
        notice=answer.running_notice,
    )
    outputs = {"answer.html": page.encode(), "answer.pdf": render_pdf(page, created=edition.as_of)}
    manifest = write_manifest(store, edition, outputs, answer.material.tables["indicators"], answer.changed)
    return {**outputs, "manifest.json": manifest}


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


def _place_whole(folder: Path, outputs: dict[str, bytes]) -> Path:
    """Write the files aside, then put their folder in the place of an earlier one."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    try:
        aside.chmod(0o755)
        for name, content in outputs.items():
            write_bytes(aside / name, content)
        if folder.exists():
            shutil.rmtree(folder)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return folder


def _notebook(store: Store, step: Step) -> Path:
    return store.root / "notebooks" / f"{step.name}.ipynb"


def _copy(store: Store, name: str) -> Path:
    return store.processed / "notebooks" / f"{name}.ipynb"
