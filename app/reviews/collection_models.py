"""Collecting from the stores: the apps that were added, the collections, and when they begin by themselves."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Base
from app.infra.database import Serial, UtcDateTime

ALL_TOPICS = "review_collections"
"""The name under which live pages follow every collection."""
CHANGED = "review_collection.changed"
STORES = ("appstore", "googleplay")


class CollectionState(enum.StrEnum):
    """queued → running → done, failed or (by way of stopping) stopped; what failed or was stopped may go on."""

    QUEUED = "queued"
    RUNNING = "running"
    STOPPING = "stopping"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"


AT_WORK = (CollectionState.RUNNING, CollectionState.STOPPING)
COLLECTING = (CollectionState.QUEUED, *AT_WORK)
RESUMABLE = (CollectionState.FAILED, CollectionState.STOPPED)
_COLLECTING = "state IN ('queued', 'running', 'stopping')"


class AddedApp(Base):
    """An app that an operator added to those of `nlp/apps.toml`; nobody has verified its ids."""

    __tablename__ = "added_app"
    __table_args__ = (CheckConstraint("app_store IS NOT NULL OR google_play IS NOT NULL", name="somewhere"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    name_ko: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))
    app_store: Mapped[str | None] = mapped_column(String(64), unique=True)
    google_play: Mapped[str | None] = mapped_column(String(64), unique=True)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Collection(Base):
    """One walk through an app's reviews in a store, page by page; each page is kept together with the cursor."""

    __tablename__ = "review_collection"
    __table_args__ = (
        Index(
            "uq_review_collection_under_way",
            "app",
            "store",
            unique=True,
            sqlite_where=text(_COLLECTING),
            postgresql_where=text(_COLLECTING),
        ),
        Index("ix_review_collection_app_store", "app", "store", "id"),
        CheckConstraint("store IN ('appstore', 'googleplay')", name="store"),
        CheckConstraint(
            "(finished_at IS NULL) = (state IN ('queued', 'running', 'stopping'))", name="finished"
        ),
        CheckConstraint("state <> 'failed' OR error_ko IS NOT NULL", name="explained"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    app: Mapped[str] = mapped_column(String(64))
    """Store id."""
    store: Mapped[str] = mapped_column(String(16))
    state: Mapped[CollectionState] = mapped_column(String(16), default=CollectionState.QUEUED)
    turn: Mapped[int] = mapped_column(default=0)
    """Which job may work on it: a new one each time it is called, so that an older job changes nothing."""
    cursor: Mapped[str | None] = mapped_column(Text)
    """Where to go on, as `nlp.stores` says it; none before the first page."""
    pages: Mapped[int] = mapped_column(default=0)
    pages_total: Mapped[int | None]
    """How many there will be, where the store says so."""
    added: Mapped[int] = mapped_column(default=0)
    edited: Mapped[int] = mapped_column(default=0)
    known: Mapped[int] = mapped_column(default=0)
    capped: Mapped[bool] = mapped_column(default=False)
    """The store has more than it shows."""
    scheduled: Mapped[bool] = mapped_column(default=False)
    """Begun by a schedule, not by hand."""
    error_ko: Mapped[str | None] = mapped_column(Text)
    error_en: Mapped[str | None] = mapped_column(Text)
    retry_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the store wants to be asked again, if it said so."""
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    @property
    def topic(self) -> str:
        """The name under which live pages follow this collection."""
        return f"review_collection:{self.public_id}"

    @property
    def busy(self) -> bool:
        """True while something may still happen by itself."""
        return self.state in COLLECTING

    @property
    def partial(self) -> bool:
        """True where it has ended and there is more in the store than it brought."""
        return self.resumable or (self.capped and not self.busy)

    @property
    def resumable(self) -> bool:
        """True where it ended early and can go on."""
        return self.state in RESUMABLE

    @property
    def found(self) -> int:
        """How many reviews the store has shown."""
        return self.added + self.edited + self.known


class CollectionSchedule(Base):
    """When the reviews of an app in a store are collected by themselves, in Korean time."""

    __tablename__ = "collection_schedule"
    __table_args__ = (
        UniqueConstraint("app", "store"),
        CheckConstraint("hour BETWEEN 0 AND 23", name="hour"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("(next_at IS NOT NULL) = active", name="next"),
        Index("ix_collection_schedule_next_at", "next_at"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    app: Mapped[str] = mapped_column(String(64))
    store: Mapped[str] = mapped_column(String(16))
    active: Mapped[bool]
    weekday: Mapped[int | None]
    """Monday is 0; none means every day."""
    hour: Mapped[int]
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    """Who set it last."""
