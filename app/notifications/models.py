"""Notices to people, their deliveries by other channels, and by which channels a person wants them."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Patient, User
from app.extensions import Base
from app.infra.database import Serial, UtcDateTime

_DIRECT = text("user_id IS NULL")


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
    BOOKING_MOVED = "booking_moved"
    BOOKING_CANCELLED = "booking_cancelled"
    BOOKING_MISSED = "booking_missed"
    BOOKING_DAY_BEFORE = "booking_day_before"
    BOOKING_SOON = "booking_soon"
    PHOTOGRAPH_AGAIN = "photograph_again"
    IN_PERSON_DUE = "in_person_due"


class Notice(Base):
    """One thing one person should know. Carries ids, never health data.

    Patients who have no user of their own, only a number, are told by `patient_id`: outside of the portal alone.
    """

    __tablename__ = "notice"
    __table_args__ = (
        UniqueConstraint("user_id", "kind", "event_id"),
        Index(
            "uq_notice_direct",
            "patient_id",
            "kind",
            "event_id",
            unique=True,
            sqlite_where=_DIRECT,
            postgresql_where=_DIRECT,
        ),
        Index("ix_notice_user_unread", "user_id", "read_at"),
        CheckConstraint("(user_id IS NULL) <> (patient_id IS NULL)", name="to_someone"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"))
    kind: Mapped[NoticeKind] = mapped_column(String(32))
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    """Public ids of what it is about: `case`, `booking` or `lesion`, and `patient`."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    user: Mapped[User | None] = relationship(foreign_keys=[user_id])
    patient: Mapped[Patient | None] = relationship(foreign_keys=[patient_id])
    deliveries: Mapped[list[Delivery]] = relationship(back_populates="notice")


class Channel(enum.StrEnum):
    """How a notice reaches someone outside of the portal; what goes to a telephone may be an 알림톡 or an SMS."""

    SMS = "sms"
    EMAIL = "email"


class DeliveryState(enum.StrEnum):
    """waiting → sent, failed (may be sent again) or dropped (there is nothing to send, or nobody to send it to)."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    DROPPED = "dropped"


class DropReason(enum.StrEnum):
    """Why a delivery was dropped."""

    CLOSED = "closed"
    NO_ADDRESS = "no_address"
    TOO_LATE = "too_late"


class Form(enum.StrEnum):
    """What was handed over in the end."""

    ALIMTALK = "alimtalk"
    SMS = "sms"
    LMS = "lms"
    EMAIL = "email"


class Delivery(Base):
    """That a notice goes out by a channel: asked for, claimed by whoever sends it, sent. The record holds no text."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("notice_id", "channel"),
        Index("ix_delivery_state", "state", "id"),
        CheckConstraint("(state = 'sent') = (sent_at IS NOT NULL)", name="sent"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    notice_id: Mapped[int] = mapped_column(ForeignKey("notice.id"))
    channel: Mapped[Channel] = mapped_column(String(8))
    state: Mapped[DeliveryState] = mapped_column(String(8), default=DeliveryState.WAITING)
    claims: Mapped[int] = mapped_column(default=0)
    """How often someone set out to send it."""
    claimed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    given_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When it failed for the last time, or was dropped."""
    why: Mapped[DropReason | None] = mapped_column(String(16))
    form: Mapped[Form | None] = mapped_column(String(8))
    template: Mapped[str | None] = mapped_column(String(40))
    """The code of the template by which it was sent."""
    size: Mapped[int | None]
    """Bytes of the text in EUC-KR, for what goes to a telephone."""

    notice: Mapped[Notice] = relationship(back_populates="deliveries")


class Choice(enum.StrEnum):
    """By which channels a person wants to be told."""

    USUAL = "usual"
    SMS = "sms"
    EMAIL = "email"
    BOTH = "both"


class ChannelChoice(Base):
    """What a person has chosen; those who never chose are told in the usual way."""

    __tablename__ = "channel_choice"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    choice: Mapped[Choice] = mapped_column(String(8))
    chosen_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ReminderKind(enum.StrEnum):
    """What is reminded of."""

    BOOKING_DAY_BEFORE = "booking_day_before"
    BOOKING_SOON = "booking_soon"
    PHOTOGRAPH_AGAIN = "photograph_again"
    IN_PERSON_DUE = "in_person_due"


class ReminderState(enum.StrEnum):
    """waiting → sent, cancelled (and waiting again if it is wanted after all) or missed (it came too late)."""

    WAITING = "waiting"
    SENT = "sent"
    CANCELLED = "cancelled"
    MISSED = "missed"


class Reminder(Base):
    """That somebody is to be reminded of something at a moment."""

    __tablename__ = "reminder"
    __table_args__ = (
        UniqueConstraint("kind", "topic", "due_at"),
        Index("ix_reminder_due", "state", "due_at"),
        Index("ix_reminder_topic", "topic"),
        CheckConstraint("(state = 'waiting') = (settled_at IS NULL)", name="settled"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    kind: Mapped[ReminderKind] = mapped_column(String(24))
    topic: Mapped[str] = mapped_column(String(96))
    """What it is about, as in events: ``booking:…``, ``lesion:…``, ``case:…``."""
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    useful_until: Mapped[datetime] = mapped_column(UtcDateTime)
    """From then on it helps nobody any more."""
    state: Mapped[ReminderState] = mapped_column(String(16), default=ReminderState.WAITING)
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When it was last asked for."""
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
