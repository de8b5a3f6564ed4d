"""Every published figure beside the computed one, and every published total beside the sum of its parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction

import pandas as pd

from analysis.contradictions import Contradiction, Group, add_up
from analysis.hedges import Figure, span_of
from analysis.indicators import Indicator, Recorder
from analysis.published import Published

Value = float | date
EPSILON, RELATIVE = 1e-9, 1e-12  # in the figure's unit, and of its size: sums of binary numbers are not exact
FIGURE_COLUMNS = ("figure", "source", "unit", "hedge", "derived", "published", "published_on", "indicator", "computed",
                  "computed_on", "verdict")  # fmt: skip
GROUP_COLUMNS = ("group", "sources", "unit", "total", "sum", "difference", "verdict")
FINDING_COLUMNS = ("finding", "kind", "group", "figures", "sources", "unit", "found", "found_on", "expected",
                   "expected_on", "verdict")  # fmt: skip


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
    rows = [_compare_group(group, published.by_id) for group in published.groups]
    return pd.DataFrame(rows, columns=GROUP_COLUMNS)


def gather_findings(published: Published | None, figures: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return what is wrong with the published figures, a row a finding (see the contract `findings`).

    These are their own contradictions and, where `figures` as returned by `compare_figures` is given, the figures that
    differ from the computed ones. The verdict is `explained` where published.yml declares why, otherwise `open`.
    """
    if published is None:
        return pd.DataFrame(columns=FINDING_COLUMNS)
    rows = [_contradiction_row(found) for found in published.contradictions()]
    if figures is not None:
        differing = figures[figures["verdict"].isin(["open", "explained"])]
        rows += [_difference_row(row) for row in differing.to_dict("records")]
    return pd.DataFrame(rows, columns=FINDING_COLUMNS)


def name_open(findings: pd.DataFrame) -> Iterator[str]:
    """Yield a line about every open finding, for whoever runs the workbook."""
    for row in findings[findings["verdict"] == "open"].to_dict("records"):
        found, expected = (_written(row[name], row[f"{name}_on"]) for name in ("found", "expected"))
        yield (
            f"open finding {row['finding']} in the published figures ({row['sources']}): "
            f"found {found}, expected {expected}; published.yml declares no explanation"
        )


def keeps_hedge(figure: Figure, computed: Value) -> bool:
    """Return whether a computed value is one that the published figure may stand for."""
    if isinstance(computed, date) or isinstance(figure.value, date):
        return computed == figure.value
    return span_of(figure).holds(computed, max(EPSILON, RELATIVE * abs(computed)))


def indicators(figures: pd.DataFrame, groups: pd.DataFrame, findings: pd.DataFrame) -> Iterator[Indicator]:
    """Yield how many published figures were compared, how they came out, and both sides of every finding.

    Nothing where none was published.
    """
    if figures.empty:
        return
    record = Recorder(compare_figures, "reconciliation")
    yield record.one("reconciliation.figures", len(figures), "count")
    agreeing = figures["verdict"].isin(["match", "within"])
    yield record.one("reconciliation.agreeing", int(agreeing.sum()), "count")
    yield record.one("reconciliation.open", int((figures["verdict"] == "open").sum()), "count")
    if len(groups):
        record = Recorder(compare_groups, "group_sums")
        yield record.one("reconciliation.groups", len(groups), "count")
        yield record.one("reconciliation.groups.open", int((groups["verdict"] == "open").sum()), "count")
    yield from _finding_indicators(findings)


def _finding_indicators(findings: pd.DataFrame) -> Iterator[Indicator]:
    """Yield the number of findings by verdict, and of each what is found and expected.

    What is expected of a difference is the computed figure, which has an indicator of its own.
    """
    record = Recorder(gather_findings, "findings")
    for verdict in ("open", "explained"):
        yield record.one(f"findings.{verdict}", int((findings["verdict"] == verdict).sum()), "count")
    for row in findings.to_dict("records"):
        for name in ("found",) if row["kind"] == "difference" else ("found", "expected"):
            value = row[name] if pd.notna(row[name]) else row[f"{name}_on"]
            if pd.notna(value):
                yield record.one(f"finding.{row['finding']}.{name}", value, str(row["unit"]))


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


def _compare_group(group: Group, figures: Mapping[str, Figure]) -> tuple[object, ...]:
    added = add_up(group, figures)
    if added.agrees:
        verdict = "match" if added.sum == added.total else "within"
    else:
        verdict = "explained" if group.explanation else "open"
    sources = _join_sources(figures[name].source for name in group.names)
    return group.id, sources, added.unit, *map(float, (added.total, added.sum, added.sum - added.total)), verdict


def _contradiction_row(found: Contradiction) -> tuple[object, ...]:
    sides = [side for value in (found.found, found.expected) for side in _apart(value)]
    return (
        found.id, found.kind, found.group, " ".join(figure.id for figure in found.figures),
        _join_sources(figure.source for figure in found.figures), found.unit, *sides,
        "explained" if found.explanation else "open",
    )  # fmt: skip


def _difference_row(row: Mapping[str, object]) -> tuple[object, ...]:
    return (
        f"difference.{row['figure']}", "difference", None, row["figure"], row["source"], row["unit"],
        row["published"], row["published_on"], row["computed"], row["computed_on"], row["verdict"],
    )  # fmt: skip


def _apart(value: Fraction | date | None) -> tuple[float | None, date | None]:
    """Return a value as a number and as a day, of which at most one is there."""
    if value is None or isinstance(value, date):
        return None, value
    return float(value), None


def _written(number: float | None, day: date | None) -> str:
    if pd.notna(number):
        return f"{number:.12g}"
    return f"{day:%Y-%m-%d}" if pd.notna(day) else "what its hedge allows"


def _join_sources(sources: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(code for source in sources for code in source.split(", ")))
