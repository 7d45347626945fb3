"""Free times come out of weekly patterns in Korean time, whatever the hour in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from app.consultations import times
from app.consultations.models import Availability, Booking
from app.consultations.times import Openings

KST = ZoneInfo("Asia/Seoul")
MONDAY = date(2026, 11, 23)


def pattern(
    weekday: int = 0, start: int = 540, end: int = 600, slot: int = 15, price: int = 0
) -> Availability:
    return Availability(
        doctor_id=7,
        weekday=weekday,
        start_minute=start,
        end_minute=end,
        slot_minutes=slot,
        buffer_minutes=0,
        capacity=1,
        price_won=price,
    )


def test_a_pattern_gives_whole_slots_only() -> None:
    found = list(times.slots(pattern(end=595), MONDAY))
    assert [s.starts_at.astimezone(KST).strftime("%H:%M") for s in found] == ["09:00", "09:15", "09:30"]
    assert all(s.ends_at - s.starts_at == timedelta(minutes=15) for s in found)


def test_nine_in_seoul_is_midnight_in_utc() -> None:
    assert times.moment(MONDAY, 540) == datetime(2026, 11, 23, 0, 0, tzinfo=UTC)


def test_a_pattern_may_run_until_midnight() -> None:
    last = list(times.slots(pattern(start=1380, end=1440, slot=30), MONDAY))[-1]
    assert last.ends_at.astimezone(KST) == datetime(2026, 11, 24, 0, 0, tzinfo=KST)
    assert last.day == MONDAY


def test_no_other_weekday_is_offered() -> None:
    assert list(times.slots(pattern(weekday=1), MONDAY)) == []


def test_early_morning_in_korea_belongs_to_its_korean_day() -> None:
    """06:00 on Monday in Seoul is still Sunday in UTC."""
    start = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)  # Monday 00:00 in Korea
    found = times.offered(Openings([pattern(start=360, end=420, slot=60)]), start, start + timedelta(days=1))
    assert [s.starts_at for s in found] == [datetime(2026, 11, 22, 21, 0, tzinfo=UTC)]


def test_a_booking_from_an_older_pattern_blocks_every_slot_it_touches() -> None:
    slots = list(times.slots(pattern(end=660, slot=20), MONDAY))
    booked = Booking(doctor_id=7, starts_at=times.moment(MONDAY, 555), ends_at=times.moment(MONDAY, 570))
    left = times.without_taken(slots, [booked])
    assert [s.starts_at.astimezone(KST).strftime("%H:%M") for s in left] == [
        "09:40",
        "10:00",
        "10:20",
        "10:40",
    ]


def test_another_doctors_booking_blocks_nothing() -> None:
    slots = list(times.slots(pattern(), MONDAY))
    booked = Booking(doctor_id=8, starts_at=slots[0].starts_at, ends_at=slots[0].ends_at)
    assert times.without_taken(slots, [booked]) == slots


@given(
    weekday=st.integers(0, 6),
    start=st.integers(0, 1435),
    length=st.integers(5, 600),
    slot=st.sampled_from([10, 15, 20, 30, 40, 60]),
    hours=st.integers(0, 24 * 40),
    span=st.integers(0, 24 * 20),
)
def test_offered_times_lie_in_the_window_in_order_and_never_overlap(
    weekday: int, start: int, length: int, slot: int, hours: int, span: int
) -> None:
    given_pattern = pattern(weekday, start, min(1440, start + length), slot)
    first = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
    until = first + timedelta(hours=span)
    found = times.offered(Openings([given_pattern]), first, until)
    for one in found:
        local = one.starts_at.astimezone(KST)
        assert first <= one.starts_at < until
        assert local.weekday() == weekday
        assert given_pattern.start_minute <= local.hour * 60 + local.minute
        assert one.ends_at <= times.moment(local.date(), given_pattern.end_minute)
    assert all(a.ends_at <= b.starts_at for a, b in pairwise(found))
