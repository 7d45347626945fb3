from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from nlp.facts import bursts, excluding, study
from nlp.reviews import KST, Review

MakeReview = Callable[..., Review]


def test_the_study_counts_three_stars_on_both_sides(make_review: MakeReview) -> None:
    found = study([make_review(star=star) for star in (1, 2, 3, 3, 4, 5, 5)])
    assert (found.above3, found.not_above3) == (3, 4)
    assert (found.from3, found.to3) == (5, 4)


def test_bursts_are_looked_for_up_to_the_last_day_there_is(make_review: MakeReview) -> None:
    end = datetime(9999, 12, 31, tzinfo=KST)
    assert len(bursts([make_review(star=5, app="a", at=end) for _ in range(40)])) == 1


def test_a_promotion_is_left_out_and_nothing_else(make_review: MakeReview) -> None:
    start = datetime(2023, 3, 1, 12, tzinfo=KST)
    promoted = [make_review(star=5, app="a", at=start + timedelta(days=i % 20)) for i in range(40)]
    others = [
        make_review(star=1, app="a", at=start - timedelta(days=200)),
        make_review(star=5, app="a", at=start + timedelta(days=200)),
        make_review(star=5, app="b", at=start),
    ]
    reviews = [*others, *promoted]
    found = bursts(reviews)
    assert [burst.app for burst in found] == ["a"]
    assert excluding(reviews, found).tolist() == [True] * 3 + [False] * 40
    assert excluding(reviews, ()).all()
    assert excluding([], found).shape == (0,)
