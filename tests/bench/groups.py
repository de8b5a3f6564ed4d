"""Sounding-board groups: a very large call whose proposals are shared out over groups around its pilots.

Titles and summaries are simulated with a seed: words of a topic beside words that all share. The peer is the assignment
of scipy, every pilot standing for as many places as its group has: it knows no least number of members and no floor.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from sklearn.feature_extraction.text import TfidfTransformer

from analysis.assignment import Groups, fill_groups
from bench.measure import MEMORY, SECONDS, Bound, Case, Facts, Way, Work, fresh

Floats = NDArray[np.float64]
SEED, PROPOSALS, PILOTS, WORDS, TOPICS, LENGTH = 2016, 10_000, 300, 3_000, 150, 25
FLOOR, FEWEST, MOST = 0.2, 3, 40
PLACED, SIMILARITY = "proposals in a group", "sum of similarities"


def compare() -> Floats:
    """Return the cosine similarity of every proposal with every pilot; zero below the floor."""
    rng = np.random.default_rng(SEED)
    topic = rng.integers(TOPICS, size=PROPOSALS + PILOTS)
    own = rng.integers(WORDS, size=(TOPICS, LENGTH))[topic]
    shared = rng.zipf(1.3, size=own.shape).clip(max=WORDS) - 1
    words = np.where(rng.random(own.shape) < 0.4, own, shared)
    counts = np.zeros((len(words), WORDS), dtype=np.float32)
    np.add.at(counts, (np.arange(len(words))[:, np.newaxis], words), 1)
    weighed = TfidfTransformer().fit_transform(counts)
    cosine = (weighed[:PROPOSALS] @ weighed[PROPOSALS:].T).toarray().astype(np.float64)
    return np.where(cosine >= FLOOR, cosine, 0.0)


def _tell(similarity: Floats, rows: NDArray[np.int64], group: NDArray[np.int64]) -> Facts:
    found = similarity[rows, group]
    return {PLACED: float((found > 0).sum()), SIMILARITY: float(found.sum())}


def fill(_: Path) -> Work:
    similarity = compare()
    groups = Groups(np.full(PILOTS, FEWEST), np.full(PILOTS, MOST))

    def work() -> Facts:
        group = fill_groups(similarity, groups, SEED)
        placed = np.flatnonzero(group >= 0)
        return _tell(similarity, placed, group[placed])

    return work


def assign(_: Path) -> Work:
    similarity = compare()

    def work() -> Facts:
        rows, places = linear_sum_assignment(np.repeat(similarity, MOST, axis=1), maximize=True)
        return _tell(similarity, rows, places // MOST)

    return work


NAME = "10,000 proposals over the groups of 300 pilots"
CASES = (Case(NAME, (Way("ours", fresh(fill)), Way("linear_sum_assignment on every place", fresh(assign))), 3),)
BOUNDS = (Bound(NAME, 30, SECONDS), Bound(NAME, 2048, MEMORY))
