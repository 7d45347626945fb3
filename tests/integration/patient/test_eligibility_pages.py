"""Before a time is chosen: where somebody lives, whether it can be remote, and where to go if it cannot."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import practice, residence
from app.accounts.models import Patient, User
from app.accounts.proxy_models import Scope
from app.audit.models import AuditEntry
from app.cases.models import CaseState
from app.consultations import eligibility_rules, service
from app.consultations.exceptions import add_time_off
from app.consultations.models import Booking
from app.infra.clock import KST
from tests.factories.accounts import create_child, create_operator, create_patient, sign_in
from tests.factories.cases import create_case, create_follow_up, create_reader, create_sender
from tests.factories.consultations import create_booking, create_pattern
from tests.factories.eligibility import SEOUL, SUNCHEON, YEOSU
from tests.factories.proxies import create_permission
from tests.harness.client import Client
from tests.harness.clock import FrozenClock


@pytest.fixture
def sender(db: Any) -> User:
    return create_sender(name="김순자")


@pytest.fixture
def phone(app: Flask, sender: User) -> Client:
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    assert isinstance(client, Client)
    sign_in(client, sender)
    return client


def person(db: Any, user: User) -> Patient:
    db.session.expire_all()
    found: Patient = db.session.scalars(select(Patient).where(Patient.user_id == user.id)).one()
    return found


def open_days(doctor: User) -> None:
    for weekday in range(7):
        create_pattern(doctor, weekday=weekday, start_minute=540, end_minute=1080, slot_minutes=30)


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_where_somebody_lives_is_asked_once_in_two_steps(phone: Client, sender: User, db: Any) -> None:
    asked = phone.get("/patient/bookings/check")
    assert asked.status_code == 302
    provinces = phone.get(asked.location).text
    assert "전라남도" in provinces
    districts = phone.get(asked.location + "&province=36").text
    assert "순천시" in districts
    assert "종로구" not in districts
    form = {"patient": sender.patient.public_id, "province": "36", "then": "check", "area": SUNCHEON}
    saved = phone.post("/patient/area", data=form)
    assert saved.status_code == 303
    assert "/patient/bookings/check" in saved.location
    assert person(db, sender).area == SUNCHEON
    assert "전라남도 순천시" in phone.get(saved.location).text
    raw = db.session.execute(db.text("SELECT area FROM patient WHERE area IS NOT NULL")).scalar_one()
    assert SUNCHEON.encode() not in bytes(raw)
    actions = db.session.scalars(select(AuditEntry.action).where(AuditEntry.patient_id == sender.patient.id))
    assert "patient.area_changed" in set(actions)


def test_a_district_of_another_province_is_refused(phone: Client, sender: User, db: Any) -> None:
    form = {"patient": sender.patient.public_id, "province": "36", "area": SEOUL}
    assert phone.post("/patient/area", data=form).status_code == 422
    assert person(db, sender).area is None


def test_a_stranger_is_not_found(phone: Client, db: Any) -> None:
    other = create_patient().patient.public_id
    assert phone.get(f"/patient/area?patient={other}").status_code == 404
    assert phone.get(f"/patient/bookings/check?patient={other}").status_code == 404
    assert phone.post("/patient/bookings/check", data={"patient": other}).status_code == 404


def test_who_helps_several_says_for_whom(phone: Client, sender: User, db: Any) -> None:
    child = create_child(sender, name="김도윤")
    page = phone.get("/patient/bookings/check").text
    assert "누가 상담을 받나요?" in page
    assert child.public_id in page


def test_the_doctors_who_serve_the_region_are_counted_and_named(phone: Client, sender: User, db: Any) -> None:
    residence.set_area(sender.patient.id, SUNCHEON)
    assert "시간을 열어 둔 의사가 한 명도 없습니다" in phone.get("/patient/bookings/check").text
    open_days(create_reader(name="이서연"))
    page = phone.get("/patient/bookings/check").text
    assert "이 상담은 화면으로 할 수 있어요" in page
    assert "상담할 수 있는 의사는 1명입니다" in page
    assert "이서연" in page
    assert "비대면진료 시범사업" in page
    assert "아직 알려 드릴 만큼 모이지 않았습니다" in page


def test_only_doctors_with_a_free_time_are_counted(
    phone: Client, sender: User, db: Any, clock: FrozenClock
) -> None:
    residence.set_area(sender.patient.id, SUNCHEON)
    full, free = create_reader(name="박준호"), create_reader(name="이서연")
    open_days(full)
    add_time_off(full.id, clock.now, clock.now + timedelta(days=40))
    page = phone.get("/patient/bookings/check").text
    assert "지금은 빈 시간이 없습니다" in page
    assert "28일 안의 시간이 모두 찼습니다" in page
    assert f"/clinics?area={SUNCHEON}" in page
    assert "/patient/bookings/new" not in page
    assert "박준호" not in page
    open_days(free)
    page = phone.get("/patient/bookings/check").text
    assert "상담할 수 있는 의사는 1명입니다" in page
    assert "박준호" not in page


def test_a_doctor_is_counted_whose_first_times_no_rule_admits_but_later_ones_do(
    phone: Client, sender: User, db: Any, clock: FrozenClock
) -> None:
    clock.set(datetime(2026, 12, 10, 9, 0, tzinfo=KST))
    sign_in(phone, sender)
    residence.set_area(sender.patient.id, SUNCHEON)
    doctor = create_reader(name="이서연")
    practice.set_practice(doctor.id, languages=["ko"], area=YEOSU)
    open_days(doctor)
    trial = next(rule for rule in eligibility_rules.current_rules() if rule.key == "trial")
    eligibility_rules.end_rule(trial.id, date(2026, 12, 9), create_operator().id)
    page = phone.get("/patient/bookings/check").text
    assert "상담할 수 있는 의사는 1명입니다" in page


def test_when_the_act_begins_nobody_is_left_at_a_dead_end(
    phone: Client, sender: User, db: Any, clock: FrozenClock
) -> None:
    clock.set(datetime(2026, 12, 28, 9, 0, tzinfo=KST))
    sign_in(phone, sender)
    residence.set_area(sender.patient.id, SUNCHEON)
    doctor = create_reader(name="이서연")
    open_days(doctor)
    page = phone.get("/patient/bookings/check").text
    assert "병원에 직접 가셔야 해요" in page
    assert "한 명도 없습니다" in page
    assert f"/clinics?area={SUNCHEON}" in page
    assert "해당하는 것이 있나요?" in page
    slot = service.free_times(doctor.id)[0]
    address = f"/patient/bookings/confirm?doctor={doctor.id}&at={stamp(slot.starts_at)}"
    refused = phone.get(address)
    assert refused.status_code == 409
    assert "예약되지 않았습니다" in refused.text
    form = {"doctor": doctor.id, "at": stamp(slot.starts_at), "price": "0", "case": ""}
    answer = phone.post("/patient/bookings", data=form | {"patient": sender.patient.public_id})
    assert answer.status_code == 409
    assert db.session.scalars(select(Booking)).all() == []
    # What applies to them is said once, and then it can be booked; the doctor is asked to check.
    said = {"patient": sender.patient.public_id, "exception": ["disability", "made-up"]}
    assert phone.post("/patient/bookings/check", data=said).status_code == 303
    assert person(db, sender).exceptions == ["disability"]
    assert "이 상담은 화면으로 할 수 있어요" in phone.get("/patient/bookings/check").text
    booked = phone.post("/patient/bookings", data=form | {"patient": sender.patient.public_id})
    assert booked.status_code == 303
    assert "장애인으로 등록되어 있습니다" in phone.get(booked.location).text


def test_a_revisit_is_found_from_the_menu_and_from_an_earlier_booking(
    phone: Client, sender: User, db: Any, clock: FrozenClock
) -> None:
    residence.set_area(sender.patient.id, SUNCHEON)
    seoul, other = create_reader(name="이서연", clinic="서울의원"), create_reader(clinic="먼의원")
    open_days(seoul)
    open_days(other)
    case = create_case(sender, doctor=seoul, site="face")
    again = create_follow_up(sender, case, doctor=seoul)
    create_case(sender, doctor=create_reader(clinic="없는의원"), site="upper_back")
    booking = create_booking(sender, seoul, case_id=case.id)
    page = phone.get("/patient/bookings/check").text
    assert "이 상담은 화면으로 할 수 있어요" in page  # the trial admits everybody
    assert "전에 보내신 점에 대한 상담인가요?" in page
    assert page.count("의사가 답함") == 2, "one entry for each spot"
    clock.set(datetime(2026, 12, 28, 9, 0, tzinfo=KST))
    sign_in(phone, sender)
    page = phone.get("/patient/bookings/check").text
    assert "전에 보내신 점에 대한 상담이면 화면으로 할 수 있어요" in page
    assert "병원에 직접 가셔야 해요" not in page
    assert page.count("의사가 답함") == 1, "only what a doctor may talk about"
    assert "이서연 의사가 답함" in page
    there = f"/patient/bookings/check?case={again.public_id}"
    assert there in page
    assert "상담할 수 있는 의사는 1명입니다" in phone.get(there).text
    earlier = phone.get(f"/patient/bookings/{booking.public_id}").text
    assert f"/patient/bookings/check?case={case.public_id}" in earlier
    cancelled = create_booking(sender, seoul, case_id=case.id)
    phone.post(f"/patient/bookings/{cancelled.public_id}/cancel")
    assert f"check?case={case.public_id}" in phone.get(f"/patient/bookings/{cancelled.public_id}").text


def test_a_spot_that_a_doctor_must_see_is_no_way_to_a_remote_consultation(
    phone: Client, sender: User, db: Any, clock: FrozenClock
) -> None:
    residence.set_area(sender.patient.id, SUNCHEON)
    doctor = create_reader()
    open_days(doctor)
    create_case(sender, doctor=doctor, next_step="in_person", within_days=7)
    clock.set(datetime(2026, 12, 28, 9, 0, tzinfo=KST))
    sign_in(phone, sender)
    page = phone.get("/patient/bookings/check").text
    assert "병원에 직접 가셔야 해요" in page
    assert "전에 보내신 점에 대한 상담이면" not in page


def test_a_finding_that_sends_to_a_clinic_leads_there(phone: Client, sender: User, db: Any) -> None:
    residence.set_area(sender.patient.id, SUNCHEON)
    doctor = create_reader()
    open_days(doctor)
    case = create_case(sender, doctor=doctor, next_step="in_person", within_days=7)
    page = phone.get(f"/patient/bookings/check?case={case.public_id}").text
    assert "병원에 직접 가셔야 해요" in page
    assert "/patient/bookings/new" not in page


def test_a_helper_who_may_only_send_books_about_a_case_and_is_shown_nothing_of_the_answer(
    phone: Client, sender: User, db: Any, clock: FrozenClock
) -> None:
    clock.set(datetime(2026, 12, 28, 9, 0, tzinfo=KST))
    helper, doctor = create_patient(name="이웃"), create_reader(name="이서연")
    open_days(doctor)
    residence.set_area(sender.patient.id, SUNCHEON)
    advice = {"advice": "꼭 큰 병원에 가 보세요.", "next_step": "in_person", "within_days": 7}
    case = create_case(sender, doctor=doctor, diagnosis="mel", reason="가장자리", **advice)
    create_permission(sender.patient, helper, scope=Scope.SEND)
    sign_in(phone, helper)
    slot = service.free_times(doctor.id)[0]
    pages = [
        phone.get(f"/patient/bookings/check?case={case.public_id}"),
        phone.get(f"/patient/bookings/new?case={case.public_id}"),
        phone.get(
            f"/patient/bookings/confirm?doctor={doctor.id}&at={stamp(slot.starts_at)}&case={case.public_id}"
        ),
    ]
    form = {"doctor": doctor.id, "at": stamp(slot.starts_at), "price": "0", "case": case.public_id}
    booked = phone.post("/patient/bookings", data=form | {"patient": sender.patient.public_id})
    assert booked.status_code == 303
    for page in [*pages, phone.get(booked.location)]:
        assert page.status_code == 200
        for hidden in (
            "큰 병원",
            "흑색종",
            "직접 가셔야 해요",
            "직접 보아야",
            f"/patient/cases/{case.public_id}",
        ):
            assert hidden not in page.text
    assert db.session.scalar(select(Booking.case_id)) == case.id
    assert phone.get(f"/patient/cases/{case.public_id}").status_code == 404
    for state in (CaseState.WAITING, CaseState.READING):
        other = create_case(sender, state=state)
        assert phone.get(f"/patient/bookings/check?case={other.public_id}").status_code == 404
    stranger = create_case(create_sender())
    assert phone.get(f"/patient/bookings/check?case={stranger.public_id}").status_code == 404


def test_the_share_sent_to_a_clinic_is_told_from_ten_cases_on(phone: Client, sender: User, db: Any) -> None:
    residence.set_area(sender.patient.id, SUNCHEON)
    doctor = create_reader()
    open_days(doctor)
    for number in range(10):
        step = {"next_step": "in_person", "within_days": 7} if number < 3 else {"next_step": "watch"}
        create_case(sender, doctor=doctor, **step)
        if number == 8:
            assert "3건" not in phone.get("/patient/bookings/check").text
    assert "10건 가운데 3건(30%)" in phone.get("/patient/bookings/check").text


def test_the_doctor_sees_what_is_to_be_checked(app: Flask, sender: User, db: Any, clock: FrozenClock) -> None:
    clock.set(datetime(2026, 12, 28, 9, 0, tzinfo=KST))
    doctor = create_reader()
    open_days(doctor)
    residence.set_exceptions(sender.patient.id, ["rare_disease"])
    create_booking(sender, doctor, clock.now + timedelta(hours=1))
    client = app.test_client()
    sign_in(client, doctor)
    assert "확인해 주세요: 희귀질환이 있습니다" in client.get("/doctor/agenda").text


def test_what_changes_soon_is_said_beforehand(
    phone: Client, sender: User, db: Any, clock: FrozenClock
) -> None:
    clock.set(datetime(2026, 12, 1, 9, 0, tzinfo=KST))
    sign_in(phone, sender)
    residence.set_area(sender.patient.id, SUNCHEON)
    open_days(create_reader())
    assert "12월\u00a024일 목요일부터는 규칙이 바뀝니다" in phone.get("/patient/bookings/check").text
    assert date(2026, 12, 24).weekday() == 3
