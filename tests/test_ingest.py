"""Delivered files: what is sound is read as it was meant, what is not is named with file, row and column, all at once."""

from __future__ import annotations

import csv
import hashlib
import shutil
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path

import pandas as pd
import pytest

from analysis.contracts import check_table
from analysis.faults import InputError
from analysis.ingest import changed_files, read_municipalities, read_tables
from analysis.store import Store

Edit = Callable[[str, str, str], None]
Refusal = Callable[[Callable[[], object]], list[str]]
ACTORS = "the columns actor, name, kind, nis, contact"
TABLES = ["municipalities", "actors", "proposals", "involvement", "scores", "masterclasses", "budget", "staffing",
          "survey", "decision", "follow_up_choice", "pilots", "joining"]  # fmt: skip
REFERENCE_CALL = "digitale-innovatie-2016"
OPTIONAL = ["masterclasses", "staffing", "survey", "decision", "follow_up_choice", "pilots", "joining"]
RECORD = f"origin: a test, licence: CC0-1.0, date: 2024-01-01, sha256: {'a0' * 32}"


def write_correction(store: Store, table: str, where: str, change: str) -> None:
    text = f"corrections:\n  - {{table: {table}, where: {where}, set: {change}, reason: a typo, source: e-mail}}\n"
    (store.raw / "corrections.yml").write_text(text, encoding="utf-8")


def rewrite(path: Path, change: Callable[[str], str], encoding: str = "utf-8") -> None:
    path.write_bytes(change(path.read_bytes().decode("utf-8")).encode(encoding))


def fill(store: Store, name: str, column: str, cells: Sequence[str]) -> None:
    """Write these cells, one a row from the first row on, into a column of a delivered file."""
    path = store.raw / name
    with path.open(encoding="utf-8", newline="") as file:
        headings, *rows = csv.reader(file)
    for row, cell in zip(rows, cells, strict=False):
        row[headings.index(column)] = cell
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([headings, *rows])


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory, make_project: Callable[[Path], Path]) -> dict[str, pd.DataFrame]:
    """Return the tables of the small call as it was delivered."""
    return read_tables(Store(make_project(tmp_path_factory.mktemp("sound")), "green-streets-2024"))


# What is read


def test_the_small_call_is_read_whole(store: Store, sound: dict[str, pd.DataFrame]) -> None:
    assert list(sound) == TABLES
    for name in ("actors", "proposals", "involvement", "scores", "budget"):
        with (store.raw / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            assert len(sound[name]) == len(list(csv.DictReader(file)))
    assert sound["actors"].iloc[2].drop("contact").to_dict() == {
        "actor": "A3", "name": "School The Willow", "kind": "school", "nis": "23062",
    }  # fmt: skip
    assert sound["scores"].iloc[0].to_dict() == {
        "proposal": "G01", "rater": "rater-1", "criterion": "benefit", "score": 4.5,
    }  # fmt: skip
    proposal = sound["proposals"].set_index("proposal").loc["G04"]
    assert (proposal["requested_euro"], proposal["start"]) == (15_000, pd.Timestamp(2024, 5, 1))
    assert proposal["cross_sector"] == False  # noqa: E712
    assert proposal[["summary", "maturity_end", "requested_staff_months", "umbrella"]].isna().all()


def test_every_table_that_is_read_keeps_its_contract(store: Store, sound: dict[str, pd.DataFrame]) -> None:
    for name, table in sound.items():
        check_table(table, store.contracts[name], name)


def test_a_table_that_was_not_delivered_is_empty_with_the_columns_of_its_contract(
    store: Store, sound: dict[str, pd.DataFrame]
) -> None:
    for name in OPTIONAL:
        assert len(sound[name]) == 0
        assert list(sound[name]) == list(store.contracts[name].columns)


def test_optional_tables_are_read_where_they_are_delivered(store: Store) -> None:
    (store.raw / "decision.csv").write_text("proposal,reason\nG03,\nG01,The square is due for repair\n")
    (store.raw / "staffing.csv").write_text("phase,employee,fraction,from,to\npilots,E1,0.5,2024-05-01,2024-05-01\n")
    (store.raw / "masterclasses.csv").write_text(
        "proposal,session,attended,feasibility,desirability\nG01,1,TRUE,3,\nG01,2,false,,4.5\n"
    )
    tables = read_tables(store)
    assert list(tables["decision"]["proposal"]) == ["G03", "G01"]
    assert tables["decision"]["reason"].isna().tolist() == [True, False]
    assert tables["staffing"]["fraction"].tolist() == [0.5]
    assert tables["masterclasses"]["attended"].tolist() == [True, False]
    assert tables["masterclasses"]["session"].tolist() == [1, 2]


def test_a_municipality_is_a_city_from_the_population_that_the_call_sets(store: Store, edit: Edit) -> None:
    reference = store.root / "data" / "raw" / "reference"
    with (reference / "municipalities_2016.csv").open(encoding="utf-8", newline="") as file:
        people = {row["nis"]: int(row["population"]) for row in csv.DictReader(file)}
    limit = sorted(people.values())[-3]  # exactly the third largest: the bound itself is a city
    edit("call.yml", "city_from_population: 50000", f"city_from_population: {limit}")
    table = read_municipalities(store.reference, store.call)
    cities = table.loc[table["scale"] == "city", "nis"]
    assert sorted(cities) == sorted(nis for nis, number in people.items() if number >= limit)
    assert set(table["scale"]) == {"city", "municipality"}
    assert table["latitude"].between(50, 52).all()


VARIANTS: dict[str, Callable[[str], str]] = {
    "byte order mark": lambda text: "\ufeff" + text,
    "windows line ends": lambda text: text.replace("\n", "\r\n"),
    "old macintosh line ends": lambda text: text.replace("\n", "\r"),
    "empty lines at the end": lambda text: text + "\n\r\n\n",
    "no line end at the end": lambda text: text.rstrip("\n"),
    "spaces around cells": lambda text: text.replace(",", " ,\t "),
    "hard spaces around cells": lambda text: text.replace(",", "\u00a0,\u00a0"),
    "quotes around cells": lambda text: '"' + text.rstrip("\n").replace(",", '","').replace("\n", '"\n"') + '"\n',
    "columns in another order": lambda text: "".join(
        ",".join(line.split(",")[::-1]) + "\n" for line in text.splitlines()
    ),
}


@pytest.mark.parametrize("change", VARIANTS.values(), ids=list(VARIANTS))
def test_the_same_records_in_another_form_are_the_same_table(
    store: Store, sound: dict[str, pd.DataFrame], change: Callable[[str], str]
) -> None:
    rewrite(store.raw / "actors.csv", change)
    pd.testing.assert_frame_equal(read_tables(store)["actors"], sound["actors"])


def test_text_that_looks_like_something_else_stays_text(store: Store) -> None:
    names = ["NA", "null", "nan", "None", "N/A", "TRUE", "1e5", "=1+1"]
    fill(store, "actors.csv", "name", names)
    assert read_tables(store)["actors"]["name"].tolist() == names


def test_a_quoted_cell_may_hold_line_ends_commas_and_quotes(store: Store, edit: Edit) -> None:
    edit("actors.csv", "School The Oak", '"School ""The Oak"",\r\nGhent\nBelgium"')
    actors = read_tables(store)["actors"]
    assert actors["name"].tolist()[5] == 'School "The Oak",\r\nGhent\nBelgium'
    assert actors["actor"].tolist() == [f"A{number}" for number in range(1, 9)]


def test_rows_are_counted_by_record_where_cells_hold_line_ends(store: Store, edit: Edit, refusal: Refusal) -> None:
    edit("actors.csv", "School The Oak", '"School\nThe\nOak"')
    edit("actors.csv", "New Town,residents", "New Town,neighbours")
    assert refusal(lambda: read_tables(store)) == [
        "actors.csv, row 8, column kind: found 'neighbours'; expected one of residents, school."
    ]


def test_leading_zeros_of_ids_survive(store: Store) -> None:
    for name in ("actors", "proposals"):
        rewrite(store.raw / f"{name}.csv", lambda text: text.replace("A1,", "007,"))
    tables = read_tables(store)
    assert tables["actors"]["actor"].tolist()[0] == "007"
    assert tables["proposals"]["actor"].tolist()[0] == "007"


def test_an_accented_id_is_one_id_however_it_was_typed(store: Store) -> None:
    rewrite(store.raw / "actors.csv", lambda text: text.replace("A1,", unicodedata.normalize("NFC", "Één,")))
    rewrite(store.raw / "proposals.csv", lambda text: text.replace("A1,", unicodedata.normalize("NFD", "Één,")))
    tables = read_tables(store)
    assert tables["actors"]["actor"].tolist()[0] == tables["proposals"]["actor"].tolist()[0]


def test_a_number_is_read_by_its_value(store: Store) -> None:
    fill(store, "scores.csv", "score", ["3", "3.0", "+3", "3e0", ".5", "-0.0", "-0"])
    scores = read_tables(store)["scores"]["score"].tolist()[:7]
    assert [str(score) for score in scores] == ["3.0", "3.0", "3.0", "3.0", "0.5", "0.0", "0.0"]  # no -0.0 among them


def test_a_whole_number_is_read_exactly(store: Store) -> None:
    fill(store, "proposals.csv", "requested_euro", ["9000.0", "0", "-0", "9007199254740991", "007"])
    assert read_tables(store)["proposals"]["requested_euro"].tolist()[:5] == [9000, 0, 0, 2**53 - 1, 7]


def test_an_empty_cell_is_missing_whatever_spaces_it_holds(store: Store) -> None:
    empty = ["", "   ", "\t", "\u00a0", " \n "]
    for column in ("focus", "requested_euro", "start", "requested_staff_months"):
        fill(store, "proposals.csv", column, empty)
    proposals = read_tables(store)["proposals"]
    columns = ["focus", "requested_euro", "start"]
    assert proposals[columns].isna().all(axis=1).tolist() == [True] * 5 + [False] * 7


# What is refused: one fault in one file

ONE_OF_OURS = "expected one of residents, school."
FAULTS = {
    "missing column": (
        "actors.csv",
        "actor,name,kind,nis",
        "actor,name,sort,nis",
        [
            f"actors.csv: found no column 'kind'; expected {ACTORS}.",
            f"actors.csv: found an unknown column 'sort'; expected only {ACTORS}.",
        ],
    ),
    "heading in capitals": (
        "actors.csv",
        "actor,name,kind,nis",
        "actor,name,Kind,nis",
        [
            f"actors.csv: found no column 'kind'; expected {ACTORS}.",
            f"actors.csv: found an unknown column 'Kind'; expected only {ACTORS}.",
        ],
    ),
    "heading twice": (
        "actors.csv",
        "actor,name,kind,nis",
        "actor,name,nis,nis",
        ["actors.csv, row 1: found a heading that stands twice; expected each heading once."],
    ),
    "heading twice but for spaces": (
        "actors.csv",
        "actor,name,kind,nis",
        "actor,name, nis,nis",
        ["actors.csv, row 1: found a heading that stands twice; expected each heading once."],
    ),
    "unknown group": (
        "actors.csv",
        "Willow,school",
        "Willow,church",
        [f"actors.csv, row 4, column kind: found 'church'; {ONE_OF_OURS}"],
    ),
    "group in capitals": (
        "actors.csv",
        "Willow,school",
        "Willow,School",
        [f"actors.csv, row 4, column kind: found 'School'; {ONE_OF_OURS}"],
    ),
    "unknown category": (
        "proposals.csv",
        ",trees,A1",
        ",shrubs,A1",
        ["proposals.csv, row 2, column category: found 'shrubs'; expected one of trees, water, play."],
    ),
    "empty required cell": (
        "actors.csv",
        "School The Willow",
        "",
        ["actors.csv, row 4, column name: found nothing; expected a text."],
    ),
    "blank required cell": (
        "actors.csv",
        "School The Willow",
        "   ",
        ["actors.csv, row 4, column name: found nothing; expected a text."],
    ),
    "repeated id": (
        "actors.csv",
        "A3,School The Willow",
        "A4,School The Willow",
        ["actors.csv, row 5, column actor: found 'A4' again, which stands in row 4; expected each key once."],
    ),
    "repeated score": (
        "scores.csv",
        "G01,rater-1,cost",
        "G01,rater-1,benefit",
        [
            (
                "scores.csv, row 3, column proposal+rater+criterion: found 'G01, rater-1, benefit' again, which stands in row 2; "
                "expected each key once."
            )
        ],
    ),
    "repeated involvement": (
        "involvement.csv",
        "G07,44048",
        "G07,44021",
        [
            (
                "involvement.csv, row 15, column proposal+nis: found 'G07, 44021' again, which stands in row 8; "
                "expected each key once."
            )
        ],
    ),
    "score above the scale": (
        "scores.csv",
        "benefit,4.5",
        "benefit,5.01",
        ["scores.csv, row 2, column score: found '5.01'; expected a number from 0.0 to 5.0."],
    ),
    "score below the scale": (
        "scores.csv",
        "benefit,4.5",
        "benefit,-0.5",
        ["scores.csv, row 2, column score: found '-0.5'; expected a number from 0.0 to 5.0."],
    ),
    "score with a comma": (
        "scores.csv",
        "benefit,4.5",
        'benefit,"4,5"',
        ["scores.csv, row 2, column score: found '4,5'; expected a number from 0.0 to 5.0."],
    ),
    "no score": (
        "scores.csv",
        "benefit,4.5",
        "benefit,",
        ["scores.csv, row 2, column score: found nothing; expected a number from 0.0 to 5.0."],
    ),
    "score of an unknown rater": (
        "scores.csv",
        "G01,rater-1,benefit",
        "G01,rater-9,benefit",
        ["scores.csv, row 2, column rater: found 'rater-9'; expected one of rater-1, rater-2."],
    ),
    "score on an unknown criterion": (
        "scores.csv",
        "G01,rater-1,benefit",
        "G01,rater-1,beauty",
        ["scores.csv, row 2, column criterion: found 'beauty'; expected one of benefit, cost, upkeep, support."],
    ),
    "score on a criterion of another rater": (
        "scores.csv",
        "G01,rater-2,upkeep",
        "G01,rater-2,support",
        [
            (
                "scores.csv, row 8, column criterion: found 'support'; "
                "expected a criterion that rater-2 judges: benefit, cost, upkeep."
            )
        ],
    ),
    "score of an unknown proposal": (
        "scores.csv",
        "G12,rater-2,upkeep",
        "G13,rater-2,upkeep",
        ["scores.csv, row 82, column proposal: found 'G13'; expected a value of the column proposal of proposals."],
    ),
    "actor in no municipality": (
        "actors.csv",
        "school,23062",
        "school,99999",
        ["actors.csv, row 4, column nis: found '99999'; expected a value of the column nis of municipalities."],
    ),
    "involvement of no municipality": (
        "involvement.csv",
        "G03,23062",
        "G03,2306",
        ["involvement.csv, row 4, column nis: found '2306'; expected a value of the column nis of municipalities."],
    ),
    "proposal of no actor": (
        "proposals.csv",
        ",play,A3,",
        ",play,A33,",
        ["proposals.csv, row 4, column actor: found 'A33'; expected a value of the column actor of actors."],
    ),
    "text for a number": (
        "proposals.csv",
        "9000,",
        "about 9000,",
        ["proposals.csv, row 2, column requested_euro: found 'about 9000'; expected a whole number of at least 0."],
    ),
    "half a euro": (
        "proposals.csv",
        "9000,",
        "3.5,",
        ["proposals.csv, row 2, column requested_euro: found '3.5'; expected a whole number of at least 0."],
    ),
    "money below zero": (
        "proposals.csv",
        "9000,",
        "-1,",
        ["proposals.csv, row 2, column requested_euro: found '-1'; expected a whole number of at least 0."],
    ),
    "no months": (
        "proposals.csv",
        "2024-05-01,6,",
        "2024-05-01,0,",
        ["proposals.csv, row 2, column months: found '0'; expected a whole number of at least 1."],
    ),
    "day that does not exist": (
        "proposals.csv",
        "2024-05-01",
        "2024-02-30",
        ["proposals.csv, row 2, column start: found '2024-02-30'; expected a day as YYYY-MM-DD."],
    ),
    "day in another order": (
        "proposals.csv",
        "2024-05-01",
        "01-05-2024",
        ["proposals.csv, row 2, column start: found '01-05-2024'; expected a day as YYYY-MM-DD."],
    ),
    "day without zeros": (
        "proposals.csv",
        "2024-05-01",
        "2024-5-1",
        ["proposals.csv, row 2, column start: found '2024-5-1'; expected a day as YYYY-MM-DD."],
    ),
    "day in wide digits": (
        "proposals.csv",
        "2024-05-01",
        "２０２４-05-01",
        ["proposals.csv, row 2, column start: found '２０２４-05-01'; expected a day as YYYY-MM-DD."],
    ),
    "day as a number": (
        "proposals.csv",
        "2024-05-01",
        "45413",
        ["proposals.csv, row 2, column start: found '45413'; expected a day as YYYY-MM-DD."],
    ),
    "flag in words": (
        "proposals.csv",
        ",false,",
        ",NO,",
        ["proposals.csv, row 2, column cross_sector: found 'NO'; expected true or false."],
    ),
    "flag as a number": (
        "proposals.csv",
        ",false,",
        ",0,",
        ["proposals.csv, row 2, column cross_sector: found '0'; expected true or false."],
    ),
    "no flag": (
        "proposals.csv",
        ",false,",
        ",,",
        ["proposals.csv, row 2, column cross_sector: found nothing; expected true or false."],
    ),
    "control character": (
        "actors.csv",
        "School The Willow",
        "School\x00The Willow",
        ["actors.csv, row 4, column name: found 'School\\x00The Willow'; expected a text without control characters."],
    ),
    "too few cells": (
        "actors.csv",
        "School The Willow,school,23062",
        "School The Willow,23062",
        ["actors.csv, row 4: found 3 cells; expected 4, as in the row of headings."],
    ),
    "too many cells": (
        "actors.csv",
        "School The Willow,school",
        "School, The Willow,school",
        ["actors.csv, row 4: found 5 cells; expected 4, as in the row of headings."],
    ),
    "empty line in the middle": (
        "actors.csv",
        "A3,",
        "\nA3,",
        ["actors.csv, row 4: found 0 cells; expected 4, as in the row of headings."],
    ),
    "quote that is never closed": (
        "actors.csv",
        "School The Willow",
        '"School The Willow',
        ["actors.csv: found text that is not CSV (unexpected end of data); expected cells with every quote closed."],
    ),
    "quote never closed in the last cell": (
        "actors.csv",
        "the Quay,residents,35013",
        'the Quay,residents,"35013',
        ["actors.csv: found text that is not CSV (unexpected end of data); expected cells with every quote closed."],
    ),
    "text behind a quote": (
        "actors.csv",
        "School The Willow",
        '"School" The Willow',
        ["actors.csv: found text that is not CSV (',' expected after '\"'); expected cells with every quote closed."],
    ),
    "cell without end": (
        "actors.csv",
        "School The Willow",
        '"' + "x" * 200_000 + '"',
        [
            (
                "actors.csv: found text that is not CSV (field larger than field limit (131072)); "
                "expected cells with every quote closed."
            )
        ],
    ),
    "quota on an unknown province": (
        "call.yml",
        "column: actor_kind, groups: [school]",
        "column: province, groups: [Limburg, Atlantis]",
        [
            (
                "call.yml, selection.quotas.0.groups: found 'Atlantis'; "
                "expected one of Antwerpen, Limburg, Oost-Vlaanderen, Vlaams-Brabant, West-Vlaanderen."
            )
        ],
    ),
    "release of an unknown column": (
        "call.yml",
        "{table: indicators, audience: public}",
        "{table: indicators, audience: public, columns: [value, names]}",
        [
            (
                "call.yml, release.0.columns: found 'names'; "
                "expected one of indicator, value, day, unit, step, function, tables."
            )
        ],
    ),
    "outline that is not there": (
        "call.yml",
        "reference:\n",
        "reference:\n  outline: sea.geojson\n",
        ["reference/sea.geojson: found no such file; expected a file of this name."],
    ),
    "file that is recorded and absent": (
        "SOURCES.yml",
        "  budget.csv",
        f"  survey.csv: {{{RECORD}}}\n  budget.csv",
        ["SOURCES.yml, files.survey.csv: found no such file; expected the file survey.csv in this folder."],
    ),
    "document that is recorded and absent": (
        "SOURCES.yml",
        "  budget.csv",
        f"  letter.pdf: {{{RECORD}}}\n  budget.csv",
        ["SOURCES.yml, files.letter.pdf: found no such file; expected the file letter.pdf in this folder."],
    ),
}


@pytest.mark.parametrize(("name", "old", "new", "lines"), list(FAULTS.values()), ids=list(FAULTS))
def test_a_fault_in_a_delivered_file_is_named_with_row_and_column(
    store: Store, edit: Edit, refusal: Refusal, name: str, old: str, new: str, lines: list[str]
) -> None:
    edit(name, old, new)
    assert refusal(lambda: read_tables(store)) == lines


def test_a_column_beyond_the_contract_is_refused(store: Store, refusal: Refusal) -> None:
    rewrite(
        store.raw / "budget.csv", lambda text: text.replace("fund\n", "fund,remark\n").replace("grant\n", "grant,x\n")
    )
    assert refusal(lambda: read_tables(store)) == [
        "budget.csv: found an unknown column 'remark'; expected only the columns phase, line, euro, fund, year."
    ]


def test_a_file_with_other_separators_is_refused_by_its_headings(store: Store, refusal: Refusal) -> None:
    rewrite(store.raw / "actors.csv", lambda text: text.replace(",", ";"))
    assert refusal(lambda: read_tables(store))[-1] == (
        f"actors.csv: found an unknown column 'actor;name;kind;nis'; expected only {ACTORS}."
    )


@pytest.mark.parametrize("column", ["requested_euro", "requested_staff_months"])
def test_what_is_not_a_finite_number_in_plain_digits_is_refused(store: Store, refusal: Refusal, column: str) -> None:
    cells = ["inf", "-inf", "nan", "NaN", "1e400", "Infinity", "0x10", "1_000", "١٢", "true", "1 000", "1.000,50"]
    fill(store, "proposals.csv", column, cells)
    number = {"requested_euro": "a whole number", "requested_staff_months": "a number"}[column]
    assert refusal(lambda: read_tables(store)) == [
        f"proposals.csv, row {row}, column {column}: found '{cell}'; expected {number} of at least 0."
        for row, cell in enumerate(cells, start=2)
    ]


def test_a_whole_number_beyond_what_is_exact_is_refused(store: Store, refusal: Refusal) -> None:
    cells = ["9007199254740992", "9007199254740993", "9223372036854775808", "9" * 40]
    fill(store, "proposals.csv", "requested_euro", cells)
    assert refusal(lambda: read_tables(store)) == [
        f"proposals.csv, row {row}, column requested_euro: found '{cell}'; expected a whole number of at least 0."
        for row, cell in enumerate(cells, start=2)
    ]


@pytest.mark.parametrize("name", ["actors.csv", "budget.csv"])
@pytest.mark.parametrize("rest", ["", "\n", "headings"])
def test_a_file_without_records_is_refused(store: Store, refusal: Refusal, name: str, rest: str) -> None:
    rewrite(store.raw / name, lambda text: text.split("\n")[0] if rest == "headings" else rest)
    assert refusal(lambda: read_tables(store)) == [
        f"{name}: found no records; expected a row of headings and at least one record."
    ]


def test_the_proposals_must_be_there(store: Store, refusal: Refusal) -> None:
    (store.raw / "proposals.csv").unlink()
    assert refusal(lambda: read_tables(store)) == ["proposals.csv: found no such file; expected a file of this name."]


@pytest.mark.parametrize("name", ["budget", "involvement", "scores"])
def test_a_file_that_was_recorded_as_delivered_and_is_missing_is_named_once(
    store: Store, refusal: Refusal, name: str
) -> None:
    (store.raw / f"{name}.csv").unlink()
    expected = f"files.{name}.csv: found no such file; expected the file {name}.csv in this folder."
    assert refusal(lambda: read_tables(store)) == [f"SOURCES.yml, {expected}"]


@pytest.mark.parametrize("name", ["actors", "decision"])
def test_a_folder_in_the_place_of_a_file_is_named(store: Store, refusal: Refusal, name: str) -> None:
    (store.raw / f"{name}.csv").unlink(missing_ok=True)
    (store.raw / f"{name}.csv").mkdir()
    assert refusal(lambda: read_tables(store)) == [
        f"{name}.csv: found no readable file (Is a directory); expected a file of this name."
    ]


def test_a_missing_record_of_the_sources_is_named(store: Store, refusal: Refusal) -> None:
    (store.raw / "SOURCES.yml").unlink()
    assert refusal(lambda: read_tables(store)) == ["SOURCES.yml: found no such file; expected a file of this name."]


def test_the_line_of_a_byte_that_is_not_utf_8_is_named(store: Store, refusal: Refusal) -> None:
    rewrite(store.raw / "actors.csv", lambda text: text.replace("Willow", "Wíllow"), encoding="latin-1")
    assert refusal(lambda: read_tables(store)) == [
        "actors.csv, line 4: found the byte 0xed, which is not UTF-8; expected a file saved as UTF-8."
    ]


@pytest.mark.parametrize(
    ("first", "second"), [("G01", "g01"), ("G 01", "G  01"), ("straße", "STRASSE"), ("a 1", "A\u00a01")]
)
def test_ids_that_differ_only_in_case_or_spaces_are_refused(
    store: Store, refusal: Refusal, first: str, second: str
) -> None:
    for name in ("proposals", "involvement", "scores"):
        rewrite(store.raw / f"{name}.csv", lambda text: text.replace("G01,", f"{first},").replace("G02,", f"{second},"))
    assert refusal(lambda: read_tables(store)) == [
        f"proposals.csv, row 3, column proposal: found {second!r} beside {first!r}; "
        "expected ids that differ in more than case or spaces."
    ]


def test_ids_that_look_the_same_are_the_same(store: Store, refusal: Refusal) -> None:
    rewrite(store.raw / "actors.csv", lambda text: text.replace("A1,", "\u00c9,").replace("A2,", "E\u0301,"))
    assert refusal(lambda: read_tables(store)) == [
        "actors.csv, row 3, column actor: found 'É' again, which stands in row 2; expected each key once."
    ]


# What is refused: a plan of work that cannot be


STAFF = "phase,employee,fraction,from,to\n"
CALL_PHASE = "phases:\n  - {id: call, label: {en: the call}, period: {start: 2024-01-01, end: 2024-05-31, source: rules}, euro: 0, fte: 0}\n"
IN_EXECUTION = "within the execution (2024-04-15 to 2024-12-31)."


def test_work_that_ends_before_it_starts_is_refused(store: Store, refusal: Refusal) -> None:
    (store.raw / "staffing.csv").write_text(
        STAFF + "pilots,E1,1,2024-05-01,2024-05-01\npilots,E2,1,2024-06-01,2024-05-31\n"
    )
    assert refusal(lambda: read_tables(store)) == [
        "staffing.csv, row 3, column to: found '2024-05-31'; expected a day not before the column from (2024-06-01)."
    ]


def test_an_execution_outside_that_of_the_call_is_refused(store: Store, refusal: Refusal) -> None:
    fill(store, "proposals.csv", "start", ["2024-04-14", "2025-01-01", "2024-04-15", "2024-08-31", "", ""])
    fill(store, "proposals.csv", "months", ["6", "1", "9", "5", "9", "6"])
    assert refusal(lambda: read_tables(store)) == [
        f"proposals.csv, row 2, column start: found '2024-04-14'; expected a day {IN_EXECUTION}",
        f"proposals.csv, row 3, column start: found '2025-01-01'; expected a day {IN_EXECUTION}",
        f"proposals.csv, row 4, column months: found '9', from 2024-04-15; expected a length that ends {IN_EXECUTION}",
        f"proposals.csv, row 5, column months: found '5', from 2024-08-31; expected a length that ends {IN_EXECUTION}",
        f"proposals.csv, row 6, column months: found '9', from 2024-04-15; expected a length that ends {IN_EXECUTION}",
    ]


def test_an_execution_that_just_fits_or_is_not_stated_is_accepted(store: Store) -> None:
    fill(store, "proposals.csv", "start", ["2024-04-15", "2024-12-01", "2024-12-31", "2024-08-31", "", "2024-12-31"])
    fill(store, "proposals.csv", "months", ["8", "1", "", "4", "8", ""])
    ends = read_tables(store)["proposals"]["months"].tolist()
    assert ends[:2] == [8, 1]


@pytest.mark.parametrize("length", ["13", "999999", "9007199254740991"])
def test_an_absurd_length_is_refused_like_any_other(store: Store, refusal: Refusal, length: str) -> None:
    fill(store, "proposals.csv", "months", [length])
    (line,) = refusal(lambda: read_tables(store))
    assert line.startswith(f"proposals.csv, row 2, column months: found '{length}', from 2024-05-01; expected")


def test_money_below_zero_and_an_employee_over_full_time_are_refused_together(
    store: Store, edit: Edit, refusal: Refusal
) -> None:
    edit("budget.csv", "30000", "-30000")
    edit("proposals.csv", "9000,", "-1,")
    (store.raw / "staffing.csv").write_text(STAFF + "pilots,E1,1.2,2024-05-01,2024-05-31\n")
    assert refusal(lambda: read_tables(store)) == [
        "proposals.csv, row 2, column requested_euro: found '-1'; expected a whole number of at least 0.",
        "budget.csv, row 2, column euro: found '-30000'; expected a whole number of at least 0.",
        "staffing.csv, row 2, column fraction: found '1.2'; expected a number from 0 to 1.",
    ]


def test_fractions_of_one_employee_beyond_full_time_are_refused_across_phases(
    store: Store, edit: Edit, refusal: Refusal
) -> None:
    edit("call.yml", "phases:\n", CALL_PHASE)
    (store.raw / "staffing.csv").write_text(
        STAFF
        + "call,E1,0.5,2024-01-01,2024-05-15\n"
        + "call,E2,1,2024-01-01,2024-05-31\n"
        + "pilots,E1,0.6,2024-05-15,2024-12-31\n"
        + "pilots,E2,1,2024-06-01,2024-08-31\n"
        + "pilots,E1,0.3,2024-07-01,2024-07-31\n"
        + "pilots,E1,0.2,2024-07-20,2024-07-20\n"
    )
    assert refusal(lambda: read_tables(store)) == [
        "staffing.csv, rows 2 and 4, column fraction: found 1.1 of full time together for 'E1' on 2024-05-15; "
        "expected at most 1 for one employee on any day.",
        "staffing.csv, rows 4, 6 and 7, column fraction: found 1.1 of full time together for 'E1' on 2024-07-20; "
        "expected at most 1 for one employee on any day.",
    ]


def test_fractions_that_come_to_just_full_time_are_accepted(store: Store) -> None:
    work = [f"pilots,E1,0.1,2024-05-{day:02},2024-12-31" for day in range(1, 11)]  # ten tenths are no exact one
    (store.raw / "staffing.csv").write_text(STAFF + "\n".join(work) + "\n")
    assert len(read_tables(store)["staffing"]) == 10


def test_work_wholly_outside_its_phase_is_refused_and_work_partly_in_it_is_not(store: Store, refusal: Refusal) -> None:
    (store.raw / "staffing.csv").write_text(
        STAFF
        + "pilots,E1,1,2024-01-01,2024-04-30\n"
        + "pilots,E2,1,2024-01-01,2024-05-01\n"
        + "pilots,E3,1,2025-01-01,2025-01-31\n"
        + "pilots,E4,1,2024-12-31,2025-01-31\n"
    )
    expected = "expected work on at least one day of the phase pilots (2024-05-01 to 2024-12-31)."
    assert refusal(lambda: read_tables(store)) == [
        f"staffing.csv, row 2, column from: found work from 2024-01-01 to 2024-04-30; {expected}",
        f"staffing.csv, row 4, column from: found work from 2025-01-01 to 2025-01-31; {expected}",
    ]


def test_a_budget_may_be_delivered_by_year(store: Store, sound: dict[str, pd.DataFrame]) -> None:
    assert sound["budget"]["year"].isna().all()  # of a file without the column
    (store.raw / "budget.csv").write_text(
        "phase,line,euro,fund,year\npilots,Planting,10,grant,2024\npilots,Planting,20,grant,\n"
    )
    budget = read_tables(store)["budget"]
    assert budget["year"].tolist() == [2024, pd.NA]


def test_an_amount_delivered_twice_is_refused_with_or_without_a_year(store: Store, refusal: Refusal) -> None:
    once = "expected each key once."
    (store.raw / "budget.csv").write_text("phase,line,euro,fund\npilots,Planting,10,grant\npilots,Planting,20,grant\n")
    place = "budget.csv, row 3, column phase+line+fund+year"
    assert refusal(lambda: read_tables(store)) == [
        f"{place}: found 'pilots, Planting, grant' again, which stands in row 2; {once}"
    ]
    (store.raw / "budget.csv").write_text(
        "phase,line,euro,fund,year\npilots,Planting,10,grant,2024\npilots,Planting,20,grant,2024\n"
    )
    assert refusal(lambda: read_tables(store)) == [
        f"{place}: found 'pilots, Planting, grant, 2024' again, which stands in row 2; {once}"
    ]


def test_an_amount_of_a_year_outside_its_phase_is_refused(store: Store, refusal: Refusal) -> None:
    (store.raw / "budget.csv").write_text(
        "phase,line,euro,fund,year\npilots,Planting,10,grant,2024\npilots,Upkeep,20,grant,2025\n"
    )
    assert refusal(lambda: read_tables(store)) == [
        "budget.csv, row 3, column year: found '2025'; expected a year of the phase pilots (2024 to 2024), or nothing."
    ]


def test_a_column_that_may_be_left_out_is_read_as_strictly_where_it_is_there(store: Store, refusal: Refusal) -> None:
    (store.raw / "budget.csv").write_text("phase,line,euro,fund,year\npilots,Planting,10,grant,about 2024\n")
    assert refusal(lambda: read_tables(store)) == [
        "budget.csv, row 2, column year: found 'about 2024'; expected a whole number of at least 1."
    ]


# What is refused: declarations that nothing answers to


def test_a_release_of_an_unknown_table_is_refused(store: Store, edit: Edit, refusal: Refusal) -> None:
    edit("call.yml", "{table: indicators,", "{table: indicator,")
    (line,) = refusal(lambda: read_tables(store))
    assert line.startswith("call.yml, release.0.table: found 'indicator'; expected one of municipalities, actors, ")


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("population", "people", ["no column 'population'", "an unknown column 'people'"]),
        (",lat,", ",name,", ["a heading that stands twice"]),
    ],
)
def test_reference_municipalities_without_a_column_are_refused(
    store: Store, refusal: Refusal, old: str, new: str, lines: list[str]
) -> None:
    rewrite(store.reference / "municipalities_2016.csv", lambda text: text.replace(old, new, 1))
    found = refusal(lambda: read_tables(store))
    assert [line.partition(": found ")[2].partition(";")[0] for line in found] == lines
    assert all(line.startswith("reference/municipalities_2016.csv") for line in found)


def test_a_municipality_without_people_is_refused(store: Store, refusal: Refusal) -> None:
    rewrite(store.reference / "municipalities_2016.csv", lambda text: text.replace(",14262,", ",many,", 1))
    assert refusal(lambda: read_tables(store)) == [
        "reference/municipalities_2016.csv, row 2, column population: found 'many'; "
        "expected a whole number of at least 1."
    ]


# What is refused: all at once


def test_faults_in_several_files_are_named_in_one_message_in_the_order_of_the_files(
    store: Store, edit: Edit, refusal: Refusal
) -> None:
    edit("SOURCES.yml", "synthetic: true", "synthetic: perhaps")
    edit("actors.csv", "Willow,school", "Willow,church")
    edit("proposals.csv", "9000,", "much,")
    edit("proposals.csv", ",water,A2", ",fire,A2")
    edit("involvement.csv", "G03,23062", "G03,99999")
    edit("scores.csv", "benefit,4.5", "benefit,6")
    (store.raw / "published.yml").write_text("figures: []\n")
    assert [line.partition(": found")[0] for line in refusal(lambda: read_tables(store))] == [
        "SOURCES.yml, line 1, synthetic",
        "published.yml, line 1, figures",
        "actors.csv, row 4, column kind",
        "proposals.csv, row 2, column requested_euro",
        "proposals.csv, row 3, column category",
        "scores.csv, row 2, column score",
    ]


def test_references_are_followed_between_the_tables_that_are_sound(store: Store, edit: Edit, refusal: Refusal) -> None:
    edit("actors.csv", "school,23062", "school,99999")
    edit("scores.csv", "G01,rater-2,upkeep", "G01,rater-2,support")
    edit("scores.csv", "G12,rater-2,upkeep", "G13,rater-2,upkeep")
    assert [line.partition(": found")[0] for line in refusal(lambda: read_tables(store))] == [
        "actors.csv, row 4, column nis",
        "scores.csv, row 82, column proposal",
        "scores.csv, row 8, column criterion",
    ]


def test_a_fault_in_the_reference_does_not_hide_the_others(store: Store, edit: Edit, refusal: Refusal) -> None:
    edit("call.yml", "municipalities: municipalities_2016.csv", "municipalities: nowhere.csv")
    (store.raw / "staffing.csv").write_text("phase,employee,fraction,from,to\npilots,E1,2,2024-05-01,2024-05-01\n")
    assert refusal(lambda: read_tables(store)) == [
        "reference/nowhere.csv: found no such file; expected a file of this name.",
        "staffing.csv, row 2, column fraction: found '2.0'; expected a number from 0 to 1.",
    ]


def test_a_faulty_call_file_is_said_alone_for_the_tables_cannot_be_judged(
    store: Store, edit: Edit, refusal: Refusal
) -> None:
    edit("call.yml", "choose: 4", "choose: 7")
    edit("actors.csv", "Willow,school", "Willow,church")
    assert refusal(lambda: read_tables(store)) == [
        "call.yml, line 38, selection.choose: found 7; expected at most the size of the shortlist (6)."
    ]


# Corrections


def test_a_correction_changes_the_rows_that_it_names_and_no_other(store: Store, sound: dict[str, pd.DataFrame]) -> None:
    write_correction(
        store, "proposals", "{category: trees, actor: A1}", "{title: 'Shade, at last', requested_euro: '8000'}"
    )
    after = read_tables(store)["proposals"]
    assert after.loc[0, ["title", "requested_euro"]].tolist() == ["Shade, at last", 8000]
    pd.testing.assert_frame_equal(after.drop(index=0), sound["proposals"].drop(index=0))


def test_a_correction_may_change_several_rows(store: Store) -> None:
    write_correction(store, "proposals", "{partnership: alone}", "{cross_sector: 'true'}")
    proposals = read_tables(store)["proposals"]
    assert proposals["cross_sector"].tolist() == (proposals["partnership"] == "alone").tolist()


def test_corrections_are_made_in_their_order(store: Store) -> None:
    row = "{{table: actors, where: {{name: {}}}, set: {{name: {}}}, reason: r, source: s}}"
    rows = [row.format("School The Oak", "First"), row.format("First", "Second")]
    (store.raw / "corrections.yml").write_text("corrections:\n" + "".join(f"  - {row}\n" for row in rows))
    assert read_tables(store)["actors"]["name"].tolist()[5] == "Second"


def test_a_correction_may_empty_a_cell_and_fill_an_empty_one(store: Store) -> None:
    write_correction(store, "proposals", "{proposal: G01, summary: ''}", "{summary: A tree, focus: ''}")
    proposals = read_tables(store)["proposals"]
    assert proposals.loc[0, "summary"] == "A tree"
    assert pd.isna(proposals.loc[0, "focus"])


def test_a_correction_can_mend_a_fault(store: Store, edit: Edit) -> None:
    edit("actors.csv", "Willow,school", "Willow,schol")
    write_correction(store, "actors", "{kind: schol}", "{kind: school}")
    assert read_tables(store)["actors"]["kind"].tolist()[2] == "school"


def test_a_correction_leaves_the_delivered_file_as_it_was(store: Store) -> None:
    before = {path.name: path.read_bytes() for path in store.raw.glob("*.csv")}
    write_correction(store, "proposals", "{proposal: G01}", "{title: Other}")
    read_tables(store)
    assert {path.name: path.read_bytes() for path in store.raw.glob("*.csv")} == before


DELIVERED = "expected one of the tables delivered: actors, proposals, involvement, scores, budget."


@pytest.mark.parametrize(
    ("table", "where", "change", "line"),
    [
        (
            "actors",
            "{actor: A9}",
            "{name: X}",
            (
                "corrections.yml, corrections.0: found no row of actors with {'actor': 'A9'}; "
                "expected a correction that still matches."
            ),
        ),
        (
            "actors",
            "{actor: A1, kind: school}",
            "{name: X}",
            (
                "corrections.yml, corrections.0: found no row of actors with {'actor': 'A1', 'kind': 'school'}; "
                "expected a correction that still matches."
            ),
        ),
        (
            "actors",
            "{id: A1}",
            "{name: X}",
            "corrections.yml, corrections.0: found the column 'id'; expected one of actor, name, kind, nis.",
        ),
        (
            "actors",
            "{actor: A1}",
            "{label: X}",
            "corrections.yml, corrections.0: found the column 'label'; expected one of actor, name, kind, nis.",
        ),
        (
            "actors",
            "{actor: A1}",
            "{kind: church}",
            "actors.csv, row 2, column kind: found 'church'; expected one of residents, school.",
        ),
        ("actor", "{actor: A1}", "{name: X}", f"corrections.yml, corrections.0.table: found 'actor'; {DELIVERED}"),
        (
            "survey",
            "{question: a}",
            "{answer: '1'}",
            f"corrections.yml, corrections.0.table: found 'survey'; {DELIVERED}",
        ),
        (
            "municipalities",
            "{nis: '44021'}",
            "{name: X}",
            f"corrections.yml, corrections.0.table: found 'municipalities'; {DELIVERED}",
        ),
        (
            "actors",
            "{actor: A1}",
            "{nis: 44021}",
            "corrections.yml, line 2, corrections.0.set.nis: found 44021; expected a valid string.",
        ),
        (
            "actors",
            "{}",
            "{name: X}",
            (
                "corrections.yml, line 2, corrections.0.where: found {}; "
                "expected Dictionary should have at least 1 item after validation, not 0."
            ),
        ),
    ],
)
def test_a_correction_that_cannot_be_made_is_refused(
    store: Store, refusal: Refusal, table: str, where: str, change: str, line: str
) -> None:
    write_correction(store, table, where, change)
    assert refusal(lambda: read_tables(store)) == [line]


def test_all_corrections_that_cannot_be_made_are_named_at_once(store: Store, refusal: Refusal) -> None:
    rows = [
        "{table: actors, where: {actor: A9}, set: {name: X}, reason: r, source: s}",
        "{table: actors, where: {actor: A1}, set: {label: X}, reason: r, source: s}",
        "{table: scores, where: {proposal: G99}, set: {score: '1'}, reason: r, source: s}",
        "{table: people, where: {a: b}, set: {a: c}, reason: r, source: s}",
    ]
    (store.raw / "corrections.yml").write_text("corrections:\n" + "".join(f"  - {row}\n" for row in rows))
    assert [line.partition(": found")[0] for line in refusal(lambda: read_tables(store))] == [
        "corrections.yml, corrections.0",
        "corrections.yml, corrections.1",
        "corrections.yml, corrections.2",
        "corrections.yml, corrections.3.table",
    ]


def test_a_correction_says_its_reason_and_source(store: Store, refusal: Refusal) -> None:
    (store.raw / "corrections.yml").write_text(
        "corrections:\n  - {table: actors, where: {actor: A1}, set: {name: X}, reason: ''}\n"
    )
    assert [line.partition(": found")[0] for line in refusal(lambda: read_tables(store))] == [
        "corrections.yml, line 2, corrections.0.reason",
        "corrections.yml, line 2, corrections.0.source",
    ]


# Changed files


def test_files_as_they_were_delivered_are_not_changed(store: Store) -> None:
    assert changed_files(store) == []


def test_a_changed_file_and_one_without_record_are_told(store: Store) -> None:
    rewrite(store.raw / "scores.csv", lambda text: text + "\n")  # harmless to read, and still another delivery
    shutil.copyfile(store.raw / "actors.csv", store.raw / "actors copy.csv")
    assert changed_files(store) == ["actors copy.csv", "scores.csv"]


def test_a_file_whose_new_hash_is_recorded_is_not_changed(store: Store, edit: Edit) -> None:
    old = hashlib.sha256((store.raw / "actors.csv").read_bytes()).hexdigest()
    edit("actors.csv", "School The Oak", "School The Elm")
    edit("SOURCES.yml", old, hashlib.sha256((store.raw / "actors.csv").read_bytes()).hexdigest())
    assert changed_files(store) == []


def replace_in(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def refused_lines(store: Store) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_tables(store)
    return str(caught.value).replace(f"{store.raw}/", "").splitlines()


def test_more_respondents_than_invited_and_one_of_two_minds_are_named(project: Path) -> None:
    store = Store(project, REFERENCE_CALL)
    answers = pd.read_csv(store.raw / "survey.csv", dtype="str")
    first = answers.loc[0, "respondent"]
    line = f"{first},false,{answers.loc[0, 'question']}"
    replace_in(store.raw / "survey.csv", line, line.replace("false", "true"))
    replace_in(store.raw / "call.yml", "smallest_group: 5", "smallest_group: 5\nsurvey_invited: 3")
    number = answers["respondent"].nunique()
    assert refused_lines(store) == [
        f"call.yml, survey_invited: found 3; expected at least the {number} respondents in survey.csv.",
        f"survey.csv, respondent {first}, column chosen: found both true and false; expected the same in every row of a "
        "respondent.",
    ]


def test_a_proposal_that_two_panels_scored_is_named_with_the_rows_of_the_second(store: Store) -> None:
    call = (store.raw / "call.yml").read_text(encoding="utf-8")
    for number, panel in ((1, "east"), (2, "west")):
        call = call.replace(f"id: rater-{number},", f"id: rater-{number}, panel: {panel},", 1)
    (store.raw / "call.yml").write_text(call, encoding="utf-8")
    scores = pd.read_csv(store.raw / "scores.csv", dtype="str")
    seats = scores["rater"].map({"rater-1": "east", "rater-2": "west"})
    first = seats.groupby(scores["proposal"]).transform("first")
    rows = [int(row) + 2 for row in scores.index[seats != first]]
    found = refused_lines(store)
    assert len(rows) > 0
    assert found[0].startswith(
        f"scores.csv, row {rows[0]}, column rater: found 'rater-2' of the panel west; expected a rater of the panel east"
    )
    assert len(found) == min(len(rows), 50) + (len(rows) > 50)
