"""What tables, columns and codes mean in the language of a reader; in English where nothing was translated."""

from __future__ import annotations

from typing import Any

from analysis.contracts import Contract
from analysis.declarations import Language
from analysis.wording import read_texts


def describe_table(contract: Contract, language: Language) -> str:
    """Return what a table holds."""
    return str(_translation(language, contract.name).get("description", contract.description))


def describe_column(contract: Contract, name: str, language: Language) -> str:
    """Return what a column means in a table."""
    own = _translation(language, contract.name).get("columns", {})
    common = _words(language).get("columns", {})
    return str(own.get(name) or common.get(name) or contract.columns[name].description)


def translate_codes(contract: Contract, name: str, language: Language) -> dict[str, str]:
    """Return what the codes of a column mean, as far as that was translated."""
    own = _translation(language, contract.name).get("values", {}).get(name, {})
    return {**_words(language).get("values", {}).get(name, {}), **own}


def _words(language: Language) -> dict[str, Any]:
    return dict(read_texts(language).get("dictionary", {}))


def _translation(language: Language, table: str) -> dict[str, Any]:
    return dict(_words(language).get("tables", {}).get(table, {}))
