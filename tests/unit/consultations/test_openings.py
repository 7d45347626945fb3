"""Holidays, time off, single days, pauses, places: what is left of a week."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from app.consultations import times
from app.consultations.models import Availability, Booking, ExtraTime, TimeOff
from app.consultations.public_holidays import between, holiday
from app.consultations.times import FreeTime, Openings
from app.infra.clock import KST

MONDAY = date(2026, 11, 23)


def pattern(**given: Any) -> Availability:
    values: dict[str, Any] = {"doctor_id": 7, "weekday": 0, "start_minute": 540, "end_minute": 600}
    values |= {"slot_minutes": 20, "buffer_minutes": 0, "capacity": 1, "price_won": 0}
    return Availability(**(values | given))


def extra(**given: Any) -> ExtraTime:
    values: dict[str, Any] = {"doctor_id": 7, "day": MONDAY, "start_minute": 540, "end_minute": 600}
    values |= {"slot_minutes": 20, "buffer_minutes": 0, "capacity": 1, "price_won": 5000}
    return ExtraTime(**(values | given))


def away(start: datetime, end: datetime, doctor_id: int = 7) -> TimeOff:
    return TimeOff(doctor_id=doctor_id, starts_at=start, ends_at=end)


def booked(slot: FreeTime) -> Booking:
    return Booking(doctor_id=slot.doctor_id, starts_at=slot.starts_at, ends_at=slot.ends_at)


def starts(found: list[FreeTime]) -> list[str]:
    return [slot.starts_at.astimezone(KST).strftime("%d %H:%M") for slot in found]


def week(openings: Openings, first: date = MONDAY, days: int = 7) -> list[FreeTime]:
    return times.offered(openings, times.moment(first, 0), times.moment(first + timedelta(days=days), 0))


def test_seollal_of_2027_and_the_day_that_stands_in_for_it() -> None:
    """The day itself is a Sunday: the Tuesday after the three days is off as well."""
    found = between(date(2027, 2, 5), date(2027, 2, 10))
    assert [one.day.day for one in found] == [6, 7, 8, 9]
    assert "설날" in found[1].ko
    assert found[1].en == "Korean New Year"
    assert "대체" in found[3].ko
    assert found[3].en.startswith("Alternative holiday")
    assert holiday(date(2027, 2, 10)) is None


def test_a_weekly_time_rests_on_holidays_unless_the_doctor_works_on_them() -> None:
    monday = date(2027, 2, 8)  # the day after Seollal
    assert starts(week(Openings([pattern()]), monday, 8)) == ["15 09:00", "15 09:20", "15 09:40"]
    both = Openings([pattern(), pattern(doctor_id=8)], on_holidays={8})
    assert {slot.doctor_id for slot in week(both, monday, 1)} == {8}
    # Who chose this very day is open on it.
    assert len(week(Openings([pattern()], [extra(day=monday)]), monday, 1)) == 3


def test_the_hours_around_midnight_belong_to_the_day_in_korea() -> None:
    """24 December until midnight, and Christmas Day from midnight on: only the first is no holiday."""
    eve = pattern(weekday=3, start_minute=1380, end_minute=1440)
    christmas = pattern(weekday=4, start_minute=0, end_minute=60)
    found = week(Openings([eve, christmas]), date(2026, 12, 24), 2)
    assert starts(found) == ["24 23:00", "24 23:20", "24 23:40"]
    assert found[-1].ends_at == datetime(2026, 12, 24, 15, 0, tzinfo=UTC)
    working = week(Openings([eve, christmas], on_holidays={7}), date(2026, 12, 24), 2)
    assert starts(working)[3:] == ["25 00:00", "25 00:20", "25 00:40"]


def test_a_day_in_korea_always_has_24_hours() -> None:
    """No clock is changed in March or October: nine o'clock is midnight in UTC all year round."""
    for day in (date(2026, 3, 29), date(2026, 10, 25), date(2026, 6, 1), date(2026, 12, 31)):
        assert times.moment(day, 1440) - times.moment(day, 0) == timedelta(hours=24)
        assert times.moment(day, 540).hour == 0


def test_time_off_over_midnight_closes_what_it_touches_and_nothing_else() -> None:
    late = pattern(start_minute=1380, end_minute=1440)
    early = pattern(weekday=1, start_minute=0, end_minute=60)
    off = away(times.moment(MONDAY, 1410), times.moment(MONDAY, 1460))  # 23:30 to 00:20
    assert starts(week(Openings([late, early], off=[off]))) == ["23 23:00", "24 00:20", "24 00:40"]
    other = away(off.starts_at, off.ends_at, doctor_id=8)
    assert len(week(Openings([late, early], off=[other]))) == 6


def test_a_pause_lies_between_visits_but_not_after_the_last() -> None:
    found = week(Openings([pattern(buffer_minutes=20)]))
    assert starts(found) == ["23 09:00", "23 09:40"]


def test_a_booking_from_older_hours_keeps_its_pause_too() -> None:
    older = Booking(doctor_id=7, starts_at=times.moment(MONDAY, 520), ends_at=times.moment(MONDAY, 535))
    found = week(Openings([pattern(buffer_minutes=10)]))
    assert starts(found) == ["23 09:00", "23 09:30"]
    assert starts(times.without_taken(found, [older])) == ["23 09:30"]


def test_a_time_for_two_is_free_until_two_have_it() -> None:
    found = week(Openings([pattern(capacity=2)]))
    assert times.without_taken(found, [booked(found[0])]) == found
    assert times.without_taken(found, [booked(found[0])] * 2) == found[1:]
    # Whoever is booked across it takes the whole time.
    across = Booking(doctor_id=7, starts_at=times.moment(MONDAY, 550), ends_at=times.moment(MONDAY, 565))
    assert times.without_taken(found, [across]) == found[2:]


@pytest.mark.parametrize(
    "validity, days",
    [
        ({"valid_from": date(2026, 11, 30)}, [30]),
        ({"valid_until": date(2026, 11, 29)}, [23]),
        ({"valid_from": MONDAY, "valid_until": date(2026, 11, 30)}, [23, 30]),
    ],
)
def test_a_pattern_holds_from_its_first_day_to_its_last(validity: dict[str, date], days: list[int]) -> None:
    found = week(Openings([pattern(**validity)]), days=14)
    assert sorted({slot.day.day for slot in found}) == days


def test_a_single_day_s_span_stands_instead_of_the_weekly_one_where_they_meet() -> None:
    found = week(Openings([pattern(end_minute=660)], [extra(start_minute=570, end_minute=630)]))
    assert [(slot.starts_at.astimezone(KST).strftime("%H:%M"), slot.price_won) for slot in found] == [
        ("09:00", 0),
        ("09:30", 5000),
        ("09:50", 5000),
        ("10:10", 5000),
        ("10:40", 0),
    ]
