"""The page in a real browser: tips, sorting and maps, with scripts and without, by mouse, keyboard and finger."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from bs4 import BeautifulSoup
from markupsafe import Markup
from publish_demonstration import PAGE, cell_number, cite, figure, fragment, notebook_of, number, table

from analysis.publish.html import render_html

NOTICE = "Synthetische gegevens per idee: geen echte ideeën, aanvragers of scores."
HOSTILE_CELL = 'a"b \\ </style><script>alert(1)</script> \\a c; } * { display: none }'
SCORES = [
    ("Zoë", "9.5", "9,5"),
    ("éen", "1000", "1.000"),
    ("zon", "", "–"),
    ("Eva", "20", "20"),
    ("10 a", "3", "3"),
    ("9 b", "7", "7"),
]
FILLER = "<p>Regel van de tekst die de bladzijde vult.</p>" * 12
POINTS = [{"x": 20, "y": 30, "label": "Alfa (4)"}, {"x": 95, "y": 90, "label": "Bèta (0)"}]


def notebook() -> Any:
    rows = [[name, cell_number("t.score", value, shown) if value else shown] for name, value, shown in SCORES]
    wide = [[str(n), *[cell_number("t.score", str(n), f"{n}00.000.000.000") for _ in range(9)]] for n in range(4)]
    linked = '<a class="origin" href="#origin-t.other">{}</a>'
    wide[0][1] = Markup(linked).format(cell_number("t.other", "7.25", "7,3"))
    heads = ["Nr.", cite("t.score", "Een"), *[f"Kolom {n}" for n in range(8)]]
    picture = figure("map", "bars", "Een kaart met twee gemeenten.", "Kaart.")
    picture.metadata["image/svg+xml"]["points"] = POINTS
    origins = [["a.b", "16", "ideeën", "selection.count(ideas)", HOSTILE_CELL]]
    return notebook_of(
        fragment(f'<h1 id="title">Titel</h1><h2 id="q">Vraag 1: keuze</h2>{FILLER}'),
        fragment(
            f"<p>{'Een regel tot aan de rand van de tekst, lang genoeg, en dan nog ' * 2}{number('a.b', '16', 'zestien')}.</p>"
        ),
        fragment(table("tab-s", "Scores", ["Idee", cite("t.score", "Score")], rows, {1}, [])),
        fragment(table("tab-w", "Breed", heads, wide, set(range(1, 10)), [])),
        picture,
        fragment(FILLER + '<h2 id="origin">Bijlage 1: herkomst</h2>'),
        fragment(
            table(
                "tab-o", "Herkomst", ["Kengetal", "Waarde", "Eenheid", "Functie", "Bron"], origins, {1}, ["origin-a.b"]
            )
        ),
        fragment(
            table(
                "tab-c",
                "Kolommen",
                ["Kolom", "Eenheid"],
                [["t.score", "punten"], ["t.other", "uren"]],
                set(),
                ["origin-t.score", "origin-t.other"],
            )
        ),
    )


@pytest.fixture(scope="module")
def markup() -> str:
    return render_html(notebook(), **PAGE, notice=NOTICE)


Opener = Callable[..., Any]


@pytest.fixture
def show(browser: Any, tmp_path: Path, markup: str) -> Iterator[Opener]:
    """Return what opens the page with settings of the browser, and keeps what it reports."""
    contexts = []

    def open_page(width: int = 1280, **settings: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 700}, **settings)
        contexts.append(context)
        shown = context.new_page()
        shown.reports = []
        shown.on("console", lambda message: shown.reports.append(message.text))
        shown.on("pageerror", lambda error: shown.reports.append(str(error)))
        shown.on("dialog", lambda dialog: (shown.reports.append(dialog.message), dialog.dismiss()))
        file = tmp_path / "answer.html"
        file.write_text(markup, encoding="utf-8")
        shown.goto(file.as_uri())
        return shown

    yield open_page
    for context in contexts:
        context.close()


def tip(shown: Any, selector: str) -> dict[str, float] | None:
    """Return the box of the tip of a number in the window, or None where none is shown."""
    session = shown.context.new_cdp_session(shown)
    session.send("DOM.getDocument")
    handle = session.send("Runtime.evaluate", {"expression": f"document.querySelector({selector!r})"})["result"]
    node = session.send("DOM.describeNode", {"objectId": handle["objectId"]})["node"]
    after = [pseudo for pseudo in node.get("pseudoElements", []) if pseudo["pseudoType"] == "after"]
    if not after:
        return None
    x, y, _, _, right, bottom, _, _ = session.send("DOM.getBoxModel", {"backendNodeId": after[0]["backendNodeId"]})[
        "model"
    ]["border"]
    return {"x": x, "y": y, "right": right, "bottom": bottom}


def words(shown: Any, selector: str) -> str:
    return str(shown.eval_on_selector(selector, "node => getComputedStyle(node, '::after').content"))


PROSE, CELL, HEAD = "p a.origin", "#tab-s td data", "#tab-s th a.origin"
FAR = "#tab-w tr:last-child td:last-child data"


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("width", [360, 1280])
def test_tip_of_a_number_shows_whole_in_the_window(show: Opener, width: int, scripts: bool) -> None:
    shown = show(width, java_script_enabled=scripts)
    for selector in (PROSE, CELL, HEAD, FAR):
        assert tip(shown, selector) is None
        number_shown = shown.locator(selector).first
        number_shown.hover()
        box, place = tip(shown, selector), number_shown.bounding_box()
        assert box is not None
        assert 0 <= box["x"] < box["right"] <= width
        assert 0 <= box["y"] < box["bottom"] <= 700
        if width == 360:
            assert box["bottom"] <= shown.locator("footer.running").bounding_box()["y"]
        else:
            gaps = box["y"] - place["y"] - place["height"], place["y"] - box["bottom"]
            assert min(map(abs, gaps)) < 4


def test_tip_tells_value_unit_function_and_source_and_nothing_ends_it(show: Opener, markup: str) -> None:
    shown = show()
    shown.locator(PROSE).hover()
    row = BeautifulSoup(markup, "html.parser").select('tr[id="origin-a.b"]')[0]
    heads = ["Kengetal", "Waarde", "Eenheid", "Functie", "Bron"]
    cells = [tag.text for tag in row.select("th, td:not(.shown-in)")]
    expected = "\n".join(f"{head}: {cell}" for head, cell in zip(heads, cells, strict=True))
    assert HOSTILE_CELL in expected
    said = re.fullmatch(r'"(.*)" / ""', words(shown, PROSE), flags=re.DOTALL)
    assert said is not None
    assert re.sub(r"\\(?:a |(.))", lambda escape: escape[1] or "\n", said[1]) == expected
    assert shown.locator("p >> nth=0").is_visible()
    assert shown.reports == []


def test_tip_of_a_cell_starts_with_its_exact_value(show: Opener) -> None:
    shown = show()
    shown.locator(CELL).first.hover()
    assert words(shown, CELL).startswith('"9.5\\a ')
    assert "punten" in words(shown, CELL)
    linked = "#tab-w td a.origin"
    shown.locator(linked).hover()
    assert words(shown, linked).startswith('"7.25\\a Kolom: t.other')


def test_who_hears_the_page_gets_the_row_as_description_and_the_number_alone_as_name(show: Opener) -> None:
    shown = show()
    shown.locator(PROSE).focus()
    session = shown.context.new_cdp_session(shown)
    handle = session.send("Runtime.evaluate", {"expression": f"document.querySelector('{PROSE}')"})["result"]
    tree = session.send("Accessibility.getPartialAXTree", {"objectId": handle["objectId"], "fetchRelatives": False})
    node = tree["nodes"][0]
    assert node["name"]["value"] == "zestien"
    for word in ("a.b", "16", "ideeën", "selection.count(ideas)"):
        assert word in node["description"]["value"]


def test_tip_opens_with_the_keyboard_and_closes_with_escape_until_the_number_is_left(show: Opener) -> None:
    shown = show()
    shown.locator("#tab-s th a.origin").focus()
    shown.keyboard.press("Shift+Tab")
    shown.keyboard.press("Shift+Tab")
    shown.keyboard.press("Shift+Tab")
    assert shown.evaluate(f"document.activeElement === document.querySelector('{PROSE}')")
    assert tip(shown, PROSE) is not None
    shown.keyboard.press("Escape")
    assert tip(shown, PROSE) is None
    assert shown.evaluate(f"document.activeElement === document.querySelector('{PROSE}')")
    shown.keyboard.press("Tab")
    shown.keyboard.press("Shift+Tab")
    assert tip(shown, PROSE) is not None


def test_tip_under_the_mouse_closes_with_escape(show: Opener) -> None:
    shown = show()
    shown.locator(CELL).first.hover()
    assert tip(shown, CELL) is not None
    shown.keyboard.press("Escape")
    assert tip(shown, CELL) is None


@pytest.mark.parametrize("width", [360, 1280])
def test_mouse_can_go_into_the_tip(show: Opener, width: int) -> None:
    shown = show(width)
    shown.locator(PROSE).hover()
    box = tip(shown, PROSE)
    assert box is not None
    shown.mouse.move((box["x"] + box["right"]) / 2, (box["y"] + box["bottom"]) / 2)
    shown.wait_for_timeout(600)
    assert tip(shown, PROSE) is not None
    shown.mouse.move(5, 5)
    shown.wait_for_timeout(600)
    assert tip(shown, PROSE) is None


def test_first_tap_opens_the_tip_and_the_second_goes_to_the_row(show: Opener) -> None:
    shown = show(360, has_touch=True)
    shown.locator(PROSE).tap()
    assert tip(shown, PROSE) is not None
    assert "#" not in shown.url
    shown.locator(PROSE).tap()
    assert shown.url.endswith("#origin-a.b")
    assert shown.locator("tr:target th").inner_text() == "a.b"


def test_tap_elsewhere_closes_the_tip_of_a_cell(show: Opener) -> None:
    shown = show(360, has_touch=True)
    shown.locator(CELL).first.tap()
    assert tip(shown, CELL) is not None
    shown.locator("#tab-s caption").tap()
    assert tip(shown, CELL) is None


def test_without_scripts_a_tap_goes_to_the_row_and_nothing_is_missing(show: Opener) -> None:
    shown = show(360, has_touch=True, java_script_enabled=False)
    assert shown.locator("button").count() == 0
    assert shown.locator("output").count() == 0
    shown.locator(PROSE).tap()
    shown.wait_for_url("**#origin-a.b")


def test_link_back_arrives_at_the_number(show: Opener) -> None:
    shown = show()
    shown.locator("td.shown-in a").first.click()
    assert shown.locator("a.origin:target").inner_text() == "zestien"
    assert (
        shown.locator("a.origin:target").evaluate("link => getComputedStyle(link).backgroundColor")
        != "rgba(0, 0, 0, 0)"
    )


def first_cells(shown: Any) -> list[str]:
    return [str(text) for text in shown.locator("#tab-s tbody th").all_inner_texts()]


def test_numbers_sort_by_their_value_and_back_to_the_order_delivered(show: Opener) -> None:
    shown = show()
    button = shown.get_by_role("button", name="Sorteer op Score")
    head = shown.locator("#tab-s th >> nth=1")
    delivered = [name for name, _, _ in SCORES]
    known = sorted((float(value), name) for name, value, _ in SCORES if value)
    button.focus()
    shown.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    assert first_cells(shown) == [*[name for _, name in known], "zon"]
    shown.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "descending"
    assert first_cells(shown) == [*[name for _, name in reversed(known)], "zon"]
    shown.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") is None
    assert first_cells(shown) == delivered
    assert shown.evaluate("document.activeElement.className") == "sort"


def test_words_sort_as_the_language_does(show: Opener) -> None:
    shown = show()
    shown.get_by_role("button", name="Sorteer op Idee").click()
    assert first_cells(shown) == ["9 b", "10 a", "éen", "Eva", "Zoë", "zon"]
    assert shown.locator("#tab-s [aria-sort]").count() == 1


def test_short_tables_and_tables_with_a_total_do_not_sort(show: Opener) -> None:
    shown = show()
    assert shown.locator("#tab-o button").count() == 0
    assert shown.locator("#tab-w button").count() == 10


def test_map_tells_what_is_near_the_mouse(show: Opener) -> None:
    shown = show()
    label, image = shown.locator("#map output"), shown.locator("#map img")
    assert not label.is_visible()
    image.scroll_into_view_if_needed()
    box = image.bounding_box()
    shown.mouse.move(box["x"] + 0.2 * box["width"] + 4, box["y"] + 0.3 * box["height"] - 4)
    assert label.inner_text() == "Alfa (4)"
    shown.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    assert not label.is_visible()


@pytest.mark.parametrize("width", [360, 1280])
def test_map_tells_its_points_one_by_one_to_the_keyboard(show: Opener, width: int) -> None:
    shown = show(width)
    label, image = shown.locator("#map output"), shown.locator("#map img")
    image.focus()
    for key, expected in (
        ("ArrowRight", "Alfa (4)"),
        ("ArrowDown", "Bèta (0)"),
        ("ArrowRight", "Alfa (4)"),
        ("ArrowLeft", "Bèta (0)"),
    ):
        shown.keyboard.press(key)
        assert label.inner_text() == expected
        box = label.bounding_box()
        assert 0 <= box["x"] < box["x"] + box["width"] <= width
    shown.keyboard.press("Escape")
    assert not label.is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_axe_finds_no_barrier_while_a_tip_and_a_label_show(show: Opener, width: int, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")
    shown = show(width, color_scheme=scheme)
    shown.locator("#map img").focus()
    shown.keyboard.press("ArrowRight")
    shown.locator(PROSE).hover()
    shown.get_by_role("button", name="Sorteer op Idee").click()
    results = axe.Axe().run(shown).response
    assert [violation["id"] for violation in results["violations"]] == []


def test_policy_admits_the_style_and_script_of_the_page_and_no_other(show: Opener, markup: str) -> None:
    shown = show()
    assert shown.reports == []
    assert shown.locator("button.sort").count() > 0
    shown.evaluate(
        "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\" onclick=\"alert(1)\">x</p>')"
    )
    shown.evaluate("document.body.append(Object.assign(document.createElement('script'), {text: 'window.ran = 1'}))")
    shown.evaluate(
        "document.head.append(Object.assign(document.createElement('style'), {textContent: 'p { color: red }'}))"
    )
    shown.evaluate(
        "document.body.append(Object.assign(document.createElement('img'), {src: 'https://example.org/x.png'}))"
    )
    shown.wait_for_timeout(100)
    refused = " ".join(shown.reports)
    for directive in ("style-src", "script-src", "img-src"):
        assert directive in refused
    assert shown.evaluate("window.ran") is None
    page = BeautifulSoup(markup, "html.parser")
    assert [
        tag.name for tag in page.find_all(True) if any(name == "style" or name.startswith("on") for name in tag.attrs)
    ] == []
    assert "unsafe" not in markup


def test_print_has_neither_tips_nor_buttons(show: Opener) -> None:
    shown = show()
    shown.locator(PROSE).hover()
    assert tip(shown, PROSE) is not None
    shown.emulate_media(media="print")
    assert tip(shown, PROSE) is None
    assert not shown.locator("button.sort").first.is_visible()
