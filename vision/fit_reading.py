"""What turns logits into a reading, set on validation pictures: calibration, context, prediction sets, thresholds.

Which half serves what: see ``vision.fit``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from vision import calibration
from vision.calibration import Calibration, Lean, SetLimits
from vision.classes import KEYS, RISKY
from vision.context import Context, learn, of, shifted
from vision.data import CLINICAL, Record
from vision.registry import config_of
from vision.validation import Validation, weights_of

Log = Callable[[str], None]
Bool = npt.NDArray[np.bool_]

LEANS = (None, 0.1, 0.03, 0.01)
"""How hard the lean of the calibration by kind of picture is held at nothing; None: the same for all kinds."""
FOLDS = 5
COVERAGE = 0.90
CONFIDENCE = 0.8
"""How sure the conformal limit of a class is to hold COVERAGE of new lesions: some fifty pictures set it."""
FEW = 30
"""A class with fewer pictures takes the conformal limit of all classes (EXPERIMENTS.md)."""
LIFTS = tuple(round(0.1 * step, 1) for step in range(-10, 21))
RISK_SENSITIVITY = 0.95
URGENT_SPECIFICITY = 0.95
MOST_UNCERTAIN = 0.35
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""How much of what age, sex and site say may be used."""


def fit_calibration(
    validation: Validation, clinical: npt.NDArray[np.float64], config: dict[str, Any], log: Log
) -> None:
    """Temperature, bias and priors on half A, and how far they lean by kind of picture.

    How hard the lean is held: by the weighted negative log-likelihood of FOLDS folds of half A. ISIC 2017 is left
    out: its validation pictures are melanoma and keratosis only.
    """
    rows = validation.half("A") & np.array([r.source != "ISIC2017" for r in validation.records])
    weights = weights_of(validation, rows)[rows]
    logits, labels, clinical = validation.samples.logits[rows], validation.labels[rows], clinical[rows]
    folds = np.array([_fold(r.group) for r, chosen in zip(validation.records, rows, strict=True) if chosen])
    losses = {}
    for strength in LEANS:
        total = 0.0
        for fold in range(FOLDS):
            out = folds == fold
            now = _calibration(logits[~out], labels[~out], weights[~out], clinical[~out], strength)
            chosen = now.probabilities(logits[out], clinical[out])[np.arange(out.sum()), labels[out]]
            total -= float((weights[out] * np.log(chosen + 1e-12)).sum())
        losses[strength] = total / float(weights.sum())
    best = min(LEANS, key=lambda s: losses[s])
    table = {str(s): round(v, 4) for s, v in losses.items()}
    log(f"validation half A, loss by how hard the lean by kind is held: {json.dumps(table)}; {best} is used")
    found = _calibration(logits, labels, weights, clinical, best)
    config["temperature"] = round(found.temperature, 5)
    config["bias"] = _by_class(found.bias)
    config["priors"] = _by_class(found.priors)
    config["kinds_on_validation"] = table
    config.pop("kinds", None)
    if found.lean is not None:
        dermoscopic, photo = found.lean.priors
        config["kinds"] = {
            "strength": best,
            "log_temperature": round(found.lean.log_temperature, 5),
            "bias": _by_class(found.lean.bias),
            "priors": {"dermoscopic": _by_class(dermoscopic), "clinical": _by_class(photo)},
        }


def _fold(group: str) -> int:
    return hashlib.sha256(group.encode()).digest()[1] % FOLDS


def _calibration(
    logits: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    weights: npt.NDArray[np.float64],
    clinical: npt.NDArray[np.float64],
    strength: float | None,
) -> Calibration:
    priors = calibration.class_priors(labels, weights, len(KEYS))
    if strength is None:
        return Calibration(*calibration.fit_scaling(logits, labels, weights), priors)
    found = calibration.fit_leaning(logits, labels, weights, clinical, strength=strength)
    by_kind = np.array(
        [calibration.class_priors(labels, weights * share, len(KEYS)) for share in (1.0 - clinical, clinical)]
    )
    return Calibration(found[0], found[1], priors, Lean(found[2], found[3], by_kind))


def fit_context(
    validation: Validation,
    clinical: npt.NDArray[np.float64],
    train: list[Record],
    config: dict[str, Any],
    log: Log,
) -> None:
    """Log ratios of age, sex, site and symptoms on training pictures; how much of them is used, on validation half A.

    The share with the lowest weighted negative log-likelihood; none if none is better than doing without.
    """
    rows = validation.half("A") & np.array([r.source != "ISIC2017" for r in validation.records])
    probability = config_of(config).calibration.probabilities(validation.samples.logits[rows], clinical[rows])
    records = [r for r, chosen in zip(validation.records, rows, strict=True) if chosen]
    labels = validation.labels[rows]
    weights = weights_of(validation, rows)[rows]
    ratios = learn([r for r in train if r.source != "ISIC2017"])
    losses = {}
    for strength in STRENGTHS:
        context = Context(ratios, strength)
        shift = np.array([context.shift(of(r)) for r in records])
        chosen = shifted(probability, shift)[np.arange(len(labels)), labels]
        losses[strength] = float(-(weights * np.log(chosen + 1e-12)).sum() / weights.sum())
    best = min(losses, key=lambda s: (round(losses[s], 6), s))
    table = {str(s): round(v, 4) for s, v in losses.items()}
    log(
        f"validation half A, loss by strength of age, sex, site and symptoms: {json.dumps(table)}; {best} is used"
    )
    config["context"] = Context(ratios, best).to_json()
    config["context_on_validation"] = table


def fit_thresholds(
    validation: Validation, clinical: npt.NDArray[np.float64], config: dict[str, Any], log: Log
) -> None:
    """Conformal limits, the largest set called a reading, risk and urgent thresholds on half B."""
    rows = validation.half("B")
    photo, labels = validation.domain(*CLINICAL)[rows], validation.labels[rows]
    probability = config_of(config).calibration.probabilities(validation.samples.logits[rows], clinical[rows])
    risk, risky = probability[:, np.array(RISKY)].sum(axis=1), np.array(RISKY)[labels]
    found = conformal_sets(probability, labels, clinical[rows], photo)
    fits = found.fits(probability, probability, clinical[rows])
    sizes, covered = fits.sum(axis=1), fits[np.arange(len(labels)), labels]
    log(f"prediction sets, half B itself: {sizes.mean():.2f} classes, {covered.mean():.3f} hold the label")
    config["conformal"] = {"score": "probability", "clinical": found.clinical}
    config["conformal_quantiles"] = _by_class(found.limits)
    config["max_set"] = next(
        m for m in range(1, len(KEYS) + 1) if ((sizes > m) | (sizes == 0))[photo].mean() <= MOST_UNCERTAIN
    )
    config["risk_threshold"] = round(calibration.threshold_for_sensitivity(risk, risky, RISK_SENSITIVITY), 5)
    config["urgent_threshold"] = round(
        calibration.threshold_for_specificity(risk[photo], risky[photo], URGENT_SPECIFICITY), 5
    )


def conformal_sets(
    probability: npt.NDArray[np.float64],
    labels: npt.NDArray[np.int64],
    clinical: npt.NDArray[np.float64],
    photo: Bool,
) -> SetLimits:
    """Limits of the classes, with the lift of clinical photos at which both kinds are covered most alike.

    probability (n, classes); labels, clinical, photo (n,), photo: whether it is a clinical one.
    """
    best: tuple[float, SetLimits] | None = None
    for lift in sorted(LIFTS, key=abs):
        scores = probability * np.exp(lift * clinical)[:, None]
        limits = calibration.conformal_limits(scores, labels, COVERAGE, few=FEW, confidence=CONFIDENCE)
        covered = (scores >= limits)[np.arange(len(labels)), labels]
        gap = abs(float(covered[photo].mean() - covered[~photo].mean()))
        if best is None or gap < best[0] - 1e-9:
            best = gap, SetLimits(limits, by_share=False, clinical=lift)
    assert best is not None
    return best[1]


def _by_class(values: npt.NDArray[np.float64]) -> dict[str, float]:
    return {k: round(float(v), 6) for k, v in zip(KEYS, values, strict=True)}
