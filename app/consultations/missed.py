"""Who did not come: the doctor notes it and may take it back; after a few times one books by telephone."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from app.audit import service as audit
from app.consultations.errors import CannotMark, NoSuchBooking
from app.consultations.models import Booking, BookingState
from app.consultations.rules import rules
from app.extensions import db
from app.infra import clock, events
from app.infra.database import fresh, transaction


def can_mark(booking: Booking) -> bool:
    """Whether the doctor can note, or take back, that nobody came: after the start, for some days."""
    since = clock.now() - booking.starts_at
    return booking.state != BookingState.CANCELLED and timedelta(0) <= since <= timedelta(
        days=rules().missed_mark_days
    )


def mark_missed(booking_id: int) -> Booking:
    """Note that the patient did not come. Noting it twice changes nothing.

    That the booking is the doctor's is the caller's to check. Raises `CannotMark` and `NoSuchBooking`.
    """
    with transaction():
        booking = _markable(booking_id)
        if booking.state == BookingState.BOOKED:
            booking.state, booking.missed_at = BookingState.MISSED, clock.now()
            audit.record("booking.missed", booking.topic, patient_id=booking.patient_id)
            events.publish("booking.missed", booking.topic, booking_id=booking.id)
    return booking


def unmark_missed(booking_id: int) -> Booking:
    """Take back that the patient did not come; raises as `mark_missed`."""
    with transaction():
        booking = _markable(booking_id)
        if booking.state == BookingState.MISSED:
            booking.state, booking.missed_at = BookingState.BOOKED, None
            audit.record("booking.missed_taken_back", booking.topic, patient_id=booking.patient_id)
            events.publish("booking.missed_taken_back", booking.topic, booking_id=booking.id)
    return booking


def _markable(booking_id: int) -> Booking:
    booking = fresh(Booking, booking_id)
    if booking is None:
        raise NoSuchBooking
    if not can_mark(booking):
        raise CannotMark
    return booking


def missed_by(patient_id: int) -> list[Booking]:
    """Return the visits of the last days (rules.toml) to which the patient did not come, the latest first."""
    since = clock.now() - timedelta(days=rules().missed_days)
    query = select(Booking).where(
        Booking.patient_id == patient_id, Booking.state == BookingState.MISSED, Booking.starts_at > since
    )
    return list(db.session.scalars(query.order_by(Booking.starts_at.desc())))


def telephone_until(patient_id: int) -> datetime | None:
    """Return until when a patient can book by telephone only, None if they can book themself."""
    found = missed_by(patient_id)
    if len(found) < rules().missed_limit:
        return None
    # One is too many until so many are left that they are fewer than the limit.
    return found[rules().missed_limit - 1].starts_at + timedelta(days=rules().missed_days)
