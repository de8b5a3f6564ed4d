"""Synthetic lead actors with their names and places, and the municipalities that each proposal involves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.declarations import FIXED_GROUPS
from analysis.faults import Fault, InputError
from analysis.synthesis.assumptions import ASSUMPTIONS, ActorRule, Reconstruction
from analysis.synthesis.draws import Whole, apportion, stream


@dataclass(frozen=True)
class Leads:
    """The lead actors: the rule of each and its municipality, the actor of each proposal, and names and members.

    Municipalities are positions in the reference table; `members` lists those that a name joins, the own one first.
    """

    of_proposal: Whole
    place: Whole
    kind: list[str]
    name: list[str]
    members: list[Whole]


@dataclass(frozen=True)
class Map:
    """The municipalities, and for each of them all of them by distance, itself first."""

    table: pd.DataFrame
    nearest: Whole

    @classmethod
    def of(cls, municipalities: pd.DataFrame) -> Map:
        """Return the map of the reference table; distances are those of a plane, near enough within one region."""
        latitude = np.radians(municipalities["latitude"].to_numpy())
        east = np.radians(municipalities["longitude"].to_numpy()) * np.cos(latitude.mean())
        squared = (latitude[:, None] - latitude) ** 2 + (east[:, None] - east) ** 2
        return cls(municipalities.reset_index(drop=True), np.argsort(squared, axis=1, kind="stable"))


def draw_leads(traits: pd.DataFrame, actors: int, places: Map, assumed: Reconstruction) -> Leads:
    """Return `actors` lead actors, or as few more as the proposals need whose leads can not be the same.

    Proposals share a lead only where the same rule and scale hold for both.
    """
    rng = stream(assumed.seed, "actors")
    rules = assumed.rules_of(zip(traits["actor_kind"], traits["partnership"], traits["reach"], strict=True))
    group = np.array(rules) * 2 + (traits["scale"] == FIXED_GROUPS["scale"][0]).to_numpy()
    groups, sizes = np.unique(group, return_counts=True)
    numbers = 1 + apportion(sizes - 1, max(actors - len(groups), 0)) if sizes.max() > 1 else sizes
    of_proposal = np.zeros(len(traits), dtype="int64")
    place: list[Whole] = []
    first = 0
    for one, number in zip(groups, numbers, strict=True):
        rows = rng.permutation(np.flatnonzero(group == one))
        extra = rng.integers(0, number, len(rows) - number)
        of_proposal[rows] = first + np.concatenate([np.arange(number), extra])
        place.append(_draw_places(number, assumed.actors.rules[one // 2], bool(one % 2), places, assumed, rng))
        first += number
    rule = [assumed.actors.rules[one // 2] for one, number in zip(groups, numbers, strict=True) for _ in range(number)]
    return _in_order(_name(of_proposal, np.concatenate(place), rule, places, rng))


def involve(
    traits: pd.DataFrame, leads: Leads, municipalities: int, places: Map, assumed: Reconstruction
) -> pd.DataFrame:
    """Return the pairs of proposal and municipality (as positions) such that just so many municipalities take part.

    A proposal involves the members of its lead actor; a regional one some neighbours of these as well. Where the lead
    actors come from more municipalities than that, there are as many more.
    """
    rng = stream(assumed.seed, "involvement")
    home = leads.place[leads.of_proposal]
    members = [leads.members[actor] for actor in leads.of_proposal]
    own = pd.DataFrame({
        "proposal": np.repeat(np.arange(len(traits)), [len(one) for one in members]),
        "place": np.concatenate(members),
    })  # fmt: skip
    regional = np.flatnonzero(traits["reach"] == "regional")
    taking_part = _take_part(np.unique(own["place"]), np.unique(home[regional]), municipalities, places)
    few, many = assumed.intake.regional_neighbours.low, assumed.intake.regional_neighbours.high
    wanted = np.minimum(rng.integers(few, many + 1, len(regional)), len(taking_part) - 1)
    near = _nearest_among(taking_part, places)
    around = pd.DataFrame({
        "proposal": np.repeat(regional, wanted),
        "place": near[np.repeat(home[regional], wanted), _count_up(wanted) + 1],
    })  # fmt: skip
    pairs = pd.concat([own, around])
    missed = np.setdiff1d(taking_part, pairs["place"])
    hosts = [regional[_first_of(places.nearest[one], home[regional])] for one in missed] if len(regional) else []
    added = pd.DataFrame({"proposal": hosts, "place": missed[: len(hosts)]}, dtype="int64")
    return pd.concat([pairs, added]).drop_duplicates().sort_values(["proposal", "place"]).reset_index(drop=True)


def _draw_places(
    number: int, rule: ActorRule, city: bool, places: Map, assumed: Reconstruction, rng: np.random.Generator
) -> Whole:
    """Return municipalities of this scale that the rule allows, the larger the likelier, none twice while enough."""
    table = places.table
    scale = FIXED_GROUPS["scale"][0 if city else 1]
    allowed = (table["scale"] == scale) & (table["population"] >= rule.population_from)
    if rule.population_to is not None:
        allowed &= table["population"] <= rule.population_to
    found = np.flatnonzero(allowed)
    if not len(found):
        expected = "population bounds that some municipality of either scale keeps to"
        raise InputError([Fault(f"{ASSUMPTIONS}, actors.rules", f"no {scale} for a {rule.kind}", expected)])
    weights = table["population"].to_numpy("float64")[found] ** assumed.actors.population_exponent
    return np.asarray(rng.choice(found, number, replace=number > len(found), p=weights / weights.sum()))


def _name(of_proposal: Whole, place: Whole, rules: Sequence[ActorRule], places: Map, rng: np.random.Generator) -> Leads:
    """Return the lead actors with a name by one of the patterns of their rule; a repeated name gets a number."""
    known = places.table["name"].to_numpy()
    names, members = [], []
    for home, rule, draw in zip(place, rules, rng.random(len(place)), strict=True):
        pattern = rule.names[int(draw * len(rule.names))]
        joined = places.nearest[home, : sum(f"{{{letter}}}" in pattern for letter in "abc")]
        names.append(pattern.format(**dict(zip("abc", known[joined], strict=False))))
        members.append(joined)
    return Leads(of_proposal, place, [rule.kind for rule in rules], number_repeats(names), members)


def number_repeats(texts: Sequence[str]) -> list[str]:
    """Return the texts, the second one of its kind with a 2 after it, and so on."""
    series = pd.Series(texts)
    earlier = series.groupby(series, sort=False).cumcount()
    return list(series.where(earlier == 0, series + " " + (earlier + 1).astype("str")))


def _in_order(leads: Leads) -> Leads:
    """Return the lead actors in the order of their first proposals."""
    order = pd.unique(leads.of_proposal)
    new = np.empty(len(order), dtype="int64")
    new[order] = np.arange(len(order))
    kind, name, members = ([values[old] for old in order] for values in (leads.kind, leads.name, leads.members))
    return Leads(new[leads.of_proposal], leads.place[order], kind, name, members)


def _take_part(own: Whole, hosts: Whole, municipalities: int, places: Map) -> Whole:
    """Return the municipalities that take part: those of lead actors, and the nearest to regional ones."""
    centres = hosts if len(hosts) else own
    order = places.nearest[centres].argsort(axis=1)  # place of every municipality in the order of distance
    others = np.setdiff1d(np.arange(len(places.table)), own)
    by_distance = others[np.argsort(order[:, others].min(axis=0), kind="stable")]
    return np.sort(np.concatenate([own, by_distance[: max(municipalities - len(own), 0)]]))


def _nearest_among(taking_part: Whole, places: Map) -> Whole:
    """Return for every municipality those that take part by distance, itself first where it does."""
    kept = np.isin(places.nearest, taking_part)
    return places.nearest[kept].reshape(len(places.table), len(taking_part))


def _count_up(numbers: Whole) -> Whole:
    """Return 0, 1, ... for each of the numbers, up to it, one after the other."""
    ends = np.cumsum(numbers)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - numbers, numbers)


def _first_of(order: Whole, among: Whole) -> int:
    """Return the position in `among` of the municipality that comes first in an order."""
    rank = np.empty(len(order), dtype="int64")
    rank[order] = np.arange(len(order))
    return int(rank[among].argmin())
