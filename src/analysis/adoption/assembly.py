"""From the records of sheets to the tables of a call: each row keeps the place that it came from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from rapidfuzz import process

from analysis.adoption.gathered import COLUMNS, UNSTATED, Tables
from analysis.adoption.records import IDENTITY, PLACE, Entry, Record, Report
from analysis.adoption.vocabulary import plain
from analysis.faults import SHOWN_FAULTS

LED, PLACED = {"actor", "actor_name"}, {"municipality", "municipalities"}  # fields that tell who and where
COPIED = (
    *("title", "summary", "category", "partnership", "focus", "maturity_intake", "maturity_end", "requested_euro"),
    *("requested_staff_months", "start", "months", "umbrella"),
)


class _Proposals:
    """The proposals by every way in which a row may refer to them: number, number without zeros, title."""

    def __init__(self) -> None:
        self.by_id: dict[str, str] = {}
        self.by_loose: dict[str, set[str]] = {}
        self.by_title: dict[str, set[str]] = {}
        self.titles: dict[str, str] = {}

    def add(self, proposal: str, title: str) -> None:
        self.by_id[proposal] = proposal
        self.by_loose.setdefault(_loose(proposal), set()).add(proposal)
        self.by_title.setdefault(plain(title), set()).add(proposal)
        self.titles[proposal] = title

    def find(self, text: str) -> str | None:
        """Return the proposal that a text refers to, if it can be no other."""
        if text in self.by_id:
            return text
        for known in (self.by_loose.get(_loose(text)), self.by_title.get(plain(text))):
            if known and len(known) == 1:
                return next(iter(known))
        return None

    def nearest(self, text: str) -> str:
        names = {title: proposal for proposal, title in self.titles.items()} | self.by_id
        return ", ".join(dict.fromkeys(repr(one[0]) for one in process.extract(text, list(names), limit=3)))


def assemble(records: Sequence[Record], report: Report) -> Tables:
    """Return the tables of a call; what contradicts between the sheets is added to the report.

    A row of scores may name a proposal by its number, also where leading zeros were lost, or by its title.
    """
    tables = Tables(present={column.field or "" for record in records for column in record.sheet.read})
    ideas = [record for record in records if record.sheet.holds == "ideas"]
    known = _Proposals()
    ids = _number(ideas, known, report)
    _fill_actors_and_proposals(records, ids, tables, known, report)
    _fill_scores(records, ids, tables, known, report)
    for record in records:
        if record.sheet.holds in ("masterclasses", "budget", "staffing", "survey"):
            _copy(record, tables, known, report)
    _fill_decision(records, ids, tables, known, report)
    return tables


def _number(ideas: Sequence[Record], known: _Proposals, report: Report) -> dict[int, str]:
    """Return the id of each record of an idea, by its identity; those of a sheet without numbers are numbered."""
    ids: dict[int, str] = {}
    first: dict[str, Record] = {}
    width = max(2, len(str(len(ideas))))
    for position, record in enumerate(ideas, start=1):
        numbered = any(column.field == "proposal" for column in record.sheet.read)
        proposal = record.text("proposal") if numbered else f"P{position:0{width}}"
        if record.lacks("title"):
            report.add(IDENTITY, record.where("title"), "a row without a title", "a title, for each row is a proposal")
        if record.lacks("proposal") and not proposal:
            report.add(
                IDENTITY, record.where("proposal"), "a row without a number", "a number, for each row is a proposal"
            )
        elif proposal and _loose(proposal) in first:
            found = f"{proposal!r} again, which stands in {first[_loose(proposal)].place}"
            report.add(IDENTITY, record.where("proposal"), found, "each proposal once")
        elif proposal:
            first[_loose(proposal)] = record
            known.add(proposal, record.text("title"))
        ids[id(record)] = proposal
    return ids


@dataclass
class _Actors:
    """The actors, by the name and the municipality that a proposal gives, or by an id of their own."""

    report: Report
    tables: Tables
    ids: dict[tuple[str, str], str] = field(default_factory=dict)
    listed: dict[str, Record] = field(default_factory=dict)
    nis: dict[str, str] = field(default_factory=dict)

    def find(self, record: Record, nis: str) -> str:
        """Return the id of the actor of a proposal, adding it to the table where it is new."""
        other = self.listed.get(_loose(record.text("actor"))) or self.listed.get(plain(record.text("actor_name")))
        source = other or record
        name = source.text("actor_name") or record.text("actor_name") or record.text("actor")
        nis = source.text("municipality") or nis
        if not name and record.lacks("actor_name"):
            self.report.add(IDENTITY, record.where("actor_name"), "a proposal without an applicant", "who leads it")
        if not nis and source.lacks("municipality") and record.lacks("municipality"):
            self.report.add(PLACE, record.where("municipality"), "no municipality of the applicant", "one")
        key = (plain(name), nis)
        if key not in self.ids:
            self.ids[key] = record.text("actor") or source.text("actor") or f"A{len(self.ids) + 1:02}"
            kind = source.text("actor_kind") or record.text("actor_kind")
            if not kind and "actor_kind" in self.tables.present and source.lacks("actor_kind"):
                self.report.add(IDENTITY, source.where("actor_kind"), "an applicant without its kind", "what it is")
            values = {"name": name, "kind": kind or UNSTATED, "nis": nis, "contact": source.text("contact")}
            self.tables.add("actors", source, actor=self.ids[key], **values)
            self.nis[self.ids[key]] = nis
        return self.ids[key]


def _fill_actors_and_proposals(
    records: Sequence[Record], ids: Mapping[int, str], tables: Tables, known: _Proposals, report: Report
) -> None:
    involved = _involvement(records, ids, known, report)
    ideas = [record for record in records if id(record) in ids]
    if not (tables.present & LED and tables.present & PLACED):
        _fill_proposals_alone(ideas, ids, involved, tables, report)
        return
    actors = _Actors(report, tables)
    for record in records:
        if record.sheet.holds == "actors":
            for key in filter(None, (_loose(record.text("actor")), plain(record.text("actor_name")))):
                actors.listed.setdefault(key, record)
    for record in ideas:
        proposal = ids[id(record)]
        places = involved.get(proposal, {})
        actor = actors.find(record, next(iter(places), ""))
        alone: Mapping[str, Record | Entry] = {actors.nis.get(actor, ""): record}
        for nis, origin in (places or alone).items():
            if nis:
                tables.add("involvement", origin, proposal=proposal, nis=nis)
        tables.add("proposals", record, **_proposal(record, proposal, actor, len(places), tables.present, report))


def _fill_proposals_alone(
    ideas: Sequence[Record], ids: Mapping[int, str], involved: Mapping[str, Mapping[str, Entry]], tables: Tables,
    report: Report,
) -> None:  # fmt: skip
    """Add the proposals of a delivery without applicants or without their municipalities, and what is known of these.

    Applicants without a municipality have an id and no row of their own; municipalities without an applicant are those
    involved.
    """
    names: dict[str, str] = {}
    for record in ideas:
        proposal, name = ids[id(record)], plain(record.text("actor_name") or record.text("actor"))
        places = involved.get(proposal, {})
        if tables.present & LED and not name:
            report.add(IDENTITY, record.where("actor_name"), "a proposal without an applicant", "who leads it")
        actor = names.setdefault(name, f"A{len(names) + 1:02}") if name else ""
        for nis, origin in places.items():
            tables.add("involvement", origin, proposal=proposal, nis=nis)
        tables.add("proposals", record, **_proposal(record, proposal, actor, len(places), tables.present, report))


def _involvement(
    records: Sequence[Record], ids: Mapping[int, str], known: _Proposals, report: Report
) -> dict[str, dict[str, Entry]]:
    """Return by proposal the municipalities involved, each with its cell; that of the applicant comes first."""
    found: dict[str, dict[str, Entry]] = {}
    for record in sorted(records, key=lambda one: id(one) not in ids):
        if record.sheet.holds not in ("ideas", "involvement"):
            continue
        proposal = ids.get(id(record)) or _refer(record, known, report)
        for name in ("municipality", "municipalities") if proposal else ():
            for entry in filter(lambda one: one.value, record.entries.get(name, ())):
                found.setdefault(proposal or "", {}).setdefault(entry.value, entry)
    return found


def _proposal(
    record: Record, proposal: str, actor: str, places: int, present: set[str], report: Report
) -> dict[str, str]:
    values = {name: record.text(name) for name in COPIED}
    if "category" in present and record.lacks("category"):
        report.add(IDENTITY, record.where("category"), "a proposal without a category", "one, for others have it")
    if "reach" in present and record.lacks("reach"):
        report.add(IDENTITY, record.where("reach"), "a proposal without its reach", "local or regional")
    if not values["months"] and values["start"] and record.text("end"):
        values["months"] = str(_months(record, report))
    return {
        **values,
        "proposal": proposal,
        "actor": actor,
        "category": values["category"] or UNSTATED,
        "reach": record.text("reach") or (_guess_reach(places) if present & PLACED else ""),
        "cross_sector": record.text("cross_sector") or ("false" if "cross_sector" in present else ""),
    }


def _guess_reach(places: int) -> str:
    return "regional" if places > 1 else "local"


def _months(record: Record, report: Report) -> int:
    """Return how many months are begun from the first to the last day of an execution."""
    start, end = (date.fromisoformat(record.text(name)) for name in ("start", "end"))
    if end < start:
        report.add(IDENTITY, record.where("end"), f"the end {end} before the start {start}", "an end after the start")
        return 1
    after = end + timedelta(days=1)
    return max((after.year - start.year) * 12 + after.month - start.month + (after.day > start.day), 1)


def _fill_scores(
    records: Sequence[Record], ids: Mapping[int, str], tables: Tables, known: _Proposals, report: Report
) -> None:
    first: dict[tuple[str, str, str], Entry] = {}
    for record in records:
        if not record.scores:
            continue
        proposal = ids.get(id(record)) or _refer(record, known, report)
        for rater, criterion, entry in record.scores if proposal else ():
            key = (proposal or "", rater or record.text("rater"), criterion or record.text("criterion"))
            if not all(key):
                lacking = "rater" if not key[1] else "criterion"
                report.add(IDENTITY, record.where(lacking), f"a score without a {lacking}", f"a {lacking}")
            elif key in first:
                found = f"a second score of {key[1]} on {key[2]} for {key[0]}, beside {first[key].place}"
                report.add(IDENTITY, entry.place, found, "one score")
            else:
                first[key] = entry
                tables.add("scores", entry, **dict(zip(COLUMNS["scores"], (*key, entry.value), strict=True)))


def _copy(record: Record, tables: Tables, known: _Proposals, report: Report) -> None:
    """Add the row of a table that is delivered as it is kept; of money and staff, a fault where a part is missing."""
    name = record.sheet.holds
    values = {column: record.text(column) for column in COLUMNS[name]}
    if name == "masterclasses":
        proposal = _refer(record, known, report)
        if proposal is None:
            return
        values["proposal"] = proposal
        values["attended"] = values["attended"] or "true"
    if name == "budget" and "fund" not in {column.field for column in record.sheet.read}:
        values["fund"] = UNSTATED
    optional = {"feasibility", "desirability", "year"}
    for column in (name for name, value in values.items() if not value and name not in optional | {*record.entries}):
        report.add(IDENTITY, record.where(column), f"a row of {name} without {column}", "a value")
    tables.add(name, record, **values)


def _fill_decision(
    records: Sequence[Record], ids: Mapping[int, str], tables: Tables, known: _Proposals, report: Report
) -> None:
    for record in records:
        if record.sheet.holds in ("ideas", "decision") and record.text("chosen") == "true":
            proposal = ids.get(id(record)) or _refer(record, known, report)
            if proposal:
                tables.add("decision", record, proposal=proposal, reason=record.text("reason"))


def _refer(record: Record, known: _Proposals, report: Report) -> str | None:
    """Return the proposal that a row is about; one that is not among the proposals is a fault."""
    text = record.text("proposal")
    if not text and not (record.scores or len(record.entries) > 1):
        return None
    found = known.find(text) if text else None
    if found is None:
        what = repr(text) if text else "a row without a proposal"
        near = f", such as {known.nearest(text)}" if len(report.faults) < SHOWN_FAULTS else ""
        report.add(IDENTITY, record.where("proposal"), what, f"a proposal that was submitted{near}")
    elif found != text and _loose(found) == _loose(text):
        report.loose.append(f"{text!r} in {record.where('proposal')} for {found!r}")
    return found


def _loose(text: str) -> str:
    """Return a number as it may have been written: letters small, no zeros before a number, no spaces."""
    bare = "".join(text.casefold().split())
    head = bare.rstrip("0123456789")
    return head + bare[len(head) :].lstrip("0") if bare[len(head) :].strip("0") else bare
