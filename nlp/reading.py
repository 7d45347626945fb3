"""What one review says: whether it complains, of what, and in which of its sentences."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import TYPE_CHECKING

from nlp.model import Polarity
from nlp.reviews import Review

if TYPE_CHECKING:
    from nlp.aspects.finder import AspectFinder
    from nlp.sentiment.model import SentimentModel

#: Weight of the whole review in what it thinks of an aspect: a clause alone says little ("병원이 없어요").
WHOLE = 0.5
#: An aspect is blamed above this probability, praised below its complement, and spoken of in between.
BLAMED = 0.55
_EDGE = 1e-4


@dataclass(frozen=True, slots=True)
class Mention:
    """One aspect in one review: ``polarity`` of the sentences ``about`` it (joined; ``''``: the whole)."""

    aspect: str
    polarity: Polarity
    about: str


@dataclass(frozen=True, slots=True)
class Reading:
    """``complaint_probability``: 0–1, 0.5 is the decision; ``mentions``: one per aspect, in their order."""

    complaint_probability: float
    polarity: Polarity
    mentions: tuple[Mention, ...]

    @property
    def aspects(self) -> tuple[str, ...]:
        """The keys of the aspects spoken of."""
        return tuple(mention.aspect for mention in self.mentions)


class Reader:
    """The sentiment model and the aspects together. Thread-safe: it holds nothing but read-only data."""

    def __init__(self, model: SentimentModel, finder: AspectFinder) -> None:
        self._model = model
        self._finder = finder

    @classmethod
    def load(cls) -> Reader:
        """The shipped model and aspects. Raises ``ModelDamaged`` if the model's file is not what it was."""
        from nlp.aspects.finder import AspectFinder
        from nlp.sentiment.model import SentimentModel

        return cls(SentimentModel.load(), AspectFinder.load())

    @property
    def sentiment(self) -> str:
        """Which sentiment model this is: its sha256."""
        return self._model.sha256

    @property
    def aspects(self) -> str:
        """Which aspects these are: the date of their data."""
        return self._finder.version

    def read(self, reviews: Sequence[Review]) -> list[Reading]:
        """Read ``reviews``; the readings in their order."""
        return self.read_texts([(review.title, review.text) for review in reviews])

    def read_texts(self, texts: Sequence[tuple[str, str]]) -> list[Reading]:
        """Read (title, text) pairs, any text at all; a blank one is neutral and speaks of nothing."""
        from nlp.sentiment.polarity import polarity
        from nlp.sentiment.sentences import sentences

        bodies = [f"{title}\n{text}" if title else text for title, text in texts]
        pieces = [sentences(body) for body in bodies]
        wholes: list[float] = self._model.probabilities(bodies).tolist()
        # A review of one sentence has been scored already.
        several = [piece for own in pieces if len(own) > 1 for piece in own]
        scored: list[float] = self._model.probabilities(several).tolist() if several else []
        out: list[Reading] = []
        at = 0
        for (title, text), own, whole in zip(texts, pieces, wholes, strict=True):
            parts = [whole] * len(own)
            if len(own) > 1:
                parts = scored[at : at + len(own)]
                at += len(own)
            found = self._finder.find(title, text, own)
            mentions = tuple(_mention(key, where, own, parts, whole) for key, where in found.items())
            out.append(Reading(whole, polarity(whole, parts), mentions))
        return out


def _mention(
    key: str, where: Sequence[int], pieces: Sequence[str], parts: Sequence[float], whole: float
) -> Mention:
    if not where:
        return Mention(key, _sign(whole), "")
    signs = {_sign(_blend(parts[i], whole)) for i in where}
    both = {"pos", "neg"} <= signs
    average = sum(_blend(parts[i], whole) for i in where) / len(where)
    return Mention(key, "mixed" if both else _sign(average), " ".join(pieces[i] for i in where))


def _blend(part: float, whole: float) -> float:
    """A sentence's probability, drawn towards that of the review it stands in (on the logit scale)."""
    logit = (1 - WHOLE) * _logit(part) + WHOLE * _logit(whole)
    return 1 / (1 + exp(-logit))


def _logit(p: float) -> float:
    p = min(max(p, _EDGE), 1 - _EDGE)
    return log(p / (1 - p))


def _sign(p: float) -> Polarity:
    if p >= BLAMED:
        return "neg"
    return "pos" if p <= 1 - BLAMED else "neutral"


def joined(aspects: Iterable[str]) -> str:
    """Aspect keys as ``score`` writes them."""
    return "|".join(aspects)
