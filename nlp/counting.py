"""Word counts as a sparse matrix, and the weights that are made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: Rows weighted at a time: a bound on memory.
_ROWS = 50_000


def count_matrix(columns: NDArray[np.int32], ends: Ints, words: int) -> csr_array:
    """Counts, shape (reviews, words), of the words at ``columns[ends[i]:ends[i + 1]]``; negative ones are gaps."""
    from scipy.sparse import csr_array

    kept = columns >= 0
    # Of a million reviews a cumulative count in 64 bits would be a third of a gigabyte.
    before = np.cumsum(kept, dtype=np.int32)
    starts = np.zeros(len(ends), dtype=np.int32)
    starts[ends > 0] = before[ends[ends > 0] - 1]
    del before
    words_kept = columns[kept]
    counts = csr_array(
        (np.ones(len(words_kept), dtype=np.int32), words_kept, starts), shape=(len(ends) - 1, words)
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
    values = np.empty(counts.nnz)
    # Block by block: what lies between counts and weights would take more room than both.
    for first in range(0, counts.shape[0], _ROWS):
        ends = counts.indptr[first : first + _ROWS + 1]
        uses, here = np.diff(ends), slice(int(ends[0]), int(ends[-1]))
        part = counts.data[here] * idf[counts.indices[here]]
        rows = np.repeat(np.arange(len(uses)), uses)
        lengths = np.sqrt(np.bincount(rows, part**2, minlength=len(uses)))
        values[here] = part / lengths[rows]
    return csr_array((values, counts.indices, counts.indptr), shape=counts.shape)
