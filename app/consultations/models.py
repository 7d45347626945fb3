"""A doctor's weekly availability and the bookings made in it."""

from __future__ import annotations

import enum
from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import Patient, User
from app.consultations.eligibility_models import EligibilityRule
from app.extensions import Base
from app.infra.crypto import EncryptedJson
from app.infra.database import Serial, UtcDateTime

_BOOKED = text("state = 'booked'")


class Availability(Base):
    """A weekly pattern in Korean time; free times are computed from it, never stored."""

    __tablename__ = "availability"
    __table_args__ = (
        UniqueConstraint("doctor_id", "weekday", "start_minute"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint(
            "start_minute >= 0 AND start_minute < end_minute AND end_minute <= 1440", name="span"
        ),
        CheckConstraint("slot_minutes BETWEEN 5 AND 120", name="slot"),
        CheckConstraint("price_won >= 0", name="price"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    weekday: Mapped[int]
    """0 is Monday."""
    start_minute: Mapped[int]
    """Minutes after midnight in Asia/Seoul."""
    end_minute: Mapped[int]
    slot_minutes: Mapped[int] = mapped_column(default=15)
    price_won: Mapped[int] = mapped_column(default=0)
    """0 is shown as 무료."""


class BookingState(enum.StrEnum):
    """booked → cancelled, or stays."""

    BOOKED = "booked"
    CANCELLED = "cancelled"


class Booking(Base):
    """One time with one doctor for one patient. Its times and its price are its own: they stay as booked."""

    __tablename__ = "booking"
    __table_args__ = (
        Index(
            "uq_booking_time",
            "doctor_id",
            "starts_at",
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
        CheckConstraint("(state = 'cancelled') = (cancelled_at IS NOT NULL)", name="cancelled"),
    )

    id: Mapped[int] = mapped_column(Serial, primary_key=True)
    public_id: Mapped[str] = mapped_column(String(24), unique=True)
    doctor_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    patient_id: Mapped[int] = mapped_column(ForeignKey("patient.id"), index=True)
    booked_by_id: Mapped[int] = mapped_column(ForeignKey("user.id"))
    case_id: Mapped[int | None] = mapped_column(ForeignKey("case.id"))
    starts_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ends_at: Mapped[datetime] = mapped_column(UtcDateTime)
    price_won: Mapped[int]
    state: Mapped[BookingState] = mapped_column(String(16), default=BookingState.BOOKED)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    cancelled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancelled_by_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
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
