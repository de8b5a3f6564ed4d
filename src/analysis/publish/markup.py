"""The main element of a page as Typst markup; texts go in as strings, so that none is ever read as code."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from itertools import groupby

from bs4.element import PageElement, Tag

from analysis.publish.columns import column_layout
from analysis.publish.places import Places
from analysis.publish.strings import BREAK, typst_language, typst_string, typst_text
from analysis.publish.vocabulary import (
    HEADINGS,
    attribute,
    classes,
    elements,
    inside,
    is_inline,
    line,
    name_of,
    tags,
)

LONG_CAPTION = 800  # letters
SVG_ADDRESS = "data:image/svg+xml;base64,"
STYLES = {
    "strong": "strong",
    "em": "emph",
    "sup": "super",
    "small": "text.with(size: 0.88em)",
    "code": "text.with(hyphenate: false)",
}


def flow(tag: Tag, places: Places) -> str:
    """Return the markup of what is in `tag`: blocks, and the text between them as paragraphs.

    Raises:
        ValueError: a tag that the answer does not use, or that cannot stand where it stands.
    """
    parts = [_target(tag, places)]
    for inside_line, nodes in groupby(tag.children, key=is_inline):
        if inside_line:
            parts.append(inline_nodes(nodes, places) + "\n\n")
        else:
            parts += [_block(node, places) for node in nodes]
    return "".join(parts)


def inline_nodes(nodes: Iterable[PageElement], places: Places) -> str:
    """Return the markup of texts and inline tags; raise ValueError for any other node."""
    return "".join(_inline(node, places) for node in nodes)


def _block(node: PageElement, places: Places) -> str:
    if not isinstance(node, Tag) or node.name not in BLOCKS:
        raise ValueError(f"{name_of(node)} has no place in the printed document.")
    return _in_language(node, BLOCKS[node.name](node, places)) + "\n\n"


def _inline(node: PageElement, places: Places) -> str:
    if not is_inline(node):
        raise ValueError(f"{name_of(node)} cannot stand inside a line of text.")
    if not isinstance(node, Tag):
        return typst_text(str(node))
    if node.name == "br":
        return "#linebreak();"
    if node.name == "wbr":
        return BREAK
    content = _target(node, places) + inline_nodes(node.children, places)
    return _in_language(node, _styled(node, places, content))


def _styled(tag: Tag, places: Places, content: str) -> str:
    if tag.name == "a":
        return f"#{_link(tag, places)}[{content}];"
    return f"#({STYLES[tag.name]})[{content}];" if tag.name in STYLES else content


def _link(tag: Tag, places: Places) -> str:
    function = "origin" if "origin" in classes(tag) else "reference"
    target = typst_string(places.aim_of(tag))
    table = tag.find_parent("table") if inside(tag, "thead") else None
    if table:
        return f"head-link({typst_string(places.id_of(table))}, {function}, {target})"
    return f"{function}({target})"


def _in_language(tag: Tag, markup: str) -> str:
    """Return the markup set in the language of the tag, if it names one."""
    language = attribute(tag, "lang")
    return f"#text({typst_language(language)})[{markup}];" if language else markup


def _target(tag: Tag, places: Places) -> str:
    name = places.id_of(tag)
    return f"#target({typst_string(name)});" if name else ""


def _label(tag: Tag, places: Places) -> str:
    name = places.id_of(tag)
    return f" #label({typst_string(name)})" if name else ""


def _paragraph(tag: Tag, places: Places) -> str:
    return _target(tag, places) + inline_nodes(tag.children, places)


def _heading(tag: Tag, places: Places) -> str:
    level = HEADINGS[tag.name]
    options = ", outlined: false, bookmarked: false" if level == 1 else ""
    return f"#heading(level: {level}{options})[{inline_nodes(tag.children, places)}]{_label(tag, places)}"


def _list(tag: Tag, places: Places) -> str:
    function = "enum" if tag.name == "ol" else "list"
    items = ", ".join(f"[{_in_language(item, flow(item, places))}]" for item in elements(tag, "li"))
    return f"{_target(tag, places)}#{function}({items})"


def _terms(tag: Tag, places: Places) -> str:
    pairs: list[tuple[str, str]] = []
    for child in elements(tag, "dt", "dd"):
        if child.name == "dt":
            pairs.append((_in_language(child, _paragraph(child, places)), ""))
        elif pairs:
            term, description = pairs.pop()
            pairs.append((term, description + _in_language(child, flow(child, places))))
        else:
            raise ValueError(f"<dd> {line(child)!r} describes no term: a <dt> must come first.")
    return _target(tag, places) + f"#terms({', '.join(f'terms.item[{term}][{text}]' for term, text in pairs)})"


def _table(tag: Tag, places: Places) -> str:
    layout = column_layout(tag)
    options = {
        "tracks": f"({''.join(f'{width:.1f}fr, ' for width in layout.widths)})",
        "numeric": f"({''.join(f'{_flag(column)}, ' for column in layout.numeric)})",
        "size": f"{layout.size}pt",
        "keep-rows": _flag(layout.keeps_rows),
    }
    cells = [f"table.header({', '.join(_cells(tag, 'thead', places))})", *_cells(tag, "tbody", places)]
    sheet = f"sheet({', '.join([f'{key}: {value}' for key, value in options.items()] + cells)})"
    words = "".join(inline_nodes(caption.children, places) for caption in tags(tag, "caption"))
    keep = "#show figure: set block(breakable: false);" if layout.keeps_together else ""
    return f"#[{keep}#figure(kind: table, caption: [{words}], {sheet}){_label(tag, places)}]"


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _rows(table: Tag, part: str) -> list[Tag]:
    return [row for row in tags(table, "tr") if inside(row, part)]


def _cells(table: Tag, part: str, places: Places) -> list[str]:
    cells = []
    for row in _rows(table, part):
        for number, cell in enumerate(elements(row, "th", "td")):
            # Typst has no rows to point at, so a link to a row arrives at its first cell.
            target = "" if number else _target(row, places)
            cells.append(f"[{target}{_in_language(cell, flow(cell, places))}]")
    return cells


def _figure(tag: Tag, places: Places) -> str:
    image, caption = elements(tag, "div", "img", "figcaption")
    picture = image if image.name == "img" else elements(image, "img")[0]
    address, alternative = attribute(picture, "src"), attribute(picture, "alt")
    if not address.startswith(SVG_ADDRESS):
        raise ValueError(f"Figure {attribute(tag, 'id')!r} has no SVG inside the page: {address[:40]!r}.")
    drawing = base64.b64decode(address.removeprefix(SVG_ADDRESS)).decode()
    arguments = f"picture({typst_string(drawing)}, {typst_string(alternative)})"
    # What is too long for a page beside its picture must be able to go on to the next.
    breaks = "#show figure: set block(breakable: true);" if len(line(caption)) > LONG_CAPTION else ""
    words = inline_nodes(caption.children, places)
    return f"#[{breaks}#figure(kind: image, caption: [{words}], {arguments}){_label(tag, places)}]"


def _division(tag: Tag, places: Places) -> str:
    return f"#notice[{flow(tag, places)}]" if "notice" in classes(tag) else flow(tag, places)


def _contents(tag: Tag, places: Places) -> str:
    titles = [part for part in tags(tag) if "contents-title" in classes(part)]
    words = inline_nodes(tags(titles[0], "a")[0].children, places) if titles else ""
    return f"#contents[{words}]"


BLOCKS: dict[str, Callable[[Tag, Places], str]] = {
    **dict.fromkeys(HEADINGS, _heading),
    "p": _paragraph,
    "ul": _list,
    "ol": _list,
    "dl": _terms,
    "table": _table,
    "figure": _figure,
    "div": _division,
    "section": flow,
    "header": lambda tag, places: f"#opening[{flow(tag, places)}]",
    "blockquote": lambda tag, places: f"#quote(block: true)[{flow(tag, places)}]",
    "nav": _contents,
}
