"""Which bookings a person may see."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Select, false, select

from app.accounts.models import User
from app.consultations.models import Booking
from app.permissions import ROLE_PERMISSIONS, Permission


def visible_to_doctor(user: User) -> Select[tuple[Booking]]:
    """The bookings made with this doctor."""
    if Permission.BOOKING_READ_OWN not in ROLE_PERMISSIONS[user.role]:
        return select(Booking).where(false())
    return select(Booking).where(Booking.doctor_id == user.id)


def visible_to_patient(user: User, patient_ids: Collection[int]) -> Select[tuple[Booking]]:
    """The bookings of the patients this person is or acts for (`patient_ids`)."""
    if Permission.BOOKING_MAKE not in ROLE_PERMISSIONS[user.role]:
        return select(Booking).where(false())
    return select(Booking).where(Booking.patient_id.in_(list(patient_ids)))
