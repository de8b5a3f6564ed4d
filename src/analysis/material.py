"""What the parts of an answer draw on: released tables, wording, and the call itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from markupsafe import Markup

from analysis.blocks import Html, paragraphs
from analysis.call import Call
from analysis.declarations import GROUPED_BY, MERGED, Edition
from analysis.figures import Figure
from analysis.published import Published, Sources
from analysis.release import is_announced
from analysis.wording import Wording

Block = Html | Figure
NO_VALUE = "–"


@dataclass(frozen=True)
class Material:
    """What the parts of an answer draw on; tables that were withheld or are empty count as absent."""

    call: Call
    edition: Edition
    tables: Mapping[str, pd.DataFrame]
    wording: Wording
    published: Published | None
    outline: Mapping[str, Any] | None

    @property
    def announced(self) -> bool:
        """Return whether the chosen proposals are public in this edition."""
        return is_announced(self.call, self.edition.as_of)

    def find(self, name: str, *columns: str) -> pd.DataFrame | None:
        """Return a released table, or None where it is absent or lacks one of these columns."""
        found = self.tables.get(name)
        if found is None or found.empty or not set(columns) <= set(found.columns):
            return None
        return found

    def say(self, key: str, **context: Any) -> Html:
        """Return a text of the answer as paragraphs."""
        return paragraphs(self.wording.html(f"answer.{key}", **context))

    def plain(self, key: str, **context: Any) -> str:
        """Return a text of the answer without markup."""
        return self.wording.plain(f"answer.{key}", **context)

    def cell(self, style: str, value: float | date | None, origin: str, **options: Any) -> Markup | str:
        """Return a cell with a number or a day marked with its `table.column`; a dash where there is none."""
        return NO_VALUE if value is None or pd.isna(value) else self.wording.cell(style, value, origin, **options)

    def cell_text(self, key: str, **context: Any) -> Markup:
        """Return a text of the answer for a cell of a table, its numbers marked."""
        return self.wording.cell_text(f"answer.{key}", **context)

    def headings(self, key: str) -> dict[str, str]:
        """Return every text below a key, such as the headings of a table by column."""
        return {column: self.plain(f"{key}.{column}") for column in self.wording.keys(f"answer.{key}")}

    def label(self, dimension: str, group: object) -> str:
        """Return the label of a group; a missing one is a dash, a province is its own name."""
        if pd.isna(group):
            return NO_VALUE
        section = GROUPED_BY.get(dimension, dimension)
        return str(group) if dimension == "province" and group != MERGED else self.wording.label(section, str(group))


class Document:
    """What a rendered document says of itself; an answer and a sheet differ in title and description."""

    material: Material
    sources: Sources

    @property
    def title(self) -> str:
        """Return the title of the document."""
        raise NotImplementedError

    @property
    def description(self) -> str:
        """Return what the document is, in one sentence."""
        raise NotImplementedError

    @property
    def running_notice(self) -> str:
        """Return the short notice that every page carries; empty where the records are real."""
        return self.sources.find_mark(self.material.edition.language, self.material.plain("document.synthetic"))

    @property
    def page(self) -> dict[str, Any]:
        """Return what `render_html` is told beside the notebook."""
        return {
            "title": self.title,
            "language": self.material.edition.language,
            "description": self.description,
            "labels": self.material.headings("document.labels"),
            "notice": self.running_notice,
        }
