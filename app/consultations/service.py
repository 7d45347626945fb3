"""Booking a consultation: what is free, booking it once, cancelling it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts.consents import missing_consents
from app.accounts.errors import ConsentMissing
from app.accounts.models import ConsentKind, Patient, User
from app.audit import service as audit
from app.consultations import times
from app.consultations.agenda import agenda, past_for, upcoming_for
from app.consultations.availability import NotADoctor, lock_doctor
from app.consultations.errors import (
    NoSuchBooking,
    PatientBusy,
    PriceChanged,
    TimeGone,
    TimeTaken,
    TimeUnavailable,
    TooLateToCancel,
)
from app.consultations.free import (
    BookableDoctor,
    bookable_doctors,
    booked,
    free_times,
    next_free_times,
    offer,
    slot_at,
)
from app.consultations.models import Booking, BookingState
from app.consultations.times import FreeTime
from app.extensions import db
from app.infra import clock, events
from app.infra.database import fresh, random_id, transaction
from app.infra.events import Event

__all__ = [
    "BookableDoctor",
    "NoSuchBooking",
    "PatientBusy",
    "PriceChanged",
    "TimeGone",
    "TimeTaken",
    "TimeUnavailable",
    "TooLateToCancel",
    "agenda",
    "book",
    "bookable_doctors",
    "cancel",
    "follow_withdrawal",
    "free_times",
    "next_free_times",
    "offer",
    "past_for",
    "upcoming_for",
]


NEEDED = (ConsentKind.TELEMEDICINE,)
"""What must have been agreed to before a consultation is booked."""


class _Refused(Exception):
    """Inside the transaction: why not. The next free times are looked up after it has ended."""


class _Taken(_Refused):
    pass


class _Gone(_Refused):
    pass


def book(
    *,
    patient_id: int,
    doctor_id: int,
    starts_at: datetime,
    price_won: int,
    booked_by_id: int,
    case_id: int | None = None,
) -> Booking:
    """Book a time for a patient at the price they were shown. The same booking sent again is one booking.

    That the case is the patient's, and that `booked_by_id` may act for the patient, is the caller's to
    check. Raises `TimeTaken`, `TimeGone`, `PriceChanged`, `PatientBusy`, `NoSuchBooking`, and
    `accounts.errors.ConsentMissing` without the consent to telemedicine.
    """
    try:
        with transaction():
            return _book(patient_id, doctor_id, starts_at, price_won, booked_by_id, case_id)
    except (_Gone, NotADoctor) as error:
        raise TimeGone(next_free_times(doctor_id)) from error
    except _Taken as error:
        raise TimeTaken(next_free_times(doctor_id)) from error
    except IntegrityError as error:
        # The locks let nobody come this far; the unique index is what holds if one is ever forgotten.
        if _already(doctor_id, starts_at) is None:
            raise
        raise TimeTaken(next_free_times(doctor_id)) from error


def _already(doctor_id: int, starts_at: datetime) -> Booking | None:
    return db.session.scalar(
        select(Booking).where(
            Booking.doctor_id == doctor_id,
            Booking.starts_at == starts_at,
            Booking.state == BookingState.BOOKED,
        )
    )


def _book(
    patient_id: int,
    doctor_id: int,
    starts_at: datetime,
    price_won: int,
    booked_by_id: int,
    case_id: int | None,
) -> Booking:
    # Always the patient first, then the doctor, so that nobody waits in a circle.
    patient, booker = fresh(Patient, patient_id), db.session.get(User, booked_by_id)
    if patient is None or booker is None or patient.erased_at is not None:
        raise NoSuchBooking
    lacking = missing_consents(booker, patient, NEEDED)
    if lacking:
        raise ConsentMissing(lacking)
    lock_doctor(doctor_id)
    standing = _already(doctor_id, starts_at)
    if standing is not None and standing.patient_id == patient_id:
        return standing
    slot = slot_at(doctor_id, starts_at)
    if slot is None:
        raise _Taken if standing is not None else _Gone
    if times.overlaps(slot, booked([doctor_id], slot.starts_at, slot.ends_at)):
        raise _Taken
    if slot.price_won != price_won:
        raise PriceChanged(slot.price_won)
    _refuse_if_busy(patient_id, slot)
    booking = Booking(
        public_id=random_id(),
        doctor_id=doctor_id,
        patient_id=patient_id,
        booked_by_id=booked_by_id,
        case_id=case_id,
        starts_at=slot.starts_at,
        ends_at=slot.ends_at,
        price_won=slot.price_won,
        state=BookingState.BOOKED,
        created_at=clock.now(),
    )
    db.session.add(booking)
    db.session.flush()
    audit.record("booking.made", booking.topic, patient_id=patient_id)
    events.publish("booking.made", booking.topic, booking_id=booking.id)
    return booking


def _refuse_if_busy(patient_id: int, slot: FreeTime) -> None:
    other = db.session.scalar(
        select(Booking).where(
            Booking.patient_id == patient_id,
            Booking.state == BookingState.BOOKED,
            Booking.starts_at < slot.ends_at,
            Booking.ends_at > slot.starts_at,
        )
    )
    if other is not None:
        raise PatientBusy(other)


def cancel(booking_id: int, by_id: int) -> Booking:
    """Give the time back, until it begins. Cancelling what is cancelled changes nothing.

    That `by_id` may do so is the caller's to check (`policy.visible_bookings`). Raises
    `TooLateToCancel` and `NoSuchBooking`.
    """
    with transaction():
        booking = fresh(Booking, booking_id)
        if booking is None:
            raise NoSuchBooking
        if booking.state == BookingState.CANCELLED:
            return booking
        if booking.starts_at <= clock.now():
            raise TooLateToCancel
        booking.state, booking.cancelled_at, booking.cancelled_by_id = (
            BookingState.CANCELLED,
            clock.now(),
            by_id,
        )
        by = "doctor" if by_id == booking.doctor_id else "patient"
        audit.record("booking.cancelled", booking.topic, patient_id=booking.patient_id)
        events.publish("booking.cancelled", booking.topic, booking_id=booking.id, by=by)
    return booking


def follow_withdrawal(event_id: int) -> None:
    """Cancel what a patient has booked and taken back the consent for, in the transaction in progress (an effect).

    What has begun meanwhile stays; what was booked after the withdrawal rests on a new consent.
    """
    event = db.session.get(Event, event_id)
    if event is None or event.payload["consent"] not in NEEDED:
        return
    query = select(Booking.id).where(
        Booking.patient_id == event.payload["patient_id"],
        Booking.state == BookingState.BOOKED,
        Booking.starts_at > clock.now(),
        Booking.created_at <= event.at,
    )
    for booking_id in db.session.scalars(query.order_by(Booking.id)).all():
        cancel(booking_id, event.payload["user_id"])
