"""Tasks that need one another, against every way that a small graph can be walked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.graph import Graph, Task


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Return a graph without cycles, its tasks given in any order."""
    number = draw(st.integers(1, 7))
    tasks = []
    for position in range(number):
        earlier = st.sampled_from(range(position)) if position else st.nothing()
        needs = draw(st.sets(earlier, max_size=3)) if position else set()
        cost = draw(st.integers(1, 9))
        tasks.append(Task(f"t{position}", frozenset(f"t{need}" for need in needs), cost))
    return Graph(draw(st.permutations(tasks)))


def paths_from(graph: Graph, name: str) -> Iterator[list[str]]:
    """Yield every way from a task to a task that nothing needs."""
    following = [task.name for task in graph.tasks.values() if name in task.needs]
    if not following:
        yield [name]
    for other in following:
        yield from ([name, *path] for path in paths_from(graph, other))


def cost(graph: Graph, path: list[str]) -> float:
    return sum(graph.tasks[name].cost for name in path)


@given(graphs())
def test_the_order_puts_every_task_after_what_it_needs(graph: Graph):
    place = {name: position for position, name in enumerate(graph.order)}
    assert sorted(place) == sorted(graph.tasks)
    assert all(place[need] < place[task.name] for task in graph.tasks.values() for need in task.needs)


@given(graphs(), st.integers(1, 3))
def test_workers_that_take_what_is_ready_do_every_task_once_and_never_too_early(graph: Graph, workers: int):
    done: list[str] = []
    while len(done) < len(graph.tasks):
        started = graph.ready(done)[:workers]
        assert started, "nothing is ready though not all is done"
        assert all(graph.tasks[name].needs <= set(done) for name in started)
        assert not set(graph.ready(done, started)) & set(started)
        done += started
    assert sorted(done) == sorted(graph.tasks)


@given(graphs())
def test_the_most_urgent_comes_first_by_the_longest_way_to_an_end(graph: Graph):
    longest = {name: max(cost(graph, path) for path in paths_from(graph, name)) for name in graph.tasks}
    assert graph.remaining() == longest
    ready = graph.ready(())
    assert [longest[name] for name in ready] == sorted((longest[name] for name in ready), reverse=True)


@given(graphs())
def test_the_critical_path_is_the_longest_of_all_ways(graph: Graph):
    path = graph.critical_path()
    every = [way for name in graph.tasks for way in paths_from(graph, name)]
    assert path in every
    assert cost(graph, path) == max(cost(graph, way) for way in every)


@given(graphs())
def test_dependants_are_all_that_can_be_reached(graph: Graph):
    for name in graph.tasks:
        reached = {other for path in paths_from(graph, name) for other in path} - {name}
        assert graph.dependants(name) == reached


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ([Task("a"), Task("a")], "two tasks named a"),
        ([Task("a", frozenset({"b"}))], "a needs b, which is no task"),
        ([Task("a", frozenset({"b"})), Task("b", frozenset({"a"}))], "wait for one another: "),
    ],
)
def test_tasks_that_cannot_all_be_done_are_refused(tasks: list[Task], message: str):
    with pytest.raises(ValueError, match=message):
        Graph(tasks)
