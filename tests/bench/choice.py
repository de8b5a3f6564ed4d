"""The choice: the shortlist of the reference call, a very large call under many quotas and caps, and alternatives.

The large call is simulated with a seed; the peer on the small one is full enumeration, on the large one the solver
without our reduction to a core.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations
from math import comb
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from analysis import distribution, programme, ranking, scoring, selection
from analysis.ingest import read_tables
from analysis.programme import Constraint, Programme
from analysis.store import Store
from bench.measure import MEMORY, SECONDS, Bound, Case, Facts, Way, Work, fresh

Floats = NDArray[np.float64]
ROOT, REFERENCE = Path(__file__).parents[2], "digitale-innovatie-2016"
SEED, CANDIDATES, CHOSEN, MONTHS = 2016, 10_000, 1_000, 16
COLUMNS = (15, 5, 5, 2, 3, 5, 5)  # groups of each column that is under quotas: forty in all
SUM = "sum of totals"


def arrange_reference() -> Programme:
    """Return the programme of the reference call, from its delivered tables by the ordinary steps."""
    store = Store(ROOT, REFERENCE)
    call, tables = store.call, read_tables(store)
    individual = scoring.score_individually(tables["scores"], call.scoring.criterion_weights)
    ranked = ranking.rank_totals(scoring.total(individual, call.scoring.rater_weights))
    weighed = ranked.assign(merit=ranked["total"], error=0.0)
    totals = ranking.shortlist(weighed, tables["scores"], call.selection)
    profiles = distribution.profile(tables["proposals"], tables["actors"], tables["municipalities"])
    return selection.arrange(selection.list_candidates(totals, profiles, tables["proposals"]), call)[0]


def arrange_large() -> Programme:
    """Return a simulated programme: quotas within a few percent of each group's share, caps that bind in some months."""
    rng = np.random.default_rng(SEED)
    totals = np.round(np.clip(rng.normal(6, 1, CANDIDATES), 1, 10) * 25) / 25
    quotas = [_quota(name, rng) for name in _names(rng)]
    lengths = rng.integers(6, MONTHS + 1, CANDIDATES)
    starts = rng.integers(0, MONTHS + 1 - lengths)
    staff = np.round(rng.uniform(2, 15, CANDIDATES) * 2) / 2
    month = np.arange(MONTHS)[:, np.newaxis]
    uses = np.where((month >= starts) & (month < starts + lengths), staff / lengths, 0)
    cap = Constraint("staff", uses, np.zeros(MONTHS), uses.sum(axis=1) * CHOSEN / CANDIDATES)
    return Programme(totals, CHOSEN, (*quotas, cap))


def _names(rng: np.random.Generator) -> list[NDArray[np.bool_]]:
    """Return the members of every group."""
    members = []
    for groups in COLUMNS:
        drawn = rng.choice(groups, CANDIDATES, p=rng.dirichlet(np.full(groups, 5)))
        members += [drawn == group for group in range(groups)]
    return members


def _quota(members: NDArray[np.bool_], rng: np.random.Generator) -> Constraint:
    share = members.mean() * CHOSEN
    least, most = np.array([np.floor(share * 0.97)]), np.array([np.ceil(share * 1.05)])
    return Constraint(f"quota {rng.integers(1_000_000)}", members.astype(np.float64), least, most)


def enumerate_all(found: Programme) -> tuple[NDArray[np.bool_], Floats]:
    """Return every choice that keeps the constraints (choices, candidates), best first, and its sum."""
    size = comb(len(found.merit), found.number)
    flags = np.zeros((size, len(found.merit)), dtype=bool)
    for row, taken in enumerate(combinations(range(len(found.merit)), found.number)):
        flags[row, list(taken)] = True
    kept = np.ones(size, dtype=bool)
    for one in found.constraints:
        used = flags @ one.uses.T
        kept &= ((used >= one.least - 1e-9) & (used <= one.most + 1e-9)).all(axis=1)
    sums = flags[kept] @ found.merit
    order = np.argsort(-sums, kind="stable")
    return flags[kept][order], sums[order]


def _told(work: Callable[[], float]) -> Work:
    def tell() -> Facts:
        return {SUM: work()}

    return tell


def solve_reference(_: Path) -> Work:
    found = arrange_reference()
    programme.solve(found)  # the first call loads the solver
    return _told(lambda: _value(programme.solve(found)))


def enumerate_reference(_: Path) -> Work:
    found = arrange_reference()
    return _told(lambda: float(enumerate_all(found)[1][0]))


def list_reference(_: Path) -> Work:
    found = arrange_reference()
    return _told(lambda: min(one.value for one in programme.list_alternatives(found, 10)))


def enumerate_ten(_: Path) -> Work:
    found = arrange_reference()
    return _told(lambda: float(enumerate_all(found)[1][9]))


def solve_large(_: Path) -> Work:
    found = arrange_large()
    return _told(lambda: _value(programme.solve(found)))


def solve_plainly(_: Path) -> Work:
    found = arrange_large()
    programme.MANY = CANDIDATES  # the whole programme at once
    return _told(lambda: _value(programme.solve(found)))


def _value(found: programme.Solution | None) -> float:
    assert found is not None
    return found.value


SMALL, LARGE, TEN = "16 of 20", "1,000 of 10,000, 40 quotas, 16 monthly caps", "ten best choices of the reference call"
ENUMERATION, WHOLE = "full enumeration", "the solver on the whole programme at once"
CASES = (
    Case(SMALL, (Way("ours", fresh(solve_reference)), Way(ENUMERATION, fresh(enumerate_reference))), 9),
    Case(TEN, (Way("ours", fresh(list_reference)), Way(ENUMERATION, fresh(enumerate_ten))), 5),
    Case(LARGE, (Way("ours", fresh(solve_large)), Way(WHOLE, fresh(solve_plainly))), 3),
)
BOUNDS = (Bound(SMALL, 0.05, SECONDS), Bound(TEN, 1, SECONDS), Bound(LARGE, 5, SECONDS), Bound(LARGE, 2048, MEMORY))
