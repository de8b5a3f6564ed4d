"""Datasets that the tests of the re-usable tables are built on: two small tables of every kind of cell, and hostile texts."""

from __future__ import annotations

from typing import Any

import pandas as pd
from builders import small_call

from analysis.contracts import Column, Contract
from analysis.declarations import Edition
from analysis.publish.dictionary import Dataset
from analysis.published import Sources

HOSTILE = [
    '=HYPERLINK("http://a.example","b")',
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    "=1+1",
    "00123",
    "1e5",
    "TRUE",
    "http://a.example/",
    "internal:'x'!A1",
    "<script>alert(1)</script>",
    "<r><t>x</t></r>",
    "]]>",
    "#eval(sys)",
    "{{ 7 * 7 }}",
    "${7}",
    '"quoted", and; comma',
    "two\nlines",
    "tab\there",
    " spaces around ",
    "'apostrophe",
    "שלום \u200f right-to-left",
    "zero\u200bwidth",
    "😀" * 40,
    "a" * 10_000,
    "**bold** \\textbf{x}",
    "#N/A",
    "nan",
    "null",
]
CONTRACTS = {
    "ideas": Contract(
        "ideas",
        "01_ingest",
        "Ideas of a test",
        {
            "idea": Column("text", "Id of the idea"),
            "title": Column("text", "Title", optional=True),
            "kind": Column("text", "Kind", allowed=("a", "b"), optional=True),
            "places": Column("integer", "Places", "count", low=0, optional=True),
            "share": Column("number", "Share", "share", low=0, high=1, optional=True),
            "euro": Column("number", "Money", "euro", optional=True),
            "open": Column("flag", "Whether it is open"),
            "start": Column("day", "First day", optional=True),
        },
        key=("idea",),
    ),
    "scores": Contract(
        "scores",
        "01_ingest",
        "Scores of a test",
        {
            "idea": Column("text", "Idea"),
            "rater": Column("text", "Rater", allowed=("r1", "r2"), withheld_from=("public",)),
            "score": Column("number", "Score", "points", low=0, high=10),
        },
        key=("idea", "rater"),
        foreign={"idea": ("ideas", "idea")},
    ),
}
SOURCES = Sources.model_validate(
    {
        "synthetic": True,
        "notice": {"nl": "Verzonnen gegevens.", "en": "Invented records."},
        "files": {
            "ideas.csv": {
                "origin": "made up",
                "licence": "CC BY 4.0",
                "date": "2030-01-01",
                "sha256": "0" * 64,
            }
        },
    }
)


def ideas(**columns: list[Any]) -> pd.DataFrame:
    """Return a table of ideas: of these columns as many rows as the first one given has, of the others their ordinary."""
    length = len(next(iter(columns.values()), [0, 1]))
    ordinary: dict[str, list[Any]] = {
        "idea": [f"I{number}" for number in range(length)],
        "title": ["A title"] * length,
        "kind": ["a"] * length,
        "places": [3] * length,
        "share": [0.25] * length,
        "euro": [1234.5] * length,
        "open": [True] * length,
        "start": [pd.Timestamp("2030-02-01")] * length,
    }
    types = {"places": "Int64", "share": "float64", "euro": "float64", "open": "bool", "start": "datetime64[us]"}
    texts = dict.fromkeys(("idea", "title", "kind"), "str")
    return pd.DataFrame(ordinary | columns).astype(texts | types)


def scores(*rows: tuple[str, str, float]) -> pd.DataFrame:
    """Return a table of scores with these rows: idea, rater, score."""
    return pd.DataFrame(list(rows), columns=["idea", "rater", "score"]).astype(
        {"idea": "str", "rater": "str", "score": "float64"}
    )


def dataset(language: str = "en", audience: str = "public", **tables: pd.DataFrame) -> Dataset:
    """Return the dataset of an edition of the small call that releases these tables."""
    edition = Edition.model_validate({"as_of": "2030-06-15", "audience": audience, "language": language})
    return Dataset(small_call(), edition, tables, CONTRACTS, [SOURCES])
