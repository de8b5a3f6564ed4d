"""Synthetic tables for a call, drawn from declared assumptions so that every published figure holds at once."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from analysis.declarations import Identifier
from analysis.faults import Fault, refuse
from analysis.files import file_hash
from analysis.ingest import read_municipalities
from analysis.stages import reach
from analysis.store import Store
from analysis.synthesis.assembly import Size, Tables, assemble, missed_figures
from analysis.synthesis.assumptions import Reconstruction
from analysis.synthesis.reading import read_assumptions

ROWS_AT_ONCE = 500_000  # rows of a file that are in memory as text at the same time
ID_LINE = re.compile(r"^id:[^\n#]*", re.MULTILINE)


class _PlainDumper(yaml.SafeDumper):
    """Writes a value that occurs again in full, without an anchor that a reader would have to follow."""

    def ignore_aliases(self, data: object) -> bool:
        """Say that nothing is written as an alias."""
        del data
        return True


def reconstruct(store: Store, proposals: int | None = None, call_id: str | None = None) -> Path:
    """Write synthetic tables and their SOURCES.yml into the folder of the call, and return that folder.

    With a number of proposals or an id they go into the folder of a new call instead, beside a copy of `call.yml`. The
    same seed gives the same bytes. Raises InputError where the numbers or the assumptions are at fault, and where a
    declared figure is missed; nothing is written then.
    """
    reach("reading the assumptions", 0.0)
    call = store.call
    assumed, ideas = read_assumptions(store.raw, call)
    count = assumed.targets.proposals if proposals is None else proposals
    is_new = proposals is not None or call_id is not None
    new_id = call_id or (f"{store.call_id}-{count}" if is_new else store.call_id)
    refuse(_impossible(count, new_id, store, is_new=is_new))
    municipalities = read_municipalities(store.reference, call)
    size = Size.of(count, assumed, len(municipalities))
    reach("drawing the tables", 0.1)
    assembly = assemble(size, municipalities, store.contracts, ideas, call, assumed)
    reach("counting whether every published figure holds", 0.6)
    refuse(missed_figures(assembly, size, municipalities, store.contracts, call, assumed))
    folder = store.raw.parent / new_id
    with tempfile.TemporaryDirectory(dir=store.raw.parent, prefix=f".{new_id}.") as name:
        reach("writing the tables", 0.7)
        _write_tables(assembly.tables, Path(name))
        _write_sources(Path(name), assumed, f"{store.call_id} --proposals {count}" if is_new else new_id, is_new=is_new)
        if is_new:
            _copy_call(store.raw / "call.yml", Path(name) / "call.yml", new_id)
        _move(Path(name), folder)
    return folder


def _impossible(count: int, new_id: str, store: Store, *, is_new: bool) -> Iterator[Fault]:
    least = store.call.selection.shortlist
    if count < least:
        yield Fault("the number of proposals", str(count), f"at least the {least} of the shortlist")
    try:
        TypeAdapter(Identifier).validate_python(new_id)
    except ValidationError:
        yield Fault("the id of the new call", repr(new_id), "small letters and digits, joined by - or _")
    if is_new and new_id == store.call_id:
        yield Fault("the id of the new call", repr(new_id), "another id than that of the call it is made from")


def _write_tables(tables: Tables, folder: Path) -> None:
    """Write every table as CSV: UTF-8, a comma between cells, a line feed at the end of a line."""
    for name, table in tables.items():
        path = folder / f"{name}.csv"
        table.to_csv(path, index=False, encoding="utf-8", lineterminator="\n", chunksize=ROWS_AT_ONCE)


def _write_sources(folder: Path, assumed: Reconstruction, arguments: str, *, is_new: bool) -> None:
    """Write the record of the tables in the folder: where each comes from, its licence, date and hash."""
    notice = assumed.notices.other if is_new else assumed.notices.published
    origin = assumed.origin.format(arguments=arguments, seed=assumed.seed)
    files = {
        path.name: {"origin": origin, "licence": assumed.licence, "date": assumed.date, "sha256": file_hash(path)}
        for path in sorted(folder.glob("*.csv"))
    }
    record = {"synthetic": True, "notice": notice.model_dump(exclude_none=True), "files": files}
    text = yaml.dump(record, Dumper=_PlainDumper, allow_unicode=True, sort_keys=False, width=120)
    (folder / "SOURCES.yml").write_text(text, encoding="utf-8", newline="\n")


def _copy_call(path: Path, copy: Path, new_id: str) -> None:
    """Copy the declaration of a call under another id, all else as it is."""
    text = path.read_text(encoding="utf-8")
    copy.write_text(ID_LINE.sub(f"id: {new_id}", text, count=1), encoding="utf-8", newline="\n")


def _move(aside: Path, folder: Path) -> None:
    """Move every file into the folder, each whole over the one that was there."""
    folder.mkdir(exist_ok=True)
    for path in sorted(aside.iterdir()):
        path.replace(folder / path.name)
