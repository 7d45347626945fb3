"""Figures of a classifier, with bootstrap intervals that respect lesions and patients."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from vision.classes import KEYS, RISKY
from vision.curves import reliability, risk_coverage, risk_coverage_area, sensitivity_at, specificity_at

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
Bool = npt.NDArray[np.bool_]
Figure = Callable[["Table"], float]
MEL = KEYS.index("mel")
SPECIFICITIES, SENSITIVITIES = (0.80, 0.90), (0.90, 0.95)
"""At which the other one is reported. The threshold is the pictures' own best, not the one the model ships with."""


@dataclass(frozen=True, eq=False)
class Table:
    """What is evaluated, one row a picture.

    labels (n,) and top (n,): class indices; probability (n, classes); risk (n,); groups (n,): what is drawn
    together in the bootstrap (lesion or patient); sets (n, classes): which classes are in the prediction set.
    """

    labels: Int64
    top: Int64
    probability: Float64
    groups: Int64
    sets: Bool

    @property
    def risk(self) -> Float64:
        """P(malignant or premalignant), (n,)."""
        return np.asarray(self.probability[:, np.array(RISKY)].sum(axis=1))

    @property
    def risky(self) -> Bool:
        """Whether the label is malignant or premalignant, (n,)."""
        return np.array(RISKY)[self.labels]

    @property
    def confidence(self) -> Float64:
        """Calibrated probability that ``top`` is right, (n,): what abstention goes by (Chow 1970)."""
        return np.asarray(self.probability[np.arange(len(self.top)), self.top])

    @property
    def covered(self) -> Bool:
        """Whether the label is in the prediction set, (n,)."""
        return np.asarray(self.sets[np.arange(len(self.labels)), self.labels])

    def rows(self, which: Int64 | Bool) -> Table:
        """The table of some rows."""
        return Table(
            self.labels[which],
            self.top[which],
            self.probability[which],
            self.groups[which],
            self.sets[which],
        )


def recalls(labels: Int64, guess: Int64) -> list[float]:
    """Sensitivity of each class that occurs, in order."""
    return [float((guess[labels == k] == k).mean()) for k in np.unique(labels)]


def balanced_accuracy(table: Table) -> float:
    """Mean sensitivity of ``top`` over the classes that occur."""
    return float(np.mean(recalls(table.labels, table.top)))


def log_loss(table: Table) -> float:
    """Mean negative log-likelihood of the labels, every picture counted once."""
    return float(-np.log(table.probability[np.arange(len(table.labels)), table.labels] + 1e-12).mean())


def auroc(score: Float64, positive: Bool) -> float:
    """Area under the ROC curve, ties counted half; nan where one side is empty (Hanley and McNeil 1982)."""
    n_pos, n_neg = int(positive.sum()), int((~positive).sum())
    if not n_pos or not n_neg:
        return float("nan")
    _, inverse, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2.0
    return float((ranks[inverse][positive].sum() - n_pos * (n_pos + 1) / 2.0) / (n_pos * n_neg))


def reliability_of(table: Table) -> list[dict[str, Any]]:
    """Confidence against accuracy of the likeliest class, in bins."""
    correct = table.probability.argmax(axis=1) == table.labels
    return reliability(table.probability.max(axis=1), correct)


def calibration_error(table: Table) -> float:
    """Expected calibration error of the likeliest class, in equally wide bins (Naeini et al. 2015)."""
    bins = reliability_of(table)
    return float(sum(b["n"] * abs(b["accuracy"] - b["confidence"]) for b in bins) / len(table.labels))


def calibration_error_by_chance(table: Table, *, rounds: int = 20) -> float:
    """The error of a model whose probabilities are exactly right on so many pictures: what remains is chance.

    Labels are drawn from the likeliest class's probability; the mean of ``rounds`` draws (after Bröcker and Smith 2007).
    """
    confidence, rng = table.probability.max(axis=1), np.random.default_rng(0)
    total = 0.0
    for _ in range(rounds):
        bins = reliability(confidence, rng.random(len(confidence)) < confidence)
        total += sum(b["n"] * abs(b["accuracy"] - b["confidence"]) for b in bins) / len(confidence)
    return total / rounds


def sensitivity(table: Table, label: int) -> float:
    """Share of the class that ``top`` names; nan where the class does not occur."""
    own = table.labels == label
    return float((table.top[own] == label).mean()) if own.any() else float("nan")


def precision(table: Table, label: int) -> float:
    """Share of ``top`` naming the class that is right; nan where it is never named."""
    named = table.top == label
    return float((table.labels[named] == label).mean()) if named.any() else float("nan")


def coverage(table: Table, label: int | None = None) -> float:
    """Share of pictures, or of one class's, whose label is in the prediction set; nan where there are none."""
    own = table.covered if label is None else table.covered[table.labels == label]
    return float(own.mean()) if len(own) else float("nan")


def set_size(table: Table) -> float:
    """Mean number of classes in the prediction set."""
    return float(table.sets.sum(axis=1).mean())


def bootstrap(
    table: Table, figures: dict[str, Figure], *, rounds: int = 1000, seed: int = 0
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


Task = Callable[[Table], tuple[Float64, Bool]]
_TASKS: dict[str, Task] = {
    "malignant_or_premalignant": lambda t: (t.risk, t.risky),
    "mel": lambda t: (t.probability[:, MEL], t.labels == MEL),
}


def _at(read: Callable[[Float64, Bool, float], float], task: Task, fixed: float) -> Figure:
    def figure(table: Table) -> float:
        score, positive = task(table)
        return read(score, positive, fixed)

    return figure


def _figures() -> dict[str, Figure]:
    found: dict[str, Figure] = {
        "balanced_accuracy": balanced_accuracy,
        "auroc_malignant_or_premalignant": lambda t: auroc(t.risk, t.risky),
        "auroc_mel": lambda t: auroc(t.probability[:, MEL], t.labels == MEL),
        "ece": calibration_error,
        "conformal_coverage": coverage,
        "prediction_set_size": set_size,
        "risk_coverage_area": lambda t: risk_coverage_area(t.confidence, t.top == t.labels),
    }
    for name, of in _TASKS.items():
        for fixed in SPECIFICITIES:
            found[f"sensitivity_at_specificity_{fixed:.2f}_{name}"] = _at(sensitivity_at, of, fixed)
        for fixed in SENSITIVITIES:
            found[f"specificity_at_sensitivity_{fixed:.2f}_{name}"] = _at(specificity_at, of, fixed)
    for index, key in enumerate(KEYS):
        found[f"sensitivity.{key}"] = lambda t, i=index: sensitivity(t, i)  # type: ignore[misc]
        found[f"precision.{key}"] = lambda t, i=index: precision(t, i)  # type: ignore[misc]
        found[f"conformal_coverage.{key}"] = lambda t, i=index: coverage(t, i)  # type: ignore[misc]
        if key != "mel":
            found[f"auroc.{key}"] = lambda t, i=index: auroc(t.probability[:, i], t.labels == i)  # type: ignore[misc]
    return found


def scored(table: Table) -> dict[str, tuple[Float64, Bool]]:
    """The two yes-or-no questions, by name: score and truth of each picture."""
    return {name: of(table) for name, of in _TASKS.items()}


def counts(table: Table) -> dict[str, Any]:
    """Of how many pictures, groups and of each class figures speak."""
    return {
        "pictures": len(table.labels),
        "groups": len(np.unique(table.groups)),
        "classes": {
            k: int((table.labels == i).sum()) for i, k in enumerate(KEYS) if (table.labels == i).any()
        },
    }


def with_intervals(table: Table, figures: dict[str, Figure], *, rounds: int) -> dict[str, dict[str, Any]]:
    """Those of the figures that are defined of a table, each with its value and interval (see `bootstrap`)."""
    values = {name: figure(table) for name, figure in figures.items()}
    known = {name: figure for name, figure in figures.items() if not np.isnan(values[name])}
    intervals = bootstrap(table, known, rounds=rounds)
    return {name: {"value": round(values[name], 4), "interval": intervals[name]} for name in known}


def measured(
    table: Table, *, rounds: int = 1000, only: Sequence[str] | None = None
) -> dict[str, dict[str, Any]]:
    """The figures of a table that are defined, or some of them: value and interval, and n of a class's share."""
    figures = {name: f for name, f in _figures().items() if only is None or name in only}
    found = with_intervals(table, figures, rounds=rounds)
    if "ece" in found:
        found["ece"]["by_chance"] = round(calibration_error_by_chance(table), 4)
    for index, key in enumerate(KEYS):
        for name in (f"sensitivity.{key}", f"conformal_coverage.{key}"):
            if name in found:
                found[name]["n"] = int((table.labels == index).sum())
    return found


def confusion(table: Table) -> dict[str, dict[str, int]]:
    """How often pictures of a class (first key) are called another (second key); classes without pictures are left out."""
    return {
        key: {
            other: n
            for j, other in enumerate(KEYS)
            if (n := int(((table.labels == i) & (table.top == j)).sum()))
        }
        for i, key in enumerate(KEYS)
        if (table.labels == i).any()
    }


def summary(table: Table, *, rounds: int = 1000) -> dict[str, Any]:
    """Every figure of a table, with its counts, confusion, reliability and risk–coverage curves and sizes of sets."""
    sizes = table.sets.sum(axis=1)
    return {
        **counts(table),
        "figures": measured(table, rounds=rounds),
        "confusion": confusion(table),
        "set_sizes": {str(size): int((sizes == size).sum()) for size in np.unique(sizes)},
        "reliability": [
            {k: round(v, 4) if isinstance(v, float) else v for k, v in b.items()}
            for b in reliability_of(table)
        ],
        "risk_coverage": risk_coverage(table.confidence, table.top == table.labels),
    }
