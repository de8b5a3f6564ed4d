"""The data dictionary: in Dutch as complete as in English, and about nothing but what was released."""

from __future__ import annotations

import re
from collections import defaultdict
from datetime import date

import pandas as pd
import pytest
from builders import small_call
from reuse import CONTRACTS, dataset, ideas, scores

from analysis.contracts import Column, Contract
from analysis.declarations import Language
from analysis.glossary import describe_column, describe_table
from analysis.publish.dictionary import (
    ReleasedColumn,
    describe_values,
    identify_licence,
)
from analysis.tables import contracts
from analysis.wording import Wording, read_texts

CALL = small_call()
ALL = contracts(CALL)
DICTIONARY = read_texts("nl")["dictionary"]
COLUMNS = [(contract, name) for contract in ALL.values() for name in contract.columns]


def english(text: str) -> str:
    """Return a description without a difference that Dutch does not make."""
    return text.replace("Lower end", "Low end").replace("Upper end", "High end")


def test_every_table_and_every_column_is_described_in_dutch() -> None:
    lacking = [name for name in ALL if not DICTIONARY["tables"].get(name, {}).get("description")]
    lacking += [
        f"{contract.name}.{name}"
        for contract, name in COLUMNS
        if name not in DICTIONARY["columns"] and name not in DICTIONARY["tables"][contract.name].get("columns", {})
    ]
    assert lacking == []


def test_the_dutch_dictionary_describes_nothing_that_is_not_there() -> None:
    used = {name for _, name in COLUMNS}
    assert set(DICTIONARY["tables"]) - set(ALL) == set()
    assert set(DICTIONARY["columns"]) - used == set()
    assert set(DICTIONARY["values"]) - used == set()
    for name, own in DICTIONARY["tables"].items():
        for key in ("columns", "values"):
            assert set(own.get(key, {})) - set(ALL[name].columns) == set(), name


def test_what_differs_in_english_differs_in_dutch_and_the_other_way_round() -> None:
    there: dict[tuple[str, str], set[str]] = defaultdict(set)
    back: dict[tuple[str, str], set[str]] = defaultdict(set)
    for contract, name in COLUMNS:
        said, dutch = english(contract.columns[name].description), describe_column(contract, name, "nl")
        there[name, said].add(dutch)
        back[name, dutch].add(said)
    for pairs in (there, back):
        assert {key: texts for key, texts in pairs.items() if len(texts) > 1} == {}


def test_both_languages_name_the_same_numbers() -> None:
    for contract, name in COLUMNS:
        texts = (contract.columns[name].description, describe_column(contract, name, "nl"))
        assert re.findall(r"\d+", texts[0]) == re.findall(r"\d+", texts[1]), (contract.name, name)


def test_every_unit_has_a_word_in_both_languages() -> None:
    units = {contract.columns[name].unit for contract, name in COLUMNS} - {""}
    for language in ("nl", "en"):
        assert units - set(read_texts(language)["tables"]["units"]) == set()


def of_codes(contract: Contract, name: str) -> ReleasedColumn:
    return ReleasedColumn(name, contract.columns[name], "text", tuple(contract.columns[name].allowed or ()))


def test_every_code_has_a_label_in_dutch_but_those_of_raters() -> None:
    words = Wording("nl", CALL)
    own = {"prototype", "plan", "score", "percentages", "reserves"}  # which are Dutch too
    bare = {
        (name, code)
        for contract, name in COLUMNS
        if name != "rater"
        for code, label in describe_values(contract, of_codes(contract, name), words).items()
        if label == code and code not in own
    }
    assert bare == set()


def test_a_rater_is_known_by_its_code_only() -> None:
    for language in ("nl", "en"):
        column = of_codes(ALL["individual_scores"], "rater")
        shown = describe_values(ALL["individual_scores"], column, Wording(language, CALL))
        assert shown == {"j1": "j1", "own": "own"}


@pytest.mark.parametrize(
    ("language", "table", "column"),
    [("en", "The chosen proposals", "Name of the lead actor"), ("nl", "De gekozen projecten", "Naam van de aanvrager")],
)
def test_a_table_and_a_column_are_described_in_the_language_of_the_reader(
    language: Language, table: str, column: str
) -> None:
    assert describe_table(ALL["chosen"], language) == table
    assert describe_column(ALL["chosen"], "actor", language) == column


def test_what_is_not_translated_is_described_in_english() -> None:
    assert describe_table(CONTRACTS["ideas"], "nl") == "Ideas of a test"
    assert describe_column(Contract("new", "", "", {"unheard_of": Column("text", "New")}), "unheard_of", "nl") == "New"


def test_cells_are_read_as_what_they_are() -> None:
    columns = dataset(ideas=ideas(title=["x", ""], share=[0.1, None])).released["ideas"].columns
    kinds = {column.name: (column.kind, column.cells) for column in columns}
    assert kinds["title"] == ("text", ("x", None))
    assert kinds["places"] == ("integer", (3, 3))
    assert kinds["share"] == ("number", (0.1, None))
    assert kinds["open"] == ("flag", (True, True))
    assert kinds["start"] == ("day", (date(2030, 2, 1),) * 2)


def test_cells_that_release_made_coarser_are_texts() -> None:
    coarse = ideas().assign(places=["fewer than 5", "7"])
    column = dataset(ideas=coarse).released["ideas"].find("places")
    assert column is not None
    assert (column.kind, column.cells) == ("text", ("fewer than 5", "7"))


def test_a_row_of_which_nothing_was_released_is_left_out() -> None:
    shown = dataset(ideas=ideas(title=["x", None, "y"])[["title"]]).released["ideas"]
    assert shown.rows == [("x",), ("y",)]
    assert shown.length == 2


@pytest.mark.parametrize(
    ("table", "key"),
    [
        (ideas(), ("idea",)),
        (ideas(idea=["I1", "I1"]), ()),
        (ideas(idea=["I1", None]), ()),
        (ideas().drop(columns="idea"), ()),
    ],
)
def test_a_key_holds_only_where_it_was_released_whole(table: pd.DataFrame, key: tuple[str, ...]) -> None:
    assert dataset(ideas=table).released["ideas"].key == key


def test_a_reference_holds_only_where_both_ends_were_released_and_every_cell_is_found() -> None:
    found = scores(("I0", "r1", 5.0))
    for tables, held in [
        ({"ideas": ideas(), "scores": found}, 1),
        ({"ideas": ideas().drop(columns="idea"), "scores": found}, 0),
        ({"scores": found}, 0),
        ({"ideas": ideas(), "scores": found.drop(columns="idea")}, 0),
        ({"ideas": ideas(), "scores": scores(("I9", "r1", 5.0))}, 0),
    ]:
        released = dataset(**tables)
        assert len(released.references(released.released["scores"])) == held


def test_codes_of_persons_of_whom_nothing_was_released_are_not_listed() -> None:
    column = dataset(scores=scores(("I0", "r2", 5.0))).released["scores"].find("rater")
    assert column is not None
    assert column.codes == ("r2",)


@pytest.mark.parametrize(
    ("licence", "name"), [("CC BY 4.0", "CC-BY-4.0"), ("CC0-1.0", "CC0-1.0"), ("(eigen)", "eigen")]
)
def test_a_licence_has_an_identifier(licence: str, name: str) -> None:
    assert identify_licence(licence) == name


def test_the_same_edition_has_the_same_identifier_and_another_one_another() -> None:
    assert dataset().identifier == dataset(ideas=ideas()).identifier
    assert dataset().identifier != dataset(language="nl").identifier
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", dataset().identifier)
