"""Several photos of one lesion, one reading."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from vision.classes import RISKY

Array = npt.NDArray[np.float64]
_TINY = 1e-9
"""Keeps a certain no from silencing every other photo."""


def pooled(probability: Array, priors: Array) -> tuple[Array, Array]:
    """What photos of one lesion say together: probabilities and class-balanced shares, (classes,) each, sum 1.

    probability: of each photo, (photos, classes), calibrated; priors: how common the classes are among pictures of
    its kind, likewise. The log-odds of malignant or premalignant are averaged first, then within either the logs of
    the classes (logarithmic opinion pool, Genest 1986): photos that see one cancer each, but not the same, must not
    come out as none, so the risk lies between the least and the highest of single photos.
    """
    risky = np.array(RISKY)
    probability = probability / probability.sum(axis=1, keepdims=True)
    each = np.exp(np.log(probability + _TINY).mean(axis=0))
    risk = probability[:, risky].sum(axis=1)
    odds = np.exp(np.log((risk + _TINY) / (1.0 - risk + _TINY)).mean())
    together = np.where(risky, odds * each / each[risky].sum(), each / each[~risky].sum()) / (1.0 + odds)
    shares = together / np.exp(np.log(priors).mean(axis=0))
    return together, shares / shares.sum()
