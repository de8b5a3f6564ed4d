"""Plots of the masterclasses, the survey of participants, and the paths for ideas that were not chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter

from analysis.declarations import AGREEING, ANSWERS, MERGED
from analysis.figures import (
    CONTRAST,
    FILLS,
    INK,
    LINE_HEIGHT,
    MAIN,
    MIDDLE,
    PALE,
    QUIET,
    Figure,
    describe_groups,
    draw_bars,
    draw_picture,
    find_extremes,
    finish,
    keep_apart,
    label_rows,
    measure_rows,
    number_axis,
    order_groups,
    place_legend,
    quote,
    refuse_empty,
    say,
    size_bars,
    wrap,
)
from analysis.intervals import LEVEL
from analysis.wording import Wording

TESTS: Mapping[str, Mapping[str, Any]] = {
    "feasibility": {"marker": "o", "linestyle": "-"},
    "desirability": {"marker": "s", "linestyle": "--"},
}
GROUPS: Mapping[str, tuple[float, Mapping[str, Any]]] = {  # how far below the middle of the row, and the marker
    "chosen": (-0.17, {"marker": "o", "color": MAIN, "markersize": 7}),
    "not_chosen": (0.17, {"marker": "D", "color": QUIET, "markersize": 6.5, "markerfacecolor": "white"}),
    "all": (0.0, {"marker": "s", "color": INK, "markersize": 6.5, "markerfacecolor": "white"}),
}
# From disagree to agree; the answers that do not agree are lighter or hatched, so that a grey print keeps them apart.
SHADES: Sequence[Mapping[str, Any]] = (
    {"facecolor": FILLS[4], "hatch": "////"},
    {"facecolor": CONTRAST, "hatch": "////"},
    {"facecolor": PALE},
    {"facecolor": MIDDLE},
    {"facecolor": MAIN},
)
DARK = (FILLS[4], MAIN)
ROOM = 0.06  # share of the width; a smaller part has no place for its percentage
TESTS_HEIGHT = 1.5  # inches


def attendance(attendance: pd.DataFrame, wording: Wording) -> Figure:
    """Return the proposals present per session and, where there are any, the mean interim tests in a panel below."""
    refuse_empty(attendance, "attendance")
    sessions = attendance.sort_values("session").reset_index(drop=True)
    tests = [name for name in TESTS if sessions[name].notna().any()]
    heights = [TESTS_HEIGHT, TESTS_HEIGHT] if tests else [TESTS_HEIGHT]
    with draw_picture(0.6 + sum(heights)) as picture:
        panels = picture.subplots(len(heights), 1, sharex=True, squeeze=False, height_ratios=heights)[:, 0]
        _draw_attendance(panels[0], sessions, wording)
        if tests:
            _draw_tests(panels[1], sessions, tests, wording)
        panels[-1].set_xticks(sessions["session"])
        panels[-1].set_xlabel(say(wording, "attendance.session"))
        picture.align_ylabels()
        return finish(picture, "attendance", wording, ["attendance"], **_attendance_facts(sessions, tests, wording))


def _draw_attendance(axes: Axes, sessions: pd.DataFrame, wording: Wording) -> None:
    bars = axes.bar(sessions["session"], sessions["attended"], width=0.6, color=MAIN)
    texts = [
        f"{wording.format('number', present)}\n({wording.format('percent', share)})"
        for present, share in zip(sessions["attended"], sessions["share"], strict=True)
    ]
    axes.bar_label(bars, texts, padding=3)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_ylabel(wrap(say(wording, "attendance.present"), 20))


def _draw_tests(axes: Axes, sessions: pd.DataFrame, tests: list[str], wording: Wording) -> None:
    """Draw a line per interim test, each with its name at the end."""
    ends = {}
    for test in tests:
        known = sessions.dropna(subset=[test])
        axes.plot(known["session"], known[test], color=MAIN, markersize=5, markerfacecolor="white", **TESTS[test])
        ends[test] = float(known[test].iloc[-1])
    number_axis(axes.yaxis, wording, decimals=1)
    axes.grid(axis="y")
    axes.set_ylabel(wrap(say(wording, "attendance.tests"), 20))
    low, high = axes.get_ylim()
    rising = sorted(ends, key=lambda test: ends[test])
    places = keep_apart([ends[test] for test in rising], (high - low) * LINE_HEIGHT / TESTS_HEIGHT * 1.3)
    for test, place in zip(rising, places, strict=True):
        end = (sessions["session"].max(), place)
        text = say(wording, f"attendance.{test}")
        axes.annotate(text, end, xytext=(9, 0), textcoords="offset points", va="center")


def _attendance_facts(sessions: pd.DataFrame, tests: list[str], wording: Wording) -> dict[str, Any]:
    shares = {int(key): float(share) for key, share in zip(sessions["session"], sessions["share"], strict=True)}
    most, least = max(shares.values()), min(shares.values())
    courses = []
    for test in tests:
        known = sessions[test].dropna()
        name = say(wording, f"attendance.{test}")
        courses.append({"name": name, "tested": len(known), "first": known.iloc[0], "last": known.iloc[-1]})
    return {
        "groups": len(shares),
        "most": most,
        "least": least,
        "high": [session for session, share in shares.items() if share == most],
        "low": [session for session, share in shares.items() if share == least],
        "present": dict(zip(shares, sessions["attended"], strict=True)),
        "courses": courses,
    }


def survey(survey_results: pd.DataFrame, wording: Wording) -> Figure:
    """Return the share of participants that agrees with each question with its interval, chosen beside not chosen.

    Where the table leaves these two out, as groups too small to show, the share of all participants stands there.
    """
    rows = survey_results.pivot(index="question", columns="group", values=["agreeing", "low", "high"])
    refuse_empty(rows, "survey_results")
    questions = [key for key in wording.call.ids("survey_questions") if key in rows.index]
    names = pd.MultiIndex.from_product([("agreeing", "low", "high"), GROUPS])
    ordered = rows.reindex(index=questions, columns=names).reset_index(drop=True)
    labels = [wrap(wording.label("survey_questions", key), 40) for key in questions]
    with draw_picture(0.95 + measure_rows(labels, space=0.3)) as picture:
        axes = picture.subplots()
        _draw_agreement(axes, ordered, wording)
        label_rows(axes, labels)
        axes.spines["left"].set_visible(False)
        axes.set_xlim(-0.02, 1.02)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: wording.format("percent", value)))
        axes.grid(axis="x")
        axes.set_xlabel(say(wording, "survey.axis"))
        place_legend(picture, "outside upper left", axes.get_legend_handles_labels()[0])
        return finish(
            picture, "survey", wording, ["survey_results"], **_agreement_facts(ordered, questions, wording), **_scale()
        )


def _draw_agreement(axes: Axes, ordered: pd.DataFrame, wording: Wording) -> None:
    parted = ordered["agreeing"][["chosen", "not_chosen"]].notna().all(axis=1)
    for group, (below, marker) in GROUPS.items():
        rows = ordered.xs(group, axis=1, level=1)[~parted if group == "all" else parted]
        if rows.empty:
            continue
        places = rows.index + below
        axes.hlines(places, rows["low"], rows["high"], color=marker["color"], linewidth=1.8)
        label = wording.label("survey_group", group)
        axes.plot(rows["agreeing"], places, linestyle="", markeredgewidth=1.5, label=label, **marker)


def _agreement_facts(ordered: pd.DataFrame, questions: list[str], wording: Wording) -> dict[str, Any]:
    names = [quote(wording.label("survey_questions", key)) for key in questions]
    shares = ordered["agreeing"].astype("float64")
    lead = (shares["chosen"] - shares["not_chosen"]).dropna().round(9)
    return {
        **find_extremes(dict(zip(names, shares["all"], strict=True))),
        "parted": len(lead),
        "ahead": int((lead > 0).sum()),
        "behind": int((lead < 0).sum()),
    }


def _scale() -> dict[str, Any]:
    """Return the ends of the scale of answers, those that agree, and the level of the intervals, for the templates."""
    agreeing = [str(answer) for answer in AGREEING]
    return {"lowest": ANSWERS[0], "highest": ANSWERS[-1], "agreeing": agreeing, "level": LEVEL}


def survey_answers(survey_answers: pd.DataFrame, wording: Wording) -> Figure:
    """Return how all participants answered each question: a bar of five parts, from disagree to agree.

    A part has its percentage in it where there is room; the questions keep the order of the call.
    """
    refuse_empty(survey_answers, "survey_answers")
    shares = survey_answers.pivot(index="question", columns="answer", values="share").astype("float64")
    questions = [key for key in wording.call.ids("survey_questions") if key in shares.index]
    ordered = shares.reindex(index=questions, columns=list(ANSWERS)).fillna(0.0)
    labels = [wrap(wording.label("survey_questions", key), 40) for key in questions]
    with draw_picture(0.6 + measure_rows(labels, space=0.24)) as picture:
        axes = picture.subplots()
        _draw_parts(axes, ordered, size_bars(labels), wording)
        label_rows(axes, labels)
        for side in ("left", "bottom"):
            axes.spines[side].set_visible(False)
        axes.set_xlim(0, 1)
        axes.set_xticks([])
        place_legend(picture, "outside upper left", _explain_shades(wording))
        return finish(picture, "survey_answers", wording, ["survey_answers"], **_answer_facts(ordered, wording))


def _draw_parts(axes: Axes, ordered: pd.DataFrame, height: float, wording: Wording) -> None:
    starts = ordered.cumsum(axis=1) - ordered
    for answer, style in zip(ANSWERS, SHADES, strict=True):
        axes.barh(range(len(ordered)), ordered[answer], height, starts[answer], edgecolor="white", **style)
        boxed = {"facecolor": style["facecolor"], "edgecolor": "none", "pad": 1.2}
        for row, share in enumerate(ordered[answer]):
            if share >= ROOM:
                place = starts[answer].iloc[row] + share / 2
                colour = "white" if style["facecolor"] in DARK else INK
                axes.text(
                    place, row, wording.format("percent", share), ha="center", va="center", color=colour, bbox=boxed
                )


def _explain_shades(wording: Wording) -> list[Patch]:
    ends = {ANSWERS[0]: "disagree", ANSWERS[-1]: "agree"}
    texts = [
        say(wording, f"survey_answers.{ends[answer]}", answer=answer) if answer in ends else str(answer)
        for answer in ANSWERS
    ]
    return [Patch(label=text, edgecolor="white", **style) for text, style in zip(texts, SHADES, strict=True)]


def _answer_facts(ordered: pd.DataFrame, wording: Wording) -> dict[str, Any]:
    agreeing = ordered[list(AGREEING)].sum(axis=1).round(9)
    middle = len(ANSWERS) // 2
    names = [quote(wording.label("survey_questions", key)) for key in ordered.index]
    against = ordered[list(ANSWERS[:middle])].sum(axis=1).round(9)
    return {**find_extremes(dict(zip(names, against, strict=True))), "majority": int((agreeing > 0.5).sum())}


def paths(path_sizes: pd.DataFrame, wording: Wording) -> Figure:
    """Return the proposals that were not chosen by the path proposed for them, the largest on top; ties as declared."""
    refuse_empty(path_sizes, "path_sizes")
    ordered = order_groups(path_sizes, "path")
    names = [wording.label("paths", key) for key in ordered["path"]]
    counts = {name: int(number) for name, number in zip(names, ordered["proposals"], strict=True)}
    labels = [wrap(name, 38) for name in names]
    with draw_picture(0.45 + measure_rows(labels)) as picture:
        axes = picture.subplots()
        draw_bars(axes, labels, list(counts.values()), [wording.format("number", n) for n in counts.values()])
        axes.set_xlabel(say(wording, "paths.axis"))
        facts = describe_groups("path", counts, wording.label("paths", MERGED))
        return finish(picture, "paths", wording, ["path_sizes"], **facts)
