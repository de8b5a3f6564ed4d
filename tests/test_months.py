"""Months: shares by counting days one by one, ends by the calendar, and amounts that add up to the last euro."""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from datetime import date, timedelta
from fractions import Fraction

import pandas as pd
import pytest
from builders import QUICK
from hypothesis import given
from hypothesis import strategies as st

from analysis import months

DAYS = st.dates(date(2027, 1, 1), date(2032, 12, 31))  # with the leap years 2028 and 2032


def days_of(first: date, last: date) -> list[date]:
    return [first + timedelta(days=i) for i in range((last - first).days + 1)]


@QUICK
@given(DAYS, DAYS)
def test_days_are_counted_in_the_month_and_year_in_which_they_lie(one: date, other: date) -> None:
    first, last = sorted((one, other))
    by_month = Counter(day.replace(day=1) for day in days_of(first, last))
    assert {month.date(): days for month, days in months.days_by_month(first, last).items()} == by_month
    assert [month.date() for month in months.list_months(first, last)] == sorted(by_month)
    by_year = Counter(day.year for day in days_of(first, last))
    assert list(months.days_by_year(first, last).items()) == sorted(by_year.items())


@QUICK
@given(DAYS, DAYS)
def test_a_share_of_a_month_is_the_share_of_its_days(one: date, other: date) -> None:
    first, last = sorted((one, other))
    counted = Counter((day.year, day.month) for day in days_of(first, last))
    for month in months.list_months(first, last):
        found = months.month_share(pd.Timestamp(first), pd.Timestamp(last), month)
        assert found == pytest.approx(counted[month.year, month.month] / monthrange(month.year, month.month)[1])


def test_a_month_outside_the_span_has_no_share() -> None:
    first, last = pd.Timestamp("2030-03-10"), pd.Timestamp("2030-04-20")
    for month in ("2030-02-01", "2030-05-01"):
        assert months.month_share(first, last, pd.Timestamp(month)) == 0


@pytest.mark.parametrize(
    ("start", "length", "end"),
    [
        ("2030-09-01", 16, "2031-12-31"),
        ("2030-03-15", 1, "2030-04-14"),
        ("2030-01-31", 1, "2030-02-28"),
        ("2030-01-30", 1, "2030-02-28"),
        ("2030-01-29", 1, "2030-02-28"),
        ("2030-01-28", 1, "2030-02-27"),
        ("2032-01-29", 1, "2032-02-28"),
        ("2032-01-30", 1, "2032-02-29"),
        ("2032-02-29", 12, "2033-02-28"),
        ("2030-08-31", 1, "2030-09-30"),
        ("2030-08-31", 2, "2030-10-30"),
        ("2030-12-31", 2, "2031-02-28"),
    ],
)
def test_a_span_of_months_ends_before_the_same_day_or_with_a_month_that_has_none(
    start: str, length: int, end: str
) -> None:
    assert months.last_day(pd.Timestamp(start), length) == pd.Timestamp(end)


@QUICK
@given(DAYS, st.integers(1, 40))
def test_the_day_after_a_span_is_the_same_day_or_the_first_that_its_month_lacks(start: date, length: int) -> None:
    later = start.year * 12 + start.month - 1 + length
    year, month = later // 12, later % 12 + 1
    has_day = start.day <= monthrange(year, month)[1]
    after = date(year, month, start.day) if has_day else date(year + month // 12, month % 12 + 1, 1)
    assert months.last_day(start, length).date() + timedelta(days=1) == after


AMOUNTS = st.integers(0, 10**13)


@QUICK
@given(AMOUNTS, st.lists(st.integers(1, 400), min_size=1, max_size=30))
def test_an_amount_is_spread_to_the_last_euro_and_by_the_days(amount: int, days: list[int]) -> None:
    parts = months.spread_whole(amount, days)
    assert sum(parts) == amount
    assert all(abs(part - Fraction(amount * d, sum(days))) < 1 for part, d in zip(parts, days, strict=True))
    assert all(part >= 0 for part in parts)


def test_an_amount_that_divides_is_spread_exactly() -> None:
    assert months.spread_whole(366, [31, 29, 306]) == [31, 29, 306]
    assert months.spread_whole(1, [1, 1, 1]) == [0, 1, 0]  # a third, two thirds, the whole: rounded in passing
    assert months.spread_whole(1, [1, 1]) == [1, 0]
