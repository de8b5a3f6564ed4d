"""Reads what is assumed about a call, and checks that it fits the call."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from analysis.call import Call
from analysis.declarations import FIXED_GROUPS
from analysis.documents import read_document
from analysis.faults import Fault, refuse
from analysis.synthesis.assumptions import ASSUMPTIONS, Ideas, Reconstruction, suitable_leads

IDEAS = "reconstruction_ideas.yml"
Lists = tuple[Iterable[str], Iterable[str]]
DRAWN_QUOTAS = ("partnership", "actor_kind", "reach", "focus", "scale")


def read_assumptions(folder: Path, call: Call) -> tuple[Reconstruction, Ideas]:
    """Read what is assumed about a call; raise InputError naming every key that does not fit the call."""
    assumed = read_document(folder / ASSUMPTIONS, Reconstruction)
    ideas = read_document(folder / IDEAS, Ideas)
    refuse([*_faults(folder / ASSUMPTIONS, assumed, call), *_idea_faults(folder / IDEAS, ideas, assumed, call)])
    return assumed, ideas


def _faults(path: Path, assumed: Reconstruction, call: Call) -> Iterator[Fault]:
    for key, (given, known) in _whole_lists(assumed, call).items():
        if set(given) != set(known):
            yield Fault(f"{path}, {key}", ", ".join(given), "each of " + ", ".join(known))
    for key, (given, known) in _parts_of_lists(assumed, call).items():
        if unknown := [name for name in given if name not in known]:
            yield Fault(f"{path}, {key}", ", ".join(unknown), "one of " + ", ".join(known))
    yield from _impossible_choice(path, assumed, call)
    yield from _unnamed_actors(path, assumed)


def _whole_lists(assumed: Reconstruction, call: Call) -> Mapping[str, Lists]:
    """Return what the assumptions say something of for each item of the call, beside these items."""
    intake = assumed.intake
    return {
        "intake.categories": (intake.categories, call.ids("categories")),
        "intake.partnerships": (intake.partnerships, call.ids("partnerships")),
        "intake.leads": (intake.leads, call.ids("partnerships")),
        "scores.criteria": (assumed.scores.criteria, [criterion.id for criterion in call.scoring.criteria]),
        "survey.means": (assumed.survey.means, call.ids("survey_questions")),
        "phases": (assumed.phases, call.ids("phases")),
    }


def _parts_of_lists(assumed: Reconstruction, call: Call) -> Mapping[str, Lists]:
    """Return what the assumptions name, beside what the call knows."""
    kinds, funds = call.ids("actor_kinds"), call.ids("funds")
    known = {"partnership": call.ids("partnerships"), "focus": call.ids("focuses"), "reach": FIXED_GROUPS["reach"]}
    counts = assumed.chosen.counts.items()
    return {
        **{f"intake.leads.{name}": (leads, kinds) for name, leads in assumed.intake.leads.items()},
        **{f"phases.{name}.funds": (phase.funds, funds) for name, phase in assumed.phases.items()},
        **{f"chosen.counts.{column}": (groups, known[column]) for column, groups in counts},
    }


def _impossible_choice(path: Path, assumed: Reconstruction, call: Call) -> Iterator[Fault]:
    chosen, choose = assumed.chosen, call.selection.choose
    for column, counts in chosen.counts.items():
        if sum(counts.values()) != choose:
            yield Fault(f"{path}, chosen.counts.{column}", f"{sum(counts.values())} in all", f"the {choose} to choose")
    spare = min(call.selection.shortlist - choose, choose)
    limits = {"cross_sector": choose, "starts": choose, "kept_out": spare}
    for key, most in limits.items():
        if getattr(chosen, key) > most:
            yield Fault(f"{path}, chosen.{key}", str(getattr(chosen, key)), f"at most {most}")
    for quota in call.selection.quotas:
        if quota.column not in DRAWN_QUOTAS:
            expected = "quotas on " + ", ".join(DRAWN_QUOTAS) + ", for a choice can be drawn for those only"
            yield Fault(f"{path.with_name('call.yml')}, selection.quotas, {quota.id}", quota.column, expected)


def _unnamed_actors(path: Path, assumed: Reconstruction) -> Iterator[Fault]:
    for (kind, partnership, reach), rule in assumed.first_rules.items():
        if rule is None:
            found = f"no rule for a {kind} with the partnership {partnership} and a {reach} reach"
            yield Fault(f"{path}, actors.rules", found, "a rule for every kind of lead actor")


def _idea_faults(path: Path, ideas: Ideas, assumed: Reconstruction, call: Call) -> Iterator[Fault]:
    if set(ideas.ideas) != set(call.ids("categories")):
        yield Fault(f"{path}, ideas", ", ".join(ideas.ideas), "each of " + ", ".join(call.ids("categories")))
    known = {"partnerships": call.ids("partnerships"), "focuses": call.ids("focuses"), "leads": call.ids("actor_kinds")}
    umbrellas = ("none", *call.ids("umbrella_fields"))
    for category, listed in ideas.ideas.items():
        for position, idea in enumerate(listed):
            place = f"{path}, ideas.{category}.{position}"
            for key, allowed in {**known, "umbrella": umbrellas}.items():
                given = [idea.umbrella] if key == "umbrella" else getattr(idea, key)
                if unknown := [name for name in given if name not in allowed]:
                    yield Fault(f"{place}.{key}", ", ".join(unknown), "one of " + ", ".join(allowed))
            if not any(suitable_leads(idea, partnership, assumed) for partnership in idea.partnerships):
                yield Fault(f"{place}.leads", ", ".join(idea.leads), "a kind that leads one of the idea's partnerships")
