"""The manifest: the same bytes from the same inputs, full precision, nothing of the machine; read again it is checked."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from edition_folders import build_edition, number

from analysis.declarations import Edition
from analysis.faults import InputError
from analysis.files import file_hash
from analysis.publish.manifest import (
    describe_commit,
    hash_code,
    hash_content,
    list_versions,
    read_manifest,
    write_manifest,
)
from analysis.store import Store

EDITION = Edition.model_validate({"as_of": "2024-04-01", "audience": "public", "language": "en"})
INDICATORS = pd.DataFrame(
    {
        "indicator": ["a.third", "a.day", "a.none"],
        "value": [1 / 3, np.nan, np.nan],
        "day": pd.to_datetime([None, "2024-05-01", None]),
        "unit": ["share", "date", "count"],
        "step": "03_scoring",
        "function": "scoring.total",
        "tables": "scores@0123456789ab",
    }
)


@pytest.fixture
def released(store: Store) -> Store:
    """Return a store in which one table was processed and released."""
    table = pd.DataFrame({"proposal": ["G01", "G02"], "total": [4.5, None]})
    store.write_released("totals", table, EDITION.name)
    store.table_path("totals").write_bytes(store.table_path("totals", EDITION.name).read_bytes())
    return store


def write(store: Store, **outputs: bytes) -> dict:
    return json.loads(write_manifest(store, EDITION, outputs, INDICATORS, ["b.csv", "a.csv"]))


def test_what_is_written_is_read_again(released: Store, tmp_path: Path):
    (tmp_path / "manifest.json").write_bytes(write_manifest(released, EDITION, {"answer.html": b""}, INDICATORS, []))
    read = read_manifest(tmp_path)
    assert (read.call, read.edition, read.format) == (released.call_id, EDITION, 2)
    assert {name: item.shown for name, item in read.numbers.items()} == {
        "a.third": 1 / 3,
        "a.day": "2024-05-01",
        "a.none": None,
    }


def test_numbers_stand_in_full_precision(released: Store):
    assert write(released)["indicators"][0]["value"] == 1 / 3


def test_a_released_table_is_told_by_its_size_columns_and_content(released: Store):
    told = write(released)["released"]
    assert {name: (item["rows"], item["columns"]) for name, item in told.items()} == {
        "totals": (2, ["proposal", "total"])
    }


def test_the_hash_of_a_table_is_that_of_its_content():
    table = pd.DataFrame({"a": ["x", None], "b": [0.1, 2.0]})
    same = pd.DataFrame({"a": ["x", None], "b": [0.1, 2.0]}, index=[7, 9])
    others = [
        table.assign(b=[0.1, 2.0000000000000004]),
        table.assign(a=["x", ""]),
        table.rename(columns={"a": "c"}),
        table.iloc[::-1],
        table.assign(b=["0.1", "2.0"]),
    ]
    assert hash_content(same) == hash_content(table)
    assert hash_content(table) not in {hash_content(other) for other in others}


def test_the_hash_of_a_table_is_told_outside_the_house_only_where_it_is_released_whole(released: Store):
    assert set(write(released)["tables"]) == {"totals"}
    whole = pd.DataFrame({"proposal": ["G01", "G02", "G03"], "total": [4.5, None, 1.0]})
    for name in ("totals", "lottery"):
        released.table_path(name).write_bytes(whole.to_parquet(index=False))
    assert write(released)["tables"] == {}
    internal = EDITION.model_copy(update={"audience": "internal"})
    told = json.loads(write_manifest(released, internal, {}, INDICATORS, []))["tables"]
    assert told == {name: file_hash(released.table_path(name)) for name in ("lottery", "totals")}


def test_the_manifest_holds_no_path_and_no_name_of_the_machine(released: Store):
    text = json.dumps(write(released))
    assert str(released.root) not in text
    assert not re.search(r'"(/|[A-Za-z]:\\)', text)


def test_only_what_a_run_reads_and_makes_counts(released: Store):
    before = write(released)
    for path in (released.raw / ".scores.csv.swp", released.root / "notebooks" / "draft.ipynb"):
        path.write_text("by the way")
    (released.processed / "former.parquet").write_bytes(b"of a step that is no more")
    assert write(released) == before
    (released.raw / "attachments").mkdir()
    (released.raw / "attachments" / "letter.txt").write_text("delivered too")
    inputs = write(released)["inputs"].keys() - before["inputs"].keys()
    assert inputs == {f"data/raw/{released.call_id}/attachments/letter.txt"}


def test_every_dependency_that_an_output_passes_through_has_its_version():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    needed = {re.split(r"[<>=]", line)[0] for line in project["dependencies"]}
    assert set(list_versions()) == needed - {"jupyterlab"} | {"python", "oproep"}


def test_the_hash_of_the_code_is_over_names_and_bytes_of_all_its_files(tmp_path: Path):
    def hash_of(**files: str) -> str:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        for name, text in files.items():
            path = folder / name.replace("__", "/")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return hash_code(folder)

    base = hash_of(a="1", texts__b="2")
    assert hash_of(a="1", texts__b="2") == base
    assert base not in {hash_of(a="1", texts__b="3"), hash_of(a="1", texts__c="2"), hash_of(a="2", texts__b="1")}


def test_compiled_code_is_no_code(tmp_path: Path):
    (tmp_path / "a.py").write_text("1")
    before = hash_code.__wrapped__(tmp_path)
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_text("2")
    assert hash_code.__wrapped__(tmp_path) == before


# The commit.


def git(root: Path, *command: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *identity, *command], cwd=root, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    for name in ("notebooks/pipeline.yml", "src/a.py", "data/raw/a.csv", "README.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("1")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return tmp_path


def test_the_commit_is_told_with_whether_code_notebooks_and_data_are_as_committed(repository: Path):
    head = git(repository, "rev-parse", "HEAD").strip()
    (repository / "README.md").write_text("2")
    (repository / "reports").mkdir()
    (repository / "reports" / "answer.html").write_text("made")
    assert describe_commit(repository) == (head, True)


@pytest.mark.parametrize("name", ["src/a.py", "data/raw/a.csv", "notebooks/pipeline.yml", "data/raw/new.csv"])
def test_a_change_of_what_a_run_reads_is_told(repository: Path, name: str):
    (repository / name).write_text("2")
    assert describe_commit(repository)[1] is False


def test_a_repository_that_does_not_keep_the_project_says_nothing_of_it(repository: Path, tmp_path_factory):
    inner = repository / "reports" / "copy"
    (inner / "notebooks").mkdir(parents=True)
    (inner / "notebooks" / "pipeline.yml").write_text("1")
    assert describe_commit(inner) == (None, None)
    assert describe_commit(tmp_path_factory.mktemp("bare")) == (None, None)


def test_without_git_there_is_no_commit(repository: Path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    assert describe_commit(repository) == (None, None)


# Reading.


def corrupt(folder: Path, text: str) -> Path:
    (folder / "manifest.json").write_text(text, encoding="utf-8")
    return folder


BROKEN = {
    "cut off": (lambda whole: whole[:40], r"manifest\.json: found text that is not JSON"),
    "too deep": (lambda _: "[" * 100_000, r"manifest\.json: found text that is not JSON"),
    "foreign": (lambda _: '{"name": "site", "icons": []}', r"found no manifest of an edition; expected .* format 2"),
    "a list": (lambda _: "[]", r"found no manifest of an edition"),
    "older": (lambda whole: whole.replace('"format": 2, ', ""), r"found a manifest of format 1; expected format 2"),
    "newer": (lambda whole: whole.replace('"format": 2', '"format": 3'), r"found a manifest of format 3"),
    "without a key": (lambda whole: whole.replace('"code"', '"kode"'), r"manifest\.json, (code|kode): found"),
    "another call": (lambda whole: whole.replace('"parks-2024"', '"../../etc"'), r"manifest\.json, call: found"),
    "outside": (
        lambda whole: whole.replace('"answer.html"', '"../answer.html"'),
        r"manifest\.json, outputs.*: found .*a file in the folder of the edition",
    ),
    "absolute": (lambda whole: whole.replace('"answer.html"', '"/etc/passwd"'), r"manifest\.json, outputs"),
    "no number": (lambda whole: whole.replace('"value": 4', '"value": NaN'), r"manifest\.json, indicators\.0\.value"),
    "no day": (lambda whole: whole.replace("2024-04-01", "2024-04-31"), r"manifest\.json, edition\.as_of"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_manifest_is_one_clear_message(tmp_path: Path, name: str):
    break_it, message = BROKEN[name]
    whole = (build_edition(tmp_path, numbers=[number("a", 4)]) / "manifest.json").read_text(encoding="utf-8")
    broken = break_it(whole)
    assert broken != whole
    with pytest.raises(InputError) as caught:
        read_manifest(corrupt(tmp_path, broken))
    assert re.search(message, str(caught.value)), str(caught.value)
    assert len(caught.value.faults) == 1


def test_a_folder_without_a_manifest_is_named(tmp_path: Path):
    with pytest.raises(InputError, match=r"manifest\.json: found no such file; expected the folder of an edition"):
        read_manifest(tmp_path)
