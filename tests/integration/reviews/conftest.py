"""A portal whose stores are ours, and a worker that does not wait."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.reviews import jobs as work_of_reviews
from tests.factories import collections


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[collections.Shop]:
    """A store with six reviews on three pages, of which nobody waits for the next."""
    monkeypatch.setattr(work_of_reviews, "PAUSE", 0.0)
    monkeypatch.setattr(work_of_reviews, "TRIES", 1)
    with collections.open_shop() as opened:
        yield opened
