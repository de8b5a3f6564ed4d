"""Reads the numbers of a text back: digits, percentages, millions, days, months, years, and numbers in words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from analysis.declarations import Language

WORDS: dict[Language, list[str]] = {
    "nl": [
        "nul",
        "één",
        "twee",
        "drie",
        "vier",
        "vijf",
        "zes",
        "zeven",
        "acht",
        "negen",
        "tien",
        "elf",
        "twaalf",
        "dertien",
        "veertien",
        "vijftien",
        "zestien",
        "zeventien",
        "achttien",
        "negentien",
        "twintig",
    ],
    "en": [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
        "twenty",
    ],
}
MONTHS: dict[Language, list[str]] = {
    "nl": [
        "januari",
        "februari",
        "maart",
        "april",
        "mei",
        "juni",
        "juli",
        "augustus",
        "september",
        "oktober",
        "november",
        "december",
    ],
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
}
SCALES = {"miljoen": 1_000_000, "million": 1_000_000}
GROUPS: dict[Language, tuple[str, str]] = {"nl": (".", ","), "en": (",", ".")}  # between thousands, before decimals


@dataclass(frozen=True)
class Shown:
    """A number as a text shows it: its value, and how far off it may be by the digits shown; or a day or part of one."""

    value: float = 0.0
    slack: float = 0.0
    day: tuple[int, ...] = ()  # year, month and day, as far as they are shown

    def stands_for(self, value: float | date) -> bool:
        """Return whether the text may stand for this value."""
        if isinstance(value, date):
            shown = self.day or (int(self.value),)
            return (value.year, value.month, value.day)[: len(shown)] == shown
        return not self.day and abs(self.value - value) <= self.slack * 1.0000001 + 1e-9


def pattern(language: Language) -> re.Pattern[str]:
    """Return what a number in a text looks like; a digit in a word such as sha256 is none."""
    group, point = (re.escape(mark) for mark in GROUPS[language])
    months, words = ("|".join(names) for names in (MONTHS[language], _words(language)))
    digits = rf"[-−]?\d+(?:{group}\d{{3}})*(?:{point}\d+)?"
    return re.compile(
        rf"(?<![\w.,-])(?:(?:\d{{1,2}} )?(?:{months}) \d{{4}}|{digits}%?(?: (?:miljoen|million)\b)?|(?:{words})\b)",
        re.IGNORECASE,
    )


def _words(language: Language) -> list[str]:
    """Return the numbers in words; the English one is left out, as it is a pronoun more often than a number."""
    return [word for word in [*WORDS[language], "eén"] if word not in ("one", "nul", "zero")]


def find_numbers(text: str, language: Language) -> list[str]:
    """Return every number in a text, as it is written."""
    return [found[0] for found in pattern(language).finditer(text)]


def read_number(text: str, language: Language) -> Shown:
    """Return what a shown number says; raise ValueError where it is none."""
    words = text.strip().removesuffix(" euro").replace("−", "-")
    if words.lower().replace("eén", "één") in WORDS[language]:
        return Shown(WORDS[language].index(words.lower().replace("eén", "één")))
    parts = words.split()
    names = [month.lower() for month in MONTHS[language]]
    if len(parts) in (2, 3) and parts[-2].lower() in names:
        first = (int(parts[0]),) if len(parts) == 3 else ()
        return Shown(day=(int(parts[-1]), names.index(parts[-2].lower()) + 1, *first))
    scale = SCALES.get(parts[-1].lower(), 1)
    return _read_digits(parts[0] if scale > 1 else words, language, scale)


def _read_digits(text: str, language: Language, scale: float) -> Shown:
    group, point = GROUPS[language]
    digits = text.removesuffix("%")
    if not re.fullmatch(rf"-?(\d{{1,3}}({re.escape(group)}\d{{3}})+|\d+)({re.escape(point)}\d+)?", digits):
        raise ValueError(text)
    decimals = len(digits.partition(point)[2])
    size = scale * (0.01 if text.endswith("%") else 1)
    return Shown(float(digits.replace(group, "").replace(point, ".")) * size, 0.5 * 10**-decimals * size)
