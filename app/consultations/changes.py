"""What becomes of a booking: the patient moves it, somebody cancels it, a consent is taken back."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select

from app.accounts.consents import outgrown_by
from app.accounts.models import ConsentKind, Patient, User
from app.audit import service as audit
from app.consultations.availability import lock_doctor
from app.consultations.eligibility_admit import admit_to
from app.consultations.errors import CannotMove, NoSuchBooking, TooLateToCancel
from app.consultations.models import Booking, BookingState
from app.consultations.places import (
    free_place,
    free_slot,
    refuse_if_busy,
    taking,
)
from app.consultations.rules import rules
from app.extensions import db
from app.infra import clock, events
from app.infra.database import fresh, transaction
from app.infra.events import Event
from app.permissions import Role

REASON_LIMIT = 500
NEEDED = (ConsentKind.HEALTH_DATA, ConsentKind.TELEMEDICINE)
"""What must have been agreed to before a consultation is booked, and stay so."""


def why_not_moved(booking: Booking, by: User) -> str | None:
    """Return why `by`, who sees the booking, cannot move it now, None if they can.

    "of_age" (the child has turned 14: to move is to choose a new time, and no guardian's any more), "over", "late" or
    "often".
    """
    if by.role == Role.PATIENT and outgrown_by(by, booking.patient):
        return "of_age"
    ahead = booking.starts_at - clock.now()
    if booking.state != BookingState.BOOKED or ahead <= timedelta(0):
        return "over"
    if ahead < timedelta(minutes=rules().move_minutes):
        return "late"
    return "often" if booking.moves >= rules().move_limit else None


def can_cancel(booking: Booking) -> bool:
    """Whether the patient can still cancel a booking."""
    ahead = booking.starts_at - clock.now()
    return booking.state == BookingState.BOOKED and ahead >= timedelta(minutes=rules().cancel_minutes)


def move(booking_id: int, starts_at: datetime, price_won: int, by_id: int) -> Booking:
    """Move a booking to another free time of the same doctor, at the price that was shown; all or nothing.

    Moving it to where it is changes nothing; by which rule it may be remote is asked anew. That `by_id` may do
    so is the caller's to check. Raises `CannotMove`, `NotEligible`, `TimeTaken`, `TimeGone`, `PriceChanged`,
    `PatientBusy` and `NoSuchBooking`; the booking then stands as it was.
    """
    known = db.session.get(Booking, booking_id)
    if known is None:
        raise NoSuchBooking
    patient_id, doctor_id = known.patient_id, known.doctor_id
    with taking(doctor_id, starts_at):
        return _move(booking_id, patient_id, doctor_id, starts_at, price_won, by_id)


def _move(
    booking_id: int, patient_id: int, doctor_id: int, starts_at: datetime, price_won: int, by_id: int
) -> Booking:
    # The order of all who book: the patient, the doctor, and the booking last.
    patient, by = fresh(Patient, patient_id), db.session.get(User, by_id)
    lock_doctor(doctor_id)
    booking = fresh(Booking, booking_id)
    if booking is None or patient is None or by is None:
        raise NoSuchBooking
    if booking.state == BookingState.BOOKED and booking.starts_at == starts_at:
        return booking
    reason = why_not_moved(booking, by)
    if reason is not None:
        raise CannotMove(reason)
    slot = free_slot(doctor_id, starts_at, price_won, for_id=by_id, but_for=booking.id)
    admission = admit_to(patient, doctor_id, booking.case_id, starts_at)
    refuse_if_busy(patient_id, slot, but_for=booking.id)
    left, place = booking.starts_at, free_place(doctor_id, slot.starts_at)
    booking.starts_at, booking.ends_at, booking.place = slot.starts_at, slot.ends_at, place
    booking.price_won, booking.moves = slot.price_won, booking.moves + 1
    booking.admitted_by, booking.admission = admission.rule, admission.snapshot()
    db.session.flush()
    audit.record("booking.moved", booking.topic, patient_id=patient_id)
    told = {"booking_id": booking.id, "from": left.isoformat(), "by": _side(booking, by_id)}
    events.publish("booking.moved", booking.topic, **told)
    return booking


def _side(booking: Booking, by_id: int) -> str:
    """Return on whose side a user acts: "doctor", "operator" or "patient"."""
    if by_id == booking.doctor_id:
        return "doctor"
    user = db.session.get(User, by_id)
    return "operator" if user is not None and user.role == Role.OPERATOR else "patient"


def cancel(booking_id: int, by_id: int, reason: str | None = None, *, late: bool = False) -> Booking:
    """Give the time back. Cancelling what is cancelled changes nothing.

    A patient can do so until some minutes before it begins (rules.toml), doctors and operators until it
    begins, and so can whoever withdraws the consent (`late`). reason: what the doctor tells the patient.
    That `by_id` may do so is the caller's to check (`policy.visible_bookings`). Raises `TooLateToCancel`
    and `NoSuchBooking`.
    """
    with transaction():
        booking = fresh(Booking, booking_id)
        if booking is None:
            raise NoSuchBooking
        if booking.state == BookingState.CANCELLED:
            return booking
        side = _side(booking, by_id)
        begun = booking.starts_at <= clock.now() or booking.state != BookingState.BOOKED
        if begun or not (late or side != "patient" or can_cancel(booking)):
            raise TooLateToCancel
        booking.state, booking.cancelled_at = BookingState.CANCELLED, clock.now()
        booking.cancelled_by_id = by_id
        booking.cancel_reason = (reason or "").strip()[:REASON_LIMIT] or None
        audit.record("booking.cancelled", booking.topic, patient_id=booking.patient_id)
        events.publish("booking.cancelled", booking.topic, booking_id=booking.id, by=side)
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
        cancel(booking_id, event.payload["user_id"], late=True)
