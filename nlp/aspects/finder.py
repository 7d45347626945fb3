"""Finds which aspects a review speaks of, and in which of its sentences."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nlp.aspects.catalogue import Aspect, catalogue
from nlp.text import clean

_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class _Rules:
    key: str
    wanted: re.Pattern[str]
    excluded: re.Pattern[str] | None
    alone: re.Pattern[str] | None
    unless: frozenset[str]


class AspectFinder:
    """The patterns of ``aspects.toml``, compiled. Read-only, so threads may share it."""

    def __init__(self, rules: Sequence[_Rules], version: str) -> None:
        self._rules = tuple(rules)
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
        found: dict[str, tuple[int, ...]] = {}
        whole = None
        for rules in self._rules:
            where = tuple(
                i for i, piece in enumerate(squeezed) if _speaks(piece, rules.wanted, rules.excluded)
            )
            if not where and len(squeezed) > 1:
                # Title and text are not run together: neither goes on where the other ends.
                whole = whole or [_squeezed(title), _squeezed(text)]
                if any(_speaks(part, rules.wanted, rules.excluded) for part in whole):
                    found[rules.key] = ()
                    continue
            if where:
                found[rules.key] = where
        for rules in self._rules:
            if rules.alone and rules.key not in found and rules.unless.isdisjoint(found):
                where = tuple(i for i, piece in enumerate(squeezed) if rules.alone.search(piece))
                if where:
                    found[rules.key] = where
        return {rules.key: found[rules.key] for rules in self._rules if rules.key in found}


def _squeezed(text: str) -> str:
    """``text`` as patterns read it: cleaned, in lower case, without white space."""
    return _SPACE.sub("", clean(text)).lower()


def _speaks(piece: str, wanted: re.Pattern[str], excluded: re.Pattern[str] | None) -> bool:
    if not wanted.search(piece):
        return False
    # What is excluded leaves a mark, so that what stood on either side of it does not grow together.
    return excluded is None or wanted.search(excluded.sub("|", piece)) is not None


def _compiled(aspect: Aspect) -> _Rules:
    return _Rules(
        aspect.key,
        _alternatives(aspect.patterns),
        _alternatives(aspect.excluded) if aspect.excluded else None,
        _alternatives(aspect.alone) if aspect.alone else None,
        aspect.unless,
    )


def _alternatives(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns))
