"""The plots of the workbook: tables in, figures with their alternative text out; one module per subject."""

from analysis.plots.comparison import ranks_compared
from analysis.plots.deviations import rater_deviations
from analysis.plots.distribution import category_by_kind, group_counts, spread
from analysis.plots.evaluation import attendance, paths, survey, survey_answers
from analysis.plots.progress import progress
from analysis.plots.raters import agreement, severity
from analysis.plots.resources import budget, budget_lines, monthly_load, pilots_by_month, timeline
from analysis.plots.scoring import ranking, rater_spread
from analysis.plots.selection import chosen_groups, constraint_prices, shortlist
from analysis.plots.sharing import cost_shares
from analysis.plots.uncertainty import expected_ranks, rank_shares

__all__ = [
    "agreement",
    "attendance",
    "budget",
    "budget_lines",
    "category_by_kind",
    "chosen_groups",
    "constraint_prices",
    "cost_shares",
    "expected_ranks",
    "group_counts",
    "monthly_load",
    "paths",
    "pilots_by_month",
    "progress",
    "rank_shares",
    "ranking",
    "ranks_compared",
    "rater_deviations",
    "rater_spread",
    "severity",
    "shortlist",
    "spread",
    "survey",
    "survey_answers",
    "timeline",
]
