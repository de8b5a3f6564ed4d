"""A published page as a Word document: what a cabinet edits before the answer is signed."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from dataclasses import replace
from itertools import groupby, pairwise
from xml.etree.ElementTree import Element

from bs4.element import Tag

from analysis.publish.columns import ColumnLayout, column_layout
from analysis.publish.page import joined, open_document
from analysis.publish.pictures import drawing, rendered
from analysis.publish.runs import LONGEST_TIP, Plan, Setting, in_language, line_of, link_to, marked
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
    uncollected,
)
from analysis.publish.word import (
    LEVELS,
    TEXT_WIDTH,
    Frame,
    children,
    field,
    give,
    package,
    paragraph,
    run,
    w,
)

AFTER_TABLE = 240  # as the spacing of captions in twentieths of a point
CAPTION_SPACING = {"before": 280, "after": 80}  # of a table; that of a figure has the spacing of its style
CELL_STYLES = {9.5: "TableText", 8.5: "TableTextSmall", 7.5: "TableTextFine"}
SPACED = {"", "ListBullet", "ListNumber", "Notice", "Quote", "Term"}  # styles without room of their own below a table
STRONG = frozenset({"strong"})
CONTENTS_FIELD = r'TOC \o "2-3" \h \z'


@uncollected()
def render_docx(html: str, *, created: datetime.date) -> bytes:
    """Return the Word document of a page made by `render_html`; the same page and date give the same bytes.

    Args:
        html: the page; its main element becomes the text, its title and language become the document's.
        created: date of the document.

    Raises:
        ValueError: one line per fault that makes the page unfit, or a tag that has no place in the document.
    """
    document = open_document(html)
    main = document.main
    plan = _plan(main)
    frame = Frame(
        title=document.title,
        description=document.description,
        language=document.language,
        notice=document.notice,
        created=created,
        lists=tuple((tag.name == "ol", _level(tag)) for tag in _lists(main)),
        pictures=plan.data,
    )
    return package(_spaced(flow(main, Setting(plan))), frame)


def flow(tag: Tag, setting: Setting) -> list[Element]:
    """Return the blocks of what is in `tag`: its blocks, and the text between them as paragraphs.

    Raises:
        ValueError: a tag that the answer does not use, or that cannot stand where it stands.
    """
    blocks: list[Element] = []
    for inside_line, nodes in groupby(tag.children, key=is_inline):
        if inside_line:
            text = line_of(nodes, setting)
            blocks += [text] if len(text) > 1 else []
        else:
            for node in nodes:
                if not isinstance(node, Tag) or node.name not in BLOCKS:
                    raise ValueError(f"{name_of(node)} has no place in the document.")
                blocks += BLOCKS[node.name](node, in_language(node, setting))
    return marked(tag, blocks, setting)


def _plan(main: Tag) -> Plan:
    aims = {attribute(link, "href")[1:] for link in tags(main, "a")}
    names = [attribute(tag, "id") for tag in [main, *(part for part in tags(main) if "id" in part.attrs)]]
    images = tags(main, "img")
    return Plan(
        bookmarks={name: number for number, name in enumerate(names, start=1) if name in aims},
        lists={id(tag): number for number, tag in enumerate(_lists(main), start=1)},
        images={id(tag): number for number, tag in enumerate(images, start=1)},
        data=rendered(images),
    )


def _lists(main: Tag) -> list[Tag]:
    return [tag for tag in tags(main, "ol", "ul") if not inside(tag, "nav")]


def _spaced(blocks: list[Element]) -> list[Element]:
    """Leave room below each table, and end with a paragraph, without which Word ends no document."""
    for table, following in pairwise(blocks):
        if table.tag == "w:tbl" and following.tag == "w:p" and _style(following) in SPACED:
            give(following, w("spacing", before=AFTER_TABLE))
    return [*blocks, paragraph("Gap")] if blocks[-1].tag == "w:tbl" else blocks


def _style(block: Element) -> str:
    return "".join(style.get("w:val", "") for style in children(block[0], "pStyle"))


def _paragraph(tag: Tag, setting: Setting) -> list[Element]:
    return marked(tag, [line_of(tag.children, setting)], setting)


def _heading(tag: Tag, setting: Setting) -> list[Element]:
    return marked(tag, [line_of(tag.children, setting, f"Heading{HEADINGS[tag.name]}")], setting)


def _level(tag: Tag) -> int:
    """Return how many lists a list stands in, as far as Word counts."""
    return min(len(tag.find_parents(["ol", "ul"])), LEVELS - 1)


def _list(tag: Tag, setting: Setting) -> list[Element]:
    inner = replace(setting, depth=_level(tag) + 1)
    blocks = []
    for item in elements(tag, "li"):
        content = flow(item, in_language(item, inner))
        if not content or content[0].tag != "w:p" or children(content[0][0], "numPr"):
            content.insert(0, paragraph(""))  # the item begins with a block that cannot bear its number
        content[0][0] = _numbered(tag, setting)
        blocks += content
    return marked(tag, blocks, setting)


def _numbered(tag: Tag, setting: Setting) -> Element:
    """Return the properties of a paragraph with the next number, or the bullet, of the list."""
    number = w("numPr", w("ilvl", val=_level(tag)), w("numId", val=setting.plan.lists[id(tag)]))
    style = setting.style or ("ListNumber" if tag.name == "ol" else "ListBullet")
    return w("pPr", w("pStyle", val=style), number)


def _terms(tag: Tag, setting: Setting) -> list[Element]:
    """Return terms with their descriptions below them, or beside them in the head of the document."""
    look = replace(setting, style="Particulars", characters="ParticularsTerm") if setting.opening else setting
    blocks: list[Element] = []
    term = None
    for child in elements(tag, "dt", "dd"):
        if child.name == "dt":
            term = line_of(child.children, in_language(child, look), look.style or "Term")
            blocks += marked(child, [term], setting)
            continue
        if term is None:
            raise ValueError(f"<dd> {line(child)!r} describes no term: a <dt> must come first.")
        inner = replace(in_language(child, look), style=look.style or "Definition", characters="")
        description = flow(child, inner)
        if setting.opening and blocks[-1] is term and description and description[0].tag == "w:p":
            term.extend([w("r", w("tab")), *description.pop(0)[1:]])
        blocks += description
    return marked(tag, blocks, setting)


def _table(tag: Tag, setting: Setting) -> list[Element]:
    elements(tag, "caption", "thead", "tbody")
    layout = column_layout(tag)
    inner = replace(setting, style=CELL_STYLES[layout.size], size=layout.size, depth=0)
    widths = _widths(layout)
    rows = [_row(row, layout, widths, inner) for row in tags(tag, "tr")]
    for row in rows[:-1]:
        if layout.keeps_together or children(row[0], "tblHeader"):
            for cell_paragraph in row.iter("w:p"):
                give(cell_paragraph, w("keepNext"))
    caption = [line_of(found.children, replace(setting, emphases=STRONG), "Caption") for found in tags(tag, "caption")]
    for words in caption:
        give(words, w("keepNext"), w("spacing", **CAPTION_SPACING))
    grid = w("tblGrid", *(w("gridCol", w=width) for width in widths))
    return marked(tag, [*caption, w("tbl", _table_properties(tag, widths), grid, *rows)], setting)


def _widths(layout: ColumnLayout) -> list[int]:
    """Return the widths of the columns, which fill the width of the text."""
    *widths, _ = [round(TEXT_WIDTH * width / sum(layout.widths)) for width in layout.widths]
    return [*widths, TEXT_WIDTH - sum(widths)]


def _table_properties(tag: Tag, widths: list[int]) -> Element:
    row_headers = int(any(inside(cell, "tbody") for cell in tags(tag, "th")))
    look = {"firstRow": 1, "lastRow": 0, "firstColumn": row_headers, "lastColumn": 0, "noHBand": 1, "noVBand": 1}
    return w(
        "tblPr",
        w("tblStyle", val="AnswerTable"),
        w("tblW", w=sum(widths), type="dxa"),
        w("tblLayout", type="fixed"),
        # The number says the same as the flags, for programs older than those.
        w("tblLook", val="06A0" if row_headers else "0620", **look),
        w("tblCaption", val=joined(tags(tag, "caption"))[:LONGEST_TIP]),
    )


def _row(tag: Tag, layout: ColumnLayout, widths: list[int], setting: Setting) -> Element:
    heads = inside(tag, "thead")
    flags = [*([w("cantSplit")] if layout.keeps_rows else []), *([w("tblHeader")] if heads else [])]
    columns = zip(elements(tag, "th", "td"), widths, layout.numeric, strict=True)
    cells = [_cell(cell, width, numeric, setting) for cell, width, numeric in columns]
    return w("tr", *([w("trPr", *flags)] if flags else []), *marked(tag, cells, setting))


def _cell(tag: Tag, width: int, numeric: bool, setting: Setting) -> Element:
    heads = inside(tag, "thead")
    inner = in_language(tag, replace(setting, emphases=STRONG) if heads else setting)
    blocks = flow(tag, inner) or [paragraph(setting.style)]
    for block in blocks if numeric else []:
        give(block, w("jc", val="right"))
    align = [w("vAlign", val="bottom")] if heads else []
    return w("tc", w("tcPr", w("tcW", w=width, type="dxa"), *align), *blocks)


def _figure(tag: Tag, setting: Setting) -> list[Element]:
    (picture,), (words,) = tags(tag, "img"), tags(tag, "figcaption")
    for holder in elements(tag, "div", "img", "figcaption"):
        if holder.name == "div":
            elements(holder, "img")
    number = setting.plan.images[id(picture)]
    image = drawing(setting.plan.data[number - 1], number, attribute(tag, "id"), attribute(picture, "alt"))
    caption = line_of(words.children, in_language(words, setting), "Caption")
    return marked(tag, [paragraph("Figure", w("r", image)), caption], setting)


def _division(tag: Tag, setting: Setting) -> list[Element]:
    if "notice" not in classes(tag):
        return flow(tag, setting)
    before = tag.find_previous_sibling()
    # Word would draw one box around two notices that touch.
    gap = [paragraph("Gap")] if isinstance(before, Tag) and "notice" in classes(before) else []
    return [*gap, *flow(tag, replace(setting, style="Notice"))]


def _contents(tag: Tag, setting: Setting) -> list[Element]:
    """Return the contents as a field of Word, filled in; brought up to date in Word it gets page numbers too."""
    title = paragraph("TOCHeading", run(joined(part for part in tags(tag) if "contents-title" in classes(part))))
    entries = [_entry(link, setting) for link in tags(tag, "a") if inside(link, "li")]
    *opening, closing = field(CONTENTS_FIELD)
    if entries:
        entries[0][1:1] = opening
        entries.append(paragraph("Gap", closing))
    parts = w("docPartObj", w("docPartGallery", val="Table of Contents"), w("docPartUnique"))
    content = marked(tag, [title, *entries], setting)
    return [w("sdt", w("sdtPr", parts), w("sdtContent", *content))]


def _entry(link: Tag, setting: Setting) -> Element:
    level = 1 + len(link.find_parents("ol"))  # the title of the document has level 1 and is no entry
    return paragraph(f"TOC{level}", link_to(link, [run(line(link))], setting.plan))


BLOCKS: dict[str, Callable[[Tag, Setting], list[Element]]] = {
    **dict.fromkeys(HEADINGS, _heading),
    "p": _paragraph,
    "ul": _list,
    "ol": _list,
    "dl": _terms,
    "table": _table,
    "figure": _figure,
    "div": _division,
    "section": flow,
    "header": lambda tag, setting: flow(tag, replace(setting, opening=True)),
    "blockquote": lambda tag, setting: flow(tag, replace(setting, style="Quote")),
    "nav": _contents,
}
