"""No rule admits to the time that was chosen: why not, what can be done about it, and where to go instead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from flask import render_template

from app.accounts.models import Patient
from app.cases.models import Case
from app.consultations import eligibility_words, service
from app.consultations.eligibility import Admission
from app.consultations.eligibility_admit import admit_to, is_admitted_to
from app.infra import moments
from app.patient.access import me, settings
from app.patient.eligibility_spots import at_time


@dataclass(frozen=True)
class Asked:
    """What somebody would book: for one of these people, at this time of a doctor, about a case or none."""

    people: list[Patient]
    doctor_id: int
    starts_at: datetime
    case: Case | None

    @property
    def case_id(self) -> int | None:
        """The case by its number."""
        return self.case.id if self.case is not None else None

    @property
    def key(self) -> str:
        """What a button says of the time."""
        return f"{self.doctor_id}.{moments.stamp(self.starts_at)}"

    def is_open_to(self, patient: Patient) -> bool:
        """True if a rule admits this person."""
        return is_admitted_to(patient, self.doctor_id, self.case_id, self.starts_at)


def refusal(asked: Asked) -> str | None:
    """Return the page that refuses, if the only person who could be meant is admitted by no rule at this time."""
    if len(asked.people) != 1:
        return None
    try:
        admit_to(asked.people[0], asked.doctor_id, asked.case_id, asked.starts_at)
    except service.NotEligible as no:
        return refused(asked, asked.people[0], no.admission)
    return None


def refused(asked: Asked, patient: Patient, admission: Admission) -> str:
    """Refuse somebody the time, and give it back if they hold it.

    It stays held while it can still be had: about a spot of theirs that was answered, or for somebody else of the
    people who could be meant. The page then leads there.
    """
    spots = at_time(patient, asked.doctor_id, asked.starts_at) if asked.case is None else []
    others = [one for one in asked.people if one is not patient and asked.is_open_to(one)]
    if not spots and not others:
        service.let_go_of(me().id, asked.doctor_id, asked.starts_at)
    return page(
        patient,
        admission,
        asked.case,
        asked=asked,
        spots=spots,
        others=others,
        at=moments.stamp(asked.starts_at),
    )


def page(patient: Patient, admission: Admission, case: Case | None, **more: object) -> str:
    """Say why not, rule by rule, and where to go instead."""
    return render_template(
        "patient/eligibility_refused.html",
        patient=patient,
        case=case,
        admission=admission,
        elsewhere=elsewhere(patient),
        day=moments.day(admission.on),
        words=eligibility_words,
        **more,
    )


def elsewhere(patient: Patient) -> dict[str, str]:
    """What is told to who cannot be helped here: where they live, and the telephone of this house."""
    return {"area": patient.area or "", "telephone": settings().contact}
