"""The steps of a call run one after the other by a single process: `python -m bench.plain WAY ROOT CALL EDITION`.

Each way is what a user would write: papermill and nbconvert as libraries, ploomber-engine with nbconvert, and the
floor, where nothing but the code of the cells runs and our own publisher renders the answer. Every import is made by
the way that needs it.
"""

from __future__ import annotations

import ast
import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

APART = "apart.json"  # what of the time of a way was not its own: seconds, and processor seconds
COPIES = "copies"
Parameters = Mapping[str, str]


def list_steps(root: Path, call: str, edition: str) -> list[tuple[str, Parameters]]:
    """Return the steps in their order with the parameters of each; the last is that of the edition."""
    declared = yaml.safe_load((root / "notebooks" / "pipeline.yml").read_text(encoding="utf-8"))["steps"]
    language = edition.rpartition("-")[2]
    return [
        (step["name"], {"call": call, **({"edition": edition} if step.get("per_edition") else {"language": language})})
        for step in declared
    ]


def release(root: Path, call: str, edition: str) -> None:
    """Write the tables that the edition's audience may see where its notebook reads them."""
    from analysis.declarations import Edition
    from analysis.editions import release_edition
    from analysis.store import Store

    store = Store(root, call)
    step = next(step for step in store.pipeline.steps if step.per_edition)
    release_edition(store, step, Edition.parse(edition))


def release_apart(root: Path, call: str, edition: str) -> None:
    """Release by another process, and note what it took: ordinary users have no such thing, and no time for it."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([sys.executable, "-m", "bench.plain", "release", str(root), call, edition], check=True)
    seconds, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    (root / APART).write_text(json.dumps({"seconds": seconds, "cpu": cpu}), encoding="utf-8")


def run_libraries(root: Path, call: str, edition: str) -> None:
    """Execute each notebook by papermill in a kernel of its own, and export it to HTML."""
    import papermill
    from nbconvert import HTMLExporter

    def execute(notebook: Path, copy: Path, parameters: Parameters) -> None:
        papermill.execute_notebook(
            notebook, copy, parameters=dict(parameters), cwd=str(notebook.parent), progress_bar=False
        )

    _run_all(execute, HTMLExporter(), release_apart, root, call, edition)


def run_ploomber(root: Path, call: str, edition: str) -> None:
    """Execute each notebook by ploomber-engine in this process, and export it to HTML."""
    from nbconvert import HTMLExporter
    from ploomber_engine import execute_notebook

    def execute(notebook: Path, copy: Path, parameters: Parameters) -> None:
        os.chdir(notebook.parent)
        execute_notebook(notebook, copy, parameters=dict(parameters), progress_bar=False)

    _run_all(execute, HTMLExporter(), release, root, call, edition)


def _run_all(
    execute: Callable[[Path, Path, Parameters], None],
    exporter: Any,
    release_tables: Callable[[Path, str, str], None],
    root: Path,
    call: str,
    edition: str,
) -> None:
    (root / COPIES).mkdir()
    for name, parameters in list_steps(root, call, edition):
        if "edition" in parameters:
            release_tables(root, call, edition)
        copy = root / COPIES / f"{name}.ipynb"
        execute(root / "notebooks" / f"{name}.ipynb", copy, parameters)
        page, _ = exporter.from_filename(str(copy))
        copy.with_suffix(".html").write_text(page, encoding="utf-8")


def run_floor(root: Path, call: str, edition: str) -> None:
    """Run the code of all cells, and let our publisher render all files of the answer."""
    import nbformat

    from analysis.declarations import Edition
    from analysis.editions import render
    from analysis.store import Store

    os.chdir(root / "notebooks")

    def read() -> Iterator[tuple[Any, Parameters]]:
        for name, parameters in list_steps(root, call, edition):
            if "edition" in parameters:
                release(root, call, edition)
            yield nbformat.read(root / "notebooks" / f"{name}.ipynb", as_version=4), parameters

    last, store = run_notebooks(read()), Store(root, call)
    step = next(step for step in store.pipeline.steps if step.per_edition)
    for file, content in render(store, step, Edition.parse(edition), last).items():
        path = root / "reports" / call / edition / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def run_notebooks(notebooks: Iterable[tuple[Any, Parameters]]) -> Any:
    """Run the code of notebooks, each with its parameters, put what the cells show in their outputs; return the last.

    A shown value is given in all forms that IPython has for it, without a kernel that would send them to somewhere.
    """
    import IPython.display
    from IPython.core.formatters import DisplayFormatter
    from nbformat.v4 import new_output

    formatter, notebook = DisplayFormatter(), None
    ordinary, shown = IPython.display.display, list[Any]()

    def show(*values: Any) -> None:
        for value in values:
            data, metadata = formatter.format(value)
            shown.append(new_output("display_data", data, metadata=metadata))

    IPython.display.display = show
    try:
        for notebook, parameters in notebooks:
            _run_cells(notebook, parameters, show, shown)
    finally:
        IPython.display.display = ordinary
    return notebook


def _run_cells(notebook: Any, parameters: Parameters, show: Callable[..., None], shown: list[Any]) -> None:
    """Run the code cells in a namespace of their own; the parameters follow the cell that declares them."""
    names: dict[str, Any] = {"__name__": "__main__"}
    for cell in (cell for cell in notebook.cells if cell.cell_type == "code"):
        shown.clear()
        tree = ast.parse(cell.source)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "cell", "exec"), names)
        value = eval(compile(ast.Expression(last.value), "cell", "eval"), names) if last else None
        if value is not None:
            show(value)
        cell.outputs = list(shown)
        if "parameters" in cell.metadata.get("tags", []):
            names.update(parameters)


WAYS = {"libraries": run_libraries, "ploomber": run_ploomber, "floor": run_floor, "release": release}


if __name__ == "__main__":
    way, root, *named = sys.argv[1:]
    WAYS[way](Path(root), *named)
