"""From logits to probabilities that mean what they say, and what follows from them.

Temperature scaling (Guo et al. 2017) with a bias per class (vector scaling with one slope), each leaning one way for
dermoscopy and the other for clinical photos as far as data ask for it; conformal sets by least ambiguous thresholds
(Sadinle, Lei and Wasserman 2019) of each class, where it has pictures enough, else of all classes.
"""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, eq=False)
class Lean:
    """How clinical photos are calibrated otherwise than dermoscopy: differences between the two.

    log_temperature: of the temperature; bias (classes,); priors (2, classes): of dermoscopy, of clinical photos.
    """

    log_temperature: float
    bias: Float64
    priors: Float64


@dataclass(frozen=True, eq=False)
class Calibration:
    """From logits to probabilities. bias, priors (classes,); clinical: how much a photo is a clinical one, 0..1.

    Without ``lean`` the kind of picture changes nothing.
    """

    temperature: float
    bias: Float64
    priors: Float64
    lean: Lean | None = None

    def probabilities(self, logits: Float64, clinical: Float64) -> Float64:
        """logits (…, classes), clinical (…) → calibrated probabilities (…, classes)."""
        if self.lean is None:
            return probabilities(logits, self.temperature, self.bias)
        side = np.asarray(clinical, dtype=np.float64)[..., None] - 0.5
        temperature = self.temperature * np.exp(side * self.lean.log_temperature)
        scores = np.asarray(logits, dtype=np.float64) / temperature + self.bias + side * self.lean.bias
        return softmax(scores)

    def priors_of(self, clinical: Float64) -> Float64:
        """How common the classes are among pictures of this kind: clinical (…) → (…, classes)."""
        share = np.asarray(clinical, dtype=np.float64)[..., None]
        if self.lean is None:
            return np.asarray(np.broadcast_to(self.priors, (*share.shape[:-1], len(self.priors))))
        return np.asarray((1.0 - share) * self.lean.priors[0] + share * self.lean.priors[1])

    def shares(self, probability: Float64, clinical: Float64) -> Float64:
        """``balanced`` by the priors of the picture's kind."""
        return balanced(probability, self.priors_of(clinical))


@dataclass(frozen=True, eq=False)
class SetLimits:
    """Which classes are in a prediction set: those whose score reaches the limit of the class.

    limits (classes,); by_share: the score is the balanced share (models before 4.0), else the probability;
    clinical: what is added to the log of a clinical photo's probabilities, so that both kinds are covered alike.
    """

    limits: Float64
    by_share: bool = True
    clinical: float = 0.0

    def fits(self, probability: Float64, shares: Float64, clinical: Float64) -> npt.NDArray[np.bool_]:
        """probability and shares (…, classes), clinical (…) → booleans (…, classes)."""
        if self.by_share:
            return np.asarray(shares >= self.limits)
        lift = np.exp(self.clinical * np.asarray(clinical, dtype=np.float64))[..., None]
        return np.asarray(probability * lift >= self.limits)


def class_priors(labels: Int64, weights: Float64, classes: int) -> Float64:
    """Weighted share of each class, (classes,), none of them 0. labels, weights: (n,)."""
    share = np.array([weights[labels == k].sum() for k in range(classes)]) / weights.sum() + 0.005
    return np.asarray(share / share.sum())


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


def fit_leaning(
    logits: Float64,
    labels: Int64,
    weights: Float64,
    clinical: Float64,
    *,
    strength: float,
    bias: float = 0.01,
) -> tuple[float, Float64, float, Float64]:
    """Temperature, bias and their lean by kind that minimise the weighted negative log-likelihood.

    logits (n, classes), labels, weights, clinical (n,). strength: how hard the lean is held at nothing; bias: the
    same for biases. Returns temperature, bias, and the lean's log_temperature and bias.
    """
    from scipy.optimize import minimize

    classes = logits.shape[1]
    share, none = weights / weights.sum(), np.zeros((2, classes))

    def taken_apart(theta: Float64) -> tuple[float, Float64, float, Float64]:
        return float(np.exp(theta[0])), theta[2 : classes + 2], float(theta[1]), theta[classes + 2 :]

    def loss(theta: Float64) -> float:
        temperature, biases, log_temperature, lean = taken_apart(theta)
        now = Calibration(temperature, biases, none[0], Lean(log_temperature, lean, none))
        chosen = now.probabilities(logits, clinical)[np.arange(len(labels)), labels]
        held = bias * (biases**2).sum() + strength * (log_temperature**2 + (lean**2).sum())
        return float(-(share * np.log(chosen + 1e-12)).sum() + held)

    found = taken_apart(minimize(loss, np.zeros(2 * classes + 2), method="L-BFGS-B").x)
    return found[0], found[1] - found[1].mean(), found[2], found[3] - found[3].mean()


def conformal_limits(
    scores: Float64, labels: Int64, coverage: float, *, few: int = 0, confidence: float | None = None
) -> Float64:
    """Per class, the score that ``coverage`` of its pictures reach.

    scores (n, classes). few: a class with fewer pictures takes the limit of all classes together; without it, one
    with too few for the level gets 0. confidence: how sure it is to be that new pictures reach it as often, the pictures
    at hand being drawn by chance (Vovk 2012: the coverage has a beta distribution); None: it holds in the mean.
    """
    overall = _reached(scores[np.arange(len(labels)), labels], coverage, confidence)
    limits = np.full(scores.shape[1], overall)
    for label in range(scores.shape[1]):
        own = scores[labels == label, label]
        if len(own) >= few:
            limits[label] = _reached(own, coverage, confidence)
    return limits


def _reached(own: Float64, coverage: float, confidence: float | None) -> float:
    allowed = int(np.floor((len(own) + 1) * (1.0 - coverage)))
    if confidence is not None:
        from scipy.stats import beta

        while allowed and beta.sf(coverage, len(own) + 1 - allowed, allowed) < confidence:
            allowed -= 1
    return float(np.sort(own)[allowed - 1]) if allowed >= 1 else 0.0


def threshold_for_sensitivity(risk: Float64, positive: npt.NDArray[np.bool_], sensitivity: float) -> float:
    """The highest risk threshold (risk ≥ threshold) that still finds ``sensitivity`` of the positives."""
    own = np.sort(risk[positive])
    return float(own[int(np.floor(len(own) * (1.0 - sensitivity)))])


def threshold_for_specificity(risk: Float64, positive: npt.NDArray[np.bool_], specificity: float) -> float:
    """The lowest threshold that leaves at least ``specificity`` of the negatives below it."""
    own = np.sort(risk[~positive])
    return float(np.nextafter(own[min(len(own) - 1, int(np.ceil(len(own) * specificity)))], 1.0))
