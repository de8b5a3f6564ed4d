"""The lottery: anyone with the seed and the ids draws the same, and nothing else plays a part."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from builders import QUICK, keep_contract
from hypothesis import given
from hypothesis import strategies as st

from analysis.lottery import draw_lots, draw_ticket

IDS = st.sets(st.text("ABCéß0 -", min_size=1, max_size=4), max_size=9)


@pytest.mark.parametrize(
    ("seed", "proposal", "ticket"),
    [  # as printed by: printf '%s' 'SEED:PROPOSAL' | sha256sum
        (7, "P1", "9a883876a906ee7b2f7dba7fa83863aadd7faf7b740729e6774353199e05d417"),
        (0, "Zoë", "8495899423dae0738efc35daeda0037f088d67f3c8f5d946e0272198f73ac391"),
    ],
)
def test_a_ticket_is_what_sha256sum_prints_for_seed_and_id(seed: int, proposal: str, ticket: str) -> None:
    assert draw_ticket(seed, proposal) == ticket


@QUICK
@given(IDS, st.integers(0, 9), st.integers(0, 10**9))
def test_the_lowest_tickets_win_the_places(proposals: set[str], places: int, seed: int) -> None:
    tickets = {one: hashlib.sha256(str(seed).encode() + b":" + one.encode("utf-8")).hexdigest() for one in proposals}
    draw = draw_lots(proposals, places, seed)
    assert dict(zip(draw["proposal"], draw["ticket"], strict=True)) == tickets
    for row in draw.itertuples():
        lower = sum(int(other, 16) < int(tickets[row.proposal], 16) for other in tickets.values())
        assert row.place == lower + 1
        assert row.drawn == (lower < places)
    assert draw["drawn"].sum() == min(places, len(proposals))
    assert draw["place"].is_monotonic_increasing


@QUICK
@given(IDS, st.randoms(use_true_random=False))
def test_the_order_of_proposals_and_their_repetition_never_matter(proposals: set[str], random: Any) -> None:
    shuffled = random.sample(sorted(proposals), len(proposals))
    draws = [draw_lots(given_order, 2, 5) for given_order in (sorted(proposals), shuffled, [*shuffled, *shuffled[:1]])]
    assert draws[0].equals(draws[1])
    assert draws[0].equals(draws[2])


@QUICK
@given(IDS.filter(lambda proposals: len(proposals) > 1), st.integers(0, 99))
def test_one_that_withdraws_changes_the_order_of_no_other(proposals: set[str], seed: int) -> None:
    gone = min(proposals)
    before = [one for one in draw_lots(proposals, 1, seed)["proposal"] if one != gone]
    assert before == list(draw_lots(proposals - {gone}, 1, seed)["proposal"])


def test_another_seed_is_another_draw_and_each_has_an_equal_chance() -> None:
    winners = [
        frozenset(draw.loc[draw["drawn"], "proposal"]) for draw in (draw_lots("ABCDE", 2, s) for s in range(500))
    ]
    assert len(set(winners)) == 10  # every pair of five
    for one in "ABCDE":
        assert 160 < sum(one in pair for pair in winners) < 240  # two in five: 200, deviation 11


def test_a_draw_keeps_its_contract_also_where_there_is_nothing_to_draw() -> None:
    assert keep_contract("lottery", draw_lots(["P2", "P1"], 1, 3))["drawn"].sum() == 1
    assert len(keep_contract("lottery", draw_lots([], 2, 3))) == 0
    assert not draw_lots(["P1"], 0, 3)["drawn"].any()
