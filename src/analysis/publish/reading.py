"""What a published page says: its numbers with their marks, its passages, its figures and the names in its tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PreformattedString, Tag

from analysis.publish.vocabulary import attribute, line, parse

UNSAID = "script, style, template, nav, [hidden], [popover], [role=tooltip]"
INLINE = frozenset({"a", "b", "bdi", "code", "data", "em", "i", "small", "span", "strong", "sub", "sup", "time"})
ORIGIN = "#origin-"


@dataclass(frozen=True)
class Written:
    """A marked number of a page: the indicator or column that it belongs to, its value, and the text shown."""

    key: str
    value: str
    shown: str
    is_indicator: bool


@dataclass(frozen=True)
class Page:
    """What a page says. `passages` are its paragraphs, items, headings and captions, `cells` the words in its tables.

    Cells that hold a marked number, and those of the annex of origins, are left to `written` and to the manifest.

    `figures` holds the alternative text of each figure by id; `columns` the texts of each marked column of its tables;
    `row_headings` the texts that head the rows of tables whose columns are not marked.
    """

    written: tuple[Written, ...]
    passages: tuple[str, ...]
    cells: tuple[str, ...]
    figures: dict[str, str]
    columns: dict[str, tuple[str, ...]]
    row_headings: tuple[str, ...]


def read_page(markup: str) -> Page:
    """Return what a page says, without its navigation, its scripts and what it does not show."""
    tree = parse(markup)
    for element in tree.select(UNSAID):
        element.decompose()
    for end in tree.select("br"):
        end.replace_with(" ")
    main = tree.find("main") or tree.find("body") or tree
    passages = list(_passages(main))
    return Page(
        tuple(_written(tree)),
        tuple(text for text, in_cell in passages if not in_cell),
        tuple(text for text, in_cell in passages if in_cell),
        {attribute(figure, "id"): _alternative(figure) for figure in tree.select("figure[id]")},
        _read_columns(tree),
        tuple(_row_headings(tree)),
    )


def _written(tree: BeautifulSoup) -> Iterator[Written]:
    for mark in tree.select("data[data-indicator], data[data-column]"):
        indicator = attribute(mark, "data-indicator")
        yield Written(
            indicator or attribute(mark, "data-column"), attribute(mark, "value"), line(mark), bool(indicator)
        )


def _passages(main: Tag | BeautifulSoup) -> Iterator[tuple[str, bool]]:
    """Yield the text of every block, and whether it is a cell; a text between two blocks is one of its own."""
    strings = (node for node in main.descendants if isinstance(node, NavigableString))
    shown = (node for node in strings if not isinstance(node, PreformattedString))
    for _, group in groupby(shown, key=lambda node: id(_block(node))):
        nodes = list(group)
        text = " ".join("".join(nodes).split())
        block = _block(nodes[0])
        is_cell = block.name in ("td", "th")
        if text and not (is_cell and (block.find("data") or block.find_parent(_is_origin))):
            yield text, is_cell


def _is_origin(tag: Tag) -> bool:
    return tag.name == "tr" and attribute(tag, "id").startswith(ORIGIN.lstrip("#"))


def _block(node: NavigableString) -> Tag:
    """Return the element that a text stands in as a paragraph; marks within a line are passed over."""
    return next(parent for parent in node.parents if parent.name not in INLINE)


def _alternative(figure: Tag) -> str:
    image = figure.find("img")
    return attribute(image, "alt") if isinstance(image, Tag) else ""


def _read_columns(tree: BeautifulSoup) -> dict[str, tuple[str, ...]]:
    """Return the texts below every heading that names its column (`TABLE.COLUMN`)."""
    found: dict[str, list[str]] = {}
    for table in tree.select("table"):
        keys = [_key(heading) for heading in table.select("thead tr:last-child > *")]
        for row in table.select("tbody > tr"):
            for key, cell in zip(keys, row.find_all(["th", "td"], recursive=False), strict=False):
                if key and isinstance(cell, Tag):
                    found.setdefault(key, []).append(line(cell))
    return {key: tuple(texts) for key, texts in found.items()}


def _key(heading: Tag) -> str:
    link = heading.select_one(f'a[href^="{ORIGIN}"]')
    return attribute(link, "href").removeprefix(ORIGIN) if link else ""


def _row_headings(tree: BeautifulSoup) -> Iterator[str]:
    for table in tree.select("table"):
        if not table.select_one(f'thead a[href^="{ORIGIN}"], tr[id^="origin-"]'):
            yield from (line(cell) for cell in table.select('tbody th[scope="row"]'))
