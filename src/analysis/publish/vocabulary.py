"""The HTML that an answer may use: its tags, their attributes, and which of them stand in a line of text."""

from __future__ import annotations

from bs4 import BeautifulSoup
from bs4.element import PageElement, Tag

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


def attribute(tag: Tag, name: str) -> str:
    """Return an attribute of a tag, an empty text if it is absent; several values are joined by spaces."""
    value = tag.get(name)
    if value is None:
        return ""
    return value if isinstance(value, str) else " ".join(value)


def classes(tag: Tag) -> list[str]:
    """Return the class names of a tag."""
    return attribute(tag, "class").split()


def pieces(tag: Tag) -> list[str]:
    """Return the parts of a tag's text that are not broken: words, and what stands between two `wbr`."""
    return "".join(_shown(node) for node in tag.descendants).split()


def _shown(node: PageElement) -> str:
    if isinstance(node, Tag):
        return " " if node.name == "wbr" else ""
    return str(node)


def line(tag: Tag) -> str:
    """Return the text of a tag with every run of white space as one space."""
    return " ".join(tag.get_text().split())
