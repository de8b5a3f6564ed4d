"""Counts too small to show: by trying every table there is, no reader can work one out from what is shown."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator

import numpy as np
import pandas as pd
import pytest
from builders import unchanged

from analysis.coarsening import choose_crossed, choose_merged, find_merged, find_small, is_fixed, leave_out, merge_rows
from analysis.contracts import Cells
from analysis.declarations import MERGED

GROUPS = "abcdef"
PARTITION = Cells("group")
Shown = tuple[tuple[str, int], ...]


def table_of(counts: tuple[int, ...]) -> pd.DataFrame:
    return pd.DataFrame({"group": list(GROUPS[: len(counts)]), "proposals": pd.array(counts, "Int64")})


def coarsen(counts: tuple[int, ...], smallest: int) -> Shown:
    table = table_of(counts)
    shown = merge_rows(table, PARTITION, find_merged(table, PARTITION, smallest), smallest)
    return tuple(zip(shown["group"], shown["proposals"].astype(int), strict=True))


@pytest.mark.parametrize("smallest", [2, 3, 4])
@pytest.mark.parametrize("groups", [2, 3, 4])
def test_no_small_count_follows_from_what_is_shown_the_total_and_the_code(groups: int, smallest: int):
    """Of all tables that come out the same, with the same total, at least two differ in every small count."""
    origins = defaultdict(list)
    for counts in itertools.product(range(7), repeat=groups):
        merged = choose_merged(np.array(counts), smallest)
        shown = tuple(None if hidden else count for count, hidden in zip(counts, merged, strict=True))
        origins[shown, sum(counts)].append(counts)
    assert any(None in shown for shown, _ in origins)  # something was merged at all
    for (shown, _), tables in origins.items():
        for place in range(groups):
            told = {counts[place] for counts in tables}
            assert len(told) > 1 or not 0 < next(iter(told)) < smallest, (shown, tables)


@pytest.mark.parametrize("smallest", [2, 3, 5])
def test_what_is_shown_is_nothing_or_enough_and_adds_up_to_the_total(smallest: int):
    random = np.random.default_rng(smallest)
    for _ in range(300):
        counts = tuple(int(n) for n in random.poisson(random.choice([0.7, 2, 6]), random.integers(2, 7)))
        shown = dict(coarsen(counts, smallest))
        assert all(number == 0 or number >= smallest for number in shown.values()), (counts, shown)
        assert sum(shown.values()) == (sum(counts) if shown else 0)
        merged = [count for group, count in zip(GROUPS, counts, strict=False) if group not in shown]
        assert MERGED not in shown or (len(merged) > 1 and sum(merged) == shown[MERGED])
        assert shown or sum(counts) < smallest  # only what is too small as a whole is not shown at all


def test_counts_large_enough_stay_as_they_are_and_so_does_nothing_beside_them() -> None:
    assert coarsen((4, 0, 3), 3) == (("a", 4), ("b", 0), ("c", 3))


def test_groups_without_proposals_are_merged_too_where_a_small_one_is() -> None:
    assert coarsen((9, 2, 0, 1), 3) == (("a", 9), (MERGED, 3))


def test_one_small_group_takes_the_next_larger_with_it_and_all_that_tie_with_that() -> None:
    assert coarsen((9, 2, 5), 3) == (("a", 9), (MERGED, 7))
    assert coarsen((9, 2, 5, 5), 3) == (("a", 9), (MERGED, 12))


def test_each_partition_is_coarsened_apart_and_other_sums_are_kept() -> None:
    cells = Cells("group", ("part",), sums=("share",), quotients={"ratio": ("proposals", "share")})
    table = pd.DataFrame(
        {
            "part": ["x"] * 3 + ["y"] * 2,
            "group": list("abcab"),
            "proposals": pd.array([1, 2, 7, 4, 6], "Int64"),
            "share": [0.1, 0.2, 0.7, 0.4, 0.6],
            "ratio": [10.0] * 5,
            "low": [0.0] * 5,
        }
    )
    merged = find_merged(table, cells, 3)
    with unchanged(table):
        shown = merge_rows(table, cells, merged, 3)
    assert shown[["part", "group", "proposals"]].to_numpy().tolist() == [
        ["x", "c", 7], ["x", MERGED, 3], ["y", "a", 4], ["y", "b", 6],
    ]  # fmt: skip
    assert shown["share"].tolist() == pytest.approx([0.7, 0.3, 0.4, 0.6])
    assert shown["ratio"].tolist() == pytest.approx([10] * 4)
    assert shown["low"].isna().tolist() == [False, True, False, False]  # an interval does not add up
    assert list(shown.dtypes) == list(table.dtypes)


def test_a_partition_too_small_as_a_whole_is_left_out() -> None:
    assert coarsen((1, 1), 3) == ()
    assert coarsen((1,), 2) == ()


def fill_in(counts: np.ndarray, merged: np.ndarray) -> Iterator[dict[tuple[int, int], int]]:
    """Yield every way to fill the merged cells that keeps the sums of rows and columns."""
    cells = [(int(row), int(column)) for row, column in np.argwhere(merged)]
    rows, columns = (counts * merged).sum(axis=1).tolist(), (counts * merged).sum(axis=0).tolist()

    def go_on(place: int, filled: dict[tuple[int, int], int]) -> Iterator[dict[tuple[int, int], int]]:
        if place == len(cells):
            if not any(rows) and not any(columns):
                yield dict(filled)
            return
        row, column = cells[place]
        for number in range(min(rows[row], columns[column]) + 1):
            rows[row] -= number
            columns[column] -= number
            yield from go_on(place + 1, {**filled, cells[place]: number})
            rows[row] += number
            columns[column] += number

    yield from go_on(0, {})


@pytest.mark.parametrize("smallest", [2, 3])
def test_no_small_cell_of_two_dimensions_follows_from_the_others_and_all_margins(smallest: int):
    random = np.random.default_rng(smallest)
    shown_some = 0
    for _ in range(80):
        counts = random.poisson(random.choice([1.5, 3]), (3, 3)).astype("int64")
        merged = choose_crossed(counts, smallest)
        assert not (find_small(counts, smallest) & ~merged).any()
        shown_some += bool(merged.any() and not merged.all())
        ways = list(fill_in(counts, merged))
        for row, column in np.argwhere(merged):
            told = {way[row, column] for way in ways}
            assert (len(told) == 1) == is_fixed(counts, merged, row, column)
            # where all is merged the margins alone fix a cell, and nothing more can be hidden here
            assert len(told) > 1 or merged.all() or not 0 < counts[row, column] < smallest
    assert shown_some > 20


def test_a_merged_cell_that_rows_and_columns_together_fix_takes_another_with_it() -> None:
    counts = np.array([[1, 2, 9, 9], [9, 9, 1, 2], [9, 9, 9, 9], [9, 9, 9, 8]], dtype="int64")
    alone = choose_merged(counts[0], 3)
    assert alone.tolist() == [True, True, False, False]  # row by row that is enough; the columns give all four away
    merged = choose_crossed(counts, 3)
    assert not any(is_fixed(counts, merged, row, column) for row, column in np.argwhere(find_small(counts, 3)))


def test_of_overlapping_groups_small_counts_are_left_out_and_what_gives_them_away() -> None:
    cells = Cells("nis", sums=("share",), overlapping=True, limit="fewer_than", unsafe=("led",))
    table = pd.DataFrame(
        {"nis": list("abc"), "proposals": pd.array([0, 2, 3], "Int64"), "led": [0, 1, 1], "share": [0.0, 0.2, 0.3]}
    )
    assert not find_merged(table, cells, 3).any()
    shown = leave_out(table, cells, 3)
    assert list(shown) == ["nis", "proposals", "share", "fewer_than"]
    assert shown["proposals"].fillna(-1).tolist() == [0, -1, 3]
    assert shown["share"].isna().tolist() == [False, True, False]
    assert shown["fewer_than"].fillna(-1).tolist() == [-1, 3, -1]


def test_below_two_there_is_only_one_so_that_none_is_left_out_with_it() -> None:
    cells = Cells("nis", overlapping=True, limit="fewer_than")
    table = pd.DataFrame({"nis": list("abc"), "proposals": pd.array([0, 1, 2], "Int64")})
    assert leave_out(table, cells, 2)["proposals"].isna().tolist() == [True, True, False]
