from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from scipy.special import stdtrit
from scipy.stats import mannwhitneyu, nbinom

from nlp.facts import bursts, study
from nlp.hypotheses import hypotheses
from nlp.intervals import Z
from nlp.ranks import dominance
from nlp.rates import AppMonths, _dispersion, app_months, rate_ratio
from nlp.reviews import KST, Review

MakeReview = Callable[..., Review]


def cells(reviews: list[int], app: list[int] | None = None) -> AppMonths:
    return AppMonths(
        np.array(app or [0] * len(reviews)), np.arange(len(reviews)), np.array(reviews, dtype=np.float64)
    )


def test_an_app_is_watched_from_its_first_review_to_its_last() -> None:
    """App 0 in months 5, 5 and 8; app 1 in 7, 8 and 9, of which 8 was not observed."""
    found = app_months(np.array([0, 0, 0, 1, 1, 1]), np.array([5, 5, 8, 7, 8, 9]), {(1, 8), (1, 99)})
    assert found.app.tolist() == [0, 0, 0, 0, 1, 1]
    assert found.month.tolist() == [5, 6, 7, 8, 7, 9]
    assert found.reviews.tolist() == [2, 0, 0, 1, 1, 1]


def test_a_rate_ratio_without_dispersion_is_poissons() -> None:
    """40 reviews in two months against 10 in two: 4 times as many, se √(1/40 + 1/10), t of 2 degrees."""
    found = rate_ratio(cells([20, 20, 5, 5]), np.array([1, 1, 2, 2]), 1)
    assert found is not None
    assert (found.effect, found.rival, found.dispersion) == (4.0, 2, 0.0)
    half = stdtrit(2, 0.975) * np.sqrt(1 / 40 + 1 / 10)
    assert found.low == pytest.approx(4 * np.exp(-half), abs=1e-4)
    assert found.high == pytest.approx(4 * np.exp(half), abs=1e-4)
    assert (found.rates, found.cells) == ({1: 20.0, 2: 5.0}, {1: 2, 2: 2})
    # One of the six ways to choose two of four months is as far ahead.
    assert found.p == pytest.approx(1 / 6, abs=0.02)


def test_the_dispersion_is_the_likeliest() -> None:
    counts = np.array([3.0, 0, 12, 1, 40, 2, 7, 0, 5, 9])
    expected = np.full(10, counts.mean())
    alpha = _dispersion(counts, expected, 1) * 9 / 10

    def likelihood(a: float) -> float:
        return float(nbinom.logpmf(counts, 1 / a, 1 / (1 + a * expected)).sum())

    assert likelihood(alpha) > max(likelihood(alpha * 1.02), likelihood(alpha / 1.02))


def test_a_burst_makes_the_interval_wide() -> None:
    steady = rate_ratio(cells([22, 18, 20, 9, 11, 10]), np.array([1, 1, 1, 2, 2, 2]), 1)
    burst = rate_ratio(cells([58, 1, 1, 9, 11, 10]), np.array([1, 1, 1, 2, 2, 2]), 1)
    assert steady is not None
    assert burst is not None
    assert steady.effect == burst.effect == 2.0
    assert steady.low > 1 > burst.low


def test_the_rival_is_the_one_that_is_surely_ahead() -> None:
    """Group 2's mean is the highest but of one month only; group 3 is surely ahead of group 1."""
    counts = cells([9, 1, 4, 22, 40, 25, 70, 30, 12, 39, 20, 30])
    found = rate_ratio(counts, np.array([1, 1, 1, 1, 2, 3, 3, 3, 3, 3, 3, 3]), 1)
    assert found is not None
    assert found.rival == 3
    assert found.high < 1


def test_shuffles_keep_an_apps_reviews_in_the_app() -> None:
    """All that the large app has lies in group 1 whichever way it is shuffled: nothing speaks for a lead."""
    found = rate_ratio(cells([90, 110, 1, 1], [0, 0, 1, 1]), np.array([1, 1, 2, 2]), 1)
    assert found is not None
    assert found.p == 1.0


@pytest.mark.parametrize("groups", [[2, 2, 2], [1, 1, 1]])
def test_one_period_alone_is_compared_with_nothing(groups: list[int]) -> None:
    assert rate_ratio(cells([3, 4, 5]), np.array(groups), 1) is None


def test_cliffs_delta_as_counted_pair_by_pair() -> None:
    draw = np.random.default_rng(3)
    first, second = draw.integers(0, 30, 40), draw.integers(0, 22, 60)
    found = dominance(first, second)
    assert found is not None
    signs = np.sign(first[:, None] - second[None, :])
    delta = signs.mean()
    assert found.delta == pytest.approx(delta, abs=1e-4)
    variance = signs.mean(axis=1).var(ddof=1) / 40 + signs.mean(axis=0).var(ddof=1) / 60
    half = Z * np.sqrt(variance * ((1 - delta**2) ** 2 + Z**2 * variance))
    scale = 1 - delta**2 + Z**2 * variance
    assert (found.low, found.high) == pytest.approx(
        ((delta - delta**3 - half) / scale, (delta - delta**3 + half) / scale), abs=1e-4
    )
    assert found.p == pytest.approx(mannwhitneyu(first, second, method="asymptotic").pvalue, abs=1e-4)
    turned = dominance(second, first)
    assert turned is not None
    assert (turned.delta, turned.low, turned.high) == (-found.delta, -found.high, -found.low)


def test_groups_apart_and_groups_alike() -> None:
    apart = dominance(np.array([9, 10, 11, 12]), np.array([1, 2, 3]))
    assert apart is not None
    assert apart.delta == 1
    assert (apart.low, apart.high) == pytest.approx(((3 - Z**2) / (3 + Z**2), 1), abs=1e-4)
    alike = dominance(np.array([5, 5]), np.array([5, 5, 5]))
    assert alike is not None
    assert (alike.delta, alike.low, alike.high, alike.p) == (0, 0, 0, 1)
    assert dominance(np.array([5]), np.array([5, 6])) is None


def spread(
    make: MakeReview,
    months: dict[str, int],
    *,
    app: str = "a",
    text: str = "병원 예약이 편해요",
    star: int = 5,
) -> list[Review]:
    """So many reviews on different days of each month."""
    return [
        make(text, star, app=app, at=datetime(int(m[:4]), int(m[5:]), 1 + i % 28, 12, tzinfo=KST))
        for m, count in months.items()
        for i in range(count)
    ]


def flat(first: int, last: int, count: int) -> dict[str, int]:
    return {f"{year}-{month:02}": count for year in range(first, last + 1) for month in range(1, 13)}


def test_what_was_planted_is_found(make_review: MakeReview) -> None:
    """2020 five times as busy, December of each year twice as busy as the rest."""
    months = flat(2020, 2022, 4) | flat(2020, 2020, 20)
    months |= {month: 2 * count for month, count in months.items() if month.endswith("12")}
    a, b, _ = hypotheses(spread(make_review, months), ())
    assert (a.key, a.verdict, b.key) == ("A", "supported", "B")
    assert a.p is not None
    assert a.p < 0.01
    assert a.figures["reviews_2020"] == 260
    assert a.figures["app_months_2021"] == 12
    assert b.figures["reviews_12"] == 56
    assert b.effect == 2.0
    assert "260" in a.note_ko
    assert "260" in a.note_en


def test_a_quiet_2020_is_refuted(make_review: MakeReview) -> None:
    a, b, _ = hypotheses(spread(make_review, flat(2020, 2023, 9) | flat(2020, 2020, 1)), ())
    assert (a.verdict, b.verdict) == ("refuted", "undecided")
    assert a.high is not None
    assert a.high < 1


def test_a_promotion_does_not_make_december_the_busiest(make_review: MakeReview) -> None:
    steady = spread(make_review, flat(2021, 2022, 3), app="a")
    promoted = spread(make_review, {"2021-11": 1, "2021-12": 200, "2022-02": 1}, app="b")
    reviews = steady + promoted
    _, b, _ = hypotheses(reviews, bursts(reviews))
    assert b.verdict == "undecided"
    assert b.figures["reviews_12"] == 206
    without = b.without_bursts
    assert without is not None
    assert without.figures["reviews_12"] == 6
    assert without.figures["app_months_12"] == 2  # the promoted month was not observed
    assert without.without_bursts is None


def test_longer_complaints_and_the_studys_own_r(make_review: MakeReview) -> None:
    reviews = spread(make_review, {"2021-03": 30}, text="좋아요" * 2) + spread(
        make_review, {"2021-04": 30}, text="예약이 안 돼요 " * 5, star=2
    )
    c = hypotheses(reviews, ())[2]
    assert (c.key, c.verdict, c.effect, c.without_bursts) == ("C", "supported", 1.0, None)
    assert (c.figures["median_complaints"], c.figures["median_others"]) == (45, 6)
    assert c.figures["pearson_r"] == study(reviews).length_r == -1
    shorter = hypotheses([*spread(make_review, {"2021-03": 9}, text="나빠", star=1), *reviews[:30]], ())[2]
    assert shorter.verdict == "refuted"


@pytest.mark.parametrize("count", [0, 1, 2])
def test_little_or_nothing_decides_nothing(make_review: MakeReview, count: int) -> None:
    found = hypotheses([make_review() for _ in range(count)], ())
    assert [h.verdict for h in found] == ["undecided"] * 3
    assert all(h.effect is None and h.note_ko and h.note_en for h in found)


def test_the_same_reviews_in_any_order_give_the_same_figures(make_review: MakeReview) -> None:
    reviews = spread(make_review, flat(2020, 2021, 2)) + spread(
        make_review, flat(2020, 2020, 5), app="b", star=2
    )
    first = json.dumps([asdict(h) for h in hypotheses(reviews, bursts(reviews))], allow_nan=False)
    again = json.dumps([asdict(h) for h in hypotheses(reviews[::-1], bursts(reviews))], allow_nan=False)
    assert first == again


def test_a_new_years_eve_in_los_angeles_is_january_in_seoul(make_review: MakeReview) -> None:
    eve = datetime(2020, 12, 31, 9, 0, tzinfo=timezone(timedelta(hours=-8)))
    found = hypotheses([make_review(at=eve)], ())
    assert found[0].figures == {"reviews_2021": 1.0}
    assert found[1].figures["reviews_01"] == 1.0
