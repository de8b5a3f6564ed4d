"""The call: every contradiction in `call.yml` is named with its line, all at once; what is sound is read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path

import pytest
from builders import named, small_call
from pydantic import ValidationError

from analysis.call import Call, read_call
from analysis.declarations import Edition, Text
from analysis.store import Store

Edit = Callable[[str, str, str], None]
Refusal = Callable[[Callable[[], object]], list[str]]
UNKNOWN = "found an unknown key; expected only keys that this file's format has."
# A fault in the call file `green-streets-2024`: what is replaced, by what, and the one line that must be said.
FAULTS = {
    "unknown key": ("  choose: 4\n", "  choose: 4\n  chose: 5\n", f"line 39, selection.chose: {UNKNOWN}"),
    "unknown section": ("selection:\n", "remarks: none\nselection:\n", f"line 36, remarks: {UNKNOWN}"),
    "missing key": (
        "  name: Open Streets Fund\n",
        "",
        "line 4, organiser.name: found no such key; expected a value, for it is required.",
    ),
    "missing section": (
        "title: {en: Green Streets}\n",
        "",
        "title: found no such key; expected a value, for it is required.",
    ),
    "label without text": (
        "label: {en: Trees}",
        "label: {}",
        "line 12, categories.0.label: found {}; expected a text in at least one language (nl, en).",
    ),
    "blank label": (
        "label: {en: Trees}",
        "label: {en: ' '}",
        "line 12, categories.0.label.en: found ' '; expected String should have at least 1 character.",
    ),
    "label in another language": (
        "label: {en: Trees}",
        "label: {en: Trees, fr: Arbres}",
        f"line 12, categories.0.label.fr: {UNKNOWN}",
    ),
    "id in capitals": (
        "id: water",
        "id: Water",
        (
            "line 13, categories.1.id: found 'Water'; "
            "expected String should match pattern '^[a-z0-9]+(?:[-_][a-z0-9]+)*$'."
        ),
    ),
    "id with an accent": (
        "id: water",
        "id: wate\u0301r",
        (
            "line 13, categories.1.id: found 'wat\u00e9r'; "
            "expected String should match pattern '^[a-z0-9]+(?:[-_][a-z0-9]+)*$'."
        ),
    ),
    "id that YAML reads as a flag": (
        "id: water",
        "id: NO",
        (
            "line 13, categories.1.id: found false; "
            "expected no true or false (YAML reads yes and no as these; quotes keep them a text)."
        ),
    ),
    "repeated id": (
        "id: water",
        "id: trees",
        "line 13, categories.1.id: found 'trees'; expected an id that no other item has.",
    ),
    "repeated criterion": (
        "    - {id: support,",
        "    - {id: cost, label: {en: cost}}\n    - {id: support,",
        "line 32, scoring.criteria.3.id: found 'cost'; expected an id that no other item has.",
    ),
    "repeated rater": (
        "id: rater-2",
        "id: rater-1",
        "line 35, scoring.raters.1.id: found 'rater-1'; expected an id that no other item has.",
    ),
    "weight zero": (
        "weight: 2}\n    - {id: cost",
        "weight: 0}\n    - {id: cost",
        "line 29, scoring.criteria.0.weight: found 0; expected greater than 0.",
    ),
    "weight below zero": (
        "upkeep], weight: 2",
        "upkeep], weight: -1",
        "line 35, scoring.raters.1.weight: found -1; expected greater than 0.",
    ),
    "weight without end": (
        "upkeep], weight: 2",
        "upkeep], weight: .inf",
        "line 35, scoring.raters.1.weight: found .inf; expected a finite number.",
    ),
    "weight a flag": (
        "upkeep], weight: 2",
        "upkeep], weight: yes",
        (
            "line 35, scoring.raters.1.weight: found true; "
            "expected no true or false (YAML reads yes and no as these; quotes keep them a text)."
        ),
    ),
    "scale without length": (
        "high: 5",
        "high: 0",
        "line 27, scoring.scale: found {low: 0, high: 0}; expected a high end above the low end (0.0).",
    ),
    "scale that is no number": (
        "high: 5",
        "high: .nan",
        "line 27, scoring.scale.high: found .nan; expected a finite number.",
    ),
    "rater of an unknown criterion": (
        "[benefit, cost, upkeep],",
        "[benefit, costs, upkeep],",
        "line 35, scoring.raters.1.criteria.1: found 'costs'; expected one of benefit, cost, upkeep, support.",
    ),
    "rater of a criterion twice": (
        "[benefit, cost, upkeep],",
        "[benefit, cost, cost],",
        "line 35, scoring.raters.1.criteria.2: found 'cost' again; expected each criterion once.",
    ),
    "tie rule on an unknown criterion": (
        "criterion:benefit",
        "criterion:beauty",
        "line 39, selection.tie_rule: found 'criterion:beauty'; expected one of benefit, cost, upkeep, support.",
    ),
    "unknown tie rule": (
        "criterion:benefit",
        "coin",
        (
            "line 39, selection.tie_rule: found 'coin'; "
            "expected String should match pattern '^(report|median|lottery|criterion:[a-z0-9_-]+)$'."
        ),
    ),
    "more to choose than shortlisted": (
        "choose: 4",
        "choose: 7",
        "line 38, selection.choose: found 7; expected at most the size of the shortlist (6).",
    ),
    "half a proposal": (
        "choose: 4",
        "choose: 4.5",
        "line 38, selection.choose: found 4.5; expected a valid integer, got a number with a fractional part.",
    ),
    "cap of nothing": (
        "maximum: 45000",
        "maximum: 0",
        "line 41, selection.caps.0.maximum: found 0; expected greater than 0.",
    ),
    "cap per something else": (
        "maximum: 45000",
        "maximum: 45000, per: week",
        "line 41, selection.caps.0.per: found 'week'; expected 'total' or 'month'.",
    ),
    "starts that end before they begin": (
        "choose: 4\n",
        "choose: 4\n  starts: {earliest: 2024-06-02, latest: 2024-06-01}\n",
        (
            "line 39, selection.starts: found {earliest: 2024-06-02, latest: 2024-06-01}; "
            "expected a latest start that is not before the earliest (2024-06-02)."
        ),
    ),
    "starts without end": (
        "choose: 4\n",
        "choose: 4\n  starts: {earliest: 2024-06-02}\n",
        "line 39, selection.starts.latest: found no such key; expected a value, for it is required.",
    ),
    "ranking by something else": (
        "choose: 4\n",
        "choose: 4\n  ranked_by: medians\n",
        "line 39, selection.ranked_by: found 'medians'; expected 'totals' or 'expected_ranks'.",
    ),
    "lottery where totals decide": (
        "choose: 4\n",
        "choose: 4\n  lottery: true\n",
        (
            "line 39, selection.lottery: found true where totals decide; "
            "expected ranked_by: expected_ranks, for only these part off a group at the line."
        ),
    ),
    "no alternatives": (
        "choose: 4\n",
        "choose: 4\n  alternatives: 0\n",
        "line 39, selection.alternatives: found 0; expected greater than or equal to 1.",
    ),
    "more alternatives than are listed": (
        "choose: 4\n",
        "choose: 4\n  alternatives: 101\n",
        "line 39, selection.alternatives: found 101; expected less than or equal to 100.",
    ),
    "panel in capitals": (
        "upkeep], weight: 2",
        "upkeep], panel: North",
        (
            "line 35, scoring.raters.1.panel: found 'North'; "
            "expected String should match pattern '^[a-z0-9]+(?:[-_][a-z0-9]+)*$'."
        ),
    ),
    **{
        f"too few {what}": (
            "categories:\n",
            f"uncertainty: {{{what}: {least - 1}}}\ncategories:\n",
            f"line 11, uncertainty.{what}: found {least - 1}; expected greater than or equal to {least}.",
        )
        for what, least in (("draws", 400), ("weights", 100), ("choices", 1))
    },
    **{
        f"too many {what}": (
            "categories:\n",
            f"uncertainty: {{{what}: {most + 1}}}\ncategories:\n",
            f"line 11, uncertainty.{what}: found {most + 1}; expected less than or equal to {most}.",
        )
        for what, most in (("draws", 1_000_000), ("weights", 1_000_000), ("choices", 100_000))
    },
    "quota on an unknown group": (
        "groups: [school]",
        "groups: [school, church]",
        "line 43, selection.quotas.0.groups.1: found 'church'; expected one of residents, school.",
    ),
    "quota on an unknown column": (
        "column: actor_kind",
        "column: colour",
        (
            "line 43, selection.quotas.0.column: found 'colour'; "
            "expected 'category', 'partnership', 'actor_kind', 'reach', 'focus', 'province' or 'scale'."
        ),
    ),
    "quota on an unknown reach": (
        "column: actor_kind, groups: [school]",
        "column: reach, groups: [global]",
        "line 43, selection.quotas.0.groups.0: found 'global'; expected one of local, regional.",
    ),
    "quota without bound": (
        ", minimum: 2, source: rules}",
        ", source: rules}",
        (
            "line 43, selection.quotas.0: found {id: schools, label: {en: projects of schools}, column: actor_kind, groups: [school], source: rules}; "
            "expected a minimum, a maximum or both."
        ),
    ),
    "quota with a minimum above its maximum": (
        "minimum: 2",
        "minimum: 2, maximum: 1",
        (
            "line 43, selection.quotas.0: found {id: schools, label: {en: projects of schools}, column: actor_kind, groups: [school], minimum: 2, maximum: 1, source: rules}; "
            "expected a maximum of at least the minimum (2)."
        ),
    ),
    "quota of more than are chosen": (
        "minimum: 2",
        "minimum: 5",
        "line 43, selection.quotas.0.minimum: found 5; expected at most the number to choose (4).",
    ),
    "period that ends before it starts": (
        "end: 2024-02-01",
        "end: 2023-02-01",
        (
            "line 45, dates.submission: found {start: 2024-01-01, end: 2023-02-01, source: rules}; "
            "expected an end that is not before the start (2024-01-01)."
        ),
    ),
    "dates in the wrong order": (
        "date: 2024-04-01",
        "date: 2024-02-01",
        "line 47, dates.announcement: found 2024-02-01; expected a day not before scoring (2024-03-01).",
    ),
    "scoring before the submission": (
        "scoring: {start: 2024-03-01",
        "scoring: {start: 2023-12-31",
        "line 46, dates.scoring: found 2023-12-31; expected a day not before submission (2024-01-01).",
    ),
    "masterclasses before the submission": (
        "  scoring: {start",
        "  masterclasses: {start: 2023-11-01, end: 2023-12-01, source: rules}\n  scoring: {start",
        "line 46, dates.masterclasses: found 2023-11-01; expected a day not before submission (2024-01-01).",
    ),
    "execution over before the announcement": (
        "execution: {start: 2024-04-15, end: 2024-12-31",
        "execution: {start: 2024-02-15, end: 2024-03-31",
        "line 48, dates.execution: found 2024-03-31; expected an end not before the announcement (2024-04-01).",
    ),
    "day that does not exist": (
        "date: 2024-04-01",
        "date: 2024-04-31",
        (
            "line 47, dates.announcement.date: found '2024-04-31'; "
            "expected a valid date or datetime, day value is outside expected range."
        ),
    ),
    "day written otherwise": (
        "as_of: 2024-04-01",
        "as_of: 1/4/2024",
        "line LAST, editions.0.as_of: found '1/4/2024'; expected a day as YYYY-MM-DD.",
    ),
    "day that is a number": (
        "as_of: 2024-04-01",
        "as_of: 0",
        "line LAST, editions.0.as_of: found 0; expected a day as YYYY-MM-DD.",
    ),
    "day that is a number as text": (
        "as_of: 2024-04-01",
        "as_of: '0'",
        "line LAST, editions.0.as_of: found '0'; expected a day as YYYY-MM-DD.",
    ),
    "phase of unknown name": (
        "- id: pilots",
        "- id: pilot",
        "line 50, phases.0.id: found 'pilot'; expected 'call' or 'pilots'.",
    ),
    "sections that are lists": (
        "organiser:\n  name: Open Streets Fund\n  description: {en: a fictional fund for greener neighbourhoods}\n",
        "organiser: [Open Streets Fund]\n",
        "line 4, organiser: found [Open Streets Fund]; expected keys with their values.",
    ),
}


@pytest.mark.parametrize(("old", "new", "fault"), list(FAULTS.values()), ids=list(FAULTS))
def test_a_fault_in_a_call_is_named_with_its_line_and_key(
    store: Store, edit: Edit, refusal: Refusal, old: str, new: str, fault: str
) -> None:
    edit("call.yml", old, new)
    last = len((store.raw / "call.yml").read_text(encoding="utf-8").splitlines())
    assert refusal(lambda: store.call) == [f"call.yml, {fault.replace('LAST', str(last))}"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("choose: 4", "choose: 6"),
        ("minimum: 2", "minimum: 4"),
        ("minimum: 2", "minimum: 2, maximum: 2"),
        ("minimum: 2", "maximum: 0"),
        ("date: 2024-04-01", "date: 2024-03-01"),
        ("scoring: {start: 2024-03-01", "scoring: {start: 2024-01-01"),
        ("execution: {start: 2024-04-15, end: 2024-12-31", "execution: {start: 2024-04-01, end: 2024-04-01"),
        ("upkeep], weight: 2", "upkeep], weight: 0.001"),
        ("upkeep], weight: 2", "upkeep], panel: north"),
        ("choose: 4\n", "choose: 4\n  alternatives: 1\n"),
        ("choose: 4\n", "choose: 4\n  alternatives: 100\n"),
        ("choose: 4\n", "choose: 4\n  lottery: true\n  ranked_by: expected_ranks\n"),
        ("choose: 4\n", "choose: 4\n  lottery: false\n"),
        ("choose: 4\n", "choose: 4\n  starts: {earliest: 2024-06-01, latest: 2024-06-01}\n"),
        ("categories:\n", "uncertainty: {draws: 400, weights: 100, choices: 1}\ncategories:\n"),
        ("categories:\n", "uncertainty: {draws: 1000000, weights: 1000000, choices: 100000}\ncategories:\n"),
    ],
)
def test_what_lies_on_a_bound_is_accepted(store: Store, edit: Edit, old: str, new: str) -> None:
    edit("call.yml", old, new)
    assert store.call.id == "green-streets-2024"


def test_five_faults_in_five_sections_are_named_in_one_message(store: Store, edit: Edit, refusal: Refusal) -> None:
    edit("call.yml", "  name: Open Streets Fund\n", "")  # the lines below move up by one
    edit("call.yml", "letter:\n", "letter:\n  adress: Town Hall\n")
    edit("call.yml", "weight: 2}\n", "weight: -2}\n")
    edit("call.yml", "groups: [school]", "groups: [church]")
    edit("call.yml", "date: 2024-04-01", "date: 2024-02-01")
    assert refusal(lambda: store.call) == [
        "call.yml, line 4, organiser.name: found no such key; expected a value, for it is required.",
        "call.yml, line 28, scoring.criteria.0.weight: found -2; expected greater than 0.",
        f"call.yml, line 55, letter.adress: {UNKNOWN}",
        "call.yml, line 42, selection.quotas.0.groups.0: found 'church'; expected one of residents, school.",
        "call.yml, line 46, dates.announcement: found 2024-02-01; expected a day not before scoring (2024-03-01).",
    ]


def test_an_unknown_key_hides_no_contradiction_of_its_own_section(store: Store, edit: Edit, refusal: Refusal) -> None:
    edit("call.yml", "choose: 4", "choose: 7\n  chose: 4")
    assert refusal(lambda: store.call) == [
        f"call.yml, line 39, selection.chose: {UNKNOWN}",
        "call.yml, line 38, selection.choose: found 7; expected at most the size of the shortlist (6).",
    ]


def test_a_section_at_fault_is_not_compared_with_others(store: Store, edit: Edit, refusal: Refusal) -> None:
    edit("call.yml", "id: residents, label", "id: Residents, label")
    edit("call.yml", "groups: [school]", "groups: [church]")
    (line,) = refusal(lambda: store.call)
    assert line.startswith("call.yml, line 16, actor_kinds.0.id: found 'Residents'")


@pytest.mark.parametrize("section", ["letter", "questions", "dates"])
def test_a_missing_section_is_the_only_fault(store: Store, edit: Edit, refusal: Refusal, section: str) -> None:
    edit("call.yml", f"\n{section}:\n", f"\n{section}s:\n")
    lines = refusal(lambda: store.call)
    assert len(lines) == 2
    assert f"call.yml, {section}: found no such key; expected a value, for it is required." in lines
    assert any(line.endswith(f"{section}s: {UNKNOWN}") for line in lines)


def test_a_quota_on_provinces_waits_for_the_reference_table(store: Store, edit: Edit) -> None:
    edit("call.yml", "column: actor_kind, groups: [school]", "column: province, groups: [Limburg]")
    assert store.call.selection.quotas[0].groups == ("Limburg",)


@pytest.mark.parametrize(("column", "group"), [("reach", "regional"), ("scale", "city"), ("category", "play")])
def test_a_quota_on_a_known_group_is_accepted(store: Store, edit: Edit, column: str, group: str) -> None:
    edit("call.yml", "column: actor_kind, groups: [school]", f"column: {column}, groups: [{group}]")
    assert store.call.selection.quotas[0].column == column


@pytest.mark.parametrize(
    ("rules", "fault"),
    [
        (["similar"], "line 55, paths: found no path with the rule other; expected one, for what fits no other rule."),
        (["other", "other"], "line 57, paths.1.rule: found 'other'; expected a rule that no other path has."),
        (
            ["other", "similar", "similar"],
            "line 58, paths.2.rule: found 'similar'; expected a rule that no other path has.",
        ),
    ],
)
def test_each_rule_leads_to_one_path_and_one_path_takes_what_fits_no_rule(
    store: Store, edit: Edit, refusal: Refusal, rules: list[str], fault: str
) -> None:
    paths = [
        f"  - {{id: path-{n}, label: {{en: A}}, description: {{en: B}}, rule: {rule}{groups}}}"
        for n, rule in enumerate(rules)
        for groups in [", floor: 0.5, fewest: 2, most: 2" if rule == "similar" else ""]
    ]
    edit("call.yml", "letter:\n", "\n".join(["paths:", *paths, "letter:\n"]))
    assert refusal(lambda: store.call) == [f"call.yml, {fault}"]


def test_a_call_names_its_folder(store: Store, edit: Edit, refusal: Refusal) -> None:
    edit("call.yml", "id: green-streets-2024", "id: green-streets-2025")
    assert refusal(lambda: read_call(store.raw)) == [
        "call.yml, id: found 'green-streets-2025'; expected the name of its folder, 'green-streets-2024'."
    ]


def test_a_folder_without_call_file_is_named(tmp_path: Path, refusal: Refusal) -> None:
    assert refusal(lambda: read_call(tmp_path)) == ["call.yml: found no such file; expected a file of this name."]


def test_the_small_call_is_read_as_it_is_written(store: Store) -> None:
    call = read_call(store.raw)
    assert call.ids("categories") == ("trees", "water", "play")
    assert [(c.id, c.weight) for c in call.scoring.criteria] == [
        ("benefit", 2), ("cost", 1), ("upkeep", 1), ("support", 1),
    ]  # fmt: skip
    assert call.dates.announcement.date == date(2024, 4, 1)
    assert (call.selection.choose, call.selection.seed, call.smallest_group) == (4, 0, 5)
    assert call.release[4].start == "announcement"


def test_what_a_call_leaves_open_about_its_choice_has_the_ordinary_value(store: Store, edit: Edit) -> None:
    declared = store.call.selection
    assert (declared.ranked_by, declared.lottery, declared.starts, declared.alternatives) == ("totals", False, None, 10)
    assert {cap.per for cap in declared.caps} == {"total"}
    assert store.call.scoring.panels == {"rater-1": None, "rater-2": None}
    edit("call.yml", "maximum: 45000", "maximum: 45000, per: month")
    edit("call.yml", "choose: 4\n", "choose: 4\n  starts: {earliest: 2024-05-01, latest: 2024-06-01}\n")
    edit("call.yml", "upkeep], weight: 2", "upkeep], panel: north")
    call = read_call(store.raw)
    assert [cap.per for cap in call.selection.caps] == ["month"]
    assert call.selection.starts is not None
    assert (call.selection.starts.earliest, call.selection.starts.latest) == (date(2024, 5, 1), date(2024, 6, 1))
    assert call.scoring.panels == {"rater-1": None, "rater-2": "north"}


def test_labels_come_in_the_language_asked_and_else_in_the_other() -> None:
    call = small_call(funds=[named("reserves", "reserves", "reserve funds"), {"id": "gift", "label": {"nl": "gift"}}])
    assert call.labels("funds", "en") == {"reserves": "reserve funds", "gift": "gift"}
    assert call.labels("funds", "nl") == {"reserves": "reserves", "gift": "gift"}
    assert Text(en="only").in_language("nl") == "only"


def test_the_organiser_is_no_juror() -> None:
    assert [rater.id for rater in small_call().jurors] == ["j1"]


def test_the_name_of_an_edition_leads_back_to_it() -> None:
    edition = Edition(as_of=date(2030, 6, 1), audience="internal", language="en")
    assert edition.name == "2030-06-01-internal-en"
    assert Edition.parse(edition.name) == edition


@pytest.mark.parametrize(
    "name", ["", "2030-06-01", "2030-06-01-public-fr", "2030-06-31-public-nl", "0-public-nl", "a-b-c"]
)
def test_another_name_is_no_edition(name: str) -> None:
    with pytest.raises(ValueError):
        Edition.parse(name)


def test_a_day_may_be_given_as_a_moment_only_at_midnight() -> None:
    assert Edition(as_of=datetime(2030, 6, 1)).as_of == date(2030, 6, 1)
    with pytest.raises(ValidationError):
        Edition(as_of=datetime(2030, 6, 1, 12))


def test_the_call_of_this_repository_is_valid() -> None:
    folder = Path(__file__).parents[1] / "data" / "raw"
    calls = [read_call(path.parent) for path in folder.glob("*/call.yml")]
    assert calls
    assert all(isinstance(call, Call) for call in calls)


def test_a_key_that_is_missing_hides_no_other_fault_of_its_section(store: Store, edit: Edit, refusal: Refusal) -> None:
    edit("call.yml", "  shortlist: 6\n", "")
    edit("call.yml", "groups: [school]", "groups: [shcool]")
    edit("call.yml", "tie_rule: criterion:benefit", "tie_rule: criterion:benifit")
    edit("call.yml", "  scoring: {start: 2024-03-01, end: 2024-03-15, source: rules}\n", "")
    edit("call.yml", "announcement: {date: 2024-04-01", "announcement: {date: 2023-04-01")
    message = "\n".join(refusal(lambda: store.call))
    for place in ("selection.shortlist",):
        assert f"{place}: found no such key; expected a value, for it is required." in message
    assert "groups.0: found 'shcool'; expected one of residents, school." in message
    assert "tie_rule: found 'criterion:benifit'; expected one of benefit, cost, upkeep, support." in message
    assert "dates.announcement: found 2023-04-01; expected a day not before submission (2024-01-01)." in message
