"""The contracts of published figures beside computed ones."""

from __future__ import annotations

from dataclasses import replace

from analysis.call import Call
from analysis.contracts import Column, Contract
from analysis.tables.cells import FINDING_KINDS, VERDICTS, indicator_contract, number, text


def contracts(call: Call) -> list[Contract]:
    """Return these contracts, in the order of the steps that make them."""
    del call  # nothing here depends on it
    return [
        _reconciliation(),
        _group_sums(),
        _findings(),
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


def _findings() -> Contract:
    return Contract(
        "findings",
        "07_reconciliation",
        "Every contradiction among published figures, and every published figure that differs from the computed one",
        {
            "finding": text("Id of the finding: its kind, then the group or the figures"),
            "kind": text("Kind of finding", FINDING_KINDS),
            "group": text("Id of the group, where it is about one", optional=True),
            "figures": text("Ids of the published figures concerned, parted by spaces"),
            "sources": text("Codes of the statements"),
            "unit": text("Unit"),
            "found": number("What is found: the sum, the part, the first statement, the figure", "as the unit", None,
                            optional=True),
            "found_on": Column("day", "What is found, where it is a day", optional=True),
            "expected": number("What is expected: the total, the whole, the other statement, the computed value, the "
                               "nearest possible one", "as the unit", None, optional=True),
            "expected_on": Column("day", "What is expected, where it is a day", optional=True),
            "verdict": text("Outcome", ("explained", "open")),
        },
        key=("finding",),
    )  # fmt: skip
