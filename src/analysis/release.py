"""What an audience may see on a day; everything after this module sees nothing else.

The rules of a call grant columns of tables from a day on. Over them stands what the contracts withhold from an audience
whatever a rule says (`rules.granted`), and under them the smallest cell that they declare (`coarsening`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd

from analysis.call import Call
from analysis.coarsening import find_merged, leave_out, merge_rows
from analysis.contracts import Contract
from analysis.declarations import AUDIENCES, MERGED, Audience, ReleaseRule, Text
from analysis.indicators import name_group
from analysis.rules import INDICATORS, granted
from analysis.tables import contracts

EVERY = 1  # the smallest cell where small ones are shown too


def is_announced(call: Call, as_of: date) -> bool:
    """Return whether the chosen proposals are public on this day; the day of the announcement counts.

    A call that declares no announcement has announced nothing.
    """
    announcement = call.dates.announcement
    return announcement is not None and as_of >= announcement.date


def applies(rule: ReleaseRule, call: Call, audience: Audience, as_of: date) -> bool:
    """Return whether a rule lets this audience see something on this day."""
    if AUDIENCES.index(rule.audience) > AUDIENCES.index(audience):
        return False
    if rule.start == "announcement":
        return is_announced(call, as_of)
    return rule.start is None or as_of >= rule.start


def number_jurors(call: Call, audience: Audience, noun: Text) -> Call:
    """Return the call as an audience may know it: outside the house jurors are numbered and not named."""
    if audience == "internal" or not call.scoring.declared:
        return call
    numbers = {rater.id: number for number, rater in enumerate(call.jurors, start=1)}
    raters = [
        rater.model_copy(
            update={"conflicts": (), **({"label": _number(noun, numbers[rater.id])} if rater.id in numbers else {})}
        )
        for rater in call.scoring.raters
    ]
    return call.model_copy(update={"scoring": call.scoring.model_copy(update={"raters": tuple(raters)})})


def _number(noun: Text, number: int) -> Text:
    return Text(**{language: f"{said} {number}" for language, said in noun if said is not None})


def release_tables(
    tables: Mapping[str, pd.DataFrame], call: Call, audience: Audience, as_of: date
) -> dict[str, pd.DataFrame]:
    """Return the tables that this audience may see on this day, with the columns that the call's rules allow.

    A table or column without a rule that applies is withheld, and so is a table without a contract. Counts below the
    smallest cell of the rules are merged or left out. Where a column of its key is withheld, the rows are ordered by
    what is shown: the order in which they stood would tell which is which.
    """
    release = _Release(tables, call, audience, as_of)
    released = {name: release.show(name) for name in tables}
    return {name: table for name, table in released.items() if table is not None}


def own_columns(call: Call, as_of: date) -> dict[str, list[str]]:
    """Return by table the columns that the applicant of a proposal may see of the rows of that one, on this day."""
    known, announced = contracts(call), is_announced(call, as_of)
    found: dict[str, list[str]] = {}
    for rule in call.release:
        if rule.own and rule.table in known and applies(rule, call, "applicant", as_of):
            both = {*found.get(rule.table, ()), *granted(rule, known[rule.table], announced)}
            found[rule.table] = [name for name in known[rule.table].columns if name in both]
    return {name: columns for name, columns in found.items() if columns}


def release_own(
    tables: Mapping[str, pd.DataFrame], columns: Mapping[str, Sequence[str]], proposal: str
) -> dict[str, pd.DataFrame]:
    """Return of each of these tables the rows of one proposal, with its `own_columns`.

    The rows are ordered by what is shown, for the order in which they stood may tell who gave which score.
    """
    own = {name: tables[name].loc[tables[name]["proposal"] == proposal, shown] for name, shown in columns.items()}
    return {name: rows.sort_values(list(rows), kind="stable", ignore_index=True) for name, rows in own.items()}


def smallest_cell_outside(call: Call) -> int:
    """Return the strictest smallest cell of the rules for readers outside the house."""
    declared = [rule.smallest_cell or EVERY for rule in call.release if rule.audience != "internal"]
    return max(declared, default=EVERY)


@dataclass(frozen=True)
class _Release:
    tables: Mapping[str, pd.DataFrame]
    call: Call
    audience: Audience
    as_of: date

    @cached_property
    def contracts(self) -> dict[str, Contract]:
        return contracts(self.call)

    @cached_property
    def counted(self) -> dict[str, Contract]:
        """Return the contracts of the tables of counts, of all that are at hand, released or not."""
        return {name: self.contracts[name] for name in self.tables if name in self.contracts and self._has_cells(name)}

    def _has_cells(self, name: str) -> bool:
        return self.contracts[name].cells is not None

    def show(self, name: str) -> pd.DataFrame | None:
        """Return a table as released, or None where nothing of it is."""
        contract = self.contracts.get(name)
        allowed = {column for _, columns in self._grants(name) for column in columns} if contract else set()
        if contract is None or not allowed:
            return None
        coarse = self._coarsen(name, contract)
        columns = [column for column in coarse if column in allowed]
        if not columns:
            return None
        shown = coarse[columns].copy()
        if set(contract.key) <= set(columns):
            return shown.reset_index(drop=True)
        return shown.sort_values(columns, kind="stable", ignore_index=True)

    def _grants(self, name: str) -> Iterator[tuple[ReleaseRule, list[str]]]:
        """Yield every rule that applies to a table, with the columns that it grants."""
        announced = is_announced(self.call, self.as_of)
        for rule in self.call.release:
            if rule.table == name and not rule.own and applies(rule, self.call, self.audience, self.as_of):
                yield rule, granted(rule, self.contracts[name], announced)

    def _own_cell(self, name: str) -> int | None:
        """Return the smallest cell that the rules declare for a table; None where they release no count of it.

        Of rules for the same audience the strictest holds; the rules for one audience may show more than for another.
        """
        contract = self.contracts[name]
        found: dict[Audience, int] = {}
        for rule, columns in self._grants(name):
            if set(columns) - set(contract.key):
                found[rule.audience] = max(found.get(rule.audience, EVERY), rule.smallest_cell or EVERY)
        return min(found.values(), default=None)

    def smallest_cell(self, name: str) -> int:
        """Return the smallest cell of a table of counts: the strictest for any table that holds the same counts.

        Where none of these is released, it is that of the indicators.
        """
        form = self.contracts[name].cells.indicators  # type: ignore[union-attr]
        same = [other for other, one in self.counted.items() if form and one.cells and one.cells.indicators == form]
        declared = [cell for cell in map(self._own_cell, {*same, name}) if cell is not None]
        return max(declared) if declared else self._own_cell(INDICATORS) or EVERY

    def _merged(self, name: str) -> pd.Series:
        """Return which rows of a table of counts are not shown by themselves."""
        cells, table, smallest = self.contracts[name].cells, self.tables[name], self.smallest_cell(name)
        if cells is None or smallest == EVERY:
            return pd.Series(False, index=table.index)
        return find_merged(table, cells, smallest)

    def _coarsen(self, name: str, contract: Contract) -> pd.DataFrame:
        table, cells = self.tables[name], contract.cells
        if name == INDICATORS:
            return self._coarsen_indicators(table)
        if contract.summary_of in self.counted:
            return self._drop_summaries(table, contract.summary_of)
        if cells is None:
            return table
        kept = table[~self._lost(name)]
        if self.smallest_cell(name) == EVERY:
            return kept
        if cells.overlapping:
            return leave_out(kept, cells, self.smallest_cell(name))
        return merge_rows(kept, cells, self._merged(name)[kept.index], self.smallest_cell(name))

    def _lost(self, name: str) -> pd.Series:
        """Return which rows add up to a total that is itself hidden; of a crossed table all where any is."""
        cells, table = self.contracts[name].cells, self.tables[name]
        lost = pd.Series(False, index=table.index)
        if cells is None or cells.totals_in not in self.counted:
            return lost
        totals, own = self.tables[cells.totals_in], self.contracts[cells.totals_in].cells
        assert own is not None
        hidden = totals[self._merged(cells.totals_in)]
        columns = [*cells.within, cells.group] if cells.crossed else list(cells.within)
        for column in columns:
            named = hidden[hidden[list(own.within)].eq(column).all(axis=1)]
            lost |= table[column].isin(named[own.group])
        return lost | bool(cells.crossed and lost.any())

    def _drop_summaries(self, table: pd.DataFrame, counts: str) -> pd.DataFrame:
        cells = self.contracts[counts].cells
        assert cells is not None
        columns = list(cells.within)
        hidden = self.tables[counts].loc[self._merged(counts), columns].drop_duplicates()
        return table[~table.set_index(columns).index.isin(hidden.set_index(columns).index)]

    def _coarsen_indicators(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return the indicators without those of hidden groups and those that tell of them."""
        for name, contract in self.counted.items():
            cells = contract.cells
            if cells is None or not cells.indicators:
                continue
            merged, names = self._merged(name), [*cells.within, cells.group]
            hidden = self.tables[name][merged | self._lost(name)]
            sums = merge_rows(self.tables[name], cells, merged & ~self._lost(name), self.smallest_cell(name))
            rows = hidden.to_dict("records")
            ids = [_fill(cells.indicators, row, names) for row in rows]
            about = [_fill(form, row, names) for form in cells.summaries for row in rows]
            added = {
                _fill(cells.indicators, row, names): row[cells.counted]
                for row in sums[sums[cells.group] == MERGED].to_dict("records")
            }
            table = _replace(table, ids, about, added)
        return table


def _fill(form: str, row: Mapping[str, Any], names: Sequence[str]) -> str:
    """Return the id of an indicator: its form with these columns of a row filled in."""
    return form.format(**{name: name_group(str(row[name])) for name in names})


def _replace(table: pd.DataFrame, ids: Iterable[str], about: Iterable[str], added: Mapping[str, float]) -> pd.DataFrame:
    """Return the indicators without these, and with a sum for the groups that were merged."""
    names, gone = table["indicator"], set(ids)
    groups = names.str.rpartition(".")[0].where(names.isin(gone))
    sums = [
        table[groups == name.rpartition(".")[0]].head(1).assign(indicator=name, value=float(value))
        for name, value in added.items()
        if name not in set(names)
    ]
    return pd.concat([table[~names.isin({*gone, *about})], *sums], ignore_index=True).astype(table.dtypes)
