"""The worker process: Huey's consumer for hints, and a sweep for whatever no hint arrived for."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from flask import Flask
from huey import SqliteHuey
from sqlalchemy import String, delete, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base, db
from app.infra import clock, jobs, leftovers, storage
from app.infra.database import UtcDateTime, transaction
from app.infra.jobs import Job, JobState

log = structlog.get_logger(__name__)

HINT_AGAIN = timedelta(seconds=60)
ALIVE = timedelta(seconds=30)
FORGET = timedelta(days=1)
SWEEP_BATCH = 500
ORPHAN_SWEEP_EVERY = 720
STOPPING = "stopping"
"""What a worker's file says once it was told to stop."""


class WorkerBeat(Base):
    """When a worker last showed that it lives."""

    __tablename__ = "worker_beat"

    holder: Mapped[str] = mapped_column(String(120), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


def init_app(app: Flask, queue: Path, *, attempts: int, lease_seconds: int) -> None:
    """Bind the job registry to a Huey queue kept in the SQLite file `queue`."""
    queue.parent.mkdir(parents=True, exist_ok=True)
    huey = SqliteHuey("salpim", filename=str(queue), results=False, utc=True)

    @huey.task(name="run_job")  # type: ignore[untyped-decorator]  # Huey has no annotations
    def run_job(job_id: int) -> None:
        with app.app_context():
            jobs.run(job_id, app.extensions["salpim.holder"])

    app.extensions["salpim.huey"] = huey
    jobs.registry.attempts = attempts
    jobs.registry.lease_seconds = lease_seconds
    jobs.registry.hint = run_job


def alive() -> bool:
    """True if some worker has shown itself within the last half minute."""
    return (
        db.session.scalar(select(WorkerBeat.holder).where(WorkerBeat.seen_at > clock.now() - ALIVE))
        is not None
    )


def sweep() -> int:
    """Hint at every due job that was left behind; return how many."""
    moment = clock.now()
    due = (
        ((Job.state == JobState.QUEUED) & (Job.run_after <= moment))
        | ((Job.state == JobState.RUNNING) & (Job.lease_until < moment))
    ) & or_(Job.hinted_at.is_(None), Job.hinted_at < moment - HINT_AGAIN)
    with transaction() as session:
        found = list(session.scalars(select(Job.id).where(due).order_by(Job.id).limit(SWEEP_BATCH)))
        if found:
            session.execute(update(Job).where(Job.id.in_(found)).values(hinted_at=moment))
    for job_id in found:
        jobs.give_hint(job_id)
    return len(found)


def release_dead(folder: Path) -> int:
    """Free the jobs of workers of this machine that are gone, and forget their beats; return how many jobs.

    A living worker holds an advisory lock on its file, which the system lets go of however it dies.
    """
    freed = 0
    for path in folder.glob("*.lock"):
        try:
            file = path.open("r+")
        except FileNotFoundError:  # another worker that starts just now was quicker
            continue
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            freed += _clear(path.stem, stopped=file.read() == STOPPING)
            path.unlink(missing_ok=True)
    return freed


def _clear(holder: str, *, stopped: bool) -> int:
    freed = leftovers.release(holder, stopped=stopped)
    with transaction() as session:
        session.execute(delete(WorkerBeat).where(WorkerBeat.holder == holder))
    return freed


@contextlib.contextmanager
def _presence(folder: Path) -> Iterator[str]:
    folder.mkdir(parents=True, exist_ok=True)
    holder = f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(4)}"
    path = _lock_of(folder, holder)
    draft = path.with_suffix(".new")
    with draft.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        draft.rename(path)  # locked before anybody finds it, or it would pass for a dead worker's
        yield holder
        path.unlink(missing_ok=True)  # not after an exception: then the next worker has something to clear


def _lock_of(folder: Path, holder: str) -> Path:
    return folder / f"{holder}.lock"


def _beat(holder: str) -> None:
    with transaction() as session:
        moment = clock.now()
        session.merge(WorkerBeat(holder=holder, seen_at=moment))
        session.execute(delete(WorkerBeat).where(WorkerBeat.seen_at < moment - FORGET))


def _housekeeping(app: Flask, holder: str, every: float, stop: threading.Event) -> None:
    turn = 0
    while not stop.is_set():
        with app.app_context():
            try:
                _beat(holder)
                jobs.ask_for_regular()
                sweep()
                if turn % ORPHAN_SWEEP_EVERY == 0:
                    storage.sweep_orphans()
            except Exception:
                db.session.rollback()
                log.exception("worker.housekeeping_failed")
        turn += 1
        stop.wait(every)


def _leave_word(lock: Path, stop: threading.Event) -> None:
    """Note that the worker was told to stop: whoever loses patience with it kills no guilty job."""
    stop.wait()
    lock.write_text(STOPPING)


def run(app: Flask, *, threads: int, sweep_seconds: float, folder: Path) -> None:
    """Work until SIGINT (what is in hand is finished) or SIGTERM (it is done again later)."""
    with _presence(folder) as holder:
        app.extensions["salpim.holder"] = holder
        with app.app_context():
            freed = release_dead(folder)
        log.info("worker.started", holder=holder, freed=freed)
        huey: SqliteHuey = app.extensions["salpim.huey"]
        consumer = huey.create_consumer(workers=threads, periodic=False, initial_delay=0.05, max_delay=0.5)
        stop: threading.Event = consumer.stop_flag
        beside = [
            threading.Thread(target=_housekeeping, args=(app, holder, sweep_seconds, stop), daemon=True),
            threading.Thread(target=_leave_word, args=(_lock_of(folder, holder), stop), daemon=True),
        ]
        for thread in beside:
            thread.start()
        try:
            consumer.run()
        finally:
            stop.set()
            for thread in beside:
                thread.join(timeout=5)
        with app.app_context():
            _clear(holder, stopped=True)
