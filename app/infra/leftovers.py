"""What becomes of the jobs that a worker had in hand when it ended."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select

from app.extensions import db
from app.infra import clock
from app.infra.database import fresh, transaction
from app.infra.jobs import LEFT_BEHIND, Job, JobState, back_off, give_up, put_back, registry

log = structlog.get_logger(__name__)

GAP_SECONDS = 20.0
"""Between the next tries of jobs whose worker died: the guilty one is as a rule tried alone, and the worker
lives longer in between than what the supervisor calls a quick death."""


def release(holder: str, *, stopped: bool) -> int:
    """Take back what a worker that is gone had in hand; return how many jobs.

    Where it was `stopped`, as for a restart, that was no fault of its jobs: the attempt does not count,
    and they may run again at once. Where it died, each of its jobs may have killed it.
    """
    held = select(Job.id).where(Job.state == JobState.RUNNING, Job.holder == holder).order_by(Job.id)
    return sum(_release(job_id, holder, stopped) for job_id in list(db.session.scalars(held)))


def _release(job_id: int, holder: str, stopped: bool) -> bool:
    try:
        with transaction():
            job = fresh(Job, job_id)
            if job is None or job.state != JobState.RUNNING or job.holder != holder:
                return False
            if stopped:
                job.attempts -= 1
                put_back(job, clock.now())
            elif job.attempts >= registry.attempts:
                give_up(job, LEFT_BEHIND)
            else:
                put_back(job, _turn(job.attempts))
                job.error = LEFT_BEHIND
    except Exception:
        # A worker that starts must not fall over what another left behind. The lease runs out, and then the
        # sweep comes back to it.
        log.exception("job.release_failed", job=job_id)
        return False
    log.warning("job.released", job=job_id, holder=holder, stopped=stopped)
    return True


def _turn(attempts: int) -> datetime:
    """Return when to try a job again whose worker died: after its back-off, and apart from other suspects."""
    waiting = select(func.max(Job.run_after)).where(Job.state == JobState.QUEUED, Job.error == LEFT_BEHIND)
    own, last = clock.now() + timedelta(seconds=back_off(attempts)), db.session.scalar(waiting)
    return own if last is None else max(own, last + timedelta(seconds=GAP_SECONDS))
