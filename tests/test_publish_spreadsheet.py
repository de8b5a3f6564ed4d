"""The workbook of the released tables: what another program reads in it, and that nothing in it is executed."""

from __future__ import annotations

import hashlib
import io
import os
import re
import subprocess
import sys
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from openpyxl import load_workbook
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from reuse import HOSTILE, dataset, ideas, scores
from running import run_steps

from analysis.declarations import Edition
from analysis.documents import read_document
from analysis.faults import InputError
from analysis.publish.dictionary import Dataset
from analysis.publish.spreadsheet import LONGEST_TEXT, MOST_ROWS, name_sheets, render_xlsx, shorten
from analysis.published import Sources
from analysis.release import release_tables
from analysis.store import Store

FOLDER = Path(__file__).parent


def opened(content: bytes) -> Workbook:
    return load_workbook(io.BytesIO(content))


def book_of(language: str = "en", **tables: pd.DataFrame) -> Workbook:
    return opened(render_xlsx(dataset(language, **tables)))


def values(sheet: Worksheet) -> list[tuple[Any, ...]]:
    return list(sheet.iter_rows(min_row=2, values_only=True))


def words_of(sheet: Worksheet) -> str:
    return "\n".join(str(cell) for row in sheet.iter_rows(values_only=True) for cell in row if cell is not None)


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, make_project: Any) -> Dataset:
    """Return what the small call on disk releases to the public."""
    store: Store = run_steps(make_project(tmp_path_factory.mktemp("project")), "green-streets-2024", "en")
    edition = Edition.model_validate({"as_of": "2024-04-01", "audience": "public", "language": "en"})
    tables = {name: store.read_table(name) for name in store.pipeline.step("08_answer").needs}
    shown = release_tables(tables, store.call, edition.audience, edition.as_of)
    reference = read_document(store.reference / "SOURCES.yml", Sources)
    return Dataset(store.call, edition, shown, store.contracts, [store.sources, reference])


def test_every_released_table_has_a_sheet_after_cover_and_notes(released: Dataset) -> None:
    book = opened(render_xlsx(released))
    assert book.sheetnames == ["Cover", "Notes", *released.tables]
    assert len(released.tables) > 8
    for name, table in released.tables.items():
        assert [cell.value for cell in book[name][1]] == list(table.columns)
        assert book[name].max_row == 1 + len(table)


def test_the_cells_of_every_released_table_are_those_of_the_table(released: Dataset) -> None:
    book = opened(render_xlsx(released))
    for name, table in released.tables.items():
        for shown, row in zip(values(book[name]), table.itertuples(index=False), strict=True):
            for cell, value in zip(shown, row, strict=True):
                if pd.isna(value) or value == "":
                    assert cell is None
                elif isinstance(value, float):
                    assert cell == pytest.approx(value, rel=1e-15)
                else:
                    assert cell == (value.to_pydatetime() if isinstance(value, pd.Timestamp) else value)


def test_cells_have_the_type_and_the_format_of_what_they_hold() -> None:
    sheet = book_of(ideas=ideas())["ideas"]
    cells = {head.value: cell for head, cell in zip(sheet[1], sheet[2], strict=True)}
    assert {name: cell.data_type for name, cell in cells.items()} == {
        "idea": "s", "title": "s", "kind": "s", "places": "n", "share": "n", "euro": "n", "open": "b", "start": "d",
    }  # fmt: skip
    assert type(cells["places"].value) is int
    assert cells["share"].value == 0.25
    assert cells["open"].value is True
    assert cells["start"].value == datetime(2030, 2, 1)
    formats = {name: cell.number_format for name, cell in cells.items()}
    assert formats["share"] == "0.0%"
    assert formats["euro"] == '"€" #,##0.00'
    assert formats["places"] == "#,##0"
    assert formats["start"] == "yyyy-mm-dd"


def test_nothing_is_an_empty_cell() -> None:
    nothing: list[Any] = [None]
    gaps = ideas(title=nothing, kind=[""], places=nothing, share=nothing, euro=nothing, start=nothing)
    assert values(book_of(ideas=gaps)["ideas"]) == [("I0", None, None, None, None, None, True, None)]


def test_the_head_of_a_table_stays_in_sight_and_has_filters() -> None:
    sheet = book_of(ideas=ideas())["ideas"]
    assert sheet.freeze_panes == "A2"
    (table,) = sheet.tables.values()
    assert (table.ref, table.headerRowCount, table.autoFilter.ref) == ("A1:H3", 1, "A1:H3")
    assert sheet.print_title_rows == "$1:$1"


def test_a_table_without_rows_has_its_head_and_filters() -> None:
    sheet = book_of(ideas=ideas().iloc[:0])["ideas"]
    assert [cell.value for cell in sheet[1]] == list(ideas().columns)
    assert (sheet.max_row, sheet.freeze_panes, sheet.auto_filter.ref) == (1, "A2", "A1:H1")


def test_the_head_of_a_column_says_what_it_means_and_its_unit() -> None:
    messages = {
        str(found.sqref): (found.promptTitle, found.prompt)
        for found in book_of(ideas=ideas())["ideas"].data_validations.dataValidation
    }
    assert messages["E1"] == ("share", "Share (unit: share)")
    assert messages["B1"] == ("title", "Title")


def test_hostile_texts_are_texts_and_nothing_else() -> None:
    content = render_xlsx(dataset(ideas=ideas(title=HOSTILE)))
    book = opened(content)
    cells = [cell for (cell,) in book["ideas"].iter_rows(min_row=2, min_col=2, max_col=2)]
    assert [cell.value for cell in cells] == HOSTILE
    assert {cell.data_type for sheet in book for row in sheet for cell in row} & {"f", "e"} == set()
    assert [cell.hyperlink for cell in cells if cell.hyperlink] == []
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        for name in parts.namelist():
            assert b"<f>" not in parts.read(name), name
            assert b'TargetMode="External"' not in parts.read(name), name


def test_a_text_that_looks_like_markup_of_the_format_stays_text() -> None:
    nasty = ["<r></r>", "<r><t>x</t></r>", "<r>]]></si><si></r>", "_x0041_"]
    with zipfile.ZipFile(io.BytesIO(render_xlsx(dataset(ideas=ideas(title=nasty))))) as parts:
        strings = parts.read("xl/sharedStrings.xml").decode()
    for text in nasty[:3]:
        escaped = text.replace("<", "&lt;").replace(">", "&gt;")
        joined = re.sub(r"</t></r><r>(<rPr>.*?</rPr>)?<t[^>]*>", "", strings)
        assert f">{escaped}</t>" in joined
    assert "_x005F_x0041_" in strings  # which spreadsheets show as _x0041_


def test_control_characters_are_left_out() -> None:
    nasty = "a\x00b\x07c\x1bd\u0085e\ufffef\r\ng"
    assert values(book_of(ideas=ideas(title=[nasty]))["ideas"])[0][1] == "abcdef\ng"


def test_a_text_too_long_for_a_cell_is_cut_and_the_notes_say_so() -> None:
    book = book_of(ideas=ideas(title=["x" * 40_000, "x" * LONGEST_TEXT, "x"]))
    shown = [row[1] for row in values(book["ideas"])]
    assert [len(text) for text in shown] == [LONGEST_TEXT, LONGEST_TEXT, 1]
    assert [text[-1] for text in shown] == ["…", "x", "x"]
    notes = {(row[0], row[1]): row[2] for row in values(book["Notes"])}
    assert "In 1 cell the text was shortened" in notes["ideas", "title"]
    assert "shortened" not in notes["ideas", "idea"]


def test_characters_that_take_two_units_are_never_halved() -> None:
    shown = shorten("😀" * 20_000)
    assert len(shown.encode("utf-16-le")) // 2 <= LONGEST_TEXT
    assert set(shown) == {"😀", "…"}


def test_what_a_sheet_cannot_hold_as_a_number_or_day_stands_as_text() -> None:
    nasty = ideas(places=[10**15, 10**15 - 1, 1], start=[pd.Timestamp("1899-12-31"), pd.Timestamp("1900-01-01"), None])
    shown = values(book_of(ideas=nasty)["ideas"])
    assert [row[3] for row in shown] == ["1000000000000000", 999_999_999_999_999, 1]
    assert [row[7] for row in shown] == ["1899-12-31", datetime(1900, 1, 1), None]


def test_more_rows_than_a_sheet_has_are_refused_with_the_name_of_the_table() -> None:
    many = pd.DataFrame({"places": range(MOST_ROWS)})
    with pytest.raises(InputError, match=r"table ideas of the workbook: found 1048576 rows; expected at most 1048575"):
        render_xlsx(dataset(ideas=many))


def test_the_cover_tells_what_this_is_and_links_to_every_sheet() -> None:
    book = book_of(ideas=ideas(), scores=scores(("I0", "r1", 5.0)))
    words = words_of(book["Cover"])
    for said in ("Small call", "as of 15 June 2030, public edition", "Invented records.", "Steunpunt", "CC BY 4.0"):
        assert said in words
    rows = {row[0]: row[1:3] for row in book["Cover"].iter_rows(values_only=True) if row[0]}
    assert rows["ideas"] == ("Ideas of a test", 2)
    assert rows["scores"] == ("Scores of a test", 1)
    links = {cell.value: cell.hyperlink.location for row in book["Cover"] for cell in row if cell.hyperlink}
    assert links == {name: f"'{name}'!A1" for name in ("Notes", "ideas", "scores")}


def test_the_notes_tell_meaning_unit_values_and_key_of_released_columns_only() -> None:
    table = scores(("I0", "r1", 5.0))
    notes = values(book_of(ideas=ideas(), scores=table)["Notes"])
    assert ("scores", None, "Scores of a test", None, None, "idea + rater") in notes
    assert ("scores", "idea", "Idea", None, "text", "key, refers to ideas.idea") in notes
    assert ("scores", "score", "Score", "points", "number from 0 to 10", None) in notes
    assert ("ideas", "kind", "Kind", None, "a, b; or empty", None) in notes
    assert [row[:2] for row in notes if row[0] == "scores"] == [
        ("scores", None), ("scores", "idea"), ("scores", "rater"), ("scores", "score"),
    ]  # fmt: skip


def test_nothing_tells_what_was_withheld() -> None:
    content = render_xlsx(dataset(scores=scores(("I0", "r1", 5.0))[["score"]]))
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        text = " ".join(parts.read(name).decode() for name in parts.namelist())
    for withheld in ("rater", "r1", "r2", "idea", "I0"):
        assert not re.search(rf"\b{withheld}\b", text), withheld


@pytest.mark.parametrize(
    ("language", "title", "tag"),
    [("nl", "Kleine oproep: vrijgegeven tabellen", "nl-BE"), ("en", "Small call: released tables", "en-GB")],
)
def test_the_properties_tell_title_maker_day_and_language(language: str, title: str, tag: str) -> None:
    book = book_of(language, ideas=ideas())
    assert (book.properties.title, book.properties.creator) == (title, "Steunpunt")
    assert book.properties.created == book.properties.modified == datetime(2030, 6, 15)
    assert book.custom_doc_props["Language"].value == tag


def test_dutch_readers_get_dutch_sheets_and_words() -> None:
    book = book_of("nl", ideas=ideas())
    assert book.sheetnames == ["Overzicht", "Toelichting", "ideas"]
    assert "Verzonnen gegevens." in words_of(book["Overzicht"])
    assert ("ideas", "kind", "Soort actor", None, "a, b; of leeg", None) in values(book["Toelichting"])


def test_a_synthetic_dataset_says_so_on_every_printed_page() -> None:
    for sheet in book_of(ideas=ideas()):
        assert sheet.oddFooter.left.text == "Synthetic records: no real ideas, applicants or scores."


def test_every_unit_of_a_row_gives_its_cell_its_format(released: Dataset) -> None:
    sheet = opened(render_xlsx(released))["indicators"]
    heads = [cell.value for cell in sheet[1]]
    formats = {
        (row[heads.index("unit")].value, row[heads.index("value")].number_format)
        for row in sheet.iter_rows(min_row=2)
        if row[heads.index("value")].value is not None
    }
    assert {("share", "0.0%"), ("count", "#,##0"), ("euro", '"€" #,##0.00')} <= formats
    assert {pattern for unit, pattern in formats if unit == "share"} == {"0.0%"}


def test_sheets_have_valid_and_unique_names() -> None:
    names = name_sheets(["a" * 40, "a" * 40, "A" * 31, "x[1]:*?/\\", "'quoted'", "history", "", "b", "B"])
    assert names == ["a" * 31, "a" * 29 + "~2", "A" * 29 + "~3", "x_1______", "quoted", "history~2", "_", "b", "B~2"]


RENDER = "import hashlib, reuse; from analysis.publish.spreadsheet import render_xlsx; " \
    "print(hashlib.sha256(render_xlsx(reuse.dataset('nl', ideas=reuse.ideas(title=reuse.HOSTILE)))).hexdigest())"  # fmt: skip


@pytest.mark.parametrize(
    ("zone", "locale", "seed"), [("Pacific/Kiritimati", "C", "1"), ("America/Anchorage", "nl_BE.UTF-8", "2")]
)
def test_the_same_edition_gives_the_same_bytes_in_any_zone_and_locale(zone: str, locale: str, seed: str) -> None:
    here = hashlib.sha256(render_xlsx(dataset("nl", ideas=ideas(title=HOSTILE)))).hexdigest()
    environment = {**os.environ, "TZ": zone, "LC_ALL": locale, "PYTHONHASHSEED": seed, "PYTHONPATH": str(FOLDER)}
    done = subprocess.run([sys.executable, "-c", RENDER], env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == here


def test_no_part_of_the_file_tells_when_it_was_made() -> None:
    with zipfile.ZipFile(io.BytesIO(render_xlsx(dataset(ideas=ideas())))) as parts:
        assert {part.date_time for part in parts.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert str(datetime.now().year).encode() not in parts.read("docProps/core.xml")
