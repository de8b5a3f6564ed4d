"""The contracts of published figures beside computed ones."""

from __future__ import annotations

from dataclasses import replace

from analysis.call import Call
from analysis.contracts import Column, Contract
from analysis.tables.cells import VERDICTS, indicator_contract, number, text


def contracts(call: Call) -> list[Contract]:
    """Return these contracts, in the order of the steps that make them."""
    del call  # nothing here depends on it
    return [
        _reconciliation(),
        _group_sums(),
        indicator_contract("reconciliation_indicators", "07_reconciliation"),
        replace(
            indicator_contract("indicators", "07_reconciliation"), description="The indicators of all steps together"
        ),
    ]


def _reconciliation() -> Contract:
    return Contract(
        "reconciliation",
        "07_reconciliation",
        "Every published figure beside the computed one",
        {
            "figure": text("Id of the published figure"),
            "source": text("Code of the statement"),
            "unit": text("Unit"),
            "hedge": text("Hedge of the published figure"),
            "derived": Column("flag", "Whether it follows from published figures without being printed"),
            "published": number("Published value", "as the unit", None, optional=True),
            "published_on": Column("day", "Published day", optional=True),
            "indicator": text("Indicator that computes it"),
            "computed": number("Computed value", "as the unit", None, optional=True),
            "computed_on": Column("day", "Computed day", optional=True),
            "verdict": text("Outcome", VERDICTS),
        },
        key=("figure",),
    )


def _group_sums() -> Contract:
    return Contract(
        "group_sums",
        "07_reconciliation",
        "Every group of published figures beside the total that it should add up to",
        {
            "group": text("Id of the group"),
            "sources": text("Codes of the statements"),
            "unit": text("Unit"),
            "total": number("Published total", "as the unit", None),
            "sum": number("Sum of the published parts", "as the unit", None),
            "difference": number("Sum less total", "as the unit", None),
            "verdict": text("Outcome", VERDICTS),
        },
        key=("group",),
    )
