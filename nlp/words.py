"""From morphemes to the words that are counted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import NamedTuple

from nlp.lexicon import stop_words
from nlp.tokenize import Morph, Pos

_PREDICATES = (Pos.VERB, Pos.ADJECTIVE)
_MAX_WORD = 20
_SENTENCE_ENDS = frozenset(".!?…~。！？")


class Word(NamedTuple):
    """A word as it is counted: dictionary form and part of speech (``noun``, ``verb``, ``adjective``, …)."""

    text: str
    pos: Pos


def content_words(morphs: Sequence[Morph], own_names: Collection[str] = ()) -> list[Word]:
    """The words of ``word_runs``, one after the other."""
    return [word for run in word_runs(morphs, own_names) for word in run]


def word_runs(morphs: Sequence[Morph], own_names: Collection[str] = ()) -> list[list[Word]]:
    """The words of a review that carry meaning, in order, repeats included, a list per sentence.

    Nouns (of one syllable only those on our list), verbs and adjectives in dictionary form, foreign
    words in lower case. A negated predicate is one word: ``안 되다``, ``못 쓰다``; ``되지 않다`` is
    ``안 되다``. Left out: stop words and ``own_names``, what reviewers call the app itself.
    """
    words: list[Word] = []
    runs = [words]
    for index, morph in enumerate(morphs):
        if morph.pos is Pos.SYMBOL:
            if words and not _SENTENCE_ENDS.isdisjoint(morph.surface):
                words = []
                runs.append(words)
            continue
        word = _word(morph, _negation(morphs, index) if morph.pos in _PREDICATES else "")
        if word is not None and word.text not in own_names:
            words.append(word)
    return [run for run in runs if run]


@lru_cache(maxsize=1 << 15)
def _word(morph: Morph, negation: str) -> Word | None:
    """The word that a morpheme with ``negation`` (``'안 '``, ``'못 '`` or ``''``) before it is counted as."""
    lists = stop_words()
    word = _form(morph, negation, lists.short)
    if word and word.text in lists.misread:
        word = Word(lists.misread[word.text], word.pos)
    return None if word is None or word.text in lists.stop else word


def _form(morph: Morph, negation: str, short: frozenset[str]) -> Word | None:
    if morph.pos is Pos.NOUN:
        text = morph.surface
        if len(text) > _MAX_WORD or not text.isalnum() or (len(text) < 2 and text not in short):
            return None
        return Word(text, Pos.NOUN)
    if morph.pos in _PREDICATES and len(morph.lemma) <= _MAX_WORD:
        return Word(negation + morph.lemma, morph.pos)
    if morph.pos is Pos.FOREIGN and 1 < len(morph.surface) <= _MAX_WORD and morph.surface.isalnum():
        return Word(morph.surface.lower(), Pos.FOREIGN)
    return None


def _negation(morphs: Sequence[Morph], index: int) -> str:
    """``'안 '`` or ``'못 '`` if the predicate at ``index`` is negated from either side, else ``''``."""
    before = morphs[index - 1] if index else None
    if before and before.pos is Pos.NEGATION and before.lemma in ("안", "못"):
        return before.lemma + " "
    # 되지 않다, 되지 못하다: mecab leaves the ending 지 between the two, Okt stems it away.
    after = index + 1
    if after < len(morphs) and morphs[after].surface == "지" and morphs[after].pos is Pos.ENDING:
        after += 1
    if after < len(morphs) and morphs[after].pos is Pos.NEGATION:
        return {"않": "안 ", "못하": "못 "}.get(morphs[after].lemma, "")
    return ""
