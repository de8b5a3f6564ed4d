"""Money and staff in the answer: prose, pictures and tables, each figure with its published code or as derived."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from markupsafe import Markup

from analysis import plots
from analysis.blocks import Html, paragraphs, table
from analysis.declarations import Phase
from analysis.material import NO_VALUE, Block, Material
from analysis.published import Figure
from analysis.resources import find_overloads


def write_costs(material: Material, funds: pd.DataFrame) -> Iterator[Block]:
    """Yield what the phases cost by source of funds and by year, and what was released of lines and pilots."""
    yield _pilots_cost(material, funds)
    yield plots.budget(funds, material.wording)
    if material.published is not None:
        yield material.say("money.marks_lead")
    yield table_of_funds(material, funds)
    yield from _costs_by_year(material)
    yield from _costs_by_line(material)
    yield from _costs_of_pilots(material)


def describe_staff(material: Material, staff: pd.DataFrame) -> Iterator[Block]:
    """Yield for every phase who works on it, and in which months that is more than are available."""
    for phase in material.call.phases:
        if phase.id in set(staff["phase"]):
            yield _staff_of_phase(material, phase)


def show_staff(material: Material, staff: pd.DataFrame) -> Iterator[Block]:
    """Yield the staff of every phase as a table, and the load of every month as a picture and a table."""
    yield table_of_staff(material, staff)
    load = material.find("monthly_load")
    if load is not None:
        yield plots.monthly_load(load, material.wording)
        for phase in _phases_of(material, load):
            yield table_of_load(material, load, phase)


def mark_origin(material: Material, indicator: str) -> str:
    """Return where a figure is known from: the code of what was published, derived from such codes, or computed.

    A figure counts as published where `published.yml` names its indicator, and as derived where it is marked so there.
    A code is followed by the hedge that the figure was published with.
    """
    figures = material.published.figures if material.published else ()
    found = [figure for figure in figures if figure.indicator == indicator]
    if not found:
        return material.plain("money.marks.computed")
    printed = [figure for figure in found if not figure.derived]
    if not printed:
        return material.plain("money.marks.derived", codes=", ".join(dict.fromkeys(one.source for one in found)))
    codes = [_say_code(material, figure) for figure in printed]
    return material.plain("money.marks.published", codes=", ".join(dict.fromkeys(codes)))


def mark_row(material: Material, indicators: Mapping[str, str]) -> str:
    """Return the marks of the figures of one row, by heading; said once where it is the same for all of them."""
    marks = {heading: mark_origin(material, indicator) for heading, indicator in indicators.items()}
    if len(set(marks.values())) == 1:
        return next(iter(marks.values()))
    headings = {mark: [heading.lower() for heading in marks if marks[heading] == mark] for mark in marks.values()}
    said = [
        material.plain("money.marks.some", figures=material.wording.join(names), mark=mark)
        for mark, names in headings.items()
    ]
    return "; ".join(said)


def table_of_funds(material: Material, funds: pd.DataFrame) -> Html:
    """Return the cost of each phase by source of funds and in total."""
    wording, names = material.wording, material.headings("money.headings")
    rows, totals = [], []
    for phase in _phases_of(material, funds):
        of_phase, prefix = funds[funds["phase"] == phase], f"resources.{phase}"
        for row in of_phase.itertuples():
            figures = {names["euro"]: f"{prefix}.{row.fund}.euro", names["share"]: f"{prefix}.{row.fund}.share"}
            rows.append(
                [
                    wording.label("phases", phase),
                    wording.label("funds", row.fund),
                    material.cell("number", row.euro, "budget_funds.euro"),
                    material.cell("percent", row.share, "budget_funds.share", decimals=1),
                    mark_row(material, figures),
                ]
            )
        amounts = [wording.show("number", f"{prefix}.euro"), wording.show("percent", f"{prefix}.share", decimals=1)]
        origin = mark_origin(material, f"{prefix}.euro")
        totals.append(len(rows))
        rows.append([wording.label("phases", phase), material.plain("money.total"), *amounts, origin])
    return table(material.plain("money.caption"), list(names.values()), rows, numeric=(2, 3), totals=totals)


def table_of_years(material: Material, years: pd.DataFrame) -> Html:
    """Return the cost of each phase by source of funds and year, and whether that is as budgeted or spread by days."""
    wording = material.wording
    rows = [
        [
            wording.label("phases", row.phase),
            wording.label("funds", row.fund),
            material.cell("year", row.year, "budget_years.year"),
            material.cell("number", row.euro, "budget_years.euro"),
            material.plain(f"money.marks.{'spread' if row.derived else 'computed'}"),
        ]
        for phase in _phases_of(material, years)
        for row in years[years["phase"] == phase].itertuples()
    ]
    names = list(material.headings("money.years_headings").values())
    return table(material.plain("money.years_caption"), names, rows, numeric=(3,))


def table_of_lines(material: Material, split: pd.DataFrame) -> Html:
    """Return the cost of each phase by line, source of funds and year."""
    wording = material.wording
    rows = [
        [
            row.line,
            wording.label("phases", row.phase),
            wording.label("funds", row.fund),
            material.cell("year", row.year, "budget_split.year"),
            material.cell("number", row.euro, "budget_split.euro"),
            material.plain(f"money.marks.{'spread' if row.derived else 'computed'}"),
        ]
        for row in split.itertuples()
    ]
    names = list(material.headings("money.lines_headings").values())
    return table(material.plain("money.lines_caption"), names, rows, numeric=(4,))


def table_of_pilots(material: Material, chosen: pd.DataFrame) -> Html:
    """Return what every chosen project asks for in money and staff, when it runs; a dash is what it does not say."""
    rows = [
        [
            row.title,
            material.cell("day", row.start, "chosen.start"),
            material.cell("day", row.end, "chosen.end"),
            material.cell("number", row.euro, "chosen.euro"),
            material.cell("number", row.staff_months, "chosen.staff_months", decimals=1),
        ]
        for row in chosen.sort_values(["start", "end", "proposal"]).itertuples()
    ]
    names = list(material.headings("money.pilots_headings").values())
    return table(material.plain("money.pilots_caption"), names, rows, numeric=(3, 4))


def table_of_months(material: Material, by_month: pd.DataFrame) -> Html:
    """Return what the chosen projects ask for together in each month, beside the budget; a dash is unknown."""
    rows = [
        [
            material.cell("month", row.month, "pilots_by_month.month"),
            *(
                material.cell("number", getattr(row, name), f"pilots_by_month.{name}")
                for name in ("pilots", "euro", "budget")
            ),
            material.cell("number", row.staff_months, "pilots_by_month.staff_months", decimals=2),
        ]
        for row in by_month.itertuples()
    ]
    names = list(material.headings("money.months_headings").values())
    return table(material.plain("money.months_caption"), names, rows, numeric=(1, 2, 3, 4))


def table_of_staff(material: Material, staff: pd.DataFrame) -> Html:
    """Return the staff of each phase."""
    wording, names = material.wording, material.headings("staff.headings")
    shown = ("fte", "persons", "person_months")
    rows = [
        [
            wording.label("phases", row.phase),
            material.cell("number", row.fte, "phase_staff.fte", decimals=2),
            material.cell("number", row.persons, "phase_staff.persons"),
            material.cell("number", row.person_months, "phase_staff.person_months", decimals=1),
            mark_row(material, {names[name]: f"resources.{row.phase}.{name}" for name in shown}),
        ]
        for row in staff.itertuples()
    ]
    return table(material.plain("staff.caption"), list(names.values()), rows, numeric=(1, 2, 3))


def table_of_load(material: Material, load: pd.DataFrame, phase: str) -> Html:
    """Return the staff at work and available in each month of a phase, and what is lacking; a dash is none."""
    wording, over = material.wording, set(find_overloads(load).index)
    rows = []
    for row in load[load["phase"] == phase].itertuples():
        excess = f"resources.{phase}.excess.{row.month:%Y-%m}"
        rows.append(
            [
                material.cell("month", row.month, "monthly_load.month"),
                material.cell("number", row.fte, "monthly_load.fte", decimals=2),
                material.cell("number", row.available, "monthly_load.available", decimals=2),
                wording.show("number", excess, decimals=2) if row.Index in over else NO_VALUE,
            ]
        )
    names = list(material.headings("staff.load_headings").values())
    caption = material.plain("staff.load_caption", phase=wording.label("phases", phase))
    return table(caption, names, rows, numeric=(1, 2, 3))


def _say_code(material: Material, figure: Figure) -> str:
    hedge = "" if figure.hedge == "exact" else f" ({material.wording.label('hedge', figure.hedge)})"
    return f"{figure.source}{hedge}"


def _phases_of(material: Material, figures: pd.DataFrame) -> list[str]:
    """Return the phases that a table has rows of, in the order of the call."""
    return [phase.id for phase in material.call.phases if (figures["phase"] == phase.id).any()]


def _pilots_cost(material: Material, funds: pd.DataFrame) -> Html:
    wording = material.wording
    pilots = funds[(funds["phase"] == "pilots") & (funds["euro"] > 0)].sort_values("share", ascending=False)
    periods = [phase.period for phase in material.call.phases if phase.id == "pilots"]
    years = [
        wording.html_of("{{ year(name) }}", name=f"call.phases.pilots.year.{year}")
        for period in periods
        for year in range(period.start.year, period.end.year + 1)
    ]
    most, *others = [str(fund) for fund in pilots["fund"]] if len(pilots) > 1 else [""]
    return material.say(
        "money.pilots",
        years=wording.join_markup(years),
        one_year=len(years) == 1,
        largest=wording.label("funds", most) if most else "",
        largest_share=f"resources.pilots.{most}.share",
        largest_euro=f"resources.pilots.{most}.euro",
        others=wording.join_markup(_amount_of_fund(material, fund) for fund in others),
    )


def _amount_of_fund(material: Material, fund: str) -> Markup:
    prefix = f"resources.pilots.{fund}"
    context = {"euro_id": f"{prefix}.euro", "share_id": f"{prefix}.share"}
    return material.wording.html("answer.money.fund", name=material.wording.label("funds", fund), **context)


def _costs_by_year(material: Material) -> Iterator[Block]:
    """Yield the cost by year of the phases that have more than one, and a table where there is such a phase."""
    years, wording = material.find("budget_years"), material.wording
    if years is None or years.groupby("phase")["year"].nunique().max() == 1:
        return
    for phase in _phases_of(material, years):
        of_phase = years[years["phase"] == phase]
        numbers = sorted(of_phase["year"].unique())
        if len(numbers) > 1:
            parts = [wording.html("answer.money.year", year_id=f"resources.{phase}.year.{year}") for year in numbers]
            derived, label = bool(of_phase["derived"].any()), wording.label("phases", phase)
            yield material.say("money.years", phase=label, parts=wording.join_markup(parts), derived=derived)
    yield table_of_years(material, years)


def _costs_by_line(material: Material) -> Iterator[Block]:
    lines, split = material.find("budget_lines", "line", "euro"), material.find("budget_split", "line", "euro")
    if lines is None or split is None:
        return
    for phase in _phases_of(material, lines):
        yield plots.budget_lines(lines, phase, material.wording)
    yield table_of_lines(material, split)


def _costs_of_pilots(material: Material) -> Iterator[Block]:
    chosen, by_month = material.find("chosen", "title", "euro", "staff_months"), material.find("pilots_by_month")
    if chosen is not None:
        yield table_of_pilots(material, chosen)
    if by_month is not None and by_month["euro"].any():
        yield plots.pilots_by_month(by_month, material.wording)
        yield table_of_months(material, by_month)


def _staff_of_phase(material: Material, phase: Phase) -> Html:
    prefix, wording = f"resources.{phase.id}", material.wording
    context: dict[str, Any] = {
        "phase": phase.label.in_language(wording.language),
        "start_id": f"call.phases.{phase.id}.start",
        "end_id": f"call.phases.{phase.id}.end",
        "fte_id": f"{prefix}.fte",
        "persons_id": f"{prefix}.persons",
        "months_id": f"{prefix}.person_months",
        "over_id": f"{prefix}.months_over",
        "peak_id": f"{prefix}.peak",
        "peak_month_id": f"{prefix}.peak_month",
    }
    text = wording.html("answer.staff.phase", **context)
    over = wording.values.get(f"{prefix}.months_over")
    if over is not None:
        key = "over" if over else "within"
        text += Markup(" ") + wording.html(f"answer.staff.{key}", **context, months=_overloads(material, prefix))
    return paragraphs(text)


def _overloads(material: Material, prefix: str) -> Markup:
    """Return the months in which a phase is over its capacity as a running list of months and runs of months."""
    parts, position = [], 1
    while f"{prefix}.over.{position}.first" in material.wording.values:
        ends = {f"{end}_id": f"{prefix}.over.{position}.{end}" for end in ("first", "last")}
        parts.append(material.wording.html("answer.staff.run", **ends))
        position += 1
    return material.wording.join_markup(parts)
