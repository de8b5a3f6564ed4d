"""Policy cases written as sentences by analysts: `scenarios/*.yml`, each with its input and what must come of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml
from builders import call_choosing, keep_contract, make_table, named, shortlist_of, small_call

from analysis import followup, ranking, reconciliation, release, scoring, selection
from analysis.call import Call
from analysis.faults import InputError
from analysis.published import Published
from analysis.selection import Choice

FOLDER = Path(__file__).parent / "scenarios"
Scenario = dict[str, Any]
SCENARIOS: dict[str, list[Scenario]] = {
    path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(FOLDER.glob("*.yml"))
}


def each(name: str) -> Callable[[Any], Any]:
    """Run a test for every scenario of a file, under the scenario's own name."""
    scenarios = SCENARIOS[name]
    return pytest.mark.parametrize("scenario", scenarios, ids=[scenario["name"] for scenario in scenarios])


def check_refusal(expected: Scenario, action: Callable[[], object]) -> None:
    with pytest.raises(InputError) as caught:
        action()
    message = str(caught.value)
    assert [words for words in expected["refused"] if words not in message] == []
    assert [words for words in expected.get("not said", []) if words in message] == []


@each("ranking")
def test_ranking(scenario: Scenario) -> None:
    call, expected = call_choosing(choose=1, **scenario["selection"]), scenario["expect"]
    scores = make_table(
        "scores",
        *(
            {"proposal": proposal, "rater": rater, "criterion": criterion, "score": score}
            for proposal, raters in scenario["scores"].items()
            for rater, criteria in raters.items()
            for criterion, score in criteria.items()
        ),
    )
    individual = scoring.score_individually(scores, call.scoring.criterion_weights)
    ranked = ranking.rank_totals(scoring.total(individual, call.scoring.rater_weights))
    rows = [{"proposal": name, "error": 0.001, **one} for name, one in scenario.get("expected", {}).items()]
    expected_ranks = pd.DataFrame(rows)
    weighed = ranking.weigh_merit(ranked, call.selection, expected_ranks)
    by_proposal = ranked.set_index("proposal")
    for column, key in (("total", "totals"), ("rank", "ranks")):
        if key in expected:
            assert by_proposal[column].to_dict() == expected[key]
    if "refused" in expected:
        check_refusal(expected, lambda: ranking.shortlist(weighed, scores, call.selection))
    elif "shortlisted" in expected:
        listed, _ = ranking.fill_places(weighed, scores, expected_ranks, call.selection)
        check_listed(set(listed.loc[listed["shortlisted"], "proposal"]), expected["shortlisted"])


def check_listed(listed: set[str], expected: list[Any]) -> None:
    sure = {one for one in expected if isinstance(one, str)}
    drawn = [set(one["one of"]) for one in expected if isinstance(one, dict)]
    assert sure <= listed
    assert len(listed) == len(expected)
    assert all(len(listed & some) == 1 for some in drawn)


@each("selection")
def test_selection(scenario: Scenario) -> None:
    call, expected = call_choosing(**scenario["selection"]), scenario["expect"]
    candidates = shortlist_of(*scenario["shortlist"])
    rows = [
        {"proposal": proposal, "reason": reason, "chosen": chosen}
        for key, chosen in (("decision", "true"), ("left out", "false"))
        for proposal, reason in scenario.get(key, {}).items()
    ]
    decision = make_table("decision", *rows)
    if "refused" in expected:
        check_refusal(expected, lambda: selection.choose(candidates, decision, call))
        return
    choice = selection.choose(candidates, decision, call)
    table = choice.selection.set_index("proposal")
    assert sorted(table.index[table["chosen"]]) == expected["chosen"]
    assert choice.departures == expected.get("departures", 0)
    for proposal, reason in expected.get("reasons", {}).items():
        assert read_reason(table.loc[proposal]) == reason
    if "gains" in expected:
        assert dict(zip(choice.prices["constraint"], choice.prices["gain"].round(6), strict=True)) == expected["gains"]
    if "cost" in expected:
        assert round(choice.cost, 6) == expected["cost"]
    if "stated" in expected:
        assert table["decided"].dropna().to_dict() == expected["stated"]
    if "starts" in expected:
        assert {name: start.date() for name, start in table["start"].dropna().items()} == expected["starts"]
    if "alternatives" in expected:
        assert read_alternatives(choice) == expected["alternatives"]


def read_alternatives(choice: Choice) -> list[list[str]]:
    """Return the best choices as the scenarios write them."""
    computed = set(choice.selection.loc[choice.selection["computed"], "proposal"])
    moves = choice.alternatives[["enters", "leaves"]].astype("object").fillna("").itertuples(index=False)
    return [sorted((computed - set(leaves.split())) | set(enters.split())) for enters, leaves in moves]


def read_reason(row: pd.Series) -> Any:
    """Return the reason of a row as the scenarios write it."""
    kinds = {"score": lambda: round(row["lacking"], 6), "constraint": lambda: row["constraints"].split()}
    return {row["reason"]: kinds[row["reason"]]()} if row["reason"] in kinds else row["reason"]


@each("reconciliation")
def test_reconciliation(scenario: Scenario) -> None:
    if "parts" in scenario:
        total, *parts = (figure(f"f{i}", one) for i, one in enumerate([scenario["total"], *scenario["parts"]]))
        group = {"id": "group", "label": {"en": "a group"}, "total": total["id"], "parts": [one["id"] for one in parts]}
        published = Published.model_validate({"figures": [total, *parts], "groups": [group]})
        found = reconciliation.compare_groups(published)
    else:
        computed = {"it": scenario["computed"]} if "computed" in scenario else {}
        published = Published.model_validate({"figures": [figure("it", scenario["published"])]})
        found = reconciliation.compare_figures(published, computed)
    assert found["verdict"].tolist() == [scenario["expect"]]


def figure(name: str, said: Any) -> dict[str, Any]:
    ordinary = {"id": name, "label": {"en": name}, "unit": "count", "source": "A1", "indicator": name}
    return {**ordinary, **(said if isinstance(said, dict) else {"value": said})}


@each("release")
def test_release(scenario: Scenario) -> None:
    call = small_call(release=scenario["rules"])
    tables = {name: pd.DataFrame(columns=columns) for name, columns in scenario["tables"].items()}
    for day, expected in scenario["expect"].items():
        assert isinstance(day, date)
        released = release.release_tables(tables, call, scenario.get("audience", "public"), day)
        assert {name: list(table.columns) for name, table in released.items()} == expected, day


@each("follow_up")
def test_follow_up(scenario: Scenario) -> None:
    call, ideas = call_with_paths(scenario["paths"], scenario.get("groups")), scenario["ideas"]
    proposals = make_table(
        "proposals",
        *({"proposal": name, **(ideas.get(name) or {})} for name in [*ideas, *scenario["chosen"]]),
        call=call,
    )
    chosen = make_table("chosen", *({"proposal": name} for name in scenario["chosen"]), call=call)
    similar = pd.DataFrame(0.0, index=list(ideas), columns=scenario["chosen"])
    for name, pilots in scenario.get("similarity", {}).items():
        for pilot, value in pilots.items():
            similar.loc[name, pilot] = value
    by_hand = make_table("follow_up_choice", *scenario.get("by hand", []), call=call)
    if "refused" in scenario["expect"]:
        check_refusal(scenario["expect"], lambda: followup.propose_paths(proposals, chosen, similar, by_hand, call))
        return
    found = keep_contract("follow_up", followup.propose_paths(proposals, chosen, similar, by_hand, call), call)
    paths = {row.proposal: row.path if pd.isna(row.pilot) else f"{row.path} {row.pilot}" for row in found.itertuples()}
    assert paths == scenario["expect"]


def call_with_paths(rules: list[str], groups: Scenario | None) -> Call:
    bounds = groups or {"floor": 0.5, "fewest": 1, "most": 9}
    paths = [named(rule, rule, rule, rule=rule, description={"en": rule}) for rule in rules]
    return small_call(paths=[{**path, **(bounds if path["rule"] == "similar" else {})} for path in paths])


def test_every_file_of_scenarios_is_run_and_every_name_is_a_policy_of_its_own() -> None:
    assert set(SCENARIOS) == {"follow_up", "ranking", "reconciliation", "release", "selection"}
    names = [scenario["name"] for scenarios in SCENARIOS.values() for scenario in scenarios]
    assert len(set(names)) == len(names) >= 40
    assert all(len(name.split()) > 3 for name in names)
