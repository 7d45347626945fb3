"""The whole job in a real browser: a patient's photo, a doctor's word, a consultation; reviews and their report."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from app.accounts import practice
from app.accounts import service as accounts
from app.consultations import availability
from tests.e2e.conftest import PASSWORD, PHONE
from tests.e2e.hands import ANSWERS, answers, button, choose, say_where_one_lives, sign_in, tick
from tests.factories.eligibility import SUNCHEON
from tests.harness.portal import Portal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(420), pytest.mark.usefixtures("real_clock")]

NUMBER = "+821023456789"
OPINION_WORDS = re.compile(
    r"흑색종|기저세포암|편평세포암|광선각화증|위험도|melanoma|probabilit", re.IGNORECASE
)


def sign_up(page: Page, portal: Portal) -> None:
    page.goto("/")
    page.get_by_role("link", name="사진 찍어 보내기").first.click()
    page.goto("/sign-up")
    page.locator('input[name="identity"]').fill("010-2345-6789")
    button(page, "번호 받기")
    page.locator('input[name="code"]').fill(portal.code_for(NUMBER))
    page.locator("main form button[type=submit]").first.click()
    for consent in ("terms", "health_data"):
        tick(page.locator(f'input[name="{consent}"]'))
    button(page, "다음")
    page.locator('input[name="name"]').fill("김순자")
    page.locator('input[name="birth_date"]').fill("19540302")
    choose(page, "sex", "female")
    button(page, "가입하기")
    expect(page).to_have_url(re.compile("/patient/"))


def send_case(page: Page, photo: Path) -> None:
    page.get_by_role("link", name="사진 찍어 보내기").first.click()
    if "/new" in page.url:
        page.locator("main form button[type=submit]").first.click()
    page.locator('input[type="file"]').first.set_input_files(photo)
    expect(page.locator("main img").first).to_be_visible()
    button(page, "다음")
    page.locator('label[data-site="chest"] path').first.click()
    expect(page.locator('input[name="site"][value="chest"]')).to_be_checked()
    button(page, "다음")
    answers(page, ANSWERS)
    for box in page.locator('main form input[type="checkbox"]').all():
        tick(box)
    button(page, "보내기")
    expect(page.locator("#case-live")).to_be_visible()


def test_from_the_photo_to_the_booked_consultation(
    db: Any,
    portal: Portal,
    open_page: Callable[..., Page],
    real_photos: Callable[[str], Path],
) -> None:
    doctor = accounts.create_doctor(
        name="최은영",
        email="doctor@example.test",
        password=PASSWORD,
        licence_number="L900001",
        clinic="살핌의원",
        specialty="피부과",
    )
    for weekday in range(7):
        availability.add_pattern(
            doctor.id, weekday=weekday, start_minute=540, end_minute=1080, slot_minutes=30, price_won=0
        )

    practice.set_practice(doctor.id, languages=["ko"], area=SUNCHEON)

    patient = open_page(PHONE)
    sign_up(patient, portal)
    send_case(patient, real_photos("mel"))
    case_url = patient.url
    assert not OPINION_WORDS.search(patient.content())

    reader = open_page()
    sign_in(reader, "doctor@example.test")
    expect(reader).to_have_url(re.compile("/doctor/"))
    _take_when_analysed(reader)
    assert not OPINION_WORDS.search(patient.locator("main").inner_text()), (
        "the patient sees no class name yet"
    )

    choose(reader, "diagnosis", "mel")
    choose(reader, "confidence", "likely")
    expect(reader.locator("#opinion")).to_have_count(0)
    button(reader, "첫 판독 저장")
    button(reader, "인공지능 의견 보기")
    expect(reader.locator("#opinion")).to_contain_text(re.compile(r"\d+(\.\d+)?\s?%"))
    reader.locator('select[name="diagnosis"]').select_option("mel")
    reader.locator('textarea[name="reason"]').fill("경계가 고르지 않고 색이 여럿이라 직접 보아야 합니다.")
    reader.locator('textarea[name="advice"]').fill("가까운 피부과에서 직접 진료를 받으세요.")
    # What the first read suggests is filled in already.
    expect(reader.locator('input[name="next_step"][value="in_person"]')).to_be_checked()
    reader.locator('input[name="within_days"]').fill("14")
    button(reader, "환자가 읽을 글 확인")
    expect(reader.locator("main")).to_contain_text("상담 전 판독")
    button(reader, "이대로 서명하기")

    # The patient's page changes by itself.
    expect(patient.locator("#case-live")).to_contain_text(
        "가까운 피부과에서 직접 진료를 받으세요.", timeout=20_000
    )
    assert patient.url == case_url
    expect(patient.locator("#case-live")).to_contain_text("흑색종")
    expect(patient.locator("#case-live")).to_contain_text("최은영")
    expect(patient.locator("#case-live")).to_contain_text("상담 전 판독")

    # A spot that must be seen in person is not for a screen, and the page says where to go instead.
    expect(patient.get_by_role("link", name="가까운 병원 보기")).to_be_visible()
    expect(patient.get_by_role("link", name="의사와 상담 예약하기")).to_have_count(0)
    patient.goto(f"/patient/bookings/check?case={case_url.rsplit('/', 1)[1]}")
    say_where_one_lives(patient, "36", SUNCHEON)
    expect(patient.locator("main")).to_contain_text("병원에 직접 가셔야 해요")
    expect(patient.get_by_role("link", name="가까운 병원 보기")).to_be_visible()

    # Talking to a doctor about something else is.
    patient.goto("/patient/bookings/check")
    patient.get_by_role("link", name="시간 고르기").click()
    patient.locator('button[name="time"]').first.click()
    expect(patient.locator("main")).to_contain_text("무료")
    for box in patient.locator('main form input[type="checkbox"]').all():
        tick(box)
    button(patient, "예약하기")
    expect(patient).to_have_url(re.compile("/patient/bookings/"))
    expect(patient.locator("main")).to_contain_text("최은영")
    reader.goto("/doctor/agenda")
    expect(reader.locator("main")).to_contain_text("김순자")

    patient.goto("/notices/")
    expect(patient.locator("main li").first).to_be_visible()


def _take_when_analysed(page: Page) -> None:
    """Press "next case" until the worker has put the case into the queue."""
    for _ in range(60):
        page.goto("/doctor/")
        button(page, "다음 사례")
        if "/doctor/cases/" in page.url:
            return
        page.wait_for_timeout(500)
    raise AssertionError("the case never reached the queue")


def test_from_store_reviews_to_the_report(
    db: Any, portal: Portal, open_page: Callable[..., Page], real_reviews: list[Path]
) -> None:
    accounts.create_operator(name="한운영", email="operator@example.test", password=PASSWORD)
    page = open_page()
    sign_in(page, "operator@example.test")
    page.goto("/operator/reviews")
    page.locator('input[type="file"]').set_input_files(real_reviews)
    button(page, "가져오기")
    expect(page.locator("main")).to_contain_text("1,869", timeout=90_000)
    page.goto("/operator/reviews")
    button(page, "분석 시작")
    expect(page.locator('main img[src*="/clouds/"]')).to_have_count(4, timeout=120_000)
    text = page.locator("main").inner_text()
    assert "1,869" in text
    assert "굿닥" in text
    for image in page.locator('main img[src*="/clouds/"]').all():
        image.scroll_into_view_if_needed()
        page.wait_for_function(
            "image => image.complete && image.naturalWidth > 0", arg=image.element_handle()
        )
