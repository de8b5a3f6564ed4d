"""Money and staff in the answer: where each figure is from, which months are over capacity, and what was withheld."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from builders import declared_values, make_table, named, small_call

from analysis import accounts, resources
from analysis.blocks import Html
from analysis.call import Call
from analysis.declarations import Edition, Language
from analysis.material import Block, Material
from analysis.published import Published
from analysis.sections import write_money, write_staff
from analysis.wording import Wording

FIGURES = [
    {"id": "cost", "value": 900, "unit": "euro", "source": "A3-1", "indicator": "resources.call.euro"},
    {"id": "fte", "value": 2, "unit": "fte", "source": "A4-1", "hedge": "about", "tolerance": 0.1,
     "indicator": "resources.call.fte"},
    {"id": "part", "value": 700, "unit": "euro", "source": "A3-1, A3-2", "derived": True,
     "indicator": "resources.pilots.reserves.euro"},
    {"id": "share", "value": 0.7, "unit": "share", "source": "A3-2", "indicator": "resources.pilots.reserves.share"},
]  # fmt: skip
BUDGET = [
    {"phase": "call", "line": "Films", "euro": 900, "fund": "grant"},
    {"phase": "pilots", "line": "Work", "euro": 365_000, "fund": "reserves"},
    {"phase": "pilots", "line": "Work", "euro": 36_500, "fund": "grant"},
]
LANGUAGES: tuple[Language, ...] = ("nl", "en")


def phase(key: str, first: str, last: str, capacity: float | None = None) -> dict[str, Any]:
    period = {"start": first, "end": last, "source": "a test"}
    return named(key, f"fase {key}", f"phase {key}", period=period, euro=1, fte=1, capacity=capacity)


def call_with(capacity: float | None = None) -> Call:
    phases = [
        phase("call", "2030-01-01", "2030-05-31", capacity),
        phase("pilots", "2030-07-01", "2031-06-30", capacity),
    ]
    return small_call(phases=phases)


def make_material(
    call: Call, language: Language = "nl", *, budget: list[dict[str, Any]] = BUDGET, published: bool = True,
    staffing: pd.DataFrame | None = None, **tables: pd.DataFrame,
) -> Material:  # fmt: skip
    """Return material with the tables of money and staff that every reader may see, and those given."""
    spent = make_table("budget", *budget, call=call)
    work = make_table("staffing", call=call) if staffing is None else staffing
    chosen = make_table("chosen", call=call)
    split, funds = resources.split_budget(spent, call), resources.sum_funds(spent)
    years, load = resources.sum_years(split), resources.load_by_month(work, chosen, call)
    staff = resources.sum_staff(work, load, call)
    found = resources.indicators(spent, funds, years, staff, load, 9, 4, call)
    figures = [{"label": {"nl": "Iets"}, **figure} for figure in FIGURES]
    known: Mapping[str, pd.DataFrame] = {
        "budget_funds": funds, "budget_years": years, "phase_staff": staff, "monthly_load": load, **tables,
    }  # fmt: skip
    wording = Wording(language, call, declared_values(call) | {item.id: item.value for item in found})
    stated = Published.model_validate({"figures": figures}) if published else None
    edition = Edition.model_validate({"as_of": "2030-06-01", "language": language})
    return Material(call, edition, known, wording, stated, None)


def at_work(*work: tuple[str, str, str]) -> pd.DataFrame:
    """Return who works full time on which phase, from one month up to and with another."""
    records = [
        {
            "phase": phase_id, "employee": f"E{i}",
            "from": pd.Timestamp(first), "to": pd.Timestamp(last) + pd.offsets.MonthEnd(0),
        }
        for i, (phase_id, first, last) in enumerate(work)
    ]  # fmt: skip
    return make_table("staffing", *records)


def prose(blocks: Iterator[Block]) -> str:
    """Return the words of the paragraphs."""
    found = [BeautifulSoup(str(block.markup), "html.parser") for block in blocks if isinstance(block, Html)]
    return " ".join(" ".join(page.get_text().split()) for page in found if page.p)


def rows_of(block: Block) -> list[list[str]]:
    assert isinstance(block, Html)
    page = BeautifulSoup(str(block.markup), "html.parser")
    return [[cell.get_text() for cell in row.select("th, td")] for row in page.select("tbody tr")]


def captions(blocks: Iterator[Block]) -> list[str]:
    pages = [BeautifulSoup(str(block.markup), "html.parser") for block in blocks if isinstance(block, Html)]
    return [page.caption.get_text() for page in pages if page.caption]


def test_every_cost_says_whether_it_was_published_derived_or_computed() -> None:
    material = make_material(call_with(), "en")
    assert rows_of(accounts.table_of_funds(material, material.tables["budget_funds"])) == [
        ["phase call", "operating grant", "900", "100%", "computed"],
        ["phase call", "total", "900", "100%", "A3-1"],
        ["phase pilots", "reserve funds", "365,000", "90.9%",
         "amount in euro: derived from A3-1, A3-2; share of the phase: A3-2"],
        ["phase pilots", "operating grant", "36,500", "9.1%", "computed"],
        ["phase pilots", "total", "401,500", "100%", "computed"],
    ]  # fmt: skip


def test_a_published_figure_is_marked_with_its_hedge_and_one_that_is_not_as_computed() -> None:
    material = make_material(call_with(), staffing=at_work(("call", "2030-01", "2030-05")))
    ((_, *figures, origin),) = rows_of(accounts.table_of_staff(material, material.tables["phase_staff"]))
    assert figures == ["1", "1", "5"]
    assert origin == "voltijdsequivalenten: A4-1 (ongeveer); medewerkers en persoonsmaanden: berekend"


def test_without_published_figures_all_is_computed_and_no_code_is_explained() -> None:
    material = make_material(call_with(), "en", published=False)
    table = accounts.table_of_funds(material, material.tables["budget_funds"])
    assert {row[-1] for row in rows_of(table)} == {"computed"}
    assert "A code refers" not in prose(write_money(material))
    assert "A code refers" in prose(write_money(make_material(call_with(), "en")))


def test_costs_of_several_years_are_named_and_said_to_be_derived() -> None:
    said = {language: prose(write_money(make_material(call_with(), language))) for language in LANGUAGES}
    # 184 of 365 days lie in 2030: 184,000 of the reserves and 18,400 of the grant
    assert "kost fase pilots 202.400 euro in 2030 en 199.100 euro in 2031. Die bedragen per jaar zijn" in said["nl"]
    assert "phase pilots costs 202,400 euro in 2030 and 199,100 euro in 2031. These amounts by year are" in said["en"]
    assert "fase call 900" not in said["nl"]  # it has but one year
    years = make_material(call_with()).tables["budget_years"]
    marks = {tuple(row[:3]): row[-1] for row in rows_of(accounts.table_of_years(make_material(call_with()), years))}
    assert marks["fase call", "werkingssubsidie", "2030"] == "berekend"
    assert marks["fase pilots", "reserves", "2031"] == "afgeleid, naar het aantal dagen"


def test_costs_that_were_budgeted_by_year_are_not_said_to_be_derived() -> None:
    budget = [{**BUDGET[1], "year": 2030, "euro": 7}, {**BUDGET[1], "year": 2031, "euro": 8}]
    said = prose(write_money(make_material(call_with(), "en", budget=budget)))
    assert "By year, phase pilots costs 7 euro in 2030 and 8 euro in 2031." in said
    assert "These amounts by year are derived" not in said


def test_costs_of_a_single_year_are_not_said_again() -> None:
    material = make_material(call_with(), "en", budget=BUDGET[:1])
    assert captions(write_money(material)) == ["Cost per phase by source of funds"]


def test_the_cost_of_an_idea_and_of_a_pilot_and_every_source_stand_in_the_prose() -> None:
    said = {language: prose(write_money(make_material(call_with(), language))) for language in LANGUAGES}
    assert "Per ingediend idee is dat gemiddeld 100 euro." in said["nl"]
    assert "For each idea handled, the call costs 100 euro on average." in said["en"]
    assert "gemiddeld 100.375 euro per pilootproject" in said["nl"]
    assert (
        "Het grootste deel, 91% of 365.000 euro, komt uit reserves. Daarnaast komt 36.500 euro (9%) uit" in said["nl"]
    )


def test_months_over_capacity_are_named_in_both_languages() -> None:
    staffing = at_work(
        ("call", "2030-01", "2030-05"), ("call", "2030-03", "2030-03"),
        ("pilots", "2030-07", "2031-06"), ("pilots", "2030-11", "2031-02"), ("pilots", "2031-05", "2031-05"),
    )  # fmt: skip
    said = {
        language: prose(write_staff(make_material(call_with(1), language, staffing=staffing))) for language in LANGUAGES
    }
    assert "In één maand vraagt fase call meer personeel dan er beschikbaar is: maart 2030. De piek is 2" in said["nl"]
    assert (
        "In vijf maanden vraagt fase pilots meer personeel dan er beschikbaar is: november 2030 tot en met februari 2031 "
        "en mei 2031. De piek is 2 voltijdsequivalenten, in november 2030."
    ) in said["nl"]
    assert "takes more staff than are available: November 2030 to February 2031 and May 2031. The peak" in said["en"]


def test_a_plan_within_capacity_is_said_to_be_and_one_without_capacity_is_not_judged() -> None:
    staffing = at_work(("call", "2030-01", "2030-05"))
    within, unknown = (
        prose(write_staff(make_material(call_with(capacity), "en", staffing=staffing))) for capacity in (1, None)
    )
    assert "In no month does phase call take more staff than are available. The peak is 1 full-time" in within
    assert "available" not in unknown


@pytest.mark.parametrize("capacity", [1, None])
def test_the_table_of_the_load_shows_what_is_lacking(capacity: float | None) -> None:
    staffing = at_work(("call", "2030-01", "2030-02"), ("call", "2030-02", "2030-02"))
    material = make_material(call_with(capacity), "en", staffing=staffing)
    rows = rows_of(accounts.table_of_load(material, material.tables["monthly_load"], "call"))
    available, lacking = ("1", "1") if capacity else ("–", "–")
    assert rows[:3] == [
        ["January 2030", "1", available, "–"],
        ["February 2030", "2", available, lacking],
        ["March 2030", "0", available, "–"],
    ]


def test_what_a_reader_may_not_see_of_lines_and_pilots_is_not_there() -> None:
    call, day = call_with(), pd.Timestamp
    chosen = make_table(
        "chosen",
        {"proposal": "B", "title": "Tweede", "start": day("2030-09-01"), "end": day("2030-09-30"), "staff_months": 2.5},
        {"proposal": "A", "title": "Eerste", "start": day("2030-07-01"), "end": day("2030-08-31"), "euro": 6200},
    )
    budget = make_table("budget", *BUDGET)
    more = {
        "budget_lines": resources.sum_lines(budget),
        "budget_split": resources.split_budget(budget, call),
        "pilots_by_month": resources.sum_pilot_months(resources.spread_pilots(chosen), budget, call),
    }
    public = make_material(call, chosen=chosen.drop(columns=["euro", "staff_months"]))
    internal = make_material(call, chosen=chosen, **more)
    assert len(captions(write_money(public))) == 2
    assert len(captions(write_money(internal))) == 5
    assert rows_of(accounts.table_of_pilots(internal, chosen)) == [
        ["Eerste", "1 juli 2030", "31 augustus 2030", "6.200", "–"],
        ["Tweede", "1 september 2030", "30 september 2030", "–", "2,5"],
    ]
    # 401.500 euro over 365 days is 1100 a day
    assert rows_of(accounts.table_of_months(internal, more["pilots_by_month"]))[:3] == [
        ["juli 2030", "1", "3.100", "34.100", "0"],
        ["augustus 2030", "1", "3.100", "34.100", "0"],
        ["september 2030", "1", "0", "33.000", "2,5"],
    ]
    lines = rows_of(accounts.table_of_lines(internal, more["budget_split"]))
    assert ["Work", "fase pilots", "reserves", "2031", "181.000", "afgeleid, naar het aantal dagen"] in lines
