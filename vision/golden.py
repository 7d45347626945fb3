"""Pictures made by a formula, to hold a shipped network against what torch said of them at export."""

from __future__ import annotations

import numpy as np

from vision.views import Float32

TOLERANCE = 1e-4
"""Largest difference allowed between logits of torch and of the shipped model.onnx."""


def golden_pictures(height: int = 160, width: int = 160) -> Float32:
    """float32 (3, 3, height, width), normalised: a smooth field, a disc on it, and seeded noise."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    field = np.stack([np.sin(x / 17.0), np.cos(y / 23.0), np.sin((x + y) / 31.0)]) * 0.4
    disc = np.where((x - width / 2) ** 2 + (y - height / 2) ** 2 < (height / 4) ** 2, -0.5, 0.3)
    noise = np.random.default_rng(5).normal(0.0, 0.5, (3, height, width))
    return np.stack([field, field + disc, noise]).astype(np.float32)
