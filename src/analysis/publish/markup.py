"""The main element of a page as Typst markup; texts go in as strings, so that none is ever read as code."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from itertools import groupby

from bs4.element import NavigableString, PageElement, Tag

from analysis.publish.columns import column_layout
from analysis.publish.strings import typst_language, typst_string, typst_text
from analysis.publish.vocabulary import HEADINGS, INLINE, attribute, classes, line

SVG_ADDRESS = "data:image/svg+xml;base64,"
STYLES = {
    "strong": "strong",
    "em": "emph",
    "sup": "super",
    "small": "text.with(size: 0.88em)",
    "code": "text.with(hyphenate: false)",
}


def flow(tag: Tag) -> str:
    """Return the markup of what is in `tag`: blocks, and the text between them as paragraphs.

    Raises:
        ValueError: a tag that the answer does not use, or that cannot stand where it stands.
    """
    parts = [_target(tag)]
    for inside_line, nodes in groupby(tag.children, key=_is_inline):
        if inside_line:
            parts.append(inline_nodes(nodes) + "\n\n")
        else:
            parts += [_block(node) for node in nodes]
    return "".join(parts)


def inline_nodes(nodes: Iterable[PageElement]) -> str:
    """Return the markup of texts and inline tags; raise ValueError for any other node."""
    return "".join(_inline(node) for node in nodes)


def _block(node: PageElement) -> str:
    if not isinstance(node, Tag) or node.name not in BLOCKS:
        raise ValueError(f"{_name(node)} has no place in the printed document.")
    return _in_language(node, BLOCKS[node.name](node)) + "\n\n"


def _inline(node: PageElement) -> str:
    if not _is_inline(node):
        raise ValueError(f"{_name(node)} cannot stand inside a line of text.")
    if not isinstance(node, Tag):
        return typst_text(str(node))
    if node.name == "br":
        return "#linebreak();"
    if node.name == "wbr":
        return "#sym.zws;"
    content = _target(node) + inline_nodes(node.children)
    return _in_language(node, _styled(node, content))


def _is_inline(node: PageElement) -> bool:
    # Comments and declarations are kinds of string too, and must not be printed.
    return type(node) is NavigableString or (isinstance(node, Tag) and node.name in INLINE)


def _name(node: PageElement) -> str:
    return f"<{node.name}>" if isinstance(node, Tag) else f"A {type(node).__name__.lower()}"


def _styled(tag: Tag, content: str) -> str:
    if tag.name == "a":
        function = "origin" if "origin" in classes(tag) else "reference"
        return f"#{function}({typst_string(attribute(tag, 'href')[1:])})[{content}];"
    return f"#({STYLES[tag.name]})[{content}];" if tag.name in STYLES else content


def _in_language(tag: Tag, markup: str) -> str:
    """Return the markup set in the language of the tag, if it names one."""
    language = attribute(tag, "lang")
    return f"#text({typst_language(language)})[{markup}];" if language else markup


def _target(tag: Tag) -> str:
    name = attribute(tag, "id")
    return f"#target({typst_string(name)});" if name else ""


def _label(tag: Tag) -> str:
    name = attribute(tag, "id")
    return f" #label({typst_string(name)})" if name else ""


def _paragraph(tag: Tag) -> str:
    return _target(tag) + inline_nodes(tag.children)


def _heading(tag: Tag) -> str:
    level = HEADINGS[tag.name]
    options = ", outlined: false, bookmarked: false" if level == 1 else ""
    return f"#heading(level: {level}{options})[{inline_nodes(tag.children)}]{_label(tag)}"


def _elements(tag: Tag, *names: str) -> list[Tag]:
    """Return the child tags; raise ValueError if there is anything else than tags of these names."""
    for child in tag.children:
        wrong = child.name not in names if isinstance(child, Tag) else bool(str(child).strip())
        if wrong:
            raise ValueError(f"{_name(child)} cannot stand directly in <{tag.name}>.")
    return [child for child in tag.children if isinstance(child, Tag)]


def _list(tag: Tag) -> str:
    function = "enum" if tag.name == "ol" else "list"
    items = ", ".join(f"[{_in_language(item, flow(item))}]" for item in _elements(tag, "li"))
    return f"{_target(tag)}#{function}({items})"


def _terms(tag: Tag) -> str:
    pairs: list[tuple[str, str]] = []
    for child in _elements(tag, "dt", "dd"):
        if child.name == "dt":
            pairs.append((_in_language(child, _paragraph(child)), ""))
        elif pairs:
            term, description = pairs.pop()
            pairs.append((term, description + _in_language(child, flow(child))))
        else:
            raise ValueError(f"<dd> {line(child)!r} describes no term: a <dt> must come first.")
    return _target(tag) + f"#terms({', '.join(f'terms.item[{term}][{text}]' for term, text in pairs)})"


def _table(tag: Tag) -> str:
    layout = column_layout(tag)
    options = {
        "tracks": f"({''.join(f'{width:.1f}fr, ' for width in layout.widths)})",
        "numeric": f"({''.join(f'{_flag(column)}, ' for column in layout.numeric)})",
        "size": f"{layout.size}pt",
        "keep-rows": _flag(layout.keeps_rows),
    }
    cells = [f"table.header({', '.join(_cells(tag, 'thead tr'))})", *_cells(tag, "tbody tr")]
    sheet = f"sheet({', '.join([f'{key}: {value}' for key, value in options.items()] + cells)})"
    words = "".join(inline_nodes(caption.children) for caption in tag.select("caption"))
    keep = "#show figure: set block(breakable: false);" if layout.keeps_together else ""
    return f"#[{keep}#figure(kind: table, caption: [{words}], {sheet}){_label(tag)}]"


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _cells(table: Tag, rows: str) -> list[str]:
    cells = []
    for row in table.select(rows):
        for number, cell in enumerate(_elements(row, "th", "td")):
            # Typst has no rows to point at, so a link to a row arrives at its first cell.
            target = "" if number else _target(row)
            cells.append(f"[{target}{_in_language(cell, flow(cell))}]")
    return cells


def _figure(tag: Tag) -> str:
    image, caption = _elements(tag, "div", "img", "figcaption")
    picture = image if image.name == "img" else _elements(image, "img")[0]
    address, alternative = attribute(picture, "src"), attribute(picture, "alt")
    if not address.startswith(SVG_ADDRESS):
        raise ValueError(f"Figure {attribute(tag, 'id')!r} has no SVG inside the page: {address[:40]!r}.")
    drawing = base64.b64decode(address.removeprefix(SVG_ADDRESS)).decode()
    arguments = f"picture({typst_string(drawing)}, {typst_string(alternative)})"
    return f"#figure(kind: image, caption: [{inline_nodes(caption.children)}], {arguments}){_label(tag)}"


def _division(tag: Tag) -> str:
    return f"#notice[{flow(tag)}]" if "notice" in classes(tag) else flow(tag)


def _contents(tag: Tag) -> str:
    title = tag.select_one(".contents-title")
    return f"#contents[{inline_nodes(title.select('a')[0].children) if title else ''}]"


BLOCKS: dict[str, Callable[[Tag], str]] = {
    **dict.fromkeys(HEADINGS, _heading),
    "p": _paragraph,
    "ul": _list,
    "ol": _list,
    "dl": _terms,
    "table": _table,
    "figure": _figure,
    "div": _division,
    "section": flow,
    "header": lambda tag: f"#opening[{flow(tag)}]",
    "blockquote": lambda tag: f"#quote(block: true)[{flow(tag)}]",
    "nav": _contents,
}
