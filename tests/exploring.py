"""A small call with all its tables, and what its best choice is by trying every one: for tests of the workbench."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pandas as pd

from analysis.store import Store

SCHOOLS, GRANT, CHOOSE = 2, 45_000, 4  # as the small call declares its quota, its cap and its number


def choose_by_trying(store: Store, number: int = CHOOSE, schools: int = SCHOOLS, grant: float = GRANT) -> list[str]:
    """Return the shortlisted proposals with the highest totals together, among all sets of so many that are allowed."""
    totals = store.read_table("totals")
    listed = totals[totals["shortlisted"]]
    kinds = store.read_table("profiles").set_index("proposal")["actor_kind"]
    asked = store.read_table("proposals").set_index("proposal")["requested_euro"]
    score = listed.set_index("proposal")["total"]
    allowed = (
        chosen
        for chosen in combinations(listed["proposal"], number)
        if (kinds[list(chosen)] == "school").sum() >= schools and asked[list(chosen)].sum() <= grant
    )
    return sorted(max(allowed, key=lambda chosen: score[list(chosen)].sum()))


def read_file(path: Path) -> pd.DataFrame:
    """Return a saved CSV as it stands."""
    return pd.read_csv(path, encoding="utf-8-sig")
