"""What was begun and not sent: a few at a time, for a while, and then gone for good."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import User
from app.audit.models import AuditEntry
from app.cases import draft_rules, drafts, forgetting, photos, service
from app.cases.errors import TooManyDrafts
from app.cases.models import Case, CaseState, Lesion
from app.cli.drawings import lesion
from app.extensions import db as database
from app.infra import jobs, worker
from app.infra.jobs import Job
from app.infra.storage import StoredObject
from tests.factories.accounts import create_child
from tests.factories.cases import CALM, create_case, create_sender
from tests.harness.clock import FrozenClock
from tests.integration.patient.conftest import Browser

LIMIT, DAYS = draft_rules.rules().limit, draft_rules.rules().keep_days


def begin(user: User, form_key: str | None = None) -> Case:
    assert user.patient is not None
    return drafts.open_draft(user, user.patient.id, form_key or drafts.new_form_key())


def state(case: Case) -> CaseState:
    database.session.rollback()
    found = database.session.get(Case, case.id, populate_existing=True)
    assert found is not None
    return found.state


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_has_begun_too_many_is_led_to_them_and_can_go_on_with_one_or_delete_one(
    browser: Callable[..., Browser],
) -> None:
    patient = browser(create_sender())
    for _ in range(LIMIT):
        patient.start()
    refused = patient.send("/patient/cases/new", form_key="one-too-many")
    assert (refused.status_code, refused.location) == (303, "/patient/#drafts")
    page = patient.get("/patient/").text
    assert f"보내지 않은 사진이 이미 {LIMIT}건 있습니다" in page
    assert 'id="drafts"' in page
    assert page.count(">이어서 하기<") == LIMIT
    oldest = drafts.open_drafts(patient.user)[-1]
    patient.send("/patient/", to=f"/patient/cases/{oldest.public_id}/withdraw")
    assert patient.send("/patient/cases/new", form_key="in-its-place").status_code == 303
    assert len(drafts.open_drafts(patient.user)) == LIMIT


def test_the_limit_is_for_each_person_and_only_for_what_was_not_sent(db: Any) -> None:
    sender = create_sender()
    for number in range(LIMIT):
        create_case(sender, state=CaseState.SUBMITTED)
        begin(sender, f"form {number}")
    with pytest.raises(TooManyDrafts):
        begin(sender)
    assert begin(sender, "form 0").state == CaseState.DRAFT, "the same form again is the same draft"
    child = create_child(sender)
    assert drafts.open_draft(sender, child.id, drafts.new_form_key()).patient_id == child.id


def test_many_begun_at_once_are_no_more_than_allowed(app: Flask, db: Any) -> None:
    sender_id, together = create_sender().id, threading.Barrier(LIMIT * 2)
    database.session.rollback()

    def start(_number: int) -> str:
        together.wait(60)
        with app.app_context():
            user = database.session.get(User, sender_id)
            assert user is not None
            try:
                begin(user)
            except TooManyDrafts:
                return "full"
            return "begun"

    with ThreadPoolExecutor(LIMIT * 2) as pool:
        assert Counter(pool.map(start, range(LIMIT * 2))) == {"begun": LIMIT, "full": LIMIT}


def test_a_draft_that_nobody_touches_is_erased_with_its_photos_and_nothing_else_is(
    db: Any, clock: FrozenClock, work: Callable[[], int], storage: Path
) -> None:
    sender = create_sender()
    left, sent = (create_case(sender, state=s, photo_count=2) for s in (CaseState.DRAFT, CaseState.SUBMITTED))
    clock.advance(days=DAYS, hours=23)
    jobs.ask_for_regular()
    work()
    assert state(left) == CaseState.DRAFT, "the day that was named is not over"
    assert drafts.kept_until(left) < clock.now
    clock.advance(hours=2)
    young = create_case(sender, state=CaseState.DRAFT)
    database.session.rollback()
    jobs.ask_for_regular()
    work()
    assert (state(left), left.answers, left.lesion) == (CaseState.WITHDRAWN, None, None)
    assert state(young) == CaseState.DRAFT
    assert sent.lesion is not None
    for photo in left.photos:
        for stored in (photo.object, photo.thumbnail):
            assert (stored.wrapped_key, stored.erased_at) == (None, clock.now)
            assert not list(storage.rglob(stored.object_id))
    kept = select(func.count(StoredObject.id)).where(StoredObject.wrapped_key.is_not(None))
    assert database.session.scalar(kept) >= 2 * len(sent.photos) + 2 * len(young.photos)
    assert database.session.scalar(select(func.count(Lesion.id))) == 2
    entry = database.session.scalar(select(AuditEntry).where(AuditEntry.action == "case.forget"))
    assert entry is not None
    assert (entry.target, entry.actor_id, entry.patient_id) == (left.topic, None, left.patient_id)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "touch",
    [
        lambda user, case: drafts.place(user, case, "neck"),
        lambda user, case: drafts.answer(user, case, CALM),
        lambda user, case: photos.add_photo(user, case, lesion("nv", 9), limit=6),
        lambda user, case: photos.remove_photo(user, case, "nothing"),
    ],
    ids=["place", "answer", "photo", "remove"],
)
def test_whoever_goes_on_with_a_draft_keeps_it_as_long_again(
    db: Any, clock: FrozenClock, touch: Callable[[User, str], Any]
) -> None:
    sender = create_sender()
    case = create_case(sender, state=CaseState.DRAFT)
    clock.advance(days=DAYS - 1)
    touch(sender, case.public_id)
    clock.advance(days=DAYS - 1)
    assert forgetting.forget_drafts() == 0
    clock.advance(days=3)
    assert forgetting.forget_drafts() == 1


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_how_long_a_draft_stays_is_said_where_drafts_are(browser: Callable[..., Browser]) -> None:
    patient = browser(create_sender())
    case = create_case(patient.user, state=CaseState.DRAFT)
    assert "12월\u00a023일 수요일까지 이어서 하지 않으시면" in patient.get("/patient/").text
    place = patient.get(f"/patient/cases/{case.public_id}/place").text
    assert f"{DAYS}일 동안 그대로 남아 있습니다" in place
    assert f"마지막으로 고친 날부터 {DAYS}일" in patient.get("/privacy").text


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_who_comes_back_to_a_draft_that_is_gone_is_not_told_that_they_withdrew_it(
    browser: Callable[..., Browser], clock: FrozenClock
) -> None:
    patient = browser(create_sender())
    case = create_case(patient.user, state=CaseState.DRAFT)
    clock.advance(days=DAYS + 2)
    forgetting.forget_drafts()
    answer = patient.get(f"/patient/cases/{case.public_id}/review")
    assert answer.status_code == 303
    page = patient.get(answer.location).text
    assert "보내지 않은 사진이라 지웠습니다" in page
    assert "거두셨습니다" not in page


def test_answers_of_a_draft_without_a_place_go_too(db: Any) -> None:
    sender = create_sender()
    case = begin(sender)
    drafts.answer(sender, case.public_id, CALM)
    service.withdraw(sender, case.public_id)
    assert (state(case), case.answers) == (CaseState.WITHDRAWN, None)


def test_the_clean_up_is_asked_for_once_in_each_hour_however_many_workers_ask(
    db: Any, clock: FrozenClock
) -> None:
    def asked() -> int:
        query = select(func.count(Job.id)).where(Job.kind == forgetting.FORGET_DRAFTS)
        return database.session.scalar(query) or 0

    for _ in range(3):
        jobs.ask_for_regular()
    assert asked() == 1
    clock.advance(seconds=forgetting.EVERY / timedelta(seconds=1))
    jobs.ask_for_regular()
    assert asked() == 2


def test_the_worker_asks_for_the_clean_up_by_itself(
    app: Flask, db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = threading.Event()
    monkeypatch.setattr(worker, "sweep", stop.set)
    database.session.rollback()
    worker._housekeeping(app, "here", 0.01, stop)
    # Other regular work is asked for beside it, in no order.
    assert forgetting.FORGET_DRAFTS in set(database.session.scalars(select(Job.kind)))
