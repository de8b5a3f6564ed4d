"""Sheets of feedback: one for the applicant of a proposal, or one for a group of proposals, as documents.

What a sheet may show was written for it alone before it is made (`write_granted`): of a proposal its own rows, of a
group what is released of it, and counts and spreads over all.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path
from types import CodeType
from typing import Any, Literal

import pandas as pd
from jinja2 import Environment
from markupsafe import Markup

from analysis.blocks import Html, facts, header, heading, notice, paragraphs, table
from analysis.contracts import Column, Contract
from analysis.declarations import Edition, Language, Text
from analysis.exhibits import say_reason
from analysis.figures import Figure
from analysis.files import find_root
from analysis.indicators import values
from analysis.material import NO_VALUE, Block, Document, Material
from analysis.plots.standing import standing
from analysis.provenance import Ledger, write_origins
from analysis.published import Sources
from analysis.release import number_jurors
from analysis.sheetpaths import common_path, granted_path
from analysis.store import Store
from analysis.tables import feedback
from analysis.tables.cells import TOTAL
from analysis.wording import LOCALES, MODES, Mode, SourcedDay, Wording, read_texts, take

Kind = Literal["proposal", "category", "province", "municipality"]
KINDS: tuple[Kind, ...] = ("proposal", "category", "province", "municipality")
NUMBERED = 1  # a sheet has one annex
KEPT = 4  # unpacked files: what all sheets share, and what is the own of the last
LINKABLE = re.compile(r'(<data value="[^"]*" data-(?:indicator|column)="([^"]*)">.*?</data>)')


def pack(tables: Mapping[str, pd.DataFrame], hashes: Mapping[str, str]) -> bytes:
    """Return tables, and the hashes of those that they come from, as JSON; the same give the same bytes."""
    rows = {name: json.loads(rows.to_json(orient="split", index=False, date_format="iso", double_precision=15))
            for name, rows in tables.items()}  # fmt: skip
    return json.dumps({"tables": rows, "hashes": dict(hashes)}, sort_keys=True, ensure_ascii=False).encode()


def unpack(content: bytes, contracts: Mapping[str, Contract]) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Return the tables, in the types of their contracts, and the hashes; see `pack`."""
    read = json.loads(content)
    tables = {name: _typed(rows, contracts[name]) for name, rows in read["tables"].items()}
    return tables, read["hashes"]


def _typed(rows: Mapping[str, Any], contract: Contract) -> pd.DataFrame:
    # A column at a time: with tables as small as these, pandas takes most of its time for a row of mixed types.
    values = list(zip(*rows["data"], strict=True)) or [()] * len(rows["columns"])
    return pd.DataFrame(
        {name: _cast(column, contract.columns[name]) for name, column in zip(rows["columns"], values, strict=True)}
    )


def _cast(values: Sequence[Any], column: Column) -> Any:
    """Return the values of a column in the type of its contract."""
    read = pd.Series(values, dtype=object)
    if column.kind == "day":
        read = pd.to_datetime(read).dt.tz_localize(None)
    return read.astype(column.dtype).array


@cache
def open_store(root: Path, call: str) -> Store:
    """Return the store of a call, read once by a process and all that are forked from it."""
    return Store(root, call)


@cache
def all_contracts(store: Store) -> dict[str, Contract]:
    """Return the contracts of the call, and those of the tables of the sheets alone."""
    return {**store.contracts, **{contract.name: contract for contract in feedback.contracts(store.call)}}


@cache
def _call_outside(store: Store) -> Any:
    noun = Text(**{language: read_texts(language)["labels"]["juror"] for language in LOCALES})
    return number_jurors(store.call, "applicant", noun)


class _QuickWording(Wording):
    """Texts whose templates are compiled once by a process and all that are forked from it."""

    def _environment(self, mode: Mode) -> Environment:
        environment = super()._environment(mode)
        compile_anew = environment.compile

        def compile_once(source: str, *_: Any, **__: Any) -> CodeType:
            if (mode, source) not in _compiled:
                _compiled[mode, source] = compile_anew(source)
            return _compiled[mode, source]

        environment.compile = compile_once  # type: ignore[assignment, method-assign]
        return environment


_compiled: dict[tuple[Mode, str], CodeType] = {}  # the code of a template tells nothing of the sheet that used it first


def compile_texts(store: Store, language: Language) -> None:
    """Compile the templates that sheets use, so that those who are forked from this process need not."""
    wording, texts = _QuickWording(language, store.call, {}), read_texts(language)
    used = [texts["sheet"], texts["answer"]["annex"], texts["answer"]["basis"]["reason"], texts["answer"]["document"]]
    for mode in MODES:
        environment = wording._environment(mode)
        for source in _templates(used):
            environment.compile(source)


def _templates(texts: Any) -> Iterator[str]:
    if isinstance(texts, str):
        yield texts
    else:
        for part in texts.values() if isinstance(texts, Mapping) else texts:
            yield from _templates(part)


def open_sheet(call: str, edition: str, kind: str, subject: str, root: Path | None = None) -> Sheet:
    """Open the sheet of a subject from its notebook, wherever in the project that runs, or below `root`.

    Raises InputError where call or project are at fault, and FileNotFoundError where nothing was granted to it.
    """
    store, parsed = open_store(root or find_root(), call), Edition.parse(edition)
    shared, hashes = _unpack_once(common_path(store.processed, edition, kind).read_bytes(), store)
    own, _ = _unpack_once(granted_path(store.processed, edition, kind, subject).read_bytes(), store)
    known = _call_outside(store)
    tables = {**shared, **own}
    wording = _QuickWording(parsed.language, known, values(tables["indicators"]))
    material = Material(known, parsed, tables, wording, store.published, None)
    ledger = Ledger(all_contracts(store), hashes)
    return (ProposalSheet if kind == "proposal" else GroupSheet)(material, store.sources, ledger, kind, subject)


@lru_cache(maxsize=KEPT)
def _unpack_once(content: bytes, store: Store) -> tuple[dict[str, pd.DataFrame], dict[str, str]]:
    """Return what `unpack` gives, the same tables for the same content: a sheet is opened to be written and printed."""
    return unpack(content, all_contracts(store))


@dataclass(frozen=True)
class Sheet(Document):
    """One sheet in the order in which its parts are shown; its annex of origins comes last."""

    material: Material
    sources: Sources
    ledger: Ledger
    kind: str
    subject: str
    pictures: dict[str, Figure] = field(default_factory=dict)  # those shown so far, by id

    @property
    def wording(self) -> Wording:
        """Return the texts in the language of the edition."""
        return self.material.wording

    @property
    def name(self) -> str:
        """Return what the sheet is about, in words."""
        return self.subject

    @property
    def place(self) -> str:
        """Return the name as it stands in a sentence: the province Limburg."""
        return self.plain(f"head.named.{self.kind}", name=self.name)

    @property
    def title(self) -> str:
        """Return the title of the document."""
        return self.plain(f"document.title.{self._sort}", name=self.name, place=self.place)

    @property
    def description(self) -> str:
        """Return what the document is, in one sentence."""
        return self.plain("document.description", as_of=self.material.edition.as_of)

    @property
    def _sort(self) -> str:
        return "proposal" if self.kind == "proposal" else "group"

    def head(self) -> Iterator[Block]:
        """Yield title, what the sheet is about and of which day, and the notice that records are synthetic."""
        kind = Html(Markup('<p class="kind">{}</p>').format(self.plain(f"head.kind.{self._sort}")))
        yield header(heading(1, self.title, "title"), kind, facts(self._facts()))
        if self.sources.notice:
            yield notice(self.sources.notice.in_language(self.wording.language))
        yield self.say(f"head.opening.{self._sort}", name=self.name, place=self.place)

    def body(self) -> Iterator[Block]:
        """Yield what the sheet has to tell."""
        raise NotImplementedError

    def annex(self) -> Iterator[Block]:
        """Yield whom to ask, and the annex with the origins of the figures."""
        yield self.say("closing")
        yield from write_origins(self.material, self.ledger, list(self.pictures.values()), NUMBERED)

    def say(self, key: str, **context: Any) -> Html:
        """Return a text of the sheets as paragraphs."""
        return paragraphs(self.wording.html(f"sheet.{key}", **context))

    def plain(self, key: str, **context: Any) -> str:
        """Return a text of the sheets without markup."""
        return self.wording.plain(f"sheet.{key}", **context)

    def headings(self, key: str) -> list[str]:
        """Return every text below a key, in the order of the file."""
        return [self.plain(f"{key}.{name}") for name in self.wording.keys(f"sheet.{key}")]

    def part(self, key: str) -> Html:
        """Return the heading of a part."""
        return heading(2, self.plain(f"{key}.heading"), key.replace("_", "-"))

    def _facts(self) -> Iterator[tuple[str, Markup | str]]:
        yield self.plain(f"head.subject.{self.kind}"), self.name
        yield self.plain("head.call"), self.material.call.title.in_language(self.wording.language)
        yield self.plain("head.organiser"), self.material.call.organiser.name
        yield self.plain("head.edition"), self.wording.html("sheet.head.edition_said")

    def own(self, name: str) -> dict[str, Any] | None:
        """Return the single row of a table that is about the subject, or None where there is none."""
        found = self.material.find(name)
        return None if found is None else found.to_dict("records")[0]


class ProposalSheet(Sheet):
    """The sheet for the applicant of one proposal."""

    @property
    def name(self) -> str:
        """Return the title of the proposal, or its id where that was not released."""
        row = self.own("proposals")
        return str(row["title"]) if row and row.get("title") else self.subject

    def _facts(self) -> Iterator[tuple[str, Markup | str]]:
        yield self.plain("head.id"), self.subject
        yield from super()._facts()

    def body(self) -> Iterator[Block]:
        """Yield the outcome, the scores, the place among all, and what is proposed; before the announcement none."""
        yield self.part("outcome")
        if not self.material.announced:
            yield self.say("outcome.early")
            return
        yield from self._outcome()
        yield from self._scores()
        yield from self._place()
        yield from self._follow_up()

    def _outcome(self) -> Iterator[Block]:
        row, reasons = self.own("chosen"), self.material.find("reasons")
        if row:
            days = {
                name: SourcedDay.of(row[name].date(), f"chosen.{name}") if pd.notna(row.get(name)) else None
                for name in ("start", "end")
            }
            yield self.say("outcome.chosen", **days)
        elif reasons is not None:
            yield self.say("outcome.left")
            yield paragraphs(self._linked(say_reason(self.material, next(reasons.itertuples()))))
        else:
            yield self.say("outcome.untold")

    def _linked(self, said: Markup) -> Markup:
        """Return a text with its numbers linked to their origins, as in prose."""
        return Markup(LINKABLE.sub(r'<a class="origin" href="#origin-\2">\1</a>', str(said)))

    def _scores(self) -> Iterator[Block]:
        means, spread = self.material.find("criterion_scores"), self.material.find("criterion_spread")
        if means is None:
            return
        yield self.part("scores")
        yield self.say("scores.lead", raters=_of(self.own("totals"), "totals", "raters"))
        rows = self._beside(means, spread)
        labels = self._labels()
        if spread is not None:
            yield self.say("scores.quarters", **self._quarters(rows, labels))
            picture = standing(rows, labels, self.wording)
            self.pictures[picture.id] = picture
            yield picture
        yield self._table_of_scores(rows, labels)

    def _labels(self) -> dict[str, str]:
        scored = self.material.call.scoring.criteria
        return {
            **{item.id: self.wording.label("criteria", item.id) for item in scored},
            TOTAL: self.plain("scores.total"),
        }

    def _beside(self, means: pd.DataFrame, spread: pd.DataFrame | None) -> pd.DataFrame:
        """Return the own means and the total per criterion, beside the spread over all where that was released."""
        own, total = means[["criterion", "score"]], self.own("totals")
        if total is not None:
            own = pd.concat([own, pd.DataFrame({"criterion": [TOTAL], "score": [total["total"]]})], ignore_index=True)
        if spread is None:
            return own
        return spread.merge(own, on="criterion", how="outer")

    def _quarters(self, rows: pd.DataFrame, labels: Mapping[str, str]) -> dict[str, str]:
        """Return on which criteria the proposal is in the highest quarter, and in the lowest, as running lists."""
        single = (
            rows[rows["criterion"] != TOTAL].set_index("criterion").reindex([name for name in labels if name != TOTAL])
        )
        sides = {"high": single["score"] > single["q75"], "low": single["score"] < single["q25"]}
        return {side: self.wording.join([labels[name] for name in single.index[which]]) if which.any() else ""
                for side, which in sides.items()}  # fmt: skip

    def _table_of_scores(self, rows: pd.DataFrame, labels: Mapping[str, str]) -> Html:
        by_criterion = {row["criterion"]: row for row in rows.to_dict("records")}
        cells = [
            [labels[name], *self._score_cells(name, by_criterion[name])] for name in labels if name in by_criterion
        ]
        names = self.headings("scores.headings")
        return table(self.plain("scores.caption"), names, cells, numeric=tuple(range(1, len(names))))

    def _score_cells(self, criterion: str, row: Mapping[str, Any]) -> list[Markup | str]:
        own = "totals.total" if criterion == TOTAL else "criterion_scores.score"
        spread = {f"criterion_spread.{name}": row.get(name) for name in ("median", "q25", "q75")}
        columns = {own: row["score"], **spread}
        return [self.material.cell("number", value, column, decimals=1) for column, value in columns.items()]

    def _place(self) -> Iterator[Block]:
        total, expected = self.own("totals"), self.own("expected_ranks")
        if total is None:
            return
        yield self.part("place")
        yield self.say("place.rank", shortlisted=bool(total["shortlisted"]), **take("totals", total, "total", "rank"))
        if expected is not None:
            numbers = take("expected_ranks", expected, "er", "q05", "q25", "q75", "q95")
            yield self.say("place.interval", **numbers)
            yield self.say(f"place.line.{expected['group']}")

    def _follow_up(self) -> Iterator[Block]:
        row = self.own("follow_up")
        chosen = self.own("chosen") is not None
        if row is None and not chosen:
            return
        yield self.part("follow_up")
        if row is None:
            yield self.say("follow_up.chosen")
            return
        path = next(item for item in self.material.call.paths if item.id == row["path"])
        language = self.wording.language
        said = {"label": path.label.in_language(language), "description": path.description.in_language(language)}
        reason = row.get("reason")
        yield self.say(
            "follow_up.path", **said, reason="" if reason is None or pd.isna(reason) else str(reason).rstrip(".")
        )


class GroupSheet(Sheet):
    """The sheet about the proposals of one category, province or municipality, in outline."""

    @property
    def name(self) -> str:
        """Return the label of the group."""
        if self.kind == "municipality":
            row = self.own("municipality_reach")
            return str(row["name"]) if row else self.subject
        return self.material.label(self.kind, self.subject)

    def body(self) -> Iterator[Block]:
        """Yield how many proposals there are, of what kinds and where, and which are chosen."""
        yield self.part("counts")
        yield from filter(None, [self._counts(), self._expected()])
        kinds, reach = self.material.find("category_by_kind"), self.material.find("municipality_reach")
        if kinds is not None:
            yield self._table_of_kinds(kinds)
        if reach is not None and self.kind == "province":
            yield self._table_of_reach(reach)
        yield self.part("selected")
        yield from self._chosen()

    def _counts(self) -> Html:
        if self.kind == "municipality":
            numbers = _all_of(self.own("municipality_reach"), "municipality_reach", "proposals", "led", "population")
            return self.say("counts.municipality", name=self.name, **numbers)
        numbers = _all_of(self.own("distribution"), "distribution", "proposals", "share")
        return self.say("counts.group", place=self.place, **numbers)

    def _expected(self) -> Html | None:
        row = self.own("spread")
        if row is None or pd.isna(row.get("expected")):
            return None
        names = ("expected", "ratio", "low", "high", "reached", "municipalities")
        return self.say("counts.expected", **_all_of(row, "spread", *names))

    def _table_of_kinds(self, kinds: pd.DataFrame) -> Html:
        rows = [
            [
                self.material.label("actor_kind", row["actor_kind"]),
                self.material.cell("number", row["proposals"], "category_by_kind.proposals"),
            ]
            for row in kinds.to_dict("records")
        ]
        return table(self.plain("counts.kinds_caption"), self.headings("counts.kinds_headings"), rows, numeric=(1,))

    def _table_of_reach(self, reach: pd.DataFrame) -> Html:
        rows = [
            [row["name"], self.material.cell("number", row["proposals"], "municipality_reach.proposals")]
            for row in reach.sort_values("name").to_dict("records")
        ]
        return table(self.plain("counts.reach_caption"), self.headings("counts.reach_headings"), rows, numeric=(1,))

    def _chosen(self) -> Iterator[Block]:
        counted, chosen = self.own("chosen_groups"), self.material.find("chosen", "title")
        if counted is not None:
            yield self.say("selected.number", **take("chosen_groups", counted, "proposals"))
        if not self.material.announced:
            yield self.say("selected.early")
        elif chosen is not None:
            yield self._table_of_chosen(chosen)
        elif counted is None:
            yield self.say("selected.none")

    def _table_of_chosen(self, chosen: pd.DataFrame) -> Html:
        names = {name: self.plain(f"selected.headings.{name}") for name in self.wording.keys("sheet.selected.headings")}
        columns = [name for name in names if name in chosen]
        rows = [[self._chosen_cell(row[name], name) for name in columns] for row in chosen.to_dict("records")]
        numeric = [place for place, name in enumerate(columns) if name == "euro"]
        return table(self.plain("selected.caption"), [names[name] for name in columns], rows, numeric=numeric)

    def _chosen_cell(self, value: Any, name: str) -> Markup | str:
        if name == "euro":
            return self.material.cell("euro", value, "chosen.euro")
        if name == "category":
            return self.material.label(name, value)
        return NO_VALUE if pd.isna(value) else str(value)


def _of(row: Mapping[str, Any] | None, name: str, column: str) -> Any:
    """Return the number in a column of a row with its place, or None where there is none."""
    return take(name, row, column)[column] if row and column in row else None


def _all_of(row: Mapping[str, Any] | None, name: str, *columns: str) -> dict[str, Any]:
    return {column: _of(row, name, column) for column in columns}
