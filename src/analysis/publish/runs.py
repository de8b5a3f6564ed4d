"""A line of text of the page as a paragraph of Word: its runs, its links, and the bookmarks that they lead to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from xml.etree.ElementTree import Element

from bs4.element import PageElement, Tag

from analysis.publish.strings import SPACE
from analysis.publish.vocabulary import attribute, classes, is_inline, line, name_of
from analysis.publish.word import INDENT, children, give, paragraph, proofing, run, w

BODY_SIZE = 11.0  # points
SMALLER = 0.88  # of the type around a <small>
LONGEST_SLUG = 30  # letters of an id that its bookmark keeps; Word allows names of 40
LONGEST_TIP = 255  # letters that Word shows of a tip, or of the alternative of a table
EMPHASES = frozenset({"strong", "em", "sup", "small", "code"})


@dataclass(frozen=True)
class Plan:
    """What of the page has a number in the document: ids that a link leads to, and by identity of tag lists and images.

    `data` holds the pictures (PNG) of the images, in order.
    """

    bookmarks: Mapping[str, int]
    lists: Mapping[int, int]
    images: Mapping[int, int]
    data: tuple[bytes, ...]


@dataclass(frozen=True)
class Setting:
    """How text is set where it stands: names of the style of its paragraphs and of its characters.

    The size of its type is in points; `emphases` are the tags that emphasise it; `depth` counts the lists that it
    stands in; `opening` tells that it stands in the head of the document.
    """

    plan: Plan
    style: str = ""
    characters: str = ""
    language: str = ""
    size: float = BODY_SIZE
    depth: int = 0
    opening: bool = False
    emphases: frozenset[str] = frozenset()


def line_of(nodes: Iterable[PageElement], setting: Setting, style: str = "") -> Element:
    """Return texts and inline tags as a paragraph, of the style of the setting unless another is named.

    Raises:
        ValueError: a node that cannot stand in a line of text, or a link that leads out of the document.
    """
    runs = [part for node in nodes for part in _inline(node, setting)]
    made = paragraph(style or setting.style or ("ListContinue" if setting.depth else ""), *runs)
    if setting.depth:
        give(made, w("ind", left=INDENT * setting.depth))
    _trim(made)
    return made


def in_language(tag: Tag, setting: Setting) -> Setting:
    """Return the setting of what is in a tag: in the language that it names, if it does."""
    language = attribute(tag, "lang")
    return replace(setting, language=language) if language else setting


def marked(tag: Tag, blocks: list[Element], setting: Setting) -> list[Element]:
    """Put the bookmark of a tag, if a link leads to it, at the start of its first paragraph."""
    marks = _marks(tag, setting)
    if marks:
        blocks = blocks or [paragraph(setting.style)]
        first = next(found for block in blocks for found in block.iter("w:p"))
        first[1:1] = marks
    return blocks


def link_to(tag: Tag, content: list[Element], plan: Plan) -> Element:
    """Return content that leads where a link of the page does; raise ValueError if that is not in the document."""
    name = attribute(tag, "href")[1:]
    if name not in plan.bookmarks:
        raise ValueError(f"The link {line(tag)!r} leads to {name!r}, which is outside the document.")
    spoken = attribute(tag, "aria-label")[:LONGEST_TIP]
    return w("hyperlink", *content, anchor=_bookmark(name, plan), history=1, **({"tooltip": spoken} if spoken else {}))


def _inline(node: PageElement, setting: Setting) -> list[Element]:
    if not is_inline(node):
        raise ValueError(f"{name_of(node)} cannot stand inside a line of text.")
    if not isinstance(node, Tag):
        return [run(str(node), *_properties(setting))]
    if node.name == "br":
        return [w("r", w("br"))]
    if node.name == "wbr":
        return [run("\u200b", *_properties(setting))]
    inner = in_language(node, _inside(node, setting))
    content = [part for child in node.children for part in _inline(child, inner)]
    if node.name == "a":
        content = [link_to(node, content, setting.plan)]
    return [*_marks(node, setting), *content]


def _inside(tag: Tag, setting: Setting) -> Setting:
    """Return how the text in an inline tag is set."""
    if tag.name == "a":
        return replace(setting, characters="Origin" if "origin" in classes(tag) else "Hyperlink")
    return replace(setting, emphases=setting.emphases | ({tag.name} & EMPHASES))


def _properties(setting: Setting) -> list[Element]:
    """Return the properties of a run, in the order of the schema."""
    has = setting.emphases
    values: dict[str, str | int] = {
        "rStyle": setting.characters,
        "b": "strong" in has,
        "i": "em" in has,
        "noProof": "code" in has,  # Word hyphenates no text whose spelling it does not check
        "sz": "small" in has and round(2 * SMALLER * setting.size),
        "vertAlign": "sup" in has and "superscript",
        "lang": proofing(setting.language),
    }
    return [w(name) if value is True else w(name, val=value) for name, value in values.items() if value]


def _bookmark(name: str, plan: Plan) -> str:
    """Return the name of the bookmark for an id: letters, digits and underscores, and a number to tell it apart."""
    slug = re.sub(r"[^A-Za-z0-9]+", "_", name)[:LONGEST_SLUG].strip("_")
    return f"{slug if slug[:1].isalpha() else f'id_{slug}'}_{plan.bookmarks[name]}"


def _marks(tag: Tag, setting: Setting) -> list[Element]:
    name = attribute(tag, "id")
    if name not in setting.plan.bookmarks:
        return []
    number = setting.plan.bookmarks[name]
    return [w("bookmarkStart", id=number, name=_bookmark(name, setting.plan)), w("bookmarkEnd", id=number)]


def _trim(made: Element) -> None:
    """Leave white space in a paragraph as HTML shows it: none at the ends of lines, one space elsewhere."""
    last: Element | None = None
    for part in made.iter():
        if part.tag == "w:br":
            _end_line(last)
            last = None
        elif part.tag == "w:t":
            text = SPACE.sub(" ", part.text or "")
            part.text = text.removeprefix(" ") if last is None or (last.text or "").endswith(" ") else text
            last = part if part.text else last
    _end_line(last)
    for parent in (made, *made.iter("w:hyperlink")):
        for empty in [item for item in children(parent, "r") if any(not text.text for text in children(item, "t"))]:
            parent.remove(empty)


def _end_line(last: Element | None) -> None:
    if last is not None:
        last.text = (last.text or "").removesuffix(" ")
