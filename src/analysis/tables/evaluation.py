"""The contracts of progress, survey, follow-up and scaling up."""

from __future__ import annotations

from analysis.call import Call
from analysis.contracts import Cells, Column, Contract
from analysis.declarations import AGREEING, ANSWERS, MATURITIES, MERGED, SCALING
from analysis.tables.cells import count, embargo, identifying, indicator_contract, number, text


def contracts(call: Call) -> list[Contract]:
    """Return these contracts, in the order of the steps that make them."""
    return [
        _progress(),
        _attendance(),
        _associations(),
        _survey_results(call),
        _survey_answers(call),
        _survey_differences(call),
        embargo(_follow_up(call)),
        _path_sizes(call),
        _path_themes(call),
        embargo(_scaling()),
        embargo(_services()),
        embargo(_cost_shares()),
        indicator_contract("evaluation_indicators", "06_evaluation"),
    ]


def _progress() -> Contract:
    return Contract(
        "progress",
        "06_evaluation",
        "Proposals by maturity at the intake and at the end of the masterclasses",
        {
            "maturity_intake": text("At the intake", MATURITIES),
            "maturity_end": text("At the end", MATURITIES),
            "proposals": count("Proposals", "proposals"),
        },
        key=("maturity_intake", "maturity_end"),
    )


def _attendance() -> Contract:
    return Contract(
        "attendance",
        "06_evaluation",
        "Attendance and interim tests per session of the masterclasses",
        {
            "session": count("Number of the session", "", 1),
            "attended": count("Proposals present", "proposals"),
            "share": number("Share present", "share", 0, 1),
            "feasibility": number("Mean interim test of feasibility", "points", None, optional=True),
            "desirability": number("Mean interim test of desirability", "points", None, optional=True),
        },
        key=("session",),
    )


def _associations() -> Contract:
    return Contract(
        "associations",
        "06_evaluation",
        "Rank correlation of the share of sessions attended with what proposals achieved; it shows no cause",
        {
            "measure": text("What is compared", ("attendance",)),
            "with": text("What it is compared with", ("progress", "total")),
            "n": count("Proposals of which both are known", "proposals"),
            "estimate": number("Spearman's rank correlation", "ratio", -1, 1, optional=True),
            "low": number("Low end of its 95% interval", "ratio", -1, 1, optional=True),
            "high": number("High end of its 95% interval", "ratio", -1, 1, optional=True),
            "obstacle": text("Why there is no estimate", ("too_few", "all_equal"), optional=True),
        },
        key=("measure", "with"),
    )


def _survey_results(call: Call) -> Contract:
    agreeing = " or ".join(map(str, AGREEING))
    return Contract(
        "survey_results",
        "06_evaluation",
        "Agreement per survey question; groups too small to show are left out",
        {
            "question": text("Question", call.ids("survey_questions")),
            "group": text("Respondents", ("all", "chosen", "not_chosen")),
            "respondents": count("Respondents", "persons", call.smallest_group),
            "agreeing": number(f"Share that agrees (answer {agreeing})", "share", 0, 1),
            "low": number("Low end of its 95% interval", "share", 0, 1),
            "high": number("High end of its 95% interval", "share", 0, 1),
        },
        key=("question", "group"),
    )


def _survey_answers(call: Call) -> Contract:
    return Contract(
        "survey_answers",
        "06_evaluation",
        "How many respondents gave each answer to each survey question, of all together",
        {
            "question": text("Question", call.ids("survey_questions")),
            "answer": Column("integer", "Answer, from disagree to agree", "points", low=ANSWERS[0], high=ANSWERS[-1]),
            "respondents": count("Respondents who gave it", "persons"),
            "share": number("Share of the respondents to the question", "share", 0, 1),
        },
        key=("question", "answer"),
    )


def _survey_differences(call: Call) -> Contract:
    return Contract(
        "survey_differences",
        "06_evaluation",
        "Share of chosen that agrees less that of not chosen, per survey question where both are shown",
        {
            "question": text("Question", call.ids("survey_questions")),
            "difference": number("Difference between the shares", "share", -1, 1),
            "low": number("Low end of its 95% interval", "share", -1, 1),
            "high": number("High end of its 95% interval", "share", -1, 1),
        },
        key=("question",),
    )


def _follow_up(call: Call) -> Contract:
    themes = tuple(dict.fromkeys((*call.ids("categories"), *call.ids("umbrella_fields"))))
    return Contract(
        "follow_up",
        "06_evaluation",
        "The path proposed for every proposal that was not chosen",
        {
            "proposal": identifying(text("Proposal")),
            "title": identifying(text("Title")),
            "category": text("Category"),
            "path": text("Path", call.ids("paths")),
            "pilot": identifying(text("Chosen proposal whose group it joins", optional=True)),
            "similarity": number("Similarity with this pilot, otherwise the most like one", "", 0, 1, optional=True),
            "theme": text("Category, or other field, that the path is about", themes, optional=True),
            "manual": Column("flag", "Whether the path was chosen by hand"),
            "reason": identifying(text("Reason of a choice by hand", optional=True)),
        },
        key=("proposal",),
    )


def _path_sizes(call: Call) -> Contract:
    return Contract(
        "path_sizes",
        "06_evaluation",
        "Number of proposals per path",
        {"path": text("Path", (*call.ids("paths"), MERGED)), "proposals": count("Proposals", "proposals")},
        key=("path",),
        cells=Cells("path", indicators="evaluation.path.{path}"),
    )


def _path_themes(call: Call) -> Contract:
    themes = tuple(dict.fromkeys((*call.ids("categories"), *call.ids("umbrella_fields"))))
    return Contract(
        "path_themes",
        "06_evaluation",
        "Number of proposals per theme of the paths that have themes",
        {
            "path": text("Path", call.ids("paths")),
            "theme": text("Category, or other field", (*themes, MERGED)),
            "proposals": count("Proposals", "proposals"),
        },
        key=("path", "theme"),
        cells=Cells("theme", ("path",), totals_in="path_sizes", indicators="follow_up.theme.{path}.{theme}"),
    )


def _scaling() -> Contract:
    return Contract(
        "scaling",
        "06_evaluation",
        "Which pilots may be scaled up to a service, and what the others lack; empty where no pilot was assessed",
        {
            "proposal": identifying(text("Proposal")),
            "title": identifying(text("Title")),
            "verdict": text("Whether it may be scaled up, may not, or is still to be assessed", SCALING),
            "lacking": text("Conditions that it does not meet, joined by a space", optional=True),
            "unknown": text("Conditions not yet assessed, joined by a space", optional=True),
            "yearly_cost": count("Cost of the service a year", "euro", 1, optional=True),
            "assessed_on": Column("day", "Day of the assessment", optional=True),
            "source": text("Where the assessment is known from", optional=True),
        },
        key=("proposal",),
    )


def _services() -> Contract:
    return Contract(
        "services",
        "06_evaluation",
        "What every approved service costs, and how many municipalities must join for it to be paid",
        {
            "proposal": identifying(text("Proposal")),
            "title": identifying(text("Title")),
            "yearly_cost": count("Cost of the service a year", "euro", 1),
            "municipalities": count("Municipalities that join", "municipalities"),
            "population": count("Their population", "inhabitants"),
            "lowest": count("Lowest share of a municipality", "euro", optional=True),
            "highest": count("Highest share of a municipality", "euro", optional=True),
            "break_even": count("Fewest municipalities that can bear the cost", "municipalities", 1, optional=True),
            "above": count("Municipalities that pay more than the declared most", "municipalities", optional=True),
        },
        key=("proposal",),
    )


def _cost_shares() -> Contract:
    return Contract(
        "cost_shares",
        "06_evaluation",
        "What each municipality that joins pays a year for each approved service",
        {
            "proposal": identifying(text("Proposal")),
            "nis": identifying(text("Municipality (NIS)")),
            "municipality": identifying(text("Name of the municipality")),
            "population": count("Population", "inhabitants", 1),
            "euro": count("Share of the yearly cost", "euro"),
        },
        key=("proposal", "nis"),
    )
