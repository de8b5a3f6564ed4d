"""Published figures against each other: rounding never makes a finding, and what it cannot explain always does."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from typing import Any

import pytest
from builders import QUICK
from hypothesis import given
from hypothesis import strategies as st

from analysis.contradictions import Contradiction
from analysis.published import Published

TEXT = {"nl": "Een verklaring.", "en": "An explanation."}
PERCENT = {"unit": "share", "hedge": "rounded", "tolerance": 0.01}
STEPS = [Fraction(1, 100), Fraction(1, 10), Fraction(1, 2), Fraction(1), Fraction(5), Fraction(100)]


def figure(name: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"id": name, "label": TEXT, "value": value, "unit": "euro", "source": "Q-1", "indicator": name, **more}


def find(*figures: dict[str, Any], **sections: Any) -> list[Contradiction]:
    return Published.model_validate({"figures": figures, **sections}).contradictions()


def add_up(total: dict[str, Any] | None, *parts: dict[str, Any], **more: Any) -> list[Contradiction]:
    group = {"id": "split", "label": TEXT, "parts": [part["id"] for part in parts], **more}
    if total:
        group["total"] = total["id"]
    return find(*([total] if total else []), *parts, groups=[group])


def ids(found: list[Contradiction]) -> list[str]:
    return [one.id for one in found]


def round_to(value: Fraction, step: Fraction) -> float:
    return float(round(value / step) * step)


def rounded(name: str, value: Fraction, step: Fraction, **more: Any) -> dict[str, Any]:
    return figure(name, round_to(value, step), hedge="rounded", tolerance=float(step), **more)


amounts = st.integers(min_value=0, max_value=10**7).map(lambda cents: Fraction(cents, 100))
steps = st.sampled_from(STEPS)


@given(st.lists(st.tuples(amounts, steps), min_size=2, max_size=9), steps)
@QUICK
def test_true_figures_rounded_to_their_steps_never_contradict_each_other(
    parts: list[tuple[Fraction, Fraction]], step: Fraction
) -> None:
    total = sum((value for value, _ in parts), Fraction(0))
    stated = [rounded(f"part-{i}", value, own) for i, (value, own) in enumerate(parts)]
    again = [figure(f"again-{i}", float(value), indicator=f"part-{i}") for i, (value, _) in enumerate(parts)]
    group = {"id": "split", "label": TEXT, "total": "all", "parts": [part["id"] for part in stated]}
    declared = [{"part": part["id"], "whole": "all"} for part in stated]
    assert find(rounded("all", total, step), *stated, *again, groups=[group], parts=declared) == []


@given(st.lists(st.tuples(amounts, steps), min_size=2, max_size=9), steps, st.sampled_from([-1, 1]))
@QUICK
def test_a_total_moved_to_the_edge_of_all_roundings_is_right_and_beyond_it_always_wrong(
    parts: list[tuple[Fraction, Fraction]], step: Fraction, side: int
) -> None:
    stated = [rounded(f"part-{i}", value, own) for i, (value, own) in enumerate(parts)]
    published = sum((Fraction(str(part["value"])) for part in stated), Fraction(0))
    reach = (sum((own for _, own in parts), Fraction(0)) + step) / 2
    for beyond, expected in ((Fraction(0), []), (Fraction(1, 1000), ["sum.split"])):
        total = figure("all", float(published + side * (reach + beyond)), hedge="rounded", tolerance=float(step))
        assert [name for name in ids(add_up(total, *stated)) if name.startswith("sum")] == expected


def test_shares_of_any_three_counts_rounded_to_percents_are_never_wrong() -> None:
    for first, second, third in product(range(14), repeat=3):
        whole = first + second + third
        if whole:
            shares = [rounded(f"s{i}", Fraction(count, whole), Fraction(1, 100), unit="share")
                      for i, count in enumerate((first, second, third))]  # fmt: skip
            assert add_up(None, *shares) == [], (first, second, third)


@pytest.mark.parametrize(
    ("percents", "expected"),
    [
        ([15, 15, 14, 14, 14, 14, 13], []),  # 99
        ([15, 15, 15, 14, 14, 14, 14], []),  # 101
        ([13, 14, 14, 14, 14, 14, 14], []),  # 97, the least that seven roundings allow
        ([13, 13, 14, 14, 14, 14, 14], ["percentages.split"]),  # 96
        ([10, 10, 14, 14, 14, 14, 14], ["percentages.split"]),  # 90
        ([15, 15, 15, 15, 15, 15, 14], ["percentages.split"]),  # 104
    ],
)
def test_seven_rounded_shares_may_miss_the_whole_by_three_percents_and_a_half(
    percents: list[int], expected: list[str]
) -> None:
    shares = [figure(f"s{i}", percent / 100, **PERCENT) for i, percent in enumerate(percents)]
    assert ids(add_up(None, *shares)) == expected


def test_shares_that_declare_no_rounding_must_be_the_whole_exactly() -> None:
    for values, expected in (([0.1, 0.2, 0.7], []), ([0.33, 0.33, 0.33], ["percentages.split"])):
        shares = [figure(f"s{i}", value, unit="share") for i, value in enumerate(values)]
        found = add_up(None, *shares)
        assert ids(found) == expected
    assert (found[0].found, found[0].expected, found[0].unit) == (Fraction("0.99"), 1, "share")


def test_shares_may_have_a_published_total_other_than_the_whole() -> None:
    parts = [figure("a", 0.3, unit="share"), figure("b", 0.4, unit="share")]
    assert add_up(figure("all", 0.7, unit="share"), *parts) == []
    assert ids(add_up(figure("all", 0.8, unit="share"), *parts)) == ["percentages.split"]


def test_large_amounts_are_added_up_to_the_cent() -> None:
    parts = [figure("a", 4_000_000_000.10), figure("b", 5_000_000_000.20)]
    assert add_up(figure("all", 9_000_000_000.30), *parts) == []
    assert ids(add_up(figure("all", 9_000_000_000.31), *parts)) == ["sum.split"]


def test_almost_a_total_is_less_than_the_total() -> None:
    almost = {"hedge": "almost", "tolerance": 0.05}
    assert add_up(figure("all", 100, **almost), figure("a", 60), figure("b", 39)) == []
    assert ids(add_up(figure("all", 100, **almost), figure("a", 60), figure("b", 40))) == ["sum.split"]


def test_a_part_larger_than_its_total_is_found_in_every_group_without_negative_parts() -> None:
    parts = [figure("a", 12), figure("b", 3)]
    assert ids(add_up(figure("all", 10), *parts)) == ["sum.split", "part.a.all"]
    balanced = [figure("a", 12), figure("b", -2)]
    assert add_up(figure("all", 10), *balanced) == []


@pytest.mark.parametrize(
    ("part", "whole", "expected"),
    [
        ({"value": 16}, {"value": 16}, False),
        ({"value": 17}, {"value": 16}, True),
        ({"value": 17, "hedge": "about", "tolerance": 0.1}, {"value": 16}, False),
        ({"value": 20, "hedge": "rounded", "tolerance": 5}, {"value": 16}, True),
        ({"value": 20, "hedge": "rounded", "tolerance": 5}, {"value": 18}, False),
        ({"value": 20}, {"value": 20, "hedge": "almost", "tolerance": 0.1}, True),
        ({"value": None, "hedge": "several"}, {"value": 1}, True),
        ({"value": None, "hedge": "several"}, {"value": 2}, False),
        ({"value": None, "hedge": "most", "unit": "share"}, {"value": 0.5, "unit": "share"}, True),
        ({"value": 9}, {"value": None, "hedge": "several"}, False),
        ({"value": -3}, {"value": -4}, True),
    ],
)
def test_a_declared_part_is_no_larger_than_its_whole_whatever_their_hedges(
    part: dict[str, Any], whole: dict[str, Any], expected: bool
) -> None:
    figures = [figure("x", **part), figure("y", **whole)]
    assert ids(find(*figures, parts=[{"part": "x", "whole": "y"}])) == ["part.x.y"] * expected


@pytest.mark.parametrize(("amount", "expected"), [(735, []), (805, []), (734, ["share.x.y.z"]), (806, ["share.x.y.z"])])
def test_a_share_of_a_rounded_whole_leaves_the_part_the_same_room(amount: float, expected: list[str]) -> None:
    figures = [figure("x", amount), figure("y", 1100, hedge="rounded", tolerance=100), figure("z", 0.7, unit="share")]
    found = find(*figures, parts=[{"part": "x", "whole": "y", "share": "z"}])
    assert ids(found) == expected
    assert [(one.found, one.expected) for one in found] == [(amount, 770)] * len(expected)


HEDGED: list[dict[str, Any]] = [
    *({"value": value} for value in range(-2, 13)),
    *({"value": value, "hedge": "about", "tolerance": 0.25} for value in range(-2, 13)),
    *({"value": value, "hedge": "almost", "tolerance": 0.5} for value in range(1, 13)),
    *({"value": value, "hedge": "rounded", "tolerance": step} for value in range(12) for step in (1, 3)),
    {"value": None, "hedge": "most"},
    {"value": None, "hedge": "several"},
]
GRID = [Fraction(i, 16) for i in range(-80, 400)]  # every hedge above begins and ends on quarters of a unit


def allows(said: dict[str, Any], truth: Fraction) -> bool:
    """Return whether a true value may be published so, by the words of the hedge."""
    value, margin = said["value"], Fraction(str(said.get("tolerance", 0)))
    return {
        "exact": lambda: truth == value,
        "about": lambda: abs(truth - value) <= margin * abs(value),
        "almost": lambda: value > truth >= value - margin * value,
        "rounded": lambda: 2 * abs(truth - value) <= margin,
        "most": lambda: truth > Fraction(1, 2),
        "several": lambda: truth >= 2,
    }[said.get("hedge", "exact")]()


def test_two_statements_exclude_each_other_exactly_where_no_true_value_allows_both() -> None:
    possible = [{truth for truth in GRID if allows(said, truth)} for said in HEDGED]
    assert all(possible)
    for one, other in product(range(len(HEDGED)), repeat=2):
        figures = [figure(name, indicator="it", **HEDGED[i]) for name, i in (("a", one), ("b", other))]
        assert bool(find(*figures)) == (not possible[one] & possible[other]), (HEDGED[one], HEDGED[other])


def test_a_statement_made_twice_is_compared_by_indicator_and_unit_alone() -> None:
    assert ids(find(figure("a", 99, indicator="it"), figure("b", 98, indicator="it"))) == ["twice.a.b"]
    assert find(figure("a", 99, indicator="it"), figure("b", 98, indicator="it", unit="points")) == []
    assert find(figure("a", 99), figure("b", 98)) == []
    three = [figure(name, value, indicator="it") for name, value in (("a", 99), ("b", 99), ("c", 98))]
    assert ids(find(*three)) == ["twice.a.c", "twice.b.c"]


def test_two_days_of_one_event_exclude_each_other() -> None:
    days = [figure(name, day, unit="date", indicator="it") for name, day in (("a", "2030-01-01"), ("b", "2030-01-02"))]
    (found,) = find(*days)
    assert (str(found.found), str(found.expected), found.unit) == ("2030-01-01", "2030-01-02", "date")
    assert find(days[0], days[0] | {"id": "b"}) == []


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"value": -1, "unit": "count"}, 0),
        ({"value": -0.5, "unit": "share"}, 0),
        ({"value": -0.5, "unit": "fte"}, 0),
        ({"value": -5, "unit": "euro"}, None),
        ({"value": -5, "unit": "points"}, None),
        ({"value": 1.2, "unit": "share"}, 1),
        ({"value": 70, "unit": "share"}, 1),
        ({"value": 1, "unit": "share"}, None),
        ({"value": 1.02, "unit": "share", "hedge": "rounded", "tolerance": 0.05}, None),
        ({"value": -1, "unit": "count", "hedge": "rounded", "tolerance": 10}, None),
        ({"value": 20.5, "unit": "count"}, 21),
        ({"value": 20.2, "unit": "persons"}, 20),
        ({"value": 20.5, "unit": "count", "hedge": "rounded", "tolerance": 1}, None),
        ({"value": 20.5, "unit": "ratio"}, None),
        ({"value": 2.5, "unit": "fte"}, None),
        ({"value": None, "unit": "count", "hedge": "several"}, None),
    ],
)
def test_a_value_that_its_unit_cannot_have_is_a_finding(said: dict[str, Any], expected: float | None) -> None:
    found = find(figure("x", **said))
    assert [(one.id, one.expected) for one in found] == ([] if expected is None else [("value.x", expected)])


def test_an_explanation_belongs_to_the_kind_and_the_figures_that_it_names() -> None:
    figures = [figure("a", 99, indicator="it"), figure("b", 98, indicator="it")]
    declared = {"parts": [{"part": "a", "whole": "b"}]}
    assert {one.id: bool(one.explanation) for one in find(*figures, **declared)} == {
        "part.a.b": False, "twice.a.b": False,
    }  # fmt: skip
    explained = [{"kind": "twice", "figures": ["b", "a"], "text": TEXT}]
    assert {one.id: bool(one.explanation) for one in find(*figures, **declared, explanations=explained)} == {
        "part.a.b": False, "twice.a.b": True,
    }  # fmt: skip


def test_the_explanation_of_a_group_is_that_of_its_parts_too() -> None:
    found = add_up(figure("all", 10), figure("a", 12), figure("b", 3), explanation=TEXT)
    assert [(one.id, one.explanation is not None) for one in found] == [("sum.split", True), ("part.a.all", True)]


def test_no_two_findings_have_one_id() -> None:
    figures = [figure("all", 10), figure("a", 12), figure("b", 3)]
    groups = [{"id": name, "label": TEXT, "total": "all", "parts": ["a", "b"]} for name in ("one", "two")]
    found = ids(find(*figures, groups=groups, parts=[{"part": "a", "whole": "all"}]))
    assert found == ["sum.one", "sum.two", "part.a.all"]
