"""What was published about a call (`published.yml`) and where its files come from (`SOURCES.yml`)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field, model_validator

from analysis.contradictions import Claims, Contradiction, Explanation, Group, Part, declaration_faults
from analysis.contradictions import find_contradictions as find_among
from analysis.declarations import Date, Language, Text
from analysis.documents import Checked, Finding
from analysis.hedges import Figure

__all__ = ["Explanation", "Figure", "Group", "Part", "Published", "SourceFile", "Sources"]


class Published(Checked):
    """Every published figure of a call, what should hold among them, and why some of it does not.

    `groups` add up, each of `parts` is no larger than its whole, and `explanations` are for contradictions that are
    not explained with a group. `codes` is a sentence that says what the codes of the sources stand for.
    """

    codes: Text | None = None
    figures: tuple[Figure, ...] = Field(min_length=1)
    groups: tuple[Group, ...] = ()
    parts: tuple[Part, ...] = ()
    explanations: tuple[Explanation, ...] = ()

    @property
    def by_id(self) -> dict[str, Figure]:
        """Return the figures by their id."""
        return {figure.id: figure for figure in self.figures}

    def contradictions(self) -> list[Contradiction]:
        """Return what contradicts itself among the figures, explained or not, whatever the steps compute."""
        return list(find_among(Claims(self.by_id, self.groups, self.parts, self.explanations)))

    @classmethod
    def cross_check(cls, sections: dict[str, Any]) -> Iterator[Finding]:
        """Yield repeated ids, relations that cannot be checked, and explanations that explain nothing."""
        for name in ("figures", "groups"):
            seen: set[str] = set()
            for position, item in enumerate(sections.get(name, ())):
                if item.id in seen:
                    yield Finding((name, position, "id"), repr(item.id), f"an id that no other of the {name} has")
                seen.add(item.id)
        figures = {figure.id: figure for figure in sections.get("figures", ())}
        groups, parts = sections.get("groups"), sections.get("parts")
        if figures:
            told = groups is not None and parts is not None  # whether an explanation explains nothing
            explanations = sections.get("explanations", ()) if told else ()
            yield from declaration_faults(Claims(figures, groups or (), parts or (), explanations))


class SourceFile(Checked):
    """One delivered file: what it is, where it comes from, under which licence, and the hash it was delivered with."""

    origin: str
    licence: str
    date: Date
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Sources(Checked):
    """The files of a folder by name, and whether their records are synthetic, with the reason said to readers.

    `mark` is what every page says of that in a few words, where the usual words for synthetic records do not fit.
    """

    synthetic: bool
    notice: Text | None = None
    mark: Text | None = None
    files: dict[str, SourceFile]

    def find_mark(self, language: Language, usual: str) -> str:
        """Return what every page says of synthetic records, `usual` where no mark is declared; nothing of real ones."""
        if not self.synthetic:
            return ""
        return self.mark.in_language(language) if self.mark else usual

    @model_validator(mode="after")
    def _says_that_it_is_synthetic(self) -> Sources:
        if self.synthetic and self.notice is None:
            raise ValueError("a notice to the reader, for the records are synthetic")
        if self.mark and not self.synthetic:
            raise ValueError("no mark, for the records are not synthetic")
        return self
