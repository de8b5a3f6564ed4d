"""The annex on where the figures come from: function, tables with their hashes, unit, and the code of what was published."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from builders import call_choosing, make_table, small_call

from analysis.call import Call
from analysis.declarations import Edition, Language
from analysis.declared import declare
from analysis.figures import Figure
from analysis.glossary import describe_column
from analysis.indicators import Indicator, tabulate, values
from analysis.material import Material
from analysis.provenance import Ledger, write_origins
from analysis.published import Published
from analysis.tables import contracts
from analysis.wording import Wording

CALL = small_call()
HASHES = {"budget": "b" * 64, "scores": "c" * 64, "totals": "d" * 64, "budget_funds": "e" * 64}
FIGURES = [
    {"id": "cost", "value": 900, "unit": "euro", "source": "A3-1", "indicator": "resources.call.euro", "hedge": "about", "tolerance": 0.1},
    {"id": "part", "value": 700, "unit": "euro", "source": "A3-1, A3-2", "derived": True, "indicator": "resources.call.grant.euro"},
    {"id": "bound", "value": 1, "unit": "count", "source": "A9", "indicator": "no.such"},
]  # fmt: skip


def found() -> list[Indicator]:
    funds = ("resources.sum_funds", ("budget",))
    return [
        *declare(CALL),
        Indicator("resources.call.euro", 900, "euro", "resources.sum_lines", ("budget",)),
        Indicator("resources.call.grant.euro", 700, "euro", *funds),
        Indicator("resources.call.grant.share", 7 / 9, "share", *funds),
    ]


def material(language: Language = "en", call: Call = CALL) -> Material:
    table = tabulate(found(), "05_resources", HASHES)
    row = {"phase": "call", "fund": "grant", "euro": 700, "share": 7 / 9}
    figures = [{"label": {"nl": "Iets"}, **figure} for figure in FIGURES]
    tables: dict[str, pd.DataFrame] = {
        "indicators": table,
        "budget_funds": make_table("budget_funds", row),
        "totals": make_table("totals", {"proposal": "P", "total": 5.0, "median": 5.0, "raters": 2, "rank": 1, "merit": 5.0, "shortlisted": True}),
    }  # fmt: skip
    edition = Edition.model_validate({"as_of": "2030-06-01", "language": language})
    wording = Wording(language, call, values(table))
    return Material(call, edition, tables, wording, Published.model_validate({"figures": figures}), None)


def annex(given: Material, *pictures: Figure) -> BeautifulSoup:
    ledger = Ledger(contracts(given.call), HASHES)
    blocks: list[Any] = list(write_origins(given, ledger, pictures, 3))
    return BeautifulSoup("".join(str(block.markup) for block in blocks), "html.parser")


def row(page: BeautifulSoup, name: str) -> list[str]:
    found = page.find("tr", id=f"origin-{name}")
    assert found is not None
    return [cell.get_text() for cell in found.find_all(["th", "td"])]


def test_a_number_is_listed_with_its_function_its_tables_and_its_code() -> None:
    given = material()
    given.wording.html_of("{{ euro('resources.call.euro') }} {{ euro('resources.call.grant.euro') }}")
    given.wording.html_of("{{ percent('resources.call.grant.share') }}")
    page = annex(given)
    assert row(page, "resources.call.euro") == [
        "resources.call.euro", "900", "euro", "resources.sum_lines", "budget", "A3-1 (about)", "",
    ]  # fmt: skip
    assert row(page, "resources.call.grant.euro")[-2] == "derived from A3-1, A3-2"
    assert row(page, "resources.call.grant.share")[1:3] == ["77.8%", "share"]
    assert row(page, "resources.call.grant.share")[-2] == "–"
    assert page.h2 is not None
    assert (page.h2["id"], page.h2.get_text()) == ("origin", "Annex 3: origin of the figures")


@pytest.mark.parametrize(("source", "code"), [("A9", "A9"), ("A9, assumed", "–"), ("an assumption", "–")])
def test_a_declared_value_bears_a_code_where_the_call_gives_no_more_than_that(source: str, code: str) -> None:
    cap = {"id": "money", "column": "requested_euro", "maximum": 100_000, "source": source}
    given = material(call=call_choosing(caps=[cap]))
    given.wording.html_of("{{ euro('call.caps.money.maximum') }}")
    assert row(annex(given), "call.caps.money.maximum")[1:] == ["100,000", "euro", "call.yml", "–", code, ""]


@pytest.mark.parametrize(("language", "meaning"), [("en", "Amount"), ("nl", "Bedrag")])
def test_a_column_is_listed_with_its_meaning_its_unit_and_the_tables_behind_it(
    language: Language, meaning: str
) -> None:
    given = material(language)
    given.cell("number", 700, "budget_funds.euro")
    name, described, unit, function, tables, code, _ = row(annex(given), "budget_funds.euro")
    assert (name, unit, function, tables) == ("budget_funds.euro", "euro", "resources.sum_funds", "budget")
    assert described.startswith(meaning)
    assert code == {"en": "derived from A3-1, A3-2", "nl": "afgeleid uit A3-1, A3-2"}[language]


def test_what_is_measured_in_what_decides_has_the_unit_of_that() -> None:
    expected = {"shortlist": 4, "choose": 2, "tie_rule": "report", "ranked_by": "expected_ranks"}
    for call, unit in ((CALL, "points"), (small_call(selection=expected), "places")):
        given = material(call=call)
        ledger = Ledger(contracts(call), dict.fromkeys(("totals", "profiles", "proposals", "decision"), "f" * 64))
        given.tables["alternatives"] = make_table("alternatives", {"place": 1, "sum": 9.0, "distance": 0.0})  # type: ignore[index]
        given.cell("number", 0.0, "alternatives.distance")
        blocks: list[Any] = list(write_origins(given, ledger, [], 1))
        page = BeautifulSoup("".join(str(block.markup) for block in blocks), "html.parser")
        assert row(page, "alternatives.distance")[2] == unit


def test_a_picture_is_listed_with_a_link_to_it_and_its_tables() -> None:
    page = annex(material(), Figure("ranking", "<svg/>", "Says it.", "Below.", tables=("totals", "budget_funds")))
    link = page.select_one('a[href="#ranking"]')
    assert link is not None
    line = link.find_parent("tr")
    assert line is not None
    assert [cell.get_text() for cell in line.select("td")] == [
        "totals budget_funds",
        "ranking.fill_places resources.sum_funds",
    ]
    assert "id" not in line.attrs


def test_what_was_not_shown_is_not_listed() -> None:
    page = annex(material())
    assert page.select("tbody tr") == []
    assert len(page.select("table")) == 1


def test_a_meaning_without_translation_is_that_of_the_contract() -> None:
    contract = contracts(CALL)["totals"]
    assert describe_column(contract, "total", "en") == contract.columns["total"].description
