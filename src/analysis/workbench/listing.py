"""The tables of the workbench: frames with the headings of the reader, for the page and for files."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from analysis.call import Call
from analysis.declarations import Language
from analysis.figures import label_group
from analysis.whatif import Outcome
from analysis.wording import Wording, format_number

GROUPS: Mapping[str, str] = {"category": "category", "kind": "actor_kind", "province": "province", "scale": "scale"}
STATES = ("chosen", "came_in", "went_out", "shortlisted", "out")


def describe_rows(outcome: Outcome, official: Outcome) -> pd.DataFrame:
    """Return the table of an outcome with `official_rank`, `official_shortlisted` and `state`, one of STATES.

    Against the official choice, an idea `came_in` or `went_out`; where no choice is possible none did.
    """
    known = official.table.set_index("proposal")
    table = outcome.table
    came, gone = table["proposal"].isin(outcome.came_in), table["proposal"].isin(outcome.went_out)
    cases = [came, table["chosen"], gone, table["shortlisted"]]
    states = np.select(cases, ["came_in", "chosen", "went_out", "shortlisted"], "out")
    return table.assign(
        official_rank=table["proposal"].map(known["rank"]).astype("Int64"),
        official_shortlisted=table["proposal"].map(known["shortlisted"]).fillna(False).astype(bool),
        state=states,
    )


def list_ideas(rows: pd.DataFrame, unit: str, wording: Wording) -> pd.DataFrame:
    """Return the described rows as the reader sees them, with the headings of `workbench.column`."""
    labelled = {name: _label_groups(rows[name], dimension, wording) for name, dimension in GROUPS.items()}
    states = {state: say(wording, f"state.{state}") for state in STATES}
    shown = {
        "rank": rows["rank"],
        "official_rank": rows["official_rank"],
        "proposal": rows["proposal"],
        "title": rows["title"],
        "municipality": rows["municipality"],
        **labelled,
        "merit": rows["merit"].astype("float64").round(4),
        "state": rows["state"].map(states),
    }
    headings = {name: say(wording, f"column.{name}") for name in shown if name != "merit"}
    return pd.DataFrame(shown).rename(columns={**headings, "merit": say(wording, f"column.merit.{unit}")})


def _label_groups(groups: pd.Series, dimension: str, wording: Wording) -> pd.Series:
    labels = {group: label_group(dimension, group, wording) for group in groups.dropna().unique()}
    return groups.map(labels)


def list_places(places: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return the municipalities with an idea shown: name, province, ideas, share, selected projects."""
    involved = places[places["proposals"].isna() | (places["proposals"] > 0)]
    ordered = involved.sort_values(["proposals", "name"], ascending=[False, True], na_position="last")
    names = ("name", "province", "proposals", "share", "chosen")
    headings = {name: say(wording, f"places.{name}") for name in names}
    return ordered[list(names)].rename(columns=headings).reset_index(drop=True)


def list_prices(outcome: Outcome, call: Call, wording: Wording) -> pd.DataFrame:
    """Return every cap and quota of the call with its price; empty where it is switched off or has none."""
    caps = {item.id for item in call.selection.caps}
    labels = {
        **{item.id: wording.label("caps", item.id) for item in call.selection.caps},
        **{item.id: wording.label("quotas", item.id) for item in call.selection.quotas},
    }
    listed = outcome.prices.set_index("constraint").reindex(list(labels)).reset_index()
    kinds = [say(wording, f"prices.kinds.{'cap' if name in caps else 'quota'}") for name in listed["constraint"]]
    off = [name not in outcome.scenario.constraints for name in listed["constraint"]]
    said = [
        f"{kind}, {say(wording, 'prices.switched_off')}" if is_off else kind
        for kind, is_off in zip(kinds, off, strict=True)
    ]
    shown = listed.assign(constraint=list(labels.values()), kind=said)
    names = ("constraint", "kind", "bound", "used", "gain", "enters", "leaves")
    gain = {"gain": say(wording, f"prices.gain.{outcome.unit}")}
    headings = {name: say(wording, f"prices.{name}") for name in names if name != "gain"}
    return shown[list(names)].rename(columns={**headings, **gain})


def list_comparison(compared: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return outcomes side by side: what is compared in the first column, then one column per scenario."""
    named = [_name_compared(kind, item, wording) for kind, item in compared.index]
    values = compared.reset_index(drop=True)
    shown = pd.DataFrame(
        {name: [_show_compared(one, wording) for one in values.iloc[:, place]] for place, name in enumerate(values)}
    )
    shown.insert(0, say(wording, "compare.item"), named, allow_duplicates=True)
    return shown


def _name_compared(kind: str, item: str, wording: Wording) -> str:
    if kind == "number":
        return say(wording, f"compare.number.{item}")
    if kind == "proposal":
        return f"{say(wording, 'column.proposal')} {item}"
    dimension = GROUPS.get(kind, kind)
    return f"{say(wording, f'column.{kind}')}: {label_group(dimension, item, wording)}"


def _show_compared(value: Any, wording: Wording) -> Any:
    if isinstance(value, bool | np.bool_):
        return say(wording, "compare.held" if value else "compare.not_held")
    return None if pd.isna(value) else round(float(value), 4)


def render_plain(table: pd.DataFrame, caption: str, wording: Wording) -> str:
    """Return a frame as a plain HTML table, numbers in the reader's notation and at the right."""
    head = "".join(f'<th scope="col">{escape(str(name))}</th>' for name in table)
    body = "".join(_render_row(row, wording) for row in table.itertuples(index=False, name=None))
    return (
        f'<div class="oproep-scroll"><table class="plain"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _render_row(row: tuple[Any, ...], wording: Wording) -> str:
    first = f'<th scope="row">{escape(show_cell(row[0], wording))}</th>'
    rest = (f"<td{_class(value)}>{escape(show_cell(value, wording))}</td>" for value in row[1:])
    return f"<tr>{first}{''.join(rest)}</tr>"


def _class(value: Any) -> str:
    return ' class="num"' if _is_number(value) else ""


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | np.number) and not isinstance(value, bool)


def show_cell(value: Any, wording: Wording) -> str:
    """Return a cell in the reader's notation; nothing where it is missing."""
    if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
        return ""
    return format_short(float(value), wording.language) if _is_number(value) else str(value)


@lru_cache(maxsize=50_000)
def format_short(value: float, language: Language) -> str:
    """Return a number with at most two decimals; remembered, as most numbers stay while a slider moves."""
    return format_number(value, language, decimals=2)


def say(wording: Wording, key: str, **facts: Any) -> str:
    """Return a text of the workbench on one line."""
    return " ".join(wording.plain(f"workbench.{key}", **facts).split())
