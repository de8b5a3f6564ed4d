"""Who applied, with what, from where: counts and shares of proposals, and their spread over municipalities."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from analysis.call import Call
from analysis.declarations import FIXED_GROUPS, GROUPED_BY
from analysis.indicators import Indicator, Recorder, name_group


def profile(proposals: pd.DataFrame, actors: pd.DataFrame, municipalities: pd.DataFrame) -> pd.DataFrame:
    """Return each proposal with every column that it can be grouped on (see the contract `profiles`).

    Kind, province and scale are those of the lead actor.
    """
    leads = actors.rename(columns={"kind": "actor_kind"}).merge(municipalities, on="nis", validate="many_to_one")
    merged = proposals.merge(leads[["actor", "actor_kind", "province", "scale"]], on="actor", validate="many_to_one")
    columns = ["proposal", "category", "actor_kind", "partnership", "reach", "focus", "province", "scale"]
    return merged.set_index("proposal").loc[proposals["proposal"]].reset_index()[columns]


def known_groups(profiles: pd.DataFrame, dimension: str, call: Call) -> list[str]:
    """Return the groups of a dimension in the order of the call; provinces, which it does not list, by name."""
    if dimension in FIXED_GROUPS:
        return list(FIXED_GROUPS[dimension])
    if dimension in GROUPED_BY:
        return list(call.ids(GROUPED_BY[dimension]))
    return sorted(profiles[dimension].unique())


def count_groups(profiles: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return number and share of proposals per group of every dimension; groups without proposals count zero.

    The share is of all proposals, so a dimension that is not filled in for each does not sum to one.
    """
    counted = []
    for dimension in profiles.columns.drop("proposal"):
        groups = known_groups(profiles, dimension, call)
        numbers = profiles[dimension].value_counts().reindex(groups, fill_value=0)
        counted.append(pd.DataFrame({"dimension": dimension, "group": groups, "proposals": numbers.to_numpy()}))
    table = pd.concat(counted, ignore_index=True)
    return table.assign(share=table["proposals"] / len(profiles))


def cross_category_and_kind(profiles: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return the number of proposals per category and kind of lead actor, zeros included."""
    pairs = pd.MultiIndex.from_product([call.ids("categories"), call.ids("actor_kinds")])
    numbers = profiles.groupby(["category", "actor_kind"]).size().reindex(pairs, fill_value=0)
    return numbers.rename_axis(["category", "actor_kind"]).reset_index(name="proposals")


def count_reach(
    municipalities: pd.DataFrame, involvement: pd.DataFrame, proposals: pd.DataFrame, actors: pd.DataFrame
) -> pd.DataFrame:
    """Return every municipality with the number of proposals that involve it, their share of all, and those it leads.

    A proposal involves several municipalities, so the shares do not sum to one.
    """
    led = proposals.merge(actors, on="actor")["nis"].value_counts()
    involved = involvement["nis"].value_counts()
    columns = ["nis", "name", "province", "population", "latitude", "longitude"]
    counted = municipalities[columns].assign(
        proposals=municipalities["nis"].map(involved).fillna(0).astype("int64"),
        led=municipalities["nis"].map(led).fillna(0).astype("int64"),
    )
    return counted.assign(share=counted["proposals"] / len(proposals))


def evenness(counts: pd.Series) -> float:
    """Return Pielou's evenness of counts over groups: 1 where all are equal, 0 where all fall in one group.

    Source: Pielou 1966, Journal of Theoretical Biology 13: Shannon entropy over its maximum, the log of the number
    of groups. Groups without any count lower it; with a single group it is 1.
    """
    if len(counts) < 2:
        return 1.0
    shares = counts[counts > 0] / counts.sum()
    return abs(float((shares * shares.map(math.log)).sum())) / math.log(len(counts))


def indicators(
    profiles: pd.DataFrame, distribution: pd.DataFrame, reach: pd.DataFrame, proposals: pd.DataFrame
) -> Iterator[Indicator]:
    """Yield the indicators of the distribution."""
    record = Recorder(count_groups, "proposals", "actors", "municipalities")
    yield record.one("distribution.proposals", len(profiles), "count")
    yield record.one("distribution.actors", proposals["actor"].nunique(), "count")
    yield record.one("distribution.categories", int((_of(distribution, "category") > 0).sum()), "count")
    yield record.one("distribution.categorised", int(profiles["category"].notna().sum()), "count")
    yield record.one("distribution.cross_sector", int(proposals["cross_sector"].sum()), "count")
    for dimension in distribution["dimension"].unique():
        counts = _of(distribution, dimension)
        numbers = {name_group(group): number for group, number in counts.items()}
        yield from record.each(f"distribution.{dimension}", numbers, "count")
    for dimension in ("category", "actor_kind", "province"):
        counts = _of(distribution, dimension)
        if dimension == "province":  # the table of groups knows only the provinces that take part
            counts = counts.reindex(reach["province"].unique(), fill_value=0)
        yield Recorder(evenness, "profiles", "municipalities").one(
            f"distribution.{dimension}.evenness", evenness(counts), "share"
        )
    yield from _reach_indicators(reach)


def _reach_indicators(reach: pd.DataFrame) -> Iterator[Indicator]:
    if not reach["proposals"].any():
        return
    record = Recorder(count_reach, "involvement", "municipalities")
    reached = reach[reach["proposals"] > 0]
    yield record.one("distribution.municipalities", len(reached), "count")
    yield record.one("distribution.municipalities.known", len(reach), "count")
    yield record.one("distribution.municipalities.share", len(reached) / len(reach), "share")
    population = reached["population"].sum() / reach["population"].sum()
    yield record.one("distribution.population.share", float(population), "share")
    yield record.one("distribution.provinces", reached["province"].nunique(), "count")


def _of(distribution: pd.DataFrame, dimension: str) -> pd.Series:
    return distribution[distribution["dimension"] == dimension].set_index("group")["proposals"]
