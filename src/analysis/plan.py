"""What there is to run for a call: its steps and editions, each with the tables that it needs and makes.

It is remembered beside the tables, so that a run in which nothing changed need not read `call.yml` again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.dependencies import Package
from analysis.files import SHARED_REFERENCE, hash_if_there, processed_folder, raw_folder, reports_folder, write_bytes

if TYPE_CHECKING:
    from analysis.store import Store

READERS = ("analysis.call", "analysis.steps")  # what a remembered plan was read with
NO_LIMIT = 0.0


@dataclass(frozen=True)
class Unit:
    """One step, or one edition of it; its name tells both."""

    name: str
    step: str
    edition: str = ""
    needs: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    limit: float = NO_LIMIT

    @property
    def key(self) -> str:
        """Return the name as part of a file's name."""
        return self.name.replace(" ", "-")

    def of_edition(self, edition: str) -> Unit:
        """Return the same step for one edition."""
        return Unit(f"{self.step} {edition}", self.step, edition, self.needs, self.makes, self.limit)


@dataclass(frozen=True)
class Plan:
    """The steps of a call in their order, those once for all editions and those for each; and its declared editions.

    `language` is that of the notebooks of the steps: the one of the first declared edition, whichever are asked for.
    """

    root: Path
    call: str
    language: str
    shared: tuple[Unit, ...]
    per_edition: tuple[Unit, ...]
    editions: tuple[str, ...]
    reference: str = SHARED_REFERENCE  # name of the folder of its reference files

    @classmethod
    def of(cls, store: Store) -> Plan:
        """Return the plan of a call; raise InputError where `call.yml` or `pipeline.yml` is at fault."""
        units = [Unit(s.name, s.name, "", s.needs, s.makes, s.limit) for s in store.pipeline.steps]
        each = {step.name for step in store.pipeline.steps if step.per_edition}
        return cls(
            store.root,
            store.call_id,
            store.call.editions[0].language,
            tuple(unit for unit in units if unit.name not in each),
            tuple(unit for unit in units if unit.name in each),
            tuple(edition.name for edition in store.call.editions),
            store.call.reference_folder,
        )

    @property
    def raw(self) -> Path:
        """Return the folder of the delivered files."""
        return raw_folder(self.root, self.call)

    @property
    def processed(self) -> Path:
        """Return the folder of the tables that steps make."""
        return processed_folder(self.root, self.call)

    @property
    def reports(self) -> Path:
        """Return the folder of the rendered editions."""
        return reports_folder(self.root, self.call)

    @property
    def state(self) -> Path:
        """Return the folder that holds what was noted of earlier runs."""
        return state_folder(self.root, self.call)

    def units(self, editions: Iterable[str]) -> tuple[Unit, ...]:
        """Return the steps in their order, then those of each of these editions."""
        names = tuple(editions)
        return self.shared + tuple(unit.of_edition(name) for unit in self.per_edition for name in names)

    def makers(self, unit: Unit) -> frozenset[str]:
        """Return the names of the steps that make what a unit needs."""
        return frozenset(other.name for other in self.shared if set(other.makes) & set(unit.needs))

    def notebook(self, unit: Unit) -> Path:
        """Return the notebook of a unit."""
        return self.root / "notebooks" / f"{unit.step}.ipynb"

    def copy(self, unit: Unit) -> Path:
        """Return the executed copy of a unit's notebook."""
        return self.processed / "notebooks" / f"{unit.key}.ipynb"

    def table(self, name: str) -> Path:
        """Return the file of a table."""
        return self.processed / f"{name}.parquet"


def remember(plan: Plan, package: Package) -> None:
    """Note the plan, with the hashes of what it was read from, and what was read of the code."""
    units = {"shared": plan.shared, "per_edition": plan.per_edition}
    content = {
        "from": _origins(plan.root, plan.call, package),
        "language": plan.language,
        "editions": plan.editions,
        "reference": plan.reference,
        **{name: [asdict(unit) for unit in of_kind] for name, of_kind in units.items()},
    }
    _write_if_new(plan.state / "plan.json", content)
    _write_if_new(plan.state / "code.json", package.memory())


def recall(root: Path, call: str, package: Package) -> Plan | None:
    """Return the plan as it was noted, or None where there is none or what it was read from has changed."""
    try:
        content = json.loads((state_folder(root, call) / "plan.json").read_bytes())
        if content["from"] != _origins(root, call, package):
            return None
        shared, per_edition = (_units(content[name]) for name in ("shared", "per_edition"))
        editions, reference = tuple(content["editions"]), content["reference"]
        if not all(isinstance(told, str) for told in (content["language"], reference, *editions)):
            return None
        return Plan(root, call, content["language"], shared, per_edition, editions, reference)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def state_folder(root: Path, call: str) -> Path:
    """Return the folder that holds what was noted of earlier runs of a call."""
    return processed_folder(root, call) / ".state"


def read_package(root: Path, call: str) -> Package:
    """Return the code of this package, with what an earlier run has noted of its files."""
    try:
        known = json.loads((state_folder(root, call) / "code.json").read_bytes())
    except (OSError, ValueError):
        known = {}
    sound = known.items() if isinstance(known, dict) else ()
    return Package(known={hash_: read for hash_, read in sound if _is_read(read)})


def _is_read(read: object) -> bool:
    """Return whether what was noted of a file of code has the types that were written: three lists of names."""
    return isinstance(read, list) and len(read) == 3 and all(isinstance(names, list) for names in read)


def _units(noted: Sequence[dict[str, object]]) -> tuple[Unit, ...]:
    return tuple(Unit(**{k: tuple(v) if isinstance(v, list) else v for k, v in unit.items()}) for unit in noted)  # type: ignore[arg-type]


def _origins(root: Path, call: str, package: Package) -> dict[str, str]:
    files = {"call.yml": raw_folder(root, call) / "call.yml", "pipeline.yml": root / "notebooks" / "pipeline.yml"}
    modules = {name: source.hash for name, source in package.closure(READERS).items()}
    return {name: hash_if_there(path) for name, path in files.items()} | modules


def _write_if_new(path: Path, content: object) -> None:
    text = json.dumps(content, sort_keys=True).encode()
    if not path.is_file() or path.read_bytes() != text:
        write_bytes(path, text)
