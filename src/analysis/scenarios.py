"""A "what if" about a call: other weights, another shortlist, fewer constraints; kept by name in the call's folder.

A scenario changes no table of the call. It is kept as `scenarios/<name>.yml` beside `call.yml`, which a person may
write too: what such a file leaves out is as the call declares it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError

from analysis.call import Call
from analysis.declarations import FIXED_GROUPS, Count
from analysis.documents import Checked, read_document
from analysis.faults import Fault, InputError, refuse
from analysis.files import write_bytes
from analysis.ingest import read_municipalities
from analysis.store import Store, Workspace

FOLDER = "scenarios"
OFFICIAL = "official"
LONGEST_NAME, LONGEST_SLUG = 80, 60
Method = Literal["totals", "expected_rank"]
METHODS: tuple[Method, ...] = ("totals", "expected_rank")
RANKED_BY: Mapping[Method, Literal["totals", "expected_ranks"]] = {
    "totals": "totals",
    "expected_rank": "expected_ranks",
}
Weight = Annotated[float, Field(ge=0)]


@dataclass(frozen=True)
class Filters:
    """Which proposals are shown: of these groups; an empty set shows all. What is chosen does not depend on it."""

    categories: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    provinces: frozenset[str] = frozenset()
    scales: frozenset[str] = frozenset()

    def sets(self) -> dict[str, frozenset[str]]:
        """Return the sets by the column of the explored table that they filter."""
        return {
            "category": self.categories,
            "kind": self.kinds,
            "province": self.provinces,
            "scale": self.scales,
        }


@dataclass(frozen=True)
class Scenario:
    """One state of what can be varied: a weight of 0 leaves a criterion or a rater out.

    `criterion_weights` is per criterion and `rater_weights` per rater of the call; `constraints` holds the ids of the
    quotas and caps that are on; `method` is what ranks.
    """

    name: str
    criterion_weights: Mapping[str, float]
    rater_weights: Mapping[str, float]
    shortlist: int
    choose: int
    constraints: frozenset[str]
    method: Method
    filters: Filters = field(default_factory=Filters)

    @property
    def key(self) -> tuple[Any, ...]:
        """Return what ranks and choice depend on: all but the name and the filters."""
        return (
            tuple(sorted(self.criterion_weights.items())),
            tuple(sorted(self.rater_weights.items())),
            self.shortlist,
            self.choose,
            tuple(sorted(self.constraints)),
            self.method,
        )


def official(source: Any, name: str = OFFICIAL) -> Scenario:
    """Return the state that the call declares; `source` is a Call, or anything that has one as `call`."""
    call: Call = getattr(source, "call", source)
    selection = call.selection
    return Scenario(
        name,
        call.scoring.criterion_weights,
        call.scoring.rater_weights,
        selection.shortlist,
        selection.choose,
        frozenset(constraint_ids(call)),
        "totals" if selection.ranked_by == "totals" else "expected_rank",
    )


def constraint_ids(call: Call) -> tuple[str, ...]:
    """Return the ids of the caps and quotas, in the order in which their prices are listed."""
    return tuple(one.id for one in (*call.selection.caps, *call.selection.quotas))


def slug(name: str) -> str:
    """Return the name as that of a file: small letters without accents, digits, and hyphens between."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:LONGEST_SLUG].strip("-")


def read_scenarios(source: Store | Workspace) -> dict[str, Scenario]:
    """Return the kept scenarios by name, in the order of their names; none where there is no folder.

    `source` is the store of a call, or a step of it. Raises InputError naming file and key of every fault of every
    file.
    """
    store = source.store if isinstance(source, Workspace) else source
    faults: list[Fault] = []
    found: dict[str, Scenario] = {}
    for path in sorted((store.raw / FOLDER).glob("*.yml")):
        try:
            scenario = read_scenario(path, store)
        except InputError as error:
            faults += error.faults
            continue
        if scenario.name in found:
            faults.append(Fault(f"{path}, name", repr(scenario.name), "a name that no other scenario has"))
        found[scenario.name] = scenario
    refuse(faults)
    return dict(sorted(found.items(), key=lambda item: (item[0].casefold(), item[0])))


def read_scenario(path: Path, store: Store) -> Scenario:
    """Return the scenario of a file; raise InputError naming the key of every fault."""
    kept = read_document(path, _Kept)
    refuse(_faults(kept, store, str(path)))
    return kept.scenario(store.call)


def keep_scenario(store: Store, scenario: Scenario) -> Path:
    """Write a scenario to the call's folder, whole or not at all; one of the same name is replaced.

    Raises InputError where it is no valid scenario of the call, or its file holds one of another name.
    """
    place = f"scenario {scenario.name!r}"
    kept = _check(_state(scenario), place)
    path = store.raw / FOLDER / f"{slug(kept.name)}.yml"
    refuse([*_faults(kept, store, place), *_taken(path, kept.name)])
    text = yaml.safe_dump(_state(scenario), sort_keys=False, allow_unicode=True, default_flow_style=False)
    write_bytes(path, text.encode("utf-8"))
    return path


def remove_scenario(store: Store, name: str) -> None:
    """Remove the kept scenario of this name; raise InputError naming those that there are where none has it."""
    paths = {_name_in(path): path for path in sorted((store.raw / FOLDER).glob("*.yml"))}
    if name not in paths:
        known = ", ".join(repr(one) for one in paths) or "none: no scenario is kept"
        raise InputError([Fault(f"scenario {name!r}", "no scenario of this name", f"one of {known}")])
    paths[name].unlink()


def rename(scenario: Scenario, name: str) -> Scenario:
    """Return the scenario under another name."""
    return replace(scenario, name=name)


class _Groups(Checked):
    categories: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    provinces: tuple[str, ...] = ()
    scales: tuple[str, ...] = ()


class _Kept(Checked):
    """A scenario as its file holds it; what is left out is as the call declares it."""

    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    criterion_weights: dict[str, Weight] = Field(default_factory=dict)
    rater_weights: dict[str, Weight] = Field(default_factory=dict)
    shortlist: Count | None = None
    choose: Count | None = None
    constraints: tuple[str, ...] | None = None
    method: Method | None = None
    filters: _Groups = _Groups()

    def scenario(self, call: Call) -> Scenario:
        base = official(call)
        return Scenario(
            self.name,
            {**base.criterion_weights, **self.criterion_weights},
            {**base.rater_weights, **self.rater_weights},
            self.shortlist or base.shortlist,
            self.choose or base.choose,
            base.constraints if self.constraints is None else frozenset(self.constraints),
            self.method or base.method,
            Filters(**{name: frozenset(groups) for name, groups in self.filters}),
        )


def _state(scenario: Scenario) -> dict[str, Any]:
    """Return a scenario as its file holds it, all of it, so that a later change of the call does not change it."""
    filters = {name: sorted(groups) for name, groups in vars(scenario.filters).items() if groups}
    return {
        "name": scenario.name,
        "criterion_weights": {name: float(weight) for name, weight in scenario.criterion_weights.items()},
        "rater_weights": {name: float(weight) for name, weight in scenario.rater_weights.items()},
        "shortlist": int(scenario.shortlist),
        "choose": int(scenario.choose),
        "constraints": sorted(scenario.constraints),
        "method": scenario.method,
        **({"filters": filters} if filters else {}),
    }


def _check(state: dict[str, Any], place: str) -> _Kept:
    """Return a state as a file may hold it; raise InputError naming every key whose value none may."""
    try:
        return _Kept.model_validate(state)
    except ValidationError as error:
        details = error.errors()
        raise InputError(
            Fault(
                f"{place}, {'.'.join(map(str, one['loc']))}",
                repr(one["input"]),
                one["msg"].removeprefix("Input should be ").removeprefix("Value error, "),
            )
            for one in details
        ) from None


def _name_in(path: Path) -> str:
    """Return the name that a file gives its scenario, or that of the file where it cannot be read."""
    try:
        return read_document(path, _Kept).name
    except InputError:
        return path.stem


def _taken(path: Path, name: str) -> Iterator[Fault]:
    if path.is_file() and _name_in(path) != name:
        found = f"a name whose file {path.name} holds the scenario {_name_in(path)!r}"
        yield Fault(f"scenario {name!r}", found, "another name")


def _faults(kept: _Kept, store: Store, place: str) -> Iterator[Fault]:
    """Yield what in a scenario does not fit the call."""
    call, state = store.call, kept.model_dump()
    if state["name"] == OFFICIAL:
        yield Fault(f"{place}, name", repr(OFFICIAL), "another name, for the official state bears this one")
    if not slug(state["name"]):
        yield Fault(f"{place}, name", repr(state["name"]), "a name with a letter or a digit")
    known = {
        "criterion_weights": list(call.scoring.criterion_weights),
        "rater_weights": list(call.scoring.rater_weights),
    }
    for key, ids in known.items():
        yield from _unknown(state[key], ids, f"{place}, {key}")
        declared = getattr(call.scoring, key)
        if not any(weight > 0 for weight in {**declared, **state[key]}.values()):
            yield Fault(f"{place}, {key}", "no weight above zero", "at least one that counts")
    yield from _unknown(state["constraints"] or (), constraint_ids(call), f"{place}, constraints")
    shortlist, choose = state["shortlist"] or call.selection.shortlist, state["choose"] or call.selection.choose
    if choose > shortlist:
        yield Fault(f"{place}, choose", str(choose), f"at most the size of the shortlist ({shortlist})")
    yield from _unknown_groups(state["filters"], store, place)


def _unknown_groups(filters: Mapping[str, Iterable[str]], store: Store, place: str) -> Iterator[Fault]:
    call, provinces = store.call, filters["provinces"]
    known: dict[str, Iterable[str]] = {
        "categories": call.ids("categories"),
        "kinds": call.ids("actor_kinds"),
        "provinces": sorted(set(read_municipalities(store.reference, call)["province"])) if provinces else (),
        "scales": FIXED_GROUPS["scale"],
    }
    for key, groups in filters.items():
        yield from _unknown(groups, known[key], f"{place}, filters.{key}")


def _unknown(given: Iterable[str], known: Iterable[str], place: str) -> Iterator[Fault]:
    listed = list(known)
    for name in given:
        if name not in listed:
            yield Fault(f"{place}.{name}", "an unknown name", "one of " + (", ".join(listed) or "none"))
