"""Executed copies of notebooks without what tells of the machine, its user and the moment."""

import sys
import sysconfig
import tempfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from analysis.copies import strip

ROOT = Path("/srv/my calls")
PACKAGES = sysconfig.get_path("purelib")


def strip_text(text: str, root: Path = ROOT) -> str:
    cell = new_code_cell(outputs=[new_output("stream", name="stderr", text=text)])
    return str(strip(new_notebook(cells=[cell]), root).cells[0].outputs[0].text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("/srv/my calls/data/raw/x/scores.csv, row 2", "data/raw/x/scores.csv, row 2"),
        ("in '/srv/my calls'", "in ''"),
        ("\x1b[32m/srv/my calls/src/x.py:75\x1b[39m", "\x1b[32msrc/x.py:75\x1b[39m"),
        (f"{PACKAGES}/pandas/io/common.py:926: Warning", "…/pandas/io/common.py:926: Warning"),
        (f"\x1b[32m{PACKAGES}/pandas/x.py", "\x1b[32m…/pandas/x.py"),
        (f"{sys.base_prefix}/lib/other/x.py", "…/lib/other/x.py"),
        (f"{tempfile.gettempdir()}/kernel-1/x", "…/kernel-1/x"),
        (f"{Path.home()}/.cache/x", "…/.cache/x"),
        # What is no path of these, or only begins alike, stays.
        ("/srv/my calls-old/data", "/srv/my calls-old/data"),
        ("/mnt/srv/my calls/data", "/mnt/srv/my calls/data"),
        ("a/b and 3/4", "a/b and 3/4"),
    ],
)
def test_paths_lose_the_folder_that_they_begin_with(text: str, left: str) -> None:
    assert strip_text(text) == left


def test_a_root_within_another_such_folder_is_the_one_that_counts(tmp_path: Path) -> None:
    assert strip_text(f"{tmp_path}/data and {tmp_path.parent}/data", tmp_path).startswith("data and …/")


def test_tracebacks_and_errors_are_shortened_and_what_is_shown_is_not() -> None:
    path = f"{ROOT}/data"
    error = new_output("error", ename="OSError", evalue=path, traceback=[f"File {path}:1", path])
    shown = new_output("display_data", data={"text/html": path, "text/plain": path, "image/svg+xml": path})
    first, second = strip(new_notebook(cells=[new_code_cell(path, outputs=[error, shown])]), ROOT).cells[0].outputs
    assert (first.evalue, first.traceback) == ("data", ["File data:1", "data"])
    assert second.data == {"text/html": path, "text/plain": "data", "image/svg+xml": path}


def test_the_moment_and_the_duration_of_a_run_leave_no_trace() -> None:
    def make(second: int) -> nbformat.NotebookNode:
        moment = {"start_time": f"2024-03-01T06:00:0{second}", "end_time": "later", "duration": second}
        cell = new_code_cell("x = 1", metadata={"papermill": {**moment, "status": "completed"}})
        cell.metadata["execution"] = {"iopub.status.busy": moment["start_time"]}
        injected = new_code_cell("call = 'x'", metadata={"tags": ["injected-parameters"], "papermill": moment})
        cell["id"] = "kept"
        head = {"papermill": {**moment, "input_path": "/a", "output_path": "/b", "parameters": {"call": "x"}}}
        return strip(new_notebook(cells=[cell, injected], metadata=head), ROOT)

    one, other = make(1), make(2)
    assert nbformat.writes(one) == nbformat.writes(other)
    nbformat.validate(one)
    assert one.metadata.papermill == {"parameters": {"call": "x"}}
    assert one.cells[0].metadata == {"papermill": {"status": "completed"}}
    assert one.cells[0].id == "kept"


def test_a_notebook_that_papermill_has_not_touched_is_left_as_it_is() -> None:
    notebook = new_notebook(cells=[new_code_cell("x = 1")])
    before = nbformat.writes(notebook)
    assert nbformat.writes(strip(notebook, ROOT)) == before
