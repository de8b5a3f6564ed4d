"""The page about the ranking of a bare table: what was found, in sentences, pictures and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from markupsafe import Markup

from analysis import plots
from analysis.blocks import Html, bullets, facts, header, heading, notice, paragraphs, table
from analysis.declarations import VARIED, Scale
from analysis.expectation import MOST_PROPOSALS, QUANTILES
from analysis.figures import Figure, say
from analysis.gibbs import CHAINS
from analysis.intervals import LEVEL
from analysis.scorefile import WITHIN
from analysis.sensitivity import SURE
from analysis.tables.cells import TOTAL
from analysis.wording import Wording, open_with_capital

Block = Html | Figure
STATISTICS = {"icc1": "ICC(1)", "icck": "ICC(k)", "icc3": "ICC(3)", "alpha": "alpha"}
SOURCE = "Heyard, Ott, Salanti & Egger (2022), Statistics and Public Policy 9(1), 110–121"
HALF = QUANTILES["q75"] - QUANTILES["q25"]  # the probability of the shorter interval of a rank
MOST = QUANTILES["q95"] - QUANTILES["q05"]  # and of the longer one
MOST_ROWS = 2_500  # proposals in the table of the page; the file holds all
MOST_RATERS = 200  # raters likewise
MOST_NAMES = 12  # in a sentence, where a table holds them all


@dataclass(frozen=True)
class Findings:
    """What was found about a table of scores.

    In all tables higher is better: where the lower scores of the file are the better ones, `in_points` turns a score
    back. The tables follow the contracts of their names (`individual`: individual_scores, `spread`: rater_spread,
    `expected`: expected_ranks, `effects`: rater_effects, `shares`: rank_shares, `changes`: shortlist_changes); what
    could not be computed is empty. `tied` are the proposals that share the last places and are more than these;
    `varied` tells whether the line was drawn again with other weights and other raters.
    """

    path: Path
    headings: Mapping[str, str]
    scale: Scale
    stated: bool
    lower_is_better: bool
    line: int | None
    seed: int
    scores: int
    empty: int
    silent: tuple[str, ...]
    criteria: tuple[str, ...]
    panels: tuple[str, ...]
    individual: pd.DataFrame
    totals: pd.DataFrame
    tied: tuple[str, ...]
    spread: pd.DataFrame
    agreement: pd.DataFrame
    expected: pd.DataFrame
    effects: pd.DataFrame
    sampling: Mapping[str, Any]
    obstacle: str | None
    draws: int
    varied: bool
    stability: pd.DataFrame
    shares: pd.DataFrame
    changes: pd.DataFrame

    def in_points(self, values: pd.Series) -> pd.Series:
        """Return scores, totals or means in the points of the file."""
        return self.scale.low + self.scale.high - values if self.lower_is_better else values

    def own_spread(self) -> pd.DataFrame:
        """Return a row per rater in the points of the file, with columns panel, effect, and enters and leaves (tuples).

        A deviation above 0 is one towards higher numbers, whether these are better or worse.
        """
        sign = -1 if self.lower_is_better else 1
        spread = self.spread.assign(rater=self.spread["rater"].astype("str"))
        low, high = (spread[name] for name in ("severity_low", "severity_high"))
        panels = self.individual.drop_duplicates("rater").set_index("rater") if self.panels else None
        effects = self.effects.set_index("rater")["severity"].astype("float64")
        changes = _names_by_rater(self.changes)
        return spread.assign(
            panel=spread["rater"].map(panels["panel"]) if panels is not None else "",
            mean=self.in_points(spread["mean"]),
            severity=sign * spread["severity"] + 0.0,
            severity_low=-high if self.lower_is_better else low,
            severity_high=-low if self.lower_is_better else high,
            effect=sign * spread["rater"].map(effects) + 0.0,
            **{name: [changes.get((who, name), ()) for who in spread["rater"]] for name in ("enters", "leaves")},
        )

    @property
    def divided(self) -> bool:
        """Return whether there is a line with ideas on both sides of it."""
        return self.line is not None and self.line < len(self.totals)

    @property
    def places(self) -> tuple[int, float]:
        """Return how many places those tied at the line share, and the last total in them, in points of the file."""
        tied = self.totals["proposal"].isin(self.tied)
        last = self.totals.loc[tied, "total"] if self.tied else self.totals.loc[self.totals["shortlisted"], "total"]
        taken = int(self.totals["shortlisted"].sum())
        return (self.line or taken) - taken, float(self.in_points(last).iloc[-1]) if len(last) else float("nan")

    @property
    def merged(self) -> bool:
        """Return whether ideas near the line count as above it, because they fill the places exactly."""
        if self.line is None or self.expected.empty:
            return False
        line = self.expected["er"].nsmallest(self.line).iloc[-1]
        return bool((self.expected.loc[self.expected["group"] == "accepted", "q75"] >= line).any())

    def group(self, name: str) -> list[str]:
        """Return the proposals of a group at the line, by expected rank."""
        return list(self.expected.loc[self.expected["group"] == name, "proposal"])

    def estimate(self, statistic: str, scope: str = "all") -> Mapping[str, Any] | None:
        """Return the row of the agreement on the total, or None where it could not be measured."""
        table = self.agreement
        rows = table[(table["criterion"] == TOTAL) & (table["statistic"] == statistic) & (table["scope"] == scope)]
        return dict(rows.iloc[0]) if len(rows) else None


def _names_by_rater(changes: pd.DataFrame) -> dict[tuple[str, str], tuple[str, ...]]:
    if changes.empty:
        return {}
    return changes.groupby(["rater", "change"])["proposal"].agg(tuple).to_dict()


class _Teller:
    """Fills in the texts of the page, with the words for numbers that the figures use."""

    def __init__(self, wording: Wording) -> None:
        self.wording = wording

    def plain(self, key: str, **context: Any) -> str:
        """Return a text below `rank` on one line."""

        def counted(noun: str, number: float) -> str:
            return say(self.wording, f"nouns.{noun}", n=number)

        text = self.wording.plain(f"rank.{key}", counted=counted, capital=open_with_capital, **context)
        return " ".join(text.split())

    def say(self, key: str, **context: Any) -> Html:
        """Return a text as a paragraph."""
        return paragraphs(self.plain(key, **context))

    def head(self, part: str) -> Html:
        """Return the heading of a part; its anchor differs from those of the figures."""
        return heading(2, self.plain(f"{part}.heading"), f"part-{part}")

    def headings(self, key: str, **context: Any) -> dict[str, str]:
        """Return every text below a key."""
        return {name: self.plain(f"{key}.{name}", **context) for name in self.wording.keys(f"rank.{key}")}

    def join(self, names: Sequence[str], noun: str = "proposals") -> str:
        """Return names as a running list, the last ones as their number where they are many."""
        shown = list(names)
        if len(shown) > MOST_NAMES:
            others = say(self.wording, f"nouns.{noun}", n=len(shown) - MOST_NAMES + 1)
            shown = [*shown[: MOST_NAMES - 1], self.plain("more", others=others)]
        return self.wording.join(shown)

    def number(self, value: float, decimals: int = 2) -> str:
        """Return a number in digits, or a dash where there is none."""
        return "–" if pd.isna(value) else self.wording.format("number", value, decimals=decimals)

    def percent(self, share: float) -> str:
        """Return a share as a percentage with one decimal, or a dash where there is none."""
        return "–" if pd.isna(share) else self.wording.format("percent", share, decimals=1)


# What was found.


def list_findings(findings: Findings, wording: Wording, *, name_all_tied: bool = False) -> list[str]:
    """Return what was found, a sentence or a few per point, for the page and for the terminal.

    Long lists of names are cut short; `name_all_tied` says that of those tied at the line in full.
    """
    tell = _Teller(wording)
    tied = sorted(findings.tied)
    named = wording.join(tied) if name_all_tied else tell.join(tied)
    return [*_list_contents(findings, tell), *_list_line(findings, tell, named), *_list_certainty(findings, tell)]


def _list_contents(findings: Findings, tell: _Teller) -> Iterator[str]:
    scale, totals = findings.scale, findings.totals
    ends = {"low": scale.low, "high": scale.high, "lower": findings.lower_is_better}
    counts = {"proposals": len(totals), "raters": len(findings.spread), "scores": findings.scores}
    parts = {"criteria": len(findings.criteria), "panels": len(findings.panels)}
    yield tell.plain(
        "found.size",
        **counts,
        **parts,
        empty=findings.empty,
        silent=tell.join(findings.silent, "raters") if findings.silent else "",
        silents=len(findings.silent),
    )
    yield tell.plain("found.scale", stated=findings.stated, **ends)
    best = totals[totals["rank"] == 1]
    total = findings.in_points(best["total"]).iloc[0]
    yield tell.plain("found.best", total=total, names=tell.join(list(best["proposal"])))


def _list_line(findings: Findings, tell: _Teller, tied: str) -> Iterator[str]:
    outside = findings.totals.loc[~findings.totals["shortlisted"], "total"]
    places, total = findings.places
    following = float(findings.in_points(outside).iloc[0]) if len(outside) else float("nan")
    facts = {"tied": tied, "places": places, "total": total}
    yield tell.plain("found.line", line=findings.line, outside=len(outside), following=following, **facts)
    if findings.divided and not findings.expected.empty:
        counts = {name: len(findings.group(name)) for name in ("accepted", "lottery", "rejected")}
        yield tell.plain("found.groups", merged=findings.merged, **counts)


def _list_certainty(findings: Findings, tell: _Teller) -> Iterator[str]:
    if findings.obstacle:
        reason = tell.wording.plain(f"answer.certainty.obstacles.{findings.obstacle}")
        most = MOST_PROPOSALS if findings.obstacle == "too_many" else 0
        yield tell.plain("found.obstacle", reason=reason, most=most)
    single, mean = findings.estimate("icc1"), findings.estimate("icck")
    if single and mean:
        facts = {"single": single["estimate"], "low": single["low"], "high": single["high"], "mean": mean["estimate"]}
        each = len(findings.individual) / len(findings.totals)
        yield tell.plain("found.agreement", level=LEVEL, each=each, has_interval=pd.notna(single["low"]), **facts)
    else:
        yield tell.plain("found.disagreement")
    if findings.varied:
        decisive = _find_decisive(findings)
        names = tell.join([tell.wording.label("raters", name) for name in decisive], "raters") if decisive else ""
        yield tell.plain("found.raters", names=names, decisive=len(decisive), raters=len(findings.spread))
    if not findings.stability.empty:
        yield tell.plain("found.stability", sure=SURE, **_count_sure(findings))


def _find_decisive(findings: Findings) -> list[str]:
    return list(dict.fromkeys(findings.changes["rater"])) if len(findings.changes) else []


def _count_sure(findings: Findings) -> dict[str, int]:
    """Return how many proposals above the line stay there in nearly all draws, by what was drawn."""
    listed = findings.totals.loc[findings.totals["shortlisted"], "proposal"]
    kept = findings.stability[findings.stability["proposal"].isin(listed) & (findings.stability["shortlisted"] >= SURE)]
    return {name: int((kept["varied"] == key).sum()) for name, key in (("weights", "weights"), ("resampled", "raters"))}


# The page.


def describe_page(findings: Findings, wording: Wording) -> tuple[str, str]:
    """Return title and description of the page."""
    tell = _Teller(wording)
    title, description = (tell.plain(f"document.{key}", name=findings.path.name) for key in ("title", "description"))
    return title, description


def show_findings(findings: Findings, wording: Wording) -> Iterator[Block]:
    """Yield the blocks of the page in their order."""
    tell = _Teller(wording)
    yield from _show_head(findings, tell)
    yield from _show_conclusions(findings, tell)
    yield from _show_order(findings, tell)
    yield from _show_agreement(findings, tell)
    yield from _show_raters(findings, tell)
    yield from _show_sensitivity(findings, tell)
    yield from _show_table(findings, tell)
    yield tell.head("method")
    yield bullets(_list_methods(findings, tell))


def _show_head(findings: Findings, tell: _Teller) -> Iterator[Block]:
    scale = findings.scale
    ends = {"low": scale.low, "high": scale.high}
    scores = {
        "file": findings.path.name,
        "ideas": tell.number(len(findings.totals)),
        "raters": tell.number(len(findings.spread)),
        "criteria": tell.wording.join(list(findings.criteria)) if findings.criteria else "",
        "panels": tell.wording.join(list(findings.panels)) if findings.panels else "",
        "scores": tell.number(findings.scores),
        "scale": tell.plain("head.scale_said", lower=findings.lower_is_better, **ends),
        "line": tell.plain("head.line_said", line=findings.line) if findings.line else "",
    }
    title = heading(1, tell.plain("document.title", name=findings.path.name), "title")
    kind = Html(Markup('<p class="kind">{}</p>').format(tell.plain("head.kind")))
    yield header(title, kind, facts((tell.plain(f"head.{key}"), said) for key, said in scores.items() if said))
    yield tell.say("head.reading_note")
    if findings.lower_is_better:
        yield notice(tell.plain("head.turned", **ends))
    yield tell.head("found")
    yield bullets(list_findings(findings, tell.wording))


# What can be concluded, and what cannot.


def _show_conclusions(findings: Findings, tell: _Teller) -> Iterator[Block]:
    for part, items in (("can", _list_possible), ("cannot", _list_impossible)):
        yield tell.head(part)
        yield bullets(items(findings, tell))


def _list_possible(findings: Findings, tell: _Teller) -> Iterator[str]:
    yield tell.plain("can.totals")
    accepted, rejected = findings.group("accepted"), findings.group("rejected")
    if accepted and findings.divided:
        key = "merged" if findings.merged else "above"
        yield tell.plain(f"can.{key}", accepted=len(accepted), names=tell.join(accepted))
    if rejected:
        yield tell.plain("can.below", rejected=len(rejected))
    if findings.line is None and not findings.expected.empty:
        yield tell.plain("can.order", level=MOST, **_describe_ends(findings.expected))
    single, mean = findings.estimate("icc1"), findings.estimate("icck")
    if single and mean and mean["estimate"] > single["estimate"] > 0:
        yield tell.plain("can.mean", single=single["estimate"], mean=mean["estimate"])
    if findings.varied and findings.changes.empty:
        yield tell.plain("can.raters")


def _describe_ends(expected: pd.DataFrame) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name, row in (("best", expected.iloc[0]), ("worst", expected.iloc[-1])):
        facts |= {name: row["proposal"], f"{name}_low": row["q05"], f"{name}_high": row["q95"]}
    return facts


def _list_impossible(findings: Findings, tell: _Teller) -> Iterator[str]:
    if findings.line is None:
        yield tell.plain("cannot.without_line")
    if findings.tied:
        yield tell.plain("cannot.tie", names=tell.join(sorted(findings.tied)), places=findings.places[0])
    near = findings.group("lottery")
    if near:
        yield tell.plain("cannot.near", lottery=len(near), names=tell.join(near))
    if findings.expected.empty:
        yield tell.plain("cannot.neighbours_unknown", none=findings.obstacle != "too_many")
    else:
        width = (findings.expected["q95"] - findings.expected["q05"] + 1).median()
        yield tell.plain("cannot.neighbours", level=MOST, width=int(width), proposals=len(findings.totals))
    yield tell.plain("cannot.quality")
    yield tell.plain("cannot.common")
    if len(findings.spread) > 1:
        yield tell.plain("cannot.severity")
    whole, listed = findings.estimate("icc1"), findings.estimate("icc1", "shortlist")
    if whole and listed and listed["estimate"] < whole["estimate"]:
        yield tell.plain("cannot.shortlist", listed=listed["estimate"], all=whole["estimate"])


# The order.


def _show_order(findings: Findings, tell: _Teller) -> Iterator[Block]:
    yield tell.head("order")
    yield tell.say("order.lead", criteria=len(findings.criteria))
    if findings.divided:
        yield from [tell.say("order.tied")] if findings.tied else []
        yield plots.ranking(findings.totals, tell.wording)
    if not findings.expected.empty:
        yield tell.say("order.expected")
        yield plots.expected_ranks(findings.expected, tell.wording, findings.line)


def _show_table(findings: Findings, tell: _Teller) -> Iterator[Block]:
    """Yield the table of all proposals, or of the first ones where the page could not hold all."""
    yield heading(2, tell.plain("order.all"), "part-all")
    shown = min(len(findings.totals), MOST_ROWS)
    sizes = {"shown": shown, "proposals": len(findings.totals)}
    partial = shown < len(findings.totals)
    if partial:
        yield tell.say("order.part", **sizes)
    caption = tell.plain("order.caption_part" if partial else "order.caption", **sizes)
    names = {**tell.headings("order.headings", share=HALF), "most": tell.plain("order.headings.most", share=MOST)}
    labels = {**tell.headings("order.place"), **tell.headings("order.group")}
    rows = [_describe_proposal(row, tell, labels) for row in _gather(findings).head(shown).to_dict("records")]
    present = [name for name in names if name in rows[0]]
    numeric = [place for place, name in enumerate(present) if name not in ("proposal", "place", "group")]
    cells = [[row[name] for name in present] for row in rows]
    yield table(caption, [names[name] for name in present], cells, numeric=numeric)


def _gather(findings: Findings) -> pd.DataFrame:
    """Return a row per proposal with all that is known of it, in the points of the file and the order of ranks."""
    totals = findings.totals
    frame = totals.assign(total=findings.in_points(totals["total"]), median=findings.in_points(totals["median"]))
    if findings.line is not None:
        place = frame["shortlisted"].map({True: "above", False: "below"})
        frame["place"] = place.mask(frame["proposal"].isin(findings.tied), "tied")
    if not findings.expected.empty:
        names = ["er", "q05", "q25", "q75", "q95", "group"]
        frame = frame.join(findings.expected.set_index("proposal")[names], on="proposal")
    return frame


def _describe_proposal(row: Mapping[str, Any], tell: _Teller, labels: Mapping[str, str]) -> dict[str, str]:
    """Return the cells of a proposal by the key of their heading; what was not computed is not among them."""
    cells = {"proposal": str(row["proposal"]), "rank": tell.number(row["rank"]), "raters": tell.number(row["raters"])}
    cells |= {name: tell.number(row[name], 3) for name in ("total", "median")}
    if "place" in row:
        cells["place"] = labels[row["place"]]
    if "er" in row:
        cells["er"] = tell.number(row["er"], 1)
        for name, low, high in (("half", "q25", "q75"), ("most", "q05", "q95")):
            cells[name] = f"{tell.number(row[low])}–{tell.number(row[high])}"
    if row.get("group"):
        cells["group"] = labels[row["group"]]
    return cells


# The raters.


def _show_agreement(findings: Findings, tell: _Teller) -> Iterator[Block]:
    yield tell.head("agreement")
    if findings.agreement.empty:
        yield tell.say("agreement.none")
        return
    yield tell.say("agreement.lead")
    yield plots.agreement(findings.agreement, tell.wording)
    whole = findings.agreement[findings.agreement["scope"] == "all"]
    rows = [
        [
            tell.plain("agreement.total") if row.criterion == TOTAL else row.criterion,
            tell.plain(f"agreement.statistic.{row.statistic}", code=STATISTICS[row.statistic]),
            *(tell.number(value) for value in (row.estimate, row.low, row.high)),
        ]
        for row in whole.itertuples()
    ]
    names = list(tell.headings("agreement.headings").values())
    yield table(tell.plain("agreement.caption"), names, rows, numeric=(2, 3, 4))


def _show_raters(findings: Findings, tell: _Teller) -> Iterator[Block]:
    yield tell.head("raters")
    if len(findings.spread) < 2:
        yield tell.say("raters.alone")
        return
    yield tell.say("raters.lead", lower=findings.lower_is_better)
    if findings.spread["severity"].notna().any():
        yield plots.severity(findings.spread, tell.wording)
        yield plots.rater_deviations(findings.individual, findings.totals, tell.wording)
    yield from _show_table_of_raters(findings, tell)


def _show_table_of_raters(findings: Findings, tell: _Teller) -> Iterator[Block]:
    spread = findings.own_spread()
    if not findings.effects.empty:
        yield tell.say("raters.effect")
    if findings.varied:
        yield tell.say("raters.without")
    sizes = {"shown": min(len(spread), MOST_RATERS), "raters": len(spread)}
    partial = len(spread) > MOST_RATERS
    if partial:
        yield tell.say("raters.part", **sizes)
        changes = spread["enters"].str.len() + spread["leaves"].str.len()
        order = pd.DataFrame({"changes": changes, "deviation": spread["severity"].abs()})
        spread = spread.loc[
            order.sort_values(["changes", "deviation"], ascending=False).index[:MOST_RATERS].sort_values()
        ]
    names = tell.headings("raters.headings", level=LEVEL)
    absent = {"panel"} if not findings.panels else set()
    absent |= {"effect"} if findings.effects.empty else set()
    absent |= {"enters", "leaves"} if not findings.varied else set()
    present = [name for name in names if name not in absent]
    rows = [[_describe_rater(row, tell)[name] for name in present] for row in spread.to_dict("records")]
    numeric = [place for place, name in enumerate(present) if name not in ("rater", "panel", "enters", "leaves")]
    caption = tell.plain("raters.caption_part" if partial else "raters.caption", **sizes)
    yield table(caption, [names[name] for name in present], rows, numeric=numeric)


def _describe_rater(row: Mapping[str, Any], tell: _Teller) -> dict[str, str]:
    ends = {"low": row["severity_low"], "high": row["severity_high"]}
    return {
        "rater": row["rater"].partition(WITHIN)[0],
        "panel": row["panel"],
        "proposals": tell.number(row["proposals"]),
        **{name: tell.number(row[name]) for name in ("mean", "severity", "effect")},
        "interval": tell.plain("raters.interval", **ends) if pd.notna(ends["low"]) else "–",
        **{name: tell.join(row[name]) if row[name] else "–" for name in ("enters", "leaves")},
    }


def _show_sensitivity(findings: Findings, tell: _Teller) -> Iterator[Block]:
    if not findings.varied:
        return
    yield tell.head("sensitivity")
    if findings.shares.empty:
        yield tell.say("sensitivity.skipped", proposals=len(findings.totals))
        return
    yield tell.say("sensitivity.lead", draws=findings.draws, criteria=len(findings.criteria))
    order = list(findings.totals["proposal"])
    for varied in VARIED:
        yield plots.rank_shares(findings.shares, order, findings.line, tell.wording, varied)
    yield from _show_unsettled(findings, tell)


def _show_unsettled(findings: Findings, tell: _Teller) -> Iterator[Block]:
    """Yield the table of the proposals whose side of the line depends on the weights or the raters."""
    shares = findings.stability.pivot(index="proposal", columns="varied", values="shortlisted").reindex(columns=VARIED)
    unsettled = shares[((shares > 1 - SURE) & (shares < SURE)).any(axis=1)]
    rows = findings.totals[["proposal", "rank"]].join(unsettled, on="proposal", how="inner").head(MOST_ROWS)
    if rows.empty:
        yield tell.say("sensitivity.settled")
        return
    yield tell.say("sensitivity.table", low=1 - SURE, high=SURE)
    cells = [
        [row.proposal, tell.number(row.rank), *(tell.percent(share) for share in (row.weights, row.raters))]
        for row in rows.itertuples()
    ]
    names = list(tell.headings("sensitivity.headings").values())
    yield table(tell.plain("sensitivity.caption"), names, cells, numeric=(1, 2, 3))


def _list_methods(findings: Findings, tell: _Teller) -> Iterator[str]:
    yield tell.plain("method.totals")
    if not findings.agreement.empty:
        yield tell.plain("method.agreement", level=LEVEL, **STATISTICS)
    if len(findings.spread) > 1:
        yield tell.plain("method.severity", level=LEVEL)
    if not findings.expected.empty:
        sampling = findings.sampling
        drawn = {"steps": sampling["draws"], "r_hat": sampling["r_hat"], "size": int(sampling["effective_draws"])}
        yield tell.plain("method.expected", source=SOURCE, chains=CHAINS, seed=findings.seed, **drawn)
        if findings.divided:
            yield tell.plain("method.groups")
    if not findings.stability.empty:
        yield tell.plain("method.sensitivity", draws=findings.draws, seed=findings.seed)
    if findings.varied:
        yield tell.plain("method.without")
