"""The doctor's pages, from the queue to the signature and back to the patient's question."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.cases import advice, reading, service, signing
from app.cases.models import Case, CaseState, Finding
from app.consultations import service as consultations
from app.consultations.models import Availability, Booking
from tests.factories.cases import (
    RED_FLAGS,
    WORRYING,
    analyse,
    create_case,
    create_reader,
    create_sender,
    take,
)
from tests.factories.consultations import create_booking, create_pattern
from tests.harness.client import Client
from tests.harness.clock import FrozenClock

SignIn = Callable[[User], Client]
READING = {"diagnosis": "nv", "confidence": "likely", "note": "경계가 고르다"}
DECISION = {"diagnosis": "nv", "advice": "해롭지 않은 점입니다.", "next_step": "watch", "action": "confirm"}


@pytest.fixture
def case(doctor: User) -> Case:
    """A worrying case in the doctor's hand."""
    return create_case(
        state=CaseState.READING, doctor=doctor, opinion=WORRYING, answers=RED_FLAGS, site="chest"
    )


def url(case: Case, what: str = "") -> str:
    return f"/doctor/cases/{case.public_id}{what}"


def page(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status
    return response.get_data(as_text=True)


def send(client: Client, address: str, data: dict[str, Any] | None = None) -> str:
    """Post, and return what the browser shows in the end."""
    response = client.post(address, data=data or {}, follow_redirects=True)
    assert response.status_code == 200
    return response.get_data(as_text=True)


def test_home_shows_how_many_wait_and_one_way_in(desk: Client, db: Any) -> None:
    waiting = [create_case(state=CaseState.WAITING) for _ in range(2)]
    create_case(state=CaseState.WAITING, answers=RED_FLAGS)
    html = page(desk, "/doctor/")
    assert 'class="waiting">3<' in html
    assert not any(case.public_id in html for case in waiting)
    assert 'class="waiting">3<' in page(desk, "/doctor/queue")


def test_next_case_opens_the_next_case(desk: Client, db: Any) -> None:
    only = create_case(state=CaseState.WAITING)
    assert desk.post("/doctor/next").headers["Location"] == url(only)
    assert "지금 기다리는 사례가 없습니다." in send(desk, "/doctor/next")
    assert only.public_id in page(desk, "/doctor/")


def test_a_full_hand_is_told_to_finish_first(desk: Client, db: Any) -> None:
    for _ in range(4):
        create_case(state=CaseState.WAITING)
    for _ in range(3):
        desk.post("/doctor/next")
    assert "먼저 손에 있는 사례를 마치거나 돌려놓아 주세요." in send(desk, "/doctor/next")


def test_the_whole_way_from_the_photo_to_the_signature(desk: Client, case: Case, db: Any) -> None:
    html = page(desk, url(case))
    assert "가슴" in html  # the place, in words and on the map
    assert "place__part is-chosen" in html
    assert "피·진물" in html
    assert "첫 판독 저장" in html
    assert "88.0%" not in html

    html = send(desk, url(case, "/first-read"), READING)
    assert "인공지능 의견 보기" in html
    assert "88.0%" not in html

    html = send(desk, url(case, "/reveal"))
    for shown in ("88.0%", "93.0%", "먼저 꼽음", "drawn", "abababababab", "20밀리초", "/heatmap"):
        assert shown in html
    heatmap = desk.get(url(case, f"/photos/{case.photos[0].public_id}/heatmap"))
    assert heatmap.mimetype == "image/png"
    assert heatmap.headers["Cache-Control"] == "private, no-store"

    refused = desk.post(url(case, "/decide"), data=DECISION)
    assert refused.status_code == 422
    assert "이유를 적어 주세요." in refused.get_data(as_text=True)

    html = send(desk, url(case, "/decide"), DECISION | {"reason": "그물 모양이 고릅니다."})
    assert "이대로 서명하기" in html
    for shown in (
        "점(모반)",
        "해롭지 않은 점입니다.",
        "상담 전 판독",
        "진단이나 처방이 아닙니다",
        "지켜보시다가",
    ):
        assert shown in html

    html = send(desk, url(case, "/sign"), {"digest": _digest(case)})
    assert "서명을 확인했습니다." in html
    assert "상담 전 판독 (진단이나 처방이 아닙니다)" in html
    finding = db.session.scalar(select(Finding))
    assert (finding.agreement, finding.reason) == ("overridden", "그물 모양이 고릅니다.")
    done = set(db.session.scalars(select(AuditEntry.action).where(AuditEntry.patient_id == case.patient_id)))
    told = {"first_read.stored", "opinion.revealed", "prediction.read", "heatmap.read", "finding.signed"}
    assert told | {"finding.read"} <= done


def test_what_the_patient_reads_is_what_the_doctor_confirmed(
    desk: Client, doctor: User, sign_in: SignIn, db: Any
) -> None:
    sender = create_sender()
    case = create_case(sender, state=CaseState.READING, doctor=doctor, opinion=WORRYING)
    send(desk, url(case, "/first-read"), READING)
    send(desk, url(case, "/reveal"))
    decision = DECISION | {"next_step": "in_person", "within_days": "7", "reason": "<b>그물</b>이 고릅니다."}
    card = _card(send(desk, url(case, "/decide"), decision))
    send(desk, url(case, "/sign"), {"digest": _digest(case)})
    assert _card(page(sign_in(sender), f"/patient/cases/{case.public_id}")) == card
    assert "&lt;b&gt;그물&lt;/b&gt;" in card


def test_the_form_says_that_the_patient_reads_why_the_doctor_disagrees(desk: Client, case: Case) -> None:
    send(desk, url(case, "/first-read"), READING)
    html = send(desk, url(case, "/reveal"))
    hint = re.search(r'id="reason-hint"[^>]*>([^<]*)<', html)
    assert hint
    assert "환자도 읽습니다" in hint[1]


def test_the_starting_text_of_a_diagnosis_is_fetched_on_demand(desk: Client, case: Case, db: Any) -> None:
    send(desk, url(case, "/first-read"), READING)
    html = send(desk, url(case, "/reveal"))
    assert "흔한 점으로 보입니다" in html  # of the doctor's own first reading, not of the model's
    html = send(desk, url(case, "/decide"), DECISION | {"diagnosis": "mel", "action": "template"})
    assert "흑색종이 아닌지 빨리 확인해야" in html
    assert 'value="7"' in html


def test_enter_in_a_field_never_replaces_what_was_written(desk: Client, case: Case, db: Any) -> None:
    send(desk, url(case, "/first-read"), READING)
    form = send(desk, url(case, "/reveal")).split('id="decision"')[1].split("</form>")[0]
    pressed_by_enter = re.search(r"<button[^>]*>", form)
    assert pressed_by_enter
    assert 'value="confirm"' in pressed_by_enter[0]
    assert 'value="template"' in form


def test_advice_left_over_from_another_diagnosis_is_pointed_out_before_signing(
    desk: Client, case: Case, db: Any
) -> None:
    send(desk, url(case, "/first-read"), READING)
    send(desk, url(case, "/reveal"))
    left = DECISION | {"diagnosis": "nv", "reason": "고릅니다.", "advice": advice.advice_for("mel").ko}
    html = send(desk, url(case, "/decide"), left)
    assert "안내가 판독과 맞지 않는 것 같습니다" in html
    assert "‘흑색종’의 안내문 그대로입니다" in html
    for own in (advice.advice_for("nv").ko, advice.advice_for("nv").en, "해롭지 않은 점입니다."):
        html = send(desk, url(case, "/decide"), left | {"advice": own})
        assert "이대로 서명하기" in html
        assert "맞지 않는" not in html


def test_a_decision_that_came_back_leads_to_its_case_and_is_not_lost(
    desk: Client, case: Case, db: Any
) -> None:
    send(desk, url(case, "/first-read"), READING)
    send(desk, url(case, "/reveal"))
    refused = desk.post(url(case, "/decide"), data=DECISION | {"advice": "아직 쓰는 중"}).text
    assert f'name="next" value="{url(case)}"' in refused
    assert f'data-answered-form="{url(case)}"' in refused
    assert "아직 쓰는 중" in page(desk, url(case))


def test_a_failed_analysis_is_said_after_the_first_read_and_needs_no_reason(
    desk: Client, doctor: User, db: Any
) -> None:
    case = create_case(state=CaseState.READING, doctor=doctor, opinion=None)
    assert "분석하지 못했습니다" not in page(desk, url(case))
    send(desk, url(case, "/first-read"), READING)
    assert "분석하지 못했습니다" in send(desk, url(case, "/reveal"))
    send(desk, url(case, "/decide"), DECISION)
    assert "인공지능 의견 없음" in send(desk, url(case, "/sign"), {"digest": _digest(case)})


def test_a_photo_without_an_opinion_is_named_once_the_rest_is_revealed(
    desk: Client, doctor: User, db: Any
) -> None:
    case = create_case(state=CaseState.SUBMITTED, photo_count=3)
    seen = [photo for photo in case.photos if photo != case.photos[1]]
    analyse(case, seen=seen)
    take(case, doctor)
    without, partly = "인공지능은 이 사진을 분석하지 못했습니다.", "사진 3장 가운데 2장만 보고 낸 의견입니다."
    html = page(desk, url(case)) + send(desk, url(case, "/first-read"), READING)
    assert without not in html
    assert partly not in html
    html = send(desk, url(case, "/reveal"))
    assert partly in html
    figures = html.split('<figure class="case-photo">')[1:]
    assert [without in figure.split("</figure>")[0] for figure in figures] == [False, True, False]


def test_an_opinion_on_every_photo_needs_no_such_words(desk: Client, case: Case, db: Any) -> None:
    send(desk, url(case, "/first-read"), READING)
    html = send(desk, url(case, "/reveal"))
    assert "분석하지 못했습니다" not in html


def test_signing_something_else_than_what_was_shown_is_refused(desk: Client, case: Case, db: Any) -> None:
    send(desk, url(case, "/first-read"), READING)
    send(desk, url(case, "/reveal"))
    send(desk, url(case, "/decide"), DECISION | {"reason": "고릅니다."})
    assert "그 사이에 내용이 바뀌었습니다." in send(desk, url(case, "/sign"), {"digest": "0" * 64})
    assert db.session.scalar(select(Finding)) is None


def test_an_amendment_is_written_shown_and_signed(
    desk: Client, doctor: User, db: Any, clock: FrozenClock
) -> None:
    case = create_case(doctor=doctor)
    clock.advance(minutes=5)
    form = page(desk, url(case, "/amend"))
    assert "석 달에 한 번" in form
    assert url(case, f"/photos/{case.photos[0].public_id}") in form, "nobody amends without the photo"
    assert desk.post(url(case, "/decide"), data=DECISION).status_code == 422
    html = send(desk, url(case, "/decide"), DECISION | {"amendment_reason": "글을 쉽게 고칩니다."})
    assert "의사가 판독을 고쳤습니다" in html
    html = send(desk, url(case, "/sign"), {"digest": _digest(case)})
    assert "제2판" in html
    assert "제1판" in html


def test_a_signed_case_leads_on_to_the_next_where_one_waits(desk: Client, doctor: User, db: Any) -> None:
    signed = create_case(doctor=doctor)
    assert 'action="/doctor/next"' not in page(desk, url(signed))
    create_case(state=CaseState.WAITING)
    html = page(desk, url(signed))
    assert 'action="/doctor/next"' in html
    assert "기다리는 사례: 1" in html


def test_earlier_findings_of_the_same_patient_are_beside_the_case(
    desk: Client, doctor: User, db: Any
) -> None:
    sender, other = create_sender(), create_sender()
    create_case(sender, diagnosis="bkl", reason="뚜렷합니다.", site="lower_back")
    create_case(other, diagnosis="df", reason="단단합니다.")
    html = page(desk, url(create_case(sender, state=CaseState.READING, doctor=doctor)))
    earlier = html.split("이 환자의 지난 판독")[1].split("</section>")[0]
    assert "양성 각화증" in earlier
    assert "허리" in earlier
    assert "피부섬유종" not in earlier
    # How another finding stood to the model is no business of this one.
    assert "인공지능" not in earlier


def test_a_withdrawn_case_is_explained(desk: Client, doctor: User, db: Any) -> None:
    sender = create_sender()
    case = create_case(sender, state=CaseState.READING, doctor=doctor)
    service.withdraw(sender, case.public_id)
    response = desk.get(url(case), follow_redirects=True)
    assert "환자가 이 사례를 거두어들였습니다." in response.get_data(as_text=True)


def test_a_case_put_back_is_closed_to_the_doctor(desk: Client, case: Case, db: Any) -> None:
    assert "제자리에 돌려놓았습니다" in send(desk, url(case, "/put-back"))
    for what in ("", "/sign", "/amend"):
        response = desk.get(url(case, what), follow_redirects=True)
        assert "대기열로 돌아갔습니다" in response.get_data(as_text=True)


def test_other_doctors_find_nothing(case: Case, sign_in: SignIn, db: Any) -> None:
    client, photo = sign_in(create_reader()), case.photos[0].public_id
    for what in ("", "/sign", "/amend", f"/photos/{photo}", f"/photos/{photo}/heatmap"):
        assert client.get(url(case, what)).status_code == 404
    for what in ("first-read", "reveal", "decide", "sign", "put-back", "answer"):
        assert client.post(url(case, f"/{what}"), data=READING | DECISION).status_code == 404
    assert reading.first_read_of(case.id, case.doctor_id or 0) is None


def test_patients_do_not_enter(case: Case, sign_in: SignIn, db: Any) -> None:
    client = sign_in(create_sender())
    assert client.get("/doctor/").status_code == 403
    assert client.get(url(case)).status_code == 403
    assert client.post("/doctor/next").status_code == 403


def test_the_question_is_answered_on_the_page(desk: Client, doctor: User, db: Any) -> None:
    sender = create_sender()
    case = create_case(sender, doctor=doctor)
    service.ask(sender, case.public_id, "바다에 가도 되나요?")
    assert "답을 기다리는 질문" in page(desk, "/doctor/")
    assert "질문에 답해 주세요" in page(desk, "/doctor/readings")
    assert desk.post(url(case, "/answer"), data={"answer": ""}).status_code == 422
    assert "네, 괜찮습니다." in send(desk, url(case, "/answer"), {"answer": "네, 괜찮습니다."})
    assert "답을 기다리는 질문" not in page(desk, "/doctor/")


def test_the_list_holds_ones_own_signed_findings_and_cases_in_hand(desk: Client, case: Case, db: Any) -> None:
    signed, foreign = create_case(doctor=case.doctor), create_case()
    html = page(desk, "/doctor/readings")
    assert signed.public_id in html
    assert foreign.public_id not in html
    assert case.public_id not in html
    held = page(desk, "/doctor/readings?tab=held")
    assert case.public_id in held
    assert signed.public_id not in held


def test_a_tampered_finding_is_said_plainly(
    desk: Client, doctor: User, db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = create_case(doctor=doctor)
    monkeypatch.setattr(signing, "signature_of", lambda _finding: "f" * 64)
    html = page(desk, url(case))
    assert "서명이 맞지 않습니다" in html
    assert "서명을 확인했습니다." not in html


def test_times_are_opened_and_closed(desk: Client, doctor: User, db: Any) -> None:
    pattern = {"weekday": "1", "start": "540", "end": "720", "slot": "20", "price": "0"}
    html = send(desk, "/doctor/availability", pattern)
    assert "화요일 09:00–12:00" in html
    assert "무료" in html
    overlapping = desk.post("/doctor/availability", data=pattern | {"start": "600", "end": "780"})
    assert overlapping.status_code == 422
    assert "이미 있는 시간과 겹칩니다." in overlapping.get_data(as_text=True)
    backwards = desk.post("/doctor/availability", data=pattern | {"start": "780", "end": "600"})
    assert backwards.status_code == 422
    own = db.session.scalar(select(Availability.id))
    other = create_pattern(create_reader()).id
    assert "이미 없는 시간입니다." in send(desk, f"/doctor/availability/{other}/remove")
    send(desk, f"/doctor/availability/{own}/remove")
    assert list(db.session.scalars(select(Availability.id))) == [other]


def test_an_empty_agenda_asks_for_hours_only_where_there_are_none(
    desk: Client, doctor: User, db: Any
) -> None:
    assert "진료 시간 정하기" in page(desk, "/doctor/agenda")
    create_pattern(doctor)
    assert "진료 시간 정하기" not in page(desk, "/doctor/agenda")


def test_the_agenda_shows_bookings_by_day_and_cancels(desk: Client, doctor: User, db: Any) -> None:
    create_pattern(doctor, price_won=12000)
    sender = create_sender(name="박봉자")
    booking = create_booking(sender, doctor)
    html = page(desk, "/doctor/agenda")
    assert "박봉자" in html
    assert "12,000원" in html
    assert "화상 진료실은 아직 없습니다." in html
    cancel = f"/doctor/bookings/{booking.public_id}/cancel"
    assert "까닭을 적어 주세요" in send(desk, cancel)
    assert consultations.upcoming_for([sender.patient.id]) == [booking]
    send(desk, cancel, {"reason": "학회에 갑니다."})
    assert "박봉자" not in page(desk, "/doctor/agenda")
    assert consultations.upcoming_for([sender.patient.id]) == []


def test_another_doctors_booking_cannot_be_cancelled(desk: Client, db: Any) -> None:
    other = create_reader()
    create_pattern(other)
    booking = create_booking(create_sender(), other)
    assert desk.post(f"/doctor/bookings/{booking.public_id}/cancel").status_code == 404
    assert db.session.get(Booking, booking.id).cancelled_at is None


def test_the_pages_speak_english_too(desk: Client, case: Case, db: Any) -> None:
    desk.set_cookie("lang", "en")
    assert "Melanoma" in page(desk, url(case))


def _digest(case: Case) -> str:
    draft = signing.draft_of(case.id, case.doctor_id or 0)
    assert draft is not None
    return draft.digest


def _card(html: str) -> str:
    """The finding's card: from its heading to its end."""
    start = html.index('<h2 class="card__title">의사의 판독</h2>')
    return html[start : html.index("</section>", start)]
