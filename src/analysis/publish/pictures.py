"""The figures of the page as pictures of a Word document."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterable
from xml.etree.ElementTree import Element

from bs4.element import Tag

from analysis.publish.markup import SVG_ADDRESS
from analysis.publish.strings import typst_string
from analysis.publish.typesetting import typeset
from analysis.publish.vocabulary import attribute
from analysis.publish.word import NAMESPACES, TEXT_WIDTH, element, picture_relation, w

RESOLUTION = 300  # dots per inch of a figure in print
TALLEST = 190  # mm; a taller figure is made smaller, so that its caption stays on the page
EMU = 914_400  # per inch: the unit of lengths in drawings
TWIP = 20  # per point: the unit of other lengths
PICTURES = """
#set page(width: auto, height: auto, margin: 0pt)
#let picture(source) = page(context {{
  let drawing = image(bytes(source), format: "svg")
  let size = measure(drawing)
  image(bytes(source), format: "svg", width: size.width * calc.min(1, {width}pt / size.width, {height}mm / size.height))
}})
"""


def rendered(images: Iterable[Tag]) -> tuple[bytes, ...]:
    """Return the drawings (SVG) of images as pictures (PNG) of the size in which they are printed.

    Raises:
        ValueError: an image without a drawing inside the page.
    """
    calls = "".join(f"#picture({typst_string(_svg(image))})\n" for image in images)
    if not calls:
        return ()
    source = PICTURES.format(width=TEXT_WIDTH / TWIP, height=TALLEST) + calls
    made = typeset(source, format="png", ppi=RESOLUTION)
    return tuple(made) if isinstance(made, list) else (made,)


def drawing(picture: bytes, number: int, name: str, alternative: str) -> Element:
    """Return what shows the picture (PNG) of that number, with its text alternative, in a line of text."""
    # The header of a PNG holds its width and height.
    width, height = (str(pixels * EMU // RESOLUTION) for pixels in struct.unpack(">II", picture[16:24]))
    extent = {"cx": width, "cy": height}
    known = {"id": str(number), "name": name, "descr": alternative}
    lock = element("a:graphicFrameLocks", {"noChangeAspect": "1"})
    fill = element("pic:blipFill", {}, element("a:blip", {"r:embed": picture_relation(number)}), _stretched())
    place = element("a:xfrm", {}, element("a:off", {"x": "0", "y": "0"}), element("a:ext", extent))
    shape = element("pic:spPr", {}, place, element("a:prstGeom", {"prst": "rect"}, element("a:avLst", {})))
    about = element("pic:nvPicPr", {}, element("pic:cNvPr", known), element("pic:cNvPicPr", {}))
    content = element("a:graphicData", {"uri": NAMESPACES["xmlns:pic"]}, element("pic:pic", {}, about, fill, shape))
    inline = element(
        "wp:inline",
        dict.fromkeys(("distT", "distB", "distL", "distR"), "0"),
        element("wp:extent", extent),
        element("wp:docPr", known),
        element("wp:cNvGraphicFramePr", {}, lock),
        element("a:graphic", {}, content),
    )
    return w("drawing", inline)


def _stretched() -> Element:
    return element("a:stretch", {}, element("a:fillRect", {}))


def _svg(image: Tag) -> str:
    address = attribute(image, "src")
    if not address.startswith(SVG_ADDRESS):
        raise ValueError(f"The figure {attribute(image, 'alt')!r} has no SVG inside the page: {address[:40]!r}.")
    return base64.b64decode(address.removeprefix(SVG_ADDRESS)).decode()
