"""From a child's 14th birthday in Korea on, their guardian reads what there is and starts nothing new."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import pytest

from app.accounts import service as accounts
from app.accounts.errors import NotYours
from app.accounts.models import ConsentKind, Patient, User
from app.cases import drafts, photos, policy, service
from app.cases.errors import OfAge
from app.cases.models import Case, CaseState
from app.cli.drawings import lesion
from app.consultations import service as consultations
from app.infra.clock import KST
from tests.factories.accounts import create_child
from tests.factories.cases import CALM, create_case, create_reader, create_sender
from tests.factories.consultations import create_booking, create_pattern
from tests.harness.clock import FrozenClock
from tests.integration.patient.conftest import Browser

BORN = date(2012, 11, 24)
EVE = datetime(2026, 11, 23, 23, 59, tzinfo=KST)
"""In London it is the same day a minute later; in Korea it is the 14th birthday."""


@pytest.fixture
def guardian(db: Any) -> User:
    return create_sender(name="김보호")


@pytest.fixture
def child(guardian: User) -> Patient:
    return create_child(guardian, name="김소년", birth_date=BORN)


def turn_14(clock: FrozenClock) -> None:
    clock.set(EVE)
    clock.advance(minutes=1)


def starting(user: User, child: Patient, draft: str, signed: str) -> dict[str, Callable[[], Any]]:
    """Return everything by which something new begins for a child."""
    return {
        "open": lambda: drafts.open_draft(user, child.id, drafts.new_form_key()),
        "place": lambda: drafts.place(user, draft, "neck"),
        "answer": lambda: drafts.answer(user, draft, CALM),
        "photo": lambda: photos.add_photo(user, draft, lesion("nv", 9), limit=6),
        "submit": lambda: service.submit(user, draft, reading_hours=24),
        "ask": lambda: service.ask(user, signed, "괜찮을까요?"),
    }


def test_the_day_in_korea_decides(guardian: User, child: Patient, clock: FrozenClock, db: Any) -> None:
    draft = create_case(guardian, patient=child, state=CaseState.DRAFT)
    accounts.give_consents(guardian, child, accounts.BEFORE_A_CASE)
    signed = create_case(guardian, patient=child)
    acts = starting(guardian, child, draft.public_id, signed.public_id)
    turn_14(clock)
    for name, act in acts.items():
        with pytest.raises(OfAge):
            act()
        assert not policy.can_go_on(guardian, draft), name
    assert not policy.can_ask(guardian, signed)
    assert not policy.can_book(guardian, signed)
    clock.set(EVE)
    for act in acts.values():
        act()


def test_a_guardian_no_longer_agrees_for_them_but_may_take_back_what_was_given(
    guardian: User, child: Patient, clock: FrozenClock
) -> None:
    accounts.give_consents(guardian, child, [ConsentKind.AI_NOTICE])
    turn_14(clock)
    with pytest.raises(NotYours):
        accounts.give_consents(guardian, child, [ConsentKind.TELEMEDICINE])
    accounts.withdraw_consent(guardian, child, ConsentKind.AI_NOTICE)
    assert ConsentKind.AI_NOTICE in accounts.missing_consents(guardian, child)


def test_what_was_sent_before_stays_to_be_read_and_can_be_taken_back(
    guardian: User, child: Patient, clock: FrozenClock, browser: Callable[..., Browser]
) -> None:
    signed = create_case(guardian, patient=child)
    waiting = create_case(guardian, patient=child, state=CaseState.WAITING)
    turn_14(clock)
    page = browser(guardian).get(f"/patient/cases/{signed.public_id}")
    assert "석 달에 한 번" in page.text
    assert "만 14세가 되어" in page.text
    assert "질문 보내기" not in page.text
    assert "/bookings/new" not in page.text.split("<main", 1)[1]
    assert policy.can_see_opinion(guardian, signed)
    assert service.withdraw(guardian, waiting.public_id).state == CaseState.WITHDRAWN


def test_the_pages_say_why_and_what_to_do(
    guardian: User, child: Patient, clock: FrozenClock, browser: Callable[..., Browser]
) -> None:
    draft = create_case(guardian, patient=child, state=CaseState.DRAFT)
    younger = create_child(guardian, name="김동생")
    pages = ("/account/dependents", "/account/consents", "/patient/", "/patient/cases/new")
    before = browser(guardian)
    for page in pages:
        assert "직접 가입해야" not in before.get(page).text, page
    turn_14(clock)
    phone = browser(guardian)
    for page in pages:
        assert "김소년 님은 만 14세가 되어" in phone.get(page).text, page
        assert "김동생 님은" not in phone.get(page).text, page
    choices = phone.get("/patient/cases/new").text
    assert younger.public_id in choices
    assert child.public_id not in choices
    assert f"/cases/{draft.public_id}/review" not in phone.get("/patient/").text
    for step in ("photos", "place", "questions", "person", "review"):
        assert phone.get(f"/patient/cases/{draft.public_id}/{step}").location == "/patient/", step
    assert "김소년 님은 만 14세가 되어" in phone.get("/patient/").text
    base = f"/account/consents/{child.public_id}/telemedicine/give"
    assert base not in phone.get("/account/consents").text
    phone.send("/account/consents", base, agree="y")
    assert ConsentKind.TELEMEDICINE in accounts.missing_consents(guardian, child)
    assert phone.send("/patient/", f"/patient/cases/{draft.public_id}/withdraw").status_code == 303
    assert _state(draft) == CaseState.WITHDRAWN


def _state(case: Case) -> str:
    from app.extensions import db

    row = db.session.get(Case, case.id, populate_existing=True)
    assert row is not None
    return row.state


def test_no_consultation_is_booked_for_them(
    guardian: User, child: Patient, clock: FrozenClock, browser: Callable[..., Browser]
) -> None:
    doctor = create_reader()
    create_pattern(doctor)
    accounts.give_consents(guardian, child, [ConsentKind.TELEMEDICINE])
    booked = create_booking(guardian, doctor, patient=child)
    create_child(guardian, name="김동생")
    turn_14(clock)
    phone = browser(guardian)
    slot = consultations.free_times(doctor.id, days=28)[0]
    at = slot.starts_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    page = f"/patient/bookings/confirm?doctor={doctor.id}&at={at}"
    shown = phone.get(page).text
    assert "김소년 님은 만 14세가 되어" in shown
    assert child.public_id not in shown
    fields = {"doctor": str(doctor.id), "at": at, "price": "0", "case": "", "telemedicine": "y"}
    assert phone.send(page, "/patient/bookings", patient=child.public_id, **fields).status_code == 422
    assert consultations.upcoming_for([child.id]) == []  # the one of that Monday is over
    assert phone.get(f"/patient/bookings/{booked.public_id}").status_code == 200
