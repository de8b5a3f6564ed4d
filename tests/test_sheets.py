"""Sheets of feedback: what they show, to whom, and that each is made once, whole and alone."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from pdf_reading import read_pages, squeeze
from running import run_steps

from analysis import sheetrun
from analysis.declarations import ReleaseRule
from analysis.faults import InputError
from analysis.forking import close_parents
from analysis.granting import grant
from analysis.release import own_columns, release_own
from analysis.sheetpaths import granted_path, name_files
from analysis.sheetrun import Done, Wanted, make_sheets
from analysis.sheets import GroupSheet, ProposalSheet, open_sheet
from analysis.store import Store
from analysis.wording import read_texts

CALL = "digitale-innovatie-2016"
BEFORE, AFTER = "2016-07-15-applicant-nl", "2016-09-09-applicant-nl"
IDS = re.compile(r"\bV\d{3}\b")


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, make_project: Callable[[Path], Path]) -> Iterator[Store]:
    root = make_project(tmp_path_factory.mktemp("sheets"))
    yield run_steps(root, CALL)
    close_parents()


def open_granted(store: Store, edition: str, subject: str, kind: str = "proposal") -> ProposalSheet | GroupSheet:
    faults, subjects, _ = grant(str(store.root), CALL, edition, kind)
    assert not faults and subject in subjects
    return open_sheet(CALL, edition, kind, subject, store.root)  # type: ignore[return-value]


def read(sheet: ProposalSheet | GroupSheet) -> str:
    """Return all that a sheet shows, pictures included, before the annex of origins."""
    blocks = [*sheet.head(), *sheet.body()]
    shown = [str(getattr(block, "markup", "")) or f"{block.alt} {block.caption}" for block in blocks]
    return " ".join(BeautifulSoup(" ".join(shown), "html.parser").get_text(" ").split())


def granted(store: Store, edition: str, subject: str) -> str:
    return granted_path(store.processed, edition, "proposal", subject).read_text()


def chosen_and_left(store: Store) -> tuple[str, str]:
    selection = store.read_table("selection")
    return tuple(selection.loc[selection["chosen"] == kind, "proposal"].iloc[-1] for kind in (True, False))  # type: ignore[return-value]


@pytest.mark.parametrize("language", ["nl", "en"])
def test_a_sheet_tells_the_own_scores_rank_interval_reason_and_follow_up(finished: Store, language: str):
    _, left = chosen_and_left(finished)
    edition = AFTER.replace("nl", language)
    said = read(open_granted(finished, edition, left))
    rows = {name: finished.read_table(name).set_index("proposal").loc[left] for name in ("totals", "expected_ranks")}
    numbers = set(re.findall(r"\d+", said))
    assert {str(int(rows["totals"]["rank"]))} | {str(int(rows["expected_ranks"][q])) for q in ("q05", "q95")} <= numbers
    texts = read_texts(language)["sheet"]  # type: ignore[arg-type]
    path = finished.read_table("follow_up").set_index("proposal").loc[left, "path"]
    label = {item.id: item.label for item in finished.call.paths}[path].in_language(language)  # type: ignore[arg-type]
    assert label in said
    assert all(texts[part]["heading"] in said for part in ("outcome", "scores", "place", "follow_up"))
    for criterion in finished.call.scoring.criteria:
        assert criterion.label.in_language(language) in said  # type: ignore[arg-type]


def test_the_scores_on_a_sheet_are_the_means_of_the_delivered_ones(finished: Store):
    _, left = chosen_and_left(finished)
    sheet = open_granted(finished, AFTER, left)
    scores = finished.read_table("scores")
    expected = scores[scores["proposal"] == left].groupby("criterion")["score"].mean().round(9).to_dict()
    table = BeautifulSoup(" ".join(str(getattr(b, "markup", "")) for b in sheet.body()), "html.parser")
    found = {float(data["value"]) for data in table.select('data[data-column="criterion_scores.score"]')}  # type: ignore[arg-type]
    assert {round(value, 9) for value in found} == set(expected.values())


def test_no_sheet_nor_what_it_was_granted_names_a_juror_or_another_proposal(finished: Store):
    proposals = finished.read_table("proposals").set_index("proposal")
    names = [rater.id for rater in finished.call.jurors] + [
        rater.label.in_language(language) for rater in finished.call.jurors for language in ("nl", "en")
    ]
    open_granted(finished, AFTER, "V001")
    for subject in proposals.index:
        content = granted(finished, AFTER, subject)
        assert set(IDS.findall(content)) == {subject}
        assert not [name for name in names if name in content]
        others = proposals.loc[(proposals["title"] != proposals.at[subject, "title"]), "title"]
        assert not [title for title in others if f'"{title}"' in content]
    for subject in proposals.index[::20]:
        said = read(open_sheet(CALL, AFTER, "proposal", subject, finished.root))  # type: ignore[arg-type]
        assert set(IDS.findall(said)) == {subject}
        assert not [name for name in names if name in said]


def test_before_the_announcement_a_sheet_is_the_same_whether_or_not_the_proposal_is_chosen(finished: Store):
    chosen, left = chosen_and_left(finished)
    said = [read(open_granted(finished, BEFORE, subject)) for subject in (chosen, left)]
    titles = [finished.read_table("proposals").set_index("proposal").at[subject, "title"] for subject in (chosen, left)]
    first, second = (
        text.replace(subject, "ID").replace(title, "TITLE")
        for text, subject, title in zip(said, (chosen, left), titles, strict=True)
    )
    assert first == second
    assert "9 september 2016" in first


def test_before_the_announcement_nothing_but_the_proposal_itself_is_granted(finished: Store):
    open_granted(finished, BEFORE, "V001")
    assert set(json.loads(granted(finished, BEFORE, "V001"))["tables"]) == {"proposals"}


def test_a_rule_for_the_own_proposal_shows_no_reader_the_rows_of_all(finished: Store):
    from analysis.release import release_tables

    tables = {name: finished.read_table(name) for name in ("reasons", "expected_ranks", "follow_up", "scores")}
    day = finished.call.dates.announcement.date
    assert release_tables(tables, finished.call, "applicant", day) == {}


def test_an_own_rule_cannot_lift_what_is_withheld_or_embargoed(finished: Store):
    own = [
        ReleaseRule(table="individual_scores", audience="applicant", own=True, columns=("proposal", "rater", "score")),
        ReleaseRule(table="reasons", audience="applicant", own=True),
    ]
    call = finished.call.model_copy(update={"release": tuple(own)})
    day = call.dates.announcement.date
    assert own_columns(call, day)["individual_scores"] == ["proposal", "score"]
    assert "reasons" in own_columns(call, day)
    assert "reasons" not in own_columns(call, day.replace(day=day.day - 1))


def test_the_own_rows_are_ordered_by_what_is_shown():
    scores = pd.DataFrame({"proposal": ["P", "Q", "P"], "rater": ["a", "a", "b"], "score": [9.0, 5.0, 2.0]})
    own = release_own({"scores": scores}, {"scores": ["proposal", "score"]}, "P")["scores"]
    assert own.to_dict("list") == {"proposal": ["P", "P"], "score": [2.0, 9.0]}


def test_ids_of_others_make_names_of_files_that_stay_in_their_folder():
    ids = ["V001", "../../etc/passwd", "a/b", "CON", "nul.txt", "é", "x" * 300, ".hidden", "index", "a b", "p", "P", ""]
    names = name_files(ids)
    assert names["V001"] == "V001"
    assert len({name.casefold() for name in names.values()}) == len(ids)
    for name in names.values():
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", name)
        assert name.split(".")[0].upper() not in ("CON", "NUL", "INDEX")


@pytest.mark.parametrize(("kind", "subject"), [("category", "talent"), ("province", "Limburg")])
def test_a_sheet_of_a_group_tells_its_counts_and_its_chosen_projects(finished: Store, kind: str, subject: str):
    said = read(open_granted(finished, AFTER, subject, kind))
    chosen, reach = finished.read_table("chosen"), finished.read_table("municipality_reach").set_index("name")
    group = chosen["category"] if kind == "category" else chosen["municipality"].map(reach["province"])
    for title, own in zip(chosen["title"], group == subject, strict=True):
        assert (title in said) == own
    early = read(open_granted(finished, BEFORE, subject, kind))
    assert not [title for title in chosen["title"] if title in early]


def test_only_municipalities_whose_count_may_be_told_have_a_sheet(finished: Store):
    _, subjects, _ = grant(str(finished.root), CALL, AFTER, "municipality")
    reach = finished.read_table("municipality_reach")
    assert set(subjects) == set(reach.loc[reach["proposals"] >= 3, "nis"])


@pytest.fixture
def some(finished: Store) -> Iterator[Callable[..., Done]]:
    shutil.rmtree(finished.reports / "sheets", ignore_errors=True)
    shutil.rmtree(finished.processed / "sheets", ignore_errors=True)

    def make(*subjects: str, **options: object) -> Done:
        return make_sheets(finished, Wanted(AFTER, subjects=subjects, jobs=2, **options))  # type: ignore[arg-type]

    yield make


def test_a_run_makes_pages_pdfs_and_a_list_and_a_rerun_only_what_is_missing_or_damaged(some: Callable[..., Done]):
    done = some("V001", "V002", "V003")
    assert (done.made, done.fresh, done.failed) == (("V001", "V002", "V003"), (), {})
    files = sorted(path.name for path in done.folder.iterdir())
    assert files == sorted([*(f"V00{n}.{form}" for n in (1, 2, 3) for form in ("html", "pdf")), "index.html"])
    before = {path.name: path.read_bytes() for path in done.folder.iterdir()}
    (done.folder / "V001.pdf").unlink()
    (done.folder / "V003.html").write_text("damaged")
    again = some("V001", "V002", "V003")
    assert (again.made, again.fresh) == (("V001", "V003"), ("V002",))
    assert {path.name: path.read_bytes() for path in done.folder.iterdir()} == before
    assert some("V001", "V002", "V003").made == ()


def test_the_list_links_to_every_sheet_that_is_there(some: Callable[..., Done]):
    done = some("V001", "V002")
    page = BeautifulSoup((done.folder / "index.html").read_text(), "html.parser")
    links = [str(link["href"]) for link in page.select("main td a, main th a")]
    assert links == ["V001.html", "V001.pdf", "V002.html", "V002.pdf"]
    assert all((done.folder / link).is_file() for link in links)
    spoken = [str(link["aria-label"]) for link in page.select("main td a")]
    assert len(set(spoken)) == len(spoken)


def test_a_sheet_that_fails_is_named_and_the_others_are_made(
    some: Callable[..., Done], finished: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(sheetrun, "_grant_if_stale", _damage(finished, "V002"))
    done = some("V001", "V002", "V003")
    assert done.made == ("V001", "V003")
    assert set(done.failed) == {"V002"}
    assert "feedback.ipynb" in done.failed["V002"]
    assert not list(done.folder.glob("V002*"))


def _damage(store: Store, subject: str) -> Callable[..., list[str]]:
    """Return what grants as usual and then damages what one sheet may show."""
    usual = sheetrun._grant_if_stale

    def grant_damaged(*arguments: object) -> list[str]:
        subjects = usual(*arguments)  # type: ignore[arg-type]
        granted_path(store.processed, AFTER, "proposal", subject).write_text("{")
        return subjects

    return grant_damaged


def test_the_executed_copy_is_kept_on_request_with_its_parameters(some: Callable[..., Done], finished: Store):
    some("V001", keep=True)
    (copy,) = (finished.processed / "sheets" / AFTER / "notebooks" / "proposal").glob("*.ipynb")
    notebook = nbformat.read(copy, as_version=4)
    expected = {"call": CALL, "edition": AFTER, "kind": "proposal", "subject": "V001"}
    assert notebook.metadata.papermill.parameters == expected
    assert str(finished.root) not in copy.read_text()


def test_an_unknown_proposal_is_refused_by_name(some: Callable[..., Done]):
    with pytest.raises(InputError, match=r"--proposal.*'V999'"):
        some("V999")


def test_the_pdf_says_what_the_page_says(some: Callable[..., Done], finished: Store):
    done = some("V001")
    title = finished.read_table("proposals").set_index("proposal").at["V001", "title"]
    pages = read_pages((done.folder / "V001.pdf").read_bytes())
    assert squeeze(title) in squeeze(" ".join(str(page) for page in pages))
