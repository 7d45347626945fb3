"""Word counts as a sparse matrix, and the weights that are made of them."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlp.words import Word

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass
class WordCounts:
    """Counts of words per review. Columns are in order of first appearance."""

    vocabulary: dict[Word, int] = field(default_factory=dict)
    _counts: array[int] = field(default_factory=lambda: array("i"))
    _columns: array[int] = field(default_factory=lambda: array("i"))
    _ends: array[int] = field(default_factory=lambda: array("q", [0]))

    def add(self, words: Iterable[Word]) -> None:
        """Count one review's words as the next row."""
        for word, count in Counter(words).items():
            self._columns.append(self.vocabulary.setdefault(word, len(self.vocabulary)))
            self._counts.append(count)
        self._ends.append(len(self._counts))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def matrix(self) -> csr_array:
        """Counts, shape (reviews, words)."""
        from scipy.sparse import csr_array

        data = np.array(self._counts, dtype=np.float64)
        return csr_array(
            (data, np.array(self._columns, dtype=np.int32), np.array(self._ends, dtype=np.int64)),
            shape=(len(self), len(self.vocabulary)),
        )


def document_frequency(counts: csr_array) -> Ints:
    """In how many rows each word occurs."""
    return np.bincount(counts.indices, minlength=counts.shape[1]).astype(np.int64)


def tf_idf(counts: csr_array) -> csr_array:
    """TF-IDF with idf = ln((1 + n) / (1 + df)) + 1 and rows of unit length (Salton and Buckley 1988).

    A word's weight in a set of reviews is the mean of its column over that set's rows, 0–1: how much of a
    review, on average, the word makes up once words that everybody uses are marked down.
    """
    from scipy.sparse import csr_array, diags_array

    idf = np.log((1 + counts.shape[0]) / (1 + document_frequency(counts))) + 1
    weighted = counts @ diags_array(idf)
    lengths = np.sqrt(np.asarray(weighted.multiply(weighted).sum(axis=1)).ravel())
    scale = np.divide(1.0, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    return csr_array(diags_array(scale) @ weighted)
