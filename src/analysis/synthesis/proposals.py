"""The synthetic tables `proposals`, `actors` and `involvement`, put together from traits, ideas and lead actors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.call import Call
from analysis.declarations import MATURITIES
from analysis.months import list_months
from analysis.synthesis.actors import Leads, Map, number_repeats
from analysis.synthesis.assumptions import Reconstruction
from analysis.synthesis.draws import Real, Whole, draw_amounts, number_ids, stream
from analysis.synthesis.ideas import Catalogue


def list_proposals(
    ids: Sequence[str], traits: pd.DataFrame, shortlist: pd.DataFrame, quality: Real, leads: Leads,
    catalogue: Catalogue, places: Map, call: Call, assumed: Reconstruction,
) -> pd.DataFrame:  # fmt: skip
    """Return the table `proposals`; the index of `shortlist` tells which of them have their money, staff and choice."""
    chosen = shortlist.index[shortlist["chosen"]].to_numpy()
    actor_ids = np.array(number_ids(assumed.actors.actor_id, len(leads.place)), dtype="object")
    ideas = [catalogue.ideas[place] for place in traits["idea"]]
    return pd.DataFrame({
        "proposal": ids,
        "title": _title(traits, catalogue, leads, places, assumed),
        "summary": [idea.summary for idea in ideas],
        "category": traits["category"].to_numpy(),
        "actor": actor_ids[leads.of_proposal],
        **{name: traits[name].to_numpy() for name in ("partnership", "reach", "focus")},
        "cross_sector": _cross_sectors(len(ids), chosen, assumed),
        **_mature(quality, assumed),
        **_ask(len(ids), shortlist, assumed),
        **_schedule(len(ids), chosen, call, assumed),
        "umbrella": [idea.umbrella for idea in ideas],
    })  # fmt: skip


def list_actors(leads: Leads, places: Map, assumed: Reconstruction) -> pd.DataFrame:
    """Return the table `actors`."""
    ids = number_ids(assumed.actors.actor_id, len(leads.place))
    nis = places.table["nis"].to_numpy()[leads.place]
    return pd.DataFrame({"actor": ids, "name": leads.name, "kind": leads.kind, "nis": nis})


def list_involvement(pairs: pd.DataFrame, ids: Sequence[str], places: Map) -> pd.DataFrame:
    """Return the table `involvement` of pairs of positions, in order of proposal and municipality."""
    nis = places.table["nis"].to_numpy()[pairs["place"]]
    return pd.DataFrame({"proposal": np.array(ids, dtype="object")[pairs["proposal"]], "nis": nis})


def _title(traits: pd.DataFrame, catalogue: Catalogue, leads: Leads, places: Map, assumed: Reconstruction) -> list[str]:
    """Return the title of each idea; where ideas are used again, with the municipality, and a number if need be."""
    titles = [catalogue.ideas[place].title for place in traits["idea"]]
    if traits["idea"].is_unique:
        return titles
    names = places.table["name"].to_numpy()[leads.place[leads.of_proposal]]
    pattern = assumed.intake.repeated_title
    pairs = zip(titles, names, strict=True)
    return number_repeats([pattern.format(title=title, municipality=name) for title, name in pairs])


def _cross_sectors(count: int, chosen: Whole, assumed: Reconstruction) -> list[str]:
    """Return the flags of work across sectors, of the chosen proposals just as many as declared."""
    rng = stream(assumed.seed, "cross_sector")
    crossing = rng.random(count) < assumed.intake.cross_sector
    crossing[chosen] = False
    crossing[rng.choice(chosen, assumed.chosen.cross_sector, replace=False)] = True
    return list(np.where(crossing, "true", "false"))


def _mature(quality: Real, assumed: Reconstruction) -> dict[str, Sequence[str]]:
    """Return the maturity at the intake and at the end; the better proposals get furthest, and none goes back."""
    rng, shares = stream(assumed.seed, "maturity"), assumed.intake.maturity
    idea, plan, prototype = range(len(MATURITIES))
    intake = np.where(rng.random(len(quality)) < shares.plan_at_intake, plan, idea)
    merit = quality + rng.normal(0, shares.noise, len(quality))
    place = (merit.argsort().argsort() + 0.5) / len(quality)  # share of proposals that it surpasses
    least = [1 - shares.prototype_at_end - shares.plan_at_end, 1 - shares.prototype_at_end]
    end = np.maximum(intake, np.select([place < least[0], place < least[1]], [idea, plan], prototype))
    names = np.array(MATURITIES)
    return {"maturity_intake": list(names[intake]), "maturity_end": list(names[end])}


def _ask(count: int, shortlist: pd.DataFrame, assumed: Reconstruction) -> dict[str, Sequence[float]]:
    """Return the money and staff asked for, of the shortlisted proposals as they were composed."""
    rng, intake = stream(assumed.seed, "amounts"), assumed.intake
    euro = draw_amounts(count, intake.euro, rng)
    staff = intake.staff_months.keep(euro / draw_amounts(count, intake.euro_per_staff_month, rng))
    euro[shortlist.index] = shortlist["requested_euro"]
    staff[shortlist.index] = shortlist["requested_staff_months"]
    return {"requested_euro": list(euro.astype("int64")), "requested_staff_months": list(staff)}


def _schedule(count: int, chosen: Whole, call: Call, assumed: Reconstruction) -> dict[str, Sequence[str] | Whole]:
    """Return start and length in whole months within the execution.

    The chosen ones fill it from the first day to the last, and have at least as many different starts as declared.
    """
    rng, intake = stream(assumed.seed, "schedule"), assumed.intake
    assert call.dates.execution is not None, "a call with a reconstruction has been carried out"
    months = list_months(call.dates.execution.start, call.dates.execution.end)
    length = np.minimum(rng.integers(intake.months.low, intake.months.high + 1, count), len(months))
    start = np.minimum(rng.exponential(intake.mean_delay, count).astype("int64"), len(months) - length)
    varied = rng.permutation(chosen)[: min(assumed.chosen.starts, len(months))]
    start[varied] = np.arange(len(varied))
    length = np.minimum(length, len(months) - start)
    length[varied[-1]] = len(months) - start[varied[-1]]
    days = np.array([month.strftime("%Y-%m-%d") for month in months])
    return {"start": list(days[start]), "months": length}
