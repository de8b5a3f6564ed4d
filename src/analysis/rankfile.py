"""The ranking of a bare table of scores: all computed, all files made, then written beside what is there."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.agreement import measure_agreement
from analysis.call import Call
from analysis.declarations import Criterion, Language, Rater, Scoring, Selection, Text
from analysis.expectation import QUANTILES, expect_ranks, find_obstacle
from analysis.faults import Fault, InputError, refuse
from analysis.figures import Figure
from analysis.files import write_bytes
from analysis.publish.html import LABELS, render_html
from analysis.ranking import part_at_line, rank_totals, weigh_merit
from analysis.rankpage import Block, Findings, describe_page, list_findings, show_findings
from analysis.scorefile import WITHIN, Columns, ScoreFile, read_scores
from analysis.scoring import COARSE, score_individually, spread_by_rater, total
from analysis.sensitivity import lay_out, measure_stability
from analysis.stages import reach
from analysis.wording import Wording

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
FILES = ("ranking.csv", "agreement.csv", "raters.csv", "ranking.html")
MOST_DRAWS, FEWEST_DRAWS = 10_000, 400
WORK = 100_000_000  # scores times draws; a larger table gets fewer draws
CELLS = 4_000_000  # raters times proposals that are left out and ranked at once
MOST_SHARED = 3_000  # proposals; how often each has each rank takes the square of their number
DECIMALS = 6


@dataclass(frozen=True)
class Request:
    """What to rank, and how: the options of the command `oproep rank`.

    `scale` is the text LOW:HIGH; `line` a number of places; `out` the folder of the files, or None for `<stem>-ranking`
    in the current folder.
    """

    path: Path
    columns: Columns
    scale: str | None = None
    line: int | None = None
    lower_is_better: bool = False
    out: Path | None = None
    language: Language = "nl"
    seed: int = 0

    @property
    def folder(self) -> Path:
        """Return the folder of the files."""
        return self.out or Path(f"{self.path.stem}-ranking")


@dataclass(frozen=True)
class Outcome:
    """The files written, what was found in a sentence per point, and why the uncertainty was refused, if it was."""

    paths: tuple[Path, ...]
    points: tuple[str, ...]
    refusal: Fault | None


def rank_file(request: Request) -> Outcome:
    """Rank the proposals of a file and write what was found; nothing is written where anything is at fault.

    Raises InputError with all faults of the options, the folder and the file.
    """
    faults = _folder_faults(request)
    reach("reading the scores", 0.0)
    try:
        file = read_scores(request.path, request.columns, request.scale, request.line)
    except InputError as error:
        raise InputError([*faults, *error.faults]) from None
    refuse(faults)
    findings = find(file, request)
    wording = Wording(request.language, _call(findings, file))
    reach("writing the page", 0.8)
    outputs = make_outputs(findings, wording)
    paths = tuple(request.folder / name for name in outputs)
    try:
        for path, content in zip(paths, outputs.values(), strict=True):
            write_bytes(path, content)
    except OSError as error:
        found = f"no place to write ({error.strerror})"
        raise InputError([Fault(str(request.folder), found, "a folder that can be written to")]) from None
    return Outcome(paths, tuple(list_findings(findings, wording, name_all_tied=True)), _refusal(findings))


def _folder_faults(request: Request) -> list[Fault]:
    folder, expected = request.folder, "a folder, there or to be made (--out)"
    if folder.exists() and not folder.is_dir():
        return [Fault(str(folder), "a file", expected)]
    faults = [Fault(str(folder / name), "a folder", "a file, or none") for name in FILES if (folder / name).is_dir()]
    if request.path.resolve() in {(folder / name).resolve() for name in FILES}:
        expected = "a folder in which the scores themselves are not written over (--out)"
        faults.append(Fault(str(folder), f"the scores, {request.path.name}", expected))
    return faults


def _refusal(findings: Findings) -> Fault | None:
    """Return the fault to end with where one rater scored everything: totals stand, but nothing tells how sure."""
    if findings.obstacle != "one_rater":
        return None
    found = f"one rater only, {findings.individual['rater'].iloc[0]!r}"
    expected = "at least two raters: with one, nothing tells how sure the ranking is. The totals were written"
    return Fault(f"{findings.path}, column {findings.headings['rater']}", found, expected)


# The computation.


def find(file: ScoreFile, request: Request) -> Findings:
    """Return all that is computed from the scores of a file.

    Inside, higher is better: scores of which the lower are better are turned around on their scale.
    """
    scores, scale, scoring = file.scores, file.scale, declare(file)
    reach("computing the totals", 0.02)
    if request.lower_is_better:
        scores = scores.assign(score=scale.low + scale.high - scores["score"])
    individual = _score(scores, scoring)
    totals, tied = _rank(individual, scoring, request.line)
    draws = int(np.clip(WORK // len(scores), FEWEST_DRAWS, MOST_DRAWS))
    judged = scores if request.columns.criterion else scores.iloc[:0]
    reach("computing the expected ranks", 0.03)
    expectation = expect_ranks(individual, scale, request.line or len(totals), request.seed, draws)
    sampling = expectation.sampling.iloc[0].to_dict()
    return Findings(
        **_describe_file(file, request),
        individual=individual,
        totals=totals,
        tied=tied,
        spread=spread_by_rater(individual, list(scoring.rater_weights)),
        agreement=measure_agreement(judged, individual, totals.loc[totals["shortlisted"], "proposal"], request.seed),
        expected=expectation.ranks if request.line else expectation.ranks.assign(group=""),
        effects=expectation.severity,
        sampling=sampling,
        obstacle=None if pd.isna(sampling["obstacle"]) else str(sampling["obstacle"]),
        draws=draws,
        **_vary(scores, individual, totals, scoring, request, draws),
    )


def _describe_file(file: ScoreFile, request: Request) -> dict[str, Any]:
    """Return what the findings tell of the file and of the options."""
    criteria = file.scores["criterion"].cat.categories if request.columns.criterion else ()
    return {
        **{name: getattr(file, name) for name in ("path", "scale", "stated", "empty", "silent")},
        **{name: getattr(request, name) for name in ("line", "lower_is_better", "seed")},
        "headings": request.columns.named,
        "scores": len(file.scores),
        "criteria": tuple(criteria),
        "panels": tuple(file.scores["panel"].cat.categories) if "panel" in file.scores else (),
    }


def _score(scores: pd.DataFrame, scoring: Scoring) -> pd.DataFrame:
    """Return the individual scores, with the panel of the rater where there are panels."""
    individual = score_individually(scores, scoring.criterion_weights)
    if "panel" not in scores:
        return individual
    panels = scores.drop_duplicates("rater").astype({"rater": "str", "panel": "str"}).set_index("rater")["panel"]
    return individual.assign(panel=individual["rater"].astype("str").map(panels))


def _rank(individual: pd.DataFrame, scoring: Scoring, line: int | None) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Return the ranked totals with `shortlisted`, and who ties at the line; no tie there is broken."""
    totals = rank_totals(total(individual, scoring.rater_weights).astype({"proposal": "str"}))
    if line is None:
        return totals.assign(shortlisted=False), ()
    places = Selection.model_construct(shortlist=line, choose=line, ranked_by="totals", tie_rule="report")
    above, tied = part_at_line(weigh_merit(totals, places, totals), line)
    fits = len(above) + len(tied) == line
    listed = pd.concat([above, tied]) if fits else above
    return totals.assign(shortlisted=totals["proposal"].isin(listed["proposal"])), () if fits else tuple(
        tied["proposal"]
    )


def _vary(
    scores: pd.DataFrame, individual: pd.DataFrame, totals: pd.DataFrame, scoring: Scoring, request: Request, draws: int
) -> dict[str, Any]:
    """Return stability, rank shares and changes at the line; empty where no line parts ideas that raters share."""
    found: dict[str, Any] = {name: pd.DataFrame() for name in ("stability", "shares", "changes")}
    reach("trying other raters and weights", 0.5)
    found["varied"] = request.line is not None and request.line < len(totals) and not _is_alone(individual)
    if request.line is None or not found["varied"]:
        return found
    if len(totals) <= MOST_SHARED:
        sheet = lay_out(scores, scoring)
        found["stability"], found["shares"] = measure_stability(sheet, request.line, draws, request.seed)
    return {**found, "changes": leave_each_out(individual, totals, request.line)}


def _is_alone(individual: pd.DataFrame) -> bool:
    """Return whether hardly any proposal has a second rater, so that other raters would leave nothing to compare."""
    return find_obstacle(individual) in ("one_rater", "no_overlap")


def declare(file: ScoreFile) -> Scoring:
    """Return what a call would declare of these scores: every criterion and rater by its id, all equal in weight."""
    names = [str(name) for name in file.scores["criterion"].cat.categories]
    criteria = tuple(Criterion.model_construct(id=name, label=_label(name), weight=1.0) for name in names)
    raters = tuple(
        Rater.model_construct(
            id=str(rater),
            label=_label(_seated(str(rater))),
            role="juror",
            criteria=tuple(names),
            weight=1.0,
            panel=None,
        )
        for rater in file.scores["rater"].cat.categories
    )
    return Scoring.model_construct(scale=file.scale, criteria=criteria, raters=raters)


def _seated(rater: str) -> str:
    name, _, panel = rater.partition(WITHIN)
    return f"{name} ({panel})" if panel else name


def _label(text: str) -> Text:
    return Text.model_construct(nl=text, en=text)


def _call(findings: Findings, file: ScoreFile) -> Call:
    """Return as much of a call as the texts and the plots ask for."""
    places = findings.line or len(findings.totals)
    selection = Selection.model_construct(shortlist=places, choose=places, tie_rule="report", caps=(), quotas=())
    return Call.model_construct(scoring=declare(file), selection=selection)


def leave_each_out(individual: pd.DataFrame, totals: pd.DataFrame, line: int) -> pd.DataFrame:
    """Return who enters and who leaves the best `line` proposals without each rater: rater, proposal, change.

    A proposal enters that lies below the line with all raters and above it without one, and leaves the other way
    around; what ties at the line does neither. One that no other rater scored leaves. A rater without whom nothing
    changes has no row.
    """
    ordered = individual.sort_values("rater", kind="stable")
    rater, raters = pd.factorize(ordered["rater"])
    proposals = pd.Index(totals["proposal"].astype("str"))
    proposal = proposals.get_indexer(ordered["proposal"].astype("str"))
    without = _average_others(proposal, ordered["score"].to_numpy("float64"))
    base = totals["total"].to_numpy("float64")
    inside, outside = (flags[0] for flags in _part(base[np.newaxis, :], line))
    starts, step = np.searchsorted(rater, np.arange(len(raters) + 1)), max(CELLS // len(base), 1)
    parts = []
    for first in range(0, len(raters), step):
        last = min(first + step, len(raters))
        own = slice(starts[first], starts[last])
        merit = np.tile(base, (last - first, 1))
        merit[rater[own] - first, proposal[own]] = without[own]
        now_inside, now_outside = _part(merit, line)
        for change, flags in (("enters", now_inside & outside), ("leaves", now_outside & inside)):
            who, what = np.nonzero(flags)
            parts.append(pd.DataFrame({"at": who + first, "proposal": proposals[what], "change": change}))
    found = pd.concat(parts, ignore_index=True).sort_values(["at", "change", "proposal"], ignore_index=True)
    names = np.array([str(name) for name in raters], dtype=object)
    return found.assign(rater=names[found["at"].to_numpy("int64")])[["rater", "proposal", "change"]]


def _average_others(proposal: NDArray[np.int64], score: Floats) -> Floats:
    """Return per score the mean of the others of its proposal, rounded as totals are; -inf where there is none."""
    others = np.bincount(proposal)[proposal] - 1
    rest = (np.bincount(proposal, score)[proposal] - score) / np.maximum(others, 1)
    return np.where(others > 0, rest.round(COARSE), -np.inf)


def _part(merit: Floats, line: int) -> tuple[Flags, Flags]:
    """Return which proposals lie surely above the line and which below it, per row of merits (raters, proposals)."""
    place = merit.shape[1] - line
    last = np.partition(merit, place, axis=1)[:, place, np.newaxis]
    present = np.isfinite(merit)
    inside, tied = (merit > last) & present, (merit == last) & present
    fits = (inside | tied).sum(axis=1, keepdims=True) <= line
    return inside | (tied & fits), ~inside & ~tied


# The files.


def make_outputs(findings: Findings, wording: Wording) -> dict[str, bytes]:
    """Return the content of every file by name."""
    tables = {
        "ranking.csv": tabulate_ranking(findings),
        "agreement.csv": tabulate_agreement(findings),
        "raters.csv": tabulate_raters(findings),
    }
    outputs = {name: table.to_csv(index=False, lineterminator="\n").encode() for name, table in tables.items()}
    return {**outputs, "ranking.html": render_page(findings, wording).encode()}


def tabulate_ranking(findings: Findings) -> pd.DataFrame:
    """Return the file of the proposals: totals in the points of the file, expected ranks where there are any."""
    totals = findings.totals.assign(total=findings.in_points(findings.totals["total"]).round(COARSE))
    names = ["er", "pcer", "sucra", "q05", "q25", "q75", "q95", "group"]
    ranks = findings.expected.set_index("proposal")[names].astype(
        {name: "Int64" for name in QUANTILES if name in names}
    )
    joined = totals.rename(columns={"raters": "n_scores"}).join(ranks, on="proposal")
    return joined[["proposal", "n_scores", "total", "rank", *names]]


def tabulate_agreement(findings: Findings) -> pd.DataFrame:
    """Return the file of the agreement, per criterion and for the total, over all proposals."""
    whole = findings.agreement[findings.agreement["scope"] == "all"]
    return whole[["criterion", "statistic", "estimate", "low", "high"]].round(DECIMALS)


def tabulate_raters(findings: Findings) -> pd.DataFrame:
    """Return the file of the raters, in the points of the file, with who enters and leaves without each of them."""
    spread = findings.own_spread()
    names = spread["rater"].str.partition(WITHIN)[0]
    frame = pd.DataFrame({"rater": names, "panel": spread["panel"], "n_scores": spread["proposals"]})
    for name, column in {
        "mean": "mean",
        "severity": "severity",
        "low": "severity_low",
        "high": "severity_high",
    }.items():
        frame[name] = spread[column].round(DECIMALS)
    frame["effect"] = spread["effect"].round(DECIMALS)
    for change in ("enters", "leaves"):
        frame[change] = spread[change].map("; ".join)
    return frame if findings.panels else frame.drop(columns="panel")


def render_page(findings: Findings, wording: Wording) -> str:
    """Return the page as self-contained HTML: the publisher shows the blocks as the outputs of a notebook."""
    cell: dict[str, Any] = {"cell_type": "code", "source": "", "metadata": {}, "execution_count": None}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)  # a box stands for a letter the font lacks
        outputs = [_show(block) for block in show_findings(findings, wording)]
    notebook = nbformat.from_dict(  # type: ignore[no-untyped-call]
        {"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": [{**cell, "outputs": outputs}]}
    )
    title, description = describe_page(findings, wording)
    labels = {key: wording.plain(f"answer.document.labels.{key}") for key in LABELS}
    return render_html(notebook, title=title, language=wording.language, description=description, labels=labels)


def _show(block: Block) -> dict[str, Any]:
    """Return a block as an output of a notebook."""
    shown = block._repr_mimebundle_() if isinstance(block, Figure) else ({"text/html": str(block.markup)}, {})
    return {"output_type": "display_data", "data": shown[0], "metadata": shown[1]}
