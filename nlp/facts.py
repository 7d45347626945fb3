"""Plain figures of a set of reviews: promotion bursts and what the 2023 study counted."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.apps import name_of
from nlp.model import Burst, Study
from nlp.reviews import KST, Review

#: A burst: so many days hold at least this share of an app's reviews, this many, of which so many 4–5★.
BURST_DAYS = 42
BURST_SHARE = 0.5
BURST_REVIEWS = 30
BURST_PRAISE = 0.95


def bursts(reviews: Sequence[Review]) -> tuple[Burst, ...]:
    """Apps half of whose reviews came within six weeks, nearly all of them praise: a promotion is likely.

    The limits are ours, chosen on eight apps. A young app that is simply liked looks the same: a burst is
    a reason to read its reviews apart, not a proof.
    """
    found = (_burst(app, reviews) for app in sorted({review.app for review in reviews}))
    return tuple(burst for burst in found if burst)


def _burst(app: str, reviews: Sequence[Review]) -> Burst | None:
    own = sorted((r.at.astimezone(KST).date(), r.star) for r in reviews if r.app == app)
    days = [day.toordinal() for day, _ in own]
    ends = [bisect_right(days, day + BURST_DAYS - 1) for day in days]
    start = max(range(len(own)), key=lambda i: (ends[i] - i, -i))
    inside = own[start : ends[start]]
    praise = sum(star >= 4 for _, star in inside) / len(inside)
    if len(inside) < max(BURST_REVIEWS, BURST_SHARE * len(own)) or praise < BURST_PRAISE:
        return None
    first, last = inside[0][0], inside[-1][0]
    return Burst(
        app=app,
        name_ko=name_of(app, "ko"),
        name_en=name_of(app, "en"),
        first=first.isoformat(),
        last=last.isoformat(),
        days=(last - first).days + 1,
        reviews=len(inside),
        of=len(own),
        praise=round(praise, 4),
        complaints_ever=sum(star <= 2 for _, star in own),
    )


def excluding(reviews: Sequence[Review], bursts: Sequence[Burst]) -> NDArray[np.bool_]:
    """Mask of the reviews that lie in none of ``bursts``, shape (reviews,): what is left without promotions.

    Excluded are all of the app's reviews on the burst's days, blame as well as praise.
    """
    spans = {burst.app: (burst.first, burst.last) for burst in bursts}  # an app has one burst at most
    return np.array([not _within(review, spans.get(review.app)) for review in reviews], dtype=bool)


def _within(review: Review, span: tuple[str, str] | None) -> bool:
    return span is not None and span[0] <= review.at.astimezone(KST).date().isoformat() <= span[1]


def study(reviews: Sequence[Review]) -> Study:
    """The study's figures: >3★ and not, ≥3★ and ≤3★, by year, by calendar month, length against label."""
    local = [review.at.astimezone(KST) for review in reviews]
    above = [review.star > 3 for review in reviews]
    months = Counter(f"{at.month:02}" for at in local)
    return Study(
        reviews=len(reviews),
        above3=sum(above),
        not_above3=len(reviews) - sum(above),
        from3=sum(review.star >= 3 for review in reviews),
        to3=sum(review.star <= 3 for review in reviews),
        by_year=dict(sorted(Counter(str(at.year) for at in local).items())),
        by_calendar_month={f"{month:02}": months[f"{month:02}"] for month in range(1, 13)},
        busiest_month=min(months, key=lambda month: (-months[month], month)) if months else None,
        length_r=pearson([len(review.body) for review in reviews], [int(label) for label in above]),
    )


def pearson(x: Sequence[int], y: Sequence[int]) -> float | None:
    """Pearson's r from exact integer sums; ``None`` where one side does not vary."""
    n = len(x)
    sx, sy = sum(x), sum(y)
    xx = n * sum(v * v for v in x) - sx * sx
    yy = n * sum(v * v for v in y) - sy * sy
    if not xx or not yy:
        return None
    xy = n * sum(a * b for a, b in zip(x, y, strict=True)) - sx * sy
    return round(float(xy / (float(xx) ** 0.5 * float(yy) ** 0.5)), 6)
