"""What an audience may see on a day: nothing without a rule, no column beyond it, no day too early, no cell too small."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from datetime import date, datetime
from typing import Any

import pandas as pd
import pytest
from builders import QUICK, small_call, unchanged
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from analysis import release
from analysis.call import Call
from analysis.clock import today
from analysis.declarations import AUDIENCES, MERGED, Audience, Text
from analysis.ingest import read_tables
from analysis.store import Store
from analysis.tables import contracts

ANNOUNCED = date(2030, 6, 15)  # in the small call
OUTSIDE: tuple[Audience, ...] = ("public", "applicant")
TABLES = {
    "chosen": pd.DataFrame({"proposal": ["A"], "title": ["A title"], "category": ["arts"], "euro": [5]}),
    "totals": pd.DataFrame({"proposal": ["A", "B"], "total": [7.5, 6.0], "rank": [1, 2]}),
    "path_sizes": pd.DataFrame({"path": ["x", "y"], "proposals": [1, 2]}),
    "actors": pd.DataFrame({"actor": ["a"], "name": ["N"], "kind": ["library"], "contact": ["n@example.org"]}),
    "numbers": pd.DataFrame({"count": [1]}),  # a table that no contract describes
}
Edit = Callable[[str, str, str], None]
Refusal = Callable[[Callable[[], object]], list[str]]


def rule(table: str, audience: str = "public", **more: Any) -> dict[str, Any]:
    return {"table": table, "audience": audience, **more}


def released(call: Call, audience: Audience = "public", as_of: date = ANNOUNCED) -> dict[str, list[str]]:
    tables = release.release_tables(TABLES, call, audience, as_of)
    return {name: list(table.columns) for name, table in tables.items()}


# Rules


def test_what_has_no_rule_is_withheld_from_everyone() -> None:
    call = small_call(release=[rule("path_sizes")])
    for audience in AUDIENCES:
        assert released(call, audience, date.max) == {"path_sizes": ["path", "proposals"]}


def test_without_any_rule_nothing_is_released() -> None:
    assert released(small_call(), "internal", date.max) == {}


def test_a_rule_for_a_table_that_is_not_there_releases_nothing() -> None:
    assert released(small_call(release=[rule("chosen_by_name")])) == {}


def test_a_table_without_a_contract_is_withheld_whatever_a_rule_says() -> None:
    assert released(small_call(release=[rule("numbers", "internal")]), "internal") == {}


def test_only_the_columns_of_a_rule_are_released_in_the_order_of_the_table() -> None:
    call = small_call(release=[rule("chosen", columns=["title", "proposal", "rating"])])
    assert released(call) == {"chosen": ["proposal", "title"]}


def test_a_table_of_which_no_column_is_allowed_is_withheld() -> None:
    assert released(small_call(release=[rule("chosen", columns=["rating"])])) == {}


def test_rules_that_apply_together_release_the_columns_of_each() -> None:
    call = small_call(release=[rule("chosen", columns=["title"]), rule("chosen", "internal", columns=["euro"])])
    assert released(call) == {"chosen": ["title"]}
    assert released(call, "internal") == {"chosen": ["title", "euro"]}


@pytest.mark.parametrize(
    ("as_of", "seen"), [(date(2030, 6, 14), False), (date(2030, 6, 15), True), (date(2030, 6, 16), True)]
)
def test_the_embargo_ends_on_the_day_of_the_announcement(as_of: date, seen: bool) -> None:
    call = small_call(release=[rule("chosen", start="announcement", columns=["title"]), rule("path_sizes")])
    assert ("chosen" in released(call, as_of=as_of)) == seen
    assert "path_sizes" in released(call, as_of=as_of)
    assert release.is_announced(call, as_of) == seen


@pytest.mark.parametrize(("as_of", "seen"), [(date(2030, 7, 31), False), (date(2030, 8, 1), True)])
def test_a_rule_may_start_on_a_day_of_its_own(as_of: date, seen: bool) -> None:
    assert bool(released(small_call(release=[rule("path_sizes", start="2030-08-01")]), as_of=as_of)) == seen


def test_an_embargo_on_the_public_need_not_hold_inside() -> None:
    call = small_call(release=[rule("chosen", start="announcement"), rule("chosen", "internal", columns=["title"])])
    assert released(call, "public", date(2030, 6, 1)) == {}
    assert released(call, "internal", date(2030, 6, 1)) == {"chosen": ["title"]}


RULES = st.fixed_dictionaries(
    {"table": st.sampled_from(list(TABLES)), "audience": st.sampled_from(AUDIENCES)},
    optional={
        "columns": st.lists(st.sampled_from(["proposal", "title", "euro", "total", "path", "contact"]), min_size=1),
        "start": st.sampled_from(["announcement", "2030-06-01", "2030-09-01"]),
    },
)


@QUICK
@given(st.lists(RULES, max_size=6), st.dates(date(2030, 5, 1), date(2030, 10, 1)), st.integers(0, 120))
def test_who_stands_closer_or_reads_later_never_sees_less(rules: list[dict[str, Any]], as_of: date, days: int) -> None:
    call = small_call(release=rules)
    seen = [
        {(name, column) for name, columns in released(call, audience, day).items() for column in columns}
        for audience in AUDIENCES
        for day in (as_of, date.fromordinal(as_of.toordinal() + days))
    ]
    public, public_later, applicant, applicant_later, internal, internal_later = seen
    assert public <= applicant <= internal
    assert public_later <= applicant_later <= internal_later
    assert public <= public_later
    assert internal <= internal_later
    assert ("actors", "contact") not in applicant_later
    for name, column in internal_later:  # and all of it by a rule
        assert any(one["table"] == name and column in one.get("columns", [column]) for one in rules)


def test_a_released_table_is_a_copy_and_what_was_given_stays_whole() -> None:
    call = small_call(release=[rule("path_sizes", columns=["proposals"])])
    with unchanged(*TABLES.values()):
        table = release.release_tables(TABLES, call, "public", ANNOUNCED)["path_sizes"]
        table["proposals"] = 0
    assert TABLES["path_sizes"]["proposals"].tolist() == [1, 2]


def test_rows_without_their_key_stand_in_an_order_that_does_not_tell_which_is_which() -> None:
    call = small_call(release=[rule("totals", columns=["total", "rank"]), rule("totals", "internal")])
    assert release.release_tables(TABLES, call, "public", ANNOUNCED)["totals"]["total"].tolist() == [6.0, 7.5]
    assert release.release_tables(TABLES, call, "internal", ANNOUNCED)["totals"]["total"].tolist() == [7.5, 6.0]


# What no rule can release


def everything(call: Call) -> dict[str, pd.DataFrame]:
    """Return every table of a call with a row of nothing, so that all its columns are there."""
    return {name: pd.DataFrame({column: [None] for column in one.columns}) for name, one in contracts(call).items()}


def greedy(audience: str, call: Call) -> Call:
    """Return the call with rules that ask for every column of every table by name, from the beginning of time."""
    rules = [rule(name, audience, columns=list(one.columns)) for name, one in contracts(call).items()]
    return small_call(release=rules)


@pytest.mark.parametrize("audience", OUTSIDE)
def test_whatever_a_rule_says_no_reader_outside_sees_jurors_contacts_or_single_answers(audience: Audience) -> None:
    call = greedy(audience, small_call())
    tables = everything(call)
    seen = release.release_tables(tables, call, audience, date.max)
    by_juror = {name for name, table in tables.items() if "rater" in table}
    assert by_juror >= {"scores", "individual_scores", "rater_spread", "rater_effects", "choice_changes"}
    assert not [name for name, table in seen.items() if {"rater", "contact", "respondent", "employee_name"} & {*table}]
    assert "survey" not in seen
    assert "contact" in tables["actors"]
    internal = release.release_tables(tables, greedy("internal", call), "internal", date.max)
    assert {"rater"} <= {*internal["individual_scores"]}
    assert {"contact"} <= {*internal["actors"]}
    assert len(internal["survey"].columns) == 4


def test_what_identifies_is_released_outside_only_by_a_rule_that_names_it() -> None:
    sweeping = small_call(release=[rule(name, "public") for name in contracts(small_call())])
    tables = everything(sweeping)
    seen = release.release_tables(tables, sweeping, "public", date.max)
    telling = {"proposal", "title", "summary", "actor", "municipality", "reason_stated", "decided", "enters", "leaves"}
    assert {*seen} & {"proposals", "chosen", "follow_up", "selection"}  # the rest of them is released
    for name, table in seen.items():
        assert not telling & {*table}, name
    assert "name" not in seen["actors"]
    assert "nis" not in seen.get("involvement", {})
    assert "title" in release.release_tables(tables, greedy("public", sweeping), "public", date.max)["proposals"]
    inside = small_call(release=[rule("proposals", "internal")])
    assert "title" in release.release_tables(tables, inside, "internal", date.max)["proposals"]


def test_before_the_announcement_the_public_sees_no_single_chosen_proposal_whatever_a_rule_says() -> None:
    call = greedy("public", small_call())
    tables = everything(call)
    before = release.release_tables(tables, call, "public", date(2030, 6, 14))
    after = release.release_tables(tables, call, "public", ANNOUNCED)
    of_chosen = {"chosen", "selection", "timeline", "scaling", "services", "cost_shares", "reasons", "follow_up"}
    assert of_chosen <= {*after}
    assert not of_chosen & {*before}
    assert not {"enters", "leaves"} & {*before["constraint_prices"]}
    assert "chosen_groups" in before


def test_jurors_are_numbered_outside_the_house_and_named_inside() -> None:
    call, noun = small_call(), Text(nl="Jurylid", en="Juror")
    for audience in OUTSIDE:
        raters = release.number_jurors(call, audience, noun).scoring.raters
        assert [rater.label.in_language("nl") for rater in raters] == ["Jurylid 1", "het steunpunt"]
        assert [rater.label.in_language("en") for rater in raters] == ["Juror 1", "the support centre"]
    inside = release.number_jurors(call, "internal", noun).scoring.raters
    assert inside[0].label.in_language("en") == "juror A"


# Malformed rules


@pytest.mark.parametrize(
    "malformed",
    [
        rule("chosen", "publics"),
        rule("chosen", "Public"),
        rule("chosen", None),
        rule("chosen", columns="most"),
        rule("chosen", columns=[]),
        rule("chosen", columns=[1]),
        rule("chosen", columns={"title": "all"}),
        rule("chosen", start="embargo"),
        rule("chosen", start="2030-02-31"),
        rule("chosen", start=20300201),
        rule("chosen", start=datetime(2030, 2, 1)),
        rule("chosen", from_="2030-01-01"),
        rule("path_sizes", smallest_cell=1),
        rule("path_sizes", smallest_cell=2.5),
        rule("path_sizes", smallest_cell="three"),
        rule("path_sizes", smallest_cell=True),
        {"audience": "public"},
        {"table": "chosen"},
        "chosen",
    ],
)
def test_a_malformed_rule_is_refused_rather_than_read_generously(malformed: object) -> None:
    with pytest.raises(ValidationError):
        small_call(release=[malformed])


ONLY_KEYS = "only keys that this file's format has."
MALFORMED = {
    "unknown table": (
        "{table: indicator, audience: public}",
        r"release\.0\.table: found 'indicator'; expected one of ",
    ),
    "unknown audience": ("{table: indicators, audience: press}", r"release\.0\.audience: found 'press'; expected "),
    "no audience": ("{table: indicators}", r"release\.0\.audience: found no such key; expected a value"),
    "unknown column": (
        "{table: indicators, audience: public, columns: [worth]}",
        r"release\.0\.columns: found 'worth'; expected one of indicator, value, ",
    ),
    "no columns": ("{table: indicators, audience: public, columns: []}", r"release\.0\.columns: found \[\]; expected "),
    "columns as a text": (
        "{table: indicators, audience: public, columns: value}",
        r"release\.0\.columns: found 'value'; expected ",
    ),
    "a column twice": (
        "{table: indicators, audience: public, columns: [value, value]}",
        r"release\.0\.columns: found 'value' again; expected each column once\.",
    ),
    "a day that is none": (
        "{table: indicators, audience: public, start: 2024-02-31}",
        r"release\.0\.start: found '2024-02-31'; expected ",
    ),
    "a day with an hour": (
        "{table: indicators, audience: public, start: 2024-02-01 00:00:00}",
        r"release\.0\.start: found .*2024-02-01.*; expected announcement, or a day as YYYY-MM-DD",
    ),
    "a misspelt key": (
        "{table: indicators, audience: public, colums: [value]}",
        r"release\.0\.colums: found an unknown ",
    ),
    "a misspelt start": (
        "{table: indicators, audience: public, Start: announcement}",
        r"release\.0\.Start: found an un",
    ),
    "a rule twice": (
        "{table: distribution, audience: public}",
        r"release\.1: found distribution for public again, as in release\.0; expected one rule for a table, an audience ",
    ),
    "a key twice": (
        "{table: indicators, audience: internal, audience: public}",
        r"release\.0\.audience: found a key that stands here twice; expected each key once",
    ),
    "jurors": (
        "{table: individual_scores, audience: public, columns: [score, rater]}",
        r"release\.0\.columns: found 'rater', which no reader outside the house sees; expected one of proposal, score, ",
    ),
    "jurors for applicants": (
        "{table: individual_scores, audience: applicant}",
        r"release\.0\.columns: found 'all' for the audience applicant; expected columns without rater, which no reader ",
    ),
    "contacts": (
        "{table: actors, audience: public, columns: [contact]}",
        r"release\.0\.columns: found 'contact', which no reader outside the house sees; expected one of actor, name, ",
    ),
    "answers": (
        "{table: survey, audience: public, columns: [answer]}",
        r"release\.0\.columns: found 'answer', which no reader outside the house sees; expected no rule for this audience",
    ),
    "names too early": (
        "{table: timeline, audience: public, columns: [title]}",
        r"release\.0\.start: found no day, for title; expected announcement, or a day from 2024-04-01 on\.",
    ),
    "names a day too early": (
        "{table: timeline, audience: public, columns: [title], start: 2024-03-31}",
        r"release\.0\.start: found 2024-03-31, for title; expected announcement, or a day from 2024-04-01 on\.",
    ),
    "a smallest cell of one": (
        "{table: indicators, audience: public, smallest_cell: 1}",
        r"release\.0\.smallest_cell: found 1; expected greater than or equal to 2",
    ),
    "a smallest cell where nothing is counted": (
        "{table: agreement, audience: applicant, smallest_cell: 3}",
        r"release\.0\.smallest_cell: found 3; expected no such key, for agreement holds no counts of proposals by group\.",
    ),
    "a smallest cell that another table undoes": (
        "{table: spread, audience: applicant, smallest_cell: 3}\n  - {table: distribution, audience: applicant}",
        r"release\.1\.smallest_cell: found none; expected 3, as for spread, which holds the same counts\.",
    ),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_malformed_rule_is_named_by_the_check(name: str, store: Store, edit: Edit, refusal: Refusal) -> None:
    written, expected = MALFORMED[name]
    edit("call.yml", "{table: indicators, audience: public}", written)
    (line,) = refusal(lambda: read_tables(store))
    assert line.startswith("call.yml")
    assert re.search(expected, line), line


def test_the_rules_of_the_small_call_are_sound(store: Store) -> None:
    read_tables(store)


# The smallest cell


def counts(**numbers: int) -> pd.DataFrame:
    rows = [("category", group, number) for group, number in numbers.items()]
    table = pd.DataFrame(rows, columns=["dimension", "group", "proposals"]).astype({"proposals": "Int64"})
    return table.assign(share=table["proposals"].astype("float64") / sum(numbers.values()))


def indicators(**values: float) -> pd.DataFrame:
    fixed = {"day": pd.NaT, "unit": "count", "step": "02_distribution", "function": "f", "tables": "t@1"}
    rows = [{"indicator": name.replace("__", "."), "value": float(value), **fixed} for name, value in values.items()]
    return pd.DataFrame(rows).astype({"day": "datetime64[us]"})


SIZES = counts(arts=9, media=2, talent=5)
NUMBERS = indicators(
    distribution__proposals=16,
    distribution__category__arts=9,
    distribution__category__media=2,
    distribution__category__talent=5,
    distribution__category__talent__submitted=5,
    distribution__category__evenness=0.8,
    distribution__category__groups=3,
    distribution__actor_kind__library=16,
)
EVENNESS = pd.DataFrame({"dimension": ["category", "actor_kind"], "groups": [3, 2], "evenness": [0.8, 0.5]})
AT_HAND = {"distribution": SIZES, "indicators": NUMBERS, "evenness": EVENNESS}


def show(call: Call, audience: Audience = "public", **more: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return release.release_tables({**AT_HAND, **more}, call, audience, ANNOUNCED)


def groups(table: pd.DataFrame) -> dict[str, int]:
    return dict(zip(table["group"], table["proposals"].astype(int), strict=True))


def values(table: pd.DataFrame) -> dict[str, float]:
    return dict(zip(table["indicator"].str.removeprefix("distribution."), table["value"], strict=True))


def test_a_smallest_cell_merges_small_groups_in_the_table_and_among_the_indicators() -> None:
    call = small_call(release=[rule("distribution", smallest_cell=3), rule("indicators"), rule("evenness")])
    shown = show(call)
    assert groups(shown["distribution"]) == {"arts": 9, MERGED: 7}
    assert values(shown["indicators"]) == {
        "proposals": 16, "category.arts": 9, f"category.{MERGED}": 7, "category.groups": 3, "actor_kind.library": 16,
    }  # fmt: skip
    assert shown["evenness"]["dimension"].tolist() == ["actor_kind"]  # the other one could be undone


def test_without_a_smallest_cell_all_counts_are_shown_as_they_are() -> None:
    shown = show(small_call(release=[rule("distribution"), rule("indicators"), rule("evenness")]))
    pd.testing.assert_frame_equal(shown["distribution"], SIZES)
    pd.testing.assert_frame_equal(shown["indicators"], NUMBERS)
    pd.testing.assert_frame_equal(shown["evenness"], EVENNESS)


def test_the_smallest_cell_of_the_indicators_holds_where_their_table_is_withheld() -> None:
    call = small_call(release=[rule("indicators", smallest_cell=3)])
    assert values(show(call)["indicators"])[f"category.{MERGED}"] == 7
    published = small_call(release=[rule("indicators", smallest_cell=3), rule("distribution")])
    assert values(show(published)["indicators"])["category.media"] == 2  # the table shows it anyway


def test_a_rule_for_a_closer_audience_may_show_what_is_merged_for_others() -> None:
    call = small_call(release=[rule("distribution", smallest_cell=3), rule("distribution", "internal")])
    assert MERGED in groups(show(call)["distribution"])
    assert MERGED in groups(show(call, "applicant")["distribution"])
    assert groups(show(call, "internal")["distribution"]) == groups(SIZES)
    only = small_call(release=[rule("distribution", smallest_cell=3)])
    assert MERGED in groups(show(only, "internal")["distribution"])


def test_a_second_rule_that_shows_no_counts_does_not_lift_the_smallest_cell() -> None:
    columns = rule("distribution", start="2030-01-01", columns=["dimension", "group"])
    call = small_call(release=[rule("distribution", smallest_cell=3), columns])
    assert MERGED in groups(show(call)["distribution"])


def test_of_two_rules_for_an_audience_the_stricter_holds() -> None:
    call = small_call(release=[rule("distribution", smallest_cell=3), rule("distribution", start="2030-01-01")])
    assert MERGED in groups(show(call)["distribution"])


def test_tables_that_hold_the_same_counts_are_all_coarsened() -> None:
    places = [("province", "x", 9), ("province", "y", 2), ("province", "z", 5)]
    table = pd.DataFrame(places, columns=["dimension", "group", "proposals"]).astype({"proposals": "Int64"})
    spread = table.assign(population_share=0.3, expected=5.0, ratio=1.0, low=0.5, high=1.5, municipalities=4, reached=2)
    counted = pd.concat([SIZES, table.assign(share=0.5)], ignore_index=True)
    call = small_call(release=[rule("distribution", smallest_cell=3), rule("spread")])
    shown = show(call, distribution=counted, spread=spread)["spread"]
    assert groups(shown) == {"x": 9, MERGED: 7}
    merged = shown.iloc[1]
    assert (merged["expected"], merged["municipalities"], merged["ratio"]) == (10, 8, 0.7)
    assert pd.isna(merged["low"])


def test_parts_of_a_hidden_total_are_hidden_with_it() -> None:
    sizes = pd.DataFrame({"path": ["p", "q", "r"], "proposals": pd.array([9, 2, 6], "Int64")})
    themes = pd.DataFrame(
        {"path": ["q", "r", "r"], "theme": ["a", "a", "b"], "proposals": pd.array([2, 3, 3], "Int64")}
    )
    call = small_call(release=[rule("path_sizes", smallest_cell=3), rule("path_themes")])
    shown = release.release_tables({"path_sizes": sizes, "path_themes": themes}, call, "public", ANNOUNCED)
    assert shown["path_sizes"]["path"].tolist() == ["p", MERGED]
    assert shown["path_themes"].empty  # 3 and 3 would tell that r is 6, and so that q is 2


def test_a_crossed_table_is_withheld_where_a_margin_is_hidden() -> None:
    crossed = pd.DataFrame(
        [(category, kind, 4) for category in ("arts", "media") for kind in ("library", "centre")],
        columns=["category", "actor_kind", "proposals"],
    )
    call = small_call(release=[rule("distribution", smallest_cell=3), rule("category_by_kind", smallest_cell=3)])
    assert show(call, category_by_kind=crossed)["category_by_kind"].empty
    assert len(show(call, category_by_kind=crossed, distribution=counts(arts=8, media=8))["category_by_kind"]) == 4


def test_every_table_whose_counts_are_indicators_too_is_at_hand_when_an_edition_is_released(store: Store) -> None:
    needed = store.pipeline.step("08_answer").needs
    counted = [name for name, one in store.contracts.items() if one.cells and one.cells.indicators]
    assert set(counted) <= set(needed)
    assert {"distribution", "spread", "chosen_groups", "path_sizes", "path_themes"} == set(counted)


# The day


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str, str], date]]:
    """Return what gives today at a moment, on a machine that is set to a zone."""

    def look(moment: str, zone: str) -> date:
        class Clock(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:
                return datetime.fromisoformat(moment).astimezone(tz)

        monkeypatch.setattr("analysis.clock.datetime", Clock)
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        return today()

    yield look
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("zone", ["UTC", "Europe/Brussels", "America/New_York", "Pacific/Auckland"])
@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2030-06-14T21:59:59+00:00", date(2030, 6, 14)),  # a second before midnight, summer time
        ("2030-06-14T22:00:00+00:00", date(2030, 6, 15)),
        ("2030-06-14T23:30:00+00:00", date(2030, 6, 15)),
        ("2030-12-14T22:59:59+00:00", date(2030, 12, 14)),  # winter time
        ("2030-12-14T23:30:00+00:00", date(2030, 12, 15)),
    ],
)
def test_today_is_the_day_in_brussels_whatever_the_machine_is_set_to(
    clock: Callable[[str, str], date], moment: str, day: date, zone: str
) -> None:
    assert clock(moment, zone) == day
