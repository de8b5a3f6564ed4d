"""The plots of the workbook: tables in, figures with their alternative text out; one module per subject."""

from analysis.plots.distribution import category_by_kind, group_counts
from analysis.plots.evaluation import attendance, paths, survey
from analysis.plots.progress import progress
from analysis.plots.resources import budget, budget_lines, monthly_load, timeline
from analysis.plots.scoring import ranking, rater_spread
from analysis.plots.selection import chosen_groups, constraint_prices, shortlist

__all__ = [
    "attendance",
    "budget",
    "budget_lines",
    "category_by_kind",
    "chosen_groups",
    "constraint_prices",
    "group_counts",
    "monthly_load",
    "paths",
    "progress",
    "ranking",
    "rater_spread",
    "shortlist",
    "survey",
    "timeline",
]
