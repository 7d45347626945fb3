"""Whether one group's values are larger than another's, by ranks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.intervals import Z

_DIGITS = 4


@dataclass(frozen=True)
class Dominance:
    """Cliff's delta, P(first larger) − P(first smaller), −1 … 1, with 95 % interval; p of Mann–Whitney's test."""

    delta: float
    low: float
    high: float
    p: float


def dominance(first: NDArray[np.int64], second: NDArray[np.int64]) -> Dominance | None:
    """Compare every value of ``first`` with every one of ``second`` (Cliff 1993), in n log n.

    The interval is Feng and Cliff's (2004), which is not symmetric; p is two-sided, with ties. ``None`` for
    fewer than two values in either.
    """
    if min(len(first), len(second)) < 2:
        return None
    above, below = _margins(first, second), _margins(second, first)
    delta = float(above.mean())
    variance = float(above.var(ddof=1)) / len(first) + float(below.var(ddof=1)) / len(second)
    low, high = _interval(delta, variance, min(len(first), len(second)))
    return Dominance(
        round(delta, _DIGITS), round(low, _DIGITS), round(high, _DIGITS), round(_p(first, second), _DIGITS)
    )


def _margins(values: NDArray[np.int64], others: NDArray[np.int64]) -> NDArray[np.float64]:
    """For each value, the share of ``others`` that it exceeds less the share that exceeds it."""
    ordered = np.sort(others)
    smaller = np.searchsorted(ordered, values, side="left")
    larger = len(ordered) - np.searchsorted(ordered, values, side="right")
    margins: NDArray[np.float64] = (smaller - larger) / len(ordered)
    return margins


def _interval(delta: float, variance: float, smaller: int) -> tuple[float, float]:
    z2 = Z * Z
    if abs(delta) == 1:  # no overlap: the variance is 0 and says nothing
        bound = (smaller - z2) / (smaller + z2)
        return (bound, 1.0) if delta > 0 else (-1.0, -bound)
    half = Z * float(np.sqrt(variance * ((1 - delta**2) ** 2 + z2 * variance)))
    scale = 1 - delta**2 + z2 * variance
    middle = delta - delta**3
    return max(-1.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def _p(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    from scipy.stats import mannwhitneyu

    if first.min() == first.max() == second.min() == second.max():
        return 1.0
    return float(mannwhitneyu(first, second, method="asymptotic").pvalue)
