"""Spreadsheets as people deliver them, made cell by cell: a sound one, and what a bad habit makes of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import openpyxl
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

CALL = "groene-buurten"
Row = Sequence[Any]
Rows = Sequence[Row]

HEADINGS = ["Nr", "Titel", "Categorie", "Indiener", "Soort organisatie", "Gemeente", "Gevraagd bedrag"]
IDEAS: list[list[Any]] = [
    ["G1", "Bomen op het plein", "Groen", "Buurtcomité Zuid", "Bewoners", "Gent", 12500],
    ["G2", "Een vijver", "Water", "School De Wilg", "School", "Sint-Niklaas", 8000],
    ["G3", "Regenton", "Water", "School De Beek", "School", "Brugge", 15000],
    ["G4", "Speelbos", "Spelen", "Bewoners Noord", "Bewoners", "Hasselt", 9750],
    ["G5", "Laan met linden", "Groen", "Bewoners West", "Bewoners", "Antwerpen", 7500],
    ["G6", "Moestuin", "Groen", "School De Eik", "School", "Aalst", 6000],
]
MARKS = [[6, 7.5], [8, 5], [7, 7], [4.5, 9], [8.5, 6], [5, 5.5]]


def scored(names: Sequence[str] = ("Jurylid 1", "Jurylid 2"), text: Callable[[float], Any] = float) -> list[list[Any]]:
    """Return a table of scores with a column per rater."""
    return [["Nr", *names], *([idea[0], *map(text, marks)] for idea, marks in zip(IDEAS, MARKS, strict=True))]


def comma(number: float) -> str:
    """Return a number as it is written in Dutch."""
    return str(number).replace(".", ",")


def with_column(position: int, cells: Sequence[Any], heading: str | None = None) -> list[list[Any]]:
    """Return the ideas with other cells in a column."""
    rows = [list(idea) for idea in IDEAS]
    for row, cell in zip(rows, cells, strict=True):
        row[position] = cell
    headings = [*HEADINGS]
    headings[position] = heading or headings[position]
    return [headings, *rows]


def book(sheets: Mapping[str, Rows] | None = None, **others: Rows) -> Workbook:
    """Return a workbook of these sheets; a sound one of ideas and scores where none are given."""
    whole = openpyxl.Workbook()
    whole.remove(whole.active)
    for name, rows in {**(sheets or {"Ideeën": [HEADINGS, *IDEAS], "Scores": scored()}), **others}.items():
        sheet: Worksheet = whole.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    return whole


def save(whole: Workbook, folder: Path, name: str = "ideeen.xlsx") -> Path:
    """Save a workbook in a folder; return its path."""
    path = folder / name
    whole.save(path)
    return path


def csv_text(rows: Rows, delimiter: str = ";") -> str:
    """Return rows as the text of a CSV file."""
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter).writerows(["" if cell is None else cell for cell in row] for row in rows)
    return text.getvalue()
