"""A published page as what the documents of other forms are made from; its tree is made and checked once for all."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bs4 import BeautifulSoup
from bs4.element import Tag

from analysis.faults import Fault
from analysis.publish.checks import alternative_faults, language_faults, page_faults, refuse
from analysis.publish.vocabulary import attribute, line, parse, tags


class PageText(str):
    """The text of a page that has no `page_faults`, and its tree, lest it be parsed and checked anew for each form.

    The first document that is opened moves the contents in the tree; the text stays as it is.
    """

    tree: BeautifulSoup

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        """Go to another process without the tree, which is too deep for that."""
        return str, (str(self),)


@dataclass(frozen=True)
class Document:
    """What goes into a document: the main element of a page, which nobody may change, and what is said about it.

    The contents stand below the head of the document, where a reader of paper looks for them.
    """

    main: Tag
    title: str
    description: str
    language: str
    notice: str


def publish(tree: BeautifulSoup, text: str) -> PageText:
    """Return the text of a page with its tree.

    Raises:
        ValueError: one line per fault that makes the page unfit to publish.
    """
    refuse(page_faults(tree))
    page = PageText(text)
    page.tree = tree
    return page


def open_document(html: str) -> Document:
    """Return the document of a page.

    Raises:
        ValueError: one line per fault that makes the page unfit for a document.
    """
    checked = isinstance(html, PageText)
    tree = html.tree if isinstance(html, PageText) else parse(html)
    everything = tags(tree)
    language = "".join(attribute(tag, "lang") for tag in everything if tag.name == "html")
    title = joined(tag for tag in everything if tag.name == "title" and tag.parent and tag.parent.name == "head")
    images = [tag for tag in everything if tag.name == "img"]
    refuse(_document_faults(language, title, () if checked else page_faults(tree), images))
    main = next(tag for tag in everything if tag.name == "main")
    _move_contents(next((tag for tag in everything if tag.name == "nav"), None), main)
    return Document(
        main=main,
        title=title,
        description="".join(attribute(tag, "content") for tag in everything if _tells_description(tag)),
        language=language,
        notice=joined(tag for tag in everything if tag.name == "footer"),
    )


def joined(parts: Iterable[Tag]) -> str:
    """Return the lines of text of tags as one."""
    return "".join(line(part) for part in parts)


def _document_faults(language: str, title: str, faults: Iterable[Fault], images: Iterable[Tag]) -> Iterator[Fault]:
    yield from language_faults(language)
    if not title:
        yield Fault("Page", "no title", "a <title> with text")
    yield from faults
    for image in images:
        yield from alternative_faults("Figure", attribute(image, "alt"))


def _tells_description(tag: Tag) -> bool:
    return tag.name == "meta" and attribute(tag, "name") == "description"


def _move_contents(contents: Tag | None, main: Tag) -> None:
    """Put the contents below the head of the document; once there, they stay there."""
    heads = tags(main, "header", "h1")
    if contents and heads:
        heads[0].insert_after(contents.extract())
