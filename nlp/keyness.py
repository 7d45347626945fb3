"""Which words set two groups of reviews apart."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def log_odds_z(high: Floats, low: Floats, prior: Floats) -> tuple[Floats, Floats]:
    """Log-odds ratio with informative Dirichlet prior, and its z-score (Monroe et al. 2008, eq. 15–22).

    ``high`` and ``low``: counts per word in the two groups, of two words at least; ``prior``: pseudo-counts
    per word, all > 0. Raises ``ValueError`` for anything else.
    Returns ``(delta, z)``, both positive for words of ``high``; |z| > 1.96 is significant at 5 % for a single
    word looked at alone.
    """
    if not (high.shape == low.shape == prior.shape):
        raise ValueError("counts and prior differ in shape")
    if high.size < 2:
        raise ValueError("odds need two words at least, and a prior for each")
    if float(prior.min()) <= 0:
        raise ValueError("the prior must be positive for every word")
    a, b = high + prior, low + prior
    delta = np.log(a / (a.sum() - a)) - np.log(b / (b.sum() - b))
    z = delta / np.sqrt(1 / a + 1 / b)
    return delta, z


def background_prior(counts: Floats, size: float) -> Floats:
    """Pseudo-counts, ``size`` in all, spread over the words as all reviews use them.

    ``counts``: total per word, ≥ 0. A word nobody used gets as much as one used half a time.
    """
    smoothed = np.maximum(counts, 0.5)
    scaled: Floats = smoothed * (size / smoothed.sum()) if counts.size else smoothed
    return scaled
