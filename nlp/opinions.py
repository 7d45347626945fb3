"""What the reviews think: the words beside the stars, and every aspect with its shares, trend and quotes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from nlp.aspects import KEYS, names
from nlp.chunks import Part
from nlp.intervals import share_of
from nlp.model import POLARITIES, AspectRow, Period, Sentiment, Share
from nlp.quotes import Quotes
from nlp.trends import change

Flags = NDArray[np.bool_]
#: Reviews listed as contradicting their stars.
DISAGREE = 20


class Opinions:
    """One set of reviews in columns, each of length n.

    stars: 1–5; apps: int, index into ``app_ids``; months: int, 202309.
    """

    def __init__(
        self,
        part: Part,
        stars: NDArray[np.int64],
        apps: NDArray[np.int64],
        app_ids: Sequence[str],
        months: NDArray[np.int64],
    ) -> None:
        self.part, self.stars, self.apps, self.app_ids, self.months = part, stars, apps, app_ids, months
        self.complains: Flags = part.probability >= 0.5

    def sentiment(self, quotes: Quotes) -> Sentiment:
        """The words beside the stars."""
        polarity, high, low = self.part.polarity, self.stars >= 4, self.stars <= 2
        against = high & (polarity == POLARITIES.index("neg"))
        despite = low & (polarity == POLARITIES.index("pos"))
        probability = self.part.probability
        return Sentiment(
            complaints=self._share(self.complains),
            by_polarity={name: int((polarity == i).sum()) for i, name in enumerate(POLARITIES)},
            by_app=self._by_app(self.complains),
            praised_but_complains=self._share(against, high),
            blamed_but_praises=self._share(despite, low),
            disagree=quotes.surest(against | despite, lambda i: abs(float(probability[i]) - 0.5), DISAGREE),
        )

    def aspects(self, quotes: Quotes) -> tuple[AspectRow, ...]:
        """A row per aspect, the most spoken of first."""
        rows = [self._aspect(key, quotes) for key in KEYS]
        return tuple(sorted(rows, key=lambda row: (-row.share.count, KEYS.index(row.key))))

    def spoken(self, key: str) -> Flags:
        """Which reviews speak of an aspect."""
        return _bit(self.part.aspects, key)

    def blamed(self, key: str) -> Flags:
        """Which reviews blame an aspect, whatever else they say of it."""
        return _bit(self.part.blamed, key)

    def praised(self, key: str) -> Flags:
        """Which reviews praise an aspect, whatever else they say of it."""
        return _bit(self.part.praised, key)

    def _aspect(self, key: str, quotes: Quotes) -> AspectRow:
        spoken, blamed, praised = self.spoken(key), self.blamed(key), self.praised(key)
        return AspectRow(
            key=key,
            name_ko=names(key, "ko"),
            name_en=names(key, "en"),
            share=self._share(spoken),
            mean_star=round(float(self.stars[spoken].mean()), 4) if spoken.any() else None,
            negative=self._share(blamed, spoken),
            by_app=self._by_app(spoken),
            negative_by_app=self._by_app(blamed, spoken),
            by_month=self._by_month(spoken, blamed),
            change=change(self.months, spoken),
            complaints=quotes.choose(blamed & ~praised, aspect=key),
            praise=quotes.choose(praised & ~blamed, aspect=key),
        )

    def _share(self, flags: Flags, of: Flags | None = None) -> Share:
        return share_of(int(flags.sum()), int(of.sum()) if of is not None else len(flags))

    def _by_app(self, flags: Flags, of: Flags | None = None) -> dict[str, Share]:
        if of is None:
            of = np.ones(len(flags), dtype=bool)
        size = len(self.app_ids)
        counts = np.bincount(self.apps[flags & of], minlength=size)
        totals = np.bincount(self.apps[of], minlength=size)
        return {app: share_of(int(counts[i]), int(totals[i])) for i, app in enumerate(self.app_ids)}

    def _by_month(self, spoken: Flags, blamed: Flags) -> tuple[Period, ...]:
        return tuple(
            Period(
                f"{month // 100:04}-{month % 100:02}",
                int((spoken & (self.months == month)).sum()),
                int((blamed & (self.months == month)).sum()),
            )
            for month in sorted(set(self.months[spoken].tolist()))
        )


def _bit(bits: NDArray[np.uint16], key: str) -> Flags:
    flags: Flags = (bits >> KEYS.index(key) & 1).astype(bool)
    return flags
