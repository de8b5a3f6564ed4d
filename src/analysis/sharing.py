"""Scaling up: which pilots may become a service for all, and what each municipality that joins then pays a year."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from fractions import Fraction

import pandas as pd

from analysis.call import Call
from analysis.declarations import CONDITIONS, CostSharing, PartModel
from analysis.faults import Fault, refuse
from analysis.indicators import Indicator, Recorder


def judge_pilots(pilots: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """Return for every chosen proposal whether it may be scaled up and what it lacks (see the contract `scaling`).

    It may where it meets all conditions. Where it fails one it may not; where none fails and some are not yet assessed,
    as for a pilot without an assessment, it is open. No assessment of any pilot gives an empty table, and so does a
    choice that is not known. Raises InputError where a proposal that was not chosen is assessed, and where an
    assessment has no day.
    """
    columns = ["proposal", "title", "verdict", "lacking", "unknown", "yearly_cost", "assessed_on", "source"]
    if chosen.empty:
        return pd.DataFrame(columns=columns)
    refuse(_unfit_assessments(pilots, chosen))
    if pilots.empty:
        return pd.DataFrame(columns=columns)
    table = chosen[["proposal", "title"]].merge(pilots, on="proposal", how="left", validate="one_to_one")
    conditions = table[list(CONDITIONS)]
    fails, unknown = conditions.eq("false").fillna(False).astype(bool), conditions.isna()
    verdict = pd.Series("approved", index=table.index).mask(unknown.any(axis=1), "open")
    named = {"lacking": _name_conditions(fails), "unknown": _name_conditions(unknown)}
    return table.assign(verdict=verdict.mask(fails.any(axis=1), "lacking"), **named)[columns]


def share_costs(scaling: pd.DataFrame, joining: pd.DataFrame, municipalities: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return what each municipality that joins an approved service pays a year (see the contract `cost_shares`).

    Municipalities that join what is not approved pay nothing and are left out. Raises InputError where municipalities
    join an approved service of which the cost is unknown, or the call declares no way to share it.
    """
    refuse(_unshareable(scaling, joining, call))
    people = municipalities.set_index("nis")
    rows = []
    for service in scaling[scaling["verdict"] == "approved"].itertuples():
        joined = joining.loc[joining["proposal"] == service.proposal, "nis"]
        if call.cost_sharing is None or joined.empty:
            continue
        population = {nis: int(people.at[nis, "population"]) for nis in joined}
        for nis, euro in split_cost(int(service.yearly_cost), population, call.cost_sharing).items():
            rows.append((service.proposal, nis, people.at[nis, "name"], population[nis], euro))
    return pd.DataFrame(rows, columns=["proposal", "nis", "municipality", "population", "euro"])


def describe_services(scaling: pd.DataFrame, shares: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return every approved service of which the yearly cost is known (see the contract `services`)."""
    known = scaling[(scaling["verdict"] == "approved") & scaling["yearly_cost"].notna()]
    joined = shares.groupby("proposal").agg(
        municipalities=("nis", "size"),
        population=("population", "sum"),
        lowest=("euro", "min"),
        highest=("euro", "max"),
    )
    services = known[["proposal", "title", "yearly_cost"]].merge(joined, on="proposal", how="left")
    counts = services[["municipalities", "population"]].fillna(0)
    model, most = call.cost_sharing, call.cost_sharing.most_per_municipality if call.cost_sharing else None
    needed = [find_break_even(int(cost), model) if model else None for cost in services["yearly_cost"]]
    above = shares[shares["euro"] > most].groupby("proposal").size() if most else pd.Series(dtype="int64")
    over = services["proposal"].map(above).fillna(0) if most else None
    return services.assign(**counts, break_even=pd.Series(needed, dtype="Int64"), above=over)


def weigh_shares(population: Mapping[str, int], sharing: CostSharing) -> dict[str, Fraction]:
    """Return the exact share of the cost of each municipality, by its population (inhabitants); together they are 1."""
    weights = dict.fromkeys(population, Fraction(0))
    for model, part in sharing.shares.items():
        parts = {name: _count_parts(people, model, sharing) for name, people in population.items()}
        whole = sum(parts.values())
        for name, own in parts.items():
            weights[name] += Fraction(str(part)) * own / whole
    return weights


def split_cost(cost: int, population: Mapping[str, int], sharing: CostSharing) -> dict[str, int]:
    """Return the whole euros that each municipality pays, in the order given; together they are exactly the cost.

    By the method of largest remainders (Hamilton's; Balinski and Young 1982, Fair Representation): each pays its exact
    share rounded down, and the euros left go to the largest fractions. Of equal fractions the larger municipality comes
    first, then the lower code. One municipality or more is needed.
    """
    exact = {name: cost * weight for name, weight in weigh_shares(population, sharing).items()}
    euros = {name: math.floor(amount) for name, amount in exact.items()}
    by_remainder = sorted(exact, key=lambda name: (euros[name] - exact[name], -population[name], name))
    for name in by_remainder[: cost - sum(euros.values())]:
        euros[name] += 1
    return euros


def find_break_even(cost: int, sharing: CostSharing) -> int | None:
    """Return the fewest municipalities that can bear the cost at the fixed price, or at the most that each would pay.

    With fewer, the price does not bring in the cost, or some municipality pays more than the most, whatever the model.
    None where the call declares neither.
    """
    limit = sharing.price or sharing.most_per_municipality
    return None if limit is None else math.ceil(Fraction(cost, limit))


def indicators(
    pilots: pd.DataFrame, scaling: pd.DataFrame, services: pd.DataFrame, shares: pd.DataFrame
) -> Iterator[Indicator]:
    """Yield how many pilots may be scaled up, none without data, and what their services cost together."""
    record = Recorder(judge_pilots, "pilots", "chosen")
    counts = scaling["verdict"].value_counts()
    yield record.one("scaling.approved", int(counts.get("approved", 0)), "count")
    if len(pilots) and len(scaling):
        for verdict in ("lacking", "open"):
            yield record.one(f"scaling.{verdict}", int(counts.get(verdict, 0)), "count")
    if len(services):
        record = Recorder(describe_services, "scaling", "cost_shares")
        yield record.one("sharing.services", len(services), "count")
        yield record.one("sharing.cost", int(services["yearly_cost"].sum()), "euro")
        judged = services.dropna(subset="break_even")
        yield record.one("sharing.judged", len(judged), "count")
        yield record.one("sharing.paid", int((judged["municipalities"] >= judged["break_even"]).sum()), "count")
        yield record.one("sharing.above", int(services["above"].sum()), "count")
    if len(shares):
        record = Recorder(share_costs, "scaling", "joining", "municipalities")
        yield record.one("sharing.municipalities", int(shares["nis"].nunique()), "count")
        yield record.one("sharing.lowest", int(shares["euro"].min()), "euro")
        yield record.one("sharing.highest", int(shares["euro"].max()), "euro")


def _count_parts(people: int, model: PartModel, sharing: CostSharing) -> Fraction:
    """Return how many parts of the cost a municipality of this population bears."""
    if model == "equal":
        return Fraction(1)
    if model == "per_head":
        return Fraction(people)
    band = next(band for band in reversed(sharing.bands) if people >= band.from_population)
    return Fraction(str(band.parts))


def _name_conditions(flags: pd.DataFrame) -> pd.Series:
    """Return the conditions that are true in each row, joined by a space; missing where none is."""
    names = [" ".join(name for name in flags if row[name]) or None for row in flags.to_dict("records")]
    return pd.Series(names, index=flags.index, dtype="str")


def _unfit_assessments(pilots: pd.DataFrame, chosen: pd.DataFrame) -> Iterator[Fault]:
    known = set(chosen["proposal"])
    for row in pilots.to_dict("records"):
        place = f"pilots.csv, proposal {row['proposal']}, column"
        if row["proposal"] not in known:
            yield Fault(f"{place} proposal", "a proposal that was not chosen", "a chosen proposal, which is a pilot")
        if pd.isna(row["assessed_on"]) and any(pd.notna(row[condition]) for condition in CONDITIONS):
            yield Fault(f"{place} assessed_on", "nothing", "the day of the assessment")


def _unshareable(scaling: pd.DataFrame, joining: pd.DataFrame, call: Call) -> Iterator[Fault]:
    shared = scaling[(scaling["verdict"] == "approved") & scaling["proposal"].isin(joining["proposal"])]
    if len(shared) and call.cost_sharing is None:
        expected = "how the cost of a service is shared, for municipalities join one"
        yield Fault("call.yml, cost_sharing", "no such key", expected)
    for proposal in shared.loc[shared["yearly_cost"].isna(), "proposal"]:
        place = f"pilots.csv, proposal {proposal}, column yearly_cost"
        yield Fault(place, "nothing", "the cost of the service a year, for municipalities join it")
