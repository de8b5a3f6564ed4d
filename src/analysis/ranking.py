"""Ranks from totals, and the shortlist; a tie at its line is settled by the call's rule or not at all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.declarations import Selection
from analysis.faults import Fault, InputError
from analysis.lottery import draw_lots

CLEAR = 3.0  # standard errors of the simulation; a smaller difference in expected rank is none


def rank_totals(totals: pd.DataFrame) -> pd.DataFrame:
    """Return the totals with their rank: 1 is best, ties share the best rank; in order of rank, then of id."""
    ranks = totals["total"].rank(method="min", ascending=False).astype("int64")
    return totals.assign(rank=ranks).sort_values(["rank", "proposal"]).reset_index(drop=True)


def weigh_merit(ranked: pd.DataFrame, selection: Selection, expected: pd.DataFrame) -> pd.DataFrame:
    """Return the ranked totals with `merit`, what decides, and `error`, the difference in it that means nothing.

    Where totals decide, merit is the total, without error. Where expected ranks decide, it is the number of proposals
    that a proposal is expected to leave behind, and the error that of the simulation; `expected` is the table
    `expected_ranks` with every proposal.
    """
    if selection.ranked_by == "totals":
        return ranked.assign(merit=ranked["total"], error=0.0)
    by_proposal = expected.set_index("proposal")
    behind = len(ranked) - ranked["proposal"].map(by_proposal["er"])
    return ranked.assign(merit=behind, error=ranked["proposal"].map(by_proposal["error"]))


def fill_places(
    weighed: pd.DataFrame, scores: pd.DataFrame, expected: pd.DataFrame, selection: Selection
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the ranked totals with the column `shortlisted`, and the table `lottery`, empty where there is none.

    Where nothing was scored, or the call declares no selection, none is shortlisted.
    """
    if weighed.empty or not selection.declared:
        return weighed.assign(shortlisted=False).drop(columns="error"), draw_lots([], 0, selection.seed)
    if selection.lottery:
        return draw_shortlist(weighed, expected, selection)
    return shortlist(weighed, scores, selection), draw_lots([], 0, selection.seed)


def shortlist(weighed: pd.DataFrame, scores: pd.DataFrame, selection: Selection) -> pd.DataFrame:
    """Return the ranked totals with the column `shortlisted`: the best by merit, as many as the call says.

    A tie at the line is settled by the call's tie rule. Raises InputError with the names of those tied where the rule
    is to report it, or settles nothing, and where fewer proposals were scored than are to be shortlisted.
    """
    size = selection.shortlist
    if len(weighed) < size:
        found = f"{len(weighed)} scored proposals"
        raise InputError([Fault("scores.csv", found, f"at least the {size} of the shortlist (call.yml, selection)")])
    above, tied = part_at_line(weighed, size)
    listed = {*above["proposal"], *_settle(tied, size - len(above), scores, selection)}
    return weighed.assign(shortlisted=weighed["proposal"].isin(listed)).drop(columns="error")


def draw_shortlist(
    weighed: pd.DataFrame, expected: pd.DataFrame, selection: Selection
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the ranked totals with the column `shortlisted`, and the table `lottery` that decided the last places.

    On the shortlist are the proposals that the expected ranks accept; the places that are left are drawn among those
    that they leave to a lottery.
    """
    group = weighed["proposal"].map(expected.set_index("proposal")["group"])
    accepted = weighed.loc[group == "accepted", "proposal"]
    waiting = int((group == "lottery").sum())
    if not len(accepted) <= selection.shortlist <= len(accepted) + waiting:
        found = f"{len(accepted)} proposals that the expected ranks accept and {waiting} that they leave to a lottery"
        expected_places = f"groups that fill the {selection.shortlist} places, or lottery: false (call.yml, selection)"
        raise InputError([Fault("scores.csv", found, expected_places)])
    draw = draw_lots(weighed.loc[group == "lottery", "proposal"], selection.shortlist - len(accepted), selection.seed)
    listed = {*accepted, *draw.loc[draw["drawn"], "proposal"]}
    return weighed.assign(shortlisted=weighed["proposal"].isin(listed)).drop(columns="error"), draw


def part_at_line(weighed: pd.DataFrame, size: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the rows above the line for `size` places, and those that stand on it with equal merit.

    Two merits are equal that differ by less than CLEAR times the error of their difference.
    """
    line = weighed.nlargest(size, "merit").iloc[-1]
    margin = CLEAR * np.hypot(weighed["error"], line["error"])
    distance = weighed["merit"] - line["merit"]
    return weighed[distance > margin], weighed[distance.abs() <= margin]


def _settle(tied: pd.DataFrame, places: int, scores: pd.DataFrame, selection: Selection) -> list[str]:
    """Return which of the tied proposals take the places that are left."""
    if len(tied) == places:
        return list(tied["proposal"])
    rule = selection.tie_rule
    key = _TIE_KEYS[rule.partition(":")[0]](tied, scores, selection)
    ordered = tied.assign(key=key.to_numpy()).sort_values("key", ascending=False, kind="stable")
    if ordered["key"].iloc[places - 1] == ordered["key"].iloc[places]:
        names = ", ".join(sorted(tied["proposal"]))
        found = f"a tie of {len(tied)} proposals for {places} places on the shortlist ({names}), which {rule!r} leaves"
        expected = "a tie rule in call.yml (selection.tie_rule) that settles it: median, criterion:<id> or lottery"
        raise InputError([Fault("scores.csv", found, expected)])
    return list(ordered["proposal"].iloc[:places])


def _no_key(tied: pd.DataFrame, scores: pd.DataFrame, selection: Selection) -> pd.Series:
    del scores, selection
    return pd.Series(0.0, index=tied.index)


def _median_key(tied: pd.DataFrame, scores: pd.DataFrame, selection: Selection) -> pd.Series:
    del scores, selection
    return tied["median"]


def _criterion_key(tied: pd.DataFrame, scores: pd.DataFrame, selection: Selection) -> pd.Series:
    criterion = selection.tie_rule.partition(":")[2]
    means = scores[scores["criterion"] == criterion].groupby("proposal")["score"].mean()
    return tied["proposal"].map(means).fillna(-np.inf).round(9)


def _lottery_key(tied: pd.DataFrame, scores: pd.DataFrame, selection: Selection) -> pd.Series:
    """Return the places of a lottery that anyone can check, the first as the highest."""
    del scores
    place = draw_lots(tied["proposal"], 1, selection.seed).set_index("proposal")["place"]
    return -tied["proposal"].map(place)


_TIE_KEYS: dict[str, Callable[[pd.DataFrame, pd.DataFrame, Selection], pd.Series]] = {
    "report": _no_key,
    "median": _median_key,
    "criterion": _criterion_key,
    "lottery": _lottery_key,
}
