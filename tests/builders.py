"""Small objects that tests are built on: a call with few of everything, and labels that differ from their ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

import pandas as pd
from hypothesis import settings
from pandas.testing import assert_frame_equal

from analysis import (
    agreement,
    declared,
    distribution,
    evaluation,
    expectation,
    followup,
    omissions,
    ranking,
    reconciliation,
    resources,
    scoring,
    selection,
    sensitivity,
    sharing,
)
from analysis.call import Call
from analysis.contracts import check_table, conform
from analysis.declarations import MATURITIES, CostSharing, Edition
from analysis.indicators import Indicator
from analysis.published import Published
from analysis.tables import contracts

SHARING = CostSharing.model_validate({"model": "equal", "most_per_municipality": 400, "source": "a test"})
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
            "uncertainty": {"draws": 400, "weights": 200, "choices": 20},
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
            named("board", "klankbordgroep", "sounding board", rule="similar", description={"nl": "Een groep."},
                  floor=0.3, fewest=1, most=4),
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
    """Return candidates, best first: each with a total and what a cap or quota may ask of it; the rest is ordinary.

    All are on the shortlist but those that say otherwise.
    """
    ordinary = {**ORDINARY["profiles"], "partnership": None, "focus": None}
    asked = {"requested_euro": None, "requested_staff_months": None, "start": pd.NaT, "months": None}
    table = pd.DataFrame([{**ordinary, **asked, "shortlisted": True, **record} for record in records])
    ranks = table["total"].rank(method="min", ascending=False).astype("int64")
    table["merit"] = table["total"]
    table["start"] = pd.to_datetime(table["start"])
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


def declared_values(call: Call) -> dict[str, float | date]:
    """Return the indicators that a call declares, and those of an edition, by id."""
    edition = Edition.model_validate({"as_of": "2030-06-01"})
    return {item.id: item.value for item in (*declared.declare(call), declared.declare_edition(edition))}


def compute_indicators(call: Call) -> dict[str, float | date]:
    """Return every indicator that the measures compute from small tables of all kinds, by id."""
    day = pd.Timestamp
    scales = ("municipality", "municipality", "city")
    places = ({"nis": str(i), "province": "North", "scale": scale} for i, scale in enumerate(scales, start=1))
    towns = make_table("municipalities", *places, call=call)
    actors = make_table("actors", {"actor": "A1", "nis": "1"}, {"actor": "A2", "nis": "2", "kind": "centre"}, call=call)
    course = {"maturity_intake": "idea", "maturity_end": "prototype", "start": day("2030-07-01"), "months": 6}
    asked = {"requested_euro": 40_000, "requested_staff_months": 2.0, "partnership": "alone", "focus": "role"}
    names = ["P1", "P2", "P3", "P4", "P5"]
    proposals = make_table("proposals", *({"proposal": name, **course, **asked} for name in names), call=call)
    involvement = make_table("involvement", *({"proposal": name, "nis": "1"} for name in names), call=call)
    scores = [
        {
            "proposal": name,
            "rater": rater.id,
            "criterion": criterion,
            "score": 9.0 - place - 0.5 * (place * rater_place % 2),
        }
        for place, name in enumerate(names)
        for rater_place, rater in enumerate(call.scoring.raters)
        for criterion in rater.criteria
    ]
    found = [*_intake_indicators(call, towns, actors, proposals, involvement, make_table("scores", *scores, call=call))]
    chosen = make_table("chosen", *({"proposal": name} for name in names[:2]), call=call)
    found += [*_course_indicators(call, proposals, chosen)]
    bare = {name: pd.DataFrame() for name in omissions.TABLES} | {"proposals": proposals}
    found += omissions.indicators(bare, call.model_copy(update={"phases": (), "paths": ()}))
    priced = SHARING.model_copy(update={"price": 300, "most_per_municipality": None})
    for way in (SHARING, priced):
        found += declared.declare(call.model_copy(update={"cost_sharing": way}))
    return declared_values(call) | {item.id: item.value for item in found}


def score(scores: pd.DataFrame, call: Call) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the individual scores and the totals with the shortlist of a call in which totals decide."""
    individual = scoring.score_individually(scores, call.scoring.criterion_weights)
    ranked = ranking.rank_totals(scoring.total(individual, call.scoring.rater_weights))
    weighed = ranking.weigh_merit(ranked, call.selection, pd.DataFrame())
    return individual, ranking.shortlist(weighed, scores, call.selection)


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
    spread, even = distribution.compare_with_population(profiles, towns, reach), distribution.measure_evenness
    yield from distribution.spread_indicators(spread, even(profiles, towns, call))
    individual, totals = score(scores, call)
    yield from scoring.indicators(individual, totals, call)
    candidates = selection.list_candidates(totals, profiles, proposals)
    choice = selection.choose(candidates, make_table("decision", call=call), call)
    chosen = keep_contract("chosen", selection.describe_chosen(choice.selection, proposals, actors, towns), call)
    groups = distribution.count_groups(profiles[profiles["proposal"].isin(chosen["proposal"])], call)
    yield from selection.indicators(choice, chosen, groups, totals, proposals, call)
    yield from _certainty_indicators(call, scores, individual, totals, choice.selection, profiles, proposals)


def _certainty_indicators(
    call: Call, scores: pd.DataFrame, individual: pd.DataFrame, totals: pd.DataFrame, chosen: pd.DataFrame,
    profiles: pd.DataFrame, proposals: pd.DataFrame,
) -> Iterator[Indicator]:  # fmt: skip
    shortlist, seed = call.selection.shortlist, call.selection.seed
    yield from agreement.indicators(agreement.measure_agreement(scores, individual, totals["proposal"], seed))
    found = expectation.expect_ranks(individual, call.scoring.scale, shortlist, seed, draws=400)
    yield from expectation.indicators(found, totals)
    sheet = sensitivity.lay_out(scores, call.scoring)
    stability, _ = sensitivity.measure_stability(sheet, shortlist, call.uncertainty.weights, seed)
    without = sensitivity.leave_one_out(sheet, individual, call)
    yield from sensitivity.indicators(stability, sensitivity.change_shortlist(totals, without), call)
    everyone = selection.describe_candidates(totals, profiles, proposals)
    changes = sensitivity.change_choice(chosen, sensitivity.choose_again(everyone, without, call))
    yield from sensitivity.choice_indicators(sensitivity.share_choices(sheet, everyone, call), changes, call)


def _course_indicators(call: Call, proposals: pd.DataFrame, chosen: pd.DataFrame) -> Iterator[Indicator]:
    day, phases, funds = pd.Timestamp, call.ids("phases"), call.ids("funds")
    lines = [
        {"phase": p, "line": "All", "euro": 900 * i, "fund": f} for p in phases for i, f in enumerate(funds, start=1)
    ]
    budget = make_table("budget", *lines, call=call)
    work = {"employee": "X", "from": day("2030-02-01"), "to": day("2030-09-30")}
    staffing = make_table("staffing", *({"phase": phase, **work} for phase in phases), call=call)
    shared, load = resources.sum_funds(budget), resources.load_by_month(staffing, chosen, call)
    staff, years = resources.sum_staff(staffing, load, call), resources.sum_years(resources.split_budget(budget, call))
    yield from resources.indicators(budget, shared, years, staff, load, len(proposals), len(chosen), call)
    yield from _evaluation_indicators(call, proposals, chosen)
    yield from _published_indicators()


def _evaluation_indicators(call: Call, proposals: pd.DataFrame, chosen: pd.DataFrame) -> Iterator[Indicator]:
    learners = make_table(
        "proposals",
        *({"proposal": f"P{i}", "maturity_intake": "idea", "maturity_end": MATURITIES[i % 3]} for i in range(12)),
        call=call,
    )
    present = [
        {"proposal": f"P{i}", "session": session, "attended": session <= i % 4, "feasibility": 5, "desirability": 6}
        for i in range(12)
        for session in (1, 2, 3)
    ]
    sessions = make_table("masterclasses", *present, call=call)
    totals = pd.DataFrame({"proposal": learners["proposal"], "total": [float(i * 7 % 12) for i in range(12)]})
    yield from evaluation.association_indicators(evaluation.measure_associations(learners, sessions, totals))
    replies = [
        {"respondent": f"R{i}", "chosen": i > 5, "question": question, "answer": 4}
        for i in range(10)
        for question in call.ids("survey_questions")
    ]
    survey = make_table("survey", *replies, call=call)
    progress, attendance = evaluation.cross_progress(proposals), evaluation.summarise_attendance(sessions)
    results = evaluation.summarise_survey(survey, call)
    yield from evaluation.indicators(proposals, progress, attendance)
    yield from _follow_up_indicators(call, proposals, chosen)
    yield from _sharing_indicators(call, chosen)
    invited = call.model_copy(update={"survey_invited": 25})
    yield from evaluation.survey_indicators(survey, results, evaluation.compare_groups(results), invited)


def _follow_up_indicators(call: Call, proposals: pd.DataFrame, chosen: pd.DataFrame) -> Iterator[Indicator]:
    left = proposals.loc[~proposals["proposal"].isin(chosen["proposal"]), "proposal"]
    similar = pd.DataFrame(0.5, index=list(left), columns=list(chosen["proposal"]))
    by_hand = make_table("follow_up_choice", call=call)
    follow_up = followup.propose_paths(proposals, chosen, similar, by_hand, call)
    sizes, themes = followup.count_paths(follow_up, call), followup.count_themes(follow_up, call)
    yield from followup.indicators(follow_up, sizes, themes, call)


def _sharing_indicators(call: Call, chosen: pd.DataFrame) -> Iterator[Indicator]:
    shared = call.model_copy(update={"cost_sharing": SHARING})
    approved = {"proposal": "P1", "success": "true", "support": "true", "wider_need": "true", "yearly_cost": 1000}
    pilots = make_table(
        "pilots", {**approved, "assessed_on": pd.Timestamp("2031-07-01"), "source": "a test"}, call=call
    )
    joining = make_table("joining", *({"proposal": "P1", "nis": nis} for nis in "123"), call=call)
    towns = make_table("municipalities", *({"nis": nis} for nis in "123"), call=call)
    scaling = sharing.judge_pilots(pilots, chosen)
    shares = sharing.share_costs(scaling, joining, towns, shared)
    services = sharing.describe_services(scaling, shares, shared)
    yield from sharing.indicators(pilots, scaling, services, shares)


def _published_indicators() -> Iterator[Indicator]:
    figure = {"label": {"nl": "Iets"}, "unit": "count", "source": "Q-1"}
    figures = [{**figure, "id": name, "value": 1, "indicator": "distribution.proposals"} for name in "abc"]
    split = {"id": "split", "label": {"nl": "Verdeling"}, "total": "a", "parts": ["b", "c"]}
    published = Published.model_validate({"figures": figures, "groups": [split]})
    compared = reconciliation.compare_figures(published, {"distribution.proposals": 1})
    findings = reconciliation.gather_findings(published, compared)
    yield from reconciliation.indicators(compared, reconciliation.compare_groups(published), findings)
