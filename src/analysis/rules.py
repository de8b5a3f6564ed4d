"""What a release rule may grant, whatever it asks for; and the faults of rules that ask for more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from analysis.contracts import Contract
from analysis.declarations import Dates, ReleaseRule
from analysis.faults import Fault

INDICATORS = "indicators"


def opens(rule: ReleaseRule, dates: Dates) -> bool:
    """Return whether a rule begins on the day of the announcement or later."""
    announcement = dates.announcement
    if rule.start == "announcement" or rule.start is None or announcement is None:
        return rule.start == "announcement"
    return rule.start >= announcement.date


def granted(rule: ReleaseRule, contract: Contract, announced: bool) -> list[str]:
    """Return the columns of a table that a rule grants to its audience.

    Never those that are withheld from it. Where the rule says `all`, identifying columns are granted inside the house
    only, or of the reader's own proposal; before the announcement the public is granted nothing that tells of single
    chosen proposals, nor is an applicant of its own.
    """
    every = rule.columns == "all"
    columns = contract.columns if every else [name for name in contract.columns if name in rule.columns]
    kept = []
    for name in columns:
        column = contract.columns[name]
        withheld = rule.audience in column.withheld_from
        unnamed = every and column.identifying and rule.audience != "internal" and not rule.own
        early = column.embargoed and (rule.audience == "public" or rule.own) and not announced
        if not (withheld or unnamed or early):
            kept.append(name)
    return kept


def rule_faults(
    rules: Sequence[ReleaseRule], contracts: Mapping[str, Contract], dates: Dates, place: str
) -> Iterator[Fault]:
    """Yield what is wrong with the release rules of a call; `place` is that of the section."""
    for position, rule in enumerate(rules):
        where, contract = f"{place}.{position}", contracts.get(rule.table)
        if contract is None:
            yield Fault(f"{where}.table", repr(rule.table), "one of " + ", ".join(contracts))
            continue
        yield from _column_faults(rule, contract, where)
        yield from _early_faults(rule, contract, dates, where)
        yield from _cell_faults(rule, contract, where)
        yield from _own_faults(rule, contract, where)
        yield from _repeated(rules[:position], rule, where)
    yield from _uneven_cells(rules, contracts, place)


def _column_faults(rule: ReleaseRule, contract: Contract, where: str) -> Iterator[Fault]:
    """Yield the columns that do not exist, stand twice, or that the audience never sees."""
    closed = [name for name, column in contract.columns.items() if rule.audience in column.withheld_from]
    seen = [name for name in contract.columns if name not in closed]
    if rule.columns == "all":
        if closed:
            expected = f"columns without {', '.join(closed)}, which no reader outside the house sees"
            yield Fault(f"{where}.columns", f"'all' for the audience {rule.audience}", expected)
        return
    for place, column in enumerate(rule.columns):
        if column not in contract.columns:
            yield Fault(f"{where}.columns", repr(column), "one of " + ", ".join(contract.columns))
        elif column in closed:
            expected = f"one of {', '.join(seen)}" if seen else "no rule for this audience"
            yield Fault(f"{where}.columns", f"{column!r}, which no reader outside the house sees", expected)
        elif column in rule.columns[:place]:
            yield Fault(f"{where}.columns", f"{column!r} again", "each column once")


def _early_faults(rule: ReleaseRule, contract: Contract, dates: Dates, where: str) -> Iterator[Fault]:
    """Yield a rule that would tell the public, or an applicant, of single chosen proposals before the announcement."""
    asked = contract.columns if rule.columns == "all" else rule.columns
    told = [name for name in asked if name in contract.columns and contract.columns[name].embargoed]
    if (rule.audience == "public" or rule.own) and told and not opens(rule, dates):
        begun = "no day" if rule.start is None else str(rule.start)
        found = f"{begun}, for {', '.join(told)}"
        on = "" if dates.announcement is None else f", or a day from {dates.announcement.date} on"
        yield Fault(f"{where}.start", found, f"announcement{on}")


def _cell_faults(rule: ReleaseRule, contract: Contract, where: str) -> Iterator[Fault]:
    if rule.smallest_cell is not None and contract.cells is None and rule.table != INDICATORS:
        expected = f"no such key, for {rule.table} holds no counts of proposals by group"
        yield Fault(f"{where}.smallest_cell", str(rule.smallest_cell), expected)


def _own_faults(rule: ReleaseRule, contract: Contract, where: str) -> Iterator[Fault]:
    """Yield a rule about the own proposal of a reader who has none, or of a table that tells of none."""
    if rule.own and rule.audience != "applicant":
        yield Fault(f"{where}.own", f"true for {rule.audience}", "no such key, for only an applicant has a proposal")
    if rule.own and "proposal" not in contract.columns:
        yield Fault(f"{where}.own", "true", f"no such key, for {rule.table} has no column proposal")


def _repeated(earlier: Sequence[ReleaseRule], rule: ReleaseRule, where: str) -> Iterator[Fault]:
    for position, other in enumerate(earlier):
        if all(getattr(other, key) == getattr(rule, key) for key in ("table", "audience", "start", "own")):
            found = f"{rule.table} for {rule.audience} again, as in release.{position}"
            yield Fault(where, found, "one rule for a table, an audience and a day")
            return


def _uneven_cells(rules: Sequence[ReleaseRule], contracts: Mapping[str, Contract], place: str) -> Iterator[Fault]:
    """Yield rules that would show in one table the small counts that another hides from the same audience."""
    known: dict[tuple[str, str], tuple[int | None, str]] = {}
    for position, rule in enumerate(rules):
        cells = contracts[rule.table].cells if rule.table in contracts else None
        if cells is None or not cells.indicators:
            continue
        smallest, table = known.setdefault((cells.indicators, rule.audience), (rule.smallest_cell, rule.table))
        if smallest != rule.smallest_cell:
            found = "none" if rule.smallest_cell is None else str(rule.smallest_cell)
            expected = f"{'none' if smallest is None else smallest}, as for {table}, which holds the same counts"
            yield Fault(f"{place}.{position}.smallest_cell", found, expected)
