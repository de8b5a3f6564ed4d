"""Published against computed: every hedge at its edges, sums of parts, and the verdict that follows."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from builders import keep_contract, unchanged

from analysis import reconciliation
from analysis.documents import read_document
from analysis.published import Published

REFERENCE_CALL = Path(__file__).parents[1] / "data" / "raw" / "digitale-innovatie-2016"
TEXT = {"nl": "Een tekst."}


def figure(name: str, value: float | date | None, **more: Any) -> dict[str, Any]:
    return {"id": name, "label": TEXT, "value": value, "unit": "count", "source": "Q-1", "indicator": name, **more}


def published(*figures: dict[str, Any], groups: list[dict[str, Any]] | None = None) -> Published:
    return Published.model_validate({"figures": figures, "groups": groups or []})


def group(total: str, *parts: str, **more: Any) -> dict[str, Any]:
    return {"id": "split", "label": TEXT, "total": total, "parts": parts, **more}


def verdict(computed: float | date | None, value: float | date | None, **more: Any) -> str:
    values = {} if computed is None else {"it": computed}
    table = keep_contract(
        "reconciliation", reconciliation.compare_figures(published(figure("it", value, **more)), values)
    )
    return str(table["verdict"].item())


@pytest.mark.parametrize(
    ("hedge", "value", "tolerance", "computed", "expected"),
    [
        ("exact", 99, None, 99, "match"),
        ("exact", 99, None, 98, "open"),
        ("exact", 0.7, None, 0.1 + 0.6, "match"),
        ("exact", 0, None, 1e-12, "match"),
        ("exact", 1_000_000, None, 1_000_001, "open"),
        ("about", 20, 0.1, 18, "within"),
        ("about", 20, 0.1, 22, "within"),
        ("about", 20, 0.1, 17.9, "open"),
        ("about", 20, 0.1, 22.1, "open"),
        ("about", 20, 0.1, 20, "within"),
        ("about", -20, 0.1, -22, "within"),
        ("almost", 100, 0.05, 99, "within"),
        ("almost", 100, 0.05, 95, "within"),
        ("almost", 100, 0.05, 94.9, "open"),
        ("almost", 100, 0.05, 100, "open"),
        ("almost", 100, 0.05, 101, "open"),
        ("rounded", 1_100_000, 100_000, 1_050_000, "within"),
        ("rounded", 1_100_000, 100_000, 1_150_000, "within"),
        ("rounded", 1_100_000, 100_000, 1_049_999, "open"),
        ("rounded", 1_100_000, 100_000, 1_150_001, "open"),
        ("most", None, None, 0.51, "within"),
        ("most", None, None, 0.5, "open"),
        ("several", None, None, 2, "within"),
        ("several", None, None, 1, "open"),
    ],
)
def test_every_hedge_at_its_edges(
    hedge: str, value: float | None, tolerance: float | None, computed: float, expected: str
) -> None:
    assert verdict(computed, value, hedge=hedge, tolerance=tolerance) == expected


@pytest.mark.parametrize("value", range(5, 301, 5))
def test_almost_holds_at_its_lower_edge_whatever_the_fraction(value: int) -> None:
    for percent in range(1, 100):
        if value * (100 - percent) % 100 == 0:
            edge = value * (100 - percent) // 100
            assert verdict(edge, value, hedge="almost", tolerance=percent / 100) == "within", percent


def test_days_match_or_not_and_a_number_is_no_day() -> None:
    day = date(2030, 9, 1)
    assert verdict(day, day, unit="date") == "match"
    assert verdict(date(2030, 9, 2), day, unit="date") == "open"
    assert verdict(5, day, unit="date") == "open"
    assert verdict(day, 5) == "open"


def test_a_difference_that_is_explained_is_no_open_one() -> None:
    assert verdict(98, 99, explanation=TEXT) == "explained"
    assert verdict(99, 99, explanation=TEXT) == "match"


def test_a_figure_that_no_step_computed_is_missing_also_where_it_has_an_explanation() -> None:
    assert verdict(None, 99) == "missing"
    assert verdict(None, 99, explanation=TEXT) == "missing"


def test_the_table_shows_both_values_side_by_side() -> None:
    day = date(2030, 9, 1)
    given_figures = published(
        figure("price", 61, unit="euro", source="A3-1", derived=True),
        figure("start", day, unit="date"),
        figure("many", None, hedge="several"),
    )
    table = reconciliation.compare_figures(given_figures, {"price": 60.5, "start": day, "many": 3})
    table = keep_contract("reconciliation", table).set_index("figure")
    assert table.loc["price", ["published", "computed", "unit", "source", "derived"]].tolist() == [
        61,
        60.5,
        "euro",
        "A3-1",
        True,
    ]
    assert table[["published_on", "computed_on"]].notna().to_numpy().tolist() == [[False] * 2, [True] * 2, [False] * 2]
    assert table.loc["start", "published_on"].date() == table.loc["start", "computed_on"].date() == day
    assert table["published"].isna().tolist() == [False, True, True]


def sums(total: dict[str, Any], *parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    declared = group(total["id"], *(part["id"] for part in parts), **more)
    table = reconciliation.compare_groups(published(total, *parts, groups=[declared]))
    return dict(keep_contract("group_sums", table).iloc[0])


def parts(*values: float, **more: Any) -> list[dict[str, Any]]:
    return [figure(f"part-{i}", value, **more) for i, value in enumerate(values)]


def test_parts_that_do_not_add_up_to_their_total_are_open() -> None:
    found = sums(figure("all", 16, source="A1-2"), *parts(4, 7, 1, 3, source="A1-4"))
    assert (found["sum"], found["total"], found["difference"], found["verdict"]) == (15, 16, -1, "open")
    assert found["sources"] == "A1-2, A1-4"


def test_parts_that_add_up_match_and_an_explained_difference_is_explained() -> None:
    assert sums(figure("all", 16), *parts(6, 5, 5))["verdict"] == "match"
    assert sums(figure("all", 1), *parts(0.1, 0.2, 0.7))["verdict"] == "match"
    assert sums(figure("all", 16), *parts(4, 7, 1, 3), explanation=TEXT)["verdict"] == "explained"


@pytest.mark.parametrize(
    ("total", "expected"), [(30, "match"), (45, "within"), (15, "within"), (46, "open"), (14, "open")]
)
def test_rounded_parts_may_miss_their_total_by_half_a_step_each(total: float, expected: str) -> None:
    rounded = {"hedge": "rounded", "tolerance": 10}
    assert sums(figure("all", total, **rounded), *parts(10, 20, **rounded))["verdict"] == expected


@pytest.mark.parametrize(("total", "expected"), [(33, "within"), (27, "within"), (33.1, "open")])
def test_hedged_parts_may_miss_it_by_their_share(total: float, expected: str) -> None:
    assert sums(figure("all", total), *parts(10, 20, hedge="about", tolerance=0.1))["verdict"] == expected


def test_a_source_that_holds_several_statements_is_named_once() -> None:
    found = sums(figure("all", 3, source="A1-1, A1-2"), *parts(1, 2, source="A1-2"))
    assert found["sources"] == "A1-1, A1-2"


def test_the_published_split_of_the_reference_call_contradicts_itself_and_nothing_else_does() -> None:
    table = reconciliation.compare_groups(read_document(REFERENCE_CALL / "published.yml", Published)).set_index("group")
    assert table.loc["partnership", ["sum", "total", "verdict"]].tolist() == [4 + 7 + 1 + 3, 16, "open"]
    assert set(table["verdict"].drop("partnership")) <= {"match", "within"}


def test_indicators_count_the_outcomes_and_carry_both_sums() -> None:
    given_figures = published(
        figure("a", 5, unit="euro"),
        figure("b", 4, unit="euro"),
        figure("c", 2, unit="euro"),
        figure("d", 20, hedge="about", tolerance=0.1),
        groups=[group("a", "b", "c")],
    )
    figures = reconciliation.compare_figures(given_figures, {"a": 5, "b": 9, "d": 21})
    groups = reconciliation.compare_groups(given_figures)
    findings = reconciliation.gather_findings(given_figures, figures)
    with unchanged(figures, groups, findings):
        found = {item.id: (item.value, item.unit) for item in reconciliation.indicators(figures, groups, findings)}
    assert found == {
        "reconciliation.figures": (4, "count"),
        "reconciliation.agreeing": (2, "count"),
        "reconciliation.open": (1, "count"),
        "reconciliation.groups": (1, "count"),
        "reconciliation.groups.open": (1, "count"),
        "findings.open": (2, "count"),
        "findings.explained": (0, "count"),
        "finding.sum.split.found": (6, "euro"),
        "finding.sum.split.expected": (5, "euro"),
        "finding.difference.b.found": (4, "euro"),
    }


def test_where_nothing_was_published_there_is_nothing_to_compare() -> None:
    figures, groups = reconciliation.compare_figures(None, {"a": 1}), reconciliation.compare_groups(None)
    findings = reconciliation.gather_findings(None, figures)
    assert len(keep_contract("reconciliation", figures)) == len(keep_contract("group_sums", groups)) == 0
    assert len(keep_contract("findings", findings)) == 0
    assert list(reconciliation.indicators(figures, groups, findings)) == []


def test_figures_without_groups_have_no_indicators_of_groups() -> None:
    only = published(figure("a", 1))
    found = reconciliation.indicators(
        reconciliation.compare_figures(only, {}),
        reconciliation.compare_groups(only),
        reconciliation.gather_findings(only),
    )
    assert not [item.id for item in found if item.id.startswith("reconciliation.groups")]


def findings_of(given_figures: Published, values: dict[str, float | date]) -> pd.DataFrame:
    compared = reconciliation.compare_figures(given_figures, values)
    return keep_contract("findings", reconciliation.gather_findings(given_figures, compared)).set_index("finding")


def test_findings_are_the_contradictions_and_the_differences_with_both_sides_and_all_sources() -> None:
    given_figures = published(
        figure("all", 16, source="A1-2"),
        figure("a", 10, source="A1-4, A1-2"),
        figure("b", 5, source="A1-4"),
        groups=[group("all", "a", "b")],
    )
    table = findings_of(given_figures, {"all": 16, "a": 11, "b": 5})
    assert table.index.tolist() == ["sum.split", "difference.a"]
    assert table.loc["sum.split", ["kind", "group", "figures", "sources", "unit", "found", "expected"]].tolist() == [
        "sum", "split", "all a b", "A1-2, A1-4", "count", 15, 16,
    ]  # fmt: skip
    assert table.loc["difference.a", ["kind", "figures", "sources", "found", "expected"]].tolist() == [
        "difference", "a", "A1-4, A1-2", 10, 11,
    ]  # fmt: skip
    assert table["verdict"].tolist() == ["open", "open"]


def test_what_matches_or_lies_within_its_hedge_or_was_not_computed_is_no_finding() -> None:
    given_figures = published(figure("a", 5), figure("b", 20, hedge="about", tolerance=0.1), figure("c", 3))
    assert findings_of(given_figures, {"a": 5, "b": 21}).empty


def test_explained_differences_and_groups_stay_in_the_table_as_explained() -> None:
    given_figures = published(
        figure("all", 16),
        figure("a", 10, explanation=TEXT),
        figure("b", 5),
        groups=[group("all", "a", "b", explanation=TEXT)],
    )
    assert findings_of(given_figures, {"a": 11})["verdict"].to_dict() == {
        "sum.split": "explained", "difference.a": "explained",
    }  # fmt: skip


def test_days_stand_in_columns_of_their_own() -> None:
    days = [figure(name, date(2030, 9, day), unit="date", indicator="it") for name, day in (("a", 1), ("b", 2))]
    table = findings_of(published(*days), {"it": date(2030, 9, 2)})
    assert table.index.tolist() == ["twice.a.b", "difference.a"]
    assert table[["found", "expected"]].isna().to_numpy().all()
    assert [day.day for day in (*table["found_on"], *table["expected_on"])] == [1, 1, 2, 2]


def test_a_hedge_without_a_number_leaves_its_side_empty_and_without_indicator() -> None:
    given_figures = published(figure("a", None, hedge="several"))
    compared = reconciliation.compare_figures(given_figures, {"a": 1})
    findings = reconciliation.gather_findings(given_figures, compared)
    groups = reconciliation.compare_groups(given_figures)
    assert pd.isna(keep_contract("findings", findings)["found"].item())
    found = {item.id for item in reconciliation.indicators(compared, groups, findings)}
    assert not [name for name in found if name.startswith("finding.")]


def test_every_open_finding_is_named_in_a_line_with_both_values() -> None:
    day = date(2030, 9, 1)
    given_figures = published(
        figure("a", 5, explanation=TEXT), figure("b", 4.5, unit="fte", source="A4-1"), figure("c", day, unit="date"),
        figure("d", None, hedge="several"),
    )  # fmt: skip
    compared = reconciliation.compare_figures(given_figures, {"a": 6, "b": 7, "c": date(2030, 9, 2), "d": 1})
    lines = list(
        reconciliation.name_open(keep_contract("findings", reconciliation.gather_findings(given_figures, compared)))
    )
    end = "published.yml declares no explanation"
    assert lines == [
        f"open finding difference.b in the published figures (A4-1): found 4.5, expected 7; {end}",
        f"open finding difference.c in the published figures (Q-1): found 2030-09-01, expected 2030-09-02; {end}",
        f"open finding difference.d in the published figures (Q-1): found what its hedge allows, expected 1; {end}",
    ]


def test_the_published_figures_of_the_reference_call_have_one_open_finding_of_their_own() -> None:
    table = reconciliation.gather_findings(read_document(REFERENCE_CALL / "published.yml", Published))
    assert table[["finding", "found", "expected", "verdict"]].to_numpy().tolist() == [
        ["sum.partnership", 15, 16, "open"]
    ]
