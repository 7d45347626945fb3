"""The telephone: somebody calls, is registered, agrees aloud, gets a time and a text message, and cancels."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import callers, residence
from app.accounts.errors import ConsentMissing
from app.accounts.models import Consent, ConsentChannel, ConsentKind, Patient, Sex, User
from app.audit.models import AuditEntry
from app.consultations import service
from app.consultations.models import Booking
from app.infra import moments
from app.infra.clock import KST
from tests.factories.accounts import create_patient, sign_in
from tests.factories.cases import create_case, create_reader, create_sender
from tests.factories.consultations import create_pattern
from tests.factories.eligibility import SUNCHEON
from tests.harness.client import Client
from tests.harness.clock import FrozenClock

NUMBER = "010-9876-5432"
CALLER = {"name": "박막례", "birth_date": "19480501", "sex": "female", "area": SUNCHEON, "mobile": NUMBER}
AGREED = {kind.value: "y" for kind in callers.ASKED}


@pytest.fixture
def doctor(db: Any) -> User:
    made = create_reader(name="이서연")
    create_pattern(made, price_won=12000)
    return made


def registered(**given: Any) -> Patient:
    values: dict[str, Any] = {"name": "박막례", "birth_date": date(1948, 5, 1), "sex": Sex.FEMALE}
    return callers.register_caller(**(values | {"area": SUNCHEON, "mobile": NUMBER} | given))


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def texts_sent(app: Flask) -> list[dict[str, str]]:
    outbox = Path(app.instance_path) / "outbox" / "sms.jsonl"
    lines = outbox.read_text(encoding="utf-8").splitlines() if outbox.exists() else []
    return [json.loads(line) for line in lines]


def test_a_first_call_from_the_number_to_the_booking_and_back(
    app: Flask, office: Client, operator: User, doctor: User, db: Any, work: Callable[[], int]
) -> None:
    assert "아는 분이 없습니다" in office.post("/operator/calls", data={"mobile": NUMBER}).text
    answer = office.post("/operator/calls/new", data=CALLER)
    assert answer.status_code == 303
    page = office.get(answer.location).text
    assert "1948년생" in page
    assert "9876" not in page
    assert "예약할 수 있는 시간이 나옵니다" in page  # nothing before the consents
    office.post(f"{answer.location}/consents", data=AGREED)
    page = office.get(answer.location).text
    assert "이서연" in page
    slot = service.free_times(doctor.id, days=28)[0]
    at = slot.starts_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    confirm = office.get(f"{answer.location}/confirm?doctor={doctor.id}&at={at}").text
    assert "12,000원" in confirm
    assert "상담 자체는 이 서비스에서 하지 못합니다" in confirm, "said aloud as patients read it"
    form = {"doctor": doctor.id, "at": at, "price": "12000"}
    assert office.post(f"{answer.location}/book", data=form).status_code == 303
    booking = db.session.scalars(select(Booking)).one()
    assert (booking.booked_by_id, booking.channel) == (operator.id, "telephone")
    assert booking.admitted_by.key == "trial"
    work()
    (message,) = texts_sent(app)
    assert message["to"] == "+821098765432"
    assert "상담이 예약되었습니다" in message["body"]
    cancelled = office.post(f"{answer.location}/bookings/{booking.public_id}/cancel")
    assert cancelled.status_code == 303
    work()
    assert "취소" in texts_sent(app)[-1]["body"]
    db.session.expire_all()
    assert booking.cancelled_by_id == operator.id


def test_a_consent_by_telephone_says_so_and_who_wrote_it_down(
    office: Client, operator: User, db: Any, doctor: User
) -> None:
    patient = registered()
    address = f"/operator/calls/{patient.public_id}"
    office.post(f"{address}/consents", data={"telemedicine": "y"})
    consents = db.session.scalars(select(Consent).order_by(Consent.id)).all()
    assert [c.kind for c in consents] == [ConsentKind.TELEMEDICINE]
    office.post(f"{address}/consents", data=AGREED)
    for consent in db.session.scalars(select(Consent).order_by(Consent.id)).all():
        assert consent.channel == ConsentChannel.TELEPHONE
        assert consent.recorded_by_id == operator.id
        assert (consent.user_id, consent.patient_id) == (None, patient.id)
    assert len(db.session.scalars(select(Consent)).all()) == 2
    entries = db.session.scalars(
        select(AuditEntry).where(AuditEntry.action == "consent.given_by_telephone")
    ).all()
    assert {(e.actor_id, e.patient_id) for e in entries} == {(operator.id, patient.id)}


def test_a_revisit_is_offered_read_aloud_and_booked_about_the_case(
    office: Client, operator: User, db: Any, clock: FrozenClock
) -> None:
    doctor, other = create_reader(name="이서연", clinic="서울의원"), create_reader(clinic="먼의원")
    for each, start in ((other, 540), (doctor, 840)):
        for weekday in range(5):
            create_pattern(each, weekday=weekday, start_minute=start, end_minute=start + 60, slot_minutes=10)
    user = create_sender(name="최순이", mobile="+821055556666")
    residence.set_area(user.patient.id, SUNCHEON)
    case = create_case(user, doctor=doctor, diagnosis="mel", advice="비밀스러운 조언", reason="가장자리")
    create_case(user, doctor=other, site="chest", next_step="in_person", within_days=7)
    clock.set(datetime(2026, 12, 28, 9, 0, tzinfo=KST))
    sign_in(office, operator)
    address = f"/operator/calls/{user.patient.public_id}"
    page = office.get(address).text
    said = f"이서연 의사가 {moments.date_of(case.signed_at.astimezone(KST).date().isoformat())}에 답한 점"
    assert page.count(said) == 6, "and none of the times that no rule admits to"
    slot = service.free_times(doctor.id, days=28)[0]
    confirm = office.get(f"{address}/confirm?doctor={doctor.id}&at={stamp(slot.starts_at)}")
    assert said in confirm.text
    for hidden in ("비밀스러운", "흑색종", "얼굴", case.public_id):
        assert hidden not in page + confirm.text
    form = {"doctor": doctor.id, "at": stamp(slot.starts_at), "price": "0"}
    assert office.post(f"{address}/book", data=form).status_code == 303
    booking = db.session.scalars(select(Booking)).one()
    assert (booking.case_id, booking.admitted_by.key) == (case.id, "revisit")
    refused = service.free_times(other.id, days=28)[0]
    form = {"doctor": other.id, "at": stamp(refused.starts_at), "price": "0"}
    assert office.post(f"{address}/book", data=form).status_code == 409


def test_without_the_consents_nothing_is_booked(office: Client, doctor: User, db: Any) -> None:
    patient = registered()
    slot = service.free_times(doctor.id, days=28)[0]
    form = {"doctor": doctor.id, "at": slot.starts_at.isoformat(), "price": slot.price_won}
    assert office.post(f"/operator/calls/{patient.public_id}/book", data=form).status_code == 303
    assert db.session.scalars(select(Booking)).all() == []


def test_the_terms_are_not_for_the_telephone(db: Any, operator: User) -> None:
    with pytest.raises(ConsentMissing):
        callers.consent_by_telephone(operator, registered().id, [ConsentKind.TERMS])


def test_who_has_an_account_is_found_by_its_number_and_every_look_is_recorded(
    office: Client, operator: User, db: Any
) -> None:
    user = create_sender(name="최순이", mobile="+821055556666")
    create_case(user, diagnosis="mel", advice="비밀스러운 조언", reason="가장자리")
    residence.set_exceptions(user.patient.id, ["rare_disease"])
    found = office.post("/operator/calls", data={"mobile": "010 5555 6666"}).text
    assert "최순이" in found
    page = office.get(f"/operator/calls/{user.patient.public_id}").text
    assert "최순이" in page
    for hidden in ("비밀스러운", "흑색종", "/photos/", "55556666", "5555-6666", "희귀질환"):
        assert hidden not in page
    looked = db.session.scalars(
        select(AuditEntry).where(AuditEntry.patient_id == user.patient.id, AuditEntry.actor_id == operator.id)
    ).all()
    assert [entry.action for entry in looked] == ["call.found", "call.looked"]


def test_who_cannot_be_called_is_not_found(office: Client, db: Any) -> None:
    by_mail = create_patient(mobile=None, email="mail@example.test", password="kein Mond ueber Gwangju")
    assert office.get(f"/operator/calls/{by_mail.patient.public_id}").status_code == 404
    assert office.get("/operator/calls/nobody").status_code == 404


@pytest.mark.parametrize("number", ["02-123-4567", "12", "김순자"])
def test_what_is_no_mobile_number_is_refused(office: Client, number: str) -> None:
    answer = office.post("/operator/calls", data={"mobile": number})
    assert answer.status_code == 422
    assert "휴대전화 번호가 아닙니다" in answer.text


def test_the_same_person_is_not_registered_twice_but_a_household_may_share_a_number(
    office: Client, db: Any
) -> None:
    first = office.post("/operator/calls/new", data=CALLER).location
    assert office.post("/operator/calls/new", data=CALLER | {"name": "박 막례"}).location == first
    other = office.post("/operator/calls/new", data=CALLER | {"name": "김영감", "sex": "male"}).location
    assert other != first
    found = office.post("/operator/calls", data={"mobile": NUMBER}).text
    assert "박막례" in found
    assert "김영감" in found


def test_a_child_is_not_booked_for_by_telephone(office: Client, db: Any) -> None:
    answer = office.post("/operator/calls/new", data=CALLER | {"birth_date": "20180505"})
    assert answer.status_code == 422
    assert "만 14세 미만" in answer.text


def test_searches_are_limited_for_each_operator(make_app: Any) -> None:
    from tests.factories.accounts import create_operator

    app = make_app(rate_limits=True)
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context():
        client = app.test_client()
        sign_in(client, create_operator())
    answers = [client.post("/operator/calls", data={"mobile": NUMBER}).status_code for _ in range(11)]
    assert answers == [200] * 10 + [429]


def test_who_signs_up_later_with_the_number_finds_the_bookings(db: Any, operator: User) -> None:
    patient = registered()
    callers.consent_by_telephone(operator, patient.id, callers.ASKED)
    user = create_patient(name="박 막례", birth_date=date(1948, 5, 1), mobile="+821098765432")
    db.session.expire_all()
    assert user.patient.id == patient.id
    assert user.patient.mobile is None
    assert user.patient.area == SUNCHEON


@pytest.mark.parametrize("given", [{"name": "박말례"}, {"birth_date": date(1951, 5, 1)}])
def test_somebody_else_with_the_number_is_not_joined(db: Any, given: dict[str, Any]) -> None:
    patient = registered()
    values = {"name": "박막례", "birth_date": date(1948, 5, 1), "mobile": "+821098765432"}
    user = create_patient(**(values | given))
    db.session.expire_all()
    assert user.patient.id != patient.id
    assert patient.user_id is None


def test_only_operators_handle_calls_and_rules(app: Flask, db: Any) -> None:
    patient = registered()
    for user in (create_patient(), create_reader()):
        client = app.test_client()
        sign_in(client, user)
        for address in ("/operator/calls", f"/operator/calls/{patient.public_id}", "/operator/eligibility"):
            assert client.get(address).status_code == 403
