import base64
import datetime
import io
import os
import re
import shutil
import struct
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import docx
import pikepdf
import pytest
from bs4 import BeautifulSoup
from markupsafe import escape
from publish_demonstration import HOSTILE, LONG_WORD, PAGE, PERCENTAGE, TITLE, demonstration, page_of, table

from analysis.publish.docx import render_docx
from analysis.publish.html import render_html

CREATED = datetime.date(2024, 3, 5)
NOTICE = "Verzonnen gegevens: geen echte voorstellen."
PLAIN = '<!doctype html><html lang="nl"><head><title>T</title></head><body><main>{}</main></body></html>'
SQUARE = "<svg xmlns='http://www.w3.org/2000/svg' width='{}' height='{}'><path d='M0 0h100v100z'/></svg>"
FIGURE = '<figure id="f"><img src="data:image/svg+xml;base64,{}" alt="Een driehoek"><figcaption>F</figcaption></figure>'

OFFICE = "http://schemas.openxmlformats.org/"
W = f"{{{OFFICE}wordprocessingml/2006/main}}"
R = f"{{{OFFICE}officeDocument/2006/relationships}}"
WP = f"{{{OFFICE}drawingml/2006/wordprocessingDrawing}}"
A = f"{{{OFFICE}drawingml/2006/main}}"
RELATION = f"{{{OFFICE}package/2006/relationships}}Relationship"
BLOCKS = "h1, h2, h3, h4, p, li, dt, dd, th, td, caption, figcaption, blockquote, div"

# Orders of elements in ECMA-376, part 1, annex A, as far as a document of text and tables has them.
ORDERS = {
    "pPr": "pStyle keepNext keepLines pageBreakBefore framePr widowControl numPr suppressLineNumbers pBdr shd tabs "
    "suppressAutoHyphens kinsoku wordWrap bidi snapToGrid spacing ind contextualSpacing jc textAlignment outlineLvl rPr",
    "rPr": "rStyle rFonts b bCs i iCs caps strike vanish noProof color spacing w kern position sz szCs highlight u bdr "
    "shd vertAlign rtl cs lang",
    "numPr": "ilvl numId",
    "pBdr": "top left bottom right between",
    "tblPr": "tblStyle tblpPr tblW jc tblInd tblBorders shd tblLayout tblCellMar tblLook tblCaption tblDescription",
    "tblBorders": "top left bottom right insideH insideV",
    "tblCellMar": "top left bottom right",
    "tcPr": "tcW gridSpan vMerge tcBorders shd noWrap tcMar textDirection tcFitText vAlign",
    "tbl": "bookmarkStart bookmarkEnd tblPr tblGrid tr",
    "tr": "tblPrEx trPr tc",
    "sectPr": "headerReference footerReference type pgSz pgMar pgBorders pgNumType cols vAlign titlePg docGrid",
    "style": "name basedOn next link uiPriority semiHidden unhideWhenUsed qFormat pPr rPr tblPr trPr tcPr tblStylePr",
    "tblStylePr": "pPr rPr tblPr trPr tcPr",
    "lvl": "start numFmt lvlRestart pStyle suff lvlText lvlJc pPr rPr",
    "num": "abstractNumId lvlOverride",
    "numbering": "abstractNum num",
    "abstractNum": "nsid multiLevelType tmpl lvl",
    "settings": "zoom defaultTabStop autoHyphenation consecutiveHyphenLimit hyphenationZone doNotHyphenateCaps "
    "characterSpacingControl footnotePr compat rsids themeFontLang clrSchemeMapping decimalSymbol listSeparator",
    "styles": "docDefaults latentStyles style",
    "font": "altName panose1 charset family notTrueType pitch sig",
}


def document_of(body: str, **page: str) -> bytes:
    return render_docx(render_html(page_of(body), **(PAGE | page)), created=CREATED)


def files(document: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def part(document: bytes, name: str) -> ElementTree.Element:
    return ElementTree.fromstring(files(document)[name])


def body_of(document: bytes) -> ElementTree.Element:
    (body,) = part(document, "word/document.xml")
    return body


def paragraphs(document: bytes) -> list[ElementTree.Element]:
    """Return the paragraphs of the text, without those of the table of contents."""
    return [p for block in body_of(document) if block.tag != f"{W}sdt" for p in block.iter(f"{W}p")]


def style(element: ElementTree.Element) -> str:
    found = element.find(f"{W}pPr/{W}pStyle")
    return "" if found is None else found.attrib[f"{W}val"]


def words(element: ElementTree.Element) -> str:
    """Return the text of an element; a tab or line break as a space."""
    shown = {f"{W}t": lambda t: t.text or "", f"{W}tab": lambda _: " ", f"{W}br": lambda _: " "}
    parts = (shown[e.tag](e) for run in element.iter(f"{W}r") for e in run if e.tag in shown)
    return "".join(parts)


def page_words(markup: str, selector: str = "main", labels: bool = False) -> list[str]:
    """Return the words of a part of a page, blocks apart; with the labels of its lists if wanted."""
    tree = BeautifulSoup(markup, "html.parser")
    found = tree.select(selector)[0]
    for item in found.select("li") if labels else []:
        number = len(item.find_previous_siblings("li")) + 1
        item.insert(0, f"{number}. " if item.parent.name == "ol" else "\u2022 ")
    for block in found.select(f"{BLOCKS}, br"):
        block.insert_before(" ")
        block.insert_after(" ")
    return plain(found.get_text()).split()


def plain(text: str) -> str:
    return text.replace("\u200b", "").replace("\ufeff", "")


@pytest.fixture(scope="module")
def markup() -> str:
    return render_html(demonstration(), **PAGE, notice=NOTICE)


@pytest.fixture(scope="module")
def page(markup: str) -> BeautifulSoup:
    return BeautifulSoup(markup, "html.parser")


@pytest.fixture(scope="module")
def document(markup: str) -> bytes:
    return render_docx(markup, created=CREATED)


def test_all_words_of_the_page_stand_in_the_document_in_the_same_order(markup: str, document: bytes) -> None:
    written = [word for p in paragraphs(document) for word in plain(words(p)).split()]
    assert len(written) > 1500
    assert written == page_words(markup)


def test_headings_have_the_levels_of_the_page(page: BeautifulSoup, document: bytes) -> None:
    expected = [(f"Heading{tag.name[1]}", tag.get_text()) for tag in page.select("main :is(h1, h2, h3, h4)")]
    assert len(expected) > 8
    assert [(style(p), words(p)) for p in paragraphs(document) if style(p).startswith("Heading")] == expected
    levels = {
        found.attrib[f"{W}styleId"]: found.find(f"{W}pPr/{W}outlineLvl").attrib[f"{W}val"]
        for found in part(document, "word/styles.xml").iter(f"{W}style")
        if found.attrib[f"{W}styleId"].startswith("Heading")
    }
    assert levels == {"Heading1": "0", "Heading2": "1", "Heading3": "2", "Heading4": "3"}


def test_another_reader_finds_title_headings_tables_and_pictures(page: BeautifulSoup, document: bytes) -> None:
    read = docx.Document(io.BytesIO(document))
    assert read.core_properties.title == TITLE
    assert [p.text for p in read.paragraphs if p.style.name == "Heading 1"] == [TITLE]
    assert [len(found.rows) for found in read.tables] == [len(found.select("tr")) for found in page.select("table")]
    assert len(read.inline_shapes) == len(page.select("main img")) == 2


def test_tables_have_the_cells_of_the_page_and_repeat_their_head(page: BeautifulSoup, document: bytes) -> None:
    tables = page.select("main table")
    found = list(body_of(document).iter(f"{W}tbl"))
    assert len(found) == len(tables) == 5
    for element, expected in zip(found, tables, strict=True):
        cells = [[words(cell) for cell in row.iter(f"{W}tc")] for row in element.iter(f"{W}tr")]
        assert cells == [[cell.get_text().strip() for cell in row.select("th, td")] for row in expected.select("tr")]
        repeated = [row.find(f"{W}trPr/{W}tblHeader") is not None for row in element.iter(f"{W}tr")]
        assert repeated == [row.parent.name == "thead" for row in expected.select("tr")]
        look = element.find(f"{W}tblPr/{W}tblLook").attrib
        assert (look[f"{W}firstRow"], look[f"{W}firstColumn"]) == ("1", "1")
        assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in element.iter(f"{W}tr"))


def test_table_without_row_headers_does_not_claim_them() -> None:
    body = (
        '<table><caption>T</caption><thead><tr><th scope="col">A</th></tr></thead>'
        "<tbody><tr><td>1</td></tr></tbody></table>"
    )
    look = next(body_of(document_of(body)).iter(f"{W}tblLook")).attrib
    assert look[f"{W}firstColumn"] == "0"
    assert int(look[f"{W}val"], 16) & 0x80 == 0


def test_columns_fill_the_page_and_figures_stand_to_the_right(page: BeautifulSoup, document: bytes) -> None:
    for element, expected in zip(body_of(document).iter(f"{W}tbl"), page.select("main table"), strict=True):
        assert element.find(f"{W}tblPr/{W}tblLayout").attrib[f"{W}type"] == "fixed"
        grid = [int(column.attrib[f"{W}w"]) for column in element.find(f"{W}tblGrid")]
        assert sum(grid) == 11906 - 2 * 1417
        assert min(grid) > 400
        rows = expected.select("tbody tr")
        for row, html_row in zip(list(element.iter(f"{W}tr"))[1:], rows, strict=True):
            assert [int(width.attrib[f"{W}w"]) for width in row.iter(f"{W}tcW")] == grid
            sides = [cell.find(f".//{W}jc") for cell in row.iter(f"{W}tc")]
            right = [side is not None and side.attrib[f"{W}val"] == "right" for side in sides]
            assert right == ["num" in cell.get("class", []) for cell in html_row.select("th, td")]


def test_captions_are_kept_with_what_they_name(page: BeautifulSoup, document: bytes) -> None:
    blocks = list(body_of(document))
    captions = [(number, block) for number, block in enumerate(blocks) if style(block) == "Caption"]
    expected = page.select("main :is(caption, figcaption)")
    assert [words(caption) for _, caption in captions] == [tag.get_text() for tag in expected]
    for (number, caption), tag in zip(captions, expected, strict=True):
        if tag.name == "caption":
            assert blocks[number + 1].tag == f"{W}tbl"
            assert caption.find(f"{W}pPr/{W}keepNext") is not None
        else:
            assert style(blocks[number - 1]) == "Figure"
            assert list(blocks[number - 1].iter(f"{W}drawing")) != []
    figure = part(document, "word/styles.xml").find(f".//{W}style[@{W}styleId='Figure']")
    assert figure.find(f"{W}pPr/{W}keepNext") is not None


def test_short_table_stays_on_one_page_and_a_head_with_its_first_row() -> None:
    rows = [["a", "1"], ["b", "2"]]
    short = document_of(table("t", "Kort", ["Naam", "N"], rows, {1}, []))
    long = document_of(table("t", "Lang", ["Naam", "N"], rows * 20, {1}, []))

    def kept(document: bytes) -> list[bool]:
        rows = body_of(document).iter(f"{W}tr")
        return [all(p.find(f"{W}pPr/{W}keepNext") is not None for p in row.iter(f"{W}p")) for row in rows]

    assert kept(short) == [True, True, False]
    assert kept(long) == [True] + [False] * 40


def test_figures_have_alt_texts_and_are_sharp_at_their_size(page: BeautifulSoup, document: bytes) -> None:
    contents = files(document)
    targets = {item.attrib["Id"]: item.attrib["Target"] for item in part(document, "word/_rels/document.xml.rels")}
    drawings = list(body_of(document).iter(f"{WP}inline"))
    alternatives = [inline.find(f"{WP}docPr").attrib["descr"] for inline in drawings]
    assert alternatives == [image["alt"] for image in page.select("main img")]
    for inline in drawings:
        extent = inline.find(f"{WP}extent").attrib
        width, height = int(extent["cx"]) / 914400, int(extent["cy"]) / 914400
        picture = contents[f"word/{targets[next(inline.iter(f'{A}blip')).attrib[f'{R}embed']]}"]
        assert picture.startswith(b"\x89PNG")
        pixels = struct.unpack(">II", picture[16:24])
        assert width == pytest.approx(6.3, abs=0.01)  # the width of the text: the drawing is 6.4 inches wide
        assert height == pytest.approx(3.2 * width / 6.4, abs=0.01)
        assert pixels[0] / width == pytest.approx(300, abs=1)


def test_tall_figure_is_scaled_to_the_page() -> None:
    encoded = base64.b64encode(SQUARE.format(100, 4000).encode()).decode()
    document = render_docx(PLAIN.format('<h1 id="t">T</h1>' + FIGURE.format(encoded)), created=CREATED)
    extent = next(body_of(document).iter(f"{WP}extent")).attrib
    assert int(extent["cy"]) / 914400 * 25.4 == pytest.approx(190, abs=0.2)
    assert int(extent["cx"]) / int(extent["cy"]) == pytest.approx(100 / 4000, rel=0.05)


def test_document_carries_title_subject_language_and_date(document: bytes) -> None:
    core = {item.tag.partition("}")[2]: item.text or "" for item in part(document, "docProps/core.xml")}
    assert core["title"] == TITLE
    assert core["subject"] == core["description"] == PAGE["description"]
    assert core["language"] == "nl-BE"
    assert core["created"] == core["modified"] == "2024-03-05T00:00:00Z"
    assert core["creator"] == core["lastModifiedBy"] == ""


@pytest.mark.parametrize(
    ("language", "checked"), [("nl", "nl-BE"), ("nl-BE", "nl-BE"), ("en", "en-GB"), ("fr", "fr-BE")]
)
def test_text_is_checked_in_its_language(language: str, checked: str) -> None:
    document = document_of('<p>De <span lang="de">Frist</span>.</p><p lang="en">Hello</p>', language=language)
    defaults = part(document, "word/styles.xml").find(f"{W}docDefaults/{W}rPrDefault/{W}rPr/{W}lang")
    assert defaults.attrib[f"{W}val"] == checked
    assert part(document, "word/settings.xml").find(f"{W}autoHyphenation") is not None
    marked = {
        words(run): run.find(f"{W}rPr/{W}lang").attrib[f"{W}val"]
        for run in body_of(document).iter(f"{W}r")
        if run.find(f"{W}rPr/{W}lang") is not None
    }
    assert marked == {"Frist": "de-DE", "Hello": "en-GB"}


def test_links_lead_to_bookmarks_with_the_words_of_their_target(page: BeautifulSoup, document: bytes) -> None:
    body = body_of(document)
    places = {}
    for p in body.iter(f"{W}p"):
        places |= {mark.attrib[f"{W}name"]: words(p) for mark in p.iter(f"{W}bookmarkStart")}
    links = [
        (words(link), places[link.attrib[f"{W}anchor"]])
        for block in body
        if block.tag != f"{W}sdt"
        for link in block.iter(f"{W}hyperlink")
    ]
    assert [text for text, _ in links] == [tag.get_text() for tag in page.select("main a")]
    arrived = dict(links)
    assert arrived["zestien"] == "selection.chosen.count"
    assert arrived[PERCENTAGE] == "selection.chosen.share"
    assert arrived["de spreiding"] == "Spreiding over het Vlaamse Gewest"
    assert arrived["de eerste tabel"] == "Voorstellen per provincie"
    back = [target for text, target in links if text == "Kort antwoord"]
    assert len(back) == 3
    assert all(target.startswith("De jury koos zestien van de zestig") for target in back)


def test_number_and_its_origin_are_linked_both_ways(document: bytes) -> None:
    body = body_of(document)
    row = next(row for row in body.iter(f"{W}tr") if "selection.chosen.count" in words(row))
    (there,) = [link for link in body.iter(f"{W}hyperlink") if words(link) == "zestien"]
    (back,) = row.iter(f"{W}hyperlink")
    assert there.attrib[f"{W}anchor"] in {mark.attrib[f"{W}name"] for mark in row.iter(f"{W}bookmarkStart")}
    holder = next(p for p in body.iter(f"{W}p") if there in p)
    position = list(holder).index(there)
    near = [mark.attrib.get(f"{W}name") for mark in list(holder)[position - 2 : position]]
    assert back.attrib[f"{W}anchor"] in near


def test_lists_have_levels_and_each_begins_anew() -> None:
    document = document_of(
        "<ol><li>een</li><li><p>twee</p><p>vervolg</p><ul><li>punt<ol><li>diep</li></ol></li></ul></li></ol>"
        "<ol><li>weer een</li></ol><ul><li><ol><li>eerst</li></ol></li></ul>"
    )
    numbering = part(document, "word/numbering.xml")
    kinds = {item.attrib[f"{W}abstractNumId"]: item for item in numbering.iter(f"{W}abstractNum")}
    lists = {}
    for item in numbering.iter(f"{W}num"):
        levels = kinds[item.find(f"{W}abstractNumId").attrib[f"{W}val"]].findall(f"{W}lvl")
        starts = {o.attrib[f"{W}ilvl"]: o[0].attrib[f"{W}val"] for o in item.findall(f"{W}lvlOverride")}
        lists[item.attrib[f"{W}numId"]] = ([level.find(f"{W}numFmt").attrib[f"{W}val"] for level in levels], starts)
    found = []
    for p in paragraphs_with_number(document):
        level, number = (p.find(f"{W}pPr/{W}numPr/{W}{name}").attrib[f"{W}val"] for name in ("ilvl", "numId"))
        formats, starts = lists[number]
        found.append((words(p), formats[int(level)], int(level), number, starts.get(level)))
    assert [entry[:3] for entry in found] == [
        ("een", "decimal", 0),
        ("twee", "decimal", 0),
        ("punt", "bullet", 1),
        ("diep", "decimal", 2),
        ("weer een", "decimal", 0),
        ("", "bullet", 0),
        ("eerst", "decimal", 1),
    ]
    numbers = [entry[3] for entry in found]
    assert numbers[0] == numbers[1]
    assert len(set(numbers)) == 6
    assert {entry[4] for entry in found if entry[1] == "decimal"} == {"1"}
    (following,) = [p for p in body_of(document).iter(f"{W}p") if words(p) == "vervolg"]
    assert following.find(f"{W}pPr/{W}ind").attrib[f"{W}left"] == "397"


def paragraphs_with_number(document: bytes) -> list[ElementTree.Element]:
    return [p for p in body_of(document).iter(f"{W}p") if p.find(f"{W}pPr/{W}numPr") is not None]


def test_terms_of_the_head_stand_beside_their_descriptions_others_above(document: bytes) -> None:
    beside = [[run.text for run in p.iter(f"{W}t")] for p in paragraphs(document) if style(p) == "Particulars"]
    assert beside[:2] == [["Vraagsteller", "Een lid van de commissie Cultuur"], ["Datum", "5 maart 2024"]]
    plain_list = document_of("<dl><dt>Oproep</dt><dd>Een <em>vraag</em></dd><dd><p>aan allen</p></dd></dl>")
    found = [(style(p), words(p)) for p in body_of(plain_list).iter(f"{W}p") if style(p) in {"Term", "Definition"}]
    assert found == [("Term", "Oproep"), ("Definition", "Een vraag"), ("Definition", "aan allen")]


def test_notices_stand_in_boxes_of_their_own() -> None:
    document = document_of('<div class="notice"><p>een</p><p>ook een</p></div><div class="notice"><p>twee</p></div>')
    found = [(style(p), words(p)) for p in body_of(document).iter(f"{W}p")][1:]
    assert found == [("Notice", "een"), ("Notice", "ook een"), ("Gap", ""), ("Notice", "twee")]
    box = part(document, "word/styles.xml").find(f".//{W}style[@{W}styleId='Notice']/{W}pPr/{W}pBdr")
    assert [side.tag.removeprefix(W) for side in box] == ["top", "left", "bottom", "right"]


def test_emphasis_is_that_of_the_page() -> None:
    document = document_of(
        "<p> a <strong>b<em> c</em></strong><sup>2</sup> <small>klein</small>\n<code>x_y</code><br> nieuw </p>"
    )
    found = list(body_of(document).iter(f"{W}p"))[-1]
    runs = [(words(run), {item.tag.removeprefix(W) for item in run.findall(f"{W}rPr/*")}) for run in found]
    assert runs[1:] == [
        ("a ", set()),
        ("b", {"b"}),
        (" c", {"b", "i"}),
        ("2", {"vertAlign"}),
        (" ", set()),
        ("klein", {"sz"}),
        (" ", set()),
        ("x_y", {"noProof"}),
        (" ", set()),
        ("nieuw", set()),
    ]


def test_contents_are_a_field_of_word_that_is_filled_in(page: BeautifulSoup, document: bytes) -> None:
    (contents,) = body_of(document).iter(f"{W}sdt")
    entries = [p for p in contents.iter(f"{W}p") if style(p).startswith("TOC")]
    assert words(entries[0]) == "Inhoud"
    links = page.select("nav li a")
    expected = [(f"TOC{1 + len(link.find_parents('ol'))}", link.get_text()) for link in links]
    assert len(expected) > 5
    assert [(style(p), words(p)) for p in entries[1:]] == expected
    assert "".join(code.text for code in contents.iter(f"{W}instrText")).split()[:3] == ["TOC", r"\o", '"2-3"']
    blocks = list(body_of(document))
    (place,) = [number for number, block in enumerate(blocks) if block.tag == f"{W}sdt"]
    assert style(blocks[place - 1]) == "Particulars"
    assert style(blocks[place + 1]) == "Notice"


def test_every_page_has_its_number_and_the_notice(document: bytes) -> None:
    section = list(body_of(document))[-1]
    targets = {item.attrib["Id"]: item.attrib["Target"] for item in part(document, "word/_rels/document.xml.rels")}
    feet = {item.attrib[f"{W}type"]: targets[item.attrib[f"{R}id"]] for item in section.iter(f"{W}footerReference")}
    assert set(feet) == {"default", "first"}
    assert section.find(f"{W}titlePg") is not None
    for name in feet.values():
        foot = part(document, f"word/{name}")
        assert words(foot) == f"{NOTICE} 1 / 1"
        assert [code.text.strip() for code in foot.iter(f"{W}instrText")] == ["PAGE", "NUMPAGES"]
    (head,) = [targets[item.attrib[f"{R}id"]] for item in section.iter(f"{W}headerReference")]
    assert words(part(document, f"word/{head}")) == TITLE
    size = section.find(f"{W}pgSz").attrib
    assert [round(int(size[f"{W}{side}"]) / 1440 * 25.4) for side in ("w", "h")] == [210, 297]


def test_page_without_a_notice_has_only_numbers_at_its_foot() -> None:
    assert words(part(document_of("<p>a</p>"), "word/footer.xml")).strip() == "1 / 1"


def order_faults(document: bytes) -> list[str]:
    """Return each element of a document's parts whose children stand in another order than the schema's, or are foreign."""
    found = []
    for name, content in files(document).items():
        for element in (
            ElementTree.fromstring(content).iter() if name.startswith("word/") and name.endswith("xml") else []
        ):
            order = ORDERS.get(element.tag.removeprefix(W), "").split()
            children = [child.tag.removeprefix(W) for child in element]
            if order and (set(children) - set(order) or children != sorted(children, key=order.index)):
                found.append(f"{name}: {element.tag.removeprefix(W)} of {children}")
    return found


def test_elements_stand_in_the_order_of_the_schema(document: bytes) -> None:
    assert order_faults(document) == []
    assert set(ORDERS) <= {
        element.tag.removeprefix(W)
        for name, content in files(document).items()
        if name.endswith(".xml")
        for element in ElementTree.fromstring(content).iter()
    }


def test_wrong_order_is_seen(document: bytes) -> None:
    contents = files(document)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, re.sub(rb"(<w:pStyle [^>]*>)(<w:keepNext ?/>)", rb"\2\1", content))
    assert order_faults(target.getvalue()) != []


def test_every_part_is_declared_and_every_relation_leads_to_a_part(document: bytes) -> None:
    contents = files(document)
    types = ElementTree.fromstring(contents["[Content_Types].xml"])
    extensions = {item.attrib["Extension"] for item in types if "Extension" in item.attrib}
    declared = {item.attrib["PartName"] for item in types if "PartName" in item.attrib}
    assert declared <= {f"/{name}" for name in contents}
    assert {name.rpartition(".")[2] for name in contents} <= extensions
    assert {f"/{name}" for name in contents if name.endswith(".xml") and name != "[Content_Types].xml"} == declared
    related = {"_rels/.rels", "word/_rels/document.xml.rels", "[Content_Types].xml"}
    for name, base in (("_rels/.rels", ""), ("word/_rels/document.xml.rels", "word/")):
        relations = ElementTree.fromstring(contents[name])
        assert all("TargetMode" not in item.attrib for item in relations)
        assert len({item.attrib["Id"] for item in relations}) == len(relations)
        related |= {base + item.attrib["Target"] for item in relations}
    assert related == set(contents)
    used = set(re.findall(rb'r:(?:id|embed)="(rId\d+)"', contents["word/document.xml"]))
    known = {item.attrib["Id"].encode() for item in part(document, "word/_rels/document.xml.rels")}
    assert used <= known


def test_names_and_numbers_are_unique_and_known(document: bytes) -> None:
    body = body_of(document)
    starts = list(body.iter(f"{W}bookmarkStart"))
    names = [mark.attrib[f"{W}name"] for mark in starts]
    assert len({name.casefold() for name in names}) == len(names) > 10
    assert [name for name in names if not re.fullmatch(r"[A-Za-z]\w{0,39}", name, re.ASCII)] == []
    numbers = [mark.attrib[f"{W}id"] for mark in starts]
    assert len(set(numbers)) == len(numbers)
    assert numbers == [mark.attrib[f"{W}id"] for mark in body.iter(f"{W}bookmarkEnd")]
    pictures = [item.attrib["id"] for item in body.iter(f"{WP}docPr")]
    assert len(set(pictures)) == len(pictures)
    styles = {
        (item.attrib[f"{W}type"], item.attrib[f"{W}styleId"])
        for item in part(document, "word/styles.xml").iter(f"{W}style")
    }
    kinds = {"pStyle": "paragraph", "rStyle": "character", "tblStyle": "table"}
    used = {(kinds[tag], item.attrib[f"{W}val"]) for tag in kinds for item in body.iter(f"{W}{tag}")}
    assert used <= styles
    numbered = {item.attrib[f"{W}numId"] for item in part(document, "word/numbering.xml").iter(f"{W}num")}
    assert {item.attrib[f"{W}val"] for item in body.iter(f"{W}numId")} <= numbered


def test_cells_and_body_end_as_word_expects(document: bytes) -> None:
    body = body_of(document)
    assert [block.tag for block in body][-1] == f"{W}sectPr"
    assert [block.tag for block in body][-2] == f"{W}p"
    assert all(list(cell)[-1].tag == f"{W}p" for cell in body.iter(f"{W}tc"))
    for name in ("word/document.xml", "word/footer.xml"):
        marks = [item.attrib[f"{W}fldCharType"] for item in part(document, name).iter(f"{W}fldChar")]
        assert marks == ["begin", "separate", "end"] * (len(marks) // 3) != []


def test_nothing_tells_of_another_maker_or_moment(document: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}
        assert archive.namelist()[0] == "[Content_Types].xml"
    text = b"".join(content for name, content in files(document).items() if not name.endswith("png"))
    for trace in (b"python", b"rsid", b"docId", b"paraId", str(Path.home()).encode(), b"mc:Ignorable"):
        assert trace not in text


@pytest.mark.parametrize(("zone", "locale"), [("Asia/Tokyo", "C"), ("America/Los_Angeles", "nl_BE.UTF-8")])
def test_another_process_gives_the_same_bytes(
    markup: str, document: bytes, tmp_path: Path, zone: str, locale: str
) -> None:
    (tmp_path / "answer.html").write_text(markup, encoding="utf-8")
    program = (
        "import datetime, pathlib; from analysis.publish.docx import render_docx;"
        "html = pathlib.Path('answer.html').read_text(encoding='utf-8');"
        f"pathlib.Path('answer.docx').write_bytes(render_docx(html, created={CREATED!r}))"
    )
    environment = os.environ | {
        "PYTHONHASHSEED": "7",
        "TZ": zone,
        "LC_ALL": locale,
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, env=environment)
    assert (tmp_path / "answer.docx").read_bytes() == document


UNUSUAL = "\U0001f600 \U0001f469\u200d\U0001f467 \u6f22\u5b57 \u05e2\u05d1\u05e8\u05d9\u05ea\u200f\u200b\u00ad ${x} \\frac{a}{b} **b**"
FORMULA = '=HYPERLINK("http://example.org") { DDEAUTO c:\\\\cmd } </w:t><w:p/> &lt; &amp;lt; %d %1.'
ENDLESS = "wx" * 5000


@pytest.fixture(scope="module")
def hostile() -> bytes:
    texts = [HOSTILE, UNUSUAL, FORMULA]
    rows = [[text, "1"] for text in [*texts, ENDLESS, "a\x00b\x1fc\x0bd\ufffee\ud800f"]]
    link = '<a class="reference" href="#lang">terug</a>'
    return document_of(
        f'<h2 id="a">{escape(HOSTILE)} {link}</h2><p>{escape(UNUSUAL)}</p><p>{escape(FORMULA)}</p><p>{ENDLESS}</p>'
        f'<p id="lang">{LONG_WORD}</p><dl><dt>{escape(FORMULA)}</dt><dd>{escape(HOSTILE)}</dd></dl>'
        + table("t", f"Tabel {HOSTILE}", ["Naam", "Waarde"], rows, {1}, []),
        title=f"{HOSTILE}\x07",
        description=FORMULA,
        notice=UNUSUAL,
    )


def test_hostile_text_stands_literally_in_text_head_foot_and_properties(hostile: bytes) -> None:
    texts = [words(p) for p in body_of(hostile).iter(f"{W}p")]
    assert texts.count(HOSTILE) == 2
    assert f"{HOSTILE} terug" in texts
    assert texts.count(UNUSUAL) == 2
    assert texts.count(FORMULA) == 3
    assert texts.count(ENDLESS) == 2
    assert "abcdef" in texts
    assert f"Tabel {HOSTILE}" in texts
    assert words(part(hostile, "word/header.xml")) == HOSTILE
    assert words(part(hostile, "word/footer.xml")) == f"{UNUSUAL} 1 / 1"
    core = {item.tag.partition("}")[2]: item.text for item in part(hostile, "docProps/core.xml")}
    assert (core["title"], core["subject"]) == (HOSTILE, FORMULA)


def test_hostile_text_makes_no_field_and_no_relation(hostile: bytes) -> None:
    codes = [
        code.text.split()[0]
        for name, content in files(hostile).items()
        if name.startswith("word/") and name.endswith(".xml")
        for code in ElementTree.fromstring(content).iter(f"{W}instrText")
    ]
    assert sorted(codes) == ["NUMPAGES", "NUMPAGES", "PAGE", "PAGE", "TOC"]
    assert list(body_of(hostile).iter(f"{W}fldSimple")) == []
    assert b"TargetMode" not in files(hostile)["word/_rels/document.xml.rels"]
    assert order_faults(hostile) == []


def test_strange_ids_become_names_that_word_allows() -> None:
    names = ["9 lives".replace(" ", "-"), "\u00e9\u00e9n", "a.b", "a_b", "A.b", "x" * 80, "x" * 79]
    links = "".join(f'<a href="#{name}">{number}</a> ' for number, name in enumerate(names))
    targets = "".join(f'<p id="{name}">doel {number}</p>' for number, name in enumerate(names))
    body = body_of(document_of(f"<p>{links}</p>{targets}"))
    places = {mark.attrib[f"{W}name"]: words(p) for p in body.iter(f"{W}p") for mark in p.iter(f"{W}bookmarkStart")}
    arrived = [places[link.attrib[f"{W}anchor"]] for link in body.iter(f"{W}hyperlink") if words(link).isdigit()]
    assert arrived == [f"doel {number}" for number in range(len(names))]
    marked = [p for p in body.iter(f"{W}p") if words(p).startswith("doel")]
    assert {tuple(item.tag.removeprefix(W) for item in p) for p in marked} == {
        ("pPr", "bookmarkStart", "bookmarkEnd", "r")
    }
    assert len({name.casefold() for name in places}) == len(names)
    assert [name for name in places if not re.fullmatch(r"[A-Za-z]\w{0,39}", name, re.ASCII)] == []


@pytest.mark.parametrize(
    ("html", "said"),
    [
        (PLAIN.replace(' lang="nl"', "").format('<h1 id="t">T</h1>'), "Language of the page"),
        (PLAIN.replace("<title>T</title>", "").format('<h1 id="t">T</h1>'), "no title"),
        (PLAIN.replace("main>", "div>").format('<h1 id="t">T</h1>'), "no <main>"),
        (PLAIN.format('<h1 id="t">T</h1><video></video>'), "<video> has no place"),
        (PLAIN.format('<h1 id="t">T</h1><ul><li>a <i>b</i></li></ul>'), "<i> has no place"),
        (PLAIN.format('<h1 id="t">T</h1><p><b>a</b></p>'), "a <b> inside it"),
        (PLAIN.format('<h1 id="t">T</h1><ul><p>a</p></ul>'), "<p> cannot stand directly in <ul>"),
        (PLAIN.format('<h1 id="t">T</h1><dl><dd>a</dd></dl>'), "describes no term"),
        (PLAIN.format('<h1 id="t">T</h1><p>a<!-- b --></p>'), "A comment cannot stand"),
        (PLAIN.format('<h1 id="t">T</h1><table><caption>C</caption><tr><td>a</td></tr></table>'), "without a header"),
        (PLAIN.format('<h1 id="t">T</h1>' + FIGURE.replace("data:image/svg+xml;base64,{}", "x.svg")), "no SVG"),
        (PLAIN.format('<h1 id="t">T</h1><figure><img src="data:,"><figcaption>F</figcaption></figure>'), "no alt text"),
        (
            PLAIN.replace("<main>", '<p id="out">x</p><main>').format('<h1 id="t">T</h1><p><a href="#out">x</a></p>'),
            "outside the document",
        ),
    ],
)
def test_page_unfit_for_a_document_is_refused(html: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        render_docx(html, created=CREATED)


def converted(document: bytes, kind: str, folder: Path) -> bytes:
    """Return the document as LibreOffice saves it in another format."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("needs LibreOffice: apt-get install libreoffice-writer-nogui")
    source = folder / "answer.docx"
    source.write_bytes(document)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    arguments = [office, profile, "--headless", "--convert-to", kind, "--outdir", str(folder), str(source)]
    subprocess.run(arguments, check=True, capture_output=True, timeout=120)
    return source.with_suffix(f".{kind.partition(':')[0]}").read_bytes()


def test_libreoffice_reads_the_words_of_the_page(markup: str, document: bytes, tmp_path: Path) -> None:
    text = converted(document, "txt:Text (encoded):UTF8", tmp_path).decode("utf-8-sig")
    head = page_words(markup, "main > header")
    contents = page_words(markup, "nav")
    expected = page_words(markup, labels=True)
    assert plain(text).split() == [*head, *contents, *expected[len(head) :]]


def test_libreoffice_prints_the_document(document: bytes, tmp_path: Path) -> None:
    with pikepdf.open(io.BytesIO(converted(document, "pdf", tmp_path))) as pdf:
        assert len(pdf.pages) > 3
        assert str(pdf.docinfo["/Title"]) == TITLE


def test_libreoffice_reads_hostile_text_literally(hostile: bytes, tmp_path: Path) -> None:
    text = plain(converted(hostile, "txt:Text (encoded):UTF8", tmp_path).decode("utf-8-sig"))
    assert text.count(HOSTILE) == 5
    assert text.count(plain(FORMULA)) == 3
    assert text.count(plain(UNUSUAL)) == 2
    assert text.count(ENDLESS) == 2
