"""Time off, single days, holidays: they open and close times, and never touch what is booked."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.accounts import practice, residence
from app.consultations import availability, exceptions, service, times
from app.consultations.models import BookingState
from tests.factories.cases import create_reader, create_sender
from tests.factories.consultations import create_booking, create_extra_time, create_pattern, create_time_off
from tests.factories.eligibility import SUNCHEON
from tests.harness.clock import FrozenClock

MONDAY = date(2026, 11, 23)


def test_time_off_closes_free_times_and_lists_who_is_booked_in_it(db: Any) -> None:
    doctor, sender = create_reader(), create_sender()
    create_pattern(doctor)
    booking = create_booking(sender, doctor)
    away, kept = exceptions.add_time_off(doctor.id, times.moment(MONDAY, 0), times.moment(MONDAY, 1440))
    assert kept == 1
    assert availability.outside(doctor.id) == [booking]
    assert {slot.day for slot in service.free_times(doctor.id, days=8)} == {date(2026, 11, 30)}
    with pytest.raises(service.TimeGone):
        service.hold(doctor.id, times.moment(MONDAY, 900), sender.id)
    db.session.refresh(booking)
    assert booking.state == BookingState.BOOKED
    exceptions.remove_time_off(doctor.id, away.id)
    assert availability.outside(doctor.id) == []
    assert MONDAY in {slot.day for slot in service.free_times(doctor.id, days=8)}


def test_a_single_day_makes_a_doctor_bookable_and_only_then(db: Any) -> None:
    doctor = create_reader()
    assert service.bookable_doctors() == []
    extra = create_extra_time(doctor, day=date(2026, 11, 25), price_won=3000)
    found = service.free_times(doctor.id, days=7)
    assert {(slot.day, slot.price_won) for slot in found} == {(date(2026, 11, 25), 3000)}
    booking = create_booking(create_sender(), doctor)
    exceptions.remove_extra_time(doctor.id, extra.id)
    assert availability.outside(doctor.id) == [booking]
    assert service.bookable_doctors() == []


def test_holidays_are_closed_until_the_doctor_says_otherwise(db: Any, clock: FrozenClock) -> None:
    clock.set(times.moment(date(2027, 2, 5), 600))
    doctor = create_reader()
    create_pattern(doctor)  # Mondays; the 8th is the day after Seollal
    assert service.free_times(doctor.id, days=7) == []
    exceptions.set_holidays(doctor.id, True)
    assert {slot.day for slot in service.free_times(doctor.id, days=7)} == {date(2027, 2, 8)}
    patient = create_sender()
    residence.set_area(patient.patient.id, SUNCHEON)
    practice.set_practice(doctor.id, languages=["ko"], area=SUNCHEON)
    booking = create_booking(patient, doctor)
    exceptions.set_holidays(doctor.id, False)
    assert availability.outside(doctor.id) == [booking]


def test_what_cannot_be_is_refused(db: Any, clock: FrozenClock) -> None:
    doctor, other = create_reader(), create_reader()
    early, late = times.moment(MONDAY, 0), times.moment(MONDAY, 60)
    for start, end, reason in (
        (late, early, "span"),
        (early, early, "span"),
        (early, times.moment(date(2028, 1, 1), 0), "span"),
        (early, late, "past"),
    ):
        with pytest.raises(availability.PatternRefused) as refused:
            exceptions.add_time_off(doctor.id, start, end)
        assert refused.value.reason == reason
    create_extra_time(doctor, day=MONDAY)
    for given, reason in (
        ({"day": MONDAY}, "overlap"),
        ({"day": date(2026, 11, 22)}, "past"),
        ({"day": date(2028, 1, 1)}, "day"),
        ({"capacity": 0}, "capacity"),
        ({"buffer_minutes": 7}, "buffer"),
    ):
        with pytest.raises(availability.PatternRefused) as refused:
            create_extra_time(doctor, **given)
        assert refused.value.reason == reason
    off = create_time_off(other)
    with pytest.raises(availability.NoSuchPattern):
        exceptions.remove_time_off(doctor.id, off.id)


def test_the_same_hours_may_follow_each_other_but_not_meet(db: Any) -> None:
    doctor = create_reader()
    create_pattern(doctor, valid_until=date(2026, 12, 14))
    create_pattern(doctor, valid_from=date(2026, 12, 15), price_won=9000)
    with pytest.raises(availability.PatternRefused, match="overlap"):
        create_pattern(doctor, valid_from=date(2026, 12, 14))
    with pytest.raises(availability.PatternRefused, match="valid"):
        create_pattern(doctor, weekday=2, valid_from=date(2026, 12, 14), valid_until=date(2026, 12, 13))


def test_doctors_are_found_by_language_and_region(db: Any) -> None:
    seoul, jeonnam = create_reader(), create_reader()
    for doctor, languages, area in ((seoul, ["ko", "en"], "11010"), (jeonnam, ["ko", "vi"], "36")):
        create_pattern(doctor)
        practice.set_practice(doctor.id, languages=languages, area=area)

    def found(**wish: str) -> set[int]:
        return {doctor.user.id for doctor in service.bookable_doctors(wish=service.Wish(**wish))}

    assert found() == {seoul.id, jeonnam.id}
    assert found(language="vi") == {jeonnam.id}
    assert found(province="11") == {seoul.id}
    assert found(language="vi", province="11") == set()
    assert {slot.doctor_id for slot in service.next_free_times(wish=service.Wish(language="en"))} == {
        seoul.id
    }
    with pytest.raises(ValueError, match="no such"):
        practice.set_practice(seoul.id, languages=["xx"], area=None)
