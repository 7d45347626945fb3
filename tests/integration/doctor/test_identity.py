"""The doctor makes sure at the start of a consultation whom they are talking to, and it is kept."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.consultations.identity_checks import checks_of
from app.consultations.identity_models import How, IdentityCheck
from app.consultations.models import Booking
from tests.factories.accounts import create_doctor, create_patient, sign_in, submit
from tests.factories.cases import create_sender
from tests.factories.consultations import create_booking, create_pattern
from tests.factories.proxies import create_telephone_patient

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def doctor(db: Any) -> User:
    found = create_doctor()
    for weekday in range(7):
        create_pattern(found, weekday=weekday)
    return found


@pytest.fixture
def booking(doctor: User, clock: Any) -> Booking:
    made = create_booking(create_sender(name="김순자", mobile="010-5555-7777"), doctor)
    clock.set(made.starts_at)
    return made


@pytest.fixture
def page(client: FlaskClient, doctor: User, booking: Booking) -> str:
    sign_in(client, doctor)
    return f"/doctor/bookings/{booking.public_id}/identity"


def test_by_what_the_patient_was_recognised_is_recorded_once(
    client: FlaskClient, page: str, booking: Booking, doctor: User, db: Any
) -> None:
    for _ in range(2):
        assert submit(client, page, how="card").status_code == 303
    (check,) = checks_of(booking)
    assert (check.how, check.checked_by_id) == (How.CARD, doctor.id)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "identity.card")).one()
    assert (entry.actor_id, entry.patient_id) == (doctor.id, booking.patient_id)
    assert "신분증을 화면에 비추어" in client.get(page).text


def test_what_is_said_later_stands_beside_it(client: FlaskClient, page: str, booking: Booking) -> None:
    submit(client, page, how="failed")
    submit(client, page, how="told")
    assert [check.how for check in checks_of(booking)] == [How.TOLD, How.FAILED]


def test_the_page_shows_what_to_compare_and_says_what_is_not_proven(client: FlaskClient, page: str) -> None:
    text = client.get(page).text
    assert "1954년 3월\u00a02일" in text
    assert "010-5555-7777" in text
    assert "본인확인기관과 연결되어 있지 않습니다" in text


@pytest.mark.parametrize("hours", [-1, 24])
def test_it_is_recorded_at_the_consultation_and_not_at_another_time(
    client: FlaskClient, page: str, booking: Booking, clock: Any, hours: int
) -> None:
    filled = submit(client, page, how="bogus")
    assert filled.status_code == 422
    clock.advance(hours=hours)
    assert "적을 수 있습니다" in client.get(page).text
    assert checks_of(booking) == []


def test_another_doctor_s_patient_is_not_found(client: FlaskClient, page: str) -> None:
    sign_in(client, create_doctor())
    assert client.get(page).status_code == 404


def test_the_doctor_knows_that_a_helper_has_booked(
    client: FlaskClient, doctor: User, db: Any, clock: Any
) -> None:
    from app.consultations import service as consultations

    helper = create_patient(name="박하늘")
    permission = create_telephone_patient(helper)
    free = consultations.free_times(doctor.id, days=7)[0]
    made = consultations.book(
        patient_id=permission.patient_id,
        doctor_id=doctor.id,
        starts_at=free.starts_at,
        price_won=free.price_won,
        booked_by_id=helper.id,
    )
    sign_in(client, doctor)
    text = client.get(f"/doctor/bookings/{made.public_id}/identity").text
    assert "박하늘 님(손주)" in text
    assert db.session.scalars(select(IdentityCheck)).all() == []
