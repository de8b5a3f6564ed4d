"""Scaling up: verdicts on pilots, shares that are the cost to the euro, and how many municipalities a service needs."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from builders import QUICK, declared_values, keep_contract, make_table, small_call, unchanged
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from analysis import plots, sharing
from analysis.call import Call
from analysis.declarations import CostSharing, Edition, Language
from analysis.faults import InputError
from analysis.ingest import read_tables
from analysis.material import Material
from analysis.prospects import say_verdict, show_verdicts, write_services
from analysis.store import Store
from analysis.wording import Wording

BANDS = [{"from_population": 0, "parts": 1}, {"from_population": 10_000, "parts": 2.5}]
MODELS: dict[str, dict[str, Any]] = {
    "equal": {"model": "equal"},
    "per_head": {"model": "per_head"},
    "banded": {"model": "banded", "bands": BANDS},
    "mixed": {"model": "mixed", "mix": {"equal": 0.1, "per_head": 0.2, "banded": 0.7}, "bands": BANDS},
}
TOWNS = {"1": 5_000, "2": 10_000, "3": 35_000}


def declare(name: str = "equal", **more: Any) -> CostSharing:
    return CostSharing.model_validate({**MODELS[name], "source": "a test", **more})


POPULATION = st.dictionaries(st.text("0123456789", min_size=1, max_size=5), st.integers(1, 500_000), min_size=1)


@QUICK
@given(st.integers(1, 10_000_000), POPULATION, st.sampled_from(sorted(MODELS)))
def test_shares_are_the_cost_to_the_euro_and_never_a_euro_off(cost: int, population: dict[str, int], name: str) -> None:
    euros = sharing.split_cost(cost, population, declare(name))
    assert list(euros) == list(population)
    assert sum(euros.values()) == cost
    weights = sharing.weigh_shares(population, declare(name))
    assert sum(weights.values()) == 1
    assert all(math.floor(cost * weights[one]) <= euros[one] <= math.ceil(cost * weights[one]) for one in euros)


@QUICK
@given(st.integers(1, 1_000_000), POPULATION, st.sampled_from(sorted(MODELS)))
def test_a_larger_municipality_never_pays_less_and_order_does_not_matter(
    cost: int, population: dict[str, int], name: str
) -> None:
    euros = sharing.split_cost(cost, population, declare(name))
    rising = sorted(population, key=lambda one: population[one])
    assert all(euros[one] <= euros[other] + (population[one] == population[other]) for one, other in pairwise(rising))
    backwards = dict(reversed(list(population.items())))
    assert sharing.split_cost(cost, backwards, declare(name)) == euros


@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("equal", [1 / 3, 1 / 3, 1 / 3]),
        ("per_head", [0.1, 0.2, 0.7]),
        ("banded", [1 / 6, 2.5 / 6, 2.5 / 6]),
        (
            "mixed",
            [0.1 / 3 + 0.2 * 0.1 + 0.7 / 6, 0.1 / 3 + 0.2 * 0.2 + 0.7 * 2.5 / 6, 0.1 / 3 + 0.2 * 0.7 + 0.7 * 2.5 / 6],
        ),
    ],
)
def test_each_model_splits_by_what_it_says(name: str, exact: list[float]) -> None:
    weights = sharing.weigh_shares(TOWNS, declare(name))
    assert [float(weight) for weight in weights.values()] == pytest.approx(exact)


@pytest.mark.parametrize(
    ("cost", "population", "expected"),
    [
        (100, {"1": 1, "2": 1, "3": 1}, {"1": 34, "2": 33, "3": 33}),  # all equal: the lower code
        (101, {"3": 9, "2": 8, "1": 7}, {"3": 34, "2": 34, "1": 33}),  # equal shares: the larger municipality
        (1, {"a": 10, "b": 20}, {"a": 0, "b": 1}),
        (2, {"a": 10, "b": 20, "c": 30}, {"a": 0, "b": 1, "c": 1}),
    ],
)
def test_euros_left_go_to_the_largest_remainders_then_the_larger_then_the_lower_code(
    cost: int, population: dict[str, int], expected: dict[str, int]
) -> None:
    assert sharing.split_cost(cost, population, declare("equal")) == expected


def test_the_textbook_example_of_largest_remainders() -> None:
    # Ten seats by votes: exactly 4.7, 1.6, 1.58, 1.2, 0.61 and 0.31, so that three are left for 0.7, 0.61 and 0.6.
    votes = {"yellow": 47_000, "white": 16_000, "red": 15_800, "green": 12_000, "blue": 6_100, "pink": 3_100}
    seats = sharing.split_cost(10, votes, declare("per_head"))
    assert seats == {"yellow": 5, "white": 2, "red": 1, "green": 1, "blue": 1, "pink": 0}


@QUICK
@given(st.integers(1, 50_000), st.integers(1, 5_000))
def test_with_equal_shares_the_whole_euros_of_nobody_exceed_the_most(cost: int, most: int) -> None:
    needed = sharing.find_break_even(cost, declare("equal", most_per_municipality=most))
    assert needed is not None
    assert max(sharing.split_cost(cost, dict.fromkeys(map(str, range(needed)), 1), declare()).values()) <= most
    if needed > 1:
        fewer = dict.fromkeys(map(str, range(needed - 1)), 1)
        assert max(sharing.split_cost(cost, fewer, declare()).values()) > most


@QUICK
@given(st.integers(1, 50_000), st.integers(1, 5_000), st.sampled_from(["price", "most_per_municipality"]))
def test_break_even_is_the_first_number_that_pays_the_cost(cost: int, limit: int, kind: str) -> None:
    number = 1
    while number * limit < cost:
        number += 1
    assert sharing.find_break_even(cost, declare(**{kind: limit})) == number


@QUICK
@given(st.integers(1, 50_000), POPULATION, st.integers(1, 5_000), st.sampled_from(sorted(MODELS)))
def test_where_nobody_pays_too_much_there_are_never_fewer_than_needed(
    cost: int, population: dict[str, int], most: int, name: str
) -> None:
    needed = sharing.find_break_even(cost, declare(name, most_per_municipality=most))
    assert needed is not None
    assert max(sharing.split_cost(cost, population, declare(name)).values()) > most or len(population) >= needed


def test_without_a_price_to_judge_by_there_is_no_break_even() -> None:
    assert sharing.find_break_even(1000, declare()) is None


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"model": "mixed"}, "a mix where the model is mixed"),
        ({"model": "equal", "mix": {"equal": 0.5, "per_head": 0.5}}, "a mix where the model is mixed"),
        ({"model": "mixed", "mix": {"equal": 0.5, "per_head": 0.4}}, "shares that are 1 together"),
        ({"model": "mixed", "mix": {"equal": 0.5, "banded": 0.5}}, "bands where a part of the cost is banded"),
        ({"model": "banded"}, "bands where a part of the cost is banded"),
        ({"model": "per_head", "bands": BANDS}, "bands where a part of the cost is banded"),
        ({"model": "banded", "bands": BANDS[1:]}, "bands from population 0 on"),
        ({"model": "banded", "bands": [*BANDS, BANDS[1]]}, "bands from population 0 on"),
        ({"model": "banded", "bands": BANDS[::-1]}, "bands from population 0 on"),
        ({"model": "equal", "price": 10, "most_per_municipality": 10}, "not both"),
        ({"model": "equal", "price": -10}, "greater than or equal to 1"),
        ({"model": "free"}, "Input should be"),
    ],
)
def test_a_model_that_contradicts_itself_is_refused(given_: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        CostSharing.model_validate({**given_, "source": "a test"})


def test_a_mix_of_tenths_is_one() -> None:
    mix = {"equal": 0.7, "per_head": 0.2, "banded": 0.1}
    assert sum(mix.values()) != 1  # in binary fractions
    assert sum(sharing.weigh_shares(TOWNS, declare("mixed", mix=mix)).values()) == 1


DAY = pd.Timestamp("2031-07-01")
YES = {"success": "true", "support": "true", "wider_need": "true", "assessed_on": DAY, "source": "a test"}
CHOSEN = make_table("chosen", *({"proposal": name, "title": f"Title {name}"} for name in "ABCDE"))
PILOTS = make_table(
    "pilots",
    {"proposal": "A", **YES, "yearly_cost": 1_000},
    {"proposal": "B", **YES, "support": "false", "wider_need": None},
    {"proposal": "C", **YES, "success": None},
    {"proposal": "D", **YES, "yearly_cost": 90},
)
MUNICIPALITIES = make_table(
    "municipalities", *({"nis": nis, "name": f"Town {nis}", "population": people} for nis, people in TOWNS.items())
)
JOINING = make_table("joining", *({"proposal": proposal, "nis": nis} for proposal, nis in ("A1", "A2", "A3", "B1")))


def compute(call: Call, joining: pd.DataFrame = JOINING, pilots: pd.DataFrame = PILOTS) -> dict[str, pd.DataFrame]:
    with unchanged(pilots, CHOSEN, joining, MUNICIPALITIES):
        scaling = keep_contract("scaling", sharing.judge_pilots(pilots, CHOSEN))
        shares = keep_contract("cost_shares", sharing.share_costs(scaling, joining, MUNICIPALITIES, call))
        services = keep_contract("services", sharing.describe_services(scaling, shares, call))
    return {"scaling": scaling, "cost_shares": shares, "services": services}


def sharing_call(name: str = "per_head", **more: Any) -> Call:
    return small_call(cost_sharing={**MODELS[name], "source": "a test", **more})


def test_only_a_pilot_that_passes_all_three_is_approved_and_others_are_told_what_they_lack() -> None:
    scaling = sharing.judge_pilots(PILOTS, CHOSEN)[["proposal", "verdict", "lacking", "unknown"]].fillna("-")
    assert scaling.to_numpy().tolist() == [
        ["A", "approved", "-", "-"],
        ["B", "lacking", "support", "wider_need"],
        ["C", "open", "-", "success"],
        ["D", "approved", "-", "-"],
        ["E", "open", "-", "success support wider_need"],
    ]


def test_approved_services_are_shared_by_those_that_join_them() -> None:
    tables = compute(sharing_call(most_per_municipality=600))
    assert tables["cost_shares"].to_numpy().tolist() == [
        ["A", "1", "Town 1", 5_000, 100], ["A", "2", "Town 2", 10_000, 200], ["A", "3", "Town 3", 35_000, 700],
    ]  # fmt: skip
    services = tables["services"].astype(object).where(lambda cells: cells.notna(), None)
    assert services.to_numpy().tolist() == [
        ["A", "Title A", 1_000, 3, 50_000, 100, 700, 2, 1],
        ["D", "Title D", 90, 0, 0, None, None, 1, 0],
    ]


def test_without_assessments_nothing_is_approved_and_nothing_is_shared() -> None:
    tables = compute(sharing_call(), make_table("joining"), make_table("pilots"))
    assert {name: len(table) for name, table in tables.items()} == dict.fromkeys(tables, 0)
    found = sharing.indicators(make_table("pilots"), tables["scaling"], tables["services"], tables["cost_shares"])
    assert {item.id: item.value for item in found} == {"scaling.approved": 0}


def find_indicators(tables: dict[str, pd.DataFrame]) -> dict[str, Any]:
    found = sharing.indicators(PILOTS, tables["scaling"], tables["services"], tables["cost_shares"])
    return {item.id: item.value for item in found}


def test_indicators_count_verdicts_and_sum_costs() -> None:
    assert find_indicators(compute(sharing_call("equal", most_per_municipality=400))) == {
        "scaling.approved": 2,
        "scaling.lacking": 1,
        "scaling.open": 2,
        "sharing.services": 2,
        "sharing.cost": 1_090,
        "sharing.judged": 2,
        "sharing.paid": 1,
        "sharing.above": 0,
        "sharing.municipalities": 3,
        "sharing.lowest": 333,
        "sharing.highest": 334,
    }


def refused(action: Any) -> list[str]:
    with pytest.raises(InputError) as caught:
        action()
    return str(caught.value).split("\n")


def test_contradictions_between_what_was_delivered_and_chosen_are_refused() -> None:
    pilots = make_table("pilots", {"proposal": "X", "source": "a test"}, {"proposal": "A", **YES, "assessed_on": None})
    assert refused(lambda: sharing.judge_pilots(pilots, CHOSEN)) == [
        "pilots.csv, proposal X, column proposal: found a proposal that was not chosen; expected a chosen proposal, which is a pilot.",
        "pilots.csv, proposal A, column assessed_on: found nothing; expected the day of the assessment.",
    ]


def test_what_cannot_be_shared_is_refused() -> None:
    pilots = PILOTS.assign(yearly_cost=PILOTS["yearly_cost"].mask(PILOTS["proposal"] == "A"))
    scaling = sharing.judge_pilots(pilots, CHOSEN)
    assert refused(lambda: sharing.share_costs(scaling, JOINING, MUNICIPALITIES, small_call())) == [
        "call.yml, cost_sharing: found no such key; expected how the cost of a service is shared, for municipalities join one.",
        "pilots.csv, proposal A, column yearly_cost: found nothing; expected the cost of the service a year, for municipalities join it.",
    ]


def test_negative_money_and_unknown_answers_and_joiners_are_refused_at_the_intake(store: Store, refusal: Any) -> None:
    (store.raw / "pilots.csv").write_text(
        "proposal,success,support,wider_need,yearly_cost,assessed_on,source\nG01,true,maybe,,-5,2024-12-01,minutes\n"
    )
    (store.raw / "joining.csv").write_text("proposal,nis\nG01,99999\nG02,44021\n")
    assert [line.split(": found")[0] for line in refusal(lambda: read_tables(store))] == [
        "pilots.csv, row 2, column support",
        "pilots.csv, row 2, column yearly_cost",
    ]
    (store.raw / "pilots.csv").write_text(
        "proposal,success,support,wider_need,yearly_cost,assessed_on,source\nG01,true,,false,5,2024-12-01,minutes\n"
    )
    assert [line.split(": found")[0] for line in refusal(lambda: read_tables(store))] == [
        "joining.csv, row 3, column proposal",
        "joining.csv, row 2, column nis",
    ]


def read(blocks: Any) -> str:
    markup = " ".join(str(getattr(block, "markup", "")) for block in blocks if block)
    text = " ".join(BeautifulSoup(markup, "html.parser").get_text(" ").split())
    return text.replace(" ,", ",").replace(" .", ".").replace(" :", ":")


def material(call: Call, tables: dict[str, pd.DataFrame], found: dict[str, Any], language: Language = "en") -> Material:
    edition = Edition.model_validate({"as_of": "2032-01-01", "language": language, "audience": "internal"})
    return Material(call, edition, tables, Wording(language, call, declared_values(call) | found), None, None)


def test_the_answer_names_what_is_approved_and_what_the_others_lack() -> None:
    tables = compute(sharing_call())
    given_ = material(sharing_call(), tables, find_indicators(tables))
    said = read([say_verdict(given_), *show_verdicts(given_)])
    assert "Two projects have been approved for scaling up: ‘Title A’ and ‘Title D’." in said
    assert "One pilot does not meet all of these conditions. Two pilots have not been assessed in full yet." in said
    assert "Title B not approved not met: support; not assessed yet: a wider need" in said
    assert "Title A approved –" in said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("nl", "Er is nog geen enkel project goedgekeurd voor opschaling."),
        ("en", "No project has been approved for scaling up yet."),
    ],
)
def test_without_data_the_answer_says_that_nothing_is_approved(language: Language, said: str) -> None:
    given_ = material(small_call(), {}, {"scaling.approved": 0}, language)
    assert read([say_verdict(given_), *show_verdicts(given_)]) == said
    money = read(write_services(given_))
    assert money.startswith(("Voor de opschaling zelf kunnen nog geen bedragen", "No amounts can be given yet"))


def test_the_answer_tells_what_services_cost_and_who_pays() -> None:
    call = sharing_call("mixed", most_per_municipality=600)
    tables = compute(call)
    blocks = list(write_services(material(call, tables, find_indicators(tables))))
    said = read(blocks)
    assert "Two services that grow out of pilots together cost 1,090 euro a year." in said
    assert "Three municipalities take part." in said
    assert "10% in equal parts, 20% by number of inhabitants and 70% by band of population" in said
    assert "If no municipality pays more than 600 euro, one service has enough participants to cover its costs." in said
    assert "higher than that amount" not in said
    euros = sharing.split_cost(1_000, TOWNS, declare("mixed"))
    assert f"Town 1 5,000 {euros['1']} Town 2 10,000 {euros['2']} Town 3 35,000 {euros['3']}" in said
    assert [block.id for block in blocks if hasattr(block, "svg")] == ["cost-shares-A"]


@pytest.mark.parametrize(
    ("bounds", "english", "dutch"),
    [
        (
            {"most_per_municipality": 600},
            "If no municipality pays more than 600 euro, one service has enough participants to cover its costs. "
            "One share is now higher than that amount.",
            "Als geen gemeente meer dan 600 euro betaalt, heeft één dienst genoeg deelnemers om haar kosten te dekken. "
            "Eén bijdrage ligt nu hoger dan dat bedrag.",
        ),
        (
            {"price": 300},
            "At a fixed price of 300 euro per municipality, no service has enough participants to cover its costs.",
            "Bij een vaste prijs van 300 euro per gemeente heeft geen enkele dienst genoeg deelnemers om haar kosten te dekken.",
        ),
    ],
)
def test_the_answer_tells_whether_enough_municipalities_join(bounds: dict[str, int], english: str, dutch: str) -> None:
    call = sharing_call("per_head", **bounds)
    tables = compute(call)
    for language, said in (("en", english), ("nl", dutch)):
        told = read(write_services(material(call, tables, find_indicators(tables), language)))
        assert said in told
        assert ("higher" in told or "hoger" in told) == ("most_per_municipality" in bounds)


def test_who_may_not_see_titles_reads_counts_alone() -> None:
    call = sharing_call()
    found = find_indicators(compute(call))
    given_ = material(call, {}, found)
    said = read([say_verdict(given_), *show_verdicts(given_), *write_services(given_)])
    assert "Two projects have been approved for scaling up." in said
    assert "Title" not in said
    assert "Town" not in said


@pytest.mark.parametrize(
    ("language", "most", "alt"),
    [
        ("en", 600, "The three municipalities together pay 1,000 euro a year, from 100 euro (Town 1) to 700 euro (Town 3). "
                    "One municipality pays more than 600 euro, the highest amount reckoned with."),
        ("nl", 800, "De drie gemeenten betalen samen 1.000 euro per jaar, van 100 euro (Town 1) tot 700 euro (Town 3). "
                    "Geen enkele gemeente betaalt meer dan 800 euro, het hoogste bedrag waarmee is gerekend."),
        ("en", None, "The three municipalities together pay 1,000 euro a year, from 100 euro (Town 1) to 700 euro (Town 3)."),
    ],
)  # fmt: skip
def test_the_picture_says_in_words_what_it_shows(language: Language, most: int | None, alt: str) -> None:
    call = sharing_call(**({"most_per_municipality": most} if most else {}))
    figure = plots.cost_shares(compute(call)["cost_shares"], "A", "Title A", Wording(language, call))
    assert figure.alt == alt
    assert "‘Title A’" in figure.caption
    assert ("dashed" in figure.caption or "streepjeslijn" in figure.caption) == (most is not None)


def test_a_service_that_nobody_joins_has_no_picture() -> None:
    with pytest.raises(ValueError, match="service D"):
        plots.cost_shares(compute(sharing_call())["cost_shares"], "D", "Title D", Wording("nl", sharing_call()))
