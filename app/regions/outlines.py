"""The provinces' outlines, for drawings of the whole country.

outlines.csv: province (its code), ring: corners as longitude,latitude in thousandths of a degree (WGS84). Source: the
boundaries of Statistics Korea's census of 2013, simplified to 0.006° (about 600 m) without islands under some 6 km²;
군위군 is still drawn with 경북, which it left in 2023. Too coarse for a map of one district.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

from app.regions.geometry import Point

Ring = tuple[Point, ...]


@cache
def outlines() -> dict[str, tuple[Ring, ...]]:
    """Return province code → its rings, each a closed line of (latitude, longitude) without its first point again."""
    found: dict[str, list[Ring]] = {}
    with (Path(__file__).parent / "outlines.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["province"], []).append(tuple(map(_corner, row["ring"].split())))
    return {province: tuple(rings) for province, rings in found.items()}


def _corner(text: str) -> Point:
    longitude, latitude = text.split(",")
    return int(latitude) / 1000, int(longitude) / 1000
