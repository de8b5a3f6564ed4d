"""Pieces of the answer as HTML fragments: paragraphs, lists, notices and accessible tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

# A marked number in a cell: the link around it, if there is one, and the indicator or column that it shows.
MARKED = re.compile(r'(<a class="origin"[^>]*>)?<data value="[^"]*" data-(?:indicator|column)="([^"]*)">.*?</data>')
SHOWN_IN = Markup('<td class="shown-in"></td>')


@dataclass(frozen=True)
class Html:
    """A fragment of HTML that a notebook shows and the publisher takes over."""

    markup: Markup

    def __bool__(self) -> bool:
        """Return whether there is anything to show: a text may render to nothing where it has no data."""
        return bool(self.markup)

    def _repr_html_(self) -> str:
        return str(self.markup)


def paragraphs(text: Markup | str) -> Html:
    """Return a text as paragraphs, parted where it has an empty line."""
    parts = [" ".join(part.split()) for part in str(escape(text)).split("\n\n")]
    return Html(Markup("\n").join(Markup("<p>{}</p>").format(Markup(part)) for part in parts if part))


def heading(level: int, text: str, anchor: str) -> Html:
    """Return a heading with the id that links lead to."""
    return Html(Markup('<h{0} id="{1}">{2}</h{0}>').format(level, anchor, text))


def header(*parts: Html) -> Html:
    """Return the head of the document around its parts."""
    return Html(Markup("<header>{}</header>").format(Markup("\n").join(part.markup for part in parts)))


def bullets(items: Iterable[Markup | str]) -> Html:
    """Return an unordered list."""
    return Html(Markup("<ul>{}</ul>").format(_items(items)))


def numbered(items: Iterable[Markup | str]) -> Html:
    """Return an ordered list."""
    return Html(Markup("<ol>{}</ol>").format(_items(items)))


def notice(text: Markup | str) -> Html:
    """Return a boxed notice to the reader."""
    return Html(Markup('<div class="notice"><p>{}</p></div>').format(text))


def facts(pairs: Iterable[tuple[str, Markup | str]]) -> Html:
    """Return terms with what is said of each."""
    rows = Markup("").join(Markup("<dt>{}</dt><dd>{}</dd>").format(term, said) for term, said in pairs)
    return Html(Markup("<dl>{}</dl>").format(rows))


def breakable(identifier: str) -> Markup:
    """Return an identifier that may be broken after a dot, an underscore or the sign @, without a hyphen."""
    parted = re.sub(r"([._@])", r"\1<wbr>", str(escape(identifier)))
    return Markup("<code>{}</code>").format(Markup(parted))


def breakable_digits(digits: str, every: int = 16) -> Markup:
    """Return a long row of digits that may be broken after so many of them."""
    parts = [digits[start : start + every] for start in range(0, len(digits), every)]
    return Markup("<code>{}</code>").format(Markup("<wbr>").join(parts))


def table(
    caption: Markup | str,
    headings: Sequence[str],
    rows: Iterable[Sequence[Markup | str]],
    *,
    numeric: Sequence[int] = (),
    anchors: Sequence[str] = (),
    totals: Sequence[int] = (),
    shown_in: bool = False,
) -> Html:
    """Return a table whose first cells are row headers; `numeric` columns are set right, `anchors` are ids of rows.

    The rows of `totals` sum up rows above them: a reader cannot sort such a table, which would tear them apart.

    Every origin of its numbers has one link to it, for who goes through the page by keyboard: the heading of a column
    whose numbers have one origin, otherwise the first number of that origin. With `shown_in` each row ends in a cell
    more, which the publisher fills with links to where the row is cited; `headings` names it too.
    """
    filled = [[escape(cell) for cell in row] for row in rows]
    linked = {name for row in filled for cell in row for link, name in MARKED.findall(cell) if link}
    heads = [_head(text, _origins(row[i] for row in filled if i < len(row)), linked) for i, text in enumerate(headings)]
    head = Markup("").join(
        Markup('<th scope="col"{}>{}</th>').format(_numeric(i in numeric), text) for i, text in enumerate(heads)
    )
    body = Markup("\n").join(
        _row(
            [_link_first(cell, linked) for cell in cells],
            numeric,
            {"id": anchors[position] if anchors else "", "class": "total" if position in totals else ""},
            SHOWN_IN if shown_in else Markup(""),
        )
        for position, cells in enumerate(filled)
    )
    template = Markup("<table><caption>{}</caption>\n<thead><tr>{}</tr></thead>\n<tbody>{}</tbody></table>")
    return Html(template.format(caption, head, body))


def _origins(cells: Iterable[Markup]) -> set[str]:
    return {name for cell in cells for _, name in MARKED.findall(cell)}


def _head(text: str, origins: set[str], linked: set[str]) -> Markup:
    """Return a heading, linked where its column has one origin that no cell links to; `linked` then counts it too."""
    if len(origins) != 1 or origins & linked:
        return escape(text)
    linked |= origins
    return Markup('<a class="origin" href="#origin-{}">{}</a>').format(*origins, text)


def _link_first(cell: Markup, linked: set[str]) -> Markup:
    """Return a cell in which the first number of every origin that nothing links to yet is linked."""

    def link(found: re.Match[str]) -> str:
        if found[2] in linked:
            return found[0]
        linked.add(found[2])
        return f'<a class="origin" href="#origin-{found[2]}">{found[0]}</a>'

    return Markup(MARKED.sub(link, cell))


def _row(cells: Sequence[Markup], numeric: Sequence[int], marks: Mapping[str, str], last: Markup) -> Markup:
    first = Markup('<th scope="row">{}</th>').format(cells[0])
    others = [Markup("<td{}>{}</td>").format(_numeric(i in numeric), cells[i]) for i in range(1, len(cells))]
    attributes = Markup("").join(Markup(' {}="{}"').format(name, value) for name, value in marks.items() if value)
    return Markup("<tr{}>{}{}{}</tr>").format(attributes, first, Markup("").join(others), last)


def _numeric(is_numeric: bool) -> Markup:
    return Markup(' class="num"') if is_numeric else Markup("")


def _items(items: Iterable[Markup | str]) -> Markup:
    return Markup("").join(Markup("<li>{}</li>").format(escape(item)) for item in items)
