"""Ideas dealt to synthetic proposals, and the groups of a proposal that follow from its idea."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from analysis.call import Call
from analysis.declarations import FIXED_GROUPS
from analysis.synthesis.assumptions import Idea, Ideas, Reconstruction, suitable_leads
from analysis.synthesis.draws import Whole, apportion, pick_columns, stream

TRAITS = ("idea", "category", "partnership", "actor_kind", "reach", "scale", "focus")
LOT = 0.01  # draws lots between ideas that suit equally well
UMBRELLA_COST = 0.1  # less than any mismatch: an idea that suits another field is chosen only where no other is left


class Catalogue:
    """All ideas in one row, each with its category."""

    def __init__(self, ideas: Ideas) -> None:
        """Put the ideas of all categories after each other."""
        self.ideas: list[Idea] = [idea for listed in ideas.ideas.values() for idea in listed]
        self.categories = [category for category, listed in ideas.ideas.items() for _ in listed]

    def places(self, category: str) -> Whole:
        """Return the positions of the ideas of a category."""
        return np.flatnonzero(np.array(self.categories) == category)


def match_ideas(shortlist: pd.DataFrame, catalogue: Catalogue, assumed: Reconstruction) -> Whole | None:
    """Return for each shortlisted proposal the position of an idea that suits its traits, none twice.

    None where there are no such ideas for all of them together.
    """
    rng = stream(assumed.seed, "match")
    rows = shortlist.to_dict("records")
    cost = np.array([[_mismatch(row, idea) for idea in catalogue.ideas] for row in rows])
    proposals, matched = linear_sum_assignment(cost + LOT * rng.random(cost.shape))
    suits = len(matched) == len(rows) and cost[proposals, matched].max() < 1
    return np.asarray(matched) if suits else None


def describe_proposals(
    count: int, shortlist: pd.DataFrame, matched: Whole, catalogue: Catalogue, call: Call, assumed: Reconstruction
) -> pd.DataFrame:
    """Return the traits of all proposals in the order of their ids.

    `shortlist` has its traits already, with the position of each proposal as its index, and `matched` its ideas; the
    others have traits that suit their idea.
    """
    others = _describe_others(_draw_others(count - len(matched), matched, catalogue, assumed), catalogue, call, assumed)
    others.index = pd.RangeIndex(count).difference(shortlist.index)
    listed = shortlist.assign(idea=matched, category=np.array(catalogue.categories)[matched])
    return pd.concat([listed[list(TRAITS)], others[list(TRAITS)]]).sort_index()


def _draw_others(count: int, matched: Whole, catalogue: Catalogue, assumed: Reconstruction) -> Whole:
    """Return the positions of `count` more ideas, so that the weights of the categories hold for all together.

    No idea comes twice while there are enough of them.
    """
    rng, weights = stream(assumed.seed, "ideas"), np.array(list(assumed.intake.categories.values()))
    places = [rng.permutation(catalogue.places(category)) for category in assumed.intake.categories]
    taken = np.array([np.isin(found, matched).sum() for found in places])
    wanted = np.maximum(weights / weights.sum() * (count + len(matched)) - taken, LOT)
    spare = np.array([len(found) for found in places]) - taken
    fits = count <= spare.sum()
    numbers = apportion(wanted, count, spare if fits else None)
    offered = [np.setdiff1d(found, matched, assume_unique=True) if fits else found for found in places]
    drawn = [np.resize(found, number) for found, number in zip(offered, numbers, strict=True)]
    return rng.permutation(np.concatenate(drawn))


def _mismatch(row: Mapping[str, object], idea: Idea) -> float:
    """Return how many traits of a proposal the idea does not suit, and a little for a chosen idea of another field."""
    wrong = [
        row["partnership"] not in idea.partnerships,
        row["focus"] not in idea.focuses,
        idea.reach not in (None, row["reach"]),
        idea.scale not in (None, row["scale"]),
        bool(idea.leads) and row["actor_kind"] not in idea.leads,
    ]
    return sum(wrong) + (UMBRELLA_COST if row["chosen"] and idea.umbrella != "none" else 0)


def _describe_others(places: Whole, catalogue: Catalogue, call: Call, assumed: Reconstruction) -> pd.DataFrame:
    """Return traits drawn by the assumed weights among those that suit the ideas at these places."""
    rng, ideas = stream(assumed.seed, "traits"), catalogue.ideas
    leads = [(kind, name) for name, kinds in assumed.intake.leads.items() for kind in kinds]
    lead = pick_columns(np.array([_lead_weights(idea, leads, assumed) for idea in ideas])[places], rng)
    focuses = call.ids("focuses")
    focus = pick_columns(np.array([[name in idea.focuses for name in focuses] for idea in ideas])[places], rng)
    near, far = 1 - assumed.intake.regional, assumed.intake.regional
    reaches = [{"local": (1, 0), "regional": (0, 1), None: (near, far)}[idea.reach] for idea in ideas]
    table = pd.DataFrame({
        "idea": places,
        "category": np.array(catalogue.categories)[places],
        "actor_kind": np.array([kind for kind, _ in leads])[lead],
        "partnership": np.array([name for _, name in leads])[lead],
        "focus": np.array(focuses)[focus],
        "reach": np.array(FIXED_GROUPS["reach"])[pick_columns(np.array(reaches)[places], rng)],
    })  # fmt: skip
    return table.assign(scale=_draw_scale(table, [idea.scale for idea in ideas], assumed, rng))


def _lead_weights(idea: Idea, leads: Sequence[tuple[str, str]], assumed: Reconstruction) -> list[float]:
    """Return the weight of each kind of lead actor and partnership for an idea, zero where these do not suit it."""
    weights = []
    for kind, partnership in leads:
        kinds = suitable_leads(idea, partnership, assumed)
        share = kinds[kind] / sum(kinds.values()) if kind in kinds else 0.0
        weights.append(share * assumed.intake.partnerships[partnership])
    return weights


def _draw_scale(
    table: pd.DataFrame, scales: Sequence[str | None], assumed: Reconstruction, rng: np.random.Generator
) -> Sequence[str]:
    """Return the scale of each lead actor's municipality: that of the idea, or drawn by the rule for the lead actor."""
    rules = assumed.rules_of(zip(table["actor_kind"], table["partnership"], table["reach"], strict=True))
    share = np.array([rule.city for rule in assumed.actors.rules])[rules]
    city, town = FIXED_GROUPS["scale"]
    fixed = np.array([scale or "" for scale in scales])[table["idea"]]
    drawn = np.where(rng.random(len(table)) < share, city, town)
    return list(np.where(fixed == "", drawn, fixed))
