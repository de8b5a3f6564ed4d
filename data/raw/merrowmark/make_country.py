"""Write the reference files of Merrowmark, a country that does not exist: its municipalities and its outline.

    python make_country.py [FOLDER]

It needs nothing but Python and gives the same bytes everywhere: what is not stated here is drawn from a hash. The
country lies where there is only ocean, so that nobody takes it for a place that exists.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import sys
from pathlib import Path

SEED = "merrowmark"
DATE = "2026-11-23"
CENTRE = (-37.4, -21.2)  # degrees (WGS84), in the South Atlantic Ocean
RADIUS = 0.62  # degrees of latitude, on average
WAVES = {2: (0.13, 0.4), 3: (0.09, 2.1), 5: (0.06, 4.4), 9: (0.03, 1.2), 17: (0.015, 3.3)}  # share of the radius, phase
STEPS = 240  # points of the coast
CREDIT = "Merrowmark, a fictional country (CC0 1.0)"

# Each province takes a sector: its first degree (counted from the east, anticlockwise), and what lies in it with its
# number of inhabitants, from the sector's first degree to its last.
PROVINCES = {
    "Highfell": (15, {
        "Cragmoss": 4210, "Misttarn": 7350, "Stonewether": 12890, "Torrbeck": 3120, "Upper Quillan": 5480,
        "Larkscaur": 9060, "Snowquern": 2670,
    }),
    "Midvale": (100, {
        "Merrowhaven": 214300, "Sedgewater": 38750, "Millquarrel": 17240, "Eelbridge": 24610, "Perchhollow": 11380,
        "Willowstaithe": 30920, "Reedingham": 8930, "Otterslade": 6240, "Lampreyford": 15770, "Weirstock": 20480,
    }),
    "Saltcoast": (205, {
        "Brinemouth": 67400, "Kelpstrand": 22150, "Gullsholm": 5340, "Oystershore": 13610, "Foamwick": 9870,
        "Ternhythe": 18290, "Shinglestow": 7720, "Driftmere": 4450, "Cockleby Sands": 10930,
    }),
    "Northmere": (300, {
        "Heronlake": 41280, "Bitterncombe": 6610, "Grebewater": 14950, "Swanstaithe": 25340, "Loonbay": 3890,
        "Teal Harbour": 12070, "Curlewmarsh": 8140, "Dunlinford": 5990,
    }),
}  # fmt: skip
INLAND = {"Highfell": 0.35, "Midvale": 0.35, "Saltcoast": 0.78, "Northmere": 0.5}  # of the way to the coast, the least
FIELDS = ["nis", "name_nl", "province", "arrondissement", "population", "lat", "lon"]


def draw(*subject: object) -> float:
    """Return a number from 0 to 1 that depends on the subject alone."""
    text = ":".join(str(part) for part in (SEED, *subject))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:7]) / 2**56


def reach(degree: float) -> float:
    """Return the distance from the centre to the coast in degrees of latitude."""
    turn = math.radians(degree)
    return RADIUS * (1 + sum(share * math.cos(number * turn + phase) for number, (share, phase) in WAVES.items()))


def place(degree: float, distance: float) -> list[float]:
    """Return longitude and latitude of the point at this distance from the centre."""
    turn, (latitude, longitude) = math.radians(degree), CENTRE
    east = distance * math.cos(turn) / math.cos(math.radians(latitude))
    return [round(longitude + east, 4), round(latitude + distance * math.sin(turn), 4)]


def border(degree: float) -> list[list[float]]:
    """Return the border between two provinces, from the centre to the coast."""
    parts = 12
    return [
        place(degree + (2.5 * math.sin(1.7 * part + degree) if 0 < part < parts else 0), reach(degree) * part / parts)
        for part in range(parts + 1)
    ]


def outline() -> str:
    """Return the provinces as GeoJSON (WGS84); neighbours share each point of their border."""
    starts = [start for start, _ in PROVINCES.values()]
    features = []
    for name, start, end in zip(PROVINCES, starts, [*starts[1:], starts[0] + 360], strict=True):
        step = 360 / STEPS
        coast = [place(step * n, reach(step * n)) for n in range(math.ceil(start / step), math.ceil(end / step))]
        ring = [*border(start), *coast[coast[0] == border(start)[-1] :], *reversed(border(end % 360))]
        properties = {"name": name, "credit": CREDIT}
        geometry = {"type": "Polygon", "coordinates": [ring]}
        features.append({"type": "Feature", "properties": properties, "geometry": geometry})
    collection = {"type": "FeatureCollection", "features": features}
    return json.dumps(collection, separators=(",", ":")) + "\n"


def municipalities() -> str:
    """Return the table of municipalities as CSV."""
    text = io.StringIO()
    writer = csv.DictWriter(text, FIELDS, lineterminator="\n")
    writer.writeheader()
    starts = [start for start, _ in PROVINCES.values()]
    for number, (province, (start, people)) in enumerate(PROVINCES.items(), start=1):
        width = ([*starts[1:], starts[0] + 360][number - 1] - start) / len(people)
        for position, (name, population) in enumerate(people.items()):
            degree = start + width * (position + 0.35 + 0.3 * draw(name, "degree"))
            part = (0.618 * position + 0.3 * draw(name, "distance")) % 1  # neighbours lie apart
            share = INLAND[province] + (0.94 - INLAND[province]) * part
            longitude, latitude = place(degree, reach(degree) * share)
            code = f"{number}{position + 1:02d}"
            writer.writerow(dict(zip(FIELDS, [code, name, province, province, population, latitude, longitude],
                                     strict=True)))  # fmt: skip
    return text.getvalue()


def sources(files: dict[str, str]) -> str:
    """Return the record of the files: where each comes from, its licence, date and hash."""
    lines = [
        "synthetic: true",
        "notice:",
        "  nl: Merrowmark bestaat niet; zijn gemeenten, provincies, inwonertallen en grenzen zijn verzonnen.",
        "  en: Merrowmark does not exist; its municipalities, provinces, populations and borders are fictional.",
        "files:",
    ]
    origins = {
        "municipalities.csv": "municipalities of Merrowmark, a fictional country, written by make_country.py",
        "outline.geojson": "provinces of Merrowmark, a fictional country, written by make_country.py",
    }
    for name, origin in origins.items():
        digest = hashlib.sha256(files[name].encode()).hexdigest()
        lines += [f"  {name}:", f"    origin: {origin}", "    licence: CC0-1.0", f"    date: {DATE}"]
        lines += [f"    sha256: {digest}"]
    return "\n".join(lines) + "\n"


def main(folder: Path) -> None:
    """Write all files into the folder."""
    files = {"municipalities.csv": municipalities(), "outline.geojson": outline()}
    for name, text in {**files, "SOURCES.yml": sources(files)}.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
