"""Individual scores and totals: each rater's weighted mean over its criteria, and the mean over raters."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from analysis.call import Call
from analysis.indicators import Indicator, Recorder

FINE, COARSE = 12, 9  # decimals; a score is kept finer than a total, so that rounding it cannot part equal totals


def score_individually(scores: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return the individual score of each rater on each proposal: the weighted mean of the criteria that it scored.

    A criterion without a score takes no part in the mean; `criteria` tells how many did (see `individual_scores`).
    Rounded to twelve decimals: a mean of the highest scores would otherwise come out above the scale.
    """
    weights = {criterion.id: criterion.weight for criterion in call.scoring.criteria}
    weight = scores["criterion"].map(weights).astype("float64")
    weighted = scores.assign(weight=weight, weighted=weight * scores["score"])
    sums = weighted.groupby(["proposal", "rater"], sort=False)
    summed = sums.agg(weighted=("weighted", "sum"), weight=("weight", "sum"), criteria=("score", "size"))
    summed["score"] = (summed["weighted"] / summed["weight"]).round(FINE)
    return summed.reset_index()[["proposal", "rater", "score", "criteria"]]


def total(individual: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return total, median and number of raters per proposal; the total is the mean with the weights of the raters.

    The mean is over the raters that scored the proposal. Rounded to nine decimals, so that the order in which
    floating-point numbers are added cannot break a tie.
    """
    weights = {rater.id: rater.weight for rater in call.scoring.raters}
    weight = individual["rater"].map(weights).astype("float64")
    weighted = individual.assign(weight=weight, weighted=weight * individual["score"])
    sums = weighted.groupby("proposal")
    summed = sums.agg(
        weighted=("weighted", "sum"), weight=("weight", "sum"), median=("score", "median"), raters=("score", "size")
    )
    summed["total"] = (summed["weighted"] / summed["weight"]).round(COARSE)
    summed["median"] = summed["median"].round(COARSE)
    return summed.reset_index()[["proposal", "total", "median", "raters"]]


def spread_by_rater(individual: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return per rater how it used the scale, and its severity (see the contract `rater_spread`).

    Severity is the mean, over the proposals scored with others, of the rater's score less the mean of the others.
    """
    by_proposal = individual.groupby("proposal")["score"]
    size, summed = by_proposal.transform("size"), by_proposal.transform("sum")
    others = ((summed - individual["score"]) / (size - 1)).where(size > 1)
    grouped = individual.assign(deviation=individual["score"] - others).groupby("rater")
    spread = grouped.agg(
        proposals=("score", "size"),
        mean=("score", "mean"),
        standard_deviation=("score", "std"),
        lowest=("score", "min"),
        highest=("score", "max"),
        severity=("deviation", "mean"),
    )
    present = [rater.id for rater in call.scoring.raters if rater.id in spread.index]
    return spread.loc[present].reset_index()


def indicators(individual: pd.DataFrame, totals: pd.DataFrame, call: Call) -> Iterator[Indicator]:
    """Yield the indicators of the scoring."""
    record = Recorder(total, "scores")
    yield record.one("scoring.proposals", len(totals), "count")
    yield record.one("scoring.raters", individual["rater"].nunique(), "count")
    jurors = {rater.id for rater in call.jurors}
    yield record.one("scoring.jurors", len(jurors & set(individual["rater"])), "count")
    judged = {criterion for rater in call.jurors for criterion in rater.criteria}
    yield record.one("scoring.criteria", len(judged), "count")
    weights = [rater.weight for rater in call.scoring.raters]
    yield record.one("scoring.weight_ratio", max(weights) / min(weights), "count")
    missing = len(totals) * individual["rater"].nunique() - len(individual)
    yield record.one("scoring.missing", missing, "count")
    yield Recorder(total, "totals").one("scoring.highest", float(totals["total"].max()), "points")
    listed = totals.loc[totals["shortlisted"], "total"]
    yield Recorder(total, "totals").one("scoring.line", float(listed.min()), "points")
