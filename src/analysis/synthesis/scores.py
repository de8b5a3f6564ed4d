"""Synthetic scores: a latent quality per proposal, effects of criteria, raters with their own severity, and noise."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis import expectation, ranking, scoring
from analysis.call import Call
from analysis.declarations import Rater
from analysis.synthesis.assumptions import Reconstruction
from analysis.synthesis.draws import Real, stream

Points = NDArray[np.int8]
UNSCORED = np.iinfo("int8").min  # such points become no row


def draw_quality(count: int, assumed: Reconstruction) -> Real:
    """Return the latent quality of every proposal, in points around zero."""
    return stream(assumed.seed, "quality").normal(0, assumed.scores.quality, count)


def draw_points(quality: Real, call: Call, assumed: Reconstruction) -> Points:
    """Return whole points per proposal (row) and per criterion of each rater (column, in the order of the call)."""
    rng, count = stream(assumed.seed, "scores"), len(quality)
    criteria = [criterion.id for criterion in call.scoring.criteria]
    deviation = rng.normal(0, assumed.scores.proposal_by_criterion, (count, len(criteria)))
    merit = quality[:, None] + deviation
    judged = [[criteria.index(criterion) for criterion in rater.criteria] for rater in call.scoring.raters]
    effects = np.array([assumed.scores.criteria[criterion] for criterion in criteria])
    points = np.hstack([_rate(merit[:, seen], effects[seen], call, assumed, rng) for seen in judged])
    return _withhold(points, call, assumed, rng)


def rank_points(points: Points, ids: list[str], call: Call) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the scores and the ranked totals with the shortlist, both by the ordinary steps.

    Where proposals tie across the line of the shortlist, those beyond its places lose a point and the steps run again.
    """
    while True:
        scores = list_scores(points, ids, call)
        individual = scoring.score_individually(scores, call.scoring.criterion_weights)
        ranked = ranking.rank_totals(scoring.total(individual, call.scoring.rater_weights))
        surplus = _surplus(ranked, call.selection.shortlist)
        if not len(surplus):
            weighed = ranking.weigh_merit(ranked, call.selection, _expect(individual, call))
            return scores, ranking.shortlist(weighed, scores, call.selection)
        rows = pd.Index(ids).get_indexer(surplus)
        points[rows, points[rows].argmax(axis=1)] -= 1


def _expect(individual: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return the expected ranks where they decide; they cost time, and a tie in them is rare."""
    selection = call.selection
    if selection.ranked_by == "totals":
        return pd.DataFrame()
    panelled = scoring.assign_panels(individual, call.scoring.panels)
    found = expectation.expect_ranks(
        panelled, call.scoring.scale, selection.shortlist, selection.seed, call.uncertainty.draws
    )
    expectation.require(found, selection)
    return found.ranks


def list_scores(points: Points, ids: list[str], call: Call) -> pd.DataFrame:
    """Return the points as the table `scores`; proposal, rater and criterion are categorical to stay small."""
    raters, criteria = call.scoring.raters, [criterion.id for criterion in call.scoring.criteria]
    rater = [position for position, one in enumerate(raters) for _ in one.criteria]
    criterion = [criteria.index(name) for one in raters for name in one.criteria]
    flat, given = points.ravel(), points.ravel() != UNSCORED
    codes = {
        "proposal": (np.repeat(np.arange(len(ids), dtype="int32"), points.shape[1]), ids),
        "rater": (np.tile(np.array(rater, dtype="int8"), len(ids)), [one.id for one in raters]),
        "criterion": (np.tile(np.array(criterion, dtype="int8"), len(ids)), criteria),
    }
    columns = {name: pd.Categorical.from_codes(code[given], known) for name, (code, known) in codes.items()}
    return pd.DataFrame({**columns, "score": flat[given]})


def _rate(merit: Real, effects: Real, call: Call, assumed: Reconstruction, rng: np.random.Generator) -> Points:
    """Return the points of one rater on the criteria that it judges."""
    given, scale = assumed.scores, call.scoring.scale
    severity = rng.normal(0, given.severity)
    stretch = 1 + given.use_of_scale * rng.standard_normal()
    taste = rng.normal(0, given.taste, (len(merit), 1))
    seen = merit + taste + rng.normal(0, given.noise, merit.shape)
    points = np.round(given.mean + severity + effects + stretch * seen)
    return np.clip(points, math.ceil(scale.low), math.floor(scale.high)).astype("int8")


def _withhold(points: Points, call: Call, assumed: Reconstruction, rng: np.random.Generator) -> Points:
    """Return the points without those of a juror with a conflict of interest: one juror for some proposals."""
    rows = rng.choice(len(points), round(assumed.scores.conflicts * len(points)), replace=False)
    columns = [_columns(juror, call) for juror in call.jurors]
    for row, juror in zip(rows, rng.integers(0, len(columns), len(rows)), strict=True):
        points[row, columns[juror]] = UNSCORED
    return points


def _columns(rater: Rater, call: Call) -> slice:
    before = call.scoring.raters[: call.scoring.raters.index(rater)]
    start = sum(len(one.criteria) for one in before)
    return slice(start, start + len(rater.criteria))


def _surplus(ranked: pd.DataFrame, size: int) -> pd.Series:
    """Return the proposals that tie with the last place of the shortlist and would come after it."""
    if len(ranked) <= size or ranked["rank"].iloc[size] != ranked["rank"].iloc[size - 1]:
        return ranked["proposal"].iloc[:0]
    tied = ranked[ranked["rank"] == ranked["rank"].iloc[size]]
    return tied["proposal"].iloc[size - (ranked["rank"] < tied["rank"].iloc[0]).sum() :]
