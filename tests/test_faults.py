"""Faults: every one a sentence with place, found and expected; all in one message."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from analysis.faults import Fault, InputError, refuse

TWO = (Fault("scores.csv, row 2", "'ten'", "a number"), Fault("call.yml, line 7", "no such key", "a value"))


def test_a_fault_says_where_it_is_what_was_found_and_what_was_expected() -> None:
    assert str(TWO[0]) == "scores.csv, row 2: found 'ten'; expected a number."


def test_one_message_holds_every_fault_on_a_line_of_its_own_in_the_order_given() -> None:
    error = InputError(TWO)
    assert error.faults == TWO
    assert str(error) == (
        "scores.csv, row 2: found 'ten'; expected a number.\ncall.yml, line 7: found no such key; expected a value."
    )


def test_fifty_faults_are_all_said() -> None:
    lines = InputError(Fault(f"row {row}", "x", "y") for row in range(50)).message().split("\n")
    assert lines == [f"row {row}: found x; expected y." for row in range(50)]


def test_of_more_than_fifty_faults_the_first_fifty_and_the_number_of_the_others_are_said() -> None:
    error = InputError(Fault(f"row {row}", "x", "y") for row in range(53))
    lines = error.message().split("\n")
    assert (lines[0], lines[49], lines[50:]) == (
        "row 0: found x; expected y.",
        "row 49: found x; expected y.",
        ["... and 3 more."],
    )
    assert len(error.faults) == 53


def test_without_faults_nothing_is_refused() -> None:
    asked = []

    def none_found() -> Iterator[Fault]:
        asked.append(True)
        yield from ()

    refuse(none_found())
    assert asked == [True]


def test_faults_found_one_by_one_are_refused_together() -> None:
    with pytest.raises(InputError) as caught:
        refuse(fault for fault in TWO)
    assert caught.value.faults == TWO
