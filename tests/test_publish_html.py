"""The HTML page: what it shows, what it refuses, and how it behaves in a real browser."""

from __future__ import annotations

import base64
import datetime
import fnmatch
import pickle
import re
import tomllib
from html import escape
from pathlib import Path
from typing import Any

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat import NotebookNode
from publish_demonstration import (
    HOSTILE,
    LONG_WORD,
    PAGE,
    TITLE,
    demonstration,
    drawing,
    figure,
    fragment,
    notebook_of,
    page_of,
    table,
)

from analysis.blocks import breakable
from analysis.publish import html
from analysis.publish.docx import render_docx
from analysis.publish.html import LABELS, render_html
from analysis.publish.pdf import render_pdf

HOSTILE_BODY = f"""
<h2 id="hostile">{escape(HOSTILE)}</h2>
<p>{escape(HOSTILE)} \U0001f600 {LONG_WORD}</p>
{table("hostile-table", "Vijandige tekst", ["Naam", "Waarde"], [[LONG_WORD, "1"], [HOSTILE, "2"]], {1}, [])}
"""


def render(notebook: NotebookNode, **changes: Any) -> str:
    return render_html(notebook, **(PAGE | changes))


def soup(notebook: NotebookNode) -> BeautifulSoup:
    return BeautifulSoup(render(notebook), "html.parser")


@pytest.fixture(scope="module")
def markup() -> str:
    return render(demonstration())


@pytest.fixture(scope="module")
def page(markup: str) -> BeautifulSoup:
    return BeautifulSoup(markup, "html.parser")


def test_page_names_its_language_title_and_subject(markup: str, page: BeautifulSoup) -> None:
    assert markup.lstrip().lower().startswith("<!doctype html>")
    assert page.html is not None
    assert page.html["lang"] == "nl-BE"
    assert page.title is not None
    assert page.title.text == TITLE
    assert [tag["content"] for tag in page.select('meta[name="description"]')] == [PAGE["description"]]


def test_skip_link_is_first_and_leads_to_the_only_main(page: BeautifulSoup) -> None:
    first = page.select("body a")[0]
    assert first.text == "Naar de inhoud"
    assert [f"#{main['id']}" for main in page.select("main")] == [first["href"]]


def test_contents_list_the_second_and_third_headings_in_order(page: BeautifulSoup) -> None:
    headings = [(f"#{tag['id']}", tag.text) for tag in page.select("main h2, main h3")]
    entries = [(link["href"], link.text) for link in page.select("nav li a")]
    assert len(entries) > 5
    assert entries == headings
    assert len(page.select("nav ol ol a")) == len(page.select("main h3"))
    assert page.select("nav .contents-title")[0].text == "Inhoud"


def test_page_without_second_headings_has_no_contents() -> None:
    assert not soup(page_of("<p>Kort.</p>")).select("nav")


@pytest.mark.parametrize("hidden", ["secret_source", "secret markdown", "secret raw", "secret stream", "<fragment>"])
def test_nothing_but_the_outputs_shows(markup: str, hidden: str) -> None:
    assert hidden not in markup
    assert escape(hidden) not in markup


def test_outputs_stand_in_the_order_of_the_cells(page: BeautifulSoup) -> None:
    order = [tag["id"] for tag in page.select("main > figure, main > .table-scroll > table, main > h2, main > section")]
    assert order == [
        "summary", "distribution", "fig-province", "ranking", "fig-scores",
        "tab-ranking", "reasons", "tab-reasons", "origins",
    ]  # fmt: skip


def test_figures_are_inside_the_page_with_alt_and_caption(page: BeautifulSoup) -> None:
    shown = page.select("figure#fig-province")[0]
    image = shown.select("img")[0]
    kind, _, data = str(image["src"]).partition(";base64,")
    assert kind == "data:image/svg+xml"
    assert base64.b64decode(data).decode() == drawing("bars")
    assert image["alt"] == "Antwerpen telt de meeste voorstellen, negen; Limburg de minste, drie."
    assert "Bron: tabel met de voorstellen." in shown.select("figcaption")[0].text


def test_page_asks_for_nothing_from_elsewhere(markup: str, page: BeautifulSoup) -> None:
    addresses = [str(tag.get("src") or tag.get("href")) for tag in page.select("[src], [href]")]
    assert len(addresses) > 15
    assert [address[:30] for address in addresses if not address.startswith(("#", "data:"))] == []
    assert re.findall(r"@import|url\(", markup) == []
    assert page.select("script[src], iframe, object, link[rel=stylesheet]") == []


def test_tables_scroll_in_a_named_region_reached_by_keyboard(page: BeautifulSoup) -> None:
    regions = [table.parent for table in page.select("table")]
    assert len(regions) == 5
    for region in regions:
        assert region is not None
        assert region["class"] == ["table-scroll"]
        assert (region["role"], region["tabindex"]) == ("region", "0")
        assert region["aria-label"] == region.select("caption")[0].text


def test_hostile_text_stays_text() -> None:
    shown = soup(page_of(HOSTILE_BODY))
    assert shown.select("main h2")[0].text == HOSTILE
    assert shown.select("nav li a")[0].text == HOSTILE
    assert HOSTILE in shown.select("main p")[0].text
    assert shown.select("main script") == []


def test_hostile_title_and_labels_stay_text() -> None:
    labels = dict.fromkeys(LABELS, HOSTILE)
    page = BeautifulSoup(
        render(page_of('<h2 id="a">A</h2>'), title=HOSTILE, description=HOSTILE, labels=labels), "html.parser"
    )
    assert page.title is not None
    assert page.title.text == HOSTILE
    assert [tag["content"] for tag in page.select('meta[name="description"]')] == [HOSTILE]
    assert page.select("a.skip")[0].text == HOSTILE
    assert page.select(".contents-title")[0].text == HOSTILE


def test_same_notebook_gives_the_same_page(markup: str) -> None:
    assert render(demonstration()) == markup


def test_notebook_is_left_as_it_was() -> None:
    notebook = demonstration()
    before = nbformat.writes(notebook)
    render(notebook)
    assert nbformat.writes(notebook) == before


def test_unclosed_tag_does_not_swallow_what_follows() -> None:
    shown = soup(notebook_of(fragment('<section><h1 id="t">T</h1>'), fragment("</section></main><p>Slot.</p>")))
    assert [tag.text for tag in shown.select("main > p")] == ["Slot."]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("<p>Zie <a href='#elders'>elders</a>.</p>", "#elders"),
        ("<p>Zie <a href='https://example.org'>elders</a>.</p>", "a link inside the page"),
        ("<p><a href='#title'></a></p>", "no text"),
        ("<p id='dubbel'>a</p><p id='dubbel'>b</p>", "Id 'dubbel': found 2 elements"),
        ("<p id='twee woorden'>a</p>", "an id without white space"),
        ("<p id='page-main'>a</p>", "Id 'page-main': found 2 elements"),
        ("<h2 id='a'>A</h2><h4 id='b'>B</h4>", "level 4 after level 2"),
        ("<h1 id='b'>B</h1>", "a second heading of level 1"),
        ("<h2>A</h2>", "Heading 'A': found no id"),
        ("<h2 id='a'> </h2>", "a heading that names what follows"),
        ("<script>alert(1)</script>", "<script>"),
        ("<img src='x'>", "<img>"),
        ("<p onclick='x()'>a</p>", "onclick"),
        ("<p style='color: red'>a</p>", "style"),
        ("<!-- geheim -->", "a comment"),
        ("<div>a</div>", 'class="notice"'),
        ("<p>a<ul><li>b</li></ul></p>", "a <ul> inside it"),
        ("<table><caption>T</caption><tbody><tr><td>1</td></tr></tbody></table>", "columns without a header"),
        ("<table><thead><tr><th scope='col'>A</th></tr></thead></table>", "no caption"),
        ("<table><caption>T</caption><thead><tr><th>A</th></tr></thead></table>", 'scope="col"'),
        (
            "<table><caption>T</caption><thead><tr><th scope='col'>A</th></tr></thead>"
            "<tbody><tr><td>1</td><td>2</td></tr></tbody></table>",
            "rows of [1, 2] cells",
        ),
        (table("a", "T", ["A"], [["1"]], set(), []) + table("b", "T", ["A"], [["1"]], set(), []), "2 tables with it"),
    ],
)
def test_faults_of_a_page_are_refused(body: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        render(page_of(body))


def test_page_without_title_heading_is_refused() -> None:
    with pytest.raises(ValueError, match="level 2 after level 0"):
        render(notebook_of(fragment('<h2 id="a">A</h2>')))
    with pytest.raises(ValueError, match="no heading"):
        render(notebook_of(fragment("<p>a</p>")))


def test_all_faults_are_said_at_once() -> None:
    with pytest.raises(ValueError, match="nothing") as refused:
        render(
            notebook_of(figure("", "bars", "", ""), fragment("<img>")),
            language="Nederlands",
            description=" ",
            labels={"contents": "Inhoud"},
        )
    said = str(refused.value).splitlines()
    assert len(said) == 8
    for word in (
        "'description'",
        "'skip_to_content'",
        "'sort'",
        "'Nederlands'",
        "no id",
        "no caption",
        "no alt text",
        "<img>",
    ):
        assert any(word in sentence for sentence in said)


@pytest.mark.parametrize("alt", ["", "  ", "No description has been provided for this image"])
def test_figure_without_real_alt_text_is_refused(alt: str) -> None:
    with pytest.raises(ValueError, match="a text that states what the figure shows"):
        render(notebook_of(figure("fig", "bars", alt, "Bijschrift")))


def test_figure_without_description_is_refused() -> None:
    bare = nbformat.v4.new_output("display_data", {"image/svg+xml": drawing("bars")})
    with pytest.raises(ValueError, match="no caption"):
        render(notebook_of(bare))


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (nbformat.v4.new_output("error", ename="KeyError", evalue="'x'"), "Cell 1: found the error KeyError: 'x'"),
        (nbformat.v4.new_output("execute_result", {"text/plain": "<Axes>"}), "text/plain"),
        (nbformat.v4.new_output("display_data", {"image/png": "aGk="}), "image/png"),
    ],
)
def test_other_outputs_are_refused(output: NotebookNode, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        render(notebook_of(output))


def test_template_is_shipped_with_the_package() -> None:
    root = Path(__file__).parents[1]
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    patterns = settings["tool"]["setuptools"]["package-data"]["analysis"]
    files = list(html.TEMPLATE.iterdir())
    assert {file.name for file in files} >= {"conf.json", "index.html.j2", "style.css", "page.js", "document.typ"}
    for file in files:
        name = file.relative_to(root / "src" / "analysis").as_posix()
        assert any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_barrier(view: Any, markup: str, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")
    shown = view(markup, width, scheme)
    results = axe.Axe().run(shown, options={"resultTypes": ["violations", "passes"]}).response
    assert [violation["id"] for violation in results["violations"]] == []
    assert "color-contrast" in {passed["id"] for passed in results["passes"]}


def test_colours_follow_the_scheme_and_figures_keep_a_white_sheet(view: Any, markup: str) -> None:
    colour = "selector => getComputedStyle(document.querySelector(selector)).backgroundColor"
    dark, light = view(markup, 1280, "dark"), view(markup, 1280, "light")
    assert dark.evaluate(colour, "body") != light.evaluate(colour, "body")
    assert dark.evaluate(colour, ".sheet") == light.evaluate(colour, ".sheet") == "rgb(255, 255, 255)"


def test_browser_asks_for_the_page_only(view: Any, markup: str) -> None:
    requests = view(markup, 1280).requests
    assert [url for url in requests if not url.startswith("data:")] == requests[:1]
    assert requests[0].startswith("file:")


@pytest.mark.parametrize("width", [320, 360, 800, 1280])
@pytest.mark.parametrize("content", ["demonstration", "hostile"])
def test_page_never_scrolls_sideways(view: Any, markup: str, content: str, width: int) -> None:
    shown = view(markup if content == "demonstration" else render(page_of(HOSTILE_BODY)), width)
    assert shown.evaluate("document.documentElement.scrollWidth") <= width


def test_wide_table_scrolls_in_its_region_on_a_phone(view: Any, markup: str) -> None:
    shown = view(markup, 360)
    region = shown.locator(".table-scroll", has=shown.locator("#tab-reasons"))
    region.focus()
    shown.keyboard.press("ArrowRight")
    shown.wait_for_function("region => region.scrollLeft > 0", arg=region.element_handle(), timeout=5000)


def test_skip_link_shows_on_focus_and_moves_it_to_the_text(view: Any, markup: str) -> None:
    shown = view(markup, 360)
    shown.keyboard.press("Tab")
    shown.wait_for_function("document.activeElement.getBoundingClientRect().top >= 0", timeout=5000)
    assert shown.evaluate("document.activeElement.className") == "skip"
    shown.keyboard.press("Enter")
    shown.wait_for_function("document.activeElement.tagName === 'MAIN'", timeout=5000)


def test_contents_open_on_a_phone_and_always_show_on_a_desk(view: Any, markup: str) -> None:
    phone = view(markup, 360)
    entry = phone.locator("nav ol >> nth=0")
    assert not entry.is_visible()
    phone.locator(".contents-title a").click()
    assert entry.is_visible()
    assert view(markup, 1280).locator("nav ol >> nth=0").is_visible()


def test_number_leads_to_its_origin(view: Any, markup: str) -> None:
    shown = view(markup, 1280)
    shown.locator("a.origin >> nth=0").click()
    row = shown.locator("tr:target")
    assert row.locator("th").inner_text() == "selection.chosen.count"
    assert row.locator("td >> nth=0").inner_text() == shown.locator("a.origin data >> nth=0").get_attribute("value")


def test_identifier_may_be_broken_without_a_character_that_a_reader_would_copy() -> None:

    assert str(breakable("step.a_b@<1>")) == "<code>step.<wbr>a_<wbr>b@<wbr>&lt;1&gt;</code>"


def test_the_tree_that_a_page_hands_on_is_that_of_its_text() -> None:
    page = render_html(demonstration(), **PAGE)
    assert page.tree == BeautifulSoup(page, "html.parser")


def test_a_page_with_its_tree_gives_the_documents_of_its_bare_text() -> None:
    page, day = render_html(demonstration(), **PAGE), datetime.date(2024, 3, 5)
    bare = str(page).encode().decode()
    assert not hasattr(bare, "tree")
    assert render_pdf(page, created=day) == render_pdf(bare, created=day)
    assert render_docx(page, created=day) == render_docx(bare, created=day)
    assert page == bare


def test_a_page_goes_to_another_process_as_its_text_only() -> None:
    page = render_html(demonstration(), **PAGE)
    sent = pickle.loads(pickle.dumps(page))
    assert type(sent) is str
    assert sent == page
