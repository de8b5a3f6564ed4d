"""Runs the cells of the notebooks in this process: the same code as in a kernel, without the wait for one."""

import ast
import os
from collections.abc import Mapping
from contextlib import chdir
from pathlib import Path

import nbformat
from bs4 import BeautifulSoup

from analysis.answer import Answer, compose
from analysis.declarations import Edition
from analysis.pipeline import release_edition
from analysis.store import Store, Workspace


def run_cells(notebook: Path, parameters: Mapping[str, str]) -> list[object]:
    """Run a notebook's code with its parameters, from its own folder; return the value of each cell's last line."""
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
            if shown is not None:
                results.append(eval(compile(ast.Expression(shown.value), notebook.name, "eval"), names))
    return results


def run_steps(root: Path, call: str, language: str = "nl") -> Store:
    """Run the steps of a call that are not per edition, in order; return its store."""
    store = Store(root, call)
    for step in store.pipeline.steps:
        if not step.per_edition:
            run_cells(root / "notebooks" / f"{step.name}.ipynb", {"call": call, "language": language})
    return store


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
