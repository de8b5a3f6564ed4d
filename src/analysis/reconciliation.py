"""Every published figure beside the computed one, and every published total beside the sum of its parts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from datetime import date

import pandas as pd

from analysis.indicators import Indicator, Recorder
from analysis.published import Figure, Group, Published

Value = float | date
EPSILON = 1e-9  # in the figure's unit: sums of fractions are not exact
FIGURE_COLUMNS = ("figure", "source", "unit", "hedge", "derived", "published", "published_on", "indicator", "computed",
                  "computed_on", "verdict")  # fmt: skip
GROUP_COLUMNS = ("group", "sources", "unit", "total", "sum", "difference", "verdict")


def compare_figures(published: Published | None, values: Mapping[str, Value]) -> pd.DataFrame:
    """Return every published figure with the computed value and the verdict (see the contract `reconciliation`).

    The verdict is `match`, `within` its hedge, `explained` where it differs and the figure declares why, `open` where
    it differs and nothing explains it, or `missing` where no step computed its indicator.
    """
    figures = published.figures if published else ()
    return pd.DataFrame([_compare(figure, values.get(figure.indicator)) for figure in figures], columns=FIGURE_COLUMNS)


def compare_groups(published: Published | None) -> pd.DataFrame:
    """Return every declared group: its published total, the sum of its published parts, and the verdict.

    A sum of rounded or hedged parts may differ from its total by what their hedges allow together.
    """
    if published is None:
        return pd.DataFrame(columns=GROUP_COLUMNS)
    figures = {figure.id: figure for figure in published.figures}
    return pd.DataFrame([_add_up(group, figures) for group in published.groups], columns=GROUP_COLUMNS)


def keeps_hedge(figure: Figure, computed: Value) -> bool:
    """Return whether a computed value is one that the published figure may stand for."""
    if isinstance(computed, date) or isinstance(figure.value, date):
        return computed == figure.value
    return HEDGES[figure.hedge](computed, figure.value or 0.0, figure.tolerance or 0.0)


HEDGES: Mapping[str, Callable[[float, float, float], bool]] = {
    "exact": lambda computed, value, _: _same(computed, value),
    "about": lambda computed, value, share: abs(computed - value) <= share * abs(value) + EPSILON,
    "almost": lambda computed, value, share: value * (1 - share) - EPSILON <= computed < value,
    "rounded": lambda computed, value, step: abs(computed - value) <= step / 2 + EPSILON,
    "most": lambda computed, _, __: computed > 0.5,
    "several": lambda computed, _, __: computed >= 2,
}


def indicators(figures: pd.DataFrame, groups: pd.DataFrame) -> Iterator[Indicator]:
    """Yield how many published figures were compared, and how they came out; nothing where none was published."""
    if figures.empty:
        return
    record = Recorder(compare_figures, "reconciliation")
    yield record.one("reconciliation.figures", len(figures), "count")
    agreeing = figures["verdict"].isin(["match", "within"])
    yield record.one("reconciliation.agreeing", int(agreeing.sum()), "count")
    yield record.one("reconciliation.open", int((figures["verdict"] == "open").sum()), "count")
    if groups.empty:
        return
    record = Recorder(compare_groups, "group_sums")
    yield record.one("reconciliation.groups", len(groups), "count")
    yield record.one("reconciliation.groups.open", int((groups["verdict"] == "open").sum()), "count")
    for row in groups.itertuples():
        yield record.one(f"reconciliation.group.{row.group}.total", row.total, row.unit)
        yield record.one(f"reconciliation.group.{row.group}.sum", row.sum, row.unit)


def _compare(figure: Figure, computed: Value | None) -> tuple[object, ...]:
    published_on = figure.value if isinstance(figure.value, date) else None
    computed_on = computed if isinstance(computed, date) else None
    return (
        figure.id, figure.source, figure.unit, figure.hedge, figure.derived,
        None if published_on else figure.value, published_on, figure.indicator,
        None if computed_on else computed, computed_on, _judge(figure, computed),
    )  # fmt: skip


def _judge(figure: Figure, computed: Value | None) -> str:
    if computed is None:
        return "missing"
    if keeps_hedge(figure, computed):
        return "match" if figure.hedge == "exact" else "within"
    return "explained" if figure.explanation else "open"


def _add_up(group: Group, figures: Mapping[str, Figure]) -> tuple[object, ...]:
    total, parts = figures[group.total], [figures[name] for name in group.parts]
    amount, added = _number(total), sum(_number(part) for part in parts)
    slack = sum(_slack(figure) for figure in (total, *parts))
    codes = [code for figure in (total, *parts) for code in figure.source.split(", ")]
    sources = ", ".join(dict.fromkeys(codes))
    if _same(added, amount):
        verdict = "match"
    elif abs(added - amount) <= slack + EPSILON:
        verdict = "within"
    else:
        verdict = "explained" if group.explanation else "open"
    return group.id, sources, total.unit, amount, added, added - amount, verdict


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=EPSILON)


def _number(figure: Figure) -> float:
    return figure.value if isinstance(figure.value, float) else 0.0


def _slack(figure: Figure) -> float:
    """Return how far a figure may lie from its published value by its hedge, in its unit."""
    if figure.hedge == "rounded":
        return (figure.tolerance or 0.0) / 2
    return (figure.tolerance or 0.0) * abs(_number(figure))
