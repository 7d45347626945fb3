"""Many people want the same time at the same moment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from app.consultations import service
from app.consultations.models import Booking, BookingState
from app.consultations.times import FreeTime
from app.extensions import db as database
from tests.factories.cases import create_reader, create_sender
from tests.factories.consultations import create_bookers, create_booking, create_pattern

PEOPLE = 200


def test_two_hundred_at_once_make_one_booking_and_the_rest_see_the_next_times(app: Flask, db: Any) -> None:
    doctor = create_reader()
    create_pattern(doctor)
    wanted = service.free_times(doctor.id, days=28)[0]
    people, together = create_bookers(PEOPLE), threading.Barrier(PEOPLE)
    db.session.rollback()

    def attempt(who: tuple[int, int]) -> tuple[str, int]:
        together.wait(60)
        with app.app_context():
            try:
                booking = service.book(
                    patient_id=who[1],
                    doctor_id=wanted.doctor_id,
                    starts_at=wanted.starts_at,
                    price_won=wanted.price_won,
                    booked_by_id=who[0],
                )
            except service.TimeTaken as taken:
                others = [slot for slot in taken.instead if slot != wanted]
                return "instead", len(others)
            return "booked", booking.id

    with ThreadPoolExecutor(PEOPLE) as pool:
        results = list(pool.map(attempt, people))
    assert [kind for kind, _ in results].count("booked") == 1
    assert [result for result in results if result[0] == "instead"] == [("instead", 6)] * (PEOPLE - 1)
    standing = select(func.count()).where(Booking.state == BookingState.BOOKED)
    assert database.session.scalar(standing) == 1


def test_one_person_pressing_twenty_times_books_once(app: Flask, db: Any) -> None:
    doctor, sender = create_reader(), create_sender()
    create_pattern(doctor)
    wanted = service.free_times(doctor.id, days=28)[0]
    patient_id, user_id = sender.patient.id, sender.id
    together = threading.Barrier(20)
    db.session.rollback()

    def press(_number: int) -> int:
        together.wait(60)
        with app.app_context():
            return service.book(
                patient_id=patient_id,
                doctor_id=wanted.doctor_id,
                starts_at=wanted.starts_at,
                price_won=0,
                booked_by_id=user_id,
            ).id

    with ThreadPoolExecutor(20) as pool:
        assert len(set(pool.map(press, range(20)))) == 1


def test_a_time_for_two_is_had_by_two_of_many(app: Flask, db: Any) -> None:
    doctor = create_reader()
    create_pattern(doctor, capacity=2)
    wanted = service.free_times(doctor.id, days=28)[0]
    people = create_bookers(30)
    db.session.rollback()
    outcomes = at_once(app, [lambda who=who: _booked(who, wanted) for who in people])
    assert sorted(outcomes) == ["booked"] * 2 + ["taken"] * 28
    standing = select(Booking.place).where(Booking.state == BookingState.BOOKED).order_by(Booking.place)
    assert database.session.scalars(standing).all() == [1, 2]


def test_one_of_many_holds_a_time_and_only_they_book_it(app: Flask, db: Any) -> None:
    doctor = create_reader()
    create_pattern(doctor)
    wanted = service.free_times(doctor.id, days=28)[0]
    people = create_bookers(30)
    db.session.rollback()

    def hold(who: tuple[int, int]) -> str:
        try:
            service.hold(wanted.doctor_id, wanted.starts_at, who[0])
        except service.TimeTaken:
            return "taken"
        return "held"

    outcomes = at_once(app, [lambda who=who: hold(who) for who in people])
    assert outcomes.count("held") == 1
    holder = people[outcomes.index("held")]
    tried = at_once(app, [lambda who=who: _booked(who, wanted) for who in people])
    assert tried.count("booked") == 1
    assert people[tried.index("booked")] == holder


def test_two_who_move_to_one_time_one_gets_it_and_the_other_keeps_the_old(app: Flask, db: Any) -> None:
    doctor = create_reader()
    create_pattern(doctor)
    senders = [create_sender(), create_sender()]
    bookings = [create_booking(sender, doctor) for sender in senders]
    was = {booking.id: booking.starts_at for booking in bookings}
    wanted = service.free_times(doctor.id, days=28)[0]
    moves = [(booking.id, booking.booked_by_id) for booking in bookings]
    db.session.rollback()

    def move(booking_id: int, by_id: int) -> str:
        try:
            service.move(booking_id, wanted.starts_at, 0, by_id)
        except service.TimeTaken:
            return "stays"
        return "moved"

    outcomes = at_once(app, [lambda ids=ids: move(*ids) for ids in moves])
    assert sorted(outcomes) == ["moved", "stays"]
    database.session.rollback()
    for (booking_id, _by), outcome in zip(moves, outcomes, strict=True):
        found = database.session.get(Booking, booking_id, populate_existing=True)
        assert found is not None
        assert found.state == BookingState.BOOKED
        assert found.starts_at == (wanted.starts_at if outcome == "moved" else was[booking_id])


def at_once(app: Flask, what: Sequence[Callable[[], str]]) -> list[str]:
    """Do all of it in the same moment, each in a thread and a session of its own."""
    together = threading.Barrier(len(what))

    def run(one: Callable[[], str]) -> str:
        together.wait(60)
        with app.app_context():
            return one()

    with ThreadPoolExecutor(len(what)) as pool:
        return list(pool.map(run, what))


def _booked(who: tuple[int, int], wanted: FreeTime) -> str:
    try:
        service.book(
            patient_id=who[1],
            doctor_id=wanted.doctor_id,
            starts_at=wanted.starts_at,
            price_won=wanted.price_won,
            booked_by_id=who[0],
        )
    except service.TimeTaken:
        return "taken"
    return "booked"
