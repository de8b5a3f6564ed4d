"""The only door to the tables on disk: checks their contracts and writes them atomically."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.call import Call, read_call
from analysis.contracts import Contract, check_table, conform
from analysis.documents import read_document, read_text
from analysis.faults import Fault, InputError
from analysis.files import file_hash, find_root, processed_folder, raw_folder, reports_folder, write_bytes
from analysis.indicators import Indicator, tabulate
from analysis.published import Published, Sources
from analysis.steps import Pipeline, Step, read_pipeline
from analysis.tables import contracts


@dataclass(frozen=True)
class Store:
    """The folders and tables of one call below `root`."""

    root: Path
    call_id: str

    @property
    def raw(self) -> Path:
        """Return the folder of the delivered files."""
        return raw_folder(self.root, self.call_id)

    @property
    def reference(self) -> Path:
        """Return the folder of the call's reference files, which calls may share."""
        return raw_folder(self.root, self.call.reference_folder)

    @property
    def processed(self) -> Path:
        """Return the folder of the tables that steps make."""
        return processed_folder(self.root, self.call_id)

    @property
    def reports(self) -> Path:
        """Return the folder of the call's rendered editions."""
        return reports_folder(self.root, self.call_id)

    @cached_property
    def call(self) -> Call:
        """Return the call; raise InputError if its folder is missing or `call.yml` is at fault."""
        if not self.raw.is_dir():
            known = sorted(path.parent.name for path in self.raw.parent.glob("*/call.yml"))
            expected = f"one of the calls {', '.join(known)}" if known else "a folder with call.yml"
            raise InputError([Fault(str(self.raw), "no such folder", expected)])
        return read_call(self.raw)

    @cached_property
    def contracts(self) -> dict[str, Contract]:
        """Return the contract of every table."""
        return contracts(self.call)

    @cached_property
    def pipeline(self) -> Pipeline:
        """Return the declared steps."""
        return read_pipeline(self.root / "notebooks")

    @cached_property
    def sources(self) -> Sources:
        """Return where the delivered files come from."""
        return read_document(self.raw / "SOURCES.yml", Sources)

    @cached_property
    def reference_sources(self) -> Sources:
        """Return where the reference files that the call uses come from."""
        reference = self.call.reference
        used = (reference.municipalities, reference.outline) if reference else ()
        found = read_document(self.reference / "SOURCES.yml", Sources)
        return found.model_copy(update={"files": {name: found.files[name] for name in used if name in found.files}})

    @cached_property
    def published(self) -> Published | None:
        """Return the published figures, or None where the call has none."""
        path = self.raw / "published.yml"
        return read_document(path, Published) if path.is_file() else None

    @cached_property
    def outline(self) -> dict[str, Any] | None:
        """Return the outline of the region as GeoJSON, or None where the call names none."""
        name = self.call.reference.outline if self.call.reference else None
        if name is None:
            return None
        path = self.reference / name
        try:
            return json.loads(read_text(path))
        except ValueError as error:
            raise InputError([Fault(str(path), f"text that is not JSON ({error})", "a GeoJSON file")]) from None

    def edition_folder(self, edition: str) -> Path:
        """Return the folder of the tables released to an edition."""
        return self.processed / "released" / edition

    def table_path(self, name: str, edition: str = "") -> Path:
        """Return the file of a table, or of its released form where an edition is given."""
        return (self.edition_folder(edition) if edition else self.processed) / f"{name}.parquet"

    def read_table(self, name: str, edition: str = "") -> pd.DataFrame:
        """Read a table; where it is missing, InputError says the command that makes it."""
        path = self.table_path(name, edition)
        if not path.is_file():
            raise InputError([Fault(str(path), "no such table", f"a table made by `oproep run {self.call_id}`")])
        return pd.read_parquet(path)

    def write_table(self, name: str, table: pd.DataFrame) -> Path:
        """Check a table against its contract and write it; raise InputError naming row and column of every fault."""
        contract = self.contracts[name]
        checked = check_table(conform(table, contract), contract, f"table {name}", first_row=0)
        return self._write(checked, self.table_path(name))

    def write_released(self, name: str, table: pd.DataFrame, edition: str) -> Path:
        """Write the released form of a table, from which columns may have been withheld."""
        return self._write(table, self.table_path(name, edition))

    def table_hashes(self, names: Iterable[str]) -> dict[str, str]:
        """Return the sha256 of each of these tables as they are on disk."""
        return {name: file_hash(self.table_path(name)) for name in names}

    def _write(self, table: pd.DataFrame, path: Path) -> Path:
        write_bytes(path, table.to_parquet(index=False, compression="zstd"))
        return path


@dataclass(frozen=True)
class Workspace:
    """What the notebook of one step may touch: the tables that it needs and those that it makes."""

    store: Store
    step: Step
    edition: str = ""

    @property
    def call(self) -> Call:
        """Return the call."""
        return self.store.call

    @property
    def published(self) -> Published | None:
        """Return the published figures of the call, or None where it has none."""
        return self.store.published

    @property
    def outline(self) -> dict[str, Any] | None:
        """Return the outline of the region for maps, or None where the call names none."""
        return self.store.outline

    def read(self, name: str) -> pd.DataFrame:
        """Read a table that the step declares to need."""
        if name not in self.step.needs:
            raise self._undeclared(name, "needs", self.step.needs)
        return self.store.read_table(name, self.edition if self.step.per_edition else "")

    def read_all(self) -> dict[str, pd.DataFrame]:
        """Return every table that the step declares to need, by name."""
        return {name: self.read(name) for name in self.step.needs}

    def read_released(self) -> dict[str, pd.DataFrame]:
        """Return the tables that the step needs and that were released to its edition; what was withheld is absent."""
        folder = self.store.edition_folder(self.edition)
        if not folder.is_dir():
            expected = f"an edition made by `oproep run {self.store.call_id}`"
            raise InputError([Fault(str(folder), "no such edition", expected)])
        present = [name for name in self.step.needs if self.store.table_path(name, self.edition).is_file()]
        return {name: self.read(name) for name in present}

    def write(self, **tables: pd.DataFrame) -> None:
        """Check and write tables that the step declares to make."""
        for name, table in tables.items():
            if name not in self.step.makes:
                raise self._undeclared(name, "makes", self.step.makes)
            self.store.write_table(name, table)

    def write_indicators(self, indicators: Iterable[Indicator]) -> pd.DataFrame:
        """Write the step's indicators with the hashes of their tables, and return them as a table."""
        indicators = list(indicators)
        named = {name for item in indicators for name in item.tables}
        table = tabulate(indicators, self.step.name, self.store.table_hashes(named))
        self.write(**{f"{self.step.name[3:]}_indicators": table})
        return table

    def _undeclared(self, name: str, key: str, declared: tuple[str, ...]) -> InputError:
        place = f"notebooks/pipeline.yml, {self.step.name}, {key}"
        return InputError(
            [Fault(place, f"no table {name!r}", f"one of {', '.join(declared)}, or {name} declared here")]
        )


def open_step(name: str, call: str, edition: str = "") -> Workspace:
    """Open a step of a call from its notebook, wherever in the project that runs."""
    store = Store(find_root(), call)
    return Workspace(store, store.pipeline.step(name), edition)
