"""What would change the order: other weights, other raters, one rater less; what stays then is sure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.call import Call
from analysis.declarations import VARIED, Scoring
from analysis.expectation import MOST_PROPOSALS, QUANTILES, expect_ranks, read_quantiles
from analysis.indicators import Indicator, Recorder
from analysis.programme import Programme, solve
from analysis.ranking import part_at_line
from analysis.scoring import COARSE, assign_panels
from analysis.selection import arrange

Floats = NDArray[np.float64]
SURE = 0.95  # the part of the draws that makes a place sure
CELLS = 4_000_000  # scores times draws that are worked on at once
LEAVE_ONE_OUT_DRAWS = 2_000  # per chain; which proposals pass the line needs fewer than their ranks in full


@dataclass(frozen=True)
class Sheet:
    """All scores as arrays: a row per pair of proposal and rater, a column per criterion, in the order of ids.

    `score` is 0 and `judged` 0 where a criterion was not scored. `proposal` and `rater` are the positions of a row's
    proposal and rater; `starts` the first row of each proposal.
    """

    proposals: tuple[str, ...]
    raters: tuple[str, ...]
    criterion_weights: Floats
    rater_weights: Floats
    proposal: NDArray[np.int64]
    rater: NDArray[np.int64]
    starts: NDArray[np.int64]
    score: Floats
    judged: Floats

    def total(self, criteria: Floats, raters: Floats) -> Floats:
        """Return the totals (draws, proposals) under weights of the criteria and of the raters (draws, items).

        NaN where no rater with any weight scored the proposal. Rounded as totals are, so that equal ones stay equal.
        """
        judged = self.judged @ criteria.T
        individual = self.score @ criteria.T / np.where(judged > 0, judged, 1)
        weight = raters.T[self.rater] * (judged > 0)
        summed = np.add.reduceat(individual * weight, self.starts, axis=0)
        weights = np.add.reduceat(weight, self.starts, axis=0)
        return np.where(weights > 0, summed / np.where(weights > 0, weights, 1), np.nan).round(COARSE).T


def lay_out(scores: pd.DataFrame, scoring: Scoring) -> Sheet:
    """Return the scores of a call as arrays; without any score they are empty."""
    criteria = [criterion for criterion in scoring.criterion_weights if criterion in set(scores["criterion"])]
    wide = scores.pivot(index=["proposal", "rater"], columns="criterion", values="score")[criteria].sort_index()
    proposal, proposals = pd.factorize(wide.index.get_level_values("proposal"))
    rater, raters = pd.factorize(wide.index.get_level_values("rater"), sort=True)
    score = wide.to_numpy("float64")
    return Sheet(
        tuple(proposals),
        tuple(raters),
        np.array([scoring.criterion_weights[name] for name in criteria]),
        np.array([scoring.rater_weights[name] for name in raters]),
        proposal,
        rater,
        np.flatnonzero(np.diff(proposal, prepend=-1)),
        np.nan_to_num(score),
        (~np.isnan(score)).astype(np.float64),
    )


def vary_weights(sheet: Sheet, draws: int, seed: int) -> Iterator[Floats]:
    """Yield totals (draws, proposals), a block at a time, under weights of criteria and raters that are drawn.

    Stochastic multicriteria acceptability analysis (Lahdelma, Hokkanen and Salminen 1998, European Journal of
    Operational Research 106(1), 137-143): both kinds of weights follow Dirichlet distributions whose mean is what the
    call declares and whose concentration is the number of weights; equal weights make every division equally likely.
    """
    rng = np.random.default_rng(seed)
    alphas = [weights * len(weights) / weights.sum() for weights in (sheet.criterion_weights, sheet.rater_weights)]
    for size in _blocks(sheet, draws):
        criteria, raters = (rng.dirichlet(alpha, size) for alpha in alphas)
        yield sheet.total(criteria, raters)


def resample_raters(sheet: Sheet, draws: int, seed: int) -> Iterator[Floats]:
    """Yield totals (draws, proposals), a block at a time, of as many raters drawn from the raters with replacement.

    NaN where none of the raters drawn scored a proposal.
    """
    rng = np.random.default_rng(seed)
    number = len(sheet.raters)
    for size in _blocks(sheet, draws):
        times = rng.multinomial(number, np.full(number, 1 / number), size)
        yield sheet.total(np.tile(sheet.criterion_weights, (size, 1)), times * sheet.rater_weights)


def _blocks(sheet: Sheet, draws: int) -> Iterator[int]:
    block = max(CELLS // len(sheet.score), 1)
    for first in range(0, draws, block):
        yield min(block, draws - first)


def rank_draws(totals: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return ranks (draws, proposals) from totals, ties sharing the best, and how many share each; NaN ranks last."""
    filled = np.where(np.isnan(totals), -np.inf, totals)
    order = np.argsort(-filled, axis=1, kind="stable")
    ordered = np.take_along_axis(filled, order, axis=1)
    places = np.arange(totals.shape[1])
    opens = np.ones(ordered.shape, dtype=bool)
    opens[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    first = np.maximum.accumulate(np.where(opens, places, 0), axis=1)
    closes = np.roll(opens, -1, axis=1)
    closes[:, -1] = True
    last = np.minimum.accumulate(np.where(closes, places, totals.shape[1])[:, ::-1], axis=1)[:, ::-1]
    ranks, shared = np.empty(order.shape, np.int64), np.empty(order.shape, np.int64)
    np.put_along_axis(ranks, order, first + 1, axis=1)
    np.put_along_axis(shared, order, last - first + 1, axis=1)
    return ranks, shared


def measure_stability(sheet: Sheet, line: int, draws: int, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the tables `stability` and `rank_shares`: how often each proposal is shortlisted, and at which rank.

    Under drawn weights and under drawn raters, for `line` places; a tie at the line counts for as much as a draw by lot
    would give. A draw in which no rater scored a proposal says nothing of it. Both are empty for more than
    MOST_PROPOSALS proposals, and for none. Without places it is missing how often a proposal is shortlisted.
    """
    if not 0 < len(sheet.proposals) <= MOST_PROPOSALS:
        return _stability([], sheet), pd.DataFrame(columns=["proposal", "varied", "rank", "share"])
    drawn = {"weights": vary_weights(sheet, draws, seed), "raters": resample_raters(sheet, draws, seed)}
    counted = {varied: _count(blocks, len(sheet.proposals), line) for varied, blocks in drawn.items()}
    stability = _stability([(varied, *found) for varied, found in counted.items()], sheet)
    stability = stability if line else stability.assign(shortlisted=np.nan)
    shares = pd.concat([_shares(varied, counts, sheet) for varied, (counts, _) in counted.items()], ignore_index=True)
    return stability, shares


def _count(blocks: Iterator[Floats], number: int, line: int) -> tuple[NDArray[np.int64], Floats]:
    """Return how often each proposal has each rank (proposals, ranks), and the sum of its places on the shortlist."""
    counts, listed = np.zeros((number, number), np.int64), np.zeros(number)
    for totals in blocks:
        ranks, shared = rank_draws(totals)
        present = ~np.isnan(totals)
        cells = (np.arange(number) * number + ranks - 1)[present]
        counts += np.bincount(cells, minlength=number * number).reshape(number, number)
        listed += np.where(present, np.clip((line - ranks + 1) / shared, 0, 1), 0).sum(axis=0)
    return counts, listed


def _stability(found: Sequence[tuple[str, NDArray[np.int64], Floats]], sheet: Sheet) -> pd.DataFrame:
    parts = []
    for varied, counts, listed in found:
        present = np.maximum(counts.sum(axis=1), 1)
        frame = {"proposal": sheet.proposals, "varied": varied, "shortlisted": (listed / present).round(9)}
        parts.append(pd.DataFrame({**frame, **read_quantiles(counts)})[counts.sum(axis=1) > 0])
    names = ["proposal", "varied", "shortlisted", *QUANTILES]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=names)


def _shares(varied: str, counts: NDArray[np.int64], sheet: Sheet) -> pd.DataFrame:
    proposal, rank = np.nonzero(counts)
    share = counts[proposal, rank] / counts.sum(axis=1)[proposal]
    names = np.array(sheet.proposals, dtype=object)[proposal]
    return pd.DataFrame({"proposal": names, "varied": varied, "rank": rank + 1, "share": share.round(9)})


def leave_one_out(sheet: Sheet, individual: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return the merit of every proposal without each rater in turn: a column per rater, the proposals as index.

    Missing where no other rater scored the proposal. What decides in the call decides here. Without any score there are
    no columns.
    """
    if not sheet.proposals:
        return pd.DataFrame(index=[])
    if call.selection.ranked_by == "totals":
        each = np.tile(sheet.rater_weights, (len(sheet.raters), 1))
        np.fill_diagonal(each, 0)
        totals = sheet.total(np.tile(sheet.criterion_weights, (len(each), 1)), each)
        return pd.DataFrame(totals.T, index=list(sheet.proposals), columns=list(sheet.raters))
    panelled = assign_panels(individual, call.scoring.panels)
    return pd.DataFrame({rater: _behind(panelled[panelled["rater"] != rater], call) for rater in sheet.raters})


def _behind(individual: pd.DataFrame, call: Call) -> pd.Series:
    """Return how many proposals each is expected to leave behind; empty where that cannot be computed.

    Those that the simulation cannot tell from the last place of the shortlist have its number: chance parts them not.
    """
    selection = call.selection
    found = expect_ranks(individual, call.scoring.scale, selection.shortlist, selection.seed, LEAVE_ONE_OUT_DRAWS).ranks
    if found.empty:
        return pd.Series(dtype="float64")
    weighed = found.assign(merit=len(found) - found["er"])
    _, tied = part_at_line(weighed, selection.shortlist)
    line = weighed["merit"].nlargest(selection.shortlist).iloc[-1]
    return weighed["merit"].mask(weighed.index.isin(tied.index), line).set_axis(list(weighed["proposal"]))


def change_shortlist(totals: pd.DataFrame, without: pd.DataFrame) -> pd.DataFrame:
    """Return who enters and who leaves the shortlist without each rater (see the contract `shortlist_changes`).

    `without` is what `leave_one_out` returned. Proposals tied at the line without a rater neither enter nor leave; a
    rater without whom nothing can be ranked has no rows. Without a shortlist there are none.
    """
    listed = set(totals.loc[totals["shortlisted"], "proposal"])
    rows = []
    for rater in without if listed else ():
        merit = without[rater].dropna()
        if merit.empty:
            continue
        line = merit.nlargest(len(listed)).min()
        sure = set(merit.index[merit > line])
        tied = set(merit.index[merit == line])
        surely_in = sure | (tied if len(sure | tied) <= len(listed) else set())
        rows += [{"rater": rater, "proposal": one, "change": "enters"} for one in sorted(surely_in - listed)]
        rows += [{"rater": rater, "proposal": one, "change": "leaves"} for one in sorted(listed - sure - tied)]
    return pd.DataFrame(rows, columns=["rater", "proposal", "change"])


def indicators(stability: pd.DataFrame, changes: pd.DataFrame, call: Call, listed: bool = True) -> Iterator[Indicator]:
    """Yield how sure the shortlist is: how many proposals hardly any draw moves, and what each rater decided.

    Sure is what at least SURE of the draws agree on. The number of projects that change without a rater counts those
    that would enter or, where more would leave, those that would leave. `listed` is whether there is a shortlist.
    """
    if not listed:
        return
    record = Recorder(measure_stability, "stability")
    for varied, rows in stability.groupby("varied"):
        share = rows["shortlisted"]
        counts = {"in": share >= SURE, "out": share <= 1 - SURE, "between": share.between(1 - SURE, SURE, "neither")}
        numbers = {name: int(flags.sum()) for name, flags in counts.items()}
        yield from record.each(f"sensitivity.{varied}", numbers, "count")
    yield Recorder(measure_stability).one("sensitivity.sure", SURE, "share")
    yield Recorder(measure_stability).one("sensitivity.draws", call.uncertainty.weights, "count")
    yield from count_changes("sensitivity", Recorder(change_shortlist, "shortlist_changes"), changes, call)


def choice_indicators(shares: pd.DataFrame, changes: pd.DataFrame, call: Call) -> Iterator[Indicator]:
    """Yield how sure the choice is, under other weights and raters, and without each rater; nothing of none."""
    if shares.empty:
        return
    record = Recorder(share_choices, "choice_shares")
    for varied, rows in shares.groupby("varied"):
        yield record.one(f"choice.{varied}.in", int((rows["chosen"] >= SURE).sum()), "count")
        yield record.one(f"choice.{varied}.possible", float(rows["possible"].iloc[0]), "share")
    yield Recorder(share_choices).one("choice.draws", call.uncertainty.choices, "count")
    record, organiser = Recorder(change_choice, "choice_changes"), call.scoring.organiser
    blocked = changes.loc[~changes["possible"].astype(bool), "rater"]
    for item in count_changes("choice", record, changes, call):
        if item.id == "choice.organiser_changes" and organiser is not None and (blocked == organiser.id).any():
            yield record.one("choice.organiser_blocked", 1, "count")  # no choice at all, so that none is changed
        else:
            yield item


def count_changes(prefix: str, record: Recorder, changes: pd.DataFrame, call: Call) -> Iterator[Indicator]:
    """Yield without how many raters something changes, how much at most, and how much without the organiser's score."""
    moved = changes.groupby(["rater", "change"]).size().groupby("rater").max()
    yield record.one(f"{prefix}.raters_that_matter", len(moved), "count")
    yield record.one(f"{prefix}.most_changes", int(moved.max()) if len(moved) else 0, "count")
    organiser = call.scoring.organiser
    if organiser is not None:
        yield record.one(f"{prefix}.organiser_changes", int(moved.get(organiser.id, 0)), "count")


def choose_again(candidates: pd.DataFrame, merits: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return which proposals the computed choice holds under each column of `merits`, as a table of flags like it.

    `candidates` describes all scored proposals as `selection.describe_candidates` does, `merits` has the proposals as
    index. All that tie at the line of the shortlist are candidates; a proposal that does not state what a cap limits
    is none. Where the caps and quotas leave no choice, or nothing can be chosen from, nothing is held.
    """
    if candidates.empty or not call.selection.declared:
        return pd.DataFrame(False, index=merits.index, columns=merits.columns)
    asked = dict.fromkeys(column for cap in call.selection.caps for column in cap.asked)
    stated = candidates[list(asked)].notna().all(axis=1)
    able = candidates[stated].assign(shortlisted=True).reset_index(drop=True)
    programme, _ = arrange(able, call)
    aligned = merits.reindex(able["proposal"])
    chosen = {name: _choose(aligned[name].to_numpy("float64"), programme, call) for name in merits}
    return pd.DataFrame(chosen, index=aligned.index).reindex(merits.index, fill_value=False)


def _choose(merit: Floats, programme: Programme, call: Call) -> NDArray[np.bool_]:
    """Return the choice by these merits (proposals); nothing where too few have one or no choice is possible."""
    present = ~np.isnan(merit)
    chosen = np.zeros(len(merit), dtype=bool)
    if present.sum() < call.selection.choose:
        return chosen
    line = np.sort(merit[present])[-min(call.selection.shortlist, int(present.sum()))]
    listed = present & (merit >= line)
    found = solve(replace(programme, merit=np.where(listed, merit, 0.0)).only(listed))
    if found is not None:
        chosen[np.flatnonzero(listed)[found.candidates]] = True
    return chosen


def share_choices(sheet: Sheet, candidates: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return how often each proposal is chosen under other weights and other raters (see the contract `choice_shares`).

    The share is of the draws in which a choice is possible at all; `possible` is how large a part of all draws that is.
    Where nothing was scored or the call declares no selection the table is empty.
    """
    if candidates.empty or not call.selection.declared:
        return pd.DataFrame(columns=["proposal", "varied", "chosen", "possible"])
    draws, seed = call.uncertainty.choices, call.selection.seed
    parts = []
    for varied, draw in zip(VARIED, (vary_weights, resample_raters), strict=True):
        # Few raters give few different samples: each choice is computed once and counts as often as it was drawn.
        distinct, times = np.unique(np.concatenate(list(draw(sheet, draws, seed))), axis=0, return_counts=True)
        flags = choose_again(candidates, pd.DataFrame(distinct.T, index=list(sheet.proposals)), call)
        possible = int(times[flags.any(axis=0)].sum())
        held = flags.to_numpy() @ times / max(possible, 1)
        frame = {"proposal": list(flags.index), "varied": varied, "chosen": held.round(9), "possible": possible / draws}
        parts.append(pd.DataFrame(frame))
    return pd.concat(parts, ignore_index=True)


def change_choice(selection: pd.DataFrame, again: pd.DataFrame) -> pd.DataFrame:
    """Return who enters and who leaves the computed choice without each rater (see the contract `choice_changes`).

    `again` is what `choose_again` returned for the merits without each rater. Where no choice is possible without a
    rater, all leave.
    """
    computed = set(selection.loc[selection["computed"], "proposal"])
    rows = []
    for rater in again:
        held = set(again.index[again[rater]])
        moved = {"enters": sorted(held - computed), "leaves": sorted(computed - held)}
        rows += [(rater, one, change, bool(held)) for change, ones in moved.items() for one in ones]
    return pd.DataFrame(rows, columns=["rater", "proposal", "change", "possible"])
