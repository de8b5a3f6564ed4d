"""Small objects that tests are built on: a call with few of everything, and labels that differ from their ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

import pandas as pd
from hypothesis import settings
from pandas.testing import assert_frame_equal

from analysis import distribution, evaluation, ranking, reconciliation, resources, scoring, selection
from analysis.call import Call
from analysis.contracts import check_table, conform
from analysis.indicators import Indicator
from analysis.published import Published
from analysis.tables import contracts

QUICK = settings(max_examples=60, deadline=None, derandomize=True)  # the same few examples on a machine that is busy


def named(key: str, nl: str, en: str, **more: Any) -> dict[str, Any]:
    """Return the declaration of something with an id and a label in both languages."""
    return {"id": key, "label": {"nl": nl, "en": en}, **more}


def small_call(**sections: Any) -> Call:
    """Return a valid call: 3 categories, 2 raters, 4 criteria ...; sections given replace those of the small one."""
    text = {"nl": "Een tekst.", "en": "A text."}
    return Call.model_validate(
        {
            "id": "small-2030",
            "title": {"nl": "Kleine oproep", "en": "Small call"},
            "organiser": {"name": "Steunpunt", "description": text},
            "reference": {
                "municipalities": "municipalities.csv",
                "region": {"nl": "het Gewest", "en": "the Region"},
                "city_from_population": 50_000,
            },
            **_groups(),
            "scoring": _scoring(),
            "selection": _selection(),
            **_course(),
            "letter": {"subject": text, "introduction": text},
            "questions": [{"topic": "basis", "text": text}],
            "editions": [{"as_of": "2030-06-01"}],
            **sections,
        }
    )


def _groups() -> dict[str, Any]:
    return {
        "categories": [
            named("arts", "kunst- en cultuurbeleving", "experience of art and culture"),
            named("media", "media- en fablabs", "media and fab labs"),
            named("talent", "lokaal talent", "local talent"),
        ],
        "actor_kinds": [
            named("library", "bibliotheek", "public library"),
            named("centre", "cultuurcentrum", "arts centre"),
        ],
        "partnerships": [
            named("alone", "één organisatie", "one organisation"),
            named("together", "samenwerkingsverband", "joint venture"),
        ],
        "focuses": [
            named("service", "informatisering van de dienstverlening", "computerised service"),
            named("role", "nieuwe rolinvulling", "new role"),
        ],
        "umbrella_fields": [named("heritage", "erfgoed", "heritage")],
        "funds": [
            named("reserves", "reserves", "reserve funds"),
            named("grant", "werkingssubsidie", "operating grant"),
        ],
        "survey_questions": [
            named("ripened", "De masterclasses hebben ons idee doen rijpen.", "The masterclasses ripened our idea."),
            named("again", "We zouden opnieuw deelnemen.", "We would take part again."),
        ],
    }


def _scoring() -> dict[str, Any]:
    criteria = [
        named("power", "innovatiekracht", "innovative power"),
        named("feasibility", "haalbaarheid", "feasibility"),
        named("scale", "opschaalbaarheid", "scalability", weight=2),
        named("policy", "beleidsrelevantie", "policy relevance"),
    ]
    return {
        "scale": {"low": 0, "high": 10},
        "criteria": criteria,
        "raters": [
            named("j1", "jurylid A", "juror A", role="juror", criteria=["power", "feasibility", "scale"]),
            named("own", "het steunpunt", "the support centre", role="organiser", criteria=["feasibility", "policy"]),
        ],
    }


def _selection() -> dict[str, Any]:
    return {
        "shortlist": 4,
        "choose": 2,
        "tie_rule": "report",
        "caps": [
            named(
                "money",
                "hoogstens 100.000 euro",
                "at most 100,000 euro",
                column="requested_euro",
                maximum=100_000,
                source="a test",
            )
        ],
        "quotas": [
            named(
                "libraries",
                "minstens één bibliotheek",
                "at least one library",
                column="actor_kind",
                groups=["library"],
                minimum=1,
                source="a test",
            )
        ],
    }


def _course() -> dict[str, Any]:
    return {
        "dates": {
            "submission": {"start": "2030-01-01", "end": "2030-01-31", "source": "a test"},
            "masterclasses": {"start": "2030-02-01", "end": "2030-04-30", "source": "a test"},
            "scoring": {"start": "2030-05-01", "end": "2030-05-31", "source": "a test"},
            "announcement": {"date": "2030-06-15", "source": "a test"},
            "execution": {"start": "2030-07-01", "end": "2031-06-30", "source": "a test"},
        },
        "phases": [
            named("call", "de oproep", "the call", euro=10_000, fte=1.5,
                  period={"start": "2030-01-01", "end": "2030-05-31", "source": "a test"}),
            named("pilots", "de uitvoering", "the execution", euro=90_000, fte=3,
                  period={"start": "2030-07-01", "end": "2031-06-30", "source": "a test"}),
        ],
        "paths": [
            named("board", "klankbordgroep", "sounding board", rule="similar", description={"nl": "Een groep."}),
            named("market", "netwerkmoment", "match-making event", rule="other", description={"nl": "Een moment."}),
        ],
    }  # fmt: skip


# What a record of a test has where it says nothing of it.
ORDINARY: Mapping[str, dict[str, Any]] = {
    "actors": {"name": "An actor", "kind": "library", "nis": "1"},
    "municipalities": {
        "name": "Town",
        "province": "North",
        "arrondissement": "North",
        "population": 1000,
        "latitude": 51.0,
        "longitude": 4.0,
        "scale": "municipality",
    },
    "proposals": {"title": "A title", "category": "arts", "actor": "A1", "reach": "local", "cross_sector": False},
    "profiles": {
        "category": "arts",
        "actor_kind": "library",
        "reach": "local",
        "province": "North",
        "scale": "municipality",
    },
    "chosen": {
        "title": "A title",
        "actor": "An actor",
        "municipality": "Town",
        "category": "arts",
        "reach": "local",
    },
    "staffing": {"phase": "call", "fraction": 1.0},
    "survey": {"question": "ripened"},
}


def make_table(name: str, *records: dict[str, Any], call: Call | None = None) -> pd.DataFrame:
    """Return a table that keeps its contract; what a record leaves out is ordinary or missing."""
    contract = contracts(call or small_call())[name]
    rows = [{**ORDINARY.get(name, {}), **record} for record in records]
    table = pd.DataFrame(rows, columns=list(contract.columns)) if rows else contract.empty()
    return keep_contract(name, table, call)


def keep_contract(name: str, table: pd.DataFrame, call: Call | None = None) -> pd.DataFrame:
    """Return a table as it would be stored; raise InputError where it breaks its contract."""
    contract = contracts(call or small_call())[name]
    return check_table(conform(table, contract), contract, f"table {name}", first_row=0)


def shortlist_of(*records: dict[str, Any]) -> pd.DataFrame:
    """Return candidates, best first: each with a total and what a cap or quota may ask of it; the rest is ordinary."""
    ordinary = {**ORDINARY["profiles"], "partnership": None, "focus": None}
    asked = {"requested_euro": None, "requested_staff_months": None}
    table = pd.DataFrame([{**ordinary, **asked, **record} for record in records])
    ranks = table["total"].rank(method="min", ascending=False).astype("int64")
    return table.assign(rank=ranks).sort_values(["rank", "proposal"]).reset_index(drop=True)


def call_choosing(**selection: Any) -> Call:
    """Return the small call with no caps and quotas but those given, each with a label and a source."""
    for kind in ("caps", "quotas"):
        given = selection.get(kind, [])
        selection[kind] = [{"label": {"en": one["id"]}, "source": "a test", **one} for one in given]
    return small_call(selection={"shortlist": 4, "choose": 2, "tie_rule": "report", **selection})


@contextmanager
def unchanged(*tables: pd.DataFrame) -> Iterator[None]:
    """Fail where what runs inside changes one of these tables."""
    before = [table.copy(deep=True) for table in tables]
    yield
    for table, copy in zip(tables, before, strict=True):
        assert_frame_equal(table, copy)


def compute_indicators(call: Call) -> dict[str, float | date]:
    """Return every indicator that the measures compute from small tables of all kinds, by id."""
    day = pd.Timestamp
    towns = make_table("municipalities", *({"nis": str(i), "province": "North"} for i in range(1, 4)), call=call)
    actors = make_table("actors", {"actor": "A1", "nis": "1"}, {"actor": "A2", "nis": "2", "kind": "centre"}, call=call)
    course = {"maturity_intake": "idea", "maturity_end": "prototype", "start": day("2030-07-01"), "months": 6}
    asked = {"requested_euro": 40_000, "requested_staff_months": 2.0, "partnership": "alone", "focus": "role"}
    names = ["P1", "P2", "P3", "P4", "P5"]
    proposals = make_table("proposals", *({"proposal": name, **course, **asked} for name in names), call=call)
    involvement = make_table("involvement", *({"proposal": name, "nis": "1"} for name in names), call=call)
    scores = [
        {"proposal": name, "rater": rater.id, "criterion": criterion, "score": 9.0 - place}
        for place, name in enumerate(names)
        for rater in call.scoring.raters
        for criterion in rater.criteria
    ]
    found = [*_intake_indicators(call, towns, actors, proposals, involvement, make_table("scores", *scores, call=call))]
    chosen = make_table("chosen", *({"proposal": name} for name in names[:2]), call=call)
    found += [*_course_indicators(call, proposals, chosen)]
    return {item.id: item.value for item in found}


def _intake_indicators(
    call: Call,
    towns: pd.DataFrame,
    actors: pd.DataFrame,
    proposals: pd.DataFrame,
    involvement: pd.DataFrame,
    scores: pd.DataFrame,
) -> Iterator[Indicator]:
    profiles = distribution.profile(proposals, actors, towns)
    reach = distribution.count_reach(towns, involvement, proposals, actors)
    yield from distribution.indicators(profiles, distribution.count_groups(profiles, call), reach, proposals)
    individual = scoring.score_individually(scores, call)
    totals = ranking.shortlist(ranking.rank_totals(scoring.total(individual, call)), scores, call)
    yield from scoring.indicators(individual, totals, call)
    candidates = selection.list_candidates(totals, profiles, proposals)
    choice = selection.choose(candidates, make_table("decision", call=call), call)
    chosen = keep_contract("chosen", selection.describe_chosen(choice.selection, proposals, actors, towns), call)
    groups = distribution.count_groups(profiles[profiles["proposal"].isin(chosen["proposal"])], call)
    yield from selection.indicators(choice.selection, chosen, groups, totals, proposals, choice.departures, call)


def _course_indicators(call: Call, proposals: pd.DataFrame, chosen: pd.DataFrame) -> Iterator[Indicator]:
    day, phases, funds = pd.Timestamp, call.ids("phases"), call.ids("funds")
    lines = [
        {"phase": p, "line": "All", "euro": 900 * i, "fund": f} for p in phases for i, f in enumerate(funds, start=1)
    ]
    budget = make_table("budget", *lines, call=call)
    work = {"employee": "X", "from": day("2030-02-01"), "to": day("2030-09-30")}
    staffing = make_table("staffing", *({"phase": phase, **work} for phase in phases), call=call)
    shared, load = resources.sum_funds(budget), resources.load_by_month(staffing, chosen, call)
    staff = resources.sum_staff(staffing, load, call)
    yield from resources.indicators(budget, shared, staff, load, len(proposals), len(chosen), call)
    sessions = make_table("masterclasses", {"proposal": "P1", "session": 1, "attended": True}, call=call)
    replies = [
        {"respondent": f"R{i}", "chosen": i > 5, "question": question, "answer": 4}
        for i in range(10)
        for question in call.ids("survey_questions")
    ]
    survey = make_table("survey", *replies, call=call)
    sizes = evaluation.count_paths(evaluation.propose_paths(proposals, chosen, call), call)
    progress, attendance = evaluation.cross_progress(proposals), evaluation.summarise_attendance(sessions)
    results = evaluation.summarise_survey(survey, call)
    yield from evaluation.indicators(proposals, progress, attendance, survey, results, sizes)
    yield from _published_indicators()


def _published_indicators() -> Iterator[Indicator]:
    figure = {"label": {"nl": "Iets"}, "unit": "count", "source": "Q-1"}
    figures = [{**figure, "id": name, "value": 1, "indicator": "distribution.proposals"} for name in "abc"]
    split = {"id": "split", "label": {"nl": "Verdeling"}, "total": "a", "parts": ["b", "c"]}
    published = Published.model_validate({"figures": figures, "groups": [split]})
    compared = reconciliation.compare_figures(published, {"distribution.proposals": 1})
    yield from reconciliation.indicators(compared, reconciliation.compare_groups(published))
