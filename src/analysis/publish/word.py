"""A Word document from its body: elements of WordprocessingML, the parts beside the body, and the package of them."""

from __future__ import annotations

import datetime
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from string import Template
from xml.etree.ElementTree import Element, tostring

from analysis.publish.strings import clean

TEMPLATE = Path(__file__).with_name("template")
PAGE = {"w": 11906, "h": 16838}  # A4 in twentieths of a point, as all lengths here
MARGINS = {"top": 1474, "right": 1417, "bottom": 1474, "left": 1417, "header": 709, "footer": 709, "gutter": 0}
TEXT_WIDTH = PAGE["w"] - MARGINS["left"] - MARGINS["right"]
INDENT = 397  # of each level of a list
LEVELS = 9  # as many as Word knows
BULLETS = ("\u2022", "\u2013", "\u25e6")
BULLETED, NUMBERED = 1, 2
PROOFING = {"nl": "nl-BE", "en": "en-GB", "fr": "fr-BE", "de": "de-DE"}

# The order that the schema demands of the properties of a paragraph, as far as they are used here.
PARAGRAPH_PROPERTIES = ("pStyle", "keepNext", "numPr", "spacing", "ind", "jc")

OFFICE = "http://schemas.openxmlformats.org"
RELATION = f"{OFFICE}/officeDocument/2006/relationships"
PACKAGE = f"{OFFICE}/package/2006"
WORD_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml"
NAMESPACES = {
    "xmlns:w": f"{OFFICE}/wordprocessingml/2006/main",
    "xmlns:r": RELATION,
    "xmlns:wp": f"{OFFICE}/drawingml/2006/wordprocessingDrawing",
    "xmlns:a": f"{OFFICE}/drawingml/2006/main",
    "xmlns:pic": f"{OFFICE}/drawingml/2006/picture",
}
CORE = {
    "xmlns:cp": f"{PACKAGE}/metadata/core-properties",
    "xmlns:dc": "http://purl.org/dc/elements/1.1/",
    "xmlns:dcterms": "http://purl.org/dc/terms/",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
FIXED = ("styles", "theme", "fontTable")  # parts that are the same in every answer, but for its language
# Parts beside the body by name, with the kind of each.
PARTS = {
    **dict(zip(FIXED, FIXED, strict=True)),
    "numbering": "numbering",
    "settings": "settings",
    "header": "header",
    "footer": "footer",
    "footer-first": "footer",
}
RELATIONS = {name: f"rId{number}" for number, name in enumerate(PARTS, start=1)}
CONTENT_TYPES = {
    **{f"/word/{name}.xml": f"{WORD_TYPE}.{kind}+xml" for name, kind in PARTS.items()},
    "/word/document.xml": f"{WORD_TYPE}.document.main+xml",
    "/word/theme.xml": "application/vnd.openxmlformats-officedocument.theme+xml",
    "/docProps/core.xml": "application/vnd.openxmlformats-package.core-properties+xml",
}
EXTENSIONS = {
    "rels": "application/vnd.openxmlformats-package.relationships+xml",
    "xml": "application/xml",
    "png": "image/png",
}


@dataclass(frozen=True)
class Frame:
    """What is said about a document beside its body; `lists` tells of each list whether it is numbered, and its level.

    The notice stands at the foot of every page; nothing does if it is empty.
    """

    title: str
    description: str
    language: str
    notice: str
    created: datetime.date
    lists: tuple[tuple[bool, int], ...]
    pictures: tuple[bytes, ...]


def proofing(language: str) -> str:
    """Return the language in which Word checks a text: with the region that Belgium uses, if `language` has none."""
    return PROOFING.get(language, language)


def element(name: str, attributes: dict[str, str], *children: Element, text: str = "") -> Element:
    """Return an XML element; names carry their prefix, and all texts are cleaned."""
    made = Element(name, {key: clean(value) for key, value in attributes.items()})
    made.text = clean(text) or None
    made.extend(children)
    return made


def w(name: str, /, *children: Element, **attributes: str | int) -> Element:
    """Return an element of WordprocessingML; its name and attributes are given without their prefix."""
    return element(f"w:{name}", {f"w:{key}": str(value) for key, value in attributes.items()}, *children)


def paragraph(style: str, *content: Element) -> Element:
    """Return a paragraph of the named style, of Word's normal style if that is empty."""
    return w("p", w("pPr", *([w("pStyle", val=style)] if style else [])), *content)


def children(parent: Element, name: str) -> list[Element]:
    """Return the children of an element that have this name, which is given without its prefix."""
    return [child for child in parent if child.tag == f"w:{name}"]


def give(target: Element, *properties: Element) -> None:
    """Give a paragraph properties in place of those of the same name, in the order of the schema."""
    found = target[0]
    kept = [old for old in found if old.tag not in {new.tag for new in properties}]
    order = {f"w:{name}": place for place, name in enumerate(PARAGRAPH_PROPERTIES)}
    found[:] = sorted([*kept, *properties], key=lambda item: order[item.tag])


def run(text: str, *properties: Element) -> Element:
    """Return a run of text with properties, which stand in the order of the schema."""
    words = element("w:t", {"xml:space": "preserve"}, text=text)
    return w("r", w("rPr", *properties), words) if properties else w("r", words)


def field(instruction: str, *result: Element) -> list[Element]:
    """Return the runs of a field; `result` is shown until Word computes it anew."""
    code = w("r", element("w:instrText", {"xml:space": "preserve"}, text=f" {instruction} "))
    begin, separate, end = (w("r", w("fldChar", fldCharType=kind)) for kind in ("begin", "separate", "end"))
    return [begin, code, separate, *result, end]


def picture_relation(number: int) -> str:
    """Return the id by which the body names the picture of that number, counted from 1."""
    return f"rId{len(PARTS) + number}"


def package(blocks: list[Element], frame: Frame) -> bytes:
    """Return the bytes of the Word document with these blocks as its body; the same input gives the same bytes."""
    parts = {
        "[Content_Types].xml": _content_types(),
        "_rels/.rels": _relations([("officeDocument", "word/document.xml"), ("core", "docProps/core.xml")]),
        "docProps/core.xml": _core(frame),
        "word/document.xml": w("document", w("body", *blocks, _section())),
        "word/_rels/document.xml.rels": _relations(_body_relations(frame)),
        "word/numbering.xml": _numbering(frame.lists),
        "word/settings.xml": _settings(frame.language),
        "word/header.xml": w("hdr", paragraph("Header", run(frame.title))),
        "word/footer.xml": w("ftr", _foot(frame.notice)),
        "word/footer-first.xml": w("ftr", _foot(frame.notice)),
    }
    files = {name: _serialised(part) for name, part in parts.items()}
    files |= {f"word/{name}.xml": _fixed(name, frame.language) for name in FIXED}
    pictures = {f"word/media/image{number}.png": data for number, data in enumerate(frame.pictures, start=1)}
    return _zipped(files | pictures)


def _zipped(files: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    # No compression: its bytes would depend on the compression library of the machine.
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.create_system = 0
            archive.writestr(entry, data)
    return target.getvalue()


def _serialised(part: Element) -> bytes:
    if part.tag.startswith("w:"):
        part.attrib = {**NAMESPACES, **part.attrib}
    text: str = tostring(part, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{text}'.encode()


def _fixed(name: str, language: str) -> bytes:
    text = (TEMPLATE / f"word-{name}.xml").read_text(encoding="utf-8")
    return Template(text).substitute(language=proofing(language)).encode()


def _content_types() -> Element:
    return element(
        "Types",
        {"xmlns": f"{PACKAGE}/content-types"},
        *(element("Default", {"Extension": key, "ContentType": kind}) for key, kind in EXTENSIONS.items()),
        *(element("Override", {"PartName": name, "ContentType": kind}) for name, kind in CONTENT_TYPES.items()),
    )


def _body_relations(frame: Frame) -> list[tuple[str, str]]:
    numbers = range(1, len(frame.pictures) + 1)
    parts = [(kind, f"{name}.xml") for name, kind in PARTS.items()]
    return parts + [("image", f"media/image{number}.png") for number in numbers]


def _relations(relations: list[tuple[str, str]]) -> Element:
    kinds = {"core": f"{PACKAGE}/relationships/metadata/core-properties"}
    entries = [
        element("Relationship", {"Id": f"rId{number}", "Type": kinds.get(kind, f"{RELATION}/{kind}"), "Target": target})
        for number, (kind, target) in enumerate(relations, start=1)
    ]
    return element("Relationships", {"xmlns": f"{PACKAGE}/relationships"}, *entries)


def _core(frame: Frame) -> Element:
    day = f"{frame.created.isoformat()}T00:00:00Z"
    stamp = {"xsi:type": "dcterms:W3CDTF"}
    return element(
        "cp:coreProperties",
        CORE,
        element("dc:title", {}, text=frame.title),
        element("dc:subject", {}, text=frame.description),
        element("dc:creator", {}),
        element("dc:description", {}, text=frame.description),
        element("dc:language", {}, text=proofing(frame.language)),
        element("cp:lastModifiedBy", {}),
        element("cp:revision", {}, text="1"),
        element("dcterms:created", stamp, text=day),
        element("dcterms:modified", stamp, text=day),
    )


def _settings(language: str) -> Element:
    mode = {"w:name": "compatibilityMode", "w:uri": "http://schemas.microsoft.com/office/word", "w:val": "15"}
    return w(
        "settings",
        w("defaultTabStop", val=709),
        w("autoHyphenation"),
        w("consecutiveHyphenLimit", val=2),
        w("hyphenationZone", val=425),
        w("characterSpacingControl", val="doNotCompress"),
        w("compat", element("w:compatSetting", mode)),
        w("themeFontLang", val=proofing(language)),
    )


def _numbering(lists: tuple[tuple[bool, int], ...]) -> Element:
    """Return the two kinds of list, and for each list of the document its own count."""
    kinds = [
        w("abstractNum", w("multiLevelType", val="multilevel"), *levels, abstractNumId=number)
        for number, levels in ((BULLETED, _levels(False)), (NUMBERED, _levels(True)))
    ]
    counts = []
    for number, (numbered, level) in enumerate(lists, start=1):
        start = [w("lvlOverride", w("startOverride", val=1), ilvl=level)] if numbered else []
        counts.append(w("num", w("abstractNumId", val=NUMBERED if numbered else BULLETED), *start, numId=number))
    return w("numbering", *kinds, *counts)


def _levels(numbered: bool) -> list[Element]:
    return [
        w(
            "lvl",
            w("start", val=1),
            w("numFmt", val="decimal" if numbered else "bullet"),
            w("lvlText", val=f"%{level + 1}." if numbered else BULLETS[level % len(BULLETS)]),
            w("lvlJc", val="left"),
            w("pPr", w("ind", left=INDENT * (level + 1), hanging=INDENT)),
            ilvl=level,
        )
        for level in range(LEVELS)
    ]


def _foot(notice: str) -> Element:
    pages = [*field("PAGE", run("1")), run(" / "), *field("NUMPAGES", run("1"))]
    return paragraph("Footer", *([run(notice)] if notice else []), w("r", w("tab")), *pages)


def _section() -> Element:
    def part(kind: str, page: str, name: str) -> Element:
        return element(f"w:{kind}Reference", {"w:type": page, "r:id": RELATIONS[name]})

    return w(
        "sectPr",
        part("header", "default", "header"),
        part("footer", "default", "footer"),
        part("footer", "first", "footer-first"),
        w("pgSz", **PAGE),
        w("pgMar", **MARGINS),
        w("cols", space=709),
        w("titlePg"),
    )
