"""Finding clinics: the nearest, those for skin first, and those of a district."""

from __future__ import annotations

import random
from typing import Any

import pytest

from app.regions import service
from app.regions.geometry import metres
from tests.factories.regions import HAENAM, clinic_row, create_register


def at(north_km: float, east_km: float = 0.0) -> dict[str, float]:
    """A position so many kilometres from the middle of 해남."""
    return {"위도": HAENAM[0] + north_km / 111.195, "경도": HAENAM[1] + east_km / 91.56}


def names(found: list[service.Near]) -> list[str]:
    return [near.clinic.name for near in found]


def test_without_a_register_there_is_nothing(db: Any) -> None:
    assert service.current_register() is None
    assert service.clinics_near(*HAENAM) == []
    assert service.clinics_in("36400") == []
    assert service.count_in("36") == 0


def test_skin_comes_first_within_reach_and_then_the_nearest(db: Any) -> None:
    create_register(
        [
            clinic_row(의료기관명="가까운의원", **at(1)),
            clinic_row(의료기관명="먼피부과의원", **at(30)),
            clinic_row(의료기관명="이웃피부과의원", **at(15)),
            clinic_row(의료기관명="과목의원", 진료과목="내과, 피부과", **at(0, 8)),
            clinic_row(의료기관명="더먼의원", **at(0, 60)),
            clinic_row(의료기관명="너무먼의원", 소재지도로명주소="전라남도 여수시 1", **at(0, 103)),
        ]
    )
    found = service.clinics_near(*HAENAM)
    assert names(found) == ["이웃피부과의원", "과목의원", "가까운의원", "먼피부과의원", "더먼의원"]
    assert [near.metres for near in found] == pytest.approx([15000, 8000, 1000, 30000, 60000], rel=0.01)
    assert names(service.clinics_near(*HAENAM, kind="skin")) == ["이웃피부과의원", "과목의원", "먼피부과의원"]
    assert names(service.clinics_near(*HAENAM, limit=2)) == ["이웃피부과의원", "과목의원"]


def test_dentists_are_shown_only_when_asked_for(db: Any) -> None:
    rows = [
        ("치과의원", "이치과의원"),
        ("한의원", "약한의원"),
        ("보건지소", "면보건지소"),
        ("종합병원", "큰종합병원"),
    ]
    create_register(
        clinic_row(의료기관명=name, 의료기관종별=kind, **at(1 + i)) for i, (kind, name) in enumerate(rows)
    )
    assert names(service.clinics_near(*HAENAM)) == ["면보건지소", "큰종합병원"]
    assert names(service.clinics_near(*HAENAM, kind="dental")) == ["이치과의원"]
    assert names(service.clinics_near(*HAENAM, kind="general")) == ["큰종합병원"]
    assert len(service.clinics_near(*HAENAM, kind="all")) == 4
    with pytest.raises(LookupError):
        service.clinics_near(*HAENAM, kind="barber")


def test_the_search_by_squares_finds_what_a_look_at_all_finds(db: Any) -> None:
    chance = random.Random(3)
    create_register(clinic_row(**at(chance.gauss(0, 12), chance.gauss(0, 12))) for _ in range(300))
    everything = [near.clinic for near in service.clinics_in("36400", limit=1000)]
    assert len(everything) == 300
    for north, east in ((0, 0), (10, -7), (-25, 3), (40, 40)):
        here = tuple(float(value) for value in at(north, east).values())
        away = sorted(metres(here, (one.latitude, one.longitude)) for one in everything)  # type: ignore[arg-type]
        for limit in (1, 10, 60):
            found = [near.metres for near in service.clinics_near(*here, limit=limit)]
            assert found == pytest.approx(away[:limit], abs=0.5)


def test_a_clinic_without_a_position_is_found_by_its_district(db: Any) -> None:
    create_register(
        [clinic_row(의료기관명="위치없는의원", 위도="", 경도=""), clinic_row(의료기관명="가피부과의원")]
    )
    assert names(service.clinics_near(*HAENAM)) == ["가피부과의원"]
    found = service.clinics_in("36400")
    assert names(found) == ["가피부과의원", "위치없는의원"]
    assert [near.metres for near in found] == [None, None]
    assert names(service.clinics_in("36")) == names(found)
    assert service.count_in("36400", kind="skin") == 1
    assert names(service.clinics_in("36400", limit=1, offset=1)) == ["위치없는의원"]
    assert service.clinics_in("11010") == service.clinics_in("99") == []


def test_nowhere_in_korea_has_nothing_near(db: Any) -> None:
    create_register([clinic_row()])
    assert service.clinics_near(35.68, 139.69) == []
    assert service.clinics_near(float("nan"), 127.0) == []
