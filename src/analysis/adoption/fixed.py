"""The groups that are the same in every call, by the words that they are written with."""

from __future__ import annotations

from collections.abc import Mapping

REACHES = {
    "local": ("lokaal", "local", "lokale", "gemeentelijk"),
    "regional": ("regionaal", "regional", "bovenlokaal", "intergemeentelijk", "regionale", "supralocal"),
}
MATURITY = {
    "idea": ("idee", "idea"),
    "plan": ("plan", "projectplan", "concept"),
    "prototype": ("prototype", "proefopstelling"),
}
PHASES = {
    "call": ("oproep", "call", "projectoproep", "voorbereiding", "masterclasses"),
    "pilots": ("pilots", "pilot", "proefprojecten", "projecten", "uitvoering", "opschaling", "projects"),
}
FIXED: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "reach": REACHES,
    "maturity_intake": MATURITY,
    "maturity_end": MATURITY,
    "phase": PHASES,
}
