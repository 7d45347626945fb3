"""Fitting the sentiment model: a weighted logistic regression over all corpora, and its calibration."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlp.sentiment.corpora import Labelled
from nlp.sentiment.features import features

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
_BATCH = 4096


@dataclass(frozen=True)
class Recipe:
    """What decides a fit. The weights say how much one text of each source counts; ``strength`` is C."""

    telemedicine: float = 20.0
    fitness: float = 10.0
    films: float = 1.0
    sentences: float = 10.0
    strength: float = 0.2
    rounds: int = 60


@dataclass(frozen=True)
class Corpus:
    """Texts as features, with labels and weights; rows of one half complaint, half praise stand twice."""

    rows: csr_array
    labels: Floats
    weights: Floats
    apps: NDArray[np.str_]


@dataclass(frozen=True)
class Linear:
    """A fitted model: the logit of a text is ``features · weights + offset``."""

    weights: Floats
    offset: float

    def logits(self, rows: csr_array) -> Floats:
        """Logits, shape (texts,)."""
        out: Floats = rows @ self.weights + self.offset
        return out


def corpus(texts: Sequence[Labelled], recipe: Recipe) -> Corpus:
    """Features of ``texts``, ready to fit."""
    from scipy.sparse import csr_array, vstack

    labels = np.array([text.label for text in texts])
    weights = np.array([getattr(recipe, text.source) for text in texts])
    apps = np.array([text.app for text in texts], dtype=np.str_)
    parts = [features([text.text for text in texts[i : i + _BATCH]]) for i in range(0, len(texts), _BATCH)]
    rows = csr_array(vstack(parts))
    half = np.flatnonzero(labels == 0.5)
    labels[half], weights[half] = 0.0, weights[half] / 2
    return Corpus(
        csr_array(vstack([rows, rows[half]])),
        np.concatenate([labels, np.ones(len(half))]),
        np.concatenate([weights, weights[half]]),
        np.concatenate([apps, apps[half]]),
    )


def rarity(rows: csr_array) -> Floats:
    """idf of every n-gram, ln((1 + n) / (1 + df)) + 1: how little it says that a text has it."""
    used = np.bincount(rows.indices, minlength=rows.shape[1])
    out: Floats = np.log((1 + rows.shape[0]) / (1 + used)) + 1
    return out


def fit(data: Corpus, recipe: Recipe, keep: NDArray[np.bool_] | None = None) -> Linear:
    """Fit on the rows of ``keep`` (all unless given). The same data give the same model."""
    from scipy.sparse import csr_array, diags_array
    from sklearn.linear_model import LogisticRegression

    keep = np.ones(len(data.labels), dtype=bool) if keep is None else keep
    idf = rarity(data.rows)
    rows = csr_array(data.rows[keep] @ diags_array(idf))
    model = LogisticRegression(C=recipe.strength, max_iter=recipe.rounds, tol=1e-3)
    model.fit(rows, data.labels[keep], sample_weight=data.weights[keep])
    return Linear(model.coef_[0] * idf, float(model.intercept_[0]))


def calibrate(logits: Floats, labels: Floats) -> tuple[float, float]:
    """Slope and shift with which ``logits`` of texts not fitted on say how often they complain (Platt 1999)."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e3).fit(logits[:, None], labels)
    return float(model.coef_[0, 0]), float(model.intercept_[0])


def sigmoid(logits: Floats) -> Floats:
    """1 / (1 + exp(−x))."""
    out: Floats = 1 / (1 + np.exp(-logits))
    return out
