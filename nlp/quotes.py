"""Reviews worth quoting for a claim: the typical ones among those that bear it out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlp.chunks import Part
from nlp.model import POLARITIES, Quote
from nlp.reading import Reader
from nlp.reviews import KST, Review
from nlp.samples import typical
from nlp.text import storable

if TYPE_CHECKING:
    from scipy.sparse import csr_array

COUNT = 3
#: A quote of fewer different words says too little, unless there is no other.
MIN_WORDS = 3
#: Centrality is worked out among so many candidates at most, evenly spread.
CANDIDATES = 5000


class Quotes:
    """Chooses and cuts quotes from one set of reviews; rows of ``weights`` in the reviews' order."""

    def __init__(
        self,
        reviews: Sequence[Review],
        weights: csr_array,
        part: Part,
        excluded: NDArray[np.bool_],
        reader: Reader,
    ) -> None:
        self._reviews, self._weights, self._part = reviews, weights, part
        self._excluded, self._reader = excluded, reader

    def choose(
        self, mask: NDArray[np.bool_], *, aspect: str | None = None, count: int = COUNT
    ) -> tuple[Quote, ...]:
        """Typical reviews of ``mask``, promotions left out; ``aspect``: ``about`` is what they say of it."""
        allowed = mask & ~self._excluded
        for at_least in (MIN_WORDS, 1, 0):
            found = np.flatnonzero(allowed & (np.diff(self._weights.indptr) >= at_least))
            if len(found) >= count:
                break
        spread = found[:: max(1, -(-len(found) // CANDIDATES))].tolist()
        return tuple(self.quote(i, aspect) for i in typical(self._reviews, self._weights, spread, count))

    def surest(self, mask: NDArray[np.bool_], key: Callable[[int], float], count: int) -> tuple[Quote, ...]:
        """Reviews of ``mask`` by ``key``, the largest first."""
        found = np.flatnonzero(mask).tolist()
        ranked = sorted(found, key=lambda i: (-round(key(i), 6), self._reviews[i].key))
        return tuple(self.quote(i, None) for i in ranked[:count])

    def quote(self, position: int, aspect: str | None) -> Quote:
        """One review as a quote."""
        review = self._reviews[position]
        about = ""
        if aspect:
            mentions = self._reader.read([review])[0].mentions
            about = next((m.about for m in mentions if m.aspect == aspect), "")
        return Quote(
            key=review.key,
            app=review.app,
            star=review.star,
            at=review.at.astimezone(KST).isoformat(),
            title=storable(review.title),
            text=storable(review.text),
            about=storable(about),
            complaint_probability=round(float(self._part.probability[position]), 4),
            polarity=POLARITIES[int(self._part.polarity[position])],
        )
