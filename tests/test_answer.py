"""The answer of the small call: flowing prose from indicators, and silence on what it has no data for."""

import csv
from pathlib import Path

import pytest
from running import compose_edition, read_answer, run_cells, run_steps

from analysis.faults import InputError

CALL = "green-streets-2024"


def test_a_call_of_another_kind_runs_through_the_same_code_to_an_answer_in_english(project: Path):
    answer = compose_edition(run_steps(project, CALL, "en"), "2024-04-01", language="en")
    words = read_answer(answer)
    assert "All twelve ideas presented were scored." in words
    assert "Open Streets Fund" in words
    assert "40,000 euro" in words


def test_the_answer_leaves_out_what_the_call_has_no_data_for(project: Path):
    words = read_answer(compose_edition(run_steps(project, CALL, "en"), "2024-04-01", language="en"))
    assert "No data are available on this part for this call." in words  # the part on staff
    told, _, rest = words.partition("What this answer leaves out, and why")
    left_out, _, annexes = rest.partition("Annex 1")
    for wanting in ("staffing.csv", "masterclasses.csv", "survey.csv", "survey_questions"):
        assert wanting in left_out
    for absent in ("survey", "masterclass", "reconciliation", "published figures", "person-months"):
        assert absent not in told
    for absent in ("reconciliation", "published figures", "person-months", "nan", "None"):
        assert absent not in left_out + annexes


def test_the_parts_of_the_answer_follow_the_questions_asked(project: Path):
    answer = compose_edition(run_steps(project, CALL, "en"), "2024-04-01", language="en")
    headings = [str(block.markup) for block in answer.answers() if "<h3" in str(getattr(block, "markup", ""))]
    expected = ["grounds for the choice", "approved projects", "funds", "staff", "evaluation"]
    assert [heading.split(": ")[1].split("<")[0] for heading in headings] == expected


def change_cell(path: Path, key: dict[str, str], column: str, value: str) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if all(row[name] == wanted for name, wanted in key.items()):
            row[column] = value
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


CHANGES = {
    "a budget line": ("budget", {"line": "Upkeep"}, "euro", "12345", "40,000 euro", "42,345 euro"),
    "a municipality": (
        "involvement",
        {"proposal": "G07", "nis": "44048"},
        "nis",
        "31022",
        "involve nine",
        "involve eight",
    ),
    "a score": (
        "scores",
        {"proposal": "G04", "rater": "rater-2", "criterion": "benefit"},
        "score",
        "0",
        "Rain garden in front of the school",
        "Avenue of limes",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_one_changed_record_changes_the_answer_accordingly(project: Path, change: str):
    table, key, column, value, before, after = CHANGES[change]
    old = read_answer(compose_edition(run_steps(project, CALL, "en"), "2024-04-01", language="en"))
    assert before in old
    assert after not in old
    change_cell(project / "data" / "raw" / CALL / f"{table}.csv", key, column, value)
    new = read_answer(compose_edition(run_steps(project, CALL, "en"), "2024-04-01", language="en"))
    assert before not in new
    assert after in new
    assert f"{table}.csv has changed since the delivery" in new


def test_an_edition_without_the_right_to_the_indicators_is_refused(project: Path):
    path = project / "data" / "raw" / CALL / "call.yml"
    path.write_text(
        path.read_text(encoding="utf-8").replace(
            "table: indicators, audience: public", "table: indicators, audience: internal"
        ),
        encoding="utf-8",
    )
    store = run_steps(project, CALL, "en")
    with pytest.raises(
        InputError, match=r"release: found no such rule; expected a rule that releases the table indicators"
    ):
        compose_edition(store, "2024-04-01", language="en")


def test_a_notebook_run_before_its_tables_names_the_command_that_makes_them(project: Path):
    with pytest.raises(InputError, match=f"no such table; expected a table made by `oproep run {CALL}`"):
        run_cells(project / "notebooks" / "04_selection.ipynb", {"call": CALL, "language": "en"})
