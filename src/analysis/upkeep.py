"""What a run that comes back by itself needs: the editions of its day, and an end to those of days long past."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from datetime import date
from typing import TYPE_CHECKING

from analysis import locking
from analysis.freshness import LATEST

if TYPE_CHECKING:
    from analysis.declarations import Edition
    from analysis.plan import Plan

MANIFEST = "manifest.json"  # what tells an edition from a folder that somebody made and that bears such a name


def name_editions(declared: Iterable[str], day: date) -> list[str]:
    """Return the names of the editions of a day, one for each audience and language among the declared ones."""
    from analysis.declarations import Edition

    of_day = (Edition.parse(name).model_copy(update={"as_of": day}) for name in declared)
    return list(dict.fromkeys(edition.name for edition in of_day))


def find_old(names: Iterable[str], spared: Collection[str], most: int) -> set[str]:
    """Return which editions are older than the `most` newest days of their audience and language.

    The spared ones are neither counted nor returned, nor is a name that is not that of an edition.
    """
    days: dict[tuple[str, str], dict[str, date]] = defaultdict(dict)
    for edition in filter(None, map(_parse, set(names) - set(spared))):
        days[edition.audience, edition.language][edition.name] = edition.as_of
    return {
        name
        for of_kind in days.values()
        for name, day in of_kind.items()
        if day not in sorted(set(of_kind.values()))[-most:]
    }


def _parse(name: str) -> Edition | None:
    from analysis.declarations import Edition

    try:
        return Edition.parse(name)
    except ValueError:
        return None


def remove_old(plan: Plan, made: Collection[str], most: int, say: Callable[[str], None] = lambda _: None) -> list[str]:
    """Remove the old editions of a call with all that was kept for them; return their names.

    The `most` newest days stay, of each audience and language, and whatever their day the editions that `call.yml`
    declares, those just `made`, and the one that `latest` leads to. Waits where a run of the call is going on, saying
    so. Raises OSError where something cannot be removed.
    """
    if not set(_editions(plan)) - set(plan.editions):
        return []
    with locking.lock(plan, True, say):
        editions = _editions(plan)
        old = find_old(editions, plan.editions, most) - set(made) - {_latest(plan)}
        for name in sorted(old):
            _remove(plan, name)
    return sorted(old)


def _editions(plan: Plan) -> list[str]:
    """Return the names of the folders that hold an edition, whatever these are called."""
    return [path.parent.name for path in plan.reports.glob(f"*/{MANIFEST}") if not path.parent.is_symlink()]


def _latest(plan: Plan) -> str:
    link = plan.reports / LATEST
    return link.readlink().name if link.is_symlink() else ""


def _remove(plan: Plan, name: str) -> None:
    """Remove an edition: out of sight in one step, then for good."""
    aside = plan.reports / locking.ASIDE
    for place in (plan.processed / "released" / name, plan.reports / name):
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
            place.rename(aside / name)
            shutil.rmtree(aside)
    for unit in plan.per_edition:
        of_edition = unit.of_edition(name)
        for file in (plan.copy(of_edition), plan.state / f"{of_edition.key}.json"):
            file.unlink(missing_ok=True)
