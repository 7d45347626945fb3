"""When people are reminded: Korean time, out of the night, before it is too late."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.notifications import due
from app.notifications.models import ReminderKind

KST = ZoneInfo("Asia/Seoul")
LONG_AGO = datetime(2026, 11, 1, tzinfo=UTC)


def korean(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=KST)


def times(starts_at: str, since: datetime = LONG_AGO) -> dict[ReminderKind, str]:
    """Return when a consultation is reminded of, in Korean time."""
    found = due.of_booking(korean(starts_at).astimezone(UTC), since)
    return {w.kind: w.due_at.astimezone(KST).strftime("%m-%d %H:%M") for w in found}


DAY_BEFORE, SOON = ReminderKind.BOOKING_DAY_BEFORE, ReminderKind.BOOKING_SOON


@pytest.mark.parametrize(
    ("starts_at", "expected"),
    [
        ("2026-11-24T14:00", {DAY_BEFORE: "11-23 18:00", SOON: "11-24 13:00"}),
        # An hour before would be at night: in the morning, as long as that is in time.
        ("2026-11-24T08:30", {DAY_BEFORE: "11-23 18:00", SOON: "11-24 08:00"}),
        ("2026-11-24T08:15", {DAY_BEFORE: "11-23 18:00", SOON: "11-24 08:00"}),
        # The morning would be too late: the evening before.
        ("2026-11-24T08:10", {DAY_BEFORE: "11-23 18:00", SOON: "11-23 20:59"}),
        ("2026-11-24T00:30", {DAY_BEFORE: "11-23 18:00", SOON: "11-23 20:59"}),
        ("2026-11-24T22:30", {DAY_BEFORE: "11-23 18:00", SOON: "11-24 20:59"}),
        ("2026-11-24T21:59", {DAY_BEFORE: "11-23 18:00", SOON: "11-24 20:59"}),
        ("2026-11-24T22:00", {DAY_BEFORE: "11-23 18:00", SOON: "11-24 20:59"}),
    ],
)
def test_a_consultation_is_reminded_of_the_day_before_and_soon_before(
    starts_at: str, expected: dict[ReminderKind, str]
) -> None:
    assert times(starts_at) == expected


def test_what_was_settled_after_its_time_is_not_reminded_of() -> None:
    assert times("2026-11-24T14:00", korean("2026-11-23T18:00")) == {SOON: "11-24 13:00"}
    assert times("2026-11-24T14:00", korean("2026-11-24T13:30")) == {}


@pytest.mark.parametrize(("booked_at", "comes"), [("2026-11-27T17:59", True), ("2026-11-27T19:32", False)])
def test_the_reminder_of_the_day_before_comes_only_if_booked_before_it(booked_at: str, comes: bool) -> None:
    assert due.is_reminded_the_day_before(korean("2026-11-28T14:45"), korean(booked_at)) is comes


def test_the_day_is_korea_s_even_where_utc_is_still_on_the_day_before() -> None:
    starts_at = datetime(2026, 11, 23, 15, 30, tzinfo=UTC)  # 00:30 on the 24th in Seoul
    assert due.of_booking(starts_at, LONG_AGO)[0].due_at == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@given(st.integers(0, 2 * 24 * 60))
def test_no_consultation_is_reminded_of_at_night_or_too_late(minutes: int) -> None:
    starts_at = korean("2026-11-24T00:00").astimezone(UTC) + timedelta(minutes=minutes)
    found = due.of_booking(starts_at, LONG_AGO)
    assert [w.kind for w in found] == [DAY_BEFORE, SOON]
    for wanted in found:
        assert not due.is_quiet(wanted.due_at)
        assert wanted.due_at < wanted.useful_until <= starts_at


@pytest.mark.parametrize(
    ("clock_time", "quiet"),
    [("20:59", False), ("21:00", True), ("23:59", True), ("00:00", True), ("07:59", True), ("08:00", False)],
)
def test_the_night_reaches_over_midnight(clock_time: str, quiet: bool) -> None:
    assert due.is_quiet(korean(f"2026-11-24T{clock_time}").astimezone(UTC)) is quiet


def test_a_spot_is_to_be_photographed_on_its_day_and_a_week_later() -> None:
    found = due.of_photograph(date(2027, 2, 23), LONG_AGO)
    assert [w.due_at for w in found] == [
        datetime(2027, 2, 23, 1, 0, tzinfo=UTC),
        datetime(2027, 3, 2, 1, 0, tzinfo=UTC),
    ]
    assert found[0].useful_until < found[1].due_at
    late = due.of_photograph(date(2027, 2, 23), korean("2027-02-23T12:00"))
    assert [w.due_at for w in late] == [datetime(2027, 3, 2, 1, 0, tzinfo=UTC)]


def test_a_visit_in_person_is_reminded_of_three_days_before_its_last_day() -> None:
    last = due.at(date(2026, 12, 7), time(23, 59))
    (found,) = due.of_visit_in_person(last, LONG_AGO)
    assert found.due_at == datetime(2026, 12, 4, 1, 0, tzinfo=UTC)
    assert found.useful_until == due.at(date(2026, 12, 8), time())
    assert due.of_visit_in_person(last, korean("2026-12-04T15:00")) == []
