"""What a worker leaves behind: its jobs are done by others, unless it was one of them that killed it."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.cases.models import CaseState
from app.cli import prepare
from app.extensions import db as database
from app.infra import clock as present
from app.infra import events, jobs, leftovers, worker
from app.infra.database import transaction
from app.infra.jobs import Job, JobState
from tests.factories.cases import create_case

Handlers = dict[str, jobs.Handler]


def ask(kind: str = "work", **options: Any) -> Job:
    """Return a new job for which there is a handler."""
    if kind not in jobs.registry.handlers:
        jobs.handler(kind)(lambda run: None)
    with transaction():
        return jobs.enqueue(kind, **options)


def again(job: Job) -> Job:
    """Return the job as it stands now."""
    database.session.rollback()
    found = database.session.get(Job, job.id, populate_existing=True)
    assert found is not None
    return found


def die(folder: Path, *held: Job, word: str = "") -> int:
    """Let a worker take jobs and vanish; return how many the next one frees."""
    for job in held:
        assert jobs._claim(job.id, "gone") is not None
    (folder / "gone.lock").write_text(word)
    return worker.release_dead(folder)


def test_jobs_of_a_dead_worker_wait_their_back_off_and_those_of_a_living_one_stay(
    db: Any, clock: Any, tmp_path: Path, handlers: Handlers
) -> None:
    mine, others = ask(), ask()
    with worker._presence(tmp_path) as alive:
        jobs._claim(others.id, alive)
        assert die(tmp_path, mine) == 1
        assert again(others).state == JobState.RUNNING
    mine = again(mine)
    assert (mine.state, mine.attempts) == (JobState.QUEUED, 1)
    assert jobs.run(mine.id, "next") is None, "it may have killed its worker, and must wait first"
    assert mine.run_after - clock.now < timedelta(seconds=jobs.BACK_OFF_SECONDS * 2)
    clock.set(mine.run_after)
    assert jobs.run(mine.id, "next") == JobState.DONE


def test_a_job_that_kills_every_worker_is_given_up_before_an_operators_eyes(
    db: Any, clock: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs.registry, "attempts", 3)
    monkeypatch.setattr(jobs.registry, "hint", lambda job_id: None)
    case = create_case(state=CaseState.SUBMITTED)
    job = db.session.query(Job).filter_by(kind="analyse_case", dedupe_key=case.public_id).one()
    waits = []
    for _ in range(3):
        clock.set(max(clock.now, again(job).run_after))
        assert die(tmp_path, job) == 1
        waits.append(again(job).run_after - clock.now)
    job = again(job)
    assert (job.state, job.attempts, job.error) == (JobState.FAILED, 3, jobs.LEFT_BEHIND)
    assert timedelta(0) < waits[0] < waits[1]
    assert [failed.id for failed in jobs.failed_jobs()] == [job.id]
    db.session.refresh(case)
    assert (case.state, case.analysis_failed) == (CaseState.WAITING, True), "a doctor reads it all the same"


def test_a_job_whose_lease_runs_out_again_and_again_is_given_up(
    db: Any, clock: Any, handlers: Handlers
) -> None:
    given_up: list[JobState] = []
    jobs.handler("work", on_failure=lambda: given_up.append(JobState.FAILED))(lambda run: None)
    job = ask()
    for attempt in range(1, 4):
        assert jobs._claim(job.id, "far away") is not None
        assert again(job).attempts == attempt
        clock.advance(seconds=jobs.registry.lease_seconds + 1)
    assert worker.sweep() == 1, "somebody has to look at it"
    assert jobs.run(job.id, "here") is None
    job = again(job)
    assert (job.state, job.attempts, job.error) == (JobState.FAILED, 3, jobs.LEFT_BEHIND)
    assert (job.holder, job.lease, job.finished_at) == (None, None, clock.now)
    assert given_up == [JobState.FAILED]
    assert [failed.id for failed in jobs.failed_jobs()] == [job.id]


def test_giving_up_and_what_follows_from_it_are_one_transaction(
    db: Any, tmp_path: Path, handlers: Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        events.publish("given up", "t")
        if broken:
            raise RuntimeError

    broken = [True]
    monkeypatch.setattr(jobs.registry, "attempts", 1)
    jobs.handler("work", on_failure=fail)(lambda run: None)
    job, other = ask(), ask("other")
    assert die(tmp_path, job, other) == 1, "what cannot be told does not keep a worker from starting"
    assert (again(job).state, again(other).state) == (JobState.RUNNING, JobState.FAILED)
    assert events.since(["t"], 0) == []
    broken.clear()
    assert leftovers.release("gone", stopped=False) == 1
    assert again(job).state == JobState.FAILED
    assert len(events.since(["t"], 0)) == 1


def test_jobs_that_were_at_hand_together_are_not_tried_together_again(
    db: Any, clock: Any, tmp_path: Path, handlers: Handlers
) -> None:
    held = [ask(), ask(), ask()]
    assert die(tmp_path, *held) == 3
    times = [again(job).run_after for job in held]
    gap = timedelta(seconds=leftovers.GAP_SECONDS)
    assert [later - earlier for earlier, later in itertools.pairwise(times)] == [gap, gap]
    later = ask()
    assert later.run_after == clock.now, "who had no part in it does not wait"


def test_a_worker_killed_after_it_was_told_to_stop_costs_its_jobs_no_attempt(
    db: Any, tmp_path: Path, handlers: Handlers
) -> None:
    held = [ask(), ask()]
    for _ in range(jobs.registry.attempts + 1):
        assert die(tmp_path, *held, word=worker.STOPPING) == 2
    assert [(again(job).state, again(job).attempts) for job in held] == [(JobState.QUEUED, 0)] * 2
    assert [jobs.run(job.id, "next") for job in held] == [JobState.DONE] * 2


def test_a_file_that_another_worker_clears_away_meanwhile_is_no_trouble(
    db: Any, tmp_path: Path, handlers: Handlers
) -> None:
    (tmp_path / "cleared.lock").symlink_to(tmp_path / "nothing")  # seen in the folder, and gone when opened
    assert die(tmp_path, ask()) == 1


def test_a_worker_is_never_seen_without_its_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lock(*_: object) -> None:
        seen.append(list(tmp_path.glob("*.lock")))

    seen: list[list[Path]] = []
    monkeypatch.setattr(worker.fcntl, "flock", lock)
    with worker._presence(tmp_path) as holder:
        assert [path.stem for path in tmp_path.iterdir()] == [holder]
    assert seen == [[]], "before it is locked it would pass for a dead worker's"
    assert list(tmp_path.iterdir()) == []


class Consumer:
    """Stands in for Huey's: runs what a test wants to happen while the worker works, and is then stopped."""

    def __init__(self, folder: Path, meanwhile: Callable[[], None]) -> None:
        self.stop_flag, self._folder, self._meanwhile = threading.Event(), folder, meanwhile

    def run(self) -> None:
        """Work until told to stop."""
        self._meanwhile()
        self.stop_flag.set()
        until(lambda: [path.read_text() for path in self._folder.glob("*.lock")] == [worker.STOPPING])


def until(met: Callable[[], bool]) -> None:
    """Wait for what another thread brings about."""
    end = time.monotonic() + 20
    while not met():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_worker_that_ends_in_peace_leaves_nothing_behind(
    app: Flask, db: Any, tmp_path: Path, handlers: Handlers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def meanwhile() -> None:
        until(seen_alive)
        assert jobs._claim(job.id, app.extensions["salpim.holder"]) is not None

    def seen_alive() -> bool:
        db.session.rollback()
        return worker.alive()

    job, folder = ask(), tmp_path / "workers"
    consumer = Consumer(folder, meanwhile)
    monkeypatch.setattr(app.extensions["salpim.huey"], "create_consumer", lambda **_: consumer)
    worker.run(app, threads=1, sweep_seconds=60.0, folder=folder)
    assert not seen_alive(), "it must not vouch for the next one"
    assert list(folder.iterdir()) == []
    job = again(job)
    assert (job.state, job.attempts) == (JobState.QUEUED, 0), "cut short by the stop, and due at once"


def test_the_beat_of_a_dead_worker_is_forgotten_before_the_portal_starts(app: Flask, db: Any) -> None:
    settings = app.extensions["salpim.settings"]
    with worker._presence(settings.workers) as alive:
        (settings.workers / "gone.lock").touch()
        with transaction() as session:
            for holder in (alive, "gone", "elsewhere"):
                session.add(worker.WorkerBeat(holder=holder, seen_at=present.now()))
        prepare.prepare(app, settings)
    beats = set(database.session.scalars(database.select(worker.WorkerBeat.holder)))
    assert beats == {alive, "elsewhere"}, "only what is known to be dead is forgotten"
