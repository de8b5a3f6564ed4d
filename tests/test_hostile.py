"""Other people's text: whatever stands in it, every format shows it literally, and no layout breaks."""

from __future__ import annotations

import base64
import csv
import datetime
import io
import re
import unicodedata
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import docx
import nbformat
import openpyxl
import page as page_validation
import pytest
import yaml
from answering import show_answer
from bs4 import BeautifulSoup
from pdf_reading import open_pdf, read_pages, squeeze, text_extents
from publish_demonstration import PAGE, fragment, notebook_of
from running import compose_edition, run_steps

from analysis.blocks import Html, bullets, facts, header, heading, notice, paragraphs, table
from analysis.editions import render as render_edition
from analysis.figures import Figure, draw_bars, draw_picture, render, wrap
from analysis.publish.html import render_html
from analysis.publish.pdf import render_pdf

LONG = "onverbrekelijk" * 715
HOSTILE = {
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "end of style": "</style></title></main><script>alert(2)</script>",
    "end of section": "a ]]> b <![CDATA[ c <!-- d --> <?e?>",
    "typst": '#eval("1") #text(size: 99pt)[x] @label <label> // /* \\u{41}',
    "jinja": "{{ 7*7 }} {% raw %} {# x #}",
    "template": "${7*7} $(id) `id` %s {0} {x!r}",
    "formula": '=HYPERLINK("x") +1 -1 @SUM(1)',
    "attribute": "' onload='alert(1)' \" style=\"x",
    "entity": "&lt; &amp;lt; &#x202e; &nbsp;",
    "markdown": "**x** __y__ [a](javascript:b) # c `d` ~e~",
    "latex": r"$\frac{1}{2}$ \input{x} \begin{y} ^a_b %",
    "turned round": "abc \u202edef \u2066ghi\u2069 \u200fjkl\u200e",
    "script from right to left": "\u05e2\u05d1\u05e8\u05d9\u05ea (12) abc",
    "of no width": "a\u200bb\u200cc\u2060d\ufeffe\u00adf",
    "control": "a\x00b\x07c\x1bd\x7fe\x9ff\ufffeg",
    "emoji": "\U0001f469\u200d\U0001f467 \U0001f600 \U0001f3f3\ufe0f\u200d\U0001f308 \U0001f1e7\U0001f1ea \U0001f44d\U0001f3fd",
    "marks upon marks": "Z\u0301\u0323\u0334 a\u0308\u0301",
    "of other alphabets": "\u6f22\u5b57 \u0e44\u0e17\u0e22 \u0928\u092e\u0938\u094d\u0924\u0947 \U0001d54f",
    "very long": LONG,
}
CREATED = datetime.date(2024, 3, 5)
# A PDF has signs in the order in which they are seen, and none of the marks of direction.
RIGHT_TO_LEFT, UNSEEN = re.compile("[\u0590-\u05ff]+"), re.compile("[\u200e\u200f()]")
TURNING = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}


def kept(text: str) -> str:
    """Return what a document may hold of a text: no control characters, non-characters or turns of direction."""
    return "".join(
        sign
        for sign in text
        if unicodedata.category(sign) not in ("Cc", "Cs")
        and unicodedata.bidirectional(sign) not in TURNING
        and ord(sign) & 0xFFFE != 0xFFFE
    )


def draw(texts: list[str]) -> Figure:
    """Return a picture whose every word is someone else's."""
    labels = [wrap(text, 44, break_words=True)[:200] for text in texts]
    with draw_picture(0.6 * len(labels)) as picture:
        draw_bars(picture.subplots(), labels, range(1, len(labels) + 1), [text[:20] for text in texts])
        return Figure("picture", render(picture, " ".join(texts)), " ".join(texts), " ".join(texts))


def show(blocks: list[Html | Figure]) -> nbformat.NotebookNode:
    outputs = []
    for block in blocks:
        if isinstance(block, Figure):
            data, metadata = block._repr_mimebundle_()
            outputs.append(nbformat.v4.new_output("display_data", data, metadata=metadata))
        else:
            outputs.append(fragment(block._repr_html_()))
    return notebook_of(*outputs)


def all_blocks() -> list[Html | Figure]:
    names, texts = list(HOSTILE), list(HOSTILE.values())
    rows = [[text, text, str(place)] for place, text in enumerate(texts)]
    return [
        header(heading(1, " ".join(texts[:6]), "title"), facts([(text, text) for text in texts])),
        heading(2, " ".join(texts), "part"),
        *(notice(text) for text in texts),
        *(paragraphs(text) for text in texts),
        bullets(texts),
        table(" ".join(texts), [*texts[:2], "N"], rows, numeric=(2,)),
        table("Name by name", names, [texts]),
        draw(texts),
    ]


@pytest.fixture(scope="module")
def markup() -> str:
    said = " ".join(HOSTILE.values())
    words = PAGE | {
        "title": said,
        "description": said,
        "notice": said[:200],
        "labels": dict.fromkeys(PAGE["labels"], said[:200]),
    }
    return render_html(show(all_blocks()), **words)


@pytest.fixture(scope="module")
def document(markup: str) -> bytes:
    return render_pdf(markup, created=CREATED)


@pytest.mark.parametrize("name", HOSTILE)
def test_page_shows_every_text_literally_wherever_it_stands(markup: str, name: str) -> None:
    page, text = BeautifulSoup(markup, "html.parser"), " ".join(kept(HOSTILE[name]).split(" "))
    for selector, count in {"dt": 1, "dd": 1, ".notice p": 1, "main > p": 1, "li": 1, "tbody th": 1, "td": 1}.items():
        found = [tag for tag in page.select(f"main :is({selector})") if tag.get_text() == text]
        assert len(found) >= count, (name, selector)
    for tag in (page.title, page.select("h2")[0], page.select("caption")[0], page.select("figcaption")[0]):
        assert tag is not None
        assert text in tag.get_text()
    assert text in str(page.select("img")[0]["alt"])
    assert text in str(page.select('meta[name="description"]')[0]["content"])


def test_page_has_no_element_or_attribute_of_the_texts(markup: str) -> None:
    page = BeautifulSoup(markup, "html.parser")
    assert (
        len(page.select("script"))
        == len(page.select("style"))
        == len(page.select("main"))
        == len(page.select("img"))
        == 1
    )
    assert [
        tag.name for tag in page.find_all(True) if any(name.startswith("on") or name == "style" for name in tag.attrs)
    ] == []


@pytest.fixture
def opened(browser: Any, tmp_path: Path, markup: str) -> Iterator[Any]:
    """Return what opens the page at a width, with all that a browser reports of scripts and of the policy."""
    contexts = []

    def open_page(width: int, content: str = markup) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 800})
        contexts.append(context)
        shown = context.new_page()
        shown.reports = []
        shown.on("console", lambda message: shown.reports.append(message.text))
        shown.on("pageerror", lambda error: shown.reports.append(str(error)))
        shown.on("dialog", lambda dialog: (shown.reports.append(dialog.message), dialog.dismiss()))
        shown.on(
            "request", lambda request: shown.reports.append(request.url) if request.url.startswith("http") else None
        )
        shown.add_init_script(
            "document.addEventListener('securitypolicyviolation', event => console.log(event.violatedDirective))"
        )
        (tmp_path / "answer.html").write_text(content, encoding="utf-8")
        shown.goto((tmp_path / "answer.html").as_uri())
        return shown

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", [360, 1280])
def test_browser_runs_nothing_of_the_texts_and_keeps_the_page_in_its_width(opened: Any, width: int) -> None:
    shown = opened(width)
    assert shown.reports == []
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    assert shown.evaluate("document.body.scrollWidth") <= width
    tables = shown.locator("table").evaluate_all("tables => tables.map(table => table.offsetWidth)")
    assert max(tables) < 4000


def test_browser_shows_the_picture(opened: Any) -> None:
    assert opened(1280).locator("main img").evaluate("image => image.complete && image.naturalWidth") > 100


def test_texts_of_a_picture_leave_it_a_picture() -> None:
    texts = [HOSTILE["latex"], HOSTILE["control"], HOSTILE["end of section"]]
    page = BeautifulSoup(render_html(show([header(heading(1, "T", "t")), draw(texts)]), **PAGE), "html.parser")
    drawing = ElementTree.fromstring(base64.b64decode(str(page.select("img")[0]["src"]).partition(",")[2]))
    assert kept(" ".join(texts)) in [element.text for element in drawing.iter()]
    assert not [element for element in drawing.iter() if element.tag.endswith(("script", "foreignObject"))]


@pytest.mark.parametrize("name", HOSTILE)
def test_pdf_holds_every_text(document_text: str, name: str) -> None:
    text = squeeze(RIGHT_TO_LEFT.sub(lambda word: word[0][::-1], kept(HOSTILE[name])))
    # The title heading has the first six, the header and the other blocks have all, and so have contents and captions.
    assert document_text.count(UNSEEN.sub("", text)) >= 9, name


@pytest.fixture(scope="module")
def document_text(document: bytes) -> str:
    return UNSEEN.sub("", squeeze("".join(page.content for page in read_pages(document))))


def test_pdf_conforms_and_no_text_leaves_its_page(document: bytes) -> None:
    assert_conforms_and_stays_inside(document)


def assert_conforms_and_stays_inside(document: bytes) -> None:
    for profile in (page_validation.ValidationProfile.PDF_UA_1, page_validation.ValidationProfile.PDF_A_2A):
        report = page_validation.validate_pdf_bytes(document, profile=profile)
        assert [failure.message for failure in report.failures] == []
    extents = list(text_extents(document))
    assert len(extents) > 500
    outside = [place for place in extents if place[1] < 0 or place[2] > 595.3 or not 0 < place[3] < 841.9]
    assert outside == []


def test_pdf_carries_the_title_without_what_no_document_may_hold(document: bytes) -> None:
    with open_pdf(document) as pdf:
        title = str(pdf.docinfo["/Title"])
    assert re.sub(r"\s", "", title) == re.sub(r"\s", "", kept(" ".join(HOSTILE.values())))


# A whole call: what intake lets through of these, in every text that someone delivers or declares.
CALL = "green-streets-2024"
SAID = {name: text for name, text in HOSTILE.items() if name != "control"}
TEMPLATES = {"introduction", "statements"}  # texts that a call writes with expressions of its own


def taint(node: Any, place: tuple[str, ...] = ()) -> Any:
    """Return what a call declares, every text for readers followed by the hostile ones but the very long."""
    if isinstance(node, dict) and "en" in node and isinstance(node["en"], str):
        said = " ".join(text for name, text in SAID.items() if text != LONG)
        return node if TEMPLATES & {*place} else {**node, "en": f"{node['en']} {said}"}
    if isinstance(node, dict):
        return {key: taint(value, (*place, key)) for key, value in node.items()}
    return [taint(item, place) for item in node] if isinstance(node, list) else node


def taint_column(path: Path, columns: list[str]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        row.update({column: f"{row[column]} {' '.join(SAID.values())}" for column in columns})
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@pytest.fixture(scope="module")
def edition(tmp_path_factory: pytest.TempPathFactory, make_project: Callable[[Path], Path]) -> dict[str, bytes]:
    """Return the files of the internal edition of a call whose every text is hostile."""
    root = make_project(tmp_path_factory.mktemp("hostile"))
    raw = root / "data" / "raw" / CALL
    for name, columns in {"proposals": ["title", "summary"], "actors": ["name"], "budget": ["line"]}.items():
        taint_column(raw / f"{name}.csv", columns)
    declared = taint(yaml.safe_load((raw / "call.yml").read_text(encoding="utf-8")))
    (raw / "call.yml").write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # a box stands for a letter the font lacks
        store = run_steps(root, CALL, "en")
        answer = compose_edition(store, "2024-04-01", "internal", "en")
        return render_edition(store, store.pipeline.step("08_answer"), answer.material.edition, show_answer(answer))


def read_html(edition: dict[str, bytes]) -> str:
    return BeautifulSoup(edition["answer.html"], "html.parser").select("main")[0].get_text()


def read_pdf(edition: dict[str, bytes]) -> str:
    return "".join(page.content for page in read_pages(edition["answer.pdf"]))


def read_docx(edition: dict[str, bytes]) -> str:
    body = docx.Document(io.BytesIO(edition["answer.docx"])).element.body
    return "".join(element.text or "" for element in body.iter() if element.tag.endswith("}t"))


def read_xlsx(edition: dict[str, bytes]) -> str:
    book = openpyxl.load_workbook(io.BytesIO(edition["tables.xlsx"]))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert {cell.data_type for cell in cells} <= {"s", "n", "d", "b", "inlineStr"}  # "f" would be a formula
    return " ".join(str(cell.value) for cell in cells)


def read_csv(edition: dict[str, bytes]) -> str:
    return " ".join(content.decode() for name, content in edition.items() if name.endswith(".csv")).replace('""', '"')


READERS = {"html": read_html, "pdf": read_pdf, "docx": read_docx, "xlsx": read_xlsx, "csv": read_csv}


def seen(text: str, form: str) -> str:
    """Return what can be compared of a text: composed as intake does, without white space, in the order of the format."""
    ordered = RIGHT_TO_LEFT.sub(lambda word: word[0][::-1], text) if form == "pdf" else text
    return unicodedata.normalize("NFC", UNSEEN.sub("", squeeze(kept(ordered))))


@pytest.mark.parametrize("form", READERS)
def test_every_format_of_a_hostile_call_shows_every_text_literally(edition: dict[str, bytes], form: str) -> None:
    shown = seen(READERS[form](edition), "text")
    assert [name for name, text in SAID.items() if seen(text, form) not in shown] == []


@pytest.mark.parametrize("width", [360, 1280])
def test_page_of_a_hostile_call_runs_nothing_and_keeps_its_width(
    opened: Any, edition: dict[str, bytes], width: int
) -> None:
    shown = opened(width, edition["answer.html"].decode())
    assert shown.reports == []
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    pictures = shown.locator("main img").evaluate_all("images => images.map(image => image.naturalWidth)")
    assert pictures
    assert min(pictures) > 100


def test_pdf_of_a_hostile_call_conforms_and_keeps_its_text_on_the_page(edition: dict[str, bytes]) -> None:
    assert_conforms_and_stays_inside(edition["answer.pdf"])
