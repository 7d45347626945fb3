"""Which bookings a person may see, and so cancel."""

from __future__ import annotations

from sqlalchemy import Select, false, select

from app.accounts.models import Patient, User
from app.accounts.policy import begun_in_care, patient_ids
from app.consultations.models import Booking
from app.permissions import Permission
from app.policy import holds


def visible_bookings(user: User) -> Select[Booking]:
    """Select a doctor's own bookings, or those of the patients whom `user` is or acts for.

    Of a child who has turned 14 a guardian sees, and may cancel, what was booked before (`begun_in_care`).
    """
    if holds(user, Permission.BOOKING_READ_OWN):
        of_nobody_erased = Booking.patient.has(Patient.erased_at.is_(None))
        return select(Booking).where(Booking.doctor_id == user.id, of_nobody_erased)
    if holds(user, Permission.BOOKING_MAKE):
        in_care = begun_in_care(user, Booking.patient_id, Booking.created_at)
        return select(Booking).where(Booking.patient_id.in_(patient_ids(user)), in_care)
    return select(Booking).where(false())
