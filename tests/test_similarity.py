"""How like proposals are: TF-IDF and the cosine counted out word by word, and what may not matter."""

from __future__ import annotations

import math
from collections import Counter

import pandas as pd
import pytest
from builders import QUICK, make_table, unchanged
from hypothesis import given
from hypothesis import strategies as st

from analysis.similarity import DUTCH, ENGLISH, measure_similarity

Record = dict[str, object]


def proposals_of(*records: Record) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return proposals and profiles; a record may have title, summary, category, actor_kind and focus."""
    named = [{"proposal": f"P{place}", "title": "", **record} for place, record in enumerate(records)]
    kinds = [{key: value for key, value in one.items() if key not in ("title", "summary")} for one in named]
    bare = [{key: value for key, value in one.items() if key != "actor_kind"} for one in named]
    return make_table("proposals", *bare), make_table("profiles", *kinds)


def similarity_of(*records: Record, chosen: int = 1) -> pd.DataFrame:
    """Return the similarity where the first so many are chosen."""
    proposals, profiles = proposals_of(*records)
    taken = make_table("chosen", *({"proposal": f"P{place}"} for place in range(chosen)))
    with unchanged(proposals, profiles, taken):
        return measure_similarity(proposals, profiles, taken)


def count_out(records: list[Record], one: int, other: int) -> float:
    """Return the cosine of two proposals, with plain dictionaries for vectors."""
    words = [Counter(str(record["title"]).split()) for record in records]
    within = Counter(word for counts in words for word in counts)
    vectors = []
    for record, counts in zip(records, words, strict=True):
        weighed = {w: n * (math.log((1 + len(records)) / (1 + within[w])) + 1) for w, n in counts.items()}
        length = math.sqrt(sum(value**2 for value in weighed.values())) or 1
        vector = {w: math.sqrt(0.5) * value / length for w, value in weighed.items()}
        for column, share in (("category", 0.25), ("actor_kind", 0.125), ("focus", 0.125)):
            if record.get(column):
                vector[f"{column}={record[column]}"] = math.sqrt(share)
        vectors.append(vector)
    shared = sum(value * vectors[other].get(key, 0) for key, value in vectors[one].items())
    lengths = [math.sqrt(sum(value**2 for value in vectors[place].values())) for place in (one, other)]
    return shared / lengths[0] / lengths[1]


WORDS = st.lists(st.sampled_from(["robot", "muziek", "archief", "podium", "leeszaal"]), max_size=6).map(" ".join)
RECORD = st.fixed_dictionaries(
    {
        "title": WORDS,
        "category": st.sampled_from(["arts", "media", "talent"]),
        "actor_kind": st.sampled_from(["library", "centre"]),
        "focus": st.sampled_from(["service", "role", None]),
    }
)


@QUICK
@given(st.lists(RECORD, min_size=2, max_size=6))
def test_a_similarity_is_the_cosine_of_words_and_groups(records: list[Record]) -> None:
    found = similarity_of(*records)
    assert list(found.columns) == ["P0"]
    for place in range(1, len(records)):
        assert found.at[f"P{place}", "P0"] == pytest.approx(count_out(records, 0, place), abs=1e-6)


def test_the_same_proposal_twice_is_wholly_alike_and_one_with_nothing_in_common_not_at_all() -> None:
    robot = {"title": "Robots maken muziek", "category": "arts", "actor_kind": "library", "focus": "role"}
    other = {"title": "Archief op straat", "category": "media", "actor_kind": "centre", "focus": "service"}
    assert similarity_of(robot, robot, other)["P0"].tolist() == [1, 0]


def test_words_weigh_as_much_as_category_kind_and_focus_together() -> None:
    robot = {"title": "Robots maken muziek", "category": "arts", "actor_kind": "library", "focus": "role"}
    words = {**robot, "category": "media", "actor_kind": "centre", "focus": "service"}
    groups = {**robot, "title": "Podium"}
    found = similarity_of(robot, words, groups, {**groups, "focus": "service"}, {**groups, "category": "media"})
    assert found["P0"].tolist() == [0.5, 0.5, 0.375, 0.25]


def test_what_is_unknown_is_like_nothing() -> None:
    robot = {"title": "Robots maken muziek", "category": "arts", "actor_kind": "library"}
    found = similarity_of({**robot, "focus": None}, {**robot, "focus": None}, {**robot, "focus": "role"})
    assert found["P0"].tolist() == [1, pytest.approx(math.sqrt(0.875), abs=1e-6)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Robots en muziek", "ROBOTS MUZIEK"),
        ("De robots van hun muziek", "Robots voor alle muziek!"),
        ("Robots, muziek: 2016", "robots muziek 1 x 20"),
        ("The robots and their music", "Robots with music"),
    ],
)
def test_case_numbers_and_function_words_do_not_matter(one: str, other: str) -> None:
    assert similarity_of({"title": one}, {"title": other}, {"title": "Podium"}).at["P1", "P0"] == 1


def test_the_summary_counts_as_well_as_the_title() -> None:
    found = similarity_of(
        {"title": "Robots", "summary": "Muziek"}, {"title": "Muziek", "summary": "Robots"}, {"title": "Podium"}
    )
    assert found["P0"].tolist() == [1, pytest.approx(3 / 7, abs=1e-6)]  # the groups alone, the focus being unknown


@pytest.mark.parametrize("title", ["", "De het een", "2016 1 2"])
def test_titles_without_a_meaning_leave_the_groups_to_decide(title: str) -> None:
    found = similarity_of({"title": title}, {"title": title}, {"title": title, "category": "media"})
    assert found["P0"].tolist() == [1, pytest.approx(1 / 3, abs=1e-6)]  # of 0.25 and 0.125, the focus being unknown


def test_the_order_of_the_rows_does_not_matter() -> None:
    records = [{"title": f"Robots {word}", "category": "arts"} for word in ("muziek", "podium", "archief", "leeszaal")]
    proposals, profiles = proposals_of(*records)
    chosen = make_table("chosen", {"proposal": "P3"}, {"proposal": "P1"})
    found = measure_similarity(proposals, profiles, chosen)
    assert list(found.index) == ["P0", "P2"]
    assert list(found.columns) == ["P1", "P3"]
    pd.testing.assert_frame_equal(found, measure_similarity(proposals[::-1], profiles[::-1], chosen[::-1]))


def test_where_all_or_none_are_chosen_there_is_nothing_to_compare() -> None:
    assert similarity_of({"title": "Robots"}, {"title": "Podium"}, chosen=2).shape == (0, 2)
    assert similarity_of({"title": "Robots"}, {"title": "Podium"}, chosen=0).shape == (2, 0)


def test_no_function_word_is_listed_twice_in_a_language() -> None:
    for words in (DUTCH.split(), ENGLISH.split()):
        assert sorted(set(words)) == sorted(words)
        assert all(len(word) > 1 for word in words)
