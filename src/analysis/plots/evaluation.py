"""Plots of the masterclasses, the survey of participants, and the paths for ideas that were not chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter

from analysis.figures import (
    INK,
    LINE_HEIGHT,
    MAIN,
    QUIET,
    RULE,
    Figure,
    draw_bars,
    draw_picture,
    find_extremes,
    finish,
    keep_apart,
    label_rows,
    measure_rows,
    number_axis,
    place_legend,
    quote,
    refuse_empty,
    say,
    wrap,
)
from analysis.wording import Wording

TESTS: Mapping[str, Mapping[str, Any]] = {
    "feasibility": {"marker": "o", "linestyle": "-"},
    "desirability": {"marker": "s", "linestyle": "--"},
}
ANSWERS: Mapping[str, Mapping[str, Any]] = {
    "chosen": {"marker": "o", "color": MAIN, "markersize": 7},
    "not_chosen": {"marker": "D", "color": QUIET, "markersize": 7, "markerfacecolor": "none"},
    "all": {"marker": "|", "color": INK, "markersize": 12},
}
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
        return finish(picture, "attendance", wording, **_attendance_facts(sessions, tests, wording))


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
    """Return the share of participants that agrees with each question, chosen beside not chosen.

    Where the table leaves these two out, as groups too small to show, a tick marks the share of all participants.
    """
    shares = survey_results.pivot(index="question", columns="group", values="agreeing")
    shares = shares.reindex(columns=["all", "chosen", "not_chosen"]).dropna(subset=["all"])
    refuse_empty(shares, "survey_results, group all")
    questions = [key for key in wording.call.ids("survey_questions") if key in shares.index]
    ordered = shares.loc[questions].reset_index()
    labels = [wrap(wording.label("survey_questions", key), 40) for key in questions]
    with draw_picture(0.95 + measure_rows(labels, space=0.2)) as picture:
        axes = picture.subplots()
        _draw_answers(axes, ordered, wording)
        label_rows(axes, labels)
        axes.spines["left"].set_visible(False)
        axes.set_xlim(-0.02, 1.02)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: wording.format("percent", value)))
        axes.grid(axis="x")
        axes.set_xlabel(say(wording, "survey.axis"))
        place_legend(picture, "outside upper left", axes.get_legend_handles_labels()[0])
        return finish(picture, "survey", wording, **_survey_facts(ordered, wording))


def _draw_answers(axes: Axes, ordered: pd.DataFrame, wording: Wording) -> None:
    parted = ordered["chosen"].notna() & ordered["not_chosen"].notna()
    pairs, together = ordered[parted], ordered[~parted]
    axes.hlines(pairs.index, pairs["chosen"], pairs["not_chosen"], color=RULE, linewidth=2)
    for group, marker in ANSWERS.items():
        rows = together if group == "all" else pairs
        if not rows.empty:
            label = wording.label("survey_group", group)
            axes.plot(rows[group], rows.index, linestyle="", markeredgewidth=1.5, label=label, **marker)


def _survey_facts(ordered: pd.DataFrame, wording: Wording) -> dict[str, Any]:
    names = [quote(wording.label("survey_questions", key)) for key in ordered["question"]]
    agreeing = dict(zip(names, ordered["all"].astype("float64"), strict=True))
    lead = (ordered["chosen"] - ordered["not_chosen"]).dropna().round(9)
    return {
        **find_extremes(agreeing),
        "parted": len(lead),
        "ahead": int((lead > 0).sum()),
        "behind": int((lead < 0).sum()),
    }


def paths(path_sizes: pd.DataFrame, wording: Wording) -> Figure:
    """Return the proposals that were not chosen by the path proposed for them, the largest on top; ties as declared."""
    refuse_empty(path_sizes, "path_sizes")
    ordered = path_sizes.sort_values("proposals", ascending=False, kind="stable")
    names = [wording.label("paths", key) for key in ordered["path"]]
    counts = {name: int(number) for name, number in zip(names, ordered["proposals"], strict=True)}
    labels = [wrap(name, 38) for name in names]
    with draw_picture(0.45 + measure_rows(labels)) as picture:
        axes = picture.subplots()
        draw_bars(axes, labels, list(counts.values()), [wording.format("number", n) for n in counts.values()])
        axes.set_xlabel(say(wording, "paths.axis"))
        return finish(picture, "paths", wording, **find_extremes({quote(name): n for name, n in counts.items()}))
