"""The tables of the answer, each from released tables and with headings from the texts."""

from __future__ import annotations

from typing import Any

import pandas as pd
from markupsafe import Markup

from analysis.blocks import Html, breakable_digits, table
from analysis.declarations import GROUPED_BY, Named, Quota
from analysis.material import Material
from analysis.selection import SHORTLIST
from analysis.wording import Sourced, Wording, take


def table_of_chosen(material: Material, chosen: pd.DataFrame) -> Html:
    """Return the chosen projects with the columns that were released, and of which something is known."""
    names = material.headings("scaling_up.chosen_headings")
    columns = [name for name in names if name in chosen and chosen[name].notna().any()]
    rows = [
        [material.label(c, row[c]) if c in GROUPED_BY else str(row[c]) for c in columns]
        for row in chosen.to_dict("records")
    ]
    return table(material.plain("scaling_up.chosen_caption"), [names[c] for c in columns], rows)


def table_of_prices(material: Material, prices: pd.DataFrame) -> Html:
    """Return every cap and quota: its bound, what the choice uses of it, the points gained without it, and by whom."""
    call, wording = material.call, material.wording
    declared: dict[str, Named] = {item.id: item for item in (*call.selection.caps, *call.selection.quotas)}
    names = material.headings("basis.prices_headings")
    columns = [name for name in names if name in prices]
    rows = []
    for row in prices.to_dict("records"):
        bound = declared[row["constraint"]]
        section = "quotas" if isinstance(bound, Quota) else "caps"
        said = {
            **{name: _listed(row.get(name)) for name in ("enters", "leaves")},
            "constraint": wording.label(section, bound.id),
            "bound": say_bound(bound, wording),
            "used": _amount(bound, Sourced(row["used"], "constraint_prices.used"), wording),
            "gain": wording.cell("number", row["gain"], "constraint_prices.gain", decimals=2),
        }
        rows.append([said[name] for name in columns])
    return table(material.plain("basis.prices_caption"), [names[name] for name in columns], rows, numeric=(3,))


def table_of_alternatives(material: Material, alternatives: pd.DataFrame) -> Html:
    """Return the best choices in order, with what was released of them."""
    names = material.headings("basis.alternatives_headings")
    columns = [name for name in names if name in alternatives]
    rows = [
        [
            material.wording.cell("number", row[name], f"alternatives.{name}", decimals=2)
            if name in ("place", "distance")
            else _listed(row[name])
            for name in columns
        ]
        for row in alternatives.to_dict("records")
    ]
    return table(material.plain("basis.alternatives_caption"), [names[name] for name in columns], rows, numeric=(1,))


def table_of_lottery(material: Material, lottery: pd.DataFrame) -> Html:
    """Return the lottery: every ticket, in order, and whether it was drawn."""
    rows = [
        [
            material.wording.cell("number", row.place, "lottery.place"),
            row.proposal,
            breakable_digits(row.ticket),
            material.plain(f"basis.drawn.{str(bool(row.drawn)).lower()}"),
        ]
        for row in lottery.itertuples()
    ]
    names = list(material.headings("basis.lottery_headings").values())
    return table(material.plain("basis.lottery_caption"), names, rows)


def _listed(proposals: object) -> str:
    return ", ".join(str(proposals).split()) if pd.notna(proposals) else "–"


def say_bound(bound: Named, wording: Wording) -> Markup:
    """Return the declared bound of a cap or quota in words: at most 1,100,000 euro; at least 3."""
    section = "quotas" if isinstance(bound, Quota) else "caps"
    ends = {end: f"call.{section}.{bound.id}.{end}" for end in ("minimum", "maximum")}
    said = {end: _amount(bound, wording.state(name), wording) for end, name in ends.items() if name in wording.values}
    if len(said) == 2:
        return wording.cell_text("answer.basis.bound.both", x=said["minimum"], y=said["maximum"])
    ((kind, amount),) = said.items()
    return wording.cell_text(f"answer.basis.bound.{kind}", x=amount)


def _amount(bound: Named, value: Sourced, wording: Wording) -> Markup:
    kind = "quota" if isinstance(bound, Quota) else bound.column  # type: ignore[attr-defined]
    return wording.cell_text(f"answer.basis.amount.{kind}", x=value)


def table_of_reasons(material: Material, reasons: pd.DataFrame, caption: str) -> Html:
    """Return every one of these projects that is not chosen, with the reason in words that stand on their own."""
    rows = [[row.proposal, say_reason(material, row)] for row in reasons.itertuples()]
    names = list(material.headings("basis.reasons_headings").values())
    return table(material.plain(caption), names, rows)


def say_reason(material: Material, row: Any) -> Markup:
    """Return why a proposal is not chosen, from a row of the table `reasons`."""
    wording, call = material.wording, material.call
    lottery = material.find("lottery")
    if row.reason == "unscored":
        return material.cell_text("basis.reason.unscored")
    if call.selection.lottery and wording.values.get("expectation.drawn") and row.reason == SHORTLIST:
        if lottery is None:
            return material.cell_text("basis.reason.undrawn")
        if row.proposal in set(lottery["proposal"]):
            return material.cell_text("basis.reason.lottery")
    caps = {cap.id for cap in call.selection.caps}
    ids = str(row.constraints).split() if pd.notna(row.constraints) else []
    names = wording.join([wording.label("caps" if name in caps else "quotas", name) for name in ids]) if ids else ""
    return material.cell_text(
        f"basis.reason.{row.reason}",
        **take("reasons", row._asdict(), "rank", "total", "lacking", "passed"),
        names=names,
        decided="" if pd.isna(row.decided) else str(row.decided).rstrip("."),
        by_rank=call.selection.ranked_by == "expected_ranks",
    )
