"""The model beside readers of the same reviews."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from nlp.reviews import Review
from nlp.sentiment.ceiling import beside_readers


def review(number: int, star: int) -> Review:
    return Review(
        app="1",
        at=datetime(2023, 1, 1, tzinfo=UTC),
        star=star,
        likes=0,
        title="",
        text=f"글 {number}",
        author="",
        store="",
        store_id="",
        version="",
    )


def test_readers_and_model_are_judged_by_the_same_stars():
    reviews = [review(number, star) for number, star in enumerate((1, 1, 5, 5, 5, 1))]
    said = ("neg", "mixed", "pos", "neg", "neutral")
    careful = {r.key: polarity for r, polarity in zip(reviews, said, strict=False)}
    other = dict.fromkeys(careful, "pos")
    found = beside_readers(reviews, np.array([0.9, 0.6, 0.1, 0.2, 0.4, 0.0]), {"a": careful, "b": other})
    assert (found["reviews"], found["complaints"]) == (5, 2), "the sixth was read by nobody"
    assert (found["a"]["false_alarms"], found["a"]["missed"]) == (1, 1)
    # Of six pairs of a complaint and praise, the mixed one stands below the praise that reads as a complaint.
    assert found["a"]["auc"]["value"] == pytest.approx((2 + 0.5 + 2) / 6, abs=1e-4)
    assert (found["b"]["false_alarms"], found["b"]["missed"]) == (0, 2)
    assert found["model"]["macro_f1"]["value"] == 1.0
    assert found["model"]["auc"]["value"] == 1.0
