"""What can be booked: the free times of doctors, and who they are."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.accounts.models import DoctorProfile, User
from app.consultations import times
from app.consultations.availability import patterns_of
from app.consultations.errors import TimeGone, TimeTaken
from app.consultations.models import Availability, Booking, BookingState
from app.consultations.rules import rules
from app.consultations.times import FreeTime
from app.extensions import db
from app.infra import clock


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
    return times.without_booked(times.offered(patterns, earliest, until), booked(wanted, earliest, until))


def booked(doctor_ids: Sequence[int], start: datetime, until: datetime) -> list[Booking]:
    """Return the standing bookings of these doctors that touch [start, until)."""
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
    slot = slot_at(doctor_id, starts_at)
    if slot is None:
        raise TimeGone(next_free_times(doctor_id))
    if times.overlaps(slot, booked([doctor_id], slot.starts_at, slot.ends_at)):
        raise TimeTaken(next_free_times(doctor_id))
    return slot


def slot_at(doctor_id: int, starts_at: datetime) -> FreeTime | None:
    """Return the time that a doctor offers at this moment, booked or not; None outside lead and horizon."""
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
