"""The patient's booking pages: choose, see the price, confirm, cancel."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts import practice, residence
from app.accounts import service as accounts
from app.accounts.errors import ConsentMissing
from app.accounts.models import ConsentKind, Sex, User
from app.consultations import service
from app.consultations.models import Booking, BookingState
from app.consultations.times import FreeTime
from app.infra import clock as present
from app.infra.clock import KST
from tests.factories.accounts import sign_in
from tests.factories.cases import create_case, create_reader, create_sender
from tests.factories.consultations import create_booking, create_pattern
from tests.harness.client import Client
from tests.harness.clock import FrozenClock


@pytest.fixture
def doctor(db: Any) -> User:
    made = create_reader(name="이서연")
    create_pattern(made, price_won=12000)
    return made


@pytest.fixture
def sender(db: Any) -> User:
    return create_sender(name="김순자")


@pytest.fixture
def phone(app: Flask, sender: User) -> Client:
    """The patient's browser."""
    app.config["WTF_CSRF_ENABLED"] = False
    return _browser(app, sender)


def _browser(app: Flask, user: User) -> Client:
    client = app.test_client()
    assert isinstance(client, Client)
    with client.session_transaction() as session:
        session["_user_id"], session["_fresh"] = user.fs_uniquifier, True
        session["sid"], session["seen"] = f"test-{user.id}", int(present.now().timestamp())
    return client


def stamp(slot: FreeTime) -> str:
    return slot.starts_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def form(slot: FreeTime, patient: Any, **given: str) -> dict[str, str]:
    values = {"doctor": str(slot.doctor_id), "at": stamp(slot), "price": str(slot.price_won)}
    return values | {"case": "", "patient": patient.public_id} | given


def confirm_url(slot: FreeTime) -> str:
    return f"/patient/bookings/confirm?doctor={slot.doctor_id}&at={stamp(slot)}"


def standing(db: Any) -> int:
    return int(db.session.scalar(select(func.count()).where(Booking.cancelled_at.is_(None))) or 0)


def test_the_next_free_times_come_first_then_the_days(phone: Client, doctor: User) -> None:
    html = phone.get("/patient/bookings/new").get_data(as_text=True)
    assert html.index("가장 빠른 시간") < html.index("의사와 날짜로 고르기")
    assert "11월\u00a023일 월요일 오후\u00a02:00" in html
    assert "12,000원" in html
    assert "화상 진료실은 아직 없습니다." in html
    later = phone.get(f"/patient/bookings/new?doctor={doctor.id}&from=2026-11-30").get_data(as_text=True)
    assert "11월\u00a030일 월요일" in later


def test_without_any_free_time_the_page_says_what_to_do(phone: Client) -> None:
    html = phone.get("/patient/bookings/new").get_data(as_text=True)
    assert "지금은 예약할 수 있는 시간이 없습니다" in html
    assert "119" in html


@pytest.mark.parametrize("price, words", [(12000, "12,000원"), (0, "무료")])
def test_the_price_is_shown_before_anything_is_booked(phone: Client, db: Any, price: int, words: str) -> None:
    doctor = create_reader()
    create_pattern(doctor, price_won=price)
    slot = service.free_times(doctor.id)[0]
    html = phone.get(confirm_url(slot)).get_data(as_text=True)
    assert words in html
    assert "이대로 예약할까요?" in html
    assert standing(db) == 0


def test_a_booking_is_made_shown_and_cancelled(phone: Client, doctor: User, sender: User, db: Any) -> None:
    slot = service.free_times(doctor.id)[0]
    done = phone.post("/patient/bookings", data=form(slot, sender.patient), follow_redirects=True)
    html = done.get_data(as_text=True)
    assert "예약되었습니다" in html
    assert "12,000원" in html
    booking = db.session.scalar(select(Booking))
    assert booking.public_id in phone.get("/patient/bookings").get_data(as_text=True)
    shown = phone.get(f"/patient/bookings/{booking.public_id}").get_data(as_text=True)
    assert "<span>네, 예약을 취소합니다</span>" in shown, "a bare 'cancel' could mean not to"
    phone.post(f"/patient/bookings/{booking.public_id}/cancel")
    assert "취소된 예약입니다" in phone.get(f"/patient/bookings/{booking.public_id}").get_data(as_text=True)
    assert service.free_times(doctor.id)[0] == slot


def test_the_same_form_sent_twice_leads_to_the_same_booking(
    phone: Client, doctor: User, sender: User, db: Any
) -> None:
    slot = service.free_times(doctor.id)[0]
    there = {
        phone.post("/patient/bookings", data=form(slot, sender.patient)).headers["Location"] for _ in range(3)
    }
    assert len(there) == 1
    assert standing(db) == 1
    # The way back, too.
    assert phone.get(confirm_url(slot)).headers["Location"] in there


def test_a_taken_time_shows_the_next_free_ones(phone: Client, doctor: User, sender: User, db: Any) -> None:
    taken = create_booking(create_sender(), doctor)
    slot = FreeTime(taken.starts_at, taken.ends_at, doctor.id, taken.price_won)
    for response in (
        phone.post("/patient/bookings", data=form(slot, sender.patient)),
        phone.get(confirm_url(slot)),
    ):
        html = response.get_data(as_text=True)
        assert response.status_code == 409
        assert "방금 다른 분이 골랐습니다" in html
        assert html.count('class="slot"') == 6
    assert standing(db) == 1


def test_a_time_that_has_gone_by_shows_the_next_free_ones(
    phone: Client, doctor: User, sender: User, clock: FrozenClock
) -> None:
    slot = service.free_times(doctor.id)[0]
    clock.set(slot.starts_at)
    response = phone.post("/patient/bookings", data=form(slot, sender.patient))
    assert response.status_code == 409
    assert "이제 예약할 수 없습니다" in response.get_data(as_text=True)


def test_a_changed_price_is_shown_before_booking(phone: Client, doctor: User, sender: User, db: Any) -> None:
    slot = service.free_times(doctor.id)[0]
    sent = form(slot, sender.patient, price="5000")
    response = phone.post("/patient/bookings", data=sent, follow_redirects=True)
    assert "상담료가 바뀌었습니다" in response.get_data(as_text=True)
    assert standing(db) == 0


def test_a_second_booking_at_the_same_moment_is_explained(phone: Client, doctor: User, sender: User) -> None:
    other = create_reader()
    create_pattern(other)
    first = create_booking(sender, doctor)
    slot = next(s for s in service.free_times(other.id) if s.starts_at == first.starts_at)
    response = phone.post("/patient/bookings", data=form(slot, sender.patient), follow_redirects=True)
    assert "이미 다른 예약" in response.get_data(as_text=True)


@pytest.mark.parametrize("kind", [ConsentKind.HEALTH_DATA, ConsentKind.TELEMEDICINE])
def test_the_consent_is_asked_for_if_it_is_missing(
    phone: Client, doctor: User, sender: User, db: Any, kind: ConsentKind
) -> None:
    accounts.withdraw_consent(sender, sender.patient, kind)
    slot = service.free_times(doctor.id)[0]
    page = phone.get(confirm_url(slot)).get_data(as_text=True)
    assert [one for one in service.NEEDED if f'name="{one.value}"' in page] == [kind]
    assert phone.post("/patient/bookings", data=form(slot, sender.patient)).status_code == 422
    assert standing(db) == 0
    phone.post("/patient/bookings", data=form(slot, sender.patient, **{kind.value: "y"}))
    assert standing(db) == 1


def test_taking_back_the_consent_to_health_data_cancels_and_forgets_what_tells_of_illness(
    phone: Client, doctor: User, sender: User, db: Any, work: Callable[[], int]
) -> None:
    residence.set_exceptions(sender.patient.id, ["rare_disease"])
    booking = create_booking(sender, doctor)
    accounts.withdraw_consent(sender, sender.patient, ConsentKind.HEALTH_DATA)
    work()
    db.session.expire_all()
    assert booking.state == BookingState.CANCELLED
    assert sender.patient.exceptions is None
    with pytest.raises(ConsentMissing):
        residence.set_exceptions(sender.patient.id, ["rare_disease"])


def test_the_page_of_a_booking_says_whom_to_call_about_how_to_meet(
    phone: Client, doctor: User, sender: User, db: Any
) -> None:
    made = create_booking(sender, doctor)
    assert "114에 물어보세요" in phone.get(f"/patient/bookings/{made.public_id}").text
    practice.set_practice(doctor.id, languages=["ko"], area=None, telephone="0615551234")
    page = phone.get(f"/patient/bookings/{made.public_id}").text
    assert 'href="tel:0615551234"' in page
    assert "061-555-1234" in page
    assert "061-555-1234" in phone.get(confirm_url(service.free_times(doctor.id)[0])).text


def test_a_refused_booking_leaves_no_consent(
    phone: Client, doctor: User, sender: User, db: Any, clock: FrozenClock
) -> None:
    accounts.withdraw_consent(sender, sender.patient, ConsentKind.TELEMEDICINE)
    taken = create_booking(create_sender(), doctor)
    gone = FreeTime(taken.starts_at, taken.ends_at, doctor.id, taken.price_won)
    agreeing = {"telemedicine": "y"}
    assert phone.post("/patient/bookings", data=form(gone, sender.patient, **agreeing)).status_code == 409
    assert not accounts.has_consent(ConsentKind.TELEMEDICINE, sender.patient.id)
    clock.set(datetime(2026, 12, 24, 9, 0, tzinfo=KST))  # no rule admits any more
    sign_in(phone, sender)
    refused = service.free_times(doctor.id)[0]
    assert phone.post("/patient/bookings", data=form(refused, sender.patient, **agreeing)).status_code == 409
    assert not accounts.has_consent(ConsentKind.TELEMEDICINE, sender.patient.id)


def test_a_guardian_books_for_a_child(phone: Client, doctor: User, sender: User, db: Any) -> None:
    kinds = accounts.BEFORE_A_CASE[1:]
    child = accounts.add_dependent(
        sender, name="김하나", birth_date=date(2018, 5, 5), sex=Sex.FEMALE, relation="mother", consents=kinds
    )
    slot = service.free_times(doctor.id)[0]
    html = phone.get(confirm_url(slot)).get_data(as_text=True)
    assert "누가 상담을 받나요?" in html
    assert phone.post("/patient/bookings", data=form(slot, child) | {"patient": ""}).status_code == 422
    phone.post("/patient/bookings", data=form(slot, child))
    assert db.session.scalar(select(Booking.patient_id)) == child.id
    assert "김하나" in phone.get("/patient/bookings").get_data(as_text=True)


def test_a_case_brings_its_doctor_first_and_stays_with_the_booking(
    phone: Client, doctor: User, sender: User, db: Any
) -> None:
    own = create_reader(name="박준호")
    create_pattern(own, start_minute=1000, end_minute=1060)
    case = create_case(sender, doctor=own)
    html = phone.get(f"/patient/bookings/new?case={case.public_id}").get_data(as_text=True)
    assert "판독한 의사" in html
    assert html.index("박준호") < html.index("이서연")
    slot = service.free_times(own.id)[0]
    phone.post("/patient/bookings", data=form(slot, sender.patient, case=case.public_id))
    assert db.session.scalar(select(Booking.case_id)) == case.id


def test_nobody_books_for_a_stranger_or_sees_their_booking(
    app: Flask, phone: Client, doctor: User, sender: User, db: Any
) -> None:
    stranger = create_sender()
    slot = service.free_times(doctor.id)[0]
    if phone.post("/patient/bookings", data=form(slot, stranger.patient)).status_code == 303:
        assert db.session.scalar(select(Booking.patient_id)) == sender.patient.id
    booking = create_booking(sender, doctor)
    other = _browser(app, stranger)
    assert other.get(f"/patient/bookings/{booking.public_id}").status_code == 404
    assert other.post(f"/patient/bookings/{booking.public_id}/cancel").status_code == 404
    case = create_case(sender)
    assert other.get(f"/patient/bookings/new?case={case.public_id}").status_code == 404


@pytest.mark.parametrize(
    "query",
    [
        "doctor=1&at=tomorrow",
        "doctor=1",
        "doctor=1&at=2026-11-23T14:00:00",
        "doctor=1&at=0001-01-01T00:00:00%2B14:00",
        "doctor=1&at=9999-12-31T23:59:59Z",
        "doctor=99999999999999999999&at=2026-11-23T05:00:00Z",
        "at=2026-11-23T05:00:00Z",
    ],
)
def test_a_mangled_address_is_not_found(phone: Client, query: str) -> None:
    assert phone.get(f"/patient/bookings/confirm?{query}").status_code == 404


def test_a_form_with_an_impossible_doctor_or_moment_books_nothing(
    phone: Client, doctor: User, sender: User, db: Any
) -> None:
    sent = form(service.free_times(doctor.id)[0], sender.patient)
    assert phone.post("/patient/bookings", data=sent | {"doctor": "9" * 20}).status_code == 409
    assert phone.post("/patient/bookings", data=sent | {"at": "0001-01-01T00:00:00+14:00"}).status_code == 404
    assert standing(db) == 0


def test_doctors_do_not_book(app: Flask, phone: Client, doctor: User) -> None:
    assert _browser(app, doctor).get("/patient/bookings/new").status_code == 403


def test_an_english_page_says_a_doctors_specialty_in_english(
    phone: Client, doctor: User, sender: User
) -> None:
    other = create_reader(name="박한방", specialty="한방피부과")
    create_pattern(other)
    slot = service.free_times(doctor.id, days=7)[1]
    booking = create_booking(sender, doctor)
    phone.set_cookie("lang", "en")
    confirm, mine = confirm_url(slot), f"/patient/bookings/{booking.public_id}"
    for address in ("/patient/bookings/new", confirm, mine):
        page = phone.get(address).get_data(as_text=True)
        assert "Dermatology" in page
        assert ">피부과" not in page
        assert ", 피부과)" not in page
    times = phone.get(f"/patient/bookings/new?doctor={other.id}").get_data(as_text=True)
    assert '<span lang="ko">한방피부과</span>' in times
