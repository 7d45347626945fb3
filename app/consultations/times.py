"""Free times: the weekly patterns laid over the calendar, less what is booked. Computed, never stored."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from app.consultations.models import Availability, Booking
from app.infra.clock import KST


@dataclass(frozen=True, order=True)
class FreeTime:
    """One time that can be booked: aware moments in UTC, the doctor, the price in won (0: free of charge)."""

    starts_at: datetime
    ends_at: datetime
    doctor_id: int
    price_won: int

    @property
    def day(self) -> date:
        """The day in Korea on which it begins."""
        return self.starts_at.astimezone(KST).date()


def moment(day: date, minute: int) -> datetime:
    """Return the moment `minute` minutes (0..1440) after midnight of `day` in Korea, in UTC."""
    return (datetime.combine(day, time(), KST) + timedelta(minutes=minute)).astimezone(UTC)


def slots(pattern: Availability, day: date) -> Iterator[FreeTime]:
    """Return every whole slot of `pattern` on `day`, booked or not; none on another weekday."""
    if day.weekday() != pattern.weekday:
        return
    starts = range(pattern.start_minute, pattern.end_minute - pattern.slot_minutes + 1, pattern.slot_minutes)
    for start in starts:
        end = start + pattern.slot_minutes
        yield FreeTime(moment(day, start), moment(day, end), pattern.doctor_id, pattern.price_won)


def offered(patterns: Iterable[Availability], start: datetime, until: datetime) -> list[FreeTime]:
    """Return the slots of all patterns that begin within [start, until), in order of time."""
    if until <= start:
        return []
    first, last = start.astimezone(KST).date(), until.astimezone(KST).date()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    found = [slot for pattern in patterns for day in days for slot in slots(pattern, day)]
    return sorted(slot for slot in found if start <= slot.starts_at < until)


def overlaps(slot: FreeTime, bookings: Iterable[Booking]) -> bool:
    """True if any of the bookings takes up part of the slot."""
    return any(b.starts_at < slot.ends_at and slot.starts_at < b.ends_at for b in bookings)


def without_booked(found: Sequence[FreeTime], bookings: Iterable[Booking]) -> list[FreeTime]:
    """Leave out the slots whose doctor is booked during any part of them."""
    busy: dict[int, list[Booking]] = {}
    for booking in bookings:
        busy.setdefault(booking.doctor_id, []).append(booking)
    return [slot for slot in found if not overlaps(slot, busy.get(slot.doctor_id, ()))]


def by_day(found: Iterable[FreeTime]) -> dict[date, list[FreeTime]]:
    """Group free times by their day in Korea, in order."""
    days: dict[date, list[FreeTime]] = {}
    for slot in sorted(found):
        days.setdefault(slot.day, []).append(slot)
    return days
