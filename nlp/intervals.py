"""Shares with their intervals."""

from __future__ import annotations

from math import sqrt

from nlp.model import Share

Z = 1.959963984540054


def wilson(count: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927); ``of`` > 0."""
    share = count / of
    z2 = Z * Z
    middle = (share + z2 / (2 * of)) / (1 + z2 / of)
    half = Z * sqrt(share * (1 - share) / of + z2 / (4 * of * of)) / (1 + z2 / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def share_of(count: int, of: int) -> Share:
    """``count`` of ``of`` with its interval, rounded to four digits."""
    if not of:
        return Share(count, of, None, None, None)
    low, high = wilson(count, of)
    return Share(count, of, round(count / of, 4), round(low, 4), round(high, 4))


def difference(before: Share, now: Share) -> tuple[float, float, float]:
    """``now`` less ``before`` and its 95 % interval (Newcombe 1998, method 10); both with ``of`` > 0."""
    p1, p2 = now.count / now.of, before.count / before.of
    (l1, u1), (l2, u2) = wilson(now.count, now.of), wilson(before.count, before.of)
    low = p1 - p2 - sqrt((p1 - l1) ** 2 + (u2 - p2) ** 2)
    high = p1 - p2 + sqrt((u1 - p1) ** 2 + (p2 - l2) ** 2)
    return round(p1 - p2, 4), round(low, 4), round(high, 4)
