"""The plots: what their alternative texts state, and that every text can be read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from xml.etree import ElementTree

import pandas as pd
import pytest
from builders import named, small_call
from drawing import Drawn, watch_drawing

from analysis import plots
from analysis.call import Call
from analysis.contracts import conform
from analysis.declarations import Language
from analysis.figures import Figure
from analysis.tables import contracts
from analysis.wording import Wording

SECTIONS = ("categories", "actor_kinds", "partnerships", "focuses", "funds", "phases", "paths", "survey_questions")
LANGUAGES: tuple[Language, ...] = ("nl", "en")
Rows = list[tuple[object, ...]]
ROWS: Mapping[str, Rows] = {
    "distribution": [
        *[("category", group, n, n / 9) for group, n in (("arts", 2), ("media", 5), ("talent", 2))],
        *[("province", group, n, n / 9) for group, n in (("Limburg", 9), ("Antwerpen", 0))],
    ],
    "category_by_kind": [
        ("arts", "library", 2), ("arts", "centre", 0),
        ("media", "library", 1), ("media", "centre", 4),
        ("talent", "library", 2), ("talent", "centre", 0),
    ],
    "individual_scores": [
        *[(f"p{i}", "j1", score, 3) for i, score in enumerate((6.0, 7.0, 8.0))],
        *[(f"p{i}", "own", score, 2) for i, score in enumerate((2.0, 5.0, 9.0))],
    ],
    "totals": [
        ("p1", 8.0, 8.0, 2, 1, 8.0, True), ("p2", 7.5, 7.0, 2, 2, 7.5, True),
        ("p3", 7.25, 7.0, 2, 3, 7.25, False), ("p4", 4.0, 4.0, 2, 4, 4.0, False),
    ],
    "selection": [
        ("p1", 1, 8.0, 8.0, True, True, None, None, None, None, None, 2),
        ("p2", 2, 7.5, 7.5, False, False, "constraint", "money", None, None, None, 0),
        ("p3", 3, 7.25, 7.25, True, True, None, None, None, None, None, 1),
    ],
    "constraint_prices": [("money", 1e5, 9e4, 0.25, "p2", "p3"), ("libraries", 1, 2, 0.0, None, None)],
    "budget_funds": [
        ("call", "grant", 10_000, 1.0), ("pilots", "reserves", 63_000, 0.7), ("pilots", "grant", 27_000, 0.3),
    ],
    "budget_lines": [("call", "jury", 2_000), ("call", "masterclasses", 8_000), ("pilots", "apparatuur", 90_000)],
    "pilots_by_month": [
        (pd.Timestamp(2030, 7, 1), 1, 4_000, 7_644, 0.5), (pd.Timestamp(2030, 8, 1), 2, 9_000, 7_644, 1.5),
        (pd.Timestamp(2030, 9, 1), 0, 0, 7_397, 0.0),
    ],
    "monthly_load": [
        *[(pd.Timestamp(2030, month, 1), "call", fte, 1.5, 0) for month, fte in ((1, 1.0), (2, 1.5), (3, 2.0))],
        *[(pd.Timestamp(2030, month, 1), "pilots", fte, 3.0, 2) for month, fte in ((7, 3.25), (8, 2.0))],
    ],
    "timeline": [
        ("p1", "Een titel", pd.Timestamp("2030-07-01"), pd.Timestamp("2030-12-31"), 100),
        ("p3", "Een andere titel", pd.Timestamp("2030-10-01"), pd.Timestamp("2031-06-30"), 100),
    ],
    "chosen_groups": [
        ("partnership", "alone", 3), ("partnership", "together", 1), ("focus", "service", 2), ("focus", "role", 2),
        ("reach", "local", 4), ("reach", "regional", 0), ("province", "Limburg", 4),
    ],
    "progress": [
        ("idea", "idea", 1), ("idea", "plan", 4), ("idea", "prototype", 3), ("plan", "idea", 1), ("plan", "plan", 0),
        ("plan", "prototype", 0), ("prototype", "idea", 0), ("prototype", "plan", 0), ("prototype", "prototype", 0),
    ],
    "attendance": [(1, 9, 0.9, 5.0, None), (2, 10, 1.0, 6.0, None), (3, 9, 0.9, 7.0, None)],
    "spread": [
        ("province", "Antwerpen", 8, 0.5, 5.0, 1.6, 1.1, 1.9, 4, 3),
        ("province", "Limburg", 2, 0.5, 5.0, 0.4, 0.1, 0.9, 6, None),
        ("scale", "city", 5, 0.4, 4.0, 1.25, 0.6, 1.9, 2, 1), ("scale", "municipality", 5, 0.6, 6.0, 0.83, 0.4, 1.3, 8, 2),
    ],
    "survey_results": [
        ("ripened", "all", 20, 0.8, 0.58, 0.92), ("ripened", "chosen", 8, 0.9, 0.6, 0.98),
        ("ripened", "not_chosen", 12, 0.7, 0.4, 0.9), ("again", "all", 20, 0.5, 0.3, 0.7),
    ],
    "survey_answers": [
        *[("ripened", answer, n, n / 20) for answer, n in enumerate((0, 1, 3, 10, 6), start=1)],
        *[("again", answer, n, n / 20) for answer, n in enumerate((2, 4, 4, 6, 4), start=1)],
    ],
    "path_sizes": [("board", 1), ("market", 6)],
}  # fmt: skip
PLOTS: Mapping[str, tuple[str, Callable[[pd.DataFrame, Wording], Figure]]] = {
    "group_counts": ("distribution", lambda table, wording: plots.group_counts(table, "category", wording)),
    "category_by_kind": ("category_by_kind", plots.category_by_kind),
    "rater_spread": ("individual_scores", plots.rater_spread),
    "ranking": ("totals", plots.ranking),
    "shortlist": ("selection", plots.shortlist),
    "constraint_prices": ("constraint_prices", plots.constraint_prices),
    "budget": ("budget_funds", plots.budget),
    "budget_lines": ("budget_lines", lambda table, wording: plots.budget_lines(table, "call", wording)),
    "pilots_by_month": ("pilots_by_month", plots.pilots_by_month),
    "monthly_load": ("monthly_load", plots.monthly_load),
    "timeline": ("timeline", plots.timeline),
    "chosen_groups": ("chosen_groups", plots.chosen_groups),
    "progress": ("progress", plots.progress),
    "attendance": ("attendance", plots.attendance),
    "spread": ("spread", plots.spread),
    "survey": ("survey_results", plots.survey),
    "survey_answers": ("survey_answers", plots.survey_answers),
    "paths": ("path_sizes", plots.paths),
}
STATED: Mapping[str, tuple[str, str]] = {
    "group_counts": (
        "Het vaakst komt ‘media- en fablabs’ voor (vijf van de negen ideeën); het minst vaak ‘kunst- en "
        "cultuurbeleving’ en ‘lokaal talent’ (elk twee).",
        "Most common is ‘media and fab labs’ (five of the nine ideas); least common are ‘experience of art and "
        "culture’ and ‘local talent’ (two each).",
    ),
    "category_by_kind": (
        "Van alle combinaties van categorie en soort actor komt ‘media- en fablabs’ (cultuurcentrum) het vaakst voor, "
        "met vier ideeën. Twee van de zes combinaties komen niet voor.",
        "Of all combinations of category and kind of actor, ‘media and fab labs’ (arts centre) is the most common, "
        "with four ideas. Two of the six combinations do not occur.",
    ),
    "rater_spread": (
        "De hoogste scores komen van jurylid A (mediaan 7), de laagste van het steunpunt (mediaan 5). De scores van "
        "het steunpunt lopen het verst uiteen, van 2 tot 9.",
        "The highest scores come from juror A (median 7), the lowest from the support centre (median 5). The scores of "
        "the support centre spread the furthest, from 2 to 9.",
    ),
    "ranking": (
        "De vier ideeën halen tussen 4 en 8 punten. De shortlist telt twee projecten; het laagste totaal erop is "
        "7,5 punten, 0,25 meer dan het hoogste erbuiten.",
        "The four ideas score between 4 and 8 points. The shortlist holds two projects; the lowest total on it is 7.5 "
        "points, 0.25 above the highest outside it.",
    ),
    "shortlist": (
        "Van de drie projecten op de shortlist zijn er twee gekozen; het laagste totaal daarvan is 7,25 punten. "
        "Eén niet-gekozen project heeft een hoger totaal.",
        "Of the three projects on the shortlist, two are selected; the lowest total among them is 7.25 points. One "
        "project that is not selected has a higher total.",
    ),
    "constraint_prices": (
        "De duurste voorwaarde is ‘hoogstens 100.000 euro’: zonder die voorwaarde ligt de som van de totalen 0,25 "
        "punten hoger. Eén van de twee voorwaarden kost niets.",
        "The most costly condition is ‘at most 100,000 euro’: without that condition the sum of totals is 0.25 points "
        "higher. One of the two conditions costs nothing.",
    ),
    "budget": (
        "De oproep: 10.000 euro, volledig uit ‘werkingssubsidie’; de uitvoering: 90.000 euro, waarvan 70% uit "
        "‘reserves’.",
        "The call: 10,000 euro, entirely from ‘operating grant’; the execution: 90,000 euro, of which 70% from "
        "‘reserve funds’.",
    ),
    "budget_lines": (
        "De oproep: 10.000 euro, in twee posten. Het grootst is ‘masterclasses’ (8.000 euro), het kleinst ‘jury’ "
        "(2.000 euro).",
        "The call: 10,000 euro, in two lines. The largest is ‘masterclasses’ (8,000 euro), the smallest ‘jury’ (2,000 "
        "euro).",
    ),
    "pilots_by_month": (
        "De gekozen projecten vragen samen 13.000 euro, verdeeld over twee maanden. Het meest vragen ze in augustus 2030: "
        "9.000 euro. In één maand vragen ze meer dan het budget zou geven als het gelijk over de dagen was verdeeld.",
        "The selected projects ask for 13,000 euro together, spread over two months. They ask for most in August 2030: "
        "9,000 euro. In one month they ask for more than the budget would give if it were spread evenly over the days.",
    ),
    "monthly_load": (
        "In twee van de vijf maanden is er meer personeel aan het werk dan beschikbaar, het meest in maart 2030: 2 "
        "voltijdsequivalenten tegenover 1,5 beschikbaar.",
        "In two of the five months more staff are at work than are available, most of all in March 2030: 2 full-time "
        "equivalents against 1.5 available.",
    ),
    "timeline": (
        "De twee gekozen projecten lopen van 1 juli 2030 tot en met 30 juni 2031; in oktober 2030 zijn ze voor "
        "het eerst alle tegelijk in uitvoering. Het kortste duurt ongeveer zes maanden, het langste ongeveer negen "
        "maanden.",
        "The two selected projects run from 1 July 2030 to 30 June 2031; in October 2030 all of them are under way "
        "together for the first time. The shortest takes about six months, the longest about nine months.",
    ),
    "chosen_groups": (
        "Naar samenwerking komt ‘één organisatie’ het vaakst voor (drie van de vier); naar focus tellen beide groepen "
        "even veel projecten (elk twee); naar bereik komt ‘lokaal’ het vaakst voor (vier van de vier).",
        "By partnership ‘one organisation’ is the most common (three of the four); by focus both groups have the same "
        "number of projects (two each); by reach ‘local’ is the most common (four of the four).",
    ),
    "progress": (
        "Van de negen ideeën zijn er na de masterclasses zeven rijper dan bij de intake, één even rijp en één "
        "minder rijp. Het aantal in het stadium ‘prototype’ stijgt van nul naar drie.",
        "Of the nine ideas, seven are more mature after the masterclasses than at the intake, one equally mature "
        "and one less mature. The number at the stage of ‘prototype’ rises from zero to three.",
    ),
    "attendance": (
        "De aanwezigheid is het hoogst in sessie 2 (tien ideeën, 100%) en het laagst in sessies 1 en 3 (90%). De "
        "tussentijdse toets van haalbaarheid stijgt van gemiddeld 5 naar 7.",
        "Attendance is highest in session 2 (ten ideas, 100%) and lowest in sessions 1 and 3 (90%). The interim "
        "test of feasibility rises from 5 to 7 on average.",
    ),
    "survey": (
        "De instemming is het grootst met ‘De masterclasses hebben ons idee doen rijpen’ (80% van alle deelnemers) en "
        "het kleinst met ‘We zouden opnieuw deelnemen’ (50%). Bij de enige stelling waarbij beide groepen apart staan, "
        "gaan deelnemers met een gekozen project vaker akkoord dan de andere deelnemers.",
        "Agreement is strongest with ‘The masterclasses ripened our idea’ (80% of all participants) and weakest with "
        "‘We would take part again’ (50%). On the one statement where both groups are shown apart, "
        "participants with a selected project agree more often than the other participants.",
    ),
    "survey_answers": (
        "Bij één van de twee stellingen gaat meer dan de helft van de deelnemers akkoord. Het vaakst gaan deelnemers niet "
        "akkoord met ‘We zouden opnieuw deelnemen’ (30%).",
        "On one of the two statements more than half of the participants agree. Participants disagree most often with ‘We "
        "would take part again’ (30%).",
    ),
    "spread": (
        "Meer ideeën dan naar bevolking te verwachten was, kwamen uit deze groep: Antwerpen. Minder ideeën dan te verwachten "
        "was, kwamen uit deze groep: Limburg. In de overige twee groepen ligt het verwachte aantal binnen het interval.",
        "More ideas than the population would lead one to expect came from this group: Antwerpen. Fewer ideas than expected "
        "came from this group: Limburg. In the remaining two groups the number expected lies within the interval.",
    ),
    "paths": (
        "Het vaakst voorgesteld wordt ‘netwerkmoment’ (voor zes van de zeven ideeën); het minst vaak "
        "‘klankbordgroep’ (voor één).",
        "Proposed most often is ‘match-making event’ (for six of the seven ideas); least often ‘sounding board’ "
        "(for one).",
    ),
}


def build_table(name: str, rows: Rows, call: Call) -> pd.DataFrame:
    """Return rows as a table of the types that its contract has."""
    contract = contracts(call)[name]
    return conform(pd.DataFrame(rows, columns=list(contract.columns)), contract)


def draw(plot: str, language: Language, rows: Rows | None = None, call: Call | None = None) -> Figure:
    call = call or small_call()
    name, function = PLOTS[plot]
    return function(build_table(name, ROWS[name] if rows is None else rows, call), Wording(language, call))


@cache
def observe(plot: str, language: Language) -> tuple[Figure, Drawn]:
    """Return the figure of the common table with its texts and where they stand; drawn once for several tests."""
    with pytest.MonkeyPatch.context() as patch:
        drawn = watch_drawing(patch)
        return draw(plot, language), drawn


@pytest.mark.parametrize("plot", PLOTS)
def test_alternative_text_states_the_finding(plot: str) -> None:
    assert tuple(observe(plot, language)[0].alt for language in LANGUAGES) == STATED[plot]


@pytest.mark.parametrize("plot", PLOTS)
def test_same_table_gives_the_same_well_formed_picture(plot: str) -> None:
    first, _ = observe(plot, "nl")
    root = ElementTree.fromstring(first.svg)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert root.get("role") == "img"
    assert root.findtext("{http://www.w3.org/2000/svg}title") == first.caption
    assert draw(plot, "nl") == first


@pytest.mark.parametrize("plot", PLOTS)
def test_empty_table_is_refused(plot: str) -> None:
    with pytest.raises(ValueError, match="found no rows"):
        draw(plot, "nl", rows=[])


@pytest.mark.parametrize("plot", PLOTS)
def test_no_id_is_shown(plot: str) -> None:
    """The ids are English, so that none of them is a word of a Dutch text."""
    figure, drawn = observe(plot, "nl")
    call = small_call()
    sections = (
        *(getattr(call, name) for name in SECTIONS),
        call.scoring.raters,
        call.selection.caps,
        call.selection.quotas,
    )
    items = [item for section in sections for item in section]
    words = {word for item in items for word in item.label.in_language("nl").lower().split()}
    ids = {item.id for item in items} - words
    shown = " ".join([*drawn.texts(), figure.alt, figure.caption]).lower()
    assert len(ids) > 10
    assert not ids & set(re.findall(r"[\w-]+", shown))


LONG = "bibliotheekautomatiseringsprogramma en samenwerkingsovereenkomsten tussen cultuur- en gemeenschapscentra"


def long_call() -> Call:
    """Return the small call with labels that are long and hold long words."""
    call = small_call().model_dump(mode="json", exclude_none=True)
    sections = [*(call[name] for name in SECTIONS), call["scoring"]["raters"], call["selection"]["caps"]]
    for section in sections:
        for position, item in enumerate(section):
            item["label"] = {"nl": f"{LONG} {position}"}
    return Call.model_validate(call)


@pytest.mark.parametrize("plot", PLOTS)
def test_long_dutch_labels_stay_inside_the_picture_and_apart(plot: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = watch_drawing(monkeypatch)
    draw(plot, "nl", call=long_call())
    assert len(drawn.boxes) > 1
    assert drawn.outside() == []
    assert drawn.overlapping() == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("plot", PLOTS)
def test_common_labels_stay_inside_the_picture_and_apart(plot: str, language: Language) -> None:
    _, drawn = observe(plot, language)
    assert len(drawn.boxes) > 1
    assert drawn.outside() == []
    assert drawn.overlapping() == []


def test_numbered_timeline_reads_neither_title_nor_id(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = watch_drawing(monkeypatch)
    call = small_call()
    table = build_table("timeline", ROWS["timeline"], call)[["start", "end"]]
    assert plots.timeline(table, Wording("nl", call), numbered=True).alt == STATED["timeline"][0]
    assert {"project 1", "project 2"} <= drawn.texts()


def test_provinces_are_their_own_label() -> None:
    call = small_call()
    figure = plots.group_counts(
        build_table("distribution", ROWS["distribution"], call), "province", Wording("nl", call)
    )
    assert figure.id == "group-counts-province"
    assert figure.alt == "Het vaakst komt Limburg voor (negen van de negen ideeën); Antwerpen komt niet voor."


@pytest.mark.parametrize(
    ("plot", "rows", "stated"),
    [
        ("group_counts", [("category", "arts", 1, 1.0), ("category", "media", 0, 0.0)],
         "Het enige idee valt onder ‘kunst- en cultuurbeleving’."),
        ("group_counts", [("category", "arts", 3, 0.5), ("category", "media", 3, 0.5)],
         "Beide groepen tellen even veel ideeën: elk drie."),
        ("group_counts", [("category", "arts", 0, 0.0)], "Geen enkele groep telt een idee."),
        ("category_by_kind", [("arts", "library", 1), ("media", "library", 1)],
         "Van alle combinaties van categorie en soort actor komen ‘kunst- en cultuurbeleving’ (bibliotheek) en ‘media- "
         "en fablabs’ (bibliotheek) het vaakst voor, telkens met één idee. Elk van de twee combinaties komt "
         "minstens één keer voor."),
        ("rater_spread", [("p1", "j1", 4.0, 3), ("p2", "j1", 6.0, 3), ("p1", "own", 4.0, 2), ("p2", "own", 6.0, 2)],
         "De mediaan is bij alle twee beoordelaars dezelfde: 5. De scores van jurylid A en het steunpunt lopen het "
         "verst uiteen, telkens over 2 punten."),
        ("ranking", [("p1", 8.0, 8.0, 2, 1, 8.0, True), ("p2", 7.0, 7.0, 2, 2, 7.0, True),
                     ("p3", 7.0, 7.0, 2, 2, 7.0, False)],
         "De drie ideeën halen tussen 7 en 8 punten. De shortlist telt twee projecten; het laagste totaal erop en "
         "het hoogste erbuiten zijn gelijk: 7 punten."),
        ("ranking", [("p1", 1.0, 1.0, 2, 1, 1.0, True)], "Het enige idee haalt 1 punt. Het staat op de shortlist."),
        ("shortlist", [("p1", 1, 8.0, 8.0, True, True, None, None, None, None, None, 1)],
         "Het enige project op de shortlist is gekozen; het laagste totaal is 8 punten."),
        ("constraint_prices", [("money", 1, 1, 0.0, None, None), ("libraries", 1, 2, 0.0, None, None)],
         "Geen enkele van de twee voorwaarden kost iets: zonder een ervan blijft de som van de totalen gelijk."),
        ("budget", [("pilots", "reserves", 500, 0.5), ("pilots", "grant", 500, 0.5), ("call", "grant", 0, 0.0)],
         "De uitvoering: 1.000 euro, vooral uit ‘reserves’ en ‘werkingssubsidie’ (elk 50%)."),
        ("pilots_by_month", [(pd.Timestamp(2030, 7, 1), 1, 4_000, None, 0.5)],
         "De gekozen projecten vragen samen 4.000 euro, verdeeld over één maand. Het meest vragen ze in juli 2030: 4.000 "
         "euro."),
        ("pilots_by_month", [(pd.Timestamp(2030, 7, 1), 1, 0, 5_000, 0.5)],
         "Geen enkel gekozen project zegt hoeveel geld het vraagt."),
        ("pilots_by_month", [(pd.Timestamp(2030, 7, 1), 1, 5_000, 5_000, 0.5)],
         "De gekozen projecten vragen samen 5.000 euro, verdeeld over één maand. Het meest vragen ze in juli 2030: 5.000 "
         "euro. In geen enkele maand vragen ze meer dan het budget zou geven als het gelijk over de dagen was verdeeld."),
        ("monthly_load", [(pd.Timestamp(2030, month, 1), "call", 0.7 * month, 1.5, 0) for month in (1, 2)],
         "In geen enkele van de twee maanden is er meer personeel aan het werk dan beschikbaar; het krapst is februari "
         "2030, met 1,4 voltijdsequivalenten tegenover 1,5 beschikbaar."),
        ("timeline", [("p1", "Een", pd.Timestamp("2030-07-01"), pd.Timestamp("2030-07-31"), 1)],
         "Het enige gekozen project loopt van 1 juli 2030 tot en met 31 juli 2030, ongeveer één maand."),
        ("progress", [("plan", "plan", 2), ("plan", "idea", 1)],
         "Van de drie ideeën zijn er na de masterclasses geen rijper dan bij de intake, twee even rijp en één "
         "minder rijp. Het aantal in het stadium ‘prototype’ blijft nul."),
        ("attendance", [(1, 8, 0.8, None, None), (2, 8, 0.8, None, None)],
         "In elk van de twee sessies is 80% van de ideeën vertegenwoordigd."),
        ("survey", [("again", "all", 9, 0.75, 0.4, 0.93)],
         "Van alle deelnemers gaat 75% akkoord met ‘We zouden opnieuw deelnemen’. Deelnemers met en zonder gekozen "
         "project staan niet apart, omdat een van beide groepen te klein is."),
        ("survey_answers", [("again", answer, 2 * (answer > 3), 0.5 * (answer > 3)) for answer in range(1, 6)],
         "Meer dan de helft van de deelnemers gaat akkoord met ‘We zouden opnieuw deelnemen’; niet akkoord gaat niemand."),
        ("spread", [("province", "Limburg", 3, 1.0, 3.0, 1.0, 0.4, 1.0, 4, 0), ("scale", "city", 3, 1.0, 3.0, 1.0, 0.4, 1.0, 4, 0)],
         "In geen enkele van de twee groepen ligt het aantal dat naar bevolking te verwachten was, buiten het interval."),
        ("paths", [("board", 2), ("market", 2)],
         "Beide vormen van steun worden voor even veel ideeën voorgesteld: elk voor twee."),
    ],
)  # fmt: skip
def test_alternative_text_of_singulars_and_ties(plot: str, rows: Rows, stated: str) -> None:
    assert draw(plot, "nl", rows).alt == stated
    assert len(draw(plot, "en", rows).alt) > 20


def test_large_table_is_drawn_without_collisions(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = watch_drawing(monkeypatch)
    call = small_call(categories=[named(f"c{i}", f"{LONG} {i}", "Label") for i in range(12)])
    rows: Rows = [("category", f"c{i}", 100 + i, 0.05) for i in range(12)]
    draw("group_counts", "nl", rows, call)
    months = pd.date_range("2030-01-01", periods=30, freq="MS")
    draw("monthly_load", "nl", [(month, "pilots", 2.0, 3.0, 1) for month in months])
    assert drawn.outside() == []
    assert drawn.overlapping() == []


def test_a_caption_of_the_survey_tells_its_scale_from_the_declaration() -> None:
    assert "(antwoord 4 of 5 op een schaal van 1 tot 5), met het interval van 95%" in draw("survey", "nl").caption
    assert "(answer 4 or 5 on a scale of 1 to 5), with the 95% interval" in draw("survey", "en").caption


def test_a_group_of_the_survey_has_its_interval_only_where_it_is_shown() -> None:
    pair, alone = draw("survey", "nl"), draw("survey", "nl", [("again", "all", 20, 0.5, 0.3, 0.7)])
    assert pair.svg.count("LineCollection") == 3
    assert alone.svg.count("LineCollection") == 1


def test_a_part_of_the_answers_too_small_for_its_percentage_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = watch_drawing(monkeypatch)
    draw("survey_answers", "en")
    assert {"15%", "50%", "30%", "10%", "20%"} <= drawn.texts()
    assert not {"0%", "5%"} & drawn.texts()
    assert {"1 (disagree)", "2", "3", "4", "5 (agree)"} <= drawn.texts()


def test_only_groups_that_are_no_place_names_are_quoted() -> None:
    rows: Rows = [
        ("province", "Limburg", 9, 0.5, 5.0, 1.8, 1.1, 2.0, 4, 3),
        ("scale", "city", 9, 0.5, 5.0, 1.8, 1.1, 2.0, 4, 3),
    ]
    assert draw("spread", "en", rows).alt.endswith("came from these groups: Limburg and ‘city’.")


def test_the_spread_shows_the_ratio_of_every_group(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = watch_drawing(monkeypatch)
    draw("spread", "nl")
    assert {"1,6 ×", "0,4 ×", "1,25 ×", "0,83 ×", "Antwerpen", "stad", "gemeente"} <= drawn.texts()


def test_what_pilots_ask_for_without_a_budget_is_drawn_without_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = watch_drawing(monkeypatch)
    figure = draw("pilots_by_month", "en", [(pd.Timestamp(2030, month, 1), 1, 4_000, None, 0.5) for month in (7, 8)])
    assert "budget" not in drawn.texts() | {*figure.alt.split(), *figure.caption.split()}
    draw("pilots_by_month", "en")
    assert "budget" in drawn.texts()


def test_load_without_a_known_capacity_names_the_busiest_month_and_draws_no_limit() -> None:
    rows: Rows = [(pd.Timestamp(2030, month, 1), "call", fte, None, 0) for month, fte in ((1, 1.0), (2, 2.5), (3, 2.0))]
    figure = draw("monthly_load", "en", rows)
    assert figure.alt == "Most staff are at work in February 2030: 2.5 full-time equivalents."
    assert "available" not in figure.caption
    assert "februari 2030" in draw("monthly_load", "nl", rows).alt


def test_merged_groups_come_last_and_are_neither_the_most_nor_the_fewest(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: Rows = [("category", "_merged", 7, 0.5), ("category", "media", 5, 0.4), ("category", "arts", 3, 0.1)]
    drawn = watch_drawing(monkeypatch)
    assert draw("group_counts", "en", rows).alt == (
        "Most common is ‘media and fab labs’ (five of the fifteen ideas). Groups with too few ideas to state by "
        "themselves have, together with others, seven."
    )
    labels = [text for text in drawn.texts() if text in {"other groups", "media and fab labs"}]
    assert set(labels) == {"other groups", "media and fab labs"}
    only: Rows = [("category", "_merged", 7, 1.0)]
    assert draw("group_counts", "nl", only).alt == (
        "Groepen met te weinig ideeën om apart te vermelden, tellen er met andere samen zeven."
    )


def test_cells_that_are_not_shown_are_dots_with_their_sum_in_a_column_of_its_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows: Rows = [("arts", "library", 4), ("arts", "_merged", 5), ("media", "_merged", 9)]
    drawn = watch_drawing(monkeypatch)
    figure = draw("category_by_kind", "en", rows)
    assert {"4", "5", "9", "·", "other groups", "arts centre"} <= drawn.texts()
    assert figure.alt.startswith(
        "Of the combinations of category and kind of actor that are stated separately, ‘experience of art and culture’ "
        "(public library) is the most common, with four ideas. Three of the four combinations are not stated separately"
    )
    assert "a dot stands for a number that is not stated separately" in figure.caption
    hidden = draw("category_by_kind", "nl", [("arts", "_merged", 9)])
    assert hidden.alt == "Geen enkele combinatie van categorie en soort actor staat apart vermeld."


def test_a_place_without_an_interval_is_no_place_that_was_compared() -> None:
    rows: Rows = [
        ("province", "Limburg", 9, 0.5, 5.0, 1.8, 1.2, 2.2, 4, 3),
        ("province", "_merged", 3, 0.5, 5.0, 0.6, None, None, 4, 3),
    ]
    alt = draw("spread", "en", rows).alt
    assert alt == "More ideas than the population would lead one to expect came from this group: Limburg."
