"""The annex on where the figures come from: every number cited in the answer, every column and every picture shown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd
from markupsafe import Markup

from analysis.accounts import mark_origin
from analysis.blocks import Html, breakable, heading, table
from analysis.contracts import Contract
from analysis.declared import name_sources
from analysis.figures import Figure
from analysis.findings import find_sources
from analysis.glossary import describe_column, describe_table
from analysis.indicators import start_of_hash
from analysis.material import NO_VALUE, Block, Material
from analysis.published import Figure as PublishedFigure
from analysis.selection import MERIT_UNITS


@dataclass(frozen=True)
class Maker:
    """The function that makes a table, and the tables that it makes it from."""

    function: str
    tables: tuple[str, ...]


def _by(function: str, *tables: str) -> Maker:
    return Maker(function, tables)


# How each table is made; those of the first step are as they were delivered.
MAKERS: Mapping[str, Maker] = {
    "profiles": _by("distribution.profile", "proposals", "actors", "municipalities"),
    "distribution": _by("distribution.count_groups", "profiles"),
    "category_by_kind": _by("distribution.cross_category_and_kind", "profiles"),
    "municipality_reach": _by("distribution.count_reach", "municipalities", "involvement", "proposals", "actors"),
    "spread": _by("distribution.compare_with_population", "profiles", "municipalities", "municipality_reach"),
    "evenness": _by("distribution.measure_evenness", "profiles", "municipalities"),
    "white_spots": _by("distribution.list_white_spots", "municipalities", "municipality_reach"),
    "individual_scores": _by("scoring.score_individually", "scores"),
    "criterion_scores": _by("standing.score_criteria", "scores"),
    "criterion_spread": _by("standing.spread_scores", "criterion_scores", "totals"),
    "totals": _by("ranking.fill_places", "individual_scores", "expected_ranks", "scores"),
    "rater_spread": _by("scoring.spread_by_rater", "individual_scores"),
    "agreement": _by("agreement.measure_agreement", "scores", "individual_scores", "totals"),
    "expected_ranks": _by("expectation.expect_ranks", "individual_scores"),
    "rater_effects": _by("expectation.expect_ranks", "individual_scores"),
    "rank_sampling": _by("expectation.expect_ranks", "individual_scores"),
    "lottery": _by("ranking.fill_places", "individual_scores", "expected_ranks", "scores"),
    "stability": _by("sensitivity.measure_stability", "scores"),
    "rank_shares": _by("sensitivity.measure_stability", "scores"),
    "shortlist_changes": _by("sensitivity.change_shortlist", "totals", "scores", "individual_scores"),
    "selection": _by("selection.choose", "totals", "profiles", "proposals", "decision"),
    "chosen": _by("selection.describe_chosen", "selection", "proposals", "actors", "municipalities"),
    "chosen_groups": _by("distribution.count_groups", "profiles", "chosen"),
    "constraint_prices": _by("selection.choose", "totals", "profiles", "proposals", "decision"),
    "reasons": _by("selection.give_reasons", "selection", "totals", "proposals"),
    "alternatives": _by("selection.choose", "totals", "profiles", "proposals", "decision"),
    "choice_shares": _by("sensitivity.share_choices", "scores", "totals", "profiles", "proposals"),
    "choice_changes": _by(
        "sensitivity.change_choice", "selection", "scores", "individual_scores", "totals", "profiles", "proposals"
    ),
    **{
        name: _by("whatif.tabulate_scenarios", "scores", "totals", "expected_ranks", "profiles", "proposals", "chosen")
        for name in ("scenario_results", "scenario_settings", "scenario_changes")
    },
    "budget_lines": _by("resources.sum_lines", "budget"),
    "budget_funds": _by("resources.sum_funds", "budget"),
    "budget_split": _by("resources.split_budget", "budget"),
    "budget_years": _by("resources.sum_years", "budget_split"),
    "pilot_months": _by("resources.spread_pilots", "chosen"),
    "pilots_by_month": _by("resources.sum_pilot_months", "pilot_months", "budget"),
    "timeline": _by("resources.draw_up_timeline", "chosen"),
    "monthly_load": _by("resources.load_by_month", "staffing", "chosen"),
    "phase_staff": _by("resources.sum_staff", "staffing", "monthly_load"),
    "progress": _by("evaluation.cross_progress", "proposals"),
    "attendance": _by("evaluation.summarise_attendance", "masterclasses"),
    "associations": _by("evaluation.measure_associations", "proposals", "masterclasses", "totals"),
    "survey_results": _by("evaluation.summarise_survey", "survey"),
    "survey_answers": _by("evaluation.count_answers", "survey"),
    "survey_differences": _by("evaluation.compare_groups", "survey_results"),
    "follow_up": _by("followup.propose_paths", "proposals", "profiles", "chosen", "follow_up_choice"),
    "path_sizes": _by("followup.count_paths", "follow_up"),
    "path_themes": _by("followup.count_themes", "follow_up"),
    "scaling": _by("sharing.judge_pilots", "pilots", "chosen"),
    "cost_shares": _by("sharing.share_costs", "scaling", "joining", "municipalities"),
    "services": _by("sharing.describe_services", "scaling", "cost_shares"),
    "reconciliation": _by("reconciliation.compare_figures", "indicators"),
    "group_sums": _by("reconciliation.compare_groups"),
}


@dataclass(frozen=True)
class Ledger:
    """What there is to know of the tables: their contracts, and their hashes by name."""

    contracts: Mapping[str, Contract]
    hashes: Mapping[str, str]

    def fingerprint(self, name: str) -> str:
        """Return the start of a table's hash, as indicators give it of theirs."""
        return start_of_hash(self.hashes[name])


def style_of(unit: str, value: float | date) -> tuple[str, dict[str, int]]:
    """Return the format in which a value of this unit stands in an annex, with its options."""
    if isinstance(value, date):
        return "day", {}
    return {"share": ("percent", {"decimals": 1}), "year": ("year", {})}.get(unit, ("number", {"decimals": 2}))


def write_origins(material: Material, ledger: Ledger, pictures: Sequence[Figure], number: int) -> Iterator[Block]:
    """Yield the annex: heading and lead, the numbers, columns and pictures shown before it, the tables behind them."""
    yield heading(2, material.plain("annex.origin", number=number), "origin")
    codes = material.published.codes if material.published else None
    yield material.say("annex.origin_lead", codes=codes.in_language(material.edition.language) if codes else "")
    yield _table_of_indicators(material)
    if material.wording.columns:
        yield _table_of_columns(material, ledger)
    if pictures:
        yield _table_of_pictures(material, pictures)
    yield from _table_of_tables(material, ledger, pictures)


def _table_of_indicators(material: Material) -> Html:
    cited = list(material.wording.shown)
    known = material.tables["indicators"].set_index("indicator").loc[cited].reset_index()
    rows = [_indicator_row(material, row) for row in known.itertuples()]
    names = list(material.headings("annex.origin_headings").values())
    anchors = [f"origin-{name}" for name in cited]
    return table(material.plain("annex.origin_caption"), names, rows, numeric=(1,), anchors=anchors, shown_in=True)


def _indicator_row(material: Material, row: Any) -> list[Markup | str]:
    value = row.day.date() if pd.notna(row.day) else row.value
    style, options = style_of(row.unit, value)
    shown = material.wording.format(style, value, **options)
    unit, function = material.wording.label("unit", row.unit), breakable(row.function) if row.function else NO_VALUE
    tables = _name_tables(_read_stamp(row.tables))
    return [breakable(row.indicator), shown, unit, function, tables, _source(material, row)]


def _read_stamp(tables: str) -> dict[str, str]:
    """Return the start of the hash of each table that an indicator was computed from, by the table's name."""
    parts = (part.partition("@") for part in tables.split())
    return {name: start for name, _, start in parts}


def _name_tables(names: Iterable[str]) -> Markup | str:
    """Return the names of tables; without their hashes, which stand once for each table."""
    return Markup(" ").join(breakable(name) for name in names) or NO_VALUE


def _source(material: Material, row: Any) -> str:
    """Return where a number was published: the code of the statement, or as what follows from such codes."""
    figures = material.published.figures if material.published else ()
    if any(figure.indicator == row.indicator for figure in figures):
        return mark_origin(material, row.indicator)
    if codes := find_sources(material, row.indicator):
        return codes
    stated = name_sources(material.call).get(row.indicator, "")
    return stated if stated in {figure.source for figure in figures} else NO_VALUE


def _table_of_columns(material: Material, ledger: Ledger) -> Html:
    cited = list(material.wording.columns)
    rows = [_column_row(material, ledger.contracts, *origin.split(".")) for origin in cited]
    names = list(material.headings("annex.columns_headings").values())
    anchors = [f"origin-{name}" for name in cited]
    return table(material.plain("annex.columns_caption"), names, rows, anchors=anchors, shown_in=True)


def _column_row(material: Material, contracts: Mapping[str, Contract], name: str, column: str) -> list[Markup | str]:
    contract, maker = contracts[name], MAKERS[name]
    return [
        breakable(f"{name}.{column}"),
        describe_column(contract, column, material.wording.language),
        _unit_of(material, contract, column),
        breakable(maker.function),
        _name_tables(maker.tables),
        _codes_of(material, name, column),
    ]


def _unit_of(material: Material, contract: Contract, column: str) -> str:
    declared = contract.columns[column]
    unit = "date" if declared.kind == "day" else declared.unit
    if unit == "as merit":
        unit = MERIT_UNITS[material.call.selection.ranked_by]
    return material.wording.label("unit", unit) if unit else NO_VALUE


def _codes_of(material: Material, name: str, column: str) -> str:
    """Return the codes of the published figures whose numbers stand in a column, each as `mark_origin` says it.

    A figure stands there where its indicator was computed from this table alone, or from the tables behind it by the
    function that made it, and the column holds its value.
    """
    cells = material.tables[name][column]
    held = set(cells.dropna().astype("float64").round(9)) if pd.api.types.is_numeric_dtype(cells) else set()
    known = material.tables["indicators"].set_index("indicator")
    figures = material.published.figures if material.published else ()
    found = [figure.indicator for figure in figures if _stands_in(figure, known, name, held)]
    return "; ".join(dict.fromkeys(mark_origin(material, indicator) for indicator in found)) or NO_VALUE


def _stands_in(figure: PublishedFigure, known: pd.DataFrame, name: str, held: set[float]) -> bool:
    if figure.indicator not in known.index:
        return False
    row = known.loc[figure.indicator]
    tables = [part.partition("@")[0] for part in row["tables"].split()]
    return (tables == [name] or row["function"] == MAKERS[name].function) and round(row["value"], 9) in held


def _table_of_pictures(material: Material, pictures: Sequence[Figure]) -> Html:
    rows = [
        [
            Markup('<a href="#{}">{}</a>').format(picture.id, breakable(picture.id)),
            _name_tables(picture.tables),
            breakable(" ".join(dict.fromkeys(MAKERS[name].function for name in picture.tables))),
        ]
        for picture in pictures
    ]
    names = list(material.headings("annex.pictures_headings").values())
    return table(material.plain("annex.pictures_caption"), names, rows)


def _table_of_tables(material: Material, ledger: Ledger, pictures: Sequence[Figure]) -> Iterator[Html]:
    """Yield every table that the others name, with what it holds and the start of its hash; nothing where none does."""
    named = {name for picture in pictures for name in picture.tables}
    named |= {name for origin in material.wording.columns for name in MAKERS[origin.split(".")[0]].tables}
    starts = {name: ledger.fingerprint(name) for name in named}
    known = material.tables["indicators"].set_index("indicator")["tables"]
    for cited in material.wording.shown:
        starts |= _read_stamp(known[cited])
    language, contracts = material.wording.language, ledger.contracts
    rows = [
        [breakable(name), describe_table(contracts[name], language), breakable(starts[name])]
        for name in contracts
        if name in starts
    ]
    names = list(material.headings("annex.tables_headings").values())
    if rows:
        yield table(material.plain("annex.tables_caption"), names, rows)
