"""What may contradict between the sections of a call.

In a section that is itself at fault, what could not be read is None: it is said already, and not compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

from analysis.declarations import FIXED_GROUPS, GROUPED_BY, Dates, Named, Scoring, Selection
from analysis.documents import Finding


def _lists_of_named(sections: dict[str, Any]) -> Iterator[tuple[tuple[str, ...], Iterable[Named]]]:
    for name, section in sections.items():
        if isinstance(section, tuple) and section and isinstance(section[0], Named):
            yield (name,), section
    for parent, names in {"scoring": ("criteria", "raters"), "selection": ("caps", "quotas")}.items():
        if parent in sections:
            for name in names:
                yield (parent, name), getattr(sections[parent], name) or ()


def repeated_ids(sections: dict[str, Any]) -> Iterator[Finding]:
    """Yield ids that two items of a list share."""
    for where, items in _lists_of_named(sections):
        seen: set[str] = set()
        for position, item in enumerate(items):
            if item.id in seen:
                yield Finding((*where, position, "id"), repr(item.id), "an id that no other item has")
            seen.add(item.id)


def unknown_criteria(sections: dict[str, Any]) -> Iterator[Finding]:
    """Yield criteria that a rater or the tie rule names and the call does not declare."""
    scoring: Scoring | None = sections.get("scoring")
    if scoring is None or scoring.criteria is None:
        return  # where none are declared, a tie rule that names one is at fault too
    known = [criterion.id for criterion in scoring.criteria]
    for position, rater in enumerate(scoring.raters or ()):
        for place, criterion in enumerate(rater.criteria):
            where = ("scoring", "raters", position, "criteria", place)
            if criterion not in known:
                yield Finding(where, repr(criterion), _one_of(known))
            elif criterion in rater.criteria[:place]:
                yield Finding(where, f"{criterion!r} again", "each criterion once")
    selection: Selection | None = sections.get("selection")
    if selection and (selection.tie_rule or "").startswith("criterion:"):
        criterion = selection.tie_rule.removeprefix("criterion:")
        if criterion not in known:
            yield Finding(("selection", "tie_rule"), repr(selection.tie_rule), _one_of(known))


def unknown_groups(sections: dict[str, Any]) -> Iterator[Finding]:
    """Yield groups that a quota names and its column does not have; provinces are checked at the ingest."""
    selection: Selection | None = sections.get("selection")
    for position, quota in enumerate((selection.quotas if selection else None) or ()):
        if quota.column == "province" or GROUPED_BY.get(quota.column, quota.column) not in {*sections, *FIXED_GROUPS}:
            continue  # provinces are known only with the reference file: ingest checks them
        known = FIXED_GROUPS.get(quota.column) or [item.id for item in sections[GROUPED_BY[quota.column]]]
        for place, group in enumerate(quota.groups):
            if group not in known:
                where = ("selection", "quotas", position, "groups", place)
                yield Finding(where, repr(group), _one_of(known))


def impossible_numbers(sections: dict[str, Any]) -> Iterator[Finding]:
    """Yield numbers to choose or to reserve that are larger than what they are taken from."""
    selection: Selection | None = sections.get("selection")
    if selection is None or not selection.choose:
        return
    if selection.lottery and selection.ranked_by == "totals":
        expected = "ranked_by: expected_ranks, for only these part off a group at the line"
        yield Finding(("selection", "lottery"), "true where totals decide", expected)
    dates: Dates | None = sections.get("dates")
    window = dates.execution if dates else None
    if (
        selection.starts
        and window
        and not window.start <= selection.starts.earliest <= selection.starts.latest <= window.end
    ):
        found = f"{selection.starts.earliest} to {selection.starts.latest}"
        yield Finding(("selection", "starts"), found, f"days of the execution ({window.start} to {window.end})")
    if selection.shortlist is not None and selection.choose > selection.shortlist:
        expected = f"at most the size of the shortlist ({selection.shortlist})"
        yield Finding(("selection", "choose"), str(selection.choose), expected)
    for position, quota in enumerate(selection.quotas or ()):
        if (quota.minimum or 0) > selection.choose:
            where = ("selection", "quotas", position, "minimum")
            yield Finding(where, str(quota.minimum), f"at most the number to choose ({selection.choose})")


def dates_out_of_order(sections: dict[str, Any]) -> Iterator[Finding]:
    """Yield dates that come before an earlier step of the call."""
    dates: Dates | None = sections.get("dates")
    if dates is None:
        return
    known: dict[str, date | None] = {
        "submission": dates.submission.start if dates.submission else None,
        "masterclasses": dates.masterclasses.start if dates.masterclasses else None,
        "scoring": dates.scoring.start if dates.scoring else None,
        "announcement": dates.announcement.date if dates.announcement else None,
    }
    steps = [(name, day) for name, day in known.items() if day is not None]
    for (earlier, before), (later, after) in pairwise(steps):
        if after < before:
            yield Finding(("dates", later), str(after), f"a day not before {earlier} ({before})")
    announced = known["announcement"]
    if announced and dates.execution and dates.execution.end < announced:
        expected = f"an end not before the announcement ({announced})"
        yield Finding(("dates", "execution"), str(dates.execution.end), expected)


def paths_without_end(sections: dict[str, Any]) -> Iterator[Finding]:
    """Yield rules of follow-up paths that stand twice, and the lack of a path for what fits no other."""
    rules = [path.rule for path in sections.get("paths", ())]
    for position, rule in enumerate(rules):
        if rule in rules[:position]:
            yield Finding(("paths", position, "rule"), repr(rule), "a rule that no other path has")
    if rules and "other" not in rules:
        yield Finding(("paths",), "no path with the rule other", "one, for what fits no other rule")


def _one_of(known: Sequence[str]) -> str:
    return "one of " + ", ".join(known) if known else "nothing, for call.yml declares none of these"
