"""What an operator may see and do of somebody's consultations while that person is on the telephone."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Select, select

from app.accounts.models import Patient
from app.consultations.eligibility import Admission
from app.consultations.eligibility_admit import admission
from app.consultations.free import BookableDoctor, bookable_doctors, next_free_times
from app.consultations.models import Booking
from app.consultations.times import FreeTime

OFFERED = 6
"""How many times are read aloud at once: more would be forgotten."""


@dataclass(frozen=True)
class Offer:
    """One of the next free times, and by which rule it could be booked."""

    time: FreeTime
    doctor: BookableDoctor
    admission: Admission


def offers_for(patient: Patient, limit: int = OFFERED) -> list[Offer]:
    """Return the next free times that a rule admits this caller to, without a case: the soonest first."""
    return [offer for offer in _all_offers(patient) if offer.admission.rule is not None][:limit]


def refusals_for(patient: Patient) -> list[Offer]:
    """Return for each doctor whom the caller may not talk to remotely the next time, and why not."""
    seen: dict[int, Offer] = {}
    for offer in _all_offers(patient):
        if offer.admission.rule is None:
            seen.setdefault(offer.time.doctor_id, offer)
    return list(seen.values())


def _all_offers(patient: Patient) -> list[Offer]:
    doctors = {doctor.user.id: doctor for doctor in bookable_doctors()}
    decided: dict[tuple[int, object], Admission] = {}
    found = []
    for time in next_free_times(limit=OFFERED * 20):
        key = (time.doctor_id, time.day)
        if key not in decided:
            decided[key] = admission(patient, doctors[time.doctor_id].profile, None, time.starts_at)
        found.append(Offer(time, doctors[time.doctor_id], decided[key]))
    return found


def bookings_of(patient: Patient) -> Select[Booking]:
    """Select the bookings of one caller, whom the operator has found by their number."""
    of_nobody_erased = Booking.patient.has(Patient.erased_at.is_(None))
    return select(Booking).where(Booking.patient_id == patient.id, of_nobody_erased)
