"""How reviews come into the table, from a file or from a store: never doubled, and edits kept.

A review is known by the store's own id of it. Where there is none (a file that does not say) it is known by
app, author, time and words; and once the store shows a review that a file brought without an id, that one
is given the id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import delete, select, text, tuple_
from sqlalchemy.dialects import postgresql, sqlite

from app.extensions import db
from app.infra import clock
from app.infra.database import transaction
from app.reviews.models import FormerReview, Review, ReviewAgain

_ONE_AT_A_TIME = 7_260_002
Identity = tuple[str, str, datetime, str]


@dataclass(frozen=True)
class ReviewRow:
    """One review as the table takes it; `posted_at` is aware."""

    app: str
    key: str
    posted_at: datetime
    star: int
    likes: int
    author: str
    title: str
    text: str
    store: str = ""
    store_id: str = ""
    version: str = ""

    @property
    def identity(self) -> Identity:
        """What `nlp` calls a review's identity."""
        return (self.app, self.author, self.posted_at, self.key)


@dataclass
class Taken:
    """How many reviews were new, had been edited since, and were known as they are."""

    added: int = 0
    edited: int = 0
    known: int = 0


@dataclass
class _Shelf:
    """What is there of a batch already, by every name that it may be known under."""

    by_store: dict[tuple[str, str], Review] = field(default_factory=dict)
    by_identity: dict[Identity, Review] = field(default_factory=dict)
    nameless: dict[tuple[str, str, str], list[Review]] = field(default_factory=lambda: defaultdict(list))
    """By app, author and key: reviews without a store's id."""

    def put(self, review: Review) -> None:
        """Have a review found."""
        self.by_identity[_identity(review)] = review
        if review.store_id:
            self.by_store[review.store, review.store_id] = review
        elif review.author:
            self.nameless[review.app, review.author, review.key].append(review)

    def drop(self, review: Review) -> None:
        """Have a review no longer found."""
        self.by_identity.pop(_identity(review), None)
        self.by_store.pop((review.store, review.store_id), None)
        same = self.nameless.get((review.app, review.author, review.key), [])
        if review in same:
            same.remove(review)

    def find(self, row: ReviewRow) -> Review | None:
        """Return what this row is a state of, if that is there."""
        same = self.by_store.get((row.store, row.store_id)) if row.store_id else None
        same = same or self.by_identity.get(row.identity)
        if same is None and row.store_id:
            # A file may have another clock than the store, or none: the words and their author are enough.
            nameless = self.nameless.get((row.app, row.author, row.key), [])
            same = min(nameless, key=lambda r: abs(r.posted_at - row.posted_at), default=None)
        return same


def take_in(
    rows: Sequence[ReviewRow], *, import_id: int | None = None, collection_id: int | None = None
) -> Taken:
    """Write one batch of a file or of a collection, whole or not at all; say what was new in it.

    A collection counts each review once, however often it meets it.
    """
    taken = Taken()
    with transaction():
        lock()
        shelf = _shelf_for(rows)
        again: set[int] = set()
        for row in rows:
            known = shelf.find(row)
            if known is None:
                review = Review(import_id=import_id, collection_id=collection_id, **vars(row))
                db.session.add(review)
                shelf.put(review)
                taken.added += 1
                continue
            seen = collection_id is not None and known.collection_id == collection_id
            edited = _update(shelf, known, row, import_id, collection_id)
            if collection_id is not None:
                known.collection_id = collection_id
            taken.edited += edited
            taken.known += not edited and not seen
            if import_id is not None and known.import_id != import_id:
                again.add(known.id)
        db.session.flush()
        if import_id is not None:
            note_again(import_id, again)
    return taken


def lock() -> None:
    """Let nobody else bring or take reviews until the transaction in progress ends."""
    if db.session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})


def _identity(review: Review) -> Identity:
    return (review.app, review.author, review.posted_at, review.key)


def _shelf_for(rows: Sequence[ReviewRow]) -> _Shelf:
    shelf, found = _Shelf(), set[Review]()
    # Objects of this session may be older than this transaction: they are read anew.
    fresh = {"populate_existing": True}
    named = [(row.store, row.store_id) for row in rows if row.store_id]
    if named:
        by_store = select(Review).where(tuple_(Review.store, Review.store_id).in_(named))
        found |= set(db.session.scalars(by_store, execution_options=fresh))
    apps, keys = {row.app for row in rows}, {row.key for row in rows}
    authors = {row.author for row in rows} | {review.author for review in found}
    alike = select(Review).where(Review.app.in_(apps), Review.author.in_(authors), Review.key.in_(keys))
    found |= set(db.session.scalars(alike, execution_options=fresh))
    for review in found:
        shelf.put(review)
    return shelf


def _update(
    shelf: _Shelf, review: Review, row: ReviewRow, import_id: int | None, collection_id: int | None
) -> bool:
    """Bring a review to the state that a row has; True if its author had changed it.

    Left as it is: for a row without the store's id, which knows nothing better; for an older state; and for
    the same words at the same time under two ids.
    """
    if not row.store_id:
        return False
    other = bool(review.store_id) and (review.store, review.store_id) != (row.store, row.store_id)
    older = bool(review.store_id) and row.posted_at < review.posted_at
    if other or older:
        return False
    # Who wrote it is known best from the store itself: a file may name authors that were hashed before.
    author = row.author if collection_id is not None else review.author
    state = {"version": row.version or review.version, "author": author}
    identity = (row.app, author, row.posted_at, row.key)
    twin = shelf.by_identity.get(identity)
    if twin is not None and twin is not review:
        if twin.store_id:
            return False
        _merge(shelf, twin, review)
    if review in db.session.new:
        db.session.flush()  # a former state refers to it
    edited = (row.star, row.title, row.text) != (review.star, review.title, review.text)
    if edited:
        db.session.add(_former(review, import_id, collection_id))
    moved = identity != _identity(review)
    shelf.drop(review)
    for name, value in (vars(row) | state).items():
        setattr(review, name, value)
    shelf.put(review)
    if moved:
        db.session.flush()  # its former place may be taken by the next row
    return edited


def _former(review: Review, import_id: int | None, collection_id: int | None) -> FormerReview:
    return FormerReview(
        review_id=review.id,
        import_id=import_id,
        collection_id=collection_id,
        star=review.star,
        title=review.title,
        text=review.text,
        posted_at=review.posted_at,
        noted_at=clock.now(),
    )


def _merge(shelf: _Shelf, twin: Review, review: Review) -> None:
    """Let go of a row that a file brought without an id: it is the present state of `review`."""
    db.session.flush()
    files = set(db.session.scalars(select(ReviewAgain.import_id).where(ReviewAgain.review_id == twin.id)))
    if twin.import_id is not None:
        files.add(twin.import_id)
    db.session.execute(delete(ReviewAgain).where(ReviewAgain.review_id == twin.id))
    shelf.drop(twin)
    db.session.delete(twin)
    db.session.flush()
    for import_id in files - {review.import_id}:
        note_again(import_id, {review.id})


def note_again(import_id: int, review_ids: Iterable[int]) -> None:
    """Write down that a file held these reviews too, in the transaction in progress."""
    values = [{"import_id": import_id, "review_id": key} for key in sorted(review_ids)]
    if values:
        insert = (postgresql if db.session.get_bind().dialect.name == "postgresql" else sqlite).insert
        db.session.execute(insert(ReviewAgain.__table__).on_conflict_do_nothing(), values)
