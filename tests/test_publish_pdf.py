"""The PDF: conformity, structure, completeness and identical bytes."""

from __future__ import annotations

import base64
import datetime
import os
import re
import subprocess
import sys
import zlib
from html import escape
from pathlib import Path

import page as page_validation
import pikepdf
import pytest
from bs4 import BeautifulSoup
from pdf_reading import PageText, attribute_of, elements, links, open_pdf, read_pages, squeeze, text_extents
from pikepdf import OutlineItem
from publish_demonstration import (
    HOSTILE,
    LONG_WORD,
    ORIGINS,
    PAGE,
    PROPOSALS,
    TITLE,
    cell_number,
    cite,
    demonstration,
    page_of,
    table,
)

from analysis.publish.columns import column_layout
from analysis.publish.html import render_html
from analysis.publish.pdf import render_pdf
from analysis.publish.tagging import end_streams_clearly

CREATED = datetime.date(2024, 3, 5)
PROFILES = [page_validation.ValidationProfile.PDF_UA_1, page_validation.ValidationProfile.PDF_A_2A]
PLAIN = '<!doctype html><html lang="nl"><head><title>T</title></head><body><main>{}</main></body></html>'


def pdf_of(body: str) -> bytes:
    return render_pdf(render_html(page_of(body), **PAGE), created=CREATED)


@pytest.fixture(scope="module")
def markup() -> str:
    return render_html(demonstration(), **PAGE)


@pytest.fixture(scope="module")
def document(markup: str) -> bytes:
    return render_pdf(markup, created=CREATED)


@pytest.fixture(scope="module")
def pages(document: bytes) -> list[PageText]:
    return read_pages(document)


def assert_conforms(document: bytes) -> None:
    for profile in PROFILES:
        report = page_validation.validate_pdf_bytes(document, profile=profile)
        assert [failure.message for failure in report.failures] == []
        assert report.is_compliant


def test_document_conforms_to_both_standards(document: bytes) -> None:
    assert_conforms(document)


def test_validator_does_find_faults(document: bytes) -> None:
    damaged = document.replace(b"/DisplayDocTitle true", b"/DisplayDocTitle null")
    assert damaged != document
    assert not page_validation.is_pdf_compliant_bytes(damaged, profile=PROFILES[0])


def test_same_page_gives_the_same_bytes(markup: str, document: bytes) -> None:
    assert render_pdf(markup, created=CREATED) == document


def test_another_process_gives_the_same_bytes(markup: str, document: bytes, tmp_path: Path) -> None:
    (tmp_path / "answer.html").write_text(markup, encoding="utf-8")
    program = (
        "import datetime, pathlib; from analysis.publish.pdf import render_pdf;"
        "html = pathlib.Path('answer.html').read_text(encoding='utf-8');"
        f"pathlib.Path('answer.pdf').write_bytes(render_pdf(html, created={CREATED!r}))"
    )
    environment = os.environ | {
        "PYTHONHASHSEED": "7",
        "TZ": "Asia/Tokyo",
        "PYTHONPATH": os.pathsep.join(sys.path),
    }
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path, env=environment)
    assert (tmp_path / "answer.pdf").read_bytes() == document


def test_document_carries_title_language_subject_and_date(document: bytes) -> None:
    with open_pdf(document) as pdf:
        assert str(pdf.docinfo["/Title"]) == TITLE
        assert str(pdf.docinfo["/Subject"]) == PAGE["description"]
        assert str(pdf.docinfo["/CreationDate"]).startswith("D:20240305")
        assert str(pdf.Root.Lang) == "nl-BE"
        assert [float(length) for length in pdf.pages[0].mediabox] == pytest.approx([0, 0, 595.28, 841.89], abs=0.01)


def test_every_text_of_the_page_is_in_the_document(markup: str, pages: list[PageText]) -> None:
    printed = squeeze("".join(page.content for page in pages))
    lines = BeautifulSoup(markup, "html.parser").select(
        "main :is(h1, h2, h3, h4, p, li, dt, dd, th, td, caption, figcaption)"
    )
    texts = [squeeze(tag.find(string=True, recursive=False) or tag.get_text()) for tag in lines]
    assert len(texts) > 350
    assert [text for text in texts if text not in printed] == []


def test_texts_stand_in_reading_order(pages: list[PageText]) -> None:
    printed = squeeze("".join(page.content for page in pages))
    order = [printed.rindex(squeeze(row[1])) for row in PROPOSALS]
    assert order == sorted(order)


def test_every_figure_has_its_alt_text(markup: str, document: bytes) -> None:
    expected = [image["alt"] for image in BeautifulSoup(markup, "html.parser").select("main img")]
    with open_pdf(document) as pdf:
        assert len(expected) == 2
        assert [str(figure.Alt) for figure in elements(pdf.Root.StructTreeRoot.K, "/Figure")] == expected


def test_tables_have_column_and_row_headers(markup: str, document: bytes) -> None:
    tables = BeautifulSoup(markup, "html.parser").select("main table")
    with open_pdf(document) as pdf:
        found = list(elements(pdf.Root.StructTreeRoot.K, "/Table"))
        for element, expected in zip(found, tables, strict=True):
            scopes = [str(attribute_of(cell, "/Table", "/Scope")) for cell in elements(element, "/TH")]
            assert scopes.count("/Column") == len(expected.select("thead th"))
            assert scopes.count("/Row") == len(expected.select("tbody th"))
            cells = list(elements(element, "/TD"))
            assert len(cells) == len(expected.select("td"))
            assert {attribute_of(cell, "/Table", "/Headers") for cell in cells} == {None}
            assert len(list(elements(element, "/Caption"))) == 1


def test_row_without_header_keeps_the_headers_of_its_columns() -> None:
    body = (
        '<table><caption>T</caption><thead><tr><th scope="col">A</th><th scope="col">B</th></tr></thead>'
        '<tbody><tr><td>1</td><td>2</td></tr><tr><th scope="row">x</th><td>3</td></tr></tbody></table>'
    )
    document = pdf_of(body)
    assert_conforms(document)
    with open_pdf(document) as pdf:
        rows = list(elements(pdf.Root.StructTreeRoot.K, "/TR"))
        assert [len(list(elements(row, "/TH"))) for row in rows] == [2, 0, 1]
        for cell in elements(rows[1], "/TD"):
            assert attribute_of(cell, "/Table", "/Headers") is not None


def test_numbers_lead_to_their_origin_and_are_spoken_as_words(document: bytes, pages: list[PageText]) -> None:
    annex = next(
        number for number, page in enumerate(pages, start=1) if squeeze(ORIGINS[0][0]) in squeeze(page.content)
    )
    with open_pdf(document) as pdf:
        found = list(links(pdf))
    for words in ("zestien", "zestig", "26,7 %"):
        assert [target for _, text, target in found if text == words] == [annex]


def test_links_arrive_on_the_page_of_their_target(document: bytes, pages: list[PageText]) -> None:
    with open_pdf(document) as pdf:
        targets = {text: target for _, text, target in links(pdf)}
    for words, target in (
        ("de spreiding", "Spreiding over het Vlaamse Gewest Dit cijfer"),
        ("de eerste tabel", "Voorstellen per provincie Provincie Ingediend"),
        ("de figuur", "Voorstellen per provincie van de indiener."),
    ):
        assert squeeze(target) in squeeze(pages[targets[words] - 1].content)


def test_section_without_heading_can_be_linked_to() -> None:
    filler = "<p>Regel.</p>" * 60
    document = pdf_of(f'<p><a href="#slot">Slot</a></p>{filler}<section id="slot"><p>Einde.</p></section>')
    with open_pdf(document) as pdf:
        assert list(links(pdf)) == [(1, "Slot", len(pdf.pages))]
        assert len(pdf.pages) > 1


def test_bookmarks_follow_the_headings(markup: str, document: bytes) -> None:
    def titles(items: list[OutlineItem], level: int = 2) -> list[tuple[str, str]]:
        return [entry for item in items for entry in [(f"h{level}", item.title), *titles(item.children, level + 1)]]

    headings = BeautifulSoup(markup, "html.parser").select("main :is(h2, h3, h4)")
    with open_pdf(document) as pdf, pdf.open_outline() as outline:
        assert titles(list(outline.root)) == [(heading.name, heading.text) for heading in headings]


def test_contents_give_the_page_of_every_entry(markup: str, pages: list[PageText]) -> None:
    first = squeeze(pages[0].content)
    contents = first[first.index("Inhoud") + len("Inhoud") : first.index("Overdegegevens")]
    entries = [squeeze(link.text) for link in BeautifulSoup(markup, "html.parser").select("nav li a")]
    numbers = [contents.partition(entry)[2][:1] for entry in entries]
    assert contents == "".join(entry + number for entry, number in zip(entries, numbers, strict=True))
    for entry, number in zip(entries, numbers, strict=True):
        assert entry in squeeze(pages[int(number) - 1].content)


def test_pages_are_numbered_and_headed_from_the_second_on(pages: list[PageText]) -> None:
    assert len(pages) > 3
    for number, page in enumerate(pages, start=1):
        assert f"{number} / {len(pages)}" in page.artifacts
        assert (squeeze(TITLE) in squeeze(page.artifacts)) == (number > 1)


def test_head_row_is_repeated_on_the_next_page(pages: list[PageText]) -> None:
    last = next(page for page in pages if squeeze(PROPOSALS[-1][1]) in squeeze(page.content))
    assert squeeze(PROPOSALS[0][1]) not in squeeze(last.content)
    assert "Nr. Voorstel Provincie Score Uitkomst" in re.sub(r"\s+", " ", last.artifacts)


@pytest.mark.parametrize("lines", range(24, 34))
def test_headings_and_captions_stay_with_what_follows(lines: int) -> None:
    rows = [[f"rij {number}", "1"] for number in range(40)]
    body = (
        "<p>Regel.</p>" * lines
        + '<h2 id="a">Deel</h2><h3 id="b">Onderdeel</h3><p>Inleiding.</p>'
        + table("t", "Bijschrift", ["Naam", "N"], rows, {1}, [])
    )
    pages = [squeeze(page.content) for page in read_pages(pdf_of(body))]
    assert sum("DeelOnderdeelInleiding." in page for page in pages) == 1
    assert sum("BijschriftNaamNrij01" in page for page in pages) == 1


def test_short_table_stays_on_one_page() -> None:
    rows = [[f"rij {number}", "1"] for number in range(6)]
    for lines in range(30, 44, 4):
        body = "<p>Regel.</p>" * lines + table("t", "Bijschrift", ["Naam", "N"], rows, {1}, [])
        pages = [squeeze(page.content) for page in read_pages(pdf_of(body))]
        assert [("rij0" in page) == ("rij5" in page) for page in pages] == [True] * len(pages)


def test_table_of_many_long_cells_fits_the_page() -> None:
    text = "Een lange motivering van de jury over het voorstel. " * 12
    rows = [[f"V{number}", text, text, text, text, "1.234.567.890,12", "71,25"] for number in range(12)]
    head = ["Voorstel", "Inhoud", "Sterk", "Zwak", "Besluit", "Bedrag (euro)", "Score"]
    body = table("t", "Motivering", head, rows, {5, 6}, [])
    layout = column_layout(BeautifulSoup(body, "html.parser").select("table")[0])
    assert layout.numeric == [False] * 5 + [True] * 2
    assert sum(layout.widths) == pytest.approx(453, abs=1)
    assert layout.widths[5] > len("1.234.567.890,12") * 0.5 * layout.size
    assert min(layout.widths[1:5]) > layout.widths[0] > 0
    assert not layout.keeps_together
    document = pdf_of(body)
    assert_conforms(document)
    assert squeeze("".join(page.content for page in read_pages(document))).count("1.234.567.890,12") == len(rows)


def test_tall_figure_is_scaled_to_the_page() -> None:
    tall = "<svg xmlns='http://www.w3.org/2000/svg' width='100' height='4000'><path d='M0 0h100v4000z'/></svg>"
    picture = (
        '<figure id="f"><img src="data:image/svg+xml;base64,{}" alt="Een driehoek"><figcaption>F</figcaption></figure>'
    )
    encoded = base64.b64encode(tall.encode()).decode()
    html = PLAIN.format(f'<h1 id="t">T</h1>{picture.format(encoded)}')
    document = render_pdf(html, created=CREATED)
    with open_pdf(document) as pdf:
        (figure,) = elements(pdf.Root.StructTreeRoot.K, "/Figure")
        box = [float(length) for length in attribute_of(figure, "/Layout", "/BBox") or []]
        assert 300 < box[3] - box[1] < 700
        assert len(pdf.pages) == 1


def test_hostile_text_is_printed_as_it_is() -> None:
    unusual = "\U0001f600 \U0001f469\u200d\U0001f467 \u6f22\u5b57 \u05e2\u05d1\u05e8\u05d9\u05ea \x00\x1f"
    rows = [[LONG_WORD, "1"], [HOSTILE, "2"]]
    link = '<a class="origin" href="#origin-row">zes</a>'
    document = pdf_of(
        f'<h2 id="a">{escape(HOSTILE)} {link}</h2><p>{escape(HOSTILE)} {unusual}</p><p>{LONG_WORD}</p>'
        + table("t", f"Tabel {HOSTILE}", ["Naam", "Waarde"], rows, {1}, ["origin-row", "b"])
    )
    assert_conforms(document)
    printed = squeeze("".join(page.content for page in read_pages(document)))
    # Once in the contents, the heading, the paragraph, the caption, a cell and the link back to the heading's part.
    assert printed.count(squeeze(HOSTILE)) == 6
    assert printed.count(LONG_WORD) == 2
    assert "\U0001f600" in printed
    assert "\u6f22\u5b57" in printed
    with open_pdf(document) as pdf:
        contents, origin, back = links(pdf)
    assert HOSTILE in contents[1]
    assert origin[1] == "zes"
    assert back[1].startswith(HOSTILE)
    assert back[1].endswith(f": {LONG_WORD}")


def test_links_back_are_spoken_each_by_a_name_of_its_own(document: bytes) -> None:
    with open_pdf(document) as pdf:
        back = [
            (text, target) for _, text, target in links(pdf) if any(text.endswith(f": {row[0]}") for row in ORIGINS)
        ]
        heads = [target for _, text, target in links(pdf) if text == "Scores: totals.total"]
    assert back == [(f"Kort antwoord: {row[0]}", 1) for row in ORIGINS]
    assert len(heads) == 1


@pytest.mark.parametrize("rows", [6, 60])
@pytest.mark.parametrize("lines", [24, 28, 32, 36])
def test_head_of_a_column_links_to_its_origin_once_wherever_the_table_breaks(lines: int, rows: int) -> None:
    numbers = [[f"rij {row}", cell_number("t.c", str(row), str(row))] for row in range(rows)]
    body = (
        "<p>Regel.</p>" * lines
        + table("t", "Bijschrift", ["Naam", cite("t.c", "Aantal")], numbers, {1}, [])
        + '<h2 id="o">Bijlage</h2>'
        + table("c", "Kolommen", ["Kolom", "Eenheid"], [["t.c", "getal"]], set(), ["origin-t.c"])
    )
    with open_pdf(pdf_of(body)) as pdf:
        found = [(page, text, target) for page, text, target in links(pdf) if text != "Bijlage"]
        last = len(pdf.pages)
    (head, forth, to), (annex, back, home) = [link for link in found if "Bijlage" not in link[1]]
    assert (forth, back) == ("Aantal", "Titel: t.c")
    assert head == home
    assert to == annex == last


@pytest.mark.parametrize("letters", [300, 10_000])
def test_long_word_breaks_wherever_it_stands(letters: int) -> None:
    word = "x" * letters
    body = f'<h2 id="a">{word}</h2><p>{word}</p>' + table("t", word, [word[:300], "N"], [[word, "1"]], {1}, [])
    extents = list(text_extents(pdf_of(body)))
    assert max(right for _, _, right, _ in extents) < 530
    assert 0 < min(height for *_, height in extents) < max(height for *_, height in extents) < 842


def test_very_long_title_takes_two_lines_at_the_head_of_a_page() -> None:
    title = "Een lange titel " * 40
    document = render_pdf(render_html(page_of("<p>Regel.</p>" * 60), **(PAGE | {"title": title})), created=CREATED)
    second = read_pages(document)[1].artifacts
    assert squeeze(second).startswith(squeeze(title[:180]) + "…")
    assert max(height for page, _, _, height in text_extents(document) if page == 2) < 842 - 20


def test_part_in_another_language_is_marked() -> None:
    with open_pdf(pdf_of('<p>De <span lang="en">shortlist</span>.</p><p lang="fr-BE">Bonjour.</p>')) as pdf:
        (page,) = pdf.pages
        paragraphs = list(elements(pdf.Root.StructTreeRoot.K, "/P"))
        assert re.findall(rb"/Lang\((.*?)\)", page.Contents.read_bytes()) == [b"en"]
        assert [str(paragraph.get("/Lang")) for paragraph in paragraphs] == ["None", "fr-BE"]


@pytest.mark.parametrize(
    ("html", "said"),
    [
        (PLAIN.replace(' lang="nl"', "").format('<h1 id="t">T</h1>'), "Language of the page"),
        (PLAIN.replace("<title>T</title>", "").format('<h1 id="t">T</h1>'), "no title"),
        (PLAIN.replace("main>", "div>").format('<h1 id="t">T</h1>'), "no <main>"),
        (PLAIN.format('<h1 id="t">T</h1><h3 id="a">A</h3>'), "level 3 after level 1"),
        (PLAIN.format('<h1 id="t">T</h1><video></video>'), "<video> has no place"),
        (PLAIN.format('<h1 id="t">T</h1><p><b>a</b></p>'), "a <b> inside it"),
        (PLAIN.format('<h1 id="t">T</h1><ul><li>a <i>b</i></li></ul>'), "<i> has no place"),
        (PLAIN.format('<h1 id="t">T</h1><ul><p>a</p></ul>'), "<p> cannot stand directly in <ul>"),
        (PLAIN.format('<h1 id="t">T</h1><dl><dd>a</dd></dl>'), "describes no term"),
        (PLAIN.format('<h1 id="t">T</h1><p>a<!-- b --></p>'), "A comment cannot stand"),
        (PLAIN.format('<h1 id="t">T</h1><table><caption>C</caption><tr><td>a</td></tr></table>'), "without a header"),
        (
            PLAIN.format('<h1 id="t">T</h1><figure><img src="x.svg" alt="a"><figcaption>F</figcaption></figure>'),
            "no SVG",
        ),
        (PLAIN.format('<h1 id="t">T</h1><figure><img src="data:,"><figcaption>F</figcaption></figure>'), "no alt text"),
    ],
)
def test_page_unfit_to_print_is_refused(html: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        render_pdf(html, created=CREATED)


def test_no_packed_stream_ends_in_a_carriage_return_and_none_loses_its_content() -> None:
    packed = zlib.compress(b"\x0c")  # its checksum, which comes last, is 1 + 12: a carriage return
    assert packed.endswith(b"\r")
    with pikepdf.new() as pdf:
        stream = pdf.make_stream(packed)
        stream.Filter = pikepdf.Name.FlateDecode
        pdf.Root.Probe = stream
        end_streams_clearly(pdf)
        assert not stream.read_raw_bytes().endswith(b"\r")
        assert stream.read_bytes() == zlib.decompress(packed)
