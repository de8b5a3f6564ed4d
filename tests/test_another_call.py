"""A second complete call, unlike the first: what it proves is that the first one is nowhere built in."""

import csv
import hashlib
import re
import subprocess
import sys
import zipfile
from collections import Counter
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import pandas as pd
import pytest
import yaml
from bs4 import BeautifulSoup
from pdf_reading import read_pages
from searching import squeeze

from analysis import sensitivity
from analysis.call import Call
from analysis.faults import InputError
from analysis.ingest import changed_files, read_tables
from analysis.pipeline import run
from analysis.plan import Plan
from analysis.published import Sources
from analysis.scoring import count_asked, count_conflicts
from analysis.store import Store

ROOT = Path(__file__).parents[1]
RAW = ROOT / "data" / "raw"
CALL, COUNTRY, FIRST = "clear-waters-2025", "merrowmark", "digitale-innovatie-2016"
PUBLIC, INTERNAL = "2026-09-01-public-en", "2026-09-01-internal-en"
FICTIONAL = "Fictional call: these ideas, applicants and scores do not exist."


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory, make_project) -> Store:
    root = make_project(tmp_path_factory.mktemp("another"))
    store = Store(root, CALL)
    run(store, store.call.editions)
    return store


@pytest.fixture
def shipped(project: Path) -> Store:
    return Store(project, CALL)


def delivered(table: str) -> list[dict[str, str]]:
    with (RAW / CALL / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def declared() -> dict:
    return yaml.safe_load((RAW / CALL / "call.yml").read_text(encoding="utf-8"))


def corrected_scores() -> list[dict[str, str]]:
    text = (RAW / CALL / "corrections.yml").read_text(encoding="utf-8")
    changes = [one for one in yaml.safe_load(text)["corrections"] if one["table"] == "scores"]
    rows = delivered("scores")
    for change in changes:
        for row in rows:
            if change["where"].items() <= row.items():
                row |= change["set"]
    return rows


def words(store: Store, edition: str) -> str:
    page = BeautifulSoup((store.reports / edition / "answer.html").read_text(encoding="utf-8"), "html.parser")
    return " ".join(page.select_one("main").get_text(" ").split())


# What is shipped.


@pytest.mark.parametrize(("folder", "script"), [(CALL, "make_tables.py"), (COUNTRY, "make_country.py")])
def test_the_shipped_tables_are_what_the_script_beside_them_writes(folder: str, script: str, tmp_path: Path):
    subprocess.run([sys.executable, "-B", RAW / folder / script, tmp_path], check=True)
    written = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    tables = {path.name for pattern in ("*.csv", "*.geojson", "SOURCES.yml") for path in (RAW / folder).glob(pattern)}
    assert set(written) == tables
    assert [name for name, content in written.items() if content != (RAW / folder / name).read_bytes()] == []


def test_the_call_is_valid_as_it_is_shipped():
    store = Store(ROOT, CALL)
    tables = read_tables(store)
    assert all(len(table) for table in tables.values())  # it delivers every table that a call can
    assert changed_files(store) == []


def test_without_its_corrections_it_is_not_valid(shipped: Store, refusal):
    (shipped.raw / "corrections.yml").unlink()
    said = refusal(lambda: read_tables(shipped))
    assert len(said) == len(yaml.safe_load((RAW / CALL / "corrections.yml").read_text(encoding="utf-8"))["corrections"])


def test_it_says_in_its_own_words_that_it_is_fictional_and_names_nobody():
    for folder in (CALL, COUNTRY):
        sources = yaml.safe_load((RAW / folder / "SOURCES.yml").read_text(encoding="utf-8"))
        assert sources["synthetic"] is True
        assert "fictional" in sources["notice"]["en"] and sources["notice"]["nl"]
        assert all("fictional" in file["origin"] for file in sources["files"].values())
    labels = [rater["label"]["en"] for rater in declared()["scoring"]["raters"]]
    assert labels == [*(f"Juror {number}" for number in range(1, 7)), "Merrowmark Water Agency"]


def test_it_is_unlike_the_first_call():
    first = yaml.safe_load((RAW / FIRST / "call.yml").read_text(encoding="utf-8"))
    other = declared()
    assert other["selection"]["ranked_by"] == "expected_ranks" and "ranked_by" not in first["selection"]
    assert other["scoring"]["scale"] != first["scoring"]["scale"]
    assert len({criterion.get("weight", 1) for criterion in other["scoring"]["criteria"]}) > 1
    assert len({rater.get("panel") for rater in other["scoring"]["raters"]} - {None}) == 2
    assert len(other["scoring"]["raters"]) == 7
    assert "cost_sharing" in other and "cost_sharing" not in first
    for section in ("categories", "actor_kinds", "partnerships", "focuses", "paths"):
        assert not {item["id"] for item in other[section]} & {item["id"] for item in first[section]} - {"association"}


def test_every_municipality_of_the_country_lies_in_its_own_province():
    from matplotlib.path import Path as Ring

    outline = yaml.safe_load((RAW / COUNTRY / "outline.geojson").read_text(encoding="utf-8"))
    rings = {part["properties"]["name"]: Ring(part["geometry"]["coordinates"][0]) for part in outline["features"]}
    with (RAW / COUNTRY / "municipalities.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert rings[row["province"]].contains_point((float(row["lon"]), float(row["lat"]))), row["name_nl"]
    assert {row["province"] for row in rows} == set(rings)


# The reference folder that a call brings.


def test_a_call_reads_the_reference_folder_that_it_names(shipped: Store):
    assert shipped.reference == shipped.root / "data" / "raw" / COUNTRY
    assert set(shipped.reference_sources.files) == {"municipalities.csv", "outline.geojson"}
    assert Plan.of(shipped).reference == COUNTRY
    assert Store(shipped.root, FIRST).reference.name == "reference"


def test_a_reference_folder_cannot_lie_outside_the_raw_data(shipped: Store, refusal):
    path = shipped.raw / "call.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("folder: merrowmark", "folder: ../elsewhere"), "utf-8")
    assert any("reference.folder" in line for line in refusal(lambda: shipped.call))


# Panels and conflicts of interest.


def test_nobody_scored_an_idea_of_another_panel_or_one_with_a_conflict_of_interest():
    raters = {rater["id"]: rater for rater in declared()["scoring"]["raters"]}
    given = {(row["rater"], row["proposal"]) for row in delivered("scores")}
    panel_of = {proposal: raters[rater]["panel"] for rater, proposal in given if "panel" in raters[rater]}
    assert set(Counter(panel_of.values()).values()) == {15}
    asked = {
        (name, proposal)
        for name, rater in raters.items()
        for proposal, panel in panel_of.items()
        if rater.get("panel", panel) == panel
    }
    conflicts = {(name, proposal) for name, rater in raters.items() for proposal in rater.get("conflicts", [])}
    assert len(conflicts) == 8 and conflicts < asked
    assert given == asked - conflicts


def test_a_score_in_spite_of_a_conflict_of_interest_is_refused(shipped: Store, refusal):
    path = shipped.raw / "scores.csv"
    path.write_text(path.read_text(encoding="utf-8") + "W04,juror-1,effect,4\n", encoding="utf-8")
    (said,) = refusal(lambda: read_tables(shipped))
    assert f"row {len(delivered('scores')) + 2}, column rater" in said
    assert "a score on W04 by juror-1, which declared a conflict of interest" in said


def test_a_conflict_of_interest_about_no_proposal_is_refused(shipped: Store, refusal):
    path = shipped.raw / "call.yml"
    path.write_text(path.read_text(encoding="utf-8").replace("conflicts: [W04]", "conflicts: [W99]"), "utf-8")
    (said,) = refusal(lambda: read_tables(shipped))
    assert "scoring.raters.0.conflicts: found 'W99'; expected the id of a proposal in proposals.csv" in said


def test_scores_of_another_panel_are_not_missing_but_those_withheld_for_a_conflict_are():
    individual = pd.DataFrame(
        [("P1", "a", 3.0), ("P1", "c", 2.0), ("P2", "b", 4.0), ("P2", "c", 1.0), ("P3", "b", 2.0)],
        columns=["proposal", "rater", "score"],
    )
    raters = [
        {"id": "a", "panel": "east", "conflicts": ["P2", "P9"]},  # of another panel and of no idea: no score is missing
        {"id": "b", "panel": "west"},
        {"id": "c", "conflicts": ["P3"]},
    ]
    call = Call.model_validate(
        declared()
        | {
            "scoring": {
                "scale": {"low": 0, "high": 5},
                "criteria": [{"id": "one", "label": {"en": "One"}}],
                "raters": [{**rater, "label": {"en": "R"}, "role": "juror", "criteria": ["one"]} for rater in raters],
            }
        }
    )
    assert count_asked(individual, call).to_dict() == {"P1": 2, "P2": 2, "P3": 2}
    assert count_conflicts(individual, call) == 1


def test_a_label_for_a_panel_in_which_nobody_sits_is_refused(shipped: Store, refusal):
    path = shipped.raw / "call.yml"
    text = path.read_text(encoding="utf-8").replace("    coasts: {nl: kusten", "    lakes: {nl: meren")
    path.write_text(text, encoding="utf-8")
    assert any("labels of panels that a rater sits in, not lakes" in line for line in refusal(lambda: shipped.call))


# How it was decided.


def test_the_expected_ranks_decide_and_the_totals_would_decide_otherwise(finished: Store):
    totals, ranks = finished.read_table("totals"), finished.read_table("expected_ranks").set_index("proposal")["er"]
    assert totals.set_index("proposal")["merit"].sort_index().tolist() == pytest.approx(
        (len(totals) - ranks.sort_index()).tolist(), abs=1e-6
    )
    places = int(totals["shortlisted"].sum())
    assert set(totals.loc[totals["shortlisted"], "proposal"]) != set(totals.nlargest(places, "total")["proposal"])


def test_the_totals_weigh_the_criteria_as_declared(finished: Store):
    weights = {criterion["id"]: criterion.get("weight", 1) for criterion in declared()["scoring"]["criteria"]}
    by_rater: dict[tuple[str, str], list[tuple[Fraction, int]]] = {}
    for row in corrected_scores():
        pair = (Fraction(row["score"]), weights[row["criterion"]])
        by_rater.setdefault((row["proposal"], row["rater"]), []).append(pair)
    each: dict[str, list[Fraction]] = {}
    for (proposal, _), pairs in by_rater.items():
        each.setdefault(proposal, []).append(sum(s * w for s, w in pairs) / sum(w for _, w in pairs))
    expected = {proposal: float(sum(scores) / len(scores)) for proposal, scores in each.items()}
    totals = finished.read_table("totals").set_index("proposal")["total"].to_dict()
    assert totals == pytest.approx(expected, abs=1e-8)


def test_the_lottery_decided_the_last_places_and_can_be_drawn_again_with_sha256(finished: Store):
    ranks, lottery = finished.read_table("expected_ranks"), finished.read_table("lottery")
    selection = declared()["selection"]
    places, seed = selection["shortlist"], selection["seed"]
    line = sorted(ranks["er"])[places - 1]
    unsure = ranks[(ranks["q25"] <= line) & (line <= ranks["q75"])]
    accepted = set(ranks.loc[ranks["q75"] < line, "proposal"])
    left = places - len(accepted)
    assert 0 < left < len(unsure)
    tickets = sorted((hashlib.sha256(f"{seed}:{one}".encode()).hexdigest(), one) for one in unsure["proposal"])
    assert [tuple(row) for row in lottery[["ticket", "proposal"]].to_numpy()] == tickets
    drawn = {proposal for _, proposal in tickets[:left]}
    assert set(lottery.loc[lottery["drawn"], "proposal"]) == drawn
    totals = finished.read_table("totals")
    assert set(totals.loc[totals["shortlisted"], "proposal"]) == accepted | drawn
    assert drawn != set(unsure.nsmallest(left, "er")["proposal"])  # so that the lottery mattered


def best_choice(rows: list[dict], maximum: float) -> set[str]:
    """Return the best choice of nine by trying all of them, under the conditions of the call and this cap."""
    best, found = -1.0, set()
    for nine in combinations(rows, 9):
        kept = (
            sum(row["euro"] for row in nine) <= maximum
            and sum(row["focus"] == "restoration" for row in nine) >= 4
            and sum(row["province"] == "Highfell" for row in nine) >= 1
        )
        merit = sum(row["merit"] for row in nine)
        if kept and merit > best:
            best, found = merit, {row["proposal"] for row in nine}
    return found


def test_the_cap_on_money_binds(finished: Store):
    selection, profiles = finished.read_table("selection"), finished.read_table("profiles")
    rows = selection.merge(profiles[["proposal", "focus", "province"]], on="proposal")
    asked = {row["proposal"]: int(row["requested_euro"]) for row in delivered("proposals")}
    rows = rows.assign(euro=rows["proposal"].map(asked)).to_dict("records")
    (cap,) = declared()["selection"]["caps"]
    computed = best_choice(rows, cap["maximum"])
    assert set(selection.loc[selection["computed"], "proposal"]) == computed
    without = best_choice(rows, float("inf"))
    assert without != computed and sum(asked[one] for one in without) > cap["maximum"]
    prices = finished.read_table("constraint_prices").set_index("constraint")
    merit = selection.set_index("proposal")["merit"]
    assert prices.at["grants", "gain"] == pytest.approx(merit[list(without)].sum() - merit[list(computed)].sum())


def test_the_decision_departs_with_a_reason_and_keeps_within_the_cap(finished: Store):
    selection = finished.read_table("selection")
    decided = {row["proposal"] for row in delivered("decision") if row["chosen"] == "true"}
    assert set(selection.loc[selection["chosen"], "proposal"]) == decided
    departing = selection[selection["chosen"] != selection["computed"]]
    assert len(departing) == 2 and departing["decided"].notna().all()
    asked = {row["proposal"]: int(row["requested_euro"]) for row in delivered("proposals")}
    assert sum(asked[one] for one in decided) <= declared()["selection"]["caps"][0]["maximum"]


# What became of it.


def test_the_services_are_paid_by_the_municipalities_that_join_to_the_last_euro(finished: Store):
    shares = finished.read_table("cost_shares")
    cost = {row["proposal"]: int(row["yearly_cost"]) for row in delivered("pilots") if row["yearly_cost"]}
    joined = Counter(row["proposal"] for row in delivered("joining"))
    assert shares.groupby("proposal")["euro"].sum().to_dict() == {one: cost[one] for one in joined}
    assert shares.groupby("proposal").size().to_dict() == dict(joined)
    assert min(joined.values()) >= 5


def test_a_share_is_a_quarter_in_equal_parts_and_the_rest_by_band(finished: Store):
    shares = finished.read_table("cost_shares").query("proposal == 'W25'")
    parts = [1 if people < 10000 else 2 if people < 30000 else 5 for people in shares["population"]]
    for part, euro in zip(parts, shares["euro"], strict=True):
        exact = 96000 * (Fraction(1, 4) / len(parts) + Fraction(3, 4) * part / sum(parts))
        assert abs(euro - exact) < 1


def test_every_published_figure_reconciles_but_one_that_is_explained(finished: Store):
    verdicts = finished.read_table("reconciliation").set_index("figure")["verdict"]
    assert set(verdicts.drop("actors")) == {"match", "within"}
    assert verdicts["actors"] == "explained"
    assert set(finished.read_table("group_sums")["verdict"]) == {"match"}


# What it says.


def test_both_editions_are_there(finished: Store):
    assert {path.name for path in finished.reports.iterdir()} == {PUBLIC, INTERNAL, "latest"}
    for edition in (PUBLIC, INTERNAL):
        files = {path.name for path in (finished.reports / edition).iterdir()}
        assert {"answer.html", "answer.pdf", "answer.docx", "tables.xlsx", "datapackage.json"} <= files


def test_every_page_says_that_the_call_is_fictional(finished: Store):
    for edition in (PUBLIC, INTERNAL):
        assert "This is a fictional call of a fictional agency" in words(finished, edition)
    folder = finished.reports / PUBLIC
    pages = read_pages((folder / "answer.pdf").read_bytes())
    assert len(pages) > 10
    for page in pages:
        assert squeeze(FICTIONAL) in squeeze(page.content + page.artifacts)
    html = (folder / "answer.html").read_text(encoding="utf-8")
    assert FICTIONAL in html and "Synthetic records" not in html
    for name, part in (("answer.docx", "word/footer"), ("tables.xlsx", "xl/worksheets/sheet")):
        with zipfile.ZipFile(folder / name) as package:
            feet = [
                package.read(one).decode() for one in package.namelist() if one.startswith(part) and one.endswith("xml")
            ]
        assert feet and all(FICTIONAL in foot for foot in feet)


def test_the_answer_tells_of_panels_conflicts_weights_and_the_lottery(finished: Store):
    said = words(finished, PUBLIC)
    for sentence in (
        "Six jurors from the field sit in two panels .",
        "In an individual score the criteria have these weights: effect on the quality of the water ( 3 )",
        "so that there are four individual scores per idea",
        "Eight individual scores are missing, because the rater had declared a conflict of interest",
        "Two places were drawn by lot among the seven ideas",
        "The participants were surveyed.",
        "The code of the source refers to the programme (P)",
    ):
        assert squeeze(sentence) in squeeze(said), sentence


def test_the_steps_speak_of_places_where_expected_ranks_decide(finished: Store):
    notebook = (finished.processed / "notebooks" / "04_selection.ipynb").read_text(encoding="utf-8")
    said = " ".join(re.findall(r"Balance costs[^;]*", notebook.replace("\\n", " ")))
    assert "places on the sum of expected ranks" in " ".join(said.split()) and "point" not in said


def test_the_english_editions_hold_no_dutch_and_no_fact_of_the_first_call(finished: Store):
    first = yaml.safe_load((RAW / FIRST / "call.yml").read_text(encoding="utf-8"))
    own = [first["organiser"]["name"], *first["organiser"]["predecessors"], *first["organiser"]["partners"]]
    foreign = [*own, "Flemish", "Flanders", "Vlaanderen", "librar", "(Q)"]
    dutch = {"het", "een", "niet", "wordt", "voor", "gemeente", "ideeën", "projecten", "gekozen", "beoordelaar"}
    for edition in (PUBLIC, INTERNAL):
        said = words(finished, edition)
        assert [name for name in foreign if name.casefold() in said.casefold()] == []
        assert dutch & set(re.findall(r"\w+", said.casefold())) == set()


def test_the_public_edition_names_no_idea_that_was_not_selected_and_no_score(finished: Store):
    decided = {row["proposal"] for row in delivered("decision") if row["chosen"] == "true"}
    kept = [row["title"] for row in delivered("proposals") if row["proposal"] not in decided]
    shown = [row["title"] for row in delivered("proposals") if row["proposal"] in decided]
    folder = finished.reports / PUBLIC
    tables = [path.read_text(encoding="utf-8") for path in (folder / "data").iterdir()]
    texts = squeeze(
        " ".join([*tables, *((folder / name).read_text(encoding="utf-8") for name in ("answer.html", "manifest.json"))])
    )
    assert [title for title in kept if squeeze(title) in texts] == []
    assert [title for title in shown if squeeze(title) not in texts] == []
    released = {path.stem for path in finished.edition_folder(PUBLIC).iterdir()}
    assert not released & {"scores", "individual_scores", "totals", "expected_ranks", "reasons", "selection", "survey"}
    assert {"lottery", "services", "cost_shares", "chosen"} <= released


# Rules that it needed and that hold for any call.


def test_another_mark_than_the_usual_one_comes_from_the_sources():
    files = {"notice": {"en": "Why."}, "files": {}}
    usual = "Synthetic."
    assert Sources.model_validate({"synthetic": True, **files}).find_mark("en", usual) == usual
    marked = Sources.model_validate({"synthetic": True, "mark": {"en": "Fictional."}, **files})
    assert marked.find_mark("en", usual) == "Fictional."
    assert Sources.model_validate({"synthetic": False, "files": {}}).find_mark("en", usual) == ""


def test_a_mark_on_records_that_are_real_is_refused():
    with pytest.raises(ValueError, match="no mark"):
        Sources.model_validate({"synthetic": False, "mark": {"en": "Fictional."}, "files": {}})


@pytest.mark.parametrize(("possible", "expected"), [(True, "changes"), (False, "blocked")])
def test_no_choice_without_the_organiser_is_not_counted_as_projects_replaced(possible: bool, expected: str):
    call = Call.model_validate(declared())
    changes = pd.DataFrame(
        [("agency", "W01", "leaves", possible), ("agency", "W16", "leaves", possible)],
        columns=["rater", "proposal", "change", "possible"],
    )
    shares = pd.DataFrame(
        [("W01", varied, 1.0, 1.0) for varied in ("weights", "raters")],
        columns=["proposal", "varied", "chosen", "possible"],
    )
    found = {item.id: item.value for item in sensitivity.choice_indicators(shares, changes, call)}
    about = {name.rpartition("_")[2]: value for name, value in found.items() if name.startswith("choice.organiser")}
    assert about == {expected: 2 if possible else 1}


def test_input_at_fault_is_said_and_not_run(shipped: Store):
    (shipped.reference / "municipalities.csv").unlink()
    with pytest.raises(InputError, match="merrowmark"):
        read_tables(shipped)
