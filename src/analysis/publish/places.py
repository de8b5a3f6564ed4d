"""Where the links of a page arrive on paper, which has no place for some of what has an id on the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bs4.element import Tag

from analysis.publish.vocabulary import HEADINGS, attribute, inside, tags


@dataclass(frozen=True)
class Places:
    """The ids of tags on paper, by identity of the tag, where they are others than on the page, and none if empty.

    `aims` are the ids that links lead to in place of those of the page.
    """

    ids: Mapping[int, str]
    aims: Mapping[str, str]

    def id_of(self, tag: Tag) -> str:
        """Return the id of a tag on paper, an empty text if it has none."""
        return self.ids.get(id(tag), attribute(tag, "id"))

    def aim_of(self, link: Tag) -> str:
        """Return the id of what a link leads to on paper."""
        address = attribute(link, "href")
        return self.aims.get(address.removeprefix("#"), address[1:])


def find_places(main: Tag) -> Places:
    """Let links arrive where paper has a place for them, and one place only.

    A section has none, its heading has; heads of tables are printed again on the next page and headings in the
    contents, so that what stands inside them gives way to the table or the heading.
    """
    ids: dict[int, str] = {}
    aims: dict[str, str] = {}
    shown = tags(main)
    for section in (tag for tag in shown if tag.name == "section" and "id" in tag.attrs):
        first = section.find(True)
        if isinstance(first, Tag) and first.name in HEADINGS:
            aims[attribute(section, "id")] = attribute(first, "id")
            ids[id(section)] = ""
    wholes = (tag for tag in shown if tag.name in HEADINGS or (tag.name == "table" and tags(tag, "a")))
    for number, whole in enumerate(wholes):
        name = ids.get(id(whole), attribute(whole, "id")) or f"page-table-{number}"
        ids[id(whole)] = name
        for part in _parts(whole):
            if ids.get(id(part), attribute(part, "id")):
                aims[ids.get(id(part), attribute(part, "id"))] = name
                ids[id(part)] = ""
    return Places(ids, aims)


def _parts(whole: Tag) -> list[Tag]:
    """Return what stands inside a heading or the head of a table."""
    return [tag for tag in tags(whole) if whole.name != "table" or inside(tag, "thead")]
