"""A change in the workbench: the reference call under another weight, shortlist, number, constraint, method or filter.

Each change is one that was not made before, so that nothing of it is known; told is the slowest of them. The peer is
the same answer by the functions of the steps as they run them: expected ranks by simulation, and a choice with all its
alternatives, prices and reasons.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from analysis import distribution, expectation, ranking, scoring, selection, whatif
from analysis.ingest import read_tables
from analysis.scenarios import RANKED_BY, Filters, Scenario
from analysis.store import Store
from analysis.whatif import Basis
from bench.measure import Bound, Case, Facts, Way, Work, fresh

ROOT, REFERENCE = Path(__file__).parents[2], "digitale-innovatie-2016"
CHANGES = 10
MS = "ms for the slowest change"
Vary = Callable[[Scenario, int], Scenario]


def prepare_basis() -> Basis:
    """Return the basis of the reference call, from its delivered tables by the functions of the steps."""
    store = Store(ROOT, REFERENCE)
    call, tables = store.call, read_tables(store)
    individual = scoring.score_individually(tables["scores"], call.scoring.criterion_weights)
    ranked = ranking.rank_totals(scoring.total(individual, call.scoring.rater_weights))
    seed, line = call.selection.seed, call.selection.shortlist
    expected = expectation.expect_ranks(individual, call.scoring.scale, line, seed, call.uncertainty.draws).ranks
    weighed = ranking.weigh_merit(ranked, call.selection, expected)
    totals, _ = ranking.fill_places(weighed, tables["scores"], expected, call.selection)
    profiles = distribution.profile(tables["proposals"], tables["actors"], tables["municipalities"])
    candidates = selection.list_candidates(totals, profiles, tables["proposals"], tables["decision"])
    choice = selection.choose(candidates, tables["decision"], call)
    made = {"individual_scores": individual, "totals": totals, "expected_ranks": expected, "profiles": profiles}
    made |= {"selection": choice.selection, "chosen": choice.selection[choice.selection["chosen"]]}
    return whatif.assemble(call, {**tables, **made, "constraint_prices": choice.prices})


def weigh_criterion(now: Scenario, step: int) -> Scenario:
    first = next(iter(now.criterion_weights))
    return replace(now, criterion_weights={**now.criterion_weights, first: 1 + step / 10})


def weigh_rater(now: Scenario, step: int) -> Scenario:
    last = [*now.rater_weights][-1]
    return replace(now, rater_weights={**now.rater_weights, last: step / 10})


def lengthen(now: Scenario, step: int) -> Scenario:
    return replace(now, shortlist=now.shortlist + step)


def choose_fewer(now: Scenario, step: int) -> Scenario:
    return replace(now, choose=now.choose - step)


def switch(now: Scenario, step: int) -> Scenario:
    names = sorted(now.constraints)
    off = {name for place, name in enumerate(names) if (step >> place) & 1}
    return replace(now, constraints=now.constraints - off)


def expect(now: Scenario, step: int) -> Scenario:
    return replace(weigh_criterion(now, step), method="expected_rank")


def filter_groups(now: Scenario, step: int) -> Scenario:
    return replace(now, filters=Filters(provinces=frozenset({f"Province {step}"}), scales=frozenset({"city"})))


def _explore(vary: Vary) -> Work:
    basis = prepare_basis()
    whatif.explore(basis, vary(basis.official, CHANGES + 1))  # the first loads the solver

    def work() -> Facts:
        slowest = 0.0
        for step in range(1, CHANGES + 1):
            started = time.perf_counter()
            whatif.explore(basis, vary(basis.official, step))
            slowest = max(slowest, time.perf_counter() - started)
        return {MS: 1000 * slowest}

    return work


def _run_steps(vary: Vary) -> Work:
    basis = prepare_basis()
    basis_tables, declared = basis.tables, basis.call

    def work() -> Facts:
        started = time.perf_counter()
        scenario = vary(basis.official, 1)
        chosen = declared.selection.model_copy(
            update={
                "shortlist": scenario.shortlist,
                "choose": scenario.choose,
                "ranked_by": RANKED_BY[scenario.method],
                "tie_rule": "lottery",
                "caps": tuple(one for one in declared.selection.caps if one.id in scenario.constraints),
                "quotas": tuple(one for one in declared.selection.quotas if one.id in scenario.constraints),
            }
        )
        call = declared.model_copy(update={"selection": chosen})
        weights = {name: weight for name, weight in scenario.rater_weights.items() if weight > 0}
        scores = basis_tables["scores"]
        individual = scoring.score_individually(scores, scenario.criterion_weights)
        ranked = ranking.rank_totals(scoring.total(individual, weights))
        expected = expectation.expect_ranks(
            individual, call.scoring.scale, chosen.shortlist, chosen.seed, call.uncertainty.draws
        ).ranks
        totals, _ = ranking.fill_places(ranking.weigh_merit(ranked, chosen, expected), scores, expected, chosen)
        candidates = selection.list_candidates(totals, basis_tables["profiles"], basis_tables["proposals"])
        selection.choose(candidates, basis_tables["decision"], call)
        return {MS: 1000 * (time.perf_counter() - started)}

    return work


KINDS: dict[str, Vary] = {
    "another weight of a criterion": weigh_criterion,
    "another weight of a rater": weigh_rater,
    "a longer shortlist": lengthen,
    "fewer to choose": choose_fewer,
    "constraints off": switch,
    "expected ranks under another weight": expect,
    "a filter": filter_groups,
}


def _named(work: Callable[[Vary], Work], place: int) -> str:
    """Make a function of this module that `fresh` can find by its name; return the name."""
    name = f"{work.__name__.strip('_')}_{place}"
    vary = list(KINDS.values())[place]
    made = partial(_prepare, work, vary)
    made.__name__, made.__module__ = name, __name__  # type: ignore[attr-defined]
    globals()[name] = made
    return name


def _prepare(work: Callable[[Vary], Work], vary: Vary, _: Path) -> Work:
    return work(vary)


OURS, STEPS = f"explore, {CHANGES} changes", "the functions of the steps, one change"
CASES = tuple(
    Case(
        kind,
        (
            Way(OURS, fresh(globals()[_named(_explore, place)]), CHANGES**-1),
            Way(STEPS, fresh(globals()[_named(_run_steps, place)])),
        ),
        3,
    )
    for place, kind in enumerate(KINDS)
)
BOUNDS = tuple(Bound(kind, 150, MS) for kind in KINDS)
