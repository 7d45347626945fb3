"""Words we know: the domain dictionary and the stop words (data: ``data/``)."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_DATA = Path(__file__).with_name("data")


@dataclass(frozen=True)
class DomainWords:
    """Words that stay whole, and a rewriting of their spaced spellings (약 배송 → 약배송)."""

    words: tuple[str, ...]
    _respelled: dict[str, str]
    _pattern: re.Pattern[str]

    def unite(self, text: str) -> str:
        """``text`` with every known spaced spelling written as its domain word."""
        return self._pattern.sub(lambda match: self._respelled[match[0]], text)


@lru_cache(maxsize=1)
def domain_words() -> DomainWords:
    """The dictionary of ``data/domain_words.tsv``."""
    words: list[str] = []
    respelled: dict[str, str] = {}
    for line in (_DATA / "domain_words.tsv").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        word, *variants = (cell.strip() for cell in line.split("\t"))
        words.append(word)
        respelled.update((variant, word) for variant in variants if variant)
    longest_first = sorted(respelled, key=lambda variant: (-len(variant), variant))
    # Not inside a longer word: '약 배송' of '계약 배송' is none.
    pattern = re.compile(r"(?<![가-힣])(?:" + "|".join(map(re.escape, longest_first)) + ")")
    return DomainWords(tuple(dict.fromkeys(words)), respelled, pattern)


@dataclass(frozen=True, slots=True)
class StopWords:
    """``stop``: words that say nothing here; ``short``: nouns of one syllable that do say something;
    ``misread``: words that an analyser makes of others, and what was meant; ``states``: nouns that 하다 makes
    adjectives of.
    """

    stop: frozenset[str]
    short: frozenset[str]
    misread: dict[str, str]
    states: frozenset[str]


@lru_cache(maxsize=1)
def stop_words() -> StopWords:
    """The lists of ``data/stopwords.toml``."""
    table = tomllib.loads((_DATA / "stopwords.toml").read_text(encoding="utf-8"))
    stop = frozenset(word for group in table["stop"].values() for word in group)
    return StopWords(stop, frozenset(table["short_nouns"]), table["misread"], frozenset(table["states"]))
