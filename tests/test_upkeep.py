"""The editions of a day that call.yml tells, and old editions that are removed while others stay."""

import fcntl
import threading
from datetime import date
from pathlib import Path

import pytest

from analysis.plan import Plan, Unit
from analysis.upkeep import find_old, name_editions, remove_old

DECLARED = ("2024-04-01-public-en", "2024-03-20-internal-nl", "2024-04-15-public-en", "2024-04-01-public-nl")


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    answer = Unit("08_answer", "08_answer")
    return Plan(tmp_path, "small", "nl", (), (answer,), DECLARED[:1])


def put(plan: Plan, *names: str) -> None:
    for name in names:
        report, note = plan.reports / name, plan.state / f"08_answer-{name}.json"
        copy, table = (
            plan.processed / "notebooks" / f"08_answer-{name}.ipynb",
            plan.processed / "released" / name / "chosen.parquet",
        )
        for path in (report / "manifest.json", report / "sheets" / "G01.html", note, copy, table):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("{}")


def names_below(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_editions_of_a_day_are_one_for_each_declared_audience_and_language_in_their_order():
    assert name_editions(DECLARED, date(2024, 5, 6)) == [
        "2024-05-06-public-en",
        "2024-05-06-internal-nl",
        "2024-05-06-public-nl",
    ]


def test_the_newest_days_stay_of_each_audience_and_language():
    kinds, days = ("public-nl", "public-en", "internal-nl"), [f"2024-05-{day:02}" for day in range(1, 8)]
    names = [f"{day}-{kind}" for day in days for kind in kinds] + ["2023-01-01-internal-en"]
    old = find_old(names, (), 3)
    assert sorted(old) == sorted(f"{day}-{kind}" for day in days[:4] for kind in kinds)


def test_a_spared_edition_neither_goes_nor_takes_the_place_of_another():
    names = [f"2024-05-0{day}-public-nl" for day in (1, 2, 3, 4)]
    assert find_old(names, [names[0], names[3]], 1) == {names[1]}


def test_what_is_not_the_name_of_an_edition_is_never_old():
    names = ["latest", ".aside", "bench", "2024-13-01-public-nl", "2024-01-01-public-fr", "2024-01-01-press-nl"]
    assert find_old([*names, "2024-05-01-public-nl"], (), 1) == set()


def test_an_old_edition_goes_with_all_that_was_kept_for_it(plan: Plan):
    old, new = "2024-05-01-public-nl", "2024-05-02-public-nl"
    put(plan, old, new)
    assert remove_old(plan, [], 1) == [old]
    assert names_below(plan.reports) == {new}
    assert names_below(plan.processed / "released") == {new}
    assert names_below(plan.processed / "notebooks") == {f"08_answer-{new}.ipynb"}
    assert names_below(plan.state) == {f"08_answer-{new}.json"}
    assert (plan.reports / new / "sheets" / "G01.html").is_file()


def test_declared_ones_those_just_made_and_the_latest_stay_whatever_their_day(plan: Plan):
    made, latest, old, new = (f"20{year}-01-01-public-en" for year in (10, 11, 12, 30))
    put(plan, DECLARED[0], made, latest, old, new)
    (plan.reports / "latest").symlink_to(latest)
    assert remove_old(plan, [made], 1) == [old]
    assert names_below(plan.reports) == {DECLARED[0], made, latest, new, "latest"}


def test_a_folder_that_is_no_edition_stays(plan: Plan):
    put(plan, "2024-05-02-public-nl", "minutes")
    own, elsewhere = plan.reports / "2020-01-01-public-nl", plan.root / "elsewhere"
    own.mkdir()
    (own / "my notes.txt").write_text("by hand")
    elsewhere.mkdir()
    (elsewhere / "manifest.json").write_text("{}")
    (plan.reports / "2020-01-02-public-nl").symlink_to(elsewhere)
    assert remove_old(plan, [], 1) == []
    assert (own / "my notes.txt").is_file()
    assert (elsewhere / "manifest.json").is_file()


def test_what_a_removal_that_was_killed_has_left_does_not_hinder_the_next(plan: Plan):
    old, new = "2024-05-01-public-nl", "2024-05-02-public-nl"
    put(plan, old, new)
    (plan.reports / ".aside" / old / "sheets").mkdir(parents=True)
    assert remove_old(plan, [], 1) == [old]
    assert names_below(plan.reports) == {new}


def test_removing_waits_for_another_run_of_the_call(plan: Plan):
    put(plan, "2024-05-01-public-nl", "2024-05-02-public-nl")
    said: list[str] = []
    waiting = threading.Event()

    def say(line: str) -> None:
        said.append(line)
        waiting.set()

    with (plan.processed / ".lock").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        removal = threading.Thread(target=remove_old, args=(plan, [], 1, say))
        removal.start()
        assert waiting.wait(30)
        assert (plan.reports / "2024-05-01-public-nl").is_dir()
    removal.join(30)
    assert not (plan.reports / "2024-05-01-public-nl").exists()
    assert said == ["waiting for another run of small"]
