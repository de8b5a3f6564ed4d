"""The reference call, run whole with real kernels: every published figure, the embargo, and both documents."""

import io
import json
import re
from pathlib import Path

import page as page_validation
import pandas as pd
import pikepdf
import pytest
from bs4 import BeautifulSoup
from running import compose_edition, read_answer, run_steps

from analysis.pipeline import run
from analysis.store import Store

ROOT = Path(__file__).parents[1]
CALL = "digitale-innovatie-2016"
BEFORE, AFTER = "2016-07-15-public-nl", "2016-09-09-public-nl"


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, make_project) -> Store:
    root = make_project(tmp_path_factory.mktemp("reference"))
    store = Store(root, CALL)
    run(store, store.call.editions)
    return store


def page(store: Store, edition: str) -> BeautifulSoup:
    return BeautifulSoup((store.reports / edition / "answer.html").read_text(encoding="utf-8"), "html.parser")


def words(store: Store, edition: str) -> str:
    return " ".join(page(store, edition).select_one("main").get_text(" ").split())


def delivered(table: str) -> pd.DataFrame:
    return pd.read_csv(ROOT / "data" / "raw" / CALL / f"{table}.csv", dtype=str, keep_default_na=False)


def test_both_declared_editions_are_there(finished: Store):
    assert {path.name for path in finished.reports.iterdir()} == {BEFORE, AFTER, "latest"}


def test_every_published_figure_reconciles_and_only_the_partnership_split_is_open(finished: Store):
    figures, groups = finished.read_table("reconciliation"), finished.read_table("group_sums")
    assert len(figures) >= 30
    assert set(figures["source"].str.extract(r"^(Q|A\d)", expand=False)) == {"Q", "A1", "A2", "A3", "A4", "A5", "A6"}
    assert set(figures["verdict"]) == {"match", "within"}
    split = groups.set_index("group").loc["partnership"]
    assert (split["sum"], split["total"], split["verdict"]) == (15, 16, "open")
    assert set(groups.loc[groups["group"] != "partnership", "verdict"]) <= {"match", "within"}


def test_the_answer_says_both_sums_of_the_split(finished: Store):
    for edition in (BEFORE, AFTER):
        assert "de som van de delen is 15 , maar het gepubliceerde totaal is 16" in words(finished, edition)


def test_the_published_amounts_stand_in_the_prose_as_a_flemish_reader_writes_them(finished: Store):
    text = words(finished, AFTER)
    for said in ("61.500 euro", "1,1 miljoen euro", "70%", "770.000 euro", "9 september 2016", "1 september 2016",
                 "31 december 2017", "zestien", "twintig", "vier", "99 ideeën", "74", "119", "83 ideeën"):  # fmt: skip
        assert re.sub(r"\s", " ", said) in text, said


def names_under_embargo() -> list[str]:
    proposals, actors = delivered("proposals"), delivered("actors")
    return [*proposals["title"], *proposals["summary"], *actors["name"]]


def all_bytes(folder: Path) -> bytes:
    """Return everything readable in a folder: files as they are, and the streams of PDFs inflated."""
    content = []
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        content.append(path.name.encode() + path.read_bytes())
        if path.suffix == ".pdf":
            with pikepdf.open(path) as document:
                readable = io.BytesIO()
                document.save(
                    readable, stream_decode_level=pikepdf.StreamDecodeLevel.all, compress_streams=False, qdf=True
                )
                content.append(readable.getvalue())
    return b"\n".join(content)


def test_before_the_announcement_no_title_or_applicant_stands_in_any_byte_of_the_edition(finished: Store):
    folders = [finished.reports / BEFORE, finished.edition_folder(BEFORE)]
    copy = finished.processed / "notebooks" / f"08_answer-{BEFORE}.ipynb"
    content = b"\n".join(all_bytes(folder) for folder in folders) + copy.read_bytes()
    assert not [name for name in names_under_embargo() if name.encode() in content]
    assert "worden op 9 september 2016 bekendgemaakt" in words(finished, BEFORE)


def test_on_the_day_exactly_the_chosen_projects_are_named(finished: Store):
    chosen = set(finished.read_table("chosen")["title"])
    text = words(finished, AFTER)
    titles = set(delivered("proposals")["title"])
    assert len(chosen) == 16
    assert {title for title in titles if title in text} == chosen


def test_no_page_says_nan_none_or_a_raw_name(finished: Store):
    for edition in (BEFORE, AFTER):
        document = page(finished, edition)
        for annex in document.select("h2#origin"):
            for later in annex.find_all_next():
                later.clear()
        text = document.select_one("main").get_text(" ")
        raw = re.findall(r"\b(?:nan|NaN|None|NaT|[a-z]+_[a-z_]+|jurylid-\d|computed|match)\b", text)
        assert raw == []


def test_every_number_in_the_prose_links_to_its_origin(finished: Store):
    document = page(finished, AFTER)
    linked = document.select("main p a.origin")
    assert len(linked) > 40
    indicators = {
        row["indicator"] for row in json.loads((finished.reports / AFTER / "manifest.json").read_text())["indicators"]
    }
    for link in linked:
        name = link.select_one("data")["data-indicator"]
        assert name in indicators
        assert document.find(id=f"origin-{name}"), name


def test_both_pages_say_that_the_records_are_synthetic(finished: Store):
    for edition in (BEFORE, AFTER):
        assert "synthetisch" in page(finished, edition).select_one(".notice").get_text()
        assert "Synthetisch" in page(finished, edition).select_one("footer").get_text()


def test_the_pdf_is_valid_pdf_ua_and_pdf_a(finished: Store):
    for edition in (BEFORE, AFTER):
        document = (finished.reports / edition / "answer.pdf").read_bytes()
        for profile in ("PDF_UA_1", "PDF_A_2A"):
            assert page_validation.is_pdf_compliant_bytes(document, profile=page_validation.ValidationProfile[profile])


def test_every_figure_has_an_alternative_text_of_its_own(finished: Store):
    pictures = page(finished, AFTER).select("main img")
    alternatives = [picture["alt"] for picture in pictures]
    assert len(pictures) >= 8
    assert len(set(alternatives)) == len(alternatives)
    assert all(len(text.split()) > 6 for text in alternatives)


def test_the_page_asks_nothing_of_any_other_place(finished: Store):
    for edition in (BEFORE, AFTER):
        text = (finished.reports / edition / "answer.html").read_text(encoding="utf-8")
        assert not re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?\s*(?!data:|#)[a-z/]""", text)


def test_a_changed_score_changes_the_choice_in_the_answer(make_project, tmp_path: Path):
    root = make_project(tmp_path)
    store = run_steps(root, CALL)
    old = compose_edition(store, "2016-09-09")
    top = store.read_table("selection").sort_values("rank").iloc[0]["proposal"]
    path = root / "data" / "raw" / CALL / "scores.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    low = [re.sub(r",[\d.]+$", ",1", line) if line.startswith(f"{top},") else line for line in lines]
    path.write_text("\n".join(low) + "\n", encoding="utf-8")
    title = delivered("proposals").set_index("proposal").loc[top, "title"]
    assert title in read_answer(old)
    assert title not in read_answer(compose_edition(run_steps(root, CALL), "2016-09-09"))


def test_the_internal_edition_names_the_chosen_and_says_that_they_are_under_embargo(finished: Store):
    said = read_answer(compose_edition(finished, "2016-07-15", audience="internal", language="en"))
    assert all(title in said for title in finished.read_table("chosen")["title"])
    assert "must not be passed on until that day" in said
    assert "internal edition, not for distribution" in said


def test_the_internal_edition_gives_a_reason_for_every_shortlisted_proposal_not_chosen(finished: Store):
    answer = compose_edition(finished, "2016-07-15", audience="internal")
    selection = finished.read_table("selection")
    not_chosen = selection.loc[~selection["chosen"], "proposal"]
    table = next(
        str(block.markup) for block in answer.answers() if "Waarom projecten" in str(getattr(block, "markup", ""))
    )
    rows = {
        row.th.get_text(): row.select("td")[-1].get_text()
        for row in BeautifulSoup(table, "html.parser").select("tbody tr")
    }
    assert set(rows) == set(not_chosen)
    assert all(len(reason.split()) > 8 for reason in rows.values())


def test_the_english_answer_says_the_same_figures_in_english(finished: Store):
    said = read_answer(compose_edition(finished, "2016-09-09", language="en"))
    for figure in (
        "61,500 euro",
        "1.1 million euro",
        "70%",
        "9 September 2016",
        "sixteen",
        "83 ideas were not selected",
    ):
        assert figure in said
    assert "voorstel" not in said.lower()


@pytest.mark.parametrize(("edition", "scheme"), [(BEFORE, "light"), (AFTER, "dark")])
def test_a_browser_finds_no_barrier_no_request_and_no_sideways_scroll(view, finished: Store, edition: str, scheme: str):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="needs axe-playwright-python")
    markup = (finished.reports / edition / "answer.html").read_text(encoding="utf-8")
    shown = view(markup, 360, scheme)
    assert shown.evaluate("document.documentElement.scrollWidth") <= 360
    assert [url for url in shown.requests if not url.startswith("data:")] == shown.requests[:1]
    results = axe.Axe().run(view(markup, 1280, scheme), options={"resultTypes": ["violations", "passes"]}).response
    assert [violation["id"] for violation in results["violations"]] == []
    assert "color-contrast" in {passed["id"] for passed in results["passes"]}
