"""How well the aspects are found: patterns, a learned model and both, on reviews labelled by reading.

``gold.tsv`` holds ids and labels, no text: the texts are found in the shared data by their ids. The half
``tune`` was there while the patterns were written, the half ``report`` was read and labelled afterwards.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.aspects.catalogue import KEYS, catalogue
from nlp.aspects.finder import AspectFinder
from nlp.reviews import Review
from nlp.sentiment.sentences import sentences

#: No figure is claimed for an aspect with fewer reviews that speak of it.
ENOUGH = 10
ROUNDS = 2000
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Label:
    """One labelled review. ``half``: ``tune`` or ``report``; aspects: key → ``+``, ``-`` or ``~``."""

    key: str
    half: str
    polarity: str
    aspects: dict[str, str]


def gold() -> list[Label]:
    """Every label of ``gold.tsv``."""
    return [_label(row, row["half"]) for row in _rows("gold.tsv")]


def second_reading() -> list[Label]:
    """The labels of ``gold_second.tsv`` in the order of ``gold``: another reader's, of the same reviews."""
    other = {row["key"]: row for row in _rows("gold_second.tsv")}
    return [_label(other[label.key], label.half) for label in gold()]


def _rows(name: str) -> list[dict[str, str]]:
    lines = Path(__file__).with_name(name).read_text(encoding="utf-8").splitlines()
    return list(csv.DictReader((line for line in lines if not line.startswith("#")), delimiter="\t"))


def _label(row: Mapping[str, str], half: str) -> Label:
    aspects = {item[:-1]: item[-1] for item in (row["aspects"] or "").split("|") if item}
    return Label(row["key"], half, row["polarity"], aspects)


def evaluate(reviews: Sequence[Review]) -> dict[str, Any]:
    """Precision, recall and F1 on the half ``report``, with counts and a bootstrap interval.

    ``reviews``: those in which the labelled ones are looked for. Raises ``LookupError`` if some are missing.
    The learned model (character n-grams, one logistic regression per aspect) is trained on the half ``tune``.
    """
    by_key = {review.key: review for review in reviews}
    labels = gold()
    missing = [label.key for label in labels if label.key not in by_key]
    if missing:
        raise LookupError(f"{len(missing)} of {len(labels)} labelled reviews are not in the data")
    halves = {half: [label for label in labels if label.half == half] for half in ("tune", "report")}
    found = {half: _by_patterns([by_key[label.key] for label in own]) for half, own in halves.items()}
    true = {half: _true(own) for half, own in halves.items()}
    learned = _learned(
        [by_key[label.key].body for label in halves["tune"]],
        true["tune"],
        [by_key[label.key].body for label in halves["report"]],
    )
    second = [label for label in second_reading() if label.half == "report"]
    ways: Mapping[str, Bools] = {
        "patterns": found["report"],
        "learned": learned,
        "either": found["report"] | learned,
    }
    return {
        "data": catalogue().date,
        "labelled": len(labels),
        "tune": {"reviews": len(halves["tune"]), "micro": _micro(true["tune"], found["tune"])},
        "report": {
            "reviews": len(halves["report"]),
            "micro": {way: _micro(true["report"], guess) for way, guess in ways.items()},
            "second_reader": {
                "micro": _micro(true["report"], _true(second)),
                "patterns": _micro(_true(second), found["report"]),
                "same_polarity": sum(
                    a.polarity == b.polarity for a, b in zip(halves["report"], second, strict=True)
                ),
            },
            "aspects": {
                key: _aspect(true["report"][:, i], found["report"][:, i]) for i, key in enumerate(KEYS)
            },
        },
    }


def _true(labels: Sequence[Label]) -> Bools:
    return np.array([[key in label.aspects for key in KEYS] for label in labels], dtype=bool)


def _by_patterns(reviews: Sequence[Review]) -> Bools:
    finder = AspectFinder.load()
    found = [finder.find(review.title, review.text, sentences(review.body)) for review in reviews]
    return np.array([[key in own for key in KEYS] for own in found], dtype=bool)


def _learned(texts: Sequence[str], true: Bools, others: Sequence[str]) -> Bools:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 4), sublinear_tf=True, min_df=2)
    rows, wanted = vectorizer.fit_transform(texts), vectorizer.transform(others)
    out = np.zeros((len(others), len(KEYS)), dtype=bool)
    for i in range(len(KEYS)):
        if 0 < true[:, i].sum() < len(true):
            model = LogisticRegression(C=10.0, class_weight="balanced", max_iter=2000)
            out[:, i] = model.fit(rows, true[:, i]).predict(wanted)
    return out


def _aspect(true: Bools, found: Bools) -> dict[str, Any]:
    positives = int(true.sum())
    row: dict[str, Any] = {
        "positives": positives,
        "found": int(found.sum()),
        "right": int((true & found).sum()),
    }
    if positives >= ENOUGH:
        row |= _rates(row["right"], row["found"], positives)
    return row


def _micro(true: Bools, found: Bools) -> dict[str, float]:
    right, guessed, positives = (m.sum(axis=1) for m in (true & found, found, true))
    rates = _rates(int(right.sum()), int(guessed.sum()), int(positives.sum()))
    lot = np.random.default_rng(7)
    f1 = []
    for _ in range(ROUNDS):
        drawn = lot.integers(0, len(true), len(true))
        total = guessed[drawn].sum() + positives[drawn].sum()
        f1.append(2 * right[drawn].sum() / total if total else 0.0)
    low, high = np.quantile(f1, [0.025, 0.975])
    return {**rates, "low": round(float(low), 4), "high": round(float(high), 4)}


def _rates(right: int, found: int, positives: int) -> dict[str, float]:
    return {
        "precision": round(right / found, 4) if found else 0.0,
        "recall": round(right / positives, 4) if positives else 0.0,
        "f1": round(2 * right / (found + positives), 4) if found + positives else 0.0,
    }
