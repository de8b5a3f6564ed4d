"""How a command runs a call: which editions were asked for, whether these are settled, what the work is done on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # loaded where they are needed: a run that changes nothing ends before they would be
    from collections.abc import Iterable, Sequence

    from analysis.declarations import Edition
    from analysis.pipeline import Options, Progress
    from analysis.plan import Plan
    from analysis.progress import Pace
    from analysis.store import Store
    from analysis.workers import Workers


@dataclass(frozen=True)
class Asked:
    """Which editions were asked for; those that the call declares where nothing was given.

    `every` asks for those of the day for every declared audience and language.
    """

    day: date | None = None
    language: str | None = None
    audience: str | None = None
    every: bool = False

    def name(self, declared: Iterable[str]) -> list[str]:
        """Return the names of the editions, given those that are declared."""
        from analysis.upkeep import name_asked

        return name_asked(declared, self.day, self.audience, self.language, self.every)

    def of(self, store: Store) -> list[Edition]:
        """Return the editions of a call."""
        from analysis.declarations import Edition

        return [Edition.parse(name) for name in self.name(one.name for one in store.call.editions)]

    def settle(self, root: Path, call: str) -> tuple[Plan, list[Path]] | None:
        """Return the plan and the folders of the editions where all is fresh, once `latest` leads to the last."""
        from analysis.freshness import find_settled
        from analysis.upkeep import settle

        settled = find_settled(root, call, self.name)
        if settled is None or not settle(settled[0], settled[1][-1]):
            return None
        return settled[0], [settled[0].reports / name for name in settled[1]]


@dataclass(frozen=True)
class Done:
    """A run that has ended: the folders of its editions, what each step took, and the workers, which can do more."""

    folders: list[Path]
    pace: Pace
    workers: Workers


@contextmanager
def conducting(
    store: Store,
    asked: Sequence[Edition],
    options: Options,
    step: str | None = None,
    progress: Progress | None = None,
    scheduler: str | None = None,
) -> Iterator[Done]:
    """Run what is not fresh of a call, or one step of it, as told on standard error; then let others use its workers.

    `progress` tells of the steps otherwise. Raises what `pipeline.run` and `workers.open_workers` raise.
    """
    from analysis.pipeline import count_cores, run
    from analysis.plan import Plan
    from analysis.progress import expect, show_steps
    from analysis.voice import complain
    from analysis.workers import open_workers

    plan, jobs = Plan.of(store), options.jobs or count_cores()
    pace = expect(plan, [one.name for one in asked], step, force=options.force, jobs=jobs)
    with open_workers(scheduler, jobs, plan) as workers:
        show = progress or show_steps(pace)
        yield Done(run(store, asked, step, show, complain.print, options, name_findings, workers), pace, workers)


def name_findings(store: Store) -> list[str]:
    """Return every open finding on the published figures; none where the step that looks for them has not run."""
    from analysis.reconciliation import name_open

    return list(name_open(store.read_table("findings"))) if store.table_path("findings").is_file() else []
