"""What cells say in their many ways: numbers, days, yes and no; and names of municipalities."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.adoption.places import Gazetteer, read_mergers
from analysis.adoption.values import find_decimal, find_order, read_day, read_flag, read_number, read_whole

REFERENCE = Path(__file__).parents[1] / "data" / "raw" / "reference"


def gazetteer(drop: tuple[str, ...] = (), add: tuple[tuple[str, str], ...] = (), **answers: str) -> Gazetteer:
    """Return the municipalities, those of another year by dropping and adding some."""
    found = pd.read_csv(REFERENCE / "municipalities_2016.csv", dtype="str").rename(columns={"name_nl": "name"})
    kept = found.loc[~found["nis"].isin(drop), ["nis", "name"]]
    added = pd.DataFrame(list(add), columns=["nis", "name"], dtype="str")
    mergers = read_mergers(pd.read_csv(REFERENCE / "mergers.csv", dtype="str"))
    return Gazetteer(pd.concat([kept, added], ignore_index=True), mergers, answers)


@pytest.mark.parametrize(
    ("text", "decimal", "number"),
    [
        ("7,5", None, 7.5), ("7.5", None, 7.5), ("1.234,50", None, 1234.5), ("1,234.50", None, 1234.5), ("1.234.567", None, 1234567),
        ("1.500", "comma", 1500), ("1.500", "point", 1.5), ("1,500", "comma", 1.5), ("1,500", "point", 1500), ("12 500", "comma", 12500),
        ("€ 12.500,-", "comma", 12500), ("EUR 8.000,00", "comma", 8000), ("-3", None, -3), ("- 3", None, -3), (",5", None, 0.5), ("6 punten", None, 6),
        ("12’500", "comma", 12500), ("n.v.t.", None, None), ("-", None, None), (None, None, None), (4.0, None, 4),
    ],
)  # fmt: skip
def test_a_number_is_read_by_its_signs(text: Any, decimal: Any, number: float | None) -> None:
    assert read_number(text, decimal) == number


@pytest.mark.parametrize(
    "text", ["ca. 5000", "4/5", "15k", "1.2.3", "1,2,3", "zes", "5000 of 6000", date(2016, 5, 4), True]
)
def test_what_is_no_number_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="a number"):
        read_number(text, "comma")


def test_the_decimal_sign_of_a_column_is_told_by_cells_that_can_be_read_in_one_way() -> None:
    assert find_decimal(["1.500", "7,5"], "point") == ("comma", True)
    assert find_decimal(["1.500", "1.234.567"], "point") == ("comma", True)
    assert find_decimal(["1.500", "2.000"], "comma") == ("comma", False)
    assert find_decimal(["7,5", "7.5"], "comma") == (None, True)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("3 maart 2026", "2026-03-03"), ("di 3 mrt. 2026", "2026-03-03"), ("March 3, 2026", "2026-03-03"), ("3rd March 2026", "2026-03-03"),
        ("03/03/2026", "2026-03-03"), ("3-4-2026", "2026-04-03"), ("13.4.26", "2026-04-13"), ("2026-03-03", "2026-03-03"), ("2026-03-03T12:00:00", "2026-03-03"),
        (46084.0, "2026-03-03"), ("4/13/2026", "2026-04-13"), ("1e juli 2026", "2026-07-01"),
    ],
)  # fmt: skip
def test_a_day_is_read_in_dutch_english_figures_and_numbers(text: Any, day: str) -> None:
    assert read_day(text, "dmy") == date.fromisoformat(day)


@pytest.mark.parametrize("text", ["maart 2026", "31/02/2026", "3 maart", "binnenkort", 12.0, "2026"])
def test_what_is_no_day_is_refused(text: Any) -> None:
    with pytest.raises(ValueError, match="a day"):
        read_day(text, "dmy")


def test_the_order_of_day_and_month_is_told_by_days_beyond_the_twelfth() -> None:
    assert find_order(["03/04/2026", "13/04/2026"]) == ("dmy", True)
    assert find_order(["03/04/2026", "04/13/2026"]) == ("mdy", True)
    assert find_order(["03/04/2026"]) == ("dmy", False)
    assert find_order(["13/04/2026", "04/13/2026"]) == (None, True)


def test_yes_and_no_have_many_words_and_a_year_is_twelve_months() -> None:
    assert [read_flag(word) for word in ("ja", "X", "Yes", True, 1.0, "waar", "✓")] == [True] * 7
    assert [read_flag(word) for word in ("nee", "", None, False, 0.0, "-", "No")] == [False] * 7
    with pytest.raises(ValueError, match="ja or nee"):
        read_flag("misschien")
    assert [read_whole(word, "comma") for word in ("1 jaar", "1,5 jaar", "9 maanden", "12")] == [12, 18, 9, 12]


@pytest.mark.parametrize(
    ("text", "nis"),
    [
        ("Gent (9000)", "44021"), ("9000 Gent", "44021"), ("B 9000 Gent", "44021"), ("Stad Gent", "44021"), ("Ghent", "44021"), ("Ville de Gand", "44021"),
        ("St. Niklaas", "46021"), ("SINT NIKLAAS", "46021"), ("Saint-Nicolas", "46021"), ("Gemeente De Panne", "38008"), ("Heist op den Berg", "12014"),
        ("Halle (Vlaams-Brabant)", "23027"), ("OCMW Aalst", "41002"), ("44021", "44021"), ("Rhode-Saint-Genese", "23101"), ("City of Antwerp", "11002"), ("Nevele", "44049"),
    ],
)  # fmt: skip
def test_a_municipality_is_known_by_its_spellings(text: str, nis: str) -> None:
    assert gazetteer().find(text).nis == nis


@pytest.mark.parametrize(
    "text", ["Gendt", "Provincie Antwerpen", "Brussel", "Vlaanderen", "9000", "Gent-Noord", "Oostend", "Nederzwalm", ""]
)
def test_a_municipality_is_never_guessed(text: str) -> None:
    found = gazetteer().find(text)
    assert found.nis is None
    assert len(found.candidates) in (0, 3)


def test_a_former_municipality_leads_to_the_one_of_the_reference_year_over_two_mergers_too() -> None:
    later = gazetteer(("44011", "44049", "44040", "44043"), (("44083", "Deinze"), ("44088", "Merelbeke-Melle")))
    assert [later.find(name).nis for name in ("Nevele", "Deinze", "44049", "Melle")] == [
        "44083",
        "44083",
        "44083",
        "44088",
    ]
    assert later.find("Nevele").merged == "Deinze"
    twice = Gazetteer(
        pd.DataFrame({"nis": ["3"], "name": ["C"]}),
        pd.DataFrame({"old_nis": ["1", "2"], "old_name": ["A", "B"], "new_nis": ["2", "3"], "new_name": ["B", "C"]}),
        {},
    )
    assert [twice.find(name).nis for name in ("A", "B", "C")] == ["3", "3", "3"]


def test_a_later_municipality_is_asked_about_with_those_that_went_into_it() -> None:
    found = gazetteer().find("Puurs-Sint-Amands")
    assert (found.nis, found.candidates) == (None, (("12030", "Puurs"), ("12034", "Sint-Amands")))


def test_an_answer_comes_first() -> None:
    assert gazetteer(Arteveldestad="44021").find("Arteveldestad").nis == "44021"
