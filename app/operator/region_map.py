"""A map of the provinces, shaded by how far elders outnumber clinics. Drawn here: it needs no tiles and no script."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.regions.figures import Ranked
from app.regions.outlines import Ring, outlines

STEPS = (-1.0, -0.3, 0.3, 1.0)
"""Between these values of the index lie the five shades, from 0 (few elders, many clinics) to 4."""
WIDTH = 420
_LABELS = {"31": (37.18, 127.45), "34": (36.42, 126.72), "29": (36.60, 127.26), "23": (37.50, 126.35)}
"""Latitude and longitude of names that would stand upon another one in the middle of their province."""


@dataclass(frozen=True)
class Shape:
    """One province: its outline as an SVG path, its shade and where its name stands, in units of the picture."""

    path: str
    shade: int
    name: str
    index: float
    x: float
    y: float


@dataclass(frozen=True)
class Drawing:
    """The country, in units of the picture."""

    shapes: tuple[Shape, ...]
    width: int
    height: int


def shade_of(index: float) -> int:
    """Return 0 to 4."""
    return sum(index >= step for step in STEPS)


def draw(rows: Sequence[Ranked], *, english: bool) -> Drawing:
    """Return the map of a ranking."""
    corners = [point for rings in outlines().values() for ring in rings for point in ring]
    south, north = min(lat for lat, _ in corners), max(lat for lat, _ in corners)
    # 울릉도 and 독도 would leave half of the picture to the sea; they belong to 경북, which is shown.
    west, east = min(lon for _, lon in corners), 129.7
    narrow = math.cos(math.radians((south + north) / 2))
    scale = WIDTH / ((east - west) * narrow)

    def place(latitude: float, longitude: float) -> tuple[float, float]:
        return (longitude - west) * narrow * scale, (north - latitude) * scale

    def path(rings: Sequence[Ring]) -> str:
        lines = []
        for ring in rings:
            points = [place(*corner) for corner in ring]
            if max(x for x, _ in points) <= WIDTH:
                lines.append("M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points) + "z")
        return "".join(lines)

    shapes = []
    for row in rows:
        province = row.figures.province
        x, y = place(*_LABELS.get(province.code, (province.latitude, province.longitude)))
        name = province.name_en if english else short(province.name)
        rings = outlines()[province.code]
        shapes.append(Shape(path(rings), shade_of(row.index), name, row.index, round(x, 1), round(y, 1)))
    return Drawing(tuple(shapes), WIDTH, math.ceil((north - south) * scale))


def short(name: str) -> str:
    """Return the name as it is said: 전라남도 → 전남, 강원특별자치도 → 강원."""
    bare = (
        name.removesuffix("도")
        .removesuffix("시")
        .removesuffix("특별자치")
        .removesuffix("광역")
        .removesuffix("특별")
    )
    return bare[0] + bare[2] if len(bare) == 3 else bare[:2]
