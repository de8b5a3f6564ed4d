"""The answer to a written question as a document: head, question, answer, annexes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from markupsafe import Markup

from analysis.blocks import Html, breakable, facts, header, heading, notice, numbered, paragraphs, table
from analysis.declarations import Edition
from analysis.exhibits import table_of_reasons
from analysis.faults import Fault, InputError
from analysis.indicators import values
from analysis.ingest import changed_files
from analysis.material import Block, Material
from analysis.published import Figure as PublishedFigure
from analysis.published import Sources
from analysis.sections import TOPICS, open_groups
from analysis.selection import SHORTLIST
from analysis.store import Workspace
from analysis.wording import Wording


@dataclass(frozen=True)
class Answer:
    """The answer of one edition, in the order in which its parts are shown.

    The annex of origins comes last: it lists the indicators that the parts shown before it have cited.
    """

    material: Material
    sources: Sources
    changed: Sequence[str] = ()

    @property
    def title(self) -> str:
        """Return the title of the document."""
        subject = self.material.call.letter.subject.in_language(self.material.wording.language)
        return self.material.plain("document.title", subject=subject)

    @property
    def description(self) -> str:
        """Return what the document is, in one sentence."""
        return self.material.plain("document.description", as_of=self.material.edition.as_of)

    @property
    def running_notice(self) -> str:
        """Return the short notice that every page carries; empty where the records are real."""
        return self.material.plain("document.synthetic") if self.sources.synthetic else ""

    def head(self) -> Iterator[Block]:
        """Yield title, parties and edition, then the notices to the reader."""
        material, letter = self.material, self.material.call.letter
        kind = Html(Markup('<p class="kind">{}</p>').format(material.plain("head.kind")))
        title = heading(1, letter.subject.in_language(material.wording.language), "title")
        yield header(title, kind, facts(self._parties()))
        if self.sources.notice:
            yield notice(self.sources.notice.in_language(material.wording.language))
        if self.changed:
            files = material.wording.join(list(self.changed))
            yield notice(material.plain("head.changed_files", files=files, number=len(self.changed)))
        yield material.say("head.reading_note")

    def _parties(self) -> Iterator[tuple[str, str]]:
        """Yield who asks, who answers, and which edition this is, as far as the call says so."""
        material, letter, language = self.material, self.material.call.letter, self.material.wording.language
        audience = material.plain(f"head.audience.{material.edition.audience}")
        given = {
            "question_number": letter.number,
            "asked_on": material.wording.format("day", letter.asked_on) if letter.asked_on else None,
            "asked_by": letter.asked_by.in_language(language) if letter.asked_by else None,
            "answered_by": letter.answered_by.in_language(language) if letter.answered_by else None,
            "organiser": material.call.organiser.name,
            "edition": material.plain("head.edition_said", as_of=material.edition.as_of, audience=audience),
        }
        yield from ((material.plain(f"head.{key}"), said) for key, said in given.items() if said)

    def question(self) -> Iterator[Block]:
        """Yield the question: its introduction and its numbered parts."""
        material, wording = self.material, self.material.wording
        yield heading(2, material.plain("question.heading"), "question")
        introduction = material.call.letter.introduction.in_language(wording.language)
        yield paragraphs(wording.html_of(introduction))
        categories = wording.join(
            [item.lower() for item in material.call.labels("categories", wording.language).values()]
        )
        yield from filter(None, [material.say("question.intake", categories=categories)])
        yield material.say("question.lead")
        yield numbered(item.text.in_language(wording.language) for item in material.call.questions)

    def answers(self) -> Iterator[Block]:
        """Yield the answer to every part of the question, in the order of the question."""
        material = self.material
        yield heading(2, material.plain("answer.heading"), "answer")
        for number, question in enumerate(material.call.questions, start=1):
            topic = material.plain(f"answer.topics.{question.topic}")
            yield heading(3, material.plain("answer.part", number=number, topic=topic), f"answer-{number}")
            blocks: list[Block] = [block for block in TOPICS[question.topic](material) if block]
            yield from blocks or [material.say("answer.nothing")]

    def annexes(self) -> Iterator[Block]:
        """Yield the annexes that have something to say: jury, reconciliation, origin of the figures."""
        parts = [self._jury]
        if self.material.find("reconciliation") is not None:
            parts.append(self._reconciliation)
        if self._left_out() is not None:
            parts.append(self._reasons)
        for number, part in enumerate([*parts, self._origins], start=1):
            yield from part(number)

    def _jury(self, number: int) -> Iterator[Block]:
        material, wording = self.material, self.material.wording
        yield heading(2, material.plain("annex.jury", number=number), "jury")
        yield material.say("annex.jury_lead")
        rows = [
            [
                wording.label("raters", rater.id),
                material.plain(f"annex.roles.{rater.role}"),
                wording.join([wording.label("criteria", criterion) for criterion in rater.criteria]),
            ]
            for rater in material.call.scoring.raters
        ]
        names = list(material.headings("annex.jury_headings").values())
        yield table(material.plain("annex.jury_caption"), names, rows)

    def _left_out(self) -> pd.DataFrame | None:
        """Return the reasons of the proposals that did not reach the shortlist, where they were released."""
        reasons = self.material.find("reasons")
        outside = reasons[reasons["reason"].isin([SHORTLIST, "unscored"])] if reasons is not None else None
        return outside if outside is not None and len(outside) else None

    def _reasons(self, number: int) -> Iterator[Block]:
        material, outside = self.material, self._left_out()
        yield heading(2, material.plain("annex.reasons", number=number), "reasons")
        yield material.say("annex.reasons_lead")
        if outside is not None:
            yield table_of_reasons(material, outside, "annex.reasons_caption")

    def _reconciliation(self, number: int) -> Iterator[Block]:
        material = self.material
        yield heading(2, material.plain("annex.reconciliation", number=number), "reconciliation")
        for group in open_groups(material):
            yield notice(material.wording.html("answer.annex.open_groups", **group))
        yield material.say("annex.reconciliation_lead")
        figures = {figure.id: figure for figure in material.published.figures} if material.published else {}
        rows = [self._figure_row(row, figures[row.figure]) for row in material.tables["reconciliation"].itertuples()]
        names = list(material.headings("annex.figures_headings").values())
        yield table(material.plain("annex.figures_caption"), names, rows, numeric=(2, 4))
        sums = material.find("group_sums")
        if sums is not None:
            yield self._table_of_sums(sums)

    def _figure_row(self, row: Any, figure: PublishedFigure) -> list[str]:
        material, wording = self.material, self.material.wording
        label = figure.label.in_language(wording.language)
        computed = row.computed_on.date() if pd.notna(row.computed_on) else row.computed
        return [
            material.plain("annex.derived", label=label) if figure.derived else label,
            figure.source,
            self._shown(figure.value, figure.unit),
            wording.label("hedge", figure.hedge),
            self._shown(None if pd.isna(computed) else computed, figure.unit),
            wording.label("verdict", row.verdict),
        ]

    def _table_of_sums(self, sums: pd.DataFrame) -> Html:
        material, wording = self.material, self.material.wording
        labels = {group.id: group.label for group in material.published.groups} if material.published else {}
        rows = [
            [
                labels[row.group].in_language(wording.language),
                row.sources,
                *(self._shown(amount, row.unit) for amount in (row.total, row.sum, row.difference)),
                wording.label("verdict", row.verdict),
            ]
            for row in sums.itertuples()
        ]
        names = list(material.headings("annex.groups_headings").values())
        return table(material.plain("annex.groups_caption"), names, rows, numeric=(2, 3, 4))

    def _origins(self, number: int) -> Iterator[Block]:
        material = self.material
        yield heading(2, material.plain("annex.origin", number=number), "origin")
        yield material.say("annex.origin_lead")
        cited = list(material.wording.shown)
        known = material.tables["indicators"].set_index("indicator").loc[cited].reset_index()
        codes: dict[str, list[str]] = {}
        for figure in material.published.figures if material.published else ():
            codes.setdefault(figure.indicator, []).append(figure.source)
        rows = [self._origin_row(row, codes.get(row.indicator, [])) for row in known.itertuples()]
        names = list(material.headings("annex.origin_headings").values())
        anchors = [f"origin-{name}" for name in cited]
        yield table(material.plain("annex.origin_caption"), names, rows, numeric=(1,), anchors=anchors)

    def _origin_row(self, row: Any, codes: Sequence[str]) -> list[Markup | str]:
        value = row.day.date() if pd.notna(row.day) else row.value
        unit = self.material.wording.label("unit", row.unit)
        source = ", ".join(dict.fromkeys(codes)) or "–"
        names = [breakable(name) for name in (row.indicator, row.function, row.tables)]
        return [names[0], self._shown(value, row.unit), unit, *names[1:], source]

    def _shown(self, value: float | date | None, unit: str) -> str:
        """Return a value in digits as its unit asks; a missing one as a dash."""
        wording = self.material.wording
        if value is None:
            return "–"
        if isinstance(value, date):
            return wording.format("day", value)
        if unit == "share":
            return wording.format("percent", value, decimals=1)
        return wording.format("number", value, decimals=2)


def compose(workspace: Workspace) -> Answer:
    """Return the answer of the workspace's edition, from the tables that were released to it.

    Raises InputError where the indicators were not released: without them no sentence can be written.
    """
    store, tables = workspace.store, workspace.read_released()
    if "indicators" not in tables:
        expected = "a rule that releases the table indicators to this audience"
        raise InputError([Fault(f"{store.raw / 'call.yml'}, release", "no such rule", expected)])
    edition = Edition.parse(workspace.edition)
    wording = Wording(edition.language, store.call, values(tables["indicators"]))
    material = Material(store.call, edition, tables, wording, store.published, store.outline)
    return Answer(material, store.sources, changed_files(store))
