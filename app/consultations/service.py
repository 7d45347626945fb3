"""Booking a consultation: what is free, booking it once, cancelling it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import joinedload

from app.accounts.models import DoctorProfile, Patient, User
from app.audit import service as audit
from app.consultations import times
from app.consultations.agenda import agenda, past_for, upcoming_for
from app.consultations.availability import NotADoctor, lock_doctor, patterns_of
from app.consultations.models import Availability, Booking, BookingState
from app.consultations.rules import rules
from app.consultations.times import FreeTime
from app.extensions import db
from app.infra import clock, events
from app.infra.database import fresh, random_id, transaction

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
    "free_times",
    "next_free_times",
    "offer",
    "past_for",
    "upcoming_for",
]


class TimeUnavailable(Exception):
    """The time cannot be booked; `instead` holds the next free times, the same doctor's first."""

    def __init__(self, instead: list[FreeTime]) -> None:
        super().__init__("unavailable")
        self.instead = instead


class TimeTaken(TimeUnavailable):
    """Someone else has booked it."""


class TimeGone(TimeUnavailable):
    """It is not offered (any more), or begins too soon."""


class PriceChanged(Exception):
    """The price is another one than the one that was shown; `price_won` is what holds now."""

    def __init__(self, price_won: int) -> None:
        super().__init__("price changed")
        self.price_won = price_won


class PatientBusy(Exception):
    """The patient has another booking at that moment."""

    def __init__(self, booking: Booking) -> None:
        super().__init__("patient busy")
        self.booking = booking


class NoSuchBooking(Exception):
    """There is no such booking, or no such patient."""


class TooLateToCancel(Exception):
    """The consultation has begun."""


@dataclass(frozen=True)
class BookableDoctor:
    """A doctor who offers times: what patients may know, and the next free time (None: all taken)."""

    user: User
    profile: DoctorProfile
    next_free: FreeTime | None


def free_times(
    doctor_ids: int | Collection[int], start: datetime | None = None, days: int | None = None
) -> list[FreeTime]:
    """Return the free times of one or more doctors, in order.

    From `start` (default: now) to the end of the `days`-th day in Korea, never sooner than the lead
    time nor later than the horizon of rules.toml.
    """
    wanted = [doctor_ids] if isinstance(doctor_ids, int) else list(doctor_ids)
    rule, present = rules(), clock.now()
    earliest = max(start or present, present + timedelta(minutes=rule.lead_minutes))
    first_day = (start or present).astimezone(clock.KST).date()
    until = times.moment(first_day + timedelta(days=days or rule.shown_days), 0)
    until = min(until, present + timedelta(days=rule.horizon_days))
    patterns = db.session.scalars(select(Availability).where(Availability.doctor_id.in_(wanted)))
    return times.without_booked(times.offered(patterns, earliest, until), _booked(wanted, earliest, until))


def _booked(doctor_ids: Sequence[int], start: datetime, until: datetime) -> list[Booking]:
    query = select(Booking).where(
        Booking.doctor_id.in_(doctor_ids),
        Booking.state == BookingState.BOOKED,
        Booking.starts_at < until + timedelta(hours=3),
        Booking.ends_at > start,
    )
    return list(db.session.scalars(query))


def next_free_times(doctor_id: int | None = None, limit: int | None = None) -> list[FreeTime]:
    """Return the next free times of a doctor, followed by those of the others; `limit` in all."""
    wanted = limit or rules().offered_instead
    everyone = [d.user_id for d in _profiles()]
    found = free_times(everyone, days=rules().horizon_days)
    own = [slot for slot in found if slot.doctor_id == doctor_id]
    others = [slot for slot in found if slot.doctor_id != doctor_id]
    return (own + others)[:wanted]


def _profiles() -> list[DoctorProfile]:
    offering = select(Availability.doctor_id).distinct()
    query = (
        select(DoctorProfile)
        .join(DoctorProfile.user)
        .where(User.active, DoctorProfile.user_id.in_(offering))
        .options(joinedload(DoctorProfile.user))
        .order_by(DoctorProfile.user_id)
    )
    return list(db.session.scalars(query))


def bookable_doctors(first: int | None = None) -> list[BookableDoctor]:
    """Return the doctors who offer times: `first` (a user id) first, then by their next free time."""
    profiles = _profiles()
    earliest: dict[int, FreeTime] = {}
    for slot in free_times([p.user_id for p in profiles], days=rules().horizon_days):
        earliest.setdefault(slot.doctor_id, slot)
    found = [BookableDoctor(p.user, p, earliest.get(p.user_id)) for p in profiles]
    end = clock.now() + timedelta(days=rules().horizon_days + 1)
    return sorted(found, key=lambda d: (d.user.id != first, d.next_free.starts_at if d.next_free else end))


def offer(doctor_id: int, starts_at: datetime) -> FreeTime:
    """Return the free time of a doctor that begins at `starts_at`; raise `TimeTaken` or `TimeGone`."""
    slot = _slot(doctor_id, starts_at)
    if slot is None:
        raise TimeGone(next_free_times(doctor_id))
    if times.overlaps(slot, _booked([doctor_id], slot.starts_at, slot.ends_at)):
        raise TimeTaken(next_free_times(doctor_id))
    return slot


def _slot(doctor_id: int, starts_at: datetime) -> FreeTime | None:
    present = clock.now()
    if (
        not present + timedelta(minutes=rules().lead_minutes)
        <= starts_at
        < present + timedelta(days=rules().horizon_days)
    ):
        return None
    found = times.offered(patterns_of(doctor_id), starts_at, starts_at + timedelta(microseconds=1))
    active = db.session.scalar(select(User.active).where(User.id == doctor_id))
    return found[0] if found and active else None


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
    check. Raises `TimeTaken`, `TimeGone`, `PriceChanged`, `PatientBusy`, `NoSuchBooking`.
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
    if fresh(Patient, patient_id) is None:
        raise NoSuchBooking
    lock_doctor(doctor_id)
    standing = _already(doctor_id, starts_at)
    if standing is not None and standing.patient_id == patient_id:
        return standing
    slot = _slot(doctor_id, starts_at)
    if slot is None:
        raise _Taken if standing is not None else _Gone
    if times.overlaps(slot, _booked([doctor_id], slot.starts_at, slot.ends_at)):
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
