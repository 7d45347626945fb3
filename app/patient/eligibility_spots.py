"""The spots of somebody that a doctor has answered about: a consultation about one of them may be a revisit."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from app.accounts.models import Patient
from app.cases import body_sites, history, policy
from app.cases.models import Case
from app.consultations.eligibility_admit import Judge, is_admitted_to, korean_day, served_by
from app.consultations.free import BookableDoctor
from app.infra import moments
from app.patient.access import me


@dataclass(frozen=True)
class Spot:
    """One spot, by the newest case that was answered: enough to know which is meant, and nothing of the answer."""

    case: Case

    @property
    def place(self) -> str:
        """Where on the body it is."""
        site = body_sites.find(self.case.lesion.body_site if self.case.lesion else None)
        return site.name if site is not None else ""

    @property
    def day(self) -> str:
        """When it was answered."""
        return moments.date_of(korean_day(self.case.signed_at).isoformat()) if self.case.signed_at else ""

    @property
    def doctor(self) -> str:
        """Who answered."""
        return self.case.doctor.name if self.case.doctor is not None else ""

    @property
    def is_for_clinic(self) -> bool:
        """True if a doctor has to see it in person, for who may know."""
        return policy.can_read_finding(me(), self.case) and history.is_sent_to_clinic(self.case)


def spots_of(patient: Patient) -> list[Spot]:
    """Return the spots of a patient that whoever is at the door may book a consultation about, the latest first."""
    return [Spot(case) for case in history.answered_spots(patient.id) if policy.can_book(me(), case)]


def with_a_doctor(patient: Patient, doctors: Collection[BookableDoctor]) -> list[Spot]:
    """Return those of `spots_of` that a rule lets at least one of these doctors talk about."""

    def has_one(spot: Spot) -> bool:
        return any(one.is_admitted for one in served_by(Judge(patient, spot.case.id), doctors))

    return [spot for spot in spots_of(patient) if not spot.is_for_clinic and has_one(spot)]


def at_time(patient: Patient, doctor_id: int, starts_at: datetime) -> list[Spot]:
    """Return those of `spots_of` that a rule lets this doctor talk about at this time."""
    return [
        spot
        for spot in spots_of(patient)
        if not spot.is_for_clinic and is_admitted_to(patient, doctor_id, spot.case.id, starts_at)
    ]
