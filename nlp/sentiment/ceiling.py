"""How far careful readers get who go by the words alone, where the gate takes stars for the truth.

Some stars say the opposite of the words beside them. The readers were asked what the words say and not to guess the
star, so what they reach is no strict bound; but a figure of the gate is to be read beside theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.reviews import Review
from nlp.sentiment.gate import ROUNDS, area_under_curve, interval, macro_f1

Floats = NDArray[np.float64]
#: What a reader said of a review, by how much it complains.
COMPLAINS = {"pos": 0.0, "neutral": 1.0, "mixed": 2.0, "neg": 3.0}


def beside_readers(
    reviews: Sequence[Review], found: Floats, readers: Mapping[str, Mapping[str, str]]
) -> dict[str, Any]:
    """The stars' figures of each reader and of the model, on the reviews that all of them read.

    reviews: with other than 3★; found: their held-out probabilities, (reviews,); readers: of each, the polarity by
    key of a review. A review that a reader calls ``neg`` complains; ``mixed`` does not, which suits the stars best.
    """
    read = [i for i, r in enumerate(reviews) if all(r.key in said for said in readers.values())]
    labels = np.array([float(reviews[i].star <= 2) for i in read])
    scores = {
        name: np.array([COMPLAINS[said[reviews[i].key]] for i in read]) for name, said in readers.items()
    }
    decided = {name: score >= COMPLAINS["neg"] for name, score in scores.items()}
    scores["model"], decided["model"] = found[read], found[read] >= 0.5
    return {
        "reviews": len(read),
        "complaints": int(labels.sum()),
        **{name: _against_stars(labels, decided[name], scores[name]) for name in scores},
    }


def _against_stars(labels: Floats, decided: NDArray[np.bool_], score: Floats) -> dict[str, Any]:
    lot = np.random.default_rng(7)
    drawn = [lot.integers(0, len(labels), len(labels)) for _ in range(ROUNDS)]
    return {
        "macro_f1": interval(macro_f1(labels, decided), [macro_f1(labels[d], decided[d]) for d in drawn]),
        "auc": interval(
            area_under_curve(labels, score),
            [area_under_curve(labels[d], score[d]) for d in drawn if 0 < labels[d].sum() < len(d)],
        ),
        "false_alarms": int((decided & (labels == 0)).sum()),
        "missed": int((~decided & (labels == 1)).sum()),
    }
