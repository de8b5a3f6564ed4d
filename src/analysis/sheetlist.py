"""The page that lists the sheets of feedback of one kind, for the organiser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from markupsafe import Markup
from nbformat import NotebookNode, v4

from analysis.blocks import Html, header, heading, notice, paragraphs, table
from analysis.declarations import Edition
from analysis.faults import Fault, InputError
from analysis.files import write_bytes
from analysis.material import Material
from analysis.publish.html import render_html
from analysis.publish.listing import Links
from analysis.sheetpaths import granted_path
from analysis.sheets import all_contracts, open_store, unpack
from analysis.store import Store
from analysis.wording import Wording

FORMS = {"html": "page", "pdf": "pdf"}


def list_sheets(
    root: str, call: str, edition: str, kind: str, names: Mapping[str, str], folder: str
) -> tuple[Fault, ...]:
    """Write the page that lists the sheets of a kind that lie in a folder, with those never made; return the faults.

    `names` gives the name of the files of each subject.
    """
    try:
        store = open_store(Path(root), call)
        material = _material(store, Edition.parse(edition))
        labels = [(_label(store, material, kind, subject), name) for subject, name in names.items()]
        page = _render(store, material, kind, labels, Path(folder))
        write_bytes(Path(folder) / "index.html", page.encode())
    except InputError as error:
        return error.faults
    return ()


def _material(store: Store, edition: Edition) -> Material:
    return Material(store.call, edition, {}, Wording(edition.language, store.call, {}), None, None)


def _label(store: Store, material: Material, kind: str, subject: str) -> str:
    """Return the name of a group; that of a municipality stands in what was granted to its sheet."""
    if kind == "proposal":
        return subject
    if kind != "municipality":
        return material.label(kind, subject)
    granted = granted_path(store.processed, material.edition.name, kind, subject).read_bytes()
    tables, _ = unpack(granted, all_contracts(store))
    return str(tables["municipality_reach"]["name"].iloc[0])


def _render(store: Store, material: Material, kind: str, names: Sequence[tuple[str, str]], folder: Path) -> str:
    links, wording = Links(), material.wording
    blocks = [*_head(store, material, kind), _table(wording, names, folder, links)]
    page = render_html(
        _as_notebook(blocks),
        title=wording.plain("sheet.document.index"),
        language=material.edition.language,
        description=wording.plain("sheet.document.index_description", as_of=material.edition.as_of),
        labels=material.headings("document.labels"),
        notice=store.sources.find_mark(material.edition.language, material.plain("document.synthetic")),
    )
    return links.fill_in(page)


def _head(store: Store, material: Material, kind: str) -> Iterator[Html]:
    wording = material.wording
    line = Html(Markup('<p class="kind">{}</p>').format(wording.plain("sheet.index.kind")))
    yield header(heading(1, wording.plain("sheet.document.index"), "title"), line)
    if store.sources.notice:
        yield notice(store.sources.notice.in_language(material.edition.language))
    yield paragraphs(wording.plain("sheet.index.lead" if kind == "proposal" else "sheet.index.lead_groups"))


def _table(wording: Wording, names: Sequence[tuple[str, str]], folder: Path, links: Links) -> Html:
    forms = {form: wording.plain(f"sheet.index.{key}") for form, key in FORMS.items()}
    rows = [
        [label, *(_link(wording, folder / f"{name}.{form}", label, said, links) for form, said in forms.items())]
        for label, name in names
    ]
    headings = [wording.plain(f"sheet.index.headings.{key}") for key in wording.keys("sheet.index.headings")]
    return table(wording.plain("sheet.index.caption"), headings, rows)


def _link(wording: Wording, file: Path, label: str, said: str, links: Links) -> str:
    if not file.is_file():
        return wording.plain("sheet.index.failed")
    return links.mark([file.name], said, wording.plain("sheet.index.open", name=label, form=said))


def _as_notebook(blocks: list[Html]) -> NotebookNode:
    outputs = [v4.new_output("display_data", {"text/html": str(block.markup)}) for block in blocks]  # type: ignore[no-untyped-call]
    return v4.new_notebook(cells=[v4.new_code_cell(outputs=outputs)])  # type: ignore[no-untyped-call]
