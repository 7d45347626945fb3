"""The queue: two bands, one way in, one doctor for each case."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.models import User
from app.cases import reading
from app.cases.models import Case, CaseState
from app.cases.reading_models import HandedBack
from tests.factories.cases import (
    CALM,
    OPINION,
    RED_FLAGS,
    WORRYING,
    create_case,
    create_reader,
    create_sender,
)
from tests.harness.clock import FrozenClock


@pytest.fixture
def sender(db: Any) -> User:
    return create_sender()


def waiting(sender: User, **given: Any) -> Case:
    return create_case(sender, state=CaseState.WAITING, **given)


def test_within_a_band_only_the_time_of_sending_counts(sender: User, clock: FrozenClock) -> None:
    """Neither the degree of the risk nor what it rests on moves a case within its band."""
    made = []
    for opinion, answers in (
        (OPINION, RED_FLAGS),
        (WORRYING, CALM),
        (WORRYING, RED_FLAGS),
        (OPINION, RED_FLAGS),
    ):
        made.append(waiting(sender, opinion=opinion, answers=answers).id)
        clock.advance(minutes=1)
    assert [_next_id() for _ in made] == made


def test_the_soon_band_goes_first_then_the_others_in_turn(sender: User, clock: FrozenClock) -> None:
    calm = waiting(sender)
    clock.advance(minutes=5)
    soon = waiting(sender, answers=RED_FLAGS)
    assert reading.waiting_count() == 2
    assert [_next_id(), _next_id(), _next_id()] == [soon.id, calm.id, None]


def test_what_has_waited_long_goes_before_newer_urgent_cases(sender: User, clock: FrozenClock) -> None:
    old = waiting(sender)
    clock.advance(hours=13)
    urgent = waiting(sender, answers=RED_FLAGS)
    assert [_next_id(), _next_id()] == [old.id, urgent.id]


def test_a_doctor_holds_a_few_cases_only(sender: User) -> None:
    doctor = create_reader()
    for _ in range(4):
        waiting(sender)
    held = [reading.take_next(doctor.id) for _ in range(3)]
    with pytest.raises(reading.HandsFull):
        reading.take_next(doctor.id)
    assert reading.in_hand(doctor.id) == held


def test_a_case_put_back_keeps_its_place_and_is_offered_to_others_first(
    sender: User, clock: FrozenClock
) -> None:
    first = waiting(sender)
    clock.advance(minutes=1)
    second = waiting(sender)
    doctor, other = create_reader(), create_reader()
    taken = reading.take_next(doctor.id)
    assert taken is not None
    assert taken.id == first.id
    reading.put_back(first.id, doctor.id)
    assert _take(doctor) == second.id
    assert _take(other) == first.id


def test_who_put_a_case_back_gets_it_again_when_there_is_no_other(sender: User) -> None:
    only, doctor = waiting(sender), create_reader()
    _take(doctor)
    reading.put_back(only.id, doctor.id)
    assert _take(doctor) == only.id


def test_only_who_holds_a_case_can_put_it_back(sender: User) -> None:
    case, doctor = waiting(sender), create_reader()
    _take(doctor)
    with pytest.raises(reading.NotInHand):
        reading.put_back(case.id, create_reader().id)
    assert reading.in_hand(doctor.id) == [case]


def test_a_case_held_too_long_returns_by_itself(
    sender: User, clock: FrozenClock, work: Callable[[], int], db: Any
) -> None:
    case, doctor = waiting(sender), create_reader()
    _take(doctor)
    clock.advance(hours=3, minutes=59)
    work()
    assert reading.in_hand(doctor.id) == [case]
    clock.advance(minutes=2)
    assert reading.waiting_count() == 1
    db.session.rollback()
    work()
    db.session.refresh(case)
    assert (case.state, case.doctor_id, case.taken_at) == (CaseState.WAITING, None, None)
    assert db.session.scalars(select(HandedBack.reason)).all() == ["overdue"]


def test_a_case_held_too_long_can_be_taken_even_if_no_worker_lives(sender: User, clock: FrozenClock) -> None:
    case = waiting(sender)
    _take(create_reader())
    clock.advance(hours=5)
    assert _take(create_reader()) == case.id


def test_a_case_that_was_signed_in_time_does_not_return(
    sender: User, clock: FrozenClock, work: Callable[[], int], db: Any
) -> None:
    case = create_case(sender, state=CaseState.SIGNED)
    clock.advance(hours=5)
    db.session.rollback()
    work()
    assert reading.release_overdue() == 0
    db.session.refresh(case)
    assert case.state == CaseState.SIGNED


def test_many_doctors_at_once_get_different_cases(app: Flask, sender: User, db: Any) -> None:
    cases = [waiting(sender, answers=RED_FLAGS if n % 3 == 0 else CALM).id for n in range(12)]
    doctors = [create_reader().id for _ in range(24)]
    together = threading.Barrier(len(doctors))
    db.session.rollback()

    def take(doctor_id: int) -> int | None:
        together.wait(60)
        with app.app_context():
            case = reading.take_next(doctor_id)
            return case.id if case else None

    with ThreadPoolExecutor(len(doctors)) as pool:
        taken = Counter(pool.map(take, doctors))
    assert taken.pop(None) == len(doctors) - len(cases)
    assert taken == Counter(cases)


def test_one_doctor_pressing_many_times_at_once_holds_no_more_than_allowed(
    app: Flask, sender: User, db: Any
) -> None:
    for _ in range(8):
        waiting(sender)
    doctor_id, together = create_reader().id, threading.Barrier(8)
    db.session.rollback()

    def take(_number: int) -> str:
        together.wait(60)
        with app.app_context():
            try:
                reading.take_next(doctor_id)
            except reading.HandsFull:
                return "full"
            return "taken"

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(take, range(8))) == {"taken": 3, "full": 5}


def _take(doctor: User) -> int | None:
    case = reading.take_next(doctor.id)
    return case.id if case else None


def _next_id() -> int | None:
    return _take(create_reader())
