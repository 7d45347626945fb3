"""When a doctor is open, the bookings made in it, and the times held while somebody is about to book."""

from __future__ import annotations

import enum
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Patient, User
from app.consultations.eligibility_models import EligibilityRule
from app.extensions import Base
from app.infra.crypto import EncryptedJson, EncryptedText
from app.infra.database import Serial, UtcDateTime

_BOOKED = text("state = 'booked'")
_SPAN = "start_minute >= 0 AND start_minute < end_minute AND end_minute <= 1440"


class Visits:
    """How a span of a day is cut into visits: minutes after midnight in Asia/Seoul."""

    start_minute: Mapped[int]
    end_minute: Mapped[int]
    slot_minutes: Mapped[int] = mapped_column(default=15)
    buffer_minutes: Mapped[int] = mapped_column(default=0)
    """Free between one visit and the next."""
    capacity: Mapped[int] = mapped_column(default=1)
    """How many patients may have the same time."""
    price_won: Mapped[int] = mapped_column(default=0)
    """0 is shown as 무료."""


def _visits_checks() -> tuple[CheckConstraint, ...]:
    return (
        CheckConstraint(_SPAN, name="span"),
        CheckConstraint("slot_minutes BETWEEN 5 AND 120", name="slot"),
        CheckConstraint("buffer_minutes BETWEEN 0 AND 60", name="buffer"),
        CheckConstraint("capacity BETWEEN 1 AND 50", name="capacity"),
        CheckConstraint("price_won >= 0", name="price"),
    )


class Availability(Visits, Base):
    """A weekly pattern in Korean time; free times are computed from it, never stored."""

    __tablename__ = "availability"
    __table_args__ = (
        Index("ix_availability_doctor", "doctor_id", "weekday", "start_minute"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint(
            "valid_until IS NULL OR valid_from IS NULL OR valid_from <= valid_until", name="valid"
        ),
        *_visits_checks(),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    weekday: Mapped[int]
    """0 is Monday."""
    valid_from: Mapped[date | None] = mapped_column(Date)
    """The first day on which it holds; None: it always has."""
    valid_until: Mapped[date | None] = mapped_column(Date)
    """The last one; None: until further notice."""


class ExtraTime(Visits, Base):
    """A span of one day that is open besides the weekly patterns, and instead of them where they meet.

    It is open on a holiday too: the doctor chose this very day.
    """

    __tablename__ = "extra_time"
    __table_args__ = (Index("ix_extra_time_doctor_day", "doctor_id", "day"), *_visits_checks())

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    day: Mapped[date] = mapped_column(Date)


class TimeOff(Base):
    """From one moment to another the doctor is away, whatever the patterns say."""

    __tablename__ = "time_off"
    __table_args__ = (
        Index("ix_time_off_doctor_ends", "doctor_id", "ends_at"),
        CheckConstraint("starts_at < ends_at", name="span"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Hold(Base):
    """A time kept for one person for a few minutes, while they read and agree. Each person has one at most.

    Nobody has to take it back: whoever computes free times looks at `expires_at`.
    """

    __tablename__ = "booking_hold"
    __table_args__ = (Index("ix_booking_hold_doctor_starts", "doctor_id", "starts_at"),)

    held_by_id: Mapped[int] = mapped_column(ForeignKey("user.id", ondelete="CASCADE"), primary_key=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)

    doctor: Mapped[User] = relationship(foreign_keys=[doctor_id])


class BookingState(enum.StrEnum):
    """booked → cancelled, or missed (and back to booked, if the doctor was wrong), or stays."""

    BOOKED = "booked"
    CANCELLED = "cancelled"
    MISSED = "missed"


class BookingChannel(enum.StrEnum):
    """How a booking came in."""

    WEB = "web"
    TELEPHONE = "telephone"


class Booking(Base):
    """One place at one time with one doctor for one patient.

    Its times and its price are its own: they stay as booked, whatever the doctor changes.
    """

    __tablename__ = "booking"
    __table_args__ = (
        Index(
            "uq_booking_place",
            "doctor_id",
            "starts_at",
            "place",
            unique=True,
            sqlite_where=_BOOKED,
            postgresql_where=_BOOKED,
        ),
        Index(
            "uq_booking_patient_time",
            "patient_id",
            "starts_at",
            unique=True,
            sqlite_where=_BOOKED,
            postgresql_where=_BOOKED,
        ),
        Index("ix_booking_doctor_starts", "doctor_id", "starts_at"),
        CheckConstraint("starts_at < ends_at", name="span"),
        CheckConstraint("place >= 1", name="place"),
        CheckConstraint("(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled"),
        CheckConstraint("(state = 'missed') = (missed_at IS NOT NULL)", name="missed"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    booked_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    channel: Mapped[BookingChannel | None] = mapped_column(String(16), default=BookingChannel.WEB)
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    place: Mapped[int] = mapped_column(default=1)
    """1 … the capacity of the time."""
    price_won: Mapped[int]
    state: Mapped[BookingState] = mapped_column(String(16), default=BookingState.BOOKED)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    moves: Mapped[int] = mapped_column(default=0)
    """How often the patient has moved it."""
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    cancel_reason: Mapped[str | None] = mapped_column(EncryptedText("booking.cancel_reason"))
    """What the doctor says to the patient about it."""
    missed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the doctor noted that nobody came."""
    admitted_by_id: Mapped[int | None] = mapped_column(ForeignKey("eligibility_rule.id"), index=True)
    """The version of the rule by which this may be remote; None for what was booked before there were rules."""
    admission: Mapped[dict[str, Any] | None] = mapped_column(EncryptedJson("booking.admission"))
    """`eligibility.Admission.snapshot()`: the facts as they were on the day of booking."""

    doctor: Mapped[User] = relationship(foreign_keys=[doctor_id])
    patient: Mapped[Patient] = relationship()
    admitted_by: Mapped[EligibilityRule | None] = relationship()

    @property
    def topic(self) -> str:
        """The name under which live pages follow this booking."""
        return f"booking:{self.public_id}"
