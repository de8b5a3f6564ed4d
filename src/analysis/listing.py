"""The data dictionary of a call: every table with its columns, as Markdown and as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from analysis import messages

if TYPE_CHECKING:
    from analysis.contracts import Contract

HEADS = ("column", "meaning", "unit", "values", "key")


def describe(contract: Contract, language: messages.Language = "en") -> Iterator[str]:
    """Yield the lines of a table's description, as Markdown; what it means in Dutch stands in dictionary.yml."""
    about, columns = contract.description, {name: column.description for name, column in contract.columns.items()}
    if language != "en":
        from analysis.glossary import describe_column, describe_table

        about = describe_table(contract, language)
        columns = {name: describe_column(contract, name, language) for name in columns}
    made = messages.say(f"made by {contract.maker}", language)
    yield f"## {contract.name}\n\n{about}; {made}.\n"
    yield _row(messages.say(head, language) for head in HEADS) + "\n" + _row("---" for _ in HEADS)
    for name, column in contract.columns.items():
        values = column.expected() + (", or empty" if column.nullable else "")
        is_key = messages.say("key", language) if name in contract.key else ""
        key = ", ".join(filter(None, [is_key, ".".join(contract.foreign.get(name, ()))]))
        yield _row((name, columns[name], column.unit, messages.say(values, language, "part"), key))
    yield ""


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def list_tables(contracts: Iterable[Contract]) -> list[dict[str, Any]]:
    """Return all tables with their columns as plain values."""
    return [
        {
            "name": contract.name,
            "description": contract.description,
            "made_by": contract.maker,
            "key": list(contract.key),
            "columns": [_list_column(contract, name) for name in contract.columns],
        }
        for contract in contracts
    ]


def _list_column(contract: Contract, name: str) -> dict[str, Any]:
    column = contract.columns[name]
    return {
        "name": name,
        "description": column.description,
        "kind": column.kind,
        "unit": column.unit,
        "allowed": list(column.allowed) if column.allowed is not None else None,
        "low": column.low,
        "high": column.high,
        "optional": column.nullable,
        "refers_to": ".".join(contract.foreign.get(name, ())) or None,
    }
