"""The contracts of the delivered tables, which the first step checks."""

from __future__ import annotations

from analysis.call import Call
from analysis.contracts import Column, Contract
from analysis.declarations import FIXED_GROUPS, MATURITIES
from analysis.tables.cells import count, embargo, identifying, indicator_contract, number, private, spare, text


def contracts(call: Call) -> list[Contract]:
    """Return these contracts, in the order of the steps that make them."""
    return [
        _municipalities(),
        _actors(call),
        _proposals(call),
        _involvement(),
        _scores(call),
        _masterclasses(call),
        _budget(call),
        _staffing(call),
        _survey(call),
        embargo(_decision()),
        embargo(_follow_up_choice(call)),
        embargo(_pilots()),
        embargo(_joining()),
        indicator_contract("ingest_indicators", "01_ingest"),
    ]


def _municipalities() -> Contract:
    return Contract(
        "municipalities",
        "01_ingest",
        "The municipalities that can take part",
        {
            "nis": text("Code of the municipality (NIS)"),
            "name": text("Name of the municipality"),
            "province": text("Province"),
            "arrondissement": text("Arrondissement"),
            "population": count("Legal population", "inhabitants", 1),
            "latitude": number("Latitude of the area centroid (WGS84)", "degrees", -90, 90),
            "longitude": number("Longitude of the area centroid (WGS84)", "degrees", -180, 180),
            "scale": text("City or municipality, by population", FIXED_GROUPS["scale"]),
        },
        key=("nis",),
    )


def _actors(call: Call) -> Contract:
    """Return the contract of the actors: outside the house named by rule only, and never with how to reach them."""
    return Contract(
        "actors",
        "01_ingest",
        "The actors that lead a proposal",
        {
            "actor": identifying(text("Id of the actor")),
            "name": identifying(text("Name of the actor")),
            "kind": text("Kind of actor", call.ids("actor_kinds")),
            "nis": identifying(text("Municipality of the actor (NIS)")),
            "contact": private(
                Column("text", "How to reach the actor (may be left out)", optional=True, omissible=True)
            ),
        },
        key=("actor",),
        foreign={"nis": ("municipalities", "nis")},
    )


def _proposals(call: Call) -> Contract:
    """Return the contract of the proposals: who leads one and what it says of itself identify it as its id does.

    At the least a call delivers their ids, titles and categories.
    """
    umbrella = ("none", *call.ids("umbrella_fields"))
    return Contract(
        "proposals",
        "01_ingest",
        "The proposals as submitted",
        {
            "proposal": identifying(text("Id of the proposal")),
            "title": identifying(text("Title")),
            "summary": spare(identifying(text("Summary", optional=True))),
            "category": text("Category", call.ids("categories")),
            "actor": spare(identifying(text("Lead actor"))),
            "partnership": spare(text("Kind of partnership", call.ids("partnerships"), optional=True)),
            "reach": spare(text("Regional or local reach", FIXED_GROUPS["reach"])),
            "focus": spare(text("Focus of the project", call.ids("focuses"), optional=True)),
            "cross_sector": spare(Column("flag", "Whether the project works across sectors")),
            "maturity_intake": spare(text("Maturity at the intake", MATURITIES, optional=True)),
            "maturity_end": spare(text("Maturity at the end of the masterclasses", MATURITIES, optional=True)),
            "requested_euro": spare(count("Money asked for", "euro", optional=True)),
            "requested_staff_months": spare(number("Staff asked for", "person-months", optional=True)),
            "start": spare(Column("day", "First day of the execution", optional=True)),
            "months": spare(count("Length of the execution", "months", 1, optional=True)),
            "umbrella": spare(text("Other field that the idea may fit better", umbrella, optional=True)),
        },
        key=("proposal",),
        foreign={"actor": ("actors", "actor")},
    )


def _involvement() -> Contract:
    return Contract(
        "involvement",
        "01_ingest",
        "The municipalities involved in each proposal",
        {"proposal": identifying(text("Proposal")), "nis": identifying(text("Municipality (NIS)"))},
        key=("proposal", "nis"),
        foreign={"proposal": ("proposals", "proposal"), "nis": ("municipalities", "nis")},
    )


def _scores(call: Call) -> Contract:
    """Return the contract of the scores; whose a score is, no reader outside the house sees."""
    scale = call.scoring.scale
    return Contract(
        "scores",
        "01_ingest",
        "Every score given; a score that was not given has no row",
        {
            "proposal": identifying(text("Proposal")),
            "rater": private(text("Rater", tuple(rater.id for rater in call.scoring.raters))),
            "criterion": text("Criterion", tuple(criterion.id for criterion in call.scoring.criteria)),
            "score": number("Score on the scale of the call", "points", scale.low, scale.high),
        },
        key=("proposal", "rater", "criterion"),
        foreign={"proposal": ("proposals", "proposal")},
    )


def _masterclasses(call: Call) -> Contract:
    """Return the contract of the masterclasses; a call that declares no scale leaves that of the tests open."""
    scale = call.scoring.scale
    low, high = (scale.low, scale.high) if call.scoring.declared else (None, None)
    return Contract(
        "masterclasses",
        "01_ingest",
        "Attendance of the masterclasses and the interim tests",
        {
            "proposal": identifying(text("Proposal")),
            "session": count("Number of the session", "", 1),
            "attended": Column("flag", "Whether the applicants took part"),
            "feasibility": number("Interim test of feasibility", "points", low, high, optional=True),
            "desirability": number("Interim test of desirability", "points", low, high, optional=True),
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
            "phase": text("Phase", phases),
            "line": text("Budget line"),
            "euro": count("Amount", "euro"),
            "fund": text("Source of funds", call.ids("funds")),
            "year": Column(
                "integer",
                "Year that the amount falls in; where there is none, it is spread over the phase (may be left out)",
                low=1,
                optional=True,
                omissible=True,
            ),
        },
        key=("phase", "line", "fund", "year"),
    )


def _staffing(call: Call) -> Contract:
    phases = call.ids("phases")
    return Contract(
        "staffing",
        "01_ingest",
        "Who works on each phase",
        {
            "phase": text("Phase", phases),
            "employee": identifying(text("Code of the employee")),
            "fraction": number("Share of full time", "fte", 0, 1),
            "from": Column("day", "First day of the work"),
            "to": Column("day", "Last day of the work"),
        },
        key=("phase", "employee", "from"),
    )


def _survey(call: Call) -> Contract:
    """Return the contract of the survey; a row is the answer of one person, the smallest group there is."""
    return Contract(
        "survey",
        "01_ingest",
        "Answers to the survey of participants",
        {
            "respondent": private(text("Code of the respondent")),
            "chosen": private(Column("flag", "Whether the respondent's proposal was chosen")),
            "question": private(text("Question", call.ids("survey_questions"))),
            "answer": private(Column("integer", "Answer, from disagree to agree", "points", low=1, high=5)),
        },
        key=("respondent", "question"),
    )


def _decision() -> Contract:
    return Contract(
        "decision",
        "01_ingest",
        "The proposals actually chosen, where a decision was delivered",
        {
            "proposal": identifying(text("Proposal")),
            "reason": identifying(text("Reason, where this departs from the computed choice", optional=True)),
            "chosen": Column(
                "text",
                "Whether it is chosen; false states why one is left out",
                allowed=("true", "false"),
                optional=True,
                omissible=True,
            ),
        },
        key=("proposal",),
        foreign={"proposal": ("proposals", "proposal")},
    )


def _follow_up_choice(call: Call) -> Contract:
    return Contract(
        "follow_up_choice",
        "01_ingest",
        "The paths chosen by hand for proposals that were not chosen, which come before the rules",
        {
            "proposal": identifying(text("Proposal")),
            "path": text("Path", call.ids("paths")),
            "pilot": identifying(
                Column(
                    "text",
                    "Chosen proposal whose group it joins, where the path forms groups",
                    optional=True,
                    omissible=True,
                )
            ),
            "reason": identifying(text("Reason")),
        },
        key=("proposal",),
        foreign={"proposal": ("proposals", "proposal"), "pilot": ("proposals", "proposal")},
    )


def _pilots() -> Contract:
    return Contract(
        "pilots",
        "01_ingest",
        "What became of the pilots, as far as assessed, and what a service made of each would cost",
        {
            "proposal": identifying(text("Chosen proposal")),
            "success": text("Whether the pilot was successful", ("true", "false"), optional=True),
            "support": text("Whether the pilot is supported", ("true", "false"), optional=True),
            "wider_need": text("Whether it meets a wider need", ("true", "false"), optional=True),
            "yearly_cost": count("Cost of the service a year", "euro", 1, optional=True),
            "assessed_on": Column("day", "Day of the assessment, where any of these is known", optional=True),
            "source": text("Where the assessment is known from"),
        },
        key=("proposal",),
        foreign={"proposal": ("proposals", "proposal")},
    )


def _joining() -> Contract:
    return Contract(
        "joining",
        "01_ingest",
        "The municipalities that join the service made of a pilot",
        {"proposal": identifying(text("Chosen proposal")), "nis": identifying(text("Municipality (NIS)"))},
        key=("proposal", "nis"),
        foreign={"proposal": ("pilots", "proposal"), "nis": ("municipalities", "nis")},
    )
