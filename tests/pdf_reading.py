"""Reading a PDF back with pikepdf: its texts by page, its structure elements, and where its links lead."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import pikepdf
from pikepdf import Array, Dictionary, Operator


@dataclass
class PageText:
    """The text of a page: what belongs to the document, and what the layout adds (running head, page number)."""

    content: str = ""
    artifacts: str = ""


@dataclass
class _Reader:
    page: pikepdf.Page
    text: PageText = field(default_factory=PageText)
    artifacts: list[bool] = field(default_factory=list)
    replaced: list[bool] = field(default_factory=list)
    font: dict[int, str] = field(default_factory=dict)

    def read(self) -> PageText:
        fonts = {name: _characters(font) for name, font in self.page.Resources.get("/Font", {}).items()}
        for instruction in pikepdf.parse_content_stream(self.page):
            operands, operator = instruction.operands, instruction.operator
            if operator in (Operator("BDC"), Operator("BMC")):
                self._mark(list(operands))
            elif operator == Operator("EMC"):
                self.artifacts.pop()
                self.replaced.pop()
            elif operator == Operator("Tf"):
                self.font = fonts[str(operands[0])]
            elif operator in (Operator("Tj"), Operator("TJ")):
                self._show(operands[0])
        return self.text

    def _mark(self, operands: list[pikepdf.Object]) -> None:
        self.artifacts.append(operands[0] == "/Artifact")
        actual = operands[1].get("/ActualText") if isinstance(operands[-1], Dictionary) else None
        if actual is not None:
            self._add(str(actual))
        self.replaced.append(actual is not None)

    def _add(self, words: str) -> None:
        if any(self.replaced):
            return
        if any(self.artifacts):
            self.text.artifacts += words
        else:
            self.text.content += words

    def _show(self, shown: pikepdf.Object) -> None:
        pieces = list(shown) if isinstance(shown, Array) else [shown]
        codes = b"".join(bytes(piece) for piece in pieces if isinstance(piece, pikepdf.String))
        pairs = (codes[place : place + 2] for place in range(0, len(codes), 2))
        self._add("".join(self.font[int.from_bytes(pair, "big")] for pair in pairs) + " ")


def _characters(font: pikepdf.Object) -> dict[int, str]:
    """Return the text of every character code, from the ToUnicode table with one code on each line."""
    table = font.ToUnicode.read_bytes().decode("ascii")
    singles = re.findall(r"^<([0-9A-Fa-f]{4})> <([0-9A-Fa-f]+)>$", table, flags=re.MULTILINE)
    return {int(code, 16): bytes.fromhex(text).decode("utf-16-be") for code, text in singles}


def open_pdf(document: bytes) -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(document))


def read_pages(document: bytes) -> list[PageText]:
    with open_pdf(document) as pdf:
        return [_Reader(page).read() for page in pdf.pages]


def squeeze(text: str) -> str:
    """Return a text without spaces, joiners and hyphens, which typesetting adds and takes away."""
    return re.sub(r"[\s\u00ad\u2010\u2060-]", "", text)


def elements(node: pikepdf.Object, kind: str) -> Iterator[Dictionary]:
    """Yield the structure elements of a kind in or below `node`, in reading order."""
    if isinstance(node, Array):
        for child in node:
            yield from elements(child, kind)
    elif isinstance(node, Dictionary):
        if node.get("/S") == kind:
            yield node
        yield from elements(node.get("/K", Array()), kind)


def attribute_of(element: Dictionary, owner: str, name: str) -> pikepdf.Object | None:
    attributes = element.get("/A", Array())
    for attribute in attributes if isinstance(attributes, Array) else [attributes]:
        if str(attribute.O) == owner and name in attribute:
            return attribute[name]
    return None


def links(pdf: pikepdf.Pdf) -> Iterator[tuple[int, str, int]]:
    """Yield page number, description and target page number of every link, numbered from one."""
    numbers = {page.obj.objgen: number for number, page in enumerate(pdf.pages, start=1)}
    names = pikepdf.NameTree(pdf.Root.Names.Dests) if "/Names" in pdf.Root else {}
    for number, page in enumerate(pdf.pages, start=1):
        for annotation in page.get("/Annots", Array()):
            place = annotation.Dest if "/Dest" in annotation else annotation.A.D
            if isinstance(place, pikepdf.String):
                place = names[str(place)]
            place = place.D if isinstance(place, Dictionary) else place
            yield number, str(annotation.Contents), numbers[place[0].objgen]


Matrix = tuple[float, float, float, float, float, float]


def text_extents(document: bytes) -> Iterator[tuple[int, float, float, float]]:
    """Yield page number, left, right and height above the foot (points) of every piece of text that is shown."""
    with open_pdf(document) as pdf:
        for number, page in enumerate(pdf.pages, start=1):
            widths = {name: _widths(font) for name, font in page.Resources.get("/Font", {}).items()}
            for left, right, height in _extents(page, widths):
                yield number, left, right, height


def _widths(font: pikepdf.Object) -> dict[int, float]:
    """Return the width of every glyph of a font in thousandths of its size."""
    entries, widths = list(font.DescendantFonts[0].get("/W", Array())), {}
    while entries:
        first, second = int(entries.pop(0)), entries.pop(0)
        if isinstance(second, Array):
            widths |= {first + place: float(width) for place, width in enumerate(second)}
        else:
            widths |= dict.fromkeys(range(first, int(second) + 1), float(entries.pop(0)))
    return widths


def _extents(page: pikepdf.Page, widths: dict[str, dict[int, float]]) -> Iterator[tuple[float, float, float]]:
    places: list[Matrix] = [(1, 0, 0, 1, 0, 0)]
    glyphs, size, text = {}, 0.0, places[0]
    for instruction in pikepdf.parse_content_stream(page):
        operands, operator = instruction.operands, str(instruction.operator)
        if operator == "q":
            places.append(places[-1])
        elif operator == "Q":
            places.pop()
        elif operator == "cm":
            places[-1] = _combine(tuple(map(float, operands)), places[-1])
        elif operator == "Tf":
            glyphs, size = widths[str(operands[0])], float(operands[1])
        elif operator == "Tm":
            text = tuple(map(float, operands))
        elif operator in ("Tj", "TJ"):
            a, _, _, _, left, height = _combine(text, places[-1])
            yield left, left + a * size * _advance(operands[0], glyphs) / 1000, height


def _combine(inner: Matrix, outer: Matrix) -> Matrix:
    a, b, c, d, e, f = inner
    m, n, o, p, q, r = outer
    return a * m + b * o, a * n + b * p, c * m + d * o, c * n + d * p, e * m + f * o + q, e * n + f * p + r


def _advance(shown: pikepdf.Object, glyphs: dict[int, float]) -> float:
    total = 0.0
    for piece in list(shown) if isinstance(shown, Array) else [shown]:
        if isinstance(piece, pikepdf.String):
            codes = bytes(piece)
            total += sum(glyphs.get(int.from_bytes(codes[at : at + 2], "big"), 1000) for at in range(0, len(codes), 2))
        else:
            total -= float(piece)
    return total
