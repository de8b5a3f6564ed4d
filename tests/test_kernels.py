"""One notebook in one kernel: parameters are checked before it starts, and a failing cell leaves its executed copy."""

import subprocess
import tempfile
import threading
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from analysis import kernels
from analysis.faults import InputError
from analysis.kernels import NotebookError, Processes, call_aside, execute


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


def test_a_temporary_folder_whose_name_is_too_long_for_sockets_serves_all_the_same(tmp_path):
    notebook, scratch = write_notebook(tmp_path / "long.ipynb", "word = 'default'", "word * 2"), tmp_path / ("x" * 120)
    scratch.mkdir()
    executed = execute(notebook, tmp_path / "copy.ipynb", {"word": "given"}, scratch=scratch)
    assert executed.cells[-1].outputs[0]["data"]["text/plain"] == "'givengiven'"
    assert list(scratch.iterdir()) == []


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


def test_a_cell_that_hangs_is_ended_at_the_limit_and_named(tmp_path):
    notebook = write_notebook(
        tmp_path / "01_wait.ipynb", "amount = 1", "print('so far')", "import time\ntime.sleep(600)"
    )
    with pytest.raises(NotebookError) as caught:
        execute(notebook, tmp_path / "copy.ipynb", {}, limit=2)
    assert (caught.value.cell, caught.value.error) == (3, "CellTimeoutError")
    assert caught.value.message == "the kernel was still busy at the limit of 2 seconds"
    copy = nbformat.read(tmp_path / "copy.ipynb", as_version=4)
    assert copy.metadata.papermill.exception is True
    assert "so far" in str(copy.cells)
    assert "still busy" in str(copy.cells)


def test_a_notebook_whose_processes_are_ended_stops_at_once(tmp_path):
    notebook = write_notebook(tmp_path / "01_wait.ipynb", "amount = 1", "import time\ntime.sleep(600)")
    processes = Processes()
    threading.Timer(2, processes.end).start()
    with pytest.raises(NotebookError, match="DeadKernelError"):
        execute(notebook, tmp_path / "copy.ipynb", {}, processes=processes)
    assert all(process.poll() is not None for process in processes.running)
    with pytest.raises(NotebookError, match="DeadKernelError"):
        execute(notebook, tmp_path / "copy.ipynb", {}, processes=processes)


def test_processes_that_were_ended_are_gone_and_so_are_later_ones():
    processes = Processes()
    first, later = (subprocess.Popen(["sleep", "600"], process_group=0) for _ in range(2))
    processes.add(first)
    assert first.poll() is None
    processes.end()
    assert first.poll() == -9
    processes.add(later)
    assert later.poll() == -9


def test_nothing_is_left_of_a_notebook_beside_its_copy(tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    source = "import tempfile\nprint(tempfile.mkdtemp())"
    notebook = write_notebook(tmp_path / "01_sum.ipynb", "amount = 1", source)
    executed = execute(notebook, tmp_path / "copy.ipynb", {}, scratch=scratch)
    assert executed.cells[-1].outputs[0].text.startswith(str(scratch))
    assert list(scratch.iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"01_sum.ipynb", "copy.ipynb", "scratch"}


def test_a_function_is_called_aside_and_without_fork_here(monkeypatch):
    here = call_aside("os:getpid", [], Processes())
    monkeypatch.setattr(kernels, "CAN_FORK", False)
    assert call_aside("os:getpid", [], Processes()) == __import__("os").getpid() != here
    assert call_aside("tempfile:gettempdir", [], Processes()) == tempfile.gettempdir()
