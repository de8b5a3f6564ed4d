"""A published page as an archivable and accessible PDF (PDF/A-2a and PDF/UA-1)."""

from __future__ import annotations

import datetime
from pathlib import Path

from analysis.publish.markup import flow
from analysis.publish.page import Document, open_document
from analysis.publish.places import find_places
from analysis.publish.strings import typst_language, typst_string, typst_text
from analysis.publish.tagging import complete_tags
from analysis.publish.typesetting import typeset
from analysis.publish.vocabulary import uncollected

RUNNING = 180  # letters of the title at the head of each page: two lines
STYLE = Path(__file__).with_name("template") / "document.typ"


@uncollected()
def render_pdf(html: str, *, created: datetime.date) -> bytes:
    """Return the PDF of a page made by `render_html`; the same page and date give the same bytes.

    Args:
        html: the page; its main element is printed, its title and language become the document's.
        created: date of the document.

    Raises:
        ValueError: one line per fault that makes the page unfit to print, or a tag that cannot be printed.
        typst.TypstError: the document cannot be made to meet the standards.
    """
    document = open_document(html)
    body = flow(document.main, find_places(document.main))
    source = "\n".join([STYLE.read_text(encoding="utf-8"), _settings(document, created), body])
    return complete_tags(_compiled(source, created), document.main)


def _shortened(title: str) -> str:
    return title if len(title) <= RUNNING else title[:RUNNING] + "…"


def _settings(document: Document, created: datetime.date) -> str:
    arguments = [
        f"title: {typst_string(document.title)}",
        f"description: {typst_string(document.description)}",
        f"running: [{typst_text(_shortened(document.title))}]",
        f"notice: {typst_string(document.notice)}",
        f"date: datetime(year: {created.year}, month: {created.month}, day: {created.day})",
        typst_language(document.language),
    ]
    return f"#show: document-style.with({', '.join(arguments)})"


def _compiled(source: str, created: datetime.date) -> bytes:
    moment = datetime.datetime(created.year, created.month, created.day, tzinfo=datetime.UTC)
    made = typeset(source, pdf_standards=["a-2a", "ua-1"], timestamp=moment)
    return made if isinstance(made, bytes) else b"".join(made)
