"""What if: ranking, choice, prices of the constraints and the map under a scenario, fast enough to follow a slider.

All is prepared once in a `Basis`; `explore` then answers each scenario with the measures of the steps themselves. The
official scenario gives the stored official tables. Nothing here writes a table.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from analysis import distribution, selection
from analysis.basis import DESCRIBED, Basis, assemble, prepare
from analysis.rechoice import Core, find_core
from analysis.scenarios import OFFICIAL, RANKED_BY, Filters, Scenario

__all__ = ["Basis", "Outcome", "assemble", "compare", "explore", "prepare", "tabulate_scenarios"]

SCENARIO_TABLES = {
    "scenario_results": (
        "scenario",
        "method",
        "shortlisted",
        "chosen",
        "came_in",
        "went_out",
        "merit",
        "total",
        "euro",
        "staff_months",
        "obstacle",
        "constraints",
    ),
    "scenario_settings": ("scenario", "setting", "item", "official", "value"),
    "scenario_changes": ("scenario", "proposal", "title", "change", "rank"),
}
OBSTACLES = ("unscored", "model", "line", "places", "conflict", "alone", "withheld")
TABLE = (
    *DESCRIBED,
    "total",
    "total_rank",
    "expected_rank",
    "merit",
    "rank",
    "shortlisted",
    "chosen",
    "official_chosen",
)
PLACES = (
    "nis",
    "name",
    "province",
    "population",
    "latitude",
    "longitude",
    "proposals",
    "led",
    "share",
    "fewer_than",
    "chosen",
)


@dataclass(frozen=True)
class Outcome:
    """What a scenario leads to.

    `table` has the columns TABLE, a row per proposal that passes the filters, best rank first: `rank` is that by what
    decides (`merit`: the total, or the number of proposals left behind), `total_rank` that by total, `expected_rank`
    missing where totals decide. `chosen`, `shortlisted`, `came_in` and `went_out` hold ids of proposals whatever the
    filters, the last two against the official choice. `prices` has the columns PRICES (`gain` is the merit that a
    constraint costs), `places` the columns PLACES, a row per municipality, for the proposals that pass the filters.

    `refusal` says why no choice is possible, `obstacle` is the kind of reason (one of OBSTACLES), and `conflict` holds
    the ids of the smallest set of constraints that cannot hold together; all are empty where there is a choice.
    `remarks` are sentences on how it came about, `ranks` the rank of every ranked proposal whatever the filters,
    `total` is the sum of the official totals of the chosen, `merit` (`unit`: points or places) that of what decides,
    `euro` and `staff_months` what they ask for; missing where unknown. `quick` says that expected ranks come from the
    formula, not from the simulation.
    """

    scenario: Scenario
    table: pd.DataFrame
    chosen: tuple[str, ...]
    shortlisted: tuple[str, ...]
    came_in: tuple[str, ...]
    went_out: tuple[str, ...]
    prices: pd.DataFrame
    places: pd.DataFrame
    refusal: str | None = None
    obstacle: str | None = None
    conflict: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    ranks: Mapping[str, int] = field(default_factory=dict, repr=False)
    merit: float = float("nan")
    total: float = float("nan")
    unit: str = "points"
    euro: float = float("nan")
    staff_months: float = float("nan")
    quick: bool = False


def explore(basis: Basis, scenario: Scenario, full: bool = False) -> Outcome:
    """Return what a scenario leads to.

    Expected ranks that are not the stored ones come from the formula of `expectation.estimate_ranks`, within
    milliseconds; with `full` from the simulation of the steps, which takes a second or more. A rater of weight zero is
    left out of them; otherwise they know no weights of raters, as the official ones do not.
    """
    core = find_core(basis, scenario, full)
    shown = _filter(basis.described, scenario.filters)
    chosen, reference = set(core.chosen), set(basis.official_chosen)
    moved = (chosen - reference, reference - chosen) if core.refusal is None else (set[str](), set[str]())
    listed = core.ranked.loc[core.ranked["shortlisted"].astype(bool), "proposal"]
    merit = core.ranked.set_index("proposal")["merit"].reindex(list(core.chosen))
    placed = core.ranked.dropna(subset="rank")
    return Outcome(
        scenario,
        _tabulate(basis, core, shown),
        core.chosen,
        tuple(sorted(listed)),
        tuple(sorted(moved[0])),
        tuple(sorted(moved[1])),
        core.prices,
        _locate(basis, scenario.filters, shown, core.chosen),
        core.refusal,
        core.obstacle,
        core.conflict,
        core.remarks,
        {proposal: int(rank) for proposal, rank in zip(placed["proposal"], placed["rank"], strict=True)},
        float(merit.sum()) if len(merit) and merit.notna().all() else np.nan,
        _sum(basis, "totals", "total", core.chosen),
        selection.MERIT_UNITS[RANKED_BY[scenario.method]],
        _sum(basis, "proposals", "requested_euro", core.chosen),
        _sum(basis, "proposals", "requested_staff_months", core.chosen),
        core.quick,
    )


def compare(outcomes: Mapping[str, Outcome]) -> pd.DataFrame:
    """Return outcomes side by side: a column per name, rows by `kind` and `item`.

    `number`: chosen, merit, total (the sum of the official totals), euro, staff_months, came_in, went_out;
    `category`, `kind`, `province` and `scale`: how many of each group are chosen; `proposal`: whether it is
    chosen, for those that not all choose.
    """
    columns = {name: dict(_summarise(outcome)) for name, outcome in outcomes.items()}
    rows = list(dict.fromkeys(key for column in columns.values() for key in column))
    chosen = {name: set(outcome.chosen) for name, outcome in outcomes.items()}
    everyone: set[str] = set().union(*chosen.values())
    differing = sorted(one for one in everyone if not all(one in held for held in chosen.values()))
    index = pd.MultiIndex.from_tuples([*rows, *(("proposal", one) for one in differing)], names=["kind", "item"])
    values = {
        name: [*(column.get(key, 0) for key in rows), *(one in chosen[name] for one in differing)]
        for name, column in columns.items()
    }
    return pd.DataFrame(values, index=index, dtype="object")


def tabulate_scenarios(basis: Basis, kept: Mapping[str, Scenario]) -> dict[str, pd.DataFrame]:
    """Return the tables `scenario_results`, `scenario_settings` and `scenario_changes` of the kept scenarios.

    The official state comes first among the results. Expected ranks are those of the simulation. All tables are empty
    where nothing is kept.
    """
    outcomes = {name: explore(basis, scenario, full=True) for name, scenario in kept.items()}
    shown = {OFFICIAL: explore(basis, basis.official), **outcomes} if kept else {}
    titles = basis.described.set_index("proposal")["title"]
    rows = {
        "scenario_results": [_list_results(name, outcome) for name, outcome in shown.items()],
        "scenario_settings": [row for name, one in kept.items() for row in _list_settings(basis.official, name, one)],
        "scenario_changes": [
            {"scenario": name, "proposal": proposal, "title": titles[proposal], "change": change, "rank": rank}
            for name, outcome in outcomes.items()
            for change, proposal, rank in _list_moves(outcome)
        ],
    }
    return {name: pd.DataFrame(found, columns=list(SCENARIO_TABLES[name])) for name, found in rows.items()}


def _list_results(name: str, outcome: Outcome) -> dict[str, Any]:
    """Return the row of a scenario in the table `scenario_results`."""
    numbers = {column: getattr(outcome, column) for column in ("merit", "total", "euro", "staff_months")}
    return {
        "scenario": name,
        "method": outcome.scenario.method,
        **{column: len(getattr(outcome, column)) for column in ("shortlisted", "chosen", "came_in", "went_out")},
        **{column: None if pd.isna(value) else value for column, value in numbers.items()},
        "obstacle": outcome.obstacle,
        "constraints": " ".join(outcome.conflict) or None,
    }


def _list_settings(declared: Scenario, name: str, scenario: Scenario) -> Iterator[dict[str, Any]]:
    """Yield a row of the table `scenario_settings` for whatever number of a scenario is not the declared one."""
    for setting, before, after in (
        ("criterion", declared.criterion_weights, scenario.criterion_weights),
        ("rater", declared.rater_weights, scenario.rater_weights),
        ("shortlist", {"shortlist": declared.shortlist}, {"shortlist": scenario.shortlist}),
        ("choose", {"choose": declared.choose}, {"choose": scenario.choose}),
        ("constraint", _switch(declared, declared), _switch(declared, scenario)),
    ):
        for item, value in after.items():
            if value != before[item]:
                changed = {"setting": setting, "item": item, "official": float(before[item]), "value": float(value)}
                yield {"scenario": name, **changed}


def _switch(declared: Scenario, scenario: Scenario) -> dict[str, int]:
    """Return by constraint whether it is on, as 1 or 0."""
    return {name: int(name in scenario.constraints) for name in sorted(declared.constraints)}


def _list_moves(outcome: Outcome) -> Iterator[tuple[str, str, int | None]]:
    """Yield what happens to each proposal that comes in or goes out, and its rank in the scenario."""
    ranks = outcome.ranks
    for change, proposals in (("enters", outcome.came_in), ("leaves", outcome.went_out)):
        yield from ((change, one, ranks.get(one)) for one in proposals)


def _summarise(outcome: Outcome) -> Iterator[tuple[tuple[str, str], float]]:
    """Yield the numbers of an outcome by kind and item."""
    held = outcome.table[outcome.table["chosen"]]
    numbers = {
        "chosen": len(outcome.chosen),
        "merit": outcome.merit,
        "total": outcome.total,
        "euro": outcome.euro,
        "staff_months": outcome.staff_months,
        "came_in": len(outcome.came_in),
        "went_out": len(outcome.went_out),
    }
    yield from ((("number", name), value) for name, value in numbers.items())
    for column in ("category", "kind", "province", "scale"):
        counted = outcome.table[column].dropna().drop_duplicates().sort_values()
        yield from (((column, group), int((held[column] == group).sum())) for group in counted)


def _filter(described: pd.DataFrame, filters: Filters) -> pd.DataFrame:
    """Return the proposals of the groups asked for."""
    kept = pd.Series(True, index=described.index)
    for column, groups in filters.sets().items():
        if groups:
            kept &= described[column].isin(groups)
    return described[kept]


def _tabulate(basis: Basis, core: Core, shown: pd.DataFrame) -> pd.DataFrame:
    """Return the table of an outcome, best rank first and those without a rank last."""
    ranked = core.ranked.set_index("proposal").reindex(shown["proposal"].to_numpy()).reset_index(drop=True)
    table = shown.reset_index(drop=True).assign(
        **{name: ranked[name].astype("float64") for name in ("total", "expected_rank", "merit")},
        **{name: ranked[name].astype("Int64") for name in ("total_rank", "rank")},
        shortlisted=ranked["shortlisted"].eq(True).to_numpy(dtype=bool),
        chosen=shown["proposal"].isin(core.chosen).to_numpy(),
        official_chosen=shown["proposal"].isin(basis.official_chosen).to_numpy(),
    )
    return table[list(TABLE)].sort_values(["rank", "proposal"], na_position="last", ignore_index=True)


def _locate(basis: Basis, filters: Filters, shown: pd.DataFrame, chosen: Iterable[str]) -> pd.DataFrame:
    """Return the municipalities with their proposals among those shown; what is released where that is all."""
    tables = basis.tables
    if "involvement" not in tables:
        return tables.get("municipality_reach", pd.DataFrame()).reindex(columns=list(PLACES))
    counted, own = basis.recall(("places", filters), lambda: _count_places(basis, shown))
    held = own.loc[own["proposal"].isin(list(chosen)), "nis"].value_counts()
    return counted.assign(chosen=counted["nis"].map(held).fillna(0).astype("int64"))[list(PLACES)]


def _count_places(basis: Basis, shown: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the municipalities with the proposals shown, and these with the municipalities that they involve."""
    tables = basis.tables
    own = tables["involvement"][tables["involvement"]["proposal"].isin(shown["proposal"])]
    asked = tables["proposals"][tables["proposals"]["proposal"].isin(shown["proposal"])]
    return distribution.count_reach(tables["municipalities"], own, asked, tables["actors"]), own


def _sum(basis: Basis, table: str, column: str, chosen: Iterable[str]) -> float:
    """Return the sum of a column over the chosen; missing where it is for one of them, or is not known here."""
    found = basis.tables.get(table)
    if found is None or "proposal" not in found:
        return float("nan")
    asked = found.loc[found["proposal"].isin(list(chosen)), column]
    return float(asked.sum()) if len(asked) and asked.notna().all() else float("nan")
