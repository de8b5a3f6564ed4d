"""The contracts of the tables that only the sheets for applicants show; they are made as these are released."""

from __future__ import annotations

from analysis.call import Call
from analysis.contracts import Contract
from analysis.tables.cells import TOTAL, count, identifying, number, text

MAKER = "feedback"


def contracts(call: Call) -> list[Contract]:
    """Return these contracts."""
    return [_criterion_scores(call), _criterion_spread(call)]


def _criterion_scores(call: Call) -> Contract:
    low, high = call.scoring.scale.low, call.scoring.scale.high
    return Contract(
        "criterion_scores",
        MAKER,
        "The mean score of a proposal per criterion",
        {
            "proposal": identifying(text("Proposal")),
            "criterion": text("Criterion", tuple(item.id for item in call.scoring.criteria)),
            "raters": count("Raters that scored it", "raters", 1),
            "score": number("Mean score, unless a juror alone gave one", "points", low, high, optional=True),
        },
        key=("proposal", "criterion"),
    )


def _criterion_spread(call: Call) -> Contract:
    low, high = call.scoring.scale.low, call.scoring.scale.high
    parts = {
        "low": "Mean score that about a tenth of the proposals stay below",
        "q25": "Mean score that a quarter of the proposals stay below",
        "median": "Mean score that half of the proposals stay below",
        "q75": "Mean score that a quarter of the proposals are above",
        "high": "Mean score that about a tenth of the proposals are above",
    }
    return Contract(
        "criterion_spread",
        MAKER,
        "How the mean scores of all proposals are spread, per criterion and for the total",
        {
            "criterion": text("Criterion, or the total", (*(item.id for item in call.scoring.criteria), TOTAL)),
            "proposals": count("Proposals scored", "proposals", 1),
            **{name: number(said, "points", low, high) for name, said in parts.items()},
        },
        key=("criterion",),
    )
