"""The contracts of who applied, with what and from where."""

from __future__ import annotations

from analysis.call import Call
from analysis.contracts import Contract
from analysis.declarations import FIXED_GROUPS
from analysis.tables.cells import DIMENSIONS, count, indicator_contract, number, text


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
    profile = {
        "proposal": text("Proposal"),
        "category": text("Category", call.ids("categories")),
        "actor_kind": text("Kind of the lead actor", call.ids("actor_kinds")),
        "partnership": text("Kind of partnership", call.ids("partnerships"), optional=True),
        "reach": text("Reach", FIXED_GROUPS["reach"]),
        "focus": text("Focus", call.ids("focuses"), optional=True),
        "province": text("Province of the lead actor"),
        "scale": text("Scale of the lead actor's municipality", FIXED_GROUPS["scale"]),
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
    )


def _category_by_kind(call: Call) -> Contract:
    return Contract(
        "category_by_kind",
        "02_distribution",
        "Number of proposals per category and kind of lead actor",
        {
            "category": text("Category", call.ids("categories")),
            "actor_kind": text("Kind of actor", call.ids("actor_kinds")),
            "proposals": count("Proposals", "proposals"),
        },
        key=("category", "actor_kind"),
    )


def _municipality_reach() -> Contract:
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
            "proposals": count("Proposals that involve it", "proposals"),
            "led": count("Proposals led from it", "proposals"),
            "share": number("Share of all proposals that involve it", "share", 0, 1),
        },
        key=("nis",),
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
            "low": number("Low end of the 95% interval of the ratio", "ratio"),
            "high": number("High end of the 95% interval of the ratio", "ratio"),
            "municipalities": count("Municipalities in it", low=1),
            "reached": count("Municipalities that a proposal involves, where that is known", optional=True),
        },
        key=("dimension", "group"),
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
