"""A worker that is killed while it collects reviews: the next one goes on after the last page, and doubles nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
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

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120.0

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.usefixtures("real_clock")]


@pytest.fixture
def shop() -> Iterator[Shop]:
    with open_shop(12) as opened:
        yield opened


@pytest.fixture
def workers(
    app: Flask, database_url: str, secrets: dict[str, str], tmp_path: Path, shop: Shop
) -> Iterator[Callable[[], subprocess.Popen[bytes]]]:
    """Return a function that starts a real worker process, whose stores are ours."""
    running: list[subprocess.Popen[bytes]] = []
    own = {f"SALPIM_{name.upper()}": value for name, value in secrets.items()}
    own |= {"SALPIM_INSTANCE": app.instance_path, "DATABASE_URL": database_url}
    own |= {"SALPIM_APP_STORE_URL": shop.url, "SALPIM_SWEEP_SECONDS": "0.5"}

    def start() -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "flask", "--app", "wsgi", "worker"]
        running.append(subprocess.Popen(command, cwd=ROOT, env=os.environ | own, stderr=log))
        return running[-1]

    with (tmp_path / "worker.log").open("wb") as log:
        yield start
        for process in running:
            process.kill()
            process.wait()


def _until(db: Any, item: Collection, met: Callable[[Collection], bool]) -> Collection:
    end = time.monotonic() + PATIENCE
    while True:
        db.session.rollback()
        found = db.session.get(Collection, item.id, populate_existing=True)
        if met(found):
            return found  # type: ignore[no-any-return]
        assert time.monotonic() < end, f"it took too long: {found.state}, {found.pages} pages"
        time.sleep(0.05)


def test_killed_between_pages(db: Any, shop: Shop, workers: Callable[[], subprocess.Popen[bytes]]) -> None:
    item = create_collection()
    worker = workers()
    _until(db, item, lambda found: found.pages >= 3)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    stopped = _until(db, item, lambda _found: True)
    assert stopped.state == CollectionState.RUNNING
    pages = stopped.pages
    assert stopped.added == 2 * pages
    asked = len(shop.asked)
    workers()
    done = _until(db, item, lambda found: not found.busy)
    assert (done.state, done.added, done.edited, done.known) == (CollectionState.DONE, 12, 0, 0)
    assert shop.asked[asked] == ("mostrecent", pages + 1)
    assert db.session.scalar(select(func.count()).select_from(Review)) == 12
