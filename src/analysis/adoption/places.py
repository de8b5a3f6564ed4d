"""Names of municipalities as people write them, and the codes (NIS) that they stand for; none is ever guessed."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from unicodedata import combining, normalize

import pandas as pd
from rapidfuzz import fuzz, process

from analysis.adoption.exonyms import EXONYMS

CANDIDATES = 3
NIS = re.compile(r"[0-9]{5}")
POSTCODE = re.compile(r"^(?:b\s?)?[0-9]{4}\s+|\s+[0-9]{4}$")
BRACKETED = re.compile(r"\s*\([^)]*\)")
PREFIX = re.compile(
    r"^(?:(?:het |de )?(?:lokaal bestuur|stadsbestuur|gemeentebestuur|stad|gemeente|ocmw|agb)(?: van)?"
    r"|(?:the )?(?:city|town|municipality)(?: of)?|(?:la )?(?:ville|commune) d(?:e|u)?) "
)
SAINT = re.compile(r"\b(?:st|snt|sint|saint)\b")
PARTS = re.compile(r"[,;/\n•|+&]|\s+(?:en|and|et)\s+")


@dataclass(frozen=True)
class Place:
    """What a written name stands for: a code, or else the nearest candidates, as codes with their names."""

    nis: str | None
    candidates: tuple[tuple[str, str], ...] = ()
    merged: str = ""

    def expected(self) -> str:
        """Say which municipality was expected."""
        names = ", ".join(f"{name} ({nis})" for nis, name in self.candidates)
        return f"a municipality of the reference list{f'; nearest: {names}' if names else ''}"


@dataclass(frozen=True)
class Gazetteer:
    """The municipalities of the reference year, and the mergers before and after it.

    `municipalities` has columns nis and name; `mergers` has columns old_nis, old_name, new_nis and new_name. `answers`
    are what a person said that a written name stands for: they come first.
    """

    municipalities: pd.DataFrame
    mergers: pd.DataFrame
    answers: Mapping[str, str]

    @cached_property
    def names(self) -> dict[str, str]:
        """Return the name of each municipality of the reference year by its code."""
        return dict(zip(self.municipalities["nis"], self.municipalities["name"], strict=True))

    @cached_property
    def known(self) -> dict[str, set[str]]:
        """Return the codes by plain name; a name that two municipalities share has both."""
        found: dict[str, set[str]] = defaultdict(set)
        for nis, name in self.names.items():
            for form in (name, *EXONYMS.get(name, ())):
                found[plain_name(form)].add(nis)
        return dict(found)

    @cached_property
    def moved(self) -> dict[str, set[str]]:
        """Return the codes of the reference year by the plain name or code of a municipality of another year.

        A former municipality leads to the one that it went into; a later one to all that went into it.
        """
        found: dict[str, set[str]] = defaultdict(set)
        later: dict[str, str] = dict(zip(self.mergers["old_nis"], self.mergers["new_nis"], strict=True))
        for row in self.mergers.itertuples():
            forward = _follow(str(row.old_nis), later, self.names)
            backward = _reach(str(row.new_nis), later, self.names)
            for key, codes in (
                (str(row.old_nis), forward),
                (plain_name(str(row.old_name)), forward),
                (str(row.new_nis), backward),
                (plain_name(str(row.new_name)), backward),
            ):
                found[key] |= codes
            for form in EXONYMS.get(str(row.old_name), ()):
                found[plain_name(form)] |= forward
        return {key: codes for key, codes in found.items() if codes}

    def find(self, text: str) -> Place:
        """Return what a written name or code stands for."""
        answer = self.answers.get(text)
        if answer is not None and answer in self.names:
            return Place(answer)
        name = text.strip() if NIS.fullmatch(text.strip()) else plain_name(text)
        if name in self.names:
            return Place(name)
        direct = self.known.get(name, set())
        codes = direct or self.moved.get(name, set())
        if len(codes) == 1:
            (nis,) = codes
            return Place(nis, merged="" if direct else self.names[nis])
        if codes:
            return Place(None, tuple((nis, self.names[nis]) for nis in sorted(codes)))
        return Place(None, self.nearest(name))

    def nearest(self, name: str) -> tuple[tuple[str, str], ...]:
        """Return the municipalities whose names are most like a plain name."""
        forms = {**self.moved, **self.known}
        written = [form for form in forms if not NIS.fullmatch(form)]
        found: dict[str, str] = {}
        for form, _, _ in process.extract(name, written, scorer=fuzz.ratio, limit=4 * CANDIDATES):
            for nis in sorted(forms[form]):
                found.setdefault(nis, self.names[nis])
        return tuple(found.items())[:CANDIDATES]


def plain_name(text: str) -> str:
    """Return a name without accents, hyphens, brackets, postal code and the words before it, with Saint written out."""
    bare = "".join(sign for sign in normalize("NFKD", text.casefold()) if not combining(sign))
    bare = BRACKETED.sub("", bare).strip()
    bare = POSTCODE.sub("", " ".join(bare.split()))
    bare = " ".join(re.sub(r"[-–—'’`.]", " ", bare).split())
    return SAINT.sub("sint", PREFIX.sub("", bare))


def split_names(text: str) -> list[str]:
    """Return the names in a cell that lists several."""
    return [part.strip() for part in PARTS.split(text) if part and part.strip()]


def read_mergers(table: pd.DataFrame | None) -> pd.DataFrame:
    """Return the mergers as texts; none where the reference has no such table."""
    columns = ["old_nis", "old_name", "new_nis", "new_name"]
    return table[columns] if table is not None else pd.DataFrame(columns=columns, dtype="str")


def _follow(nis: str, later: Mapping[str, str], names: Mapping[str, Any]) -> set[str]:
    """Return the municipality of the reference year that one went into, over any number of mergers."""
    seen: set[str] = set()
    while nis not in names and nis in later and nis not in seen:
        seen.add(nis)
        nis = later[nis]
    return {nis} if nis in names else set()


def _reach(nis: str, later: Mapping[str, str], names: Mapping[str, Any]) -> set[str]:
    """Return the municipalities of the reference year that went into one, or the one that it went into itself."""
    found: set[str] = _follow(nis, later, names)
    waiting: Iterable[str] = [nis] if not found else []
    while waiting:
        earlier = [old for old, new in later.items() if new in waiting]
        found |= {old for old in earlier if old in names}
        waiting = [old for old in earlier if old not in names]
    return found
