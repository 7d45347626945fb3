"""Reading bookings: what lies ahead for patients, and a doctor's days."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload

from app.accounts.models import Patient, User
from app.audit import service as audit
from app.consultations import times
from app.consultations.models import Booking, BookingState
from app.consultations.policy import visible_bookings
from app.extensions import db
from app.infra import clock

PAST_SHOWN = 20


def _loaded(query: Select[Booking]) -> Select[Booking]:
    return query.options(joinedload(Booking.doctor).joinedload(User.doctor), joinedload(Booking.patient))


def _of(patient_ids: Collection[int], seen_by: User | None) -> Select[Booking]:
    query = select(Booking) if seen_by is None else visible_bookings(seen_by)
    return _loaded(query).where(Booking.patient_id.in_(list(patient_ids)))


def upcoming_for(patient_ids: Collection[int], seen_by: User | None = None) -> list[Booking]:
    """Return the bookings of these patients that stand and are not over, the next one first.

    seen_by: only what this user may see of them.
    """
    query = _of(patient_ids, seen_by).where(
        Booking.state == BookingState.BOOKED,
        Booking.ends_at > clock.now(),
    )
    return list(db.session.scalars(query.order_by(Booking.starts_at, Booking.id)))


def past_for(patient_ids: Collection[int], seen_by: User | None = None) -> list[Booking]:
    """Return their bookings that are over, were cancelled or missed, the latest first; as `upcoming_for`."""
    over = (Booking.ends_at <= clock.now()) | (Booking.state != BookingState.BOOKED)
    query = _of(patient_ids, seen_by).where(over)
    return list(db.session.scalars(query.order_by(Booking.starts_at.desc(), Booking.id).limit(PAST_SHOWN)))


def shown(bookings: Iterable[Booking], to: User) -> list[Booking]:
    """Record that a page shows these bookings of others to somebody, and return them; one's own need no entry."""
    found = list(bookings)
    _record(one for one in found if one.patient.user_id != to.id)
    return found


def _record(bookings: Iterable[Booking]) -> None:
    audit.record_listed("booking.listed", [(one.topic, one.patient_id) for one in bookings])


def agenda(doctor_id: int, first: date, days: int) -> dict[date, list[Booking]]:
    """Return a doctor's bookings that were not cancelled, by day in Korea, for `days` days from `first` on.

    That they were seen is recorded.
    """
    query = _loaded(select(Booking)).where(
        Booking.doctor_id == doctor_id,
        Booking.state != BookingState.CANCELLED,
        Booking.starts_at >= times.moment(first, 0),
        Booking.starts_at < times.moment(first + timedelta(days=days), 0),
        Booking.patient.has(Patient.erased_at.is_(None)),
    )
    found: dict[date, list[Booking]] = {}
    bookings = list(db.session.scalars(query.order_by(Booking.starts_at, Booking.id)))
    _record(bookings)
    for booking in bookings:
        found.setdefault(booking.starts_at.astimezone(clock.KST).date(), []).append(booking)
    return found
