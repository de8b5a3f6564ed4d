"""The HTML that an answer may use: its tags, their attributes, and which of them stand in a line of text."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, Tag

HEADINGS = {"h1": 1, "h2": 2, "h3": 3, "h4": 4}

INLINE = frozenset({"a", "br", "code", "data", "em", "small", "span", "strong", "sup", "time", "wbr"})

# Elements whose content is one line of text: a paragraph inside them is an error of the author.
LINES = frozenset({"p", "dt", "caption", "figcaption", *HEADINGS})

ATTRIBUTES: dict[str, frozenset[str]] = {
    **{tag: frozenset() for tag in ("header", "p", "ul", "ol", "li", "dl", "dt", "dd")},
    **{tag: frozenset() for tag in ("table", "caption", "thead", "tbody", "tr", "td", "blockquote")},
    **{tag: frozenset() for tag in (*HEADINGS, *INLINE)},
    "section": frozenset({"aria-labelledby", "aria-label"}),
    "div": frozenset({"role"}),
    "th": frozenset({"scope"}),
    "a": frozenset({"href"}),
    "data": frozenset({"value", "data-indicator", "data-column"}),
    "time": frozenset({"datetime"}),
}
COMMON_ATTRIBUTES = frozenset({"id", "class", "lang"})


def parse(markup: str) -> BeautifulSoup:
    """Return the tree of an HTML page or fragment."""
    return BeautifulSoup(markup, "html.parser")


@contextmanager
def uncollected() -> Iterator[None]:
    """Keep the collector of garbage out: it would go through growing trees again and again, and find none in them."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def tags(root: Tag, *names: str) -> list[Tag]:
    """Return the tags inside `root` that have one of these names, or all if none is given, in the order of the page.

    A style selector finds the same, at ten times the cost.
    """
    last: PageElement = root
    while isinstance(last, Tag) and last.contents:
        last = last.contents[-1]
    found, end = [], last.next_element
    node = root.contents[0] if root.contents else None
    while node is not None and node is not end:
        if isinstance(node, Tag):
            found.append(node)
        node = node.next_element
    return [tag for tag in found if tag.name in names] if names else found


def inside(tag: Tag, *names: str) -> bool:
    """Tell whether a tag stands, at any depth, in one of these names."""
    parent = tag.parent
    while parent is not None and parent.name not in names:
        parent = parent.parent
    return parent is not None


def is_inline(node: PageElement) -> bool:
    """Tell whether a node stands in a line of text; comments and declarations, kinds of string too, do not."""
    return type(node) is NavigableString or (isinstance(node, Tag) and node.name in INLINE)


def name_of(node: PageElement) -> str:
    """Return what to call a node in a message."""
    return f"<{node.name}>" if isinstance(node, Tag) else f"A {type(node).__name__.lower()}"


def elements(tag: Tag, *names: str) -> list[Tag]:
    """Return the child tags; raise ValueError if there is anything else than tags of these names."""
    for child in tag.children:
        wrong = child.name not in names if isinstance(child, Tag) else bool(str(child).strip())
        if wrong:
            raise ValueError(f"{name_of(child)} cannot stand directly in <{tag.name}>.")
    return [child for child in tag.children if isinstance(child, Tag)]


def attribute(tag: Tag, name: str) -> str:
    """Return an attribute of a tag, an empty text if it is absent; several values are joined by spaces."""
    value = tag.get(name)
    if value is None:
        return ""
    return value if isinstance(value, str) else " ".join(value)


def classes(tag: Tag) -> list[str]:
    """Return the class names of a tag."""
    return attribute(tag, "class").split()


def cells(row: Tag) -> list[Tag]:
    """Return the cells of a row of a table."""
    return [child for child in row.children if isinstance(child, Tag)]


def pieces(tag: Tag) -> list[str]:
    """Return the parts of a tag's text that are not broken: words, and what stands between two `wbr`."""
    if len(tag.contents) == 1 and type(tag.contents[0]) is NavigableString:
        return tag.contents[0].split()
    return "".join(_shown(node) for node in tag.descendants).split()


def _shown(node: PageElement) -> str:
    if isinstance(node, Tag):
        return " " if node.name == "wbr" else ""
    return str(node)


def line(tag: Tag) -> str:
    """Return the text of a tag with every run of white space as one space."""
    contents = tag.contents
    if len(contents) == 1 and type(contents[0]) is NavigableString:  # as most cells of a table
        return " ".join(contents[0].split())
    return " ".join(tag.get_text().split())
