"""A child whose guardian has an account turns 14 and calls: what is booked from then on is the child's own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import callers, telephone_children
from app.accounts import service as accounts
from app.accounts.models import ConsentKind, Patient, Sex, User
from app.cases import policy as cases
from app.cases.models import CaseState
from app.consultations import service
from app.consultations.models import Booking, BookingState
from app.infra.clock import KST
from app.infra.database import transaction
from app.notifications.models import Notice
from tests.factories.accounts import create_patient, sign_in
from tests.factories.cases import create_case, create_reader, create_sender
from tests.factories.consultations import create_booking, create_pattern
from tests.factories.eligibility import SUNCHEON
from tests.factories.proxies import create_permission
from tests.harness.client import Client
from tests.harness.clock import FrozenClock

Work = Callable[[], int]
AGREED = {kind.value: "y" for kind in callers.ASKED}
BIRTHDAY = datetime(2026, 11, 24, tzinfo=KST)
"""The child's 14th."""


def browser(app: Flask, user: User) -> Client:
    made = app.test_client()
    assert isinstance(made, Client)
    sign_in(made, user)
    return made


@pytest.fixture
def guardian(db: Any) -> User:
    return create_sender(name="박지은", mobile="+821098765432")


@pytest.fixture
def child(operator: User, guardian: User) -> Patient:
    made = telephone_children.register_child(
        operator,
        guardian="박지은",
        relation="mother",
        name="박하늘",
        birth_date=date(2012, 11, 24),
        sex=Sex.FEMALE,
        area=SUNCHEON,
        mobile="010-9876-5432",
    )
    accounts.give_consents(guardian, made, callers.ASKED)
    return made


@pytest.fixture
def doctor(db: Any) -> User:
    made = create_reader(name="이서연")
    create_pattern(made)
    return made


@pytest.fixture
def before(guardian: User, child: Patient, doctor: User, clock: FrozenClock) -> Booking:
    """What the guardian booked on the last evening; it takes place weeks later."""
    clock.set(BIRTHDAY - timedelta(minutes=1))
    last = service.free_times(doctor.id, days=28)[-1].starts_at
    return create_booking(guardian, doctor, last, patient=child)


@pytest.fixture
def since(
    office: Client, child: Patient, before: Booking, doctor: User, clock: FrozenClock, work: Work
) -> Booking:
    """What an operator booked the minute after, with the child itself on the telephone."""
    work()
    clock.advance(minutes=1)
    call = f"/operator/calls/{child.public_id}"
    office.post(f"{call}/of-age")
    office.post(f"{call}/consents", data=AGREED)
    slot = service.free_times(doctor.id, days=28)[0]
    at = slot.starts_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = office.post(f"{call}/book", data={"doctor": doctor.id, "at": at, "price": slot.price_won})
    assert answer.status_code == 303
    work()
    return service.upcoming_for([child.id])[0]


def told(db: Any, user: User, booking: Booking) -> list[str]:
    db.session.rollback()
    mine = db.session.scalars(select(Notice).where(Notice.user_id == user.id).order_by(Notice.id))
    return [str(one.kind) for one in mine if one.arguments.get("booking") == booking.public_id]


def another_time(db: Any, booking: Booking) -> dict[str, Any]:
    slot = service.free_times(booking.doctor_id, days=28)[3]
    return {"at": slot.starts_at.strftime("%Y-%m-%dT%H:%M:%SZ"), "price": slot.price_won}


def state(db: Any, booking: Booking) -> tuple[str, datetime]:
    db.session.rollback()
    row = db.session.get(Booking, booking.id, populate_existing=True)
    return row.state, row.starts_at


def test_the_guardian_neither_sees_nor_is_told_of_nor_changes_a_new_booking(
    app: Flask, db: Any, guardian: User, since: Booking
) -> None:
    phone, page = browser(app, guardian), f"/patient/bookings/{since.public_id}"
    was = state(db, since)
    for address in (page, f"{page}/move", f"{page}/move/confirm", f"{page}/calendar.ics"):
        assert phone.get(address).status_code == 404, address
    for address in (f"{page}/move", f"{page}/cancel"):
        assert phone.post(address, data=another_time(db, since)).status_code == 404, address
    assert state(db, since) == was
    for address in ("/patient/", "/patient/bookings"):
        assert since.public_id not in phone.get(address).text, address
    assert told(db, guardian, since) == []


def test_nor_is_it_cancelled_by_taking_back_what_the_child_has_agreed_to(
    app: Flask, db: Any, guardian: User, child: Patient, since: Booking, work: Work
) -> None:
    page = f"/account/consents/{child.public_id}/telemedicine/withdraw"
    answer = browser(app, guardian).post(page, follow_redirects=True)
    assert "동의는 본인만 되돌릴 수 있습니다" in answer.text
    work()
    assert accounts.has_consent(ConsentKind.TELEMEDICINE, child.id)
    assert state(db, since)[0] == BookingState.BOOKED


def test_what_was_booked_before_is_seen_and_can_be_cancelled_but_not_moved(
    app: Flask, db: Any, guardian: User, before: Booking, since: Booking, work: Work
) -> None:
    phone, page = browser(app, guardian), f"/patient/bookings/{before.public_id}"
    was = state(db, before)
    shown = phone.get(page)
    assert "박하늘 님은 만 14세가 되어" in shown.text
    assert f"{page}/move" not in shown.text
    assert before.public_id in phone.get("/patient/bookings").text
    form = another_time(db, before)
    for answer in (
        phone.get(f"{page}/move"),
        phone.get(f"{page}/move/confirm?at={form['at']}"),
        phone.post(f"{page}/move", data=form),
    ):
        assert answer.location == page
    assert state(db, before) == was
    phone.post(f"{page}/cancel")
    work()
    assert state(db, before)[0] == BookingState.CANCELLED
    assert told(db, guardian, before) == ["booking_made", "booking_cancelled"]


def test_by_telephone_both_can_be_cancelled(
    office: Client, db: Any, child: Patient, before: Booking, since: Booking
) -> None:
    for booking in (before, since):
        office.post(f"/operator/calls/{child.public_id}/bookings/{booking.public_id}/cancel")
        assert state(db, booking)[0] == BookingState.CANCELLED


def test_the_child_s_own_account_moves_both(
    app: Flask, db: Any, guardian: User, child: Patient, before: Booking, since: Booking, work: Work
) -> None:
    with transaction():
        child.mobile = "+821011112222"
    own = create_patient(name="박하늘", birth_date=date(2012, 11, 24), mobile="+821011112222")
    assert own.patient is not None
    assert own.patient.id == child.id
    accounts.give_consents(own, child, [ConsentKind.HEALTH_DATA, ConsentKind.TELEMEDICINE])
    phone = browser(app, own)
    for booking in (before, since):
        form, page = another_time(db, booking), f"/patient/bookings/{booking.public_id}"
        was = state(db, booking)
        assert phone.get(page).status_code == 200
        assert phone.post(f"{page}/move", data=form).location == page
        assert state(db, booking) != was
    work()
    assert told(db, own, since) == ["booking_moved"]
    assert told(db, guardian, since) == []


def test_a_case_sent_since_is_the_child_s_own_as_well(
    db: Any, guardian: User, child: Patient, clock: FrozenClock, work: Work
) -> None:
    clock.set(BIRTHDAY - timedelta(minutes=1))
    old = create_case(guardian, patient=child)
    clock.advance(minutes=1)
    helper = create_sender()
    create_permission(child, helper)
    new = create_case(helper, patient=child, state=CaseState.WAITING)
    work()
    db.session.rollback()
    assert [one.id for one in db.session.scalars(cases.visible_cases(guardian))] == [old.id]
    about = {
        one.arguments["case"]
        for one in db.session.scalars(select(Notice).where(Notice.user_id == guardian.id))
    }
    assert about == {old.public_id}
    create_permission(child, guardian)
    found = db.session.scalars(cases.visible_cases(guardian)).all()
    assert {one.id for one in found} == {old.id, new.id}, "with the child's permission"
