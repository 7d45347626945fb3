"""Reviews made to order, and the real ones where they are."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from nlp.reviews import KST, Review
from nlp.tokenize import Tokenizer, make_tokenizer

MakeReview = Callable[..., Review]


@pytest.fixture(scope="session")
def mecab() -> Tokenizer:
    return make_tokenizer("mecab")


@pytest.fixture
def make_review() -> MakeReview:
    """A review with a day of its own unless told otherwise."""
    made = 0

    def make(
        text: str = "병원 예약이 편해요",
        star: int = 5,
        *,
        app: str = "517637141",
        title: str = "",
        at: datetime | None = None,
        author: str = "",
    ) -> Review:
        nonlocal made
        made += 1
        when = at or datetime(2023, 1, 1, 12, tzinfo=KST) + timedelta(days=9 * made)
        return Review(app=app, at=when, star=star, likes=0, title=title, text=text, author=author)

    return make


@pytest.fixture(scope="session")
def real_reviews() -> Path:
    """The folder of real reviews; they are not part of the project."""
    data = Path(os.environ.get("SALPIM_DATA", Path(__file__).parents[4] / "shared" / "data"))
    folder = data / "reviews"
    if not any(folder.glob("appstore_*.csv")):
        pytest.skip("real reviews not found: put them under ../shared/data or name the folder in SALPIM_DATA")
    return folder
