"""A bare table of scores, without a call around it: one CSV file, read whole, with every fault said at once."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeVar
from unicodedata import normalize

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv as arrow_csv

from analysis.declarations import Scale
from analysis.faults import Fault, InputError, refuse
from analysis.tables.cells import TOTAL

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Found = TypeVar("Found")

WITHIN = "\x1f"  # parts a rater from its panel, where one rater sits in several; no id holds it
DELIMITERS = (",", ";", "\t")
BLOCK = 1 << 24  # bytes that are read at once; no row can be longer
LARGEST = 1e6  # totals are rounded to nine decimals: a floating-point number beyond it has no more to give
SHORTEST = 1e-6  # a shorter scale would vanish in that rounding
LONGEST_SHOWN = 60
MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:[.,][0-9]*)?|[.,][0-9]+)(?:[eE][+-]?[0-9]+)?")
SCALE = re.compile(rf"\s*({NUMBER.pattern})\s*:\s*({NUMBER.pattern})\s*")
FORMULA = re.compile(r"[\t\r]|\s*[=+@-]")  # what a spreadsheet computes when it opens a file with such a cell
UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # controls, and turned text
BLANK = re.compile("[\\s\u00ad\u200b-\u200d\u2060\ufeff]+")


@dataclass(frozen=True)
class Columns:
    """The headings of the columns to read; what is None is not in the file."""

    proposal: str
    rater: str
    score: str
    criterion: str | None = None
    panel: str | None = None

    @property
    def named(self) -> dict[str, str]:
        """Return the heading of every column to read, by what it holds."""
        return {part: normalize("NFC", name).strip() for part, name in vars(self).items() if name is not None}


@dataclass(frozen=True)
class ScoreFile:
    """The scores of a file.

    `scores` has a row per score that was given, with columns proposal, rater, criterion (categories in the order of
    ids), score and, where the file has panels, panel. A rater who sits in several panels is several raters: WITHIN and
    the panel follow in the id. Without criteria, `criterion` holds the heading of the scores. `scale` is the stated
    one or, where `stated` is false, the range of the scores. `empty` counts the empty cells among the scores, and
    `silent` names the raters without any score.
    """

    path: Path
    scores: pd.DataFrame
    scale: Scale
    stated: bool
    empty: int
    silent: tuple[str, ...]


@dataclass(frozen=True)
class _Cells:
    """The cells of a column as positions in its distinct texts; `rows` are their rows in the file, headings being 1."""

    place: str
    heading: str
    texts: tuple[str, ...]
    codes: Integers
    rows: Integers

    @cached_property
    def ids(self) -> list[str]:
        """Return the distinct texts without the spaces around them."""
        return [text.strip() for text in self.texts]

    @cached_property
    def filled(self) -> Flags:
        """Return which cells hold something."""
        return np.array([bool(text) for text in self.ids], dtype=bool)[self.codes]

    def keep(self, kept: Flags) -> _Cells:
        """Return the cells of these rows only."""
        return _Cells(self.place, self.heading, self.texts, self.codes[kept], self.rows[kept])

    def first_rows(self) -> Integers:
        """Return the row in which each distinct text comes first; 0 where it does not come."""
        first = np.zeros(len(self.texts), np.int64)
        first[self.codes[::-1]] = self.rows[::-1]
        return first

    def faults(self, reasons: Mapping[int, str]) -> Iterator[Fault]:
        """Yield a fault per distinct text (a position) with what was expected, in the order of the rows."""
        first, times = self.first_rows(), np.bincount(self.codes, minlength=len(self.texts))
        for code in sorted((code for code in reasons if times[code]), key=lambda code: int(first[code])):
            others = f" (and in {_count(times[code] - 1, 'other row')})" if times[code] > 1 else ""
            place = f"{self.place}, row {first[code]}, column {self.heading}"
            yield Fault(place, _shown(self.texts[code]) + others, reasons[code])


def read_scores(path: Path, columns: Columns, scale: str | None = None, line: int | None = None) -> ScoreFile:
    """Read a file of scores: comma, semicolon or tab between the cells; UTF-8, or UTF-16 with its byte order mark.

    `scale` is the text LOW:HIGH, the lowest and the highest score possible; `line` a number of places, which the file
    must have proposals for. Raises InputError with all faults of the options and of the file together.
    """
    faults: list[Fault] = [*_repeated(columns)]
    stated = _attempt(lambda: _parse_scale(scale), faults) if scale is not None else None
    cells = _attempt(lambda: _read_cells(path, columns, faults), faults) or {}
    refuse(faults if not cells else ())
    some = np.logical_or.reduce([one.filled for one in cells.values()])
    refuse([] if some.any() else [*faults, _headings_only(path)])
    cells = {part: one.keep(some) for part, one in cells.items()}
    faults += _cell_faults(str(path), cells, stated, scale is not None)
    proposals = len(set(cells["proposal"].codes[cells["proposal"].filled].tolist()))
    if line is not None and line > max(proposals, 1):
        faults.append(Fault("--line", _count(line, "place"), f"at most as many as there are proposals ({proposals})"))
    refuse(faults)
    return _build(path, cells, stated)


def _attempt(action: Callable[[], Found], faults: list[Fault]) -> Found | None:
    try:
        return action()
    except InputError as error:
        faults.extend(error.faults)
        return None


def _repeated(columns: Columns) -> Iterator[Fault]:
    """Yield a fault for every column that is asked for twice."""
    asked: dict[str, str] = {}
    for part, name in columns.named.items():
        if name in asked:
            yield Fault(f"--{part}", f"the column {name!r}, which --{asked[name]} names too", "a column of its own")
        asked.setdefault(name, part)


def _parse_scale(text: str) -> Scale:
    """Return the scale that LOW:HIGH says."""
    found = SCALE.fullmatch(text)
    low, high = (_number(part) for part in found.groups()) if found else (0.0, 0.0)
    if not found or max(-low, high) > LARGEST or high - low < SHORTEST:
        expected = f"LOW:HIGH, two numbers of at most {LARGEST:,.0f} with the lower one first, such as 1:6"
        raise InputError([Fault("--scale", _shown(text), expected)])
    return Scale(low=low, high=high)


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _shown(text: str) -> str:
    return repr(text if len(text) <= LONGEST_SHOWN else text[:LONGEST_SHOWN] + "…") if text.strip() else "nothing"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


# The file as text.


@dataclass
class _Text:
    """What a pass over the bytes of a file tells: its encoding, lines and quotation marks."""

    encoding: str
    lines: int = 0
    quotes: int = 0
    ended: bool = True
    printed: bool = field(default=False)

    @property
    def rows(self) -> int:
        """Return the number of lines, which is that of rows where no cell holds a line break."""
        return self.lines + (not self.ended)

    def add(self, piece: str) -> None:
        """Count a piece of text in which every line ends with a line feed."""
        self.lines += piece.count("\n")
        self.quotes += piece.count('"')
        self.ended = piece.endswith("\n") if piece else self.ended
        self.printed = self.printed or bool(piece.strip())


def _scan(path: Path) -> _Text:
    """Read the file once; raise InputError where it cannot be read, is no text, or holds nothing."""
    try:
        with path.open("rb") as file:
            start = file.read(2)
            file.seek(0)
            text = _Text(MARKS.get(start, "utf-8-sig"))
            decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(text.encoding)(), translate=True)
            while block := file.read(BLOCK):
                _add(text, decoder, block, path)
            _add(text, decoder, b"", path)
    except OSError as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else f"no readable file ({error.strerror})"
        raise InputError([Fault(str(path), found, "a table of scores as a CSV file")]) from None
    if not text.printed:
        raise InputError([Fault(str(path), "an empty file", "a line of headings, and a row per score below it")])
    return text


def _add(text: _Text, decoder: io.IncrementalNewlineDecoder, block: bytes, path: Path) -> None:
    try:
        piece = decoder.decode(block, final=not block)
    except UnicodeDecodeError as error:
        line = text.lines + error.object[: error.start].count(b"\n") + 1
        found = f"the byte 0x{error.object[error.start]:02x}, which is not {error.encoding.upper()}"
        raise InputError([Fault(f"{path}, line {line}", found, "a file saved as UTF-8")]) from None
    if "\0" in piece:
        line = text.lines + piece[: piece.index("\0")].count("\n") + 1
        expected = "a CSV file saved as UTF-8, or as UTF-16 with its byte order mark"
        raise InputError([Fault(f"{path}, line {line}", "a zero byte, which no text holds", expected)])
    text.add(piece)


def _read_headings(path: Path, encoding: str, wanted: Iterable[str]) -> tuple[str, list[str]]:
    """Return the delimiter and the headings: those with most of the wanted columns, then with most columns."""
    names, readings = set(wanted), []
    for delimiter in DELIMITERS:
        with path.open(encoding=encoding, newline="") as file:
            try:
                cells = next(csv.reader(file, delimiter=delimiter))
            except csv.Error as error:
                expected = "a line of headings"
                raise InputError([Fault(f"{path}, row 1", f"what is no line of cells ({error})", expected)]) from None
        headings = [normalize("NFC", cell).strip() for cell in cells]
        readings.append((len(names & set(headings)), len(headings), delimiter, headings))
    best = max(readings, key=lambda reading: reading[:2])
    return best[2], best[3]


def _heading_faults(path: Path, headings: Sequence[str], columns: Columns) -> Iterator[Fault]:
    present = ", ".join(repr(name) for name in headings if name) or "none at all"
    for part, name in columns.named.items():
        times = headings.count(name)
        if times != 1:
            found = f"{times} columns {name!r} (--{part})" if times else f"no column {name!r} (--{part})"
            yield Fault(f"{path}, row 1", found, f"exactly one of that name; the columns are {present}")


# The file as cells.


def _read_cells(path: Path, columns: Columns, faults: list[Fault]) -> dict[str, _Cells]:
    """Return the columns to read; add the rows with too many or too few cells to the faults.

    Raises InputError where columns cannot be told apart at all.
    """
    text = _scan(path)
    delimiter, headings = _read_headings(path, text.encoding, columns.named.values())
    refuse(_heading_faults(path, headings, columns))
    if text.rows < 2:
        raise InputError([_headings_only(path)])
    wrong: dict[int, int] = {}
    table = _parse(path, text.encoding, delimiter, headings, columns, wrong)
    rows = np.delete(np.arange(len(table) + len(wrong)) + 2, np.array([row - 2 for row in wrong], dtype=np.int64))
    if text.quotes % 2 or text.rows != len(table) + len(wrong) + 1:
        refuse(_quote_faults(path, text.encoding, delimiter))
    faults += [
        Fault(f"{path}, row {row}", _count(count, "cell"), f"{_count(len(headings), 'cell')}, one below each heading")
        for row, count in wrong.items()
    ]
    if not len(table):
        raise InputError([] if wrong else [_headings_only(path)])
    return {
        part: _Cells(str(path), name, *_encode(table, str(headings.index(name))), rows)
        for part, name in columns.named.items()
    }


def _headings_only(path: Path) -> Fault:
    return Fault(str(path), "headings only", "a row per score below them")


def _parse(
    path: Path, encoding: str, delimiter: str, headings: Sequence[str], columns: Columns, wrong: dict[int, int]
) -> pa.Table:
    """Return the asked columns, under their positions; note the rows with another number of cells in `wrong`.

    Arrow counts the cells of every row and keeps each distinct text once: 25 million rows stay small.
    """

    def note(row: arrow_csv.InvalidRow) -> str:
        wrong[row.number] = row.actual_columns
        return "skip"

    positions = [str(position) for position in range(len(headings))]
    asked = [str(headings.index(name)) for name in dict.fromkeys(columns.named.values())]
    distinct = dict.fromkeys(asked, pa.dictionary(pa.int32(), pa.string()))
    try:
        return arrow_csv.read_csv(
            path,
            arrow_csv.ReadOptions(
                use_threads=False, block_size=BLOCK, column_names=positions, skip_rows_after_names=1, encoding=encoding
            ),
            arrow_csv.ParseOptions(
                delimiter=delimiter, newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note
            ),
            arrow_csv.ConvertOptions(include_columns=asked, column_types=distinct, strings_can_be_null=False),
        )
    except pa.ArrowInvalid as error:
        raise InputError([Fault(str(path), f"what is no table ({error})", "rows of cells below headings")]) from None


def _encode(table: pa.Table, name: str) -> tuple[tuple[str, ...], Integers]:
    joined = table.column(name).unify_dictionaries().combine_chunks()
    joined = joined.chunk(0) if isinstance(joined, pa.ChunkedArray) else joined
    return tuple(joined.dictionary.to_pylist()), joined.indices.to_numpy(zero_copy_only=False)


def _quote_faults(path: Path, encoding: str, delimiter: str) -> Iterator[Fault]:
    """Yield a fault where a quotation mark is not closed, or closes a cell before its end: rows would be swallowed."""
    row = 0
    with path.open(encoding=encoding, newline="") as file:
        try:
            for _ in csv.reader(file, delimiter=delimiter, strict=True):
                row += 1
        except csv.Error as error:
            expected = 'every quotation mark closed at the end of its cell; one inside a cell doubled ("")'
            yield Fault(f"{path}, row {row + 1}", f"quotation marks that do not pair ({error})", expected)


# The checks.


def _cell_faults(path: str, cells: Mapping[str, _Cells], scale: Scale | None, asked: bool) -> Iterator[Fault]:
    """Yield what is wrong in the cells, column by column and then between the columns."""
    for part, column in cells.items():
        if part != "score":
            yield from _id_faults(part, column)
    yield from _score_faults(path, cells["score"], scale, asked)
    yield from _pair_faults(path, cells)
    yield from _panel_faults(path, cells)
    yield from _coverage_faults(path, cells)


def _id_faults(part: str, column: _Cells) -> Iterator[Fault]:
    reasons: dict[int, str] = {}
    alike: dict[str, list[int]] = defaultdict(list)
    for code, text in enumerate(column.texts):
        if not text.strip():
            reasons[code] = f"the id of a {part} in every row"
        elif FORMULA.match(text):
            reasons[code] = "an id that does not begin as a formula does (=, +, -, @ or a tab)"
        elif UNSEEN.search(text.strip()):
            reasons[code] = "an id without control characters and line breaks"
        elif part == "criterion" and text.strip().casefold() == TOTAL:
            reasons[code] = f"another name; {TOTAL!r} stands for all criteria together"
        alike[BLANK.sub("", normalize("NFKC", text)).casefold()].append(code)
    yield from column.faults(reasons)
    first = column.first_rows()
    for key, codes in alike.items():
        same = sorted((code for code in codes if first[code]), key=lambda code: int(first[code]))
        if key and len(same) > 1:
            place = f"{column.place}, column {column.heading}, rows {_listed(first[code] for code in same)}"
            found = f"{_listed(_shown(column.texts[code]) for code in same)}, which differ only in spaces, case or form"
            yield Fault(place, found, f"each {part} written in one way")


def _listed(items: Iterable[object]) -> str:
    shown = [str(item) for item in items]
    return f"{', '.join(shown[:-1])} and {shown[-1]}" if len(shown) > 1 else shown[0]


def _score_faults(path: str, column: _Cells, scale: Scale | None, asked: bool) -> Iterator[Fault]:
    reasons: dict[int, str] = {}
    decimals: dict[str, int] = {}
    first = column.first_rows()
    for code, text in enumerate(column.ids):
        if not text or not first[code]:
            continue
        value = _number(text) if NUMBER.fullmatch(text) else None
        if value is None:
            reasons[code] = "a number, with a point or a comma before its decimals and nothing between the thousands"
        elif abs(value) > LARGEST:
            reasons[code] = f"a number of at most {LARGEST:,.0f}"
        elif scale is not None and not scale.low <= value <= scale.high:
            reasons[code] = f"a number from {scale.low:.12g} to {scale.high:.12g} (--scale)"
        for mark in (mark for mark in ".," if value is not None and mark in text):
            decimals.setdefault(mark, code)
    yield from column.faults(reasons)
    if len(decimals) > 1:
        rows = _listed(sorted(first[code] for code in decimals.values()))
        found = f"{_listed(_shown(column.texts[code]) for code in decimals.values())}"
        yield Fault(f"{path}, column {column.heading}, rows {rows}", found, "either decimal points or decimal commas")
    values = {_number(text) for code, text in enumerate(column.ids) if text and first[code] and code not in reasons}
    if len(values) == 1 and not reasons:
        found = f"the score {values.pop():.12g} and no other"
        yield Fault(f"{path}, column {column.heading}", found, "scores that differ; equal ones rank nothing")
    elif values and not asked and max(values) - min(values) < SHORTEST:
        yield Fault(f"{path}, column {column.heading}", "scores that hardly differ", f"a range of at least {SHORTEST}")


def _pair_faults(path: str, cells: Mapping[str, _Cells]) -> Iterator[Fault]:
    """Yield a fault for every rater with more than one row for a proposal and criterion."""
    parts = [part for part in ("proposal", "rater", "criterion") if part in cells]
    known = np.logical_and.reduce([cells[part].filled for part in parts])
    key = np.zeros(int(known.sum()), np.int64)
    for part in parts:
        key = key * len(cells[part].texts) + cells[part].codes[known]
    ordered = np.sort(key)
    repeated = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    if not len(repeated):
        return
    places = np.flatnonzero(np.isin(key, repeated))
    rows, codes = cells["score"].rows[known], {part: cells[part].codes[known] for part in parts}
    for _, same in pd.Series(places).groupby(key[places], sort=False):
        at = same.iloc[0]
        what = ", ".join(f"{part} {cells[part].ids[codes[part][at]]!r}" for part in parts)
        place = f"{path}, rows {_listed(rows[same])}"
        yield Fault(place, f"more than one score for {what}", "one score by each rater")


def _panel_faults(path: str, cells: Mapping[str, _Cells]) -> Iterator[Fault]:
    """Yield a fault for every proposal that is in more than one panel."""
    if "panel" not in cells:
        return
    proposal, panel = cells["proposal"], cells["panel"]
    known = proposal.filled & panel.filled
    pairs = pd.DataFrame({"proposal": proposal.codes[known], "panel": panel.codes[known], "row": proposal.rows[known]})
    first = pairs.groupby(["proposal", "panel"])["row"].min().reset_index()
    for code, found in first[first["proposal"].duplicated(keep=False)].groupby("proposal"):
        ordered = found.sort_values("row")
        place = f"{path}, rows {_listed(ordered['row'])}"
        names = _listed(repr(panel.ids[position]) for position in ordered["panel"])
        yield Fault(place, f"{proposal.ids[int(code)]!r} in the panels {names}", "each proposal in one panel")


def _coverage_faults(path: str, cells: Mapping[str, _Cells]) -> Iterator[Fault]:
    """Yield what leaves nothing to rank: a proposal without scores, or no second proposal."""
    proposal = cells["proposal"]
    asked = np.bincount(proposal.codes, minlength=len(proposal.texts))
    scored = np.bincount(proposal.codes[cells["score"].filled], minlength=len(proposal.texts))
    first, column = proposal.first_rows(), proposal.heading
    present = [code for code in np.flatnonzero(asked) if proposal.ids[code]]
    for code in sorted((code for code in present if not scored[code]), key=lambda code: int(first[code])):
        place = f"{path}, row {first[code]}, column {column}"
        yield Fault(place, f"no score at all for {proposal.ids[code]!r}", "at least one score for every proposal")
    if len(present) < 2:
        found = f"only the proposal {proposal.ids[present[0]]!r}" if present else "no id"
        yield Fault(f"{path}, column {column}", found, "at least two proposals, for one alone has no rank")


# The table.


def _build(path: Path, cells: Mapping[str, _Cells], stated: Scale | None) -> ScoreFile:
    score = cells["score"]
    given = score.filled
    numbers = np.array([_number(text) if text else np.nan for text in score.ids])[score.codes[given]]
    kept = {part: one.keep(given) for part, one in cells.items() if part != "score"}
    columns = {part: _categorise(one) for part, one in kept.items()}
    columns.setdefault("criterion", pd.Categorical.from_codes(np.zeros(len(numbers), np.int8), [score.heading]))
    if "panel" in columns:
        columns["rater"] = _seat(columns["rater"], columns["panel"])
    scores = pd.DataFrame({part: columns[part] for part in ("proposal", "rater", "criterion")})
    scores["score"] = numbers
    if "panel" in columns:
        scores["panel"] = columns["panel"]
    scale = stated or Scale(low=float(numbers.min()), high=float(numbers.max()))
    heard = set(kept["rater"].codes.tolist())
    silent = sorted(name for code, name in enumerate(cells["rater"].ids) if name and code not in heard)
    ordered = scores.sort_values(["proposal", "rater", "criterion"], ignore_index=True)
    return ScoreFile(path, ordered, scale, stated is not None, int((~given).sum()), tuple(silent))


def _categorise(column: _Cells) -> pd.Categorical:
    """Return the ids as categories in their own order, without those that do not come."""
    present = np.unique(column.codes)
    names = [column.ids[code] for code in present]
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.zeros(len(column.texts), np.int64)
    place[present[order]] = np.arange(len(order))
    return pd.Categorical.from_codes(place[column.codes], [names[position] for position in order])


def _seat(rater: pd.Categorical, panel: pd.Categorical) -> pd.Categorical:
    """Return the raters, those who sit in several panels as one rater per panel."""
    pairs = rater.codes.astype(np.int64) * len(panel.categories) + panel.codes
    seats, at = np.unique(pairs, return_inverse=True)
    who, where = np.divmod(seats, len(panel.categories))
    several = np.bincount(who, minlength=len(rater.categories))[who] > 1
    names = [
        f"{rater.categories[one]}{WITHIN}{panel.categories[seat]}" if split else str(rater.categories[one])
        for one, seat, split in zip(who, where, several, strict=True)
    ]
    order = sorted(range(len(names)), key=names.__getitem__)
    place = np.zeros(len(names), np.int64)
    place[order] = np.arange(len(order))
    return pd.Categorical.from_codes(place[at], [names[position] for position in order])
