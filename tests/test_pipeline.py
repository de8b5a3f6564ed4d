"""The runner, with real kernels: editions appear whole, and a run that fails leaves the last good one untouched."""

import json
import shutil
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest

from analysis import editions
from analysis.declarations import Edition
from analysis.faults import InputError
from analysis.files import file_hash
from analysis.kernels import NotebookError
from analysis.pipeline import Options, run, run_step
from analysis.store import Store

CALL = "green-streets-2024"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, make_project) -> Path:
    """Return a project in which the small call was run once; tests that change it work on a copy."""
    root = make_project(tmp_path_factory.mktemp("finished"))
    store = Store(root, CALL)
    seen: list[str] = []

    @contextmanager
    def note(name: str):
        seen.append(f"begin {name}")
        yield
        seen.append(f"end {name}")

    run(store, store.call.editions, progress=note)
    (root / "seen.json").write_text(json.dumps(seen))
    return root


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copied", symlinks=True))


def digest(folder: Path) -> dict[str, str]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): file_hash(path) for path in paths}


def times(root: Path, *names: str) -> list[int]:
    return [(root / "data" / "processed" / CALL / f"{name}.parquet").stat().st_mtime_ns for name in names]


def edition_of(root: Path) -> Path:
    return root / "reports" / CALL / "2024-04-01-public-en"


def change_notebook(root: Path, step: str, old: str, new: str) -> None:
    path = root / "notebooks" / f"{step}.ipynb"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_run_leaves_an_edition_and_lets_latest_lead_to_it(finished: Path):
    assert {"answer.html", "answer.pdf", "manifest.json"} <= {path.name for path in edition_of(finished).iterdir()}
    assert (edition_of(finished).parent / "latest").resolve() == edition_of(finished)
    assert {path.name for path in edition_of(finished).parent.iterdir()} == {edition_of(finished).name, "latest"}


def test_a_run_shows_every_step_and_runs_none_before_what_it_needs(finished: Path):
    seen = [" ".join(entry.split()[:2]) for entry in json.loads((finished / "seen.json").read_text())]
    pipeline = Store(finished, CALL).pipeline
    assert {entry.split()[1] for entry in seen} == {*(step.name for step in pipeline.steps), "files"}
    for step in pipeline.steps:
        if not step.per_edition:
            makers = {pipeline.maker(table).name for table in step.needs}
            assert all(seen.index(f"begin {name}") < seen.index(f"begin {step.name}") for name in makers)
    ended = max(seen.index(f"end {step.name}") for step in pipeline.steps if not step.per_edition)
    assert ended < seen.index("begin 08_answer")


def test_a_second_run_runs_nothing_and_says_so(finished: Path):
    before, said = digest(edition_of(finished)), []
    store = Store(finished, CALL)
    run(store, store.call.editions, progress=lambda name: pytest.fail(f"{name} ran"), say=said.append)
    assert said == ["8 of 8 steps and editions were fresh"]
    assert digest(edition_of(finished)) == before


def test_every_step_leaves_its_executed_copy_without_paths_of_the_machine(finished: Path):
    copies = sorted((finished / "data" / "processed" / CALL / "notebooks").glob("*.ipynb"))
    assert len(copies) == len(Store(finished, CALL).pipeline.steps)
    assert not [copy.name for copy in copies if str(finished) in copy.read_text(encoding="utf-8")]


def test_the_manifest_holds_the_hash_of_every_input_and_output(finished: Path):
    manifest = json.loads((edition_of(finished) / "manifest.json").read_text(encoding="utf-8"))
    outputs = digest(edition_of(finished))
    assert manifest["outputs"] == {name: outputs[name] for name in outputs if name != "manifest.json"}
    scores = finished / "data" / "raw" / CALL / "scores.csv"
    assert manifest["inputs"][f"data/raw/{CALL}/scores.csv"] == file_hash(scores)
    assert manifest["changed_since_delivery"] == []
    assert manifest["synthetic"] is True
    chosen = next(item for item in manifest["indicators"] if item["indicator"] == "selection.chosen")
    assert (chosen["value"], chosen["function"]) == (4, "selection.choose")
    assert str(finished) not in json.dumps(manifest)


def test_a_damaged_table_is_made_again_and_nothing_that_it_does_not_change(copied: Path):
    before, others = digest(edition_of(copied)), times(copied, "scores", "selection", "indicators")
    totals = copied / "data" / "processed" / CALL / "totals.parquet"
    whole = totals.read_bytes()
    totals.write_bytes(whole[: len(whole) // 2])
    run(Store(copied, CALL), Store(copied, CALL).call.editions)
    assert totals.read_bytes() == whole
    assert times(copied, "scores", "selection", "indicators") == others
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


def test_a_report_that_is_not_what_its_manifest_tells_is_not_put_in_place(tmp_path: Path):
    files = {name: (edition / name).read_bytes() for edition in [tmp_path] for name in write(edition)}
    editions.check(tmp_path, files)
    (tmp_path / "data" / "x.csv").write_text("half")
    with pytest.raises(InputError, match=r"data/x\.csv: found no such file or other bytes"):
        editions.check(tmp_path, files)
    (tmp_path / "data" / "x.csv").unlink()
    with pytest.raises(InputError, match=r"data/x\.csv"):
        editions.check(tmp_path, files)


def write(folder: Path) -> list[str]:
    """Write an edition of two files; return the names of all."""
    (folder / "data").mkdir()
    (folder / "answer.html").write_text("page")
    (folder / "data" / "x.csv").write_text("table")
    outputs = {name: file_hash(folder / name) for name in ("answer.html", "data/x.csv")}
    (folder / "manifest.json").write_text(json.dumps({"outputs": outputs}))
    return ["answer.html", "data/x.csv", "manifest.json"]


def test_an_edition_is_released_and_rendered_aside(copied: Path, tmp_path: Path):
    """What is otherwise done in a process of its own, done here."""
    place = (str(copied), CALL, "08_answer", edition_of(copied).name)
    copy = copied / "data" / "processed" / CALL / "notebooks" / f"08_answer-{edition_of(copied).name}.ipynb"
    assert editions.release(*place) == ()
    assert editions.make(*place, str(copy), str(tmp_path / "aside")) == ()
    assert digest(tmp_path / "aside") == digest(edition_of(copied))
    (copied / "data" / "processed" / CALL / "totals.parquet").unlink()
    (fault,) = editions.release(*place)
    assert "totals.parquet: found no such table" in str(fault)


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


def test_a_step_whose_tables_change_removes_what_was_made_of_the_old_ones_and_no_more(copied: Path):
    store = Store(copied, CALL)
    run_step(store, store.pipeline.step("02_distribution"), "en")
    assert store.table_path("selection").is_file()
    change_notebook(copied, "02_distribution", "step.write(profiles=profiles", "step.write(profiles=profiles[::-1]")
    run_step(store, store.pipeline.step("02_distribution"), "en")
    assert store.table_path("profiles").is_file()
    assert not store.table_path("selection").is_file()
    assert store.table_path("totals").is_file()


def test_a_table_that_is_no_longer_declared_is_removed(copied: Path):
    state = copied / "data" / "processed" / CALL / ".state" / "03_scoring.json"
    noted = json.loads(state.read_text())
    old = copied / "data" / "processed" / CALL / "of_old.parquet"
    old.write_bytes(b"made when pipeline.yml still named it")
    noted["outputs"][f"data/processed/{CALL}/of_old.parquet"] = file_hash(old)
    state.write_text(json.dumps(noted))
    run(Store(copied, CALL), Store(copied, CALL).call.editions)
    assert not old.exists()


TABLES = {"01_ahead": "lottery", "02_behind": "reasons"}
AWAIT = """
import time
while not flag.exists():
    time.sleep(0.01)
"""


@pytest.fixture
def two_steps(make_project, tmp_path: Path):
    """Return what makes a project of two notebooks, the second of which needs the table that the first writes."""

    def make(first: str, second: str) -> Store:
        root = make_project(tmp_path / "two")
        for path in (root / "notebooks").iterdir():
            path.unlink()
        steps = {
            "01_ahead": {"makes": [TABLES["01_ahead"]]},
            "02_behind": {"needs": [TABLES["01_ahead"]], "makes": [TABLES["02_behind"]]},
        }
        steps = [{"name": name, **step} for name, step in steps.items()]
        (root / "notebooks" / "pipeline.yml").write_text(json.dumps({"steps": steps}))
        for name, code in {"01_ahead": first, "02_behind": second}.items():
            cells = [nbformat.v4.new_code_cell('call = ""\nlanguage = ""', metadata={"tags": ["parameters"]})]
            cells.append(nbformat.v4.new_code_cell(f"from pathlib import Path\nflag = Path({str(root / 'flag')!r})"))
            written = (
                f"folder = Path({str(root / 'data' / 'processed' / CALL)!r})\ntable = folder / '{TABLES[name]}.parquet'"
                "\nfrom analysis.files import write_bytes\nwrite = lambda text: write_bytes(table, text.encode())"
            )
            cells += [nbformat.v4.new_code_cell(f"{written}\n{code}")]
            kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
            nbformat.write(nbformat.v4.new_notebook(cells=cells, metadata=kernel), root / "notebooks" / f"{name}.ipynb")
        return Store(root, CALL)

    return make


def test_a_step_begins_once_the_tables_that_it_needs_are_written_though_their_step_goes_on(two_steps):
    store = two_steps("write('ours')" + AWAIT, "flag.touch()\nwrite('theirs')")
    run(store, [], options=Options(jobs=2))
    assert store.table_path(TABLES["02_behind"]).read_text() == "theirs"
    said: list[str] = []
    run(store, [], say=said.append)
    assert said == ["2 of 2 steps and editions were fresh"]


def test_a_table_of_an_earlier_run_is_not_taken_for_one_that_its_step_is_about_to_write(two_steps):
    store = two_steps("write('old')", "write((folder / 'lottery.parquet').read_text())")
    run(store, [], options=Options(jobs=2))
    change_notebook(store.root, "01_ahead", "'old'", "'new'")
    change_notebook(
        store.root, "01_ahead", "from pathlib import Path", "import time; time.sleep(0.3)\\nfrom pathlib import Path"
    )
    run(store, [], options=Options(jobs=2))
    assert store.table_path(TABLES["02_behind"]).read_text() == "new"


def test_a_table_that_is_written_again_after_others_began_with_it_is_refused(two_steps):
    store = two_steps(f"write('once'){AWAIT}write('twice')", "flag.touch()\nwrite('theirs')")
    with pytest.raises(
        InputError, match=r"01_ahead\.ipynb: found table lottery written twice; expected each table once"
    ):
        run(store, [], options=Options(jobs=2))


def test_a_step_that_fails_after_others_began_with_its_table_is_run_again(two_steps):
    store = two_steps(f"write('ours'){AWAIT}1 / 0", "flag.touch()\nwrite('theirs')")
    with pytest.raises(NotebookError, match="ZeroDivisionError"):
        run(store, [], options=Options(jobs=2))
    change_notebook(store.root, "01_ahead", "1 / 0", "pass")
    seen: list[str] = []

    @contextmanager
    def note(name: str):
        seen.append(name)
        yield

    run(store, [], progress=note)
    assert "01_ahead" in seen and store.table_path(TABLES["02_behind"]).read_text() == "theirs"


def test_the_notebook_of_the_answer_is_given_released_tables_only(finished: Path):
    store = Store(finished, CALL)
    released = {path.stem for path in store.edition_folder("2024-04-01-public-en").glob("*.parquet")}
    granted = {rule.table for rule in store.call.release if rule.audience == "public"}
    assert released == granted & set(store.pipeline.step("08_answer").needs)
    source = nbformat.read(finished / "notebooks" / "08_answer.ipynb", as_version=4)
    assert "read_table" not in str(source)
