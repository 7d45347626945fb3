"""From a report back to its reviews, two sets of them side by side, and a cloud to look at. Only reads.

Beside the jobs the one place here that calls `nlp`: these questions are answered while a person waits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from sqlalchemy import select

from app.extensions import db
from app.infra import storage
from app.infra.clock import KST
from app.infra.storage import StoredObject
from app.reviews.corpus import PER_PAGE, Page
from app.reviews.models import Analysis, FormerReview, Review
from app.reviews.report import Data

if TYPE_CHECKING:
    from nlp.clouds import Polarity
    from nlp.compare import Comparison
    from nlp.index import Query, ReviewIndex

#: Indexes kept in a process: a person looks at one report, perhaps two.
KEPT = 2
LONGEST = 60
#: A year, a month or a day.
MOMENT = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
#: Pictures of two reports.
CLOUDS_KEPT = 4
#: The minor version of the first report whose index knows the apps' versions and the days.
DATED = 2
#: What an address may ask for.
ASKED = (
    "word", "pos", "phrase", "aspect", "aspect_polarity", "polarity", "complains", "app", "version", "side",
    "stars", "month", "since", "until", "topic", "disagree",
)  # fmt: skip


class NoIndex(Exception):
    """The analysis was made before there were indexes that answer such a question, or its index is lost."""


class BadQuestion(Exception):
    """The address asks for something that no report has."""


@dataclass(frozen=True)
class Found:
    """One review behind a figure: what was read in it, beside what the store shows."""

    review: Review
    complaint_probability: float
    polarity: str
    aspects: tuple[str, ...]
    disagrees: bool
    former: tuple[FormerReview, ...]
    """How it read before its author changed it, the latest first."""


def question(asked: Mapping[str, str]) -> Query:
    """Read a question from an address; unknown keys are left alone, nonsense raises `BadQuestion`."""
    from nlp.index import Query  # NumPy loads with the first question, not with the portal
    from nlp.phrases import words_of

    values = {key: value.strip()[:LONGEST] for key, value in asked.items() if value.strip()}
    try:
        query = Query(
            word=values.get("word"),
            pos=values.get("pos"),
            phrase=tuple(words_of(values["phrase"])) if "phrase" in values else None,
            aspect=values.get("aspect"),
            app=values.get("app"),
            version=asked["version"].strip()[:LONGEST] if "version" in asked else None,  # "": none was named
            stars=tuple(int(star) for star in values["stars"].split(",")) if "stars" in values else None,
            month=values.get("month"),
            since=_moment(values.get("since")),
            until=_moment(values.get("until")),
            topic=int(values["topic"]) if "topic" in values else None,
            disagree=values.get("disagree") == "1",
        )
    except ValueError as error:
        raise BadQuestion from error
    side, polarity, blame = values.get("side"), values.get("polarity"), values.get("aspect_polarity")
    if side not in (None, "high", "low") or blame not in (None, "pos", "neg", "not_neg"):
        raise BadQuestion
    if (complains := values.get("complains")) not in (None, "0", "1"):
        raise BadQuestion
    if polarity not in (None, "pos", "neg", "mixed", "neutral"):
        raise BadQuestion
    return replace(
        query,
        side=side,  # type: ignore[arg-type]
        polarity=polarity,  # type: ignore[arg-type]
        aspect_polarity=blame,  # type: ignore[arg-type]
        complains=None if complains is None else complains == "1",
    )


def _moment(text: str | None) -> str | None:
    if text is not None and not MOMENT.fullmatch(text):
        raise ValueError(text)
    return text


def backwards(query: Query) -> bool:
    """Return whether a span of months or years ends before it begins."""
    # 2023 begins before its first month and ends after its last.
    return bool(query.since and query.until) and f"{query.until}-99"[:7] < f"{query.since}-00"[:7]


def index_of(run: Analysis) -> ReviewIndex:
    """Return the index of a finished analysis; raise `NoIndex`."""
    from nlp.index import IndexUnreadable

    if run.index is None:
        raise NoIndex
    try:
        return _loaded(run.index.object_id)
    except (storage.ObjectLost, IndexUnreadable) as error:
        raise NoIndex from error


@lru_cache(maxsize=KEPT)
def _loaded(object_id: str) -> ReviewIndex:
    from nlp.index import ReviewIndex

    # An object is never written anew under its name, so what was loaded once stays right.
    stored = db.session.scalars(select(StoredObject).where(StoredObject.object_id == object_id)).one()
    return ReviewIndex.from_bytes(storage.get(stored))


def reviews_behind(run: Analysis, query: Query, number: int) -> tuple[int, Page[Found]]:
    """Return how many reviews fit, and one page of them, the clearest first; raise `NoIndex`.

    A review that was deleted since counts, but is not shown.
    """
    from nlp.index import NotInIndex

    index = index_of(run)
    try:
        total, _first = index.find(query, limit=0)
    except NotInIndex as error:
        raise NoIndex from error
    pages = max(1, -(-total // PER_PAGE))
    number = min(max(number, 1), pages)
    _total, positions = index.find(query, limit=PER_PAGE, offset=(number - 1) * PER_PAGE)
    ids = {int(index.ids[position]): position for position in positions}
    rows = {row.id: row for row in db.session.scalars(select(Review).where(Review.id.in_(ids)))}
    disagree, former = index.disagree(), _former(ids)
    found = [
        Found(
            rows[key],
            float(index.probability[position]),
            index.polarity_of(position),
            index.aspects_of(position),
            bool(disagree[position]),
            tuple(former.get(key, ())),
        )
        for key, position in ids.items()
        if key in rows
    ]
    return total, Page(found, number, pages)


def _former(ids: Iterable[int]) -> dict[int, list[FormerReview]]:
    query = select(FormerReview).where(FormerReview.review_id.in_(ids)).order_by(FormerReview.id.desc())
    found: dict[int, list[FormerReview]] = {}
    for row in db.session.scalars(query):
        found.setdefault(row.review_id, []).append(row)
    return found


def frequency_cloud(data: Data, side: Polarity) -> bytes:
    """Return the word cloud of one side by how often its words are used, as PNG.

    The worker draws those by weight; this one is drawn when somebody looks, for it needs only the report.
    """
    uses: dict[str, float] = {}
    for row in data["contrast"]["owner"][side]["by_frequency"]:
        uses[row["word"]] = uses.get(row["word"], 0.0) + row["count"]
    return _drawn(side, tuple(uses.items()))


@lru_cache(maxsize=CLOUDS_KEPT)
def _drawn(side: Polarity, uses: tuple[tuple[str, float], ...]) -> bytes:
    from nlp.clouds import cloud_png

    return cloud_png(dict(uses), polarity=side)


def dated(data: Data) -> bool:
    """Return whether the index that came with a report knows the apps' versions and the days."""
    return int(str(data["version"]).split(".")[1]) >= DATED


def korean_time(review: Review) -> str:
    """Return when a review was posted, in Korean time (ISO 8601)."""
    return review.posted_at.astimezone(KST).isoformat()


def side_by_side(run: Analysis, left: Query, right: Query) -> Comparison:
    """Compare two sets of the reviews of an analysis; raise `NoIndex`."""
    from nlp.compare import compare
    from nlp.index import NotInIndex

    try:
        return compare(index_of(run), left, right)
    except NotInIndex as error:
        raise NoIndex from error
