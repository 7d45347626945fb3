"""Which year or calendar month has the most reviews, told from counts that come in bursts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Permutations: so many, fewer where there are very many app-months.
PERMUTATIONS = 9_999
_WORK = 20_000_000
_DIGITS = 4


@dataclass(frozen=True)
class AppMonths:
    """One cell per app and month from the app's first review to its last, months without reviews as 0.

    app, month, reviews: shape (cells,); ``month`` counts months, 12 · year + month − 1.
    """

    app: Ints
    month: Ints
    reviews: Floats


def app_months(apps: Ints, months: Ints, left_out: Collection[tuple[int, int]] = ()) -> AppMonths:
    """The cells of reviews with these apps (numbers from 0) and months; those ``left_out`` were not observed.

    An app is watched from its first review to its last: a store shows only so many, so that what lies before
    the first may be missing and must not count as silence.
    """
    if not len(apps):
        return AppMonths(apps, months, np.zeros(0))
    start, width = int(months.min()), int(np.ptp(months)) + 1
    table = np.bincount(apps * width + months - start, minlength=(int(apps.max()) + 1) * width)
    table = table.reshape(-1, width)
    seen = table > 0
    watched = np.logical_or.accumulate(seen, axis=1)
    watched &= np.logical_or.accumulate(seen[:, ::-1], axis=1)[:, ::-1]
    for app, month in left_out:
        if 0 <= month - start < width:
            watched[app, month - start] = False
    row, column = np.nonzero(watched)
    return AppMonths(row.astype(np.int64), column + start, table[row, column].astype(np.float64))


@dataclass(frozen=True)
class RateRatio:
    """The claimed group's rate over that of the ``rival``, the other that speaks most against the claim.

    ``effect``, ``low``, ``high``: the ratio with its 95 % interval.

    ``p``: how often months shuffled within their apps put the claimed group so far ahead, one-sided.
    ``rates``: reviews per app-month by group; ``cells``: app-months by group; ``dispersion``: α of the negative
    binomial variance μ + αμ².
    """

    effect: float
    low: float
    high: float
    p: float
    rival: int
    rates: dict[int, float]
    cells: dict[int, int]
    dispersion: float


def rate_ratio(cells: AppMonths, groups: Ints, claimed: int, *, seed: int = 7) -> RateRatio | None:
    """Test that the group ``claimed`` has the highest rate of reviews per app-month.

    ``groups``: of each cell, any integers. The intervals are of a negative binomial model with a rate per group
    and one dispersion, on the log scale with Student's t, Bonferroni's over all the others, for the claim is
    about them all. The rival is the group that is surely ahead of the claimed one, the surest if there are more;
    else the one of which it is least sure that it is behind. A group without reviews counts as half a review.
    ``None`` where the claimed group or any other was never observed.
    """
    names, group = np.unique(groups, return_inverse=True)
    if claimed not in names or len(names) < 2:
        return None
    own = int(np.searchsorted(names, claimed))
    size = np.bincount(group).astype(np.float64)
    total: Floats = np.bincount(group, cells.reviews).astype(np.float64)
    rates = total / size
    others = [i for i in range(len(names)) if i != own]
    dispersion = _dispersion(cells.reviews, rates[group], len(names))
    logs = _log_rate(total, size)
    effect = logs[own] - logs
    half = _quantile(len(others), len(group) - len(names)) * _standard_errors(total, size, dispersion, own)
    surest = min(others, key=lambda i: (effect[i] + half[i], i))
    hardest = min(others, key=lambda i: (effect[i] - half[i], i))
    rival = surest if effect[surest] + half[surest] < 0 else hardest
    return RateRatio(
        effect=round(float(np.exp(effect[rival])), _DIGITS),
        low=round(float(np.exp(effect[rival] - half[rival])), _DIGITS),
        high=round(float(np.exp(min(effect[rival] + half[rival], 300.0))), _DIGITS),
        p=_p(cells, group, size, own, seed),
        rival=int(names[rival]),
        rates={int(name): round(float(rate), _DIGITS) for name, rate in zip(names, rates, strict=True)},
        cells={int(name): int(count) for name, count in zip(names, size, strict=True)},
        dispersion=round(dispersion, _DIGITS),
    )


def _log_rate(total: Floats, size: Floats) -> Floats:
    logs: Floats = np.log(np.maximum(total, 0.5) / size)
    return logs


def _dispersion(reviews: Floats, expected: Floats, groups: int) -> float:
    """α ≥ 0 of the negative binomial by maximum likelihood (Lawless 1987), times n / (n − groups).

    A group's mean is the likeliest rate whatever α is, so that one number is left to be found.
    """
    from scipy.optimize import minimize_scalar
    from scipy.special import gammaln

    free = len(reviews) - groups
    if free < 1 or not expected.any():
        return 0.0
    reviews, expected = reviews[expected > 0], expected[expected > 0]

    def loss(log_alpha: float) -> float:
        shape = np.exp(-log_alpha)
        share = np.log1p(expected / shape)
        likelihood = gammaln(reviews + shape) - gammaln(shape) - shape * share
        likelihood += reviews * (np.log(expected / shape) - share)
        return -float(likelihood.sum())

    lowest = -12.0
    found = minimize_scalar(loss, bounds=(lowest, 6.0), method="bounded", options={"xatol": 1e-6})
    alpha = float(np.exp(found.x))
    return 0.0 if found.x < lowest + 1 else alpha * (free + groups) / free


def _standard_errors(total: Floats, size: Floats, dispersion: float, own: int) -> Floats:
    """Of the log ratio of the group ``own`` to each."""
    variance = 1 / np.maximum(total, 0.5) + dispersion / size
    errors: Floats = np.sqrt(variance[own] + variance)
    return errors


def _quantile(comparisons: int, free: int) -> float:
    from scipy.special import ndtri, stdtrit

    tail = 1 - 0.025 / comparisons
    return float(stdtrit(free, tail) if free > 0 else ndtri(tail))


def _p(cells: AppMonths, group: Ints, size: Floats, own: int, seed: int) -> float:
    """Share of shuffles in which the group is at least so far ahead of all others as it is."""
    draw = np.random.default_rng(seed)
    order = np.argsort(cells.app, kind="stable")
    app, reviews, group = cells.app[order], cells.reviews[order], group[order]
    shuffles = int(min(PERMUTATIONS, max(199, _WORK // len(app))))
    batch = max(1, 500_000 // len(app))
    member = np.zeros((len(group), len(size)))
    member[np.arange(len(group)), group] = 1

    def lead(counts: Floats) -> Floats:
        logs = _log_rate(counts @ member, size)
        ahead: Floats = logs[:, own] - np.delete(logs, own, axis=1).max(axis=1)
        return ahead

    observed = float(lead(reviews[None, :])[0])
    as_far, left = 0, shuffles
    while left:
        rows = min(batch, left)
        within = np.argsort(app + draw.random((rows, len(app))), axis=1)  # apps stay where they are
        as_far += int((lead(reviews[within]) >= observed - 1e-9).sum())
        left -= rows
    return round((1 + as_far) / (1 + shuffles), _DIGITS)
