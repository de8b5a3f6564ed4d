"""The files of one edition: its released tables, and the answer in every form; made aside and checked."""

from __future__ import annotations

import hashlib
import json
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import nbformat
import pandas as pd

from analysis.answer import compose
from analysis.children import Outcome, work_apart
from analysis.declarations import Edition
from analysis.faults import Fault, InputError, refuse
from analysis.files import write_bytes
from analysis.forking import CAN_FORK
from analysis.publish import typesetting
from analysis.publish.catalogue import describe_dataset
from analysis.publish.datapackage import render_package
from analysis.publish.dictionary import Dataset
from analysis.publish.docx import render_docx
from analysis.publish.html import render_html
from analysis.publish.manifest import write_manifest
from analysis.publish.pdf import render_pdf
from analysis.publish.spreadsheet import render_xlsx
from analysis.release import release_tables
from analysis.store import Store, Workspace

if TYPE_CHECKING:
    from analysis.steps import Step

MANIFEST = "manifest.json"
FORMS: Mapping[str, Callable[..., bytes]] = {"answer.pdf": render_pdf, "answer.docx": render_docx}


def release_edition(store: Store, step: Step, edition: Edition) -> None:
    """Write the tables that the edition's audience may see to the folder that its notebook reads, and no other."""
    tables = {name: store.read_table(name) for name in step.needs}
    released = release_tables(tables, store.call, edition.audience, edition.as_of)
    shutil.rmtree(store.edition_folder(edition.name), ignore_errors=True)
    store.edition_folder(edition.name).mkdir(parents=True)
    for name, table in released.items():
        store.write_released(name, table, edition.name)


def render(store: Store, step: Step, edition: Edition, executed: nbformat.NotebookNode) -> dict[str, bytes]:
    """Return the files of an edition by name, which may contain a folder; the manifest has the hashes of the others.

    Raises RuntimeError where a form of the text could not be made.
    """
    workspace = Workspace(store, step, edition.name)
    answer = compose(workspace)
    page = render_html(executed, **answer.page)
    forms = _begin_forms(page, edition.as_of)
    dataset = _gather_dataset(store, edition, workspace.read_released())
    tables = {"tables.xlsx": render_xlsx(dataset), **render_package(dataset)}
    given = dict(map(_given, forms))
    texts = {"answer.html": page.encode(), **{name: given[name] for name in FORMS}}
    outputs = {**texts, **tables, "metadata.jsonld": describe_dataset(dataset, {**texts, **tables})}
    manifest = write_manifest(store, edition, outputs, answer.material.tables["indicators"], answer.changed)
    return {**outputs, MANIFEST: manifest}


def _begin_forms(page: str, day: date) -> Iterator[Outcome]:
    """Begin to print the page in its other forms, each in a process of its own where one can be forked."""

    def work(name: str) -> bytes:
        return FORMS[name](page, created=day)

    alone = CAN_FORK and threading.active_count() == 1 and not typesetting.threaded.is_set()
    return work_apart(work, FORMS, len(FORMS)) if alone else (Outcome(name, work(name)) for name in FORMS)


def _given(outcome: Outcome) -> tuple[str, bytes]:
    if outcome.failure:
        raise RuntimeError(f"{outcome.task}: {outcome.failure}")
    return outcome.task, outcome.value


def _gather_dataset(store: Store, edition: Edition, released: Mapping[str, pd.DataFrame]) -> Dataset:
    sources = [store.sources, store.reference_sources]
    return Dataset(store.call, edition, released, store.contracts, sources)


def release(root: str, call: str, step: str, edition: str) -> tuple[Fault, ...]:
    """Release the tables of an edition, all named by texts, as in a process of its own; return the faults found."""
    store = Store(Path(root), call)
    return _faults_of(lambda: release_edition(store, store.pipeline.step(step), Edition.parse(edition)))


def make(root: str, call: str, step: str, edition: str, copy: str, aside: str) -> tuple[Fault, ...]:
    """Render an edition from the executed copy of its notebook into the folder `aside`, and check what is there.

    Returns the faults found, for an InputError does not pass from one process to another.
    """
    store = Store(Path(root), call)

    def render_aside() -> None:
        executed = nbformat.read(copy, as_version=4)  # type: ignore[no-untyped-call]
        files = render(store, store.pipeline.step(step), Edition.parse(edition), executed)
        for name, content in files.items():
            write_bytes(Path(aside) / name, content)
        check(Path(aside), files)

    return _faults_of(render_aside)


def _faults_of(action: Callable[[], None]) -> tuple[Fault, ...]:
    try:
        action()
    except InputError as error:
        return error.faults
    return ()


def check(folder: Path, expected: Mapping[str, bytes]) -> None:
    """Raise InputError unless a folder holds these files, whole, with the hashes that the manifest among them tells."""
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in expected.items()}
    told = json.loads(expected[MANIFEST])["outputs"] | {MANIFEST: hashes[MANIFEST]}
    present = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }
    refuse(
        Fault(str(folder / name), "no such file or other bytes", "the file that was rendered and is in the manifest")
        for name in sorted(told.keys() | hashes.keys() | present.keys())
        if not told.get(name) == hashes.get(name) == present.get(name)
    )
