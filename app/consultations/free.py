"""What can be booked: the free times of doctors, and who they are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from app.accounts.models import DoctorProfile, User
from app.consultations import times
from app.consultations.errors import TimeGone, TimeTaken
from app.consultations.models import Availability, Booking, BookingState, ExtraTime, Hold, TimeOff
from app.consultations.rules import rules
from app.consultations.times import FreeTime, Openings, Taken
from app.extensions import db
from app.infra import clock
from app.regions.areas import area

LONGEST = timedelta(hours=3)
"""More than any visit and the pauses around it last."""


@dataclass(frozen=True)
class BookableDoctor:
    """A doctor who offers times: what patients may know, and the next free time (None: all taken)."""

    user: User
    profile: DoctorProfile
    next_free: FreeTime | None


@dataclass(frozen=True)
class Wish:
    """Which doctors somebody looks for; an empty wish is met by all.

    language: a code of `app.accounts.languages`. province: a province's code of `app.regions.areas`.
    """

    doctor_id: int | None = None
    language: str | None = None
    province: str | None = None

    def is_met_by(self, profile: DoctorProfile) -> bool:
        """Say whether this doctor is one of those looked for."""
        home = area(profile.area)
        return (
            self.doctor_id in (None, profile.user_id)
            and (self.language is None or self.language in profile.languages)
            and (self.province is None or (home is not None and home.province == self.province))
        )


def openings(doctor_ids: Sequence[int], start: datetime, until: datetime) -> Openings:
    """Return all that says when these doctors are open within [start, until)."""
    first, last = (at.astimezone(clock.KST).date() for at in (start, until))
    patterns = select(Availability).where(Availability.doctor_id.in_(doctor_ids))
    extras = select(ExtraTime).where(ExtraTime.doctor_id.in_(doctor_ids), ExtraTime.day.between(first, last))
    off = select(TimeOff).where(
        TimeOff.doctor_id.in_(doctor_ids), TimeOff.ends_at > start, TimeOff.starts_at < until + LONGEST
    )
    working = select(DoctorProfile.user_id).where(
        DoctorProfile.user_id.in_(doctor_ids), DoctorProfile.works_on_holidays
    )
    return Openings(
        db.session.scalars(patterns.order_by(Availability.id)).all(),
        db.session.scalars(extras.order_by(ExtraTime.id)).all(),
        db.session.scalars(off.order_by(TimeOff.id)).all(),
        frozenset(db.session.scalars(working.order_by(DoctorProfile.user_id))),
    )


def free_times(
    doctor_ids: int | Collection[int], start: datetime | None = None, days: int | None = None
) -> list[FreeTime]:
    """Return the free times of one or more doctors, in order.

    From `start` (default: now) to the end of the `days`-th day in Korea, never sooner than the lead
    time nor later than the horizon of rules.toml. What somebody holds is not free.
    """
    wanted = [doctor_ids] if isinstance(doctor_ids, int) else list(doctor_ids)
    rule, present = rules(), clock.now()
    earliest = max(start or present, present + timedelta(minutes=rule.lead_minutes))
    first_day = (start or present).astimezone(clock.KST).date()
    until = times.moment(first_day + timedelta(days=days or rule.shown_days), 0)
    until = min(until, present + timedelta(days=rule.horizon_days))
    found = times.offered(openings(wanted, earliest, until), earliest, until)
    return times.without_taken(found, taken(wanted, earliest, until))


def taken(
    doctor_ids: Sequence[int], start: datetime, until: datetime, *, but_of: int | None = None
) -> list[Taken]:
    """Return the standing bookings and the holds in force of these doctors in and around [start, until).

    but_of: a user whose own hold does not count.
    """
    bookings = select(Booking).where(
        Booking.doctor_id.in_(doctor_ids),
        Booking.state == BookingState.BOOKED,
        Booking.starts_at < until + LONGEST,
        Booking.ends_at > start - LONGEST,
    )
    holds = select(Hold).where(
        Hold.doctor_id.in_(doctor_ids),
        Hold.held_by_id != (but_of or 0),
        Hold.expires_at > clock.now(),
        Hold.starts_at < until + LONGEST,
        Hold.ends_at > start - LONGEST,
    )
    anew = {"populate_existing": True}
    return [
        *db.session.scalars(bookings.order_by(Booking.id), execution_options=anew),
        *db.session.scalars(holds.order_by(Hold.held_by_id), execution_options=anew),
    ]


def next_free_times(
    doctor_id: int | None = None,
    limit: int | None = None,
    wish: Wish | None = None,
    only: Callable[[FreeTime], bool] | None = None,
) -> list[FreeTime]:
    """Return the next free times of a doctor, followed by those of the others; `limit` in all.

    only: says of each time whether it is to be offered.
    """
    wanted = limit or rules().offered_instead
    everyone = [d.user_id for d in profiles(wish)]
    found = [slot for slot in free_times(everyone, days=rules().horizon_days) if only is None or only(slot)]
    own = [slot for slot in found if slot.doctor_id == doctor_id]
    others = [slot for slot in found if slot.doctor_id != doctor_id]
    return (own + others)[:wanted]


def profiles(wish: Wish | None = None) -> list[DoctorProfile]:
    """Return the doctors who offer times and are what is looked for."""
    today = clock.today_in_korea().date()
    weekly = select(Availability.doctor_id).where(
        Availability.valid_until.is_(None) | (Availability.valid_until >= today)
    )
    extra = select(ExtraTime.doctor_id).where(ExtraTime.day >= today)
    query = (
        select(DoctorProfile)
        .join(DoctorProfile.user)
        .where(User.active, DoctorProfile.user_id.in_(weekly.union(extra)))
        .options(joinedload(DoctorProfile.user))
        .order_by(DoctorProfile.user_id)
    )
    return [found for found in db.session.scalars(query) if (wish or Wish()).is_met_by(found)]


def bookable_doctors(first: int | None = None, wish: Wish | None = None) -> list[BookableDoctor]:
    """Return the doctors who offer times: `first` (a user id) first, then by their next free time."""
    found = profiles(wish)
    earliest: dict[int, FreeTime] = {}
    for slot in free_times([p.user_id for p in found], days=rules().horizon_days):
        earliest.setdefault(slot.doctor_id, slot)
    doctors = [BookableDoctor(p.user, p, earliest.get(p.user_id)) for p in found]
    end = clock.now() + timedelta(days=rules().horizon_days + 1)
    return sorted(doctors, key=lambda d: (d.user.id != first, d.next_free.starts_at if d.next_free else end))


def offer(doctor_id: int, starts_at: datetime, for_id: int | None = None) -> FreeTime:
    """Return the free time of a doctor that begins at `starts_at`; raise `TimeTaken` or `TimeGone`.

    for_id: the user who asks. What they hold is free for them.
    """
    slot = slot_at(doctor_id, starts_at, for_id)
    if slot is None:
        raise TimeGone(next_free_times(doctor_id))
    if times.is_full(slot, taken([doctor_id], slot.starts_at, slot.ends_at, but_of=for_id)):
        raise TimeTaken(next_free_times(doctor_id))
    return slot


def slot_at(doctor_id: int, starts_at: datetime, for_id: int | None = None) -> FreeTime | None:
    """Return the time that a doctor offers at this moment, taken or not; None outside lead and horizon.

    While `for_id` holds it, the lead time does not run away from them.
    """
    present = clock.now()
    held = for_id is not None and hold_of(for_id, doctor_id, starts_at) is not None
    earliest = present if held else present + timedelta(minutes=rules().lead_minutes)
    if not earliest <= starts_at < present + timedelta(days=rules().horizon_days):
        return None
    until = starts_at + timedelta(microseconds=1)
    found = times.offered(openings([doctor_id], starts_at, until), starts_at, until)
    active = db.session.scalar(select(User.active).where(User.id == doctor_id))
    return found[0] if found and active else None


def hold_of(user_id: int, doctor_id: int | None = None, starts_at: datetime | None = None) -> Hold | None:
    """Return what a person holds at present (if a time is given: only that one), None for nothing."""
    query = select(Hold).where(Hold.held_by_id == user_id, Hold.expires_at > clock.now())
    if starts_at is not None:
        query = query.where(Hold.doctor_id == doctor_id, Hold.starts_at == starts_at)
    return db.session.scalar(query, execution_options={"populate_existing": True})
