"""A composed answer as its page, in this process: what the notebook would show, without a kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import nbformat
from nbformat import NotebookNode

from analysis.answer import Answer
from analysis.publish.html import render_html


def show_answer(answer: Answer) -> NotebookNode:
    """Return the executed answer notebook, with an output for every block."""
    parts = (answer.head(), answer.question(), answer.answers(), answer.annexes())
    cells = [nbformat.v4.new_code_cell("", outputs=list(_outputs(part))) for part in parts]
    return nbformat.v4.new_notebook(cells=cells)


def _outputs(blocks: Any) -> Iterator[NotebookNode]:
    for block in blocks:
        if hasattr(block, "svg"):
            data, metadata = block._repr_mimebundle_()
            yield nbformat.v4.new_output("display_data", data, metadata=metadata)
        else:
            yield nbformat.v4.new_output("display_data", {"text/html": block._repr_html_()})


def render_answer(answer: Answer, **changes: Any) -> str:
    """Return the page of an answer, as the pipeline renders it."""
    return render_html(show_answer(answer), **(answer.page | changes))
