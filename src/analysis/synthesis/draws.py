"""Draws that all synthetic tables share: random streams, categories by weight, amounts, and parts of a whole."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.synthesis.assumptions import Amount

Whole = NDArray[np.int64]
Real = NDArray[np.float64]


def stream(seed: int, *subject: str) -> np.random.Generator:
    """Return a generator of random numbers for one subject, so that a change in another does not move its draws."""
    return np.random.default_rng([seed, *" ".join(subject).encode()])


def pick_columns(weights: ArrayLike, rng: np.random.Generator) -> Whole:
    """Return per row of weights the position of a column, drawn in proportion to them."""
    rising = np.cumsum(np.asarray(weights, dtype="float64"), axis=1)
    return np.asarray((rng.random(len(rising))[:, None] * rising[:, -1:] >= rising).sum(axis=1))


def pick(count: int, weights: Sequence[float], rng: np.random.Generator) -> Whole:
    """Return `count` positions drawn in proportion to the weights."""
    return pick_columns(np.broadcast_to(np.asarray(weights, dtype="float64"), (count, len(weights))), rng)


def draw_amounts(count: int, amount: Amount, rng: np.random.Generator) -> Real:
    """Return log-normal amounts in whole steps and within their bounds."""
    return amount.keep(amount.median * np.exp(amount.spread * rng.standard_normal(count)))


def apportion(weights: ArrayLike, units: int, caps: ArrayLike | None = None) -> Whole:
    """Divide whole units in proportion to weights by the largest remainder, none above its cap.

    The units must fit below the caps together. Of equal remainders the first goes first.
    """
    share = np.asarray(weights, dtype="float64")
    most = np.full(len(share), units) if caps is None else np.asarray(caps)
    parts, open_ = np.zeros(len(share), dtype="int64"), most > 0
    while (left := units - int(parts.sum())) > 0:
        exact = parts + np.where(open_, left * share / share[open_].sum(), 0.0)
        floor = np.minimum(np.floor(exact + 1e-9).astype("int64"), most)
        rest = np.where(open_ & (floor < most), exact - floor, -1.0)
        over = exact > most
        spare = 0 if over.any() else units - int(floor.sum())
        floor[np.argsort(-rest, kind="stable")[:spare]] += 1
        parts, open_ = floor, open_ & (floor < most)
    return parts


def number_ids(pattern: str, count: int) -> list[str]:
    """Return ids from 1 on, the number in place of the signs # of a pattern: as many digits, or all that are needed."""
    before, signs, after = pattern.partition("#" * pattern.count("#"))
    width = max(len(signs), len(str(count)))
    return [f"{before}{number:0{width}d}{after}" for number in range(1, count + 1)]
