"""What becomes of the proposals that were not chosen: a path for each, and groups around the pilots most like them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from analysis.assignment import Groups, fill_groups
from analysis.call import Call
from analysis.faults import Fault, refuse
from analysis.indicators import Indicator, Recorder

COLUMNS = ["proposal", "title", "category", "path", "pilot", "similarity", "theme", "manual", "reason"]
THEMES: Mapping[str, str] = {"immature": "categories", "umbrella": "umbrella_fields"}  # per rule, a section of the call


def propose_paths(
    proposals: pd.DataFrame, chosen: pd.DataFrame, similarity: pd.DataFrame, choices: pd.DataFrame, call: Call
) -> pd.DataFrame:
    """Return the path of every proposal that was not chosen (see the contract `follow_up`).

    `similarity` is that of `similarity.measure_similarity`. A choice by hand (the delivered table `follow_up_choice`)
    comes before the rules. Of these the first that a proposal meets decides, in the order umbrella, similar, immature,
    other; a rule that the call has no path for is passed over. A call without paths gives an empty table, and so does
    one of which it is not known what was chosen. Raises InputError where a choice by hand contradicts what was chosen
    or what its path is.
    """
    if chosen.empty:
        return pd.DataFrame(columns=COLUMNS)
    refuse(_unfit_choices(choices, chosen, call))
    if not call.paths:
        return pd.DataFrame(columns=COLUMNS)
    left = proposals[~proposals["proposal"].isin(chosen["proposal"])].set_index("proposal")
    by_hand = choices.set_index("proposal").reindex(left.index)
    field = left["umbrella"].mask(left["umbrella"] == "none")
    free = by_hand["path"].isna() & (field.isna() if _find_path(call, "umbrella") else True)
    pilot = by_hand["pilot"].fillna(_form_groups(similarity[free.reindex(similarity.index)], choices, call))
    path = by_hand["path"].fillna(_apply_rules(left, field, pilot, call))
    theme = left["category"].where(path == _find_path(call, "immature"))
    table = left.assign(
        path=path,
        pilot=pilot,
        similarity=_read_similarity(similarity, pilot),
        theme=theme.mask(path == _find_path(call, "umbrella"), field),
        manual=by_hand["path"].notna(),
        reason=by_hand["reason"],
    )
    return table.reset_index()[COLUMNS]


def count_paths(follow_up: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return the number of proposals per path, in the order of the call; empty where none needs a path."""
    if follow_up.empty:
        return pd.DataFrame(columns=["path", "proposals"])
    paths = list(call.ids("paths"))
    counted = follow_up["path"].value_counts().reindex(paths, fill_value=0)
    return pd.DataFrame({"path": paths, "proposals": counted.to_numpy()})


def count_themes(follow_up: pd.DataFrame, call: Call) -> pd.DataFrame:
    """Return the number of proposals per theme of each path that has themes, zeros included, in the order of the call.

    The themes of what is immature are the categories, those of what suits another field better these fields.
    """
    rows = []
    for path in call.paths if len(follow_up) else ():
        taken = follow_up.loc[follow_up["path"] == path.id, "theme"].value_counts()
        themes = call.ids(THEMES[path.rule]) if path.rule in THEMES else ()
        rows += [(path.id, theme, int(taken.get(theme, 0))) for theme in themes]
    return pd.DataFrame(rows, columns=["path", "theme", "proposals"])


def indicators(follow_up: pd.DataFrame, sizes: pd.DataFrame, themes: pd.DataFrame, call: Call) -> Iterator[Indicator]:
    """Yield how many proposals each path and theme takes, and how large and how alike the groups around pilots are."""
    record = Recorder(propose_paths, "proposals", "profiles", "chosen", "follow_up_choice")
    if sizes.empty:
        return
    yield record.one("evaluation.paths", len(sizes), "count")
    yield from record.each("evaluation.path", dict(zip(sizes["path"], sizes["proposals"], strict=True)), "count")
    yield record.one("follow_up.manual", int(follow_up["manual"].sum()), "count")
    members = follow_up[follow_up["pilot"].notna()]
    if _find_path(call, "similar"):
        yield from Recorder(propose_paths).each("follow_up.similarity.scale", {"low": 0, "high": 1}, "ratio")
        yield record.one("follow_up.groups", int(members["pilot"].nunique()), "count")
        yield record.one("follow_up.without_place", _count_without_place(follow_up, call), "count")
    if len(members):
        yield record.one("follow_up.mean_similarity", float(members["similarity"].mean()), "ratio")
    counted = {f"{row.path}.{row.theme}": row.proposals for row in themes.itertuples()}
    yield from Recorder(count_themes, "follow_up").each("follow_up.theme", counted, "count")


def _find_path(call: Call, rule: str) -> str | None:
    return next((path.id for path in call.paths if path.rule == rule), None)


def _apply_rules(left: pd.DataFrame, field: pd.Series, pilot: pd.Series, call: Call) -> pd.Series:
    """Return the path of the first rule that each proposal meets; the weakest rule comes first and is overridden."""
    met = {
        "other": pd.Series(True, index=left.index),
        "immature": left["maturity_end"].notna() & (left["maturity_end"] != "prototype"),
        "similar": pilot.notna(),
        "umbrella": field.notna(),
    }
    path = pd.Series(pd.NA, index=left.index, dtype="str")
    for rule, meets in met.items():
        name = _find_path(call, rule)
        path = path.mask(meets, name) if name else path
    return path


def _form_groups(similarity: pd.DataFrame, choices: pd.DataFrame, call: Call) -> pd.Series:
    """Return the pilot of each proposal that the rules give a place in a group, by the highest total similarity.

    Members by hand take up places; a group that has one exists, however few it has.
    """
    path = next((path for path in call.paths if path.rule == "similar"), None)
    if path is None or path.floor is None or path.fewest is None or path.most is None:
        return pd.Series(dtype="str")
    by_hand = choices["pilot"].value_counts().reindex(similarity.columns, fill_value=0).to_numpy("int64")
    sizes = Groups(np.where(by_hand, 0, path.fewest), np.maximum(path.most - by_hand, 0))
    worth = similarity.where(similarity >= path.floor, 0).to_numpy("float64")
    group = fill_groups(worth, sizes, call.selection.seed)
    placed = np.nonzero(group >= 0)[0]
    return pd.Series(similarity.columns[group[placed]], index=similarity.index[placed], dtype="str")


def _read_similarity(similarity: pd.DataFrame, pilot: pd.Series) -> pd.Series:
    """Return how like its pilot each proposal is; one without a pilot, how like the pilot most like it."""
    ordered = similarity.reindex(pilot.index)
    of_pilot = [ordered.at[name, one] if pd.notna(one) else np.nan for name, one in pilot.items()]
    return pd.Series(of_pilot, index=pilot.index, dtype="float64").fillna(ordered.max(axis=1))


def _count_without_place(follow_up: pd.DataFrame, call: Call) -> int:
    """Count the proposals that are like a pilot and meet no stronger rule, yet have no place in a group."""
    floor = next(path.floor for path in call.paths if path.rule == "similar")
    weaker = {_find_path(call, "immature"), _find_path(call, "other")}
    return int((follow_up["path"].isin(weaker) & ~follow_up["manual"] & (follow_up["similarity"] >= floor)).sum())


def _unfit_choices(choices: pd.DataFrame, chosen: pd.DataFrame, call: Call) -> Iterator[Fault]:
    """Yield the choices by hand that contradict what was chosen or what their path is; the ingest checks the rest."""
    groups, pilots = next((path for path in call.paths if path.rule == "similar"), None), set(chosen["proposal"])
    for row in choices.itertuples():
        place = f"follow_up_choice.csv, proposal {row.proposal}, column"
        if row.proposal in pilots:
            yield Fault(f"{place} proposal", "a chosen proposal", "one that was not chosen")
        if pd.notna(row.pilot) and row.pilot not in pilots:
            yield Fault(f"{place} pilot", repr(row.pilot), "a chosen proposal")
        if groups and row.path == groups.id and pd.isna(row.pilot):
            yield Fault(
                f"{place} pilot", "nothing", f"a chosen proposal, for the path {row.path} is a group around one"
            )
        if pd.notna(row.pilot) and not (groups and row.path == groups.id):
            yield Fault(f"{place} pilot", repr(row.pilot), f"nothing, for {row.path} forms no group around one")
