"""The workbench in a real browser: in JupyterLab and in the app, by mouse and by keyboard, without any other host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from axe_playwright_python.sync_playwright import Axe
from conftest import SMALL_CALL
from exploring import choose_by_trying, read_file
from running import run_steps
from serving import WAIT, faults_of, open_page, run_all, serve_app, serve_lab, slider

from analysis.scenarios import FOLDER
from analysis.store import Store

STATUS = ".oproep-status"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, make_project: Callable[[Path], Path], browser: Any) -> Store:
    del browser  # without one nothing need be made
    return run_steps(make_project(tmp_path_factory.mktemp("root")), SMALL_CALL, "en")


@pytest.fixture(scope="module")
def app(store: Store, browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Return the page that the app serves to the house, open in the browser."""
    options = ("--language", "en", "--as-of", "2024-06-01")
    with (
        serve_app(store.root, SMALL_CALL, tmp_path_factory.mktemp("own"), *options) as url,
        open_page(browser, url) as shown,
    ):
        shown.locator(STATUS).wait_for()
        shown.locator("table.dataTable tbody tr").first.wait_for(state="attached")
        yield shown


@pytest.fixture
def page(app: Any) -> Any:
    """Return the page in the official state, with its first tab seen."""
    app.get_by_role("button", name="Back to the official state").click()
    app.get_by_text("4 selected from a shortlist of 6").wait_for()
    open_tab(app, "Order")
    return app


def open_tab(shown: Any, name: str) -> None:
    shown.get_by_role("tab", name=name, exact=True).click()


def read_changes(shown: Any, change: str) -> list[str]:
    return [str(text) for text in shown.locator(f'[data-changes="{change}"] li b').all_inner_texts()]


def lose_one(store: Store) -> tuple[list[str], list[str]]:
    """Return who comes in and who goes out where one project fewer is selected."""
    before, after = set(choose_by_trying(store)), set(choose_by_trying(store, number=3))
    return sorted(after - before), sorted(before - after)


def test_slider_moved_by_keyboard_shows_the_new_choice(page: Any, store: Store) -> None:
    slider(page, "Projects to select").press("ArrowLeft")
    page.get_by_text("3 selected from a shortlist of 6").wait_for()
    assert (read_changes(page, "came_in"), read_changes(page, "went_out")) == lose_one(store)
    for proposal in lose_one(store)[1]:
        assert page.locator(".oproep-ranks text", has_text=f"{proposal} ").last.inner_html().endswith("goes out")


def test_slider_dragged_fast_ends_at_its_last_value(page: Any) -> None:
    handle = slider(page, "Projects to select")
    handle.scroll_into_view_if_needed()
    box, track = handle.bounding_box(), handle.locator("xpath=../..").bounding_box()
    height, third = box["y"] + box["height"] / 2, 2 / 11  # of a track from one to twelve, where three lies
    page.mouse.move(box["x"] + box["width"] / 2, height)
    page.mouse.down()
    for step in range(60):
        page.mouse.move(track["x"] + track["width"] * (third + (60 - step) / 90), height)
    page.mouse.move(track["x"] + track["width"] * third, height)
    page.mouse.up()
    page.get_by_text("3 selected from a shortlist of 6").wait_for()
    page.wait_for_timeout(500)  # in which an older value, if any were still on its way, would show
    assert page.get_by_text("3 selected from a shortlist of 6").is_visible()


def test_condition_is_switched_by_keyboard(page: Any, store: Store) -> None:
    box = page.get_by_role("checkbox", name="the grant")
    box.press("Space")
    free, before = set(choose_by_trying(store, grant=float("inf"))), set(choose_by_trying(store))
    page.locator('[data-changes="came_in"] li').first.wait_for()
    assert read_changes(page, "came_in") == sorted(free - before)
    assert read_changes(page, "went_out") == sorted(before - free)


def test_tabs_are_changed_by_keyboard(page: Any) -> None:
    page.get_by_role("tab", name="Order", exact=True).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.get_by_label("Search in the table").wait_for()


def test_table_sorts_filters_and_keeps_both_while_a_slider_moves(page: Any, store: Store) -> None:
    open_tab(page, "Table")
    rows = page.locator("table.dataTable tbody tr")
    totals = store.read_table("totals").sort_values(["total", "proposal"])
    page.get_by_role("columnheader", name="Score").click()
    rows.first.get_by_role("cell", name=totals["proposal"].iloc[0], exact=True).wait_for()
    search = page.get_by_label("Search in the table")
    search.fill("trees")
    titled = store.read_table("proposals").query("title.str.contains('trees', case=False)", engine="python")
    trees = {*titled["proposal"], *store.read_table("profiles").query("category == 'trees'")["proposal"]}
    assert {row.locator("td").nth(2).inner_text() for row in rows.all()} == trees
    slider(page, "Projects to select").press("ArrowLeft")
    page.get_by_text("3 selected from a shortlist of 6").wait_for()
    rows.first.get_by_role(
        "cell", name=next(name for name in totals["proposal"] if name in trees), exact=True
    ).wait_for()
    kept = [row.locator("td").nth(2).inner_text() for row in rows.all()]
    assert kept == [name for name in totals["proposal"] if name in trees]
    selected = [row.locator("td").last.inner_text() for row in rows.all()]
    assert "goes out" in selected or set(lose_one(store)[1]) & trees == set()
    search.fill("")


def test_map_tells_a_place_under_the_mouse_and_at_the_keyboard(page: Any, store: Store) -> None:
    open_tab(page, "Map")
    places = page.locator(".oproep-map [data-tip]")
    tip = page.locator(".oproep-tip")
    reach = store.read_table("municipality_reach").sort_values(["proposals", "name"], ascending=[False, True])
    first, second = reach["name"].iloc[:2]
    places.nth(1).hover()
    assert tip.inner_text().startswith(f"{second}: ")
    places.first.focus()
    assert tip.inner_text().startswith(f"{first}: ")
    page.keyboard.press("ArrowRight")
    assert tip.inner_text().startswith(f"{second}: ")
    assert page.evaluate("document.activeElement.getAttribute('aria-label')") == tip.inner_text()
    page.keyboard.press("Home")
    assert tip.inner_text().startswith(f"{first}: ")
    page.keyboard.press("Escape")
    assert not tip.is_visible()


def test_scenario_is_kept_in_a_file_and_compared(page: Any, store: Store) -> None:
    slider(page, "Projects to select").press("ArrowLeft")
    page.get_by_text("3 selected from a shortlist of 6").wait_for()
    page.get_by_label("Name", exact=True).fill("One fewer")
    page.get_by_role("button", name="Keep").click()
    page.get_by_text("Kept as").wait_for()
    kept = yaml.safe_load((store.raw / FOLDER / "one-fewer.yml").read_text(encoding="utf-8"))
    assert (kept["name"], kept["choose"]) == ("One fewer", 3)
    page.get_by_role("button", name="Back to the official state").click()
    open_tab(page, "Compare")
    page.get_by_label("Compared").select_option(["One fewer"])
    row = page.get_by_role("row", name="Selected projects")
    row.get_by_role("cell", name="3", exact=True).wait_for()
    assert [cell.inner_text() for cell in row.get_by_role("cell").all()] == ["4", "3"]
    page.get_by_role("button", name="Remove").click()
    page.get_by_text("is removed").wait_for()
    assert not (store.raw / FOLDER / "one-fewer.yml").exists()


@pytest.mark.parametrize(("button", "first"), [("Picture as SVG", b"<svg "), ("Picture as PNG", b"\x89PNG")])
def test_picture_is_saved(page: Any, button: str, first: bytes) -> None:
    with page.expect_download() as started:
        page.get_by_role("button", name=button).first.click()
    saved = Path(started.value.path())
    assert saved.read_bytes().startswith(first)
    assert started.value.suggested_filename == f"{SMALL_CALL}-ranks.{button[-3:].lower()}"


def test_table_is_saved(page: Any) -> None:
    open_tab(page, "Table")
    buttons = page.get_by_role("button", name="Table as CSV")
    with page.expect_download() as started:
        next(button for button in buttons.all() if button.is_visible()).click()
    table = read_file(Path(started.value.path()))
    shown = page.locator("table.dataTable thead th").all_inner_texts()
    assert [name for name in table.columns if name in shown] == [name.strip() for name in shown]
    assert len(table) == page.locator("table.dataTable tbody tr").count() == 12


def test_every_control_has_a_name_and_nothing_is_hard_to_read(page: Any) -> None:
    for tab in ("Order", "Map", "Price of the conditions", "Compare"):
        open_tab(page, tab)
        found = Axe().run(page, context=".oproep-workbench").response["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == [], tab


def test_narrow_page_needs_no_sideways_scrolling(page: Any) -> None:
    page.set_viewport_size({"width": 420, "height": 900})
    try:
        for tab in ("Order", "Table", "Map", "Price of the conditions"):
            open_tab(page, tab)
            wide = page.evaluate("document.scrollingElement.scrollWidth")
            assert wide <= 420, tab
    finally:
        page.set_viewport_size({"width": 1400, "height": 900})


def test_page_showed_no_code_reported_no_fault_and_asked_no_other_host(page: Any) -> None:
    assert page.get_by_text("open_workbench").count() == 0
    assert faults_of(page) == []
    assert page.strays == []


def test_notebook_in_jupyterlab_follows_a_slider_and_keeps_a_scenario(
    store: Store, browser: Any, tmp_path: Path
) -> None:
    notebook = store.root / "notebooks" / "explore.ipynb"
    text = notebook.read_text(encoding="utf-8")
    notebook.write_text(
        text.replace("digitale-innovatie-2016", SMALL_CALL).replace('language = \\"nl\\"', 'language = \\"en\\"'),
        encoding="utf-8",
    )
    with serve_lab(store.root, tmp_path) as url, open_page(browser, url) as shown:
        run_all(shown)
        slider(shown, "Projects to select").press("ArrowLeft")
        shown.get_by_text("3 selected from a shortlist of 6").wait_for()
        assert (read_changes(shown, "came_in"), read_changes(shown, "went_out")) == lose_one(store)
        shown.get_by_label("Name", exact=True).fill("In the lab")
        shown.get_by_role("button", name="Keep").click()
        shown.get_by_text("Kept as").wait_for()
        open_tab(shown, "Table")
        shown.locator("table.dataTable tbody tr").first.wait_for(timeout=WAIT)
        assert shown.locator("table.dataTable tbody tr").count() == 12
        assert faults_of(shown) == []
        assert shown.strays == []
    kept = store.raw / FOLDER / "in-the-lab.yml"
    assert yaml.safe_load(kept.read_text(encoding="utf-8"))["choose"] == 3
