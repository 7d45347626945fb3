"""What reviews are about, found without being asked for: non-negative matrix factorisation of TF-IDF weights."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from nlp.coherence import Cooccurrence
from nlp.intervals import share_of
from nlp.model import Quote, Topic, Topics
from nlp.words import Word

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]

#: A review of fewer different words has no topic: 좋아요 is about nothing.
MIN_WORDS = 3
#: With fewer such reviews nothing is looked for; a topic has on average at least ``MIN_PER_TOPIC`` of them.
MIN_REVIEWS = 60
MIN_PER_TOPIC = 15
#: A word is used in at least so many of them, and not in so large a share that it tells nothing apart.
MIN_USERS, MIN_SHARE, MAX_SHARE, MAX_WORDS = 5, 0.003, 0.4, 3_000
TOP_WORDS = 10
LABEL_WORDS = 3
#: The third word of a label weighs at least so much of the first.
_LABEL_SHARE = 0.3
#: Reviews given their topic at a time: a bound on memory.
_ROWS = 50_000
_DIGITS = 4


@dataclass(frozen=True)
class Found:
    """``k`` topics, largest first.

    main: int64 (n,), the number of each review's main topic, 0 … k−1, or −1; labels, words, weights (share
    of the topic's whole weight) and coherence: per topic; ``tried``, ``agreement`` and ``method`` as in
    ``nlp.model.Topics``.
    """

    main: NDArray[np.int64]
    labels: tuple[str, ...]
    words: tuple[tuple[str, ...], ...]
    weights: tuple[tuple[float, ...], ...]
    coherence: tuple[float, ...]
    tried: dict[str, float]
    agreement: float | None
    method: str


def find_topics(
    weights: csr_array,
    vocabulary: Sequence[Word],
    *,
    seed: int = 7,
    tried: Sequence[int] = (4, 6, 8, 10, 12),
    sample: int = 20_000,
) -> Found:
    """Topics of reviews by NMF (Lee and Seung 1999), their number by coherence.

    ``weights``: unit TF-IDF rows, shape (reviews, words); ``vocabulary``: the word of each column. Of the
    numbers ``tried`` the one is taken whose topics' ten heaviest words have the highest mean NPMI (Bouma
    2009), the smaller of equals. Fitted on ``sample`` rows at most, evenly spread; the others are given
    their topics afterwards. No topics, and ``method`` says so, where fewer than 60 reviews have three
    different words. The same input gives the same result to the byte, however many threads there are.
    """
    usable = np.flatnonzero(np.diff(weights.indptr) >= MIN_WORDS)
    if len(usable) < MIN_REVIEWS:
        return _nothing(weights.shape[0], _too_few(len(usable)))
    chosen = usable[np.linspace(0, len(usable) - 1, min(sample, len(usable))).astype(np.int64)]
    columns = _columns(weights[chosen], vocabulary)
    rows = _unit(weights[chosen][:, columns])
    rows = rows[np.diff(rows.indptr) > 0]
    numbers = [
        k for k in sorted(set(tried)) if 2 <= k <= min(rows.shape[0] // MIN_PER_TOPIC, len(columns) // 4)
    ]
    if not numbers:
        return _nothing(weights.shape[0], _too_few(rows.shape[0]))

    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # sums in another order end in another last digit
        seen = Cooccurrence(rows)
        topics = {k: _fit(rows, k, seed) for k in numbers}
        coherence = {k: [seen.npmi(_heaviest(row)) for row in found] for k, found in topics.items()}
        means = {k: round(float(np.mean(values)), _DIGITS) for k, values in coherence.items()}
        best = max(numbers, key=lambda k: (means[k], -k))
        others = [_fit(rows, best, seed + i, init="random") for i in (1, 2)]
        agreement = round(float(np.mean([_agreement(topics[best], other) for other in others])), _DIGITS)
        main = _main_topics(weights, usable, columns, topics[best])
    method = (
        f"TF-IDF의 NMF, 후기 {rows.shape[0]:,}건 × 낱말 {len(columns):,}개; 낱말 {TOP_WORDS}개의 평균 NPMI로 주제 {best}개 / "
        f"NMF of TF-IDF, {rows.shape[0]:,} reviews by {len(columns):,} words;"
        f" {best} topics by mean NPMI of {TOP_WORDS} words"
    )
    texts = [vocabulary[column].text for column in columns]
    return _in_order(
        main, topics[best], coherence[best], texts, {str(k): means[k] for k in numbers}, agreement, method
    )


def _nothing(reviews: int, method: str) -> Found:
    return Found(np.full(reviews, -1, dtype=np.int64), (), (), (), (), {}, None, method)


def _too_few(reviews: int) -> str:
    return (
        f"주제를 찾기에는 낱말이 셋 이상인 후기({reviews}건)나 거듭 쓰인 낱말이 너무 적습니다. / "
        f"Too few reviews of three words ({reviews} reviews) or words used repeatedly to find topics."
    )


def _columns(rows: csr_array, vocabulary: Sequence[Word]) -> list[int]:
    """Columns of the words that tell topics apart, in the order of the words."""
    users = np.bincount(rows.indices, minlength=rows.shape[1])
    least = max(MIN_USERS, MIN_SHARE * rows.shape[0])
    fit = np.flatnonzero((users >= least) & (users <= MAX_SHARE * rows.shape[0])).tolist()
    most_used = sorted(fit, key=lambda i: (-users[i], vocabulary[i]))[:MAX_WORDS]
    return sorted(most_used, key=lambda i: vocabulary[i])


def _unit(rows: csr_array) -> csr_array:
    from scipy.sparse import csr_array, diags_array

    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return csr_array(diags_array(1 / np.where(lengths > 0, lengths, 1)) @ rows)


def _fit(rows: csr_array, k: int, seed: int, init: str = "nndsvda") -> Floats:
    """Weights of words in topics, shape (k, words), rows of unit length."""
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", ConvergenceWarning
        )  # what is not settled by then shows in `agreement`
        model = NMF(k, init=init, random_state=seed, max_iter=200).fit(rows)
    topics: Floats = model.components_
    topics /= np.maximum(np.linalg.norm(topics, axis=1, keepdims=True), 1e-12)
    return topics


def _heaviest(topic: Floats) -> list[int]:
    """The ten heaviest columns, equals in the order of their words."""
    heaviest: list[int] = np.argsort(-np.round(topic, 9), kind="stable")[:TOP_WORDS].tolist()
    return heaviest


def _agreement(topics: Floats, other: Floats) -> float:
    """Mean over ``topics`` of the cosine to the most similar of ``other``."""
    return float((topics @ other.T).max(axis=1).mean())


def _main_topics(
    weights: csr_array, usable: NDArray[np.int64], columns: list[int], topics: Floats
) -> NDArray[np.int64]:
    """The topic that makes up most of each review: non-negative least squares on the topics as they stand."""
    main = np.full(weights.shape[0], -1, dtype=np.int64)
    gram = topics @ topics.T
    for start in range(0, len(usable), _ROWS):
        part = usable[start : start + _ROWS]
        shares = np.round(_shares(_unit(weights[part][:, columns]) @ topics.T, gram), 6)
        main[part] = np.where(shares.max(axis=1) > 0, shares.argmax(axis=1), -1)
    return main


def _shares(target: Floats, gram: Floats, rounds: int = 50) -> Floats:
    """argmin over x ≥ 0 of |row − x · topics|² for each row, by coordinate descent (Cichocki 2009).

    ``target``: row · topicsᵀ, shape (rows, k); ``gram``: topics · topicsᵀ.
    """
    shares = np.zeros_like(target)
    for _ in range(rounds):
        before = shares.copy()
        for k in range(len(gram)):
            step = (target[:, k] - shares @ gram[:, k]) / max(float(gram[k, k]), 1e-12)
            shares[:, k] = np.maximum(shares[:, k] + step, 0)
        if not len(shares) or float(np.abs(shares - before).max()) < 1e-6:
            break
    return shares


def _in_order(
    main: NDArray[np.int64],
    topics: Floats,
    coherence: Sequence[float],
    texts: Sequence[str],
    tried: dict[str, float],
    agreement: float,
    method: str,
) -> Found:
    """Topics that are some review's main one, the largest first, equals by label."""
    sizes = np.bincount(main[main >= 0], minlength=len(topics))
    labels = _labels(topics, texts)
    order = sorted((k for k in range(len(topics)) if sizes[k]), key=lambda k: (-sizes[k], labels[k]))
    renumbered = np.full(len(topics) + 1, -1, dtype=np.int64)  # the last place is for −1
    renumbered[order] = np.arange(len(order))
    shares = topics / np.maximum(topics.sum(axis=1, keepdims=True), 1e-12)
    heaviest = [_heaviest(topics[k]) for k in order]
    return Found(
        main=renumbered[main],
        labels=tuple(labels[k] for k in order),
        words=tuple(tuple(texts[i] for i in best) for best in heaviest),
        weights=tuple(
            tuple(round(float(shares[k, i]), _DIGITS) for i in best)
            for k, best in zip(order, heaviest, strict=True)
        ),
        coherence=tuple(round(float(coherence[k]), _DIGITS) for k in order),
        tried=tried,
        agreement=agreement,
        method=method,
    )


def _labels(topics: Floats, texts: Sequence[str]) -> list[str]:
    """Two or three of each topic's heaviest words; a word is in the label of the topic that it weighs most in."""
    owner = np.round(topics, 9).argmax(axis=0)
    taken: set[str] = set()
    labels: list[str] = []
    for k, topic in enumerate(topics):
        heaviest = _heaviest(topic)
        own = [i for i in heaviest if owner[i] == k]
        label: list[str] = []
        for i in [*own, *(i for i in heaviest if owner[i] != k)]:
            needed = len(label) < LABEL_WORDS - 1
            weighty = owner[i] == k and topic[i] >= _LABEL_SHARE * topic[heaviest[0]]
            if texts[i] not in taken and len(label) < LABEL_WORDS and (needed or weighty):
                label.append(texts[i])
                taken.add(texts[i])
        labels.append(" · ".join(label or [texts[heaviest[0]]]))
    return labels


def describe(
    found: Found,
    stars: NDArray[np.int64],
    complains: NDArray[np.bool_],
    quotes: Callable[[NDArray[np.bool_]], tuple[Quote, ...]],
) -> Topics:
    """The topics with what their reviews say.

    ``stars``, ``complains``: per review, in the order of ``found.main``; ``quotes`` chooses from a mask.
    """
    topics: list[Topic] = []
    for number, label in enumerate(found.labels):
        mask = found.main == number
        reviews = int(mask.sum())
        topics.append(
            Topic(
                number=number,
                label=label,
                words=found.words[number],
                weights=found.weights[number],
                coherence=found.coherence[number],
                reviews=reviews,
                share=round(reviews / len(mask), _DIGITS),
                mean_star=round(float(stars[mask].mean()), _DIGITS) if reviews else None,
                negative=share_of(int((mask & complains).sum()), reviews),
                quotes=quotes(mask),
            )
        )
    return Topics(found.method, found.tried, found.agreement, tuple(topics))
