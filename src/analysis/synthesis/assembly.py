"""All synthetic tables of a call together, checked by the ordinary steps against the figures that they are to have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from analysis import distribution, selection
from analysis.call import Call
from analysis.contracts import Contract
from analysis.faults import Fault
from analysis.synthesis.actors import Map, draw_leads, involve
from analysis.synthesis.assumptions import ASSUMPTIONS, Ideas, Reconstruction
from analysis.synthesis.composition import compose
from analysis.synthesis.course import list_budget, list_masterclasses, list_staffing, list_survey
from analysis.synthesis.draws import Whole, number_ids
from analysis.synthesis.ideas import Catalogue, describe_proposals, match_ideas
from analysis.synthesis.proposals import list_actors, list_involvement, list_proposals
from analysis.synthesis.scores import draw_points, draw_quality, rank_points

Tables = dict[str, pd.DataFrame]
COUNTED = ("partnership", "reach", "focus")


@dataclass(frozen=True)
class Size:
    """How many proposals, lead actors and municipalities the tables are to have."""

    proposals: int
    actors: int
    municipalities: int

    @classmethod
    def of(cls, proposals: int, assumed: Reconstruction, known: int) -> Size:
        """Return the size for a number of proposals: the rest in proportion, municipalities no more than are known."""
        targets = assumed.targets
        actors, municipalities = (
            -(-target * proposals // targets.proposals) for target in (targets.actors, targets.municipalities)
        )
        return cls(proposals, actors, min(municipalities, known))

    def is_declared(self, assumed: Reconstruction) -> bool:
        """Say whether this is the number of proposals that the assumptions are made for."""
        return self.proposals == assumed.targets.proposals


@dataclass(frozen=True)
class Assembly:
    """The synthetic tables by name, and the totals by the ordinary steps that they were built upon."""

    tables: Tables
    totals: pd.DataFrame


def assemble(
    size: Size, municipalities: pd.DataFrame, contracts: Mapping[str, Contract], ideas: Ideas, call: Call,
    assumed: Reconstruction,
) -> Assembly:  # fmt: skip
    """Return all synthetic tables; who is shortlisted and chosen is what the ordinary steps make of them."""
    catalogue, places = Catalogue(ideas), Map.of(municipalities)
    ids = number_ids(assumed.intake.proposal_id, size.proposals)
    quality = draw_quality(size.proposals, assumed)
    scores, totals = rank_points(draw_points(quality, call, assumed), ids, call)
    decision, instructive = contracts["decision"].empty(), size.is_declared(assumed)
    drafts = compose(_list(totals, ids), decision, call, assumed, instructive=instructive)
    shortlist, matched = _match(drafts, catalogue, assumed)
    traits = describe_proposals(size.proposals, shortlist, matched, catalogue, call, assumed)
    leads = draw_leads(traits, size.actors, places, assumed)
    pairs = involve(traits, leads, size.municipalities, places, assumed)
    proposals = list_proposals(ids, traits, shortlist, quality, leads, catalogue, places, call, assumed)
    chosen = proposals["proposal"].isin(shortlist.loc[shortlist["chosen"], "proposal"])
    tables = {
        "proposals": proposals,
        "actors": list_actors(leads, places, assumed),
        "involvement": list_involvement(pairs, ids, places),
        "scores": scores,
        "masterclasses": list_masterclasses(ids, quality, call, assumed),
        "budget": list_budget(call, assumed),
        "staffing": list_staffing(call, assumed),
        "survey": list_survey(list(chosen), assumed),
    }
    return Assembly(tables, totals)


def missed_figures(
    assembly: Assembly, size: Size, municipalities: pd.DataFrame, contracts: Mapping[str, Contract], call: Call,
    assumed: Reconstruction,
) -> Iterator[Fault]:  # fmt: skip
    """Yield a fault for every declared figure that the tables miss; the choice is made anew by the ordinary steps."""
    wanted = dict(_declared(assumed))
    found = dict(_computed(assembly, municipalities, contracts, call, assumed))
    if size.is_declared(assumed):
        wanted |= {f"targets.{name}": number for name, number in assumed.targets.model_dump().items()}
    for key, value in wanted.items():
        if found[key] != value:
            yield Fault(f"{ASSUMPTIONS}, {key}", f"{found[key]} in the tables drawn", str(value))


def _list(totals: pd.DataFrame, ids: list[str]) -> pd.DataFrame:
    """Return the shortlisted totals, best first, indexed by the position of the proposal."""
    listed = totals[totals["shortlisted"]]
    listed = listed.assign(proposal=listed["proposal"].astype("str"))
    return listed.set_axis(pd.Index(ids).get_indexer(listed["proposal"]), axis=0)


def _match(drafts: Iterator[pd.DataFrame], catalogue: Catalogue, assumed: Reconstruction) -> tuple[pd.DataFrame, Whole]:
    """Return the first composed shortlist that ideas can be found for, and these ideas."""
    matches = ((draft, match_ideas(draft, catalogue, assumed)) for draft in drafts)
    return next((draft, matched) for draft, matched in matches if matched is not None)


def _declared(assumed: Reconstruction) -> Iterator[tuple[str, object]]:
    chosen = assumed.chosen
    for column, counts in chosen.counts.items():
        yield f"chosen.counts.{column}", {name: number for name, number in sorted(counts.items()) if number}
    for name in ("cross_sector", "euro", "staff_months", "starts"):
        yield f"chosen.{name}", getattr(chosen, name)


def _computed(
    assembly: Assembly, municipalities: pd.DataFrame, contracts: Mapping[str, Contract], call: Call,
    assumed: Reconstruction,
) -> Iterator[tuple[str, object]]:  # fmt: skip
    tables, totals = assembly.tables, assembly.totals
    yield "targets.proposals", len(tables["proposals"])
    yield "targets.actors", tables["proposals"]["actor"].nunique()
    yield "targets.municipalities", tables["involvement"]["nis"].nunique()
    listed = totals[totals["shortlisted"]]
    proposals = tables["proposals"][tables["proposals"]["proposal"].isin(listed["proposal"])]
    profiles = distribution.profile(proposals, tables["actors"], municipalities)
    candidates = selection.list_candidates(listed, profiles, proposals)
    choice = selection.choose(candidates, contracts["decision"].empty(), call)
    chosen = proposals[proposals["proposal"].isin(choice.selection.loc[choice.selection["chosen"], "proposal"])]
    for column in COUNTED:
        yield f"chosen.counts.{column}", dict(sorted(chosen[column].value_counts().items()))
    yield "chosen.cross_sector", int((chosen["cross_sector"] == "true").sum())
    yield "chosen.euro", int(chosen["requested_euro"].sum())
    yield "chosen.staff_months", float(chosen["requested_staff_months"].sum())
    yield "chosen.starts", min(chosen["start"].nunique(), assumed.chosen.starts)
