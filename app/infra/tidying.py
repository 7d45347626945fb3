"""What becomes of jobs that are over: they are kept for a while to be looked at, then forgotten."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import and_, delete, or_

from app.infra import clock, jobs
from app.infra.database import transaction
from app.infra.jobs import Job, JobState

FORGET_JOBS = "infra.forget_jobs"
EVERY = timedelta(days=1)
KEEP = timedelta(days=30)
"""How long an operator can look at a job that is over, and have one that failed done again."""


@jobs.handler(FORGET_JOBS, every=EVERY)
def forget_jobs(_run: jobs.Run) -> jobs.Effect:
    """Forget the jobs that were over long ago."""
    return forget_old


def forget_old() -> None:
    """Delete the jobs that were done or given up longer ago than `KEEP`, in the transaction in progress (an effect).

    A done one with a dedupe key stays, with nothing in it, so that it is not asked for twice. One that failed goes
    with its key: whoever still wants it asks anew.
    """
    done = and_(Job.state == JobState.DONE, Job.dedupe_key.is_(None))
    old = Job.finished_at < clock.now() - KEEP
    with transaction() as session:
        session.execute(delete(Job).where(old, or_(done, Job.state == JobState.FAILED)))
