"""Booking a consultation: free times, one booking per time, cancelling, changing patterns."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from app.accounts import service as accounts
from app.accounts.errors import ConsentMissing
from app.accounts.models import ConsentKind
from app.audit.models import AuditEntry
from app.consultations import availability, service
from app.consultations.models import Booking, BookingState
from app.infra.database import random_id, transaction
from app.infra.events import Event
from tests.factories.cases import create_reader, create_sender
from tests.factories.consultations import create_booking, create_pattern
from tests.harness.clock import FrozenClock


def test_free_times_keep_the_lead_time_and_leave_out_what_is_past(db: Any, clock: FrozenClock) -> None:
    doctor = create_reader()
    create_pattern(doctor, start_minute=600, end_minute=720)  # today, from this very moment on
    starts = [s.starts_at for s in service.free_times(doctor.id, days=1)]
    assert starts[0] == clock.now + timedelta(minutes=30)
    clock.advance(minutes=20)
    assert service.free_times(doctor.id, days=1)[0].starts_at == starts[0] + timedelta(minutes=30)


def test_free_times_end_with_the_horizon(db: Any, clock: FrozenClock) -> None:
    doctor = create_reader()
    create_pattern(doctor)
    found = service.free_times(doctor.id, days=400)
    assert max(s.starts_at for s in found) < clock.now + timedelta(days=28)


def test_a_booked_time_is_no_longer_free_and_both_sides_see_it(db: Any) -> None:
    doctor, sender = create_reader(), create_sender()
    create_pattern(doctor, price_won=12000)
    before = service.free_times(doctor.id, days=28)
    booking = create_booking(sender, doctor)
    assert booking.price_won == 12000
    assert service.free_times(doctor.id, days=28) == before[1:]
    assert service.upcoming_for([sender.patient.id]) == [booking]
    day = before[0].day
    assert service.agenda(doctor.id, day, 1) == {day: [booking]}


def test_what_happened_is_told_by_ids_only_and_recorded(db: Any) -> None:
    booking = create_booking(create_sender(), _open_doctor())
    service.cancel(booking.id, booking.booked_by_id)
    told = db.session.scalars(select(Event).where(Event.topic == booking.topic).order_by(Event.id)).all()
    assert [event.kind for event in told] == ["booking.made", "booking.cancelled"]
    assert told[0].payload == {"booking_id": booking.id}
    assert told[1].payload == {"booking_id": booking.id, "by": "patient"}
    done = db.session.scalars(select(AuditEntry).where(AuditEntry.target == booking.topic)).all()
    assert [entry.action for entry in done] == ["booking.made", "booking.cancelled"]
    assert {entry.patient_id for entry in done} == {booking.patient_id}


def test_sending_the_same_booking_twice_books_once(db: Any) -> None:
    doctor, sender = _open_doctor(), create_sender()
    first = create_booking(sender, doctor)
    again = service.book(
        patient_id=first.patient_id,
        doctor_id=doctor.id,
        starts_at=first.starts_at,
        price_won=first.price_won,
        booked_by_id=sender.id,
    )
    assert again.id == first.id


def test_a_taken_time_offers_the_next_ones(db: Any) -> None:
    doctor, other = _open_doctor(), _open_doctor()
    first = create_booking(create_sender(), doctor)
    with pytest.raises(service.TimeTaken) as refused:
        _book(create_sender(), doctor, first.starts_at)
    assert len(refused.value.instead) == 6
    assert {slot.doctor_id for slot in refused.value.instead} == {doctor.id}
    assert first.starts_at not in {slot.starts_at for slot in refused.value.instead}
    # What is left of this doctor comes first, then the others.
    assert service.next_free_times(doctor.id, 500)[-1].doctor_id == other.id


def test_a_time_that_is_not_offered_cannot_be_booked(db: Any, clock: FrozenClock) -> None:
    doctor = _open_doctor()
    slot = service.free_times(doctor.id, days=28)[0]
    for moment in (
        slot.starts_at + timedelta(minutes=1),
        slot.starts_at - timedelta(days=7),
        slot.starts_at + timedelta(days=70),
    ):
        with pytest.raises(service.TimeGone):
            _book(create_sender(), doctor, moment)
    clock.set(slot.starts_at - timedelta(minutes=29))
    with pytest.raises(service.TimeGone):
        _book(create_sender(), doctor, slot.starts_at)


def test_a_patient_is_not_in_two_places_at_once(db: Any) -> None:
    doctor, other, sender = _open_doctor(), create_reader(), create_sender()
    create_pattern(other, start_minute=845, end_minute=905)  # shifted by five minutes: overlaps
    create_booking(sender, doctor)
    with pytest.raises(service.PatientBusy):
        create_booking(sender, other)
    assert len(service.upcoming_for([sender.patient.id])) == 1


def test_the_price_that_was_shown_is_the_price_that_holds(db: Any) -> None:
    doctor = create_reader()
    pattern = create_pattern(doctor, price_won=10000)
    slot = service.free_times(doctor.id, days=28)[0]
    availability.remove_pattern(doctor.id, pattern.id)
    create_pattern(doctor, price_won=15000)
    with pytest.raises(service.PriceChanged) as refused:
        _book(create_sender(), doctor, slot.starts_at, price_won=10000)
    assert refused.value.price_won == 15000


def test_changing_the_pattern_never_touches_a_booking(db: Any) -> None:
    doctor, sender = create_reader(), create_sender()
    pattern = create_pattern(doctor, price_won=8000)
    booking = create_booking(sender, doctor)
    was = (booking.starts_at, booking.ends_at, booking.price_won)
    assert availability.remove_pattern(doctor.id, pattern.id) == 1
    create_pattern(doctor, start_minute=830, slot_minutes=20, price_won=0)
    db.session.refresh(booking)
    assert (booking.starts_at, booking.ends_at, booking.price_won) == was
    assert booking.state == BookingState.BOOKED
    # No new time runs into it.
    for slot in service.free_times(doctor.id, days=28):
        assert slot.ends_at <= booking.starts_at or booking.ends_at <= slot.starts_at


def test_a_cancelled_time_is_free_again_and_cancelling_twice_is_no_error(db: Any) -> None:
    doctor, sender = _open_doctor(), create_sender()
    booking = create_booking(sender, doctor)
    service.cancel(booking.id, doctor.id)
    assert service.cancel(booking.id, sender.id).cancelled_by_id == doctor.id
    assert create_booking(create_sender(), doctor).starts_at == booking.starts_at


def test_what_has_begun_cannot_be_cancelled(db: Any, clock: FrozenClock) -> None:
    booking = create_booking(create_sender(), _open_doctor())
    clock.set(booking.starts_at)
    with pytest.raises(service.TooLateToCancel):
        service.cancel(booking.id, booking.booked_by_id)


@pytest.mark.parametrize("kind", [ConsentKind.HEALTH_DATA, ConsentKind.TELEMEDICINE])
def test_without_the_consents_that_it_rests_on_nothing_is_booked(db: Any, kind: ConsentKind) -> None:
    doctor, sender = _open_doctor(), create_sender()
    accounts.withdraw_consent(sender, sender.patient, kind)
    with pytest.raises(ConsentMissing):
        create_booking(sender, doctor)


@pytest.mark.parametrize(
    "given, reason",
    [
        ({"weekday": 7}, "weekday"),
        ({"start_minute": 900, "end_minute": 900}, "span"),
        ({"end_minute": 1441}, "span"),
        ({"start_minute": -1}, "span"),
        ({"slot_minutes": 7}, "slot"),
        ({"end_minute": 850}, "span"),
        ({"price_won": -1}, "price"),
        ({"price_won": 10_000_000}, "price"),
        ({"start_minute": 900, "end_minute": 1000}, "overlap"),
    ],
)
def test_patterns_that_cannot_be_are_refused(db: Any, given: dict[str, int], reason: str) -> None:
    doctor = _open_doctor()
    base = {} if reason == "overlap" else {"weekday": 2}
    with pytest.raises(availability.PatternRefused) as refused:
        create_pattern(doctor, **(base | given))
    assert refused.value.reason == reason


def test_the_database_itself_allows_one_standing_booking_per_time(db: Any) -> None:
    """Were a lock ever forgotten, the index would still hold."""
    first = create_booking(create_sender(), _open_doctor())
    other = create_sender()
    twin = Booking(public_id=random_id(), doctor_id=first.doctor_id, patient_id=other.patient.id)
    twin.booked_by_id, twin.case_id, twin.price_won, twin.created_at = other.id, None, 0, first.created_at
    twin.starts_at, twin.ends_at, twin.state = first.starts_at, first.ends_at, BookingState.BOOKED
    with pytest.raises(IntegrityError), transaction() as session:
        session.add(twin)


def test_the_lost_race_on_the_index_is_a_taken_time(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were all the questions answered wrongly, the index would still hold, and the answer be the same."""
    first = create_booking(create_sender(), _open_doctor())
    monkeypatch.setattr("app.consultations.places.taken", lambda *_, **__: [])
    monkeypatch.setattr(service, "standing", lambda *_: [])
    monkeypatch.setattr(service, "free_place", lambda *_: first.place)
    with pytest.raises(service.TimeTaken):
        _book(create_sender(), first.doctor, first.starts_at)


def _open_doctor() -> Any:
    doctor = create_reader()
    create_pattern(doctor)
    return doctor


def _book(sender: Any, doctor: Any, starts_at: Any, price_won: int = 0) -> Booking:
    return service.book(
        patient_id=sender.patient.id,
        doctor_id=doctor.id,
        starts_at=starts_at,
        price_won=price_won,
        booked_by_id=sender.id,
    )
