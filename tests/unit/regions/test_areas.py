"""The provinces and districts have codes, names in two languages and middles that make sense."""

from __future__ import annotations

import re

import pytest

from app.regions.areas import area, areas, districts, provinces


def test_every_district_stands_in_its_province() -> None:
    assert len(provinces()) == 17
    assert len(areas()) == 17 + 252
    for one in areas().values():
        assert one.code[:2] == one.province
        assert len(one.code) == (2 if one.is_province else 5)
        assert 33 < one.latitude < 38.7
        assert 124 < one.longitude < 131.5
    assert all(districts(one.code) for one in provinces())


def test_no_two_districts_of_a_province_share_a_name() -> None:
    for province in provinces():
        for language in ("name", "name_en"):
            names = [getattr(one, language) for one in districts(province.code)]
            assert len(set(names)) == len(names)


def test_every_english_name_is_romanised() -> None:
    endings = {"구": "-gu", "군": "-gun", "시": "-si"}
    for one in areas().values():
        if one.is_province:
            continue
        assert re.fullmatch(r"[A-Z][a-z]+-(gu|gun|si)(, [A-Z][a-z]+-si)?", one.name_en), one
        assert one.name_en.split(",")[0].endswith(endings[one.name[-1]])


@pytest.mark.parametrize(
    ("code", "english"),
    [
        ("11010", "Jongno-gu"),
        ("11070", "Jungnang-gu"),
        ("23090", "Michuhol-gu"),
        ("31101", "Deogyang-gu, Goyang-si"),
        ("32030", "Gangneung-si"),
        ("32360", "Cheorwon-gun"),
        ("34330", "Buyeo-gun"),
        ("36440", "Yeonggwang-gun"),
        ("22520", "Gunwi-gun"),
    ],
)
def test_names_are_those_by_which_the_districts_are_known(code: str, english: str) -> None:
    found = area(code)
    assert found is not None
    assert found.name_en == english


def test_a_full_name_has_its_province() -> None:
    haenam = next(one for one in areas().values() if one.name == "해남군")
    assert haenam.full_name() == "전라남도 해남군"
    assert haenam.full_name(english=True) == "Haenam-gun, Jeonnam"
    assert areas()["36"].full_name() == "전라남도"
