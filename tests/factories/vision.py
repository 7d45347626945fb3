"""Labelled pictures and what a model is said to have said of them."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from vision.classes import KEYS, RISKY
from vision.data import Record
from vision.evaluate import Judged
from vision.predict import Prediction
from vision.quality import Quality
from vision.registry import ModelId

_numbers = itertools.count(1)


def create_record(**given: Any) -> Record:
    """Return a mole of a lesion of its own in the test split, taken with a dermoscope."""
    number = next(_numbers)
    dx = given.get("dx", "nv")
    return Record(
        **{
            "image_id": f"drawn{number}",
            "label": KEYS.index(dx),
            "dx": dx,
            "source": "drawn",
            "modality": "dermoscopic",
            "lesion_id": f"L{number}",
            "patient_id": "",
            "split": "test",
        }
        | given
    )


def create_prediction(top: str = "nv", *, sure: float = 0.7, **given: Any) -> Prediction:
    """Return a reading that gives `top` the probability `sure` and shares the rest out evenly."""
    probabilities = dict.fromkeys(KEYS, (1 - sure) / (len(KEYS) - 1)) | {top: sure}
    return Prediction(
        **{
            "probabilities": probabilities,
            "top": top,
            "prediction_set": (top,),
            "risk": sum(probabilities[k] for k, risky in zip(KEYS, RISKY, strict=True) if risky),
            "outcome": "reading",
            "reason": "confident",
            "suspicious": False,
            "urgent": False,
            "heatmap": np.zeros((2, 2), dtype=np.float32),
            "quality": Quality(ok=True, checks=()),
            "model": ModelId("drawn", "1", "0" * 64),
            "milliseconds": {},
        }
        | given
    )


def create_judged(dx: str = "nv", top: str = "nv", **given: Any) -> Judged:
    """Return a picture of a `dx` that the model calls `top`; what else is given describes the picture."""
    return Judged(create_record(dx=dx, **given), create_prediction(top))
