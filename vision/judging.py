"""What logits of the validation pictures are worth, without a picture judging what was fitted on it.

Temperature, bias and priors by kind of picture are fitted on either half of validation and judged on the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from vision.calibration import balanced, class_priors, fit_scaling, probabilities
from vision.classes import KEYS
from vision.data import CLINICAL, Record
from vision.metrics import recalls
from vision.validation import DOMAIN_WEIGHTS, half_of, weights_by_domain

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]
ROUNDS = 1000


@dataclass(frozen=True, eq=False)
class Judged:
    """What a mixture says of the validation pictures, one row a picture.

    lost (n,): negative log-likelihood; plain (n,): argmax of its logits; top (n,): class-balanced decision.
    """

    lost: Float64
    plain: Int64
    top: Int64


@dataclass(frozen=True, eq=False)
class Pictures:
    """The validation pictures, one row each: class, domain, half, and the lesion or patient it is of."""

    labels: Int64
    domains: npt.NDArray[np.str_]
    halves: npt.NDArray[np.str_]
    groups: Int64

    @classmethod
    def of(cls, records: Sequence[Record]) -> Pictures:
        """The rows of some records."""
        return cls(
            np.array([r.label for r in records], dtype=np.int64),
            np.array([r.domain for r in records]),
            np.array([half_of(r.group) for r in records]),
            np.unique([r.group for r in records], return_inverse=True)[1].astype(np.int64),
        )

    def weights(self, rows: Int64 | npt.NDArray[np.bool_]) -> Float64:
        """What each of some rows counts."""
        return weights_by_domain(self.domains[rows])


def judged_records(records: Sequence[Record]) -> list[Record]:
    """The validation pictures on which networks are compared: ISIC 2017's are melanoma and keratosis only."""
    sources = {"HAM10000", "MILK10k", "PAD-UFES-20"}
    return [r for r in records if r.split == "val" and r.label >= 0 and r.source in sources]


def judge(logits: Float64, pictures: Pictures) -> Judged:
    """Fit on either half, judge the other. logits: (n, classes)."""
    lost, top = np.zeros(len(logits)), np.zeros(len(logits), dtype=np.int64)
    for half in "AB":
        fit, out = pictures.halves != half, pictures.halves == half
        labels, weights = pictures.labels[fit], pictures.weights(fit)
        found = probabilities(logits[out], *fit_scaling(logits[fit], labels, weights))
        lost[out] = -np.log(found[np.arange(out.sum()), pictures.labels[out]] + 1e-12)
        clinical_fit, clinical = _clinical(pictures.domains[fit]), _clinical(pictures.domains[out])
        decided = np.zeros(out.sum(), dtype=np.int64)
        for kind in (False, True):
            priors = class_priors(labels[clinical_fit == kind], weights[clinical_fit == kind], len(KEYS))
            decided[clinical == kind] = balanced(found[clinical == kind], priors).argmax(axis=1)
        top[out] = decided
    return Judged(lost, logits.argmax(axis=1), top)


def _clinical(domains: npt.NDArray[np.str_]) -> npt.NDArray[np.bool_]:
    return np.isin(domains, sorted(CLINICAL))


def loss_of(one: Judged, pictures: Pictures, rows: Int64) -> float:
    """The weighted loss of some rows."""
    weights = pictures.weights(rows)
    return float((weights * one.lost[rows]).sum() / weights.sum())


def by_domain(guess: Int64, pictures: Pictures, rows: Int64) -> list[float]:
    """Balanced accuracy by domain, in the order of DOMAIN_WEIGHTS."""
    inside = [rows[pictures.domains[rows] == name] for name in DOMAIN_WEIGHTS]
    return [float(np.mean(recalls(pictures.labels[chosen], guess[chosen]))) for chosen in inside]


def mean_by_domain(guess: Int64, pictures: Pictures, rows: Int64) -> float:
    """The mean of `by_domain`."""
    return float(np.mean(by_domain(guess, pictures, rows)))


def differences(one: Judged, first: Judged, pictures: Pictures) -> list[tuple[float, float, float]]:
    """How much the loss of ``one`` is above that of ``first``, and its class-balanced accuracy: each with 95 % of
    ROUNDS paired bootstrap rounds over lesions and patients (value, low, high)."""
    members = [np.flatnonzero(pictures.groups == group) for group in np.unique(pictures.groups)]
    rng = np.random.default_rng(0)
    draws = (rng.integers(0, len(members), len(members)) for _ in range(ROUNDS))
    rows = [np.arange(len(pictures.labels)), *(np.concatenate([members[n] for n in draw]) for draw in draws)]
    losses = [loss_of(one, pictures, r) - loss_of(first, pictures, r) for r in rows]
    gains = [mean_by_domain(one.top, pictures, r) - mean_by_domain(first.top, pictures, r) for r in rows]
    return [_with_interval(losses), _with_interval(gains)]


def _with_interval(values: Sequence[float]) -> tuple[float, float, float]:
    low, high = np.quantile(values[1:], [0.025, 0.975])
    return values[0], float(low), float(high)
