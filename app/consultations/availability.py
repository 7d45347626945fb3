"""When a doctor can be booked: weekly patterns. Changing them never touches a booking already made."""

from __future__ import annotations

from sqlalchemy import func, select

from app.accounts.models import DoctorProfile
from app.audit import service as audit
from app.consultations.models import Availability, Booking, BookingState
from app.consultations.rules import rules
from app.extensions import db
from app.infra import clock
from app.infra.database import fresh, transaction

DAY_MINUTES = 24 * 60


class PatternRefused(Exception):
    """A pattern that cannot be; `reason` is one of the keys in `REASONS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


REASONS = ("weekday", "span", "slot", "price", "overlap")


class NoSuchPattern(Exception):
    """The pattern is not there, or is another doctor's."""


class NotADoctor(Exception):
    """Only someone with a doctor's profile can be booked."""


def patterns_of(doctor_id: int) -> list[Availability]:
    """Return a doctor's weekly patterns, by weekday and time."""
    query = select(Availability).where(Availability.doctor_id == doctor_id)
    return list(db.session.scalars(query.order_by(Availability.weekday, Availability.start_minute)))


def lock_doctor(doctor_id: int) -> DoctorProfile:
    """Make everyone who books or changes this doctor's times take turns, until the transaction ends."""
    profile = fresh(DoctorProfile, doctor_id)
    if profile is None:
        raise NotADoctor
    return profile


def add_pattern(
    doctor_id: int, *, weekday: int, start_minute: int, end_minute: int, slot_minutes: int, price_won: int
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
        price_won=price_won,
    )
    _check(pattern)
    with transaction() as session:
        lock_doctor(doctor_id)
        for other in patterns_of(doctor_id):
            apart = other.end_minute <= start_minute or end_minute <= other.start_minute
            if other.weekday == weekday and not apart:
                raise PatternRefused("overlap")
        session.add(pattern)
        session.flush()
        audit.record("availability.added", f"availability:{pattern.id}")
    return pattern


def _check(pattern: Availability) -> None:
    if not 0 <= pattern.weekday <= 6:
        raise PatternRefused("weekday")
    if not 0 <= pattern.start_minute < pattern.end_minute <= DAY_MINUTES:
        raise PatternRefused("span")
    if pattern.slot_minutes not in rules().slot_choices:
        raise PatternRefused("slot")
    if pattern.end_minute - pattern.start_minute < pattern.slot_minutes:
        raise PatternRefused("span")
    if not 0 <= pattern.price_won <= rules().price_limit_won:
        raise PatternRefused("price")


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
    query = select(func.count(Booking.id)).where(
        Booking.doctor_id == doctor_id, Booking.state == BookingState.BOOKED, Booking.starts_at > clock.now()
    )
    return db.session.scalar(query) or 0
