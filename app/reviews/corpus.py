"""Questions to the reviews at hand, the imports, the collections and the analyses. Nothing here writes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select

from app.extensions import db
from app.reviews.collection_models import Collection, CollectionSchedule
from app.reviews.models import Analysis, RejectedRow, Review, ReviewImport, StoreApp

PER_PAGE = 50
LATEST = 10
STREAM_BATCH = 2000

Thing = TypeVar("Thing")


@dataclass(frozen=True)
class AppCount:
    """What is there of one app; `first` and `last` are aware moments."""

    app: str
    name_ko: str
    name_en: str
    reviews: int
    mean_star: float
    first: datetime
    last: datetime


@dataclass(frozen=True)
class Page(Generic[Thing]):
    """Some of many rows; pages count from 1."""

    rows: list[Thing]
    page: int
    pages: int


def reviews_of(apps: Sequence[str]) -> list[Review]:
    """Return the reviews of `apps` (store ids; none means all), detached from any later change."""
    query = select(Review).order_by(Review.id)
    if apps:
        query = query.where(Review.app.in_(apps))
    return list(db.session.scalars(query.execution_options(yield_per=STREAM_BATCH)))


def by_app() -> list[AppCount]:
    """Return the counts of every app that has reviews, the fullest first."""
    query = (
        select(
            Review.app,
            StoreApp.name_ko,
            StoreApp.name_en,
            func.count(),
            func.avg(Review.star),
            func.min(Review.posted_at),
            func.max(Review.posted_at),
        )
        .outerjoin(StoreApp, StoreApp.app == Review.app)
        .group_by(Review.app, StoreApp.name_ko, StoreApp.name_en)
        .order_by(func.count().desc(), Review.app)
    )
    return [
        AppCount(app, ko or app, en or app, count, float(mean), first, last)
        for app, ko, en, count, mean, first, last in db.session.execute(query)
    ]


def app_names() -> dict[str, StoreApp]:
    """Return what the apps are called, by store id."""
    return {app.app: app for app in db.session.scalars(select(StoreApp))}


def latest_imports(limit: int = LATEST) -> list[ReviewImport]:
    """Return the newest imports first."""
    return list(db.session.scalars(select(ReviewImport).order_by(ReviewImport.id.desc()).limit(limit)))


def latest_analyses(limit: int = LATEST) -> list[Analysis]:
    """Return the newest analyses first."""
    return list(db.session.scalars(select(Analysis).order_by(Analysis.id.desc()).limit(limit)))


def all_imports(number: int) -> Page[ReviewImport]:
    """Return one page of the imports, newest first."""
    return _page(select(ReviewImport).order_by(ReviewImport.id.desc()), number)


def all_analyses(number: int) -> Page[Analysis]:
    """Return one page of the analyses, newest first."""
    return _page(select(Analysis).order_by(Analysis.id.desc()), number)


def rejected_page(import_id: int, number: int) -> Page[RejectedRow]:
    """Return one page of rejected rows in the file's order."""
    return _page(
        select(RejectedRow).where(RejectedRow.import_id == import_id).order_by(RejectedRow.line), number
    )


def all_collections(number: int) -> Page[Collection]:
    """Return one page of the collections, newest first."""
    return _page(select(Collection).order_by(Collection.id.desc()), number)


def latest_collections() -> dict[tuple[str, str], Collection]:
    """Return the newest collection of each app in each store, by (store, app)."""
    newest = select(func.max(Collection.id)).group_by(Collection.store, Collection.app)
    found = db.session.scalars(select(Collection).where(Collection.id.in_(newest)))
    return {(item.store, item.app): item for item in found}


def schedules() -> dict[tuple[str, str], CollectionSchedule]:
    """Return every schedule, by (store, app)."""
    return {(item.store, item.app): item for item in db.session.scalars(select(CollectionSchedule))}


def _page(query: Select[Any], number: int) -> Page[Any]:
    """Return page `number` of a query's rows; a page beyond the last is the last."""
    count = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    pages = max(1, -(-count // PER_PAGE))
    number = min(max(number, 1), pages)
    rows = db.session.scalars(query.limit(PER_PAGE).offset((number - 1) * PER_PAGE))
    return Page(list(rows), number, pages)


def rejected_rows(import_id: int) -> Iterator[RejectedRow]:
    """Yield every rejected row of an import in the file's order."""
    query = select(RejectedRow).where(RejectedRow.import_id == import_id).order_by(RejectedRow.line)
    yield from db.session.scalars(query.execution_options(yield_per=STREAM_BATCH))
