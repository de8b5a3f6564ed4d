"""A call in which expected ranks decide, and a lottery where they leave places open: what the answer says of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from running import compose_edition, read_answer, run_steps
from test_traceability import annex_faults, figure_faults, mark_faults, show, word_faults

from analysis.store import Store

CALL = "green-streets-2024"
DAY = "2024-04-01"
OPEN, FULL = "8", "6"  # shortlists of which the last place is open, and of which the scores fill every place


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, make_project: Callable[[Path], Path]) -> dict[str, Store]:
    found = {}
    for size in (OPEN, FULL):
        root = make_project(tmp_path_factory.mktemp("ranked"))
        path = root / "data" / "raw" / CALL / "call.yml"
        text = path.read_text(encoding="utf-8").replace("  shortlist: 6\n", f"  shortlist: {size}\n")
        declared = "  ranked_by: expected_ranks\n  lottery: true\n  tie_rule: report\n"
        path.write_text(text.replace("  tie_rule: criterion:benefit\n", declared), encoding="utf-8")
        found[size] = run_steps(root, CALL, "en")
    return found


def value(store: Store, name: str) -> float:
    table = store.read_table("indicators").set_index("indicator")
    return float(table.at[name, "value"])


def unit(store: Store, name: str) -> str:
    return str(store.read_table("indicators").set_index("indicator").at[name, "unit"])


def words(store: Store, language: str = "en", audience: str = "internal") -> str:
    said = read_answer(compose_edition(store, DAY, audience, language))
    return said.replace(" ,", ",").replace(" .", ".").replace(" :", ":").replace(" )", ")").replace("( ", "(")


def test_places_drawn_by_lot_are_not_said_to_follow_from_the_scores(stores: dict[str, Store]) -> None:
    accepted, drawn = (value(stores[OPEN], f"expectation.{name}") for name in ("accepted", "drawn"))
    assert (accepted, drawn) == (7, 1)
    said, dutch = words(stores[OPEN]), words(stores[OPEN], "nl")
    assert (
        "The shortlist has eight places. For seven ideas their place clearly follows from the scores. One place was drawn by "
        "lot among the two ideas on which the scores do not decide." in said
    )
    assert (
        "Op de shortlist zijn acht plaatsen. Voor zeven ideeën volgt die plaats duidelijk uit de scores. Eén plaats is "
        "verloot onder de twee ideeën waarover de scores geen uitsluitsel geven." in dutch
    )
    assert "decides who is on the shortlist, and a lottery where the scores do not." in said
    assert "bepaalt de verwachte rang de shortlist, en een loting waar de scores geen uitsluitsel geven." in dutch
    for false in (
        "make up the shortlist",
        "would give the same shortlist",
        "as easy to defend",
        "the best expected rank.",
    ):
        assert false not in said
    assert "There the rule decides that was laid down beforehand: the lottery." in said
    assert "Daar geeft de vooraf vastgelegde regel de doorslag: de loting." in dutch


def test_a_lottery_that_was_not_needed_is_not_said_to_have_been_held(stores: dict[str, Store]) -> None:
    assert value(stores[FULL], "expectation.drawn") == 0
    said, dutch = words(stores[FULL]), words(stores[FULL], "nl")
    assert "The six ideas with the best expected rank make up the shortlist." in said
    assert "De zes ideeën met de beste verwachte rang vormen de shortlist." in dutch
    assert "The total would give the same shortlist." in said
    assert "by lot" not in said
    assert "verloot" not in dutch


@pytest.mark.parametrize("size", [OPEN, FULL])
def test_the_lowest_total_is_not_said_to_decide(size: str, stores: dict[str, Store]) -> None:
    assert "The lowest total on the shortlist is" not in words(stores[size])
    assert "Het laagste totaal op de shortlist is" not in words(stores[size], "nl")


def test_sums_of_expected_ranks_are_told_in_places_and_the_lower_is_the_better(stores: dict[str, Store]) -> None:
    store = stores[FULL]
    price, ranks = (
        value(store, "selection.cost_of_balance"),
        store.read_table("expected_ranks").set_index("proposal")["er"],
    )
    chosen = store.read_table("chosen")["proposal"]
    assert price == pytest.approx(ranks[chosen].sum() - ranks.nsmallest(len(chosen)).sum())
    said, dutch = words(store), words(store, "nl")
    assert f"Without conditions the sum of expected ranks would be {price:.2f} places lower." in said
    shown = f"{price:.2f}".replace(".", ",")
    assert f"Zonder voorwaarden zou de som van de verwachte rangen {shown} plaatsen lager liggen." in dutch
    assert "this one has the lowest sum of expected ranks (the lower, the better)." in said
    nearest = value(store, "selection.alternatives.nearest")
    assert f"has a sum of expected ranks that is {nearest:.2f} places higher." in said
    for heading in ("Gain in places without this condition", "Places behind the computed choice"):
        assert heading in said
    for heading in ("Winst in plaatsen zonder deze voorwaarde", "Plaatsen achter de berekende keuze"):
        assert heading in dutch
    assert "points lower" not in said
    assert {unit(store, f"selection.{name}") for name in ("cost_of_balance", "alternatives.nearest", "merit")} == {
        "places"
    }


def test_each_idea_left_out_is_told_what_decided(stores: dict[str, Store]) -> None:
    drawn = stores[OPEN].read_table("lottery").set_index("proposal")["drawn"]
    (lost,), said = drawn.index[~drawn], words(stores[OPEN])
    assert f"{lost} The scores did not decide whether the idea belongs on the shortlist." in said
    outside = stores[OPEN].read_table("reasons").query("reason == 'shortlist'")
    clear = outside[outside["proposal"] != lost]
    assert len(clear) == 3
    for row in clear.itertuples():
        assert (
            f"{row.proposal} It clearly follows from the scores that the idea does not belong on the shortlist" in said
        )
    full = stores[FULL].read_table("reasons").query("reason == 'shortlist'")
    for row in full.itertuples():
        assert f"it was {row.lacking:.1f} places short of the shortlist" in words(stores[FULL]), row.proposal


@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("size", [OPEN, FULL])
def test_every_number_of_it_is_traceable(size: str, language: str, stores: dict[str, Store]) -> None:
    page: Any = show(compose_edition(stores[size], DAY, "internal", language))
    assert [check(page) for check in (mark_faults, word_faults, figure_faults, annex_faults)] == [[], [], [], []]
