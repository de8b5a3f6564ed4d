"""The store: the only door to tables; contracts kept, files whole or untouched, steps held to what they declare."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.faults import InputError
from analysis.files import file_hash, find_root, write_bytes
from analysis.indicators import Indicator
from analysis.steps import Step
from analysis.store import Store, Workspace, open_step

Refusal = Callable[[Callable[[], object]], list[str]]
Edit = Callable[[str, str, str], None]
SEATS = pd.DataFrame({"proposal": ["G01", "G02"], "nis": ["44021", "11002"]})
SIZES = pd.DataFrame({"phase": ["pilots"], "line": ["Upkeep"], "euro": [10_000], "fund": ["grant"], "year": [None]})


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def break_replacing(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError("the disk is gone")

    monkeypatch.setattr(os, "replace", fail)


@pytest.fixture
def workspace(store: Store) -> Workspace:
    """Return the workspace of a step that reads involvement and budget and makes actors and its indicators."""
    store.write_table("involvement", SEATS)
    store.write_table("budget", SIZES)
    step = Step(name="02_distribution", needs=("involvement", "budget"), makes=("actors", "distribution_indicators"))
    return Workspace(store, step)


def test_the_root_is_found_from_it_and_from_every_folder_below(project: Path) -> None:
    deep = project / "data" / "raw" / "reference"
    assert find_root(project) == find_root(deep) == project.resolve()


def test_the_root_is_found_from_the_current_folder(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "notebooks")
    assert find_root() == project.resolve()


def test_outside_a_project_the_environment_tells_the_root_and_within_one_it_does_not(
    project: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path_factory.mktemp("staging")
    monkeypatch.setenv("OPROEP_ROOT", str(project))
    monkeypatch.chdir(outside)
    assert find_root() == project.resolve()
    with pytest.raises(InputError):
        find_root(outside)
    monkeypatch.setenv("OPROEP_ROOT", str(outside / "gone"))
    with pytest.raises(InputError, match=r"nor in OPROEP_ROOT=.*gone; expected a folder"):
        find_root()
    monkeypatch.chdir(project / "data")
    assert find_root() == project.resolve()


def test_a_folder_outside_a_project_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        find_root(tmp_path)
    assert str(caught.value) == (
        f"{tmp_path.resolve()}: found no project here or above; "
        "expected a folder that holds notebooks/pipeline.yml, data/ and reports/."
    )


def test_the_hash_of_a_file_is_the_sha256_of_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\x00\r\nabc")
    assert file_hash(tmp_path / "file") == hashlib.sha256(b"\x00\r\nabc").hexdigest()


def test_a_file_is_written_whole_with_its_folders_and_readable_by_all(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file.bin"
    write_bytes(path, b"one")
    write_bytes(path, b"two")
    assert path.read_bytes() == b"two"
    assert visible(path.parent) == ["file.bin"]
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_bytes(tmp_path / "file", b"old")
    break_replacing(monkeypatch)
    with pytest.raises(OSError, match="the disk is gone"):
        write_bytes(tmp_path / "file", b"new")
    assert visible(tmp_path) == ["file"]
    assert (tmp_path / "file").read_bytes() == b"old"


def test_a_failed_first_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    break_replacing(monkeypatch)
    with pytest.raises(OSError, match="the disk is gone"):
        write_bytes(tmp_path / "file", b"new")
    assert visible(tmp_path) == []


def test_everything_of_a_call_lives_under_its_id(store: Store, project: Path) -> None:
    assert store.raw == project / "data/raw/green-streets-2024"
    assert store.reference == project / "data/raw/reference"
    assert store.processed == project / "data/processed/green-streets-2024"
    assert store.reports == project / "reports/green-streets-2024"
    assert store.table_path("scores") == store.processed / "scores.parquet"
    assert store.table_path("scores", "x") == store.edition_folder("x") / "scores.parquet"


def test_an_unknown_call_is_refused_with_the_calls_there_are(tmp_path: Path, refusal: Refusal) -> None:
    for name in ("second-2031", "first-2030"):
        (tmp_path / "data" / "raw" / name).mkdir(parents=True)
        (tmp_path / "data" / "raw" / name / "call.yml").touch()
    (tmp_path / "data" / "raw" / "reference").mkdir()
    assert refusal(lambda: Store(tmp_path, "first").call) == [
        "first: found no such folder; expected one of the calls first-2030, second-2031."
    ]


def test_without_any_call_a_folder_with_call_file_is_asked_for(tmp_path: Path, refusal: Refusal) -> None:
    assert refusal(lambda: Store(tmp_path, "any").call) == [
        "any: found no such folder; expected a folder with call.yml."
    ]


def test_the_reference_folder_is_no_call(project: Path, refusal: Refusal) -> None:
    assert refusal(lambda: Store(project, "reference").call) == [
        "reference/call.yml: found no such file; expected a file of this name."
    ]


def test_a_table_comes_back_as_it_was_written(store: Store) -> None:
    table = pd.DataFrame({
        "proposal": ["G01", "007"], "title": ["NA", "één"], "actor": ["A1", "A2"], "municipality": ["Gent", "Aalst"],
        "category": ["trees", "water"], "partnership": [None, "alone"], "focus": ["shade", None],
        "reach": ["local", "regional"], "start": [date(2024, 5, 1), None], "end": [None, date(2024, 12, 31)],
        "euro": [None, 9_007_199_254_740_991], "staff_months": [0.1, None],
    })  # fmt: skip
    path = store.write_table("chosen", table)
    assert path == store.table_path("chosen")
    read = store.read_table("chosen")
    assert read.astype(object).where(read.notna(), None).to_dict("list") == {
        **table.astype(object).where(table.notna(), None).to_dict("list"),
        "start": [pd.Timestamp(2024, 5, 1), None], "end": [None, pd.Timestamp(2024, 12, 31)],
    }  # fmt: skip
    assert {name: str(kind) for name, kind in read.dtypes.items()} == {
        name: str(kind) for name, kind in store.contracts["chosen"].empty().dtypes.items()
    }


def test_an_empty_table_comes_back_empty_with_its_columns(store: Store) -> None:
    store.write_table("survey", store.contracts["survey"].empty())
    pd.testing.assert_frame_equal(store.read_table("survey"), store.contracts["survey"].empty())


def test_the_same_table_gives_the_same_bytes(store: Store) -> None:
    first = store.write_table("involvement", SEATS).read_bytes()
    assert store.write_table("involvement", SEATS.set_index(pd.Index([5, 3]))).read_bytes() == first


def test_a_missing_table_is_answered_with_the_command_that_makes_it(store: Store, refusal: Refusal) -> None:
    assert refusal(lambda: store.read_table("scores")) == [
        "data/processed/green-streets-2024/scores.parquet: found no such table; "
        "expected a table made by `oproep run green-streets-2024`."
    ]


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        (SEATS.assign(proposal=["G01", None]), "row 1, column proposal: found nothing; expected a text."),
        (
            SEATS.assign(proposal="G01", nis="1"),
            "row 1, column proposal+nis: found 'G01, 1' again, which stands in row 0; expected each key once.",
        ),
    ],
)
def test_a_table_off_its_contract_is_refused_and_the_old_one_stays(
    store: Store, refusal: Refusal, table: pd.DataFrame, fault: str
) -> None:
    path = store.write_table("involvement", SEATS)
    before = path.read_bytes()
    assert refusal(lambda: store.write_table("involvement", table)) == [f"table involvement, {fault}"]
    assert path.read_bytes() == before
    assert visible(path.parent) == ["involvement.parquet"]


def test_a_table_without_one_of_its_columns_is_refused(store: Store, refusal: Refusal) -> None:
    assert refusal(lambda: store.write_table("involvement", SEATS[["nis"]])) == [
        "table involvement: found no column 'proposal'; expected the columns proposal, nis."
    ]
    assert not store.processed.exists()


def test_a_failed_write_leaves_the_old_table(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    path = store.write_table("involvement", SEATS)
    before = path.read_bytes()
    break_replacing(monkeypatch)
    with pytest.raises(OSError, match="the disk is gone"):
        store.write_table("involvement", SEATS.head(1))
    assert path.read_bytes() == before
    assert visible(path.parent) == ["involvement.parquet"]


def test_the_hashes_are_those_of_the_tables_on_disk(store: Store) -> None:
    paths = {"involvement": store.write_table("involvement", SEATS), "budget": store.write_table("budget", SIZES)}
    assert store.table_hashes(["budget", "involvement"]) == {
        name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in paths.items()
    }


def test_a_released_table_may_lack_columns_and_stands_apart(store: Store) -> None:
    store.write_table("involvement", SEATS)
    store.write_released("involvement", SEATS[["nis"]], "2024-04-01-public-en")
    assert list(store.read_table("involvement", "2024-04-01-public-en")) == ["nis"]
    assert list(store.read_table("involvement")) == ["proposal", "nis"]


def test_a_call_without_outline_or_published_figures_has_none(store: Store) -> None:
    assert (store.outline, store.published) == (None, None)


def test_published_figures_are_read_where_there_are_any(store: Store) -> None:
    figure = "{id: ideas, label: {en: ideas}, value: 12, unit: count, source: A, indicator: x}"
    (store.raw / "published.yml").write_text(f"figures: [{figure}]\n")
    assert store.published is not None
    assert store.published.figures[0].value == 12


def test_the_outline_is_read_from_the_reference_folder(store: Store, edit: Edit) -> None:
    edit("call.yml", "reference:\n", "reference:\n  outline: flanders.geojson\n")
    assert store.outline == json.loads((store.reference / "flanders.geojson").read_bytes())


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("nowhere.geojson", "reference/nowhere.geojson: found no such file; expected a file of this name."),
        (
            "mergers.csv",
            "reference/mergers.csv: found text that is not JSON (Expecting value: line 1 column 1 (char 0)); "
            "expected a GeoJSON file.",
        ),
    ],
)
def test_an_outline_that_cannot_be_read_is_named(
    store: Store, edit: Edit, refusal: Refusal, name: str, fault: str
) -> None:
    edit("call.yml", "reference:\n", f"reference:\n  outline: {name}\n")
    assert refusal(lambda: store.outline) == [fault]


def test_a_step_reads_what_it_declares_to_need(workspace: Workspace) -> None:
    assert workspace.read("involvement").to_dict("list") == SEATS.to_dict("list")
    assert {name: len(table) for name, table in workspace.read_all().items()} == {"involvement": 2, "budget": 1}


def test_a_step_reads_nothing_else_even_if_it_is_there(workspace: Workspace, refusal: Refusal) -> None:
    workspace.store.write_table("survey", workspace.store.contracts["survey"].empty())
    assert refusal(lambda: workspace.read("survey")) == [
        "notebooks/pipeline.yml, 02_distribution, needs: found no table 'survey'; "
        "expected one of involvement, budget, or survey declared here."
    ]


def test_a_step_writes_nothing_that_it_does_not_declare_to_make(workspace: Workspace, refusal: Refusal) -> None:
    before = file_hash(workspace.store.table_path("involvement"))
    assert refusal(lambda: workspace.write(involvement=SEATS.head(1))) == [
        "notebooks/pipeline.yml, 02_distribution, makes: found no table 'involvement'; "
        "expected one of actors, distribution_indicators, or involvement declared here."
    ]
    assert file_hash(workspace.store.table_path("involvement")) == before


def test_a_step_writes_what_it_declares_to_make(workspace: Workspace) -> None:
    actors = pd.DataFrame({"actor": ["A1"], "name": ["One"], "kind": ["school"], "nis": ["44021"], "contact": ["a@b"]})
    workspace.write(actors=actors)
    assert workspace.store.read_table("actors").to_dict("list") == actors.to_dict("list")


def test_indicators_are_written_with_the_hashes_of_their_tables(workspace: Workspace) -> None:
    hashes = workspace.store.table_hashes(["budget", "involvement"])
    items = [
        Indicator("seats", 2, "count", "x.seats", ("involvement",)),
        Indicator("both", 3, "count", "x.both", ("budget", "involvement")),
    ]
    table = workspace.write_indicators(iter(items))
    written = workspace.store.read_table("distribution_indicators")
    assert list(written["tables"]) == list(table["tables"]) == [
        f"involvement@{hashes['involvement'][:12]}",
        f"budget@{hashes['budget'][:12]} involvement@{hashes['involvement'][:12]}",
    ]  # fmt: skip
    assert set(written["step"]) == {"02_distribution"}


def test_an_indicator_that_is_computed_twice_is_refused(workspace: Workspace, refusal: Refusal) -> None:
    items = [Indicator("seats", 2, "count", "x.seats", ())] * 2
    assert refusal(lambda: workspace.write_indicators(items)) == [
        "table distribution_indicators, row 1, column indicator: found 'seats' again, which stands in row 0; "
        "expected each key once."
    ]


@pytest.fixture
def released(store: Store) -> Workspace:
    """Return a step that runs for an edition to which only involvement, without proposals, was released."""
    store.write_table("involvement", SEATS)
    store.write_table("budget", SIZES)
    store.write_released("involvement", SEATS[["nis"]], "today")
    return Workspace(store, Step(name="08_answer", needs=("budget", "involvement"), per_edition=True), "today")


def test_a_step_of_an_edition_sees_only_what_was_released_to_it(released: Workspace, refusal: Refusal) -> None:
    assert {name: list(table) for name, table in released.read_released().items()} == {"involvement": ["nis"]}
    (line,) = refusal(lambda: released.read("budget"))
    assert line.startswith("data/processed/green-streets-2024/released/today/budget.parquet: found no such table;")


def test_a_step_of_an_edition_reads_released_tables_one_by_one_too(released: Workspace) -> None:
    assert list(released.read("involvement")) == ["nis"]


def test_a_step_that_is_not_of_editions_reads_whole_tables_whatever_edition_is_named(released: Workspace) -> None:
    step = Step(name="02_distribution", needs=("involvement",))
    assert list(Workspace(released.store, step, "today").read("involvement")) == ["proposal", "nis"]


def test_an_edition_that_was_not_made_is_answered_with_the_command(store: Store, refusal: Refusal) -> None:
    step = Step(name="08_answer", needs=("budget",), per_edition=True)
    assert refusal(lambda: Workspace(store, step, "never").read_released()) == [
        "data/processed/green-streets-2024/released/never: found no such edition; "
        "expected an edition made by `oproep run green-streets-2024`."
    ]


def test_a_notebook_opens_its_step_from_the_folder_that_it_runs_in(
    project: Path, edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit("call.yml", "reference:\n", "reference:\n  outline: flanders.geojson\n")
    monkeypatch.chdir(project / "notebooks")
    step: Any = open_step("03_scoring", "green-streets-2024")
    assert (step.step.needs, step.call.id, step.published) == (("scores",), "green-streets-2024", None)
    assert step.outline["type"] == "FeatureCollection"
    assert open_step("08_answer", "green-streets-2024", "today").edition == "today"


def test_a_step_that_is_not_declared_cannot_be_opened(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project)
    with pytest.raises(KeyError, match="09_more"):
        open_step("09_more", "green-streets-2024")
