"""A made-up answer notebook that uses everything an answer may use; for the tests of publishing."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import matplotlib
import nbformat
from markupsafe import Markup, escape
from matplotlib.figure import Figure
from nbformat import NotebookNode

TITLE = "Antwoord op de schriftelijke vraag over de projectoproep"
PAGE: dict[str, Any] = {
    "title": TITLE,
    "language": "nl-BE",
    "description": "Wie diende een voorstel in, wat werd gekozen en waarom: het antwoord met alle cijfers.",
    "labels": {"skip_to_content": "Naar de inhoud", "contents": "Inhoud", "sort": "Sorteer op"},
}
HOSTILE = '#eval("1") ]]> <script>alert(1)</script> {{ 7 * 7 }} {% raw %} $x$ *a* _b_ `c` // \\ \\u{41} "q" @x <y>'
LONG_WORD = "onverbrekelijk" * 22
PERCENTAGE = "26,7\u00a0%"
CALM = "Dit cijfer volgt uit de tabel met de beslissingen van de jury, zoals die bij de eerste zitting is vastgesteld. "


def number(indicator: str, value: str, words: str) -> str:
    data = f'<data value="{value}" data-indicator="{indicator}">{words}</data>'
    return f'<a class="origin" href="#origin-{indicator}">{data}</a>'


def cell_number(column: str, value: str, words: str) -> Markup:
    """Return a number of a table, whose origin the head of its column cites."""
    return Markup('<data value="{}" data-column="{}">{}</data>').format(value, column, words)


def cite(column: str, heading: str) -> Markup:
    """Return the heading of a column of numbers."""
    return Markup('<a class="origin" href="#origin-{}">{}</a>').format(column, heading)


def table(
    identity: str,
    caption: str,
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    numeric: set[int],
    ids: Sequence[str],
) -> str:
    """Return a table; rows with an id get a last cell for where they are cited."""
    names = [*head, "Getoond in"] if ids else head
    cells = "".join(f'<th scope="col"{_kind(i, numeric)}>{escape(name)}</th>' for i, name in enumerate(names))
    body = "".join(_row(row, numeric, ids[i] if ids else "") for i, row in enumerate(rows))
    return (
        f'<table id="{identity}"><caption>{escape(caption)}</caption>'
        f"<thead><tr>{cells}</tr></thead><tbody>{body}</tbody></table>"
    )


def _kind(column: int, numeric: set[int]) -> str:
    return ' class="num"' if column in numeric else ""


def _row(row: Sequence[str], numeric: set[int], identity: str) -> str:
    name = f' id="{escape(identity)}"' if identity else ""
    cells = "".join(f"<td{_kind(i, numeric)}>{escape(text)}</td>" for i, text in enumerate(row) if i)
    last = '<td class="shown-in"></td>' if identity else ""
    return f'<tr{name}><th scope="row">{escape(row[0])}</th>{cells}{last}</tr>'


def drawing(kind: str) -> str:
    """Return an SVG whose text is drawn as shapes, with the same ids on every run."""
    with matplotlib.rc_context({"svg.fonttype": "path", "svg.hashsalt": "demonstration"}):
        figure = Figure(figsize=(6.4, 3.2), layout="constrained")
        axes = figure.subplots()
        if kind == "bars":
            axes.barh(["Antwerpen", "Limburg", "Oost-Vlaanderen", "Vlaams-Brabant", "West-Vlaanderen"], [9, 3, 7, 5, 4])
            axes.set_xlabel("Aantal voorstellen")
        else:
            axes.plot(range(1, 29), [95 - 1.7 * rank - (rank > 8) * 6 for rank in range(1, 29)], marker="o")
            axes.set(xlabel="Rang", ylabel="Totaalscore")
        axes.spines[["top", "right"]].set_visible(False)
        target = io.StringIO()
        figure.savefig(target, format="svg", metadata={"Date": None})
    return target.getvalue()


def fragment(markup: str) -> NotebookNode:
    return nbformat.v4.new_output("display_data", {"text/html": markup, "text/plain": "<fragment>"})


def figure(identity: str, kind: str, alt: str, caption: str) -> NotebookNode:
    metadata = {"image/svg+xml": {"id": identity, "alt": alt, "caption": caption}}
    return nbformat.v4.new_output("display_data", {"image/svg+xml": drawing(kind)}, metadata=metadata)


def notebook_of(*outputs: NotebookNode) -> NotebookNode:
    """Return an executed notebook with a cell per output."""
    cells = [nbformat.v4.new_code_cell("secret_source()", outputs=[output]) for output in outputs]
    return nbformat.v4.new_notebook(cells=cells)


def page_of(body: str) -> NotebookNode:
    """Return an executed notebook that shows a title and then `body`."""
    return notebook_of(fragment(f'<h1 id="title">Titel</h1>{body}'))


HEAD = f"""
<header id="head">
<h1 id="title">{TITLE}</h1>
<dl>
<dt>Vraagsteller</dt><dd>Een lid van de commissie Cultuur</dd>
<dt>Datum</dt><dd><time datetime="2024-03-05">5 maart 2024</time></dd>
<dt>Stand van de gegevens</dt><dd><time datetime="2024-02-29">29 februari 2024</time></dd>
</dl>
</header>
<div class="notice"><p><strong>Over de gegevens.</strong> De gegevens per voorstel zijn synthetisch: ze zijn
gemaakt met dezelfde opbouw als de echte, en ze zeggen niets over echte indieners.</p></div>
"""

SUMMARY = f"""
<section id="summary" aria-labelledby="summary-title">
<h2 id="summary-title">Kort antwoord</h2>
<p>De jury koos {number("selection.chosen.count", "16", "zestien")} van de
{number("distribution.proposals.count", "60", "zestig")} ingediende voorstellen. Dat is
{number("selection.chosen.share", "26.7", PERCENTAGE)} van wat werd ingediend. {CALM * 2}</p>
<ul>
<li>Elke provincie heeft minstens één gekozen voorstel; zie <a href="#distribution">de spreiding</a>.</li>
<li>De rangorde volgt de <em>gewogen</em> score, op twee plaatsen na:
<ol><li>een gelijke stand op de grens;</li><li>een voorstel dat zelf afhaakte.</li></ol></li>
</ul>
<blockquote><p>“Een oproep is pas af als ook de afgewezen indiener weet waarom.”</p></blockquote>
</section>
"""

DISTRIBUTION = f"""
<section id="distribution">
<h2 id="distribution-title">Spreiding over het Vlaamse Gewest</h2>
<p>{CALM * 4}</p>
<h3 id="by-province">Voorstellen per provincie</h3>
<p>Het aantal voorstellen per provincie staat in <a href="#tab-province">de eerste tabel</a> en in
<a href="#fig-province">de figuur</a>.<br><small>Een voorstel telt in de provincie van zijn indiener.</small></p>
"""

PROVINCES = [
    ["Antwerpen", "18", "5", "27,8 %", "1.250.000"],
    ["Limburg", "7", "2", "28,6 %", "412.500"],
    ["Oost-Vlaanderen", "15", "4", "26,7 %", "987.250"],
    ["Vlaams-Brabant", "11", "3", "27,3 %", "640.000"],
    ["West-Vlaanderen", "9", "2", "22,2 %", "455.900"],
]
PROVINCE_HEAD = ["Provincie", "Ingediend", "Gekozen", "Aandeel gekozen", "Gevraagd bedrag (euro)"]
SCORE = "totals.total"
PROPOSAL_HEAD = ["Nr.", "Voorstel", "Provincie", cite(SCORE, "Score"), "Uitkomst"]
PROPOSALS = [
    [
        str(rank),
        f"Voorstel {rank}: leren kijken in de buurt",
        PROVINCES[rank % 5][0],
        cell_number(SCORE, f"{95 - rank}.5", f"{95 - rank},5"),
        outcome,
    ]
    for rank in range(1, 61)
    for outcome in ["gekozen" if rank <= 16 else "niet gekozen"]
]
REASON = (
    "De jury waardeerde de samenwerking met lokale bibliotheken, maar vond dat de planning te weinig ruimte "
    "laat voor bijsturing na de eerste proefperiode."
)
REASON_HEAD = ["Voorstel", "Indiener", "Inhoud", "Sterke punten", "Zwakke punten", "Score", "Bedrag (euro)"]
REASONS = [
    [f"V{n:02}", "Gemeenschapscentrumvereniging De Voorbeeldenaar", REASON[:70], REASON, REASON[42:], "71,25", "48.500"]
    for n in range(1, 9)
]
ORIGINS = [
    ["selection.chosen.count", "16", "voorstellen", "04_selection", "Aantal voorstellen met uitkomst gekozen"],
    ["distribution.proposals.count", "60", "voorstellen", "02_distribution", "Aantal ontvankelijke voorstellen"],
    ["selection.chosen.share", "26,7", "procent", "04_selection", "Gekozen, gedeeld door ontvankelijk"],
]
COLUMNS = [[SCORE, "punten", "scoring.total", "De som van de gewogen scores"]]
COLUMN_HEAD = ["Kolom", "Eenheid", "Functie", "Bepaling"]
ORIGIN_HEAD = ["Kengetal", "Waarde", "Eenheid", "Stap", "Bepaling"]


def demonstration() -> NotebookNode:
    """Return an executed answer notebook of several printed pages, with hidden parts that must not show."""
    notebook = notebook_of(
        fragment(HEAD),
        fragment(SUMMARY),
        fragment(
            DISTRIBUTION
            + table("tab-province", "Voorstellen per provincie", PROVINCE_HEAD, PROVINCES, {1, 2, 3, 4}, [])
        ),
        figure(
            "fig-province",
            "bars",
            "Antwerpen telt de meeste voorstellen, negen; Limburg de minste, drie.",
            "Voorstellen per provincie van de indiener. Bron: tabel met de voorstellen.",
        ),
        fragment(f'<h2 id="ranking">Rangorde en keuze</h2><p>{CALM * 3}</p><h3 id="scores">Scores</h3>'),
        figure(
            "fig-scores",
            "line",
            "De totaalscore daalt gelijkmatig met de rang, met één sprong van zes punten na rang acht.",
            "Totaalscore naar rang.",
        ),
        fragment(table("tab-ranking", "Alle voorstellen naar rang", PROPOSAL_HEAD, PROPOSALS, {3}, [])),
        fragment(
            '<h2 id="reasons">Motivering per voorstel</h2><h3 id="reasons-chosen">Gekozen voorstellen</h3>'
            f'<p>{CALM}</p><h4 id="reading">Leeswijzer</h4><p>Scores op 100<sup>1</sup>; de term '
            '<span lang="en">shortlist</span> staat voor de voorlopige keuze.</p>'
        ),
        fragment(table("tab-reasons", "Motivering van de jury per voorstel", REASON_HEAD, REASONS, {5, 6}, [])),
        fragment(
            '<section id="origins"><h2 id="origins-title">Bijlage: herkomst van elk cijfer</h2>'
            "<p>Elk cijfer in de tekst verwijst naar zijn rij in deze tabel.</p>"
            + table(
                "tab-origins",
                "Herkomst van de cijfers",
                ORIGIN_HEAD,
                ORIGINS,
                {1},
                [f"origin-{row[0]}" for row in ORIGINS],
            )
            + table("tab-columns", "Herkomst van de kolommen", COLUMN_HEAD, COLUMNS, set(), [f"origin-{SCORE}"])
            + "</section>"
        ),
    )
    notebook.cells.insert(0, nbformat.v4.new_markdown_cell("# secret markdown"))
    notebook.cells.insert(1, nbformat.v4.new_raw_cell("secret raw"))
    noise = nbformat.v4.new_output("stream", name="stderr", text="secret stream")
    notebook.cells[2].outputs.insert(0, noise)
    return notebook
