"""The words that headings, sheets and rows of a call's spreadsheets are known by, in Dutch and in English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from unicodedata import combining, normalize

Kind = Literal["ideas", "actors", "involvement", "scores", "budget", "staffing", "masterclasses", "survey", "decision"]
Reading = Literal["code", "text", "group", "number", "whole", "euros", "day", "flag", "place", "places"]


@dataclass(frozen=True)
class Field:
    """What a column may hold: how its cells are read, and the words of its headings."""

    reading: Reading
    words: tuple[str, ...]


PROPOSAL = Field(
    "code",
    (
        *("nr", "nummer", "volgnummer", "volgnr", "id", "code", "no", "number", "idee", "ideenummer", "idee nr"),
        *("nr idee", "idee id", "id idee", "projectnummer", "projectcode", "project id", "project nr", "dossier"),
        *("dossiernummer", "dossiernr", "voorstel", "voorstel nr", "aanvraagnummer", "aanvraag", "proposal", "idea"),
        *("proposal id", "proposal number", "idea number", "idea id", "project number", "project", "kenmerk", "ref"),
        *("referentie", "reference", "application", "application number"),
    ),
)
PLACES = ("gemeente", "stad", "gemeente aanvrager", "gemeente indiener", "gemeente trekker", "municipality")
FIELDS: Mapping[Kind, Mapping[str, Field]] = {
    "ideas": {
        "proposal": PROPOSAL,
        "title": Field(
            "text",
            (
                *("titel", "title", "naam idee", "naam project", "projecttitel", "projectnaam", "titel idee"),
                *("titel project", "titel van het idee", "titel van het project", "titel voorstel", "project title"),
                *("naam van het project", "naam van het idee", "idea title", "proposal title", "omschrijving idee"),
            ),
        ),
        "summary": Field(
            "text",
            (
                *("samenvatting", "beschrijving", "omschrijving", "korte beschrijving", "korte omschrijving", "inhoud"),
                *("korte samenvatting", "summary", "description", "abstract", "toelichting"),
            ),
        ),
        "category": Field(
            "group", ("categorie", "category", "thema", "theme", "domein", "domain", "soort idee", "rubriek", "type")
        ),
        "actor": Field("code", ("actor id", "id aanvrager", "aanvrager id", "code aanvrager", "applicant id")),
        "actor_name": Field(
            "text",
            (
                *("aanvrager", "indiener", "organisatie", "trekker", "naam organisatie", "naam aanvrager", "applicant"),
                *("organisation", "organization", "lead applicant", "lead", "promotor", "initiatiefnemer", "actor"),
                *("naam indiener", "ingediend door", "hoofdaanvrager", "applicant name", "lead actor", "partner lead"),
            ),
        ),
        "actor_kind": Field(
            "group",
            (
                *("soort aanvrager", "type aanvrager", "soort organisatie", "type organisatie", "soort actor"),
                *("type actor", "kind of applicant", "type of applicant", "type of organisation", "aard aanvrager"),
                *(
                    "kind of actor",
                    "actor kind",
                    "soort indiener",
                    "type indiener",
                    "applicant type",
                    "organisation type",
                ),
            ),
        ),
        "municipality": Field("place", (*PLACES, "plaats", "locatie", "town", "city", "woonplaats", "vestiging")),
        "municipalities": Field(
            "places",
            (
                *("gemeenten", "betrokken gemeenten", "gemeentes", "municipalities", "municipalities involved"),
                *("involved municipalities", "deelnemende gemeenten", "partnergemeenten", "steden en gemeenten"),
            ),
        ),
        "contact": Field(
            "text", ("contact", "contactpersoon", "e mail", "email", "telefoon", "contactgegevens", "mail")
        ),
        "partnership": Field(
            "group", ("samenwerking", "samenwerkingsvorm", "partnership", "vorm van samenwerking", "partnerschap")
        ),
        "reach": Field("group", ("bereik", "reach", "reikwijdte", "lokaal regionaal", "lokaal of regionaal", "schaal")),
        "focus": Field("group", ("focus", "aandachtspunt", "doel", "klemtoon", "accent")),
        "cross_sector": Field(
            "flag",
            (
                *("sectoroverschrijdend", "cross sector", "cross sectoral", "sectoroverschrijdende samenwerking"),
                *("over sectoren heen", "cross sectoraal", "intersectoraal"),
            ),
        ),
        "maturity_intake": Field("group", ("maturiteit intake", "fase intake", "maturity intake", "rijpheid begin")),
        "maturity_end": Field("group", ("maturiteit einde", "fase einde", "maturity end", "rijpheid einde")),
        "requested_euro": Field(
            "euros",
            (
                *("gevraagd bedrag", "bedrag", "budget", "gevraagd budget", "aangevraagd bedrag", "gevraagde subsidie"),
                *("subsidie", "requested amount", "amount requested", "requested budget", "amount", "gevraagd"),
                *("bedrag in euro", "kostprijs", "gevraagde middelen", "requested euro", "grant requested"),
            ),
        ),
        "requested_staff_months": Field(
            "number",
            (
                *("personeel", "mensmaanden", "persoonsmaanden", "gevraagd personeel", "staff months"),
                *("person months", "requested staff", "inzet personeel"),
            ),
        ),
        "start": Field(
            "day", ("start", "startdatum", "begindatum", "start date", "aanvang", "begin", "van", "start uitvoering")
        ),
        "end": Field("day", ("einde", "einddatum", "end date", "end", "tot", "eind", "einde uitvoering")),
        "months": Field(
            "whole", ("looptijd", "duur", "aantal maanden", "duration", "months", "maanden", "duur in maanden")
        ),
        "umbrella": Field("group", ("koepel", "ander domein", "umbrella", "other field", "doorverwijzing")),
        "chosen": Field(
            "flag",
            ("gekozen", "geselecteerd", "goedgekeurd", "selected", "chosen", "approved", "beslissing", "decision"),
        ),
        "reason": Field("text", ("motivering", "reden", "reason", "motivatie beslissing", "motivering beslissing")),
    },
    "involvement": {
        "proposal": PROPOSAL,
        "municipality": Field(
            "place", (*PLACES, "partnergemeente", "betrokken gemeente", "partner", "nis", "nis code")
        ),
        "municipalities": Field(
            "places", ("gemeenten", "betrokken gemeenten", "partners", "municipalities", "partnergemeenten")
        ),
    },
    "scores": {
        "proposal": PROPOSAL,
        "rater": Field(
            "group",
            (
                "jurylid",
                "juror",
                "rater",
                "beoordelaar",
                "jury",
                "expert",
                "lezer",
                "assessor",
                "reviewer",
                "evaluator",
            ),
        ),
        "criterion": Field("group", ("criterium", "criterion", "criteria", "beoordelingscriterium", "onderdeel")),
        "score": Field("number", ("score", "punten", "points", "punt", "cijfer", "beoordeling", "waardering", "mark")),
    },
    "budget": {
        "phase": Field("group", ("fase", "phase", "luik", "onderdeel")),
        "line": Field(
            "text", ("post", "budgetpost", "kostenpost", "omschrijving", "line", "budget line", "item", "uitgave")
        ),
        "euro": Field("euros", ("bedrag", "euro", "amount", "budget", "bedrag in euro", "kost", "kostprijs", "cost")),
        "fund": Field("group", ("bron", "fonds", "financiering", "fund", "source of funds", "middelen", "herkomst")),
        "year": Field("whole", ("jaar", "year", "begrotingsjaar")),
    },
    "staffing": {
        "phase": Field("group", ("fase", "phase", "luik", "onderdeel")),
        "employee": Field("code", ("medewerker", "personeelslid", "employee", "naam", "werknemer", "code medewerker")),
        "fraction": Field("number", ("vte", "fte", "aandeel", "fraction", "breuk", "deel van voltijds")),
        "from": Field("day", ("van", "vanaf", "from", "begin", "start", "begindatum", "startdatum")),
        "to": Field("day", ("tot", "tot en met", "to", "einde", "einddatum", "until")),
    },
    "masterclasses": {
        "proposal": PROPOSAL,
        "session": Field("whole", ("sessie", "masterclass", "session", "sessie nr", "les", "workshop")),
        "attended": Field("flag", ("aanwezig", "attended", "present", "aanwezigheid", "deelgenomen")),
        "feasibility": Field("number", ("haalbaarheid", "feasibility")),
        "desirability": Field("number", ("wenselijkheid", "desirability")),
    },
    "survey": {
        "respondent": Field("code", ("respondent", "deelnemer", "invuller", "participant")),
        "chosen": Field("flag", ("gekozen", "geselecteerd", "chosen", "selected")),
        "question": Field("group", ("vraag", "question", "stelling", "statement")),
        "answer": Field("whole", ("antwoord", "answer", "score", "respons", "response")),
    },
    "decision": {
        "proposal": PROPOSAL,
        "chosen": Field(
            "flag", ("gekozen", "geselecteerd", "goedgekeurd", "selected", "chosen", "approved", "beslissing")
        ),
        "reason": Field("text", ("motivering", "reden", "reason", "toelichting")),
    },
    "actors": {
        "actor": Field("code", ("id", "code", "actor id", "nr", "nummer", "applicant id")),
        "actor_name": Field(
            "text",
            (
                *("naam", "organisatie", "aanvrager", "indiener", "name", "organisation", "applicant"),
                *("naam organisatie", "naam aanvrager", "trekker"),
            ),
        ),
        "actor_kind": Field(
            "group", ("soort", "type", "kind", "soort organisatie", "type organisatie", "soort aanvrager")
        ),
        "municipality": Field("place", (*PLACES, "plaats", "town", "city")),
        "contact": Field("text", ("contact", "contactpersoon", "e mail", "email", "telefoon", "mail")),
    },
}
NEEDED: Mapping[Kind, tuple[tuple[str, ...], ...]] = {
    "ideas": (("title",), ("proposal", "category", "actor_name", "municipality", "requested_euro", "summary")),
    "scores": (("proposal",), ("score",), ("rater", "criterion")),
    "involvement": (("proposal",), ("municipality", "municipalities")),
    "budget": (("line",), ("euro",), ("phase", "fund")),
    "staffing": (("employee",), ("fraction",), ("from",), ("to",)),
    "masterclasses": (("proposal",), ("session",), ("attended", "feasibility")),
    "survey": (("respondent",), ("question",), ("answer",)),
    "decision": (("proposal",), ("chosen",)),
    "actors": (("actor_name",), ("actor_kind", "municipality", "contact")),
}
SHEET_WORDS: Mapping[Kind, tuple[str, ...]] = {
    "ideas": (
        "ideeen",
        "idee",
        "ideas",
        "voorstellen",
        "projecten",
        "proposals",
        "projects",
        "aanvragen",
        "inzendingen",
    ),
    "scores": ("scores", "score", "jury", "beoordeling", "beoordelingen", "punten", "evaluatie", "scoring", "ratings"),
    "involvement": ("partners", "gemeenten", "betrokken", "municipalities", "partnergemeenten", "betrokkenheid"),
    "budget": ("begroting", "budget", "kosten", "middelen"),
    "staffing": ("personeel", "staff", "staffing", "inzet"),
    "masterclasses": ("masterclass", "masterclasses", "workshops", "traject"),
    "survey": ("enquete", "survey", "bevraging", "vragenlijst"),
    "decision": ("beslissing", "decision", "selectie", "gekozen", "selection"),
    "actors": ("aanvragers", "indieners", "organisaties", "actors", "applicants", "organisations"),
}
RATER_WORDS = (
    "jurylid",
    "jury",
    "juror",
    "rater",
    "beoordelaar",
    "expert",
    "lid",
    "lezer",
    "reviewer",
    "assessor",
    "jurylidd",
)
CRITERION_WORDS = (
    *("vernieuwing", "vernieuwend", "innovatie", "innovation", "haalbaarheid", "feasibility", "opschaalbaarheid"),
    *(
        "schaalbaarheid",
        "scalability",
        "impact",
        "kwaliteit",
        "quality",
        "duurzaamheid",
        "sustainability",
        "relevantie",
    ),
    *("relevance", "draagvlak", "support", "kosten", "cost", "benefit", "meerwaarde", "originaliteit", "samenwerking"),
    *("inhoud", "aanpak", "team", "planning", "budget", "upkeep", "participatie", "wenselijkheid", "desirability"),
)
TOTALS = re.compile(
    r"(?:(?:algemeen |grand |sub ?)?tota(?:al|len|als|l|ls)(?: (?:generaal|score|punten|alle .*|jury))?|som|sum|"
    r"gemiddelden?|gem|average|mean|aantal|count|rang(?:schikking)?|rank(?:ing)?|mediaan|median|minimum|maximum)"
    r"\s*[:=]?"
)
COPIES = re.compile(r"\b(?:kopie|copy|oud|oude|old|backup|back up|reserve|archief|archive)\b|\([0-9]+\)\s*$")
DUTCH = {
    "nl": ("titel", "gemeente", "aanvrager", "bedrag", "jurylid", "categorie", "naam", "thema", "indiener", "idee")
}


def plain(text: str) -> str:
    """Return a heading as its words are compared: without accents, brackets, units and punctuation."""
    bare = "".join(sign for sign in normalize("NFKD", text.casefold()) if not combining(sign))
    bare = re.sub(r"\([^)]*\)|\[[^\]]*\]|€", " ", bare)
    return " ".join(re.sub(r"[^a-z0-9]+", " ", bare).split())


def slug(text: str) -> str:
    """Return an id for a label: small letters and digits, parted by hyphens."""
    bare = "".join(sign for sign in normalize("NFKD", text.casefold()) if not combining(sign))
    return re.sub(r"[^a-z0-9]+", "-", bare).strip("-") or "group"
