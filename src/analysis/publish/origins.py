"""Numbers and their origins, linked both ways: where each number is cited, and the tip that tells its origin."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from bs4.element import Tag

from analysis.faults import Fault
from analysis.publish.strings import css_string
from analysis.publish.vocabulary import attribute, cells, classes, line, tags

ORIGIN = "origin-"  # how the id of a row of the annex starts, before the id of an indicator, or of a column of a table
CITED = "cited-"
LINKS = "shown-in"
NONE = "–"
PART = ("h1", "h2", "h3")


@dataclass(frozen=True)
class Citation:
    """A link from a number, or from the head of a column of numbers, to the row that tells its origin."""

    link: Tag
    origin: str
    part: str


@dataclass(frozen=True)
class Origins:
    """What of the fragments of a page tells of origins, by origin and in the order of the page.

    `rows` are those of the annex; `cited` are the citations, each with the heading of the part that it stands in;
    `numbers` holds the first number of each origin; `headings` are those of the parts.
    """

    rows: dict[str, Tag] = field(default_factory=dict)
    cited: dict[str, list[Citation]] = field(default_factory=dict)
    numbers: dict[str, Tag] = field(default_factory=dict)
    headings: set[str] = field(default_factory=set)


def find_origins(fragments: Iterable[Tag]) -> Origins:
    """Return the origins that the fragments of a page tell and cite."""
    found = Origins()
    part = ""
    for tag in (tag for fragment in fragments for tag in tags(fragment)):
        if tag.name in PART:
            part = line(tag)
            found.headings.add(part)
        elif tag.name == "a" and "origin" in classes(tag) and attribute(tag, "href").startswith(f"#{ORIGIN}"):
            found.cited.setdefault(_origin(tag), []).append(Citation(tag, _origin(tag), part))
        elif tag.name == "tr" and attribute(tag, "id").startswith(ORIGIN):
            found.rows[attribute(tag, "id").removeprefix(ORIGIN)] = tag
        elif tag.name == "data" and ("data-indicator" in tag.attrs or "data-column" in tag.attrs):
            found.numbers.setdefault(attribute(tag, "data-indicator") or attribute(tag, "data-column"), tag)
    return found


def origin_faults(found: Origins) -> Iterator[Fault]:
    """Yield a fault for every number whose origin no row tells, or whose origin no link on the page leads to."""
    for origin, citations in found.cited.items():
        yield from _row_faults(f"Number {line(citations[0].link)!r}", origin, found.rows)
    for origin, number in found.numbers.items():
        if origin not in found.cited:
            expected = "a link to it around the number, or in the head of its column"
            yield Fault(f"Number {line(number)!r}", f"no link to its origin {origin}", expected)


def connect_origins(found: Origins) -> str:
    """Number each citation, write in each row of the annex where it is cited, and return the style rules of the tips.

    The fragments of the page are changed in place; they have none of the `origin_faults`. Each citation is described
    by its row, for who hears the page; who sees it is shown the cells of the row as a tip, by `style.css`.
    """
    names = _part_names(found.headings)
    for origin, row in found.rows.items():
        citations = found.cited.get(origin, [])
        for number, citation in enumerate(citations, start=1):
            citation.link["id"] = f"{CITED}{origin}-{number}"
            citation.link["aria-describedby"] = f"{ORIGIN}{origin}"
            for shown in tags(citation.link, "data"):
                if "data-column" not in shown.attrs:
                    continue
                citation.link["data-value"] = attribute(shown, "value")  # a row of a column tells no value
        for cell in _link_cells(row):
            _fill(cell, citations, names, line(cells(row)[0]))
    return "\n".join(_tip_rules({origin: found.rows[origin] for origin in found.cited}))


def _row_faults(place: str, origin: str, rows: Mapping[str, Tag]) -> Iterator[Fault]:
    if origin not in rows:
        yield Fault(place, f"no row {ORIGIN}{origin}", "a row of the annex that tells its origin")
    elif not _link_cells(rows[origin]):
        yield Fault(f"Row {ORIGIN}{origin}", "no cell for where it is shown", f'<td class="{LINKS}">')


def _link_cells(row: Tag) -> list[Tag]:
    return [cell for cell in tags(row, "td") if LINKS in classes(cell)]


def _origin(link: Tag) -> str:
    return attribute(link, "href").removeprefix(f"#{ORIGIN}")


def _part_names(headings: set[str]) -> dict[str, str]:
    """Return a short name for each heading: its words before a colon, "Question 1: costs", if no other has the same."""
    shared = Counter(heading.split(":")[0] for heading in headings)
    return {heading: short if shared[short := heading.split(":")[0]] == 1 else heading for heading in headings}


def _fill(cell: Tag, citations: Sequence[Citation], names: Mapping[str, str], row_name: str) -> None:
    """Write in a cell of the row a link to each citation: the first in a part bears its name, the others a number."""
    cell.clear()
    seen: Counter[str] = Counter()
    for citation in citations:
        part = names.get(citation.part, citation.part)
        seen[part] += 1
        again = f"({seen[part]})" if seen[part] > 1 else ""
        if cell.contents:
            cell.append(" " if again else ", ")
        cell.append(_link_back(citation, again or part, f"{part} {again}".strip() + f": {row_name}"))
    if not citations:
        cell.append(NONE)


def _link_back(citation: Citation, words: str, spoken: str) -> Tag:
    # The spoken name tells the link from those of other rows, which bear the same words.
    link = citation.link.copy_self()
    link.attrs = {"href": f"#{citation.link['id']}", "aria-label": spoken}
    link.append(words)
    return link


def _tip_rules(rows: Mapping[str, Tag]) -> Iterator[str]:
    """Yield for each origin, by its row, the style rule with the text of its tip."""
    headings: dict[int, list[str]] = {}
    for origin, row in rows.items():
        table = row.find_parent("table")
        if id(table) not in headings:
            headings[id(table)] = _headings(table)
        yield _tip_rule(origin, row, headings[id(table)])


def _headings(table: Tag | None) -> list[str]:
    """Return the headings of the columns of a table."""
    heads = table.find("th", scope="col") if table else None
    return [line(head) for head in cells(heads.parent)] if heads and heads.parent else []


def _tip_rule(origin: str, row: Tag, headings: list[str]) -> str:
    """Return the style rule with the text of a tip: the cells of a row, each after the heading of its column."""
    said = [
        f"{heading}: {words}"
        for heading, cell in zip(headings, cells(row), strict=True)
        if LINKS not in classes(cell) and (words := line(cell)) not in ("", NONE)
    ]
    link, name, text = css_string(f"#{ORIGIN}{origin}"), css_string(origin), css_string("\n".join(said))
    return f"[href={link}],[data-indicator={name}],[data-column={name}]{{--origin:{text}}}"
