"""What a cell says as a number, a day, a yes or no, whatever the habit of who filled it in; None where it says nothing.

A cell that cannot be read raises ValueError with what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal
from unicodedata import normalize

from analysis.adoption.sheets import Trouble, Value, written

Decimal = Literal["comma", "point"]
Order = Literal["dmy", "mdy"]
NOTHING = {
    "",
    "-",
    "--",
    "–",
    "—",
    "/",
    "?",
    "n.v.t.",
    "nvt",
    "n/a",
    "na",
    "geen",
    "onbekend",
    "unknown",
    "none",
    "nihil",
    "leeg",
}
YES = {"ja", "j", "yes", "y", "x", "v", "✓", "✔", "☑", "waar", "true", "1", "oui", "ok"}
NO = {"nee", "neen", "n", "no", "onwaar", "false", "0", "non", "☐", "✗", "✘"}
MONEY = re.compile(r"€|\beuros?\b|\beur\b", re.IGNORECASE)
GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:([.,' ])[0-9]{3})(?:\1[0-9]{3})*")
PLAIN = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?|[+-]?[.,][0-9]+")
FULL = re.compile(r"[+-]?[0-9]{1,3}(?:([.,' ])[0-9]{3})+([.,])[0-9]+")
UNITS = re.compile(r"\s*(?:punten|points?|pt\.?|maanden|maand|months?|mnd\.?|mm|vte|fte|personen)$", re.IGNORECASE)
YEARS = re.compile(r"([0-9]+(?:[.,][0-9]+)?)\s*(?:jaar|jaren|years?)", re.IGNORECASE)
ISO = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})(?:[T ].*)?")
NUMERIC = re.compile(r"([0-9]{1,2})\s*[-/.]\s*([0-9]{1,2})\s*[-/.]\s*([0-9]{4}|[0-9]{2})(?:\s.*)?")
WORDED = re.compile(r"(?:[a-z]+\.?,?\s+)?([0-9]{1,2})(?:e|ste|de|st|nd|rd|th)?\s+([a-z]+)\.?,?\s+([0-9]{4})")
AMERICAN = re.compile(r"([a-z]+)\.?\s+([0-9]{1,2})(?:st|nd|rd|th)?,?\s+([0-9]{4})")
MONTHS = (
    ("januari", "january", "jan"),
    ("februari", "february", "feb", "febr"),
    ("maart", "march", "mrt", "mar", "maa"),
    ("april", "apr"),
    ("mei", "may"),
    ("juni", "june", "jun"),
    ("juli", "july", "jul"),
    ("augustus", "august", "aug"),
    ("september", "sep", "sept"),
    ("oktober", "october", "okt", "oct"),
    ("november", "nov"),
    ("december", "dec"),
)
MONTH = {name: number for number, names in enumerate(MONTHS, start=1) for name in names}
EPOCH = datetime(1899, 12, 30)
EARLIEST, LATEST = 29_221, 73_050  # 1980 to 2099 as numbers of days: what else stands in a column of days is no day


def is_nothing(value: Value | None) -> bool:
    """Return whether a cell is empty, or says in words that it is."""
    return value is None or (isinstance(value, str) and value.casefold() in NOTHING)


def read_number(value: Value | None, decimal: Decimal | None) -> float | None:
    """Return a number; `decimal` decides what 1.500 means, where the cell alone cannot tell."""
    if is_nothing(value):
        return None
    if isinstance(value, float) and not isinstance(value, bool):
        return value
    if isinstance(value, date):
        raise ValueError("a number (a spreadsheet makes a day of a text such as 4/5 or 7.5)")
    if not isinstance(value, str):
        raise ValueError("a number")
    text = bare_number(value)
    if GROUPED.fullmatch(text):
        return _grouped(text, decimal)
    full = FULL.fullmatch(text)
    if full and full[1] != full[2]:
        return float(text.replace(full[1], "").replace(",", "."))
    if PLAIN.fullmatch(text):
        return float(text.replace(",", "."))
    raise ValueError("a number")


def bare_number(text: str) -> str:
    """Return a text without the signs of money, units, and the dash that stands for no cents."""
    text = UNITS.sub("", MONEY.sub("", text).strip())
    text = re.sub(r"[.,][-–—]+$", "", text.replace("\u2212", "-")).strip().replace("’", "'")
    return re.sub(r"^([+-])\s+", r"\1", text)


def _grouped(text: str, decimal: Decimal | None) -> float:
    sign = next((sign for sign in ".,' " if sign in text), "")
    own = {"comma": ",", "point": "."}.get(decimal or "")
    if text.count(sign) == 1 and sign == own:
        return float(text.replace(",", "."))
    if text.count(sign) == 1 and sign in ",." and own is None:
        raise ValueError("a number that tells thousands from decimals; other cells of the column say both")
    return float(text.replace(sign, ""))


def find_decimal(values: Iterable[Value | None], usual: Decimal) -> tuple[Decimal | None, bool]:
    """Return the decimal sign of a column and whether its cells show it; None where they contradict each other.

    Where no cell shows it, it is `usual`.
    """
    said = set()
    for value in values:
        text = bare_number(value) if isinstance(value, str) else ""
        full, grouped = FULL.fullmatch(text), GROUPED.fullmatch(text)
        if full and full[1] != full[2]:
            said.add(full[2])
        elif grouped and grouped[1] in ",." and text.count(grouped[1]) > 1:
            said.add("," if grouped[1] == "." else ".")
        elif PLAIN.fullmatch(text) and not grouped and re.search("[.,]", text):
            said.add("," if "," in text else ".")
    names: dict[str, Decimal] = {",": "comma", ".": "point"}
    if len(said) > 1:
        return None, True
    return (names[said.pop()], True) if said else (usual, False)


def read_whole(value: Value | None, decimal: Decimal | None) -> int | None:
    """Return a whole number; years become months in a text such as "1 jaar"."""
    years = YEARS.fullmatch(value) if isinstance(value, str) else None
    number = read_number(years[1], "comma") if years else read_number(value, decimal)
    number = number * 12 if number is not None and years else number
    if number is None or abs(number - round(number)) < 1e-9:
        return None if number is None else round(number)
    raise ValueError("a whole number")


def read_day(value: Value | None, order: Order | None) -> date | None:
    """Return a day; `order` decides whether 03/04/2026 is in April or in March."""
    if is_nothing(value):
        return None
    if isinstance(value, date):
        return value
    if isinstance(value, float):
        if EARLIEST <= value <= LATEST:
            return (EPOCH + timedelta(days=value)).date()
        raise ValueError("a day")
    text = _plain(value) if isinstance(value, str) else ""
    found = _worded_day(text) or _numeric_day(text, order)
    if found is None:
        raise ValueError("a day, such as 3 maart 2026 or 03/03/2026")
    try:
        return date(*found)
    except ValueError:
        raise ValueError("a day that the calendar has") from None


def _worded_day(text: str) -> tuple[int, int, int] | None:
    if (found := WORDED.fullmatch(text)) and found[2] in MONTH:
        return int(found[3]), MONTH[found[2]], int(found[1])
    if (found := AMERICAN.fullmatch(text)) and found[1] in MONTH:
        return int(found[3]), MONTH[found[1]], int(found[2])
    return None


def _numeric_day(text: str, order: Order | None) -> tuple[int, int, int] | None:
    if found := ISO.fullmatch(text.upper()):
        return int(found[1]), int(found[2]), int(found[3])
    if not (found := NUMERIC.fullmatch(text)):
        return None
    one, two, year = int(found[1]), int(found[2]), int(found[3])
    year += 2000 if year < 100 else 0
    if one == two or two > 12 or one > 12:
        return (year, one, two) if two > 12 else (year, two, one)
    if order is None:
        raise ValueError("a day that tells its month from its day; other cells of the column say both")
    return (year, two, one) if order == "dmy" else (year, one, two)


def find_order(values: Iterable[Value | None]) -> tuple[Order | None, bool]:
    """Return the order of day and month in a column and whether its cells show it; None where they contradict."""
    said: set[Order] = set()
    for value in values:
        found = NUMERIC.fullmatch(value) if isinstance(value, str) else None
        if found and int(found[1]) > 12 >= int(found[2]):
            said.add("dmy")
        elif found and int(found[2]) > 12 >= int(found[1]):
            said.add("mdy")
    if len(said) > 1:
        return None, True
    return (said.pop(), True) if said else ("dmy", False)


def read_flag(value: Value | None) -> bool:
    """Return whether a cell says yes; an empty one, or one that says nothing, does not."""
    if isinstance(value, bool):
        return value
    if is_nothing(value):
        return False
    text = written(value).casefold() if value is not None and not isinstance(value, Trouble) else "#"
    if text not in YES | NO:
        raise ValueError("ja or nee (or yes, no, x, or nothing)")
    return text in YES


def _plain(text: str) -> str:
    bare = "".join(sign for sign in normalize("NFKD", text.casefold()) if ord(sign) < 128)
    return " ".join(bare.split())
