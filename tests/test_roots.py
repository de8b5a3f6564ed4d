"""The root of a command: a folder as it is, or a copy of what a URL leads to; files are named as the user knows them."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_storage import CALL, FILES, put, read

from analysis import leases
from analysis.faults import Fault, InputError
from analysis.kernels import NotebookError
from analysis.opening import open_root
from analysis.roots import at_root, is_running_at, name_of, refuse_url


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the URL of a root that holds a small call."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(leases, "SETTLE", 0.0)
    put(f"memory://{tmp_path.name}", FILES)
    return f"memory://{tmp_path.name}"


@pytest.mark.parametrize("root", ["/srv/calls", "file:///srv/calls"])
def test_a_folder_needs_no_copy(root: str):
    with at_root(root, CALL, writes=True) as folder:
        assert folder == refuse_url(root) == Path("/srv/calls")
        assert name_of(folder / "x") == "/srv/calls/x"
        assert not is_running_at(folder)


def test_a_root_that_was_not_told_is_left_to_be_found():
    with at_root(None, CALL) as folder:
        assert folder is None


def test_what_was_written_to_a_copy_is_sent_and_is_named_by_its_url(url: str, capsys: pytest.CaptureFixture[str]):
    made = f"data/processed/{CALL}/ranking.parquet"
    with at_root(url, CALL, writes=True) as folder:
        assert folder is not None and is_running_at(folder)
        (folder / made).write_text("ranks")
    assert name_of(folder / made) == f"{url}/{made}"
    assert read(url) == {**FILES, made: "ranks"}
    assert capsys.readouterr().err == f"sent to {url}/reports/{CALL}\n"


def test_what_is_only_read_is_not_sent_and_tells_of_runs_that_go_on(url: str, capsys: pytest.CaptureFixture[str]):
    with at_root(url, CALL, sheets=True) as folder:
        assert folder is not None and not is_running_at(folder)
        assert (folder / "reports" / CALL / "sheets" / "G01.html").is_file()
        (folder / "data" / "processed" / CALL / "ranking.parquet").write_text("ranks")
        with open_root(url, CALL):
            assert is_running_at(folder)
    assert read(url) == FILES
    assert capsys.readouterr().err == ""


def test_faults_name_files_by_their_url(url: str):
    with pytest.raises(InputError) as caught, at_root(url, CALL, writes=True) as folder:
        raise InputError([Fault(f"{folder}/data/raw/x.csv, row 3", f"no {folder}", "one")])
    assert caught.value.faults == (Fault(f"{url}/data/raw/x.csv, row 3", f"no {url}", "one"),)
    assert read(url) == FILES


def test_what_a_notebook_says_of_its_input_names_files_by_their_url_and_its_copy_where_it_lies(url: str):
    with pytest.raises(NotebookError) as caught, at_root(url, CALL, writes=True) as folder:
        assert folder is not None
        raise NotebookError("01_ingest.ipynb", 2, "InputError", f"{folder}/x: found no such table", folder / "copy")
    assert (caught.value.message, caught.value.copy) == (f"{url}/x: found no such table", folder / "copy")


def test_a_command_that_works_in_a_folder_refuses_a_url_in_one_message():
    with pytest.raises(InputError, match=r"--root: found s3://bucket/x; expected a folder") as caught:
        refuse_url("s3://user:word@bucket/x")
    assert len(caught.value.faults) == 1
