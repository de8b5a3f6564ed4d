"""Forked kernels: what they show is what ordinary ones show, and nothing of one notebook reaches the next."""

import fcntl
import json
import math
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
import papermill
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from analysis import forking, provisioning
from analysis.forking import CAN_FORK, ForkingError, Parent, find_parent
from analysis.kernels import NotebookError, execute

pytestmark = pytest.mark.skipif(not CAN_FORK, reason="kernels are forked on Linux only; elsewhere ordinary ones run")
KERNELSPEC = {"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}}
SHOWING = [
    "import pandas as pd, numpy as np",
    "pd.DataFrame(np.arange(1200).reshape(40, 30))",
    "pd.DataFrame({'long': ['x' * 200], 'day': pd.to_datetime(['2016-09-09'])})",
    "pd.Series(range(100), name='many')",
    "print(pd.DataFrame(np.eye(25)))",
    "from matplotlib.figure import Figure\nfigure = Figure(figsize=(2, 1))\nfigure.subplots().plot([1, 2], [3, 4])\nfigure",
    "import matplotlib; matplotlib.get_backend(), pd.get_option('display.max_columns'), pd.get_option('display.width')",
]


def notebook(path: Path, *sources: str) -> Path:
    cells = [new_code_cell("word = ''"), *map(new_code_cell, sources)]
    cells[0].metadata["tags"] = ["parameters"]
    path.parent.mkdir(exist_ok=True)
    nbformat.write(new_notebook(cells=cells, metadata=KERNELSPEC), path)
    return path


def outputs(path: Path, engine: str) -> list[list[dict]]:
    executed = papermill.execute_notebook(
        path, None, kernel_name="python3", engine_name=engine, progress_bar=False, cwd=str(path.parent),
        config=forked_config(),
    )  # fmt: skip
    return [json.loads(json.dumps(cell.outputs)) for cell in executed.cells]


def forked_config():
    from traitlets.config import Config

    return Config({"ForkedProvisioner": {"preload": ["pandas", "matplotlib.figure", "analysis.plots"]}})


def last_text(executed: nbformat.NotebookNode) -> str:
    return "".join(output.get("text", "") for output in executed.cells[-1].outputs)


def test_a_forked_kernel_shows_exactly_what_an_ordinary_one_shows(tmp_path: Path):
    path = notebook(tmp_path / "01_show.ipynb", *SHOWING)
    assert outputs(path, "forked") == outputs(path, "nbclient")


def test_notebooks_run_at_once_from_several_threads_show_what_each_shows_alone(tmp_path: Path):
    paths = [notebook(tmp_path / f"{n}" / "01_show.ipynb", *SHOWING, f"print({n})") for n in range(3)]
    with ThreadPoolExecutor(3) as pool:
        executed = list(pool.map(lambda path: execute(path, path.with_name("copy.ipynb"), {}), paths))
    alone = outputs(paths[0], "nbclient")[1:-1]
    for number, shown in enumerate(executed):
        assert last_text(shown) == f"{number}\n"
        assert [json.loads(json.dumps(cell.outputs)) for cell in shown.cells[1:-1]] == alone


def test_each_notebook_has_a_process_of_its_own_in_a_group_of_its_own(tmp_path: Path):
    path = notebook(tmp_path / "01_who.ipynb", "import os\nprint(os.getpid(), os.getpgid(0))")
    seen = [last_text(execute(path, tmp_path / f"{i}.ipynb", {})).split() for i in range(2)]
    assert seen[0][0] == seen[0][1]
    assert seen[0][0] != seen[1][0]
    assert os.getpgid(0) not in {int(group) for _, group in seen}


def test_what_one_notebook_changes_does_not_reach_the_next(tmp_path: Path):
    change = "import os, pandas as pd, random\npd.set_option('display.precision', 2)\npd.answer = 42\nos.environ['LEAK'] = '1'\nos.chdir('/')"
    execute(notebook(tmp_path / "01_change.ipynb", change), tmp_path / "a.ipynb", {})
    look = "import os, pandas as pd\nprint(pd.get_option('display.precision'), hasattr(pd, 'answer'), 'LEAK' in os.environ, os.getcwd())"
    assert (
        last_text(execute(notebook(tmp_path / "02_look.ipynb", look), tmp_path / "b.ipynb", {}))
        == f"6 False False {tmp_path}\n"
    )


def test_two_forked_kernels_draw_different_random_numbers(tmp_path: Path):
    path = notebook(tmp_path / "01_draw.ipynb", "import random, numpy\nprint(random.random(), numpy.random.random())")
    drawn = {last_text(execute(path, tmp_path / f"{i}.ipynb", {})) for i in range(2)}
    assert len(drawn) == 2


def test_a_kernel_that_is_killed_is_reported_and_the_next_one_runs(tmp_path: Path):
    path = notebook(
        tmp_path / "01_die.ipynb", "print('so far')", "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    with pytest.raises(NotebookError, match=r"01_die\.ipynb, code cell 3: DeadKernelError: the kernel ended: it was"):
        execute(path, tmp_path / "a.ipynb", {})
    copy = nbformat.read(tmp_path / "a.ipynb", as_version=4)
    assert copy.metadata.papermill.exception is True
    assert [cell.metadata.papermill.status for cell in copy.cells if cell.cell_type == "code"][-1] == "failed"
    assert "so far" in str(copy.cells)
    assert last_text(execute(notebook(tmp_path / "02_go.ipynb", "print('on')"), tmp_path / "b.ipynb", {})) == "on\n"


def test_without_fork_an_ordinary_kernel_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(provisioning, "CAN_FORK", False)
    monkeypatch.setattr("analysis.kernels.CAN_FORK", False)
    monkeypatch.setattr(provisioning, "find_parent", lambda *_: pytest.fail("a parent was started"))
    path = notebook(tmp_path / "01_go.ipynb", "import os\nprint(os.getppid())")
    assert last_text(execute(path, tmp_path / "a.ipynb", {})) == f"{os.getpid()}\n"


def test_the_parent_of_kernels_ends_when_the_one_that_started_it_does():
    program = "from analysis.forking import Parent\nprint(Parent(['json']).process.pid)"
    asked = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    parent = int(asked.stdout)
    for _ in range(100):
        if not Path(f"/proc/{parent}/cmdline").exists() or not Path(f"/proc/{parent}/cmdline").read_bytes():
            return
        time.sleep(0.1)
    pytest.fail(f"process {parent} is still there")


def test_what_the_parent_cannot_import_is_left_to_the_notebook_that_needs_it(parent_of):
    parent = parent_of("no_such_module", "json")
    assert parent.call("math:sqrt", [9.0]) == 3.0


def test_a_parent_that_ended_says_so_and_the_next_one_is_another(parent_of, tmp_path: Path):
    parent = parent_of()
    parent.process.kill()
    with pytest.raises(ForkingError, match="the parent of kernels ended with status -9"):
        parent.fork([], dict(os.environ), str(tmp_path))
    first = find_parent(("json",))
    assert find_parent(("json",)) is first
    first.process.kill()
    first.process.wait()
    second = find_parent(("json",))
    assert second is not first
    second.close()


@pytest.fixture
def parent_of():
    """Return what starts a parent with these modules; it is ended after the test."""
    parents: list[Parent] = []

    def start(*modules: str, **options: object) -> Parent:
        parents.append(Parent(modules, **options))
        return parents[-1]

    yield start
    for parent in parents:
        parent.close()


def test_a_worker_answers_with_what_its_function_returns_or_raises(parent_of):
    parent = parent_of()
    assert parent.call("os:getppid", []) == parent.process.pid
    assert parent.call("builtins:sorted", [[3, 1, 2]]) == [1, 2, 3]
    with pytest.raises(FileNotFoundError) as caught:
        parent.call("os:stat", ["/no/such/file"])
    assert caught.value.filename == "/no/such/file"
    with pytest.raises(RuntimeError, match="InputError"):
        parent.call("analysis.steps:read_pipeline", [Path("/no/such/folder")])


def test_a_worker_that_is_killed_is_told_from_one_that_answers(parent_of):
    with pytest.raises(ForkingError, match="os:abort ended without an answer: it was killed, or memory ran out"):
        parent_of().call("os:abort", [])


def test_a_kernel_that_fails_as_it_starts_leaves_its_trace(parent_of, tmp_path: Path, capfd: pytest.CaptureFixture):
    process = parent_of().fork([], dict(os.environ), str(tmp_path / "gone"))
    process.wait(20)
    trace = capfd.readouterr().err
    assert trace.startswith("Traceback") and "FileNotFoundError" in trace and str(tmp_path / "gone") in trace


def test_several_threads_may_ask_at_once(parent_of):
    parent = parent_of()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda number: parent.call("math:factorial", [number]), range(8))) == [
            math.factorial(number) for number in range(8)
        ]


def test_what_is_forked_ends_with_its_parent(parent_of):
    parent, started = parent_of(), []
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(parent.call, "time:sleep", [600], started.append)
        while not started:
            time.sleep(0.01)
        parent.process.kill()
        assert started[0].wait(20) == 0
        assert isinstance(answer.exception(20), ForkingError)


def test_what_is_held_is_let_go_only_when_all_that_was_forked_has_ended(parent_of, tmp_path: Path):
    """Such as a lock: the next run must not begin while a kernel of one that was killed still writes."""
    parent, started = parent_of(), []
    with (tmp_path / "lock").open("w") as file, ThreadPoolExecutor(1) as pool:
        fcntl.flock(file, fcntl.LOCK_EX)
        forking.held.add(file.fileno())
        try:
            pool.submit(parent.call, "time:sleep", [600], started.append)
            while not started:
                time.sleep(0.01)
        finally:
            forking.held.discard(file.fileno())
        file.close()
        with (tmp_path / "lock").open("w") as again:
            with pytest.raises(BlockingIOError):
                fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
            started[0].kill()
            started[0].wait()
            fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_module_that_the_parent_does_without_is_there_for_what_it_forks(parent_of):
    parent = parent_of("json", without=["colorsys"])
    assert parent.call("colorsys:rgb_to_hsv", [0.0, 0.0, 0.0]) == (0.0, 0.0, 0.0)


def test_the_module_that_forks_knows_nothing_of_calls():
    for module in (forking, provisioning):
        source = Path(module.__file__).read_text(encoding="utf-8")
        words = source.lower().replace("callable", "").split()
        assert not {"call", "calls", "proposal", "edition"} & set(words)
