"""How the call went, as the answer tells it: the spread of the ideas, the masterclasses, and the survey."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
from markupsafe import Markup

from analysis import maps, plots
from analysis.blocks import Html, paragraphs, table
from analysis.declarations import MERGED
from analysis.figures import quote
from analysis.indicators import name_group
from analysis.material import NO_VALUE, Block, Material
from analysis.wording import take


def write_spread(material: Material) -> Iterator[Block]:
    """Yield over which categories, kinds and places the ideas are spread, beside the population."""
    counts = material.find("distribution")
    if counts is None:
        return
    yield _say_counts(material, counts)
    yield plots.group_counts(counts, "category", material.wording)
    crossed, reach = material.find("category_by_kind"), material.find("municipality_reach")
    if crossed is not None:
        yield plots.category_by_kind(crossed, material.wording)
    yield material.say("evaluation.evenness")
    spread = material.find("spread")
    if spread is not None:
        yield material.say("evaluation.expected", **_departures(material, spread))
        yield plots.spread(spread, material.wording)
        yield table_of_spread(material, spread)
    yield material.say("evaluation.white_spots")
    if reach is not None and reach["proposals"].ne(0).fillna(True).any():  # one left out is too small, and not zero
        yield maps.reach(reach, material.outline, material.wording)
    white_spots = material.find("white_spots")
    if white_spots is not None:
        yield table_of_white_spots(material, white_spots)


def write_course(material: Material) -> Iterator[Block]:
    """Yield how far the ideas came in the masterclasses, who attended, and what that goes together with."""
    progress, attendance = material.find("progress"), material.find("attendance")
    yield material.say("evaluation.progress")
    if progress is not None:
        yield plots.progress(progress, material.wording)
    yield material.say("evaluation.tests")
    if attendance is not None:
        yield plots.attendance(attendance, material.wording)
    associations = material.find("associations")
    if associations is None:
        return
    told = [material.wording.html(f"answer.evaluation.association.{name}") for name in ("progress", "total")]
    yield paragraphs(Markup(" ").join([*told, material.wording.html("answer.evaluation.association.caution")]))
    for row in associations[associations["obstacle"].notna()].to_dict("records"):
        texts = {"outcomes": row["with"], "reasons": row["obstacle"]}
        said = {key: material.plain(f"evaluation.association.{key}.{text}") for key, text in texts.items()}
        yield material.say("evaluation.association.obstacle", outcome=said["outcomes"], reason=said["reasons"])


def write_survey(material: Material) -> Iterator[Block]:
    """Yield who answered the survey and what they answered, chosen beside not chosen."""
    period = material.call.dates.survey
    closed = period is not None and material.edition.as_of > period.end
    yield material.say("evaluation.survey", closed=closed)
    results, answers = material.find("survey_results"), material.find("survey_answers")
    if results is not None:
        everyone = results[results["group"] == "all"].set_index("question")["agreeing"]
        most, least = (
            _name_extremes(material, "survey_questions", everyone, "evaluation.agreeing", which)
            for which in ("max", "min")
        )
        yield material.say("evaluation.agreement", most=most, least=least)
    yield material.say("evaluation.groups")
    if results is not None:
        yield plots.survey(results, material.wording)
    if answers is not None:
        yield plots.survey_answers(answers, material.wording)


def table_of_spread(material: Material, spread: pd.DataFrame) -> Html:
    """Return per province and scale the ideas, those to be expected, the ratio with its interval, and the reach."""
    decimals = {"proposals": 0, "expected": 1, "ratio": 2}
    rows = []
    for row in spread.to_dict("records"):
        places = take("spread", row, "low", "high", "reached", "municipalities")
        rows.append(
            [
                material.label(row["dimension"], row["group"]),
                *(material.cell("number", row[name], f"spread.{name}", decimals=decimals[name]) for name in decimals),
                material.cell_text("evaluation.between", x=places["low"], y=places["high"])
                if places["low"] is not None
                else NO_VALUE,
                material.cell_text("evaluation.part", x=places["reached"], y=places["municipalities"])
                if places["reached"] is not None
                else NO_VALUE,
            ]
        )
    names = list(material.headings("evaluation.spread_headings").values())
    caption = material.wording.html("answer.evaluation.spread_caption")
    return table(caption, names, rows, numeric=(1, 2, 3, 4, 5))


def table_of_white_spots(material: Material, white_spots: pd.DataFrame) -> Html:
    """Return per province the municipalities that no idea involves: how many, how many people, and their names."""
    wording, figures = material.wording, ("white_spots", "white_spots.population")
    rows = [
        [
            str(province),
            *(wording.show("number", f"distribution.province.{name_group(str(province))}.{name}") for name in figures),
            wording.join(list(own["name"])),
        ]
        for province, own in white_spots.groupby("province")
    ]
    names = list(material.headings("evaluation.white_spots_headings").values())
    return table(material.plain("evaluation.white_spots_caption"), names, rows, numeric=(1, 2))


def _say_counts(material: Material, counts: pd.DataFrame) -> Html:
    categories = counts[counts["dimension"] == "category"].set_index("group")["proposals"]
    region = material.call.reference.region if material.call.reference else None
    named, prefix = categories.drop(MERGED, errors="ignore"), "distribution.category"
    return material.say(
        "evaluation.spread",
        region=region.in_language(material.wording.language) if region else "",
        largest=_name_extremes(material, "categories", named, prefix, "max") if len(named) else None,
        smallest=_name_extremes(material, "categories", named, prefix, "min") if named.equals(categories) else None,
    )


def _name_extremes(material: Material, section: str, values: pd.Series, prefix: str, which: str) -> dict[str, Any]:
    """Return the groups with the highest or the lowest value: their names, how many, and the indicator of one of them.

    The indicator is that of the prefix and the group.
    """
    groups = values.index[values == values.agg(which)]
    labels = [material.wording.label(section, str(group)) for group in groups]
    if section == "survey_questions":
        names = [quote(label) for label in labels]
    else:  # labels such as "communicatie en marketing" run together in a list unless each is quoted
        names = [quote(label.lower()) for label in labels] if len(labels) > 1 else [labels[0].lower()]
    return {"names": material.wording.join(names), "number": len(groups), "indicator": f"{prefix}.{groups[0]}"}


def _departures(material: Material, spread: pd.DataFrame) -> dict[str, Markup]:
    """Return the provinces with more and with fewer ideas than expected, beyond their interval, as running lists."""
    provinces = spread[spread["dimension"] == "province"]
    beyond = {"above": provinces[provinces["low"] > 1], "below": provinces[provinces["high"] < 1]}
    return {side: _list_provinces(material, rows) for side, rows in beyond.items()}


def _list_provinces(material: Material, rows: pd.DataFrame) -> Markup:
    items = []
    for province in rows["group"]:
        name = f"distribution.province.{name_group(province)}"
        ids = {"submitted_id": f"{name}.submitted", "expected_id": f"{name}.expected"}
        items.append(material.wording.html("answer.evaluation.province", province=province, **ids))
    return material.wording.join_markup(items)
