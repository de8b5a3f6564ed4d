"""Two editions side by side, in words: numbers, what was released, names, text, figures and findings."""

import json
import sys
from pathlib import Path

import pytest
from conftest import SMALL_CALL
from edition_folders import EDITION, build_edition, number

from analysis import cli
from analysis.comparison import compare_editions, compare_texts, say_comparison, say_value
from analysis.declarations import Edition
from analysis.faults import InputError
from analysis.pipeline import run
from analysis.store import Store


@pytest.fixture
def compare(tmp_path: Path):
    """Return what builds two editions from their keywords, compares them and gives the comparison and its lines."""

    def both(was: dict, now: dict, every: bool = False):
        folders = build_edition(tmp_path / "a", **was), build_edition(tmp_path / "b", **now)
        found = compare_editions(*folders)
        return found, list(say_comparison(found, every))

    return both


def items(lines: list[str], heading: str) -> list[str]:
    """Return the items below a heading."""
    start = lines.index(f"\n{heading}") + 1
    rest = lines[start:]
    end = next((place for place, line in enumerate(rest) if not line.startswith("- ")), len(rest))
    return [line.removeprefix("- ") for line in rest[:end]]


def test_an_edition_is_the_same_as_itself(compare):
    held = {"numbers": [number("a.b", 4)], "tables": {"chosen": [["proposal"], ["P1"]]}}
    found, lines = compare(held, held)
    assert found.same
    assert lines == [
        "From parks-2024, 2024-04-01-public-en to parks-2024, 2024-04-01-public-en:",
        "  nothing differs",
        "  numbers: 1 the same",
    ]


def test_numbers_are_told_with_what_they_were_and_are_in_their_unit(compare):
    was = [number("same", 1), number("euro", 1234.5, "euro"), number("part", 0.25, "share"), number("old", 3, "months")]
    now = [number("same", 1), number("euro", 2000, "euro"), number("part", 0.251, "share"), number("fresh", 2.5, "fte")]
    was.append(number("day", None, "date", "2024-05-01"))
    now.append(number("day", None, "date", "2024-06-01"))
    found, lines = compare({"numbers": was}, {"numbers": now})
    assert not found.same
    assert "  numbers: 1 the same, 3 changed, 1 gone, 1 new" in lines
    assert items(lines, "Numbers") == [
        "euro: was 1,234.5 euro, is now 2,000 euro",
        "part: was 25%, is now 25.1%",
        "old: gone, was 3 months",
        "day: was 2024-05-01, is now 2024-06-01",
        "fresh: new, 2.5 fte",
    ]


def test_a_small_difference_is_shown_with_the_digits_that_it_needs(compare):
    _, lines = compare({"numbers": [number("a", 4.5166667, "points")]}, {"numbers": [number("a", 4.5166, "points")]})
    assert items(lines, "Numbers") == ["a: was 4.5167 points, is now 4.5166 points"]


def test_the_last_digits_that_another_order_of_addition_gives_are_no_difference(compare):
    found, _ = compare({"numbers": [number("a", 0.1 + 0.2)]}, {"numbers": [number("a", 0.3)]})
    assert found.same


def test_another_unit_and_a_missing_value_are_differences(compare):
    was = [number("a", 3, "persons"), number("b", None), number("c", 0)]
    now = [number("a", 3, "fte"), number("b", 0), number("c", None)]
    found, lines = compare({"numbers": was}, {"numbers": now})
    assert [change.state for change in found.numbers] == ["changed"] * 3
    assert items(lines, "Numbers")[1:] == ["b: was nothing, is now 0", "c: was 0, is now nothing"]


def test_a_number_that_only_one_page_shows_is_told_although_both_know_it(compare):
    cited = '<p><a href="#origin-a"><data value="4" data-indicator="a">four</data></a></p>'
    _, lines = compare({"numbers": [number("a", 4)]}, {"numbers": [number("a", 4)], "body": cited})
    assert items(lines, "Numbers shown") == ["a: new"]


def test_tables_and_columns_released_and_withdrawn_are_told(compare):
    was = {"totals": [["proposal", "total"], ["P1", "4"]], "plan": [["phase"], ["one"]]}
    now = {"totals": [["proposal", "rank"], ["P1", "1"]], "chosen": [["proposal"], ["P1"], ["P2"]]}
    found, lines = compare({"tables": was}, {"tables": now})
    states = {change.name: change.state for change in found.tables}
    assert states == {"totals": "changed", "plan": "gone", "chosen": "new"}
    assert items(lines, "Columns") == ["totals.total: gone", "totals.rank: new"]
    assert "chosen: new, 2 rows" in items(lines, "Tables")
    assert "plan: gone, was 1 row" in items(lines, "Tables")


def test_the_table_of_indicators_is_told_number_by_number_only(compare):
    was, now = ([["indicator", "tables"], ["a", f"totals@{letter}"]] for letter in "01")
    assert compare({"tables": {"indicators": was}}, {"tables": {"indicators": now}})[0].same
    wider = [["indicator", "tables", "unit"], ["a", "totals@0", "count"]]
    found, lines = compare({"tables": {"indicators": was}}, {"tables": {"indicators": wider}})
    assert items(lines, "Columns") == ["indicators.unit: new"]
    assert [change.name for change in found.tables] == ["indicators"]


def test_names_that_one_edition_shows_are_told_by_kind_and_a_proposal_with_its_title(compare):
    was = {"lottery": [["proposal", "ticket"], ["P9", "a1"]]}
    now = {"chosen": [["proposal", "title", "actor"], ["P1", "A tree", "School"], ["P2", "A pond", "School"]]}
    found, lines = compare({"tables": was}, {"tables": now})
    assert items(lines, "Names of proposals") == ["P9: gone", "P1 (A tree): new", "P2 (A pond): new"]
    assert items(lines, "Names of applicants") == ["School: new"]
    assert "titles" not in found.names


def test_a_title_released_for_a_proposal_that_was_named_before_is_told(compare):
    was = {"ranking": [["proposal"], ["P1"], ["P2"]]}
    now = {"ranking": [["proposal", "title"], ["P1", "A tree"], ["P2", ""]]}
    found, _ = compare({"tables": was}, {"tables": now})
    assert {kind: [change.name for change in changes] for kind, changes in found.names.items()} == {
        "titles": ["A tree"]
    }


def test_ids_in_a_list_within_a_cell_are_names(compare):
    was = {"prices": [["constraint", "enters"], ["budget", "P1"]]}
    now = {"prices": [["constraint", "enters"], ["budget", "P1 P7"]]}
    found, _ = compare({"tables": was}, {"tables": now})
    assert [change.name for change in found.names["proposals"]] == ["P7"]


def test_without_data_the_names_are_read_from_the_tables_of_the_page(compare):
    head = '<thead><tr><th><a class="origin" href="#origin-chosen.title">Project</a></th><th>Place</th></tr></thead>'
    row = "<tbody><tr><th scope='row'>{}</th><td>Gent</td></tr></tbody>"
    marked = f"<table>{head}{row}</table>"
    bare = f"<table><thead><tr><th>Project</th><th>Place</th></tr></thead>{row}</table>"
    found, _ = compare({"body": marked.format("A tree")}, {"body": marked.format("A pond")})
    assert [(change.name, change.state) for change in found.names["titles"]] == [("A tree", "gone"), ("A pond", "new")]
    found, _ = compare({"body": bare.format("A tree")}, {"body": bare.format("A pond")})
    assert [change.name for change in found.names["rows of tables"]] == ["A tree", "A pond"]


def test_names_are_read_from_the_pages_of_both_where_one_edition_has_no_data(compare):
    tables = {"chosen": [["proposal", "title"], ["P1", "A tree"]]}
    found, _ = compare({"tables": tables}, {"tables": tables, "with_data": False})
    assert found.names == {}


def test_a_csv_is_read_whatever_stands_in_its_cells(compare):
    hostile = [["proposal", "title"], ["P1", '"two\nlines, and a ""quote"""'], ["P2", "line\u2028separator"], ["P3"]]
    found, lines = compare({"tables": {"other": [["phase"], ["one"]]}}, {"tables": {"chosen": hostile}})
    names = [change.name for change in found.names["proposals"]]
    assert names == ['P1 (two\nlines, and a "quote")', "P2 (line\u2028separator)", "P3"]
    assert items(lines, "Names of proposals")[:2] == [
        r'P1 (two\nlines, and a "quote"): new',
        r"P2 (line\u2028separator): new",
    ]


def test_published_findings_whose_verdict_changed_are_told(compare):
    head = ["figure", "computed", "verdict"]
    was = {"reconciliation": [head, ["A1-1", "4", "match"], ["A1-2", "5", "open"], ["A1-3", "6", "open"]]}
    now = {"reconciliation": [head, ["A1-1", "4", "match"], ["A1-2", "5", "explained"], ["A1-4", "7", "open"]]}
    _, lines = compare({"tables": was}, {"tables": now})
    assert items(lines, "Findings on published figures") == [
        "reconciliation, A1-3: gone, was open",
        "reconciliation, A1-4: new, open",
        "reconciliation, A1-2: was open, is now explained",
    ]


def test_text_is_told_by_passage_and_within_one_by_sentence(compare):
    was = "<h2>Answer</h2><p>The first stays. Four of ten were chosen. The last stays.</p><p>Only before.</p>"
    now = "<h2>Answer</h2><p>The first stays. Five of ten were chosen. The last stays.</p><p>Merely afterwards!</p>"
    _, lines = compare({"body": was}, {"body": now})
    assert items(lines, "Text") == [
        "passage: was “Four of ten were chosen.”, is now “Five of ten were chosen.”",
        "passage: gone, was “Only before.”",
        "passage: new, “Merely afterwards!”",
    ]


def test_white_space_marks_and_navigation_are_no_text(compare):
    was = "<p>One  <strong>idea</strong>\n is chosen.</p>"
    now = "<nav><p>Other contents</p></nav><script>1</script><p>One <a href='#x'>id<wbr>ea</a> is chosen.</p>"
    assert compare({"body": was}, {"body": now})[0].same


def test_the_cells_of_tables_are_left_to_the_released_tables(compare):
    table = "<table><caption>Totals</caption><tbody><tr><td>{}</td></tr></tbody></table>"
    assert compare({"body": table.format(4)}, {"body": table.format(5)})[0].same


def test_passages_in_another_order_are_a_difference():
    assert [change.name for change in compare_texts(["a b", "c d"], ["c d", "a b"])] == ["order of the passages"]
    assert [change.state for change in compare_texts(["a b", "a b"], ["a b"])] == ["gone"]


def test_figures_are_told_with_the_alternative_texts_that_changed(compare):
    figure = '<figure id="{}"><img alt="{}" src="data:,"><figcaption>Caption.</figcaption></figure>'
    was = figure.format("map", "Ten places.") + figure.format("old", "x")
    now = figure.format("map", "Nine places.") + figure.format("fresh", "x")
    _, lines = compare({"body": was}, {"body": now})
    assert items(lines, "Figures") == ["old: gone", "fresh: new", "map: was “Ten places.”, is now “Nine places.”"]


def test_editions_in_two_languages_are_compared_by_their_numbers_only(compare):
    body = '<figure id="map"><img alt="{0}" src="data:,"></figure><p>{0}</p><table><tbody><tr><th scope="row">{0}</th></table>'
    was = {"body": body.format("Ten places."), "numbers": [number("a", 4)]}
    now = {"body": body.format("Tien plaatsen."), "edition": EDITION | {"language": "nl"}}
    found, lines = compare(was, now | {"numbers": [number("a", 4)]})
    assert found.same
    assert "  text: not compared, for the languages differ" in lines
    assert not compare(was, now | {"numbers": [number("a", 5)]})[0].same


def test_files_of_one_edition_only_are_told(compare):
    _, lines = compare({}, {"outputs": {"answer.html": "0", "answer.docx": "0"}})
    assert items(lines, "Files") == ["answer.docx: new"]


def test_a_long_list_is_cut_after_twenty_unless_all_is_asked(compare):
    many = [number(f"n{place}", place) for place in range(23)]
    _, lines = compare({}, {"numbers": many})
    listed = items(lines, "Numbers")
    assert (len(listed), listed[-1]) == (21, "and 3 more (--all shows them)")
    assert len(items(compare({}, {"numbers": many}, every=True)[1], "Numbers")) == 23


def test_control_characters_of_a_name_never_reach_the_terminal(compare):
    now = {"chosen": [["title"], ["\x1b[31mred\u202e"]]}
    _, lines = compare({"tables": {"plan": [["phase"], ["one"]]}}, {"tables": now})
    assert items(lines, "Names of titles") == [r"\x1b[31mred\u202e: new"]


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [(1234567.0, "count", "1,234,567"), (2.345, "person_months", "2.35 person-months"), (0.5, "share", "50%"),
     (100.0, "euro", "100 euro"), (None, "count", ""), ("2024-05-01", "date", "2024-05-01"),
     (1.0, "persons", "1 person"), (1.0, "euro", "1 euro")],
)  # fmt: skip
def test_a_value_is_said_in_its_unit(value, unit: str, shown: str):
    assert say_value(value, unit) == shown


def test_a_folder_without_page_or_manifest_cannot_be_compared(tmp_path: Path):
    whole = build_edition(tmp_path / "a")
    with pytest.raises(InputError, match=r"b/manifest\.json: found no such file"):
        compare_editions(whole, tmp_path / "b")
    (build_edition(tmp_path / "c") / "answer.html").unlink()
    with pytest.raises(InputError, match=r"c/answer\.html: found no such file"):
        compare_editions(whole, tmp_path / "c")


# The command.


def diff(capfd, monkeypatch, *arguments: object) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["oproep", "diff", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    captured = capfd.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


def test_the_exit_code_tells_same_different_and_not_comparable(capfd, monkeypatch, tmp_path: Path):
    was, now = build_edition(tmp_path / "a"), build_edition(tmp_path / "b", body="<p>Quite another.</p>")
    assert diff(capfd, monkeypatch, was, was)[0] == 0
    code, out, err = diff(capfd, monkeypatch, was, now)
    assert (code, err) == (1, "")
    assert "the editions differ" in out
    code, out, err = diff(capfd, monkeypatch, was, tmp_path)
    assert (code, out) == (2, "")
    assert "manifest.json" in err


def test_diff_as_json_holds_every_part(capfd, monkeypatch, tmp_path: Path):
    was = build_edition(tmp_path / "a", numbers=[number("a", 4)])
    now = build_edition(tmp_path / "b", numbers=[number("a", 5)], body="<p>Quite another.</p>")
    code, out, _ = diff(capfd, monkeypatch, was, now, "--json")
    found = json.loads(out)
    assert (code, found["same"], found["comparable"]) == (1, False, True)
    assert found["numbers"] == [{"name": "a", "state": "changed", "was": 4, "now": 5, "unit": "count"}]
    assert {change["state"] for change in found["texts"]} == {"gone", "new"}


# Real editions.


@pytest.fixture(scope="module")
def editions(tmp_path_factory: pytest.TempPathFactory, make_project) -> list[Path]:
    """Return the public editions of the small call on the eve of the announcement and on its day."""
    store = Store(make_project(tmp_path_factory.mktemp("editions")), SMALL_CALL)
    days = ("2024-03-31", "2024-04-01")
    return run(store, [Edition.model_validate({"as_of": day, "audience": "public", "language": "en"}) for day in days])


def test_the_announcement_releases_the_chosen_projects_and_nothing_else(editions: list[Path]):
    found = compare_editions(*editions)
    assert "chosen" in {change.name for change in found.tables if change.state == "new"}
    named = {change.name for changes in found.names.values() for change in changes}
    assert {change.state for changes in found.names.values() for change in changes} == {"new"}
    chosen = ("Shade on the square", "The climbing willow", "Rain garden in front of the school", "Trees on the car")
    assert all(any(title in name for name in named) for title in chosen)
    assert {change.name for change in found.numbers if change.state != "same"} <= {"edition.as_of"}
    back = compare_editions(*reversed(editions))
    assert {change.state for changes in back.names.values() for change in changes} == {"gone"}
