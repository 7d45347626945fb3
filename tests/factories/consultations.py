"""Doctors' times and the bookings in them, made through the services."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from typing import Any

from app.accounts import service as accounts
from app.accounts.models import Consent, Patient, User
from app.consultations import availability, exceptions, service, times
from app.consultations.models import Availability, Booking, ExtraTime, TimeOff
from app.extensions import db
from app.infra import clock
from app.infra.database import random_id, transaction
from app.permissions import Role

_numbers = itertools.count(1)


def create_pattern(doctor: User, **given: Any) -> Availability:
    """Offer Mondays from 14:00 to 16:00 in Korea, 15 minutes each, free of charge."""
    values = {"weekday": 0, "start_minute": 840, "end_minute": 960, "slot_minutes": 15, "price_won": 0}
    return availability.add_pattern(doctor.id, **(values | given))


def create_time_off(doctor: User, days: int = 7) -> TimeOff:
    """Close the whole day that is so many days from now."""
    day = clock.today_in_korea().date() + timedelta(days=days)
    return exceptions.add_time_off(doctor.id, times.moment(day, 0), times.moment(day, 1440))[0]


def create_extra_time(doctor: User, **given: Any) -> ExtraTime:
    """Open an evening hour of the day in eight days, 20 minutes each, free of charge."""
    values = {"day": clock.today_in_korea().date() + timedelta(days=8), "start_minute": 1080}
    values |= {"end_minute": 1140, "slot_minutes": 20, "price_won": 0}
    return exceptions.add_extra_time(doctor.id, **(values | given))


def create_bookers(count: int) -> list[tuple[int, int]]:
    """Return (user id, patient id) of people who may book, many at once."""
    with transaction() as session:
        made = []
        for _ in range(count):
            number, moment = next(_numbers), clock.now()
            user = User(fs_uniquifier=f"booker-{number}", role=Role.PATIENT, name=f"박환자{number}")
            user.mobile, user.created_at = f"+82108{number:07d}", moment
            patient = Patient(public_id=random_id(), name=user.name, user=user, created_at=moment)
            session.add_all([user, patient])
            made.append((user, patient))
        session.flush()
        for user, patient in made:
            for kind in service.NEEDED:
                version = accounts.texts()[kind].version
                consent = Consent(user_id=user.id, patient_id=patient.id, version=version, given_at=moment)
                consent.kind = kind
                session.add(consent)
    return [(user.id, patient.id) for user, patient in made]


def create_booking(user: User, doctor: User, starts_at: datetime | None = None, **given: Any) -> Booking:
    """Book a doctor's next free time (or the one at `starts_at`) for the patient that `user` is."""
    found = service.free_times(doctor.id, days=28)
    slot = next(s for s in found if starts_at is None or s.starts_at == starts_at)
    patient = given.pop("patient", None) or user.patient
    values = {"patient_id": patient.id, "doctor_id": doctor.id, "starts_at": slot.starts_at}
    values |= {"price_won": slot.price_won, "booked_by_id": user.id}
    return service.book(**(values | given))


def in_minutes(minutes: float) -> datetime:
    """A moment from now."""
    return clock.now() + timedelta(minutes=minutes)


def count_bookings() -> int:
    """How many bookings there are, of whatever state."""
    return db.session.query(Booking).count()
