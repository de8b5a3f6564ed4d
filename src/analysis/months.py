"""Calendar months: those that a span of days touches, its share of each, its last day, and amounts spread over it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date

import pandas as pd


def list_months(first: date, last: date) -> list[pd.Timestamp]:
    """Return the first day of every calendar month that the span touches."""
    return list(pd.date_range(pd.Timestamp(first).replace(day=1), last, freq="MS"))


def month_share(first: date, last: date, month: pd.Timestamp) -> float:
    """Return the share of a calendar month's days that lie within a span, both ends included."""
    end = month + pd.offsets.MonthEnd(0)
    days = (min(pd.Timestamp(last), end) - max(pd.Timestamp(first), month)).days + 1
    return max(days, 0) / month.days_in_month


def last_day(start: date, months: int) -> pd.Timestamp:
    """Return the last day of a span of whole months: the day before the same day, so many months later.

    Where that month has no such day, the span ends with the month: a month from 31 January ends on the last of February
    (Regulation (EEC, Euratom) No 1182/71, article 3, paragraph 2, point c).
    """
    begin = pd.Timestamp(start)
    same_day = begin + pd.DateOffset(months=months)
    return same_day - pd.Timedelta(days=int(same_day.day == begin.day))


def days_by_month(first: date, last: date) -> dict[pd.Timestamp, int]:
    """Return how many days of a span, both ends included, lie in each calendar month that it touches, in order."""
    begin, end = pd.Timestamp(first), pd.Timestamp(last)
    ends = {month: month + pd.offsets.MonthEnd(0) for month in list_months(first, last)}
    return {month: (min(end, ends[month]) - max(begin, month)).days + 1 for month in ends}


def days_by_year(first: date, last: date) -> dict[int, int]:
    """Return how many days of a span, both ends included, lie in each calendar year that it touches, in order."""
    counted: Counter[int] = Counter()
    for month, days in days_by_month(first, last).items():
        counted[month.year] += days
    return dict(counted)


def spread_whole(amount: int, days: Sequence[int]) -> list[int]:
    """Return whole amounts in proportion to days, which add up to the amount, each less than one from its exact share.

    What was spent up to and with each part is rounded, a half upwards, and each part is the difference with the one
    before it: so no remainder has to be given to a part of choice.
    """
    whole, passed, spent = sum(days), 0, 0
    parts = []
    for number in days:
        passed += number
        reached = (2 * int(amount) * passed + whole) // (2 * whole)  # int: fixed-width integers would overflow
        parts.append(reached - spent)
        spent = reached
    return parts
