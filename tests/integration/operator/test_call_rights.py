"""On the telephone a consent is taken back, and who has no account has everything erased, or stays after all."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import callers, keeping, leaving, service
from app.accounts.errors import ConsentMissing, NotYours
from app.accounts.models import Consent, ConsentKind, Departure, Patient, User
from app.audit.models import AuditEntry
from app.cases.models import Case, CaseState
from app.consultations import service as consultations
from app.consultations.models import Booking, BookingState
from app.consultations.words import when
from app.infra import jobs
from tests.factories.accounts import create_child, create_patient, sign_in
from tests.factories.cases import create_case, create_reader, create_sender
from tests.factories.consultations import create_pattern
from tests.factories.reviews import create_operator
from tests.harness.client import Client
from tests.harness.clock import FrozenClock

Work = Callable[[], int]
Texts = Callable[[], list[dict[str, str]]]
NUMBER = "010-9876-5432"
BORN = {"birth_date": "19480501"}
WAIT = keeping.wait() + timedelta(minutes=1)


@pytest.fixture
def sms(app: Flask, work: Work) -> Texts:
    """A function: let the worker send what is due, then give every text message so far."""

    def read() -> list[dict[str, str]]:
        work()
        outbox = Path(app.instance_path) / "outbox" / "sms.jsonl"
        lines = outbox.read_text(encoding="utf-8").splitlines() if outbox.exists() else []
        return [json.loads(line) for line in lines]

    return read


def base(patient: Patient) -> str:
    return f"/operator/calls/{patient.public_id}"


def entries(db: Any, action: str) -> set[tuple[int | None, int | None]]:
    """Who did it, and to whom."""
    rows = db.session.scalars(select(AuditEntry).where(AuditEntry.action == action))
    return {(row.actor_id, row.patient_id) for row in rows}


def week_over(db: Any, clock: FrozenClock, work: Work) -> None:
    clock.advance(seconds=WAIT.total_seconds())
    jobs.ask_for_regular()
    work()
    db.session.rollback()
    db.session.expire_all()


def test_a_consent_given_by_telephone_is_taken_back_there_and_what_rests_on_it_ends(
    office: Client, operator: User, caller: Patient, db: Any, work: Work
) -> None:
    doctor = create_reader()
    create_pattern(doctor)
    booking = _book(caller, doctor, operator)
    page = office.get(f"{base(caller)}/rights").text
    assert "전화로 동의하셨습니다" in page
    assert "아직 시작하지 않은 상담 예약을 모두 취소하고" in page, "in the words that patients read"
    answer = office.post(f"{base(caller)}/consents/telemedicine/withdraw")
    assert answer.status_code == 303
    db.session.expire_all()
    given = {one.kind: one.withdrawn_at for one in db.session.scalars(select(Consent))}
    assert given[ConsentKind.TELEMEDICINE] is not None
    assert given[ConsentKind.HEALTH_DATA] is None
    assert entries(db, "consent.withdrawn_by_telephone") == {(operator.id, caller.id)}
    work()
    db.session.rollback()
    assert booking.state == BookingState.CANCELLED
    assert "되돌릴 동의가 없습니다" in office.post(answer.request.path, follow_redirects=True).text


@pytest.mark.parametrize(
    ("kind", "said"), [("health_data", "건강 정보 동의"), ("telemedicine", "비대면 상담 동의")]
)
def test_before_a_consent_is_taken_back_the_bookings_are_named_and_after_it_the_caller_is_told(
    office: Client, operator: User, caller: Patient, sms: Texts, kind: str, said: str
) -> None:
    doctor = create_reader(name="이서연")
    create_pattern(doctor)
    booking = _book(caller, doctor, operator)
    page = office.get(f"{base(caller)}/rights").text
    assert page.count("취소될 예약") == page.count(when(booking.starts_at)) == 2, "both consents rest on it"
    assert "예약은 그대로" not in page
    office.post(f"{base(caller)}/consents/{kind}/withdraw")
    told = [one for one in sms() if "되돌렸습니다" in one["body"]]
    assert [(one["to"], said in one["body"]) for one in told] == [("+821098765432", True)]
    assert "예약도 함께 취소됩니다" in told[0]["body"]


def test_who_has_an_account_is_told_at_its_number_in_its_language(
    office: Client, db: Any, sms: Texts
) -> None:
    user = create_sender(mobile="+821055556666", locale="en")
    office.post(f"{base(user.patient)}/consents/ai_notice/withdraw")
    told = [one for one in sms() if "withdrawn" in one["body"]]
    assert [one["to"] for one in told] == ["+821055556666"]
    office.post(f"{base(user.patient)}/consents/ai_notice/withdraw")
    assert [one for one in sms() if "withdrawn" in one["body"]] == told, "there was nothing left to take back"


def test_the_day_on_which_a_consent_was_taken_back_is_shown(
    office: Client, caller: Patient, db: Any, clock: FrozenClock
) -> None:
    assert "거두어졌습니다" not in office.get(f"{base(caller)}/rights").text
    clock.set(clock.now.replace(year=2027, month=3, day=2))
    sign_in(office, create_operator())
    office.post(f"{base(caller)}/consents/telemedicine/withdraw")
    assert office.get(f"{base(caller)}/rights").text.count("2027년 3월 2일에 거두어졌습니다") == 1


def _book(patient: Patient, doctor: User, operator: User) -> Booking:
    slot = consultations.free_times(doctor.id, days=28)[0]
    return consultations.book(
        patient_id=patient.id,
        doctor_id=doctor.id,
        starts_at=slot.starts_at,
        price_won=slot.price_won,
        booked_by_id=operator.id,
        channel="telephone",
    )


def test_a_consent_given_in_the_portal_is_taken_back_as_the_patient_would(
    office: Client, operator: User, db: Any, work: Work
) -> None:
    user = create_sender(mobile="+821055556666")
    case = create_case(user, state=CaseState.WAITING)
    service.give_consents(user, user.patient, consultations.NEEDED)
    assert office.post(f"{base(user.patient)}/consents/health_data/withdraw").status_code == 303
    work()
    db.session.expire_all()
    assert db.session.get(Case, case.id).state == CaseState.WITHDRAWN
    assert (operator.id, user.patient.id) in entries(db, "consent.withdrawn_by_telephone")


def test_the_terms_and_whoever_cannot_be_called_are_not_for_the_telephone(
    office: Client, operator: User, caller: Patient, db: Any
) -> None:
    assert office.post(f"{base(caller)}/consents/terms/withdraw").status_code == 404
    with pytest.raises(ConsentMissing):
        callers.withdraw_by_telephone(operator, caller.id, ConsentKind.TERMS)
    child = create_child(create_patient())
    assert office.post(f"{base(child)}/consents/health_data/withdraw").status_code == 404
    with pytest.raises(NotYours):
        callers.withdraw_by_telephone(operator, child.id, ConsentKind.HEALTH_DATA)
    open_ones = select(Consent).where(Consent.patient_id == child.id, Consent.withdrawn_at.is_(None))
    assert db.session.scalars(open_ones).all() != []


def test_a_caller_is_erased_after_a_week_and_told_so(
    office: Client,
    operator: User,
    caller: Patient,
    db: Any,
    clock: FrozenClock,
    work: Work,
    sms: Texts,
) -> None:
    doctor = create_reader()
    create_pattern(doctor)
    held = _book(caller, doctor, operator)
    assert office.post(f"{base(caller)}/erasure", data=BORN).status_code == 303
    assert entries(db, "erasure.asked_by_telephone") == {(operator.id, caller.id)}
    told = sms()
    assert [(one["to"], "전화해 주세요" in one["body"]) for one in told if "지웁니다" in one["body"]] == [
        ("+821098765432", True)
    ], "the caller is told, and the operator is not"
    assert "지워 달라고 하셨습니다" in office.get(f"{base(caller)}/rights").text
    clock.set(held.ends_at)  # the visit takes place within the week: it is a chart
    week_over(db, clock, work)
    assert "자료를 지웠습니다" in sms()[-1]["body"]
    assert (caller.mobile, caller.area, caller.exceptions) == (None, None, None)
    assert caller.name == "박막례", "kept with the record that the law wants"
    assert office.get(f"{base(caller)}/rights").status_code == 404
    assert "아는 분이 없습니다" in office.post("/operator/calls", data={"mobile": NUMBER}).text
    clock.advance(days=366 * keeping.years("consultation"))
    jobs.ask_for_regular()
    work()
    db.session.rollback()
    db.session.expire_all()
    assert (caller.name, caller.birth_date) == ("", None)


def test_who_was_never_seen_is_forgotten_at_once(
    office: Client, caller: Patient, db: Any, clock: FrozenClock, work: Work
) -> None:
    office.post(f"{base(caller)}/erasure", data=BORN)
    week_over(db, clock, work)
    assert (caller.name, caller.birth_date, caller.mobile) == ("", None, None)
    assert all(one.withdrawn_at for one in db.session.scalars(select(Consent)))


def test_a_second_call_within_the_week_stops_it(
    office: Client,
    operator: User,
    caller: Patient,
    db: Any,
    clock: FrozenClock,
    work: Work,
    sms: Texts,
) -> None:
    office.post(f"{base(caller)}/erasure", data=BORN)
    clock.advance(days=3)
    assert office.post(f"{base(caller)}/erasure/cancel").status_code == 303
    assert entries(db, "erasure.cancelled_by_telephone") == {(operator.id, caller.id)}
    assert "그만두셨습니다" in sms()[-1]["body"]
    week_over(db, clock, work)
    assert (caller.name, caller.erased_at) == ("박막례", None)
    assert "그만둘 것이 없습니다" in office.post(f"{base(caller)}/erasure/cancel", follow_redirects=True).text


@pytest.mark.parametrize("said", ["19480502", "1948", ""])
def test_the_day_of_birth_must_be_the_one_on_record(
    office: Client, caller: Patient, db: Any, said: str
) -> None:
    answer = office.post(f"{base(caller)}/erasure", data={"birth_date": said})
    assert answer.status_code == 422
    assert db.session.scalars(select(Departure)).all() == []


def test_who_has_an_account_erases_there(office: Client, operator: User, db: Any) -> None:
    user = create_patient(mobile="+821055556666")
    assert user.patient is not None
    assert "이분은 계정이 있습니다" in office.get(f"{base(user.patient)}/rights").text
    page = office.post(
        f"{base(user.patient)}/erasure", data={"birth_date": "19540302"}, follow_redirects=True
    )
    assert "로그인해서 직접" in page.text
    assert db.session.scalars(select(Departure)).all() == []
    with pytest.raises(NotYours):
        leaving.cancel_by_telephone(user.patient.id)


def test_who_joins_within_the_week_can_stop_it_and_else_the_account_goes_too(
    operator: User, caller: Patient, db: Any, clock: FrozenClock, work: Work, storage: Path
) -> None:
    leaving.ask_by_telephone(operator, caller.id)
    user = create_patient(name="박막례", birth_date=date(1948, 5, 1), mobile="+821098765432")
    db.session.expire_all()
    assert user.patient.id == caller.id
    assert leaving.cancel(user, user.patient)
    leaving.ask(user, user.patient)
    assert leaving.cancel(user, user.patient)
    db.session.add(
        Departure(patient_id=caller.id, asked_by_id=operator.id, asked_at=clock.now, due_at=clock.now + WAIT)
    )
    db.session.commit()
    week_over(db, clock, work)
    week_over(db, clock, work)
    assert (user.active, user.mobile, user.name) == (False, None, "")


def test_only_operators_withdraw_and_erase(app: Any, caller: Patient, db: Any) -> None:
    for user in (create_patient(), create_reader()):
        client = app.test_client()
        sign_in(client, user)
        for path in ("erasure", "erasure/cancel", "consents/telemedicine/withdraw"):
            assert client.post(f"{base(caller)}/{path}", data=BORN).status_code in (400, 403)
    assert db.session.scalars(select(Departure)).all() == []
