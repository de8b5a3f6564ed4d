"""Which field a column fills, judged by its heading and then by what its cells hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from rapidfuzz import fuzz

from analysis.adoption.layout import Layout
from analysis.adoption.places import Gazetteer, split_names
from analysis.adoption.sheets import Trouble, Value, written
from analysis.adoption.values import find_decimal, is_nothing, read_day, read_flag, read_number
from analysis.adoption.vocabulary import FIELDS, NEEDED, SHEET_WORDS, Field, Kind, Reading, plain

ALIKE = 88  # of 100: a typing error in a heading of ten letters
MOST_GROUPS = 15
SAMPLE = 500  # cells of a column that are looked at to tell what it holds
READABLE = 0.6  # the share of a column's cells that must be readable as what its heading says


def match_fields(kind: Kind, layout: Layout, gazetteer: Gazetteer) -> dict[int, tuple[str, float]]:
    """Return for a table of this kind the field that each column fills, with how sure that is (0 to 100)."""
    found: list[tuple[float, int, str]] = []
    for column, heading in layout.headings.items():
        for name, field in FIELDS[kind].items():
            score = liken(heading, field.words)
            if field.reading == "group" and score < 100 and is_numeric(layout.cells(column)):
                continue  # "Jurylid 1" above numbers is a column of scores, not one of raters
            if score and fits(layout.cells(column), field, gazetteer):
                found.append((score, column, name))
    taken: dict[int, tuple[str, float]] = {}
    for score, column, name in sorted(found, key=lambda one: (-one[0], one[1])):
        if column not in taken and name not in {field for field, _ in taken.values()}:
            taken[column] = (name, score)
    return taken


def liken(heading: str, words: Iterable[str]) -> float:
    """Return how much a heading is like one of these words: 100 where it is one, 0 where it is like none."""
    text = plain(heading.split(" / ")[-1])
    best = 0.0
    tokens = set(text.split())
    for word in words:
        if text == word:
            return 100.0
        ratio = fuzz.ratio(text, word)
        if ratio >= ALIKE and len(word) > 4:
            best = max(best, ratio - 5)
        parts = set(word.split())
        if len(word) >= 4 and parts <= tokens:
            best = max(best, 60 + 25 * len(parts) / len(tokens))
    return best


def fits(cells: Iterable[Value | None], field: Field, gazetteer: Gazetteer) -> bool:
    """Return whether enough of a column's cells can be read as the field says."""
    values = [
        value for value in cells if value is not None and not is_nothing(value) and not isinstance(value, Trouble)
    ]
    if not values:
        return True
    if field.reading == "group":
        distinct = {written(value).casefold() for value in values}
        return len(distinct) <= max(MOST_GROUPS, len(values) / 2)
    return sum(_readable(value, field.reading, gazetteer) for value in values) >= READABLE * len(values)


def _readable(value: Value, reading: Reading, gazetteer: Gazetteer) -> bool:
    try:
        if reading in ("number", "whole", "euros"):
            return read_number(value, find_decimal([value], "comma")[0]) is not None
        if reading == "day":
            return read_day(value, "dmy") is not None
        if reading == "flag":
            return read_flag(value) in (True, False)
    except ValueError:
        return False
    if reading in ("place", "places"):
        return any(_is_like_a_place(name, gazetteer) for name in split_names(written(value)))
    return True


def _is_like_a_place(name: str, gazetteer: Gazetteer) -> bool:
    found = gazetteer.find(name)
    return found.nis is not None or any(
        fuzz.ratio(name.casefold(), other.casefold()) > 70 for _, other in found.candidates
    )


def is_numeric(cells: Iterable[Value | None]) -> bool:
    """Return whether a column holds numbers, and hardly anything else."""
    values = list(islice((value for value in cells if value is not None and not is_nothing(value)), SAMPLE))
    numbers = sum(_readable(value, "number", _NOWHERE) for value in values if not isinstance(value, Trouble))
    return bool(values) and numbers >= 0.5 * len(values)


def judge_kind(kind: Kind, fields: Mapping[int, tuple[str, float]], name: str) -> float:
    """Return how well a table suits a kind: 0 where it lacks a field that the kind needs."""
    present = dict(fields.values())
    if not all(any(option in present for option in options) for options in NEEDED[kind]):
        return 0.0
    return sum(present.values()) / 100 + named_like(kind, name)


def named_like(kind: Kind, name: str) -> float:
    """Return what the name of a sheet adds for a kind."""
    words = plain(name).split()
    return 1.5 if any(word in words for word in SHEET_WORDS[kind]) else 0.0


_NOWHERE: Gazetteer = None  # type: ignore[assignment]  # numbers need no list of places
