"""What an answer leaves out for want of a delivered table, a column of it, or a section of `call.yml`."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.call import Call
from analysis.declarations import Topic
from analysis.indicators import Indicator, Recorder
from analysis.requisites import is_declared


@dataclass(frozen=True)
class Part:
    """A part of the answer and what it needs: tables, columns of the proposals, sections of `call.yml`, other parts.

    It is a part of the answers on its topics, or of the question itself where it has none. What is named `instead`
    does as well as all its needs; a part that comes `after` another goes without saying where that one is left out.
    Where one stands `beside` a table, it is looked for only if that was delivered.
    """

    id: str
    topics: tuple[Topic, ...]
    needs: tuple[str, ...]
    instead: str = ""
    after: str = ""
    beside: str = ""


CHOICE = "choice"
PARTS = (
    Part("applicants", (), ("actors", "actor_kinds", "reference")),
    Part("places", (), ("involvement", "reference")),
    Part("ranking", ("basis",), ("scores", "scoring")),
    Part(CHOICE, ("scaling_up", "basis", "not_selected"), ("scores", "selection"), instead="decision"),
    Part("computation", ("basis",), ("scores", "selection"), beside="decision"),
    Part("outline", ("scaling_up",), ("partnership", "focus", "reach", "cross_sector"), after=CHOICE),
    Part("periods", ("scaling_up",), ("start", "months"), after=CHOICE),
    Part("money", ("money",), ("budget", "phases", "funds")),
    Part("staff", ("staff",), ("staffing", "phases")),
    Part("follow_up", ("not_selected",), (CHOICE, "paths")),
    Part("progress", ("evaluation",), ("maturity_intake", "maturity_end")),
    Part("attendance", ("evaluation",), ("masterclasses",)),
    Part("survey", ("evaluation",), ("survey", "survey_questions")),
)
TABLES = ("proposals", "actors", "involvement", "scores", "decision", "budget", "staffing", "masterclasses", "survey")


def find_omissions(tables: Mapping[str, pd.DataFrame], call: Call) -> dict[str, tuple[str, ...]]:
    """Return by part that the answer leaves out what is wanting for it, in the order of `PARTS`.

    `tables` are the delivered ones by name, empty where they were not delivered. A part that no question of the call
    asks about is not left out of its answer.
    """
    asked = {question.topic for question in call.questions}
    left: dict[str, tuple[str, ...]] = {}
    for part in PARTS:
        if part.topics and not asked & set(part.topics):
            continue
        if part.after in left or (part.beside and tables[part.beside].empty):
            continue
        wanting = tuple(need for need in part.needs if not _is_there(need, tables, call, left))
        if wanting and not (part.instead and len(tables[part.instead])):
            left[part.id] = wanting
    return left


def indicators(tables: Mapping[str, pd.DataFrame], call: Call) -> Iterator[Indicator]:
    """Yield how many parts are left out, and for each what was found of everything that it wants: nothing.

    Where nothing is left out there are none.
    """
    left, record = find_omissions(tables, call), Recorder(find_omissions, *TABLES)
    if left:
        yield record.one("omissions.parts", len(left), "count")
    for part, wanting in left.items():
        yield from record.each(f"omissions.{part}", dict.fromkeys(wanting, 0), "count")


def _is_there(need: str, tables: Mapping[str, pd.DataFrame], call: Call, left: Container[str]) -> bool:
    if need == CHOICE:
        return need not in left
    if need in tables:
        return len(tables[need]) > 0
    proposals = tables["proposals"]
    return bool(proposals[need].notna().any()) if need in proposals else is_declared(call, need)
