"""The synthetic tables of how the call went: `masterclasses`, `budget`, `staffing` and `survey`."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.call import Call
from analysis.declarations import Phase
from analysis.faults import Fault, InputError
from analysis.months import list_months
from analysis.resources import count_months
from analysis.synthesis.assumptions import ASSUMPTIONS, Effort, Reconstruction
from analysis.synthesis.draws import Real, Whole, apportion, number_ids, stream

TRIES = 20_000  # draws of a phase's staff until the person-months come out to the last unit
ANSWERS = (1, 5)  # the survey's scale


def list_masterclasses(ids: Sequence[str], quality: Real, call: Call, assumed: Reconstruction) -> pd.DataFrame:
    """Return the table `masterclasses`: whole points in interim tests, of who attended."""
    rng, given, scale = stream(assumed.seed, "masterclasses"), assumed.masterclasses, call.scoring.scale
    sessions = len(given.attendance)
    attended = rng.random((len(ids), sessions)) < np.array(given.attendance)
    growth = given.gain * np.linspace(0, 1, sessions)
    tests = {}
    for test in ("feasibility", "desirability"):
        raw = given.test_mean + growth + given.quality * quality[:, None] + rng.normal(0, given.noise, attended.shape)
        points = np.clip(np.round(raw), math.ceil(scale.low), math.floor(scale.high)).astype("int64")
        tests[test] = pd.Series(points.ravel(), dtype="Int64").where(attended.ravel())
    return pd.DataFrame({
        "proposal": np.repeat(np.array(ids, dtype="object"), sessions),
        "session": np.tile(np.arange(1, sessions + 1), len(ids)),
        "attended": np.where(attended.ravel(), "true", "false"),
        **tests,
    })  # fmt: skip


def list_budget(call: Call, assumed: Reconstruction) -> pd.DataFrame:
    """Return the table `budget`: the cost of every phase over funds and lines, in whole steps that add up to it."""
    rows: list[tuple[str, str, int, str]] = []
    for phase in call.phases:
        given = assumed.phases[phase.id]
        shares = apportion([fund.share for fund in given.funds.values()], phase.euro)
        for (name, fund), euro in zip(given.funds.items(), shares, strict=True):
            steps = apportion(list(fund.lines.values()), int(euro) // given.euro_step)
            amounts = steps * given.euro_step
            amounts[0] += euro - amounts.sum()
            rows += [(phase.id, line, int(one), name) for line, one in zip(fund.lines, amounts, strict=True)]
    return pd.DataFrame(rows, columns=["phase", "line", "euro", "fund"])


def list_staffing(call: Call, assumed: Reconstruction) -> pd.DataFrame:
    """Return the table `staffing`: per phase as many employees as declared, together its person-months."""
    rng, tables = stream(assumed.seed, "staffing"), []
    for phase in call.phases:
        effort = assumed.phases[phase.id].staff
        months = list_months(phase.period.start, phase.period.end)
        first, last, percent = _staff(phase, len(months), effort, rng)
        ends = [month + pd.offsets.MonthEnd(0) for month in months]
        tables.append(pd.DataFrame({
            "phase": phase.id,
            "employee": number_ids(assumed.employee_id, effort.persons),
            "fraction": percent / 100,
            "from": [months[one].strftime("%Y-%m-%d") for one in first],
            "to": [ends[one].strftime("%Y-%m-%d") for one in last],
        }))  # fmt: skip
    return pd.concat(tables, ignore_index=True)


def list_survey(chosen: Sequence[bool], assumed: Reconstruction) -> pd.DataFrame:
    """Return the table `survey`: some proposals answer, chosen ones the likelier; an open question has no row."""
    rng, given = stream(assumed.seed, "survey"), assumed.survey
    flags = np.asarray(chosen)
    weights = np.where(flags, given.chosen_weight, 1.0)
    count = round(given.respondents * len(flags))
    among = flags[rng.choice(len(flags), count, replace=False, p=weights / weights.sum())]
    means = np.array(list(given.means.values())) + given.chosen * among[:, None]
    mood = rng.normal(0, given.spread / 2, (count, 1))
    answers = np.clip(np.round(means + mood + rng.normal(0, given.spread, means.shape)), *ANSWERS).astype("int64")
    table = pd.DataFrame({
        "respondent": np.repeat(np.array(number_ids(given.respondent_id, count), dtype="object"), len(given.means)),
        "chosen": np.repeat(np.where(among, "true", "false"), len(given.means)),
        "question": np.tile(np.array(list(given.means), dtype="object"), count),
        "answer": answers.ravel(),
    })  # fmt: skip
    return table[rng.random(len(table)) >= given.unanswered]


def _staff(phase: Phase, months: int, effort: Effort, rng: np.random.Generator) -> tuple[Whole, Whole, Whole]:
    """Return first and last month and percentage of every employee, drawn until the person-months are just right."""
    units = round(phase.fte * count_months(phase) * 100 / effort.percent_step)
    low, high = effort.percent.low // effort.percent_step, effort.percent.high // effort.percent_step
    part = max(months // 3, 1)
    for _ in range(TRIES):
        late, early = rng.random(effort.persons) < effort.late, rng.random(effort.persons) < effort.early
        first = np.where(late, rng.integers(1, part + 1, effort.persons), 0)
        last = months - 1 - np.where(early, rng.integers(1, part + 1, effort.persons), 0)
        length = last - first + 1
        wish = rng.uniform(low, high, effort.persons)
        parts = np.round(wish * units / (wish * length).sum()).astype("int64")
        if (parts * length).sum() == units and parts.min() >= low and parts.max() <= high:
            return first, last, parts * effort.percent_step
    found = f"no staff of {effort.persons} with {phase.fte:g} full-time equivalents on average"
    expected = "percentages between which that average lies"
    raise InputError([Fault(f"{ASSUMPTIONS}, phases.{phase.id}.staff", found, expected)])
