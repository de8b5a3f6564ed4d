"""What Typst cannot say in the structure tree of a PDF: which cells head their row, and what a link says."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pikepdf
from bs4.element import Tag
from pikepdf import Array, Dictionary, Name, String

from analysis.publish.vocabulary import attribute, cells, inside, line, tags


@dataclass(frozen=True)
class _Element:
    """An element of the structure tree, its kind, and what is in it; each is read from the document once."""

    item: pikepdf.Object
    kind: str
    children: list[_Element]


def complete_tags(document: bytes, main: Tag) -> bytes:
    """Return the PDF with row headers and the texts of links as in `main`, the page that it was made from.

    Raises:
        ValueError: the structure tree has other tables, rows, cells or links than the page.
    """
    with pikepdf.open(io.BytesIO(document)) as pdf:
        root = _read(pdf.Root.StructTreeRoot).children
        for element, table in zip(_elements(root, "/Table"), tags(main, "table"), strict=True):
            _mark_row_headers(element, table)
        # The entries of the contents have their own description, with the page number.
        for element, link in zip(_elements(root, "/Link", skip="/TOC"), _body_links(main), strict=True):
            _describe_link(element, attribute(link, "aria-label") or line(link))
        end_streams_clearly(pdf)
        completed = io.BytesIO()
        # No recompression: its bytes would depend on the compression library of the machine.
        pdf.save(completed, deterministic_id=True, recompress_flate=False, compress_streams=False)
    return completed.getvalue()


def end_streams_clearly(pdf: pikepdf.Pdf) -> None:
    """Unpack each stream whose packed bytes end in a carriage return.

    With the line feed before `endstream` that reads as one line end, and the stream as a byte too short: validators
    of PDF/A then refuse the document.
    """
    for item in pdf.objects:
        if isinstance(item, pikepdf.Stream) and item.read_raw_bytes().endswith(b"\r"):
            item.write(item.read_bytes())


def _body_links(main: Tag) -> list[Tag]:
    return [link for link in tags(main, "a") if not inside(link, "nav")]


def _mark_row_headers(element: _Element, table: Tag) -> None:
    body = _elements(element.children, "/TBody")
    rows = _elements((child for part in body for child in part.children), "/TR")
    html_rows = [row for row in tags(table, "tr") if inside(row, "tbody")]
    for row, html_row in zip(rows, html_rows, strict=True):
        html_cells = cells(html_row)
        if any(cell.name == "th" for cell in html_cells):
            for cell, html_cell in zip(_elements(row.children, "/TD"), html_cells, strict=True):
                _mark_cell(cell.item, html_cell.name == "th")


def _mark_cell(cell: pikepdf.Object, heads_row: bool) -> None:
    # With a list of column headers in the cell, a reader would ignore the header of its row.
    attributes = [item for item in _items(cell.get("/A")) if item.O != "/Table"]
    if heads_row:
        cell.S = Name.TH
        attributes.append(Dictionary(O=Name.Table, Scope=Name.Row))
    cell.A = Array(attributes)


def _describe_link(element: _Element, text: str) -> None:
    # Screen readers speak this description in place of the words of the link; Typst gives a page number only.
    for child in element.children:
        if child.item.get("/Type") == "/OBJR":
            child.item.Obj.Contents = String(text)


def _elements(nodes: Iterable[_Element], kind: str, skip: str = "") -> Iterator[_Element]:
    """Yield the elements of one kind in reading order, looking inside neither them nor what is skipped."""
    for node in nodes:
        if node.kind == kind:
            yield node
        elif node.kind != skip:
            yield from _elements(node.children, kind, skip)


def _read(item: pikepdf.Object) -> _Element:
    inner = [_read(child) for child in _items(item.get("/K")) if isinstance(child, Dictionary)]
    return _Element(item, str(item.get("/S", "")), inner)


def _items(value: pikepdf.Object | None) -> list[pikepdf.Object]:
    if value is None:
        return []
    return list(value) if isinstance(value, Array) else [value]
