"""From the move of a slider to the choice that a reader sees, in a real browser, on the reference call in the app.

The page itself takes the time, from the key press to the frame after which the choice and the open tab show it: it
holds the way to the kernel, the new ranking and choice with all prices, the drawing, and the way back. Told are the
median of the moves and the slowest. The peer is the picture of the ranks that stands in the answer, drawn anew by
matplotlib, without ranking, choice or browser: what a notebook takes at the least that draws as a report does.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from analysis import plots
from analysis.store import Store
from analysis.wording import Wording
from bench.measure import Bound, Case, Facts, Way, Work, fresh
from bench.project import CALL, DAY, make_project, run_oproep

MOVES, PAUSE = 7, 600  # milliseconds between two moves, in which the one before is answered
MEDIAN, SLOWEST = "ms, the median move", "ms, the slowest move"
TABS = {"the order": "Order", "the table": "Table", "the map": "Map", "the prices": "Price of the conditions"}
WATCH = """() => {
  window.moved = [];
  let pressed = 0, last = 0;
  const note = () => { if (pressed) requestAnimationFrame(() => { last = performance.now(); }); };
  new MutationObserver(note).observe(document.querySelector(".oproep-results"), { childList: true, subtree: true });
  document.addEventListener("keydown", () => { pressed = performance.now(); last = 0; }, true);
  window.settle = () => { const took = last - pressed; pressed = 0; return took; };
}"""


def make_ready(folder: Path) -> None:
    """Run the steps of the call, so that there are tables to explore."""
    run_oproep(make_project(folder / "own"), "run")


@contextmanager
def open_app(folder: Path) -> Iterator[Any]:
    """Yield the page of the app with its workbench, in the browser of the system."""
    from conftest import BROWSER_OPTIONS, CHROMIUM
    from playwright.sync_api import sync_playwright
    from serving import PANEL, open_page, serve_app

    options = ("--language", "en", "--as-of", DAY)
    with sync_playwright() as driver, serve_app(folder / "own", CALL, folder, *options) as url:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=BROWSER_OPTIONS)
        with open_page(browser, url) as shown:
            shown.locator(PANEL).wait_for()
            shown.locator("table.dataTable tbody tr").first.wait_for(state="attached")
            yield shown
        browser.close()


def move_slider(tab: str, folder: Path) -> Work:
    """Return what moves a slider a step at a time with a tab open, and tells the times."""

    def work() -> Facts:
        with open_app(folder) as shown:
            shown.get_by_role("tab", name=TABS[tab], exact=True).click()
            shown.evaluate(WATCH)
            handle, key = _find_slider(shown, tab)
            times = [_move(shown, handle, key) for _ in range(MOVES + 1)][1:]  # the first loads the solver
        return {MEDIAN: statistics.median(times), SLOWEST: max(times)}

    return work


def _find_slider(shown: Any, tab: str) -> tuple[Any, str]:
    """Return a slider and the key by which each move of it changes what the tab shows."""
    if TABS[tab] == "Map":
        return shown.get_by_role("slider", name="Projects to select"), "ArrowLeft"
    return shown.get_by_role("group", name="Weights of the criteria").get_by_role("slider").first, "ArrowRight"


def _move(shown: Any, handle: Any, key: str) -> float:
    handle.press(key)
    shown.wait_for_timeout(PAUSE)
    return float(shown.evaluate("settle()"))


def draw_anew(_: str, folder: Path) -> Work:
    """Return what draws the answer's picture of the ranks so many times, and tells the times."""
    store = Store(folder / "own", CALL)
    totals = store.read_table("totals")
    wording = Wording("en", store.call)

    def work() -> Facts:
        times = []
        for _ in range(MOVES):
            started = time.perf_counter()
            plots.ranking(totals, wording)
            times.append(1000 * (time.perf_counter() - started))
        return {MEDIAN: statistics.median(times), SLOWEST: max(times)}

    return work


def _named(work: Any, place: int) -> Any:
    """Return what measures a work with a tab in a fresh process, which finds it by a name in this module."""
    made = partial(work, list(TABS)[place])
    made.__name__, made.__module__ = f"{work.__name__}_{place}", __name__  # type: ignore[attr-defined]
    globals()[made.__name__] = made  # type: ignore[attr-defined]
    return fresh(made)


CASES = tuple(
    Case(
        f"a slider moved, {tab} seen",
        (
            Way("in the browser", _named(move_slider, place)),
            Way("matplotlib's picture alone", _named(draw_anew, place)),
        ),
        1,
        make_ready,
    )
    for place, tab in enumerate(TABS)
)
BOUNDS = tuple(Bound(case.name, 150, MEDIAN) for case in CASES)
