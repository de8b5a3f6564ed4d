"""Runs the cells of the notebooks in this process: the same code as in a kernel, without the wait for one."""

import ast
import fcntl
import hashlib
import os
import shutil
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup

from analysis.answer import Answer, compose
from analysis.declarations import Edition
from analysis.pipeline import release_edition
from analysis.store import Store, Workspace

SHARED = "OPROEP_TESTS_SHARED"  # the variable with a folder that all workers of a session have in common
SHOWING = {"plots", "maps", "show", "Markdown"}  # names that a cell's last line begins with where it only shows


def run_cells(notebook: Path, parameters: Mapping[str, str], draw: bool = True) -> list[object]:
    """Run a notebook's code with its parameters, from its own folder; return the value of each cell's last line.

    Without `draw` the last lines that only show something are left out.
    """
    names: dict[str, object] = {"display": lambda *shown: shown}
    results = []
    with chdir(notebook.parent):
        for cell in nbformat.read(notebook, as_version=4).cells:
            if cell.cell_type != "code":
                continue
            tree = ast.parse(cell.source)
            shown = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, notebook.name, "exec"), names)
            if "parameters" in cell.metadata.get("tags", []):
                names |= parameters
            if shown is not None and (draw or _first_name(shown.value) not in SHOWING):
                results.append(eval(compile(ast.Expression(shown.value), notebook.name, "eval"), names))
    return results


def _first_name(node: ast.expr) -> str:
    while isinstance(node, ast.Call | ast.Attribute):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def run_steps(root: Path, call: str, language: str = "nl") -> Store:
    """Run the steps of a call that are not per edition, in order, without pictures; return its store.

    What the same raw tables and notebooks gave another test of this session is taken over from there.
    """
    store = Store(root, call)
    if SHARED not in os.environ:
        _run_steps(store, language)
        return store
    place = Path(os.environ[SHARED]) / _fingerprint(store, language)
    with place.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if place.is_dir():
            shutil.copytree(place, store.processed, dirs_exist_ok=True)
        else:
            _run_steps(store, language)
            shutil.copytree(store.processed, place)
    return store


def _run_steps(store: Store, language: str) -> None:
    for step in store.pipeline.steps:
        if not step.per_edition:
            notebook = store.root / "notebooks" / f"{step.name}.ipynb"
            run_cells(notebook, {"call": store.call_id, "language": language}, draw=False)


def _fingerprint(store: Store, language: str) -> str:
    found = hashlib.sha256(f"{store.call_id} {language}".encode())
    for folder in (store.root / "data" / "raw", store.root / "notebooks"):
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            found.update(f"{path.relative_to(store.root)} {path.stat().st_size} ".encode() + path.read_bytes())
    return found.hexdigest()[:24]


def compose_edition(store: Store, as_of: str, audience: str = "public", language: str = "nl") -> Answer:
    """Release the tables of an edition and return its answer."""
    edition = Edition.model_validate({"as_of": as_of, "audience": audience, "language": language})
    step = store.pipeline.step("08_answer")
    release_edition(store, step, edition)
    return compose(Workspace(store, step, edition.name))


def read_answer(answer: Answer) -> str:
    """Return all words of an answer, alternative texts and captions of figures included."""
    words = []
    for block in (*answer.head(), *answer.question(), *answer.answers(), *answer.annexes()):
        markup = getattr(block, "markup", "")
        words.append(
            BeautifulSoup(str(markup), "html.parser").get_text(" ") if markup else f"{block.alt} {block.caption}"
        )
    return " ".join(" ".join(words).split())


def environment_without_colour() -> dict[str, str]:
    """Return the environment of a command whose messages a test reads."""
    return {**os.environ, "NO_COLOR": "1", "COLUMNS": "400"}
