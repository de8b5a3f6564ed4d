"""How the choice was made: what it rests on, what every condition costs, and the reason for each project left out."""

from __future__ import annotations

from collections.abc import Iterator

from analysis import plots
from analysis.exhibits import table_of_alternatives, table_of_lottery, table_of_prices, table_of_reasons
from analysis.material import Block, Material
from analysis.selection import SHORTLIST


def write_choice(material: Material) -> Iterator[Block]:
    """Yield the choice, the lottery where one was held, the price of every condition, alternatives and reasons.

    Nothing where no choice was computed.
    """
    wording, selection = material.wording, material.call.selection
    if "selection.departures" not in wording.values:
        return
    if selection.lottery and wording.values.get("expectation.drawn"):
        yield from _lottery(material)
    yield material.say(
        "basis.choice",
        departures=wording.values["selection.departures"],
        by_rank=selection.ranked_by == "expected_ranks",
        reasons=_stated(material),
    )
    prices, alternatives = material.find("constraint_prices"), material.find("alternatives")
    if prices is not None:
        yield table_of_prices(material, prices)
    yield material.say("basis.alternatives")
    if alternatives is not None:
        yield table_of_alternatives(material, alternatives)
    yield from _reasons(material)


def _lottery(material: Material) -> Iterator[Block]:
    yield material.say("basis.lottery")
    lottery = material.find("lottery")
    if lottery is not None:
        yield table_of_lottery(material, lottery)


def _reasons(material: Material) -> Iterator[Block]:
    listed, reasons = material.find("selection", "reason"), material.find("reasons")
    if listed is not None:
        yield plots.shortlist(listed, material.wording)
    on_shortlist = reasons[~reasons["reason"].isin([SHORTLIST, "unscored"])] if reasons is not None else None
    if on_shortlist is not None and len(on_shortlist):
        yield table_of_reasons(material, on_shortlist, "basis.reasons_caption")


def _stated(material: Material) -> str:
    """Return the reasons stated with a decision, each once, as far as they were released."""
    selection = material.find("selection", "decided", "computed", "chosen")
    if selection is None:
        return ""
    departing = selection[selection["computed"] != selection["chosen"]]
    return "; ".join(dict.fromkeys(str(reason).rstrip(".") for reason in departing["decided"].dropna()))
