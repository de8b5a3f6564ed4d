"""What a delivery does not hold, and which part of the answer will not say anything for that reason."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.adoption.gathered import Tables

PARTS = {
    "scores": ("the ranking, the agreement of the raters and the computed choice", "a sheet with the scores"),
    "decision": ("which projects were really chosen", "a column gekozen (selected) with the proposals"),
    "budget": ("the money", "a sheet with fase, post, bedrag and bron (phase, line, euro, fund)"),
    "staffing": ("the staff", "a sheet with fase, medewerker, vte, van and tot (phase, employee, fte, from, to)"),
    "masterclasses": ("the progress in the masterclasses", "a sheet with sessie and aanwezig (session, attended)"),
    "survey": ("the survey of participants", "a sheet with respondent, vraag and antwoord (question, answer)"),
}
PLACES = "where the proposals come from, and whether that is even over the population"
FIELDS = {
    "category": ("how the proposals are spread over categories", "categorie (category)"),
    "actor_kind": ("which kinds of applicants took part", "soort aanvrager (kind of applicant)"),
    "partnership": ("the kinds of partnership", "samenwerking (partnership)"),
    "focus": ("the focus of the proposals", "focus"),
    "cross_sector": ("how many projects work across sectors", "sectordoorbrekend (across sectors)"),
    "requested_euro": ("what the proposals ask for, and any cap on it", "gevraagd bedrag (requested amount)"),
    "start": ("when the projects run", "startdatum (start date), with looptijd (months)"),
}
ASSUMED = {
    "reach": "reach: one with more than one municipality is regional, all others local",
    "municipalities": "involvement: only the municipality of the applicant, where no other stands",
}


def name_gaps(tables: Tables) -> Iterator[str]:
    """Yield a sentence per part of the answer that lacks its data, and per assumption in place of a column."""
    for name, (part, remedy) in PARTS.items():
        if not tables.rows.get(name):
            yield f"missing for {part}: {remedy}"
    for name, (part, remedy) in FIELDS.items():
        if name not in tables.present:
            yield f"missing for {part}: a column {remedy}"
    if not tables.present & {"municipality", "municipalities"}:
        yield f"missing for {PLACES}: a column gemeente (municipality)"
        return
    if not tables.present & {"actor", "actor_name"}:
        yield "missing for who applied: a column aanvrager (applicant)"
    for name, sentence in ASSUMED.items():
        if name not in tables.present:
            yield f"assumed, for lack of a column: {sentence}"
