"""On the telephone another day or another doctor is found: by day, few at once, and only what a rule admits."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from app.accounts import callers, practice
from app.accounts.models import Patient, Sex, User
from app.consultations import call_days, calls, service
from app.consultations.rules import rules
from app.consultations.words import day, time_of_day
from tests.factories.accounts import sign_in
from tests.factories.cases import create_reader, create_sender
from tests.factories.consultations import create_booking, create_pattern
from tests.factories.eligibility import SEOUL, SUNCHEON, YEOSU
from tests.harness.client import Client
from tests.harness.clock import KST, FrozenClock

MONDAY = date(2026, 11, 23)
HREF = re.compile(r'href="([^"]*/confirm[^"]*)"')


@pytest.fixture
def doctor(db: Any) -> User:
    """Eight times on Monday afternoons."""
    made = create_reader(name="이서연", clinic="구례의원", specialty="피부과")
    create_pattern(made)
    return made


@pytest.fixture
def other(db: Any) -> User:
    """Two times on Thursday mornings."""
    made = create_reader(name="최민호", clinic="서울의원", specialty="내과")
    create_pattern(made, weekday=3, start_minute=600, end_minute=630)
    return made


def base(patient: Patient) -> str:
    return f"/operator/calls/{patient.public_id}"


def test_from_the_call_to_another_doctor_s_day_and_on_to_the_usual_confirmation(
    office: Client, caller: Patient, doctor: User, other: User
) -> None:
    assert f"{base(caller)}/times" in office.get(base(caller)).text
    page = office.get(f"{base(caller)}/times").text
    assert "이서연" in page
    assert "최민호" in page
    assert "빈 시간 8개" in page
    assert "빈 시간 2개" in page
    thursday = MONDAY + timedelta(days=3)
    page = office.get(f"{base(caller)}/times/day?doctor={other.id}&on={thursday}").text
    assert day(thursday) in page
    onward = [one.replace("&amp;", "&") for one in HREF.findall(page)]
    assert len(onward) == 2
    assert "읽어 드리고 예약하기" in office.get(onward[0]).text


def test_one_doctor_from_one_day_on(office: Client, caller: Patient, doctor: User, other: User) -> None:
    only = office.get(f"{base(caller)}/times?doctor={other.id}").text
    assert "빈 시간 8개" not in only
    assert "최민호" in only
    later = office.get(f"{base(caller)}/times?from=2026-12-08").text
    assert day(date(2026, 12, 10)) in later
    assert day(date(2026, 12, 7)) not in later


@pytest.mark.parametrize("asked", ["from=gestern", "doctor=0", "doctor=99999999999999999999999", "doctor=x"])
def test_what_means_nothing_is_passed_over(
    office: Client, caller: Patient, doctor: User, other: User, asked: str
) -> None:
    page = office.get(f"{base(caller)}/times?{asked}").text
    assert day(MONDAY) in page
    assert "최민호" in page


def test_a_screen_holds_no_more_than_can_be_read_aloud(
    office: Client, caller: Patient, doctor: User, other: User
) -> None:
    """Three days, six times; every day and time is reached by going on."""
    address, seen = f"{base(caller)}/times", []
    while address:
        page = office.get(address).text
        days = re.findall(r"<h3>(.*?)</h3>", page)
        assert len(days) <= 3
        seen += days
        onward = re.search(r'href="([^"]*)"[^>]*><span>다음 날짜', page)
        address = onward.group(1).replace("&amp;", "&") if onward else ""
    assert seen == [day(one) for one in sorted({found.day for found in call_days.days_for(caller)})]
    first, second = (
        HREF.findall(office.get(f"{base(caller)}/times/day?doctor={doctor.id}&on={MONDAY}&page={n}").text)
        for n in (1, 2)
    )
    assert (len(first), len(second)) == (calls.OFFERED, 2)
    assert not set(first) & set(second)


def test_what_is_taken_is_not_offered_and_a_full_day_says_so(
    office: Client, caller: Patient, doctor: User, other: User
) -> None:
    somebody, thursday = create_sender(), service.free_times(other.id, days=5)
    address = f"{base(caller)}/times/day?doctor={other.id}&on={thursday[0].day}"
    create_booking(somebody, other, thursday[0].starts_at)
    page = office.get(address).text
    assert time_of_day(thursday[0].starts_at) not in page
    assert time_of_day(thursday[1].starts_at) in page
    create_booking(somebody, other, thursday[1].starts_at)
    assert "이제 빈 시간이 없습니다" in office.get(address).text
    assert office.get(f"{base(caller)}/times/day?doctor={other.id}&on=gestern").status_code == 404


def test_only_what_a_rule_admits_is_shown(
    office: Client, operator: User, caller: Patient, doctor: User, other: User, clock: FrozenClock
) -> None:
    """Once the trial is over, who lives in the province of the clinic is admitted, and nobody else."""
    clock.set(datetime(2026, 12, 28, 10, tzinfo=KST))
    sign_in(office, operator)
    practice.set_practice(doctor.id, languages=["ko"], area=YEOSU)
    practice.set_practice(other.id, languages=["ko"], area=SEOUL)
    page = office.get(f"{base(caller)}/times").text
    assert "이서연" in page
    assert "최민호" not in page
    practice.set_practice(doctor.id, languages=["ko"], area=SEOUL)
    page = office.get(f"{base(caller)}/times").text
    assert "예약할 수 있는 빈 시간이 없습니다" in page
    assert f"{base(caller)}/clinics" in page


def test_before_the_consents_no_time_is_shown(office: Client, db: Any, doctor: User) -> None:
    values: dict[str, Any] = {"name": "김영감", "birth_date": date(1948, 5, 1), "sex": Sex.MALE}
    new = callers.register_caller(**values, area=SUNCHEON, mobile="010-9876-5432")
    for path in ("times", f"times/day?doctor={doctor.id}&on={MONDAY}"):
        answer = office.get(f"{base(new)}/{path}", follow_redirects=True)
        assert answer.request.path == base(new)
        assert "동의와 사는 곳을 적으면" in answer.text


def test_the_last_hours_of_the_horizon_are_reached(caller: Patient, doctor: User, clock: FrozenClock) -> None:
    clock.set(datetime(2026, 11, 23, 15, tzinfo=KST))
    assert call_days.days_for(caller)[-1].day == MONDAY + timedelta(days=rules().horizon_days)
