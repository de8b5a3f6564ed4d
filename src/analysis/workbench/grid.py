"""The table of ideas on the page: an itables table that is made once, and rows that the script of the page puts in it.

itables' own widget needs a package that is not there, and its HTML anew at every move of a slider would lose the
reader's order and search and take too long; so the table stays, and only its rows change.
"""

from __future__ import annotations

import json
import warnings
from html import escape
from typing import Any

import pandas as pd
from itables import options
from itables.javascript import generate_init_offline_itables_html, to_html_datatable

from analysis.wording import Wording
from analysis.workbench.listing import say, show_cell

HIDDEN = ("kind", "province", "scale")  # not shown for want of room, but searched
ROWS = 25
LENGTHS = (10, 25, 50, 100)


def load_bundle() -> str:
    """Return the HTML that gives a page the bundle of itables; nothing of it comes from elsewhere."""
    return generate_init_offline_itables_html(options.dt_bundle)


def make_grid(ideas: pd.DataFrame, table_id: str, wording: Wording) -> str:
    """Return the HTML of the table with these ideas (`listing.list_ideas`).

    Numbers stand in it in the reader's notation; a hidden column of whole numbers, which itables leaves as they are,
    orders each.
    """
    numeric = _find_numeric(ideas)
    hidden = [list(ideas).index(say(wording, f"column.{name}")) for name in HIDDEN]
    first = ideas.shape[1]
    definitions: list[dict[str, Any]] = [
        {"targets": [place], "orderData": [first + number], "className": "dt-right"}
        for number, place in enumerate(numeric)
    ]
    unseen = list(range(first, first + len(numeric)))
    definitions += [
        {"targets": hidden, "visible": False},
        {"targets": unseen, "visible": False, "searchable": False},
    ]
    with warnings.catch_warnings():  # itables knows fewer of the words of a table than DataTables asks for
        warnings.simplefilter("ignore", SyntaxWarning)
        return _render(_arrange(ideas, wording), table_id, definitions, wording)


def _render(rows: pd.DataFrame, table_id: str, definitions: list[dict[str, Any]], wording: Wording) -> str:
    return to_html_datatable(
        rows,
        connected=False,
        table_id=table_id,
        showIndex=False,
        caption=say(wording, "table.caption"),
        allow_html=False,
        display_logo_when_loading=False,
        maxBytes=0,
        classes="display compact",
        style={"width": "100%", "table-layout": "auto", "caption-side": "top"},
        columnDefs=definitions,
        autoWidth=False,
        text_in_header_can_be_selected=False,  # so that all of a head sorts, not its arrow alone
        pageLength=ROWS,
        lengthMenu=list(LENGTHS),
        layout={"topStart": "pageLength", "topEnd": "search", "bottomStart": "info", "bottomEnd": "paging"},
        language=_language(wording),
    )


def feed_rows(ideas: pd.DataFrame, table_id: str, wording: Wording) -> str:
    """Return the markup with the rows that the script of the page puts into the table; texts are escaped as in it."""
    rows = [
        [escape(value) if isinstance(value, str) else value for value in row]
        for row in _arrange(ideas, wording).itertuples(index=False, name=None)
    ]
    return f'<div data-table="{table_id}" data-rows="{escape(json.dumps(rows), quote=True)}"></div>'


def _arrange(ideas: pd.DataFrame, wording: Wording) -> pd.DataFrame:
    """Return the ideas as texts, followed by the place of each number among all; what is missing comes last."""
    numeric = _find_numeric(ideas)
    texts = {name: [show_cell(value, wording) for value in ideas[name]] for name in ideas}
    orders = {
        f"order-{number}": ideas.iloc[:, place].rank(method="dense", na_option="bottom").astype("int64").tolist()
        for number, place in enumerate(numeric)
    }
    return pd.DataFrame({**texts, **orders})


def _find_numeric(ideas: pd.DataFrame) -> list[int]:
    return [place for place, kind in enumerate(ideas.dtypes) if pd.api.types.is_numeric_dtype(kind)]


def _language(wording: Wording) -> dict[str, Any]:
    """Return what the table says, for DataTables."""
    return {
        "search": say(wording, "table.search"),
        "lengthMenu": say(wording, "table.length"),
        "info": say(wording, "table.info"),
        "infoEmpty": say(wording, "table.empty"),
        "infoFiltered": say(wording, "table.filtered"),
        "emptyTable": say(wording, "table.empty"),
        "zeroRecords": say(wording, "table.nothing"),
        "aria": {
            "orderable": say(wording, "table.sort"),
            "orderableReverse": say(wording, "table.sort"),
            "orderableRemove": say(wording, "table.sort"),
            "paginate": {name: say(wording, f"table.{name}") for name in ("first", "last", "next", "previous")},
        },
    }
