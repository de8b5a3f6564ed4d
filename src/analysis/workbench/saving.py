"""What the workbench lets a reader save: tables as CSV and XLSX, pictures as SVG and PNG."""

from __future__ import annotations

import base64
import csv
import io
from html import escape

import pandas as pd

MIMES = {
    "csv": "text/csv;charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "svg": "image/svg+xml",
    "png": "image/png",
}
DOTS_PER_INCH = 192
PNG_PAGE = """#set page(width: auto, height: auto, margin: 0pt, fill: white)
#image(bytes(sys.inputs.svg), format: "svg")"""


def write_csv(table: pd.DataFrame) -> bytes:
    """Return a frame as CSV in UTF-8, with the mark that spreadsheets know it by; what is missing is empty."""
    buffer = io.StringIO()
    table.to_csv(buffer, index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)
    return buffer.getvalue().encode("utf-8-sig")


def write_xlsx(table: pd.DataFrame, name: str) -> bytes:
    """Return a frame as a workbook of one sheet; numbers stay numbers, and no text is read as a formula or link."""
    buffer = io.BytesIO()
    options = {"strings_to_formulas": False, "strings_to_urls": False}
    with pd.ExcelWriter(buffer, engine="xlsxwriter", engine_kwargs={"options": options}) as writer:
        table.to_excel(writer, sheet_name=name[:31], index=False, freeze_panes=(1, 0))
        writer.sheets[name[:31]].autofit()
    return buffer.getvalue()


def draw_png(svg: str) -> bytes:
    """Return an SVG picture as PNG, at twice the dots of a screen."""
    import typst  # which takes a while to load, and is needed on demand only

    drawn = typst.compile(PNG_PAGE.encode(), format="png", ppi=DOTS_PER_INCH, sys_inputs={"svg": svg})
    return drawn if isinstance(drawn, bytes) else bytes(drawn[0])


def hand_over(name: str, data: bytes, number: int) -> str:
    """Return the markup by which the script of the page saves a file; the number tells one request from the next."""
    mime = MIMES[name.rpartition(".")[2]]
    href = f"data:{mime};base64,{base64.b64encode(data).decode('ascii')}"
    return f'<div data-name="{escape(name, quote=True)}" data-href="{href}" data-number="{number}"></div>'
