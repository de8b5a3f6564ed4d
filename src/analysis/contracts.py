"""What a table must keep to: columns, types, units, allowed values, key and foreign keys; and the check of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd
import pandera.pandas as pa

from analysis.declarations import Audience
from analysis.faults import Fault, refuse

Kind = Literal["text", "integer", "number", "flag", "day"]
DTYPES: Mapping[Kind, str] = {
    "text": "str",
    "integer": "Int64",
    "number": "float64",
    "flag": "bool",
    "day": "datetime64[us]",
}
UNFIT = (TypeError, ValueError, OverflowError)  # what pandas raises where a value does not fit a type


@dataclass(frozen=True)
class Column:
    """One column: its kind, meaning, unit, and the values that it may hold.

    An `optional` column may hold nothing in a row; an `omissible` one may be left out of a delivered file, and then
    holds nothing in any row. One that is omissible and not optional is left out whole or filled in every row, which the
    ingest checks.

    The audiences of `withheld_from` never see the column, whatever a release rule says. An `identifying` one tells
    which proposal, organisation, person or place a row is about: outside the house it is released only by a rule that
    names it. An `embargoed` one tells of single chosen proposals: the public sees it from the announcement on.
    """

    kind: Kind
    description: str
    unit: str = ""
    allowed: Sequence[str] | None = None
    low: float | None = None
    high: float | None = None
    optional: bool = False
    omissible: bool = False
    withheld_from: tuple[Audience, ...] = ()
    identifying: bool = False
    embargoed: bool = False

    @property
    def nullable(self) -> bool:
        """Return whether a row of the table may hold nothing here."""
        return self.optional or self.omissible

    @property
    def dtype(self) -> str:
        """Return the type in which the column is kept; a flag that may hold nothing has one of its own."""
        return "boolean" if self.kind == "flag" and self.nullable else DTYPES[self.kind]

    def expected(self) -> str:
        """Say which values the column may hold."""
        if self.allowed is not None:
            return "one of " + ", ".join(self.allowed)
        noun = {
            "text": "a text",
            "integer": "a whole number",
            "number": "a number",
            "flag": "true or false",
            "day": "a day as YYYY-MM-DD",
        }[self.kind]
        bounds = {
            (False, False): "",
            (True, False): f" of at least {self.low}",
            (False, True): f" of at most {self.high}",
        }
        between = f" from {self.low} to {self.high}"
        return noun + bounds.get((self.low is not None, self.high is not None), between)

    def schema(self) -> pa.Column:
        """Return the pandera column that checks this."""
        checks = []
        if self.allowed is not None:
            checks.append(pa.Check.isin(list(self.allowed)))
        if self.low is not None:
            checks.append(pa.Check.ge(self.low))
        if self.high is not None:
            checks.append(pa.Check.le(self.high))
        if self.kind == "number":
            checks.append(pa.Check(lambda cells: cells.abs() < float("inf"), name="finite"))
        return pa.Column(
            self.dtype,
            checks,
            nullable=self.nullable,
            description=self.description,
            metadata={"unit": self.unit},
        )


@dataclass(frozen=True)
class Cells:
    """What a table of counts counts per group, and what becomes of cells too small to show (see `coarsening`).

    Each group of the column `group` is counted in `counted`, for every combination of the columns `within` apart; no
    proposal is in two groups of such a partition, so that they add up to a total that readers know. Where groups are
    merged, the columns `sums` add up, `quotients` are worked out anew as one column over another, and others are left
    open. `totals_in` is the table that has the totals of the partitions. Where `crossed`, readers know the total of
    each group over all partitions too.

    Where `overlapping`, a proposal may count in several groups and none are merged: a small count is left out, `limit`
    says below what it stays, and the columns `unsafe`, from which it could be worked out, are left out altogether.

    `indicators` is the form of the ids of the indicators that hold the same counts, `summaries` of those from which a
    merged count could be worked out.
    """

    group: str
    within: tuple[str, ...] = ()
    counted: str = "proposals"
    sums: tuple[str, ...] = ()
    quotients: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    totals_in: str = ""
    crossed: bool = False
    overlapping: bool = False
    limit: str = ""
    unsafe: tuple[str, ...] = ()
    indicators: str = ""
    summaries: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contract:
    """A table: its meaning, who makes it, its columns, its key, and the tables that its columns refer to.

    `cells` says how a table of counts is coarsened; `summary_of` names the table of counts whose partitions this one
    sums up, a row for each, under the same columns.
    """

    name: str
    maker: str
    description: str
    columns: Mapping[str, Column]
    key: tuple[str, ...] = ()
    foreign: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    cells: Cells | None = None
    summary_of: str = ""

    def schema(self) -> pa.DataFrameSchema:
        """Return the pandera schema of the table; columns beyond the contract are refused."""
        columns = {name: column.schema() for name, column in self.columns.items()}
        return pa.DataFrameSchema(
            columns,
            strict=True,
            ordered=True,
            unique=list(self.key) or None,
            name=self.name,
            description=self.description,
            unique_column_names=True,
        )

    def empty(self) -> pd.DataFrame:
        """Return the table without rows: what a call has that delivers no such table."""
        return pd.DataFrame({name: pd.Series(dtype=c.dtype) for name, c in self.columns.items()})


def conform(table: pd.DataFrame, contract: Contract) -> pd.DataFrame:
    """Return the table with the contract's columns in its order and types; other columns are dropped.

    Raises InputError naming every column that is missing and every cell that does not fit the type of its column.
    """
    place = f"table {contract.name}"
    expected = "the columns " + ", ".join(contract.columns)
    refuse(Fault(place, f"no column {name!r}", expected) for name in contract.columns if name not in table)
    kept = table[list(contract.columns)].reset_index(drop=True)
    refuse(fault for name, column in contract.columns.items() for fault in _misfits(kept[name], column, place))
    return pd.DataFrame({name: _cast(kept[name], column) for name, column in contract.columns.items()})


def _cast(cells: pd.Series, column: Column) -> pd.Series:
    """Return the cells in the type of the column; raise one of UNFIT where a cell does not fit."""
    if column.kind == "flag":
        cells = cells.astype("boolean")  # plain bool would take nothing, and any text, for true
    return cells.astype(column.dtype)


def _misfits(cells: pd.Series, column: Column, place: str) -> Iterator[Fault]:
    try:
        _cast(cells, column)
    except UNFIT:
        for row in range(len(cells)):
            try:
                _cast(cells.iloc[[row]], column)
            except UNFIT:
                yield Fault(f"{place}, row {row}, column {cells.name}", _shown(cells.iloc[row]), column.expected())


def _shown(value: object) -> str:
    return "nothing" if pd.isna(value) else repr(str(value))


def check_table(table: pd.DataFrame, contract: Contract, place: str, first_row: int = 2) -> pd.DataFrame:
    """Return the table if it keeps its contract; raise InputError naming `place`, row and column of every fault.

    `first_row` is the number that a reader sees at the first record: 2 in a file with a line of headings.
    """
    try:
        return contract.schema().validate(table, lazy=True)
    except pa.errors.SchemaErrors as error:
        refuse(_faults(table, error.failure_cases, contract, place, first_row))
        raise


def foreign_faults(
    table: pd.DataFrame, contract: Contract, others: Mapping[str, pd.DataFrame], place: str
) -> Iterator[Fault]:
    """Yield a fault for every row that refers to a record that the other table does not have."""
    for column, (other, key) in contract.foreign.items():
        unknown = ~table[column].isin(others[other][key]) & table[column].notna()
        for row in table.index[unknown]:
            found = repr(str(table.at[row, column]))
            yield Fault(f"{place}, row {row + 2}, column {column}", found, f"a value of the column {key} of {other}")


def _faults(
    table: pd.DataFrame, cases: pd.DataFrame, contract: Contract, place: str, first_row: int
) -> Iterator[Fault]:
    ordered = cases.assign(row=pd.to_numeric(cases["index"], errors="coerce")).sort_values("row", kind="stable")
    repeated = ordered["check"].astype(str).str.contains("uniqueness|multiple_fields_uniqueness")
    for case in ordered[~repeated].drop_duplicates(["column", "index", "failure_case"]).itertuples():
        yield _case_fault(case.column, case.check, case.failure_case, case.row, contract, place, first_row)
    if repeated.any():
        yield from _repeated_keys(table, contract, place, first_row)


def _case_fault(
    column: str, check: str, value: object, row: float, contract: Contract, place: str, first_row: int
) -> Fault:
    if check == "column_in_dataframe":
        return Fault(place, f"no column {value}", "the columns " + ", ".join(contract.columns))
    if check in ("column_in_schema", "column_ordered"):
        return Fault(place, f"a column {value}", "the columns " + ", ".join(contract.columns) + ", in this order")
    where = place if pd.isna(row) else f"{place}, row {int(row) + first_row}"
    expected = contract.columns[column].expected()
    return Fault(f"{where}, column {column}", _shown(value), expected)


def _repeated_keys(table: pd.DataFrame, contract: Contract, place: str, first_row: int) -> Iterator[Fault]:
    """Yield a fault for every row whose key stood in an earlier row."""
    key = list(contract.key)
    first = table.reset_index().groupby(key, dropna=False)["index"].transform("min")
    for row in table.index[table.duplicated(key)]:
        values = ", ".join(str(value) for value in table.loc[row, key] if pd.notna(value))
        found = f"{values!r} again, which stands in row {first[row] + first_row}"
        yield Fault(f"{place}, row {row + first_row}, column {'+'.join(key)}", found, "each key once")
