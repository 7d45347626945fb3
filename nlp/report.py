"""Reviews in, ``Report`` out: ``analyse`` is what the portal's worker and the command line call."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import nlp
from nlp.apps import find, name_of, store_of
from nlp.model import VERSION, AppRow, CreatedFrom, Report, Totals
from nlp.reviews import KST, Review
from nlp.tokenize import Tokenizer, make_tokenizer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from nlp import chunks
    from nlp.index import ReviewIndex
    from nlp.reading import Reader

__all__ = ["STAGES", "Analysed", "Report", "analyse", "build"]

Progress = Callable[[str, float], None]
#: The stages of ``analyse`` in order, as ``progress`` names them, and the share of the whole done at their end.
STAGES: dict[str, float] = {
    "prepare": 0.05,
    "tokenize": 0.7,
    "count": 0.72,
    "contrast": 0.8,
    "topics": 0.9,
    "samples": 1.0,
}


@dataclass(frozen=True)
class Analysed:
    """The report, and the index that leads from its words, aspects and bars back to the reviews."""

    report: Report
    index: ReviewIndex


def build(
    reviews: Sequence[Review],
    *,
    tokenizer: Tokenizer | None = None,
    top: int = 50,
    without_bursts: bool = False,
    progress: Progress | None = None,
) -> Report:
    """The report of ``analyse``."""
    return analyse(
        reviews, tokenizer=tokenizer, top=top, without_bursts=without_bursts, progress=progress
    ).report


def analyse(
    reviews: Sequence[Review],
    *,
    tokenizer: Tokenizer | None = None,
    top: int = 50,
    without_bursts: bool = False,
    ids: Sequence[int] | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Analysed:
    """Analyse ``reviews``; the report depends on the set of reviews, not on their order.

    ``tokenizer``: Mecab if not given. ``top``: rows per table, ≥ 1. ``without_bursts``: bursts are looked for
    among all ``reviews``, and the reviews in them are neither counted nor in the index. ``ids``: what the caller
    calls the reviews, for the index (unless given, their positions). ``workers``: processes (see
    ``nlp.chunks.read_all``). ``progress`` is called with a key of ``STAGES`` and the share of the whole work
    done, 0–1, which never falls. Positions of the index count in the order of ``reviews`` as given, without
    those left out.

    An empty sequence gives a report of zeros. Raises ``TokenizerUnavailable`` if Mecab is missing,
    ``ModelDamaged`` if the sentiment model is, and ``ValueError`` for ``top`` < 1.
    """
    # NumPy, SciPy and the models load with the first report, not with the module.
    from threadpoolctl import threadpool_limits

    from nlp import chunks, facts
    from nlp.index import arranged
    from nlp.reading import Reader

    if top < 1:
        raise ValueError("top must be at least 1")
    tell = progress or _tell_nobody
    tell("prepare", 0.0)
    tokenizer = tokenizer or make_tokenizer()
    reader = Reader.load()
    left_out = facts.bursts(reviews) if without_bursts else ()
    kept = facts.excluding(reviews, left_out).nonzero()[0].tolist()
    given = ids or range(len(reviews))
    reviews, given = [reviews[i] for i in kept], [given[i] for i in kept]
    order = sorted(range(len(reviews)), key=lambda i: _rank(reviews[i]))
    ordered = [reviews[i] for i in order]
    tell("prepare", STAGES["prepare"])
    begin, end = STAGES["prepare"], STAGES["tokenize"]
    part = chunks.read_all(
        ordered,
        tokenizer,
        reader,
        workers=workers,
        progress=lambda share: tell("tokenize", begin + (end - begin) * share),
    )
    # One thread: sums in another order could end in another last digit.
    with threadpool_limits(1):
        together = _put_together(ordered, part, reader, tokenizer.name, top, tell)
    return Analysed(replace(together[0], left_out=left_out), arranged(together[1], order, given))


def _put_together(
    ordered: Sequence[Review],
    part: chunks.Part,
    reader: Reader,
    tokenizer: str,
    top: int,
    tell: Progress,
) -> tuple[Report, ReviewIndex]:
    """The report, and the index in the order of ``ordered``."""
    import numpy as np

    from nlp import contrast, facts, hypotheses, samples, topics, trends
    from nlp.aspects import KEYS
    from nlp.counting import count_matrix
    from nlp.index import ReviewIndex
    from nlp.insights import Cards
    from nlp.opinions import Opinions
    from nlp.quotes import Quotes

    stars = np.array([review.star for review in ordered], dtype=np.int64)
    app_ids = sorted({review.app for review in ordered})
    numbers = {app: i for i, app in enumerate(app_ids)}
    apps = np.array([numbers[review.app] for review in ordered], dtype=np.int64)
    days = np.array([int(_day(review).replace("-", "")) for review in ordered], dtype=np.int64)
    months = days // 100
    versions = sorted({review.version.strip() for review in ordered})
    numbered = {version: i for i, version in enumerate(versions)}
    counts = count_matrix(part.columns, part.ends, len(part.vocabulary))
    counted = contrast.Counted(stars, part.vocabulary, counts)
    tell("count", STAGES["count"])
    compared = counted.contrast(top, part.columns, part.ends)
    tell("contrast", STAGES["contrast"])
    bursts = facts.bursts(ordered)
    excluded = ~facts.excluding(ordered, bursts)
    opinions = Opinions(part, stars, apps, app_ids, months)
    quotes = Quotes(ordered, counted.weights, part, excluded, reader)
    found = topics.find_topics(counted.weights, part.vocabulary)
    tell("topics", STAGES["topics"])
    aspects = opinions.aspects(quotes)
    report = Report(
        version=VERSION,
        created_from=_created_from(ordered, tokenizer, reader),
        totals=_totals(ordered, counted.without_words),
        apps=tuple(_app_row(app, ordered, apps == numbers[app]) for app in app_ids),
        contrast=compared,
        samples=samples.choose(ordered, counted.weights, bursts),
        sentiment=opinions.sentiment(quotes),
        aspects=aspects,
        topics=topics.describe(found, stars, opinions.complains, quotes.choose),
        trends=trends.trends(ordered, opinions.complains),
        bursts=bursts,
        study=facts.study(ordered),
        hypotheses=hypotheses.hypotheses(ordered, bursts),
        insights=Cards(ordered, opinions, quotes, reader).ranked(aspects),
    )
    tell("samples", 1.0)
    index = ReviewIndex(
        keys=KEYS,
        apps=tuple(app_ids),
        vocabulary=part.vocabulary,
        probability=part.probability,
        polarity=part.polarity,
        aspects=part.aspects,
        blamed=part.blamed,
        praised=part.praised,
        star=stars.astype(np.int8),
        month=months.astype(np.int32),
        app=apps.astype(np.int32),
        topic=found.main.astype(np.int16),
        ids=np.arange(len(ordered), dtype=np.int64),
        columns=part.columns,
        ends=part.ends,
        day=days.astype(np.int32),
        version=np.array([numbered[review.version.strip()] for review in ordered], dtype=np.int32),
        versions=tuple(versions),
    )
    return report, index


def _rank(review: Review) -> tuple[object, ...]:
    return (review.app, review.at, review.key, review.star, review.author, review.likes)


def _tell_nobody(_stage: str, _share: float) -> None:
    """For who does not ask for progress."""


def _created_from(reviews: Sequence[Review], tokenizer: str, reader: Reader) -> CreatedFrom:
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
        tokenizer=tokenizer,
        nlp=nlp.__version__,
        sentiment=reader.sentiment,
        aspects=reader.aspects,
        stores=tuple(sorted({review.store or store_of(review.app) for review in reviews})),
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


def _app_row(app: str, reviews: Sequence[Review], mask: NDArray[np.bool_]) -> AppRow:
    own = [reviews[i] for i in mask.nonzero()[0].tolist()]
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
