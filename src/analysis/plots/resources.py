"""Plots of money and staff: what the phases cost and who pays, who is at work when, and which proposal runs when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from numpy.typing import NDArray

from analysis.figures import (
    CONTRAST,
    INK,
    LINE_HEIGHT,
    MAIN,
    Figure,
    draw_bars,
    draw_picture,
    fill_style,
    find_extremes,
    finish,
    label_months,
    label_rows,
    measure_rows,
    number_axis,
    place_legend,
    quote,
    refuse_empty,
    say,
    size_bars,
    wrap,
)
from analysis.wording import Wording

Amounts = NDArray[np.float64]
AMOUNT_FITS = 0.2  # share of a bar in which an amount in euro can be read
SHARE_FITS = 0.07  # share of a bar in which a percentage can be read
TITLE_LETTERS = 64  # letters in bold over the whole width of the panels
DAYS_A_MONTH = 365.25 / 12
ROUNDING = 1e-9  # full-time equivalents; sums of fractions may differ from the whole by less than this


def budget(budget_funds: pd.DataFrame, wording: Wording) -> Figure:
    """Return per phase the share and amount (euro) of every source of funds; phases that cost nothing are left out.

    Every bar is as long as the others, with its total beside it: phases differ so much in cost that on a common scale
    the sources of a small one could not be seen.
    """
    paid = budget_funds[budget_funds["euro"] > 0]
    refuse_empty(paid, "budget_funds")
    table = paid.pivot_table(index="phase", columns="fund", values="euro", aggfunc="sum", fill_value=0)
    phases = [key for key in wording.call.ids("phases") if key in table.index]
    funds = [key for key in wording.call.ids("funds") if key in table.columns]
    amounts = table.loc[phases, funds].astype("float64")
    labels = [_label_phase(phase, amounts.loc[phase].sum(), wording) for phase in phases]
    with draw_picture(0.75 + measure_rows(labels, space=0.3) + LINE_HEIGHT * (len(funds) // 2)) as picture:
        axes = picture.subplots()
        _stack_funds(axes, amounts, wording)
        label_rows(axes, labels)
        axes.set_xlim(0, 1)
        axes.set_xticks([])
        axes.spines[["bottom", "left"]].set_visible(False)
        place_legend(picture, "outside upper left", axes.get_legend_handles_labels()[0])
        return finish(
            picture,
            "budget",
            wording,
            ["budget_funds"],
            phases=[_phase_facts(amounts.loc[key], wording) for key in phases],
        )


def _label_phase(phase: str, euro: float, wording: Wording) -> str:
    return f"{wrap(wording.label('phases', phase), 24)}\n{wording.format('euro', euro)}"


def _stack_funds(axes: Axes, amounts: pd.DataFrame, wording: Wording) -> None:
    shares = amounts.div(amounts.sum(axis=1), axis=0)
    left = pd.Series(0.0, index=shares.index)
    for position, fund in enumerate(shares.columns):
        name = wrap(wording.label("funds", fund), 42)
        bars = axes.barh(range(len(shares)), shares[fund], left=left, height=0.7, label=name, **fill_style(position))
        texts = [_label_part(euro, share, wording) for euro, share in zip(amounts[fund], shares[fund], strict=True)]
        boxed = {"facecolor": "white", "edgecolor": "none", "pad": 2}
        for text in axes.bar_label(bars, texts, label_type="center", color=INK):
            text.set_bbox(boxed if text.get_text() else None)
        left += shares[fund]


def _label_part(euro: float, share: float, wording: Wording) -> str:
    percent = str(wording.format("percent", share))
    if share >= AMOUNT_FITS:
        return f"{wording.format('euro', euro)}\n{percent}"
    return percent if share >= SHARE_FITS else ""


def _phase_facts(amounts: pd.Series, wording: Wording) -> dict[str, Any]:
    """Return the facts of one phase, its columns in the order of the call."""
    euro = {quote(wording.label("funds", str(fund))): float(amount) for fund, amount in amounts.items() if amount > 0}
    facts = find_extremes(euro)
    return {**facts, "name": wording.label("phases", str(amounts.name)), "share": facts["most"] / facts["total"]}


def budget_lines(budget_lines: pd.DataFrame, phase: str, wording: Wording) -> Figure:
    """Return what the lines of one phase's budget cost in euro, the largest on top."""
    rows = budget_lines[budget_lines["phase"] == phase]
    refuse_empty(rows, f"budget_lines, phase {phase}")
    ordered = rows.sort_values("euro", ascending=False, kind="stable")
    euro = {str(line): int(amount) for line, amount in zip(ordered["line"], ordered["euro"], strict=True)}
    labels = [wrap(line, 34) for line in euro]
    with draw_picture(0.3 + measure_rows(labels)) as picture:
        axes = picture.subplots()
        draw_bars(axes, labels, list(euro.values()), [wording.format("euro", amount) for amount in euro.values()])
        facts = find_extremes({quote(line): amount for line, amount in euro.items()})
        label = wording.label("phases", phase)
        return finish(picture, "budget_lines", wording, ["budget_lines"], variant=phase, phase=label, **facts)


def pilots_by_month(pilots_by_month: pd.DataFrame, wording: Wording) -> Figure:
    """Return the money (euro) that the chosen proposals ask for in each month, and the budget where that is known."""
    refuse_empty(pilots_by_month, "pilots_by_month")
    table = pilots_by_month.sort_values("month")
    asked, budgeted = table["euro"].to_numpy("float64"), table["budget"].to_numpy("float64", na_value=np.nan)
    places = list(range(len(table)))
    with draw_picture(3.0) as picture:
        axes = picture.subplots()
        axes.bar(places, asked, width=0.7, color=MAIN, label=say(wording, "pilots_by_month.asked"))
        _draw_limit(axes, budgeted, say(wording, "pilots_by_month.budget"))
        number_axis(axes.yaxis, wording)
        axes.set_ylabel(say(wording, "pilots_by_month.axis"))
        label_months(axes, list(table["month"]), places, wording)
        place_legend(picture, "outside lower left", _distinct_handles([axes]))
        return finish(picture, "pilots_by_month", wording, ["pilots_by_month"], **_asked_facts(table, asked, budgeted))


def _asked_facts(table: pd.DataFrame, asked: Amounts, budgeted: Amounts) -> dict[str, Any]:
    busiest = int(np.argmax(asked))
    return {
        "total": float(asked.sum()),
        "months": int((asked > 0).sum()),
        "month": table["month"].iloc[busiest].date(),
        "most": float(asked[busiest]),
        "over": None if np.isnan(budgeted).any() else int((asked > budgeted).sum()),
    }


def _draw_limit(axes: Axes, limits: Amounts, label: str) -> None:
    """Draw a step line over bars at the places 0, 1 ... and settle their axes; no line where a limit is not known."""
    if not np.isnan(limits).any():
        edges = np.arange(len(limits) + 1) - 0.5
        axes.stairs(limits, edges, baseline=None, color=INK, linewidth=1.5, label=label)
    axes.margins(x=0.01)
    axes.grid(axis="y")


def monthly_load(monthly_load: pd.DataFrame, wording: Wording) -> Figure:
    """Return the staff at work in each month of each phase (full-time equivalents) against what is available.

    One panel per phase, as wide as it has months, all on one scale; what exceeds a known capacity is hatched.
    """
    refuse_empty(monthly_load, "monthly_load")
    phases = [key for key in wording.call.ids("phases") if (monthly_load["phase"] == key).any()]
    tables = [monthly_load[monthly_load["phase"] == key].sort_values("month") for key in phases]
    titles = [wording.label("phases", phase) for phase in phases]
    ratios = _divide_width([len(table) for table in tables], titles)
    with draw_picture(3.4) as picture:
        panels = picture.subplots(1, len(phases), sharey=True, squeeze=False, width_ratios=ratios)[0]
        for axes, table, title, ratio in zip(panels, tables, titles, ratios, strict=True):
            _draw_load(axes, table, wording)
            axes.set_title(wrap(title, int(TITLE_LETTERS * ratio), break_words=True), fontweight="bold")
        number_axis(panels[0].yaxis, wording)
        panels[0].set_ylabel(say(wording, "monthly_load.axis"))
        for axes, table in zip(panels, tables, strict=True):
            label_months(axes, list(table["month"]), range(len(table)), wording)
        place_legend(picture, "outside lower left", _distinct_handles(panels))
        return finish(picture, "monthly_load", wording, ["monthly_load"], **_load_facts(monthly_load))


def _divide_width(months: list[int], titles: list[str]) -> list[float]:
    """Return the share of the width for each panel: by its months, but not less than the longest word of its title."""
    words = [max(len(word) for word in title.split()) for title in titles]
    wanted = [max(n / sum(months), word / TITLE_LETTERS) for n, word in zip(months, words, strict=True)]
    return [share / sum(wanted) for share in wanted]


def _draw_load(axes: Axes, table: pd.DataFrame, wording: Wording) -> None:
    places = list(range(len(table)))
    at_work, available = table["fte"].to_numpy(), table["available"].to_numpy()
    within = np.fmin(at_work, available)  # where the capacity is unknown, nothing is beyond it
    axes.bar(places, within, width=0.7, color=MAIN, label=say(wording, "monthly_load.within"))
    if (at_work > within).any():
        axes.bar(
            places, at_work - within, bottom=within, width=0.7, facecolor=CONTRAST, hatch="////", edgecolor="white",
            label=say(wording, "monthly_load.above"),
        )  # fmt: skip
    _draw_limit(axes, available, say(wording, "monthly_load.available"))


def _distinct_handles(panels: Iterable[Axes]) -> list[Any]:
    """Return a handle per label: a panel without staff beyond its capacity lacks that one."""
    pairs = [pair for axes in panels for pair in zip(*axes.get_legend_handles_labels(), strict=True)]
    return list({label: handle for handle, label in pairs}.values())


def _load_facts(table: pd.DataFrame) -> dict[str, Any]:
    excess = table["fte"] - table["available"]
    known = bool(excess.notna().any())
    busiest = table.loc[excess.idxmax() if known else table["fte"].idxmax()]
    return {
        "months": table["month"].nunique(),
        "over": table.loc[excess > ROUNDING, "month"].nunique(),
        "month": busiest["month"].date(),
        "fte": busiest["fte"],
        "available": busiest["available"] if known else None,
    }


def timeline(timeline: pd.DataFrame, wording: Wording, *, numbered: bool = False) -> Figure:
    """Return the execution of every chosen proposal as a bar, the earliest start on top.

    With `numbered` the rows bear running numbers and neither title nor id is read: for who may not see them yet.
    """
    refuse_empty(timeline, "timeline")
    ordered = timeline.sort_values(["start", "end"], kind="stable").reset_index(drop=True)
    labels = (
        [say(wording, "timeline.numbered", number=row + 1) for row in ordered.index]
        if numbered
        else [wrap(title, 44) for title in ordered["title"]]
    )
    with draw_picture(0.5 + measure_rows(labels)) as picture:
        axes = picture.subplots()
        months = _list_months(ordered)
        starts, ends = ((ordered[column] - months[0]).dt.days for column in ("start", "end"))
        axes.barh(ordered.index, ends + 1 - starts, left=starts, height=size_bars(labels), color=MAIN)
        label_rows(axes, labels)
        axes.spines["left"].set_visible(False)
        axes.set_xlim(0, (months[-1] + pd.offsets.MonthBegin() - months[0]).days)
        label_months(axes, months, [(month - months[0]).days for month in months], wording)
        axes.grid(axis="x")
        return finish(picture, "timeline", wording, ["timeline"], **_timeline_facts(ordered, months))


def _list_months(ordered: pd.DataFrame) -> list[pd.Timestamp]:
    first, last = ordered["start"].min().to_period("M"), ordered["end"].max().to_period("M")
    return list(pd.period_range(first, last, freq="M").to_timestamp())


def _timeline_facts(ordered: pd.DataFrame, months: Sequence[pd.Timestamp]) -> dict[str, Any]:
    lengths = ((ordered["end"] - ordered["start"]).dt.days + 1) / DAYS_A_MONTH
    last_days = [month + pd.offsets.MonthEnd() for month in months]
    under_way = [
        int(((ordered["start"] <= last) & (ordered["end"] >= first)).sum())
        for first, last in zip(months, last_days, strict=True)
    ]
    return {
        "proposals": len(ordered),
        "start": ordered["start"].min().date(),
        "end": ordered["end"].max().date(),
        "shortest": max(round(lengths.min()), 1),
        "longest": max(round(lengths.max()), 1),
        "most": max(under_way),
        "peak": months[under_way.index(max(under_way))].date(),
    }
