"""From probabilities to a word: praise, complaint, both, neither."""

from __future__ import annotations

from collections.abc import Sequence

from nlp.model import Polarity

# Set on the half "tune" of nlp/aspects/gold.tsv (`python -m nlp evaluate` says how they do on the other half).
#: A whole review between these neither praises nor complains by itself.
PRAISE, COMPLAINT = 0.45, 0.55
#: A sentence beyond these praises or complains clearly enough to make a review both.
CLEAR_PRAISE, CLEAR_COMPLAINT = 0.02, 0.8


def polarity(whole: float, parts: Sequence[float]) -> Polarity:
    """``whole``: probability that the review complains; ``parts``: that each of its sentences does.

    ``mixed`` where one sentence clearly complains and another clearly praises; ``neutral`` where nothing
    does either, and where nothing can be read.
    """
    if not parts:
        return "neutral"
    praised = min(parts) <= CLEAR_PRAISE
    blamed = max(parts) >= CLEAR_COMPLAINT
    if praised and blamed:
        return "mixed"
    if whole >= COMPLAINT:
        return "neg"
    if whole <= PRAISE:
        return "pos"
    return "neg" if blamed else "pos" if praised else "neutral"
