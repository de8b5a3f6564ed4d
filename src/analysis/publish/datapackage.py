"""The released tables of an edition as a Frictionless data package: a CSV file per table and what describes them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from analysis.contracts import Column, Kind
from analysis.glossary import describe_column, describe_table
from analysis.publish.dictionary import (
    Cell,
    Dataset,
    ReleasedColumn,
    ReleasedTable,
    identify_licence,
    say_description,
    say_title,
)

PROFILE, TABLE_PROFILE = "tabular-data-package", "tabular-data-resource"  # of version 1 of the specification
DESCRIPTOR = "datapackage.json"
FOLDER = "data"
TYPES: Mapping[Kind, str] = {
    "text": "string",
    "integer": "integer",
    "number": "number",
    "flag": "boolean",
    "day": "date",
}
DIALECT: Mapping[str, Any] = {
    "delimiter": ",",
    "lineTerminator": "\n",
    "quoteChar": '"',
    "doubleQuote": True,
    "skipInitialSpace": False,
    "header": True,
}
QUOTED = re.compile(r'[",\r\n\0]|^\s|\s$')


def render_package(dataset: Dataset) -> dict[str, bytes]:
    """Return the files of the data package by name: `data/<table>.csv` for every released table, and datapackage.json.

    CSV as in RFC 4180 but for lines that end with a line feed: UTF-8, a head with the names of the columns, days as
    YYYY-MM-DD, true and false, numbers in full precision, nothing where there is nothing. Texts are not changed: one
    that starts with = stays so, for it is data. The names are relative to the folder of the package.
    """
    files = {f"{FOLDER}/{table.name}.csv": render_csv(table) for table in dataset.released.values()}
    resources = [_describe_resource(table, dataset, files) for table in dataset.released.values()]
    return {**files, DESCRIPTOR: as_json({**_describe_package(dataset), "resources": resources})}


def render_csv(table: ReleasedTable) -> bytes:
    """Return a table as CSV in UTF-8."""
    lines = [table.names, *(tuple(map(write_cell, row)) for row in table.rows)]
    return "".join(",".join(map(_quote, line)) + "\n" for line in lines).encode()


def write_cell(cell: Cell) -> str:
    """Return a cell as CSV and JSON readers expect it; a number such that reading it gives the same number."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, date):
        return cell.isoformat()
    return repr(cell) if isinstance(cell, float) else str(cell)


def _quote(field: str) -> str:
    return '"' + field.replace('"', '""') + '"' if QUOTED.search(field) else field


def as_json(content: Any) -> bytes:
    """Return content as JSON that people can read."""
    return (json.dumps(content, ensure_ascii=False, indent=1) + "\n").encode()


def _describe_package(dataset: Dataset) -> dict[str, Any]:
    words, edition = dataset.wording, dataset.edition
    return {
        "profile": PROFILE,
        "name": dataset.name,
        "id": dataset.identifier,
        "title": say_title(dataset, words),
        "description": f"{say_description(dataset, words)} {words.plain('tables.reading')}",
        "version": dataset.version,
        "created": f"{edition.as_of.isoformat()}T00:00:00Z",
        "licenses": [{"name": identify_licence(licence), "title": licence} for licence in dataset.licences],
        "sources": [
            {"title": name, "description": file.origin, "license": file.licence}
            for source in dataset.sources
            for name, file in source.files.items()
        ],
        "contributors": [{"title": dataset.call.organiser.name, "role": "publisher"}],
        "language": words.language,
        "audience": edition.audience,
        "synthetic": dataset.synthetic,
    }


def _describe_resource(table: ReleasedTable, dataset: Dataset, files: Mapping[str, bytes]) -> dict[str, Any]:
    path = f"{FOLDER}/{table.name}.csv"
    return {
        "profile": TABLE_PROFILE,
        "name": table.name,
        "title": describe_table(table.contract, dataset.edition.language),
        "path": path,
        "format": "csv",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "bytes": len(files[path]),
        "hash": f"sha256:{hashlib.sha256(files[path]).hexdigest()}",
        "dialect": dict(DIALECT),
        "schema": _describe_schema(table, dataset),
    }


def _describe_schema(table: ReleasedTable, dataset: Dataset) -> dict[str, Any]:
    """Return the fields, and the keys as far as the released columns still hold them."""
    schema: dict[str, Any] = {
        "fields": [_describe_field(column, table, dataset) for column in table.columns],
        "missingValues": [""],
    }
    if table.key:
        schema["primaryKey"] = list(table.key)
    references = [
        {"fields": [item.column], "reference": {"resource": item.table, "fields": [item.key]}}
        for item in dataset.references(table)
    ]
    return schema | ({"foreignKeys": references} if references else {})


def _describe_field(column: ReleasedColumn, table: ReleasedTable, dataset: Dataset) -> dict[str, Any]:
    described = {
        "name": column.name,
        "type": TYPES[column.kind],
        "format": "default",
        "description": describe_column(table.contract, column.name, dataset.edition.language),
    }
    constraints = _constrain(column)
    unit = {"unit": column.contract.unit} if column.contract.unit else {}
    return described | unit | ({"constraints": constraints} if constraints else {})


def _constrain(column: ReleasedColumn) -> dict[str, Any]:
    """Return what the contract demands of the cells and what every released cell meets."""
    contract, cells = column.contract, [cell for cell in column.cells if cell is not None]
    constraints: dict[str, Any] = {}
    if not contract.nullable and len(cells) == len(column.cells):
        constraints["required"] = True
    if column.codes and set(cells) <= set(column.codes):
        constraints["enum"] = list(column.codes)
    if column.kind in ("integer", "number"):
        constraints |= _bound(column.kind, contract, [cell for cell in cells if isinstance(cell, int | float)])
    return constraints


def _bound(kind: Kind, contract: Column, cells: Sequence[float]) -> dict[str, float]:
    read = int if kind == "integer" else float
    bounds: dict[str, float] = {}
    if contract.low is not None and all(cell >= contract.low for cell in cells):
        bounds["minimum"] = read(contract.low)
    if contract.high is not None and all(cell <= contract.high for cell in cells):
        bounds["maximum"] = read(contract.high)
    return bounds
