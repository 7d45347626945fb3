"""From logits to probabilities that mean what they say, and what follows from them.

Temperature scaling (Guo et al. 2017) with a bias per class (vector scaling with one slope);
class-conditional conformal sets (Sadinle, Lei and Wasserman 2019; Vovk 2012).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


def softmax(scores: Float64) -> Float64:
    """Softmax over the last axis."""
    moved = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(moved / moved.sum(axis=-1, keepdims=True))


def probabilities(logits: Float64, temperature: float, bias: Float64) -> Float64:
    """logits (…, classes) → calibrated probabilities, same shape."""
    return softmax(np.asarray(logits, dtype=np.float64) / temperature + bias)


def balanced(probability: Float64, priors: Float64) -> Float64:
    """Probability over prior, as shares that sum to 1: the picture's word apart from how common a class is."""
    share = probability / priors
    return np.asarray(share / share.sum(axis=-1, keepdims=True))


def fit_scaling(
    logits: Float64, labels: Int64, weights: Float64, *, strength: float = 0.01
) -> tuple[float, Float64]:
    """Temperature and bias that minimise the weighted negative log-likelihood.

    logits (n, classes), labels (n,), weights (n,); ``strength`` keeps biases of rare classes small.
    """
    from scipy.optimize import minimize

    classes = logits.shape[1]
    share = weights / weights.sum()

    def loss(theta: Float64) -> float:
        chosen = probabilities(logits, float(np.exp(theta[0])), theta[1:])[np.arange(len(labels)), labels]
        return float(-(share * np.log(chosen + 1e-12)).sum() + strength * (theta[1:] ** 2).sum())

    found = minimize(loss, np.zeros(classes + 1), method="L-BFGS-B").x
    return float(np.exp(found[0])), np.asarray(found[1:] - found[1:].mean())


def conformal_quantiles(shares: Float64, labels: Int64, coverage: float) -> Float64:
    """Per class, the balanced share that ``coverage`` of its pictures reach (with the finite-sample step).

    shares (n, classes) from ``balanced``; a class with too few pictures for the level gets 0: in every set.
    """
    limits = np.zeros(shares.shape[1])
    for label in range(shares.shape[1]):
        own = np.sort(shares[labels == label, label])
        allowed = int(np.floor((len(own) + 1) * (1.0 - coverage)))
        limits[label] = own[allowed - 1] if allowed >= 1 else 0.0
    return limits


def prediction_sets(shares: Float64, quantiles: Float64) -> npt.NDArray[np.bool_]:
    """Which classes are in the set: (…, classes) booleans."""
    return np.asarray(shares >= quantiles)


def threshold_for_sensitivity(risk: Float64, positive: npt.NDArray[np.bool_], sensitivity: float) -> float:
    """The highest risk threshold (risk ≥ threshold) that still finds ``sensitivity`` of the positives."""
    own = np.sort(risk[positive])
    return float(own[int(np.floor(len(own) * (1.0 - sensitivity)))])


def threshold_for_specificity(risk: Float64, positive: npt.NDArray[np.bool_], specificity: float) -> float:
    """The lowest threshold that leaves at least ``specificity`` of the negatives below it."""
    own = np.sort(risk[~positive])
    return float(np.nextafter(own[min(len(own) - 1, int(np.ceil(len(own) * specificity)))], 1.0))
