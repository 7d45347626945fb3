"""Jobs that are over: a done one keeps nothing of what it was given, and in the end the row goes too."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.infra import jobs, tidying
from app.infra.jobs import Job, JobState
from tests.harness.clock import FrozenClock
from tests.integration.infra.test_jobs import ask, state

Handlers = dict[str, jobs.Handler]


@pytest.fixture
def kinds(handlers: Handlers) -> None:
    """Two kinds of job: one that works and one that cannot, and the tidying itself."""

    def fail(run: jobs.Run, **given: str) -> None:
        raise jobs.PermanentFailure("the file is gone")

    jobs.handler("work")(lambda run, **given: None)
    jobs.handler("fail")(fail)
    jobs.handler(tidying.FORGET_JOBS, every=tidying.EVERY)(tidying.forget_jobs)


def do(kind: str, **options: Any) -> int:
    job_id = ask(kind, sealed="somebody's number", **options)
    jobs.run(job_id, "a")
    return job_id


def tidy(db: Any) -> set[int]:
    """Do the regular job; return the ids of the others that are left."""
    jobs.ask_for_regular()
    due = select(Job.id).where(Job.kind == tidying.FORGET_JOBS, Job.state == JobState.QUEUED)
    for job_id in db.session.scalars(due).all():
        jobs.run(job_id, "a")
    db.session.rollback()
    return set(db.session.scalars(select(Job.id).where(Job.kind != tidying.FORGET_JOBS)))


def test_a_done_job_keeps_nothing_of_what_it_was_given(db: Any, kinds: None) -> None:
    assert state(db, do("work")).arguments == {}
    assert state(db, do("work", dedupe_key="a")).arguments == {}
    failed = state(db, do("fail"))
    assert failed.arguments == {"sealed": "somebody's number"}, "an operator may have it done again"


def test_what_was_over_long_ago_is_forgotten(db: Any, kinds: None, clock: FrozenClock) -> None:
    do("work")
    once = do("work", dedupe_key="a")
    do("fail")
    gone = do("fail", dedupe_key="b")
    clock.advance(seconds=(tidying.KEEP - timedelta(hours=1)).total_seconds())
    late, waiting = do("work"), ask("work", delay=timedelta(days=90))
    assert len(tidy(db)) == 6, "not a moment before"
    clock.advance(days=1)
    assert tidy(db) == {once, late, waiting}
    assert not jobs.retry(gone)
    assert ask("work", dedupe_key="a") == once, "what was done is not done twice"


def test_a_job_that_is_tried_again_is_not_forgotten(db: Any, kinds: None, clock: FrozenClock) -> None:
    failed = do("fail")
    clock.advance(seconds=tidying.KEEP.total_seconds() + 1)
    assert jobs.retry(failed)
    assert tidy(db) == {failed}
    assert state(db, failed).arguments != {}
