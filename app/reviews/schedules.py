"""When reviews are collected by themselves: daily or weekly, at an hour in Korea."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from app.audit import service as audit
from app.extensions import db
from app.infra import clock
from app.infra.clock import KST
from app.infra.database import fresh, transaction
from app.reviews import apps, collecting
from app.reviews.collection_models import CollectionSchedule

START_DUE = "reviews.start_due"
EVERY = timedelta(minutes=10)


def following(after: datetime, hour: int, weekday: int | None) -> datetime:
    """Return the first full `hour` (0–23, in Korea) after a moment, on `weekday` (Monday is 0) or any day."""
    local = after.astimezone(KST)
    at = local.replace(hour=hour, minute=0, second=0, microsecond=0)
    days = 0 if weekday is None else (weekday - at.weekday()) % 7
    at += timedelta(days=days)
    return at if at > local else at + timedelta(days=1 if weekday is None else 7)


def save(
    user_id: int, store: str, app: str, *, active: bool, hour: int, weekday: int | None
) -> CollectionSchedule:
    """Set when an app's reviews are collected by themselves, or that they are not; raise `UnknownPlace`."""
    if apps.find(store, app) is None:
        raise collecting.UnknownPlace
    with transaction() as session:
        collecting.hold_the_line()
        found = find(store, app) or CollectionSchedule(store=store, app=app)
        found.active, found.hour, found.weekday, found.created_by_id = active, hour, weekday, user_id
        found.next_at = following(clock.now(), hour, weekday) if active else None
        session.add(found)
        audit.record("collection.schedule", f"collection_schedule:{store}/{app}"[:96])
    return found


def find(store: str, app: str) -> CollectionSchedule | None:
    """Return the schedule of an app in a store, if there ever was one."""
    return db.session.scalar(
        select(CollectionSchedule).where(CollectionSchedule.store == store, CollectionSchedule.app == app)
    )


def start_due() -> None:
    """Begin what is due, once for each that is due, however many times were missed.

    A collection that is still under way counts as begun. Also calls one that waits though none is at work.
    """
    due = select(CollectionSchedule.id).where(CollectionSchedule.next_at <= clock.now())
    for key in list(db.session.scalars(due.order_by(CollectionSchedule.next_at))):
        _start(key)
    with transaction():
        collecting.hold_the_line()
        collecting.call_next()


def _start(key: int) -> None:
    with transaction():
        collecting.hold_the_line()
        item = fresh(CollectionSchedule, key)
        if item is None or item.next_at is None or item.next_at > clock.now():
            return  # another worker was quicker
        item.next_at = following(clock.now(), item.hour, item.weekday)
        if collecting.under_way(item.store, item.app) is None and apps.find(item.store, item.app):
            collecting.start(item.created_by_id, item.store, item.app, scheduled=True)
