"""From a word, an aspect or a bar of the report back to the reviews behind it."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from nlp.model import POLARITIES, Polarity
from nlp.words import Word

FORMAT = 1
Flags = NDArray[np.bool_]


class IndexUnreadable(Exception):
    """The bytes are no index of this version."""


class NotInIndex(Exception):
    """An index from before there were days and versions in it is asked for one of them."""


@dataclass(frozen=True)
class Query:
    """Which reviews are asked for; what is ``None`` does not matter.

    ``side``: ``'high'`` ≥3★, ``'low'`` ≤3★ (the owner's view); ``stars``: e.g. ``(1, 2)``; ``month``:
    ``'2023-09'`` (Korean time) or a year; ``since`` and ``until``: the first and the last day, month or year,
    e.g. ``'2023-09-05'``; ``version``: of the app, ``''`` for none named; ``aspect`` with ``aspect_polarity``
    (``'pos'``, ``'neg'``, or ``'not_neg'`` for all that do not blame it): what the review thinks of it;
    ``phrase``: words next to each other in one sentence;
    ``complains``: as likely as not, what the report's bars count as complaints; ``disagree``: stars and words do.
    """

    word: str | None = None
    pos: str | None = None
    phrase: tuple[str, ...] | None = None
    aspect: str | None = None
    aspect_polarity: Literal["pos", "neg", "not_neg"] | None = None
    polarity: Polarity | None = None
    complains: bool | None = None
    app: str | None = None
    side: Literal["high", "low"] | None = None
    stars: tuple[int, ...] | None = None
    version: str | None = None
    month: str | None = None
    since: str | None = None
    until: str | None = None
    topic: int | None = None
    disagree: bool = False


@dataclass(frozen=True)
class ReviewIndex:
    """Columns over the reviews, in the order in which they were handed to ``analyse``; n reviews.

    probability: float32 (n,); polarity: int8 (n,) into ``POLARITIES``; aspects, blamed, praised: uint16 (n,),
    a bit per key of ``keys``; star: int8 (n,); month: int32 (n,), 202309; app: int32 (n,) into ``apps``;
    topic: int16 (n,), −1 for none; ids: int64 (n,), the caller's own numbers of the reviews; columns:
    int32, the words of each review in reading order as indexes into
    ``vocabulary``, −1 between sentences; ends: int64 (n + 1,); day: int32 (n,), 20230905; version: int32 (n,)
    into ``versions``, where ``''`` is none. The last two are ``None`` in an index written before there were any.
    """

    keys: tuple[str, ...]
    apps: tuple[str, ...]
    vocabulary: tuple[Word, ...]
    probability: NDArray[np.float32]
    polarity: NDArray[np.int8]
    aspects: NDArray[np.uint16]
    blamed: NDArray[np.uint16]
    praised: NDArray[np.uint16]
    star: NDArray[np.int8]
    month: NDArray[np.int32]
    app: NDArray[np.int32]
    topic: NDArray[np.int16]
    ids: NDArray[np.int64]
    columns: NDArray[np.int32]
    ends: NDArray[np.int64]
    day: NDArray[np.int32] | None = None
    version: NDArray[np.int32] | None = None
    versions: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.star)

    def find(self, query: Query, *, limit: int = 50, offset: int = 0) -> tuple[int, list[int]]:
        """How many reviews fit, and the positions of some of them: the clearest first.

        Clearest: by complaint probability, highest first where low stars or blame are asked for, else
        lowest first; equals in order of position. Raises as ``mask`` does.
        """
        chosen = np.flatnonzero(self.mask(query))
        falling = query.side == "low" or query.polarity == "neg" or query.aspect_polarity == "neg"
        falling = falling or query.complains is True
        falling = falling or (query.stars is not None and max(query.stars, default=5) <= 2)
        order = self.probability[chosen]
        ranked = chosen[np.argsort(-order if falling else order, kind="stable")]
        return len(chosen), ranked[offset : offset + limit].tolist()

    def aspects_of(self, position: int) -> tuple[str, ...]:
        """The aspects that one review speaks of."""
        bits = int(self.aspects[position])
        return tuple(key for bit, key in enumerate(self.keys) if bits >> bit & 1)

    def polarity_of(self, position: int) -> Polarity:
        """What the words of one review say."""
        return POLARITIES[int(self.polarity[position])]

    def complains(self) -> Flags:
        """Which reviews complain, as likely as not."""
        flags: Flags = self.probability >= 0.5
        return flags

    def disagree(self) -> Flags:
        """4–5★ whose words complain and 1–2★ whose words praise."""
        negative = self.polarity == POLARITIES.index("neg")
        positive = self.polarity == POLARITIES.index("pos")
        flags: Flags = ((self.star >= 4) & negative) | ((self.star <= 2) & positive)
        return flags

    def mask(self, query: Query) -> Flags:
        """Which reviews fit, bool (n,). Raises ``NotInIndex``."""
        mask = self._shown(query) & self._within(query.since, query.until) & self._said(query)
        if query.word is not None:
            mask &= self._with_phrase((query.word,), query.pos)
        if query.phrase is not None:
            mask &= self._with_phrase(query.phrase, None)
        return mask

    def _shown(self, query: Query) -> Flags:
        """What the store shows of a review: stars, app, its version, month."""
        mask: Flags = np.ones(len(self), dtype=bool)
        if query.side:
            mask &= (self.star >= 3) if query.side == "high" else (self.star <= 3)
        if query.stars is not None:
            mask &= np.isin(self.star, query.stars)
        if query.app is not None:
            mask &= self.app == (self.apps.index(query.app) if query.app in self.apps else -1)
        if query.version is not None:
            if self.version is None:
                raise NotInIndex("no versions")
            known = query.version in self.versions
            mask &= self.version == (self.versions.index(query.version) if known else -1)
        if query.month is not None:
            digits = query.month.replace("-", "")
            months = self.month if len(digits) > 4 else self.month // 100
            mask &= months == (int(digits) if digits.isascii() and digits.isdecimal() else -1)
        return mask

    def _within(self, since: str | None, until: str | None) -> Flags:
        """Which reviews came in a span of time, its ends included."""
        mask: Flags = np.ones(len(self), dtype=bool)
        first, last = (text.replace("-", "") if text else "" for text in (since, until))
        when, width = self.month, len("202309")
        if max(len(first), len(last)) > width:
            if self.day is None:
                raise NotInIndex("no days")
            when, width = self.day, len("20230905")
        # 2023 begins with 202300 and ends with 202399: no month lies outside.
        if first:
            mask &= when >= int(first.ljust(width, "0"))
        if last:
            mask &= when <= int(last.ljust(width, "9"))
        return mask

    def _said(self, query: Query) -> Flags:
        """What was read in a review: polarity, topic, aspect."""
        mask: Flags = np.ones(len(self), dtype=bool)
        if query.polarity is not None:
            mask &= self.polarity == POLARITIES.index(query.polarity)
        if query.complains is not None:
            mask &= self.complains() == query.complains
        if query.topic is not None:
            mask &= self.topic == query.topic
        if query.disagree:
            mask &= self.disagree()
        if query.aspect is not None:
            which = {
                "pos": self.praised,
                "neg": self.blamed,
                "not_neg": self.aspects & ~self.blamed,
                None: self.aspects,
            }[query.aspect_polarity]
            bit = self.keys.index(query.aspect) if query.aspect in self.keys else None
            mask &= (which >> bit & 1).astype(bool) if bit is not None else False
        return mask

    def _with_phrase(self, words: Sequence[str], pos: str | None) -> Flags:
        """Reviews in which these words stand next to each other."""
        hits: Flags = np.ones(max(0, len(self.columns) - len(words) + 1), dtype=bool)
        for shift, word in enumerate(words):
            wanted = [
                i for i, w in enumerate(self.vocabulary) if w.text == word and (pos is None or w.pos == pos)
            ]
            hits &= np.isin(self.columns[shift : shift + len(hits)], wanted)
        rows = np.searchsorted(self.ends, np.flatnonzero(hits), side="right") - 1
        mask: Flags = np.zeros(len(self), dtype=bool)
        mask[rows] = True
        return mask

    def to_bytes(self) -> bytes:
        """The index as a compressed .npz."""
        texts = {
            "keys": self.keys,
            "apps": self.apps,
            "versions": self.versions,
            "vocabulary": [(word.text, str(word.pos)) for word in self.vocabulary],
        }
        head = json.dumps({"format": FORMAT, **texts}, ensure_ascii=False).encode()
        out = io.BytesIO()
        np.savez_compressed(
            out,
            head=np.frombuffer(head, dtype=np.uint8),
            **{name: column for name in _ARRAYS if (column := getattr(self, name)) is not None},
        )
        return out.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes) -> ReviewIndex:
        """The index that ``to_bytes`` wrote. Raises ``IndexUnreadable``; nothing in it is ever executed."""
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                head = json.loads(file["head"].tobytes())
                if head["format"] != FORMAT:
                    raise IndexUnreadable(f"index format {head['format']}, expected {FORMAT}")
                words = tuple(Word(text, pos) for text, pos in head["vocabulary"])
                arrays = {name: file[name] for name in _ARRAYS if name in file or name not in _LATER}
                versions = tuple(head.get("versions", ()))
        except (ValueError, KeyError, OSError, EOFError) as error:
            raise IndexUnreadable("no index of reviews") from error
        return cls(tuple(head["keys"]), tuple(head["apps"]), words, **arrays, versions=versions)


def arranged(index: ReviewIndex, order: Sequence[int], ids: Sequence[int]) -> ReviewIndex:
    """``index``, whose row i is the review at ``order[i]`` of the reviews as given, in their order instead.

    ``ids``: what the caller calls the reviews, as given.
    """
    back = np.argsort(np.array(order, dtype=np.int64), kind="stable")
    starts, lengths = index.ends[:-1][back], np.diff(index.ends)[back]
    ends = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(lengths)])
    within = np.arange(int(ends[-1])) - np.repeat(ends[:-1], lengths)
    by_review = (name for name in _ARRAYS if name not in ("ids", "columns", "ends"))
    rows = {name: column[back] for name in by_review if (column := getattr(index, name)) is not None}
    return replace(
        index,
        **rows,
        ids=np.array(ids, dtype=np.int64),
        columns=index.columns[np.repeat(starts, lengths) + within],
        ends=ends,
    )


_ARRAYS = tuple(
    f.name for f in fields(ReviewIndex) if f.name not in ("keys", "apps", "versions", "vocabulary")
)
#: Columns that an index of the same format may lack.
_LATER = ("day", "version")
