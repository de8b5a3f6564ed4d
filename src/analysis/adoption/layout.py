"""Where the table in a sheet lies: below title lines, under one or two rows of headings, without totals and remarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from analysis.adoption.sheets import Sheet, Value, letters, written
from analysis.adoption.vocabulary import FIELDS, TOTALS, plain

SEARCHED = 40  # rows from the top in which the headings are looked for
KNOWN = {word for fields in FIELDS.values() for one in fields.values() for word in one.words}


@dataclass
class Layout:
    """A table in a sheet: the headings by column, the rows of its records, and the rows that are left out with why."""

    sheet: Sheet
    top: int
    depth: int
    headings: dict[int, str]
    rows: list[int] = field(default_factory=list)
    dropped: list[tuple[int, str]] = field(default_factory=list)

    def cells(self, column: int) -> list[Value | None]:
        """Return what the records hold in a column."""
        return [self.sheet.get(row, column) for row in self.rows]

    def place(self, row: int, column: int) -> str:
        """Return how to name a cell."""
        return self.sheet.place(row, column, self.headings.get(column, ""))


def find_layout(sheet: Sheet) -> Layout | None:
    """Return where the table of a sheet lies; None where no row of headings stands above a record."""
    top = _heading_row(sheet)
    if top is None:
        return None
    if _has_headings_below(sheet, top):
        return lay_out(sheet, top, 2)
    above = max((row for row in sheet.cells if row < top), default=0)
    if above == top - 1 and _has_headings_below(sheet, above):
        return lay_out(sheet, above, 2)
    return lay_out(sheet, top, 1)


def lay_out(sheet: Sheet, top: int, depth: int) -> Layout:
    """Return the table whose headings begin at the row `top` and take `depth` rows."""
    headings = _name_columns(sheet, top, depth)
    found = Layout(sheet, top, depth, headings)
    names = {column: plain(name) for column, name in _last_headings(sheet, top, depth).items()}
    for row in sorted(row for row in sheet.cells if row >= top + depth):
        reason = _why_no_record(sheet, row, found, names)
        if reason is None:
            found.rows.append(row)
        else:
            found.dropped.append((row, reason))
    _drop_sums(found)
    for row in found.rows:
        for column in sheet.cells[row]:
            found.headings.setdefault(column, f"(column {letters(column)})")
    return found


def _heading_row(sheet: Sheet) -> int | None:
    rows = sorted(row for row, cells in sheet.cells.items() if cells)
    counts = Counter(column for row in rows for column in sheet.cells[row])
    main = {column for column, count in counts.items() if count >= 0.3 * max(counts.values())}
    best: tuple[float, int] | None = None
    for row in rows[:SEARCHED]:
        texts = [column for column in main if isinstance(sheet.get(row, column), str)]
        words = [value for value in sheet.cells[row].values() if isinstance(value, str) and len(value) <= 120]
        known = sum(plain(word) in KNOWN for word in words)
        if row == rows[-1] or len(words) < min(2, len(counts)) or (len(texts) < 0.5 * len(main) and known < 2):
            continue
        numbers = sum(isinstance(value, float) for value in sheet.cells[row].values())
        weight = 2 * known + len(texts) / max(len(main), 1) - numbers
        if best is None or weight > best[0]:
            best = (weight, row)
    return best[1] if best else None


def _has_headings_below(sheet: Sheet, row: int) -> bool:
    """Return whether the row below holds headings too: under a merged one, or beside a first column without any."""
    upper, lower = sheet.cells.get(row, {}), sheet.cells.get(row + 1, {})
    if len(upper) < 2 or len(lower) < 2 or not all(isinstance(value, str) for value in lower.values()):
        return False
    if not any(later > row + 1 for later in sheet.cells):
        return False
    for top, left, bottom, right in sheet.merged:
        if top == row == bottom and right > left and all(column in lower for column in range(left, right + 1)):
            return True
    return min(upper) not in lower and min(upper) in sheet.cells.get(row + 2, {})


def _name_columns(sheet: Sheet, top: int, depth: int) -> dict[int, str]:
    lower = _texts(sheet, top + depth - 1)
    names = lower if depth == 1 else _join(_spread(sheet, top, set(lower)), lower)
    times = Counter(names.values())
    seen: Counter[str] = Counter()
    found = {}
    for column in sorted(names):
        name = names[column]
        seen[name] += 1
        found[column] = name if times[name] == 1 or seen[name] == 1 else f"{name} ({letters(column)})"
    return found


def _last_headings(sheet: Sheet, top: int, depth: int) -> dict[int, str]:
    return {column: name for row in range(top, top + depth) for column, name in _texts(sheet, row).items()}


def _texts(sheet: Sheet, row: int) -> dict[int, str]:
    cells = sheet.cells.get(row, {})
    return {column: " ".join(written(value).split()) for column, value in cells.items()}


def _spread(sheet: Sheet, row: int, below: set[int]) -> dict[int, str]:
    """Return the upper headings, each also over the columns that it is merged over, or that are empty to its right."""
    texts, names = _texts(sheet, row), dict(_texts(sheet, row))
    merged = [box for box in sheet.merged if box[0] == row and box[3] > box[1]]
    for _, left, _, right in merged:
        names.update(dict.fromkeys(range(left, right + 1), texts.get(left, "")))
    if not merged:
        last = ""
        for column in range(min(texts), max([*texts, *below]) + 1):
            last = texts.get(column, last if column in below else "")
            names[column] = last
    return {column: name for column, name in names.items() if name}


def _join(upper: dict[int, str], lower: dict[int, str]) -> dict[int, str]:
    names = {}
    for column in {*upper, *lower}:
        parts = dict.fromkeys(part for part in (upper.get(column), lower.get(column)) if part)
        names[column] = " / ".join(parts)
    return names


def _why_no_record(sheet: Sheet, row: int, found: Layout, names: dict[int, str]) -> str | None:
    cells = sheet.cells[row]
    first = cells[min(cells)]
    if isinstance(first, str) and TOTALS.fullmatch(" ".join(first.casefold().split())):
        return f"a row of totals ({first})"
    if len(cells) > 1 and all(plain(written(value)) == names.get(column) for column, value in cells.items()):
        return "the headings again"
    lone = len(cells) == 1 and isinstance(first, str) and min(cells) == min(found.headings)
    if lone and len(found.headings) > 2 and (" " in str(first) or str(first).endswith(":")):
        return f"a remark ({str(first)[:60]!r})"
    return None


def _drop_sums(found: Layout) -> None:
    """Leave out a last row without a label that holds nothing but the sums of the columns above it."""
    if len(found.rows) < 3:
        return
    *above, last = found.rows
    cells = found.sheet.cells[last]
    if min(found.headings) in cells or not all(isinstance(value, float) for value in cells.values()):
        return
    if all(abs(float(value) - sum(_column_numbers(found, above, column))) < 1e-6 for column, value in _numbers(cells)):
        found.rows.pop()
        found.dropped.append((last, "sums of the columns above it"))


def _numbers(cells: dict[int, Value]) -> Iterator[tuple[int, float]]:
    return ((column, value) for column, value in cells.items() if isinstance(value, float))


def _column_numbers(found: Layout, rows: list[int], column: int) -> Iterator[float]:
    return (value for value in (found.sheet.get(row, column) for row in rows) if isinstance(value, float))
