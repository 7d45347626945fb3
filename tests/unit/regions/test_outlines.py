"""The outlines belong to the provinces that there are, and the map of them says what the ranking says."""

from __future__ import annotations

import pytest

from app.operator.region_map import STEPS, draw, shade_of, short
from app.regions import figures
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


def test_shades_follow_the_index() -> None:
    assert [shade_of(value) for value in (-2.0, *STEPS, 3.0)] == [0, 1, 2, 3, 4, 4]
    drawing = draw(figures.ranking(2024), english=False)
    shades = {shape.name: shape.shade for shape in drawing.shapes}
    assert len(shades) == 17
    assert shades["전남"] == shades["경북"] == 4
    assert shades["서울"] == 0
    assert all(shape.path.startswith("M") for shape in drawing.shapes)
    assert all(0 < shape.x < drawing.width and 0 < shape.y < drawing.height for shape in drawing.shapes)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("전라남도", "전남"),
        ("충청북도", "충북"),
        ("강원특별자치도", "강원"),
        ("세종특별자치시", "세종"),
        ("서울특별시", "서울"),
        ("경기도", "경기"),
    ],
)
def test_a_province_is_named_as_people_say_it(name: str, said: str) -> None:
    assert short(name) == said
