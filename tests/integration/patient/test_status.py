"""What a patient is told: where the case stands, what comes next and by when, and nothing of the model's before."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts.models import User
from app.audit.models import AuditEntry
from app.cases import diagnoses, signing
from app.cases.models import Case, CaseState
from app.extensions import db as database
from tests.factories import cases as factory
from tests.factories.accounts import create_child, create_doctor, create_patient
from tests.factories.cases import CALM, OPINION, RED_FLAGS, WORRYING, analyse, create_case, create_sender
from tests.factories.consultations import create_booking, create_pattern
from tests.harness.client import Client
from tests.integration.patient.conftest import Browser

# What a page shows does not depend on the database; the services behind it are tested on both.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

UNSIGNED = [CaseState.SUBMITTED, CaseState.WAITING, CaseState.READING, CaseState.WITHDRAWN]


def owner_of(case: Case) -> User:
    user = database.session.get(User, case.created_by_id)
    assert user is not None
    return user


def traces_of_the_model(text: str) -> list[str]:
    """Return what in a page or a stream could come from the model's opinion."""
    names = [word for d in diagnoses.all_diagnoses() for word in (d.ko, d.en) if d.key not in ("other",)]
    found = [name for name in names if name in text]
    keys = [d.key for d in diagnoses.all_diagnoses() if d.key != "other"]
    keys += ["probabilities", "risk", "malignant", "premalignant", "heatmap", "opinion"]
    found += [key for key in keys if re.search(rf"[\"'>\s/]{key}[\"'<\s:,]", text)]
    numbers = [*WORRYING["probabilities"].values(), WORRYING["risk"]]
    for number in numbers:
        percent = f"{number * 100:.0f}%"
        found += [
            shape for shape in (str(number), percent) if re.search(rf"(?<![\d.]){re.escape(shape)}", text)
        ]
    return found


def test_the_search_for_traces_finds_some_on_a_signed_page(browser: Callable[..., Browser]) -> None:
    case = create_case(state=CaseState.SIGNED, opinion=WORRYING, diagnosis="mel", next_step="consult")
    page = browser(owner_of(case)).get(f"/patient/cases/{case.public_id}").text
    traces = traces_of_the_model(page)
    assert "흑색종" in traces
    assert "88%" in traces
    assert "heatmap" in traces


@pytest.mark.parametrize("state", UNSIGNED)
@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("answers", [CALM, RED_FLAGS], ids=["calm", "red flags"])
def test_before_the_signature_nothing_tells_what_the_model_thinks(
    browser: Callable[..., Browser], state: CaseState, language: str, answers: dict[str, Any]
) -> None:
    case = create_case(state=state, opinion=WORRYING, answers=answers)
    patient = browser(owner_of(case))
    patient.client.set_cookie("lang", language)
    base = f"/patient/cases/{case.public_id}"
    for address in ("/patient/", base, f"{base}/status"):
        answer = patient.get(address)
        assert answer.status_code == 200
        assert traces_of_the_model(answer.text) == []
    photo = case.photos[0].public_id
    assert patient.get(f"/patient/photos/{photo}/heatmap").status_code == 404


def test_who_sends_for_others_sees_whose_photo_it_is(browser: Callable[..., Browser]) -> None:
    mother = create_sender()
    case = create_case(mother, state=CaseState.WAITING)
    patient = browser(mother)
    address = f"/patient/cases/{case.public_id}"
    assert re.search(r"<h1[^>]*>얼굴·귀</h1>", patient.get(address).text)
    child = create_child(mother, name="이하늘", consents=accounts.BEFORE_A_CASE)
    for_child = create_case(mother, state=CaseState.WAITING, patient=child)
    page = patient.get(f"/patient/cases/{for_child.public_id}").text
    assert re.search(r"<h1[^>]*>이하늘 · 얼굴·귀</h1>", page)
    assert "<title>이하늘 · 얼굴·귀" in page
    assert re.search(rf"<h1[^>]*>{mother.name} · 얼굴·귀</h1>", patient.get(address).text)


@pytest.mark.parametrize(
    ("state", "label"),
    [
        (CaseState.SUBMITTED, "사진 확인 중"),
        (CaseState.WAITING, "의사를 기다리는 중"),
        (CaseState.READING, "의사가 읽는 중"),
        (CaseState.SIGNED, "판독 완료"),
        (CaseState.WITHDRAWN, "거둠"),
    ],
)
def test_each_state_says_what_happens_next(
    browser: Callable[..., Browser], state: CaseState, label: str
) -> None:
    case = create_case(state=state)
    patient = browser(owner_of(case))
    assert label in patient.get("/patient/").text
    page = patient.get(f"/patient/cases/{case.public_id}").text
    if state in (CaseState.SUBMITTED, CaseState.WAITING, CaseState.READING):
        assert "11월\u00a024일\u00a0(화) 오전\u00a010:00까지" in page
        assert "보낸 것을 거두기" in page


def test_when_no_doctor_has_read_in_time_it_says_so_and_what_to_do(
    browser: Callable[..., Browser], clock: Any
) -> None:
    case = create_case(state=CaseState.WAITING)
    clock.advance(hours=25)
    patient = browser(owner_of(case))
    page = patient.get(f"/patient/cases/{case.public_id}").text
    assert "까지 의사가 읽지 못했습니다. 죄송합니다." in page
    assert "가까운 피부과나 보건소에서 진료를 받으세요." in page
    assert "119" in page
    assert "판독이 늦어지고 있습니다" in patient.get("/patient/").text


@pytest.mark.parametrize(
    ("answers", "opinion", "words"),
    [
        (RED_FLAGS, None, ["이런 알림이 얼마나 맞는지는 재지 않았습니다"]),
        (CALM, WORRYING, ["100건 가운데 약 74건", "66~81건", "진단이 아니며"]),
        (RED_FLAGS, WORRYING, ["100건 가운데 약 74건", "답하신 내용에 따른 알림"]),
    ],
    ids=["answers", "model", "both"],
)
def test_an_urgent_notice_says_what_it_rests_on_and_how_often_such_notices_are_right(
    browser: Callable[..., Browser], answers: dict[str, Any], opinion: dict[str, Any] | None, words: list[str]
) -> None:
    case = create_case(state=CaseState.WAITING, answers=answers, opinion=opinion)
    page = browser(owner_of(case)).get(f"/patient/cases/{case.public_id}").text
    assert "서둘러 확인하는 것이 좋겠습니다" in page
    assert all(word in page for word in words)


@pytest.mark.parametrize("photos", [1, 2])
def test_the_share_says_what_was_measured_single_photos_that_were_cancer_or_a_stage_before_it(
    browser: Callable[..., Browser], photos: int
) -> None:
    case = create_case(state=CaseState.WAITING, opinion=WORRYING, photo_count=photos)
    page = browser(owner_of(case)).get(f"/patient/cases/{case.public_id}").text
    first_sight, _, below = page.partition("며칠 안으로 예약해 두세요")
    assert re.search(r"사진을 한 장씩 시험했을 때, [^.]*암이거나 암 전 단계였습니다", below)
    assert "실제로는 이보다 적게 맞을 수 있습니다" in below
    assert not re.search(r"100건|암이거나", first_sight), "what to do comes before a number that frightens"
    assert "틀릴 수 있습니다" in first_sight
    assert "서둘러 볼 것이었습니다" not in page
    assert ("여러 장을 함께 본 알림이 얼마나 맞는지는 재지 않았습니다." in page) == (photos > 1)


def test_without_a_reason_nobody_is_alarmed(browser: Callable[..., Browser]) -> None:
    case = create_case(state=CaseState.WAITING)
    assert "서둘러" not in browser(owner_of(case)).get(f"/patient/cases/{case.public_id}").text


def test_the_finding_stands_above_the_machine_and_says_who_signed(browser: Callable[..., Browser]) -> None:
    doctor = create_doctor(name="최은영", clinic="나루피부과의원")
    case = create_case(doctor=doctor, next_step="in_person", within_days=7, diagnosis="bcc", reason="모양")
    patient = browser(owner_of(case))
    page = patient.get(f"/patient/cases/{case.public_id}").text
    order = ["상담 전 판독", "기저세포암", "가장 흔한 피부암", "다음에 할 일",
             "2026년 11월\u00a030일 월요일까지 피부과", "의사의 말", "인공지능과 다르게 본 까닭", "최은영 의사",
             "나루피부과의원", "인공지능의 분석 (참고)", "77%"]  # fmt: skip
    places = [page.find(words) for words in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places)
    assert "진단이나 처방이 아닙니다" in page
    assert patient.get(f"/patient/photos/{case.photos[0].public_id}/heatmap").mimetype == "image/png"
    for what in ("finding.read", "prediction.read", "heatmap.read"):
        read = database.select(AuditEntry).where(AuditEntry.action == what)
        assert [entry.actor_id for entry in database.session.scalars(read)] == [patient.user.id], what


def test_the_answer_comes_first_and_the_rest_is_folded(browser: Callable[..., Browser]) -> None:
    case = create_case(next_step="in_person", within_days=7)
    page = browser(owner_of(case)).get(f"/patient/cases/{case.public_id}").text
    answer, *folded = page.split('<details class="card fold')
    assert "다음에 할 일" in answer
    assert "의사의 말" in answer
    titles = [re.search(r'card__title">([^<]+)<', part) for part in folded]
    assert [title and title[1] for title in titles] == [
        "이럴 때는 기다리지 마세요",
        "어디를 본 판독인가요?",
        "병원에 가져가기",
        "이 점 지켜보기",
        "의사에게 한 가지 물어보기",
        "인공지능의 분석 (참고)",
        "지금까지, 그리고 다음",
        "답하신 내용 보기",
    ]
    opened = [part.split(">")[0].endswith(" open") for part in folded]
    assert opened == [True, *[False] * 7], "what is dangerous is in sight, the rest one press away"


def test_a_machine_that_seems_to_say_the_same_is_not_said_to_be_contradicted(
    browser: Callable[..., Browser], monkeypatch: pytest.MonkeyPatch
) -> None:
    # The most probable class is the doctor's; the model's own choice, which weighs rare diseases up, is not.
    weighing = replace(factory.MODEL, pool=lambda said: replace(factory.pool(said), top="mel"))
    monkeypatch.setattr(factory, "analyse", partial(analyse, model=weighing))
    said = OPINION | {"probabilities": WORRYING["probabilities"] | {"mel": 0.3, "nv": 0.61}}
    case = create_case(opinion=said, diagnosis="nv", reason="고른 점입니다.")
    page = browser(owner_of(case)).get(f"/patient/cases/{case.public_id}").text
    assert "고른 점입니다." in page
    assert "의사가 이렇게 본 까닭" in page
    assert "다르게 본" not in page


def test_where_the_analysis_failed_it_says_so_and_the_doctors_word_stands_alone(
    browser: Callable[..., Browser],
) -> None:
    case = create_case(opinion=None)
    page = browser(owner_of(case)).get(f"/patient/cases/{case.public_id}").text
    assert "인공지능이 분석하지 못했습니다. 의사가 직접 읽었습니다." in page
    assert "guesses" not in page


def test_an_amended_finding_is_shown_with_the_versions_before(browser: Callable[..., Browser]) -> None:
    doctor = create_doctor()
    case = create_case(doctor=doctor)
    draft = signing.Draft(
        "nv", "다시 보니 석 달 뒤에 한 번 더 찍는 것이 좋겠습니다.", "watch", amendment_reason="더 살핌"
    )
    signing.save_draft(case.id, doctor.id, draft)
    signing.sign(case.id, doctor.id, draft.digest)
    page = browser(owner_of(case)).get(f"/patient/cases/{case.public_id}").text
    assert (
        page.index("의사가 판독을 고쳤습니다") < page.index("다시 보니") < page.index("고치기 전의 판독 보기")
    )
    assert "더 살핌" in page
    assert "해롭지 않은 점으로 보입니다." in page[page.index("고치기 전의 판독 보기") :]


def test_one_question_can_be_asked_once_and_its_answer_is_shown(browser: Callable[..., Browser]) -> None:
    doctor = create_doctor()
    case = create_case(doctor=doctor)
    patient = browser(owner_of(case))
    base = f"/patient/cases/{case.public_id}"
    assert patient.send(base, to=f"{base}/question", text="  ").status_code == 422
    assert patient.send(base, to=f"{base}/question", text="긁어도 되나요?").status_code == 303
    assert patient.send(base, to=f"{base}/question", text="또 물어봐도 되나요?").status_code == 303
    page = patient.get(base).text
    assert "긁어도 되나요?" in page
    assert "또 물어봐도" not in page
    assert "의사의 답을 기다리고 있습니다" in page
    signing.answer(case.id, doctor.id, "긁지 않는 것이 좋습니다.")
    assert "긁지 않는 것이 좋습니다." in patient.get(base).text


def test_a_case_can_be_withdrawn_until_it_is_signed(browser: Callable[..., Browser], storage: Any) -> None:
    sender = create_sender()
    open_case, signed = create_case(sender, state=CaseState.WAITING), create_case(sender)
    patient = browser(sender)
    for case in (open_case, signed):
        page = f"/patient/cases/{case.public_id}"
        patient.send(page, to=f"{page}/withdraw")
    database.session.expire_all()
    assert database.session.get(Case, open_case.id).state == CaseState.WITHDRAWN
    assert database.session.get(Case, signed.id).state == CaseState.SIGNED
    assert patient.get(f"/patient/photos/{open_case.photos[0].public_id}").status_code == 404
    assert all(photo.object.erased_at is not None for photo in open_case.photos)
    assert all(photo.object.erased_at is None for photo in signed.photos)


def test_the_live_part_is_only_drawn_anew_when_something_changed(browser: Callable[..., Browser]) -> None:
    case = create_case(state=CaseState.SUBMITTED)
    patient = browser(owner_of(case))
    base = f"/patient/cases/{case.public_id}"
    seen = re.search(r'name="seen" value="([^"]+)"', patient.get(base).text)
    assert seen
    assert patient.get(f"{base}/status?seen={seen.group(1)}").status_code == 204
    analyse(case)
    changed = patient.get(f"{base}/status?seen={seen.group(1)}")
    assert changed.status_code == 200
    assert "의사를 기다리는 중" in changed.text
    assert "<html" not in changed.text


@pytest.mark.parametrize("state", [s for s in CaseState if s not in (CaseState.DRAFT, CaseState.RESTRICTED)])
def test_without_scripts_the_page_of_a_case_that_waits_loads_itself_again(
    browser: Callable[..., Browser], state: CaseState
) -> None:
    case = create_case(state=state)
    page = browser(owner_of(case)).get(f"/patient/cases/{case.public_id}").text
    waits = state not in (CaseState.SIGNED, CaseState.WITHDRAWN)
    assert ('<noscript><meta http-equiv="refresh"' in page) == waits


def test_strangers_see_nothing_of_a_case(browser: Callable[..., Browser], app: Flask) -> None:
    case = create_case()
    stranger = browser(create_patient())
    photo = case.photos[0].public_id
    base = f"/patient/cases/{case.public_id}"
    for address in (base, f"{base}/status", f"{base}/events", f"/patient/photos/{photo}/heatmap"):
        assert stranger.get(address).status_code == 404
    visitor = app.test_client()
    assert isinstance(visitor, Client)
    assert visitor.get(base).status_code == 302


def test_the_page_of_a_case_records_no_booking_that_it_does_not_show(
    browser: Callable[..., Browser], db: Any
) -> None:
    user = create_sender()
    child = create_child(user)
    case = create_case(user, patient=child)
    doctor = create_doctor()
    create_pattern(doctor)
    booking = create_booking(user, doctor, patient=child)
    listed = select(AuditEntry.target).where(AuditEntry.action == "booking.listed")
    guardian = browser(user)
    assert guardian.get(f"/patient/cases/{case.public_id}").status_code == 200
    assert db.session.scalars(listed).all() == []
    assert booking.public_id in guardian.get("/patient/bookings").text
    assert db.session.scalars(listed).all() == [booking.topic]
