"""Two editions side by side: what changed in their numbers, released tables, names, text, figures and findings."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from io import StringIO
from pathlib import Path
from typing import Any, Literal, get_args

from analysis.documents import read_text
from analysis.faults import Fault, InputError
from analysis.publish.manifest import Manifest, Number, ReleasedTable, read_manifest
from analysis.publish.reading import Page, read_page

State = Literal["same", "changed", "gone", "new"]
Value = float | str | None

PAGE = "answer.html"
TEXT = "text"  # in the place of a unit: the values are words of the page
MOST_SHOWN = 20  # items of a list; more make a wall of text
LONGEST_SHOWN = 240  # letters of a passage
SAME_NUMBER = 1e-9  # relative; another processor adds up in another order
ALIKE = 0.5  # share of words in common from which two passages count as one that changed
# The columns of released tables that name someone or something; those of LISTED hold several ids in a cell.
NAMING = {
    "proposal": "proposals",
    "pilot": "proposals",
    "enters": "proposals",
    "leaves": "proposals",
    "title": "titles",
    "actor": "applicants",
    "municipality": "municipalities",
    "rater": "raters",
    "respondent": "respondents",
}
LISTED = ("enters", "leaves")
ROWS = "rows of tables"
VERDICT = "verdict"
INDICATORS = "indicators"


@dataclass(frozen=True)
class Change:
    """One thing that is the same, changed, gone or new: its name, what it was and what it is, and the unit if any."""

    name: str
    state: State
    was: Value = None
    now: Value = None
    unit: str = ""


@dataclass(frozen=True)
class Rendered:
    """An edition as it lies in its folder."""

    folder: Path
    manifest: Manifest
    page: Page

    @property
    def title(self) -> str:
        """Return call and edition in words."""
        return f"{self.manifest.call}, {self.manifest.edition.name}"

    @cached_property
    def data(self) -> dict[str, list[dict[str, str]]]:
        """Return the rows of every released table whose CSV lies in the folder."""
        paths = {name: self.folder / "data" / f"{name}.csv" for name in self.manifest.released}
        return {name: list(_read_rows(path)) for name, path in paths.items() if path.is_file()}


@dataclass(frozen=True)
class Comparison:
    """What changed from one edition to another. Only what differs is kept, but `numbers` holds all of them.

    `shown` are indicators that one page cites and the other does not; `columns` are `table.column` of tables that both
    release; `names` maps a kind (proposal, title, applicant, ...) to the names gone and new; `texts` and the wording of
    `figures` are empty where the languages differ (`comparable` is false).
    """

    before: str
    after: str
    comparable: bool
    numbers: tuple[Change, ...] = ()
    shown: tuple[Change, ...] = ()
    tables: tuple[Change, ...] = ()
    columns: tuple[Change, ...] = ()
    names: Mapping[str, tuple[Change, ...]] = field(default_factory=dict)
    findings: tuple[Change, ...] = ()
    texts: tuple[Change, ...] = ()
    figures: tuple[Change, ...] = ()
    files: tuple[Change, ...] = ()

    @property
    def parts(self) -> dict[str, list[Change]]:
        """Return what differs by part, in the order in which it is said."""
        return {
            "numbers": [change for change in self.numbers if change.state != "same"],
            "numbers shown": list(self.shown),
            "tables": list(self.tables),
            "columns": list(self.columns),
            **{f"names of {kind}" if kind != ROWS else kind: list(changes) for kind, changes in self.names.items()},
            "findings on published figures": list(self.findings),
            "figures": list(self.figures),
            "text": list(self.texts),
            "files": list(self.files),
        }

    @property
    def same(self) -> bool:
        """Return whether nothing differs."""
        return not any(self.parts.values())

    def as_json(self) -> dict[str, Any]:
        """Return all that was found, for a machine to read."""
        return {**asdict(self), "same": self.same}


def compare_editions(before: Path, after: Path) -> Comparison:
    """Compare the editions in two folders; raise InputError where one of them cannot be read."""
    was, now = read_edition(before), read_edition(after)
    comparable = was.manifest.edition.language == now.manifest.edition.language
    kept = [change for change in compare_tables(was.manifest.released, now.manifest.released) if change.state != "same"]
    return Comparison(
        was.title,
        now.title,
        comparable,
        numbers=tuple(compare_numbers(was.manifest.numbers, now.manifest.numbers)),
        shown=tuple(_compare_sets(_cited(was.page), _cited(now.page))),
        tables=tuple(kept),
        columns=tuple(_compare_columns(was.manifest.released, now.manifest.released)),
        names=_compare_names(was, now, comparable),
        findings=tuple(_compare_findings(was, now)),
        texts=tuple(compare_texts(was.page.passages, now.page.passages)) if comparable else (),
        figures=tuple(_compare_figures(was.page.figures, now.page.figures, comparable)),
        files=tuple(_compare_sets(was.manifest.outputs, now.manifest.outputs)),
    )


def read_edition(folder: Path) -> Rendered:
    """Read manifest and page of an edition's folder; raise InputError where one of them is missing or broken."""
    return Rendered(folder, read_manifest(folder), read_page(read_text(folder / PAGE)))


# Numbers.


def compare_numbers(was: Mapping[str, Number], now: Mapping[str, Number]) -> Iterator[Change]:
    """Yield every number of either side, in the order of the first: same, changed, gone or new."""
    for name, old in was.items():
        new = now.get(name)
        if new is None:
            yield Change(name, "gone", old.shown, None, old.unit)
        else:
            same = old.unit == new.unit and agree(old.shown, new.shown)
            yield Change(name, "same" if same else "changed", old.shown, new.shown, new.unit)
    for name, new in now.items():
        if name not in was:
            yield Change(name, "new", None, new.shown, new.unit)


def agree(first: Value, second: Value) -> bool:
    """Return whether two values are the same, but for what the order of additions may do to the last digits."""
    if isinstance(first, float | int) and isinstance(second, float | int):
        return math.isclose(first, second, rel_tol=SAME_NUMBER, abs_tol=SAME_NUMBER**2)
    return first == second


# What was released.


def compare_tables(was: Mapping[str, ReleasedTable], now: Mapping[str, ReleasedTable]) -> Iterator[Change]:
    """Yield every released table of either side; the values are its rows. A table changes where its content does.

    The content of `indicators` is told number by number: beside these it holds hashes of the files of processed tables.
    """
    for name, old in was.items():
        new = now.get(name)
        if new is None:
            yield Change(name, "gone", old.rows, None, "rows")
        else:
            same = old.sha256 == new.sha256 or (name == INDICATORS and old.columns == new.columns)
            yield Change(name, "same" if same else "changed", old.rows, new.rows, "rows")
    for name, new in now.items():
        if name not in was:
            yield Change(name, "new", None, new.rows, "rows")


def _compare_columns(was: Mapping[str, ReleasedTable], now: Mapping[str, ReleasedTable]) -> Iterator[Change]:
    for name in was:
        if name in now:
            old, new = ([f"{name}.{column}" for column in side[name].columns] for side in (was, now))
            yield from _compare_sets(old, new)


def _compare_sets(was: Iterable[str], now: Iterable[str]) -> Iterator[Change]:
    """Yield what only one side has, each once, in its order."""
    old, new = dict.fromkeys(was), dict.fromkeys(now)
    yield from (Change(name, "gone") for name in old if name not in new)
    yield from (Change(name, "new") for name in new if name not in old)


def _cited(page: Page) -> list[str]:
    return [number.key for number in page.written if number.is_indicator]


# Names.


def _compare_names(was: Rendered, now: Rendered, comparable: bool) -> dict[str, tuple[Change, ...]]:
    """Return by kind the names that one edition shows and the other does not; a proposal is told with its title.

    They are those of the released tables, or of the pages where one of the editions comes without its data.
    """
    in_data = bool(was.data and now.data)
    old, new = _names(was, in_data, comparable), _names(now, in_data, comparable)
    found = {kind: list(_compare_sets(old.get(kind, ()), new.get(kind, ()))) for kind in dict.fromkeys([*old, *new])}
    titles = _titles(was) | _titles(now)
    told = {titles[change.name] for change in found.get("proposals", []) if change.name in titles}
    found["proposals"] = [_with_title(change, titles) for change in found.get("proposals", [])]
    found["titles"] = [change for change in found.get("titles", []) if change.name not in told]
    return {kind: tuple(changes) for kind, changes in found.items() if changes}


def _with_title(change: Change, titles: Mapping[str, str]) -> Change:
    title = titles.get(change.name)
    return Change(f"{change.name} ({title})", change.state) if title else change


def _names(edition: Rendered, in_data: bool, comparable: bool) -> dict[str, dict[str, None]]:
    """Return the names that an edition shows by kind, each once."""
    found: dict[str, dict[str, None]] = {}
    for column, texts in _columns_of_data(edition) if in_data else _columns_of_page(edition.page, comparable):
        names = (name for text in texts for name in (text.split() if column in LISTED else [text]))
        found.setdefault(NAMING.get(column, ROWS), {}).update(dict.fromkeys(filter(None, names)))
    return found


def _columns_of_data(edition: Rendered) -> Iterator[tuple[str, Iterable[str]]]:
    for rows in edition.data.values():
        for column in rows[0] if rows else ():
            if column in NAMING:
                yield column, [row[column] for row in rows]


def _columns_of_page(page: Page, comparable: bool) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield the marked columns that name something, and the headings of rows, which are words of one language."""
    columns = ((key.partition(".")[2], texts) for key, texts in page.columns.items())
    yield from ((column, texts) for column, texts in columns if column in NAMING)
    yield "", page.row_headings if comparable else ()


def _titles(edition: Rendered) -> dict[str, str]:
    rows = (row for table in edition.data.values() for row in table if row.get("proposal") and row.get("title"))
    return {row["proposal"]: row["title"] for row in rows}


def _read_rows(path: Path) -> Iterator[dict[str, str]]:
    """Yield the rows of a CSV file; cells that a row lacks are empty, and further ones are dropped."""
    try:
        for row in csv.DictReader(StringIO(read_text(path), newline=""), restval="", restkey=""):
            yield {name: text for name, text in row.items() if name}
    except csv.Error as error:
        raise InputError([Fault(str(path), f"no CSV ({error})", "a table as `oproep run` writes it")]) from None


def _compare_findings(was: Rendered, now: Rendered) -> Iterator[Change]:
    """Yield the published figures and sums whose verdict changed, by the first column of their tables."""
    old, new = _verdicts(was), _verdicts(now)
    yield from (Change(name, "gone", verdict) for name, verdict in old.items() if name not in new)
    yield from (Change(name, "new", None, verdict) for name, verdict in new.items() if name not in old)
    yield from (Change(name, "changed", old[name], new[name]) for name in old if name in new and old[name] != new[name])


def _verdicts(edition: Rendered) -> dict[str, str]:
    rows = [(name, row) for name, table in edition.data.items() for row in table if VERDICT in row]
    return {f"{name}, {next(iter(row.values()))}": row[VERDICT] for name, row in rows}


# Words.


def compare_texts(was: Sequence[str], now: Sequence[str]) -> Iterator[Change]:
    """Yield the passages that are gone, new or changed; of a changed one only the sentences that differ.

    A passage has changed where at least half of its words (see ALIKE) recur in one of the other side. Where all
    passages are the same in another order, that is one change.
    """
    gone, new = list((Counter(was) - Counter(now)).elements()), list((Counter(now) - Counter(was)).elements())
    for old in gone:
        match = max(new, key=lambda text: _likeness(old, text), default=None)
        if match is None or _likeness(old, match) < ALIKE:
            yield Change("passage", "gone", old, None, TEXT)
        else:
            new.remove(match)
            yield Change("passage", "changed", *_differing_sentences(old, match), TEXT)
    yield from (Change("passage", "new", None, text, TEXT) for text in new)
    if Counter(was) == Counter(now) and list(was) != list(now):
        yield Change("order of the passages", "changed")


def _likeness(first: str, second: str) -> float:
    """Return the share of words that two passages have in common (Jaccard)."""
    words, others = set(first.split()), set(second.split())
    return len(words & others) / len(words | others)


def _differing_sentences(was: str, now: str) -> tuple[str, str]:
    old, new = ([part for part in re.split(r"(?<=[.!?])\s+", text) if part] for text in (was, now))
    gone, come = [part for part in old if part not in new], [part for part in new if part not in old]
    return (" ".join(gone), " ".join(come)) if gone or come else (was, now)


def _compare_figures(was: Mapping[str, str], now: Mapping[str, str], comparable: bool) -> Iterator[Change]:
    yield from _compare_sets(was, now)
    if comparable:
        both = [name for name in was if name in now and was[name] != now[name]]
        yield from (Change(name, "changed", was[name], now[name], TEXT) for name in both)


# Saying.


def say_comparison(comparison: Comparison, every: bool = False) -> Iterator[str]:
    """Yield the lines that tell a comparison: counts first, then of each part at most twenty items, or every one."""
    yield f"From {comparison.before} to {comparison.after}:"
    yield "  nothing differs" if comparison.same else "  the editions differ"
    yield f"  numbers: {count_states(comparison.numbers)}"
    for part, changes in comparison.parts.items():
        if changes and part != "numbers":
            yield f"  {part}: {count_states(changes)}"
    if not comparison.comparable:
        yield "  text: not compared, for the languages differ"
    for part, changes in comparison.parts.items():
        yield from say_items(part, [say_change(change) for change in changes], every)


def count_states(changes: Iterable[Change], **words: str) -> str:
    """Return how many are the same, changed, gone and new, in these or other words; a state without any is not said."""
    counts = Counter(change.state for change in changes)
    told = {"same": "the same", "changed": "changed", "gone": "gone", "new": "new"} | words
    return ", ".join(f"{counts[state]} {told[state]}" for state in get_args(State) if counts[state]) or "none"


def say_items(heading: str, items: Sequence[str], every: bool) -> Iterator[str]:
    """Yield a heading and its items, cut short after the first twenty unless every one is asked for."""
    if not items:
        return
    kept = items if every else items[:MOST_SHOWN]
    yield f"\n{heading[:1].upper()}{heading[1:]}"
    yield from (f"- {printable(item)}" for item in kept)
    if len(kept) < len(items):
        yield f"- and {len(items) - len(kept)} more (--all shows them)"


def say_change(change: Change, gone: str = "gone") -> str:
    """Return a change in one sentence, with its values in their unit."""
    was, now = _say_values(change.was, change.now, change.unit)
    if change.state == "same":
        return f"{change.name}: {now}" if now else change.name
    if change.state == "gone":
        return f"{change.name}: {gone}" + (f", was {was}" if was else "")
    if change.state == "new":
        return f"{change.name}: new" + (f", {now}" if now else "")
    if was == now:
        return f"{change.name}: changed" + (f", {now} as before" if now else "")
    return f"{change.name}: was {was or 'nothing'}, is now {now or 'nothing'}"


def _say_values(was: Value, now: Value, unit: str) -> tuple[str, str]:
    """Return two values with as many decimals as show their difference, at least two."""
    for decimals in (2, 4, 8, 16):
        shown = say_value(was, unit, decimals), say_value(now, unit, decimals)
        if shown[0] != shown[1]:
            break
    return shown


def say_value(value: Value, unit: str, decimals: int = 2) -> str:
    """Return a value in its unit for reading: 1,234.5 points, 12.3%, 2016-09-09; nothing where there is none."""
    if value is None:
        return ""
    if isinstance(value, str):
        shown = value if len(value) <= LONGEST_SHOWN else f"{value[:LONGEST_SHOWN]}…"
        return f"“{shown}”" if unit == TEXT else shown
    if unit == "share":
        return f"{_digits(100 * value, decimals)}%"
    word = "" if unit == "count" else unit.replace("_", "-")
    return f"{_digits(value, decimals)} {word.removesuffix('s') if value == 1 else word}".strip()


def _digits(value: float, decimals: int) -> str:
    shown = f"{value:,.{decimals}f}"
    return shown.rstrip("0").rstrip(".") if decimals else shown


def printable(text: str) -> str:
    """Return a text with its control and direction characters spelt out, so that a terminal only shows it."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
