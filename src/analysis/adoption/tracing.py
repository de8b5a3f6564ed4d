"""Faults in the tables of a call, with the sheet, row and column of the spreadsheet that they were made from."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from analysis.adoption.gathered import Tables, iterate_columns
from analysis.documents import read_text
from analysis.faults import Fault, InputError, refuse
from analysis.ingest import read_tables
from analysis.store import Store

ORIGINS = "origins.tsv"  # no .csv: it is no table of the call
ROW = re.compile(r"(?P<file>[^/\\]+)\.csv, row (?P<row>[0-9]+)(?P<rest>,.*)?$")
WEIGHTS = ("call.yml", "SOURCES.yml", "corrections.yml", "proposals.csv", "actors.csv", "involvement.csv", "scores.csv")


def write_origins(folder: Path, tables: Tables) -> None:
    """Write from which place of the spreadsheet each row of each table came: table, row (headings being 1), place."""
    with (folder / ORIGINS).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter="\t", lineterminator="\n")
        writer.writerow(("table", "row", "place"))
        for name, _ in iterate_columns(tables):
            writer.writerows((name, row, one.place) for row, one in enumerate(tables.origins[name], start=2))


def trace_faults(faults: Iterable[Fault], folder: Path) -> list[Fault]:
    """Return the faults of a call, the weightiest first, each with its place in the spreadsheet where that is known.

    What makes a whole file unreadable comes before what is wrong in a row; within that, the call itself comes first,
    then the proposals, those who lead them, the municipalities, the scores, and the rest.
    """
    origins = _read_origins(folder)
    return sorted((_trace(fault, origins) for fault in faults), key=_weigh)


def read_traced(store: Store) -> dict[str, pd.DataFrame]:
    """Return the tables of a call as `read_tables` does; its faults come ordered and traced."""
    try:
        return read_tables(store)
    except InputError as error:
        raise InputError(trace_faults(error.faults, store.raw)) from None


def _read_origins(folder: Path) -> dict[tuple[str, str], str]:
    path = folder / ORIGINS
    if not path.is_file():
        return {}
    rows = csv.reader(read_text(path).splitlines()[1:], delimiter="\t")
    return {(row[0], row[1]): row[2] for row in rows if len(row) == 3}


def _trace(fault: Fault, origins: dict[tuple[str, str], str]) -> Fault:
    found = ROW.search(fault.place)
    origin = origins.get((found["file"], found["row"])) if found else None
    return Fault(f"{fault.place} (from {origin})", fault.found, fault.expected) if origin else fault


def _weigh(fault: Fault) -> tuple[int, int]:
    file = next((number for number, name in enumerate(WEIGHTS) if name in fault.place), len(WEIGHTS))
    return (file, int(", row " in fault.place))


def check_folder(aside: Path, root: Path, call: str, update: bool) -> list[str]:
    """Return what is left to mend in a call that was written below `aside` and belongs below `root`.

    On an update, what the new delivery breaks is raised as an InputError: the tables that were there stay.
    """
    reference = aside / "data" / "raw" / "reference"
    reference.symlink_to((root / "data" / "raw" / "reference").resolve(), target_is_directory=True)
    store = Store(aside, call)
    try:
        read_traced(store)
    except InputError as error:
        faults = [_renamed(fault, aside, root) for fault in error.faults]
        refuse(fault for fault in faults if update and ".csv" in fault.place)
        return [str(fault) for fault in faults]
    return []


def _renamed(fault: Fault, aside: Path, root: Path) -> Fault:
    here, there = str(aside), str(root)
    return Fault(
        fault.place.replace(here, there), fault.found.replace(here, there), fault.expected.replace(here, there)
    )
