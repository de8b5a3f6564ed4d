"""Whether a report still holds: recomputed with real kernels, and every way in which a folder may have been changed."""

import json
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import SMALL_CALL
from edition_folders import number

from analysis import cli, pipeline
from analysis.declarations import Edition
from analysis.faults import Fault, InputError
from analysis.files import file_hash
from analysis.kernels import NotebookError
from analysis.publish.manifest import Number, read_manifest
from analysis.publish.reading import read_page
from analysis.store import Store
from analysis.verification import Verification, compare_written, say_verification, verify_report

EVE, DAY = "2024-03-31-internal-en", "2024-04-01-public-en"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, make_project) -> Path:
    """Return a project in which two editions of the small call were made; tests that change it work on a copy."""
    store = Store(make_project(tmp_path_factory.mktemp("finished")), SMALL_CALL)
    pipeline.run(store, [Edition.parse(DAY), Edition.parse(EVE)])
    return store.root


@pytest.fixture
def copied(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copied"))


@pytest.fixture(autouse=True)
def temporary(monkeypatch) -> Iterator[Path]:
    """Return the folder in which all temporary ones are made; its path is short, for there are sockets below it."""
    with tempfile.TemporaryDirectory(prefix="v") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


@pytest.fixture
def rendered(finished: Path, monkeypatch) -> Iterator[list[Path]]:
    """Recompute without kernels: the edition as it was made stands for the one made anew; the roots are kept."""
    roots: list[Path] = []

    def run(store: Store, editions: list[Edition], *_: object) -> list[Path]:
        assert store.root != finished
        roots.append(store.root)
        (name,) = (edition.name for edition in editions)
        return [Path(shutil.copytree(report_of(finished, name), store.reports / name))]

    monkeypatch.setattr(pipeline, "run", run)
    yield roots


def report_of(root: Path, name: str = DAY) -> Path:
    return root / "reports" / SMALL_CALL / name


def digest(root: Path) -> dict[str, str]:
    return {path.relative_to(root).as_posix(): file_hash(path) for path in root.rglob("*") if path.is_file()}


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_bytes().decode("utf-8")
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode("utf-8"))


def mark_of(page: Path, name: str) -> str:
    """Return the first marked number of an indicator on a page, as it is written."""
    found = re.search(rf'<data [^>]*data-indicator="{re.escape(name)}"[^>]*>[^<]+</data>', page.read_text("utf-8"))
    assert found
    return found[0]


def changes(changed: tuple) -> dict[str, str]:
    return {change.name: change.state for change in changed if change.state != "same"}


def lines_of(found: Verification, every: bool = False) -> str:
    return "\n".join(say_verification(found, every))


# With real kernels.


def test_a_fresh_report_holds_and_nothing_of_the_project_is_touched(finished: Path, temporary: Path):
    before = digest(finished)
    found = verify_report(report_of(finished, EVE))
    assert found.holds, lines_of(found, every=True)
    assert all(change.state == "same" for change in (*found.numbers, *found.tables, *found.files, *found.rendered))
    assert found.numbers
    assert found.written_count
    assert (found.written, found.texts, found.causes) == ((), (), ())
    assert digest(finished) == before
    assert list(temporary.iterdir()) == []


def test_a_changed_score_is_told_number_by_number_with_its_cause(copied: Path, temporary: Path):
    replace(copied / "data" / "raw" / SMALL_CALL / "scores.csv", "G01,rater-1,benefit,4.5", "G01,rater-1,benefit,5.0")
    before = digest(copied)
    found = verify_report(report_of(copied))
    assert not found.holds
    numbers = {change.name: change for change in found.numbers}
    # benefit counts twice among five, and this rater once beside one who counts twice
    more = 0.5 * 2 / 5 / 3
    for name, points in (("scoring.highest", 4.516666667), ("selection.sum", 16.53333333)):
        change = numbers[name]
        assert (change.state, change.unit) == ("changed", "points")
        assert (change.was, change.now) == (pytest.approx(points), pytest.approx(points + more))
    assert numbers["selection.chosen"].state == "same"
    assert numbers["scoring.line"].state == "same"
    assert changes(found.causes) == {f"data/raw/{SMALL_CALL}/scores.csv": "changed"}
    assert set(changes(found.rendered)) >= {"answer.html", "answer.pdf"}
    assert changes(found.files) == {}
    said = lines_of(found)
    assert "- scoring.highest: was 4.52 points, is now 4.58 points" in said
    assert digest(copied) == before
    assert list(temporary.iterdir()) == []


# A folder that was changed, beside the edition as it was made.


def test_a_number_changed_on_the_page_is_named(copied: Path, rendered: list[Path]):
    page = report_of(copied) / "answer.html"
    old = mark_of(page, "selection.chosen")
    assert 'value="4"' in old
    replace(page, old, old.replace('value="4"', 'value="5"'))
    found = verify_report(report_of(copied))
    assert not found.holds
    assert [(change.name, change.was, change.now) for change in found.written] == [("selection.chosen", 5.0, 4.0)]
    assert changes(found.files) == {"answer.html": "changed"}
    assert "- selection.chosen: was 5, is now 4" in lines_of(found)
    assert len(rendered) == 1


def test_a_number_shown_otherwise_than_its_value_is_named(copied: Path, rendered: list[Path]):
    del rendered
    page = report_of(copied) / "answer.html"
    old = mark_of(page, "selection.chosen")
    replace(page, old, re.sub(">.*<", ">seventeen<", old))
    found = verify_report(report_of(copied))
    assert not found.holds
    assert [(change.name, change.was) for change in found.written] == [("selection.chosen", "seventeen")]
    assert "- selection.chosen: was “seventeen”, is now “" in lines_of(found)


def test_a_sentence_changed_on_the_page_is_told(copied: Path, rendered: list[Path]):
    del rendered
    replace(report_of(copied) / "answer.html", "</main>", "<p>Nobody objected to this choice.</p></main>")
    found = verify_report(report_of(copied))
    assert not found.holds
    assert [(change.state, change.was) for change in found.texts] == [("gone", "Nobody objected to this choice.")]


def test_one_byte_of_the_pdf_is_enough(copied: Path, rendered: list[Path]):
    del rendered
    path = report_of(copied) / "answer.pdf"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    found = verify_report(report_of(copied))
    assert not found.holds
    assert changes(found.files) == {"answer.pdf": "changed"}
    assert "- answer.pdf: changed" in lines_of(found)


@pytest.mark.parametrize("name", ["answer.pdf", "answer.html"])
def test_a_file_that_was_deleted_is_named(copied: Path, rendered: list[Path], name: str):
    del rendered
    (report_of(copied) / name).unlink()
    found = verify_report(report_of(copied))
    assert not found.holds
    assert changes(found.files) == {name: "gone"}
    assert f"- {name}: missing" in lines_of(found)


def test_a_page_that_is_no_text_any_more_does_not_hold(copied: Path, rendered: list[Path]):
    del rendered
    path = report_of(copied) / "answer.html"
    path.write_bytes(path.read_bytes().replace(b"</main>", b"\xff</main>"))
    assert not verify_report(report_of(copied)).holds


def test_a_file_laid_beside_the_report_is_told_and_does_not_make_it_untrue(copied: Path, rendered: list[Path]):
    del rendered
    (report_of(copied) / "data").mkdir(exist_ok=True)
    (report_of(copied) / "data" / "letter.txt").write_text("signed")
    (report_of(copied) / ".hidden").write_text("of the desktop")
    found = verify_report(report_of(copied))
    assert found.holds
    assert changes(found.files) == {"data/letter.txt": "new"}


def test_a_manifest_that_claims_other_numbers_is_refuted(copied: Path, rendered: list[Path]):
    del rendered
    path = report_of(copied) / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    by_id = {item["indicator"]: item for item in manifest["indicators"]}
    by_id["selection.chosen"]["value"] = 9
    by_id["selection.start"]["day"] = "2024-05-02"
    manifest["indicators"] = [item for item in by_id.values() if item["indicator"] != "scoring.raters"]
    manifest["indicators"].append(number("scoring.invented", 3, "points"))
    path.write_text(json.dumps(manifest), encoding="utf-8")
    found = verify_report(report_of(copied))
    assert not found.holds
    assert changes(found.numbers) == {
        "selection.chosen": "changed",
        "selection.start": "changed",
        "scoring.raters": "new",
        "scoring.invented": "gone",
    }
    said = lines_of(found)
    assert "- selection.chosen: was 9, is now 4" in said
    assert "- selection.start: was 2024-05-02, is now 2024-05-01" in said
    assert "- scoring.raters: new, 2" in said
    assert "- scoring.invented: no longer computed, was 3 points" in said


def change_edition(folder: Path, name: str, old: bytes, new: bytes) -> None:
    """Change a file of an edition and what its manifest records of it."""
    content = (folder / name).read_bytes()
    assert old in content
    (folder / name).write_bytes(content.replace(old, new, 1))
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["outputs"][name] = file_hash(folder / name)
    manifest["code"], manifest["versions"]["typst"] = "other", "0.1"
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def test_other_bytes_with_the_same_numbers_and_words_are_told_and_hold(copied: Path, rendered: list[Path]):
    del rendered
    change_edition(report_of(copied), "answer.pdf", b"%PDF-1.7", b"%PDF-1.6")
    found = verify_report(report_of(copied))
    assert found.holds
    assert changes(found.rendered) == {"answer.pdf": "changed"}
    assert set(changes(found.causes)) == {"code, texts and templates of the package", "version of typst"}
    assert "version of typst: was 0.1, is now" in lines_of(found)


def test_another_wording_made_by_other_code_does_not_hold(copied: Path, rendered: list[Path]):
    del rendered
    change_edition(report_of(copied), "answer.html", b"</main>", b"<p>Former words.</p></main>")
    found = verify_report(report_of(copied))
    assert not found.holds
    assert (changes(found.files), changes(found.rendered)) == ({}, {"answer.html": "changed"})
    assert "- passage: gone, was “Former words.”" in lines_of(found)


# The numbers of a page.


def page(body: str):
    return read_page(f"<main>{body}</main>")


def prose(name: str, value: str, shown: str) -> str:
    return f'<p><data value="{value}" data-indicator="{name}">{shown}</data></p>'


def cell(value: str, shown: str) -> str:
    return f'<table><tr><td><data value="{value}" data-column="totals.total">{shown}</data></td></tr></table>'


NUMBERS = {
    "a.count": Number(**number("a.count", 4)),
    "a.share": Number(**number("a.share", 2 / 3, "share")),
    "a.day": Number(**number("a.day", None, "date", "2024-05-01")),
}


def test_a_number_holds_in_each_of_the_wordings_that_the_page_made_anew_gives_it():
    anew = page(prose("a.count", "4", "four") + prose("a.count", "4", "4") + prose("a.share", "0.666666666667", "67%"))
    assert not list(compare_written(anew, anew, NUMBERS))
    said = page(prose("a.count", "4", "4") + prose("a.share", "0.666666666667", "66%"))
    (change,) = compare_written(said, anew, NUMBERS)
    assert (change.name, change.was, change.now) == ("a.share", "66%", "67%")


@pytest.mark.parametrize(
    ("name", "value", "now"),
    [("a.count", "5", 4.0), ("a.count", "nan", 4.0), ("a.count", "", 4.0), ("a.day", "2024-05-02", "2024-05-01"),
     ("a.share", "0.6667", 2 / 3), ("a.unknown", "4", None)],
)  # fmt: skip
def test_a_value_that_the_indicator_does_not_have_is_told(name: str, value: str, now: object):
    said = page(prose(name, value, "x"))
    (change,) = compare_written(said, page(""), NUMBERS)
    assert (change.name, change.now, change.state) == (name, now, "changed" if now else "gone")
    json.dumps(change.was, allow_nan=False)


def test_cells_are_compared_in_the_order_of_their_column():
    anew = page(cell("4.5", "4.5") + cell("4", "4.0") + cell("3", "3.0"))
    said = page(cell("4.5", "4.5") + cell("4.25", "4.3") + cell("3", "3.1"))
    assert [(change.name, change.was, change.now) for change in compare_written(said, anew, {})] == [
        ("totals.total, cell 2", "“4.3” (4.25)", "“4.0” (4)"),
        ("totals.total, cell 3", "“3.1” (3)", "“3.0” (3)"),
    ]
    (change,) = compare_written(page(cell("4.5", "4.5")), anew, {})
    assert (change.name, change.was, change.now) == ("totals.total, number of cells", 1, 3)


# What cannot be told.


FAILURES: dict[str, tuple[Callable[[Path], Exception], str]] = {
    "input": (
        lambda root: InputError([Fault(f"{root}/data/raw/x.csv, row 2", "'a'", "a number")]),
        r"{root}/data/raw/x\.csv, row 2: found 'a'; expected a number",
    ),
    "input in a notebook": (
        lambda root: NotebookError("01_ingest.ipynb", 2, "InputError", f"{root}/data: found 1; expected 2.", root),
        r"cannot be told: {root}/data: found 1; expected 2\.$",
    ),
    "notebook": (
        lambda root: NotebookError("03_scoring.ipynb", 4, "KeyError", "'total'", root),
        r"cannot be told: 03_scoring\.ipynb, code cell 4: KeyError: 'total'$",
    ),
    "disk": (lambda root: OSError(28, "No space left", str(root)), r"cannot be told: OSError: .*No space left"),
}


@pytest.mark.parametrize("name", FAILURES)
def test_a_run_that_fails_means_that_nothing_can_be_told(finished: Path, temporary: Path, monkeypatch, name: str):
    failure, message = FAILURES[name]

    def fail(store: Store, _: object) -> list[Path]:
        raise failure(store.root)

    monkeypatch.setattr(pipeline, "run", fail)
    with pytest.raises(InputError) as caught:
        verify_report(report_of(finished))
    assert re.search(message.format(root=re.escape(str(finished))), caught.value.message()), caught.value.message()
    assert str(temporary) not in caught.value.message()
    assert list(temporary.iterdir()) == []


def test_without_room_for_a_copy_nothing_can_be_told(finished: Path, rendered: list[Path], monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(finished / "no-such-folder"))
    with pytest.raises(InputError, match=r"cannot be told: .*no-such-folder"):
        verify_report(report_of(finished))
    assert rendered == []


def test_the_copy_holds_what_a_run_reads_and_nothing_else(copied: Path, rendered: list[Path], monkeypatch):
    seen: list[set[str]] = []
    run = pipeline.run

    def look(store: Store, editions: list[Edition]) -> list[Path]:
        seen.append({path.relative_to(store.root).as_posix() for path in store.root.rglob("*") if path.is_file()})
        return run(store, editions)

    monkeypatch.setattr(pipeline, "run", look)
    verify_report(report_of(copied))
    manifest = read_manifest(report_of(copied))
    assert seen[0] >= {*manifest.inputs, *manifest.notebooks}
    assert {Path(name).parts[0] for name in seen[0]} == {"data", "notebooks"}
    assert {Path(name).parts[2] for name in seen[0] if name.startswith("data")} == {SMALL_CALL, "reference"}
    assert not rendered[0].exists()


# The command.


@pytest.fixture
def verify(capfd, monkeypatch):
    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["oproep", "verify", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capfd.readouterr()
        return int(ended.value.code or 0), captured.out, captured.err

    return command


def test_a_report_that_holds_is_exit_code_0_and_a_few_lines(verify, finished: Path, rendered: list[Path]):
    code, out, _ = verify(report_of(finished))
    assert code == 0
    assert out.startswith(f"{SMALL_CALL}, {DAY}: the report holds.\n")
    assert len(out.splitlines()) == 7
    assert len(rendered) == 1


def test_all_lists_every_number(verify, finished: Path, rendered: list[Path]):
    del rendered
    code, out, _ = verify(report_of(finished), "--all")
    assert code == 0
    assert "- selection.chosen: 4\n" in out
    listed = out.partition("Numbers that hold\n")[2].splitlines()
    assert len(listed) == len(read_manifest(report_of(finished)).indicators)


def test_a_report_that_does_not_hold_is_exit_code_1_also_as_json(verify, copied: Path, rendered: list[Path]):
    del rendered
    (report_of(copied) / "answer.pdf").write_bytes(b"another")
    code, out, err = verify(report_of(copied), "--json")
    found = json.loads(out)
    assert (code, err, found["holds"], found["call"], found["edition"]) == (1, "", False, SMALL_CALL, DAY)
    states = {item["name"]: item["state"] for item in found["files"]}
    assert (states["answer.pdf"], states["answer.html"]) == ("changed", "same")
    assert {item["state"] for item in found["numbers"]} == {"same"}


def test_the_project_is_that_of_the_report_or_of_the_working_folder_or_the_one_given(
    verify, copied: Path, tmp_path: Path, rendered: list[Path], monkeypatch
):
    moved = Path(shutil.copytree(report_of(copied), tmp_path / "elsewhere"))
    monkeypatch.chdir(tmp_path)
    assert verify(report_of(copied))[0] == 0
    code, out, err = verify(moved)
    assert (code, out) == (2, "")
    assert "no project here or above" in err
    assert verify(moved, "--root", copied)[0] == 0
    monkeypatch.chdir(copied / "notebooks")
    assert verify(moved)[0] == 0
    assert len(rendered) == 3


BAD = {
    "no manifest": (lambda root: (report_of(root) / "manifest.json").unlink(), "no such file"),
    "corrupt manifest": (lambda root: (report_of(root) / "manifest.json").write_text("{"), "not JSON"),
    "older manifest": (
        lambda root: replace(report_of(root) / "manifest.json", '"format": 2', '"format": 1'),
        "a manifest of format 1",
    ),
    "no raw data": (lambda root: shutil.rmtree(root / "data" / "raw" / SMALL_CALL), "no such folder"),
    "no pipeline": (lambda root: (root / "notebooks" / "pipeline.yml").write_text("steps: 3"), "pipeline.yml"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_cannot_be_told_is_one_clear_message_and_exit_code_2(
    verify, copied: Path, temporary: Path, rendered: list[Path], name: str
):
    break_it, message = BAD[name]
    break_it(copied)
    code, out, err = verify(report_of(copied))
    assert (code, out) == (2, "")
    assert message in err
    assert "Traceback" not in err
    assert rendered == []
    assert list(temporary.iterdir()) == []
