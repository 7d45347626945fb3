"""Many people want the same time at the same moment."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask import Flask
from sqlalchemy import func, select

from app.consultations import service
from app.consultations.models import Booking, BookingState
from app.extensions import db as database
from tests.factories.cases import create_reader, create_sender
from tests.factories.consultations import create_bookers, create_pattern

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
