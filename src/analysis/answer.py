"""The answer to a written question as a document: head, question, answer, annexes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pandas as pd
from markupsafe import Markup

from analysis.blocks import Html, facts, header, heading, notice, numbered, paragraphs, table
from analysis.declarations import Edition, Text
from analysis.declared import declare_edition
from analysis.exhibits import table_of_reasons
from analysis.faults import Fault, InputError
from analysis.figures import Figure
from analysis.findings import has_reconciliation, list_findings, open_with_findings
from analysis.indicators import tabulate, values
from analysis.ingest import changed_files
from analysis.material import Block, Document, Material
from analysis.omitted import write_omissions
from analysis.provenance import MAKERS, Ledger, style_of, write_origins
from analysis.published import Figure as PublishedFigure
from analysis.published import Sources
from analysis.release import number_jurors
from analysis.sections import TOPICS
from analysis.selection import SHORTLIST
from analysis.steps import Step
from analysis.store import Store, Workspace
from analysis.suppositions import has_scenarios, write_scenarios
from analysis.wording import LOCALES, Wording, read_texts


@dataclass(frozen=True)
class Answer(Document):
    """The answer of one edition, in the order in which its parts are shown.

    The annex of origins comes last: it lists the indicators, columns and pictures that the parts before it have shown.
    """

    material: Material
    sources: Sources
    ledger: Ledger
    changed: Sequence[str] = ()
    pictures: dict[str, Figure] = field(default_factory=dict)  # those shown so far, by id

    @property
    def title(self) -> str:
        """Return the title of the document."""
        subject = self.material.call.letter.subject.in_language(self.material.wording.language)
        return self.material.plain("document.title", subject=subject)

    @property
    def description(self) -> str:
        """Return what the document is, in one sentence."""
        return self.material.plain("document.description", as_of=self.material.edition.as_of)

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
        yield from open_with_findings(material)

    def _parties(self) -> Iterator[tuple[str, Markup | str]]:
        """Yield who asks, who answers, and which edition this is, as far as the call says so."""
        material, letter, language = self.material, self.material.call.letter, self.material.wording.language
        audience = material.plain(f"head.audience.{material.edition.audience}")
        given: dict[str, Markup | str | None] = {
            "question_number": letter.number,
            "asked_on": material.wording.show("day", "call.letter.asked_on") if letter.asked_on else None,
            "asked_by": letter.asked_by.in_language(language) if letter.asked_by else None,
            "answered_by": letter.answered_by.in_language(language) if letter.answered_by else None,
            "organiser": material.call.organiser.name,
            "edition": material.wording.html("answer.head.edition_said", audience=audience),
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
        """Yield the answer to every part of the question, in the order of the question, and what is left out of it."""
        material = self.material
        yield heading(2, material.plain("answer.heading"), "answer")
        for number, question in enumerate(material.call.questions, start=1):
            topic = material.plain(f"answer.topics.{question.topic}")
            yield heading(3, material.plain("answer.part", number=number, topic=topic), f"answer-{number}")
            blocks: list[Block] = [block for block in TOPICS[question.topic](material) if block]
            self.pictures.update({block.id: block for block in blocks if isinstance(block, Figure)})
            yield from blocks or [material.say("answer.nothing")]
        yield from write_omissions(material)

    def annexes(self) -> Iterator[Block]:
        """Yield the annexes that have something to say: jury, reconciliation, scenarios, origin of figures."""
        parts = [self._jury] if "scoring.jurors" in self.material.wording.values else []
        if has_reconciliation(self.material):
            parts.append(self._reconciliation)
        if self._left_out() is not None:
            parts.append(self._reasons)
        if has_scenarios(self.material):
            parts.append(self._scenarios)
        for number, part in enumerate(parts, start=1):
            yield from part(number)
        yield from write_origins(self.material, self.ledger, list(self.pictures.values()), len(parts) + 1)

    def _jury(self, number: int) -> Iterator[Block]:
        material, wording = self.material, self.material.wording
        yield heading(2, material.plain("annex.jury", number=number), "jury")
        yield material.say("annex.jury_lead")
        panelled = any(material.call.scoring.panels.values())
        rows = [
            [
                wording.label("raters", rater.id),
                material.plain(f"annex.roles.{rater.role}"),
                *([self._panel(rater.panel)] if panelled else []),
                wording.join([wording.label("criteria", criterion) for criterion in rater.criteria]),
            ]
            for rater in material.call.scoring.raters
        ]
        names = [name for key, name in material.headings("annex.jury_headings").items() if panelled or key != "panel"]
        yield table(material.plain("annex.jury_caption"), names, rows)

    def _panel(self, panel: str | None) -> str:
        """Return the name of a panel, its id where it has none; or that a rater scores in all of them."""
        material = self.material
        label = material.call.scoring.panel_labels.get(panel or "")
        return label.in_language(material.edition.language) if label else panel or material.plain("annex.all_panels")

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

    def _scenarios(self, number: int) -> Iterator[Block]:
        yield heading(2, self.material.plain("annex.scenarios", number=number), "scenarios")
        yield from write_scenarios(self.material)

    def _reconciliation(self, number: int) -> Iterator[Block]:
        material = self.material
        yield heading(2, material.plain("annex.reconciliation", number=number), "reconciliation")
        yield material.say("annex.reconciliation_lead")
        yield from list_findings(material)
        compared = material.find("reconciliation")
        if compared is not None:
            figures = material.published.by_id if material.published else {}
            rows = [self._figure_row(row, figures[row.figure]) for row in compared.itertuples()]
            names = list(material.headings("annex.figures_headings").values())
            yield table(material.plain("annex.figures_caption"), names, rows, numeric=(2, 4))
        sums = material.find("group_sums")
        if sums is not None:
            yield self._table_of_sums(sums)

    def _figure_row(self, row: Any, figure: PublishedFigure) -> list[Markup | str]:
        material, wording = self.material, self.material.wording
        label = figure.label.in_language(wording.language)
        published, computed = (self._value_or_day(row, name) for name in ("published", "computed"))
        return [
            material.plain("annex.derived", label=label) if figure.derived else label,
            figure.source,
            published,
            wording.label("hedge", figure.hedge),
            computed,
            wording.label("verdict", row.verdict),
        ]

    def _table_of_sums(self, sums: pd.DataFrame) -> Html:
        material, wording = self.material, self.material.wording
        labels = {group.id: group.label for group in material.published.groups} if material.published else {}
        rows = [
            [
                labels[row.group].in_language(wording.language),
                row.sources,
                *(
                    self._cell(getattr(row, name), row.unit, f"group_sums.{name}")
                    for name in ("total", "sum", "difference")
                ),
                wording.label("verdict", row.verdict),
            ]
            for row in sums.itertuples()
        ]
        names = list(material.headings("annex.groups_headings").values())
        return table(material.plain("annex.groups_caption"), names, rows, numeric=(2, 3, 4))

    def _value_or_day(self, row: Any, name: str) -> Markup | str:
        """Return the number or the day of a row of the table `reconciliation`, as its unit asks."""
        if pd.notna(day := getattr(row, f"{name}_on")):
            return self._cell(day, row.unit, f"reconciliation.{name}_on")
        return self._cell(getattr(row, name), row.unit, f"reconciliation.{name}")

    def _cell(self, value: float | date | None, unit: str, origin: str) -> Markup | str:
        style, options = style_of(unit, value) if value is not None else ("number", {})
        return self.material.cell(style, value, origin, **options)


def compose(workspace: Workspace) -> Answer:
    """Return the answer of the workspace's edition, from the tables that were released to it.

    Raises InputError where the indicators were not released: without them no sentence can be written.
    """
    store, tables = workspace.store, workspace.read_released()
    if "indicators" not in tables:
        expected = "a rule that releases the table indicators to this audience"
        raise InputError([Fault(f"{store.raw / 'call.yml'}, release", "no such rule", expected)])
    edition = Edition.parse(workspace.edition)
    of_edition = tabulate([declare_edition(edition)], workspace.step.name, {})
    tables["indicators"] = pd.concat([tables["indicators"], of_edition], ignore_index=True)
    noun = Text(**{language: read_texts(language)["labels"]["juror"] for language in LOCALES})
    call = number_jurors(store.call, edition.audience, noun)
    wording = Wording(edition.language, call, values(tables["indicators"]))
    material = Material(call, edition, tables, wording, store.published, store.outline)
    return Answer(material, store.sources, _open_ledger(store, workspace.step), changed_files(store))


def _open_ledger(store: Store, step: Step) -> Ledger:
    """Return what is known of the tables that a step needs, and of those that they are made from."""
    behind = {name for table in step.needs if table in MAKERS for name in MAKERS[table].tables}
    return Ledger(store.contracts, store.table_hashes(sorted(behind | {*step.needs})))
