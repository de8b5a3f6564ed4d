"""The contracts of shortlist and choice."""

from __future__ import annotations

from dataclasses import replace

from analysis.call import Call
from analysis.contracts import Cells, Column, Contract
from analysis.declarations import FIXED_GROUPS, VARIED
from analysis.tables.cells import (
    ALL_REASONS,
    DIMENSIONS,
    REASONS,
    count,
    embargo,
    identifying,
    indicator_contract,
    number,
    private,
    text,
)

# Why a scenario may have no choice: no score, no expected ranks, too few for the shortlist, too few to choose from,
# constraints that cannot hold together, and one alone that cannot.
OBSTACLES = ("unscored", "model", "line", "places", "conflict", "alone")


def contracts(call: Call) -> list[Contract]:
    """Return these contracts, in the order of the steps that make them."""
    return [
        embargo(_selection()),
        embargo(_chosen()),
        _chosen_groups(),
        embargo(_constraint_prices(), "enters", "leaves"),
        embargo(_reasons()),
        embargo(_alternatives(), "enters", "leaves"),
        embargo(_choice_shares()),
        embargo(_choice_changes(call)),
        *(_keep_inside(contract) for contract in (_scenario_results(), _scenario_settings(), _scenario_changes())),
        indicator_contract("selection_indicators", "04_selection"),
    ]


def _selection() -> Contract:
    return Contract(
        "selection",
        "04_selection",
        "Every shortlisted proposal, whether it is chosen, and why not",
        {
            "proposal": identifying(text("Proposal")),
            "rank": count("Rank by total", "rank", 1),
            "total": number("Total", "points", None),
            "merit": number("What decides: the total, or how many proposals it is expected to leave behind", "", None),
            "computed": Column("flag", "Whether the computed choice holds it"),
            "chosen": Column("flag", "Whether it is chosen"),
            "reason": text("Kind of reason why it is not chosen", REASONS, optional=True),
            "constraints": text("Constraints without which it would be chosen, joined by a space", optional=True),
            "lacking": number(
                "Merit below the lowest that merit alone would choose",
                "as merit",
                optional=True,
            ),
            "decided": identifying(text("Reason stated with the decision", optional=True)),
            "start": Column("day", "First day of the execution, where it is chosen and dated", optional=True),
            "alternatives": count("In how many of the listed best choices it stands", "choices"),
        },
        key=("proposal",),
    )


def _chosen() -> Contract:
    return Contract(
        "chosen",
        "04_selection",
        "The chosen proposals",
        {
            "proposal": identifying(text("Proposal")),
            "title": identifying(text("Title")),
            "actor": identifying(text("Name of the lead actor", optional=True)),
            "municipality": identifying(text("Municipality of the lead actor", optional=True)),
            "category": text("Category"),
            "partnership": text("Kind of partnership", optional=True),
            "focus": text("Focus", optional=True),
            "reach": text("Reach", FIXED_GROUPS["reach"], optional=True),
            "start": Column("day", "First day of the execution", optional=True),
            "end": Column("day", "Last day of the execution", optional=True),
            "euro": count("Money", "euro", optional=True),
            "staff_months": number("Staff", "person-months", optional=True),
        },
        key=("proposal",),
    )


def _chosen_groups() -> Contract:
    return Contract(
        "chosen_groups",
        "04_selection",
        "Number of chosen proposals per group, in outline",
        {
            "dimension": text("Dimension", DIMENSIONS),
            "group": text("Group"),
            "proposals": count("Chosen proposals", "proposals"),
        },
        key=("dimension", "group"),
        cells=Cells("group", ("dimension",), indicators="selection.{dimension}.{group}"),
    )


def _constraint_prices() -> Contract:
    return Contract(
        "constraint_prices",
        "04_selection",
        "What every cap and quota costs the choice",
        {
            "constraint": text("Cap or quota"),
            "bound": number("The declared bound", "as the constraint", None),
            "used": number("What the chosen proposals use of it", "as the constraint", None),
            "gain": number("Gain in the sum of the merits without it", "as merit"),
            "enters": identifying(text("Proposals that would come in, joined by a space", optional=True)),
            "leaves": identifying(text("Proposals that would go out, joined by a space", optional=True)),
        },
        key=("constraint",),
    )


def _reasons() -> Contract:
    return Contract(
        "reasons",
        "04_selection",
        "Why each proposal is not chosen",
        {
            "proposal": identifying(text("Proposal")),
            "rank": count("Rank by total", "rank", 1, optional=True),
            "total": number("Total", "points", None, optional=True),
            "merit": number("What decides", "", None, optional=True),
            "reason": text("Kind of reason", ALL_REASONS),
            "constraints": text("Constraints without which it would be chosen, joined by a space", optional=True),
            "lacking": number("Merit that it lacks to the line", "as merit", optional=True),
            "decided": identifying(text("Reason stated with the decision", optional=True)),
            "passed": count("Chosen projects with less merit, for one on the shortlist", "proposals", optional=True),
        },
        key=("proposal",),
    )


def _alternatives() -> Contract:
    return Contract(
        "alternatives",
        "04_selection",
        "The best choices in order, beside the computed one",
        {
            "place": count("Place among the choices", "", 1),
            "sum": number("Sum of the merits", "as merit", None),
            "distance": number("Merit below the computed choice", "as merit"),
            "enters": identifying(
                text("Proposals that it has and the computed choice has not, joined by a space", optional=True)
            ),
            "leaves": identifying(
                text("Proposals that only the computed choice has, joined by a space", optional=True)
            ),
        },
        key=("place",),
    )


def _choice_shares() -> Contract:
    return Contract(
        "choice_shares",
        "04_selection",
        "How often a proposal is in the computed choice under other weights and under other raters",
        {
            "proposal": identifying(text("Proposal")),
            "varied": text("What was varied", VARIED),
            "chosen": number("Share of the draws with a possible choice in which it is chosen", "share", 0, 1),
            "possible": number("Share of all draws with a possible choice", "share", 0, 1),
        },
        key=("proposal", "varied"),
    )


def _choice_changes(call: Call) -> Contract:
    return Contract(
        "choice_changes",
        "04_selection",
        "Who would enter or leave the computed choice without a rater",
        {
            "rater": private(text("Rater left out", tuple(rater.id for rater in call.scoring.raters))),
            "proposal": identifying(text("Proposal")),
            "change": text("What happens to it", ("enters", "leaves")),
            "possible": Column("flag", "Whether any choice is possible without the rater"),
        },
        key=("rater", "proposal"),
    )


def _keep_inside(contract: Contract) -> Contract:
    """Return the contract with every column as one that no reader outside the house ever sees."""
    return replace(contract, columns={name: private(column) for name, column in contract.columns.items()})


def _scenario_results() -> Contract:
    return Contract(
        "scenario_results",
        "04_selection",
        "What every kept scenario leads to, after the official state",
        {
            "scenario": text("Name of the scenario"),
            "method": text("What ranks", ("totals", "expected_rank")),
            "shortlisted": count("Proposals on the shortlist", "proposals"),
            "chosen": count("Proposals chosen", "proposals"),
            "came_in": count("Chosen here and not officially", "proposals"),
            "went_out": count("Chosen officially and not here", "proposals"),
            "merit": number("Sum of what decides over the chosen", "as merit", None, optional=True),
            "total": number("Sum of the official totals of the chosen", "points", None, optional=True),
            "euro": number("Money that the chosen ask for", "euro", optional=True),
            "staff_months": number("Staff that the chosen ask for", "person-months", optional=True),
            "obstacle": text("Why no choice is possible", OBSTACLES, optional=True),
            "constraints": text("Constraints that cannot hold together, joined by a space", optional=True),
        },
        key=("scenario",),
    )


def _scenario_settings() -> Contract:
    return Contract(
        "scenario_settings",
        "04_selection",
        "What every kept scenario changes; a constraint that is on counts one, and one that is off nothing",
        {
            "scenario": text("Name of the scenario"),
            "setting": text("What is changed", ("criterion", "rater", "shortlist", "choose", "constraint")),
            "item": text("Criterion, rater or constraint; otherwise what is changed"),
            "official": number("Weight, number or state that the call declares", ""),
            "value": number("Weight, number or state of the scenario", ""),
        },
        key=("scenario", "setting", "item"),
    )


def _scenario_changes() -> Contract:
    return Contract(
        "scenario_changes",
        "04_selection",
        "Who comes in and who goes out in every kept scenario, beside the official choice",
        {
            "scenario": text("Name of the scenario"),
            "proposal": identifying(text("Proposal")),
            "title": identifying(text("Title")),
            "change": text("What happens to it", ("enters", "leaves")),
            "rank": count("Rank in the scenario, by what decides", "rank", 1, optional=True),
        },
        key=("scenario", "proposal"),
    )
