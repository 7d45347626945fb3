"""Figures of a classifier, with bootstrap intervals that respect lesions and patients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vision.classes import KEYS, RISKY

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
BINS = 10


@dataclass(frozen=True, eq=False)
class Table:
    """What is evaluated, one row a picture.

    labels (n,) and top (n,): class indices; probability (n, classes); risk (n,); groups (n,): what is drawn
    together in the bootstrap (lesion or patient).
    """

    labels: Int64
    top: Int64
    probability: Float64
    groups: Int64

    @property
    def risk(self) -> Float64:
        """P(malignant or premalignant), (n,)."""
        return np.asarray(self.probability[:, np.array(RISKY)].sum(axis=1))

    @property
    def risky(self) -> Bool:
        """Whether the label is malignant or premalignant, (n,)."""
        return np.array(RISKY)[self.labels]

    def rows(self, which: Int64 | Bool) -> Table:
        """The table of some rows."""
        return Table(self.labels[which], self.top[which], self.probability[which], self.groups[which])


def recalls(labels: Int64, guess: Int64) -> list[float]:
    """Sensitivity of each class that occurs, in order."""
    return [float((guess[labels == k] == k).mean()) for k in np.unique(labels)]


def balanced_accuracy(table: Table) -> float:
    """Mean sensitivity of ``top`` over the classes that occur."""
    return float(np.mean(recalls(table.labels, table.top)))


def auroc(score: Float64, positive: Bool) -> float:
    """Area under the ROC curve, ties counted half; nan where one side is empty (Hanley and McNeil 1982)."""
    n_pos, n_neg = int(positive.sum()), int((~positive).sum())
    if not n_pos or not n_neg:
        return float("nan")
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2.0
    return float((ranks[inverse][positive].sum() - n_pos * (n_pos + 1) / 2.0) / (n_pos * n_neg))


def calibration_error(table: Table) -> float:
    """Expected calibration error of the likeliest class, in BINS equally wide bins (Naeini et al. 2015)."""
    confidence = table.probability.max(axis=1)
    correct = table.probability.argmax(axis=1) == table.labels
    bins = np.minimum((confidence * BINS).astype(int), BINS - 1)
    error = 0.0
    for b in np.unique(bins):
        inside = bins == b
        error += inside.mean() * abs(correct[inside].mean() - confidence[inside].mean())
    return float(error)


def sensitivity(table: Table, label: int) -> float:
    """Share of the class that ``top`` names; nan where the class does not occur."""
    own = table.labels == label
    return float((table.top[own] == label).mean()) if own.any() else float("nan")


def precision(table: Table, label: int) -> float:
    """Share of ``top`` naming the class that is right; nan where it is never named."""
    named = table.top == label
    return float((table.labels[named] == label).mean()) if named.any() else float("nan")


def bootstrap(
    table: Table, figures: dict[str, Callable[[Table], float]], *, rounds: int = 1000, seed: int = 0
) -> dict[str, list[float] | None]:
    """95 % percentile intervals of several figures, drawing whole groups with replacement.

    A round in which a figure is undefined is left out of that figure; None where too few remain.
    """
    rng = np.random.default_rng(seed)
    _, inverse = np.unique(table.groups, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    starts = np.searchsorted(inverse[order], np.arange(inverse.max() + 2))
    members = [order[starts[i] : starts[i + 1]] for i in range(len(starts) - 1)]
    drawn: dict[str, list[float]] = {name: [] for name in figures}
    for _ in range(rounds):
        rows = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        sample = table.rows(rows)
        for name, figure in figures.items():
            value = figure(sample)
            if not np.isnan(value):
                drawn[name].append(value)
    return {
        name: [round(float(q), 4) for q in np.percentile(values, [2.5, 97.5])]
        if len(values) > rounds / 2
        else None
        for name, values in drawn.items()
    }


def _figures() -> dict[str, Callable[[Table], float]]:
    mel = KEYS.index("mel")
    found: dict[str, Callable[[Table], float]] = {
        "balanced_accuracy": balanced_accuracy,
        "auroc_malignant_or_premalignant": lambda t: auroc(t.risk, t.risky),
        "auroc_mel": lambda t: auroc(t.probability[:, mel], t.labels == mel),
        "ece": calibration_error,
    }
    for index, key in enumerate(KEYS):
        found[f"sensitivity.{key}"] = lambda t, i=index: sensitivity(t, i)  # type: ignore[misc]
        found[f"precision.{key}"] = lambda t, i=index: precision(t, i)  # type: ignore[misc]
        if key != "mel":
            found[f"auroc.{key}"] = lambda t, i=index: auroc(t.probability[:, i], t.labels == i)  # type: ignore[misc]
    return found


def summary(table: Table, *, rounds: int = 1000) -> dict[str, Any]:
    """Every figure of a table as {name: {value, interval}}, with counts of pictures, groups and classes."""
    figures = _figures()
    values = {name: figure(table) for name, figure in figures.items()}
    known = {name: figure for name, figure in figures.items() if not np.isnan(values[name])}
    intervals = bootstrap(table, known, rounds=rounds)
    return {
        "pictures": len(table.labels),
        "groups": len(np.unique(table.groups)),
        "classes": {
            k: int((table.labels == i).sum()) for i, k in enumerate(KEYS) if (table.labels == i).any()
        },
        "figures": {n: {"value": round(values[n], 4), "interval": intervals[n]} for n in known},
    }
