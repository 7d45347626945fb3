"""The map of the provinces says what the ranking says."""

from __future__ import annotations

import pytest

from app.operator.region_map import STEPS, draw, shade_of, short
from app.regions import figures


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
