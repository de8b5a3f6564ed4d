"""The data package and its description for catalogues: valid, true to the tables, and silent on what was withheld."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from builders import small_call
from reuse import CONTRACTS, HOSTILE, SOURCES, dataset, ideas, scores
from running import run_steps

from analysis.contracts import Column, Contract
from analysis.declarations import Audience, Edition
from analysis.documents import read_document
from analysis.publish.catalogue import describe_dataset
from analysis.publish.datapackage import render_package
from analysis.publish.dictionary import Dataset
from analysis.published import Sources
from analysis.release import release_tables
from analysis.store import Store

HOSTILE_TO_FILES = [*HOSTILE, "carriage\rreturn", "bell\x07", "nul\x00", '"', "a,b", "\u202eturned"]


def write(files: dict[str, bytes], folder: Path) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder / "datapackage.json"


def faults_of(package: Path) -> list[tuple[str, str]]:
    """Return what Frictionless finds wrong with a package: the kind of each fault and the note on it."""
    from frictionless import validate

    report = validate(str(package))
    return [(fault[0], fault[1]) for fault in report.flatten(["type", "note"])]


def read_back(package: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of a table as Frictionless reads them."""
    from frictionless import Package

    return [row.to_dict() for row in Package(str(package)).get_resource(name).read_rows()]


def descriptor(files: dict[str, bytes]) -> dict[str, Any]:
    return dict(json.loads(files["datapackage.json"]))


def schema_of(files: dict[str, bytes], name: str) -> dict[str, Any]:
    return next(dict(table["schema"]) for table in descriptor(files)["resources"] if table["name"] == name)


def same(found: Any, given: Any) -> bool:
    if pd.isna(given) or given == "":
        return found is None
    if isinstance(given, pd.Timestamp):
        return bool(found == date(given.year, given.month, given.day))
    return bool(float(found) == given) if isinstance(given, float) else bool(found == given)


def differences(package: Path, name: str, table: pd.DataFrame) -> list[tuple[Any, Any]]:
    """Return every cell of a table that Frictionless reads otherwise."""
    rows = read_back(package, name)
    assert len(rows) == len(table)
    pairs = [
        (found[column], given)
        for found, (_, row) in zip(rows, table.iterrows(), strict=True)
        for column, given in row.items()
    ]
    return [(found, given) for found, given in pairs if not same(found, given)]


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, make_project: Any) -> Dataset:
    """Return what the small call on disk releases inside the house: all of it."""
    store: Store = run_steps(make_project(tmp_path_factory.mktemp("project")), "green-streets-2024", "en")
    edition = Edition.model_validate({"as_of": "2024-04-01", "audience": "internal", "language": "en"})
    tables = {name: store.read_table(name) for name in store.pipeline.step("08_answer").needs}
    shown = release_tables(tables, store.call, edition.audience, edition.as_of)
    reference = read_document(store.reference / "SOURCES.yml", Sources)
    return Dataset(store.call, edition, shown, store.contracts, [store.sources, reference])


def test_the_package_of_a_released_edition_is_valid_and_holds_every_cell(released: Dataset, tmp_path: Path) -> None:
    files = render_package(released)
    assert set(files) == {"datapackage.json", *(f"data/{name}.csv" for name in released.tables)}
    package = write(files, tmp_path)
    assert faults_of(package) == []
    for name, table in released.tables.items():
        assert differences(package, name, table) == [], name


def test_hostile_texts_come_back_as_they_went(tmp_path: Path) -> None:
    table = ideas(title=HOSTILE_TO_FILES)
    package = write(render_package(dataset(ideas=table)), tmp_path)
    assert faults_of(package) == []
    assert differences(package, "ideas", table) == []


def test_gaps_and_empty_tables_and_withheld_columns_make_a_valid_package(tmp_path: Path) -> None:
    nothing: list[Any] = [None, None]
    gaps = ideas(
        title=nothing, kind=["b", None], places=[None, 2], share=[0.1 + 0.2, None], euro=[1e-300, None], start=nothing
    )
    tables = {"ideas": gaps, "scores": scores().drop(columns="rater")}
    package = write(render_package(dataset(**tables)), tmp_path)
    assert faults_of(package) == []
    assert differences(package, "ideas", gaps) == []
    assert read_back(package, "scores") == []


def test_references_that_hold_are_declared_and_valid(tmp_path: Path) -> None:
    tables = {"ideas": ideas(), "scores": scores(("I0", "r1", 5.0), ("I1", "r1", 7.5))}
    files = render_package(dataset(**tables))
    schema = schema_of(files, "scores")
    assert schema["primaryKey"] == ["idea", "rater"]
    assert schema["foreignKeys"] == [{"fields": ["idea"], "reference": {"resource": "ideas", "fields": ["idea"]}}]
    assert faults_of(write(files, tmp_path)) == []
    path = tmp_path / "data" / "scores.csv"
    path.write_text(path.read_text().replace("I1", "I9"))
    assert "foreign-key" in {kind for kind, _ in faults_of(tmp_path / "datapackage.json")}


def test_keys_are_declared_only_where_their_columns_were_released() -> None:
    whole = {"ideas": ideas(), "scores": scores(("I0", "r1", 5.0))}
    for withheld, key in [("rater", "foreignKeys"), ("idea", "")]:
        files = render_package(dataset(**{**whole, "scores": whole["scores"].drop(columns=withheld)}))
        assert {"primaryKey", "foreignKeys"} & set(schema_of(files, "scores")) == ({key} if key else set())


def test_the_file_of_a_table_is_plain_csv() -> None:
    table = ideas(title=['say "a, b"', "=1+1"], share=[1 / 3, 1.0], places=[None, 4], open=[True, False])
    assert render_package(dataset(ideas=table))["data/ideas.csv"].decode() == (
        "idea,title,kind,places,share,euro,open,start\n"
        'I0,"say ""a, b""",a,,0.3333333333333333,1234.5,true,2030-02-01\n'
        "I1,=1+1,a,4,1.0,1234.5,false,2030-02-01\n"
    )


def test_a_field_is_described_with_its_type_unit_and_bounds() -> None:
    fields = {field["name"]: field for field in schema_of(render_package(dataset(ideas=ideas())), "ideas")["fields"]}
    assert {name: field["type"] for name, field in fields.items()} == {
        "idea": "string", "title": "string", "kind": "string", "places": "integer", "share": "number", "euro": "number",
        "open": "boolean", "start": "date",
    }  # fmt: skip
    assert fields["share"]["constraints"] == {"minimum": 0.0, "maximum": 1.0}
    assert fields["kind"]["constraints"] == {"enum": ["a", "b"]}
    assert fields["idea"]["constraints"] == {"required": True}
    assert (fields["euro"]["unit"], fields["euro"]["description"]) == ("euro", "Money")
    assert "unit" not in fields["title"]


def test_a_constraint_that_released_cells_no_longer_meet_is_not_declared(tmp_path: Path) -> None:
    coarse = ideas(idea=["I0", None], kind=["_merged", "a"], places=[-1, 5])
    files = render_package(dataset(ideas=coarse))
    constrained = {field["name"]: field.get("constraints") for field in schema_of(files, "ideas")["fields"]}
    assert constrained["idea"] is constrained["kind"] is constrained["places"] is None
    assert faults_of(write(files, tmp_path)) == []


def test_every_file_has_its_size_and_hash() -> None:
    files = render_package(dataset(ideas=ideas(), scores=scores(("I0", "r1", 5.0))))
    for table in descriptor(files)["resources"]:
        content = files[table["path"]]
        assert table["bytes"] == len(content)
        assert table["hash"] == "sha256:" + hashlib.sha256(content).hexdigest()


def test_the_package_tells_what_it_is() -> None:
    found = descriptor(render_package(dataset(ideas=ideas())))
    assert found["name"] == "small-2030-2030-06-15-public-en"
    assert found["profile"] == "tabular-data-package"
    assert found["title"] == "Small call: released tables"
    assert (found["created"], found["version"]) == ("2030-06-15T00:00:00Z", "2030.6.15")
    assert found["licenses"] == [{"name": "CC-BY-4.0", "title": "CC BY 4.0"}]
    assert found["sources"] == [{"title": "ideas.csv", "description": "made up", "license": "CC BY 4.0"}]
    assert found["contributors"] == [{"title": "Steunpunt", "role": "publisher"}]
    assert found["synthetic"] is True
    assert "Invented records." in found["description"]
    assert "starts with =" in found["description"]


def test_nothing_tells_what_was_withheld() -> None:
    shown = dataset(scores=scores(("I0", "r1", 5.0))[["score"]])
    files = render_package(shown)
    text = b" ".join([*files.values(), *map(str.encode, files), describe_dataset(shown, files)]).decode()
    for withheld in ("rater", "r1", "r2", "idea", "I0"):
        assert not re.search(rf"\b{withheld}\b", text), withheld


# The description for catalogues.


def described(audience: str = "public", language: str = "en") -> tuple[dict[str, Any], dict[str, bytes]]:
    shown = dataset(language, audience, ideas=ideas())
    files = {"answer.html": b"<p>", "answer.pdf": b"%PDF", "answer.docx": b"PK", "tables.xlsx": b"PK2"}
    files |= {"other.json": b"{}", **render_package(shown)}
    return dict(json.loads(describe_dataset(shown, files))), files


def test_the_description_names_every_file_with_its_size_and_hash() -> None:
    found, files = described()
    listed = {item["dcat:downloadURL"]["@id"]: item for item in found["dcat:distribution"]}
    assert list(listed) == list(files)
    for name, item in listed.items():
        assert item["dcat:byteSize"]["@value"] == str(len(files[name]))
        assert item["spdx:checksum"]["spdx:checksumValue"]["@value"] == hashlib.sha256(files[name]).hexdigest()
    kinds = {name: item["dcat:mediaType"]["@id"].partition("media-types/")[2] for name, item in listed.items()}
    assert kinds["data/ideas.csv"] == "text/csv"
    assert kinds["answer.pdf"] == "application/pdf"


def test_the_description_is_in_both_languages() -> None:
    found, _ = described()
    assert found["dct:title"] == [
        {"@language": "nl", "@value": "Kleine oproep: vrijgegeven tabellen"},
        {"@language": "en", "@value": "Small call: released tables"},
    ]
    assert [text["@language"] for text in found["dct:description"]] == ["nl", "en"]
    titles = {item["dcat:accessURL"]["@id"]: item["dct:title"][1]["@value"] for item in found["dcat:distribution"]}
    assert titles["tables.xlsx"] == "The released tables as a spreadsheet"
    assert titles["data/ideas.csv"] == "Ideas of a test"
    assert titles["other.json"] == "other.json"


@pytest.mark.parametrize(
    ("audience", "right"), [("public", "PUBLIC"), ("applicant", "RESTRICTED"), ("internal", "NON_PUBLIC")]
)
def test_the_description_tells_who_may_see_the_edition(audience: Audience, right: str) -> None:
    found, _ = described(audience)
    assert found["dct:accessRights"]["@id"].endswith(f"/access-right/{right}")


def test_the_description_tells_day_maker_period_place_licence_and_that_records_are_synthetic() -> None:
    found, _ = described(language="nl")
    assert found["dct:issued"]["@value"] == "2030-06-15"
    assert found["dct:publisher"]["foaf:name"] == "Steunpunt"
    assert found["dct:language"]["@id"].endswith("/language/NLD")
    period = found["dct:temporal"]
    assert (period["dcat:startDate"]["@value"], period["dcat:endDate"]["@value"]) == ("2030-01-01", "2031-06-30")
    assert found["dct:spatial"]["skos:prefLabel"][1] == {"@language": "en", "@value": "the Region"}
    assert [licence["dct:identifier"] for licence in found["dct:license"]] == ["CC-BY-4.0"]
    (provenance,) = found["dct:provenance"]
    assert [label["@value"] for label in provenance["rdfs:label"]] == ["Verzonnen gegevens.", "Invented records."]


def test_every_term_of_the_description_has_a_declared_prefix() -> None:
    found, _ = described()

    def terms(item: Any) -> set[str]:
        if isinstance(item, list):
            return set().union(*map(terms, item)) if item else set()
        if not isinstance(item, dict):
            return set()
        kinds = {item["@type"]} if "@type" in item else set()
        return {*item, *kinds}.union(*map(terms, item.values())) if item else set()

    used = {term for term in terms({key: value for key, value in found.items() if key != "@context"}) if term[0] != "@"}
    assert {term.partition(":")[0] for term in used} == set(found["@context"])


def test_real_records_are_not_said_to_be_synthetic() -> None:
    real = Sources.model_validate({"synthetic": False, "files": SOURCES.model_dump()["files"]})
    edition = Edition.model_validate({"as_of": "2030-06-15", "language": "en"})
    shown = Dataset(small_call(), edition, {"ideas": ideas()}, CONTRACTS, [real])
    files = render_package(shown)
    assert json.loads(describe_dataset(shown, files))["dct:provenance"] == []
    assert descriptor(files)["synthetic"] is False
    assert "Invented" not in files["datapackage.json"].decode()


def test_a_file_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(KeyError):
        describe_dataset(dataset(ideas=ideas()), {"data.exe": b""})


def test_a_number_is_written_so_that_reading_it_gives_the_same() -> None:
    numbers = [0.1 + 0.2, 1e-300, 1e22, -0.0, 2 / 3, 123456789.123456789]
    contract = Contract("t", "", "T", {"x": Column("number", "X")})
    edition = Edition.model_validate({"as_of": "2030-06-15", "language": "en"})
    shown = Dataset(small_call(), edition, {"t": pd.DataFrame({"x": numbers})}, {"t": contract}, [SOURCES])
    lines = render_package(shown)["data/t.csv"].decode().split()
    assert [float(line) for line in lines[1:]] == numbers
