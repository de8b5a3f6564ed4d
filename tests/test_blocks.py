"""The fragments of HTML: what comes from data is escaped, what is markup already stays, tables can be read aloud."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from bs4 import BeautifulSoup
from markupsafe import Markup

from analysis import blocks
from analysis.blocks import Html

HOSTILE = '<script>alert("1")</script> & <b>'
LINK = Markup('<a href="#x">seven</a>')
FRAGMENTS: dict[str, Callable[[str], Html]] = {
    "paragraphs": blocks.paragraphs,
    "heading": lambda text: blocks.heading(2, text, "part"),
    "anchor of a heading": lambda text: blocks.heading(2, "Part", text),
    "bullets": lambda text: blocks.bullets([text]),
    "numbered": lambda text: blocks.numbered([text]),
    "notice": blocks.notice,
    "term": lambda text: blocks.facts([(text, "said")]),
    "fact": lambda text: blocks.facts([("term", text)]),
    "caption": lambda text: blocks.table(text, ["One"], [["cell"]]),
    "column heading": lambda text: blocks.table("Caption", [text], [["cell"]]),
    "row heading": lambda text: blocks.table("Caption", ["One"], [[text]]),
    "cell": lambda text: blocks.table("Caption", ["One", "Two"], [["cell", text]], numeric=[1]),
    "anchor of a row": lambda text: blocks.table("Caption", ["One"], [["cell"]], anchors=[text]),
    "identifier": lambda text: Html(blocks.breakable(text)),
}


def read(html: Html) -> BeautifulSoup:
    return BeautifulSoup(str(html.markup), "html.parser")


@pytest.mark.parametrize("place", FRAGMENTS)
def test_text_from_data_is_never_markup(place: str) -> None:
    page = read(FRAGMENTS[place](HOSTILE))
    assert page.find(["script", "b"]) is None
    said = page.get_text() + "".join(str(tag.get("id", "")) for tag in page.find_all(True))
    assert HOSTILE in said


@pytest.mark.parametrize("place", ["paragraphs", "bullets", "numbered", "notice", "fact", "row heading", "cell"])
def test_markup_keeps_its_links(place: str) -> None:
    link = read(FRAGMENTS[place](LINK)).a
    assert link is not None
    assert link.get_text() == "seven"


def test_a_text_is_parted_into_paragraphs_at_empty_lines_and_its_spaces_are_even() -> None:
    page = read(blocks.paragraphs(Markup("One  two\n three.\n\n\n\n Four. ")))
    assert [p.get_text() for p in page.find_all("p")] == ["One two three.", "Four."]


@pytest.mark.parametrize("text", ["", " \n\n "])
def test_a_text_that_says_nothing_is_no_paragraph(text: str) -> None:
    empty = blocks.paragraphs(Markup(text))
    assert empty.markup == ""
    assert not empty
    assert blocks.paragraphs("Something.")


def test_a_heading_has_its_level_and_the_id_that_links_lead_to() -> None:
    title = read(blocks.heading(3, "Money", "answer-3")).h3
    assert title is not None
    assert (title["id"], title.get_text()) == ("answer-3", "Money")


def test_lists_keep_the_order_given() -> None:
    assert [li.get_text() for li in read(blocks.bullets("abc")).select("ul > li")] == ["a", "b", "c"]
    assert [li.get_text() for li in read(blocks.numbered("abc")).select("ol > li")] == ["a", "b", "c"]


def test_facts_are_terms_with_what_is_said_of_each() -> None:
    page = read(blocks.facts([("Number", "12"), ("Organiser", "The fund")]))
    found = [(term.get_text(), term.find_next("dd").get_text()) for term in page.select("dl > dt")]
    assert found == [("Number", "12"), ("Organiser", "The fund")]


def test_a_header_holds_its_parts_in_order() -> None:
    page = read(blocks.header(blocks.heading(1, "Title", "title"), blocks.paragraphs("Below.")))
    assert [tag.name for tag in page.select("header > *")] == ["h1", "p"]


def test_a_table_has_a_caption_and_headings_with_their_scope() -> None:
    page = read(
        blocks.table("The sums", ["Group", "Sum"], [["a", "1"], ["b", "2"]], numeric=[1], anchors=["row-a", "row-b"])
    )
    assert page.select_one("table > caption").get_text() == "The sums"
    assert [th.get_text() for th in page.select('thead th[scope="col"]')] == ["Group", "Sum"]
    assert [th.get_text() for th in page.select('tbody th[scope="row"]')] == ["a", "b"]
    assert [row["id"] for row in page.select("tbody tr")] == ["row-a", "row-b"]
    assert [cell.get_text() for cell in page.select(".num")] == ["Sum", "1", "2"]


def test_a_table_without_rows_keeps_its_headings() -> None:
    page = read(blocks.table("The sums", ["Group"], []))
    assert len(page.select("thead th")) == 1
    assert page.select("tbody tr") == []


def test_an_identifier_may_break_and_still_reads_as_it_is() -> None:
    shown = read(Html(blocks.breakable("selection.cost_of_balance@12ab")))
    assert shown.get_text() == "selection.cost_of_balance@12ab"
    assert len(shown.find_all("wbr")) == 4


def test_a_notebook_shows_the_markup_itself() -> None:
    assert blocks.notice("Look.")._repr_html_() == '<div class="notice"><p>Look.</p></div>'
