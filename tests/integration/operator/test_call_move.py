"""On the telephone a booking is moved by the rules that patients have; whoever comes too late is told what is free."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import callers, practice, telephone_children
from app.accounts.models import Patient, Sex, User
from app.audit.models import AuditEntry
from app.consultations import availability, service
from app.consultations.models import Booking
from app.consultations.rules import rules
from app.consultations.times import FreeTime
from app.consultations.words import when
from app.notifications.models import Notice, NoticeKind
from tests.factories.accounts import sign_in
from tests.factories.cases import create_reader, create_sender
from tests.factories.consultations import create_booking, create_pattern
from tests.factories.eligibility import SEOUL, SUNCHEON
from tests.harness.client import Client
from tests.harness.clock import KST, FrozenClock

MONDAY = date(2026, 11, 30)


@pytest.fixture
def doctor(db: Any) -> User:
    """Eight times on Monday afternoons, at a price."""
    made = create_reader(name="이서연")
    create_pattern(made, price_won=12000)
    return made


@pytest.fixture
def booking(caller: Patient, doctor: User, operator: User) -> Booking:
    """The caller's first time on the Monday in a week."""
    return booked(caller, free(doctor)[0], operator)


def free(doctor: User) -> list[FreeTime]:
    return [time for time in service.free_times(doctor.id, days=28) if time.day >= MONDAY]


def booked(patient: Patient, time: FreeTime, operator: User) -> Booking:
    return service.book(
        patient_id=patient.id,
        doctor_id=time.doctor_id,
        starts_at=time.starts_at,
        price_won=time.price_won,
        booked_by_id=operator.id,
        channel="telephone",
    )


def address(booking: Booking) -> str:
    return f"/operator/calls/{booking.patient.public_id}/bookings/{booking.public_id}/move"


def stamp(time: FreeTime) -> str:
    return time.starts_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def form(time: FreeTime) -> dict[str, Any]:
    return {"at": stamp(time), "price": time.price_won}


def links(page: str, path: str) -> list[str]:
    return [one.replace("&amp;", "&") for one in re.findall(rf'href="([^"]*{path}[^"]*)"', page)]


def test_from_the_call_to_the_new_time_and_everybody_is_told(
    app: Flask, office: Client, operator: User, booking: Booking, db: Any, work: Callable[[], int]
) -> None:
    page = office.get(f"/operator/calls/{booking.patient.public_id}").text
    days = office.get(links(page, "/move")[0]).text
    assert "이서연" in days
    times = office.get(links(days, "/move/day")[2]).text
    onward = links(times, "/move/confirm")[2]
    confirm = office.get(onward).text
    assert when(booking.starts_at) in confirm
    assert "12,000원" in confirm
    assert "상담 자체는 이 서비스에서 하지 못합니다" in confirm
    left = booking.starts_at
    at = onward.partition("at=")[2].replace("%3A", ":")
    assert office.post(address(booking), data={"at": at, "price": "12000"}).status_code == 303
    db.session.expire_all()
    assert (booking.starts_at, booking.moves) == (datetime.fromisoformat(at), 1)
    assert booking.starts_at - left == timedelta(days=7, minutes=30)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "booking.moved")).one()
    assert (entry.actor_id, entry.patient_id) == (operator.id, booking.patient_id)
    work()
    db.session.rollback()
    outbox = Path(app.instance_path) / "outbox" / "sms.jsonl"
    sent = [json.loads(line) for line in outbox.read_text(encoding="utf-8").splitlines()]
    (told,) = [one for one in sent if "바뀌었습니다" in one["body"]]
    assert told["to"] == "+821098765432"
    query = select(Notice).where(Notice.kind == NoticeKind.BOOKING_MOVED, Notice.user_id == booking.doctor_id)
    assert len(db.session.scalars(query).all()) == 1


def test_sent_twice_it_is_moved_once(office: Client, booking: Booking, doctor: User, db: Any) -> None:
    time = free(doctor)[3]
    for _ in range(2):
        assert office.post(address(booking), data=form(time)).status_code == 303
    db.session.expire_all()
    assert (booking.starts_at, booking.moves) == (time.starts_at, 1)


def test_a_time_that_somebody_else_took_meanwhile_leaves_the_booking_and_names_the_next_free_ones(
    office: Client, booking: Booking, doctor: User, db: Any
) -> None:
    wanted, stood = free(doctor)[0], booking.starts_at
    create_booking(create_sender(), doctor, wanted.starts_at)
    for answer in (
        office.get(f"{address(booking)}/confirm?at={stamp(wanted)}"),
        office.post(address(booking), data=form(wanted)),
    ):
        assert answer.status_code == 409
        assert "방금 다른 분이 골랐습니다" in answer.text
        assert f"지금 예약({when(stood)})은 그대로" in answer.text
        instead = links(answer.text, "/move/confirm")
        assert len(instead) == rules().offered_instead
        assert office.get(instead[0]).status_code == 200
    db.session.expire_all()
    assert booking.starts_at == stood


def test_a_time_that_is_not_offered_is_none(office: Client, booking: Booking) -> None:
    at = booking.starts_at + timedelta(days=1)
    answer = office.post(address(booking), data={"at": at.isoformat(), "price": "12000"})
    assert answer.status_code == 409
    assert "이제 예약할 수 없습니다" in answer.text


def test_another_price_is_read_aloud_again(office: Client, booking: Booking, doctor: User, db: Any) -> None:
    time, stood = free(doctor)[2], booking.starts_at
    for price in ("100", "umsonst", ""):
        answer = office.post(address(booking), data=form(time) | {"price": price})
        assert "/move/confirm" in answer.location
    db.session.expire_all()
    assert booking.starts_at == stood
    availability.remove_pattern(doctor.id, availability.patterns_of(doctor.id)[0].id)
    create_pattern(doctor, price_won=15000)
    assert "15,000원 (지금 예약은 12,000원)" in office.get(answer.location).text


def test_what_means_no_moment_or_day_is_404(office: Client, booking: Booking) -> None:
    for at in ("", "morgen", "2026-11-30T14:00:00", "0001-01-01T00:00:00Z"):
        assert office.get(f"{address(booking)}/confirm?at={at}").status_code == 404
        assert office.post(address(booking), data={"at": at, "price": "12000"}).status_code == 404
    assert office.get(f"{address(booking)}/day?on=morgen").status_code == 404
    assert "이제 빈 시간이 없습니다" in office.get(f"{address(booking)}/day?on=2026-12-01").text


def test_another_caller_s_booking_is_not_moved(office: Client, booking: Booking, doctor: User) -> None:
    other = create_sender(mobile="+821055556666").patient
    path = f"/operator/calls/{other.public_id}/bookings/{booking.public_id}/move"
    for answer in (office.get(path), office.post(path, data=form(free(doctor)[1]))):
        assert answer.status_code == 404


def test_who_has_another_booking_at_that_time_is_told(
    office: Client, operator: User, caller: Patient, booking: Booking, doctor: User
) -> None:
    colleague = create_reader(name="최민호")
    create_pattern(colleague)
    time = free(colleague)[4]
    booked(caller, time, operator)
    same = next(one for one in free(doctor) if one.starts_at == time.starts_at)
    answer = office.post(address(booking), data=form(same), follow_redirects=True)
    assert f"그 시간에 다른 예약({when(time.starts_at)})이 있습니다" in answer.text


def test_as_late_and_as_often_as_patients_may_and_no_more(
    office: Client, operator: User, booking: Booking, doctor: User, db: Any, clock: FrozenClock
) -> None:
    page = f"/operator/calls/{booking.patient.public_id}"
    for time in free(doctor)[1 : 1 + rules().move_limit]:
        office.post(address(booking), data=form(time))
    assert "더 옮길 수 없습니다" in office.get(page).text
    assert links(office.get(page).text, "/move") == []
    for answer in (
        office.get(address(booking), follow_redirects=True),
        office.post(address(booking), data=form(free(doctor)[6]), follow_redirects=True),
    ):
        assert "더 옮길 수 없습니다" in answer.text
    db.session.expire_all()
    assert booking.moves == rules().move_limit
    late = booked(booking.patient, free(doctor)[-1], operator)
    clock.set(late.starts_at - timedelta(minutes=rules().move_minutes - 1))
    sign_in(office, operator)
    assert "곧 시작되어" in office.get(address(late), follow_redirects=True).text
    service.cancel(late.id, operator.id)
    assert "취소된 상담은 옮길 수 없습니다" in office.get(address(late), follow_redirects=True).text


def test_to_a_day_on_which_no_rule_admits_the_caller_it_is_not_moved(
    office: Client, operator: User, caller: Patient, doctor: User, clock: FrozenClock, db: Any
) -> None:
    """The trial ends on December 23; the doctor is elsewhere."""
    clock.set(datetime(2026, 12, 10, 10, tzinfo=KST))
    sign_in(office, operator)
    practice.set_practice(doctor.id, languages=["ko"], area=SEOUL)
    every = free(doctor)
    booking = booked(caller, every[0], operator)
    stood = booking.starts_at
    assert len(links(office.get(address(booking)).text, "/move/day")) == 2
    later = every[-1]
    for answer in (
        office.get(f"{address(booking)}/confirm?at={stamp(later)}"),
        office.post(address(booking), data=form(later)),
    ):
        assert answer.status_code == 409
        assert "지금 예약은 그대로 있습니다" in answer.text
    db.session.expire_all()
    assert booking.starts_at == stood


def test_who_has_turned_14_is_asked_themself_first(
    office: Client, operator: User, db: Any, doctor: User, clock: FrozenClock
) -> None:
    child = telephone_children.register_child(
        operator,
        guardian="박지은",
        relation="mother",
        name="박하늘",
        birth_date=date(2012, 12, 1),
        sex=Sex.FEMALE,
        area=SUNCHEON,
        mobile="010-9876-5432",
    )
    callers.consent_by_telephone(operator, child.id, callers.ASKED)
    time = free(doctor)[-1]
    booking = booked(child, time, operator)
    assert address(booking) in office.get(f"/operator/calls/{child.public_id}").text
    clock.set(datetime(2026, 12, 2, 10, tzinfo=KST))
    sign_in(office, operator)
    for answer in (
        office.get(address(booking), follow_redirects=True),
        office.post(address(booking), data=form(free(doctor)[0]), follow_redirects=True),
    ):
        assert "본인과 통화하고" in answer.text
    db.session.expire_all()
    assert booking.starts_at == time.starts_at
