"""Notices to people, and their deliveries by other channels."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.extensions import Base
from app.infra.database import Serial, UtcDateTime


class NoticeKind(enum.StrEnum):
    """What a notice is about; its words are made when it is shown, in the reader's language."""

    CASE_RECEIVED = "case_received"
    CASE_URGENT = "case_urgent"
    CASE_OVERDUE = "case_overdue"
    FINDING_SIGNED = "finding_signed"
    FINDING_AMENDED = "finding_amended"
    QUESTION_ASKED = "question_asked"
    QUESTION_ANSWERED = "question_answered"
    BOOKING_MADE = "booking_made"
    BOOKING_CANCELLED = "booking_cancelled"


class Notice(Base):
    """One thing one user should know. Carries ids, never health data."""

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("user_id", "kind", "event_id"),
        Index("ix_notice_user_unread", "user_id", "read_at"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    kind: Mapped[NoticeKind] = mapped_column(String(32))
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Public ids of what it is about: `case` or `booking`."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    user: Mapped[User] = relationship(foreign_keys=[user_id])
    deliveries: Mapped[list[Delivery]] = relationship(back_populates="notice")


class Channel(enum.StrEnum):
    """How a notice reaches someone outside of the portal."""

    SMS = "sms"
    EMAIL = "email"


class Delivery(Base):
    """That a notice goes out by a channel: asked for, claimed by whoever sends it, sent."""

    __tablename__ = "delivery"
    __table_args__ = (UniqueConstraint("notice_id", "channel"),)

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"))
    channel: Mapped[Channel] = mapped_column(String(8))
    claims: Mapped[int] = mapped_column(default=0)
    """How often someone set out to send it."""
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    notice: Mapped[Notice] = relationship(back_populates="deliveries")
