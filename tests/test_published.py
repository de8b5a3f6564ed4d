"""Published figures and sources: hedges are whole, groups can be added up, synthetic records are said to be so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from analysis.documents import read_document
from analysis.published import Published, Sources

Refusal = Callable[[Callable[[], object]], list[str]]
FIGURES = """\
figures:
  - {id: ideas, label: {en: ideas}, value: 99, unit: count, source: A1, indicator: x.ideas}
  - {id: first, label: {en: first}, value: 60, unit: count, source: A2, indicator: x.first}
  - {id: second, label: {en: second}, value: 39, unit: count, source: A2, indicator: x.second, derived: true}
  - {id: cost, label: {en: cost}, value: 1.1e+6, unit: euro, source: A3, indicator: x.cost, hedge: about, tolerance: 0.05}
  - {id: start, label: {en: start}, value: 2016-09-09, unit: date, source: A4, indicator: x.start}
  - {id: some, label: {en: some}, value: null, unit: count, source: A5, indicator: x.some, hedge: several}
groups:
  - {id: all, label: {en: all}, total: ideas, parts: [first, second]}
"""
RELATED = (
    FIGURES.replace("value: 39", "value: 79").replace("x.second, derived: true", "x.first")
    + """\
parts:
  - {part: first, whole: second}
  - {part: ideas, whole: first}
explanations:
  - {kind: part, figures: [first, ideas], text: {en: "Counted on two days."}}
  - {kind: twice, figures: [first, second], text: {en: "Two counts."}}
"""
)
SOURCES = f"""\
synthetic: false
files:
  actors.csv: {{origin: the fund, licence: CC0-1.0, date: 2024-01-01, sha256: {"a1" * 32}}}
"""
KIND = "a date for the unit date, a number for any other."
ADDED = "line 9, groups.0"


def test_figures_and_groups_are_read_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "published.yml").write_text(FIGURES)
    published = read_document(tmp_path / "published.yml", Published)
    assert [figure.value for figure in published.figures] == [99, 60, 39, 1_100_000, date(2016, 9, 9), None]
    assert [figure.derived for figure in published.figures] == [False, False, True, False, False, False]
    assert (published.groups[0].total, published.groups[0].parts) == ("ideas", ("first", "second"))


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "id: first, label",
            "id: ideas, label",
            "line 3, figures.1.id: found 'ideas'; expected an id that no other of the figures has.",
        ),
        ("value: 60", "value: sixty", "line 3, figures.1.value"),
        ("value: 60", "value: .nan", "line 3, figures.1.value"),
        ("value: 60", "value: true", "line 3, figures.1.value: found true; expected no true or false"),
        ("value: 60", "value: '60'", "line 3, figures.1.value"),
        ("unit: euro", "unit: dollar", "line 5, figures.3.unit: found 'dollar'"),
        (", tolerance: 0.05", "", "line 5, figures.3: found "),
        ("tolerance: 0.05", "tolerance: 0", "line 5, figures.3.tolerance: found 0; expected greater than 0."),
        ("tolerance: 0.05", "tolerance: .inf", "line 5, figures.3.tolerance: found .inf; expected a finite number."),
        ("x.first}", "x.first, tolerance: 1}", "line 3, figures.1: found "),
        ("value: null", "value: 3", "line 7, figures.5: found "),
        ("value: 60", "value: null", "line 3, figures.1: found "),
        ("value: 2016-09-09", "value: 3", "line 6, figures.4: found "),
        ("value: 60", "value: 2016-09-09", "line 3, figures.1: found "),
        ("total: ideas", "total: idea", f"{ADDED}.total: found 'idea'; expected the id of a figure in this file."),
        (
            "[first, second]",
            "[first, third]",
            f"{ADDED}.parts.1: found 'third'; expected the id of a figure in this file.",
        ),
        ("[first, second]", "[first, first]", f"{ADDED}.parts.1: found 'first' again; expected each figure once."),
        ("[first, second]", "[first, ideas]", f"{ADDED}.parts.1: found 'ideas' again; expected each figure once."),
        (
            "[first, second]",
            "[first, cost]",
            f"{ADDED}.parts.1: found 'cost' in euro; expected a figure in count, as the total.",
        ),
        (
            "[first, second]",
            "[first, some]",
            f"{ADDED}.parts.1: found 'some', which has no number; expected a figure with a number.",
        ),
        (
            "[first, second]",
            "[first, start]",
            f"{ADDED}.parts.1: found 'start', which has no number; expected a figure with a number.",
        ),
        (
            "[first, second]",
            "[first]",
            f"{ADDED}.parts: found [first]; expected Tuple should have at least 2 items after validation, not 1.",
        ),
        (
            "parts: [first, second]}",
            "parts: [first, second]}\n  - {id: all, label: {en: b}, total: ideas, parts: [second, first]}",
            "line 10, groups.1.id: found 'all'; expected an id that no other of the groups has.",
        ),
    ],
)
def test_a_fault_in_the_figures_is_named_with_its_line(
    tmp_path: Path, refusal: Refusal, old: str, new: str, fault: str
) -> None:
    assert old in FIGURES
    (tmp_path / "published.yml").write_text(FIGURES.replace(old, new, 1))
    lines = refusal(lambda: read_document(tmp_path / "published.yml", Published))
    assert all(line.startswith("published.yml, line ") for line in lines)
    assert lines[0].startswith(f"published.yml, {fault}")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (", tolerance: 0.05", "", "a tolerance for the hedges about, almost, rounded and for no other."),
        ("x.first}", "x.first, tolerance: 1}", "a tolerance for the hedges about, almost, rounded and for no other."),
        ("value: null", "value: 3", "a value for every hedge but most and several, which have none."),
        ("value: 60", "value: null", "a value for every hedge but most and several, which have none."),
        ("value: 2016-09-09", "value: 3", KIND),
        ("value: 60", "value: 2016-09-09", KIND),
    ],
)
def test_hedge_value_and_unit_of_a_figure_fit_each_other(
    tmp_path: Path, refusal: Refusal, old: str, new: str, expected: str
) -> None:
    (tmp_path / "published.yml").write_text(FIGURES.replace(old, new, 1))
    (line,) = refusal(lambda: read_document(tmp_path / "published.yml", Published))
    assert line.endswith(f"; expected {expected}")


def test_groups_are_not_compared_with_figures_that_are_at_fault(tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "published.yml").write_text(
        FIGURES.replace("value: 60", "value: sixty").replace("total: ideas", "total: x")
    )
    lines = refusal(lambda: read_document(tmp_path / "published.yml", Published))
    assert {line.split(":")[0] for line in lines} == {
        "published.yml, line 3, figures.1.value.float",
        "published.yml, line 3, figures.1.value",
    }


def test_sources_are_read_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "SOURCES.yml").write_text(SOURCES)
    sources = read_document(tmp_path / "SOURCES.yml", Sources)
    assert sources.files["actors.csv"].sha256 == "a1" * 32
    assert sources.files["actors.csv"].date == date(2024, 1, 1)


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("synthetic: false", "synthetic: true", "expected a notice to the reader, for the records are synthetic."),
        ("synthetic: false", "synthetic: 3", "line 1, synthetic: found 3; "),
        ("licence: CC0-1.0, ", "", "line 3, files.actors.csv.licence: found no such key; "),
        ("a1a1", "A1a1", "line 3, files.actors.csv.sha256: found 'A1a1"),
        ("a1a1", "a1a", "line 3, files.actors.csv.sha256: found 'a1a"),
        (
            "  actors.csv:",
            f"  actors.csv: {{origin: a, licence: b, date: 2024-01-01, sha256: {'b' * 64}}}\n  actors.csv:",
            "line 4, files.actors.csv: found a key that stands here twice; expected each key once.",
        ),
    ],
)
def test_a_fault_in_the_sources_is_named(tmp_path: Path, refusal: Refusal, old: str, new: str, fault: str) -> None:
    (tmp_path / "SOURCES.yml").write_text(SOURCES.replace(old, new, 1))
    (line,) = refusal(lambda: read_document(tmp_path / "SOURCES.yml", Sources))
    assert line.startswith("SOURCES.yml")
    assert fault in line


def test_relations_and_explanations_are_read_as_they_are_written(tmp_path: Path) -> None:
    (tmp_path / "published.yml").write_text(RELATED)
    published = read_document(tmp_path / "published.yml", Published)
    found = {one.id: one.explanation and one.explanation.en for one in published.contradictions()}
    assert found == {"sum.all": None, "part.ideas.first": "Counted on two days.", "twice.first.second": "Two counts."}


PART, WHY = "published.yml, line 11, parts.0", "published.yml, line 15, explanations.1"
IDLE = "expected none, for no contradiction of this kind is found among these figures."


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("part: first,", "part: third,", f"{PART}.part: found 'third'; expected the id of a figure in this file."),
        ("whole: second", "whole: first", f"{PART}.whole: found 'first' again; expected each figure once."),
        (
            "part: first,",
            "part: cost,",
            f"{PART}.part: found 'cost' in euro; expected a figure in count, as the whole.",
        ),
        (
            "part: first, whole: second",
            "part: start, whole: second",
            f"{PART}.part: found 'start', which has no number; expected a figure with a number.",
        ),
        (
            "whole: second",
            "whole: second, share: ideas",
            f"{PART}.share: found 'ideas' in count; expected a figure in share.",
        ),
        (
            "part: first, whole: second",
            "part: ideas, whole: first",
            "published.yml, line 12, parts.1: found a relation that stands here twice; expected each relation once.",
        ),
        (
            "kind: twice",
            "kind: value",
            f"{WHY}: found an explanation of the kind value for first, second; {IDLE}",
        ),
        (
            "[first, second], text",
            "[ideas, second], text",
            f"{WHY}: found an explanation of the kind twice for ideas, second; {IDLE}",
        ),
        (
            "[first, second], text",
            "[first, third], text",
            f"{WHY}.figures.1: found 'third'; expected the id of a figure in this file.",
        ),
        ("kind: twice", "kind: sum", f"{WHY}.kind: found 'sum'; expected 'part', 'share', 'twice' or 'value'."),
        (
            "[first, second], text",
            "[first, first], text",
            f"{WHY}: found {{kind: twice, figures: [first, first], text: {{en: Two counts.}}}}; expected each figure once.",
        ),
        (
            "text: {en: Two counts.}}",
            "text: {en: Two counts.}}\n  - {kind: twice, figures: [second, first], text: {en: Again.}}",
            "published.yml, line 16, explanations.2: found an explanation of the kind twice for second, first again; "
            "expected each contradiction explained once.",
        ),
        (
            "total: ideas, parts",
            "parts",
            "published.yml, line 9, groups.0: found no total; expected a total, for only shares add up to a whole "
            "that is not published.",
        ),
    ],
)
def test_a_fault_in_the_relations_is_named_with_its_line(
    tmp_path: Path, refusal: Refusal, old: str, new: str, fault: str
) -> None:
    given = RELATED.replace('"', "")
    assert old in given
    (tmp_path / "published.yml").write_text(given.replace(old, new, 1))
    lines = refusal(lambda: read_document(tmp_path / "published.yml", Published))
    assert [line for line in lines if line.startswith(fault)], lines


def test_the_explanation_of_a_group_that_adds_up_is_a_fault(tmp_path: Path, refusal: Refusal) -> None:
    explained = FIGURES.replace("parts: [first, second]", "parts: [first, second], explanation: {en: Why}")
    (tmp_path / "published.yml").write_text(explained)
    (line,) = refusal(lambda: read_document(tmp_path / "published.yml", Published))
    assert line == (
        "published.yml, line 9, groups.0.explanation: found an explanation; expected none, for the published figures of "
        "this group agree."
    )
    (tmp_path / "published.yml").write_text(explained.replace("value: 60", "value: 61"))
    assert read_document(tmp_path / "published.yml", Published).groups[0].explanation is not None


def test_explanations_are_not_called_idle_while_what_they_explain_is_at_fault(tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "published.yml").write_text(RELATED.replace("total: ideas", "sum: ideas, total: ideas"))
    lines = refusal(lambda: read_document(tmp_path / "published.yml", Published))
    assert [line.split(";")[0] for line in lines] == ["published.yml, line 9, groups.0.sum: found an unknown key"]


def test_a_value_too_large_to_be_exact_is_refused(tmp_path: Path, refusal: Refusal) -> None:
    (tmp_path / "published.yml").write_text(FIGURES.replace("value: 60", "value: 1.0e+300"))
    (line,) = refusal(lambda: read_document(tmp_path / "published.yml", Published))
    assert line.endswith("; expected a value of at most 9007199254740991.")
