"""Reviews in, ``Report`` out: ``build`` is what the portal's worker and the command line call."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

import nlp
from nlp.apps import find, name_of, own_names
from nlp.model import (
    VERSION,
    AppRow,
    Burst,
    Contrast,
    CreatedFrom,
    Keyness,
    KeyWord,
    OwnerView,
    Report,
    Sample,
    Samples,
    Side,
    Study,
    Totals,
    WordRow,
)
from nlp.reviews import KST, Review
from nlp.tokenize import Tokenizer, make_tokenizer
from nlp.words import content_words

if TYPE_CHECKING:
    from nlp.counting import WordCounts

__all__ = [
    "STAGES", "AppRow", "Burst", "Contrast", "CreatedFrom", "KeyWord", "Keyness", "OwnerView", "Report",
    "Sample", "Samples", "Side", "Study", "Totals", "WordRow", "build",
]  # fmt: skip

Progress = Callable[[str, float], None]
#: The stages of ``build`` in order, as ``progress`` names them, and the share of the whole done at their end.
STAGES: dict[str, float] = {"prepare": 0.05, "tokenize": 0.75, "count": 0.8, "contrast": 0.9, "samples": 1.0}
_REPORT_EVERY = 50


def build(
    reviews: Sequence[Review],
    *,
    tokenizer: Tokenizer | None = None,
    top: int = 50,
    progress: Progress | None = None,
) -> Report:
    """Analyse ``reviews``; the result depends on the set of reviews, not on their order.

    ``tokenizer``: Mecab if not given. ``top``: rows per table, ≥ 1. ``progress`` is called with a key of
    ``STAGES`` and the share of the whole work done, 0–1, which never falls.

    An empty sequence gives a report of zeros. Raises ``TokenizerUnavailable`` if Mecab is missing and
    ``ValueError`` for ``top`` < 1.
    """
    # NumPy and SciPy load with the first report, not with the module.
    from nlp import contrast, facts, samples

    if top < 1:
        raise ValueError("top must be at least 1")
    tell = progress or _tell_nobody
    tell("prepare", 0.0)
    tokenizer = tokenizer or make_tokenizer()
    ordered = sorted(reviews, key=lambda r: (r.app, r.at, r.key, r.star, r.author, r.likes))
    tell("prepare", STAGES["prepare"])
    words = _count(ordered, tokenizer, tell)
    tell("tokenize", STAGES["tokenize"])
    counted = contrast.Counted(ordered, words)
    tell("count", STAGES["count"])
    compared = counted.contrast(top)
    tell("contrast", STAGES["contrast"])
    bursts = facts.bursts(ordered)
    typical = samples.choose(ordered, counted.weights, bursts)
    report = Report(
        version=VERSION,
        created_from=_created_from(ordered, tokenizer),
        totals=_totals(ordered, counted.without_words),
        apps=tuple(_app_row(app, ordered) for app in sorted({review.app for review in ordered})),
        contrast=compared,
        samples=typical,
        bursts=bursts,
        study=facts.study(ordered),
    )
    tell("samples", 1.0)
    return report


def _tell_nobody(_stage: str, _share: float) -> None:
    """For who does not ask for progress."""


def _count(reviews: Sequence[Review], tokenizer: Tokenizer, tell: Progress) -> WordCounts:
    from nlp.counting import WordCounts

    counts = WordCounts()
    start, end = STAGES["prepare"], STAGES["tokenize"]
    for done, review in enumerate(reviews):
        counts.add(content_words(tokenizer.morphs(review.body), own_names(review.app)))
        if done % _REPORT_EVERY == 0:
            tell("tokenize", start + (end - start) * done / len(reviews))
    return counts


def _created_from(reviews: Sequence[Review], tokenizer: Tokenizer) -> CreatedFrom:
    digest = hashlib.sha256()
    for review in reviews:
        digest.update(f"{review.key}|{review.star}|{review.at.astimezone(KST).isoformat()}\n".encode())
    days = sorted(_day(review) for review in reviews)
    return CreatedFrom(
        reviews=len(reviews),
        apps=len({review.app for review in reviews}),
        first=days[0] if days else None,
        last=days[-1] if days else None,
        sha256=digest.hexdigest(),
        tokenizer=tokenizer.name,
        nlp=nlp.__version__,
    )


def _totals(reviews: Sequence[Review], without_words: int) -> Totals:
    return Totals(
        reviews=len(reviews),
        by_app=_tally(review.app for review in reviews),
        by_star={str(star): sum(review.star == star for review in reviews) for star in range(1, 6)},
        by_year=_tally(_day(review)[:4] for review in reviews),
        by_month=_tally(_day(review)[:7] for review in reviews),
        without_words=without_words,
    )


def _app_row(app: str, reviews: Sequence[Review]) -> AppRow:
    own = [review for review in reviews if review.app == app]
    known = find(app)
    days = sorted(_day(review) for review in own)
    return AppRow(
        app=app,
        name_ko=name_of(app, "ko"),
        name_en=name_of(app, "en"),
        verified=known is not None and known.verified,
        reviews=len(own),
        mean_star=round(sum(review.star for review in own) / len(own), 4),
        stars=tuple(sum(review.star == star for review in own) for star in range(1, 6)),
        first=days[0],
        last=days[-1],
    )


def _day(review: Review) -> str:
    return review.at.astimezone(KST).date().isoformat()


def _tally(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))
