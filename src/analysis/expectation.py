"""Expected ranks: how sure the order of the proposals is, given how the raters differ.

The measures are those of Heyard, Ott, Salanti and Egger (2022), Statistics and Public Policy 9(1), 110-121; the ranks
come from `gibbs`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.declarations import LINE_GROUPS, Scale, Selection
from analysis.faults import Fault, InputError
from analysis.gibbs import CHAINS, WARM_UP, Design, Tally, sample_ranks
from analysis.indicators import Indicator, Recorder
from analysis.posterior import find_posterior, is_quick

QUANTILES = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}
MODEL_LOW, MODEL_LENGTH = 1.0, 5.0  # the priors of the model are made for a scale from 1 to 6
CONVERGED = 1.01  # the highest R-hat of a ranking that is shown
LONGEST = 4  # times as many draws as asked for, before a ranking is given up
MOST_PROPOSALS = 10_000  # how often each proposal has each rank is counted, which takes the square of their number


@dataclass(frozen=True)
class Expectation:
    """Expected ranks (contract `expected_ranks`), severity per rater (`rater_effects`) and how they were drawn.

    `sampling` is the single row of the contract `rank_sampling`; where it names an obstacle the other two are empty.
    """

    ranks: pd.DataFrame
    severity: pd.DataFrame
    sampling: pd.DataFrame


def expect_ranks(individual: pd.DataFrame, scale: Scale, line: int, seed: int, draws: int) -> Expectation:
    """Return the expected rank of every proposal and the groups at the line for `line` places.

    `individual` has columns proposal, rater, score, and optionally panel: a rater in two panels counts as two. Every
    score weighs the same in the model, whatever the weights of the raters. `draws` is per chain. Where no ranking can
    be computed, or it has not converged, the result has no ranks but the obstacle; without any score it is empty. With
    no places there is no line, and no group at it.
    """
    if individual.empty:
        nothing = _nothing("one_proposal", seed, draws)
        return Expectation(nothing.ranks, nothing.severity, nothing.sampling[:0])
    obstacle = find_obstacle(individual)
    if obstacle:
        return _nothing(obstacle, seed, draws)
    proposals, raters, design = _arrange(individual, scale)
    tally = sample_ranks(design, draws, seed, CONVERGED, LONGEST)
    r_hat, size = tally.measure_convergence()
    if r_hat.max() >= CONVERGED:
        return _nothing("not_converged", seed, tally.steps, float(r_hat.max()), float(size.min()))
    ranks = _describe(tally, proposals, np.bincount(design.proposal), r_hat, size)
    ranks = ranks.assign(group=sort_at_line(ranks, line)).sort_values(["er", "proposal"]).reset_index(drop=True)
    points = (scale.high - scale.low) / MODEL_LENGTH
    effects = tally.severities / (CHAINS * tally.steps) * points
    severity = raters.assign(severity=effects.round(9))
    return Expectation(ranks, severity, _sampling(None, seed, tally.steps, float(r_hat.max()), float(size.min())))


def estimate_ranks(individual: pd.DataFrame, scale: Scale, line: int, seed: int, draws: int) -> Expectation | None:
    """Return the same expected ranks by formula (see `posterior`), within milliseconds; None where that is not quicker.

    They have no error of simulation. Quantiles and groups rest on `draws` independent draws and as many mirror images;
    without draws they are missing, and so is what tells of chains.
    """
    obstacle = find_obstacle(individual)
    if obstacle:
        return _nothing(obstacle, seed, draws)
    proposals, _, design = _arrange(individual, scale)
    if not is_quick(design):
        return None
    found, number = find_posterior(design), design.proposals
    er = found.expect_ranks().round(6)
    counts = found.draw_ranks(draws, seed) if draws else None
    known = {"proposal": proposals, "scores": np.bincount(design.proposal), "er": er, "error": 0.0}
    shown = read_quantiles(counts) if counts is not None else dict.fromkeys(QUANTILES, np.nan)
    ranks = pd.DataFrame({**known, **shown}).assign(
        pcer=(100 * (er - 0.5) / number).round(6), sucra=((number - er) / (number - 1)).round(6), r_hat=np.nan,
        group=None,
    )  # fmt: skip
    if draws:
        ranks["group"] = sort_at_line(ranks, line)
    ordered = ranks.sort_values(["er", "proposal"], ignore_index=True)
    return Expectation(ordered, _nothing("", seed, draws).severity, _sampling(None, seed, draws, np.nan, np.nan))


def indicators(found: Expectation, totals: pd.DataFrame) -> Iterator[Indicator]:
    """Yield how many proposals stand in each group at the line, where totals and expected ranks differ, and the draws.

    They differ on a proposal that is among the first by one ranking and not by the other, for as many places as the
    shortlist has.
    """
    if found.ranks.empty:
        return
    row, line = found.sampling.iloc[0], bool(totals["shortlisted"].any())
    record = Recorder(expect_ranks, "expected_ranks")
    for group in LINE_GROUPS if line else ():
        yield record.one(f"expectation.{group}", int((found.ranks["group"] == group).sum()), "count")
    for name in ("chains", "draws", "r_hat", "effective_draws"):
        yield Recorder(expect_ranks, "rank_sampling").one(f"expectation.{name}", float(row[name]), "count")
    levels = {"inner": QUANTILES["q75"] - QUANTILES["q25"], "level": QUANTILES["q95"] - QUANTILES["q05"]}
    yield from Recorder(expect_ranks).each("expectation", levels, "share")
    if not line:
        return
    drawn = found.ranks.loc[found.ranks["group"] == "lottery", "proposal"].isin(
        totals.loc[totals["shortlisted"], "proposal"]
    )
    yield Recorder(expect_ranks, "expected_ranks", "totals").one("expectation.drawn", int(drawn.sum()), "count")
    differing = len(differ(found.ranks, totals))
    yield Recorder(differ, "expected_ranks", "totals").one("expectation.differ", differing, "count")


def differ(ranks: pd.DataFrame, totals: pd.DataFrame) -> set[str]:
    """Return the proposals among the first by total and not by expected rank, for as many places as the shortlist has.

    Of equal totals at the line those with the better expected rank count as first, so that only what the scores part
    differs.
    """
    places = int(totals["shortlisted"].sum())
    merged = totals.merge(ranks[["proposal", "er"]], on="proposal")
    by_total = merged.sort_values(["total", "er"], ascending=[False, True])["proposal"].head(places)
    return set(by_total) - set(merged.nsmallest(places, "er")["proposal"])


def find_obstacle(individual: pd.DataFrame) -> str | None:
    """Return why no expected ranks can be computed from individual scores, one of declarations.OBSTACLES, or None."""
    proposals = individual["proposal"].nunique()
    if proposals < 2:
        return "one_proposal"
    if individual["rater"].nunique() < 2:
        return "one_rater"
    if proposals > MOST_PROPOSALS:
        return "too_many"
    if individual["proposal"].duplicated().sum() < 2:
        return "no_overlap"  # almost no proposal has a second score: noise and effects cannot be told apart
    return "all_equal" if individual["score"].nunique() == 1 else None


def require(found: Expectation, selection: Selection) -> None:
    """Raise InputError where the call lets expected ranks decide and none could be computed."""
    if found.sampling.empty:
        return
    obstacle = found.sampling["obstacle"].iloc[0]
    if selection.ranked_by == "expected_ranks" and pd.notna(obstacle):
        expected = "scores from which expected ranks can be computed, or ranked_by: totals"
        raise InputError([Fault("call.yml, selection.ranked_by", f"'expected_ranks' with {obstacle}", expected)])


def sort_at_line(ranks: pd.DataFrame, line: int) -> pd.Series:
    """Return the group of every proposal at the line for `line` places: accepted, lottery or rejected.

    The line is the expected rank of the last place. A proposal whose middle half of ranks holds it is for the lottery;
    where those and the accepted together fill the places exactly, all of them are accepted. Without places there is no
    line, and the groups are missing.
    """
    if not line:
        return pd.Series(None, index=ranks.index, dtype="str")
    place = ranks["er"].nsmallest(line).iloc[-1]
    lottery = (ranks["q25"] <= place) & (place <= ranks["q75"]) | (ranks["er"] == place)
    accepted = (ranks["q75"] < place) & ~lottery
    if (accepted | lottery).sum() <= line:
        accepted, lottery = accepted | lottery, lottery & False
    groups = pd.Series("rejected", index=ranks.index)
    return groups.mask(lottery, "lottery").mask(accepted, "accepted")


def _arrange(individual: pd.DataFrame, scale: Scale) -> tuple[list[str], pd.DataFrame, Design]:
    """Return the ids of the proposals, panel and id of every rater, and the scores as positions for the sampler.

    All in the order of ids, so that the order of rows plays no part.
    """
    panel = individual["panel"] if "panel" in individual else pd.Series("", index=individual.index)
    ordered = individual.assign(panel=panel.fillna("").astype("str")).sort_values(["proposal", "panel", "rater"])
    proposal, proposals = pd.factorize(ordered["proposal"])
    panels, _ = pd.factorize(ordered["panel"], sort=True)
    keys = pd.MultiIndex.from_frame(ordered[["panel", "rater"]])
    rater, raters = pd.factorize(keys, sort=True)
    of_proposal = np.zeros(len(proposals), dtype=np.int64)
    of_proposal[proposal] = panels
    score = MODEL_LOW + MODEL_LENGTH * (ordered["score"].to_numpy("float64") - scale.low) / (scale.high - scale.low)
    named = pd.DataFrame(list(raters), columns=["panel", "rater"])
    return list(proposals), named, Design(proposal, rater, score, of_proposal)


def read_quantiles(counts: NDArray[np.int64]) -> dict[str, NDArray[np.int64]]:
    """Return per name in QUANTILES the rank that each proposal has or betters in that share of its draws.

    `counts` (proposals, ranks) is how often each has each rank; one without any draw gets what means nothing.
    """
    reached = counts.cumsum(axis=1) / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    # Shares are not exact in binary: one that is just reached must count as reached.
    return {name: 1 + (reached < share - 1e-12).sum(axis=1) for name, share in QUANTILES.items()}


def _describe(
    tally: Tally, proposals: list[str], scores: NDArray[np.int64], r_hat: NDArray[np.float64], size: NDArray[np.float64]
) -> pd.DataFrame:
    number = len(proposals)
    places = np.arange(1, number + 1)
    expected = tally.counts @ places / tally.draws
    spread = np.sqrt(np.maximum(tally.counts @ places**2 / tally.draws - expected**2, 0))
    return pd.DataFrame(
        {
            "proposal": proposals,
            "scores": scores,
            "er": expected.round(6),
            "pcer": (100 * (expected - 0.5) / number).round(6),
            "sucra": ((number - expected) / (number - 1)).round(6),
            **read_quantiles(tally.counts),
            "error": (spread / np.sqrt(size)).round(6),
            "r_hat": r_hat.round(6),
        }
    )


def _sampling(obstacle: str | None, seed: int, draws: int, r_hat: float, size: float) -> pd.DataFrame:
    row = {
        "obstacle": obstacle,
        "chains": CHAINS,
        "draws": draws,
        "warm_up": WARM_UP,
        "seed": seed,
        "r_hat": r_hat,
        "effective_draws": size,
    }
    return pd.DataFrame([row]).astype({"obstacle": "str"} if obstacle else {"obstacle": "object"})


def _nothing(obstacle: str, seed: int, draws: int, r_hat: float = np.nan, size: float = np.nan) -> Expectation:
    ranks = ["proposal", "scores", "er", "pcer", "sucra", *QUANTILES, "error", "r_hat", "group"]
    severity = pd.DataFrame(columns=["panel", "rater", "severity"])
    return Expectation(pd.DataFrame(columns=ranks), severity, _sampling(obstacle, seed, draws, r_hat, size))
