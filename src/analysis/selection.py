"""The choice from the shortlist: an exact integer programme under the call's caps and quotas, and its explanation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from analysis.call import Call
from analysis.declarations import Dates
from analysis.faults import Fault, InputError, refuse
from analysis.indicators import Indicator, Recorder, name_group

Flags = NDArray[np.bool_]
INFEASIBLE = 2  # status of scipy.optimize.milp
TOLERANCE = 1e-7  # two sums of totals closer than this are equal; totals are rounded to nine decimals
MAGNIFIED = 1e4  # HiGHS stops within 1e-6 of the best sum; magnified, that is far less than the tolerance


@dataclass(frozen=True)
class Constraint:
    """A cap or quota as a row of the programme: what each candidate uses of it, and the least and most together."""

    id: str
    uses: NDArray[np.float64]
    least: float
    most: float

    @property
    def bound(self) -> float:
        """Return the declared bound: the most where there is one, otherwise the least."""
        return self.most if np.isfinite(self.most) else self.least


@dataclass(frozen=True)
class Choice:
    """What `choose` found: the table `selection`, the price of every constraint, and the departures of a decision."""

    selection: pd.DataFrame
    prices: pd.DataFrame
    departures: int


def list_candidates(totals: pd.DataFrame, profiles: pd.DataFrame, proposals: pd.DataFrame) -> pd.DataFrame:
    """Return the shortlisted proposals by rank with their totals, their groups, and the money and staff asked for."""
    asked = proposals[["proposal", "requested_euro", "requested_staff_months"]]
    listed = totals[totals["shortlisted"]].sort_values(["rank", "proposal"])
    return listed.merge(profiles, on="proposal").merge(asked, on="proposal").reset_index(drop=True)


def constrain(candidates: pd.DataFrame, call: Call) -> list[Constraint]:
    """Return the caps and quotas of the call over the candidates.

    Raises InputError naming every candidate that does not say what a cap limits.
    """
    refuse(_unstated(candidates, call))
    constraints = [
        Constraint(cap.id, candidates[cap.column].to_numpy("float64"), 0, cap.maximum) for cap in call.selection.caps
    ]
    for quota in call.selection.quotas:
        member = candidates[quota.column].isin(quota.groups).to_numpy("float64")
        least = 0 if quota.minimum is None else quota.minimum
        most = np.inf if quota.maximum is None else quota.maximum
        constraints.append(Constraint(quota.id, member, least, most))
    return constraints


def solve(totals: NDArray[np.float64], number: int, constraints: Sequence[Constraint]) -> Flags | None:
    """Return which candidates maximise the sum of totals, exactly `number` of them; None where no choice is possible.

    A mixed-integer programme solved to proven optimality by HiGHS (scipy.optimize.milp). Raises RuntimeError where
    the solver stops without a proof.
    """
    rows = np.vstack([np.ones(len(totals)), *[constraint.uses for constraint in constraints]])
    least = [number, *[constraint.least for constraint in constraints]]
    most = [number, *[constraint.most for constraint in constraints]]
    result = milp(
        -totals * MAGNIFIED,
        integrality=np.ones(len(totals)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(rows, least, most),
        options={"mip_rel_gap": 0},
    )
    if result.status == INFEASIBLE:
        return None
    if not result.success:
        raise RuntimeError(f"the integer programme was not solved to optimality: {result.message}")
    return np.asarray(result.x > 0.5)


def choose(candidates: pd.DataFrame, decision: pd.DataFrame, call: Call) -> Choice:
    """Return the choice among the candidates: the stated decision where there is one, otherwise the computed one.

    Raises InputError where the caps and quotas cannot hold together, where two choices are equally good and no
    decision settles it, and where a decision departs from the computed choice without a reason.
    """
    totals = candidates["total"].to_numpy("float64")
    constraints = constrain(candidates, call)
    number = call.selection.choose
    best = solve(totals, number, constraints)
    if best is None:
        raise InputError([_conflict(totals, number, constraints)])
    if decision.empty:
        _refuse_equal_choice(candidates, best, constraints)
    chosen = candidates["proposal"].isin(decision["proposal"]).to_numpy() if len(decision) else best
    if _is_as_good(chosen, best, totals, constraints):
        best = chosen
    refuse(_unexplained(candidates, best, decision))
    without = {one.id: _solve(totals, number, _others(constraints, one)) for one in constraints}
    opened = {one.id: _unite(totals, without[one.id], _others(constraints, one)) for one in constraints}
    selection = _explain(candidates, best, chosen, _unite(totals, best, constraints), opened)
    stated = candidates["proposal"].map(decision.set_index("proposal")["reason"]) if len(decision) else None
    prices = price(candidates, best, chosen, constraints, without)
    return Choice(selection.assign(decided=stated), prices, int((best != chosen).sum()))


def price(
    candidates: pd.DataFrame,
    best: Flags,
    chosen: Flags,
    constraints: Sequence[Constraint],
    without: Mapping[str, Flags],
) -> pd.DataFrame:
    """Return what every constraint costs the computed choice: the gain without it, who would enter and who leave.

    `used` is what the chosen proposals use, so that a decision beyond a bound shows. Where several choices without a
    constraint are equally good, `enters` and `leaves` tell one of them.
    """
    totals = candidates["total"].to_numpy("float64")
    rows = []
    for constraint in constraints:
        other = without[constraint.id]
        gain = float(totals[other].sum() - totals[best].sum())
        moved = gain > TOLERANCE  # an equally good other choice is no effect of the constraint
        rows.append(
            {
                "constraint": constraint.id,
                "bound": constraint.bound,
                "used": float(constraint.uses[chosen].sum()),
                "gain": max(gain, 0.0),
                "enters": " ".join(candidates.loc[other & ~best, "proposal"]) if moved else None,
                "leaves": " ".join(candidates.loc[best & ~other, "proposal"]) if moved else None,
            }
        )
    return pd.DataFrame(rows, columns=["constraint", "bound", "used", "gain", "enters", "leaves"])


def describe_chosen(
    selection: pd.DataFrame, proposals: pd.DataFrame, actors: pd.DataFrame, municipalities: pd.DataFrame
) -> pd.DataFrame:
    """Return the chosen proposals as they may be made public in time (see the contract `chosen`), in order of id.

    The last day of a proposal is the day before the same day, its length in months later.
    """
    chosen = proposals[proposals["proposal"].isin(selection.loc[selection["chosen"], "proposal"])]
    places = municipalities[["nis", "name"]].rename(columns={"name": "municipality"})
    leads = actors.rename(columns={"name": "actor_name"}).merge(places, on="nis")
    merged = chosen.merge(leads[["actor", "actor_name", "municipality"]], on="actor").sort_values("proposal")
    return merged.assign(
        actor=merged["actor_name"], end=_last_day(merged), euro=merged["requested_euro"],
        staff_months=merged["requested_staff_months"],
    )  # fmt: skip


def indicators(selection: pd.DataFrame, chosen: pd.DataFrame, groups: pd.DataFrame, totals: pd.DataFrame,
               proposals: pd.DataFrame, departures: int, call: Call) -> Iterator[Indicator]:  # fmt: skip
    """Yield the indicators of shortlist and choice, and the day of the announcement, which the call declares."""
    yield Recorder(Dates).one("selection.announcement", call.dates.announcement.date, "date")
    record = Recorder(choose, "selection")
    yield record.one("selection.shortlisted", len(selection), "count")
    yield record.one("selection.chosen", len(chosen), "count")
    yield record.one("selection.departures", departures, "count")
    yield Recorder(choose, "selection", "proposals").one("selection.not_chosen", len(proposals) - len(chosen), "count")
    lowest = selection.loc[selection["chosen"], "total"].min()
    yield record.one("selection.lowest", float(lowest), "points")
    yield record.one("selection.sum", float(selection.loc[selection["chosen"], "total"].sum()), "points")
    best = totals["total"].nlargest(len(chosen)).sum()
    yield Recorder(choose, "selection", "totals").one(
        "selection.cost_of_balance", float(best - selection.loc[selection["chosen"], "total"].sum()), "points"
    )
    counted = Recorder(describe_chosen, "chosen_groups")
    for row in groups.itertuples():
        yield counted.one(f"selection.{row.dimension}.{name_group(row.group)}", float(row.proposals), "count")
    yield from _execution(chosen, proposals)


def _execution(chosen: pd.DataFrame, proposals: pd.DataFrame) -> Iterator[Indicator]:
    record = Recorder(describe_chosen, "chosen")
    crossing = proposals.loc[proposals["proposal"].isin(chosen["proposal"]), "cross_sector"].sum()
    yield Recorder(describe_chosen, "chosen", "proposals").one("selection.cross_sector", int(crossing), "count")
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
        start + pd.DateOffset(months=int(months)) - pd.Timedelta(days=1)
        if pd.notna(start) and pd.notna(months)
        else None
        for start, months in zip(proposals["start"], proposals["months"], strict=True)
    ]
    return pd.Series(ends, index=proposals.index, dtype="datetime64[us]")


def _solve(totals: NDArray[np.float64], number: int, constraints: Sequence[Constraint]) -> Flags:
    found = solve(totals, number, constraints)
    assert found is not None, "fewer constraints than a programme that was solved cannot be infeasible"
    return found


def _others(constraints: Sequence[Constraint], one: Constraint) -> list[Constraint]:
    return [constraint for constraint in constraints if constraint is not one]


def _is_as_good(flags: Flags, best: Flags, totals: NDArray[np.float64], constraints: Sequence[Constraint]) -> bool:
    """Return whether a choice keeps every constraint and has the sum of the best one."""
    uses = [(one.least, float(one.uses[flags].sum()), one.most) for one in constraints]
    kept = all(least - TOLERANCE <= used <= most + TOLERANCE for least, used, most in uses)
    return kept and flags.sum() == best.sum() and bool(totals[best].sum() - totals[flags].sum() <= TOLERANCE)


def _unite(totals: NDArray[np.float64], best: Flags, constraints: Sequence[Constraint]) -> Flags:
    """Return which candidates stand in at least one of the best choices, of which `best` is one."""
    united = best
    while not united.all():
        newcomer = Constraint("newcomer", (~united).astype("float64"), 1, np.inf)
        other = solve(totals, int(best.sum()), [*constraints, newcomer])
        if other is None or totals[best].sum() - totals[other].sum() > TOLERANCE:
            break
        united = united | other
    return united


def _unstated(candidates: pd.DataFrame, call: Call) -> Iterator[Fault]:
    for cap in call.selection.caps:
        for proposal in candidates.loc[candidates[cap.column].isna(), "proposal"]:
            place = f"proposals.csv, proposal {proposal}, column {cap.column}"
            yield Fault(place, "nothing", f"a value, for {proposal} is shortlisted and call.yml caps it ({cap.id})")


def _conflict(totals: NDArray[np.float64], number: int, constraints: Sequence[Constraint]) -> Fault:
    """Return the fault for constraints that cannot hold together: the smallest set of them that cannot."""
    if number > len(totals):
        return Fault("call.yml, selection.choose", str(number), f"at most the {len(totals)} shortlisted proposals")
    sets = (some for size in range(1, len(constraints) + 1) for some in combinations(constraints, size))
    smallest = next(some for some in sets if solve(totals, number, some) is None)
    said = "; ".join(_say_bounds(constraint) for constraint in smallest)
    found = f"caps and quotas that cannot hold together when {number} are chosen: {said}"
    expected = "bounds that at least one choice from the shortlist can meet"
    return Fault("call.yml, selection", found, expected)


def _say_bounds(constraint: Constraint) -> str:
    bounds = [f"at least {constraint.least:.12g}"] if constraint.least else []
    bounds += [f"at most {constraint.most:.12g}"] if np.isfinite(constraint.most) else []
    has = constraint.uses.sum()
    return f"{constraint.id} ({' and '.join(bounds)}; the shortlist has {has:.12g} in all)"


def _refuse_equal_choice(candidates: pd.DataFrame, best: Flags, constraints: Sequence[Constraint]) -> None:
    """Raise InputError where another choice has the same sum: nothing but a decision may settle that."""
    totals = candidates["total"].to_numpy("float64")
    number = int(best.sum())
    other = solve(totals, number, [*constraints, Constraint("other", best.astype("float64"), 0, number - 1)])
    if other is None or totals[best].sum() - totals[other].sum() > TOLERANCE:
        return
    names = " or ".join(
        ", ".join(candidates.loc[here & ~there, "proposal"]) for here, there in ((best, other), (other, best))
    )
    expected = "decision.csv with the proposals actually chosen, or another cap or quota"
    raise InputError([Fault("call.yml, selection", f"two equally good choices, with {names}", expected)])


def _unexplained(candidates: pd.DataFrame, best: Flags, decision: pd.DataFrame) -> Iterator[Fault]:
    """Yield a fault per decided proposal outside the computed choice that states no reason, or is not shortlisted."""
    computed = set(candidates.loc[best, "proposal"])
    for row in decision.itertuples():
        place = f"decision.csv, row {row.Index + 2}, column"
        if row.proposal not in set(candidates["proposal"]):
            yield Fault(f"{place} proposal", repr(row.proposal), "a proposal on the shortlist")
        elif row.proposal not in computed and pd.isna(row.reason):
            yield Fault(f"{place} reason", "nothing", f"a reason, for {row.proposal} is not in the computed choice")


def _explain(
    candidates: pd.DataFrame, best: Flags, chosen: Flags, held: Flags, opened: Mapping[str, Flags]
) -> pd.DataFrame:
    """Return the table `selection` without the stated reasons of a decision.

    `held` are the candidates that stand in a best choice, `opened` those that do without a constraint, by its id. A
    candidate that is not chosen has the reason `decision` where it is held; `constraint` where dropping one opens the
    choice to it, or where all of them together keep it out of the best totals; otherwise `score`, by the points that
    part it from the lowest of the best totals.
    """
    table = candidates[["proposal", "rank", "total"]].assign(computed=best, chosen=chosen)
    line = table["total"].nlargest(int(best.sum())).min()
    names = pd.Series([" ".join(name for name, flags in opened.items() if flags[i]) for i in table.index], dtype="str")
    barred = (names != "") | (table["total"] > line - TOLERANCE)
    reason = pd.Series("score", table.index).mask(barred, "constraint").mask(held, "decision").where(~table["chosen"])
    return table.assign(
        reason=reason,
        constraints=names.replace("", " ".join(opened)).where(reason == "constraint"),
        lacking=(line - table["total"]).where(reason == "score"),
    )
