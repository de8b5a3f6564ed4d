"""How sure the order of the proposals is, in prose, pictures and a sentence for each proposal near the line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from analysis import plots
from analysis.blocks import table
from analysis.material import Block, Material
from analysis.wording import Sourced, take


def write_certainty(material: Material) -> Iterator[Block]:
    """Yield what the scores do and do not prove: agreement, expected ranks, other weights, and each rater's part."""
    yield material.say("certainty.agreement")
    agreement = material.find("agreement")
    if agreement is not None:
        yield plots.agreement(agreement, material.wording)
    yield from _ranks(material)
    yield material.say("certainty.weights")
    organiser = material.call.scoring.organiser
    label = material.wording.label("raters", organiser.id) if organiser else ""
    yield material.say("certainty.raters", organiser=label)
    yield from _pictures_of_raters(material)
    near = describe_line(material)
    if near:
        names = list(material.headings("certainty.line_headings").values())
        yield table(material.plain("certainty.line_caption"), names, near, numeric=(1, 2))
    yield material.say("certainty.conclusion")


def _ranks(material: Material) -> Iterator[Block]:
    sampling = material.find("rank_sampling")
    if sampling is None:
        return
    obstacle = sampling["obstacle"].iloc[0]
    if pd.notna(obstacle):
        yield material.say("certainty.obstacle", reason=material.plain(f"certainty.obstacles.{obstacle}"))
        return
    yield material.say("certainty.expected")
    expected, shares = material.find("expected_ranks", "proposal"), material.find("rank_shares")
    places = material.call.selection.shortlist or None
    if expected is not None:
        yield plots.expected_ranks(expected, material.wording, places)
    totals = material.find("totals", "proposal")
    if shares is not None and totals is not None:
        yield plots.rank_shares(shares, list(totals["proposal"]), places, material.wording)
    if expected is not None and totals is not None and material.wording.values.get("expectation.differ"):
        yield plots.ranks_compared(totals, expected, material.wording)


def _pictures_of_raters(material: Material) -> Iterator[Block]:
    individual, totals = material.find("individual_scores"), material.find("totals", "proposal")
    spread = material.find("rater_spread")
    if spread is not None and spread["severity"].notna().any():
        yield plots.severity(spread, material.wording)
    if individual is not None and totals is not None:
        yield plots.rater_deviations(individual, totals, material.wording)


def describe_line(material: Material) -> list[list[Markup | str]]:
    """Return a row per proposal near the line: its id, rank and total, and a sentence that says how sure its place is.

    Near the line is what the expected ranks leave to a lottery, what the two rankings place differently, and what the
    shortlist would gain or lose without a rater. Empty where the tables for it were not released.
    """
    totals, stability = material.find("totals", "proposal"), material.find("stability")
    if totals is None or stability is None:
        return []
    expected, changes = material.find("expected_ranks", "proposal"), material.find("shortlist_changes")
    ranks = {row.proposal: row for row in expected.itertuples()} if expected is not None else {}
    moved = changes.groupby("proposal")["rater"].agg(list).to_dict() if changes is not None else {}
    shares = stability.pivot(index="proposal", columns="varied", values="shortlisted")
    ahead = _list_ahead(expected, int(totals["shortlisted"].sum())) if expected is not None else set()
    near = [
        row
        for row in totals.itertuples()
        if row.proposal in moved or (row.proposal in ranks and _is_unsure(row, ranks[row.proposal], ahead))
    ]
    return [
        _line_row(material, row, ranks.get(row.proposal), shares, moved.get(row.proposal, []), ahead) for row in near
    ]


def _list_ahead(expected: pd.DataFrame, places: int) -> set[str]:
    """Return the proposals among the first by expected rank, for this many places."""
    return set(expected.loc[expected["er"] <= expected["er"].nsmallest(places).max(), "proposal"])


def _is_unsure(row: Any, rank: Any, ahead: set[str]) -> bool:
    return bool(rank.group == "lottery" or row.shortlisted != (row.proposal in ahead))


def _line_row(
    material: Material, row: Any, rank: Any, shares: pd.DataFrame, raters: list[str], ahead: set[str]
) -> list[Markup | str]:
    wording, proposal = material.wording, row.proposal
    facts: Mapping[str, Any] = {
        "shortlisted": row.shortlisted,
        "rank": take("expected_ranks", rank._asdict(), "er", "q25", "q75") if rank is not None else None,
        "differs": rank is not None and row.shortlisted != (row.proposal in ahead),
        "weights": _find_share(shares, proposal, "weights"),
        "resampled": _find_share(shares, proposal, "raters"),
        "raters": wording.join([wording.label("raters", rater) for rater in raters], "or") if raters else "",
    }
    rank_cell, total = (
        wording.cell("number", getattr(row, name), f"totals.{name}", decimals=2) for name in ("rank", "total")
    )
    return [proposal, rank_cell, total, material.cell_text("certainty.line", **facts)]


def _find_share(shares: pd.DataFrame, proposal: str, varied: str) -> Sourced | None:
    known = proposal in shares.index and pd.notna(shares.at[proposal, varied])
    return Sourced(shares.at[proposal, varied], "stability.shortlisted") if known else None
