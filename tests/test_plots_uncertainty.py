"""The plots of raters and of uncertain ranks: what they state, whom they name, and that every text can be read."""

from __future__ import annotations

import re
import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from itertools import pairwise
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from builders import named, small_call
from drawing import Drawn, watch_drawing
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure as Picture
from matplotlib.patches import PathPatch

from analysis import figures, plots
from analysis.call import Call
from analysis.declarations import Language, Scoring
from analysis.figures import INK, Figure
from analysis.plots.labels import cut_window, keep_within
from analysis.wording import Wording

LANGUAGES: tuple[Language, ...] = ("nl", "en")
Tables = Mapping[str, pd.DataFrame]
LONG = "bibliotheekautomatiseringsprogramma en samenwerkingsovereenkomsten tussen cultuur- en gemeenschapscentra"


def rated_call(raters: int, label: str = "") -> Call:
    """Return the small call with this many raters, r1 being juror A of their number."""
    criteria = small_call().model_dump(mode="json", exclude_none=True)["scoring"]["criteria"]
    if label:
        criteria = [{**one, "label": {"nl": f"{label} {place}"}} for place, one in enumerate(criteria)]
    jurors = [
        named(f"r{n}", f"{label or 'jurylid'} {chr(64 + n)}", f"juror {chr(64 + n)}", role="juror", criteria=["power"])
        for n in range(1, raters + 1)
    ]
    return small_call(scoring={"scale": {"low": 0, "high": 10}, "criteria": criteria, "raters": jurors})


def score(rows: Mapping[str, Sequence[float | None]]) -> pd.DataFrame:
    """Return individual scores from a row of scores per rater, the proposals being p1, p2 ...; None is no score."""
    cells = [(f"p{n}", rater, value) for rater, given in rows.items() for n, value in enumerate(given, start=1)]
    table = pd.DataFrame(cells, columns=["proposal", "rater", "score"]).dropna()
    return table.astype({"score": "float64"}).assign(criteria=1)


def total(scores: pd.DataFrame, shortlist: int) -> pd.DataFrame:
    """Return totals as the contract has them; the first in order of total are shortlisted."""
    means = scores.groupby("proposal")["score"].mean().round(9).rename("total").reset_index()
    ranks = means["total"].rank(method="min", ascending=False).astype("int64")
    ordered = means.assign(rank=ranks).sort_values(["rank", "proposal"]).reset_index(drop=True)
    return ordered.assign(shortlisted=np.arange(len(ordered)) < shortlist)


def expect(ranks: Mapping[str, float], groups: str, reach: int = 1) -> pd.DataFrame:
    """Return expected ranks with intervals this wide on either side; `groups` has a letter per proposal."""
    names = {"a": "accepted", "l": "lottery", "r": "rejected"}
    er = pd.Series(ranks)
    ends = {f"q{q}": er.round().add(away * reach).clip(1, len(er)).astype("int64").to_list()
            for q, away in (("05", -2), ("25", -1), ("50", 0), ("75", 1), ("95", 2))}  # fmt: skip
    group = [names[letter] for letter in groups]
    return pd.DataFrame({"proposal": er.index, "er": er.to_list(), **ends, "group": group})


def share(rows: Mapping[str, Mapping[int, float]], varied: str = "weights") -> pd.DataFrame:
    cells = [(name, varied, rank, part) for name, parts in rows.items() for rank, part in parts.items()]
    return pd.DataFrame(cells, columns=["proposal", "varied", "rank", "share"])


def agree(rows: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    names = ["criterion", "scope", "statistic", "estimate", "low", "high"]
    return pd.DataFrame(rows, columns=names).astype(dict.fromkeys(names[3:], "float64")).assign(proposals=9, raters=3)


SCORES = score({"r1": (6, 5, 4, 3), "r2": (6, 5, 4, 3), "r3": (6, 5, 9, 3)})
TABLES: Tables = {
    "individual_scores": SCORES,
    "totals": total(SCORES, shortlist=2),
    "rater_spread": pd.DataFrame(
        [("r1", -0.5, -0.9, -0.1), ("r2", 0.0, -0.3, 0.3), ("r3", 0.75, 0.2, 1.3)],
        columns=["rater", "severity", "severity_low", "severity_high"],
    ),
    "agreement": agree(
        [
            ("feasibility", "all", "icc1", 0.5, 0.3, 0.7),
            ("power", "all", "icc1", 0.25, 0.1, 0.4),
            ("total", "all", "icc1", 0.6, 0.4, 0.75),
            ("total", "all", "icck", 0.81, 0.7, 0.9),
            ("total", "all", "alpha", 0.99, 0.98, 1.0),
            ("power", "shortlist", "icc1", 0.1, None, None),
            ("total", "shortlist", "icc1", 0.2, 0.0, 0.5),
        ]
    ),
    "expected_ranks": expect({"p3": 1.4, "p1": 1.9, "p2": 3.0, "p4": 3.7}, "alrr"),
    "rank_shares": share({"p3": {1: 0.75, 3: 0.25}, "p1": {1: 0.25, 2: 0.75}, "p2": {2: 0.25, 3: 0.75}, "p4": {4: 1}}),
}
ORDER = ["p3", "p1", "p2", "p4"]
PLOTS: Mapping[str, tuple[tuple[str, ...], Callable[..., Figure]]] = {
    "rater_deviations": (("individual_scores", "totals"), plots.rater_deviations),
    "severity": (("rater_spread",), plots.severity),
    "agreement": (("agreement",), plots.agreement),
    "expected_ranks": (("expected_ranks",), lambda table, wording: plots.expected_ranks(table, wording, 2)),
    "rank_shares": (("rank_shares",), lambda table, wording: plots.rank_shares(table, ORDER, 2, wording)),
    "ranks_compared": (("totals", "expected_ranks"), plots.ranks_compared),
}
STATED: Mapping[str, tuple[str, str]] = {
    "rater_deviations": (
        "De grootste afwijking is die van jurylid C voor p3: 5 punten hoger dan het gemiddelde van de andere "
        "beoordelaars. Eén van de twaalf afwijkingen is een uitschieter van meer dan 2,61 punten, bij jurylid C.",
        "The largest deviation is that of juror C for p3: 5 points above the mean of the other raters. One of the "
        "twelve deviations is an outlier of more than 2.61 points, from juror C.",
    ),
    "severity": (
        "Het strengst is jurylid A (gemiddeld 0,5 punten lager dan de andere beoordelaars), het mildst jurylid C (0,75 "
        "punten hoger). Bij twee van de drie beoordelaars ligt het interval volledig aan één kant van nul.",
        "Most severe is juror A (on average 0.5 points below the other raters), most lenient juror C (0.75 points "
        "above). For two of the three raters the interval lies wholly on one side of zero.",
    ),
    "agreement": (
        "De overeenstemming is het grootst voor ‘haalbaarheid’ (0,5) en het kleinst voor ‘innovatiekracht’ (0,25). "
        "Voor alle criteria samen is ze 0,6, en 0,81 voor het gemiddelde van de beoordelaars. Binnen de shortlist is "
        "ze voor alle criteria samen 0,2.",
        "The agreement is largest for ‘feasibility’ (0.5) and smallest for ‘innovative power’ (0.25). For all criteria "
        "together it is 0.6, and 0.81 for the mean of the raters. Within the shortlist it is 0.2 for all criteria "
        "together.",
    ),
    "expected_ranks": (
        "Van de vier ideeën ligt er één duidelijk boven de lijn na twee plaatsen, één rond de lijn en twee duidelijk "
        "eronder. De beste verwachte rang is die van p3: 1,4, met een interval van 90% van 1 tot 3. Bij drie ideeën "
        "bevat het interval van 90% de lijn.",
        "Of the four ideas, one is clearly above the line after two places, one near the line and two clearly below "
        "it. The best expected rank is that of p3: 1.4, with a 90% interval from 1 to 3. Three ideas have a 90% "
        "interval that contains the line.",
    ),
    "rank_shares": (
        "Met andere gewichten staat van de twee getoonde ideeën boven de lijn p3 het minst vaak bij de beste twee (in "
        "75% van de trekkingen); van de twee eronder p2 het vaakst (in 25%).",
        "With other weights, p3 is among the best two least often of the two ideas shown above the line (in 75% of the "
        "draws); of the two below it, p2 is there most often (in 25%).",
    ),
    "ranks_compared": (
        "De twee ideeën met het hoogste totaal hebben ook de beste verwachte rangen. De rangcorrelatie tussen beide is "
        "0,8. Het verst liggen ze uiteen bij p1: rang 1 naar totaal, verwachte rang 1,9.",
        "The two ideas with the highest totals also have the best expected ranks. The rank correlation between the two "
        "is 0.8. They are furthest apart for p1: rank 1 by total, expected rank 1.9.",
    ),
}


def draw(plot: str, language: Language, call: Call | None = None, **tables: pd.DataFrame) -> Figure:
    names, function = PLOTS[plot]
    found = {**TABLES, **tables}
    return function(*(found[name] for name in names), Wording(language, call or rated_call(3)))


@cache
def observe(plot: str, language: Language) -> tuple[Figure, Drawn]:
    with pytest.MonkeyPatch.context() as patch:
        drawn = watch_drawing(patch)
        return draw(plot, language), drawn


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Drawn:
    return watch_drawing(monkeypatch)


@pytest.fixture
def pictures(monkeypatch: pytest.MonkeyPatch) -> list[Picture]:
    """Return the list to which every picture is added that is rendered from now on."""
    found: list[Picture] = []
    render = figures.render

    def render_and_keep(picture: Picture, title: str) -> str:
        found.append(picture)
        return render(picture, title)

    monkeypatch.setattr(figures, "render", render_and_keep)
    return found


def random_scores(proposals: int, raters: int, seed: int, missing: float = 0.1) -> pd.DataFrame:
    """Return scores of raters who mostly agree and now and then are far off."""
    rng = np.random.default_rng(seed)
    merit = rng.normal(6, 1, proposals)
    noise = rng.standard_t(2, (raters, proposals)) * 0.5
    given = (merit + noise).clip(0, 10).round(2)
    absent = rng.random(given.shape) < missing
    rows = {f"r{n}": [None if gone else value for value, gone in zip(row, gaps, strict=True)]
            for n, (row, gaps) in enumerate(zip(given, absent, strict=True), start=1)}  # fmt: skip
    return score(rows)


def deviations_of(scores: pd.DataFrame) -> dict[tuple[str, str], float]:
    """Return per rater and proposal the score less the mean of the others, one by one."""
    cells = {(row.rater, row.proposal): row.score for row in scores.itertuples()}
    found = {}
    for (rater, proposal), value in cells.items():
        others = [other for (someone, same), other in cells.items() if same == proposal and someone != rater]
        if others:
            found[rater, proposal] = value - statistics.mean(others)
    return found


def marked(axes: Axes, marker: str) -> list[tuple[float, float]]:
    """Return the points that lines with this marker hold."""
    lines = [line for line in axes.get_lines() if line.get_marker() == marker and len(line.get_xdata())]
    return [point for line in lines for point in zip(line.get_xdata(), line.get_ydata(), strict=True)]


# What holds for all of them.


@pytest.mark.parametrize("plot", PLOTS)
def test_alternative_text_states_the_finding(plot: str) -> None:
    assert tuple(observe(plot, language)[0].alt for language in LANGUAGES) == STATED[plot]


@pytest.mark.parametrize("plot", PLOTS)
def test_same_tables_give_the_same_well_formed_picture(plot: str) -> None:
    first, _ = observe(plot, "nl")
    root = ElementTree.fromstring(first.svg)
    assert root.findtext("{http://www.w3.org/2000/svg}title") == first.caption
    assert draw(plot, "nl") == first


@pytest.mark.parametrize("plot", PLOTS)
def test_order_of_the_rows_plays_no_part(plot: str) -> None:
    shuffled = {name: table.sample(frac=1, random_state=3) for name, table in TABLES.items() if name != "totals"}
    assert draw(plot, "nl", **shuffled) == observe(plot, "nl")[0]


@pytest.mark.parametrize("plot", PLOTS)
def test_empty_table_is_refused(plot: str) -> None:
    with pytest.raises(ValueError, match="found no rows"):
        draw(plot, "nl", **{name: table.head(0) for name, table in TABLES.items()})


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("plot", PLOTS)
def test_labels_stay_inside_the_picture_and_apart(plot: str, language: Language) -> None:
    _, drawn = observe(plot, language)
    assert len(drawn.boxes) > 4
    assert drawn.outside() == []
    assert drawn.overlapping() == []


@pytest.mark.parametrize("plot", PLOTS)
def test_long_dutch_labels_stay_inside_the_picture_and_apart(plot: str, drawn: Drawn) -> None:
    draw(plot, "nl", call=rated_call(3, LONG))
    assert drawn.outside() == []
    assert drawn.overlapping() == []


@pytest.mark.parametrize("plot", PLOTS)
def test_both_languages_tell_the_same_numbers(plot: str) -> None:
    """Digits only: the decimal sign and the order of words differ."""
    texts = [observe(plot, language)[0] for language in LANGUAGES]
    dutch, english = (sorted(re.findall(r"\d+", text.alt + text.caption)) for text in texts)
    assert dutch == english


# Deviations per rater.


def show_deviations(scores: pd.DataFrame, raters: int, language: Language = "en") -> Figure:
    return plots.rater_deviations(scores, total(scores, 5), Wording(language, rated_call(raters)))


@pytest.mark.parametrize("seed", range(3))
def test_outliers_and_only_they_are_dark_and_named_without_overlap(
    seed: int, drawn: Drawn, pictures: list[Picture]
) -> None:
    scores = random_scores(99, 5, seed)
    figure = show_deviations(scores, 5)
    deviations = deviations_of(scores)
    limit = 2.5 * 1.4826 * statistics.median(abs(value) for value in deviations.values())
    for n, axes in enumerate(pictures[0].axes, start=1):
        far = {name: value for (rater, name), value in deviations.items() if rater == f"r{n}" and abs(value) > limit}
        dark = [
            patch for patch in axes.patches if isinstance(patch, PathPatch) and to_hex(patch.get_facecolor()) == INK
        ]
        heights = dark[0].get_path().vertices.reshape(-1, 5, 2)[:, 1, 1]
        assert sorted(heights.round(9)) == sorted(round(value, 9) for value in far.values())
        assert sorted(text.get_text() for text in axes.texts) == sorted(far)
        assert all((text.get_position()[1] > 0) == (far[text.get_text()] > 0) for text in axes.texts if text.get_text())
    assert len([text for text in drawn.texts() if text.startswith("p")]) > 10
    assert "no room" not in figure.caption
    assert drawn.overlapping() == []
    assert drawn.outside() == []


def test_bars_stand_in_order_of_total_and_crosses_where_a_score_is_missing(pictures: list[Picture]) -> None:
    show_deviations(score({"r1": (3, 9, None), "r2": (4, 8, 6), "r3": (5, None, 6)}), 3)
    heights = [
        {round(float(bar[:, 0].mean() * 5 - bar[0, 0]) / 4): round(float(bar[1, 1]), 9) for bar in bars_of(axes)}
        for axes in pictures[0].axes
    ]
    assert heights == [{1: 1.0, 3: -1.5}, {1: -1.0, 2: 0.0, 3: 0.0}, {2: 0.0, 3: 1.5}]  # p2, p3, p1
    assert [marked(axes, "x") for axes in pictures[0].axes] == [[(2, 0)], [], [(1, 0)]]


def test_the_only_score_of_a_proposal_has_a_cross_too(pictures: list[Picture]) -> None:
    show_deviations(score({"r1": (3, 9), "r2": (4, None)}), 2)
    assert [marked(axes, "x") for axes in pictures[0].axes] == [[(1, 0)], [(1, 0)]]


def bars_of(axes: Axes) -> list[np.ndarray[Any, Any]]:
    patches = [patch for patch in axes.patches if isinstance(patch, PathPatch)]
    return [bar for patch in patches for bar in patch.get_path().vertices.reshape(-1, 5, 2)]


def test_of_many_raters_those_with_the_largest_deviations_are_shown_and_the_caption_says_so(drawn: Drawn) -> None:
    scores = random_scores(30, 20, 7, missing=0.5)
    figure = show_deviations(scores, 20)
    deviations = deviations_of(scores)
    furthest = {rater: max(abs(v) for (one, _), v in deviations.items() if one == rater) for rater, _ in deviations}
    expected = sorted(furthest, key=lambda rater: -furthest[rater])[:12]
    labels = {f"juror {chr(64 + int(rater[1:]))}" for rater in expected}
    assert {text for text in drawn.texts() if text.startswith("juror")} == labels
    assert figure.caption.endswith("Of the twenty raters, the twelve with the largest deviation are shown.")
    assert drawn.overlapping() == []


def test_more_outliers_than_fit_are_counted_in_the_caption(drawn: Drawn) -> None:
    rng = np.random.default_rng(0)
    rows = {f"r{n}": (6 + rng.normal(0, 0.01, 99)).tolist() for n in range(1, 7)}
    rows["r1"] = (6 + np.where(np.arange(99) % 2, 3, 0) + rng.random(99)).tolist()
    figure = show_deviations(score(rows), 6)
    unnamed = int(re.findall(r"no room to label (\d+) smaller", figure.caption)[0])
    stated = int(re.findall(r"(\d+) of the 594 deviations", figure.alt)[0])
    assert unnamed + sum(bool(re.fullmatch(r"p\d+", text.get_text())) for text in drawn.boxes) == stated
    assert drawn.overlapping() == []


@pytest.mark.parametrize(
    ("rows", "stated"),
    [
        ({"r1": (3, 4)}, "Geen enkele score kan met die van een andere beoordelaar worden vergeleken."),
        ({"r1": (3, None), "r2": (None, 4)},
         "Geen enkele score kan met die van een andere beoordelaar worden vergeleken."),
        ({"r1": (3, 4), "r2": (3, 4)}, "Elke score is gelijk aan het gemiddelde van de andere beoordelaars."),
        ({"r1": (3, 4), "r2": (2.5, 4)},
         "De grootste afwijking is die van jurylid A voor p1: 0,5 punten hoger dan het gemiddelde van de andere "
         "beoordelaars. Geen enkele van de vier afwijkingen is een uitschieter."),
        ({"r1": (*[3] * 9, 9), "r2": (*[3] * 9, 3)},
         "De grootste afwijking is die van jurylid A voor p10: 6 punten hoger dan het gemiddelde van de andere "
         "beoordelaars. Twee van de twintig afwijkingen zijn uitschieters van meer dan 1,88 punten, bij jurylid A en "
         "jurylid B (elk één)."),
    ],
)  # fmt: skip
def test_deviations_of_few_scores(rows: Mapping[str, Sequence[float]], stated: str) -> None:
    scores = score(rows)
    assert show_deviations(scores, 2, "nl").alt == stated
    english = show_deviations(scores, 2)
    assert ("outliers" in english.caption) == ("zijn uitschieters" in stated)


# Severity.


def spread(severity: Sequence[float | None], half: float | None = 0.1) -> pd.DataFrame:
    middle = pd.Series(severity, dtype="float64")
    away = float("nan") if half is None else half
    names = [f"r{n}" for n in range(1, len(middle) + 1)]
    return pd.DataFrame(
        {"rater": names, "severity": middle, "severity_low": middle - away, "severity_high": middle + away}
    )


def test_severest_rater_is_on_top_and_filled_where_the_interval_leaves_zero_out(
    drawn: Drawn, pictures: list[Picture]
) -> None:
    plots.severity(spread([0.05, -0.4, None, 0.3]), Wording("en", rated_call(4)))
    axes = pictures[0].axes[0]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["juror B", "juror A", "juror D"]
    filled = {to_hex(line.get_markerfacecolor()): len(line.get_xdata()) for line in axes.get_lines()
              if line.get_marker() == "o"}  # fmt: skip
    assert filled == {to_hex(figures.MAIN): 2, "#ffffff": 1}
    assert "juror C" not in drawn.texts()


def test_of_many_raters_the_extremes_are_shown_and_the_caption_says_so(pictures: list[Picture], drawn: Drawn) -> None:
    values = np.random.default_rng(2).normal(0, 1, 57)
    figure = plots.severity(spread(values.tolist()), Wording("en", rated_call(57)))
    shown = np.concatenate([points for line in pictures[0].axes[0].get_lines() if line.get_marker() == "o"
                            for points in [line.get_xdata()]])  # fmt: skip
    assert sorted(shown) == [*sorted(values)[:20], *sorted(values)[-20:]]
    assert "Of the 57 raters, the twenty most severe and the twenty most lenient are shown." in figure.caption
    clear = sum(abs(value) > 0.1 for value in values)
    assert f"For {clear} of the 57 raters" in figure.alt
    assert drawn.overlapping() == []


@pytest.mark.parametrize(
    ("table", "stated"),
    [
        (spread([None, None]), "No rater can be compared with others."),
        (spread([0.25, None]), "Juror A scores on average 0.25 points above the other raters."),
        (spread([0.0, 0.0], None), "The raters are equally severe on average."),
        (spread([-0.5, 0.5, -0.5], None),
         "Most severe are juror A and juror C (on average 0.5 points below the other raters), most lenient juror B (0.5 "
         "points above). For none of the three raters does the interval lie wholly on one side of zero."),
    ],
)  # fmt: skip
def test_severity_of_few_raters(table: pd.DataFrame, stated: str) -> None:
    figure = plots.severity(table, Wording("en", rated_call(3)))
    assert figure.alt == stated
    lone = table["severity_low"].isna() & table["severity"].notna()
    assert ("rests on one idea" in figure.caption) == lone.any()
    assert len(plots.severity(table, Wording("nl", rated_call(3))).alt) > 20


# Agreement.


def test_criteria_stand_in_the_order_of_the_call_and_the_total_last(pictures: list[Picture]) -> None:
    draw("agreement", "en")
    axes = pictures[0].axes[0]
    labels = [text.get_text() for text in axes.get_yticklabels()]
    assert labels == ["innovative power", "feasibility", "all criteria together"]
    points = {marker: {round(y): float(x) for x, y in marked(axes, marker)} for marker in "oD"}
    assert points == {"o": {0: 0.25, 1: 0.5, 2: 0.6}, "D": {0: 0.1, 2: 0.2}}
    segments = [segment for lines in axes.collections if isinstance(lines, LineCollection)
                for segment in lines.get_segments() if len(segment) and not np.isnan(segment).any()]  # fmt: skip
    ends = {(round(float(segment[0, 1])), *segment[:, 0].tolist()) for segment in segments}
    assert ends == {(0, 0.1, 0.4), (1, 0.3, 0.7), (2, 0.4, 0.75), (2, 0.0, 0.5)}


@pytest.mark.parametrize(
    ("kept", "stated"),
    [
        (lambda table: table["scope"] == "all",
         "The agreement is largest for ‘feasibility’ (0.5) and smallest for ‘innovative power’ (0.25). For all criteria "
         "together it is 0.6, and 0.81 for the mean of the raters."),
        (lambda table: table["criterion"] == "total",
         "The agreement is 0.6, and 0.81 for the mean of the raters. Within the shortlist it is 0.2."),
        (lambda table: (table["criterion"] == "power") & (table["scope"] == "all"),
         "For ‘innovative power’ the agreement is 0.25."),
    ],
)  # fmt: skip
def test_agreement_of_part_of_the_table(kept: Callable[[pd.DataFrame], pd.Series], stated: str, drawn: Drawn) -> None:
    table = TABLES["agreement"]
    figure = draw("agreement", "en", agreement=table[kept(table)])
    assert figure.alt == stated
    listed = "shortlist" in stated
    assert ("ideas on the shortlist" in drawn.texts()) == listed
    assert ("shortlist" in figure.caption) == listed


# Expected ranks.


def many_ranks(number: int, line: int, reach: int) -> pd.DataFrame:
    er = {f"p{n}": n + 0.25 for n in range(1, number + 1)}
    groups = "".join("a" if n + reach < line else "r" if n - reach > line else "l" for n in range(1, number + 1))
    return expect(er, groups, reach)


@pytest.mark.parametrize("number", [40, 41, 99])
def test_ids_stand_upright_below_few_proposals_and_numbers_below_more(number: int, drawn: Drawn) -> None:
    plots.expected_ranks(many_ranks(number, 20, 3), Wording("nl", small_call()), 20)
    assert ({f"p{n}" for n in range(1, number + 1)} <= drawn.texts()) == (number <= 40)
    assert drawn.overlapping() == []
    assert drawn.outside() == []


def test_every_group_has_its_marker_and_the_line_its_expected_rank(pictures: list[Picture]) -> None:
    table = many_ranks(99, 20, 3)
    plots.expected_ranks(table, Wording("nl", small_call()), 20)
    axes = pictures[0].axes[0]
    assert marked(axes, "D") == [(n, n + 0.25) for n in range(17, 24)]
    assert sorted(marked(axes, "o")) == [(n, n + 0.25) for n in range(1, 100) if not 17 <= n < 24]
    dashed = [line for line in axes.get_lines() if line.get_linestyle() == "--"]
    assert [line.get_ydata()[0] for line in dashed] == [20.25]
    low, high = axes.get_ylim()
    assert low > high  # rank 1 is on top


@pytest.mark.parametrize(("line", "first", "which"), [(400, 251, "around the line"), (None, 1, "with the best"),
                                                      (699, 401, "around the line"), (3, 1, "around the line")])  # fmt: skip
def test_of_very_many_proposals_those_around_the_line_are_drawn(
    line: int | None, first: int, which: str, pictures: list[Picture]
) -> None:
    figure = plots.expected_ranks(many_ranks(700, line or 100, 20), Wording("en", small_call()), line)
    drawn = sorted(x for marker in "oD" for x, _ in marked(pictures[0].axes[0], marker))
    assert drawn == list(range(first, first + 300))
    assert f"Of the 700 ideas, the 300 {which}" in figure.caption


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("groups", ["aa", "ll", "rr", "ar"])
@pytest.mark.parametrize("line", [None, 1, 2, 9])
def test_two_proposals_have_expected_ranks(language: Language, groups: str, line: int | None) -> None:
    figure = plots.expected_ranks(expect({"p1": 1.4, "p2": 1.6}, groups), Wording(language, small_call()), line)
    stated = line == 1  # after the last place, or none, there is no line
    assert (("lijn" if language == "nl" else "line ") in figure.alt) == stated


# Shares of ranks.


def random_shares(number: int, seed: int = 0, reach: float = 6) -> pd.DataFrame:
    """Return how often each of a number of proposals has each rank in 200 draws."""
    rng = np.random.default_rng(seed)
    drawn = np.arange(number) + rng.normal(0, reach, (200, number))
    ranks = drawn.argsort(axis=1).argsort(axis=1) + 1
    rows = {f"p{n + 1}": dict(zip(*np.unique(ranks[:, n], return_counts=True), strict=True)) for n in range(number)}
    return share({name: {int(rank): times / 200 for rank, times in found.items()} for name, found in rows.items()})


def cells_of(picture: Picture) -> Iterator[tuple[int, float, float, float]]:
    """Yield row, left end, right end and value of every cell."""
    cells = next(one for one in picture.axes[0].collections if isinstance(one, PolyCollection))
    for path, value in zip(cells.get_paths(), cells.get_array(), strict=True):
        (left, top), (right, bottom) = path.vertices.min(axis=0), path.vertices.max(axis=0)
        assert bottom - top == 1
        yield round((top + bottom) / 2), left, right, float(value)


@pytest.mark.parametrize(("number", "line", "first"), [(99, 20, 1), (300, 101, 82), (300, None, 1), (12, 5, 1)])
def test_cells_add_up_the_shares_and_none_crosses_the_line(
    number: int, line: int | None, first: int, pictures: list[Picture], drawn: Drawn
) -> None:
    table = random_shares(number, reach=number / 10)
    order = [f"p{n}" for n in range(1, number + 1)]
    plots.rank_shares(table, order, line, Wording("nl", small_call()))
    shown = order[first - 1 : first + 39]
    assert [text.get_text() for text in pictures[0].axes[0].get_yticklabels()] == shown
    by_name = {name: rows.set_index("rank")["share"] for name, rows in table.groupby("proposal")}
    sums = dict.fromkeys(range(len(shown)), 0.0)
    edges = set()
    for row, left, right, value in cells_of(pictures[0]):
        held = by_name[shown[row]]
        assert value == pytest.approx(held[(held.index > left) & (held.index < right)].sum())
        assert line is None or not left < line + 0.5 < right
        edges |= {left, right}
        sums[row] += value
    assert list(sums.values()) == pytest.approx([1] * len(shown))
    assert len(edges) <= 62
    assert drawn.overlapping() == []
    assert drawn.outside() == []


def test_alternative_text_of_shares_names_the_least_sure_on_either_side() -> None:
    table = random_shares(99)
    order = [f"p{n}" for n in range(1, 100)]
    figure = plots.rank_shares(table.assign(varied="raters"), order, 20, Wording("en", small_call()), "raters")
    inside = table[table["rank"] <= 20].groupby("proposal")["share"].sum().reindex(order).fillna(0)
    least, most = inside[:20].idxmin(), inside[20:].idxmax()
    assert figure.id == "rank-shares-raters"
    assert f"With other raters, {least} is among the best twenty least often" in figure.alt
    assert f"(in {inside[least] * 100 + 1e-9:.0f}% of the draws)" in figure.alt
    assert f"{most} is there most often (in {inside[most] * 100 + 1e-9:.0f}%)" in figure.alt
    assert "Of the 99 ideas, the 40 around the line are shown." in figure.caption


@pytest.mark.parametrize(
    ("line", "stated"),
    [
        (None, "Met andere gewichten staat p3 het vaakst op de eerste plaats (in 75% van de trekkingen)."),
        (4, "Met andere gewichten staat p3 het vaakst op de eerste plaats (in 75% van de trekkingen)."),
        (1, "Met andere gewichten staat het enige idee boven de lijn, p3, in 75% van de trekkingen op de eerste plaats; "
            "van de drie eronder p1 het vaakst (in 25%)."),
        (3, "Met andere gewichten staan van de drie getoonde ideeën boven de lijn p3, p1 en p2 het minst vaak bij de "
            "beste drie (elk in 100% van de trekkingen); het enige eronder, p4, in 0%."),
    ],
)  # fmt: skip
def test_shares_of_few_proposals(line: int | None, stated: str) -> None:
    table = TABLES["rank_shares"]
    assert plots.rank_shares(table, ORDER, line, Wording("nl", small_call())).alt == stated
    assert "p3" in plots.rank_shares(table, ORDER, line, Wording("en", small_call())).alt


def test_part_that_is_not_in_the_table_is_refused() -> None:
    with pytest.raises(ValueError, match="varied raters"):
        plots.rank_shares(TABLES["rank_shares"], ORDER, 2, Wording("nl", small_call()), "raters")


# Two rankings.


def two_rankings(number: int, size: int, seed: int, noise: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = np.random.default_rng(seed)
    names = [f"p{n}" for n in range(1, number + 1)]
    totals = pd.DataFrame({"proposal": names, "total": 10 - np.arange(number) / number, "rank": range(1, number + 1)})
    er = (np.arange(1, number + 1) + rng.normal(0, noise, number)).clip(1, number)
    return totals.assign(shortlisted=totals["rank"] <= size), pd.DataFrame({"proposal": names, "er": er})


@pytest.mark.parametrize(("number", "size"), [(99, 20), (99, 5), (99, 90), (15, 5), (6, 1), (2, 1)])
@pytest.mark.parametrize("seed", range(3))
def test_proposals_that_only_one_ranking_shortlists_are_named_without_overlap(
    number: int, size: int, seed: int, drawn: Drawn, pictures: list[Picture]
) -> None:
    totals, expected = two_rankings(number, size, seed, noise=number / 12)
    figure = plots.ranks_compared(totals, expected, Wording("en", small_call()))
    best = set(expected.nsmallest(size, "er")["proposal"])
    moved = best ^ set(totals["proposal"][:size])
    assert {text for text in drawn.texts() if text.startswith("p")} == moved
    assert "no room" not in figure.caption
    assert drawn.overlapping() == []
    assert drawn.outside() == []
    names = [box for text, box in drawn.boxes.items() if text.get_text() in moved]
    points = [(row.rank, row.er) for row in totals.merge(expected).itertuples()]
    placed = pictures[0].axes[0].transData.transform(points) * 72 / pictures[0].dpi
    assert [point for point in placed for box in names if box.contains(*point)] == []
    if size > 1 and moved:
        assert all(name in figure.alt for name in moved)


def test_of_many_that_move_those_that_move_most_are_named(drawn: Drawn) -> None:
    totals, expected = two_rankings(1000, 250, 4, noise=80)
    figure = plots.ranks_compared(totals, expected, Wording("en", small_call()))
    best = set(expected.nsmallest(250, "er")["proposal"])
    shift = dict(zip(totals["proposal"], (totals["rank"] - expected["er"]).abs(), strict=True))
    moved = [sorted(names, key=lambda name: -shift[name]) for names in (best - set(totals["proposal"][:250]),
                                                                       set(totals["proposal"][:250]) - best)]  # fmt: skip
    shown = {text for text in drawn.texts() if re.fullmatch(r"p\d+", text)}
    assert shown == {*moved[0][:12], *moved[1][:12]}
    assert f"no room to label {sum(map(len, moved)) - 24} triangles" in figure.caption
    assert drawn.overlapping() == []


@pytest.mark.parametrize(
    ("size", "er", "stated"),
    [
        (2, (1, 2, 3, 4), "The two ideas with the highest totals also have the best expected ranks. The rank correlation "
                          "between the two is 1. They are furthest apart for p1: rank 1 by total, expected rank 1."),
        (2, (1, 2.5, 2.5, 4), "The two ideas with the highest totals also have the best expected ranks."),
        (1, (2, 1, 3, 4), "The idea with the highest total does not have the best expected rank."),
        (1, (1, 2, 3, 4), "The idea with the highest total also has the best expected rank."),
        (2, (1, 3.5, 2, 3.5), "Of the two ideas with the highest totals, one also has one of the two best expected ranks. "
                              "Among the best by total only: p2. Among the best by expected rank only: p3."),
        (0, (1, 2, 3, 4), "No idea is on the shortlist."),
        (4, (2, 1, 3, 4), "All ideas are on the shortlist."),
        (4, (2.5, 2.5, 2.5, 2.5), "All ideas are on the shortlist. They are furthest apart for p1: rank 1 by total, "
                                  "expected rank 2.5."),
    ],
)  # fmt: skip
def test_two_rankings_of_four_proposals(size: int, er: Sequence[float], stated: str) -> None:
    totals, expected = two_rankings(4, size, 0, 0)
    figure = plots.ranks_compared(totals, expected.assign(er=er), Wording("en", small_call()))
    assert figure.alt.startswith(stated)
    assert ("dashed" in figure.caption) == (size in (1, 2))
    assert len(plots.ranks_compared(totals, expected.assign(er=er), Wording("nl", small_call())).alt) > 20


def test_rankings_that_differ_are_never_said_to_be_the_same() -> None:
    totals, expected = two_rankings(400, 100, 0, 0)
    swapped = expected.assign(er=[2, 1, *range(3, 401)])
    assert "is 0.999." in plots.ranks_compared(totals, swapped, Wording("en", small_call())).alt


# Calls of another make, and helpers.


def test_call_that_was_not_validated_serves_with_thousands_of_raters(drawn: Drawn) -> None:
    declared = rated_call(3)
    raters = tuple(declared.scoring.raters[0].model_copy(update={"id": f"R{n}"}) for n in range(1, 4501))
    scoring = Scoring.model_construct(**{**dict(declared.scoring), "raters": raters})
    call = Call.model_construct(**{**dict(declared), "scoring": scoring})
    rng = np.random.default_rng(1)
    pairs = [(f"#{n}", f"R{rater}") for n in range(500) for rater in rng.choice(4500, 4, replace=False) + 1]
    scores = pd.DataFrame(pairs, columns=["proposal", "rater"]).assign(score=rng.normal(6, 1, 2000))
    figure = plots.rater_deviations(scores, total(scores, 100), Wording("en", call))
    assert f"Of the {scores['rater'].nunique():,} raters, the twelve" in figure.caption
    assert len(figure.svg) < 300_000
    assert drawn.overlapping() == []


def test_positions_keep_their_distance_stay_inside_and_move_no_further_than_needed() -> None:
    rng = np.random.default_rng(5)
    for _ in range(50):
        number = int(rng.integers(1, 12))
        centres = sorted(rng.uniform(0, 20, number).tolist())
        placed = keep_within(centres, 1.5, 0.5, 19.5)
        assert all(b - a >= 1.5 - 1e-9 for a, b in pairwise(placed))
        assert min(placed) >= 0.5 - 1e-9
        assert max(placed) <= 19.5 + 1e-9
        cost = sum((a - b) ** 2 for a, b in zip(placed, centres, strict=True))
        for _ in range(200):  # no other placing that keeps the distances is nearer
            other = 0.5 + np.sort(rng.uniform(0, 19 - 1.5 * (number - 1), number)) + 1.5 * np.arange(number)
            mixed = np.array(placed) + (other - placed) * rng.random()
            assert cost <= ((mixed - centres) ** 2).sum() + 1e-9


@pytest.mark.parametrize(("number", "line", "shown"), [(9, None, (0, 4)), (9, 1, (0, 4)), (9, 5, (3, 7)),
                                                      (9, 9, (5, 9)), (3, 2, (0, 3))])  # fmt: skip
def test_window_holds_the_line_and_as_many_places_as_fit(number: int, line: int | None, shown: tuple[int, int]) -> None:
    places = list(range(number))[cut_window(number, 4, line)]
    assert (places[0], places[-1] + 1) == shown
