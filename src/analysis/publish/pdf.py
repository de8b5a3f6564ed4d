"""A published page as an archivable and accessible PDF (PDF/A-2a and PDF/UA-1)."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import typst
from bs4 import BeautifulSoup
from bs4.element import Tag

from analysis.faults import Fault
from analysis.publish.checks import alternative_faults, language_faults, page_faults, refuse
from analysis.publish.markup import flow
from analysis.publish.strings import typst_language, typst_string
from analysis.publish.tagging import complete_tags
from analysis.publish.vocabulary import HEADINGS, attribute, line, parse

STYLE = Path(__file__).with_name("template") / "document.typ"


def render_pdf(html: str, *, created: datetime.date) -> bytes:
    """Return the PDF of a page made by `render_html`; the same page and date give the same bytes.

    Args:
        html: the page; its main element is printed, its title and language become the document's.
        created: date of the document.

    Raises:
        ValueError: one line per fault that makes the page unfit to print, or a tag that cannot be printed.
        typst.TypstError: the document cannot be made to meet the standards.
    """
    page = parse(html)
    refuse(_document_faults(page))
    main = page.select("main")[0]
    _move_contents(page, main)
    _link_sections_by_heading(main)
    source = "\n".join([STYLE.read_text(encoding="utf-8"), _settings(page, created), flow(main)])
    return complete_tags(_compiled(source, created), main)


def _document_faults(page: BeautifulSoup) -> Iterator[Fault]:
    yield from language_faults(_language(page))
    if not _title(page):
        yield Fault("Page", "no title", "a <title> with text")
    yield from page_faults(page)
    for image in page.select("img"):
        yield from alternative_faults("Figure", attribute(image, "alt"))


def _language(page: BeautifulSoup) -> str:
    return "".join(attribute(tag, "lang") for tag in page.select("html"))


def _title(page: BeautifulSoup) -> str:
    return "".join(line(tag) for tag in page.select("head > title"))


def _description(page: BeautifulSoup) -> str:
    return "".join(attribute(tag, "content") for tag in page.select('meta[name="description"]'))


def _notice(page: BeautifulSoup) -> str:
    return "".join(line(tag) for tag in page.select("footer"))


def _move_contents(page: BeautifulSoup, main: Tag) -> None:
    """Put the contents below the head of the document, where a reader of paper looks for them."""
    contents, head = page.select_one("nav"), main.select_one("header, h1")
    if contents and head:
        head.insert_after(contents.extract())


def _link_sections_by_heading(main: Tag) -> None:
    """Let links to a section arrive at its heading: a section has no place of its own on paper."""
    for section in main.select("section[id]"):
        first = section.find(True)
        if isinstance(first, Tag) and first.name in HEADINGS:
            for link in main.select("a"):
                if attribute(link, "href") == "#" + attribute(section, "id"):
                    link["href"] = "#" + attribute(first, "id")
            del section["id"]


def _settings(page: BeautifulSoup, created: datetime.date) -> str:
    arguments = [
        f"title: {typst_string(_title(page))}",
        f"description: {typst_string(_description(page))}",
        f"notice: {typst_string(_notice(page))}",
        f"date: datetime(year: {created.year}, month: {created.month}, day: {created.day})",
        typst_language(_language(page)),
    ]
    return f"#show: document-style.with({', '.join(arguments)})"


def _compiled(source: str, created: datetime.date) -> bytes:
    return typst.compile(
        source.encode(),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        pdf_standards=["a-2a", "ua-1"],
        timestamp=datetime.datetime(created.year, created.month, created.day, tzinfo=datetime.UTC),
    )


def _fonts() -> typst.Fonts:
    """Return the fonts of Typst and Matplotlib: of every machine the same, and a sign for every character."""
    directory = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return typst.Fonts(include_system_fonts=False, font_paths=[directory])
