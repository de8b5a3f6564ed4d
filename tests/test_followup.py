"""What becomes of what was not chosen: groups against all there could be, themes, choices by hand, and what is said."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from builders import declared_values, keep_contract, make_table, named, small_call, unchanged
from pydantic import ValidationError

from analysis import followup
from analysis.call import Call
from analysis.declarations import Edition, FollowUp, Language
from analysis.ingest import read_tables
from analysis.material import Material
from analysis.prospects import write_paths
from analysis.store import Store
from analysis.wording import Wording

RULES = ("umbrella", "similar", "immature", "other")
NOBODY = make_table("follow_up_choice")


def call_with(*rules: str, floor: float = 0.5, fewest: int = 1, most: int = 9) -> Call:
    bounds = {"floor": floor, "fewest": fewest, "most": most}
    paths = [named(f"by-{rule}", f"pad {rule}", f"path {rule}", rule=rule, description={"en": rule}) for rule in rules]
    return small_call(paths=[{**path, **(bounds if path["rule"] == "similar" else {})} for path in paths])


CALL = call_with(*RULES)
IDEAS = make_table(
    "proposals",
    {"proposal": "U", "category": "arts", "umbrella": "heritage"},
    {"proposal": "S", "category": "media", "umbrella": "none"},
    {"proposal": "I", "category": "talent", "maturity_end": "plan"},
    {"proposal": "O", "category": "arts", "maturity_end": "prototype"},
    {"proposal": "C"},
    {"proposal": "D"},
    call=CALL,
)
CHOSEN = make_table("chosen", {"proposal": "C"}, {"proposal": "D"})
SIMILAR = pd.DataFrame({"C": [0.1, 0.2, 0.3, 0.9], "D": [0.4, 0.6, 0.8, 0.2]}, index=["I", "O", "S", "U"])


def propose(call: Call = CALL, *by_hand: dict[str, Any], similar: pd.DataFrame = SIMILAR) -> pd.DataFrame:
    choices = make_table("follow_up_choice", *by_hand, call=call)
    with unchanged(IDEAS, CHOSEN, similar, choices):
        return keep_contract("follow_up", followup.propose_paths(IDEAS, CHOSEN, similar, choices, call), call)


def test_every_idea_that_was_not_chosen_has_one_path_with_what_it_rests_on() -> None:
    rows = propose().astype(object).where(lambda cells: cells.notna(), None)
    columns = ["proposal", "path", "pilot", "similarity", "theme", "manual", "reason"]
    assert rows[columns].to_numpy().tolist() == [
        ["U", "by-umbrella", None, 0.9, "heritage", False, None],
        ["S", "by-similar", "D", 0.8, None, False, None],
        ["I", "by-immature", None, 0.4, "talent", False, None],
        ["O", "by-similar", "D", 0.6, None, False, None],
    ]


@pytest.mark.parametrize("order", [RULES, RULES[::-1]])
def test_the_order_of_the_paths_in_the_file_does_not_matter(order: tuple[str, ...]) -> None:
    expected = {"U": "by-umbrella", "S": "by-similar", "I": "by-immature", "O": "by-similar"}
    follow_up = propose(call_with(*order))
    assert dict(zip(follow_up["proposal"], follow_up["path"], strict=True)) == expected


def test_a_rule_that_the_call_has_no_path_for_is_passed_over() -> None:
    follow_up = propose(call_with("other", "immature"))
    assert follow_up["path"].tolist() == ["by-other", "by-other", "by-immature", "by-other"]
    assert follow_up["theme"].fillna("-").tolist() == ["-", "-", "talent", "-"]
    assert follow_up["pilot"].isna().all()


def test_a_choice_by_hand_is_marked_and_keeps_its_reason_and_themes() -> None:
    follow_up = propose(
        CALL,
        {"proposal": "S", "path": "by-immature", "reason": "Asked for training"},
        {"proposal": "U", "path": "by-similar", "pilot": "D", "reason": "Neighbours"},
        {"proposal": "O", "path": "by-umbrella", "reason": "Heritage took it over"},
    ).set_index("proposal")
    assert follow_up["manual"].to_dict() == {"U": True, "S": True, "I": False, "O": True}
    assert follow_up.loc["U", ["path", "pilot", "similarity", "reason"]].tolist() == [
        "by-similar",
        "D",
        0.2,
        "Neighbours",
    ]
    assert follow_up["theme"].fillna("-").to_dict() == {"U": "-", "S": "media", "I": "talent", "O": "-"}


@pytest.mark.parametrize("seed", range(25))
def test_groups_have_the_highest_total_similarity_of_all_that_their_sizes_allow(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rows, fewest = int(rng.integers(2, 6)), int(rng.integers(1, 4))
    call = call_with("similar", "other", floor=0.3, fewest=fewest, most=fewest + int(rng.integers(0, 2)))
    names, pilots = [f"I{place}" for place in range(rows)], ["C", "D", "E"]
    similar = pd.DataFrame(rng.choice([0.1, 0.3, 0.4, 0.7, 0.71], (rows, 3)), index=names, columns=pilots)
    proposals = make_table("proposals", *({"proposal": name} for name in [*names, *pilots]), call=call)
    chosen = make_table("chosen", *({"proposal": name} for name in pilots), call=call)
    found = followup.propose_paths(proposals, chosen, similar, NOBODY, call)
    placed = found.dropna(subset="pilot")
    assert (placed["similarity"] >= 0.3).all()
    assert placed["similarity"].sum() == pytest.approx(highest_total(similar, fewest, call.paths[0]))
    assert set(placed["pilot"].value_counts()) <= set(range(fewest, (call.paths[0].most or 0) + 1))


def highest_total(similar: pd.DataFrame, fewest: int, path: FollowUp) -> float:
    """Return the highest total of all ways to place ideas around pilots, each group of an allowed size or absent."""
    totals = []
    for pilots in product([None, *similar.columns], repeat=len(similar)):
        worths = [similar.at[name, pilot] for name, pilot in zip(similar.index, pilots, strict=True) if pilot]
        sizes = [pilots.count(pilot) for pilot in similar.columns]
        fits = all(size == 0 or fewest <= size <= (path.most or 0) for size in sizes)
        if fits and all(worth >= (path.floor or 0) for worth in worths):
            totals.append(sum(worths))
    return max(totals)


def test_the_order_of_the_ideas_settles_no_tie() -> None:
    call = call_with("similar", "other", fewest=1, most=2)
    names, pilots = [f"I{place}" for place in range(8)], ["C", "D"]
    similar = pd.DataFrame(0.5, index=names, columns=pilots)
    proposals = make_table("proposals", *({"proposal": name} for name in [*names, *pilots]), call=call)
    chosen = make_table("chosen", *({"proposal": name} for name in pilots), call=call)
    one = followup.propose_paths(proposals, chosen, similar, NOBODY, call).set_index("proposal")["pilot"]
    other = followup.propose_paths(proposals[::-1], chosen[::-1], similar, NOBODY, call).set_index("proposal")["pilot"]
    assert one.notna().sum() == 4
    pd.testing.assert_series_equal(one.sort_index(), other.sort_index())


def test_paths_and_themes_are_counted_in_the_order_of_the_call_with_zeros() -> None:
    call = call_with("other", "umbrella", "immature", "similar")
    follow_up = propose(call)
    sizes = keep_contract("path_sizes", followup.count_paths(follow_up, call), call)
    themes = keep_contract("path_themes", followup.count_themes(follow_up, call), call)
    assert sizes.to_numpy().tolist() == [["by-other", 0], ["by-umbrella", 1], ["by-immature", 1], ["by-similar", 2]]
    assert themes.to_numpy().tolist() == [
        ["by-umbrella", "heritage", 1],
        ["by-immature", "arts", 0],
        ["by-immature", "media", 0],
        ["by-immature", "talent", 1],
    ]


def find_indicators(call: Call, *by_hand: dict[str, Any]) -> dict[str, object]:
    follow_up = propose(call, *by_hand)
    sizes, themes = followup.count_paths(follow_up, call), followup.count_themes(follow_up, call)
    with unchanged(follow_up, sizes, themes):
        return {item.id: item.value for item in followup.indicators(follow_up, sizes, themes, call)}


def test_indicators_tell_the_groups_and_who_found_no_place_in_one() -> None:
    found = find_indicators(call_with(*RULES, floor=0.4, most=1))  # D has one place, and C is like nobody enough
    assert found == {
        "evaluation.paths": 4,
        "evaluation.path.by-umbrella": 1,
        "evaluation.path.by-similar": 1,
        "evaluation.path.by-immature": 1,
        "evaluation.path.by-other": 1,
        "follow_up.manual": 0,
        "follow_up.groups": 1,
        "follow_up.without_place": 2,
        "follow_up.similarity.scale.low": 0,
        "follow_up.similarity.scale.high": 1,
        "follow_up.mean_similarity": 0.8,
        "follow_up.theme.by-umbrella.heritage": 1,
        "follow_up.theme.by-immature.arts": 0,
        "follow_up.theme.by-immature.media": 0,
        "follow_up.theme.by-immature.talent": 1,
    }


def test_a_call_without_paths_has_empty_tables_and_no_indicators() -> None:
    call = small_call(paths=[])
    follow_up = propose(call)
    sizes, themes = followup.count_paths(follow_up, call), followup.count_themes(follow_up, call)
    for name, table in {"follow_up": follow_up, "path_sizes": sizes, "path_themes": themes}.items():
        assert len(keep_contract(name, table, call)) == 0
    assert list(followup.indicators(follow_up, sizes, themes, call)) == []


def test_where_all_are_chosen_nobody_needs_a_path() -> None:
    similar = pd.DataFrame(columns=["C", "D"], dtype="float64")
    follow_up = followup.propose_paths(IDEAS[4:], CHOSEN, similar, NOBODY, CALL)
    assert len(keep_contract("follow_up", follow_up, CALL)) == 0


def test_where_it_is_not_known_what_was_chosen_nobody_is_led_to_a_path() -> None:
    follow_up = followup.propose_paths(IDEAS[:4], CHOSEN[:0], pd.DataFrame(index=SIMILAR.index), NOBODY, CALL)
    assert keep_contract("follow_up", follow_up, CALL).empty
    assert followup.count_paths(follow_up, CALL).empty
    assert followup.count_themes(follow_up, CALL).empty


PATH = named("a", "een", "one", description={"en": "A path."})


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"rule": "similar"}, "a floor, fewest and most"),
        ({"rule": "similar", "floor": 0.5, "fewest": 2}, "a floor, fewest and most"),
        ({"rule": "similar", "floor": 0.5, "fewest": 3, "most": 2}, r"most of at least fewest \(3\)"),
        ({"rule": "similar", "floor": 1.01, "fewest": 3, "most": 3}, "less than or equal to 1"),
        ({"rule": "similar", "floor": -0.1, "fewest": 3, "most": 3}, "greater than or equal to 0"),
        ({"rule": "similar", "floor": 0.5, "fewest": 0, "most": 3}, "greater than or equal to 1"),
        ({"rule": "other", "floor": 0.5}, "no floor, fewest or most"),
        ({"rule": "immature", "most": 5}, "no floor, fewest or most"),
    ],
)
def test_only_groups_have_bounds_and_these_must_hold_together(given: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        FollowUp.model_validate({**PATH, **given})


def test_a_choice_by_hand_is_read_and_one_for_what_does_not_exist_refused(
    store: Store, edit: Any, refusal: Any
) -> None:
    path = "paths:\n  - {id: talk, label: {en: A talk}, description: {en: A talk.}, rule: other}\nletter:\n"
    edit("call.yml", "letter:\n", path)
    file = store.raw / "follow_up_choice.csv"
    file.write_text("proposal,path,reason\nG12,talk,They asked\n")
    table = read_tables(store)["follow_up_choice"]
    assert table.fillna("-").to_numpy().tolist() == [["G12", "talk", "-", "They asked"]]
    file.write_text("proposal,path,pilot,reason\nG99,walk,,They asked\nG12,talk,G98,\n")
    assert refusal(lambda: read_tables(store)) == [
        "follow_up_choice.csv, row 2, column path: found 'walk'; expected one of talk.",
        "follow_up_choice.csv, row 3, column reason: found nothing; expected a text.",
    ]


def test_unknown_proposals_are_named_with_row_and_column(store: Store, edit: Any, refusal: Any) -> None:
    path = "paths:\n  - {id: talk, label: {en: A talk}, description: {en: A talk.}, rule: other}\nletter:\n"
    edit("call.yml", "letter:\n", path)
    (store.raw / "follow_up_choice.csv").write_text("proposal,path,pilot,reason\nG99,talk,G98,They asked\n")
    assert refusal(lambda: read_tables(store)) == [
        f"follow_up_choice.csv, row 2, column {column}: found '{name}'; expected a value of the column proposal of proposals."
        for column, name in (("proposal", "G99"), ("pilot", "G98"))
    ]


def say(call: Call, language: Language, audience: str, *by_hand: dict[str, Any]) -> str:
    """Return what the answer says of the paths, the table included where the audience may see it."""
    follow_up = propose(call, *by_hand)
    sizes, themes = followup.count_paths(follow_up, call), followup.count_themes(follow_up, call)
    tables = {
        "path_sizes": sizes,
        "path_themes": themes,
        **({"follow_up": follow_up} if audience == "internal" else {}),
    }
    edition = Edition.model_validate({"as_of": "2030-07-01", "language": language, "audience": audience})
    found = declared_values(call) | {
        item.id: item.value for item in followup.indicators(follow_up, sizes, themes, call)
    }
    blocks = write_paths(Material(call, edition, tables, Wording(language, call, found), None, None))
    markup = " ".join(str(getattr(block, "markup", "")) for block in blocks)
    text = " ".join(BeautifulSoup(markup, "html.parser").get_text(" ").split())
    return text.replace("( ", "(").replace(" )", ")").replace(" .", ".").replace(" ,", ",")


def test_the_public_reads_counts_per_path_and_theme_and_no_idea() -> None:
    said = say(CALL, "en", "public")
    assert "Path immature (1): immature. By theme: local talent (1)." in said
    assert "Path umbrella (1): umbrella. By theme: heritage (1)." in said
    assert "Path similar (2): similar." in said
    assert "One project gets such a group; the mean similarity is 0.7." in said
    assert "at least 0.5 is needed" in said
    assert "A group around a project has one to nine members" in said
    assert "A title" not in said


def test_within_the_house_each_idea_is_told_with_its_pilot_similarity_and_theme() -> None:
    said = say(CALL, "nl", "internal", {"proposal": "O", "path": "by-other", "reason": "Op eigen vraag"})
    assert "Idee Vorm van steun Project Gelijkenis Thema Toelichting" in said
    assert "S A title pad similar D 0,8 – –" in said
    assert "I A title pad immature – 0,4 lokaal talent –" in said
    assert "O A title pad other – 0,6 – met de hand gekozen: Op eigen vraag" in said
    assert "Voor één idee is de vorm met de hand gekozen." in said


def test_a_call_with_one_path_tells_no_rules_that_it_does_not_have() -> None:
    said = say(call_with("other"), "en", "public")
    assert "The rules are as follows. All other ideas come under" not in said
    assert "All ideas come under ‘path other’." in said
    assert "similar" not in said
