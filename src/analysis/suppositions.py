"""The annex of the internal answer on kept scenarios: what each changes, what it leads to, who comes in or goes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from analysis.blocks import Html, table
from analysis.material import NO_VALUE, Block, Material
from analysis.wording import take

SIDE_BY_SIDE = 4  # scenarios beside each other in one table, so that a page is wide enough for their names
NUMBERS: Mapping[str, dict[str, int]] = {
    "chosen": {},
    "came_in": {},
    "went_out": {},
    "total": {"decimals": 2},
    "euro": {},
    "staff_months": {"decimals": 1},
}


def has_scenarios(material: Material) -> bool:
    """Return whether scenarios were kept and released to this edition."""
    return material.find("scenario_results", "scenario", *NUMBERS) is not None


def write_scenarios(material: Material) -> Iterator[Block]:
    """Yield the lead, the settings and results of the scenarios, and who comes in or goes out, side by side."""
    results = material.find("scenario_results")
    assert results is not None, "has_scenarios is asked first"
    names = list(results["scenario"].iloc[1:])  # the first is the official state
    yield material.say("annex.scenarios_lead", many=len(names) > 1)
    yield _table_of_settings(material, results)
    yield _table_of_results(material, results)
    changes = material.find("scenario_changes")
    if changes is None:
        yield material.say("annex.scenarios_same")
        return
    for first in range(0, len(names), SIDE_BY_SIDE):
        shown = changes[changes["scenario"].isin(names[first : first + SIDE_BY_SIDE])]
        if len(shown):
            yield _table_of_changes(material, shown, names[first : first + SIDE_BY_SIDE])


def _table_of_settings(material: Material, results: pd.DataFrame) -> Html:
    settings = material.find("scenario_settings")
    found: dict[str, list[Markup]] = {name: [] for name in results["scenario"].iloc[1:]}
    for row in settings.to_dict("records") if settings is not None else ():
        found[row["scenario"]].append(_say_setting(material, row))
    declared = results["method"].iloc[0]
    for row in results.iloc[1:].itertuples():
        if row.method != declared:
            found[row.scenario].append(material.cell_text(f"annex.scenario_change.{row.method}"))
    nothing = [material.cell_text("annex.scenario_change.nothing")]
    rows = [[name, Markup("; ").join(said or nothing)] for name, said in found.items()]
    headings = list(material.headings("annex.scenario_settings_headings").values())
    return table(material.plain("annex.scenario_settings_caption"), headings, rows)


def _say_setting(material: Material, row: dict[str, Any]) -> Markup:
    """Return what a row of the table `scenario_settings` changes."""
    sections = {"criterion": "criteria", "rater": "raters"}
    numbers = take("scenario_settings", row, "official", "value")
    name = row["item"]
    if row["setting"] in sections:
        name = material.wording.label(sections[row["setting"]], row["item"])
    elif row["setting"] == "constraint":
        name = _name_constraint(material, row["item"])
    key = f"annex.scenario_change.{row['setting']}"
    return material.cell_text(key, name=name, before=numbers["official"], after=numbers["value"])


def _name_constraint(material: Material, constraint: str) -> str:
    caps = {cap.id for cap in material.call.selection.caps}
    return material.wording.label("caps" if constraint in caps else "quotas", constraint)


def _table_of_results(material: Material, results: pd.DataFrame) -> Html:
    rows = []
    for position, row in enumerate(results.to_dict("records")):
        possible = pd.isna(row["obstacle"])
        cells = [
            material.cell("number", row[name] if possible else None, f"scenario_results.{name}", **options)
            for name, options in NUMBERS.items()
        ]
        rows.append([_name_result(material, row, official=position == 0), *cells])
    headings = list(material.headings("annex.scenario_results_headings").values())
    numeric = tuple(range(1, len(headings)))
    return table(material.plain("annex.scenario_results_caption"), headings, rows, numeric=numeric)


def _name_result(material: Material, row: dict[str, Any], official: bool) -> Markup | str:
    """Return the name of a scenario, with why it has no choice where it has none."""
    name = material.plain("annex.scenario_official") if official else str(row["scenario"])
    if pd.isna(row["obstacle"]):
        return name
    listed = str(row["constraints"]).split() if pd.notna(row["constraints"]) else []
    names = material.wording.join([_name_constraint(material, one) for one in listed]) if listed else ""
    return material.cell_text(f"annex.scenario_obstacle.{row['obstacle']}", name=name, names=names)


def _table_of_changes(material: Material, changes: pd.DataFrame, names: list[str]) -> Html:
    """Return the proposals that come in or go out in one of these scenarios, a column per scenario."""
    moves = {(row.scenario, row.proposal): row.change for row in changes.itertuples()}
    titles = changes.drop_duplicates("proposal").sort_values("proposal").set_index("proposal")["title"]
    rows = [
        [
            proposal,
            str(title),
            *(
                material.plain(f"annex.scenario_move.{moves[name, proposal]}")
                if (name, proposal) in moves
                else NO_VALUE
                for name in names
            ),
        ]
        for proposal, title in titles.items()
    ]
    headings = [*material.headings("annex.scenario_changes_headings").values(), *names]
    return table(material.plain("annex.scenario_changes_caption"), headings, rows)
