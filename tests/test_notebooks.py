"""The notebooks are thin: a question, parameters, then load, call, show and save."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
import yaml
from test_docs import is_declared

from analysis.call import Call
from analysis.published import Published

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
ALL = sorted(NOTEBOOKS.glob("*.ipynb"))
APART = ("explore", "feedback")  # run by hand, and once for every sheet: no steps of the pipeline
LONGEST_CELL = 10
THICK = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.For, ast.While, ast.Lambda, ast.ListComp, ast.With)


def code_cells(path: Path) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]


def test_the_pipeline_names_exactly_the_notebooks_that_are_there():
    steps = yaml.safe_load((NOTEBOOKS / "pipeline.yml").read_text(encoding="utf-8"))["steps"]
    assert [step["name"] for step in steps] == [path.stem for path in ALL if path.stem not in APART]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_notebook_is_stripped_of_outputs(path):
    assert all(cell.outputs == [] and cell.execution_count is None for cell in code_cells(path))


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_notebook_opens_with_its_title_and_question(path):
    first = nbformat.read(path, as_version=4).cells[0]
    title, _, question = first.source.partition("\n\n")
    assert first.cell_type == "markdown"
    assert title.startswith("# " if path.stem in APART else f"# {path.stem[:2]} ")
    assert len(question) > 20


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_notebook_names_two_parameters_that_are_worth_changing_and_exist(path):
    _, _, listed = nbformat.read(path, as_version=4).cells[0].source.partition("Worth changing:\n")
    parameters = code_cells(path)[0].source
    named = [
        re.match(r"- `([a-z_.]+)` in (the cell below|`(?:call|published)\.yml`): .{20}", line)
        for line in listed.split("\n")
    ]
    assert len(named) == 2
    for name, place in (found.groups() for found in named if found):
        known = (
            f"\n{parameters}".count(f"\n{name} = ") if place == "the cell below" else is_declared(MODELS[place], name)
        )
        assert known, f"{place} knows no {name}"
    assert all(named)


MODELS = {"`call.yml`": Call, "`published.yml`": Published}


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_notebook_has_one_parameters_cell_before_all_other_code(path):
    tagged = ["parameters" in cell.metadata.get("tags", []) for cell in code_cells(path)]
    assert tagged == [True] + [False] * (len(tagged) - 1)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_cell_is_short_and_holds_no_def_class_or_loop(path):
    for cell in code_cells(path):
        assert cell.source.count("\n") < LONGEST_CELL, cell.source
        assert not [node for node in ast.walk(ast.parse(cell.source)) if isinstance(node, THICK)], cell.source


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_a_notebook_takes_tables_from_the_store_only(path):
    source = "\n".join(cell.source for cell in code_cells(path))
    assert not [
        word for word in ("read_csv", "read_parquet", "to_csv", "to_parquet", "open(", "Path(") if word in source
    ]
