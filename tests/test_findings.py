"""Findings on published figures in the answer: in words with both numbers, first internally, announced to all others."""

from __future__ import annotations

from typing import Any

import pytest
from bs4 import BeautifulSoup
from builders import keep_contract, small_call

from analysis import cli, conduct, findings, reconciliation
from analysis.declarations import Edition, Language
from analysis.material import Block, Material
from analysis.published import Published
from analysis.store import Store
from analysis.wording import Wording

CALL = small_call()
LANGUAGES: tuple[Language, ...] = ("nl", "en")
WHY = {"nl": "Twee keer geteld.", "en": "Counted twice."}


def figure(name: str, value: Any, **more: Any) -> dict[str, Any]:
    label = {"nl": f"de {name}", "en": f"the {name}"}
    return {"id": name, "label": label, "value": value, "unit": "count", "source": "Q-1", "indicator": name, **more}


def make_material(
    figures: list[dict[str, Any]], computed: dict[str, float] | None = None, *, language: Language = "en",
    audience: str = "internal", withheld: tuple[str, ...] = (), **sections: Any,
) -> Material:  # fmt: skip
    """Return the material of an edition to which all but the withheld tables were released."""
    published = Published.model_validate({"figures": figures, **sections})
    compared = reconciliation.compare_figures(published, computed or {})
    sums = reconciliation.compare_groups(published)
    found = reconciliation.gather_findings(published, compared)
    measured = {item.id: item.value for item in reconciliation.indicators(compared, sums, found)}
    tables = {
        name: keep_contract(name, table)
        for name, table in (("reconciliation", compared), ("group_sums", sums), ("findings", found))
        if name not in withheld
    }
    edition = Edition.model_validate({"as_of": "2030-06-01", "language": language, "audience": audience})
    return Material(CALL, edition, tables, Wording(language, CALL, measured | (computed or {})), published, None)


def read(*blocks: Block) -> str:
    markup = " ".join(str(getattr(block, "markup", "")) for block in blocks).replace("</li>", "</li> ")
    return " ".join(BeautifulSoup(markup, "html.parser").get_text().split())


def head(material: Material) -> str:
    return read(*findings.open_with_findings(material))


def annex(material: Material) -> str:
    return read(*findings.list_findings(material))


SPLIT = [figure("total", 16, source="A1-2"), figure("first", 10, source="A1-4"), figure("second", 5, source="A1-4")]
GROUP = {
    "id": "split",
    "label": {"nl": "de verdeling", "en": "the split"},
    "total": "total",
    "parts": ["first", "second"],
}
SHARES = {**GROUP, "total": None}
PERCENT = {"unit": "share", "hedge": "rounded", "tolerance": 0.01}

# For every kind: figures, what else published.yml declares, what is computed, and the sentence in both languages.
CASES: dict[str, tuple[list[dict[str, Any]], dict[str, Any], dict[str, float], str, str]] = {
    "sum": (
        SPLIT, {"groups": [GROUP]}, {},
        "De gepubliceerde cijfers over de verdeling spreken elkaar tegen: de som van de delen is 15, maar het "
        "gepubliceerde totaal is 16 (bronnen A1-2, A1-4). Te doen: verbeter de cijfers of geef de groep split een "
        "verklaring in published.yml.",
        "The published figures on the split contradict each other: the parts add up to 15, but the published total is 16 "
        "(sources A1-2, A1-4). To do: correct the figures, or give the group split an explanation in published.yml.",
    ),
    "percentages": (
        [figure("first", 0.5, **PERCENT), figure("second", 0.4, **PERCENT)], {"groups": [SHARES]}, {},
        "De gepubliceerde aandelen van de verdeling spreken elkaar tegen: samen zijn ze 90% in plaats van 100% (bron Q-1). "
        "Afronding en voorbehouden verklaren het verschil niet. Te doen: verbeter de cijfers, geef afgeronde aandelen het "
        "voorbehoud ‘rounded’ of geef de groep split een verklaring in published.yml.",
        "The published shares of the split contradict each other: they add up to 90% instead of 100% (source Q-1). "
        "Rounding and hedges do not account for the difference. To do: correct the figures, give rounded shares the hedge "
        "‘rounded’, or give the group split an explanation in published.yml.",
    ),
    "part": (
        [figure("a", 20, hedge="about", tolerance=0.1), figure("b", 16)], {"parts": [{"part": "a", "whole": "b"}]}, {},
        "Het gepubliceerde cijfer voor ‘de a’ is ongeveer 20, terwijl het gepubliceerde cijfer voor ‘de b’, waarvan het een "
        "deel is, slechts 16 is (bron Q-1). Afronding en voorbehouden verklaren het verschil niet. Te doen: verbeter de "
        "cijfers of voeg in published.yml een verklaring van de soort part toe voor a en b.",
        "The published figure for ‘the a’ is about 20, while the published figure for ‘the b’, of which it is a part, is only "
        "16 (source Q-1). Rounding and hedges do not account for the difference. To do: correct the figures, or add an "
        "explanation of the kind part for a and b in published.yml.",
    ),
    "share": (
        [figure("a", 700, unit="euro"), figure("b", 1100.5, unit="euro"), figure("c", 0.7, unit="share")],
        {"parts": [{"part": "a", "whole": "b", "share": "c"}]}, {},
        "Het gepubliceerde cijfer voor ‘de a’ is 700 euro, maar uit ‘de b’ en ‘de c’ volgt 770 euro (bron Q-1).",
        "The published figure for ‘the a’ is 700 euro, but from ‘the b’ and ‘the c’ follows 770 euro (source Q-1).",
    ),
    "twice": (
        [figure("a", 100, indicator="x", hedge="almost", tolerance=0.1), figure("b", 100, indicator="x")], {}, {},
        "De gepubliceerde cijfers voor ‘de a’ (bijna 100) en ‘de b’ (100) gaan over dezelfde grootheid, maar sluiten "
        "elkaar uit (bron Q-1).",
        "The published figures for ‘the a’ (almost 100) and ‘the b’ (100) state the same quantity, but exclude each other "
        "(source Q-1).",
    ),
    "twice, on days": (
        [figure(name, day, unit="date", indicator="x") for name, day in (("a", "2030-01-01"), ("b", "2030-01-02"))], {}, {},
        "De gepubliceerde cijfers voor ‘de a’ (1 januari 2030) en ‘de b’ (2 januari 2030) gaan over",
        "The published figures for ‘the a’ (1 January 2030) and ‘the b’ (2 January 2030) state",
    ),
    "twice, without a number": (
        [figure("a", None, unit="share", hedge="most", indicator="x"), figure("b", 0.4, unit="share", indicator="x")], {}, {},
        "voor ‘de a’ (meer dan de helft) en ‘de b’ (40%)",
        "for ‘the a’ (more than half) and ‘the b’ (40%)",
    ),
    "twice, in cents": (
        [figure("a", 100.25, unit="euro", indicator="x"), figure("b", 100.254, unit="euro", indicator="x")], {}, {},
        "‘de a’ (100,25 euro) en ‘de b’ (100,254 euro)",
        "‘the a’ (100.25 euro) and ‘the b’ (100.254 euro)",
    ),
    "negative": (
        [figure("a", -3)], {}, {},
        "Het gepubliceerde cijfer voor ‘de a’ is -3, maar kan niet lager zijn dan 0 (bron Q-1). Te doen: verbeter het cijfer "
        "of voeg in published.yml een verklaring van de soort value toe voor a.",
        "The published figure for ‘the a’ is -3, but cannot be lower than 0 (source Q-1). To do: correct the figure, or add an "
        "explanation of the kind value for a in published.yml.",
    ),
    "above": (
        [figure("a", 1.2, unit="share")], {}, {},
        "Het gepubliceerde aandeel voor ‘de a’ is 120%, maar een aandeel is ten hoogste 100% (bron Q-1).",
        "The published share for ‘the a’ is 120%, but a share is at most 100% (source Q-1).",
    ),
    "broken": (
        [figure("a", 20.5)], {}, {},
        "Het gepubliceerde cijfer voor ‘de a’ is 20,5, maar zo'n aantal is een geheel getal (bron Q-1).",
        "The published figure for ‘the a’ is 20.5, but a number of this kind is whole (source Q-1).",
    ),
    "difference": (
        [figure("a", 0.7, unit="share", hedge="rounded", tolerance=0.001)], {}, {"a": 0.6994},
        "Het gepubliceerde cijfer voor ‘de a’ is 70% (afgerond), maar de berekening uit de tabellen geeft 69,9% (bron Q-1). "
        "Afronding en voorbehouden verklaren het verschil niet. Te doen: verbeter het cijfer of de tabellen, of geef het "
        "cijfer a een verklaring in published.yml.",
        "The published figure for ‘the a’ is 70% (rounded), but the computation from the tables gives 69.9% (source Q-1). "
        "Rounding and hedges do not account for the difference. To do: correct the figure or the tables, or give the figure "
        "a an explanation in published.yml.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("case", CASES)
def test_every_kind_of_finding_is_a_sentence_with_its_numbers_and_what_to_do(case: str, language: Language) -> None:
    figures, sections, computed, *sentences = CASES[case]
    material = make_material(figures, computed, language=language, **sections)
    assert sentences[LANGUAGES.index(language)] in head(material)


@pytest.mark.parametrize("case", CASES)
def test_every_number_of_a_finding_links_to_its_indicator(case: str) -> None:
    figures, sections, computed, *_ = CASES[case]
    material = make_material(figures, computed, **sections)
    list(findings.open_with_findings(material))
    named = [name for name in material.wording.values if name.startswith("finding.") or name in computed]
    silent = [name for name in named if case == "broken" and name.endswith(".expected")]
    assert set(material.wording.shown) == {"findings.open", *named} - set(silent)


def test_the_kinds_of_the_cases_are_all_that_there_are() -> None:
    found = {
        kind
        for figures, sections, computed, *_ in CASES.values()
        for kind in make_material(figures, computed, **sections).tables["findings"]["kind"]
    }
    assert found == set(findings.HEDGED)


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_internal_edition_opens_with_a_heading_a_count_and_a_link_to_the_annex(language: Language) -> None:
    blocks = list(findings.open_with_findings(make_material(SPLIT, groups=[GROUP], language=language)))
    page = BeautifulSoup("".join(str(block.markup) for block in blocks), "html.parser")
    assert page.h2["id"] == "findings"
    assert len(page.select("li")) == 1
    assert page.select_one('a[href="#reconciliation"]')
    assert {"nl": "Voor één bevinding bevat het bestand", "en": "declares no explanation for one finding."}[
        language
    ] in read(*blocks)


@pytest.mark.parametrize("audience", ["public", "applicant"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_any_other_edition_bears_a_notice_and_says_the_figures_in_the_annex_once(
    language: Language, audience: str
) -> None:
    material = make_material(SPLIT, groups=[GROUP], language=language, audience=audience)
    (notice,) = findings.open_with_findings(material)
    assert "contradict each other" in read(notice) or "spreken elkaar tegen" in read(notice)
    assert "15" not in read(notice)
    assert "  " not in str(notice.markup)
    assert "published.yml" not in read(notice) + annex(material)
    assert "Voor het volgende verschil is er geen" in annex(
        material
    ) or "no explanation for the following difference." in annex(material)
    assert annex(material).count("15") == 1


def test_an_internal_edition_does_not_say_its_open_findings_again_in_the_annex() -> None:
    assert annex(make_material(SPLIT, groups=[GROUP])) == ""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("audience", ["internal", "public"])
def test_once_every_finding_is_explained_nothing_warns_and_the_annex_gives_the_explanation(
    language: Language, audience: str
) -> None:
    material = make_material(
        [*SPLIT, figure("x", 3, explanation=WHY)],
        {"x": 4},
        groups=[{**GROUP, "explanation": WHY}],
        language=language,
        audience=audience,
    )
    assert head(material) == ""
    said = annex(material)
    assert said.count({"nl": "Verklaring: Twee keer geteld.", "en": "Explanation: Counted twice."}[language]) == 2
    assert {"nl": "Voor de volgende verschillen is er een", "en": "for the following differences."}[language] in said
    assert "16 (" in said


def test_the_notice_stands_also_where_the_findings_themselves_are_withheld() -> None:
    for audience in ("public", "internal"):
        material = make_material(SPLIT, groups=[GROUP], audience=audience, withheld=("findings",))
        assert "contradict each other" in head(material)
        assert "annex" in head(material)
        assert annex(material) == ""
    alone = make_material(SPLIT, groups=[GROUP], audience="public", withheld=("findings", "reconciliation"))
    assert "annex" not in head(alone)
    assert not findings.has_reconciliation(alone)


def test_a_computed_value_that_was_withheld_is_not_said() -> None:
    material = make_material([figure("a", 5)], {"a": 1234})
    del material.wording.values["a"]
    assert "is 5, but the computation from the tables gives another value" in head(material)
    assert "1,234" not in head(material)


def test_figures_without_a_finding_are_passed_over_in_silence() -> None:
    for figures in ([figure("a", 5)], [figure("a", 5, explanation=WHY)]):
        assert head(make_material(figures, {"a": 5})) == annex(make_material(figures, {"a": 5})) == ""


def test_labels_and_explanations_show_literally() -> None:
    label = {"en": "<script>alert(1)</script> {{ call }}"}
    material = make_material(
        [figure("a", -3, label=label), figure("b", -4, label=label)],
        explanations=[{"kind": "value", "figures": ["b"], "text": label}],
    )
    for blocks in (findings.open_with_findings(material), findings.list_findings(material)):
        shown = list(blocks)
        assert label["en"] in read(*shown)
        assert not any("<script" in str(block.markup) for block in shown)


@pytest.mark.parametrize("audience", ["internal", "public"])
def test_contradictions_and_differences_are_told_apart(audience: str) -> None:
    def opening(*figures: dict[str, Any], language: Language) -> str:
        return head(make_material(list(figures), {"a": 6, "b": 7}, language=language, audience=audience))

    contradiction, difference = figure("n", -1), figure("a", 5)
    for language, among, from_computed in (
        ("nl", "spreken elkaar tegen", "wijken af van de berekening"),
        ("en", "contradict each other", "differ from the computation"),
    ):
        assert f"{among}. " in opening(contradiction, language=language)
        assert f"{from_computed}. " in opening(difference, language=language)
        assert among not in opening(difference, language=language)
        both = opening(contradiction, difference, language=language)
        assert among in both
        assert from_computed in both


def test_the_indicators_of_a_finding_rest_on_the_sources_of_its_figures() -> None:
    material = make_material(SPLIT, groups=[GROUP])
    assert findings.find_sources(material, "finding.sum.split.expected") == "A1-2, A1-4"
    assert findings.find_sources(material, "findings.open") == ""
    assert (
        findings.find_sources(make_material(SPLIT, groups=[GROUP], withheld=("findings",)), "finding.sum.split.found")
        == ""
    )


PUBLISHED = """\
figures:
  - {id: ideas, label: {en: ideas}, value: 12, unit: count, source: A1, indicator: distribution.proposals}
  - {id: first, label: {en: first}, value: 7, unit: count, source: A2, indicator: x.first}
  - {id: second, label: {en: second}, value: 4, unit: count, source: A2, indicator: x.second}
groups:
  - {id: split, label: {en: the split}, total: ideas, parts: [first, second]}
"""
LINE = (
    "note: open finding sum.split in the published figures (A1, A2): found 11, expected 12; "
    "published.yml declares no explanation"
)


def test_check_notes_what_the_published_figures_contradict_without_running_a_step(
    store: Store, capfd: pytest.CaptureFixture[str]
) -> None:
    (store.raw / "published.yml").write_text(PUBLISHED, encoding="utf-8")
    cli.check(call=store.call_id, root=store.root)
    assert LINE in capfd.readouterr().out.splitlines()
    explained = PUBLISHED.replace(
        "parts: [first, second]", "parts: [first, second], explanation: {en: One is in both.}"
    )
    (store.raw / "published.yml").write_text(explained, encoding="utf-8")
    cli.check(call=store.call_id, root=store.root)
    assert "note: open finding" not in capfd.readouterr().out


def test_a_run_warns_of_every_open_finding_that_its_steps_left(store: Store) -> None:
    (store.raw / "published.yml").write_text(PUBLISHED, encoding="utf-8")
    assert conduct.name_findings(store) == []
    store.write_table("findings", reconciliation.gather_findings(store.published))
    assert [f"note: {line}" for line in conduct.name_findings(store)] == [LINE]
