"""A report with a table of a thousand rows, every number marked with its origin, made into the page and the PDF.

The peer of the page is nbconvert's own HTML export of the same notebook: it gives no links, tips or checks. The PDF has
no peer that pip alone installs; it is measured against a tenth of the rows, which tells whether it grows in proportion.
"""

from __future__ import annotations

import datetime
from pathlib import Path

import nbformat
from markupsafe import Markup
from nbconvert import HTMLExporter

from analysis.blocks import header, heading, paragraphs
from analysis.publish.html import render_html
from analysis.publish.pdf import render_pdf
from bench.measure import MEMORY, SECONDS, TIMES, Bound, Case, Facts, Way, Work, fresh

ROWS, FEW, CITED = 1_000, 100, 200
COLUMNS = ("score", "rank", "amount", "months", "share")
PAGE = {
    "title": "A report of a thousand rows",
    "language": "en",
    "description": "Made up to measure publishing.",
    "labels": {"skip_to_content": "Skip to content", "contents": "Contents", "sort": "Sort by"},
}
SIZE = "KiB"
Notebook = nbformat.NotebookNode


def make_report(rows: int) -> Notebook:
    """Return an executed notebook: numbers in prose, a table of so many rows, and the annex with their origins."""
    cited = [f"measure.figure_{number}" for number in range(CITED)]
    prose = [
        Markup("<p>Of these {} were counted.</p>").format(
            Markup('<a class="origin" href="#origin-{0}"><data value="{1}" data-indicator="{0}">{1}</data></a>').format(
                name, number
            )
        )
        for number, name in enumerate(cited)
    ]
    parts = [
        header(heading(1, "Report", "title"))._repr_html_(),
        heading(2, "Question 1: the figures", "q-1")._repr_html_() + "".join(prose),
        heading(2, "Question 2: the ideas", "q-2")._repr_html_() + make_table(rows),
        heading(2, "Annex 1: origin", "origin")._repr_html_()
        + paragraphs("Every figure has its row.")._repr_html_()
        + make_origins("Figures", cited)
        + make_origins("Columns", [f"ideas.{name}" for name in COLUMNS]),
    ]
    outputs = [nbformat.v4.new_output("display_data", {"text/html": part}) for part in parts]
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=outputs)])


def make_table(rows: int) -> str:
    heads = "".join(
        f'<th scope="col" class="num"><a class="origin" href="#origin-ideas.{name}">{name}</a></th>' for name in COLUMNS
    )
    body = "".join(
        f'<tr><th scope="row">I{row:04}</th><td>Idea {row} about reading together in the neighbourhood</td>'
        + "".join(
            f'<td class="num"><data value="{row * 7}" data-column="ideas.{name}">{row * 7:,}</data></td>'
            for name in COLUMNS
        )
        + "</tr>"
        for row in range(rows)
    )
    fixed = '<th scope="col">Id</th><th scope="col">Idea</th>'
    return f"<table><caption>All ideas</caption><thead><tr>{fixed}{heads}</tr></thead><tbody>{body}</tbody></table>"


def make_origins(caption: str, names: list[str]) -> str:
    heads = "".join(f'<th scope="col">{name}</th>' for name in ("Figure", "Unit", "Function", "Tables", "Shown in"))
    body = "".join(
        f'<tr id="origin-{name}"><th scope="row">{name}</th><td>number</td><td>measure.count</td>'
        '<td>ideas@0123456789</td><td class="shown-in"></td></tr>'
        for name in names
    )
    return f"<table><caption>{caption}</caption><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"


def publish(rows: int) -> Work:
    notebook = make_report(rows)

    def work() -> Facts:
        page = render_html(notebook, **PAGE)
        printed = render_pdf(page, created=datetime.date(2024, 3, 5))
        return {SIZE: (len(page.encode()) + len(printed)) / 1024}

    return work


def publish_all(_: Path) -> Work:
    return publish(ROWS)


def publish_few(_: Path) -> Work:
    return publish(FEW)


def render_page(_: Path) -> Work:
    notebook = make_report(ROWS)
    return lambda: {SIZE: len(render_html(notebook, **PAGE).encode()) / 1024}


def export_page(_: Path) -> Work:
    notebook = make_report(ROWS)
    return lambda: {SIZE: len(HTMLExporter().from_notebook_node(notebook)[0].encode()) / 1024}


WHOLE, PART = "1,000 rows to HTML and PDF", "1,000 rows to HTML"
CASES = (
    Case(WHOLE, (Way("ours", fresh(publish_all)), Way("ours, 100 rows, tenfold", fresh(publish_few), ROWS / FEW)), 3),
    Case(PART, (Way("ours", fresh(render_page)), Way("nbconvert", fresh(export_page))), 3),
)
BOUNDS = (Bound(WHOLE, 10, SECONDS), Bound(WHOLE, 1024, MEMORY), Bound(WHOLE, 1.5, TIMES))
