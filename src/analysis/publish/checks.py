"""What makes an answer unfit to publish: markup outside its vocabulary, and barriers for readers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag

from analysis.faults import Fault
from analysis.publish.vocabulary import (
    ATTRIBUTES,
    COMMON_ATTRIBUTES,
    HEADINGS,
    INLINE,
    LINES,
    attribute,
    cells,
    classes,
    inside,
    line,
    tags,
)

BOILERPLATE_ALT = "no description has been provided for this image"
SPACE = re.compile(r"\s")
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def refuse(faults: Iterable[Fault]) -> None:
    """Raise ValueError with one sentence per fault; do nothing if there is none."""
    found = [str(fault) for fault in faults]
    if found:
        raise ValueError("\n".join(found))


def language_faults(language: str) -> Iterator[Fault]:
    """Yield a fault unless `language` is a language code such as `nl` or `nl-BE`."""
    if not LANGUAGE.fullmatch(language):
        yield Fault("Language of the page", repr(language), "a language code such as 'nl' or 'nl-BE'")


def alternative_faults(place: str, alternative: str) -> Iterator[Fault]:
    """Yield a fault if the text alternative of a figure is empty or was filled in by a tool."""
    expected = "a text that states what the figure shows"
    if not alternative.strip():
        yield Fault(place, "no alt text", expected)
    elif BOILERPLATE_ALT in alternative.casefold():
        yield Fault(place, f"the filler {alternative!r} as alt text", expected)


def points_faults(place: str, points: Iterable[Mapping[str, Any]]) -> Iterator[Fault]:
    """Yield a fault for every point of a figure that lies outside it or says nothing; places are in percent."""
    for point in points:
        inside = all(isinstance(point.get(key), int | float) and 0 <= point[key] <= 100 for key in ("x", "y"))
        if not inside or not str(point.get("label", "")).strip():
            yield Fault(place, f"the point {dict(point)!r}", "x and y between 0 and 100, and a label")


def fragment_faults(place: str, fragment: Tag) -> Iterator[Fault]:
    """Yield the faults of one delivered HTML fragment: markup that the answer does not use."""
    for node in fragment.descendants:
        if isinstance(node, Tag):
            yield from _tag_faults(place, node)
        elif type(node) is not NavigableString:
            yield Fault(place, f"a {type(node).__name__.lower()}", "elements and text only")


def page_faults(page: BeautifulSoup) -> Iterator[Fault]:
    """Yield the faults that show only in the page as a whole: headings, ids, links, tables, lines of text."""
    everything = tags(page)
    main = next((tag for tag in everything if tag.name == "main"), None)
    if main is None:
        yield Fault("Page", "no <main>", "one main element with all that is published")
        return
    shown = tags(main)
    yield from _heading_faults(tag for tag in shown if tag.name in HEADINGS)
    ids = Counter(attribute(tag, "id") for tag in everything if "id" in tag.attrs)
    yield from _id_faults(ids)
    yield from _link_faults((tag for tag in everything if tag.name == "a"), ids)
    for table in shown:
        if table.name == "table":
            yield from table_faults(table)
    yield from _caption_faults(tag for tag in shown if tag.name == "caption")
    for tag in shown:
        if tag.name in LINES:
            yield from _line_faults(tag)


def table_faults(table: Tag) -> Iterator[Fault]:
    """Yield what a reader who hears the table would miss: caption, column headers, even rows, scopes."""
    parts = tags(table)
    name = next((line(part) for part in parts if part.name == "caption"), "")
    place = f"Table {name!r}"
    if not name:
        yield Fault(place, "no caption", "a caption that says what the table shows")
    if {part.name for part in parts if part.name in ("th", "td") and inside(part, "thead")} != {"th"}:
        yield Fault(place, "columns without a header", "a thead with a th for every column")
    for header in (part for part in parts if part.name == "th"):
        expected = "col" if inside(header, "thead") else "row"
        if attribute(header, "scope") != expected:
            yield Fault(f"{place}, {line(header)!r}", "a th without its scope", f'scope="{expected}"')
    rows = [cells(part) for part in parts if part.name == "tr"]
    widths = {sum(cell.name in ("th", "td") for cell in row) for row in rows}
    if len(widths) > 1:
        yield Fault(place, f"rows of {sorted(widths)} cells", "as many cells in every row")


def _tag_faults(place: str, tag: Tag) -> Iterator[Fault]:
    if tag.name not in ATTRIBUTES:
        yield Fault(place, f"the tag <{tag.name}>", "a tag of the answer's vocabulary")
        return
    allowed = ATTRIBUTES[tag.name] | COMMON_ATTRIBUTES
    for name in tag.attrs:
        if name not in allowed:
            yield Fault(place, f"the attribute {name} of <{tag.name}>", f"one of {sorted(allowed)}")
    if tag.name == "div" and "notice" not in classes(tag):
        yield Fault(place, "a <div> that is no notice", 'class="notice"')
    if tag.name == "a" and not attribute(tag, "href").startswith("#"):
        yield Fault(place, f"a link to {attribute(tag, 'href')!r}", "a link inside the page, '#...'")


def _heading_faults(headings: Iterable[Tag]) -> Iterator[Fault]:
    previous = 0
    for heading in headings:
        level = HEADINGS[heading.name]
        place = f"Heading {line(heading)!r}"
        if level > previous + 1:
            yield Fault(place, f"level {level} after level {previous}", f"level {previous + 1} or higher up")
        if level == 1 and previous:
            yield Fault(place, "a second heading of level 1", "one title for the page")
        if not attribute(heading, "id"):
            yield Fault(place, "no id", "an id, so that the contents can link to it")
        if not line(heading):
            yield Fault(place, "no text", "a heading that names what follows")
        previous = level
    if not previous:
        yield Fault("Page", "no heading", "a heading of level 1, the title")


def _id_faults(ids: Mapping[str, int]) -> Iterator[Fault]:
    for name, count in ids.items():
        if count > 1:
            yield Fault(f"Id {name!r}", f"{count} elements with it", "an id on one element only")
        if not name or SPACE.search(name):
            yield Fault(f"Id {name!r}", "white space or nothing", "an id without white space")


def _link_faults(links: Iterable[Tag], ids: Mapping[str, int]) -> Iterator[Fault]:
    for link in links:
        if not line(link):
            yield Fault(f"Link to {attribute(link, 'href')!r}", "no text", "words that say where it leads")
        if attribute(link, "href")[1:] not in ids:
            yield Fault(f"Link {line(link)!r}", attribute(link, "href"), "an id on this page")


def _caption_faults(captions: Iterable[Tag]) -> Iterator[Fault]:
    for caption, count in Counter(map(line, captions)).items():
        if count > 1:
            yield Fault(f"Caption {caption!r}", f"{count} tables with it", "one table for each caption")


def _line_faults(tag: Tag) -> Iterator[Fault]:
    for child in tags(tag):
        if child.name not in INLINE:
            place = f"<{tag.name}> {line(tag)[:60]!r}"
            yield Fault(place, f"a <{child.name}> inside it", "text and inline tags only")
