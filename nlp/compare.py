"""Two sets of reviews side by side: two apps, or two periods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nlp.index import Query, ReviewIndex
from nlp.intervals import difference, share_of
from nlp.keyness import key_words
from nlp.model import KeyWord, Share

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Figure:
    """One share on both sides; ``difference``: left less right with its 95 % interval, ``None`` if undefined.

    ``clear``: the interval leaves out 0.
    """

    key: str
    left: Share
    right: Share
    difference: float | None
    low: float | None
    high: float | None

    @property
    def clear(self) -> bool:
        """Whether the difference is more than chance at 5 %, looked at alone."""
        return self.low is not None and self.high is not None and (self.low > 0 or self.high < 0)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Sizes, mean stars, complaints, what is spoken of and blamed, and words that set the two apart."""

    left_reviews: int
    right_reviews: int
    left_mean_star: float | None
    right_mean_star: float | None
    complaints: Figure
    spoken: tuple[Figure, ...]
    blamed: tuple[Figure, ...]
    left_words: tuple[KeyWord, ...]
    right_words: tuple[KeyWord, ...]


def compare(index: ReviewIndex, left: Query, right: Query, *, top: int = 20) -> Comparison:
    """``left`` against ``right``; a review that fits both counts on both sides.

    ``spoken``: share of all reviews of a side that speak of each aspect; ``blamed``: of those, the share that
    blames it. Words as in the report: log-odds with an informative Dirichlet prior (Monroe 2008).
    """
    a, b = index.mask(left), index.mask(right)
    every = np.ones(len(index), dtype=bool)
    complains = index.complains()
    spoken, blamed = [], []
    for bit, key in enumerate(index.keys):
        speaks = (index.aspects >> bit & 1).astype(bool)
        blames = (index.blamed >> bit & 1).astype(bool)
        spoken.append(_figure(key, speaks, every, a, b))
        blamed.append(_figure(key, blames, speaks, a, b))
    left_words, right_words = _words(index, a, b, top)
    return Comparison(
        int(a.sum()),
        int(b.sum()),
        _mean(index.star[a]),
        _mean(index.star[b]),
        _figure("complaints", complains, every, a, b),
        tuple(spoken),
        tuple(blamed),
        left_words,
        right_words,
    )


def _mean(stars: NDArray[np.int8]) -> float | None:
    return round(float(stars.mean()), 4) if len(stars) else None


def _figure(key: str, flags: Flags, of: Flags, a: Flags, b: Flags) -> Figure:
    left = share_of(int((flags & of & a).sum()), int((of & a).sum()))
    right = share_of(int((flags & of & b).sum()), int((of & b).sum()))
    if not left.of or not right.of:
        return Figure(key, left, right, None, None, None)
    return Figure(key, left, right, *difference(before=right, now=left))


def _words(
    index: ReviewIndex, a: Flags, b: Flags, top: int
) -> tuple[tuple[KeyWord, ...], tuple[KeyWord, ...]]:
    size = len(index.vocabulary)
    if size < 2 or not a.any() or not b.any():
        return (), ()
    rows = np.repeat(np.arange(len(index)), np.diff(index.ends))
    words = index.columns >= 0

    def counts(mask: Flags) -> NDArray[np.float64]:
        return np.bincount(index.columns[words & mask[rows]], minlength=size).astype(np.float64)

    names = [(word.text, str(word.pos)) for word in index.vocabulary]
    everywhere = counts(np.ones(len(index), dtype=bool))
    left, right = key_words(names, counts(a), counts(b), everywhere, top)
    return left, right
