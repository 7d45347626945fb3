"""Finds which aspects a review speaks of, and in which of its sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import re2

from nlp.aspects.catalogue import Aspect, catalogue
from nlp.text import clean

_SPACE = re.compile(r"\s+")
#: Looking behind or ahead, which RE2 cannot: without it a pattern finds as much or more.
_LOOKING = re.compile(r"\(\?<?!(?:[^()]|\([^()]*\))*\)")
_MEMORY = 64 << 20


@dataclass(frozen=True, slots=True)
class _Rules:
    key: str
    patterns: tuple[str, ...]
    wanted: re.Pattern[str]
    excluded: re.Pattern[str] | None
    alone: re.Pattern[str] | None
    unless: frozenset[str]


class AspectFinder:
    """The patterns of ``aspects.toml``, compiled. Read-only, so threads may share it."""

    def __init__(self, rules: Sequence[_Rules], version: str) -> None:
        self._rules = tuple(rules)
        self._sieve = _sieve(rules)
        self.version = version

    @classmethod
    def load(cls) -> AspectFinder:
        """The shipped aspects."""
        data = catalogue()
        return cls([_compiled(aspect) for aspect in data.aspects], data.date)

    def find(self, title: str, text: str, pieces: Sequence[str]) -> dict[str, tuple[int, ...]]:
        """Aspect key → indexes of the ``pieces`` that speak of it, in the order of ``KEYS``.

        ``pieces``: the sentences of title and text. An aspect that only the whole shows (its words stand on
        both sides of a cut) has no indexes. Never raises, whatever the text.
        """
        squeezed = [_squeezed(piece) for piece in pieces]
        sifted = [self._sift(piece) for piece in squeezed]
        # Title and text are not run together: neither goes on where the other ends.
        parts = [_squeezed(title), _squeezed(text)] if len(squeezed) > 1 else []
        sifted_parts = [self._sift(part) for part in parts]
        found: dict[str, tuple[int, ...]] = {}
        for number, rules in enumerate(self._rules):
            where = tuple(
                i for i, piece in enumerate(squeezed) if number in sifted[i] and _speaks(piece, rules)
            )
            if where or any(
                number in sifted_parts[i] and _speaks(part, rules) for i, part in enumerate(parts)
            ):
                found[rules.key] = where
        for rules in self._rules:
            if rules.alone and rules.key not in found and rules.unless.isdisjoint(found):
                where = tuple(i for i, piece in enumerate(squeezed) if rules.alone.search(piece))
                if where:
                    found[rules.key] = where
        return {rules.key: found[rules.key] for rules in self._rules if rules.key in found}

    def _sift(self, piece: str) -> frozenset[int]:
        """The rules that may speak in ``piece``: one pass for all, where trying each takes twenty times as long."""
        return frozenset(self._sieve.Match(piece) or ())


def _squeezed(text: str) -> str:
    """``text`` as patterns read it: cleaned, in lower case, without white space."""
    return _SPACE.sub("", clean(text)).lower()


def _speaks(piece: str, rules: _Rules) -> bool:
    if not rules.wanted.search(piece):
        return False
    # What is excluded leaves a mark, so that what stood on either side of it does not grow together.
    return rules.excluded is None or rules.wanted.search(rules.excluded.sub("|", piece)) is not None


def _compiled(aspect: Aspect) -> _Rules:
    return _Rules(
        aspect.key,
        aspect.patterns,
        _alternatives(aspect.patterns),
        _alternatives(aspect.excluded) if aspect.excluded else None,
        _alternatives(aspect.alone) if aspect.alone else None,
        aspect.unless,
    )


def _sieve(rules: Sequence[_Rules]) -> re2.Set:
    """All rules as one automaton. It lets through whatever a rule finds, and a little more."""
    options = re2.Options()
    options.max_mem = _MEMORY
    sieve = re2.Set.SearchSet(options)
    for own in rules:
        sieve.Add("|".join(f"(?:{_LOOKING.sub('', pattern)})" for pattern in own.patterns))
    sieve.Compile()
    return sieve


def _alternatives(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
