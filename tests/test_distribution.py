"""The distribution: counts taken by hand, evenness against scipy, and silence on what was not delivered."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable

import pandas as pd
import pytest
from builders import QUICK, keep_contract, make_table, named, small_call, unchanged
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, entropy

from analysis import distribution
from analysis.indicators import Indicator

MUNICIPALITIES = make_table(
    "municipalities",
    {"nis": "1", "province": "North", "population": 1000},
    {"nis": "2", "province": "North", "population": 3000, "scale": "city"},
    {"nis": "3", "province": "West Side", "population": 4000},
    {"nis": "4", "province": "South", "population": 2000},
)
ACTORS = make_table(
    "actors",
    {"actor": "A1", "kind": "library", "nis": "1"},
    {"actor": "A2", "kind": "centre", "nis": "2"},
    {"actor": "A3", "kind": "library", "nis": "3"},
)
PROPOSALS = make_table(
    "proposals",
    {"proposal": "P3", "actor": "A1", "category": "arts", "focus": "role", "cross_sector": True},
    {"proposal": "P1", "actor": "A2", "category": "media", "partnership": "together", "reach": "regional"},
    {"proposal": "P2", "actor": "A1", "category": "arts", "partnership": "alone"},
    {"proposal": "P4", "actor": "A3", "category": "arts", "cross_sector": True},
)
INVOLVEMENT = make_table(
    "involvement",
    {"proposal": "P1", "nis": "2"},
    {"proposal": "P1", "nis": "3"},
    {"proposal": "P2", "nis": "2"},
    {"proposal": "P4", "nis": "3"},
    {"proposal": "P3", "nis": "2"},
)
PROFILES = distribution.profile(PROPOSALS, ACTORS, MUNICIPALITIES)


def values(indicators: Iterable[Indicator]) -> dict[str, object]:
    found = [(item.id, item.value) for item in indicators]
    assert len(dict(found)) == len(found)
    return dict(found)


def reach_of(involvement: pd.DataFrame = INVOLVEMENT) -> pd.DataFrame:
    return distribution.count_reach(MUNICIPALITIES, involvement, PROPOSALS, ACTORS)


def spread_of(involvement: pd.DataFrame = INVOLVEMENT) -> pd.DataFrame:
    return keep_contract(
        "spread", distribution.compare_with_population(PROFILES, MUNICIPALITIES, reach_of(involvement))
    )


def all_indicators(involvement: pd.DataFrame = INVOLVEMENT) -> dict[str, object]:
    counted = distribution.count_groups(PROFILES, small_call())
    reach = distribution.count_reach(MUNICIPALITIES, involvement, PROPOSALS, ACTORS)
    even = distribution.measure_evenness(PROFILES, MUNICIPALITIES, small_call())
    return values([
        *distribution.indicators(PROFILES, counted, reach, PROPOSALS),
        *distribution.spread_indicators(spread_of(involvement), even),
    ])  # fmt: skip


def test_a_proposal_has_the_kind_province_and_scale_of_its_lead_actor_in_the_order_given() -> None:
    rows = PROFILES[["proposal", "actor_kind", "province", "scale"]].to_numpy().tolist()
    assert rows == [
        ["P3", "library", "North", "municipality"],
        ["P1", "centre", "North", "city"],
        ["P2", "library", "North", "municipality"],
        ["P4", "library", "West Side", "municipality"],
    ]
    keep_contract("profiles", PROFILES)


def test_groups_are_counted_in_the_order_of_the_call_and_none_is_left_out() -> None:
    counted = keep_contract("distribution", distribution.count_groups(PROFILES, small_call()))
    of = {name: list(zip(rows["group"], rows["proposals"], strict=True)) for name, rows in counted.groupby("dimension")}
    assert of["category"] == [("arts", 3), ("media", 1), ("talent", 0)]
    assert of["actor_kind"] == [("library", 3), ("centre", 1)]
    assert of["partnership"] == [("alone", 1), ("together", 1)]
    assert of["focus"] == [("service", 0), ("role", 1)]
    assert of["reach"] == [("local", 3), ("regional", 1)]
    assert of["province"] == [("North", 3), ("West Side", 1)]
    assert of["scale"] == [("city", 1), ("municipality", 3)]


def test_shares_are_of_all_proposals_so_what_is_not_filled_in_is_missing_from_the_sum() -> None:
    sums = distribution.count_groups(PROFILES, small_call()).groupby("dimension")["share"].sum()
    assert sums["category"] == 1
    assert sums["focus"] == 1 / 4
    assert sums["partnership"] == 2 / 4


def test_categories_and_kinds_are_crossed_with_zeros() -> None:
    crossed = keep_contract("category_by_kind", distribution.cross_category_and_kind(PROFILES, small_call()))
    found = {(row.category, row.actor_kind): row.proposals for row in crossed.itertuples()}
    pairs = Counter(zip(PROFILES["category"], PROFILES["actor_kind"], strict=True))
    assert found == {(c, k): pairs[c, k] for c in ("arts", "media", "talent") for k in ("library", "centre")}
    assert found["arts", "library"] == 3


def test_reach_tells_involved_apart_from_leading() -> None:
    reach = distribution.count_reach(MUNICIPALITIES, INVOLVEMENT, PROPOSALS, ACTORS)
    keep_contract("municipality_reach", reach)
    assert (reach["share"] * len(PROPOSALS)).round(9).tolist() == reach["proposals"].tolist()
    assert reach["proposals"].tolist() == [0, 3, 2, 0]
    assert reach["led"].tolist() == [2, 1, 1, 0]


def test_a_call_that_delivered_no_involvement_shows_no_municipality_without_ideas() -> None:
    empty = make_table("involvement")
    reach = keep_contract("municipality_reach", distribution.count_reach(MUNICIPALITIES, empty, PROPOSALS, ACTORS))
    assert reach.empty
    assert distribution.compare_with_population(PROFILES, MUNICIPALITIES, reach)["reached"].isna().all()
    assert not any(name.startswith("distribution.municipalities") for name in all_indicators(empty))


def test_indicators_are_the_counts_made_by_hand() -> None:
    found = all_indicators()
    expected = {
        "distribution.proposals": 4,
        "distribution.actors": 3,
        "distribution.categories": 2,
        "distribution.categorised": 4,
        "distribution.cross_sector": 2,
        "distribution.category.arts": 3,
        "distribution.category.talent": 0,
        "distribution.province.west_side": 1,
        "distribution.municipalities": 2,
        "distribution.municipalities.known": 4,
        "distribution.municipalities.share": 0.5,
        "distribution.population.share": 7000 / 10_000,
        "distribution.provinces": 2,
    }
    assert {name: found[name] for name in expected} == expected


def test_evenness_over_provinces_counts_those_without_any_proposal() -> None:
    assert all_indicators()["distribution.province.evenness"] == pytest.approx(entropy([3, 1, 0]) / math.log(3))


# The 4 proposals beside the 10,000 inhabitants: 4,000 in the North, 2,000 in the South, 4,000 in the West Side; 3,000
# of all in the one city.
BY_HAND = {
    ("province", "North"): (3, 0.4, 1.6, 2, 1),
    ("province", "South"): (0, 0.2, 0.8, 1, 0),
    ("province", "West Side"): (1, 0.4, 1.6, 1, 1),
    ("scale", "city"): (1, 0.3, 1.2, 1, 1),
    ("scale", "municipality"): (3, 0.7, 2.8, 3, 1),
}


def test_places_have_the_proposals_that_their_population_leads_to_expect() -> None:
    rows = {(row.dimension, row.group): row for row in spread_of().itertuples()}
    assert list(rows) == list(BY_HAND)
    for key, (proposals, share, expected, known, reached) in BY_HAND.items():
        row = rows[key]
        assert (row.proposals, row.municipalities, row.reached) == (proposals, known, reached), key
        assert (row.population_share, row.expected) == (pytest.approx(share), pytest.approx(expected)), key
        ends = binomtest(proposals, 4).proportion_ci(0.95, method="wilson")
        found = (row.ratio, row.low, row.high)
        assert found == pytest.approx((proposals / expected, ends.low / share, ends.high / share)), key


def test_expected_proposals_add_up_to_all_of_them_in_every_dimension() -> None:
    sums = spread_of().groupby("dimension")[["proposals", "expected", "municipalities"]].sum()
    assert sums["expected"].tolist() == pytest.approx([4, 4])
    assert sums["proposals"].tolist() == [4, 4]
    assert sums["municipalities"].tolist() == [4, 4]


def test_where_no_involvement_was_delivered_nothing_is_said_of_reach_and_white_spots() -> None:
    empty = make_table("involvement")
    assert spread_of(empty)["reached"].isna().all()
    assert len(keep_contract("white_spots", distribution.list_white_spots(MUNICIPALITIES, reach_of(empty)))) == 0
    assert not any("white_spots" in name for name in all_indicators(empty))


def test_white_spots_are_the_municipalities_that_no_proposal_involves_by_province() -> None:
    towns = MUNICIPALITIES.assign(name=["Zele", "Aalst", "Mol", "Bree"], province=["West", "West", "East", "East"])
    found = keep_contract("white_spots", distribution.list_white_spots(towns, reach_of()))
    assert found.to_numpy().tolist() == [["4", "Bree", "East", 2000], ["1", "Zele", "West", 1000]]


def test_evenness_and_coverage_are_told_per_dimension_beside_the_population() -> None:
    even = keep_contract("evenness", distribution.measure_evenness(PROFILES, MUNICIPALITIES, small_call()))
    counts = {"category": [3, 1, 0], "actor_kind": [3, 1], "province": [3, 0, 1], "scale": [1, 3]}
    people = {"province": [4000, 2000, 4000], "scale": [3000, 7000]}
    assert even["dimension"].tolist() == list(counts)
    for row in even.itertuples():
        own = counts[row.dimension]
        assert (row.groups, row.covered) == (len(own), sum(number > 0 for number in own))
        assert row.evenness == pytest.approx(entropy(own) / math.log(len(own)))
        if row.dimension in people:
            theirs = people[row.dimension]
            assert row.population_evenness == pytest.approx(entropy(theirs) / math.log(len(theirs)))
        else:
            assert pd.isna(row.population_evenness)


def test_a_region_with_one_province_and_no_city_is_spread_over_one_group_of_each() -> None:
    towns = make_table("municipalities", *({"nis": nis, "province": "North"} for nis in "123"))
    profiles = distribution.profile(PROPOSALS, ACTORS, towns)
    reach = distribution.count_reach(towns, INVOLVEMENT, PROPOSALS, ACTORS)
    spread = keep_contract("spread", distribution.compare_with_population(profiles, towns, reach))
    assert spread[["group", "ratio"]].to_numpy().tolist() == [["North", 1.0], ["municipality", 1.0]]
    even = keep_contract("evenness", distribution.measure_evenness(profiles, towns, small_call()))
    assert even["population_evenness"].dropna().tolist() == [1.0, 1.0]


def test_indicators_of_the_spread_are_those_of_its_tables() -> None:
    found = all_indicators()
    expected = {
        "distribution.category.groups": 3,
        "distribution.category.covered": 2,
        "distribution.province.groups": 3,
        "distribution.province.south.submitted": 0,
        "distribution.province.west_side.expected": pytest.approx(1.6),
        "distribution.scale.city.ratio": pytest.approx(1 / 1.2),
        "distribution.white_spots": 2,
        "distribution.white_spots.population.share": pytest.approx(0.3),
    }
    assert {name: found[name] for name in expected} == expected


@QUICK
@given(st.lists(st.integers(0, 50), min_size=2, max_size=12).filter(any))
def test_evenness_is_the_entropy_over_its_maximum(counts: list[int]) -> None:
    found = distribution.evenness(pd.Series(counts))
    assert found == pytest.approx(entropy(counts) / math.log(len(counts)), abs=1e-12)
    assert found == pytest.approx(distribution.evenness(pd.Series([n * 7 for n in reversed(counts)])))


@pytest.mark.parametrize(("counts", "expected"), [([5, 5, 5], 1), ([9, 0, 0], 0), ([4], 1), ([0, 0], 0)])
def test_evenness_at_its_ends(counts: list[int], expected: float) -> None:
    found = distribution.evenness(pd.Series(counts))
    assert found == pytest.approx(expected)
    assert found <= 1
    assert math.copysign(1, found) == 1  # never minus zero, which a reader would see


def test_a_category_of_a_call_is_counted_whatever_its_id() -> None:
    call = small_call(categories=[named("arts", "a", "a"), named("media", "b", "b"), named("no-one", "c", "c")])
    counted = distribution.count_groups(PROFILES, call)
    assert counted.loc[counted["group"] == "no-one", "proposals"].tolist() == [0]


def test_nothing_given_is_changed() -> None:
    call = small_call()
    with unchanged(PROPOSALS, ACTORS, MUNICIPALITIES, INVOLVEMENT, PROFILES):
        distribution.profile(PROPOSALS, ACTORS, MUNICIPALITIES)
        counted = distribution.count_groups(PROFILES, call)
        distribution.cross_category_and_kind(PROFILES, call)
        reach = distribution.count_reach(MUNICIPALITIES, INVOLVEMENT, PROPOSALS, ACTORS)
    with unchanged(PROPOSALS, PROFILES, MUNICIPALITIES, counted, reach):
        list(distribution.indicators(PROFILES, counted, reach, PROPOSALS))
        spread = distribution.compare_with_population(PROFILES, MUNICIPALITIES, reach)
        list(distribution.spread_indicators(spread, distribution.measure_evenness(PROFILES, MUNICIPALITIES, call)))
        distribution.list_white_spots(MUNICIPALITIES, reach)
        distribution.evenness(counted["proposals"])
