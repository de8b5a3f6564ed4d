"""The contracts of scores, totals and the certainty of their order."""

from __future__ import annotations

from analysis.call import Call
from analysis.contracts import Column, Contract
from analysis.declarations import LINE_GROUPS, OBSTACLES, SCOPES, STATISTICS, VARIED
from analysis.tables.cells import TOTAL, count, identifying, indicator_contract, number, private, text


def contracts(call: Call) -> list[Contract]:
    """Return these contracts, in the order of the steps that make them."""
    return [
        _individual_scores(call),
        _totals(call),
        _rater_spread(call),
        _agreement(call),
        _expected_ranks(),
        _rater_effects(call),
        _rank_sampling(),
        _lottery(),
        _stability(),
        _rank_shares(),
        _shortlist_changes(call),
        indicator_contract("scoring_indicators", "03_scoring"),
    ]


def _individual_scores(call: Call) -> Contract:
    low, high = call.scoring.scale.low, call.scoring.scale.high
    raters = tuple(rater.id for rater in call.scoring.raters)
    return Contract(
        "individual_scores",
        "03_scoring",
        "The individual score of each rater on each proposal",
        {
            "proposal": identifying(text("Proposal")),
            "rater": private(text("Rater", raters)),
            "score": number("Weighted mean over the criteria that the rater judged", "points", low, high),
            "criteria": count("Criteria that were scored", "criteria", 1),
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
            "proposal": identifying(text("Proposal")),
            "total": number("Weighted mean of the individual scores", "points", low, high),
            "median": number("Median of the individual scores", "points", low, high),
            "raters": count("Raters that scored it", "raters", 1),
            "rank": count("Rank, 1 is best; ties share a rank", "rank", 1),
            "merit": number("What decides: the total, or how many proposals it is expected to leave behind", "", None),
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
            "rater": private(text("Rater", raters)),
            "proposals": count("Proposals scored", "proposals"),
            "mean": number("Mean individual score", "points", low, high),
            "standard_deviation": number("Standard deviation of the individual scores", "points", optional=True),
            "lowest": number("Lowest individual score", "points", low, high),
            "highest": number("Highest individual score", "points", low, high),
            "severity": number(
                "Mean deviation from the other raters on the same proposals; below zero is stricter",
                "points",
                -spread,
                spread,
                optional=True,
            ),
            "severity_low": number("Lower end of its 95% interval", "points", None, optional=True),
            "severity_high": number("Upper end of its 95% interval", "points", None, optional=True),
        },
        key=("rater",),
    )


def _agreement(call: Call) -> Contract:
    criteria = (*(criterion.id for criterion in call.scoring.criteria), TOTAL)
    return Contract(
        "agreement",
        "03_scoring",
        "How far the raters agree, per criterion and for the total, over all proposals and over the shortlist",
        {
            "criterion": text("Criterion, or the total", criteria),
            "scope": text("Over which proposals", SCOPES),
            "statistic": text("ICC(1), ICC(k), ICC(3) or Krippendorff's alpha", STATISTICS),
            "estimate": number("Estimate", "ratio", None, 1),
            "low": number("Lower end of its 95% interval", "ratio", None, 1, optional=True),
            "high": number("Upper end of its 95% interval", "ratio", None, 1, optional=True),
            "proposals": count("Proposals scored", "proposals", 2),
            "raters": count("Raters that scored them", "raters", 2),
        },
        key=("criterion", "scope", "statistic"),
    )


def _quantiles() -> dict[str, Column]:
    shares = {"q05": 5, "q25": 25, "q50": 50, "q75": 75, "q95": 95}
    said = "Rank that it has or betters in {}% of the draws"
    return {name: count(said.format(share), "rank", 1) for name, share in shares.items()}


def _expected_ranks() -> Contract:
    return Contract(
        "expected_ranks",
        "03_scoring",
        "Expected rank of every scored proposal, and the group at the line that follows from it",
        {
            "proposal": identifying(text("Proposal")),
            "scores": count("Individual scores", "scores", 1),
            "er": number("Expected rank", "rank", 1),
            "pcer": number("Expected rank as a percentile", "percent", 0, 100),
            "sucra": number("Surface under the cumulative ranking curve", "ratio", 0, 1),
            **_quantiles(),
            "error": number("Standard error of the expected rank by the simulation", "rank"),
            "r_hat": number("Convergence of its rank", "ratio"),
            "group": text("Group at the line of the shortlist, where there is one", LINE_GROUPS, optional=True),
        },
        key=("proposal",),
    )


def _rater_effects(call: Call) -> Contract:
    return Contract(
        "rater_effects",
        "03_scoring",
        "Severity of every rater by the model of the expected ranks",
        {
            "panel": text("Panel; empty where the rater sits in none"),
            "rater": private(text("Rater", tuple(rater.id for rater in call.scoring.raters))),
            "severity": number("Deviation from the mean rater; below zero is stricter", "points", None),
        },
        key=("panel", "rater"),
    )


def _rank_sampling() -> Contract:
    return Contract(
        "rank_sampling",
        "03_scoring",
        "How the expected ranks were drawn, or what stood in their way",
        {
            "obstacle": text("Why there are none", OBSTACLES, optional=True),
            "chains": count("Chains", "chains", 1),
            "draws": count("Draws per chain", "draws", 1),
            "warm_up": count("Draws per chain left out before", "draws"),
            "seed": count("Seed"),
            "r_hat": number("Highest R-hat of any rank", "ratio", optional=True),
            "effective_draws": number("Lowest effective sample size of any rank", "draws", optional=True),
        },
        key=("seed",),
    )


def _lottery() -> Contract:
    return Contract(
        "lottery",
        "03_scoring",
        "The lottery for the last places on the shortlist, in the order of the tickets",
        {
            "proposal": identifying(text("Proposal")),
            "ticket": identifying(text("SHA-256 of the seed, a colon and the proposal")),
            "place": count("Place by ticket; the lowest comes first", "", 1),
            "drawn": Column("flag", "Whether it is drawn"),
        },
        key=("proposal",),
    )


def _stability() -> Contract:
    return Contract(
        "stability",
        "03_scoring",
        "How often a proposal is on the shortlist, and at which rank, under other weights and under other raters",
        {
            "proposal": identifying(text("Proposal")),
            "varied": text("What was varied", VARIED),
            "shortlisted": number(
                "Share of the draws in which it is on the shortlist, where there is one", "share", 0, 1, optional=True
            ),
            **_quantiles(),
        },
        key=("proposal", "varied"),
    )


def _rank_shares() -> Contract:
    return Contract(
        "rank_shares",
        "03_scoring",
        "Rank acceptability: in which part of the draws a proposal has a rank; ranks that it never has are left out",
        {
            "proposal": identifying(text("Proposal")),
            "varied": text("What was varied", VARIED),
            "rank": count("Rank", "rank", 1),
            "share": number("Share of the draws", "share", 0, 1),
        },
        key=("proposal", "varied", "rank"),
    )


def _shortlist_changes(call: Call) -> Contract:
    return Contract(
        "shortlist_changes",
        "03_scoring",
        "Who would enter or leave the shortlist without a rater",
        {
            "rater": private(text("Rater left out", tuple(rater.id for rater in call.scoring.raters))),
            "proposal": identifying(text("Proposal")),
            "change": text("What happens to it", ("enters", "leaves")),
        },
        key=("rater", "proposal"),
    )
