"""A worker that is killed in the middle of its work costs time, never a case and never a second answer."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.cases.models import Case, CaseState, Prediction
from app.infra import events
from app.infra.jobs import Job, JobState
from tests.factories.cases import create_case, create_sender
from tests.harness.workers import Start, kill_at_work, starting, until

CASES = 200
KILLS = (20, 90)
"""After how many predictions the worker is killed."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("real_clock")]


@pytest.fixture
def start_worker(app: Flask, database_url: str, secrets: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a real worker process over the database of `app`."""
    with starting(app, database_url, secrets, tmp_path / "worker.log") as start:
        yield start


def predictions(db: Any) -> int:
    db.session.rollback()
    return int(db.session.scalar(select(func.count(Prediction.id))))


def at_work(db: Any) -> bool:
    db.session.rollback()
    return JobState.RUNNING in set(db.session.scalars(select(Job.state).where(Job.kind == "analyse_case")))


def test_killed_twice_among_200_photos_every_case_is_analysed_once(db: Any, start_worker: Start) -> None:
    sender = create_sender()
    for _ in range(CASES):
        create_case(sender, state=CaseState.SUBMITTED)

    for count in KILLS:
        worker = start_worker()
        until(lambda count=count: predictions(db) >= count, worker)  # type: ignore[misc]
        kill_at_work(worker, lambda: at_work(db))
        assert predictions(db) < CASES, "killed too late to prove anything"

    worker = start_worker()
    until(lambda: predictions(db) >= CASES and not _open_jobs(db), worker)
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(timeout=30) == 0

    of_photo = Counter(db.session.scalars(select(Prediction.photo_id)))
    assert len(of_photo) == CASES
    assert set(of_photo.values()) == {1}
    assert Counter(db.session.scalars(select(Case.state))) == {CaseState.WAITING: CASES}
    announced = Counter(
        db.session.scalars(select(events.Event.topic).where(events.Event.kind == "case.analysed"))
    )
    assert len(announced) == CASES
    assert set(announced.values()) == {1}


def _open_jobs(db: Any) -> bool:
    db.session.rollback()
    unfinished = select(Job.id).where(Job.kind == "analyse_case", Job.state != JobState.DONE)
    return db.session.scalar(unfinished.limit(1)) is not None
