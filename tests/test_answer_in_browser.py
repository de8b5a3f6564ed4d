"""A whole answer of the small call in real Chromium: no barrier in either language, theme or edition."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from answering import render_answer
from conftest import SMALL_CALL
from running import compose_edition, run_steps

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
EDITIONS = {"nl": ("2024-04-01", "internal"), "en": ("2024-03-31", "public")}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, make_project: Callable[[Path], Path]) -> dict[str, str]:
    """Return the page of an edition for each language."""
    store = run_steps(make_project(tmp_path_factory.mktemp("project")), SMALL_CALL)
    return {
        language: render_answer(compose_edition(store, as_of, audience, language))
        for language, (as_of, audience) in EDITIONS.items()
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", EDITIONS)
def test_axe_finds_no_barrier_in_a_whole_answer(view: Any, pages: dict[str, str], language: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")
    options = {"runOnly": {"type": "tag", "values": RULES}}
    results = axe.Axe().run(view(pages[language], 1280, scheme), options=options).response
    found = [(item["id"], node["html"]) for item in results["violations"] for node in item["nodes"]]
    assert (len(results["passes"]) > 10, found) == (True, [])
