"""What if: the official state exactly as stored, any other as counted by hand, and nothing for who may not know."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from builders import keep_contract
from pandas.testing import assert_frame_equal
from running import compose_edition, read_answer, run_steps

from analysis import basis as bases
from analysis import rechoice, scenarios, whatif
from analysis.declarations import Cap
from analysis.faults import InputError
from analysis.indicators import values
from analysis.scenarios import Filters, Scenario
from analysis.store import Store
from analysis.whatif import Basis, Outcome

REFERENCE, SMALL = "digitale-innovatie-2016", "green-streets-2024"
BEFORE, AFTER = date(2016, 7, 15), date(2016, 9, 9)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, make_project: Callable[[Path], Path]) -> dict[str, Store]:
    """Return the store of the reference call, where totals decide, and of the small one with expected ranks."""
    root = make_project(tmp_path_factory.mktemp("whatif"))
    path = root / "data" / "raw" / SMALL / "call.yml"
    ranked = "  ranked_by: expected_ranks\n  lottery: true\n  tie_rule: report\n"
    text = path.read_text(encoding="utf-8").replace("  tie_rule: criterion:benefit\n", ranked)
    path.write_text(text.replace("  shortlist: 6\n", "  shortlist: 8\n"), encoding="utf-8")
    return {call: run_steps(root, call, "en") for call in (REFERENCE, SMALL)}


@pytest.fixture(scope="module")
def prepared(stores: dict[str, Store]) -> dict[str, Basis]:
    return {call: whatif.prepare(store, language="en") for call, store in stores.items()}


@pytest.fixture
def basis(prepared: dict[str, Basis]) -> Basis:
    """Return the basis of the reference call."""
    return prepared[REFERENCE]


def vary(basis: Basis, **changes: object) -> Scenario:
    return replace(basis.official, name="it", **changes)  # type: ignore[arg-type]


def weigh(basis: Basis, **weights: float) -> dict[str, float]:
    return {**basis.official.criterion_weights, **weights}


def total_by_hand(basis: Basis, scenario: Scenario) -> dict[str, float]:
    """Return the totals: the weighted mean of each rater's weighted mean, one score at a time."""
    marks: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for row in basis.tables["scores"].itertuples():
        weight = scenario.criterion_weights[row.criterion]
        if weight and scenario.rater_weights[row.rater]:
            marks.setdefault(row.proposal, {}).setdefault(row.rater, []).append((weight, row.score))
    totals = {}
    for proposal, raters in marks.items():
        means = {who: sum(w * s for w, s in given) / sum(w for w, _ in given) for who, given in raters.items()}
        weights = {who: scenario.rater_weights[who] for who in means}
        totals[proposal] = sum(weights[who] * means[who] for who in means) / sum(weights.values())
    return totals


def choose_by_hand(basis: Basis, scenario: Scenario, listed: list[str], merit: Mapping[str, float]) -> dict[str, float]:
    """Return the highest sum of merits, and without each constraint, by trying every choice from those listed."""
    call, table = (
        basis.call,
        basis.tables["proposals"].merge(basis.tables["profiles"], on="proposal", suffixes=("", "_")),
    )
    rows = table.set_index("proposal").loc[listed]
    picks = np.array(list(combinations(range(len(listed)), scenario.choose)))
    kept = {}
    for one in (*call.selection.caps, *call.selection.quotas):
        if one.id not in scenario.constraints:
            continue
        if isinstance(one, Cap):
            kept[one.id] = rows[one.column].to_numpy("float64")[picks].sum(axis=1) <= one.maximum
        else:
            number = rows[one.column].isin(one.groups).to_numpy()[picks].sum(axis=1)
            kept[one.id] = (number >= (one.minimum or 0)) & (number <= (one.maximum or np.inf))
    sums = np.array([merit[one] for one in listed])[picks].sum(axis=1)
    everything = np.ones(len(picks), dtype=bool)
    best = {
        name: np.logical_and.reduce([everything, *(f for n, f in kept.items() if n != name)]) for name in ("", *kept)
    }
    winner = picks[np.flatnonzero(best[""])[np.argmax(sums[best[""]])]]
    return {name: float(sums[flags].max()) for name, flags in best.items()} | {listed[i]: 1.0 for i in winner}


def check_official(outcome: Outcome, store: Store) -> None:
    """Fail unless an outcome is the state that the tables of the call hold."""
    totals, chosen = store.read_table("totals"), store.read_table("selection").query("chosen")["proposal"]
    table = outcome.table.set_index("proposal").loc[totals["proposal"]]
    assert table["total"].tolist() == totals["total"].tolist()
    assert table["total_rank"].tolist() == totals["rank"].tolist()
    assert table["shortlisted"].tolist() == totals["shortlisted"].tolist()
    assert table["merit"].tolist() == pytest.approx(totals["merit"].tolist(), abs=1e-12)
    assert outcome.chosen == tuple(sorted(chosen))
    assert set(table.index[table["chosen"]]) == set(table.index[table["official_chosen"]]) == set(chosen)
    assert outcome.shortlisted == tuple(sorted(totals.loc[totals["shortlisted"], "proposal"]))
    assert (outcome.came_in, outcome.went_out, outcome.refusal) == ((), (), None)
    assert_frame_equal(outcome.prices, store.read_table("constraint_prices"), check_dtype=False)
    reach = store.read_table("municipality_reach")
    assert_frame_equal(outcome.places[list(reach.columns)], reach, check_dtype=False)
    indicators = values(store.read_table("indicators"))
    assert outcome.merit == pytest.approx(indicators["selection.merit"])
    if "selection.euro" in indicators:
        assert outcome.euro == indicators["selection.euro"]


@pytest.mark.parametrize("call", [REFERENCE, SMALL])
def test_the_official_scenario_gives_the_stored_tables_before_and_after_any_other(
    call: str, prepared: dict[str, Basis], stores: dict[str, Store]
) -> None:
    fresh = replace(prepared[call], known={})
    check_official(whatif.explore(fresh, fresh.official), stores[call])
    whatif.explore(fresh, vary(fresh, choose=2, constraints=frozenset()))
    check_official(whatif.explore(fresh, replace(fresh.official, name="another name")), stores[call])


@pytest.mark.parametrize("call", [REFERENCE, SMALL])
def test_the_official_state_computed_anew_is_the_stored_one(
    call: str, prepared: dict[str, Basis], stores: dict[str, Store]
) -> None:
    """Weights that are all three times as high mean the same; only that they are not the declared ones hides it."""
    basis = prepared[call]
    same = vary(basis, criterion_weights={name: 3 * w for name, w in basis.official.criterion_weights.items()})
    outcome = whatif.explore(basis, same)
    assert not outcome.quick
    check_official(outcome, stores[call])


@pytest.mark.parametrize("call", [REFERENCE, SMALL])
def test_ranks_by_expected_rank_follow_the_stored_expected_ranks(call: str, prepared: dict[str, Basis]) -> None:
    basis = prepared[call]
    table = whatif.explore(basis, vary(basis, method="expected_rank")).table.set_index("proposal")
    stored = basis.tables["expected_ranks"].set_index("proposal")["er"]
    assert table["expected_rank"].to_dict() == pytest.approx(stored.to_dict())
    assert table["rank"].astype(int).to_dict() == stored.rank(method="min").astype(int).to_dict()


@pytest.mark.parametrize(
    "changes",
    [
        {"criterion_weights": {"innovation": 1.7, "feasibility": 0.0}},
        {"rater_weights": {"organisator": 0.0}},
        {
            "rater_weights": {"jurylid-2": 2.5, "jurylid-4": 0.3},
            "shortlist": 21,
            "constraints": frozenset({"libraries"}),
        },
        {"criterion_weights": {"feasibility": 0.0, "policy_relevance": 0.0}, "choose": 13, "constraints": frozenset()},
        {"shortlist": 19, "choose": 12, "constraints": frozenset({"regional", "pilot_staff"})},
        {"choose": 15, "constraints": frozenset()},
    ],
)
def test_totals_ranks_choice_and_prices_are_those_counted_by_hand(basis: Basis, changes: dict[str, object]) -> None:
    full = {
        key: {**getattr(basis.official, key), **value} if isinstance(value, dict) else value
        for key, value in changes.items()
    }
    scenario = vary(basis, **full)
    outcome, totals = whatif.explore(basis, scenario), total_by_hand(basis, scenario)
    table = outcome.table.set_index("proposal")
    assert table["total"].to_dict() == pytest.approx(totals, abs=1e-8)
    rounded = {name: round(total, 8) for name, total in totals.items()}
    ranks = {name: 1 + sum(other > own for other in rounded.values()) for name, own in rounded.items()}
    assert table["rank"].astype(int).to_dict() == ranks
    line = sorted(rounded.values())[-scenario.shortlist]
    listed = sorted(name for name, total in rounded.items() if total >= line)
    assert outcome.shortlisted == tuple(listed)
    found = choose_by_hand(basis, scenario, listed, totals)
    assert outcome.merit == pytest.approx(found[""], abs=1e-6)
    assert sum(totals[name] for name in outcome.chosen) == pytest.approx(found[""], abs=1e-6)
    gains = dict(zip(outcome.prices["constraint"], outcome.prices["gain"], strict=True))
    assert gains == pytest.approx({name: found[name] - found[""] for name in scenario.constraints}, abs=1e-6)
    official = set(basis.tables["selection"].query("chosen")["proposal"])
    assert set(outcome.came_in) == set(outcome.chosen) - official
    assert set(outcome.went_out) == official - set(outcome.chosen)


def test_filters_narrow_table_and_map_and_change_no_rank_and_no_choice(basis: Basis) -> None:
    whole = whatif.explore(basis, vary(basis, shortlist=22))
    filters = Filters(frozenset({"talent", "school"}), frozenset({"library"}), frozenset(), frozenset({"municipality"}))
    part = whatif.explore(basis, vary(basis, shortlist=22, filters=filters))
    profiles = basis.tables["profiles"].set_index("proposal")
    expected = [
        name
        for name, row in profiles.iterrows()
        if row["category"] in ("talent", "school") and row["actor_kind"] == "library" and row["scale"] == "municipality"
    ]
    assert 0 < len(expected) < 30
    assert sorted(part.table["proposal"]) == sorted(expected)
    both = whole.table.set_index("proposal").loc[part.table["proposal"]].reset_index()
    assert_frame_equal(both, part.table)
    assert (part.chosen, part.shortlisted, part.merit) == (whole.chosen, whole.shortlisted, whole.merit)
    involvement = basis.tables["involvement"]
    counted = involvement[involvement["proposal"].isin(expected)].groupby("nis").size().to_dict()
    held = involvement[involvement["proposal"].isin(set(expected) & set(part.chosen))].groupby("nis").size().to_dict()
    places = part.places.set_index("nis")
    assert places.loc[places["proposals"] > 0, "proposals"].to_dict() == counted
    assert places.loc[places["chosen"] > 0, "chosen"].to_dict() == held
    assert places["share"].max() == max(counted.values()) / len(expected)


def test_filters_that_nothing_passes_leave_an_empty_table(basis: Basis) -> None:
    nothing = Filters(frozenset({"talent"}), frozenset(), frozenset({"Nowhere"}))
    outcome = whatif.explore(basis, vary(basis, filters=nothing))
    assert outcome.table.empty
    assert outcome.places["proposals"].sum() == 0
    assert len(outcome.chosen) == 16


def test_constraints_that_cannot_hold_are_said_with_the_smallest_set_of_them(basis: Basis) -> None:
    alone = whatif.explore(basis, vary(basis, choose=20))
    assert (alone.chosen, alone.came_in, alone.went_out, alone.obstacle) == ((), (), (), "alone")
    assert alone.conflict == ("libraries",)  # more than seven of the twenty on the shortlist are of libraries alone
    assert alone.refusal == (
        "No selection of 20 from the shortlist can keep this condition: projects of libraries alone."
    )
    assert alone.table["shortlisted"].sum() == 20
    several = vary(basis, criterion_weights=weigh(basis, innovation=3.0), shortlist=21, choose=17)
    outcome = whatif.explore(basis, several)
    assert outcome.obstacle == "conflict"
    assert set(outcome.conflict) == {"pilot_staff", "libraries", "municipalities"}
    assert all(
        basis.words.label(kind, one) in str(outcome.refusal)
        for kind, one in (("caps", "pilot_staff"), ("quotas", "libraries"))
    )
    for dropped in outcome.conflict:
        rest = frozenset(outcome.conflict) - {dropped}
        assert whatif.explore(basis, replace(several, constraints=rest)).refusal is None


@pytest.mark.parametrize(
    ("changes", "obstacle", "words"),
    [
        ({"shortlist": 100}, "line", "only 99 ideas have a score"),
        ({"shortlist": 10, "choose": 12}, "places", "12 projects cannot be selected"),
        ({"rater_weights": {"organisator": 1.0}, "criterion_weights": {"innovation": 1.0}}, "unscored", "No scores"),
        (
            {"rater_weights": {"jurylid-1": 1.0}, "method": "expected_rank"},
            "model",
            "Expected ranks cannot be computed",
        ),
    ],
)
def test_what_cannot_be_is_said_in_words(basis: Basis, changes: dict[str, object], obstacle: str, words: str) -> None:
    none = {
        "rater_weights": dict.fromkeys(basis.official.rater_weights, 0.0),
        "criterion_weights": dict.fromkeys(basis.official.criterion_weights, 0.0),
    }
    full = {key: {**none[key], **v} if isinstance(v, dict) else v for key, v in changes.items()}
    outcome = whatif.explore(basis, vary(basis, **full))
    assert (outcome.obstacle, outcome.chosen) == (obstacle, ())
    assert words in str(outcome.refusal)
    assert len(outcome.table) == 99


def test_a_tie_that_the_rule_of_the_call_leaves_is_said_and_all_of_it_is_shortlisted(basis: Basis) -> None:
    scenario = vary(basis, criterion_weights=weigh(basis, innovation=2.0))
    outcome, totals = whatif.explore(basis, scenario), total_by_hand(basis, scenario)
    line = sorted(totals.values())[-20]
    tied = sorted(name for name, total in totals.items() if abs(total - line) < 1e-9)
    assert len(outcome.shortlisted) == sum(total > line - 1e-9 for total in totals.values()) > 20
    (said,) = [remark for remark in outcome.remarks if "tie at the line" in remark]
    assert [name in said for name in tied] == [True] * len(tied)


def test_quick_expected_ranks_lie_close_to_those_of_the_simulation_and_say_so(prepared: dict[str, Basis]) -> None:
    basis = prepared[SMALL]
    scenario = vary(basis, criterion_weights=weigh(basis, cost=3.0), shortlist=5)
    quick, full = whatif.explore(basis, scenario), whatif.explore(basis, scenario, full=True)
    assert (quick.quick, full.quick) == (True, False)
    assert (quick.table["expected_rank"] - full.table["expected_rank"]).abs().max() < 0.1
    assert quick.chosen == full.chosen
    gap = rechoice.measure_gap(basis)
    assert 0 < gap < 0.1
    assert any("formula instead of the simulation" in remark for remark in quick.remarks)
    assert not any("formula" in remark for remark in full.remarks)


def test_in_expected_ranks_a_rater_counts_in_full_or_not_at_all(prepared: dict[str, Basis]) -> None:
    basis = prepared[REFERENCE]
    raters = basis.official.rater_weights
    heavy = whatif.explore(basis, vary(basis, method="expected_rank", rater_weights={**raters, "jurylid-1": 3.0}))
    plain = whatif.explore(basis, vary(basis, method="expected_rank"))
    without = whatif.explore(basis, vary(basis, method="expected_rank", rater_weights={**raters, "jurylid-1": 0.0}))
    assert heavy.table["expected_rank"].tolist() == plain.table["expected_rank"].tolist()
    assert any("know no weights of raters" in remark for remark in heavy.remarks)
    assert not any("know no weights of raters" in remark for remark in (*plain.remarks, *without.remarks))
    assert (without.table["expected_rank"] - plain.table["expected_rank"]).abs().max() > 1


def test_a_lottery_draws_for_the_places_that_a_shorter_list_leaves_open(prepared: dict[str, Basis]) -> None:
    basis = prepared[SMALL]
    for size in (5, 6, 7):
        outcome = whatif.explore(basis, vary(basis, shortlist=size))
        assert len(outcome.shortlisted) == size


def test_outcomes_stand_side_by_side(basis: Basis) -> None:
    other = whatif.explore(basis, vary(basis, shortlist=25))
    table = whatif.compare({"now": whatif.explore(basis, basis.official), "longer": other})
    assert list(table.columns) == ["now", "longer"]
    assert table.loc[("number", "chosen")].tolist() == [16, 16]
    assert table.loc[("number", "came_in")].tolist() == [0, len(other.came_in)]
    assert table.at[("number", "euro"), "longer"] == other.euro
    profiles = basis.tables["profiles"].set_index("proposal")
    for kind, column in (
        ("category", "category"),
        ("kind", "actor_kind"),
        ("province", "province"),
        ("scale", "scale"),
    ):
        held = profiles.loc[list(other.chosen), column].value_counts().to_dict()
        assert {key: n for key, n in table.loc[kind]["longer"].items() if n} == held
    differing = sorted({*other.came_in, *other.went_out})
    assert table.loc["proposal"].index.tolist() == differing
    assert table.loc["proposal"]["longer"].to_dict() == {one: one in other.came_in for one in differing}
    assert whatif.compare({}).empty


def test_what_is_explored_changes_none_of_its_tables(stores: dict[str, Store]) -> None:
    basis = whatif.prepare(stores[SMALL])
    before = {name: table.copy(deep=True) for name, table in basis.tables.items()}
    files = {path: path.stat().st_mtime_ns for path in stores[SMALL].processed.rglob("*")}
    whatif.explore(basis, vary(basis, method="totals", shortlist=5, choose=3))
    whatif.explore(basis, vary(basis, criterion_weights=weigh(basis, cost=4.0)), full=True)
    for name, table in before.items():
        assert_frame_equal(basis.tables[name], table)
    assert {path: path.stat().st_mtime_ns for path in stores[SMALL].processed.rglob("*")} == files


def test_without_scores_only_the_proposals_are_shown(prepared: dict[str, Basis]) -> None:
    basis, tables = prepared[SMALL], dict(prepared[SMALL].tables)
    for name in ("scores", "individual_scores", "totals", "expected_ranks", "selection", "chosen", "constraint_prices"):
        tables[name] = tables[name].iloc[:0]
    bare = whatif.assemble(basis.call, tables, language="en")
    assert bare.limits == ("No scores were delivered, so there is no ranking and no selection.",)
    plain, other = whatif.explore(bare, bare.official), whatif.explore(bare, vary(bare, shortlist=5))
    assert (plain.refusal, len(plain.table), plain.chosen) == (None, 12, ())
    assert other.obstacle == "unscored"


def test_a_missing_table_is_answered_with_the_command_that_makes_it(store: Store) -> None:
    with pytest.raises(InputError, match=rf"made by `oproep run {SMALL}`"):
        whatif.prepare(store)
    with pytest.raises(InputError, match=rf"made by `oproep run {SMALL}`"):
        whatif.prepare(store, "public")


def gather(store: Store) -> dict[str, set[str]]:
    """Return the cells that may be withheld from outside, by their kind."""
    proposals, actors = store.read_table("proposals"), store.read_table("actors").set_index("actor")["name"]
    chosen = set(store.read_table("chosen")["proposal"])
    held, left = proposals[proposals["proposal"].isin(chosen)], proposals[~proposals["proposal"].isin(chosen)]
    known = set(held["title"]) | set(actors[held["actor"]])
    return {
        "raters": {rater.id for rater in store.call.jurors},  # the id of the organiser is a word of its statements
        "left out": (set(left["title"]) | set(actors[left["actor"]])) - known,
        "chosen": set(held["title"]),
        "summaries": set(proposals["summary"].dropna()),
        "conflicts": {proposal for rater in store.call.scoring.raters for proposal in rater.conflicts},
    }


def search(found: object, cells: set[str]) -> set[str]:
    """Return which of these cells can be read in the bytes of an object and of all that it refers to."""
    content = pickle.dumps(found)
    return {cell for cell in cells if cell.encode("utf-8") in content}


@pytest.mark.parametrize("audience", ["public", "applicant"])
@pytest.mark.parametrize("day", [BEFORE, AFTER])
def test_nothing_that_is_withheld_can_be_reached_from_the_basis(
    stores: dict[str, Store], audience: str, day: date
) -> None:
    store = stores[REFERENCE]
    basis, cells = whatif.prepare(store, audience, day), gather(store)  # type: ignore[arg-type]
    other = replace(basis.official, shortlist=25, filters=Filters(frozenset({"talent"})))
    outcomes = [whatif.explore(basis, basis.official), whatif.explore(basis, other)]
    reached = {kind: search((basis, outcomes), own) for kind, own in cells.items()}
    assert {kind for kind, own in reached.items() if own} == ({"chosen"} if day >= AFTER else set())
    scored = basis.tables["totals"]
    assert "proposal" not in scored
    inside = whatif.prepare(store, "internal", day)
    everything = {kind: search(inside, own) for kind, own in cells.items()}
    assert everything == cells  # the search finds what is there
    assert all(cells[kind] for kind in ("raters", "left out", "chosen", "summaries"))


def test_outside_a_change_is_refused_in_words_and_the_released_state_stays(stores: dict[str, Store]) -> None:
    basis = whatif.prepare(stores[REFERENCE], "public", AFTER, "nl")
    now, other = whatif.explore(basis, basis.official), whatif.explore(basis, vary(basis, choose=3))
    chosen = stores[REFERENCE].read_table("chosen")
    assert now.refusal is None
    assert now.chosen == other.chosen == tuple(sorted(chosen["proposal"]))
    assert now.table["title"].tolist() == chosen.sort_values("proposal")["title"].tolist()
    assert now.table["total"].isna().all()
    assert other.obstacle == "withheld"
    assert "De scores zijn niet vrijgegeven voor dit publiek" in str(other.refusal)
    assert now.prices["enters"].isna().all()
    assert len(basis.limits) == 3
    filtered = whatif.explore(basis, vary(basis, filters=Filters(frozenset({"talent"}))))
    assert set(filtered.table["category"]) == {"talent"}
    early = whatif.prepare(stores[REFERENCE], "public", BEFORE, "nl")
    assert whatif.explore(early, early.official).table.empty
    assert "De gekozen projecten zijn nog niet vrijgegeven." in early.limits


def test_the_state_kept_for_going_back_is_bounded(basis: Basis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bases, "MOST_KNOWN", 5)
    small = replace(basis, known={})
    for number in range(1, 9):
        whatif.explore(small, vary(small, choose=number))
        assert len(small.known) <= 5


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory, make_project: Callable[[Path], Path]) -> Store:
    """Return the small call with three scenarios kept and its steps run."""
    store = Store(make_project(tmp_path_factory.mktemp("kept")), SMALL)
    official = scenarios.official(store.call)
    for one in (
        replace(official, name="Only <one> & all", rater_weights={"rater-1": 0.0, "rater-2": 2.0}, choose=3),
        replace(
            official,
            name="Cheap",
            criterion_weights={**official.criterion_weights, "cost": 2.5},
            method="expected_rank",
        ),
        replace(official, name="Many", shortlist=5, choose=5, constraints=frozenset({"schools"})),
    ):
        scenarios.keep_scenario(store, one)
    return run_steps(store.root, SMALL, "en")


def test_the_tables_of_kept_scenarios_hold_what_exploring_them_gives(kept: Store) -> None:
    basis = whatif.prepare(kept)
    results = kept.read_table("scenario_results").set_index("scenario")
    settings, changes = kept.read_table("scenario_settings"), kept.read_table("scenario_changes")
    assert list(results.index) == ["official", "Cheap", "Many", "Only <one> & all"]
    for name, scenario in scenarios.read_scenarios(kept).items():
        outcome, row = whatif.explore(basis, scenario, full=True), results.loc[name]
        assert row["chosen"] == len(outcome.chosen)
        moved = changes[changes["scenario"] == name]
        assert set(moved.loc[moved["change"] == "enters", "proposal"]) == set(outcome.came_in)
        assert set(moved.loc[moved["change"] == "leaves", "proposal"]) == set(outcome.went_out)
        assert (row["came_in"], row["went_out"]) == (len(outcome.came_in), len(outcome.went_out))
    official = results.loc["official"]
    assert official["total"] == pytest.approx(kept.read_table("selection").query("chosen")["total"].sum())
    rows = {(row.scenario, row.setting, row.item): (row.official, row.value) for row in settings.itertuples()}
    assert rows == {
        ("Only <one> & all", "rater", "rater-1"): (1, 0),
        ("Only <one> & all", "choose", "choose"): (4, 3),
        ("Cheap", "criterion", "cost"): (1, 2.5),
        ("Many", "shortlist", "shortlist"): (6, 5),
        ("Many", "choose", "choose"): (4, 5),
        ("Many", "constraint", "grant"): (1, 0),
    }


@pytest.mark.parametrize(
    ("language", "heading", "words"),
    [
        (
            "en",
            "Annex",
            ["cost weighs 2.5 instead of 1", "Rater 1 does not count", "expected ranks decide", "Official state"],
        ),
        (
            "nl",
            "Bijlage",
            ["cost weegt 2,5 in plaats van 1", "Rater 1 telt niet mee", "zonder de voorwaarde over the grant"],
        ),
    ],
)
def test_the_internal_answer_has_them_as_an_annex(kept: Store, language: str, heading: str, words: list[str]) -> None:
    answer = compose_edition(kept, "2024-04-01", "internal", language)
    said = " ".join(read_answer(answer).replace(" ;", ";").split())
    assert f"{heading} " in said
    assert [word for word in [*words, "Only <one> & all"] if word not in said] == []
    markup = "".join(str(getattr(block, "markup", "")) for block in answer.annexes())
    assert "Only &lt;one&gt; &amp; all" in markup
    assert 'data-column="scenario_results.euro"' in markup


@pytest.mark.parametrize("audience", ["public", "applicant"])
def test_no_other_edition_knows_of_them(kept: Store, audience: str) -> None:
    said = read_answer(compose_edition(kept, "2024-04-01", audience, "en"))
    released = {path.stem for path in kept.edition_folder(f"2024-04-01-{audience}-en").glob("*.parquet")}
    assert "cenario" not in said
    assert "Only <one>" not in said
    assert {name for name in released if "scenario" in name} == set()


def test_without_scenarios_there_is_no_annex_and_no_sentence(stores: dict[str, Store]) -> None:
    store = stores[SMALL]
    assert "cenario" not in read_answer(compose_edition(store, "2024-04-01", "internal", "en"))
    for name in whatif.SCENARIO_TABLES:
        assert store.read_table(name).empty
        keep_contract(name, store.read_table(name), store.call)
