"""Tasks that need one another: in which order they may run, which are ready, and which of those to start first."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter


@dataclass(frozen=True)
class Task:
    """One piece of work: its name, the names of the tasks that must be done before, and how long it is thought to take.

    `cost` is in any unit that is the same for all tasks of a graph.
    """

    name: str
    needs: frozenset[str] = frozenset()
    cost: float = 1.0


class Graph:
    """Tasks by name; raises ValueError where two share a name, one needs another that is not there, or itself."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        """Take the tasks in any order."""
        self.tasks: dict[str, Task] = {}
        for task in tasks:
            if task.name in self.tasks:
                raise ValueError(f"two tasks named {task.name}")
            self.tasks[task.name] = task
        for task in self.tasks.values():
            for name in sorted(task.needs - self.tasks.keys()):
                raise ValueError(f"{task.name} needs {name}, which is no task")
        try:
            self.order = tuple(TopologicalSorter({t.name: sorted(t.needs) for t in self.tasks.values()}).static_order())
        except CycleError as error:
            raise ValueError(f"tasks that wait for one another: {', '.join(error.args[1])}") from None

    def dependants(self, name: str) -> frozenset[str]:
        """Return the names of all tasks that need a task, directly or through others."""
        found = {name}
        for other in self.order:
            if self.tasks[other].needs & found:
                found.add(other)
        return frozenset(found - {name})

    def ready(self, done: Collection[str], started: Collection[str] = ()) -> list[str]:
        """Return the tasks whose needs are done and that were not started, the most urgent first.

        Urgent is what has the longest way from its start to the end of all that depends on it.
        """
        free = [t for t in self.tasks.values() if t.name not in done and t.name not in started and t.needs <= set(done)]
        remaining = self.remaining()
        return [task.name for task in sorted(free, key=lambda task: (-remaining[task.name], task.name))]

    def remaining(self) -> Mapping[str, float]:
        """Return per task the cost of the longest way from its start to the end of a task that depends on it."""
        after: dict[str, float] = dict.fromkeys(self.tasks, 0.0)
        remaining: dict[str, float] = {}
        for name in reversed(self.order):
            remaining[name] = self.tasks[name].cost + after[name]
            for need in self.tasks[name].needs:
                after[need] = max(after[need], remaining[name])
        return remaining

    def critical_path(self) -> list[str]:
        """Return the longest way through the graph: no number of workers makes it shorter."""
        return list(self._walk())

    def _walk(self) -> Iterator[str]:
        remaining = self.remaining()
        candidates = [name for name, task in self.tasks.items() if not task.needs]
        while candidates:
            name = max(candidates, key=lambda name: (remaining[name], name))
            yield name
            candidates = [other for other, task in self.tasks.items() if name in task.needs]
