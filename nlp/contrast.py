"""The two contrasts of a report: the owner's (≥3★ against ≤3★) and the sound one (≥4★ against ≤2★)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.counting import WordCounts, document_frequency, tf_idf
from nlp.keyness import background_prior, log_odds_z
from nlp.model import Contrast, Keyness, KeyWord, OwnerView, Side, WordRow
from nlp.reviews import Review

#: Pseudo-words of the background prior, as a share of all words counted: enough to calm rare words, too few to
#: hide a habit, and the same for a hundred reviews as for a million.
PRIOR_SHARE = 0.05
#: A key word is used at least so often in all, and is significant at 5 % looked at alone.
MIN_COUNT = 5
MIN_Z = 1.96
_DIGITS = 6

Mask = NDArray[np.bool_]


class Counted:
    """The reviews' word counts and TF-IDF weights, rows in the reviews' order."""

    def __init__(self, reviews: Sequence[Review], words: WordCounts) -> None:
        self.vocabulary = list(words.vocabulary)
        self.counts = words.matrix()
        self.weights = tf_idf(self.counts)
        self._stars = np.array([review.star for review in reviews], dtype=np.int64)

    @property
    def without_words(self) -> int:
        """Reviews of which nothing is left to count (``👍👍``)."""
        return int((np.diff(self.counts.indptr) == 0).sum())

    def contrast(self, top: int) -> Contrast:
        """Both views, ``top`` rows per table."""
        stars = self._stars
        owner = OwnerView(self._side(stars >= 3, top), self._side(stars <= 3, top), int((stars == 3).sum()))
        return Contrast(owner, self._keyness(stars >= 4, stars <= 2, top))

    def _side(self, mask: Mask, top: int) -> Side:
        rows = self.counts[mask]
        count = np.asarray(rows.sum(axis=0)).ravel()
        users = document_frequency(rows)
        weight = np.asarray(self.weights[mask].sum(axis=0)).ravel() / max(int(mask.sum()), 1)

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
        a = np.asarray(self.counts[high].sum(axis=0)).ravel()
        b = np.asarray(self.counts[low].sum(axis=0)).ravel()
        sizes = (int(high.sum()), int(low.sum()))
        if not all(sizes) or len(self.vocabulary) < 2:  # odds are of one word against the others
            return Keyness(*sizes, 0.0, (), ())
        everywhere = np.asarray(self.counts.sum(axis=0)).ravel()
        size = round(PRIOR_SHARE * float(everywhere.sum()), _DIGITS)
        prior = background_prior(everywhere, size)
        delta, z = log_odds_z(a, b, prior)
        z = np.round(z, _DIGITS)

        def table(signed: NDArray[np.float64]) -> tuple[KeyWord, ...]:
            shown = np.where((a + b >= MIN_COUNT) & (signed >= MIN_Z), signed, -np.inf)
            return tuple(
                KeyWord(
                    word=self.vocabulary[i].text,
                    pos=self.vocabulary[i].pos.value,
                    high_count=int(a[i]),
                    low_count=int(b[i]),
                    log_odds=round(float(delta[i]), _DIGITS),
                    z=float(z[i]),
                )
                for i in self._largest(shown, top)
                if np.isfinite(shown[i])
            )

        return Keyness(*sizes, size, table(z), table(-z))

    def _largest(self, values: NDArray[np.float64], top: int) -> list[int]:
        """Columns of the ``top`` largest values; equals in the order of their words."""
        if len(values) > top:
            cut = np.partition(values, len(values) - top)[len(values) - top]
            chosen = np.flatnonzero(values >= cut).tolist()
        else:
            chosen = list(range(len(values)))
        return sorted(chosen, key=lambda i: (-values[i], self.vocabulary[i]))[:top]
