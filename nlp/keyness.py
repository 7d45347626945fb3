"""Which words set two groups of reviews apart."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.model import KeyWord

Floats = NDArray[np.float64]

#: Pseudo-words of the background prior, as a share of all words counted: enough to calm rare words, too few to
#: hide a habit, and the same for a hundred reviews as for a million.
PRIOR_SHARE = 0.05
#: A key word is used at least so often in all, and is significant at 5 % looked at alone.
MIN_COUNT = 5
MIN_Z = 1.96
_DIGITS = 6


def log_odds_z(high: Floats, low: Floats, prior: Floats) -> tuple[Floats, Floats]:
    """Log-odds ratio with informative Dirichlet prior, and its z-score (Monroe et al. 2008, eq. 15–22).

    ``high`` and ``low``: counts per word in the two groups, of two words at least; ``prior``: pseudo-counts
    per word, all > 0. Raises ``ValueError`` for anything else.
    Returns ``(delta, z)``, both positive for words of ``high``; |z| > 1.96 is significant at 5 % for a single
    word looked at alone.
    """
    if not (high.shape == low.shape == prior.shape):
        raise ValueError("counts and prior differ in shape")
    if high.size < 2:
        raise ValueError("odds need two words at least, and a prior for each")
    if float(prior.min()) <= 0:
        raise ValueError("the prior must be positive for every word")
    a, b = high + prior, low + prior
    delta = np.log(a / (a.sum() - a)) - np.log(b / (b.sum() - b))
    z = delta / np.sqrt(1 / a + 1 / b)
    return delta, z


def background_prior(counts: Floats, size: float) -> Floats:
    """Pseudo-counts, ``size`` in all, spread over the words as all reviews use them.

    ``counts``: total per word, ≥ 0. A word nobody used gets as much as one used half a time.
    """
    smoothed = np.maximum(counts, 0.5)
    scaled: Floats = smoothed * (size / smoothed.sum()) if counts.size else smoothed
    return scaled


def prior_size(everywhere: Floats) -> float:
    """Pseudo-words of the prior for words used so often in all, rounded as reports show it."""
    return round(PRIOR_SHARE * float(everywhere.sum()), _DIGITS)


def key_words(
    names: Sequence[tuple[str, str]], high: Floats, low: Floats, everywhere: Floats, top: int | None = None
) -> tuple[tuple[KeyWord, ...], tuple[KeyWord, ...]]:
    """The words that ``high`` uses more and those that ``low`` does, the surest first.

    ``names``: text and part of speech per word; ``high``, ``low``, ``everywhere``: its counts on both sides
    and in all reviews, from which the prior is made. ``top``: so many per side, all if ``None``. Nothing where
    either side is empty or there are fewer than two words: odds are of one word against the others.
    """
    if len(names) < 2 or not high.any() or not low.any():
        return (), ()
    delta, z = log_odds_z(high, low, background_prior(everywhere, prior_size(everywhere)))
    z = np.round(z, _DIGITS)

    def table(signed: Floats) -> tuple[KeyWord, ...]:
        shown = np.flatnonzero((high + low >= MIN_COUNT) & (signed >= MIN_Z)).tolist()
        return tuple(
            KeyWord(*names[i], int(high[i]), int(low[i]), round(float(delta[i]), _DIGITS), float(z[i]))
            for i in sorted(shown, key=lambda i: (-signed[i], names[i]))[:top]
        )

    return table(z), table(-z)
