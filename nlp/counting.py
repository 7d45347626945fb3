"""Word counts as a sparse matrix, and the weights that are made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def count_matrix(columns: NDArray[np.int32], ends: Ints, words: int) -> csr_array:
    """Counts, shape (reviews, words), of the words at ``columns[ends[i]:ends[i + 1]]``; negative ones are gaps."""
    from scipy.sparse import csr_array

    kept = columns >= 0
    before = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(kept)])
    counts = csr_array(
        (np.ones(int(before[-1]), dtype=np.int32), columns[kept], before[ends]), shape=(len(ends) - 1, words)
    )
    counts.sum_duplicates()
    return counts


def document_frequency(counts: csr_array) -> Ints:
    """In how many rows each word occurs."""
    return np.bincount(counts.indices, minlength=counts.shape[1]).astype(np.int64)


def tf_idf(counts: csr_array) -> csr_array:
    """TF-IDF with idf = ln((1 + n) / (1 + df)) + 1 and rows of unit length (Salton and Buckley 1988).

    A word's weight in a set of reviews is the mean of its column over that set's rows, 0–1: how much of a
    review, on average, the word makes up once words that everybody uses are marked down.
    """
    from scipy.sparse import csr_array

    idf = np.log((1 + counts.shape[0]) / (1 + document_frequency(counts))) + 1
    # In place: of a million reviews every copy is a quarter of a gigabyte.
    values = counts.data * idf[counts.indices]
    uses = np.diff(counts.indptr)
    lengths = np.sqrt(np.bincount(np.repeat(np.arange(len(uses)), uses), values**2, minlength=len(uses)))
    values /= np.repeat(lengths, uses)
    return csr_array((values, counts.indices, counts.indptr), shape=counts.shape)
