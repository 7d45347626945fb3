"""Work done later: a row is the truth, the queue (Huey) only a hint that the row is there.

A job is asked for inside a transaction (`enqueue`), so that it exists exactly if what asked for it
does. It runs in two parts: the handler computes, outside of any transaction, and returns an
*effect*; the effect runs in the one transaction that also marks the job as done. A worker that is
killed in between leaves a lease behind which runs out (or is released when the next worker on this
machine starts), and the work is done again: exactly once in effect.

Every claim is an attempt, also one whose worker died of it: a job that kills its worker has as many
tries as one that fails. Only an attempt that was cut short because the worker was told to stop, or
that came too early (`NotYet`), is not counted.
"""

from __future__ import annotations

import enum
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import JSON, Index, String, UniqueConstraint, func, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base, db
from app.infra import clock
from app.infra.database import Serial, UtcDateTime, after_commit, fresh, transaction

log = structlog.get_logger(__name__)

Effect = Callable[[], None]
BACK_OFF_SECONDS = 2.0
BACK_OFF_LIMIT_SECONDS = 600.0
LEFT_BEHIND = "the worker died while it did this job"


class JobState(enum.StrEnum):
    """queued → running → done, or back to queued (retry), or failed for good."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Job(Base):
    """One piece of work, addressed by ids only: no personal data in its errors, nor in the clear in its arguments.

    A job that is done has no arguments any more; `tidying` forgets what was over long ago.
    """

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("kind", "dedupe_key"),
        Index("ix_job_due", "state", "run_after"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    dedupe_key: Mapped[str | None] = mapped_column(String(120))
    state: Mapped[JobState] = mapped_column(String(16), default=JobState.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    run_after: Mapped[datetime] = mapped_column(UtcDateTime)
    holder: Mapped[str | None] = mapped_column(String(120))
    lease: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    hinted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(String(500))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class PermanentFailure(Exception):
    """Trying again would not help; the message (no personal data) is shown to an operator."""


class NotYet(Exception):
    """The job is to be done at `until`, as if it had not been tried before."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"not before {until:%H:%M} UTC")
        self.until = until


class LeaseLost(Exception):
    """Another worker has taken the job over; this run must change nothing."""


@dataclass(frozen=True)
class Handler:
    """How one kind of job is done, what happens when it cannot be, and how often it is asked for by itself."""

    kind: str
    compute: Callable[..., Effect | None]
    on_failure: Callable[..., None] | None = None
    every: timedelta | None = None


@dataclass
class Registry:
    """The kinds of job that an application knows, and how to wake its worker."""

    attempts: int
    lease_seconds: int
    handlers: dict[str, Handler] = field(default_factory=dict)
    hint: Callable[[int], None] = lambda job_id: None


registry = Registry(attempts=5, lease_seconds=120)


def handler(
    kind: str, on_failure: Callable[..., None] | None = None, every: timedelta | None = None
) -> Callable[[Callable[..., Effect | None]], Callable[..., Effect | None]]:
    """Register the decorated function as the way to do jobs of `kind`.

    It is called as ``compute(run, **arguments)`` and may return an effect. `on_failure` is called
    with the arguments, in the transaction that marks the job as failed for good. A job with `every` takes
    no arguments; workers ask for it once in each such span of time (`ask_for_regular`).
    """

    def register(compute: Callable[..., Effect | None]) -> Callable[..., Effect | None]:
        registry.handlers[kind] = Handler(kind, compute, on_failure, every)
        return compute

    return register


def enqueue(
    kind: str, *, dedupe_key: str | None = None, delay: timedelta = timedelta(0), **arguments: Any
) -> Job:
    """Ask for a job in the transaction in progress; with a `dedupe_key`, at most one for each key."""
    if kind not in registry.handlers:
        raise LookupError(f"no handler for jobs of kind {kind!r}")
    if dedupe_key is not None:
        known = db.session.scalar(select(Job).where(Job.kind == kind, Job.dedupe_key == dedupe_key))
        if known is not None:
            return known
    moment = clock.now()
    job = Job(kind=kind, arguments=arguments, dedupe_key=dedupe_key, state=JobState.QUEUED, attempts=0)
    job.created_at, job.run_after, job.hinted_at = moment, moment + delay, None if delay else moment
    db.session.add(job)
    db.session.flush()
    if not delay:
        job_id = job.id
        after_commit(lambda: give_hint(job_id))
    return job


def ask_for_regular() -> None:
    """Ask for each regular job, once in each of its spans of time however many workers ask."""
    seconds = clock.now().timestamp()
    with transaction():
        for entry in registry.handlers.values():
            if entry.every is not None:
                enqueue(entry.kind, dedupe_key=f"span {int(seconds // entry.every.total_seconds())}")


def give_hint(job_id: int) -> None:
    """Tell the queue about a job. A failure is logged, not raised: the sweep finds the row."""
    try:
        registry.hint(job_id)
    except Exception as error:  # noqa: BLE001 - whatever the queue's trouble is, the row is there
        log.warning("job.hint_failed", job=job_id, error=type(error).__name__)


class Run:
    """One attempt at one job, as the handler sees it."""

    def __init__(self, job_id: int, lease: str) -> None:
        self.job_id = job_id
        self._lease = lease

    def keep_alive(self) -> None:
        """Renew the lease (long handlers call it now and then); raise `LeaseLost` if it is gone."""
        with transaction() as session:
            until = clock.now() + timedelta(seconds=registry.lease_seconds)
            mine = (
                update(Job).where(Job.id == self.job_id, Job.lease == self._lease).values(lease_until=until)
            )
            if session.execute(mine).rowcount != 1:  # type: ignore[attr-defined]
                raise LeaseLost


def run(job_id: int, holder: str) -> JobState | None:
    """Attempt a job if it is due and free; return its state afterwards, None if it was not ours."""
    claimed = _claim(job_id, holder)
    if claimed is None:
        return None
    kind, arguments, lease = claimed
    with structlog.contextvars.bound_contextvars(job=job_id, kind=kind):
        try:
            entry = registry.handlers.get(kind)
            if entry is None:
                raise PermanentFailure(f"no handler for {kind}")
            effect = entry.compute(Run(job_id, lease), **arguments)
            return _finish(job_id, lease, effect)
        except LeaseLost:
            log.warning("job.lease_lost")
            return None
        except NotYet as wait:
            db.session.rollback()
            return _put_off(job_id, lease, wait.until)
        except Exception as error:  # noqa: BLE001 - a job may fail in any way; none may end the worker
            db.session.rollback()
            return _fail(job_id, lease, error)
        finally:
            db.session.remove()


def _claim(job_id: int, holder: str) -> tuple[str, dict[str, Any], str] | None:
    moment, lease = clock.now(), secrets.token_hex(12)
    # The lease of one that was left behind was its wait.
    left = (Job.state == JobState.RUNNING) & (Job.lease_until < moment)
    free = or_(Job.state == JobState.QUEUED, left & (Job.attempts < registry.attempts))
    with transaction() as session:
        claim = (
            update(Job)
            .where(Job.id == job_id, free, Job.run_after <= moment)
            .values(
                state=JobState.RUNNING,
                holder=holder,
                lease=lease,
                lease_until=moment + timedelta(seconds=registry.lease_seconds),
                attempts=Job.attempts + 1,
            )
        )
        if session.execute(claim).rowcount != 1:  # type: ignore[attr-defined]
            _give_up_if_spent(job_id, moment)
            return None
        job = fresh(Job, job_id)
        assert job is not None
        return job.kind, dict(job.arguments), lease


def _give_up_if_spent(job_id: int, moment: datetime) -> None:
    """Give up a job whose last attempt ended with its lease, in the transaction in progress."""
    job = fresh(Job, job_id)
    if job is None or job.state != JobState.RUNNING or job.attempts < registry.attempts:
        return
    if job.lease_until is not None and job.lease_until < moment:
        give_up(job, LEFT_BEHIND)


def _finish(job_id: int, lease: str, effect: Effect | None) -> JobState:
    with transaction():
        job = fresh(Job, job_id)
        if job is None or job.lease != lease:
            raise LeaseLost
        if effect is not None:
            effect()
        job.state, job.finished_at, job.error = JobState.DONE, clock.now(), None
        job.arguments = {}
        job.lease = job.lease_until = job.holder = None
    return JobState.DONE


def _fail(job_id: int, lease: str, error: Exception) -> JobState | None:
    reason = str(error) if isinstance(error, PermanentFailure) else type(error).__name__
    with transaction():
        job = fresh(Job, job_id)
        if job is None or job.lease != lease:
            return None
        for_good = isinstance(error, PermanentFailure) or job.attempts >= registry.attempts
        if for_good:
            give_up(job, reason)
        else:
            job.error = reason[:500]
            put_back(job, clock.now() + timedelta(seconds=back_off(job.attempts)))
    log.error("job.failed", error=reason, for_good=for_good, exc_info=not isinstance(error, PermanentFailure))
    return JobState.FAILED if for_good else JobState.QUEUED


def _put_off(job_id: int, lease: str, until: datetime) -> JobState | None:
    with transaction():
        job = fresh(Job, job_id)
        if job is None or job.lease != lease:
            return None
        job.attempts -= 1
        put_back(job, until)
    return JobState.QUEUED


def give_up(job: Job, reason: str) -> None:
    """Mark a job as failed for good and tell its domain, in the transaction in progress."""
    job.state, job.finished_at, job.error = JobState.FAILED, clock.now(), reason[:500]
    job.lease = job.lease_until = job.holder = None
    entry = registry.handlers.get(job.kind)
    if entry is not None and entry.on_failure is not None:
        entry.on_failure(**job.arguments)


def put_back(job: Job, run_after: datetime) -> None:
    """Put a job back in line for another try, in the transaction in progress."""
    job.state, job.run_after, job.hinted_at = JobState.QUEUED, run_after, None
    job.lease = job.lease_until = job.holder = None


def back_off(attempts: int) -> float:
    """Return the seconds to wait after `attempts` failures: doubling, capped, with jitter."""
    return min(BACK_OFF_LIMIT_SECONDS, BACK_OFF_SECONDS * 2.0 ** (attempts - 1)) * random.uniform(0.75, 1.25)  # noqa: S311 - jitter


def retry(job_id: int) -> bool:
    """Put a job that failed for good back in line (an operator's decision); False if it did not fail."""
    with transaction():
        job = fresh(Job, job_id)
        if job is None or job.state != JobState.FAILED:
            return False
        job.state, job.attempts, job.run_after, job.finished_at = JobState.QUEUED, 0, clock.now(), None
        after_commit(lambda: give_hint(job_id))
    return True


def failed_jobs(limit: int | None = None, offset: int = 0) -> list[Job]:
    """Return the jobs that failed for good, newest first."""
    query = select(Job).where(Job.state == JobState.FAILED).order_by(Job.id.desc())
    return list(db.session.scalars(query.limit(limit).offset(offset)))


@dataclass(frozen=True)
class Line:
    """How the line of jobs stands: how many failed, run and wait, and since when the oldest is due."""

    failed: int
    running: int
    waiting: int
    oldest: datetime | None


def line() -> Line:
    """Return how the line stands now. A retry that waits for its time counts as waiting; what is meant for later does not."""
    now_or_again = or_(Job.state != JobState.QUEUED, Job.attempts > 0, Job.run_after <= clock.now())
    query = select(Job.state, func.count(), func.min(Job.run_after)).where(now_or_again)
    rows = db.session.execute(query.group_by(Job.state))
    by_state = {state: (count, oldest) for state, count, oldest in rows}
    waiting, oldest = by_state.get(JobState.QUEUED, (0, None))
    failed, running = (by_state.get(state, (0, None))[0] for state in (JobState.FAILED, JobState.RUNNING))
    return Line(failed, running, waiting, oldest if oldest is not None and oldest <= clock.now() else None)
