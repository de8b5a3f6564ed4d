"""The ranking of a bare table: files checked by plain arithmetic, a page in both languages, and nothing half-written."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from builders import QUICK
from hypothesis import given
from hypothesis import strategies as st

from analysis import cli, expectation, rankfile, rankpage
from analysis.declarations import Language
from analysis.faults import InputError
from analysis.rankfile import FILES, Request, find, leave_each_out, rank_file
from analysis.rankpage import Findings, list_findings, show_findings
from analysis.scorefile import WITHIN, Columns, read_scores
from analysis.wording import Wording, read_texts

REFERENCE = Path(__file__).parent / "reference"
MOCK = Columns("proposal", "assessor", "num_grade", panel="panel")
PLAIN = Columns("idea", "judge", "points")
LANGUAGES: tuple[Language, ...] = ("nl", "en")


@pytest.fixture(autouse=True, scope="module")
def few_draws() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rankfile, "MOST_DRAWS", rankfile.FEWEST_DRAWS)
        yield


@pytest.fixture(scope="module")
def mock() -> pd.DataFrame:
    return pd.read_csv(REFERENCE / "er_mock.csv")


@pytest.fixture(scope="module")
def ranked(tmp_path_factory: pytest.TempPathFactory) -> dict[Language, Path]:
    """Return the folder of the mock panels, ranked with a line of ten places, per language."""
    folders = {language: tmp_path_factory.mktemp(language) / "made" for language in LANGUAGES}
    for language, folder in folders.items():
        rank_file(Request(REFERENCE / "er_mock.csv", MOCK, "1:6", 10, out=folder, language=language))
    return folders


def write(folder: Path, rows: list[tuple[Any, ...]], head: str = "idea,judge,points", name: str = "scores.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([head, *(",".join(map(str, row)) for row in rows)]) + "\n", encoding="utf-8")
    return path


def found_in(folder: Path, rows: list[tuple[Any, ...]], **options: Any) -> tuple[Findings, list[str]]:
    """Return the findings about rows of idea, judge and points, and their points in English."""
    request = Request(write(folder, rows), PLAIN, **options)
    file = read_scores(request.path, request.columns, request.scale, request.line)
    findings = find(file, request)
    wording = Wording("en", rankfile._call(findings, file))
    return findings, list_findings(findings, wording, name_all_tied=True)


def sheet(**scores: list[float | None]) -> list[tuple[str, str, float]]:
    """Return a row per score from a list per idea, with a score or none of each of the judges a, b ..."""
    return [(idea, "abcdefgh"[i], x) for idea, row in scores.items() for i, x in enumerate(row) if x is not None]


GRADED = sheet(P=[6, 5, 6], Q=[5, 5, 4], R=[4, 4, 5], S=[3, 2, 3], T=[1, 2, 1])


# The files.


def test_totals_counts_and_ranks_are_those_of_plain_means(ranked: dict[Language, Path], mock: pd.DataFrame) -> None:
    table = pd.read_csv(ranked["nl"] / "ranking.csv").set_index("proposal")
    assert list(table) == ["n_scores", "total", "rank", "er", "pcer", "sucra", "q05", "q25", "q75", "q95", "group"]
    grades = mock.groupby("proposal")["num_grade"]
    expected = pd.DataFrame({"n_scores": grades.size(), "total": grades.mean()})
    expected["rank"] = [1 + (expected["total"] > total + 1e-9).sum() for total in expected["total"]]
    pd.testing.assert_frame_equal(table[list(expected)].sort_index(), expected.sort_index(), check_dtype=False)
    assert list(table["rank"]) == sorted(table["rank"])
    assert table["pcer"].to_numpy() == pytest.approx(100 * (table["er"] - 0.5) / len(table), abs=1e-5)
    assert table["sucra"].to_numpy() == pytest.approx((len(table) - table["er"]) / (len(table) - 1), abs=1e-5)


def test_expected_ranks_and_groups_are_those_of_the_reference(
    tmp_path: Path, mock: pd.DataFrame, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rankfile, "MOST_DRAWS", 4_000)
    panel = mock[mock["panel"] == "p1"][["proposal", "assessor", "num_grade"]]
    findings, _ = found_in(tmp_path, list(panel.itertuples(index=False, name=None)), scale="1:6", line=5)
    reference = pd.read_csv(REFERENCE / "er_mock_panel1_expected.csv").set_index("proposal")
    found = rankfile.tabulate_ranking(findings).set_index("proposal").loc[reference.index]
    assert (found["er"] - reference["er"]).abs().max() < 0.1
    assert list(found["group"].replace("lottery", "random")) == list(reference["group_k5"])


def test_agreement_is_that_of_an_analysis_of_variance_where_no_score_is_missing(
    ranked: dict[Language, Path], mock: pd.DataFrame
) -> None:
    table = pd.read_csv(ranked["nl"] / "agreement.csv")
    assert list(table) == ["criterion", "statistic", "estimate", "low", "high"]
    assert list(zip(table["criterion"], table["statistic"], strict=True)) == [
        ("total", name) for name in ("icc1", "icck", "icc3", "alpha")
    ]
    wide = np.array([rows.to_numpy() for _, rows in mock.groupby("proposal")["num_grade"]], dtype=float)
    between = wide.shape[1] * wide.mean(axis=1).var(ddof=1)
    within = wide.var(axis=1, ddof=1).mean()
    estimate = table.set_index("statistic")["estimate"]
    assert estimate["icc1"] == pytest.approx((between - within) / (between + 4 * within), abs=1e-4)
    assert estimate["icck"] == pytest.approx((between - within) / between, abs=1e-4)
    assert (table["low"] < table["estimate"]).all()
    assert (table["estimate"] < table["high"]).all()


def test_raters_have_their_mean_and_their_deviation_from_the_others(
    ranked: dict[Language, Path], mock: pd.DataFrame
) -> None:
    table = pd.read_csv(ranked["nl"] / "raters.csv", keep_default_na=False).set_index("rater")
    names = ["panel", "n_scores", "mean", "severity", "low", "high", "effect", "enters", "leaves"]
    assert list(table) == names
    for rater, rows in mock.groupby("assessor"):
        others = mock[(mock["assessor"] != rater) & mock["proposal"].isin(rows["proposal"])]
        rest = others.groupby("proposal")["num_grade"].mean()
        deviation = rows.set_index("proposal")["num_grade"] - rest
        assert table.loc[rater, "panel"] == rows["panel"].iloc[0]
        assert table.loc[rater, "n_scores"] == len(rows)
        assert float(table.loc[rater, "mean"]) == pytest.approx(rows["num_grade"].mean(), abs=1e-6)
        assert float(table.loc[rater, "severity"]) == pytest.approx(deviation.mean(), abs=1e-6)
        assert float(table.loc[rater, "low"]) < deviation.mean() < float(table.loc[rater, "high"])
    # Shrunk, and corrected for the ideas of each, but of the same order.
    assert table["effect"].astype(float).corr(table["severity"].astype(float), method="spearman") > 0.9


def sides(totals: pd.Series, line: int) -> tuple[set[str], set[str]]:
    """Return what lies above and what below the line, straight from counting who is ahead."""
    above, below = set(), set()
    for name, total in totals.items():
        if (totals >= total - 1e-9).sum() <= line:
            above.add(str(name))
        elif (totals > total + 1e-9).sum() >= line:
            below.add(str(name))
    return above, below


def changes_by_counting(table: pd.DataFrame, line: int) -> set[tuple[str, str, str]]:
    everyone = set(table["proposal"])
    above, below = sides(table.groupby("proposal")["score"].mean(), line)
    found = set()
    for rater in set(table["rater"]):
        rest = table[table["rater"] != rater].groupby("proposal")["score"].mean()
        now_above, now_below = sides(rest, line)
        now_below |= everyone - set(rest.index)
        found |= {(rater, name, "enters") for name in now_above & below}
        found |= {(rater, name, "leaves") for name in now_below & above}
    return found


PAIRS = st.dictionaries(
    st.tuples(st.sampled_from("PQRST"), st.sampled_from("abc")), st.integers(1, 6), min_size=2, max_size=12
)


@QUICK
@given(PAIRS, st.integers(1, 4))
def test_who_enters_and_who_leaves_without_a_rater_is_found_by_counting_again(
    pairs: dict[tuple[str, str], int], line: int
) -> None:
    table = pd.DataFrame([(p, r, float(x)) for (p, r), x in pairs.items()], columns=["proposal", "rater", "score"])
    means = table.groupby("proposal")["score"].mean().round(9)
    if len(means) <= line or table["rater"].nunique() < 2:
        return
    totals = means.rename("total").reset_index()
    found = leave_each_out(table, totals, line)
    assert set(found.itertuples(index=False, name=None)) == changes_by_counting(table, line)


def test_raters_are_left_out_in_blocks_as_all_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    findings, _ = found_in(tmp_path, sheet(P=[6, 1, 5], Q=[5, 5, 4], R=[4, 4, 5], S=[3, 6, 3]), line=2)
    whole = leave_each_out(findings.individual, findings.totals, 2)
    monkeypatch.setattr(rankfile, "CELLS", 4)
    assert len(whole)
    pd.testing.assert_frame_equal(leave_each_out(findings.individual, findings.totals, 2), whole)


def test_lower_scores_are_better_when_asked_for(tmp_path: Path) -> None:
    turned = [(idea, judge, 7 - score) for idea, judge, score in GRADED]
    higher, _ = found_in(tmp_path, GRADED, scale="1:6", line=2)
    lower, points = found_in(tmp_path, turned, scale="1:6", line=2, lower_is_better=True)
    one, other = (rankfile.tabulate_ranking(findings) for findings in (higher, lower))
    pd.testing.assert_frame_equal(one.drop(columns="total"), other.drop(columns="total"))
    assert list(other["total"]) == pytest.approx([7 - total for total in one["total"]])
    raters, mirrored = (rankfile.tabulate_raters(findings).set_index("rater") for findings in (higher, lower))
    for name, twin, offset in (
        ("mean", "mean", 7),
        ("severity", "severity", 0),
        ("low", "high", 0),
        ("effect", "effect", 0),
    ):
        assert list(mirrored[name]) == pytest.approx([offset - value for value in raters[twin]], abs=2e-6)
    assert mirrored[["enters", "leaves"]].equals(raters[["enters", "leaves"]])
    assert "The scale runs from 1 to 6; lower is better." in points
    assert "The best total, 1.333, is that of P." in points


def test_criteria_weigh_the_same_within_each_rater_and_have_rows_of_their_own(tmp_path: Path) -> None:
    rows = [("P", "a", 6, "x"), ("P", "a", 3, "y"), ("P", "b", 5, "x"), ("Q", "a", 2, "x"), ("Q", "b", 4, "x"),
            ("Q", "b", 5, "y"), ("R", "a", 1, "x"), ("R", "b", 2, "x")]  # fmt: skip
    path = write(tmp_path, rows, "idea,judge,points,what")
    request = Request(path, Columns("idea", "judge", "points", "what"))
    findings = find(read_scores(path, request.columns), request)
    table = rankfile.tabulate_ranking(findings).set_index("proposal")
    assert dict(table["total"]) == {"P": (4.5 + 5) / 2, "Q": (2 + 4.5) / 2, "R": 1.5}
    assert dict(table["n_scores"]) == {"P": 2, "Q": 2, "R": 2}
    assert list(dict.fromkeys(rankfile.tabulate_agreement(findings)["criterion"])) == ["x", "total"]


def test_a_rater_in_two_panels_has_a_row_for_each(tmp_path: Path) -> None:
    rows = [(idea, judge, score, "p" if idea < "R" else "q") for idea, judge, score in GRADED]
    path = write(tmp_path, rows, "idea,judge,points,panel")
    done = rank_file(Request(path, Columns("idea", "judge", "points", panel="panel"), "1:6", 2, out=tmp_path / "made"))
    table = pd.read_csv(tmp_path / "made" / "raters.csv")
    assert list(zip(table["rater"], table["panel"], table["n_scores"], strict=True)) == [
        (rater, panel, number) for rater in "abc" for panel, number in (("p", 2), ("q", 3))
    ]
    assert WITHIN not in (tmp_path / "made" / "ranking.html").read_text(encoding="utf-8") + "".join(done.points)


# What is said.


def test_a_tie_at_the_line_is_named_in_full_and_not_broken(tmp_path: Path) -> None:
    tied = {f"T{i:02d}": [3.0, 4.0] for i in range(20)}
    findings, points = found_in(tmp_path, sheet(A=[6, 6], B=[5, 6], **tied, Z=[1, 1]), line=4)
    (said,) = [point for point in points if point.startswith("Tie at the line: ")]
    assert said.startswith(
        f"Tie at the line: {', '.join(list(tied)[:-1])} and T19 have the same total, 3.5, for two places."
    )
    assert findings.totals["shortlisted"].sum() == 2
    assert set(findings.tied) == set(tied)
    table = rankfile.tabulate_ranking(findings)
    assert set(table.loc[table["proposal"].isin(tied), "rank"]) == {3}


def test_a_tie_that_fits_above_the_line_is_none(tmp_path: Path) -> None:
    findings, points = found_in(tmp_path, sheet(A=[6, 6], B=[4, 5], C=[5, 4], D=[1, 1]), line=3)
    assert findings.tied == ()
    assert "No tie at the line: the last total above it is 4.5, the first below it 1." in points


def test_without_a_line_nothing_is_said_about_one(tmp_path: Path) -> None:
    findings, points = found_in(tmp_path, GRADED)
    assert set(rankfile.tabulate_ranking(findings)["group"]) == {""}
    assert "No line was given: nothing is said about who is in and who is out." in points
    assert not any("lines" in point or "above" in point for point in points)
    table = rankfile.tabulate_raters(findings)
    assert set(table["enters"]) == set(table["leaves"]) == {""}


def test_the_range_of_the_scores_is_said_to_stand_for_the_scale(tmp_path: Path) -> None:
    _, points = found_in(tmp_path, GRADED)
    assert (
        "No scale was given: the range of the scores found, 1 to 6, is taken as the scale; higher is better." in points
    )


def test_as_many_places_as_ideas_leave_nobody_out(tmp_path: Path) -> None:
    findings, points = found_in(tmp_path, GRADED, line=5)
    assert "There are as many places as ideas: every idea is above the line." in points
    assert not any("decisive" in point for point in points)
    assert findings.changes.empty


def test_missing_scores_and_silent_raters_are_counted(tmp_path: Path) -> None:
    _, points = found_in(tmp_path, [*GRADED, ("P", "d", ""), ("Q", "e", "")])
    assert points[0] == (
        "Five ideas, three raters and fifteen scores. Two cells without a score count as missing. "
        "d and e are raters without any score."
    )


def test_a_file_with_more_ideas_than_can_be_ordered_keeps_its_totals(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expectation, "MOST_PROPOSALS", 4)
    monkeypatch.setattr(rankpage, "MOST_PROPOSALS", 4)
    findings, points = found_in(tmp_path, GRADED, line=2)
    assert findings.obstacle == "too_many"
    table = rankfile.tabulate_ranking(findings)
    assert table["er"].isna().all()
    assert table["total"].notna().all()
    (said,) = [point for point in points if point.startswith("How sure the order is cannot be computed")]
    assert "The most is 4 ideas." in said


def test_raters_who_share_no_idea_are_an_obstacle_and_nothing_is_drawn_again(tmp_path: Path) -> None:
    findings, points = found_in(tmp_path, [("P", "a", 3), ("Q", "b", 4), ("R", "c", 5)], line=1)
    assert findings.obstacle == "no_overlap"
    assert findings.changes.empty
    assert "Agreement between raters cannot be measured: too few ideas have scores of several raters." in points


def test_the_seed_changes_the_draws_and_nothing_else(tmp_path: Path) -> None:
    one, other = (found_in(tmp_path, GRADED, line=2, seed=seed)[0] for seed in (1, 2))
    assert not one.expected["er"].equals(other.expected["er"])
    pd.testing.assert_frame_equal(one.totals, other.totals)


# The page.


@pytest.fixture(scope="module")
def pages(ranked: dict[Language, Path]) -> dict[Language, BeautifulSoup]:
    return {
        language: BeautifulSoup((folder / "ranking.html").read_text(encoding="utf-8"), "html.parser")
        for language, folder in ranked.items()
    }


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_picture_of_the_page_has_an_alternative_of_its_own(
    pages: dict[Language, BeautifulSoup], language: Language
) -> None:
    pictures = pages[language].select("main img")
    names = [figure["id"] for figure in pages[language].select("main figure")]
    assert names == ["ranking", "expected-ranks", "agreement", "severity", "rater-deviations", "rank-shares-weights",
                     "rank-shares-raters"]  # fmt: skip
    assert len({picture["alt"] for picture in pictures}) == len(pictures) == len(names)
    assert all(len(str(picture["alt"])) > 40 for picture in pictures)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_needs_nothing_from_elsewhere(pages: dict[Language, BeautifulSoup], language: Language) -> None:
    page = pages[language]
    assert page.html is not None
    assert page.html["lang"] == language
    sources = [tag.get("src") or tag.get("href") for tag in page.select("[src], [href]")]
    assert sources
    assert all(str(source).startswith(("data:", "#")) for source in sources)
    assert all(not script.attrs for script in page.select("script"))


@pytest.mark.parametrize(
    ("language", "titles"),
    [
        ("nl", ["Wat gevonden is", "Wat kan worden besloten", "Wat niet kan worden besloten", "De volgorde"]),
        ("en", ["What was found", "What can be concluded", "What cannot be concluded", "The order"]),
    ],
)
def test_the_page_opens_with_what_can_and_cannot_be_concluded(
    pages: dict[Language, BeautifulSoup], language: Language, titles: list[str]
) -> None:
    assert [heading.get_text(strip=True) for heading in pages[language].select("main h2")][:4] == titles


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_has_a_row_for_every_idea_with_its_median(
    pages: dict[Language, BeautifulSoup], mock: pd.DataFrame, language: Language
) -> None:
    (table,) = [t for t in pages[language].select("table") if len(t.select("tbody tr")) == mock["proposal"].nunique()]
    rows = [[cell.get_text(strip=True) for cell in row.select("th, td")] for row in table.select("tbody tr")]
    medians = mock.groupby("proposal")["num_grade"].median()
    assert {row[0]: float(row[3].replace(",", ".")) for row in rows} == dict(medians)


def test_the_page_names_those_tied_and_the_rows_of_the_others_say_their_side(
    pages: dict[Language, BeautifulSoup],
) -> None:
    text = " ".join(pages["en"].get_text().split())
    assert "Tie at the line: #2, #20, #3, #32 and #4 have the same total, 4.6, for four places." in text
    sides_said = [cell.get_text() for cell in pages["en"].select("#part-all ~ div tbody td:nth-of-type(5)")]
    assert [sides_said.count(side) for side in ("above", "tied", "below")] == [6, 5, 34]


def test_ids_never_become_markup_on_the_page_or_on_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    names = {"P": "<b>&amp;", "Q": "[red]x[/red]", "R": "{{ 1 }}", "S": "{% x", "T": "'\"\\"}
    rows = [(f'"{names[idea].replace(chr(34), chr(34) * 2)}"', f"<i>{judge}", score) for idea, judge, score in GRADED]
    path = write(tmp_path, rows)
    monkeypatch.chdir(tmp_path)
    code, out, _ = oproep(capfd, monkeypatch, str(path), "--line", "2", "--language", "en")
    assert code == 0
    assert "is that of <b>&amp;." in out
    page = BeautifulSoup((tmp_path / "scores-ranking" / "ranking.html").read_text(encoding="utf-8"), "html.parser")
    assert page.select("main b, main i") == []
    cells = {cell.get_text() for cell in page.select("#part-all ~ div tbody th")}
    assert cells == set(names.values())


SCENES: dict[str, tuple[list[tuple[Any, ...]], dict[str, Any]]] = {
    "with a line": (GRADED, {"line": 2, "scale": "1:6"}),
    "with a tie": (sheet(A=[6, 6], B=[3, 4], C=[4, 3], D=[1, 2]), {"line": 2}),
    "with a tie for two places": (sheet(A=[6, 6], B=[3, 4], C=[4, 3], D=[3, 4], E=[1, 2]), {"line": 3}),
    "without a line": (GRADED, {"lower_is_better": True}),
    "one place": (sheet(A=[6, 1, 3], B=[1, 6, 3], C=[3, 3, 4]), {"line": 1}),
    "all places": (GRADED, {"line": 5}),
    "one rater": (sheet(A=[6], B=[4], C=[1]), {"line": 1}),
    "no shared ideas": ([("P", "a", 3), ("Q", "b", 4), ("R", "c", 5)], {"line": 1}),
    "missing scores": ([*GRADED, ("P", "d", ""), ("T", "e", 2)], {"line": 2}),
    "one idea with one score more": (sheet(A=[6, 5], B=[4, 4], C=[2, None], D=[1, None]), {"line": 1}),
}


@pytest.mark.parametrize("scene", SCENES)
def test_every_sentence_reads_well_in_both_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scene: str
) -> None:
    rows, options = SCENES[scene]
    monkeypatch.setattr(rankpage, "plots", _NoPlots())
    findings, _ = found_in(tmp_path, rows, **options)
    file = read_scores(findings.path, PLAIN)
    for language in LANGUAGES:
        blocks = show_findings(findings, Wording(language, rankfile._call(findings, file)))
        texts = BeautifulSoup("".join(str(block.markup) for block in blocks), "html.parser")
        for item in texts.select("p, li, caption, th, td, h2"):
            text = item.get_text()
            assert text.strip(), item
            assert not re.search(r"[{}]|\bnan\b|None|  | [.,;:]|\.\.", text), text


class _NoPlots:
    """Stands for the plots where only the words count."""

    def __getattr__(self, name: str) -> Any:
        return lambda *_: rankpage.paragraphs(name)


def test_every_text_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: set[str] = set()
    plain = Wording.plain
    monkeypatch.setattr(Wording, "plain", lambda self, key, **facts: asked.add(key) or plain(self, key, **facts))
    monkeypatch.setattr(rankpage, "plots", _NoPlots())
    monkeypatch.setattr(rankpage, "MOST_NAMES", 2)
    for number, (rows, options) in enumerate(SCENES.values()):
        monkeypatch.setattr(rankpage, "MOST_ROWS", 2 + number)
        monkeypatch.setattr(rankpage, "MOST_RATERS", 1 + number)
        monkeypatch.setattr(rankfile, "MOST_SHARED", 100 * (number != 1))
        findings, _ = found_in(tmp_path, rows, **options)
        wording = Wording("en", rankfile._call(findings, read_scores(findings.path, PLAIN)))
        list(show_findings(findings, wording))
        rankpage.describe_page(findings, wording)
    texts = set(_leaves(read_texts("en")["rank"], "rank."))
    assert texts - asked == {"rank.head.criteria", "rank.head.panels"}  # no scene has these columns


def _leaves(texts: dict[str, Any], path: str) -> Iterator[str]:
    for key, found in texts.items():
        if isinstance(found, dict):
            yield from _leaves(found, f"{path}{key}.")
        else:
            yield path + key


# Writing.


def test_the_same_file_gives_the_same_bytes_whatever_the_order_of_its_rows(
    tmp_path: Path, ranked: dict[Language, Path], mock: pd.DataFrame
) -> None:
    (tmp_path / "in").mkdir()
    path = tmp_path / "in" / "er_mock.csv"
    mock.sample(frac=1, random_state=1).to_csv(path, index=False, sep=";")
    rank_file(Request(path, MOCK, "1:6", 10, out=tmp_path / "made"))
    for name in FILES:
        assert (tmp_path / "made" / name).read_bytes() == (ranked["nl"] / name).read_bytes(), name


def test_nothing_is_written_where_a_file_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> str:
        raise ValueError("no page")

    monkeypatch.setattr(rankfile, "render_page", fail)
    with pytest.raises(ValueError, match="no page"):
        rank_file(Request(write(tmp_path, GRADED), PLAIN, line=2, out=tmp_path / "made"))
    assert not (tmp_path / "made").exists()


def test_what_else_is_in_the_folder_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rankfile, "render_page", lambda *_: "page")
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "notes.txt").write_text("mine")
    (folder / "ranking.csv").write_text("of an earlier run")
    rank_file(Request(write(tmp_path, GRADED), PLAIN, out=folder))
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, "notes.txt"])
    assert (folder / "notes.txt").read_text() == "mine"


def test_a_folder_that_will_not_do_is_refused_together_with_the_faults_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, [*GRADED, ("P", "d", "x")], name="ranking.csv")
    (tmp_path / "raters.csv").mkdir()
    with pytest.raises(InputError) as refused:
        rank_file(Request(path, PLAIN, out=tmp_path))
    assert [str(fault).removeprefix(str(tmp_path)).partition(";")[0] for fault in refused.value.faults] == [
        "/raters.csv: found a folder",
        ": found the scores, ranking.csv",
        "/ranking.csv, row 17, column points: found 'x'",
    ]
    with pytest.raises(InputError, match=r"found a file; expected a folder"):
        rank_file(Request(write(tmp_path, GRADED), PLAIN, out=path))


# The command.


def oproep(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, path: str, *options: str
) -> tuple[int, str, str]:
    columns = ["--proposal", "idea", "--rater", "judge", "--score", "points"]
    monkeypatch.setattr(sys, "argv", ["oproep", "rank", path, *columns, *options])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    captured = capfd.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


def test_the_command_prints_its_files_and_a_line_per_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, GRADED)
    code, out, err = oproep(capfd, monkeypatch, "scores.csv", "--line", "2", "--scale", "-1:6")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:4] == [f"scores-ranking/{name}" for name in FILES]
    assert all((tmp_path / line).is_file() for line in lines[:4])
    assert lines[4:6] == [
        "- Vijf ideeën, drie beoordelaars en vijftien scores.",
        "- De schaal loopt van -1 tot 6; hoger is beter.",
    ]
    assert all(line.startswith("- ") for line in lines[4:])


def test_the_command_refuses_a_faulty_file_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, [*GRADED, ("P", "a", 3), ("U", "[b]", "x")])
    code, out, err = oproep(capfd, monkeypatch, "scores.csv", "--line", "9", "--scale", "9:1")
    assert (code, out) == (2, "")
    assert [line.partition(":")[0] for line in err.splitlines()] == [
        "--scale", "scores.csv, row 18, column points", "scores.csv, rows 2 and 17", "--line",
    ]  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["scores.csv"]


def test_one_rater_gets_totals_and_a_refusal_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path, sheet(P=[3], Q=[5], R=[1]))
    code, out, err = oproep(capfd, monkeypatch, "scores.csv", "--line", "1", "--language", "en")
    assert code == 2
    assert err.startswith("scores.csv, column judge: found one rater only, 'a'; expected at least two raters")
    assert "How sure the order is cannot be computed: there is only one rater. The totals stand." in out
    table = pd.read_csv(tmp_path / "scores-ranking" / "ranking.csv")
    assert list(zip(table["proposal"], table["total"], table["rank"], strict=True)) == [
        ("Q", 5, 1),
        ("P", 3, 2),
        ("R", 1, 3),
    ]
    assert table[["er", "q05", "group"]].isna().all(axis=None)
    assert pd.read_csv(tmp_path / "scores-ranking" / "agreement.csv").empty
