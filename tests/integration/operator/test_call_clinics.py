"""Who cannot be seen remotely is read the nearest clinics: there on the page, with the reason, and it is noted."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts import callers
from app.accounts.models import Departure, Patient, Sex, User
from app.audit.models import AuditEntry
from app.consultations import eligibility_rules
from app.consultations.eligibility_models import RuleKind
from app.consultations.own_data import erase, shown
from app.consultations.referral_models import Referral, Why
from app.infra import clock as clocks
from app.regions.models import Clinic
from tests.factories.cases import create_reader
from tests.factories.consultations import create_pattern
from tests.factories.regions import clinic_row, create_register
from tests.harness.client import Client
from tests.integration.operator.conftest import caller_in

HAENAM, SUNCHEON = "36400", "36030"


@pytest.fixture
def register(db: Any) -> None:
    """Three places in Haenam: an internist at its middle, a dermatologist near by, one without a telephone."""
    create_register(
        [
            clinic_row(의료기관명="가온내과의원"),
            clinic_row(의료기관명="다솜피부과의원", 위도=34.6, 경도=126.62, 의료기관전화번호="061-555-7777"),
            clinic_row(의료기관명="라온의원", 위도=34.61, 의료기관전화번호=""),
        ]
    )


@pytest.fixture
def caller(db: Any, operator: User) -> Patient:
    """Somebody in Haenam who has agreed."""
    return caller_in(HAENAM, operator)


def end_the_trial(operator: User) -> None:
    """From today on no rule admits who has not been seen before and lives elsewhere."""
    for rule in eligibility_rules.current_rules():
        if rule.kind == RuleKind.PILOT:
            yesterday = clocks.today_in_korea().date() - timedelta(days=1)
            eligibility_rules.end_rule(rule.id, yesterday, operator.id)


def base(patient: Patient) -> str:
    return f"/operator/calls/{patient.public_id}"


@pytest.mark.usefixtures("register")
def test_who_is_not_admitted_is_read_clinics_on_the_spot(
    office: Client, operator: User, caller: Patient, db: Any
) -> None:
    create_pattern(create_reader(name="이서연"))
    end_the_trial(operator)
    page = office.get(base(caller)).text
    assert "법이 정한 규칙 때문에" in page
    assert page.index("다솜피부과의원") < page.index("가온내과의원"), "skin first, as patients see them"
    assert "061-555-7777" in page
    assert "명부에 전화번호가 없습니다" in page
    assert "약 " in page
    read = db.session.scalars(select(Clinic).where(Clinic.name == "다솜피부과의원")).one()
    form = {"area": HAENAM, "why": "not_admitted", "clinic": str(read.id)}
    assert office.post(f"{base(caller)}/clinics", data=form).status_code == 303
    (row,) = db.session.scalars(select(Referral)).all()
    assert (row.patient_id, row.told_by_id, row.why, row.area) == (
        caller.id,
        operator.id,
        Why.NOT_ADMITTED,
        HAENAM,
    )
    assert [(one["name"], one["telephone"]) for one in row.clinics] == [("다솜피부과의원", "061-555-7777")]
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "call.clinics_read")).one()
    assert (entry.actor_id, entry.patient_id) == (operator.id, caller.id)
    assert "전에 읽어 드린 것" in office.get(f"{base(caller)}/clinics").text


@pytest.mark.usefixtures("register")
def test_the_reason_is_the_true_one(office: Client, operator: User, caller: Patient, db: Any) -> None:
    page = office.get(base(caller)).text
    assert "빈 시간이 없습니다" in page, "no doctor offers a time: no rule is to blame"
    assert "법이 정한 규칙" not in page
    assert "다솜피부과의원" in page
    create_pattern(create_reader(name="이서연"))
    assert "다솜피부과의원" not in office.get(base(caller)).text, "there are times to offer"
    stranger = callers.register_caller(
        name="김영감", birth_date=date(1940, 1, 2), sex=Sex.MALE, area=HAENAM, mobile="010-9876-5432"
    )
    assert "동의하지 않으셔서" in office.get(f"{base(stranger)}/clinics").text


@pytest.mark.usefixtures("register")
def test_another_district_can_be_named_and_what_is_not_near_it_is_not_noted(
    office: Client, caller: Patient, db: Any
) -> None:
    page = office.get(f"{base(caller)}/clinics?area={SUNCHEON}").text
    assert "순천시에서 가까운 곳" in page
    for form in (
        {"area": HAENAM},
        {"area": HAENAM, "clinic": "999999"},
        {"area": HAENAM, "clinic": "x"},
        {"area": "36", "clinic": "1"},
        {"area": "", "clinic": "1"},
    ):
        answer = office.post(f"{base(caller)}/clinics", data=form)
        assert answer.status_code == 422, form
        assert "주세요" in answer.text
    assert db.session.scalars(select(Referral)).all() == []


def test_without_a_register_the_numbers_to_call_are_said(office: Client, caller: Patient) -> None:
    page = office.get(base(caller)).text
    assert "병원 명부가 아직 없습니다" in page
    assert "129" in page


@pytest.mark.usefixtures("register")
def test_what_was_read_is_the_callers_to_see_and_goes_with_everything_else(
    office: Client, operator: User, caller: Patient, db: Any
) -> None:
    ids = [str(one) for one in db.session.scalars(select(Clinic.id))]
    office.post(f"{base(caller)}/clinics", data={"area": HAENAM, "why": "asked", "clinic": ids})
    (told,) = shown(operator, caller)["clinics_read_aloud"]
    assert len(told["clinics"]) == 3
    now = clocks.now()
    db.session.add(wish := Departure(patient_id=caller.id, asked_by_id=operator.id, asked_at=now, due_at=now))
    db.session.commit()
    erase(wish)
    assert db.session.scalars(select(Referral)).all() == []
