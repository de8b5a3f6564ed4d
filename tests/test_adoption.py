"""A spreadsheet becomes the folder of a call, or is refused with the sheet, the row and the column."""

from __future__ import annotations

import csv
import resource
import shutil
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from adoption_books import CALL, HEADINGS, IDEAS, MARKS, book, comma, csv_text, save, scored, with_column
from openpyxl.comments import Comment
from running import compose_edition, read_answer, run_steps

from analysis.adoption.adopting import Adopted, Request, adopt
from analysis.adoption.tracing import read_traced
from analysis.faults import InputError
from analysis.store import Store

ROOT = Path(__file__).parents[1]
FIXTURES = Path(__file__).parent / "fixtures"
NIS = {
    "Gent": "44021",
    "Sint-Niklaas": "46021",
    "Brugge": "31005",
    "Hasselt": "71022",
    "Antwerpen": "11002",
    "Aalst": "41002",
}
Build = Callable[[Path], Path | list[Path]]
TITLES = [idea[1] for idea in IDEAS]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return a project with the reference tables only."""
    shutil.copytree(ROOT / "data" / "raw" / "reference", tmp_path / "data" / "raw" / "reference")
    return tmp_path


def adopted(root: Path, files: Path | list[Path], **options: Any) -> Adopted:
    listed = tuple(files) if isinstance(files, list) else (files,)
    return adopt(Request(root, CALL, listed, **options))


def rows(root: Path, table: str) -> list[dict[str, str]]:
    with (root / "data" / "raw" / CALL / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def facts(root: Path) -> dict[str, tuple[str, ...]]:
    """Return by title what the tables say of each proposal."""
    actors = {row["actor"]: row for row in rows(root, "actors")}
    return {
        row["title"]: (
            row["category"],
            actors[row["actor"]]["name"],
            actors[row["actor"]]["nis"],
            row["requested_euro"],
        )
        for row in rows(root, "proposals")
    }


EXPECTED = {i[1]: (str(i[2]).casefold(), str(i[3]), NIS[str(i[5])], str(i[6])) for i in IDEAS}
EXPECTED_SCORES = {title: Counter(map(float, marks)) for title, marks in zip(TITLES, MARKS, strict=True)}


def scores_by_title(root: Path) -> dict[str, Counter[float]]:
    titles = {row["proposal"]: row["title"] for row in rows(root, "proposals")}
    found: dict[str, Counter[float]] = {}
    for row in rows(root, "scores"):
        found.setdefault(titles[row["proposal"]], Counter())[float(row["score"])] += 1
    return found


# Bad habits that change nothing of what is read: each is a workbook, and a note that must be made of it, if any.


def ideas_as(sheet: list[list[Any]]) -> Build:
    return lambda folder: save(book({"Ideeën": sheet, "Scores": scored()}), folder)


def scores_as(**sheets: list[list[Any]]) -> Build:
    return lambda folder: save(book({"Ideeën": [HEADINGS, *IDEAS], **sheets}), folder)


def changed(change: Callable[[Any], None]) -> Build:
    def build(folder: Path) -> Path:
        whole = book()
        change(whole)
        return save(whole, folder)

    return build


def merged_categories(whole: Any) -> None:
    sheet = whole["Ideeën"]
    sheet["C4"] = None
    sheet.merge_cells("C3:C4")


def two_rows_of_headings(whole: Any) -> None:
    sheet = whole["Scores"]
    sheet.insert_rows(1)
    sheet["A1"], sheet["B1"] = "Idee", "Juryleden"
    sheet.merge_cells("B1:C1")


def padded_numbers(whole: Any) -> None:
    for name in ("Ideeën", "Scores"):
        for position in range(1, 7):
            cell = whole[name].cell(position + 1, 1)
            cell.value, cell.number_format = position, "000" if name == "Ideeën" else "General"


def hide(sheet: str, column: str = "", row: int = 0) -> Callable[[Any], None]:
    def change(whole: Any) -> None:
        if column:
            whole[sheet].column_dimensions[column].hidden = True
        else:
            whole[sheet].row_dimensions[row].hidden = True

    return change


def hidden_sheet(whole: Any) -> None:
    sheet = whole.create_sheet("Oude ideeën")
    for row in ([*HEADINGS], ["G9", "Geheim", "Groen", "X", "School", "Gent", 1]):
        sheet.append(row)
    sheet.sheet_state = "hidden"


def far_formatting(whole: Any) -> None:
    whole["Ideeën"]["XFD1048576"].number_format = "0.00"


def comment(whole: Any) -> None:
    whole["Ideeën"]["G3"].comment = Comment("nog te bevestigen", "jury")


def as_csv(encoding: str = "utf-8", delimiter: str = ";", head: str = "") -> Build:
    def build(folder: Path) -> list[Path]:
        paths = [folder / "ideeen.csv", folder / "scores.csv"]
        tables = ([HEADINGS, *IDEAS], scored(text=comma))
        for path, table in zip(paths, tables, strict=True):
            path.write_bytes((head + csv_text(table, delimiter)).encode(encoding))
        return paths

    return build


def renamed(folder: Path) -> Path:
    return save(book(), folder).rename(folder / "ideeen.xls")


LONG = [
    ["Idee", "Jurylid", "Score"],
    *([i[0], f"Lid {n}", m] for i, both in zip(IDEAS, MARKS, strict=True) for n, m in enumerate(both)),
]
PER_JUROR = {
    f"Jurylid {number + 1}": [["Nr", "Score"], *([i[0], both[number]] for i, both in zip(IDEAS, MARKS, strict=True))]
    for number in (0, 1)
}
TOTALLED = [[*row, total] for row, total in zip(scored(), ["Totaal", *map(sum, MARKS)], strict=True)]
PLACES = ["Gent (9000)", "St.-Niklaas", "Stad Bruges", "3500 HASSELT", "Anvers", "Gemeente Aalst"]
EURO = ["€ 12.500,00", "8.000 EUR", "15 000", "9.750,-", "€7500", "6.000,00 €"]
ENGLISH = ["No", "Title", "Category", "Applicant", "Type of organisation", "Municipality", "Requested amount"]
MIXED = ["Nr", "Title", "Categorie", "Applicant", "Soort organisatie", "Gemeente", "Amount"]
READ: list[tuple[str, Build, str]] = [
    ("a sound workbook", lambda f: save(book(), f), ""),
    ("title lines above the headings", ideas_as([["Oproep Groene buurten"], [], ["Stand van zaken in mei"], HEADINGS, *IDEAS]), ""),
    ("empty rows between the records", ideas_as([HEADINGS, *IDEAS[:2], [], [], *IDEAS[2:], []]), ""),
    ("empty columns on the left", ideas_as([[None, None, *row] for row in (HEADINGS, *IDEAS)]), ""),
    ("a row of totals", ideas_as([HEADINGS, *IDEAS, ["Totaal", *[None] * 5, 58750]]), "row 8 is not read: a row of totals"),
    ("a row of totals in English", ideas_as([HEADINGS, *IDEAS, ["Grand total:", *[None] * 5, 58750]]), "row 8 is not read"),
    ("sums without a label", ideas_as([HEADINGS, *IDEAS, [*[None] * 6, 58750]]), "row 8 is not read: sums"),
    ("averages below the scores", scores_as(Scores=[*scored(), ["Gemiddelde", 6.5, 6.67]]), "row 8 is not read"),
    ("two rows of headings", changed(two_rows_of_headings), ""),
    ("a hidden column", changed(hide("Ideeën", column="G")), "sheet 'Ideeën': read too, though hidden: column G"),
    ("a hidden row", changed(hide("Scores", row=4)), "sheet 'Scores': read too, though hidden (by a filter, perhaps): row 4"),
    ("a hidden sheet", changed(hidden_sheet), "sheet 'Oude ideeën' is not read: a hidden sheet"),
    ("a comment in a cell", changed(comment), "row 3, column G: a comment, which is not read: 'nog te bevestigen'"),
    ("scores with decimal commas", scores_as(Scores=scored(text=comma)), ""),
    ("money as text, with euro signs and points", ideas_as(with_column(6, EURO, "Gevraagd bedrag (€)")), ""),
    ("English headings", ideas_as([ENGLISH, *IDEAS]), ""),
    ("mixed languages", ideas_as([MIXED, *IDEAS]), ""),
    ("a sheet twice", lambda f: save(book({"Ideeën": [HEADINGS, *IDEAS], "Blad2": [HEADINGS, *IDEAS], "Scores": scored()}), f), "'Blad2' is not read: the same cells as Ideeën"),
    ("an older copy of a sheet", lambda f: save(book({"Ideeën": [HEADINGS, *IDEAS], "Ideeën (2)": [HEADINGS, *IDEAS[:3]], "Scores": scored()}), f), "'Ideeën (2)' is not read: a copy of Ideeën by its name, with other cells"),
    ("leading zeros lost", changed(padded_numbers), "6 numbers of proposals are taken for the same without zeros"),
    ("scores by title", scores_as(Scores=[["Titel", *row[1:]] if n == 0 else [TITLES[n - 1], *row[1:]] for n, row in enumerate(scored())]), ""),
    ("one sheet per juror", scores_as(**PER_JUROR), ""),
    ("a row per score", scores_as(Scores=LONG), ""),
    ("scores beside the ideas", lambda f: save(book({"Ideeën": [[*h, *s[1:]] for h, s in zip((HEADINGS, *IDEAS), scored(), strict=True)]}), f), ""),
    ("totals and ranks beside the scores", scores_as(Scores=TOTALLED), "column D 'Totaal' is not read: totals are computed anew"),
    ("the headings again halfway", ideas_as([HEADINGS, *IDEAS[:3], HEADINGS, *IDEAS[3:]]), "row 5 is not read: the headings again"),
    ("a remark below the table", ideas_as([HEADINGS, *IDEAS, [], ["* bedragen onder voorbehoud"]]), "row 9 is not read: a remark"),
    ("municipalities in many spellings", ideas_as(with_column(5, PLACES)), ""),
    ("spaces that cannot be seen", ideas_as([[f"\u00a0{h} \u200b" for h in HEADINGS], *([f" {c}\u00a0" if isinstance(c, str) else c for c in idea] for idea in IDEAS)]), ""),
    ("letters with loose accents", ideas_as(with_column(3, ["Buurtcomite\u0301 Zuid", *[str(i[3]) for i in IDEAS[1:]]])), ""),
    ("headings over several lines", ideas_as([["Nr", "Titel", "Categorie", "Indiener", "Soort\norganisatie", "Gemeente", "Gevraagd\nbedrag"], *IDEAS]), ""),
    ("headings in capitals", ideas_as([[h.upper() for h in HEADINGS], *IDEAS]), ""),
    ("a typing error in a heading", ideas_as([["Nr", "Titel", "Categorei", *HEADINGS[3:]], *IDEAS]), ""),
    ("a column that means nothing to us", ideas_as([[*HEADINGS, "Kleur"], *([*idea, "rood"] for idea in IDEAS)]), "column H 'Kleur' is not read: no field is known by this heading"),
    ("a column without a heading", ideas_as([HEADINGS, *([*idea, "!"] for idea in IDEAS)]), "column H '(column H)' is not read"),
    ("categories merged over rows", changed(merged_categories), ""),
    ("categories in different case", ideas_as(with_column(2, ["Groen", "water", "Water", "Spelen", "GROEN", "groen"])), ""),
    ("a sheet per half of the ideas", lambda f: save(book({"Ideeën A": [HEADINGS, *IDEAS[:3]], "Ideeën B": [HEADINGS, *IDEAS[3:]], "Scores": scored()}), f), ""),
    ("formatting to the end of the sheet", changed(far_formatting), ""),
    ("a workbook under another extension", renamed, ""),
    ("CSV files with semicolons", as_csv(), ""),
    ("CSV files with commas", as_csv(delimiter=","), ""),
    ("CSV files with tabs in UTF-16", as_csv("utf-16", "\t"), ""),
    ("CSV files of an old Windows", as_csv("cp1252"), "read as Windows-1252"),
    ("CSV files with a mark of the delimiter", as_csv("utf-8-sig", ";", "sep=;\n"), ""),
    ("a workbook of LibreOffice (.ods)", lambda _: FIXTURES / "ideeen.ods", "sheet 'Ideeën': read too, though hidden: column E"),
    ("a workbook of an old Excel (.xls)", lambda _: FIXTURES / "ideeen.xls", "hidden columns and rows, comments, errors"),
]  # fmt: skip


@pytest.mark.parametrize(("build", "note"), [case[1:] for case in READ], ids=[case[0] for case in READ])
def test_a_bad_habit_changes_nothing_of_what_is_read(root: Path, build: Build, note: str) -> None:
    found = adopted(root, build(root))
    assert facts(root) == EXPECTED
    assert scores_by_title(root) == EXPECTED_SCORES
    assert len({row["rater"] for row in rows(root, "scores")}) == 2
    assert {(row["nis"]) for row in rows(root, "involvement")} == set(NIS.values())
    assert note in "\n".join(found.notes)


# Bad habits that cannot be read: each is refused in words that name the place.


def formula(whole: Any) -> None:
    whole["Scores"]["C3"] = "=B3+1"


def error(whole: Any) -> None:
    whole["Ideeën"]["G4"] = "#REF!"
    whole["Ideeën"]["G4"].data_type = "e"


def day_for_a_score(whole: Any) -> None:
    whole["Scores"]["B2"] = date(2016, 5, 4)


def merged_amount(whole: Any) -> None:
    sheet = whole["Ideeën"]
    sheet["G4"] = None
    sheet.merge_cells("G3:G4")


def garbage(content: bytes) -> Build:
    def build(folder: Path) -> Path:
        path = folder / "ideeen.xlsx"
        path.write_bytes(content)
        return path

    return build


def cut_off(folder: Path) -> Path:
    path = save(book(), folder)
    path.write_bytes(path.read_bytes()[:3000])
    return path


def zipped(**parts: str) -> Build:
    def build(folder: Path) -> Path:
        path = folder / "ideeen.xlsx"
        with zipfile.ZipFile(path, "w") as archive:
            for name, text in parts.items():
                archive.writestr(name.replace("__", "/"), text)
        return path

    return build


def without(position: int) -> list[list[Any]]:
    return [[cell for place, cell in enumerate(row) if place != position] for row in (HEADINGS, *IDEAS)]


def dated(cells: list[str]) -> Build:
    return ideas_as([[*HEADINGS, "Startdatum"], *([*i, cell] for i, cell in zip(IDEAS, cells, strict=True))])


SIX = [str(idea[5]) for idea in IDEAS]
REFUSED: list[tuple[str, Build, list[str]]] = [
    ("an unknown municipality", ideas_as(with_column(5, ["Gendt", *SIX[1:]])), ["sheet 'Ideeën', row 2, column F 'Gemeente': found 'Gendt'", "nearest: Gent (44021)"]),
    ("a municipality of a later year", ideas_as(with_column(5, [*SIX[:5], "Pajottegem"])), ["row 7, column F", "Galmaarden (23023), Gooik (23024), Herne (23032)"]),
    ("a province", ideas_as(with_column(5, [*SIX[:4], "Provincie Antwerpen", "Aalst"])), ["row 6, column F 'Gemeente': found 'Provincie Antwerpen'"]),
    ("an error in a cell", changed(error), ["sheet 'Ideeën', row 4, column G 'Gevraagd bedrag': found the error #REF!"]),
    ("a formula that was never computed", changed(formula), ["sheet 'Scores', row 3, column C 'Jurylid 2': found a formula that was never computed"]),
    ("a fraction that became a day", changed(day_for_a_score), ["sheet 'Scores', row 2, column B 'Jurylid 1': found the day 2016-05-04", "such as 4/5"]),
    ("an amount that is no number", ideas_as(with_column(6, ["ca. 5000", 1, 2, 3, 4, 5])), ["row 2, column G 'Gevraagd bedrag': found 'ca. 5000'; expected a number"]),
    ("an amount merged over two rows", changed(merged_amount), ["row 4, column G 'Gevraagd bedrag': found a part of the merged cell G3:G4"]),
    ("a number twice", ideas_as(with_column(0, ["G1", "G2", "G2", "G4", "G5", "G6"])), ["row 4, column A 'Nr': found 'G2' again, which stands in", "row 3"]),
    ("scores of an unknown proposal", scores_as(Scores=[*scored()[:6], ["G66", 7, 8]]), ["sheet 'Scores', row 7, column A 'Nr': found 'G66'", "such as 'G6'"]),
    ("scores twice", scores_as(Scores=[*scored(), ["G1", 6, 6]]), ["sheet 'Scores', row 8, column B 'Jurylid 1': found a second score", "row 2, column B"]),
    ("a row without a title", ideas_as(with_column(1, [*TITLES[:3], None, *TITLES[4:]])), ["sheet 'Ideeën', row 5", "a row without a title"]),
    ("a row without a number", ideas_as(with_column(0, ["G1", None, "G3", "G4", "G5", "G6"])), ["row 3: found a row without a number"]),
    ("a row without a category", ideas_as(with_column(2, ["A", "A", None, "A", "A", "A"])), ["row 4: found a proposal without a category"]),
    ("points and commas that contradict each other", ideas_as(with_column(6, ["1,234.00", "1.234,00", "1.500", "1", "2", "3"])), ["row 4, column G", "tells thousands from decimals"]),
    ("days that contradict each other", dated(["13/02/2016", "02/13/2016", "03/04/2016", "1 mei 2016", "", ""]), ["row 4, column H 'Startdatum': found '03/04/2016'", "tells its month from its day"]),
    ("a day that does not exist", dated(["31/02/2016", "13/02/2016", "1 maart 2016", "2016-05-01", "", ""]), ["row 2, column H 'Startdatum': found '31/02/2016'; expected a day that the calendar has"]),
    ("no proposals", lambda f: save(book({"Blad1": [["Naam", "Leeftijd"], ["An", 4], ["Bo", 5]]}), f), ["sheet 'Blad1', row 1: found 'Naam', 'Leeftijd'", "titel"]),
    ("an empty workbook", lambda f: save(book({"Blad1": []}), f), ["ideeen.xlsx: found no cell that holds anything"]),
    ("a web page", garbage(b"<html><table><tr><td>1</td></tr></table></html>"), ["a web page or other markup"]),
    ("a file that was cut off", cut_off, ["ideeen.xlsx: found a damaged file"]),
    ("a zip file that is no workbook", zipped(readme="x"), ["a zip file that is no workbook"]),
    ("a binary workbook", zipped(**{"xl__workbook.bin": "x"}), ["a binary workbook (.xlsb)"]),
    ("no file", lambda f: f / "weg.xlsx", ["weg.xlsx: found no such file"]),
]  # fmt: skip


def test_amounts_with_cents_are_rounded_to_whole_euros_and_it_is_said_what_that_does_to_their_sum(root: Path) -> None:
    amounts = ["12.500,50", "8.000,49", "15.000", "9.750,25", "7.500,00", "6.000,75"]
    found = adopted(root, save(book({"Ideeën": with_column(6, amounts), "Scores": scored()}), root))
    assert [row["requested_euro"] for row in rows(root, "proposals")] == [
        "12501",
        "8000",
        "15000",
        "9750",
        "7500",
        "6001",
    ]
    (note,) = (note for note in found.notes if "cents" in note)
    assert note.endswith(
        "'Gevraagd bedrag': amounts with cents are rounded to whole euros: 4 of them, which changes their sum by +0.01"
    )


@pytest.mark.parametrize(("build", "words"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_cannot_be_read_is_refused_by_its_place_and_nothing_is_written(
    root: Path, build: Build, words: list[str]
) -> None:
    with pytest.raises(InputError) as caught:
        adopted(root, build(root))
    assert [word for word in words if word not in str(caught.value)] == []
    assert [path.name for path in (root / "data" / "raw").iterdir()] == ["reference"]


def test_all_faults_come_at_once_and_those_of_who_it_is_about_come_before_those_of_a_value(root: Path) -> None:
    ideas = with_column(6, ["veel", *[idea[6] for idea in IDEAS[1:]]])
    ideas[3][5], ideas[4][0] = "Atlantis", "G1"
    with pytest.raises(InputError) as caught:
        adopted(root, save(book({"Ideeën": ideas, "Scores": [*scored()[:4], *scored()[5:]]}), root))
    found = [fault.found for fault in caught.value.faults]
    assert len(found) == 3
    assert found[0].startswith("'G1' again")
    assert found[1:] == ["'Atlantis'", "'veel'"]


# The mapping, kept for the next delivery.


def fill_in(path: Path) -> None:
    """Fill in what `oproep new` left to be filled in, as a person would."""
    call = yaml.safe_load(path.read_text(encoding="utf-8"))
    call["organiser"] = {"name": "Fonds Buurten", "description": {"nl": "een verzonnen fonds"}}
    call["selection"] |= {"shortlist": 4, "choose": 2}
    days = {"submission": ("01-05", "02-05"), "scoring": ("03-01", "03-15"), "execution": ("05-01", "12-31")}
    call["dates"] = {
        name: {"start": f"2016-{start}", "end": f"2016-{end}", "source": "reglement"}
        for name, (start, end) in days.items()
    }
    call["dates"]["announcement"] = {"date": "2016-04-01", "source": "reglement"}
    path.write_text(yaml.safe_dump(call, allow_unicode=True, sort_keys=False), encoding="utf-8")


def test_a_workbook_of_three_sheets_goes_through_to_the_public_answer(
    tmp_path: Path, make_project: Callable[[Path], Path]
) -> None:
    project = make_project(tmp_path)
    partners = [["Idee", "Partnergemeente"], ["G3", "Damme"], ["G3", "Knokke-Heist"], ["G6", "Erpe-Mere"]]
    ideas = with_column(6, EURO, "Gevraagd bedrag (€)")
    marks = [[6, 7.5, 8, 5], [8, 5, 9.5, 7], [7, 7, 6, 6.5], [4.5, 9, 5, 5], [8.5, 6, 9, 8], [5, 5.5, 3, 4]]
    pairs = [[comma(mark) for mark in four] for four in marks]
    head = [["Nr", "Jurylid 1", None, "Jurylid 2", None], [None, *["Vernieuwing", "Haalbaarheid"] * 2]]
    scores = [*head, *([idea[0], *four] for idea, four in zip(IDEAS, pairs, strict=True))]
    whole = book({"Ideeën": [["Oproep Groene buurten"], *ideas], "Partners": partners, "Scores jury": scores})
    whole["Scores jury"].merge_cells("B1:C1")
    whole["Scores jury"].merge_cells("D1:E1")
    found = adopted(project, save(whole, project))
    assert found.counts == {"actors": 6, "proposals": 6, "involvement": 9, "scores": 24}
    assert all("call.yml, line" in line for line in found.todo)
    assert {row["criterion"] for row in rows(project, "scores")} == {"vernieuwing", "haalbaarheid"}
    fill_in(found.folder / "call.yml")
    store = run_steps(project, CALL)
    ranked = store.read_table("totals").set_index("proposal")["total"]
    means = [sum(four) / 2 for four in marks]
    assert [round(float(ranked[idea[0]]), 9) for idea in IDEAS] == [
        round(mean * ranked.sum() / sum(means), 9) for mean in means
    ]
    answer = read_answer(compose_edition(store, "2016-06-01"))
    assert "Fonds Buurten" in answer
    best = max(zip(means, TITLES, strict=True))[1]
    assert best in answer


def test_a_new_delivery_is_read_by_the_kept_mapping_and_leaves_the_call_as_it_was_reviewed(root: Path) -> None:
    folder = adopted(root, save(book(), root)).folder
    reviewed = (folder / "call.yml").read_text(encoding="utf-8") + "# reviewed\n"
    (folder / "call.yml").write_text(reviewed, encoding="utf-8")
    moved = [
        ["Versie van juni"],
        [],
        [*HEADINGS[::-1]],
        *([*row[::-1]] for row in with_column(6, [1, 2, 3, 4, 5, 6])[1:]),
    ]
    again = adopted(root, save(book({"Ideeën": moved, "Scores": scored()}), root, "juni.xlsx"), update=True)
    assert again.folder == folder
    assert [row["requested_euro"] for row in rows(root, "proposals")] == ["1", "2", "3", "4", "5", "6"]
    assert (folder / "call.yml").read_text(encoding="utf-8") == reviewed
    assert "juni.xlsx" in (folder / "SOURCES.yml").read_text(encoding="utf-8")


def test_another_call_is_read_by_the_mapping_of_a_first_and_lacks_nothing_that_the_first_had(root: Path) -> None:
    first = adopted(root, save(book(), root))
    second = adopt(Request(root, "volgende", (root / "ideeen.xlsx",), mapping=first.folder / "mapping.yml"))
    assert second.counts == first.counts
    assert [line.replace("volgende", CALL) for line in second.todo] == list(first.todo)


def test_a_lone_csv_file_may_have_another_name_in_the_next_delivery(root: Path) -> None:
    one, two = root / "mei.csv", root / "juni.csv"
    one.write_text(csv_text([HEADINGS, *IDEAS]), encoding="utf-8")
    two.write_text(csv_text([HEADINGS, *IDEAS[:4]]), encoding="utf-8")
    adopted(root, one)
    adopted(root, two, update=True)
    assert [row["title"] for row in rows(root, "proposals")] == TITLES[:4]


def test_a_table_of_which_the_next_delivery_has_no_row_is_gone_after_it(root: Path) -> None:
    chosen = [[*HEADINGS, "Gekozen"], *([*idea, "ja" if place < 2 else "nee"] for place, idea in enumerate(IDEAS))]
    folder = adopted(root, save(book({"Ideeën": chosen, "Scores": scored()}), root)).folder
    assert [row["proposal"] for row in rows(root, "decision")] == ["G1", "G2"]
    none = [chosen[0], *([*idea, "nee"] for idea in IDEAS)]
    adopted(root, save(book({"Ideeën": none, "Scores": scored()}), root), update=True)
    assert not (folder / "decision.csv").exists()
    assert "decision.csv" not in yaml.safe_load((folder / "SOURCES.yml").read_text(encoding="utf-8"))["files"]


def test_a_new_delivery_that_does_not_fit_is_refused_with_all_its_faults_and_the_folder_stays(root: Path) -> None:
    folder = adopted(root, save(book(), root)).folder
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    ideas = with_column(2, ["Groen", "Lucht", "Water", "Spelen", "Groen", "Groen"])
    ideas[0][3], ideas[0][6] = "Indieners naam", "Prijskaartje"
    whole = book({"Ideeën": ideas, "Scores": scored(), "Extra": [["a", "b"], [1, 2]]})
    with pytest.raises(InputError) as caught:
        adopted(root, save(whole, root, "juni.xlsx"), update=True)
    message = str(caught.value)
    for words in (
        "sheet 'Extra': found a sheet that mapping.yml does not know",
        "row 1: found no such heading; expected a column 'Indiener' (field actor_name); nearest: 'Indieners naam'",
        "row 1, column G 'Prijskaartje': found a column that mapping.yml does not know",
        "row 3, column C 'Categorie': found 'Lucht'; expected a known category, such as",
    ):
        assert words in message
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_faults_of_the_mapping_are_named_with_their_lines(root: Path) -> None:
    folder = adopted(root, save(book(), root)).folder
    path = folder / "mapping.yml"
    text = (
        path.read_text(encoding="utf-8")
        .replace("field: category", "field: colour")
        .replace("holds: scores", "holds: sums")
    )
    path.write_text(text, encoding="utf-8")
    lines = {
        word: number
        for number, line in enumerate(text.splitlines(), 1)
        for word in ("colour", "holds: sums")
        if word in line
    }
    with pytest.raises(InputError) as caught:
        adopted(root, root / "ideeen.xlsx", update=True)
    message = str(caught.value)
    assert f"line {lines['holds: sums']}, sheets.1.holds" in message
    assert f"line {lines['colour']}, sheets.0.columns.2.field" in message or "colour" not in message


def test_an_answer_about_a_municipality_is_kept_for_the_next_delivery(root: Path) -> None:
    path = save(book({"Ideeën": with_column(5, ["Arteveldestad", *SIX[1:]]), "Scores": scored()}), root)
    folder = adopted(root, path, places={"Arteveldestad": "Gent"}).folder
    assert yaml.safe_load((folder / "mapping.yml").read_text(encoding="utf-8"))["places"] == {"Arteveldestad": "44021"}
    adopted(root, path, update=True)
    assert facts(root) == EXPECTED


def test_a_person_is_asked_once_about_a_municipality_and_never_about_a_known_one(root: Path) -> None:
    path = save(
        book({"Ideeën": with_column(5, ["Arteveldestad", *SIX[1:5], "Arteveldestad"]), "Scores": scored()}), root
    )
    asked = []

    def ask(name: str, candidates: Any) -> str:
        asked.append((name, len(candidates)))
        return "gent"

    adopted(root, path, ask=ask)
    assert asked == [("Arteveldestad", 3)]
    assert facts(root)["Moestuin"][2] == NIS["Gent"]


def test_a_fault_that_the_check_finds_is_traced_to_the_sheet_and_comes_after_those_of_the_call(root: Path) -> None:
    folder = adopted(root, save(book(), root)).folder
    fill_in(folder / "call.yml")
    scores = folder / "scores.csv"
    scores.write_text(
        scores.read_text(encoding="utf-8").replace("G2,rater-1,score,8", "G2,rater-1,score,80"), encoding="utf-8"
    )
    actors = folder / "actors.csv"
    actors.write_text(actors.read_text(encoding="utf-8").replace("bewoners,44021", "bewoners,99999"), encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_traced(Store(root, CALL))
    first, second = caught.value.faults
    assert "actors.csv, row 2" in first.place
    assert "(from ideeen.xlsx, sheet 'Ideeën', row 2)" in first.place
    assert "(from ideeen.xlsx, sheet 'Scores', row 3, column B 'Jurylid 1')" in second.place


def test_the_tables_have_the_columns_of_their_contracts(store: Store) -> None:
    from analysis.adoption.gathered import COLUMNS

    for name, columns in COLUMNS.items():
        contract = store.contracts[name].columns
        assert set(columns) <= set(contract)
        assert {one for one, column in contract.items() if not column.omissible} <= set(columns)


# Files that would not fit in memory.


def bomb(folder: Path, declared: int | None = None) -> Path:
    """Make a workbook whose only sheet unfolds to a gigabyte of one row after another."""
    path = save(book(), folder, "bom.xlsx")
    big = folder / "groot.xlsx"
    block = b"<row><c><v>1</v></c></row>" * 40_000
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(big, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if not info.filename.endswith("sheet1.xml"):
                new.writestr(info.filename, old.read(info))
        with new.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            part.write(b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>')
            for _ in range(400):
                part.write(block)
    if declared is not None:
        lie(big, declared)
    return big


def lie(path: Path, size: int) -> None:
    """Let the directory of a zip file declare another size of the sheet than it has."""
    content = bytearray(path.read_bytes())
    name = b"xl/worksheets/sheet1.xml"
    place = content.rfind(name) - 46
    assert content[place : place + 4] == b"PK\x01\x02"
    content[place + 24 : place + 28] = size.to_bytes(4, "little")
    path.write_bytes(bytes(content))


def read_in_two_gigabytes(path: Path) -> str:
    code = (
        "import sys; from pathlib import Path; from analysis.adoption.delivery import read_delivery\n"
        "from analysis.faults import InputError\n"
        "try: read_delivery([Path(sys.argv[1])])\n"
        "except InputError as error: print(error)"
    )
    limit = 2 << 30
    done = subprocess.run(
        [sys.executable, "-c", code, str(path)],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr[-500:]
    return done.stdout


def test_a_zip_bomb_is_refused_before_it_unfolds(tmp_path: Path) -> None:
    path = bomb(tmp_path)
    assert path.stat().st_size < 5_000_000
    assert "MB of cells once unpacked; expected at most 300 MB" in read_in_two_gigabytes(path)


def test_a_zip_bomb_that_lies_about_its_size_is_refused_too(tmp_path: Path) -> None:
    assert "a damaged file" in read_in_two_gigabytes(bomb(tmp_path, declared=1000))


def test_a_workbook_of_two_hundred_megabytes_is_read_where_these_are_pictures(tmp_path: Path) -> None:
    path = save(book(), tmp_path)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_STORED) as archive, archive.open("xl/media/image1.png", "w") as part:
        for _ in range(200):
            part.write(bytes(1_000_000))
    assert path.stat().st_size > 200_000_000
    assert read_in_two_gigabytes(path) == ""


def test_cells_beyond_two_million_are_refused_by_the_row_where_they_begin(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("analysis.adoption.excel.MOST_CELLS", 20)
    from analysis.adoption.delivery import read_delivery

    with pytest.raises(InputError, match="sheet 'Ideeën', row 3: found more than 20 cells"):
        read_delivery([save(book(), tmp_path)])


def test_definitions_of_entities_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("content.xml", '<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>')
    with pytest.raises(InputError, match="definitions of entities"):
        from analysis.adoption.delivery import read_delivery

        read_delivery([path])
