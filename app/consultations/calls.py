"""What an operator may see and do of somebody's consultations while that person is on the telephone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Select, select

from app.accounts.models import DoctorProfile, Patient, User
from app.consultations.eligibility import Admission, NotEligible
from app.consultations.eligibility_admit import Answered, Judge, answered_for, korean_day
from app.consultations.free import BookableDoctor, bookable_doctors, free_times
from app.consultations.models import Booking
from app.consultations.rules import rules
from app.consultations.times import FreeTime
from app.extensions import db

OFFERED = 6
"""How many times are read aloud at once: more would be forgotten."""


@dataclass(frozen=True)
class Revisit:
    """What makes a time a revisit: the case, and of it no more than who answered it on which day (in Korea)."""

    case_id: int
    doctor: str
    day: date


@dataclass(frozen=True)
class Admitted:
    """By which rule a time could be booked (None: by none), and the revisit where it takes one."""

    admission: Admission
    revisit: Revisit | None = None

    @property
    def case_id(self) -> int | None:
        """What the booking would be about."""
        return self.revisit.case_id if self.revisit is not None else None


@dataclass(frozen=True)
class Offer:
    """One of the next free times, and by which rule it could be booked."""

    time: FreeTime
    doctor: BookableDoctor
    admitted: Admitted

    @property
    def admission(self) -> Admission:
        """By which rule, or why by none."""
        return self.admitted.admission


class Caller:
    """What the rules say to who is on the telephone: first about no spot in particular, then about each answered."""

    def __init__(self, patient: Patient) -> None:
        self._judge = Judge(patient, None)
        self._revisits = [(_revisit(one), Judge(patient, one.case_id)) for one in answered_for(patient)]

    def admitted(self, profile: DoctorProfile | None, starts_at: datetime) -> Admitted:
        """Return the first admission there is; without any, the refusal of a consultation about no spot."""
        plain = self._judge.admission(profile, starts_at)
        if plain.rule is not None:
            return Admitted(plain)
        for revisit, judge in self._revisits:
            found = judge.admission(profile, starts_at)
            if found.rule is not None:
                return Admitted(found, revisit)
        return Admitted(plain)

    def admits(self, profile: DoctorProfile | None, starts_at: datetime) -> bool:
        """True if a rule admits, be it as a revisit."""
        return self.admitted(profile, starts_at).admission.rule is not None


def _revisit(answered: Answered) -> Revisit:
    doctor = db.session.get(User, answered.doctor_id)
    return Revisit(answered.case_id, doctor.name if doctor is not None else "", korean_day(answered.at))


def admit_caller(patient: Patient, doctor_id: int, starts_at: datetime) -> Admitted:
    """Return by which rule the caller may have this time, and about what; raise `NotEligible`."""
    found = Caller(patient).admitted(db.session.get(DoctorProfile, doctor_id), starts_at)
    if found.admission.rule is None:
        raise NotEligible(found.admission)
    return found


def offers_for(patient: Patient, limit: int = OFFERED) -> list[Offer]:
    """Return the next free times that a rule admits this caller to, the soonest first; as a revisit where it takes one."""
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
    caller = Caller(patient)
    decided: dict[tuple[int, date], Admitted] = {}
    found = []
    for time in free_times(list(doctors), days=rules().horizon_days):
        key = (time.doctor_id, time.day)
        if key not in decided:
            decided[key] = caller.admitted(doctors[time.doctor_id].profile, time.starts_at)
        found.append(Offer(time, doctors[time.doctor_id], decided[key]))
    return found


def bookings_of(patient: Patient) -> Select[Booking]:
    """Select the bookings of one caller, whom the operator has found by their number."""
    of_nobody_erased = Booking.patient.has(Patient.erased_at.is_(None))
    return select(Booking).where(Booking.patient_id == patient.id, of_nobody_erased)
