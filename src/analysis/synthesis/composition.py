"""What the shortlisted proposals are and ask for, drawn again until the ordinary choice comes out as declared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis import selection
from analysis.call import Call
from analysis.declarations import FIXED_GROUPS
from analysis.faults import Fault, InputError
from analysis.programme import TOLERANCE, Flags, Programme, solve
from analysis.selection import Choice
from analysis.synthesis.assumptions import ASSUMPTIONS, Bounds, Reconstruction
from analysis.synthesis.draws import Real, apportion, draw_amounts, pick, stream

Groups = NDArray[np.object_]


def compose(
    listed: pd.DataFrame, decision: pd.DataFrame, call: Call, assumed: Reconstruction, *, instructive: bool = True
) -> Iterator[pd.DataFrame]:
    """Yield the shortlist with traits whose ordinary choice has the declared composition; `chosen` marks that choice.

    `listed` are the shortlisted totals, `decision` the empty table of that name. Each draw designates proposals and
    gives them the composition; it is yielded where the choice under the call's caps and quotas is just these and, where
    that is asked, as instructive as declared. Raises InputError when the attempts are used up.
    """
    rng = stream(assumed.seed, "composition")
    for _ in range(assumed.chosen.attempts):
        designated = _designate(len(listed), call, assumed, rng)
        candidates = _draw_candidates(listed, designated, call, assumed, rng)
        choice = _choose(candidates, designated, decision, call)
        if choice is not None and (not instructive or _count_priced(choice) >= assumed.chosen.priced):
            yield candidates.assign(chosen=designated).set_axis(listed.index, axis=0)
    found = f"no draw of {assumed.chosen.attempts} with this composition and so instructive a choice"
    expected = "more attempts, another seed, or bounds in call.yml that the composition can meet"
    raise InputError([Fault(f"{ASSUMPTIONS}, chosen", found, expected)])


def _designate(size: int, call: Call, assumed: Reconstruction, rng: np.random.Generator) -> Flags:
    """Return which of the shortlist, best first, are to be chosen: all but `kept_out` of the best, and a few others."""
    choose, kept_out = call.selection.choose, assumed.chosen.kept_out
    designated = np.ones(size, dtype="bool")
    designated[rng.choice(choose, kept_out, replace=False)] = False
    designated[choose + rng.choice(size - choose, size - choose - kept_out, replace=False)] = False
    return designated


def _draw_candidates(
    listed: pd.DataFrame, designated: Flags, call: Call, assumed: Reconstruction, rng: np.random.Generator
) -> pd.DataFrame:
    """Return the shortlist with drawn groups, money and staff; the designated ones have the declared composition."""
    intake, chosen = assumed.intake, assumed.chosen
    free: Mapping[str, Mapping[str, float]] = {
        "partnership": intake.partnerships,
        "reach": {"local": 1 - intake.regional, "regional": intake.regional},
        "focus": dict.fromkeys(call.ids("focuses"), 1.0),
    }
    drawn = {
        name: _draw_groups(weights, chosen.counts.get(name), designated, rng)  # type: ignore[call-overload]
        for name, weights in free.items()
    }
    drawn["actor_kind"] = _draw_kinds(drawn["partnership"], assumed, rng)
    rules = assumed.rules_of(zip(drawn["actor_kind"], drawn["partnership"], drawn["reach"], strict=True))
    city = [assumed.actors.rules[rule].city for rule in rules]
    drawn["scale"] = np.where(rng.random(len(listed)) < city, *FIXED_GROUPS["scale"])
    euro = draw_amounts(len(listed), intake.euro, rng)
    staff = euro / draw_amounts(len(listed), intake.euro_per_staff_month, rng)
    return (
        listed[["proposal", "rank", "total", "merit", "shortlisted"]]
        .reset_index(drop=True)
        .assign(
            **drawn,
            start=pd.NaT,
            months=pd.NA,
            requested_euro=_fit(euro, designated, chosen.euro, intake.euro),
            requested_staff_months=_fit(staff, designated, chosen.staff_months, intake.staff_months),
        )
    )


def _draw_groups(
    weights: Mapping[str, float], counts: Mapping[str, int] | None, designated: Flags, rng: np.random.Generator
) -> Groups:
    """Return a group for each row by weight; the designated rows share out the counts if there are any."""
    groups = np.array(list(weights), dtype="object")[pick(len(designated), list(weights.values()), rng)]
    if counts:
        groups[designated] = rng.permutation(np.repeat(list(counts), list(counts.values())))
    return groups


def _draw_kinds(partnerships: Groups, assumed: Reconstruction, rng: np.random.Generator) -> Groups:
    """Return the kind of lead actor of each partnership."""
    kinds = partnerships.copy()
    for partnership, weights in assumed.intake.leads.items():
        rows = np.flatnonzero(partnerships == partnership)
        kinds[rows] = np.array(list(weights), dtype="object")[pick(len(rows), list(weights.values()), rng)]
    return kinds


def _fit(amounts: Real, designated: Flags, total: float, amount: Bounds) -> Real:
    """Return the amounts in whole steps within their bounds, those of the designated rows scaled to a total."""
    fitted = amount.keep(amounts)
    low, steps = round(amount.low / amount.step), round((amount.high - amount.low) / amount.step)
    units = round(total / amount.step) - low * int(designated.sum())
    above = fitted[designated] - amount.low + amount.step
    fitted[designated] = amount.count(low + apportion(above, units, np.full(len(above), steps)))
    return fitted


def _choose(candidates: pd.DataFrame, designated: Flags, decision: pd.DataFrame, call: Call) -> Choice | None:
    """Return the ordinary choice where it is just the designated proposals; most draws fail one of the quick tests."""
    programme, _ = selection.arrange(candidates, call)
    if _is_beaten(programme, designated):
        return None
    best = solve(programme)
    if best is None or (best.candidates != designated).any():
        return None
    try:
        return selection.choose(candidates, decision, call)
    except InputError:  # another choice is equally good
        return None


def _is_beaten(programme: Programme, designated: Flags) -> bool:
    """Say whether the designated rows break a constraint, or one exchange within all constraints does as well."""
    inside, outside = np.flatnonzero(designated), np.flatnonzero(~designated)
    allowed = programme.merit[outside][:, None] >= programme.merit[inside]
    for one in programme.constraints:
        for uses, least, most in zip(one.uses, one.least, one.most, strict=True):
            used = uses[inside].sum()
            if not least <= used <= most:
                return True
            after = used - uses[inside] + uses[outside][:, None]
            allowed &= (least <= after) & (after <= most)
    return bool(allowed.any())


def _count_priced(choice: Choice) -> int:
    """Return how many caps and quotas keep the choice from a better one, each by itself."""
    return int((choice.prices["gain"] > TOLERANCE).sum())
