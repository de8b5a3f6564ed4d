"""The figure object, its style, its texts, and the helpers to draw with."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import matplotlib
import pandas as pd
import pytest
from builders import small_call

from analysis.figures import (
    Figure,
    describe_groups,
    draw_picture,
    fill_style,
    find_extremes,
    finish,
    keep_apart,
    name_months,
    number_axis,
    place_legend,
    quote,
    render,
    say,
    show,
    size_bars,
    wrap,
)
from analysis.wording import Wording, open_with_capital, read_texts

DUTCH, ENGLISH = (Wording(language, small_call()) for language in ("nl", "en"))


@pytest.mark.parametrize(("alt", "caption", "missing"), [("", "Onder.", "alt"), ("Stelt iets.", "  ", "caption")])
def test_figure_without_its_texts_is_refused(alt: str, caption: str, missing: str) -> None:
    with pytest.raises(ValueError, match=f"figure one: found no {missing}"):
        Figure("one", "<svg/>", alt, caption)


def test_figure_shows_picture_and_texts_to_a_notebook() -> None:
    data, metadata = Figure("one", "<svg/>", "Stelt iets.", "Onder.")._repr_mimebundle_(include=None, exclude=None)
    assert data == {"image/svg+xml": "<svg/>", "text/plain": "Onder. Stelt iets."}
    assert metadata == {"image/svg+xml": {"id": "one", "alt": "Stelt iets.", "caption": "Onder."}}


def test_style_ends_with_the_picture_and_heeds_no_other() -> None:
    with matplotlib.rc_context({"font.size": 31, "svg.fonttype": "none"}):
        before = dict(matplotlib.rcParams)
        with draw_picture(1) as picture:
            assert matplotlib.rcParams["font.size"] < 12
            picture.text(0.1, 0.5, "tekst")
            svg = render(picture, "Titel")
        assert dict(matplotlib.rcParams) == before
    assert "<text" not in svg


def test_picture_holds_neither_day_nor_version_and_escapes_its_title() -> None:
    with draw_picture(1) as picture:
        svg = render(picture, "Meer < minder & zo")
    assert svg.startswith("<svg ")
    assert "<title>Meer &lt; minder &amp; zo</title>" in svg
    assert matplotlib.__version__ not in svg
    assert "dc:date" not in svg


def test_finish_names_the_figure_and_its_variant() -> None:
    with draw_picture(1) as picture:
        facts = find_extremes({"‘a’": 3, "‘b’": 1})
        figure = finish(
            picture, "group_counts", ENGLISH, ["distribution"], variant="actor_kind", dimension="actor_kind", **facts
        )
    assert figure.id == "group-counts-actor-kind"
    assert figure.caption == "Ideas by kind of actor, largest first."
    assert figure.alt == "Most common is ‘a’ (three of the four ideas); least common is ‘b’ (one)."


def test_show_draws_a_table_and_says_where_there_is_nothing_to_draw() -> None:
    figure = Figure("one", "<svg/>", "Stelt iets.", "Onder.")
    table = pd.DataFrame({"proposals": [1]})
    assert show(lambda *_: figure, table, table, DUTCH) is figure
    assert show(lambda *_: figure, table.head(0), table, DUTCH) == DUTCH.plain("steps.nothing")


def find_keys(texts: dict[str, Any], prefix: str = "") -> set[str]:
    return {
        key
        for name, value in texts.items()
        for key in (find_keys(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}"})
    }


def test_both_languages_have_the_same_texts() -> None:
    dutch, english = (find_keys(read_texts(language)["figures"]) for language in ("nl", "en"))
    assert dutch == english
    assert len(dutch) > 50


@pytest.mark.parametrize(
    ("noun", "number", "dutch", "english"),
    [
        ("proposals", 0, "geen ideeën", "no ideas"),
        ("proposals", 1, "één idee", "one idea"),
        ("proposals", 21, "21 ideeën", "21 ideas"),
        ("points", 0.999, "1 punt", "1 point"),
        ("fte", 1.5, "1,5 voltijdsequivalenten", "1.5 full-time equivalents"),
        ("municipalities", 1, "één gemeente", "one municipality"),
    ],
)
def test_nouns_agree_with_their_number(noun: str, number: float, dutch: str, english: str) -> None:
    assert say(DUTCH, f"nouns.{noun}", n=number) == dutch
    assert say(ENGLISH, f"nouns.{noun}", n=number) == english


def test_every_noun_has_a_singular_of_its_own() -> None:
    for wording in (DUTCH, ENGLISH):
        for noun in read_texts(wording.language)["figures"]["nouns"]:
            one, two = (say(wording, f"nouns.{noun}", n=n).split(maxsplit=1)[1] for n in (1, 2))
            assert one != two


def test_capital_of_a_sentence() -> None:
    assert [open_with_capital(text) for text in ("één voorstel", "zeven", "iJ", "")] == [
        "Eén voorstel",
        "Zeven",
        "IJ",
        "",
    ]


def test_quote_drops_the_stop_of_a_sentence() -> None:
    assert quote("Het ging goed.") == "‘Het ging goed’"


def test_extremes_name_all_that_tie() -> None:
    found = find_extremes({"a": 2, "b": 5, "c": 2, "d": 5})
    assert (found["largest"], found["smallest"]) == (["b", "d"], ["a", "c"])
    assert (found["most"], found["least"], found["groups"], found["total"]) == (5, 2, 4, 14)


def test_groups_are_quoted_but_provinces_are_not() -> None:
    assert describe_groups("reach", {"lokaal": 1})["largest"] == ["‘lokaal’"]
    assert describe_groups("province", {"Limburg": 1})["largest"] == ["Limburg"]


def test_wrap_breaks_words_only_where_it_may() -> None:
    assert wrap("media- en samenwerkingsverbanden", 10) == "media- en\nsamenwerkingsverbanden"
    assert max(len(line) for line in wrap("samenwerkingsverbanden", 10, break_words=True).split("\n")) == 10


def test_bars_are_equally_high_whatever_the_labels() -> None:
    single, double = ["a", "b"], ["a\nb", "c"]
    assert size_bars(single) > size_bars(double)


def test_months_state_their_year_once() -> None:
    months = list(pd.date_range("2030-11-01", periods=4, freq="MS"))
    assert name_months(months, DUTCH) == ["nov\n2030", "dec", "jan\n2031", "feb"]
    assert name_months(months[::3], ENGLISH) == ["Nov\n2030", "Feb\n2031"]


@pytest.mark.parametrize("centres", [[0.0, 0.1, 0.2], [0.0, 5.0, 5.1], [3.0]])
def test_positions_kept_apart_keep_their_order_and_centre(centres: list[float]) -> None:
    placed = keep_apart(centres, 1.0)
    assert all(later - earlier >= 1.0 - 1e-9 for earlier, later in pairwise(placed))
    assert sum(placed) == pytest.approx(sum(centres))


def test_counts_on_an_axis_are_whole() -> None:
    with draw_picture(2) as picture:
        axes = picture.subplots()
        axes.plot([0, 1], [0, 3])
        number_axis(axes.yaxis, DUTCH)
        assert all(float(place).is_integer() for place in axes.get_yticks())
        number_axis(axes.xaxis, DUTCH, decimals=1)
        picture.draw_without_rendering()
        assert "0,2" in [label.get_text() for label in axes.get_xticklabels()]


def test_legend_takes_more_rows_where_labels_are_long() -> None:
    with draw_picture(3) as picture:
        axes = picture.subplots()
        handles = [axes.plot([0, 1], label="een lang label dat nog even doorgaat " + letter)[0] for letter in "abc"]
        place_legend(picture, "outside upper left", handles)
        legend = picture.legends[0]
        assert len(picture.legends) == 1
        assert legend.get_window_extent().width <= picture.bbox.width


def test_neighbouring_series_differ_in_lightness() -> None:
    def lightness(position: int) -> float:
        red, green, blue = matplotlib.colors.to_rgb(fill_style(position)["facecolor"])
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    styles = [(round(lightness(position), 2), fill_style(position)["hatch"]) for position in range(6)]
    assert len(set(styles)) == 6
    assert all(abs(lightness(position) - lightness(position + 1)) > 0.1 for position in range(5))
