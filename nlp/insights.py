"""Cards to act on: a claim, its evidence, quotes, what to change, and how our portal would know it worked.

The words of the cards are data: ``data/insights.toml``.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nlp.aspects import KEYS, names
from nlp.intervals import share_of
from nlp.model import AspectRow, Insight, Share
from nlp.opinions import Opinions
from nlp.quotes import Quotes
from nlp.reading import Reader
from nlp.reviews import Review
from nlp.trends import change

Flags = NDArray[np.bool_]
#: A claim needs so many reviews that bear it out, and the lower end of its share above this.
ENOUGH = 5
MOST = 0.5
#: Praise shown: the aspects most praised.
STRENGTHS = 3


@lru_cache(maxsize=1)
def _words() -> dict[str, Any]:
    path = Path(__file__).with_name("data") / "insights.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


class Cards:
    """Makes the cards of one set of reviews."""

    def __init__(self, reviews: Sequence[Review], opinions: Opinions, quotes: Quotes, reader: Reader) -> None:
        self._reviews, self._opinions, self._quotes, self._reader = reviews, opinions, quotes, reader

    def ranked(self, aspects: Sequence[AspectRow]) -> tuple[Insight, ...]:
        """Complaints by how many reviews surely make them, rising ones first among equals; then the study's
        findings, then what is praised most.
        """
        rows = {row.key: row for row in aspects}
        complaints = [self._complaint(rows[key]) for key in KEYS]
        found = [card for card in complaints if card.holds]
        found.sort(key=lambda card: (-_weight(card), card.key))
        study = [self._study(item) for item in _words()["study"]]
        praise = sorted(
            (self._praise(rows[key]) for key in KEYS if rows[key].share.count >= ENOUGH),
            key=lambda card: (-card.evidence.count, card.key),
        )
        strengths = [card for card in praise if card.holds][:STRENGTHS]
        cards = [*found, *study, *strengths]
        return tuple(replace(card, rank=rank) for rank, card in enumerate(cards, 1))

    def _complaint(self, row: AspectRow) -> Insight:
        spoken, blamed = self._opinions.spoken(row.key), self._opinions.blamed(row.key)
        low = self._opinions.stars <= 2
        return self._card(
            key=row.key,
            finding="found",
            words=_words()["complaint"][row.key],
            flags=blamed,
            of=spoken,
            compared=share_of(int((spoken & low).sum()), int(low.sum())),
            holds=row.negative.count >= ENOUGH and (row.negative.low or 0) > _overall(self._opinions),
            aspect=row.key,
        )

    def _praise(self, row: AspectRow) -> Insight:
        spoken, praised = self._opinions.spoken(row.key), self._opinions.praised(row.key)
        high = self._opinions.stars >= 4
        share = share_of(int(praised.sum()), int(spoken.sum()))
        return self._card(
            key=f"strength_{row.key}",
            finding="found",
            words=_words()["praise"],
            flags=praised,
            of=spoken,
            compared=share_of(int((spoken & high).sum()), int(high.sum())),
            holds=share.count >= ENOUGH and (share.low or 0) > MOST,
            aspect=row.key,
        )

    def _study(self, item: dict[str, str]) -> Insight:
        opinions, aspect = self._opinions, item["aspect"]
        good = item["polarity"] == "pos"
        flags = opinions.praised(aspect) if good else opinions.blamed(aspect)
        compared: Share | None = None
        if item["key"] == "study_convenience":
            of = opinions.stars >= 4
            most = max(int((opinions.praised(key) & of).sum()) for key in KEYS)
            flags = flags & of
            holds = int(flags.sum()) == most and most >= ENOUGH
        elif item["words"]:
            of = self._with_words(opinions.spoken(aspect), aspect, item["words"])
            flags = flags & of
            share = share_of(int(flags.sum()), int(of.sum()))
            holds = share.count >= ENOUGH and (share.low or 0) > (MOST if good else _overall(opinions))
            compared = share_of(
                int((opinions.blamed(aspect) & ~of).sum()), int((opinions.spoken(aspect) & ~of).sum())
            )
        else:
            of = opinions.spoken(aspect)
            holds = int(flags.sum()) >= ENOUGH
        return self._card(
            key=item["key"],
            finding="study",
            words=item if holds else {**item, "claim_ko": item["not_ko"], "claim_en": item["not_en"]},
            flags=flags,
            of=of,
            compared=compared,
            holds=holds,
            aspect=aspect,
        )

    def _with_words(self, spoken: Flags, aspect: str, pattern: str) -> Flags:
        """Of ``spoken``, those whose sentences about the aspect match; the title may name the place."""
        wanted = re.compile(pattern)
        mask: Flags = np.zeros(len(spoken), dtype=bool)
        candidates = [i for i in np.flatnonzero(spoken).tolist() if wanted.search(self._reviews[i].body)]
        for i, reading in zip(
            candidates, self._reader.read([self._reviews[i] for i in candidates]), strict=True
        ):
            about = next((m.about for m in reading.mentions if m.aspect == aspect), "")
            mask[i] = bool(wanted.search(f"{self._reviews[i].title} {about or self._reviews[i].text}"))
        return mask

    def _card(
        self,
        *,
        key: str,
        finding: Any,
        words: dict[str, str],
        flags: Flags,
        of: Flags,
        compared: Share | None,
        holds: bool,
        aspect: str,
    ) -> Insight:
        opinions = self._opinions
        share = share_of(int(flags.sum()), int(of.sum()))
        filled = {
            "count": f"{share.count:,}",
            "of": f"{share.of:,}",
            "share": "–" if share.share is None else f"{100 * share.share:.0f}",
        }
        months = opinions.months[flags].tolist()
        by_app = np.bincount(opinions.apps[flags], minlength=len(opinions.app_ids))
        order = sorted(np.flatnonzero(by_app).tolist(), key=lambda i: (-by_app[i], opinions.app_ids[i]))
        return Insight(
            rank=0,
            key=key,
            finding=finding,
            holds=holds,
            claim_ko=words["claim_ko"].format(name=_as_object(names(aspect, "ko")), **filled),
            claim_en=words["claim_en"].format(name=names(aspect, "en"), **filled),
            evidence=share,
            compared=compared,
            apps=tuple(opinions.app_ids[i] for i in order),
            first=_month(min(months)) if months else None,
            last=_month(max(months)) if months else None,
            change=change(opinions.months, flags),
            quotes=self._quotes.choose(flags, aspect=aspect),
            suggestion_ko=words["suggestion_ko"],
            suggestion_en=words["suggestion_en"],
            metric_ko=words["metric_ko"],
            metric_en=words["metric_en"],
        )


def _overall(opinions: Opinions) -> float:
    """Share of all reviews that complain: what an aspect must lie above to stand out."""
    return float(opinions.complains.mean()) if len(opinions.complains) else 1.0


def _weight(card: Insight) -> float:
    """Complaints surely made (count at the lower end of the share), a third more where they surely rise."""
    rising = card.change is not None and card.change.low > 0
    return card.evidence.of * (card.evidence.low or 0.0) * (4 / 3 if rising else 1.0)


def _as_object(name: str) -> str:
    """``name`` with the particle that marks an object: 을 after a consonant, 를 after a vowel."""
    final = (ord(name[-1]) - 0xAC00) % 28 if "가" <= name[-1] <= "힣" else 0
    return f"{name}{'을' if final else '를'}"


def _month(number: int) -> str:
    return f"{number // 100:04}-{number % 100:02}"
