"""An executed answer notebook as one self-contained, accessible HTML page."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import nbformat
from bs4.element import Tag
from nbconvert import HTMLExporter
from nbformat import NotebookNode

from analysis.faults import Fault
from analysis.publish.checks import alternative_faults, fragment_faults, language_faults, page_faults, refuse
from analysis.publish.vocabulary import attribute, line, parse

TEMPLATE = Path(__file__).with_name("template")
FIGURE = "image/svg+xml"
FRAGMENT = "text/html"
LONG_CELL = 24  # letters; a cell with more gets a width at which it reads well, also on a phone
LABELS = ("skip_to_content", "contents")


def render_html(
    notebook: NotebookNode, *, title: str, language: str, description: str, labels: Mapping[str, str], notice: str = ""
) -> str:
    """Return the page that shows the HTML fragments and SVG figures among the outputs of `notebook`.

    Args:
        notebook: executed; of its cells only the outputs are shown, not the source, prose or streams.
        title: text of the page's title element.
        language: language code of the text, such as `nl-BE`.
        description: what the page is about, in a sentence.
        labels: the words of the interface in that language, under the keys of `LABELS`.
        notice: what stays in sight on the whole page and at the foot of every printed one; none if empty.

    Raises:
        ValueError: one line per fault that makes the page unfit to publish.
    """
    texts = {"title": title, "description": description, **{key: labels.get(key, "") for key in LABELS}}
    outputs = list(_shown_outputs(notebook))
    refuse([*_text_faults(texts), *language_faults(language), *_output_faults(outputs)])
    shown = [_prepared(output) for _, output in outputs]
    page = {
        "title": title,
        "language": language,
        "description": description,
        "labels": dict(labels),
        "notice": notice,
    }
    markup = _exported(shown, page | {"contents": _contents(shown)})
    refuse(page_faults(parse(markup)))
    return markup


def _contents(outputs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the table of contents: an entry (id, text, entries) per h2, and inside it one per h3."""
    entries: list[dict[str, Any]] = []
    for output in outputs:
        for heading in parse(output["data"].get(FRAGMENT, "")).select("h2, h3"):
            entry = {"id": attribute(heading, "id"), "text": line(heading), "entries": []}
            siblings = entries[-1]["entries"] if heading.name == "h3" and entries else entries
            siblings.append(entry)
    return entries


def _text_faults(texts: Mapping[str, str]) -> Iterator[Fault]:
    for key, text in texts.items():
        if not text.strip():
            yield Fault(f"Word {key!r} of the page", "nothing", "a text in the language of the page")


def _shown_outputs(notebook: NotebookNode) -> Iterator[tuple[str, NotebookNode]]:
    for number, cell in enumerate(notebook.cells, start=1):
        for output in cell.get("outputs", []):
            if output.output_type != "stream":
                yield f"Cell {number}", output


def _output_faults(outputs: list[tuple[str, NotebookNode]]) -> Iterator[Fault]:
    for place, output in outputs:
        if output.output_type == "error":
            yield Fault(place, f"the error {output.ename}: {output.evalue}", "a notebook that ran to its end")
        elif FIGURE in output.data:
            yield from _figure_faults(place, output.metadata.get(FIGURE, {}))
        elif FRAGMENT in output.data:
            yield from fragment_faults(place, parse(output.data[FRAGMENT]))
        else:
            yield Fault(place, f"an output of {sorted(output.data)}", f"{FRAGMENT} or {FIGURE}")


def _figure_faults(place: str, description: Mapping[str, str]) -> Iterator[Fault]:
    name = f"{place}, figure {description.get('id', '')!r}"
    for key in ("id", "caption"):
        if not description.get(key, "").strip():
            yield Fault(name, f"no {key}", f"the {key} in the output's metadata")
    yield from alternative_faults(name, description.get("alt", ""))


def _prepared(output: NotebookNode) -> dict[str, Any]:
    """Return the output with nothing in it but what the template shows."""
    if FIGURE in output.data:
        description = output.metadata[FIGURE]
        picture = base64.b64encode(output.data[FIGURE].encode()).decode("ascii")
        figure = {key: description[key] for key in ("id", "alt", "caption")}
        metadata = {FIGURE: figure | {"source": f"data:{FIGURE};base64,{picture}"}}
        return {"output_type": "display_data", "data": {FIGURE: ""}, "metadata": metadata}
    fragment = parse(output.data[FRAGMENT])
    for table in fragment.select("table"):
        _make_scrollable(fragment.new_tag("div"), table)
    return {"output_type": "display_data", "data": {FRAGMENT: str(fragment)}, "metadata": {}}


def _make_scrollable(region: Tag, table: Tag) -> None:
    """Put the table in a region that scrolls by keyboard too, where the screen is narrower than the table."""
    caption = table.find("caption")
    label = line(caption) if caption else ""
    region.attrs.update({"class": "table-scroll", "tabindex": "0", "role": "region", "aria-label": label})
    table.wrap(region)
    for cell in table.select("tbody > tr > *"):
        if len(line(cell)) > LONG_CELL:
            cell["class"] = f"{attribute(cell, 'class')} long".strip()


def _exported(outputs: list[dict[str, Any]], page: Mapping[str, Any]) -> str:
    """Return the page; cells are made anew, so that nothing of the notebook but these outputs can show."""
    cell = {"cell_type": "code", "source": "", "execution_count": None}
    cells = [cell | {"metadata": {}, "outputs": outputs}]
    notebook = nbformat.from_dict(  # type: ignore[no-untyped-call]
        {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    )
    exporter = HTMLExporter(  # type: ignore[no-untyped-call]
        template_name=TEMPLATE.name,
        extra_template_basedirs=[str(TEMPLATE.parent)],
        exclude_input=True,
    )
    markup, _ = exporter.from_notebook_node(notebook, resources={"page": page})
    return str(markup)
