"""What is let go of in the end: also of those of whom the law wants nothing kept, and only then is it said to be done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts import holdings, leaving
from app.accounts.holdings import kept_of
from app.accounts.models import Departure, User
from app.audit.models import AuditEntry
from app.consultations import missed
from app.consultations import own_data as bookings
from app.consultations import service as consultations
from app.consultations.identity_models import IdentityCheck
from app.consultations.models import Booking, BookingState
from app.infra import jobs
from app.notifications import own_data as notices
from app.notifications.models import Delivery, Notice
from tests.factories.accounts import create_doctor
from tests.factories.cases import create_sender
from tests.factories.consultations import create_booking, create_pattern
from tests.harness.clock import FrozenClock
from tests.integration.account.test_leaving import count, erase, own

Work = Callable[[], int]
LET_GO = select(AuditEntry.patient_id).where(AuditEntry.action == "erasure.let_go")


@pytest.fixture
def doctor(db: Any) -> User:
    """Somebody who has time on Mondays."""
    made = create_doctor()
    create_pattern(made)
    return made


def booked_for_the_last_day(user: User, doctor: User) -> Booking:
    return create_booking(user, doctor, consultations.free_times(doctor.id, days=28)[-1].starts_at)


def left(db: Any) -> list[int]:
    db.session.rollback()
    db.session.expire_all()
    return [count(db, model) for model in (Booking, IdentityCheck, Notice, Delivery)]


def next_day(clock: FrozenClock, work: Work) -> None:
    clock.advance(days=1)
    jobs.ask_for_regular()
    work()


def test_of_who_had_only_visits_that_did_not_take_place_nothing_stays(
    db: Any, doctor: User, clock: FrozenClock, work: Work
) -> None:
    user = create_sender()
    was_missed = create_booking(user, doctor)
    clock.set(was_missed.starts_at + timedelta(minutes=14))
    missed.mark_missed(was_missed.id)
    consultations.cancel(create_booking(user, doctor).id, user.id)
    work()
    erase(user, own(user), clock, work)
    assert own(user).name == "", "nothing is kept by law"
    for _ in range(2):
        next_day(clock, work)
        assert left(db) == [0, 0, 0, 0]
        assert db.session.scalars(LET_GO).all() == [own(user).id], "once"


def test_a_visit_still_to_come_goes_before_its_day_but_not_before_the_doctor_is_told(
    db: Any, doctor: User, clock: FrozenClock, work: Work
) -> None:
    user = create_sender()
    booking = booked_for_the_last_day(user, doctor)
    day = booking.starts_at
    work()
    erase(user, own(user), clock, work)
    assert booking.state == BookingState.CANCELLED
    told = db.session.scalars(select(Notice.kind).where(Notice.user_id == doctor.id)).all()
    assert "booking_cancelled" in told
    assert leaving.let_go() == 0
    assert db.session.scalars(select(Departure)).one().let_go_at is None
    next_day(clock, work)
    assert left(db) == [0, 0, 0, 0]
    assert db.session.scalars(select(Departure)).one().let_go_at == clock.now < day


def test_letting_go_that_was_cut_short_is_done_again_before_it_is_said_to_be_done(
    db: Any, doctor: User, clock: FrozenClock, work: Work, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = create_sender()
    booked_for_the_last_day(user, doctor)
    work()
    erase(user, own(user), clock, work)
    clock.advance(days=1)

    def power_goes(*_given: Any) -> None:
        raise RuntimeError("the power went")

    with monkeypatch.context() as patch:
        patch.setattr(notices, "_delete", power_goes)
        with pytest.raises(RuntimeError):
            leaving.let_go()
    booking_rows, _checks, notice_rows, _deliveries = left(db)
    assert (booking_rows, notice_rows > 0) == (0, True)
    assert db.session.scalars(select(Departure)).one().let_go_at is None
    assert leaving.let_go() == 1
    assert left(db) == [0, 0, 0, 0]


@pytest.mark.parametrize("first", [bookings, notices])
def test_notices_go_with_the_last_record_whichever_room_is_asked_first(
    db: Any, doctor: User, clock: FrozenClock, work: Work, monkeypatch: pytest.MonkeyPatch, first: Any
) -> None:
    user = create_sender()
    create_booking(user, doctor)
    clock.advance(days=14)
    work()
    erase(user, own(user), clock, work)
    [kept] = kept_of(own(user).id)
    clock.set(kept.until)
    known = holdings._holdings.copy()
    monkeypatch.setattr(holdings, "_holdings", {})
    first.register()
    holdings._holdings.update(known)
    assert leaving.let_go() == 1
    assert left(db) == [0, 0, 0, 0]
