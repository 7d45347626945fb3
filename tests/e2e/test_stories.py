"""Three people play the whole of it: a grandmother on a slow line, her granddaughter for her, an operator on the telephone."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from app.accounts import practice, residence
from app.accounts.models import User
from app.accounts.service import BEFORE_A_CASE
from app.audit.models import AuditEntry
from app.cases.models import Case, CaseState
from app.consultations.models import Booking
from app.extensions import db
from tests.e2e.conftest import DESKTOP, FLAGS, PHONE
from tests.e2e.site import Site, serve
from tests.e2e.slow_line import SLOW_3G
from tests.e2e.walking import Walk, texts_to, within, work
from tests.factories.accounts import PASSWORD, create_doctor, create_operator, create_patient
from tests.factories.cases import lesion_jpeg, sign_finding, take
from tests.factories.consultations import create_pattern
from tests.factories.regions import clinic_row, table
from tests.harness.clock import KST

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

CAMERA = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]
WIDER_PHONE = {"width": 390, "height": 844}
HAENAM_AREA, SEOUL_AREA = "36400", "11010"
ADVICE = "해롭지 않은 점으로 보입니다. 궁금하신 것은 화면으로 만나 말씀해 주세요."
FIRST_TIMES = re.compile(r"월 \d+일.*(오전|오후).*무료")
FREE = re.compile("(오전|오후).*무료")
GRANDMOTHER = "+821023456789"
ACT = date(2026, 12, 24)
QUESTIONS = (
    "모양이나 색이 달라졌나요?",
    "커졌나요?",
    "만지면 볼록한가요?",
    "가려운가요?",
    "아픈가요?",
    "피나 진물이 난 적이 있나요?",
    "피부암을 앓은 적이 있나요?",
)
CONSENTS = {
    "terms": "이용약관에 동의합니다",
    "health": "건강에 관한 정보(민감정보)를 다루는 데 동의합니다",
    "telemedicine": "비대면 상담의 한계를 알고 동의합니다",
    "ai": "인공지능이 사진과 답을 먼저 본다는 안내를 읽었습니다",
}


@pytest.fixture
def house(all_databases: Any, secrets: dict[str, str], tmp_path: Path) -> Iterator[Site]:
    """A portal with one doctor in Seoul, who is there every day, free of charge."""
    with serve(all_databases.url("sqlite", tmp_path), tmp_path / "instance", secrets) as site:
        within(site, lambda: _open_practice(site))
        yield site


def _open_practice(site: Site) -> None:
    doctor = create_doctor(name="최은영", clinic="살핌의원", specialty="피부과")
    for weekday in range(7):
        create_pattern(doctor, weekday=weekday, start_minute=540, end_minute=1080, slot_minutes=30)
    practice.set_practice(doctor.id, languages=["ko"], area=SEOUL_AREA)
    site.ids["doctor"] = doctor.id


@pytest.fixture
def opened(browser: Browser, house: Site) -> Iterator[Callable[..., Page]]:
    """Return a function that gives a person a browser of their own; what goes wrong in it fails the test."""
    faults: list[str] = []
    with ExitStack() as stack:
        own = browser.browser_type.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=[*FLAGS, *CAMERA]
        )
        stack.callback(own.close)

        def note(answer: Any) -> None:
            if answer.status >= 500 and "/events" not in answer.url:  # live streams are not served here
                faults.append(f"{answer.url}: {answer.status}")

        def give(size: dict[str, int], *, slow: bool = False) -> Page:
            context = own.new_context(
                viewport=size, locale="ko-KR", base_url=house.url, has_touch=size is not DESKTOP
            )
            page = context.new_page()
            page.set_default_timeout(20_000)
            page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
            page.on("response", note)
            if slow:
                wire = context.new_cdp_session(page)
                wire.send("Network.enable")
                wire.send("Network.emulateNetworkConditions", SLOW_3G)
            return page

        yield give
    assert faults == []


def code_in(text: str) -> str:
    """Return the six digits of a text message."""
    found = re.search(r"(?<!\d)\d{6}(?!\d)", text)
    assert found, text
    return found.group()


def sends_a_photo(walk: Walk, photo: str) -> None:
    """Go through all the steps from the first page; `photo` says by which way the close-up is taken."""
    walk.arrives("새 사진 보내기")
    walk.presses("사진 찍으러 가기")
    walk.arrives("사진을 찍거나 골라 주세요")
    if photo == "camera":
        _takes_the_overview(walk)
    else:
        walk.presses("이 사진은 건너뛰기")
    walk.page.get_by_label("사진 고르기").set_input_files(
        [{"name": "mole.jpg", "mimeType": "image/jpeg", "buffer": lesion_jpeg(side=640)}]
    )
    expect(walk.page.get_by_role("button", name="사진 빼기")).to_have_count(2 if photo == "camera" else 1)
    expect(walk.page.get_by_text(re.compile("보내는 중|확인하는 중"))).to_have_count(0)
    walk.arrives("사진을 찍거나 골라 주세요")
    walk.presses("다음")
    walk.arrives("몸의 어느 곳인가요?")
    walk.page.get_by_role("main").get_by_text("가슴", exact=True).click()
    walk.presses("다음")
    walk.answers("언제부터 있었나요?", "한 해가 넘었어요")
    for question in QUESTIONS:
        walk.answers(question, "아니요")


def _takes_the_overview(walk: Walk) -> None:
    walk.presses("사진 찍기")
    camera = walk.page.get_by_role("dialog")
    expect(camera.get_by_role("heading", name="멀리서 한 장")).to_be_visible()
    walk.shows("camera", whole=False)
    camera.get_by_role("button", name="사진 찍기").click()
    camera.get_by_role("button", name="이 사진 쓰기").click()
    expect(camera.get_by_role("heading", name="가까이에서 한 장")).to_be_visible()
    camera.get_by_role("button", name="닫기").click()
    expect(camera).to_be_hidden()


def chooses_a_time(walk: Walk) -> None:
    """Press one of the next free times, read how long it is kept and what it costs, and book it."""
    walk.arrives("상담 시간 고르기")
    walk.page.get_by_role("button", name=FIRST_TIMES).last.click()
    walk.arrives("이대로 예약할까요?")
    main = walk.page.get_by_role("main")
    expect(main.get_by_text("까지 맡아 두었습니다")).to_be_visible()
    expect(main.get_by_text("무료", exact=True)).to_be_visible()
    walk.presses("예약하기")


def read_and_sign(site: Site) -> None:
    """The worker lets the model look; a doctor reads the newest case and signs."""
    work(site)

    def sign() -> None:
        doctor = db.session.get_one(User, site.ids["doctor"])
        case = db.session.scalars(select(Case).order_by(Case.id.desc())).first()
        assert case is not None
        assert case.state == CaseState.WAITING
        sign_finding(take(case, doctor), doctor, diagnosis="nv", advice=ADVICE, next_step="consult")

    within(site, sign)


def bookings(site: Site) -> list[tuple[datetime, str]]:
    """Return when each booking is (in Korea) and how it stands, in the order in which they were made."""

    def read() -> list[tuple[datetime, str]]:
        found = db.session.scalars(select(Booking).order_by(Booking.id))
        return [(one.starts_at.astimezone(KST), str(one.state)) for one in found]

    return within(site, read)


def said(moment: datetime) -> str:
    """Return how messages name a day."""
    return f"{moment.month}월 {moment.day}일"


def test_the_grandmother_does_everything_alone(house: Site, opened: Callable[..., Page]) -> None:
    page = opened(PHONE, slow=True)
    walk = Walk(house, page, "grandmother", large=True)
    page.goto("/")
    with walk.page.expect_response("**/preferences"):
        walk.presses("큰글씨")
    walk.arrives("걱정되는 점, 사진으로 물어보세요")
    walk.follows("사진 찍어 보내기")
    _signs_up(walk)
    sends_a_photo(walk, "camera")
    walk.arrives("이대로 보낼까요?")
    walk.agrees(CONSENTS["ai"], CONSENTS["telemedicine"])
    walk.presses("보내기")
    walk.arrives("가슴")
    read_and_sign(house)
    assert "판독 결과가 도착했습니다" in texts_to(house, GRANDMOTHER)[-1]
    _reads(walk)
    _books(walk)
    _moves(walk)


def _signs_up(walk: Walk) -> None:
    walk.arrives("가입하기")
    walk.page.get_by_label("휴대전화 번호 또는 이메일").fill("010-2345-6789")
    walk.presses("번호 받기")
    walk.arrives("받은 번호를 적어 주세요")
    walk.page.get_by_label("확인 번호 6자리").fill(code_in(texts_to(walk.site, GRANDMOTHER)[-1]))
    walk.presses("다음")
    walk.arrives("동의")
    walk.agrees(CONSENTS["terms"], CONSENTS["health"])
    walk.presses("다음")
    walk.arrives("내 정보")
    walk.page.get_by_label("이름").fill("김순자")
    walk.page.get_by_label("생년월일").fill("19540302")
    walk.chooses("성별", "여성")
    walk.presses("가입하기")


def _reads(walk: Walk) -> None:
    walk.follows("내 사진")
    walk.arrives("김순자 님, 안녕하세요")
    walk.page.get_by_role("link", name="가슴").click()
    walk.arrives("가슴")
    main = walk.page.get_by_role("main")
    expect(main.get_by_text("흔히 점이라고 부르는 해롭지 않은 것입니다.").first).to_be_visible()
    expect(main.get_by_text(ADVICE)).to_be_visible()
    walk.page.get_by_role("heading", name="병원에 가져가기").click()
    with walk.page.expect_download() as paper:
        walk.follows("큰 글씨로 받기")
    assert paper.value.path().read_bytes().startswith(b"%PDF-")
    walk.follows("의사와 상담 예약하기")


def _books(walk: Walk) -> None:
    walk.arrives("어디에 사세요?")
    walk.follows("전라남도")
    walk.arrives("전라남도")
    walk.chooses("어느 시·군·구에 사세요?", "해남군")
    walk.presses("저장하고 계속")
    walk.arrives("화면으로 상담할 수 있을까요?")
    expect(walk.page.get_by_text("이 상담은 화면으로 할 수 있어요")).to_be_visible()
    walk.follows("시간 고르기")
    chooses_a_time(walk)
    walk.arrives("상담 예약")
    ((starts, state),) = bookings(walk.site)
    assert state == "booked"
    made = texts_to(walk.site, GRANDMOTHER)[-1]
    assert f"{said(starts)}" in made
    assert "예약되었습니다" in made


def _moves(walk: Walk) -> None:
    ((before, _),) = bookings(walk.site)
    walk.follows("다른 시간으로 옮기기")
    walk.arrives("예약 옮기기")
    walk.page.get_by_role("link", name=FREE).last.click()
    walk.arrives("이대로 옮길까요?")
    walk.presses("옮기기")
    walk.arrives("상담 예약")
    ((after, state),) = bookings(walk.site)
    assert after > before
    assert state == "booked"
    moved = texts_to(walk.site, GRANDMOTHER)[-1]
    assert said(after) in moved
    assert "바뀌었습니다" in moved
    walk.follows("내 사진")
    walk.arrives("김순자 님, 안녕하세요")
    expect(walk.page.get_by_role("link", name=re.compile(said(after)))).to_be_visible()


@pytest.fixture
def family(house: Site) -> dict[str, int]:
    """A grandmother in 해남군 and her granddaughter, each with an account; ids by name."""

    def make() -> dict[str, int]:
        grandmother = create_patient(name="김순자", mobile=GRANDMOTHER, consents=BEFORE_A_CASE)
        assert grandmother.patient is not None
        residence.set_area(grandmother.patient.id, HAENAM_AREA)
        granddaughter = create_patient(
            name="박하늘", mobile="+821087654321", email="sky@example.test", password=PASSWORD
        )
        assert granddaughter.patient is not None
        return {
            "grandmother": grandmother.patient.id,
            "granddaughter": granddaughter.patient.id,
            "helper": granddaughter.id,
        }

    return within(house, make)


def test_the_granddaughter_acts_for_her_until_she_is_stopped(
    house: Site, opened: Callable[..., Page], family: dict[str, int]
) -> None:
    page = opened(WIDER_PHONE)
    walk = Walk(house, page, "granddaughter")
    page.goto("/")
    walk.follows("이미 보내셨나요? 답 보기")
    walk.arrives("로그인")
    walk.page.get_by_label("휴대전화 번호 또는 이메일").fill("sky@example.test")
    walk.page.get_by_label("비밀번호").fill(PASSWORD)
    walk.presses("로그인")
    walk.arrives("박하늘 님, 안녕하세요")
    _is_permitted(walk)
    walk.says = "김순자 님 대신 하고 있어요"
    walk.arrives("내가 돕는 사람")
    walk.follows("김순자 님 화면으로")
    walk.arrives("김순자 님의 사진")
    walk.follows("사진 찍어 보내기")
    sends_a_photo(walk, "file")
    walk.arrives("이대로 보낼까요?")
    walk.presses("보내기")
    walk.arrives("가슴")
    walk.follows("상담")
    walk.arrives("상담 예약")
    walk.follows("예약하기")
    walk.arrives("화면으로 상담할 수 있을까요?")
    walk.follows("시간 고르기")
    chooses_a_time(walk)
    walk.arrives("상담 예약")
    _both_names_are_in_the_log(house, family)
    _is_stopped(walk, opened(PHONE))
    _changes_nothing(walk, family)


def _is_permitted(walk: Walk) -> None:
    walk.page.get_by_text("박하늘", exact=True).click()
    walk.follows("내 계정")
    walk.arrives("내 계정")
    walk.page.get_by_role("link", name="내가 돕는 사람").click()
    walk.arrives("내가 돕는 사람")
    walk.follows("허락 부탁하기")
    walk.arrives("허락 부탁하기")
    walk.page.get_by_label("도와드릴 분의 이름").fill("김순자")
    walk.page.get_by_label("그분의 휴대전화 번호").fill("010-2345-6789")
    walk.page.get_by_label("나는 그분의").select_option("손주")
    walk.chooses("어디까지 대신하나요?", "사진 보내기, 예약, 의사의 답 보기")
    walk.presses("번호 보내기")
    walk.arrives("그분이 불러 주신 번호")
    read_out = texts_to(walk.site, GRANDMOTHER)[-1]
    assert "박하늘" in read_out
    walk.page.get_by_label("확인 번호").fill(code_in(read_out))
    walk.presses("확인")


def _both_names_are_in_the_log(house: Site, family: dict[str, int]) -> None:
    def read() -> set[str]:
        query = select(AuditEntry).where(
            AuditEntry.actor_id == family["helper"],
            AuditEntry.patient_id == family["grandmother"],
            AuditEntry.proxy.is_not(None),
        )
        return {entry.action for entry in db.session.scalars(query.order_by(AuditEntry.number))}

    assert {"case.submit", "booking.made"} <= within(house, read)


def _is_stopped(walk: Walk, telephone: Page) -> None:
    """The grandmother opens the address in her text message, on a telephone that is signed in nowhere."""
    walk.follows("사진 보내기")
    walk.arrives("새 사진 보내기")
    told = next(text for text in texts_to(walk.site, GRANDMOTHER) if "http" in text)
    address = re.search(r"http\S+", told)
    assert address, told
    hers = Walk(walk.site, telephone, "stopping")
    telephone.goto(urlsplit(address.group()).path)
    hers.arrives("대신 이용 멈추기")
    hers.presses("멈추기")
    expect(telephone.get_by_text("이제 김순자 님 대신 이용하지 않습니다")).to_be_visible()
    hers.arrives("대신 이용 멈추기")
    over = texts_to(walk.site, GRANDMOTHER)[-1]
    assert "박하늘 님은 이제 김순자 님 대신 이용하지 않습니다" in over


def _changes_nothing(walk: Walk, family: dict[str, int]) -> None:
    walk.says = ""
    walk.presses("사진 찍으러 가기")
    walk.arrives("내가 돕는 사람")
    expect(walk.page.get_by_text("그 사이에 대신할 수 있는 허락이 끝나 하지 않았습니다.")).to_be_visible()

    def own() -> int:
        return len(list(db.session.scalars(select(Case).where(Case.patient_id == family["granddaughter"]))))

    assert within(walk.site, own) == 0


def test_the_operator_books_for_those_who_telephone(house: Site, opened: Callable[..., Page]) -> None:
    within(house, lambda: create_operator(name="한운영", email="operator@example.test"))
    house.clock.set(datetime(2026, 12, 21, 10, tzinfo=KST))
    page = opened(DESKTOP)
    walk = Walk(house, page, "operator")
    _signs_in(walk)
    _loads_the_clinics(walk)
    _registers(walk, "박막례", "010-9999-1234")
    _reads_the_consents(walk)
    page.get_by_role("link", name=FIRST_TIMES).first.click()
    walk.arrives("읽어 드리고 예약하기")
    walk.presses("예약하기")
    walk.arrives("박막례")
    ((starts, state),) = bookings(house)
    assert (state, starts.date() < ACT) == ("booked", True)
    assert said(starts) in texts_to(house, "+821099991234")[-1]
    page.get_by_text("예약 취소하기").click()
    walk.presses("예약 취소")
    walk.arrives("박막례")
    assert bookings(house) == [(starts, "cancelled")]
    assert "취소되었습니다" in texts_to(house, "+821099991234")[-1]
    house.clock.set(datetime(2026, 12, 28, 10, tzinfo=KST))
    _sends_on_to_a_clinic(Walk(house, opened(DESKTOP), "operator-later"))


def _signs_in(walk: Walk) -> None:
    walk.page.goto("/login")
    walk.page.get_by_label("휴대전화 번호 또는 이메일").fill("operator@example.test")
    walk.page.get_by_label("비밀번호").fill(PASSWORD)
    walk.presses("로그인")
    expect(walk.page.get_by_role("link", name="관리")).to_be_visible()


def _loads_the_clinics(walk: Walk) -> None:
    rows = [
        clinic_row(의료기관명=f"지어낸{name}", 의료기관전화번호=f"061-555-00{number:02d}", 진료과목=subject)
        for number, (name, subject) in enumerate(
            (("해남피부과의원", "피부과"), ("땅끝의원", "내과"), ("달마의원", "가정의학과"))
        )
    ]
    walk.follows("관리")
    walk.arrives("관리")
    walk.page.get_by_role("link", name="병원 명부").click()
    walk.arrives("병원 명부")
    walk.page.get_by_label("명부 파일").set_input_files(
        [{"name": "의료기관.csv", "mimeType": "text/csv", "buffer": table(rows)}]
    )
    walk.page.get_by_label("기준일").fill("2026-12-01")
    walk.presses("올리기")
    walk.arrives("의료기관.csv")
    work(walk.site)


def _registers(walk: Walk, name: str, number: str) -> None:
    walk.follows("전화 받기")
    walk.arrives("전화 예약")
    walk.page.get_by_label("휴대전화 번호").fill(number)
    walk.presses("찾기")
    expect(walk.page.get_by_text("이 번호로 아는 분이 없습니다.")).to_be_visible()
    walk.page.get_by_text("새로 등록하기").click()
    walk.arrives("전화 예약")
    walk.page.get_by_label("이름").fill(name)
    walk.page.get_by_label("생년월일").fill("19480501")
    walk.chooses("성별", "여성")
    walk.page.get_by_label("사는 곳 (시·군·구)").select_option("해남군")
    expect(walk.page.get_by_label("연락받을 휴대전화 번호")).to_have_value(number)
    walk.presses("등록하기")
    walk.arrives(name)


def _reads_the_consents(walk: Walk) -> None:
    for words in walk.page.get_by_text("읽어 드렸고, 동의하셨습니다", exact=True).all():
        words.click()
    walk.presses("동의 적기")
    expect(walk.page.get_by_text("필요한 동의를 모두 받았습니다")).to_be_visible()


def _sends_on_to_a_clinic(walk: Walk) -> None:
    """The trial is over, and the only doctor is in Seoul."""
    _signs_in(walk)
    _registers(walk, "정복순", "010-8888-1234")
    _reads_the_consents(walk)
    walk.arrives("정복순")
    expect(walk.page.get_by_text("화면으로는 상담해 드릴 수 없습니다")).to_be_visible()
    expect(walk.page.get_by_text("061-555-0000")).to_be_visible()
    walk.page.get_by_text("읽어 드렸습니다", exact=True).first.click()
    walk.presses("읽어 드린 것 적기")
    expect(walk.page.get_by_text("읽어 드린 병원을 적었습니다.")).to_be_visible()
    assert len(bookings(walk.site)) == 1
