"""The page on which people find a clinic, and the operator's pages of registers and regions."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.accounts import residence
from app.accounts.models import User
from app.regions import service
from app.regions.models import Register
from tests.factories.accounts import create_patient, sign_in
from tests.factories.regions import HAENAM, clinic_row, create_register, table
from tests.factories.reviews import create_operator
from tests.harness.client import Client


@pytest.fixture
def visitor(app: Flask, db: Any) -> Client:
    client = app.test_client()
    assert isinstance(client, Client)
    return client


@pytest.fixture
def operator(db: Any) -> User:
    return create_operator(name="명부지기")


@pytest.fixture
def office(app: Flask, operator: User) -> Client:
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    assert isinstance(client, Client)
    sign_in(client, operator)
    return client


def test_without_a_register_the_page_says_whom_to_call(visitor: Client) -> None:
    page = visitor.get("/clinics").text
    assert "병원 명부가 아직 없습니다" in page
    assert 'href="tel:129"' in page
    assert 'href="tel:119"' in page


def test_a_district_is_found_in_two_steps_without_scripts(visitor: Client) -> None:
    create_register([clinic_row(의료기관명="해남피부과의원", 의료기관전화번호="061-555-7777")])
    assert "area=36" in visitor.get("/clinics").text
    assert "area=36400" in visitor.get("/clinics?area=36").text
    page = visitor.get("/clinics?area=36400").text
    assert "해남피부과의원" in page
    assert 'href="tel:0615557777"' in page
    assert "공공데이터포털" in page
    assert "<svg viewBox" in page
    assert "Haenam-gun, Jeonnam" in visitor.get("/clinics?area=36400", headers={"Accept-Language": "en"}).text


def test_a_patient_begins_where_they_live(visitor: Client) -> None:
    create_register([clinic_row()])
    assert "해남군에서 찾기" not in visitor.get("/clinics").text
    patient = create_patient()
    residence.set_area(patient.patient.id, "36400")
    sign_in(visitor, patient)
    page = visitor.get("/clinics").text
    assert "해남군에서 찾기" in page
    assert 'href="/clinics?area=36400"' in page


def test_a_position_shows_the_distance(visitor: Client) -> None:
    create_register([clinic_row(의료기관명="가까운의원", 위도=HAENAM[0] + 0.0270)])
    page = visitor.get(f"/clinics?lat={HAENAM[0]}&lon={HAENAM[1]}").text
    assert "가까운의원" in page
    assert "약 3.0km" in page


def test_a_district_with_few_shows_the_nearest_elsewhere_with_how_far(visitor: Client) -> None:
    next_door = {"소재지도로명주소": "전라남도 강진군 강진읍 지어낸로 1", "위도": 34.617, "경도": 126.774}
    create_register(
        [
            clinic_row(의료기관명="집앞의원"),
            clinic_row(의료기관명="이웃피부과의원", **next_door),
            clinic_row(의료기관명="먼의원", **(next_door | {"위도": 37.5, "경도": 127.0})),
        ]
    )
    page = visitor.get("/clinics?area=36400").text
    assert page.index("집앞의원") < page.index("가까운 다른 시·군·구") < page.index("이웃피부과의원")
    assert "해남군 한가운데에서" in page
    assert "약 24.6km" in page
    assert "먼의원" not in page
    page = visitor.get("/clinics?area=36400&kind=skin").text
    assert "이 시·군·구에는 이런 곳이 없습니다" in page
    assert "이웃피부과의원" in page
    assert "집앞의원" not in page


def test_long_lists_have_pages(visitor: Client) -> None:
    create_register(clinic_row(의료기관명=f"긴{number:02d}의원") for number in range(23))
    for query in ("area=36400", f"lat={HAENAM[0]}&lon={HAENAM[1]}"):
        shown = [
            visitor.get(f"/clinics?{query}&page={page}").text.count('class="clinic"') for page in (1, 2, 3, 4)
        ]
        assert shown == [10, 10, 3, 3]


@pytest.mark.parametrize(
    "query",
    [
        "lat=x&lon=y",
        "lat=35.68&lon=139.69",
        "lat=nan&lon=nan",
        "area=nowhere",
        "area=36400&kind=barber&page=-1",
        "page=9" * 9,
    ],
)
def test_nonsense_is_answered_with_a_choice(visitor: Client, query: str) -> None:
    create_register([clinic_row()])
    answer = visitor.get(f"/clinics?{query}")
    assert answer.status_code == 200


def test_an_operator_loads_a_register_and_sees_every_wrong_row(
    office: Client, operator: User, work: Callable[[], int], db: Any
) -> None:
    content = table([clinic_row(), clinic_row(의료기관명="", 소재지도로명주소="=1+1")])
    form = {"dated": "2023-05-01", "source": "공공데이터포털", "file": (io.BytesIO(content), "명부.csv")}
    answer = office.post("/operator/clinics", data=form)
    assert answer.status_code == 303
    assert "차례를 기다리고" in office.get(answer.location).text
    work()
    page = office.get(answer.location).text
    assert "쓰는 중인 명부" in page
    assert "이름이 없습니다." in page
    assert "명부지기" in page
    rows = list(
        csv.reader(io.StringIO(office.get(f"{answer.location}/rejected.csv").data.decode("utf-8-sig")))
    )
    assert [row[:3] for row in rows[1:]] == [["rejected", "명부.csv", "3"]]
    assert "명부.csv" in office.get("/operator/clinics").text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"dated": "2999-01-01"}, "아직 오지 않은"),
        ({"dated": ""}, "기준일을 적어"),
        ({"file": (b"x", "명부.xlsx")}, "CSV 파일이나"),
    ],
)
def test_what_cannot_be_loaded_is_said_on_the_form(
    office: Client, db: Any, given: dict[str, Any], said: str
) -> None:
    form = {"dated": "2023-05-01", "source": "어디", "file": (table([clinic_row()]), "명부.csv")} | given
    content, name = form["file"]
    answer = office.post("/operator/clinics", data=form | {"file": (io.BytesIO(content), name)})
    assert answer.status_code == 422
    assert said in answer.text
    assert db.session.query(Register).count() == 0


def test_the_ranking_is_shown_and_given_as_a_file(office: Client) -> None:
    page = office.get("/operator/regions?year=2018").text
    assert "2020년" in page
    assert page.index("전라남도</th>") < page.index("경상북도</th>") < page.index("서울특별시</th>")
    rows = list(
        csv.DictReader(io.StringIO(office.get("/operator/regions.csv?year=1999").data.decode("utf-8-sig")))
    )
    assert [row["province"] for row in rows[:2]] == ["전라남도", "경상북도"]
    assert rows[0]["people_year"] == "2024"


def test_the_command_line_loads_and_says_what_is_in_use(app: Flask, db: Any, tmp_path: Any) -> None:
    runner = app.test_cli_runner()
    assert runner.invoke(args=["clinics", "status"]).exit_code == 1
    file = tmp_path / "clinics.csv"
    file.write_bytes(table([clinic_row(), clinic_row(의료기관명="")]))
    loaded = runner.invoke(args=["clinics", "load", str(file), "--dated", "2023-05-01"])
    assert loaded.exit_code == 0, loaded.output
    assert "1 rejected" in loaded.output
    assert "clinics.csv" in runner.invoke(args=["clinics", "status"]).output
    assert service.current_register() is not None
