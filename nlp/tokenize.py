"""Tokenizers behind one protocol and one coarse part-of-speech vocabulary.

``mecab`` (default): konlpy's Mecab on packaged wheels, without Java.  ``okt``: konlpy's Okt, the way of the
2023 study; it needs a Java machine.  Both read only what ``nlp.text.clean`` has passed, and both keep the
domain words whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Literal, NamedTuple, Protocol

TokenizerName = Literal["mecab", "okt"]
TOKENIZERS: tuple[TokenizerName, ...] = ("mecab", "okt")


class Pos(StrEnum):
    """Parts of speech that both analysers can tell apart."""

    NOUN = "noun"
    PRONOUN = "pronoun"
    NUMBER = "number"
    VERB = "verb"
    ADJECTIVE = "adjective"
    AUXILIARY = "auxiliary"
    NEGATION = "negation"
    ADVERB = "adverb"
    DETERMINER = "determiner"
    INTERJECTION = "interjection"
    PARTICLE = "particle"
    ENDING = "ending"
    AFFIX = "affix"
    FOREIGN = "foreign"
    JAMO = "jamo"
    SYMBOL = "symbol"
    UNKNOWN = "unknown"


class Morph(NamedTuple):
    """One morpheme: ``lemma`` is the dictionary form (``좋다``) of a verb or adjective, else the surface."""

    surface: str
    lemma: str
    pos: Pos


class Tokenizer(Protocol):
    """What turns a text into morphemes. Never raises on any ``str``; a blank text has no morphemes."""

    @property
    def name(self) -> str:
        """``mecab`` or ``okt``: recorded in a report."""
        ...

    def morphs(self, text: str) -> list[Morph]:
        """All morphemes of ``text`` in order, after cleaning."""
        ...

    def nouns(self, text: str) -> list[str]:
        """The nouns of ``text`` in order, repeats included."""
        ...


class TokenizerUnavailable(Exception):
    """The tokenizer cannot run on this machine: what is missing, in both languages, one line each."""

    def __init__(self, reason_ko: str, reason_en: str) -> None:
        super().__init__(reason_en)
        self.reason_ko = reason_ko
        self.reason_en = reason_en


def nouns_of(morphs: Sequence[Morph]) -> list[str]:
    """The surfaces of the nouns among ``morphs``."""
    return [morph.surface for morph in morphs if morph.pos is Pos.NOUN]


def make_tokenizer(name: TokenizerName = "mecab") -> Tokenizer:
    """The tokenizer called ``name``.

    Raises ``TokenizerUnavailable`` if what it needs is missing, and ``ValueError`` for another name.
    Tokenizers may be shared between threads; make them after forking, not before.
    """
    if name == "mecab":
        from nlp.mecab import MecabTokenizer

        return MecabTokenizer()
    if name == "okt":
        from nlp.okt import OktTokenizer

        return OktTokenizer()
    raise ValueError(f"unknown tokenizer {name!r}: expected one of {', '.join(TOKENIZERS)}")
