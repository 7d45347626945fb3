"""The gate: every telemedicine app is read by a model that has seen none of its reviews, and the results are pooled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from nlp.sentiment.corpora import Labelled
from nlp.sentiment.learning import Corpus, Recipe, calibrate, corpus, fit, sigmoid

Floats = NDArray[np.float64]
Tell = Callable[[str], None]
ROUNDS = 2000
BINS = 10


def leave_one_app_out(data: Corpus, recipe: Recipe, tell: Tell) -> Floats:
    """Held-out logits of the telemedicine reviews, shape (rows,); ``nan`` for rows of other sources."""
    logits = np.full(len(data.labels), np.nan)
    apps = sorted(set(data.apps.tolist()) - {""})
    for number, app in enumerate(apps, 1):
        held = data.apps == app
        logits[held] = fit(data, recipe, ~held).logits(data.rows[held])
        tell(f"{number}/{len(apps)} apps held out")
    return logits


def held_out_probabilities(logits: Floats, labels: Floats, apps: NDArray[np.str_]) -> Floats:
    """Calibrated for each app by the held-out logits of the others: no app's labels touch its own figures."""
    out = np.zeros(len(logits))
    for app in sorted(set(apps.tolist())):
        own = apps == app
        slope, shift = calibrate(logits[~own], labels[~own])
        out[own] = sigmoid(slope * logits[own] + shift)
    return out


def baseline(texts: list[Labelled], others: list[Labelled], tell: Tell) -> Floats:
    """The baseline to beat: character 1–4-grams of words (``char_wb``), TF-IDF, plain logistic regression on the
    same corpora, each text counting alike; held-out probabilities of ``texts``.
    """
    from scipy.sparse import vstack
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.linear_model import LogisticRegression

    hashed = HashingVectorizer(
        analyzer="char_wb", ngram_range=(1, 4), n_features=1 << 20, alternate_sign=False, norm=None
    )
    certain = [text for text in others if text.label != 0.5]
    own, far = hashed.transform([t.text for t in texts]), hashed.transform([t.text for t in certain])
    weigh = TfidfTransformer(sublinear_tf=True).fit(vstack([own, far]))
    own, far = weigh.transform(own), weigh.transform(far)
    labels, far_labels = np.array([t.label for t in texts]), np.array([t.label for t in certain])
    apps = np.array([t.app for t in texts])
    out = np.zeros(len(texts))
    for number, app in enumerate(sorted(set(apps.tolist())), 1):
        held = apps == app
        model = LogisticRegression(C=4.0, max_iter=60, tol=1e-3)
        model.fit(vstack([own[~held], far]), np.concatenate([labels[~held], far_labels]))
        out[held] = model.predict_proba(own[held])[:, 1]
        tell(f"baseline: {number} apps held out")
    return out


class Measured(NamedTuple):
    """figures: of the gate; calibration: slope and shift for a model fitted on everything; found: held-out
    probabilities, one a review.
    """

    figures: dict[str, Any]
    calibration: tuple[float, float]
    found: Floats


def measure(
    texts: list[Labelled], others: list[Labelled], recipe: Recipe, tell: Tell, *, with_baseline: bool
) -> Measured:
    """Hold every app out once, and measure what is said of its reviews."""
    data = corpus([*texts, *others], recipe)
    logits = leave_one_app_out(data, recipe, tell)
    own = ~np.isnan(logits)
    logits, labels, apps = logits[own], data.labels[own], data.apps[own]
    found = held_out_probabilities(logits, labels, apps)
    figures: dict[str, Any] = {
        "split": "leave one app out, pooled; ≤2★ against ≥4★; calibration from the other apps",
        "reviews": len(labels),
        "complaints": int(labels.sum()),
        **_with_intervals(labels, found),
        "ece": round(_ece(labels, found), 4),
        "reliability": _reliability(labels, found),
        "apps": {
            app: {
                "reviews": int((apps == app).sum()),
                "complaints": int(labels[apps == app].sum()),
                "wrong": int(((found >= 0.5) != labels)[apps == app].sum()),
            }
            for app in sorted(set(apps.tolist()))
        },
    }
    if with_baseline:
        other = baseline(texts, others, tell)
        figures["baseline"] = _with_intervals(labels, other)
        figures["over_baseline"] = _paired(labels, found, other)
    return Measured(figures, calibrate(logits, labels), found)


def macro_f1(labels: Floats, found: NDArray[np.bool_]) -> float:
    """Mean F1 of both sides. labels (n,): 1 complains; found (n,): what was decided."""
    true = labels.astype(bool)
    scores = []
    for side in (True, False):
        right = int(((found == side) & (true == side)).sum())
        total = int((found == side).sum() + (true == side).sum())
        scores.append(2 * right / total if total else 0.0)
    return sum(scores) / 2


def area_under_curve(labels: Floats, found: Floats) -> float:
    """Area under the ROC curve, ties counted half. labels, found: (n,)."""
    from scipy.stats import rankdata

    ranks, positives = rankdata(found), labels.sum()
    negatives = len(labels) - positives
    return float((ranks[labels == 1].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def _with_intervals(labels: Floats, found: Floats) -> dict[str, Any]:
    lot = np.random.default_rng(7)
    f1, auc = [], []
    for _ in range(ROUNDS):
        drawn = lot.integers(0, len(labels), len(labels))
        f1.append(macro_f1(labels[drawn], found[drawn] >= 0.5))
        auc.append(area_under_curve(labels[drawn], found[drawn]))
    return {
        "macro_f1": interval(macro_f1(labels, found >= 0.5), f1),
        "auc": interval(area_under_curve(labels, found), auc),
        "false_alarms": int(((found >= 0.5) & (labels == 0)).sum()),
        "missed": int(((found < 0.5) & (labels == 1)).sum()),
    }


def _paired(labels: Floats, found: Floats, other: Floats) -> dict[str, Any]:
    """How much better than ``other`` on the same drawn reviews; ``p``: share of draws in which it is not."""
    lot = np.random.default_rng(11)
    differences = []
    for _ in range(ROUNDS):
        drawn = lot.integers(0, len(labels), len(labels))
        differences.append(
            macro_f1(labels[drawn], found[drawn] >= 0.5) - macro_f1(labels[drawn], other[drawn] >= 0.5)
        )
    whole = macro_f1(labels, found >= 0.5) - macro_f1(labels, other >= 0.5)
    return {
        "macro_f1": interval(whole, differences),
        "p": round(float((np.array(differences) <= 0).mean()), 4),
    }


def interval(value: float, drawn: list[float]) -> dict[str, float]:
    """A figure with 95 % of what it was in the draws."""
    low, high = np.quantile(drawn, [0.025, 0.975])
    return {"value": round(value, 4), "low": round(float(low), 4), "high": round(float(high), 4)}


def _ece(labels: Floats, found: Floats) -> float:
    rows = _reliability(labels, found)
    return float(sum(abs(r["said"] - r["was"]) * r["reviews"] for r in rows) / len(labels))


def _reliability(labels: Floats, found: Floats) -> list[dict[str, Any]]:
    """Ten bins of equal width (Guo 2017): reviews, mean probability said, share that complained."""
    place = np.minimum((found * BINS).astype(np.int64), BINS - 1)
    return [
        {
            "bin": i,
            "reviews": int((place == i).sum()),
            "said": round(float(found[place == i].mean()), 4),
            "was": round(float(labels[place == i].mean()), 4),
        }
        for i in range(BINS)
        if (place == i).any()
    ]
