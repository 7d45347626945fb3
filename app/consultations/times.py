"""Free times: what a doctor offers laid over the calendar, less what is taken. Computed, never stored."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from app.consultations.models import Availability, ExtraTime, TimeOff
from app.consultations.public_holidays import holiday
from app.infra.clock import KST


@dataclass(frozen=True, order=True)
class FreeTime:
    """One time that can be booked: aware moments in UTC, the doctor, the price in won (0: free of charge).

    capacity: for how many patients. buffer_minutes: what must stay free before and after.
    """

    starts_at: datetime
    ends_at: datetime
    doctor_id: int
    price_won: int
    capacity: int = field(default=1, compare=False)
    buffer_minutes: int = field(default=0, compare=False)

    @property
    def day(self) -> date:
        """The day in Korea on which it begins."""
        return self.starts_at.astimezone(KST).date()


class Taken(Protocol):
    """What takes up a doctor's time: a booking, or a hold."""

    @property
    def doctor_id(self) -> int: ...
    @property
    def starts_at(self) -> datetime: ...
    @property
    def ends_at(self) -> datetime: ...


@dataclass(frozen=True)
class Openings:
    """All that says when some doctors are open.

    on_holidays: the doctors whose weekly patterns hold on public holidays too.
    """

    patterns: Sequence[Availability] = ()
    extras: Sequence[ExtraTime] = ()
    off: Sequence[TimeOff] = ()
    on_holidays: Collection[int] = frozenset()


def moment(day: date, minute: int) -> datetime:
    """Return the moment `minute` minutes (0..1440) after midnight of `day` in Korea, in UTC."""
    return (datetime.combine(day, time(), KST) + timedelta(minutes=minute)).astimezone(UTC)


def slots(span: Availability | ExtraTime, day: date) -> Iterator[FreeTime]:
    """Return every whole slot of `span` on `day`, taken or not; none where it does not hold."""
    if not holds_on(span, day):
        return
    step = span.slot_minutes + span.buffer_minutes
    for start in range(span.start_minute, span.end_minute - span.slot_minutes + 1, step):
        yield FreeTime(
            moment(day, start),
            moment(day, start + span.slot_minutes),
            span.doctor_id,
            span.price_won,
            span.capacity,
            span.buffer_minutes,
        )


def holds_on(span: Availability | ExtraTime, day: date) -> bool:
    """True on the day of an extra span, and on each weekday of a pattern while it is valid."""
    if isinstance(span, ExtraTime):
        return span.day == day
    begun = span.valid_from is None or span.valid_from <= day
    return begun and (span.valid_until is None or day <= span.valid_until) and span.weekday == day.weekday()


def offered(openings: Openings, start: datetime, until: datetime) -> list[FreeTime]:
    """Return the slots that begin within [start, until), taken or not, in order of time."""
    if until <= start:
        return []
    first, last = start.astimezone(KST).date(), until.astimezone(KST).date()
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    found = [slot for day in days for slot in _of_day(openings, day) if start <= slot.starts_at < until]
    return sorted(slot for slot in found if not any(_meet(slot, away) for away in openings.off))


def _of_day(openings: Openings, day: date) -> Iterator[FreeTime]:
    extras = [extra for extra in openings.extras if extra.day == day]
    for extra in extras:
        yield from slots(extra, day)
    closed = holiday(day) is not None
    for pattern in openings.patterns:
        if closed and pattern.doctor_id not in openings.on_holidays:
            continue
        own = [extra for extra in extras if extra.doctor_id == pattern.doctor_id]
        yield from (slot for slot in slots(pattern, day) if not any(_within(slot, e, day) for e in own))


def _within(slot: FreeTime, extra: ExtraTime, day: date) -> bool:
    """Whether a weekly slot meets an extra span of that day, which then stands instead."""
    return slot.starts_at < moment(day, extra.end_minute) and moment(day, extra.start_minute) < slot.ends_at


def _meet(slot: FreeTime, away: TimeOff) -> bool:
    same = slot.doctor_id == away.doctor_id
    return same and slot.starts_at < away.ends_at and away.starts_at < slot.ends_at


def is_full(slot: FreeTime, taken: Iterable[Taken]) -> bool:
    """True if nobody can be added to this slot of a doctor, given what is taken of that doctor's time.

    Others at exactly this time share it up to its capacity; anything else that runs into it, or into the
    pause around it, closes it.
    """
    pause = timedelta(minutes=slot.buffer_minutes)
    near = [t for t in taken if t.starts_at < slot.ends_at + pause and slot.starts_at < t.ends_at + pause]
    same = sum((t.starts_at, t.ends_at) == (slot.starts_at, slot.ends_at) for t in near)
    return same < len(near) or same >= slot.capacity


def without_taken(found: Sequence[FreeTime], taken: Iterable[Taken]) -> list[FreeTime]:
    """Leave out the slots to which nobody can be added."""
    busy: dict[int, list[Taken]] = {}
    for one in taken:
        busy.setdefault(one.doctor_id, []).append(one)
    return [slot for slot in found if not is_full(slot, busy.get(slot.doctor_id, ()))]


def by_day(found: Iterable[FreeTime]) -> dict[date, list[FreeTime]]:
    """Group free times by their day in Korea, in order."""
    days: dict[date, list[FreeTime]] = {}
    for slot in sorted(found):
        days.setdefault(slot.day, []).append(slot)
    return days
