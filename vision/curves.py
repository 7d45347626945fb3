"""Curves of a classifier and the figures read off them: ROC, reliability, risk against coverage."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Bool = npt.NDArray[np.bool_]
BINS = 10
COVERAGES = tuple(round(0.1 * step, 1) for step in range(1, 11))
ROC_POINTS = 101
ROUNDING = 1e-9
"""So that 0.9 of ten is nine, whatever the floating point makes of it."""


@dataclass(frozen=True, eq=False)
class Roc:
    """A point for every threshold, from "none is positive" to "all are": both arrays (n,), rising."""

    false_positive: Float64
    true_positive: Float64


def roc(score: Float64, positive: Bool) -> Roc | None:
    """The ROC curve of score ≥ threshold; None where one side is empty. score, positive: (n,)."""
    n_pos, n_neg = int(positive.sum()), int((~positive).sum())
    if not n_pos or not n_neg:
        return None
    order = np.argsort(-score, kind="stable")
    ranked, hit = score[order], positive[order]
    # Equal scores pass a threshold together, so a point stands only where the score changes.
    last = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    found = np.cumsum(hit)[last]
    return Roc(
        np.concatenate([[0.0], (last + 1 - found) / n_neg]),
        np.concatenate([[0.0], found / n_pos]),
    )


def sensitivity_at(score: Float64, positive: Bool, specificity: float) -> float:
    """The highest sensitivity that some threshold reaches with at least this specificity; nan if undefined."""
    curve = roc(score, positive)
    if curve is None:
        return float("nan")
    return float(curve.true_positive[curve.false_positive <= 1.0 - specificity + ROUNDING].max())


def specificity_at(score: Float64, positive: Bool, sensitivity: float) -> float:
    """The highest specificity that some threshold reaches with at least this sensitivity; nan if undefined."""
    curve = roc(score, positive)
    if curve is None:
        return float("nan")
    return float(1.0 - curve.false_positive[curve.true_positive >= sensitivity - ROUNDING].min())


def roc_points(score: Float64, positive: Bool) -> list[list[float]]:
    """The curve as at most ROC_POINTS pairs of 1 − specificity and sensitivity; empty if undefined."""
    curve = roc(score, positive)
    if curve is None:
        return []
    count = len(curve.true_positive)
    kept = np.unique(np.linspace(0, count - 1, min(count, ROC_POINTS)).round().astype(int))
    return [
        [round(float(x), 4), round(float(y), 4)]
        for x, y in zip(curve.false_positive[kept], curve.true_positive[kept], strict=True)
    ]


def reliability(confidence: Float64, correct: Bool) -> list[dict[str, Any]]:
    """Mean confidence and accuracy in each of BINS equally wide bins that holds a picture, with its count."""
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    found = []
    for b in np.unique(bins):
        inside = bins == b
        found.append(
            {
                "from": round(b / BINS, 4),
                "to": round((b + 1) / BINS, 4),
                "n": int(inside.sum()),
                "confidence": float(confidence[inside].mean()),
                "accuracy": float(correct[inside].mean()),
            }
        )
    return found


def selective_error(confidence: Float64, correct: Bool) -> Float64:
    """Share of errors among the k most confident, for k = 1 … n; equal confidences are shared out evenly."""
    order = np.argsort(-confidence, kind="stable")
    _, block, sizes = np.unique(-confidence[order], return_inverse=True, return_counts=True)
    mean = np.bincount(block, weights=~correct[order]) / sizes
    return np.asarray(np.cumsum(mean[block]) / np.arange(1, len(order) + 1))


def risk_coverage(confidence: Float64, correct: Bool) -> list[dict[str, float]]:
    """The error that remains if the model speaks only of the share of pictures it is surest of."""
    error = selective_error(confidence, correct)
    ranked = -np.sort(-confidence)
    last = [max(0, int(np.ceil(share * len(error) - ROUNDING)) - 1) for share in COVERAGES]
    return [
        {
            "coverage": share,
            "error": round(float(error[row]), 4),
            "least_confidence": round(float(ranked[row]), 4),
        }
        for share, row in zip(COVERAGES, last, strict=True)
    ]


def risk_coverage_area(confidence: Float64, correct: Bool) -> float:
    """Area under that curve, 0 (best) … 1 (Geifman and El-Yaniv 2017)."""
    return float(selective_error(confidence, correct).mean())
