"""Imported store reviews and the analyses run over them."""

from __future__ import annotations

import enum
from datetime import datetime

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.extensions import Base
from app.infra.database import Serial, UtcDateTime
from app.infra.storage import StoredObject


class WorkState(enum.StrEnum):
    """queued → running → done or failed; what failed may be tried again."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


UNDER_WAY = (WorkState.QUEUED, WorkState.RUNNING)


class ReviewImport(Base):
    """One uploaded file and what became of its rows: imported + duplicate + rejected = total."""

    __tablename__ = "review_import"
    __table_args__ = (
        CheckConstraint("state <> 'done' OR imported + duplicate + rejected = total", name="none_lost"),
        CheckConstraint("state <> 'done' OR finished_at IS NOT NULL", name="dated"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    filename: Mapped[str] = mapped_column(String(200))
    object_id: Mapped[int] = mapped_column(ForeignKey("stored_object.id"))
    """The file as uploaded, encrypted; erased once its rows are in, because it names the authors."""
    state: Mapped[WorkState] = mapped_column(String(16), default=WorkState.QUEUED)
    encoding: Mapped[str | None] = mapped_column(String(16))
    total: Mapped[int] = mapped_column(default=0)
    """Rows in the file; 0 until it has been read."""
    handled: Mapped[int] = mapped_column(default=0)
    """Rows dealt with so far."""
    imported: Mapped[int] = mapped_column(default=0)
    duplicate: Mapped[int] = mapped_column(default=0)
    edited: Mapped[int] = mapped_column(default=0)
    """Those of the duplicates that their authors had changed since."""
    rejected: Mapped[int] = mapped_column(default=0)
    error_ko: Mapped[str | None] = mapped_column(Text)
    error_en: Mapped[str | None] = mapped_column(Text)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    object: Mapped[StoredObject] = relationship()

    @property
    def topic(self) -> str:
        """The name under which live pages follow this import."""
        return f"review_import:{self.public_id}"


class RejectedRow(Base):
    """A row that is no review: the line of the file it begins on (1 is the header), and why."""

    __tablename__ = "rejected_row"
    __table_args__ = (UniqueConstraint("import_id", "line"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("review_import.id"))
    line: Mapped[int]
    reason_ko: Mapped[str] = mapped_column(Text)
    reason_en: Mapped[str] = mapped_column(Text)


class StoreApp(Base):
    """What an app is called; named when its first reviews arrive."""

    __tablename__ = "store_app"

    app: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Store id."""
    name_ko: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80))


class Review(Base):
    """One public review as the store showed it; the author is a keyed hash."""

    __tablename__ = "review"
    __table_args__ = (
        UniqueConstraint("app", "author", "posted_at", "key"),  # what `nlp` calls a review's identity
        CheckConstraint("star BETWEEN 1 AND 5", name="star"),
        CheckConstraint("likes >= 0", name="likes"),
        CheckConstraint("import_id IS NOT NULL OR collection_id IS NOT NULL", name="from_somewhere"),
        Index("ix_review_app_posted", "app", "posted_at"),
        Index(
            "uq_review_store_id",
            "store",
            "store_id",
            unique=True,
            sqlite_where=text("store_id <> ''"),
            postgresql_where=text("store_id <> ''"),
        ),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("review_import.id"), index=True)
    """The file it first came with, if it came with one."""
    collection_id: Mapped[int | None] = mapped_column(ForeignKey("review_collection.id"), index=True)
    """The collection that saw it last in the store, if one did."""
    app: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(12))
    posted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    star: Mapped[int]
    likes: Mapped[int] = mapped_column(default=0)
    author: Mapped[str] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    store: Mapped[str] = mapped_column(String(16), default="")
    store_id: Mapped[str] = mapped_column(String(200), default="")
    """The store's own name of the review; empty where a file did not say."""
    version: Mapped[str] = mapped_column(String(40), default="")
    """Of the app, as the store names it."""


class FormerReview(Base):
    """How a review read before its author changed it."""

    __tablename__ = "former_review"

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("review.id"), index=True)
    import_id: Mapped[int | None] = mapped_column(ForeignKey("review_import.id"), index=True)
    collection_id: Mapped[int | None] = mapped_column(ForeignKey("review_collection.id"), index=True)
    """What brought the change: one of the two."""
    star: Mapped[int]
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    posted_at: Mapped[datetime] = mapped_column(UtcDateTime)
    noted_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReviewAgain(Base):
    """A further file that held a review too: who deletes the one must not lose what the other brought."""

    __tablename__ = "review_again"

    review_id: Mapped[int] = mapped_column(ForeignKey("review.id"), primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("review_import.id"), primary_key=True, index=True)


class Analysis(Base):
    """One run over the reviews at hand, and its report."""

    __tablename__ = "analysis"
    __table_args__ = (
        Index(
            "uq_analysis_under_way",
            "created_by_id",
            unique=True,
            sqlite_where=text("state IN ('queued', 'running')"),
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
        CheckConstraint("state <> 'done' OR report IS NOT NULL", name="reported"),
        CheckConstraint("progress BETWEEN 0 AND 1", name="progress"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    apps: Mapped[list[str]] = mapped_column(JSON)
    """The store ids chosen; empty means all."""
    tokenizer: Mapped[str] = mapped_column(String(16), default="mecab")
    without_bursts: Mapped[bool] = mapped_column(default=False)
    """Whether the reviews of likely promotions are left out."""
    state: Mapped[WorkState] = mapped_column(String(16), default=WorkState.QUEUED)
    stage: Mapped[str | None] = mapped_column(String(40))
    progress: Mapped[float] = mapped_column(default=0.0)
    """0 to 1."""
    review_count: Mapped[int] = mapped_column(default=0)
    report: Mapped[str | None] = mapped_column(Text, deferred=True)
    """`nlp`'s Report.to_json()."""
    cloud_high_id: Mapped[int | None] = mapped_column(ForeignKey("stored_object.id"))
    cloud_low_id: Mapped[int | None] = mapped_column(ForeignKey("stored_object.id"))
    index_id: Mapped[int | None] = mapped_column(ForeignKey("stored_object.id"))
    """`nlp`'s ReviewIndex: from a word, an aspect or a bar of the report back to its reviews."""
    error_ko: Mapped[str | None] = mapped_column(Text)
    error_en: Mapped[str | None] = mapped_column(Text)
    created_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    cloud_high: Mapped[StoredObject | None] = relationship(foreign_keys=[cloud_high_id])
    cloud_low: Mapped[StoredObject | None] = relationship(foreign_keys=[cloud_low_id])
    index: Mapped[StoredObject | None] = relationship(foreign_keys=[index_id])

    @property
    def topic(self) -> str:
        """The name under which live pages follow this analysis."""
        return f"analysis:{self.public_id}"
