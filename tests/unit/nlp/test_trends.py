from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from nlp.intervals import wilson
from nlp.reviews import KST, Review
from nlp.trends import change, trends, version_order

MakeReview = Callable[..., Review]


def flags(*values: int) -> np.ndarray:
    return np.array(values, dtype=bool)


def test_nothing_has_no_trend() -> None:
    found = trends([], flags())
    assert (found.by_app_month, found.by_version, found.undated_versions) == ((), (), 0)
    assert change(np.array([], dtype=np.int64), flags()) is None


def test_a_month_is_koreas(make_review: MakeReview) -> None:
    """15:30 UTC on the last of May is June in Seoul."""
    may = make_review(star=5, at=datetime(2023, 5, 31, 14, 30, tzinfo=UTC))
    june = make_review(star=2, at=datetime(2023, 5, 31, 15, 30, tzinfo=UTC))
    later = make_review(star=1, at=datetime(2023, 6, 9, tzinfo=KST))
    found = trends([may, june, later], flags(0, 0, 1))
    assert [(r.month, r.reviews, r.mean_star, r.complaints) for r in found.by_app_month] == [
        ("2023-05", 1, 5.0, 0),
        ("2023-06", 2, 1.5, 1),
    ]


def test_apps_are_apart_and_versions_in_the_order_of_their_numbers(make_review: MakeReview) -> None:
    day = datetime(2023, 3, 1, tzinfo=KST)
    reviews = [
        replace(make_review(star=star, app=app, at=day.replace(day=d)), version=version)
        for d, (app, version, star) in enumerate(
            [
                ("a", "2.10", 1),
                ("a", "2.9", 5),
                ("a", "2.10", 3),
                ("b", "1.0.1", 4),
                ("b", "1.0", 4),
                ("b", "", 4),
            ],
            start=1,
        )
    ]
    found = trends(reviews, flags(1, 0, 0, 0, 0, 0))
    assert [(r.app, r.version, r.reviews) for r in found.by_version] == [
        ("a", "2.9", 1),
        ("a", "2.10", 2),
        ("b", "1.0", 1),
        ("b", "1.0.1", 1),
    ]
    assert found.undated_versions == 1
    newest = found.by_version[1]
    assert (newest.first, newest.mean_star) == ("2023-03-01", 2.0)
    low, high = wilson(1, 2)
    assert (newest.complaints.share, newest.complaints.low, newest.complaints.high) == (
        0.5,
        round(low, 4),
        round(high, 4),
    )


def test_a_beta_comes_before_its_release() -> None:
    ordered = ["1.0", "1.2b", "1.2", "1.2.0", "1.10", "2"]
    assert sorted(set(ordered), key=version_order) == ordered
    assert version_order("9" * 5000)


def test_a_flag_for_each_review_is_needed(make_review: MakeReview) -> None:
    with pytest.raises(ValueError, match="zip"):
        trends([make_review()], flags(1, 0))


def test_the_last_six_months_against_the_six_before_across_a_year() -> None:
    """40 reviews in 2023-02, 10 flagged; 50 in 2022-08 (the month before the six), 5 flagged; 99 long before."""
    months = np.array([202302] * 40 + [202208] * 50 + [202201] * 99)
    flagged = np.zeros(189, dtype=bool)
    flagged[:10] = flagged[40:45] = flagged[90:] = True
    found = change(months, flagged)
    assert found is not None
    assert (found.now.count, found.now.of, found.before.count, found.before.of) == (10, 40, 5, 50)
    # Newcombe's interval by hand from Wilson's 0.1419…0.4019 and 0.0435…0.2136
    assert found.difference == 0.15
    assert found.low == pytest.approx(0.15 - np.hypot(0.25 - 0.1419, 0.2136 - 0.1), abs=2e-4)
    assert found.high == pytest.approx(0.15 + np.hypot(0.4019 - 0.25, 0.1 - 0.0435), abs=2e-4)


def test_too_few_reviews_tell_of_no_change() -> None:
    months = np.array([202309] * 40 + [202302] * 29)
    assert change(months, np.ones(69, dtype=bool)) is None
    assert change(np.append(months, 202302), np.ones(70, dtype=bool)) is not None
