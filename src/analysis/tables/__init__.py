"""The contract of every table of a call, raw and processed; allowed values come from the call itself."""

from __future__ import annotations

from analysis.call import Call
from analysis.contracts import Contract
from analysis.tables import distribution, evaluation, ingest, reconciliation, resources, scoring, selection
from analysis.tables.cells import indicator_contract

__all__ = ["contracts", "indicator_contract"]
STEPS = (ingest, distribution, scoring, selection, resources, evaluation, reconciliation)


def contracts(call: Call) -> dict[str, Contract]:
    """Return the contract of every table of this call by name, in the order of the steps that make them."""
    return {contract.name: contract for step in STEPS for contract in step.contracts(call)}
