"""What makes an answer unfit to publish: markup outside its vocabulary, and barriers for readers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator

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
    classes,
    line,
)

BOILERPLATE_ALT = "no description has been provided for this image"
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


def fragment_faults(place: str, fragment: Tag) -> Iterator[Fault]:
    """Yield the faults of one delivered HTML fragment: markup that the answer does not use."""
    for node in fragment.descendants:
        if isinstance(node, Tag):
            yield from _tag_faults(place, node)
        elif type(node) is not NavigableString:
            yield Fault(place, f"a {type(node).__name__.lower()}", "elements and text only")


def page_faults(page: BeautifulSoup) -> Iterator[Fault]:
    """Yield the faults that show only in the page as a whole: headings, ids, links, tables, lines of text."""
    main = page.select_one("main")
    if main is None:
        yield Fault("Page", "no <main>", "one main element with all that is published")
        return
    yield from _heading_faults(main)
    yield from _id_faults(page)
    yield from _link_faults(page)
    for table in main.select("table"):
        yield from table_faults(table)
    captions = Counter(line(caption) for caption in main.select("caption"))
    for caption, count in captions.items():
        if count > 1:
            yield Fault(f"Caption {caption!r}", f"{count} tables with it", "one table for each caption")
    for tag in main.select(", ".join(sorted(LINES))):
        yield from _line_faults(tag)


def table_faults(table: Tag) -> Iterator[Fault]:
    """Yield what a reader who hears the table would miss: caption, column headers, even rows, scopes."""
    caption = table.find("caption")
    name = line(caption) if caption else ""
    place = f"Table {name!r}"
    if not name:
        yield Fault(place, "no caption", "a caption that says what the table shows")
    if not table.select("thead th") or table.select("thead td"):
        yield Fault(place, "columns without a header", "a thead with a th for every column")
    for header in table.select("th"):
        expected = "col" if header.find_parent("thead") else "row"
        if attribute(header, "scope") != expected:
            yield Fault(f"{place}, {line(header)!r}", "a th without its scope", f'scope="{expected}"')
    widths = {len(row.find_all(["th", "td"], recursive=False)) for row in table.select("tr")}
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


def _heading_faults(main: Tag) -> Iterator[Fault]:
    previous = 0
    for heading in main.select(", ".join(HEADINGS)):
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


def _id_faults(page: BeautifulSoup) -> Iterator[Fault]:
    counts = Counter(attribute(tag, "id") for tag in page.select("[id]"))
    for name, count in counts.items():
        if count > 1:
            yield Fault(f"Id {name!r}", f"{count} elements with it", "an id on one element only")
        if not name or re.search(r"\s", name):
            yield Fault(f"Id {name!r}", "white space or nothing", "an id without white space")


def _link_faults(page: BeautifulSoup) -> Iterator[Fault]:
    targets = {attribute(tag, "id") for tag in page.select("[id]")}
    for link in page.select("a"):
        if not line(link):
            yield Fault(f"Link to {attribute(link, 'href')!r}", "no text", "words that say where it leads")
        if attribute(link, "href")[1:] not in targets:
            yield Fault(f"Link {line(link)!r}", attribute(link, "href"), "an id on this page")


def _line_faults(tag: Tag) -> Iterator[Fault]:
    for child in tag.select("*"):
        if child.name not in INLINE:
            place = f"<{tag.name}> {line(tag)[:60]!r}"
            yield Fault(place, f"a <{child.name}> inside it", "text and inline tags only")
