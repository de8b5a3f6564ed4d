"""What Typst cannot say in the structure tree of a PDF: which cells head their row, and what a link says."""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator

import pikepdf
from bs4.element import Tag
from pikepdf import Array, Dictionary, Name, String

from analysis.publish.vocabulary import line


def complete_tags(document: bytes, main: Tag) -> bytes:
    """Return the PDF with row headers and the texts of links as in `main`, the page that it was made from.

    Raises:
        ValueError: the structure tree has other tables, rows, cells or links than the page.
    """
    with pikepdf.open(io.BytesIO(document)) as pdf:
        root = _children(pdf.Root.StructTreeRoot)
        for element, table in zip(_elements(root, "/Table"), main.select("table"), strict=True):
            _mark_row_headers(element, table)
        # The entries of the contents have their own description, with the page number.
        for element, link in zip(_elements(root, "/Link", skip="/TOC"), _body_links(main), strict=True):
            _describe_link(element, line(link))
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
    return [link for link in main.select("a") if not link.find_parent("nav")]


def _mark_row_headers(element: Dictionary, table: Tag) -> None:
    body = _elements(_children(element), "/TBody")
    rows = _elements((child for part in body for child in _children(part)), "/TR")
    for row, html_row in zip(rows, table.select("tbody tr"), strict=True):
        html_cells = html_row.select("th, td")
        if any(cell.name == "th" for cell in html_cells):
            for cell, html_cell in zip(_elements(_children(row), "/TD"), html_cells, strict=True):
                _mark_cell(cell, html_cell.name == "th")


def _mark_cell(cell: Dictionary, heads_row: bool) -> None:
    # With a list of column headers in the cell, a reader would ignore the header of its row.
    attributes = [item for item in _items(cell.get("/A")) if item.O != "/Table"]
    if heads_row:
        cell.S = Name.TH
        attributes.append(Dictionary(O=Name.Table, Scope=Name.Row))
    cell.A = Array(attributes)


def _describe_link(element: Dictionary, text: str) -> None:
    # Screen readers speak this description in place of the words of the link; Typst gives a page number only.
    for child in _children(element):
        if child.get("/Type") == "/OBJR":
            child.Obj.Contents = String(text)


def _elements(nodes: Iterable[Dictionary], kind: str, skip: str = "") -> Iterator[Dictionary]:
    """Yield the elements of one kind in reading order, looking inside neither them nor what is skipped."""
    for node in nodes:
        if node.get("/S") == kind:
            yield node
        elif node.get("/S") != skip:
            yield from _elements(_children(node), kind, skip)


def _children(element: pikepdf.Object) -> list[Dictionary]:
    return [child for child in _items(element.get("/K")) if isinstance(child, Dictionary)]


def _items(value: pikepdf.Object | None) -> list[pikepdf.Object]:
    if value is None:
        return []
    return list(value) if isinstance(value, Array) else [value]
