"""A map that needs no tiles: clinics as numbered dots, the person as a ring, the districts around by name.

A plain local projection (degrees of longitude narrowed by the latitude): right to a few metres over a district.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from app.regions.areas import areas
from app.regions.geometry import Point

WIDTH, HEIGHT, MARGIN = 640, 400, 48
SMALLEST_KM = 0.6
KM_PER_DEGREE = 111.195
BARS_KM = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)
LABEL_ROOM = (96, 30)


@dataclass(frozen=True)
class Mark:
    """A place on the drawing; `text` is the clinic's number or the district's name."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Drawing:
    """What is drawn, in units of the picture."""

    dots: tuple[Mark, ...]
    names: tuple[Mark, ...]
    here: Mark | None
    bar: float
    bar_km: float
    width: int = WIDTH
    height: int = HEIGHT


def draw(points: Sequence[tuple[str, Point]], here: Point | None, *, english: bool) -> Drawing | None:
    """Return the drawing of (number, position) pairs; None where there is nothing to draw."""
    everything = [point for _, point in points] + ([here] if here else [])
    if not points:
        return None
    latitude = sum(point[0] for point in everything) / len(everything)
    narrow = math.cos(math.radians(latitude))
    flat = [(lon * narrow * KM_PER_DEGREE, -lat * KM_PER_DEGREE) for lat, lon in everything]
    (left, right), (top, bottom) = ((min(axis), max(axis)) for axis in zip(*flat, strict=True))
    across, down = max(right - left, SMALLEST_KM), max(bottom - top, SMALLEST_KM)
    scale = min((WIDTH - 2 * MARGIN) / across, (HEIGHT - 2 * MARGIN) / down)
    middle = ((left + right) / 2, (top + bottom) / 2)

    def mark(point: Point, text: str) -> Mark:
        x, y = point[1] * narrow * KM_PER_DEGREE, -point[0] * KM_PER_DEGREE
        return Mark(
            round(WIDTH / 2 + (x - middle[0]) * scale, 1),
            round(HEIGHT / 2 + (y - middle[1]) * scale, 1),
            text,
        )

    bar_km = max((km for km in BARS_KM if km * scale <= WIDTH / 3), default=BARS_KM[0])
    return Drawing(
        tuple(mark(point, number) for number, point in points),
        _names(
            [
                mark((a.latitude, a.longitude), a.name_en if english else a.name)
                for a in areas().values()
                if not a.is_province
            ]
        ),
        mark(here, "") if here else None,
        round(bar_km * scale, 1),
        bar_km,
    )


def _names(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """Return the names that stand whole inside the frame and not upon each other."""
    kept: list[Mark] = []
    wide, high = LABEL_ROOM
    for one in marks:
        inside = wide / 2 < one.x < WIDTH - wide / 2 and high < one.y < HEIGHT - high
        if inside and all(abs(one.x - other.x) > wide or abs(one.y - other.y) > high for other in kept):
            kept.append(one)
    return tuple(kept)
