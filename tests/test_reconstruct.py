"""The synthetic tables: identical bytes from the same seed, and every figure recomputed from the files by other means."""

import csv
import itertools
import shutil
from collections import Counter, defaultdict
from datetime import date
from fractions import Fraction
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from running import run_steps

from analysis import ingest
from analysis.faults import InputError
from analysis.reconstruct import reconstruct
from analysis.store import Store
from analysis.synthesis.draws import apportion

ROOT = Path(__file__).parents[1]
CALL = "digitale-innovatie-2016"
RAW = ROOT / "data" / "raw" / CALL
TABLES = ("actors", "budget", "involvement", "masterclasses", "proposals", "scores", "staffing", "survey")


def rows(table: str, folder: Path = RAW) -> list[dict[str, str]]:
    with (folder / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def declared(name: str = "call.yml") -> dict:
    return yaml.safe_load((RAW / name).read_text(encoding="utf-8"))


def places() -> dict[str, dict[str, str]]:
    with (ROOT / "data" / "raw" / "reference" / "municipalities_2016.csv").open(encoding="utf-8", newline="") as file:
        return {row["nis"]: row for row in csv.DictReader(file)}


def exact_totals(folder: Path = RAW) -> dict[str, Fraction]:
    """Return the mean over raters of their mean over criteria, as fractions: no rounding can hide or make a tie."""
    given = defaultdict(lambda: defaultdict(list))
    for row in rows("scores", folder):
        given[row["proposal"]][row["rater"]].append(int(row["score"]))
    means = {name: [Fraction(sum(one), len(one)) for one in raters.values()] for name, raters in given.items()}
    return {name: sum(one) / len(one) for name, one in means.items()}


def shortlisted(folder: Path = RAW) -> list[str]:
    totals = exact_totals(folder)
    ordered = sorted(totals, key=lambda name: -totals[name])
    assert totals[ordered[19]] > totals[ordered[20]], "a tie at the line of the shortlist"
    return ordered[:20]


def candidates(folder: Path = RAW) -> list[dict[str, str]]:
    """Return the shortlisted proposals with the columns that caps and quotas look at."""
    actors, towns = {row["actor"]: row for row in rows("actors", folder)}, places()
    listed = {name: place for place, name in enumerate(shortlisted(folder))}
    found = []
    for row in rows("proposals", folder):
        if row["proposal"] in listed:
            lead = actors[row["actor"]]
            scale = "city" if int(towns[lead["nis"]]["population"]) >= 30000 else "municipality"
            found.append({**row, "actor_kind": lead["kind"], "scale": scale})
    return sorted(found, key=lambda row: listed[row["proposal"]])


def choices(drop: str = "", folder: Path = RAW) -> list[tuple[Fraction, tuple[int, ...]]]:
    """Return every choice of 16 of the 20 that keeps the caps and quotas but one, with its sum of totals, best first."""
    listed, selection, totals = candidates(folder), declared()["selection"], exact_totals(folder)
    picks = np.array(list(itertools.combinations(range(20), 16)))
    allowed = np.ones(len(picks), dtype=bool)
    for cap in selection["caps"]:
        asked = np.array([float(row[cap["column"]]) for row in listed])
        allowed &= (asked[picks].sum(axis=1) <= cap["maximum"]) | (cap["id"] == drop)
    for quota in selection["quotas"]:
        number = np.array([row[quota["column"]] in quota["groups"] for row in listed])[picks].sum(axis=1)
        kept = (number >= quota.get("minimum", 0)) & (number <= quota.get("maximum", 16))
        allowed &= kept | (quota["id"] == drop)
    sums = [(sum(totals[listed[one]["proposal"]] for one in pick), tuple(pick)) for pick in picks[allowed].tolist()]
    return sorted(sums, reverse=True)


def chosen(folder: Path = RAW) -> list[dict[str, str]]:
    listed = candidates(folder)
    return [listed[one] for one in choices(folder=folder)[0][1]]


def count(found: list[dict[str, str]], column: str) -> dict[str, int]:
    return dict(Counter(row[column] for row in found))


@pytest.fixture(scope="module")
def again(tmp_path_factory: pytest.TempPathFactory, make_project) -> Store:
    """Return a project from which every generated file was taken away before they were drawn again."""
    root = make_project(tmp_path_factory.mktemp("again"))
    store = Store(root, CALL)
    for path in (*store.raw.glob("*.csv"), store.raw / "SOURCES.yml"):
        path.unlink()
    assert reconstruct(store) == store.raw
    return store


@pytest.fixture
def other(tmp_path: Path) -> Store:
    """Return a project with nothing but the declarations of the call."""
    store = Store(tmp_path, CALL)
    store.raw.mkdir(parents=True)
    reference = tmp_path / "data" / "raw" / "reference"
    shutil.copytree(ROOT / "data" / "raw" / "reference", reference, copy_function=shutil.copyfile)
    for name in ("call.yml", "reconstruction.yml", "reconstruction_ideas.yml"):
        shutil.copyfile(RAW / name, store.raw / name)
    return store


def assume(store: Store, old: str, new: str) -> None:
    path = store.raw / "reconstruction.yml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_same_seed_gives_the_bytes_in_the_repository(again: Store):
    for name in (*(f"{table}.csv" for table in TABLES), "SOURCES.yml"):
        assert (again.raw / name).read_bytes() == (RAW / name).read_bytes(), name


def test_the_files_are_plain_and_no_decision_is_among_them():
    assert {path.stem for path in RAW.glob("*.csv")} == set(TABLES)
    for path in RAW.glob("*.csv"):
        content = path.read_bytes()
        assert b"\r" not in content
        assert not content.startswith(b"\xef\xbb\xbf")
        assert content.endswith(b"\n")


def test_ingest_accepts_the_tables_and_their_record(again: Store):
    tables = ingest.read_tables(again)
    assert len(tables["proposals"]) == 99
    assert ingest.changed_files(again) == []
    assert again.sources.synthetic
    assert set(again.sources.files) == {f"{table}.csv" for table in TABLES}
    assert {one.licence for one in again.sources.files.values()} == {"CC0-1.0"}
    assert "synthetisch" in again.sources.notice.in_language("nl")
    assert "synthetic" in again.sources.notice.in_language("en")


def test_the_record_of_the_reference_tables_is_true():
    folder = ROOT / "data" / "raw" / "reference"
    reference = Store(ROOT, "reference")
    assert not reference.sources.synthetic
    assert set(reference.sources.files) >= {path.name for path in folder.glob("*.csv")}
    assert ingest.changed_files(reference) == []


def test_proposals_actors_and_municipalities_are_as_many_as_published():
    proposals, actors, involvement = rows("proposals"), rows("actors"), rows("involvement")
    assert len(proposals) == len({row["proposal"] for row in proposals}) == 99
    assert {row["actor"] for row in proposals} == {row["actor"] for row in actors}
    assert len(actors) == 74
    assert len({row["nis"] for row in involvement}) == 119


def test_all_nine_categories_occur_in_uneven_numbers():
    counts = count(rows("proposals"), "category")
    assert set(counts) == {category["id"] for category in declared()["categories"]}
    assert len(counts) == 9
    assert max(counts.values()) <= 14
    assert max(counts.values()) >= 2 * min(counts.values())


def test_titles_and_summaries_are_those_of_ideas_and_never_twice():
    ideas = {
        idea["title"]: idea for listed in declared("reconstruction_ideas.yml")["ideas"].values() for idea in listed
    }
    proposals = rows("proposals")
    assert len({row["title"] for row in proposals}) == 99
    for row in proposals:
        idea = ideas[row["title"]]
        assert row["summary"] == idea["summary"]
        assert row["umbrella"] == idea["umbrella"]
        assert row["partnership"] in idea["partnerships"]
        assert row["focus"] in idea["focuses"]
        assert row["reach"] == idea.get("reach", row["reach"])


def test_the_partnership_suits_the_kind_of_lead_actor():
    kinds = {row["actor"]: row["kind"] for row in rows("actors")}
    suits = {
        "library": {"library"},
        "centre": {"culture_centre", "community_centre"},
        "service": {"culture_service"},
        "library_and_centre": {"joint_venture", "library", "culture_centre", "community_centre"},
        "other": set(kinds.values()),
    }
    assert all(kinds[row["actor"]] in suits[row["partnership"]] for row in rows("proposals"))


def test_actors_have_natural_names_at_home_in_their_municipality():
    towns, actors = places(), rows("actors")
    assert len({row["name"] for row in actors}) == len(actors)
    assert all(towns[row["nis"]]["name_nl"] in row["name"] for row in actors)
    assert set(count(actors, "kind")) == {kind["id"] for kind in declared()["actor_kinds"]}
    assert len({towns[row["nis"]]["province"] for row in actors}) == 5


def test_a_proposal_involves_the_municipality_of_its_lead_and_a_regional_one_its_neighbours():
    home = {row["actor"]: row["nis"] for row in rows("actors")}
    involved, towns = defaultdict(set), places()
    for row in rows("involvement"):
        involved[row["proposal"]].add(row["nis"])
    for row in rows("proposals"):
        around = involved[row["proposal"]]
        assert home[row["actor"]] in around
        assert (len(around) > 2) == (row["reach"] == "regional")
        here = towns[home[row["actor"]]]
        for nis in around:
            north = (float(towns[nis]["lat"]) - float(here["lat"])) * 111
            east = (float(towns[nis]["lon"]) - float(here["lon"])) * 70
            assert (north**2 + east**2) ** 0.5 < 25, (here["name_nl"], towns[nis]["name_nl"])


def test_every_rater_scores_whole_proposals_and_only_jurors_miss_some():
    asked = {rater["id"]: set(rater["criteria"]) for rater in declared()["scoring"]["raters"]}
    given = defaultdict(lambda: defaultdict(set))
    for row in rows("scores"):
        assert 1 <= int(row["score"]) <= 10
        given[row["proposal"]][row["rater"]].add(row["criterion"])
    assert len(given) == 99
    missing = 0
    for raters in given.values():
        assert all(criteria == asked[rater] for rater, criteria in raters.items())
        assert "organisator" in raters
        assert len(raters) >= 3
        missing += len(asked) - len(raters)
    assert 1 <= missing <= 12


def test_raters_differ_in_severity_and_criteria_go_together():
    scores = pd.read_csv(RAW / "scores.csv")
    severity = scores.groupby("rater")["score"].mean()
    assert severity.max() - severity.min() > 0.4
    by_criterion = scores[scores["rater"] == "jurylid-1"].pivot(index="proposal", columns="criterion", values="score")
    correlation = by_criterion.corr().to_numpy()[np.triu_indices(5, 1)]
    assert correlation.min() > 0.3
    assert correlation.max() < 0.9


def test_the_best_choice_by_full_enumeration_has_the_published_composition():
    found = chosen()
    assert count(found, "partnership") == {"centre": 4, "library": 7, "service": 1, "library_and_centre": 3, "other": 1}
    assert count(found, "reach") == {"local": 13, "regional": 3}
    assert count(found, "focus") == {"computerised_service": 6, "new_service": 5, "new_role": 5}
    assert sum(row["cross_sector"] == "true" for row in found) >= 2
    assert sum(int(row["requested_euro"]) for row in found) == 1_100_000
    assert 135 <= sum(float(row["requested_staff_months"]) for row in found) <= 144
    assert all(int(row["requested_euro"]) % 500 == 0 for row in rows("proposals"))
    assert all(25_000 <= int(row["requested_euro"]) <= 150_000 for row in rows("proposals"))


def test_no_other_choice_is_as_good():
    best, second = choices()[:2]
    assert best[0] > second[0]


def test_the_choice_is_instructive():
    best, pick = choices()[0]
    above = [place for place in range(20) if place not in pick and place < max(pick)]
    assert len(above) >= 2
    selection = declared()["selection"]
    names = [one["id"] for one in (*selection["caps"], *selection["quotas"])]
    assert sum(choices(drop=name)[0][0] > best for name in names) >= 3


def test_the_chosen_are_carried_out_from_the_first_day_to_the_last_with_different_starts():
    starts, ends = [], []
    for row in chosen():
        start = date.fromisoformat(row["start"])
        after = start.year * 12 + start.month - 1 + int(row["months"])
        starts.append(start)
        ends.append(after)
        assert start.day == 1
    assert min(starts) == date(2016, 9, 1)
    assert max(ends) == 2018 * 12  # January 2018 is the first month after the last end
    assert len(set(starts)) >= 4


def test_the_majority_but_not_all_grew_from_an_idea_into_a_prototype():
    steps = Counter((row["maturity_intake"], row["maturity_end"]) for row in rows("proposals"))
    assert 0.6 < steps["idea", "prototype"] / 99 < 0.85
    order = ["idea", "plan", "prototype"]
    assert all(order.index(after) >= order.index(before) for before, after in steps)


def test_the_budget_adds_up_by_phase_and_fund():
    sums, lines = Counter(), Counter()
    for row in rows("budget"):
        sums[row["phase"], row["fund"]] += int(row["euro"])
        lines[row["phase"]] += 1
        assert int(row["euro"]) > 0
    expected = {
        ("call", "working_budget"): 61_500,
        ("pilots", "reserves"): 770_000,
        ("pilots", "working_budget"): 330_000,
    }
    assert sums == expected
    assert min(lines.values()) >= 6


@pytest.mark.parametrize(("phase", "persons", "months", "person_months"), [("call", 6, 6, 12), ("pilots", 21, 16, 144)])
def test_the_staff_adds_up_and_its_load_varies(phase: str, persons: int, months: int, person_months: int):
    load, employees = Counter(), Counter()
    for row in rows("staffing"):
        if row["phase"] != phase:
            continue
        first, last = (pd.Period(row[key], "M") for key in ("from", "to"))
        assert row["from"] == str(first.start_time.date())
        assert row["to"] == str(last.end_time.date())
        for month in pd.period_range(first, last):
            load[month] += Fraction(row["fraction"])
            employees[row["employee"], month] += Fraction(row["fraction"])
    assert len({employee for employee, _ in employees}) == persons
    assert len(load) == months
    assert sum(load.values()) == person_months
    assert max(employees.values()) <= 1
    average = Fraction(person_months, months)
    assert load[min(load)] < average < max(load.values())


def test_attendance_declines_and_the_interim_tests_rise():
    table = pd.read_csv(RAW / "masterclasses.csv").groupby("session")
    attended, tests = table["attended"].mean(), table[["feasibility", "desirability"]].mean()
    assert len(attended) == 4
    assert attended.is_monotonic_decreasing
    assert attended.between(0.85, 0.97).all()
    assert tests.apply(lambda column: column.is_monotonic_increasing).all()
    absent = [row for row in rows("masterclasses") if row["attended"] == "false"]
    assert all(row["feasibility"] == row["desirability"] == "" for row in absent)


def test_the_survey_fits_the_choice():
    table = pd.read_csv(RAW / "survey.csv")
    respondents = table.groupby("respondent")["chosen"].first()
    assert 50 <= len(respondents) <= 70
    assert 5 <= respondents.sum() <= 16
    assert table["answer"].between(1, 5).all()
    assert len(respondents) * 4 < len(table) < len(respondents) * 5


def test_every_published_figure_holds_and_only_the_split_by_partnership_is_open(again: Store):
    store = run_steps(again.root, CALL)
    figures = store.read_table("reconciliation").set_index("figure")["verdict"]
    groups = store.read_table("group_sums").set_index("group")
    assert len(figures) == len(declared("published.yml")["figures"])
    assert set(figures) == {"match", "within"}
    assert list(groups.index[groups["verdict"] == "open"]) == ["partnership"]
    assert groups.loc["partnership", ["sum", "total"]].to_list() == [15, 16]


def test_another_seed_gives_other_tables_with_the_same_figures(other: Store):
    assume(other, "seed: 2016", "seed: 2030")
    reconstruct(other)
    for table in set(TABLES) - {"budget"}:
        assert (other.raw / f"{table}.csv").read_bytes() != (RAW / f"{table}.csv").read_bytes(), table
    found = chosen(other.raw)
    assert count(found, "partnership") == count(chosen(), "partnership")
    assert {row["proposal"] for row in found} != {row["proposal"] for row in chosen()}
    assert len({row["nis"] for row in rows("involvement", other.raw)}) == 119


def test_a_call_of_another_size_stands_in_a_folder_of_its_own(other: Store):
    folder = reconstruct(other, proposals=500)
    assert folder == other.raw.parent / f"{CALL}-500"
    assert not (folder / "published.yml").exists()
    assert not list(folder.glob("reconstruction*"))
    assert list(other.raw.glob("*.csv")) == []
    text = (other.raw / "call.yml").read_text(encoding="utf-8")
    copy = (folder / "call.yml").read_text(encoding="utf-8")
    assert copy == text.replace(f"id: {CALL}\n", f"id: {CALL}-500\n")
    store = Store(other.root, f"{CALL}-500")
    tables = ingest.read_tables(store)
    assert ingest.changed_files(store) == []
    assert len(tables["proposals"]) == tables["proposals"]["title"].nunique() == 500
    assert len(tables["actors"]) == tables["proposals"]["actor"].nunique() == 374  # 74 of 99, rounded up
    assert tables["involvement"]["nis"].nunique() == 308  # all there are
    assert count(chosen(folder), "partnership") == count(chosen(), "partnership")


@pytest.mark.parametrize("size", [20, 126, 127])
def test_the_smallest_size_and_the_sizes_around_the_number_of_ideas_work(other: Store, size: int):
    folder = reconstruct(other, proposals=size, call_id="trial")
    proposals = rows("proposals", folder)
    ideas = {idea["title"] for listed in declared("reconstruction_ideas.yml")["ideas"].values() for idea in listed}
    assert len({row["title"] for row in proposals}) == size
    assert (len({row["title"] for row in proposals} & ideas) == size) == (size <= len(ideas))
    assert ingest.changed_files(Store(other.root, "trial")) == []


def test_many_proposals_tie_but_never_at_the_line_of_the_shortlist(other: Store):
    folder = reconstruct(other, proposals=5000, call_id="many")
    assert len(shortlisted(folder)) == 20


def test_fewer_proposals_than_the_shortlist_are_refused_with_one_fault(other: Store):
    with pytest.raises(InputError) as refusal:
        reconstruct(other, proposals=19)
    assert len(refusal.value.faults) == 1
    assert "19" in str(refusal.value)
    assert "20" in str(refusal.value)
    assert [path.name for path in other.raw.parent.iterdir() if "reference" not in path.name] == [CALL]


@pytest.mark.parametrize("call_id", [CALL, "../elsewhere", "With Spaces"])
def test_an_id_that_is_taken_or_unfit_is_refused(other: Store, call_id: str):
    with pytest.raises(InputError, match="the id of the new call"):
        reconstruct(other, proposals=20, call_id=call_id)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("municipalities: 119", "municipalities: 20", "targets.municipalities"),
        ("actors: 74", "actors: 5", "targets.actors"),
        ("attempts: 50000", "attempts: 1", "chosen: found no draw of 1"),
        ("euro: 1100000", "euro: 1200000", "chosen: found no draw"),
        ("persons: 6, late: 0.4", "persons: 1, late: 0.4", "phases.call.staff"),
    ],
)
def test_figures_that_cannot_be_met_are_refused_and_nothing_is_written(other: Store, old: str, new: str, said: str):
    assume(other, old, new)
    if "attempts" not in new:
        assume(other, "attempts: 50000", "attempts: 300")
    with pytest.raises(InputError, match=said):
        reconstruct(other)
    assert {path.suffix for path in other.raw.iterdir()} == {".yml"}
    assert not (other.raw / "SOURCES.yml").exists()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    collectie: 13", "    verzameling: 13", "intake.categories"),
        ("centre: 4, library: 7", "centre: 5, library: 7", "chosen.counts.partnership: found 17 in all"),
        ("kept_out: 2", "kept_out: 5", "chosen.kept_out: found 5"),
        ("      reserves:\n        share", "      savings:\n        share", "phases.pilots.funds: found savings"),
        ("    library: {library: 1}", "    library: {archive: 1}", "intake.leads.library: found archive"),
        ("    - kind: culture_centre", "    - kind: museum", "actors.rules: found no rule for a culture_centre"),
        ("seed: 2016", "sed: 2016", "sed: found an unknown key"),
    ],
)
def test_assumptions_that_do_not_fit_the_call_are_named(other: Store, old: str, new: str, said: str):
    assume(other, old, new)
    with pytest.raises(InputError, match=said):
        reconstruct(other)


def test_a_whole_is_divided_by_the_largest_remainder_and_never_above_a_cap():
    assert apportion([1, 1, 1], 10).tolist() == [4, 3, 3]
    assert apportion([6, 3, 1], 7).tolist() == [4, 2, 1]
    assert apportion([1, 0, 1], 4).tolist() == [2, 0, 2]
    assert apportion([10, 1, 1], 12, [4, 6, 6]).tolist() == [4, 4, 4]
    assert apportion([5, 5], 0).tolist() == [0, 0]
