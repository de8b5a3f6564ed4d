"""Individual scores and totals: each rater's weighted mean over its criteria, and the mean over raters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd
from scipy.stats import t as student

from analysis.call import Call
from analysis.indicators import Indicator, Recorder
from analysis.intervals import LEVEL

FINE, COARSE = 12, 9  # decimals; a score is kept finer than a total, so that rounding it cannot part equal totals
FAR = 2.5  # robust standard deviations; a larger deviation from the other raters is an outlier


def score_individually(scores: pd.DataFrame, weights: Mapping[str, float]) -> pd.DataFrame:
    """Return the individual score of each rater on each proposal: the weighted mean of the criteria that it scored.

    `weights` is per criterion.
    A criterion without a score takes no part in the mean; `criteria` tells how many did (see `individual_scores`).
    Rounded to twelve decimals: a mean of the highest scores would otherwise come out above the scale.
    """
    weight = _weigh(scores["criterion"], weights)
    weighted = scores.assign(weight=weight, weighted=weight * scores["score"])
    sums = weighted.groupby(["proposal", "rater"], sort=False)
    summed = sums.agg(weighted=("weighted", "sum"), weight=("weight", "sum"), criteria=("score", "size"))
    summed["score"] = (summed["weighted"] / summed["weight"]).round(FINE)
    return summed.reset_index()[["proposal", "rater", "score", "criteria"]]


def total(individual: pd.DataFrame, weights: Mapping[str, float]) -> pd.DataFrame:
    """Return total, median and number of raters per proposal; the total is the mean with the weights of the raters.

    `weights` is per rater.
    The mean is over the raters that scored the proposal. Rounded to nine decimals, so that the order in which
    floating-point numbers are added cannot break a tie.
    """
    weight = _weigh(individual["rater"], weights)
    weighted = individual.assign(weight=weight, weighted=weight * individual["score"])
    sums = weighted.groupby("proposal")
    summed = sums.agg(
        weighted=("weighted", "sum"), weight=("weight", "sum"), median=("score", "median"), raters=("score", "size")
    )
    summed["total"] = (summed["weighted"] / summed["weight"]).round(COARSE)
    summed["median"] = summed["median"].round(COARSE)
    return summed.reset_index()[["proposal", "total", "median", "raters"]]


def _weigh(ids: pd.Series, weights: Mapping[str, float]) -> pd.Series:
    # Looked up once per distinct id: looking it up per row takes longer than all the rest of a large call.
    return ids.astype("category").map(weights).astype("float64")


def spread_by_rater(individual: pd.DataFrame, raters: Sequence[str]) -> pd.DataFrame:
    """Return per rater, in this order, how it used the scale, and its severity (see the contract `rater_spread`).

    Severity is the mean, over the proposals scored with others, of the rater's score less the mean of the others, with
    the 95% interval of Student's t over these proposals; it needs two of them.
    """
    deviation = deviate(individual)
    grouped = individual.assign(deviation=deviation).groupby("rater", observed=True)
    spread = grouped.agg(
        proposals=("score", "size"),
        mean=("score", "mean"),
        standard_deviation=("score", "std"),
        lowest=("score", "min"),
        highest=("score", "max"),
        severity=("deviation", "mean"),
        error=("deviation", "sem"),
        compared=("deviation", "count"),
    )
    margin = spread["error"] * student.ppf((1 + LEVEL) / 2, (spread["compared"] - 1).clip(lower=1))
    spread = spread.assign(severity_low=spread["severity"] - margin, severity_high=spread["severity"] + margin)
    present = [rater for rater in raters if rater in spread.index]
    return spread.loc[present].drop(columns=["error", "compared"]).reset_index()


def deviate(individual: pd.DataFrame) -> pd.Series:
    """Return each individual score less the mean of the other raters on the same proposal; missing where alone."""
    by_proposal = individual.groupby("proposal", observed=True)["score"]
    size, summed = by_proposal.transform("size"), by_proposal.transform("sum")
    return individual["score"] - ((summed - individual["score"]) / (size - 1)).where(size > 1)


def limit_deviations(deviations: pd.Series) -> float:
    """Return the largest deviation from the other raters that is common: FAR robust standard deviations around zero.

    The robust standard deviation is that from the median of their size; where more than half are zero, from the mean of
    their size. Either is scaled to the standard deviation of a normal distribution (Iglewicz and Hoaglin 1993, How to
    Detect and Handle Outliers). NaN where there are no deviations.
    """
    size = deviations.dropna().abs()
    median = float(size.median())
    return FAR * (1.4826 * median if median > 0 else 1.2533 * float(size.mean()))


def assign_panels(individual: pd.DataFrame, panels: Mapping[str, str | None]) -> pd.DataFrame:
    """Return the individual scores with the panel of their proposal: that of its raters who sit in one.

    `panels` is per rater. A proposal that only raters of no panel scored has none; that no proposal was scored by two
    panels is checked at the ingest.
    """
    own = individual["rater"].astype("str").map(panels)
    of_proposal = own.groupby(individual["proposal"], observed=True).first()
    return individual.assign(panel=individual["proposal"].map(of_proposal))


def count_asked(individual: pd.DataFrame, call: Call) -> pd.Series:
    """Return by scored proposal how many raters were to score it: those of its panel, and those of no panel.

    A rater without any score was not asked.
    """
    panels = call.scoring.panels
    asked = [panels.get(str(rater)) for rater in individual["rater"].unique()]
    of_proposal = assign_panels(individual, panels).groupby("proposal", observed=True)["panel"].first()
    return of_proposal.map(lambda panel: sum(own is None or own == panel for own in asked)).astype("int64")


def count_conflicts(individual: pd.DataFrame, call: Call) -> int:
    """Return how many individual scores are missing because the rater declared a conflict of interest."""
    of_proposal = assign_panels(individual, call.scoring.panels).groupby("proposal", observed=True)["panel"].first()
    return sum(
        rater.panel is None or rater.panel == of_proposal[proposal]
        for rater in call.scoring.raters
        for proposal in rater.conflicts
        if proposal in of_proposal.index
    )


def _coverage_indicators(record: Recorder, individual: pd.DataFrame, call: Call) -> Iterator[Indicator]:
    """Yield how many individual scores are missing and why, and where a jury sits in panels how many raters each has.

    `scoring.raters_each` is the number of individual scores per proposal, where that is the same for all.
    """
    asked, panels = count_asked(individual, call), {panel for panel in call.scoring.panels.values() if panel}
    yield record.one("scoring.missing", int(asked.sum()) - len(individual), "count")
    if any(rater.conflicts for rater in call.scoring.raters):
        yield record.one("scoring.conflicts", count_conflicts(individual, call), "count")
    if panels:
        yield record.one("scoring.panels", len(panels), "count")
        if asked.nunique() == 1:
            yield record.one("scoring.raters_each", int(asked.iloc[0]), "count")


def indicators(individual: pd.DataFrame, totals: pd.DataFrame, call: Call) -> Iterator[Indicator]:
    """Yield the indicators of the scoring; none where nothing was scored, and no line where none was shortlisted."""
    if totals.empty:
        return
    record = Recorder(total, "scores")
    yield record.one("scoring.proposals", len(totals), "count")
    yield record.one("scoring.raters", individual["rater"].nunique(), "count")
    jurors = {rater.id for rater in call.jurors}
    yield record.one("scoring.jurors", len(jurors & set(individual["rater"])), "count")
    judged = {criterion for rater in call.jurors for criterion in rater.criteria}
    yield record.one("scoring.criteria", len(judged), "count")
    weights = [rater.weight for rater in call.scoring.raters]
    yield record.one("scoring.weight_ratio", max(weights) / min(weights), "count")
    yield from _coverage_indicators(record, individual, call)
    yield from _deviation_indicators(deviate(individual).dropna().abs())
    yield Recorder(total, "totals").one("scoring.highest", float(totals["total"].max()), "points")
    listed, others = (totals.loc[totals["shortlisted"] == flag, "total"] for flag in (True, False))
    if len(listed):
        yield Recorder(total, "totals").one("scoring.line", float(listed.min()), "points")
    if len(listed) and len(others):
        margin = float(listed.min() - others.max())  # below zero where totals alone did not decide
        yield Recorder(total, "totals").one("scoring.margin", margin, "points")


def _deviation_indicators(sizes: pd.Series) -> Iterator[Indicator]:
    """Yield how many scores can be compared with other raters, the largest deviation, and how many are outliers."""
    if sizes.empty:
        return
    limit, record = limit_deviations(sizes), Recorder(limit_deviations, "individual_scores")
    yield record.one("scoring.deviations", len(sizes), "count")
    yield record.one("scoring.deviations.largest", float(sizes.max()), "points")
    yield record.one("scoring.deviations.limit", limit, "points")
    yield record.one("scoring.deviations.outliers", int((sizes > limit).sum()), "count")
