"""What happened, told to whoever cares: one row in the same transaction as the change itself.

A row serves two readers. Listeners (`subscribe`) get a job each, so that nobody calls upward.
Live pages read the rows of their topics in order of `id` and resume after any one of them. Rows
carry ids and states, never personal data.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base, db
from app.infra import clock, jobs
from app.infra.database import Serial, UtcDateTime, before_commit

CHANNEL = "salpim_events"
_listeners: dict[str, list[str]] = defaultdict(list)


class Event(Base):
    """Something that happened, to one topic (such as ``case:<public id>``)."""

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_topic_id", "topic", "id"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    topic: Mapped[str] = mapped_column(String(96))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


def subscribe(kind: str, job_kind: str) -> None:
    """Have a job of `job_kind`, with the argument ``event_id``, run after each event of `kind`."""
    if job_kind not in _listeners[kind]:
        _listeners[kind].append(job_kind)


def publish(kind: str, topic: str, **payload: Any) -> None:
    """Record an event with the transaction in progress, and the jobs of those who listen."""
    before_commit(lambda: _write(kind, topic, payload))


def _write(kind: str, topic: str, payload: dict[str, Any]) -> None:
    session = db.session
    event = Event(kind=kind, topic=topic, payload=payload, at=clock.now())
    session.add(event)
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text(f"NOTIFY {CHANNEL}"))
    for job_kind in _listeners.get(kind, ()):
        jobs.enqueue(job_kind, dedupe_key=str(event.id), event_id=event.id)


def since(topics: Iterable[str], after: int, limit: int = 200) -> list[Event]:
    """Return the events of `topics` with an id above `after`, in order."""
    query = (
        select(Event).where(Event.topic.in_(list(topics)), Event.id > after).order_by(Event.id).limit(limit)
    )
    return list(db.session.scalars(query))


def last_id() -> int:
    """Return the id of the newest event, 0 if there is none."""
    return db.session.scalar(select(func.max(Event.id))) or 0
