"""How well pictures that show no lesion are told from lesions: ordinary photos and renderings that nothing was set on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vision.evaluate import Judged
from vision.foreign import REPORTED, ordinary_halves, rendering
from vision.metrics import auroc
from vision.predict import Predictor

RENDERINGS = 50
"""Of each kind that the probe never learned from."""


def out_of_distribution(
    predictor: Predictor, judged: Sequence[Judged], folder: Path, *, rounds: int = 1000
) -> dict[str, Any]:
    """AUROC of ``Prediction.strangeness``: ordinary photos (the half for reporting) and renderings against lesions.

    {"lesions", "ordinary photos", "renderings": {"n", "auroc", "interval"}}; the interval is a bootstrap over
    lesions or patients and over the other pictures. A part without pictures is left out.
    """
    rng = np.random.default_rng(1)
    photos = [path.read_bytes() for path in ordinary_halves(folder)[1]]
    drawings = [rendering(kind, rng) for kind in REPORTED for _ in range(RENDERINGS)]
    lesions = np.array([j.prediction.strangeness for j in judged])
    groups = [j.record.group for j in judged]
    found: dict[str, Any] = {"lesions": len(judged)}
    for name, pictures in (("ordinary photos", photos), ("renderings", drawings)):
        if pictures:
            others = np.array([predictor.predict(picture).strangeness for picture in pictures])
            found[name] = {"n": len(others), **apart(lesions, groups, others, rounds=rounds)}
    return found


def apart(
    lesions: npt.NDArray[np.float64],
    groups: Sequence[str],
    others: npt.NDArray[np.float64],
    *,
    rounds: int = 1000,
) -> dict[str, Any]:
    """AUROC of others against lesions with its 95 % bootstrap interval, lesions drawn by whole groups."""
    _, inverse = np.unique(np.array(groups), return_inverse=True)
    members = [np.flatnonzero(inverse == group) for group in range(inverse.max() + 1)]
    rng, drawn = np.random.default_rng(0), []
    for _ in range(rounds):
        rows = np.concatenate([members[i] for i in rng.integers(0, len(members), len(members))])
        drawn.append(_auroc(lesions[rows], others[rng.integers(0, len(others), len(others))]))
    return {
        "auroc": round(_auroc(lesions, others), 4),
        "interval": [round(float(q), 4) for q in np.percentile(drawn, [2.5, 97.5])],
    }


def _auroc(lesions: npt.NDArray[np.float64], others: npt.NDArray[np.float64]) -> float:
    strange = np.concatenate([np.zeros(len(lesions)), np.ones(len(others))]) == 1
    return auroc(np.concatenate([lesions, others]), strange)
