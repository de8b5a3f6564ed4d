"""Ranks from totals, and the shortlist; a tie at its line is settled by the call's rule or not at all."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from analysis.call import Call
from analysis.faults import Fault, InputError


def rank_totals(totals: pd.DataFrame) -> pd.DataFrame:
    """Return the totals with their rank: 1 is best, ties share the best rank; in order of rank, then of id."""
    ranks = totals["total"].rank(method="min", ascending=False).astype("int64")
    return totals.assign(rank=ranks).sort_values(["rank", "proposal"]).reset_index(drop=True)


def shortlist(ranked: pd.DataFrame, scores: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return the ranked totals with the column `shortlisted`: the best of them, as many as the call says.

    A tie at the line is settled by the call's tie rule. Raises InputError with the names of those tied where the rule
    is to report it, or settles nothing, and where fewer proposals were scored than are to be shortlisted.
    """
    size = call.selection.shortlist
    if len(ranked) < size:
        found = f"{len(ranked)} scored proposals"
        raise InputError([Fault("scores.csv", found, f"at least the {size} of the shortlist (call.yml, selection)")])
    line = ranked["total"].nlargest(size).iloc[-1]
    above, tied = ranked[ranked["total"] > line], ranked[ranked["total"] == line]
    places = size - len(above)
    listed = set(above["proposal"]) | set(_settle(tied, places, scores, call))
    return ranked.assign(shortlisted=ranked["proposal"].isin(listed))


def _settle(tied: pd.DataFrame, places: int, scores: pd.DataFrame, call: Call) -> list[str]:
    """Return which of the tied proposals take the places that are left."""
    if len(tied) == places:
        return list(tied["proposal"])
    rule = call.selection.tie_rule
    key = _TIE_KEYS[rule.partition(":")[0]](tied, scores, call)
    ordered = tied.assign(key=key.to_numpy()).sort_values("key", ascending=False, kind="stable")
    if ordered["key"].iloc[places - 1] == ordered["key"].iloc[places]:
        names = ", ".join(sorted(tied["proposal"]))
        found = f"a tie of {len(tied)} proposals for {places} places on the shortlist ({names}), which {rule!r} leaves"
        expected = "a tie rule in call.yml (selection.tie_rule) that settles it: median, criterion:<id> or lottery"
        raise InputError([Fault("scores.csv", found, expected)])
    return list(ordered["proposal"].iloc[:places])


def _no_key(tied: pd.DataFrame, scores: pd.DataFrame, call: Call) -> pd.Series:
    del scores, call
    return pd.Series(0.0, index=tied.index)


def _median_key(tied: pd.DataFrame, scores: pd.DataFrame, call: Call) -> pd.Series:
    del scores, call
    return tied["median"]


def _criterion_key(tied: pd.DataFrame, scores: pd.DataFrame, call: Call) -> pd.Series:
    criterion = call.selection.tie_rule.partition(":")[2]
    means = scores[scores["criterion"] == criterion].groupby("proposal")["score"].mean()
    return tied["proposal"].map(means).fillna(-np.inf).round(9)


def _lottery_key(tied: pd.DataFrame, scores: pd.DataFrame, call: Call) -> pd.Series:
    """Return a drawn number per proposal; drawn in the order of ids, so that the order of rows plays no part."""
    del scores
    drawn = np.random.default_rng(call.selection.seed).permutation(len(tied))
    return pd.Series(drawn, index=tied.sort_values("proposal").index).reindex(tied.index)


_TIE_KEYS: dict[str, Callable[[pd.DataFrame, pd.DataFrame, Call], pd.Series]] = {
    "report": _no_key,
    "median": _median_key,
    "criterion": _criterion_key,
    "lottery": _lottery_key,
}
