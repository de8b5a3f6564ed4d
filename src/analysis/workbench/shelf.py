"""Where the scenarios of a workbench are kept: in the call's folder, or as long as the page is open."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from analysis.faults import Fault, InputError
from analysis.scenarios import FOLDER, Scenario, keep_scenario, read_scenarios, remove_scenario, slug
from analysis.store import Store


class Shelf(Protocol):
    """What keeps scenarios by name."""

    def read(self) -> dict[str, Scenario]:
        """Return the kept scenarios by name."""

    def keep(self, scenario: Scenario) -> str:
        """Keep a scenario in place of one of the same name; return where, or nothing where that is no file."""

    def remove(self, name: str) -> None:
        """Remove the scenario of this name; raise InputError where there is none."""


@dataclass(frozen=True)
class FolderShelf:
    """Keeps scenarios as files in the folder of the call."""

    store: Store

    def read(self) -> dict[str, Scenario]:
        """Return the kept scenarios by name; raise InputError naming every fault of their files."""
        return read_scenarios(self.store)

    def keep(self, scenario: Scenario) -> str:
        """Write a scenario; return its file below the folder of the call. Raises InputError where it is not valid."""
        return f"{FOLDER}/{keep_scenario(self.store, scenario).name}"

    def remove(self, name: str) -> None:
        """Remove the file of a scenario."""
        remove_scenario(self.store, name)


@dataclass(frozen=True)
class PageShelf:
    """Keeps scenarios in memory: for readers outside the house, who write nothing and see nobody's scenarios."""

    kept: dict[str, Scenario] = field(default_factory=dict)

    def read(self) -> dict[str, Scenario]:
        """Return the kept scenarios by name."""
        return dict(sorted(self.kept.items()))

    def keep(self, scenario: Scenario) -> str:
        """Keep a scenario; raise InputError where its name has no letter or digit."""
        if not slug(scenario.name):
            raise InputError([Fault("name", repr(scenario.name), "a name with a letter or a digit")])
        self.kept[scenario.name] = scenario
        return ""

    def remove(self, name: str) -> None:
        """Remove the scenario of this name."""
        if self.kept.pop(name, None) is None:
            raise InputError([Fault("name", repr(name), "a kept scenario")])
