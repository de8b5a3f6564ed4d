"""A first `call.yml`: what a spreadsheet tells, marked for review, and what it does not tell, to fill in."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import yaml

from analysis.adoption.gathered import UNSTATED, Tables
from analysis.adoption.vocabulary import slug
from analysis.declarations import Language

SCALES = ((0, 1), (1, 5), (0, 5), (1, 6), (1, 7), (1, 10), (0, 10), (0, 20), (0, 100))
UNSTATED_LABEL = {"nl": "niet vermeld", "en": "not stated"}
REGION = {"nl": "het Vlaamse Gewest", "en": "the Flemish Region"}
INTRODUCTION = {
    "nl": "{{ call.organiser.name }}, {{ say(call.organiser.description) }}, lanceerde een projectoproep.",
    "en": "{{ call.organiser.name }}, {{ say(call.organiser.description) }}, launched a call for projects.",
}
QUESTIONS: Mapping[str, Mapping[Language, str]] = {
    "scaling_up": {"nl": "Welke projecten zijn gekozen?", "en": "Which projects were selected?"},
    "basis": {"nl": "Waarop is die keuze gebaseerd?", "en": "What is that choice based on?"},
    "money": {"nl": "Hoeveel middelen gaan naar de oproep?", "en": "How much money goes to the call?"},
    "staff": {"nl": "Hoeveel personeel wordt ervoor ingezet?", "en": "How many staff are deployed for it?"},
    "not_selected": {
        "nl": "Wat gebeurt er met de ideeën die niet zijn gekozen?",
        "en": "What happens to the ideas that were not selected?",
    },
    "evaluation": {"nl": "Hoe wordt de oproep geëvalueerd?", "en": "How is the call evaluated?"},
}
SMALLEST_CELL = 3
COUNTED = ("indicators", "distribution", "category_by_kind", "municipality_reach", "spread")
PUBLIC = (
    *("evenness", "agreement", "rank_sampling", "chosen_groups", "budget_funds", "progress", "attendance"),
    *("survey_results", "phase_staff", "monthly_load", "findings"),
)
INTERNAL = (
    *(
        "white_spots",
        "rater_spread",
        "expected_ranks",
        "rater_effects",
        "stability",
        "rank_shares",
        "shortlist_changes",
    ),
    *("reasons", "alternatives", "lottery", "choice_shares", "choice_changes", "individual_scores", "totals"),
    *("scenario_results", "scenario_settings", "scenario_changes"),
    *("selection", "chosen", "constraint_prices", "budget_lines", "timeline", "follow_up"),
)
CHOSEN = "proposal, title, actor, municipality, category, partnership, focus, reach, start, end"
TODO = "null  # todo:"


@dataclass(frozen=True)
class Draft:
    """What a first `call.yml` is made from; `labels` and `reviews` are by field."""

    call: str
    source: str
    title: str
    language: Language
    reference: str
    labels: Mapping[str, Mapping[str, str]]
    reviews: Mapping[str, Sequence[str]]
    tables: Tables
    today: date


def write_call(draft: Draft) -> str:
    """Return the text of `call.yml`."""
    parts = (_head, _lists, _scoring, _selection, _dates, _phases, _letter, _questions, _release, _editions)
    return "\n".join(line for part in parts for line in part(draft)) + "\n"


def _head(draft: Draft) -> Iterator[str]:
    yield f"# Made by `oproep new` from {draft.source}. Look at every line marked review, fill in every todo, and then:"
    yield f"# oproep check {draft.call}"
    yield f"id: {draft.call}"
    yield f"title: {_say(draft, draft.title)}  # review: from the title above the table, or the name of the folder"
    yield "organiser:"
    yield f"  name: {TODO} who runs the call"
    yield "  description:"
    yield f"    {draft.language}: {TODO} what the organiser is, such as: the support centre for libraries"
    if draft.tables.rows.get("actors") or draft.tables.rows.get("involvement"):
        yield from _reference(draft)


def _reference(draft: Draft) -> Iterator[str]:
    yield "reference:"
    yield f"  municipalities: {draft.reference}  # review: the municipalities as they were in the year of the call"
    yield f"  region: {_say(draft, REGION[draft.language])}"
    yield "  city_from_population: 50000  # review: from how many inhabitants a municipality counts as a city"


def _lists(draft: Draft) -> Iterator[str]:
    yield from _list(draft, "categories", "category", needed=True)
    yield from _list(draft, "actor_kinds", "actor_kind", needed=bool(draft.tables.rows.get("actors")))
    for section, field in (
        ("partnerships", "partnership"),
        ("focuses", "focus"),
        ("umbrella_fields", "umbrella"),
        ("funds", "fund"),
        ("survey_questions", "question"),
    ):
        yield from _list(draft, section, field, needed=False)


def _list(draft: Draft, section: str, field: str, needed: bool) -> Iterator[str]:
    labels = dict(draft.labels.get(field, {}))
    used = {row.get(field, "") for rows in draft.tables.rows.values() for row in rows} | {
        row["kind"] for row in draft.tables.rows.get("actors", ()) if field == "actor_kind"
    }
    if UNSTATED in used or (needed and not labels):
        labels[UNSTATED] = UNSTATED_LABEL[draft.language]
    labels.pop("none", None)
    if labels:
        yield f"{section}:  # review: {_origin(draft, field)}"
        yield from (f"  - {{id: {key}, label: {_say(draft, label)}}}" for key, label in labels.items())


def _origin(draft: Draft, field: str) -> str:
    return (
        "from " + "; ".join(draft.reviews[field]) if draft.reviews.get(field) else "the spreadsheet has no such column"
    )


def _scoring(draft: Draft) -> Iterator[str]:
    rows = draft.tables.rows.get("scores", [])
    if not rows:
        yield "# No scores were delivered, so that nothing is ranked: no scoring and no selection are declared."
        return
    low, high = guess_scale(float(row["score"]) for row in rows)
    judged: dict[str, dict[str, None]] = {}
    for row in rows:
        judged.setdefault(row["rater"], {})[row["criterion"]] = None
    raters, criteria = draft.labels.get("rater", {}), draft.labels.get("criterion", {})
    yield f"scoring:  # review: {_origin(draft, 'score')}"
    yield f"  scale: {{low: {low}, high: {high}}}  # review: the usual scale that holds all scores"
    yield "  criteria:  # review: all weigh the same; a weight is given as {..., weight: 2}"
    yield from (f"    - {{id: {key}, label: {_say(draft, label)}}}" for key, label in criteria.items())
    yield "  raters:  # review: all are jurors; one of the organiser has role: organiser"
    for key, label in raters.items():
        if key in judged:
            own = ", ".join(name for name in criteria if name in judged[key])
            yield f"    - {{id: {key}, label: {_say(draft, label)}, role: juror, criteria: [{own}]}}"


def guess_scale(scores: Iterable[float]) -> tuple[int, int]:
    """Return the smallest usual scale that holds all scores; beyond these, one from 0 to a whole hundred."""
    known = list(scores)
    low, high = (min(known), max(known)) if known else (0.0, 10.0)
    for bottom, top in SCALES:
        if bottom <= low and high <= top and (top > 1 or high < 1 or low < 0.5):
            return bottom, top
    return min(0, math.floor(low)), math.ceil(high / 100) * 100 if high > 0 else 1


def _selection(draft: Draft) -> Iterator[str]:
    chosen = len(draft.tables.rows.get("decision", ()))
    if not draft.tables.rows.get("scores"):
        return
    yield "selection:  # leave it out where there is no choice (yet): the answer then has the ranking alone"
    yield f"  shortlist: {TODO} how many proposals are shortlisted by their scores"
    if chosen:
        yield f"  choose: {chosen}  # review: as many as were chosen: {_origin(draft, 'chosen')}"
    else:
        yield f"  choose: {TODO} how many proposals are chosen"
    yield "  tie_rule: report  # review: what becomes of equal totals: report, median, lottery or criterion:ID"


def _dates(draft: Draft) -> Iterator[str]:
    scored, decided = (bool(draft.tables.rows.get(name)) for name in ("scores", "decision"))
    periods = {
        "submission": ("when ideas could be submitted", True),
        "scoring": ("when the raters scored", scored),
        "execution": ("when the projects are carried out", scored or decided),
    }
    yield "dates:  # each as YYYY-MM-DD, with where it is known from"
    for name, (words, needed) in periods.items():
        if needed:
            yield f"  {name}: {{start: null, end: null, source: null}}  # todo: {words}"
    if scored or decided:
        yield "  announcement: {date: null, source: null}  # todo: the day on which the choice was made public"


def _phases(draft: Draft) -> Iterator[str]:
    used = {row["phase"] for name in ("budget", "staffing") for row in draft.tables.rows.get(name, ())}
    if not used:
        return
    labels = {"call": {"nl": "de oproep", "en": "the call"}, "pilots": {"nl": "de projecten", "en": "the projects"}}
    yield f"phases:  # review: {_origin(draft, 'phase')}"
    for phase in ("call", "pilots"):
        if phase in used:
            rows = [row for row in draft.tables.rows.get("budget", ()) if row["phase"] == phase]
            yield f"  - id: {phase}"
            yield f"    label: {_say(draft, labels[phase][draft.language])}"
            yield "    period: {start: null, end: null, source: null}  # todo: when it costs money and staff"
            yield f"    euro: {sum(int(row['euro'] or 0) for row in rows)}  # review: the sum of its lines"
            yield f"    fte: {TODO} its average full-time equivalents"


def _letter(draft: Draft) -> Iterator[str]:
    yield "letter:"
    yield f"  subject: {_say(draft, draft.title)}  # review"
    yield f"  introduction: {_say(draft, INTRODUCTION[draft.language])}  # review: what a reader should know first"


def _questions(draft: Draft) -> Iterator[str]:
    yield "questions:  # review: as they were asked, each with its topic"
    yield from (
        f"  - {{topic: {topic}, text: {_say(draft, text[draft.language])}}}" for topic, text in QUESTIONS.items()
    )


def _release(_: Draft) -> Iterator[str]:
    yield "release:  # review: what each audience may see; what has no rule stays inside"
    yield from (f"  - {{table: {name}, audience: public, smallest_cell: {SMALLEST_CELL}}}" for name in COUNTED)
    yield from (f"  - {{table: {name}, audience: public}}" for name in PUBLIC)
    yield f"  - {{table: chosen, audience: public, start: announcement, columns: [{CHOSEN}]}}"
    yield from (f"  - {{table: {name}, audience: internal}}" for name in INTERNAL)


def _editions(draft: Draft) -> Iterator[str]:
    yield "editions:"
    edition = f"{{as_of: {draft.today}, audience: public, language: {draft.language}}}"
    yield f"  - {edition}  # review: the day that it tells of"


def _say(draft: Draft, text: str) -> str:
    """Return a text in the language of the call, as YAML on one line."""
    dumped = yaml.safe_dump({draft.language: text}, default_flow_style=True, allow_unicode=True, width=10_000)
    return dumped.strip()


def folder_title(call: str) -> str:
    """Return a title made of the name of a folder."""
    return call.replace("-", " ").replace("_", " ").capitalize() if call == slug(call) else call
