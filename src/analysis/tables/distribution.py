"""The contracts of who applied, with what and from where."""

from __future__ import annotations

from analysis.call import Call
from analysis.contracts import Cells, Contract
from analysis.declarations import FIXED_GROUPS, MERGED
from analysis.tables.cells import DIMENSIONS, count, identifying, indicator_contract, number, text

OF_PROPOSALS = "distribution.{dimension}.{group}"  # the indicators that count the proposals of a group


def contracts(call: Call) -> list[Contract]:
    """Return these contracts, in the order of the steps that make them."""
    return [
        _profiles(call),
        _distribution(),
        _category_by_kind(call),
        _municipality_reach(),
        _spread(),
        _evenness(),
        _white_spots(),
        indicator_contract("distribution_indicators", "02_distribution"),
    ]


def _profiles(call: Call) -> Contract:
    """Return the contract of the profiles; where its lead actor is, together with its kind, identifies a proposal.

    Where no actors were delivered nothing is known of either.
    """
    profile = {
        "proposal": identifying(text("Proposal")),
        "category": text("Category", call.ids("categories")),
        "actor_kind": text("Kind of the lead actor", call.ids("actor_kinds"), optional=True),
        "partnership": text("Kind of partnership", call.ids("partnerships"), optional=True),
        "reach": text("Reach", FIXED_GROUPS["reach"], optional=True),
        "focus": text("Focus", call.ids("focuses"), optional=True),
        "province": identifying(text("Province of the lead actor", optional=True)),
        "scale": identifying(text("Scale of the lead actor's municipality", FIXED_GROUPS["scale"], optional=True)),
    }
    return Contract(
        "profiles",
        "02_distribution",
        "Each proposal by every column that it can be grouped on",
        profile,
        key=("proposal",),
    )


def _distribution() -> Contract:
    return Contract(
        "distribution",
        "02_distribution",
        "Number and share of proposals per group of every dimension",
        {
            "dimension": text("Dimension", DIMENSIONS),
            "group": text("Group"),
            "proposals": count("Proposals", "proposals"),
            "share": number("Share of all proposals", "share", 0, 1),
        },
        key=("dimension", "group"),
        cells=Cells(
            "group",
            ("dimension",),
            sums=("share",),
            indicators=OF_PROPOSALS,
            summaries=(
                "distribution.{dimension}.evenness",
                "distribution.{dimension}.covered",
                "distribution.{dimension}.{group}.submitted",
                "distribution.{dimension}.{group}.ratio",
            ),
        ),
    )


def _category_by_kind(call: Call) -> Contract:
    return Contract(
        "category_by_kind",
        "02_distribution",
        "Number of proposals per category and kind of lead actor",
        {
            "category": text("Category", call.ids("categories")),
            "actor_kind": text("Kind of actor", (*call.ids("actor_kinds"), MERGED)),
            "proposals": count("Proposals", "proposals"),
        },
        key=("category", "actor_kind"),
        cells=Cells("actor_kind", ("category",), totals_in="distribution", crossed=True),
    )


def _municipality_reach() -> Contract:
    """Return the contract of the reach.

    The proposals led add up to those of a province, from which a small number could be worked out.
    """
    return Contract(
        "municipality_reach",
        "02_distribution",
        "Every municipality with the proposals that involve it",
        {
            "nis": text("Code of the municipality (NIS)"),
            "name": text("Name"),
            "province": text("Province"),
            "population": count("Legal population", "inhabitants", 1),
            "latitude": number("Latitude (WGS84)", "degrees", -90, 90),
            "longitude": number("Longitude (WGS84)", "degrees", -180, 180),
            "proposals": count("Proposals that involve it", "proposals", optional=True),
            "led": count("Proposals led from it", "proposals"),
            "share": number("Share of all proposals that involve it", "share", 0, 1, optional=True),
            "fewer_than": count(
                "Where the number is too small to show: below what it stays", "proposals", optional=True
            ),
        },
        key=("nis",),
        cells=Cells("nis", sums=("share",), overlapping=True, limit="fewer_than", unsafe=("led",)),
    )


def _spread() -> Contract:
    return Contract(
        "spread",
        "02_distribution",
        "Proposals per province and scale beside those that its share of the population leads one to expect",
        {
            "dimension": text("Dimension", ("province", "scale")),
            "group": text("Province or scale"),
            "proposals": count("Proposals led from it", "proposals"),
            "population_share": number("Share of the population that lives in it", "share", 0, 1),
            "expected": number("Proposals to be expected by that share", "proposals"),
            "ratio": number("Proposals over those expected", "ratio"),
            "low": number("Low end of the 95% interval of the ratio", "ratio", optional=True),
            "high": number("High end of the 95% interval of the ratio", "ratio", optional=True),
            "municipalities": count("Municipalities in it", low=1),
            "reached": count("Municipalities that a proposal involves, where that is known", optional=True),
        },
        key=("dimension", "group"),
        cells=Cells(
            "group",
            ("dimension",),
            sums=("population_share", "expected", "municipalities", "reached"),
            quotients={"ratio": ("proposals", "expected")},
            indicators=OF_PROPOSALS,
        ),
    )


def _evenness() -> Contract:
    return Contract(
        "evenness",
        "02_distribution",
        "How evenly the proposals are spread over the groups of a dimension, and over how many of them",
        {
            "dimension": text("Dimension", ("category", "actor_kind", "province", "scale")),
            "groups": count("Groups that there are", low=1),
            "covered": count("Groups with a proposal"),
            "evenness": number("Pielou's evenness of the proposals", "ratio", 0, 1),
            "population_evenness": number("Pielou's evenness of the population", "ratio", 0, 1, optional=True),
        },
        key=("dimension",),
        summary_of="distribution",
    )


def _white_spots() -> Contract:
    return Contract(
        "white_spots",
        "02_distribution",
        "The municipalities that no proposal involves",
        {
            "nis": text("Code of the municipality (NIS)"),
            "name": text("Name"),
            "province": text("Province"),
            "population": count("Legal population", "inhabitants", 1),
        },
        key=("nis",),
    )
