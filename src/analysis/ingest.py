"""Delivered files and declared corrections in, valid tables out; every fault of all files is said at once."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import Field

from analysis.call import Call
from analysis.contracts import Column, Contract, check_table, foreign_faults
from analysis.documents import LARGEST_INTEGER, Checked, read_document, read_text
from analysis.faults import Fault, InputError, refuse
from analysis.files import file_hash
from analysis.published import Sources
from analysis.requisites import (
    find_dateless,
    find_groundless,
    find_leaderless,
    find_undeclared,
    find_unknown_groups,
    is_readable,
)
from analysis.rules import rule_faults
from analysis.store import Store
from analysis.tables import contracts
from analysis.workplan import beyond_full_time, days_in_reverse, executions_outside, work_outside, years_outside

REQUIRED = ("proposals",)
DELIVERED = (
    "actors",
    "proposals",
    "involvement",
    "scores",
    "masterclasses",
    "budget",
    "staffing",
    "survey",
    "decision",
    "follow_up_choice",
    "pilots",
    "joining",
)
REFERENCE_COLUMNS = {"name_nl": "name", "lat": "latitude", "lon": "longitude"}
FLAGS = {"true": True, "false": False}
CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")  # no HTML or PDF can hold them


class Correction(Checked):
    """A declared change of delivered data: the rows that match `where` get the values of `set`."""

    table: str
    where: dict[str, str] = Field(min_length=1)
    set: dict[str, str] = Field(min_length=1)
    reason: str = Field(min_length=1)
    source: str = Field(min_length=1)


class Corrections(Checked):
    """All corrections of a call, in the order in which they are made."""

    corrections: tuple[Correction, ...] = ()


def read_tables(store: Store) -> dict[str, pd.DataFrame]:
    """Return every raw table of a call by name, valid and corrected; those not delivered are empty.

    Only the proposals must be there. What a delivered table needs of `call.yml` must be declared (see `requisites`).

    Raises InputError with the faults of all files together.
    """
    faults: list[Fault] = []
    call = _attempt(lambda: store.call, faults)
    refuse(faults)
    assert call is not None
    for document in (lambda: store.sources, lambda: store.published, lambda: store.outline):
        _attempt(document, faults)
    corrections = _attempt(lambda: _read_corrections(store), faults) or Corrections()
    tables = {"municipalities": _attempt(lambda: read_municipalities(store.reference, call), faults)}
    delivered, declaring = _delivered(store), str(store.raw / "call.yml")
    faults += [*find_undeclared(call, delivered, declaring), *find_dateless(call, "decision" in delivered, declaring)]
    for name in (name for name in DELIVERED if name not in delivered or is_readable(call, name)):
        tables[name] = _attempt(partial(_read_delivered, store, name, corrections), faults)
    found = {name: table for name, table in tables.items() if table is not None}
    faults += [*_absent_files(store), *_stray_corrections(store, corrections), *_contradictions(store, found)]
    refuse(faults)
    return found


def changed_files(store: Store) -> list[str]:
    """Return the delivered files that differ from the hash they were delivered with, and those without a record."""
    recorded = {name: item.sha256 for name, item in store.sources.files.items()}
    present = sorted(path for path in store.raw.glob("*.csv"))
    return [path.name for path in present if recorded.get(path.name) != file_hash(path)]


def read_municipalities(folder: Path, call: Call) -> pd.DataFrame:
    """Return the reference municipalities of a call with their scale (see the contract `municipalities`).

    A call that declares no reference has none.
    """
    contract = contracts(call)["municipalities"]
    if call.reference is None:
        return contract.empty()
    path = folder / call.reference.municipalities
    delivered = _read_csv(path, REFERENCE_COLUMNS)
    population = delivered.get("population", pd.Series(index=delivered.index, dtype="str"))
    is_city = _numbers(population) >= call.reference.city_from_population
    return _typed(delivered.assign(scale=is_city.map({True: "city", False: "municipality"})), contract, str(path))


def _attempt(action: Callable[[], Any], faults: list[Fault]) -> Any:
    try:
        return action()
    except InputError as error:
        faults.extend(error.faults)
        return None


def _read_corrections(store: Store) -> Corrections:
    path = store.raw / "corrections.yml"
    return read_document(path, Corrections) if path.is_file() else Corrections()


def _read_delivered(store: Store, name: str, corrections: Corrections) -> pd.DataFrame:
    path = store.raw / f"{name}.csv"
    contract = store.contracts[name]
    if not path.exists() and name not in REQUIRED:
        return contract.empty()
    delivered = _correct(_read_csv(path), name, corrections, store.raw / "corrections.yml")
    if name == "proposals":
        refuse(find_unknown_groups(delivered, contract, str(path)))
    return _typed(delivered, contract, str(path))


def _delivered(store: Store) -> list[str]:
    return [name for name in DELIVERED if (store.raw / f"{name}.csv").exists()]


def _absent_files(store: Store) -> Iterator[Fault]:
    """Yield the files that were recorded as delivered and are not there; a required one is a fault of its own."""
    sources: Sources | None = _attempt(lambda: store.sources, [])
    for name in sources.files if sources else ():
        if not (store.raw / name).exists() and name.removesuffix(".csv") not in REQUIRED:
            yield Fault(f"{store.raw / 'SOURCES.yml'}, files.{name}", "no such file", f"the file {name} in this folder")


def _stray_corrections(store: Store, corrections: Corrections) -> Iterator[Fault]:
    """Yield the corrections of a table that was not delivered, so that none is passed over."""
    delivered = _delivered(store)
    for position, correction in enumerate(corrections.corrections):
        if correction.table not in delivered:
            place = f"{store.raw / 'corrections.yml'}, corrections.{position}.table"
            yield Fault(place, repr(correction.table), "one of the tables delivered: " + ", ".join(delivered))


def _read_csv(path: Path, names: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Return all cells of a CSV file as text without outer spaces, empty ones as missing; `names` renames columns."""
    text = read_text(path).rstrip("\r\n") + "\n"  # empty lines at the end are no records
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text, newline=""), strict=True)]
    except csv.Error as error:
        fault = Fault(str(path), f"text that is not CSV ({error})", "cells with every quote closed")
        raise InputError([fault]) from None
    headings = [(names or {}).get(heading, heading) for heading in rows[0]]
    refuse(_misshapen_rows(path, headings, rows[1:]))
    return pd.DataFrame([[cell or None for cell in row] for row in rows[1:]], columns=headings, dtype="str")


def _misshapen_rows(path: Path, headings: list[str], records: list[list[str]]) -> Iterator[Fault]:
    """Yield a fault where there are no records, a heading stands twice, or a row has other cells than its headings."""
    if len(set(headings)) < len(headings):
        yield Fault(f"{path}, row 1", "a heading that stands twice", "each heading once")
    for number, cells in enumerate(records, start=2):
        if len(cells) != len(headings):
            expected = f"{len(headings)}, as in the row of headings"
            yield Fault(f"{path}, row {number}", f"{len(cells)} cells", expected)
        for heading, cell in zip(headings, cells, strict=False):
            if CONTROL.search(cell):
                yield Fault(f"{path}, row {number}, column {heading}", repr(cell), "a text without control characters")
    if not records:
        yield Fault(str(path), "no records", "a row of headings and at least one record")


def _correct(table: pd.DataFrame, name: str, corrections: Corrections, place: Path) -> pd.DataFrame:
    """Return the table with its corrections made, `""` for an empty cell; one that matches no row is a fault."""
    corrected = table.copy()
    faults = []
    for position, correction in enumerate(corrections.corrections):
        if correction.table != name:
            continue
        unknown = [column for column in (*correction.where, *correction.set) if column not in table]
        where = f"{place}, corrections.{position}"
        if unknown:
            faults.append(Fault(where, f"the column {unknown[0]!r}", "one of " + ", ".join(table.columns)))
            continue
        matched = pd.Series(True, index=table.index)
        for column, value in correction.where.items():
            matched &= corrected[column].fillna("") == value
        if not matched.any():
            faults.append(Fault(where, f"no row of {name} with {correction.where}", "a correction that still matches"))
        for column, value in correction.set.items():
            corrected.loc[matched, column] = value or None
    refuse(faults)
    return corrected


def _typed(table: pd.DataFrame, contract: Contract, place: str) -> pd.DataFrame:
    """Return the cells in the contract's types, checked; cells that cannot be read are faults with the rest."""
    spare = [name for name, column in contract.columns.items() if column.omissible and name not in table]
    table = table.assign(**{name: pd.Series(index=table.index, dtype="str") for name in spare})
    missing = [name for name in contract.columns if name not in table]
    unknown = [name for name in table if name not in contract.columns]
    known = ", ".join(contract.columns)
    faults = [Fault(place, f"no column {name!r}", f"the columns {known}") for name in missing]
    faults += [Fault(place, f"an unknown column {name!r}", f"only the columns {known}") for name in unknown]
    refuse(faults)
    typed = {}
    for name, column in contract.columns.items():
        cells = _cells(table[name], column)
        for row in table.index[_unusable(table[name], cells, column)] if name not in spare else ():
            found = repr(table.at[row, name]) if pd.notna(table.at[row, name]) else "nothing"
            faults.append(Fault(f"{place}, row {row + 2}, column {name}", found, column.expected()))
        filled = cells.fillna(False) if column.kind == "flag" and name not in spare else cells
        typed[name] = filled.astype(column.dtype)
    said = {fault.place for fault in faults}
    try:
        check_table(pd.DataFrame(typed), contract, place)
    except InputError as error:
        faults += [fault for fault in error.faults if fault.place not in said]
    refuse(faults)
    return pd.DataFrame(typed)


def _unusable(delivered: pd.Series, cells: pd.Series, column: Column) -> pd.Series:
    """Return which cells could not be read.

    An empty flag is one of them, for a flag has no third value; so is an empty cell of a column that is left out whole
    or filled in every row.
    """
    unread, whole = cells.isna(), column.omissible and not column.optional
    return unread if whole or column.kind == "flag" else unread & delivered.notna()


def _cells(cells: pd.Series, column: Column) -> pd.Series:
    """Return text cells in the type of the column, missing where they cannot be read."""
    if column.kind == "integer":
        number = _numbers(cells)
        return number.where((number % 1 == 0) & (number.abs() <= LARGEST_INTEGER)).astype("Int64")
    if column.kind == "number":
        return _numbers(cells)
    if column.kind == "flag":
        return cells.str.lower().map(FLAGS).astype("boolean")
    if column.kind == "day":
        written = cells.where(cells.str.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"))
        return pd.to_datetime(written, format="%Y-%m-%d", errors="coerce").astype("datetime64[us]")
    return cells


def _numbers(cells: pd.Series) -> pd.Series:
    """Return text cells as finite numbers, missing where they are none; a negative zero becomes zero."""
    numbers = pd.to_numeric(cells, errors="coerce").astype("float64")
    return numbers.where(numbers.abs() < float("inf")) + 0.0


def _contradictions(store: Store, tables: Mapping[str, pd.DataFrame]) -> Iterator[Fault]:
    """Yield what contradicts between tables that are valid by themselves."""
    known = {"municipalities", *_delivered(store)} & tables.keys()
    for name, table in tables.items():
        contract = store.contracts[name]
        foreign = {column: other for column, other in contract.foreign.items() if other[0] in known}
        if all(other in tables for other, _ in contract.foreign.values()):
            within = replace(contract, foreign=foreign)
            yield from foreign_faults(table, within, tables, str(store.raw / f"{name}.csv"))
    if {"actors", "proposals"} <= known:
        yield from find_leaderless(tables["proposals"], str(store.raw / "proposals.csv"))
    for name in ("actors", "proposals"):
        yield from _lookalikes(store, name, tables)
    yield from _scores_not_judged(store, tables)
    yield from _crossed_panels(store, tables)
    yield from _conflict_faults(store, tables)
    yield from _plan_faults(store, tables)
    yield from _survey_faults(store, tables)
    yield from _unknown_provinces(store, tables)
    yield from find_groundless(store.call, tables, str(store.raw / "call.yml"))
    yield from rule_faults(store.call.release, store.contracts, store.call.dates, f"{store.raw / 'call.yml'}, release")


def _lookalikes(store: Store, name: str, tables: Mapping[str, pd.DataFrame]) -> Iterator[Fault]:
    """Yield the ids that differ from an earlier one only in case or spaces, for no reader could tell them apart."""
    (key,) = store.contracts[name].key
    ids = tables[name][key] if name in tables else pd.Series(dtype="str")
    bare = ids.str.casefold().str.split().str.join(" ")
    for row in ids.index[bare.duplicated()]:
        found = f"{ids[row]!r} beside {ids[bare.eq(bare[row]).idxmax()]!r}"
        place = f"{store.raw / f'{name}.csv'}, row {row + 2}, column {key}"
        yield Fault(place, found, "ids that differ in more than case or spaces")


def _scores_not_judged(store: Store, tables: Mapping[str, pd.DataFrame]) -> Iterator[Fault]:
    """Yield scores on a criterion that the call does not ask that rater to judge."""
    judged = {rater.id: rater.criteria for rater in store.call.scoring.raters}
    allowed = {(rater, criterion) for rater, criteria in judged.items() for criterion in criteria}
    scores = tables.get("scores")
    if scores is None:
        return
    pairs = pd.MultiIndex.from_frame(scores[["rater", "criterion"]])
    for row in scores.index[~pairs.isin(list(allowed))]:
        rater, criterion = scores.loc[row, ["rater", "criterion"]]
        place = f"{store.raw / 'scores.csv'}, row {row + 2}, column criterion"
        yield Fault(place, repr(criterion), f"a criterion that {rater} judges: {', '.join(judged[rater])}")


def _crossed_panels(store: Store, tables: Mapping[str, pd.DataFrame]) -> Iterator[Fault]:
    """Yield the scores on a proposal by a rater of another panel than the first one that scored it."""
    scores, panels = tables.get("scores"), store.call.scoring.panels
    if scores is None or not any(panels.values()):
        return
    own = scores["rater"].map(panels)
    first = own.groupby(scores["proposal"]).transform("first")
    for row in scores.index[own.notna() & (own != first)]:
        place = f"{store.raw / 'scores.csv'}, row {row + 2}, column rater"
        found = f"{scores.at[row, 'rater']!r} of the panel {own[row]}"
        expected = f"a rater of the panel {first[row]}, which scored {scores.at[row, 'proposal']} before"
        yield Fault(place, found, expected)


def _conflict_faults(store: Store, tables: Mapping[str, pd.DataFrame]) -> Iterator[Fault]:
    """Yield conflicts of interest about no proposal, and the scores that a rater gave in spite of its own."""
    scores, proposals, place = tables.get("scores"), tables.get("proposals"), store.raw / "call.yml"
    if scores is None or proposals is None:
        return
    known = set(proposals["proposal"])
    for position, rater in enumerate(store.call.scoring.raters):
        for proposal in sorted(set(rater.conflicts) - known):
            where = f"{place}, scoring.raters.{position}.conflicts"
            yield Fault(where, repr(proposal), "the id of a proposal in proposals.csv")
        for row in scores.index[(scores["rater"] == rater.id) & scores["proposal"].isin(rater.conflicts)]:
            found = f"a score on {scores.at[row, 'proposal']} by {rater.id}, which declared a conflict of interest"
            yield Fault(f"{store.raw / 'scores.csv'}, row {row + 2}, column rater", found, "no such row")


def _plan_faults(store: Store, tables: Mapping[str, pd.DataFrame]) -> Iterator[Fault]:
    """Yield what lies outside its time, and who works beyond full time; a table at fault itself is not looked at."""
    call, places = store.call, {name: str(store.raw / f"{name}.csv") for name in tables}
    if "proposals" in tables and call.dates.execution is not None:
        yield from executions_outside(tables["proposals"], call.dates.execution, places["proposals"])
    if "budget" in tables:
        yield from years_outside(tables["budget"], call.phases, places["budget"])
    if "staffing" in tables:
        yield from days_in_reverse(tables["staffing"], places["staffing"])
        yield from work_outside(tables["staffing"], call.phases, places["staffing"])
        yield from beyond_full_time(tables["staffing"], places["staffing"])


def _survey_faults(store: Store, tables: Mapping[str, pd.DataFrame]) -> Iterator[Fault]:
    """Yield a number of invited below that of the respondents, and respondents who are both chosen and not."""
    survey, invited = tables.get("survey"), store.call.survey_invited
    if survey is None:
        return
    respondents = survey.groupby("respondent")["chosen"].nunique()
    if invited is not None and invited < len(respondents):
        expected = f"at least the {len(respondents)} respondents in survey.csv"
        yield Fault(f"{store.raw / 'call.yml'}, survey_invited", str(invited), expected)
    for respondent in respondents.index[respondents > 1]:
        place = f"{store.raw / 'survey.csv'}, respondent {respondent}, column chosen"
        yield Fault(place, "both true and false", "the same in every row of a respondent")


def _unknown_provinces(store: Store, tables: Mapping[str, pd.DataFrame]) -> Iterator[Fault]:
    if "municipalities" not in tables:
        return
    known = sorted(tables["municipalities"]["province"].unique())
    for position, quota in enumerate(store.call.selection.quotas):
        for group in quota.groups if quota.column == "province" else ():
            if group not in known:
                place = f"{store.raw / 'call.yml'}, selection.quotas.{position}.groups"
                yield Fault(place, repr(group), "one of " + ", ".join(known))
