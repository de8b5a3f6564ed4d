"""The numbers and days that a call declares and that its answer shows, as indicators."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date

from analysis.call import Call
from analysis.declarations import Edition, Phase, Quota
from analysis.indicators import Indicator

FILE = "call.yml"  # what stands in the place of the function that computed it
CAP_UNITS: Mapping[str, str] = {"requested_euro": "euro", "requested_staff_months": "person_months"}


def declare(call: Call) -> Iterator[Indicator]:
    """Yield what the call declares as indicators `call.<section>.<key>`; what it leaves out has none."""
    yield from _scoring(call)
    yield from _bounds(call)
    yield from _dates(call)
    for phase in call.phases:
        yield from _phase(phase)
    yield from _follow_up(call)
    yield from _cost_sharing(call)
    if call.reference is not None:
        yield _one("reference.city_from_population", call.reference.city_from_population, "inhabitants")


def declare_edition(edition: Edition) -> Indicator:
    """Return the day of an edition as an indicator; it is declared in `call.yml` or asked for by the command."""
    return Indicator("edition.as_of", edition.as_of, "date", "oproep run", ())


def name_sources(call: Call) -> dict[str, str]:
    """Return where the call says that a declared value is known from, by indicator."""
    selection, dates = call.selection, call.dates
    bounds = {f"call.caps.{cap.id}.maximum": cap.source for cap in selection.caps}
    for quota in selection.quotas:
        bounds |= {f"call.quotas.{quota.id}.{end}": quota.source for end in ("minimum", "maximum")}
    for phase in call.phases:
        bounds |= {f"call.phases.{phase.id}.{end}": phase.period.source for end in ("start", "end")}
    return bounds if dates.announcement is None else {**bounds, "call.dates.announcement": dates.announcement.source}


def _one(name: str, value: float | date, unit: str) -> Indicator:
    return Indicator(f"call.{name}", value, unit, FILE, ())


def _scoring(call: Call) -> Iterator[Indicator]:
    for name in ("low", "high") if call.scoring.declared else ():
        yield _one(f"scoring.{name}", getattr(call.scoring.scale, name), "points")
    weights = call.scoring.criterion_weights
    for name, weight in weights.items() if len(set(weights.values())) > 1 else ():
        yield _one(f"scoring.weights.{name}", weight, "count")
    for name in ("shortlist", "choose", "seed") if call.selection.declared else ():
        yield _one(f"selection.{name}", getattr(call.selection, name), "count")


def _bounds(call: Call) -> Iterator[Indicator]:
    for cap in call.selection.caps:
        yield _one(f"caps.{cap.id}.maximum", cap.maximum, CAP_UNITS[cap.column])
    for quota in call.selection.quotas:
        yield from _quota(quota)


def _quota(quota: Quota) -> Iterator[Indicator]:
    for end in ("minimum", "maximum"):
        value = getattr(quota, end)
        if value is not None:
            yield _one(f"quotas.{quota.id}.{end}", value, "count")


def _dates(call: Call) -> Iterator[Indicator]:
    if call.dates.announcement is not None:
        yield _one("dates.announcement", call.dates.announcement.date, "date")
    if call.letter.asked_on is not None:
        yield _one("letter.asked_on", call.letter.asked_on, "date")


def _phase(phase: Phase) -> Iterator[Indicator]:
    start, end = phase.period.start, phase.period.end
    yield _one(f"phases.{phase.id}.start", start, "date")
    yield _one(f"phases.{phase.id}.end", end, "date")
    for year in range(start.year, end.year + 1):
        yield _one(f"phases.{phase.id}.year.{year}", year, "year")


def _follow_up(call: Call) -> Iterator[Indicator]:
    for path in call.paths:
        bounds = {"floor": (path.floor, "ratio"), "fewest": (path.fewest, "count"), "most": (path.most, "count")}
        for name, (value, unit) in bounds.items():
            if value is not None:
                yield _one(f"paths.{path.id}.{name}", value, unit)


def _cost_sharing(call: Call) -> Iterator[Indicator]:
    sharing = call.cost_sharing
    if sharing is None:
        return
    for name in ("price", "most_per_municipality"):
        value = getattr(sharing, name)
        if value is not None:
            yield _one(f"cost_sharing.{name}", value, "euro")
    for model, share in sharing.mix.items():
        yield _one(f"cost_sharing.mix.{model}", share, "share")
