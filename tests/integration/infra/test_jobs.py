"""Jobs: the row is the truth; done exactly once in effect, whoever dies or comes twice."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.infra import events, jobs, worker
from app.infra.database import transaction
from app.infra.jobs import Job, JobState
from tests.harness.logged import RENDERERS, logged


class Refused(Exception):
    """What the handlers of these tests raise."""


def ask(kind: str, **options: Any) -> int:
    with transaction():
        job = jobs.enqueue(kind, **options)
    return job.id


def state(db: Any, job_id: int) -> Job:
    db.session.rollback()
    job = db.session.get(Job, job_id, populate_existing=True)
    assert isinstance(job, Job)
    return job


def _ask_and_fail() -> None:
    with transaction():
        jobs.enqueue("work")
        raise Refused


def count(db: Any, kind: str) -> int:
    return len(list(db.session.scalars(select(events.Event.id).where(events.Event.kind == kind))))


def test_the_effect_and_the_job_s_end_are_one_transaction(db: Any, handlers: dict[str, jobs.Handler]) -> None:
    @jobs.handler("work")
    def compute(run: jobs.Run, number: int) -> jobs.Effect:
        return lambda: events.publish("worked", "t", number=number)

    job_id = ask("work", number=7)
    assert jobs.run(job_id, "a") == JobState.DONE
    assert jobs.run(job_id, "a") is None
    assert [e.payload for e in events.since(["t"], 0)] == [{"number": 7}]
    assert state(db, job_id).state == JobState.DONE


def test_a_failing_effect_leaves_nothing_behind(db: Any, handlers: dict[str, jobs.Handler]) -> None:
    def effect() -> None:
        events.publish("half", "t")
        raise Refused

    jobs.handler("work")(lambda run: effect)
    job_id = ask("work")
    assert jobs.run(job_id, "a") == JobState.QUEUED
    assert count(db, "half") == 0


def test_nothing_is_asked_for_when_the_asking_fails(db: Any, handlers: dict[str, jobs.Handler]) -> None:
    jobs.handler("work")(lambda run: None)
    hinted: list[int] = []
    jobs.registry.hint = hinted.append
    with pytest.raises(Refused):
        _ask_and_fail()
    assert hinted == []
    assert db.session.scalar(select(Job)) is None


def test_a_failure_is_tried_again_later_and_then_given_up(
    db: Any, clock: Any, handlers: dict[str, jobs.Handler]
) -> None:
    given_up: list[int] = []

    def compute(run: jobs.Run, number: int) -> jobs.Effect:
        raise Refused("what someone wrote")

    jobs.handler("work", on_failure=given_up.append)(compute)
    jobs.registry.handlers["work"] = jobs.Handler("work", compute, lambda number: given_up.append(number))
    job_id = ask("work", number=5)
    waits = []
    for _ in range(2):
        assert jobs.run(job_id, "a") == JobState.QUEUED
        job = state(db, job_id)
        waits.append((job.run_after - clock.now).total_seconds())
        assert jobs.run(job_id, "a") is None, "it must wait first"
        clock.advance(seconds=waits[-1] + 1)
    assert jobs.run(job_id, "a") == JobState.FAILED
    job = state(db, job_id)
    assert job.error == "Refused", "the message may hold personal data"
    assert given_up == [5]
    assert waits[0] < waits[1]
    assert [j.id for j in jobs.failed_jobs()] == [job_id]
    assert jobs.retry(job_id)
    assert state(db, job_id).state == JobState.QUEUED
    assert not jobs.retry(job_id)


@RENDERERS
def test_a_failure_is_logged_by_types_and_places_not_by_what_someone_wrote(
    db: Any, handlers: dict[str, jobs.Handler], as_json: bool
) -> None:
    def compute(run: jobs.Run) -> jobs.Effect:
        try:
            raise ValueError("홍길동 +821012345678")
        except ValueError as error:
            raise Refused("gildong@example.test") from error

    jobs.handler("work")(compute)
    job_id = ask("work")
    with logged(as_json=as_json) as written:
        jobs.run(job_id, "a")
    assert not [said for said in ("홍길동", "+8210", "gildong") if said in written.getvalue()]
    for told in ("job.failed", "Refused", "ValueError", "test_jobs.py", "in compute"):
        assert told in written.getvalue()


def test_what_cannot_succeed_is_not_tried_again(db: Any, handlers: dict[str, jobs.Handler]) -> None:
    def compute(run: jobs.Run) -> None:
        raise jobs.PermanentFailure("the file is gone")

    jobs.handler("work")(compute)
    job_id = ask("work")
    assert jobs.run(job_id, "a") == JobState.FAILED
    assert state(db, job_id).error == "the file is gone"


def test_one_job_for_each_key(db: Any, handlers: dict[str, jobs.Handler]) -> None:
    jobs.handler("work")(lambda run: None)
    assert ask("work", dedupe_key="a") == ask("work", dedupe_key="a")
    assert ask("work", dedupe_key="a") != ask("work", dedupe_key="b")


def test_many_workers_do_a_job_once(
    app: Flask, db: Any, handlers: dict[str, jobs.Handler], real_clock: None
) -> None:
    jobs.handler("work")(lambda run: lambda: events.publish("worked", "t"))
    ids = [ask("work") for _ in range(5)]

    def attempt() -> None:
        with app.app_context():
            for job_id in ids:
                jobs.run(job_id, "w")

    threads = [threading.Thread(target=attempt) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert count(db, "worked") == 5


def test_a_worker_that_lost_its_lease_changes_nothing(
    db: Any, clock: Any, handlers: dict[str, jobs.Handler]
) -> None:
    def compute(run: jobs.Run) -> jobs.Effect:
        if not taken:
            taken.append(True)
            clock.advance(seconds=jobs.registry.lease_seconds + 1)
            assert jobs.run(run.job_id, "second") == JobState.DONE
            with pytest.raises(jobs.LeaseLost):
                run.keep_alive()
        return lambda: events.publish("worked", "t")

    taken: list[bool] = []
    jobs.handler("work")(compute)
    job_id = ask("work")
    assert jobs.run(job_id, "first") is None
    assert count(db, "worked") == 1


def test_the_sweep_finds_what_no_hint_arrived_for(
    db: Any, clock: Any, handlers: dict[str, jobs.Handler]
) -> None:
    jobs.handler("work")(lambda run: None)
    hinted: list[int] = []

    def broken(job_id: int) -> None:
        raise OSError

    jobs.registry.hint = broken
    left, later = ask("work"), ask("work", delay=timedelta(minutes=5))
    jobs.registry.hint = hinted.append
    clock.advance(seconds=61)
    assert worker.sweep() == 1
    assert hinted == [left]
    assert worker.sweep() == 0, "not again at once"
    clock.advance(minutes=5)
    worker.sweep()
    assert set(hinted) == {left, later}


def test_listeners_get_a_job_for_each_event_once(
    db: Any, handlers: dict[str, jobs.Handler], monkeypatch: Any
) -> None:
    monkeypatch.setattr(events, "_listeners", events.defaultdict(list))
    heard: list[int] = []
    jobs.handler("hear")(lambda run, event_id: heard.append(event_id))
    events.subscribe("said", "hear")
    events.subscribe("said", "hear")
    with transaction():
        events.publish("said", "t")
        events.publish("unheard", "t")
    for job in db.session.scalars(select(Job)):
        jobs.run(job.id, "a")
    assert heard == [events.since(["t"], 0)[0].id]
