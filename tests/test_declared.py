"""What a call declares, as indicators: every number that its answer shows of it, and nothing that it left out."""

from __future__ import annotations

from datetime import date

from builders import call_choosing, named, small_call
from running import run_cells

from analysis.declarations import CostSharing, Edition
from analysis.declared import declare, declare_edition, name_sources
from analysis.indicators import values
from analysis.store import Store


def declared(**sections: object) -> dict[str, float | date]:
    return {item.id: item.value for item in declare(small_call(**sections))}


def test_each_declared_value_bears_the_name_of_its_section_and_key() -> None:
    assert declared() == {
        "call.scoring.low": 0,
        "call.scoring.high": 10,
        "call.scoring.weights.power": 1,
        "call.scoring.weights.feasibility": 1,
        "call.scoring.weights.scale": 2,
        "call.scoring.weights.policy": 1,
        "call.selection.shortlist": 4,
        "call.selection.choose": 2,
        "call.selection.seed": 0,
        "call.caps.money.maximum": 100_000,
        "call.quotas.libraries.minimum": 1,
        "call.dates.announcement": date(2030, 6, 15),
        "call.phases.call.start": date(2030, 1, 1),
        "call.phases.call.end": date(2030, 5, 31),
        "call.phases.call.year.2030": 2030,
        "call.phases.pilots.start": date(2030, 7, 1),
        "call.phases.pilots.end": date(2031, 6, 30),
        "call.phases.pilots.year.2030": 2030,
        "call.phases.pilots.year.2031": 2031,
        "call.paths.board.floor": 0.3,
        "call.paths.board.fewest": 1,
        "call.paths.board.most": 4,
        "call.reference.city_from_population": 50_000,
    }


def test_both_bounds_of_a_quota_and_the_unit_of_a_cap_are_told() -> None:
    quota = {"id": "arts", "column": "category", "groups": ["arts"], "minimum": 0, "maximum": 3}
    cap = {"id": "work", "column": "requested_staff_months", "maximum": 7.5}
    found = {item.id: (item.value, item.unit) for item in declare(call_choosing(quotas=[quota], caps=[cap]))}
    assert found["call.quotas.arts.minimum"] == (0, "count")
    assert found["call.quotas.arts.maximum"] == (3, "count")
    assert found["call.caps.work.maximum"] == (7.5, "person_months")


def test_the_way_that_costs_are_shared_is_told_where_it_is_declared() -> None:
    mix = {"model": "mixed", "mix": {"equal": 0.25, "per_head": 0.75}, "price": 300, "source": "a test"}
    found = declared(cost_sharing=CostSharing.model_validate(mix).model_dump())
    assert {name: value for name, value in found.items() if "cost_sharing" in name} == {
        "call.cost_sharing.price": 300,
        "call.cost_sharing.mix.equal": 0.25,
        "call.cost_sharing.mix.per_head": 0.75,
    }


def test_the_day_of_the_question_is_told_where_there_was_one() -> None:
    text = {"en": "A text."}
    assert declared(letter={"subject": text, "introduction": text, "asked_on": "2030-05-02"})[
        "call.letter.asked_on"
    ] == date(2030, 5, 2)


def test_what_is_declared_has_the_file_in_the_place_of_a_function_and_no_tables() -> None:
    assert {(item.function, item.tables) for item in declare(small_call())} == {("call.yml", ())}
    edition = declare_edition(Edition.model_validate({"as_of": "2030-06-01"}))
    assert (edition.id, edition.value, edition.unit, edition.tables) == ("edition.as_of", date(2030, 6, 1), "date", ())


def test_a_source_is_told_of_declared_values_only() -> None:
    call = small_call()
    sources, ids = name_sources(call), {item.id for item in declare(call)}
    assert set(sources.values()) == {"a test"}
    assert set(sources) - ids == {"call.quotas.libraries.maximum"}  # which this quota does not have
    assert sources["call.caps.money.maximum"] == "a test"


def test_a_path_without_groups_has_no_bounds() -> None:
    path = named("talk", "gesprek", "talk", rule="other", description={"nl": "Een gesprek."})
    assert not [name for name in declared(paths=[path]) if name.startswith("call.paths")]


def test_the_first_step_writes_them(store: Store) -> None:
    run_cells(store.root / "notebooks" / "01_ingest.ipynb", {"call": store.call_id, "language": "en"})
    written = values(store.read_table("ingest_indicators"))
    left_out = {name: value for name, value in written.items() if name.startswith("omissions.")}
    assert left_out  # the call of the fixture delivers no masterclasses
    assert written == left_out | {item.id: item.value for item in declare(store.call)}
    assert written["call.caps.grant.maximum"] == 45_000
