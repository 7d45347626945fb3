"""Phrases of two or three words, and which of them set praise and blame apart.

A phrase is words that follow each other in one sentence: nouns, and after them at most one verb or adjective
(``병원 없다``, ``비대면 진료``, ``고객 센터 연락``). A predicate before another word makes none, nor does a noun
that 하다 makes an adjective of (``편리``): in dictionary form it would not read as what was said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from nlp.keyness import MIN_COUNT, key_words
from nlp.lexicon import stop_words
from nlp.model import KeyWord
from nlp.tokenize import Pos
from nlp.words import Word

Phrase = tuple[str, ...]
#: What ``KeyWord.pos`` says of a phrase.
POS = "phrase"
#: A phrase is left out where a longer one that is shown accounts for so much of its use.
NEARLY = 0.75

_MAX_WORDS = 2_000_000  # three numbers below it fit into 64 bits
_NOMINAL = (Pos.NOUN, Pos.FOREIGN)
_NEGATIONS = ("안", "못")


def phrases_of(run: Sequence[Word]) -> Iterator[Phrase]:
    """The phrases of one sentence's words, repeats included."""
    for size in (2, 3):
        for start in range(len(run) - size + 1):
            words = run[start : start + size]
            if all(_leads(word) for word in words[:-1]) and _no_repeats([w.text for w in words]):
                yield tuple(word.text for word in words)


def _leads(word: Word) -> bool:
    """Whether a phrase may go on after ``word``."""
    return word.pos in _NOMINAL and word.text not in stop_words().states


def _no_repeats(texts: Sequence[str]) -> bool:
    return all(a != b for a, b in pairwise(texts))


def count_phrases(
    columns: NDArray[np.int32],
    ends: NDArray[np.int64],
    vocabulary: Sequence[Word],
    groups: NDArray[np.bool_],
    *,
    at_least: int = MIN_COUNT,
) -> list[dict[Phrase, int]]:
    """How often each phrase is used in each group of reviews.

    ``columns``: words in reading order as indexes into ``vocabulary``, negative between sentences, review ``i``
    at ``columns[ends[i]:ends[i + 1]]``; ``groups``: shape (groups, reviews). Phrases used less than
    ``at_least`` times in all groups together are left out, so that what is kept stays small however many
    reviews there are. The same phrases as ``phrases_of`` finds. Raises ``ValueError`` for two million
    different words or more.
    """
    texts = [word.text for word in vocabulary]
    number = {text: i for i, text in enumerate(dict.fromkeys(texts))}
    names = list(number)
    # One more place stands for the gap, which −1 picks.
    text_of = np.array([*(number[text] for text in texts), -1], dtype=np.int64)
    nominal = np.array([*(_leads(word) for word in vocabulary), False], dtype=bool)
    columns = np.where(columns < 0, -1, columns)
    word, leads = text_of[columns], nominal[columns]
    row = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    counts: list[dict[Phrase, int]] = [{} for _ in groups]
    if len(names) >= _MAX_WORDS:
        raise ValueError(f"{len(names)} different words are too many to count phrases of")
    for size in (2, 3):
        starts = _starts(word, leads, row, size)
        keys = word[starts]
        for shift in range(1, size):
            keys = keys * len(names) + word[starts + shift]
        inside = groups[:, row[starts]]
        counted_at = inside.any(axis=0)
        used, place, uses = np.unique(keys[counted_at], return_inverse=True, return_counts=True)
        kept = np.flatnonzero(uses >= at_least).tolist()
        phrases = [_decode(int(used[i]), size, names) for i in kept]
        for counted, member in zip(counts, inside[:, counted_at], strict=True):
            own = np.bincount(place[member], minlength=len(used))
            counted.update((phrase, int(own[i])) for phrase, i in zip(phrases, kept, strict=True) if own[i])
    return counts


def _starts(
    word: NDArray[np.int64], leads: NDArray[np.bool_], row: NDArray[np.int64], size: int
) -> NDArray[np.int64]:
    """Where a phrase of ``size`` words starts."""
    n = max(0, len(word) - size + 1)
    starts = (row[:n] == row[size - 1 :]) & (word[size - 1 :] >= 0)
    for shift in range(size - 1):
        starts &= leads[shift : shift + n] & (word[shift : shift + n] != word[shift + 1 : shift + 1 + n])
    return np.flatnonzero(starts)


def _decode(key: int, size: int, names: Sequence[str]) -> Phrase:
    out: list[str] = []
    for _ in range(size):
        key, last = divmod(key, len(names))
        out.insert(0, names[last])
    return tuple(out)


def phrase_keyness(
    high_counts: Mapping[Phrase, int], low_counts: Mapping[Phrase, int], top: int
) -> tuple[tuple[KeyWord, ...], tuple[KeyWord, ...]]:
    """The phrases that ≥4★ and those that ≤2★ use more, as ``nlp.keyness.key_words`` finds words.

    A phrase that is part of a longer one in the same table with nearly the same count is left out.
    """
    phrases = sorted({*high_counts, *low_counts})
    high = np.array([high_counts.get(phrase, 0) for phrase in phrases], dtype=np.float64)
    low = np.array([low_counts.get(phrase, 0) for phrase in phrases], dtype=np.float64)
    sides = key_words([(" ".join(phrase), POS) for phrase in phrases], high, low, high + low)
    praise, blame = (_longest(side)[:top] for side in sides)
    return praise, blame


def _longest(side: Sequence[KeyWord]) -> tuple[KeyWord, ...]:
    """``side`` without what a longer phrase says as well."""
    covered: dict[Phrase, int] = {}
    for row in side:
        words = words_of(row.word)
        for part in (words[:-1], words[1:]) if len(words) > 2 else ():
            covered[part] = max(covered.get(part, 0), row.high_count + row.low_count)
    return tuple(
        row for row in side if covered.get(words_of(row.word), 0) < NEARLY * (row.high_count + row.low_count)
    )


def words_of(phrase: str) -> Phrase:
    """The words of a phrase as a report writes it: ``예약 안 되다`` is ``예약`` and ``안 되다``."""
    out: list[str] = []
    for part in phrase.split(" "):
        if out and out[-1] in _NEGATIONS:
            out[-1] += f" {part}"
        else:
            out.append(part)
    return tuple(out)
