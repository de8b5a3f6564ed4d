"""What a change makes stale, and no more; and how that is said. Nothing is run: what runs would make is pretended."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from analysis import dependencies
from analysis.dependencies import Package
from analysis.files import point
from analysis.freshness import (
    LATEST,
    Inspection,
    Reason,
    Record,
    Standing,
    Verdict,
    find_settled,
    note_told,
    read_told,
    say_sheets,
    say_status,
    status_as_json,
    write_record,
)
from analysis.plan import Plan, Unit, read_package, recall, remember
from analysis.store import Store

CALL = "green-streets-2024"
EDITION = "08_answer 2024-04-01-public-en"
STEPS = ["01_ingest", "02_distribution", "03_scoring", "04_selection", "05_resources", "06_evaluation"]
STEPS += ["07_reconciliation"]


@pytest.fixture(scope="module")
def read() -> dict[str, object]:
    """Return what is read of the code of this package: once, for that takes longest."""
    return Package().memory()


@pytest.fixture
def code(tmp_path: Path, read: dict[str, object], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a copy of the code of this package, which a test may change."""
    hidden = shutil.ignore_patterns("__pycache__", ".*")
    folder = shutil.copytree(dependencies.PACKAGE, tmp_path / "code" / "analysis", ignore=hidden)
    monkeypatch.setattr("analysis.plan.Package", lambda known: Package(folder, read | known))
    return Path(folder)


def look(root: Path) -> Inspection:
    plan = Plan.of(Store(root, CALL))
    return Inspection(plan, read_package(root, CALL))


def pretend(inspection: Inspection, unit: Unit) -> None:
    """Leave what a run of a unit would leave."""
    plan = inspection.plan
    paths = [plan.table(name) for name in unit.makes] + [plan.copy(unit)]
    if unit.edition:
        paths.append(plan.processed / "released" / unit.edition / "totals.parquet")
        paths += [plan.reports / unit.edition / name for name in ("answer.html", "answer.pdf", "data/totals.csv")]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{path.name} made by {unit.name}")
    record = Record(inspection.parts(unit), inspection.outputs(unit), 1.5)
    write_record(inspection.record_path(unit), record)


@pytest.fixture
def made(project: Path, code: Path) -> Path:
    """Return the root of a project in which everything is fresh."""
    del code
    inspection = look(project)
    for unit in inspection.plan.units(inspection.plan.editions):
        pretend(inspection, unit)
    remember(inspection.plan, inspection.package)
    point(inspection.plan.reports / LATEST, inspection.plan.editions[-1])
    return project


def states(root: Path) -> dict[str, str]:
    inspection = look(root)
    verdicts = inspection.judge_all(inspection.plan.units(inspection.plan.editions))
    return {verdict.unit.name: verdict.state for verdict in verdicts if verdict.state != "fresh"}


def reasons(root: Path, name: str) -> str:
    inspection = look(root)
    verdicts = inspection.judge_all(inspection.plan.units(inspection.plan.editions))
    return next(verdict.say() for verdict in verdicts if verdict.unit.name == name)


def append(*parts: str) -> Callable[[Path], None]:
    """Return what adds a line to a file, given by its path below the root of the project."""

    def change(root: Path) -> None:
        path = root.joinpath(*parts)
        path.write_bytes(path.read_bytes() + b"\n# changed\n")

    return change


def change_cell(step: str) -> Callable[[Path], None]:
    def change(root: Path) -> None:
        path = root / "notebooks" / f"{step}.ipynb"
        notebook = nbformat.read(path, as_version=4)
        notebook.cells[-1].source += "\n# changed"
        nbformat.write(notebook, path)

    return change


def run_in_lab(root: Path) -> None:
    """Leave an output in a notebook, as one does who runs it by hand."""
    path = root / "notebooks" / "03_scoring.ipynb"
    notebook = nbformat.read(path, as_version=4)
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    cell.outputs, cell.execution_count = [nbformat.v4.new_output("stream", text="seen")], 7
    nbformat.write(notebook, path)


RAW, PROCESSED, REPORT = f"data/raw/{CALL}", f"data/processed/{CALL}", f"reports/{CALL}/2024-04-01-public-en"
WAITING = dict.fromkeys(["02_distribution", "03_scoring", "04_selection", "05_resources", "06_evaluation"], "depends")
ALL_STALE = dict.fromkeys([*STEPS, EDITION], "stale")
# What changes, then what is no longer fresh. `depends`: only if what is made first comes out otherwise.
CHANGES = {
    "nothing": (lambda _: None, {}),
    "a score": (append(RAW, "scores.csv"), {"01_ingest": "stale", **WAITING, "07_reconciliation": "depends", EDITION: "stale"}),
    "a delivered table that is new": (
        lambda root: (root / RAW / "survey.csv").write_text("a,b\n"),
        {"01_ingest": "stale", **WAITING, "07_reconciliation": "depends", EDITION: "stale"},
    ),
    "the published figures": (
        lambda root: (root / RAW / "published.yml").write_text("figures: []\n"),
        {"07_reconciliation": "stale", EDITION: "stale"},
    ),
    "what made the tables of a synthetic call": (
        lambda root: (root / RAW / "reconstruction.yml").write_text("seed: 1\n"),
        {EDITION: "stale"},
    ),
    "the call": (append(RAW, "call.yml"), ALL_STALE),
    "a reference file": (
        append("data/raw/reference/mergers.csv"),
        {"01_ingest": "stale", "02_distribution": "stale", EDITION: "stale"}
        | dict.fromkeys(STEPS[2:], "depends"),
    ),
    "a cell of a step": (
        change_cell("03_scoring"),
        {"03_scoring": "stale"} | dict.fromkeys(["04_selection", "05_resources", "06_evaluation", "07_reconciliation", EDITION], "depends"),
    ),
    "an output of a notebook": (run_in_lab, {}),
    "the notebook of the answer": (change_cell("08_answer"), {EDITION: "stale"}),
    "a wording of the answer": (append("code/analysis/texts/en/answer.yml"), {EDITION: "stale"}),
    "a wording in another language": (append("code/analysis/texts/nl/answer.yml"), {}),
    "a wording of the steps": (append("code/analysis/texts/en/steps.yml"), ALL_STALE),
    "the wording of another page": (append("code/analysis/texts/en/rank.yml"), {}),
    "how the page looks": (append("code/analysis/publish/template/style.css"), {EDITION: "stale"}),
    "how the PDF is made": (append("code/analysis/publish/pdf.py"), {EDITION: "stale"}),
    "a measure that one step uses": (
        append("code/analysis/reml.py"),
        {"03_scoring": "stale"} | dict.fromkeys(["04_selection", "05_resources", "06_evaluation", "07_reconciliation", EDITION], "depends"),
    ),
    "code that no step uses": (append("code/analysis/rankpage.py"), {}),
    "the runner itself": (append("code/analysis/pipeline.py"), {}),
    "the ground of all": (append("code/analysis/contracts.py"), ALL_STALE),
    "a table that is damaged": (
        lambda root: (root / PROCESSED / "totals.parquet").write_bytes(b"half"),
        {"03_scoring": "stale"} | dict.fromkeys(["04_selection", "06_evaluation", "05_resources", "07_reconciliation", EDITION], "depends"),
    ),
    "a table that is gone": (
        lambda root: (root / PROCESSED / "reasons.parquet").unlink(),
        {"04_selection": "stale"} | dict.fromkeys(["05_resources", "06_evaluation", "07_reconciliation", EDITION], "depends"),
    ),
    "a file of the report that is damaged": (append(REPORT, "answer.pdf"), {EDITION: "stale"}),
    "a file in a folder of the report that is gone": (lambda root: (root / REPORT / "data/totals.csv").unlink(), {EDITION: "stale"}),
    "a released table": (append(PROCESSED, "released/2024-04-01-public-en/totals.parquet"), {EDITION: "stale"}),
    "what was noted of a run": (
        lambda root: (root / PROCESSED / ".state" / "05_resources.json").write_text('{"parts": {'),
        {"05_resources": "stale", "07_reconciliation": "depends", EDITION: "depends"},
    ),
    "what was noted of the code": (lambda root: (root / PROCESSED / ".state" / "code.json").write_text("{"), {}),
}  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_makes_stale_what_was_made_from_it_and_no_more(made: Path, change: str):
    action, expected = CHANGES[change]
    action(made)
    assert states(made) == expected


def test_before_any_run_nothing_was_ever_run(project: Path):
    assert set(states(project).values()) == {"never run"}
    assert reasons(project, "01_ingest") == "nothing was made yet"


def test_another_version_of_what_is_installed_makes_all_stale(made: Path, monkeypatch):
    real = dependencies.installed_versions
    monkeypatch.setattr("analysis.freshness.installed_versions", lambda lock: real(lock) | {"pandas": "99.0"})
    assert states(made) == ALL_STALE
    assert reasons(made, "01_ingest").endswith("and is now 99.0")


def test_another_declared_order_of_editions_with_another_language_makes_the_steps_stale(made: Path):
    path = made / RAW / "call.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("language: en", "language: nl"), encoding="utf-8")
    assert "language was en and is now nl" in reasons(made, "02_distribution")


def test_a_run_that_broke_off_is_not_fresh(made: Path):
    inspection = look(made)
    unit = inspection.plan.shared[2]
    write_record(inspection.record_path(unit), Record(inspection.parts(unit), {}, finished=False))
    assert states(made)["03_scoring"] == "stale"
    assert reasons(made, "03_scoring") == "its last run did not come to its end"


WORDS = {
    Reason("raw/scores.csv", "changed"): "scores.csv changed",
    Reason("raw/decision.csv", "new"): "decision.csv is new",
    Reason("raw/survey.csv", "gone"): "survey.csv is gone",
    Reason("call.yml", "changed"): "call.yml changed",
    Reason("reference/mergers.csv", "changed"): "reference/mergers.csv changed",
    Reason("table/totals", "changed"): "table totals changed",
    Reason("module/analysis.scoring", "changed"): "module analysis.scoring changed",
    Reason("text/nl/answer.yml", "changed"): "texts/nl/answer.yml changed",
    Reason("template/publish/template/style.css", "changed"): "publish/template/style.css changed",
    Reason("its notebook", "changed"): "its notebook changed",
    Reason("its entry in pipeline.yml", "changed"): "its entry in pipeline.yml changed",
    Reason("version/pandas", "changed", "3.1.0", "3.1.1"): "pandas was 3.1.0 and is now 3.1.1",
    Reason("version/numpy", "new", "", "2.4"): "numpy was absent and is now 2.4",
    Reason(f"output/{PROCESSED}/totals.parquet", "damaged"): "table totals damaged",
    Reason(f"output/{PROCESSED}/totals.parquet", "missing"): "table totals is missing",
    Reason(f"output/{PROCESSED}/released/x/totals.parquet", "missing"): "released table totals is missing",
    Reason(f"output/{PROCESSED}/notebooks/03_scoring.ipynb", "damaged"): "the executed copy of its notebook damaged",
    Reason(f"output/{REPORT}/answer.pdf", "damaged"): "answer.pdf in reports damaged",
    Reason("03_scoring", "never"): "nothing was made yet",
    Reason("03_scoring", "unfinished"): "its last run did not come to its end",
    Reason("what was noted of its last run", "damaged"): "what was noted of its last run damaged",
}


@pytest.mark.parametrize("reason", WORDS, ids=str)
def test_every_reason_is_said_in_words(reason: Reason):
    assert str(reason) == WORDS[reason]


def test_a_step_that_depends_on_others_says_so():
    firsts = (Reason("01_ingest", "first"), Reason("04_selection", "first"))
    said = Verdict(Unit("05_resources", "05_resources"), "depends", firsts).say()
    assert said == "on 01_ingest and 04_selection, to be made first; it follows only if its tables change"


def test_beyond_the_first_reasons_only_their_number_is_said(made: Path):
    for name in ("scoring", "ranking", "reml", "gibbs", "agreement"):
        append("code/analysis", f"{name}.py")(made)
    assert reasons(made, "03_scoring") == (
        "module analysis.agreement changed, module analysis.gibbs changed, module analysis.ranking changed, "
        "module analysis.reml changed, and 1 more"
    )


def test_the_status_opens_with_what_to_do(made: Path):
    inspection = look(made)
    units = inspection.plan.units(inspection.plan.editions)
    lines = list(say_status(inspection.plan, inspection.judge_all(units)))
    assert lines[0] == f"{CALL}: all is fresh; `oproep run {CALL}` would change nothing."
    append(RAW, "call.yml")(made)
    lines = list(say_status(inspection.plan, look(made).judge_all(units)))
    assert lines[0] == f"{CALL}: 0 of 8 are fresh; `oproep run {CALL}` makes the rest."
    assert lines[1].split() == ["01_ingest", "stale", "call.yml", "changed"]


def test_the_status_as_json_tells_the_same(made: Path):
    append(RAW, "scores.csv")(made)
    inspection = look(made)
    verdicts = inspection.judge_all(inspection.plan.units(inspection.plan.editions))
    told = json.loads(json.dumps(status_as_json(inspection.plan, verdicts, running=True)))
    assert (told["call"], told["running"], len(told["units"])) == (CALL, True, 8)
    first, last = told["units"][0], told["units"][-1]
    assert (first["name"], first["state"], first["edition"]) == ("01_ingest", "stale", None)
    assert first["reasons"][0]["text"] == "scores.csv changed"
    assert (last["step"], last["edition"]) == ("08_answer", "2024-04-01-public-en")


def test_the_status_says_of_the_sheets_how_many_are_fresh_and_why_others_are_not_and_what_makes_them(made: Path):
    plan, applicants = look(made).plan, "2024-04-01-applicant-en"
    changed = (Reason("text/en/sheet.yml", "changed"), Reason("table/totals", "changed"))
    sheets = [
        Standing(applicants, "proposal", {"G01": "fresh", "G02": "fresh"}),
        Standing(applicants, "category", {"trees": "stale", "water": "missing", "play": "depends"}, changed),
        Standing(applicants, "province", {"north": "missing"}),
    ]
    command = f"`oproep sheets {CALL} --by %s --as-of 2024-04-01 --language en` makes what is not fresh."
    assert list(say_sheets(plan, sheets)) == [
        f"  sheets of {applicants}: 2 fresh",
        f"  sheets of {applicants} by category: 1 stale, 1 missing, 1 that follow only if they change",
        f"    table totals changed, texts/en/sheet.yml changed; {command % 'category'}",
        f"  sheets of {applicants} by province: 1 missing",
        f"    some are not there or not as they were made; {command % 'province'}",
    ]
    told = json.loads(json.dumps(status_as_json(plan, [], False, sheets)))["sheets"]
    assert [of_kind["counts"] for of_kind in told][:2] == [{"fresh": 2}, {"stale": 1, "missing": 1, "depends": 1}]
    assert told[1]["subjects"]["water"] == "missing"
    assert told[1]["reasons"][0]["text"] == "texts/en/sheet.yml changed"


def test_editions_that_were_asked_for_show_in_the_status_while_they_are_there(made: Path):
    inspection = look(made)
    other = inspection.plan.per_edition[0].of_edition("2024-05-01-internal-en")
    pretend(inspection, other)
    assert inspection.editions() == ("2024-04-01-public-en", "2024-05-01-internal-en")
    shutil.rmtree(inspection.plan.reports / "2024-05-01-internal-en")
    assert inspection.editions() == ("2024-04-01-public-en",)


def test_a_run_that_would_change_nothing_is_known_without_reading_the_call(made: Path, monkeypatch):
    monkeypatch.setattr("analysis.store.Store.call", property(lambda _: pytest.fail("the call was read")))
    settled = find_settled(made, CALL)
    assert settled is not None
    plan, names = settled
    assert plan.editions == names == ("2024-04-01-public-en",)
    assert find_settled(made, CALL, lambda _: ["2024-05-01-public-en"]) is None


@pytest.mark.parametrize(
    "change",
    [
        append(RAW, "call.yml"),
        append("notebooks/pipeline.yml"),
        append("code/analysis/declarations.py"),
        append(REPORT, "answer.html"),
        lambda root: (root / PROCESSED / ".state" / "plan.json").write_text("[]"),
    ],
)
def test_a_plan_that_was_noted_counts_only_while_nothing_changed(made: Path, change: Callable[[Path], None]):
    change(made)
    assert find_settled(made, CALL) is None


def test_a_plan_is_recalled_as_it_was(made: Path):
    assert recall(made, CALL, read_package(made, CALL)) == Plan.of(Store(made, CALL))


def test_what_a_run_told_at_its_end_is_kept(made: Path):
    plan = look(made).plan
    assert read_told(plan) == []
    note_told(plan, ["one sum does not add up"])
    assert read_told(plan) == ["one sum does not add up"]
