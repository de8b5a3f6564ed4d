"""The panel of the workbench without a browser: what it shows of a scenario, keeps, refuses and saves."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from conftest import SMALL_CALL
from exploring import choose_by_trying
from running import run_steps

from analysis import workbench as package
from analysis.scenarios import FOLDER
from analysis.store import Store
from analysis.whatif import Basis, explore, prepare
from analysis.wording import Wording, read_texts
from analysis.workbench import PREPARED, Workbench, open_workbench, panel
from analysis.workbench.grid import feed_rows, make_grid
from analysis.workbench.listing import describe_rows, show_cell
from analysis.workbench.pictures import Frame, draw_map, draw_ranks, trace
from analysis.workbench.saving import draw_png, hand_over, write_csv, write_xlsx
from analysis.workbench.shelf import FolderShelf, PageShelf

AFTER = date(2024, 6, 1)
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory, make_project: Callable[[Path], Path]) -> Store:
    return run_steps(make_project(tmp_path_factory.mktemp("workbench")), SMALL_CALL, "en")


@pytest.fixture
def store(computed: Store) -> Any:
    yield computed
    for path in (computed.raw / FOLDER).glob("*"):
        path.unlink()


@pytest.fixture(scope="module")
def known(computed: Store) -> Basis:
    return prepare(computed, "internal", AFTER, "en")


@pytest.fixture
def bench(store: Store, known: Basis) -> Workbench:
    return Workbench(known, FolderShelf(store), store.outline)


def status(bench: Workbench) -> str:
    return BeautifulSoup(bench.views["status"].value, "html.parser").get_text(" ", strip=True)


def named(bench: Workbench, change: str) -> list[str]:
    page = BeautifulSoup(bench.views["status"].value, "html.parser")
    return [tag.text for tag in page.select(f'[data-changes="{change}"] li b')]


def select(bench: Workbench, tab: str) -> str:
    bench.tabs.selected_index = panel.TABS.index(tab)
    return bench.views[tab].value


def test_panel_opens_in_the_official_state(bench: Workbench, store: Store) -> None:
    official = sorted(store.read_table("chosen")["proposal"])
    assert list(bench.outcome.chosen) == official == choose_by_trying(store)
    assert status(bench).startswith("4 selected from a shortlist of 6; the same projects as")
    assert (named(bench, "came_in"), named(bench, "went_out")) == ([], [])


def test_fewer_projects_to_select_are_the_best_of_all_that_the_conditions_allow(bench: Workbench, store: Store) -> None:
    bench.controls.choose.value = 3
    best = choose_by_trying(store, number=3)
    assert status(bench).startswith("3 selected")
    assert named(bench, "went_out") == sorted(set(choose_by_trying(store)) - set(best))
    assert named(bench, "came_in") == sorted(set(best) - set(choose_by_trying(store)))


def test_condition_that_is_switched_off_no_longer_binds_and_has_no_price(bench: Workbench, store: Store) -> None:
    before = BeautifulSoup(select(bench, "prices"), "html.parser")
    bench.controls.constraints["grant"].value = False
    free = choose_by_trying(store, grant=float("inf"))
    assert sorted(bench.outcome.chosen) == free
    assert free != choose_by_trying(store)
    row = BeautifulSoup(bench.views["prices"].value, "html.parser").find("th", string="the grant").parent
    assert [cell.text for cell in row.select("td")] == ["cap, switched off", "", "", "", "", ""]
    assert before.find("th", string="the grant").parent.select("td")[1].text == "45,000"


def test_choice_that_is_impossible_is_refused_in_words_and_nobody_comes_in_or_goes_out(bench: Workbench) -> None:
    bench.controls.choose.value = 7
    assert status(bench).startswith("No choice is possible: ")
    assert "7" in status(bench) or "seven" in status(bench)
    assert "refused" in bench.views["status"].value
    assert BeautifulSoup(bench.views["status"].value, "html.parser").select("[data-changes]") == []


def test_fault_of_ours_is_said_without_its_details(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret of the house")

    monkeypatch.setattr(panel, "explore", fail)
    bench.controls.shortlist.value = 5
    assert "by a fault of ours" in status(bench)
    assert "secret" not in bench.views["status"].value
    assert "secret of the house" in caplog.text


def test_weight_moves_ranks_as_the_totals_of_the_raters_say(bench: Workbench, store: Store) -> None:
    for name, control in bench.controls.criteria.items():
        control.value = 1.0 if name == "benefit" else 0.0
    for control in bench.controls.raters.values():
        control.value = 1.0
    scores = pd.read_csv(store.raw / "scores.csv")
    means = scores[scores["criterion"] == "benefit"].groupby("proposal")["score"].mean()
    table = bench.outcome.table.dropna(subset="total").set_index("proposal")["total"]
    assert dict(table.round(9)) == dict(means[table.index].round(9))


def test_official_state_comes_back_exactly(bench: Workbench) -> None:
    official, shown = bench.controls.read("x"), status(bench)
    bench.controls.criteria["cost"].value = 0.35
    bench.controls.raters["rater-1"].value = 2.0
    bench.controls.method.value = "expected_rank"
    bench.controls.filters["categories"].value = ("trees",)
    bench.controls.constraints["schools"].value = False
    assert bench.controls.read("x") != official
    bench.buttons["reset"].click()
    assert bench.controls.read("x") == official == replace(bench.basis.official, name="x")
    assert status(bench) == shown


def test_scenario_is_set_in_one_step(bench: Workbench) -> None:
    seen: list[object] = []
    bench.controls.watch(lambda: seen.append(bench.controls.read("x")))
    changed = replace(bench.basis.official, shortlist=5, choose=2, method="expected_rank")
    bench.controls.show(changed)
    assert seen == [replace(changed, name="x")]


def test_filter_changes_what_is_shown_and_not_what_is_selected(bench: Workbench, store: Store) -> None:
    bench.controls.filters["categories"].value = ("trees",)
    trees = set(store.read_table("profiles").query("category == 'trees'")["proposal"])
    select(bench, "table")
    assert set(bench.tables["table"]["Idea"]) == trees
    assert f"{len(trees)} of 12 ideas are shown." in status(bench)
    assert sorted(bench.outcome.chosen) == choose_by_trying(store)


def test_scenario_is_kept_in_the_folder_of_the_call_opened_and_removed(bench: Workbench, store: Store) -> None:
    bench.controls.choose.value = 3
    bench.name.value = " Fewer projects "
    bench.buttons["keep"].click()
    path = store.raw / FOLDER / "fewer-projects.yml"
    kept = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert (kept["name"], kept["choose"]) == ("Fewer projects", 3)
    assert "scenarios/fewer-projects.yml" in bench.views["message"].value
    assert bench.chooser.value == "Fewer projects"
    bench.buttons["reset"].click()
    bench.buttons["open"].click()
    assert bench.controls.choose.value == 3
    bench.buttons["remove"].click()
    assert not path.exists()
    assert bench.chooser.options == ()


def test_kept_scenarios_are_there_in_the_next_panel_and_stand_side_by_side(bench: Workbench, store: Store) -> None:
    bench.controls.choose.value = 3
    bench.name.value = "Fewer"
    bench.buttons["keep"].click()
    again = Workbench(bench.basis, FolderShelf(store), None)
    again.compared.value = ("Official state", "Fewer")
    table = pd.read_csv(io.BytesIO(again.make_file("compare", "csv")), encoding="utf-8-sig").set_index(
        "What is compared"
    )
    assert list(table.columns) == ["As set now", "Official state", "Fewer"]
    assert [float(value) for value in table.loc["Selected projects"]] == [4, 4, 3]
    lost = set(choose_by_trying(store)) - set(choose_by_trying(store, number=3))
    for proposal in lost:
        assert list(table.loc[f"Idea {proposal}"]) == ["selected", "selected", "–"]


@pytest.mark.parametrize(
    ("name", "said"), [("", "A scenario needs a name first."), ("!?", "a name with a letter or a digit")]
)
def test_scenario_without_a_name_is_not_kept(bench: Workbench, store: Store, name: str, said: str) -> None:
    bench.name.value = name
    bench.buttons["keep"].click()
    assert said in bench.views["message"].value
    assert not (store.raw / FOLDER).exists() or list((store.raw / FOLDER).iterdir()) == []


def test_nothing_to_open_or_remove_is_said(bench: Workbench) -> None:
    for name in ("open", "remove"):
        bench.views["message"].value = ""
        bench.buttons[name].click()
        assert "Choose a kept scenario first." in bench.views["message"].value


def test_faulty_file_of_a_scenario_is_named_and_the_panel_opens(store: Store) -> None:
    (store.raw / FOLDER).mkdir(exist_ok=True)
    (store.raw / FOLDER / "bad.yml").write_text("name: Bad\nchoose: many\n", encoding="utf-8")
    bench = Workbench(prepare(store, "internal", AFTER, "en"), FolderShelf(store), None)
    assert "bad.yml" in bench.views["message"].value
    assert status(bench).startswith("4 selected")


def test_readers_outside_the_house_keep_scenarios_for_as_long_as_the_page_is_open(store: Store) -> None:
    bench = Workbench(prepare(store, "public", AFTER, "en"), PageShelf(), None)
    bench.name.value = "Mine"
    bench.buttons["keep"].click()
    assert "until this page is closed" in bench.views["message"].value
    assert not (store.raw / FOLDER).exists() or list((store.raw / FOLDER).iterdir()) == []
    bench.buttons["remove"].click()
    assert bench.kept == {}


def test_readers_outside_the_house_see_no_scores_and_move_nothing(store: Store) -> None:
    bench = Workbench(prepare(store, "public", AFTER, "en"), PageShelf(), None)
    moved = [*bench.controls.criteria.values(), *bench.controls.raters.values(), bench.controls.shortlist]
    assert all(control.disabled for control in moved)
    shown = " ".join(view.value for view in bench.views.values()) + str(bench.tables)
    others = set(store.read_table("proposals")["proposal"]) - set(store.read_table("chosen")["proposal"])
    assert [name for name in (*sorted(others), "rater-1", "Rater 1") if name in shown] == []
    assert "not released" in bench.views["ranks"].value


def test_what_a_tab_shows_is_fresh_when_it_is_seen_and_when_it_is_saved(bench: Workbench) -> None:
    for tab in panel.TABS:
        select(bench, tab)
    select(bench, "ranks")
    before = {tab: bench.views[tab].value for tab in ("map", "prices", "compare")}
    bench.controls.choose.value = 2
    assert {tab: bench.views[tab].value for tab in before} == before
    assert b"selected" in bench.make_file("ranks", "csv")
    assert sum("selected" in line for line in bench.make_file("table", "csv").decode().splitlines()) == 2
    assert select(bench, "map") != before["map"]


def test_picture_of_the_ranks_marks_who_comes_in_and_goes_out_in_words_too(bench: Workbench, store: Store) -> None:
    bench.controls.constraints["grant"].value = False
    texts = [node.text or "" for node in ET.fromstring(bench.make_file("ranks", "svg")).iter(f"{SVG}text")]
    came = set(choose_by_trying(store, grant=float("inf"))) - set(choose_by_trying(store))
    assert came
    for proposal in came:
        assert any(proposal in text and text.endswith("comes in") for text in texts)


def test_places_on_the_map_tell_name_ideas_and_share_and_the_first_is_reached_by_tab(
    bench: Workbench, store: Store
) -> None:
    places = ET.fromstring(bench.make_file("map", "svg")).findall(f".//{SVG}circle[@data-tip]")
    reach = store.read_table("municipality_reach")
    assert len(places) == len(reach)
    assert [place.get("tabindex") for place in places] == ["0", *["-1"] * (len(places) - 1)]
    most = reach.sort_values(["proposals", "name"], ascending=[False, True]).iloc[0]
    share = f"{100 * most['proposals'] / 12:.1f}".rstrip("0").rstrip(".")
    assert places[0].get("data-tip", "").startswith(f"{most['name']}: {most['proposals']} ideas, {share}% of all shown")
    assert places[0].get("aria-label") == places[0].get("data-tip")


def test_texts_of_the_call_are_no_markup_in_a_picture_the_table_or_the_status(bench: Workbench) -> None:
    bad = '<script>alert("1")</script>'
    rows = describe_rows(bench.outcome, bench.official).assign(title=bad, state="came_in")
    places = bench.outcome.places.assign(name=bad)
    frame = Frame.around(places["longitude"], places["latitude"])
    ideas = bench.tables["table"].assign(Title=bad)
    for markup in (
        draw_ranks(rows, "points", bench.wording).svg,
        draw_map(places, "", frame, bench.wording).svg,
        feed_rows(ideas, "x", bench.wording),
    ):
        assert "<script" not in markup
        assert "lt;script" in markup
    said = json.loads(BeautifulSoup(feed_rows(ideas, "x", bench.wording), "html.parser").div["data-rows"])
    assert said[0][3] == "&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;"  # which the table shows as it was written
    assert '<script>alert(\\"1\\")' not in make_grid(ideas, "x", bench.wording)


def test_rows_of_the_table_end_with_the_numbers_that_order_them(bench: Workbench) -> None:
    select(bench, "table")
    markup = BeautifulSoup(bench.views["rows"].value, "html.parser").div
    rows = json.loads(markup["data-rows"])
    best = bench.outcome.table.iloc[0]
    assert rows[0][:3] == ["1", "1", best["proposal"]]
    by_score = sorted(rows, key=lambda row: row[-1])
    assert [row[2] for row in by_score][-1] == best["proposal"]
    assert [float(row[-5]) for row in by_score] == sorted(float(row[-5]) for row in rows)
    assert {type(value) for row in rows for value in row[-3:]} == {int}
    width = len(bench.tables["table"].columns) + 3
    assert {len(row) for row in json.loads(markup["data-rows"])} == {width}


def test_table_of_the_page_is_that_of_itables_offline(bench: Workbench) -> None:
    head, table = (
        bench.page.children[0].outputs[0]["data"]["text/html"],
        make_grid(bench.tables["table"], "x", bench.wording),
    )
    bundle = re.findall(r"window\.(_itables_\w+) = inject", head)
    assert len(bundle) == 1
    assert f"await window.{bundle[0]}" in table
    for markup in (head, table):
        assert BeautifulSoup(markup, "html.parser").select("[src], link[href]") == []
        assert re.findall(r"from .https?:|import\(.https?:", markup) == []


@pytest.mark.parametrize("view", panel.TABS)
def test_every_table_is_saved_as_csv_and_as_a_workbook(bench: Workbench, view: str) -> None:
    select(bench, view)
    table = bench.tables[view]
    read = pd.read_csv(io.BytesIO(bench.make_file(view, "csv")), encoding="utf-8-sig")
    sheet = openpyxl.load_workbook(io.BytesIO(bench.make_file(view, "xlsx"))).active
    assert list(read.columns) == list(table.columns) == [cell.value for cell in sheet[1]]
    assert len(read) == len(table) == sheet.max_row - 1


def test_saved_text_is_never_a_formula() -> None:
    table = pd.DataFrame({"Title": ["=1+1", "http://a.example"], "Score": [1.25, None]})
    sheet = openpyxl.load_workbook(io.BytesIO(write_xlsx(table, "A sheet"))).active
    assert [cell.data_type for cell in sheet["A"]] == ["s", "s", "s"]
    assert [cell.hyperlink for cell in sheet["A"]] == [None, None, None]
    assert write_csv(table).decode("utf-8-sig").splitlines() == ["Title,Score", "=1+1,1.25", "http://a.example,"]


@pytest.mark.parametrize("view", panel.PICTURES)
def test_every_picture_is_saved_as_svg_and_png(bench: Workbench, view: str) -> None:
    svg, png = bench.make_file(view, "svg"), bench.make_file(view, "png")
    box = [float(side) for side in ET.fromstring(svg).get("viewBox", "").split()]
    assert png.startswith(b"\x89PNG\r\n")
    width, height = (int.from_bytes(png[start : start + 4], "big") for start in (16, 20))
    assert width / height == pytest.approx(box[2] / box[3], rel=0.01)
    assert width >= 1000


def test_png_shows_the_text_of_the_picture() -> None:
    plain = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 60 20">{}</svg>'
    text = '<text x="2" y="15" font-family="DejaVu Sans, sans-serif">text</text>'
    assert draw_png(plain.format(text)) != draw_png(plain.format(""))


def test_file_is_handed_over_anew_each_time(bench: Workbench) -> None:
    bench.save("prices", "csv")
    first = bench.views["file"].value
    bench.save("prices", "csv")
    assert first != bench.views["file"].value
    assert f'data-name="{SMALL_CALL}-prices.csv"' in first
    assert hand_over("a.csv", b"1", 1).count("data:text/csv;charset=utf-8;base64,MQ==") == 1


def test_outline_is_traced_ring_by_ring() -> None:
    frame = Frame.around([0, 2], [50, 51])
    left, top = frame.locate(0, 51)
    right, bottom = frame.locate(2, 50)
    assert (round(left, 6), round(top, 6)) == (20, 20)
    assert right > left
    assert bottom > top
    assert trace([[(0, 51), (2, 50)], [(0, 51)]], frame) == f"M20.0 20.0 {right:.1f} {bottom:.1f}ZM20.0 20.0Z"


def test_missing_and_numbers_are_shown_as_the_reader_writes_them(bench: Workbench) -> None:
    assert [show_cell(value, bench.wording) for value in (None, pd.NA, float("nan"), 1234.567, 3, "a")] == [
        "", "", "", "1,234.57", "3", "a",
    ]  # fmt: skip
    assert show_cell(1234.5, Wording("nl", bench.basis.call)) == "1.234,5"


def test_every_label_is_there_in_both_languages_and_differs() -> None:
    def flatten(texts: Any, path: str = "") -> dict[str, str]:
        if not isinstance(texts, dict):
            return {path: str(texts)}
        return {key: text for name, part in texts.items() for key, text in flatten(part, f"{path}.{name}").items()}

    dutch, english = (flatten(read_texts(language)["workbench"]) for language in ("nl", "en"))
    assert dutch.keys() == english.keys()
    same = {key for key in dutch if dutch[key] == english[key] and dutch[key].strip("– ")}
    assert same <= {".column.merit.points"}


def test_panel_speaks_dutch(store: Store) -> None:
    bench = Workbench(prepare(store, "internal", AFTER, "nl"), PageShelf(), None)
    assert status(bench).startswith("4 gekozen uit een shortlist van 6")
    assert bench.tabs.titles[0] == "Volgorde"
    assert bench.buttons["keep"].description == "Bewaren"


def test_controls_are_labelled(bench: Workbench) -> None:
    assert [control.description for control in bench.controls.all() if not control.description] == []
    assert [button.description for button in bench.buttons.values() if not button.description] == []


def test_served_notebook_shows_what_was_prepared_whatever_it_asks_for(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = tmp_path / "prepared"
    prepared.write_bytes(package.pickle.dumps((prepare(store, "public", AFTER, "en"), PageShelf(), None)))
    monkeypatch.setenv(PREPARED, str(prepared))
    monkeypatch.chdir(tmp_path)
    assert open_workbench(SMALL_CALL, "nl", "internal").basis.audience == "public"


def test_notebook_in_the_project_shows_the_call_it_asks_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(store.root / "notebooks")
    bench = open_workbench(SMALL_CALL, "en")
    assert bench.basis.audience == "internal"
    assert explore(bench.basis, bench.basis.official).chosen == bench.outcome.chosen
