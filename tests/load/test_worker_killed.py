"""A worker that is killed in the middle of its work costs time, never a case and never a second answer."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.cases.models import Case, CaseState, Prediction
from app.infra import events
from app.infra.jobs import Job, JobState
from tests.factories.cases import create_case, create_sender

ROOT = Path(__file__).resolve().parents[2]
CASES = 200
KILLS = (20, 90)
"""After how many predictions the worker is killed."""
PATIENCE = 240.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.usefixtures("real_clock")]

Start = Callable[[], subprocess.Popen[bytes]]


@pytest.fixture
def start_worker(app: Flask, database_url: str, secrets: dict[str, str], tmp_path: Path) -> Iterator[Start]:
    """Return a function that starts a real worker process over the database of `app`."""
    running: list[subprocess.Popen[bytes]] = []
    own = {f"SALPIM_{name.upper()}": value for name, value in secrets.items()}
    environment = os.environ | own | {"SALPIM_INSTANCE": app.instance_path, "DATABASE_URL": database_url}

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
        running.append(subprocess.Popen(command, cwd=ROOT, env=environment, stderr=log))
        return running[-1]

    with (tmp_path / "worker.log").open("wb") as log:
        yield start
    for process in running:
        process.kill()
        process.wait()


def until(met: Callable[[], bool], worker: subprocess.Popen[bytes]) -> None:
    """Wait for something that a living worker brings about."""
    end = time.monotonic() + PATIENCE
    while not met():
        assert worker.poll() is None, "the worker ended by itself"
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.05)


def predictions(db: Any) -> int:
    db.session.rollback()
    return int(db.session.scalar(select(func.count(Prediction.id))))


def kill_in_mid_job(db: Any, worker: subprocess.Popen[bytes]) -> None:
    """Hold the worker still until it is seen to hold a job, and kill it then."""
    end = time.monotonic() + PATIENCE
    while True:
        worker.send_signal(signal.SIGSTOP)
        time.sleep(0.05)
        db.session.rollback()
        if JobState.RUNNING in set(db.session.scalars(select(Job.state).where(Job.kind == "analyse_case"))):
            break
        worker.send_signal(signal.SIGCONT)
        assert time.monotonic() < end, "never seen at work"
        time.sleep(0.02)
    worker.send_signal(signal.SIGKILL)
    worker.wait()


def test_killed_twice_among_200_photos_every_case_is_analysed_once(db: Any, start_worker: Start) -> None:
    sender = create_sender()
    for _ in range(CASES):
        create_case(sender, state=CaseState.SUBMITTED)

    for count in KILLS:
        worker = start_worker()
        until(lambda count=count: predictions(db) >= count, worker)  # type: ignore[misc]
        kill_in_mid_job(db, worker)
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
