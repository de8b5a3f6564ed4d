"""Scenarios kept in the call's folder: what is written is read back, and every fault is said with its file and key."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from analysis import scenarios
from analysis.faults import InputError
from analysis.scenarios import Filters, Scenario
from analysis.store import Store

Refusal = Callable[[Callable[[], object]], list[str]]


def vary(store: Store, name: str = "Without rater 2", **changes: object) -> Scenario:
    return replace(scenarios.official(store.call, name), **changes)  # type: ignore[arg-type]


def write(store: Store, file: str, **content: object) -> Path:
    path = store.raw / "scenarios" / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def test_the_official_scenario_is_what_the_call_declares(store: Store) -> None:
    found = scenarios.official(store.call)
    assert found.criterion_weights == {"benefit": 2, "cost": 1, "upkeep": 1, "support": 1}
    assert found.rater_weights == {"rater-1": 1, "rater-2": 2}
    assert (found.shortlist, found.choose, found.method) == (6, 4, "totals")
    assert found.constraints == {"grant", "schools"}
    assert found.filters == Filters()


def test_without_a_folder_there_are_no_scenarios(store: Store) -> None:
    assert scenarios.read_scenarios(store) == {}
    assert not (store.raw / "scenarios").exists()


def test_what_is_kept_is_read_back_as_it_was(store: Store) -> None:
    kept = vary(
        store,
        "Één rater: «2», 50 % & more",
        criterion_weights={"benefit": 0.0, "cost": 1.25, "upkeep": 1.0, "support": 1.0},
        rater_weights={"rater-1": 0.0, "rater-2": 0.1},
        shortlist=7,
        choose=3,
        constraints=frozenset({"grant"}),
        method="expected_rank",
        filters=Filters(frozenset({"trees"}), frozenset(), frozenset({"Antwerpen"}), frozenset({"city"})),
    )
    path = scenarios.keep_scenario(store, kept)
    assert path == store.raw / "scenarios" / "een-rater-2-50-more.yml"
    assert scenarios.read_scenarios(store) == {kept.name: kept}
    assert [one.name for one in path.parent.iterdir()] == [path.name]  # nothing is left of writing it aside


def test_a_scenario_of_the_same_name_is_replaced_and_the_others_stay(store: Store) -> None:
    scenarios.keep_scenario(store, vary(store, "b"))
    scenarios.keep_scenario(store, vary(store, "A"))
    scenarios.keep_scenario(store, vary(store, "b", choose=2))
    found = scenarios.read_scenarios(store)
    assert list(found) == ["A", "b"]
    assert (found["A"].choose, found["b"].choose) == (4, 2)


def test_what_a_file_written_by_hand_leaves_out_is_as_the_call_declares(store: Store) -> None:
    write(store, "mine.yml", name="Mine", rater_weights={"rater-1": 0})
    (found,) = scenarios.read_scenarios(store).values()
    assert found == vary(store, "Mine", rater_weights={"rater-1": 0, "rater-2": 2})


def test_every_fault_of_every_file_is_said_with_its_key(store: Store, refusal: Refusal) -> None:
    write(
        store, "one.yml", name="One", criterion_weights={"benefit": 1, "beauty": 2}, rater_weights={"rater-9": 1},
        constraints=["grant", "women"], choose=9,
        filters={"categories": ["tree"], "provinces": ["Texas"], "scales": ["city"], "kinds": ["school", "club"]},
    )  # fmt: skip
    write(store, "two.yml", name="Two", rater_weights={"rater-1": 0, "rater-2": 0}, method="best")
    write(store, "zero.yml", name="Zero", criterion_weights=dict.fromkeys(["benefit", "cost", "upkeep", "support"], 0))
    said = refusal(lambda: scenarios.read_scenarios(store))
    assert [line.split(":")[0].removeprefix("scenarios/") for line in said] == [
        "one.yml, criterion_weights.beauty",
        "one.yml, rater_weights.rater-9",
        "one.yml, constraints.women",
        "one.yml, choose",
        "one.yml, filters.categories.tree",
        "one.yml, filters.kinds.club",
        "one.yml, filters.provinces.Texas",
        "two.yml, line 1, method",
        "zero.yml, criterion_weights",
    ]
    assert "expected one of benefit, cost, upkeep, support." in said[0]
    assert "expected at most the size of the shortlist (6)." in said[3]


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ({"shortlist": 6}, "name"),
        ({"name": "x", "choice": 3}, "choice"),
        ({"name": "x", "shortlist": 0}, "shortlist"),
        ({"name": "x", "rater_weights": {"rater-1": -1}}, "rater_weights.rater-1"),
        ({"name": "x", "rater_weights": {"rater-1": float("nan")}}, "rater_weights.rater-1"),
        ({"name": "!?"}, "name"),
        ({"name": "official"}, "name"),
        ({"name": "x" * 81}, "name"),
    ],
)
def test_a_file_that_is_no_scenario_is_refused(
    store: Store, refusal: Refusal, content: dict[str, object], fault: str
) -> None:
    write(store, "bad.yml", **content)
    (said,) = refusal(lambda: scenarios.read_scenarios(store))
    assert said.startswith("scenarios/bad.yml")
    assert said.split(": found")[0].endswith(f", {fault}")


def test_two_files_with_one_name_are_refused(store: Store, refusal: Refusal) -> None:
    write(store, "a.yml", name="Same")
    write(store, "b.yml", name="Same")
    said = refusal(lambda: scenarios.read_scenarios(store))
    assert said == ["scenarios/b.yml, name: found 'Same'; expected a name that no other scenario has."]


def test_nothing_is_written_of_a_scenario_that_does_not_fit(store: Store, refusal: Refusal) -> None:
    wrong = vary(store, "Wrong", constraints=frozenset({"women"}), choose=0, shortlist=5)
    (said,) = refusal(lambda: scenarios.keep_scenario(store, wrong))
    assert said.startswith("scenario 'Wrong', choose: found 0")
    said_next = refusal(lambda: scenarios.keep_scenario(store, replace(wrong, choose=6)))
    assert [line.split(":")[0] for line in said_next] == [
        "scenario 'Wrong', constraints.women",
        "scenario 'Wrong', choose",
    ]
    assert not (store.raw / "scenarios").exists()


def test_a_name_whose_file_holds_another_scenario_is_refused(store: Store, refusal: Refusal) -> None:
    scenarios.keep_scenario(store, vary(store, "No schools"))
    (said,) = refusal(lambda: scenarios.keep_scenario(store, vary(store, "No: schools!", choose=1)))
    assert "no-schools.yml holds the scenario 'No schools'" in said
    assert list(scenarios.read_scenarios(store)) == ["No schools"]


def test_a_removed_scenario_is_gone_and_an_unknown_one_is_named(store: Store) -> None:
    scenarios.keep_scenario(store, vary(store, "One"))
    scenarios.keep_scenario(store, vary(store, "Two"))
    scenarios.remove_scenario(store, "One")
    assert list(scenarios.read_scenarios(store)) == ["Two"]
    with pytest.raises(InputError, match=r"found no scenario of this name; expected one of 'Two'\."):
        scenarios.remove_scenario(store, "One")


@pytest.mark.parametrize("name", ["../../call", "..", "a/b", "CON\\x", "é" * 70])
def test_no_name_leads_out_of_the_folder(store: Store, name: str) -> None:
    try:
        path = scenarios.keep_scenario(store, vary(store, name))
    except InputError:
        assert not (store.raw / "scenarios").exists()
    else:
        assert path.parent == store.raw / "scenarios"
        assert set(path.stem) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert list(scenarios.read_scenarios(store)) == [name]
