"""One notebook in one kernel: parameters are checked before it starts, and a failing cell leaves its executed copy."""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from analysis.faults import InputError
from analysis.kernels import NotebookError, execute


def write_notebook(path: Path, *sources: str, tag: str = "parameters") -> Path:
    cells = [new_code_cell(source) for source in sources]
    cells[0].metadata["tags"] = [tag]
    kernelspec = {"name": "python3", "language": "python", "display_name": "Python 3"}
    nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": kernelspec}), path)
    return path


def test_a_parameter_replaces_the_default_and_the_copy_names_no_path_of_the_machine(tmp_path):
    notebook = write_notebook(tmp_path / "01_sum.ipynb", "word = 'default'", "print(word.upper())")
    copy = tmp_path / "copies" / "01_sum.ipynb"
    executed = execute(notebook, copy, {"word": "given"})
    assert executed.cells[-1].outputs[0].text == "GIVEN\n"
    assert "GIVEN" in copy.read_text(encoding="utf-8")
    assert str(tmp_path) not in copy.read_text(encoding="utf-8")


def test_an_unknown_parameter_is_refused_before_any_kernel_starts(tmp_path, monkeypatch):
    monkeypatch.setattr("papermill.execute_notebook", lambda *_, **__: pytest.fail("a kernel was started"))
    notebook = write_notebook(tmp_path / "01_sum.ipynb", "amount = 1")
    with pytest.raises(InputError, match=r"found no parameter 'amuont'; expected .*: amount\."):
        execute(notebook, tmp_path / "copy.ipynb", {"amuont": "2"})


def test_a_notebook_without_a_parameters_cell_is_refused(tmp_path):
    notebook = write_notebook(tmp_path / "01_sum.ipynb", "amount = 1", tag="other")
    with pytest.raises(InputError, match="no cell tagged `parameters`"):
        execute(notebook, tmp_path / "copy.ipynb", {})


def test_a_failing_cell_is_named_and_its_executed_copy_stays(tmp_path):
    notebook = write_notebook(tmp_path / "01_sum.ipynb", "amount = 1", "print('so far')", "1 / 0", "print('never')")
    with pytest.raises(NotebookError) as caught:
        execute(notebook, tmp_path / "copy.ipynb", {})
    assert (caught.value.notebook, caught.value.cell, caught.value.error) == ("01_sum.ipynb", 3, "ZeroDivisionError")
    outputs = [cell.get("outputs") for cell in nbformat.read(tmp_path / "copy.ipynb", as_version=4).cells]
    assert any("so far" in str(output) for output in outputs)
    assert not any("never" in str(output) for output in outputs)
