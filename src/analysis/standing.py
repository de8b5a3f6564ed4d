"""Where a proposal stands per criterion: its mean scores, beside how those of all proposals are spread."""

from __future__ import annotations

import pandas as pd

from analysis.call import Call
from analysis.tables.cells import TOTAL

TAIL = 0.1  # the share of the proposals beyond each end of the wider band, where they are enough
QUARTER = 0.25
SPREAD = ["criterion", "proposals", "low", "q25", "median", "q75", "high"]


def score_criteria(scores: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return the mean score of every proposal per criterion: proposal, criterion, raters and score, in points.

    `scores` follows the contract of that name. A score that a juror alone gave is left open, for a mean over one rater
    would tell what that juror thought.
    """
    roles = {rater.id: rater.role for rater in call.scoring.raters}
    cells = scores.assign(juror=scores["rater"].map(roles).eq("juror"))
    means = cells.groupby(["proposal", "criterion"], as_index=False, observed=True).agg(
        raters=("rater", "nunique"), score=("score", "mean"), juror=("juror", "any")
    )
    alone = means["juror"] & (means["raters"] == 1)
    return means.assign(score=means["score"].mask(alone)).drop(columns="juror")


def spread_scores(means: pd.DataFrame, totals: pd.DataFrame, call: Call, smallest: int) -> pd.DataFrame:
    """Return how the means of all proposals are spread, per criterion and for the total, in points: `SPREAD`.

    `low` and `high` leave a tenth of the proposals beyond each, but never fewer than `smallest`. What fewer than four
    times `smallest` proposals have is left out: its quarters would tell of single ones.
    """
    by_criterion = {
        criterion: means.loc[means["criterion"] == criterion, "score"]
        for criterion in [item.id for item in call.scoring.criteria]
    }
    rows = [_spread(name, cells.dropna(), smallest) for name, cells in {**by_criterion, TOTAL: totals["total"]}.items()]
    return pd.DataFrame([row for row in rows if row is not None], columns=SPREAD)


def _spread(name: str, cells: pd.Series, smallest: int) -> list[object] | None:
    if len(cells) < max(smallest / QUARTER, 1):
        return None
    tail = min(max(TAIL, smallest / len(cells)), QUARTER)
    ends = [float(cells.quantile(part)) for part in (tail, QUARTER, 0.5, 1 - QUARTER, 1 - tail)]
    return [name, len(cells), *ends]
