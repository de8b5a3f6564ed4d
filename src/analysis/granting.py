"""What each sheet of feedback may show, written for it alone: of a proposal its own rows, of a group what is released.

It is done in a process of its own, for this one reads the tables and those that make the sheets do not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from analysis.declarations import MERGED, Edition
from analysis.declared import declare_edition
from analysis.faults import Fault, InputError
from analysis.files import write_bytes
from analysis.indicators import tabulate
from analysis.provenance import MAKERS
from analysis.release import own_columns, release_own, release_tables, smallest_cell_outside
from analysis.sheetpaths import common_path, granted_path
from analysis.sheets import pack
from analysis.standing import score_criteria, spread_scores
from analysis.store import Store
from analysis.tables.cells import TOTAL
from analysis.tables.feedback import MAKER

RELEASED = ("indicators", "distribution", "category_by_kind", "chosen_groups", "municipality_reach", "spread", "chosen")
CITED = ("call.", "expectation.", "scoring.")  # how the indicators begin that the texts of sheets ask for


def grant(root: str, call: str, edition: str, kind: str) -> tuple[tuple[Fault, ...], list[str], list[str]]:
    """Write for every sheet of a kind what it may show, and what all share; return the faults, subjects and files."""
    store = Store(Path(root), call)
    try:
        subjects = _grant(store, Edition.parse(edition), kind)
    except InputError as error:
        return error.faults, [], []
    paths = [
        common_path(store.processed, edition, kind),
        *(granted_path(store.processed, edition, kind, name) for name in subjects),
    ]
    folder = store.processed / "sheets" / edition
    return (), subjects, [path.relative_to(folder).as_posix() for path in paths]


def _grant(store: Store, edition: Edition, kind: str) -> list[str]:
    tables = {name: store.read_table(name) for name in RELEASED}
    released = release_tables(tables, store.call, "applicant", edition.as_of)
    indicators = _indicators(store, edition, released)
    made = _make_own(store, edition) if kind == "proposal" else {}
    shown = {*(own_columns(store.call, edition.as_of) if kind == "proposal" else released), *made}
    own = {name: hashlib.sha256(pack({name: table}, {})).hexdigest() for name, table in made.items()}
    hashes = store.table_hashes(sorted(_with_behind(shown) - {*made})) | own
    spread = {name: table for name, table in made.items() if name == "criterion_spread"}
    _write_if_new(common_path(store.processed, edition.name, kind), pack({"indicators": indicators, **spread}, hashes))
    if kind == "proposal":
        return _grant_proposals(store, edition, made)
    return _grant_groups(store, edition, kind, released)


def _indicators(store: Store, edition: Edition, released: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the indicators that sheets may cite; without any no sentence can be written."""
    if "indicators" not in released:
        expected = "a rule that releases the table indicators to the public or to applicants"
        raise InputError([Fault(f"{store.raw / 'call.yml'}, release", "no such rule", expected)])
    of_edition = tabulate([declare_edition(edition)], MAKER, {})
    known = released["indicators"][released["indicators"]["indicator"].str.startswith(CITED)]
    return pd.concat([known, of_edition], ignore_index=True)


def _with_behind(names: Iterable[str]) -> set[str]:
    """Return these tables and those that they are made from: all that the annex of origins may name."""
    return {table for name in names for table in (name, *(MAKERS[name].tables if name in MAKERS else ()))}


def _make_own(store: Store, edition: Edition) -> dict[str, pd.DataFrame]:
    """Return the tables that the sheets alone show, where applicants may see their own scores on this day."""
    columns = own_columns(store.call, edition.as_of)
    if not {"criterion", "score"} <= set(columns.get("scores", ())):
        return {}
    means, totals = score_criteria(store.read_table("scores"), store.call), store.read_table("totals")
    spread = spread_scores(means, totals, store.call, smallest_cell_outside(store.call))
    known = spread if "total" in columns.get("totals", ()) else spread[spread["criterion"] != TOTAL]
    return {"criterion_scores": means, "criterion_spread": known}


def _grant_proposals(store: Store, edition: Edition, made: Mapping[str, pd.DataFrame]) -> list[str]:
    columns = {name: shown for name, shown in own_columns(store.call, edition.as_of).items() if name != "scores"}
    tables = {name: store.read_table(name) for name in {*columns, "proposals"}}
    if "criterion_scores" in made:
        tables["criterion_scores"] = made["criterion_scores"]
        columns["criterion_scores"] = list(made["criterion_scores"])
    subjects = [str(name) for name in tables["proposals"]["proposal"]]
    for subject in subjects:
        _write_granted(store, edition, "proposal", subject, release_own(tables, columns, subject))
    return subjects


def _grant_groups(store: Store, edition: Edition, kind: str, released: Mapping[str, pd.DataFrame]) -> list[str]:
    subjects = _find_groups(kind, released)
    places = released.get("municipality_reach")
    for subject in subjects:
        own = {name: _of_group(name, table, kind, subject, places) for name, table in released.items()}
        kept = {name: table for name, table in own.items() if table is not None}
        _write_granted(store, edition, kind, subject, kept)
    return subjects


def _find_groups(kind: str, released: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return the groups of a dimension with proposals that may be counted: a sheet of its own would tell of others."""
    if kind == "municipality":
        reach = released.get("municipality_reach")
        if reach is None or not {"nis", "proposals"} <= set(reach):
            return []
        return [str(nis) for nis in reach.loc[reach["proposals"].fillna(0) > 0, "nis"]]
    counts = released.get("distribution")
    if counts is None or "group" not in counts:
        return []
    own = counts[(counts["dimension"] == kind) & (counts["group"] != MERGED)]
    return [str(group) for group in own["group"]]


def _of_group(
    name: str, table: pd.DataFrame, kind: str, subject: str, places: pd.DataFrame | None
) -> pd.DataFrame | None:
    """Return the rows of a released table that are about a group, or None where it has nothing of it."""
    if name in ("distribution", "chosen_groups", "spread"):
        rows = table[(table["dimension"] == kind) & (table["group"] == subject)]
    elif name == "category_by_kind" and kind == "category":
        rows = table[table["category"] == subject]
    elif name == "municipality_reach" and kind == "municipality":
        rows = table[table["nis"] == subject]
    elif name == "municipality_reach" and kind == "province":
        rows = table[(table["province"] == subject) & (table["proposals"].fillna(0) > 0)]
    elif name == "chosen":
        rows = _chosen_of(table, kind, subject, places)
    else:
        return None
    return rows if len(rows) else None


def _chosen_of(chosen: pd.DataFrame, kind: str, subject: str, places: pd.DataFrame | None) -> pd.DataFrame:
    if kind == "category" and "category" in chosen:
        return chosen[chosen["category"] == subject]
    if places is None or "municipality" not in chosen or kind == "category":
        return chosen.iloc[:0]
    column = "nis" if kind == "municipality" else "province"
    return chosen[chosen["municipality"].isin(places.loc[places[column] == subject, "name"])]


def _write_granted(store: Store, edition: Edition, kind: str, subject: str, tables: Mapping[str, pd.DataFrame]) -> None:
    _write_if_new(granted_path(store.processed, edition.name, kind, subject), pack(tables, {}))


def _write_if_new(path: Path, content: bytes) -> None:
    if not path.is_file() or path.read_bytes() != content:
        write_bytes(path, content)
