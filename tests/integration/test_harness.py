"""The ground that the other tests stand on holds."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text

from app.infra import jobs
from app.infra.clock import now
from app.infra.database import transaction
from tests.harness.clock import MORNING, FrozenClock
from tests.harness.network import OutsideWorld, is_loopback


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """A kind of job that notes its runs."""
    runs: list[int] = []
    monkeypatch.setattr(jobs.registry, "handlers", dict(jobs.registry.handlers))
    jobs.handler("harness.count")(lambda run, number: runs.append(number))
    return runs


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_begins_with_an_empty_database(db: Any, counted: list[int], turn: int) -> None:
    assert db.session.scalar(select(func.count()).select_from(jobs.Job)) == 0
    with transaction():
        job = jobs.enqueue("harness.count", number=turn)
    assert job.id == 1, "numbers begin anew as well"


def test_what_a_thread_commits_is_seen(app: Any, db: Any, counted: list[int]) -> None:
    def write() -> None:
        with app.app_context(), transaction():
            jobs.enqueue("harness.count", number=7)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert db.session.scalar(select(func.count()).select_from(jobs.Job)) == 4


def test_work_runs_what_is_due_and_only_that(
    db: Any, clock: FrozenClock, counted: list[int], work: Callable[[], int]
) -> None:
    with transaction():
        jobs.enqueue("harness.count", number=1)
        jobs.enqueue("harness.count", number=2, delay=timedelta(hours=1))
    assert work() == 1
    assert counted == [1]
    clock.advance(hours=2)
    assert work() == 1
    assert counted == [1, 2]


def test_the_clock_stands_still_until_it_is_moved(app: Any, clock: FrozenClock) -> None:
    with app.app_context():
        assert now() == MORNING
        assert clock.advance(minutes=5) == now() == MORNING + timedelta(minutes=5)


def test_foreign_keys_are_enforced(db: Any, database_url: str) -> None:
    if database_url.startswith("sqlite"):
        assert db.session.scalar(text("PRAGMA foreign_keys")) == 1
    else:
        assert db.session.scalar(text("SHOW session_replication_role")) == "origin"


def test_requests_do_not_share_a_context(app: Any, db: Any, client: Any) -> None:
    from flask import g

    @app.get("/harness")
    def remembered() -> str:
        g.count = g.get("count", 0) + 1
        return str(g.count)

    app.before_request_funcs.clear()  # the guard knows nothing of this view
    assert client.get("/harness").text == "1"
    assert client.get("/harness").text == "1"


def test_the_world_outside_is_closed(tmp_path: Path) -> None:
    with pytest.raises(OutsideWorld):
        socket.create_connection(("192.0.2.1", 25), timeout=1)
    with pytest.raises(OutsideWorld):
        socket.getaddrinfo("example.org", 443)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram, pytest.raises(OutsideWorld):
        datagram.sendto(b"x", ("192.0.2.1", 53))


@pytest.mark.parametrize(
    "host,expected",
    [("127.0.0.1", True), ("::1", True), ("localhost", True), (b"127.0.0.5", True), ("10.0.0.1", False)],
)
def test_loopback_is_recognised(host: str | bytes, expected: bool) -> None:
    assert is_loopback(host) is expected
