"""The contract of every table of a call, raw and processed; allowed values come from the call itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analysis.call import Call
from analysis.contracts import Column, Contract
from analysis.declarations import FIXED_GROUPS, MATURITIES

DIMENSIONS = ("category", "actor_kind", "partnership", "reach", "focus", "province", "scale")
REASONS = ("score", "constraint", "decision")
VERDICTS = ("match", "within", "explained", "open", "missing")


def contracts(call: Call) -> dict[str, Contract]:
    """Return the contract of every table of this call by name, in the order of the steps that make them."""
    tables = [
        _municipalities(),
        _actors(call),
        _proposals(call),
        _involvement(),
        _scores(call),
        _masterclasses(call),
        _budget(call),
        _staffing(call),
        _survey(call),
        _decision(),
        _profiles(call),
        _distribution(),
        _category_by_kind(call),
        _municipality_reach(),
        indicator_contract("distribution_indicators", "02_distribution"),
        _individual_scores(call),
        _totals(call),
        _rater_spread(call),
        indicator_contract("scoring_indicators", "03_scoring"),
        _selection(),
        _chosen(),
        _chosen_groups(),
        _constraint_prices(),
        indicator_contract("selection_indicators", "04_selection"),
        _budget_lines(call),
        _budget_funds(call),
        _phase_staff(call),
        _monthly_load(call),
        _timeline(),
        indicator_contract("resources_indicators", "05_resources"),
        _progress(),
        _attendance(),
        _survey_results(call),
        _follow_up(call),
        _path_sizes(call),
        indicator_contract("evaluation_indicators", "06_evaluation"),
        _reconciliation(),
        _group_sums(),
        indicator_contract("reconciliation_indicators", "07_reconciliation"),
        replace(
            indicator_contract("indicators", "07_reconciliation"), description="The indicators of all steps together"
        ),
    ]
    return {contract.name: contract for contract in tables}


def _text(description: str, allowed: Sequence[str] | None = None, *, optional: bool = False) -> Column:
    return Column("text", description, allowed=allowed, optional=optional)


def _number(
    description: str, unit: str, low: float | None = 0, high: float | None = None, *, optional: bool = False
) -> Column:
    return Column("number", description, unit, low=low, high=high, optional=optional)


def _count(description: str, unit: str = "count", low: float = 0, *, optional: bool = False) -> Column:
    return Column("integer", description, unit, low=low, optional=optional)


def indicator_contract(name: str, maker: str) -> Contract:
    """Return the contract of a step's indicators."""
    return Contract(
        name,
        maker,
        "Every number that this step computed for the answer",
        {
            "indicator": _text("Id of the indicator"),
            "value": _number("Value", "as the unit", None, optional=True),
            "day": Column("day", "Value, where it is a day", optional=True),
            "unit": _text("Unit"),
            "step": _text("Step that computed it"),
            "function": _text("Function that computed it"),
            "tables": _text("Tables that it came from, each with the start of its hash"),
        },
        key=("indicator",),
    )


def _municipalities() -> Contract:
    return Contract(
        "municipalities",
        "01_ingest",
        "The municipalities that can take part",
        {
            "nis": _text("Code of the municipality (NIS)"),
            "name": _text("Name of the municipality"),
            "province": _text("Province"),
            "arrondissement": _text("Arrondissement"),
            "population": _count("Legal population", "inhabitants", 1),
            "latitude": _number("Latitude of the area centroid (WGS84)", "degrees", -90, 90),
            "longitude": _number("Longitude of the area centroid (WGS84)", "degrees", -180, 180),
            "scale": _text("City or municipality, by population", FIXED_GROUPS["scale"]),
        },
        key=("nis",),
    )


def _actors(call: Call) -> Contract:
    return Contract(
        "actors",
        "01_ingest",
        "The actors that lead a proposal",
        {
            "actor": _text("Id of the actor"),
            "name": _text("Name of the actor"),
            "kind": _text("Kind of actor", call.ids("actor_kinds")),
            "nis": _text("Municipality of the actor (NIS)"),
        },
        key=("actor",),
        foreign={"nis": ("municipalities", "nis")},
    )


def _proposals(call: Call) -> Contract:
    umbrella = ("none", *call.ids("umbrella_fields"))
    return Contract(
        "proposals",
        "01_ingest",
        "The proposals as submitted",
        {
            "proposal": _text("Id of the proposal"),
            "title": _text("Title"),
            "summary": _text("Summary", optional=True),
            "category": _text("Category", call.ids("categories")),
            "actor": _text("Lead actor"),
            "partnership": _text("Kind of partnership", call.ids("partnerships"), optional=True),
            "reach": _text("Regional or local reach", FIXED_GROUPS["reach"]),
            "focus": _text("Focus of the project", call.ids("focuses"), optional=True),
            "cross_sector": Column("flag", "Whether the project works across sectors"),
            "maturity_intake": _text("Maturity at the intake", MATURITIES, optional=True),
            "maturity_end": _text("Maturity at the end of the masterclasses", MATURITIES, optional=True),
            "requested_euro": _count("Money asked for", "euro", optional=True),
            "requested_staff_months": _number("Staff asked for", "person-months", optional=True),
            "start": Column("day", "First day of the execution", optional=True),
            "months": _count("Length of the execution", "months", 1, optional=True),
            "umbrella": _text("Other field that the idea may fit better", umbrella, optional=True),
        },
        key=("proposal",),
        foreign={"actor": ("actors", "actor")},
    )


def _involvement() -> Contract:
    return Contract(
        "involvement",
        "01_ingest",
        "The municipalities involved in each proposal",
        {"proposal": _text("Proposal"), "nis": _text("Municipality (NIS)")},
        key=("proposal", "nis"),
        foreign={"proposal": ("proposals", "proposal"), "nis": ("municipalities", "nis")},
    )


def _scores(call: Call) -> Contract:
    scale = call.scoring.scale
    return Contract(
        "scores",
        "01_ingest",
        "Every score given; a score that was not given has no row",
        {
            "proposal": _text("Proposal"),
            "rater": _text("Rater", tuple(rater.id for rater in call.scoring.raters)),
            "criterion": _text("Criterion", tuple(criterion.id for criterion in call.scoring.criteria)),
            "score": _number("Score on the scale of the call", "points", scale.low, scale.high),
        },
        key=("proposal", "rater", "criterion"),
        foreign={"proposal": ("proposals", "proposal")},
    )


def _masterclasses(call: Call) -> Contract:
    scale = call.scoring.scale
    return Contract(
        "masterclasses",
        "01_ingest",
        "Attendance of the masterclasses and the interim tests",
        {
            "proposal": _text("Proposal"),
            "session": _count("Number of the session", "", 1),
            "attended": Column("flag", "Whether the applicants took part"),
            "feasibility": _number("Interim test of feasibility", "points", scale.low, scale.high, optional=True),
            "desirability": _number("Interim test of desirability", "points", scale.low, scale.high, optional=True),
        },
        key=("proposal", "session"),
        foreign={"proposal": ("proposals", "proposal")},
    )


def _budget(call: Call) -> Contract:
    phases = call.ids("phases")
    return Contract(
        "budget",
        "01_ingest",
        "What each phase costs, by line and source of funds",
        {
            "phase": _text("Phase", phases),
            "line": _text("Budget line"),
            "euro": _count("Amount", "euro"),
            "fund": _text("Source of funds", call.ids("funds")),
        },
        key=("phase", "line", "fund"),
    )


def _staffing(call: Call) -> Contract:
    phases = call.ids("phases")
    return Contract(
        "staffing",
        "01_ingest",
        "Who works on each phase",
        {
            "phase": _text("Phase", phases),
            "employee": _text("Code of the employee"),
            "fraction": _number("Share of full time", "fte", 0, 1),
            "from": Column("day", "First day of the work"),
            "to": Column("day", "Last day of the work"),
        },
        key=("phase", "employee", "from"),
    )


def _survey(call: Call) -> Contract:
    return Contract(
        "survey",
        "01_ingest",
        "Answers to the survey of participants",
        {
            "respondent": _text("Code of the respondent"),
            "chosen": Column("flag", "Whether the respondent's proposal was chosen"),
            "question": _text("Question", call.ids("survey_questions")),
            "answer": Column("integer", "Answer, from disagree to agree", "points", low=1, high=5),
        },
        key=("respondent", "question"),
    )


def _decision() -> Contract:
    return Contract(
        "decision",
        "01_ingest",
        "The proposals actually chosen, where a decision was delivered",
        {
            "proposal": _text("Proposal"),
            "reason": _text("Reason, where this departs from the computed choice", optional=True),
        },
        key=("proposal",),
        foreign={"proposal": ("proposals", "proposal")},
    )


def _profiles(call: Call) -> Contract:
    profile = {
        "proposal": _text("Proposal"),
        "category": _text("Category", call.ids("categories")),
        "actor_kind": _text("Kind of the lead actor", call.ids("actor_kinds")),
        "partnership": _text("Kind of partnership", call.ids("partnerships"), optional=True),
        "reach": _text("Reach", FIXED_GROUPS["reach"]),
        "focus": _text("Focus", call.ids("focuses"), optional=True),
        "province": _text("Province of the lead actor"),
        "scale": _text("Scale of the lead actor's municipality", FIXED_GROUPS["scale"]),
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
            "dimension": _text("Dimension", DIMENSIONS),
            "group": _text("Group"),
            "proposals": _count("Proposals", "proposals"),
            "share": _number("Share of all proposals", "share", 0, 1),
        },
        key=("dimension", "group"),
    )


def _category_by_kind(call: Call) -> Contract:
    return Contract(
        "category_by_kind",
        "02_distribution",
        "Number of proposals per category and kind of lead actor",
        {
            "category": _text("Category", call.ids("categories")),
            "actor_kind": _text("Kind of actor", call.ids("actor_kinds")),
            "proposals": _count("Proposals", "proposals"),
        },
        key=("category", "actor_kind"),
    )


def _municipality_reach() -> Contract:
    return Contract(
        "municipality_reach",
        "02_distribution",
        "Every municipality with the proposals that involve it",
        {
            "nis": _text("Code of the municipality (NIS)"),
            "name": _text("Name"),
            "province": _text("Province"),
            "population": _count("Legal population", "inhabitants", 1),
            "latitude": _number("Latitude (WGS84)", "degrees", -90, 90),
            "longitude": _number("Longitude (WGS84)", "degrees", -180, 180),
            "proposals": _count("Proposals that involve it", "proposals"),
            "led": _count("Proposals led from it", "proposals"),
            "share": _number("Share of all proposals that involve it", "share", 0, 1),
        },
        key=("nis",),
    )


def _individual_scores(call: Call) -> Contract:
    low, high = call.scoring.scale.low, call.scoring.scale.high
    raters = tuple(rater.id for rater in call.scoring.raters)
    return Contract(
        "individual_scores",
        "03_scoring",
        "The individual score of each rater on each proposal",
        {
            "proposal": _text("Proposal"),
            "rater": _text("Rater", raters),
            "score": _number("Weighted mean over the criteria that the rater judged", "points", low, high),
            "criteria": _count("Criteria that were scored", "criteria", 1),
        },
        key=("proposal", "rater"),
    )


def _totals(call: Call) -> Contract:
    low, high = call.scoring.scale.low, call.scoring.scale.high
    return Contract(
        "totals",
        "03_scoring",
        "Total, rank and place in the shortlist of every scored proposal",
        {
            "proposal": _text("Proposal"),
            "total": _number("Weighted mean of the individual scores", "points", low, high),
            "median": _number("Median of the individual scores", "points", low, high),
            "raters": _count("Raters that scored it", "raters", 1),
            "rank": _count("Rank, 1 is best; ties share a rank", "rank", 1),
            "shortlisted": Column("flag", "Whether it is on the shortlist"),
        },
        key=("proposal",),
    )


def _rater_spread(call: Call) -> Contract:
    low, high = call.scoring.scale.low, call.scoring.scale.high
    raters = tuple(rater.id for rater in call.scoring.raters)
    spread = high - low
    return Contract(
        "rater_spread",
        "03_scoring",
        "How each rater used the scale",
        {
            "rater": _text("Rater", raters),
            "proposals": _count("Proposals scored", "proposals"),
            "mean": _number("Mean individual score", "points", low, high),
            "standard_deviation": _number("Standard deviation of the individual scores", "points", optional=True),
            "lowest": _number("Lowest individual score", "points", low, high),
            "highest": _number("Highest individual score", "points", low, high),
            "severity": _number(
                "Mean deviation from the other raters on the same proposals; below zero is stricter",
                "points",
                -spread,
                spread,
                optional=True,
            ),
        },
        key=("rater",),
    )


def _selection() -> Contract:
    return Contract(
        "selection",
        "04_selection",
        "Every shortlisted proposal, whether it is chosen, and why not",
        {
            "proposal": _text("Proposal"),
            "rank": _count("Rank by total", "rank", 1),
            "total": _number("Total", "points", None),
            "computed": Column("flag", "Whether the computed choice holds it"),
            "chosen": Column("flag", "Whether it is chosen"),
            "reason": _text("Kind of reason why it is not chosen", REASONS, optional=True),
            "constraints": _text("Constraints without which it would be chosen, joined by a space", optional=True),
            "lacking": _number(
                "Points below the lowest total that the score alone would choose",
                "points",
                optional=True,
            ),
            "decided": _text("Reason stated with the decision", optional=True),
        },
        key=("proposal",),
    )


def _chosen() -> Contract:
    return Contract(
        "chosen",
        "04_selection",
        "The chosen proposals",
        {
            "proposal": _text("Proposal"),
            "title": _text("Title"),
            "actor": _text("Name of the lead actor"),
            "municipality": _text("Municipality of the lead actor"),
            "category": _text("Category"),
            "partnership": _text("Kind of partnership", optional=True),
            "focus": _text("Focus", optional=True),
            "reach": _text("Reach", FIXED_GROUPS["reach"]),
            "start": Column("day", "First day of the execution", optional=True),
            "end": Column("day", "Last day of the execution", optional=True),
            "euro": _count("Money", "euro", optional=True),
            "staff_months": _number("Staff", "person-months", optional=True),
        },
        key=("proposal",),
    )


def _chosen_groups() -> Contract:
    return Contract(
        "chosen_groups",
        "04_selection",
        "Number of chosen proposals per group, in outline",
        {
            "dimension": _text("Dimension", DIMENSIONS),
            "group": _text("Group"),
            "proposals": _count("Chosen proposals", "proposals"),
        },
        key=("dimension", "group"),
    )


def _constraint_prices() -> Contract:
    return Contract(
        "constraint_prices",
        "04_selection",
        "What every cap and quota costs the choice",
        {
            "constraint": _text("Cap or quota"),
            "bound": _number("The declared bound", "as the constraint", None),
            "used": _number("What the chosen proposals use of it", "as the constraint", None),
            "gain": _number("Gain in the sum of totals without it", "points"),
            "enters": _text("Proposals that would come in, joined by a space", optional=True),
            "leaves": _text("Proposals that would go out, joined by a space", optional=True),
        },
        key=("constraint",),
    )


def _budget_lines(call: Call) -> Contract:
    phases = call.ids("phases")
    return Contract(
        "budget_lines",
        "05_resources",
        "Cost per phase and budget line",
        {
            "phase": _text("Phase", phases),
            "line": _text("Budget line"),
            "euro": _count("Amount", "euro"),
        },
        key=("phase", "line"),
    )


def _budget_funds(call: Call) -> Contract:
    phases, funds = call.ids("phases"), call.ids("funds")
    return Contract(
        "budget_funds",
        "05_resources",
        "Cost per phase and source of funds",
        {
            "phase": _text("Phase", phases),
            "fund": _text("Source of funds", funds),
            "euro": _count("Amount", "euro"),
            "share": _number("Share of the phase's cost", "share", 0, 1),
        },
        key=("phase", "fund"),
    )


def _phase_staff(call: Call) -> Contract:
    phases = call.ids("phases")
    return Contract(
        "phase_staff",
        "05_resources",
        "Staff per phase",
        {
            "phase": _text("Phase", phases),
            "fte": _number("Average over the months of the phase", "fte"),
            "persons": _count("Different employees", "persons"),
            "person_months": _number("Sum over the months of the phase", "person-months"),
        },
        key=("phase",),
    )


def _monthly_load(call: Call) -> Contract:
    phases = call.ids("phases")
    return Contract(
        "monthly_load",
        "05_resources",
        "Staff at work in each month",
        {
            "month": Column("day", "First day of the month"),
            "phase": _text("Phase", phases),
            "fte": _number("Staff at work", "fte"),
            "available": _number("Staff available, where the call declares a capacity", "fte", optional=True),
            "pilots": _count("Pilots under way", "proposals"),
        },
        key=("month", "phase"),
    )


def _timeline() -> Contract:
    return Contract(
        "timeline",
        "05_resources",
        "The execution of every chosen proposal",
        {
            "proposal": _text("Proposal"),
            "title": _text("Title"),
            "start": Column("day", "First day"),
            "end": Column("day", "Last day"),
            "euro": _count("Money", "euro", optional=True),
        },
        key=("proposal",),
    )


def _progress() -> Contract:
    return Contract(
        "progress",
        "06_evaluation",
        "Proposals by maturity at the intake and at the end of the masterclasses",
        {
            "maturity_intake": _text("At the intake", MATURITIES),
            "maturity_end": _text("At the end", MATURITIES),
            "proposals": _count("Proposals", "proposals"),
        },
        key=("maturity_intake", "maturity_end"),
    )


def _attendance() -> Contract:
    return Contract(
        "attendance",
        "06_evaluation",
        "Attendance and interim tests per session of the masterclasses",
        {
            "session": _count("Number of the session", "", 1),
            "attended": _count("Proposals present", "proposals"),
            "share": _number("Share present", "share", 0, 1),
            "feasibility": _number("Mean interim test of feasibility", "points", None, optional=True),
            "desirability": _number("Mean interim test of desirability", "points", None, optional=True),
        },
        key=("session",),
    )


def _survey_results(call: Call) -> Contract:
    return Contract(
        "survey_results",
        "06_evaluation",
        "Answers per survey question; groups too small to show are left out",
        {
            "question": _text("Question", call.ids("survey_questions")),
            "group": _text("Respondents", ("all", "chosen", "not_chosen")),
            "respondents": _count("Respondents", "persons"),
            "mean": _number("Mean answer", "points", 1, 5),
            "agreeing": _number("Share that agrees (4 or 5)", "share", 0, 1),
        },
        key=("question", "group"),
    )


def _follow_up(call: Call) -> Contract:
    return Contract(
        "follow_up",
        "06_evaluation",
        "The path proposed for every proposal that was not chosen",
        {
            "proposal": _text("Proposal"),
            "title": _text("Title"),
            "category": _text("Category"),
            "path": _text("Path", call.ids("paths")),
        },
        key=("proposal",),
    )


def _path_sizes(call: Call) -> Contract:
    return Contract(
        "path_sizes",
        "06_evaluation",
        "Number of proposals per path",
        {"path": _text("Path", call.ids("paths")), "proposals": _count("Proposals", "proposals")},
        key=("path",),
    )


def _reconciliation() -> Contract:
    return Contract(
        "reconciliation",
        "07_reconciliation",
        "Every published figure beside the computed one",
        {
            "figure": _text("Id of the published figure"),
            "source": _text("Code of the statement"),
            "unit": _text("Unit"),
            "hedge": _text("Hedge of the published figure"),
            "derived": Column("flag", "Whether it follows from published figures without being printed"),
            "published": _number("Published value", "as the unit", None, optional=True),
            "published_on": Column("day", "Published day", optional=True),
            "indicator": _text("Indicator that computes it"),
            "computed": _number("Computed value", "as the unit", None, optional=True),
            "computed_on": Column("day", "Computed day", optional=True),
            "verdict": _text("Outcome", VERDICTS),
        },
        key=("figure",),
    )


def _group_sums() -> Contract:
    return Contract(
        "group_sums",
        "07_reconciliation",
        "Every group of published figures beside the total that it should add up to",
        {
            "group": _text("Id of the group"),
            "sources": _text("Codes of the statements"),
            "unit": _text("Unit"),
            "total": _number("Published total", "as the unit", None),
            "sum": _number("Sum of the published parts", "as the unit", None),
            "difference": _number("Sum less total", "as the unit", None),
            "verdict": _text("Outcome", VERDICTS),
        },
        key=("group",),
    )
