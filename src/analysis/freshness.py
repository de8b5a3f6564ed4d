"""Whether what a step or an edition made is still what it would make now; and where it is not, why."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Literal

from analysis.dependencies import (
    Package,
    attributes_read,
    code_of,
    find_lock,
    installed_versions,
    meaning_of,
    names_imported,
)
from analysis.files import file_hash, hash_if_there, write_bytes
from analysis.plan import Plan, Unit, read_package, recall

State = Literal["fresh", "stale", "never run", "depends"]
DELIVERED = ("*.csv", "corrections.yml", "SOURCES.yml")  # what the step reads that is given the whole store
PUBLISHED = "published.yml"
SCENARIOS = "scenarios/*.yml"
# Tables and files that only an internal edition is made from.
INSIDE = ("scenario_results", "scenario_settings", "scenario_changes")
RENDERING = ("analysis.editions",)  # the code that makes the files of an edition
MOST_REASONS = 4
LATEST = "latest"  # the link below reports/<call> to the last edition of the last whole run
TOLD = "told.json"
NO_NOTEBOOK = '{"cells": []}'


@dataclass(frozen=True)
class Reason:
    """Why something is not fresh: what it was made from, or has made, and what became of that.

    `what` is a key of `Record.parts` or `Record.outputs`, or the name of a step.
    """

    what: str
    change: Literal["changed", "new", "gone", "damaged", "missing", "unfinished", "never", "first"]
    before: str = ""
    now: str = ""

    def __str__(self) -> str:
        """Say it in words."""
        if self.change == "unfinished":
            return "its last run did not come to its end"
        if self.change == "never":
            return "nothing was made yet"
        if self.change == "first":
            return f"{self.what} is made first"
        kind, _, name = self.what.partition("/")
        if kind in ("version", "parameter"):
            return f"{name} was {self.before or 'absent'} and is now {self.now or 'absent'}"
        if self.change in ("new", "gone"):
            return f"{_noun(self.what)} is {self.change}"
        return f"{_noun(self.what)} {'is ' if self.change == 'missing' else ''}{self.change}"


def _noun(what: str) -> str:
    kind, _, name = what.partition("/")
    if kind in ("table", "module"):
        return f"{kind} {name}"
    if kind == "output":
        return _noun_of_output(Path(name))
    return {"text": f"texts/{name}", "raw": name, "reference": what, "template": name}.get(kind, kind)


def _noun_of_output(path: Path) -> str:
    if path.suffix == ".parquet":
        return f"{'released ' if 'released' in path.parts else ''}table {path.stem}"
    return "the executed copy of its notebook" if path.suffix == ".ipynb" else f"{path.name} in reports"


@dataclass(frozen=True)
class Verdict:
    """What holds for a step or an edition, and why."""

    unit: Unit
    state: State
    reasons: tuple[Reason, ...] = ()

    def say(self) -> str:
        """Say all reasons in one line, beyond the first few only how many."""
        if self.state == "depends":
            names = " and ".join(reason.what for reason in self.reasons)
            return f"on {names}, to be made first; it follows only if its tables change"
        return _say_some(self.reasons)


@dataclass(frozen=True)
class Standing:
    """How the sheets of one kind in an edition stand: each fresh, stale, missing or depending, and what changed."""

    edition: str
    kind: str
    states: Mapping[str, str]
    reasons: tuple[Reason, ...] = ()

    def count(self) -> dict[str, int]:
        """Return how many sheets are in each state, in a fixed order; only of those that there are."""
        counts = {state: list(self.states.values()).count(state) for state in ("fresh", "stale", "missing", "depends")}
        return {state: number for state, number in counts.items() if number}


@dataclass(frozen=True)
class Record:
    """What was noted of a run: hashes of what it was made from and of what it made, by path; how long it took."""

    parts: Mapping[str, str]
    outputs: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 1.0
    finished: bool = True


def read_record(path: Path) -> Record | None:
    """Return what was noted, or None where nothing was, or what is there is damaged."""
    try:
        record = Record(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None
    return record if _is_sound(record) else None


def _is_sound(record: Record) -> bool:
    """Return whether what was read has the types that were written: a file that was damaged may hold others."""
    hashes = (record.parts, record.outputs)
    return (
        all(isinstance(part, dict) and all(isinstance(hash_, str) for hash_ in part.values()) for part in hashes)
        and isinstance(record.seconds, int | float)
        and isinstance(record.finished, bool)
    )


def write_record(path: Path, record: Record) -> None:
    """Note what was made from what."""
    write_bytes(path, json.dumps(asdict(record), sort_keys=True, indent=0).encode())


@dataclass
class Inspection:
    """Looks at the files of a call as they are now; what is read of a file is kept until that changes."""

    plan: Plan
    package: Package
    hashes: dict[tuple[object, ...], str] = field(default_factory=dict)

    def record(self, unit: Unit) -> Record | None:
        """Return what was noted of a unit's last run."""
        return read_record(self.record_path(unit))

    def record_path(self, unit: Unit) -> Path:
        """Return the file of what is noted of a unit."""
        return self.plan.state / f"{unit.key}.json"

    def judge(self, unit: Unit, parts: Mapping[str, str] | None = None) -> Verdict:
        """Return whether a unit is fresh with the tables that are there now, and why not."""
        record = self.record(unit)
        if record is None and self.record_path(unit).exists():
            return Verdict(unit, "stale", (Reason("what was noted of its last run", "damaged"),))
        if record is None:
            return Verdict(unit, "never run", (Reason(unit.name, "never"),))
        reasons = [*compare_parts(record.parts, self.parts(unit) if parts is None else parts)]
        if not record.finished:
            reasons.append(Reason(unit.name, "unfinished"))
        reasons += self._damages(record)
        return Verdict(unit, "stale" if reasons else "fresh", tuple(sorted(reasons, key=_rank)))

    def judge_all(self, units: Iterable[Unit]) -> list[Verdict]:
        """Return the verdict of each unit; where only tables that will be made anew speak against it, it depends."""
        verdicts: dict[str, Verdict] = {}
        for unit in units:
            verdict = self.judge(unit)
            first = [name for name in sorted(self.plan.makers(unit)) if verdicts[name].state != "fresh"]
            renewed = {f"table/{name}" for other in self.plan.shared if other.name in first for name in other.makes}
            left = tuple(reason for reason in verdict.reasons if reason.what not in renewed)
            if first and not left:
                verdict = Verdict(unit, "depends", tuple(Reason(name, "first") for name in first))
            verdicts[unit.name] = Verdict(unit, verdict.state, left or verdict.reasons)
        return list(verdicts.values())

    def editions(self) -> tuple[str, ...]:
        """Return the declared editions, and those that were asked for and are still there."""
        notes = [(unit, path) for unit in self.plan.per_edition for path in self.plan.state.glob(f"{unit.key}-*.json")]
        found = [path.stem.removeprefix(f"{unit.key}-") for unit, path in notes]
        others = sorted(name for name in {*found} - {*self.plan.editions} if (self.plan.reports / name).is_dir())
        return (*self.plan.editions, *others)

    def parts(self, unit: Unit) -> dict[str, str]:
        """Return the hash of everything that what a unit makes is made from, by its kind and name."""
        plan, text = self.plan, _read_notebook(self.plan.notebook(unit))
        code, declared = code_of(text), json.dumps([unit.needs, unit.makes])
        modules = self.package.closure([*names_imported(code), *(RENDERING if unit.edition else ())])
        return {
            "call.yml": self.hash_of(plan.raw / "call.yml"),
            "its notebook": meaning_of(text),
            "its entry in pipeline.yml": hashlib.sha256(declared.encode()).hexdigest(),
            **({"parameter/edition": unit.edition} if unit.edition else {"parameter/language": plan.language}),
            **{f"table/{name}": self.hash_of(plan.table(name)) for name in _list_needs(unit)},
            **dict(self._files(unit, code)),
            **{f"module/{name}": source.hash for name, source in modules.items()},
            **dict(self._texts(unit, self.package.texts_of(modules.values(), code))),
            **{f"template/{name}": found for name, found in self.package.templates_of(modules).items()},
            **{f"version/{name}": version for name, version in self.versions.items()},
        }

    def outputs(self, unit: Unit, folder: Path | None = None) -> dict[str, str]:
        """Return the hash of every file that a unit has made, by its path below the root."""
        paths = [self.plan.table(name) for name in unit.makes] + [self.plan.copy(unit)]
        if unit.edition:
            paths += sorted((self.plan.processed / "released" / unit.edition).glob("*.parquet"))
            paths += sorted(path for path in (folder or self.plan.reports / unit.edition).rglob("*") if path.is_file())
        return {path.relative_to(self.plan.root).as_posix(): file_hash(path) for path in paths}

    def hash_of(self, path: Path) -> str:
        """Return the sha256 of a file as it is now, or an empty text where there is none."""
        try:
            seen = path.stat()
        except OSError:
            return ""
        key = (str(path), seen.st_mtime_ns, seen.st_size, seen.st_ino)
        if key not in self.hashes:
            self.hashes[key] = hash_if_there(path)
        return self.hashes[key]

    @cached_property
    def versions(self) -> Mapping[str, str]:
        """Return the installed versions that count."""
        return installed_versions(find_lock(self.plan.root))

    def _files(self, unit: Unit, code: str) -> Iterator[tuple[str, str]]:
        """Yield what a unit reads of the delivered and the reference files."""
        used, raw, reference = attributes_read(code), self.plan.raw, self.plan.raw.parent / self.plan.reference
        patterns = ["**/*"] if unit.edition else [*(DELIVERED if "store" in used else ())]
        patterns += [PUBLISHED] if "published" in used else []
        patterns += [SCENARIOS] if "analysis.scenarios" in names_imported(code) else []
        for path in sorted({path for pattern in patterns for path in raw.glob(pattern) if path.is_file()}):
            if path != raw / "call.yml" and not (_is_outside(unit) and path in raw.glob(SCENARIOS)):
                yield f"raw/{path.relative_to(raw).as_posix()}", self.hash_of(path)
        if unit.edition or used & {"store", "outline"}:
            for path in sorted(path for path in reference.rglob("*") if path.is_file()):
                yield f"reference/{path.relative_to(reference).as_posix()}", self.hash_of(path)

    def _texts(self, unit: Unit, names: Iterable[str]) -> Iterator[tuple[str, str]]:
        language = unit.edition.rpartition("-")[2] if unit.edition else self.plan.language
        for name in sorted(names):
            own = [language] if name in self.package.texts.get(language, {}) else sorted(self.package.texts)
            for tongue in own:
                if name in self.package.texts[tongue]:
                    yield f"text/{tongue}/{name}.yml", self.package.texts[tongue][name]

    def _damages(self, record: Record) -> Iterator[Reason]:
        for name, before in record.outputs.items():
            now = self.hash_of(self.plan.root / name)
            if now != before:
                yield Reason(f"output/{name}", "damaged" if now else "missing")


def _is_outside(unit: Unit) -> bool:
    """Return whether a unit is an edition for readers outside the house."""
    return bool(unit.edition) and unit.edition.split("-")[-2] != "internal"


def _list_needs(unit: Unit) -> list[str]:
    """Return the tables that what a unit makes can depend on."""
    return [name for name in unit.needs if name not in INSIDE or not _is_outside(unit)]


def _read_notebook(path: Path) -> str:
    """Return the text of a notebook; one that is not there or cannot be read is empty, and fails when it is run."""
    try:
        text = path.read_text(encoding="utf-8")
        json.loads(text)["cells"]
    except (OSError, ValueError, KeyError, TypeError):
        return NO_NOTEBOOK
    return text


def compare_parts(before: Mapping[str, str], now: Mapping[str, str]) -> Iterator[Reason]:
    """Yield what of the things that something is made from changed, came or went, by their hashes before and now."""
    for what in sorted(before.keys() | now.keys()):
        old, new = before.get(what, ""), now.get(what, "")
        if old != new:
            yield Reason(what, "changed" if old and new else "new" if new else "gone", old, new)


def find_settled(
    root: Path, call: str, choose: Callable[[Sequence[str]], Sequence[str]] = tuple
) -> tuple[Plan, Sequence[str]] | None:
    """Return the plan of a call and the editions to be made, where a run of these would make nothing anew.

    `choose` is given the declared editions and returns the wanted ones. `latest` may lead to another edition. None says
    that something is not fresh, or that this cannot be told without reading `call.yml`.
    """
    package = read_package(root, call)
    plan = recall(root, call, package)
    if plan is None:
        return None
    inspection, names = Inspection(plan, package), choose(plan.editions)
    settled = all(inspection.judge(unit).state == "fresh" for unit in plan.units(names))
    return (plan, names) if settled else None


def note_told(plan: Plan, lines: Sequence[str]) -> None:
    """Note what a run had to tell at its end, for a run that changes nothing tells the same."""
    write_bytes(plan.state / TOLD, json.dumps(list(lines)).encode())


def read_told(plan: Plan) -> list[str]:
    """Return what the last run had to tell at its end."""
    try:
        return [str(line) for line in json.loads((plan.state / TOLD).read_bytes())]
    except (OSError, ValueError, TypeError):
        return []


ORDER = ("output", "call.yml", "raw", "reference", "table", "its notebook", "parameter", "text", "template", "module")


def _rank(reason: Reason) -> tuple[int, str]:
    kind = reason.what.partition("/")[0]
    return (ORDER.index(kind) if kind in ORDER else len(ORDER), reason.what)


def status_as_json(
    plan: Plan, verdicts: Sequence[Verdict], running: bool, sheets: Sequence[Standing] = ()
) -> dict[str, object]:
    """Return the same as `say_status` and `say_sheets` as plain values."""
    return {
        "call": plan.call,
        "running": running,
        "units": [
            {
                "name": verdict.unit.name,
                "step": verdict.unit.step,
                "edition": verdict.unit.edition or None,
                "state": verdict.state,
                "reasons": [{**asdict(reason), "text": str(reason)} for reason in verdict.reasons],
            }
            for verdict in verdicts
        ],
        "sheets": [
            {
                "edition": standing.edition,
                "kind": standing.kind,
                "counts": standing.count(),
                "subjects": dict(standing.states),
                "reasons": [{**asdict(reason), "text": str(reason)} for reason in standing.reasons],
            }
            for standing in sheets
        ],
    }


def say_status(plan: Plan, verdicts: Sequence[Verdict]) -> Iterator[str]:
    """Yield the lines that tell of every step and edition whether it is fresh, and why not."""
    fresh, command = sum(verdict.state == "fresh" for verdict in verdicts), f"`oproep run {plan.call}`"
    if fresh == len(verdicts):
        yield f"{plan.call}: all is fresh; {command} would change nothing."
    else:
        yield f"{plan.call}: {fresh} of {len(verdicts)} are fresh; {command} makes the rest."
    width = max(len(verdict.unit.name) for verdict in verdicts)
    for verdict in verdicts:
        line = f"  {verdict.unit.name:<{width}}  {verdict.state:<9}  {verdict.say()}"
        yield line.rstrip()


def say_sheets(plan: Plan, sheets: Sequence[Standing]) -> Iterator[str]:
    """Yield the lines that tell of the sheets of every edition how many are fresh, and why the others are not."""
    if not sheets:
        yield f"  sheets: none were made yet; `oproep sheets {plan.call}` makes them."
    for standing in sheets:
        counts = ", ".join(f"{number} {SHEET_STATES[state]}" for state, number in standing.count().items())
        group = "" if standing.kind == "proposal" else f" by {standing.kind}"
        yield f"  sheets of {standing.edition}{group}: {counts or 'none'}"
        if standing.count().keys() - {"fresh"}:
            reasons = _say_some(sorted(standing.reasons, key=_rank)) or "some are not there or not as they were made"
            yield f"    {reasons}; {_command_of(plan, standing)} makes what is not fresh."


SHEET_STATES = {"fresh": "fresh", "stale": "stale", "missing": "missing", "depends": "that follow only if they change"}


def _command_of(plan: Plan, standing: Standing) -> str:
    """Return the command that makes these sheets."""
    day, _, language = standing.edition.rsplit("-", 2)
    group = "" if standing.kind == "proposal" else f" --by {standing.kind}"
    return f"`oproep sheets {plan.call}{group} --as-of {day} --language {language}`"


def _say_some(reasons: Sequence[Reason]) -> str:
    """Say reasons in one line, beyond the first few only how many."""
    hidden = len(reasons) - MOST_REASONS
    return ", ".join(map(str, reasons[:MOST_REASONS])) + (f", and {hidden} more" if hidden > 0 else "")
