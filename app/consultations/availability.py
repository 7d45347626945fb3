"""When a doctor can be booked: weekly patterns. Changing them never touches a booking already made."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.accounts.models import DoctorProfile
from app.audit import service as audit
from app.consultations import times
from app.consultations.free import openings
from app.consultations.models import Availability, Booking, BookingState, ExtraTime
from app.consultations.rules import rules
from app.extensions import db
from app.infra import clock
from app.infra.database import fresh, transaction

DAY_MINUTES = 24 * 60


class PatternRefused(Exception):
    """Times that cannot be offered; `reason` is one of the keys in `REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


REASONS = ("weekday", "span", "slot", "buffer", "capacity", "price", "valid", "day", "past", "overlap")


class NoSuchPattern(Exception):
    """The pattern is not there, or is another doctor's."""


class NotADoctor(Exception):
    """Only someone with a doctor's profile can be booked."""


def patterns_of(doctor_id: int) -> list[Availability]:
    """Return a doctor's weekly patterns that hold or will, by weekday and time."""
    today = clock.today_in_korea().date()
    query = select(Availability).where(
        Availability.doctor_id == doctor_id,
        Availability.valid_until.is_(None) | (Availability.valid_until >= today),
    )
    return list(
        db.session.scalars(query.order_by(Availability.weekday, Availability.start_minute, Availability.id))
    )


def lock_doctor(doctor_id: int) -> DoctorProfile:
    """Make everyone who books or changes this doctor's times take turns, until the transaction ends."""
    profile = fresh(DoctorProfile, doctor_id)
    if profile is None:
        raise NotADoctor
    return profile


def add_pattern(
    doctor_id: int,
    *,
    weekday: int,
    start_minute: int,
    end_minute: int,
    slot_minutes: int,
    price_won: int,
    buffer_minutes: int = 0,
    capacity: int = 1,
    valid_from: date | None = None,
    valid_until: date | None = None,
) -> Availability:
    """Offer a span of every week: `weekday` 0 (Monday) to 6, minutes after midnight in Korea.

    Raises `PatternRefused` if the numbers make no pattern or it overlaps another one of the doctor's.
    """
    pattern = Availability(
        doctor_id=doctor_id,
        weekday=weekday,
        start_minute=start_minute,
        end_minute=end_minute,
        slot_minutes=slot_minutes,
        buffer_minutes=buffer_minutes,
        capacity=capacity,
        price_won=price_won,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    if not 0 <= weekday <= 6:
        raise PatternRefused("weekday")
    check_visits(pattern)
    _check_validity(pattern)
    with transaction() as session:
        lock_doctor(doctor_id)
        if any(_meet(pattern, other) for other in patterns_of(doctor_id)):
            raise PatternRefused("overlap")
        session.add(pattern)
        session.flush()
        audit.record("availability.added", f"availability:{pattern.id}")
    return pattern


def check_visits(span: Availability | ExtraTime) -> None:
    """Refuse a span of a day that cannot be cut into visits."""
    if not 0 <= span.start_minute < span.end_minute <= DAY_MINUTES:
        raise PatternRefused("span")
    if span.slot_minutes not in rules().slot_choices:
        raise PatternRefused("slot")
    if span.end_minute - span.start_minute < span.slot_minutes:
        raise PatternRefused("span")
    if span.buffer_minutes not in rules().buffer_choices:
        raise PatternRefused("buffer")
    if not 1 <= span.capacity <= rules().capacity_limit:
        raise PatternRefused("capacity")
    if not 0 <= span.price_won <= rules().price_limit_won:
        raise PatternRefused("price")


def _check_validity(pattern: Availability) -> None:
    first = pattern.valid_from or clock.today_in_korea().date()
    if pattern.valid_until is not None and pattern.valid_until < max(first, clock.today_in_korea().date()):
        raise PatternRefused("valid")


def _meet(one: Availability, other: Availability) -> bool:
    """Whether two patterns of a doctor ever offer the same minute."""
    apart = other.end_minute <= one.start_minute or one.end_minute <= other.start_minute
    after = one.valid_until is not None and one.valid_until < (other.valid_from or date.min)
    before = other.valid_until is not None and other.valid_until < (one.valid_from or date.min)
    return one.weekday == other.weekday and not (apart or after or before)


def remove_pattern(doctor_id: int, pattern_id: int) -> int:
    """Stop offering a span; return how many bookings still to come stay as they are.

    Raises `NoSuchPattern` for one that is not there or is not this doctor's.
    """
    with transaction() as session:
        lock_doctor(doctor_id)
        pattern = fresh(Availability, pattern_id)
        if pattern is None or pattern.doctor_id != doctor_id:
            raise NoSuchPattern
        session.delete(pattern)
        audit.record("availability.removed", f"availability:{pattern_id}")
        return bookings_to_come(doctor_id)


def bookings_to_come(doctor_id: int) -> int:
    """Return how many bookings a doctor still has ahead."""
    return len(_to_come(doctor_id))


def _to_come(doctor_id: int, until: datetime | None = None) -> list[Booking]:
    query = (
        select(Booking)
        .where(
            Booking.doctor_id == doctor_id,
            Booking.state == BookingState.BOOKED,
            Booking.starts_at > clock.now(),
        )
        .options(joinedload(Booking.patient))
    )
    if until is not None:
        query = query.where(Booking.starts_at < until)
    return list(db.session.scalars(query.order_by(Booking.starts_at, Booking.place)))


def outside(doctor_id: int) -> list[Booking]:
    """Return the bookings to come that stand at times which the doctor does not offer any more, in order."""
    booked = _to_come(doctor_id)
    if not booked:
        return []
    start, until = booked[0].starts_at, booked[-1].starts_at + timedelta(minutes=1)
    found = times.offered(openings([doctor_id], start, until), start, until)
    offered = {(slot.starts_at, slot.ends_at) for slot in found}
    return [
        one for one in booked if one.patient.erased_at is None and (one.starts_at, one.ends_at) not in offered
    ]
