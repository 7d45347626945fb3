"""What differs from the weekly times: days and hours off, spans that are open on one day only, holidays."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from app.audit import service as audit
from app.consultations.availability import (
    NoSuchPattern,
    PatternRefused,
    check_visits,
    lock_doctor,
)
from app.consultations.models import Booking, BookingState, ExtraTime, TimeOff
from app.consultations.rules import rules
from app.extensions import db
from app.infra import clock
from app.infra.database import fresh, transaction


def time_off_of(doctor_id: int) -> list[TimeOff]:
    """Return when a doctor is or will be away, the next first."""
    query = select(TimeOff).where(TimeOff.doctor_id == doctor_id, TimeOff.ends_at > clock.now())
    return list(db.session.scalars(query.order_by(TimeOff.starts_at, TimeOff.id)))


def extra_times_of(doctor_id: int) -> list[ExtraTime]:
    """Return the spans of single days that are still to come, today's with them."""
    today = clock.today_in_korea().date()
    query = select(ExtraTime).where(ExtraTime.doctor_id == doctor_id, ExtraTime.day >= today)
    return list(db.session.scalars(query.order_by(ExtraTime.day, ExtraTime.start_minute)))


def add_time_off(doctor_id: int, starts_at: datetime, ends_at: datetime) -> tuple[TimeOff, int]:
    """Close from one moment to another; return it and how many bookings lie in it and stay.

    Raises `PatternRefused`: "span" if it does not end after it begins or is longer than rules.toml allows,
    "past" if it is over.
    """
    longest = timedelta(days=rules().time_off_limit_days)
    if not timedelta(0) < ends_at - starts_at <= longest:
        raise PatternRefused("span")
    if ends_at <= clock.now():
        raise PatternRefused("past")
    with transaction() as session:
        lock_doctor(doctor_id)
        away = TimeOff(doctor_id=doctor_id, starts_at=starts_at, ends_at=ends_at)
        session.add(away)
        session.flush()
        audit.record("availability.time_off_added", f"time_off:{away.id}")
        return away, _booked_within(away)


def _booked_within(away: TimeOff) -> int:
    query = select(func.count(Booking.id)).where(
        Booking.doctor_id == away.doctor_id,
        Booking.state == BookingState.BOOKED,
        Booking.starts_at > clock.now(),
        Booking.starts_at < away.ends_at,
        Booking.ends_at > away.starts_at,
    )
    return db.session.scalar(query) or 0


def add_extra_time(
    doctor_id: int,
    *,
    day: date,
    start_minute: int,
    end_minute: int,
    slot_minutes: int,
    price_won: int,
    buffer_minutes: int = 0,
    capacity: int = 1,
) -> ExtraTime:
    """Open a span of one day. Where it meets a weekly pattern it stands instead of it.

    Raises `PatternRefused` if the numbers make no span, the day is past or further off than a year, or it
    overlaps another one.
    """
    extra = ExtraTime(
        doctor_id=doctor_id,
        day=day,
        start_minute=start_minute,
        end_minute=end_minute,
        slot_minutes=slot_minutes,
        buffer_minutes=buffer_minutes,
        capacity=capacity,
        price_won=price_won,
    )
    check_visits(extra)
    today = clock.today_in_korea().date()
    if day < today:
        raise PatternRefused("past")
    if day > today + timedelta(days=rules().time_off_limit_days):
        raise PatternRefused("day")
    with transaction() as session:
        lock_doctor(doctor_id)
        for other in extra_times_of(doctor_id):
            apart = other.end_minute <= start_minute or end_minute <= other.start_minute
            if other.day == day and not apart:
                raise PatternRefused("overlap")
        session.add(extra)
        session.flush()
        audit.record("availability.extra_added", f"extra_time:{extra.id}")
    return extra


def remove_time_off(doctor_id: int, off_id: int) -> None:
    """Open again what was closed; raises `NoSuchPattern` for what is not there or another doctor's."""
    with transaction():
        _take_away(doctor_id, TimeOff, off_id)
        audit.record("availability.time_off_removed", f"time_off:{off_id}")


def remove_extra_time(doctor_id: int, extra_id: int) -> None:
    """Close a single day's span again; what is booked stays. Raises as `remove_time_off`."""
    with transaction():
        _take_away(doctor_id, ExtraTime, extra_id)
        audit.record("availability.extra_removed", f"extra_time:{extra_id}")


def _take_away(doctor_id: int, kind: type[TimeOff] | type[ExtraTime], row_id: int) -> None:
    lock_doctor(doctor_id)
    row = fresh(kind, row_id)
    if row is None or row.doctor_id != doctor_id:
        raise NoSuchPattern
    db.session.delete(row)


def set_holidays(doctor_id: int, works: bool) -> None:
    """Say whether the weekly times hold on public holidays too. What is booked stays."""
    with transaction():
        profile = lock_doctor(doctor_id)
        profile.works_on_holidays = works
        audit.record("availability.holidays_set", f"user:{doctor_id}")
