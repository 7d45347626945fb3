"""A new case, step by step, with plain forms and nothing else."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

from app.accounts import service as accounts
from app.accounts.models import ConsentKind, User
from app.cases import drafts, questions
from app.cases.models import Case, CaseState
from app.cli.drawings import lesion
from app.extensions import db as database
from app.infra.jobs import Job
from tests.factories.accounts import create_child, create_doctor, create_patient, form_token
from tests.factories.cases import create_case
from tests.integration.patient.conftest import CONSENTS, Browser


def _only_case() -> Case:
    return database.session.scalars(database.select(Case)).one()


def test_a_case_is_sent_by_plain_forms(browser: Callable[..., Browser]) -> None:
    patient = browser()
    case = patient.start()
    answer = patient.upload(case, lesion("nv", 5))
    assert answer.status_code == 303
    patient.until_review(case)
    answer = patient.send(f"{case}/review", **CONSENTS)
    assert answer.location == case
    row = _only_case()
    assert row.state == CaseState.SUBMITTED
    assert row.lesion is not None
    assert row.lesion.body_site == "face"
    assert row.answers == {
        "since": "years", "changed": "no", "grew": "no", "raised": "no", "itches": "no", "hurts": "no",
        "bleeds": "no", "age": 72, "sex": "female", "skin_cancer": "no",
    }  # fmt: skip
    assert row.submitted_at is not None
    assert row.read_by is not None
    assert (row.read_by - row.submitted_at).total_seconds() == 24 * 3600
    assert accounts.missing_consents(patient.user, row.patient) == []
    assert "사진 확인 중" in patient.get(case).text


def test_age_and_sex_are_known_already(browser: Callable[..., Browser]) -> None:
    patient = browser()
    case = patient.start()
    assert re.search(r'name="age"[^>]*value="72"', patient.get(f"{case}/answers/age").text)
    assert re.search(r'value="female" aria-current="true"', patient.get(f"{case}/answers/sex").text)
    assert patient.answer(case, bleeds="no") == f"{case}/person"
    assert patient.get(f"{case}/person").location == f"{case}/answers/skin_cancer"
    assert _only_case().answers == {"bleeds": "no"}


def test_everything_can_be_changed_from_the_last_screen(browser: Callable[..., Browser]) -> None:
    patient = browser()
    case = patient.start()
    patient.until_review(case)
    page = patient.get(f"{case}/review").text
    answers = (f"answers/{key}" for key in questions.ALL_KEYS)
    for step in ("photos", "place", *answers):
        assert page.count(f'href="{case}/{step}">') == 1
    assert patient.answer(case, grew="yes") == f"{case}/review"
    assert f'href="{case}/review"' in patient.get(f"{case}/answers/grew").text
    assert patient.send(f"{case}/place", site="neck").location == f"{case}/review"
    assert patient.send(f"{case}/photos").location == f"{case}/review"


def test_back_leads_to_the_question_before(browser: Callable[..., Browser]) -> None:
    patient = browser()
    case = patient.start()
    patient.until_review(case)

    def back(page: str) -> str:
        found = re.search(r'page-header__back"><a href="([^"]+)"', patient.get(page).text)
        assert found
        address = html.unescape(found.group(1))
        answer = patient.get(address)
        return str(answer.location) if answer.status_code == 303 else address

    way = [f"{case}/review"]
    while not way[-1].endswith("/photos"):
        way.append(back(way[-1]))
    keys = ("skin_cancer", "bleeds", "hurts", "itches", "raised", "grew", "changed", "since")
    assert way == [
        f"{case}/review",
        *(f"{case}/answers/{key}" for key in keys),
        f"{case}/place",
        f"{case}/photos",
    ]


def test_a_draft_is_resumed_where_it_was_left(browser: Callable[..., Browser]) -> None:
    patient = browser()
    case = patient.start()
    patient.upload(case, lesion("nv", 5))
    patient.send(f"{case}/place", site="sole_left")
    assert patient.get(case).location == f"{case}/questions"
    assert f'href="{case}"' in patient.get("/patient/").text
    assert re.search(r'value="sole_left"[^>]*checked', patient.get(f"{case}/place").text)


def test_an_unfinished_screen_is_kept_as_far_as_it_makes_sense(browser: Callable[..., Browser]) -> None:
    patient = browser()
    case = patient.start()
    answer = patient.send(
        f"{case}/keep", since="years", grew="perhaps", age="81", sex="", note="검어졌다", nonsense="x"
    )
    assert answer.status_code == 204
    row = _only_case()
    assert row.answers == {"since": "years", "age": 81}
    assert row.note is None, "nobody was asked what has changed"
    patient.send(f"{case}/keep", grew="yes", age="old", note="가" * 1001)
    database.session.refresh(row)
    assert row.answers == {"since": "years", "age": 81, "grew": "yes"}
    assert row.note is None
    assert re.search(r'value="years" aria-current="true"', patient.get(f"{case}/answers/since").text)
    assert patient.get(f"{case}/questions").location == f"{case}/answers/changed"
    assert "questions" in drafts.missing_steps(row)


def test_what_is_missing_leads_back_to_its_screen(browser: Callable[..., Browser]) -> None:
    patient = browser()
    case = patient.start()
    assert patient.get(f"{case}/review").location == f"{case}/photos"
    answer = patient.send(f"{case}/answers/changed", changed="perhaps")
    assert answer.status_code == 200
    assert "고르신 답" not in answer.text
    assert "하나를 골라 주세요." in patient.send(f"{case}/answers/changed").text
    assert patient.send(f"{case}/place", site="tail").status_code == 200
    assert "나이를 숫자로 적어 주세요." in patient.send(f"{case}/answers/age", age="old").text
    assert drafts.missing_steps(_only_case()) == ["photos", "place", "questions", "person"]


def test_each_missing_consent_has_its_own_unticked_box_and_is_needed(browser: Callable[..., Browser]) -> None:
    patient = browser()
    case = patient.start()
    patient.until_review(case)
    page = patient.get(f"{case}/review").text
    boxes = re.findall(r'<input[^>]*type="checkbox"[^>]*>', page)
    assert len(boxes) == 2
    assert not any("checked" in box for box in boxes)
    assert "119" in page
    answer = patient.send(f"{case}/review", telemedicine="y")
    assert "동의하셔야 보낼 수 있습니다." in answer.text
    assert _only_case().state == CaseState.DRAFT
    assert ConsentKind.AI_NOTICE in accounts.missing_consents(patient.user, _only_case().patient)


def test_the_same_form_sent_again_is_the_same_case(browser: Callable[..., Browser], db: Any) -> None:
    patient = browser()
    page = patient.get("/patient/cases/new").text
    key = re.search(r'name="form_key"[^>]*value="([^"]+)"', page)
    assert key
    first = patient.send("/patient/cases/new", form_key=key.group(1)).location
    assert patient.send("/patient/cases/new", form_key=key.group(1)).location == first
    case = first.rsplit("/", 1)[0]
    patient.until_review(case)
    token = form_token(patient.client, f"{case}/review")
    for _ in range(3):  # a double tap, a retry, the back button
        answer = patient.client.post(f"{case}/review", data={"csrf_token": token, **CONSENTS})
        assert answer.location == case
    assert patient.send("/patient/cases/new", form_key=key.group(1)).location == case
    assert db.session.scalar(db.select(db.func.count()).select_from(Case)) == 1
    jobs = db.select(db.func.count()).select_from(Job).where(Job.kind == "analyse_case")
    assert db.session.scalar(jobs) == 1


def test_a_guardian_chooses_for_whom(browser: Callable[..., Browser]) -> None:
    guardian = create_patient()
    child = create_child(guardian)
    patient = browser(guardian)
    assert child.name in patient.get("/patient/cases/new").text
    patient.start(patient=child.public_id)
    assert _only_case().patient_id == child.id
    assert child.name in patient.get("/patient/").text


def test_nobody_sends_for_a_stranger(browser: Callable[..., Browser]) -> None:
    guardian, stranger = create_patient(), create_patient()
    create_child(guardian)
    patient = browser(guardian)
    page = patient.get("/patient/cases/new").text
    key = re.search(r'name="form_key"[^>]*value="([^"]+)"', page)
    assert key
    other = accounts.patients_for(stranger)[0].public_id
    assert patient.send("/patient/cases/new", form_key=key.group(1), patient=other).status_code == 200
    assert not database.session.scalars(database.select(Case)).all()


def test_a_draft_thrown_away_is_gone_with_its_photos(browser: Callable[..., Browser], storage: Any) -> None:
    patient = browser()
    case = patient.start()
    patient.upload(case, lesion("nv", 5))
    assert [p for p in storage.rglob("*") if p.is_file()]
    assert patient.send(f"{case}/photos", to=f"{case}/withdraw").location == "/patient/"
    assert not [p for p in storage.rglob("*") if p.is_file()]
    assert patient.get(f"{case}/place").location == case
    assert "보내지 않은 사진" not in patient.get("/patient/").text


def test_a_case_that_was_sent_cannot_be_changed(browser: Callable[..., Browser]) -> None:
    sent = create_case(state=CaseState.WAITING)
    patient = browser(database.session.get(User, sent.created_by_id))
    for step in ("photos", "place", "questions", "person", "review"):
        assert patient.get(f"/patient/cases/{sent.public_id}/{step}").location.endswith(sent.public_id)
    answers = dict(sent.answers or {})
    assert patient.send(f"/patient/cases/{sent.public_id}/keep", hurts="yes").status_code == 204
    database.session.refresh(sent)
    assert sent.answers == answers


def test_doctors_do_not_come_through_this_door(browser: Callable[..., Browser]) -> None:
    doctor = browser(create_doctor())
    for page in ("/patient/", "/patient/cases/new"):
        assert doctor.get(page).status_code == 403
