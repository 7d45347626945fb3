"""The two contrasts of a report: the owner's (≥3★ against ≤3★) and the sound one (≥4★ against ≤2★)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlp.counting import tf_idf
from nlp.keyness import key_words, prior_size
from nlp.model import Contrast, Keyness, OwnerView, Side, WordRow
from nlp.phrases import count_phrases, phrase_keyness
from nlp.words import Word

if TYPE_CHECKING:
    from scipy.sparse import csr_array

_DIGITS = 6

Mask = NDArray[np.bool_]


class Counted:
    """Word counts and TF-IDF weights, rows in the order of ``stars``."""

    def __init__(self, stars: NDArray[np.int64], vocabulary: Sequence[Word], counts: csr_array) -> None:
        self.vocabulary = vocabulary
        self.counts = counts
        self.weights = tf_idf(counts)
        self._stars = stars

    @property
    def without_words(self) -> int:
        """Reviews of which nothing is left to count (``👍👍``)."""
        return int((np.diff(self.counts.indptr) == 0).sum())

    def contrast(self, top: int, columns: NDArray[np.int32], ends: NDArray[np.int64]) -> Contrast:
        """Both views, ``top`` rows per table; ``columns`` and ``ends``: the words in reading order, for phrases
        (see ``nlp.phrases.count_phrases``).
        """
        high, low = self._stars >= 4, self._stars <= 2
        keyness = self._keyness(high, low, top)
        if keyness.high_reviews and keyness.low_reviews:
            praised, blamed = count_phrases(columns, ends, self.vocabulary, np.stack([high, low]))
            praise, blame = phrase_keyness(praised, blamed, top)
            keyness = replace(keyness, high_phrases=praise, low_phrases=blame)
        return Contrast(self.owner(top), keyness)

    def owner(self, top: int) -> OwnerView:
        """≥3★ against ≤3★, the 3★ reviews in both."""
        stars = self._stars
        return OwnerView(self._side(stars >= 3, top), self._side(stars <= 3, top), int((stars == 3).sum()))

    def _side(self, mask: Mask, top: int) -> Side:
        # By products with the mask, not by taking rows out, which would copy most of the matrix.
        count = mask.astype(np.int64) @ self.counts
        uses = np.repeat(mask, np.diff(self.counts.indptr))
        users = np.bincount(self.counts.indices[uses], minlength=self.counts.shape[1])
        weight = (mask.astype(np.float64) @ self.weights) / max(int(mask.sum()), 1)

        def table(values: NDArray[np.float64]) -> tuple[WordRow, ...]:
            return tuple(
                WordRow(
                    word=self.vocabulary[i].text,
                    pos=self.vocabulary[i].pos.value,
                    count=int(count[i]),
                    reviews=int(users[i]),
                    weight=round(float(weight[i]), _DIGITS),
                )
                for i in self._largest(np.round(values, _DIGITS), top)
                if count[i] > 0
            )

        return Side(int(mask.sum()), int(count.sum()), table(count), table(weight))

    def _keyness(self, high: Mask, low: Mask, top: int) -> Keyness:
        a = high.astype(np.float64) @ self.counts
        b = low.astype(np.float64) @ self.counts
        sizes = (int(high.sum()), int(low.sum()))
        if not all(sizes) or len(self.vocabulary) < 2:  # odds are of one word against the others
            return Keyness(*sizes, 0.0, (), (), (), ())
        everywhere = np.asarray(self.counts.sum(axis=0), dtype=np.float64).ravel()
        words = key_words([(word.text, word.pos.value) for word in self.vocabulary], a, b, everywhere, top)
        return Keyness(*sizes, prior_size(everywhere), *words, (), ())

    def _largest(self, values: NDArray[np.float64], top: int) -> list[int]:
        """Columns of the ``top`` largest values; equals in the order of their words."""
        if len(values) > top:
            cut = np.partition(values, len(values) - top)[len(values) - top]
            chosen = np.flatnonzero(values >= cut).tolist()
        else:
            chosen = list(range(len(values)))
        return sorted(chosen, key=lambda i: (-values[i], self.vocabulary[i]))[:top]
