"""The patient's whole job in a browser that runs no script: plain forms, plain links, a page that loads itself again."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.accounts import practice
from app.accounts import service as accounts
from app.accounts.models import User
from app.cases import reading
from app.cases.models import Case
from app.cli.drawings import lesion
from app.consultations import availability
from tests.e2e.conftest import PASSWORD, PHONE
from tests.e2e.hands import ANSWERS, answers, button, say_where_one_lives, sign_in, tick
from tests.factories.accounts import create_doctor, create_patient
from tests.factories.cases import sign_finding
from tests.factories.eligibility import SUNCHEON

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.usefixtures("real_clock")]


def send_case(page: Page, photo: Path) -> None:
    """Send a photo: everything that scripts make nicer elsewhere is done by hand here."""
    page.get_by_role("link", name="사진 찍어 보내기").first.click()
    button(page, "사진 찍으러 가기")
    page.locator('input[type="file"][name="photos"]').set_input_files(photo)
    button(page, "다음")
    expect(page.locator(".photo__image, .body-map__list").first).to_be_visible()
    if page.locator(".photo__image").count():  # there is advice to read; the photo may still be sent
        button(page, "다음")
    page.locator('.body-map__list label:has(input[value="chest"])').click()
    expect(page.locator('input[name="site"][value="chest"]')).to_be_checked()
    button(page, "다음")
    answers(page, ANSWERS)
    expect(page.get_by_role("button", name="보내기", exact=True)).to_be_visible()
    for box in page.locator('main form input[type="checkbox"]').all():
        tick(box)
    button(page, "보내기")


def take_when_analysed(page: Page, doctor: User) -> Case:
    """Take the next case as soon as the worker has put it into the queue."""
    for _ in range(120):
        case = reading.take_next(doctor.id)
        if case is not None:
            return case
        page.wait_for_timeout(500)
    raise AssertionError("the case never reached the queue")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_from_signing_in_to_the_booked_consultation(
    db: Any, open_page: Callable[..., Page], tmp_path: Path
) -> None:
    create_patient(
        name="김순자",
        mobile=None,
        email="patient@example.test",
        password=PASSWORD,
        consents=accounts.AT_SIGN_UP,
    )
    doctor = create_doctor(name="최은영")
    for weekday in range(7):
        availability.add_pattern(
            doctor.id, weekday=weekday, start_minute=540, end_minute=1080, slot_minutes=30, price_won=0
        )
    practice.set_practice(doctor.id, languages=["ko"], area=SUNCHEON)
    photo = tmp_path / "mole.jpg"
    photo.write_bytes(lesion("nv", 5))

    page = open_page(PHONE, scripts=False)
    sign_in(page, "patient@example.test")
    expect(page).to_have_url(re.compile("/patient/"))
    send_case(page, photo)
    expect(page.locator("#case-live")).to_contain_text("목표로 합니다")
    case_url = page.url

    case = take_when_analysed(page, doctor)
    expect(page.locator("#case-live")).to_contain_text("의사가 지금 사진을 읽고 있습니다.", timeout=60_000)
    sign_finding(
        case,
        doctor,
        advice="해롭지 않은 점으로 보입니다.",
        reason="가장자리가 고릅니다.",
        next_step="consult",
    )
    # Nobody presses anything: the page loads itself again.
    expect(page.locator("#case-live")).to_contain_text("해롭지 않은 점으로 보입니다.", timeout=60_000)
    assert page.url == case_url

    page.get_by_role("link", name="의사와 상담 예약하기").click()
    say_where_one_lives(page, "36", SUNCHEON)
    expect(page.locator("main")).to_contain_text("이 상담은 화면으로 할 수 있어요")
    page.get_by_role("link", name="시간 고르기").click()
    page.locator('button[name="time"]').first.click()
    expect(page.locator("main")).to_contain_text("무료")
    for box in page.locator('main form input[type="checkbox"]').all():
        tick(box)
    button(page, "예약하기")
    expect(page).to_have_url(re.compile("/patient/bookings/"))
    expect(page.locator("main")).to_contain_text("최은영")
