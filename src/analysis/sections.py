"""The parts of the answer, one function a topic: prose from the texts, with the tables and figures that go with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from analysis import maps, plots
from analysis.blocks import Html, bullets, notice, paragraphs
from analysis.declarations import GROUPED_BY, Phase, Topic
from analysis.exhibits import (
    table_of_chosen,
    table_of_funds,
    table_of_prices,
    table_of_reasons,
    table_of_staff,
)
from analysis.figures import quote
from analysis.material import Block, Material


def write_scaling_up(material: Material) -> Iterator[Block]:
    """Yield what was chosen: in outline before the announcement, by name after it."""
    yield from _statements(material, "scaling_up")
    yield material.say("scaling_up.opening")
    yield from _contradictions(material)
    yield material.say("scaling_up.outline", **{name: _count_list(material, name) for name in ("partnership", "focus")})
    groups = material.find("chosen_groups")
    if groups is not None:
        yield plots.chosen_groups(groups, material.wording)
    yield material.say("scaling_up.execution")
    chosen = material.find("chosen", "title")
    named = "announced" if material.announced else "named_before" if chosen is not None else "embargo"
    yield material.say(f"scaling_up.{named}")
    if chosen is not None:
        yield table_of_chosen(material, chosen)
    timeline = material.find("timeline", "title")
    if timeline is not None:
        yield material.say("scaling_up.timeline_lead")
        yield plots.timeline(timeline, material.wording)


def write_basis(material: Material) -> Iterator[Block]:
    """Yield how proposals were scored and chosen, and what every cap and quota cost."""
    call, wording = material.call, material.wording
    judged = {criterion for rater in call.jurors for criterion in rater.criteria}
    criteria = [wording.label("criteria", item.id) for item in call.scoring.criteria if item.id in judged]
    organisers = [
        rater.label.in_language(wording.language) for rater in call.scoring.raters if rater.role == "organiser"
    ]
    yield material.say("basis.opening", criteria=wording.join(criteria), organiser=wording.join(organisers))
    scale = call.scoring.scale
    yield material.say("basis.line", low=scale.low, high=scale.high)
    totals = material.find("totals", "total", "rank", "shortlisted")
    if totals is not None:
        yield plots.ranking(totals, wording)
    yield from _statements(material, "basis")
    yield material.say("basis.choice", departures=wording.values["selection.departures"])
    prices = material.find("constraint_prices")
    if prices is not None:
        yield table_of_prices(material, prices)
    selection = material.find("selection", "reason")
    if selection is not None:
        yield plots.shortlist(selection, wording)
        yield table_of_reasons(material, selection)


def write_money(material: Material) -> Iterator[Block]:
    """Yield what the call and the pilots cost, by source of funds."""
    funds = material.find("budget_funds")
    if funds is None:
        return
    yield material.say("money.call")
    yield from _statements(material, "money")
    yield _pilots_cost(material, funds)
    yield plots.budget(funds, material.wording)
    yield table_of_funds(material, funds)
    yield material.say("money.scaling_up")


def write_staff(material: Material) -> Iterator[Block]:
    """Yield who works on the call and on the pilots, and the load of every month."""
    staff, load = material.find("phase_staff"), material.find("monthly_load")
    if staff is None:
        return
    for phase in material.call.phases:
        if phase.id in set(staff["phase"]):
            yield _staff_of_phase(material, phase)
    yield from _statements(material, "staff")
    yield table_of_staff(material, staff)
    if load is not None:
        yield plots.monthly_load(load, material.wording)


def write_not_selected(material: Material) -> Iterator[Block]:
    """Yield what becomes of the proposals that were not chosen."""
    yield material.say("not_selected.opening")
    yield from _statements(material, "not_selected")
    sizes = material.find("path_sizes")
    if sizes is None:
        return
    yield material.say("not_selected.paths")
    yield bullets(_describe_path(material, path) for path in material.call.paths)
    yield plots.paths(sizes, material.wording)


def write_evaluation(material: Material) -> Iterator[Block]:
    """Yield the spread of the proposals, their progress, the survey, and the next call."""
    yield from _statements(material, "evaluation")
    yield from _spread(material)
    yield material.say("evaluation.progress")
    progress, survey = material.find("progress"), material.find("survey_results")
    if progress is not None:
        yield plots.progress(progress, material.wording)
    yield material.say("evaluation.survey")
    if survey is not None:
        yield plots.survey(survey, material.wording)
    next_call = material.call.dates.next_call
    yield material.say(
        "evaluation.next_call", next_call=next_call.in_language(material.wording.language) if next_call else ""
    )


TOPICS: Mapping[Topic, Callable[[Material], Iterator[Block]]] = {
    "scaling_up": write_scaling_up,
    "basis": write_basis,
    "money": write_money,
    "staff": write_staff,
    "not_selected": write_not_selected,
    "evaluation": write_evaluation,
}


def open_groups(material: Material) -> Iterator[dict[str, str]]:
    """Yield what is said of every group of published figures that does not add up and that nothing explains."""
    sums = material.find("group_sums")
    groups = {group.id: group for group in material.published.groups} if material.published else {}
    for row in sums[sums["verdict"] == "open"].itertuples() if sums is not None else ():
        yield {
            "group": groups[row.group].label.in_language(material.wording.language),
            "sum_id": f"reconciliation.group.{row.group}.sum",
            "total_id": f"reconciliation.group.{row.group}.total",
            "sources": row.sources,
        }


def _statements(material: Material, topic: Topic) -> Iterator[Html]:
    for statement in material.call.statements:
        if statement.topic == topic:
            text = statement.text.in_language(material.wording.language)
            yield paragraphs(material.wording.html_of(text))


def _contradictions(material: Material) -> Iterator[Html]:
    for group in open_groups(material):
        yield notice(material.wording.html("answer.scaling_up.contradiction", **group))


def _count_list(material: Material, dimension: str) -> Markup:
    """Return the chosen proposals per group as a running list, largest first: seven library, four centre."""
    groups = material.find("chosen_groups")
    if groups is None:
        return Markup("")
    rows = groups[(groups["dimension"] == dimension) & (groups["proposals"] > 0)]
    ordered = rows.sort_values("proposals", ascending=False, kind="stable")["group"]
    items = [
        material.wording.html_of(
            "{{ label(section, group) }} ({{ count(name) }})",
            section=GROUPED_BY.get(dimension, dimension), group=group, name=f"selection.{dimension}.{group}",
        )
        for group in ordered
    ]  # fmt: skip
    return Markup(material.wording.join([str(item) for item in items])) if items else Markup("")


def _pilots_cost(material: Material, funds: pd.DataFrame) -> Html:
    wording = material.wording
    pilots = funds[funds["phase"] == "pilots"].sort_values("share", ascending=False)
    phases = [phase for phase in material.call.phases if phase.id == "pilots"]
    years = [str(y) for p in phases for y in range(p.period.start.year, p.period.end.year + 1)]
    most = pilots["fund"].iloc[0] if len(pilots) > 1 else None
    return material.say(
        "money.pilots",
        years=wording.join(years) if years else "",
        one_year=len(years) == 1,
        largest=wording.label("funds", most) if most else "",
        largest_share=f"resources.pilots.{most}.share",
        largest_euro=f"resources.pilots.{most}.euro",
    )


def _staff_of_phase(material: Material, phase: Phase) -> Html:
    prefix = f"resources.{phase.id}"
    context: dict[str, Any] = {
        "phase": phase.label.in_language(material.wording.language),
        "start": phase.period.start,
        "end": phase.period.end,
        "fte_id": f"{prefix}.fte",
        "persons_id": f"{prefix}.persons",
        "months_id": f"{prefix}.person_months",
        "over_id": f"{prefix}.months_over",
        "peak_id": f"{prefix}.peak",
    }
    text = material.wording.html("answer.staff.phase", **context)
    if material.wording.values.get(f"{prefix}.months_over"):
        text += Markup(" ") + material.wording.html("answer.staff.over", **context)
    return paragraphs(text)


def _describe_path(material: Material, path: Any) -> Markup:
    language = material.wording.language
    return material.wording.html(
        "answer.not_selected.path",
        name=path.label.in_language(language),
        description=path.description.in_language(language),
        path_id=f"evaluation.path.{path.id}",
    )


def _spread(material: Material) -> Iterator[Block]:
    counts = material.find("distribution")
    if counts is None:
        return
    yield material.say(
        "evaluation.spread",
        region=material.call.reference.region.in_language(material.wording.language),
        largest=_extremes(material, counts, "max"),
        smallest=_extremes(material, counts, "min"),
    )
    yield plots.group_counts(counts, "category", material.wording)
    crossed, reach = material.find("category_by_kind"), material.find("municipality_reach")
    if crossed is not None:
        yield plots.category_by_kind(crossed, material.wording)
    if reach is not None and reach["proposals"].any():
        yield maps.reach(reach, material.outline, material.wording)


def _extremes(material: Material, counts: pd.DataFrame, which: str) -> dict[str, Any]:
    """Return the categories with the most or the fewest proposals: their names, how many, and an indicator of them."""
    categories = counts[counts["dimension"] == "category"]
    groups = categories.loc[categories["proposals"] == categories["proposals"].agg(which), "group"]
    labels = [material.wording.label("categories", group).lower() for group in groups]
    # Labels such as "communicatie en marketing" run together in a list unless each is quoted.
    names = material.wording.join([quote(label) for label in labels] if len(labels) > 1 else labels)
    return {"names": names, "number": len(groups), "indicator": f"distribution.category.{groups.iloc[0]}"}
