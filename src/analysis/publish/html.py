"""An executed answer notebook as one self-contained, accessible HTML page."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import nbformat
from bs4 import BeautifulSoup
from bs4.element import Tag
from nbconvert.exporters import TemplateExporter
from nbformat import NotebookNode

from analysis.faults import Fault
from analysis.publish.checks import (
    alternative_faults,
    fragment_faults,
    language_faults,
    points_faults,
    refuse,
)
from analysis.publish.origins import connect_origins, find_origins, origin_faults
from analysis.publish.page import PageText, publish
from analysis.publish.strings import clean
from analysis.publish.vocabulary import attribute, line, parse, pieces, tags, uncollected

TEMPLATE = Path(__file__).with_name("template")
FIGURE = "image/svg+xml"
FRAGMENT = "text/html"
LONG_CELL = 24  # letters; a cell with more gets a width at which it reads well, also on a phone
LONG_PIECE = 30  # letters; a cell with a word of more is broken anywhere, lest it make the table very wide
NOTICE_LINE = 36  # letters of the running notice on a line, on the narrowest phone
LABELS = ("skip_to_content", "contents", "sort")


@uncollected()
def render_html(
    notebook: NotebookNode, *, title: str, language: str, description: str, labels: Mapping[str, str], notice: str = ""
) -> PageText:
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
    outputs = [(place, _read_output(output)) for place, output in _shown_outputs(notebook)]
    refuse([*_text_faults(texts), *language_faults(language), *_output_faults(outputs)])
    shown = [_prepared(output) for _, output in outputs]
    fragments = [piece for piece in shown if isinstance(piece, Tag)]
    origins = find_origins(fragments)
    refuse(origin_faults(origins))
    tips = connect_origins(origins)
    page = {
        "title": title,
        "language": language,
        "description": description,
        "labels": dict(labels),
        "notice": notice,
        "contents": _contents(fragments),
        **_inline_files(tips, notice),
    }
    tree = parse(_exported([_output(piece) for piece in shown], page))
    written = str(tree)  # with the ends of lines and the references to characters of every page alike
    markup = clean(written)
    return publish(tree if markup == written else parse(markup), markup)


def _inline_files(tips: str, notice: str) -> dict[str, str]:
    """Return the style and the script of the page, with the digests by which its security policy knows them."""
    foot = f":root {{ --notice-lines: {math.ceil(len(notice) / NOTICE_LINE)}; }}"
    style = "\n".join(["", _read("style.css"), foot, tips, ""])
    script = "\n" + _read("page.js")
    return {"style": style, "style_digest": _digest(style), "script": script, "script_digest": _digest(script)}


def _read(name: str) -> str:
    return (TEMPLATE / name).read_text(encoding="utf-8")


def _digest(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode("ascii")


def _contents(fragments: Iterable[Tag]) -> list[dict[str, Any]]:
    """Return the table of contents: an entry (id, text, entries) per h2, and inside it one per h3."""
    entries: list[dict[str, Any]] = []
    for fragment in fragments:
        for heading in tags(fragment, "h2", "h3"):
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


def _read_output(output: NotebookNode) -> BeautifulSoup | NotebookNode:
    """Return the tree of a fragment; any other output as it is."""
    data = output.get("data", {})
    return parse(clean(data[FRAGMENT])) if FRAGMENT in data and FIGURE not in data else output


def _output_faults(outputs: list[tuple[str, BeautifulSoup | NotebookNode]]) -> Iterator[Fault]:
    for place, output in outputs:
        if isinstance(output, BeautifulSoup):
            yield from fragment_faults(place, output)
        elif output.output_type == "error":
            yield Fault(place, f"the error {output.ename}: {output.evalue}", "a notebook that ran to its end")
        elif FIGURE in output.data:
            yield from _figure_faults(place, output.metadata.get(FIGURE, {}))
        else:
            yield Fault(place, f"an output of {sorted(output.data)}", f"{FRAGMENT} or {FIGURE}")


def _figure_faults(place: str, description: Mapping[str, Any]) -> Iterator[Fault]:
    name = f"{place}, figure {description.get('id', '')!r}"
    for key in ("id", "caption"):
        if not description.get(key, "").strip():
            yield Fault(name, f"no {key}", f"the {key} in the output's metadata")
    yield from alternative_faults(name, description.get("alt", ""))
    yield from points_faults(name, description.get("points", []))


def _prepared(output: BeautifulSoup | NotebookNode) -> Tag | dict[str, str]:
    """Return what is shown of an output: a fragment, its tables in regions, or a figure as what the template names."""
    if isinstance(output, BeautifulSoup):
        for table in tags(output, "table"):
            _make_scrollable(output.new_tag("div"), table)
        return output
    description = output.metadata[FIGURE]
    picture = base64.b64encode(clean(output.data[FIGURE]).encode()).decode("ascii")
    figure = {key: str(description[key]) for key in ("id", "alt", "caption")}
    points = description.get("points", [])
    spots = {"points": json.dumps([_point(point) for point in points], ensure_ascii=False)} if points else {}
    return figure | spots | {"source": f"data:{FIGURE};base64,{picture}"}


def _point(point: Mapping[str, Any]) -> list[Any]:
    return [round(point["x"], 1), round(point["y"], 1), str(point["label"])]


def _output(shown: Tag | dict[str, str]) -> dict[str, Any]:
    """Return what is shown as an output with nothing else in it."""
    if isinstance(shown, Tag):
        return {"output_type": "display_data", "data": {FRAGMENT: str(shown)}, "metadata": {}}
    return {"output_type": "display_data", "data": {FIGURE: ""}, "metadata": {FIGURE: shown}}


def _make_scrollable(region: Tag, table: Tag) -> None:
    """Put the table in a region that scrolls by keyboard too, where the screen is narrower than the table."""
    caption = table.find("caption")
    label = line(caption) if caption else ""
    region.attrs.update({"class": "table-scroll", "tabindex": "0", "role": "region", "aria-label": label})
    table.wrap(region)
    for cell in tags(table):
        row = cell.parent
        if row and row.name == "tr" and row.parent and row.parent.name == "tbody" and len(line(cell)) > LONG_CELL:
            unbroken = any(len(piece) > LONG_PIECE for piece in pieces(cell))
            cell["class"] = f"{attribute(cell, 'class')} long{' unbroken' if unbroken else ''}".strip()


def _exported(outputs: list[dict[str, Any]], page: Mapping[str, Any]) -> str:
    """Return the page; cells are made anew, so that nothing of the notebook but these outputs can show."""
    cell = {"cell_type": "code", "source": "", "execution_count": None}
    cells = [cell | {"metadata": {}, "outputs": outputs}]
    notebook = nbformat.from_dict(  # type: ignore[no-untyped-call]
        {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}
    )
    markup, _ = _exporter().from_notebook_node(notebook, resources={"page": page})
    return str(markup)


@cache
def _exporter() -> _PageExporter:
    """Return the exporter of all pages: its templates are compiled for the first one."""
    return _PageExporter(  # type: ignore[no-untyped-call]
        template_name=TEMPLATE.name,
        extra_template_basedirs=[str(TEMPLATE.parent)],
        exclude_input=True,
    )


class _PageExporter(TemplateExporter):
    """The exporter of HTML without what follows its template: a parse of the page, which is wanted here."""

    file_extension = ".html"
