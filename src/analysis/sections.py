"""The parts of the answer, one function a topic: prose from the texts, with the tables and figures that go with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from markupsafe import Markup

from analysis import plots
from analysis.accounts import describe_staff, show_staff, write_costs
from analysis.appraisal import write_course, write_spread, write_survey
from analysis.blocks import Html, paragraphs
from analysis.certainty import write_certainty
from analysis.chosen import write_choice
from analysis.declarations import GROUPED_BY, Topic
from analysis.exhibits import table_of_chosen
from analysis.figures import order_groups
from analysis.material import Block, Material
from analysis.prospects import say_verdict, show_verdicts, write_paths, write_services


def write_scaling_up(material: Material) -> Iterator[Block]:
    """Yield what was chosen: in outline before the announcement, by name after it."""
    if not _is_chosen(material):
        yield from _statements(material, "scaling_up")
        return
    yield say_verdict(material)
    yield from _statements(material, "scaling_up")
    yield material.say("scaling_up.opening")
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
    yield from show_verdicts(material)


def write_basis(material: Material) -> Iterator[Block]:
    """Yield how proposals were scored and chosen, and what every cap and quota cost."""
    call, wording = material.call, material.wording
    judged = {criterion for rater in call.jurors for criterion in rater.criteria}
    criteria = [wording.label("criteria", item.id) for item in call.scoring.criteria if item.id in judged]
    organisers = [
        rater.label.in_language(wording.language) for rater in call.scoring.raters if rater.role == "organiser"
    ]
    weighed = wording.join_markup(_say_weights(material))
    said = {"criteria": wording.join(criteria), "weighed": weighed, "organiser": wording.join(organisers)}
    yield material.say("basis.opening", **said)
    yield material.say("basis.line")
    totals = material.find("totals", "total", "rank", "shortlisted")
    if totals is not None:
        yield plots.ranking(totals, wording)
    yield from write_certainty(material)
    yield from _statements(material, "basis")
    yield from write_choice(material)


def write_money(material: Material) -> Iterator[Block]:
    """Yield what the call and the pilots cost, by source of funds and year."""
    funds = material.find("budget_funds")
    if funds is None:
        return
    yield material.say("money.call")
    yield from _statements(material, "money")
    yield material.say("money.call_each")
    yield from write_costs(material, funds)
    if _is_chosen(material):
        yield from write_services(material)


def write_staff(material: Material) -> Iterator[Block]:
    """Yield who works on the call and on the pilots, and the load of every month."""
    staff = material.find("phase_staff")
    if staff is None:
        return
    yield from describe_staff(material, staff)
    yield from _statements(material, "staff")
    yield from show_staff(material, staff)


def write_not_selected(material: Material) -> Iterator[Block]:
    """Yield what becomes of the proposals that were not chosen."""
    yield material.say("not_selected.opening")
    yield from _statements(material, "not_selected")
    yield from write_paths(material)


def write_evaluation(material: Material) -> Iterator[Block]:
    """Yield the spread of the proposals, their progress, the survey, and the next call."""
    yield from _statements(material, "evaluation")
    yield from write_spread(material)
    yield from write_course(material)
    yield from write_survey(material)
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


def _say_weights(material: Material) -> Iterator[Markup]:
    """Yield each criterion with its weight; nothing where all weigh the same."""
    for criterion in material.call.scoring.criteria:
        weight = f"call.scoring.weights.{criterion.id}"
        if weight in material.wording.values:
            name = material.wording.label("criteria", criterion.id)
            yield material.wording.html("answer.basis.weight", name=name, weight_id=weight)


def _is_chosen(material: Material) -> bool:
    """Return whether it is known which proposals were chosen, whoever may know which ones."""
    return "selection.chosen" in material.wording.values


def _statements(material: Material, topic: Topic) -> Iterator[Html]:
    for statement in material.call.statements:
        if statement.topic == topic:
            text = statement.text.in_language(material.wording.language)
            yield paragraphs(material.wording.html_of(text))


def _count_list(material: Material, dimension: str) -> Markup:
    """Return the chosen proposals per group as a running list, largest first: seven library, four centre."""
    groups = material.find("chosen_groups")
    if groups is None:
        return Markup("")
    rows = groups[(groups["dimension"] == dimension) & (groups["proposals"] > 0)]
    ordered = order_groups(rows, "group")["group"]
    items = [
        material.wording.html_of(
            "{{ label(section, group) }} ({{ count(name) }})",
            section=GROUPED_BY.get(dimension, dimension), group=group, name=f"selection.{dimension}.{group}",
        )
        for group in ordered
    ]  # fmt: skip
    return material.wording.join_markup(items)
