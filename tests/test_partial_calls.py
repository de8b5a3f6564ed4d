"""Only some of the data: each combination of delivered files is read and computed, and what is left out is said."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from builders import make_table, small_call
from running import compose_edition, read_answer, run_cells, run_steps

from analysis import ingest, omissions
from analysis.contracts import check_table, conform
from analysis.faults import InputError
from analysis.indicators import tabulate, values
from analysis.omitted import say_omissions
from analysis.pipeline import run
from analysis.sheetrun import Wanted, make_sheets
from analysis.store import Store, Workspace
from analysis.wording import read_texts

ROOT = Path(__file__).parents[1]
CALL = "green-streets-2024"
FILES = (
    *("actors", "involvement", "scores", "budget", "masterclasses", "staffing", "survey", "decision"),
    *("follow_up_choice", "pilots", "joining"),
)
TOPICS = ("scaling_up", "basis", "money", "staff", "not_selected", "evaluation")
MADE: Mapping[str, str] = {  # the files that the small call of the tests does not have
    "masterclasses": "proposal,session,attended,feasibility,desirability\nG01,1,true,3,4\nG02,1,false,,\n",
    "staffing": "phase,employee,fraction,from,to\npilots,M1,0.5,2024-05-01,2024-12-31\n",
    "survey": "respondent,chosen,question,answer\n" + "".join(f"R{i},{i % 2 == 0},again,4\n" for i in range(12)),
    "decision": "proposal,reason\n" + "".join(f"G{i:02},a reason\n" for i in (1, 2, 3, 4)),
    "follow_up_choice": "proposal,path,reason\nG11,talk,a reason\n",
    "pilots": "proposal,success,support,wider_need,yearly_cost,assessed_on,source\n"
    "G01,true,true,true,900,2024-12-31,a report\n",
    "joining": "proposal,nis\nG01,44021\nG01,11002\n",
}
EXTRA: Mapping[str, Any] = {  # the sections that it does not have either
    "survey_questions": [{"id": "again", "label": {"en": "We would take part again."}}],
    "paths": [{"id": "talk", "label": {"en": "a talk"}, "description": {"en": "A talk."}, "rule": "other"}],
    "cost_sharing": {"model": "equal", "most_per_municipality": 500, "source": "rules"},
    "uncertainty": {"draws": 400, "weights": 100, "choices": 1},
    "questions": [{"topic": topic, "text": {"en": "A question?"}} for topic in TOPICS],
}
# What is declared for each file; without any of them a section is left out.
SECTIONS: Mapping[str, tuple[str, ...]] = {
    "actor_kinds": ("actors",), "reference": ("actors", "involvement", "joining"), "scoring": ("scores",),
    "selection": ("scores",), "phases": ("budget", "staffing"), "funds": ("budget",), "survey_questions": ("survey",),
    "paths": ("follow_up_choice",), "cost_sharing": ("joining",),
}  # fmt: skip
DATES: Mapping[str, tuple[str, ...]] = {
    "scoring": ("scores",), "announcement": ("scores", "decision"), "execution": ("scores", "decision"),
}  # fmt: skip
LEAST = ("proposal", "title", "category")  # the columns that no table of proposals can do without


def declare(files: set[str], **changes: Any) -> dict[str, Any]:
    """Return `call.yml` with the sections and dates that these files need; a change to None leaves a section out."""
    call = yaml.load((ROOT / "tests" / "calls" / CALL / "call.yml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    call |= EXTRA
    if "actors" not in files:
        call["selection"]["quotas"] = []
    for section, needed_by in SECTIONS.items():
        if not files & set(needed_by):
            del call[section]
    call["dates"] = {n: d for n, d in call["dates"].items() if n not in DATES or files & set(DATES[n])}
    return {name: section for name, section in (call | changes).items() if section is not None}


def deliver(root: Path, files: set[str], columns: tuple[str, ...] = (), **changes: Any) -> Store:
    """Make the call with these files beside the proposals, of which only these columns are kept if any are named."""
    origin, folder = ROOT / "tests" / "calls" / CALL, root / "data" / "raw" / CALL
    folder.mkdir(parents=True, exist_ok=True)
    for name in {"proposals", *files}:
        text = MADE.get(name) or (origin / f"{name}.csv").read_text(encoding="utf-8")
        (folder / f"{name}.csv").write_text(text, encoding="utf-8")
    if columns:
        pd.read_csv(folder / "proposals.csv", dtype="str")[list(columns)].to_csv(folder / "proposals.csv", index=False)
    (folder / "call.yml").write_text(
        yaml.dump(declare(files, **changes), Dumper=yaml.CSafeDumper, sort_keys=False), encoding="utf-8"
    )
    (folder / "SOURCES.yml").write_text("synthetic: true\nnotice: {en: Fictional.}\nfiles: {}\n", encoding="utf-8")
    return Store(root, CALL)


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a project with the notebooks and the reference tables, and no call."""
    root = tmp_path_factory.mktemp("bare")
    (root / "data" / "raw").mkdir(parents=True)
    (root / "data" / "raw" / "reference").symlink_to(ROOT / "data" / "raw" / "reference", target_is_directory=True)
    (root / "notebooks").symlink_to(ROOT / "notebooks", target_is_directory=True)
    return root


@pytest.fixture
def project(tmp_path: Path, bare: Path) -> Path:
    """Make such a project of one's own, with copies of the notebooks: a kernel finds its project from where they lie."""
    shutil.copytree(bare / "notebooks", tmp_path / "notebooks", ignore=shutil.ignore_patterns(".*", "__pycache__"))
    (tmp_path / "data" / "raw").mkdir(parents=True)
    (tmp_path / "data" / "raw" / "reference").symlink_to(bare / "data" / "raw" / "reference", target_is_directory=True)
    return tmp_path


def few_and_many(names: Iterable[str]) -> Iterator[frozenset[str]]:
    """Yield no file, each by itself, all but each, and all of them."""
    whole = frozenset(names)
    few = [frozenset[str](), *(frozenset([name]) for name in sorted(whole))]
    yield from dict.fromkeys(chain(few, (whole - names for names in few)))


# Every combination is read.


def test_each_file_is_read_alone_and_all_others_without_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, towns = ingest._read_delivered, ingest.read_municipalities
    known: dict[object, pd.DataFrame] = {}  # a file is read alike beside others; what they say together differs

    def read_once(store: Store, name: str, corrections: Any) -> pd.DataFrame:
        key = (name, (store.raw / f"{name}.csv").exists())
        return known[key] if key in known else known.setdefault(key, read(store, name, corrections))

    def read_towns_once(folder: Path, call: Any) -> pd.DataFrame:
        key = call.reference is None
        return known[key] if key in known else known.setdefault(key, towns(folder, call))

    monkeypatch.setattr(ingest, "_read_delivered", read_once)
    monkeypatch.setattr(ingest, "read_municipalities", read_towns_once)
    for files in few_and_many(FILES):
        shutil.rmtree(project / "data" / "raw" / CALL, ignore_errors=True)
        tables = ingest.read_tables(deliver(project, set(files)))
        assert {name for name, table in tables.items() if len(table)} - {"municipalities"} == {"proposals", *files}
        assert bool(len(tables["municipalities"])) == bool(files & {"actors", "involvement", "joining"})


def test_the_least_that_a_call_can_deliver_is_read(project: Path) -> None:
    tables = ingest.read_tables(deliver(project, set(), LEAST))
    assert len(tables["proposals"]) == 12
    assert tables["proposals"].drop(columns=list(LEAST)).isna().all(axis=None)


@pytest.mark.parametrize("column", LEAST)
def test_less_than_that_is_refused(project: Path, column: str) -> None:
    store = deliver(project, set(), tuple(name for name in LEAST if name != column))
    with pytest.raises(InputError, match=rf"proposals\.csv: found no column '{column}'"):
        ingest.read_tables(store)


@pytest.mark.parametrize("column", ["actor", "reach", "cross_sector"])
def test_a_column_that_may_be_left_out_whole_is_not_left_open_in_a_row(project: Path, column: str) -> None:
    store = deliver(project, set())
    path = store.raw / "proposals.csv"
    table = pd.read_csv(path, dtype="str")
    table.loc[3, column] = None
    table.to_csv(path, index=False)
    with pytest.raises(InputError, match=rf"row 5, column {column}: found nothing"):
        ingest.read_tables(store)


# What is delivered must be declared.


@pytest.mark.parametrize(("section", "files"), [item for item in SECTIONS.items() if item[0] not in
                                                 ("selection", "cost_sharing")])  # fmt: skip
def test_a_delivered_table_without_its_declaration_is_a_fault_that_says_what_to_declare(
    project: Path, section: str, files: tuple[str, ...]
) -> None:
    changes: dict[str, Any] = {"selection": None} if section == "scoring" else {}
    store = deliver(project, set(files), **{section: None, **changes})
    with pytest.raises(InputError) as caught:
        ingest.read_tables(store)
    (fault,) = caught.value.faults
    assert fault.place.endswith(f"call.yml, {section}")
    assert fault.found == "no such section"
    assert all(f"{name}.csv" in fault.expected for name in files)


@pytest.mark.parametrize(("column", "section"), [("partnership", "partnerships"), ("focus", "focuses")])
def test_groups_that_the_call_does_not_declare_are_one_fault(project: Path, column: str, section: str) -> None:
    with pytest.raises(InputError) as caught:
        ingest.read_tables(deliver(project, set(), **{section: None}))
    (fault,) = caught.value.faults
    assert fault.place.endswith(f"proposals.csv, column {column}")
    assert fault.expected.endswith(f"the section {section} in call.yml")


def test_a_choice_needs_the_day_of_its_announcement(project: Path) -> None:
    dates = {"submission": {"start": "2024-01-01", "end": "2024-02-01", "source": "rules"}}
    with pytest.raises(InputError) as caught:
        ingest.read_tables(deliver(project, {"decision"}, dates=dates))
    (fault,) = caught.value.faults
    assert (fault.place.rpartition(", ")[2], "decision.csv" in fault.expected) == ("dates.announcement", True)


def test_a_quota_on_what_no_file_tells_is_a_fault(project: Path) -> None:
    quota = {"id": "schools", "label": {"en": "schools"}, "column": "actor_kind", "groups": ["school"],
             "minimum": 1, "source": "rules"}  # fmt: skip
    rules = {"shortlist": 6, "choose": 4, "tie_rule": "median", "quotas": [quota]}
    kinds = [{"id": "school", "label": {"en": "school"}}]
    with pytest.raises(InputError, match=r"selection\.quotas\.0\.column: found 'actor_kind'; expected actors\.csv"):
        ingest.read_tables(deliver(project, {"scores"}, selection=rules, actor_kinds=kinds))


def test_actors_without_a_column_that_leads_to_them_are_a_fault(project: Path) -> None:
    with pytest.raises(InputError, match=r"proposals\.csv: found no column 'actor'; .*actors\.csv was delivered"):
        ingest.read_tables(deliver(project, {"actors"}, LEAST))


# Every combination is computed.


class Memory(Workspace):
    """A workspace whose tables are in memory: it checks contracts as the store does, and keeps nothing."""

    def __init__(self, store: Store, step: str, tables: Mapping[str, pd.DataFrame]) -> None:
        super().__init__(store, store.pipeline.step(step))
        self.__dict__.update(tables=tables, made={})

    def read(self, name: str) -> pd.DataFrame:
        return self.tables[name]

    def read_all(self) -> dict[str, pd.DataFrame]:
        return {name: self.tables[name] for name in self.step.needs}

    def write(self, **tables: pd.DataFrame) -> None:
        for name, table in tables.items():
            contract = self.store.contracts[name]
            self.made[name] = check_table(conform(table, contract), contract, name)

    def write_indicators(self, indicators: Any) -> pd.DataFrame:
        found = list(indicators)
        hashes = {name: "0" * 64 for item in found for name in item.tables}
        table = tabulate(found, self.step.name, hashes)
        self.write(**{f"{self.step.name[3:]}_indicators": table})
        return table


class Machine:
    """The steps of a call in memory; a step is run once for every combination of the files that it can know of."""

    def __init__(self, stores: Mapping[bool, Store]) -> None:
        self.stores = stores
        self.raw = {selecting: ingest.read_tables(store) for selecting, store in stores.items()}
        self.runs: dict[tuple[str, bool, frozenset[str]], dict[str, pd.DataFrame]] = {}

    @cache  # noqa: B019
    def known(self, step: str) -> frozenset[str]:
        """Return the files that what a step reads is made from."""
        pipeline = self.stores[True].pipeline
        found: set[str] = set()
        for table in pipeline.step(step).needs:
            maker = pipeline.maker(table).name
            found |= {table} & set(FILES) if maker == "01_ingest" else self.known(maker)
        return frozenset(found)

    def run(self, step: str, selecting: bool, files: frozenset[str]) -> dict[str, pd.DataFrame]:
        """Return the tables that a step makes where these files were delivered."""
        key = (step, selecting, files & self.known(step))
        if key not in self.runs:
            self.runs[key] = self._run(*key)
        return self.runs[key]

    def _run(self, step: str, selecting: bool, files: frozenset[str]) -> dict[str, pd.DataFrame]:
        store = self.stores[selecting]
        tables = {}
        for name in store.pipeline.step(step).needs:
            maker = store.pipeline.maker(name).name
            if maker == "01_ingest":
                there = name in (*files, "proposals", "municipalities")
                tables[name] = self.raw[selecting][name] if there else store.contracts[name].empty()
            else:
                tables[name] = self.run(maker, selecting, files)[name]
        memory = Memory(store, step, tables)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("analysis.store.open_step", lambda *_: memory)
            run_cells(store.root / "notebooks" / f"{step}.ipynb", {"call": CALL, "language": "en"}, draw=False)
        assert set(memory.made) == set(memory.step.makes)
        return memory.made


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, bare: Path) -> Machine:
    stores = {}
    for selecting in (True, False):
        root = tmp_path_factory.mktemp("machine")
        (root / "notebooks").symlink_to(bare / "notebooks", target_is_directory=True)
        (root / "data" / "raw").mkdir(parents=True)
        (root / "data" / "raw" / "reference").symlink_to(bare / "data" / "raw" / "reference")
        changes: dict[str, Any] = {} if selecting else {"selection": None}
        stores[selecting] = deliver(root, set(FILES), **changes)
    rules = stores[True].call.selection.model_copy(update={"quotas": ()})  # which need the actors
    stores[True].__dict__["call"] = stores[True].call.model_copy(update={"selection": rules})
    return Machine(stores)


@pytest.mark.parametrize("step", ["02_distribution", "03_scoring", "04_selection"])
@pytest.mark.parametrize("selecting", [True, False], ids=["with a selection", "without"])
def test_a_step_makes_all_its_tables_from_every_combination_of_the_files_it_knows_of(
    machine: Machine, step: str, selecting: bool
) -> None:
    known = sorted(machine.known(step))
    for size in range(len(known) + 1):
        for files in combinations(known, size):
            made = machine.run(step, selecting, frozenset(files))
            assert all(len(made[name].columns) for name in made)


@pytest.mark.parametrize("step", ["05_resources", "06_evaluation"])
def test_a_later_step_makes_all_its_tables_from_few_files_and_from_many(machine: Machine, step: str) -> None:
    for files in few_and_many(machine.known(step)):
        machine.run(step, True, files)


def test_from_all_files_the_evaluation_tells_all(machine: Machine) -> None:
    whole = machine.run("06_evaluation", True, frozenset(FILES))
    assert all(len(whole[name]) for name in ("attendance", "survey_results", "follow_up", "scaling", "services"))


def test_each_file_adds_its_part_and_takes_nothing_away(machine: Machine) -> None:
    steps = [step.name for step in machine.stores[True].pipeline.steps][1:6]

    def indicators(files: set[str]) -> set[str]:
        made = [machine.run(step, True, frozenset(files))[f"{step[3:]}_indicators"] for step in steps]
        return {name for table in made for name in table["indicator"]}

    files: set[str] = set()
    before = indicators(files)
    assert "distribution.proposals" in before
    told = {
        "actors": "distribution.province.west-vlaanderen.submitted", "involvement": "distribution.municipalities",
        "scores": "selection.sum", "budget": "resources.pilots.euro", "staffing": "resources.pilots.fte",
        "masterclasses": "evaluation.attendance", "survey": "evaluation.respondents", "pilots": "scaling.open",
        "joining": "sharing.municipalities",
    }  # fmt: skip
    for name, indicator in told.items():
        assert indicator not in before
        files.add(name)
        after = indicators(files)
        assert indicator in after
        assert before <= after
        before = after


def test_without_rules_of_a_selection_the_scores_give_a_ranking_and_no_shortlist(machine: Machine) -> None:
    made = machine.run("03_scoring", False, frozenset({"scores"}))
    with_rules = machine.run("03_scoring", True, frozenset({"scores"}))
    assert made["totals"].drop(columns="shortlisted").equals(with_rules["totals"].drop(columns="shortlisted"))
    assert not made["totals"]["shortlisted"].any()
    assert made["expected_ranks"]["er"].tolist() == with_rules["expected_ranks"]["er"].tolist()
    assert made["expected_ranks"]["group"].isna().all()
    assert made["stability"]["shortlisted"].isna().all()
    found = set(values(made["scoring_indicators"]))
    assert {"scoring.highest", "agreement.icc1.all.estimate", "expectation.draws"} <= found
    assert not {"scoring.line", "expectation.lottery", "sensitivity.raters_that_matter"} & found


def test_without_scores_a_decision_tells_what_was_chosen_and_no_reason_follows(machine: Machine) -> None:
    made = machine.run("04_selection", True, frozenset({"decision"}))
    assert made["chosen"]["proposal"].tolist() == ["G01", "G02", "G03", "G04"]
    assert made["chosen"]["actor"].isna().all()
    assert all(made[name].empty for name in ("selection", "reasons", "alternatives", "constraint_prices"))
    found = values(made["selection_indicators"])
    assert (found["selection.chosen"], found["selection.not_chosen"]) == (4, 8)
    assert not {"selection.shortlisted", "selection.departures", "selection.sum"} & found.keys()


# What is left out is said.


def tables_of(files: set[str], **proposals: Any) -> dict[str, pd.DataFrame]:
    whole = {"partnership": "alone", "focus": "role", "start": pd.Timestamp("2030-07-01"), "months": 2,
             "maturity_intake": "idea", "maturity_end": "plan"}  # fmt: skip
    tables = {name: pd.DataFrame({"a": [1] if name in files else []}) for name in FILES}
    return tables | {"proposals": make_table("proposals", {"proposal": "P1", **whole, **proposals})}


def call_asking(*topics: str, **sections: Any) -> Any:
    return small_call(questions=[{"topic": topic, "text": {"en": "?"}} for topic in topics], **sections)


ALL = set(FILES)


@pytest.mark.parametrize(
    ("missing", "left"),
    [
        ({"decision"}, {}),
        ({"actors"}, {"applicants": ("actors",)}),
        ({"involvement"}, {"places": ("involvement",)}),
        ({"scores"}, {"ranking": ("scores",), "computation": ("scores",)}),
        ({"scores", "decision"}, {"ranking": ("scores",), "choice": ("scores",), "follow_up": ("choice",)}),
        ({"budget"}, {"money": ("budget",)}),
        ({"staffing"}, {"staff": ("staffing",)}),
        ({"masterclasses"}, {"attendance": ("masterclasses",)}),
        ({"survey"}, {"survey": ("survey",)}),
        ({"pilots", "joining", "follow_up_choice"}, {}),
    ],
)
def test_a_part_is_left_out_for_what_it_wants(missing: set[str], left: dict[str, tuple[str, ...]]) -> None:
    assert omissions.find_omissions(tables_of(ALL - missing), call_asking(*TOPICS)) == left


def test_a_column_that_nobody_filled_in_is_wanting() -> None:
    tables = tables_of(ALL, focus=None, start=pd.NaT)
    left = omissions.find_omissions(tables, call_asking(*TOPICS))
    assert left == {"outline": ("focus",), "periods": ("start",)}


def test_what_no_question_asks_about_is_not_left_out_of_its_answer() -> None:
    left = omissions.find_omissions(tables_of({"actors", "involvement"}), call_asking("money"))
    assert left == {"money": ("budget",)}


def test_where_nothing_is_left_out_there_is_no_indicator_of_it() -> None:
    assert list(omissions.indicators(tables_of(ALL), call_asking(*TOPICS))) == []
    found = {item.id: item.value for item in omissions.indicators(tables_of(ALL - {"survey"}), call_asking(*TOPICS))}
    assert found == {"omissions.parts": 1, "omissions.survey.survey": 0}


@pytest.mark.parametrize("language", ["nl", "en"])
def test_every_part_and_every_want_has_its_words(language: str) -> None:
    texts = read_texts(language)["answer"]["omissions"]  # type: ignore[arg-type]
    assert set(texts["parts"]) == {part.id for part in omissions.PARTS}
    assert set(texts["wants"]) == {need for part in omissions.PARTS for need in part.needs}
    assert set(texts["instead"]) == {part.id for part in omissions.PARTS if part.instead}


def test_the_check_says_what_is_left_out_in_words() -> None:
    (line,) = say_omissions({"choice": ("scores", "selection")}, "en")
    assert all(word in line for word in ("scores.csv", "selection in call.yml", "decision.csv"))


# The answer.


def test_proposals_alone_go_through_to_an_answer_in_all_its_forms(project: Path) -> None:
    editions = [{"as_of": "2024-04-01", "audience": "public", "language": "en"}]
    store = deliver(project, set(), LEAST, editions=editions)
    (folder,) = run(store, store.call.editions)
    forms = {path.name for path in folder.iterdir()}
    assert {"answer.html", "answer.pdf", "answer.docx", "tables.xlsx", "manifest.json"} <= forms
    page = " ".join((folder / "answer.html").read_text(encoding="utf-8").split())
    assert "What this answer leaves out, and why" in page
    assert "group-counts-category" in page
    assert "scores.csv" in page
    assert (folder / "data" / "distribution.csv").is_file()
    with pytest.raises(InputError, match=r"dates\.announcement"):
        make_sheets(store, Wanted("2024-04-01-applicant-en"))


def test_the_answer_without_a_selection_ranks_and_says_that_nothing_was_chosen(project: Path) -> None:
    store = run_steps(deliver(project, {"scores"}, selection=None).root, CALL, "en")
    answer = read_answer(compose_edition(store, "2024-04-01", "internal", "en"))
    assert re.search(r"All \w+ ideas presented were scored\.", answer)
    assert "will be made public" not in answer
    assert "Annex 1: the jury" in answer
    left = answer.partition("What this answer leaves out, and why")[2].partition("Annex 1")[0]
    assert "which projects were selected, and why others were not".capitalize() in left
    assert "scores.csv" not in left


def test_the_answer_with_a_decision_alone_names_the_projects(project: Path) -> None:
    store = run_steps(deliver(project, {"decision"}).root, CALL, "nl")
    answer = read_answer(compose_edition(store, "2024-04-01", "public", "nl"))
    assert "Uit twaalf ideeën zijn vier projecten gekozen" in answer
    assert "shortlist van" not in answer
    assert "Shade on the square" in answer
    assert "Wat dit antwoord niet zegt, en waarom" in answer
    assert "nan" not in answer.split()


def test_the_answer_to_all_that_is_asked_leaves_nothing_out(project: Path) -> None:
    store = deliver(project, {"actors", "involvement", "budget"}, questions=EXTRA["questions"][2:3])
    answer = read_answer(compose_edition(run_steps(store.root, CALL, "en"), "2024-04-01"))
    assert "Wat dit antwoord niet zegt" not in answer
    assert "uitgetrokken" in answer
