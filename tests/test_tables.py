"""The tables of a call: names, keys, foreign keys and makers agree, and allowed values come from the call."""

from __future__ import annotations

from pathlib import Path

import pytest
from builders import named, small_call

from analysis.contracts import Contract
from analysis.steps import read_pipeline
from analysis.tables import contracts, indicator_contract

CALL = small_call()
CONTRACTS = contracts(CALL)
PIPELINE = read_pipeline(Path(__file__).parents[1] / "notebooks")
RAW = ["municipalities", "actors", "proposals", "involvement", "scores", "masterclasses", "budget", "staffing",
       "survey", "decision", "follow_up_choice", "pilots", "joining"]  # fmt: skip


def test_raw_tables_come_first() -> None:
    assert list(CONTRACTS)[: len(RAW)] == RAW


def test_no_two_contracts_have_the_same_name() -> None:
    made = [table for step in PIPELINE.steps for table in step.makes]
    assert sorted(made) == sorted(CONTRACTS)  # of two with one name the first would be lost, and its table be without


def test_every_table_that_a_step_makes_has_a_contract_with_that_maker() -> None:
    made = {(table, step.name) for step in PIPELINE.steps for table in step.makes}
    assert made == {(contract.name, contract.maker) for contract in CONTRACTS.values()}


@pytest.mark.parametrize("contract", CONTRACTS.values(), ids=list(CONTRACTS))
def test_a_contract_is_whole(contract: Contract) -> None:
    assert contract.key
    assert set(contract.key) <= set(contract.columns)
    # An omissible column tells rows apart where it is delivered; without it the rest of the key does so alone.
    assert not any(contract.columns[name].optional and not contract.columns[name].omissible for name in contract.key)
    assert contract.description
    assert all(column.description for column in contract.columns.values())
    assert all(
        column.allowed is None or len(set(column.allowed)) == len(column.allowed)
        for column in contract.columns.values()
    )
    for column, (other, key) in contract.foreign.items():
        assert column in contract.columns
        assert CONTRACTS[other].key == (key,)


def test_every_step_but_the_last_records_indicators() -> None:
    named_so = [name for name in CONTRACTS if name.endswith("_indicators")]
    steps = [step.name for step in PIPELINE.steps[:-1]]
    assert sorted(named_so) == sorted(f"{step[3:]}_indicators" for step in steps)
    columns = indicator_contract("any", "02_any").columns
    assert all(CONTRACTS[name].columns == columns for name in [*named_so, "indicators"])


def test_allowed_values_come_from_the_call() -> None:
    other = contracts(
        small_call(
            categories=[named("only", "enige", "only")],
            scoring={
                "scale": {"low": -2, "high": 3},
                "criteria": [named("taste", "smaak", "taste")],
                "raters": [named("cook", "kok", "cook", role="juror", criteria=["taste"])],
            },
        )
    )
    assert other["proposals"].columns["category"].allowed == ("only",)
    assert other["scores"].columns["rater"].allowed == ("cook",)
    assert other["scores"].columns["criterion"].allowed == ("taste",)
    score = other["scores"].columns["score"]
    assert (score.low, score.high) == (-2, 3)
    severity = other["rater_spread"].columns["severity"]
    assert (severity.low, severity.high) == (-5, 5)


def test_a_proposal_may_belong_to_no_other_field() -> None:
    assert CONTRACTS["proposals"].columns["umbrella"].allowed == ("none", "heritage")


def test_only_what_a_call_may_leave_open_is_optional() -> None:
    optional = {name: [c for c, column in CONTRACTS[name].columns.items() if column.optional] for name in RAW}
    assert optional == {
        "municipalities": [], "actors": ["contact"], "involvement": [], "scores": [], "staffing": [], "survey": [],
        "budget": ["year"],
        "proposals": ["summary", "partnership", "focus", "maturity_intake", "maturity_end", "requested_euro",
                      "requested_staff_months", "start", "months", "umbrella"],
        "masterclasses": ["feasibility", "desirability"],
        "decision": ["reason", "chosen"],
        "follow_up_choice": ["pilot"], "joining": [],
        "pilots": ["success", "support", "wider_need", "yearly_cost", "assessed_on"],
    }  # fmt: skip
