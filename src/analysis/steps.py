"""The steps of the pipeline as `notebooks/pipeline.yml` declares them: what each needs and makes, in order."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import Field

from analysis.documents import Checked, Finding, read_document


class Step(Checked):
    """One step: its notebook, the tables it reads and those it makes; `per_edition` steps read released tables only.

    `limit` is the number of seconds after which its notebook counts as hanging and is ended.
    """

    name: str = Field(pattern=r"^\d\d_[a-z]+$")
    needs: tuple[str, ...] = ()
    makes: tuple[str, ...] = ()
    per_edition: bool = False
    limit: int = Field(default=3600, ge=1)


class Pipeline(Checked):
    """All steps, in the order in which they run."""

    steps: tuple[Step, ...] = Field(min_length=1)

    def step(self, name: str) -> Step:
        """Return the step of this name; raise KeyError if there is none."""
        for step in self.steps:
            if step.name == name:
                return step
        raise KeyError(name)

    def maker(self, table: str) -> Step:
        """Return the step that makes a table; raise KeyError if none does."""
        for step in self.steps:
            if table in step.makes:
                return step
        raise KeyError(table)

    @classmethod
    def cross_check(cls, sections: dict[str, Any]) -> Iterator[Finding]:
        """Yield the tables that are needed before they are made, or made twice, and steps out of order."""
        made: dict[str, str] = {}
        last = ""
        for position, step in enumerate(sections.get("steps", ())):
            if step.name <= last:
                yield Finding(("steps", position, "name"), repr(step.name), f"a name that sorts after {last!r}")
            last = step.name
            for place, table in enumerate(step.needs):
                if table not in made:
                    where = ("steps", position, "needs", place)
                    yield Finding(where, repr(table), "a table that an earlier step makes")
            for place, table in enumerate(step.makes):
                if table in made:
                    where = ("steps", position, "makes", place)
                    yield Finding(where, repr(table), f"one maker for each table; {made[table]} makes it too")
                made[table] = step.name


def read_pipeline(notebooks: Path) -> Pipeline:
    """Read `pipeline.yml` in the folder of the notebooks; raise InputError naming every fault."""
    return read_document(notebooks / "pipeline.yml", Pipeline)
