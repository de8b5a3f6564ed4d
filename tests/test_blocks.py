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


def marked(value: int, origin: str) -> Markup:
    return Markup('<data value="{0}" data-column="{1}">{0}</data>').format(value, origin)


def links(table: Html) -> list[tuple[str, str]]:
    return [(str(link["href"]), link.get_text()) for link in read(table).select("a.origin")]


def test_a_column_of_one_origin_has_its_link_in_the_heading_and_only_there() -> None:
    rows = [["a", marked(1, "t.sum"), "x"], ["b", "–", "y"], ["c", marked(2, "t.sum"), "z"]]
    assert links(blocks.table("The sums", ["Group", "Sum", "Note"], rows)) == [("#origin-t.sum", "Sum")]


def test_where_a_column_mixes_origins_the_first_number_of_each_has_the_link() -> None:
    between = Markup("{} to {}")
    rows = [[name, between.format(marked(i, "t.low"), marked(i + 5, "t.high"))] for i, name in enumerate("abc")]
    assert links(blocks.table("Ends", ["Group", "Interval"], rows)) == [("#origin-t.low", "0"), ("#origin-t.high", "5")]


def test_an_origin_that_a_cell_links_to_is_not_linked_again() -> None:
    own = Markup('<a class="origin" href="#origin-x"><data value="3" data-indicator="x">3</data></a>')
    rows = [
        ["a", own, marked(1, "t.sum")],
        ["b", Markup('<data value="3" data-indicator="x">3</data>'), marked(2, "t.sum")],
    ]
    found = links(blocks.table("The sums", ["Group", "X", "Sum"], rows))
    assert sorted(found) == [("#origin-t.sum", "Sum"), ("#origin-x", "3")]


def test_one_origin_in_two_columns_has_one_link() -> None:
    rows = [["a", marked(1, "t.sum"), marked(1, "t.sum")]]
    assert links(blocks.table("The sums", ["Group", "Sum", "Again"], rows)) == [("#origin-t.sum", "Sum")]


def test_words_that_look_like_a_mark_become_no_link() -> None:
    rows = [["a", '<data value="1" data-column="t.sum">1</data>']]
    page = read(blocks.table("The sums", ["Group", "Sum"], rows))
    assert page.select("a, data") == []


def test_rows_may_end_in_a_cell_for_links_back() -> None:
    page = read(blocks.table("Origins", ["Name", "Value", "Shown in"], [["a", "1"], ["b", "2"]], shown_in=True))
    assert [[cell.get_text() for cell in row.select("th, td")] for row in page.select("tr")] == [
        ["Name", "Value", "Shown in"], ["a", "1", ""], ["b", "2", ""],
    ]  # fmt: skip
    assert len(page.select("tbody td.shown-in:last-child")) == 2


def test_an_identifier_may_break_and_still_reads_as_it_is() -> None:
    shown = read(Html(blocks.breakable("selection.cost_of_balance@12ab")))
    assert shown.get_text() == "selection.cost_of_balance@12ab"
    assert len(shown.find_all("wbr")) == 4


def test_a_notebook_shows_the_markup_itself() -> None:
    assert blocks.notice("Look.")._repr_html_() == '<div class="notice"><p>Look.</p></div>'


def test_a_row_of_totals_is_marked_and_no_other() -> None:
    page = read(blocks.table("Money", ["Fund", "Euro"], [["a", "1"], ["b", "2"], ["all", "3"]], totals=[2]))
    assert [row.get("class") for row in page.select("tbody tr")] == [None, None, ["total"]]
