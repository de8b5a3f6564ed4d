"""What a run that comes back by itself needs: the editions of its day, and an end to those of days long past."""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from analysis import locking
from analysis.clock import today
from analysis.faults import InputError
from analysis.files import point
from analysis.freshness import LATEST
from analysis.sheetpaths import SHEETS, notes_folder

if TYPE_CHECKING:
    from analysis.declarations import Edition
    from analysis.plan import Plan

MANIFEST = "manifest.json"  # what tells an edition from a folder that somebody made and that bears such a name


def name_editions(declared: Iterable[str], day: date) -> list[str]:
    """Return the names of the editions of a day, one for each audience and language among the declared ones."""
    return list(dict.fromkeys(_name_edition(day, *name.rsplit("-", 2)[1:]) for name in declared))


def name_asked(
    declared: Iterable[str], as_of: date | None, audience: str | None, language: str | None, every: bool
) -> list[str]:
    """Return the names of the editions that are asked for: the declared ones where nothing is given.

    `every` asks for those of a day for every declared audience and language; the day is today where none is given.
    """
    if not (as_of or audience or language or every):
        return list(declared)
    day = as_of or today()
    return name_editions(declared, day) if every else [_name_edition(day, audience or "public", language or "nl")]


def _name_edition(day: date, audience: str, language: str) -> str:
    return f"{day.isoformat()}-{audience}-{language}"


def settle(plan: Plan, edition: str) -> bool:
    """Let `latest` lead to an edition that is fresh, and remove what a run that was killed has left.

    Returns False where a run of the call is going on.
    """
    link = plan.reports / LATEST
    if link.is_symlink() and link.readlink() == Path(edition) and not locking.has_leftovers(plan):
        return True
    try:
        with locking.lock(plan, False, lambda _: None), locking.scratch(plan):
            point(link, edition)
    except InputError:
        return False
    return True


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
    declares with the sheets of their day, those just `made`, and the one that `latest` leads to. Waits where a run of
    the call is going on, saying so. Raises OSError where something cannot be removed.
    """
    if len(set(_editions(plan)) - set(plan.editions)) <= most:
        return []
    with locking.lock(plan, True, say), locking.scratch(plan):
        editions = _editions(plan)
        days = tuple(name.rsplit("-", 2)[0] for name in plan.editions)
        spared = {*plan.editions, *(path.name for path in _of_sheets(plan) if path.name.startswith(days))}
        old = find_old(editions, spared, most) - set(made) - {_latest(plan)}
        for name in sorted(old):
            _remove(plan, name)
    return sorted(old)


def _editions(plan: Plan) -> list[str]:
    """Return the names of the folders that hold an edition or sheets, whatever these are called."""
    made = [path.parent for path in plan.reports.glob(f"*/{MANIFEST}")]
    return list(dict.fromkeys(path.name for path in (*made, *_of_sheets(plan)) if not path.is_symlink()))


def _of_sheets(plan: Plan) -> list[Path]:
    return [path for path in (plan.reports / SHEETS).glob("*") if path.is_dir()]


def _latest(plan: Plan) -> str:
    link = plan.reports / LATEST
    return link.readlink().name if link.is_symlink() else ""


def _remove(plan: Plan, name: str) -> None:
    """Remove an edition: out of sight in one step, then for good."""
    aside = plan.reports / locking.ASIDE
    released, notes = plan.processed / "released" / name, notes_folder(plan.processed, name)
    for place in (released, notes, plan.reports / SHEETS / name, plan.reports / name):
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(aside, ignore_errors=True)
            aside.mkdir()
            place.rename(aside / name)
            shutil.rmtree(aside)
    for unit in plan.per_edition:
        of_edition = unit.of_edition(name)
        for file in (plan.copy(of_edition), plan.state / f"{of_edition.key}.json"):
            file.unlink(missing_ok=True)
