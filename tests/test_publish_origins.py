"""Numbers and their origins: numbered citations, links back, and the rules of the tips."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import pytest
from bs4 import BeautifulSoup
from publish_demonstration import PAGE, cell_number, cite, demonstration, number, page_of, table

from analysis.publish.html import render_html
from analysis.publish.strings import css_string

HEAD = ["Kengetal", "Waarde", "Functie"]
ROWS = [["a.b", "16", "count(x)"], ["c.d", "–", "share(x)"]]
TABLE_ROWS = [["t.score", "punten", "total(y)"]]


def annex(rows: list[list[str]] = ROWS) -> str:
    origins = table("tab-o", "Herkomst", HEAD, rows, {1}, [f"origin-{row[0]}" for row in rows])
    columns = ["Kolom", "Eenheid", "Functie"]
    return (
        '<h2 id="origin">Bijlage 1: herkomst</h2>'
        + origins
        + table("tab-c", "Kolommen", columns, TABLE_ROWS, set(), ["origin-t.score"])
    )


BODY = f"""
<h2 id="q1">Vraag 1: de keuze</h2><p>Er zijn {number("a.b", "16", "zestien")}, ja {number("a.b", "16", "16")}.</p>
<h2 id="q2">Vraag 2: het geld</h2><p>Weer {number("a.b", "16", "zestien")} en {number("c.d", "1", "een")}.</p>
{table("tab-s", "Scores", ["Idee", cite("t.score", "Score")], [["A", cell_number("t.score", "7", "7")]], {1}, [])}
"""


def show(body: str) -> BeautifulSoup:
    return BeautifulSoup(render_html(page_of(body), **PAGE), "html.parser")


@pytest.fixture(scope="module")
def page() -> BeautifulSoup:
    return show(BODY + annex())


def links_of(page: BeautifulSoup, row: str) -> list[tuple[str, Any, Any]]:
    cell = next(tag for tag in page.select("tr") if tag.get("id") == f"origin-{row}").select("td.shown-in")[0]
    return [(link.text, link["href"], link["aria-label"]) for link in cell.select("a")]


def test_each_row_links_back_to_each_citation_by_the_name_of_its_part(page: BeautifulSoup) -> None:
    assert links_of(page, "a.b") == [
        ("Vraag 1", "#cited-a.b-1", "Vraag 1: a.b"),
        ("(2)", "#cited-a.b-2", "Vraag 1 (2): a.b"),
        ("Vraag 2", "#cited-a.b-3", "Vraag 2: a.b"),
    ]
    assert links_of(page, "t.score") == [("Vraag 2", "#cited-t.score-1", "Vraag 2: t.score")]
    cell = page.select('tr[id="origin-a.b"] td.shown-in')[0]
    assert cell.text == "Vraag 1 (2), Vraag 2"


@pytest.mark.parametrize("fixed", [BODY + annex(), None])
def test_links_lead_there_and_back(fixed: str | None) -> None:
    page = show(fixed) if fixed else BeautifulSoup(render_html(demonstration(), **PAGE), "html.parser")
    rows = {row["id"]: row for row in page.select('tr[id^="origin-"]')}
    citations = page.select("main a.origin")
    assert len(citations) >= 4
    for link in citations:
        row = rows[str(link["href"])[1:]]
        assert link["aria-describedby"] == row["id"]
        assert f"#{link['id']}" in {back["href"] for back in row.select("td.shown-in a")}
    assert sum(len(row.select("td.shown-in a")) for row in rows.values()) == len(citations)


def test_links_back_have_distinct_spoken_names_that_hold_their_words(page: BeautifulSoup) -> None:
    links = page.select("td.shown-in a")
    names = Counter(str(link["aria-label"]) for link in links)
    assert max(names.values()) == 1
    assert all(link.text in str(link["aria-label"]) for link in links)


def test_row_that_nothing_cites_says_so() -> None:
    page = show(BODY + annex([*ROWS, ["e.f", "3", "count(z)"]]))
    assert page.select('tr[id="origin-e.f"] td.shown-in')[0].text == "–"


def test_headings_that_share_their_first_words_are_named_in_full() -> None:
    said = number("a.b", "16", "16")
    body = f'<h2 id="x">Deel: een</h2><p>{said}</p><h2 id="y">Deel: twee</h2><p>{said}</p>'
    assert [text for text, _, _ in links_of(show(body + annex()), "a.b")] == ["Deel: een", "Deel: twee"]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (f"<p>{number('x.y', '1', 'een')}</p>", "Number 'een': found no row origin-x.y"),
        (f"<p>{cite('x.y', 'Kop')}</p>", "Number 'Kop': found no row origin-x.y"),
        (f"<p>{cell_number('t.score', '1', 'een')}</p>", "Number 'een': found no link to its origin t.score"),
        ('<p><data value="1" data-indicator="c.d">een</data></p>', "Number 'een': found no link to its origin c.d"),
        (
            f"<p>{number('q.r', '1', 'een')}</p><table><caption>C</caption><thead><tr><th scope='col'>K</th></tr></thead>"
            "<tbody><tr id='origin-q.r'><td>q.r</td></tr></tbody></table>",
            "Row origin-q.r: found no cell for where it is shown",
        ),
    ],
)
def test_number_without_origin_is_refused(body: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        show(body + annex())


def test_tip_rule_has_the_cells_of_the_row_but_no_empty_ones(page: BeautifulSoup) -> None:
    style = page.select("style")[0].text
    rules = re.findall(r'^\[href="#origin-(.*?)"\].*\{--origin:"(.*)"\}$', style, flags=re.MULTILINE)
    assert dict(rules) == {
        "a.b": r"Kengetal: a.b\a Waarde: 16\a Functie: count(x)",
        "c.d": r"Kengetal: c.d\a Functie: share(x)",
        "t.score": r"Kolom: t.score\a Eenheid: punten\a Functie: total(y)",
    }


@pytest.mark.parametrize("text", ['a"b', "a\\b", "a\nb", "</style><script>", "a\rb", "\\", 'url("x")', "\x00", "*/}"])
def test_no_text_ends_a_style_string(text: str) -> None:
    said = css_string(text)
    assert said[0] == said[-1] == '"'
    assert not set('"\n\r<>\x00') & set(re.sub(r"\\[0-9a-f]{1,6} ", "", said[1:-1]))
    assert "\\" not in re.sub(r"\\[0-9a-f]{1,6} ", "", said[1:-1])
