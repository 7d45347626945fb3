"""Collections that begin by themselves: at their hour in Korea, once, also after the machine was off."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.accounts.models import User
from app.infra import jobs
from app.infra.clock import KST
from app.reviews import collecting, schedules
from app.reviews.collection_models import Collection, CollectionState
from tests.factories.collections import Shop
from tests.factories.reviews import APP, create_operator
from tests.harness.clock import FrozenClock

Work = Callable[[], int]


@pytest.fixture
def app(make_app: Callable[..., Flask], shop: Shop) -> Flask:
    return make_app(app_store_url=shop.url, google_play_url=shop.url)


@pytest.fixture
def operator(db: Any) -> User:
    return create_operator()


def _begun(db: Any) -> list[Collection]:
    db.session.rollback()
    return list(db.session.scalars(select(Collection).order_by(Collection.id)))


@given(
    st.integers(0, 3650 * 86_400),
    st.integers(0, 23),
    st.none() | st.integers(0, 6),
)
def test_the_next_time_is_the_first_that_fits(second: int, hour: int, weekday: int | None) -> None:
    after = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=second)
    found = schedules.following(after, hour, weekday)
    local = found.astimezone(KST)
    assert (local.hour, local.minute, local.second, local.microsecond) == (hour, 0, 0, 0)
    assert weekday is None or local.weekday() == weekday
    assert timedelta(0) < found - after <= timedelta(days=1 if weekday is None else 7)


def test_what_is_due_begins_once_and_the_next_time_is_shown(
    db: Any, operator: User, clock: FrozenClock, work: Work
) -> None:
    item = schedules.save(operator.id, "appstore", APP, active=True, hour=23, weekday=None)
    due = item.next_at
    assert due is not None
    jobs.ask_for_regular()
    work()
    assert not _begun(db)
    clock.set(due)
    for _ in range(3):
        jobs.ask_for_regular()
        work()
    (begun,) = _begun(db)
    assert (begun.state, begun.scheduled, begun.added) == (CollectionState.DONE, True, 6)
    db.session.refresh(item)
    assert item.next_at == due + timedelta(days=1)


def test_what_was_missed_for_weeks_begins_once(
    db: Any, operator: User, clock: FrozenClock, work: Work
) -> None:
    item = schedules.save(operator.id, "appstore", APP, active=True, hour=3, weekday=2)
    clock.advance(days=40)
    schedules.start_due()
    work()
    schedules.start_due()
    work()
    assert len(_begun(db)) == 1
    db.session.refresh(item)
    assert clock.now < item.next_at <= clock.now + timedelta(days=7)


def test_two_workers_begin_it_once(app: Flask, db: Any, operator: User, clock: FrozenClock) -> None:
    schedules.save(operator.id, "appstore", APP, active=True, hour=3, weekday=None)
    clock.advance(days=1)
    db.session.rollback()
    start, ended = threading.Barrier(3), []

    def work_on() -> None:
        with app.app_context():
            start.wait()
            schedules.start_due()
            ended.append(True)

    threads = [threading.Thread(target=work_on) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ended) == 3
    assert len(_begun(db)) == 1


def test_one_that_is_under_way_counts_and_one_switched_off_does_not_begin(
    db: Any, operator: User, clock: FrozenClock
) -> None:
    schedules.save(operator.id, "appstore", APP, active=True, hour=3, weekday=None)
    collecting.start(operator.id, "appstore", APP)
    clock.advance(days=1)
    schedules.start_due()
    assert [item.scheduled for item in _begun(db)] == [False]
    off = schedules.save(operator.id, "appstore", APP, active=False, hour=3, weekday=None)
    assert off.next_at is None
    collecting.stop(_begun(db)[0].id)
    clock.advance(days=3)
    schedules.start_due()
    assert len(_begun(db)) == 1


def test_one_that_waits_though_none_is_at_work_is_called(db: Any, operator: User, work: Work) -> None:
    item = collecting.start(operator.id, "appstore", APP)
    with jobs.transaction() as session:
        session.delete(session.scalar(select(jobs.Job).where(jobs.Job.kind == collecting.COLLECT_JOB)))
    work()
    schedules.start_due()
    work()
    db.session.refresh(item)
    assert (item.state, item.error_en, item.retry_at) == (CollectionState.DONE, None, None)


def test_only_listed_apps_have_a_time(db: Any, operator: User) -> None:
    with pytest.raises(collecting.UnknownPlace):
        schedules.save(operator.id, "appstore", "123456", active=True, hour=3, weekday=None)
