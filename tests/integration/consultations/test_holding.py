"""A time is held while its person agrees; it frees itself, and can be moved once it is booked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.accounts.models import User
from app.consultations import service
from app.consultations.models import Booking, BookingState, Hold
from app.consultations.times import FreeTime
from app.infra.events import Event
from tests.factories.accounts import create_operator
from tests.factories.cases import create_reader, create_sender
from tests.factories.consultations import create_booking, create_pattern
from tests.harness.clock import FrozenClock


@pytest.fixture
def doctor(db: Any) -> User:
    made = create_reader()
    create_pattern(made)
    return made


def book(sender: User, slot: FreeTime, **given: Any) -> Booking:
    values: dict[str, Any] = {"patient_id": sender.patient.id, "doctor_id": slot.doctor_id}
    values |= {"starts_at": slot.starts_at, "price_won": slot.price_won, "booked_by_id": sender.id}
    return service.book(**(values | given))


def test_what_one_holds_nobody_else_gets_until_it_runs_out(doctor: User, clock: FrozenClock) -> None:
    one, other = create_sender(), create_sender()
    slot, second = service.free_times(doctor.id)[:2]
    held = service.hold(doctor.id, slot.starts_at, one.id)
    assert held.expires_at == clock.now + timedelta(minutes=10)
    assert service.free_times(doctor.id)[0] == second
    for attempt in (
        lambda: book(other, slot),
        lambda: service.hold(doctor.id, slot.starts_at, other.id),
        lambda: service.offer(doctor.id, slot.starts_at, other.id),
    ):
        with pytest.raises(service.TimeTaken):
            attempt()
    assert service.offer(doctor.id, slot.starts_at, one.id) == slot
    clock.advance(minutes=10)
    assert service.free_times(doctor.id)[0] == slot, "nobody had to free it"
    assert book(other, slot).patient_id == other.patient.id
    with pytest.raises(service.TimeTaken):
        book(one, slot)


def test_going_to_another_time_and_back_keeps_none_longer(doctor: User, db: Any, clock: FrozenClock) -> None:
    one, begun = create_sender(), clock.now
    first, second = service.free_times(doctor.id)[:2]
    for slot in (first, second, first, second, first):
        held = service.hold(doctor.id, slot.starts_at, one.id)
        assert held.expires_at == begun + timedelta(minutes=10)
        clock.advance(minutes=2)
    assert service.free_times(doctor.id)[:2] == [first, second], "after ten minutes others may have both"


def test_of_what_is_held_only_the_time_named_is_given_back(doctor: User, db: Any) -> None:
    one = create_sender()
    first, second = service.free_times(doctor.id)[:2]
    service.hold(doctor.id, first.starts_at, one.id)
    service.let_go_of(one.id, doctor.id, second.starts_at)
    assert service.hold_of(one.id) is not None
    service.let_go_of(one.id, doctor.id, first.starts_at)
    assert service.hold_of(one.id) is None


def test_a_hold_that_ran_out_is_still_booked_if_nobody_came(
    doctor: User, db: Any, clock: FrozenClock
) -> None:
    one, slot = create_sender(), service.free_times(doctor.id)[0]
    service.hold(doctor.id, slot.starts_at, one.id)
    clock.advance(minutes=11)
    assert book(one, slot).state == BookingState.BOOKED
    assert db.session.scalar(select(func.count()).select_from(Hold)) == 0


def test_holding_again_neither_lasts_longer_nor_holds_two(doctor: User, db: Any, clock: FrozenClock) -> None:
    one = create_sender()
    first, second = service.free_times(doctor.id)[:2]
    ends = service.hold(doctor.id, first.starts_at, one.id).expires_at
    clock.advance(minutes=5)
    assert service.hold(doctor.id, first.starts_at, one.id).expires_at == ends
    service.hold(doctor.id, second.starts_at, one.id)
    assert db.session.scalar(select(func.count()).select_from(Hold)) == 1
    assert service.free_times(doctor.id)[0] == first
    service.let_go(one.id)
    assert service.free_times(doctor.id)[:2] == [first, second]


def test_the_lead_time_does_not_run_away_from_who_holds(doctor: User, clock: FrozenClock) -> None:
    one, other = create_sender(), create_sender()
    slot = service.free_times(doctor.id)[0]
    clock.set(slot.starts_at - timedelta(minutes=31))
    service.hold(doctor.id, slot.starts_at, one.id)
    clock.advance(minutes=5)
    with pytest.raises(service.TimeUnavailable):
        book(other, slot)
    assert book(one, slot).starts_at == slot.starts_at


def test_a_time_for_two_has_two_places_and_a_hold_counts(db: Any) -> None:
    doctor = create_reader()
    create_pattern(doctor, capacity=2)
    one, two, three = (create_sender() for _ in range(3))
    slot = service.free_times(doctor.id)[0]
    assert book(one, slot).place == 1
    service.hold(doctor.id, slot.starts_at, two.id)
    with pytest.raises(service.TimeTaken):
        book(three, slot)
    second = book(two, slot)
    assert second.place == 2
    service.cancel(second.id, two.id)
    assert book(three, slot).place == 2


def test_a_booking_moves_and_stays_itself(doctor: User, db: Any) -> None:
    sender = create_sender()
    booking = create_booking(sender, doctor)
    name, left = booking.public_id, booking.starts_at
    free = service.free_times(doctor.id)
    moved = service.move(booking.id, free[2].starts_at, 0, sender.id)
    assert (moved.public_id, moved.starts_at, moved.ends_at) == (name, free[2].starts_at, free[2].ends_at)
    assert service.free_times(doctor.id)[0].starts_at == left
    assert service.move(booking.id, free[2].starts_at, 0, sender.id).moves == 1, "sent twice, moved once"
    told = db.session.scalars(select(Event).where(Event.kind == "booking.moved")).one()
    assert told.topic == booking.topic
    assert told.payload == {"booking_id": booking.id, "from": left.isoformat(), "by": "patient"}


def test_moving_has_its_limits(doctor: User, clock: FrozenClock) -> None:
    sender, other = create_sender(), create_sender()
    booking, theirs = create_booking(sender, doctor), create_booking(other, doctor)
    with pytest.raises(service.TimeTaken):
        service.move(booking.id, theirs.starts_at, 0, sender.id)
    with pytest.raises(service.PriceChanged):
        service.move(booking.id, service.free_times(doctor.id)[0].starts_at, 500, sender.id)
    for _ in range(3):
        service.move(booking.id, service.free_times(doctor.id)[0].starts_at, 0, sender.id)
    with pytest.raises(service.CannotMove, match="often"):
        service.move(booking.id, service.free_times(doctor.id)[0].starts_at, 0, sender.id)
    clock.set(theirs.starts_at - timedelta(minutes=59))
    with pytest.raises(service.CannotMove, match="late"):
        service.move(theirs.id, service.free_times(doctor.id)[-1].starts_at, 0, other.id)
    clock.set(theirs.starts_at)
    with pytest.raises(service.CannotMove, match="over"):
        service.move(theirs.id, service.free_times(doctor.id)[-1].starts_at, 0, other.id)


def test_patients_cancel_until_shortly_before_and_others_until_the_start(
    doctor: User, db: Any, clock: FrozenClock
) -> None:
    sender, operator = create_sender(), create_operator()
    first, second = create_booking(sender, doctor), create_booking(create_sender(), doctor)
    third = create_booking(create_sender(), doctor)
    clock.set(first.starts_at - timedelta(minutes=9))
    with pytest.raises(service.TooLateToCancel):
        service.cancel(first.id, sender.id)
    service.cancel(first.id, doctor.id, "학회에 갑니다.")
    service.cancel(second.id, operator.id)
    service.cancel(third.id, third.booked_by_id)
    told = db.session.scalars(select(Event).where(Event.kind == "booking.cancelled").order_by(Event.id))
    assert [event.payload["by"] for event in told] == ["doctor", "operator", "patient"]
    assert first.cancel_reason == "학회에 갑니다."


def test_who_missed_two_books_by_telephone_until_the_doctor_takes_one_back(
    doctor: User, db: Any, clock: FrozenClock
) -> None:
    sender = create_sender()
    first, second = create_booking(sender, doctor), create_booking(sender, doctor)
    with pytest.raises(service.CannotMark):
        service.mark_missed(first.id)
    clock.set(second.starts_at)
    service.mark_missed(first.id)
    slot = service.free_times(doctor.id, days=14)[-1]
    assert service.telephone_until(sender.patient.id) is None
    service.mark_missed(second.id)
    with pytest.raises(service.NeedsTelephone) as refused:
        book(sender, slot)
    assert refused.value.until == first.starts_at + timedelta(days=90)
    by_telephone = book(sender, slot, channel="telephone", booked_by_id=sender.id)
    assert by_telephone.channel == "telephone"
    service.unmark_missed(second.id)
    assert service.telephone_until(sender.patient.id) is None
    kinds = db.session.scalars(select(Event.kind).where(Event.topic == second.topic).order_by(Event.id)).all()
    assert kinds == ["booking.made", "booking.missed", "booking.missed_taken_back"]
    service.mark_missed(second.id)
    clock.set(first.starts_at + timedelta(days=90))
    assert service.telephone_until(sender.patient.id) is None, "it is forgotten after a while"
    with pytest.raises(service.CannotMark):
        service.unmark_missed(second.id)
