"""What an audience may see on a day: nothing without a rule, no column beyond it, no day too early."""

from __future__ import annotations

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
from analysis.declarations import Audience

ANNOUNCED = date(2030, 6, 15)  # in the small call
TABLES = {
    "chosen": pd.DataFrame({"proposal": ["A"], "title": ["A title"], "euro": [5]}),
    "selection": pd.DataFrame({"proposal": ["A"], "total": [7.5]}),
    "numbers": pd.DataFrame({"group": ["x", "y"], "count": [1, 2]}),
}


def rule(table: str, audience: str = "public", **more: Any) -> dict[str, Any]:
    return {"table": table, "audience": audience, **more}


def released(call: Call, audience: Audience = "public", as_of: date = ANNOUNCED) -> dict[str, list[str]]:
    tables = release.release_tables(TABLES, call, audience, as_of)
    return {name: list(table.columns) for name, table in tables.items()}


def test_what_has_no_rule_is_withheld_from_everyone() -> None:
    call = small_call(release=[rule("numbers")])
    for audience in release.AUDIENCES:
        assert released(call, audience, date.max) == {"numbers": ["group", "count"]}


def test_without_any_rule_nothing_is_released() -> None:
    assert released(small_call(), "internal", date.max) == {}


def test_a_rule_for_a_table_that_is_not_there_releases_nothing() -> None:
    assert released(small_call(release=[rule("chosen_by_name")])) == {}


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
    call = small_call(release=[rule("chosen", start="announcement"), rule("numbers")])
    assert ("chosen" in released(call, as_of=as_of)) == seen
    assert "numbers" in released(call, as_of=as_of)
    assert release.is_announced(call, as_of) == seen


@pytest.mark.parametrize(("as_of", "seen"), [(date(2030, 7, 31), False), (date(2030, 8, 1), True)])
def test_a_rule_may_start_on_a_day_of_its_own(as_of: date, seen: bool) -> None:
    assert bool(released(small_call(release=[rule("numbers", start="2030-08-01")]), as_of=as_of)) == seen


def test_an_embargo_on_the_public_need_not_hold_inside() -> None:
    call = small_call(release=[rule("chosen", start="announcement"), rule("chosen", "internal", columns=["title"])])
    assert released(call, "public", date(2030, 6, 1)) == {}
    assert released(call, "internal", date(2030, 6, 1)) == {"chosen": ["title"]}


RULES = st.fixed_dictionaries(
    {"table": st.sampled_from(list(TABLES)), "audience": st.sampled_from(release.AUDIENCES)},
    optional={
        "columns": st.lists(st.sampled_from(["proposal", "title", "euro", "total", "group"]), min_size=1),
        "start": st.sampled_from(["announcement", "2030-06-01", "2030-09-01"]),
    },
)


@QUICK
@given(st.lists(RULES, max_size=6), st.dates(date(2030, 5, 1), date(2030, 10, 1)), st.integers(0, 120))
def test_who_stands_closer_or_reads_later_never_sees_less(rules: list[dict[str, Any]], as_of: date, days: int) -> None:
    call = small_call(release=rules)
    seen = [
        {(name, column) for name, columns in released(call, audience, day).items() for column in columns}
        for audience in release.AUDIENCES
        for day in (as_of, date.fromordinal(as_of.toordinal() + days))
    ]
    public, public_later, applicant, applicant_later, internal, internal_later = seen
    assert public <= applicant <= internal
    assert public_later <= applicant_later <= internal_later
    assert public <= public_later
    assert internal <= internal_later
    for name, column in internal_later:  # and all of it by a rule
        assert any(one["table"] == name and column in one.get("columns", [column]) for one in rules)


@pytest.mark.parametrize(
    "malformed",
    [
        rule("chosen", "publics"),
        rule("chosen", "Public"),
        rule("chosen", None),
        rule("chosen", columns="most"),
        rule("chosen", start="embargo"),
        rule("chosen", from_="2030-01-01"),
        {"audience": "public"},
    ],
)
def test_a_malformed_rule_is_refused_rather_than_read_generously(malformed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        small_call(release=[malformed])


def test_a_released_table_is_a_copy_and_what_was_given_stays_whole() -> None:
    call = small_call(release=[rule("numbers", columns=["count"])])
    with unchanged(*TABLES.values()):
        table = release.release_tables(TABLES, call, "public", ANNOUNCED)["numbers"]
        table["count"] = 0
    assert TABLES["numbers"]["count"].tolist() == [1, 2]


def test_today_is_the_day_where_calls_are_made_public(monkeypatch: pytest.MonkeyPatch) -> None:
    class LateEvening(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.fromisoformat("2030-06-14T22:30:00+00:00").astimezone(tz)

    monkeypatch.setattr(release, "datetime", LateEvening)
    assert release.today() == date(2030, 6, 15)  # half past midnight in Brussels
