"""A notebook executed in a forked process of its own has the outputs that a kernel gives."""

from __future__ import annotations

import inspect
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import papermill
import pytest
from nbformat import v4
from papermill.exceptions import PapermillExecutionError

from analysis import children, inprocess
from analysis.children import work_apart
from analysis.dependencies import names_imported

CELLS = {
    "a value and its number": "word * 2",
    "printed lines, joined": "for n in range(3):\n    print(n)",
    "both streams": "import sys\nprint('out')\nprint('err', file=sys.stderr)",
    "several displays": "display('first', 'second')\nNone",
    "a table": "import pandas as pd\npd.DataFrame({'a': [1, 2]})",
    "own form with metadata": (
        "class Own:\n    def _repr_mimebundle_(self, **_):\n"
        "        return {'text/html': '<p>own</p>', 'text/plain': 'own'}, {'text/html': {'id': 'x'}}\n"
        "Own()"
    ),
    "nothing shown for a semicolon": "word;",
    "the last value again": "1 + 1\n_ if False else word",
    "outputs that are cleared": (
        "from IPython.display import clear_output\nprint('gone')\nclear_output()\nprint('stays')"
    ),
    "a magic": "%timeit -n1 -r1 -q pass\nget_ipython().run_line_magic('lsmagic', '') is not None",
    "a blank cell": "",
    "await at the top": "import asyncio\nawait asyncio.sleep(0)\nword",
    "where it runs": "from pathlib import Path\nPath.cwd().name, __name__, Path('beside.txt').read_text()",
}


def write_notebook(folder: Path, cells: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "beside.txt").write_text("beside")
    parameters = v4.new_code_cell("word = 'unset'", metadata={"tags": ["parameters"]})
    code = [v4.new_code_cell(source) for source in cells.values()]
    notebook = v4.new_notebook(cells=[v4.new_markdown_cell("Text"), parameters, *code])
    notebook.metadata["kernelspec"] = {"display_name": "Python 3", "language": "python", "name": "python3"}
    path = folder / "notebook.ipynb"
    nbformat.write(notebook, path)
    return path


def execute(task: tuple[Path, str | None]) -> Any:
    path, engine = task
    inprocess.register()
    return papermill.execute_notebook(
        path,
        None,
        parameters={"word": "set"},
        engine_name=engine,
        kernel_name="python3",
        progress_bar=False,
        resources={"metadata": {"path": str(path.parent)}},
        cwd=None if engine else str(path.parent),
    )


def execute_apart(path: Path) -> Any:
    (outcome,) = work_apart(execute, [(path, inprocess.NAME)], jobs=1, limit=60)
    assert not outcome.failure, outcome.failure
    return outcome.value


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    path = write_notebook(tmp_path_factory.mktemp("engine") / "notebooks", CELLS)
    return execute_apart(path), execute((path, None))


@pytest.mark.parametrize("position", range(len(CELLS)), ids=list(CELLS))
def test_a_cell_has_the_number_and_the_outputs_that_a_kernel_gives_it(executed: tuple[Any, Any], position: int):
    ours, theirs = (notebook.cells[position + 3] for notebook in executed)  # text, parameters, injected parameters
    assert ours.source == theirs.source == list(CELLS.values())[position]
    assert ours.execution_count == theirs.execution_count
    assert ours.outputs == theirs.outputs


def test_the_notebook_keeps_its_parameters_and_the_language_that_a_kernel_tells(executed: tuple[Any, Any]):
    ours, theirs = executed
    assert ours.cells[2].source == theirs.cells[2].source
    assert 'word = "set"' in ours.cells[2].source
    assert ours.metadata.language_info == theirs.metadata.language_info
    assert ours.metadata.papermill.parameters == {"word": "set"}


def test_a_cell_that_raises_stops_the_notebook_and_is_told_by_name(tmp_path: Path):
    path = write_notebook(tmp_path / "notebooks", {"bad": "{}['gone']", "after": "print('never')"})
    (outcome,) = work_apart(execute, [(path, inprocess.NAME)], jobs=1)
    assert "KeyError" in outcome.failure and "'gone'" in outcome.failure


def test_an_error_has_the_words_that_a_kernel_gives(tmp_path: Path):
    path = write_notebook(tmp_path / "notebooks", {"bad": "{}['gone']"})
    with pytest.raises(PapermillExecutionError) as caught:
        execute((path, None))
    (outcome,) = work_apart(describe_failure, [path], jobs=1)
    assert outcome.value == (caught.value.ename, caught.value.evalue, caught.value.cell_index)


def describe_failure(path: Path) -> tuple[str, str, int]:
    try:
        execute((path, inprocess.NAME))
    except PapermillExecutionError as error:
        return error.ename, error.evalue, error.cell_index
    raise AssertionError("it did not fail")


def test_what_one_notebook_does_to_its_process_is_unknown_to_the_next(tmp_path: Path):
    leaves = write_notebook(tmp_path / "one", {"leave": "import json\njson.left = 1\nleft = 1"})
    looks = write_notebook(tmp_path / "two", {"look": "import json\nhasattr(json, 'left'), 'left' in globals()"})
    outcomes = list(work_apart(execute, [(leaves, inprocess.NAME), (looks, inprocess.NAME)], jobs=1))
    assert outcomes[1].value.cells[-1].outputs[0]["data"]["text/plain"] == "(False, False)"


@pytest.mark.parametrize("module", [inprocess, children])
def test_the_module_knows_nothing_of_calls(module: ModuleType):
    assert {name for name in names_imported(inspect.getsource(module)) if name.startswith("analysis")} == set()
