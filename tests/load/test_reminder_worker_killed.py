"""A worker that is killed while it reminds people costs time, and never a reminder."""

from __future__ import annotations

import json
import signal
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.consultations.models import Booking, BookingState
from app.infra import clock
from app.infra.database import random_id, transaction
from app.infra.jobs import Job, JobState
from app.notifications.models import (
    Delivery,
    DeliveryState,
    Notice,
    NoticeKind,
    Reminder,
    ReminderKind,
    ReminderState,
)
from tests.factories.accounts import create_doctor
from tests.factories.consultations import create_bookers
from tests.harness.workers import Start, kill_at_work, starting, until

PEOPLE = 48
KILLS = (8, 24)
"""After how many messages the worker is killed."""
AWAKE = """
import sys
from dataclasses import replace
from datetime import time
from app.infra import leftovers
from app.notifications import rules
leftovers.GAP_SECONDS = 1.0
awake = replace(rules.rules(), quiet_from=time(0), quiet_until=time(0))
rules.rules = lambda: awake
from flask.cli import main
sys.argv = ["flask", "--app", "wsgi", "worker"]
main()
"""
"""The worker, on a day without a night: the test runs at whatever hour. And what a dead one left is tried again soon:
this test is of what arrives, not of the pauses between suspects."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("real_clock")]


@pytest.fixture
def start_worker(app: Flask, database_url: str, secrets: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a real worker process over the database of `app`."""
    log = tmp_path / "worker.log"
    with starting(app, database_url, secrets, log, python=("-c", AWAKE)) as start:
        yield start


def _due_for(people: list[tuple[int, int]]) -> None:
    """Give everyone a consultation within the hour, a second apart, and a reminder of it that is due."""
    doctor_id, moment = create_doctor().id, clock.now()
    with transaction() as session:
        for number, (user_id, patient_id) in enumerate(people):
            starts_at = moment + timedelta(minutes=30, seconds=number)
            booking = Booking(public_id=random_id(), doctor_id=doctor_id, patient_id=patient_id)
            booking.booked_by_id, booking.price_won, booking.created_at = user_id, 0, moment
            booking.starts_at, booking.ends_at = starts_at, starts_at + timedelta(minutes=15)
            booking.state = BookingState.BOOKED
            reminder = Reminder(kind=ReminderKind.BOOKING_SOON, topic=booking.topic, patient_id=patient_id)
            reminder.due_at, reminder.asked_at, reminder.useful_until = moment, moment, starts_at
            reminder.state = ReminderState.WAITING
            session.add_all([booking, reminder])


def _count(db: Any, model: type, *where: Any) -> int:
    db.session.rollback()
    return int(db.session.scalar(select(func.count()).select_from(model).where(*where)))


def _sent(db: Any) -> int:
    return _count(db, Delivery, Delivery.state == DeliveryState.SENT)


def _at_work(db: Any) -> bool:
    return _count(db, Job, Job.state == JobState.RUNNING, Job.kind.like("notifications.%")) > 0


def test_killed_twice_while_reminding_everyone_is_told_once(app: Flask, db: Any, start_worker: Start) -> None:
    people = create_bookers(PEOPLE)
    _due_for(people)

    for count in KILLS:
        worker = start_worker()
        until(lambda count=count: _sent(db) >= count, worker)  # type: ignore[misc]
        kill_at_work(worker, lambda: _at_work(db))
        assert _sent(db) < PEOPLE, "killed too late to prove anything"

    worker = start_worker()
    until(lambda: _sent(db) >= PEOPLE, worker)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 0

    db.session.rollback()
    assert _count(db, Reminder, Reminder.state == ReminderState.SENT) == PEOPLE
    told = Counter(db.session.scalars(select(Notice.user_id).where(Notice.kind == NoticeKind.BOOKING_SOON)))
    assert set(told) == {user_id for user_id, _ in people}
    assert set(told.values()) == {1}
    lines = (Path(app.instance_path) / "outbox" / "sms.jsonl").read_text(encoding="utf-8").splitlines()
    received = Counter(json.loads(line)["to"] for line in lines)
    assert len(received) == PEOPLE
    # What was handed over just before a kill may have gone twice: each such message is known by its claims.
    claimed_again = sum(db.session.scalars(select(Delivery.claims - 1)))
    assert sum(received.values()) - PEOPLE <= claimed_again <= len(KILLS) * 4
