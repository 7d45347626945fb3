"""Whether words belong together, by how often they meet in one review."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import log
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scipy.sparse import csr_array


class Cooccurrence:
    """In how many rows words meet; ``rows``: sparse, shape (reviews, words), what is not 0 is used."""

    def __init__(self, rows: csr_array) -> None:
        from scipy.sparse import csc_array

        used = csc_array(rows)
        self._reviews = rows.shape[0]
        self._users = [
            used.indices[start:end] for start, end in zip(used.indptr, used.indptr[1:], strict=False)
        ]
        self._sets: dict[int, frozenset[int]] = {}

    def npmi(self, words: Sequence[int]) -> float:
        """Mean normalised pointwise mutual information of all pairs of columns (Bouma 2009), −1 … 1.

        ln(p(a, b) / (p(a) p(b))) / −ln p(a, b): −1 for words that never meet, 0 for words that meet by
        chance, 1 for words that are never apart. 0 for fewer than two words.
        """
        pairs = list(combinations(words, 2))
        return sum(self._pair(a, b) for a, b in pairs) / len(pairs) if pairs else 0.0

    def _pair(self, a: int, b: int) -> float:
        first, second = self._rows(a), self._rows(b)
        together = len(first & second)
        if not together:
            return -1.0
        if together == self._reviews:
            return 1.0
        information = log(together * self._reviews / (len(first) * len(second)))
        return information / -log(together / self._reviews)

    def _rows(self, word: int) -> frozenset[int]:
        if word not in self._sets:
            self._sets[word] = frozenset(self._users[word].tolist())
        return self._sets[word]
