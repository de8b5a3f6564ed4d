"""The moment and the day where the calls are made public: release rules, timers and journals go by these."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

ZONE = "Europe/Brussels"


def now() -> datetime:
    """Return the current moment in the zone."""
    return datetime.now(ZoneInfo(ZONE))


def today() -> date:
    """Return the current day in the zone."""
    return now().date()
