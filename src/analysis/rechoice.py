"""Ranking and choice of a call under a scenario, by the measures of the steps; the official one as it is stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis import expectation, ranking, scoring, selection
from analysis.basis import Basis
from analysis.call import Call
from analysis.declarations import Selection
from analysis.faults import InputError
from analysis.programme import TOLERANCE, Programme, Solution, find_conflict, list_alternatives, solve
from analysis.scenarios import RANKED_BY, Scenario

QUICK_DRAWS = 2_000  # of the posterior, where a lottery needs the middle half of the ranks
RANKED = ("proposal", "total", "total_rank", "expected_rank", "merit", "rank", "shortlisted")
PRICES = ("constraint", "bound", "used", "gain", "enters", "leaves")


@dataclass(frozen=True)
class Core:
    """Ranking and choice of a scenario, which no filter changes: the ranked proposals (RANKED), and what was chosen.

    `refusal`, `obstacle` and `conflict` say why there is no choice, and `quick` that expected ranks come from the
    formula (see `whatif.Outcome`).
    """

    ranked: pd.DataFrame
    chosen: tuple[str, ...] = ()
    prices: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(PRICES)))
    refusal: str | None = None
    obstacle: str | None = None
    conflict: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    quick: bool = False


@dataclass(frozen=True)
class _Weighed:
    """The ranked totals with what decides, the scores and expected ranks behind them, or why there are none."""

    totals: pd.DataFrame
    scores: pd.DataFrame
    expected: pd.DataFrame
    quick: bool = False
    obstacle: str | None = None


def find_core(basis: Basis, scenario: Scenario, full: bool) -> Core:
    """Return ranking and choice of a scenario, computed once; `full` expected ranks come from the simulation."""
    return basis.recall(("core", scenario.key, full), lambda: _make_core(basis, scenario, full))


def _make_core(basis: Basis, scenario: Scenario, full: bool) -> Core:
    is_official = scenario.key == basis.official.key
    if not basis.can_rank:
        return _show_released(basis, is_official)
    return _show_official(basis, scenario) if is_official else _compute(basis, scenario, full)


def _show_released(basis: Basis, is_official: bool) -> Core:
    """Return the official state as far as it is known without scores."""
    ranked = pd.DataFrame({"proposal": basis.described["proposal"]}).reindex(columns=list(RANKED))
    held = ranked["proposal"].isin(basis.official_chosen)
    prices = basis.tables.get("constraint_prices", pd.DataFrame()).reindex(columns=list(PRICES))
    core = Core(ranked.assign(shortlisted=held), basis.official_chosen, prices)
    return core if is_official else _refuse(basis, core, "unscored" if basis.audience == "internal" else "withheld")


def _refuse(basis: Basis, core: Core, obstacle: str, conflict: tuple[str, ...] = (), **context: Any) -> Core:
    """Return the core with why no choice is possible."""
    said = basis.say(f"refused.{obstacle}", **context)
    return replace(core, refusal=said, obstacle=obstacle, conflict=conflict)


def _show_official(basis: Basis, scenario: Scenario) -> Core:
    """Return the stored tables."""
    totals, table = basis.tables["totals"], basis.tables["selection"]
    expected = basis.tables["expected_ranks"]
    departs = not table["computed"].equals(table["chosen"])
    remarks = (basis.say("remarks.decided"),) if departs else ()
    ranked = _rank_by_merit(totals, expected, scenario)
    return Core(ranked, basis.official_chosen, basis.tables["constraint_prices"], remarks=remarks)


def _rank_by_merit(listed: pd.DataFrame, expected: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """Return the columns RANKED of shortlisted totals; the rank is that of what decides, ties sharing the best."""
    by_total = scenario.method == "totals"
    er = listed["proposal"].map(expected.set_index("proposal")["er"]) if not by_total else np.nan
    ranks = listed["rank"] if by_total else listed["merit"].rank(method="min", ascending=False).astype("int64")
    ranked = listed.assign(total_rank=listed["rank"], expected_rank=er, rank=ranks)
    return ranked[list(RANKED)].sort_values(["rank", "proposal"], ignore_index=True)


def _compute(basis: Basis, scenario: Scenario, full: bool) -> Core:
    """Return ranking and choice by the measures of the steps."""
    call = _vary(basis.call, scenario)
    line = scenario.shortlist if call.selection.lottery else 0  # the groups of a lottery hang on the number of places
    key = ("weighed", scenario.key[:2], scenario.method, full, line)
    found = basis.recall(key, lambda: _weigh(basis, scenario, call, full))
    if found.obstacle:
        return _refuse(basis, Core(_unranked(basis)), found.obstacle)
    if len(found.totals) < scenario.shortlist:
        core = Core(_rank_by_merit(found.totals.assign(shortlisted=False), found.expected, scenario))
        return _refuse(basis, core, "line", size=scenario.shortlist, scored=len(found.totals))
    listed, tied = _shortlist(found, call.selection)
    remarks = [*_remark(basis, scenario, found.quick), *_remark_proposals(basis, found.totals, tied)]
    core = Core(_rank_by_merit(listed, found.expected, scenario), remarks=tuple(remarks), quick=found.quick)
    return _choose(basis, core, listed, call)


def _weigh(basis: Basis, scenario: Scenario, call: Call, full: bool) -> _Weighed:
    """Return the ranking of a scenario without its line."""
    scores, nothing = _count_in(basis.tables["scores"], scenario), pd.DataFrame(columns=["proposal", "er", "error"])
    if scores.empty:
        return _Weighed(nothing, scores, nothing, obstacle="unscored")
    individual = scoring.score_individually(scores, scenario.criterion_weights)
    ranked = ranking.rank_totals(scoring.total(individual, scenario.rater_weights))
    if call.selection.ranked_by == "totals":
        return _Weighed(ranking.weigh_merit(ranked, call.selection, nothing), scores, nothing)
    expected, quick = _expect(basis, individual, scenario, call, full)
    if expected.empty:
        return _Weighed(nothing, scores, nothing, obstacle="model")
    return _Weighed(ranking.weigh_merit(ranked, call.selection, expected), scores, expected, quick)


def _vary(call: Call, scenario: Scenario) -> Call:
    """Return the call with the selection of a scenario."""
    declared = call.selection
    changed = {
        "shortlist": scenario.shortlist,
        "choose": scenario.choose,
        "ranked_by": RANKED_BY[scenario.method],
        "lottery": declared.lottery and scenario.method == "expected_rank",
        "caps": tuple(cap for cap in declared.caps if cap.id in scenario.constraints),
        "quotas": tuple(quota for quota in declared.quotas if quota.id in scenario.constraints),
    }
    return call.model_copy(update={"selection": declared.model_copy(update=changed)})


def _count_in(scores: pd.DataFrame, scenario: Scenario) -> pd.DataFrame:
    """Return the scores by criteria and raters that have a weight."""
    criteria = [name for name, weight in scenario.criterion_weights.items() if weight > 0]
    raters = [name for name, weight in scenario.rater_weights.items() if weight > 0]
    return scores[scores["criterion"].isin(criteria) & scores["rater"].isin(raters)]


def _expect(
    basis: Basis, individual: pd.DataFrame, scenario: Scenario, call: Call, full: bool
) -> tuple[pd.DataFrame, bool]:
    """Return the expected ranks, and whether they come from the formula; without rows where there are none.

    The stored ones are taken where the scores that go into the model are the official ones.
    """
    chosen, stored = call.selection, basis.tables["expected_ranks"]
    if len(stored) and _is_official(basis.official, scenario):
        return stored.assign(group=expectation.sort_at_line(stored, chosen.shortlist).to_numpy()), False
    panelled = scoring.assign_panels(individual, call.scoring.panels)
    scale, line, seed = call.scoring.scale, chosen.shortlist, chosen.seed
    draws = QUICK_DRAWS if chosen.lottery else 0
    quick = None if full else expectation.estimate_ranks(panelled, scale, line, seed, draws)
    if quick is not None:
        return quick.ranks, True
    return expectation.expect_ranks(panelled, scale, line, seed, call.uncertainty.draws).ranks, False


def _is_official(declared: Scenario, scenario: Scenario) -> bool:
    """Return whether individual scores are the official ones: criteria weigh alike in proportion, no rater is out."""
    before = np.array([declared.criterion_weights[name] for name in declared.criterion_weights])
    after = np.array([scenario.criterion_weights[name] for name in declared.criterion_weights])
    alike = np.allclose(before / before.sum(), after / after.sum(), rtol=0, atol=1e-12)
    return bool(alike) and all(weight > 0 for weight in scenario.rater_weights.values())


def _shortlist(found: _Weighed, chosen: Selection) -> tuple[pd.DataFrame, list[str]]:
    """Return the ranked totals with `shortlisted`, and those that tie at the line where no rule parts them.

    These are all on the shortlist then: the call is to settle such a tie, which a scenario cannot.
    """
    weighed = found.totals
    try:
        return ranking.fill_places(weighed, found.scores, found.expected, chosen)[0], []
    except InputError:
        above, tied = ranking.part_at_line(weighed, chosen.shortlist)
        listed = {*above["proposal"], *tied["proposal"]}
        return weighed.assign(shortlisted=weighed["proposal"].isin(listed)), sorted(tied["proposal"])


def _remark(basis: Basis, scenario: Scenario, quick: bool) -> Iterator[str]:
    if quick:
        yield basis.say("remarks.quick", gap=measure_gap(basis))
    declared = basis.call.scoring.rater_weights
    varied = any(weight not in (0, declared[name]) for name, weight in scenario.rater_weights.items())
    if scenario.method == "expected_rank" and varied:
        yield basis.say("remarks.rater_weights")


def measure_gap(basis: Basis) -> float:
    """Return the largest difference between formula and simulation in the expected ranks at the official weights.

    Missing where there are no expected ranks to compare.
    """
    return basis.recall(("gap",), lambda: _measure_gap(basis))


def _measure_gap(basis: Basis) -> float:
    call, stored = basis.call, basis.tables["expected_ranks"]
    panelled = scoring.assign_panels(basis.tables["individual_scores"], call.scoring.panels)
    found = expectation.estimate_ranks(panelled, call.scoring.scale, call.selection.shortlist, call.selection.seed, 0)
    if found is None or found.ranks.empty or stored.empty:
        return float("nan")
    both = stored.merge(found.ranks, on="proposal", suffixes=("", "_here"))
    return float((both["er"] - both["er_here"]).abs().max())


def _remark_proposals(basis: Basis, ranked: pd.DataFrame, tied: list[str]) -> Iterator[str]:
    official_ids = set(basis.tables["totals"]["proposal"])
    unscored = sorted(official_ids - set(ranked["proposal"]))
    for key, proposals in (("tied", tied), ("unscored", unscored)):
        if proposals:
            yield basis.say(f"remarks.{key}", proposals=proposals)


def _choose(basis: Basis, core: Core, listed: pd.DataFrame, call: Call) -> Core:
    """Return the core with the best choice and the prices of the constraints, or with why there is none.

    Where nothing is to be chosen, as in a call that declares no selection, there is neither.
    """
    if not call.selection.declared:
        return core
    rows = listed[listed["shortlisted"]]
    every = selection.describe_candidates(rows, basis.tables["profiles"], basis.tables["proposals"])
    asked = list(dict.fromkeys(column for cap in call.selection.caps for column in cap.asked))
    stated = every[asked].notna().all(axis=1)
    candidates, unstated = every[stated].reset_index(drop=True), sorted(every.loc[~stated, "proposal"])
    number = call.selection.choose
    remarks = [*core.remarks, *([basis.say("remarks.unstated", proposals=unstated)] if unstated else [])]
    core = replace(core, remarks=tuple(remarks))
    if number > len(candidates):
        return _refuse(basis, core, "places", choose=number, listed=len(candidates))
    programme, _ = selection.arrange(candidates, call)
    found = list(list_alternatives(programme, 2))
    if not found:
        return _refuse_conflict(basis, core, programme)
    if len(found) > 1 and found[0].value - found[1].value <= TOLERANCE:
        core = replace(core, remarks=(*core.remarks, basis.say("remarks.equal")))
    chosen = tuple(sorted(candidates.loc[found[0].candidates, "proposal"]))
    return replace(core, chosen=chosen, prices=_price(candidates, found[0], programme))


def _price(candidates: pd.DataFrame, best: Solution, programme: Programme) -> pd.DataFrame:
    """Return what every constraint costs the choice; nothing where the merits alone would give the same."""
    freely = np.sort(programme.merit)[-programme.number :].sum()
    priced = programme.constraints if freely - best.value > TOLERANCE else ()
    without = {one.id: solve(programme.without(one.id)) if priced else best for one in programme.constraints}
    solved = {name: found for name, found in without.items() if found is not None}
    return selection.price(candidates, best, best.options, programme, solved)


def _refuse_conflict(basis: Basis, core: Core, programme: Programme) -> Core:
    """Return the core with the smallest set of constraints that cannot hold together."""
    conflict = tuple(one.id for one in find_conflict(programme))
    caps = {cap.id for cap in basis.call.selection.caps}
    names = [basis.words.label("caps" if one in caps else "quotas", one) for one in conflict]
    kind = "conflict" if len(conflict) > 1 else "alone"
    return _refuse(basis, core, kind, conflict, choose=programme.number, names=names)


def _unranked(basis: Basis) -> pd.DataFrame:
    return (
        pd.DataFrame({"proposal": basis.described["proposal"]}).reindex(columns=list(RANKED)).assign(shortlisted=False)
    )
