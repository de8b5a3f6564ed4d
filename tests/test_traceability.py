"""Every number of the answer is traceable: to an indicator, a cell of a released table, or the words of the call."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import date
from importlib import import_module
from itertools import combinations
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bs4 import BeautifulSoup
from bs4.element import NavigableString, Tag
from number_reading import find_numbers, read_number
from running import compose_edition, run_steps

from analysis.answer import Answer
from analysis.call import Call
from analysis.declarations import GROUPED_BY, MERGED
from analysis.documents import Checked
from analysis.figures import Figure
from analysis.indicators import values
from analysis.provenance import MAKERS
from analysis.store import Store
from analysis.tables import feedback
from analysis.wording import read_texts

SMALL, REFERENCE = "green-streets-2024", "digitale-innovatie-2016"
EDITIONS = [
    (call, day, audience, language)
    for call, day, audience in (
        (SMALL, "2024-03-20", "public"),
        (SMALL, "2024-04-01", "internal"),
        (REFERENCE, "2016-07-15", "public"),
        (REFERENCE, "2016-09-09", "internal"),
    )
    for language in ("nl", "en")
]
NUMBERING = re.compile(r"^(Vraag|Question|Bijlage|Annex) \d+: ")
MOST_GROUPS = 12  # in a column by which the rows of a table are taken apart
JOINED = ("constraints", "enters", "leaves", "lacking", "unknown")  # columns that hold several ids, by a space


@dataclass(frozen=True)
class Page:
    """An answer as it is shown: its fragments of HTML and its figures, and what it was made from."""

    answer: Answer
    fragments: list[BeautifulSoup]
    figures: list[Figure]
    derived: dict[tuple[str, ...], list[float | date]] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)

    @property
    def language(self) -> Any:
        return self.answer.material.wording.language

    @property
    def tables(self) -> dict[str, pd.DataFrame]:
        return dict(self.answer.material.tables)

    @property
    def own_words(self) -> list[str]:
        if not self.words:
            self.words.extend(_own_words(self))
        return self.words

    def derivable(self, tables: tuple[str, ...]) -> list[float | date]:
        """Return the values of the indicators, and those that follow from these tables."""
        if tables not in self.derived:
            indicators, call = values(self.tables["indicators"]).values(), self.answer.material.call
            self.derived[tables] = list(
                {*indicators, *(v for name in tables for v in _derive(self.tables[name], call))}
            )
        return self.derived[tables]

    def select(self, selector: str) -> Iterator[Tag]:
        for fragment in self.fragments:
            yield from fragment.select(selector)


def show(answer: Answer) -> Page:
    blocks = [*answer.head(), *answer.question(), *answer.answers(), *answer.annexes()]
    markup = [str(block.markup) for block in blocks if not isinstance(block, Figure)]
    figures = [block for block in blocks if isinstance(block, Figure)]
    return Page(answer, [BeautifulSoup(one, "html.parser") for one in markup], figures)


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory, make_project: Callable[[Path], Path]) -> dict[str, Store]:
    root = make_project(tmp_path_factory.mktemp("traceability"))
    return {call: run_steps(root, call) for call in (SMALL, REFERENCE)}


@pytest.fixture(scope="module")
def page_of(stores: dict[str, Store]) -> Callable[..., Page]:
    pages: dict[tuple[str, ...], Page] = {}

    def find(call: str, *edition: str) -> Page:
        if (call, *edition) not in pages:
            pages[call, *edition] = show(compose_edition(stores[call], *edition))
        return pages[call, *edition]

    return find


def each_edition(test: Any) -> Any:
    return pytest.mark.parametrize("edition", EDITIONS, ids=["-".join(edition) for edition in EDITIONS])(test)


# Numbers that are marked.


def mark_faults(page: Page) -> list[str]:
    """Return every marked number that is not the value of its indicator, or not in its column, as it is shown."""
    known = values(page.tables["indicators"])
    return [fault for data in page.select("data") for fault in _faults_of(data, known, page)]


def _faults_of(data: Tag, known: dict[str, float | date], page: Page) -> Iterator[str]:
    name, machine = data.get("data-indicator"), str(data["value"])
    origin = str(name or data["data-column"])
    held = [known[origin]] if name and origin in known else [] if name else _cells(page, origin)
    matching = [value for value in held if _for_machines(value) == machine]
    if not matching:
        yield f"{origin}: {machine} is not its value"
        return
    try:
        if not read_number(data.get_text(), page.language).stands_for(matching[0]):
            yield f"{origin}: {data.get_text()!r} does not say {machine}"
    except (ValueError, IndexError):
        yield f"{origin}: {data.get_text()!r} is no number"


def _cells(page: Page, origin: str) -> list[float | date]:
    table, _, column = origin.partition(".")
    cells = page.tables.get(table, pd.DataFrame()).get(column, pd.Series(dtype=float)).dropna()
    return [cell.date() if isinstance(cell, pd.Timestamp) else float(cell) for cell in cells]


def _for_machines(value: float | date) -> str:
    return value.isoformat() if isinstance(value, date) else f"{value:.12g}"


@each_edition
def test_a_marked_number_is_the_value_of_its_indicator_or_stands_in_its_column(edition: Any, page_of: Any) -> None:
    page = page_of(*edition)
    assert len(list(page.select("data"))) > 60
    assert mark_faults(page) == []


@each_edition
def test_every_indicator_but_the_day_of_the_edition_is_a_released_one(edition: Any, page_of: Any, stores: Any) -> None:
    page = page_of(*edition)
    released = stores[edition[0]].read_table("indicators", page.answer.material.edition.name)
    shown = values(page.tables["indicators"])
    assert {name: value for name, value in shown.items() if name != "edition.as_of"} == values(released)


# All other words.


def word_faults(page: Page) -> list[str]:
    """Return every number that stands outside a mark, and in nothing that the call itself says."""
    texts = [text for fragment in page.fragments for text in fragment.find_all(string=True) if _is_prose(text)]
    return [
        f"{found!r} in {text.strip()!r}"
        for text in texts
        for found in _strange_numbers(str(text), page.own_words, page)
    ]


def _is_prose(text: NavigableString) -> bool:
    return not text.find_parent(["data", "code"]) and not text.find_parent(_is_value_in_annex)


def _is_value_in_annex(tag: Tag) -> bool:
    """Return whether a cell is the one with the value of an indicator in the annex, which `annex_faults` checks."""
    row = tag.find_parent("tr") if tag.name == "td" else None
    return row is not None and str(row.get("id", "")).startswith("origin-") and tag.get("class") == ["num"]


def _strange_numbers(text: str, own: Iterable[str], page: Page) -> list[str]:
    rest = NUMBERING.sub("", text)
    for words in own:
        rest = re.sub(rf"(?<!\w){re.escape(words)}(?!\w)", " ", rest)
    return find_numbers(rest, page.language)


def _own_words(page: Page) -> list[str]:
    """Return what the call, its tables and their contracts say in words in which there is a number, the longest first."""
    material, ledger = page.answer.material, page.answer.ledger
    said = {*_texts_in(material.call), *_texts_in(page.answer.sources), *_texts_in(material.published)}
    said |= {str(statement) for statement in _rendered(page)}
    for name, table in page.tables.items():
        for column in table.select_dtypes(["object", "str", "string", "category"]):
            cells = {str(cell) for cell in table[column].dropna().unique()}
            said |= cells | ({one for cell in cells for one in cell.split()} if column in JOINED else set())
        said |= {column.description for column in ledger.contracts[name].columns.values()}
    said |= set(_leaves(read_texts(page.language).get("dictionary", {})))
    # Labels in a running text begin without a capital.
    said |= {words.lower() for words in said}
    with_numbers = (words for words in said if re.search(r"[^\W\d_]", words) and find_numbers(words, page.language))
    return sorted(with_numbers, key=len, reverse=True)


def _rendered(page: Page) -> Iterator[str]:
    """Yield the pieces of the call's own texts between their numbers, with all references filled in."""
    material = page.answer.material
    texts = [material.call.letter.introduction, *(statement.text for statement in material.call.statements)]
    for text in texts:
        markup = BeautifulSoup(material.wording.html_of(text.in_language(page.language)), "html.parser")
        yield from (str(piece).strip() for piece in markup.find_all(string=True) if not piece.find_parent("data"))


def _texts_in(found: Any) -> Iterator[str]:
    if isinstance(found, str):
        yield found
    elif isinstance(found, Checked):
        for name in type(found).model_fields:
            yield from _texts_in(getattr(found, name))
    elif isinstance(found, dict | list | tuple):
        for one in found.values() if isinstance(found, dict) else found:
            yield from _texts_in(one)


def _leaves(found: Any) -> Iterator[str]:
    if isinstance(found, dict):
        for one in found.values():
            yield from _leaves(one)
    else:
        yield str(found)


@each_edition
def test_no_number_stands_in_the_words_between(edition: Any, page_of: Any) -> None:
    assert word_faults(page_of(*edition)) == []


# Figures.


def figure_faults(page: Page) -> list[str]:
    """Return every number in an alternative text or caption that does not follow from the tables of its figure."""
    return [
        f"{figure.id}: {found!r} in {text!r}"
        for figure in page.figures
        for text in (figure.alt, figure.caption)
        for found in _strange_numbers(text, page.own_words, page)
        if not any(read_number(found, page.language).stands_for(value) for value in page.derivable(figure.tables))
    ]


def _derive(table: pd.DataFrame, call: Call) -> Iterator[float | date]:
    """Yield the values that a figure may state of a table that it was drawn from.

    Those are the cells, how many rows there are in all and of each group, the sums, shares, means, medians and extremes
    of a column in all and of each group, and how many rows lie at an extreme or on one side of zero; and how many
    combinations there are of the groups that the call declares for two columns, and how many of them no row is about.
    """
    grouping = [column for column in table if 1 < table[column].nunique() <= MOST_GROUPS]
    for rows in (table, *(rows for column in grouping for _, rows in table.groupby(column, observed=True))):
        yield float(len(rows))
        for column in table:
            yield from _of_column(rows[column])
    declared = {column: len(call.ids(GROUPED_BY[column])) for column in grouping if column in GROUPED_BY}
    for one, other in combinations(declared, 2):
        stated = (table[[one, other]] != MERGED).all(axis=1).sum()
        yield from (float(declared[one] * declared[other]), float(declared[one] * declared[other] - stated))
    for column in table:
        yield float(table[column].nunique())
        for other in table.select_dtypes("number"):
            yield from _of_column(table.groupby(column, observed=True)[other].sum())


def _of_column(cells: pd.Series) -> Iterator[float | date]:
    known = cells.dropna()
    yield float(len(cells) - len(known))
    if pd.api.types.is_datetime64_any_dtype(known):
        yield from (cell.date() for cell in known)
    elif pd.api.types.is_numeric_dtype(known) and len(known):
        numbers = known.astype(float)
        yield from numbers
        yield from numbers.abs()
        yield from numbers / (numbers.sum() or 1)
        yield from (numbers.sum(), numbers.mean(), numbers.median())
        for side in (numbers > 0, numbers < 0, numbers == 0, numbers == numbers.max(), numbers == numbers.min()):
            yield float(side.sum())
            yield float(side.mean())


@each_edition
def test_every_number_about_a_figure_follows_from_the_tables_that_it_was_drawn_from(edition: Any, page_of: Any) -> None:
    page = page_of(*edition)
    assert len(page.figures) > 5
    assert all(set(figure.tables) <= set(page.tables) and figure.tables for figure in page.figures)
    assert figure_faults(page) == []


# The annex.


def annex_faults(page: Page) -> list[str]:
    """Return what is cited without a row in the annex or has a row without being cited, and every wrong value there."""
    cited = {str(data.get("data-indicator") or data["data-column"]) for data in page.select("data")}
    rows = [str(row["id"]).removeprefix("origin-") for row in page.select('tr[id^="origin-"]')]
    faults = [f"{name}: no row" for name in cited - set(rows)] + [f"{name}: not cited" for name in set(rows) - cited]
    faults += [f"{name}: twice" for name in set(rows) if rows.count(name) > 1]
    known = values(page.tables["indicators"])
    for row in page.select('tr[id^="origin-"]'):
        name, cell = str(row["id"]).removeprefix("origin-"), row.select_one("td.num")
        if cell and not read_number(cell.get_text(), page.language).stands_for(known.get(name, float("nan"))):
            faults.append(f"{name}: the annex says {cell.get_text()!r}")
        if row.find_all("td")[-1].get("class") != ["shown-in"]:
            faults.append(f"{name}: no cell for where it is shown")
    return faults


@each_edition
def test_the_annex_lists_what_is_cited_and_nothing_else(edition: Any, page_of: Any) -> None:
    assert annex_faults(page_of(*edition)) == []


@each_edition
def test_every_number_can_be_reached_from_a_link_around_it_or_in_its_table(edition: Any, page_of: Any) -> None:
    page = page_of(*edition)
    for data in page.select("data"):
        origin = f"#origin-{data.get('data-indicator') or data['data-column']}"
        table = data.find_parent("table")
        links = table.select("a.origin") if table else [data.find_parent("a")]
        assert origin in [str(link["href"]) for link in links if link], origin


@each_edition
def test_every_figure_is_listed_with_a_link_to_it_and_the_tables_that_it_was_drawn_from(
    edition: Any, page_of: Any
) -> None:
    page = page_of(*edition)
    rows = {str(link["href"]): link.find_parent("tr") for link in page.select('th[scope="row"] > a')}
    for figure in page.figures:
        said = rows[f"#{figure.id}"].td.get_text()
        assert set(figure.tables) == set(said.split()), figure.id


def test_the_function_that_is_named_for_a_table_is_there() -> None:
    for maker in MAKERS.values():
        module, _, function = maker.function.partition(".")
        assert callable(getattr(import_module(f"analysis.{module}"), function)), maker


def test_a_table_is_said_to_be_made_from_tables_that_its_step_reads_or_makes(stores: dict[str, Store]) -> None:
    made = {name: step for step in stores[SMALL].pipeline.steps for name in step.makes}
    assert set(MAKERS) - set(made) <= {contract.name for contract in feedback.contracts(stores[SMALL].call)}
    for name, maker in MAKERS.items():
        known = {*made[name].needs, *made[name].makes} if name in made else {*made, *MAKERS}  # others are of one sheet
        assert set(maker.tables) <= known - {name}, name


def test_every_table_whose_columns_or_rows_are_shown_has_a_function_named(page_of: Any) -> None:
    pages = [page_of(*edition) for edition in EDITIONS]
    columns = {str(data["data-column"]).split(".")[0] for page in pages for data in page.select("data[data-column]")}
    drawn = {table for page in pages for figure in page.figures for table in figure.tables}
    assert (columns | drawn) - set(MAKERS) == set()


# Each of these checks can fail.


def rewrite(page: Page, selector: str, change: Callable[[Tag], None]) -> Page:
    """Return the page with the first tag that a selector finds changed."""
    fragments = [copy(fragment) for fragment in page.fragments]
    change(next(tag for fragment in fragments for tag in fragment.select(selector)))
    return replace(page, fragments=fragments)


def add(words: str) -> Callable[[Tag], None]:
    return lambda tag: tag.append(words)


def put(name: str, value: str) -> Callable[[Tag], None]:
    return lambda tag: tag.attrs.update({name: value})


def say(words: str) -> Callable[[Tag], None]:
    def change(tag: Tag) -> None:
        tag.string = words

    return change


BROKEN = {
    "a value that is not the indicator's": (mark_faults, "data[data-indicator]", put("value", "7.25")),
    "an indicator that is not there": (mark_faults, "data[data-indicator]", put("data-indicator", "no.such")),
    "a shown number that is not the value": (mark_faults, 'data[data-indicator="scoring.proposals"]', say("98")),
    "a shown number in words that is not the value": (mark_faults, "data[data-indicator]", say("negentien")),
    "a mark around words": (mark_faults, "data[data-indicator]", say("veel")),
    "another day than the indicator's": (mark_faults, 'data[data-indicator="edition.as_of"]', say("8 september 2016")),
    "a value that is in no row of its column": (mark_faults, "data[data-column]", put("value", "123456789")),
    "a column that is not there": (mark_faults, "data[data-column]", put("data-column", "totals.none")),
    "a table that was not released": (mark_faults, "data[data-column]", put("data-column", "scores.score")),
    "a typed number": (word_faults, "p", add(" Er zijn 42 ideeën.")),
    "a typed number in words": (word_faults, "p", add(" Er zijn twaalf ideeën.")),
    "a typed one": (word_faults, "li", add(" Eén project.")),
    "a typed year": (word_faults, "td", add(" in 2016")),
    "a typed code of a municipality": (word_faults, "td", add(" 44021")),
    "a typed day": (word_faults, "caption", add(" op 9 september 2016")),
    "a typed percentage": (word_faults, "dd", add(" (95%)")),
    "a number that lost its mark": (word_faults, "p a.origin", lambda tag: tag.replace_with(tag.get_text())),
    "a row of the annex that is not there": (annex_faults, 'tr[id^="origin-"]', lambda tag: tag.decompose()),
    "a row of the annex that nothing cites": (annex_faults, 'tr[id^="origin-"]', put("id", "origin-no.such")),
    "a wrong value in the annex": (annex_faults, "tr#origin-scoring\\.proposals td.num", say("98")),
    "a row of the annex without a place for links": (annex_faults, "td.shown-in", lambda tag: tag.decompose()),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_each_check_finds(fault: str, page_of: Any) -> None:
    check, selector, change = BROKEN[fault]
    page = page_of(SMALL, "2024-04-01", "internal", "nl")
    assert len(check(rewrite(page, selector, change))) > 0


@pytest.mark.parametrize(
    "words", ["De som is 123.456.", "In juli 2031 was het 4,321%.", "Op 3 mei 1999.", "Dat is 98.765,4321 punten."]
)
@pytest.mark.parametrize("text", ["alt", "caption"])
def test_the_check_of_figures_finds_a_number_of_nowhere(text: str, words: str, page_of: Any) -> None:
    page = page_of(SMALL, "2024-04-01", "internal", "nl")
    for figure in page.figures:
        changed = replace(figure, **{text: f"{getattr(figure, text)} {words}"})
        assert len(figure_faults(replace(page, figures=[changed]))) > 0, figure.id
