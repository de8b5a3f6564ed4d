"""`oproep new`: the folder of a call from a spreadsheet, written whole or not at all."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import yaml
from pydantic import TypeAdapter, ValidationError

from analysis.adoption.assembly import assemble
from analysis.adoption.callfile import Draft, folder_title, write_call
from analysis.adoption.delivery import read_delivery
from analysis.adoption.gaps import name_gaps
from analysis.adoption.gathered import Tables, iterate_columns
from analysis.adoption.guessing import Guess, guess_mapping
from analysis.adoption.layout import find_layout
from analysis.adoption.mapping import Mapping as Document
from analysis.adoption.mapping import write_mapping
from analysis.adoption.places import Gazetteer, read_mergers
from analysis.adoption.records import PLACE, Report, read_records
from analysis.adoption.sheets import Workbook, fill_merged, unseen_parts, written
from analysis.adoption.tracing import check_folder, write_origins
from analysis.clock import today
from analysis.declarations import Identifier, Language
from analysis.documents import read_document
from analysis.faults import Fault, InputError, refuse
from analysis.files import file_hash, place_folder, raw_folder
from analysis.stages import reach

MAPPING = "mapping.yml"
LICENCE = "not stated"
MADE = "made by `oproep new` from"
Ask = Callable[[str, Sequence[str]], str | None]


@dataclass(frozen=True)
class Request:
    """What is asked: the call, the files, and how to treat them.

    With `update` the files are read by the mapping that the folder holds (or by the file `mapping`), and `call.yml`
    stays as it is. `places` says which municipality (name or NIS code) a written name stands for; `ask` is asked about
    the others, or else they are faults.
    """

    root: Path
    call: str
    files: tuple[Path, ...]
    language: Language | None = None
    update: bool = False
    mapping: Path | None = None
    reference: str | None = None
    places: Mapping[str, str] | None = None
    ask: Ask | None = None

    @property
    def folder(self) -> Path:
        """Return the folder of the call."""
        return raw_folder(self.root, self.call)


@dataclass(frozen=True)
class Adopted:
    """What was written, and what there is to say about it: notes on the reading, gaps in the answer, faults to mend."""

    folder: Path
    counts: Mapping[str, int]
    notes: Sequence[str]
    gaps: Sequence[str]
    todo: Sequence[str]


def adopt(request: Request) -> Adopted:
    """Read the files and write the folder of the call; raise InputError with all faults, and write nothing then."""
    _check_request(request)
    kept = _kept_mapping(request)
    reach("reading the files", 0.0)
    book = read_delivery(request.files)
    notes = [*book.notes, *(note for sheet in book.sheets for note in unseen_parts(sheet))]
    for sheet in book.sheets:
        fill_merged(sheet)
    reference = kept.reference if kept else request.reference or _newest_reference(request.root)
    gazetteer = _open_gazetteer(request.root, reference, {**(kept.places if kept else {})})
    gazetteer = _with_answers(gazetteer, request.places or {})
    reach("finding tables and columns", 0.4)
    guess = None if kept else guess_mapping(book, gazetteer, reference, request.language)
    mapping = kept or (guess.mapping if guess else None)
    assert mapping is not None
    tables, report, gazetteer = _read(book, mapping, gazetteer, request.ask)
    refuse(report.ordered())
    mapping = mapping.model_copy(update={"places": dict(gazetteer.answers)})
    todo = _write(request, book, mapping, tables, guess)
    notes += [*(guess.notes if guess else ()), *report.notes]
    if report.loose:
        notes.append(
            f"{len(report.loose)} numbers of proposals are taken for the same without zeros: {report.loose[0]}"
        )
    return Adopted(
        request.folder,
        {n: len(tables.rows[n]) for n, _ in iterate_columns(tables)},
        notes,
        list(name_gaps(tables)),
        todo,
    )


def _check_request(request: Request) -> None:
    faults = []
    try:
        TypeAdapter(Identifier).validate_python(request.call)
    except ValidationError:
        faults.append(
            Fault("CALL", repr(request.call), "small letters and digits, parted by hyphens, such as oproep-2026")
        )
    if not request.files:
        faults.append(Fault("--from", "no file", "a workbook (.xlsx, .xls, .ods) or CSV files"))
    if request.call == "reference":
        faults.append(Fault("CALL", "'reference'", "another name, for this folder holds the reference tables"))
    exists = request.folder.exists()
    if exists and not request.update:
        expected = "a new name, or --update to read a new delivery of the same spreadsheet"
        faults.append(Fault(str(request.folder), "a folder that is there", expected))
    if request.update and not exists:
        faults.append(Fault(str(request.folder), "no such folder", "the folder of a call that `oproep new` made"))
    refuse(faults)


def _kept_mapping(request: Request) -> Document | None:
    """Return the mapping to read by; None where it is to be guessed."""
    if request.mapping is None and not request.update:
        return None
    return read_document(request.mapping or request.folder / MAPPING, Document)


def _newest_reference(root: Path) -> str:
    folder = raw_folder(root, "reference")
    found = sorted(path.name for path in folder.glob("municipalities_*.csv"))
    if not found:
        raise InputError(
            [Fault(str(folder), "no file municipalities_YEAR.csv", "the municipalities that can take part")]
        )
    return found[-1]


def _open_gazetteer(root: Path, reference: str, answers: Mapping[str, str]) -> Gazetteer:
    folder = raw_folder(root, "reference")
    if not (folder / reference).is_file():
        raise InputError(
            [Fault(str(folder / reference), "no such file", "a table of municipalities with nis and name_nl")]
        )
    municipalities = pd.read_csv(folder / reference, dtype="str").rename(columns={"name_nl": "name"})
    mergers = folder / "mergers.csv"
    table = pd.read_csv(mergers, dtype="str") if mergers.is_file() else None
    return Gazetteer(municipalities[["nis", "name"]], read_mergers(table), answers)


def _with_answers(gazetteer: Gazetteer, answers: Mapping[str, str]) -> Gazetteer:
    """Add what a person says that written names stand for; an answer that is no municipality is a fault."""
    found = {name: gazetteer.find(answer) for name, answer in answers.items()}
    refuse(
        Fault(f"--place {name}={answers[name]}", repr(answers[name]), place.expected())
        for name, place in found.items()
        if place.nis is None
    )
    added = {name: place.nis for name, place in found.items() if place.nis}
    stray = [
        Fault(f"places.{n}", repr(nis), "a code of the reference list")
        for n, nis in gazetteer.answers.items()
        if nis not in gazetteer.names
    ]
    refuse(stray)
    return Gazetteer(gazetteer.municipalities, gazetteer.mergers, {**gazetteer.answers, **added})


def _read(book: Workbook, mapping: Document, gazetteer: Gazetteer, ask: Ask | None) -> tuple[Tables, Report, Gazetteer]:
    """Return the tables; where someone can be asked, each unknown municipality is asked about once."""
    report = Report()
    reach("reading the records", 0.5)
    records = read_records(book, mapping, gazetteer, report)
    unknown = dict.fromkeys(fault.found[1:-1] for weight, fault in report.faults if weight == PLACE)
    answers = {}
    for name in unknown if ask else ():
        place = gazetteer.find(name)
        candidates = [f"{other} ({nis})" for nis, other in place.candidates]
        answer = ask(name, candidates) if ask and place.nis is None else None
        if answer and (nis := gazetteer.find(answer).nis):
            answers[name] = nis
    if answers:
        return _read(
            book,
            mapping,
            Gazetteer(gazetteer.municipalities, gazetteer.mergers, {**gazetteer.answers, **answers}),
            None,
        )
    return assemble(records, report), report, gazetteer


def _write(request: Request, book: Workbook, mapping: Document, tables: Tables, guess: Guess | None) -> list[str]:
    """Write the folder aside, check it, and put it in its place; return the faults that are left to mend."""
    reach("writing the folder of the call", 0.7)
    source = ", ".join(path.name for path in request.files)
    raw = request.folder.parent
    raw.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(dir=raw, prefix=f".{request.call}."))
    try:
        folder = raw_folder(aside, request.call)
        if request.update:
            shutil.copytree(request.folder, folder)
        folder.mkdir(parents=True, exist_ok=True)
        _write_tables(folder, tables)
        write_origins(folder, tables)
        (folder / MAPPING).write_text(write_mapping(mapping, source), encoding="utf-8")
        if not request.update:
            draft = _draft(request, book, mapping, tables, guess, source)
            (folder / "call.yml").write_text(write_call(draft), encoding="utf-8")
        _write_sources(folder, request, tables)
        reach("checking the call", 0.8)
        todo = check_folder(aside, request.root, request.call, request.update)
        folder.chmod(0o755)
        place_folder(folder, request.folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return todo


def _write_tables(folder: Path, tables: Tables) -> None:
    for name, columns in iterate_columns(tables):
        text = io.StringIO(newline="")
        writer = csv.DictWriter(text, columns, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows({column: row.get(column, "") for column in columns} for row in tables.rows[name])
        (folder / f"{name}.csv").write_text(text.getvalue(), encoding="utf-8")


def _draft(
    request: Request, book: Workbook, mapping: Document, tables: Tables, guess: Guess | None, source: str
) -> Draft:
    return Draft(
        call=request.call,
        source=source,
        title=_find_title(book, mapping) or folder_title(request.call),
        language=mapping.language,
        reference=mapping.reference,
        labels=guess.labels if guess else _labels(mapping, tables),
        reviews=guess.reviews if guess else {},
        tables=tables,
        today=today(),
    )


def _labels(mapping: Document, tables: Tables) -> dict[str, dict[str, str]]:
    """Return labels by field and id from a mapping that was kept: as written first, or else the id itself."""
    found = {name: {key: text for text, key in reversed(known.items())} for name, known in mapping.groups.items()}
    for name in ("rater", "criterion"):
        used = dict.fromkeys(row[name] for row in tables.rows.get("scores", ()))
        found[name] = {key: found.get(name, {}).get(key, key) for key in used}
    return found


def _find_title(book: Workbook, mapping: Document) -> str:
    """Return the text above the table of ideas, if there is one."""
    names = {one.sheet for one in mapping.sheets if one.holds == "ideas"}
    for sheet in (sheet for sheet in book.sheets if sheet.name in names):
        layout = find_layout(sheet)
        for row in sorted(row for row in sheet.cells if layout and row < layout.top):
            for value in sheet.cells[row].values():
                if isinstance(value, str) and len(value) > 5:
                    return " ".join(written(value).split())
    return ""


def _write_sources(folder: Path, request: Request, tables: Tables) -> None:
    """Write `SOURCES.yml`; the records of files that were not made now stay as they are."""
    path = folder / "SOURCES.yml"
    before = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    files = dict((before or {}).get("files", {}))
    made = {f"{name}.csv" for name, _ in iterate_columns(tables)}
    for name in [name for name, one in files.items() if name not in made and MADE in one.get("origin", "")]:
        (folder / name).unlink(missing_ok=True)  # a table of the delivery before, of which this one has no row
        del files[name]
    origins = ", ".join(f"{one.name} (sha256 {file_hash(one)})" for one in request.files)
    for name, _ in iterate_columns(tables):
        licence = files.get(f"{name}.csv", {}).get("licence", LICENCE)
        record = {"origin": f"{MADE} {origins}", "licence": licence, "date": today()}
        files[f"{name}.csv"] = {**record, "sha256": file_hash(folder / f"{name}.csv")}
    content = {"synthetic": False, **(before or {}), "files": files}
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120), encoding="utf-8")


def describe_adopted(adopted: Adopted) -> dict[str, object]:
    """Return what was written, noted, missing and left to do as plain values."""
    said = {name: list(getattr(adopted, name)) for name in ("notes", "gaps", "todo")}
    return {"call": adopted.folder.name, "folder": str(adopted.folder), "rows": dict(adopted.counts), **said}


def say_adopted(adopted: Adopted) -> Iterator[str]:
    """Yield what to print: what was written, what was noted, what is missing, and what to do."""
    yield f"{adopted.folder}"
    yield from (f"{name}: {count} rows" for name, count in adopted.counts.items())
    yield from (f"note: {note}" for note in adopted.notes)
    yield from adopted.gaps
    if adopted.todo:
        yield f"to do in {adopted.folder.name}, as `oproep check {adopted.folder.name}` will say again:"
        yield from (f"- {line}" for line in adopted.todo)
    else:
        yield f"nothing is left to do: oproep run {adopted.folder.name}"
