"""Reviews worth quoting: typical ones, neither the longest nor a promotion's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlp.facts import excluding
from nlp.model import Burst, Sample, Samples
from nlp.reviews import KST, Review
from nlp.text import storable

if TYPE_CHECKING:
    from scipy.sparse import csr_array

#: Per side; of one app at most half of them, so that a quotation page is not one app's.
COUNT = 8
#: A review of fewer different words says too little to be quoted.
MIN_WORDS = 6
#: Cosine above which two reviews say the same.
_ALIKE = 0.5


def choose(
    reviews: Sequence[Review], weights: csr_array, bursts: Sequence[Burst], count: int = COUNT
) -> Samples:
    """Typical reviews of ≥4★ and of ≤2★; ``weights``: unit TF-IDF rows in the reviews' order.

    What lies in a flagged burst is not quoted.
    """
    eligible = excluding(reviews, bursts)
    stars = np.array([review.star for review in reviews], dtype=np.int64)
    return Samples(
        _side(reviews, weights, eligible & (stars >= 4), count),
        _side(reviews, weights, eligible & (stars <= 2), count),
    )


def _side(
    reviews: Sequence[Review], weights: csr_array, mask: NDArray[np.bool_], count: int
) -> tuple[Sample, ...]:
    index: list[int] = np.flatnonzero(mask & (np.diff(weights.indptr) >= MIN_WORDS)).tolist()
    chosen = typical(reviews, weights, index, count)
    centrality = centralities(weights[index]) if chosen else np.zeros(0)
    place = {position: row for row, position in enumerate(index)}
    return tuple(_sample(reviews[i], float(centrality[place[i]])) for i in chosen)


def typical(reviews: Sequence[Review], weights: csr_array, index: Sequence[int], count: int) -> list[int]:
    """Positions of the ``count`` most typical of the reviews at ``index``, no two of which say the same.

    Typical is near the mean of them all, beyond what a review's length alone brings; of one app at most
    half of them are taken.
    """
    if not index:
        return []
    rows = weights[list(index)]
    excess = beyond_length(centralities(rows), np.maximum(np.diff(rows.indptr), 1))
    # Rounded, so that the order does not hang on the last bit; equals in the order of their keys.
    ranked = sorted(range(len(index)), key=lambda i: (-round(float(excess[i]), 9), reviews[index[i]].key))
    chosen: list[int] = []
    per_app: Counter[str] = Counter()
    apps = len({reviews[i].app for i in index})
    for candidate in ranked:
        review = reviews[index[candidate]]
        if apps > 1 and per_app[review.app] >= (count + 1) // 2:
            continue
        if chosen and float((rows[chosen] @ rows[[candidate]].T).max()) > _ALIKE:
            continue
        chosen.append(candidate)
        per_app[review.app] += 1
        if len(chosen) == count:
            break
    return [index[i] for i in chosen]


def centralities(rows: csr_array) -> NDArray[np.float64]:
    """Cosine of each unit row to the mean row, shape (rows,), 0–1 (centroid centrality, Radev 2004)."""
    mean = np.asarray(rows.sum(axis=0)).ravel()
    length = float(np.sqrt((mean * mean).sum()))
    cosine: NDArray[np.float64] = (rows @ mean) / length if length else np.zeros(rows.shape[0])
    return cosine


def beyond_length(centrality: NDArray[np.float64], words: NDArray[np.int64]) -> NDArray[np.float64]:
    """Centrality less what a review of so many different words has on average (least squares on log words).

    A long review touches the mean more often by its length alone; what is left is uncorrelated with it.
    """
    x = np.log(words) - np.log(words).mean()
    spread = float((x * x).sum())
    slope = float((x * centrality).sum()) / spread if spread > 1e-12 else 0.0
    residual: NDArray[np.float64] = centrality - slope * x
    return residual


def _sample(review: Review, centrality: float) -> Sample:
    return Sample(
        key=review.key,
        app=review.app,
        star=review.star,
        at=review.at.astimezone(KST).isoformat(),
        title=storable(review.title),
        text=storable(review.text),
        centrality=round(centrality, 6),
    )
