"""Texts: numbers as Dutch and English readers write them, grammar that agrees, and nothing from data taken as code."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from builders import compute_indicators, named, small_call
from jinja2 import UndefinedError, meta, nodes
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from analysis import wording
from analysis.declarations import Language
from analysis.faults import InputError
from analysis.wording import Sourced, SourcedDay, Wording, read_texts, take

LANGUAGES: tuple[Language, Language] = ("nl", "en")
CALL = small_call()
SHOWERS = {*wording.FORMATS, "has", "value", "agree"} - {"month_short"}


@pytest.mark.parametrize(
    ("name", "value", "options", "dutch", "english"),
    [
        ("euro", 61_500, {}, "61.500 euro", "61,500 euro"),
        ("euro", 0, {}, "0 euro", "0 euro"),
        ("euro", -1234, {}, "-1.234 euro", "-1,234 euro"),
        ("millions", 1_100_000, {}, "1,1 miljoen euro", "1.1 million euro"),
        ("millions", 1_000_000, {}, "1 miljoen euro", "1 million euro"),
        ("millions", 999_999, {}, "999.999 euro", "999,999 euro"),
        ("millions", 1_256_000, {}, "1,26 miljoen euro", "1.26 million euro"),
        ("millions", -2_500_000, {}, "-2,5 miljoen euro", "-2.5 million euro"),
        ("percent", 0.7, {}, "70%", "70%"),
        ("percent", 0, {}, "0%", "0%"),
        ("percent", 0.125, {}, "13%", "13%"),
        ("percent", 2 / 3, {"decimals": 1}, "66,7%", "66.7%"),
        ("percent", -0.001, {}, "0%", "0%"),
        ("day", date(2016, 9, 9), {}, "9 september 2016", "9 September 2016"),
        ("month", date(2016, 3, 31), {}, "maart 2016", "March 2016"),
        ("month_short", date(2016, 3, 31), {}, "mrt 2016", "Mar 2016"),
        ("number", 1_000_000, {}, "1.000.000", "1,000,000"),
        ("number", 0.5, {"decimals": 2}, "0,5", "0.5"),
        ("number", 2.0, {"decimals": 2}, "2", "2"),
        ("number", -0.001, {"decimals": 2}, "0", "0"),
        ("number", 0.5, {}, "1", "1"),
        ("number", 1.5, {}, "2", "2"),
        ("number", 0.285, {"decimals": 2}, "0,29", "0.29"),
        ("count", 0.5, {}, "0,5", "0.5"),
        ("count", 21, {}, "21", "21"),
        ("count", -3, {}, "-3", "-3"),
        ("count", 1234, {}, "1.234", "1,234"),
    ],
)
def test_a_value_is_written_as_its_reader_writes_it(
    name: str, value: Any, options: dict[str, Any], dutch: str, english: str
) -> None:
    assert [Wording(language, CALL).format(name, value, **options) for language in LANGUAGES] == [dutch, english]


WORDS = {
    "nl": "nul één twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien vijftien zestien zeventien "
    "achttien negentien twintig",
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_whole_numbers_up_to_twenty_are_words(language: Language) -> None:
    assert [wording.format_count(n, language) for n in range(21)] == WORDS[language].split()


def test_a_number_that_opens_a_sentence_has_a_capital_and_dutch_one_loses_its_accent() -> None:
    values = {"x": 1, "y": 12}
    shown = [Wording("nl", CALL, values).html_of("{{ count(name, capital=True) }}", name=name) for name in "xy"]
    assert [BeautifulSoup(text, "html.parser").get_text() for text in shown] == ["Eén", "Twaalf"]
    assert Wording("nl", CALL).html_of("{{ 'één van de BBQ’s'|capital }}") == "Eén van de BBQ’s"


@pytest.mark.parametrize(("language", "joined"), [("nl", "a, b en c"), ("en", "a, b and c")])
def test_items_are_joined_as_in_prose(language: Language, joined: str) -> None:
    words = Wording(language, CALL)
    assert words.join(["a", "b", "c"]) == joined
    assert words.join(["a"]) == "a"
    assert words.join([]) == ""


def test_labels_come_from_the_call_or_from_the_fixed_groups() -> None:
    words = Wording("en", CALL)
    assert words.label("categories", "media") == "media and fab labs"
    assert words.label("raters", "own") == "the support centre"
    assert words.label("quotas", "libraries") == "at least one library"
    assert words.label("reach", "regional") == "regional"
    with pytest.raises(KeyError):
        words.label("categories", "sports")


def test_keys_of_a_group_of_texts_come_in_the_order_of_the_file() -> None:
    headings = Wording("en", CALL).keys("answer.staff.headings")
    assert headings == ["phase", "fte", "persons", "person_months", "origin"]


def test_a_label_without_translation_is_that_of_the_other_language() -> None:
    call = small_call(categories=[{"id": "arts", "label": {"nl": "kunst"}}])
    assert Wording("en", call).label("categories", "arts") == "kunst"


@pytest.mark.parametrize("key", ["answer.nowhere", "nowhere", "answer.head.kind.deeper", "answer.head", "labels"])
def test_a_key_that_names_no_single_text_is_refused(key: str) -> None:
    with pytest.raises(KeyError, match=r"no (single )?text"):
        Wording("nl", CALL).plain(key)


@pytest.mark.parametrize("asked", ["number", "count", "euro", "percent", "day", "value"])
def test_an_unknown_indicator_is_refused(asked: str) -> None:
    with pytest.raises(KeyError, match="no indicator 'nothing'"):
        Wording("nl", CALL).html_of("{{ " + asked + "('nothing') }}")
    assert Wording("nl", CALL).html_of("{{ has('nothing') }}") == "False"


def test_a_context_that_was_not_given_is_refused() -> None:
    with pytest.raises(UndefinedError):
        Wording("nl", CALL).plain("answer.answer.part", number=1)


@pytest.mark.parametrize(
    ("value", "machine"), [(61_500, "61500"), (0.1 + 0.2, "0.3"), (date(2016, 9, 9), "2016-09-09"), (-0.5, "-0.5")]
)
def test_a_number_in_html_links_to_its_origin_and_carries_its_value(value: Any, machine: str) -> None:
    words = Wording("nl", CALL, {"a.b": value})
    shower = "day" if isinstance(value, date) else "number"
    link = BeautifulSoup(words.html_of("{{ " + shower + "('a.b') }}"), "html.parser").a
    assert link is not None
    assert link["href"] == "#origin-a.b"
    assert link.data is not None
    assert (link.data["value"], link.data["data-indicator"]) == (machine, "a.b")
    assert link.get_text() == wording.FORMATS[shower](value, "nl")


def test_only_what_html_showed_is_listed_once_and_in_order() -> None:
    words = Wording("nl", CALL, {"a": 1, "b": 2, "c": 3})
    words.html_of(
        "{{ count('b') }} {% if value('c') > 2 %}{{ has('c') }}{% endif %} {{ agree('c', 'x', 'y') }} {{ count('a') }}"
    )
    words.html_of("{{ count('b') }}")
    words.plain("steps.nothing")
    assert list(words.shown) == ["b", "a"]


@pytest.mark.parametrize("template", ["{{ x|number }}", "{{ x|percent }}", "{{ x }}", "{{ d|day }}", "{{ d }}", "{{ 3|count }}", "{{ value('n') }}",
                                      "{{ call.selection.choose }}", "{{ call.dates.announcement.date.year }}", "{{ placed }}"])  # fmt: skip
def test_a_number_without_origin_is_shown_nowhere_in_the_answer(template: str) -> None:
    words = Wording("nl", CALL, {"n": 3})
    context = {"x": 2.5, "d": DAY, "placed": Sourced(1, "t.c")}
    with pytest.raises(InputError, match=r"call.yml: found .*a number without origin, in the text"):
        words.html_of(f"Er zijn {template} ideeën.", **context)


@pytest.mark.parametrize("show", ["html", "cell_text"])
def test_the_text_with_a_number_without_origin_is_named(show: str) -> None:
    words = Wording("nl", CALL)
    with pytest.raises(ValueError, match=r"2\.5, a number without origin, in the text 'answer.evaluation.part'"):
        getattr(words, show)("answer.evaluation.part", x=2.5, y=Sourced(3, "t.c"))
    assert words.plain("answer.evaluation.part", x=2, y=3) == "2 van 3"


def test_conditions_and_rounding_ask_no_origin() -> None:
    words = Wording("en", CALL, {"n": 1})
    template = "{% if x > 1 and value('n') == 1 %}{{ agree('n', 'one', 'many') }} {{ 'small' if x|round(1) == 2 else 'large' }}{% endif %}"
    assert words.html_of(template, x=2.04) == "one small"


def test_a_sourced_number_is_marked_with_its_column_and_linked_in_prose_only() -> None:
    words, given = Wording("en", CALL), {"x": Sourced(2, "spread.reached"), "y": Sourced(5, "spread.municipalities")}
    prose = BeautifulSoup(words.html("answer.evaluation.part", **given), "html.parser")
    assert [(link["href"], link.data["data-column"], link.data["value"]) for link in prose.select("a.origin")] == [
        ("#origin-spread.reached", "spread.reached", "2"),
        ("#origin-spread.municipalities", "spread.municipalities", "5"),
    ]
    cell = BeautifulSoup(words.cell_text("answer.evaluation.part", **given), "html.parser")
    assert (len(cell.select("data[data-column]")), cell.select("a")) == (2, [])
    assert list(words.columns) == ["spread.reached", "spread.municipalities"]
    assert words.shown == {}


def test_an_indicator_given_as_a_number_is_marked_as_one() -> None:
    words = Wording("en", CALL, {"call.caps.money.maximum": 100_000})
    amount = words.cell_text("answer.basis.amount.requested_euro", x=words.state("call.caps.money.maximum"))
    mark = BeautifulSoup(amount, "html.parser").data
    assert mark is not None
    assert (mark["data-indicator"], mark.get_text()) == ("call.caps.money.maximum", "100,000 euro")
    assert (list(words.shown), words.columns) == (["call.caps.money.maximum"], {})


def test_what_a_row_lacks_is_given_as_nothing() -> None:
    taken = take("t", {"a": 1, "b": None, "c": float("nan"), "d": 4}, "a", "b", "c")
    assert taken == {"a": 1, "b": None, "c": None}
    assert taken["a"] is not None
    assert taken["a"].origin == "t.a"


def test_a_marked_number_may_open_a_sentence() -> None:
    words = Wording("nl", CALL, {"n": 1})
    shown = words.html_of("{{ x|count(capital=True) }}, {{ count('n', capital=True) }}", x=Sourced(12, "t.c"))
    assert BeautifulSoup(shown, "html.parser").get_text() == "Twaalf, Eén"


def test_a_day_or_a_year_of_a_table_is_marked_as_a_day() -> None:
    words = Wording("en", CALL)
    cells = [
        words.cell("month", pd.Timestamp("2016-09-01"), "t.month"),
        words.cell("year", 2016, "t.year"),
        Markup(words.html_of("{{ d|day }}", d=SourcedDay.of(date(2016, 9, 9), "t.day"))),
    ]
    marks = [BeautifulSoup(cell, "html.parser").data for cell in cells]
    assert [(mark["value"], mark["data-column"], mark.get_text()) for mark in marks if mark] == [
        ("2016-09-01", "t.month", "September 2016"), ("2016", "t.year", "2016"), ("2016-09-09", "t.day", "9 September 2016"),
    ]  # fmt: skip


def test_the_digits_of_a_code_are_not_grouped() -> None:
    assert [Wording(language, CALL).format("digits", 20_160_909) for language in LANGUAGES] == ["20160909"] * 2


HOSTILE = "<script>alert(1)</script>"


@pytest.mark.parametrize(
    "template",
    [
        "{{ label('categories', 'arts') }}",
        "{{ given }}",
        "{{ given|capital }}",
        "{{ say(call.organiser.description) }}",
        "{{ [given]|join_words }}",
        HOSTILE,
        "R&D: " + HOSTILE + " {{ given }}",
        "{% if 1 < 2 %}" + HOSTILE + "{% endif %}",
    ],
)
def test_no_label_value_or_text_of_a_call_becomes_markup(template: str) -> None:
    text = {"nl": HOSTILE}
    call = small_call(categories=[named("arts", HOSTILE, HOSTILE)], organiser={"name": "Fund", "description": text})
    page = BeautifulSoup(Wording("nl", call).html_of(template, given=HOSTILE), "html.parser")
    assert page.script is None
    assert HOSTILE in page.get_text()


def test_words_of_a_text_read_as_they_were_written() -> None:
    words = Wording("nl", CALL, {"n": 3})
    shown = words.html_of("R&D “telt” 'mee' als a < b: {{ 'ja' if value('n') > 2 and 1 < 2 else 'nee' }}")
    assert BeautifulSoup(shown, "html.parser").get_text() == "R&D “telt” 'mee' als a < b: ja"


@pytest.mark.parametrize(
    "template",
    [
        "{{ call.__class__ }}",
        "{{ ''.__class__.__mro__ }}",
        "{{ say.__globals__ }}",
        "{{ label.__func__.__globals__ }}",
        "{{ value.__self__ }}",
        "{{ has.__self__ }}",
        "{{ call|attr('__init__') }}",
        "{{ call['__init__'] }}",
        "{{ [call]|map(attribute='__init__')|join }}",
        "{{ call.parse_file('/etc/hostname') }}",
        "{{ call.parse_raw('N.', proto='pickle', allow_pickle=True) }}",
        "{{ call['parse_raw']('N.', proto='pickle', allow_pickle=True) }}",
        "{{ call.dates.announcement.parse_file('/etc/hostname') }}",
        "{{ call.model_config.clear() }}",
        "{{ call.model_construct() }}",
        "{% set found = [] %}{{ found.append(1) }}",
        "{{ '{0.__class__}'.format(call) }}",
    ],
)
def test_a_text_of_a_call_reaches_nothing_but_what_is_declared(template: str) -> None:
    with pytest.raises(SecurityError):
        Wording("nl", CALL).html_of(template)


def test_a_text_of_a_call_reads_what_the_call_declares() -> None:
    values = {"call.dates.announcement": date(2030, 6, 15)}
    shown = Wording("en", CALL, values).html_of(
        "{{ call.organiser.name }}, {{ day('call.dates.announcement') }}, {{ year('call.dates.announcement') }}"
    )
    assert BeautifulSoup(shown, "html.parser").get_text() == "Steunpunt, 15 June 2030, 2030"


# What surrounds the templates: every text is words, the same ones are there in both languages, no number is typed.


def leaves(texts: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for key, found in texts.items():
        if isinstance(found, dict):
            yield from leaves(found, f"{path}{key}.")
        else:
            yield f"{path}{key}", found


# The data dictionary is in Dutch only: in English it stands in the contracts (see test_publish_dictionary.py).
TEXTS: dict[Language, dict[str, str]] = {
    language: {key: text for key, text in leaves(read_texts(language)) if not key.startswith("dictionary.")}
    for language in LANGUAGES
}
EACH = [(language, key) for language in LANGUAGES for key in TEXTS[language]]
# The figures have helpers of their own; their texts are rendered with their pictures.
OF_FIGURES = {"counted", "listed", "capital"}


def environment(language: Language) -> ImmutableSandboxedEnvironment:
    return Wording(language, CALL)._environments["plain"]  # the one that knows our filters


def context_of(language: Language, key: str) -> set[str]:
    known = environment(language)
    return meta.find_undeclared_variables(known.parse(TEXTS[language][key])) - set(known.globals) - OF_FIGURES


def calls_of(language: Language, key: str) -> Iterator[nodes.Call]:
    for call in environment(language).parse(TEXTS[language][key]).find_all(nodes.Call):
        if isinstance(call.node, nodes.Name) and call.node.name in SHOWERS:
            yield call


def indicators_of(language: Language, key: str) -> set[str]:
    """Return the indicators that a text asks for by their id."""
    return {call.args[0].value for call in calls_of(language, key) if isinstance(call.args[0], nodes.Const)}


def test_both_languages_have_the_same_texts_in_the_same_files() -> None:
    assert TEXTS["nl"].keys() == TEXTS["en"].keys()
    assert {key.split(".")[0] for key in TEXTS["nl"]} == {
        "answer",
        "figures",
        "labels",
        "rank",
        "sheet",
        "steps",
        "tables",
        "whatif",
        "workbench",
    }


def test_both_languages_use_the_same_indicators_and_the_same_context() -> None:
    asked = {language: {key: indicators_of(language, key) for key in TEXTS[language]} for language in LANGUAGES}
    assert asked["nl"] == asked["en"]
    filled = {language: {key: context_of(language, key) for key in TEXTS[language]} for language in LANGUAGES}
    assert filled["nl"] == filled["en"]


def test_every_text_is_words_and_not_what_yaml_makes_of_them() -> None:
    for language, key in EACH:
        assert isinstance(TEXTS[language][key], str), key
        assert TEXTS[language][key].strip(), key
        assert all(isinstance(part, str) for part in key.split(".")), key


def test_no_number_is_typed_into_a_text() -> None:
    typed = {}
    for language, key in EACH:
        words = re.sub(r"{{.*?}}|{%.*?%}|&#?\w+;", " ", TEXTS[language][key], flags=re.DOTALL)
        if re.search(r"\b\d", words):  # digits inside an identifier such as sha256 are no number
            typed[key] = words
    assert typed == {}


# Only a call with panels, with conflicts of interest or with such an organiser has these: see test_another_call.
ONLY_OF_SOME = {"scoring.panels", "scoring.raters_each", "scoring.conflicts", "choice.organiser_blocked"}


def test_every_indicator_that_a_text_asks_for_is_one_that_the_measures_compute() -> None:
    computed = compute_indicators(CALL)
    asked = {name for language, key in EACH for name in indicators_of(language, key)}
    assert len(asked) > 30
    assert asked - set(computed) - ONLY_OF_SOME == set()


# A value for every name that the texts of the answer and of the steps are given.
DAY = date(2030, 6, 15)
GIVEN: dict[str, Any] = {
    **dict.fromkeys(("audience", "categories", "criteria", "description", "files", "focus", "group"), "some words"),
    **dict.fromkeys(("name", "names", "next_call", "organiser", "partnership", "phase", "region"), "some words"),
    **dict.fromkeys(("sources", "subject", "topic", "years", "label", "largest"), "some words"),
    "dimension": "some words",
    "codes": "Some words.",
    "weighed": "",
    "closed": False,
    "weight_id": "call.scoring.weights.scale",
    "as_of": SourcedDay.of(DAY, "a.day"),
    **{f"{end}_id": f"call.phases.pilots.{end}" for end in ("start", "end")},
    **dict.fromkeys(("low", "high", "lacking", "x", "y", "number"), Sourced(2, "a.number")),
    **dict.fromkeys(("before", "after"), Sourced(2, "a.number")),
    "many": True,
    "departures": 0,
    "wants": "de scores (scores.csv)",
    "instead": "een beslissing",
    "part": "de rangschikking",
    **dict.fromkeys(("weights", "resampled"), Sourced(0.5, "a.share")),
    **dict.fromkeys(("reason", "raters", "above", "below", "outcome", "province"), "some words"),
    **dict.fromkeys(("shortlisted", "differs"), True),
    **dict.fromkeys(("total", "rank", "passed"), Sourced(3, "a.number")),
    **dict.fromkeys(("reasons", "decided"), "some words"),
    "by_rank": False,
    "one_year": False,
    "changed": ["scores.csv"],
    "tables": {"proposals": [1], "actors": [1], "scores": [1]},
    "fte_id": "resources.call.fte",
    "months_id": "resources.call.person_months",
    "over_id": "resources.call.months",
    "peak_id": "resources.call.peak",
    "peak_month_id": "resources.call.peak_month",
    **dict.fromkeys(("first_id", "last_id"), "resources.call.peak_month"),
    **dict.fromkeys(("months", "others", "parts", "codes", "figures", "mark"), "some words"),
    "year_id": "resources.call.year.2030",
    "euro_id": "resources.pilots.grant.euro",
    "share_id": "resources.pilots.grant.share",
    "derived": True,
    "persons_id": "resources.call.persons",
    "path_id": "evaluation.path.board",
    "merged_id": "evaluation.path.market",
    **dict.fromkeys(("themes", "by_umbrella", "by_similar", "by_immature", "by_other"), "some words"),
    **dict.fromkeys(("conditions", "model", "title"), "some words"),
    **{f"{bound}_id": f"call.paths.board.{bound}" for bound in ("floor", "fewest", "most")},
    "part_id": "call.paths.board.floor",
    "submitted_id": "distribution.province.north.submitted",
    "expected_id": "distribution.province.north.expected",
    **dict.fromkeys(("about", "action", "annex", "expected", "explanation", "finding", "found"), "some words"),
    **dict.fromkeys(("first", "kind", "second", "shown", "third"), "some words"),
    "single": False,
    "largest_share": "resources.pilots.reserves.share",
    "largest_euro": "resources.pilots.reserves.euro",
}
ONLY_FOR: dict[str, dict[str, Any]] = {
    **{f"answer.basis.bound.{kind}": {"x": "some words", "y": "more words"} for kind in ("minimum", "maximum", "both")},
    "answer.certainty.line": {"rank": take("expected_ranks", {"er": 3.2, "q25": 2, "q75": 5}, "er", "q25", "q75")},
    "answer.evaluation.spread": {
        "largest": {"names": "some words", "number": 1, "indicator": "distribution.category.arts"},
        "smallest": {"names": "other words", "number": 2, "indicator": "distribution.category.media"},
    },
    "answer.evaluation.agreement": {
        "most": {"names": "some words", "number": 1, "indicator": "evaluation.agreeing.ripened"},
        "least": {"names": "other words", "number": 1, "indicator": "evaluation.agreeing.again"},
    },
}
OWN_NAMES = {"number", "label"}  # given in some texts, and otherwise ours
RENDERED = [
    key
    for key in TEXTS["nl"]
    if not key.startswith(("figures.", "rank.", "sheet.", "tables.", "whatif.", "workbench."))
]  # these are tested with what they describe
VALUES = compute_indicators(CALL)


def everything(number: float) -> dict[str, float | date]:
    """Return all indicators with this value; the days stay days of their own."""
    days = {name: value for name, value in VALUES.items() if isinstance(value, date)}
    return {**dict.fromkeys(VALUES, number), **days}


def render(language: Language, key: str, values: Mapping[str, float | date], **more: Any) -> str:
    context = {**GIVEN, **more, **ONLY_FOR.get(key, {})}
    given_names = context_of(language, key) | {
        name for name in OWN_NAMES if re.search(rf"{{{{ *{name} *}}}}", TEXTS[language][key])
    }
    words = Wording(language, CALL, values)
    plain = words.plain(key, **{name: context[name] for name in given_names})
    # Only the texts of the answer are marked up, and of these not the headings, which have a number of their own.
    if key.startswith("answer.") and "{{ number }}" not in TEXTS[language][key]:
        given = {name: context[name] for name in given_names}
        for marked in (words.html(key, **given), words.cell_text(key, **given)):
            assert BeautifulSoup(marked, "html.parser").get_text().split() == plain.split()
    return " ".join(plain.split())


@pytest.mark.parametrize("number", [None, 0, 1, 2, 25])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_renders_as_words_and_as_links_for_the_small_call(language: Language, number: float | None) -> None:
    values = VALUES if number is None else everything(number)
    for key in RENDERED:
        text = render(language, key, values)
        assert text, key
        assert not re.search(r"[{}]|\bnan\b|\bNaN\b|  | [.,;:]", text), key


SILENT = ["question.intake", "scaling_up.verdict", "scaling_up.opening", "scaling_up.outline", "scaling_up.execution", "basis.opening",
          "basis.line", "certainty.agreement", "certainty.expected", "certainty.weights", "certainty.raters",
          "certainty.conclusion", "money.call", "money.pilots", "not_selected.opening", "not_selected.rules", "evaluation.progress",
          "evaluation.evenness", "evaluation.white_spots", "evaluation.tests", "evaluation.association.progress",
          "evaluation.association.total", "evaluation.association.caution", "evaluation.survey", "evaluation.groups",
          "evaluation.next_call"]  # fmt: skip


@pytest.mark.parametrize("key", SILENT)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_is_silent_where_nothing_was_computed(language: Language, key: str) -> None:
    nothing = dict.fromkeys(("partnership", "focus", "next_call"), "")
    assert render(language, f"answer.{key}", {}, **nothing) == ""


# Grammar: the same sentences for none, one and two.
SENTENCES: dict[str, dict[Language, tuple[str, str, str]]] = {
    "answer.not_selected.opening": {
        "nl": (
            "Alle ideeën zijn gekozen.",
            "In totaal is één idee niet gekozen.",
            "In totaal zijn twee ideeën niet gekozen.",
        ),
        "en": (
            "All ideas were selected.",
            "In total, one idea was not selected.",
            "In total, two ideas were not selected.",
        ),
    },
    "answer.scaling_up.verdict": {
        "nl": (
            "Er is nog geen enkel project goedgekeurd voor opschaling. Een pilootproject wordt alleen goedgekeurd als",
            "Eén project is goedgekeurd voor opschaling: some words. Een pilootproject wordt alleen goedgekeurd als het "
            "succesvol is, draagvlak heeft en aan een bredere behoefte beantwoordt. Eén pilootproject voldoet niet aan al "
            "die voorwaarden. Over één pilootproject is nog geen volledig oordeel gegeven.",
            "Twee projecten zijn goedgekeurd voor opschaling: some words. Een pilootproject wordt alleen goedgekeurd als "
            "het succesvol is, draagvlak heeft en aan een bredere behoefte beantwoordt. Twee pilootprojecten voldoen niet",
        ),
        "en": (
            "No project has been approved for scaling up yet. A pilot is approved only if it is successful, is supported "
            "and meets a wider need.",
            "One project has been approved for scaling up: some words. A pilot is approved only if it is successful, is "
            "supported and meets a wider need. One pilot does not meet all of these conditions. One pilot has not been",
            "Two projects have been approved for scaling up: some words. A pilot is approved only if it is successful, is "
            "supported and meets a wider need. Two pilots do not meet all of these conditions. Two pilots have not been",
        ),
    },
    "answer.money.scaling_up": {
        "nl": (
            "Nul diensten die uit pilootprojecten ontstaan, kosten samen 0 euro per jaar.",
            "Eén dienst die uit een pilootproject ontstaat, kost 1 euro per jaar. Eén gemeente neemt deel.",
            "Twee diensten die uit pilootprojecten ontstaan, kosten samen 2 euro per jaar. Twee gemeenten nemen deel.",
        ),
        "en": (
            "Zero services that grow out of pilots together cost 0 euro a year.",
            "One service that grows out of a pilot costs 1 euro a year. One municipality takes part.",
            "Two services that grow out of pilots together cost 2 euro a year. Two municipalities take part.",
        ),
    },
    "answer.not_selected.rules": {
        "nl": (
            "Geen enkel project krijgt op die manier een groep.",
            "Eén project krijgt op die manier een groep; de gelijkenis is gemiddeld 1. Voor één idee dat genoeg lijkt, is er geen plaats",
            "Twee projecten krijgen op die manier een groep; de gelijkenis is gemiddeld 2. Voor twee ideeën die genoeg lijken, is er geen",
        ),
        "en": (
            "No project gets such a group.",
            "One project gets such a group; the mean similarity is 1. For one idea that is similar enough there is no place",
            "Two projects get such a group; the mean similarity is 2. For two ideas that are similar enough there is no place",
        ),
    },
    "answer.scaling_up.opening": {
        "nl": (
            "Uit nul ideeën is een shortlist van nul projecten samengesteld. Daaruit zijn nul projecten",
            "Uit één idee is een shortlist van één project samengesteld. Daaruit is één project gekozen",
            "Uit twee ideeën is een shortlist van twee projecten samengesteld. Daaruit zijn twee projecten gekozen",
        ),
        "en": (
            "Out of zero ideas a shortlist of zero projects was drawn up. From it, zero projects were selected",
            "Out of one idea a shortlist of one project was drawn up. From it, one project was selected",
            "Out of two ideas a shortlist of two projects was drawn up. From it, two projects were selected",
        ),
    },
    "answer.scaling_up.outline": {
        "nl": (
            "Geen van de gekozen projecten is uitdrukkelijk",
            "Eén project is uitdrukkelijk",
            "Twee projecten zijn uitdrukkelijk",
        ),
        "en": ("None of the selected projects aims", "One project aims", "Two projects aim"),
    },
    "answer.question.intake": {
        "nl": (
            "kwamen nul ideeën binnen van nul verschillende actoren",
            "kwam één idee binnen van één actor. Bij alle ideeën samen is één stad of gemeente betrokken.",
            "kwamen twee ideeën binnen van twee verschillende actoren. Bij alle ideeën samen zijn twee steden",
        ),
        "en": (
            "drew zero ideas from zero different actors",
            "drew one idea from one actor. All ideas together involve one town or municipality.",
            "drew two ideas from two different actors. All ideas together involve two towns and municipalities.",
        ),
    },
    "answer.basis.opening": {
        "nl": (
            "Alle nul voorgestelde ideeën zijn beoordeeld.",
            "Eén jurylid uit het werkveld gaf een individuele score op één criterium: some words. Some words voegde daar",
            "Elk van de twee leden van de vakjury gaf een individuele score op twee criteria: some words.",
        ),
        "en": (
            "All zero ideas presented were scored.",
            "A single juror from the field gave an individual score on one criterion: some words. Some words added",
            "Each of two jurors from the field gave an individual score on two criteria: some words.",
        ),
    },
    "answer.evaluation.progress": {
        "nl": (
            "groeide geen enkel idee uit tot een volledig prototype van een uitvoerbaar project. Aan het einde waren er "
            "geen prototypes.",
            "groeide één idee (100%) uit tot een volledig prototype van een uitvoerbaar project. Aan het einde was er "
            "in totaal één prototype. In de enige sessie was 100%",
            "groeiden twee ideeën (200%) uit tot een volledig prototype van een uitvoerbaar project. Aan het einde "
            "waren er in totaal twee prototypes. In de twee sessies was gemiddeld",
        ),
        "en": (
            "no idea grew into a full prototype of an executable project. At the end there were no prototypes.",
            "one idea (100%) grew into a full prototype of an executable project. At the end there was one "
            "prototype in total. In the only session 100% of the ideas",
            "two ideas (200%) grew into a full prototype of an executable project. At the end there were two "
            "prototypes in total. On average 200% of the ideas were represented in the two sessions.",
        ),
    },
    "answer.staff.phase": {
        "nl": (
            "vraagt gemiddeld 0 voltijdsequivalenten, verspreid over nul medewerkers. Dat zijn samen 0 persoonsmaanden.",
            "vraagt gemiddeld 1 voltijdsequivalent, verspreid over één medewerker. Dat is samen 1 persoonsmaand.",
            "vraagt gemiddeld 2 voltijdsequivalenten, verspreid over twee medewerkers. Dat zijn samen 2 persoonsmaanden.",
        ),
        "en": (
            "takes 0 full-time equivalents on average, spread over zero employees. Together that is 0 person-months.",
            "takes 1 full-time equivalent on average, spread over one employee. Together that is 1 person-month.",
            "takes 2 full-time equivalents on average, spread over two employees. Together that is 2 person-months.",
        ),
    },
    "answer.annex.jury_lead": {
        "nl": (
            "De jury telt geen leden.",
            "De jury telt één lid. De naam van dat lid maakt geen deel uit van de gegevens van deze oproep. Een volgnummer vervangt hier die naam.",
            "De jury telt twee leden. Hun namen maken geen deel uit van de gegevens van deze oproep. Een volgnummer vervangt hier die namen.",
        ),
        "en": (
            "The jury has no members.",
            "The jury has one member. The name of that member is not part of the data of this call. A number",
            "The jury has two members. Their names are not part of the data of this call. A number",
        ),
    },
    "steps.selection": {
        "nl": (
            "**Nul van de nul projecten op de shortlist zijn gekozen.** Het evenwicht kost 0 punten op een som van 0; de "
            "beslissing wijkt voor 0 projecten af",
            "**Eén van de één projecten op de shortlist is gekozen.** Het evenwicht kost 1 punt op een som van 1; de "
            "beslissing wijkt voor 1 project af",
            "**Twee van de twee projecten op de shortlist zijn gekozen.** Het evenwicht kost 2 punten op een som van 2; "
            "de beslissing wijkt voor 2 projecten af",
        ),
        "en": (
            "**Zero of the zero shortlisted projects are selected.** Balance costs 0 points on a sum of 0; the decision "
            "departs from the computed choice for 0 projects.",
            "**One of the one shortlisted projects is selected.** Balance costs 1 point on a sum of 1; the decision "
            "departs from the computed choice for 1 project.",
            "**Two of the two shortlisted projects are selected.** Balance costs 2 points on a sum of 2; the decision "
            "departs from the computed choice for 2 projects.",
        ),
    },
}


@pytest.mark.parametrize("key", SENTENCES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("number", [0, 1, 2])
def test_sentences_agree_with_none_one_and_two(language: Language, key: str, number: int) -> None:
    assert SENTENCES[key][language][number] in render(language, key, everything(number))


ONE = Sourced(1, "a.number")
WHOLES = ("distribution.municipalities.known", "selection.shortlisted", "reconciliation.figures")  # "one of the six"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_number_one_is_never_followed_by_a_plural(language: Language) -> None:
    pairs = {
        tuple(argument.value for argument in call.args[1:])
        for key in RENDERED
        for call in calls_of(language, key)
        if isinstance(call.node, nodes.Name) and call.node.name == "agree"
    }
    plurals = {str(many).split()[0] for one, many in pairs if one != many}
    assert len(plurals) > 15
    one = re.compile(rf"\b(één|one|1) ({'|'.join(sorted(plurals))})\b", re.IGNORECASE)
    values = everything(1) | dict.fromkeys(WHOLES, 6)
    wrong = {
        key: found for key in RENDERED if (found := one.findall(render(language, key, values, lacking=ONE, x=ONE)))
    }
    assert wrong == {}


def test_forms_agree_with_the_number_as_it_is_shown() -> None:
    values = {"a": 1, "b": 1.04, "c": 0.96, "d": 1.06, "e": 0, "f": DAY}
    words = Wording("en", CALL, values)
    assert [words.html_of("{{ agree(name, 'one', 'many') }}", name=name) for name in values] == [
        "one", "one", "one", "many", "many", "many",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("lacking", "dutch", "english"),
    [
        (0.25, "0,25 punten", "0.25 points"),
        (1, "1 punt ", "1 point "),
        (0.004, "0,004 punten", "0.004 points"),
    ],
)
def test_a_small_shortfall_is_never_said_to_be_none(lacking: float, dutch: str, english: str) -> None:
    said = [
        render(language, "answer.basis.reason.score", VALUES, lacking=Sourced(lacking, "a.number"))
        for language in LANGUAGES
    ]
    assert dutch in said[0]
    assert english in said[1]


def test_projects_that_start_together_are_not_said_to_start_apart() -> None:
    for language, apart in (("nl", "verschillende data"), ("en", "different days")):
        assert apart not in render(language, "answer.scaling_up.execution", {**VALUES, "selection.starts": 1})
        assert apart in render(language, "answer.scaling_up.execution", {**VALUES, "selection.starts": 2})


def test_a_format_is_the_same_as_a_filter_and_as_a_function() -> None:
    day = DAY + timedelta(days=1)
    words = Wording("nl", CALL, {"n": 1234.5, "d": day})
    given = {"n": Sourced(1234.5, "a.n"), "d": SourcedDay.of(day, "a.d")}
    shown = (
        words.html_of("{{ n|number(decimals=1) }} {{ d|day }}", **given),
        words.html_of("{{ number('n', decimals=1) }} {{ day('d') }}"),
    )
    assert {BeautifulSoup(text, "html.parser").get_text() for text in shown} == {"1.234,5 16 juni 2030"}
