"""Reviews worth quoting: typical ones, neither the longest nor a promotion's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

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
    eligible = np.array([not _in_burst(review, bursts) for review in reviews], dtype=bool)
    stars = np.array([review.star for review in reviews], dtype=np.int64)
    return Samples(
        _side(reviews, weights, eligible & (stars >= 4), count),
        _side(reviews, weights, eligible & (stars <= 2), count),
    )


def _in_burst(review: Review, bursts: Sequence[Burst]) -> bool:
    day = review.at.astimezone(KST).date().isoformat()
    return any(burst.app == review.app and burst.first <= day <= burst.last for burst in bursts)


def _side(
    reviews: Sequence[Review], weights: csr_array, mask: NDArray[np.bool_], count: int
) -> tuple[Sample, ...]:
    index: list[int] = np.flatnonzero(mask & (np.diff(weights.indptr) >= MIN_WORDS)).tolist()
    if not index:
        return ()
    rows = weights[index]
    centrality = centralities(rows)
    excess = beyond_length(centrality, np.diff(rows.indptr))
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
    return tuple(_sample(reviews[index[i]], float(centrality[i])) for i in chosen)


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
