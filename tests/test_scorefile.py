"""A bare table of scores: every way of writing the same one reads the same, and every fault is said, with its place."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from builders import QUICK
from hypothesis import given
from hypothesis import strategies as st

from analysis.faults import InputError
from analysis.scorefile import WITHIN, Columns, ScoreFile, read_scores

PLAIN = Columns("idea", "judge", "points")
ROWS = [("P1", "a", "3"), ("P1", "b", "4"), ("P2", "a", "5"), ("P2", "b", "2"), ("P3", "a", "1")]
HEAD = "idea,judge,points"


def lines(*rows: tuple[str, ...], head: str = HEAD) -> str:
    return "\n".join([head, *(",".join(row) for row in rows)]) + "\n"


def write(folder: Path, content: str | bytes) -> Path:
    path = folder / "scores.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def read(folder: Path, content: str | bytes, columns: Columns = PLAIN, **options: str | int) -> ScoreFile:
    return read_scores(write(folder, content), columns, **options)  # type: ignore[arg-type]


def rows_of(file: ScoreFile) -> list[tuple[str, str, float]]:
    return list(file.scores[["proposal", "rater", "score"]].itertuples(index=False, name=None))


def faults_of(folder: Path, content: str | bytes, columns: Columns = PLAIN, **options: str | int) -> list[str]:
    with pytest.raises(InputError) as refused:
        read(folder, content, columns, **options)
    return [str(fault).removeprefix(str(folder / "scores.csv")).lstrip(", :") for fault in refused.value.faults]


TEXT = lines(*ROWS)
EXPECTED = [("P1", "a", 3.0), ("P1", "b", 4.0), ("P2", "a", 5.0), ("P2", "b", 2.0), ("P3", "a", 1.0)]
WRITTEN = {
    "plain": TEXT.encode(),
    "with a byte order mark": TEXT.encode("utf-8-sig"),
    "UTF-16, little end first": TEXT.encode("utf-16"),
    "UTF-16, big end first": b"\xfe\xff" + TEXT.encode("utf-16-be"),
    "with semicolons": TEXT.replace(",", ";").encode(),
    "with tabs": TEXT.replace(",", "\t").encode(),
    "with the line ends of Windows": TEXT.replace("\n", "\r\n").encode(),
    "with those of an old Macintosh": TEXT.replace("\n", "\r").encode(),
    "without an end of the last line": TEXT.rstrip("\n").encode(),
    "with blank lines": TEXT.replace("P2,a", "\n\nP2,a").encode() + b"\n\n",
    "with empty rows at the end": TEXT.encode() + b",,\n,,\n",
    "with spaces around the cells": TEXT.replace(",", " , ").encode(),
    "in quotation marks": "\n".join(",".join(f'"{c}"' for c in row.split(",")) for row in TEXT.split()).encode(),
    "with other columns": "\n".join(f"x,{row},y" for row in TEXT.split()).encode(),
    "with a break in a cell of another column": TEXT.replace("\n", ',"a, ""b""\nc"\n').encode(),
    "from the last row to the first": lines(*reversed(ROWS)).encode(),
    "with a number in other notations": lines(
        ("P1", "a", "3.0"), ("P1", "b", "+4"), ("P2", "a", "5."), ("P2", "b", "0.2e1"), ("P3", "a", "01")
    ).encode(),
}


@pytest.mark.parametrize("manner", WRITTEN)
def test_the_same_table_reads_the_same_however_it_was_written(tmp_path: Path, manner: str) -> None:
    columns = PLAIN
    if manner == "with other columns":
        content = WRITTEN[manner].replace(b"x,idea", b"first,idea").replace(b"points,y", b"points,last")
    elif manner == "with a break in a cell of another column":
        content = WRITTEN[manner].replace(b',"a, ""b""\nc"', b",note", 1)
    else:
        content = WRITTEN[manner]
    assert rows_of(read(tmp_path, content, columns)) == EXPECTED


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_decimal_commas_are_read(tmp_path: Path, delimiter: str) -> None:
    content = lines(("P1", "a", "3.5"), ("P2", "a", "4.25"), ("P3", "a", "1.0"))
    commas = content.replace(",", delimiter).replace(".", ",")
    assert [score for *_, score in rows_of(read(tmp_path, commas))] == [3.5, 4.25, 1.0]


def test_decimal_commas_in_quotation_marks_are_read_between_commas(tmp_path: Path) -> None:
    content = lines(("P1", "a", '"3,5"'), ("P2", "a", '"4,25"'))
    assert [score for *_, score in rows_of(read(tmp_path, content))] == [3.5, 4.25]


def test_the_delimiter_is_the_one_that_parts_the_wanted_columns(tmp_path: Path) -> None:
    content = "a,b,c,d;idea;judge;points\nx,y;P1;a;1\nz;P2;a;2\n"
    assert rows_of(read(tmp_path, content)) == [("P1", "a", 1.0), ("P2", "a", 2.0)]


def test_an_empty_score_is_missing_and_counted(tmp_path: Path) -> None:
    file = read(tmp_path, lines(*ROWS, ("P3", "b", ""), ("P3", "c", " "), ("P1", "c", "")))
    assert rows_of(file) == EXPECTED
    assert (file.empty, file.silent) == (3, ("c",))


def test_criteria_and_panels_are_read_where_the_file_has_them(tmp_path: Path) -> None:
    columns = Columns("idea", "judge", "points", "what", "panel")
    rows = [("P1", "a", "1", "y", "q"), ("P1", "a", "2", "x", "q"), ("P2", "b", "3", "x", "p")]
    file = read(tmp_path, lines(*rows, head="idea,judge,points,what,panel"), columns)
    assert file.scores.astype(str).to_numpy().tolist() == [
        ["P1", "a", "x", "2.0", "q"],
        ["P1", "a", "y", "1.0", "q"],
        ["P2", "b", "x", "3.0", "p"],
    ]


def test_without_criteria_the_heading_of_the_scores_stands_for_one(tmp_path: Path) -> None:
    assert set(read(tmp_path, TEXT).scores["criterion"]) == {"points"}


def test_a_rater_in_two_panels_is_two_raters_and_another_stays_one(tmp_path: Path) -> None:
    rows = [("P1", "a", "1", "p"), ("P1", "b", "2", "p"), ("P2", "a", "3", "q"), ("P2", "c", "4", "q")]
    columns = Columns("idea", "judge", "points", panel="panel")
    file = read(tmp_path, lines(*rows, head=HEAD + ",panel"), columns)
    assert list(file.scores["rater"]) == [f"a{WITHIN}p", "b", f"a{WITHIN}q", "c"]


def test_the_stated_scale_is_used_and_otherwise_the_range_of_the_scores(tmp_path: Path) -> None:
    stated = read(tmp_path, TEXT, scale="-1,5:6.5")
    assert (stated.scale.low, stated.scale.high, stated.stated) == (-1.5, 6.5, True)
    found = read(tmp_path, TEXT)
    assert (found.scale.low, found.scale.high, found.stated) == (1, 5, False)


NUMBER = "expected a number, with a point or a comma before its decimals and nothing between the thousands"
FORMULA = "expected an id that does not begin as a formula does"
FAULTY: dict[str, tuple[str, list[str]]] = {
    "text as a score": (
        lines(*ROWS, ("P4", "a", "good"), ("P4", "b", "n/a"), ("P4", "c", "n/a")),
        [f"row 7, column points: found 'good'; {NUMBER}", f"row 8, column points: found 'n/a' (and in 1 other row); {NUMBER}"],
    ),
    "what only looks like a number": (
        lines(*ROWS, *(("P4", f"r{i}", text) for i, text in enumerate(["1 000", "1_000", "nan", "inf", "0x1", "٣", "1.2.3"]))),
        [f"row {row}, column points: found {text!r}; {NUMBER}" for row, text in enumerate(["1 000", "1_000", "nan", "inf", "0x1", "٣", "1.2.3"], 7)],
    ),
    "thousands": (
        lines(*ROWS, ("P4", "a", '"1.234,5"'), ("P4", "b", '"1,234.5"')),
        [f"row 7, column points: found '1.234,5'; {NUMBER}", f"row 8, column points: found '1,234.5'; {NUMBER}"],
    ),
    "points beside commas": (
        lines(("P1", "a", "1.5"), ("P2", "a", '"2,5"')),
        ["column points, rows 2 and 3: found '1.5' and '2,5'; expected either decimal points or decimal commas"],
    ),
    "a score too large": (
        lines(*ROWS, ("P4", "a", "1e7"), ("P4", "b", "1e400")),
        [f"row {row}, column points: found {text!r}; expected a number of at most 1,000,000" for row, text in ((7, "1e7"), (8, "1e400"))],
    ),
    "the same rater twice": (
        lines(*ROWS, ("P1", "a", "3"), ("P2", "b", "")),
        [
            "rows 2 and 7: found more than one score for proposal 'P1', rater 'a'; expected one score by each rater",
            "rows 5 and 8: found more than one score for proposal 'P2', rater 'b'; expected one score by each rater",
        ],
    ),
    "one proposal": (
        lines(*ROWS[:2]),
        ["column idea: found only the proposal 'P1'; expected at least two proposals"],
    ),
    "all scores equal": (
        lines(("P1", "a", "4"), ("P2", "a", "4.0")),
        ["column points: found the score 4 and no other; expected scores that differ"],
    ),
    "a proposal without a score": (
        lines(*ROWS, ("P4", "a", ""), ("P4", "b", " ")),
        ["row 7, column idea: found no score at all for 'P4'; expected at least one score for every proposal"],
    ),
    "no score at all": (
        lines(("P1", "a", ""), ("P2", "a", "")),
        [f"row {row}, column idea: found no score at all for {name!r}" for row, name in ((2, "P1"), (3, "P2"))],
    ),
    "ids that differ in spaces or case": (
        lines(*ROWS, ("p1", "c", "3"), ("P 2", "c", "3"), ("P1 ", "d", "3"), ("P3", "A", "3")),
        [
            "column idea, rows 2, 7 and 9: found 'P1', 'p1' and 'P1 ', which differ only in spaces, case or form",
            "column idea, rows 4 and 8: found 'P2' and 'P 2', which differ only in spaces, case or form",
            "column judge, rows 2 and 10: found 'a' and 'A', which differ only in spaces, case or form",
        ],
    ),
    "letters composed in two ways": (
        lines(*ROWS, ("é", "a", "3"), ("e\u0301", "b", "3")),
        ["column idea, rows 7 and 8: found 'é' and 'e\u0301', which differ only in spaces, case or form"],
    ),
    "formulas": (
        lines(*ROWS, ("=1+2", "a", "3"), ("P4", "+r", "3"), ("-5", "a", "3"), ("P4", "@x", "3"), ("\tx", "a", "2"), ("P4", "a", "=1+2")),
        [
            f"row 7, column idea: found '=1+2'; {FORMULA}",
            f"row 9, column idea: found '-5'; {FORMULA}",
            f"row 11, column idea: found '\\tx'; {FORMULA}",
            f"row 8, column judge: found '+r'; {FORMULA}",
            f"row 10, column judge: found '@x'; {FORMULA}",
            f"row 12, column points: found '=1+2'; {NUMBER}",
        ],
    ),
    "a line break in an id": (
        lines(*ROWS, ('"P\n4"', "a", "3")),
        ["row 7, column idea: found 'P\\n4'; expected an id without control characters and line breaks"],
    ),
    "an id that is missing": (
        lines(*ROWS, ("", "a", "3"), ("P3", "", "3")),
        [
            "row 7, column idea: found nothing; expected the id of a proposal in every row",
            "row 8, column judge: found nothing; expected the id of a rater in every row",
        ],
    ),
    "a missing column": (
        lines(*ROWS, head="Idea,rater,points"),
        [
            "row 1: found no column 'idea' (--proposal); expected exactly one of that name; the columns are 'Idea', 'rater', 'points'",
            "row 1: found no column 'judge' (--rater); expected exactly one of that name",
        ],
    ),
    "two columns of a name": (
        lines(*((*row, "1") for row in ROWS), head="idea,judge,points,points"),
        ["row 1: found 2 columns 'points' (--score); expected exactly one of that name"],
    ),
    "rows with too many or too few cells": (
        lines(*ROWS, ("P4", "a", "3", "4"), ("P4", "b"), ("P4", "c", "3", ""), ("P4",)),
        [
            "row 7: found 4 cells; expected 3 cells, one below each heading",
            "row 8: found 2 cells; expected 3 cells",
            "row 9: found 4 cells; expected 3 cells",
            "row 10: found 1 cell; expected 3 cells",
        ],
    ),
    "quotation marks that do not close": (
        lines(*ROWS, ("P4", '"a', "3"), ("P4", "b", "3")),
        ["row 7: found quotation marks that do not pair (unexpected end of data); expected every quotation mark closed"],
    ),
    "an open mark in another column": (
        lines(*((*row, "x") for row in ROWS[:3]), ("P2", "b", "2", '"open'), ("P3", "a", "1", "x"), head=HEAD + ",note"),
        ["row 5: found quotation marks that do not pair (unexpected end of data)"],
    ),
    "two open marks that swallow rows": (
        lines(*((*row, "x") for row in ROWS[:3]), ("P2", "b", "2", '"open'), ("P3", "a", "1", '"x'), head=HEAD + ",note"),
        ["row 5: found quotation marks that do not pair (',' expected after '\"')"],
    ),
    "nothing": ("", ["found an empty file; expected a line of headings, and a row per score below it"]),
    "blank lines": ("\n \n", ["found an empty file"]),
    "headings only": (HEAD + "\n", ["found headings only; expected a row per score below them"]),
    "headings without an end": (HEAD, ["found headings only"]),
    "empty rows only": (HEAD + "\n,,\n", ["found headings only"]),
}  # fmt: skip


@pytest.mark.parametrize("what", FAULTY)
def test_a_fault_is_said_with_its_place_what_was_found_and_what_was_expected(tmp_path: Path, what: str) -> None:
    content, expected = FAULTY[what]
    found = faults_of(tmp_path, content)
    assert len(found) == len(expected), found
    for said, start in zip(found, expected, strict=True):
        assert said.startswith(start), said


def test_a_score_off_the_stated_scale_is_refused(tmp_path: Path) -> None:
    found = faults_of(tmp_path, lines(*ROWS, ("P3", "b", "-1")), scale="2:4")
    assert [fault.partition(";")[0] for fault in found] == [
        f"row {row}, column points: found {score!r}" for row, score in ((4, "5"), (6, "1"), (7, "-1"))
    ]
    assert all(fault.endswith("expected a number from 2 to 4 (--scale).") for fault in found)


BYTES = {
    "line 3: found the byte 0xe9, which is not UTF-8; expected a file saved as UTF-8.": lines(
        ("P1", "a", "1"), ("Pé", "a", "2")
    ).encode("latin-1"),
    "line 1: found a zero byte, which no text holds": TEXT.encode("utf-16-le"),
    "line 7: found a zero byte, which no text holds": TEXT.encode() + b"P4,a\0,2\n",
}


@pytest.mark.parametrize("expected", BYTES)
def test_what_is_no_text_is_refused_at_its_line(tmp_path: Path, expected: str) -> None:
    (found,) = faults_of(tmp_path, BYTES[expected])
    assert found.startswith(expected)


def test_a_proposal_in_two_panels_is_refused(tmp_path: Path) -> None:
    content = lines(
        ("P1", "a", "1", "q"), ("P2", "a", "2", "q"), ("P1", "b", "3", "p"), ("P2", "c", "3", ""), head=HEAD + ",panel"
    )
    assert faults_of(tmp_path, content, Columns("idea", "judge", "points", panel="panel")) == [
        "row 5, column panel: found nothing; expected the id of a panel in every row.",
        "rows 2 and 4: found 'P1' in the panels 'q' and 'p'; expected each proposal in one panel.",
    ]


def test_the_same_rater_may_score_a_proposal_on_several_criteria_but_none_called_total(tmp_path: Path) -> None:
    columns, head = Columns("idea", "judge", "points", criterion="what"), HEAD + ",what"
    rows = [("P1", "a", "1", "x"), ("P1", "a", "2", "y"), ("P2", "a", "2", "x")]
    assert len(read(tmp_path, lines(*rows, head=head), columns).scores) == 3
    (found,) = faults_of(tmp_path, lines(*rows, ("P2", "a", "3", "Total"), head=head), columns)
    assert found.startswith("row 5, column what: found 'Total'; expected another name")
    (found,) = faults_of(tmp_path, lines(*rows, ("P1", "a", "1", "y"), head=head), columns)
    assert found.startswith("rows 3 and 5: found more than one score for proposal 'P1', rater 'a', criterion 'y'")


@pytest.mark.parametrize("scale", ["", "1", "1:", "6:1", "3:3", "low:high", "1:2:3", "1:nan", "0:1e9", "0:1e-9"])
def test_a_scale_is_two_numbers_with_the_lower_one_first(tmp_path: Path, scale: str) -> None:
    assert faults_of(tmp_path, TEXT, scale=scale)[0].startswith("--scale: found ")


def test_the_faults_of_options_and_cells_are_said_together(tmp_path: Path) -> None:
    content = lines(*ROWS, ("P4", "a", "x"), ("P4", "b", "2", "9"), ("p2", "c", "1"))
    found = faults_of(tmp_path, content, scale="9", line=7)
    assert [fault.partition(": found")[0] for fault in found] == [
        "--scale",
        "row 8",
        "column idea, rows 4 and 9",
        "row 7, column points",
        "--line",
    ]


def test_a_column_asked_for_twice_is_refused(tmp_path: Path) -> None:
    (found,) = faults_of(tmp_path, TEXT, Columns("idea", "judge", "points", criterion="judge"))
    assert found == "--criterion: found the column 'judge', which --rater names too; expected a column of its own."


def test_more_places_than_proposals_are_refused(tmp_path: Path) -> None:
    assert read(tmp_path, TEXT, line=3).scores["proposal"].nunique() == 3
    (found,) = faults_of(tmp_path, TEXT, line=4)
    assert found == "--line: found 4 places; expected at most as many as there are proposals (3)."


def test_a_path_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for path, found in ((tmp_path / "none.csv", "no such file"), (tmp_path, "no readable file")):
        with pytest.raises(InputError, match=found):
            read_scores(path, PLAIN)


CELLS = st.text(st.sampled_from(["a", "é", "Z", " ", ",", ";", '"', "\n", "1", "-"]), max_size=4)


def well_formed(cell: str) -> bool:
    return cell == cell.strip() and cell[:1] not in ("", "-") and "\n" not in cell


@st.composite
def tables(draw: st.DrawFn) -> list[tuple[str, str, float, str]]:
    """Draw rows of proposal, rater, score and a note that may hold anything."""
    ids = st.lists(
        CELLS.filter(well_formed), min_size=2, max_size=4, unique_by=lambda cell: "".join(cell.split()).casefold()
    )
    proposals, raters = draw(ids), draw(ids)
    pairs = draw(st.lists(st.sampled_from([(p, r) for p in proposals for r in raters]), min_size=2, unique=True))
    return [(p, r, draw(st.integers(-20, 20)) / 4, draw(CELLS)) for p, r in pairs]


@QUICK
@given(tables(), st.sampled_from([",", ";", "\t"]), st.sampled_from(["\n", "\r\n"]))
def test_what_another_writer_writes_is_read_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, float, str]], delimiter: str, end: str
) -> None:
    if len({p for p, *_ in rows}) < 2 or len({score for _, _, score, _ in rows}) < 2:
        return
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator=end).writerows([("p", "r", "s", "note"), *rows])
    found = read(tmp_path_factory.mktemp("drawn"), file.getvalue(), Columns("p", "r", "s"))
    assert rows_of(found) == sorted((p, r, score) for p, r, score, _ in rows)


def batches(number: int) -> Iterator[str]:
    yield HEAD + "\n"
    for first in range(number):
        yield f"P{first % 500:03d},r{first // 500:04d},{first % 7}\n"


def test_a_large_file_is_read_in_blocks_as_another_reader_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.scorefile.BLOCK", 1 << 12)
    path = write(tmp_path, "".join(batches(20_000)))
    found = read_scores(path, PLAIN).scores
    expected = pd.read_csv(path).sort_values(["idea", "judge"])
    assert list(found["proposal"]) == list(expected["idea"])
    assert list(found["rater"]) == list(expected["judge"])
    assert list(found["score"]) == list(expected["points"])
