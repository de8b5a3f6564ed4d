"""Who applied, with what, from where: counts and shares of proposals, and their spread beside the population's."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd

from analysis.call import Call
from analysis.declarations import FIXED_GROUPS, GROUPED_BY
from analysis.indicators import Indicator, Recorder, name_group
from analysis.intervals import LEVEL, bound_share

OF_PLACE = ("province", "scale")  # the dimensions whose groups are made of municipalities


def profile(proposals: pd.DataFrame, actors: pd.DataFrame, municipalities: pd.DataFrame) -> pd.DataFrame:
    """Return each proposal with every column that it can be grouped on (see the contract `profiles`).

    Kind, province and scale are those of the lead actor; without a table of actors they are missing.
    """
    leads = actors.rename(columns={"kind": "actor_kind"}).merge(municipalities, on="nis", validate="many_to_one")
    of_lead = leads[["actor", "actor_kind", "province", "scale"]]
    merged = proposals.merge(of_lead, on="actor", how="left", validate="many_to_one")
    columns = ["proposal", "category", "actor_kind", "partnership", "reach", "focus", "province", "scale"]
    return merged.set_index("proposal").loc[proposals["proposal"]].reset_index()[columns]


def known_groups(profiles: pd.DataFrame, dimension: str, call: Call) -> list[str]:
    """Return the groups of a dimension in the order of the call; provinces, which it does not list, by name."""
    if dimension in FIXED_GROUPS:
        return list(FIXED_GROUPS[dimension])
    if dimension in GROUPED_BY:
        return list(call.ids(GROUPED_BY[dimension]))
    return sorted(profiles[dimension].dropna().unique())


def count_groups(profiles: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return number and share of proposals per group of every dimension; groups without proposals count zero.

    The share is of all proposals, so a dimension that is not filled in for each does not sum to one; one of which
    nothing is known has no groups.
    """
    counted = [pd.DataFrame(columns=["dimension", "group", "proposals"])]
    for dimension in _known_dimensions(profiles):
        groups = known_groups(profiles, dimension, call)
        numbers = profiles[dimension].value_counts().reindex(groups, fill_value=0)
        counted.append(pd.DataFrame({"dimension": dimension, "group": groups, "proposals": numbers.to_numpy()}))
    table = pd.concat(counted[1:] or counted, ignore_index=True).astype({"proposals": "int64"})
    return table.assign(share=table["proposals"] / max(len(profiles), 1))


def _known_dimensions(profiles: pd.DataFrame) -> list[str]:
    return [name for name in profiles.columns.drop("proposal") if profiles[name].notna().any()]


def cross_category_and_kind(profiles: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return the number of proposals per category and kind of lead actor, zeros included; none of unknown kinds."""
    if profiles["actor_kind"].isna().all():
        return pd.DataFrame(columns=["category", "actor_kind", "proposals"])
    pairs = pd.MultiIndex.from_product([call.ids("categories"), call.ids("actor_kinds")])
    numbers = profiles.groupby(["category", "actor_kind"]).size().reindex(pairs, fill_value=0)
    return numbers.rename_axis(["category", "actor_kind"]).reset_index(name="proposals")


def count_reach(
    municipalities: pd.DataFrame, involvement: pd.DataFrame, proposals: pd.DataFrame, actors: pd.DataFrame
) -> pd.DataFrame:
    """Return every municipality with the number of proposals that involve it, their share of all, and those it leads.

    A proposal involves several municipalities, so the shares do not sum to one. Where it is not known which ones are
    involved the table is empty.
    """
    municipalities = municipalities if len(involvement) else municipalities[:0]
    led = proposals.merge(actors, on="actor")["nis"].value_counts()
    involved = involvement["nis"].value_counts()
    columns = ["nis", "name", "province", "population", "latitude", "longitude"]
    counted = municipalities[columns].assign(
        proposals=municipalities["nis"].map(involved).fillna(0).astype("int64"),
        led=municipalities["nis"].map(led).fillna(0).astype("int64"),
    )
    share, limit = counted["proposals"] / len(proposals), pd.Series(pd.NA, index=counted.index, dtype="Int64")
    return counted.assign(share=share, fewer_than=limit)  # release fills the limit where it leaves a number out


def compare_with_population(profiles: pd.DataFrame, municipalities: pd.DataFrame, reach: pd.DataFrame) -> pd.DataFrame:
    """Return per province and scale the proposals beside those that its share of the population leads one to expect.

    Proposals belong to the municipality of their lead actor. The ratio is that of the proposals to the expected ones;
    its interval is that of their share (see `intervals.bound_share`) over the share of the population. Proposals of one
    actor count as independent, so the interval is rather too short. Empty where no actor is known. See the contract
    `spread`.
    """
    reached = municipalities["nis"].map(reach.set_index("nis")["proposals"]).gt(0).astype("Int64")
    places = municipalities.assign(reached=reached if reached.any() else pd.NA)
    rows = []
    for dimension in OF_PLACE if profiles["province"].notna().any() else ():
        for group in places_of(municipalities, dimension):
            own = places[places[dimension] == group]
            share = float(own["population"].sum() / places["population"].sum())
            counted = int((profiles[dimension] == group).sum())
            low, high = bound_share(counted, len(profiles))
            rows.append({
                "dimension": dimension,
                "group": group,
                "proposals": counted,
                "population_share": share,
                "expected": share * len(profiles),
                "ratio": counted / (share * len(profiles)),
                "low": low / share,
                "high": high / share,
                "municipalities": len(own),
                "reached": own["reached"].sum(min_count=1),
            })  # fmt: skip
    names = ["dimension", "group", "proposals", "population_share", "expected", "ratio", "low", "high"]
    return pd.DataFrame(rows, columns=[*names, "municipalities", "reached"])


def places_of(municipalities: pd.DataFrame, dimension: str) -> list[str]:
    """Return the groups of a dimension that have municipalities: scales in their fixed order, provinces by name."""
    present = set(municipalities[dimension])
    return [group for group in FIXED_GROUPS.get(dimension, sorted(present)) if group in present]


def list_white_spots(municipalities: pd.DataFrame, reach: pd.DataFrame) -> pd.DataFrame:
    """Return the municipalities that no proposal involves, by province and name.

    Where no proposal says which municipalities it involves nothing is known of them, and the table is empty.
    """
    columns = ["nis", "name", "province", "population"]
    involved = set(reach.loc[reach["proposals"] > 0, "nis"])
    missed = municipalities[~municipalities["nis"].isin(involved)] if involved else municipalities[:0]
    return missed.sort_values(["province", "name"])[columns].reset_index(drop=True)


def evenness(counts: pd.Series) -> float:
    """Return Pielou's evenness of counts over groups: 1 where all are equal, 0 where all fall in one group.

    Source: Pielou 1966, Journal of Theoretical Biology 13, 131-144: Shannon's entropy over its maximum, the log of the
    number of groups. Groups without any count lower it; with a single group it is 1.
    """
    if len(counts) < 2:
        return 1.0
    shares = counts[counts > 0] / counts.sum()
    entropy = abs(float((shares * shares.map(math.log)).sum()))
    return min(1.0, entropy / math.log(len(counts)))  # rounding may leave a little more than the maximum


def measure_evenness(profiles: pd.DataFrame, municipalities: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return how evenly and over how many groups the proposals are spread, by category, kind, province and scale.

    For provinces and scales the evenness of the population over them stands beside it, as few would expect a small
    province to have as many proposals as a large one. What nothing is known of has no row. See the contract `evenness`.
    """
    rows = []
    for dimension in [name for name in ("category", "actor_kind", *OF_PLACE) if profiles[name].notna().any()]:
        of_place = dimension in OF_PLACE
        groups = places_of(municipalities, dimension) if of_place else known_groups(profiles, dimension, call)
        counts = profiles[dimension].value_counts().reindex(groups, fill_value=0)
        people = municipalities.groupby(dimension)["population"].sum() if of_place else None
        rows.append({
            "dimension": dimension,
            "groups": len(groups),
            "covered": int((counts > 0).sum()),
            "evenness": evenness(counts),
            "population_evenness": None if people is None else evenness(people),
        })  # fmt: skip
    return pd.DataFrame(rows)


def spread_indicators(spread: pd.DataFrame, even: pd.DataFrame) -> Iterator[Indicator]:
    """Yield the evenness and coverage of the dimensions, and what the population leads one to expect of each place."""
    yield from Recorder(measure_evenness).each("distribution.evenness", {"low": 0, "high": 1}, "ratio")
    record = Recorder(measure_evenness, "profiles", "municipalities")
    for row in even.itertuples():
        name = f"distribution.{row.dimension}"
        yield record.one(f"{name}.evenness", row.evenness, "ratio")
        yield record.one(f"{name}.covered", row.covered, "count")
        yield record.one(f"{name}.groups", row.groups, "count")
        if pd.notna(row.population_evenness):
            yield record.one(f"{name}.population_evenness", row.population_evenness, "ratio")
    yield Recorder(compare_with_population).one("distribution.level", LEVEL, "share")
    record = Recorder(compare_with_population, "profiles", "municipalities", "municipality_reach")
    for row in spread.itertuples():
        name = f"distribution.{row.dimension}.{name_group(row.group)}"
        yield record.one(f"{name}.submitted", row.proposals, "count")
        yield record.one(f"{name}.expected", row.expected, "count")
        yield record.one(f"{name}.ratio", row.ratio, "ratio")


def indicators(
    profiles: pd.DataFrame, distribution: pd.DataFrame, reach: pd.DataFrame, proposals: pd.DataFrame
) -> Iterator[Indicator]:
    """Yield the indicators of the distribution; of what is not known there are none."""
    record = Recorder(count_groups, "proposals", "actors", "municipalities")
    yield record.one("distribution.proposals", len(profiles), "count")
    if proposals["actor"].notna().any():
        yield record.one("distribution.actors", proposals["actor"].nunique(), "count")
    yield record.one("distribution.categories", int((_of(distribution, "category") > 0).sum()), "count")
    yield record.one("distribution.categorised", int(profiles["category"].notna().sum()), "count")
    if proposals["cross_sector"].notna().any():
        yield record.one("distribution.cross_sector", int(proposals["cross_sector"].sum()), "count")
    for dimension in distribution["dimension"].unique():
        counts = _of(distribution, dimension)
        numbers = {name_group(group): number for group, number in counts.items()}
        yield from record.each(f"distribution.{dimension}", numbers, "count")
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
    record = Recorder(list_white_spots, "municipality_reach", "municipalities")
    missed = reach[reach["proposals"] == 0]
    yield record.one("distribution.white_spots", len(missed), "count")
    for province, own in missed.groupby("province"):
        name = f"distribution.province.{name_group(str(province))}.white_spots"
        yield record.one(name, len(own), "count")
        yield record.one(f"{name}.population", int(own["population"].sum()), "inhabitants")
    yield record.one("distribution.white_spots.population.share", 1 - float(population), "share")


def _of(distribution: pd.DataFrame, dimension: str) -> pd.Series:
    return distribution[distribution["dimension"] == dimension].set_index("group")["proposals"]
