"""A kept scenario makes stale what is made from it and no more, and no manifest for outside knows of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analysis import scenarios
from analysis.declarations import Edition
from analysis.freshness import Inspection
from analysis.plan import Plan, read_package
from analysis.publish.manifest import _list_raw
from analysis.store import Store


def parts(store: Store) -> dict[str, dict[str, str]]:
    """Return what every step and edition is made from, but for tables that steps make anew."""
    plan = Plan.of(store)
    inspection = Inspection(plan, read_package(store.root, store.call_id))
    units = plan.units(("2024-04-01-public-en", "2024-04-01-internal-en"))
    return {unit.name: inspection.parts(unit) for unit in units}


def keep(store: Store, name: str = "Mine", **changes: int) -> Path:
    return scenarios.keep_scenario(store, replace(scenarios.official(store.call, name), **changes))  # type: ignore[arg-type]


def test_a_kept_scenario_makes_the_choice_and_the_internal_edition_stale(store: Store) -> None:
    before = parts(store)
    path = keep(store)
    kept = parts(store)
    changed = {name for name in before if before[name] != kept[name]}
    assert changed == {"04_selection", "08_answer 2024-04-01-internal-en"}
    keep(store, choose=3)
    again = parts(store)
    assert {name for name in kept if kept[name] != again[name]} == changed
    path.unlink()
    assert parts(store) == before


@pytest.mark.parametrize(("audience", "listed"), [("public", False), ("applicant", False), ("internal", True)])
def test_only_the_manifest_inside_lists_the_files_of_scenarios(store: Store, audience: str, listed: bool) -> None:
    path = keep(store)
    edition = Edition.model_validate({"as_of": "2024-04-01", "audience": audience})
    found = _list_raw(store, edition)
    assert (path in found) is listed
    assert store.raw / "call.yml" in found
