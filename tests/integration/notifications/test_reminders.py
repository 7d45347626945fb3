"""Reminders: at the right local time, once, and only of what still stands."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts.models import ConsentKind, User
from app.accounts.proxy_models import Scope
from app.cases.models import Case, CaseState
from app.consultations import service as consultations
from app.consultations.models import Booking
from app.infra import events, jobs
from app.infra.database import transaction
from app.infra.jobs import Job
from app.notifications import reminders
from app.notifications.models import Notice, Reminder, ReminderState
from tests.factories.accounts import create_patient
from tests.factories.cases import create_case
from tests.factories.consultations import create_booking, create_pattern
from tests.factories.proxies import create_permission
from tests.harness.clock import KST, FrozenClock

Work = Callable[[], int]
Sent = Callable[[], list[dict[str, str]]]


@pytest.fixture
def booking(db: Any, sender: User, reader: User, work: Work) -> Booking:
    """Next Monday (the 30th) at two in the afternoon, booked on Monday morning."""
    create_pattern(reader)
    made = create_booking(sender, reader, datetime(2026, 11, 30, 14, 0, tzinfo=KST))
    work()
    return made


def at(clock: FrozenClock, text: str) -> None:
    clock.set(datetime.fromisoformat(f"2026-{text}").replace(tzinfo=KST))


def states(db: Any) -> list[tuple[str, str, str]]:
    """Every reminder: its kind, when it is due in Korea, what became of it."""
    db.session.rollback()
    rows = db.session.scalars(
        select(Reminder).order_by(Reminder.due_at).execution_options(populate_existing=True)
    )
    return [(r.kind, r.due_at.astimezone(KST).strftime("%m-%d %H:%M"), r.state) for r in rows]


def told(db: Any, user: User) -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Notice.kind).where(Notice.user_id == user.id).order_by(Notice.id)))


def move(booking: Booking, to: datetime) -> None:
    """Move a booking as the room of consultations does it: the row and the event in one transaction."""
    with transaction() as session:
        row = session.get(Booking, booking.id)
        row.starts_at, row.ends_at = to, to + timedelta(minutes=15)
        events.publish("booking.moved", row.topic, booking_id=row.id, by="patient")


def test_a_booking_is_reminded_of_at_six_the_day_before_and_an_hour_before(
    db: Any, booking: Booking, sender: User, reader: User, work: Work, sent: Sent, clock: FrozenClock
) -> None:
    at(clock, "11-29T17:59")
    work()
    assert told(db, sender) == ["booking_made"]
    at(clock, "11-29T18:00")
    work()
    assert told(db, sender) == ["booking_made", "booking_day_before"]
    to_patient = [message for message in sent() if message["to"] == sender.mobile]
    assert (
        to_patient[-1]["body"] == "살핌: 11월 30일 월요일 오후 2:00 예약이 있습니다. 로그인하여 확인하세요."
    )
    at(clock, "11-30T13:00")
    work()
    work()
    assert told(db, sender)[2:] == ["booking_soon"]
    assert told(db, reader) == ["booking_made"]
    assert [state for _, _, state in states(db)] == ["sent", "sent"]
    assert len([message for message in sent() if message["to"] == sender.mobile]) == 3


def test_a_moved_booking_takes_its_reminders_along_and_a_cancelled_one_ends_them(
    db: Any, booking: Booking, reader: User, work: Work, clock: FrozenClock
) -> None:
    assert [due for _, due, _ in states(db)] == ["11-29 18:00", "11-30 13:00"]
    move(booking, datetime(2026, 12, 3, 9, 0, tzinfo=KST))
    work()
    assert states(db) == [
        ("booking_day_before", "11-29 18:00", "cancelled"),
        ("booking_soon", "11-30 13:00", "cancelled"),
        ("booking_day_before", "12-02 18:00", "waiting"),
        ("booking_soon", "12-03 08:00", "waiting"),
    ]
    consultations.cancel(booking.id, reader.id)
    work()
    assert {state for _, _, state in states(db)} == {"cancelled"}


def test_moved_there_and_back_again_it_is_reminded_of_once(
    db: Any, booking: Booking, sender: User, work: Work, clock: FrozenClock
) -> None:
    first = booking.starts_at
    move(booking, first + timedelta(days=1))
    work()
    move(booking, first)
    work()
    at(clock, "11-30T13:30")
    work()
    # The worker slept through both: what comes too late for its purpose is left out.
    assert told(db, sender)[-1] == "booking_soon"
    assert "booking_day_before" not in told(db, sender)
    kept = [line for line in states(db) if line[2] != "cancelled"]
    assert [state for _, _, state in kept] == ["missed", "sent"]


def test_events_heard_in_another_order_end_the_same(
    db: Any, booking: Booking, reader: User, clock: FrozenClock
) -> None:
    move(booking, datetime(2026, 12, 3, 9, 0, tzinfo=KST))
    heard = db.session.scalars(
        select(events.Event.id).where(events.Event.topic == booking.topic).order_by(events.Event.id.desc())
    ).all()
    for event_id in [*heard, *heard]:
        with transaction():
            reminders.follow(event_id)
    waiting = [due for _, due, state in states(db) if state == "waiting"]
    assert waiting == ["12-02 18:00", "12-03 08:00"]


def test_after_a_rest_the_worker_reminds_late_but_not_at_night_and_not_in_vain(
    db: Any, booking: Booking, sender: User, work: Work, clock: FrozenClock
) -> None:
    def sweep() -> None:
        for reminder_id in reminders.due():
            reminders.remind(reminder_id)
        work()

    at(clock, "11-29T23:30")
    sweep()
    assert told(db, sender) == ["booking_made"], "nobody is woken"
    at(clock, "11-30T08:00")
    sweep()
    assert told(db, sender) == ["booking_made", "booking_day_before"]
    at(clock, "11-30T14:00")
    sweep()
    assert [state for _, _, state in states(db)] == ["sent", "missed"]
    assert told(db, sender) == ["booking_made", "booking_day_before"]


def test_a_time_booked_for_soon_is_not_reminded_of_at_once(
    db: Any, sender: User, reader: User, work: Work, clock: FrozenClock
) -> None:
    create_pattern(reader)
    create_booking(sender, reader, datetime(2026, 11, 23, 14, 0, tzinfo=KST))
    work()
    assert states(db) == [("booking_soon", "11-23 13:00", "waiting")]


def test_a_job_that_is_lost_is_made_up_for_by_the_regular_look(
    db: Any, booking: Booking, sender: User, work: Work, clock: FrozenClock
) -> None:
    with transaction() as session:
        for job in session.scalars(select(Job).where(Job.kind == reminders.REMIND)).all():
            session.delete(job)
    at(clock, "11-29T18:05")
    jobs.ask_for_regular()
    work()
    assert told(db, sender) == ["booking_made", "booking_day_before"]


def test_two_who_look_at_once_remind_once(
    app: Flask, db: Any, booking: Booking, sender: User, work: Work, sent: Sent, clock: FrozenClock
) -> None:
    at(clock, "11-29T18:00")
    due, barrier, found = reminders.due(), threading.Barrier(4), []
    db.session.rollback()

    def look() -> None:
        with app.app_context():
            barrier.wait()
            found.extend(reminders.remind(reminder_id) for reminder_id in due)

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    work()
    assert found.count(ReminderState.SENT) == 1
    assert found.count(None) == 3
    assert told(db, sender).count("booking_day_before") == 1
    assert len([message for message in sent() if "오후 2:00 예약이 있습니다" in message["body"]]) == 1


def test_one_that_dies_before_the_end_leaves_the_reminder_to_the_next(
    db: Any, booking: Booking, sender: User, work: Work, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(clock, "11-29T18:00")
    (due,) = reminders.due()

    def die(*_given: Any, **_named: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(reminders.events, "publish", die)
        with pytest.raises(KeyboardInterrupt):
            reminders.remind(due)
    assert states(db)[0][2] == "waiting"
    work()
    assert told(db, sender).count("booking_day_before") == 1


def watch(case: Case, day: str | None) -> None:
    """Say when the case's lesion is to be photographed again, as the room of cases does."""
    with transaction():
        events.publish("lesion.watch_set", f"lesion:{case.lesion.public_id}", on=day)


def test_a_spot_is_to_be_photographed_again_and_once_more_a_week_later(
    db: Any, sender: User, reader: User, work: Work, sent: Sent, clock: FrozenClock
) -> None:
    case = create_case(sender, doctor=reader)
    watch(case, "2026-12-14")
    work()
    at(clock, "12-14T10:00")
    work()
    assert told(db, sender)[-1] == "photograph_again"
    assert sent()[-1]["body"] == "살핌: 사진을 다시 찍을 때가 되었습니다. 로그인하여 보내 주세요."
    at(clock, "12-21T10:00")
    work()
    assert told(db, sender).count("photograph_again") == 2
    notice = db.session.scalar(select(Notice).order_by(Notice.id.desc()))
    assert notice.arguments == {"lesion": case.lesion.public_id, "patient": sender.patient.public_id}


def test_who_has_sent_a_new_photo_is_not_asked_again(
    db: Any, sender: User, reader: User, work: Work, clock: FrozenClock
) -> None:
    case = create_case(sender, doctor=reader)
    watch(case, "2026-12-14")
    work()
    at(clock, "12-14T10:00")
    work()
    newer = create_case(sender, state=CaseState.WAITING)
    with transaction() as session:
        session.get(Case, newer.id).lesion_id = case.lesion_id
    at(clock, "12-21T10:00")
    work()
    assert told(db, sender).count("photograph_again") == 1
    assert [state for _, _, state in states(db)] == ["sent", "cancelled"]


def test_watching_can_be_put_off_and_stopped(db: Any, sender: User, reader: User, work: Work) -> None:
    case = create_case(sender, doctor=reader)
    watch(case, "2026-12-14")
    work()
    watch(case, "2027-02-22")
    work()
    waiting = [due for _, due, state in states(db) if state == "waiting"]
    assert waiting == ["02-22 10:00", "03-01 10:00"]
    watch(case, None)
    work()
    assert {state for _, _, state in states(db)} == {"cancelled"}


def test_a_visit_in_person_is_reminded_of_unless_the_finding_changes(
    db: Any, sender: User, reader: User, work: Work, clock: FrozenClock
) -> None:
    create_case(sender, doctor=reader, next_step="in_person", within_days=14)
    work()
    ((kind, due, state),) = states(db)
    assert (kind, state) == ("in_person_due", "waiting")
    assert due == "12-04 10:00"
    at(clock, "12-04T10:00")
    work()
    assert told(db, sender)[-1] == "in_person_due"


@pytest.mark.parametrize(("scope", "is_told"), [(Scope.SEND, False), (Scope.READ, True)])
def test_of_helpers_only_who_may_read_the_finding_is_reminded_of_the_visit(
    db: Any, sender: User, reader: User, work: Work, clock: FrozenClock, scope: Scope, is_told: bool
) -> None:
    helper = create_patient()
    create_permission(sender.patient, helper, scope=scope)
    create_case(sender, doctor=reader, next_step="in_person", within_days=14)
    work()
    at(clock, "12-04T10:00")
    work()
    assert told(db, sender)[-1] == "in_person_due"
    assert ("in_person_due" in told(db, helper)) is is_told


def test_whose_consent_is_gone_is_left_in_peace(
    db: Any, sender: User, reader: User, work: Work, clock: FrozenClock
) -> None:
    case = create_case(sender, doctor=reader)
    watch(case, "2026-12-14")
    work()
    accounts.withdraw_consent(sender, sender.patient, ConsentKind.HEALTH_DATA)
    work()
    at(clock, "12-14T10:00")
    work()
    assert "photograph_again" not in told(db, sender)
    assert ("photograph_again", "12-14 10:00", "cancelled") in states(db)
