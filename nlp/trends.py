"""How reviews change: by app and month, by app and version, and the last months against those before."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.intervals import difference, share_of
from nlp.model import Change, TrendRow, Trends, VersionRow
from nlp.reviews import KST, Review

#: The last so many months are compared with as many before them.
MONTHS = 6
#: With fewer reviews in either, nothing is said.
MIN_REVIEWS = 30
_DIGITS = 4


@dataclass(slots=True)
class _Tally:
    """Reviews of one cell."""

    reviews: int = 0
    stars: int = 0
    complaints: int = 0
    first: str = "9999"

    def add(self, star: int, complains: bool, day: str) -> None:
        self.reviews += 1
        self.stars += star
        self.complaints += complains
        self.first = min(self.first, day)

    @property
    def mean_star(self) -> float:
        return round(self.stars / self.reviews, _DIGITS)


def trends(reviews: Sequence[Review], complains: NDArray[np.bool_]) -> Trends:
    """Tallies by app and month (Korean time) and by app and version; ``complains``: a flag per review.

    Months without reviews have no row. Versions are in the order of their numbers (2.9 before 2.10), and a
    version's share of complaints has its Wilson interval. Raises ``ValueError`` if the lengths differ.
    """
    months: dict[tuple[str, str], _Tally] = {}
    versions: dict[tuple[str, str], _Tally] = {}
    for review, complaint in zip(reviews, complains.tolist(), strict=True):
        day = review.at.astimezone(KST).date().isoformat()
        months.setdefault((review.app, day[:7]), _Tally()).add(review.star, complaint, day)
        if version := review.version.strip():
            versions.setdefault((review.app, version), _Tally()).add(review.star, complaint, day)
    return Trends(
        by_app_month=tuple(
            TrendRow(app, month, tally.reviews, tally.mean_star, tally.complaints)
            for (app, month), tally in sorted(months.items())
        ),
        by_version=tuple(
            VersionRow(
                app, version, tally.first, tally.reviews, tally.mean_star,
                share_of(tally.complaints, tally.reviews),
            )
            for (app, version), tally in sorted(
                versions.items(), key=lambda item: (item[0][0], version_order(item[0][1]))
            )
        ),
        undated_versions=len(reviews) - sum(tally.reviews for tally in versions.values()),
    )  # fmt: skip


def version_order(version: str) -> tuple[tuple[tuple[int, int, str], ...], str]:
    """What versions are sorted by: numbers as numbers, whatever else as text, ``1.0`` before ``1.0.1``."""
    parts = re.findall(r"[0-9]{1,18}|[^\W\d_]+", version)
    # A beta comes before the release it becomes: text sorts below the end of the version, numbers above it.
    ranked = [(2, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]
    return (*ranked, (1, 0, "")), version


def change(months: NDArray[np.int64], flags: NDArray[np.bool_], *, span: int = MONTHS) -> Change | None:
    """Share of ``flags`` in the last ``span`` months of the data against the ``span`` before.

    ``months``: of each review as 202309, shape (n,); the last month is that of the last review, complete or
    not. ``None`` where either period has fewer than 30 reviews in all. The interval is Newcombe's (1998).
    """
    if not len(months):
        return None
    running = months // 100 * 12 + months % 100
    age = running.max() - running
    now, before = age < span, (age >= span) & (age < 2 * span)
    if min(int(now.sum()), int(before.sum())) < MIN_REVIEWS:
        return None
    earlier = share_of(int((flags & before).sum()), int(before.sum()))
    latest = share_of(int((flags & now).sum()), int(now.sum()))
    return Change(span, earlier, latest, *difference(earlier, latest))
