"""The choice from the shortlist under the call's caps and quotas, what each costs, and why a proposal is not chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.call import Call
from analysis.declarations import Cap, Dates, Quota
from analysis.faults import Fault, InputError, refuse
from analysis.indicators import Indicator, Recorder, name_group
from analysis.months import days_by_month, last_day
from analysis.programme import (
    TOLERANCE,
    Constraint,
    Flags,
    Programme,
    Solution,
    find_conflict,
    list_alternatives,
    relax_least,
    solve,
    unite_best,
)

MERIT_UNITS = {"totals": "points", "expected_ranks": "places"}  # by what the call ranks by
SHORTLIST = "shortlist"  # the constraint that only shortlisted proposals are computed with
Option = tuple[int, pd.Timestamp | None, int]  # position of the candidate, first day, months from the day it asked for


@dataclass(frozen=True)
class Choice:
    """What `choose` found: the tables `selection`, `constraint_prices` and `alternatives`, and how it departs.

    `cost` is the merit that a decision gives up against the computed choice, `bound` the proven highest sum.
    """

    selection: pd.DataFrame
    prices: pd.DataFrame
    alternatives: pd.DataFrame
    departures: int
    cost: float
    bound: float


def describe_candidates(totals: pd.DataFrame, profiles: pd.DataFrame, proposals: pd.DataFrame) -> pd.DataFrame:
    """Return the scored proposals by rank with totals, groups, money and staff asked for, start and months."""
    asked = proposals[["proposal", "requested_euro", "requested_staff_months", "start", "months"]]
    ordered = totals.sort_values(["rank", "proposal"])
    return ordered.merge(profiles, on="proposal").merge(asked, on="proposal").reset_index(drop=True)


def list_candidates(
    totals: pd.DataFrame, profiles: pd.DataFrame, proposals: pd.DataFrame, decision: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return of the scored proposals those on the shortlist, and those that a decision chose from outside it."""
    decided = _decided(decision) if decision is not None else set()
    return describe_candidates(totals[totals["shortlisted"] | totals["proposal"].isin(decided)], profiles, proposals)


def arrange(candidates: pd.DataFrame, call: Call) -> tuple[Programme, list[Option]]:
    """Return the programme of the choice among the candidates under the call's caps and quotas, and its options.

    Raises InputError naming every candidate that does not say what a cap limits.
    """
    refuse(_unstated(candidates, call))
    options = list(_list_options(candidates, call))
    owner = np.array([position for position, _, _ in options], dtype=np.int64)
    caps = [_cap(cap, candidates, options, call) for cap in call.selection.caps]
    quotas = [_quota(quota, candidates, owner) for quota in call.selection.quotas]
    merit = candidates["merit"].to_numpy("float64")
    delay = _weigh_delays(candidates, options)
    programme = Programme(merit, call.selection.choose, (*caps, *quotas), owner, delay)
    outside = ~candidates["shortlisted"].to_numpy(dtype=bool)
    return programme.under(programme.count_over(outside, SHORTLIST, 0, 0)) if outside.any() else programme, options


def _list_options(candidates: pd.DataFrame, call: Call) -> Iterator[Option]:
    """Yield the starts that each candidate may have: its own and, in a declared window, the first of each month."""
    window, last = call.selection.starts, _execution_of(call)[1]
    for position, row in enumerate(candidates[["start", "months"]].itertuples(index=False)):
        own = row.start if pd.notna(row.start) else None
        if window is None or own is None or pd.isna(row.months):
            yield position, own, 0
            continue
        starts = [*pd.date_range(window.earliest, window.latest, freq="MS")]
        starts += [own] if window.earliest <= own.date() <= window.latest and own not in starts else []
        fits = [start for start in sorted(starts) if last_day(start, int(row.months)) <= last]
        yield from ((position, start, _months_apart(start, own)) for start in fits or [own])


def _execution_of(call: Call) -> tuple[pd.Timestamp, pd.Timestamp]:
    """Return first and last day of the execution; the ingest sees to it that the call declares what is needed here."""
    period = call.dates.execution
    return (pd.Timestamp(period.start), pd.Timestamp(period.end)) if period else (pd.NaT, pd.NaT)


def _months_apart(one: pd.Timestamp, other: pd.Timestamp) -> int:
    """Return by how many months a start moves; a move within a month counts as one."""
    return 0 if one == other else max(abs(12 * (one.year - other.year) + one.month - other.month), 1)


def _weigh_delays(candidates: pd.DataFrame, options: list[Option]) -> NDArray[np.float64]:
    """Return the delay of each option as whole numbers that rank all ways to move starts.

    The fewest months together come first, then the fewest moves, those of the lower ranked rather than of the higher,
    and earlier rather than later.
    """
    size = len(candidates)
    months = 2 * size * (size + 1) + 1  # more than all that follows the months can add up to
    asked = candidates["start"].tolist()
    return np.array(
        [
            float(apart * months + (2 * (size - position) + int(start > asked[position]) if apart else 0))
            for position, start, apart in options
        ]
    )


def _cap(cap: Cap, candidates: pd.DataFrame, options: list[Option], call: Call) -> Constraint:
    """Return a cap as a row over the options, or as a row per month of the execution for a cap per month."""
    amounts = candidates[cap.column].to_numpy("float64")
    owner = [position for position, _, _ in options]
    if cap.per == "total":
        return Constraint(cap.id, amounts[owner], np.array([0.0]), np.array([cap.maximum]))
    months = list(days_by_month(*_execution_of(call)))
    uses = np.zeros((len(months), len(options)))
    lengths = candidates["months"].to_numpy("float64")
    for column, (position, start, _) in enumerate(options):
        if start is not None and lengths[position] > 0:
            uses[:, column] = amounts[position] * _spread(start, int(lengths[position]), months)
    return Constraint(cap.id, uses, np.zeros(len(months)), np.full(len(months), cap.maximum))


def _spread(start: pd.Timestamp, length: int, months: list[pd.Timestamp]) -> NDArray[np.float64]:
    """Return the part of an execution's days that lies in each of these months."""
    days = days_by_month(start, last_day(start, length))
    return np.array([days.get(month, 0) for month in months]) / sum(days.values())


def _quota(quota: Quota, candidates: pd.DataFrame, owner: NDArray[np.int64]) -> Constraint:
    member = candidates[quota.column].isin(quota.groups).to_numpy("float64")
    least = 0 if quota.minimum is None else quota.minimum
    most = np.inf if quota.maximum is None else quota.maximum
    return Constraint(quota.id, member[owner], np.array([least]), np.array([most]))


def choose(candidates: pd.DataFrame, decision: pd.DataFrame, call: Call) -> Choice:
    """Return the choice among the candidates: the stated decision where there is one, otherwise the computed one.

    Nothing is computed where nothing was scored or the call declares no selection: the tables are then empty. Raises
    InputError where the caps and quotas cannot hold together, where two choices are equally good and no decision
    settles it, and where a decision departs from the computed choice without a reason.
    """
    if not candidates["shortlisted"].any():
        return _compute_nothing()
    programme, options = arrange(candidates, call)
    found = list(list_alternatives(programme, max(call.selection.alternatives, 2)))
    if not found:
        raise InputError([_conflict(candidates, programme, call)])
    best, others = found[0], found[: call.selection.alternatives]
    if decision.empty:
        _refuse_equal_choice(candidates, found)
    chosen = candidates["proposal"].isin(_decided(decision)).to_numpy() if len(decision) else best.candidates
    best = _prefer(chosen, best, programme)
    refuse(_unexplained(candidates, best.candidates, decision, call))
    priced = [one for one in programme.constraints if one.id != SHORTLIST]
    without = {one.id: _solve(programme.without(one.id)) for one in priced}
    opened = {name: unite_best(programme.without(name), other) for name, other in without.items()}
    table = _explain(candidates, best.candidates, chosen, unite_best(programme, best), opened)
    stated = _state(candidates, best.candidates, chosen, decision)
    taken = _options_of(chosen, best, programme)
    return Choice(
        table.assign(
            decided=stated, start=_starts(candidates, taken, options), alternatives=_count_in(others, len(candidates))
        ),
        price(candidates, best, taken, programme, without),
        _compare(candidates, best, others),
        int((best.candidates != chosen).sum()),
        max(best.value - programme.sum(chosen), 0.0),
        best.bound,
    )


def _compute_nothing() -> Choice:
    known = ["proposal", "rank", "total", "merit", "computed", "chosen"]
    columns = [*known, "reason", "constraints", "lacking", "decided", "start", "alternatives"]
    selection = pd.DataFrame(columns=columns).astype({"computed": bool, "chosen": bool})
    prices = pd.DataFrame(columns=["constraint", "bound", "used", "gain", "enters", "leaves"])
    alternatives = pd.DataFrame(columns=["place", "sum", "distance", "enters", "leaves"])
    return Choice(selection.astype({"start": "datetime64[us]"}), prices, alternatives, 0, 0.0, 0.0)


def _decided(decision: pd.DataFrame) -> set[str]:
    """Return the proposals that a decision chose; its other rows state why one is left out."""
    left_out = decision["chosen"].eq("false").fillna(False).astype(bool)
    return set(decision.loc[~left_out, "proposal"])


def _state(candidates: pd.DataFrame, best: Flags, chosen: Flags, decision: pd.DataFrame) -> pd.Series:
    """Return the reason that a decision states per candidate; for one that it left out, otherwise, those it took in."""
    reasons = decision.dropna(subset="reason").set_index("proposal")["reason"]
    stated = candidates["proposal"].map(reasons).astype("object")
    *others, last = dict.fromkeys(stated[chosen & ~best].dropna()) or [""]
    came_in = "; ".join([*(reason.rstrip(".") for reason in others), last])
    return stated.mask(pd.Series(best & ~chosen, candidates.index) & stated.isna(), came_in or None)


def _prefer(chosen: Flags, best: Solution, programme: Programme) -> Solution:
    """Return the best choice; the decided one itself where it is as good, so that it departs in nothing."""
    if (chosen == best.candidates).all() or int(chosen.sum()) != programme.number:
        return best
    held = _hold(chosen, programme)
    return held if held is not None and best.value - held.value <= TOLERANCE else best


def _hold(chosen: Flags, programme: Programme) -> Solution | None:
    """Return the choice of these candidates under the constraints, or None where they cannot keep them."""
    return solve(programme.under(programme.count_over(chosen, "decided", programme.number, programme.number)))


def _options_of(chosen: Flags, best: Solution, programme: Programme) -> Flags:
    """Return the options of the chosen candidates: such as keep the constraints, or else the least delayed.

    Where a decision keeps no constraints whatever the options, those that the best choice holds too stay as they are.
    """
    held = best if (chosen == best.candidates).all() else _hold(chosen, programme.without(SHORTLIST))
    if held is not None:
        return held.options
    taken = best.options & chosen[programme.owner]
    for position in np.flatnonzero(chosen & ~programme.take(taken)):
        own = np.flatnonzero(programme.owner == position)
        taken[own[np.argmin(programme.delay[own])]] = True
    return taken


def _starts(candidates: pd.DataFrame, taken: Flags, options: list[Option]) -> pd.Series:
    """Return the first day of each chosen candidate; missing for the others."""
    days = {position: start for flag, (position, start, _) in zip(taken, options, strict=True) if flag}
    return pd.Series([days.get(place) for place in range(len(candidates))], candidates.index, dtype="datetime64[us]")


def _count_in(others: list[Solution], size: int) -> NDArray[np.int64]:
    """Return in how many of the best choices each candidate stands."""
    return np.sum([other.candidates for other in others], axis=0, dtype=np.int64) if others else np.zeros(size, int)


def _compare(candidates: pd.DataFrame, best: Solution, others: list[Solution]) -> pd.DataFrame:
    """Return the table `alternatives`: the best choices in order, each beside the computed one."""
    rows = [
        {
            "place": place,
            "sum": other.value,
            "distance": max(best.value - other.value, 0.0),
            **_exchange(candidates, best, other),
        }
        for place, other in enumerate(others, start=1)
    ]
    return pd.DataFrame(rows, columns=["place", "sum", "distance", "enters", "leaves"])


def _exchange(candidates: pd.DataFrame, best: Solution, other: Solution) -> dict[str, str | None]:
    """Return which candidates only the other choice has and which only the best, joined by a space; None for none."""
    moved = {"enters": other.candidates & ~best.candidates, "leaves": best.candidates & ~other.candidates}
    return {change: " ".join(candidates.loc[flags, "proposal"]) or None for change, flags in moved.items()}


def price(
    candidates: pd.DataFrame, best: Solution, taken: Flags, programme: Programme, without: Mapping[str, Solution]
) -> pd.DataFrame:
    """Return what every constraint costs the computed choice: the gain without it, who would enter and who leave.

    `used` is what the chosen options use, at most in any month for a cap per month, so that a decision beyond a bound
    shows. Where several choices without a constraint are equally good, `enters` and `leaves` tell one of them.
    """
    rows = []
    for one in programme.constraints:
        if one.id not in without:
            continue
        other = without[one.id]
        gain = other.value - best.value
        moved = gain > TOLERANCE  # an equally good other choice is no effect of the constraint
        rows.append(
            {
                "constraint": one.id,
                "bound": float(one.most[0] if np.isfinite(one.most[0]) else one.least[0]),
                "used": float(one.used(taken).max()),
                "gain": max(gain, 0.0),
                **_exchange(candidates, best, other if moved else best),
            }
        )
    return pd.DataFrame(rows, columns=["constraint", "bound", "used", "gain", "enters", "leaves"])


def give_reasons(choice: Choice, totals: pd.DataFrame, proposals: pd.DataFrame) -> pd.DataFrame:
    """Return why each proposal is not chosen (see the contract `reasons`), best rank first, those unscored last.

    On the shortlist the reason is that of the table `selection`, and `passed` the number of projects with less merit
    that are chosen; outside it the reason is the merit that it lacked to get there. Where no choice was computed no
    reason follows.
    """
    columns = ["proposal", "rank", "total", "merit", "reason", "constraints", "lacking", "decided", "passed"]
    if choice.selection.empty:
        return pd.DataFrame(columns=columns)
    listed, held = choice.selection[~choice.selection["chosen"]], choice.selection.query("chosen")["merit"]
    listed = listed.assign(passed=[int((held < merit - TOLERANCE).sum()) for merit in listed["merit"]])
    line = totals.loc[totals["shortlisted"], "merit"].min()
    known = totals[~totals["proposal"].isin(choice.selection["proposal"])]
    lacking = (line - known["merit"]).clip(lower=0)  # a lottery or a tie rule may leave out an equal or a better one
    outside = known.assign(reason=SHORTLIST, lacking=lacking)
    unscored = proposals.loc[~proposals["proposal"].isin(totals["proposal"]), ["proposal"]].assign(reason="unscored")
    parts = [part.reindex(columns=columns).astype("object") for part in (listed, outside, unscored) if len(part)]
    if not parts:
        return pd.DataFrame(columns=columns)
    return pd.concat(parts, ignore_index=True).sort_values(["rank", "proposal"], na_position="last")


def describe_chosen(
    selection: pd.DataFrame,
    proposals: pd.DataFrame,
    actors: pd.DataFrame,
    municipalities: pd.DataFrame,
    decision: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return the chosen proposals as they may be made public in time (see the contract `chosen`), in order of id.

    The first day is that of the choice where it moved one. Where no choice was computed, those of the decision alone
    are chosen. Without a table of actors it is not known who leads them.
    """
    chosen = selection.loc[selection["chosen"], ["proposal", "start"]].rename(columns={"start": "moved"})
    if selection.empty and decision is not None:
        chosen = pd.DataFrame({"proposal": sorted(_decided(decision)), "moved": pd.NaT})
        chosen = chosen.astype({"proposal": "str", "moved": "datetime64[us]"})
    places = municipalities[["nis", "name"]].rename(columns={"name": "municipality"})
    leads = actors.rename(columns={"name": "actor_name"}).merge(places, on="nis")
    of_lead = leads[["actor", "actor_name", "municipality"]]
    merged = proposals.merge(chosen, on="proposal").merge(of_lead, on="actor", how="left")
    ordered = merged.assign(start=merged["moved"].fillna(merged["start"])).sort_values("proposal")
    return ordered.assign(
        actor=ordered["actor_name"], end=_last_day(ordered), euro=ordered["requested_euro"],
        staff_months=ordered["requested_staff_months"],
    )  # fmt: skip


def indicators(choice: Choice, chosen: pd.DataFrame, groups: pd.DataFrame, totals: pd.DataFrame,
               proposals: pd.DataFrame, call: Call) -> Iterator[Indicator]:  # fmt: skip
    """Yield the indicators of shortlist and choice, and the day of the announcement, which the call declares.

    Where no choice was computed there are those of the decision alone, and without one only that day.
    """
    selection = choice.selection
    if call.dates.announcement is not None:
        yield Recorder(Dates).one("selection.announcement", call.dates.announcement.date, "date")
    if chosen.empty:
        return
    if selection.empty:
        yield from _decision_indicators(chosen, proposals)
    else:
        yield from _choice_indicators(choice, chosen, totals, proposals, call)
    counted = Recorder(describe_chosen, "chosen_groups")
    for row in groups.itertuples():
        yield counted.one(f"selection.{row.dimension}.{name_group(row.group)}", float(row.proposals), "count")
    yield from _execution(chosen, proposals)


def _decision_indicators(chosen: pd.DataFrame, proposals: pd.DataFrame) -> Iterator[Indicator]:
    record = Recorder(describe_chosen, "decision", "proposals")
    yield record.one("selection.chosen", len(chosen), "count")
    yield record.one("selection.not_chosen", len(proposals) - len(chosen), "count")


def _choice_indicators(
    choice: Choice, chosen: pd.DataFrame, totals: pd.DataFrame, proposals: pd.DataFrame, call: Call
) -> Iterator[Indicator]:
    selection, record = choice.selection, Recorder(choose, "selection")
    yield record.one("selection.shortlisted", int(totals["shortlisted"].sum()), "count")
    yield record.one("selection.chosen", len(chosen), "count")
    yield record.one("selection.departures", choice.departures, "count")
    unit = MERIT_UNITS[call.selection.ranked_by]
    yield record.one("selection.departure_cost", choice.cost, unit)
    yield Recorder(choose, "selection", "proposals").one("selection.not_chosen", len(proposals) - len(chosen), "count")
    held = selection.loc[selection["chosen"]]
    yield record.one("selection.lowest", float(held["total"].min()), "points")
    yield record.one("selection.sum", float(held["total"].sum()), "points")
    yield record.one("selection.merit", float(held["merit"].sum()), unit)
    yield record.one("selection.bound", choice.bound, unit)
    best = totals["merit"].nlargest(len(chosen)).sum()
    cost = float(best - held["merit"].sum())
    yield Recorder(choose, "selection", "totals").one("selection.cost_of_balance", cost, unit)
    yield from _alternative_indicators(choice, unit)


def _alternative_indicators(choice: Choice, unit: str) -> Iterator[Indicator]:
    record, found = Recorder(list_alternatives, "alternatives"), choice.alternatives
    yield record.one("selection.alternatives", len(found), "count")
    if len(found) > 1:
        yield record.one("selection.alternatives.nearest", float(found["distance"].iloc[1]), unit)
        yield record.one("selection.alternatives.farthest", float(found["distance"].iloc[-1]), unit)
        always = (choice.selection["alternatives"] == len(found)).sum()
        yield Recorder(choose, "selection").one("selection.alternatives.always", int(always), "count")


def _execution(chosen: pd.DataFrame, proposals: pd.DataFrame) -> Iterator[Indicator]:
    record = Recorder(describe_chosen, "chosen")
    crossing = proposals.loc[proposals["proposal"].isin(chosen["proposal"]), "cross_sector"]
    if crossing.notna().any():
        yield Recorder(describe_chosen, "chosen", "proposals").one(
            "selection.cross_sector", int(crossing.sum()), "count"
        )
    if chosen["euro"].notna().all():
        yield record.one("selection.euro", int(chosen["euro"].sum()), "euro")
    if chosen["staff_months"].notna().all():
        yield record.one("selection.staff_months", float(chosen["staff_months"].sum()), "person_months")
    if chosen[["start", "end"]].notna().all(axis=None):
        yield record.one("selection.start", chosen["start"].min().date(), "date")
        yield record.one("selection.end", chosen["end"].max().date(), "date")
        yield record.one("selection.starts", int(chosen["start"].nunique()), "count")


def _last_day(proposals: pd.DataFrame) -> pd.Series:
    ends = [
        last_day(start, int(months)) if pd.notna(start) and pd.notna(months) else None
        for start, months in zip(proposals["start"], proposals["months"], strict=True)
    ]
    return pd.Series(ends, index=proposals.index, dtype="datetime64[us]")


def _solve(programme: Programme) -> Solution:
    found = solve(programme)
    assert found is not None, "fewer constraints than a programme that was solved cannot be infeasible"
    return found


def _unstated(candidates: pd.DataFrame, call: Call) -> Iterator[Fault]:
    for cap in call.selection.caps:
        for column in cap.asked:
            for proposal in candidates.loc[candidates[column].isna(), "proposal"]:
                place = f"proposals.csv, proposal {proposal}, column {column}"
                yield Fault(place, "nothing", f"a value, for {proposal} is shortlisted and call.yml caps it ({cap.id})")


def _conflict(candidates: pd.DataFrame, programme: Programme, call: Call) -> Fault:
    """Return the fault for constraints that cannot hold together: the smallest set of them, and what to relax."""
    listed = candidates["shortlisted"].to_numpy(dtype=bool)
    if programme.number > listed.sum():
        expected = f"at most the {listed.sum()} shortlisted proposals"
        return Fault("call.yml, selection.choose", str(programme.number), expected)
    programme = programme.only(listed)
    said = "; ".join(_say_bounds(one, programme) for one in find_conflict(programme))
    found = f"caps and quotas that cannot hold together when {programme.number} are chosen: {said}"
    eased = relax_least(programme, {quota.id: True for quota in call.selection.quotas})
    changes = "; ".join(f"{name} {_say_ends(*ends)}" for name, ends in eased.items())
    nearest = f"; the least change that allows a choice: {changes}" if changes else ""
    return Fault("call.yml, selection", found, f"bounds that at least one choice from the shortlist can meet{nearest}")


def _say_bounds(one: Constraint, programme: Programme) -> str:
    if len(one.uses) > 1:
        return f"{one.id} ({_say_ends(one.least, one.most)} in a month)"
    _, first = np.unique(programme.owner, return_index=True)  # a total does not depend on the option
    return f"{one.id} ({_say_ends(one.least, one.most)}; the shortlist has {one.uses[0, first].sum():.12g} in all)"


def _say_ends(least: NDArray[np.float64], most: NDArray[np.float64]) -> str:
    bounds = [f"at least {least[0]:.12g}"] if least[0] else []
    bounds += [f"at most {most[0]:.12g}"] if np.isfinite(most[0]) else []
    return " and ".join(bounds) or "no bound"


def _refuse_equal_choice(candidates: pd.DataFrame, found: list[Solution]) -> None:
    """Raise InputError where the two best choices have the same sum: nothing but a decision may settle that."""
    if len(found) < 2 or found[0].value - found[1].value > TOLERANCE:
        return
    names = " or ".join(
        ", ".join(candidates.loc[here.candidates & ~there.candidates, "proposal"])
        for here, there in (found[:2], found[1::-1])
    )
    expected = "decision.csv with the proposals actually chosen, or another cap or quota"
    raise InputError([Fault("call.yml, selection", f"two equally good choices, with {names}", expected)])


def _unexplained(candidates: pd.DataFrame, best: Flags, decision: pd.DataFrame, call: Call) -> Iterator[Fault]:
    """Yield a fault per row of a decision that departs from the computed choice without a reason, or cannot stand."""
    if decision.empty:
        return
    computed, decided = set(candidates.loc[best, "proposal"]), _decided(decision)
    if len(decided) != call.selection.choose:
        expected = f"the {call.selection.choose} of call.yml (selection.choose)"
        yield Fault("decision.csv", f"{len(decided)} chosen proposals", expected)
    known = decision["proposal"].isin(candidates["proposal"])
    for row in decision[~known & decision["proposal"].isin(decided)].itertuples():
        place = f"decision.csv, row {row.Index + 2}, column proposal"
        yield Fault(place, repr(row.proposal), "a proposal that was scored")
    listed = set(candidates.loc[candidates["shortlisted"], "proposal"])
    for row in decision[known & decision["reason"].isna()].itertuples():
        place = f"decision.csv, row {row.Index + 2}, column reason"
        if row.proposal in decided - computed:
            where = "is not in the computed choice" if row.proposal in listed else "is not on the shortlist"
            yield Fault(place, "nothing", f"a reason, for {row.proposal} {where}")
        elif row.proposal in computed - decided:
            yield Fault(place, "nothing", f"a reason, for {row.proposal} is in the computed choice")


def _explain(
    candidates: pd.DataFrame, best: Flags, chosen: Flags, held: Flags, opened: Mapping[str, Flags]
) -> pd.DataFrame:
    """Return the table `selection` as far as it follows from the programme alone.

    `held` are the candidates that stand in a best choice, `opened` those that do without a constraint, by its id. A
    candidate that is not chosen has the reason `decision` where it is held; `constraint` where dropping one opens the
    choice to it, or where all of them together keep it out of the best merits; otherwise `score`, by the merit that
    parts it from the lowest of the best.
    """
    table = candidates[["proposal", "rank", "total", "merit"]].assign(computed=best, chosen=chosen)
    line = table.loc[candidates["shortlisted"], "merit"].nlargest(int(best.sum())).min()
    names = pd.Series([" ".join(name for name, flags in opened.items() if flags[i]) for i in table.index], dtype="str")
    barred = (names != "") | (table["merit"] > line - TOLERANCE)
    reason = pd.Series("score", table.index).mask(barred, "constraint").mask(held, "decision").where(~table["chosen"])
    return table.assign(
        reason=reason,
        constraints=names.replace("", " ".join(opened)).where(reason == "constraint"),
        lacking=(line - table["merit"]).where(reason == "score"),
    )
