"""The table and the picture of a piece of work that there are several ways to do: a row for each way, ours first."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import measure
from bench.measure import ALL_MEMORY, CPU, MEMORY, SECONDS, Bound, Case, Measured, refuse_unmeasured, say_whether, word

TIMES_OURS, TIMES_CPU, TIMES_MEMORY = "times ours", "times the cpu of ours", "times the memory of ours"
RATIOS = {TIMES_OURS: SECONDS, TIMES_CPU: CPU, TIMES_MEMORY: ALL_MEMORY}
COLUMNS = ("case", "way", "makes", SECONDS, CPU, MEMORY, ALL_MEMORY, *RATIOS, "bound", "kept")
SHOWN = tuple(name for name in COLUMNS if name not in ("case", "makes"))


def tabulate(case: Case, measured: Measured, bounds: Iterable[Bound]) -> list[dict[str, Any]]:
    """Return a row per way with COLUMNS; a ratio is how many times as much as the first way it takes.

    Raises ValueError where a bound is on what was not measured, or where two are on one way.
    """
    bound_of = {bound.way: bound for bound in bounds}
    refuse_unmeasured(case, bound_of.keys() - measured.keys())
    ours = measured[case.ways[0].name]
    return [_row(case, way.name, way.makes, measured[way.name], ours, bound_of.get(way.name)) for way in case.ways]


def _row(
    case: Case, way: str, makes: str, values: Mapping[str, float], ours: Mapping[str, float], bound: Bound | None
) -> dict[str, Any]:
    ratios = {name: values[unit] / ours[unit] if ours.get(unit) else None for name, unit in RATIOS.items()}
    numbers = {unit: values.get(unit) for unit in (SECONDS, CPU, MEMORY, ALL_MEMORY)} | ratios
    row = {"case": case.name, "way": way, "makes": makes or None, **numbers, "bound": None, "kept": None}
    if bound is None:
        return row
    value = numbers.get(bound.unit)
    refuse_unmeasured(case, [] if value is not None else [bound.unit])
    assert value is not None
    return {**row, "bound": say_bound(bound), "kept": say_whether(bound.keeps(value))}


def say_bound(bound: Bound) -> str:
    """Return a bound in words."""
    return f"{'at least' if bound.least else 'below'} {bound.limit:.3g} {bound.unit}"


def write(rows: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write the rows as CSV and as Markdown, and their picture as SVG and as PNG, under the same name."""
    from bench.picture import draw  # which takes long to load, and much memory

    measure.write(rows, path, COLUMNS)
    path.with_suffix(".md").write_text(say(rows), encoding="utf-8")
    for form, content in draw(rows).items():
        path.with_suffix(f".{form}").write_bytes(content)


def show(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return the rows as a table for the terminal."""
    return measure.show(rows, SHOWN)


def say(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the rows as a table in Markdown, the numbers rounded for reading, and what its columns are."""
    columns = [name for name in COLUMNS if name != "case"]
    head = [
        " | ".join(columns),
        " | ".join("---" if name in ("way", "makes", "bound", "kept") else "--:" for name in columns),
    ]
    body = [" | ".join(_brief(row[name]) for name in columns) for row in rows]
    return "\n".join(f"| {line} |" for line in (*head, *body)) + f"\n\n{LEGEND}\n"


def _brief(value: Any) -> str:
    return (
        f"{value:.3g}"
        if isinstance(value, float) and value < 100
        else word(value)
        if not isinstance(value, float)
        else f"{value:.0f}"
    )


LEGEND = (
    f"Times are medians of the rounds, all ways in turn in each. `{SECONDS}` is wall time from the start of the first "
    f"command to the end of the last, imports included; `{CPU}` that of all processes; `{MEMORY}` the most memory of a "
    f"single process; `{ALL_MEMORY}` the most that all took at once, where what they share counts once, looked at "
    "twice a second. Ratios are to the first way."
)
