"""Positions: where Korea is, how far two points are apart, which square a point is in, and the register's own metres."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyproj import Transformer

KOREA = (32.9, 39.0, 124.0, 132.1)
"""South, north, west, east in degrees (WGS84): from 마라도 to the north of 강원, from 가거도 to 독도."""
EARTH_METRES = 6_371_008.8
CELLS, BLOCKS = 100, 10
"""Squares to a degree."""
_ROW = 10_000
_TM, _WGS84 = 5174, 4326

Point = tuple[float, float]
"""Latitude and longitude, degrees."""


def in_korea(latitude: float, longitude: float) -> bool:
    """Whether a point lies in the frame around South Korea. False for anything that is no number."""
    south, north, west, east = KOREA
    return south <= latitude <= north and west <= longitude <= east


def metres(one: Point, other: Point) -> float:
    """Return the distance along the ground in metres (haversine on a sphere: within 0.5 % of the truth)."""
    (a, b), (c, d) = (tuple(map(math.radians, point)) for point in (one, other))
    half = math.sin((c - a) / 2) ** 2 + math.cos(a) * math.cos(c) * math.sin((d - b) / 2) ** 2
    return 2 * EARTH_METRES * math.asin(min(1.0, math.sqrt(half)))


def square(latitude: float, longitude: float, per_degree: int) -> int:
    """Return the number of the square that a point is in."""
    return math.floor(latitude * per_degree) * _ROW + math.floor(longitude * per_degree)


def squares_around(point: Point, per_degree: int, rings: int) -> list[int]:
    """Return the square of `point` and `rings` rings of squares around it."""
    row, column = (math.floor(value * per_degree) for value in point)
    return [
        each * _ROW + other
        for each in range(row - rings, row + rings + 1)
        for other in range(column - rings, column + rings + 1)
    ]


def seen_around(point: Point, per_degree: int, rings: int) -> float:
    """Return how far (metres) one can go from `point` in any direction within `squares_around`."""
    latitude, longitude = point
    row, column = (math.floor(value * per_degree) for value in point)
    edges: Sequence[Point] = (
        ((row - rings) / per_degree, longitude),
        ((row + rings + 1) / per_degree, longitude),
        (latitude, (column - rings) / per_degree),
        (latitude, (column + rings + 1) / per_degree),
    )
    return min(metres(point, edge) for edge in edges)


@cache
def _from_tm() -> Transformer:
    # EPSG:5174: Bessel's ellipsoid, Korea's middle belt with its false origin, and the shift between the datums
    # (towgs84 -115.8 474.99 674.11 1.16 -2.31 -1.63 6.43), without which everything stands 300 m off.
    # Imported here: only loading a register needs it, and every process of the portal would hold its 11 MB.
    from pyproj import Transformer

    return Transformer.from_crs(_TM, _WGS84, always_xy=True)


def from_tm(points: Sequence[tuple[float, float]]) -> list[Point]:
    """Return WGS84 positions of points in metres of EPSG:5174 (x eastward, y northward; both may be negative)."""
    if not points:
        return []
    easts, norths = zip(*points, strict=True)
    longitudes, latitudes = _from_tm().transform(easts, norths)
    return list(zip(latitudes, longitudes, strict=True))
