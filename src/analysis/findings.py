"""What is wrong with the published figures, in sentences: first in an internal edition, announced in any other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from analysis.blocks import breakable, bullets, heading, notice
from analysis.declarations import Text
from analysis.hedges import NEEDS_TOLERANCE, Figure
from analysis.material import Block, Material
from analysis.wording import Wording

COLUMNS = ("finding", "kind", "group", "figures", "sources", "unit", "found", "found_on", "expected", "expected_on",
           "verdict")  # fmt: skip
MOST_DECIMALS = 9
# Which of a finding's figures, by position, is found and which is expected; what is no single figure has no hedge.
HEDGED: Mapping[str, tuple[int | None, int | None]] = {
    "sum": (None, 0), "percentages": (None, None), "part": (0, 1), "share": (0, None), "twice": (0, 1),
    "value": (0, None), "difference": (0, None),
}  # fmt: skip


def has_reconciliation(material: Material) -> bool:
    """Return whether the annex on reconciliation has something to show to this audience."""
    return any(material.find(name) is not None for name in ("reconciliation", "findings"))


def open_with_findings(material: Material) -> Iterator[Block]:
    """Yield what stands at the head of the document while a finding is open.

    An internal edition lists each finding with what to do about it. Any other edition bears a notice, also where the
    findings themselves were not released to its audience.
    """
    if not material.wording.values.get("findings.open"):
        return
    title = material.plain("findings.annex")
    link = Markup('<a href="#reconciliation">{}</a>').format(title) if has_reconciliation(material) else Markup("")
    listed = _rows(material, "open")
    if material.edition.audience != "internal" or not listed:
        words = str(material.wording.html("answer.findings.notice", annex=link)).split()
        yield notice(Markup(" ".join(words)))  # safe: escaped before, only its white space is made even
        return
    yield heading(2, material.plain("findings.heading"), "findings")
    yield material.say("findings.lead", annex=link)
    yield bullets(Markup("{} {}").format(_describe(material, row), _advise(material, row)) for row in listed)


def list_findings(material: Material) -> Iterator[Block]:
    """Yield the findings for the annex: those open, unless an internal edition opens with them, and those explained."""
    listed = [] if material.edition.audience == "internal" else _rows(material, "open")
    if listed:
        yield material.say("findings.open_lead")
        yield bullets(_describe(material, row) for row in listed)
    explained, texts = _rows(material, "explained"), _explanations(material)
    if explained:
        yield material.say("findings.explained_lead")
        said = [(_describe(material, row), texts[row["finding"]]) for row in explained]
        words = [(finding, text.in_language(material.wording.language)) for finding, text in said]
        yield bullets(
            material.wording.html("answer.findings.explained", finding=finding, explanation=text)
            for finding, text in words
        )


def find_sources(material: Material, indicator: str) -> str:
    """Return the codes of the statements that an indicator of a finding rests on; empty for any other indicator."""
    table, name = material.find("findings", *COLUMNS), indicator.removeprefix("finding.").rpartition(".")[0]
    if table is None or not indicator.startswith("finding."):
        return ""
    return "".join(table.loc[table["finding"] == name, "sources"])


def _rows(material: Material, verdict: str) -> list[dict[str, Any]]:
    table = material.find("findings", *COLUMNS)
    return [] if table is None else [_clean(row) for row in table[table["verdict"] == verdict].to_dict("records")]


def _clean(row: Mapping[Any, Any]) -> dict[str, Any]:
    """Return a row in which what is missing is None."""
    return {str(name): None if pd.isna(cell) else cell for name, cell in row.items()}


def _describe(material: Material, row: Mapping[str, Any]) -> Markup:
    """Return the sentence on a finding, with its numbers linked to their origins."""
    language, known = material.wording.language, material.published.by_id if material.published else {}
    figures = [known[name] for name in row["figures"].split()]
    labels = [figure.label.in_language(language) for figure in figures]
    found, expected = _sides(material, row, figures)
    codes = row["sources"].split(", ")
    given = {
        "found": found, "expected": expected, "about": _group_label(material, row["group"]),
        "sources": material.plain("findings.sources", codes=", ".join(codes), single=len(codes) == 1),
        **dict(zip(("first", "second", "third"), labels, strict=False)),
    }  # fmt: skip
    sentence = material.wording.html(f"answer.findings.kinds.{_text_of(row)}", **given)
    if any(figure.hedge in NEEDS_TOLERANCE for figure in figures):
        sentence += " " + material.wording.html("answer.findings.margin")
    return sentence


def _text_of(row: Mapping[str, Any]) -> str:
    """Return the key of the text of a finding: an impossible value is negative, above the whole, or broken."""
    if row["kind"] != "value":
        return str(row["kind"])
    if row["found"] < 0:
        return "negative"
    return "above" if row["unit"] == "share" else "broken"


def _sides(material: Material, row: Mapping[str, Any], figures: list[Figure]) -> tuple[Markup, Markup]:
    """Return what is found and what is expected, each as its unit asks and with the hedge of its figure."""
    names = [f"finding.{row['finding']}.found", f"finding.{row['finding']}.expected"]
    if row["kind"] == "difference":
        names[1] = figures[0].indicator
    decimals = _decimals(row["found"], row["expected"], shift=2 if row["unit"] == "share" else 0)
    hedges = ["exact" if position is None else figures[position].hedge for position in HEDGED[row["kind"]]]
    found = _say_value(material, names[0], row["unit"], decimals, hedges[0])
    if _text_of(row) == "broken":  # its text names no number that it should be
        return found, Markup("")
    return found, _say_value(material, names[1], row["unit"], decimals, hedges[1])


def _say_value(material: Material, name: str, unit: str, decimals: int, hedge: str) -> Markup:
    value = material.wording.values.get(name)
    if value is None and hedge not in ("most", "several"):
        return material.wording.html("answer.findings.withheld")
    shown = Markup("") if value is None else _show(material.wording, name, unit, decimals)
    return material.wording.html(f"answer.findings.hedges.{hedge}", shown=shown)


def _show(wording: Wording, name: str, unit: str, decimals: int) -> Markup:
    if unit == "date":
        return wording.show("day", name)
    shown = wording.show("percent" if unit == "share" else "number", name, decimals=decimals)
    return shown + " euro" if unit == "euro" else shown


def _decimals(found: float | None, expected: float | None, shift: int) -> int:
    """Return the fewest decimals that give what was found in full, and tell it from what was expected."""
    for decimals in range(MOST_DECIMALS):
        shown = [None if value is None else round(value, decimals + shift) for value in (found, expected)]
        in_full = found is None or abs(shown[0] - found) < 10.0 ** -(MOST_DECIMALS + shift)  # type: ignore[operator]
        if in_full and (shown[0] != shown[1] or found == expected):
            return decimals
    return MOST_DECIMALS


def _advise(material: Material, row: Mapping[str, Any]) -> Markup:
    """Return what to do about an open finding: where published.yml takes the explanation of it."""
    names, kind = row["figures"].split(), row["kind"]
    place = {"difference": "figure", "sum": "group", "percentages": "shares"}.get(kind, "apart")
    name = breakable(row["group"] if kind in ("sum", "percentages") else names[0])
    figures = material.wording.join_markup(breakable(each) for each in names)
    return material.wording.html(
        f"answer.findings.advice.{place}", name=name, kind=breakable(kind), figures=figures, single=len(names) == 1
    )


def _group_label(material: Material, name: str | None) -> str:
    groups = material.published.groups if material.published else ()
    return next((group.label.in_language(material.wording.language) for group in groups if group.id == name), "")


def _explanations(material: Material) -> dict[str, Text]:
    """Return the declared explanation of every finding that has one, by the id of the finding."""
    if material.published is None:
        return {}
    own = {found.id: found.explanation for found in material.published.contradictions() if found.explanation}
    return own | {
        f"difference.{figure.id}": figure.explanation for figure in material.published.figures if figure.explanation
    }
