"""Figures of what is read jointly: several photos of one lesion, and a photo with what is known of the patient."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from vision.classes import KEYS, RISKY
from vision.context import of, shifted
from vision.data import CLINICAL
from vision.evaluate import Judged, table_of
from vision.metrics import (
    Bool,
    Figure,
    auroc,
    balanced_accuracy,
    coverage,
    log_loss,
    set_size,
    with_intervals,
)
from vision.predict import Predictor, Together
from vision.registry import Config
from vision.strata import SMALLEST


def jointly(predictor: Predictor, judged: Sequence[Judged], *, rounds: int = 1000) -> dict[str, Any]:
    """Lesions of two readable photos or more by source, then all photos by kind: {name: {"n", "photos", "known"}}.

    photos: the figures, at the model's own thresholds, of a lesion's photos together or of each photo; known: the same
    with age, sex, site and symptoms, left out where nothing of these has a say. Fewer than SMALLEST are only counted.
    """
    config = predictor.config
    found = {}
    for source, lesions in sorted(lesions_of(judged).items()):
        alone = [together(predictor, own) for own in lesions]
        known = [together(predictor, [knowing(config, j) for j in own]) for own in lesions]
        found[f"{source}, {sum(map(len, lesions))} photos by lesion"] = _rows(config, alone, known, rounds)
    for clinical, name in ((True, "clinical photos"), (False, "dermoscopic photos")):
        alone = [j for j in judged if (j.record.domain in CLINICAL) == clinical]
        if alone:
            found[name] = _rows(config, alone, [knowing(config, j) for j in alone], rounds)
    return found


def lesions_of(judged: Iterable[Judged]) -> dict[str, list[list[Judged]]]:
    """By source, the photos of each lesion of which two or more can be read, those alone."""
    lesions: dict[tuple[str, str], list[Judged]] = {}
    for j in judged:
        if j.record.lesion_id and j.prediction.outcome != "not_readable":
            lesions.setdefault((j.record.source, j.record.lesion_id), []).append(j)
    found: dict[str, list[list[Judged]]] = {}
    for (source, _), own in lesions.items():
        if len(own) > 1:
            found.setdefault(source or "unknown source", []).append(own)
    return found


def together(predictor: Predictor, lesion: Sequence[Judged]) -> Judged:
    """The first picture of a lesion, with what all of them say."""
    said = predictor.together([j.prediction for j in lesion])
    return _saying(lesion[0], said)


def knowing(config: Config, judged: Judged) -> Judged:
    """A picture as it is judged where what its record says of the patient is known; the heatmap stays as it was."""
    said, clinical = judged.prediction, np.asarray(judged.prediction.clinical)
    probability = np.array([said.probabilities[key] for key in KEYS])
    probability = shifted(probability, config.context.shift(of(judged.record)))
    shares = config.calibration.shares(probability, clinical)
    fits = config.sets.fits(probability, shares, clinical)
    changed = replace(
        said,
        probabilities=dict(zip(KEYS, probability.tolist(), strict=True)),
        top=KEYS[int(shares.argmax())],
        prediction_set=tuple(key for key, inside in zip(KEYS, fits, strict=True) if inside),
        risk=float(probability[np.array(RISKY)].sum()),
    )
    return replace(judged, prediction=changed)


def _saying(judged: Judged, of_all: Together) -> Judged:
    changed = replace(
        judged.prediction,
        probabilities=of_all.probabilities,
        top=of_all.top,
        prediction_set=of_all.prediction_set,
        risk=of_all.risk,
    )
    return replace(judged, prediction=changed)


def _rows(config: Config, alone: Sequence[Judged], known: Sequence[Judged], rounds: int) -> dict[str, Any]:
    """alone, known: the same lesions or photos in the same order, without and with what is known of the patient."""
    if len(alone) < SMALLEST:
        return {"n": len(alone), "photos": {}}
    ways = {"photos": alone}
    if any(config.context.used(of(j.record)) for j in alone):
        ways["known"] = known
    figures = _figures(config)
    measured = {way: with_intervals(table_of(rows), figures, rounds=rounds) for way, rows in ways.items()}
    return {"n": len(alone), **measured}


def _figures(config: Config) -> dict[str, Figure]:
    return {
        "loss": log_loss,
        "balanced_accuracy": balanced_accuracy,
        "auroc_malignant_or_premalignant": lambda t: auroc(t.risk, t.risky),
        "sensitivity_at_risk_threshold": lambda t: _share((t.risk >= config.risk_threshold)[t.risky]),
        "specificity_at_risk_threshold": lambda t: _share((t.risk < config.risk_threshold)[~t.risky]),
        "ppv_at_urgent_threshold": lambda t: _share(t.risky[t.risk >= config.urgent_threshold]),
        "conformal_coverage": coverage,
        "prediction_set_size": set_size,
    }


def _share(flags: Bool) -> float:
    return float(flags.mean()) if len(flags) else float("nan")
