"""The evaluation part of the answer: what it says of places, of attendance and of the survey, and what it keeps silent."""

from __future__ import annotations

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from builders import declared_values, make_table, small_call

from analysis import distribution, evaluation
from analysis.appraisal import write_course, write_spread, write_survey
from analysis.call import Call
from analysis.declarations import Edition, Language
from analysis.indicators import Indicator
from analysis.material import Material
from analysis.wording import Wording

PLACES = {"North": 6_000, "East Side": 2_000, "South": 2_000}
Tables = dict[str, pd.DataFrame]


def material(tables: Tables, found: list[Indicator], language: Language = "en", call: Call | None = None) -> Material:
    call = call or small_call()
    edition = Edition.model_validate({"as_of": "2030-07-01", "language": language})
    values = declared_values(call) | {item.id: item.value for item in found}
    return Material(call, edition, tables, Wording(language, call, values), None, None)


def read(blocks: object) -> list[str]:
    """Return what is written in every block, without the pictures."""
    markup = [str(getattr(block, "markup", "")) for block in blocks if block]  # type: ignore[attr-defined]
    said = [" ".join(BeautifulSoup(text, "html.parser").get_text(" ").split()) for text in markup if text]
    return [text.replace(" ,", ",").replace(" )", ")").replace(" .", ".").replace("( ", "(") for text in said]


def spread_over(led: dict[str, int], involved: dict[str, int]) -> tuple[Tables, list[Indicator]]:
    """Return the tables and indicators of proposals led from provinces of one town each, which involve those towns."""
    towns = make_table(
        "municipalities",
        *({"nis": p, "name": f"{p}town", "province": p, "population": n} for p, n in PLACES.items()),
    )
    actors = make_table("actors", *({"actor": p, "nis": p} for p in PLACES))
    ids = [f"{p}-{i}" for p, number in led.items() for i in range(number)]
    proposals = make_table("proposals", *({"proposal": name, "actor": name.rsplit("-", 1)[0]} for name in ids))
    towns_of = [p for p, number in involved.items() for _ in range(number)]
    involvement = make_table(
        "involvement", *({"proposal": name, "nis": p} for name, p in zip(ids, towns_of, strict=False))
    )
    profiles = distribution.profile(proposals, actors, towns)
    counts, reach = (
        distribution.count_groups(profiles, small_call()),
        distribution.count_reach(towns, involvement, proposals, actors),
    )
    spread = distribution.compare_with_population(profiles, towns, reach)
    even = distribution.measure_evenness(profiles, towns, small_call())
    tables = {
        "distribution": counts,
        "spread": spread,
        "municipality_reach": reach,
        "white_spots": distribution.list_white_spots(towns, reach),
    }
    found = [
        *distribution.indicators(profiles, counts, reach, proposals),
        *distribution.spread_indicators(spread, even),
    ]
    return tables, found


def test_provinces_beyond_their_interval_are_named_with_what_was_expected_of_them() -> None:
    tables, found = spread_over({"North": 20, "East Side": 80}, {"East Side": 5})
    said = " ".join(read(write_spread(material(tables, found))))
    assert (
        "more ideas than expected came from East Side (80 against 20 expected), and fewer from North (20 against 60 "
        "expected) and South (0 against 20 expected)." in said
    )
    dutch = " ".join(read(write_spread(material(tables, found, "nl"))))
    assert "en minder uit North (20 tegenover 60 verwacht) en South (0 tegenover 20 verwacht)." in dutch
    assert "2 of the 3" not in said
    assert "from two of the three provinces" in said


def test_where_every_interval_holds_what_was_expected_no_province_is_named() -> None:
    tables, found = spread_over({"North": 6, "East Side": 2, "South": 2}, {"North": 1})
    said = " ".join(read(write_spread(material(tables, found))))
    assert "no province sent in clearly more or fewer ideas than expected" in said
    assert "from every province" in said
    assert "The cities" not in said  # this region has none


def test_white_spots_are_counted_for_all_and_listed_only_where_the_list_was_released() -> None:
    tables, found = spread_over({"North": 6, "South": 2}, {"North": 6})
    listed = read(write_spread(material(tables, found)))
    assert any("There are two such municipalities, with 40% of the population." in text for text in listed)
    assert any("East Side 1 2,000 East Sidetown" in text and "South 1 2,000 Southtown" in text for text in listed)
    del tables["white_spots"]
    withheld = " ".join(read(write_spread(material(tables, found))))
    assert "There are two such municipalities" in withheld
    assert "Southtown" not in withheld


def test_a_region_without_white_spots_says_so_and_one_of_unknown_reach_says_nothing() -> None:
    tables, found = spread_over({"North": 3}, {"North": 1, "South": 1, "East Side": 1})
    assert any("There are no white spots" in text for text in read(write_spread(material(tables, found))))
    tables, found = spread_over({"North": 3}, {})
    said = " ".join(read(write_spread(material(tables, found))))
    assert "white spot" not in said
    assert "North 3 1.8 1.67" in said
    assert "–" in said  # of how many municipalities nothing is known


def course(presence: list[bool], steps: list[str]) -> tuple[Tables, list[Indicator]]:
    """Return what is known of proposals that attended one session or not and came from an idea to these stages."""
    names = [f"P{i}" for i in range(len(steps))]
    proposals = make_table(
        "proposals",
        *({"proposal": n, "maturity_intake": "idea", "maturity_end": s} for n, s in zip(names, steps, strict=True)),
    )
    rows = ({"proposal": n, "session": 1, "attended": there} for n, there in zip(names, presence, strict=True))
    totals = pd.DataFrame({"proposal": names, "total": [7.0] * len(names)})
    table = evaluation.measure_associations(proposals, make_table("masterclasses", *rows), totals)
    return {"associations": table}, [*evaluation.association_indicators(table)]


@pytest.mark.parametrize(
    ("high", "said", "dutch"),
    [
        ("prototype", "generally made more progress (rank", "maakte doorgaans meer vooruitgang (rang"),
        ("idea", "generally made less progress (rank", "maakte doorgaans minder vooruitgang (rang"),
    ],
)
def test_an_association_is_told_in_its_direction_and_claims_no_cause(high: str, said: str, dutch: str) -> None:
    steps = [high if i < 9 else "plan" for i in range(20)]
    tables, found = course([i < 10 for i in range(20)], steps)
    english = " ".join(read(write_course(material(tables, found))))
    assert said in english
    assert "over twenty ideas, 95% interval:" in english
    assert "It does not show that attendance is the cause" in english
    assert dutch in " ".join(read(write_course(material(tables, found, "nl"))))


def test_an_association_that_may_be_none_is_said_to_be_unclear() -> None:
    tables, found = course([i % 2 == 0 for i in range(20)], ["plan" if i % 3 else "idea" for i in range(20)])
    assert "made neither clearly more nor clearly less progress" in " ".join(
        read(write_course(material(tables, found)))
    )


def test_what_was_not_computed_is_said_with_its_reason() -> None:
    tables, found = course([i < 3 for i in range(6)], ["plan"] * 6)
    said = read(write_course(material(tables, found)))
    few = "there are too few ideas of which both are known."
    assert said == [
        f"Whether those who attended more sessions also made more progress was not computed: {few}",
        f"Whether those who attended more sessions also got a higher total was not computed: {few}",
    ]
    tables, found = course([i < 3 for i in range(12)], ["plan"] * 12)
    dutch = " ".join(read(write_course(material(tables, found, "nl"))))
    assert "meer vooruitgang maakte, is niet berekend: een van beide is voor alle ideeën gelijk." in dutch


def survey(chosen: int, others: int, call: Call) -> tuple[Tables, list[Indicator]]:
    replies = [
        {"respondent": f"R{i}", "chosen": i < chosen, "question": question, "answer": 5 if question == "ripened" else 2}
        for i in range(chosen + others)
        for question in call.ids("survey_questions")
    ]
    table = make_table("survey", *replies, call=call)
    results = evaluation.summarise_survey(table, call)
    tables = {"survey_results": results, "survey_answers": evaluation.count_answers(table, call)}
    found = evaluation.survey_indicators(table, results, evaluation.compare_groups(results), call)
    return tables, [*found]


def test_a_response_rate_is_stated_or_said_to_be_unknown() -> None:
    told, silent = small_call(survey_invited=40), small_call()
    assert "That is 50% of those invited (40)." in read(write_survey(material(*survey(8, 12, told), call=told)))[0]
    said = read(write_survey(material(*survey(8, 12, silent), call=silent)))[0]
    assert "A response rate can therefore not be computed." in said
    assert "%" not in said


def test_the_statements_with_most_and_least_agreement_are_named_with_their_intervals() -> None:
    said = read(write_survey(material(*survey(8, 12, small_call()))))
    assert said[1] == (
        "The participants agree most often with ‘The masterclasses ripened our idea’ (100%, 95% interval: 84% to 100%) "
        "and least often with ‘We would take part again’ (0%, interval: 0% to 16%)."
    )
    assert "differ clearly on none of the two statements compared" in said[2]


def test_groups_too_small_are_said_to_be_so_and_too_few_answers_as_well() -> None:
    assert "one of these groups is too small" in read(write_survey(material(*survey(2, 12, small_call()))))[2]
    said = read(write_survey(material(*survey(2, 2, small_call()))))
    assert said[1:] == ["The answers are not reported, as too few participants answered."]


def test_without_survey_and_masterclasses_nothing_is_said() -> None:
    assert read(write_survey(material({}, []))) == []
    assert read(write_course(material({}, []))) == []
    assert read(write_spread(material({}, []))) == []
