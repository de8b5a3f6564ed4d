"""How the benchmarks measure and judge: figures made up here, no time that a machine took."""

from __future__ import annotations

import csv
import resource
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest
from bench import __main__ as entry
from bench import ranking as ranking_bench
from bench import trial
from bench.measure import CPU, MEMORY, SECONDS, TIMES, Bound, Case, Run, Way, fresh, measure, summarise

from analysis.expectation import expect_ranks

MIB = 1024 * 1024


def case_of(ours: Run, theirs: Run, parts: float = 1) -> Case:
    return Case("a case", Way("ours", lambda _: ours), Way("peer", lambda _: theirs, parts), runs=1)


def test_times_are_medians_scaled_up_to_the_whole_work_and_all_else_is_the_highest() -> None:
    runs = [Run(3, 9, 10, {"R-hat": 1.2}), Run(1, 2, 40, {"R-hat": 1.1}), Run(5, 4, 20, {"R-hat": 1.0})]
    assert summarise(runs, parts=10) == {SECONDS: 30, CPU: 40, MEMORY: 40, "R-hat": 1.2}


def test_a_ratio_is_how_many_times_as_much_the_peer_takes() -> None:
    rows = {row["unit"]: row for row in measure(case_of(Run(2, 4, 100), Run(3, 1, 50), parts=4), [])}
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
    bounds = [Bound("a case", below, unit), Bound("another case", 0, unit)]
    rows = measure(case_of(Run(2, 4, 100, {"R-hat": float("nan")}), Run(4, 1, 50)), bounds)
    assert {row["unit"]: row["kept"] for row in rows if row["bound"] is not None} == {unit: kept}


def test_a_bound_on_what_is_not_measured_is_an_error() -> None:
    with pytest.raises(ValueError, match="a case: no measured R-hat"):
        measure(case_of(Run(1, 1, 1), Run(1, 1, 1)), [Bound("a case", 1, "R-hat")])


def test_both_ways_run_in_turn_in_one_folder_made_ready_before() -> None:
    done: list[tuple[str, Path]] = []

    def way(name: str) -> Callable[[Path], Run]:
        def run(folder: Path) -> Run:
            done.append((name, folder))
            return Run(1, 1, 1)

        return run

    measure(Case("a case", Way("ours", way("ours")), Way("peer", way("peer")), 2, before=way("before")), [])
    assert [name for name, _ in done] == ["before", "ours", "peer", "ours", "peer"]
    assert len({folder for _, folder in done}) == 1
    assert not done[0][1].exists()


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
    subject = SimpleNamespace(CASES=[case_of(Run(2, 4, 100), Run(3, 1, 50))], BOUNDS=[Bound("a case", below, SECONDS)])
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
def test_every_bound_of_a_subject_is_on_one_of_its_cases(name: str) -> None:
    subject = import_module(f"bench.{name}")
    cases = [case.name for case in subject.CASES]
    assert len(set(cases)) == len(cases)
    assert {bound.case for bound in subject.BOUNDS} <= set(cases)


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
