"""Steps: data flow one way, every table has one maker, and the pipeline of this repository keeps to it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.steps import Pipeline, read_pipeline

Refusal = Callable[[Callable[[], object]], list[str]]
NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
STEPS = """\
steps:
  - name: 01_sow
    makes: [seeds, beds]
  - name: 02_grow
    needs: [seeds]
    makes: [plants]
  - name: 03_sell
    per_edition: true
    needs: [plants, beds]
"""


@pytest.fixture
def read(tmp_path: Path) -> Callable[[str], Pipeline]:
    def write_and_read(text: str) -> Pipeline:
        (tmp_path / "pipeline.yml").write_text(text)
        return read_pipeline(tmp_path)

    return write_and_read


Read = Callable[[str], Pipeline]


def test_steps_are_read_in_their_order(read: Read) -> None:
    pipeline = read(STEPS)
    assert [(step.name, step.needs, step.makes, step.per_edition) for step in pipeline.steps] == [
        ("01_sow", (), ("seeds", "beds"), False),
        ("02_grow", ("seeds",), ("plants",), False),
        ("03_sell", ("plants", "beds"), (), True),
    ]


def test_a_step_is_found_by_its_name_and_by_what_it_makes(read: Read) -> None:
    pipeline = read(STEPS)
    assert pipeline.step("02_grow").makes == ("plants",)
    assert pipeline.maker("beds").name == "01_sow"
    with pytest.raises(KeyError, match="02_mow"):
        pipeline.step("02_mow")
    with pytest.raises(KeyError, match="weeds"):
        pipeline.maker("weeds")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (
            "needs: [seeds]",
            "needs: [seeds, plants]",
            "line 5, steps.1.needs.1: found 'plants'; expected a table that an earlier step makes.",
        ),
        (
            "needs: [seeds]",
            "needs: [seeds, fruit]",
            "line 5, steps.1.needs.1: found 'fruit'; expected a table that an earlier step makes.",
        ),
        (
            "makes: [plants]",
            "makes: [plants, beds]",
            "line 6, steps.1.makes.1: found 'beds'; expected one maker for each table; 01_sow makes it too.",
        ),
        (
            "makes: [seeds, beds]",
            "makes: [seeds, beds, seeds]",
            "line 3, steps.0.makes.2: found 'seeds'; expected one maker for each table; 01_sow makes it too.",
        ),
        ("02_grow", "04_grow", "line 7, steps.2.name: found '03_sell'; expected a name that sorts after '04_grow'."),
        ("03_sell", "02_grow", "line 7, steps.2.name: found '02_grow'; expected a name that sorts after '02_grow'."),
        (
            "02_grow",
            "grow",
            r"line 4, steps.1.name: found 'grow'; expected String should match pattern '^\d\d_[a-z]+$'.",
        ),
        (
            "needs: [seeds]",
            "reads: [seeds]",
            "line 5, steps.1.reads: found an unknown key; expected only keys that this file's format has.",
        ),
    ],
)
def test_a_fault_in_the_pipeline_is_named_with_its_line(
    read: Read, refusal: Refusal, old: str, new: str, fault: str
) -> None:
    assert old in STEPS
    assert refusal(lambda: read(STEPS.replace(old, new, 1))) == [f"pipeline.yml, {fault}"]


def test_a_pipeline_has_steps(read: Read, refusal: Refusal) -> None:
    (line,) = refusal(lambda: read("steps: []\n"))
    assert line.startswith("pipeline.yml, line 1, steps: found []")


def test_the_pipeline_of_this_repository_is_valid_and_has_a_notebook_per_step() -> None:
    steps = read_pipeline(NOTEBOOKS).steps
    numbered = {path.stem for path in NOTEBOOKS.glob("*.ipynb") if path.name[0].isdigit()}
    assert {step.name for step in steps} == numbered
    assert [step.name for step in steps if step.per_edition] == [steps[-1].name]
