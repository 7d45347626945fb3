"""Holding, confirming and moving as a patient does it; days off and missed visits as a doctor does."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import residence
from app.accounts import service as accounts
from app.accounts.models import User
from app.consultations import service
from app.consultations.models import Availability, Booking, ExtraTime, Hold, TimeOff
from app.consultations.times import FreeTime
from app.infra.clock import KST
from tests.factories.accounts import create_child, sign_in
from tests.factories.cases import create_case, create_reader, create_sender
from tests.factories.consultations import create_booking, create_pattern
from tests.harness.client import Client
from tests.harness.clock import FrozenClock

ACT = datetime(2026, 12, 28, 9, 0, tzinfo=KST)
"""The trial is over: without a revisit, the same region or an exception nothing can be remote."""


@pytest.fixture
def doctor(db: Any) -> User:
    made = create_reader(name="이서연")
    create_pattern(made, price_won=12000)
    return made


@pytest.fixture
def sender(db: Any) -> User:
    return create_sender(name="김순자")


@pytest.fixture
def browser(app: Flask) -> Callable[[User], Client]:
    """Return a function that gives a person a browser in which they are signed in."""
    app.config["WTF_CSRF_ENABLED"] = False

    def enter(user: User) -> Client:
        client = app.test_client()
        assert isinstance(client, Client)
        sign_in(client, user)
        return client

    return enter


def stamp(slot: FreeTime) -> str:
    return slot.starts_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def press(client: Client, slot: FreeTime) -> Any:
    return client.post("/patient/bookings/hold", data={"time": f"{slot.doctor_id}.{stamp(slot)}"})


def test_a_pressed_time_is_kept_and_says_until_when(
    browser: Callable[[User], Client], doctor: User, sender: User, clock: FrozenClock, db: Any
) -> None:
    phone, other = browser(sender), browser(create_sender())
    slot = service.free_times(doctor.id)[0]
    there = press(phone, slot)
    assert there.status_code == 303
    page = phone.get(there.location).text
    assert "오전\u00a010:10까지 맡아 두었습니다" in page
    assert "12,000원" in page
    assert "실손보험" in page
    assert "맡아 둔 시간이 있습니다" in phone.get("/patient/bookings/new").text
    taken = press(other, slot)
    assert taken.status_code == 409
    assert taken.text.count('class="slot"') == 6
    clock.advance(minutes=11)
    assert "맡아 두지 않은 시간입니다" in phone.get(there.location).text
    assert press(other, slot).status_code == 303
    other.post("/patient/bookings/release")
    assert db.session.scalar(select(Hold).where(Hold.expires_at > clock.now)) is None


def test_a_time_that_no_rule_admits_to_is_not_held(
    browser: Callable[[User], Client], doctor: User, sender: User, clock: FrozenClock
) -> None:
    clock.set(ACT)
    refused = press(browser(sender), service.free_times(doctor.id)[0])
    assert refused.status_code == 409
    assert "병원에 직접 가셔야 해요" in refused.text
    assert service.hold_of(sender.id) is None


@pytest.mark.parametrize("way", ["confirm", "book"])
def test_a_held_time_is_given_back_once_it_is_refused(
    browser: Callable[[User], Client], doctor: User, sender: User, clock: FrozenClock, way: str
) -> None:
    clock.set(ACT)
    phone, slot = browser(sender), service.free_times(doctor.id)[0]
    residence.set_exceptions(sender.patient.id, ["disability"])
    there = press(phone, slot).location
    residence.set_exceptions(sender.patient.id, [])
    form = {"doctor": doctor.id, "at": stamp(slot), "price": "12000", "case": ""}
    answer = phone.get(there) if way == "confirm" else phone.post("/patient/bookings", data=form)
    assert answer.status_code == 409
    assert service.hold_of(sender.id) is None


def test_a_time_refused_to_one_of_a_family_stays_held_only_for_another_who_may_have_it(
    browser: Callable[[User], Client], doctor: User, sender: User, clock: FrozenClock
) -> None:
    kinds = accounts.BEFORE_A_CASE[1:]
    child = create_child(sender, consents=kinds)
    clock.set(ACT)
    phone, slot = browser(sender), service.free_times(doctor.id)[0]
    residence.set_exceptions(child.id, ["disability"])
    form = {"doctor": doctor.id, "at": stamp(slot), "price": "12000", "case": ""}
    form["patient"] = sender.patient.public_id
    press(phone, slot)
    refused = phone.post("/patient/bookings", data=form)
    assert refused.status_code == 409
    assert "이 시간에 다른 분을 골라 예약하기" in refused.text
    assert service.hold_of(sender.id) is not None
    residence.set_exceptions(child.id, [])
    assert "다른 분을 골라" not in phone.post("/patient/bookings", data=form).text
    assert service.hold_of(sender.id) is None


def test_a_time_that_only_an_answered_spot_admits_to_stays_held_and_asks_which(
    browser: Callable[[User], Client], doctor: User, sender: User, clock: FrozenClock
) -> None:
    case = create_case(sender, doctor=doctor)
    clock.set(ACT)
    phone, slot = browser(sender), service.free_times(doctor.id)[0]
    asked = press(phone, slot)
    assert asked.status_code == 409
    assert "전에 보내신 점에 대한 상담인가요?" in asked.text
    assert f'value="{case.public_id}"' in asked.text
    time = {"time": f"{doctor.id}.{stamp(slot)}", "case": case.public_id}
    assert phone.post("/patient/bookings/hold", data=time).status_code == 303
    # From the list of bookings the way on knows of no case.
    assert phone.get(f"/patient/bookings/confirm?doctor={doctor.id}&at={stamp(slot)}").status_code == 409
    assert service.hold_of(sender.id) is not None


def test_only_times_that_a_rule_admits_to_are_offered_and_what_is_left_out_is_said(
    browser: Callable[[User], Client], doctor: User, sender: User, clock: FrozenClock
) -> None:
    other = create_reader(name="박준호", clinic="먼의원")
    create_pattern(other, start_minute=600, end_minute=660)
    case = create_case(sender, doctor=doctor)
    clock.set(ACT)
    phone = browser(sender)
    page = phone.get(f"/patient/bookings/new?case={case.public_id}").text
    assert "이서연" in page
    assert "박준호" not in page
    assert "상담할 수 없는 의사 1명의 시간은 여기에 없습니다" in page
    assert f"/patient/bookings/check?case={case.public_id}" in page
    nothing = phone.get("/patient/bookings/new").text
    assert "화면으로 상담할 수 있는 시간이 없습니다" in nothing
    assert "의사 2명의 시간은" in nothing
    assert 'class="slot"' not in nothing
    create_child(sender)
    for_whom = phone.get("/patient/bookings/new").text
    assert "박준호" in for_whom, "it is not known yet who comes"
    assert "여기에 없습니다" not in for_whom


def test_times_are_judged_by_the_rules_of_their_own_day(
    browser: Callable[[User], Client], doctor: User, sender: User, clock: FrozenClock
) -> None:
    clock.set(datetime(2026, 12, 20, 9, 0, tzinfo=KST))
    phone = browser(sender)
    assert "12월\u00a021일" in phone.get("/patient/bookings/new").text
    later = phone.get("/patient/bookings/new?from=2026-12-24").text
    assert "여기에 없습니다" not in later, "the doctor can be seen remotely until the 23rd"
    assert "화면으로 상담할 수 없는 시간 8개는 뺐습니다" in later
    assert "이 기간에는 빈 시간이 없습니다" not in later


def test_how_often_times_are_held_is_limited_for_each_person(make_app: Any) -> None:
    app = make_app(rate_limits=True)
    app.config["WTF_CSRF_ENABLED"] = False
    with app.app_context():
        client, mangled = app.test_client(), {"time": "1"}
        sign_in(client, create_sender())
    answers = [client.post("/patient/bookings/hold", data=mangled).status_code for _ in range(21)]
    assert answers == [404] * 20 + [429]


def test_no_time_is_held_by_a_mangled_button(browser: Callable[[User], Client], sender: User) -> None:
    phone = browser(sender)
    for time in ("", "1", "x.2026-11-23T05:00:00Z", "1.tomorrow", "9" * 30 + ".2026-11-23T05:00:00Z"):
        assert phone.post("/patient/bookings/hold", data={"time": time}).status_code == 404


def test_a_booking_is_moved_after_a_look(
    browser: Callable[[User], Client], doctor: User, sender: User, db: Any
) -> None:
    phone, booking = browser(sender), create_booking(sender, doctor)
    slot = service.free_times(doctor.id)[3]
    at = f"/patient/bookings/{booking.public_id}/move"
    assert f"{at}/confirm" in phone.get(at).text
    look = phone.get(f"{at}/confirm?at={stamp(slot)}").text
    assert "12,000원" in look
    done = phone.post(at, data={"at": stamp(slot), "price": "12000"}, follow_redirects=True)
    assert "예약을 옮겼습니다." in done.text
    assert db.session.get(Booking, booking.id, populate_existing=True).starts_at == slot.starts_at
    theirs = create_booking(create_sender(), doctor)
    late = phone.post(at, data={"at": stamp_of(theirs), "price": "12000"})
    assert late.status_code == 409
    assert "그대로 있습니다" in late.text
    stranger = browser(create_sender())
    for path in (at, f"{at}/confirm?at={stamp(slot)}"):
        assert stranger.get(path).status_code == 404
    assert stranger.post(at, data={"at": stamp(slot), "price": "12000"}).status_code == 404


def stamp_of(booking: Booking) -> str:
    return booking.starts_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_a_doctor_s_cancelling_says_why_and_offers_the_next_times(
    browser: Callable[[User], Client], doctor: User, sender: User
) -> None:
    booking = create_booking(sender, doctor)
    browser(doctor).post(f"/doctor/bookings/{booking.public_id}/cancel", data={"reason": "학회에 갑니다."})
    page = browser(sender).get(f"/patient/bookings/{booking.public_id}").text
    assert "학회에 갑니다." in page
    assert page.count('class="slot"') == 6


def test_who_missed_two_is_told_and_shown_no_times_until_it_is_taken_back(
    browser: Callable[[User], Client], doctor: User, sender: User, clock: FrozenClock
) -> None:
    bookings = [create_booking(sender, doctor) for _ in range(2)]
    clock.set(bookings[1].starts_at + timedelta(minutes=5))
    desk, phone = browser(doctor), browser(sender)
    for booking in bookings:
        desk.post(f"/doctor/bookings/{booking.public_id}/missed")
    page = phone.get("/patient/bookings/new").text
    assert "전화로만 예약할 수 있습니다" in page
    assert 'class="slot"' not in page
    slot = service.free_times(doctor.id)[0]
    assert press(phone, slot).location.endswith("/patient/bookings/new")
    assert "되돌리기" in desk.get("/doctor/agenda").text
    desk.post(f"/doctor/bookings/{bookings[0].public_id}/came")
    assert press(phone, slot).status_code == 303
    assert "지금은 1번입니다" in phone.get(f"/patient/bookings/{bookings[1].public_id}").text


def test_a_doctor_says_when_they_are_away_and_when_open(
    browser: Callable[[User], Client], doctor: User, sender: User, db: Any
) -> None:
    desk, booking = browser(doctor), create_booking(sender, doctor)
    off = {"first": "2026-11-23", "start": "720", "last": "2026-11-23", "end": "1440"}
    page = desk.post("/doctor/availability/off", data=off, follow_redirects=True).text
    assert "이미 잡힌 예약 1건은 그대로입니다" in page
    assert "여는 시간 밖에 있는 예약 1건" in page
    assert booking.patient.name in page
    assert desk.post("/doctor/availability/off", data=off | {"last": "2026-11-22"}).status_code == 422
    assert desk.post("/doctor/availability/off", data=off | {"last": "morgen"}).status_code == 422
    extra = {"day": "2026-11-28", "start": "540", "end": "600", "slot": "20", "buffer": "10", "price": "0"}
    assert (
        "그날 여는 시간을 더했습니다."
        in desk.post("/doctor/availability/extra", data=extra | {"capacity": "2"}, follow_redirects=True).text
    )
    assert desk.post("/doctor/availability/extra", data=extra | {"capacity": "99"}).status_code == 422
    made = db.session.scalars(select(ExtraTime)).one()
    assert (made.buffer_minutes, made.capacity) == (10, 2)
    away = db.session.scalars(select(TimeOff)).one()
    desk.post(f"/doctor/availability/off/{away.id}/remove")
    desk.post(f"/doctor/availability/extra/{made.id}/remove")
    assert "여는 시간 밖에" not in desk.get("/doctor/availability/days").text


def test_holidays_are_named_and_chosen(browser: Callable[[User], Client], doctor: User, db: Any) -> None:
    desk = browser(doctor)
    page = desk.get("/doctor/availability/days").text
    assert "설날 대체 휴일" in page
    assert (
        "공휴일에도 엽니다."
        in desk.post("/doctor/availability/holidays", data={"works": "y"}, follow_redirects=True).text
    )
    desk.set_cookie("lang", "en")
    assert "Korean New Year" in desk.get("/doctor/availability/days").text


def test_languages_and_region_are_said_and_searched_by(
    browser: Callable[[User], Client], doctor: User, sender: User
) -> None:
    desk, phone = browser(doctor), browser(sender)
    said = {"languages": ["ko", "vi"], "area": "36330"}
    desk.post("/doctor/availability/practice", data=said)
    assert desk.post("/doctor/availability/practice", data={"area": "36330"}).status_code == 422
    assert desk.post("/doctor/availability/practice", data=said | {"area": "99"}).status_code == 422
    answer = desk.post("/doctor/availability/practice", data=said | {"telephone": "12"})
    assert answer.status_code == 422
    assert "061-555-1234" in answer.text, "an example"
    page = phone.get("/patient/bookings/new?language=vi&area=36").text
    assert "전라남도 구례군" in page
    assert "베트남어" in page
    assert "이 조건에 맞는 의사가 없습니다." in phone.get("/patient/bookings/new?area=11").text


def test_a_pattern_with_a_pause_for_two_until_a_day(
    browser: Callable[[User], Client], doctor: User, db: Any
) -> None:
    given = {"weekday": "2", "start": "540", "end": "720", "slot": "20", "price": "0", "buffer": "10"}
    given |= {"capacity": "2", "valid_from": "2026-12-01", "valid_until": "2026-12-31"}
    page = browser(doctor).post("/doctor/availability", data=given, follow_redirects=True).text
    assert "사이에 10분" in page
    assert "한 시간에 2명" in page
    made = db.session.scalars(select(Availability).where(Availability.weekday == 2)).one()
    assert made.valid_until is not None
    assert made.valid_until.isoformat() == "2026-12-31"
