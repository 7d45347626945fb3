"""What an operator asks for: reviews of an app from a store. One collection works at a time, the others wait.

The stores are asked politely, and collections must not fill the worker that patients wait for too.
"""

from __future__ import annotations

from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError

from app.audit import service as audit
from app.extensions import db
from app.infra import clock, events, jobs
from app.infra.database import fresh, random_id, transaction
from app.reviews import apps
from app.reviews.collection_models import (
    ALL_TOPICS,
    AT_WORK,
    CHANGED,
    COLLECTING,
    RESUMABLE,
    Collection,
    CollectionState,
)

COLLECT_JOB = "reviews.collect"
_LINE = 7_260_003


class UnknownPlace(Exception):
    """No listed app has this id in this store."""


class CollectionUnderWay(Exception):
    """The app's reviews in this store are being collected already: `collection`."""

    def __init__(self, collection: Collection) -> None:
        super().__init__(collection.public_id)
        self.collection = collection


class NotCollecting(Exception):
    """Only what is under way can be stopped."""


class NotResumable(Exception):
    """Only what failed or was stopped can go on."""


def start(user_id: int, store: str, app: str, *, scheduled: bool = False) -> Collection:
    """Have the reviews of an app collected from the first page on; raise `UnknownPlace`, `CollectionUnderWay`."""
    known = apps.find(store, app)
    if known is None:
        raise UnknownPlace
    try:
        with transaction() as session:
            hold_the_line()
            _refuse_second(store, app)
            item = Collection(
                public_id=random_id(), store=store, app=app, created_by_id=user_id, scheduled=scheduled
            )
            item.created_at, item.turn = clock.now(), 0
            session.add(item)
            session.flush()
            apps.name(store, app, known[0].name_ko, known[0].name_en)
            audit.record("collection.start", item.topic)
            changed(item)
            _call_if_alone(item)
            return item
    except IntegrityError:
        # Two requests at once: the unique index let one of them through.
        first = under_way(store, app)
        if first is None:
            raise
        raise CollectionUnderWay(first) from None


def stop(collection_id: int) -> Collection:
    """End a collection where it is; what it has brought stays. Raises `NotCollecting`.

    One at work ends within seconds, between two pages.
    """
    with transaction():
        hold_the_line()
        item = fresh(Collection, collection_id)
        if item is None or item.state not in (CollectionState.QUEUED, CollectionState.RUNNING):
            raise NotCollecting
        audit.record("collection.stop", item.topic)
        if item.state == CollectionState.QUEUED:
            end(item, CollectionState.STOPPED)
        else:
            item.state = CollectionState.STOPPING
            changed(item)
    return item


def resume(collection_id: int) -> Collection:
    """Go on after the last page that was kept, or try the one again that failed.

    Raises `NotResumable`, or `CollectionUnderWay` where another one has begun since.
    """
    with transaction():
        hold_the_line()
        item = fresh(Collection, collection_id)
        if item is None or item.state not in RESUMABLE:
            raise NotResumable
        _refuse_second(item.store, item.app)
        audit.record("collection.resume", item.topic)
        wait_again(item)
        _call_if_alone(item)
    return item


def hold_the_line() -> None:
    """Let nobody else begin or end a collection until the transaction in progress ends."""
    if db.session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LINE})


def under_way(store: str, app: str) -> Collection | None:
    """Return the collection of these reviews that has not ended yet."""
    mine = select(Collection).where(Collection.store == store, Collection.app == app)
    return db.session.scalar(mine.where(Collection.state.in_(COLLECTING)))


def _refuse_second(store: str, app: str) -> None:
    at_work = under_way(store, app)
    if at_work is not None:
        raise CollectionUnderWay(at_work)


def wait_again(item: Collection) -> None:
    """Put one that had ended back in line, in the transaction in progress."""
    item.state, item.finished_at, item.retry_at = CollectionState.QUEUED, None, None
    item.error_ko = item.error_en = None
    changed(item)


def _call_if_alone(item: Collection) -> None:
    others = select(func.count()).select_from(Collection)
    others = others.where(Collection.state.in_(COLLECTING), Collection.id != item.id)
    if not db.session.scalar(others):
        call(item)


def call_next() -> None:
    """Call the one that has waited longest, unless one is at work; in the transaction in progress."""
    db.session.flush()
    if db.session.scalar(select(Collection.id).where(Collection.state.in_(AT_WORK)).limit(1)) is not None:
        return
    waiting = select(Collection).where(Collection.state == CollectionState.QUEUED)
    item = db.session.scalar(waiting.order_by(Collection.id).limit(1))
    if item is not None:
        call(item)


def call(item: Collection) -> None:
    """Have the worker go on with a collection, in the transaction in progress."""
    failed = select(jobs.Job.id).where(
        jobs.Job.kind == COLLECT_JOB,
        jobs.Job.dedupe_key == _key(item),
        jobs.Job.state == jobs.JobState.FAILED,
    )
    job_id = db.session.scalar(failed)
    if job_id is not None and jobs.retry(job_id):
        return  # so that it does not stay among the jobs that failed
    item.turn += 1
    jobs.enqueue(COLLECT_JOB, dedupe_key=_key(item), collection_id=item.id, turn=item.turn)


def _key(item: Collection) -> str:
    return f"{item.public_id} {item.turn}"


def end(item: Collection, state: CollectionState) -> None:
    """End a collection and call the next one, in the transaction in progress."""
    item.state, item.finished_at = state, clock.now()
    changed(item)
    call_next()


def changed(item: Collection) -> None:
    """Tell whoever watches this collection, or all of them."""
    events.publish(CHANGED, item.topic, state=str(item.state))
    events.publish(CHANGED, ALL_TOPICS)
