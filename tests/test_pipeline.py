"""The runner, with real kernels: editions appear whole, and a run that fails leaves the last good one untouched."""

import hashlib
import json
import shutil
from pathlib import Path

import nbformat
import pytest

from analysis import pipeline
from analysis.declarations import Edition
from analysis.faults import InputError
from analysis.kernels import NotebookError
from analysis.pipeline import run, run_step
from analysis.store import Store

CALL = "green-streets-2024"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, make_project) -> Path:
    """Return a project in which the small call was run once; tests that change it work on a copy."""
    root = make_project(tmp_path_factory.mktemp("finished"))
    store = Store(root, CALL)
    seen: list[str] = []

    def note(name: str):
        seen.append(name)
        return pipeline._silent(name)

    run(store, store.call.editions, progress=note)
    (root / "seen.json").write_text(json.dumps(seen))
    return root


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copied"))


def digest(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def edition_of(root: Path) -> Path:
    return root / "reports" / CALL / "2024-04-01-public-en"


def change_notebook(root: Path, step: str, old: str, new: str) -> None:
    path = root / "notebooks" / f"{step}.ipynb"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_run_leaves_an_edition_of_three_files_and_shows_every_step(finished: Path):
    assert {path.name for path in edition_of(finished).iterdir()} == {"answer.html", "answer.pdf", "manifest.json"}
    seen = json.loads((finished / "seen.json").read_text())
    steps = [step.name for step in Store(finished, CALL).pipeline.steps]
    assert [name.split()[0] for name in seen[:-1]] == steps


def test_every_step_leaves_its_executed_copy_without_paths_of_the_machine(finished: Path):
    copies = sorted((finished / "data" / "processed" / CALL / "notebooks").glob("*.ipynb"))
    assert len(copies) == len(Store(finished, CALL).pipeline.steps)
    assert not [copy.name for copy in copies if str(finished) in copy.read_text(encoding="utf-8")]


def test_the_manifest_holds_the_hash_of_every_input_and_output(finished: Path):
    manifest = json.loads((edition_of(finished) / "manifest.json").read_text(encoding="utf-8"))
    outputs = digest(edition_of(finished))
    assert manifest["outputs"] == {name: outputs[name] for name in ("answer.html", "answer.pdf")}
    scores = finished / "data" / "raw" / CALL / "scores.csv"
    assert manifest["inputs"][f"data/raw/{CALL}/scores.csv"] == hashlib.sha256(scores.read_bytes()).hexdigest()
    assert manifest["changed_since_delivery"] == []
    assert manifest["synthetic"] is True
    chosen = next(item for item in manifest["indicators"] if item["indicator"] == "selection.chosen")
    assert (chosen["value"], chosen["function"]) == (4, "selection.choose")
    assert str(finished) not in json.dumps(manifest)


def test_the_same_inputs_give_the_same_bytes(copied: Path):
    before = digest(edition_of(copied))
    run(Store(copied, CALL), Store(copied, CALL).call.editions)
    assert digest(edition_of(copied)) == before


def test_one_step_runs_alone_on_the_tables_that_are_there(copied: Path):
    edition = Edition.model_validate({"as_of": "2024-03-31", "audience": "internal", "language": "en"})
    (folder,) = run(Store(copied, CALL), [edition], only="08_answer")
    assert folder.name == "2024-03-31-internal-en"
    assert "internal edition" in (folder / "answer.html").read_text(encoding="utf-8")


def test_an_unknown_step_is_refused(finished: Path):
    with pytest.raises(InputError, match=r"--step: found '09_other'; expected one of 01_ingest"):
        run(Store(finished, CALL), Store(finished, CALL).call.editions, only="09_other")


def test_a_failing_notebook_is_named_with_its_cell_and_leaves_the_last_good_report(copied: Path):
    before = digest(edition_of(copied))
    change_notebook(copied, "08_answer", "display(*answer.question())", "1 / 0")
    with pytest.raises(NotebookError, match=r"08_answer\.ipynb, code cell 5: ZeroDivisionError"):
        run(Store(copied, CALL), Store(copied, CALL).call.editions, only="08_answer")
    assert digest(edition_of(copied)) == before
    copy = copied / "data" / "processed" / CALL / "notebooks" / "08_answer-2024-04-01-public-en.ipynb"
    assert "ZeroDivisionError" in copy.read_text(encoding="utf-8")


def test_a_report_that_cannot_be_rendered_leaves_the_last_good_one_and_nothing_aside(copied: Path, monkeypatch):
    before = digest(edition_of(copied))
    monkeypatch.setattr(pipeline, "write_bytes", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        pipeline._place_whole(edition_of(copied), {"answer.html": b"new"})
    assert digest(edition_of(copied)) == before
    assert [path.name for path in edition_of(copied).parent.iterdir()] == [edition_of(copied).name]


def test_a_table_that_a_step_declares_and_does_not_make_is_named(copied: Path):
    change_notebook(copied, "02_distribution", "category_by_kind=crossed, ", "")
    store = Store(copied, CALL)
    with pytest.raises(
        InputError, match="found no table category_by_kind; expected every table that 02_distribution makes"
    ):
        run_step(store, store.pipeline.step("02_distribution"), "en")


def test_a_table_that_no_step_declares_is_named(copied: Path):
    change_notebook(
        copied,
        "02_distribution",
        "step.write(",
        'proposals.to_parquet(step.store.table_path(\\"stray\\"))\\nstep.write(',
    )
    store = Store(copied, CALL)
    with pytest.raises(InputError, match=r"found a table stray; expected a table declared in pipeline\.yml"):
        run_step(store, store.pipeline.step("02_distribution"), "en")


def test_a_step_that_runs_again_removes_what_later_steps_made_of_the_old_tables(copied: Path):
    store = Store(copied, CALL)
    run_step(store, store.pipeline.step("02_distribution"), "en")
    assert store.table_path("profiles").is_file()
    assert not store.table_path("selection").is_file()


def test_the_notebook_of_the_answer_is_given_released_tables_only(finished: Path):
    store = Store(finished, CALL)
    released = {path.stem for path in store.edition_folder("2024-04-01-public-en").glob("*.parquet")}
    granted = {rule.table for rule in store.call.release if rule.audience == "public"}
    assert released == granted & set(store.pipeline.step("08_answer").needs)
    source = nbformat.read(finished / "notebooks" / "08_answer.ipynb", as_version=4)
    assert "read_table" not in str(source)
