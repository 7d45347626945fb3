"""The 2023 study's three hypotheses, tested with tests that fit.

Its analysis of variance had one value per group. Here A and B are tests of counts per app and month, which
come in bursts and of which a store shows only some; C compares the lengths themselves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from nlp import hypothesis_notes as notes
from nlp.facts import excluding, pearson
from nlp.hypothesis_notes import Verdict
from nlp.model import Burst, Hypothesis
from nlp.ranks import dominance
from nlp.rates import AppMonths, app_months, rate_ratio
from nlp.reviews import KST, Review

YEAR, MONTH = 2020, 12
#: In both languages, as ``nlp.texts.side`` tells them apart.
_COUNTS = (
    "앱·달마다 건수의 음이항 비율(95 % 구간, 본페로니 보정), 앱 안에서 달을 섞은 순열 검정(p) / "
    "negative binomial rates per app-month (95 % interval, Bonferroni); shuffles of months within apps (p)"
)
_RANKS = (
    "클리프의 델타(95 % 구간은 Feng과 Cliff 2004), 맨–휘트니 검정(p) / "
    "Cliff's delta (95 % interval of Feng and Cliff 2004); Mann–Whitney (p)"
)
_RATIO, _DELTA = "비율의 비 / rate ratio", "클리프의 델타 / Cliff's delta"
_DIGITS = 4


def hypotheses(
    reviews: Sequence[Review], bursts: Sequence[Burst], *, seed: int = 7
) -> tuple[Hypothesis, ...]:
    """A (2020 had the most reviews), B (December has the most) and C (complaints are longer).

    Each over all reviews and, where there are ``bursts``, again without them. The verdict is by the interval:
    of a rate ratio above or below 1, of a difference above or below 0. Months are Korea's.
    """
    found = _all_three(reviews, set(), seed)
    if not bursts:
        return found
    kept = excluding(reviews, bursts).tolist()
    others = [review for review, keep in zip(reviews, kept, strict=True) if keep]
    without = _all_three(others, _burst_months(bursts), seed)
    return tuple(replace(whole, without_bursts=part) for whole, part in zip(found, without, strict=True))


def _burst_months(bursts: Sequence[Burst]) -> set[tuple[str, int]]:
    """Apps and months of which a promotion hides what there would have been."""
    return {
        (burst.app, month)
        for burst in bursts
        for month in range(_running(burst.first), _running(burst.last) + 1)
    }


def _running(day: str) -> int:
    return 12 * int(day[:4]) + int(day[5:7]) - 1


def _all_three(
    reviews: Sequence[Review], unobserved: set[tuple[str, int]], seed: int
) -> tuple[Hypothesis, ...]:
    names = {app: i for i, app in enumerate(sorted({review.app for review in reviews}))}
    apps = np.array([names[review.app] for review in reviews], dtype=np.int64)
    local = [review.at.astimezone(KST) for review in reviews]
    months = np.array([12 * at.year + at.month - 1 for at in local], dtype=np.int64)
    cells = app_months(apps, months, {(names[app], month) for app, month in unobserved if app in names})
    return (
        _most(notes.Claim("A", YEAR, _years(months)), cells, cells.month // 12, seed),
        _most(notes.Claim("B", MONTH, _calendar(months)), cells, cells.month % 12 + 1, seed),
        _longer(reviews),
    )


def _years(months: NDArray[np.int64]) -> dict[int, int]:
    years, counts = np.unique(months // 12, return_counts=True)
    return dict(zip(years.tolist(), counts.tolist(), strict=True))


def _calendar(months: NDArray[np.int64]) -> dict[int, int]:
    counts = np.bincount(months % 12, minlength=12).tolist()
    return {month + 1: count for month, count in enumerate(counts)}


def _most(claim: notes.Claim, cells: AppMonths, groups: NDArray[np.int64], seed: int) -> Hypothesis:
    """That the claimed year or month has more reviews than any other."""
    ratio = rate_ratio(cells, groups, claim.claimed, seed=seed)
    figures = {f"reviews_{claim.short(group)}": float(count) for group, count in claim.counts.items()}
    if ratio is None:
        return Hypothesis(
            claim.key, _COUNTS, _RATIO, None, None, None, None, "undecided",
            *notes.unobserved(claim), figures, None,
        )  # fmt: skip
    for group, rate in ratio.rates.items():
        figures[f"per_app_month_{claim.short(group)}"] = rate
        figures[f"app_months_{claim.short(group)}"] = float(ratio.cells[group])
    figures["dispersion"] = ratio.dispersion
    verdict = _verdict(ratio.low, ratio.high, 1.0)
    return Hypothesis(
        claim.key, _COUNTS, _RATIO, ratio.effect, ratio.low, ratio.high, ratio.p, verdict,
        *notes.most(claim, ratio, verdict), figures, None,
    )  # fmt: skip


def _longer(reviews: Sequence[Review]) -> Hypothesis:
    """That reviews of 3★ and less are longer than those above, in characters of title and text."""
    lengths = np.array([len(review.body) for review in reviews], dtype=np.int64)
    above = np.array([review.star > 3 for review in reviews], dtype=bool)
    figures = {"complaints": float((~above).sum()), "others": float(above.sum())}
    for name, mask in (("complaints", ~above), ("others", above)):
        if mask.any():
            figures[f"median_{name}"] = float(np.median(lengths[mask]))
            figures[f"mean_{name}"] = round(float(lengths[mask].mean()), _DIGITS)
    r = pearson(lengths.tolist(), above.astype(int).tolist())
    if r is not None:
        figures["pearson_r"] = r
    found = dominance(lengths[~above], lengths[above])
    if found is None:
        return Hypothesis(
            "C", _RANKS, _DELTA, None, None, None, None, "undecided", *notes.too_few(), figures, None
        )
    verdict = _verdict(found.low, found.high, 0.0)
    return Hypothesis(
        "C", _RANKS, _DELTA, found.delta, found.low, found.high, found.p, verdict,
        *notes.longer(found, figures["median_complaints"], figures["median_others"], verdict), figures, None,
    )  # fmt: skip


def _verdict(low: float, high: float, none: float) -> Verdict:
    if low > none:
        return "supported"
    return "refuted" if high < none else "undecided"
