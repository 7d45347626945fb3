"""A worker that is killed while it collects reviews: the next one goes on after the last page, and doubles nothing."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.reviews.collection_models import Collection, CollectionState
from app.reviews.models import Review
from tests.factories.collections import Shop, create_collection, open_shop
from tests.harness.workers import Start, starting

PATIENCE = 120.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.usefixtures("real_clock")]


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop(12) as opened:
        yield opened


@pytest.fixture
def start_worker(
    app: Flask, database_url: str, secrets: dict[str, str], tmp_path: Path, shop: Shop
) -> Iterator[Start]:
    """Return a function that starts a real worker process, whose stores are ours."""
    ours = {"APP_STORE_URL": shop.url, "SWEEP_SECONDS": "0.5"}
    with starting(app, database_url, secrets, tmp_path / "worker.log", **ours) as start:
        yield start


def _until(db: Any, item: Collection, met: Callable[[Collection], bool]) -> Collection:
    end = time.monotonic() + PATIENCE
    while True:
        db.session.rollback()
        found = db.session.get(Collection, item.id, populate_existing=True)
        if met(found):
            return found  # type: ignore[no-any-return]
        assert time.monotonic() < end, f"it took too long: {found.state}, {found.pages} pages"
        time.sleep(0.05)


def test_killed_between_pages(db: Any, shop: Shop, start_worker: Start) -> None:
    item = create_collection()
    worker = start_worker()
    _until(db, item, lambda found: found.pages >= 3)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    stopped = _until(db, item, lambda _found: True)
    assert stopped.state == CollectionState.RUNNING
    pages = stopped.pages
    assert stopped.added == 2 * pages
    asked = len(shop.asked)
    start_worker()
    done = _until(db, item, lambda found: not found.busy)
    assert (done.state, done.added, done.edited, done.known) == (CollectionState.DONE, 12, 0, 0)
    assert shop.asked[asked] == ("mostrecent", pages + 1)
    assert db.session.scalar(select(func.count()).select_from(Review)) == 12
