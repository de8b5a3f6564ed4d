"""How the benchmarks measure and judge: figures made up here, no time that a machine took."""

from __future__ import annotations

import csv
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest
import yaml
from bench import __main__ as entry
from bench import contest, plain, run, sheets, trial
from bench import project as run_project
from bench import ranking as ranking_bench
from bench.measure import (
    ALL_MEMORY,
    CPU,
    MEMORY,
    SECONDS,
    TIMES,
    Bound,
    Case,
    Run,
    Way,
    fresh,
    measure,
    run_command,
    summarise,
    tabulate,
)
from bench.tree import list_children, read_memory, read_times
from nbformat.v4 import new_code_cell, new_notebook
from PIL import Image, ImageColor

from analysis.expectation import expect_ranks
from analysis.figures import CONTRAST, MAIN
from analysis.plan import Plan
from analysis.sheetrun import sheets_folder

MIB = 1024 * 1024
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="processes are watched through /proc")
GREY_OF_OURS, GREY_OF_OTHERS = (round(ImageColor.getrgb(colour)[0] * 0.299 + ImageColor.getrgb(colour)[1] * 0.587
                                      + ImageColor.getrgb(colour)[2] * 0.114) for colour in (MAIN, CONTRAST))  # fmt: skip


OURS, HALF, DOUBLE = Run(2, 4, 100, {ALL_MEMORY: 50}), Run(1, 4, 25, {ALL_MEMORY: 60}), Run(4, 2, 100, {ALL_MEMORY: 25})


def case_of(ours: Run, theirs: Run, parts: float = 1) -> Case:
    return Case("a case", (Way("ours", lambda _: ours), Way("peer", lambda _: theirs, parts)), runs=1)


def table_of(case: Case, bounds: list[Bound]) -> list[dict[str, Any]]:
    return tabulate(case, measure(case), bounds)


def contest_of(**runs: Run) -> Case:
    return Case("a case", [Way(name, lambda _, run=run: run) for name, run in runs.items()], runs=1)  # type: ignore[misc]


def compare(case: Case, bounds: list[Bound]) -> dict[str, dict[str, Any]]:
    return {row["way"]: row for row in contest.tabulate(case, measure(case), bounds)}


def test_times_are_medians_scaled_up_to_the_whole_work_and_all_else_is_the_highest() -> None:
    runs = [Run(3, 9, 10, {"R-hat": 1.2}), Run(1, 2, 40, {"R-hat": 1.1}), Run(5, 4, 20, {"R-hat": 1.0})]
    assert summarise(runs, parts=10) == {SECONDS: 30, CPU: 40, MEMORY: 40, "R-hat": 1.2}


def test_a_ratio_is_how_many_times_as_much_the_peer_takes() -> None:
    rows = {row["unit"]: row for row in table_of(case_of(Run(2, 4, 100), Run(3, 1, 50), parts=4), [])}
    assert {unit: row["ratio"] for unit, row in rows.items()} == {SECONDS: 6, CPU: 1, MEMORY: 0.5}
    assert {row["kept"] for row in rows.values()} == {None}
    assert (rows[SECONDS]["ours"], rows[SECONDS]["theirs"]) == (2, 12)


@pytest.mark.parametrize(
    ("below", "unit", "kept"),
    [
        (2.1, SECONDS, "yes"),
        (2, SECONDS, "no"),
        (0.6, TIMES, "yes"),
        (0.4, TIMES, "no"),
        (101, MEMORY, "yes"),
        (99, MEMORY, "no"),
        (1.01, "R-hat", "no"),
    ],
)
def test_a_bound_is_kept_by_what_lies_below_it(below: float, unit: str, kept: str) -> None:
    rows = table_of(case_of(Run(2, 4, 100, {"R-hat": float("nan")}), Run(4, 1, 50)), [Bound("a case", below, unit)])
    assert {row["unit"]: row["kept"] for row in rows if row["bound"] is not None} == {unit: kept}


def test_a_bound_on_what_is_not_measured_is_an_error() -> None:
    with pytest.raises(ValueError, match="a case: no measured R-hat"):
        table_of(case_of(Run(1, 1, 1), Run(1, 1, 1)), [Bound("a case", 1, "R-hat")])


def test_all_ways_run_in_turn_in_one_folder_made_ready_before_and_each_run_is_told() -> None:
    done: list[tuple[str, Path]] = []
    told: list[str] = []

    def way(name: str) -> Callable[[Path], Run]:
        def run(folder: Path) -> Run:
            done.append((name, folder))
            return Run(1, 1, 1)

        return run

    ways = [Way(name, way(name)) for name in ("ours", "one", "other")]
    measure(Case("a case", ways, 5, before=way("before")), 2, told.append)
    assert [name for name, _ in done] == ["before", *["ours", "one", "other"] * 2]
    assert len({folder for _, folder in done}) == 1
    assert not done[0][1].exists()
    assert told[2:4] == ["a case, round 1 of 2: one ...", "    1.00 s"]


def test_work_in_a_fresh_process_tells_its_facts_and_its_peak(tmp_path: Path) -> None:
    # More than this process ever took: Linux counts the peak of a process as that of those it starts, too.
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 + 64 * MIB
    (tmp_path / "size").write_text(str(size), encoding="utf-8")
    run = fresh(trial.allocate)(tmp_path)
    assert run.facts == {"bytes": size}
    assert size / MIB < run.peak < size / MIB + 64
    assert (tmp_path / "done").exists()


def test_work_that_fails_in_its_process_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="ended with exit code 1"):
        fresh(trial.fail)(tmp_path)


@pytest.mark.parametrize(("below", "code"), [(3, 0), (2, 1)])
def test_the_command_writes_its_table_and_ends_with_1_where_a_bound_is_broken(
    below: float, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bounds = [Bound("a case", below, SECONDS), Bound("another case", 0, SECONDS)]
    subject = SimpleNamespace(CASES=[case_of(Run(2, 4, 100), Run(3, 1, 50))], BOUNDS=bounds)
    monkeypatch.setitem(sys.modules, "bench.made_up", subject)
    monkeypatch.setattr(entry, "SUBJECTS", ("made_up",))
    monkeypatch.setattr(entry, "TARGET", tmp_path / "bench")
    assert entry.main(["made_up"]) == code
    with (tmp_path / "bench" / "made_up.csv").open(encoding="utf-8") as file:
        first = next(csv.DictReader(file))
    kept = "no" if code else "yes"
    values = {"ours": "2", "theirs": "3", "ratio": "1.5", "bound": str(below), "kept": kept}
    assert first == {"case": "a case", "peer": "peer", "unit": SECONDS, **values}
    shown = capsys.readouterr().out.splitlines()
    assert shown[1].split()[-5:] == list(values.values())


def test_an_unknown_subject_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert entry.main(["run", "runing"]) == 2
    assert capsys.readouterr().err == f"no subject runing; expected one of {', '.join(entry.SUBJECTS)}\n"


@pytest.mark.parametrize("name", entry.SUBJECTS)
def test_every_bound_of_a_subject_is_on_one_of_its_cases_and_ways(name: str) -> None:
    subject = import_module(f"bench.{name}")
    cases = {case.name: {way.name for way in case.ways} for case in subject.CASES}
    assert len(cases) == len(subject.CASES)
    assert [len(cases[case.name]) for case in subject.CASES] == [len(case.ways) for case in subject.CASES]
    assert all(bound.way in cases[bound.case] | {""} for bound in subject.BOUNDS)


def test_a_way_stands_beside_the_first_with_what_it_took_and_how_many_times_as_much() -> None:
    rows = compare(contest_of(ours=OURS, half=HALF, double=DOUBLE), [])
    taken = {name: (row[SECONDS], row[CPU], row[MEMORY], row[ALL_MEMORY]) for name, row in rows.items()}
    assert taken == {"ours": (2, 4, 100, 50), "half": (1, 4, 25, 60), "double": (4, 2, 100, 25)}
    ratios = {name: tuple(row[ratio] for ratio in contest.RATIOS) for name, row in rows.items()}
    assert ratios == {"ours": (1, 1, 1), "half": (0.5, 1, 1.2), "double": (2, 0.5, 0.5)}


@pytest.mark.parametrize(
    ("bound", "kept"),
    [
        (Bound("a case", 2, contest.TIMES_OURS, "double", least=True), "yes"),
        (Bound("a case", 2.1, contest.TIMES_OURS, "double", least=True), "no"),
        (Bound("a case", 0.6, contest.TIMES_OURS, "half"), "yes"),
        (Bound("a case", 0.5, contest.TIMES_OURS, "half"), "no"),
        (Bound("a case", 1.1, SECONDS, "half"), "yes"),
        (Bound("a case", 1.1, contest.TIMES_MEMORY, "half", least=True), "yes"),
        (Bound("a case", 1.1, contest.TIMES_CPU, "half", least=True), "no"),
    ],
)
def test_a_bound_of_a_way_is_what_it_must_reach_or_stay_below(bound: Bound, kept: str) -> None:
    rows = compare(contest_of(ours=OURS, half=HALF, double=DOUBLE), [bound])
    assert {name: row["kept"] for name, row in rows.items() if row["bound"]} == {bound.way: kept}
    assert rows[bound.way]["bound"].split()[0] == ("at" if bound.least else "below")


def test_a_bound_on_a_way_that_there_is_not_or_on_what_it_does_not_tell_is_an_error() -> None:
    with pytest.raises(ValueError, match="no measured another"):
        compare(contest_of(ours=OURS), [Bound("a case", 1, SECONDS, "another")])
    with pytest.raises(ValueError, match="no measured times the memory of ours"):
        compare(contest_of(ours=Run(1, 1, 1), half=HALF), [Bound("a case", 1, contest.TIMES_MEMORY, "half")])


def test_a_contest_is_written_as_table_and_picture_that_show_every_way(tmp_path: Path) -> None:
    case = contest_of(ours=OURS, half=HALF, double=DOUBLE)
    bounds = [Bound("a case", 1.5, contest.TIMES_OURS, "double", least=True)]
    contest.write(contest.tabulate(case, measure(case), bounds), tmp_path / "made_up.csv")
    with (tmp_path / "made_up.csv").open(encoding="utf-8") as file:
        rows = {row["way"]: row for row in csv.DictReader(file)}
    assert {name: row[contest.TIMES_OURS] for name, row in rows.items()} == {"ours": "1", "half": "0.5", "double": "2"}
    assert (rows["double"]["bound"], rows["double"]["kept"]) == ("at least 1.5 times ours", "yes")
    said = (tmp_path / "made_up.md").read_text(encoding="utf-8").splitlines()
    assert [line.split(" | ")[0] for line in said[2:5]] == ["| ours", "| half", "| double"]
    assert len({line.count("|") for line in said[:5]}) == 1
    assert (tmp_path / "made_up.svg").read_text(encoding="utf-8").startswith("<svg ")
    with Image.open(tmp_path / "made_up.png") as picture:
        greys = [sum(count for count, grey in picture.convert("L").getcolors() if abs(grey - level) < 3)
                 for level in (GREY_OF_OURS, GREY_OF_OTHERS)]  # fmt: skip
    lengths = {"ours": 2 / 4 * 3 + 50 / 60 * 2, "others": (1 + 4) / 4 * 3 + (60 + 25) / 60 * 2}  # panels as 3 to 2
    assert greys[0] / greys[1] == pytest.approx(lengths["ours"] / lengths["others"], rel=0.1)


@LINUX
def test_a_command_counts_with_all_that_it_starts_and_leaves_to_others() -> None:
    child = "import time; block = b'1' * (64 << 20); sum(range(40_000_000)); time.sleep(0.8)"
    ignoring = "import signal, subprocess, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN)"
    command = f"{ignoring}; child = subprocess.Popen([sys.executable, '-c', {child!r}]); child.wait()"
    run = run_command(sys.executable, "-c", command)
    assert run.facts[ALL_MEMORY] > 64
    assert run.cpu > 0.3  # what the system tells of it is that of the parent alone


def test_a_command_that_fails_says_what_it_said() -> None:
    with pytest.raises(RuntimeError, match="ended with exit code 3") as failed:
        run_command(sys.executable, "-c", "import sys; print('the cause'); sys.exit(3)")
    assert "the cause" in failed.value.__notes__[0]


@LINUX
def test_a_process_that_has_ended_has_no_children_no_time_and_no_memory() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    assert (list_children(process.pid), read_times(process.pid), read_memory(process.pid)) == ([], None, 0)
    assert read_memory(os.getpid()) > 10


def test_a_plain_process_shows_what_the_cells_show_and_takes_parameters_after_their_cell() -> None:
    cells = [
        new_code_cell("number = 1", metadata={"tags": ["parameters"]}),
        new_code_cell("from IPython.display import display\ndisplay(number + 1, number)\nnumber * 10"),
        new_code_cell("number += 1"),
        new_code_cell("display(number)"),
    ]
    notebook = new_notebook(cells=cells)
    plain.run_notebooks([(notebook, {"number": 4})])
    shown = [[output.data["text/plain"] for output in cell.outputs] for cell in notebook.cells]
    assert shown == [[], ["5", "4", "40"], [], ["5"]]


def test_the_steps_of_a_plain_process_are_those_of_the_pipeline_with_the_parameters_of_each(project: Path) -> None:
    steps = plain.list_steps(project, "a call", "2020-01-02-public-en")
    declared = yaml.safe_load((project / "notebooks" / "pipeline.yml").read_text(encoding="utf-8"))["steps"]
    assert [name for name, _ in steps] == [step["name"] for step in declared]
    assert steps[0][1] == {"call": "a call", "language": "en"}
    assert steps[-1][1] == {"call": "a call", "edition": "2020-01-02-public-en"}


def test_one_score_is_changed_within_the_scale_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "scores.csv"
    for score, changed in (("9", "8"), ("1.5", "2.5"), ("0", "1")):
        path.write_text(f"proposal,score\nV1,{score}\nV2,3\n", encoding="utf-8")
        run.change_score(path)
        assert path.read_text(encoding="utf-8") == f"proposal,score\nV1,{changed}\nV2,3\n"


def test_what_the_bench_changes_is_in_the_project(tmp_path: Path) -> None:
    for place in (run.SCORES, run.TEXTS):
        (tmp_path / place.name).write_bytes((run_project.ROOT / place).read_bytes())
    run.change_score(tmp_path / run.SCORES.name)
    run.replace_once(tmp_path / run.TEXTS.name, *run.SENTENCE)
    with pytest.raises(ValueError, match=r"answer\.yml: no"):
        run.replace_once(tmp_path / run.TEXTS.name, *run.SENTENCE)


def test_a_floor_that_makes_other_files_than_ours_is_an_error(tmp_path: Path) -> None:
    for folder in ("ours", "theirs"):
        (tmp_path / folder / "data").mkdir(parents=True)
        (tmp_path / folder / "data" / "table.csv").write_text("a", encoding="utf-8")
    run.refuse_other(tmp_path / "ours", tmp_path / "theirs")
    (tmp_path / "theirs" / "data" / "table.csv").write_text("b", encoding="utf-8")
    with pytest.raises(RuntimeError, match=r"other work than ours: data/table\.csv$"):
        run.refuse_other(tmp_path / "ours", tmp_path / "theirs")


def test_commands_in_turn_add_up_but_for_memory() -> None:
    assert run.join([Run(1, 2, 30, {ALL_MEMORY: 5}), Run(3, 5, 20, {ALL_MEMORY: 7}), Run(0, 0, 0)]) == Run(
        4, 7, 30, {ALL_MEMORY: 7}
    )


def test_a_sample_of_sheets_is_spread_over_all() -> None:
    assert sheets.pick([f"V{number}" for number in range(10)], 5) == ["V0", "V2", "V4", "V6", "V8"]
    assert sheets.pick(["V1", "V2"], 2) == ["V1", "V2"]


def test_sheets_that_are_missing_where_our_way_puts_them_are_an_error(tmp_path: Path) -> None:
    made = sheets_folder(Plan(tmp_path / sheets.OWN, sheets.CALL, "nl", (), (), ()), sheets.EDITION, "proposal")
    made.mkdir(parents=True)
    for name in ("index.html", "V1.html", "V1.pdf"):
        (made / name).touch()
    sheets.refuse_missing(tmp_path, 1)
    with pytest.raises(RuntimeError, match="expected 2 sheets and their list"):
        sheets.refuse_missing(tmp_path, 2)


def test_a_project_of_the_bench_has_code_of_its_own_and_nothing_made(tmp_path: Path) -> None:
    root = run_project.make_project(tmp_path / "own")
    (root / "reports").mkdir()
    run_project.make_project(root)
    assert {path.name for path in root.iterdir()} == {"notebooks", "data", "src", "requirements.lock"}
    told = [sys.executable, "-c", "import analysis; print(analysis.__file__)"]
    place = subprocess.run(told, env=run_project.environment(root), capture_output=True, text=True, check=True).stdout
    assert Path(place).is_relative_to(root)


def test_simulated_reviews_are_shared_out_evenly_and_never_twice_to_one_rater() -> None:
    found = ranking_bench.review(40, 60, 3)
    assert not found.duplicated(["proposal", "rater"]).any()
    assert set(found["proposal"].value_counts()) == {3}
    assert set(found["rater"].value_counts()) == {2}


def test_the_textbook_sampler_expects_the_ranks_that_ours_expects() -> None:
    individual = ranking_bench.review(12, 4, 4)
    drawn = ranking_bench.sample_plainly(individual, 2_000).mean(axis=(0, 1))
    ours = expect_ranks(individual, ranking_bench.SCALE, 3, 1, 2_000).ranks.set_index("proposal")["er"]
    plain = pd.Series(drawn, index=individual["proposal"].unique())
    assert (ours - plain[ours.index]).abs().max() < 0.15
