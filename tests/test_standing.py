"""The means per criterion of one proposal, and how those of all are spread."""

from __future__ import annotations

import statistics

import pandas as pd
import pytest

from analysis.call import Call
from analysis.standing import score_criteria, spread_scores
from analysis.store import Store


@pytest.fixture
def call(store: Store) -> Call:
    return store.call


def ids(call: Call, role: str) -> list[str]:
    return [rater.id for rater in call.scoring.raters if rater.role == role]


def cells(*rows: tuple[str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["proposal", "rater", "criterion", "score"])


def test_the_score_on_a_criterion_is_the_mean_over_the_raters_that_gave_one(call: Call):
    one, two = ids(call, "juror")[:2]
    criterion = call.scoring.criteria[0].id
    means = score_criteria(
        cells(("P", one, criterion, 3.0), ("P", two, criterion, 4.0), ("Q", one, criterion, 1.0)), call
    )
    own = means[means["proposal"] == "P"].iloc[0]
    assert (own["score"], own["raters"]) == (3.5, 2)


def test_a_score_that_a_juror_alone_gave_is_left_open(call: Call):
    juror, criterion = ids(call, "juror")[0], call.scoring.criteria[0].id
    (score,) = score_criteria(cells(("P", juror, criterion, 3.0)), call)["score"]
    assert pd.isna(score)


def test_the_spread_holds_the_quarters_of_all_means(call: Call):
    criterion, values = call.scoring.criteria[0].id, [float(n) for n in range(1, 42)]
    means = pd.DataFrame({"proposal": map(str, values), "criterion": criterion, "raters": 2, "score": values})
    totals = pd.DataFrame({"total": values})
    spread = spread_scores(means, totals, call, smallest=3).set_index("criterion")
    q25, median, q75 = statistics.quantiles(values, n=4, method="inclusive")
    for row in (criterion, "total"):
        assert list(spread.loc[row, ["q25", "median", "q75"]]) == [q25, median, q75]
        assert spread.loc[row, "proposals"] == 41


@pytest.mark.parametrize("proposals", [12, 20, 29, 30, 31, 99])
@pytest.mark.parametrize("smallest", [1, 3])
def test_beyond_each_end_of_the_band_lie_no_fewer_than_the_smallest_cell(call: Call, proposals: int, smallest: int):
    totals = pd.DataFrame({"total": [float(n) for n in range(proposals)]})
    means = pd.DataFrame(columns=["proposal", "criterion", "raters", "score"]).astype({"score": "float64"})
    (row,) = spread_scores(means, totals, call, smallest).to_dict("records")
    assert (totals["total"] <= row["low"]).sum() >= smallest
    assert (totals["total"] >= row["high"]).sum() >= smallest
    assert row["low"] <= row["q25"] and row["q75"] <= row["high"]


def test_of_too_few_proposals_no_spread_is_told(call: Call):
    means = pd.DataFrame(columns=["proposal", "criterion", "raters", "score"]).astype({"score": "float64"})
    assert spread_scores(means, pd.DataFrame({"total": [1.0] * 11}), call, smallest=3).empty
