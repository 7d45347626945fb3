"""A lesion's story on both databases, and two taps at once."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from app.accounts.models import User
from app.cases import lesions, service
from app.cases.models import Case, CaseState, Lesion
from app.extensions import db as database
from tests.factories.cases import create_case, create_follow_up, create_sender
from tests.harness.clock import FrozenClock


def lesion_of(case: Case) -> Lesion:
    assert case.lesion is not None
    return case.lesion


def test_the_story_is_told_in_order_of_time_without_what_was_taken_back(db: Any, clock: FrozenClock) -> None:
    user = create_sender()
    first = create_case(user)
    clock.advance(days=30)
    gone = create_follow_up(user, first, state=CaseState.WITHDRAWN)
    clock.advance(days=30)
    last = create_follow_up(user, first, state=CaseState.WAITING, note="진해짐")
    create_follow_up(user, first, state=CaseState.DRAFT)
    told = lesions.story_of(user, lesion_of(first))
    assert [case.id for case in told] == [first.id, last.id]
    assert gone.lesion_id == first.lesion_id
    [followed] = lesions.lesions_of(user, [first.patient_id])
    assert [photo.case_id for photo in followed.photos] == [first.id, last.id]
    assert lesions.lesions_of(create_sender(), [first.patient_id]) == []


def test_a_lesion_whose_last_case_is_taken_back_is_not_waited_for(db: Any) -> None:
    user = create_sender()
    case = create_case(user, state=CaseState.WAITING)
    lesion = lesions.watch(user, lesion_of(case).public_id, 1)
    assert isinstance(lesion.photograph_again_on, date)
    service.withdraw(user, case.public_id)
    db.session.refresh(lesion)
    assert lesion.photograph_again_on is None


def test_two_taps_at_once_begin_one_case(app: Flask, db: Any) -> None:
    user = create_sender()
    public_id, user_id = lesion_of(create_case(user)).public_id, user.id
    db.session.rollback()
    begun: list[str] = []
    together = threading.Barrier(2)

    def tap() -> None:
        with app.app_context():
            who = database.session.get(User, user_id)
            assert who is not None
            together.wait(timeout=30)
            begun.append(lesions.again(who, public_id).public_id)

    taps = [threading.Thread(target=tap) for _ in range(2)]
    for thread in taps:
        thread.start()
    for thread in taps:
        thread.join(timeout=60)
    assert len(begun) == 2
    assert len(set(begun)) == 1
    drafts = select(func.count()).select_from(Case).where(Case.state == CaseState.DRAFT)
    assert db.session.scalar(drafts) == 1
