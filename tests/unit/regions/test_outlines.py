"""The outlines belong to the provinces that there are."""

from __future__ import annotations

from app.regions.areas import provinces
from app.regions.geometry import Point, in_korea
from app.regions.outlines import outlines


def inside(point: Point, ring: tuple[Point, ...]) -> bool:
    """Whether a point lies within a ring (ray casting)."""
    y, x = point
    crossings = 0
    for (y1, x1), (y2, x2) in zip(ring, (*ring[1:], ring[0]), strict=True):
        if (y1 > y) != (y2 > y) and x < x1 + (y - y1) * (x2 - x1) / (y2 - y1):
            crossings += 1
    return crossings % 2 == 1


def test_every_province_has_an_outline_around_its_middle() -> None:
    assert set(outlines()) == {province.code for province in provinces()}
    assert all(in_korea(*corner) for rings in outlines().values() for ring in rings for corner in ring)
    outside = [
        province.name
        for province in provinces()
        if not any(
            inside((province.latitude, province.longitude), ring) for ring in outlines()[province.code]
        )
    ]
    # The middle of 인천 lies in the sea between its islands and the town, that of 경기 in Seoul, which it surrounds.
    assert set(outside) == {"인천광역시", "경기도"}
