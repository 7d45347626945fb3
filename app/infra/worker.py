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
from app.infra import clock, jobs, storage
from app.infra.database import UtcDateTime, transaction
from app.infra.jobs import Job, JobState

log = structlog.get_logger(__name__)

HINT_AGAIN = timedelta(seconds=60)
ALIVE = timedelta(seconds=30)
FORGET = timedelta(days=1)
SWEEP_BATCH = 500
ORPHAN_SWEEP_EVERY = 720


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
    """Free the jobs of workers of this machine that are gone; return how many.

    A living worker holds an advisory lock on its file, which the system lets go of however it dies.
    """
    dead: list[str] = []
    for path in folder.glob("*.lock"):
        with path.open("r+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            dead.append(path.stem)
            path.unlink(missing_ok=True)
    if not dead:
        return 0
    with transaction() as session:
        free = (
            update(Job)
            .where(Job.state == JobState.RUNNING, Job.holder.in_(dead))
            .values(state=JobState.QUEUED, lease=None, lease_until=None, holder=None, hinted_at=None)
        )
        freed: int = session.execute(free).rowcount  # type: ignore[attr-defined]
        session.execute(delete(WorkerBeat).where(WorkerBeat.holder.in_(dead)))
    return freed


@contextlib.contextmanager
def _presence(folder: Path) -> Iterator[str]:
    folder.mkdir(parents=True, exist_ok=True)
    holder = f"{socket.gethostname()[:60]}-{os.getpid()}-{secrets.token_hex(4)}"
    path = folder / f"{holder}.lock"
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        try:
            yield holder
        finally:
            path.unlink(missing_ok=True)


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
                sweep()
                if turn % ORPHAN_SWEEP_EVERY == 0:
                    storage.sweep_orphans()
            except Exception:
                db.session.rollback()
                log.exception("worker.housekeeping_failed")
        turn += 1
        stop.wait(every)


def run(app: Flask, *, threads: int, sweep_seconds: float, folder: Path) -> None:
    """Work until SIGINT or SIGTERM."""
    with _presence(folder) as holder:
        app.extensions["salpim.holder"] = holder
        with app.app_context():
            freed = release_dead(folder)
        log.info("worker.started", holder=holder, freed=freed)
        stop = threading.Event()
        keeper = threading.Thread(
            target=_housekeeping, args=(app, holder, sweep_seconds, stop), name="housekeeping", daemon=True
        )
        keeper.start()
        try:
            huey: SqliteHuey = app.extensions["salpim.huey"]
            huey.create_consumer(workers=threads, periodic=False, initial_delay=0.05, max_delay=0.5).run()
        finally:
            stop.set()
            keeper.join(timeout=5)
