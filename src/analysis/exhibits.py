"""The tables of the answer, each from released tables and with headings from the texts."""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.blocks import Html, table
from analysis.declarations import GROUPED_BY, Named, Quota
from analysis.material import Material
from analysis.wording import Wording


def table_of_chosen(material: Material, chosen: pd.DataFrame) -> Html:
    """Return the chosen projects with the columns that were released."""
    names = material.headings("scaling_up.chosen_headings")
    columns = [name for name in names if name in chosen]
    rows = [
        [material.label(c, row[c]) if c in GROUPED_BY else str(row[c]) for c in columns]
        for row in chosen.to_dict("records")
    ]
    return table(material.plain("scaling_up.chosen_caption"), [names[c] for c in columns], rows)


def table_of_prices(material: Material, prices: pd.DataFrame) -> Html:
    """Return every cap and quota: its bound, what the choice uses of it, and the points gained without it."""
    call, wording = material.call, material.wording
    declared: dict[str, Named] = {item.id: item for item in (*call.selection.caps, *call.selection.quotas)}
    rows = []
    for row in prices.itertuples():
        bound = declared[row.constraint]
        section = "quotas" if isinstance(bound, Quota) else "caps"
        gain = wording.format("number", row.gain, decimals=2)
        rows.append(
            [wording.label(section, bound.id), say_bound(bound, wording), _amount(bound, row.used, wording), gain]
        )
    names = list(material.headings("basis.prices_headings").values())
    return table(material.plain("basis.prices_caption"), names, rows, numeric=(3,))


def say_bound(bound: Named, wording: Wording) -> str:
    """Return the declared bound of a cap or quota in words: at most 1,100,000 euro; at least 3."""
    least = bound.minimum if isinstance(bound, Quota) else None
    most = bound.maximum  # type: ignore[attr-defined]
    if least is not None and most is not None:
        return wording.plain(
            "answer.basis.bound.both", x=_amount(bound, least, wording), y=_amount(bound, most, wording)
        )
    kind, value = ("minimum", least) if most is None else ("maximum", most)
    return wording.plain(f"answer.basis.bound.{kind}", x=_amount(bound, value or 0, wording))


def _amount(bound: Named, value: float, wording: Wording) -> str:
    kind = "quota" if isinstance(bound, Quota) else bound.column  # type: ignore[attr-defined]
    return wording.plain(f"answer.basis.amount.{kind}", x=value)


def table_of_reasons(material: Material, selection: pd.DataFrame) -> Html:
    """Return every shortlisted project that is not chosen, with the reason in a sentence."""
    wording = material.wording
    rows = [
        [row.proposal, str(row.rank), wording.format("number", row.total, decimals=2), _reason(material, row)]
        for row in selection[~selection["chosen"]].itertuples()
    ]
    names = list(material.headings("basis.reasons_headings").values())
    return table(material.plain("basis.reasons_caption"), names, rows, numeric=(1, 2))


def _reason(material: Material, row: Any) -> str:
    wording, selection = material.wording, material.call.selection
    caps = {cap.id for cap in selection.caps}
    ids = str(row.constraints).split() if pd.notna(row.constraints) else []
    names = wording.join([wording.label("caps" if name in caps else "quotas", name) for name in ids]) if ids else ""
    return material.plain(f"basis.reason.{row.reason}", names=names, lacking=row.lacking)


def table_of_funds(material: Material, funds: pd.DataFrame) -> Html:
    """Return the cost of each phase by source of funds."""
    wording = material.wording
    rows = [
        [
            wording.label("phases", row.phase),
            wording.label("funds", row.fund),
            wording.format("number", row.euro),
            wording.format("percent", row.share, decimals=1),
        ]
        for row in funds.itertuples()
    ]
    names = list(material.headings("money.headings").values())
    return table(material.plain("money.caption"), names, rows, numeric=(2, 3))


def table_of_staff(material: Material, staff: pd.DataFrame) -> Html:
    """Return the staff of each phase."""
    wording = material.wording
    rows = [
        [
            wording.label("phases", row.phase),
            wording.format("number", row.fte, decimals=2),
            wording.format("number", row.persons),
            wording.format("number", row.person_months, decimals=1),
        ]
        for row in staff.itertuples()
    ]
    names = list(material.headings("staff.headings").values())
    return table(material.plain("staff.caption"), names, rows, numeric=(1, 2, 3))
