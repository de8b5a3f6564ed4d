"""Write the delivered tables of this call, which is FICTIONAL: nothing in them happened, and nobody in them exists.

    python make_tables.py [FOLDER]

It needs nothing but Python and gives the same bytes everywhere: what is not stated in facts.py is drawn from a hash.
SOURCES.yml records each table with its hash; call.yml, published.yml and corrections.yml are written by hand.
"""

from __future__ import annotations

import csv
import hashlib
import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from statistics import NormalDist

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
from facts import (  # noqa: E402
    ACTORS,
    BUDGET,
    CONFLICTS,
    CRITERIA,
    DECISION,
    FOLLOW_UP,
    JOINING,
    PANELS,
    PILOTS,
    PROPOSALS,
    QUESTIONS,
    SEED,
    STAFFING,
    TYPING_ERRORS,
    Proposal,
)

DATE = "2026-11-23"
ORIGIN = "fictional: written by make_tables.py from facts.py and draws from a hash"
LOW, HIGH, STEP = 0.0, 5.0, 0.5
SESSIONS = 3
RESPONDENTS = 22
NOTICE = {
    "nl": "Dit is een fictieve oproep van een fictief agentschap in een land dat niet bestaat. Alle ideeën, "
    "aanvragers, plaatsen, scores, bedragen en gepubliceerde cijfers zijn verzonnen.",
    "en": "This is a fictional call of a fictional agency in a country that does not exist. All ideas, applicants, "
    "places, scores, amounts and published figures are invented.",
}
MARK = {
    "nl": "Fictieve oproep: deze ideeën, aanvragers en scores bestaan niet.",
    "en": "Fictional call: these ideas, applicants and scores do not exist.",
}


def draw(*subject: object) -> float:
    """Return a number between 0 and 1 that depends on the subject alone."""
    text = ":".join(str(part) for part in (SEED, *subject))
    return (int.from_bytes(hashlib.sha256(text.encode()).digest()[:6]) + 0.5) / 2**48


def deviate(spread: float, *subject: object) -> float:
    """Return a normal deviation of this spread."""
    return NormalDist(0, spread).inv_cdf(draw(*subject))


def score(proposal: Proposal, rater: str, criterion: str) -> float:
    """Return the score of a rater on a criterion, in half points within the scale."""
    raw = (
        2.6
        + proposal.quality
        + deviate(0.35, "severity", rater)
        + deviate(0.35, "merit", proposal.id, criterion)
        + deviate(0.4, "taste", proposal.id, rater)
        + deviate(0.45, "noise", proposal.id, rater, criterion)
    )
    return min(max(round(raw / STEP) * STEP, LOW), HIGH)


def scores() -> Iterator[tuple[str, str, str, str]]:
    """Yield every score; none where the rater has a conflict of interest, and typing errors as they were delivered."""
    for proposal in PROPOSALS:
        for rater, (panel, judged) in PANELS.items():
            if panel not in (None, proposal.panel) or proposal.id in CONFLICTS.get(rater, ()):
                continue
            for criterion in CRITERIA:
                if criterion in judged:
                    given = f"{score(proposal, rater, criterion):g}"
                    yield proposal.id, rater, criterion, TYPING_ERRORS.get((proposal.id, rater, criterion), given)


def proposals() -> Iterator[tuple[object, ...]]:
    """Yield the proposals as submitted."""
    for one in PROPOSALS:
        months = TYPING_ERRORS.get((one.id, "months"), str(one.months))
        yield (one.id, one.title, one.summary, one.category, one.actor, one.partnership, one.reach, one.focus,
               str(one.cross_sector).lower(), *one.maturity, one.euro, f"{one.staff_months:g}", one.start, months,
               one.umbrella)  # fmt: skip


def masterclasses() -> Iterator[tuple[object, ...]]:
    """Yield attendance and interim tests per session, in half points; who was absent took no test."""
    for one in PROPOSALS:
        for session in range(1, SESSIONS + 1):
            attended = draw("attended", one.id, session) < 0.88
            base = 1.9 + 0.45 * session + 0.5 * one.quality
            tests = [min(max(round((base + deviate(0.5, name, one.id, session)) / STEP) * STEP, LOW), HIGH)
                     for name in ("feasibility", "desirability")]  # fmt: skip
            yield one.id, session, str(attended).lower(), *(f"{test:g}" if attended else "" for test in tests)


def survey() -> Iterator[tuple[object, ...]]:
    """Yield the answers of the respondents; those of the first rows took part with a chosen project."""
    chosen = len([row for row in DECISION if row[2] == "true"])
    for number in range(1, RESPONDENTS + 1):
        for question, mean in QUESTIONS.items():
            raw = mean + 0.4 * (number <= chosen) + deviate(0.9, "answer", number, question)
            yield f"R{number:02d}", str(number <= chosen).lower(), question, min(max(round(raw), 1), 5)


def tables() -> dict[str, tuple[Sequence[str], Iterable[Sequence[object]]]]:
    """Return the columns and rows of every table by name."""
    involved = [(one.id, nis) for one in PROPOSALS for nis in sorted(one.places)]
    joined = [(proposal, nis) for proposal, places in JOINING.items() for nis in sorted(places)]
    return {
        "actors": (("actor", "name", "kind", "nis"), ACTORS),
        "proposals": (
            ("proposal", "title", "summary", "category", "actor", "partnership", "reach", "focus", "cross_sector",
             "maturity_intake", "maturity_end", "requested_euro", "requested_staff_months", "start", "months",
             "umbrella"), proposals()),
        "involvement": (("proposal", "nis"), involved),
        "scores": (("proposal", "rater", "criterion", "score"), scores()),
        "masterclasses": (("proposal", "session", "attended", "feasibility", "desirability"), masterclasses()),
        "budget": (("phase", "line", "euro", "fund", "year"), BUDGET),
        "staffing": (("phase", "employee", "fraction", "from", "to"), STAFFING),
        "survey": (("respondent", "chosen", "question", "answer"), survey()),
        "decision": (("proposal", "reason", "chosen"), DECISION),
        "follow_up_choice": (("proposal", "path", "pilot", "reason"), FOLLOW_UP),
        "pilots": (
            ("proposal", "success", "support", "wider_need", "yearly_cost", "assessed_on", "source"), PILOTS),
        "joining": (("proposal", "nis"), joined),
    }  # fmt: skip


def write(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table as CSV: a comma between cells, a line feed at the end of a line."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerows([columns, *rows])
    return text.getvalue()


def sources(files: dict[str, str]) -> str:
    """Return the record of the tables: where each comes from, its licence, date and hash."""
    said = [f"  {language}: >-\n    {text}" for language, text in NOTICE.items()]
    mark = [f"  {language}: '{text}'" for language, text in MARK.items()]
    lines = ["synthetic: true", "notice:", *said, "mark:", *mark, "files:"]
    for name in sorted(files):
        digest = hashlib.sha256(files[name].encode()).hexdigest()
        lines += [f"  {name}:", f"    origin: '{ORIGIN}'", "    licence: CC0-1.0", f"    date: {DATE}"]
        lines += [f"    sha256: {digest}"]
    return "\n".join(lines) + "\n"


def main(folder: Path) -> None:
    """Write all tables and their record into the folder."""
    files = {f"{name}.csv": write(*table) for name, table in tables().items()}
    for name, text in {**files, "SOURCES.yml": sources(files)}.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
